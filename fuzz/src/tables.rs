//! Names and keywords that go to casacore's shim and come back.

use std::cell::OnceCell;

use casacore::{Access, ColumnSpec, DataType, Endian, LockMode, Record, Table, Value};

use super::files;

thread_local! {
    static TABLE: OnceCell<Table> = const { OnceCell::new() };
}

/// Takes values off the front of the input.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().map_or((0, self.0), |(first, rest)| (*first, rest));
        self.0 = rest;
        first
    }

    fn text(&mut self) -> String {
        let length = usize::from(self.byte()).min(self.0.len());
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        String::from_utf8_lossy(text).into_owned()
    }

    fn value(&mut self, depth: u8) -> Value {
        match self.byte() % 12 {
            0 => Value::Bool(self.byte() & 1 == 1),
            1 => Value::Int(i32::from(self.byte()) << 24),
            2 => Value::Int64(i64::from(self.byte()) << 56),
            3 => Value::Double(f64::from_bits(u64::from(self.byte()) << 52)),
            4 => Value::Float(f32::from_bits(u32::from(self.byte()) << 23)),
            5 => Value::String(self.text()),
            6 => Value::strings((0..self.byte() % 5).map(|_| self.text()).collect::<Vec<_>>()),
            7 => Value::ints((0..self.byte()).map(i32::from)),
            8 => Value::doubles((0..self.byte()).map(f64::from)),
            9 => Value::Table(self.text().into()),
            10 if depth < 8 => {
                Value::Record((0..self.byte() % 4).map(|_| (self.text(), self.value(depth + 1))).collect())
            }
            _ => Value::UChar(self.byte()),
        }
    }
}

/// A keyword of any name and value is refused or comes back as it was set, on the table and on a column; so does a
/// question for a column of any name.
pub fn keywords(data: &[u8]) {
    TABLE.with(|table| {
        let table = table.get_or_init(|| {
            let columns = [ColumnSpec::scalar("X", DataType::Double)];
            Table::create(&files::path("table"), &columns, 2, Endian::Little, "").expect("a table")
        });
        let mut input = Input(data);
        let (name, value) = (input.text(), input.value(0));
        assert!(table.has_lock(LockMode::Write).is_ok());
        if table.set_keyword(&name, &value).is_ok() {
            let found = table.keywords().expect("keywords");
            let same = |found: &Value| format!("{found:?}") == format!("{value:?}");
            if !matches!(value, Value::Table(_) | Value::Record(_)) {
                let found = found.get(&name);
                assert!(found.is_some_and(same), "'{name}' was set to {value:?} and is {found:?}");
            }
            table.remove_keyword(&name).expect("a keyword that is there");
        }
        if table.set_column_keyword("X", &name, &value).is_ok() {
            table.remove_column_keyword("X", &name).expect("a keyword that is there");
        }
        let column = input.text();
        let _ = (table.has_column(&column), table.column(&column), table.column_keywords(&column));
        let _ = table.cell_shape(&column, 0);
        let _ = table.set_column_keyword(&column, "A", &Value::Int(1));
        if column != "X" {
            let _ = table.data_manager_of(&column);
        }
        let _ = Record::new().with(column, value);
        // A path from the input is asked for, never made.
        let _ = Table::open(&files::path(&input.text().replace('/', "_")), Access::ReadOnly);
    });
}

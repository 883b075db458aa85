//! Keywords: every kind of value, both ways, in tables and in columns.

mod common;

use casacore::{Access, Error, Record, Table, Value};
use common::{place, small};
use ndarray::{Array, ArrayD, IxDyn};
use num_complex::{Complex32, Complex64};

fn array<T>(shape: &[usize], value: impl Fn(usize) -> T) -> ArrayD<T> {
    let mut count = 0;
    Array::from_shape_simple_fn(IxDyn(shape), || {
        count += 1;
        value(count - 1)
    })
}

fn everything() -> Record {
    let inner = Record::new()
        .with("type", "direction")
        .with("Ref", "J2000")
        .with("deeper", Record::new().with("VarRefCol", Value::strings(["a", ""])));
    Record::new()
        .with("bool", true)
        .with("uchar", 200_u8)
        .with("short", -3_i16)
        .with("int", i32::MIN)
        .with("uint", u32::MAX)
        .with("int64", i64::MIN)
        .with("float", 0.1_f32)
        .with("double", 0.1_f64)
        .with("complex", Complex32::new(1.0, -2.0))
        .with("dcomplex", Complex64::new(0.1, -0.2))
        .with("string", "späce \" and\nlines")
        .with("empty", "")
        .with("bools", array(&[2, 3], |i| i % 2 == 0))
        .with("uchars", array(&[3], |i| i as u8))
        .with("shorts", array(&[1, 2], |i| i as i16 - 1))
        .with("ints", array(&[2, 3], |i| i as i32))
        .with("uints", array(&[2], |i| i as u32))
        .with("int64s", array(&[2, 1, 2], |i| i as i64))
        .with("floats", array(&[4], |i| i as f32))
        .with("doubles", array(&[2, 2], |i| i as f64 * 0.1))
        .with("complexes", array(&[2], |i| Complex32::new(i as f32, 1.0)))
        .with("dcomplexes", array(&[2], |i| Complex64::new(1.0, i as f64)))
        .with("strings", array(&[2, 2], |i| format!("s{i}")))
        .with("no ints", array(&[0], |i| i as i32))
        .with("no strings", array(&[0], |i| i.to_string()))
        .with("MEASINFO", inner)
        .with("no fields", Record::new())
}

#[test]
fn every_kind_of_value() {
    let (_folder, path) = place();
    let table = small(&path, 1);
    for (name, value) in everything().iter() {
        table.set_keyword(name, value).expect(name);
        table.set_column_keyword("DATA", name, value).expect(name);
    }
    table.close().expect("closed");
    let table = Table::open(&path, Access::ReadOnly).expect("the table");
    assert_eq!(table.keywords().expect("keywords"), everything());
    assert_eq!(table.column_keywords("DATA").expect("keywords"), everything());
    assert!(table.column_keywords("TIME").expect("keywords").is_empty());
}

#[test]
fn keywords_can_change_type_and_go() {
    let (_folder, path) = place();
    let table = small(&path, 1);
    table.set_keyword("A", &1_i32.into()).expect("set");
    table.set_keyword("B", &2_i32.into()).expect("set");
    table.set_keyword("A", &"text".into()).expect("another type");
    assert_eq!(table.keywords().expect("keywords").get("A"), Some(&"text".into()));
    table.remove_keyword("A").expect("removed");
    assert!(!table.keywords().expect("keywords").contains("A"));
    assert!(matches!(table.remove_keyword("A"), Err(Error::NoSuchKeyword { .. })));
    table.set_column_keyword("TIME", "UNIT", &"s".into()).expect("set");
    table.remove_column_keyword("TIME", "UNIT").expect("removed");
    assert!(table.column_keywords("TIME").expect("keywords").is_empty());
    assert!(matches!(table.remove_column_keyword("TIME", "UNIT"), Err(Error::NoSuchKeyword { .. })));
    assert!(matches!(table.set_column_keyword("NONE", "A", &1_i32.into()), Err(Error::NoSuchColumn { .. })));
    assert_eq!(table.keywords().expect("keywords").len(), 1);
}

#[test]
fn subtables_are_paths() {
    let (_folder, path) = place();
    let table = small(&path, 1);
    small(&path.join("ANTENNA"), 3).close().expect("a subtable");
    table.set_keyword("ANTENNA", &Value::Table("ANTENNA".into())).expect("relative to the table");
    table.close().expect("closed");
    let check = |path: &std::path::Path| {
        let table = Table::open(path, Access::ReadOnly).expect("the table");
        let keywords = table.keywords().expect("keywords");
        let sub = keywords.get("ANTENNA").and_then(Value::as_table).expect("a table").to_owned();
        assert_eq!(sub, path.canonicalize().expect("the table").join("ANTENNA"));
        sub
    };
    assert_eq!(Table::open(&check(&path), Access::ReadOnly).expect("the subtable").row_count(), 3);
    // It moves with its table, and its name can be read when it is gone.
    let moved = path.with_file_name("moved.tab");
    std::fs::rename(&path, &moved).expect("moved");
    std::fs::remove_dir_all(check(&moved)).expect("removed");
    let gone = check(&moved);
    assert!(matches!(Table::open(&gone, Access::ReadOnly), Err(Error::NotATable { .. })));
    let table = Table::open(&moved, Access::ReadWrite).expect("the table");
    assert!(table.lock(casacore::LockMode::Write, std::time::Duration::ZERO).expect("a lock"));
    assert!(table.set_keyword("B", &Value::Table("ANTENNA".into())).is_err());
}

#[test]
fn values_convert() {
    assert_eq!(Value::ints([1, 2]).to_f64s(), Some(vec![1.0, 2.0]));
    assert_eq!(Value::Float(0.5).to_f64s(), Some(vec![0.5]));
    assert_eq!(Value::Short(-1).as_i64(), Some(-1));
    assert_eq!(Value::Double(1.0).as_i64(), None);
    assert_eq!(Value::from("x").to_strings(), Some(vec!["x".to_owned()]));
    let mut record = Record::new().with("a", 1_i32).with("b", 2_i32).with("a", 3_i32);
    assert_eq!(record.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(record.remove("a"), Some(Value::Int(3)));
    assert_eq!((record.len(), record.get("a")), (1, None));
}

//! Real tables, where `CASACORE_TEST_TABLES` names a folder of them: every keyword, manager and column can be read, and
//! many rows at once are equal to few. Read only.

use std::ops::Range;
use std::path::{Path, PathBuf};

use casacore::{Access, ColumnShape, DataType, Element, Error, Scalar, Table, Value};
use num_complex::{Complex32, Complex64};

/// Reads what fits the column; cells that hold no value are fine.
fn read<T: Scalar + Element>(table: &Table, column: &str, scalar: bool) -> Result<usize, Error> {
    let rows = table.row_count().min(50);
    if scalar {
        return Ok(table.scalars::<T>(column, 0..rows)?.len());
    }
    let mut count = 0;
    for row in 0..rows {
        match table.cell::<T>(column, row) {
            Ok(cell) => count += cell.len(),
            Err(Error::Undefined { .. }) => (),
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

/// All rows of a scalar column at once, and few at a time: the first may come straight from the file.
fn compare<T: Scalar + PartialEq>(table: &Table, column: &str, problems: &mut Vec<String>) {
    let rows = table.row_count();
    let few = (0..rows)
        .step_by(500)
        .flat_map(|row| table.scalars::<T>(column, row..rows.min(row + 500)).expect("casacore reads it"));
    match table.scalars::<T>(column, 0..rows) {
        Ok(all) if all.iter().cloned().eq(few) => (),
        Ok(_) => problems.push(format!("{}: {column} differs when read at once", table.path().display())),
        Err(error) => problems.push(error.to_string()),
    }
}

/// The same of cells of a fixed shape, as bits.
fn compare_cells(table: &Table, column: &str, problems: &mut Vec<String>) {
    let rows = table.row_count();
    let read = |rows: Range<u64>| table.cells::<f64>(column, rows).map(|cells| cells.mapv(f64::to_bits));
    let few =
        (0..rows).step_by(500).flat_map(|row| read(row..rows.min(row + 500)).expect("casacore reads it"));
    match read(0..rows) {
        Ok(all) if all.iter().copied().eq(few) => (),
        Ok(_) => problems.push(format!("{}: {column} differs when read at once", table.path().display())),
        Err(error) => problems.push(error.to_string()),
    }
}

fn check(path: &Path, problems: &mut Vec<String>) -> usize {
    let table = match Table::open(path, Access::ReadOnly) {
        Ok(table) => table,
        Err(error) => {
            problems.push(error.to_string());
            return 0;
        }
    };
    let mut count = 0;
    let mut at_once = Vec::new();
    let mut note = |result: Result<usize, Error>| match result {
        Ok(found) => count += found,
        Err(error) => problems.push(error.to_string()),
    };
    note(table.data_managers().map(|managers| managers.len()));
    for name in table.column_names().expect("names") {
        note(table.column_keywords(&name).map(|keywords| keywords.len()));
        note(table.files_of_column(&name).map(|files| files.len()));
        let column = table.column(&name).expect("a column");
        let scalar = column.shape == ColumnShape::Scalar;
        match (column.data_type, &column.shape) {
            (DataType::Int, ColumnShape::Scalar) => compare::<i32>(&table, &name, &mut at_once),
            (DataType::Double, ColumnShape::Scalar) => compare::<f64>(&table, &name, &mut at_once),
            (DataType::Double, ColumnShape::Fixed(_)) => compare_cells(&table, &name, &mut at_once),
            _ => (),
        }
        note(match column.data_type {
            DataType::Bool => read::<bool>(&table, &name, scalar),
            DataType::UChar | DataType::Short | DataType::UShort | DataType::Int => {
                read::<i32>(&table, &name, scalar)
            }
            DataType::UInt => read::<u32>(&table, &name, scalar),
            DataType::Int64 => read::<i64>(&table, &name, scalar),
            DataType::Float => read::<f32>(&table, &name, scalar),
            DataType::Double => read::<f64>(&table, &name, scalar),
            DataType::Complex => read::<Complex32>(&table, &name, scalar),
            DataType::DComplex => read::<Complex64>(&table, &name, scalar),
            DataType::String => read::<String>(&table, &name, scalar),
            _ => Ok(0),
        });
    }
    problems.extend(at_once);
    let keywords = table.keywords().expect("keywords");
    let subtables: Vec<PathBuf> =
        keywords.iter().filter_map(|(_, value)| Value::as_table(value).map(Path::to_owned)).collect();
    // Some tables were published without all of their subtables.
    let present = subtables.iter().filter(|subtable| subtable.exists());
    count + present.map(|subtable| check(subtable, problems)).sum::<usize>()
}

#[test]
fn everything_can_be_read() {
    let Some(folder) = std::env::var_os("CASACORE_TEST_TABLES") else {
        eprintln!("SKIPPED: CASACORE_TEST_TABLES names no folder of tables");
        return;
    };
    let mut problems = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.join("table.dat").exists() {
            let count = check(&path, &mut problems);
            eprintln!("{}: {count} values", path.display());
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

//! Many rows at once come straight from the files: equal to what casacore reads, in few system calls.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use casacore::{Access, ColumnShape, ColumnSpec, DataType, Endian, Error, LockMode, Storage, Table};
use ndarray::{ArrayD, ArrayView, IxDyn};

use crate::common::place;

/// Rows of the tests of large reads: neither casacore's buckets of 32 rows nor the tiles divide them.
const MANY: u64 = 5_003;

/// What the columns of [`many`] hold in a row.
fn uvw_of(row: u64) -> [f64; 3] {
    [row as f64 * 0.1, -(row as f64), f64::NAN]
}

/// A table whose numbers lie in storage managers of their own, in one for all, in an incremental one and in tiles.
fn many(path: &Path, endian: Endian) -> Table {
    let alone = |name: &str| ColumnSpec { manager: String::new(), ..ColumnSpec::scalar(name, DataType::Int) };
    let three =
        |name: &str, storage| ColumnSpec::array(name, DataType::Double, ColumnShape::Fixed(vec![3]), storage);
    let columns = [
        alone("INT"),
        ColumnSpec::scalar("NAME", DataType::String),
        ColumnSpec::scalar("FLAG", DataType::Bool),
        ColumnSpec::scalar("SHARED", DataType::Int),
        ColumnSpec::scalar("TIME", DataType::Double),
        ColumnSpec::scalar("SHORT", DataType::Short),
        ColumnSpec { storage: Storage::Incremental, ..alone("REPEATED") },
        ColumnSpec { manager: "StandardStMan".to_owned(), ..three("BUCKETS", Storage::Standard) },
        three("TILES", Storage::TiledColumn { tile: vec![37, 3] }),
        three("CUT", Storage::TiledColumn { tile: vec![37, 2] }),
        three("SHAPES", Storage::TiledShape { tile: vec![37, 3] }),
    ];
    let table = Table::create(path, &columns, 0, endian, "").expect("a new table");
    append(&table, MANY);
    table
}

fn append(table: &Table, count: u64) {
    let start = table.row_count();
    table.add_rows(count).expect("rows");
    let rows = start..start + count;
    let ints: Vec<i32> = rows.clone().map(|row| -(row as i32)).collect();
    for column in ["INT", "SHARED"] {
        table.put_scalars(column, start, &ints).expect(column);
    }
    let shorts: Vec<i32> = rows.clone().map(|row| row as i32 % 30_000).collect();
    table.put_scalars("SHORT", start, &shorts).expect("SHORT");
    let repeated: Vec<i32> = rows.clone().map(|row| row as i32 / 100).collect();
    table.put_scalars("REPEATED", start, &repeated).expect("REPEATED");
    let times: Vec<f64> = rows.clone().map(|row| row as f64 * 0.3).collect();
    table.put_scalars("TIME", start, &times).expect("TIME");
    let names: Vec<String> = rows.clone().map(|row| format!("the name of row {row}")).collect();
    table.put_scalars("NAME", start, &names).expect("NAME");
    let uvw: Vec<f64> = rows.flat_map(uvw_of).collect();
    let uvw = ArrayView::from_shape(IxDyn(&[count as usize, 3]), &uvw).expect("three for each row");
    for column in ["BUCKETS", "TILES", "CUT", "SHAPES"] {
        table.put_cells(column, start, uvw.clone()).expect(column);
    }
}

fn bits(values: impl IntoIterator<Item = f64>) -> Vec<u64> {
    values.into_iter().map(f64::to_bits).collect()
}

/// What `rows` of every column of numbers hold, in the order of the table, as bits.
fn numbers(table: &Table, rows: Range<u64>) -> Vec<(&'static str, Vec<u64>)> {
    let mut all = Vec::new();
    for column in ["INT", "SHARED", "SHORT", "REPEATED"] {
        let ints = table.scalars::<i32>(column, rows.clone()).expect(column);
        all.push((column, ints.into_iter().map(|value| value as u64).collect()));
    }
    all.push(("TIME", bits(table.scalars("TIME", rows.clone()).expect("TIME"))));
    for column in ["BUCKETS", "TILES", "CUT", "SHAPES"] {
        all.push((column, bits(table.cells(column, rows.clone()).expect(column))));
    }
    all
}

/// The same, read few rows at a time, which casacore itself does.
fn numbers_by_few(table: &Table, rows: Range<u64>) -> Vec<(&'static str, Vec<u64>)> {
    let mut parts = rows.clone().step_by(700).map(|row| numbers(table, row..rows.end.min(row + 700)));
    let mut all = parts.next().expect("rows");
    for part in parts {
        all.iter_mut().zip(part).for_each(|(all, part)| all.1.extend(part.1));
    }
    all
}

#[test]
fn many_rows_at_once_are_as_few() {
    for endian in [Endian::Little, Endian::Big] {
        let (_folder, path) = place();
        let table = many(&path, endian);
        let check = |table: &Table, what: &str| {
            let end = table.row_count();
            for rows in [0..end, 1..end - 1, 31..31 + 1024, 32..32 + 1025, 33..end - 40, end - 1500..end] {
                let found = numbers(table, rows.clone());
                assert_eq!(found, numbers_by_few(table, rows.clone()), "{what}, {endian:?}, rows {rows:?}");
            }
            assert_eq!(bits(table.cells("TILES", 0..end).expect("TILES")), bits((0..end).flat_map(uvw_of)));
            assert_eq!(
                bits(table.cells("BUCKETS", 0..end).expect("BUCKETS")),
                bits((0..end).flat_map(uvw_of))
            );
        };
        check(&table, "not in the files yet");
        table.flush().expect("flush");
        check(&table, "in the files");
        append(&table, 2_000);
        check(&table, "rows added");
        table.close().expect("close");
        check(&Table::open(&path, Access::ReadOnly).expect("open"), "opened again");
        let table = Table::open(&path, Access::ReadWrite).expect("open");
        assert!(table.lock(LockMode::Write, Duration::ZERO).expect("the lock"));
        table.put_scalars("INT", 3000, &[77_i32]).expect("another value");
        table.put_scalars("TIME", 3000, &[7.5]).expect("another value");
        let value = ArrayD::from_elem(IxDyn(&[1, 3]), 2.5);
        table.put_cells("TILES", 3000, value.view()).expect("another value");
        for rows in [0..7_003, 2_000..6_000] {
            let found = numbers(&table, rows.clone());
            assert_eq!(found, numbers_by_few(&table, rows.clone()), "changed, {endian:?}");
            let at = (3000 - rows.start) as usize;
            assert_eq!((found[0].1[at], found[4].1[at]), (77, 7.5_f64.to_bits()));
            assert_eq!(found[6].1[3 * at..3 * at + 3], [2.5_f64.to_bits(); 3]);
        }
        // References to rows in another order are for casacore.
        let turned: Vec<u64> = (0..7_003).rev().collect();
        let turned = table.select_rows(&turned).expect("a selection");
        assert_eq!(numbers(&turned, 0..7_003), numbers_by_few(&turned, 0..7_003));
        assert_eq!(turned.scalars::<i32>("INT", 0..7_003).expect("INT")[4002..4004], [77, -2999]);
    }
}

/// How many system calls that read this thread has made.
#[cfg(target_os = "linux")]
fn reads() -> u64 {
    let io = std::fs::read_to_string("/proc/thread-self/io").expect("Linux's account");
    let line = io.lines().find_map(|line| line.strip_prefix("syscr: ")).expect("a number of reads");
    line.parse().expect("a number")
}

#[cfg(target_os = "linux")]
#[test]
fn many_rows_at_once_take_few_reads() {
    let (_folder, path) = place();
    many(&path, Endian::Big).close().expect("close");
    let table = Table::open(&path, Access::ReadOnly).expect("open");
    // The first access reads what the managers say of themselves.
    numbers(&table, 0..1);
    for column in ["INT", "SHARED"] {
        let before = reads();
        table.scalars::<i32>(column, 0..MANY).expect(column);
        assert!(reads() - before < 12, "{column}: {} reads", reads() - before);
    }
    let before = reads();
    table.cells::<f64>("TILES", 0..MANY).expect("TILES");
    assert!(reads() - before < 12, "TILES: {} reads", reads() - before);
}

#[test]
fn files_that_end_early_are_told() {
    for column in ["INT", "TILES"] {
        let (_folder, path) = place();
        many(&path, Endian::Little).close().expect("close");
        let table = Table::open(&path, Access::ReadOnly).expect("open");
        for file in table.files_of_column(column).expect("files") {
            let file = std::fs::File::options().write(true).open(file).expect("a file");
            let length = file.metadata().expect("a length").len();
            file.set_len(length / 2).expect("shorter");
        }
        let read = match column {
            "INT" => table.scalars::<i32>(column, 0..MANY).map(|_| ()),
            _ => table.cells::<f64>(column, 0..MANY).map(|_| ()),
        };
        assert!(matches!(read, Err(Error::Casacore { .. })), "{column}: {read:?}");
    }
}

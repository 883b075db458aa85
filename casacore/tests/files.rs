//! Files, descriptions, copies, and tables made of other tables.

mod common;

use std::path::{Path, PathBuf};
use std::time::Duration;

use casacore::{
    Access, ColumnShape, ColumnSpec, DataType, Endian, Error, LockMode, Storage, Table, Value, concatenate,
    table_type,
};
use common::{place, small};
use ndarray::{Array, IxDyn};
use num_complex::Complex32;

fn names(files: &[PathBuf]) -> Vec<String> {
    files.iter().map(|file| file.file_name().expect("a name").to_string_lossy().into_owned()).collect()
}

fn numbered(path: &Path, rows: u64, first: f64) -> Table {
    let table = small(path, rows);
    let times: Vec<f64> = (0..rows).map(|row| first + row as f64).collect();
    table.put_scalars("TIME", 0, &times).expect("times");
    let data = Array::from_shape_fn((rows as usize, 3, 2), |(row, chan, corr)| {
        Complex32::new(times[row] as f32, (10 * chan + corr) as f32)
    });
    table.put_cells("DATA", 0, data.view().into_dyn()).expect("data");
    table
}

/// A copy of the table's files beside it, but for table.lock: to close that would drop the lock.
fn files_copied(path: &Path) -> PathBuf {
    let copy = path.with_file_name("copy.tab");
    std::fs::create_dir(&copy).expect("a folder");
    for entry in std::fs::read_dir(path).expect("the table") {
        let entry = entry.expect("a file");
        if entry.file_name() != "table.lock" {
            std::fs::copy(entry.path(), copy.join(entry.file_name())).expect("copied");
        }
    }
    copy
}

fn times(table: &Table) -> Vec<f64> {
    table.scalars("TIME", 0..table.row_count()).expect("times")
}

#[test]
fn descriptions() {
    let (_folder, path) = place();
    let columns = [
        ColumnSpec::scalar("A", DataType::Int),
        ColumnSpec::scalar("B", DataType::Double),
        ColumnSpec {
            comment: "the data".to_owned(),
            manager: "TiledData".to_owned(),
            ..ColumnSpec::array(
                "DATA",
                DataType::Complex,
                ColumnShape::Fixed(vec![8, 4]),
                Storage::TiledShape { tile: vec![16, 8, 4] },
            )
        },
    ];
    let table = Table::create(&path, &columns, 40, Endian::Big, "Measurement Set").expect("a new table");
    assert_eq!(table_type(&path).expect("a type"), "Measurement Set");
    assert_eq!(table.column_names().expect("names"), ["A", "B", "DATA"]);
    let column = table.column("DATA").expect("DATA");
    assert_eq!(column.shape, ColumnShape::Fixed(vec![8, 4]));
    assert_eq!((column.comment.as_str(), column.manager_type.as_str()), ("the data", "TiledShapeStMan"));
    assert_eq!((column.manager_name.as_str(), column.sequence), ("TiledData", 1));
    assert!(column.stored && column.writable);

    let manager = table.data_manager_of("DATA").expect("its manager");
    assert_eq!(
        (manager.name.as_str(), manager.kind.as_str(), manager.sequence),
        ("TiledData", "TiledShapeStMan", 1)
    );
    assert_eq!(manager.columns, ["DATA"]);
    // casacore's own order inside.
    assert_eq!(manager.spec.get("DEFAULTTILESHAPE").and_then(Value::to_i64s), Some(vec![4, 8, 16]));
    let cubes = manager.spec.get("HYPERCUBES").and_then(Value::as_record).expect("hypercubes");
    let cube = cubes.iter().find_map(|(_, cube)| {
        let cube = cube.as_record()?;
        (cube.get("CubeShape")?.to_i64s()? == [4, 8, 40]).then(|| cube.get("TileShape")?.to_i64s()).flatten()
    });
    assert_eq!(cube, Some(vec![4, 8, 16]), "{cubes:?}");
    assert_eq!(table.data_manager_of("B").expect("its manager").columns, ["A", "B"]);
    assert_eq!(table.data_managers().expect("managers").len(), 2);

    assert_eq!(names(&table.files_of_column("A").expect("files")), ["table.f0"]);
    assert_eq!(names(&table.files_of_column("DATA").expect("files")), ["table.f1", "table.f1_TSM1"]);
}

#[test]
fn a_file_number_is_not_the_beginning_of_another() {
    let (_folder, path) = place();
    let columns: Vec<ColumnSpec> = (0..12)
        .map(|index| ColumnSpec {
            manager: format!("manager {index}"),
            ..ColumnSpec::scalar(format!("C{index}"), DataType::Int)
        })
        .collect();
    let table = Table::create(&path, &columns, 1, Endian::Little, "").expect("a new table");
    assert_eq!(names(&table.files_of_column("C1").expect("files")), ["table.f1"]);
    assert_eq!(names(&table.files_of_column("C11").expect("files")), ["table.f11"]);
}

#[test]
fn fsync_writes_everything_and_needs_the_files() {
    let (_folder, path) = place();
    let table = numbered(&path, 5, 0.0);
    table.fsync().expect("on the disk");
    // What was written is in the files: a copy of them is the whole table.
    let copy = files_copied(&path);
    let other = Table::open(&copy, Access::ReadOnly).expect("the copy");
    assert_eq!(times(&other), [0.0, 1.0, 2.0, 3.0, 4.0]);
    assert_eq!(other.cell::<Complex32>("DATA", 4).expect("data")[[2, 1]], Complex32::new(4.0, 21.0));
    table.close().expect("closed");
}

#[test]
fn reference_tables_reach_their_root() {
    let (_folder, path) = place();
    let table = numbered(&path, 6, 100.0);
    let reference = path.with_file_name("reference.tab");
    assert!(matches!(table.deep_copy(&reference, false), Ok(())));
    assert_eq!(Table::open(&reference, Access::ReadOnly).expect("the copy").row_count(), 0);
    std::fs::remove_dir_all(&reference).expect("removed");

    let picked = table.select_rows(&[4, 1, 3]).expect("rows");
    assert_eq!(times(&picked), [104.0, 101.0, 103.0]);
    picked.save_reference(&reference).expect("saved").close().expect("closed");
    table.close().expect("closed");

    let picked = Table::open(&reference, Access::ReadWrite).expect("the reference");
    assert!(!picked.is_plain());
    assert_eq!(picked.part_names().expect("its root"), [path.canonicalize().expect("the table")]);
    assert_eq!(times(&picked), [104.0, 101.0, 103.0]);
    assert!(picked.lock(LockMode::Write, Duration::ZERO).expect("a lock"));
    let mut data = picked.cells::<Complex32>("DATA", 0..3).expect("data");
    assert_eq!(data[[1, 2, 1]], Complex32::new(101.0, 21.0));
    data.mapv_inplace(|value| value * 2.0);
    picked.put_cells("DATA", 0, data.view()).expect("written");
    picked.fsync().expect("on the disk");
    let root = names(&picked.files_of_column("DATA").expect("files"));
    assert_eq!(root[0], "table.f1");
    assert_eq!(picked.data_manager_of("DATA").expect("its manager").kind, "TiledShapeStMan");
    picked.close().expect("closed");

    let table = Table::open(&path, Access::ReadOnly).expect("the table");
    assert!(table.is_plain());
    assert_eq!(table.part_names().expect("itself"), [path.canonicalize().expect("the table")]);
    let data = table.cells::<Complex32>("DATA", 0..6).expect("data");
    let firsts: Vec<f32> = data.outer_iter().map(|row| row[[0, 0]].re).collect();
    assert_eq!(firsts, [100.0, 202.0, 102.0, 206.0, 208.0, 105.0]);
    assert!(matches!(table.save_reference(&reference), Err(Error::Invalid(_))));
    // A whole copy of a reference stands on its own.
    let copy = path.with_file_name("copy.tab");
    Table::open(&reference, Access::ReadOnly).expect("open").deep_copy(&copy, true).expect("copied");
    std::fs::remove_dir_all(&path).expect("removed");
    assert_eq!(times(&Table::open(&copy, Access::ReadOnly).expect("the copy")), [104.0, 101.0, 103.0]);
    assert!(Table::open(&reference, Access::ReadOnly).is_err());
}

#[test]
fn concatenations_reach_their_parts() {
    let (folder, path) = place();
    let second = folder.path().join("second.tab");
    numbered(&path, 3, 0.0).close().expect("closed");
    numbered(&second, 2, 50.0).close().expect("closed");
    let whole = folder.path().join("whole.tab");
    concatenate(&[&path, &second], &whole).expect("concatenated");
    assert!(matches!(concatenate(&[&path], &whole), Err(Error::Invalid(_))));
    assert!(matches!(concatenate(&[], &second), Err(Error::Invalid(_))));

    let table = Table::open(&whole, Access::ReadWrite).expect("the concatenation");
    assert!(!table.is_plain());
    let parts = table.part_names().expect("parts");
    assert_eq!(names(&parts), ["test.tab", "second.tab"]);
    assert_eq!(times(&table), [0.0, 1.0, 2.0, 50.0, 51.0]);
    assert!(table.lock(LockMode::Write, Duration::ZERO).expect("a lock"));
    let shape = IxDyn(&[3, 3, 2]);
    let block = ndarray::ArrayD::from_elem(shape, Complex32::new(-1.0, 0.0));
    table.put_cells("DATA", 1, block.view()).expect("across the seam");
    assert_eq!(table.files_of_column("DATA").expect("files").len(), 4);
    table.fsync().expect("on the disk");
    table.close().expect("closed");
    let table = Table::open(&second, Access::ReadOnly).expect("a part");
    assert_eq!(table.cell::<Complex32>("DATA", 0).expect("data")[[0, 0]].re, -1.0);
    assert_eq!(table.cell::<Complex32>("DATA", 1).expect("data")[[0, 0]].re, 51.0);
}

#[test]
fn copies_keep_byte_order_and_keywords() {
    let (_folder, path) = place();
    let column =
        ColumnSpec::scalar("A", DataType::Int).with_keywords(casacore::Record::new().with("UNIT", "m"));
    let table = Table::create(&path, &[column], 2, Endian::Big, "Kind").expect("a new table");
    table.put_scalars("A", 0, &[1, 2]).expect("written");
    let copy = path.with_file_name("copy.tab");
    table.deep_copy(&copy, true).expect("copied");
    let other = Table::open(&copy, Access::ReadOnly).expect("the copy");
    assert_eq!(other.endian(), Endian::Big);
    assert_eq!(other.scalars::<i32>("A", 0..2).expect("values"), [1, 2]);
    assert_eq!(other.column_keywords("A").expect("keywords").get("UNIT"), Some(&"m".into()));
    assert_eq!(table_type(&copy).expect("a type"), "Kind");
    assert!(table.deep_copy(&copy, true).is_err());
}

#[test]
fn different_tables_in_different_threads() {
    let workers: Vec<_> = (0..8)
        .map(|worker| {
            std::thread::spawn(move || {
                for round in 0..20 {
                    let (_folder, path) = place();
                    numbered(&path, 20, f64::from(worker * 100 + round)).close().expect("closed");
                    let table = Table::open(&path, Access::ReadOnly).expect("open");
                    assert_eq!(times(&table)[19], f64::from(worker * 100 + round + 19));
                    assert_eq!(table.cells::<Complex32>("DATA", 0..20).expect("data").len(), 120);
                }
            })
        })
        .collect();
    workers.into_iter().for_each(|worker| worker.join().expect("no panic"));
}

#[test]
fn a_column_is_reserved_instead_of_filled() {
    let (_folder, path) = place();
    numbered(&path, 50, 0.0).close().expect("closed");
    let table = Table::open(&path, Access::ReadWrite).expect("the table");
    assert!(table.lock(LockMode::Write, Duration::ZERO).expect("a lock"));
    table.forget_sync_data().expect("emptied");
    // A process that is killed here leaves the number of rows in table.dat alone.
    let copy = files_copied(&path);
    assert_eq!(std::fs::metadata(path.join("table.lock")).expect("the lock").len(), 0);
    assert_eq!(times(&Table::open(&copy, Access::ReadOnly).expect("the copy")).len(), 50);

    let storage = Storage::TiledShape { tile: vec![16, 8, 4] };
    let column = ColumnSpec::array("MODEL", DataType::Complex, ColumnShape::Fixed(vec![8, 4]), storage);
    table.add_column(&column).expect("a column");
    table.reserve_column("MODEL").expect("space");
    table.fsync().expect("on the disk");
    let sizes: Vec<u64> = table
        .files_of_column("MODEL")
        .expect("files")
        .iter()
        .map(|file| std::fs::metadata(file).expect("a file").len())
        .collect();
    // Four tiles of 16 rows.
    assert!(sizes.contains(&(4 * 16 * 8 * 4 * 8)), "{sizes:?}");
    assert_eq!(table.cell::<Complex32>("MODEL", 49).expect("zeros")[[7, 3]], Complex32::default());
    let ones = Array::from_elem(IxDyn(&[1, 8, 4]), Complex32::new(1.0, 2.0));
    table.put_cells("MODEL", 33, ones.view()).expect("written");
    assert!(table.mark_changed("MODEL").expect("marked"));
    table.set_column_keyword("MODEL", "DONE", &Value::Bool(true)).expect("a keyword");
    table.close().expect("closed");

    let again = Table::open(&path, Access::ReadOnly).expect("the table");
    assert_eq!(again.cell::<Complex32>("MODEL", 33).expect("ones")[[0, 0]], Complex32::new(1.0, 2.0));
    assert_eq!(again.cell::<Complex32>("MODEL", 34).expect("zeros")[[0, 0]], Complex32::default());
    assert_eq!(times(&again).len(), 50);
}

/// A table as HISTORY is: texts, numbers and lines of text of any number.
fn notes(path: &Path, rows: u64) {
    let any = ColumnShape::Variable { ndim: Some(1) };
    let lines = ColumnSpec::array("LINES", DataType::String, any, Storage::Standard);
    let columns = [
        ColumnSpec::scalar("TIME", DataType::Double),
        ColumnSpec::scalar("MESSAGE", DataType::String),
        ColumnSpec { manager: "StandardStMan".into(), ..lines },
    ];
    Table::create(path, &columns, 0, Endian::Little, "").and_then(Table::close).expect("a new table");
    note(path, rows);
}

/// Adds rows with values that tell them apart.
fn note(path: &Path, rows: u64) {
    let table = Table::open(path, Access::ReadWrite).expect("a table that opens");
    assert!(table.lock(LockMode::Write, Duration::ZERO).expect("a lock"));
    table.mend_rows().expect("mended");
    for _ in 0..rows {
        let row = table.row_count();
        table.add_rows(1).expect("a row");
        table.put_scalars("TIME", row, &[row as f64]).expect("a number");
        table.put_scalars("MESSAGE", row, &[format!("what was done in row {row}")]).expect("a text");
        let lines = Array::from_shape_fn(IxDyn(&[2]), |line| format!("line {} of row {row}", line[0]));
        table.put_cell("LINES", row, lines.view()).expect("lines");
    }
    table.unlock().and_then(|()| table.close()).expect("closed");
}

/// Whether the row is one that [`note`] wrote.
fn noted(table: &Table, row: u64) -> bool {
    let lines = table
        .cell_shape("LINES", row)
        .expect("a shape")
        .map(|_| table.cell::<String>("LINES", row).expect("lines"));
    table.scalars::<f64>("TIME", row..row + 1).expect("a number") == [row as f64]
        && table.scalars::<String>("MESSAGE", row..row + 1).expect("a text")
            == [format!("what was done in row {row}")]
        && lines.is_some_and(|lines| lines[[1]] == format!("line 1 of row {row}"))
}

/// A process, or the machine, that ends while rows are added leaves some files as they were and some new: whichever they are,
/// the table is mended as the next rows are added, and no row that both states had is lost.
#[test]
fn rows_are_mended_in_every_mixture_of_files() {
    let mut mixtures = 0;
    for (before, added) in [(0, 1), (1, 1), (31, 3), (40, 200)] {
        let (folder, path) = place();
        notes(&path, before);
        let old = folder.path().join("old");
        copy_folder(&path, &old, |_| true);
        note(&path, added);
        let names = changed_files(&old, &path);
        for mixture in 0..1 << names.len() {
            let what = format!("{before} + {added} rows, mixture {mixture:b} of {names:?}");
            let is_new =
                |name: &str| names.iter().position(|n| n == name).is_some_and(|n| mixture >> n & 1 == 1);
            let mixed = folder.path().join(format!("mixed-{mixture}"));
            copy_folder(&old, &mixed, |name| !is_new(name));
            copy_folder(&path, &mixed, is_new);
            let rows = Table::open(&mixed, Access::ReadOnly).expect(&what).row_count();
            assert!(rows == before || rows == before + added, "{what}: {rows} rows");
            note(&mixed, 2);
            let table = Table::open(&mixed, Access::ReadOnly).expect(&what);
            assert_eq!(table.row_count(), rows + 2, "{what}");
            for row in (0..before).chain(rows..rows + 2) {
                assert!(noted(&table, row), "{what}: row {row} of {rows} is not what was written");
            }
            table.close().expect(&what);
            mixtures += 1;
        }
    }
    assert!(mixtures >= 16, "only {mixtures} mixtures: the files of a table do not change with its rows?");
}

/// The names of the files whose contents are not the same.
fn changed_files(old: &Path, new: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(new).expect("the table").map(|entry| entry.expect("a file").file_name());
    let names = entries.map(|name| name.to_string_lossy().into_owned());
    names.filter(|name| std::fs::read(old.join(name)).ok() != std::fs::read(new.join(name)).ok()).collect()
}

/// Copies the files with these names.
fn copy_folder(from: &Path, to: &Path, chosen: impl Fn(&str) -> bool) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("the table") {
        let name = entry.expect("a file").file_name();
        if chosen(&name.to_string_lossy()) {
            std::fs::copy(from.join(&name), to.join(&name)).expect("copied");
        }
    }
}

//! What is wrong is said, and in which words.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use casacore::{Access, ColumnShape, ColumnSpec, DataType, Endian, Error, LockMode, Storage, Table};
use common::{place, small};
use ndarray::{ArrayD, IxDyn};
use num_complex::Complex32;

fn says(error: &Error, words: &[&str]) {
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "{word:?} is not in: {text}");
    }
}

#[test]
fn not_a_table() {
    let (folder, path) = place();
    let error = Table::open(&path, Access::ReadOnly).expect_err("nothing there");
    says(&error, &["test.tab", "does not exist"]);
    let error = Table::open(folder.path(), Access::ReadOnly).expect_err("a plain folder");
    says(&error, &["is not a casacore table", "table.dat"]);
    fs::write(&path, "text").expect("a file");
    says(&Table::open(&path, Access::ReadOnly).expect_err("a file"), &["not a directory"]);
    fs::remove_file(&path).expect("removed");
    fs::create_dir(&path).expect("a folder");
    for content in [&b""[..], b"garbage", &[0xbe; 4096], &[0xff; 4096]] {
        fs::write(path.join("table.dat"), content).expect("a bad table.dat");
        let error = Table::open(&path, Access::ReadOnly).expect_err("garbage");
        assert!(matches!(error, Error::Casacore { .. }), "{error:?}");
        says(&error, &["open table", "test.tab"]);
    }
    assert!(casacore::table_type(folder.path()).is_err());
}

#[test]
fn a_table_cut_short_is_an_error() {
    let (_folder, path) = place();
    small(&path, 50).close().expect("closed");
    let whole = fs::read(path.join("table.dat")).expect("table.dat");
    for length in (0..whole.len()).step_by(37) {
        fs::write(path.join("table.dat"), &whole[..length]).expect("cut");
        assert!(Table::open(&path, Access::ReadOnly).is_err(), "cut at {length}");
    }
    fs::write(path.join("table.dat"), &whole).expect("whole");
    // A data file cut short: opens, and reading fails instead of the process.
    let data = small_data_file(&path);
    fs::write(&data, &fs::read(&data).expect("data")[..10]).expect("cut");
    let table = Table::open(&path, Access::ReadOnly).expect("the table");
    let error = table.cells::<Complex32>("DATA", 0..50).expect_err("no data");
    says(&error, &["read column DATA", "test.tab"]);
}

fn small_data_file(path: &std::path::Path) -> std::path::PathBuf {
    let table = Table::open(path, Access::ReadOnly).expect("the table");
    let files = table.files_of_column("DATA").expect("files");
    files.into_iter().find(|file| file.to_string_lossy().contains("_TSM")).expect("a tile file")
}

#[test]
fn missing_files_are_named() {
    for column in ["TIME", "DATA", "FLAG"] {
        let (_folder, path) = place();
        let table = small(&path, 3);
        let file = table.files_of_column(column).expect("files").remove(0);
        table.close().expect("closed");
        fs::remove_file(&file).expect("removed");
        let error = Table::open(&path, Access::ReadOnly).expect_err("damaged");
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        assert!(matches!(error, Error::MissingFile { .. }), "{error:?}");
        says(&error, &[&name, "missing"]);
        // casacore refuses to open a table without its tiled manager, and does not say whose file it is.
        if column != "DATA" {
            says(&error, &[column]);
        }
    }
}

#[test]
fn columns_rows_types_and_shapes() {
    let (_folder, path) = place();
    let table = small(&path, 3);
    let error = table.scalars::<f64>("NOPE", 0..1).expect_err("no column");
    assert!(matches!(error, Error::NoSuchColumn { .. }));
    says(&error, &["NOPE", "test.tab"]);
    assert!(!table.has_column("NOPE"));
    assert!(matches!(table.column("NOPE"), Err(Error::NoSuchColumn { .. })));
    assert!(matches!(table.column_keywords("NOPE"), Err(Error::NoSuchColumn { .. })));
    assert!(matches!(table.files_of_column("NOPE"), Err(Error::NoSuchColumn { .. })));
    assert!(matches!(table.data_manager_of("NOPE"), Err(Error::NoSuchColumn { .. })));

    let error = table.scalars::<f64>("TIME", 1..4).expect_err("too many rows");
    says(&error, &["1..4", "3 rows"]);
    assert!(matches!(table.put_scalars("TIME", 2, &[1.0, 2.0]), Err(Error::Rows { .. })));
    assert!(matches!(table.cell::<Complex32>("DATA", 3), Err(Error::Rows { .. })));
    assert!(matches!(table.cell::<Complex32>("DATA", u64::MAX), Err(Error::Rows { .. })));
    assert!(matches!(table.cell_shape("DATA", 3), Err(Error::Rows { .. })));
    assert!(matches!(table.select_rows(&[0, 3]), Err(Error::Rows { .. })));

    let error = table.scalars::<i32>("TIME", 0..1).expect_err("another type");
    says(&error, &["TIME", "i32 scalars", "scalar Double"]);
    let error = table.cells::<f64>("TIME", 0..1).expect_err("no arrays");
    says(&error, &["f64 arrays", "scalar Double"]);
    let error = table.scalars::<Complex32>("DATA", 0..1).expect_err("arrays");
    says(&error, &["array of Complex"]);
    assert!(matches!(table.put_scalars("TIME", 0, &["text".to_owned()]), Err(Error::Type { .. })));

    let wrong = ArrayD::from_elem(IxDyn(&[2, 2, 3]), Complex32::ZERO);
    let error = table.put_cells("DATA", 0, wrong.view()).expect_err("another shape");
    says(&error, &["[3, 2]", "[2, 3]"]);
    let mut flat = ArrayD::from_elem(IxDyn(&[12]), Complex32::ZERO);
    assert!(matches!(table.put_cells("DATA", 0, flat.view()), Err(Error::Rows { .. } | Error::Shape { .. })));
    assert!(matches!(
        table.cells_into("DATA", 0, flat.view_mut()),
        Err(Error::Rows { .. } | Error::Shape { .. })
    ));
    let error = table.set_tile_cache("TIME", 1).expect_err("not tiled");
    assert!(matches!(error, Error::Casacore { .. }));
    table.set_tile_cache("DATA", 4).expect("tiled");
}

#[test]
fn columns_that_cannot_be_made() {
    let (_folder, path) = place();
    let table = small(&path, 1);
    let fixed = ColumnShape::Fixed(vec![3, 2]);
    let tiled = |tile: &[usize]| Storage::TiledShape { tile: tile.to_vec() };
    let bad = [
        (DataType::Other, ColumnShape::Scalar, Storage::Standard),
        (DataType::Record, fixed.clone(), Storage::Standard),
        (DataType::Record, ColumnShape::Scalar, Storage::Incremental),
        (DataType::Float, fixed.clone(), tiled(&[3, 2])),
        (DataType::Float, fixed.clone(), tiled(&[0, 3, 2])),
        (DataType::Float, fixed.clone(), tiled(&[1 << 40, 3, 2])),
        (DataType::Float, ColumnShape::Fixed(vec![]), Storage::Standard),
        (DataType::String, fixed.clone(), tiled(&[1, 3, 2])),
        (DataType::Float, ColumnShape::Scalar, tiled(&[])),
        (DataType::Float, ColumnShape::Variable { ndim: Some(1) }, Storage::TiledColumn { tile: vec![2, 2] }),
        (DataType::Float, fixed, Storage::TiledCell { tile: vec![2, 3, 2] }),
    ];
    for (data_type, shape, storage) in bad {
        let column = ColumnSpec::array("X", data_type, shape, storage);
        let result = table.add_column(&column);
        assert!(matches!(result, Err(Error::Invalid(_))), "{column:?}: {result:?}");
        assert!(!table.has_column("X"));
    }
    let column = ColumnSpec::scalar("X", DataType::Int);
    let twice = [column.clone(), column];
    let other = path.with_file_name("other.tab");
    assert!(matches!(Table::create(&other, &twice, 0, Endian::Big, ""), Err(Error::Invalid(_))));
    assert!(matches!(Table::create(&path, &[], 0, Endian::Big, ""), Err(Error::Invalid(_))));
    assert!(!other.exists());
    let nowhere = path.join("no").join("folder");
    assert!(matches!(Table::create(&nowhere, &[], 0, Endian::Big, ""), Err(Error::Io { .. })));
}

#[test]
fn reading_only_means_it() {
    let (_folder, path) = place();
    small(&path, 2).close().expect("closed");
    let table = Table::open(&path, Access::ReadOnly).expect("open");
    assert!(table.put_scalars("TIME", 0, &[1.0]).is_err());
    assert!(table.set_keyword("A", &1_i32.into()).is_err());
    assert!(table.add_rows(1).is_err());
    assert!(table.lock(LockMode::Read, std::time::Duration::ZERO).expect("an answer"));
    table.close().expect("closed");
}

#[test]
fn a_table_without_permission_to_write() {
    let (folder, path) = place();
    small(&path, 2).close().expect("closed");
    fs::set_permissions(path.join("table.dat"), fs::Permissions::from_mode(0o444)).expect("read only");
    // The superuser may write all the same.
    if fs::OpenOptions::new().append(true).open(path.join("table.dat")).is_ok() {
        eprintln!("SKIPPED: this user may write read-only files");
        return;
    }
    let error = Table::open(&path, Access::ReadWrite).expect_err("not writable");
    assert!(matches!(error, Error::NotWritable { .. }), "{error:?}");
    says(&error, &["table.dat", "ermission"]);
    Table::open(&path, Access::ReadOnly).expect("readable");
    drop(folder);
}

/// casacore itself would end the process with a segmentation fault.
#[test]
fn a_lock_that_is_a_folder_is_refused() {
    let (_folder, path) = place();
    drop(small(&path, 3));
    std::fs::remove_file(path.join("table.lock")).expect("a lock file");
    std::fs::create_dir(path.join("table.lock")).expect("a folder");
    for access in [Access::ReadOnly, Access::ReadWrite] {
        let error = Table::open(&path, access).expect_err("not a file");
        assert!(error.to_string().contains("table.lock"), "{error}");
    }
    std::fs::remove_dir(path.join("table.lock")).expect("a folder");
    drop(Table::open(&path, Access::ReadWrite).expect("a table"));
}

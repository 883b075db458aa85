//! What the tests share.

#![allow(dead_code)]

use std::path::{Path, PathBuf};

use casacore::{ColumnShape, ColumnSpec, DataType, Endian, Storage, Table};

/// A folder that goes away with the test, and a path for a table in it.
pub fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("test.tab");
    (folder, path)
}

/// A small table with a scalar, a fixed, a variable and a text column.
pub fn small(path: &Path, rows: u64) -> Table {
    let columns = [
        ColumnSpec::scalar("TIME", DataType::Double),
        ColumnSpec::scalar("NAME", DataType::String),
        ColumnSpec::array(
            "DATA",
            DataType::Complex,
            ColumnShape::Fixed(vec![3, 2]),
            Storage::TiledShape { tile: vec![4, 3, 2] },
        ),
        ColumnSpec::array("FLAG", DataType::Bool, ColumnShape::Variable { ndim: Some(2) }, Storage::Standard),
    ];
    Table::create(path, &columns, rows, Endian::Little, "").expect("a new table")
}

//! New tables and new columns.

use std::path::Path;

use crate::ffi::{self, RawTable};
use crate::value::vector;
use crate::{Access, ColumnShape, DataType, Endian, Error, Record, Result, Table, Value, codec, table};

/// Where a new column's values are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// `StandardStMan`: for scalars and small arrays.
    Standard,
    /// `IncrementalStMan`: for values that repeat from row to row.
    Incremental,
    /// `TiledShapeStMan`: arrays, one hypercube per shape.
    TiledShape {
        /// Tile shape in row-major order, rows first: `[rows, chan, corr]`.
        tile: Vec<usize>,
    },
    /// `TiledColumnStMan`: arrays of one fixed shape in one hypercube.
    TiledColumn {
        /// Tile shape in row-major order, rows first: `[rows, chan, corr]`.
        tile: Vec<usize>,
    },
    /// `TiledCellStMan`: one hypercube per cell.
    TiledCell {
        /// Tile shape of a cell in row-major order, without a row axis: `[chan, corr]`.
        tile: Vec<usize>,
    },
}

/// A column to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnSpec {
    /// The column's name.
    pub name: String,
    /// The type of its values; `Record` is one to a cell, in [`Storage::Standard`], and `Other` cannot be made.
    pub data_type: DataType,
    /// The shape of its cells.
    pub shape: ColumnShape,
    /// A comment for the reader.
    pub comment: String,
    /// The data manager's name; columns of one [`Table::create`] with the same name and storage share it. Empty: the column's own name.
    pub manager: String,
    /// The kind of data manager, with its tile.
    pub storage: Storage,
    /// The column's keywords, e.g. `QuantumUnits` and `MEASINFO`.
    pub keywords: Record,
}

impl Storage {
    /// casacore's name for the manager, and its tile in casacore's order.
    fn kind(&self) -> (&'static str, Option<Vec<i32>>) {
        let reversed = |tile: &Vec<usize>| {
            let sizes = tile.iter().rev();
            // A tile too large for casacore is refused before it gets here.
            sizes.map(|&n| i32::try_from(n).unwrap_or(i32::MAX)).collect()
        };
        match self {
            Storage::Standard => ("StandardStMan", None),
            Storage::Incremental => ("IncrementalStMan", None),
            Storage::TiledShape { tile } => ("TiledShapeStMan", Some(reversed(tile))),
            Storage::TiledColumn { tile } => ("TiledColumnStMan", Some(reversed(tile))),
            Storage::TiledCell { tile } => ("TiledCellStMan", Some(reversed(tile))),
        }
    }
}

impl ColumnSpec {
    /// A column of one value per cell, in a `StandardStMan` shared by all columns made so.
    pub fn scalar(name: impl Into<String>, data_type: DataType) -> Self {
        ColumnSpec {
            name: name.into(),
            data_type,
            shape: ColumnShape::Scalar,
            comment: String::new(),
            manager: "StandardStMan".to_owned(),
            storage: Storage::Standard,
            keywords: Record::new(),
        }
    }

    /// A column of arrays in a storage manager of its own.
    pub fn array(name: impl Into<String>, data_type: DataType, shape: ColumnShape, storage: Storage) -> Self {
        ColumnSpec { shape, storage, manager: String::new(), ..ColumnSpec::scalar(name, data_type) }
    }

    /// The same column with these keywords.
    pub fn with_keywords(mut self, keywords: Record) -> Self {
        self.keywords = keywords;
        self
    }

    fn manager_name(&self) -> &str {
        if self.manager.is_empty() { &self.name } else { &self.manager }
    }

    /// Refuses what casacore would take apart later, or with words that do not help.
    fn check(&self) -> Result<()> {
        let refuse =
            |reason: String| Err(Error::Invalid(format!("column {} cannot be made: {reason}", self.name)));
        if self.name.is_empty() {
            return refuse("it has no name".to_owned());
        }
        let record = self.data_type == DataType::Record;
        if record && (self.shape != ColumnShape::Scalar || self.storage != Storage::Standard) {
            return refuse("records stand one to a cell, in a StandardStMan".to_owned());
        }
        if self.data_type == DataType::Other {
            return refuse(format!("its type is {:?}", self.data_type));
        }
        let ndim = match &self.shape {
            ColumnShape::Scalar => Some(0),
            ColumnShape::Fixed(shape) if shape.is_empty() => {
                return refuse("its fixed shape has no axes".to_owned());
            }
            ColumnShape::Fixed(shape) => Some(shape.len()),
            ColumnShape::Variable { ndim } => *ndim,
        };
        let (tile, rows) = match &self.storage {
            Storage::Standard | Storage::Incremental => return Ok(()),
            Storage::TiledShape { tile } | Storage::TiledColumn { tile } => (tile, 1),
            Storage::TiledCell { tile } => (tile, 0),
        };
        if ndim.is_some_and(|ndim| ndim + rows != tile.len()) || tile.is_empty() {
            return refuse(format!("the tile {tile:?} does not fit {:?}", self.shape));
        }
        if tile.iter().any(|&n| n == 0 || i32::try_from(n).is_err()) {
            return refuse(format!("the tile {tile:?} has an impossible size"));
        }
        if matches!(self.storage, Storage::TiledColumn { .. }) && !matches!(self.shape, ColumnShape::Fixed(_))
        {
            return refuse("TiledColumn needs a fixed shape".to_owned());
        }
        if self.data_type == DataType::String {
            return refuse("tiled managers hold no strings".to_owned());
        }
        Ok(())
    }

    /// The description the shim reads.
    fn describe(&self, root: &Path) -> Record {
        let mut record = Record::new()
            .with("name", self.name.as_str())
            .with("type", ffi::code_of(self.data_type))
            .with("comment", self.comment.as_str())
            .with("kind", self.storage.kind().0)
            .with("manager", self.manager_name())
            .with("keywords", table::resolve(&Value::Record(self.keywords.clone()), root));
        match &self.shape {
            ColumnShape::Scalar => record.set("scalar", true),
            ColumnShape::Fixed(shape) => {
                let shape = shape.iter().rev().map(|&n| n as i64);
                record.set("shape", vector(shape.collect::<Vec<i64>>()));
            }
            ColumnShape::Variable { ndim } => {
                let ndim = ndim.and_then(|ndim| i32::try_from(ndim).ok());
                record.set("ndim", ndim.unwrap_or(-1));
            }
        }
        record
    }
}

/// The columns and their data managers as one record: `columns` for the shim, `managers` in the form of casacore's `dataManagerInfo`.
fn specification(columns: &[ColumnSpec], root: &Path, kind: &str) -> Result<Record> {
    let mut descriptions = Record::new();
    let mut managers: Vec<(&str, &Storage, Vec<String>)> = Vec::new();
    for column in columns {
        column.check()?;
        if descriptions.contains(&column.name) {
            return Err(Error::Invalid(format!("column {} is given twice", column.name)));
        }
        descriptions.set(column.name.as_str(), column.describe(root));
        let name = column.manager_name();
        match managers.iter_mut().find(|manager| manager.0 == name) {
            Some((_, storage, names)) if **storage == column.storage => {
                names.push(column.name.clone());
            }
            Some(_) => {
                return Err(Error::Invalid(format!("data manager {name} is given two kinds of storage")));
            }
            None => managers.push((name, &column.storage, vec![column.name.clone()])),
        }
    }
    let mut info = Record::new();
    for (index, (name, storage, names)) in managers.into_iter().enumerate() {
        let (manager_kind, tile) = storage.kind();
        let mut spec = Record::new();
        if let Some(tile) = tile {
            spec.set("DEFAULTTILESHAPE", vector(tile));
        }
        info.set(
            format!("*{}", index + 1),
            Record::new()
                .with("TYPE", manager_kind)
                .with("NAME", name)
                .with("SPEC", spec)
                .with("COLUMNS", Value::strings(names)),
        );
    }
    Ok(Record::new().with("kind", kind).with("columns", descriptions).with("managers", info))
}

impl Table {
    /// Makes a new table of `rows` rows at `path`, which must not exist; `kind` goes into `table.info` ("Measurement Set").
    ///
    /// The table is open for writing and **write-locked** until [`Table::unlock`] or its end. Cells of fixed shape and
    /// scalars start as zero, others undefined. Subtables that keywords name must exist already.
    ///
    /// # Errors
    /// [`Error::Invalid`] for columns that cannot be made or a path that exists; [`Error::Casacore`].
    pub fn create(
        path: &Path,
        columns: &[ColumnSpec],
        rows: u64,
        endian: Endian,
        kind: &str,
    ) -> Result<Table> {
        if path.symlink_metadata().is_ok() {
            return Err(Error::Invalid(format!("{} exists", path.display())));
        }
        let root = table::absolute(path)?;
        let spec = codec::encode(&specification(columns, &root, kind)?);
        let raw = RawTable::create(&root, &spec, rows, endian == Endian::Big)
            .map_err(|message| table::failed("create table", path, message))?;
        Ok(Table::from_raw(raw, path.to_owned(), root, Access::ReadWrite))
    }

    /// Adds a column in a data manager of its own; the write lock must be held.
    ///
    /// [`Table::flush`] at once: a process killed before it leaves the column out. A fixed shape is zero in every row, and casacore **aborts the
    /// process** when the disk fills while it extends such a column: ask for free space first.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a column that exists or cannot be made; [`Error::Casacore`].
    pub fn add_column(&self, column: &ColumnSpec) -> Result<()> {
        if self.has_column(&column.name) {
            return Err(Error::Invalid(format!(
                "table {} has a column {} already",
                self.path().display(),
                column.name
            )));
        }
        let columns = std::slice::from_ref(column);
        let spec = codec::encode(&specification(columns, self.root(), "")?);
        self.raw()
            .add_columns(&spec)
            .map_err(|message| self.failed(format!("add column {} to", column.name), message))
    }

    /// Takes the disk space of a column that [`Table::add_column`] just made, before the first flush: zeros that need not be
    /// written, and space that cannot run out afterwards. Does nothing for columns that are not tiled or of variable shape, and
    /// for tables that are not plain; casacore then writes the zeros.
    ///
    /// # Errors
    /// [`Error::NoSuchColumn`]; [`Error::Casacore`] where there is no space: the column is taken away again.
    pub fn reserve_column(&self, column: &str) -> Result<()> {
        self.require(column)?;
        self.raw()
            .reserve_column(column)
            .map_err(|message| self.failed(format!("reserve disk space for column {column} of"), message))
    }
}

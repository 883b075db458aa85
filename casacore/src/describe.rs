//! Columns and data managers as the table describes them.

use crate::ffi::{ColumnKind, Topic, type_of};
use crate::{Error, Record, Result, Table, Value};

/// casacore's data types, by their names in C++.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DataType {
    /// One bit on disk, `bool` in memory.
    Bool,
    /// 8-bit unsigned.
    UChar,
    /// 16-bit signed.
    Short,
    /// 16-bit unsigned.
    UShort,
    /// 32-bit signed.
    Int,
    /// 32-bit unsigned.
    UInt,
    /// 64-bit signed.
    Int64,
    /// 32-bit IEEE float.
    Float,
    /// 64-bit IEEE float.
    Double,
    /// Two 32-bit floats.
    Complex,
    /// Two 64-bit floats.
    DComplex,
    /// Text.
    String,
    /// A record in every cell.
    Record,
    /// A type this crate does not read.
    Other,
}

/// The shape of a column's cells. Axes are in row-major (NumPy) order: `[chan, corr]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnShape {
    /// One value per cell.
    Scalar,
    /// Every cell is an array of this shape, defined from the start.
    Fixed(Vec<usize>),
    /// Every cell has its own shape, or none yet.
    Variable {
        /// The number of axes, where the column fixes it.
        ndim: Option<usize>,
    },
}

/// What a table says of one of its columns.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnDesc {
    /// The column's name.
    pub name: String,
    /// The type of its values.
    pub data_type: DataType,
    /// The shape of its cells.
    pub shape: ColumnShape,
    /// The comment given when it was made.
    pub comment: String,
    /// The kind of its data manager, e.g. `TiledShapeStMan`.
    pub manager_type: String,
    /// The name of its data manager, e.g. `TiledData`.
    pub manager_name: String,
    /// `N` of the data manager's file `table.fN`.
    pub sequence: u32,
    /// Whether the values are in a file of the table; false for virtual columns (`ForwardColumnEngine`, `BitFlagsEngine`, …).
    pub stored: bool,
    /// Whether casacore can write it.
    pub writable: bool,
}

/// One data manager: the code and the files that hold some of the columns.
#[derive(Debug, Clone, PartialEq)]
pub struct DataManager {
    /// The name given when it was made.
    pub name: String,
    /// Its kind, e.g. `TiledShapeStMan`.
    pub kind: String,
    /// `N` of its file `table.fN`.
    pub sequence: u32,
    /// The columns it holds.
    pub columns: Vec<String>,
    /// casacore's own description: default tile shape, hypercubes, bucket sizes. Shapes *inside* it stay in casacore's order,
    /// fastest axis first.
    pub spec: Record,
}

impl Table {
    /// The names of the columns, in the table's order.
    ///
    /// # Errors
    /// [`Error::Casacore`].
    pub fn column_names(&self) -> Result<Vec<String>> {
        let record = self.describe("list the columns of", Topic::Columns, "")?;
        Ok(record.get("names").and_then(Value::to_strings).unwrap_or_default())
    }

    /// Whether there is a column of that name.
    pub fn has_column(&self, name: &str) -> bool {
        self.require(name).is_ok()
    }

    /// What the table says of a column.
    ///
    /// # Errors
    /// [`Error::NoSuchColumn`], [`Error::Casacore`].
    pub fn column(&self, name: &str) -> Result<ColumnDesc> {
        let kind = self.require(name)?;
        let operation = format!("describe column {name} of");
        let record = self.describe(&operation, Topic::Column, name)?;
        let text = |field| {
            let text = record.get(field).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let sequence = record.get("sequence").and_then(Value::as_i64).unwrap_or(0);
        Ok(ColumnDesc {
            name: name.to_owned(),
            data_type: type_of(kind.data_type),
            shape: shape_of(&kind),
            comment: text("comment"),
            manager_type: text("kind"),
            manager_name: text("name"),
            sequence: u32::try_from(sequence).unwrap_or(0),
            stored: kind.stored != 0,
            writable: kind.writable != 0,
        })
    }

    /// The column's kind, or the error that there is no such column.
    pub(crate) fn require(&self, column: &str) -> Result<ColumnKind> {
        let kind = self
            .raw()
            .kind(column)
            .map_err(|message| self.failed(format!("describe column {column} of"), message))?;
        if kind.exists == 0 {
            return Err(Error::NoSuchColumn { table: self.path().to_owned(), column: column.to_owned() });
        }
        Ok(kind)
    }

    /// Every data manager, with casacore's description of it. Of a reference, those of its root table.
    ///
    /// # Errors
    /// [`Error::Casacore`].
    pub fn data_managers(&self) -> Result<Vec<DataManager>> {
        self.managers_described("")
    }

    /// The data managers of all columns, or at least the one of `column`.
    fn managers_described(&self, column: &str) -> Result<Vec<DataManager>> {
        let record = self.describe("describe the data managers of", Topic::ManagerInfo, column)?;
        let managers = record.into_iter().filter_map(|(_, value)| match value {
            Value::Record(fields) => Some(manager(fields)),
            _ => None,
        });
        Ok(managers.collect())
    }

    /// The names of the data managers, without a look into their files.
    ///
    /// # Errors
    /// [`Error::Casacore`].
    pub fn data_manager_names(&self) -> Result<Vec<String>> {
        Ok(self.manager_files()?.into_iter().map(|(manager, _)| manager.name).collect())
    }

    /// The data manager that holds a column.
    ///
    /// # Errors
    /// [`Error::NoSuchColumn`], [`Error::Casacore`].
    pub fn data_manager_of(&self, column: &str) -> Result<DataManager> {
        self.require(column)?;
        self.managers_described(column)?
            .into_iter()
            .find(|manager| manager.columns.iter().any(|name| name == column))
            .ok_or_else(|| {
                let message = "no data manager holds it".to_owned();
                self.failed(format!("describe column {column} of"), message)
            })
    }
}

/// The shape that the shim's flags mean.
pub(crate) fn shape_of(kind: &ColumnKind) -> ColumnShape {
    match (kind.scalar != 0, kind.fixed != 0) {
        (true, _) => ColumnShape::Scalar,
        (false, true) => ColumnShape::Fixed(kind.shape()),
        (false, false) => ColumnShape::Variable { ndim: kind.ndim() },
    }
}

/// One entry of casacore's `dataManagerInfo`.
fn manager(mut fields: Record) -> DataManager {
    let mut text = |name| match fields.remove(name) {
        Some(Value::String(text)) => text,
        _ => String::new(),
    };
    let (name, kind) = (text("NAME"), text("TYPE"));
    let columns = fields.get("COLUMNS").and_then(Value::to_strings);
    let sequence = fields.get("SEQNR").and_then(Value::as_i64).unwrap_or(0);
    let spec = match fields.remove("SPEC") {
        Some(Value::Record(spec)) => spec,
        _ => Record::new(),
    };
    DataManager {
        name,
        kind,
        sequence: u32::try_from(sequence).unwrap_or(0),
        columns: columns.unwrap_or_default(),
        spec,
    }
}

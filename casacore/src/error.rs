//! What can go wrong with a table, as one enum.

use std::io;
use std::path::PathBuf;

use crate::DataType;

/// The result of every fallible call of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of casacore, of the file system, or of a request that does not fit the table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// casacore threw an exception; the message is its own.
    #[error("casacore could not {operation} {}: {message}", path.display())]
    Casacore {
        /// What was attempted, as a verb phrase: "open table", "read column DATA of".
        operation: String,
        /// The table.
        path: PathBuf,
        /// casacore's own words.
        message: String,
    },
    /// The path does not hold a casacore table.
    #[error("{} is not a casacore table: {reason}", path.display())]
    NotATable {
        /// The path that was asked for.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// A file that the table's description names is not there.
    #[error("table {} is damaged: {} is missing{}; restore it from a copy of the data", table.display(), file.display(), column_list(columns))]
    MissingFile {
        /// The table.
        table: PathBuf,
        /// The missing file.
        file: PathBuf,
        /// The columns whose data are in it; empty when casacore could not open the table to say.
        columns: Vec<String>,
    },
    /// The table may not be written by this user, or its file system is read-only.
    #[error("table {} cannot be written: {}: {source}", table.display(), file.display())]
    NotWritable {
        /// The table.
        table: PathBuf,
        /// The file that refused.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another process holds the lock.
    #[error("table {} is locked by {}", table.display(), holder_name(*holder))]
    Locked {
        /// The table.
        table: PathBuf,
        /// Its process number; 0 when it has none here, `None` when nobody holds the lock any more.
        holder: Option<u32>,
    },
    /// The table has no such column.
    #[error("table {} has no column {column}", table.display())]
    NoSuchColumn {
        /// The table.
        table: PathBuf,
        /// The column asked for.
        column: String,
    },
    /// The table, or one of its columns, has no such keyword.
    #[error("table {} has no keyword {keyword}", table.display())]
    NoSuchKeyword {
        /// The table.
        table: PathBuf,
        /// `KEYWORD`, or `COLUMN/KEYWORD` for a column's own.
        keyword: String,
    },
    /// The column holds another type than was asked for or given.
    #[error("column {column} of {} holds {found}, which cannot be taken as {wanted}", table.display())]
    Type {
        /// The table.
        table: PathBuf,
        /// The column.
        column: String,
        /// What was asked for, e.g. "f64 arrays".
        wanted: String,
        /// What the column holds, e.g. "scalar Int".
        found: String,
    },
    /// Shapes that do not fit each other.
    #[error("column {column} of {}: {reason}", table.display())]
    Shape {
        /// The table.
        table: PathBuf,
        /// The column.
        column: String,
        /// What does not fit; shapes are in row-major order.
        reason: String,
    },
    /// A row range that reaches past the table's end.
    #[error("rows {start}..{end} of {} asked for, which has {count} rows", table.display())]
    Rows {
        /// The table.
        table: PathBuf,
        /// First row asked for.
        start: u64,
        /// One past the last row asked for.
        end: u64,
        /// Rows in the table.
        count: u64,
    },
    /// The cell has never been written.
    #[error("row {row} of column {column} of {} holds no value", table.display())]
    Undefined {
        /// The table.
        table: PathBuf,
        /// The column.
        column: String,
        /// The row, from 0.
        row: u64,
    },
    /// A value that a casacore table cannot hold, or a column that cannot be made.
    #[error("{0}")]
    Invalid(String),
    /// The file system refused.
    #[error("{operation} {}: {source}", path.display())]
    Io {
        /// What was attempted: "fsync", "list".
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// A type error for `column`, with the words for both sides.
    pub(crate) fn types(
        table: &std::path::Path,
        column: &str,
        wanted: &str,
        found: (DataType, bool),
    ) -> Self {
        let kind = if found.1 { "scalar" } else { "array of" };
        Error::Type {
            table: table.to_owned(),
            column: column.to_owned(),
            wanted: wanted.to_owned(),
            found: format!("{kind} {:?}", found.0),
        }
    }
}

/// The holder of a lock in words.
fn holder_name(holder: Option<u32>) -> String {
    match holder {
        Some(0) | None => "another process".to_owned(),
        Some(pid) => format!("process {pid}"),
    }
}

/// The columns of a missing file in words.
fn column_list(columns: &[String]) -> String {
    if columns.is_empty() { String::new() } else { format!(" (columns {})", columns.join(", ")) }
}

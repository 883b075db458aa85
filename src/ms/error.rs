//! What can be wrong with a MeasurementSet.

use std::path::PathBuf;

/// An error of a MeasurementSet: what is wrong, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum MsError {
    /// The path does not hold a MeasurementSet that can be opened.
    #[error("{}: not a MeasurementSet that can be opened: {message}", path.display())]
    Open {
        /// The path that was given.
        path: PathBuf,
        /// What stood in the way.
        message: String,
    },
    /// A subtable is missing or cannot be opened.
    #[error("{}: the subtable {table} is missing or unreadable ({message}); restore it from the original MeasurementSet", path.display())]
    Subtable {
        /// The MeasurementSet.
        path: PathBuf,
        /// The subtable's name.
        table: &'static str,
        /// What stood in the way.
        message: String,
    },
    /// The MeasurementSet contradicts itself or lacks what a prediction needs.
    #[error("{}: {message}", path.display())]
    Invalid {
        /// The MeasurementSet.
        path: PathBuf,
        /// What is wrong and what to do.
        message: String,
    },
    /// The model column exists in a form that cannot take the prediction.
    #[error("{}: column {column}: {message}", path.display())]
    Column {
        /// The MeasurementSet.
        path: PathBuf,
        /// The column.
        column: String,
        /// What is wrong and what to do.
        message: String,
    },
    /// Another process kept the lock for longer than the user would wait.
    #[error("{}: still locked by {holder} after {waited:.0} s; nothing was written. Close it there, or wait longer with --lock-timeout", path.display())]
    Locked {
        /// The MeasurementSet or subtable.
        path: PathBuf,
        /// The process in the way, as far as the system tells.
        holder: String,
        /// How long was waited [s].
        waited: f64,
    },
    /// The file system lacks room for the column, or for rewriting its description.
    #[error("{}: column {column} needs {needed} bytes more, and its description a little, but only {free} are free; nothing was written. Free some space", path.display())]
    Space {
        /// The MeasurementSet.
        path: PathBuf,
        /// The column.
        column: String,
        /// Bytes that the column takes beyond those it has.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// The file system or a limit of the process leaves no room.
    #[error("{}: {message}", path.display())]
    Room {
        /// The MeasurementSet.
        path: PathBuf,
        /// What is in the way and what to do.
        message: String,
    },
    /// A table operation failed.
    #[error(transparent)]
    Table(#[from] casacore::Error),
}

/// The result of an operation on a MeasurementSet.
pub type Result<T> = std::result::Result<T, MsError>;

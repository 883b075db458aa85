//! What can go wrong in reading a catalogue.

use std::path::PathBuf;

use super::Format;

/// Why a catalogue could not be read, where, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// The file cannot be opened or read.
    #[error("{}: cannot be read", path.display())]
    Io {
        /// The catalogue.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The compressed data are damaged.
    #[error("{}: the gzip data are damaged or cut short; fetch the file again", path.display())]
    Gzip {
        /// The catalogue.
        path: PathBuf,
        /// What the decompressor says.
        #[source]
        source: std::io::Error,
    },
    /// Nothing that is understood.
    #[error("{}: {found}; understood are:{}", path.display(), understood())]
    Unknown {
        /// The catalogue.
        path: PathBuf,
        /// What was found in its place.
        found: String,
    },
    /// The content is not of the format asked for.
    #[error("{}: read as {asked} as asked, but it is {found}; leave the format out to have it told from the content", path.display())]
    WrongFormat {
        /// The catalogue.
        path: PathBuf,
        /// The format asked for.
        asked: Format,
        /// What the content is.
        found: String,
    },
    /// The options given cannot be met.
    #[error("{}: {message}", path.display())]
    Option {
        /// The catalogue.
        path: PathBuf,
        /// What is wrong with them.
        message: String,
    },
    /// Bytes of a text that are not UTF-8.
    #[error("{}:{line}: not UTF-8 text; convert the file, for instance with iconv -f latin1 -t utf8", path.display())]
    NotUtf8 {
        /// The catalogue.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
    },
    /// The header of a text lacks something or can be read in two ways.
    #[error("{}:{line}: {message}", path.display())]
    Header {
        /// The catalogue.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong and what to do.
        message: String,
    },
    /// A row that cannot be read.
    #[error("{}:{line}: {message}", path.display())]
    Row {
        /// The catalogue.
        path: PathBuf,
        /// The line of a text, counted from 1; the row of a table.
        line: u64,
        /// What is wrong and what to do.
        message: String,
    },
    /// A cell that cannot be read.
    #[error("{}:{line}: column '{column}': '{value}': {reason}; mend or remove the row", path.display())]
    Cell {
        /// The catalogue.
        path: PathBuf,
        /// The line of a text, counted from 1; the row of a table.
        line: u64,
        /// The column's name.
        column: String,
        /// What stands there.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A table of another layout than its format has.
    #[error("{}: {message}", path.display())]
    Layout {
        /// The catalogue.
        path: PathBuf,
        /// What is wrong and what to do.
        message: String,
    },
    /// cfitsio cannot read the file.
    #[error("{}: the FITS file is damaged or cut short; fetch it again", path.display())]
    Fits {
        /// The catalogue.
        path: PathBuf,
        /// What cfitsio says.
        #[source]
        source: Box<fitsio::errors::Error>,
    },
    /// casacore cannot read the table.
    #[error("{}: the table cannot be read", path.display())]
    Table {
        /// The table.
        path: PathBuf,
        /// What casacore says.
        #[source]
        source: Box<casacore::Error>,
    },
    /// SQLite cannot read the database.
    #[error("{}: the database cannot be read; it may be damaged or be written to at this moment", path.display())]
    Sqlite {
        /// The catalogue.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// A file cannot be written.
    #[error("{}: cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// A database cannot be written.
    #[error("{}: the database cannot be written", path.display())]
    WriteSqlite {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// The output is there already.
    #[error("{}: is there already; --force replaces it", path.display())]
    Exists {
        /// The output.
        path: PathBuf,
    },
    /// Somebody wanted it to stop.
    #[error("interrupted: nothing was written")]
    Interrupted,
}

impl CatalogError {
    /// What is wrong with a row, in a few words, without the path.
    pub(super) fn brief(&self) -> String {
        match self {
            CatalogError::Row { line, message, .. } => {
                format!("{line}: {}", message.trim_end_matches("; mend or remove the row"))
            }
            CatalogError::Cell { line, column, value, reason, .. } => {
                format!("{line}: column '{column}': '{value}': {reason}")
            }
            other => other.to_string(),
        }
    }
}

/// The formats, one a line, for messages.
fn understood() -> String {
    Format::ALL.iter().map(|format| format!("\n  {format}: {}", format.describe())).collect()
}

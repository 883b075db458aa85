//! Catalogues and component lists: files in, components out.
//!
//! [`read`] tells the format from the content of the file, gzipped or not. To add a format: a file here with
//! a `read` function, a variant of [`Format`], and an arm in `detect` and in [`read`].

mod area;
mod builder;
mod csv;
mod csv_columns;
mod csv_table;
mod detect;
mod error;
mod input;
mod options;
mod sqlite;
mod vz;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

pub use error::CatalogError;
pub use options::{FluxUnit, Near, ReadOptions, UnknownFluxUnit};

use crate::sky::Component;
use builder::Builder;
use input::Input;

/// The frequency of NVSS [Hz], at which a survey's flux densities are taken if it does not say.
pub const NVSS_FREQUENCY: f64 = 1.4e9;

/// A catalogue, read.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// Its components, in the order of the file.
    pub components: Vec<Component>,
    /// Survey or model.
    pub kind: Kind,
    /// The format it was read as.
    pub format: Format,
    /// The file.
    pub path: PathBuf,
    /// SHA-256 of the file's bytes as stored (compressed, if it is), in lower-case hexadecimal.
    ///
    /// Of an SQLite database with a write-ahead log: of the database followed by the log.
    pub digest: String,
    /// Rows looked at, those dropped or too far away included. An SQLite database only shows those near
    /// enough.
    pub rows_read: u64,
    /// What was assumed, and what was dropped, in plain words.
    pub notes: Vec<String>,
}

/// What a catalogue is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A large part of the sky, of which an observation sees a little.
    Survey,
    /// The components of one observation's sky.
    Model,
}

/// The formats understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A FITS file with an AIPS VZ table: positions and flux densities of a survey.
    Vz,
    /// The SQLite database of the DSA-110 pipeline, full or a declination strip.
    Sqlite,
    /// A table of text, separated by commas, tabs or semicolons, with column names.
    Csv,
}

impl Format {
    /// Every format, in the order messages list them.
    pub const ALL: [Format; 3] = [Format::Vz, Format::Sqlite, Format::Csv];

    /// What is in such a file, in a few words.
    pub fn describe(self) -> &'static str {
        match self {
            Format::Vz => "FITS with an AIPS VZ table (NVSSVZ.FIT), also gzipped",
            Format::Sqlite => {
                "SQLite database of the DSA-110 pipeline (table 'sources': ra_deg, dec_deg, flux_mjy)"
            }
            Format::Csv => {
                "text with a header of column names (ra, dec, flux_jy ...) separated by commas, tabs or semicolons"
            }
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Format::Vz => "vz",
            Format::Sqlite => "sqlite",
            Format::Csv => "csv",
        })
    }
}

/// A format's name that is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown catalogue format '{0}': use vz, sqlite or csv")]
pub struct UnknownFormat(pub String);

impl FromStr for Format {
    type Err = UnknownFormat;

    /// Reads `vz`, `sqlite` or `csv`, in any case.
    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let name = text.trim().to_ascii_lowercase();
        let found = Format::ALL.into_iter().find(|format| format.to_string() == name);
        found.ok_or_else(|| UnknownFormat(text.trim().to_owned()))
    }
}

/// A catalogue whose format is known but whose rows are not read yet.
pub struct Source {
    input: Input,
    format: Format,
}

/// Opens a catalogue and tells its format, from its content unless `format` says it.
///
/// # Errors
/// If the file cannot be read, or its format is not understood or not the one given.
pub fn open(path: &Path, format: Option<Format>) -> Result<Source, CatalogError> {
    let input = Input::open(path)?;
    let format = detect::detect(&input, format)?;
    Ok(Source { input, format })
}

impl Source {
    /// The format.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Survey or model.
    pub fn kind(&self) -> Kind {
        match self.format {
            Format::Vz | Format::Sqlite => Kind::Survey,
            Format::Csv => Kind::Model,
        }
    }

    /// Reads the rows.
    ///
    /// # Errors
    /// If the file cannot be read, `options` do not fit it, or a row is malformed.
    pub fn read(&self, options: &ReadOptions) -> Result<Catalog, CatalogError> {
        options.check(&self.input.path)?;
        let mut builder = Builder::new(&self.input.path, options);
        let digest = match self.format {
            Format::Vz => vz::read(&self.input, options, &mut builder)?,
            Format::Sqlite => sqlite::read(&self.input, options, &mut builder)?,
            Format::Csv => csv::read(&self.input, options, &mut builder)?,
        };
        Ok(builder.finish(self.kind(), self.format, digest))
    }
}

/// Reads a catalogue: [`open`] and [`Source::read`] in one.
///
/// # Errors
/// If the file cannot be read, its format is not understood or not what `options` ask for, or a row is
/// malformed.
pub fn read(path: &Path, options: &ReadOptions) -> Result<Catalog, CatalogError> {
    open(path, options.format)?.read(options)
}

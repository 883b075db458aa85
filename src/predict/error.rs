//! Why a prediction was not made, or not trusted.

use std::path::PathBuf;
use std::time::Duration;

use super::report::Report;
use crate::catalog::CatalogError;
use crate::image::sky::ImageError;
use crate::ms::MsError;

/// An error of a prediction.
#[derive(Debug, thiserror::Error)]
pub enum PredictError {
    /// The options contradict each other, the MeasurementSet or the catalogue.
    #[error("{0}")]
    Options(String),
    /// The MeasurementSet cannot be used.
    #[error(transparent)]
    Ms(#[from] MsError),
    /// The catalogue cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The images cannot be used.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The arithmetic refused its input.
    #[error("{}: {context}: {source}", path.display())]
    Kernel {
        /// The MeasurementSet.
        path: PathBuf,
        /// What was being planned or predicted.
        context: String,
        /// What the kernel found.
        #[source]
        source: kernels::KernelError,
    },
    /// Nothing of the catalogue lies in the field, and the user wanted something.
    #[error("no source of {} lies {region}, and --require-sources was given; nothing was written", catalogue.display())]
    NoSources {
        /// The catalogue.
        catalogue: PathBuf,
        /// Where was looked, in words.
        region: String,
    },
    /// The visibilities that were read back are not what they should be.
    #[error(
        "{}: the check of {column} failed: rms error {rms:.2e}, max {max:.2e} of rms |V| exceeds the {allowed:.0e} that is allowed, ten times --epsilon; \
         the column is marked incomplete",
        path.display()
    )]
    Check {
        /// The MeasurementSet.
        path: PathBuf,
        /// The column.
        column: String,
        /// The rms error relative to rms |V|.
        rms: f64,
        /// The largest error relative to rms |V|.
        max: f64,
        /// What was allowed.
        allowed: f64,
        /// The whole run, with what the check found.
        report: Box<Report>,
    },
    /// The column's tile file could not be read or written.
    #[error("{}: {operation} failed: {source}; the column is marked incomplete, run again to repair it", path.display())]
    TileFile {
        /// The file.
        path: PathBuf,
        /// What was attempted.
        operation: &'static str,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The user stopped the run.
    #[error("interrupted: {state}")]
    Interrupted {
        /// What state the column is in.
        state: String,
    },
    /// The run took longer than it was given.
    #[error("stopped by --timeout after {:.1} s: {state}", limit.as_secs_f64())]
    TimedOut {
        /// What it was given.
        limit: Duration,
        /// What state the column is in.
        state: String,
    },
    /// A compute thread died.
    #[error(
        "a compute thread stopped unexpectedly: {0}; the column is marked incomplete. Please report this"
    )]
    Thread(String),
    /// The threads could not be started.
    #[error("the compute threads could not be started: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

impl From<casacore::Error> for PredictError {
    fn from(error: casacore::Error) -> Self {
        PredictError::Ms(error.into())
    }
}

/// The result of a prediction.
pub type Result<T> = std::result::Result<T, PredictError>;

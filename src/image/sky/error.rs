//! Why images make no sky.

use std::path::PathBuf;

use fitsio::errors::Error as FitsError;

/// An error of the images of a sky.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A file cannot be opened or read.
    #[error("{}: cannot be read", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// cfitsio cannot read it.
    #[error("{}: not a FITS file that can be read", path.display())]
    Fits {
        /// The file.
        path: PathBuf,
        /// What cfitsio says.
        #[source]
        source: Box<FitsError>,
    },
    /// A file is no image of the sky that is understood, or does not go with the others.
    #[error("{}: {message}", path.display())]
    Layout {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        message: String,
    },
    /// No images, or more than one kind of them, have the names that were asked for.
    #[error("{}: {message}", prefix.display())]
    Names {
        /// What their names begin with.
        prefix: PathBuf,
        /// What is wrong, and what to do.
        message: String,
    },
    /// The options do not go with the images.
    #[error("{0}")]
    Options(String),
}

/// The result of reading images.
pub(super) type Result<T> = std::result::Result<T, ImageError>;

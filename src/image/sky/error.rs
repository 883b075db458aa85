//! Why images make no sky.

use std::path::{Path, PathBuf};

use crate::image::FitsFileError;

/// An error of the images of a sky.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A file cannot be read, is no image of the sky that is understood, or does not go with the others.
    #[error(transparent)]
    File(#[from] FitsFileError),
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

impl ImageError {
    /// That of a file which is not as it should be.
    pub(super) fn layout(path: &Path, message: impl Into<String>) -> ImageError {
        ImageError::File(FitsFileError::layout(path, message))
    }
}

/// The result of reading images.
pub(super) type Result<T> = std::result::Result<T, ImageError>;

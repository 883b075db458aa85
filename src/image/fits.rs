//! FITS files opened and their keywords read, for beams and for images of the sky.

use std::fs::File;
use std::path::{Path, PathBuf};

use fitsio::FitsFile;
use fitsio::errors::Error as FitsError;
use fitsio::hdu::{FitsHdu, HduInfo};

/// A FITS file that is open.
pub(super) struct OpenFits {
    pub(super) file: FitsFile,
    /// Keeps the descriptor by which a file of an odd name was opened.
    _descriptor: Option<File>,
}

/// Why a FITS file is of no use.
#[derive(Debug, thiserror::Error)]
pub enum FitsFileError {
    /// It cannot be opened or read.
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
    /// What it holds is not what is looked for, or does not go with other files.
    #[error("{}: {message}", path.display())]
    Layout {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        message: String,
    },
}

impl FitsFileError {
    pub(super) fn io(path: &Path, source: std::io::Error) -> FitsFileError {
        FitsFileError::Io { path: path.to_owned(), source }
    }

    pub(super) fn fits(path: &Path, source: FitsError) -> FitsFileError {
        FitsFileError::Fits { path: path.to_owned(), source: Box::new(source) }
    }

    pub(super) fn layout(path: &Path, message: impl Into<String>) -> FitsFileError {
        FitsFileError::Layout { path: path.to_owned(), message: message.into() }
    }
}

/// Opens a file (gzip too) to read.
pub(super) fn open(path: &Path) -> Result<OpenFits, FitsFileError> {
    let io = |source| FitsFileError::io(path, source);
    let file = File::open(path).map_err(io)?;
    if file.metadata().map_err(io)?.is_dir() {
        return Err(io(std::io::ErrorKind::IsADirectory.into()));
    }
    // cfitsio takes file names apart and calls its standard input by some ("-", "stdin.fits"): a name that begins at the
    // root is none of these, and one with other such characters is opened by its descriptor.
    let given = path;
    let path = &path.canonicalize().map_err(io)?;
    let plain = |c: char| c.is_alphanumeric() || "/._-".contains(c);
    let fits = |source| FitsFileError::fits(given, source);
    if path.to_str().is_some_and(|name| name.chars().all(plain)) {
        return Ok(OpenFits { file: FitsFile::open(path).map_err(fits)?, _descriptor: None });
    }
    let name = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file));
    Ok(OpenFits { file: FitsFile::open(name).map_err(fits)?, _descriptor: Some(file) })
}

/// The first HDU with an image, and the lengths of its axes in the order of NAXISn.
pub(super) fn find_image(file: &mut FitsFile) -> Option<(FitsHdu, Vec<usize>)> {
    (0..).map_while(|index| file.hdu(index).ok()).find_map(|hdu| match &hdu.info {
        HduInfo::ImageInfo { shape, .. } if shape.len() >= 2 => {
            let lengths = shape.iter().rev().copied().collect();
            Some((hdu, lengths))
        }
        _ => None,
    })
}

/// The keywords of an HDU.
pub(super) struct Keywords<'a> {
    pub(super) hdu: &'a FitsHdu,
    pub(super) file: &'a mut FitsFile,
}

impl Keywords<'_> {
    /// A text in capitals; empty where there is none.
    pub(super) fn text(&mut self, key: &str) -> String {
        self.words(key).to_ascii_uppercase()
    }

    /// A text as it stands; empty where there is none.
    pub(super) fn words(&mut self, key: &str) -> String {
        let text: String = self.hdu.read_key(self.file, key).unwrap_or_default();
        text.trim().to_owned()
    }

    pub(super) fn number(&mut self, key: &str) -> Option<f64> {
        self.hdu.read_key::<f64>(self.file, key).ok().filter(|number| number.is_finite())
    }

    /// CDELT of an axis (counted from 1), times PC or from CD.
    pub(super) fn step(&mut self, axis: usize) -> f64 {
        if let Some(step) = self.number(&format!("CD{axis}_{axis}")) {
            return step;
        }
        let turn = self.number(&format!("PC{axis}_{axis}")).unwrap_or(1.0);
        turn * self.number(&format!("CDELT{axis}")).unwrap_or(1.0)
    }

    /// What one unit of CUNIT of an axis is, out of those known; `default` where it is blank.
    pub(super) fn unit(&mut self, axis: usize, known: &[(&str, f64)], default: f64) -> Result<f64, String> {
        let unit = self.text(&format!("CUNIT{axis}"));
        match known.iter().find(|(name, _)| *name == unit) {
            Some((_, size)) => Ok(*size),
            None if unit.is_empty() => Ok(default),
            None => {
                let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
                Err(format!("CUNIT{axis} is '{unit}'; understood are {}", names.join(", ")))
            }
        }
    }
}

/// Units of frequencies [Hz].
pub(super) const FREQUENCIES: [(&str, f64); 4] = [("HZ", 1.0), ("KHZ", 1e3), ("MHZ", 1e6), ("GHZ", 1e9)];

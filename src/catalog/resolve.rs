//! The catalogue that a word stands for.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::CatalogError;

/// The environment variable that names the file, or the folder of strips, which the word `NVSS` stands for.
pub const NVSS_VARIABLE: &str = "NVSS_CATALOG";

/// The path of a catalogue given as `argument`: the word `NVSS`, in any case, stands for what `variable`, the
/// value of [`NVSS_VARIABLE`], names, unless there is a file of that name.
///
/// # Errors
/// If the word is given and the variable is not set, or empty.
pub fn resolve(argument: &Path, variable: Option<&OsStr>) -> Result<PathBuf, CatalogError> {
    let is_word = argument.to_str().is_some_and(|word| word.eq_ignore_ascii_case("nvss"));
    if !is_word || argument.exists() {
        return Ok(argument.to_owned());
    }
    match variable {
        Some(named) if !named.is_empty() => Ok(PathBuf::from(named)),
        _ => Err(CatalogError::Option {
            path: argument.to_owned(),
            message: format!(
                "stands for the catalogue named by the environment variable {NVSS_VARIABLE}, which is not set; set it, \
                 or give the catalogue's file"
            ),
        }),
    }
}

//! The folder in which the DSA-110 pipeline keeps its declination strips of NVSS.
//!
//! `nvss_dec+54.6.sqlite3` is the strip about +54.6° (dsa110-contimg, `catalog/builders.py`); the pipeline
//! takes the one nearest to the declination observed, no further than 6° from it (`catalog/query.py`).

use std::path::{Path, PathBuf};

use super::{CatalogError, Near};
use crate::coords::Frame;

/// The furthest that a strip may lie from what is observed [deg].
const FURTHEST: f64 = 6.0;

/// The declination [deg] that a file's name tells, if it is a strip.
fn declination(name: &str) -> Option<f64> {
    let rest = name.strip_prefix("nvss_dec")?;
    let number = rest.strip_suffix(".sqlite3").or_else(|| rest.strip_suffix(".sqlite"))?;
    number.parse::<f64>().ok().filter(|dec| dec.abs() <= 90.0)
}

/// The strips in a folder with their declinations [deg], southernmost first.
pub(super) fn strips(folder: &Path) -> Result<Vec<(f64, PathBuf)>, CatalogError> {
    let error = |source| CatalogError::Io { path: folder.to_owned(), source };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(error)? {
        let entry = entry.map_err(error)?;
        if let Some(dec) = entry.file_name().to_str().and_then(declination) {
            found.push((dec, entry.path()));
        }
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
    Ok(found)
}

/// The strip for what is observed.
pub(super) fn nearest(
    folder: &Path,
    strips: &[(f64, PathBuf)],
    near: Option<&Near>,
) -> Result<PathBuf, CatalogError> {
    let error = |message: String| CatalogError::Option { path: folder.to_owned(), message };
    let listed = || {
        let listed: Vec<String> = strips.iter().map(|(dec, _)| format!("{dec:+.1}°")).collect();
        listed.join(", ")
    };
    let centres = near.map(|near| near.centres.as_slice()).unwrap_or_default();
    if centres.is_empty() {
        return Err(error(format!(
            "a folder of declination strips ({}), and nothing to choose by: give the strip's file, or a --radius about \
             the field centres",
            listed()
        )));
    }
    let decs = centres.iter().map(|centre| centre.to(Frame::J2000).latitude.to_degrees());
    let (low, high) =
        decs.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), dec| (low.min(dec), high.max(dec)));
    let middle = 0.5 * (low + high);
    let distance = |strip: &&(f64, PathBuf)| (strip.0 - middle).abs();
    match strips.iter().min_by(|a, b| distance(a).total_cmp(&distance(b))) {
        Some(strip) if distance(&strip) <= FURTHEST => Ok(strip.1.clone()),
        _ => Err(error(format!(
            "no strip within {FURTHEST}° of the declination observed, {middle:+.1}°; there are {}",
            listed()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_declinations() {
        assert_eq!(declination("nvss_dec+54.6.sqlite3"), Some(54.6));
        assert_eq!(declination("nvss_dec-5.0.sqlite3"), Some(-5.0));
        for other in [
            "nvss_full.sqlite3",
            "nvss_dec+54.6.sqlite3-wal",
            "first_dec+54.6.sqlite3",
            "nvss_dec+95.0.sqlite3",
        ] {
            assert_eq!(declination(other), None, "{other}");
        }
    }
}

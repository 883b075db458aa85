//! Region files: DS9's `.reg` and CASA's `.crtf`.
//!
//! Read are the shapes that have an area (circles, ellipses, boxes, polygons, annuli), included or excluded, in equatorial
//! or galactic coordinates. Points, lines and texts are passed over. Pixels are an error: there is no image here.

mod crtf;
pub(super) mod ds9;

use std::path::{Path, PathBuf};

use super::CatalogError;
use super::input::utf8;
use crate::coords::{self, Direction, Frame};
use crate::sky::{Outline, Region, RegionSet};

/// A part of the sky, as a user gives it.
#[derive(Clone, Debug, PartialEq)]
pub enum Area {
    /// One region.
    Region(Region),
    /// Those of a file.
    File(PathBuf),
}

impl Area {
    /// Its regions.
    ///
    /// # Errors
    /// If it is a file that cannot be read, or has no regions in it.
    pub fn regions(&self) -> Result<RegionSet, CatalogError> {
        match self {
            Area::Region(region) => Ok(RegionSet { included: vec![region.clone()], excluded: Vec::new() }),
            Area::File(path) => read(path),
        }
    }
}

/// Reads a region file of either kind.
///
/// # Errors
/// If it cannot be read, a line is not understood, or it has no region with an area.
pub fn read(path: &Path) -> Result<RegionSet, CatalogError> {
    let bytes = std::fs::read(path).map_err(|source| CatalogError::Io { path: path.to_owned(), source })?;
    let text = utf8(path, bytes)?;
    let text = text.trim_start_matches('\u{feff}');
    let parse = if is_crtf(text) { crtf::parse } else { ds9::parse };
    let set = parse(text).map_err(|Wrong { line, message }| CatalogError::Row {
        path: path.to_owned(),
        line,
        message,
    })?;
    if set.included.is_empty() && set.excluded.is_empty() {
        return Err(CatalogError::Layout {
            path: path.to_owned(),
            message: "no region with an area in it; it should be a DS9 region file (fk5; circle(...)) or one of CASA's \
                      (#CRTFv0, circle[[...], ...])"
                .into(),
        });
    }
    Ok(set)
}

/// Whether a text is CASA's: by its first line, or by its brackets.
fn is_crtf(text: &str) -> bool {
    let first = text.trim_start();
    first.starts_with("#CRTF")
        || !first.starts_with("# Region file format: DS9")
            && text.lines().any(|line| !line.trim_start().starts_with('#') && line.contains("[["))
}

/// What is wrong with a line, counted from 1.
struct Wrong {
    line: u64,
    message: String,
}

/// Where shapes go.
fn put(set: &mut RegionSet, region: Region, excluded: bool) {
    if excluded { &mut set.excluded } else { &mut set.included }.push(region);
}

/// A position from a longitude and a latitude as text, neither of which is in pixels.
fn position(frame: Frame, longitude: &str, latitude: &str) -> Result<Direction, String> {
    let wrong = |text: &str, error: coords::AngleError| format!("'{text}': {error}");
    let parse = if frame.is_equatorial() { coords::parse_ra } else { coords::parse_longitude };
    let x = parse(longitude).map_err(|error| wrong(longitude, error))?;
    let y = coords::parse_dec(latitude).map_err(|error| wrong(latitude, error))?;
    Ok(Direction::new(frame, x, y))
}

/// Lengths that may be those of a region [rad]: positive, and not all round the sky.
fn positive(lengths: &[f64]) -> Result<(), String> {
    match lengths.iter().find(|length| !(**length > 0.0 && **length <= std::f64::consts::PI)) {
        Some(length) => {
            Err(format!("a size of {}° is none: more than 0° and at most 180°", length.to_degrees()))
        }
        None => Ok(()),
    }
}

/// The polygon with these corners.
fn polygon(corners: &[Direction]) -> Result<Region, String> {
    Region::polygon(corners)
        .ok_or_else(|| "a polygon has three corners or more, all within 90° of their middle".into())
}

/// The annulus between two radii [rad], the first of which may be zero.
fn annulus(centre: Direction, inner: f64, outer: f64) -> Result<Region, String> {
    positive(&[outer])?;
    if !(inner >= 0.0 && inner < outer) {
        return Err("the radii of an annulus ascend".into());
    }
    Ok(Region { centre, outline: Outline::Annulus(inner, outer) })
}

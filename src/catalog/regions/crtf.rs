//! CASA's regions: <https://casadocs.readthedocs.io/en/stable/notebooks/image_analysis.html#Region-File-Format>.
//!
//! Every number has its unit. Ellipses are given by their half axes and the position angle of the first, north through
//! east. The corners of a `box` are joined by great circles. Spectral ranges and polarisations do not matter here.

use std::f64::consts::PI;

use super::{Wrong, annulus, polygon, position, positive, put};
use crate::coords::{Direction, Frame};
use crate::sky::{Outline, Region, RegionSet};

/// Shapes that are always annotations.
const WITHOUT_AREA: &[&str] = &["line", "polyline", "vector", "text", "symbol"];

/// The regions of a text.
pub(super) fn parse(text: &str) -> Result<RegionSet, Wrong> {
    let mut set = RegionSet::default();
    // A file that does not say is in the frame of CASA's image, which is mostly J2000.
    let mut global = Frame::J2000;
    for (number, line) in (1u64..).zip(text.lines()) {
        let line = line.trim();
        let at = |message| Wrong { line: number, message };
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(rest) = line.strip_prefix("global") {
            global = frame(rest, global).map_err(at)?;
        } else {
            shape(line, global, &mut set).map_err(at)?;
        }
    }
    Ok(set)
}

/// The frame that parameters (`coord=J2000, ...`) name.
fn frame(parameters: &str, otherwise: Frame) -> Result<Frame, String> {
    let value = parameters.split(',').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("coord").then(|| value.trim())
    });
    value.map_or(Ok(otherwise), |value| value.parse().map_err(|error| format!("coord: {error}")))
}

/// Takes a line with a shape.
fn shape(line: &str, global: Frame, set: &mut RegionSet) -> Result<(), String> {
    let (excluded, rest) = match line.strip_prefix('-') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, line.trim_start_matches('+').trim_start()),
    };
    let Some((name, _)) = rest.split_once('[') else {
        return Err(format!("'{}' is not a region of CASA's", line.chars().take(40).collect::<String>()));
    };
    let (name, rest) = (name.trim().to_ascii_lowercase(), &rest[name.len()..]);
    // An annotation is only drawn.
    if name == "ann" || name.starts_with("ann ") || WITHOUT_AREA.contains(&name.as_str()) {
        return Ok(());
    }
    let (inside, parameters) = bracketed(rest).ok_or("the brackets do not match")?;
    let frame = frame(parameters, global)?;
    let plain = inside.replace(['[', ']'], " ");
    let numbers: Vec<&str> = plain.split(',').map(str::trim).collect();
    put(set, region(&name, frame, &numbers)?, excluded);
    Ok(())
}

/// What stands in the brackets that a text begins with, and what follows them.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some((&text[1..at], &text[at + 1..]));
        }
    }
    None
}

/// A shape from its numbers.
fn region(name: &str, frame: Frame, numbers: &[&str]) -> Result<Region, String> {
    let place = |at: usize| match (numbers.get(at), numbers.get(at + 1)) {
        (Some(x), Some(y)) => direction(frame, x, y),
        _ => Err(format!("'{name}' has too few numbers")),
    };
    let corners = || (0..numbers.len()).step_by(2).map(place).collect::<Result<Vec<Direction>, String>>();
    match (name, numbers) {
        ("circle", [_, _, radius]) => {
            let radius = length(radius)?;
            positive(&[radius])?;
            Ok(Region::circle(place(0)?, radius))
        }
        ("annulus", [_, _, inner, outer]) => annulus(place(0)?, length(inner)?, length(outer)?),
        ("ellipse", [_, _, first, second, angle]) => {
            let axes = [length(first)?, length(second)?];
            positive(&axes)?;
            let outline = Outline::Ellipse { axes, inner: None, angle: length(angle)? };
            Ok(Region { centre: place(0)?, outline })
        }
        ("centerbox" | "rotbox", [_, _, width, height, turned @ ..]) if turned.len() <= 1 => {
            let sides = [length(width)?, length(height)?];
            positive(&sides)?;
            let angle = turned.first().map_or(Ok(0.0), |angle| length(angle))?;
            Ok(Region { centre: place(0)?, outline: Outline::Box { sides, inner: None, angle } })
        }
        ("box", [_, _, _, _]) => {
            let (one, other) = (place(0)?, place(2)?);
            // The shorter way round in longitude.
            let width = (other.longitude - one.longitude + PI).rem_euclid(2.0 * PI) - PI;
            let at = |east: f64, latitude: f64| Direction::new(frame, one.longitude + east, latitude);
            polygon(&[
                at(0.0, one.latitude),
                at(width, one.latitude),
                at(width, other.latitude),
                at(0.0, other.latitude),
            ])
        }
        ("poly" | "polygon", numbers) if numbers.len() % 2 == 0 => polygon(&corners()?),
        ("circle" | "annulus" | "ellipse" | "centerbox" | "rotbox" | "box" | "poly" | "polygon", _) => {
            Err(format!("'{name}' does not have {} numbers", numbers.len()))
        }
        _ => Err(format!(
            "'{name}' is not understood: circle, annulus, ellipse, box, centerbox, rotbox and poly are"
        )),
    }
}

/// Refuses pixels, and numbers without a unit.
fn with_unit(word: &str) -> Result<(), String> {
    if word.ends_with("pix") {
        return Err(format!(
            "'{word}' is in pixels, and there is no image; save the regions in world coordinates"
        ));
    }
    if word.parse::<f64>().is_ok() {
        return Err(format!(
            "'{word}' has no unit; CASA's region files have one for every number, as in {word}deg"
        ));
    }
    Ok(())
}

/// A position: `18h12m24s`, `18:12:24`, `-03.47.27.1`, `140.03deg`.
fn direction(frame: Frame, x: &str, y: &str) -> Result<Direction, String> {
    with_unit(x)?;
    with_unit(y)?;
    position(frame, x, y)
}

/// A length or an angle [rad]: `5arcmin`, `30arcsec`, `0.1deg`, `0.01rad`.
fn length(word: &str) -> Result<f64, String> {
    with_unit(word)?;
    let units: [(&str, f64); 5] = [
        ("arcsec", 1.0 / 3600.0),
        ("arcmin", 1.0 / 60.0),
        ("deg", 1.0),
        ("\"", 1.0 / 3600.0),
        ("'", 1.0 / 60.0),
    ];
    let found =
        units.iter().find_map(|(unit, degrees)| Some((word.strip_suffix(unit)?, degrees.to_radians())));
    let found = found.or_else(|| Some((word.strip_suffix("rad")?, 1.0)));
    match found.and_then(|(number, unit)| Some((number.trim().parse::<f64>().ok()?, unit))) {
        Some((value, unit)) if value.is_finite() => Ok(value * unit),
        _ => Err(format!("'{word}' is not a size: a number with arcsec, arcmin, deg or rad")),
    }
}

//! DS9's regions: <https://ds9.si.edu/doc/ref/region.html>.
//!
//! Angles of ellipses and boxes count counter-clockwise from the axis of right ascension, as DS9 draws them with north
//! up and east to the left: the first half axis of an ellipse lies at a position angle of 90° more.

use super::{Wrong, annulus, polygon, position, positive, put};
use crate::coords::{Direction, Frame};
use crate::sky::{Outline, Region, RegionSet};

/// Words for coordinates that only an image can turn into a direction.
const PIXELS: &[&str] = &["image", "physical", "detector", "amplifier", "linear", "wcs"];
/// Frames of the sky that this program does not know.
const OTHER_FRAMES: &[&str] = &["ecliptic"];
/// Shapes without an area.
const WITHOUT_AREA: &[&str] =
    &["point", "line", "vector", "text", "ruler", "compass", "projection", "segment", "tile"];

/// What is wrong without a coordinate system.
pub(in crate::catalog) const UNSAID: &str =
    "no coordinate system before the first shape, which DS9 takes for pixels";

/// The frame that a word, in lower case, sets for the shapes after it, or why none can be read; none if it is no such word.
pub(in crate::catalog) fn coordinates(word: &str) -> Option<Result<Frame, String>> {
    if let Ok(named) = word.parse::<Frame>() {
        Some(Ok(named))
    } else if PIXELS.contains(&word) {
        Some(Err(format!("'{word}' coordinates are those of an image, and there is none")))
    } else if OTHER_FRAMES.contains(&word) {
        Some(Err(format!("{word} coordinates are not known here")))
    } else {
        None
    }
}

/// The regions of a text.
pub(super) fn parse(text: &str) -> Result<RegionSet, Wrong> {
    let mut set = RegionSet::default();
    let mut frame = Err(UNSAID.to_owned());
    for (number, line) in (1u64..).zip(text.lines()) {
        // What follows a '#' are properties: colours and labels.
        let line = line.split('#').next().unwrap_or_default();
        for command in line.split(';').map(str::trim).filter(|command| !command.is_empty()) {
            let word = command.to_ascii_lowercase();
            if word == "global" || word.starts_with("global ") {
                break;
            }
            match coordinates(&word) {
                Some(named) => frame = named,
                None => shape(&word, &frame, &mut set).map_err(|message| Wrong { line: number, message })?,
            }
        }
    }
    Ok(set)
}

/// Takes a shape, in lower case.
fn shape(text: &str, frame: &Result<Frame, String>, set: &mut RegionSet) -> Result<(), String> {
    let (excluded, rest) = match text.strip_prefix(['-', '!']) {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text.trim_start_matches('+').trim_start()),
    };
    let name_ends = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    let (name, rest) = rest.split_at(name_ends);
    if WITHOUT_AREA.contains(&name) {
        return Ok(());
    }
    if !["circle", "annulus", "ellipse", "box", "polygon"].contains(&name) {
        return Err(format!(
            "'{}' is not understood: circle, annulus, ellipse, box and polygon are",
            text.chars().take(40).collect::<String>()
        ));
    }
    let frame = frame.clone().map_err(|why| {
        format!("{why}; save the regions in fk5, icrs, fk4 or galactic (in DS9: Region, File Format, Coordinate System)")
    })?;
    // Composite regions end in '||'.
    let rest = rest.trim().trim_end_matches('|').trim();
    let arguments = match rest.strip_prefix('(') {
        Some(inner) => inner.strip_suffix(')').ok_or("a ')' is missing at the end")?,
        None => rest,
    };
    let arguments: Vec<&str> =
        arguments.split([',', ' ', '\t']).map(str::trim).filter(|word| !word.is_empty()).collect();
    put(set, region(name, frame, &arguments)?, excluded);
    Ok(())
}

/// A shape from its arguments.
fn region(name: &str, frame: Frame, arguments: &[&str]) -> Result<Region, String> {
    let place = |at: usize| match (arguments.get(at), arguments.get(at + 1)) {
        (Some(x), Some(y)) => direction(frame, x, y),
        _ => Err(format!("'{name}' has too few numbers")),
    };
    if name == "polygon" {
        if arguments.len() % 2 == 1 {
            return Err("a polygon has an even count of numbers".into());
        }
        let corners = (0..arguments.len()).step_by(2).map(place).collect::<Result<Vec<Direction>, _>>()?;
        return polygon(&corners);
    }
    let centre = place(0)?;
    let sizes = arguments.get(2..).unwrap_or_default();
    let lengths =
        |words: &[&str]| words.iter().map(|word| length(word)).collect::<Result<Vec<f64>, String>>();
    match (name, sizes) {
        ("circle", [radius]) => {
            let radius = length(radius)?;
            positive(&[radius])?;
            Ok(Region::circle(centre, radius))
        }
        // Several rings touch one another: the first radius and the last bound them all.
        ("annulus", [inner, .., outer]) => {
            lengths(sizes)?;
            annulus(centre, length(inner)?, length(outer)?)
        }
        ("ellipse" | "box", sizes) if sizes.len() >= 2 => {
            let (pairs, angle) = sizes.split_at(sizes.len() / 2 * 2);
            let angle = angle.first().map_or(Ok(0.0), |word| turn(word))?;
            let pairs = lengths(pairs)?;
            positive(&pairs)?;
            let outer = [pairs[pairs.len() - 2], pairs[pairs.len() - 1]];
            let inner = (pairs.len() > 2).then(|| [pairs[0], pairs[1]]);
            if inner.is_some_and(|inner| inner[0] >= outer[0] || inner[1] >= outer[1]) {
                return Err(format!("the sizes of several a '{name}' ascend"));
            }
            let outline = if name == "box" {
                Outline::Box { sides: outer, inner, angle }
            } else {
                Outline::Ellipse { axes: outer, inner, angle: angle + std::f64::consts::FRAC_PI_2 }
            };
            Ok(Region { centre, outline })
        }
        _ => Err(format!("'{name}' does not have {} numbers", arguments.len())),
    }
}

/// A position; `p` and `i` mark pixels, `r` radians.
pub(in crate::catalog) fn direction(frame: Frame, x: &str, y: &str) -> Result<Direction, String> {
    let [x, y] = [unmarked(x)?, unmarked(y)?];
    position(frame, &x, &y)
}

/// An angle as the rest of the program reads it.
fn unmarked(word: &str) -> Result<String, String> {
    match word.strip_suffix('r') {
        _ if word.ends_with(['p', 'i']) => Err(pixels(word)),
        Some(number) => Ok(format!("{number}rad")),
        None => Ok(word.to_owned()),
    }
}

fn pixels(word: &str) -> String {
    format!("'{word}' is in pixels, and there is no image; save the regions with sizes in degrees or arcsec")
}

/// A length [rad]: `30"`, `5'`, `0.1d`, `0.01r`, or degrees.
pub(in crate::catalog) fn length(word: &str) -> Result<f64, String> {
    if word.ends_with(['p', 'i']) {
        return Err(pixels(word));
    }
    let (number, unit) = match word.char_indices().last() {
        Some((at, '"')) => (&word[..at], (1f64 / 3600.0).to_radians()),
        Some((at, '\'')) => (&word[..at], (1f64 / 60.0).to_radians()),
        Some((at, 'd')) => (&word[..at], 1f64.to_radians()),
        Some((at, 'r')) => (&word[..at], 1.0),
        _ => (word, 1f64.to_radians()),
    };
    match number.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value * unit),
        _ => Err(format!("'{word}' is not a size: a number, and \" or ' or d")),
    }
}

/// An angle of rotation [rad], in degrees.
pub(in crate::catalog) fn turn(word: &str) -> Result<f64, String> {
    match word.trim_end_matches('d').parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value.to_radians()),
        _ => Err(format!("'{word}' is not an angle in degrees")),
    }
}

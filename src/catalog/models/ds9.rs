//! DS9's regions as a list of components: <https://ds9.si.edu/doc/ref/region.html>.
//!
//! Points and circles are points, ellipses Gaussians whose full widths at half maximum are their axes. The text of each ends in
//! its flux density, after its name (`point(83.6,22.0) # text={3C144 955 Jy}`), as `regions` and `convert` write them; the format has
//! no frequency. Files whose regions say none can only select.

use std::f64::consts::{FRAC_PI_2, PI};
use std::io::{self, Write};

use super::line::{self, Line};
use super::losses::Losses;
use super::number::{Num, arcsec, degrees, half_turn};
use super::row::{ANY_FREQUENCY, Angles, Holds, Row};
use crate::catalog::builder::Builder;
use crate::catalog::input::Input;
use crate::catalog::regions::ds9;
use crate::catalog::{CatalogError, FluxUnit, ReadOptions};
use crate::coords::Frame;
use crate::sky::{AngleFrame, Component, Gaussian, Shape, Spectrum, Stokes};

/// What such files begin with.
const HEADER: &str = "# Region file format: DS9";

/// Whether a text that begins so is of regions: by its first line, or by a first word that is one of DS9's.
pub(in crate::catalog) fn is_model(head: &str) -> bool {
    let first = head.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    let word = first.and_then(|line| line.split(';').next()).unwrap_or_default().to_ascii_lowercase();
    head.trim_start().starts_with(HEADER)
        || ds9::coordinates(word.trim()).is_some()
        || word.starts_with("global ") && head.contains("text=")
}

/// Reads the regions; returns the digest of the file.
pub(in crate::catalog) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    let mut lines = input.lines()?;
    let mut frame = Err(ds9::UNSAID.to_owned());
    let mut assumed = 0u64;
    while let Some((line, text)) = line::next(&mut lines)? {
        let (shapes, properties) = text.split_once('#').unwrap_or((text, ""));
        for command in shapes.split(';').map(str::trim).filter(|command| !command.is_empty()) {
            let word = command.to_ascii_lowercase();
            if word == "global" || word.starts_with("global ") {
                break;
            }
            if let Some(named) = ds9::coordinates(&word) {
                frame = named;
                continue;
            }
            let own = frame.clone().map_err(|why| line.wrong(why))?;
            let component = component(line, &word, properties, own, options)?;
            assumed += 1;
            builder.take_model(component, true, line.number)?;
        }
    }
    if assumed > 0 && !builder.detailed() {
        builder.note(match options.reference_frequency {
            Some(_) => format!("{assumed} regions given the spectral index {}", options.alpha),
            None => format!("{assumed} regions taken as flat: the format has no frequency (--ref-freq)"),
        });
    }
    input.digest()
}

/// The component of a shape, in lower case, and its properties.
fn component(
    line: Line,
    shape: &str,
    properties: &str,
    frame: Frame,
    options: &ReadOptions,
) -> Result<Component, CatalogError> {
    let (kind, rest) = shape.split_at(shape.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(shape.len()));
    let inside = rest.trim().trim_start_matches('(').trim_end_matches(')');
    let words: Vec<&str> = inside.split([',', ' ', '\t']).filter(|word| !word.is_empty()).collect();
    let size = |at: usize| ds9::length(words[at]).map_err(|why| line.wrong(why));
    let shape = match (kind, words.len()) {
        ("point", 2) | ("circle", 3) => Shape::Point,
        ("ellipse", 4 | 5) => {
            let turn = words.get(4).map_or(Ok(0.0), |word| ds9::turn(word)).map_err(|why| line.wrong(why))?;
            // DS9 counts from the axis of right ascension.
            let angle = (turn + FRAC_PI_2).rem_euclid(PI);
            let north = options.pa_frame.unwrap_or(AngleFrame::Source);
            Shape::Gaussian(Gaussian::new(2.0 * size(2)?, 2.0 * size(3)?, angle, north))
        }
        _ => {
            let said: String = shape.chars().take(40).collect();
            return Err(line.wrong(format!("'{said}' is no component: points, circles and ellipses are")));
        }
    };
    let position = ds9::direction(options.frame.unwrap_or(frame), words[0], words[1]);
    let position = position.map_err(|why| line.wrong(why))?;
    let (name, flux) = label(properties).and_then(flux).ok_or_else(|| {
        line.wrong("a region whose text does not end in a flux density (text={name 12.3 mJy}): it selects (--only, --exclude)")
    })?;
    let spectrum = match options.reference_frequency {
        Some(reference) => Spectrum::PowerLaw { alpha: options.alpha, reference },
        None => Spectrum::Flat,
    };
    let component = Component::new(position, shape, Stokes::unpolarised(flux), spectrum);
    Ok(component.named(Some(name.to_owned()).filter(|name| !name.is_empty())))
}

/// The text of a region, between braces or quotes.
fn label(properties: &str) -> Option<&str> {
    let rest = properties.split_once("text=")?.1;
    let close = match rest.chars().next()? {
        '{' => '}',
        quote @ ('"' | '\'') => quote,
        _ => return None,
    };
    rest[1..].split(close).next()
}

/// The name and the flux density [Jy] of a text.
fn flux(text: &str) -> Option<(&str, f64)> {
    let (rest, unit) = text.trim().rsplit_once(char::is_whitespace)?;
    let unit: FluxUnit = unit.parse().ok()?;
    let (name, number) = rest.trim_end().rsplit_once(char::is_whitespace).unwrap_or(("", rest.trim_end()));
    let value: f64 = number.parse().ok()?;
    value.is_finite().then(|| (name.trim(), value * unit.in_jy()))
}

/// Writes points and ellipses in J2000 with their names and flux densities.
pub(super) fn write(out: &mut dyn Write, components: &[Component], losses: &mut Losses) -> io::Result<()> {
    writeln!(out, "{HEADER} version 4.1\nglobal color=green width=1\nfk5")?;
    for (index, component) in components.iter().enumerate() {
        let Some(row) = Row::of(component, index, Holds::gaussians(Angles::Source), losses) else { continue };
        row.unpolarised(losses);
        if *row.spectrum != Spectrum::Flat {
            losses
                .add("spectra were left out: flux densities are those at the reference frequency", &row.name);
        }
        let flux = component.stokes_at(row.spectrum.reference().unwrap_or(ANY_FREQUENCY)).i;
        let (ra, dec) = (degrees(row.ra), degrees(row.dec));
        match row.ellipse {
            None => write!(out, "point({ra},{dec}) # point=circle")?,
            Some(shape) => {
                let [major, minor] = [shape.major, shape.minor].map(|axis| arcsec(0.5 * axis));
                let turn = degrees(half_turn(shape.position_angle + FRAC_PI_2));
                write!(out, "ellipse({ra},{dec},{major}\",{minor}\",{turn}) #")?;
            }
        }
        writeln!(out, " text={{{} {} Jy}}", row.word(&['{', '}', ';'], losses), Num(flux))?;
    }
    Ok(())
}

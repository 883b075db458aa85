//! The text format of the Real-Time System of the MWA.
//!
//! <https://mwatelescope.github.io/mwa_hyperdrive/defs/source_list_rts.html>: a `SOURCE` is its first component, further ones
//! stand between `COMPONENT` and `ENDCOMPONENT`. Right ascensions are in [h], declinations in [deg] (J2000); `FREQ` lines are
//! flux densities in [Hz] and [Jy] between which power laws of I are drawn; axes of `GAUSSIAN` and `SHAPELET2` are in [arcmin],
//! position angles, which come first, in [deg] north through east.

use std::io::{self, Write};
use std::sync::Arc;

use super::line::{self, Line, Words};
use super::losses::Losses;
use super::number::{Num, degrees, tidy};
use super::row::{self, Angles, Holds, Row};
use super::source::{Assumed, Part, push};
use crate::catalog::builder::Builder;
use crate::catalog::input::Input;
use crate::catalog::{CatalogError, ReadOptions};
use crate::coords::{Direction, Frame};
use crate::sky::{
    AngleFrame, Component, Gaussian, Shape, Shapelet, ShapeletConvention, ShapeletTerm, Stokes,
};

/// Whether a text that begins so is such a sky model: a source with a position.
pub(in crate::catalog) fn is_model(head: &str) -> bool {
    let first = head.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let words: Vec<&str> = first.unwrap_or_default().split_ascii_whitespace().collect();
    matches!(words.as_slice(), ["SOURCE", _, ra, dec] if ra.parse::<f64>().is_ok() && dec.parse::<f64>().is_ok())
}

/// A position in hours and degrees.
pub(super) fn position(
    line: Line,
    words: &mut Words,
    options: &ReadOptions,
) -> Result<Direction, CatalogError> {
    let (hours, degrees) = (words.number("a right ascension in hours")?, words.number("a declination")?);
    if !(0.0..=24.0).contains(&hours) || !(-90.0..=90.0).contains(&degrees) {
        return Err(line.wrong(format!("{hours} h, {degrees}° is no position: 0 to 24 h and ±90°")));
    }
    let frame = options.frame.unwrap_or(Frame::J2000);
    Ok(Direction::from_degrees(frame, (15.0 * hours).rem_euclid(360.0), degrees))
}

/// A frequency [Hz] and Stokes parameters [Jy].
pub(super) fn flux(line: Line, words: &mut Words) -> Result<(f64, Stokes), CatalogError> {
    let frequency = words.number("a frequency in Hz")?;
    if frequency.is_nan() || frequency <= 0.0 {
        return Err(line.wrong("the frequency is not a positive number"));
    }
    let [i, q, u, v] = [
        words.number("Stokes I")?,
        words.number("Stokes Q")?,
        words.number("Stokes U")?,
        words.number("Stokes V")?,
    ];
    Ok((frequency, Stokes { i, q, u, v }))
}

/// A position angle and two axes [rad].
pub(super) fn extent(words: &mut Words) -> Result<(f64, [f64; 2]), CatalogError> {
    let angle = words.number("a position angle")?.to_radians();
    let axes = [words.number("a major axis")?, words.number("a minor axis")?];
    Ok((angle, axes.map(|axis| (axis / 60.0).to_radians())))
}

/// Shapelets without any yet.
pub(super) fn shapelet((position_angle, scales): (f64, [f64; 2]), options: &ReadOptions) -> Shape {
    Shape::Shapelet(Arc::new(Shapelet {
        scales,
        position_angle,
        angle_frame: options.pa_frame.unwrap_or(AngleFrame::Source),
        terms: Vec::new(),
        convention: ShapeletConvention::Hyperdrive,
    }))
}

/// Adds a coefficient to the shapelets of `part`.
pub(super) fn coefficient(line: Line, words: &mut Words, part: &mut Part) -> Result<(), CatalogError> {
    let mut order = || -> Result<u8, CatalogError> {
        let order = words.number("an order")?;
        if order.fract() == 0.0 && (0.0..=255.0).contains(&order) {
            Ok(order as u8)
        } else {
            Err(line.cell("order", &order.to_string(), "not a whole number from 0 to 100"))
        }
    };
    let (n1, n2) = (order()?, order()?);
    let value = words.number("a coefficient")?;
    match &mut part.shape {
        Shape::Shapelet(shapelet) => Arc::make_mut(shapelet).terms.push(ShapeletTerm { n1, n2, value }),
        _ => return Err(line.wrong("a coefficient without shapelets before it")),
    }
    Ok(())
}

/// Reads the model; returns the digest of the file.
pub(in crate::catalog) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    let mut lines = input.lines()?;
    let mut assumed = Assumed::default();
    let mut source: Option<(String, Vec<Part>)> = None;
    let mut in_component = false;
    while let Some((line, text)) = line::next(&mut lines)? {
        let text = text.split('#').next().unwrap_or_default();
        let Some((keyword, mut words)) = Words::of(line, text) else { continue };
        if keyword == "SOURCE" {
            if source.is_some() {
                return Err(line.wrong("a SOURCE within a SOURCE: ENDSOURCE is missing"));
            }
            let name = words.text("a name")?.to_owned();
            source = Some((name, vec![Part::new(position(line, &mut words, options)?, line.number)]));
            words.end()?;
            continue;
        }
        let Some((_, parts)) = &mut source else {
            return Err(line.wrong(format!("'{keyword}' outside of a SOURCE")));
        };
        let part = parts.last_mut().ok_or_else(|| line.wrong("a SOURCE without a component"))?;
        let shaped = part.shape != Shape::Point;
        match keyword {
            "FREQ" => {
                let (frequency, stokes) = flux(line, &mut words)?;
                part.measured(line, frequency, stokes)?;
            }
            "GAUSSIAN" | "SHAPELET2" if shaped => {
                return Err(line.wrong("a component with two shapes"));
            }
            "GAUSSIAN" => {
                let (angle, [major, minor]) = extent(&mut words)?;
                if major > 0.0 || minor > 0.0 {
                    let frame = options.pa_frame.unwrap_or(AngleFrame::Source);
                    part.shape = Shape::Gaussian(Gaussian::new(major, minor, angle, frame));
                }
            }
            "SHAPELET2" => part.shape = shapelet(extent(&mut words)?, options),
            "SHAPELET" => {
                return Err(
                    line.wrong("shapelets of the first kind, which nothing predicts any more; use SHAPELET2")
                );
            }
            "COEFF" => coefficient(line, &mut words, part)?,
            "COMPONENT" if in_component => {
                return Err(line.wrong("a COMPONENT within a COMPONENT: ENDCOMPONENT is missing"));
            }
            "COMPONENT" => {
                parts.push(Part::new(position(line, &mut words, options)?, line.number));
                in_component = true;
            }
            "ENDCOMPONENT" if !in_component => return Err(line.wrong("ENDCOMPONENT without a COMPONENT")),
            "ENDCOMPONENT" => in_component = false,
            "ENDSOURCE" if in_component => return Err(line.wrong("ENDSOURCE within a COMPONENT")),
            "ENDSOURCE" => {
                if let Some((name, parts)) = source.take() {
                    push(line, &name, None, parts, options, builder, &mut assumed)?;
                }
            }
            _ => return Err(line.wrong(format!("'{keyword}' is not a word of this format"))),
        }
        words.end()?;
    }
    if source.is_some() {
        return Err(
            Line { input, number: lines.number }.wrong("the file ends within a source: ENDSOURCE is missing")
        );
    }
    assumed.note(options, builder);
    input.digest()
}

/// An angle [rad] as arcminutes.
pub(super) fn arcmin(angle: f64) -> Num {
    Num(tidy(angle.to_degrees() * 60.0))
}

/// Right ascension in hours and declination in degrees.
pub(super) fn place(row: &Row) -> String {
    format!("{} {}", Num(tidy(row.ra.to_degrees() / 15.0)), degrees(row.dec))
}

/// What the MWA's text formats have.
pub(super) const HOLDS: Holds = Holds { shapelets: true, patches: true, ..Holds::gaussians(Angles::Source) };

/// Writes a list: the first component of a source is the source itself.
pub(super) fn write(out: &mut dyn Write, components: &[Component], losses: &mut Losses) -> io::Result<()> {
    for (name, rows) in row::sources(components, HOLDS, losses, source) {
        for (at, row) in rows.iter().enumerate() {
            match at {
                0 => writeln!(out, "SOURCE {name} {}", place(row))?,
                _ => writeln!(out, "COMPONENT {}", place(row))?,
            }
            entry(out, row, losses)?;
            if at > 0 {
                writeln!(out, "ENDCOMPONENT")?;
            }
        }
        writeln!(out, "ENDSOURCE")?;
    }
    Ok(())
}

/// The name of a component's source, as one word.
pub(super) fn source(row: &Row, losses: &mut Losses) -> String {
    row::word(row.source(), &['#'], losses).into_owned()
}

/// Flux densities and shape.
fn entry(out: &mut dyn Write, row: &Row, losses: &mut Losses) -> io::Result<()> {
    for (frequency, Stokes { i, q, u, v }) in row.measurements(losses) {
        writeln!(out, "FREQ {} {} {} {} {}", Num(frequency), Num(i), Num(q), Num(u), Num(v))?;
    }
    if let Some(shape) = row.ellipse {
        let angle = degrees(shape.position_angle);
        writeln!(out, "GAUSSIAN {angle} {} {}", arcmin(shape.major), arcmin(shape.minor))?;
    }
    if let Some((shapelet, angle)) = row.shapelet() {
        let [major, minor] = shapelet.scales.map(arcmin);
        writeln!(out, "SHAPELET2 {} {major} {minor}", degrees(angle))?;
        for term in &shapelet.terms {
            writeln!(out, "COEFF {} {} {}", term.n1, term.n2, Num(term.value))?;
        }
    }
    Ok(())
}

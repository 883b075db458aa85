//! Tigger's text models.
//!
//! <https://github.com/ratt-ru/tigger-lsm>, `Tigger/Models/Formats/ASCII.py`: a first line `#format: name ra_d dec_d i ...` that
//! names the columns, of which the last of a name counts (without it `name ra_h ra_m ra_s dec_d dec_m dec_s i q u v spi rm emaj_s
//! emin_s pa_d freq0 tags...`); blanks between them. Angles end in their unit: `_h`, `_d`, `_m`, `_s`, `_rad`. Spectra are
//! `S = S0 (ν/ν0)^(spi + spi2 ln ν/ν0 + ...)`; Q and U with a rotation measure are those at freq0.

use std::io::{self, Write};

use super::line::Line;
use super::losses::Losses;
use super::number::{Num, arcsec, degrees};
use super::row::{Angles, Holds, Row, of_ln_terms};
use super::text::Text;
use crate::catalog::builder::Builder;
use crate::catalog::input::Input;
use crate::catalog::{CatalogError, ReadOptions};
use crate::coords::{Direction, Frame};
use crate::sky::{AngleFrame, Component, FaradayRotation, Gaussian, Polarisation, Shape, Spectrum, Stokes};

/// Whether a text that begins so is such a model.
pub(in crate::catalog) fn is_model(head: &str) -> bool {
    head.lines().next().is_some_and(|line| line.starts_with("#format:"))
}

/// The names of columns.
struct Columns(Vec<String>);

/// A row and the line it stands in.
struct Cells<'a> {
    columns: &'a Columns,
    cells: Vec<&'a str>,
    line: Line<'a>,
}

impl Columns {
    /// The place of a column: the last of its name.
    fn place(&self, name: &str) -> Option<usize> {
        self.0.iter().rposition(|column| column == name)
    }

    fn has(&self, name: &str) -> bool {
        self.place(name).is_some()
    }
}

impl Cells<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.cells.get(self.columns.place(name)?).copied()
    }

    fn number(&self, name: &str) -> Result<Option<f64>, CatalogError> {
        self.text(name).map(|text| self.line.number(name, text)).transpose()
    }

    /// An angle [rad] in the first of these columns that there is, whose names end in the unit; `h` is 15 degrees.
    fn angle(&self, names: &[&str]) -> Result<Option<f64>, CatalogError> {
        for name in names {
            if let Some(value) = self.number(name)? {
                return Ok(Some(match unit(name) {
                    "rad" => value,
                    "h" => (15.0 * value).to_radians(),
                    "m" => (value / 60.0).to_radians(),
                    "s" => (value / 3600.0).to_radians(),
                    _ => value.to_radians(),
                }));
            }
        }
        Ok(None)
    }

    /// A coordinate in up to three columns [rad]; the sign of the first, or a column of signs, is that of all.
    fn coordinate(&self, of: &Coordinate) -> Result<f64, CatalogError> {
        let whole = self.angle(of.first)?;
        let whole =
            whole.ok_or_else(|| self.line.wrong(format!("no value in the column of '{}'", of.name)))?;
        let first = of.first.iter().find(|name| self.columns.has(name)).copied().unwrap_or_default();
        // Minutes and seconds are parts of what the first column counts.
        let scale = if unit(first) == "h" { 15f64.to_radians() } else { 1f64.to_radians() };
        let mut size = whole.abs();
        if unit(first) != "rad" {
            for (part, parts) in of.parts.iter().zip([60.0, 3600.0]) {
                size += self.number(part)?.unwrap_or_default() / parts * scale;
            }
        }
        let written = self.text(of.sign).or_else(|| self.text(first)).unwrap_or_default();
        Ok(if written.starts_with('-') { -size } else { size })
    }
}

/// The unit that the name of a column ends in.
fn unit(name: &str) -> &str {
    name.rsplit('_').next().unwrap_or_default()
}

/// The columns of a coordinate.
struct Coordinate {
    name: &'static str,
    /// Of which one is there.
    first: &'static [&'static str],
    /// Minutes and seconds.
    parts: [&'static str; 2],
    sign: &'static str,
}

const RA: Coordinate =
    Coordinate { name: "ra", first: &["ra_rad", "ra_d", "ra_h"], parts: ["ra_m", "ra_s"], sign: "ra_sign" };
const DEC: Coordinate =
    Coordinate { name: "dec", first: &["dec_rad", "dec_d"], parts: ["dec_m", "dec_s"], sign: "dec_sign" };
const TERMS: [&str; 9] = ["spi", "spi2", "spi3", "spi4", "spi5", "spi6", "spi7", "spi8", "spi9"];
const MAJOR: [&str; 5] = ["emaj_rad", "emaj_d", "emaj_h", "emaj_m", "emaj_s"];
const MINOR: [&str; 5] = ["emin_rad", "emin_d", "emin_h", "emin_m", "emin_s"];
const ANGLE: [&str; 5] = ["pa_rad", "pa_d", "pa_h", "pa_m", "pa_s"];

/// The columns of a format line, or of a file without one.
fn columns(line: Line, text: &str) -> Result<Columns, CatalogError> {
    let names: Vec<String> = text.split_ascii_whitespace().map(str::to_owned).collect();
    let columns = Columns(names);
    let any = |of: &Coordinate| of.first.iter().any(|name| columns.has(name));
    if !columns.has("i") || !any(&RA) || !any(&DEC) {
        return Err(
            line.header("the format names no column of ra_d, ra_h or ra_rad, dec_d or dec_rad, and i")
        );
    }
    Ok(columns)
}

/// Reads the model; returns the digest of the file.
pub(in crate::catalog) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    const USUAL: &str =
        "name ra_h ra_m ra_s dec_d dec_m dec_s i q u v spi rm emaj_s emin_s pa_d freq0 tags...";
    let mut text = Text::new(input)?;
    let names = text.next_if(|line| line.starts_with("#format:"))?;
    let columns = match names {
        Some((line, names)) => columns(line, names.strip_prefix("#format:").unwrap_or(names))?,
        None => columns(text.line(), USUAL)?,
    };
    let component = |line: Line, text: &str, usual: Option<f64>| {
        let cells = text.split_ascii_whitespace().collect();
        let cells = Cells { columns: &columns, cells, line };
        let reference = cells.number("freq0")?.or(usual);
        let component = component(&cells, reference.filter(|hz| *hz > 0.0), options)?;
        let constant = component.spectrum == Spectrum::Flat && columns.has("spi") && reference.is_none();
        Ok::<_, CatalogError>((reference, component, constant))
    };
    // Without a frequency a source has that of the first that has one, which only the order of the lines tells.
    let place = columns.place("freq0").filter(|_| options.reference_frequency.is_none());
    let parse = |line: Line, text: &str| {
        let text = text.split('#').next().unwrap_or_default();
        if text.trim().is_empty() {
            return Ok(None);
        }
        if place.is_some_and(|place| text.split_ascii_whitespace().nth(place).is_none()) {
            return Ok(Some(Err(text.to_owned())));
        }
        component(line, text, options.reference_frequency).map(|found| Some(Ok(found)))
    };
    let (mut usual, mut constant) = (None, 0u64);
    let take = |number, found: Result<(Option<f64>, Component, bool), String>| {
        let later = |text: String| component(Line { input, number }, &text, usual);
        let (reference, component, stays) = found.or_else(later)?;
        usual = usual.or(reference.filter(|hz| *hz > 0.0));
        constant += u64::from(stays);
        builder.take_model(component, false, number)
    };
    let digest = text.rows(parse, take)?;
    if constant > 0 {
        builder.note(format!(
            "{constant} sources without a freq0 taken as the same at every frequency, as Tigger does"
        ));
    }
    Ok(digest)
}

fn component(
    cells: &Cells,
    reference: Option<f64>,
    options: &ReadOptions,
) -> Result<Component, CatalogError> {
    let line = cells.line;
    let i = cells.number("i")?.ok_or_else(|| line.wrong("no value in the column 'i'"))?;
    let ra = cells.coordinate(&RA)?;
    let dec = cells.coordinate(&DEC)?;
    let position =
        Direction::new(options.frame.unwrap_or(Frame::J2000), ra.rem_euclid(std::f64::consts::TAU), dec);
    let mut stokes = Stokes {
        i,
        q: cells.number("q")?.unwrap_or_default(),
        u: cells.number("u")?.unwrap_or_default(),
        v: cells.number("v")?.unwrap_or_default(),
    };
    if let Some(text) = cells.text("pol_frac") {
        let fraction = match text.strip_suffix('%') {
            Some(percent) => line.number("pol_frac", percent)? / 100.0,
            None => line.number("pol_frac", text)?,
        };
        let angle = cells.angle(&["pol_pa_d", "pol_pa_rad"])?.unwrap_or_default();
        stokes = Stokes::linear(i, fraction, angle, 0.0);
    }
    let mut terms = [0.0; TERMS.len()];
    for (term, name) in terms.iter_mut().zip(TERMS) {
        *term = cells.number(name)?.unwrap_or_default();
    }
    let spectrum = reference.map_or(Spectrum::Flat, |reference| of_ln_terms(&terms, reference));
    let axis = |names: &[&str]| Ok::<f64, CatalogError>(cells.angle(names)?.unwrap_or_default());
    let (major, minor) = (axis(&MAJOR)?, axis(&MINOR)?);
    let shape = if major > 0.0 || minor > 0.0 {
        let frame = options.pa_frame.unwrap_or(AngleFrame::Source);
        Shape::Gaussian(Gaussian::new(major, minor, axis(&ANGLE)?, frame))
    } else {
        Shape::Point
    };
    let mut component = Component::new(position, shape, stokes, spectrum);
    component.name = cells.text("name").map(str::to_owned);
    let measure = cells.number("rm")?.unwrap_or_default();
    if let (Some(reference), true) = (reference, measure != 0.0 && (stokes.q != 0.0 || stokes.u != 0.0)) {
        let rotation = Some(FaradayRotation::from_frequency(measure, reference));
        component.polarisation = Some(Box::new(Polarisation { rotation, ..Polarisation::default() }));
    }
    Ok(component)
}

/// Writes a model with a format line.
pub(super) fn write(out: &mut dyn Write, components: &[Component], losses: &mut Losses) -> io::Result<()> {
    writeln!(out, "#format: name ra_d dec_d i q u v spi spi2 spi3 spi4 rm emaj_s emin_s pa_d freq0")?;
    for (index, component) in components.iter().enumerate() {
        let Some(row) = Row::of(component, index, Holds::gaussians(Angles::Source), losses) else { continue };
        let Stokes { i, q, u, v } = row.turning(losses);
        let (terms, reference) = row.ln_terms(4, losses);
        write!(out, "{} {} {}", row.word(&['#'], losses), degrees(row.ra), degrees(row.dec))?;
        for value in [i, q, u, v] {
            write!(out, " {}", Num(value))?;
        }
        for at in 0..4 {
            write!(out, " {}", Num(terms.get(at).copied().unwrap_or_default()))?;
        }
        let (major, minor, angle) =
            row.ellipse.map_or((0.0, 0.0, 0.0), |shape| (shape.major, shape.minor, shape.position_angle));
        writeln!(
            out,
            " {} {} {} {} {}",
            Num(row.rotation_measure()),
            arcsec(major),
            arcsec(minor),
            degrees(angle),
            Num(reference)
        )?;
    }
    Ok(())
}

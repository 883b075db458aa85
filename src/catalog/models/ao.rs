//! The text format of André Offringa's `mwa-reduce`: `skymodel fileformat 1.1`.
//!
//! <https://mwatelescope.github.io/mwa_hyperdrive/defs/source_list_ao.html>: blocks in braces. Positions are J2000, right
//! ascensions with an `h`; `shape` has full widths in [arcsec] and the position angle in [deg], north through east;
//! `measurement` blocks are flux densities between which power laws of I are drawn, a `sed` is a power law with further terms
//! in log10 as WSClean has them. Version 1.0 gives XX, XY, YX and YY instead of I, Q, U and V.

use std::io::{self, Write};

use super::line::{self, Line, Words};
use super::losses::Losses;
use super::number::{Num, Sexagesimal, arcsec, degrees, tidy};
use super::row::{self, Angles, Holds, Row};
use super::source::{Assumed, Flux, Part, push};
use crate::catalog::builder::Builder;
use crate::catalog::input::Input;
use crate::catalog::{CatalogError, ReadOptions};
use crate::coords::{self, Direction, Frame};
use crate::sky::{AngleFrame, Component, Gaussian, Shape, Spectrum, Stokes};

/// Whether a text that begins so is such a sky model.
pub(in crate::catalog) fn is_model(head: &str) -> bool {
    let first = head.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#'));
    first.is_some_and(|line| line.split_ascii_whitespace().take(2).eq(["skymodel", "fileformat"]))
}

/// A block in braces.
#[derive(Clone, Copy, PartialEq)]
enum Block {
    Source,
    Component,
    Sed,
    Measurement,
}

/// A source being read.
#[derive(Default)]
struct State {
    blocks: Vec<Block>,
    /// Flux densities are XX, XY, YX and YY.
    instrumental: bool,
    name: String,
    cluster: Option<String>,
    parts: Vec<Part>,
    gaussian: bool,
    shaped: bool,
    positioned: bool,
    frequency: Option<f64>,
    stokes: Option<Stokes>,
    terms: Vec<f64>,
}

/// Reads the model; returns the digest of the file.
pub(in crate::catalog) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    let mut lines = input.lines()?;
    let (mut state, mut assumed) = (State::default(), Assumed::default());
    while let Some((line, text)) = line::next(&mut lines)? {
        let text = text.split('#').next().unwrap_or_default().trim();
        state.take(line, text, options, builder, &mut assumed)?;
    }
    if !state.blocks.is_empty() {
        return Err(
            Line { input, number: lines.number }.wrong("the file ends within a block: a '}' is missing")
        );
    }
    assumed.note(options, builder);
    input.digest()
}

impl State {
    fn take(
        &mut self,
        line: Line,
        text: &str,
        options: &ReadOptions,
        builder: &mut Builder,
        assumed: &mut Assumed,
    ) -> Result<(), CatalogError> {
        let Some((keyword, mut words)) = Words::of(line, text) else { return Ok(()) };
        let within = |block| {
            if self.blocks.last() == Some(&block) {
                Ok(())
            } else {
                Err(line.wrong(format!("'{keyword}' does not belong here")))
            }
        };
        match keyword {
            "skymodel" => match (words.text("'fileformat'")?, words.text("a version")?) {
                ("fileformat", "1.0") => self.instrumental = true,
                ("fileformat", "1.1") => {}
                (_, version) => {
                    return Err(line.wrong(format!("version '{version}' is not known: 1.0 and 1.1 are")));
                }
            },
            "source" if self.blocks.is_empty() => {
                *self = State { instrumental: self.instrumental, ..State::default() };
                return self.open(line, Block::Source, text);
            }
            "component" => {
                within(Block::Source)?;
                self.parts.push(Part::new(Direction::new(Frame::J2000, 0.0, 0.0), line.number));
                (self.gaussian, self.shaped, self.positioned) = (false, false, false);
                return self.open(line, Block::Component, text);
            }
            "sed" | "measurement" => {
                within(Block::Component)?;
                (self.frequency, self.stokes, self.terms) = (None, None, Vec::new());
                return self.open(line, if keyword == "sed" { Block::Sed } else { Block::Measurement }, text);
            }
            "}" => return self.close(line, options, builder, assumed),
            "name" | "cluster" => {
                within(Block::Source)?;
                let quoted = text.split('"').nth(1);
                let quoted =
                    quoted.ok_or_else(|| line.wrong(format!("the {keyword} must stand in quotes (\")")))?;
                match keyword {
                    "name" => self.name = quoted.to_owned(),
                    _ => self.cluster = Some(quoted.to_owned()),
                }
                return Ok(());
            }
            "type" => {
                within(Block::Component)?;
                let word = words.text("point or gaussian")?;
                match word {
                    "point" => {}
                    "gaussian" => self.gaussian = true,
                    _ => return Err(line.cell("type", word, "only point and gaussian are known")),
                }
            }
            "position" => {
                within(Block::Component)?;
                let (ra, dec) = (words.text("a right ascension")?, words.text("a declination")?);
                let longitude =
                    coords::parse_ra(ra).map_err(|error| line.cell("position", ra, error.reason))?;
                let latitude =
                    coords::parse_dec(dec).map_err(|error| line.cell("position", dec, error.reason))?;
                let frame = options.frame.unwrap_or(Frame::J2000);
                self.part(line)?.position = Direction::new(frame, longitude, latitude);
                self.positioned = true;
            }
            "shape" => {
                within(Block::Component)?;
                let [major, minor] = [words.number("a major axis")?, words.number("a minor axis")?]
                    .map(|axis| (axis / 3600.0).to_radians());
                let angle = words.number("a position angle")?.to_radians();
                self.shaped = true;
                if major > 0.0 || minor > 0.0 {
                    let frame = options.pa_frame.unwrap_or(AngleFrame::Source);
                    self.part(line)?.shape = Shape::Gaussian(Gaussian::new(major, minor, angle, frame));
                }
            }
            "frequency" => {
                self.in_flux(line, keyword)?;
                let value = words.number("a frequency")?;
                let unit = words.text("a unit (MHz)")?;
                let scale = match unit {
                    "Hz" => 1.0,
                    "kHz" => 1e3,
                    "MHz" => 1e6,
                    "GHz" => 1e9,
                    _ => return Err(line.cell("frequency", unit, "not a unit of frequency: use MHz")),
                };
                self.frequency = Some(value * scale);
            }
            "fluxdensity" => {
                self.in_flux(line, keyword)?;
                let unit = words.text("a unit (Jy)")?;
                if unit != "Jy" {
                    return Err(line.cell("fluxdensity", unit, "only Jy is known"));
                }
                let [i, q, u, v] = [
                    words.number("Stokes I")?,
                    words.number("Stokes Q")?,
                    words.number("Stokes U")?,
                    words.number("Stokes V")?,
                ];
                if self.instrumental && q != u {
                    return Err(line.wrong("XY and YX differ: V would be an imaginary number"));
                }
                self.stokes = Some(if self.instrumental {
                    // XX, XY, YX, YY as real numbers: XX = I + Q, YY = I − Q, XY and YX = U.
                    Stokes { i: 0.5 * (i + v), q: 0.5 * (i - v), u: q, v: 0.0 }
                } else {
                    Stokes { i, q, u, v }
                });
            }
            "spectral-index" => {
                within(Block::Sed)?;
                let list = text["spectral-index".len()..].trim();
                let list = list.strip_prefix('{').and_then(|list| list.strip_suffix('}'));
                let list =
                    list.ok_or_else(|| line.wrong("spectral indices stand in braces: { -0.7 0.00 }"))?;
                let terms = list.split([',', ' ', '\t']).filter(|term| !term.is_empty());
                self.terms =
                    terms.map(|term| line.number("spectral-index", term)).collect::<Result<Vec<f64>, _>>()?;
                return Ok(());
            }
            _ => return Err(line.wrong(format!("'{keyword}' is not a word of this format, or not here"))),
        }
        words.end()
    }

    fn part(&mut self, line: Line) -> Result<&mut Part, CatalogError> {
        self.parts.last_mut().ok_or_else(|| line.wrong("this belongs into a component"))
    }

    fn in_flux(&self, line: Line, keyword: &str) -> Result<(), CatalogError> {
        match self.blocks.last() {
            Some(Block::Sed | Block::Measurement) => Ok(()),
            _ => Err(line.wrong(format!("'{keyword}' belongs into a measurement or a sed"))),
        }
    }

    fn open(&mut self, line: Line, block: Block, text: &str) -> Result<(), CatalogError> {
        if !text.ends_with('{') {
            return Err(line.wrong(format!("'{text}' must be followed by {{ in its line")));
        }
        self.blocks.push(block);
        Ok(())
    }

    fn close(
        &mut self,
        line: Line,
        options: &ReadOptions,
        builder: &mut Builder,
        assumed: &mut Assumed,
    ) -> Result<(), CatalogError> {
        match self.blocks.pop() {
            None => Err(line.wrong("a '}' too many")),
            Some(Block::Source) => {
                let parts = std::mem::take(&mut self.parts);
                if parts.is_empty() {
                    return Err(line.wrong(format!("the source '{}' has no component", self.name)));
                }
                push(line, &self.name, self.cluster.as_deref(), parts, options, builder, assumed)
            }
            Some(Block::Component) => {
                if !self.positioned {
                    return Err(line.wrong("a component without a position"));
                }
                // One without a size is a point.
                match (self.gaussian, self.shaped) {
                    (true, false) => return Err(line.wrong("a gaussian without a shape")),
                    (false, true) => self.part(line)?.shape = Shape::Point,
                    _ => {}
                }
                Ok(())
            }
            Some(block) => {
                let (Some(frequency), Some(stokes)) = (self.frequency, self.stokes) else {
                    return Err(line.wrong("a flux density needs both its frequency and its value"));
                };
                if frequency.is_nan() || frequency <= 0.0 {
                    return Err(line.wrong("the frequency is not a positive number"));
                }
                let terms = std::mem::take(&mut self.terms);
                let part = self.part(line)?;
                if block == Block::Measurement {
                    return part.measured(line, frequency, stokes);
                }
                if !matches!(part.flux, Flux::None) {
                    return Err(line.wrong("a component has one sed, or measurements"));
                }
                part.flux = Flux::Law(stokes, row::of_log10_terms(&terms, frequency));
                Ok(())
            }
        }
    }
}

/// Writes a sky model of version 1.1.
pub(super) fn write(out: &mut dyn Write, components: &[Component], losses: &mut Losses) -> io::Result<()> {
    writeln!(out, "skymodel fileformat 1.1")?;
    let holds = Holds { patches: true, ..Holds::gaussians(Angles::Source) };
    let key = |row: &Row, _: &mut Losses| format!("{}\n{}", row.name, row.source());
    for (_, rows) in row::sources(components, holds, losses, key) {
        let Some(first) = rows.first() else { continue };
        writeln!(out, "source {{\n  name \"{}\"", first.name.replace('"', "'"))?;
        // Several components are a patch of the source's name.
        if let Some(patch) =
            first.component.patch.as_deref().filter(|patch| rows.len() == 1 || *patch != first.name)
        {
            writeln!(out, "  cluster \"{}\"", patch.replace('"', "'"))?;
        }
        for row in &rows {
            entry(out, row, losses)?;
        }
        writeln!(out, "}}")?;
    }
    Ok(())
}

fn entry(out: &mut dyn Write, row: &Row, losses: &mut Losses) -> io::Result<()> {
    let kind = if row.ellipse.is_some() { "gaussian" } else { "point" };
    let (ra, dec) = (Sexagesimal::hours(row.ra), Sexagesimal::degrees(row.dec));
    writeln!(out, "  component {{\n    type {kind}")?;
    writeln!(
        out,
        "    position {:02}h{:02}m{}s {}{:02}d{:02}m{}s",
        ra.whole,
        ra.minutes,
        ra.seconds_text(),
        dec.sign(),
        dec.whole,
        dec.minutes,
        dec.seconds_text()
    )?;
    if let Some(shape) = row.ellipse {
        let (major, minor) = (arcsec(shape.major), arcsec(shape.minor));
        writeln!(out, "    shape {major} {minor} {}", degrees(shape.position_angle))?;
    }
    if let Spectrum::Table(table) = row.spectrum {
        row.of_table(table, losses);
        for (frequency, stokes) in table.frequencies().iter().zip(table.stokes()) {
            writeln!(out, "    measurement {{")?;
            flux(out, *frequency, *stokes)?;
            writeln!(out, "    }}")?;
        }
    } else {
        let stokes = row.following(losses);
        let (terms, reference) = row.log10_terms(usize::MAX, losses);
        writeln!(out, "    sed {{")?;
        flux(out, reference, stokes)?;
        write!(out, "      spectral-index {{")?;
        for term in terms.iter().chain(std::iter::repeat_n(&0.0, 2usize.saturating_sub(terms.len()))) {
            write!(out, " {}", Num(*term))?;
        }
        writeln!(out, " }}\n    }}")?;
    }
    writeln!(out, "  }}")
}

/// A frequency [Hz] and a flux density [Jy].
fn flux(out: &mut dyn Write, frequency: f64, Stokes { i, q, u, v }: Stokes) -> io::Result<()> {
    writeln!(out, "      frequency {} MHz", Num(tidy(frequency / 1e6)))?;
    writeln!(out, "      fluxdensity Jy {} {} {} {}", Num(i), Num(q), Num(u), Num(v))
}

//! hyperdrive's source lists, YAML or JSON.
//!
//! <https://mwatelescope.github.io/mwa_hyperdrive/defs/source_list_hyperdrive.html>: names with lists of components. Positions
//! are in [deg] (J2000), frequencies in [Hz], flux densities in [Jy], sizes in [arcsec] (full widths at half maximum), position
//! angles in [deg] north through east. A curved power law is `S0 (ν/ν0)^α exp(q ln²(ν/ν0))`; between the entries of a list there
//! are power laws of Stokes I.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use rayon::prelude::*;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_saphyr::Spanned;

use super::line::Line;
use super::losses::Losses;
use super::names::{Hashed, Names};
use super::number::{Num, arcsec, degrees};
use super::row::{self, Angles, Holds, Row};
use super::source::{Assumed, Flux, Part, push};
use super::text;
use crate::catalog::builder::Builder;
use crate::catalog::input::Input;
use crate::catalog::{CatalogError, ReadOptions};
use crate::coords::{Direction, Frame};
use crate::sky::{
    AngleFrame, Component, Gaussian, Shape, Shapelet, ShapeletConvention, ShapeletTerm, Spectrum, Stokes,
};

/// The sources, in the order of the file.
struct Sources(Vec<(Spanned<String>, Vec<Spanned<Entry>>)>);

/// A component.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    ra: f64,
    dec: f64,
    comp_type: Kind,
    flux_type: FluxType,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Kind {
    Point,
    Gaussian { maj: f64, min: f64, pa: f64 },
    Shapelet { maj: f64, min: f64, pa: f64, coeffs: Vec<Coefficient> },
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Coefficient {
    n1: u8,
    n2: u8,
    value: f64,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum FluxType {
    List(Vec<FluxDensity>),
    PowerLaw { si: f64, fd: FluxDensity },
    CurvedPowerLaw { si: f64, fd: FluxDensity, q: f64 },
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct FluxDensity {
    freq: f64,
    i: f64,
    #[serde(default)]
    q: f64,
    #[serde(default)]
    u: f64,
    #[serde(default)]
    v: f64,
}

impl FluxDensity {
    fn stokes(&self) -> Stokes {
        Stokes { i: self.i, q: self.q, u: self.u, v: self.v }
    }
}

impl<'de> Deserialize<'de> for Sources {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Sources;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("names of sources, each with a list of components")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Sources, A::Error> {
                let mut sources = Vec::new();
                while let Some(source) = map.next_entry()? {
                    sources.push(source);
                }
                Ok(Sources(sources))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// Whether a text that begins so is such a list: YAML or JSON with the words that every component has.
pub(in crate::catalog) fn is_model(head: &str) -> bool {
    let has = |word: &str| head.contains(word);
    has("comp_type") && has("flux_type") && has("ra") && has("dec")
}

/// Reads the list; returns the digest of the file.
pub(in crate::catalog) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    let (text, digest) = input.text()?;
    let sources = match in_pieces(&text, input, options) {
        Some(sources) => sources,
        None => sources(&text, 1, input, options)?,
    };
    let mut assumed = Assumed::default();
    for Source { name, line: number, parts } in sources {
        push(Line { input, number }, &name, None, parts, options, builder, &mut assumed)?;
    }
    assumed.note(options, builder);
    Ok(digest)
}

/// A source, and the line that its name stands in.
struct Source {
    name: String,
    line: u64,
    parts: Vec<Part>,
}

/// The sources of a text whose first line has this number.
fn sources(
    text: &str,
    first: u64,
    input: &Input,
    options: &ReadOptions,
) -> Result<Vec<Source>, CatalogError> {
    // The limits of the parser are for texts of strangers; ours may be as large as memory.
    let limitless = serde_saphyr::options! { budget: None, with_snippet: false };
    let sources: Sources = serde_saphyr::from_str_with_options(text, limitless).map_err(|error| {
        let number = error.location().map_or(1, |location| location.line());
        Line { input, number: first - 1 + number }.wrong(error.to_string())
    })?;
    let source = |(name, entries): (Spanned<String>, Vec<Spanned<Entry>>)| {
        let parts = entries.into_iter().map(|entry| {
            part(Line { input, number: first - 1 + entry.referenced.line() }, entry.value, options)
        });
        let parts = parts.collect::<Result<_, CatalogError>>()?;
        Ok(Source { name: name.value, line: first - 1 + name.referenced.line(), parts })
    };
    sources.0.into_iter().map(source).collect()
}

/// The sources of a text of which each begins with its name at the beginning of a line, read by several threads; none of
/// another text, or if something is wrong: what that is, is told where the whole is read at once.
fn in_pieces(text: &str, input: &Input, options: &ReadOptions) -> Option<Vec<Source>> {
    // An anchor may be meant in another piece.
    if text.contains(['&', '*', '%']) || text.contains("\n---") || text.contains("\n...") {
        return None;
    }
    let begins = |line: &[u8]| line.first().is_some_and(|byte| !b" \t\r\n-#{}[],".contains(byte));
    let piece = |(first, piece)| sources(std::str::from_utf8(piece).ok()?, first, input, options).ok();
    let pieces: Option<Vec<Vec<Source>>> =
        text::split(text.as_bytes(), &mut 1, begins).into_par_iter().map(piece).collect();
    let sources: Vec<Source> = pieces?.into_iter().flatten().collect();
    let mut names = Names::default();
    sources.iter().for_each(|source| names.meet(Hashed::of(&source.name), source.line));
    names.twice().is_none().then_some(sources)
}

fn part(line: Line, entry: Entry, options: &ReadOptions) -> Result<Part, CatalogError> {
    let frame = options.frame.unwrap_or(Frame::J2000);
    if entry.ra.abs() > 360.0 {
        return Err(line.cell("ra", &entry.ra.to_string(), "a right ascension is within 360°"));
    }
    let mut part =
        Part::new(Direction::from_degrees(frame, entry.ra.rem_euclid(360.0), entry.dec), line.number);
    let angle_frame = options.pa_frame.unwrap_or(AngleFrame::Source);
    let radians = |arcsec: f64| (arcsec / 3600.0).to_radians();
    part.shape = match entry.comp_type {
        Kind::Point => Shape::Point,
        Kind::Gaussian { maj, min, pa } => {
            Shape::Gaussian(Gaussian::new(radians(maj), radians(min), pa.to_radians(), angle_frame))
        }
        Kind::Shapelet { maj, min, pa, coeffs } => Shape::Shapelet(Arc::new(Shapelet {
            scales: [radians(maj), radians(min)],
            position_angle: pa.to_radians(),
            angle_frame,
            terms: coeffs
                .into_iter()
                .map(|Coefficient { n1, n2, value }| ShapeletTerm { n1, n2, value })
                .collect(),
            convention: ShapeletConvention::Hyperdrive,
        })),
    };
    part.flux = match entry.flux_type {
        FluxType::List(list) => Flux::List(list.iter().map(|flux| (flux.freq, flux.stokes())).collect()),
        FluxType::PowerLaw { si, fd } => {
            Flux::Law(fd.stokes(), Spectrum::PowerLaw { alpha: si, reference: fd.freq })
        }
        FluxType::CurvedPowerLaw { si, fd, q } => {
            Flux::Law(fd.stokes(), Spectrum::CurvedPowerLaw { alpha: si, q, reference: fd.freq })
        }
    };
    Ok(part)
}

/// Writes the list as YAML: components under one name, or in one patch, are one source.
pub(super) fn write(out: &mut dyn Write, components: &[Component], losses: &mut Losses) -> io::Result<()> {
    let holds = Holds { shapelets: true, patches: true, ..Holds::gaussians(Angles::Source) };
    // A key of YAML stands once.
    for (name, rows) in row::sources(components, holds, losses, |row, _| row.source().to_owned()) {
        writeln!(out, "{}:", quoted(&name))?;
        for row in &rows {
            entry(out, row, losses)?;
        }
    }
    Ok(())
}

/// A text between quotes, as YAML and JSON have it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn entry(out: &mut dyn Write, row: &Row, losses: &mut Losses) -> io::Result<()> {
    writeln!(out, "- ra: {}\n  dec: {}", degrees(row.ra), degrees(row.dec))?;
    let extent = |out: &mut dyn Write, [major, minor]: [f64; 2], angle: f64| {
        let (major, minor) = (arcsec(major), arcsec(minor));
        writeln!(out, "      maj: {major}\n      min: {minor}\n      pa: {}", degrees(angle))
    };
    if let Some((shapelet, angle)) = row.shapelet() {
        writeln!(out, "  comp_type:\n    shapelet:")?;
        extent(out, shapelet.scales, angle)?;
        writeln!(out, "      coeffs:")?;
        for term in &shapelet.terms {
            writeln!(out, "      - {{n1: {}, n2: {}, value: {}}}", term.n1, term.n2, Num(term.value))?;
        }
    } else if let Some(shape) = row.ellipse {
        writeln!(out, "  comp_type:\n    gaussian:")?;
        extent(out, [shape.major, shape.minor], shape.position_angle)?;
    } else {
        writeln!(out, "  comp_type: point")?;
    }
    writeln!(out, "  flux_type:")?;
    let flux = |frequency: f64, Stokes { i, q, u, v }: Stokes| {
        let mut text = format!("{{freq: {}, i: {}", Num(frequency), Num(i));
        for (name, value) in [("q", q), ("u", u), ("v", v)] {
            if value != 0.0 {
                text += &format!(", {name}: {}", Num(value));
            }
        }
        text + "}"
    };
    if let Spectrum::Table(table) = row.spectrum {
        row.of_table(table, losses);
        writeln!(out, "    list:")?;
        for (frequency, stokes) in table.frequencies().iter().zip(table.stokes()) {
            writeln!(out, "    - {}", flux(*frequency, *stokes))?;
        }
        return Ok(());
    }
    let stokes = row.following(losses);
    let (terms, reference) = row.ln_terms(2, losses);
    let law = if terms.len() > 1 { "curved_power_law" } else { "power_law" };
    writeln!(out, "    {law}:\n      si: {}\n      fd: {}", Num(terms[0]), flux(reference, stokes))?;
    if let Some(q) = terms.get(1) {
        writeln!(out, "      q: {}", Num(*q))?;
    }
    Ok(())
}

//! The text format of WODEN.
//!
//! <https://woden.readthedocs.io/en/latest/operating_principles/skymodel.html>, "WODEN-style text": a `SOURCE` line counts its
//! points (`P`), Gaussians (`G`) and shapelets (`S`, with all their coefficients); each component has one flux density, `FREQ`
//! with a spectral index of −0.8 or `LINEAR` with one of its own. Units are those of [`super::rts`].

use std::io::{self, Write};

use super::line::{self, Line, Words};
use super::losses::Losses;
use super::number::{Num, degrees};
use super::row::{self, Row};
use super::rts::{self, HOLDS, arcmin};
use super::source::{Assumed, Flux, Part, push};
use crate::catalog::builder::Builder;
use crate::catalog::input::Input;
use crate::catalog::{CatalogError, ReadOptions};
use crate::sky::{AngleFrame, Component, Gaussian, Shape, Spectrum, Stokes};

/// The spectral index of `FREQ` (WODEN, "operating principles").
const DEFAULT_INDEX: f64 = -0.8;

/// Whether a text that begins so is such a sky model: a source with counts.
pub(in crate::catalog) fn is_model(head: &str) -> bool {
    let first = head.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let words: Vec<&str> = first.unwrap_or_default().split_ascii_whitespace().collect();
    matches!(words.as_slice(), ["SOURCE", _, "P", _, "G", _, "S", ..])
}

/// What a source line counts: points, Gaussians, shapelets and coefficients.
#[derive(Clone, Copy, Default, PartialEq)]
struct Counts([usize; 4]);

impl Counts {
    fn of(line: Line, words: &mut Words) -> Result<Self, CatalogError> {
        let mut counts = [0; 4];
        for (at, letter) in [(0, "P"), (1, "G"), (2, "S")] {
            let word = words.text(letter)?;
            if word != letter {
                return Err(
                    line.wrong(format!("'{word}' where '{letter}' is due: SOURCE name P n G n S n n"))
                );
            }
            counts[at] = Self::count(line, words.text("a count")?)?;
        }
        if let Some(word) = words.more() {
            counts[3] = Self::count(line, word)?;
        }
        Ok(Counts(counts))
    }

    fn count(line: Line, word: &str) -> Result<usize, CatalogError> {
        word.parse().map_err(|_| line.cell("SOURCE", word, "not a count"))
    }

    fn met(parts: &[Part]) -> Self {
        let mut counts = [0; 4];
        for part in parts {
            match &part.shape {
                Shape::Gaussian(_) => counts[1] += 1,
                Shape::Shapelet(shapelet) => {
                    counts[2] += 1;
                    counts[3] += shapelet.terms.len();
                }
                _ => counts[0] += 1,
            }
        }
        Counts(counts)
    }
}

/// Reads the model; returns the digest of the file.
pub(in crate::catalog) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    let mut lines = input.lines()?;
    let mut source: Option<(String, Counts, Vec<Part>)> = None;
    // The kind that a COMPONENT says it is.
    let mut kind: Option<String> = None;
    while let Some((line, text)) = line::next(&mut lines)? {
        let text = text.split('#').next().unwrap_or_default();
        let Some((keyword, mut words)) = Words::of(line, text) else { continue };
        if keyword == "SOURCE" {
            if source.is_some() {
                return Err(line.wrong("a SOURCE within a SOURCE: ENDSOURCE is missing"));
            }
            let name = words.text("a name")?.to_owned();
            source = Some((name, Counts::of(line, &mut words)?, Vec::new()));
            words.end()?;
            continue;
        }
        let Some((_, _, parts)) = &mut source else {
            return Err(line.wrong(format!("'{keyword}' outside of a SOURCE")));
        };
        match (keyword, &kind, parts.last_mut()) {
            ("COMPONENT", None, _) => {
                let word = words.text("POINT, GAUSSIAN or SHAPELET")?;
                if !["POINT", "GAUSSIAN", "SHAPELET"].contains(&word) {
                    return Err(line.cell("COMPONENT", word, "neither POINT, GAUSSIAN nor SHAPELET"));
                }
                kind = Some(word.to_owned());
                parts.push(Part::new(rts::position(line, &mut words, options)?, line.number));
            }
            ("FREQ" | "LINEAR", Some(_), Some(part)) => {
                let (reference, stokes) = rts::flux(line, &mut words)?;
                let linear = keyword == "LINEAR";
                let alpha = if linear { words.number("a spectral index")? } else { DEFAULT_INDEX };
                if !matches!(part.flux, Flux::None) {
                    return Err(line.wrong("a component has one flux density in this format"));
                }
                part.flux = Flux::Law(stokes, Spectrum::PowerLaw { alpha, reference });
            }
            ("GPARAMS", Some(kind), Some(part)) if kind == "GAUSSIAN" => {
                let (angle, [major, minor]) = rts::extent(&mut words)?;
                let frame = options.pa_frame.unwrap_or(AngleFrame::Source);
                part.shape = Shape::Gaussian(Gaussian::new(major, minor, angle, frame));
            }
            ("SPARAMS", Some(kind), Some(part)) if kind == "SHAPELET" => {
                part.shape = rts::shapelet(rts::extent(&mut words)?, options);
            }
            ("SCOEFF", Some(_), Some(part)) => rts::coefficient(line, &mut words, part)?,
            ("ENDCOMPONENT", Some(said), Some(part)) => {
                let shaped = part.shape != Shape::Point;
                if shaped != (said != "POINT") {
                    return Err(line.wrong(format!("a {said} without its parameters (GPARAMS, SPARAMS)")));
                }
                kind = None;
            }
            ("ENDSOURCE", None, _) => {
                if let Some((name, counts, parts)) = source.take() {
                    if counts != Counts::met(&parts) {
                        return Err(line.wrong(format!(
                            "the source '{name}' says P, G, S and coefficients are {:?}, but has {:?}",
                            counts.0,
                            Counts::met(&parts).0
                        )));
                    }
                    push(line, &name, None, parts, options, builder, &mut Assumed::default())?;
                }
            }
            _ => return Err(line.wrong(format!("'{keyword}' is not a word of this format, or not here"))),
        }
        words.end()?;
    }
    if source.is_some() {
        return Err(
            Line { input, number: lines.number }.wrong("the file ends within a source: ENDSOURCE is missing")
        );
    }
    input.digest()
}

/// Writes a list.
pub(super) fn write(out: &mut dyn Write, components: &[Component], losses: &mut Losses) -> io::Result<()> {
    for (name, rows) in row::sources(components, HOLDS, losses, rts::source) {
        let [points, gaussians, shapelets] = [Kind::Point, Kind::Gaussian, Kind::Shapelet]
            .map(|kind| rows.iter().filter(|row| Kind::of(row) == kind).count());
        let terms: usize =
            rows.iter().filter_map(Row::shapelet).map(|(shapelet, _)| shapelet.terms.len()).sum();
        writeln!(out, "SOURCE {name} P {points} G {gaussians} S {shapelets} {terms}")?;
        for row in &rows {
            entry(out, row, losses)?;
        }
        writeln!(out, "ENDSOURCE")?;
    }
    Ok(())
}

/// What a component is.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Point,
    Gaussian,
    Shapelet,
}

impl Kind {
    fn of(row: &Row) -> Self {
        match (row.shapelet(), row.ellipse) {
            (Some(_), _) => Kind::Shapelet,
            (None, Some(_)) => Kind::Gaussian,
            (None, None) => Kind::Point,
        }
    }
}

fn entry(out: &mut dyn Write, row: &Row, losses: &mut Losses) -> io::Result<()> {
    let kind = match Kind::of(row) {
        Kind::Point => "POINT",
        Kind::Gaussian => "GAUSSIAN",
        Kind::Shapelet => "SHAPELET",
    };
    writeln!(out, "COMPONENT {kind} {}", rts::place(row))?;
    let Stokes { i, q, u, v } = row.following(losses);
    let (alpha, reference) = row.power_law(losses);
    writeln!(out, "LINEAR {} {} {} {} {} {}", Num(reference), Num(i), Num(q), Num(u), Num(v), Num(alpha))?;
    if let Some(shape) = row.ellipse {
        let angle = degrees(shape.position_angle);
        writeln!(out, "GPARAMS {angle} {} {}", arcmin(shape.major), arcmin(shape.minor))?;
    }
    if let Some((shapelet, angle)) = row.shapelet() {
        let [major, minor] = shapelet.scales.map(arcmin);
        writeln!(out, "SPARAMS {} {major} {minor}", degrees(angle))?;
        for term in &shapelet.terms {
            writeln!(out, "SCOEFF {} {} {}", term.n1, term.n2, Num(term.value))?;
        }
    }
    writeln!(out, "ENDCOMPONENT")
}

//! pyradiosky's catalogues, as text.
//!
//! <https://pyradiosky.readthedocs.io/en/latest/>, `SkyModel.read_text_catalog` and `write_text_catalog`: a line of column names,
//! units in brackets left aside, then points: `source_id`, two coordinates [deg] whose names end in their frame (`ra_icrs`,
//! `ra_J2000`, `l_galactic`), and Stokes I [Jy]: `Flux` with `Frequency` [Hz] and perhaps `Spectral_Index`, or a column a frequency
//! (`Flux_150_MHz`).

use std::io::{self, Write};
use std::sync::Arc;

use super::line::Line;
use super::losses::Losses;
use super::named::{Cells, Columns};
use super::number::{Num, degrees};
use super::row::{Angles, Holds, Row};
use super::text::Text;
use crate::catalog::builder::Builder;
use crate::catalog::input::Input;
use crate::catalog::{CatalogError, ReadOptions};
use crate::coords::{Direction, Frame};
use crate::sky::{Component, Interpolation, Shape, Spectrum, Stokes, Table};

/// A header understood.
struct Layout {
    columns: Columns,
    frame: Frame,
    longitude: String,
    latitude: String,
    /// Columns of flux densities, with the frequency [Hz] that their names give.
    fluxes: Vec<(String, Option<f64>)>,
}

/// The words of a header, those in brackets left aside.
fn without_units(line: &str) -> String {
    line.split_ascii_whitespace().filter(|word| !word.starts_with('[')).collect::<Vec<_>>().join(" ")
}

/// The frame that a name of a coordinate ends in.
fn frame(name: &str) -> Option<Frame> {
    let (begin, end) = name.split_once('_')?;
    let known = ["ra", "dec", "l", "b"].contains(&begin.to_ascii_lowercase().as_str());
    end.parse().ok().filter(|_| known)
}

/// The frequency [Hz] in a name such as `Flux_150_MHz`.
fn frequency(name: &str) -> Option<f64> {
    let mut words = name.split('_').rev();
    let unit = match words.next()?.to_ascii_lowercase().as_str() {
        "hz" => 1.0,
        "khz" => 1e3,
        "mhz" => 1e6,
        "ghz" => 1e9,
        _ => return None,
    };
    words.next()?.parse::<f64>().ok().map(|value| value * unit)
}

impl Layout {
    fn of(line: &str) -> Option<Self> {
        let columns = Columns::of(&without_units(line));
        let of = |names: [&str; 2]| {
            columns.names().iter().find(|column| {
                let lower = column.to_ascii_lowercase();
                names.iter().any(|name| lower.starts_with(name)) && frame(column).is_some()
            })
        };
        let (longitude, latitude) = (of(["ra_", "l_"])?.clone(), of(["dec_", "b_"])?.clone());
        let fluxes: Vec<(String, Option<f64>)> = columns
            .names()
            .iter()
            .filter(|name| {
                let name = name.to_ascii_lowercase();
                name.starts_with("flux") && !name.contains("error")
            })
            .map(|name| (name.clone(), frequency(name)))
            .collect();
        let whole = !fluxes.is_empty() && columns.place("source_id").is_some();
        let frame = frame(&longitude)?;
        whole.then_some(Layout { columns, frame, longitude, latitude, fluxes })
    }
}

/// Whether a text that begins so is such a catalogue.
pub(in crate::catalog) fn is_model(head: &str) -> bool {
    head.lines().next().is_some_and(|line| !line.contains(',') && Layout::of(line).is_some())
}

/// Reads the catalogue; returns the digest of the file.
pub(in crate::catalog) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    let mut text = Text::new(input)?;
    while text.next_if(|line| line.trim().is_empty())?.is_some() {}
    let (line, layout) = match text.next_if(|_| true)? {
        Some((line, names)) => (line, Layout::of(names)),
        None => (text.line(), None),
    };
    let message = "the first line must name source_id, two coordinates with their frame (ra_icrs) and a Flux";
    let layout = layout.ok_or_else(|| line.header(message))?;
    let (mut indexed, mut flat) = (0u64, 0u64);
    let parse = |line: Line, text: &str| {
        if text.trim().is_empty() {
            return Ok(None);
        }
        component(&layout, &Cells::of(&layout.columns, text, line)?, options).map(Some)
    };
    let take = |number, (component, assumed): (Component, bool)| {
        let constant = component.spectrum == Spectrum::Flat;
        *(if constant { &mut flat } else { &mut indexed }) += u64::from(assumed);
        builder.take_model(component, assumed, number)
    };
    let digest = text.rows(parse, take)?;
    if !builder.detailed() && indexed > 0 {
        builder
            .note(format!("{indexed} components without a spectral index given that of {}", options.alpha));
    }
    if !builder.detailed() && flat > 0 {
        builder.note(format!(
            "{flat} components without a spectral index taken as flat: the frequency of their flux density is not known (--ref-freq)"
        ));
    }
    Ok(digest)
}

/// The component of a row, and whether its spectrum is assumed.
fn component(
    layout: &Layout,
    cells: &Cells,
    options: &ReadOptions,
) -> Result<(Component, bool), CatalogError> {
    let (longitude, latitude) = (cells.needed(&layout.longitude)?, cells.needed(&layout.latitude)?);
    let frame = options.frame.unwrap_or(layout.frame);
    let position = Direction::from_degrees(frame, longitude.rem_euclid(360.0), latitude);
    let name = cells.text("source_id").map(str::to_owned);
    let entries: Vec<(f64, Stokes)> = layout
        .fluxes
        .iter()
        .filter_map(|(name, hz)| {
            let flux = cells.needed(name);
            hz.map(|hz| flux.map(|flux| (hz, Stokes::unpolarised(flux))))
        })
        .collect::<Result<_, _>>()?;
    if entries.len() > 1 {
        let table = Table::new(&entries, Interpolation::LogLog);
        let table = table.map_err(|error| cells.line.wrong(error.to_string()))?;
        return Ok((Component::tabulated(position, Shape::Point, Arc::new(table)).named(name), false));
    }
    let flux = cells.needed(&layout.fluxes[0].0)?;
    let own = match entries.first() {
        Some((hz, _)) => Some(*hz),
        None => cells.number("frequency")?,
    };
    let reference = options.reference_frequency.or(own);
    let alpha = cells.number("spectral_index")?;
    let spectrum = match (reference, alpha) {
        (Some(reference), _) => Spectrum::PowerLaw { alpha: alpha.unwrap_or(options.alpha), reference },
        (None, Some(_)) => {
            return Err(cells.line.wrong("a spectral index without a frequency: give --ref-freq"));
        }
        (None, None) => Spectrum::Flat,
    };
    let component = Component::new(position, Shape::Point, Stokes::unpolarised(flux), spectrum);
    Ok((component.named(name), alpha.is_none()))
}

/// Writes points with a spectral index, positions in J2000.
pub(super) fn write(out: &mut dyn Write, components: &[Component], losses: &mut Losses) -> io::Result<()> {
    writeln!(out, "source_id\tra_j2000 [deg]\tdec_j2000 [deg]\tFlux [Jy]\tFrequency [Hz]\tSpectral_Index")?;
    for (index, component) in components.iter().enumerate() {
        let Some(row) = Row::of(component, index, Holds::gaussians(Angles::Either), losses) else { continue };
        if row.ellipse.is_some() {
            losses.add("Gaussians were written as points: the format has no others", &row.name);
        }
        let flux = row.unpolarised(losses);
        let (alpha, reference) = row.power_law(losses);
        let name = row.word(&[','], losses);
        let place = format!("{}\t{}", degrees(row.ra), degrees(row.dec));
        writeln!(out, "{name}\t{place}\t{}\t{}\t{}", Num(flux), Num(reference), Num(alpha))?;
    }
    Ok(())
}

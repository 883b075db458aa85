//! Sky models of BBS and makesourcedb, as DP3, LSMTool and WSClean read and write them.
//!
//! "LOFAR Imaging Cookbook, The LOFAR source catalogue format", <https://support.astron.nl/LOFARImagingCookbook/>, and
//! <https://wsclean.readthedocs.io/en/latest/component_list.html>: a line that names the fields
//! (`FORMAT = Name, Type, …` or `# (Name, Type, …) = format`), each with a default for blank cells if one is
//! given (`SpectralIndex='[]'`), then one line a component or a patch (a line without a name).
//! Declinations are dotted (`+44.30.55.4`), axes are full widths in [arcsec], orientations in [deg] from
//! north at the phase centre unless `OrientationIsAbsolute` is true; spectra are as in [`Spectrum`]. Q, U and V are the
//! same at every frequency; with a rotation measure Q and U follow I and turn (`base/PointSource.cc` of DP3).

mod parse;
mod places;
mod polarised;

use std::path::Path;

use super::line::Line;
use super::names::{Names, Twice};
use super::text::{self, Text};
use crate::catalog::builder::Builder;
use crate::catalog::input::Input;
use crate::catalog::record::Details;
use crate::catalog::{CatalogError, ReadOptions};
use crate::sky::{Shape, Spectrum};
use parse::{Parsed, Reader, Row};
use places::Field;
pub(in crate::catalog) use places::is_model;

/// Reads the model; returns the digest of the file.
pub(in crate::catalog) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    let mut text = Text::new(input)?;
    let reader = header(&mut text, options)?;
    let mut list = List { input, builder, tally: Tally::default(), names: Names::default() };
    let parse = |first: u64, text: &str, found: &mut Vec<(u64, Parsed)>| {
        let (mut cells, mut patch) = (Vec::new(), None);
        for (number, text) in text::lines(first, text).filter(|(_, text)| !is_idle(text)) {
            cells.clear();
            places::split(text, &mut cells);
            let mut parsed = reader.row(&cells);
            if let Parsed::Component(row) = &mut parsed {
                row.component.patch = reader.patch(&cells, &mut patch);
            }
            found.push((number, parsed));
        }
        Ok(())
    };
    let digest = text.pieces(|_| true, parse, |number, parsed| list.take(number, parsed, &reader))?;
    list.finish(&reader, options)?;
    Ok(digest)
}

/// The reader that the format line makes.
fn header<'a>(text: &mut Text, options: &'a ReadOptions) -> Result<Reader<'a>, CatalogError> {
    while let Some((line, text)) = text.next_if(|_| true)? {
        let text = text.trim_start_matches('\u{feff}');
        if let Some(names) = places::format_of(text) {
            let places = places::places(names);
            places::check(&places).map_err(|message| line.header(message))?;
            let folder = line.input.path.parent().unwrap_or(Path::new("")).to_owned();
            return Ok(Reader::new(places, folder, options));
        }
        if !is_idle(text) {
            let message =
                "rows before the line that names their fields (FORMAT = Name, Type, Ra, Dec, I ...)";
            return Err(line.header(message));
        }
    }
    Err(text.line().header("no line that names the fields (FORMAT = Name, Type, Ra, Dec, I ...)"))
}

/// Whether a line says nothing.
fn is_idle(text: &str) -> bool {
    let text = text.trim_start();
    text.is_empty() || text.starts_with('#')
}

/// What was met and is told in the end.
#[derive(Default)]
struct Tally {
    patches: u64,
    indexed: u64,
    flat: u64,
    without_angle: u64,
}

/// The list in the making.
struct List<'a, 'b, 'c> {
    input: &'a Input,
    builder: &'b mut Builder<'c>,
    tally: Tally,
    names: Names,
}

impl List<'_, '_, '_> {
    fn line(&self, number: u64) -> Line<'_> {
        Line { input: self.input, number }
    }

    fn take(&mut self, number: u64, parsed: Parsed, reader: &Reader) -> Result<(), CatalogError> {
        if let Parsed::Patch = parsed {
            self.tally.patches += 1;
            return Ok(());
        }
        self.builder.row();
        match parsed {
            Parsed::Component(row) if self.builder.wants(row.component.position) => {
                self.push(row, reader, number)
            }
            Parsed::Wrong(wrong) => {
                let error = self.line(number).cell(&wrong.column, &wrong.value, wrong.reason);
                self.builder.malformed(|| error)
            }
            Parsed::WithoutFlux => {
                self.builder.drop_without_flux();
                Ok(())
            }
            Parsed::Component(_) | Parsed::Patch => Ok(()),
        }
    }

    fn push(&mut self, row: Row, reader: &Reader, number: u64) -> Result<(), CatalogError> {
        let Row { component, name, assumed, without_angle, own_reference } = row;
        if component.name.is_some() {
            self.names.meet(name, number);
        }
        self.tally.without_angle += u64::from(without_angle);
        if assumed {
            let flat = component.spectrum == Spectrum::Flat;
            *(if flat { &mut self.tally.flat } else { &mut self.tally.indexed }) += 1;
        }
        let details = self.builder.detailed().then(|| {
            Box::new(Details {
                own_spectrum: !assumed && reader.has_spectra(),
                reference: own_reference.or(reader.options.reference_frequency),
                own_reference: own_reference.is_some(),
                own_angle_frame: component.shape != Shape::Point && reader.tells_angle_frame(),
                ..Details::of(&component)
            })
        });
        self.builder.push_detailed(component, assumed, details, || number)
    }

    /// Says what was assumed.
    ///
    /// # Errors
    /// If a name stands twice, where that is one.
    fn finish(self, reader: &Reader, options: &ReadOptions) -> Result<(), CatalogError> {
        let List { input, builder, mut tally, names } = self;
        if builder.detailed() {
            // Such a reader leaves spectra to whoever predicts.
            (tally.flat, tally.indexed) = (0, 0);
        }
        if tally.patches > 0 {
            builder.note(format!("{} lines of patches passed over", tally.patches));
        }
        if tally.indexed > 0 {
            builder.note(format!(
                "{} components without a spectral index given that of {}",
                tally.indexed, options.alpha
            ));
        }
        if tally.flat > 0 {
            builder.note(format!(
                "{} components without a spectral index taken as flat: the frequency of their flux density is not known (--ref-freq)",
                tally.flat
            ));
        }
        if tally.without_angle > 0 {
            builder.note(format!(
                "{} Gaussians without an orientation taken to point north, as DP3 does",
                tally.without_angle
            ));
        }
        if let Some(Twice { count, again, first, .. }) = names.twice() {
            let (text, mut cells) = (input.line(again).unwrap_or_default(), Vec::new());
            places::split(&text, &mut cells);
            let name = reader.cell(&cells, Field::Name).unwrap_or_default();
            if builder.strict() {
                let message = format!("the name '{name}' stands in line {first} already");
                return Err(Line { input, number: again }.wrong(message));
            }
            builder.note(format!(
                "{count} names stand twice, and both components were taken ('{name}' in lines {first} and {again}); --strict makes them an error",
            ));
        }
        Ok(())
    }
}

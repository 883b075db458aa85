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

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::path::Path;

use rayon::prelude::*;

use super::line::Line;
use crate::catalog::builder::Builder;
use crate::catalog::input::Input;
use crate::catalog::record::Details;
use crate::catalog::{CatalogError, ReadOptions};
use crate::sky::{Component, Shape, Spectrum};
use parse::{Parsed, Reader, Row};
pub(in crate::catalog) use places::is_model;

/// Reads the model; returns the digest of the file.
pub(in crate::catalog) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    let mut blocks = input.blocks()?;
    let mut list = List { input, builder, tally: Tally::default(), lines: 0, names: HashMap::default() };
    let (mut block, ()) = blocks.next_block(|| ())?;
    let (reader, begin) = loop {
        if block.is_empty() {
            let message = "no line that names the fields (FORMAT = Name, Type, Ra, Dec, I ...)";
            return Err(list.line(list.lines).header(message));
        }
        match header(&block, options, &mut list)? {
            Some(found) => break found,
            None => (block, ()) = blocks.next_block(|| ())?,
        }
    };
    block.drain(..begin);
    while !block.is_empty() {
        let (next, parsed) = blocks.next_block(|| parsed(&block, &reader))?;
        for piece in parsed {
            list.take(piece, &reader)?;
        }
        block = next;
    }
    list.finish(options);
    blocks.digest()
}

/// The reader that a format line in the block makes, and where the lines after it begin; none if it is yet to come.
fn header<'a>(
    block: &[u8],
    options: &'a ReadOptions,
    list: &mut List,
) -> Result<Option<(Reader<'a>, usize)>, CatalogError> {
    let mut begin = 0;
    for bytes in block.split_inclusive(|byte| *byte == b'\n') {
        list.lines += 1;
        begin += bytes.len();
        let text = text_of(bytes).ok_or_else(|| list.not_utf8(list.lines))?.trim_start_matches('\u{feff}');
        if let Some(names) = places::format_of(text) {
            let places = places::places(names);
            places::check(&places).map_err(|message| list.line(list.lines).header(message))?;
            let folder = list.input.path.parent().unwrap_or(Path::new("")).to_owned();
            return Ok(Some((Reader::new(places, folder, options), begin)));
        }
        if !is_idle(text) {
            return Err(list.line(list.lines).header(
                "rows before the line that names their fields (FORMAT = Name, Type, Ra, Dec, I ...)",
            ));
        }
    }
    Ok(None)
}

/// A line without its end.
fn text_of(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().map(|line| line.trim_end_matches(['\n', '\r']))
}

/// Whether a line says nothing.
fn is_idle(text: &str) -> bool {
    let text = text.trim_start();
    text.is_empty() || text.starts_with('#')
}

/// Some lines of the list, in order.
struct Piece {
    /// How many lines there are.
    lines: u64,
    /// Those that say something, by their number in the piece, counted from 1.
    rows: Vec<(u64, Parsed)>,
    /// The first line that is not UTF-8.
    not_utf8: Option<u64>,
}

/// The rows of a block, parsed by several threads.
fn parsed(block: &[u8], reader: &Reader) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let size = (block.len() / (4 * rayon::current_num_threads())).max(1 << 14);
    let mut rest = block;
    while !rest.is_empty() {
        let end = rest.get(size..).and_then(|tail| tail.iter().position(|byte| *byte == b'\n'));
        let (piece, after) = rest.split_at(end.map_or(rest.len(), |end| size + end + 1));
        pieces.push(piece);
        rest = after;
    }
    pieces.into_par_iter().map(|piece| parse_piece(piece, reader)).collect()
}

fn parse_piece(bytes: &[u8], reader: &Reader) -> Piece {
    let mut piece = Piece { lines: 0, rows: Vec::new(), not_utf8: None };
    let (mut cells, mut patch) = (Vec::new(), None);
    for bytes in bytes.split_inclusive(|byte| *byte == b'\n') {
        piece.lines += 1;
        let Some(text) = text_of(bytes) else {
            piece.not_utf8.get_or_insert(piece.lines);
            break;
        };
        if !is_idle(text) {
            places::split(text, &mut cells);
            let mut parsed = reader.row(&cells);
            if let Parsed::Component(row) = &mut parsed {
                row.component.patch = reader.patch(&cells, &mut patch);
            }
            piece.rows.push((piece.lines, parsed));
            cells.clear();
        }
    }
    piece
}

/// What was met and is told in the end.
#[derive(Default)]
struct Tally {
    patches: u64,
    indexed: u64,
    flat: u64,
    without_angle: u64,
    twice: u64,
    /// The first name that stands twice, and its lines.
    first_twice: Option<(String, u64, u64)>,
}

/// The list in the making.
struct List<'a, 'b, 'c> {
    input: &'a Input,
    builder: &'b mut Builder<'c>,
    tally: Tally,
    /// Lines before the piece at hand.
    lines: u64,
    /// The lines of the names met, by their hashes: a list may be long.
    names: HashMap<u64, u64, BuildHasherDefault<DefaultHasher>>,
}

impl List<'_, '_, '_> {
    fn line(&self, number: u64) -> Line<'_> {
        Line { input: self.input, number }
    }

    fn not_utf8(&self, line: u64) -> CatalogError {
        CatalogError::NotUtf8 { path: self.input.path.clone(), line }
    }

    /// Takes the rows of a piece.
    fn take(&mut self, piece: Piece, reader: &Reader) -> Result<(), CatalogError> {
        for (number, parsed) in piece.rows {
            let number = self.lines + number;
            let row = match parsed {
                Parsed::Patch => {
                    self.tally.patches += 1;
                    continue;
                }
                Parsed::Wrong(wrong) => {
                    self.builder.row();
                    let error = self.line(number).cell(&wrong.column, &wrong.value, wrong.reason);
                    self.builder.malformed(|| error)?;
                    continue;
                }
                Parsed::WithoutFlux => {
                    self.builder.row();
                    self.builder.drop_without_flux();
                    continue;
                }
                Parsed::Component(row) => *row,
            };
            self.builder.row();
            if self.builder.wants(row.component.position) {
                self.push(row, reader, number)?;
            }
        }
        if let Some(line) = piece.not_utf8 {
            return Err(self.not_utf8(self.lines + line));
        }
        self.lines += piece.lines;
        Ok(())
    }

    fn push(&mut self, row: Row, reader: &Reader, number: u64) -> Result<(), CatalogError> {
        self.named(&row.component, number)?;
        let Row { component, assumed, without_angle, own_reference } = row;
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

    /// Notes a name that stands twice.
    fn named(&mut self, component: &Component, number: u64) -> Result<(), CatalogError> {
        let Some(name) = component.name.as_deref() else { return Ok(()) };
        match self.names.entry(self.names.hasher().hash_one(name)) {
            Entry::Vacant(place) => {
                place.insert(number);
            }
            Entry::Occupied(place) => {
                let first = *place.get();
                if self.builder.strict() {
                    let message = format!("the name '{name}' stands in line {first} already");
                    return Err(self.line(number).wrong(message));
                }
                self.tally.twice += 1;
                self.tally.first_twice.get_or_insert_with(|| (name.to_owned(), first, number));
            }
        }
        Ok(())
    }

    /// Says what was assumed.
    fn finish(self, options: &ReadOptions) {
        let List { builder, mut tally, .. } = self;
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
        if let Some((name, first, second)) = tally.first_twice {
            builder.note(format!(
                "{} names stand twice, and both components were taken ('{name}' in lines {first} and {second}); --strict makes them an error",
                tally.twice
            ));
        }
    }
}

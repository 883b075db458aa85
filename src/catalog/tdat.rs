//! NVSS as HEASARC distributes it, `heasarc_nvss.tdat`: fields between bars.
//!
//! "HEASARC Transportable Database Aggregate Table (TDAT) Format": a `<HEADER>` that defines the fields
//! (`field[name] = type:format_unit`) and their order (`line[1] = name ra dec …`), rows between `<DATA>` and
//! `<END>`, a bar after every field, the last included. Where the order is not given, it is that of the
//! documentation of the table `nvss`, whose leading `name` some copies leave out; so are units.

use std::collections::HashMap;

use super::builder::Builder;
use super::headings::{Heading, Unit};
use super::input::{Input, Lines};
use super::rows::{self, Rows};
use super::{CatalogError, ReadOptions, survey};

/// The fields of the table `nvss` and their units, in order.
const NVSS: [(&str, &str); 26] = [
    ("name", ""),
    ("ra", "deg"),
    ("dec", "deg"),
    ("lii", "deg"),
    ("bii", "deg"),
    ("ra_error", "s"),
    ("dec_error", "arcsec"),
    ("flux_20_cm", "mJy"),
    ("flux_20_cm_error", "mJy"),
    ("limit_major_axis", ""),
    ("major_axis", "arcsec"),
    ("major_axis_error", "arcsec"),
    ("limit_minor_axis", ""),
    ("minor_axis", "arcsec"),
    ("minor_axis_error", "arcsec"),
    ("position_angle", "deg"),
    ("position_angle_error", "deg"),
    ("residual_code", ""),
    ("residual_flux", "mJy"),
    ("pol_flux", "mJy"),
    ("pol_flux_error", "mJy"),
    ("pol_angle", "deg"),
    ("pol_angle_error", "deg"),
    ("field_name", ""),
    ("x_pixel", ""),
    ("y_pixel", ""),
];

/// Whether a text that begins so is such a table, its header left out or not.
pub(super) fn is_tdat(head: &str) -> bool {
    let tagged = head.lines().any(|line| {
        let line = line.trim();
        line.eq_ignore_ascii_case("<HEADER>") || line.eq_ignore_ascii_case("<DATA>")
    });
    let row = head.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#'));
    tagged || row.is_some_and(|line| line.matches('|').count() >= 25 && !line.contains(','))
}

/// Reads the rows; returns the digest of the file.
pub(super) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    let mut table = Table::new(input)?;
    let survey = survey::recognise(&table.name, &table.headings);
    rows::read(input, &mut table, survey, options, builder)?;
    input.digest()
}

/// A table under way.
struct Table<'a> {
    input: &'a Input,
    lines: Lines<'a>,
    /// `table_name` of the header.
    name: String,
    headings: Vec<Heading>,
    units: Vec<String>,
    record: csv::StringRecord,
    /// The first row, where there is no header to tell where the rows begin.
    ahead: Option<String>,
}

/// What the header says.
#[derive(Default)]
struct Header {
    name: String,
    /// Field → unit.
    units: HashMap<String, String>,
    order: Vec<String>,
}

impl Header {
    /// Takes a line of the header in.
    fn take(&mut self, line: &str) {
        let Some((key, value)) = line.split_once('=') else { return };
        let (key, value) = (key.trim().to_lowercase(), value.trim());
        if key == "table_name" {
            value.clone_into(&mut self.name);
        } else if key == "line[1]" {
            self.order = value.split_whitespace().map(str::to_lowercase).collect();
        } else if let Some(field) = key.strip_prefix("field[").and_then(|rest| rest.strip_suffix(']')) {
            // float8:8.4f_degree [ucd] (index) // comment
            let format = value.split_whitespace().next().unwrap_or_default();
            let unit = format.split_once('_').map(|(_, unit)| unit.to_owned());
            self.units.insert(field.to_owned(), unit.unwrap_or_default());
        }
    }
}

impl<'a> Table<'a> {
    fn new(input: &'a Input) -> Result<Self, CatalogError> {
        let mut lines = input.lines()?;
        let mut header = Header::default();
        let mut ahead = None;
        let mut tagged = false;
        let cells = loop {
            let Some(line) = lines.next_line()? else { break 0 };
            let line = line.trim_end();
            if line.trim().eq_ignore_ascii_case("<DATA>") {
                break 0;
            }
            tagged |= line.trim().eq_ignore_ascii_case("<HEADER>");
            if !tagged && !line.starts_with('#') && line.matches('|').count() >= 25 {
                ahead = Some(line.to_owned());
                break split(line).count();
            }
            header.take(line);
        };
        let order =
            if header.order.is_empty() { documented(&mut lines, cells, &mut ahead)? } else { header.order };
        let documented = |name: &str| NVSS.iter().find(|(known, _)| *known == name).map(|(_, unit)| *unit);
        let unit = |name: &String| {
            let said = header.units.get(name).filter(|unit| Unit::of_cell(unit).is_some());
            said.cloned().or_else(|| documented(name).map(str::to_owned)).unwrap_or_default()
        };
        Ok(Table {
            input,
            name: header.name.replace("heasarc_", "heasarc/"),
            headings: order.iter().map(|name| Heading::new(name)).collect(),
            units: order.iter().map(unit).collect(),
            lines,
            record: csv::StringRecord::new(),
            ahead,
        })
    }
}

/// The documented order of fields, as the first row has them: with the name or without.
fn documented(
    lines: &mut Lines<'_>,
    mut cells: usize,
    ahead: &mut Option<String>,
) -> Result<Vec<String>, CatalogError> {
    if ahead.is_none()
        && let Some(line) = lines.next_line()?
    {
        cells = split(line).count();
        *ahead = Some(line.to_owned());
    }
    let first = usize::from(cells < 26);
    Ok(NVSS[first..].iter().map(|(name, _)| (*name).to_owned()).collect())
}

/// The cells of a row; the bar at its end ends the last.
fn split(line: &str) -> impl Iterator<Item = &str> {
    let line = line.trim_end();
    line.strip_suffix('|').unwrap_or(line).split('|')
}

impl Rows for Table<'_> {
    fn headings(&self) -> &[Heading] {
        &self.headings
    }

    fn units(&self) -> Option<&[String]> {
        Some(&self.units)
    }

    fn header_line(&self) -> u64 {
        1
    }

    fn next_row(&mut self) -> Result<Option<&csv::StringRecord>, CatalogError> {
        self.record.clear();
        let number = loop {
            let line = match self.ahead.take() {
                Some(line) => {
                    split(&line).for_each(|cell| self.record.push_field(cell));
                    break self.lines.number;
                }
                None => self.lines.next_line()?,
            };
            match line {
                None => return Ok(None),
                Some(line) if line.trim().eq_ignore_ascii_case("<END>") => return Ok(None),
                Some(line) if line.trim().is_empty() || line.starts_with('#') => {}
                Some(line) => {
                    split(line).for_each(|cell| self.record.push_field(cell));
                    break self.lines.number;
                }
            }
        };
        if self.record.len() != self.headings.len() {
            return Err(CatalogError::Row {
                path: self.input.path.clone(),
                line: number,
                message: format!(
                    "{} fields between bars, but the table has {}; mend or remove the row",
                    self.record.len(),
                    self.headings.len()
                ),
            });
        }
        Ok(Some(&self.record))
    }

    fn line(&self) -> u64 {
        self.lines.number
    }
}

//! Catalogues as FITS binary tables: VizieR's `asu-binfits`, astropy's, TOPCAT's.
//!
//! The columns are those of tables of text, [`super::csv_columns`], with the units of `TUNIT`; the first
//! extension with a right ascension and a declination is the table. VizieR writes `S1_4` for `S1.4`.

use super::builder::Builder;
use super::fits::{File, Header, RowReader, Table};
use super::headings::{Heading, have_positions};
use super::input::Input;
use super::rows::{self, Rows};
use super::survey::{self, Surveys};
use super::{CatalogError, Format, ReadOptions, models, vl};

/// What the first extension that can be read holds.
pub(super) fn detect(input: &Input) -> Result<Option<(Format, Surveys)>, CatalogError> {
    let mut file = File::open(input)?;
    while let Some(header) = file.next_header()? {
        let Some(table) = header.table() else { continue };
        if vl::is_vl(&table) {
            return Ok(Some((Format::Vl, Surveys::One(&survey::NVSS))));
        }
        if models::is_source_list(&table) {
            return Ok(Some((Format::HyperdriveFits, Surveys::Unknown)));
        }
        if let Some(headings) = headings(&header, &table) {
            return Ok(Some((Format::Fits, Surveys::of(header.name(), &headings))));
        }
    }
    Ok(None)
}

/// The headings of a table with columns of coordinates; none if it is another.
fn headings(header: &Header, table: &Table) -> Option<Vec<Heading>> {
    // AIPS tables are no business of this reader, whatever is missing in them.
    if header.name().starts_with("AIPS") || table.column("RA(2000)").is_some() {
        return None;
    }
    // What is no scalar gets a name that nothing has, so that columns keep their places.
    let headings: Vec<Heading> = table
        .columns
        .iter()
        .map(|column| Heading::new(if column.is_scalar() { &column.name } else { "" }))
        .collect();
    have_positions(&headings).then_some(headings)
}

/// Reads the table; returns the digest of the file.
pub(super) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    let mut file = File::open(input)?;
    let (header, table, headings) = loop {
        let Some(header) = file.next_header()? else {
            return Err(input.layout(
                "a FITS file without a binary table with columns of right ascension and declination",
            ));
        };
        let Some(table) = header.table() else { continue };
        if let Some(headings) = headings(&header, &table) {
            break (header, table, headings);
        }
    };
    let survey = survey::recognise(header.name(), &headings);
    let mut rows = Text {
        rows: file.rows(&table),
        units: table.columns.iter().map(|column| column.unit.clone()).collect(),
        record: csv::StringRecord::new(),
        table,
        headings,
    };
    rows::read(input, &mut rows, survey, options, builder)?;
    input.digest()
}

/// The rows as text.
struct Text<'a> {
    rows: RowReader<'a>,
    table: Table,
    headings: Vec<Heading>,
    units: Vec<String>,
    record: csv::StringRecord,
}

impl Rows for Text<'_> {
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
        let Some(row) = self.rows.next_row()? else { return Ok(None) };
        self.record.clear();
        for column in &self.table.columns {
            self.record.push_field(&if column.is_scalar() { column.text(row) } else { String::new() });
        }
        Ok(Some(&self.record))
    }

    fn line(&self) -> u64 {
        self.rows.number
    }
}

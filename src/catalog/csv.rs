//! Component lists and catalogues as tables of text: CSV, TSV, semicolons; VizieR's with a row of units.
//!
//! One row a component; `#` begins a comment line. The columns are those of [`super::csv_columns`], and those
//! of the surveys of [`super::survey`] (VizieR's asu-tsv: "VizieR documentation, Output formats").

use super::builder::Builder;
use super::csv_table::{self, Table};
use super::headings::Heading;
use super::input::Input;
use super::rows::{self, Rows};
use super::survey::{self, Surveys};
use super::{CatalogError, ReadOptions};

/// Reads a text table; returns the digest of the file.
pub(super) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    let mut table = Table::new(input)?;
    let survey = survey::recognise(&comments(&String::from_utf8_lossy(&input.head)), &table.headings);
    rows::read(input, &mut table, survey, options, builder)?;
    input.digest()
}

/// The surveys whose table begins so.
pub(super) fn surveys_of(head: &str) -> Surveys {
    let line = csv_table::header_line(head).unwrap_or_default();
    let headings = csv_table::separator(line).map(|separator| csv_table::headings(line, separator));
    Surveys::of(&comments(head), &headings.unwrap_or_default())
}

/// What comments above the header say.
fn comments(text: &str) -> String {
    let above = text.lines().take_while(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
    above.collect::<Vec<_>>().join("\n")
}

impl Rows for Table<'_> {
    fn headings(&self) -> &[Heading] {
        &self.headings
    }

    fn units(&self) -> Option<&[String]> {
        self.units.as_deref()
    }

    fn header_line(&self) -> u64 {
        self.header_line
    }

    fn next_row(&mut self) -> Result<Option<&csv::StringRecord>, CatalogError> {
        Table::next_row(self)
    }

    fn line(&self) -> u64 {
        Table::line(self)
    }
}

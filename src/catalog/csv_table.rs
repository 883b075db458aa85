//! A table of text: its separator, its header, its row of units, its rows with their lines.

use super::CatalogError;
use super::headings::{Heading, Unit, have_positions, latitude_frame, longitude_frame};
use super::input::Input;

/// The byte order mark some editors put in front.
const BOM: char = '\u{feff}';

/// Whether a line says nothing.
fn is_idle(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

/// The first line that says something.
pub(super) fn header_line(text: &str) -> Option<&str> {
    text.trim_start_matches(BOM).lines().find(|line| !is_idle(line))
}

/// The separator by which a header has columns for both coordinates.
pub(super) fn separator(header: &str) -> Option<u8> {
    [b',', b'\t', b';'].into_iter().find(|separator| have_positions(&headings(header, *separator)))
}

/// A reader of `text` with this separator.
fn reader(text: &str, separator: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        // The number of cells is compared with the header's by ourselves, to say more than csv would.
        .flexible(true)
        .comment(Some(b'#'))
        .from_reader(text.as_bytes())
}

/// The headings of a header.
pub(super) fn headings(header: &str, separator: u8) -> Vec<Heading> {
    let mut record = csv::StringRecord::new();
    // Text that is not sound CSV has no headings.
    let found = reader(header, separator).read_record(&mut record).unwrap_or(false);
    if found { record.iter().map(Heading::new).collect() } else { Vec::new() }
}

/// A table of text.
pub(super) struct Table<'a> {
    input: &'a Input,
    text: &'a str,
    /// Where in the text the reader began.
    begin: usize,
    reader: csv::Reader<&'a [u8]>,
    record: csv::StringRecord,
    /// A row read ahead, in search of units.
    ahead: bool,
    /// The columns.
    pub headings: Vec<Heading>,
    /// The cells of the row of units; none if there is no such row.
    pub units: Option<Vec<String>>,
    /// The header's line, counted from 1.
    pub header_line: u64,
}

impl<'a> Table<'a> {
    /// Finds the header, and the row of units below it if there is one.
    pub fn new(input: &'a Input, text: &'a str) -> Result<Self, CatalogError> {
        let header_error =
            |line, message: String| CatalogError::Header { path: input.path.clone(), line, message };
        let Some(header) = header_line(text) else {
            return Err(header_error(
                1,
                "no header: a line of column names is expected (ra, dec, flux_jy ...)".into(),
            ));
        };
        let begin = header.as_ptr() as usize - text.as_ptr() as usize;
        let header_line = line_at(text, begin);
        let Some(separator) = separator(header) else {
            return Err(header_error(
                header_line,
                "no column names with a right ascension and a declination (ra, dec), separated by commas, tabs or semicolons".into(),
            ));
        };
        let headings = headings(header, separator);
        let begin = begin + header.len();
        let reader = reader(&text[begin..], separator);
        let record = csv::StringRecord::new();
        let mut table =
            Table { input, text, begin, reader, record, ahead: false, headings, units: None, header_line };
        // VizieR: a row of units below the names, and a row of dashes below that.
        table.ahead = table.advance()?;
        if table.ahead && table.holds_units() {
            table.units = Some(table.record.iter().map(|cell| cell.trim().to_owned()).collect());
            table.ahead = table.advance()?;
        }
        if table.ahead && table.record.iter().all(|cell| cell.trim().bytes().all(|byte| byte == b'-')) {
            table.ahead = table.advance()?;
        }
        Ok(table)
    }

    /// Whether the current row has units and no numbers in the columns of coordinates.
    fn holds_units(&self) -> bool {
        let coordinate =
            |heading: &Heading| longitude_frame(heading).is_some() || latitude_frame(heading).is_some();
        let mut cells =
            self.headings.iter().zip(&self.record).filter(|(heading, _)| coordinate(heading)).peekable();
        cells.peek().is_some() && cells.all(|(_, cell)| Unit::of_cell(cell).is_some())
    }

    /// Reads a row into `record`; false at the end.
    fn advance(&mut self) -> Result<bool, CatalogError> {
        loop {
            match self.reader.read_record(&mut self.record) {
                Ok(false) => return Ok(false),
                // A line of nothing but blanks, or an indented comment.
                Ok(true) if self.record.len() <= 1 && self.record.get(0).is_none_or(is_idle) => {}
                Ok(true) => return Ok(true),
                Err(error) => {
                    return Err(CatalogError::Row {
                        path: self.input.path.clone(),
                        line: self.line(),
                        message: format!("{error}; mend or remove the row"),
                    });
                }
            }
        }
    }

    /// The next row, with as many cells as the header.
    pub fn next_row(&mut self) -> Result<Option<&csv::StringRecord>, CatalogError> {
        if !std::mem::take(&mut self.ahead) && !self.advance()? {
            return Ok(None);
        }
        if self.record.len() != self.headings.len() {
            return Err(CatalogError::Row {
                path: self.input.path.clone(),
                line: self.line(),
                message: format!(
                    "{} cells, but the header has {}; a cell that holds the separator, as a list does, is put in \
                     double quotes, right after the separator",
                    self.record.len(),
                    self.headings.len()
                ),
            });
        }
        Ok(Some(&self.record))
    }

    /// The line of the current row, counted from 1.
    pub fn line(&self) -> u64 {
        let offset = self.record.position().map_or(0, csv::Position::byte);
        let mut at = (self.begin + usize::try_from(offset).unwrap_or(0)).min(self.text.len());
        // csv counts from the end of the row before: comments and blank lines may come between.
        while let Some(end) = self.text[at..].find('\n') {
            if !is_idle(&self.text[at..at + end]) {
                break;
            }
            at += end + 1;
        }
        line_at(self.text, at)
    }
}

/// The line, counted from 1, of a byte of the text.
pub(super) fn line_at(text: &str, at: usize) -> u64 {
    1 + text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() as u64
}

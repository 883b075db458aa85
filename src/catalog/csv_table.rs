//! A table of text: its separator, its header, its row of units, its rows with their lines.

use super::CatalogError;
use super::headings::{Heading, Unit, have_positions, latitude_frame, longitude_frame};
use super::input::{Input, Lines};

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
        .buffer_capacity(text.len().clamp(64, 8192))
        .from_reader(text.as_bytes())
}

/// The headings of a header.
pub(super) fn headings(header: &str, separator: u8) -> Vec<Heading> {
    let mut record = csv::StringRecord::new();
    // Text that is not sound CSV has no headings.
    let found = reader(header, separator).read_record(&mut record).unwrap_or(false);
    if found { record.iter().map(Heading::new).collect() } else { Vec::new() }
}

/// The longest row that quotes make of several lines: beyond, one of them is not closed.
const LONGEST: usize = 1 << 20;

/// Whether a quoted cell is open at the end of a line, before which one was open or not.
fn is_open(line: &str, separator: u8, mut open: bool) -> bool {
    // A quote opens a cell at its beginning only, and two within one are a letter.
    let mut begins = true;
    let mut bytes = line.bytes().peekable();
    while let Some(byte) = bytes.next() {
        if open {
            open = byte != b'"' || bytes.next_if_eq(&b'"').is_some();
        } else {
            open = byte == b'"' && begins;
        }
        begins = byte == separator && !open;
    }
    open
}

/// A table of text, read line by line.
pub(super) struct Table<'a> {
    input: &'a Input,
    lines: Lines<'a>,
    separator: u8,
    /// The current row, of which quotes may make several lines.
    text: String,
    record: csv::StringRecord,
    /// Its line, counted from 1.
    line: u64,
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
    pub fn new(input: &'a Input) -> Result<Self, CatalogError> {
        let header_error =
            |line, message: String| CatalogError::Header { path: input.path.clone(), line, message };
        let mut lines = input.lines()?;
        let header = loop {
            match lines.next_line()? {
                None => {
                    let message = "no header: a line of column names is expected (ra, dec, flux_jy ...)";
                    return Err(header_error(1, message.into()));
                }
                Some(line) => {
                    let line = line.trim_start_matches(BOM);
                    if !is_idle(line) {
                        break line.to_owned();
                    }
                }
            }
        };
        let header_line = lines.number;
        let Some(separator) = separator(&header) else {
            return Err(header_error(
                header_line,
                "no column names with a right ascension and a declination (ra, dec), separated by commas, tabs or semicolons".into(),
            ));
        };
        let mut table = Table {
            input,
            lines,
            separator,
            text: String::new(),
            record: csv::StringRecord::new(),
            line: header_line,
            ahead: false,
            headings: headings(&header, separator),
            units: None,
            header_line,
        };
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
            let Some(line) = self.lines.next_line()? else { return Ok(false) };
            if !is_idle(line) {
                self.text.clear();
                self.text.push_str(line);
                break;
            }
        }
        self.line = self.lines.number;
        self.record.clear();
        if !self.text.contains('"') {
            self.text.split(char::from(self.separator)).for_each(|cell| self.record.push_field(cell));
            return Ok(true);
        }
        let mut open = is_open(&self.text, self.separator, false);
        while open {
            let Some(line) = self.lines.next_line()? else { break };
            open = is_open(line, self.separator, true);
            self.text.push('\n');
            self.text.push_str(line);
            if self.text.len() > LONGEST {
                return Err(self.row_error("a quote in it is not closed; mend or remove the row".into()));
            }
        }
        let read = reader(&self.text, self.separator).read_record(&mut self.record);
        read.map_err(|error| self.row_error(format!("{error}; mend or remove the row")))
    }

    fn row_error(&self, message: String) -> CatalogError {
        CatalogError::Row { path: self.input.path.clone(), line: self.line, message }
    }

    /// The next row, with as many cells as the header.
    pub fn next_row(&mut self) -> Result<Option<&csv::StringRecord>, CatalogError> {
        if !std::mem::take(&mut self.ahead) && !self.advance()? {
            return Ok(None);
        }
        if self.record.len() != self.headings.len() {
            return Err(self.row_error(format!(
                "{} cells, but the header has {}; a cell that holds the separator, as a list does, is put in double \
                 quotes, right after the separator",
                self.record.len(),
                self.headings.len()
            )));
        }
        Ok(Some(&self.record))
    }

    /// The line of the current row, counted from 1.
    pub fn line(&self) -> u64 {
        self.line
    }
}

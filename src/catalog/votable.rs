//! Catalogues as VOTables: VizieR's `votable`, `votable/-b64`, astropy's and TOPCAT's.
//!
//! "VOTable Format Definition", version 1.4 (IVOA 2019): the first TABLE with columns of right ascension and
//! declination, its rows in TABLEDATA, BINARY or BINARY2 (base64). The columns are those of tables of text,
//! [`super::csv_columns`], with the units of FIELD.

use super::builder::Builder;
use super::headings::{Heading, have_positions};
use super::input::Input;
use super::rows::{self, Rows};
use super::survey::{self, Surveys};
use super::votable_binary::Values;
use super::xml::{Token, Tokens, attribute};
use super::{CatalogError, ReadOptions};

/// A FIELD: a column.
#[derive(Clone, Debug, Default)]
pub(super) struct Field {
    name: String,
    unit: String,
    /// The type of its values.
    pub datatype: String,
    /// How many of them.
    pub arraysize: String,
    /// What stands for nothing.
    null: Option<String>,
}

/// Whether a text that begins so is a VOTable.
pub(super) fn is_votable(head: &str) -> bool {
    let mut tokens = Tokens::new(head);
    loop {
        match tokens.next_token() {
            Some(Token::Begin(name, ..)) => return name == "VOTABLE",
            Some(Token::Text(text)) if text.trim().is_empty() => {}
            _ => return false,
        }
    }
}

/// The surveys whose table begins so.
pub(super) fn surveys_of(head: &str) -> Surveys {
    let mut search = Search::new(Tokens::new(head));
    // The head may end amid the fields: those seen will do.
    while search.step().is_some() {
        if search.data.is_some() {
            break;
        }
    }
    Surveys::of(&search.names, &search.headings())
}

/// Reads the table; returns the digest of the file.
pub(super) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    let mut search = Search::new(Tokens::of(input)?);
    let data = loop {
        if search.step().is_none() {
            return Err(search.tokens.failure().unwrap_or_else(|| {
                input.layout("a VOTable without a table that has columns of right ascension and declination")
            }));
        }
        match search.data {
            Some(data) if search.has_positions() => break data,
            _ => {}
        }
    };
    let line = search.tokens.line();
    let headings = search.headings();
    let survey = survey::recognise(&search.names, &headings);
    let units: Vec<String> = search.fields.iter().map(|field| field.unit.clone()).collect();
    let record = csv::StringRecord::new();
    let fields = search.fields;
    let header = |message: String| CatalogError::Header { path: input.path.clone(), line, message };
    if data == Data::Text {
        let (tokens, header_line) = (search.tokens, line);
        let mut rows = TextRows { input, tokens, line, fields, headings, units, record, header_line };
        rows::read(input, &mut rows, survey, options, builder)?;
    } else {
        let values = Values::new(search.tokens, &fields, data == Data::Binary2).map_err(header)?;
        let mut rows = BinaryRows { input, values, fields, headings, units, record, line };
        rows::read(input, &mut rows, survey, options, builder)?;
    }
    input.digest()
}

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Data {
    Text,
    Binary,
    Binary2,
}

/// The search for a table.
struct Search<'a> {
    tokens: Tokens<'a>,
    /// What names the resource and the table.
    names: String,
    fields: Vec<Field>,
    /// What has been found to hold rows.
    data: Option<Data>,
}

impl<'a> Search<'a> {
    fn new(tokens: Tokens<'a>) -> Self {
        Search { tokens, names: String::new(), fields: Vec::new(), data: None }
    }

    /// Takes the next token; none at the end.
    fn step(&mut self) -> Option<()> {
        self.data = None;
        let Token::Begin(name, attributes, _) = self.tokens.next_token()? else { return Some(()) };
        let of = |wanted| attribute(attributes, wanted).map(|value| value.trim().to_owned());
        match name {
            "RESOURCE" => self.names.clear(),
            "TABLE" => self.fields.clear(),
            "FIELD" => self.fields.push(Field {
                name: of("name").or_else(|| of("ID")).unwrap_or_default(),
                unit: of("unit").unwrap_or_default(),
                datatype: of("datatype").unwrap_or_default(),
                arraysize: of("arraysize").unwrap_or_default(),
                null: None,
            }),
            "VALUES" => {
                if let Some(field) = self.fields.last_mut() {
                    field.null = of("null");
                }
            }
            "TABLEDATA" => self.data = Some(Data::Text),
            "BINARY" => self.data = Some(Data::Binary),
            "BINARY2" => self.data = Some(Data::Binary2),
            _ => {}
        }
        if matches!(name, "RESOURCE" | "TABLE") {
            for key in ["name", "ID"] {
                self.names.push_str(&of(key).unwrap_or_default());
                self.names.push('\n');
            }
        }
        Some(())
    }

    fn headings(&self) -> Vec<Heading> {
        self.fields.iter().map(|field| Heading::new(&field.name)).collect()
    }

    fn has_positions(&self) -> bool {
        have_positions(&self.headings())
    }
}

/// Pushes a cell, blank if it stands for nothing.
fn push(record: &mut csv::StringRecord, cell: &str, field: &Field) {
    let cell = cell.trim();
    let nothing = field.null.as_deref().is_some_and(|null| null.trim() == cell);
    record.push_field(if nothing { "" } else { cell });
}

/// Rows in TABLEDATA.
struct TextRows<'a> {
    input: &'a Input,
    tokens: Tokens<'a>,
    /// The line on which the current row begins.
    line: u64,
    fields: Vec<Field>,
    headings: Vec<Heading>,
    units: Vec<String>,
    record: csv::StringRecord,
    header_line: u64,
}

impl TextRows<'_> {
    /// Reads the cells of a row up to its end; how many there were, or none at the end of the text.
    fn cells(&mut self) -> Option<usize> {
        self.record.clear();
        let mut count = 0;
        let mut cell = String::new();
        let mut inside = false;
        loop {
            match self.tokens.next_token()? {
                Token::End("TR") => return Some(count),
                Token::Begin("TD", _, empty) => {
                    cell.clear();
                    inside = !empty;
                    if empty {
                        self.take("", count);
                        count += 1;
                    }
                }
                Token::End("TD") if inside => {
                    inside = false;
                    self.take(&cell, count);
                    count += 1;
                }
                Token::Text(text) if inside => cell.push_str(&text),
                Token::End("TABLEDATA" | "TABLE" | "VOTABLE") => return None,
                _ => {}
            }
        }
    }

    fn take(&mut self, cell: &str, index: usize) {
        if let Some(field) = self.fields.get(index) {
            push(&mut self.record, cell, field);
        }
    }

    fn cut_short(&mut self, amid: &str) -> CatalogError {
        let message = || format!("the VOTable ends amid {amid}: it is cut short; fetch it again");
        self.tokens.failure().unwrap_or_else(|| self.input.layout(message()))
    }

    fn row_error(&self, message: String) -> CatalogError {
        CatalogError::Row { path: self.input.path.clone(), line: Rows::line(self), message }
    }
}

impl Rows for TextRows<'_> {
    fn headings(&self) -> &[Heading] {
        &self.headings
    }

    fn units(&self) -> Option<&[String]> {
        Some(&self.units)
    }

    fn header_line(&self) -> u64 {
        self.header_line
    }

    fn next_row(&mut self) -> Result<Option<&csv::StringRecord>, CatalogError> {
        loop {
            self.line = self.tokens.line();
            match self.tokens.next_token() {
                Some(Token::Begin("TR", _, false)) => break,
                Some(Token::End("TABLEDATA" | "TABLE" | "VOTABLE")) => return Ok(None),
                Some(_) => {}
                None => return Err(self.cut_short("its table")),
            }
        }
        match self.cells() {
            Some(count) if count == self.fields.len() => Ok(Some(&self.record)),
            Some(count) => {
                Err(self.row_error(format!("{count} cells, but the table has {} fields", self.fields.len())))
            }
            None => Err(self.cut_short("a row")),
        }
    }

    fn line(&self) -> u64 {
        self.line
    }
}

/// Rows in BINARY or BINARY2.
struct BinaryRows<'a> {
    input: &'a Input,
    values: Values<'a>,
    fields: Vec<Field>,
    headings: Vec<Heading>,
    units: Vec<String>,
    record: csv::StringRecord,
    line: u64,
}

impl Rows for BinaryRows<'_> {
    fn headings(&self) -> &[Heading] {
        &self.headings
    }

    fn units(&self) -> Option<&[String]> {
        Some(&self.units)
    }

    fn header_line(&self) -> u64 {
        self.line
    }

    fn next_row(&mut self) -> Result<Option<&csv::StringRecord>, CatalogError> {
        self.record.clear();
        match self.values.next_row() {
            Ok(None) => Ok(None),
            Ok(Some(cells)) => {
                for (cell, field) in cells.iter().zip(&self.fields) {
                    push(&mut self.record, cell, field);
                }
                Ok(Some(&self.record))
            }
            Err(message) => Err(self.values.failure().unwrap_or_else(|| self.input.layout(message))),
        }
    }

    fn line(&self) -> u64 {
        self.values.number
    }
}

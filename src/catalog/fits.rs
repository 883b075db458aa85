//! Binary tables of FITS files, row by row and out of a stream, gzipped or not.
//!
//! "Definition of the Flexible Image Transport System", version 4.0, sections 4 and 7.3. Only what catalogues
//! need: scalars and strings. (The binding of cfitsio reads strings into buffers that a wrong `TDISP` makes
//! too short, and whole columns at a time.)

use std::io::{BufRead, Read};

use super::CatalogError;
use super::input::Input;

const BLOCK: usize = 2880;
const CARD: usize = 80;
/// More cards than any header has.
const MOST_CARDS: usize = 100_000;
/// More bytes than a row of any catalogue has.
const LONGEST_ROW: u64 = 1 << 20;

/// A column of a binary table.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// `TTYPE`, without blanks around it.
    pub name: String,
    /// `TUNIT`, likewise.
    pub unit: String,
    /// The letter of `TFORM`.
    code: u8,
    /// How many of it.
    repeat: usize,
    /// Where it begins in a row.
    offset: usize,
    /// `TSCAL` and `TZERO`.
    scale: Option<(f64, f64)>,
    /// `TNULL`.
    null: Option<i64>,
}

impl Column {
    /// Whether it has one number a row.
    pub fn is_number(&self) -> bool {
        self.repeat == 1 && b"BIJKED".contains(&self.code)
    }

    /// Whether it has a number or a text.
    pub fn is_scalar(&self) -> bool {
        self.is_number() || self.code == b'A' || (self.code == b'L' && self.repeat == 1)
    }

    fn width(code: u8, repeat: usize) -> Option<usize> {
        let size = match code {
            b'L' | b'B' | b'A' => 1,
            b'X' => return Some(repeat.div_ceil(8)),
            b'I' => 2,
            b'J' | b'E' => 4,
            b'K' | b'D' | b'C' | b'P' => 8,
            b'M' | b'Q' => 16,
            _ => return None,
        };
        repeat.checked_mul(size)
    }

    fn bytes<'a>(&self, row: &'a [u8]) -> &'a [u8] {
        let width = Self::width(self.code, self.repeat).unwrap_or_default();
        row.get(self.offset..self.offset + width).unwrap_or_default()
    }

    fn integer(&self, row: &[u8]) -> Option<i64> {
        let bytes = self.bytes(row);
        let value = match self.code {
            b'B' => i64::from(*bytes.first()?),
            b'I' => i64::from(i16::from_be_bytes(bytes.try_into().ok()?)),
            b'J' => i64::from(i32::from_be_bytes(bytes.try_into().ok()?)),
            b'K' => i64::from_be_bytes(bytes.try_into().ok()?),
            _ => return None,
        };
        (self.null != Some(value)).then_some(value)
    }

    /// The number in a row; none if it is blank.
    pub fn number(&self, row: &[u8]) -> Option<f64> {
        let bytes = self.bytes(row);
        let stored = match self.code {
            b'E' => f64::from(f32::from_be_bytes(bytes.try_into().ok()?)),
            b'D' => f64::from_be_bytes(bytes.try_into().ok()?),
            #[allow(clippy::cast_precision_loss)]
            _ => self.integer(row)? as f64,
        };
        let (scale, zero) = self.scale.unwrap_or((1.0, 0.0));
        Some(stored * scale + zero).filter(|value| !value.is_nan())
    }

    /// What stands in a row, as text: blank if nothing does, and a number in the fewest digits that tell it.
    pub fn text(&self, row: &[u8]) -> String {
        match (self.code, self.scale) {
            (b'A', _) => {
                let bytes = self.bytes(row);
                let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
                String::from_utf8_lossy(&bytes[..end]).trim().to_owned()
            }
            (b'L', _) => match self.bytes(row) {
                [b'T'] => "true".into(),
                [b'F'] => "false".into(),
                _ => String::new(),
            },
            (b'E', None) => match self.bytes(row).try_into().map(f32::from_be_bytes) {
                Ok(value) if !value.is_nan() => value.to_string(),
                _ => String::new(),
            },
            (b'B' | b'I' | b'J' | b'K', None) => {
                self.integer(row).map(|value| value.to_string()).unwrap_or_default()
            }
            _ => self.number(row).map(|value| value.to_string()).unwrap_or_default(),
        }
    }
}

/// A header, and what follows it.
pub(super) struct Header {
    cards: Vec<(String, String)>,
}

impl Header {
    /// The value of a keyword, strings without their quotes.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.cards.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    fn count(&self, key: &str) -> Option<u64> {
        self.get(key)?.parse().ok()
    }

    /// A number.
    pub fn number(&self, key: &str) -> Option<f64> {
        self.get(key)?.replace(['D', 'd'], "E").parse().ok().filter(|value: &f64| value.is_finite())
    }

    /// The name of the extension.
    pub fn name(&self) -> &str {
        self.get("EXTNAME").unwrap_or_default()
    }

    /// How many bytes of data follow, without the filling.
    fn length(&self) -> Option<u64> {
        let axes = self.count("NAXIS")?;
        if axes == 0 || axes > 999 {
            return (axes == 0).then_some(0);
        }
        let bits: i64 = self.get("BITPIX")?.parse().ok()?;
        let mut pixels: u64 = 1;
        for axis in 1..=axes {
            let length = self.count(&format!("NAXIS{axis}"))?;
            // Random groups have a first axis of nothing.
            if !(axis == 1 && length == 0) {
                pixels = pixels.checked_mul(length)?;
            }
        }
        let groups = self.count("GCOUNT").unwrap_or(1);
        let parameters = self.count("PCOUNT").unwrap_or(0);
        (bits.unsigned_abs() / 8).checked_mul(groups)?.checked_mul(parameters.checked_add(pixels)?)
    }

    /// The columns of a binary table and the bytes of its rows; none if it is none.
    pub fn table(&self) -> Option<Table> {
        if self.get("XTENSION")? != "BINTABLE" {
            return None;
        }
        let row = self.count("NAXIS1").filter(|row| *row > 0 && *row <= LONGEST_ROW)?;
        let fields = self.count("TFIELDS").filter(|fields| *fields <= 999)?;
        let mut offset = 0;
        let mut columns = Vec::new();
        for number in 1..=fields {
            let text = |key: &str| self.get(&format!("{key}{number}")).unwrap_or_default().trim().to_owned();
            let form = text("TFORM");
            let digits = form.bytes().take_while(u8::is_ascii_digit).count();
            let repeat = if digits == 0 { 1 } else { form[..digits].parse().ok()? };
            let code = *form.as_bytes().get(digits)?;
            let scaled = |key: &str, usual: f64| self.number(&format!("{key}{number}")).unwrap_or(usual);
            let scale = Some((scaled("TSCAL", 1.0), scaled("TZERO", 0.0))).filter(|pair| *pair != (1.0, 0.0));
            let null = self.get(&format!("TNULL{number}")).and_then(|value| value.parse().ok());
            columns.push(Column {
                name: text("TTYPE"),
                unit: text("TUNIT"),
                code,
                repeat,
                offset,
                scale,
                null,
            });
            offset = Column::width(code, repeat).and_then(|width| width.checked_add(offset))?;
        }
        if offset as u64 > row {
            return None;
        }
        Some(Table { columns, row: usize::try_from(row).ok()?, rows: self.count("NAXIS2")? })
    }
}

/// The layout of a binary table.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// Its columns.
    pub columns: Vec<Column>,
    /// Bytes of a row.
    row: usize,
    /// How many rows the header says there are.
    pub rows: u64,
}

impl Table {
    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// A FITS file under way.
pub(super) struct File<'a> {
    input: &'a Input,
    reader: Box<dyn BufRead>,
    /// What is left of the data of the current header, filling included.
    left: u64,
}

impl<'a> File<'a> {
    /// Opens the file at its beginning.
    pub fn open(input: &'a Input) -> Result<Self, CatalogError> {
        Ok(File { input, reader: input.reader()?, left: 0 })
    }

    /// The next header; none at the end, or where what follows is none.
    pub fn next_header(&mut self) -> Result<Option<Header>, CatalogError> {
        let error = |source| self.input.reading(source);
        let skipped = std::io::copy(&mut self.reader.by_ref().take(self.left), &mut std::io::sink());
        if skipped.map_err(error)? < self.left {
            return Ok(None);
        }
        self.left = 0;
        let mut cards = Vec::new();
        let mut block = [0; BLOCK];
        loop {
            match self.reader.read_exact(&mut block) {
                Ok(()) => {}
                Err(source) if source.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
                Err(source) => return Err(self.input.reading(source)),
            }
            for card in block.chunks_exact(CARD) {
                let key = String::from_utf8_lossy(&card[..8]).trim().to_owned();
                if key == "END" {
                    let header = Header { cards };
                    let Some(length) = header.length() else { return Ok(None) };
                    self.left = length.div_ceil(BLOCK as u64).saturating_mul(BLOCK as u64);
                    return Ok(Some(header));
                }
                if &card[8..10] == b"= " {
                    cards.push((key, value(&String::from_utf8_lossy(&card[10..]))));
                }
            }
            if cards.len() > MOST_CARDS || !block.iter().all(|byte| (32..127).contains(byte)) {
                return Ok(None);
            }
        }
    }

    /// The rows of the table that the last header describes.
    pub fn rows(self, table: &Table) -> RowReader<'a> {
        RowReader {
            input: self.input,
            reader: self.reader,
            row: vec![0; table.row],
            number: 0,
            rows: table.rows,
        }
    }
}

/// The value on a card: a string without quotes and blanks behind it, or what stands before a comment.
fn value(text: &str) -> String {
    let text = text.trim();
    let Some(quoted) = text.strip_prefix('\'') else {
        return text.split('/').next().unwrap_or_default().trim().to_owned();
    };
    let mut found = String::new();
    let mut letters = quoted.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '\'' && letters.next_if_eq(&'\'').is_none() {
            break;
        }
        found.push(letter);
    }
    found.trim_end().to_owned()
}

/// The rows of a table, one after the other.
pub(super) struct RowReader<'a> {
    input: &'a Input,
    reader: Box<dyn BufRead>,
    row: Vec<u8>,
    /// The number of the current row, counted from 1.
    pub number: u64,
    rows: u64,
}

impl RowReader<'_> {
    /// The bytes of the next row.
    pub fn next_row(&mut self) -> Result<Option<&[u8]>, CatalogError> {
        if self.number == self.rows {
            return Ok(None);
        }
        match self.reader.read_exact(&mut self.row) {
            Ok(()) => {}
            Err(source) if source.kind() == std::io::ErrorKind::UnexpectedEof => {
                return Err(self.input.layout(format!(
                    "the table should have {} rows, but the file ends in row {}: it is cut short; fetch it again",
                    self.rows,
                    self.number + 1
                )));
            }
            Err(source) => return Err(self.input.reading(source)),
        }
        self.number += 1;
        Ok(Some(&self.row))
    }
}

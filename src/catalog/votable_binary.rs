//! The rows of VOTables in BINARY and BINARY2: base64 of big-endian values.
//!
//! "VOTable Format Definition", version 1.4, sections 5.3 and 5.4, and section 2.1 for the sizes of types.

use super::CatalogError;
use super::votable::Field;
use super::xml::{Token, Tokens, attribute};

/// Goes on to what stands in the STREAM that comes next.
fn find_stream(tokens: &mut Tokens<'_>) -> Result<(), String> {
    loop {
        match tokens.next_token() {
            Some(Token::Begin("STREAM", attributes, empty)) => {
                if empty || attribute(attributes, "href").is_some() {
                    return Err("the rows are in another file: save the VOTable with its data inside".into());
                }
                return match attribute(attributes, "encoding").as_deref() {
                    None | Some("base64") => Ok(()),
                    Some(other) => Err(format!("rows encoded as '{other}' are not understood, base64 is")),
                };
            }
            Some(_) => {}
            None => return Err("the VOTable ends before its rows: it is cut short; fetch it again".into()),
        }
    }
}

/// A stream in base64, as it is read.
struct Base64<'a> {
    tokens: Tokens<'a>,
    bits: u32,
    count: u32,
    ended: bool,
}

impl Base64<'_> {
    /// Adds some more bytes of the stream to `bytes`; false at its end.
    fn pull(&mut self, bytes: &mut Vec<u8>) -> Result<bool, String> {
        if self.ended {
            return Ok(false);
        }
        match self.tokens.next_token() {
            Some(Token::Text(text)) => {
                for letter in text.bytes() {
                    let value = match letter {
                        b'A'..=b'Z' => letter - b'A',
                        b'a'..=b'z' => letter - b'a' + 26,
                        b'0'..=b'9' => letter - b'0' + 52,
                        b'+' => 62,
                        b'/' => 63,
                        b'=' | b' ' | b'\t' | b'\r' | b'\n' => continue,
                        _ => {
                            return Err("the rows are not base64: the file is damaged; fetch it again".into());
                        }
                    };
                    self.bits = (self.bits << 6) | u32::from(value);
                    self.count += 6;
                    if self.count >= 8 {
                        self.count -= 8;
                        bytes.push((self.bits >> self.count) as u8);
                        self.bits &= (1 << self.count) - 1;
                    }
                }
            }
            Some(Token::End("STREAM")) => self.ended = true,
            Some(_) => {}
            None => return Err("the VOTable ends amid its rows: it is cut short; fetch it again".into()),
        }
        Ok(true)
    }
}

/// The type of a field's values.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Boolean,
    Bit,
    Byte,
    Short,
    Int,
    Long,
    Char,
    Unicode,
    Float,
    Double,
    FloatComplex,
    DoubleComplex,
}

/// A field: its type and how many values it has, none if every row says it.
#[derive(Clone, Copy, Debug)]
struct Layout {
    kind: Kind,
    count: Option<usize>,
}

impl Layout {
    fn of(field: &Field) -> Result<Self, String> {
        let kind = match field.datatype.as_str() {
            "boolean" => Kind::Boolean,
            "bit" => Kind::Bit,
            "unsignedByte" => Kind::Byte,
            "short" => Kind::Short,
            "int" => Kind::Int,
            "long" => Kind::Long,
            "char" => Kind::Char,
            "unicodeChar" => Kind::Unicode,
            "float" => Kind::Float,
            "double" => Kind::Double,
            "floatComplex" => Kind::FloatComplex,
            "doubleComplex" => Kind::DoubleComplex,
            other => return Err(format!("a field of the unknown type '{other}'")),
        };
        let size = field.arraysize.trim();
        if size.ends_with('*') {
            return Ok(Layout { kind, count: None });
        }
        let mut count = 1usize;
        for part in size.split('x').filter(|part| !part.is_empty()) {
            let part: usize = part.trim().parse().map_err(|_| format!("a field of the size '{size}'"))?;
            count = count.checked_mul(part).ok_or("a field too large for a row")?;
        }
        Ok(Layout { kind, count: Some(count) })
    }

    fn bytes(self, count: usize) -> Option<usize> {
        let size = match self.kind {
            Kind::Bit => return Some(count.div_ceil(8)),
            Kind::Boolean | Kind::Byte | Kind::Char => 1,
            Kind::Short | Kind::Unicode => 2,
            Kind::Int | Kind::Float => 4,
            Kind::Long | Kind::Double | Kind::FloatComplex => 8,
            Kind::DoubleComplex => 16,
        };
        count.checked_mul(size)
    }

    /// A number or a string as text; blank for arrays of numbers, and for no number.
    fn text(self, bytes: &[u8]) -> String {
        fn float<T: std::fmt::Display>(value: T, nan: bool) -> String {
            if nan { String::new() } else { value.to_string() }
        }
        let text = match self.kind {
            Kind::Char => {
                let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
                return String::from_utf8_lossy(&bytes[..end]).into_owned();
            }
            Kind::Unicode => {
                let units: Vec<u16> =
                    bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
                return String::from_utf16_lossy(&units).trim_end_matches('\0').to_owned();
            }
            Kind::Boolean => match bytes {
                [b'T' | b't' | b'1'] => Some("true".into()),
                [b'F' | b'f' | b'0'] => Some("false".into()),
                _ => None,
            },
            Kind::Byte => <[u8; 1]>::try_from(bytes).ok().map(|[value]| value.to_string()),
            Kind::Short => bytes.try_into().ok().map(|bytes| i16::from_be_bytes(bytes).to_string()),
            Kind::Int => bytes.try_into().ok().map(|bytes| i32::from_be_bytes(bytes).to_string()),
            Kind::Long => bytes.try_into().ok().map(|bytes| i64::from_be_bytes(bytes).to_string()),
            Kind::Float => bytes.try_into().ok().map(|bytes| {
                let value = f32::from_be_bytes(bytes);
                float(value, value.is_nan())
            }),
            Kind::Double => bytes.try_into().ok().map(|bytes| {
                let value = f64::from_be_bytes(bytes);
                float(value, value.is_nan())
            }),
            Kind::Bit | Kind::FloatComplex | Kind::DoubleComplex => None,
        };
        text.unwrap_or_default()
    }
}

/// The rows, one after the other.
pub(super) struct Values<'a> {
    stream: Base64<'a>,
    /// What has been read of them; what is still to come begins at `at`.
    bytes: Vec<u8>,
    at: usize,
    layouts: Vec<Layout>,
    /// Whether a row begins with bits that tell which of its values are none (BINARY2).
    flagged: bool,
    cells: Vec<String>,
    /// The number of the current row, counted from 1.
    pub number: u64,
}

impl<'a> Values<'a> {
    /// The rows of the STREAM that comes next.
    pub fn new(mut tokens: Tokens<'a>, fields: &[Field], flagged: bool) -> Result<Self, String> {
        find_stream(&mut tokens)?;
        let stream = Base64 { tokens, bits: 0, count: 0, ended: false };
        let layouts = fields.iter().map(Layout::of).collect::<Result<_, _>>()?;
        Ok(Values { stream, bytes: Vec::new(), at: 0, layouts, flagged, cells: Vec::new(), number: 0 })
    }

    /// Why a row could not be had, if the file could not be read.
    pub fn failure(&mut self) -> Option<CatalogError> {
        self.stream.tokens.failure()
    }

    /// Reads on until so many bytes are at hand; false if there are not so many.
    fn reach(&mut self, count: usize) -> Result<bool, String> {
        while self.bytes.len() - self.at < count {
            if !self.stream.pull(&mut self.bytes)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn take(&mut self, count: usize) -> Result<std::ops::Range<usize>, String> {
        if !self.reach(count)? {
            return Err(format!("the rows end amid row {}: the file is cut short", self.number));
        }
        let end = self.at + count;
        Ok(std::mem::replace(&mut self.at, end)..end)
    }

    /// The cells of the next row.
    pub fn next_row(&mut self) -> Result<Option<&[String]>, String> {
        if self.layouts.is_empty() || !self.reach(1)? {
            return Ok(None);
        }
        if self.at > 1 << 16 {
            self.bytes.drain(..self.at);
            self.at = 0;
        }
        let begin = self.at;
        self.number += 1;
        self.cells.clear();
        let flags = if self.flagged { self.take(self.layouts.len().div_ceil(8))? } else { 0..0 };
        for index in 0..self.layouts.len() {
            let layout = self.layouts[index];
            let count = match layout.count {
                Some(count) => count,
                None => {
                    let length = self.take(4)?;
                    let length: [u8; 4] = self.bytes[length].try_into().unwrap_or_default();
                    u32::from_be_bytes(length) as usize
                }
            };
            let range = self.take(layout.bytes(count).ok_or("a field too large for a row")?)?;
            let nothing = self.bytes[flags.clone()]
                .get(index / 8)
                .is_some_and(|byte| byte & (0x80 >> (index % 8)) != 0);
            let cell = if nothing { String::new() } else { layout.text(&self.bytes[range]) };
            self.cells.push(cell);
        }
        if self.at == begin {
            return Err("fields without a size: the VOTable is damaged; fetch it again".into());
        }
        Ok(Some(&self.cells))
    }
}

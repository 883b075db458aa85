//! NVSS as VizieR keeps it, `nvss.dat`: records of fixed width without a header.
//!
//! The bytes are those of the "Byte-by-byte Description" in the ReadMe of VizieR VIII/65 (Condon et al.
//! 1998, AJ 115, 1693). Flux densities are integrated, sizes deconvolved or upper limits (`<`).

use super::builder::Builder;
use super::headings::Heading;
use super::input::{Input, Lines};
use super::rows::{self, Rows};
use super::{CatalogError, ReadOptions, survey};

/// Names, units and bytes, counted from 1, both ends included.
const COLUMNS: [(&str, &str, usize, usize); 19] = [
    ("NVSS", "", 26, 39),
    ("RAJ2000", "h:m:s", 41, 51),
    ("DEJ2000", "d:m:s", 53, 63),
    ("S1.4", "mJy", 76, 83),
    ("l_MajAxis", "", 93, 93),
    ("MajAxis", "arcsec", 94, 98),
    ("l_MinAxis", "", 100, 100),
    ("MinAxis", "arcsec", 101, 105),
    ("PA", "deg", 107, 111),
    ("polFlux", "mJy", 136, 141),
    ("polPA", "deg", 143, 147),
    ("e_RAJ2000", "s", 65, 69),
    ("e_DEJ2000", "arcsec", 71, 74),
    ("e_S1.4", "mJy", 85, 91),
    ("e_MajAxis", "arcsec", 113, 116),
    ("e_MinAxis", "arcsec", 118, 121),
    ("e_PA", "deg", 123, 126),
    ("e_polFlux", "mJy", 149, 153),
    ("e_polPA", "deg", 155, 158),
];

/// The columns that a prediction needs: the first ones.
const NEEDED: usize = 11;

/// The last byte of the last column that every row has.
const SHORTEST: usize = 83;

/// Whether a line is such a record, by its blanks, signs and digits.
pub(super) fn is_record(line: &str) -> bool {
    let bytes = line.as_bytes();
    let digit = |at: usize| bytes[at - 1].is_ascii_digit();
    let blank = |at: usize| bytes[at - 1] == b' ';
    line.is_ascii()
        && (SHORTEST..=160).contains(&bytes.len())
        // Tens may be blanks: the columns are I2 and F5.2.
        && [42, 45, 48, 55, 58, 61].into_iter().all(digit)
        && [41, 44, 47, 54, 57, 60].into_iter().all(|at| digit(at) || blank(at))
        && [40, 43, 46, 52, 56, 59, 64, 75].into_iter().all(blank)
        && matches!(bytes[52], b'+' | b'-')
}

/// Reads the records; returns the digest of the file.
pub(super) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    let columns = if builder.detailed() { &COLUMNS[..] } else { &COLUMNS[..NEEDED] };
    let mut records = Records {
        columns,
        input,
        lines: input.lines()?,
        headings: columns.iter().map(|(name, ..)| Heading::new(name)).collect(),
        units: columns.iter().map(|(_, unit, ..)| (*unit).to_owned()).collect(),
        record: csv::StringRecord::new(),
    };
    rows::read(input, &mut records, Some(&survey::NVSS), options, builder)?;
    input.digest()
}

/// The records of the file.
struct Records<'a> {
    columns: &'static [(&'static str, &'static str, usize, usize)],
    input: &'a Input,
    lines: Lines<'a>,
    headings: Vec<Heading>,
    units: Vec<String>,
    record: csv::StringRecord,
}

impl Rows for Records<'_> {
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
        loop {
            let number = self.lines.number + 1;
            let Some(line) = self.lines.next_line()? else { return Ok(None) };
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            if !line.is_ascii() || line.len() < SHORTEST {
                return Err(CatalogError::Row {
                    path: self.input.path.clone(),
                    line: number,
                    message: format!("{} bytes, where a record has 158; mend or remove the row", line.len()),
                });
            }
            self.record.clear();
            for (.., first, last) in self.columns {
                let end = (*last).min(line.len());
                self.record.push_field(line.get(first - 1..end).unwrap_or_default());
            }
            return Ok(Some(&self.record));
        }
    }

    fn line(&self) -> u64 {
        self.lines.number
    }
}

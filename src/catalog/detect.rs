//! Telling the format of a file from its content.

use super::csv_table;
use super::input::Input;
use super::{CatalogError, Format};

/// The format of a file; `asked` settles it if the content does not contradict.
pub(super) fn detect(input: &Input, asked: Option<Format>) -> Result<Format, CatalogError> {
    let head = input.head.as_slice();
    let path = || input.path.clone();
    let binary = if head.starts_with(b"SQLite format 3\0") {
        Some((Format::Sqlite, "an SQLite database"))
    } else if head.starts_with(b"SIMPLE  =") {
        Some((Format::Vz, "a FITS file"))
    } else {
        None
    };
    if let Some((format, found)) = binary {
        return match asked {
            Some(asked) if asked != format => {
                Err(CatalogError::WrongFormat { path: path(), asked, found: found.into() })
            }
            _ => Ok(format),
        };
    }
    let found = if head.is_empty() {
        "the file is empty".to_owned()
    } else if head.contains(&0) {
        "binary data of an unknown kind".to_owned()
    } else {
        match asked {
            // Asked for by name, the reader itself says what a text lacks.
            Some(Format::Csv) => return Ok(Format::Csv),
            Some(asked) => {
                return Err(CatalogError::WrongFormat { path: path(), asked, found: "text".into() });
            }
            None => {
                let text = String::from_utf8_lossy(head);
                match csv_table::header_line(&text) {
                    Some(line) if csv_table::separator(line).is_some() => return Ok(Format::Csv),
                    Some(line) => format!(
                        "no column names with a right ascension and a declination in '{}'",
                        shortened(line)
                    ),
                    None => "text with nothing but comments".to_owned(),
                }
            }
        }
    };
    Err(CatalogError::Unknown { path: path(), found })
}

/// A line short enough for a message.
fn shortened(line: &str) -> String {
    let mut short: String = line.chars().filter(|c| !c.is_control()).take(60).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}

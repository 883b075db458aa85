//! Telling the format of a file from its content.

use std::path::Path;

use super::input::Input;
use super::survey::{self, Surveys};
use super::{
    CatalogError, Format, csv, csv_table, fits_table, models, nvsslist, store, tdat, vizier_dat, votable,
};

/// What a file holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub format: Format,
    /// The surveys, of formats that any list may come in.
    pub surveys: Surveys,
}

/// The format of a file; `asked` settles it if the content does not contradict.
pub(super) fn detect(input: &Input, asked: Option<Format>) -> Result<Found, CatalogError> {
    let head = input.head.as_slice();
    let path = || input.path.clone();
    let binary = if store::is_store(head) {
        Some((Found { format: Format::Store, surveys: Surveys::Unknown }, "an imported catalogue"))
    } else if head.starts_with(b"SQLite format 3\0") {
        Some((Found { format: Format::Sqlite, surveys: Surveys::Unknown }, "an SQLite database"))
    } else if head.starts_with(models::HDF5) {
        Some((Found { format: Format::Skyh5, surveys: Surveys::Unknown }, "an HDF5 file"))
    } else if head.starts_with(b"SIMPLE  =") {
        // What no other reader knows, that of VZ tables tells.
        let (format, surveys) = fits_table::detect(input)?.unwrap_or((Format::Vz, Surveys::Unknown));
        let kind = match format {
            Format::Vl => "a FITS file with an AIPS VL table",
            Format::Fits => "a FITS file with a table of another kind",
            Format::HyperdriveFits => "a FITS file with a source list of hyperdrive",
            _ => "a FITS file",
        };
        Some((Found { format, surveys }, kind))
    } else {
        None
    };
    if let Some((found, kind)) = binary {
        return match asked {
            Some(asked) if asked != found.format => {
                Err(CatalogError::WrongFormat { path: path(), asked, found: kind.into() })
            }
            _ => Ok(found),
        };
    }
    let unknown = |found: String| CatalogError::Unknown { path: path(), found };
    if head.is_empty() {
        return Err(unknown("the file is empty".into()));
    }
    if head.contains(&0) {
        return Err(unknown("binary data of an unknown kind".into()));
    }
    let text = String::from_utf8_lossy(head);
    let told = text_format(&text, &input.path);
    match asked {
        // Asked for by name, the reader itself says what a text lacks.
        Some(Format::Csv) => Ok(Found { format: Format::Csv, surveys: csv::surveys_of(&text) }),
        Some(asked) if asked.is_text() && told.is_none_or(|told| told.reads(asked)) => {
            Ok(found(asked, &text))
        }
        Some(asked) => {
            let content = told.map_or("text".to_owned(), |told| format!("{} ({told})", told.describe()));
            Err(CatalogError::WrongFormat { path: path(), asked, found: content })
        }
        None => told.map(|format| found(format, &text)).ok_or_else(|| {
            unknown(match csv_table::header_line(&text) {
                Some(line) => format!(
                    "no column names with a right ascension and a declination in '{}'",
                    shortened(line)
                ),
                None => "text with nothing but comments".to_owned(),
            })
        }),
    }
}

/// The format of a text that begins so.
fn text_format(text: &str, path: &Path) -> Option<Format> {
    let record = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#'));
    // Before CSV, whose header the format lines of models resemble.
    if votable::is_votable(text) {
        Some(Format::Votable)
    } else if let Some(model) = models::told(text, path) {
        Some(model)
    } else if tdat::is_tdat(text) {
        Some(Format::Tdat)
    } else if csv_table::header_line(text).is_some_and(|line| csv_table::separator(line).is_some()) {
        Some(Format::Csv)
    } else if nvsslist::is_listing(text) {
        Some(Format::NvssList)
    } else if record.is_some_and(vizier_dat::is_record) {
        Some(Format::NvssDat)
    } else {
        None
    }
}

/// A format with the surveys that a text of it is of.
fn found(format: Format, text: &str) -> Found {
    let surveys = match format {
        Format::Csv => csv::surveys_of(text),
        Format::Votable => votable::surveys_of(text),
        Format::NvssDat | Format::NvssList | Format::Tdat => Surveys::One(&survey::NVSS),
        _ => Surveys::Unknown,
    };
    Found { format, surveys }
}

/// A line short enough for a message.
fn shortened(line: &str) -> String {
    let mut short: String = line.chars().filter(|c| !c.is_control()).take(60).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}

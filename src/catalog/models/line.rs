//! A line of a text, with which every complaint about it begins.

use crate::catalog::CatalogError;
use crate::catalog::input::{Input, Lines};

/// A line of a file.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    /// The file.
    pub input: &'a Input,
    /// Counted from 1.
    pub number: u64,
}

/// The next line of a text, and where it stands.
pub(super) fn next<'text, 'input>(
    lines: &'text mut Lines<'input>,
) -> Result<Option<(Line<'input>, &'text str)>, CatalogError> {
    let line = Line { input: lines.input(), number: lines.number + 1 };
    Ok(lines.next_line()?.map(|text| (line, text)))
}

impl Line<'_> {
    /// An error about the line as a whole.
    pub fn wrong(self, message: impl Into<String>) -> CatalogError {
        CatalogError::Row { path: self.input.path.clone(), line: self.number, message: message.into() }
    }

    /// An error about a value in it.
    pub fn cell(self, column: &str, value: &str, reason: impl Into<String>) -> CatalogError {
        CatalogError::Cell {
            path: self.input.path.clone(),
            line: self.number,
            column: column.to_owned(),
            value: value.to_owned(),
            reason: reason.into(),
        }
    }

    /// An error about the names of columns.
    pub fn header(self, message: impl Into<String>) -> CatalogError {
        CatalogError::Header { path: self.input.path.clone(), line: self.number, message: message.into() }
    }

    /// A finite number.
    pub fn number(self, column: &str, text: &str) -> Result<f64, CatalogError> {
        match text.trim().parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            _ => Err(self.cell(column, text, "not a finite number")),
        }
    }
}

/// The words of a line after its keyword, taken one by one.
pub(super) struct Words<'a, 'b> {
    line: Line<'a>,
    keyword: &'b str,
    words: std::str::SplitAsciiWhitespace<'b>,
}

impl<'a, 'b> Words<'a, 'b> {
    /// The keyword that a text begins with, and the words after it; none of a blank text.
    pub fn of(line: Line<'a>, text: &'b str) -> Option<(&'b str, Self)> {
        let mut words = text.split_ascii_whitespace();
        let keyword = words.next()?;
        Some((keyword, Words { line, keyword, words }))
    }

    /// The next word.
    pub fn text(&mut self, name: &str) -> Result<&'b str, CatalogError> {
        let keyword = self.keyword;
        self.words.next().ok_or_else(|| self.line.wrong(format!("{keyword} needs {name}")))
    }

    /// The next word as a finite number.
    pub fn number(&mut self, name: &str) -> Result<f64, CatalogError> {
        let word = self.text(name)?;
        self.line.number(name, word.trim_end_matches(','))
    }

    /// The next word, if there is one.
    pub fn more(&mut self) -> Option<&'b str> {
        self.words.next()
    }

    /// Complains of words that are left.
    pub fn end(mut self) -> Result<(), CatalogError> {
        match self.words.next() {
            None => Ok(()),
            Some(word) => Err(self.line.wrong(format!("{} is followed by '{word}' too many", self.keyword))),
        }
    }
}

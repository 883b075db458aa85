//! Tables of text whose names of columns stand in a comment or a first line, blanks or commas between.

use super::line::Line;
use crate::catalog::CatalogError;

/// The names of columns.
#[derive(Clone, Debug)]
pub(super) struct Columns(Vec<String>);

/// The words of a line, between commas if there are any, else between blanks.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let comma = text.contains(',');
    text.split(move |c: char| if comma { c == ',' } else { c.is_ascii_whitespace() })
        .map(str::trim)
        .filter(move |word| comma || !word.is_empty())
}

impl Columns {
    /// Those that a line names, its comment mark taken away.
    pub fn of(text: &str) -> Self {
        Columns(words(text.trim_start_matches(['#', ' '])).map(str::to_owned).collect())
    }

    /// The place of a column, in any case of letters.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|column| column.eq_ignore_ascii_case(name))
    }

    /// Whether all of these are there.
    pub fn have(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.place(name).is_some())
    }

    /// Those before the one of this name.
    pub fn up_to(mut self, name: &str) -> Self {
        self.0.truncate(self.0.iter().position(|column| column == name).unwrap_or(self.0.len()));
        self
    }

    /// The names.
    pub fn names(&self) -> &[String] {
        &self.0
    }
}

/// A row of such a table.
pub(super) struct Cells<'a> {
    pub columns: &'a Columns,
    cells: Vec<&'a str>,
    pub line: Line<'a>,
}

impl<'a> Cells<'a> {
    /// The cells of a line, as many as there are columns.
    pub fn of(columns: &'a Columns, text: &'a str, line: Line<'a>) -> Result<Self, CatalogError> {
        Self::taken(columns, words(text), line)
    }

    /// The cells of a line with blanks between them; what follows the last column says nothing.
    pub fn of_words(columns: &'a Columns, text: &'a str, line: Line<'a>) -> Result<Self, CatalogError> {
        Self::taken(columns, text.split_ascii_whitespace().take(columns.0.len()), line)
    }

    fn taken(
        columns: &'a Columns,
        words: impl Iterator<Item = &'a str>,
        line: Line<'a>,
    ) -> Result<Self, CatalogError> {
        let mut cells = Vec::with_capacity(columns.0.len());
        cells.extend(words);
        if cells.len() != columns.0.len() {
            let message = format!("{} cells, but {} columns are named", cells.len(), columns.0.len());
            return Err(line.wrong(message));
        }
        Ok(Cells { columns, cells, line })
    }

    /// The cell of a column; none if there is no such column.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.cells.get(self.columns.place(name)?).copied()
    }

    /// The number in a column; none if there is no such column, or a blank or NaN in it.
    pub fn number(&self, name: &str) -> Result<Option<f64>, CatalogError> {
        match self.text(name) {
            None => Ok(None),
            Some(text) if text.is_empty() || text.eq_ignore_ascii_case("nan") || text == "--" => Ok(None),
            Some(text) => self.line.number(name, text).map(Some),
        }
    }

    /// The number in a column that must have one.
    pub fn needed(&self, name: &str) -> Result<f64, CatalogError> {
        self.number(name)?
            .ok_or_else(|| self.line.cell(name, self.text(name).unwrap_or_default(), "a number is needed"))
    }
}

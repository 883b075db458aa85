//! Whether a model column is whole: a record in its keywords, written before the first block and
//! completed after the last.

use std::collections::BTreeSet;
use std::ops::Range;

use casacore::{Record, Table, Value};
use ndarray::{Array1, Array2};

use super::error::Result;

/// The column keyword that holds the record.
pub const STATE_KEYWORD: &str = "NVSS_PREDICT";

/// Where a model came from, as kept in the column's keywords.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct Provenance {
    /// The version of this program.
    pub version: String,
    /// An identifier of the run.
    pub run: String,
    /// When the run began, UTC, ISO 8601.
    pub started: String,
    /// The catalogue's path as given.
    pub catalogue: String,
    /// The catalogue's SHA-256.
    pub digest: String,
    /// The command line or call.
    pub arguments: String,
    /// Components that were predicted.
    pub components: i64,
    /// A digest of all that was asked for: a run that is killed is only resumed by the same.
    pub job: String,
    /// The rows of the table, from the first on, that are done and on the disk.
    pub rows: i64,
    /// Those of them that were predicted.
    pub predicted: i64,
    /// The [`super::ColumnDigest`] of the predicted ones; empty where the storage manager may change what it is given.
    pub xxh3: String,
    /// The (FIELD_ID, DATA_DESC_ID) of the rows predicted; empty where all were.
    pub pairs: BTreeSet<(i32, i32)>,
    /// The first of the rows among which they are, and the first after them; none where they are among all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row_range: Option<[i64; 2]>,
}

/// What is known of a model column.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ModelState {
    /// There is no such column.
    NoColumn,
    /// The column was written by another program, or by none.
    Unknown,
    /// A run began and did not end: the column is not to be used.
    Incomplete(Provenance),
    /// A run wrote every row that it was asked for.
    Complete(Provenance),
}

impl ModelState {
    /// Reads the state of column `column`.
    ///
    /// # Errors
    /// Any error of casacore.
    pub fn read(ms: &Table, column: &str) -> Result<ModelState> {
        if !ms.has_column(column) {
            return Ok(ModelState::NoColumn);
        }
        let keywords = ms.column_keywords(column)?;
        let Some(Value::Record(record)) = keywords.get(STATE_KEYWORD) else {
            return Ok(ModelState::Unknown);
        };
        let text = |name: &str| match record.get(name) {
            Some(Value::String(text)) => text.clone(),
            _ => String::new(),
        };
        let number = |name: &str| match record.get(name) {
            Some(Value::Int64(n)) => *n,
            _ => 0,
        };
        let pairs = match record.get("pairs") {
            Some(Value::IntArray(pairs)) => {
                pairs.rows().into_iter().filter_map(|pair| Some((*pair.get(0)?, *pair.get(1)?))).collect()
            }
            _ => BTreeSet::new(),
        };
        let provenance = Provenance {
            version: text("version"),
            run: text("run"),
            started: text("started"),
            catalogue: text("catalogue"),
            digest: text("digest"),
            arguments: text("arguments"),
            components: number("components"),
            job: text("job"),
            rows: number("rows"),
            predicted: number("predicted"),
            xxh3: text("xxh3"),
            pairs,
            row_range: match record.get("row_range") {
                Some(Value::Int64Array(range)) => range.iter().copied().collect::<Vec<_>>().try_into().ok(),
                _ => None,
            },
        };
        Ok(match record.get("complete") {
            Some(Value::Bool(true)) => ModelState::Complete(provenance),
            _ => ModelState::Incomplete(provenance),
        })
    }

    /// Writes the record with `complete` as given. The caller makes it durable with
    /// [`Table::fsync`].
    ///
    /// # Errors
    /// Any error of casacore.
    pub fn write(ms: &Table, column: &str, provenance: &Provenance, complete: bool) -> Result<()> {
        Ok(ms.set_column_keyword(column, STATE_KEYWORD, &provenance.record(complete))?)
    }
}

impl Provenance {
    /// The rows among which those that were predicted are, of a table of so many.
    pub fn rows_of(&self, rows: u64) -> Range<u64> {
        let row = |row: i64| u64::try_from(row).unwrap_or(0).min(rows);
        self.row_range.map_or(0..rows, |[first, end]| row(first)..row(end))
    }

    /// The value of [`STATE_KEYWORD`].
    pub(crate) fn record(&self, complete: bool) -> Value {
        let mut record = Record::default();
        record.set("complete", Value::Bool(complete));
        for (name, text) in [
            ("version", &self.version),
            ("run", &self.run),
            ("started", &self.started),
            ("catalogue", &self.catalogue),
            ("digest", &self.digest),
            ("arguments", &self.arguments),
            ("job", &self.job),
            ("xxh3", &self.xxh3),
        ] {
            record.set(name, Value::String(text.clone()));
        }
        for (name, number) in
            [("components", self.components), ("rows", self.rows), ("predicted", self.predicted)]
        {
            record.set(name, Value::Int64(number));
        }
        if !self.pairs.is_empty() {
            let mut pairs = Array2::<i32>::zeros((self.pairs.len(), 2));
            for (mut row, pair) in pairs.outer_iter_mut().zip(&self.pairs) {
                (row[0], row[1]) = *pair;
            }
            record.set("pairs", Value::IntArray(pairs.into_dyn()));
        }
        if let Some(range) = self.row_range {
            record.set("row_range", Value::Int64Array(Array1::from_iter(range).into_dyn()));
        }
        Value::Record(record)
    }
}

//! The rows of a run in stretches, one for each interval of time that has a sky of its own.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use casacore::Table;

use super::error::{PredictError, Result};
use super::images::digest;
use super::job::Options;
use super::pipeline::RowSelection;
use super::report::{CatalogueReport, ImagesReport};
use super::scope::select_rows;
use crate::ms::{Observation, RowSurvey, Timesteps};

/// Rows that have one sky.
pub(super) struct Stretch {
    /// The interval of time whose sky it is.
    pub(super) interval: usize,
    /// The rows that are visited: those of the interval, and what nobody asked for before the first and after the last.
    pub(super) visited: Range<u64>,
    /// The rows of the interval, where those are not all.
    survey: Option<RowSurvey>,
}

/// The rows of a table, as a run sees them.
pub(super) struct Rows {
    /// All of them.
    pub(super) all: RowSurvey,
    /// The use of those of the timesteps that are predicted, and where they are; none where they are all.
    chosen: Option<(RowSurvey, Range<u64>)>,
    /// At least one; together they visit every row once, in order.
    pub(super) stretches: Vec<Stretch>,
}

impl Rows {
    /// Looks at the rows, for a sky that is another one in each of so many intervals.
    pub(super) fn survey(table: &Table, options: &Options, intervals: usize) -> Result<Rows> {
        let exposure = options.smear.time;
        let all = RowSurvey::with_sequences(table, exposure)?;
        let rows = table.row_count();
        if options.timesteps.is_none() && intervals == 1 {
            let whole = Stretch { interval: 0, visited: 0..rows, survey: None };
            return Ok(Rows { all, chosen: None, stretches: vec![whole] });
        }
        let steps = Timesteps::read(table)?;
        let [first, end] = options.timesteps.unwrap_or([0, steps.len()]);
        let ranges = steps.intervals(table, first..end, intervals)?;
        let mut chosen = RowSurvey::default();
        let mut stretches: Vec<Stretch> = Vec::with_capacity(ranges.len());
        for (interval, range) in ranges.iter().enumerate() {
            let survey = RowSurvey::of_rows(table, range.clone(), exposure)?;
            chosen.join_usage(&survey);
            let start = if interval == 0 { 0 } else { range.start };
            let end = ranges.get(interval + 1).map_or(rows, |next| next.start);
            stretches.push(Stretch { interval, visited: start..end, survey: Some(survey) });
        }
        let range = ranges.first().map_or(0, |range| range.start)..ranges.last().map_or(0, |range| range.end);
        Ok(Rows { all, chosen: Some((chosen, range)), stretches })
    }

    /// The rows of the timesteps that are predicted.
    pub(super) fn chosen(&self) -> &RowSurvey {
        self.chosen.as_ref().map_or(&self.all, |(survey, _)| survey)
    }

    /// Whether all rows have one sky.
    pub(super) fn are_one(&self) -> bool {
        self.chosen.is_none()
    }

    /// The rows of a stretch.
    pub(super) fn of<'a>(&'a self, stretch: &'a Stretch) -> &'a RowSurvey {
        stretch.survey.as_ref().unwrap_or(&self.all)
    }

    /// The rows asked for, and the shapes of all rows.
    pub(super) fn select(&self, observation: &Observation, options: &Options) -> Result<RowSelection> {
        let mut selection = select_rows(observation, &self.all, options)?;
        let Some((chosen, range)) = &self.chosen else { return Ok(selection) };
        selection.rows = range.clone();
        selection.used.retain(|pair| chosen.used.contains_key(pair));
        if selection.used.is_empty() {
            return Err(PredictError::Options(format!(
                "{}: no row of the chosen timesteps belongs to the chosen fields and spectral windows",
                observation.path.display()
            )));
        }
        Ok(selection)
    }

    /// The (FIELD_ID, DATA_DESC_ID) that are predicted of a stretch.
    pub(super) fn used<'s>(
        &self,
        stretch: &Stretch,
        selection: &'s RowSelection,
    ) -> Cow<'s, BTreeSet<(i32, i32)>> {
        match &stretch.survey {
            None => Cow::Borrowed(&selection.used),
            Some(survey) => {
                let there = |pair: &&(i32, i32)| survey.used.contains_key(pair);
                Cow::Owned(selection.used.iter().filter(there).copied().collect())
            }
        }
    }
}

/// What is told of the skies of all stretches together: at least one.
pub(super) fn joined(told: &[CatalogueReport]) -> CatalogueReport {
    let [first, others @ ..] = told else { return CatalogueReport::default() };
    if others.is_empty() {
        return first.clone();
    }
    let images = || told.iter().filter_map(|one| one.images.as_ref());
    let files: Vec<_> = images().flat_map(|images| images.files.iter().cloned()).collect();
    let mut notes = vec![format!("{} intervals of time, each with a sky of its own", told.len())];
    for (interval, one) in told.iter().enumerate() {
        let mut note = |text: String| {
            if !notes.contains(&text) {
                notes.push(text);
            }
        };
        for text in &one.notes {
            let of_all = told.iter().all(|other| other.notes.contains(text));
            note(if of_all { text.clone() } else { format!("t{interval:04}: {text}") });
        }
    }
    CatalogueReport {
        digest: digest(&files),
        rows: told.iter().map(|one| one.rows).sum(),
        selected: told.iter().map(|one| one.selected).sum(),
        // The sky of a moment.
        flux_jy: told.iter().map(|one| one.flux_jy).sum::<f64>() / told.len() as f64,
        notes,
        images: Some(ImagesReport {
            pixels: images().map(|images| images.pixels).sum(),
            blanks: images().map(|images| images.blanks).sum(),
            corrected: images().any(|images| images.corrected),
            files,
        }),
        ..first.clone()
    }
}

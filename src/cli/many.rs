//! Several MeasurementSets in one command: who watches, what is said at the end, and the exit code.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde::Serialize;

use super::args::Verbosity;
use super::watch::stop_flag;
use super::{CliError, exit, output, predict_exit_code, with_causes};
use crate::predict::{self, Batch, BatchObserver, Observer, PredictError, Report};

/// What became of one MeasurementSet, for the report.
#[derive(Serialize)]
struct Entry<'a> {
    ms: String,
    exit_code: u8,
    error: Option<String>,
    report: Option<&'a Report>,
}

/// Watches all runs on behalf of a person.
struct Crowd<'b> {
    batch: &'b Batch,
    verbosity: Verbosity,
    stop: Arc<AtomicBool>,
    /// What each run said so far: runs that are under way together must not talk at once.
    said: Vec<Mutex<String>>,
}

/// Watches one of them.
struct Member<'c> {
    crowd: &'c Crowd<'c>,
    index: usize,
}

impl Observer for Member<'_> {
    fn warning(&mut self, text: &str) {
        output::warn(&format!("{}: {text}", self.crowd.batch.ms[self.index].display()));
    }

    fn planned(&mut self, report: &Report) {
        self.crowd.said(self.index).push_str(&output::plan(report));
    }

    fn cancelled(&self) -> bool {
        self.crowd.cancelled()
    }
}

impl Crowd<'_> {
    fn said(&self, index: usize) -> std::sync::MutexGuard<'_, String> {
        self.said[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BatchObserver for Crowd<'_> {
    fn observer(&self, index: usize) -> Box<dyn Observer + '_> {
        Box::new(Member { crowd: self, index })
    }

    fn ended(&self, index: usize, outcome: &predict::Result<Report>) {
        if self.verbosity == Verbosity::Quiet {
            return;
        }
        let mut text = format!("=== {}\n{}", self.batch.ms[index].display(), self.said(index));
        match outcome {
            Ok(report) => text += &output::summary(report, self.verbosity == Verbosity::Verbose),
            Err(error) => text += &output::labelled("failed", &with_causes(error)),
        }
        output::say(&text);
    }

    fn cancelled(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Predicts into all of them.
pub(super) fn run(batch: &Batch, verbosity: Verbosity, report: Option<&Path>) -> Result<ExitCode, CliError> {
    let begun = Instant::now();
    let said = batch.ms.iter().map(|_| Mutex::default()).collect();
    let crowd = Crowd { batch, verbosity, stop: stop_flag(), said };
    let outcomes = predict::run_many(batch, &crowd)?;
    let entries: Vec<Entry> =
        batch.ms.iter().zip(&outcomes).map(|(ms, outcome)| Entry::new(ms, outcome)).collect();
    if let Some(path) = report {
        output::write_json(&entries, path)?;
    }
    if verbosity > Verbosity::Quiet {
        output::say(&table(&entries, begun.elapsed().as_secs_f64()));
    } else {
        let failed = entries.iter().filter_map(|entry| entry.error.as_ref());
        failed.for_each(|error| output::complain(error));
    }
    Ok(ExitCode::from(exit_code(entries.iter().map(|entry| entry.exit_code))))
}

impl<'a> Entry<'a> {
    fn new(ms: &Path, outcome: &'a predict::Result<Report>) -> Entry<'a> {
        let (error, report) = match outcome {
            Ok(report) => (None, Some(report)),
            // A failed check is reported too: its figures are what one wants to look at.
            Err(error @ PredictError::Check { report, .. }) => (Some(error), Some(report.as_ref())),
            Err(error) => (Some(error), None),
        };
        Entry {
            ms: ms.display().to_string(),
            exit_code: error.map_or(0, predict_exit_code),
            // Every line of the table tells which MeasurementSet it is about.
            error: error.map(|error| {
                let text = with_causes(error);
                let name = ms.display().to_string();
                if text.contains(&name) { text } else { format!("{name}: {text}") }
            }),
            report,
        }
    }

    fn line(&self) -> String {
        match (&self.error, self.report) {
            (None, Some(report)) if report.dry_run => {
                format!("planned      {}: {} rows", self.ms, output::grouped(report.rows_predicted))
            }
            (None, Some(report)) => {
                let check = report.check.map_or("not checked".into(), |c| format!("rms error {:.1e}", c.rms));
                format!(
                    "complete     {}: {}, {} rows, {:.2} GB in {:.2} s, {check}",
                    self.ms,
                    output::of_sky(&report.catalogue),
                    output::grouped(report.rows_predicted),
                    report.plan.bytes as f64 / 1e9,
                    report.seconds.total,
                )
            }
            (error, _) => {
                let why = error.as_deref().unwrap_or_default();
                let label = if self.exit_code == exit::INTERRUPTED { "interrupted" } else { "failed" };
                format!("{label:<12} {why} (exit code {})", self.exit_code)
            }
        }
    }
}

/// One line for each MeasurementSet.
fn table(entries: &[Entry], seconds: f64) -> String {
    let good = entries.iter().filter(|entry| entry.error.is_none()).count();
    let mut text = format!(
        "=== {}: {good} done, {} failed, {seconds:.2} s\n",
        output::counted(entries.len(), "MeasurementSet"),
        entries.len() - good
    );
    for entry in entries {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", entry.line());
    }
    text
}

/// That of an interruption if there was one, that of the failures if they share it, else the one for several.
fn exit_code(codes: impl Iterator<Item = u8>) -> u8 {
    let failed: Vec<u8> = codes.filter(|code| *code != 0).collect();
    match failed.first() {
        None => 0,
        Some(_) if failed.contains(&exit::INTERRUPTED) => exit::INTERRUPTED,
        Some(first) if failed.iter().all(|code| code == first) => *first,
        Some(_) => exit::SEVERAL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_is_that_of_all_failures_or_one_of_its_own() {
        let code = |codes: &[u8]| exit_code(codes.iter().copied());
        assert_eq!(code(&[0, 0]), 0);
        assert_eq!(code(&[0, 3, 3]), 3);
        assert_eq!(code(&[3, 4, 0]), exit::SEVERAL);
        assert_eq!(code(&[3, 130, 0]), exit::INTERRUPTED);
    }
}

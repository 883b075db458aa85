//! Several MeasurementSets in one command: who watches, what is said at the end, and the exit code.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::args::Verbosity;
use super::supervise::{self, Link, Word};
use super::watch::stop_flag;
use super::{CliError, exit, output, predict_exit_code, watched, with_causes};
use crate::predict::{self, Batch, BatchObserver, Observer, PredictError, Report};
use crate::stall::{Journal, Limits, Watchdog};

/// What became of one MeasurementSet, for the report.
#[derive(Serialize)]
struct Entry<'a> {
    ms: &'a str,
    exit_code: u8,
    error: Option<&'a str>,
    report: Option<&'a Report>,
}

/// What became of one MeasurementSet, as a worker hands it on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Ended {
    /// Its place in the list.
    pub(super) index: usize,
    pub(super) exit_code: u8,
    /// Whether the thread that was at it may never come back.
    pub(super) stuck: bool,
    error: Option<String>,
    /// Its line of the table.
    line: String,
    /// Its entry of the report.
    json: String,
}

impl Ended {
    fn new(index: usize, ms: &str, outcome: &predict::Result<Report>) -> Ended {
        match outcome {
            Ok(report) => Ended::from_entry(
                index,
                Entry { ms, exit_code: 0, error: None, report: Some(report) },
                good_line(ms, report),
            ),
            Err(error) => {
                // A failed check is reported too: its figures are what one wants to look at.
                let report = match error {
                    PredictError::Check { report, .. } => Some(report.as_ref()),
                    _ => None,
                };
                // Every line of the table tells which MeasurementSet it is about.
                let text = with_causes(error);
                let text = if text.contains(ms) { text } else { format!("{ms}: {text}") };
                Ended::bad(index, ms, predict_exit_code(error), &text, report)
            }
        }
    }

    /// One that failed without a report.
    pub(super) fn failed(index: usize, ms: &str, exit_code: u8, text: &str) -> Ended {
        Ended::bad(index, ms, exit_code, text, None)
    }

    fn bad(index: usize, ms: &str, exit_code: u8, text: &str, report: Option<&Report>) -> Ended {
        let label = if exit_code == exit::INTERRUPTED { "interrupted" } else { "failed" };
        let line = format!("{label:<12} {text} (exit code {exit_code})");
        Ended::from_entry(index, Entry { ms, exit_code, error: Some(text), report }, line)
    }

    fn from_entry(index: usize, entry: Entry, line: String) -> Ended {
        let json = serde_json::to_string_pretty(&entry).unwrap_or_default();
        Ended {
            index,
            exit_code: entry.exit_code,
            stuck: false,
            error: entry.error.map(str::to_owned),
            line,
            json,
        }
    }

    /// Says it as it comes.
    pub(super) fn tell(&self, ms: &str) {
        output::say(&format!(
            "=== {ms}\n{}",
            output::labelled("failed", self.error.as_deref().unwrap_or_default())
        ));
    }
}

/// A line for each column.
fn good_line(ms: &str, report: &Report) -> String {
    if !report.others.is_empty() {
        let all = std::iter::once(report).chain(&report.others);
        let line = |report: &Report| column_line(&format!("{ms} {}", report.column), report);
        return all.map(line).collect::<Vec<_>>().join("\n");
    }
    column_line(ms, report)
}

fn column_line(ms: &str, report: &Report) -> String {
    if report.dry_run {
        return format!("planned      {ms}: {} rows", output::grouped(report.rows_predicted));
    }
    let check = report.check.map_or("not checked".into(), |c| format!("rms error {:.1e}", c.rms));
    format!(
        "complete     {ms}: {}, {} rows, {:.2} GB in {:.2} s, {check}",
        output::of_sky(&report.catalogue),
        output::grouped(report.rows_predicted),
        report.plan.bytes as f64 / 1e9,
        report.seconds.total,
    )
}

/// Watches all runs on behalf of a person.
struct Crowd<'b> {
    batch: &'b Batch,
    /// The places of the batch's MeasurementSets among those of the command.
    places: Vec<usize>,
    verbosity: Verbosity,
    begun: Instant,
    stop: Arc<AtomicBool>,
    link: Option<Arc<Link>>,
    /// What each run said so far: runs that are under way together must not talk at once.
    said: Vec<Mutex<String>>,
    ended: Mutex<Vec<Ended>>,
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

    fn name(&self, index: usize) -> String {
        self.batch.ms[index].display().to_string()
    }
}

impl BatchObserver for Crowd<'_> {
    fn observer(&self, index: usize) -> Box<dyn Observer + '_> {
        Box::new(Member { crowd: self, index })
    }

    fn ended(&self, index: usize, outcome: &predict::Result<Report>) {
        let ended = Ended::new(self.places[index], &self.name(index), outcome);
        if self.verbosity > Verbosity::Quiet {
            let mut text = format!("=== {}\n{}", self.name(index), self.said(index));
            match outcome {
                Ok(report) => text += &output::summary(report, self.verbosity == Verbosity::Verbose),
                Err(error) => text += &output::labelled("failed", &with_causes(error)),
            }
            output::say(&text);
        }
        match &self.link {
            Some(link) => link.say(&Word::Ended(ended)),
            None => self.ended.lock().unwrap_or_else(PoisonError::into_inner).push(ended),
        }
    }

    fn watch(&self, index: usize, journal: &Arc<Journal>) -> Option<Watchdog> {
        let link = Arc::clone(self.link.as_ref()?);
        let (place, name) = (self.places[index], self.name(index));
        link.say(&Word::Begun(place));
        let quiet = self.verbosity == Verbosity::Quiet;
        let options = &self.batch.options;
        let limits = Limits { stall: options.stall_timeout, whole: options.timeout };
        let alive = Arc::clone(&link);
        let stalled = move |stall: crate::stall::Stall| {
            let error = PredictError::from(stall);
            let ended = Ended::failed(place, &name, predict_exit_code(&error), &with_causes(&error));
            let ended = Ended { stuck: true, ..ended };
            if !quiet {
                ended.tell(&name);
            }
            link.say(&Word::Ended(ended));
        };
        let looked = move || alive.say(&Word::Alive);
        Watchdog::watch(Arc::clone(journal), &self.batch.ms[index], limits, self.begun, looked, stalled).ok()
    }

    fn rests(&self, index: usize) {
        if let Some(link) = &self.link {
            link.say(&Word::Rests(self.places[index]));
        }
    }

    fn cancelled(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Predicts into all of them, or as a worker into those that are left.
pub(super) fn run(
    batch: &Batch,
    verbosity: Verbosity,
    report: Option<&Path>,
    link: Option<&Arc<Link>>,
) -> Result<u8, CliError> {
    let begun = Instant::now();
    let whole = supervise::Batch {
        count: batch.ms.len(),
        ms: batch.ms.iter().map(|ms| ms.display().to_string()).collect(),
        quiet: verbosity == Verbosity::Quiet,
        report: report.map(Path::to_path_buf),
    };
    let left = |index: &usize| link.is_none_or(|link| !link.done.contains(index));
    let places: Vec<usize> = (0..batch.ms.len()).filter(left).collect();
    let ms = places.iter().map(|place| batch.ms[*place].clone()).collect();
    let batch = Batch { ms, ..batch.clone() };
    let crowd = Crowd {
        said: batch.ms.iter().map(|_| Mutex::default()).collect(),
        stop: stop_flag(link),
        begun,
        batch: &batch,
        places,
        verbosity,
        link: link.cloned(),
        ended: Mutex::default(),
    };
    if let Some(link) = link {
        link.say(&Word::Batch(whole.clone()));
    }
    // Each is watched where it is at work; this is for what they have in common.
    let limits = Limits { stall: batch.options.stall_timeout, whole: None };
    watched(link, &batch.catalogue, limits, || predict::run_many(&batch, &crowd))?;
    if link.is_some() {
        return Ok(0);
    }
    let mut ended = crowd.ended.into_inner().unwrap_or_else(PoisonError::into_inner);
    ended.sort_by_key(|ended| ended.index);
    Ok(conclude(&whole, &ended, 0, begun.elapsed()))
}

/// The table, the report and the exit code of all; `code` is that of those that never had a turn.
pub(super) fn conclude(batch: &supervise::Batch, ended: &[Ended], code: u8, took: Duration) -> u8 {
    let mut all = ended.to_vec();
    for (index, ms) in batch.ms.iter().enumerate() {
        if !ended.iter().any(|ended| ended.index == index) {
            all.push(Ended::failed(index, ms, code, &format!("{ms}: it was not begun; nothing was written")));
        }
    }
    all.sort_by_key(|ended| ended.index);
    if let Some(path) = &batch.report {
        let entries: Vec<String> = all.iter().map(|ended| ended.json.replace('\n', "\n  ")).collect();
        if let Err(error) = output::write_text(&format!("[\n  {}\n]\n", entries.join(",\n  ")), path) {
            output::complain(&with_causes(&error));
            return error.exit_code();
        }
    }
    if batch.quiet {
        all.iter().filter_map(|ended| ended.error.as_ref()).for_each(|error| output::complain(error));
    } else {
        output::say(&table(&all, took.as_secs_f64()));
    }
    exit_code(all.iter().map(|ended| ended.exit_code))
}

/// One line for each MeasurementSet.
fn table(all: &[Ended], seconds: f64) -> String {
    let good = all.iter().filter(|ended| ended.error.is_none()).count();
    let mut text = format!(
        "=== {}: {good} done, {} failed, {seconds:.2} s\n",
        output::counted(all.len(), "MeasurementSet"),
        all.len() - good
    );
    for ended in all {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", ended.line);
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

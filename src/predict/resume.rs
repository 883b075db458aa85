//! Going on where a run was killed.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::durable::Done;
use super::error::{PredictError, Result};
use super::job::{Mode, Options};
use super::pipeline::RowSelection;
use super::report::Report;
use crate::catalog::Cache;
use crate::ms::{ColumnDigest, ModelState, PageCache, Provenance};

/// Where a run begins.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// After these rows.
    After(Done),
    /// With the first row, where the column holds the rows of another run, which is described.
    Instead(String),
    /// Nowhere: the column is whole already.
    Whole,
}

/// A digest of all that decides what is written: who resumes must ask for the same.
pub(super) fn fingerprint(options: &Options, report: &Report, selection: &RowSelection) -> String {
    // What changes how a run goes, but not what it writes.
    let same = Options {
        held: None,
        cache: Cache::off(),
        threads: None,
        memory: 0,
        lock_timeout: Default::default(),
        timeout: None,
        stall_timeout: None,
        check: 0,
        delmod: false,
        dry_run: false,
        resume: false,
        require_sources: false,
        writer: Default::default(),
        page_cache: PageCache::Auto,
        simd: None,
        arguments: String::new(),
        ..options.clone()
    };
    let members: Vec<&str> = report.catalogue.members.iter().map(|member| member.digest.as_str()).collect();
    let text = format!(
        "{} {} {} {members:?} {} {:?} {:?} {selection:?} {same:?}",
        report.version,
        report.rows,
        report.catalogue.digest,
        report.catalogue.selected,
        report.frequency_hz,
        report.beam,
    );
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where a run that is to resume begins, by the state of the column. One that `follows` others of its job, which were the same run's, is
/// one that the killed run may not have come to: what another run left there was to be overwritten.
///
/// # Errors
/// [`PredictError::Options`] where another run was killed, or it cannot be told how far that one came.
pub(super) fn start(
    ms: &Path,
    options: &Options,
    state: &ModelState,
    job: &str,
    follows: bool,
) -> Result<Start> {
    if !options.resume {
        return Ok(Start::After(Done::default()));
    }
    let refuse = |why: String| {
        Err(PredictError::Options(format!(
            "{}: column {} cannot be resumed: {why}; run without --resume to write it anew",
            ms.display(),
            options.column
        )))
    };
    if options.mode != Mode::Replace {
        return refuse("rows that were added to or subtracted from cannot be told from the others".into());
    }
    match state {
        // Killed before it began, as far as anybody can tell.
        ModelState::NoColumn | ModelState::Unknown => Ok(Start::After(Done::default())),
        ModelState::Complete(of) if of.job == job => Ok(Start::Whole),
        ModelState::Complete(of) | ModelState::Incomplete(of) if follows && of.job != job => {
            Ok(Start::Instead(described(of)))
        }
        ModelState::Complete(of) => refuse(format!("it is complete, from another run, {}", described(of))),
        ModelState::Incomplete(of) if of.job != job => {
            refuse(format!("the run that did not end was another one, {}", described(of)))
        }
        ModelState::Incomplete(of) => match (u64::try_from(of.rows), ColumnDigest::from_hex(&of.xxh3)) {
            (Ok(rows), Some(digest)) => {
                Ok(Start::After(Done { rows, predicted: u64::try_from(of.predicted).unwrap_or(0), digest }))
            }
            _ => Ok(Start::After(Done::default())),
        },
    }
}

fn described(of: &Provenance) -> String {
    let by = if of.arguments.is_empty() { "unknown arguments" } else { &of.arguments };
    format!("of {} with {} ({by})", of.started, of.catalogue)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(job: &str, rows: i64) -> Provenance {
        let xxh3 = ColumnDigest::default().hex();
        Provenance { job: job.into(), rows, predicted: rows, xxh3, ..Provenance::default() }
    }

    #[test]
    fn only_the_same_run_is_resumed() {
        let options = Options { resume: true, ..Options::default() };
        let at = |state: ModelState| start(Path::new("a.ms"), &options, &state, "job", false);
        let begin = Start::After(Done::default());
        assert_eq!(at(ModelState::NoColumn).expect("a start"), begin);
        assert_eq!(at(ModelState::Complete(record("job", 9))).expect("a start"), Start::Whole);
        let after = Done { rows: 7, predicted: 7, digest: ColumnDigest::default() };
        assert_eq!(at(ModelState::Incomplete(record("job", 7))).expect("a start"), Start::After(after));
        // A check that failed leaves no digest: it begins anew.
        let failed = Provenance { xxh3: String::new(), ..record("job", 0) };
        assert_eq!(at(ModelState::Incomplete(failed)).expect("a start"), begin);
        for state in [ModelState::Incomplete(record("other", 7)), ModelState::Complete(record("other", 9))] {
            assert!(matches!(at(state.clone()), Err(PredictError::Options(_))));
            let follows = start(Path::new("a.ms"), &options, &state, "job", true);
            assert!(matches!(follows, Ok(Start::Instead(_))));
        }
        for (state, begun) in [
            (ModelState::Incomplete(record("job", 7)), Start::After(after)),
            (ModelState::Complete(record("job", 9)), Start::Whole),
        ] {
            assert_eq!(start(Path::new("a.ms"), &options, &state, "job", true).expect("a start"), begun);
        }
        let adding = Options { mode: Mode::Add, ..options };
        assert!(start(Path::new("a.ms"), &adding, &ModelState::NoColumn, "job", false).is_err());
    }

    #[test]
    fn what_does_not_change_the_model_does_not_change_the_job() {
        let of = |options: &Options| fingerprint(options, &Report::default(), &RowSelection::default());
        let one = Options::default();
        let other =
            Options { threads: Some(7), arguments: "x".into(), resume: true, check: 9, ..one.clone() };
        assert_eq!(of(&one), of(&other));
        assert_ne!(of(&one), of(&Options { min_flux: Some(1.0), ..one.clone() }));
        assert_ne!(of(&one), of(&Options { column: "OTHER".into(), ..one.clone() }));
    }
}

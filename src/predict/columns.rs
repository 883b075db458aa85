//! Patches of a list into columns of their own: a whole run for each, one after the other, over one reading of the catalogue.
//!
//! Each column is marked, written, checked and told complete by itself: what stops one leaves those before it whole. So a job that is
//! resumed keeps those, goes on with the one, and writes those that the run had not come to, whatever they hold: the first
//! column tells whether it was the same run.

use std::time::Instant;

use super::error::Result;
use super::job::{Choice, Job, Options};
use super::report::Report;
use super::run::{Observer, Surroundings, run_within};

/// The runs of a job that began at `begun`: one, or one for each of its [`Options::patch_columns`].
pub(super) fn run_columns(
    job: &Job,
    around: Surroundings,
    observer: &mut dyn Observer,
    begun: Instant,
) -> Result<Report> {
    let Some((first, others)) = job.options.patch_columns.split_first() else {
        return run_within(job, around, observer, begun);
    };
    let part = |patches: &[String], column: &str| {
        let choice = Choice { patches: patches.to_vec(), ..job.options.choice.clone() };
        let patch_columns = Vec::new();
        let options = Options { choice, column: column.into(), patch_columns, ..job.options.clone() };
        Job { options, ..job.clone() }
    };
    let mut report = run_within(&part(&first.patches, &first.column), around, observer, begun)?;
    let around = Surroundings { follows: true, ..around };
    for other in others {
        let job = part(&other.patches, &other.column);
        report.others.push(run_within(&job, around, observer, Instant::now())?);
    }
    Ok(report)
}

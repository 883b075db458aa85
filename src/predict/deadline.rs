//! A run that may take only so long.

use std::time::{Duration, Instant};

use super::error::{PredictError, Result};
use super::report::Report;
use super::run::Observer;

/// An observer that wants the run to stop when the time is up.
struct Deadline<'a> {
    observer: &'a mut dyn Observer,
    begun: Instant,
    limit: Duration,
}

/// Runs `task` with an observer that wants it to stop once `limit` has passed since `begun`. The error is as the user is to
/// hear it: who stopped the run, they or the clock.
pub(super) fn bounded<T>(
    observer: &mut dyn Observer,
    limit: Option<Duration>,
    begun: Instant,
    task: impl FnOnce(&mut dyn Observer) -> Result<T>,
) -> Result<T> {
    let Some(limit) = limit else { return task(observer) };
    let outcome = task(&mut Deadline { observer, begun, limit });
    outcome.map_err(|error| match error {
        PredictError::Interrupted { state } if !observer.cancelled() => {
            PredictError::TimedOut { limit, state }
        }
        error => error,
    })
}

impl Observer for Deadline<'_> {
    fn warning(&mut self, text: &str) {
        self.observer.warning(text);
    }

    fn planned(&mut self, report: &Report) {
        self.observer.planned(report);
    }

    fn progress(&mut self, rows: u64, of: u64, bytes: u64) {
        self.observer.progress(rows, of, bytes);
    }

    fn cancelled(&self) -> bool {
        self.observer.cancelled() || self.begun.elapsed() >= self.limit
    }
}

//! A run that may take only so long.

use std::time::{Duration, Instant};

use super::error::PredictError;
use super::report::Report;
use super::run::Observer;

/// An observer that wants the run to stop when the time is up.
pub(super) struct Deadline<'a> {
    observer: &'a mut dyn Observer,
    begun: Instant,
    limit: Duration,
}

impl<'a> Deadline<'a> {
    pub(super) fn new(observer: &'a mut dyn Observer, limit: Duration) -> Deadline<'a> {
        Deadline { observer, begun: Instant::now(), limit }
    }

    /// The error as the user is to hear it: who stopped the run, they or the clock.
    pub(super) fn told(&self, error: PredictError) -> PredictError {
        match error {
            PredictError::Interrupted { state } if !self.observer.cancelled() => {
                PredictError::TimedOut { limit: self.limit, state }
            }
            error => error,
        }
    }
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

//! The person at the terminal: hears what happens, and may interrupt.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::SIGXFSZ;

use super::args::Verbosity;
use super::output;
use super::progress::Progress;
use super::signals;
use super::supervise::Link;
use crate::predict::{Observer, Report};

/// Watches a run on behalf of a person.
pub(super) struct Watch {
    verbosity: Verbosity,
    progress: Progress,
    stop: Arc<AtomicBool>,
}

impl Watch {
    pub(super) fn new(verbosity: Verbosity, link: Option<&Arc<Link>>) -> Watch {
        Watch { verbosity, progress: Progress::new(verbosity == Verbosity::Quiet), stop: stop_flag(link) }
    }

    /// Clears the progress bar.
    pub(super) fn finish(&mut self) {
        self.progress.finish();
    }

    /// Says what was done.
    pub(super) fn summary(&self, report: &Report) {
        if self.verbosity > Verbosity::Quiet {
            output::say(&output::summary(report, self.verbosity == Verbosity::Verbose));
        }
    }
}

/// What a signal raises: to this process, or to the supervisor of this worker.
pub(super) fn stop_flag(link: Option<&Arc<Link>>) -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in signals::stopping() {
        // A second signal exits at once; the first one only raises the flag. A system that refuses
        // handlers keeps its own, which end the process: the column is marked incomplete all the same.
        // A worker may get one signal twice, from a terminal and from its supervisor, who counts.
        if link.is_none() {
            let _ = signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&stop));
        }
        let _ = signal_hook::flag::register(signal, Arc::clone(&stop));
    }
    if let Some(link) = link {
        link.obey(&stop);
    }
    stop
}

/// Has a write beyond the limit on the size of files (`ulimit -f`) fail as any other may, instead of ending the process.
pub(super) fn survive_file_limits() {
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
}

impl Observer for Watch {
    fn warning(&mut self, text: &str) {
        output::warn(text);
    }

    fn planned(&mut self, report: &Report) {
        if self.verbosity > Verbosity::Quiet {
            output::say(&output::plan(report));
        }
    }

    fn progress(&mut self, rows: u64, of: u64, bytes: u64) {
        self.progress.show(rows, of, bytes);
    }

    fn cancelled(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

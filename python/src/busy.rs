//! Which MeasurementSets this process is at work on.
//!
//! casacore's locks keep processes apart, not the threads of one: they would share a table that is not made for it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nvss_predict::cli::call::{Cause, Failure};

/// How often one who waits looks whether the caller has given up.
const LOOK: Duration = Duration::from_millis(20);

/// The MeasurementSets in use, and the process that this is true of.
struct Busy {
    process: u32,
    paths: HashSet<PathBuf>,
}

static BUSY: Mutex<Option<Busy>> = Mutex::new(None);

fn busy() -> MutexGuard<'static, Option<Busy>> {
    BUSY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One thread's turn at a MeasurementSet, until it is dropped.
pub(crate) struct Turn(PathBuf);

/// A number of seconds, as long as anybody would wait.
pub(crate) fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(if seconds > 0.0 { seconds.min(7.0 * 86_400.0) } else { 0.0 })
}

impl Turn {
    /// Waits until no other thread of this process is at work on `ms`.
    pub(crate) fn wait(ms: &Path, limit: Duration, cancelled: &dyn Fn() -> bool) -> Result<Turn, Failure> {
        let begun = Instant::now();
        // What is not there is for the opening to say.
        let path = ms.canonicalize().unwrap_or_else(|_| ms.to_owned());
        loop {
            if take(&path)? {
                return Ok(Turn(path));
            }
            let failure = |cause, exit_code, text| Err(Failure { cause, text, exit_code, report: None });
            if cancelled() {
                return failure(Cause::Interrupted, 130, "interrupted: nothing was written".into());
            }
            if begun.elapsed() >= limit {
                let text = format!(
                    "{}: still in use by another thread of this process after {:.0} s; nothing was written",
                    ms.display(),
                    limit.as_secs_f64()
                );
                return failure(Cause::Locked, 4, text);
            }
            std::thread::sleep(LOOK);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(busy) = busy().as_mut() {
            busy.paths.remove(&self.0);
        }
    }
}

/// Takes the turn if it is free.
fn take(path: &Path) -> Result<bool, Failure> {
    let process = std::process::id();
    let mut busy = busy();
    let busy = busy.get_or_insert_with(|| Busy { process, paths: HashSet::new() });
    if busy.process != process {
        // The threads that were at work are not in this process, but what they held of casacore is.
        if let Some(path) = busy.paths.iter().next() {
            return Err(Failure {
                cause: Cause::Usage,
                text: format!(
                    "this process was forked while a thread was at work on {}: its copy of casacore is locked for good. \
                     Start processes before such threads, or by the method spawn",
                    path.display()
                ),
                exit_code: 2,
                report: None,
            });
        }
        busy.process = process;
    }
    Ok(busy.paths.insert(path.to_owned()))
}

//! Which MeasurementSets this process is at work on.
//!
//! casacore's locks keep processes apart, not the threads of one: they would share a table that is not made for it.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nvss_predict::cli::call::{Cause, Failure};
use nvss_predict::stall::doing;

/// How often one who waits looks whether the caller has given up.
const LOOK: Duration = Duration::from_millis(20);

/// The MeasurementSets in use, and the process that this is true of.
struct Busy {
    process: u32,
    paths: HashSet<PathBuf>,
}

static BUSY: Mutex<Option<Busy>> = Mutex::new(None);

/// The MeasurementSets that a thread is stuck in, by the paths as given, and why.
static STUCK: Mutex<Option<HashMap<PathBuf, String>>> = Mutex::new(None);

/// The path by which a stuck MeasurementSet is known: its file system is not asked.
fn name(ms: &Path) -> PathBuf {
    std::path::absolute(ms).unwrap_or_else(|_| ms.to_owned())
}

/// Notes that a thread is stuck in `ms`, until [`freed`].
pub(crate) fn stuck(ms: &Path, why: &str) {
    let mut stuck = STUCK.lock().unwrap_or_else(PoisonError::into_inner);
    stuck.get_or_insert_with(HashMap::new).insert(name(ms), why.to_owned());
}

/// A thread that was at work on `ms` has come back.
pub(crate) fn freed(ms: &Path) {
    if let Some(stuck) = STUCK.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
        stuck.remove(&name(ms));
    }
}

/// The failure of a call on a MeasurementSet that an earlier one is stuck in.
fn stuck_before(ms: &Path) -> Option<Failure> {
    let stuck = STUCK.lock().unwrap_or_else(PoisonError::into_inner);
    let why = stuck.as_ref()?.get(&name(ms))?;
    let text = format!(
        "{}: an earlier call of this process is stuck in it ({why}); it can be used again once that call has come back, or in \
         another process",
        ms.display()
    );
    Some(Failure { cause: Cause::Stalled, text, exit_code: 125, report: None })
}

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
        if let Some(failure) = stuck_before(ms) {
            return Err(failure);
        }
        let doing = doing("while looking for", ms);
        // What is not there is for the opening to say.
        let path = ms.canonicalize().unwrap_or_else(|_| ms.to_owned());
        drop(doing);
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

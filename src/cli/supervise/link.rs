//! A worker's link to its supervisor.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::exit;
use super::super::many::Ended;

/// What a worker says, one line of JSON each.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in super::super) enum Word {
    /// Its watchdog looks.
    Alive,
    /// It is watched now: it says that it is alive from time to time, or else more than so long has passed without progress.
    Bound(Option<Duration>),
    /// It is not watched any more.
    Free,
    /// It works on several MeasurementSets.
    Batch(Batch),
    /// It has begun with the one of this index.
    Begun(usize),
    /// It has put that one aside.
    Rests(usize),
    /// It has ended with one.
    Ended(Ended),
    /// It has nothing more to do, and this is the exit code.
    Exit(u8),
}

/// Several MeasurementSets.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in super::super) struct Batch {
    /// How many.
    pub(in super::super) count: usize,
    /// Their names.
    pub(in super::super) ms: Vec<String>,
    /// Whether only errors are told.
    pub(in super::super) quiet: bool,
    /// Where the report goes.
    pub(in super::super) report: Option<std::path::PathBuf>,
}

/// The worker's end of the pipes.
#[derive(Debug)]
pub(in super::super) struct Link {
    words: Mutex<File>,
    control: Mutex<Option<File>>,
    /// What an earlier worker has done.
    pub(in super::super) done: BTreeSet<usize>,
    /// The time that it took.
    pub(in super::super) spent: Duration,
}

impl Link {
    /// Opens what the environment names; `None` where it is not there.
    pub(super) fn open(word: &str) -> Option<Link> {
        let (pipes, rest) = word.split_once(';')?;
        let (done, spent) = rest.split_once(';')?;
        let (control, words) = pipes.split_once(',')?;
        let path = |number: &str| number.parse::<i32>().ok().map(|number| format!("/dev/fd/{number}"));
        let words = File::options().write(true).open(path(words)?).ok()?;
        let control = File::open(path(control)?).ok()?;
        // Gone with the supervisor, as if both were one process.
        #[cfg(target_os = "linux")]
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).ok()?;
        Some(Link {
            words: Mutex::new(words),
            control: Mutex::new(Some(control)),
            spent: Duration::from_millis(spent.parse().ok()?),
            done: done.split(',').filter_map(|index| index.parse().ok()).collect(),
        })
    }

    /// Says a word; a supervisor that is gone takes this process with it.
    pub(in super::super) fn say(&self, word: &Word) {
        let Ok(mut line) = serde_json::to_vec(word) else { return };
        line.push(b'\n');
        let _ = self.words.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line);
    }

    /// Raises `stop` when the supervisor hands on a signal; ends this process when the supervisor is gone.
    pub(in super::super) fn obey(&self, stop: &Arc<AtomicBool>) {
        let stop = Arc::clone(stop);
        self.listen(move || {
            stop.store(true, Ordering::SeqCst);
            true
        });
    }

    /// Ends this process, which only reads, when the supervisor hands on a signal or is gone.
    pub(in super::super) fn end_with_signals(&self) {
        self.listen(|| false);
    }

    /// Listens to the supervisor for as long as `heard`, called at each signal, says so and the supervisor is there, and then
    /// ends this process.
    fn listen(&self, heard: impl Fn() -> bool + Send + 'static) {
        let control = self.control.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut control) = control else { return };
        std::thread::spawn(move || {
            let mut byte = [0];
            while let Ok(1) = control.read(&mut byte) {
                if !heard() {
                    break;
                }
            }
            end_now(exit::INTERRUPTED);
        });
    }
}

/// Ends this process without closing, flushing or destroying anything, which could hang.
pub(in super::super) fn end_now(code: u8) {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    std::process::exit(code.into());
}

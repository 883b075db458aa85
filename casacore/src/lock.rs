//! Bounded locks.

use std::thread;
use std::time::{Duration, Instant};

use crate::{Error, Result, Table, ffi};

/// What a lock is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockMode {
    /// Others may read, none may write.
    Read,
    /// None else may lock.
    Write,
}

/// The first pause between attempts; each pause doubles the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
/// The longest pause between attempts.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);
/// What one of casacore's own two-attempt waits takes: it sleeps a whole second in between.
const CASACORE_WAIT: Duration = Duration::from_millis(1100);

impl Table {
    /// Takes the table's lock, trying for at most `wait`; true when it is held. `Duration::ZERO` is one attempt.
    ///
    /// Taking it also brings in what other processes changed. Where the wait allows, every other second goes to casacore's own
    /// wait, which asks a holder that locks automatically to let go.
    ///
    /// # Errors
    /// [`Error::Casacore`], also when another process has added or removed columns since this table was opened: open it anew.
    pub fn lock(&self, mode: LockMode, wait: Duration) -> Result<bool> {
        let write = mode == LockMode::Write;
        let start = Instant::now();
        let mut pause = FIRST_PAUSE;
        let mut asked = start;
        loop {
            if self.attempt(write, 1)? {
                return Ok(true);
            }
            let left = wait.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Ok(false);
            }
            if left > CASACORE_WAIT && asked.elapsed() > CASACORE_WAIT {
                if self.attempt(write, 2)? {
                    return Ok(true);
                }
                asked = Instant::now();
            } else {
                thread::sleep(pause.min(left));
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

    fn attempt(&self, write: bool, attempts: u32) -> Result<bool> {
        self.raw().lock(write, attempts).map_err(|message| self.failed("lock", message))
    }

    /// Whether this process holds the lock for `mode`; a write lock is a read lock too.
    ///
    /// # Errors
    /// [`Error::Casacore`].
    pub fn has_lock(&self, mode: LockMode) -> Result<bool> {
        self.raw()
            .has_lock(mode == LockMode::Write)
            .map_err(|message| self.failed("ask for the lock of", message))
    }

    /// Gives the lock back, after writing what is still in memory.
    ///
    /// # Errors
    /// [`Error::Casacore`].
    pub fn unlock(&self) -> Result<()> {
        self.raw().unlock().map_err(|message| self.failed("unlock", message))
    }

    /// Writes `table.dat` anew and empties what `table.lock` says of the table's state, which casacore takes for unknown until it
    /// writes it again at the next flush.
    ///
    /// The write lock must be held. To be called before a column is added: the flush after that writes the table and its
    /// `table.lock` one after the other, and a process killed in between would leave a table that no program could lock. (The number
    /// of rows may stand in `table.lock` alone, so `table.dat` comes first.) Does nothing for references and concatenations, whose
    /// parts casacore would not rewrite.
    ///
    /// # Errors
    /// [`Error::Casacore`], [`Error::Io`].
    pub fn forget_sync_data(&self) -> Result<()> {
        if !self.is_plain() {
            return Ok(());
        }
        self.raw().touch().map_err(|message| self.failed("rewrite", message))?;
        self.flush()?;
        let file = self.root().join("table.lock");
        ffi::empty_file(&file).map_err(|source| Error::Io { operation: "empty", path: file, source })
    }

    /// The process that keeps this one from write-locking the table, or one of its parts; `None` when nothing does.
    ///
    /// 0 stands for a holder without a number here: on another machine, or in another PID namespace.
    pub fn lock_holder(&self) -> Option<u32> {
        let parts = self.part_names().unwrap_or_default();
        parts.iter().map(|part| part.join("table.lock")).find_map(|file| ffi::conflicting_pid(&file))
    }

    /// An error that says who holds the lock, for callers that give up.
    pub fn locked_error(&self) -> Error {
        Error::Locked { table: self.path().to_owned(), holder: self.lock_holder() }
    }
}

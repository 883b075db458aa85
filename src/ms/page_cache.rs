//! The pages of the column's file: sent to the disk as they are written, and of a column too large to stay in memory also
//! dropped, so that it does not push out what other programs have cached.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use casacore::{Table, finish_write_back, start_write_back};
use rustix::fs::{Advice, fadvise};

/// What becomes of the pages of the column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PageCache {
    /// They are dropped where the column is larger than half the memory that is available, else they stay for the program
    /// that reads the column next.
    #[default]
    Auto,
    /// They stay until the system wants the memory.
    Keep,
    /// They are dropped.
    Drop,
}

impl PageCache {
    /// Whether the pages of a column of so many bytes are dropped.
    pub fn drops(self, bytes: u64) -> bool {
        match self {
            PageCache::Auto => available_bytes().is_some_and(|available| bytes > available / 2),
            PageCache::Keep => false,
            PageCache::Drop => true,
        }
    }
}

/// The memory that programs can have without swapping, where the system tells.
fn available_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// Bytes written after a page before it is dropped: by then the disk has it, unless the disk is slower than the writers, who
/// then wait for it here instead of filling the memory.
const LAG: u64 = 256 << 20;

/// A file is sent to the disk by stretches of so many bytes, each when all of it was written: what is sent sooner may have a
/// page at its end that changes again.
const STRETCH: u64 = 1 << 20;

/// The most stretches that wait for the rest of them: more are not going to be written as a whole.
const MOST_WAITING: usize = 128;

/// What was written of a file and is on its way to the disk.
#[derive(Debug)]
pub(super) struct Behind {
    drops: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Bytes written of stretches that are not whole, by their number.
    waiting: HashMap<u64, u64>,
    /// The ranges sent, the oldest first, where they are to be dropped; and their bytes.
    sent: VecDeque<(u64, u64)>,
    bytes: u64,
}

impl State {
    /// Notes what was written, each byte once; returns the ranges to be sent.
    fn wrote(&mut self, offset: u64, length: u64) -> Vec<(u64, u64)> {
        let mut ready = Vec::new();
        let (mut from, end) = (offset, offset + length);
        while from < end {
            let stretch = from / STRETCH;
            let to = end.min((stretch + 1) * STRETCH);
            let written = self.waiting.entry(stretch).or_default();
            *written += to - from;
            if *written >= STRETCH {
                self.waiting.remove(&stretch);
                ready.push((stretch * STRETCH, STRETCH));
            }
            from = to;
        }
        if self.waiting.len() > MOST_WAITING {
            ready.extend(self.waiting.drain().map(|(stretch, _)| (stretch * STRETCH, STRETCH)));
        }
        ready
    }

    /// Notes what was sent; returns the ranges to be dropped.
    fn sent(&mut self, ranges: &[(u64, u64)]) -> Vec<(u64, u64)> {
        self.sent.extend(ranges);
        self.bytes += ranges.iter().map(|range| range.1).sum::<u64>();
        let mut old = Vec::new();
        while self.bytes > LAG
            && let Some(range) = self.sent.pop_front()
        {
            self.bytes -= range.1;
            old.push(range);
        }
        old
    }
}

impl Behind {
    pub(super) fn new(drops: bool) -> Behind {
        Behind { drops, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A range of `file` was written. Only time or memory is lost where a file system knows nothing of these calls: the
    /// fsync at the end is what counts.
    pub(super) fn wrote(&self, file: &File, offset: u64, length: u64) {
        let ready = self.state().wrote(offset, length);
        for (offset, length) in &ready {
            let _ = start_write_back(file, *offset, *length);
        }
        if !self.drops || ready.is_empty() {
            return;
        }
        let old = self.state().sent(&ready);
        for (offset, length) in old {
            let _ = finish_write_back(file, offset, length);
            let _ = fadvise(file, offset, std::num::NonZeroU64::new(length), Advice::DontNeed);
        }
    }
}

/// Bytes that casacore writes before its files are sent to the disk.
const STEP: u64 = 8 << 20;

/// The files of a column that casacore writes.
#[derive(Debug)]
pub struct ColumnFiles {
    files: Vec<File>,
    /// Whether these are all.
    whole: bool,
    drops: bool,
    /// Written since the files were last sent, and since they were last dropped.
    since: [u64; 2],
}

impl ColumnFiles {
    /// The files of column `column` of `ms`, whose pages are dropped if `drops` says so.
    pub fn new(ms: &Table, column: &str, drops: bool) -> ColumnFiles {
        // What cannot be opened is left to the table's fsync.
        let paths = ms.files_of_column(column).unwrap_or_default();
        let open = |path: &PathBuf| File::options().write(true).open(path).ok();
        let files: Vec<File> = paths.iter().filter_map(open).collect();
        let whole = !files.is_empty() && files.len() == paths.len();
        ColumnFiles { files, whole, drops, since: [0; 2] }
    }

    /// Has the disk confirm these files; false where they are not all the column has.
    ///
    /// # Errors
    /// What the system says.
    pub fn fsync(&self) -> io::Result<bool> {
        self.files.iter().try_for_each(File::sync_all)?;
        Ok(self.whole)
    }

    /// So many bytes more were written.
    pub fn wrote(&mut self, bytes: u64) {
        self.since = self.since.map(|since| since + bytes);
        if self.since[0] >= STEP {
            self.since[0] = 0;
            // A length of zero: to the end, whatever it is by now.
            for file in &self.files {
                let _ = start_write_back(file, 0, 0);
            }
        }
        if self.drops && self.since[1] >= LAG {
            self.since[1] = 0;
            for file in &self.files {
                let _ = finish_write_back(file, 0, 0);
            }
            self.settled();
        }
    }

    /// The files are on the disk.
    pub fn settled(&self) {
        if self.drops {
            for file in &self.files {
                let _ = fadvise(file, 0, None, Advice::DontNeed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_large_for_the_memory_is_dropped() {
        assert!(PageCache::Drop.drops(1) && !PageCache::Keep.drops(u64::MAX));
        assert!(!PageCache::Auto.drops(1 << 20));
        // Where the system does not tell, everything stays.
        assert_eq!(PageCache::Auto.drops(u64::MAX), available_bytes().is_some());
    }

    #[test]
    fn stretches_are_sent_when_they_are_whole() {
        let mut state = State::default();
        assert_eq!(state.wrote(0, STRETCH - 10), []);
        assert_eq!(state.wrote(STRETCH, 3 * STRETCH), [1, 2, 3].map(|n| (n * STRETCH, STRETCH)));
        assert_eq!(state.wrote(STRETCH - 10, 10), [(0, STRETCH)]);
        assert_eq!(state.wrote(STRETCH * 9 / 2, STRETCH), []);
        assert!(state.waiting.len() == 2 && state.sent(&[]).is_empty());
        // What lies apart is not waited for.
        let sent: usize = (0..1000).map(|n| state.wrote((10 + n) * STRETCH, 8).len()).sum();
        assert_eq!(sent + state.waiting.len(), 1002);
        assert!(state.waiting.len() <= MOST_WAITING);
    }

    #[test]
    fn the_oldest_are_dropped() {
        let mut state = State::default();
        let ranges: Vec<(u64, u64)> = (0..LAG / STRETCH).map(|n| (n * STRETCH, STRETCH)).collect();
        assert_eq!(state.sent(&ranges), []);
        assert_eq!(state.sent(&[(LAG, STRETCH)]), [(0, STRETCH)]);
    }
}

//! The pages of the column's file: sent to the disk as they are written, and of a column too large to stay in memory also
//! dropped, so that it does not push out what other programs have cached.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

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

/// The ranges of a file that were written, the oldest first, where they are to be dropped.
#[derive(Debug)]
pub(super) struct Behind {
    drops: bool,
    written: Mutex<(VecDeque<(u64, u64)>, u64)>,
}

impl Behind {
    pub(super) fn new(drops: bool) -> Behind {
        Behind { drops, written: Mutex::default() }
    }

    /// A range of `file` was written. Only time or memory is lost where a file system knows nothing of these calls: the
    /// fsync at the end is what counts.
    pub(super) fn wrote(&self, file: &File, offset: u64, length: u64) {
        let _ = start_write_back(file, offset, length);
        if !self.drops {
            return;
        }
        let mut old = Vec::new();
        {
            let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
            let (ranges, bytes) = &mut *written;
            ranges.push_back((offset, length));
            *bytes += length;
            while *bytes > LAG
                && let Some(range) = ranges.pop_front()
            {
                *bytes -= range.1;
                old.push(range);
            }
        }
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
}

//! Room kept back for the end of a run.
//!
//! casacore rewrites the table's description when a run ends, and aborts the process if the disk is full then: an exception
//! out of a destructor. Room that was there when the run began may be gone by then, filled by somebody else; so it is taken at the
//! beginning, by a file without a name that goes away with the process, and given back while the description is written.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::error::{MsError, Result};

/// What the description may grow by, and what its neighbours take.
const BESIDE: u64 = 512 << 10;

/// Room on the file system of a MeasurementSet, given back when dropped.
#[derive(Debug)]
pub struct Reserve {
    ms: PathBuf,
    held: RefCell<Option<File>>,
}

impl Reserve {
    /// Takes the room that the description of `ms` needs to be written again.
    ///
    /// # Errors
    /// [`MsError::Room`] where there is no such room.
    pub fn take(ms: &Path) -> Result<Reserve> {
        let reserve = Reserve { ms: ms.to_path_buf(), held: RefCell::default() };
        reserve.hold()?;
        Ok(reserve)
    }

    /// Gives the room to `write`, which writes the description, and takes it again.
    ///
    /// # Errors
    /// Those of `write`; [`MsError::Room`] where the room is gone afterwards: nothing more can be written.
    pub fn lend<T, E: From<MsError>>(
        &self,
        write: impl FnOnce() -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.give();
        let done = write()?;
        self.hold()?;
        Ok(done)
    }

    /// Gives the room back for good.
    pub fn give(&self) {
        drop(self.held.take());
    }

    fn hold(&self) -> Result<()> {
        let description = self.ms.join("table.dat").metadata().map_or(0, |found| found.len());
        let file = fill(&self.ms, description + BESIDE).map_err(|source| MsError::Room {
            path: self.ms.clone(),
            message: format!("no room is left to write its description again: {source}. Free some space"),
        })?;
        *self.held.borrow_mut() = Some(file);
        Ok(())
    }
}

/// Bytes, not holes: not every file system knows how to set room aside.
fn fill(folder: &Path, bytes: u64) -> io::Result<File> {
    let mut file = tempfile::tempfile_in(folder)?;
    let block = vec![0; 64 << 10];
    let mut left = bytes;
    while left > 0 {
        let part = left.min(block.len() as u64);
        file.write_all(&block[..part as usize])?;
        left -= part;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_taken_and_nothing_is_seen_of_it() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("table.dat"), "description").expect("a file");
        let reserve = Reserve::take(folder.path()).expect("room");
        let held = || reserve.held.borrow().as_ref().map(|file| file.metadata().expect("a file").len());
        assert_eq!(held(), Some(BESIDE + 11));
        let lent: Result<bool> = reserve.lend(|| Ok(held().is_none()));
        assert!(lent.expect("room") && held().is_some());
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
        reserve.give();
        assert_eq!(held(), None);
        assert!(Reserve::take(&folder.path().join("not-there")).is_err());
    }
}

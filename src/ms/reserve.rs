//! Room kept back for the end of a run.
//!
//! casacore rewrites the table's description when a run ends, and aborts the process if the disk is full then: an exception
//! out of a destructor. Room that was there when the run began may be gone by then, filled by somebody else; so it is taken at the
//! beginning, by a file without a name that goes away with the process, and given back just before it is needed.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use super::error::{MsError, Result};

/// What the description may grow by, and what its neighbours take.
const BESIDE: u64 = 512 << 10;

/// Room on the file system of a MeasurementSet, given back when dropped.
#[derive(Debug)]
pub struct Reserve {
    _file: File,
}

impl Reserve {
    /// Takes the room that the description of `ms` needs to be written again.
    ///
    /// # Errors
    /// [`MsError::Invalid`] where there is no such room.
    pub fn take(ms: &Path) -> Result<Reserve> {
        let description = ms.join("table.dat").metadata().map_or(0, |found| found.len());
        fill(ms, description + BESIDE).map_err(|source| MsError::Invalid {
            path: ms.to_path_buf(),
            message: format!(
                "there is no room to write its description again at the end: {source}; make some, and run again"
            ),
        })
    }
}

/// Bytes, not holes: not every file system knows how to set room aside.
fn fill(folder: &Path, bytes: u64) -> io::Result<Reserve> {
    let mut file = tempfile::tempfile_in(folder)?;
    let block = vec![0; 64 << 10];
    let mut left = bytes;
    while left > 0 {
        let part = left.min(block.len() as u64);
        file.write_all(&block[..part as usize])?;
        left -= part;
    }
    Ok(Reserve { _file: file })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_taken_and_nothing_is_seen_of_it() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("table.dat"), "description").expect("a file");
        let reserve = Reserve::take(folder.path()).expect("room");
        assert_eq!(reserve._file.metadata().expect("a file").len(), BESIDE + 11);
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
        assert!(Reserve::take(&folder.path().join("not-there")).is_err());
    }
}

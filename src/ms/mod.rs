//! The MeasurementSet: what was observed, its rows, and the model column. Never sees a source.

pub mod calibration;
pub mod column_digest;
pub mod error;
pub mod feed;
pub mod field;
pub mod h5parm;
pub mod history;
pub mod make;
pub mod model_column;
pub mod observation;
pub mod page_cache;
pub mod pairs;
pub mod pointing;
pub mod reserve;
pub mod rows;
pub mod sequence;
pub mod space;
pub mod state;
pub mod tile_file;
pub mod timesteps;
pub mod tracks;
pub mod virtual_model;

use std::path::Path;
use std::time::Duration;

use casacore::{Access, LockMode, Table};

pub use column_digest::ColumnDigest;
pub use error::{MsError, Result};
pub use field::Field;
pub use model_column::{CellShape, ModelColumn, Presence};
pub use observation::Observation;
pub use page_cache::{ColumnFiles, PageCache};
pub use rows::{RowBlock, RowSurvey};
pub use sequence::{RowList, Sequence};
pub use state::{ModelState, Provenance};
pub use tile_file::TileFile;
pub use timesteps::Timesteps;
pub use tracks::Tracks;

use crate::stall::doing;

/// Opens the main table of a MeasurementSet. Returns at once whatever locks others hold.
///
/// # Errors
/// [`MsError::Open`] with the reason.
pub fn open(path: &Path, access: Access) -> Result<Table> {
    let error = |message: String| MsError::Open { path: path.to_path_buf(), message };
    let _doing = doing("while opening", path);
    match path.metadata() {
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => {
            return Err(error("there is no such directory".into()));
        }
        Err(source) => return Err(error(source.to_string())),
        Ok(metadata) if !metadata.is_dir() => {
            return Err(error(
                "it is a file; a MeasurementSet is a directory (unpack archives first)".into(),
            ));
        }
        Ok(_) => {}
    }
    Table::open(path, access).map_err(|source| error(source.to_string()))
}

/// Opens the main table of a MeasurementSet for writing and takes its lock within `wait`. `None` where the
/// user gave up first.
///
/// # Errors
/// As [`open`] and [`lock_for_writing`].
pub fn open_locked(path: &Path, wait: Duration, cancelled: &dyn Fn() -> bool) -> Result<Option<Table>> {
    let begun = std::time::Instant::now();
    let mut tries = 3;
    loop {
        let table = open(path, Access::ReadWrite)?;
        match lock_for_writing(&table, wait.saturating_sub(begun.elapsed()), cancelled) {
            Ok(true) => return Ok(Some(table)),
            Ok(false) => return Ok(None),
            // Another process added a column while we waited: casacore wants the table opened anew.
            Err(MsError::Table(_)) if tries > 0 => {
                tries -= 1;
                drop(table);
                if tries == 0 {
                    forget_sync_data(path)?;
                }
            }
            Err(MsError::Locked { path, holder, .. }) => {
                return Err(MsError::Locked { path, holder, waited: wait.as_secs_f64() });
            }
            Err(error) => return Err(error),
        }
    }
}

/// Empties `table.lock`, whose record of the number of columns a process killed between describing a new column and
/// recording it has left behind: no program could lock the table any more. casacore writes it anew.
///
/// Only called after the lock itself was obtained more than once and nobody held it.
fn forget_sync_data(ms: &Path) -> Result<()> {
    let lock = ms.join("table.lock");
    let emptied = std::fs::File::options().write(true).open(&lock).and_then(|file| file.set_len(0));
    emptied.map_err(|source| MsError::Open {
        path: ms.to_path_buf(),
        message: format!("{} is out of step with the table and cannot be renewed: {source}", lock.display()),
    })
}

/// How often a waiting lock looks whether the user gave up: long enough for casacore to ask a holder that locks
/// automatically to let go, which takes it two seconds.
const LOCK_SLICE: Duration = Duration::from_millis(2500);

/// Takes the write lock of `table` within `wait`, giving up early where `cancelled` says so.
/// Returns whether it was obtained before the user gave up.
///
/// # Errors
/// [`MsError::Locked`] with the process in the way, or any error of casacore.
pub fn lock_for_writing(table: &Table, wait: Duration, cancelled: &dyn Fn() -> bool) -> Result<bool> {
    let deadline = std::time::Instant::now() + wait;
    loop {
        let left = deadline.saturating_duration_since(std::time::Instant::now());
        let _doing = doing("while asking for the lock of", table.path());
        if table.lock(LockMode::Write, left.min(LOCK_SLICE))? {
            return Ok(true);
        }
        if cancelled() {
            return Ok(false);
        }
        if left.is_zero() {
            return Err(locked(table, wait));
        }
    }
}

/// The error for a lock that was not obtained, naming the process that holds it.
pub(crate) fn locked(table: &Table, wait: Duration) -> MsError {
    let holder = match table.lock_holder() {
        // The system numbers a holder in another container 0.
        None | Some(0) => "another process".to_owned(),
        Some(pid) => {
            let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            match name.trim() {
                "" => format!("process {pid}"),
                name => format!("process {pid} ({name})"),
            }
        }
    };
    MsError::Locked { path: table.path().to_path_buf(), holder, waited: wait.as_secs_f64() }
}

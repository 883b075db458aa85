//! The end of a run: the blocks reach the disk, the column is marked, and HISTORY tells of it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use casacore::Table;

use super::check::allowed;
use super::error::{PredictError, Result};
use super::job::{Mode, Options};
use super::report::Report;
use crate::ms::history::{self, HistoryEntry};
use crate::ms::{ColumnFiles, ModelColumn, ModelState, Provenance, TileFile};
use crate::stall::{Journal, doing};
use crate::time;

/// The longest wait for HISTORY and SOURCE, which nobody should hold for long.
pub(super) const SUBTABLE_WAIT: Duration = Duration::from_secs(10);

/// Has the disk confirm the blocks that were written without casacore.
pub(super) fn sync_tiles(table: &Table, tiles: &TileFile, files: &ColumnFiles) -> Result<()> {
    let whole = files.fsync().map_err(|source| PredictError::TileFile {
        path: tiles.path().to_path_buf(),
        operation: "fsync",
        source,
    })?;
    if !whole {
        table.fsync()?;
    }
    Ok(())
}

/// Marks the column complete if the check found it good; the files `settled` have not changed since the disk confirmed them.
pub(super) fn finish(
    table: &Table,
    column: &ModelColumn,
    settled: &[PathBuf],
    provenance: &Provenance,
    report: &mut Report,
    options: &Options,
) -> Result<()> {
    if let Some(result) = report.check {
        // Written so that NaN fails.
        let good = result.rms <= allowed(options.epsilon);
        if !good {
            // Nothing of it is to be resumed.
            let spoilt = Provenance { rows: 0, predicted: 0, xxh3: String::new(), ..provenance.clone() };
            mark(table, column, &spoilt, false)?;
            table.flush()?;
            return Err(PredictError::Check {
                path: table.path().to_path_buf(),
                column: options.column.clone(),
                rms: result.rms,
                max: result.max,
                allowed: allowed(options.epsilon),
                report: Box::new(report.clone()),
            });
        }
    }
    let clock = Instant::now();
    let _doing = doing("while marking the column complete of", table.path());
    mark(table, column, provenance, true)?;
    table.fsync_without(settled)?;
    report.seconds.sync += clock.elapsed().as_secs_f64();
    report.complete = true;
    tell_state(format!("column {} is complete", options.column));
    Ok(())
}

/// Marks the column at the end of its writing; other processes that have the table open learn of the new values with it.
pub(super) fn mark(
    table: &Table,
    column: &ModelColumn,
    provenance: &Provenance,
    complete: bool,
) -> Result<()> {
    ModelState::write(table, column.name(), provenance, complete)?;
    Ok(column.mark_changed()?)
}

/// Tells who watches what is to be thought of the column should the run end now.
pub(super) fn tell_state(state: String) {
    if let Some(journal) = Journal::current() {
        journal.set_state(state);
    }
}

pub(super) fn write_history(
    table: &Table,
    provenance: &Provenance,
    report: &Report,
    options: &Options,
) -> Result<()> {
    let check = match report.check {
        Some(check) => format!("checked {} visibilities, rms error {:.1e}", check.visibilities, check.rms),
        None => "not checked".into(),
    };
    let message = format!(
        "nvss-predict {}: {}, {:.3} Jy, {} {} into {} ({} rows); {check}",
        report.version,
        report.catalogue.counted(),
        report.catalogue.flux_jy,
        report.catalogue.path,
        match report.mode {
            Mode::Replace => "predicted",
            Mode::Add => "added",
            Mode::Subtract => "subtracted",
        },
        report.column,
        report.rows_predicted,
    );
    let entry = HistoryEntry { time: time::Utc::now().mjd_seconds(), message, provenance };
    Ok(history::append(table.path(), &table.keywords()?, &entry, options.lock_timeout.min(SUBTABLE_WAIT))?)
}

/// The error of a call on the column's files.
pub(super) fn disk_error(table: &Table, operation: &'static str, source: std::io::Error) -> PredictError {
    PredictError::TileFile { path: table.path().to_path_buf(), operation, source }
}

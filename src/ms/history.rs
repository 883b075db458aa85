//! A row in the HISTORY subtable for each run.

use std::path::Path;
use std::time::Duration;

use casacore::{Access, LockMode, Record, Table, Value};
use ndarray::Array1;

use super::error::{MsError, Result};
use super::state::Provenance;
use crate::stall::doing;

/// What a run leaves in HISTORY.
#[derive(Debug, Clone)]
pub struct HistoryEntry<'a> {
    /// When, [s, MJD].
    pub time: f64,
    /// The sentence for a reader.
    pub message: String,
    /// Where the model came from.
    pub provenance: &'a Provenance,
}

/// The storage manager whose rows can be mended after a run was killed while it wrote them, and in which casacore itself stores
/// HISTORY. Any other may overwrite its index with a row before it says where the new one is.
const SAFE: &str = "StandardStMan";

/// Appends a row to HISTORY of the MeasurementSet with main-table `keywords`.
///
/// # Errors
/// [`MsError::Subtable`] where HISTORY is missing or stored in a way that a killed run could spoil, [`MsError::Locked`] where
/// another process holds it for longer than `wait`, or any error of casacore.
pub fn append(ms: &Path, keywords: &Record, entry: &HistoryEntry, wait: Duration) -> Result<()> {
    let missing = |message: String| MsError::Subtable { path: ms.to_path_buf(), table: "HISTORY", message };
    let Some(Value::Table(path)) = keywords.get("HISTORY") else {
        return Err(missing("the main table has no such keyword".into()));
    };
    let _doing = doing("while writing the HISTORY of", ms);
    let history = Table::open(path, Access::ReadWrite).map_err(|error| missing(error.to_string()))?;
    if !history.lock(LockMode::Write, wait)? {
        return Err(super::locked(&history, wait));
    }
    check_storage(&history).map_err(missing)?;
    // A run that was killed here may have left rows that the table does not know.
    history.mend_rows()?;
    let row = history.row_count();
    history.add_rows(1)?;
    let text = |column: &str, value: &str| -> Result<()> {
        if history.has_column(column) {
            history.put_scalars(column, row, &[value.to_owned()])?;
        }
        Ok(())
    };
    text("MESSAGE", &entry.message)?;
    text("PRIORITY", "INFO")?;
    text("ORIGIN", "nvss-predict")?;
    text("APPLICATION", "nvss-predict")?;
    if history.has_column("TIME") {
        history.put_scalars("TIME", row, &[entry.time])?;
    }
    for column in ["OBSERVATION_ID", "OBJECT_ID"] {
        if history.has_column(column) {
            history.put_scalars(column, row, &[0i32])?;
        }
    }
    let parameters = vec![
        format!("version={}", entry.provenance.version),
        format!("run={}", entry.provenance.run),
        format!("catalogue={}", entry.provenance.catalogue),
        format!("sha256={}", entry.provenance.digest),
    ];
    for (column, lines) in
        [("CLI_COMMAND", vec![entry.provenance.arguments.clone()]), ("APP_PARAMS", parameters)]
    {
        if history.has_column(column) {
            let lines = Array1::from(lines);
            history.put_cell::<String>(column, row, lines.view().into_dyn())?;
        }
    }
    history.fsync()?;
    history.unlock()?;
    Ok(history.close()?)
}

/// What speaks against adding a row, if anything does.
fn check_storage(history: &Table) -> std::result::Result<(), String> {
    let managers = history.data_managers().map_err(|error| error.to_string())?;
    let unsafe_one = managers.iter().find(|manager| manager.kind != SAFE);
    unsafe_one.map_or(Ok(()), |manager| {
        Err(format!(
            "it is stored by {}, and could not be read any more if the run were killed now",
            manager.kind
        ))
    })
}

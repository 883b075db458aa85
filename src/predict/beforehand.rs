//! What a run needs before its first value changes: threads, warnings, a base that is whole, and a column that is there and marked.

use std::collections::BTreeSet;

use casacore::Table;
use rayon::ThreadPool;

use super::error::{PredictError, Result};
use super::job::{Mode, Options};
use super::pipeline::RowSelection;
use super::report::Report;
use super::scene::Scene;
use crate::ms::{CellShape, ModelColumn, ModelState, Observation, Presence, Provenance};
use crate::stall::doing;

pub(super) fn thread_pool(options: &Options) -> Result<ThreadPool> {
    let mut builder = rayon::ThreadPoolBuilder::new().thread_name(|n| format!("predict-{n}"));
    if let Some(threads) = options.threads {
        builder = builder.num_threads(threads);
    }
    Ok(builder.build()?)
}

/// What is odd about what was found.
pub(super) fn warnings(scene: &Scene, options: &Options) -> Vec<String> {
    let mut warnings = scene.observation.warnings.clone();
    let survey = scene.rows.chosen();
    if survey.without_exposure > 0 {
        warnings.push(format!(
            "{} row(s) have no EXPOSURE: they are not averaged in time",
            survey.without_exposure
        ));
    }
    if survey.without_uvw > 0 {
        warnings.push(format!(
            "{} row(s) have a UVW that is not finite: their model is zero",
            survey.without_uvw
        ));
    }
    if scene.virtual_model.exists() && !options.delmod {
        warnings.push(
            "a virtual model (CASA setjy or ft with usescratch=False) is set: CASA will use it instead of the \
             column; --delmod removes it"
                .into(),
        );
    }
    warnings
}

/// What is added to must be whole: half a model and half of what was there before cannot be told apart.
pub(super) fn check_base(table: &Table, column: &ModelColumn, options: &Options) -> Result<()> {
    let incomplete = matches!(ModelState::read(table, column.name())?, ModelState::Incomplete(_));
    if options.mode == Mode::Replace || !incomplete {
        return Ok(());
    }
    Err(PredictError::Options(format!(
        "{}: column {} is incomplete (an earlier run did not end, or its check failed), so nothing can be added to or \
         subtracted from it; write it anew with --mode replace",
        table.path().display(),
        column.name()
    )))
}

/// Makes the column where it is missing, and marks it incomplete before the first value changes.
pub(super) fn prepare_column(
    table: &Table,
    column: &mut ModelColumn,
    observation: &Observation,
    selection: &RowSelection,
    provenance: &Provenance,
) -> Result<()> {
    let created = *column.presence() == Presence::Missing;
    let _doing = doing("while marking the column incomplete of", table.path());
    if created {
        let shapes: BTreeSet<CellShape> = selection.shapes.values().copied().collect();
        table.forget_sync_data()?;
        column.create(observation, &shapes, provenance)?;
        // Killed between adding a column and flushing the table leaves rubbish only casacore knows: flush now.
        table.flush()?;
    }
    if !created {
        ModelState::write(table, column.name(), provenance, false)?;
    }
    // The zeros of a new column need not reach the disk: the mark says that they mean nothing yet.
    let zeros = if created { table.files_of_column(column.name())? } else { Vec::new() };
    Ok(table.fsync_without(&zeros)?)
}

pub(super) fn storage(column: &ModelColumn) -> String {
    let manager = match column.presence() {
        Presence::Missing => "TiledShapeStMan (to be made)",
        Presence::Present { manager } => manager,
    };
    let shape = if column.is_fixed() { "fixed shape" } else { "variable shape" };
    match column.tile_rows() {
        1 => format!("{manager}, {shape}"),
        rows => format!("{manager}, {shape}, tiles of {rows} rows"),
    }
}

/// Whether the column's storage manager gives back what it was given.
pub(super) fn keeps_every_bit(column: &ModelColumn) -> bool {
    match column.presence() {
        Presence::Missing => true,
        Presence::Present { manager } => {
            manager.starts_with("Tiled")
                || ["StandardStMan", "IncrementalStMan", "StManAipsIO"].contains(&manager.as_str())
        }
    }
}

pub(super) fn provenance(report: &Report, options: &Options) -> Provenance {
    Provenance {
        version: report.version.clone(),
        run: report.run.clone(),
        started: report.started.clone(),
        catalogue: report.catalogue.path.clone(),
        digest: report.catalogue.digest.clone(),
        arguments: options.arguments.clone(),
        components: report.catalogue.selected as i64,
        ..Provenance::default()
    }
}

//! Which rows are predicted, and what must be true of them before anything is written.

use std::collections::{BTreeMap, BTreeSet};

use casacore::Table;

use super::error::{PredictError, Result};
use super::job::Options;
use super::pipeline::RowSelection;
use super::plan::phase_centre;
use crate::coords::Direction;
use crate::ms::space::{self, Needs};
use crate::ms::{CellShape, ModelColumn, MsError, Observation, Presence, RowSurvey};

/// The rows asked for, and the shapes of all rows.
pub(super) fn select_rows(
    observation: &Observation,
    survey: &RowSurvey,
    options: &Options,
) -> Result<RowSelection> {
    let invalid =
        |message: String| PredictError::Options(format!("{}: {message}", observation.path.display()));
    let known = |wanted: &Option<BTreeSet<i32>>, rows: usize, option: &str, table: &str| match wanted
        .iter()
        .flatten()
        .find(|id| !usize::try_from(**id).is_ok_and(|id| id < rows))
    {
        None => Ok(()),
        Some(id) => Err(invalid(format!("{option} names {id}, but {table} has only {rows} row(s)"))),
    };
    known(&options.fields, observation.fields.len(), "--fields", "FIELD")?;
    known(&options.spws, observation.spectral_windows.len(), "--spws", "SPECTRAL_WINDOW")?;
    let mut selection = RowSelection::default();
    for &(field, data_desc) in survey.used.keys() {
        let (window, polarization) = observation.setup(data_desc)?;
        observation.field(field)?;
        selection.shapes.insert(
            data_desc,
            CellShape { channels: window.frequencies.len(), correlations: polarization.correlations.len() },
        );
        let spw = observation.spectral_window_of(data_desc);
        let wanted = options.fields.as_ref().is_none_or(|fields| fields.contains(&field))
            && options.spws.as_ref().is_none_or(|spws| spws.contains(&spw));
        if wanted {
            selection.used.insert((field, data_desc));
        }
    }
    if survey.used.is_empty() {
        return Err(invalid("the MeasurementSet has no rows; there is nothing to predict".into()));
    }
    if selection.used.is_empty() {
        return Err(invalid("no row belongs to the chosen --fields and --spws".into()));
    }
    Ok(selection)
}

pub(super) fn written_shapes(selection: &RowSelection) -> BTreeSet<CellShape> {
    selection.shapes.values().copied().collect()
}

/// Compares what the subtables promise with the data of the first row of each set-up.
pub(super) fn check_data_shape(
    table: &Table,
    observation: &Observation,
    survey: &RowSurvey,
    selection: &RowSelection,
) -> Result<()> {
    let Some(data) =
        ["DATA", "CORRECTED_DATA", "FLOAT_DATA", "FLAG"].into_iter().find(|c| table.has_column(c))
    else {
        return Ok(());
    };
    for (data_desc, row) in survey.data_descs() {
        let (Some(shape), Some(found)) = (selection.shapes.get(&data_desc), table.cell_shape(data, row)?)
        else {
            continue;
        };
        if found != [shape.channels, shape.correlations] {
            return Err(MsError::Invalid {
                path: observation.path.clone(),
                message: format!(
                    "row {row} (DATA_DESC_ID {data_desc}) has {data} of shape {found:?}, but SPECTRAL_WINDOW and \
                     POLARIZATION say [{}, {}] (channels, correlations); repair the MeasurementSet",
                    shape.channels, shape.correlations
                ),
            }
            .into());
        }
    }
    Ok(())
}

/// Cells of a variable shape that already have one must have the right one, before anything is written.
pub(super) fn check_cells(table: &Table, column: &ModelColumn, selection: &RowSelection) -> Result<()> {
    if column.is_fixed() || *column.presence() == Presence::Missing {
        return Ok(());
    }
    const ROWS: u64 = 1 << 16;
    let rows = table.row_count();
    for start in (0..rows).step_by(ROWS as usize) {
        let end = (start + ROWS).min(rows);
        let fields = table.scalars::<i32>("FIELD_ID", start..end)?;
        let data_descs = table.scalars::<i32>("DATA_DESC_ID", start..end)?;
        for ((row, field), data_desc) in (start..end).zip(fields).zip(data_descs) {
            if selection.used.contains(&(field, data_desc))
                && let Some(shape) = selection.shapes.get(&data_desc)
            {
                column.check_cell(row, *shape)?;
            }
        }
    }
    Ok(())
}

/// Refuses what the file system would refuse later: files that may not be written, a full disk, a limit in the way.
pub(super) fn check_room(
    table: &Table,
    column: &ModelColumn,
    survey: &RowSurvey,
    selection: &RowSelection,
) -> Result<()> {
    let missing = *column.presence() == Presence::Missing;
    let mut bytes = 0;
    for (pair, usage) in &survey.used {
        let cells = usage.rows * selection.shapes.get(&pair.1).map_or(0, |shape| shape.bytes()) as u64;
        // The cells of a pair come together, nearly always: its first row tells of all.
        if missing || (selection.used.contains(pair) && !column.has_cell(usage.first_row)?) {
            bytes += cells;
        }
    }
    let there = if missing { Vec::new() } else { table.files_of_column(column.name())? };
    let there = there.iter().map(|file| file.metadata().map_or(0, |metadata| metadata.len())).max();
    let needs = Needs { column: column.name(), growth: bytes, largest: bytes + there.unwrap_or(0) };
    Ok(space::check(table, &needs)?)
}

/// The phase centres in use with a time [s, MJD] of each; those that move, or all where the beam does, at their first,
/// middle and last.
pub(super) fn centres(
    observation: &Observation,
    survey: &RowSurvey,
    used: &BTreeSet<(i32, i32)>,
    moving_beam: bool,
) -> Result<Vec<(f64, Direction)>> {
    let mut times: BTreeMap<i32, [f64; 2]> = BTreeMap::new();
    for pair in used {
        if let Some(usage) = survey.used.get(pair) {
            let range = times.entry(pair.0).or_insert(usage.times);
            *range = [range[0].min(usage.times[0]), range[1].max(usage.times[1])];
        }
    }
    let mut centres = Vec::new();
    for (field, range) in times {
        let moves = moving_beam || observation.field(field)?.moves();
        let times =
            if moves { vec![range[0], 0.5 * (range[0] + range[1]), range[1]] } else { vec![range[0]] };
        for time in times {
            centres.push((time, phase_centre(observation, field, time)?));
        }
    }
    Ok(centres)
}

/// The lowest and highest channel of the chosen rows [Hz].
pub(super) fn frequency_range(observation: &Observation, used: &BTreeSet<(i32, i32)>) -> [f64; 2] {
    let windows = used.iter().filter_map(|(_, data_desc)| observation.setup(*data_desc).ok());
    windows
        .flat_map(|(window, _)| window.frequencies.iter().copied())
        .fold([f64::INFINITY, 0.0], |range, f| [range[0].min(f), range[1].max(f)])
}

//! Which rows are predicted, and what must be true of them before anything is written.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

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
    let mut selection = RowSelection { rows: 0..observation.rows, ..RowSelection::default() };
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
        let all = 0..window.frequencies.len();
        let channels = match options.band {
            Some(band) => channels_in(&window.frequencies, band).ok_or_else(|| {
                invalid(format!(
                    "spectral window {spw} has channels in no order of frequency: those from {:.3} to {:.3} MHz are not next to \
                     each other, and cannot be predicted without the others",
                    band[0] / 1e6,
                    band[1] / 1e6
                ))
            })?,
            None => all.clone(),
        };
        if wanted && !channels.is_empty() {
            selection.used.insert((field, data_desc));
            if channels != all {
                selection.channels.insert(data_desc, channels);
            }
        }
    }
    if survey.used.is_empty() {
        return Err(invalid("the MeasurementSet has no rows; there is nothing to predict".into()));
    }
    if selection.used.is_empty() {
        let what = if options.band.is_some() { ", and has a channel of those asked for" } else { "" };
        return Err(invalid(format!("no row belongs to the chosen --fields and --spws{what}")));
    }
    Ok(selection)
}

/// The channels in a band [Hz], if they are next to each other.
fn channels_in(frequencies: &[f64], [low, high]: [f64; 2]) -> Option<Range<usize>> {
    let inside = |frequency: &f64| (low..=high).contains(frequency);
    let start = frequencies.iter().position(inside).unwrap_or(0);
    let count = frequencies[start..].iter().take_while(|frequency| inside(frequency)).count();
    (!frequencies[start + count..].iter().any(inside)).then_some(start..start + count)
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
            if selection.has(row, field, data_desc)
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

/// The lowest and highest channel that is predicted [Hz].
pub(super) fn frequency_range(observation: &Observation, selection: &RowSelection) -> [f64; 2] {
    let channels = selection.used.iter().filter_map(|(_, data_desc)| {
        let (window, _) = observation.setup(*data_desc).ok()?;
        let all = 0..window.frequencies.len();
        window.frequencies.get(selection.channels.get(data_desc).cloned().unwrap_or(all))
    });
    channels.flatten().fold([f64::INFINITY, 0.0], |range, f| [range[0].min(*f), range[1].max(*f)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_of_a_band_are_next_to_each_other() {
        let up = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(channels_in(&up, [2.0, 3.5]), Some(1..3));
        assert_eq!(channels_in(&[4.0, 3.0, 2.0, 1.0], [1.0, 2.0]), Some(2..4));
        assert!(channels_in(&up, [5.0, 6.0]).is_some_and(|none| none.is_empty()));
        assert_eq!(channels_in(&[1.0, 5.0, 2.0], [1.0, 2.0]), None);
    }
}

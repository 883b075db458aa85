//! The POINTING subtable: where the antennas looked.

use casacore::Table;

use super::error::{MsError, Result};
use super::field::{frame_source, row_frame};
use super::observation::subtable;
use crate::coords::{Direction, Frame};

/// A row of POINTING.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PointedAt {
    /// ANTENNA_ID; negative for all antennas.
    pub antenna: i32,
    /// TIME [s, MJD].
    pub time: f64,
    /// INTERVAL [s].
    pub interval: f64,
    /// DIRECTION, the first term of its polynomial.
    pub direction: Direction,
}

/// Reads the rows of POINTING of the opened main table `ms` that have a direction.
///
/// # Errors
/// Where the subtable is missing, its columns are not those of a MeasurementSet, or its frame is none of the sky.
pub fn read_pointing(ms: &Table) -> Result<Vec<PointedAt>> {
    let table = subtable(ms.path(), &ms.keywords()?, "POINTING")?;
    let rows = 0..table.row_count();
    let frames = frame_source(table.path(), &table, "DIRECTION")?;
    let antennas = table.scalars::<i32>("ANTENNA_ID", rows.clone())?;
    let times = table.scalars::<f64>("TIME", rows.clone())?;
    let intervals = table.scalars::<f64>("INTERVAL", rows.clone())?;
    let mut pointed = Vec::with_capacity(antennas.len());
    for (((row, antenna), time), interval) in rows.zip(antennas).zip(times).zip(intervals) {
        if table.cell_shape("DIRECTION", row)?.is_none() {
            continue;
        }
        let name = row_frame(table.path(), &table, "DIRECTION", &frames, row)?;
        let frame: Frame = name.parse().map_err(|_| MsError::Invalid {
            path: table.path().to_path_buf(),
            message: format!(
                "DIRECTION is in frame {name}, which is not supported; use the fields' centres or give a direction"
            ),
        })?;
        let cell = table.cell::<f64>("DIRECTION", row)?;
        let mut terms = cell.iter();
        if let (Some(&longitude), Some(&latitude)) = (terms.next(), terms.next()) {
            pointed.push(PointedAt {
                antenna,
                time,
                interval,
                direction: Direction { frame, longitude, latitude },
            });
        }
    }
    Ok(pointed)
}

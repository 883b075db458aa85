//! The FEED subtable: how receptors stand in their dishes.

use casacore::Table;

use super::error::Result;
use super::observation::subtable;

/// A row of FEED.
#[derive(Debug, Clone, PartialEq)]
pub struct Feed {
    /// ANTENNA_ID; negative for all antennas.
    pub antenna: i32,
    /// FEED_ID.
    pub feed: i32,
    /// SPECTRAL_WINDOW_ID; negative for all windows.
    pub spectral_window: i32,
    /// POLARIZATION_TYPE of each receptor: X, Y, R or L.
    pub receptors: Vec<String>,
    /// RECEPTOR_ANGLE of each [rad].
    pub angles: Vec<f64>,
}

impl Feed {
    /// The angle [rad] of the receptor X or R, from which that of the other follows; of the first where neither is named.
    pub fn angle(&self) -> f64 {
        let named = |name: &String| matches!(name.trim(), "X" | "x" | "R" | "r");
        let at = self.receptors.iter().position(named).unwrap_or(0);
        self.angles.get(at).copied().filter(|angle| angle.is_finite()).unwrap_or(0.0)
    }
}

/// Reads the rows of FEED of the opened main table `ms`.
///
/// # Errors
/// Where the subtable is missing or its columns are not those of a MeasurementSet.
pub fn read_feeds(ms: &Table) -> Result<Vec<Feed>> {
    let table = subtable(ms.path(), &ms.keywords()?, "FEED")?;
    let rows = 0..table.row_count();
    let antennas = table.scalars::<i32>("ANTENNA_ID", rows.clone())?;
    let feeds = table.scalars::<i32>("FEED_ID", rows.clone())?;
    let windows = table.scalars::<i32>("SPECTRAL_WINDOW_ID", rows.clone())?;
    let ids = antennas.into_iter().zip(feeds).zip(windows);
    rows.zip(ids)
        .map(|(row, ((antenna, feed), spectral_window))| {
            let receptors = match table.cell_shape("POLARIZATION_TYPE", row)? {
                Some(_) => table.cell::<String>("POLARIZATION_TYPE", row)?.into_iter().collect(),
                None => Vec::new(),
            };
            let angles = match table.cell_shape("RECEPTOR_ANGLE", row)? {
                Some(_) => table.cell::<f64>("RECEPTOR_ANGLE", row)?.into_iter().collect(),
                None => Vec::new(),
            };
            Ok(Feed { antenna, feed, spectral_window, receptors, angles })
        })
        .collect()
}

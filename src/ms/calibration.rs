//! Calibration tables of CASA: solutions of antennas at times.

use std::path::{Path, PathBuf};

use casacore::{Access, Table, Value};
use num_complex::{Complex32, Complex64};

use super::error::{MsError, Result};
use super::observation::subtable;

/// What a table solves for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CalibrationKind {
    /// `G Jones`, `T Jones`: a complex gain of each receptor.
    Gain,
    /// `B Jones`: the same at every channel of the table.
    Bandpass,
    /// `K Jones`: a delay of each receptor [ns].
    Delay,
}

/// The solution of an antenna at a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// TIME [s, MJD].
    pub time: f64,
    /// ANTENNA1.
    pub antenna: i32,
    /// SPECTRAL_WINDOW_ID.
    pub window: i32,
    /// Gains, or delays [ns] as real numbers, of the two receptors at every channel; none where it is flagged.
    pub values: Vec<[Option<Complex64>; 2]>,
}

/// A calibration table.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibrationTable {
    /// The table.
    pub path: PathBuf,
    /// What it solves for.
    pub kind: CalibrationKind,
    /// Its solutions, in the order of the table.
    pub solutions: Vec<Solution>,
    /// The channels [Hz] of each of its spectral windows.
    pub channels: Vec<Vec<f64>>,
}

impl CalibrationTable {
    /// Reads a table that CASA's `gaincal`, `bandpass` or `gencal` wrote.
    ///
    /// # Errors
    /// [`MsError::Invalid`] for a table that is none of G, T, B and K, and for one whose solutions are of another shape.
    pub fn read(path: &Path) -> Result<CalibrationTable> {
        let invalid = |message: String| MsError::Invalid { path: path.to_path_buf(), message };
        let table = Table::open(path, Access::ReadOnly)
            .map_err(|error| MsError::Open { path: path.to_path_buf(), message: error.to_string() })?;
        let keywords = table.keywords()?;
        let jones = match keywords.get("VisCal") {
            Some(Value::String(name)) => name.trim().to_owned(),
            _ => return Err(invalid("it has no keyword VisCal: it is no calibration table of CASA".into())),
        };
        let kind = match jones.as_str() {
            "G Jones" | "T Jones" => CalibrationKind::Gain,
            "B Jones" => CalibrationKind::Bandpass,
            "K Jones" => CalibrationKind::Delay,
            other => {
                return Err(invalid(format!("it holds {other}; those applied are G, T, B and K Jones")));
            }
        };
        let rows = 0..table.row_count();
        let times = table.scalars::<f64>("TIME", rows.clone())?;
        let antennas = table.scalars::<i32>("ANTENNA1", rows.clone())?;
        let windows = table.scalars::<i32>("SPECTRAL_WINDOW_ID", rows.clone())?;
        let mut solutions = Vec::with_capacity(times.len());
        for (((row, time), antenna), window) in rows.zip(times).zip(antennas).zip(windows) {
            let values: Vec<Vec<Complex64>> = if kind == CalibrationKind::Delay {
                let cell = table.cell::<f32>("FPARAM", row)?;
                pairs(cell.shape(), cell.iter().map(|x| Complex64::new(f64::from(*x), 0.0)))
            } else {
                let cell = table.cell::<Complex32>("CPARAM", row)?;
                let wide = |x: &Complex32| Complex64::new(x.re.into(), x.im.into());
                pairs(cell.shape(), cell.iter().map(wide))
            };
            let flags = table.cell::<bool>("FLAG", row)?;
            let flags: Vec<Vec<bool>> = pairs(flags.shape(), flags.iter().copied());
            let fits = |values: &Vec<Complex64>| matches!(values.len(), 1 | 2);
            if values.is_empty() || !values.iter().all(fits) || flags.len() != values.len() {
                return Err(invalid(format!("row {row}: its solution is not of one or two receptors")));
            }
            let value = |(values, flags): (&Vec<Complex64>, &Vec<bool>)| {
                std::array::from_fn(|receptor| {
                    // One for both: T Jones.
                    let at = receptor.min(values.len() - 1);
                    let flagged = flags.get(at).copied().unwrap_or(true);
                    (!flagged && values[at].is_finite()).then_some(values[at])
                })
            };
            let values = values.iter().zip(&flags).map(value).collect();
            solutions.push(Solution { time, antenna, window, values });
        }
        let windows = subtable(path, &keywords, "SPECTRAL_WINDOW")?;
        let channels = (0..windows.row_count())
            .map(|row| Ok(windows.cell::<f64>("CHAN_FREQ", row)?.into_iter().collect()))
            .collect::<Result<Vec<Vec<f64>>>>()?;
        Ok(CalibrationTable { path: path.to_path_buf(), kind, solutions, channels })
    }
}

/// Values of shape (channel, receptor), one list for each channel.
fn pairs<T>(shape: &[usize], values: impl Iterator<Item = T>) -> Vec<Vec<T>> {
    let receptors = shape.last().copied().unwrap_or(1).max(1);
    let mut lists = Vec::new();
    for (at, value) in values.enumerate() {
        if at.is_multiple_of(receptors) {
            lists.push(Vec::with_capacity(receptors));
        }
        if let Some(list) = lists.last_mut() {
            list.push(value);
        }
    }
    lists
}

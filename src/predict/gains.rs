//! Gains applied to the model (`--apply-gains`): calibration tables of CASA, interpolated as `applycal` does, and H5parm files.

use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::TAU;
use std::path::Path;

use kernels::Complex64;

use super::chain::Receptors;
use super::error::{PredictError, Result};
use super::h5gains::{H5Gains, is_h5parm};
use super::jones::Jones;
use crate::ms::Observation;
use crate::ms::calibration::{CalibrationKind, CalibrationTable};

/// A gain, or a delay [ns] in the real part, at a time [s, MJD].
type Knot = (f64, Complex64);

/// The solutions of one antenna in one window: by channel and receptor, in the order of time.
type Track = Vec<[Vec<Knot>; 2]>;

/// The gains of a file.
#[derive(Debug, Clone)]
pub(crate) enum Gains {
    /// A calibration table of CASA.
    Casa(CasaGains),
    /// An H5parm.
    H5parm(H5Gains),
}

impl Gains {
    /// Reads a table of CASA, which is a directory, or an H5parm, for channels between two frequencies [Hz].
    pub(crate) fn read(path: &Path, observation: &Observation, band: [f64; 2]) -> Result<Gains> {
        if is_h5parm(path) {
            return Ok(Gains::H5parm(H5Gains::read(path, observation, band)?));
        }
        Ok(Gains::Casa(CasaGains::read(path, observation)?))
    }

    /// One line for the report.
    pub(crate) fn description(&self) -> &str {
        match self {
            Gains::Casa(gains) => &gains.description,
            Gains::H5parm(gains) => &gains.description,
        }
    }

    /// Whether the gains are the same at every channel.
    pub(crate) fn is_flat(&self) -> bool {
        match self {
            Gains::Casa(gains) => gains.is_flat(),
            Gains::H5parm(gains) => gains.is_flat(),
        }
    }

    /// The patches of each direction, where there are several.
    pub(crate) fn directions(&self) -> &[Vec<String>] {
        match self {
            Gains::Casa(_) => &[],
            Gains::H5parm(gains) => &gains.directions,
        }
    }

    /// The matrix of an antenna towards a direction at `time` [s, MJD] and `frequency` [Hz]; none where it is not known, and
    /// its visibilities are left without gains.
    ///
    /// # Errors
    /// If there is no such antenna.
    pub(crate) fn at(
        &self,
        antenna: i32,
        receptors: &Receptors,
        direction: usize,
        time: f64,
        frequency: f64,
    ) -> Result<Option<Jones>> {
        match self {
            Gains::Casa(gains) => {
                let gain = gains.at(antenna, receptors.window, time, frequency)?;
                Ok(Some(Jones::diagonal(gain)))
            }
            Gains::H5parm(gains) => gains.at(antenna, receptors, direction, time, frequency),
        }
    }
}

/// The gains of a calibration table of CASA.
#[derive(Debug, Clone)]
pub(crate) struct CasaGains {
    kind: CalibrationKind,
    /// By antenna and window.
    tracks: BTreeMap<(i32, i32), Track>,
    /// Channels [Hz] of the table's windows.
    channels: Vec<Vec<f64>>,
    /// One line for the report.
    description: String,
}

impl CasaGains {
    /// Reads a table.
    fn read(path: &Path, observation: &Observation) -> Result<CasaGains> {
        let table = CalibrationTable::read(path)?;
        let mut solutions = table.solutions;
        solutions.sort_by(|a, b| a.time.total_cmp(&b.time));
        let mut tracks: BTreeMap<(i32, i32), Track> = BTreeMap::new();
        for solution in &solutions {
            let channels = solution.values.len();
            let track = tracks.entry((solution.antenna, solution.window)).or_default();
            if track.is_empty() {
                track.resize(channels, Default::default());
            }
            let known =
                table.channels.get(usize::try_from(solution.window).unwrap_or(usize::MAX)).map(Vec::len);
            let expected = if table.kind == CalibrationKind::Bandpass { known } else { Some(1) };
            if expected != Some(channels) {
                return Err(PredictError::Options(format!(
                    "{}: a solution of antenna {} has {channels} channels, where its spectral window {} has {}",
                    path.display(),
                    solution.antenna,
                    solution.window,
                    expected.map_or("no row".to_owned(), |count| count.to_string())
                )));
            }
            for (channel, values) in track.iter_mut().zip(&solution.values) {
                for (receptor, value) in channel.iter_mut().zip(values) {
                    receptor.extend(value.map(|value| (solution.time, value)));
                }
            }
        }
        let antennas: BTreeSet<i32> = tracks.keys().map(|(antenna, _)| *antenna).collect();
        let unsolved = tracks.values().filter(|track| track.iter().flatten().any(Vec::is_empty)).count();
        let name = match table.kind {
            CalibrationKind::Gain => "gains",
            CalibrationKind::Bandpass => "bandpasses",
            CalibrationKind::Delay => "delays",
        };
        let description = format!(
            "{name} of {} of {} antennas from {}{}",
            antennas.len(),
            observation.antennas.len(),
            path.display(),
            if unsolved > 0 {
                format!("; {unsolved} of them flagged somewhere, and 1 there")
            } else {
                String::new()
            }
        );
        Ok(CasaGains { kind: table.kind, tracks, channels: table.channels, description })
    }

    /// Whether the gains are the same at every channel.
    fn is_flat(&self) -> bool {
        self.kind == CalibrationKind::Gain
    }

    /// The gains of an antenna's receptors in a window at `time` [s, MJD] and `frequency` [Hz].
    ///
    /// In time, amplitudes and phases are on straight lines between solutions that are not flagged, and stay beyond the first
    /// and last; so they are in frequency. Delays turn about the first channel of the table's window. Without a solution
    /// the gain is 1.
    ///
    /// # Errors
    /// If the table has no such antenna or window.
    fn at(&self, antenna: i32, window: i32, time: f64, frequency: f64) -> Result<[Complex64; 2]> {
        let track = self.tracks.get(&(antenna, window)).ok_or_else(|| {
            PredictError::Options(format!(
                "--apply-gains: no solution of antenna {antenna} in spectral window {window} among the {}",
                self.description
            ))
        })?;
        let channels = usize::try_from(window).ok().and_then(|id| self.channels.get(id));
        let channels: &[f64] = channels.map_or(&[], Vec::as_slice);
        Ok(std::array::from_fn(|receptor| match self.kind {
            CalibrationKind::Gain => self.in_time(&track[0][receptor], time).unwrap_or(Complex64::ONE),
            CalibrationKind::Delay => {
                let nanoseconds = self.in_time(&track[0][receptor], time).map_or(0.0, |delay| delay.re);
                let reference = channels.first().copied().unwrap_or(frequency);
                Complex64::cis(TAU * nanoseconds * 1e-9 * (frequency - reference))
            }
            CalibrationKind::Bandpass => {
                let value = |channel: usize| {
                    self.in_time(&track[channel][receptor], time).map(|value| (channels[channel], value))
                };
                let mut knots: Vec<Knot> = (0..track.len().min(channels.len())).filter_map(value).collect();
                knots.sort_by(|a, b| a.0.total_cmp(&b.0));
                interpolated(&knots, frequency, polar).unwrap_or(Complex64::ONE)
            }
        }))
    }

    fn in_time(&self, knots: &[Knot], time: f64) -> Option<Complex64> {
        interpolated(knots, time, if self.kind == CalibrationKind::Delay { straight } else { polar })
    }
}

/// Between two knots, a `part` of the way.
type Between = fn(Complex64, Complex64, f64) -> Complex64;

fn straight(a: Complex64, b: Complex64, part: f64) -> Complex64 {
    a + (b - a) * part
}

/// Amplitude and phase each on a straight line; the phase the shorter way round.
fn polar(a: Complex64, b: Complex64, part: f64) -> Complex64 {
    let turn = (b * a.conj()).arg();
    Complex64::from_polar(a.norm() + (b.norm() - a.norm()) * part, a.arg() + turn * part)
}

/// The value at `x` of ascending knots; that of the nearest beyond them.
fn interpolated(knots: &[Knot], x: f64, between: Between) -> Option<Complex64> {
    let after = knots.partition_point(|knot| knot.0 <= x);
    let (before, next) = (after.checked_sub(1).map(|at| knots[at]), knots.get(after));
    match (before, next) {
        (None, None) => None,
        (Some(only), None) => Some(only.1),
        (None, Some(only)) => Some(only.1),
        (Some(a), Some(b)) => Some(between(a.1, b.1, (x - a.0) / (b.0 - a.0))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_go_by_amplitude_and_phase() {
        let knots = [(0.0, Complex64::new(2.0, 0.0)), (10.0, Complex64::from_polar(1.0, 3.0))];
        let at = |x: f64| interpolated(&knots, x, polar).unwrap();
        assert!((at(5.0) - Complex64::from_polar(1.5, 1.5)).norm() < 1e-15);
        assert_eq!((at(-1.0), at(11.0)), (knots[0].1, knots[1].1));
        // Across the cut of the argument, the shorter way.
        let knots = [(0.0, Complex64::cis(3.0)), (1.0, Complex64::cis(-3.0))];
        let half = interpolated(&knots, 0.5, polar).unwrap();
        assert!((half - Complex64::new(-1.0, 0.0)).norm() < 1e-15);
        assert_eq!(interpolated(&[], 0.0, polar), None);
    }
}

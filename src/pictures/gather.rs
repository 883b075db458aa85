//! What is kept of visibilities for a picture: counts and sums, however many there are.

use std::collections::BTreeMap;

use super::histogram::Histogram;
use num_complex::Complex32;

/// Columns over the length of the baselines.
const COLUMNS: usize = 110;

/// The range of amplitudes, as log10 of Jy, and of phases [deg].
const AMPLITUDES: [f64; 2] = [-9.0, 7.0];
const PHASES: [f64; 2] = [-180.0, 180.0];

/// One visibility of a parallel-hand correlation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// The index of its spectral window in [`Gathered::windows`].
    pub window: usize,
    /// Its antennas.
    pub baseline: (i32, i32),
    /// The length of its baseline across the line of sight [wavelengths].
    pub uv: f64,
    /// What was measured [Jy].
    pub data: Option<Complex32>,
    /// The model [Jy].
    pub model: Complex32,
    /// 1/σ² of its real and imaginary parts; zero where it has no weight.
    pub weight: f64,
}

/// One spectral window.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowFit {
    /// Its number.
    pub id: i32,
    /// Its lowest and highest channel [Hz].
    pub frequencies: [f64; 2],
    /// Samples counted.
    pub count: u64,
    /// The longest baseline [wavelengths].
    pub(super) longest: f64,
    /// Of data and model.
    pub(super) amplitude: [Histogram; 2],
    /// Of data and model.
    pub(super) phase: [Histogram; 2],
    /// Of data times the conjugate of the model.
    pub(super) difference: Histogram,
}

impl WindowFit {
    /// A window whose longest baseline has `longest` wavelengths.
    pub fn new(id: i32, frequencies: [f64; 2], longest: f64) -> WindowFit {
        let longest = if longest > 0.0 { longest } else { 1.0 };
        let amplitude = Histogram::new([0.0, longest], COLUMNS, AMPLITUDES, 1600);
        let phase = Histogram::new([0.0, longest], COLUMNS, PHASES, 90);
        WindowFit {
            id,
            frequencies,
            count: 0,
            longest,
            amplitude: [amplitude.clone(), amplitude],
            phase: [phase.clone(), phase.clone()],
            difference: phase,
        }
    }
}

/// How well a baseline is fitted.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct BaselineFit {
    /// Visibilities with a weight.
    pub count: u64,
    /// Σ |DATA|²/σ².
    pub before: f64,
    /// Σ |DATA − MODEL|²/σ².
    pub after: f64,
}

impl BaselineFit {
    /// Both over the number of real values: 1 where nothing but noise is left.
    pub fn reduced(&self) -> [f64; 2] {
        let values = 2.0 * self.count as f64;
        [self.before / values, self.after / values]
    }
}

/// What was gathered.
#[derive(Debug, Clone, PartialEq)]
pub struct Gathered {
    /// By spectral window.
    pub windows: Vec<WindowFit>,
    /// By pair of antennas, the smaller number first.
    pub baselines: BTreeMap<(i32, i32), BaselineFit>,
    /// Visibilities looked at, flagged ones too.
    pub seen: u64,
    /// Those that are flagged or not finite.
    pub flagged: u64,
}

impl Gathered {
    /// Nothing yet.
    pub fn new(windows: Vec<WindowFit>) -> Gathered {
        Gathered { windows, baselines: BTreeMap::new(), seen: 0, flagged: 0 }
    }

    /// Counts a visibility that is not flagged.
    pub fn add(&mut self, sample: &Sample) {
        let Some(window) = self.windows.get_mut(sample.window) else { return };
        window.count += 1;
        let values = [sample.data, Some(sample.model)];
        for (k, value) in values.into_iter().enumerate() {
            // What is exactly zero has neither a phase nor a place on a logarithmic axis.
            if let Some(value) = value.filter(|value| value.norm_sqr() > 0.0) {
                window.amplitude[k].add(sample.uv, 0.5 * f64::from(value.norm_sqr()).log10());
                window.phase[k].add(sample.uv, f64::from(value.arg()).to_degrees());
            }
        }
        let Some(data) = sample.data else { return };
        let turned = data * sample.model.conj();
        if turned.norm_sqr() > 0.0 {
            window.difference.add(sample.uv, f64::from(turned.arg()).to_degrees());
        }
        if sample.weight > 0.0 && sample.weight.is_finite() {
            let (a, b) = sample.baseline;
            let fit = self.baselines.entry((a.min(b), a.max(b))).or_default();
            fit.count += 1;
            fit.before += sample.weight * f64::from(data.norm_sqr());
            fit.after += sample.weight * f64::from((data - sample.model).norm_sqr());
        }
    }

    /// Adds what another one of the same windows has gathered.
    pub fn merge(&mut self, other: &Gathered) {
        self.seen += other.seen;
        self.flagged += other.flagged;
        for (window, more) in self.windows.iter_mut().zip(&other.windows) {
            window.count += more.count;
            for k in 0..2 {
                window.amplitude[k].merge(&more.amplitude[k]);
                window.phase[k].merge(&more.phase[k]);
            }
            window.difference.merge(&more.difference);
        }
        for (baseline, more) in &other.baselines {
            let fit = self.baselines.entry(*baseline).or_default();
            fit.count += more.count;
            fit.before += more.before;
            fit.after += more.after;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chi_squares_are_sums_over_both_parts() {
        let mut gathered = Gathered::new(vec![WindowFit::new(0, [1e9, 1.1e9], 1e4)]);
        let sample = Sample {
            window: 0,
            baseline: (2, 1),
            uv: 500.0,
            data: Some(Complex32::new(3.0, 4.0)),
            model: Complex32::new(3.0, 3.0),
            weight: 4.0,
        };
        gathered.add(&sample);
        gathered.add(&Sample { data: None, ..sample });
        gathered.add(&Sample { weight: 0.0, ..sample });
        let fit = gathered.baselines[&(1, 2)];
        assert_eq!((fit.count, fit.before, fit.after), (1, 100.0, 4.0));
        assert_eq!(fit.reduced(), [50.0, 2.0]);
        let again = gathered.clone();
        gathered.merge(&again);
        assert_eq!(gathered.windows[0].count, 6);
        assert_eq!(gathered.baselines[&(1, 2)].count, 2);
    }
}

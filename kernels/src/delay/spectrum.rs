//! Spectra as short Chebyshev series, and envelopes of Gaussians at a few frequencies.

use super::solve::{Cholesky, chebyshev, inverse};
use std::f64::consts::PI;

/// The most terms of a series.
pub const TERMS: usize = 12;

/// The channels of a band as y, ±1 at the edge: the series of a spectrum is its least-squares fit there.
#[derive(Clone, Debug)]
pub struct Fit {
    /// Tₚ at each channel: `[p][channel]`
    values: Vec<Vec<f64>>,
    /// From channels to terms: `[channel][p]`, zeros after the last term.
    matrix: Vec<[f64; TERMS]>,
}

/// A spectrum as a series.
#[derive(Clone, Debug)]
pub struct Series {
    /// The terms.
    pub terms: Vec<f64>,
    /// The sum of the squared errors at the channels.
    pub error: f64,
    /// The greatest error at a channel.
    pub worst: f64,
}

impl Fit {
    /// The numbers of terms to try for a band of so many channels, fewest first.
    pub fn lengths(channels: usize) -> impl Iterator<Item = usize> {
        // More terms than this oscillate between evenly spaced channels.
        let most = (2.0 * (channels as f64).sqrt()) as usize;
        [3, 4, 5, 6, 8, 10, TERMS].into_iter().filter(move |&terms| terms <= most.min(channels).max(3))
    }

    /// A fit of `terms` terms.
    pub fn new(y: &[f64], terms: usize) -> Self {
        let values: Vec<Vec<f64>> = y.iter().map(|&y| chebyshev(y, terms)).collect();
        let gram = Cholesky::new(terms, |a, b| values.iter().map(|v| v[a] * v[b]).sum());
        let column = |value: &Vec<f64>| {
            let mut column = value.clone();
            gram.solve(&mut column);
            std::array::from_fn(|p| column.get(p).copied().unwrap_or(0.0))
        };
        let matrix = values.iter().map(column).collect();
        let values = (0..terms).map(|p| values.iter().map(|value| value[p]).collect()).collect();
        Self { values, matrix }
    }

    /// How many terms.
    pub fn terms(&self) -> usize {
        self.values.len()
    }

    /// The series of flux densities at the channels.
    pub fn series(&self, flux: &[f32]) -> Series {
        let mut terms = vec![0.0; self.terms()];
        let [error, worst] = self.project(flux, &mut terms);
        Series { terms, error, worst }
    }

    /// Writes the terms of the series: the sum of the squared errors at the channels, and the greatest error.
    pub fn project(&self, flux: &[f32], terms: &mut [f64]) -> [f64; 2] {
        // Sums that do not wait for each other: all terms at a time, then all channels.
        let mut sums = [0.0; TERMS];
        for (row, &flux) in self.matrix.iter().zip(flux) {
            let flux = f64::from(flux);
            sums.iter_mut().zip(row).for_each(|(sum, a)| *sum += a * flux);
        }
        terms.copy_from_slice(&sums[..self.terms()]);
        if self.terms() == self.matrix.len() {
            // As many terms as frequencies: the series passes through them all.
            return [0.0; 2];
        }
        let mut off: Vec<f64> = flux.iter().map(|&flux| -f64::from(flux)).collect();
        for (value, term) in self.values.iter().zip(&*terms) {
            off.iter_mut().zip(value).for_each(|(off, value)| *off += value * term);
        }
        let (mut error, mut worst) = (0.0, 0.0_f64);
        for off in off {
            error += off * off;
            worst = worst.max(off.abs());
        }
        [error, worst]
    }
}

/// Where spectra under envelopes are evaluated, and how their series follows.
#[derive(Clone, Debug)]
pub struct Samples {
    /// y of each sample.
    pub y: Vec<f64>,
    /// From samples to terms: `[p][sample]`
    pub matrix: Vec<Vec<f64>>,
    /// The greatest |term| of a Gaussian of unit flux density, for each p.
    pub greatest: Vec<f64>,
}

impl Samples {
    /// The fewest samples, an even number, with which a Gaussian of any size, of unit flux density, has an rms error of at most `tolerance`;
    /// none if the band is too wide. `half` is half the bandwidth over the central frequency.
    pub fn new(half: f64, stretch: f64, tolerance: f64) -> Option<Self> {
        (4..=TERMS)
            .step_by(2)
            .map(|count| Self::with(count, half, stretch))
            .find_map(|(samples, error)| (error <= tolerance).then_some(samples))
    }

    fn with(count: usize, half: f64, stretch: f64) -> (Self, f64) {
        const POINTS: usize = 24;
        let reach = 0.5 * (1.0 + stretch);
        let y: Vec<f64> = (0..count).map(|i| reach * (PI * (i as f64 + 0.5) / count as f64).cos()).collect();
        let matrix = inverse(&y.iter().map(|&y| chebyshev(y, count)).collect::<Vec<_>>());
        let mut greatest = vec![0.0_f64; count];
        let mut most = 0.0_f64;
        for i in 0..60 {
            let exponent = 0.02 * 1.13_f64.powi(i);
            // A spectrum of index −1 stands for any: what matters more is the envelope.
            let bell = |y: f64| {
                let ratio = (1.0 + y * half).max(0.05);
                (-exponent * ratio * ratio).exp() / ratio
            };
            let terms: Vec<f64> =
                matrix.iter().map(|row| row.iter().zip(&y).map(|(m, &y)| m * bell(y)).sum()).collect();
            greatest.iter_mut().zip(&terms).for_each(|(g, t)| *g = g.max(t.abs()));
            let error: f64 = (0..POINTS)
                .map(|i| {
                    let y = 2.0 * (i as f64 + 0.5) / POINTS as f64 - 1.0;
                    let found: f64 = chebyshev(y, count).iter().zip(&terms).map(|(a, b)| a * b).sum();
                    (found - bell(y)).powi(2)
                })
                .sum();
            most = most.max((error / POINTS as f64).sqrt());
        }
        (Self { y, matrix, greatest }, most)
    }
}

//! From coarse frequency nodes to channels.

use super::solve::Cholesky;
use std::f64::consts::{PI, TAU};

/// Number and reach of taps for each ε.
const TAPS: [(f64, usize, f64); 5] =
    [(1e-2, 4, 0.18), (1e-3, 6, 0.185), (1e-4, 8, 0.19), (1e-5, 10, 0.19), (1e-6, 12, 0.185)];

/// Least-squares interpolation between evenly spaced nodes of waves that turn at most `limit` per node.
#[derive(Clone, Debug)]
pub struct Taps {
    /// How many nodes a channel is made of: even.
    pub count: usize,
    /// The greatest number of turns per node.
    pub limit: f64,
    turns: Vec<f64>,
    gram: Cholesky,
}

impl Taps {
    /// `count` taps for waves of at most `limit` turns per node.
    pub fn new(count: usize, limit: f64) -> Self {
        const POINTS: usize = 200;
        // Denser at the limit, where the error is largest.
        let turns: Vec<f64> =
            (0..POINTS).map(|i| limit * (PI * (i as f64 + 0.5) / (2 * POINTS) as f64).sin()).collect();
        let gram = Cholesky::new(count, |a, b| {
            let distance = TAU * (a as f64 - b as f64);
            let ridge = if a == b { 1e-11 } else { 0.0 };
            turns.iter().map(|x| (x * distance).cos()).sum::<f64>() + ridge
        });
        Self { count, limit, turns, gram }
    }

    /// The fewest taps for ε.
    pub fn for_epsilon(epsilon: f64) -> Self {
        let [.., (_, most, closest)] = TAPS;
        let found = TAPS.iter().find(|(offered, ..)| *offered <= epsilon);
        found.map_or_else(|| Self::new(most, closest), |&(_, count, limit)| Self::new(count, limit))
    }

    /// The nodes before the one at or below a channel that take part.
    pub fn before(&self) -> usize {
        self.count / 2 - 1
    }

    /// The taps of a channel at `fraction` of the way from its node to the next.
    pub fn weights(&self, fraction: f64) -> Vec<f64> {
        let at = self.before() as f64 + fraction;
        let mut x: Vec<f64> = (0..self.count)
            .map(|a| self.turns.iter().map(|x| (TAU * x * (a as f64 - at)).cos()).sum())
            .collect();
        self.gram.solve(&mut x);
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rms error over fractions for waves at `turns` per node.
    fn error(taps: &Taps, turns: f64) -> f64 {
        const FRACTIONS: usize = 8;
        let error = |i: usize| {
            let at = (i as f64 + 0.5) / FRACTIONS as f64;
            let (mut re, mut im) = (-1.0, 0.0);
            for (a, weight) in taps.weights(at).iter().enumerate() {
                let (sin, cos) = (TAU * turns * (a as f64 - taps.before() as f64 - at)).sin_cos();
                re += weight * cos;
                im += weight * sin;
            }
            re * re + im * im
        };
        ((0..FRACTIONS).map(error).sum::<f64>() / FRACTIONS as f64).sqrt()
    }

    #[test]
    fn waves_up_to_the_limit_are_interpolated() {
        for (epsilon, count, limit) in TAPS {
            let taps = Taps::new(count, limit);
            for i in 0..=20 {
                let found = error(&taps, limit * f64::from(i) / 20.0);
                assert!(found <= 0.45 * epsilon, "{count} taps at {i}/20: {found:.1e}");
            }
        }
    }
}

//! Spreading kernels: what a source of spectrum Tₚ puts into the cells around its delay.

use super::solve::{Cholesky, chebyshev, inverse};
use crate::simd::Line;
use std::f64::consts::{PI, TAU};

/// The cells a source is spread over.
pub const WIDTH: usize = 8;
/// The pieces a cell is cut into where kernels are shared: the first and the last are halves.
pub const PIECES: usize = 32;
/// Powers of t of a shared kernel: from the least to the most that are compiled.
pub const POWERS: std::ops::RangeInclusive<usize> = 2..=5;
/// The part of the kernel's natural steepness that suits least squares best.
const STEEPNESS: f64 = 0.95;
/// The weight of frequencies outside of the band, which only reach the outer taps.
const OUTSIDE: f64 = 0.1;

/// The response of cells to frequencies: nodes are divided by it, kernels multiplied.
#[derive(Clone, Debug)]
pub struct Response {
    /// The cells of a kernel, at most [`WIDTH`].
    width: usize,
    weights: Vec<f64>,
}

impl Response {
    /// Of a grid that is finer than its band by `oversampling`.
    pub fn new(oversampling: f64) -> Self {
        Self::of(WIDTH, oversampling)
    }

    /// The same for kernels of `width` cells, an even number of at most [`WIDTH`].
    pub fn of(width: usize, oversampling: f64) -> Self {
        const POINTS: usize = 48;
        let beta = STEEPNESS * PI * width as f64 * (1.0 - 0.5 / oversampling);
        let weight = |i: usize| {
            let x = (i as f64 + 0.5) / POINTS as f64;
            (beta * ((1.0 - x * x).sqrt() - 1.0)).exp() * width as f64 / POINTS as f64
        };
        Self { width, weights: (0..POINTS).map(weight).collect() }
    }

    /// 1/response at `turns` per cell.
    pub fn inverse(&self, turns: f64) -> f64 {
        let step = TAU * turns * 0.5 * self.width as f64 / self.weights.len() as f64;
        let sum: f64 =
            self.weights.iter().enumerate().map(|(i, w)| w * ((i as f64 + 0.5) * step).cos()).sum();
        1.0 / sum
    }
}

/// The band as the kernels see it.
#[derive(Clone, Copy, Debug)]
pub struct Domain {
    /// Turns per cell at the edge of the channels.
    pub edge: f64,
    /// The outermost node over the edge of the channels, at least 1.
    pub stretch: f64,
}

/// Kernels for Tₚ(y), y = ±1 at the edge of the channels, as polynomials in the place t within a cell, |t| ≤ ½:
/// real for even p, imaginary for odd p.
#[derive(Clone, Debug)]
pub struct Basis {
    /// `[p][power of t][cell]`
    pub pieces: Vec<Vec<[f64; WIDTH]>>,
    /// The rms error over places and channels for each p.
    pub errors: Vec<f64>,
}

/// Where a cell is relative to a source.
fn place(width: usize, cell: usize, t: f64) -> f64 {
    cell as f64 - (width as f64 / 2.0 - 0.5) - t
}

impl Basis {
    /// Least squares over the band for `terms` polynomials, with pieces of the given degree.
    pub fn new(domain: Domain, response: &Response, terms: usize, degree: usize) -> Self {
        const POINTS: usize = 64;
        struct Point {
            turns: f64,
            inverse: f64,
            weight: f64,
            terms: Vec<f64>,
        }
        let points: Vec<Point> = (0..POINTS)
            .map(|i| {
                let y = domain.stretch * (i as f64 + 0.5) / POINTS as f64;
                let turns = y * domain.edge;
                let weight = if y <= 1.0 + 1.0 / POINTS as f64 { 1.0 } else { OUTSIDE };
                Point { turns, inverse: response.inverse(turns), weight, terms: chebyshev(y, terms) }
            })
            .collect();
        let width = response.width;
        let gram = Cholesky::new(width, |a, b| {
            let distance = TAU * (a as f64 - b as f64);
            points.iter().map(|p| p.weight * p.inverse * p.inverse * (p.turns * distance).cos()).sum()
        });
        let places: Vec<f64> =
            (0..=degree).map(|i| 0.5 * (PI * (i as f64 + 0.5) / (degree + 1) as f64).cos()).collect();
        let powers: Vec<Vec<f64>> =
            places.iter().map(|t| (0..=degree).map(|d| (2.0 * t).powi(d as i32)).collect()).collect();
        let to_powers = inverse(&powers);
        let kernel = |p: usize, t: f64| {
            let mut x = [0.0; WIDTH];
            for (cell, x) in x[..width].iter_mut().enumerate() {
                let distance = TAU * place(width, cell, t);
                let wave = |turns: f64| match p % 2 {
                    0 => (turns * distance).cos(),
                    _ => -(turns * distance).sin(),
                };
                *x = points.iter().map(|q| q.weight * q.inverse * q.terms[p] * wave(q.turns)).sum();
            }
            gram.solve(&mut x[..width]);
            x
        };
        let pieces: Vec<Vec<[f64; WIDTH]>> = (0..terms)
            .map(|p| {
                let values: Vec<[f64; WIDTH]> = places.iter().map(|&t| kernel(p, t)).collect();
                (0..=degree)
                    .map(|d| {
                        std::array::from_fn(|cell| {
                            let sum: f64 = to_powers[d].iter().zip(&values).map(|(c, v)| c * v[cell]).sum();
                            sum * f64::from(1 << d)
                        })
                    })
                    .collect()
            })
            .collect();
        let errors = pieces.iter().enumerate().map(|(p, piece)| error(domain, response, p, piece)).collect();
        Self { pieces, errors }
    }
}

impl Basis {
    /// The kernels of the first terms in small pieces of a cell, of no higher degree than terms of the given sizes need:
    /// how many powers they have, and `[piece][pair of terms][power]`, in units of a piece from its middle.
    pub fn table(&self, sizes: &[f64], tolerance: f64) -> (usize, Vec<Line>) {
        let kernel = |p: usize, t: f64| -> [f64; WIDTH] {
            self.pieces[p]
                .iter()
                .rev()
                .fold([0.0; WIDTH], |sum, row| std::array::from_fn(|i| sum[i] * t + row[i]))
        };
        let middle = |piece: usize| (piece as f64 - PIECES as f64 / 2.0) / PIECES as f64;
        let fit = |p: usize, piece: usize, powers: usize| -> Vec<[f64; WIDTH]> {
            let x: Vec<f64> =
                (0..powers).map(|i| 0.5 * (PI * (i as f64 + 0.5) / powers as f64).cos()).collect();
            let rows: Vec<Vec<f64>> =
                x.iter().map(|x| (0..powers).map(|d| x.powi(d as i32)).collect()).collect();
            let values: Vec<[f64; WIDTH]> =
                x.iter().map(|x| kernel(p, middle(piece) + x / PIECES as f64)).collect();
            let sum = |row: &Vec<f64>, cell: usize| row.iter().zip(&values).map(|(c, v)| c * v[cell]).sum();
            inverse(&rows).iter().map(|row| std::array::from_fn(|cell| sum(row, cell))).collect()
        };
        let error = |p: usize, powers: usize| -> f64 {
            let mut most = 0.0_f64;
            for piece in 0..=PIECES {
                let fitted = fit(p, piece, powers);
                for x in [-0.5, -0.25, 0.0, 0.25, 0.5] {
                    let exact = kernel(p, middle(piece) + x / PIECES as f64);
                    for (cell, exact) in exact.iter().enumerate() {
                        let found = fitted.iter().rev().fold(0.0, |sum, row| sum * x + row[cell]);
                        most = most.max((found - exact).abs());
                    }
                }
            }
            most
        };
        let enough =
            |powers: usize| sizes.iter().enumerate().all(|(p, size)| error(p, powers) * size <= tolerance);
        let powers = POWERS.into_iter().find(|&powers| enough(powers)).unwrap_or(*POWERS.end());
        let mut table = Vec::new();
        for piece in 0..=PIECES {
            for pair in (0..sizes.len()).step_by(2) {
                let halves = [fit(pair, piece, powers), fit(pair + 1, piece, powers)];
                table.extend(
                    (0..powers)
                        .map(|d| Line(std::array::from_fn(|i| halves[i / WIDTH][d][i % WIDTH] as f32))),
                );
            }
        }
        (powers, table)
    }
}

/// The rms error of a kernel at the channels.
fn error(domain: Domain, response: &Response, p: usize, piece: &[[f64; WIDTH]]) -> f64 {
    const PLACES: usize = 12;
    const POINTS: usize = 40;
    let mut sum = 0.0;
    for i in 0..POINTS {
        let y = (i as f64 + 0.5) / POINTS as f64;
        let turns = y * domain.edge;
        let (inverse, wanted) = (response.inverse(turns), chebyshev(y, p + 1)[p]);
        for j in 0..PLACES {
            let t = (j as f64 + 0.5) / PLACES as f64 - 0.5;
            let (mut re, mut im) = (0.0, 0.0);
            for cell in 0..response.width {
                let weight = piece.iter().rev().fold(0.0, |sum, row| sum * t + row[cell]);
                let (sin, cos) = (TAU * turns * place(response.width, cell, t)).sin_cos();
                re += weight * cos;
                im += weight * sin;
            }
            let (found, stray) = if p.is_multiple_of(2) { (re, im) } else { (-im, re) };
            sum += (found * inverse - wanted).powi(2) + (stray * inverse).powi(2);
        }
    }
    (sum / (PLACES * POINTS) as f64).sqrt()
}

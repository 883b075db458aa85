//! The spectra of many sources as sums of a few: their principal components.

use super::NufftOptions;
use super::parallel::each;
use crate::delay::solve::{Cholesky, chebyshev};
use crate::delay::spectrum::{Fit, TERMS};

/// The part of ε that the series, and the components left out, may have each.
const SHARE: f64 = 0.15;
/// Sources of a task.
const PART: usize = 8192;
/// Sources that decide how many terms a series needs.
const JURY: usize = 200;

/// A frequency [Hz] as y, ±1 at the edges of the band.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    centre: f64,
    half: f64,
}

impl Scale {
    /// Of the channels [Hz].
    pub fn new(channels: &[f64]) -> Self {
        let (low, high) =
            channels.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), &f| (low.min(f), high.max(f)));
        // A single channel still needs a scale.
        Self { centre: 0.5 * (low + high), half: (0.5 * (high - low)).max(1e-9 * high) }
    }

    /// y of a frequency [Hz].
    pub fn y(&self, frequency: f64) -> f64 {
        (frequency - self.centre) / self.half
    }

    /// The frequency [Hz] of y.
    pub fn frequency(&self, y: f64) -> f64 {
        self.centre + y * self.half
    }
}

/// The spectra of one Stokes parameter.
pub struct Components {
    /// Chebyshev coefficients of each component, largest component first.
    pub shapes: Vec<Vec<f64>>,
    /// The rms weight of each over that of the first.
    pub sizes: Vec<f64>,
    /// The weights of every source: `[source][component]`; of patches, those of every sample: `[component][sample]`
    pub weights: Vec<f32>,
    /// The sources whose spectra are no short series.
    pub rough: Vec<usize>,
}

/// The components of spectra [Jy] of shape `(source, sample)`, with `y` of each sample; `keep` says which sources take part.
/// Samples are `every` channel, or else Chebyshev's nodes or the like, which hold as many terms as there are of them.
///
/// The components are those of the power at the samples: with k of them the rms error is the least that k allow.
pub fn components(
    y: &[f64],
    every: bool,
    spectra: &[f32],
    keep: &[bool],
    options: &NufftOptions,
) -> Components {
    let epsilon = options.epsilon;
    let kept: Vec<usize> = (0..keep.len()).filter(|&s| keep[s]).collect();
    let flux = |s: usize| &spectra[s * y.len()..(s + 1) * y.len()];
    let fit = fit(y, every, &kept, &flux, epsilon);
    let principal = Principal::new(y, fit.terms());
    let terms = fit.terms();
    // In single precision: they are many, and so were the spectra.
    let mut series = vec![0.0_f32; kept.len() * terms];
    let mut errors = vec![0.0; kept.len()];
    let tasks = series.chunks_mut(PART * terms).zip(errors.chunks_mut(PART)).zip(kept.chunks(PART));
    each(
        options.threads,
        tasks,
        |_| (),
        |(), ((series, errors), kept)| {
            let mut wide = vec![0.0; terms];
            for ((series, error), &s) in series.chunks_exact_mut(terms).zip(errors).zip(kept) {
                [*error, _] = fit.project(flux(s), &mut wide);
                principal.power.times_upper(&mut wide);
                series.iter_mut().zip(&wide).for_each(|(to, from)| *to = *from as f32);
            }
        },
    );
    let total: f64 = series.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() + errors.iter().sum::<f64>();
    let rough = strike(&errors, (SHARE * epsilon).powi(2) * total);
    for &i in &rough {
        series[i * terms..(i + 1) * terms].fill(0.0);
    }
    let rough = rough.into_iter().map(|i| kept[i]).collect();
    let (vectors, found) = principal.of_gram(gram(&series, terms, options.threads), epsilon);
    let count = vectors.len();
    let mut weights = vec![0.0_f32; keep.len() * count];
    for (&s, x) in kept.iter().zip(series.chunks_exact(terms)) {
        for (weight, vector) in weights[s * count..].iter_mut().zip(&vectors) {
            *weight = vector.iter().zip(x).map(|(a, b)| a * f64::from(*b)).sum::<f64>() as f32;
        }
    }
    Components { weights, rough, ..found }
}

/// What finds the components of series of a number of terms.
pub struct Principal {
    /// At the samples, the power of a series is the square of Lᵀ·coefficients.
    power: Cholesky,
}

impl Principal {
    /// For samples at `y`.
    pub fn new(y: &[f64], terms: usize) -> Self {
        let values: Vec<Vec<f64>> = y.iter().map(|&y| chebyshev(y, terms)).collect();
        Self { power: Cholesky::new(terms, |a, b| values.iter().map(|v| v[a] * v[b]).sum()) }
    }

    /// The vectors whose products with Lᵀ·coefficients are the weights, and their components, by the sums of the products of
    /// those coefficients.
    fn of_gram(&self, gram: Vec<Vec<f64>>, epsilon: f64) -> (Vec<Vec<f64>>, Components) {
        let (mut powers, mut vectors) = eigen(gram);
        let sum: f64 = powers.iter().sum();
        let mut count = powers.len();
        let mut rest = 0.0;
        while count > 1 && rest + powers[count - 1] <= (SHARE * epsilon).powi(2) * sum {
            count -= 1;
            rest += powers[count];
        }
        vectors.truncate(count);
        powers.truncate(count);
        let shapes = vectors
            .iter()
            .map(|vector| {
                let mut shape = vector.clone();
                self.power.solve_upper(&mut shape);
                shape
            })
            .collect();
        let first = powers[0].max(f64::MIN_POSITIVE);
        let sizes = powers.iter().map(|p| (p.max(0.0) / first).sqrt()).collect();
        (vectors, Components { shapes, sizes, weights: Vec::new(), rough: Vec::new() })
    }

    /// The components of spectra by the sums of the products of their samples, with weights for samples in place of sources:
    /// `[component][sample]`. `series` are the coefficients that each sample adds.
    pub fn of_sums(&self, series: &[Vec<f64>], sums: &[f64], epsilon: f64) -> Components {
        let wide: Vec<Vec<f64>> = series
            .iter()
            .map(|terms| {
                let mut terms = terms.clone();
                self.power.times_upper(&mut terms);
                terms
            })
            .collect();
        let terms = wide.first().map_or(0, Vec::len);
        let mut gram = vec![vec![0.0; terms]; terms];
        for (a, sums) in wide.iter().zip(sums.chunks_exact(wide.len().max(1))) {
            for (b, sum) in wide.iter().zip(sums) {
                for (row, x) in gram.iter_mut().zip(a) {
                    row.iter_mut().zip(b).for_each(|(g, y)| *g += x * y * sum);
                }
            }
        }
        let (vectors, found) = self.of_gram(gram, epsilon);
        let weight = |vector: &Vec<f64>, terms: &Vec<f64>| {
            vector.iter().zip(terms).map(|(a, b)| a * b).sum::<f64>() as f32
        };
        let weights =
            vectors.iter().flat_map(|vector| wide.iter().map(move |terms| weight(vector, terms))).collect();
        Components { weights, ..found }
    }
}

/// The fewest entries without which the errors add up to no more than `most`.
fn strike(errors: &[f64], most: f64) -> Vec<usize> {
    let mut total: f64 = errors.iter().sum();
    if total <= most {
        return Vec::new();
    }
    let mut order: Vec<usize> = (0..errors.len()).collect();
    order.sort_unstable_by(|&a, &b| errors[b].total_cmp(&errors[a]));
    let fine = |&i: &usize| {
        let bad = total > most;
        total -= errors[i];
        bad
    };
    order.into_iter().take_while(fine).collect()
}

/// The sum of the outer products of all series.
fn gram(series: &[f32], terms: usize, threads: usize) -> Vec<Vec<f64>> {
    let mut parts = vec![vec![0.0; terms * terms]; series.len().div_ceil(PART * terms)];
    each(
        threads,
        series.chunks(PART * terms).zip(&mut parts),
        |_| (),
        |(), (series, part)| {
            for x in series.chunks_exact(terms) {
                for (row, a) in part.chunks_exact_mut(terms).zip(x) {
                    row.iter_mut().zip(x).for_each(|(g, b)| *g += f64::from(*a) * f64::from(*b));
                }
            }
        },
    );
    // In the order of the sources: results do not depend on which thread was first.
    let mut sum = vec![vec![0.0; terms]; terms];
    for part in parts {
        for (row, part) in sum.iter_mut().zip(part.chunks_exact(terms)) {
            row.iter_mut().zip(part).for_each(|(sum, x)| *sum += x);
        }
    }
    sum
}

/// The value of a component at y.
pub fn value(shape: &[f64], y: f64) -> f64 {
    chebyshev(y, shape.len()).iter().zip(shape).map(|(t, c)| t * c).sum()
}

/// The shortest series that hold the spectra.
fn fit<'a>(y: &[f64], every: bool, kept: &[usize], flux: &impl Fn(usize) -> &'a [f32], epsilon: f64) -> Fit {
    let mut best: Option<(f64, Fit)> = None;
    let lengths: Vec<usize> = match y.len() {
        few @ ..3 => vec![few],
        few if !every => vec![few.min(TERMS)],
        many => Fit::lengths(many).collect(),
    };
    for terms in lengths {
        let fit = Fit::new(y, terms);
        let (mut error, mut power) = (0.0, 0.0);
        for &s in kept.iter().step_by(kept.len().div_ceil(JURY).max(1)) {
            error += fit.series(flux(s)).error;
            power += flux(s).iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
        }
        let enough = error <= (0.3 * SHARE * epsilon).powi(2) * power;
        if best.as_ref().is_none_or(|(least, _)| error < *least) {
            best = Some((error, fit));
        }
        if enough {
            break;
        }
    }
    best.map_or_else(|| Fit::new(y, 1), |(_, fit)| fit)
}

/// Eigenvalues of a symmetric matrix, largest first, and their vectors: Jacobi's rotations
/// (Golub & Van Loan, Matrix Computations, §8.5).
fn eigen(mut a: Vec<Vec<f64>>) -> (Vec<f64>, Vec<Vec<f64>>) {
    const SWEEPS: usize = 30;
    let n = a.len();
    let mut vectors: Vec<Vec<f64>> =
        (0..n).map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    for _ in 0..SWEEPS {
        for p in 0..n {
            for q in p + 1..n {
                if a[p][q].abs() <= 1e-18 * (a[p][p] * a[q][q]).abs().sqrt() {
                    continue;
                }
                let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
                let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
                let c = 1.0 / (t * t + 1.0).sqrt();
                let s = t * c;
                for row in &mut a {
                    let (x, y) = (row[p], row[q]);
                    (row[p], row[q]) = (c * x - s * y, s * x + c * y);
                }
                let (above, below) = a.split_at_mut(q);
                rotate(&mut above[p], &mut below[0], c, s);
                let (above, below) = vectors.split_at_mut(q);
                rotate(&mut above[p], &mut below[0], c, s);
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_unstable_by(|&i, &j| a[j][j].total_cmp(&a[i][i]));
    (order.iter().map(|&i| a[i][i].max(0.0)).collect(), order.iter().map(|&i| vectors[i].clone()).collect())
}

fn rotate(a: &mut [f64], b: &mut [f64], c: f64, s: f64) {
    for (a, b) in a.iter_mut().zip(b) {
        (*a, *b) = (c * *a - s * *b, s * *a + c * *b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_add_up_to_the_spectra() {
        let y: Vec<f64> = (0..40).map(|i| f64::from(i) / 19.5 - 1.0).collect();
        let spectra: Vec<f32> = (0..50)
            .flat_map(|s| {
                let index = -1.2 + f64::from(s) * 0.02;
                y.iter().map(move |y| ((1.0 + 0.07 * y).powf(index) * f64::from(1 + s % 7)) as f32)
            })
            .collect();
        for (epsilon, most) in [(1e-2, 2), (1e-4, 3), (1e-6, 5)] {
            let found = components(&y, true, &spectra, &[true; 50], &NufftOptions::new(epsilon, 0));
            assert!(found.shapes.len() <= most, "{epsilon:e}: {} components", found.shapes.len());
            assert!(found.rough.is_empty());
            let (mut error, mut power) = (0.0, 0.0);
            for (s, flux) in spectra.chunks(40).enumerate() {
                for (y, flux) in y.iter().zip(flux) {
                    let of = |k: usize| {
                        f64::from(found.weights[s * found.shapes.len() + k]) * value(&found.shapes[k], *y)
                    };
                    error += ((0..found.shapes.len()).map(of).sum::<f64>() - f64::from(*flux)).powi(2);
                    power += f64::from(*flux).powi(2);
                }
            }
            assert!((error / power).sqrt() <= 0.5 * epsilon, "{epsilon:e}: {:e}", (error / power).sqrt());
        }
    }

    #[test]
    fn a_line_is_rough() {
        let y: Vec<f64> = (0..40).map(|i| f64::from(i) / 19.5 - 1.0).collect();
        let mut spectra = vec![1.0; 40 * 30];
        spectra[40 * 7 + 20] = 3.0;
        assert_eq!(components(&y, true, &spectra, &[true; 30], &NufftOptions::new(1e-4, 0)).rough, [7]);
    }
}

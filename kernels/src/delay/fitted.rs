//! The spectra of a band as series, and the kernels they make.

use super::band::{Axis, Class, Grid, Span, half_turns};
use super::basis::{Basis, WIDTH};
use super::memo::Memo;
use super::plan::{Bells, Delays, Origin, Slot};
use super::solve::chebyshev;
use super::spectrum::{Fit, Samples, Series};
use super::taps::Taps;
use crate::simd::Line;
use crate::{Plane, SPEED_OF_LIGHT, Shape};
use std::collections::HashSet;
use std::sync::Arc;

/// The parts of ε that single errors may have: together they stay below it.
pub const KERNEL_SHARE: f64 = 0.2;
const SERIES_SHARE: f64 = 0.25;
/// The part that sources too faint to matter may have together.
const FAINT_SHARE: f64 = 0.15;
/// The part that the last terms of a Gaussian may have where they are left out.
const NEGLIGIBLE: f64 = 0.1;
/// The greatest error of a series at a channel, in parts of ε.
const WORST_SHARE: f64 = 4.0;
/// Powers of t of a kernel: from the least to the most that are compiled.
const DEGREES: std::ops::RangeInclusive<usize> = 3..=7;

/// A grid and the kernels on it.
pub type Kernels = (Arc<Grid>, Arc<Basis>);

/// Series of every source of every plane, in one band.
pub struct Fitted {
    /// The first channel.
    band: usize,
    axis: Axis,
    /// `[plane][source]`
    series: Vec<Vec<Series>>,
    samples: Option<Arc<Samples>>,
    /// Sources that do not fit but are too faint to matter: plane, source, mean power of all.
    faint: Vec<(usize, usize, f64)>,
}

impl Fitted {
    /// Fits the spectra of every source, with as many terms as most of them need.
    pub fn new(
        channels: &[f64],
        planes: &[Plane],
        span: &Span,
        taps: &Taps,
        epsilon: f64,
        memo: &Memo,
    ) -> Self {
        let band = span.channels.start;
        let axis = Axis::new(&channels[span.channels.clone()], span.unit);
        let y = axis.y();
        let flux = |plane: usize, source: usize| {
            let start = source * channels.len();
            &planes[plane].spectra[start + span.channels.start..start + span.channels.end]
        };
        let make = |terms: usize| memo.fits.get((band, terms), || Arc::new(Fit::new(&y, terms)));
        let fit = jury(&make, planes, &flux, y.len(), 0.3 * SERIES_SHARE * epsilon, memo, band);
        let series = (0..planes.len())
            .map(|plane| (0..planes[plane].sources.len()).map(|s| fit.series(flux(plane, s))).collect())
            .collect();
        let gaussian = planes.iter().any(|p| p.sources.iter().any(|s| s.shape != Shape::Point));
        let samples = || {
            let stretch = Grid::new(&axis, taps, 1.0).domain.stretch;
            let half = axis.edge * axis.unit / axis.centre;
            Samples::new(half, stretch, SERIES_SHARE * epsilon).map(Arc::new)
        };
        let samples = if gaussian { memo.samples.get(band, samples) } else { None };
        Self { band, axis, series, samples, faint: Vec::new() }
    }

    /// Strikes out the sources whose spectra a series does not represent, but for those too faint to matter.
    pub fn judge(
        &mut self,
        planes: &[Plane],
        channels: usize,
        span: &Span,
        epsilon: f64,
        fit: &mut [Vec<bool>],
    ) {
        let share = span.channels.len() as f64 / channels as f64;
        for stokes in 0..4 {
            let (mut total, mut bad) = (0.0, Vec::new());
            for (plane, p) in planes.iter().enumerate().filter(|(_, p)| p.stokes == stokes) {
                for (source, flux) in (0..p.sources.len()).zip(p.spectra.chunks_exact(channels)) {
                    let series = &self.series[plane][source];
                    let power = flux.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
                    let point = p.sources[source].shape == Shape::Point;
                    // Envelopes may leave nothing of a Gaussian: only points can outshine an error.
                    total += if point { power } else { 0.0 };
                    if series.error > square(SERIES_SHARE * epsilon) * power * share
                        || series.worst > WORST_SHARE * epsilon * (power / channels as f64).sqrt()
                    {
                        bad.push((series.error, plane, source));
                    }
                    if !point && self.samples.is_none() {
                        fit[plane][source] = false;
                    }
                }
            }
            bad.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
            let mut left = square(FAINT_SHARE * epsilon) * total * share;
            for (error, plane, source) in bad {
                left -= error;
                if left < 0.0 {
                    fit[plane][source] = false;
                } else {
                    self.faint.push((plane, source, total / channels as f64));
                }
            }
        }
    }

    /// The kernels that hold the sources that fit to within `tolerance`.
    pub fn kernels(
        &self,
        planes: &[Plane],
        fit: &[Vec<bool>],
        taps: &Taps,
        tolerance: f64,
        memo: &Memo,
    ) -> Option<Kernels> {
        // The greatest square of each term over that of the spectrum.
        let mut scale: Vec<f64> = vec![1.0];
        let mut raise = |terms: &[f64], norm: f64| {
            scale.resize(scale.len().max(terms.len()), 0.0);
            scale.iter_mut().zip(terms).for_each(|(s, t)| *s = s.max(t * t / norm));
        };
        let mut gaussian = false;
        let faint: HashSet<(usize, usize)> = self.faint.iter().map(|&(p, source, _)| (p, source)).collect();
        for (plane, p) in planes.iter().enumerate() {
            for source in (0..p.sources.len()).filter(|&source| fit[plane][source]) {
                let terms = &self.series[plane][source].terms;
                let norm = terms.iter().map(|x| x * x).sum::<f64>();
                if norm > 0.0 && !faint.contains(&(plane, source)) {
                    raise(terms, norm);
                }
                gaussian |= p.sources[source].shape != Shape::Point;
            }
        }
        // Faint sources count for what they add up to.
        let mut rough: Vec<f64> = Vec::new();
        for &(plane, source, power) in &self.faint {
            let terms = &self.series[plane][source].terms;
            rough.resize(terms.len(), 0.0);
            rough.iter_mut().zip(terms).for_each(|(r, t)| *r += t * t / power);
        }
        raise(&rough.iter().map(|r| r.sqrt()).collect::<Vec<_>>(), 1.0);
        if let (Some(samples), true) = (&self.samples, gaussian) {
            raise(&samples.greatest, 1.0);
        }
        self.best_basis(taps, &scale, tolerance, memo)
    }

    /// The coarsest grid and the lowest degree with which kernels err by at most `tolerance`, given the mean squares of
    /// terms.
    fn best_basis(&self, taps: &Taps, scale: &[f64], tolerance: f64, memo: &Memo) -> Option<Kernels> {
        let error = |basis: &Basis| {
            let sum: f64 = basis.errors.iter().zip(scale).map(|(e, s)| e * e * s).sum();
            sum.sqrt()
        };
        let terms = scale.len();
        for oversampling in [1.25, 1.4, 1.6, 1.75, 1.9, 2.1, 2.4, 2.8, 3.3, 4.0_f64] {
            let grid = memo.grids.get((self.band, oversampling.to_bits()), || {
                Arc::new(Grid::new(&self.axis, taps, oversampling))
            });
            let make = |degree: usize| {
                memo.bases.get((self.band, grid.len, terms, degree), || {
                    Arc::new(Basis::new(grid.domain, &grid.response, terms, degree))
                })
            };
            let most = make(*DEGREES.end());
            if error(&most) > tolerance {
                continue;
            }
            let fewer = (*DEGREES.start()..*DEGREES.end()).map(make).find(|basis| error(basis) <= tolerance);
            return Some((Arc::clone(&grid), fewer.unwrap_or(most)));
        }
        None
    }

    /// The grid of the band with the kernels of its sources.
    pub fn delays(
        &self,
        origins: &[Slot<Origin>],
        (grid, basis): &Kernels,
        taps: &Taps,
        lens: &[usize],
        epsilon: f64,
        memo: &Memo,
    ) -> Delays {
        let axis = &self.axis;
        let series = |o: &Origin| &self.series[o.plane][o.source].terms;
        let count = self.series.iter().flatten().map(|s| s.terms.len()).next().unwrap_or(1);
        let lines = basis.pieces[0].len();
        let points = origins
            .iter()
            .map(|slot| slot.points.iter().flat_map(|o| kernel(basis, series(o), lines)).collect())
            .collect();
        let gaussian = origins.iter().any(|slot| !slot.gaussians.is_empty());
        let bells = self.samples.as_ref().filter(|_| gaussian).map(|samples| {
            let ratio = |y: f64| (axis.centre + y * axis.edge * axis.unit) / SPEED_OF_LIGHT;
            // Sample i and its mirror image.
            let samples_count = samples.y.len();
            let half = samples_count / 2;
            let order: Vec<usize> = (0..half).flat_map(|i| [i, samples_count - 1 - i]).collect();
            let exponents: Vec<f32> = order
                .iter()
                .map(|&i| (std::f64::consts::LOG2_E * square(ratio(samples.y[i]))) as f32)
                .collect();
            let at_samples: Vec<Vec<f64>> = order.iter().map(|&i| chebyshev(samples.y[i], count)).collect();
            let flux = |o: &Origin| {
                let sum = |t: &Vec<f64>| t.iter().zip(series(o)).map(|(a, b)| a * b).sum::<f64>() as f32;
                at_samples.iter().map(sum).collect::<Vec<f32>>()
            };
            let key = (self.band, grid.len, basis.pieces.len(), basis.pieces[0].len());
            let (lines, table) = memo.tables.get(key, || {
                let (lines, table) = basis.table(&samples.greatest, 0.3 * KERNEL_SHARE * epsilon);
                (lines, Arc::new(table))
            });
            Bells {
                least: exponents.iter().copied().fold(f32::INFINITY, f32::min),
                pairs: exponents.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect(),
                matrix: samples
                    .matrix
                    .chunks_exact(2)
                    .flat_map(|rows| (0..half).map(|i| [rows[0][i] as f32, rows[1][i] as f32]))
                    .collect(),
                negligible: square(NEGLIGIBLE * epsilon) as f32,
                lines,
                table,
                flux: origins.iter().map(|slot| slot.gaussians.iter().flat_map(flux).collect()).collect(),
            }
        });
        Delays {
            half_turns: half_turns(axis.centre),
            cells: axis.unit * grid.len as f64 / SPEED_OF_LIGHT,
            len: grid.len,
            classes: memo.classes.get((self.band, grid.len), || Arc::new(Class::all(axis, grid, taps, lens))),
            lines,
            points,
            bells,
        }
    }
}

fn square(x: f64) -> f64 {
    x * x
}

/// The fit with as many terms as most spectra need: the fewest with which none of a jury is bad, or the least are.
fn jury<'a>(
    make: &dyn Fn(usize) -> Arc<Fit>,
    planes: &[Plane],
    flux: &dyn Fn(usize, usize) -> &'a [f32],
    channels: usize,
    tolerance: f64,
    memo: &Memo,
    band: usize,
) -> Arc<Fit> {
    /// Sources that decide how many terms are needed.
    const JURY: usize = 200;
    let total: usize = planes.iter().map(|p| p.sources.len()).sum();
    let step = (total / JURY).max(1);
    // How many are bad; beyond `most` it does not matter.
    let count = |fit: &Fit, most: usize| -> usize {
        let all =
            (0..planes.len()).flat_map(|p| (0..planes[p].sources.len()).step_by(step).map(move |s| (p, s)));
        let bad = all.filter(|&(plane, source)| {
            let flux = flux(plane, source);
            let power: f64 = flux.iter().map(|&x| f64::from(x).powi(2)).sum();
            fit.series(flux).error > square(tolerance) * power
        });
        bad.take(most.saturating_add(1)).count()
    };
    let lengths: Vec<usize> = Fit::lengths(channels).collect();
    // Fewer terms than kin needed are too few for most: only the next lower number is tried.
    let hint = memo.terms.look(&band).and_then(|terms| lengths.iter().position(|&length| length == terms));
    let mut best: Option<(usize, usize, Arc<Fit>)> = None;
    for &terms in &lengths[hint.unwrap_or(0).saturating_sub(1).min(lengths.len())..] {
        let fit = make(terms);
        let most = best.as_ref().map_or(usize::MAX, |(least, ..)| *least);
        let bad = count(&fit, most);
        if bad < most {
            best = Some((bad, terms, fit));
        }
        if bad == 0 {
            break;
        }
    }
    let Some((_, terms, fit)) = best else {
        return make(1);
    };
    // The first plan's number stays: what comes of the others must not depend on their order.
    memo.terms.get(band, || terms);
    fit
}

/// The kernel of a source with the given series.
fn kernel(basis: &Basis, terms: &[f64], lines: usize) -> Vec<Line> {
    (0..lines)
        .map(|d| {
            let mut sum = [0.0; 2 * WIDTH];
            for (p, (piece, term)) in basis.pieces.iter().zip(terms).enumerate() {
                let half = &mut sum[p % 2 * WIDTH..][..WIDTH];
                half.iter_mut().zip(&piece[d]).for_each(|(s, x)| *s += term * x);
            }
            Line(sum.map(|x| x as f32))
        })
        .collect()
}

//! What does not depend on the rows: bands, their kernels, and who goes where.

use super::band::{Axis, Class, Grid, Span, half_turns, spans};
use super::basis::{Basis, WIDTH};
use super::solve::chebyshev;
use super::spectrum::{Fit, Samples, Series};
use super::taps::Taps;
use crate::plan::{Plan, Segment, check, check_sources, segments};
use crate::simd::{Line, Widths};
use crate::{KernelError, Mix, Plane, SPEED_OF_LIGHT, Shape, Source};
use std::sync::Arc;

/// The parts of ε that single errors may have: together they stay below it.
const KERNEL_SHARE: f64 = 0.2;
const SERIES_SHARE: f64 = 0.25;
/// The greatest error of a series at a channel, in parts of ε.
const WORST_SHARE: f64 = 4.0;
/// Powers of t of a kernel: from the least to the most that are compiled.
pub const DEGREES: std::ops::RangeInclusive<usize> = 3..=7;

/// A source of a plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The plane.
    pub plane: usize,
    /// The source.
    pub source: usize,
}

/// The sources of one Stokes parameter.
#[derive(Clone, Debug)]
pub struct Slot<T> {
    /// Points.
    pub points: Vec<T>,
    /// Gaussians.
    pub gaussians: Vec<T>,
}

/// A point, or a Gaussian with its axes.
#[derive(Clone, Copy, Debug)]
pub struct Position {
    /// l, m, n − 1.
    pub lmn: [f64; 3],
    /// p and q.
    pub axes: [[f64; 3]; 2],
}

/// A band.
#[derive(Clone, Debug)]
pub struct Band {
    /// Its segments.
    pub span: Span,
    /// Where its spectra start in the whole direct sum, if it may need it.
    pub whole: Option<usize>,
    /// Where its spectra start in the direct sum of sources that no grid holds.
    pub rest: usize,
    /// The grid of delays, if it has one.
    pub delays: Option<Delays>,
}

/// A grid of delays.
#[derive(Clone, Debug)]
pub struct Delays {
    /// Half turns per metre of delay at the centre.
    pub half_turns: f64,
    /// Cells per metre of delay.
    pub cells: f64,
    /// Cells of the finest nodes.
    pub len: usize,
    /// Kinds of nodes, coarsest first.
    pub classes: Vec<Class>,
    /// Lines of a kernel: one for each power of t.
    pub lines: usize,
    /// The kernels of the points of each slot.
    pub points: Vec<Vec<Line>>,
    /// What Gaussians share.
    pub bells: Option<Bells>,
}

/// What Gaussians share.
#[derive(Clone, Debug)]
pub struct Bells {
    /// log₂e · ν²/c² at each sample [1/m²].
    pub exponents: Vec<f32>,
    /// The least of them.
    pub least: f32,
    /// From samples to terms: `[p][sample]`
    pub matrix: Vec<Vec<f32>>,
    /// Kernels: `[p][power of t]`
    pub basis: Vec<Vec<[f32; WIDTH]>>,
    /// Flux densities at the samples, for each slot: `[source][sample]`
    pub flux: Vec<Vec<f32>>,
}

/// The plan.
#[derive(Clone, Debug)]
pub struct DelayPlan {
    /// The bands in the order of the channels.
    pub bands: Arc<Vec<Band>>,
    /// The sources on grids, by slot.
    pub slots: Vec<Slot<Position>>,
    /// Segments, outputs, and the sources that no grid holds.
    pub rest: Plan,
    /// All sources, for bands and rows that no grid serves.
    pub whole: Option<Plan>,
    /// The greatest √(l² + m²) and |n − 1| of the sources on grids.
    pub radius: [f64; 2],
    /// The sources that no grid holds.
    pub unfit: Vec<(usize, usize)>,
    origins: Arc<Vec<Slot<Origin>>>,
    planes: Vec<usize>,
}

/// A grid and the kernels on it.
type Kernels = (Grid, Basis);

/// Series of every source of every plane, in one band.
struct Fitted {
    axis: Axis,
    /// `[plane][source]`
    series: Vec<Vec<Series>>,
    samples: Option<Samples>,
}

impl DelayPlan {
    /// Checks the input and arranges it.
    pub fn new(
        widths: Widths,
        channels: &[f64],
        planes: &[Plane],
        mix: &Mix,
        epsilon: f64,
    ) -> Result<Self, KernelError> {
        check(channels, planes)?;
        let taps = Taps::for_epsilon(epsilon);
        let all = segments(channels);
        let spans = spans(channels, &all);
        let mut fit: Vec<Vec<bool>> = planes.iter().map(|p| vec![true; p.sources.len()]).collect();
        let fitted: Vec<Option<Fitted>> = spans
            .iter()
            .map(|span| span.is_long().then(|| Fitted::new(channels, planes, span, &taps, epsilon)))
            .collect();
        for (fitted, span) in fitted.iter().zip(&spans) {
            if let Some(fitted) = fitted {
                fitted.judge(planes, channels.len(), span, epsilon, &mut fit);
            }
        }
        let kernels = |fit: &[Vec<bool>]| -> Vec<Option<Kernels>> {
            let best = |fitted: &Fitted| fitted.kernels(planes, fit, &taps, KERNEL_SHARE * epsilon);
            fitted.iter().map(|fitted| fitted.as_ref().and_then(best)).collect()
        };
        let mut chosen = kernels(&fit);
        let failed =
            |chosen: &[Option<Kernels>]| chosen.iter().zip(&fitted).any(|(c, f)| c.is_none() && f.is_some());
        if failed(&chosen) {
            // Envelopes are the hardest to hold: points may do without them.
            for (plane, fit) in planes.iter().zip(&mut fit) {
                let shapes = plane.sources.iter().map(|source| source.shape == Shape::Point);
                fit.iter_mut().zip(shapes).for_each(|(fit, point)| *fit &= point);
            }
            chosen = kernels(&fit);
        }
        let of = |plane: usize, wanted: bool| {
            (0..planes[plane].sources.len()).filter(|&s| fit[plane][s] == wanted).collect::<Vec<_>>()
        };
        let unfit: Vec<(usize, usize)> =
            (0..planes.len()).flat_map(|p| of(p, false).into_iter().map(move |s| (p, s))).collect();
        let rest = rest(widths, channels, planes, mix, &unfit, all.clone());
        let wants_whole: Vec<bool> =
            spans.iter().zip(&chosen).map(|(span, kernels)| kernels.is_none() || !span.even).collect();
        let partial: Vec<Segment> = spans
            .iter()
            .zip(&wants_whole)
            .filter(|(_, wanted)| **wanted)
            .flat_map(|(span, _)| all[span.segments.clone()].to_vec())
            .collect();
        let whole = (!partial.is_empty()).then(|| Plan::on(widths, channels, planes, mix, partial));
        let stokes: Vec<usize> = (0..4).filter(|&i| planes.iter().any(|p| p.stokes == i)).collect();
        let origins: Vec<Slot<Origin>> = stokes
            .iter()
            .map(|&stokes| {
                let mut slot = Slot { points: Vec::new(), gaussians: Vec::new() };
                for plane in (0..planes.len()).filter(|&p| planes[p].stokes == stokes) {
                    for source in of(plane, true) {
                        let point = planes[plane].sources[source].shape == Shape::Point;
                        let list = if point { &mut slot.points } else { &mut slot.gaussians };
                        list.push(Origin { plane, source });
                    }
                }
                slot
            })
            .collect();
        let mut bands = Vec::with_capacity(spans.len());
        let (mut in_rest, mut in_whole) = (0, 0);
        for (((span, fitted), kernels), with_whole) in
            spans.into_iter().zip(fitted).zip(chosen).zip(wants_whole)
        {
            let count = span.channels.len();
            let delays = fitted.zip(kernels).map(|(fitted, kernels)| {
                let lens: Vec<usize> = all[span.segments.clone()].iter().map(|s| s.len).collect();
                fitted.delays(&origins, &kernels, &taps, &lens, epsilon)
            });
            bands.push(Band { span, whole: with_whole.then_some(in_whole), rest: in_rest, delays });
            in_rest += count * rest.lmn.len();
            if with_whole {
                in_whole += count * whole.as_ref().map_or(0, |plan| plan.lmn.len());
            }
        }
        let mut plan = Self {
            bands: Arc::new(bands),
            slots: Vec::new(),
            rest,
            whole,
            radius: [0.0; 2],
            unfit,
            origins: Arc::new(origins),
            planes: planes.iter().map(|p| p.sources.len()).collect(),
        };
        plan.place(&planes.iter().map(|p| p.sources).collect::<Vec<_>>());
        Ok(plan)
    }

    /// The same plan with the sources elsewhere.
    pub fn with_sources(&self, planes: &[&[Source]]) -> Result<Self, KernelError> {
        let (expected, found) = (self.planes.len(), planes.len());
        if expected != found {
            return Err(KernelError::Length { what: "planes", expected, found });
        }
        for (&expected, sources) in self.planes.iter().zip(planes) {
            if expected != sources.len() {
                return Err(KernelError::Length { what: "sources", expected, found: sources.len() });
            }
            check_sources(sources)?;
        }
        for slot in self.origins.iter() {
            let changed = |list: &[Origin], point: bool| {
                list.iter().copied().find(|o| (planes[o.plane][o.source].shape == Shape::Point) != point)
            };
            if let Some(o) = changed(&slot.points, true).or(changed(&slot.gaussians, false)) {
                return Err(KernelError::ShapeChanged { plane: o.plane, source: o.source });
            }
        }
        let mut left: Vec<Vec<Source>> = vec![Vec::new(); planes.len()];
        for &(plane, source) in &self.unfit {
            left[plane].push(planes[plane][source]);
        }
        let left: Vec<&[Source]> = left.iter().map(Vec::as_slice).collect();
        let mut plan = self.clone();
        plan.rest = self.rest.with_sources(&left)?;
        plan.whole = self.whole.as_ref().map(|whole| whole.with_sources(planes)).transpose()?;
        plan.place(planes);
        Ok(plan)
    }

    fn place(&mut self, planes: &[&[Source]]) {
        let place = |o: &Origin| {
            let source = planes[o.plane][o.source];
            let axes = match source.shape {
                Shape::Gaussian { p, q } => [p, q],
                Shape::Point => [[0.0; 3]; 2],
            };
            Position { lmn: source.lmn, axes }
        };
        self.slots = self
            .origins
            .iter()
            .map(|slot| Slot {
                points: slot.points.iter().map(place).collect(),
                gaussians: slot.gaussians.iter().map(place).collect(),
            })
            .collect();
        self.radius = [0.0; 2];
        for position in self.slots.iter().flat_map(|slot| slot.points.iter().chain(&slot.gaussians)) {
            let [l, m, n] = position.lmn;
            self.radius = [self.radius[0].max(l.hypot(m)), self.radius[1].max(n.abs())];
        }
    }

    /// The longest delay [m] that a baseline gives to a source on a grid.
    pub fn reach(&self, [u, v, w]: [f64; 3]) -> f64 {
        self.radius[0] * u.hypot(v) + self.radius[1] * w.abs()
    }
}

/// The direct sum of the sources that no grid holds.
fn rest(
    widths: Widths,
    channels: &[f64],
    planes: &[Plane],
    mix: &Mix,
    unfit: &[(usize, usize)],
    segments: Vec<Segment>,
) -> Plan {
    let mut sources: Vec<Vec<Source>> = vec![Vec::new(); planes.len()];
    let mut spectra: Vec<Vec<f32>> = vec![Vec::new(); planes.len()];
    for &(plane, source) in unfit {
        sources[plane].push(planes[plane].sources[source]);
        let count = channels.len();
        spectra[plane].extend_from_slice(&planes[plane].spectra[source * count..(source + 1) * count]);
    }
    let left: Vec<Plane> = planes
        .iter()
        .zip(sources.iter().zip(&spectra))
        .map(|(plane, (sources, spectra))| Plane { stokes: plane.stokes, sources, spectra })
        .collect();
    Plan::on(widths, channels, &left, mix, segments)
}

impl Fitted {
    fn new(channels: &[f64], planes: &[Plane], span: &Span, taps: &Taps, epsilon: f64) -> Self {
        /// Sources that decide how many terms are needed.
        const JURY: usize = 200;
        let axis = Axis::new(&channels[span.channels.clone()], span.even);
        let y = axis.y();
        let total: usize = planes.iter().map(|p| p.sources.len()).sum();
        let flux = |plane: usize, source: usize| {
            let start = source * channels.len();
            &planes[plane].spectra[start + span.channels.start..start + span.channels.end]
        };
        let mut best: Option<(usize, Fit)> = None;
        for terms in Fit::lengths(y.len()) {
            let fit = Fit::new(&y, terms);
            let mut bad = 0;
            for (plane, p) in planes.iter().enumerate() {
                for source in (0..p.sources.len()).step_by((total / JURY).max(1)) {
                    let flux = flux(plane, source);
                    let power: f64 = flux.iter().map(|&x| f64::from(x).powi(2)).sum();
                    bad += usize::from(fit.series(flux).error > square(0.3 * SERIES_SHARE * epsilon) * power);
                }
            }
            if best.as_ref().is_none_or(|(least, _)| bad < *least) {
                best = Some((bad, fit));
            }
            if bad == 0 {
                break;
            }
        }
        let fit = best.map_or_else(|| Fit::new(&y, 1), |(_, fit)| fit);
        let series = (0..planes.len())
            .map(|plane| (0..planes[plane].sources.len()).map(|s| fit.series(flux(plane, s))).collect())
            .collect();
        let gaussian = planes.iter().any(|p| p.sources.iter().any(|s| s.shape != Shape::Point));
        let stretch = Grid::new(&axis, taps, 1.0).domain.stretch;
        let half = axis.edge * axis.unit / axis.centre;
        let samples = if gaussian { Samples::new(half, stretch, SERIES_SHARE * epsilon) } else { None };
        Self { axis, series, samples }
    }

    /// Strikes out the sources whose spectra a series does not represent.
    fn judge(&self, planes: &[Plane], channels: usize, span: &Span, epsilon: f64, fit: &mut [Vec<bool>]) {
        let share = span.channels.len() as f64 / channels as f64;
        for (plane, p) in planes.iter().enumerate() {
            let spectra = p.spectra.chunks_exact(channels);
            for (source, flux) in (0..p.sources.len()).zip(spectra) {
                let series = &self.series[plane][source];
                let power = flux.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
                let bad = series.error > square(SERIES_SHARE * epsilon) * power * share
                    || series.worst > WORST_SHARE * epsilon * (power / channels as f64).sqrt();
                let wide = p.sources[source].shape != Shape::Point && self.samples.is_none();
                if bad || wide {
                    fit[plane][source] = false;
                }
            }
        }
    }

    /// The kernels that hold the sources that fit to within `tolerance`.
    fn kernels(&self, planes: &[Plane], fit: &[Vec<bool>], taps: &Taps, tolerance: f64) -> Option<Kernels> {
        // The greatest square of each term over that of the spectrum.
        let mut scale: Vec<f64> = vec![1.0];
        let mut raise = |terms: &[f64], norm: f64| {
            scale.resize(scale.len().max(terms.len()), 0.0);
            scale.iter_mut().zip(terms).for_each(|(s, t)| *s = s.max(t * t / norm));
        };
        let mut gaussian = false;
        for ((series, fit), plane) in self.series.iter().zip(fit).zip(planes) {
            for ((series, _), source) in
                series.iter().zip(fit).zip(plane.sources).filter(|((_, fit), _)| **fit)
            {
                let norm = series.terms.iter().map(|x| x * x).sum::<f64>();
                if norm > 0.0 {
                    raise(&series.terms, norm);
                }
                gaussian |= source.shape != Shape::Point;
            }
        }
        if let (Some(samples), true) = (&self.samples, gaussian) {
            raise(&samples.greatest, 1.0);
        }
        best_basis(&self.axis, taps, &scale, tolerance)
    }

    /// The grid of the band with the kernels of its sources.
    fn delays(
        &self,
        origins: &[Slot<Origin>],
        (grid, basis): &Kernels,
        taps: &Taps,
        lens: &[usize],
        epsilon: f64,
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
            let exponents: Vec<f32> =
                samples.y.iter().map(|&y| (std::f64::consts::LOG2_E * square(ratio(y))) as f32).collect();
            let at_samples: Vec<Vec<f64>> = samples.y.iter().map(|&y| chebyshev(y, count)).collect();
            let flux = |o: &Origin| {
                let sum = |t: &Vec<f64>| t.iter().zip(series(o)).map(|(a, b)| a * b).sum::<f64>() as f32;
                at_samples.iter().map(sum).collect::<Vec<f32>>()
            };
            Bells {
                least: exponents.iter().copied().fold(f32::INFINITY, f32::min),
                exponents,
                matrix: samples.matrix.iter().map(|r| r.iter().map(|&x| x as f32).collect()).collect(),
                basis: shared(grid, samples, basis, KERNEL_SHARE * epsilon),
                flux: origins.iter().map(|slot| slot.gaussians.iter().flat_map(flux).collect()).collect(),
            }
        });
        Delays {
            half_turns: half_turns(axis.centre),
            cells: axis.unit * grid.len as f64 / SPEED_OF_LIGHT,
            len: grid.len,
            classes: Class::all(axis, grid, taps, lens),
            lines,
            points,
            bells,
        }
    }
}

fn square(x: f64) -> f64 {
    x * x
}

/// The coarsest grid and the lowest degree with which kernels err by at most `tolerance`, given the mean squares of terms.
fn best_basis(axis: &Axis, taps: &Taps, scale: &[f64], tolerance: f64) -> Option<Kernels> {
    let error = |basis: &Basis| {
        let sum: f64 = basis.errors.iter().zip(scale).map(|(e, s)| e * e * s).sum();
        sum.sqrt()
    };
    let terms = scale.len();
    for oversampling in [1.25, 1.4, 1.6, 1.75, 1.9, 2.1, 2.4, 2.8, 3.3, 4.0] {
        let grid = Grid::new(axis, taps, oversampling);
        let most = Basis::new(grid.domain, &grid.response, terms, *DEGREES.end());
        if error(&most) > tolerance {
            continue;
        }
        for degree in *DEGREES.start()..*DEGREES.end() {
            let basis = Basis::new(grid.domain, &grid.response, terms, degree);
            if error(&basis) <= tolerance {
                return Some((grid, basis));
            }
        }
        return Some((grid, most));
    }
    None
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

/// Kernels of each term of a Gaussian, of no higher degree than it needs.
fn shared(grid: &Grid, samples: &Samples, best: &Basis, tolerance: f64) -> Vec<Vec<[f32; WIDTH]>> {
    let terms = samples.y.len();
    let all: Vec<Basis> =
        (0..*DEGREES.end()).map(|degree| Basis::new(grid.domain, &grid.response, terms, degree)).collect();
    (0..terms)
        .map(|p| {
            let enough = (0.5 * tolerance / samples.greatest[p]).max(1.1 * best.errors[p]);
            let basis = all.iter().find(|basis| basis.errors[p] <= enough).unwrap_or(best);
            basis.pieces[p].iter().map(|row| row.map(|x| x as f32)).collect()
        })
        .collect()
}

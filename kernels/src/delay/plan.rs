//! What does not depend on the rows: bands, their kernels, and who goes where.

use super::band::{Class, Span, spans};
use super::fitted::{Fitted, KERNEL_SHARE, Kernels};
use super::memo::Memo;
use super::taps::Taps;
use crate::plan::{Plan, Segment, check, check_sources, segments};
use crate::simd::{Line, Widths};
use crate::{KernelError, Mix, Plane, SPEED_OF_LIGHT, Shape, Source};
use std::sync::Arc;

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
    pub classes: Arc<Vec<Class>>,
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
    /// log₂e · ν²/c² at each pair of samples, which lie symmetrically about the centre [1/m²].
    pub pairs: Vec<[f32; 2]>,
    /// The least of them.
    pub least: f32,
    /// From sums of pairs of samples to even terms, from differences to odd ones: `[pair of terms][pair of samples]`
    pub matrix: Vec<[f32; 2]>,
    /// The square of the last two terms over the flux density that may be left out.
    pub negligible: f32,
    /// Lines of a pair of terms: one for each power of t.
    pub lines: usize,
    /// Kernels: `[piece of a cell][pair of terms][power of t]`
    pub table: Arc<Vec<Line>>,
    /// Flux densities at the samples, for each slot: `[source][pair][2]`
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
    /// What plans of these channels share.
    pub memo: Arc<Memo>,
    origins: Arc<Vec<Slot<Origin>>>,
    planes: Vec<usize>,
}

impl DelayPlan {
    /// Checks the input and arranges it.
    pub fn new(
        widths: Widths,
        channels: &[f64],
        planes: &[Plane],
        mix: &Mix,
        epsilon: f64,
        memo: Arc<Memo>,
    ) -> Result<Self, KernelError> {
        check(channels, planes)?;
        let taps = Taps::for_epsilon(epsilon);
        let all = segments(channels);
        let spans = spans(channels, &all);
        let mut fit: Vec<Vec<bool>> = planes.iter().map(|p| vec![true; p.sources.len()]).collect();
        let mut fitted: Vec<Option<Fitted>> = spans
            .iter()
            .map(|span| span.is_long().then(|| Fitted::new(channels, planes, span, &taps, epsilon, &memo)))
            .collect();
        for (fitted, span) in fitted.iter_mut().zip(&spans) {
            if let Some(fitted) = fitted {
                fitted.judge(planes, channels.len(), span, epsilon, &mut fit);
            }
        }
        let kernels = |fit: &[Vec<bool>]| -> Vec<Option<Kernels>> {
            let best = |fitted: &Fitted| fitted.kernels(planes, fit, &taps, KERNEL_SHARE * epsilon, &memo);
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
        let wants_whole: Vec<bool> = spans
            .iter()
            .zip(&chosen)
            .map(|(span, kernels)| kernels.is_none() || span.unit.is_none())
            .collect();
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
                fitted.delays(&origins, &kernels, &taps, &lens, epsilon, &memo)
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
            memo,
            origins: Arc::new(origins),
            planes: planes.iter().map(|p| p.sources.len()).collect(),
        };
        plan.place(&planes.iter().map(|p| p.sources).collect::<Vec<_>>());
        Ok(plan)
    }

    /// Whether the plan is for these channels [Hz].
    pub fn is_for(&self, channels: &[f64]) -> bool {
        let known = &self.rest.half_turns;
        known.len() == channels.len()
            && known.iter().zip(channels).all(|(known, f)| *known == 2.0 * f / SPEED_OF_LIGHT)
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
            left[plane].push(planes[plane][source].clone());
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
            let source = &planes[o.plane][o.source];
            let axes = match source.shape {
                Shape::Gaussian { p, q } => [p, q],
                // What is neither was taken out before.
                _ => [[0.0; 3]; 2],
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
        sources[plane].push(planes[plane].sources[source].clone());
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

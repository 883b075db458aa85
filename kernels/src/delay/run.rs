//! One call of `predict`: spread, transform, interpolate, write.

use super::band::{Class, Nodes, Run, TOGETHER};
use super::plan::{Band, DelayPlan, Delays};
use super::spread::{Target, fold, gaussians, points, width};
use crate::plan::{Plan, SEGMENT};
use crate::simd::{Kernel, Line, Simd};
use crate::store::store;
use crate::sum::{add_segment, load};
use num_complex::Complex32;

/// The most sources spread onto a grid before it is folded.
const BLOCK: usize = 512;

/// One call of `predict`.
pub struct Job<'a, 'b> {
    /// The plan.
    pub plan: &'a DelayPlan,
    /// Baselines [m].
    pub uvw: &'a [[f64; 3]],
    /// One slice for each row.
    pub out: &'a mut [&'b mut [Complex32]],
    /// Working memory of [`lines`] lines.
    pub lines: &'a mut [Line],
    /// Working memory of [`cells`] cells.
    pub cells: &'a mut [f32],
}

fn delays(plan: &DelayPlan) -> impl Iterator<Item = &Delays> {
    plan.bands.iter().filter_map(|band| band.delays.as_ref())
}

/// Values of a transform, and nodes of all slots.
fn sizes(plan: &DelayPlan) -> (usize, usize) {
    let len = delays(plan).map(|d| d.len).max().unwrap_or(0);
    let nodes = delays(plan).flat_map(|d| d.classes.iter()).map(|c| c.inverse.len()).max().unwrap_or(0);
    (len, nodes * plan.slots.len())
}

/// The working memory a plan needs: transforms, nodes, and the sums of a segment.
pub fn lines(plan: &DelayPlan) -> usize {
    let (len, nodes) = sizes(plan);
    let pairs = 2 * len + nodes + (plan.slots.len() + 1) * SEGMENT;
    (pairs * 2 * plan.rest.widths.lanes).div_ceil(16)
}

/// The cells of the grids of a group of rows.
pub fn cells(plan: &DelayPlan) -> usize {
    delays(plan).map(widest).max().unwrap_or(0) * 2 * plan.rest.widths.lanes
}

/// The widest grid: any delay wraps onto it.
fn widest(delays: &Delays) -> usize {
    width(delays.len as f64 / 2.0)
}

/// The class of nodes for delays of at most `reach` [m]; none if they are too long for all.
pub fn class(delays: &Delays, reach: f64) -> Option<&Class> {
    delays.classes.iter().find(|class| reach * delays.cells <= class.limit)
}

impl Kernel for Job<'_, '_> {
    #[inline(always)]
    fn run<S: Simd, const P: usize, const G: usize>(self, s: S) {
        let plan = self.plan;
        let (len, nodes) = sizes(plan);
        let (a, rest) = s.vectors(self.lines).split_at_mut(len);
        let (b, rest) = rest.split_at_mut(len);
        let (nodes, rest) = rest.split_at_mut(nodes);
        let (part, total) = rest.split_at_mut(SEGMENT);
        for (uvw, rows) in self.uvw.chunks(S::LANES).zip(self.out.chunks_mut(S::LANES)) {
            let reach = uvw.iter().map(|row| plan.reach(*row)).fold(0.0, f64::max);
            let uvw = load(s, uvw);
            for band in plan.bands.iter() {
                let chosen = band.delays.as_ref().and_then(|d| class(d, reach).map(|class| (d, class)));
                let Some((delays, class)) = chosen else {
                    if let (Some(whole), Some(start)) = (&plan.whole, band.whole) {
                        direct::<S, P, G>(s, plan, band, whole, start, uvw, total, part, rows);
                    }
                    continue;
                };
                let stride = class.inverse.len();
                for slot in 0..plan.slots.len() {
                    let nodes = &mut nodes[slot * stride..][..stride];
                    sample(s, plan, delays, class, slot, reach, uvw, self.cells, a, b, nodes);
                }
                let mut flux = &plan.rest.flux[band.rest..];
                for (index, runs) in band.span.segments.clone().zip(&class.nodes.runs) {
                    let segment = &plan.rest.segments[index];
                    for slot in 0..plan.slots.len() {
                        let nodes = &nodes[slot * stride..][..stride];
                        interpolate(
                            s,
                            &class.nodes,
                            runs,
                            nodes,
                            &mut total[slot * SEGMENT..][..segment.len],
                        );
                    }
                    let (now, later) = flux.split_at(plan.rest.lmn.len() * segment.len);
                    flux = later;
                    add_segment::<S, P, G>(s, &plan.rest, segment, uvw, now, total, part);
                    store(s, &plan.rest, segment, total, rows);
                }
            }
        }
    }
}

/// The direct sum over all sources, for one band.
#[inline(always)]
#[allow(clippy::too_many_arguments)] // the parts of one working memory
fn direct<S: Simd, const P: usize, const G: usize>(
    s: S,
    plan: &DelayPlan,
    band: &Band,
    whole: &Plan,
    start: usize,
    uvw: [S::D; 3],
    total: &mut [[S::F; 2]],
    part: &mut [[S::F; 2]],
    rows: &mut [&mut [Complex32]],
) {
    let mut flux = &whole.flux[start..];
    for segment in &plan.rest.segments[band.span.segments.clone()] {
        for total in total.chunks_exact_mut(SEGMENT).take(whole.slots) {
            total[..segment.len].fill([s.splat(0.0); 2]);
        }
        let (now, later) = flux.split_at(whole.lmn.len() * segment.len);
        flux = later;
        add_segment::<S, P, G>(s, whole, segment, uvw, now, total, part);
        store(s, whole, segment, total, rows);
    }
}

/// The nodes of one slot.
#[inline(always)]
#[allow(clippy::too_many_arguments)] // the parts of one working memory
fn sample<S: Simd>(
    s: S,
    plan: &DelayPlan,
    delays: &Delays,
    class: &Class,
    slot: usize,
    reach: f64,
    uvw: [S::D; 3],
    cells: &mut [f32],
    a: &mut [[S::F; 2]],
    b: &mut [[S::F; 2]],
    nodes: &mut [[S::F; 2]],
) {
    let len = class.fft.len();
    let input = &mut a[..len];
    input.fill([s.splat(0.0); 2]);
    let sources = &plan.slots[slot];
    let wanted = width((reach * delays.cells).min(delays.len as f64));
    let wrap = wanted > widest(delays);
    let width = wanted.min(widest(delays));
    let mut target = Target { cells: &mut cells[..2 * S::LANES * width], width, wrap };
    let lines = delays.lines;
    let kernels = delays.points[slot].chunks(BLOCK * lines);
    for (positions, kernels) in sources.points.chunks(BLOCK).zip(kernels) {
        target.cells.fill(0.0);
        match lines {
            4 => points::<S, 4>(s, delays, &mut target, uvw, positions, kernels),
            5 => points::<S, 5>(s, delays, &mut target, uvw, positions, kernels),
            6 => points::<S, 6>(s, delays, &mut target, uvw, positions, kernels),
            7 => points::<S, 7>(s, delays, &mut target, uvw, positions, kernels),
            _ => points::<S, 8>(s, delays, &mut target, uvw, positions, kernels),
        }
        fold(s, &target, input);
    }
    if let Some(bells) = &delays.bells {
        let flux = bells.flux[slot].chunks(BLOCK * 2 * bells.pairs.len());
        for (positions, flux) in sources.gaussians.chunks(BLOCK).zip(flux) {
            target.cells.fill(0.0);
            match bells.lines {
                2 => gaussians::<S, 2>(s, delays, bells, &mut target, uvw, positions, flux),
                3 => gaussians::<S, 3>(s, delays, bells, &mut target, uvw, positions, flux),
                4 => gaussians::<S, 4>(s, delays, bells, &mut target, uvw, positions, flux),
                _ => gaussians::<S, 5>(s, delays, bells, &mut target, uvw, positions, flux),
            }
            fold(s, &target, input);
        }
    }
    class.fft.run(s, input, &mut b[..len]);
    let mut at = class.nodes.first.rem_euclid(len as i64) as usize;
    for (node, &inverse) in nodes.iter_mut().zip(&class.inverse) {
        let inverse = s.splat(inverse);
        *node = [s.mul(input[at][0], inverse), s.mul(input[at][1], inverse)];
        at = if at + 1 == len { 0 } else { at + 1 };
    }
}

/// From nodes to the channels of a segment.
#[inline(always)]
pub fn interpolate<S: Simd>(
    s: S,
    scheme: &Nodes,
    runs: &[Run],
    nodes: &[[S::F; 2]],
    total: &mut [[S::F; 2]],
) {
    if scheme.taps == 0 {
        for (total, run) in total.iter_mut().zip(runs) {
            *total = nodes[run.node as usize];
        }
        return;
    }
    let mut at = 0;
    for run in runs {
        let nodes = &nodes[run.node as usize..][..scheme.taps];
        let weights = &scheme.weights[run.weights as usize..];
        let total = &mut total[at..];
        match run.count {
            1 => combine::<S, 1>(s, nodes, weights, total),
            2 => combine::<S, 2>(s, nodes, weights, total),
            3 => combine::<S, 3>(s, nodes, weights, total),
            _ => combine::<S, TOGETHER>(s, nodes, weights, total),
        }
        at += run.count as usize;
    }
}

#[inline(always)]
fn combine<S: Simd, const C: usize>(s: S, nodes: &[[S::F; 2]], weights: &[f32], total: &mut [[S::F; 2]]) {
    let mut sums = [[s.splat(0.0); 2]; C];
    for (node, weights) in nodes.iter().zip(weights.chunks_exact(C)) {
        for (sum, &weight) in sums.iter_mut().zip(weights) {
            let weight = s.splat(weight);
            *sum = [s.fma(node[0], weight, sum[0]), s.fma(node[1], weight, sum[1])];
        }
    }
    total[..C].copy_from_slice(&sums);
}

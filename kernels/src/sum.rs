//! The sum over sources: rows as lanes, channels by recurrence, a few sources at a time.

use crate::plan::{Plan, SEGMENT, Segment};
use crate::seed::{Step, Wave, exp_m1, exp2, phasor, product};
use crate::simd::{Kernel, Line, Simd};
use crate::store::store;
use num_complex::Complex32;

/// The channels after which a wave with large steps is seeded anew.
const SPAN: usize = 8;
/// The step 4 sin²(θ/2) above which a wave is seeded anew every [`SPAN`] channels.
const WIDE_STEP: f32 = 0.04;
/// An envelope that is below exp(−EMPTY) in a whole segment is nothing.
const EMPTY: f32 = 30.0;

/// An array of `N` copies of an expression in its index. A closure in its place (`std::array::from_fn`) would be compiled
/// without the vector instructions and often stay a call.
macro_rules! each {
    ($n:expr, |$i:ident| $e:expr) => {{
        let $i = 0;
        let mut all = [$e; $n];
        for $i in 1..$n {
            all[$i] = $e;
        }
        all
    }};
}

/// One call of `predict`.
pub struct Job<'a, 'b> {
    /// The plan.
    pub plan: &'a Plan,
    /// Baselines [m].
    pub uvw: &'a [[f64; 3]],
    /// One slice for each row.
    pub out: &'a mut [&'b mut [Complex32]],
    /// Working memory of [`lines`] lines.
    pub lines: &'a mut [Line],
}

/// The working memory a plan needs, for any width of vectors.
pub fn lines(plan: &Plan) -> usize {
    // A segment for each slot and one for the block; two vectors of 16 lanes are two lines.
    (plan.slots + 1) * SEGMENT * (plan.widths.lanes * 2).div_ceil(16)
}

impl Kernel for Job<'_, '_> {
    #[inline(always)]
    fn run<S: Simd, const P: usize, const G: usize>(self, s: S) {
        let plan = self.plan;
        let (part, total) = s.vectors(self.lines).split_at_mut(SEGMENT);
        let zero = [s.splat(0.0); 2];
        for (uvw, rows) in self.uvw.chunks(S::LANES).zip(self.out.chunks_mut(S::LANES)) {
            let uvw = load(s, uvw);
            let mut flux = &plan.flux[..];
            for segment in &plan.segments {
                let len = segment.len;
                for total in total.chunks_exact_mut(SEGMENT).take(plan.slots) {
                    total[..len].fill(zero);
                }
                let (now, rest) = flux.split_at(plan.lmn.len() * len);
                flux = rest;
                add_segment::<S, P, G>(s, plan, segment, uvw, now, total, part);
                store(s, plan, segment, total, rows);
            }
        }
    }
}

/// Baselines as lanes, 0 where there are none.
#[inline(always)]
pub fn load<S: Simd>(s: S, uvw: &[[f64; 3]]) -> [S::D; 3] {
    let mut lanes = [[0.0; 16]; 3];
    for (lane, row) in uvw.iter().enumerate() {
        for (axis, x) in lanes.iter_mut().zip(row) {
            axis[lane] = *x;
        }
    }
    each!(3, |i| s.load_wide(&lanes[i][..S::LANES]))
}

/// Adds all sources of a plan to the sums of a segment, given the flux densities of the segment.
#[inline(always)]
pub fn add_segment<S: Simd, const P: usize, const G: usize>(
    s: S,
    plan: &Plan,
    segment: &Segment,
    uvw: [S::D; 3],
    mut flux: &[f32],
    total: &mut [[S::F; 2]],
    part: &mut [[S::F; 2]],
) {
    let len = segment.len;
    for block in &plan.blocks {
        let (now, rest) = flux.split_at(block.len * len);
        flux = rest;
        let total = &mut total[block.slot * SEGMENT..][..len];
        let sum = if block.first { &mut *total } else { &mut part[..len] };
        if !block.first {
            sum.fill([s.splat(0.0); 2]);
        }
        let lmn = &plan.lmn[block.start..block.start + block.len];
        if block.gaussian {
            let axes = &plan.axes[block.start..block.start + block.len];
            for ((lmn, axes), now) in
                lmn.chunks_exact(G).zip(axes.chunks_exact(G)).zip(now.chunks_exact(G * len))
            {
                gaussians::<S, G>(s, plan, segment, uvw, lmn, axes, now, sum);
            }
        } else {
            for (lmn, now) in lmn.chunks_exact(P).zip(now.chunks_exact(P * len)) {
                points::<S, P>(s, plan, segment, uvw, lmn, now, sum);
            }
        }
        if !block.first {
            for (total, part) in total.iter_mut().zip(&part[..len]) {
                *total = [s.add(total[0], part[0]), s.add(total[1], part[1])];
            }
        }
    }
}

/// u l + v m + w (n − 1), or the like.
#[inline(always)]
pub fn dot<S: Simd>(s: S, uvw: [S::D; 3], x: &[f64; 3]) -> S::D {
    s.fma_wide(uvw[2], x[2], s.fma_wide(uvw[1], x[1], s.mul_wide(uvw[0], x[0])))
}

/// Adds `Q` point sources to the sums of a segment.
#[inline(always)]
fn points<S: Simd, const Q: usize>(
    s: S,
    plan: &Plan,
    segment: &Segment,
    uvw: [S::D; 3],
    lmn: &[[f64; 3]],
    flux: &[f32],
    sum: &mut [[S::F; 2]],
) {
    let half_turns = &plan.half_turns[segment.start..segment.start + segment.len];
    let delay: [S::D; Q] = each!(Q, |q| dot(s, uvw, &lmn[q]));
    let Some(step) = segment.step else {
        for ((sum, flux), &half_turns) in sum.iter_mut().zip(flux.chunks_exact(Q)).zip(half_turns) {
            let mut part = Part::new(s);
            for q in 0..Q {
                part.add(s, q, s.splat(flux[q]), phasor(s, s.mul_wide(delay[q], half_turns)));
            }
            part.finish(s, sum);
        }
        return;
    };
    let steps: [Step<S::F>; Q] = each!(Q, |q| Step::new(s, s.mul_wide(delay[q], step)));
    let mut start: [[S::F; 2]; Q] = each!(Q, |q| phasor(s, s.mul_wide(delay[q], half_turns[0])));
    if !wide::<S, Q>(s, &steps) {
        sweep::<S, Q, false>(s, start, &steps, flux, sum);
        return;
    }
    let jump: [[S::F; 2]; Q] = each!(Q, |q| phasor(s, s.mul_wide(delay[q], step * SPAN as f64)));
    for (flux, sum) in flux.chunks(SPAN * Q).zip(sum.chunks_mut(SPAN)) {
        sweep::<S, Q, true>(s, start, &steps, flux, sum);
        start = each!(Q, |q| product(s, start[q], jump[q]));
    }
}

/// Whether any wave has a step too large for a whole segment.
#[inline(always)]
fn wide<S: Simd, const Q: usize>(s: S, steps: &[Step<S::F>; Q]) -> bool {
    let mut most = steps[0].bend;
    for step in &steps[1..] {
        most = s.max(most, step.bend);
    }
    s.any_above(most, WIDE_STEP)
}

/// Adds `Q` waves to the sums, channel by channel.
#[inline(always)]
fn sweep<S: Simd, const Q: usize, const WIDE: bool>(
    s: S,
    start: [[S::F; 2]; Q],
    steps: &[Step<S::F>; Q],
    flux: &[f32],
    sum: &mut [[S::F; 2]],
) {
    let mut waves: [Wave<S::F, WIDE>; Q] = each!(Q, |q| Wave::new(s, start[q], &steps[q]));
    for (sum, flux) in sum.iter_mut().zip(flux.chunks_exact(Q)) {
        let mut part = Part::new(s);
        for q in 0..Q {
            part.add(s, q, s.splat(flux[q]), waves[q].z);
            waves[q].advance(s, steps[q].bend);
        }
        part.finish(s, sum);
    }
}

/// The sum of a few sources, added to each other before anything else, so that the larger number is rounded once.
struct Part<F>([F; 2]);

impl<F: Copy> Part<F> {
    #[inline(always)]
    fn new<S: Simd<F = F>>(s: S) -> Self {
        Self([s.splat(0.0); 2])
    }

    /// Adds source number `q`.
    #[inline(always)]
    fn add<S: Simd<F = F>>(&mut self, s: S, q: usize, flux: F, z: [F; 2]) {
        self.0 = if q == 0 {
            [s.mul(flux, z[0]), s.mul(flux, z[1])]
        } else {
            [s.fma(flux, z[0], self.0[0]), s.fma(flux, z[1], self.0[1])]
        };
    }

    #[inline(always)]
    fn finish<S: Simd<F = F>>(self, s: S, sum: &mut [F; 2]) {
        *sum = [s.add(sum[0], self.0[0]), s.add(sum[1], self.0[1])];
    }
}

/// Adds `Q` Gaussians to the sums of a segment.
#[inline(always)]
#[allow(clippy::too_many_arguments)] // the arguments of `points` and the axes
fn gaussians<S: Simd, const Q: usize>(
    s: S,
    plan: &Plan,
    segment: &Segment,
    uvw: [S::D; 3],
    lmn: &[[f64; 3]],
    axes: &[[[f64; 3]; 2]],
    flux: &[f32],
    sum: &mut [[S::F; 2]],
) {
    let channels = segment.start..segment.start + segment.len;
    let (half_turns, exponents) = (&plan.half_turns[channels.clone()], &plan.envelope[channels]);
    let delay: [S::D; Q] = each!(Q, |q| dot(s, uvw, &lmn[q]));
    let extent: [S::F; Q] = each!(Q, |q| s.squares(dot(s, uvw, &axes[q][0]), dot(s, uvw, &axes[q][1])));
    let (Some(step), Some(envelope)) = (segment.step, segment.envelope) else {
        let channels = half_turns.iter().zip(exponents);
        for ((sum, flux), (&half_turns, &exponent)) in sum.iter_mut().zip(flux.chunks_exact(Q)).zip(channels)
        {
            let mut part = Part::new(s);
            for q in 0..Q {
                let envelope = exp2(s, s.mul(extent[q], s.splat(-exponent)));
                let z = phasor(s, s.mul_wide(delay[q], half_turns));
                part.add(s, q, s.mul(s.splat(flux[q]), envelope), z);
            }
            part.finish(s, sum);
        }
        return;
    };
    let steps: [Step<S::F>; Q] = each!(Q, |q| Step::new(s, s.mul_wide(delay[q], step)));
    let mut start: [[S::F; 2]; Q] = each!(Q, |q| phasor(s, s.mul_wide(delay[q], half_turns[0])));
    let mut bells: [Bell<S::F>; Q] = each!(Q, |q| {
        // Beyond the limit the whole segment is nothing, and its steps would overflow.
        let least = s.mul(extent[q], s.splat(-envelope.least));
        Bell {
            value: s.zero_where_below(least, -EMPTY, exp2(s, s.mul(extent[q], s.splat(-exponents[0])))),
            growth: growth(s, extent[q], envelope.first, least),
            bend: growth(s, extent[q], envelope.second, least),
        }
    });
    if !wide::<S, Q>(s, &steps) {
        sweep_bells::<S, Q, false>(s, start, &steps, &mut bells, flux, sum);
        return;
    }
    let jump: [[S::F; 2]; Q] = each!(Q, |q| phasor(s, s.mul_wide(delay[q], step * SPAN as f64)));
    for (flux, sum) in flux.chunks(SPAN * Q).zip(sum.chunks_mut(SPAN)) {
        sweep_bells::<S, Q, true>(s, start, &steps, &mut bells, flux, sum);
        start = each!(Q, |q| product(s, start[q], jump[q]));
    }
}

/// Adds `Q` waves under their envelopes to the sums, channel by channel.
#[inline(always)]
fn sweep_bells<S: Simd, const Q: usize, const WIDE: bool>(
    s: S,
    start: [[S::F; 2]; Q],
    steps: &[Step<S::F>; Q],
    bells: &mut [Bell<S::F>; Q],
    flux: &[f32],
    sum: &mut [[S::F; 2]],
) {
    let mut waves: [Wave<S::F, WIDE>; Q] = each!(Q, |q| Wave::new(s, start[q], &steps[q]));
    for (sum, flux) in sum.iter_mut().zip(flux.chunks_exact(Q)) {
        let mut part = Part::new(s);
        for q in 0..Q {
            part.add(s, q, s.mul(s.splat(flux[q]), bells[q].value), waves[q].z);
            waves[q].advance(s, steps[q].bend);
            bells[q].advance(s);
        }
        part.finish(s, sum);
    }
}

/// exp(−extent·x) − 1, or 0 where the whole envelope is nothing.
#[inline(always)]
fn growth<S: Simd>(s: S, extent: S::F, x: f32, least: S::F) -> S::F {
    exp_m1(s, s.zero_where_below(least, -EMPTY, s.mul(extent, s.splat(-x))))
}

/// An envelope along evenly spaced channels: the ratio of neighbours, 1 + growth, has itself the constant ratio 1 + bend.
#[derive(Clone, Copy)]
struct Bell<F> {
    value: F,
    growth: F,
    bend: F,
}

impl<F: Copy> Bell<F> {
    /// On to the next channel.
    #[inline(always)]
    fn advance<S: Simd<F = F>>(&mut self, s: S) {
        self.value = s.fma(self.value, self.growth, self.value);
        // (1 + growth)(1 + bend) − 1, without the one that would swamp both.
        self.growth = s.fma(self.growth, self.bend, s.add(self.growth, self.bend));
    }
}

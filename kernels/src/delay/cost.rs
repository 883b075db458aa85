//! What a row costs, from counts of operations: good enough to choose an engine.

use super::plan::{DelayPlan, Delays};
use super::run::class;
use crate::plan::Plan;
use crate::{SPEED_OF_LIGHT, SimdLevel};

/// Seconds of one operation of one row with AVX2, measured on a core of an AMD EPYC 7003.
mod seconds {
    /// A source on a grid, and each line of its kernel.
    pub const POINT: [f64; 2] = [2.6e-9, 0.47e-9];
    /// A Gaussian on a grid, each of its terms, and each power of t in a term's kernel.
    pub const GAUSSIAN: [f64; 3] = [4.0e-9, 0.95e-9, 0.25e-9];
    /// A value of a transform, times the logarithm of how many.
    pub const TRANSFORM: f64 = 0.17e-9;
    /// A tap of a channel.
    pub const TAP: f64 = 0.05e-9;
    /// A correlation of a channel written.
    pub const STORE: f64 = 0.5e-9;
    /// A point and a Gaussian in a channel, by the direct sum.
    pub const DIRECT: [f64; 2] = [0.15e-9, 0.21e-9];
    /// A point and a Gaussian in a segment of channels, by the direct sum.
    pub const SEED: [f64; 2] = [2.2e-9, 3.4e-9];
}

/// How much slower than AVX2 a level is.
pub fn slowness(level: SimdLevel) -> f64 {
    match level {
        SimdLevel::Portable => 5.0,
        // Half the width of AVX2, and no slower an instruction.
        SimdLevel::Neon => 2.0,
        SimdLevel::Avx2 => 1.0,
        SimdLevel::Avx512 => 0.55,
    }
}

/// The sources of a plan in some segments, without writing.
fn sum(plan: &Plan, segments: impl Iterator<Item = usize>) -> f64 {
    let mut sources = [0.0; 2];
    for block in &plan.blocks {
        sources[usize::from(block.gaussian)] += block.len as f64;
    }
    segments
        .map(|len| {
            let each = |kind: usize| seconds::SEED[kind] + seconds::DIRECT[kind] * len as f64;
            sources[0] * each(0) + sources[1] * each(1)
        })
        .sum()
}

/// Seconds a row of the direct sum takes on one core.
pub fn direct(plan: &Plan, level: SimdLevel) -> f64 {
    let store = (plan.channels * plan.correlations) as f64 * seconds::STORE;
    (store + sum(plan, plan.segments.iter().map(|segment| segment.len))) * slowness(level)
}

/// Seconds a row takes from nodes to channels, of so many Stokes parameters, and to its correlations.
pub fn channels(channels: usize, slots: usize, correlations: usize, taps: usize, level: SimdLevel) -> f64 {
    let taps = (channels * slots * taps) as f64 * seconds::TAP;
    (taps + (channels * correlations) as f64 * seconds::STORE) * slowness(level)
}

/// Seconds a row of delays takes on one core, for delays of at most `delay` [s].
pub fn delays(plan: &DelayPlan, level: SimdLevel, delay: f64) -> f64 {
    let reach = delay * SPEED_OF_LIGHT;
    let mut total = (plan.rest.channels * plan.rest.correlations) as f64 * seconds::STORE;
    for band in plan.bands.iter() {
        let lens = || plan.rest.segments[band.span.segments.clone()].iter().map(|segment| segment.len);
        let Some((delays, class)) = band.delays.as_ref().and_then(|d| class(d, reach).map(|c| (d, c))) else {
            total += plan.whole.as_ref().map_or(0.0, |whole| sum(whole, lens()));
            continue;
        };
        let len = class.fft.len() as f64;
        let fixed = len * len.log2() * seconds::TRANSFORM
            + (class.nodes.taps * band.span.channels.len()) as f64 * seconds::TAP;
        total += fixed * plan.slots.len() as f64 + sum(&plan.rest, lens());
        for slot in &plan.slots {
            total +=
                slot.points.len() as f64 * point(delays) + slot.gaussians.len() as f64 * gaussian(delays);
        }
    }
    total * slowness(level)
}

fn point(delays: &Delays) -> f64 {
    seconds::POINT[0] + delays.lines as f64 * seconds::POINT[1]
}

fn gaussian(delays: &Delays) -> f64 {
    let (terms, powers) = delays.bells.as_ref().map_or((0, 0), |bells| (2 * bells.pairs.len(), bells.lines));
    seconds::GAUSSIAN[0] + terms as f64 * (seconds::GAUSSIAN[1] + powers as f64 * seconds::GAUSSIAN[2])
}

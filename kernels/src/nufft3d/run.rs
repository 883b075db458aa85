//! One call of `predict`: gather nodes from the grids, interpolate, write.

use super::facet::Frame;
use super::grid::{Grid, PADDING};
use super::nodes::{Class, Plan};
use super::spread::{Spreading, TERMS};
use crate::delay::basis::WIDTH;
use crate::delay::run::interpolate;
use crate::plan::{SEGMENT, Segment};
use crate::seed::{phasor as phasors, product};
use crate::simd::{Kernel, Line, Simd};
use crate::store::store;
use num_complex::Complex32;
use std::f64::consts::TAU;

// As many vectors as `gather` is compiled for.
const _: () = assert!(super::facet::TERMS <= 8 * TERMS);

/// A facet with all that rows need of it.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Its frame.
    pub frame: Frame,
    /// Its grid.
    pub grid: Grid,
    /// Polynomials in 2ŵ² − 1 for the factor of every term, lowest power first: `[power][pair of vectors of terms]`
    pub bessel: Vec<Line>,
    /// 1 for terms that are odd in ŵ.
    pub odd: Vec<Line>,
    /// 1 over the greatest |w| [wavelengths].
    pub inverse: f64,
    /// The components of the spectra: `[class][node][pair of vectors of terms]`
    pub spectra: Vec<Vec<Line>>,
}

/// One call of `predict`.
pub struct Job<'a, 'b> {
    /// The plan.
    pub plan: &'a Plan,
    /// Baselines [m].
    pub uvw: &'a [[f64; 3]],
    /// Further paths [m] of all sources, one a row; none if empty.
    pub paths: &'a [f64],
    /// One slice for each row.
    pub out: &'a mut [&'b mut [Complex32]],
    /// The rows in the order of their places on the grid, with the class of each.
    pub order: &'a [(u64, u32)],
    /// Working memory of [`lines`] lines.
    pub lines: &'a mut [Line],
}

/// The working memory a plan needs.
pub fn lines(plan: &Plan) -> usize {
    let pairs = plan.nodes * plan.slots.len() + plan.slots.len() * SEGMENT;
    (pairs * 2 * plan.rest.widths.lanes).div_ceil(16) + 1
}

/// The key that sorts rows: class, then tiles of the first grid.
pub fn key(plan: &Plan, uvw: [f64; 3]) -> u64 {
    const TILE: f64 = 16.0;
    let class = plan.class(uvw) as u64;
    let Some(layer) = plan.slots.iter().flatten().next() else {
        return class << 48;
    };
    let [u, v, _] = layer.frame.baseline(uvw);
    let sign = if u < 0.0 { -1.0 } else { 1.0 };
    let tile =
        |x: f64, i: usize| (sign * x * plan.middle * layer.grid.scale[i] / TILE + 32768.0) as u64 & 0xffff;
    let (column, row) = (tile(u, 0), tile(v, 1));
    // There and back again: neighbours in the order are neighbours on the grid.
    class << 48 | column << 16 | if column.is_multiple_of(2) { row } else { 0xffff - row }
}

impl Kernel for Job<'_, '_> {
    #[inline(always)]
    fn run<S: Simd, const P: usize, const G: usize>(self, s: S) {
        let plan = self.plan;
        let total_lines = (plan.slots.len() * SEGMENT * 2 * S::LANES).div_ceil(16);
        let (total, nodes) = self.lines.split_at_mut(total_lines);
        let total = s.vectors(total);
        for group in self.order.chunks(S::LANES) {
            // The classes of a group differ at most where the order goes from one to the next: the finer one serves all.
            let class = group.iter().map(|row| (row.0 >> 48) as usize).max().unwrap_or(0);
            let (index, class) = (class, &plan.classes[class]);
            for (slot, layers) in plan.slots.iter().enumerate() {
                let first = slot * plan.nodes * 2 * S::LANES;
                let used = (class.nodes.count * 2 * S::LANES).div_ceil(16);
                nodes[first / 16..][..used].fill(Line([0.0; 16]));
                for layer in layers {
                    for (lane, row) in group.iter().enumerate() {
                        let to = Lane { lines: nodes, first: first + lane, lanes: S::LANES };
                        let uvw = self.uvw[row.1 as usize];
                        match layer.grid.terms / TERMS {
                            1 => gather::<S, 1, 1>(s, plan, layer, index, class, uvw, to),
                            2 => gather::<S, 2, 1>(s, plan, layer, index, class, uvw, to),
                            3 => gather::<S, 3, 2>(s, plan, layer, index, class, uvw, to),
                            4 => gather::<S, 4, 2>(s, plan, layer, index, class, uvw, to),
                            5 => gather::<S, 5, 3>(s, plan, layer, index, class, uvw, to),
                            6 => gather::<S, 6, 3>(s, plan, layer, index, class, uvw, to),
                            7 => gather::<S, 7, 4>(s, plan, layer, index, class, uvw, to),
                            _ => gather::<S, 8, 4>(s, plan, layer, index, class, uvw, to),
                        }
                    }
                }
            }
            let mut rows: [&mut [Complex32]; 16] = Default::default();
            for (row, index) in rows.iter_mut().zip(group) {
                *row = std::mem::take(&mut self.out[index.1 as usize]);
            }
            let path = (!self.paths.is_empty()).then(|| {
                let mut lanes = [0.0; 16];
                lanes.iter_mut().zip(group).for_each(|(lane, row)| *lane = self.paths[row.1 as usize]);
                s.load_wide(&lanes[..S::LANES])
            });
            let values = &*s.vectors(nodes);
            for (at, segment) in plan.rest.segments.iter().enumerate() {
                for slot in 0..plan.slots.len() {
                    let nodes = &values[slot * plan.nodes..][..class.nodes.count];
                    let total = &mut total[slot * SEGMENT..][..segment.len];
                    interpolate(s, &class.nodes, &class.nodes.runs[at], nodes, total);
                }
                if let Some(path) = path {
                    let half_turns = &plan.rest.half_turns[segment.start..][..segment.len];
                    turn(s, half_turns, segment, path, plan.slots.len(), total);
                }
                store(s, &plan.rest, segment, total, &mut rows[..group.len()]);
            }
            for (row, index) in rows.into_iter().zip(group) {
                self.out[index.1 as usize] = row;
            }
        }
    }
}

/// Channels whose phasors are products with one of as many seeds.
const SPAN: usize = 8;

/// Turns the sums of a segment by `exp(2πi ν/c path)`. Phases are in double precision; of evenly spaced channels, every
/// phasor is the product of two.
#[inline(always)]
fn turn<S: Simd>(
    s: S,
    half_turns: &[f64],
    segment: &Segment,
    path: S::D,
    slots: usize,
    total: &mut [[S::F; 2]],
) {
    let mut steps = [[s.splat(0.0); 2]; SPAN];
    if let Some(step) = segment.step {
        for (i, to) in steps.iter_mut().enumerate() {
            *to = phasors(s, s.mul_wide(path, step * i as f64));
        }
    }
    for (part, half_turns) in half_turns.chunks(SPAN).enumerate() {
        let seed = phasors(s, s.mul_wide(path, half_turns[0]));
        for (i, &half_turns) in half_turns.iter().enumerate() {
            let phasor = match (segment.step, i) {
                (_, 0) => seed,
                (Some(_), _) => product(s, seed, steps[i]),
                (None, _) => phasors(s, s.mul_wide(path, half_turns)),
            };
            for slot in 0..slots {
                let sum = &mut total[slot * SEGMENT + part * SPAN + i];
                *sum = product(s, *sum, phasor);
            }
        }
    }
}

/// The nodes of one row: its lane of vectors of real and imaginary parts.
struct Lane<'a> {
    lines: &'a mut [Line],
    first: usize,
    lanes: usize,
}

impl Lane<'_> {
    #[inline(always)]
    fn add(&mut self, node: usize, [re, im]: [f32; 2]) {
        let at = self.first + node * 2 * self.lanes;
        self.lines[at / 16].0[at % 16] += re;
        let at = at + self.lanes;
        self.lines[at / 16].0[at % 16] += im;
    }
}

/// Adds the nodes of one row, of `V` vectors of terms: of `H` pairs of them, the last of which may want its second.
#[inline(always)]
#[allow(clippy::too_many_arguments)] // a row, and where it comes from and goes to
fn gather<S: Simd, const V: usize, const H: usize>(
    s: S,
    plan: &Plan,
    layer: &Layer,
    index: usize,
    class: &Class,
    uvw: [f64; 3],
    mut to: Lane,
) {
    let grid = &layer.grid;
    let [u, v, w] = layer.frame.baseline(uvw);
    // Half of the plane is stored: the other half is its conjugate.
    let sign = if u < 0.0 { -1.0 } else { 1.0 };
    let (u, v) = (sign * u * grid.scale[0], sign * v * grid.scale[1]);
    let w = sign * w * layer.inverse;
    let path = sign * layer.frame.origin.iter().zip(uvw).map(|(a, b)| a * b).sum::<f64>();
    let mut wave = Wave::new(path, class);
    for (node, &inverse) in class.inverse.iter().enumerate() {
        let place = [u * inverse + grid.middle[0] as f64, v * inverse + grid.middle[1] as f64];
        let spectra = &layer.spectra[index][node * H..][..H];
        let factors = factors::<S, H>(s, layer, (w * inverse) as f32, spectra);
        let sums = cells::<S, V, H>(s, &plan.spreading, grid, place);
        let mut all = s.two(0.0, 0.0);
        for i in 0..H {
            all = s.fma_two(factors[i], sums[i], all);
        }
        let mut parts = [0.0; 2 * WIDTH];
        s.store_two(all, &mut parts);
        let (mut re, mut im) = (0.0, 0.0);
        for part in parts.chunks_exact(WIDTH) {
            re += (part[0] + part[1]) + (part[2] + part[3]);
            im += (part[4] + part[5]) + (part[6] + part[7]);
        }
        let [cos, sin] = wave.next(node, path, class);
        to.add(node, [re * cos - im * sin, sign as f32 * (re * sin + im * cos)]);
    }
}

/// The factors of the terms at ŵ.
#[inline(always)]
fn factors<S: Simd, const H: usize>(s: S, layer: &Layer, w: f32, spectra: &[Line]) -> [S::K; H] {
    let squared = 2.0 * w * w - 1.0;
    let z = s.two(squared, squared);
    let zero = s.two(0.0, 0.0);
    let mut all = [zero; H];
    for powers in layer.bessel.chunks_exact(H).rev() {
        for i in 0..H {
            all[i] = s.fma_two(all[i], z, s.load_two(&powers[i].0));
        }
    }
    // Even terms: times 1; odd ones: times ŵ.
    let (one, less) = (s.two(1.0, 1.0), s.two(w - 1.0, w - 1.0));
    for i in 0..H {
        let parity = s.fma_two(s.load_two(&layer.odd[i].0), less, one);
        let spectrum = s.load_two(&spectra[i].0);
        all[i] = s.fma_two(s.fma_two(all[i], spectrum, zero), parity, zero);
    }
    all
}

/// The values of all terms at a place of the grid; of a single vector, those of even and odd cells apart.
#[inline(always)]
fn cells<S: Simd, const V: usize, const H: usize>(
    s: S,
    spreading: &Spreading,
    grid: &Grid,
    place: [f64; 2],
) -> [S::K; H] {
    let width = spreading.width;
    let stride = V * WIDTH;
    let (left, below) = (place[0] as usize, place[1] as usize);
    let within = [place[0] - left as f64 - 0.5, place[1] - below as f64 - 0.5];
    let [across, along] = spreading.two_at(s, within.map(|t| t as f32));
    let mut sums = [s.two(0.0, 0.0); H];
    for (i, &weight) in across[..width].iter().enumerate() {
        let at = ((left + 1 + i - width / 2) * grid.rows + below + 1 - width / 2) * stride;
        // Where a pair wants its second, the cell after it is read, and its factor is 0.
        let row = &grid.cells[at..at + width * stride + PADDING];
        let mut part = [s.two(0.0, 0.0); H];
        if V == 1 {
            for (cells, weights) in row.chunks_exact(2 * WIDTH).zip(along[..width].chunks_exact(2)) {
                part[0] = s.fma_two(s.load_two(cells), s.two(weights[0], weights[1]), part[0]);
            }
        } else {
            for (cell, &weight) in along[..width].iter().enumerate() {
                let weight = s.two(weight, weight);
                for x in 0..H {
                    let values = s.load_two(&row[cell * stride + 2 * x * WIDTH..][..2 * WIDTH]);
                    part[x] = s.fma_two(values, weight, part[x]);
                }
            }
        }
        let weight = s.two(weight, weight);
        for x in 0..H {
            sums[x] = s.fma_two(part[x], weight, sums[x]);
        }
    }
    sums
}

/// The phase of a facet's origin along the nodes.
struct Wave {
    now: [f64; 2],
    step: Option<[f64; 2]>,
}

fn phasor(turns: f64) -> [f64; 2] {
    let (sin, cos) = (TAU * (turns - turns.round())).sin_cos();
    [cos, sin]
}

impl Wave {
    fn new(path: f64, class: &Class) -> Self {
        Self { now: phasor(path * class.inverse[0]), step: class.step.map(|step| phasor(path * step)) }
    }

    /// The phasor of a node: every node once, in order.
    #[inline(always)]
    fn next(&mut self, node: usize, path: f64, class: &Class) -> [f32; 2] {
        let [cos, sin] = match self.step {
            Some([c, s]) => {
                let [cos, sin] = self.now;
                self.now = [cos * c - sin * s, cos * s + sin * c];
                [cos, sin]
            }
            None => phasor(path * class.inverse[node]),
        };
        [cos as f32, sin as f32]
    }
}

//! Sources onto the grids of delays: rows as lanes for the phases, cells as lanes for the kernels.

use super::basis::{PIECES, WIDTH};
use super::plan::{Bells, Delays, Position};
use crate::seed::{exp2, phasor};
use crate::simd::{Line, Simd};
use crate::sum::dot;

/// An envelope below 2⁻ᴱᴹᴾᵀʸ in every sample of every row is nothing.
const EMPTY: f32 = 34.0;
/// The most terms of a Gaussian.
const TERMS: usize = 12;
/// Sources whose phases are computed together: their long dependencies overlap.
const BATCH: usize = 8;
/// Added to a small integer, leaves it in the lowest bits.
const INTEGERS: f32 = 8_388_608.0;
/// The cells of a kernel below the nearest cell edge of its delay.
const BEFORE: usize = WIDTH / 2 - 1;

/// The grids of a group of rows: for each row, real parts, then imaginary parts.
pub struct Target<'a> {
    /// The grids.
    pub cells: &'a mut [f32],
    /// Cells of a row: a multiple of 8.
    pub width: usize,
    /// Whether delays beyond the grid wrap around.
    pub wrap: bool,
}

/// Cells on either side of the longest delay that kernels reach, and one for rounding.
const MARGIN: usize = WIDTH / 2 + 2;

/// The width of a grid for delays of at most `reach` cells.
pub fn width(reach: f64) -> usize {
    let width = (2 * (reach as usize + 1 + MARGIN)).next_multiple_of(WIDTH);
    // Rows an odd number of vectors apart do not meet in the same cache set.
    width + if (width / WIDTH).is_multiple_of(2) { WIDTH } else { 0 }
}

/// Phases and places of one source in a group of rows.
#[derive(Clone, Copy)]
struct Lanes {
    cos: Line,
    sin: Line,
    place: Line,
    cell: Line,
}

impl Lanes {
    const EMPTY: Self = {
        let empty = Line([0.0; 16]);
        Self { cos: empty, sin: empty, place: empty, cell: empty }
    };

    #[inline(always)]
    fn set<S: Simd>(&mut self, s: S, delays: &Delays, target: &Target, uvw: [S::D; 3], lmn: &[f64; 3]) {
        let delay = dot(s, uvw, lmn);
        let [cos, sin] = phasor(s, s.mul_wide(delay, delays.half_turns));
        // The middle of a cell is ½ from its edge.
        let middle = s.splat_wide(target.width as f64 / 2.0 - 0.5);
        let cells = if target.wrap {
            let turns = s.fraction(s.mul_wide(delay, delays.cells / delays.len as f64));
            s.fma_wide(turns, delays.len as f64, middle)
        } else {
            s.fma_wide(delay, delays.cells, middle)
        };
        let (place, cell) = s.cell(cells);
        s.unpack(cos, &mut self.cos);
        s.unpack(sin, &mut self.sin);
        s.unpack(place, &mut self.place);
        s.unpack(cell, &mut self.cell);
    }

    /// The piece of the cell plus [`INTEGERS`], and the place within it.
    #[inline(always)]
    fn split<S: Simd>(&self, s: S) -> [S::F; 2] {
        let place = s.mul(s.pack(&self.place), s.splat(PIECES as f32));
        let piece = s.round(place);
        [s.add(piece, s.splat(INTEGERS + (PIECES / 2) as f32)), s.sub(place, piece)]
    }

    /// Adds a kernel, real and imaginary part, under the phase of a row.
    #[inline(always)]
    fn add<S: Simd>(&self, s: S, target: &mut Target, row: usize, kernel: S::K) {
        let at = 2 * row * target.width + self.cell.0[row].to_bits() as usize - BEFORE;
        let cells = &mut target.cells[at..at + target.width + WIDTH];
        let (first, last) = (0..WIDTH, target.width..target.width + WIDTH);
        let old = [s.load_cells(&cells[first.clone()]), s.load_cells(&cells[last.clone()])];
        let [re, im] = s.turn(kernel, self.cos.0[row], self.sin.0[row], old);
        s.store_cells(re, &mut cells[first]);
        s.store_cells(im, &mut cells[last]);
    }
}

/// Adds points with kernels of `D` lines each.
#[inline(always)]
pub fn points<S: Simd, const D: usize>(
    s: S,
    delays: &Delays,
    target: &mut Target,
    uvw: [S::D; 3],
    positions: &[Position],
    kernels: &[Line],
) {
    let mut all = [Lanes::EMPTY; BATCH];
    for (positions, kernels) in positions.chunks(BATCH).zip(kernels.chunks(BATCH * D)) {
        for (lanes, position) in all.iter_mut().zip(positions) {
            lanes.set(s, delays, target, uvw, &position.lmn);
        }
        for (lanes, kernel) in all.iter().zip(kernels.as_chunks::<D>().0) {
            add_point(s, target, lanes, kernel);
        }
    }
}

#[inline(always)]
fn add_point<S: Simd, const D: usize>(s: S, target: &mut Target, lanes: &Lanes, kernel: &[Line; D]) {
    const ROWS: usize = 2;
    for first in (0..S::LANES).step_by(ROWS) {
        let mut places = [s.two(0.0, 0.0); ROWS];
        for (place, &x) in places.iter_mut().zip(&lanes.place.0[first..first + ROWS]) {
            *place = s.two(x, x);
        }
        let mut sums = [s.load_two(&kernel[D - 1].0); ROWS];
        for line in kernel[..D - 1].iter().rev() {
            let line = s.load_two(&line.0);
            for (sum, &place) in sums.iter_mut().zip(&places) {
                *sum = s.fma_two(*sum, place, line);
            }
        }
        for (row, sum) in (first..).zip(sums) {
            lanes.add(s, target, row, sum);
        }
    }
}

/// Adds Gaussians with shared kernels of `D` lines for each pair of terms.
#[inline(always)]
pub fn gaussians<S: Simd, const D: usize>(
    s: S,
    delays: &Delays,
    bells: &Bells,
    target: &mut Target,
    uvw: [S::D; 3],
    positions: &[Position],
    flux: &[f32],
) {
    let count = 2 * bells.pairs.len();
    let mut all = [Bell::EMPTY; BATCH];
    for (positions, flux) in positions.chunks(BATCH).zip(flux.chunks(BATCH * count)) {
        let mut found = 0;
        for (position, flux) in positions.iter().zip(flux.chunks_exact(count)) {
            let [p, q] = &position.axes;
            let extent = s.squares(dot(s, uvw, p), dot(s, uvw, q));
            if s.any_above(s.mul(extent, s.splat(-bells.least)), -EMPTY) {
                all[found].lanes.set(s, delays, target, uvw, &position.lmn);
                all[found].set(s, bells, extent, flux);
                found += 1;
            }
        }
        for bell in &all[..found] {
            bell.add::<S, D>(s, bells, target);
        }
    }
}

/// A Gaussian in a group of rows.
#[derive(Clone, Copy)]
struct Bell {
    lanes: Lanes,
    /// The piece of a cell plus [`INTEGERS`].
    pieces: Line,
    terms: [Line; TERMS],
    /// How many pairs of terms matter.
    used: usize,
}

impl Bell {
    const EMPTY: Self =
        Self { lanes: Lanes::EMPTY, pieces: Line([0.0; 16]), terms: [Line([0.0; 16]); TERMS], used: 0 };

    /// The terms of its spectrum under its envelope.
    #[inline(always)]
    fn set<S: Simd>(&mut self, s: S, bells: &Bells, extent: S::F, flux: &[f32]) {
        // Each piece of a cell has polynomials of its own.
        let [piece, place] = self.lanes.split(s);
        s.unpack(piece, &mut self.pieces);
        s.unpack(place, &mut self.lanes.place);
        let half = bells.pairs.len();
        // Samples lie symmetrically: even terms are of the sums of pairs, odd ones of the differences.
        let mut values = [[s.splat(0.0); 2]; TERMS / 2];
        let samples = bells.pairs.iter().zip(flux.chunks_exact(2));
        for (value, (exponents, flux)) in values.iter_mut().zip(samples) {
            let a = s.mul(exp2(s, s.mul(extent, s.splat(-exponents[0]))), s.splat(flux[0]));
            let b = s.mul(exp2(s, s.mul(extent, s.splat(-exponents[1]))), s.splat(flux[1]));
            *value = [s.add(a, b), s.sub(a, b)];
        }
        let values = &values[..half];
        let mut last = [s.splat(0.0); 2];
        for (pair, terms) in self.terms.chunks_exact_mut(2).take(half).enumerate() {
            let weights = &bells.matrix[pair * half..][..half];
            last = [s.splat(0.0); 2];
            for (value, weight) in values.iter().zip(weights) {
                last = [
                    s.fma(value[0], s.splat(weight[0]), last[0]),
                    s.fma(value[1], s.splat(weight[1]), last[1]),
                ];
            }
            s.unpack(last[0], &mut terms[0]);
            s.unpack(last[1], &mut terms[1]);
        }
        let power = s.fma(last[0], last[0], s.mul(last[1], last[1]));
        // Where the baselines hardly resolve the source, the last two terms are next to nothing.
        let spare = !s.any_above(power, bells.negligible * flux[0] * flux[0]);
        self.used = half - usize::from(spare);
    }

    #[inline(always)]
    fn add<S: Simd, const D: usize>(&self, s: S, bells: &Bells, target: &mut Target) {
        let (stride, used) = (bells.pairs.len() * D, self.used * D);
        for row in 0..S::LANES {
            let place = self.lanes.place.0[row];
            let place = s.two(place, place);
            let piece = (self.pieces.0[row].to_bits() & 0xff) as usize;
            let table = &bells.table[piece * stride..][..used];
            let mut sums = s.two(0.0, 0.0);
            for (pair, terms) in table.as_chunks::<D>().0.iter().zip(self.terms.as_chunks::<2>().0) {
                let mut values = s.load_two(&pair[D - 1].0);
                for line in pair[..D - 1].iter().rev() {
                    values = s.fma_two(values, place, s.load_two(&line.0));
                }
                sums = s.fma_two(values, s.two(terms[0].0[row], terms[1].0[row]), sums);
            }
            self.lanes.add(s, target, row, sums);
        }
    }
}

/// Adds the grids to the input of a transform with rows as lanes, delay 0 first, wrapping around.
#[inline(always)]
pub fn fold<S: Simd>(s: S, target: &Target, input: &mut [[S::F; 2]]) {
    let len = input.len();
    let mut at = (len - target.width / 2 % len) % len;
    for block in (0..target.width).step_by(WIDTH) {
        let re = s.columns(&target.cells[block..], 2 * target.width);
        let im = s.columns(&target.cells[block + target.width..], 2 * target.width);
        for i in 0..WIDTH {
            let cell = &mut input[at];
            *cell = [s.add(cell[0], re[i]), s.add(cell[1], im[i])];
            at = if at + 1 == len { 0 } else { at + 1 };
        }
    }
}

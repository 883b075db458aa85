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
    fn add<S: Simd>(&self, s: S, target: &mut Target, row: usize, [re, im]: [S::C; 2]) {
        let (cos, sin) = (s.splat_cells(self.cos.0[row]), s.splat_cells(self.sin.0[row]));
        let at = 2 * row * target.width + self.cell.0[row].to_bits() as usize - BEFORE;
        let cells = &mut target.cells[at..at + target.width + WIDTH];
        let (first, last) = (0..WIDTH, target.width..target.width + WIDTH);
        let old = [s.load_cells(&cells[first.clone()]), s.load_cells(&cells[last.clone()])];
        s.store_cells(s.fnma_cells(im, sin, s.fma_cells(re, cos, old[0])), &mut cells[first]);
        s.store_cells(s.fma_cells(im, cos, s.fma_cells(re, sin, old[1])), &mut cells[last]);
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
        for (lanes, kernel) in all.iter().zip(kernels.chunks_exact(D)) {
            add_point::<S, D>(s, target, lanes, kernel);
        }
    }
}

#[inline(always)]
fn add_point<S: Simd, const D: usize>(s: S, target: &mut Target, lanes: &Lanes, kernel: &[Line]) {
    let top = halves(s, &kernel[D - 1]);
    for pair in 0..S::LANES / 2 {
        let rows = [2 * pair, 2 * pair + 1];
        let place = [s.splat_cells(lanes.place.0[rows[0]]), s.splat_cells(lanes.place.0[rows[1]])];
        let mut sums = [top, top];
        for line in kernel[..D - 1].iter().rev() {
            let line = halves(s, line);
            for r in 0..2 {
                for i in 0..2 {
                    sums[r][i] = s.fma_cells(sums[r][i], place[r], line[i]);
                }
            }
        }
        for r in 0..2 {
            lanes.add(s, target, rows[r], sums[r]);
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
            let place = s.splat_cells(self.lanes.place.0[row]);
            let piece = (self.pieces.0[row].to_bits() & 0xff) as usize;
            let table = &bells.table[piece * stride..][..used];
            let mut sums = [s.splat_cells(0.0); 2];
            for (pair, terms) in table.chunks_exact(D).zip(self.terms.chunks_exact(2)) {
                let mut values = halves(s, &pair[D - 1]);
                for line in pair[..D - 1].iter().rev() {
                    let line = halves(s, line);
                    values = [s.fma_cells(values[0], place, line[0]), s.fma_cells(values[1], place, line[1])];
                }
                for i in 0..2 {
                    sums[i] = s.fma_cells(values[i], s.splat_cells(terms[i].0[row]), sums[i]);
                }
            }
            self.lanes.add(s, target, row, sums);
        }
    }
}

/// The real and the imaginary part of a line of a kernel.
#[inline(always)]
fn halves<S: Simd>(s: S, line: &Line) -> [S::C; 2] {
    [s.load_cells(&line.0[..WIDTH]), s.load_cells(&line.0[WIDTH..])]
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

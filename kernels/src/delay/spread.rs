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
struct Lanes {
    cos: Line,
    sin: Line,
    place: Line,
    cell: Line,
}

impl Lanes {
    #[inline(always)]
    fn new<S: Simd>(s: S, delays: &Delays, target: &Target, uvw: [S::D; 3], lmn: &[f64; 3]) -> Self {
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
        let empty = Line([0.0; 16]);
        let mut lanes = Self { cos: empty, sin: empty, place: empty, cell: empty };
        s.unpack(cos, &mut lanes.cos);
        s.unpack(sin, &mut lanes.sin);
        s.unpack(place, &mut lanes.place);
        s.unpack(cell, &mut lanes.cell);
        lanes
    }

    /// The piece of the cell, and the place within it.
    #[inline(always)]
    fn split<S: Simd>(&self, s: S) -> [S::F; 2] {
        let place = s.mul(s.pack(&self.place), s.splat(PIECES as f32));
        let piece = s.round(place);
        [s.add(piece, s.splat((PIECES / 2) as f32)), s.sub(place, piece)]
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
    for (position, kernel) in positions.iter().zip(kernels.chunks_exact(D)) {
        let lanes = Lanes::new(s, delays, target, uvw, &position.lmn);
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
    let count = bells.exponents.len();
    let stride = count / 2 * D;
    let mut terms = [Line([0.0; 16]); TERMS];
    let mut pieces = Line([0.0; 16]);
    for (position, flux) in positions.iter().zip(flux.chunks_exact(count)) {
        let [p, q] = &position.axes;
        let extent = s.squares(dot(s, uvw, p), dot(s, uvw, q));
        if !s.any_above(s.mul(extent, s.splat(-bells.least)), -EMPTY) {
            continue;
        }
        let mut lanes = Lanes::new(s, delays, target, uvw, &position.lmn);
        // Each piece of a cell has polynomials of its own.
        let [piece, place] = lanes.split(s);
        s.unpack(piece, &mut pieces);
        s.unpack(place, &mut lanes.place);
        let mut values = [s.splat(0.0); TERMS];
        for i in 0..count {
            let bell = exp2(s, s.mul(extent, s.splat(-bells.exponents[i])));
            values[i] = s.mul(bell, s.splat(flux[i]));
        }
        for (term, row) in terms.iter_mut().zip(&bells.matrix) {
            let mut sum = s.splat(0.0);
            for i in 0..count {
                sum = s.fma(values[i], s.splat(row[i]), sum);
            }
            s.unpack(sum, term);
        }
        for row in 0..S::LANES {
            let place = s.splat_cells(lanes.place.0[row]);
            let table = &bells.table[pieces.0[row] as usize * stride..][..stride];
            let mut sums = [s.splat_cells(0.0); 2];
            for (pair, terms) in table.chunks_exact(D).zip(terms.chunks_exact(2)) {
                let mut values = halves(s, &pair[D - 1]);
                for line in pair[..D - 1].iter().rev() {
                    let line = halves(s, line);
                    values = [s.fma_cells(values[0], place, line[0]), s.fma_cells(values[1], place, line[1])];
                }
                for i in 0..2 {
                    sums[i] = s.fma_cells(values[i], s.splat_cells(terms[i].0[row]), sums[i]);
                }
            }
            lanes.add(s, target, row, sums);
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

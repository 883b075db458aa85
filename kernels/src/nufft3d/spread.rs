//! Sources onto the image, and the kernel that does it.

use super::Patch;
use super::facet::{Frame, ORDERS};
use super::grid::TOGETHER;
use crate::delay::basis::{Basis, Domain, Response, WIDTH};
use crate::delay::solve::inverse;
use crate::simd::{Kernel, Line, Simd};

/// Terms in a vector of cells, with their real and imaginary parts.
pub const TERMS: usize = 4;
/// Powers of the polynomial that corrects for the kernel.
const POWERS: usize = 14;
/// How sources and baselines meet grids: the same kernel on both sides.
#[derive(Clone, Debug)]
pub struct Spreading {
    /// The cells of the kernel.
    pub width: usize,
    /// How much finer grids are than they need to be.
    pub oversampling: f64,
    /// The kernel: for each power of t, |t| ≤ ½, eight cells, twice.
    pub lines: Vec<Line>,
    /// 1/response in powers of 2x² − 1, x = 1 at the edge of what the kernel was made for.
    inverse: Vec<f64>,
}

impl Spreading {
    /// The kernels that are good enough for ε: narrow ones on fine grids, wide ones on coarse grids.
    pub fn for_epsilon(epsilon: f64) -> Vec<Self> {
        const OFFERED: [(usize, f64); 11] = [
            (4, 1.75),
            (4, 2.0),
            (4, 2.25),
            (6, 1.4),
            (6, 1.5),
            (6, 1.75),
            (6, 2.0),
            (8, 1.4),
            (8, 1.5),
            (8, 1.6),
            (8, 1.8),
        ];
        // Each of two transforms has two dimensions: together their errors stay below half of ε.
        let share = 0.15 * epsilon;
        let enough = |&(width, oversampling): &(usize, f64)| {
            let (kernel, error) = Self::new(width, oversampling);
            (error <= share).then_some(kernel)
        };
        let mut found: Vec<Self> = OFFERED.iter().filter_map(enough).collect();
        if found.is_empty() {
            found.push(Self::new(WIDTH, 2.0).0);
        }
        found
    }

    /// A kernel and its error.
    fn new(width: usize, oversampling: f64) -> (Self, f64) {
        let response = Response::of(width, oversampling);
        let domain = Domain { edge: 0.5 / oversampling, stretch: 1.0 };
        let basis = Basis::new(domain, &response, 1, width + 1);
        let line = |cells: &[f64; WIDTH]| Line(std::array::from_fn(|i| cells[i % WIDTH] as f32));
        let lines = basis.pieces[0].iter().map(line).collect();
        let inverse = interpolation(POWERS, |z| response.inverse(domain.edge * (0.5 * (1.0 + z)).sqrt()));
        (Self { width, oversampling, lines, inverse }, basis.errors[0])
    }

    /// 1/response at `turns` a cell.
    pub fn inverse(&self, turns: f64) -> f64 {
        let x = 2.0 * self.oversampling * turns;
        let z = 2.0 * x * x - 1.0;
        self.inverse.iter().rev().fold(0.0, |sum, c| sum * z + c)
    }

    /// The kernel at two places.
    #[inline(always)]
    pub fn two_at<S: Simd>(&self, s: S, t: [f32; 2]) -> [[f32; WIDTH]; 2] {
        let t = s.two(t[0], t[1]);
        let mut sum = s.load_two(&self.lines[self.lines.len() - 1].0);
        for line in self.lines[..self.lines.len() - 1].iter().rev() {
            sum = s.fma_two(sum, t, s.load_two(&line.0));
        }
        let mut both = [[0.0; WIDTH]; 2];
        s.store_two(sum, both.as_flattened_mut());
        both
    }
}

/// The polynomial of `powers` terms through a function at Chebyshev's nodes on [−1, 1], lowest power first.
pub fn interpolation(powers: usize, function: impl Fn(f64) -> f64) -> Vec<f64> {
    let angle = |i: usize| std::f64::consts::PI * (i as f64 + 0.5) / powers as f64;
    let nodes: Vec<f64> = (0..powers).map(|i| angle(i).cos()).collect();
    let rows: Vec<Vec<f64>> = nodes.iter().map(|z| (0..powers).map(|d| z.powi(d as i32)).collect()).collect();
    let values: Vec<f64> = nodes.iter().map(|&z| function(z)).collect();
    inverse(&rows).iter().map(|row| row.iter().zip(&values).map(|(a, b)| a * b).sum()).collect()
}

/// A source where it belongs.
#[derive(Clone, Copy)]
pub struct Placed {
    /// Cells of the image, from its first.
    pub at: [f64; 2],
    /// n, ±1 at the edges of the facet.
    pub n: f32,
    /// The correction for the kernel of the other side.
    pub factor: f32,
    pub source: u32,
}

/// Points that are placed together.
const LOT: usize = 8;

/// An axis of the image, as places need it.
#[derive(Clone, Copy)]
pub struct Ruler {
    /// Cells a unit of direction cosine.
    pub pitch: f64,
    /// Cells before the middle.
    pub half: f64,
    /// Twice the turns a cell at the edge of what the kernel was made for, a unit of direction cosine.
    pub edge: f64,
}

/// Puts points onto the image.
pub struct Locate<'a> {
    pub spreading: &'a Spreading,
    pub frame: &'a Frame,
    pub rulers: [Ruler; 2],
    /// What makes n ±1 at the edges of the facet.
    pub stretch: f64,
    /// Points of other rows of the image are left out.
    pub near: [f64; 2],
    /// Where all points are said to be: on the sphere and here, unless the radius is infinite.
    pub patch: Patch,
    /// Points as l, m, n − 1.
    pub places: &'a [[f64; 3]],
    /// Is appended to: `source` is the number of the point.
    pub placed: &'a mut Vec<Placed>,
    /// Whether all points are directions, and within the patch: set to false where they are not.
    pub sound: &'a mut bool,
}

impl Kernel for Locate<'_> {
    #[inline(always)]
    #[allow(clippy::needless_range_loop)] // closures would be compiled without the instructions of `S`
    fn run<S: Simd, const P: usize, const G: usize>(self, _: S) {
        // Directions are known to no more than rounding.
        const SLACK: f64 = 1e-12;
        let Self { frame, rulers: [along, across], near, patch, .. } = self;
        let most = (patch.radius + SLACK) * (patch.radius + SLACK);
        let most_off = if patch.radius.is_finite() { 1e3 * SLACK } else { f64::INFINITY };
        let powers = &self.spreading.inverse[..];
        let mut source = 0;
        for lot in self.places.chunks(LOT) {
            let (mut l, mut m, mut n) = ([0.0; LOT], [0.0; LOT], [0.0; LOT]);
            let (mut chords, mut off) = ([0.0_f64; LOT], [0.0_f64; LOT]);
            for i in 0..lot.len() {
                let [x, y, z] = lot[i];
                let [a, b, c] = [x - patch.lmn[0], y - patch.lmn[1], z - patch.lmn[2]];
                chords[i] = a * a + b * b + c * c;
                off[i] = x * x + y * y + z * z + 2.0 * z;
                [l[i], m[i], n[i]] = frame.place(lot[i]);
            }
            let (mut z, mut product) = ([[0.0; LOT]; 2], [1.0; LOT]);
            for i in 0..LOT {
                let [x, y] = [l[i] * along.edge, m[i] * across.edge];
                z[0][i] = 2.0 * x * x - 1.0;
                z[1][i] = 2.0 * y * y - 1.0;
            }
            for z in &z {
                let mut sum = [0.0; LOT];
                for power in powers.iter().rev() {
                    for i in 0..LOT {
                        sum[i] = sum[i] * z[i] + power;
                    }
                }
                for i in 0..LOT {
                    product[i] *= sum[i];
                }
            }
            for i in 0..lot.len() {
                // Also where they are no numbers.
                if !(chords[i] <= most && off[i].abs() <= most_off) {
                    *self.sound = false;
                    return;
                }
                let at = [l[i] * along.pitch + along.half, m[i] * across.pitch + across.half];
                if at[1] >= near[0] && at[1] < near[1] {
                    let (n, factor) = ((n[i] * self.stretch) as f32, product[i] as f32);
                    self.placed.push(Placed { at, n, factor, source: source + i as u32 });
                }
            }
            source += lot.len() as u32;
        }
    }
}

/// Adds sources to a band of the image.
pub struct Spread<'a> {
    pub spreading: &'a Spreading,
    pub terms: &'a [(usize, usize)],
    pub placed: &'a [Placed],
    /// The weights of their `components`.
    pub weights: &'a [f32],
    pub components: usize,
    /// The first row of the band.
    pub first: usize,
    pub columns: usize,
    pub band: &'a mut [f32],
}

impl Kernel for Spread<'_> {
    #[inline(always)]
    fn run<S: Simd, const P: usize, const G: usize>(self, s: S) {
        let Self { spreading, terms, first, columns, band, .. } = self;
        let width = spreading.width;
        let (start, end) = (first as isize, (first + band.len() / (columns * TOGETHER)) as isize);
        let highest = terms.iter().map(|t| t.0).max().unwrap_or(0);
        let mut chebyshev = [1.0_f32; ORDERS + 1];
        let weights = self.weights.chunks_exact(self.components);
        for (source, weights) in self.placed.iter().zip(weights) {
            // Closures (of `map`) would be compiled without the instructions of `S`.
            let floor = [source.at[0].floor(), source.at[1].floor()];
            let reach = 1 - width as isize / 2;
            let corner = [floor[0] as isize + reach, floor[1] as isize + reach];
            if corner[1] + width as isize <= start || corner[1] >= end {
                continue;
            }
            chebyshev[1] = source.n;
            for r in 2..=highest {
                chebyshev[r] = 2.0 * source.n * chebyshev[r - 1] - chebyshev[r - 2];
            }
            // Twice, for every other cell.
            let mut amplitudes = [0.0_f32; 2 * TOGETHER];
            for (i, &(order, component)) in terms.iter().enumerate() {
                let amplitude = source.factor * chebyshev[order] * weights[component];
                amplitudes[i] = amplitude;
                amplitudes[i + TOGETHER] = amplitude;
            }
            let amplitudes = s.load_two(&amplitudes);
            let within = [(source.at[0] - floor[0] - 0.5) as f32, (source.at[1] - floor[1] - 0.5) as f32];
            let [along, across] = spreading.two_at(s, within);
            let mut pairs = [s.two(0.0, 0.0); WIDTH / 2];
            for (pair, weights) in pairs.iter_mut().zip(along.chunks_exact(2)) {
                *pair = s.two(weights[0], weights[1]);
            }
            for (j, &weight) in across[..width].iter().enumerate() {
                let row = corner[1] + j as isize;
                if row < start || row >= end {
                    continue;
                }
                let scaled = s.fma_two(amplitudes, s.two(weight, weight), s.two(0.0, 0.0));
                let at = ((row - start) as usize * columns + corner[0] as usize) * TOGETHER;
                let cells = band[at..at + width * TOGETHER].chunks_exact_mut(2 * TOGETHER);
                for (cells, &pair) in cells.zip(&pairs) {
                    let sum = s.fma_two(scaled, pair, s.load_two(cells));
                    s.store_two(sum, cells);
                }
            }
        }
    }
}

//! The sky's transform on a grid of (u, v), one for every term of the expansions.

use super::facet::Facet;
use super::parallel::{each, locked};
use super::patches::{Held, Patch};
use super::plan::Slot;
use super::spread::{Locate, Placed, Ruler, Spread, Spreading, TERMS};
use crate::delay::fft::smooth;
use crate::simd::Token;
use crate::{KernelError, SimdLevel};
use num_complex::Complex32;
use rustfft::{Fft, FftPlanner, FftPlannerScalar};
use std::sync::{Arc, Mutex};

/// Terms transformed at a time: a vector of cells.
pub const TOGETHER: usize = 8;
/// Rows of the image that one task spreads sources on.
const BAND: usize = 64;
/// Rows of the image that are transformed together: their values lie side by side.
pub const BLOCK: usize = 8;
/// How far grids reach beyond what is on them: kernels are worst at the edge of what they are made for.
const GUARD: f64 = 1.04;
/// Values after the last: cells are read two vectors at a time.
pub const PADDING: usize = 8;
/// Columns of the image that sources are sorted by.
const TILE: usize = 64;

/// Seconds of one operation with AVX2: good enough to choose kernels.
mod seconds {
    /// A value of a transform, times the logarithm of how many.
    pub const FFT: f64 = 0.5e-9;
    /// A cell of a term of a source.
    pub const SPREAD: f64 = 0.3e-9;
    /// A cell of a term of a node.
    pub const GATHER: f64 = 0.12e-9;
    /// A byte touched first.
    pub const BYTE: f64 = 0.3e-9;
}

/// One axis of both grids.
#[derive(Clone, Copy, Debug)]
struct Axis {
    /// Values of the transform.
    len: usize,
    /// Cells of the image a unit of direction cosine.
    pitch: f64,
    /// Cells of the image on either side of its middle.
    half: usize,
    /// Cells of the transform on either side of its middle, without the reach of kernels.
    reach: usize,
}

impl Axis {
    /// For directions up to `half` and wavelengths up to `reach`.
    fn new(half: f64, reach: f64, spreading: &Spreading) -> Self {
        let (sigma, width) = (spreading.oversampling, spreading.width);
        // A single source or baseline needs a grid too.
        let (half, reach) = (GUARD * half.max(1e-9), GUARD * reach.max(1e-3));
        let pitch = 2.0 * sigma * reach;
        let image = (half * pitch).ceil() as usize + width / 2 + 1;
        let least = (width + 8) as f64 * sigma / (sigma - 1.0);
        let len = smooth((2.0 * sigma * half * pitch).max(least).max((2 * image + 2) as f64).ceil() as usize);
        let reach = (reach * len as f64 / pitch).ceil() as usize + 1;
        Self { len, pitch, half: image, reach }
    }

    /// Rows of the image.
    fn rows(&self) -> usize {
        2 * self.half + 2
    }

    /// Cells of the transform a wavelength.
    fn scale(&self) -> f64 {
        self.len as f64 / self.pitch
    }
}

/// How large the grids of a facet are.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    axes: [Axis; 2],
    margin: usize,
    terms: usize,
}

impl Size {
    /// The grids of a facet.
    pub fn new(facet: &Facet, spreading: &Spreading) -> Self {
        let axis = |i: usize| Axis::new(facet.half[i], facet.reach[i], spreading);
        Self {
            axes: [axis(0), axis(1)],
            margin: spreading.width / 2 + 1,
            terms: facet.terms.len().next_multiple_of(TERMS),
        }
    }

    fn columns(&self) -> usize {
        self.axes[0].reach + 1 + 2 * self.margin
    }

    fn rows(&self) -> usize {
        2 * (self.axes[1].reach + self.margin) + 1
    }

    /// An estimate of the seconds that one core takes to make the grid of so many sources.
    pub fn making(&self, width: usize, sources: usize) -> f64 {
        let fft = |series: usize, len: usize| (series * len) as f64 * (len as f64).log2() * seconds::FFT;
        let [u, v] = self.axes;
        let terms = self.terms as f64;
        terms * (0.5 * fft(v.rows(), u.len) + fft(self.columns(), v.len))
            + (width * width) as f64 * terms * sources as f64 * seconds::SPREAD
            + (self.kept() + self.passing(sources, 0, 1)) as f64 * seconds::BYTE
    }

    /// The same to read the grid at so many nodes.
    pub fn reading(&self, width: usize, nodes: f64) -> f64 {
        (width * width) as f64 * self.terms as f64 * nodes * seconds::GATHER
    }

    /// Bytes that are kept.
    pub fn kept(&self) -> usize {
        self.columns() * self.rows() * self.terms * 8
    }

    /// Bytes that are needed while the grid of so many sources and components is made by so many threads, besides those kept.
    pub fn passing(&self, sources: usize, components: usize, threads: usize) -> usize {
        let image = self.axes[0].rows() * BAND * threads * TOGETHER * 4;
        let half = (self.axes[0].reach + self.margin + 1) * self.axes[1].rows() * TOGETHER * 8;
        image + half + sources * (2 * size_of::<Placed>() + components * size_of::<f32>())
    }
}

/// The transform of a facet.
#[derive(Clone, Debug)]
pub struct Grid {
    /// Values: `[u][v][vector][re, im][four terms]`, and [`PADDING`].
    pub cells: Vec<f32>,
    /// Cells a wavelength.
    pub scale: [f64; 2],
    /// The cell of (0, 0).
    pub middle: [usize; 2],
    /// Cells of v.
    pub rows: usize,
    /// Terms, padding included.
    pub terms: usize,
    /// The longest |u| and |v| [wavelengths] on the grid.
    pub limit: [f64; 2],
}

/// What makes grids.
pub struct Maker<'a> {
    /// The instructions.
    pub level: SimdLevel,
    /// Proof of them.
    pub token: Token,
    /// Threads to use.
    pub threads: usize,
    /// The kernel.
    pub spreading: &'a Spreading,
    /// The sources, with the weights of their components.
    pub slot: &'a Slot<'a>,
}

/// The sources of a facet as its grid wants them.
enum Content<'a> {
    /// In the order of the image: where those of each [`BLOCK`] of rows start, the sources, and their weights.
    List { tiles: Vec<usize>, placed: Vec<Placed>, weights: Vec<f32> },
    /// Patches, with the first and the last row of the image of each.
    Patches { held: Held<'a>, rows: Vec<(u32, [f64; 2])> },
}

/// The working memory of a thread that spreads sources.
#[derive(Default)]
struct Desk {
    places: Vec<[f64; 3]>,
    spectra: Vec<f32>,
    placed: Vec<Placed>,
    weights: Vec<f32>,
}

impl Maker<'_> {
    /// The grid of a facet.
    ///
    /// # Errors
    /// Those of [`Held::read`], [`KernelError::OutOfRange`] for a patch with points farther away than it says, or on no sphere,
    /// [`KernelError::NotFinite`] for one with such flux densities.
    pub fn make(&self, facet: &Facet) -> Result<Grid, KernelError> {
        let fault: Mutex<Option<KernelError>> = Mutex::default();
        let size = Size::new(facet, self.spreading);
        let [u, v] = size.axes;
        let content = self.content(facet, &size);
        let (columns, rows) = (size.columns(), size.rows());
        // Zeros of the system's: pages are touched first by the threads that fill them.
        let values = columns * rows * 2 * size.terms;
        let mut cells = vec![0.0_f32; values + PADDING];
        let positive = u.reach + size.margin + 1;
        let block = positive * TOGETHER * BLOCK;
        let mut halfway = vec![0.0_f32; 2 * v.rows().div_ceil(BLOCK) * block];
        let halfway: &mut [Complex32] = bytemuck::cast_slice_mut(&mut halfway);
        let corrections = [&u, &v].map(|axis| {
            let inverse = |i: usize| self.spreading.inverse(i as f64 / axis.len as f64) as f32;
            (0..=axis.reach + size.margin).map(inverse).collect::<Vec<f32>>()
        });
        let width = u.rows() * TOGETHER;
        for (round, terms) in facet.terms.chunks(TOGETHER).enumerate() {
            let fft = self.plan(u.len);
            each(
                self.threads,
                halfway.chunks_mut(BAND / BLOCK * block).enumerate(),
                |_| (Buffer::new(&fft, BLOCK), vec![0.0_f32; BAND * width], Desk::default()),
                |(buffer, band, desk), (index, halfway)| {
                    let first = index * BAND;
                    let band = &mut band[..BAND.min(v.rows() - first) * width];
                    band.fill(0.0);
                    if let Err(error) = self.spread(facet, &size, &content, terms, first, band, desk) {
                        *locked(&fault) = Some(error);
                        return;
                    }
                    for (out, rows) in halfway.chunks_mut(block).zip(band.chunks(BLOCK * width)) {
                        for pair in 0..terms.len().div_ceil(2) {
                            for (r, row) in rows.chunks_exact(width).enumerate() {
                                buffer.fill(&u, row, r, pair);
                            }
                            buffer.transform();
                            buffer.separate(out, pair, positive);
                        }
                    }
                },
            );
            if let Some(error) = locked(&fault).take() {
                return Err(error);
            }
            let fft = self.plan(v.len);
            let tasks = cells[..values].chunks_mut(rows * 2 * size.terms).enumerate();
            each(
                self.threads,
                tasks,
                |_| Buffer::new(&fft, 1),
                |buffer, (i, out)| {
                    let mirrored = i < size.margin;
                    let at = i.abs_diff(size.margin);
                    for (t, &(order, _)) in terms.iter().enumerate() {
                        buffer.column(&v, halfway, block, (at * TOGETHER + t) * BLOCK, mirrored);
                        let place = round * TOGETHER + t;
                        buffer.write(&size, out, place, order, corrections[0][at], &corrections[1]);
                    }
                },
            );
        }
        Ok(Grid {
            cells,
            scale: [u.scale(), v.scale()],
            middle: [size.margin, v.reach + size.margin],
            rows,
            terms: size.terms,
            limit: [u.reach as f64 / u.scale(), v.reach as f64 / v.scale()],
        })
    }

    fn content(&self, facet: &Facet, size: &Size) -> Content<'_> {
        let v = size.axes[1];
        if let Some(held) = self.slot.held {
            let spots = self.slot.spots();
            let of_patch = |&s: &u32| {
                let middle = facet.frame.place(spots.places[s as usize])[1];
                let reach = facet.frame.reach(spots, s)[1];
                let row = |m: f64| m * v.pitch + v.half as f64;
                (s, [row(middle - reach), row(middle + reach)])
            };
            return Content::Patches { held, rows: facet.members.iter().map(of_patch).collect() };
        }
        let (tiles, placed) = self.place(facet, size);
        let components = &self.slot.components;
        let count = components.shapes.len();
        // In the order of the sources on the image: they are read many times.
        let of_source = |p: &Placed| &components.weights[p.source as usize * count..][..count];
        let weights = placed.iter().flat_map(of_source).copied().collect();
        Content::List { tiles, placed, weights }
    }

    /// Spreads all sources that are near a band of the image, the first of whose rows is `first`.
    #[allow(clippy::too_many_arguments)] // what is spread, onto what, and where
    fn spread(
        &self,
        facet: &Facet,
        size: &Size,
        content: &Content,
        terms: &[(usize, usize)],
        first: usize,
        band: &mut [f32],
        desk: &mut Desk,
    ) -> Result<(), KernelError> {
        let columns = size.axes[0].rows();
        let (width, last) = (self.spreading.width, first + band.len() / (columns * TOGETHER));
        let components = self.slot.components.shapes.len();
        let mut onto = |placed: &[Placed], weights: &[f32]| {
            let spreading = self.spreading;
            self.token.run(Spread { spreading, terms, placed, weights, components, first, columns, band });
        };
        match content {
            Content::List { tiles, placed, weights } => {
                let blocks = tiles.len() - 1;
                let from = (first.saturating_sub(width) / BLOCK).min(blocks);
                let to = ((last + width).div_ceil(BLOCK)).min(blocks);
                let near = tiles[from]..tiles[to];
                onto(&placed[near.clone()], &weights[near.start * components..near.end * components]);
            }
            Content::Patches { held, rows } => {
                let near = [first as f64 - width as f64, (last + width) as f64];
                let matrix = &self.slot.components.weights;
                for &(patch, _) in rows.iter().filter(|(_, [low, high])| *high >= near[0] && *low < near[1]) {
                    let Desk { places, spectra, placed, weights } = &mut *desk;
                    held.read(patch as usize, places, spectra)?;
                    placed.clear();
                    weights.clear();
                    let (index, said) = (patch as usize, held.patches.patches()[patch as usize]);
                    if !self.locate(facet, size, near, said, places, placed) {
                        return Err(KernelError::OutOfRange { what: "patches", index });
                    }
                    for one in &*placed {
                        let flux = &spectra[one.source as usize * held.samples..][..held.samples];
                        for of_component in matrix.chunks_exact(held.samples) {
                            let weight = of_component.iter().zip(flux).map(|(a, b)| a * b).sum::<f32>();
                            weights.push(weight);
                        }
                    }
                    if weights.iter().any(|weight| !weight.is_finite()) {
                        return Err(KernelError::NotFinite { what: "patches", index });
                    }
                    onto(placed, weights);
                }
            }
        }
        Ok(())
    }

    /// Puts points onto the image, those within the rows `near`: appends to `placed`. False where some are not where the patch says.
    fn locate(
        &self,
        facet: &Facet,
        size: &Size,
        near: [f64; 2],
        patch: Patch,
        places: &[[f64; 3]],
        placed: &mut Vec<Placed>,
    ) -> bool {
        let ruler = |axis: &Axis| Ruler {
            pitch: axis.pitch,
            half: axis.half as f64,
            edge: 2.0 * self.spreading.oversampling * axis.pitch / axis.len as f64,
        };
        let stretch = if facet.half[2] > 0.0 { 1.0 / facet.half[2] } else { 0.0 };
        let mut sound = true;
        self.token.run(Locate {
            spreading: self.spreading,
            frame: &facet.frame,
            rulers: [ruler(&size.axes[0]), ruler(&size.axes[1])],
            stretch,
            near,
            patch,
            places,
            placed,
            sound: &mut sound,
        });
        sound
    }

    fn plan(&self, len: usize) -> Arc<dyn Fft<f32>> {
        match self.level {
            SimdLevel::Portable => FftPlannerScalar::new().plan_fft_inverse(len),
            _ => FftPlanner::new().plan_fft_inverse(len),
        }
    }

    /// The sources in the order of the image: where those of each [`BLOCK`] of rows start, and the sources.
    fn place(&self, facet: &Facet, size: &Size) -> (Vec<usize>, Vec<Placed>) {
        let [u, v] = size.axes;
        let nowhere = Placed { at: [0.0; 2], n: 0.0, factor: 0.0, source: 0 };
        let mut placed = vec![nowhere; facet.members.len()];
        const PART: usize = 16_384;
        // Wherever they are: what they were checked for, they were checked for.
        let sky = Patch { lmn: [0.0; 3], radius: f64::INFINITY, points: 0 };
        each(
            self.threads,
            placed.chunks_mut(PART).zip(facet.members.chunks(PART)),
            |_| (Vec::new(), Vec::new()),
            |(places, found), (to, from)| {
                places.clear();
                found.clear();
                places.extend(from.iter().map(|&source| self.slot.places[source as usize]));
                self.locate(facet, size, [f64::NEG_INFINITY, f64::INFINITY], sky, places, found);
                for ((to, placed), &source) in to.iter_mut().zip(&*found).zip(from) {
                    *to = Placed { source, ..*placed };
                }
            },
        );
        // Sorted by counting: by blocks of rows, and within them by tiles of columns.
        let across = u.rows() / TILE + 1;
        let tile = |p: &Placed| p.at[1] as usize / BLOCK * across + p.at[0] as usize / TILE;
        let blocks = v.rows().div_ceil(BLOCK);
        let mut starts = vec![0_usize; blocks * across + 1];
        placed.iter().for_each(|p| starts[tile(p) + 1] += 1);
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let rows = (0..=blocks).map(|b| starts[b * across]).collect();
        let mut sorted = placed.clone();
        for p in &placed {
            let next = &mut starts[tile(p)];
            sorted[*next] = *p;
            *next += 1;
        }
        (rows, sorted)
    }
}

/// The working memory of transforms.
struct Buffer {
    fft: Arc<dyn Fft<f32>>,
    values: Vec<Complex32>,
    scratch: Vec<Complex32>,
}

impl Buffer {
    /// For `count` series at a time.
    fn new(fft: &Arc<dyn Fft<f32>>, count: usize) -> Self {
        Self {
            values: vec![Complex32::ZERO; count * fft.len()],
            scratch: vec![Complex32::ZERO; fft.get_inplace_scratch_len()],
            fft: fft.clone(),
        }
    }

    fn transform(&mut self) {
        self.fft.process_with_scratch(&mut self.values, &mut self.scratch);
    }

    /// Takes two terms of a row of the image, as the two parts of complex numbers.
    fn fill(&mut self, axis: &Axis, row: &[f32], series: usize, pair: usize) {
        let len = self.fft.len();
        let values = &mut self.values[series * len..][..len];
        let value = |cell: &[f32]| Complex32::new(cell[2 * pair], cell[2 * pair + 1]);
        let (before, after) = row.split_at(axis.half * TOGETHER);
        let (from, to) = (axis.rows() - axis.half, len - axis.half);
        values[from..to].fill(Complex32::ZERO);
        let cells = |half| <[f32]>::chunks_exact(half, TOGETHER).map(value);
        values[to..].iter_mut().zip(cells(before)).for_each(|(x, cell)| *x = cell);
        values[..from].iter_mut().zip(cells(after)).for_each(|(x, cell)| *x = cell);
    }

    /// The transforms of two terms of a block of rows: what the real parts gave is even under conjugation, the rest odd.
    fn separate(&self, out: &mut [Complex32], pair: usize, positive: usize) {
        let len = self.fft.len();
        for (u, out) in out.chunks_exact_mut(TOGETHER * BLOCK).enumerate().take(positive) {
            let (first, second) = out[2 * pair * BLOCK..][..2 * BLOCK].split_at_mut(BLOCK);
            let mirror = if u == 0 { 0 } else { len - u };
            let series = self.values.chunks_exact(len);
            for ((series, first), second) in series.zip(first).zip(second) {
                let (a, b) = (series[u], series[mirror].conj());
                let difference = (a - b) * 0.5;
                *first = (a + b) * 0.5;
                *second = Complex32::new(difference.im, -difference.re);
            }
        }
    }

    /// Transforms a column, of the mirror image of u if so.
    fn column(&mut self, axis: &Axis, halfway: &[Complex32], block: usize, at: usize, mirrored: bool) {
        let len = self.values.len();
        self.values[axis.rows() - axis.half..len - axis.half].fill(Complex32::ZERO);
        let mut to = len - axis.half;
        let mut left = axis.rows();
        for part in halfway.chunks_exact(block) {
            for x in part[at..at + BLOCK].iter().take(left) {
                self.values[to] = if mirrored { x.conj() } else { *x };
                to = if to + 1 == len { 0 } else { to + 1 };
            }
            left = left.saturating_sub(BLOCK);
        }
        self.fft.process_with_scratch(&mut self.values, &mut self.scratch);
    }

    /// Writes a column of a term, times iⁿ for its order n in w.
    fn write(&self, size: &Size, out: &mut [f32], term: usize, order: usize, across: f32, along: &[f32]) {
        let reach = size.axes[1].reach + size.margin;
        let place = term / TERMS * 2 * TERMS + term % TERMS;
        let (after, before) = self.values.split_at(reach + 1);
        let values = before[before.len() - reach..].iter().chain(after);
        let factors = along[1..=reach].iter().rev().chain(along);
        for ((cell, x), factor) in out.chunks_exact_mut(2 * size.terms).zip(values).zip(factors) {
            let x = x * (across * factor);
            let x = match order % 4 {
                0 => x,
                1 => Complex32::new(-x.im, x.re),
                2 => -x,
                _ => Complex32::new(x.im, -x.re),
            };
            cell[place] = x.re;
            cell[place + TERMS] = x.im;
        }
    }
}

//! The sum over very many points as a three-dimensional Fourier transform.
//!
//! Sources are spread onto an image, transformed, and the transform is read only at the coarse frequency nodes that the
//! delays of each row need; a few taps take the nodes to channels, as in [`DelayFft`]. What is not
//! flat about the sky and the array is expanded: a facet of the sky has a frame in which its baselines are nearly a plane,
//! what is left of w goes into Chebyshev polynomials of n times Bessel functions of w, and spectra are sums of their
//! principal components. The cost of a row does not depend on the number of sources.

mod facet;
mod grid;
mod input;
mod nodes;
mod parallel;
mod patches;
mod plan;
mod run;
mod spectra;
mod spread;

use crate::delay::EPSILON;
use crate::delay::cost;
use crate::plan::Plan as Rest;
use crate::simd::{Line, Token};
use crate::{DelayFft, DelayScratch, KernelError, Mix, Plane, SPEED_OF_LIGHT, SimdLevel};
use grid::Maker;
pub use input::NufftSky;
use nodes::Plan;
use num_complex::{Complex32, Complex64};
pub use patches::{Patch, Patches};
use plan::{Start, layer, others};
use run::{Job, key, lines};
use spectra::Scale;

/// Rows of Gaussians predicted at a time.
const REST: usize = 64;

/// How a [`Nufft3d`] is made.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct NufftOptions {
    /// The rms error of cross-correlations over their rms value that is promised, in [`EPSILON`].
    pub epsilon: f64,
    /// The most memory [bytes] that making and keeping the grids may take.
    pub memory: usize,
    /// The threads that make the grids.
    pub threads: usize,
}

impl NufftOptions {
    /// Options with the given ε, at most `memory` bytes and one thread.
    #[must_use]
    pub fn new(epsilon: f64, memory: usize) -> Self {
        Self { epsilon, memory, threads: 1 }
    }

    /// The same with so many threads.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        Self { threads: threads.max(1), ..self }
    }
}

/// What a [`Nufft3d`] would cost: estimates from counts of operations, to be compared with
/// [`DelayFft::seconds_per_row`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NufftCost {
    /// Seconds of one core to make the grids.
    pub set_up: f64,
    /// Seconds of one core for a row, on average, without the sources that go elsewhere.
    pub row: f64,
    /// The memory [bytes] that the grids take while they are made.
    pub bytes: usize,
    /// The facets that the sky is cut into.
    pub facets: usize,
    /// About how many sources go elsewhere: see [`Nufft3d::others`].
    pub others: usize,
}

/// Seconds of one core to find the components of a spectrum.
const SPECTRUM: f64 = 0.15e-6;

/// The instructions, if there are such and the options can be kept.
fn checked(level: SimdLevel, options: &NufftOptions) -> Result<Token, KernelError> {
    let token = Token::new(level)?;
    match EPSILON.contains(&options.epsilon) {
        true => Ok(token),
        false => Err(KernelError::Epsilon { epsilon: options.epsilon }),
    }
}

/// A plan for the sum by three-dimensional transforms.
///
/// It serves the baselines it was made for, and any that are no longer. Gaussians, and points whose spectra no short
/// series represents, go to a [`DelayFft`] within the same call.
#[derive(Clone, Debug)]
pub struct Nufft3d {
    level: SimdLevel,
    token: Token,
    options: NufftOptions,
    plan: Plan,
    others: Option<DelayFft>,
    bytes: usize,
}

/// The working memory of [`Nufft3d::predict`]: one for each thread, for the plan that made it.
#[derive(Clone, Debug)]
pub struct NufftScratch {
    lines: Vec<Line>,
    order: Vec<(u64, u32)>,
    others: Option<(DelayScratch, Vec<Complex32>)>,
}

impl Nufft3d {
    /// Makes a plan for baselines `uvw` [m]: checks the input, and makes the grids.
    ///
    /// `channels` are frequencies [Hz], positive, in any order and spacing. Several planes may share a Stokes parameter.
    ///
    /// # Errors
    /// [`KernelError`] for what [`DelayFft::new`] refuses, and [`KernelError::Memory`] if grids for these baselines and
    /// this sky do not fit into the memory allowed.
    pub fn new(
        level: SimdLevel,
        channels: &[f64],
        planes: &[Plane],
        mix: &Mix,
        uvw: &[[f64; 3]],
        options: &NufftOptions,
    ) -> Result<Self, KernelError> {
        Self::with_samples(level, channels, channels, planes, mix, uvw, options)
    }

    /// The same with the spectra of the planes given at `samples` [Hz] instead of the channels: a few frequencies hold smooth spectra,
    /// and those of millions of sources at every channel would not fit into memory. See [`Nufft3d::samples`].
    ///
    /// # Errors
    /// Those of [`Nufft3d::new`].
    pub fn with_samples(
        level: SimdLevel,
        channels: &[f64],
        samples: &[f64],
        planes: &[Plane],
        mix: &Mix,
        uvw: &[[f64; 3]],
        options: &NufftOptions,
    ) -> Result<Self, KernelError> {
        Self::of_sky(level, channels, &NufftSky { samples, planes, points: &[] }, mix, uvw, options)
    }

    /// The same of a sky that may have points without shapes, of which there may be millions.
    ///
    /// # Errors
    /// Those of [`Nufft3d::new`].
    pub fn of_sky(
        level: SimdLevel,
        channels: &[f64],
        sky: &NufftSky,
        mix: &Mix,
        uvw: &[[f64; 3]],
        options: &NufftOptions,
    ) -> Result<Self, KernelError> {
        checked(level, options)?;
        Self::of_start(level, channels, Start::new(channels, sky, uvw, options, 1)?, mix, options)
    }

    /// The same of points that patches hand out, one lot for each of some Stokes parameters, with flux densities at `samples`
    /// [Hz]. They need not be in memory together; their spectra are taken for as smooth as the samples show them.
    ///
    /// # Errors
    /// Those of [`Nufft3d::new`], and [`KernelError::OutOfRange`] for patches that are too large for the baselines.
    pub fn of_patches(
        level: SimdLevel,
        channels: &[f64],
        samples: &[f64],
        slots: &[(usize, &dyn Patches)],
        mix: &Mix,
        uvw: &[[f64; 3]],
        options: &NufftOptions,
    ) -> Result<Self, KernelError> {
        checked(level, options)?;
        let start = Start::of_patches(channels, samples, slots, uvw, options, 1)?;
        Self::of_start(level, channels, start, mix, options)
    }

    fn of_start(
        level: SimdLevel,
        channels: &[f64],
        mut start: Start,
        mix: &Mix,
        options: &NufftOptions,
    ) -> Result<Self, KernelError> {
        let token = Token::new(level)?;
        let empty: Vec<Plane> = start
            .slots
            .iter()
            .map(|slot| Plane { stokes: slot.stokes, sources: &[], spectra: &[] })
            .collect();
        let others = others(level, channels, mix, &start, options)?;
        let segments = std::mem::take(&mut start.segments);
        let classes = std::mem::take(&mut start.classes);
        let mut plan = Plan {
            nodes: classes.iter().map(|class| class.nodes.count).max().unwrap_or(0).next_multiple_of(2),
            classes,
            spreading: start.cut.spreading,
            slots: Vec::new(),
            rest: Rest::on(token.widths(), channels, &empty, mix, segments),
            radius: start.radius,
            middle: channels.iter().sum::<f64>() / channels.len() as f64 / SPEED_OF_LIGHT,
        };
        for (slot, facets) in start.slots.iter().zip(start.cut.facets) {
            let maker =
                Maker { level, token, threads: options.threads.max(1), spreading: &plan.spreading, slot };
            let layers = facets
                .iter()
                .map(|facet| {
                    Ok(layer(facet, maker.make(facet)?, &plan.classes, &slot.components, &start.scale))
                })
                .collect::<Result<_, KernelError>>()?;
            plan.slots.push(layers);
        }
        Ok(Self { level, token, options: *options, plan, others, bytes: start.cut.kept })
    }

    /// What a plan would cost, without making its grids. `sky` may be some of the sources, each of which stands for `each`,
    /// and `uvw` some of the baselines, the longest among them: thousands of either tell enough.
    ///
    /// # Errors
    /// Those of [`Nufft3d::new`]: memory that does not suffice among them.
    pub fn cost(
        level: SimdLevel,
        channels: &[f64],
        sky: &NufftSky,
        each: usize,
        mix: &Mix,
        uvw: &[[f64; 3]],
        options: &NufftOptions,
    ) -> Result<NufftCost, KernelError> {
        checked(level, options)?;
        let start = Start::new(channels, sky, uvw, options, each)?;
        let count = start.slots.iter().map(|slot| slot.places.len()).sum::<usize>();
        Ok(Self::told(level, channels, &start, count * each, each, mix, uvw.len()))
    }

    /// The same of patches, each of whose points stands for `each`.
    ///
    /// # Errors
    /// Those of [`Nufft3d::of_patches`]: memory that does not suffice among them.
    #[allow(clippy::too_many_arguments)] // those of `of_patches`, and one more
    pub fn cost_of_patches(
        level: SimdLevel,
        channels: &[f64],
        samples: &[f64],
        slots: &[(usize, &dyn Patches)],
        each: usize,
        mix: &Mix,
        uvw: &[[f64; 3]],
        options: &NufftOptions,
    ) -> Result<NufftCost, KernelError> {
        checked(level, options)?;
        let start = Start::of_patches(channels, samples, slots, uvw, options, each)?;
        let points = slots.iter().flat_map(|(_, patches)| patches.patches()).map(|patch| patch.points);
        let count = points.sum::<usize>() * each;
        Ok(Self::told(level, channels, &start, count, each, mix, uvw.len()))
    }

    /// What is known of a plan with so many sources before it is made.
    fn told(
        level: SimdLevel,
        channels: &[f64],
        start: &Start,
        count: usize,
        each: usize,
        mix: &Mix,
        rows: usize,
    ) -> NufftCost {
        let [making, reading] = start.cut.seconds;
        let taps = start.classes.first().map_or(0, |class| class.nodes.taps);
        NufftCost {
            set_up: (making + count as f64 * SPECTRUM) * cost::slowness(level),
            row: reading / rows.max(1) as f64 * cost::slowness(level)
                + cost::channels(channels.len(), start.slots.len(), mix.correlations(), taps, level),
            bytes: start.cut.kept + start.cut.passing,
            facets: start.cut.facets.iter().map(Vec::len).sum(),
            others: start.slots.iter().map(|slot| slot.others.len() * each).sum(),
        }
    }

    /// Frequencies [Hz] at which `count` samples hold the smooth spectra of a band best: Chebyshev's nodes, ascending.
    #[must_use]
    pub fn samples(channels: &[f64], count: usize) -> Vec<f64> {
        let scale = Scale::new(channels);
        let angle = |i: usize| std::f64::consts::PI * (i as f64 + 0.5) / count as f64;
        (0..count).map(|i| scale.frequency(-angle(i).cos())).collect()
    }

    /// The working memory for one thread.
    #[must_use]
    pub fn scratch(&self) -> NufftScratch {
        let width = self.channels() * self.correlations();
        let others = self.others.as_ref().map(|o| (o.scratch(), vec![Complex32::ZERO; REST * width]));
        NufftScratch { lines: vec![Line([0.0; 16]); lines(&self.plan)], order: Vec::new(), others }
    }

    /// The instructions the plan uses.
    #[must_use]
    pub fn level(&self) -> SimdLevel {
        self.level
    }

    /// The options the plan was made with.
    #[must_use]
    pub fn options(&self) -> NufftOptions {
        self.options
    }

    /// The number of channels.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.plan.rest.channels
    }

    /// The number of correlations.
    #[must_use]
    pub fn correlations(&self) -> usize {
        self.plan.rest.correlations
    }

    /// The number of sources that go to the [`DelayFft`] within: Gaussians, and points with rough spectra.
    #[must_use]
    pub fn others(&self) -> usize {
        self.others.as_ref().map_or(0, DelayFft::sources)
    }

    /// The number of facets, over all Stokes parameters.
    #[must_use]
    pub fn facets(&self) -> usize {
        self.plan.slots.iter().map(Vec::len).sum()
    }

    /// The memory [bytes] that the grids keep.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many nodes a row has, at a baseline [m].
    #[must_use]
    pub fn nodes(&self, uvw: [f64; 3]) -> usize {
        self.plan.classes[self.plan.class(uvw)].nodes.count
    }

    /// Predicts rows: `uvw` [m], one triple for each row; `out`, one slice for each row of shape
    /// `(channel, correlation)`, correlation fastest [Jy], overwritten. Rows are sorted by their places on the grids: calls of
    /// thousands of rows find more of them in the caches. Allocates only for more rows than any call before.
    ///
    /// # Errors
    /// [`KernelError`] for lengths that disagree, or a baseline that is not finite or longer than those the plan was made
    /// for; `out` is untouched then.
    pub fn predict(
        &self,
        uvw: &[[f64; 3]],
        out: &mut [&mut [Complex32]],
        scratch: &mut NufftScratch,
    ) -> Result<(), KernelError> {
        self.predict_along(uvw, &[], out, scratch)
    }

    /// The same with a further path [m] of all sources in every row: `exp(2πi ν/c path)` times what
    /// [`Nufft3d::predict`] gives. So one plan serves any number of phase centres: with R the rotation that takes (l, m, n)
    /// about the plan's to those about a row's own, the row's baseline is Rᵀ·(u, v, w), and its path is
    /// the new w minus the old.
    ///
    /// # Errors
    /// As [`Nufft3d::predict`]; paths are one a row, or none at all.
    pub fn predict_along(
        &self,
        uvw: &[[f64; 3]],
        paths: &[f64],
        out: &mut [&mut [Complex32]],
        scratch: &mut NufftScratch,
    ) -> Result<(), KernelError> {
        self.plan.rest.check_rows(uvw, out)?;
        let (expected, found) = (lines(&self.plan), scratch.lines.len());
        if expected != found {
            return Err(KernelError::Length { what: "scratch", expected, found });
        }
        if !paths.is_empty() && paths.len() != uvw.len() {
            return Err(KernelError::Length { what: "paths", expected: uvw.len(), found: paths.len() });
        }
        if let Some(index) = paths.iter().position(|path| !path.is_finite()) {
            return Err(KernelError::NotFinite { what: "paths", index });
        }
        if let Some(index) = paths.iter().position(|path| path.abs() > 2.0 * self.plan.rest.reach) {
            return Err(KernelError::OutOfRange { what: "paths", index });
        }
        if let Some(index) = uvw.iter().position(|&row| !self.reaches(row)) {
            return Err(KernelError::OutOfRange { what: "uvw", index });
        }
        scratch.order.clear();
        scratch.order.extend((0..).zip(uvw).map(|(i, &row)| (key(&self.plan, row), i)));
        scratch.order.sort_unstable();
        let (plan, order, lines) = (&self.plan, &scratch.order, &mut scratch.lines);
        self.token.run(Job { plan, uvw, paths, out, order, lines });
        let (Some(others), Some((scratch, buffer))) = (&self.others, &mut scratch.others) else {
            return Ok(());
        };
        let width = self.channels() * self.correlations();
        for (part, (uvw, out)) in uvw.chunks(REST).zip(out.chunks_mut(REST)).enumerate() {
            let mut rows: Vec<&mut [Complex32]> = buffer.chunks_mut(width).take(uvw.len()).collect();
            others.predict(uvw, &mut rows, scratch)?;
            for (i, (row, added)) in out.iter_mut().zip(rows).enumerate() {
                match paths.get(part * REST + i) {
                    None => row.iter_mut().zip(added).for_each(|(x, y)| *x += *y),
                    Some(&path) => self.add_along(path, row, added),
                }
            }
        }
        Ok(())
    }

    /// Adds a row along its path.
    fn add_along(&self, path: f64, row: &mut [Complex32], added: &[Complex32]) {
        let correlations = self.correlations();
        let cells = row.chunks_exact_mut(correlations).zip(added.chunks_exact(correlations));
        for ((to, from), half_turns) in cells.zip(&self.plan.rest.half_turns) {
            let turns = 0.5 * path * half_turns;
            let phasor = Complex64::cis(std::f64::consts::TAU * (turns - turns.round()));
            let phasor = Complex32::new(phasor.re as f32, phasor.im as f32);
            to.iter_mut().zip(from).for_each(|(x, y)| *x += *y * phasor);
        }
    }

    /// Whether the grids reach a baseline.
    fn reaches(&self, uvw: [f64; 3]) -> bool {
        let class = &self.plan.classes[self.plan.class(uvw)];
        self.plan.slots.iter().flatten().all(|layer| {
            let [u, v, w] = layer.frame.baseline(uvw).map(|x| x.abs() * class.top);
            u <= layer.grid.limit[0] && v <= layer.grid.limit[1] && w * layer.inverse <= 1.0 + 1e-6
        })
    }
}

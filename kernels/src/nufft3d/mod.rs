//! The sum over very many points as a three-dimensional Fourier transform.
//!
//! Sources are spread onto an image, transformed, and the transform is read only at the coarse frequency nodes that the
//! delays of each row need; a few taps take the nodes to channels, as in [`DelayFft`]. What is not
//! flat about the sky and the array is expanded: a facet of the sky has a frame in which its baselines are nearly a plane,
//! what is left of w goes into Chebyshev polynomials of n times Bessel functions of w, and spectra are sums of their
//! principal components. The cost of a row does not depend on the number of sources.

mod facet;
mod grid;
mod nodes;
mod parallel;
mod plan;
mod run;
mod spectra;
mod spread;

use crate::delay::EPSILON;
use crate::plan::{Plan as Rest, check, segments};
use crate::simd::{Line, Token};
use crate::{DelayFft, DelayScratch, KernelError, Mix, Plane, SPEED_OF_LIGHT, SimdLevel};
use grid::Maker;
use nodes::{Plan, classes, coarsest};
use num_complex::Complex32;
use plan::{Expansion, Slot, cut, layer, others, radius};
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
        let token = Token::new(level)?;
        if !EPSILON.contains(&options.epsilon) {
            return Err(KernelError::Epsilon { epsilon: options.epsilon });
        }
        check(samples, planes)?;
        check(channels, &[])?;
        if let Some(index) = uvw.iter().position(|row| row.iter().any(|x| !x.is_finite())) {
            return Err(KernelError::NotFinite { what: "uvw", index });
        }
        let stokes: Vec<usize> = (0..4).filter(|&i| planes.iter().any(|p| p.stokes == i)).collect();
        let all = segments(channels);
        let lens: Vec<usize> = all.iter().map(|segment| segment.len).collect();
        let empty: Vec<Plane> =
            stokes.iter().map(|&stokes| Plane { stokes, sources: &[], spectra: &[] }).collect();
        let classes = classes(channels, &lens, options.epsilon);
        let scale = Scale::new(channels);
        let y: Vec<f64> = samples.iter().map(|&f| scale.y(f)).collect();
        let every = samples == channels;
        let slots: Vec<Slot> =
            stokes.iter().map(|&stokes| Slot::new(&y, every, planes, stokes, options)).collect();
        let radius = radius(&slots);
        let mut nodes = 0;
        let mut top = Vec::with_capacity(uvw.len());
        for &row in uvw {
            let class = &classes[coarsest(&classes, radius, row)];
            nodes += class.nodes.count;
            top.push(class.top);
        }
        let cut = cut(&slots, uvw, &top, nodes as f64, options)?;
        let mut plan = Plan {
            nodes: classes.iter().map(|class| class.nodes.count).max().unwrap_or(0).next_multiple_of(2),
            classes,
            spreading: cut.spreading,
            slots: Vec::new(),
            rest: Rest::on(token.widths(), channels, &empty, mix, all),
            radius,
            middle: channels.iter().sum::<f64>() / channels.len() as f64 / SPEED_OF_LIGHT,
        };
        for (slot, facets) in slots.iter().zip(cut.facets) {
            let maker = Maker {
                level,
                token,
                threads: options.threads.max(1),
                spreading: &plan.spreading,
                places: &slot.places,
                weights: &slot.components.weights,
                components: slot.components.shapes.len(),
            };
            let layers = facets
                .iter()
                .map(|facet| layer(facet, maker.make(facet), &plan.classes, &slot.components, &scale))
                .collect();
            plan.slots.push(layers);
        }
        let expand = (!every).then(|| Expansion::new(&y, channels, &scale));
        let others = others(level, channels, expand.as_ref(), planes, mix, &slots, options)?;
        Ok(Self { level, token, options: *options, plan, others, bytes: cut.kept })
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
        self.plan.rest.check_rows(uvw, out)?;
        let (expected, found) = (lines(&self.plan), scratch.lines.len());
        if expected != found {
            return Err(KernelError::Length { what: "scratch", expected, found });
        }
        if let Some(index) = uvw.iter().position(|&row| !self.reaches(row)) {
            return Err(KernelError::OutOfRange { what: "uvw", index });
        }
        scratch.order.clear();
        scratch.order.extend((0..).zip(uvw).map(|(i, &row)| (key(&self.plan, row), i)));
        scratch.order.sort_unstable();
        let (plan, order, lines) = (&self.plan, &scratch.order, &mut scratch.lines);
        self.token.run(Job { plan, uvw, out, order, lines });
        let (Some(others), Some((scratch, buffer))) = (&self.others, &mut scratch.others) else {
            return Ok(());
        };
        let width = self.channels() * self.correlations();
        for (uvw, out) in uvw.chunks(REST).zip(out.chunks_mut(REST)) {
            let mut rows: Vec<&mut [Complex32]> = buffer.chunks_mut(width).take(uvw.len()).collect();
            others.predict(uvw, &mut rows, scratch)?;
            for (row, added) in out.iter_mut().zip(rows) {
                row.iter_mut().zip(added).for_each(|(x, y)| *x += *y);
            }
        }
        Ok(())
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

//! The sum over sources as a Fourier transform over delays.
//!
//! In one row the phase of a source is linear in frequency, with the delay τ = (u l + v m + w (n − 1))/c as slope. Each
//! source is spread over eight cells of a grid of delays, by a kernel that carries its spectrum; a short transform takes
//! the grid to coarse frequency nodes, and a few taps take the nodes to channels. The cost of a source in a row does not
//! depend on the number of channels.

pub(crate) mod band;
pub(crate) mod basis;
pub(crate) mod cost;
pub(crate) mod fft;
mod fitted;
mod memo;
mod plan;
pub(crate) mod run;
pub(crate) mod solve;
pub(crate) mod spectrum;
mod spread;
pub(crate) mod taps;

use crate::plan::{check, check_sources};
use crate::shaped::Shaped;
use crate::simd::{Line, Token};
use crate::{KernelError, Mix, Plane, SPEED_OF_LIGHT, SimdLevel, Source};
use memo::Memo;
use num_complex::Complex32;
use plan::DelayPlan;
use run::{Job, cells, lines};
use std::sync::Arc;

/// The range of [`DelayOptions::epsilon`].
pub const EPSILON: std::ops::RangeInclusive<f64> = 1e-6..=1e-2;

/// How a [`DelayFft`] is made.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct DelayOptions {
    /// The rms error of cross-correlations over their rms value that is promised, in [`EPSILON`].
    pub epsilon: f64,
}

impl DelayOptions {
    /// Options with the given ε.
    #[must_use]
    pub fn new(epsilon: f64) -> Self {
        Self { epsilon }
    }
}

/// A plan for the sum by transforms over delays.
///
/// Sources whose spectra no short series represents, channels too few for a grid, and unevenly spaced channels on
/// baselines too long for theirs go to the direct sum, within the same call.
#[derive(Clone, Debug)]
pub struct DelayFft {
    level: SimdLevel,
    token: Token,
    options: DelayOptions,
    plan: DelayPlan,
    shaped: Option<Shaped>,
}

/// The working memory of [`DelayFft::predict`]: one for each thread, for the plan that made it and its
/// [`with_sources`](DelayFft::with_sources) kin.
#[derive(Clone, Debug)]
pub struct DelayScratch {
    lines: Vec<Line>,
    cells: Vec<f32>,
}

impl DelayFft {
    /// Makes a plan: checks the input, fits spectra and kernels.
    ///
    /// `channels` are frequencies [Hz], positive, in any order and spacing. Several planes may share a Stokes parameter.
    ///
    /// # Errors
    /// [`KernelError`] for what [`Direct::new`](crate::Direct::new) refuses, or an ε outside of [`EPSILON`].
    pub fn new(
        level: SimdLevel,
        channels: &[f64],
        planes: &[Plane],
        mix: &Mix,
        options: &DelayOptions,
    ) -> Result<Self, KernelError> {
        let token = Token::new(level)?;
        if !EPSILON.contains(&options.epsilon) {
            return Err(KernelError::Epsilon { epsilon: options.epsilon });
        }
        Self::on(level, token, channels, planes, mix, options, Arc::default())
    }

    fn on(
        level: SimdLevel,
        token: Token,
        channels: &[f64],
        planes: &[Plane],
        mix: &Mix,
        options: &DelayOptions,
        memo: Arc<Memo>,
    ) -> Result<Self, KernelError> {
        check(channels, planes)?;
        let split = Shaped::split(channels, planes, mix);
        let plan = |planes: &[Plane]| {
            DelayPlan::new(token.widths(), channels, planes, mix, options.epsilon, Arc::clone(&memo))
        };
        let (plan, shaped) = match split {
            None => (plan(planes)?, None),
            Some(split) => (plan(&split.planes())?, Some(split.shaped)),
        };
        Ok(Self { level, token, options: *options, plan, shaped })
    }

    /// Another plan for the same `channels`, with other spectra, as through a beam that looks elsewhere: as good as
    /// [`DelayFft::new`], but what depends on the channels alone is taken from `self`.
    ///
    /// # Errors
    /// As [`DelayFft::new`].
    pub fn with_spectra(&self, channels: &[f64], planes: &[Plane], mix: &Mix) -> Result<Self, KernelError> {
        let memo = if self.plan.is_for(channels) { Arc::clone(&self.plan.memo) } else { Arc::default() };
        Self::on(self.level, self.token, channels, planes, mix, &self.options, memo)
    }

    /// The same spectra with the sources elsewhere (another phase centre): shares the kernels with `self`.
    ///
    /// `planes` are the new sources of each plane, in the order given to [`DelayFft::new`].
    ///
    /// # Errors
    /// [`KernelError`] for lengths that disagree, values that are not finite or out of range, or a source that changed
    /// from one kind of shape to another.
    pub fn with_sources(&self, planes: &[&[Source]]) -> Result<Self, KernelError> {
        let Some(shaped) = &self.shaped else {
            return Ok(Self { plan: self.plan.with_sources(planes)?, shaped: None, ..*self });
        };
        planes.iter().try_for_each(|sources| check_sources(sources))?;
        let (shaped, left) = shaped.with_sources(planes)?;
        let left: Vec<&[Source]> = left.iter().map(Vec::as_slice).collect();
        Ok(Self { plan: self.plan.with_sources(&left)?, shaped: Some(shaped), ..*self })
    }

    /// The working memory for one thread.
    #[must_use]
    pub fn scratch(&self) -> DelayScratch {
        DelayScratch { lines: vec![Line([0.0; 16]); lines(&self.plan)], cells: vec![0.0; cells(&self.plan)] }
    }

    /// The instructions the plan uses.
    #[must_use]
    pub fn level(&self) -> SimdLevel {
        self.level
    }

    /// The options the plan was made with.
    #[must_use]
    pub fn options(&self) -> DelayOptions {
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

    /// The number of sources, over all planes.
    #[must_use]
    pub fn sources(&self) -> usize {
        self.plan.slots.iter().map(|slot| slot.points.len() + slot.gaussians.len()).sum::<usize>()
            + self.plan.unfit.len()
            + self.shaped()
    }

    /// The number of disks, rings and shapelets, which have a direct sum of their own.
    #[must_use]
    pub fn shaped(&self) -> usize {
        self.shaped.as_ref().map_or(0, Shaped::sources)
    }

    /// The points and Gaussians that go to the direct sum, as (plane, place among them): their spectra are no short
    /// series.
    #[must_use]
    pub fn unfit(&self) -> &[(usize, usize)] {
        &self.plan.unfit
    }

    /// How many rows are summed at a time: a multiple of it wastes no lanes.
    #[must_use]
    pub fn row_group(&self) -> usize {
        self.plan.rest.widths.lanes
    }

    /// The longest delay [s] that a baseline [m] gives to any source on a grid.
    #[must_use]
    pub fn delay(&self, uvw: [f64; 3]) -> f64 {
        self.plan.reach(uvw) / SPEED_OF_LIGHT
    }

    /// An estimate of the seconds one core takes for a row, in a group of rows with delays of at most `delay` [s]: to be
    /// compared with [`Direct::seconds_per_row`](crate::Direct::seconds_per_row).
    #[must_use]
    pub fn seconds_per_row(&self, delay: f64) -> f64 {
        cost::delays(&self.plan, self.level, delay)
            + self.shaped.as_ref().map_or(0.0, Shaped::seconds_per_row)
    }

    /// Predicts rows: `uvw` [m], one triple for each row; `out`, one slice for each row of shape
    /// `(channel, correlation)`, correlation fastest [Jy], overwritten. Allocates nothing,
    /// but for disks, rings and shapelets.
    ///
    /// # Errors
    /// [`KernelError`] for lengths that disagree, or a baseline that is not finite or too long for the phases to mean
    /// anything; `out` is untouched then.
    pub fn predict(
        &self,
        uvw: &[[f64; 3]],
        out: &mut [&mut [Complex32]],
        scratch: &mut DelayScratch,
    ) -> Result<(), KernelError> {
        self.plan.rest.check_rows(uvw, out)?;
        let length = |expected, found| match expected == found {
            true => Ok(()),
            false => Err(KernelError::Length { what: "scratch", expected, found }),
        };
        length(lines(&self.plan), scratch.lines.len())?;
        length(cells(&self.plan), scratch.cells.len())?;
        self.token.run(Job {
            plan: &self.plan,
            uvw,
            out: &mut *out,
            lines: &mut scratch.lines,
            cells: &mut scratch.cells,
        });
        if let Some(shaped) = &self.shaped {
            shaped.add(uvw, out);
        }
        Ok(())
    }
}

//! The direct sum over sources.

use crate::plan::Plan;
use crate::simd::{Line, Token};
use crate::sum::{Job, lines};
use crate::{KernelError, Mix, Plane, SimdLevel, Source};
use num_complex::Complex32;

/// A plan for the direct sum.
#[derive(Clone, Debug)]
pub struct Direct {
    level: SimdLevel,
    token: Token,
    plan: Plan,
}

/// The working memory of [`Direct::predict`]: one for each thread, for the plan that made it and its
/// [`with_sources`](Direct::with_sources) kin.
#[derive(Clone, Debug)]
pub struct Scratch {
    lines: Vec<Line>,
}

impl Direct {
    /// Makes a plan: checks the input and arranges the spectra for the instruction set.
    ///
    /// `channels` are frequencies [Hz], positive, in any order and spacing. Several planes may share a Stokes parameter.
    ///
    /// # Errors
    /// [`KernelError`] for lengths that disagree, values that are not finite or out of range, a Stokes index above 3,
    /// no channels, or a level this processor lacks.
    pub fn new(level: SimdLevel, channels: &[f64], planes: &[Plane], mix: &Mix) -> Result<Self, KernelError> {
        let token = Token::new(level)?;
        let plan = Plan::new(token.widths(), channels, planes, mix)?;
        Ok(Self { level, token, plan })
    }

    /// The same spectra with the sources elsewhere (another phase centre): shares the spectra with `self`.
    ///
    /// `planes` are the new sources of each plane, in the order given to [`Direct::new`].
    ///
    /// # Errors
    /// [`KernelError`] for lengths that disagree, values that are not finite or out of range, or a source that changed
    /// between point and Gaussian.
    pub fn with_sources(&self, planes: &[&[Source]]) -> Result<Self, KernelError> {
        Ok(Self { level: self.level, token: self.token, plan: self.plan.with_sources(planes)? })
    }

    /// The working memory for one thread.
    #[must_use]
    pub fn scratch(&self) -> Scratch {
        Scratch { lines: vec![Line([0.0; 16]); lines(&self.plan)] }
    }

    /// The instructions the plan uses.
    #[must_use]
    pub fn level(&self) -> SimdLevel {
        self.level
    }

    /// The number of channels.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.plan.channels
    }

    /// The number of correlations.
    #[must_use]
    pub fn correlations(&self) -> usize {
        self.plan.correlations
    }

    /// The number of sources, over all planes.
    #[must_use]
    pub fn sources(&self) -> usize {
        self.plan.planes.iter().sum()
    }

    /// How many rows are summed at a time: a multiple of it wastes no lanes.
    #[must_use]
    pub fn row_group(&self) -> usize {
        self.plan.widths.lanes
    }

    /// An estimate of the seconds one core takes for a row: to be compared with
    /// [`DelayFft::seconds_per_row`](crate::DelayFft::seconds_per_row).
    #[must_use]
    pub fn seconds_per_row(&self) -> f64 {
        crate::delay::cost::direct(&self.plan, self.level)
    }

    /// Predicts rows: `uvw` [m], one triple for each row; `out`, one slice for each row of shape
    /// `(channel, correlation)`, correlation fastest [Jy], overwritten. Allocates nothing.
    ///
    /// # Errors
    /// [`KernelError`] for lengths that disagree, or a baseline that is not finite or too long for the phases to mean
    /// anything; `out` is untouched then.
    pub fn predict(
        &self,
        uvw: &[[f64; 3]],
        out: &mut [&mut [Complex32]],
        scratch: &mut Scratch,
    ) -> Result<(), KernelError> {
        self.plan.check_rows(uvw, out)?;
        let (expected, found) = (lines(&self.plan), scratch.lines.len());
        if expected != found {
            return Err(KernelError::Length { what: "scratch", expected, found });
        }
        self.token.run(Job { plan: &self.plan, uvw, out, lines: &mut scratch.lines });
        Ok(())
    }
}

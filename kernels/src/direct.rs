//! The direct sum over sources.

use crate::plan::{Plan, check, check_sources};
use crate::shaped::Shaped;
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
    shaped: Option<Shaped>,
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
        check(channels, planes)?;
        let split = Shaped::split(channels, planes, mix);
        let plan = |planes: &[Plane]| Plan::new(token.widths(), channels, planes, mix);
        Ok(match split {
            None => Self { level, token, plan: plan(planes)?, shaped: None },
            Some(split) => Self { level, token, plan: plan(&split.planes())?, shaped: Some(split.shaped) },
        })
    }

    /// The same spectra with the sources elsewhere (another phase centre): shares the spectra with `self`.
    ///
    /// `planes` are the new sources of each plane, in the order given to [`Direct::new`].
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
        self.plan.planes.iter().sum::<usize>() + self.shaped.as_ref().map_or(0, Shaped::sources)
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
        scratch: &mut Scratch,
    ) -> Result<(), KernelError> {
        self.plan.check_rows(uvw, out)?;
        let (expected, found) = (lines(&self.plan), scratch.lines.len());
        if expected != found {
            return Err(KernelError::Length { what: "scratch", expected, found });
        }
        self.token.run(Job { plan: &self.plan, uvw, out: &mut *out, lines: &mut scratch.lines });
        if let Some(shaped) = &self.shaped {
            shaped.add(uvw, out);
        }
        Ok(())
    }
}

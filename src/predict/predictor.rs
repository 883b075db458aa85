//! A kernel about one phase centre, averaged where that is asked for.

use std::sync::{Arc, Mutex};

use kernels::{Complex32, KernelError, NufftScratch};

use super::engine::{Kernel, KernelScratch};
use super::plan_cache::locked;
use super::smear::{Rule, rate};
use super::space::Turn;
use super::transform;

/// Rows that a thread predicts at a time.
const ROWS: usize = 48;

/// What sums the sources of a view.
pub(crate) enum Summer {
    /// A kernel of the view's own.
    Kernel(Kernel),
    /// A plan that other views may share.
    Transform(Turned),
}

/// A transform of the sky, for rows about another centre than its own.
pub(crate) struct Turned {
    /// The plans, one for each node of the average over channels, and which of them it is.
    pub(super) plans: Arc<Vec<transform::Node>>,
    pub(super) index: usize,
    pub(super) turn: Option<Turn>,
}

/// Working memory for a [`Summer`] and its kin.
pub(crate) enum SummerScratch {
    Kernel(KernelScratch),
    /// One for each run of channels, rows about the plans' centre, and their paths.
    Transform(Vec<NufftScratch>, Vec<[f64; 3]>, Vec<f64>),
}

impl Turned {
    fn scratch(&self) -> Vec<NufftScratch> {
        self.plans[self.index].plans.iter().map(|(_, plan)| plan.scratch()).collect()
    }

    fn predict(
        &self,
        uvw: &[[f64; 3]],
        paths: &[f64],
        out: &mut [&mut [Complex32]],
        scratch: &mut [NufftScratch],
    ) -> Result<(), KernelError> {
        match (&self.plans[self.index].plans[..], scratch) {
            ([(_, plan)], [scratch]) => plan.predict_along(uvw, paths, out, scratch),
            (plans, scratch) => {
                for ((channels, plan), scratch) in plans.iter().zip(scratch) {
                    let n = plan.correlations();
                    let cells = channels.start * n..channels.end * n;
                    let mut parts: Vec<&mut [Complex32]> =
                        out.iter_mut().map(|row| &mut row[cells.clone()]).collect();
                    plan.predict_along(uvw, paths, &mut parts, scratch)?;
                }
                Ok(())
            }
        }
    }
}

impl Summer {
    pub(super) fn scratch(&self) -> SummerScratch {
        match self {
            Summer::Kernel(kernel) => SummerScratch::Kernel(kernel.scratch()),
            Summer::Transform(turned) => SummerScratch::Transform(turned.scratch(), Vec::new(), Vec::new()),
        }
    }

    pub(super) fn predict(
        &self,
        uvw: &[[f64; 3]],
        out: &mut [&mut [Complex32]],
        scratch: &mut SummerScratch,
    ) -> Result<(), KernelError> {
        match (self, scratch) {
            (Summer::Kernel(kernel), SummerScratch::Kernel(scratch)) => kernel.predict(uvw, out, scratch),
            (Summer::Transform(turned), SummerScratch::Transform(scratch, rows, paths)) => {
                let Some(turn) = turned.turn else {
                    return turned.predict(uvw, &[], out, scratch);
                };
                rows.clear();
                paths.clear();
                for (row, path) in uvw.iter().map(|uvw| turn.apply(*uvw)) {
                    rows.push(row);
                    paths.push(path);
                }
                turned.predict(rows, paths, out, scratch)
            }
            // Working memory of another kind, which no predictor hands out.
            (summer, scratch) => {
                *scratch = summer.scratch();
                summer.predict(uvw, out, scratch)
            }
        }
    }
}

/// Kernels about one phase centre, with the working memory of the threads that use them.
pub(crate) struct Predictor {
    /// One for each node of the average over channels, with its weight.
    kernels: Vec<(f32, Summer)>,
    /// How the baselines turn [rad/s], and the average over an integration.
    turning: Option<([f64; 3], Rule)>,
    scratch: Mutex<Vec<SummerScratch>>,
}

impl Predictor {
    pub(crate) fn new(kernels: Vec<(f32, Summer)>, turning: Option<([f64; 3], Rule)>) -> Predictor {
        Predictor { kernels, turning, scratch: Mutex::default() }
    }

    /// How many rows a thread is to predict at a time.
    pub(crate) fn rows_at_a_time(&self) -> usize {
        match self.kernels.first() {
            Some((_, Summer::Transform(_))) => transform::ROWS,
            _ => ROWS,
        }
    }

    /// Predicts rows: see [`kernels::Direct::predict`]. `exposure` [s] has a value a row where integrations are
    /// averaged, and is empty elsewhere.
    pub(crate) fn predict(
        &self,
        uvw: &[[f64; 3]],
        exposure: &[f64],
        out: &mut [&mut [Complex32]],
    ) -> Result<(), KernelError> {
        let Some((_, first)) = self.kernels.first() else {
            return Err(KernelError::Empty { what: "channels" });
        };
        // Working memory goes round: new only where all is in use.
        let mut scratch = locked(&self.scratch).pop().unwrap_or_else(|| first.scratch());
        let result = match (&self.turning, self.kernels.len()) {
            (None, 1) => first.predict(uvw, out, &mut scratch),
            (None, _) => self.add(uvw, &[(0.0, 1.0)], |_, _| [0.0; 3], out, &mut scratch),
            (Some((rotation, rule)), _) => {
                let moved = |row: usize, node: f64| {
                    let time = node * exposure.get(row).copied().unwrap_or(0.0);
                    rate(*rotation, uvw[row]).map(|metres| time * metres)
                };
                self.add(uvw, rule.nodes(), moved, out, &mut scratch)
            }
        };
        locked(&self.scratch).push(scratch);
        result
    }

    /// Adds the predictions at all nodes, in time those of `times`, where the baselines have `moved`.
    fn add(
        &self,
        uvw: &[[f64; 3]],
        times: &[(f64, f64)],
        moved: impl Fn(usize, f64) -> [f64; 3],
        out: &mut [&mut [Complex32]],
        scratch: &mut SummerScratch,
    ) -> Result<(), KernelError> {
        let mut node = vec![Complex32::default(); out.iter().map(|row| row.len()).sum()];
        let mut there = uvw.to_vec();
        out.iter_mut().for_each(|row| row.fill(Complex32::default()));
        for (time, weight) in times {
            for (row, (there, uvw)) in there.iter_mut().zip(uvw).enumerate() {
                let by = moved(row, *time);
                *there = std::array::from_fn(|k| uvw[k] + by[k]);
            }
            for (of_channel, kernel) in &self.kernels {
                let mut rest = node.as_mut_slice();
                let mut rows: Vec<&mut [Complex32]> = Vec::with_capacity(out.len());
                for row in out.iter() {
                    let (this, tail) = rest.split_at_mut(row.len());
                    rows.push(this);
                    rest = tail;
                }
                kernel.predict(&there, &mut rows, scratch)?;
                let weight = of_channel * *weight as f32;
                for (sum, row) in out.iter_mut().zip(&rows) {
                    sum.iter_mut().zip(row.iter()).for_each(|(sum, value)| *sum += *value * weight);
                }
            }
        }
        Ok(())
    }
}

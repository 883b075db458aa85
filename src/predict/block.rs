//! A block of rows on its way: read, computed, written.

use std::collections::HashMap;

use kernels::Complex32;
use rayon::prelude::*;

use super::chain::moments;
use super::error::{PredictError, Result};
use super::job::Mode;
use super::plan::{Key, Plan};
use crate::ms::rows::is_finite;
use crate::ms::{CellShape, ColumnDigest, RowBlock, TileFile};

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// It is predicted.
    Predict,
    /// It keeps what it has.
    Keep,
    /// It is zero: not selected, in a new column.
    Zero,
}

/// Rows with their visibilities, row after row, each of its own shape (chan, corr).
///
/// They follow one another in the table, unless several spectral windows go together: the shape is that of the windows together
/// then, and each has its own row of the table.
#[derive(Default)]
pub(crate) struct Block {
    pub(crate) rows: RowBlock,
    /// The numbers of the rows of each window that goes together with others; empty where the rows follow one another.
    pub(crate) windows: Vec<Vec<u64>>,
    pub(crate) actions: Vec<Action>,
    pub(crate) shapes: Vec<CellShape>,
    /// What is to be written [Jy].
    pub(crate) data: Vec<Complex32>,
    /// What was there before [Jy], as long as `data` where it is needed, else empty.
    pub(crate) old: Vec<Complex32>,
    /// That of the rows predicted.
    pub(crate) digest: ColumnDigest,
}

/// A run of consecutive rows of one shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    /// Index of the first row in the block.
    pub(crate) first: usize,
    pub(crate) rows: usize,
    pub(crate) shape: CellShape,
    /// Index of the first visibility in `data`.
    pub(crate) offset: usize,
}

impl Run {
    /// The visibilities of the run.
    pub(crate) fn range(&self) -> std::ops::Range<usize> {
        self.offset..self.offset + self.rows * self.shape.len()
    }
}

/// Rows of one kernel: UVW [m], exposures [s] where integrations are averaged, and their visibilities.
#[derive(Default)]
struct Group<'d> {
    /// The rows, counted from the block's first.
    rows: Vec<usize>,
    uvw: Vec<[f64; 3]>,
    exposure: Vec<f64>,
    out: Vec<&'d mut [Complex32]>,
}

impl Block {
    /// The runs of rows of one shape for which `wanted` holds.
    pub(crate) fn runs(&self, wanted: impl Fn(Action) -> bool) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        let mut offset = 0;
        for (row, (action, shape)) in self.actions.iter().zip(&self.shapes).enumerate() {
            if wanted(*action) {
                match runs.last_mut() {
                    Some(run) if run.first + run.rows == row && run.shape == *shape => run.rows += 1,
                    _ => runs.push(Run { first: row, rows: 1, shape: *shape, offset }),
                }
            }
            offset += shape.len();
        }
        runs
    }

    /// The number of visibilities.
    pub(crate) fn visibilities(&self) -> usize {
        self.shapes.iter().map(|shape| shape.len()).sum()
    }

    /// Whether any row gets a new value.
    pub(crate) fn changes(&self) -> bool {
        self.actions.iter().any(|action| *action != Action::Keep)
    }

    /// Writes the block, all of one shape, into the column's tile file; `data` is used up.
    pub(crate) fn write(&mut self, tiles: &TileFile) -> Result<()> {
        if !self.changes() {
            return Ok(());
        }
        let written = if self.windows.is_empty() {
            tiles.write(self.rows.start, &mut self.data)
        } else {
            self.scatter(tiles)
        };
        written.map_err(|source| PredictError::TileFile {
            path: tiles.path().to_path_buf(),
            operation: "write",
            source,
        })
    }

    /// Writes each window's part of the rows to its own rows.
    fn scatter(&mut self, tiles: &TileFile) -> std::io::Result<()> {
        let Some(shape) = self.shapes.first() else { return Ok(()) };
        let cell = shape.len() / self.windows.len();
        let mut rows = Vec::with_capacity(self.actions.len() * self.windows.len());
        for (window, numbers) in self.windows.iter().enumerate() {
            let changed = (0..self.actions.len()).filter(|i| self.actions[*i] != Action::Keep);
            rows.extend(changed.map(|i| (numbers[i], i * shape.len() + window * cell)));
        }
        tiles.write_apart(&mut rows, &mut self.data)
    }

    /// The row of the table, and the first channel, of a window of row `i`; of its only one where windows are on their own.
    pub(crate) fn place(&self, i: usize, window: usize) -> (u64, usize) {
        match self.windows.get(window) {
            Some(numbers) => (numbers[i], window * self.shapes[i].channels / self.windows.len()),
            None => (self.rows.start + i as u64, 0),
        }
    }

    /// Predicts the rows and combines them with what was there.
    pub(crate) fn compute(&mut self, plan: &Plan, mode: Mode) -> Result<()> {
        self.predict(plan)?;
        for other in plan.beside() {
            let sum = std::mem::take(&mut self.data);
            self.predict(other)?;
            let part = std::mem::replace(&mut self.data, sum);
            for run in self.runs(|action| action == Action::Predict) {
                let range = run.range();
                self.data[range.clone()].iter_mut().zip(&part[range]).for_each(|(sum, value)| *sum += value);
            }
        }
        if mode != Mode::Replace {
            self.combine(mode);
        }
        self.keep_channels(plan);
        self.digest = self.digest_of_predicted();
        Ok(())
    }

    /// Fills in what a plan predicts; the others keep what they have, or are zero.
    fn predict(&mut self, plan: &Plan) -> Result<()> {
        // Every visibility is overwritten below: only the length matters.
        self.data.resize(self.visibilities(), Complex32::default());
        let mut groups: HashMap<Key, Group> = HashMap::new();
        let mut rest = self.data.as_mut_slice();
        let mut taken = 0;
        for (i, (action, shape)) in self.actions.iter().zip(&self.shapes).enumerate() {
            let (row, tail) = rest.split_at_mut(shape.len());
            rest = tail;
            let before = taken;
            taken += shape.len();
            match action {
                Action::Keep if self.old.is_empty() => {}
                Action::Keep => row.copy_from_slice(&self.old[before..taken]),
                Action::Zero => row.fill(Complex32::default()),
                // A row without a baseline has no visibility; the run warns of it.
                Action::Predict if !is_finite(&self.rows.uvw[i]) => row.fill(Complex32::default()),
                Action::Predict => {
                    let key = plan.key(&self.rows, i);
                    let group = groups.entry(key).or_default();
                    group.rows.push(i);
                    group.uvw.push(self.rows.uvw[i]);
                    group.exposure.extend(self.rows.exposure.get(i));
                    group.out.push(match plan.part(self.rows.data_desc[i]) {
                        Some(part) => &mut row[shape.of_channels(part)],
                        None => row,
                    });
                }
            }
        }
        let predicted: Vec<usize> = groups.values().flat_map(|group| group.rows.iter().copied()).collect();
        let rows = &self.rows;
        let matrices = plan.matrices(predicted.into_iter().flat_map(|i| moments(rows, i)))?;
        groups.into_par_iter().try_for_each(|(key, mut group)| {
            let predictor = plan.predictor(key)?;
            let at_a_time = predictor.rows_at_a_time();
            let parts = group.uvw.par_chunks(at_a_time).zip(group.out.par_chunks_mut(at_a_time));
            parts
                .enumerate()
                .try_for_each(|(part, (uvw, out))| {
                    let exposure = group.exposure.get(part * at_a_time..).unwrap_or_default();
                    let (Some(matrices), Some(receptors)) = (&matrices, plan.receptors(key.data_desc)) else {
                        return predictor.predict(uvw, exposure, out);
                    };
                    let width = 4 * receptors.frequencies.len();
                    let mut stokes = vec![Complex32::default(); uvw.len() * width];
                    predictor.predict(uvw, exposure, &mut stokes.chunks_mut(width).collect::<Vec<_>>())?;
                    let numbers = &group.rows[part * at_a_time..];
                    for ((row, stokes), out) in numbers.iter().zip(stokes.chunks(width)).zip(out) {
                        let [one, two] = moments(rows, *row);
                        matrices.apply([&one, &two], &receptors, stokes, out);
                    }
                    Ok(())
                })
                .map_err(|source| plan.kernel_error(key.data_desc, source))
        })
    }

    /// Gives the channels of predicted rows that nobody asked for what they had, or zero.
    fn keep_channels(&mut self, plan: &Plan) {
        let mut before = 0;
        for ((action, shape), data_desc) in self.actions.iter().zip(&self.shapes).zip(&self.rows.data_desc) {
            let row = before..before + shape.len();
            before = row.end;
            let Some(part) = plan.part(*data_desc).filter(|_| *action == Action::Predict) else { continue };
            let part = shape.of_channels(part);
            for kept in [row.start..row.start + part.start, row.start + part.end..row.end] {
                match self.old.get(kept.clone()) {
                    Some(old) => self.data[kept].copy_from_slice(old),
                    None => self.data[kept].fill(Complex32::default()),
                }
            }
        }
    }

    fn digest_of_predicted(&self) -> ColumnDigest {
        let mut digest = ColumnDigest::default();
        let windows = self.windows.len().max(1);
        for run in self.runs(|action| action == Action::Predict) {
            let rows = self.data[run.range()].chunks_exact(run.shape.len().max(1));
            for (i, data) in (run.first..).zip(rows) {
                for (window, data) in data.chunks_exact((data.len() / windows).max(1)).enumerate() {
                    digest.add(self.place(i, window).0, data);
                }
            }
        }
        digest
    }

    /// Adds the model to, or subtracts it from, what was there.
    fn combine(&mut self, mode: Mode) {
        if self.old.is_empty() {
            // A new column: what was there is zero.
            if mode == Mode::Subtract {
                self.data.iter_mut().for_each(|value| *value = -*value);
            }
            return;
        }
        for run in self.runs(|action| action == Action::Predict) {
            let range = run.range();
            for (value, old) in self.data[range.clone()].iter_mut().zip(&self.old[range]) {
                *value = if mode == Mode::Add { old + *value } else { old - *value };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_end_where_shape_or_action_changes() {
        let wide = CellShape { channels: 4, correlations: 2 };
        let narrow = CellShape { channels: 1, correlations: 2 };
        let block = Block {
            actions: vec![Action::Predict, Action::Predict, Action::Keep, Action::Predict, Action::Predict],
            shapes: vec![wide, wide, wide, wide, narrow],
            ..Block::default()
        };
        let runs = block.runs(|action| action != Action::Keep);
        assert_eq!(
            runs,
            [
                Run { first: 0, rows: 2, shape: wide, offset: 0 },
                Run { first: 3, rows: 1, shape: wide, offset: 24 },
                Run { first: 4, rows: 1, shape: narrow, offset: 32 },
            ]
        );
        assert_eq!(runs[2].range(), 32..34);
    }
}

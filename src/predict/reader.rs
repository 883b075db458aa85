//! The rows of the table, read ahead and handed out by blocks.

use std::collections::HashSet;

use kernels::Complex32;
use ndarray::ArrayViewMut3;

use super::block::{Action, Block};
use super::error::{PredictError, Result};
use super::job::Mode;
use super::joint::Bundle;
use super::pipeline::Pipeline;
use super::plan::Key;
use crate::ms::{CellShape, RowBlock, RowList};

/// Rows whose UVW and ids are read at a time.
const READ_AHEAD_ROWS: usize = 1 << 15;

/// Kernels announced that are remembered: enough for those in use.
const MOST_ANNOUNCED: usize = 1 << 14;

/// Reads the rows ahead and hands them out by blocks.
pub(super) struct Reader<'p, 'a, 't> {
    pipeline: &'p Pipeline<'a, 't>,
    ahead: RowBlock,
    /// The next row of those.
    next: usize,
    /// The rows of those before this one have their kernels announced.
    looked: usize,
    announced: HashSet<Key>,
    place: Place,
}

/// Where the rows read ahead begin, and end.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    /// The bundle, where there are any.
    bundle: usize,
    /// Rows of the table, or of the bundle's first member.
    start: u64,
    end: u64,
}

impl<'p, 'a, 't> Reader<'p, 'a, 't> {
    pub(super) fn new(pipeline: &'p Pipeline<'a, 't>) -> Reader<'p, 'a, 't> {
        let (ahead, announced) = (RowBlock::default(), HashSet::new());
        let (start, end) = (pipeline.rows.start, pipeline.rows.start);
        let place =
            if pipeline.bundles.is_empty() { Place { start, end, bundle: 0 } } else { Place::default() };
        Reader { pipeline, ahead, next: 0, looked: 0, announced, place }
    }

    /// The kernels, not announced before, of the rows in as many blocks to come as go round.
    pub(super) fn upcoming(&mut self) -> Vec<Key> {
        let pipeline = self.pipeline;
        let end = (self.next + pipeline.blocks.rows * pipeline.blocks.count).min(self.ahead.len());
        let mut keys = Vec::new();
        if self.announced.len() > MOST_ANNOUNCED {
            self.announced.clear();
        }
        let most = pipeline.plan.ahead();
        self.looked = self.looked.max(self.next);
        while self.looked < end && keys.len() < most {
            let i = self.looked;
            self.looked += 1;
            let row = self.ahead.start + i as u64;
            if pipeline.selection.has(row, self.ahead.field[i], self.ahead.data_desc[i]) {
                let key = pipeline.plan.key(&self.ahead, i);
                if self.announced.insert(key) {
                    keys.push(key);
                }
            }
        }
        keys
    }

    /// Fills `block` with the next rows; false at the end.
    pub(super) fn fill(&mut self, block: &mut Block) -> Result<bool> {
        let pipeline = self.pipeline;
        if self.next >= self.ahead.len() {
            let more = if pipeline.bundles.is_empty() { self.read_on()? } else { self.read_bundle()? };
            if !more {
                return Ok(false);
            }
            (self.next, self.looked) = (0, 0);
        }
        let from = self.next;
        self.next = (from + pipeline.blocks.rows).min(self.ahead.len());
        if let Some(before) =
            pipeline.resume_at.checked_sub(self.place.start + from as u64).filter(|n| *n > 0)
        {
            // Up to where blocks begin to be written.
            self.next = self.next.min(from + before as usize);
        }
        block.rows = self.ahead.part(from..self.next);
        block.actions.clear();
        block.shapes.clear();
        block.windows.clear();
        let bundle = pipeline.bundles.get(self.place.bundle);
        for (i, (field, data_desc)) in block.rows.field.iter().zip(&block.rows.data_desc).enumerate() {
            let selected = pipeline.selection.has(block.rows.start + i as u64, *field, *data_desc);
            block.actions.push(match (selected, pipeline.new_column) {
                (true, _) => Action::Predict,
                (false, true) => Action::Zero,
                (false, false) => Action::Keep,
            });
            // Every DATA_DESC_ID of the table has its shape here; none is a row that nobody writes.
            let one = || pipeline.selection.shapes.get(data_desc).copied();
            let shape = bundle.map(Bundle::shape).or_else(one);
            block.shapes.push(shape.unwrap_or(CellShape { channels: 0, correlations: 0 }));
        }
        if let Some(bundle) = bundle {
            let places = self.place.start + from as u64..self.place.start + self.next as u64;
            let numbers = |list: &RowList| list.numbers(places.clone()).collect();
            let lists = bundle.data_descs.iter().filter_map(|id| pipeline.survey.sequences.get(id));
            block.windows.extend(lists.map(|sequence| numbers(&sequence.rows)));
        }
        self.read_old(block)?;
        Ok(true)
    }

    /// Reads the next rows of the table; false at the end.
    fn read_on(&mut self) -> Result<bool> {
        let pipeline = self.pipeline;
        let total = pipeline.rows.end;
        if self.place.end >= total {
            return Ok(false);
        }
        let size = pipeline.blocks.rows;
        let start = self.place.end;
        let end = (start + ((READ_AHEAD_ROWS / size).max(1) * size) as u64).min(total);
        self.place = Place { start, end, ..self.place };
        self.ahead = self.read(start, end)?;
        Ok(true)
    }

    /// Reads the next rows of the bundle's first member, or of the next bundle's; false at the end.
    fn read_bundle(&mut self) -> Result<bool> {
        let pipeline = self.pipeline;
        while let Some(bundle) = pipeline.bundles.get(self.place.bundle) {
            let list = pipeline.survey.sequences.get(&bundle.data_descs[0]).map(|sequence| &sequence.rows);
            let mut numbers = list.map(|list| list.numbers(self.place.end..list.len())).into_iter().flatten();
            let Some(first) = numbers.next() else {
                self.place = Place { bundle: self.place.bundle + 1, start: 0, end: 0 };
                continue;
            };
            // The rows of others lie in between: what is read is bounded, not what of it is taken.
            let mut indices = vec![0];
            let near = numbers.map(|row| (row - first) as usize).take_while(|index| *index < READ_AHEAD_ROWS);
            indices.extend(near);
            let last = indices[indices.len() - 1] as u64;
            let start = self.place.end;
            self.place = Place { start, end: start + indices.len() as u64, ..self.place };
            let rows = self.read(first, first + last + 1)?;
            self.ahead = if rows.len() == indices.len() { rows } else { rows.pick(&indices) };
            return Ok(true);
        }
        Ok(false)
    }

    /// Rows of the table, from memory where they are there.
    fn read(&self, start: u64, end: u64) -> Result<RowBlock> {
        let pipeline = self.pipeline;
        Ok(match &pipeline.survey.kept {
            Some(all) => all.part(start as usize..end as usize),
            None => RowBlock::read(pipeline.ms, start..end, pipeline.plan.needs_exposure())?,
        })
    }

    /// Reads what the rows hold, where it is needed.
    fn read_old(&self, block: &mut Block) -> Result<()> {
        let pipeline = self.pipeline;
        block.old.clear();
        if pipeline.new_column || !block.windows.is_empty() || block.rows.start < pipeline.resume_at {
            return Ok(());
        }
        let combines = pipeline.mode != Mode::Replace || pipeline.keeps_channels();
        let kept = block.actions.contains(&Action::Keep);
        let all_kept = kept && block.actions.iter().all(|action| *action == Action::Keep);
        if all_kept || !(combines || (kept && pipeline.column.is_fixed())) {
            return Ok(());
        }
        block.old.resize(block.visibilities(), Complex32::default());
        let start = block.rows.start;
        if let Some(tiles) = pipeline.tiles {
            // casacore must not see the column before the end: what it reads it would keep.
            return tiles.read(start, &mut block.old).map_err(|source| PredictError::TileFile {
                path: tiles.path().to_path_buf(),
                operation: "read",
                source,
            });
        }
        for run in block.runs(|action| pipeline.writes(action)) {
            let mut first = run.first;
            let mut offset = run.offset;
            // Cells that never had a value count as zero.
            while first < run.first + run.rows {
                let mut rows = 0;
                while first + rows < run.first + run.rows
                    && pipeline.column.has_cell(start + (first + rows) as u64)?
                {
                    rows += 1;
                }
                let length = rows * run.shape.len();
                if rows > 0
                    && let Ok(view) = ArrayViewMut3::from_shape(
                        (rows, run.shape.channels, run.shape.correlations),
                        &mut block.old[offset..offset + length],
                    )
                {
                    pipeline.column.read(start + first as u64, view)?;
                }
                // Past the run of values, and past the one cell that ended it.
                first += rows + 1;
                offset += length + run.shape.len();
            }
        }
        Ok(())
    }
}

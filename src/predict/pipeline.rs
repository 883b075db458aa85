//! Read, compute, write, all at once: the calling thread owns casacore and reads ahead; the compute threads
//! fill blocks that go round. Where the column's tile file is known exactly they write them, too; elsewhere the
//! calling thread does, through casacore and in the order of the rows.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use casacore::Table;
use ndarray::ArrayView3;
use rayon::ThreadPool;

use super::block::{Action, Block};
use super::check::Check;
use super::durable::Durable;
use super::error::{PredictError, Result};
use super::job::Mode;
use super::joint::Bundles;
use super::plan::{Key, Plan};
use super::reader::Reader;
use super::run::Observer;
use crate::ms::{CellShape, ColumnFiles, ModelColumn, Observation, RowSurvey, TileFile};

/// Bytes of a block: large enough to write quickly, small enough to stay in the caches.
const BLOCK_BYTES: usize = 1 << 20;

/// Which rows are predicted.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowSelection {
    /// The (FIELD_ID, DATA_DESC_ID) pairs.
    pub(crate) used: BTreeSet<(i32, i32)>,
    /// The shapes of all rows, selected or not, by DATA_DESC_ID.
    pub(crate) shapes: BTreeMap<i32, CellShape>,
    /// The rows of the table among which they are.
    pub(crate) rows: Range<u64>,
    /// The channels that are predicted, by DATA_DESC_ID, where those are not all of a row.
    pub(crate) channels: BTreeMap<i32, Range<usize>>,
}

impl RowSelection {
    /// Whether a row of the table is predicted.
    pub(crate) fn has(&self, row: u64, field: i32, data_desc: i32) -> bool {
        self.rows.contains(&row) && self.used.contains(&(field, data_desc))
    }
}

/// How the rows are cut into blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Blocks {
    /// Rows in a block: whole tiles where the memory allows.
    pub(crate) rows: usize,
    /// Blocks that go round.
    pub(crate) count: usize,
}

impl Blocks {
    /// Cuts rows of up to `row_bytes` in tiles of `tile_rows` for `threads`, within `memory` bytes; of about `wanted_rows`
    /// where the engine wants so many at a time.
    pub(crate) fn new(
        row_bytes: usize,
        tile_rows: usize,
        threads: usize,
        memory: usize,
        keeps_old: bool,
        wanted_rows: Option<usize>,
    ) -> Blocks {
        // What was there before takes as much again.
        let row_bytes = row_bytes.max(1) * if keeps_old { 2 } else { 1 };
        let wanted = threads + 4;
        // Four blocks keep reader, two threads and writer apart even where memory is short.
        let most = (memory / 4 / row_bytes).max(1);
        let target = wanted_rows.unwrap_or(BLOCK_BYTES / row_bytes).clamp(1, most);
        let rows = if tile_rows <= most { (target / tile_rows).max(1) * tile_rows } else { target };
        Blocks { rows, count: (memory / (rows * row_bytes)).clamp(2, wanted) }
    }
}

/// What the pipeline did.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Outcome {
    /// Rows that passed, predicted or not.
    pub(crate) rows: u64,
    /// Rows predicted and written.
    pub(crate) predicted: u64,
    /// Bytes written to the column.
    pub(crate) bytes: u64,
    /// Time the I/O thread read.
    pub(crate) read: Duration,
    /// Time the compute threads computed, summed.
    pub(crate) compute: Duration,
    /// Time spent writing: the I/O thread's, or that of the compute threads, summed.
    pub(crate) write: Duration,
    /// Whether the user stopped it.
    pub(crate) interrupted: bool,
}

/// A block that was computed, and where there is a tile file also written.
struct Computed {
    block: Block,
    result: Result<()>,
    compute: Duration,
    write: Duration,
}

/// What the compute threads are given.
struct Tasks<'s> {
    /// A block to predict, and where it goes then.
    start: &'s dyn Fn(Block, Sender<Computed>),
    /// A kernel to make.
    prepare: &'s dyn Fn(Key),
}

/// The parts of a run that the pipeline joins.
pub(crate) struct Pipeline<'a, 't> {
    pub(crate) ms: &'a Table,
    pub(crate) observation: &'a Observation,
    pub(crate) survey: &'a RowSurvey,
    pub(crate) column: &'a ModelColumn<'t>,
    /// The column's file, where blocks can be written without casacore.
    pub(crate) tiles: Option<&'a TileFile>,
    pub(crate) plan: &'a Plan<'a>,
    /// What is predicted together: rows are visited in its order then, and written to the tile file.
    pub(crate) bundles: &'a Bundles,
    pub(crate) selection: &'a RowSelection,
    pub(crate) mode: Mode,
    /// Whether the column was made by this run: what was there is zero.
    pub(crate) new_column: bool,
    pub(crate) blocks: Blocks,
    /// The rows before this one are done already.
    pub(crate) resume_at: u64,
    /// The rows that the plan is for, and those beside them that nobody asked for.
    pub(crate) rows: Range<u64>,
}

impl Pipeline<'_, '_> {
    /// Predicts every selected row of its own into the column; counts in what was done before.
    pub(crate) fn run(
        &self,
        pool: &ThreadPool,
        check: &mut Check,
        files: &mut ColumnFiles,
        durable: &mut Durable,
        outcome: &mut Outcome,
        observer: &mut dyn Observer,
    ) -> Result<()> {
        let (done, computed) = channel::<Computed>();
        // The compute threads see the plan and nothing of casacore, whose tables cannot leave this thread.
        let (plan, mode, tiles) = (self.plan, self.mode, self.tiles);
        pool.in_place_scope(|scope| {
            let start = |mut block: Block, done: Sender<Computed>| {
                scope.spawn(move |_| {
                    let (mut compute, mut write) = (Duration::ZERO, Duration::ZERO);
                    let result = catch_unwind(AssertUnwindSafe(|| {
                        let begun = Instant::now();
                        block.compute(plan, mode)?;
                        compute = begun.elapsed();
                        if let Some(tiles) = tiles {
                            block.write(tiles)?;
                            write = begun.elapsed() - compute;
                        }
                        Ok(())
                    }))
                    .unwrap_or_else(|panic| Err(PredictError::Thread(panic_text(&*panic))));
                    // The receiver is gone only where the run has failed already.
                    let _ = done.send(Computed { block, result, compute, write });
                });
            };
            // What goes wrong here goes wrong again, and is told, where the rows come.
            let prepare = |key: Key| {
                scope.spawn(move |_| {
                    let _ = catch_unwind(AssertUnwindSafe(|| plan.predictor(key)));
                });
            };
            let tasks = Tasks { start: &start, prepare: &prepare };
            self.drive(&tasks, (done, &computed), check, files, durable, outcome, observer)
        })
    }

    #[allow(clippy::too_many_arguments, reason = "the books that a run keeps, each for itself")]
    fn drive(
        &self,
        tasks: &Tasks,
        (done, computed): (Sender<Computed>, &Receiver<Computed>),
        check: &mut Check,
        files: &mut ColumnFiles,
        durable: &mut Durable,
        outcome: &mut Outcome,
        observer: &mut dyn Observer,
    ) -> Result<()> {
        if !self.bundles.is_empty() {
            // Those that nobody asked for are not even visited.
            outcome.rows = self.observation.rows - self.bundles.rows(self.survey);
        }
        let mut reader = Reader::new(self);
        let mut free: Vec<Block> = Vec::new();
        free.resize_with(self.blocks.count, Block::default);
        let mut computing = 0;
        let mut waiting: BTreeMap<u64, Block> = BTreeMap::new();
        let mut next_write = self.resume_at.max(self.rows.start);
        loop {
            outcome.interrupted |= observer.cancelled();
            while !outcome.interrupted
                && let Some(mut block) = free.pop()
            {
                let begun = Instant::now();
                let more = reader.fill(&mut block)?;
                outcome.read += begun.elapsed();
                if !more {
                    free.push(block);
                    break;
                }
                check.visit(self.plan, &block);
                if block.rows.start < self.resume_at {
                    outcome.rows += block.rows.len() as u64;
                    free.push(block);
                    continue;
                }
                computing += 1;
                (tasks.start)(block, done.clone());
                // Kernels are made while the blocks before theirs are computed, so that no thread waits for another.
                reader.upcoming().into_iter().for_each(tasks.prepare);
            }
            if computing == 0 {
                break;
            }
            // Every started block answers, even one whose thread panicked.
            let Ok(Computed { block, result, compute, write }) = computed.recv() else {
                return Err(PredictError::Thread("the compute threads are gone".into()));
            };
            computing -= 1;
            outcome.compute += compute;
            outcome.write += write;
            result?;
            if self.tiles.is_some() {
                self.count(&block, outcome, observer);
                durable.add(&block);
                durable.note_if_due()?;
                free.push(block);
                continue;
            }
            waiting.insert(block.rows.start, block);
            while let Some(block) = waiting.remove(&next_write) {
                next_write = block.rows.start + block.rows.len() as u64;
                let begun = Instant::now();
                self.write(&block)?;
                let before = outcome.bytes;
                self.count(&block, outcome, observer);
                files.wrote(outcome.bytes - before);
                durable.add(&block);
                durable.note_if_due()?;
                outcome.write += begun.elapsed();
                free.push(block);
            }
        }
        outcome.interrupted &= outcome.rows < self.observation.rows;
        Ok(())
    }

    /// Rows of a variable shape are written one selection at a time; those of a fixed shape as whole
    /// blocks, with what the others had.
    pub(super) fn writes(&self, action: Action) -> bool {
        action != Action::Keep || self.column.is_fixed()
    }

    /// Writes a block through casacore.
    fn write(&self, block: &Block) -> Result<()> {
        if !block.changes() {
            return Ok(());
        }
        for run in block.runs(|action| self.writes(action)) {
            let shape = (run.rows, run.shape.channels, run.shape.correlations);
            if let Ok(view) = ArrayView3::from_shape(shape, &block.data[run.range()]) {
                self.column.write(block.rows.start + run.first as u64, view)?;
            }
        }
        Ok(())
    }

    /// Whether rows that are predicted keep some of what they hold.
    pub(super) fn keeps_channels(&self) -> bool {
        !self.selection.channels.is_empty()
    }

    /// Counts a block that is written.
    fn count(&self, block: &Block, outcome: &mut Outcome, observer: &mut dyn Observer) {
        let windows = block.windows.len().max(1) as u64;
        outcome.rows += block.rows.len() as u64 * windows;
        if block.changes() {
            let written = block.runs(|action| self.writes(action));
            outcome.bytes += written.iter().map(|run| (run.rows * run.shape.bytes()) as u64).sum::<u64>();
        }
        let predicted = block.actions.iter().filter(|action| **action == Action::Predict).count();
        outcome.predicted += predicted as u64 * windows;
        observer.progress(outcome.rows, self.observation.rows, outcome.bytes);
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_whole_tiles_within_the_memory() {
        let blocks = Blocks::new(768 * 16, 80, 2, 512 << 20, false, None);
        assert_eq!(blocks, Blocks { rows: 80, count: 6 });
        // Four blocks of one tile do not fit: tiles are cut.
        let short = Blocks::new(768 * 16, 80, 2, 2 << 20, false, None);
        assert!(short.rows < 80 && short.rows * short.count * 768 * 16 <= 2 << 20, "{short:?}");
        // Tiles larger than a block make larger blocks while the memory lasts.
        assert_eq!(Blocks::new(64, 1 << 16, 2, 512 << 20, false, None).rows, 1 << 16);
        // Rows that the engine wants, within the same memory.
        let wanted = Blocks::new(768 * 16, 80, 2, 512 << 20, false, Some(1024));
        assert_eq!(wanted, Blocks { rows: 960, count: 6 });
        let short = Blocks::new(768 * 16, 80, 2, 16 << 20, false, Some(1024));
        assert!(short.rows < 400 && short.rows * short.count * 768 * 16 <= 16 << 20, "{short:?}");
    }
}

//! The writing of a run: from the mark before the first value to the mark after the last.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use num_complex::Complex64;

use super::beforehand::{keeps_every_bit, prepare_column, provenance};
use super::check::{Check, Tally};
use super::durable::{Done, Durable};
use super::ending::{SUBTABLE_WAIT, disk_error, finish, mark, sync_tiles, tell_state, write_history};
use super::error::{PredictError, Result};
use super::job::Mode;
use super::joint::Bundles;
use super::pipeline::{Outcome, Pipeline};
use super::plan::Plan;
use super::planner::{Drawn, Planner, Ready};
use super::report::Report;
use super::resume::{Start, fingerprint, start};
use super::run::Observer;
use super::scene::Scene;
use super::scope::check_room;
use super::tiles;
use crate::ms::reserve::Reserve;
use crate::ms::{ColumnFiles, ModelColumn, ModelState, Provenance, TileFile};
use crate::stall::doing;

/// What the column's keywords tell of a run.
struct Record {
    provenance: Provenance,
    /// Whether the column gives back what it was given, so that a digest can be told.
    lossless: bool,
}

impl Record {
    /// Once so much is done.
    fn at(&self, done: &Done) -> Provenance {
        Provenance {
            rows: done.rows as i64,
            predicted: done.predicted as i64,
            xxh3: if self.lossless { done.digest.hex() } else { String::new() },
            ..self.provenance.clone()
        }
    }
}

/// A column that is marked incomplete and being written.
pub(super) struct Writing<'w> {
    planner: &'w Planner<'w>,
    column: ModelColumn<'w>,
    record: Record,
    /// What an earlier run has done.
    begin: Done,
    /// Room that nobody else may fill meanwhile, for casacore would abort the process at the end.
    reserve: Reserve,
    /// The column's file, where the compute threads write it themselves.
    tiles: Option<TileFile>,
    files: ColumnFiles,
}

/// What became of the rows.
pub(super) struct Written<'p> {
    outcome: Outcome,
    /// What is done without a gap, and in all.
    done: Done,
    all: Done,
    /// The last plan, with what is to be checked of it; and of those before, with what is expected there.
    plan: Plan<'p>,
    check: Check,
    checks: Vec<(Vec<Complex64>, Check)>,
}

impl<'w> Writing<'w> {
    /// Makes the column where it is missing, and marks it; none where a run that is to be resumed is complete already.
    pub(super) fn begin(
        planner: &'w Planner<'w>,
        mut column: ModelColumn<'w>,
        report: &mut Report,
        observer: &mut dyn Observer,
    ) -> Result<Option<Writing<'w>>> {
        let Scene { table, observation, rows, selection, virtual_model } = planner.scene;
        let options = &planner.job.options;
        let job = fingerprint(options, report, selection);
        let state = ModelState::read(table, column.name())?;
        let begin = match start(table.path(), options, &state, &job, planner.around.follows)? {
            Start::After(done) => done,
            Start::Instead(other) => {
                let name = &options.column;
                report
                    .warn(observer, format!("column {name} holds another run, {other}: it is written anew"));
                Done::default()
            }
            Start::Whole => {
                let name = &options.column;
                report
                    .warn(observer, format!("column {name} is complete already: nothing is left to resume"));
                (report.resumed_rows, report.complete) = (report.rows, true);
                return Ok(None);
            }
        };
        report.resumed_rows = begin.rows;
        let partial = planner.scene.is_partial();
        let provenance = Provenance {
            job,
            pairs: if partial { selection.used.clone() } else { BTreeSet::new() },
            row_range: (selection.rows != (0..observation.rows))
                .then_some([selection.rows.start as i64, selection.rows.end as i64]),
            ..provenance(report, options)
        };
        let record = Record { provenance, lossless: keeps_every_bit(&column) };
        check_room(table, &column, &rows.all, selection)?;
        tell_state(format!(
            "nothing of the model was written; nvss-predict status tells whether column {} is marked incomplete",
            options.column
        ));
        prepare_column(table, &mut column, observation, selection, &record.at(&begin))?;
        let reserve = Reserve::take(table.path())?;
        tell_state(match options.mode {
            Mode::Replace => {
                format!("column {} is marked incomplete: run again to repair it", options.column)
            }
            Mode::Add | Mode::Subtract => format!(
                "column {} is marked incomplete, some rows changed and some not: write it anew with --mode replace",
                options.column
            ),
        });
        if options.delmod && virtual_model.exists() {
            virtual_model.remove(table, options.lock_timeout.min(SUBTABLE_WAIT))?;
            report.virtual_model_removed = true;
        }
        let drops = options.page_cache.drops(report.plan.bytes);
        let tiles = tiles::open(table, &column, selection, options, drops);
        report.plan.writer = if tiles.is_some() { "tile file" } else { "casacore" }.into();
        let files = ColumnFiles::new(table, &options.column, drops);
        Ok(Some(Writing { planner, column, record, begin, reserve, tiles, files }))
    }

    /// Whether casacore writes the rows, in their order.
    pub(super) fn is_in_order(&self) -> bool {
        self.tiles.is_none()
    }

    /// Predicts all rows, until the end or an interruption.
    pub(super) fn write<'p>(
        &mut self,
        bundles: &'p Bundles,
        drawn: Drawn<'p>,
        observer: &mut dyn Observer,
    ) -> Result<Written<'p>>
    where
        'w: 'p,
    {
        let Writing { planner, column, record, begin, reserve, tiles, files } = self;
        let planner: &'p Planner = planner;
        let Scene { table, observation, rows, selection, .. } = planner.scene;
        let options = &planner.job.options;
        let data_files = if tiles.is_some() { table.files_of_column(column.name())? } else { Vec::new() };
        let of_column = ColumnFiles::new(table, &options.column, false);
        let mut note = |done: &Done| -> Result<()> {
            let _doing = doing("while noting how far the run is in", table.path());
            if tiles.is_some() {
                of_column.fsync().map_err(|source| disk_error(table, "fsync", source))?;
            } else {
                table.fsync()?;
            }
            reserve.lend(|| {
                ModelState::write(table, column.name(), &record.at(done), false)?;
                Ok(table.fsync_without(&data_files)?)
            })
        };
        let mut durable = Durable::new(*begin, &mut note);
        let Drawn { first: Ready { mut plan, mut blocks, mut check }, skies, .. } = drawn;
        let (mut outcome, mut checks) = (Outcome::default(), Vec::new());
        for (stretch, told) in rows.stretches.iter().zip(&skies) {
            if stretch.interval > 0 {
                checks.push((check.expected(&plan)?, check));
                drop(plan);
                Ready { plan, blocks, check } = planner.next(stretch, bundles, told)?;
            }
            let pipeline = Pipeline {
                ms: table,
                observation,
                survey: &rows.all,
                column,
                tiles: tiles.as_ref(),
                plan: &plan,
                bundles,
                selection,
                mode: options.mode,
                new_column: planner.new_column,
                blocks,
                resume_at: begin.rows,
                rows: stretch.visited.clone(),
            };
            let pool = planner.around.pool;
            pipeline.run(pool, &mut check, files, &mut durable, &mut outcome, observer)?;
            if outcome.interrupted {
                break;
            }
        }
        Ok(Written { outcome, done: durable.done(), all: durable.all(), plan, check, checks })
    }

    /// Waits for the disk, checks what is there, and marks the column by it.
    pub(super) fn end(
        self,
        written: Written,
        report: &mut Report,
        observer: &mut dyn Observer,
    ) -> Result<()> {
        let options = &self.planner.job.options;
        let table = self.planner.scene.table;
        let clock = Instant::now();
        if written.outcome.interrupted {
            // The rows are noted once they are on the disk.
            table.fsync()?;
            self.reserve.give();
            mark(table, &self.column, &self.record.at(&written.done), false)?;
        }
        let expected = self.sync(&written)?;
        report.seconds.sync = clock.elapsed().as_secs_f64();
        report.outcome(&written.outcome);
        report.rows_predicted += self.begin.predicted;
        if written.outcome.interrupted {
            return Err(self.interrupted(report.rows_predicted));
        }
        let clock = Instant::now();
        let mut tally = Tally::default();
        for (expected, check) in written.checks.iter().chain([&(expected, written.check)]) {
            check.compare(expected, &self.column, options.mode, &mut tally)?;
        }
        report.check = tally.result();
        report.seconds.check = clock.elapsed().as_secs_f64();
        let settled: Vec<PathBuf> = self.tiles.iter().map(|tiles| tiles.path().to_path_buf()).collect();
        let provenance = self.record.at(&written.all);
        self.reserve.give();
        finish(table, &self.column, &settled, &provenance, report, options)?;
        self.files.settled();
        if let Err(error) = write_history(table, &provenance, report, options) {
            report.warn(observer, format!("no HISTORY row was written: {error}"));
        }
        Ok(())
    }

    /// Has the disk confirm the rows; meanwhile sums up what should be there by the last plan.
    fn sync(&self, written: &Written) -> Result<Vec<Complex64>> {
        let table = self.planner.scene.table;
        let _doing = doing("while bringing to the disk", table.path());
        let interrupted = written.outcome.interrupted;
        let mut expected = Ok(Vec::new());
        self.planner.around.pool.in_place_scope(|scope| {
            if !interrupted {
                scope.spawn(|_| expected = written.check.expected(&written.plan));
            }
            match &self.tiles {
                // Nothing else has changed since the column was marked: every other fsync would be for nothing.
                Some(tiles) if !interrupted => sync_tiles(table, tiles, &self.files),
                _ => Ok(table.fsync()?),
            }
        })?;
        expected
    }

    /// What is told of a run that did not come to its end.
    fn interrupted(&self, rows: u64) -> PredictError {
        let options = &self.planner.job.options;
        PredictError::Interrupted {
            state: format!(
                "{rows} of {} rows are written and column {} is marked incomplete; {}",
                self.planner.scene.predicted(),
                options.column,
                match options.mode {
                    Mode::Replace => "run again to repair it, or with --resume to go on",
                    Mode::Add | Mode::Subtract =>
                        "some rows are changed and some are not: write it anew with --mode replace",
                }
            ),
        }
    }
}

//! One run from beginning to end, in the order that leaves the MeasurementSet usable at every moment.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use casacore::{Access, Table};
use kernels::SimdLevel;
use rayon::ThreadPool;

use super::beforehand::{
    check_base, collect_warnings, keeps_every_bit, prepare_column, provenance, storage, thread_pool,
};
use super::chain::Chain;
use super::check::{Check, Tally};
use super::choose::choose_sky;
use super::columns::run_columns;
use super::deadline::bounded;
use super::durable::{Done, Durable};
use super::ending::{SUBTABLE_WAIT, disk_error, finish, mark, sync_tiles, tell_state, write_history};
use super::engine::{EngineChoice, check_epsilon};
use super::error::{PredictError, Result};
use super::estimate::estimate;
use super::job::{Job, Mode};
use super::joint::Bundles;
use super::many::reach;
use super::pipeline::{Blocks, Outcome, Pipeline};
use super::plan::{Content, Plan};
use super::preview::Outlook;
use super::report::{PlanReport, Report};
use super::resume::{Start, fingerprint, start};
use super::scope::{check_cells, check_data_shape, check_room, written_shapes};
use super::skies::Skies;
use super::smear::Averages;
use super::stretches::{Rows, Stretch, joined};
use super::tiles;
use crate::image::sky::Raster;
use crate::ms::reserve::Reserve;
use crate::ms::virtual_model::VirtualModel;
use crate::ms::{self, ColumnFiles, ModelColumn, ModelState, Observation, Presence, Provenance};
use crate::stall::doing;
use crate::time;

/// Who watches a run. Called from the thread that runs it.
pub trait Observer {
    /// Something odd that does not stop the run.
    fn warning(&mut self, _text: &str) {}
    /// The plan stands; the report is filled as far as it is known.
    fn planned(&mut self, _report: &Report) {}
    /// Rows written of all, and bytes written so far.
    fn progress(&mut self, _rows: u64, _of: u64, _bytes: u64) {}
    /// Whether the user wants the run to stop.
    fn cancelled(&self) -> bool {
        false
    }
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {}

/// What is written without casacore need not be whole tiles, but multiples of so many rows, which suits the kernels' groups.
const JOINT_ROWS: usize = 16;

/// Predicts a catalogue into the model column of a MeasurementSet.
///
/// # Errors
/// [`PredictError`]: before anything is written for all that can be known before; afterwards the column
/// is marked incomplete.
pub fn run(job: &Job, observer: &mut dyn Observer) -> Result<Report> {
    let begun = Instant::now();
    let _doing = doing("while predicting into", &job.ms);
    check_epsilon(job.options.epsilon)?;
    // A catalogue that is not there, or not understood, should not cost the user a wait for the lock.
    let reading = doing("while reading the catalogue", &job.catalogue);
    let mut skies = Skies::open(job)?;
    skies.prepare(job);
    drop(reading);
    if job.options.patch_columns.len() > 1 && skies.reads_files() {
        skies.share(reach(job, &skies)?);
    }
    let pool = thread_pool(&job.options)?;
    let around = Surroundings { skies: &skies, pool: &pool };
    bounded(observer, job.options.timeout, begun, |observer| run_columns(job, around, observer, begun))
}

/// What runs may have in common.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'s> {
    pub(super) skies: &'s Skies,
    pub(super) pool: &'s ThreadPool,
}

/// A run that began at `begun`.
pub(super) fn run_within(
    job: &Job,
    around: Surroundings,
    observer: &mut dyn Observer,
    begun: Instant,
) -> Result<Report> {
    let options = &job.options;
    let now = time::Utc::now();
    let mut report = Report {
        version: env!("CARGO_PKG_VERSION").into(),
        run: now.run_id(),
        started: now.iso8601(),
        arguments: options.arguments.clone(),
        ms: job.ms.display().to_string(),
        column: options.column.clone(),
        mode: options.mode,
        dry_run: options.dry_run,
        epsilon: options.epsilon,
        ..Report::default()
    };

    let table = if options.dry_run {
        ms::open(&job.ms, Access::ReadOnly)?
    } else {
        ms::open_locked(&job.ms, options.lock_timeout, &|| observer.cancelled())?.ok_or_else(untouched)?
    };
    let result = locked_run(job, around, &table, &mut report, observer, begun);
    let _doing = doing("while closing", &job.ms);
    // What the run reports matters more than what closing says, unless only closing fails.
    let closed = table.unlock().and_then(|()| table.close());
    result?;
    closed?;
    report.seconds.total = begun.elapsed().as_secs_f64();
    Ok(report)
}

/// The user stopped the run in time.
fn untouched() -> PredictError {
    PredictError::Interrupted { state: "nothing was written".into() }
}

fn locked_run(
    job: &Job,
    around: Surroundings,
    table: &Table,
    report: &mut Report,
    observer: &mut dyn Observer,
    begun: Instant,
) -> Result<()> {
    let options = &job.options;
    let Surroundings { skies, pool } = around;
    let observation = Observation::read(table)?;
    let rows = Rows::survey(table, options, skies.intervals())?;
    let selection = rows.select(&observation, options)?;
    check_data_shape(table, &observation, &rows.all, &selection)?;
    let virtual_model = VirtualModel::find(table)?;
    collect_warnings(&observation, rows.chosen(), &virtual_model, options, &mut report.warnings);
    for warning in &report.warnings {
        observer.warning(warning);
    }
    let written_shapes = written_shapes(&selection);
    let mut column = ModelColumn::find(table, &options.column, &written_shapes)?;
    let new_column = *column.presence() == Presence::Missing;
    check_cells(table, &column, &selection)?;
    check_base(table, &column, options)?;
    report.seconds.open = begun.elapsed().as_secs_f64();

    let clock = Instant::now();
    let outlook = Outlook::new(table, &observation, rows.chosen(), &selection, options)?;
    let (primary, frequencies) = (&outlook.primary, outlook.frequencies);
    let reading = doing("while reading the catalogue", &job.catalogue);
    let choose = |stretch: &Stretch| choose_sky(job, skies, stretch.interval, &outlook.sight(&observation));
    let (one, others) = rows.stretches.split_first().ok_or_else(untouched)?;
    let (sky, catalogue) = choose(one)?;
    drop(reading);
    report.beam = primary.description.clone();
    let mut doubts = outlook.doubts(&sky.components);
    for interval in 0..skies.intervals() {
        let of_images = skies.images(interval).map(|images| images.doubts(!primary.is_none()));
        for doubt in of_images.into_iter().flatten() {
            if !doubts.contains(&doubt) {
                doubts.push(doubt);
            }
        }
    }
    for warning in doubts {
        observer.warning(&warning);
        report.warnings.push(warning);
    }
    report.seconds.catalogue = clock.elapsed().as_secs_f64();

    let clock = Instant::now();
    let level = options.simd.unwrap_or_else(SimdLevel::detect);
    let longest = rows.chosen().used.values().map(|usage| usage.longest).fold(0.0, f64::max);
    let engine = EngineChoice::new(options.engine, level, options.epsilon, longest);
    let averages = |sky: &Content| {
        Averages::new(options.smear, &mut sky.directions(), &outlook.centres, &rows.all, frequencies[1])
    };
    report.smear = averages(&sky)?.describe(&observation, &rows.all, frequencies[1]);
    let chain = Chain::new(table, &observation, options, frequencies)?;
    report.antennas = chain.describe();
    let apart = Bundles::apart(&selection);
    // What antennas do to the signal is told for each window, and images often are: spectra may jump between them.
    // Rows that are done are told by their place in the table, which is not that of windows together.
    let joins = chain.is_none()
        && options.images.is_none()
        && rows.are_one()
        && options.mode == Mode::Replace
        && !options.resume;
    let direct = tiles::expected(table, &column, &selection, options);
    let together = if joins && direct {
        Bundles::new(&observation, &rows.all, &selection, new_column)?
    } else {
        Bundles::apart(&selection)
    };
    // What the images leave.
    let left = |raster: Option<&Raster>| options.memory - raster.map_or(0, Raster::bytes).min(options.memory);
    let new_plan = |stretch, bundles, content: Content| {
        let (survey, used) = (rows.of(stretch), rows.used(stretch, &selection));
        let (engine, averages, chain) = (engine.clone(), averages(&content)?, chain.clone());
        let memory = left(content.raster.as_deref());
        let sky = &observation;
        let make =
            || Plan::new(sky, survey, &used, bundles, content, primary, engine, averages, chain, memory);
        pool.install(make)
    };
    let mut bundles = &together;
    let is_empty = |sky: &Content| sky.components.is_empty() && sky.raster.is_none();
    let mut empty = is_empty(&sky);
    let mut plan = new_plan(one, bundles, sky)?;
    let (mut engines, mut skies_told) = (plan.engines(), vec![catalogue]);
    for stretch in others {
        // What is wrong with it is known before anything is written; beside the first, one is in memory at a time.
        let (sky, catalogue) = choose(stretch)?;
        empty &= is_empty(&sky);
        for line in new_plan(stretch, bundles, sky)?.engines() {
            // The same engine is told once, whatever it costs in each.
            let engine = |line: &str| line.split(", about").next().unwrap_or_default().to_owned();
            if !engines.iter().any(|known: &String| engine(known) == engine(&line)) {
                engines.push(line);
            }
        }
        skies_told.push(catalogue);
    }
    let catalogue = joined(&skies_told);
    if empty {
        if options.require_sources {
            return Err(PredictError::NoSources {
                catalogue: job.catalogue.clone(),
                region: catalogue.region,
            });
        }
        let warning = format!("no source lies {}: the model is zero", catalogue.region);
        observer.warning(&warning);
        report.warnings.push(warning);
    }
    let predicted: u64 =
        selection.used.iter().filter_map(|pair| rows.chosen().used.get(pair)).map(|usage| usage.rows).sum();
    let partial = predicted < observation.rows;
    let tile_rows = column.tile_rows();
    let cut = |bundles: &Bundles, plan: &Plan| {
        let (threads, wanted) = (pool.current_num_threads(), plan.rows_wanted());
        // Grids take most of the memory where there are any.
        let memory = left(plan.raster()) / if wanted.is_some() { 4 } else { 2 };
        if !bundles.is_empty() {
            return Blocks::new(bundles.row_bytes(), JOINT_ROWS, threads, memory, false, wanted);
        }
        let row_bytes = selection.shapes.values().map(|shape| shape.bytes()).max().unwrap_or(0);
        let some = partial || !selection.channels.is_empty();
        let keeps_old = !new_column && (options.mode != Mode::Replace || some);
        // Few rows are cut finer where no tile is cut by it: no thread waits for the last of them, and memory serves again.
        let share = (observation.rows as usize / (8 * threads)).max(JOINT_ROWS);
        if direct && wanted.is_none() && share < tile_rows {
            return Blocks::new(row_bytes, JOINT_ROWS, threads, memory, keeps_old, Some(share));
        }
        Blocks::new(row_bytes, tile_rows, threads, memory, keeps_old, wanted)
    };
    let mut blocks = cut(bundles, &plan);
    report.plan_rows(&observation, rows.chosen(), &selection, catalogue, frequencies);
    report.plan = PlanReport {
        engines,
        simd: level.to_string(),
        threads: pool.current_num_threads(),
        block_rows: blocks.rows,
        blocks: blocks.count,
        storage: storage(&column),
        new_column,
        ..report.plan.clone()
    };
    report.seconds.plan = clock.elapsed().as_secs_f64();
    observer.planned(report);
    if options.dry_run {
        if options.estimate {
            let whole = (bundles, rows.chosen());
            report.compute_estimate =
                Some(estimate(table, &plan, whole, &selection, one.visited.clone(), blocks, pool)?);
        }
        return Ok(());
    }
    if observer.cancelled() {
        return Err(untouched());
    }

    let job_digest = fingerprint(options, report, &selection);
    let state = ModelState::read(table, column.name())?;
    let begin = match start(table.path(), options, &state, &job_digest)? {
        Start::After(done) => done,
        Start::Whole => {
            let warning = format!("column {} is complete already: nothing is left to resume", options.column);
            observer.warning(&warning);
            report.warnings.push(warning);
            (report.resumed_rows, report.complete) = (report.rows, true);
            return Ok(());
        }
    };
    report.resumed_rows = begin.rows;
    let lossless = keeps_every_bit(&column);
    let provenance = Provenance {
        job: job_digest,
        pairs: if partial { selection.used.clone() } else { BTreeSet::new() },
        row_range: (selection.rows != (0..observation.rows))
            .then_some([selection.rows.start as i64, selection.rows.end as i64]),
        ..provenance(report, options)
    };
    let at = |done: &Done| Provenance {
        rows: done.rows as i64,
        predicted: done.predicted as i64,
        xxh3: if lossless { done.digest.hex() } else { String::new() },
        ..provenance.clone()
    };
    check_room(table, &column, &rows.all, &selection)?;
    tell_state(format!(
        "nothing of the model was written; nvss-predict status tells whether column {} is marked incomplete",
        options.column
    ));
    let clock = Instant::now();
    prepare_column(table, &mut column, &observation, &selection, &at(&begin))?;
    // Nobody may fill the disk meanwhile, for casacore would abort the process at the end.
    let reserve = Reserve::take(table.path())?;
    tell_state(match options.mode {
        Mode::Replace => format!("column {} is marked incomplete: run again to repair it", options.column),
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
    let tiles = tiles::open(table, &column, &selection, options, drops);
    if tiles.is_none() && !bundles.is_empty() {
        // It cannot be had after all, and casacore writes the rows in their order.
        bundles = &apart;
        plan = new_plan(one, bundles, plan.into_sky())?;
        blocks = cut(bundles, &plan);
        report.plan.engines = plan.engines();
        report.plan.block_rows = blocks.rows;
        report.plan.blocks = blocks.count;
    }
    let mut files = ColumnFiles::new(table, &options.column, drops);
    report.plan.writer = if tiles.is_some() { "tile file" } else { "casacore" }.into();
    report.seconds.plan += clock.elapsed().as_secs_f64();

    let new_check = |stretch, plan: &Plan| {
        let count = |auto: bool| -> u64 {
            let visited = selection.used.iter().filter(|pair| bundles.leads(pair.1));
            let usages = visited.filter_map(|pair| rows.of(stretch).used.get(pair));
            usages.map(|usage| if auto { usage.auto } else { usage.cross }).sum()
        };
        let wanted = options.check.div_ceil(rows.stretches.len());
        Check::new(wanted, count(false), count(true), time::seed()).for_plan(plan)
    };
    let clock = Instant::now();
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
            ModelState::write(table, column.name(), &at(done), false)?;
            Ok(table.fsync_without(&data_files)?)
        })
    };
    let mut durable = Durable::new(begin, &mut note);
    let mut outcome = Outcome::default();
    let mut checks = Vec::new();
    let mut check = new_check(one, &plan);
    for (stretch, told) in rows.stretches.iter().zip(&skies_told) {
        if stretch.interval > 0 {
            checks.push((check.expected(&plan)?, check));
            drop(plan);
            let (sky, catalogue) = choose(stretch)?;
            if catalogue.digest != told.digest {
                let name = job.catalogue.display();
                return Err(PredictError::Options(format!(
                    "the images of {name} have changed while the run was under way"
                )));
            }
            plan = new_plan(stretch, bundles, sky)?;
            blocks = cut(bundles, &plan);
            check = new_check(stretch, &plan);
        }
        let pipeline = Pipeline {
            ms: table,
            observation: &observation,
            survey: &rows.all,
            column: &column,
            tiles: tiles.as_ref(),
            plan: &plan,
            bundles,
            selection: &selection,
            mode: options.mode,
            new_column,
            blocks,
            resume_at: begin.rows,
            rows: stretch.visited.clone(),
        };
        pipeline.run(pool, &mut check, &mut files, &mut durable, &mut outcome, observer)?;
        if outcome.interrupted {
            break;
        }
    }
    let (done, all) = (durable.done(), durable.all());
    report.seconds.stream = clock.elapsed().as_secs_f64();
    let clock = Instant::now();
    if outcome.interrupted {
        // The rows are noted once they are on the disk.
        table.fsync()?;
        reserve.give();
        mark(table, &column, &at(&done), false)?;
    }
    // What should be there is summed up while the disk is waited for.
    let mut expected = Ok(Vec::new());
    let syncing = doing("while bringing to the disk", table.path());
    pool.in_place_scope(|scope| {
        if !outcome.interrupted {
            scope.spawn(|_| expected = check.expected(&plan));
        }
        match &tiles {
            // Nothing else has changed since the column was marked: every other fsync would be for nothing.
            Some(tiles) if !outcome.interrupted => sync_tiles(table, tiles, &files),
            _ => Ok(table.fsync()?),
        }
    })?;
    drop(syncing);
    report.seconds.sync = clock.elapsed().as_secs_f64();
    report.outcome(&outcome);
    report.rows_predicted += begin.predicted;
    if outcome.interrupted {
        return Err(PredictError::Interrupted {
            state: format!(
                "{} of {} rows are written and column {} is marked incomplete; {}",
                report.rows_predicted,
                predicted,
                options.column,
                match options.mode {
                    Mode::Replace => "run again to repair it, or with --resume to go on",
                    Mode::Add | Mode::Subtract =>
                        "some rows are changed and some are not: write it anew with --mode replace",
                }
            ),
        });
    }
    let clock = Instant::now();
    checks.push((expected?, check));
    let mut tally = Tally::default();
    for (expected, check) in &checks {
        check.compare(expected, &column, options.mode, &mut tally)?;
    }
    report.check = tally.result();
    report.seconds.check = clock.elapsed().as_secs_f64();
    let settled: Vec<PathBuf> = tiles.iter().map(|tiles| tiles.path().to_path_buf()).collect();
    let provenance = at(&all);
    reserve.give();
    finish(table, &column, &settled, &provenance, report, options)?;
    files.settled();
    if let Err(error) = write_history(table, &provenance, report, options) {
        let warning = format!("no HISTORY row was written: {error}");
        observer.warning(&warning);
        report.warnings.push(warning);
    }
    Ok(())
}

//! One run from beginning to end, in the order that leaves the MeasurementSet usable at every moment.

use std::time::Instant;

use casacore::{Access, Table};
use rayon::ThreadPool;

use super::beforehand::{thread_pool, warnings};
use super::columns::run_columns;
use super::deadline::bounded;
use super::engine::check_epsilon;
use super::error::{PredictError, Result};
use super::estimate::estimate;
use super::job::Job;
use super::joint::Bundles;
use super::many::reach;
use super::planner::Planner;
use super::preview::Outlook;
use super::report::Report;
use super::scene::Scene;
use super::skies::Skies;
use super::writing::Writing;
use crate::ms;
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
    let around = Surroundings { skies: &skies, pool: &pool, follows: false };
    bounded(observer, job.options.timeout, begun, |observer| run_columns(job, around, observer, begun))
}

/// What runs may have in common.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'s> {
    pub(super) skies: &'s Skies,
    pub(super) pool: &'s ThreadPool,
    /// Whether the job has filled a column before this one.
    pub(super) follows: bool,
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
    let scene = Scene::survey(table, options, around.skies.intervals())?;
    for warning in warnings(&scene, options) {
        report.warn(observer, warning);
    }
    let column = scene.column(options)?;
    report.seconds.open = begun.elapsed().as_secs_f64();

    let clock = Instant::now();
    let outlook = Outlook::new(table, &scene.observation, scene.rows.chosen(), &scene.selection, options)?;
    let planner = Planner::new(job, around, &scene, &outlook, &column)?;
    let (first, others) = scene.rows.stretches.split_first().ok_or_else(untouched)?;
    let reading = doing("while reading the catalogue", &job.catalogue);
    let (sky, told) = planner.choose(first)?;
    drop(reading);
    for doubt in planner.doubts(&sky) {
        report.warn(observer, doubt);
    }
    report.seconds.catalogue = clock.elapsed().as_secs_f64();

    let clock = Instant::now();
    let (together, apart) = (planner.bundles()?, Bundles::apart(&scene.selection));
    let mut bundles = &together;
    let mut drawn = planner.draw(bundles, (first, others), (sky, told))?;
    planner.tell(&drawn, &column, report);
    if drawn.is_empty {
        let region = report.catalogue.region.clone();
        if options.require_sources {
            return Err(PredictError::NoSources { catalogue: job.catalogue.clone(), region });
        }
        report.warn(observer, format!("no source lies {region}: the model is zero"));
    }
    report.seconds.plan = clock.elapsed().as_secs_f64();
    observer.planned(report);
    if options.dry_run {
        if options.estimate {
            let rows = (bundles, scene.rows.chosen());
            let (visited, selection) = (first.visited.clone(), &scene.selection);
            let seconds = estimate(
                table,
                &drawn.first.plan,
                rows,
                selection,
                visited,
                drawn.first.blocks,
                around.pool,
            )?;
            report.compute_estimate = Some(seconds);
        }
        return Ok(());
    }
    if observer.cancelled() {
        return Err(untouched());
    }

    let clock = Instant::now();
    let Some(mut writing) = Writing::begin(&planner, column, report, observer)? else { return Ok(()) };
    if writing.is_in_order() && !bundles.is_empty() {
        // The column's file cannot be had after all.
        bundles = &apart;
        drawn = planner.redraw(bundles, first, drawn)?;
        planner.tell_plan(&drawn, report);
    }
    report.seconds.plan += clock.elapsed().as_secs_f64();

    let clock = Instant::now();
    let written = writing.write(bundles, drawn, observer)?;
    report.seconds.stream = clock.elapsed().as_secs_f64();
    writing.end(written, report, observer)
}

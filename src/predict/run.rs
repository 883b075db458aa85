//! One run from beginning to end, in the order that leaves the MeasurementSet usable at every moment.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use casacore::{Access, Table};
use kernels::SimdLevel;
use rayon::ThreadPool;

use super::check::Check;
use super::error::{PredictError, Result};
use super::job::{Job, Mode, Options, Radius, Writer};
use super::pipeline::{Blocks, Outcome, Pipeline, RowSelection};
use super::plan::{Plan, phase_centre};
use super::report::{CatalogueReport, PlanReport, Report};
use crate::catalog::{self, Catalog, Kind, Near};
use crate::coords::Direction;
use crate::ms::history::{self, HistoryEntry};
use crate::ms::virtual_model::VirtualModel;
use crate::ms::{
    self, CellShape, ModelColumn, ModelState, MsError, Observation, Presence, Provenance, RowSurvey, TileFile,
};
use crate::sky::{self, Component, Selection, Shape};
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

/// Waiting time for HISTORY and SOURCE, which nobody should hold for long.
const SUBTABLE_WAIT: Duration = Duration::from_secs(10);

/// `x` where the Airy pattern (2 J1(x)/x)² is 0.2, the pipeline's limit of the primary beam.
const AIRY_FIFTH: f64 = 2.361_809_758_285_876;

/// Predicts a catalogue into the model column of a MeasurementSet.
///
/// # Errors
/// [`PredictError`]: before anything is written for all that can be known before; afterwards the column
/// is marked incomplete.
pub fn run(job: &Job, observer: &mut dyn Observer) -> Result<Report> {
    let begun = Instant::now();
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

    // A catalogue that is not there, or not understood, should not cost the user a wait for the lock.
    let source = catalog::open(&job.catalogue, options.read.format)?;
    let table = if options.dry_run {
        ms::open(&job.ms, Access::ReadOnly)?
    } else {
        ms::open_locked(&job.ms, options.lock_timeout, &|| observer.cancelled())?
            .ok_or_else(|| PredictError::Interrupted { state: "nothing was written".into() })?
    };
    let result = locked_run(job, source, &table, &mut report, observer, begun);
    // What the run reports matters more than what closing says, unless only closing fails.
    let closed = table.unlock().and_then(|()| table.close());
    result?;
    closed?;
    report.seconds.total = begun.elapsed().as_secs_f64();
    Ok(report)
}

fn locked_run(
    job: &Job,
    source: catalog::Source,
    table: &Table,
    report: &mut Report,
    observer: &mut dyn Observer,
    begun: Instant,
) -> Result<()> {
    let options = &job.options;
    let observation = Observation::read(table)?;
    let survey = RowSurvey::read(table)?;
    let selection = select_rows(&observation, &survey, options)?;
    check_data_shape(table, &observation, &survey, &selection)?;
    let virtual_model = VirtualModel::find(table)?;
    collect_warnings(&observation, &survey, &virtual_model, options, &mut report.warnings);
    for warning in &report.warnings {
        observer.warning(warning);
    }
    let written_shapes = written_shapes(&selection);
    let mut column = ModelColumn::find(table, &options.column, &written_shapes)?;
    let new_column = *column.presence() == Presence::Missing;
    check_cells(table, &column, &selection)?;
    report.seconds.open = begun.elapsed().as_secs_f64();

    let clock = Instant::now();
    let frequencies = frequency_range(&observation, &selection.used);
    let centres = centres(&observation, &survey, &selection.used)?;
    let (components, catalogue) = choose_sky(job, source, &observation, &centres, frequencies[0])?;
    report.seconds.catalogue = clock.elapsed().as_secs_f64();
    if components.is_empty() {
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

    let clock = Instant::now();
    let pool = thread_pool(options)?;
    let level = options.simd.unwrap_or_else(SimdLevel::detect);
    let plan = pool
        .install(|| Plan::new(&observation, &survey, &selection.used, components, level, options.memory))?;
    let rows_of = |used: bool| -> u64 {
        let in_use = |pair: &(i32, i32)| selection.used.contains(pair);
        survey.used.iter().filter(|(pair, _)| !used || in_use(pair)).map(|(_, usage)| usage.rows).sum()
    };
    let partial = rows_of(true) < rows_of(false);
    let row_bytes = selection.shapes.values().map(|shape| shape.bytes()).max().unwrap_or(0);
    let keeps_old = !new_column && (options.mode != Mode::Replace || partial);
    let blocks =
        Blocks::new(row_bytes, column.tile_rows(), pool.current_num_threads(), options.memory / 2, keeps_old);
    fill_report(report, &observation, &survey, &selection, catalogue, frequencies);
    report.plan = PlanReport {
        engine: "direct".into(),
        simd: plan.level().to_string(),
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
        return Ok(());
    }

    let provenance = provenance(report, options);
    let clock = Instant::now();
    prepare_column(table, &mut column, &observation, &survey, &selection, &provenance)?;
    if options.delmod && virtual_model.exists() {
        virtual_model.remove(table, SUBTABLE_WAIT)?;
        report.virtual_model_removed = true;
    }
    let tiles = open_tiles(table, &column, &selection, options);
    report.plan.writer = if tiles.is_some() { "tile file" } else { "casacore" }.into();
    report.seconds.plan += clock.elapsed().as_secs_f64();

    let count = |auto: bool| -> u64 {
        let usages = selection.used.iter().filter_map(|pair| survey.used.get(pair));
        usages.map(|usage| if auto { usage.auto } else { usage.cross }).sum()
    };
    let mut check = Check::new(options.check, count(false), count(true), time::seed());
    let clock = Instant::now();
    let pipeline = Pipeline {
        ms: table,
        observation: &observation,
        column: &column,
        tiles: tiles.as_ref(),
        plan: &plan,
        selection: &selection,
        mode: options.mode,
        new_column,
        blocks,
    };
    let outcome = pipeline.run(&pool, &mut check, observer)?;
    report.seconds.stream = clock.elapsed().as_secs_f64();
    let clock = Instant::now();
    table.fsync()?;
    report.seconds.sync = clock.elapsed().as_secs_f64();
    fill_outcome(report, &outcome);
    if outcome.interrupted {
        return Err(PredictError::Interrupted {
            state: format!(
                "{} of {} rows are written and column {} is marked incomplete; run again to repair it",
                outcome.predicted,
                rows_of(true),
                options.column
            ),
        });
    }
    finish(table, &column, &plan, &check, &provenance, report, options)?;
    if let Err(error) = write_history(table, &provenance, report) {
        let warning = format!("no HISTORY row was written: {error}");
        observer.warning(&warning);
        report.warnings.push(warning);
    }
    Ok(())
}

/// Checks the column and marks it complete.
fn finish(
    table: &Table,
    column: &ModelColumn,
    plan: &Plan,
    check: &Check,
    provenance: &Provenance,
    report: &mut Report,
    options: &Options,
) -> Result<()> {
    let clock = Instant::now();
    report.check = check.finish(plan, column, options.mode)?;
    report.seconds.check = clock.elapsed().as_secs_f64();
    if let Some(result) = report.check {
        // Written so that NaN fails.
        let good = result.rms <= options.epsilon;
        if !good {
            return Err(PredictError::Check {
                path: table.path().to_path_buf(),
                column: options.column.clone(),
                rms: result.rms,
                max: result.max,
                epsilon: options.epsilon,
                report: Box::new(report.clone()),
            });
        }
    }
    let clock = Instant::now();
    ModelState::write(table, column.name(), provenance, true)?;
    table.fsync()?;
    report.seconds.sync += clock.elapsed().as_secs_f64();
    report.complete = true;
    Ok(())
}

/// Makes the column where it is missing, and marks it incomplete before the first value changes.
fn prepare_column(
    table: &Table,
    column: &mut ModelColumn,
    observation: &Observation,
    survey: &RowSurvey,
    selection: &RowSelection,
    provenance: &Provenance,
) -> Result<()> {
    if *column.presence() == Presence::Missing {
        let bytes = survey.used.iter().map(|(&(_, data_desc), usage)| {
            usage.rows * selection.shapes.get(&data_desc).map_or(0, |shape| shape.bytes()) as u64
        });
        let shapes: BTreeSet<CellShape> = selection.shapes.values().copied().collect();
        column.create(observation, &shapes, bytes.sum())?;
        // Killed between adding a column and flushing the table leaves rubbish only casacore knows: flush now.
        table.flush()?;
    }
    ModelState::write(table, column.name(), provenance, false)?;
    Ok(table.fsync()?)
}

/// The column's file, where blocks can be written without casacore.
fn open_tiles(
    table: &Table,
    column: &ModelColumn,
    selection: &RowSelection,
    options: &Options,
) -> Option<TileFile> {
    let shapes = written_shapes(selection);
    let shape = shapes.first().filter(|_| shapes.len() == 1 && column.is_fixed())?;
    match options.writer {
        Writer::Auto => TileFile::open(table, column.name(), *shape),
        Writer::Casacore => None,
    }
}

/// The rows asked for, and the shapes of all rows.
fn select_rows(observation: &Observation, survey: &RowSurvey, options: &Options) -> Result<RowSelection> {
    let invalid =
        |message: String| PredictError::Options(format!("{}: {message}", observation.path.display()));
    let known = |wanted: &Option<BTreeSet<i32>>, rows: usize, option: &str, table: &str| match wanted
        .iter()
        .flatten()
        .find(|id| !usize::try_from(**id).is_ok_and(|id| id < rows))
    {
        None => Ok(()),
        Some(id) => Err(invalid(format!("{option} names {id}, but {table} has only {rows} row(s)"))),
    };
    known(&options.fields, observation.fields.len(), "--fields", "FIELD")?;
    known(&options.spws, observation.spectral_windows.len(), "--spws", "SPECTRAL_WINDOW")?;
    let mut selection = RowSelection::default();
    for &(field, data_desc) in survey.used.keys() {
        let (window, polarization) = observation.setup(data_desc)?;
        observation.field(field)?;
        selection.shapes.insert(
            data_desc,
            CellShape { channels: window.frequencies.len(), correlations: polarization.correlations.len() },
        );
        let spw = usize::try_from(data_desc)
            .ok()
            .and_then(|id| observation.data_descriptions.get(id))
            .map_or(-1, |description| description.spectral_window);
        let wanted = options.fields.as_ref().is_none_or(|fields| fields.contains(&field))
            && options.spws.as_ref().is_none_or(|spws| spws.contains(&spw));
        if wanted {
            selection.used.insert((field, data_desc));
        }
    }
    if survey.used.is_empty() {
        return Err(invalid("the MeasurementSet has no rows; there is nothing to predict".into()));
    }
    if selection.used.is_empty() {
        return Err(invalid("no row belongs to the chosen --fields and --spws".into()));
    }
    Ok(selection)
}

fn written_shapes(selection: &RowSelection) -> BTreeSet<CellShape> {
    selection.shapes.values().copied().collect()
}

/// Compares what the subtables promise with the data of the first row of each set-up.
fn check_data_shape(
    table: &Table,
    observation: &Observation,
    survey: &RowSurvey,
    selection: &RowSelection,
) -> Result<()> {
    let Some(data) =
        ["DATA", "CORRECTED_DATA", "FLOAT_DATA", "FLAG"].into_iter().find(|c| table.has_column(c))
    else {
        return Ok(());
    };
    for (data_desc, row) in survey.data_descs() {
        let (Some(shape), Some(found)) = (selection.shapes.get(&data_desc), table.cell_shape(data, row)?)
        else {
            continue;
        };
        if found != [shape.channels, shape.correlations] {
            return Err(MsError::Invalid {
                path: observation.path.clone(),
                message: format!(
                    "row {row} (DATA_DESC_ID {data_desc}) has {data} of shape {found:?}, but SPECTRAL_WINDOW and \
                     POLARIZATION say [{}, {}] (channels, correlations); repair the MeasurementSet",
                    shape.channels, shape.correlations
                ),
            }
            .into());
        }
    }
    Ok(())
}

/// Cells of a variable shape that already have one must have the right one, before anything is written.
fn check_cells(table: &Table, column: &ModelColumn, selection: &RowSelection) -> Result<()> {
    if column.is_fixed() || *column.presence() == Presence::Missing {
        return Ok(());
    }
    const ROWS: u64 = 1 << 16;
    let rows = table.row_count();
    for start in (0..rows).step_by(ROWS as usize) {
        let end = (start + ROWS).min(rows);
        let fields = table.scalars::<i32>("FIELD_ID", start..end)?;
        let data_descs = table.scalars::<i32>("DATA_DESC_ID", start..end)?;
        for ((row, field), data_desc) in (start..end).zip(fields).zip(data_descs) {
            if selection.used.contains(&(field, data_desc))
                && let Some(shape) = selection.shapes.get(&data_desc)
            {
                column.check_cell(row, *shape)?;
            }
        }
    }
    Ok(())
}

fn collect_warnings(
    observation: &Observation,
    survey: &RowSurvey,
    virtual_model: &VirtualModel,
    options: &Options,
    warnings: &mut Vec<String>,
) {
    warnings.extend(observation.warnings.iter().cloned());
    if survey.without_uvw > 0 {
        warnings.push(format!(
            "{} row(s) have a UVW that is not finite: their model is zero",
            survey.without_uvw
        ));
    }
    if virtual_model.exists() && !options.delmod {
        warnings.push(
            "a virtual model (CASA setjy or ft with usescratch=False) is set: CASA will use it instead of the \
             column; --delmod removes it"
                .into(),
        );
    }
}

/// The phase centres in use; those that move at their first and last time.
fn centres(
    observation: &Observation,
    survey: &RowSurvey,
    used: &BTreeSet<(i32, i32)>,
) -> Result<Vec<Direction>> {
    let mut times: BTreeMap<i32, [f64; 2]> = BTreeMap::new();
    for pair in used {
        if let Some(usage) = survey.used.get(pair) {
            let range = times.entry(pair.0).or_insert(usage.times);
            *range = [range[0].min(usage.times[0]), range[1].max(usage.times[1])];
        }
    }
    let mut centres = Vec::new();
    for (field, range) in times {
        centres.push(phase_centre(observation, field, range[0])?);
        if observation.field(field)?.moves() {
            centres.push(phase_centre(observation, field, range[1])?);
        }
    }
    Ok(centres)
}

/// The lowest and highest channel of the chosen rows [Hz].
fn frequency_range(observation: &Observation, used: &BTreeSet<(i32, i32)>) -> [f64; 2] {
    let windows = used.iter().filter_map(|(_, data_desc)| observation.setup(*data_desc).ok());
    windows
        .flat_map(|(window, _)| window.frequencies.iter().copied())
        .fold([f64::INFINITY, 0.0], |range, f| [range[0].min(f), range[1].max(f)])
}

/// Reads the catalogue and chooses from it.
fn choose_sky(
    job: &Job,
    source: catalog::Source,
    observation: &Observation,
    centres: &[Direction],
    lowest: f64,
) -> Result<(Vec<Component>, CatalogueReport)> {
    let options = &job.options;
    let radius = match (options.radius, source.kind()) {
        (Radius::Within(radius), _) => Some(radius),
        (Radius::All, _) | (Radius::Auto, Kind::Model) => None,
        (Radius::Auto, Kind::Survey) => {
            let dish = observation.smallest_dish().ok_or_else(|| {
                PredictError::Options(format!(
                    "{}: ANTENNA does not tell the dishes' diameter, so the beam is unknown; say with --radius how \
                     far from the field centres to take sources of {}",
                    job.ms.display(),
                    job.catalogue.display()
                ))
            })?;
            Some(beam_radius(dish, lowest))
        }
    };
    let mut read = options.read.clone();
    read.near = radius.map(|radius| Near { centres: centres.to_vec(), radius });
    let Catalog { components, format, digest, rows_read, notes, .. } = source.read(&read)?;
    let chosen = sky::select(
        &components,
        centres,
        &Selection { radius, min_flux: options.min_flux, max_components: options.max_sources },
    );
    let components: Vec<Component> = {
        let mut wanted = vec![false; components.len()];
        chosen.iter().for_each(|index| wanted[*index] = true);
        components.into_iter().zip(wanted).filter_map(|(c, wanted)| wanted.then_some(c)).collect()
    };
    let region = match radius {
        Some(radius) => format!(
            "within {:.3}° of {}",
            radius.to_degrees(),
            if centres.len() == 1 {
                "the field centre".into()
            } else {
                format!("{} field centres", centres.len())
            }
        ),
        None => "in the whole catalogue".into(),
    };
    let report = CatalogueReport {
        path: job.catalogue.display().to_string(),
        format: format.to_string(),
        digest,
        rows: rows_read,
        notes,
        selected: components.len(),
        gaussians: components.iter().filter(|c| matches!(c.shape, Shape::Gaussian(_))).count(),
        flux_jy: components.iter().map(|c| c.stokes.i).sum(),
        region,
        radius_deg: radius.map(f64::to_degrees),
    };
    Ok((components, report))
}

/// Where the Airy beam of a dish [m] falls to a fifth at `frequency` [Hz], in [rad]; at most 90°.
fn beam_radius(dish: f64, frequency: f64) -> f64 {
    let sine = AIRY_FIFTH * kernels::SPEED_OF_LIGHT / frequency / (std::f64::consts::PI * dish);
    sine.min(1.0).asin()
}

fn thread_pool(options: &Options) -> Result<ThreadPool> {
    let mut builder = rayon::ThreadPoolBuilder::new().thread_name(|n| format!("predict-{n}"));
    if let Some(threads) = options.threads {
        builder = builder.num_threads(threads);
    }
    Ok(builder.build()?)
}

fn storage(column: &ModelColumn) -> String {
    let manager = match column.presence() {
        Presence::Missing => "TiledShapeStMan (to be made)",
        Presence::Present { manager } => manager,
    };
    let shape = if column.is_fixed() { "fixed shape" } else { "variable shape" };
    match column.tile_rows() {
        1 => format!("{manager}, {shape}"),
        rows => format!("{manager}, {shape}, tiles of {rows} rows"),
    }
}

fn fill_report(
    report: &mut Report,
    observation: &Observation,
    survey: &RowSurvey,
    selection: &RowSelection,
    catalogue: CatalogueReport,
    frequencies: [f64; 2],
) {
    report.telescope = observation.telescope.clone();
    report.rows = observation.rows;
    report.frequency_hz = frequencies;
    report.catalogue = catalogue;
    let fields: BTreeSet<i32> = selection.used.iter().map(|pair| pair.0).collect();
    report.fields = fields.into_iter().collect();
    let windows: BTreeSet<i32> = selection
        .used
        .iter()
        .filter_map(|pair| observation.data_descriptions.get(usize::try_from(pair.1).ok()?))
        .map(|description| description.spectral_window)
        .collect();
    report.spectral_windows = windows.into_iter().collect();
    for pair in &selection.used {
        if let (Some(usage), Some(shape)) = (survey.used.get(pair), selection.shapes.get(&pair.1)) {
            report.rows_predicted += usage.rows;
            report.plan.visibilities += usage.rows * shape.len() as u64;
            report.plan.bytes += usage.rows * shape.bytes() as u64;
        }
    }
}

fn fill_outcome(report: &mut Report, outcome: &Outcome) {
    report.rows_predicted = outcome.predicted;
    report.seconds.read = outcome.read.as_secs_f64();
    report.seconds.compute = outcome.compute.as_secs_f64();
    report.seconds.write = outcome.write.as_secs_f64();
    let seconds = report.seconds.stream + report.seconds.sync;
    report.gigabytes_per_second = outcome.bytes as f64 / 1e9 / seconds.max(1e-9);
}

fn provenance(report: &Report, options: &Options) -> Provenance {
    Provenance {
        version: report.version.clone(),
        run: report.run.clone(),
        started: report.started.clone(),
        catalogue: report.catalogue.path.clone(),
        digest: report.catalogue.digest.clone(),
        arguments: options.arguments.clone(),
        components: report.catalogue.selected as i64,
    }
}

fn write_history(table: &Table, provenance: &Provenance, report: &Report) -> Result<()> {
    let check = match report.check {
        Some(check) => format!("checked {} visibilities, rms error {:.1e}", check.visibilities, check.rms),
        None => "not checked".into(),
    };
    let message = format!(
        "nvss-predict {}: {} sources, {:.3} Jy, {} {} into {} ({} rows); {check}",
        report.version,
        report.catalogue.selected,
        report.catalogue.flux_jy,
        report.catalogue.path,
        match report.mode {
            Mode::Replace => "predicted",
            Mode::Add => "added",
            Mode::Subtract => "subtracted",
        },
        report.column,
        report.rows_predicted,
    );
    let entry = HistoryEntry { time: time::Utc::now().mjd_seconds(), message, provenance };
    Ok(history::append(table.path(), &table.keywords()?, &entry, SUBTABLE_WAIT)?)
}

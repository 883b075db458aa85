//! `nvss-predict plot`: a picture of data and model.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use casacore::{Access, Table};
use clap::Args as ClapArgs;
use rayon::prelude::*;

use super::CliError;
use super::new_file::NewFile;
use super::output::{grouped, say, warn};
use super::sky::short;
use super::values::{Ids, parse_ids};
use crate::ms::pairs::{PairBlock, PairColumns, WeightSource, read_pairs};
use crate::ms::{self, ModelState, MsError, Observation, RowSurvey};
use crate::pictures::{Gathered, PictureFormat, Sample, VisibilityTitles, WindowFit, draw_visibilities};

/// Draw data and model over the length of the baselines, and χ² of every baseline before and after (PNG or SVG)
///
/// For each spectral window: the amplitude and the phase of the data (blue) and the model (orange) over the uv distance, and
/// the phase of the data less that of the model (green). Shades count visibilities in each column of uv distance. Only the
/// correlations I, XX, YY, RR and LL of cross-correlations are taken; what FLAG or FLAG_ROW flags is left out and counted.
///
/// Below: χ² of every baseline before the model is subtracted, Σ |DATA|²/σ², and after, Σ |DATA − MODEL|²/σ², over the number
/// of real values, so that pure noise has 1; 1/σ² is WEIGHT_SPECTRUM, else WEIGHT, else 1/SIGMA². Without a column of data only
/// the model is shown. Visibilities are read in blocks: the memory does not grow with the MeasurementSet.
#[derive(Debug, ClapArgs)]
pub(super) struct PlotArgs {
    /// The MeasurementSet; it is only read
    ms: PathBuf,
    #[command(flatten)]
    file: NewFile,
    /// The column of what was measured
    #[arg(long, default_value = "DATA", value_name = "COLUMN", help_heading = "Columns")]
    data: String,
    /// The column of the model
    #[arg(long, default_value = "MODEL_DATA", value_name = "COLUMN", help_heading = "Columns")]
    model: String,
    /// Only these FIELD_IDs (0,3,5~7)
    #[arg(long, value_parser = parse_ids, value_name = "IDS", help_heading = "Rows")]
    fields: Option<Ids>,
    /// Only these spectral windows (0,3,5~7)
    #[arg(long, value_parser = parse_ids, value_name = "IDS", help_heading = "Rows")]
    spws: Option<Ids>,
}

/// Visibilities in a block.
const VALUES: usize = 1 << 22;

/// Spectral windows that a picture has room for.
const MOST_WINDOWS: usize = 16;

pub(super) fn run(args: &PlotArgs) -> Result<ExitCode, CliError> {
    let format = PictureFormat::of(&args.file.output)?;
    args.file.check()?;
    let table = ms::open(&args.ms, Access::ReadOnly)?;
    let observation = Observation::read(&table)?;
    let columns = columns(args, &table)?;
    let survey = RowSurvey::read(&table)?;
    let (used, windows) = chosen(args, &observation, &survey)?;
    let gathered = gather(&table, &observation, &columns, &used, &windows)?;
    let titles = VisibilityTitles {
        title: format!(
            "{}: {}",
            short(&args.ms),
            columns.data.as_ref().map_or(args.model.clone(), |data| format!("{data} and {}", args.model))
        ),
        subtitle: subtitle(&observation, &gathered),
        data: columns.data.clone(),
        model: args.model.clone(),
        weights: weights(&table).to_owned(),
    };
    let bytes = draw_visibilities(&gathered, &titles).encode(format)?;
    args.file.write(|file| file.write_all(&bytes))?;
    say(&format!(
        "{:<12} {}: {} visibilities of {} spectral window(s), {} flagged\n",
        "plot",
        args.file.output.display(),
        grouped(gathered.seen - gathered.flagged),
        gathered.windows.len(),
        grouped(gathered.flagged)
    ));
    Ok(ExitCode::SUCCESS)
}

/// The columns that there are.
fn columns(args: &PlotArgs, table: &Table) -> Result<PairColumns, CliError> {
    let missing = |column: &str, advice: &str| MsError::Column {
        path: args.ms.clone(),
        column: column.to_owned(),
        message: format!("does not exist; {advice}"),
    };
    if !table.has_column(&args.model) {
        return Err(missing(&args.model, "predict it first, or name another column by --model").into());
    }
    if matches!(ModelState::read(table, &args.model)?, ModelState::Incomplete(_)) {
        warn(&format!("{} is marked incomplete: predict it again", args.model));
    }
    let data = if table.has_column(&args.data) {
        Some(args.data.clone())
    } else if args.data == "DATA" {
        warn("there is no column DATA: only the model is shown");
        None
    } else {
        return Err(missing(&args.data, "name another column by --data").into());
    };
    Ok(PairColumns { data, model: args.model.clone() })
}

/// The pairs of FIELD_ID and DATA_DESC_ID, and the spectral windows with their frequencies and longest baselines
/// [wavelengths].
type Chosen = (BTreeSet<(i32, i32)>, Vec<(i32, [f64; 2], f64)>);

fn chosen(args: &PlotArgs, observation: &Observation, survey: &RowSurvey) -> Result<Chosen, CliError> {
    let mut used = BTreeSet::new();
    let mut windows: Vec<(i32, [f64; 2], f64)> = Vec::new();
    for (&(field, data_desc), usage) in &survey.used {
        let (window, _) = observation.setup(data_desc)?;
        let id = window_id(observation, data_desc);
        let wanted = |ids: &Option<Ids>, id: i32| ids.as_ref().is_none_or(|ids| ids.0.contains(&id));
        if !wanted(&args.fields, field) || !wanted(&args.spws, id) {
            continue;
        }
        used.insert((field, data_desc));
        let range = window
            .frequencies
            .iter()
            .fold([f64::INFINITY, 0.0f64], |range, f| [range[0].min(*f), range[1].max(*f)]);
        let longest = usage.longest * range[1] / kernels::SPEED_OF_LIGHT;
        match windows.iter_mut().find(|window| window.0 == id) {
            Some(window) => window.2 = window.2.max(longest),
            None => windows.push((id, range, longest)),
        }
    }
    windows.sort_by_key(|window| window.0);
    if used.is_empty() {
        return Err(CliError::Usage("no row belongs to the chosen --fields and --spws".into()));
    }
    if windows.len() > MOST_WINDOWS {
        return Err(CliError::Usage(format!(
            "a picture has room for {MOST_WINDOWS} spectral windows, and there are {}: choose some with --spws",
            windows.len()
        )));
    }
    Ok((used, windows))
}

fn window_id(observation: &Observation, data_desc: i32) -> i32 {
    let description = usize::try_from(data_desc).ok().and_then(|id| observation.data_descriptions.get(id));
    description.map_or(-1, |description| description.spectral_window)
}

fn gather(
    table: &Table,
    observation: &Observation,
    columns: &PairColumns,
    used: &BTreeSet<(i32, i32)>,
    windows: &[(i32, [f64; 2], f64)],
) -> Result<Gathered, CliError> {
    let fits = windows.iter().map(|(id, range, longest)| WindowFit::new(*id, *range, *longest)).collect();
    let empty = Gathered::new(fits);
    let mut parts = vec![empty.clone(); rayon::current_num_threads().clamp(1, 16)];
    read_pairs(table, columns, used, VALUES, |block| -> Result<(), CliError> {
        let data_desc = block.rows.data_desc.first().copied().unwrap_or(-1);
        let (window, polarization) = observation.setup(data_desc)?;
        let (channels, correlations) = block.cell();
        if channels != window.frequencies.len() || correlations != polarization.correlations.len() {
            return Err(MsError::Column {
                path: observation.path.clone(),
                column: columns.model.clone(),
                message: format!(
                    "row {} has {channels} channels and {correlations} correlations, but SPECTRAL_WINDOW and POLARIZATION \
                     say {} and {}",
                    block.rows.start,
                    window.frequencies.len(),
                    polarization.correlations.len()
                ),
            }
            .into());
        }
        let id = window_id(observation, data_desc);
        let index = windows.iter().position(|window| window.0 == id).unwrap_or(usize::MAX);
        let wanted: Vec<bool> =
            polarization.correlations.iter().map(|code| matches!(code, 1 | 5 | 8 | 9 | 12)).collect();
        let share = block.rows.len().div_ceil(parts.len()).max(1);
        parts.par_iter_mut().enumerate().for_each(|(k, part)| {
            for row in (k * share..(k + 1) * share).take_while(|row| *row < block.rows.len()) {
                add_row(part, &block, row, index, &window.frequencies, &wanted);
            }
        });
        Ok(())
    })?;
    let mut all = empty;
    parts.iter().for_each(|part| all.merge(part));
    Ok(all)
}

fn add_row(
    part: &mut Gathered,
    block: &PairBlock,
    row: usize,
    window: usize,
    frequencies: &[f64],
    wanted: &[bool],
) {
    let baseline = (block.rows.antenna1[row], block.rows.antenna2[row]);
    let [u, v, _] = block.rows.uvw[row];
    let length = u.hypot(v) / kernels::SPEED_OF_LIGHT;
    if baseline.0 == baseline.1 || !length.is_finite() {
        return;
    }
    let values = frequencies.len() * wanted.iter().filter(|wanted| **wanted).count();
    part.seen += values as u64;
    let passed = block.visit_row(row, wanted, |channel, correlation, data, model| {
        part.add(&Sample {
            window,
            baseline,
            uv: length * frequencies[channel],
            data,
            model,
            weight: block.weights.at(row, channel, correlation),
        });
    });
    part.flagged += passed;
}

fn subtitle(observation: &Observation, gathered: &Gathered) -> String {
    let telescope = match observation.telescope.as_str() {
        "" => "unknown telescope",
        name => name,
    };
    format!(
        "{telescope}, parallel hands of {} cross-correlation visibilities; {} ({:.1} %) are flagged and left out",
        grouped(gathered.seen),
        grouped(gathered.flagged),
        100.0 * gathered.flagged as f64 / gathered.seen.max(1) as f64
    )
}

/// Whose weights the χ² have.
fn weights(table: &Table) -> &'static str {
    match WeightSource::of(table) {
        WeightSource::Spectrum => "1/σ² from WEIGHT_SPECTRUM",
        WeightSource::Weight => "1/σ² from WEIGHT",
        WeightSource::Sigma => "σ from SIGMA",
        WeightSource::None => "σ taken as 1 Jy: there are no weights",
    }
}

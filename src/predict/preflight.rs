//! What stands in the way of a prediction, found before it is made: nothing is written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use casacore::{Access, Table};
use serde::Serialize;

use super::job::{Job, Options};
use super::pipeline::RowSelection;
use super::report::Report;
use super::run::{Observer, run};
use super::scope::{check_cells, check_data_shape, check_room, select_rows, written_shapes};
use crate::ms::rows::is_finite;
use crate::ms::virtual_model::VirtualModel;
use crate::ms::{self, ModelColumn, ModelState, Observation, Presence, RowBlock, RowSurvey};
use crate::stall::Mounts;

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Good,
    /// Worth knowing.
    Warning,
    /// It would stop a run, or spoil what it writes.
    Bad,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at: `lock`, `uvw`.
    pub what: &'static str,
    /// How it is.
    pub level: Level,
    /// In words.
    pub text: String,
}

/// All that was looked at.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Preflight {
    /// In the order in which a run would meet it.
    pub findings: Vec<Finding>,
    /// The plan, where there is a catalogue and nothing stands in the way.
    pub plan: Option<Box<Report>>,
}

impl Preflight {
    /// Whether nothing would stop a run or spoil what it writes.
    pub fn good(&self) -> bool {
        self.findings.iter().all(|finding| finding.level < Level::Bad)
    }

    fn add(&mut self, what: &'static str, level: Level, text: impl Into<String>) {
        self.findings.push(Finding { what, level, text: text.into() });
    }

    /// Keeps what there is; what went wrong is a finding.
    fn keep<T, E: std::error::Error>(
        &mut self,
        what: &'static str,
        result: std::result::Result<T, E>,
    ) -> Option<T> {
        result.map_err(|error| self.add(what, Level::Bad, error.to_string())).ok()
    }
}

/// Looks at the MeasurementSet of `job`, and at what its catalogue would make of it where `catalogue` says that there is one.
/// Nothing is written; the lock is taken and given back.
pub fn preflight(job: &Job, catalogue: bool) -> Preflight {
    let mut found = Preflight::default();
    let options = &job.options;
    file_system(&mut found, &job.ms);
    let Some(table) = found.keep("open", ms::open(&job.ms, Access::ReadOnly)) else {
        return found;
    };
    let Some(observation) = found.keep("open", Observation::read(&table)) else {
        return found;
    };
    let survey = RowSurvey::read(&table).map_err(super::PredictError::from);
    let Some(survey) = found.keep("open", survey) else {
        return found;
    };
    found.add(
        "open",
        Level::Good,
        format!(
            "{} rows, {} fields, telescope {}",
            observation.rows,
            observation.fields.len(),
            name_of(&observation.telescope)
        ),
    );
    for warning in &observation.warnings {
        found.add("open", Level::Warning, warning.clone());
    }
    drop(table);
    lock(&mut found, &job.ms, options.lock_timeout);
    let Some(table) = found.keep("open", ms::open(&job.ms, Access::ReadOnly)) else {
        return found;
    };
    let Some(selection) = found.keep("rows", select_rows(&observation, &survey, options)) else {
        return found;
    };
    let shape = check_data_shape(&table, &observation, &survey, &selection);
    found.keep("rows", shape);
    column(&mut found, &table, &survey, &selection, options);
    model(&mut found, &table);
    uvw(&mut found, &table, &observation);
    channels(&mut found, &observation, &selection);
    drop(table);
    if catalogue && found.good() {
        let mut listener = Listener(Vec::new());
        let dry =
            Job { options: Options { dry_run: true, estimate: true, ..options.clone() }, ..job.clone() };
        match run(&dry, &mut listener) {
            Ok(report) => {
                let sky = &report.catalogue;
                let level = if sky.selected == 0 { Level::Bad } else { Level::Good };
                let text = match sky.selected {
                    0 => format!("no source of {} lies {}: the model would be zero", sky.path, sky.region),
                    count => {
                        format!("{count} sources of {}, {:.4} Jy, {}", sky.path, sky.flux_jy, sky.region)
                    }
                };
                found.add("sky", level, text);
                let told = |warning: &&String| !observation.warnings.contains(warning);
                let doubts: Vec<String> = listener.0.iter().filter(told).cloned().collect();
                doubts.into_iter().for_each(|doubt| found.add("sky", Level::Warning, doubt));
                found.plan = Some(Box::new(report));
            }
            Err(error) => found.add("sky", Level::Bad, error.to_string()),
        }
    }
    found
}

/// Keeps what a run warns of.
struct Listener(Vec<String>);

impl Observer for Listener {
    fn warning(&mut self, text: &str) {
        // What concerns the virtual model and UVW was said before.
        if !text.contains("virtual model") && !text.contains("UVW") {
            self.0.push(text.to_owned());
        }
    }
}

fn name_of(telescope: &str) -> &str {
    if telescope.is_empty() { "unknown" } else { telescope }
}

fn file_system(found: &mut Preflight, path: &Path) {
    // Without links; a path that cannot be told is for opening to complain of.
    let real =
        path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_path_buf());
    let mounts = Mounts::read();
    match mounts.of(&real) {
        Some(mount) => {
            let read_only = mount.options.split(',').any(|option| option == "ro");
            let level = match mount.hazard() {
                _ if read_only => Level::Bad,
                Some(_) => Level::Warning,
                None => Level::Good,
            };
            let read_only = if read_only { "; it is mounted read-only" } else { "" };
            found.add("files", level, format!("{mount}{read_only}"));
        }
        None => found.add("files", Level::Warning, "the file system is not known on this machine"),
    }
}

fn lock(found: &mut Preflight, path: &Path, wait: Duration) {
    match ms::open_locked(path, wait, &|| false) {
        Ok(Some(table)) => match table.unlock().and_then(|()| table.close()) {
            Ok(()) => found.add("lock", Level::Good, "taken and given back"),
            Err(error) => found.add("lock", Level::Bad, format!("taken, but not given back: {error}")),
        },
        // Nobody cancels.
        Ok(None) => {}
        Err(error) => found.add("lock", Level::Bad, error.to_string()),
    }
}

fn column(
    found: &mut Preflight,
    table: &Table,
    survey: &RowSurvey,
    selection: &RowSelection,
    options: &Options,
) {
    let name = &options.column;
    let mut managers: BTreeMap<String, usize> = BTreeMap::new();
    for manager in table.data_managers().unwrap_or_default() {
        *managers.entry(manager.kind).or_default() += 1;
    }
    let managers: Vec<String> = managers.into_iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    found.add("storage", Level::Good, managers.join(", "));
    let column = ModelColumn::find(table, name, &written_shapes(selection));
    let Some(column) = found.keep("column", column) else { return };
    if found.keep("column", check_cells(table, &column, selection)).is_none() {
        return;
    }
    if let Some(state) = found.keep("column", ModelState::read(table, name)) {
        let stored = match column.presence() {
            Presence::Missing => "a TiledShapeStMan".to_owned(),
            Presence::Present { manager } => manager.clone(),
        };
        let (level, text) = match state {
            ModelState::NoColumn => (Level::Good, "is not there yet and will be made".to_owned()),
            ModelState::Unknown => {
                (Level::Warning, "was written by another program and will be replaced".to_owned())
            }
            ModelState::Complete(of) => {
                (Level::Good, format!("is complete, of {}, and will be replaced", of.started))
            }
            ModelState::Incomplete(of) => (
                Level::Warning,
                format!("is incomplete, of {}: a run did not end, or its check failed", of.started),
            ),
        };
        found.add("column", level, format!("{name} {text} ({stored})"));
    }
    if found.keep("room", check_room(table, &column, survey, selection)).is_some() {
        let free = ms::space::free_bytes(table.path()).unwrap_or(0);
        found.add(
            "room",
            Level::Good,
            format!("{:.1} GB are free, and all files can be written", free as f64 / 1e9),
        );
    }
}

fn model(found: &mut Preflight, table: &Table) {
    if let Some(model) = found.keep("virtual", VirtualModel::find(table)) {
        if model.exists() {
            let text = "a virtual model is set, which CASA uses instead of the column; a run with --delmod removes it";
            found.add("virtual", Level::Warning, text);
        } else {
            found.add("virtual", Level::Good, "no virtual model hides the column from CASA");
        }
    }
}

/// Rows of UVW, counted.
#[derive(Debug, Default, PartialEq, Eq)]
struct UvwCount {
    cross: u64,
    not_finite: u64,
    zero: u64,
    compared: u64,
    /// Those whose length is not that of the baseline.
    off: u64,
}

/// By how much the length of UVW may differ from the distance of the antennas: aberration, refraction and the geometry of
/// different correlators make some 1e-4.
const OFF: f64 = 1e-3;

impl UvwCount {
    fn add(&mut self, block: &RowBlock, positions: &[[f64; 3]]) {
        for (i, uvw) in block.uvw.iter().enumerate() {
            if !is_finite(uvw) {
                self.not_finite += 1;
                continue;
            }
            if block.antenna1[i] == block.antenna2[i] {
                continue;
            }
            self.cross += 1;
            let length = uvw.iter().map(|x| x * x).sum::<f64>().sqrt();
            if length == 0.0 {
                self.zero += 1;
                continue;
            }
            let at = |antenna: i32| usize::try_from(antenna).ok().and_then(|antenna| positions.get(antenna));
            if let (Some(one), Some(other)) = (at(block.antenna1[i]), at(block.antenna2[i])) {
                let distance = (0..3).map(|k| (one[k] - other[k]).powi(2)).sum::<f64>().sqrt();
                self.compared += 1;
                self.off += u64::from((length - distance).abs() > OFF * distance + 0.1);
            }
        }
    }
}

fn uvw(found: &mut Preflight, table: &Table, observation: &Observation) {
    const ROWS: u64 = 1 << 16;
    let rows = table.row_count();
    let positions: Vec<[f64; 3]> = observation.antennas.iter().map(|antenna| antenna.position).collect();
    let mut count = UvwCount::default();
    for start in (0..rows).step_by(ROWS as usize) {
        let block = RowBlock::read(table, start..rows.min(start + ROWS), false);
        let Some(block) = found.keep("uvw", block) else { return };
        count.add(&block, &positions);
    }
    let (level, text) = judge(&count, rows);
    found.add("uvw", level, text);
}

fn judge(count: &UvwCount, rows: u64) -> (Level, String) {
    let UvwCount { cross, not_finite, zero, compared, off } = *count;
    if not_finite == rows {
        (Level::Bad, "no row has a UVW that is a number: every model would be zero".to_owned())
    } else if cross > 0 && zero == cross {
        (
            Level::Bad,
            "UVW is zero for all baselines: every source would be predicted at the phase centre".to_owned(),
        )
    } else if not_finite + zero > 0 {
        (
            Level::Warning,
            format!(
                "{not_finite} of {rows} rows have a UVW that is no number, {zero} of {cross} baselines one of zero"
            ),
        )
    } else if off * 100 > compared {
        let share = 100.0 * off as f64 / compared as f64;
        let text = format!(
            "for {share:.1} % of {compared} baselines |UVW| is not the distance of the antennas (by more than 0.1 %): UVW, or the \
             positions in ANTENNA, may be wrong"
        );
        (Level::Warning, text)
    } else if compared == 0 {
        (
            Level::Warning,
            format!("finite for all {cross} baselines; ANTENNA has no positions to compare with"),
        )
    } else {
        (Level::Good, format!("finite, and as long as the antennas are apart, for {compared} baselines"))
    }
}

fn channels(found: &mut Preflight, observation: &Observation, selection: &RowSelection) {
    let data_descs: BTreeSet<i32> = selection.used.iter().map(|pair| pair.1).collect();
    let mut seen = BTreeSet::new();
    let mut counted = 0;
    let mut odd = false;
    for data_desc in data_descs {
        let spw = observation.spectral_window_of(data_desc);
        let Ok((window, _)) = observation.setup(data_desc) else { continue };
        if !seen.insert(spw) {
            continue;
        }
        counted += window.frequencies.len();
        for text in oddities(&window.frequencies, &window.widths) {
            odd = true;
            found.add("channels", Level::Warning, format!("SPW {spw}: {text}"));
        }
    }
    if !odd {
        found.add(
            "channels",
            Level::Good,
            format!("{counted} in {} spectral windows, in order, with widths", seen.len()),
        );
    }
}

/// What is odd about the channels of a spectral window.
fn oddities(frequencies: &[f64], widths: &[f64]) -> Vec<String> {
    let mut odd = Vec::new();
    let steps: Vec<f64> = frequencies.windows(2).map(|pair| pair[1] - pair[0]).collect();
    if steps.contains(&0.0) {
        odd.push("neighbouring channels have the same frequency".to_owned());
    } else if steps.iter().any(|step| *step > 0.0) && steps.iter().any(|step| *step < 0.0) {
        odd.push("the frequencies neither ascend nor descend".to_owned());
    }
    let without = widths.iter().filter(|width| !(width.is_finite() && **width > 0.0)).count();
    if without > 0 {
        odd.push(format!("{without} channels have no width: --smear does nothing for them"));
    }
    odd
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(uvw: [f64; 3], antennas: [i32; 2]) -> RowBlock {
        RowBlock {
            uvw: vec![uvw],
            antenna1: vec![antennas[0]],
            antenna2: vec![antennas[1]],
            ..RowBlock::default()
        }
    }

    #[test]
    fn uvw_is_compared_with_the_antennas() {
        let positions = [[0.0; 3], [300.0, 400.0, 0.0]];
        let counted = |uvw, antennas| {
            let mut count = UvwCount::default();
            count.add(&block(uvw, antennas), &positions);
            count
        };
        // A baseline of 500 m, turned.
        assert_eq!(judge(&counted([0.0, 0.0, -500.0], [0, 1]), 1).0, Level::Good);
        assert_eq!(judge(&counted([0.0, 0.0, -502.0], [0, 1]), 1).0, Level::Warning);
        assert_eq!(judge(&counted([0.0; 3], [0, 1]), 1).0, Level::Bad);
        assert_eq!(judge(&counted([f64::NAN, 0.0, 0.0], [0, 1]), 1).0, Level::Bad);
        // An autocorrelation is zero by right.
        assert_eq!(counted([0.0; 3], [1, 1]), UvwCount::default());
    }

    #[test]
    fn channels_that_are_odd_are_told() {
        assert!(oddities(&[3.0, 2.0, 1.0], &[1.0; 3]).is_empty());
        assert!(oddities(&[1.0, 3.0, 2.0], &[1.0; 3])[0].contains("neither"));
        assert!(oddities(&[1.0, 1.0], &[1.0; 2])[0].contains("same"));
        assert!(oddities(&[1.0, 2.0], &[1.0, 0.0])[0].contains("1 channels"));
    }
}

//! Gains of H5parm files (`--apply-gains`), as DP3's `applycal` and `h5parmpredict` apply them.

use std::path::Path;

use kernels::{Complex64, SPEED_OF_LIGHT};

use super::chain::Receptors;
use super::error::{PredictError, Result};
use super::jones::{Basis, Jones};
use crate::ms::Observation;
use crate::ms::h5parm::{self, SolutionKind, SolutionTable};

/// What a total electron content of one unit turns at 1 Hz [rad], DP3's constant: −e²/(4π ε0 m c) · 10¹⁶ m⁻².
const TEC: f64 = -8.447_972_45e9;

/// What is applied in one go.
#[derive(Debug, Clone)]
enum Step {
    /// A number of the receptors.
    One(SolutionTable),
    /// Amplitudes and phases of all four elements of a matrix.
    Full { amplitudes: SolutionTable, phases: SolutionTable },
}

impl Step {
    /// The tables, of the same axes.
    fn tables(&self) -> Vec<&SolutionTable> {
        match self {
            Step::One(table) => vec![table],
            Step::Full { amplitudes, phases } => vec![amplitudes, phases],
        }
    }
}

/// The solutions of a file.
#[derive(Debug, Clone)]
pub(crate) struct H5Gains {
    steps: Vec<Step>,
    /// The names of the MeasurementSet's antennas.
    antennas: Vec<String>,
    /// The patches of each direction, where there are several.
    pub(crate) directions: Vec<Vec<String>>,
    /// Whether the polarisations are said to be circular.
    circular: Option<bool>,
    /// One line for the report.
    pub(crate) description: String,
}

impl H5Gains {
    /// Reads `path`, or what is given as `path:table,table`, for channels between two frequencies [Hz].
    pub(crate) fn read(path: &Path, observation: &Observation, band: [f64; 2]) -> Result<H5Gains> {
        let (path, names) = named(path);
        let wrong = |message: String| PredictError::Options(format!("{}: {message}", path.display()));
        let mut tables = h5parm::read(&path, &names)?.into_iter().peekable();
        let mut steps = Vec::new();
        while let Some(table) = tables.next() {
            covers(&table, band).map_err(&wrong)?;
            let of_gain = matches!(table.kind, SolutionKind::Amplitude | SolutionKind::Phase);
            let most = match table.kind {
                SolutionKind::Rotation | SolutionKind::RotationMeasure => 1,
                _ => 2,
            };
            if table.receptors() <= most {
                steps.push(Step::One(table));
                continue;
            }
            let partner = tables.next_if(|next| {
                of_gain
                    && matches!(next.kind, SolutionKind::Amplitude | SolutionKind::Phase)
                    && next.kind != table.kind
                    && (table.receptors(), next.receptors()) == (4, 4)
            });
            let Some(partner) = partner else {
                return Err(wrong(format!(
                    "{}: {} polarisations, where such solutions have {}; the four of full Jones matrices are an amplitude \
                     and a phase, named one after the other",
                    table.name,
                    table.receptors(),
                    if most == 1 { "one" } else { "one or two" }
                )));
            };
            covers(&partner, band).map_err(&wrong)?;
            let (amplitudes, phases) =
                if table.kind == SolutionKind::Amplitude { (table, partner) } else { (partner, table) };
            steps.push(Step::Full { amplitudes, phases });
        }
        let all: Vec<&SolutionTable> = steps.iter().flat_map(Step::tables).collect();
        let mut directions: Vec<Vec<String>> = Vec::new();
        let mut of = "";
        for table in all.iter().filter(|table| table.directions.len() > 1) {
            let found: Vec<Vec<String>> = table.directions.iter().map(|text| patches(text)).collect();
            if !directions.is_empty() && directions != found {
                return Err(wrong(format!("{of} and {} are not of the same directions", table.name)));
            }
            (directions, of) = (found, &table.name);
        }
        let circular = all.iter().find_map(|table| {
            let first = table.polarisations.first()?.chars().next()?;
            (table.receptors() > 1).then_some(matches!(first, 'R' | 'L'))
        });
        let known: usize = observation
            .antennas
            .iter()
            .filter(|antenna| all.iter().all(|table| table.antennas.contains(&antenna.name)))
            .count();
        let names: Vec<&str> = all.iter().map(|table| table.name.as_str()).collect();
        let description = format!(
            "{} of {known} of {} antennas{} from {}{}",
            names.join(", "),
            observation.antennas.len(),
            if directions.is_empty() {
                String::new()
            } else {
                format!(" in {} directions", directions.len())
            },
            path.display(),
            match all.iter().map(|table| table.flagged()).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1)) {
                (0, _) => String::new(),
                (flagged, of) => format!("; {flagged} of {of} solutions are flagged, and not applied"),
            }
        );
        let antennas = observation.antennas.iter().map(|antenna| antenna.name.clone()).collect();
        Ok(H5Gains { steps, antennas, directions, circular, description })
    }

    /// Whether the gains are the same at every channel.
    pub(crate) fn is_flat(&self) -> bool {
        let flat = |table: &SolutionTable| {
            table.frequencies.len() < 2
                && matches!(
                    table.kind,
                    SolutionKind::Amplitude | SolutionKind::Phase | SolutionKind::Rotation
                )
        };
        self.steps.iter().all(|step| step.tables().into_iter().all(flat))
    }

    /// The matrix of an antenna towards a direction at `time` [s, MJD] and `frequency` [Hz], by the solutions that are nearest in
    /// both; none where one of these is flagged.
    ///
    /// # Errors
    /// If the file has no such antenna, or is of other feeds.
    pub(crate) fn at(
        &self,
        antenna: i32,
        receptors: &Receptors,
        direction: usize,
        time: f64,
        frequency: f64,
    ) -> Result<Option<Jones>> {
        let wrong = |message: String| PredictError::Options(format!("--apply-gains: {message}"));
        if self.circular.is_some_and(|circular| circular != (receptors.basis == Basis::Circular)) {
            return Err(wrong(format!("other feeds than those of the data have the {}", self.description)));
        }
        let name = usize::try_from(antenna).ok().and_then(|at| self.antennas.get(at));
        let name =
            name.ok_or_else(|| wrong(format!("ANTENNA has no row {antenna}, which rows of data name")))?;
        let mut jones = Jones::ONE;
        for step in &self.steps {
            let solutions = |table: &SolutionTable| -> Result<Vec<f64>> {
                let place = table.antennas.iter().position(|known| known == name).ok_or_else(|| {
                    wrong(format!("no solution of antenna {antenna} ({name}) among the {}", self.description))
                })?;
                let direction = if table.directions.len() > 1 { direction } else { 0 };
                let at = |axis: &[f64], x| nearest(axis, x);
                Ok(table
                    .at(direction, place, at(&table.times, time), at(&table.frequencies, frequency))
                    .to_vec())
            };
            let next = match step {
                Step::One(table) => of_one(table.kind, &solutions(table)?, receptors.basis, frequency),
                Step::Full { amplitudes, phases } => {
                    let (amplitudes, phases) = (solutions(amplitudes)?, solutions(phases)?);
                    let at = |k: usize| Complex64::from_polar(amplitudes[k], phases[k]);
                    Jones([[at(0), at(1)], [at(2), at(3)]])
                }
            };
            if !next.0.iter().flatten().all(|value| value.is_finite()) {
                return Ok(None);
            }
            jones = next.times(&jones);
        }
        Ok(Some(jones))
    }
}

/// The matrix of a solution of one number, or one of each receptor.
fn of_one(kind: SolutionKind, values: &[f64], basis: Basis, frequency: f64) -> Jones {
    let both = |of: &dyn Fn(f64) -> Complex64| {
        let value =
            |receptor: usize| values.get(receptor).or(values.first()).map_or(Complex64::ONE, |x| of(*x));
        Jones::diagonal([value(0), value(1)])
    };
    let first = values.first().copied().unwrap_or(f64::NAN);
    match kind {
        SolutionKind::Amplitude => both(&|x| Complex64::new(x, 0.0)),
        SolutionKind::Phase => both(&Complex64::cis),
        SolutionKind::Clock => both(&|x| Complex64::cis(std::f64::consts::TAU * x * frequency)),
        SolutionKind::Tec => both(&|x| Complex64::cis(TEC * x / frequency)),
        // [[cos, −sin], [sin, cos]]: feeds turned the other way.
        SolutionKind::Rotation => Jones::turned(basis, -first),
        SolutionKind::RotationMeasure => Jones::turned(basis, -first * (SPEED_OF_LIGHT / frequency).powi(2)),
    }
}

/// A path, and the names of tables that stand after it.
fn named(given: &Path) -> (std::path::PathBuf, Vec<String>) {
    let whole = || (given.to_path_buf(), Vec::new());
    if given.exists() {
        return whole();
    }
    match given.to_str().and_then(|text| text.rsplit_once(':')) {
        Some((path, names)) if Path::new(path).exists() => {
            (path.into(), names.split(',').map(|name| name.trim().to_owned()).collect())
        }
        _ => whole(),
    }
}

/// Whether `given` is a file, which may have names of tables after it.
pub(crate) fn is_h5parm(given: &Path) -> bool {
    named(given).0.is_file()
}

/// The patches of a direction, `[patch,patch]`.
fn patches(text: &str) -> Vec<String> {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    inner.split(',').map(|name| name.trim().to_owned()).collect()
}

/// Refuses channels more than a step beyond the solutions' frequencies, as DP3 does.
fn covers(table: &SolutionTable, [low, high]: [f64; 2]) -> std::result::Result<(), String> {
    let axis = &table.frequencies;
    let [first, second, ..] = axis[..] else { return Ok(()) };
    let (last, before) = (axis[axis.len() - 1], axis[axis.len() - 2]);
    if low >= first - (second - first) && high <= last + (last - before) {
        return Ok(());
    }
    Err(format!(
        "{} is of {:.3}–{:.3} MHz, but the channels reach from {:.3} to {:.3} MHz",
        table.name,
        first / 1e6,
        last / 1e6,
        low / 1e6,
        high / 1e6
    ))
}

/// The place of what is nearest to `x` on an ascending axis.
fn nearest(axis: &[f64], x: f64) -> usize {
    let after = axis.partition_point(|value| *value <= x);
    match (after.checked_sub(1), axis.get(after)) {
        (Some(before), Some(next)) if x - axis[before] < next - x => before,
        (_, Some(_)) => after,
        (Some(last), None) => last,
        (None, None) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_is_found() {
        let axis = [1.0, 2.0, 4.0];
        for (x, place) in [(0.0, 0), (1.4, 0), (1.6, 1), (2.9, 1), (3.1, 2), (9.0, 2)] {
            assert_eq!(nearest(&axis, x), place, "{x}");
        }
        assert_eq!(nearest(&[], 1.0), 0);
    }

    #[test]
    fn directions_are_lists_of_patches() {
        assert_eq!(patches("[CygA]"), ["CygA"]);
        assert_eq!(patches("[a, b]"), ["a", "b"]);
        assert_eq!(patches("pointing"), ["pointing"]);
    }
}

//! H5parm files: solutions of LoSoTo and DP3.
//!
//! <https://github.com/revoltek/losoto/wiki/H5parm-specifications>: an HDF5 file of solution sets (`sol000`), each a group of
//! solution tables (`amplitude000`, `phase000`, …), whose kind is the attribute TITLE. A table has `val` and `weight` with the
//! attribute AXES, the names of their axes in order, and a list for each axis. A weight of 0, or a value that is no number, is
//! a flagged solution.

use std::path::{Path, PathBuf};

use rust_hdf5::{H5Dataset, H5Group};

use super::error::{MsError, Result};
use crate::hdf5::SoundFile;

/// What a solution table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SolutionKind {
    /// Amplitudes of gains.
    Amplitude,
    /// Phases of gains [rad].
    Phase,
    /// Delays of clocks [s].
    Clock,
    /// Differences of the total electron content [TECU, 10¹⁶/m²].
    Tec,
    /// Angles of rotation [rad].
    Rotation,
    /// Rotation measures [rad/m²].
    RotationMeasure,
}

impl SolutionKind {
    fn of(title: &str) -> Option<SolutionKind> {
        Some(match title {
            "amplitude" => SolutionKind::Amplitude,
            "phase" => SolutionKind::Phase,
            "clock" => SolutionKind::Clock,
            "tec" => SolutionKind::Tec,
            "rotation" => SolutionKind::Rotation,
            "rotationmeasure" => SolutionKind::RotationMeasure,
            _ => return None,
        })
    }
}

/// The names of a table's axes, in the order in which its values stand here.
const AXES: [&str; 5] = ["dir", "ant", "time", "freq", "pol"];

/// A solution table; an axis that it does not have is empty, and has one value for everything.
#[derive(Debug, Clone, PartialEq)]
pub struct SolutionTable {
    /// Its name with that of its set, as `sol000/phase000`.
    pub name: String,
    /// What it holds.
    pub kind: SolutionKind,
    /// The directions, as the file has them: `[patch,…]`.
    pub directions: Vec<String>,
    /// The antennas' names.
    pub antennas: Vec<String>,
    /// Times [s, MJD], ascending.
    pub times: Vec<f64>,
    /// Frequencies [Hz], ascending.
    pub frequencies: Vec<f64>,
    /// The polarisations' names.
    pub polarisations: Vec<String>,
    /// Shape (direction, antenna, time, frequency, polarisation); no number where it is flagged.
    values: Vec<f64>,
}

impl SolutionTable {
    /// The number of polarisations.
    pub fn receptors(&self) -> usize {
        self.polarisations.len().max(1)
    }

    /// How many solutions are flagged, and how many there are.
    pub fn flagged(&self) -> (usize, usize) {
        (self.values.iter().filter(|value| !value.is_finite()).count(), self.values.len())
    }

    /// The solutions of every polarisation at the place of each axis.
    pub fn at(&self, direction: usize, antenna: usize, time: usize, frequency: usize) -> &[f64] {
        let lengths = [self.antennas.len(), self.times.len(), self.frequencies.len()].map(|n| n.max(1));
        let place = ((direction * lengths[0] + antenna) * lengths[1] + time) * lengths[2] + frequency;
        let count = self.receptors();
        self.values.get(place * count..(place + 1) * count).unwrap_or_default()
    }
}

/// A file under way.
struct File<'a> {
    path: &'a Path,
    file: SoundFile,
}

/// Reads tables of a file, in the order of their names (`phase000`, or `sol001/phase000`).
///
/// Without names these are `amplitude000` and `phase000` of the only set, or of `sol000`, as far as there are such; else its
/// only table.
///
/// # Errors
/// [`MsError::Invalid`] for a file that is no H5parm, for a table that is not there, and for one that is not understood.
pub fn read(path: &Path, names: &[String]) -> Result<Vec<SolutionTable>> {
    let invalid = |message: String| MsError::Invalid { path: path.to_path_buf(), message };
    let opened = SoundFile::open(path);
    let file = opened.map_err(|error| {
        invalid(format!(
            "it is neither a calibration table of CASA, which is a directory, nor an h5parm: {error}"
        ))
    })?;
    let file = File { path, file };
    let sets = file.file.file.root_group().group_names().map_err(|error| invalid(error.to_string()))?;
    let set = match &sets[..] {
        [] => return Err(invalid("an HDF5 file without groups: no h5parm".into())),
        [only] => only.clone(),
        several if several.iter().any(|name| name == "sol000") => "sol000".into(),
        several => {
            let first = several[0].clone();
            if names.iter().any(|name| !name.contains('/')) || names.is_empty() {
                return Err(invalid(format!(
                    "it has the solution sets {}: name one, as in {}:{first}/phase000",
                    several.join(", "),
                    path.display()
                )));
            }
            first
        }
    };
    let mut wanted: Vec<(String, String)> = Vec::new();
    for name in names {
        let (set, table) = name.split_once('/').unwrap_or((&set, name));
        wanted.push((set.to_owned(), table.to_owned()));
    }
    if wanted.is_empty() {
        let tables = file.tables(&set)?;
        wanted = ["amplitude000", "phase000"]
            .into_iter()
            .filter(|usual| tables.iter().any(|table| table == usual))
            .map(|usual| (set.clone(), usual.to_owned()))
            .collect();
        if let ([], [only]) = (&wanted[..], &tables[..]) {
            wanted.push((set.clone(), only.clone()));
        }
        if wanted.is_empty() {
            return Err(invalid(format!(
                "the solution set {set} has neither amplitude000 nor phase000, but {}: name those that are meant, as in \
                 {}:{}",
                listed(&tables),
                path.display(),
                tables.first().map_or("phase001", String::as_str)
            )));
        }
    }
    wanted.iter().map(|(set, table)| file.table(set, table)).collect()
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "nothing".into() } else { names.join(", ") }
}

impl File<'_> {
    fn invalid(&self, message: impl Into<String>) -> MsError {
        MsError::Invalid { path: PathBuf::from(self.path), message: message.into() }
    }

    /// The names of a set's tables: its groups with values.
    fn tables(&self, set: &str) -> Result<Vec<String>> {
        let group = self.group(set)?;
        let names = group.group_names().map_err(|error| self.invalid(format!("/{set}: {error}")))?;
        Ok(names
            .into_iter()
            .filter(|name| self.file.file.dataset(&format!("{set}/{name}/val")).is_ok())
            .collect())
    }

    fn group(&self, name: &str) -> Result<H5Group> {
        let root = self.file.file.root_group();
        root.group(name).map_err(|_| {
            let sets = root.group_names().unwrap_or_default();
            self.invalid(format!("it has no solution set '{name}'; it has {}", listed(&sets)))
        })
    }

    fn dataset(&self, name: &str) -> Result<H5Dataset> {
        let invalid = |error| self.invalid(format!("/{name}: {error}"));
        self.file.dataset(name).map_err(invalid)?.ok_or_else(|| invalid("there is none".into()))
    }

    fn numbers(&self, name: &str) -> Result<Vec<f64>> {
        let numbers = self.dataset(name)?.read_numeric_as::<f64>();
        numbers.map_err(|error| self.invalid(format!("/{name}: {error}")))
    }

    /// Ascending numbers.
    fn axis(&self, name: &str) -> Result<Vec<f64>> {
        let numbers = self.numbers(name)?;
        if numbers.iter().all(|number| number.is_finite()) && numbers.is_sorted_by(|a, b| a < b) {
            return Ok(numbers);
        }
        Err(self.invalid(format!("/{name}: its numbers do not ascend")))
    }

    fn names(&self, name: &str) -> Result<Vec<String>> {
        let texts = self.dataset(name)?.read_strings();
        let texts = texts.map_err(|error| self.invalid(format!("/{name}: {error}")))?;
        Ok(texts.into_iter().map(|text| text.trim_end_matches(['\0', ' ']).to_owned()).collect())
    }

    fn table(&self, set: &str, table: &str) -> Result<SolutionTable> {
        let name = format!("{set}/{table}");
        let wrong = |message: String| self.invalid(format!("/{name}: {message}"));
        let group = self.group(set)?.group(table).map_err(|_| {
            let there = self.tables(set).unwrap_or_default();
            self.invalid(format!("the solution set {set} has no table '{table}'; it has {}", listed(&there)))
        })?;
        let title = group.attr_string("TITLE").map_err(|error| wrong(format!("TITLE: {error}")))?;
        let title = title.trim_end_matches('\0');
        let kind = SolutionKind::of(title).ok_or_else(|| {
            wrong(format!(
                "solutions of kind '{title}'; those applied are amplitude, phase, clock, tec, rotation and rotationmeasure"
            ))
        })?;
        let val = self.dataset(&format!("{name}/val"))?;
        let axes = val.attr("AXES").and_then(|axes| axes.read_string());
        let axes = axes.map_err(|error| wrong(format!("val: AXES: {error}")))?;
        let axes: Vec<&str> = axes.trim_end_matches('\0').split(',').map(str::trim).collect();
        let shape = val.shape();
        if axes.len() != shape.len() {
            return Err(wrong(format!("val has {} axes, but AXES names {}", shape.len(), axes.len())));
        }
        let mut order = [None; AXES.len()];
        for (place, axis) in axes.iter().enumerate() {
            match AXES.iter().position(|known| known == axis) {
                Some(at) if order[at].is_none() => order[at] = Some(place),
                Some(_) => return Err(wrong(format!("AXES names '{axis}' twice"))),
                None if shape[place] == 1 => {}
                None => {
                    return Err(wrong(format!(
                        "the axis '{axis}' is not known; it is one of {}",
                        AXES.join(", ")
                    )));
                }
            }
        }
        let has = |axis: usize| order[axis].is_some();
        let texts = |axis: usize| match has(axis) {
            true => self.names(&format!("{name}/{}", AXES[axis])),
            false => Ok(Vec::new()),
        };
        let numbers = |axis: usize| match has(axis) {
            true => self.axis(&format!("{name}/{}", AXES[axis])),
            false => Ok(Vec::new()),
        };
        let (directions, antennas, polarisations) = (texts(0)?, texts(1)?, texts(4)?);
        let (times, frequencies) = (numbers(2)?, numbers(3)?);
        let lengths = [directions.len(), antennas.len(), times.len(), frequencies.len(), polarisations.len()];
        for ((axis, place), length) in AXES.iter().zip(order).zip(lengths) {
            if place.is_some_and(|place| shape[place] != length || length == 0) {
                return Err(wrong(format!("val and '{axis}' are not of the same length, or empty")));
            }
        }
        if antennas.is_empty() {
            return Err(wrong("it has no axis 'ant', so it is not known of which antennas it is".into()));
        }
        let mut values = self.numbers(&format!("{name}/val"))?;
        let weights = self.numbers(&format!("{name}/weight"))?;
        if values.len() != weights.len() || values.len() != shape.iter().product::<usize>() {
            return Err(wrong("val and weight are not of the same shape".into()));
        }
        for (value, weight) in values.iter_mut().zip(weights) {
            if weight == 0.0 || !weight.is_finite() {
                *value = f64::NAN;
            }
        }
        let values = reordered(&values, &shape, order);
        Ok(SolutionTable { name, kind, directions, antennas, times, frequencies, polarisations, values })
    }
}

/// Values of `shape` in the order of [`AXES`], each of which stands at a place of `order`.
fn reordered(values: &[f64], shape: &[usize], order: [Option<usize>; AXES.len()]) -> Vec<f64> {
    let stride = |place: usize| shape[place + 1..].iter().product::<usize>();
    let [a, b, c, d, e] = order.map(|place| place.map_or((1, 0), |place| (shape[place], stride(place))));
    let mut found = Vec::with_capacity(values.len());
    for i in 0..a.0 {
        for j in 0..b.0 {
            for k in 0..c.0 {
                for l in 0..d.0 {
                    let base = i * a.1 + j * b.1 + k * c.1 + l * d.1;
                    found.extend((0..e.0).map(|m| values[base + m * e.1]));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_put_in_order() {
        // pol, ant, time: 2 × 3 × 2.
        let values: Vec<f64> = (0..12).map(f64::from).collect();
        let found = reordered(&values, &[2, 3, 2], [None, Some(1), Some(2), None, Some(0)]);
        assert_eq!(found, [0.0, 6.0, 1.0, 7.0, 2.0, 8.0, 3.0, 9.0, 4.0, 10.0, 5.0, 11.0]);
    }
}

//! What an array observed and how: the subtables of a MeasurementSet, checked when it is opened.

use std::path::{Path, PathBuf};

use casacore::{Access, Record, Table, Value};

use super::error::{MsError, Result};
use super::field::{Field, read_fields};

/// A spectral window: the frequencies of its channels.
#[derive(Debug, Clone, PartialEq)]
pub struct SpectralWindow {
    /// Its name, possibly empty.
    pub name: String,
    /// Channel centres [Hz], in the order of the data; may descend or be non-uniform.
    pub frequencies: Vec<f64>,
    /// The widths of the channels [Hz], positive; 0 where CHAN_WIDTH says nothing.
    pub widths: Vec<f64>,
}

/// A polarisation set-up: the correlation products of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Polarization {
    /// casacore's Stokes codes: 1–4 I Q U V, 5–8 RR RL LR LL, 9–12 XX XY YX YY.
    pub correlations: Vec<i32>,
}

/// What a DATA_DESC_ID stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataDescription {
    /// Row of SPECTRAL_WINDOW.
    pub spectral_window: i32,
    /// Row of POLARIZATION.
    pub polarization: i32,
}

/// An antenna of the array.
#[derive(Debug, Clone, PartialEq)]
pub struct Antenna {
    /// Its name.
    pub name: String,
    /// Dish diameter [m]; 0 where the MeasurementSet does not say.
    pub diameter: f64,
    /// Position, ITRF [m].
    pub position: [f64; 3],
    /// MOUNT, as `ALT-AZ` or `EQUATORIAL`; empty where the MeasurementSet does not say.
    pub mount: String,
}

/// Everything a predictor must know of a MeasurementSet, apart from its rows.
#[derive(Debug, Clone)]
pub struct Observation {
    /// The MeasurementSet.
    pub path: PathBuf,
    /// The number of rows of the main table.
    pub rows: u64,
    /// The telescope's name, empty where OBSERVATION does not say.
    pub telescope: String,
    /// The fields with their phase centres.
    pub fields: Vec<Field>,
    /// The spectral windows.
    pub spectral_windows: Vec<SpectralWindow>,
    /// The polarisation set-ups.
    pub polarizations: Vec<Polarization>,
    /// The data descriptions.
    pub data_descriptions: Vec<DataDescription>,
    /// The antennas.
    pub antennas: Vec<Antenna>,
    /// What was odd but did not stand in the way.
    pub warnings: Vec<String>,
}

/// The main-table columns without which nothing can be predicted.
const NEEDED_COLUMNS: [&str; 6] = ["UVW", "FIELD_ID", "DATA_DESC_ID", "ANTENNA1", "ANTENNA2", "TIME"];

impl Observation {
    /// Reads the subtables of the opened main table `ms`.
    ///
    /// # Errors
    /// [`MsError::Subtable`] for a subtable that is missing, [`MsError::Invalid`] for a table that
    /// is no MeasurementSet or contradicts itself.
    pub fn read(ms: &Table) -> Result<Observation> {
        let path = ms.path().to_path_buf();
        for column in NEEDED_COLUMNS {
            if !ms.has_column(column) {
                return Err(MsError::Invalid {
                    path,
                    message: format!("no column {column}: this table is not a MeasurementSet"),
                });
            }
        }
        let keywords = ms.keywords()?;
        let mut warnings = Vec::new();
        let field = subtable(&path, &keywords, "FIELD")?;
        let spectral_window = subtable(&path, &keywords, "SPECTRAL_WINDOW")?;
        let polarization = subtable(&path, &keywords, "POLARIZATION")?;
        let description = subtable(&path, &keywords, "DATA_DESCRIPTION")?;
        let antennas = match subtable(&path, &keywords, "ANTENNA").and_then(|t| read_antennas(&t)) {
            Ok(antennas) => antennas,
            Err(error) => {
                warnings.push(format!("dish diameters are unknown: {error}"));
                Vec::new()
            }
        };
        let telescope = match subtable(&path, &keywords, "OBSERVATION").and_then(|t| telescope(&t)) {
            Ok(name) => name,
            Err(error) => {
                warnings.push(format!("the telescope is unknown: {error}"));
                String::new()
            }
        };
        Ok(Observation {
            rows: ms.row_count(),
            telescope,
            fields: read_fields(&path, &field)?,
            spectral_windows: read_spectral_windows(&path, &spectral_window)?,
            polarizations: read_polarizations(&polarization)?,
            data_descriptions: read_data_descriptions(&description)?,
            antennas,
            warnings,
            path,
        })
    }

    /// The SPECTRAL_WINDOW_ID of a DATA_DESC_ID; −1 where there is none.
    pub fn spectral_window_of(&self, data_desc_id: i32) -> i32 {
        row(&self.data_descriptions, data_desc_id).map_or(-1, |description| description.spectral_window)
    }

    /// The channels and correlations of a DATA_DESC_ID.
    ///
    /// # Errors
    /// [`MsError::Invalid`] where the id, or a row it points to, does not exist.
    pub fn setup(&self, data_desc_id: i32) -> Result<(&SpectralWindow, &Polarization)> {
        let invalid = |message: String| MsError::Invalid { path: self.path.clone(), message };
        let description = row(&self.data_descriptions, data_desc_id).ok_or_else(|| {
            invalid(format!(
                "rows have DATA_DESC_ID {data_desc_id}, but DATA_DESCRIPTION has only {} row(s); \
                 repair the MeasurementSet, for instance by CASA's split",
                self.data_descriptions.len()
            ))
        })?;
        let spw = row(&self.spectral_windows, description.spectral_window).ok_or_else(|| {
            invalid(format!(
                "DATA_DESCRIPTION {data_desc_id} names spectral window {}, but SPECTRAL_WINDOW has only {} row(s)",
                description.spectral_window,
                self.spectral_windows.len()
            ))
        })?;
        let polarization = row(&self.polarizations, description.polarization).ok_or_else(|| {
            if self.polarizations.is_empty() {
                invalid(
                    "the POLARIZATION table is empty, so the correlations of the rows are unknown; \
                     restore it from the original MeasurementSet"
                        .into(),
                )
            } else {
                invalid(format!(
                    "DATA_DESCRIPTION {data_desc_id} names polarisation {}, but POLARIZATION has only {} row(s)",
                    description.polarization,
                    self.polarizations.len()
                ))
            }
        })?;
        if spw.frequencies.is_empty() || polarization.correlations.is_empty() {
            return Err(invalid(format!(
                "DATA_DESCRIPTION {data_desc_id} has {} channels and {} correlations; both must be at least one",
                spw.frequencies.len(),
                polarization.correlations.len()
            )));
        }
        if let Some(bad) = spw.frequencies.iter().find(|f| !(f.is_finite() && **f > 0.0)) {
            return Err(invalid(format!(
                "spectral window {} has a channel at {bad} Hz; CHAN_FREQ must be positive",
                description.spectral_window
            )));
        }
        Ok((spw, polarization))
    }

    /// The field of a FIELD_ID.
    ///
    /// # Errors
    /// [`MsError::Invalid`] where FIELD has no such row.
    pub fn field(&self, field_id: i32) -> Result<&Field> {
        row(&self.fields, field_id).ok_or_else(|| MsError::Invalid {
            path: self.path.clone(),
            message: format!(
                "rows have FIELD_ID {field_id}, but FIELD has only {} row(s); \
                 repair the MeasurementSet, for instance by CASA's split",
                self.fields.len()
            ),
        })
    }

    /// The middle of the array, ITRF [m]; the middle of the Earth without antennas.
    ///
    /// Rows of ANTENNA that are there for their number alone, as pyuvdata leaves them, stand in the middle of the Earth too: they
    /// are no part of the array.
    pub fn site(&self) -> [f64; 3] {
        let stand = |antenna: &&Antenna| antenna.position.iter().any(|x| x.abs() > 1e3);
        let standing: Vec<&Antenna> = self.antennas.iter().filter(stand).collect();
        let count = standing.len().max(1) as f64;
        std::array::from_fn(|k| standing.iter().map(|antenna| antenna.position[k]).sum::<f64>() / count)
    }

    /// The smallest dish of the array [m], if ANTENNA tells.
    pub fn smallest_dish(&self) -> Option<f64> {
        self.antennas.iter().map(|a| a.diameter).filter(|d| d.is_finite() && *d > 0.0).min_by(f64::total_cmp)
    }
}

/// Item `id` of a subtable's rows, `None` for negative or too large ids.
fn row<T>(rows: &[T], id: i32) -> Option<&T> {
    usize::try_from(id).ok().and_then(|id| rows.get(id))
}

/// Opens the subtable that keyword `name` of the main table points to.
pub(crate) fn subtable(ms: &Path, keywords: &Record, name: &'static str) -> Result<Table> {
    let error = |message: String| MsError::Subtable { path: ms.to_path_buf(), table: name, message };
    match keywords.get(name) {
        Some(Value::Table(path)) => Table::open(path, Access::ReadOnly).map_err(|e| error(e.to_string())),
        Some(_) => Err(error("the keyword is not a table".into())),
        None => Err(error("the main table has no such keyword".into())),
    }
}

fn read_spectral_windows(ms: &Path, table: &Table) -> Result<Vec<SpectralWindow>> {
    let rows = table.row_count();
    let counts = table.scalars::<i32>("NUM_CHAN", 0..rows)?;
    let names = if table.has_column("NAME") {
        table.scalars::<String>("NAME", 0..rows)?
    } else {
        vec![String::new(); counts.len()]
    };
    let mut windows = Vec::with_capacity(counts.len());
    for (row, name) in (0..rows).zip(names) {
        // A window whose frequencies were never filled is an error only where rows use it.
        let frequencies = match table.cell_shape("CHAN_FREQ", row)? {
            Some(_) => table.cell::<f64>("CHAN_FREQ", row)?.into_iter().collect(),
            None => Vec::new(),
        };
        let mut widths = vec![0.0; frequencies.len()];
        if table.has_column("CHAN_WIDTH") && table.cell_shape("CHAN_WIDTH", row)?.is_some() {
            let stored = table.cell::<f64>("CHAN_WIDTH", row)?;
            // The widths of channels in descending order are often negative.
            widths.iter_mut().zip(stored).for_each(|(width, stored)| *width = stored.abs());
        }
        let expected = usize::try_from(counts[row as usize]).unwrap_or(0);
        if !frequencies.is_empty() && frequencies.len() != expected {
            return Err(MsError::Invalid {
                path: ms.to_path_buf(),
                message: format!(
                    "spectral window {row}: NUM_CHAN is {expected}, but CHAN_FREQ has {} values",
                    frequencies.len()
                ),
            });
        }
        windows.push(SpectralWindow { name, frequencies, widths });
    }
    Ok(windows)
}

fn read_polarizations(table: &Table) -> Result<Vec<Polarization>> {
    (0..table.row_count())
        .map(|row| {
            let correlations = match table.cell_shape("CORR_TYPE", row)? {
                Some(_) => table.cell::<i32>("CORR_TYPE", row)?.into_iter().collect(),
                None => Vec::new(),
            };
            Ok(Polarization { correlations })
        })
        .collect()
}

fn read_data_descriptions(table: &Table) -> Result<Vec<DataDescription>> {
    let rows = 0..table.row_count();
    let windows = table.scalars::<i32>("SPECTRAL_WINDOW_ID", rows.clone())?;
    let polarizations = table.scalars::<i32>("POLARIZATION_ID", rows)?;
    Ok(windows
        .into_iter()
        .zip(polarizations)
        .map(|(spectral_window, polarization)| DataDescription { spectral_window, polarization })
        .collect())
}

fn read_antennas(table: &Table) -> Result<Vec<Antenna>> {
    let rows = 0..table.row_count();
    let names = table.scalars::<String>("NAME", rows.clone())?;
    let diameters = table.scalars::<f64>("DISH_DIAMETER", rows.clone())?;
    let mounts = match table.has_column("MOUNT") {
        true => table.scalars::<String>("MOUNT", rows.clone())?,
        false => vec![String::new(); names.len()],
    };
    let mut antennas = Vec::with_capacity(names.len());
    for (((row, name), diameter), mount) in rows.zip(names).zip(diameters).zip(mounts) {
        let cell = table.cell::<f64>("POSITION", row)?;
        let mut position = [0.0; 3];
        position.iter_mut().zip(&cell).for_each(|(x, value)| *x = *value);
        antennas.push(Antenna { name, diameter, position, mount });
    }
    Ok(antennas)
}

fn telescope(table: &Table) -> Result<String> {
    let rows = table.row_count();
    let mut names = table.scalars::<String>("TELESCOPE_NAME", 0..rows.min(1))?;
    Ok(names.pop().unwrap_or_default())
}

//! Phase centres: the FIELD subtable with its frames and polynomials.

use std::path::Path;

use casacore::{Record, Table, Value};
use ndarray::ArrayD;

use super::error::{MsError, Result};
use crate::coords::{Direction, Frame};

/// A field: where the phase centre was.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// The origin of the polynomial [s], MJD.
    pub time: f64,
    /// The frame as the MeasurementSet names it, for instance `J2000`.
    pub frame_name: String,
    /// The phase centre as a polynomial in (TIME − `time`): term by term (longitude, latitude)
    /// [rad s⁻ᵏ]. One term for a fixed centre.
    pub phase_dir: Vec<[f64; 2]>,
    /// Whether an ephemeris moves the centre (EPHEMERIS_ID ≥ 0).
    pub ephemeris: bool,
}

impl Field {
    /// Whether the phase centre moves with time.
    pub fn moves(&self) -> bool {
        self.phase_dir.iter().skip(1).any(|term| term[0] != 0.0 || term[1] != 0.0)
    }

    /// The phase centre at `time` [s, MJD].
    ///
    /// # Errors
    /// A sentence for a frame that is not supported, an ephemeris, or a centre that is no direction.
    pub fn phase_centre(&self, time: f64) -> std::result::Result<Direction, String> {
        if self.ephemeris {
            return Err(format!(
                "field {:?} follows an ephemeris (EPHEMERIS_ID), which is not supported; \
                 re-phase the data to a fixed direction (CASA phaseshift) or leave the field out with --fields",
                self.name
            ));
        }
        let frame: Frame = self.frame_name.parse().map_err(|_| {
            format!(
                "field {:?} has its phase centre in frame {}, which is not supported; \
                 supported are ICRS, J2000, B1950 and GALACTIC",
                self.name, self.frame_name
            )
        })?;
        if self.phase_dir.is_empty() {
            return Err(format!("field {:?} has no PHASE_DIR", self.name));
        }
        let dt = time - self.time;
        let mut centre = [0.0; 2];
        for term in self.phase_dir.iter().rev() {
            // A fixed centre must not depend on TIME at all, even where TIME is odd.
            let factor = if self.phase_dir.len() > 1 { dt } else { 0.0 };
            centre = [centre[0] * factor + term[0], centre[1] * factor + term[1]];
        }
        if !(centre[0].is_finite()
            && centre[1].is_finite()
            && centre[1].abs() <= std::f64::consts::FRAC_PI_2 + 1e-9)
        {
            return Err(format!(
                "field {:?} has the phase centre ({}, {}) rad, which is no direction",
                self.name, centre[0], centre[1]
            ));
        }
        Ok(Direction { frame, longitude: centre[0], latitude: centre[1] })
    }
}

/// Where a column of directions says its frame is written.
pub(super) enum FrameSource {
    Fixed(String),
    Column { column: String, names: Vec<(i64, String)> },
}

/// Reads FIELD: one [`Field`] a row.
pub(super) fn read_fields(ms: &Path, table: &Table) -> Result<Vec<Field>> {
    let rows = table.row_count();
    let frames = frame_source(ms, table, "PHASE_DIR")?;
    let mut fields = Vec::with_capacity(rows as usize);
    for row in 0..rows {
        let one = |column: &str| -> Result<Option<f64>> {
            if !table.has_column(column) {
                return Ok(None);
            }
            Ok(table.scalars::<f64>(column, row..row + 1)?.pop())
        };
        let ephemeris = table.has_column("EPHEMERIS_ID")
            && table.scalars::<i32>("EPHEMERIS_ID", row..row + 1)?.first().is_some_and(|id| *id >= 0);
        let name = if table.has_column("NAME") {
            table.scalars::<String>("NAME", row..row + 1)?.pop().unwrap_or_default()
        } else {
            String::new()
        };
        fields.push(Field {
            name,
            time: one("TIME")?.unwrap_or(0.0),
            frame_name: row_frame(ms, table, "PHASE_DIR", &frames, row)?,
            phase_dir: phase_dir(ms, table, row)?,
            ephemeris,
        });
    }
    Ok(fields)
}

/// The polynomial of one row: a cell of shape [NUM_POLY + 1, 2], or [2] in old files.
fn phase_dir(ms: &Path, table: &Table, row: u64) -> Result<Vec<[f64; 2]>> {
    if table.cell_shape("PHASE_DIR", row)?.is_none() {
        return Ok(Vec::new());
    }
    let cell: ArrayD<f64> = table.cell("PHASE_DIR", row)?;
    let bad = || MsError::Invalid {
        path: ms.to_path_buf(),
        message: format!(
            "FIELD row {row}: PHASE_DIR has the shape {:?} instead of [NUM_POLY+1, 2]",
            cell.shape()
        ),
    };
    if cell.ndim() == 0 || cell.shape()[cell.ndim() - 1] != 2 || cell.is_empty() {
        return Err(bad());
    }
    let flat: Vec<f64> = cell.iter().copied().collect();
    let mut terms: Vec<[f64; 2]> = flat.chunks_exact(2).map(|p| [p[0], p[1]]).collect();
    // NUM_POLY may be smaller than the cell: what lies beyond is padding.
    if table.has_column("NUM_POLY") {
        let declared = table.scalars::<i32>("NUM_POLY", row..row + 1)?;
        if let Some(Ok(n)) = declared.first().map(|n| usize::try_from(*n)) {
            terms.truncate(n + 1);
        }
    }
    Ok(terms)
}

/// The MEASINFO keyword of a column of directions: `Ref`, or `VarRefCol` with its code table.
pub(super) fn frame_source(ms: &Path, table: &Table, directions: &str) -> Result<FrameSource> {
    let keywords: Record = table.column_keywords(directions)?;
    let Some(Value::Record(info)) = keywords.get("MEASINFO") else {
        // Files older than MEASINFO mean J2000, which is casacore's default for directions.
        return Ok(FrameSource::Fixed("J2000".into()));
    };
    if let Some(Value::String(column)) = info.get("VarRefCol") {
        let types = match info.get("TabRefTypes") {
            Some(Value::StringArray(names)) => names.iter().cloned().collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        let codes = integers(info.get("TabRefCodes"));
        return Ok(FrameSource::Column {
            column: column.clone(),
            names: codes.into_iter().zip(types).collect(),
        });
    }
    match info.get("Ref") {
        Some(Value::String(name)) => Ok(FrameSource::Fixed(name.clone())),
        _ => Err(MsError::Invalid {
            path: ms.to_path_buf(),
            message: format!(
                "{directions} has a MEASINFO keyword without Ref or VarRefCol, so its frame is unknown"
            ),
        }),
    }
}

fn integers(value: Option<&Value>) -> Vec<i64> {
    match value {
        Some(Value::IntArray(codes)) => codes.iter().map(|c| i64::from(*c)).collect(),
        Some(Value::UIntArray(codes)) => codes.iter().map(|c| i64::from(*c)).collect(),
        Some(Value::Int64Array(codes)) => codes.iter().copied().collect(),
        _ => Vec::new(),
    }
}

/// casacore's own direction codes, for files whose MEASINFO has no code table.
fn casacore_frame(code: i64) -> Option<&'static str> {
    // MDirection::Types, casacore measures/Measures/MDirection.h.
    match code {
        0 => Some("J2000"),
        4 => Some("B1950"),
        8 => Some("GALACTIC"),
        21 => Some("ICRS"),
        _ => None,
    }
}

/// The frame of one row of a column of directions.
pub(super) fn row_frame(
    ms: &Path,
    table: &Table,
    directions: &str,
    source: &FrameSource,
    row: u64,
) -> Result<String> {
    let (column, names) = match source {
        FrameSource::Fixed(name) => return Ok(name.clone()),
        FrameSource::Column { column, names } => (column, names),
    };
    let invalid = |message: String| MsError::Invalid { path: ms.to_path_buf(), message };
    if !table.has_column(column) {
        return Err(invalid(format!(
            "{directions} takes its frame from the column {column}, which does not exist"
        )));
    }
    // The column holds codes, or (in some CASA versions) the names themselves.
    if let Ok(mut name) = table.scalars::<String>(column, row..row + 1) {
        return Ok(name.pop().unwrap_or_default());
    }
    let code = table.scalars::<i32>(column, row..row + 1)?.pop().map_or(-1, i64::from);
    names
        .iter()
        .find(|(c, _)| *c == code)
        .map(|(_, name)| name.clone())
        .or_else(|| casacore_frame(code).map(String::from))
        .ok_or_else(|| {
            invalid(format!("row {row}: the frame code {code} of {directions} in {column} is unknown"))
        })
}

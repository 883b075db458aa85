//! Making MeasurementSets: for the demonstration, for tests and for benchmarks.
//!
//! [`make`] writes a complete MeasurementSet of version 2 from a recipe, [`MsSpec`]: UVW by ERFA from real antenna
//! positions, one phase centre per integration where the telescope drifts, all mandatory subtables and columns.
//! WSClean, CASA, DP3 and python-casacore read them.
//!
//! ```no_run
//! use nvss_predict::ms::make::{FieldLayout, MsSpec, make};
//!
//! let mut spec = MsSpec::dsa110(24, 10, 2, 48);
//! spec.fields = FieldLayout::Single([6.0, 0.28]);
//! let made = make("test.ms".as_ref(), &spec)?;
//! assert_eq!(made.rows, 300 * 10 * 2);
//! # Ok::<(), nvss_predict::ms::make::MakeError>(())
//! ```

mod array;
mod geometry;
mod rows;
mod schema;
mod spec;
mod subtables;

use std::path::{Path, PathBuf};

use casacore::Value;

use crate::coords::Direction;
use crate::ms::space::free_bytes;
use geometry::{Sky, UvwAxes};
use rows::Rows;
use subtables::{FieldRow, Subtables};

pub use geometry::itrf;
pub use spec::{
    Antenna, DataColumn, DataFill, FieldLayout, MakeError, Manager, MsSpec, RowOrder, SpectralWindow,
};

/// A MeasurementSet that was made.
#[derive(Debug, Clone)]
pub struct MadeMs {
    /// Where it is.
    pub path: PathBuf,
    /// Rows of the main table.
    pub rows: u64,
    /// Rows per integration and spectral window.
    pub baselines: usize,
    /// Phase centre of each field.
    pub centres: Vec<Direction>,
}

/// Makes the MeasurementSet that `spec` describes at `path`.
///
/// It is made in a directory beside `path` and moved there when it is complete, so that nothing half made is ever found
/// at `path`. Memory needed: a few MB besides the geometry of the antennas.
///
/// # Errors
/// [`MakeError::Exists`] if there is anything at `path`, [`MakeError::Spec`] for a recipe that contradicts itself,
/// [`MakeError::Space`] if the file system is too full, otherwise what casacore or the system says.
pub fn make(path: &Path, spec: &MsSpec) -> Result<MadeMs, MakeError> {
    spec.check()?;
    let io = |source| MakeError::Io { path: path.to_owned(), source };
    // A dangling link counts as something, too.
    if path.symlink_metadata().is_ok() {
        return Err(MakeError::Exists(path.to_owned()));
    }
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let Pointings { fields, field_of, axes } = observe(spec)?;
    let baselines = spec.baselines();
    let rows = Rows { spec, field_of: &field_of, axes: &axes, baselines: &baselines };
    check_space(parent, spec, rows.count())?;

    let workshop = tempfile::Builder::new().prefix(".nvss-predict-").tempdir_in(parent).map_err(io)?;
    let root = workshop.path().join("ms");
    let table = rows.write(&root)?;
    for name in (Subtables { root: &root, spec, fields: &fields, field_of: &field_of }).write()? {
        table.set_keyword(name, &Value::Table(PathBuf::from(name)))?;
    }
    table.set_keyword("MS_VERSION", &Value::Float(2.0))?;
    table.close()?;
    std::fs::rename(&root, path).map_err(io)?;

    let frame = spec.frame();
    let direction =
        |field: &FieldRow| Direction { frame, longitude: field.direction[0], latitude: field.direction[1] };
    Ok(MadeMs {
        path: path.to_owned(),
        rows: rows.count() as u64,
        baselines: baselines.len(),
        centres: fields.iter().map(direction).collect(),
    })
}

/// Where the array looks.
struct Pointings {
    fields: Vec<FieldRow>,
    /// FIELD_ID of each integration.
    field_of: Vec<usize>,
    /// UVW axes of each integration.
    axes: Vec<UvwAxes>,
}

/// Finds the phase centre and the UVW axes of each integration.
fn observe(spec: &MsSpec) -> Result<Pointings, MakeError> {
    let skies: Vec<Sky> =
        (0..spec.times).map(|time| Sky::new(&spec.site, spec.time(time))).collect::<Result<_, _>>()?;
    let frame = spec.frame();
    let directions: Vec<[f64; 2]> = match &spec.fields {
        FieldLayout::Drift => skies
            .iter()
            .map(|sky| sky.meridian(spec.declination).to(frame))
            .map(|direction| [direction.longitude, direction.latitude])
            .collect(),
        FieldLayout::Single(direction) => vec![*direction],
        FieldLayout::Several(directions) => directions.clone(),
    };
    let field_of: Vec<usize> = (0..spec.times).map(|time| time % directions.len()).collect();
    let axes = skies
        .iter()
        .zip(&field_of)
        .map(|(sky, &field)| {
            let [longitude, latitude] = directions[field];
            sky.uvw_axes(Direction { frame, longitude, latitude })
        })
        .collect();
    let prefix = if spec.fields == FieldLayout::Drift { "meridian_t" } else { "field" };
    let fields = directions
        .into_iter()
        .enumerate()
        .map(|(number, direction)| FieldRow {
            name: format!("{prefix}{number}"),
            direction,
            // A field that comes back keeps the moment of its first integration.
            time: spec.time(number.min(spec.times - 1)),
        })
        .collect();
    Ok(Pointings { fields, field_of, axes })
}

/// Refuses to fill a file system to the brim, where casacore would abort the whole process.
fn check_space(parent: &Path, spec: &MsSpec, rows: usize) -> Result<(), MakeError> {
    let needed = spec.bytes(rows);
    let free = free_bytes(parent).map_err(|source| MakeError::Io { path: parent.to_owned(), source })?;
    if free < needed {
        return Err(MakeError::Space { path: parent.to_owned(), needed, free });
    }
    Ok(())
}

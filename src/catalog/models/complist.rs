//! CASA's component lists, tables that `cl.rename` makes.
//!
//! Laid out as casacore's `components/ComponentModels/ComponentList.cc`: a row a component. `Flux` with its unit and polarisation
//! (Stokes; linear XX XY YX YY and circular RR RL LR LL, of which I is half the sum of the first and the last); a direction [rad]
//! with its frame; `Shape` with full widths at half maximum of Gaussians and diameters of disks [rad], and the position angle [rad]
//! north through east; a spectrum about `Reference_Frequency` [Hz]: constant, a spectral index, a polynomial
//! `S = S0 (ν/ν0)^(c0 + c1 ln ν/ν0 + ...)`, or a table. Q, U and V go as I with a spectral index, and stay with a polynomial: so
//! CASA 6.7 predicts them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use casacore::{Access, Record, Table};
use num_complex::Complex64;

use super::line::Line;
use super::row::{of_ln_terms, staying};
use crate::catalog::builder::Builder;
use crate::catalog::input::{Input, digest_of};
use crate::catalog::record::Details;
use crate::catalog::{CatalogError, ReadOptions};
use crate::coords::{Direction, Frame};
use crate::sky::{self, AngleFrame, Component, Ellipse, Interpolation, Shape, Spectrum, Stokes};

/// Whether a folder is such a table.
pub(in crate::catalog) fn is_component_list(path: &Path) -> bool {
    path.join("table.dat").is_file()
        && casacore::table_type(path).is_ok_and(|kind| kind.trim().eq_ignore_ascii_case("component list"))
}

/// Reads the list; returns the digest of the files of the table.
pub(in crate::catalog) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    let wrong = |source| CatalogError::Table { path: input.path.clone(), source: Box::new(source) };
    let table = Table::open(&input.path, Access::ReadOnly).map_err(wrong)?;
    let columns = Columns::read(&table).map_err(wrong)?;
    for (column, unit) in [("Reference_Direction", "rad"), ("Reference_Frequency", "Hz")] {
        let units = table.column_keywords(column).map_err(wrong)?;
        let units = units.get("QuantumUnits").and_then(casacore::Value::to_strings).unwrap_or_default();
        if units.iter().any(|found| found != unit) {
            return Err(
                input.layout(format!("the column {column} is in {}, not in {unit}", units.join(", ")))
            );
        }
    }
    for row in 0..table.row_count() {
        let line = Line { input, number: row + 1 };
        builder.row();
        let component = columns.component(&table, row, line, options).map_err(|error| match error {
            Wrong::Table(source) => wrong(source),
            Wrong::Row(error) => error,
        })?;
        if !builder.wants(component.position) {
            continue;
        }
        let details = builder.detailed().then(|| {
            let own_angle_frame = component.shape != Shape::Point;
            Box::new(Details { own_angle_frame, ..Details::of_model(&component, true) })
        });
        builder.push_detailed(component, false, details, || row + 1)?;
    }
    let mut files: Vec<PathBuf> = std::fs::read_dir(&input.path)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(|source| input.io(source))?;
    // The lock changes with every reader.
    files.retain(|path| path.is_file() && path.file_name().is_some_and(|name| name != "table.lock"));
    files.sort();
    let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    digest_of(&files).map_err(|source| input.io(source))
}

/// What is wrong with a row.
enum Wrong {
    Table(casacore::Error),
    Row(CatalogError),
}

impl From<casacore::Error> for Wrong {
    fn from(error: casacore::Error) -> Self {
        Wrong::Table(error)
    }
}

impl From<CatalogError> for Wrong {
    fn from(error: CatalogError) -> Self {
        Wrong::Row(error)
    }
}

/// The columns of one value a row.
struct Columns {
    units: Vec<String>,
    polarisations: Vec<String>,
    shapes: Vec<String>,
    frames: Vec<String>,
    spectra: Vec<String>,
    frequencies: Vec<f64>,
    labels: Vec<String>,
    records: bool,
}

impl Columns {
    fn read(table: &Table) -> casacore::Result<Self> {
        let rows = 0..table.row_count();
        Ok(Columns {
            units: table.scalars("Flux_Unit", rows.clone())?,
            polarisations: table.scalars("Flux_Polarisation", rows.clone())?,
            shapes: table.scalars("Shape", rows.clone())?,
            frames: table.scalars("Direction_Frame", rows.clone())?,
            spectra: table.scalars("Spectrum_Shape", rows.clone())?,
            frequencies: table.scalars("Reference_Frequency", rows.clone())?,
            labels: table.scalars("Label", rows)?,
            records: table.has_column("Spectral_Record"),
        })
    }

    fn component(
        &self,
        table: &Table,
        row: u64,
        line: Line,
        options: &ReadOptions,
    ) -> Result<Component, Wrong> {
        let at = row as usize;
        let scale = match self.units[at].as_str() {
            "Jy" => 1.0,
            "mJy" => 1e-3,
            "uJy" => 1e-6,
            unit => return Err(line.cell("Flux_Unit", unit, "not Jy, mJy or uJy").into()),
        };
        let flux: Vec<Complex64> = table.cell("Flux", row)?.iter().copied().collect();
        let stokes = stokes(&flux, &self.polarisations[at], line)?.scaled(scale);
        let place: Vec<f64> = table.cell("Reference_Direction", row)?.iter().copied().collect();
        let [longitude, latitude] = place[..] else {
            return Err(line.wrong("Reference_Direction is not two angles").into());
        };
        let frame = match options.frame {
            Some(frame) => frame,
            None => self.frames[at]
                .parse::<Frame>()
                .map_err(|error| line.cell("Direction_Frame", &self.frames[at], error.to_string()))?,
        };
        let position = Direction::new(frame, longitude.rem_euclid(std::f64::consts::TAU), latitude);
        let sizes = numbers(table, "Shape_Parameters", row)?;
        let shape = shape(&self.shapes[at], &sizes, line, options)?;
        let record = if self.records { table.record_cell("Spectral_Record", row)? } else { Record::new() };
        let terms = numbers(table, "Spectral_Parameters", row)?;
        let reference = self.frequencies[at];
        let mut component = Component::new(position, shape, stokes, Spectrum::Flat);
        match self.spectra[at].as_str() {
            "Constant" => {}
            "Spectral Index" => {
                let turning =
                    record.get("stokesindex").and_then(casacore::Value::to_f64s).unwrap_or_default();
                if turning.iter().skip(1).any(|term| *term != 0.0) {
                    let reason = "spectral indices of Q, U and V (stokesindex) cannot be predicted";
                    return Err(line.cell("Spectral_Record", "stokesindex", reason).into());
                }
                component.spectrum = of_ln_terms(&terms, reference);
            }
            "Power Logarithmic Polynomial" => {
                component.spectrum = of_ln_terms(&terms, reference);
                component.polarisation = staying(&component);
            }
            "Tabular Spectrum" => component = tabulated(&record, component, scale, line)?,
            other => {
                let reason = "only Constant, Spectral Index, Power Logarithmic Polynomial and Tabular Spectrum can be predicted";
                return Err(line.cell("Spectrum_Shape", other, reason).into());
            }
        }
        component.name = Some(self.labels[at].clone()).filter(|label| !label.is_empty());
        Ok(component)
    }
}

/// The numbers in a cell; none where none were ever written.
fn numbers(table: &Table, column: &str, row: u64) -> casacore::Result<Vec<f64>> {
    match table.cell_shape(column, row)? {
        Some(shape) if shape.iter().product::<usize>() > 0 => {
            Ok(table.cell(column, row)?.iter().copied().collect())
        }
        _ => Ok(Vec::new()),
    }
}

/// Stokes parameters of four values in a polarisation basis.
fn stokes(flux: &[Complex64], basis: &str, line: Line) -> Result<Stokes, CatalogError> {
    let [a, b, c, d] = flux else {
        return Err(line.wrong(format!("Flux has {} values, not four", flux.len())));
    };
    let (sum, difference) = (0.5 * (a + d), 0.5 * (a - d));
    // (b − c)/2i
    let (cross, turned) = (0.5 * (b + c), Complex64::new(0.0, -0.5) * (b - c));
    let [i, q, u, v] = match basis {
        "Stokes" => [*a, *b, *c, *d],
        "Linear" => [sum, difference, cross, turned],
        "Circular" => [sum, cross, turned, difference],
        _ => return Err(line.cell("Flux_Polarisation", basis, "neither Stokes, Linear nor Circular")),
    };
    if [i, q, u, v].iter().any(|value| value.im.abs() > 1e-6 * (i.re.abs() + value.re.abs())) {
        return Err(line.wrong("a flux density whose Stokes parameters are not real"));
    }
    Ok(Stokes { i: i.re, q: q.re, u: u.re, v: v.re })
}

fn shape(kind: &str, sizes: &[f64], line: Line, options: &ReadOptions) -> Result<Shape, CatalogError> {
    if kind.eq_ignore_ascii_case("point") {
        return Ok(Shape::Point);
    }
    let [major, minor, angle, rest @ ..] = sizes else {
        return Err(line.wrong(format!("a {kind} with {} numbers: there are three", sizes.len())));
    };
    let ellipse = Ellipse::new(*major, *minor, *angle, options.pa_frame.unwrap_or(AngleFrame::Source));
    match kind.to_ascii_lowercase().as_str() {
        "gaussian" => Ok(Shape::Gaussian(ellipse)),
        "disk" => Ok(Shape::Disk(ellipse)),
        "limbdarkeneddisk" | "limb-darkened disk" | "lddisk" => {
            let exponent = rest.first().copied();
            let exponent = exponent.ok_or_else(|| line.wrong(format!("a {kind} without its exponent")))?;
            Ok(Shape::LimbDarkenedDisk { disk: ellipse, exponent })
        }
        _ => {
            Err(line.cell("Shape", kind, "only Point, Gaussian, Disk and LimbDarkenedDisk can be predicted"))
        }
    }
}

/// The component with the spectrum of its record's table.
fn tabulated(
    record: &Record,
    component: Component,
    scale: f64,
    line: Line,
) -> Result<Component, CatalogError> {
    let column = |name: &str| {
        let values = record.get(name).and_then(casacore::Value::to_f64s);
        values.ok_or_else(|| line.cell("Spectral_Record", name, "a tabular spectrum without it"))
    };
    let frequencies = column("tabFreqVal")?;
    let [i, q, u, v] = [column("ival")?, column("qval")?, column("uval")?, column("vval")?];
    if [&i, &q, &u, &v].iter().any(|values| values.len() != frequencies.len()) {
        return Err(line.wrong("a tabular spectrum whose columns differ in length"));
    }
    let entries: Vec<(f64, Stokes)> = frequencies
        .iter()
        .enumerate()
        .map(|(at, hz)| (*hz, Stokes { i: i[at], q: q[at], u: u[at], v: v[at] }.scaled(scale)))
        .collect();
    let table = sky::Table::new(&entries, Interpolation::Linear);
    let table = table.map_err(|error| line.wrong(error.to_string()))?;
    Ok(Component::tabulated(component.position, component.shape, Arc::new(table)))
}

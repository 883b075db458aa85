//! Writing CASA's component lists.
//!
//! The table that `cl.rename` makes, column by column as CASA 6.7 makes it, but for flux densities, which its tool has in single
//! precision. Reference frequencies are said to be topocentric: predictions here take them as they are, as CASA does where the
//! data are.

use std::io;
use std::path::Path;

use casacore::{ColumnShape, ColumnSpec, DataType, Endian, Record, Storage, Table, Value};
use ndarray::{Array2, ArrayView1};
use num_complex::Complex64;

use super::losses::Losses;
use super::row::{Angles, Holds, Row, staying};
use crate::sky::{self, Component, Interpolation, Shape, Spectrum, Stokes};

/// What the table has; CASA knows limb-darkened disks, but keeps no exponent of theirs.
const HOLDS: Holds = Holds { disks: true, ..Holds::gaussians(Angles::Source) };

/// Room that a component takes at the most [bytes]: 300 in columns of one size, the rest in arrays and records.
const ROW: u64 = 2048;

/// The bytes that a list of so many components may take.
pub(super) fn bytes(components: &[Component]) -> u64 {
    ROW * components.len() as u64 + (1 << 20)
}

/// Counts what the table cannot hold.
pub(super) fn judge(components: &[Component], losses: &mut Losses) {
    entries(components, losses).for_each(drop);
}

/// Makes the table at a path where nothing is.
pub(super) fn write(path: &Path, components: &[Component], losses: &mut Losses) -> io::Result<()> {
    let entries: Vec<Entry> = entries(components, losses).collect();
    fill(path, &entries).map_err(io::Error::other)
}

/// A row of the table.
struct Entry {
    label: String,
    /// Right ascension and declination, J2000 [rad].
    place: [f64; 2],
    /// At the reference frequency [Jy].
    stokes: Stokes,
    shape: &'static str,
    /// Major and minor axis [rad] and position angle [rad]; nothing of a point.
    sizes: Vec<f64>,
    spectrum: Law,
    /// The reference frequency [Hz].
    reference: f64,
}

/// The spectra that CASA has.
pub(super) enum Law {
    Constant,
    Index(f64),
    /// The terms of `S = S0 (ν/ν0)^(c0 + c1 ln ν/ν0 + ...)`, of I alone: Q, U and V stay.
    Polynomial(Vec<f64>),
    Table(std::sync::Arc<sky::Table>),
}

fn entries<'a>(components: &'a [Component], losses: &'a mut Losses) -> impl Iterator<Item = Entry> + use<'a> {
    components.iter().enumerate().filter_map(move |(index, component)| {
        let row = Row::of(component, index, HOLDS, losses)?;
        let (stokes, reference, spectrum) = match row.spectrum {
            Spectrum::Table(table) => of_table(&row, table, losses),
            _ => Law::of(&row, losses),
        };
        let shape = match (row.ellipse, &component.shape) {
            (None, _) => "Point",
            (Some(_), Shape::Disk(_)) => "Disk",
            (Some(_), _) => "Gaussian",
        };
        let sizes = row.ellipse.map_or(Vec::new(), |size| vec![size.major, size.minor, size.position_angle]);
        let label = row.name.clone().into_owned();
        Some(Entry { label, place: [row.ra, row.dec], stokes, shape, sizes, spectrum, reference })
    })
}

/// The flux densities of a table at one of its frequencies [Hz], and the table; a single entry is the same everywhere.
fn of_table(row: &Row, table: &std::sync::Arc<sky::Table>, losses: &mut Losses) -> (Stokes, f64, Law) {
    if row.component.polarisation.is_some() {
        row.following(losses);
    }
    let (reference, stokes) = table.middle();
    if table.frequencies().len() == 1 {
        return (stokes, reference, Law::Constant);
    }
    if table.interpolation() != Interpolation::Linear {
        losses.add("between the entries of their tables the format has straight lines", &row.name);
    }
    (stokes, reference, Law::Table(table.clone()))
}

impl Law {
    /// The flux densities [Jy] at a reference frequency [Hz], and the spectrum, of a component without a table.
    pub(super) fn of(row: &Row, losses: &mut Losses) -> (Stokes, f64, Law) {
        let stays = staying(row.component);
        if stays.is_some() && row.component.polarisation == stays && *row.spectrum != Spectrum::Flat {
            let (terms, reference) = row.ln_terms(usize::MAX, losses);
            return (row.component.stokes_at(reference), reference, Law::Polynomial(terms));
        }
        let stokes = row.following(losses);
        let (terms, reference) = row.ln_terms(usize::MAX, losses);
        let law = match terms.as_slice() {
            [alpha] if *alpha == 0.0 => Law::Constant,
            [alpha] => Law::Index(*alpha),
            _ => {
                if stays.is_some() {
                    losses.add(
                        "Q, U and V that follow curved spectra of I were written as at the reference frequency, where they stay",
                        &row.name,
                    );
                }
                Law::Polynomial(terms)
            }
        };
        (stokes, reference, law)
    }

    fn name(&self) -> &'static str {
        match self {
            Law::Constant => "Constant",
            Law::Index(_) => "Spectral Index",
            Law::Polynomial(_) => "Power Logarithmic Polynomial",
            Law::Table(_) => "Tabular Spectrum",
        }
    }

    /// Its parameters, and the errors of them, of which CASA has one for a constant.
    fn numbers(&self) -> (Vec<f64>, Vec<f64>) {
        match self {
            Law::Constant => (Vec::new(), vec![0.0]),
            Law::Index(alpha) => (vec![*alpha], vec![0.0]),
            Law::Polynomial(terms) => (terms.clone(), vec![0.0; terms.len()]),
            Law::Table(_) => (Vec::new(), Vec::new()),
        }
    }

    /// The spectrum as CASA's tool gives it, from which it is read in preference to the columns.
    fn record(&self, reference: f64) -> Record {
        let record = Record::new().with("type", self.name()).with("frequency", frequency(reference));
        match self {
            Law::Constant => record,
            Law::Index(alpha) => {
                record.with("index", *alpha).with("stokesindex", Value::doubles([*alpha])).with("error", 0.0)
            }
            Law::Polynomial(terms) => record
                .with("coeffs", Value::doubles(terms.iter().copied()))
                .with("error", Value::doubles(vec![0.0; terms.len()])),
            Law::Table(table) => {
                let frequencies = table.frequencies();
                let (first, last) = (frequencies.first(), frequencies.last());
                let column =
                    |which: usize| Value::doubles(table.stokes().iter().map(|stokes| stokes.get(which)));
                record
                    .with("freqRef", frequency(0.0))
                    .with("tabFreqVal", Value::doubles(frequencies.iter().copied()))
                    .with("ival", column(0))
                    .with("qval", column(1))
                    .with("uval", column(2))
                    .with("vval", column(3))
                    .with("referenceFreq", reference)
                    .with("maxFreq", last.copied().unwrap_or(reference))
                    .with("minFreq", first.copied().unwrap_or(reference))
            }
        }
    }
}

/// The frame of reference frequencies.
const FREQUENCY_FRAME: &str = "TOPO";

/// A frequency [Hz] as casacore's measures have it in records.
fn frequency(hz: f64) -> Record {
    let value = Record::new().with("unit", "Hz").with("value", hz);
    Record::new().with("type", "frequency").with("refer", FREQUENCY_FRAME).with("m0", value)
}

/// The columns with the comments that CASA gives them.
fn columns() -> Vec<ColumnSpec> {
    let column = |name: &str, data_type, shape: ColumnShape, comment: &str, keywords| ColumnSpec {
        name: name.to_owned(),
        data_type,
        shape,
        comment: comment.to_owned(),
        manager: "StandardStMan".to_owned(),
        storage: Storage::Standard,
        keywords,
    };
    let plain = Record::new;
    let fixed = |length: usize| ColumnShape::Fixed(vec![length]);
    let list = || ColumnShape::Variable { ndim: Some(1) };
    let measure = |kind: &str, frames: &str, unit: Value| {
        let measure = Record::new().with("type", kind).with("VarRefCol", frames);
        plain().with("QuantumUnits", unit).with("MEASINFO", measure)
    };
    let text =
        |name: &str, comment: &str| column(name, DataType::String, ColumnShape::Scalar, comment, plain());
    let units = |name: &str| plain().with("VariableUnits", name);
    vec![
        column("Flux", DataType::DComplex, fixed(4), "Flux values", plain()),
        text("Flux_Unit", "Flux units"),
        text("Flux_Polarisation", "Flux polarisation representation"),
        column("Flux_Error", DataType::DComplex, fixed(4), "Flux errors", plain()),
        text("Shape", "Shape of the Component"),
        column(
            "Reference_Direction",
            DataType::Double,
            fixed(2),
            "Reference direction values",
            measure("direction", "Direction_Frame", Value::strings(["rad", "rad"])),
        ),
        text("Direction_Frame", "The reference direction frame"),
        column(
            "Direction_Error",
            DataType::Double,
            fixed(2),
            "Error in the reference direction values",
            units("Direction_Error_Units"),
        ),
        column("Direction_Error_Units", DataType::String, fixed(2), "Units of the direction error", plain()),
        column(
            "Shape_Parameters",
            DataType::Double,
            list(),
            "Parameters specific to the component shape",
            plain(),
        ),
        column("Shape_Error", DataType::Double, list(), "Error in the shape parameters", plain()),
        text("Spectrum_Shape", "Shape of the spectrum"),
        column(
            "Reference_Frequency",
            DataType::Double,
            ColumnShape::Scalar,
            "The reference frequency values",
            measure("frequency", "Frequency_Frame", Value::strings(["Hz"])),
        ),
        text("Frequency_Frame", "The reference frequency frame"),
        column(
            "Frequency_Error",
            DataType::Double,
            ColumnShape::Scalar,
            "Error in the reference frequency",
            units("Frequency_Error_Units"),
        ),
        text("Frequency_Error_Units", "Units of the frequency error"),
        column(
            "Spectral_Parameters",
            DataType::Double,
            list(),
            "Parameters specific to the components spectrum",
            plain(),
        ),
        column("Spectral_Error", DataType::Double, list(), "Errors in the spectral parameters", plain()),
        text("Label", "An arbitrary label for the user"),
        column("Spectral_Record", DataType::Record, ColumnShape::Scalar, "", plain()),
    ]
}

fn fill(path: &Path, entries: &[Entry]) -> casacore::Result<()> {
    let count = entries.len();
    let table = Table::create(path, &columns(), count as u64, Endian::Little, "Component List")?;
    let texts = |column: &str, text: &dyn Fn(&Entry) -> String| {
        table.put_scalars(column, 0, &entries.iter().map(text).collect::<Vec<String>>())
    };
    texts("Label", &|entry| entry.label.clone())?;
    texts("Shape", &|entry| entry.shape.to_owned())?;
    texts("Spectrum_Shape", &|entry| entry.spectrum.name().to_owned())?;
    for (column, value) in [
        ("Flux_Unit", "Jy"),
        ("Flux_Polarisation", "Stokes"),
        ("Direction_Frame", "J2000"),
        ("Frequency_Frame", FREQUENCY_FRAME),
        ("Frequency_Error_Units", "Hz"),
    ] {
        texts(column, &|_| value.to_owned())?;
    }
    let references: Vec<f64> = entries.iter().map(|entry| entry.reference).collect();
    table.put_scalars("Reference_Frequency", 0, &references)?;
    let flux =
        Array2::from_shape_fn((count, 4), |(row, which)| Complex64::new(entries[row].stokes.get(which), 0.0));
    table.put_cells("Flux", 0, flux.view().into_dyn())?;
    let places = Array2::from_shape_fn((count, 2), |(row, which)| entries[row].place[which]);
    table.put_cells("Reference_Direction", 0, places.view().into_dyn())?;
    let units = Array2::from_elem((count, 2), "rad".to_owned());
    table.put_cells("Direction_Error_Units", 0, units.view().into_dyn())?;
    for (row, entry) in entries.iter().enumerate() {
        let row = row as u64;
        let (terms, errors) = entry.spectrum.numbers();
        let none = vec![0.0; entry.sizes.len()];
        for (column, values) in [
            ("Shape_Parameters", &entry.sizes),
            ("Shape_Error", &none),
            ("Spectral_Parameters", &terms),
            ("Spectral_Error", &errors),
        ] {
            table.put_cell(column, row, ArrayView1::from(values.as_slice()).into_dyn())?;
        }
        table.put_record_cell("Spectral_Record", row, &entry.spectrum.record(entry.reference))?;
    }
    table.close()
}

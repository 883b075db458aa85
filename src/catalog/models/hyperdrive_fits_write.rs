//! hyperdrive's source lists as FITS tables, written with the columns of LoBES and of Jack Line's lists (see
//! [`super::hyperdrive_fits`]).

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use fitsio::FitsFile;
use fitsio::errors::Error as FitsError;
use fitsio::tables::{ColumnDataType, ColumnDescription, WritesCol};

use super::hyperdrive_fits::REFERENCE;
use super::losses::Losses;
use super::row::{Angles, Holds, Row};
use crate::sky::{Component, ShapeletTerm, Spectrum};

/// A row of the table of components.
struct Entry<'a> {
    source: String,
    /// Right ascension and declination [deg].
    place: [f64; 2],
    /// Full widths and position angle [deg].
    extent: [f64; 3],
    kind: &'static str,
    flux: Flux,
    terms: &'a [ShapeletTerm],
}

enum Flux {
    /// The flux density [Jy] at [`REFERENCE`], the spectral index, and the curvature of one that has any.
    Law(f64, f64, Option<f64>),
    /// Flux densities [Jy] by the words of their frequencies [MHz].
    List(BTreeMap<String, f64>),
}

/// The most frequencies: FITS tables have up to 999 columns.
const MOST: usize = 900;

/// Writes Stokes I of points, Gaussians and shapelets: components in one patch are one source.
///
/// # Errors
/// Those of `out`, and of a temporary file; [`io::ErrorKind::InvalidInput`] for too many frequencies.
pub(super) fn write(out: &mut dyn Write, components: &[Component], losses: &mut Losses) -> io::Result<()> {
    let holds = Holds { shapelets: true, patches: true, ..Holds::gaussians(Angles::Source) };
    let all = components.iter().enumerate();
    let rows: Vec<Row> =
        all.filter_map(|(index, component)| Row::of(component, index, holds, losses)).collect();
    let mut entries: Vec<Entry> = rows.iter().map(|row| entry(row, losses)).collect();
    // Components of a source follow each other, in the order of their first.
    let mut order: HashMap<String, usize> = HashMap::new();
    for (at, entry) in entries.iter().enumerate() {
        order.entry(entry.source.clone()).or_insert(at);
    }
    entries.sort_by_key(|entry| order.get(&entry.source).copied());
    let folder = tempfile::Builder::new().prefix("nvss-predict-").tempdir()?;
    let path = folder.path().join("list.fits");
    fill(&path, &entries).map_err(|error| match error {
        FitsError::Io(error) => error,
        other => io::Error::other(other),
    })?;
    out.write_all(&std::fs::read(&path)?)
}

fn entry<'a>(row: &Row<'a>, losses: &mut Losses) -> Entry<'a> {
    let source = row.component.patch.as_deref().unwrap_or(&row.name);
    let source: String = source.chars().map(|letter| if letter.is_ascii() { letter } else { '_' }).collect();
    if row.component.patch.is_none() && source != *row.name {
        losses.add("letters of names that are not ASCII were written as _", &row.name);
    }
    let mut extent = [0.0; 3];
    let (mut kind, mut terms): (_, &[ShapeletTerm]) = ("P", &[]);
    if let Some((shapelet, angle)) = row.shapelet() {
        (kind, terms) = ("S", &shapelet.terms);
        extent = [shapelet.scales[0], shapelet.scales[1], angle];
    } else if let Some(shape) = row.ellipse {
        kind = "G";
        extent = [shape.major, shape.minor, shape.position_angle];
    }
    let stokes_i = row.unpolarised(losses);
    let flux = match row.spectrum {
        Spectrum::Table(table) => {
            row.of_table(table, losses);
            let mhz = |hz: &f64| (hz / 1e6).to_string();
            let values = table.stokes().iter().map(|stokes| stokes.i);
            Flux::List(table.frequencies().iter().map(mhz).zip(values).collect())
        }
        _ => {
            let (terms, reference) = row.ln_terms(2, losses);
            let (alpha, q) = (terms.first().copied().unwrap_or_default(), terms.get(1).copied());
            let x = (REFERENCE / reference).ln();
            let curve = q.unwrap_or_default();
            // ln S = ln S0 + α ln ν/ν0 + q ln² ν/ν0, about another frequency.
            Flux::Law(stokes_i * (alpha * x + curve * x * x).exp(), alpha + 2.0 * curve * x, q)
        }
    };
    Entry {
        source,
        place: [row.ra.to_degrees(), row.dec.to_degrees()],
        extent: extent.map(f64::to_degrees),
        kind,
        flux,
        terms,
    }
}

/// The columns of a table, with what stands in them.
#[derive(Default)]
struct Columns {
    numbers: Vec<(String, Vec<f64>)>,
    orders: Vec<(String, Vec<i32>)>,
    texts: Vec<(String, Vec<String>)>,
}

impl Columns {
    fn write(&self, file: &mut FitsFile, name: &str) -> fitsio::errors::Result<()> {
        let column = |name: &str, kind, repeat: usize| {
            ColumnDescription::new(name).with_type(kind).that_repeats(repeat).create()
        };
        let mut all = Vec::new();
        for (name, texts) in &self.texts {
            let longest = texts.iter().map(String::len).max().unwrap_or(0).max(1);
            all.push(column(name, ColumnDataType::String, longest)?);
        }
        for (name, _) in &self.numbers {
            all.push(column(name, ColumnDataType::Double, 1)?);
        }
        for (name, _) in &self.orders {
            all.push(column(name, ColumnDataType::Int, 1)?);
        }
        let hdu = file.create_table(name, &all)?;
        for (name, texts) in self.texts.iter().filter(|(_, texts)| !texts.is_empty()) {
            String::write_col(file, &hdu, name, texts)?;
        }
        for (name, numbers) in self.numbers.iter().filter(|(_, numbers)| !numbers.is_empty()) {
            f64::write_col(file, &hdu, name, numbers)?;
        }
        for (name, orders) in self.orders.iter().filter(|(_, orders)| !orders.is_empty()) {
            i32::write_col(file, &hdu, name, orders)?;
        }
        Ok(())
    }
}

fn fill(path: &std::path::Path, entries: &[Entry]) -> fitsio::errors::Result<()> {
    let mut names: Vec<String> = Vec::with_capacity(entries.len());
    let mut last = ("", 0);
    for entry in entries {
        last = if last.0 == entry.source { (last.0, last.1 + 1) } else { (&entry.source, 0) };
        names.push(format!("{}_C{:02}", entry.source, last.1));
    }
    let of = |value: &dyn Fn(&Entry) -> f64| entries.iter().map(value).collect::<Vec<f64>>();
    let words =
        |word: &dyn Fn(&Entry) -> &'static str| entries.iter().map(|entry| word(entry).to_owned()).collect();
    let law = |curved: bool, part: fn(f64, f64, f64) -> f64| {
        of(&|entry| match entry.flux {
            Flux::Law(flux, alpha, q) if q.is_some() == curved => part(flux, alpha, q.unwrap_or_default()),
            _ => f64::NAN,
        })
    };
    let mut table = Columns {
        texts: vec![
            ("UNQ_SOURCE_ID".into(), entries.iter().map(|entry| entry.source.clone()).collect()),
            ("NAME".into(), names.clone()),
            ("COMP_TYPE".into(), words(&|entry| entry.kind)),
            (
                "MOD_TYPE".into(),
                words(&|entry| match entry.flux {
                    Flux::Law(_, _, None) => "pl",
                    Flux::Law(..) => "cpl",
                    Flux::List(_) => "nan",
                }),
            ),
        ],
        ..Columns::default()
    };
    for (at, name) in ["RA", "DEC"].into_iter().enumerate() {
        table.numbers.push((name.into(), of(&|entry| entry.place[at])));
    }
    for (at, name) in ["MAJOR_DC", "MINOR_DC", "PA_DC"].into_iter().enumerate() {
        table.numbers.push((name.into(), of(&|entry| entry.extent[at])));
    }
    table.numbers.extend([
        ("NORM_COMP_PL".into(), law(false, |flux, _, _| flux)),
        ("ALPHA_PL".into(), law(false, |_, alpha, _| alpha)),
        ("NORM_COMP_CPL".into(), law(true, |flux, _, _| flux)),
        ("ALPHA_CPL".into(), law(true, |_, alpha, _| alpha)),
        ("CURVE_CPL".into(), law(true, |_, _, q| q)),
    ]);
    let mut frequencies: Vec<&String> = Vec::new();
    for entry in entries {
        if let Flux::List(list) = &entry.flux {
            frequencies.extend(list.keys());
        }
    }
    frequencies.sort_by(|a, b| {
        let mhz = |text: &str| text.parse::<f64>().unwrap_or_default();
        mhz(a).total_cmp(&mhz(b))
    });
    frequencies.dedup();
    if frequencies.len() > MOST {
        let words = format!("{} frequencies of tables, where FITS has room for {MOST}", frequencies.len());
        return Err(FitsError::Io(io::Error::new(io::ErrorKind::InvalidInput, words)));
    }
    for mhz in frequencies {
        let value = |entry: &Entry| match &entry.flux {
            Flux::List(list) => list.get(mhz).copied().unwrap_or(f64::NAN),
            Flux::Law(..) => f64::NAN,
        };
        table.numbers.push((format!("INT_FLX{mhz}"), of(&value)));
    }
    let mut shapelets = Columns::default();
    let terms = || {
        entries.iter().zip(&names).flat_map(|(entry, name)| entry.terms.iter().map(move |term| (name, term)))
    };
    shapelets.texts.push(("NAME".into(), terms().map(|(name, _)| name.clone()).collect()));
    shapelets.orders.push(("N1".into(), terms().map(|(_, term)| term.n1.into()).collect()));
    shapelets.orders.push(("N2".into(), terms().map(|(_, term)| term.n2.into()).collect()));
    shapelets.numbers.push(("COEFF".into(), terms().map(|(_, term)| term.value).collect()));
    let mut file = FitsFile::create(path).open()?;
    table.write(&mut file, "SOURCES")?;
    shapelets.write(&mut file, "SHAPELETS")
}

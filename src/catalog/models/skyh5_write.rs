//! pyradiosky's skyh5 files, written as `SkyModel.write_skyh5` lays them out (see [`super::skyh5`]).

use std::io::{self, Read, Write};

use rust_hdf5::types::VarLenUnicode;
use rust_hdf5::{DatatypeMessage, H5Dataset, H5File, H5Group};

use super::losses::Losses;
use super::row::{Angles, Holds, Row};
use crate::sky::{Component, Interpolation, Spectrum, Stokes, Table};

fn failed(error: rust_hdf5::Hdf5Error) -> io::Error {
    io::Error::other(error)
}

/// Points with spectral indices, or all with flux densities at the same frequencies.
///
/// # Errors
/// Those of `out`, and of a temporary file.
pub(super) fn write(out: &mut dyn Write, components: &[Component], losses: &mut Losses) -> io::Result<()> {
    let holds = Holds::gaussians(Angles::Either);
    let all = components.iter().enumerate();
    let rows: Vec<Row> =
        all.filter_map(|(index, component)| Row::of(component, index, holds, losses)).collect();
    let names: Vec<String> = rows.iter().map(|row| name(row, losses)).collect();
    // The file is written by its path.
    let mut file = tempfile::Builder::new().prefix("nvss-predict-").suffix(".skyh5").tempfile()?;
    let spectra = Spectra::of(&rows, losses);
    fill(file.path(), &rows, &names, &spectra).map_err(failed)?;
    let mut bytes = Vec::new();
    file.as_file_mut().read_to_end(&mut bytes)?;
    out.write_all(&bytes)
}

/// The name as NumPy keeps it in files.
fn name(row: &Row, losses: &mut Losses) -> String {
    if row.ellipse.is_some() {
        losses.add("Gaussians were written as points: the format has no others", &row.name);
    }
    if row.name.is_ascii() {
        return row.name.to_string();
    }
    losses.add("letters of names that are not ASCII were written as _", &row.name);
    row.name.chars().map(|letter| if letter.is_ascii() { letter } else { '_' }).collect()
}

/// How flux densities go with frequency, for all components together.
enum Spectra {
    /// Flux densities [Jy], reference frequencies [Hz] and spectral indices of the components.
    Indices { stokes: Vec<Stokes>, references: Vec<f64>, indices: Vec<f64> },
    /// Flux densities [Jy], shape (frequency, component), at frequencies [Hz].
    Full { stokes: Vec<Stokes>, frequencies: Vec<f64> },
}

impl Spectra {
    fn of(rows: &[Row], losses: &mut Losses) -> Self {
        if let Some((frequencies, tables)) = common(rows) {
            for (row, table) in rows.iter().zip(&tables) {
                let polarised = (1..4).any(|which| table.has(which));
                let kept = match table.interpolation() {
                    Interpolation::LogLog => true,
                    Interpolation::LogLogOfI => !polarised,
                    _ => false,
                };
                if !kept {
                    losses.add("what lies between the entries of their tables was left out", &row.name);
                }
                if row.component.polarisation.is_some() {
                    row.following(losses);
                }
            }
            let at = |channel: usize| tables.iter().map(move |table| table.stokes()[channel]);
            let stokes = (0..frequencies.len()).flat_map(at).collect();
            return Spectra::Full { stokes, frequencies };
        }
        let (mut stokes, mut references, mut indices) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            let (alpha, reference) = row.power_law(losses);
            stokes.push(row.following(losses));
            references.push(reference);
            indices.push(alpha);
        }
        Spectra::Indices { stokes, references, indices }
    }

    fn stokes(&self) -> &[Stokes] {
        match self {
            Spectra::Indices { stokes, .. } | Spectra::Full { stokes, .. } => stokes,
        }
    }
}

/// The frequencies of all tables, where there is nothing else, and these.
fn common<'r>(rows: &[Row<'r>]) -> Option<(Vec<f64>, Vec<&'r Table>)> {
    let table = |row: &Row<'r>| match row.spectrum {
        Spectrum::Table(table) => Some(&**table),
        _ => None,
    };
    let tables: Vec<&Table> = rows.iter().map(table).collect::<Option<_>>()?;
    let frequencies = tables.first()?.frequencies();
    let same = frequencies.len() > 1 && tables.iter().all(|table| table.frequencies() == frequencies);
    same.then(|| (frequencies.to_vec(), tables))
}

fn fill(path: &std::path::Path, rows: &[Row], names: &[String], spectra: &Spectra) -> rust_hdf5::Result<()> {
    let file = H5File::options().no_locking().create(path)?;
    let header = file.create_group("Header")?;
    let (kind, channels) = match spectra {
        Spectra::Indices { .. } => ("spectral_index", 1),
        Spectra::Full { frequencies, .. } => ("full", frequencies.len()),
    };
    text(&header, "component_type", "point")?;
    text(&header, "spectral_type", kind)?;
    text(&header, "history", concat!("Written by nvss-predict ", env!("CARGO_PKG_VERSION"), "."))?;
    count(&header, "Ncomponents", rows.len())?;
    count(&header, "Nfreqs", channels)?;
    let longest = names.iter().map(String::len).max().unwrap_or(0).max(1);
    let fixed: Vec<u8> = names.iter().flat_map(|name| padded(name, longest)).collect();
    let set = strings(&header, longest).shape([names.len()]).create("name")?;
    if !fixed.is_empty() {
        set.write_raw_bytes(&fixed)?;
    }
    match spectra {
        Spectra::Indices { references, indices, .. } => {
            unit(&numbers(&header, "reference_frequency", references, &[rows.len()])?, "unit", "Hz")?;
            numbers(&header, "spectral_index", indices, &[rows.len()])?;
        }
        Spectra::Full { frequencies, .. } => {
            unit(&numbers(&header, "freq_array", frequencies, &[channels])?, "unit", "Hz")?;
        }
    }
    let place = header.create_group("skycoord")?;
    text(&place, "frame", "fk5")?;
    text(&place, "representation_type", "spherical")?;
    unit(&text(&place, "equinox", "J2000.000")?, "object_type", "time")?;
    let degrees = |of: fn(&Row) -> f64| rows.iter().map(|row| of(row).to_degrees()).collect::<Vec<_>>();
    for (name, kind, angles) in
        [("ra", "longitude", degrees(|row| row.ra)), ("dec", "latitude", degrees(|row| row.dec))]
    {
        let set = numbers(&place, name, &angles, &[rows.len()])?;
        unit(&set, "unit", "deg")?;
        unit(&set, "object_type", kind)?;
    }
    let data = file.create_group("Data")?;
    let all = spectra.stokes();
    let of = |part: fn(&Stokes) -> f64| all.iter().map(part);
    let stokes: Vec<f64> = of(|s| s.i).chain(of(|s| s.q)).chain(of(|s| s.u)).chain(of(|s| s.v)).collect();
    unit(&numbers(&data, "stokes", &stokes, &[4, channels, rows.len()])?, "unit", "Jy")?;
    file.close()
}

/// The attribute of a dataset.
fn unit(set: &H5Dataset, name: &str, value: &str) -> rust_hdf5::Result<()> {
    set.new_attr::<VarLenUnicode>().shape(()).create(name)?.write_string(value)
}

fn padded(text: &str, length: usize) -> impl Iterator<Item = u8> {
    text.bytes().chain(std::iter::repeat_n(0, length - text.len()))
}

/// Strings of so many bytes: pyradiosky reads no others.
fn strings(group: &H5Group, length: usize) -> rust_hdf5::dataset::DatasetBuilder<u8> {
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    group.new_dataset::<u8>().datatype(DatatypeMessage::fixed_string(length))
}

fn text(group: &H5Group, name: &str, text: &str) -> rust_hdf5::Result<H5Dataset> {
    let set = strings(group, text.len()).scalar().create(name)?;
    set.write_raw_bytes(text.as_bytes())?;
    Ok(set)
}

fn count(group: &H5Group, name: &str, count: usize) -> rust_hdf5::Result<()> {
    let set = group.new_dataset::<i64>().scalar().create(name)?;
    set.write_raw(&[count as i64])
}

fn numbers(group: &H5Group, name: &str, values: &[f64], shape: &[usize]) -> rust_hdf5::Result<H5Dataset> {
    let set = group.new_dataset::<f64>().shape(shape).create(name)?;
    // A dataset of nothing has no place for it.
    if !values.is_empty() {
        set.write_raw(values)?;
    }
    Ok(set)
}

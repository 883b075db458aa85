//! pyradiosky's skyh5 files.
//!
//! <https://pyradiosky.readthedocs.io/en/latest/>, `SkyModel.write_skyh5`: an HDF5 file with `/Header` (`component_type` point,
//! `spectral_type` flat, spectral_index, subband or full, `name`, `skycoord` with two angles and their frame, `reference_frequency` or
//! `freq_array`, `spectral_index`) and `/Data/stokes` [Jy], shape (4, frequency, component); units are attributes of the datasets.
//! Healpix maps are no lists.

use std::sync::Arc;

use rust_hdf5::H5Dataset;

use super::line::Line;
use crate::catalog::builder::Builder;
use crate::catalog::input::Input;
use crate::catalog::{CatalogError, ReadOptions};
use crate::coords::{Direction, Frame};
use crate::hdf5::SoundFile;
use crate::sky::{Component, Interpolation, Shape, Spectrum, Stokes, Table};

/// What every HDF5 file begins with.
pub(in crate::catalog) const SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";

/// A file under way.
struct File<'a> {
    input: &'a Input,
    file: SoundFile,
}

impl File<'_> {
    fn dataset(&self, name: &str) -> Result<Option<H5Dataset>, CatalogError> {
        self.file.dataset(name).map_err(|error| self.wrong(name, error))
    }

    fn wrong(&self, name: &str, why: impl std::fmt::Display) -> CatalogError {
        self.input.layout(format!("/{name}: {why}"))
    }

    /// The text in a dataset of one.
    fn text(&self, name: &str) -> Result<Option<String>, CatalogError> {
        let Some(dataset) = self.dataset(name)? else { return Ok(None) };
        let texts = dataset.read_strings().map_err(|error| self.wrong(name, error))?;
        Ok(texts.into_iter().next().map(|text| text.trim_end_matches('\0').to_owned()))
    }

    /// The numbers of a dataset, in its unit times what `scale` says of that.
    fn numbers(
        &self,
        name: &str,
        scale: impl Fn(&str) -> Option<f64>,
    ) -> Result<Option<Vec<f64>>, CatalogError> {
        let Some(dataset) = self.dataset(name)? else { return Ok(None) };
        let unit = dataset.attr("unit").and_then(|unit| unit.read_string()).unwrap_or_default();
        let factor = scale(unit.trim_end_matches('\0'));
        let factor = factor.ok_or_else(|| self.wrong(name, format!("the unit '{unit}' is not known")))?;
        let numbers = dataset.read_numeric_as::<f64>().map_err(|error| self.wrong(name, error))?;
        Ok(Some(numbers.into_iter().map(|number| number * factor).collect()))
    }
}

fn of_angle(unit: &str) -> Option<f64> {
    match unit {
        "" | "deg" => Some(1f64.to_radians()),
        "rad" => Some(1.0),
        "hourangle" => Some(15f64.to_radians()),
        _ => None,
    }
}

fn of_frequency(unit: &str) -> Option<f64> {
    match unit {
        "" | "Hz" => Some(1.0),
        "kHz" => Some(1e3),
        "MHz" => Some(1e6),
        "GHz" => Some(1e9),
        _ => None,
    }
}

fn of_flux(unit: &str) -> Option<f64> {
    match unit {
        "" | "Jy" => Some(1.0),
        "mJy" => Some(1e-3),
        _ => None,
    }
}

/// Reads the file; returns its digest.
pub(in crate::catalog) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    let opened = SoundFile::open(&input.path);
    let file = File {
        input,
        file: opened.map_err(|error| input.layout(format!("not a sound HDF5 file: {error}")))?,
    };
    let kind = file.text("Header/component_type")?;
    match kind.as_deref() {
        Some("point") => {}
        Some(other) => {
            return Err(file.wrong("Header/component_type", format!("'{other}' is no list of points")));
        }
        None => {
            return Err(input.layout("an HDF5 file without /Header/component_type, which skyh5 files have"));
        }
    }
    let frame_name = file.text("Header/skycoord/frame")?.or(file.text("Header/frame")?);
    let frame_name = frame_name.unwrap_or_else(|| "icrs".into());
    let own = frame_name.parse::<Frame>().map_err(|error| file.wrong("Header/skycoord/frame", error))?;
    let coordinate = |names: [&str; 4]| -> Result<Vec<f64>, CatalogError> {
        for name in names {
            if let Some(angles) = file.numbers(name, of_angle)? {
                return Ok(angles);
            }
        }
        Err(input.layout(format!("no /{} in the file", names[0])))
    };
    let longitudes = coordinate(["Header/skycoord/ra", "Header/skycoord/l", "Header/lon", "Header/ra"])?;
    let latitudes = coordinate(["Header/skycoord/dec", "Header/skycoord/b", "Header/lat", "Header/dec"])?;
    let stokes = file.numbers("Data/stokes", of_flux)?;
    let stokes = stokes.ok_or_else(|| input.layout("no /Data/stokes in the file"))?;
    let count = longitudes.len();
    let channels = if count == 0 { 1 } else { stokes.len() / (4 * count) };
    if latitudes.len() != count || stokes.len() != 4 * channels * count || channels == 0 && count > 0 {
        return Err(input.layout("its coordinates and /Data/stokes are not of the same components"));
    }
    let names = match file.dataset("Header/name")? {
        Some(dataset) => dataset.read_strings().map_err(|error| file.wrong("Header/name", error))?,
        None => Vec::new(),
    };
    let frequencies = file.numbers("Header/freq_array", of_frequency)?.unwrap_or_default();
    let references = file.numbers("Header/reference_frequency", of_frequency)?.unwrap_or_default();
    let indices = file.numbers("Header/spectral_index", |_| Some(1.0))?.unwrap_or_default();
    if channels > 1 && frequencies.len() != channels {
        return Err(input.layout("/Header/freq_array and /Data/stokes are not of the same frequencies"));
    }
    let flat = file.text("Header/spectral_type")?.as_deref() == Some("flat");
    let mut assumed = 0u64;
    for at in 0..count {
        builder.row();
        let number = at as u64 + 1;
        let line = Line { input, number };
        let position = Direction::new(
            options.frame.unwrap_or(own),
            longitudes[at].rem_euclid(std::f64::consts::TAU),
            latitudes[at],
        );
        let value = |stokes_at: usize, channel: usize| stokes[(stokes_at * channels + channel) * count + at];
        let of = |channel| Stokes {
            i: value(0, channel),
            q: value(1, channel),
            u: value(2, channel),
            v: value(3, channel),
        };
        let reference = references.get(at).or(frequencies.first().filter(|_| channels == 1)).copied();
        let reference = options.reference_frequency.or(reference);
        let own_index = indices.get(at).copied();
        let spectrum = match (reference, own_index) {
            _ if flat => Spectrum::Flat,
            (Some(reference), index) => {
                Spectrum::PowerLaw { alpha: index.unwrap_or(options.alpha), reference }
            }
            (None, _) => Spectrum::Flat,
        };
        let guessed = channels == 1 && !flat && own_index.is_none();
        assumed += u64::from(guessed && spectrum != Spectrum::Flat);
        let mut component = if channels > 1 {
            let entries: Vec<(f64, Stokes)> =
                frequencies.iter().enumerate().map(|(channel, hz)| (*hz, of(channel))).collect();
            let table = Table::new(&entries, Interpolation::LogLog);
            let table = table.map_err(|error| line.wrong(error.to_string()))?;
            Component::tabulated(position, Shape::Point, Arc::new(table))
        } else {
            Component::new(position, Shape::Point, of(0), spectrum)
        };
        component.name = names.get(at).map(|name| name.trim_end_matches('\0').to_owned());
        if !position.is_valid() {
            return Err(line.wrong(format!("the position {position} is not on the sky")));
        }
        if !builder.wants(position) {
            continue;
        }
        builder.push_model(component, guessed, || number)?;
    }
    if assumed > 0 && !builder.detailed() {
        builder
            .note(format!("{assumed} components without a spectral index given that of {}", options.alpha));
    }
    input.digest()
}

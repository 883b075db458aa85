//! One FITS image of the sky: its planes, its pixels on the sky, its values in Jy a pixel.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use fitsio::hdu::FitsHdu;
use sha2::{Digest, Sha256};

use super::error::{ImageError, Result};
use super::names::Parts;
use super::product::Product;
use crate::image::fits::{self, FREQUENCIES, FitsFileError, Keywords, OpenFits};
use crate::image::wcs::Wcs;

/// Values read at a time.
const CHUNK: usize = 1 << 20;

/// More pixels in a plane than any image has; a damaged header must not ask for all the memory.
const MOST_PIXELS: usize = 1 << 31;

/// What a plane of a file is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plane {
    /// What it shows.
    pub product: Product,
    /// Its frequency [Hz], if the header tells.
    pub frequency: Option<f64>,
    /// The width of its channel [Hz]; 0 where it is not known.
    pub width: f64,
}

/// What an axis counts.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Role {
    Longitude,
    Latitude,
    Frequency,
    Stokes,
    Single,
}

/// A FITS image whose header is understood.
#[derive(Debug, Clone)]
pub(super) struct ImageFile {
    pub(super) path: PathBuf,
    pub(super) wcs: Wcs,
    pub(super) planes: Vec<Plane>,
    /// Which Taylor term it is, if any.
    pub(super) term: Option<usize>,
    /// Whether it is corrected for the primary beam.
    pub(super) corrected: bool,
    /// What was assumed of it.
    pub(super) notes: Vec<String>,
    /// Whether it is in Jy a beam, but has none.
    pub(super) lacks_beam: bool,
    roles: Vec<(Role, usize)>,
    /// From its values to Jy a pixel.
    factor: f64,
    /// The value of blank pixels of integers.
    blank: Option<f64>,
    /// Whether its values are stored in single precision.
    single: bool,
}

/// What reading the pixels came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) pixels: u64,
    /// Those that are blank, NaN or infinite.
    pub(super) blanks: u64,
}

impl ImageFile {
    /// Reads the header of what `parts` names.
    pub(super) fn open(parts: &Parts) -> Result<ImageFile> {
        let path = &parts.path;
        let layout = |message: String| ImageError::layout(path, message);
        let (mut open, hdu, lengths) = open(path)?;
        let mut header = Keywords { hdu: &hdu, file: &mut open.file };
        let roles = roles(&mut header, &lengths).map_err(layout)?;
        let place = |role: Role| roles.iter().position(|(found, _)| *found == role);
        let (Some(x), Some(y)) = (place(Role::Longitude), place(Role::Latitude)) else {
            return Err(layout("it has no pair of axes RA/DEC or GLON/GLAT in CTYPE1…".into()));
        };
        let size = [lengths[x], lengths[y]];
        if size[0].checked_mul(size[1]).is_none_or(|pixels| pixels > MOST_PIXELS) {
            return Err(layout(format!("{} × {} pixels are more than any image has", size[0], size[1])));
        }
        let wcs = Wcs::read(&mut header, [x + 1, y + 1], size).map_err(layout)?;
        let frequencies = frequencies(&mut header, place(Role::Frequency), &lengths).map_err(layout)?;
        let products = products(&mut header, place(Role::Stokes), &lengths, parts).map_err(layout)?;
        // As the pixels come: a frequency's place along its axis goes with the first plane of the pair.
        let planes = products.iter().flat_map(|product| {
            frequencies.iter().map(|(frequency, width)| Plane {
                product: *product,
                frequency: *frequency,
                width: *width,
            })
        });
        let planes = planes.collect();
        let mut notes = Vec::new();
        let (factor, lacks_beam) = factor(&mut header, &wcs, &mut notes).map_err(layout)?;
        // Of a compressed image, BITPIX is that of the table which holds it.
        let bits = header.number("ZBITPIX").or_else(|| header.number("BITPIX")).unwrap_or(0.0);
        let blank = header.number("BLANK").filter(|_| bits > 0.0).map(|blank| {
            blank * header.number("BSCALE").unwrap_or(1.0) + header.number("BZERO").unwrap_or(0.0)
        });
        let (path, term, corrected) = (path.clone(), parts.term, parts.corrected);
        Ok(ImageFile {
            path,
            wcs,
            planes,
            term,
            corrected,
            notes,
            lacks_beam,
            roles,
            factor,
            blank,
            single: bits == -32.0,
        })
    }

    /// Calls `take(plane, pixel, value)` for all pixels other than zero [Jy/pixel], the pixel as row × columns + column.
    pub(super) fn visit(&self, mut take: impl FnMut(usize, u32, f64)) -> Result<Counts> {
        let (mut open, hdu, lengths) = open(&self.path)?;
        let fits = |source| FitsFileError::fits(&self.path, source);
        let total: usize = lengths.iter().product();
        let strides = self.strides(&lengths);
        let mut counts = Counts { pixels: total as u64, blanks: 0 };
        let mut one = |plane: usize, pixel: usize, value: f64| {
            if value == 0.0 {
                return;
            }
            let jansky = value * self.factor;
            // Also what no `f32` holds, in which pixels are kept.
            if !(jansky as f32).is_finite()
                || self.blank.is_some_and(|blank| (value - blank).abs() <= 1e-6 * blank.abs())
            {
                counts.blanks += 1;
                return;
            }
            take(plane, pixel as u32, jansky);
        };
        let place = |flat: usize| {
            let (mut rest, mut plane, mut pixel) = (flat, 0, 0);
            for (length, (to_plane, to_pixel)) in lengths.iter().zip(&strides) {
                let place = rest % length;
                rest /= length;
                plane += place * to_plane;
                pixel += place * to_pixel;
            }
            (plane, pixel)
        };
        for start in (0..total).step_by(CHUNK) {
            let end = (start + CHUNK).min(total);
            let values: Vec<f64> = if self.single {
                let values: Vec<f32> = hdu.read_section(&mut open.file, start, end).map_err(fits)?;
                values.into_iter().map(f64::from).collect()
            } else {
                hdu.read_section(&mut open.file, start, end).map_err(fits)?
            };
            // Along the first axis, without a division for each pixel.
            let (mut flat, mut rest) = (start, &values[..]);
            while !rest.is_empty() {
                let (line, others) = rest.split_at(rest.len().min(lengths[0] - flat % lengths[0]));
                let (mut plane, mut pixel) = place(flat);
                for value in line {
                    one(plane, pixel, *value);
                    plane += strides[0].0;
                    pixel += strides[0].1;
                }
                (flat, rest) = (flat + line.len(), others);
            }
        }
        Ok(counts)
    }

    /// What a step along each axis adds to the plane's and to the pixel's index.
    fn strides(&self, lengths: &[usize]) -> Vec<(usize, usize)> {
        let frequencies = self
            .roles
            .iter()
            .zip(lengths)
            .find(|((role, _), _)| *role == Role::Frequency)
            .map_or(1, |(_, n)| *n);
        let stride = |(role, _): &(Role, usize)| match role {
            Role::Longitude => (0, 1),
            Role::Latitude => (0, self.wcs.size[0]),
            Role::Frequency => (1, 0),
            Role::Stokes => (frequencies, 0),
            Role::Single => (0, 0),
        };
        self.roles.iter().map(stride).collect()
    }

    /// The SHA-256 of its bytes.
    pub(super) fn digest(&self) -> Result<String> {
        let io = |source| FitsFileError::io(&self.path, source);
        let mut file = BufReader::with_capacity(1 << 20, File::open(&self.path).map_err(io)?);
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        loop {
            match file.read(&mut buffer).map_err(io)? {
                0 => break,
                count => hasher.update(&buffer[..count]),
            }
        }
        Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// Opens the first image of a file.
fn open(path: &Path) -> Result<(OpenFits, FitsHdu, Vec<usize>)> {
    let mut open = fits::open(path)?;
    match fits::find_image(&mut open.file) {
        Some((hdu, lengths)) => Ok((open, hdu, lengths)),
        None => Err(ImageError::layout(path, "it holds no image")),
    }
}

/// What each axis counts, with its length.
fn roles(header: &mut Keywords, lengths: &[usize]) -> std::result::Result<Vec<(Role, usize)>, String> {
    let mut roles: Vec<(Role, usize)> = Vec::new();
    for (index, length) in lengths.iter().enumerate() {
        let name = header.text(&format!("CTYPE{}", index + 1));
        let role = match name.split('-').next().unwrap_or_default() {
            "RA" | "GLON" | "ELON" => Role::Longitude,
            "DEC" | "GLAT" | "ELAT" => Role::Latitude,
            "FREQ" => Role::Frequency,
            "STOKES" => Role::Stokes,
            _ if *length == 1 => Role::Single,
            _ => {
                return Err(format!(
                    "axis {} of {length} values is '{name}'; RA/DEC, GLON/GLAT, FREQ and STOKES are understood",
                    index + 1
                ));
            }
        };
        if *length == 0 {
            return Err(format!("axis {} has no pixels", index + 1));
        }
        if role != Role::Single && roles.iter().any(|(found, _)| *found == role) {
            return Err(format!("two axes are like '{name}'"));
        }
        roles.push((role, *length));
    }
    Ok(roles)
}

/// The frequencies and widths [Hz] along the axis of index `axis`; without one, that of RESTFRQ or none.
fn frequencies(
    header: &mut Keywords,
    axis: Option<usize>,
    lengths: &[usize],
) -> std::result::Result<Vec<(Option<f64>, f64)>, String> {
    let Some(axis) = axis else {
        let rest = ["RESTFRQ", "RESTFREQ"].iter().find_map(|key| header.number(key));
        return Ok(vec![(rest.filter(|frequency| *frequency > 0.0), 0.0)]);
    };
    let number = axis + 1;
    let unit = header.unit(number, &FREQUENCIES, 1.0)?;
    let value = header.number(&format!("CRVAL{number}")).ok_or(format!("it has no CRVAL{number}"))?;
    let pixel = header.number(&format!("CRPIX{number}")).unwrap_or(1.0);
    let step = header.step(number);
    let width = (step * unit).abs();
    (0..lengths[axis])
        .map(|k| match (value + (k as f64 + 1.0 - pixel) * step) * unit {
            frequency if frequency.is_finite() && frequency > 0.0 => Ok((Some(frequency), width)),
            frequency => Err(format!("plane {} of its frequency axis is at {frequency} Hz", k + 1)),
        })
        .collect()
}

/// What the planes along the Stokes axis of index `axis` show; without one, what the name says, or I.
fn products(
    header: &mut Keywords,
    axis: Option<usize>,
    lengths: &[usize],
    parts: &Parts,
) -> std::result::Result<Vec<Product>, String> {
    let Some(axis) = axis else {
        return Ok(vec![parts.product.unwrap_or(Product::I)]);
    };
    let number = axis + 1;
    let value = header.number(&format!("CRVAL{number}")).unwrap_or(1.0);
    let pixel = header.number(&format!("CRPIX{number}")).unwrap_or(1.0);
    let step = header.step(number);
    let mut products = Vec::new();
    for k in 0..lengths[axis] {
        let code = (value + (k as f64 + 1.0 - pixel) * step).round() as i64;
        let product = Product::of_fits(code).ok_or(format!(
            "its Stokes axis has the code {code}; I, Q, U, V (1 to 4) and correlations (-1 to -8) are understood"
        ))?;
        products.push(product);
    }
    // A name that says more than the header: which part of a cross-hand it is.
    match (parts.product, &mut products[..]) {
        (Some(named), [one]) if named.code == one.code => one.imaginary = named.imaginary,
        (Some(named), [one]) => {
            return Err(format!("it is to show {named}, but its header says {one}"));
        }
        _ => {}
    }
    Ok(products)
}

/// From BUNIT to Jy a pixel, and whether a beam lacks that it needs.
fn factor(
    header: &mut Keywords,
    wcs: &Wcs,
    notes: &mut Vec<String>,
) -> std::result::Result<(f64, bool), String> {
    let unit: String = header.words("BUNIT").chars().filter(|c| !c.is_whitespace()).collect();
    let (flux, per) = unit.split_once('/').unwrap_or((&unit, ""));
    let scale = match flux {
        "Jy" | "JY" | "jy" => 1.0,
        "mJy" => 1e-3,
        "" => {
            notes.push("it does not tell its unit (BUNIT): its values are taken for Jy a pixel".into());
            1.0
        }
        _ => return Err(format!("its unit (BUNIT) is {unit}; JY/PIXEL and JY/BEAM are understood")),
    };
    match per.to_ascii_uppercase().as_str() {
        "PIXEL" | "PIX" | "" => Ok((scale, false)),
        "BEAM" => {
            let axes = ["BMAJ", "BMIN"].map(|key| header.number(key).unwrap_or(0.0).to_radians());
            if header.text("CASAMBM") == "T" {
                return Err("each of its channels has a beam of its own; convert it to JY/PIXEL".into());
            }
            if !(axes[0] > 0.0 && axes[1] > 0.0) {
                // WSClean's model images say so.
                return Ok((scale, true));
            }
            // The solid angle of a Gaussian beam: π a b / (4 ln 2).
            let beam = std::f64::consts::PI * axes[0] * axes[1] / (4.0 * std::f64::consts::LN_2);
            let area = wcs.pixel_area();
            notes.push(format!("JY/BEAM: a beam is {:.2} pixels", beam / area));
            Ok((scale * area / beam, false))
        }
        _ => Err(format!("its unit (BUNIT) is {unit}; JY/PIXEL and JY/BEAM are understood")),
    }
}

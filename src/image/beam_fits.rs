//! Primary beams from FITS images and cubes.
//!
//! Axes are told by CTYPE (Greisen & Calabretta 2002, A&A 395, 1061): a celestial pair (`RA---SIN`, also TAN, ARC
//! and ZEA) whose reference pixel is the beam's axis, or a linear pair `L`/`M` or `X`/`Y` whose zero is; an axis
//! `FREQ` and an axis `STOKES` may follow in any order. The values are power patterns.

use std::path::{Path, PathBuf};

use fitsio::errors::Error as FitsError;

use super::fits::{self, FREQUENCIES, FitsFileError, Keywords};
use crate::beam::{Axes, ImageBeam, ImageError, Plane, Projection};

/// More values than any beam has; a damaged header must not ask for all the memory.
const MOST_VALUES: usize = 1 << 30;

/// Why a beam image could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BeamFitsError {
    /// It cannot be read, or its axes are not those of a beam.
    #[error(transparent)]
    File(#[from] FitsFileError),
    /// Its values make no beam.
    #[error("{}: not a beam", path.display())]
    Beam {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: ImageError,
    },
}

/// Reads the first image of two axes or more in a FITS file (gzip too) as a power pattern.
///
/// Of several Stokes planes I is taken, else the mean of XX and YY or of RR and LL. Without a frequency axis the
/// image is that of RESTFRQ (RESTFREQ, FREQ) [Hz] and its width goes as 1/ν; without that, of all frequencies.
///
/// # Errors
/// [`BeamFitsError`] if it is not FITS, has other axes than these, is turned, or is no power pattern.
pub fn read(path: &Path) -> Result<ImageBeam, BeamFitsError> {
    let fits_error = |source: FitsError| FitsFileError::fits(path, source);
    let layout = |message: String| FitsFileError::layout(path, message);
    let mut open = fits::open(path)?;
    let file = &mut open.file;
    let (hdu, lengths) = fits::find_image(file).ok_or_else(|| layout("it holds no image".into()))?;
    let count = lengths.iter().try_fold(1usize, |product, length| product.checked_mul(*length));
    if count.is_none_or(|count| count > MOST_VALUES) {
        return Err(layout(format!("an image of {lengths:?} pixels is larger than any beam")).into());
    }
    let mut header = Keywords { hdu: &hdu, file };
    let grid = Grid::read(&mut header, &lengths).map_err(layout)?;
    let data: Vec<f32> = hdu.read_image(&mut open.file).map_err(fits_error)?;
    ImageBeam::new(grid.axes, grid.planes(&data))
        .map_err(|source| BeamFitsError::Beam { path: path.to_owned(), source })
}

/// What an axis counts.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    East,
    North,
    Frequency,
    Stokes,
    Single,
}

/// Where the values of a beam are in the data.
struct Grid {
    axes: Axes,
    /// Steps in the data along x and y.
    strides: [usize; 2],
    /// Frequency [Hz] and first value of each plane.
    frequencies: Vec<(f64, usize)>,
    /// First values of the polarisations to average.
    polarisations: Vec<usize>,
}

impl Grid {
    fn read(header: &mut Keywords, lengths: &[usize]) -> Result<Grid, String> {
        let mut found: Vec<Kind> = Vec::new();
        for (index, length) in lengths.iter().enumerate() {
            let name = header.text(&format!("CTYPE{}", index + 1));
            let kind = match name.split('-').next().unwrap_or_default() {
                "RA" | "GLON" | "L" | "X" | "PX" => Kind::East,
                "DEC" | "GLAT" | "M" | "Y" | "PY" => Kind::North,
                "FREQ" => Kind::Frequency,
                "STOKES" => Kind::Stokes,
                _ if *length == 1 => Kind::Single,
                _ => {
                    return Err(format!(
                        "axis {} of {length} values is '{name}'; RA/DEC, L/M or X/Y, FREQ and STOKES are understood",
                        index + 1
                    ));
                }
            };
            if kind != Kind::Single && found.contains(&kind) {
                return Err(format!("two axes are like '{name}'"));
            }
            found.push(kind);
        }
        let stride = |axis: usize| lengths[..axis].iter().product::<usize>();
        let place = |kind: Kind| found.iter().position(|found| *found == kind);
        let (Some(x), Some(y)) = (place(Kind::East), place(Kind::North)) else {
            return Err("it has no pair of axes RA/DEC, L/M or X/Y in CTYPE1…".into());
        };
        let axes = celestial(header, lengths, x, y)?;
        let frequencies = match place(Kind::Frequency) {
            Some(axis) => frequencies(header, axis, lengths[axis], stride(axis))?,
            None => {
                let stated = ["RESTFRQ", "RESTFREQ", "FREQ"].iter().find_map(|key| header.number(key));
                vec![(stated.unwrap_or(0.0), 0)]
            }
        };
        let polarisations = match place(Kind::Stokes) {
            Some(axis) => stokes(header, axis, lengths[axis], stride(axis))?,
            None => vec![0],
        };
        Ok(Grid { axes, strides: [stride(x), stride(y)], frequencies, polarisations })
    }

    fn planes(&self, data: &[f32]) -> Vec<Plane> {
        let Axes { width, height, .. } = self.axes;
        let plane = |&(frequency, start): &(f64, usize)| {
            let value = |index: usize| {
                let place = start + (index % width) * self.strides[0] + (index / width) * self.strides[1];
                let sum: f32 = self.polarisations.iter().map(|first| data[first + place]).sum();
                sum / self.polarisations.len() as f32
            };
            Plane { frequency, values: (0..width * height).map(value).collect() }
        };
        self.frequencies.iter().map(plane).collect()
    }
}

/// The grid of the two axes (indices x and y from 0).
fn celestial(header: &mut Keywords, lengths: &[usize], x: usize, y: usize) -> Result<Axes, String> {
    let (first, second) = (x + 1, y + 1);
    for (i, j) in [(first, second), (second, first)] {
        for key in [format!("PC{i}_{j}"), format!("CD{i}_{j}")] {
            if header.number(&key).is_some_and(|turn| turn.abs() > 1e-9) {
                return Err(format!("{key} is not 0: a turned grid is not supported"));
            }
        }
    }
    if header.number(&format!("CROTA{second}")).is_some_and(|angle| angle.abs() > 1e-9) {
        return Err(format!("CROTA{second} is not 0: a turned grid is not supported"));
    }
    let name = header.text(&format!("CTYPE{first}"));
    let sky = name.starts_with("RA") || name.starts_with("GLON");
    let mut reference = [0.0; 2];
    let mut step = [0.0; 2];
    let mut angles = sky;
    for (place, axis) in [first, second].into_iter().enumerate() {
        let unit = header.text(&format!("CUNIT{axis}"));
        let factor = match unit.as_str() {
            "DEG" | "DEGREE" | "DEGREES" => 1f64.to_radians(),
            "ARCMIN" => 1f64.to_radians() / 60.0,
            "ARCSEC" => 1f64.to_radians() / 3600.0,
            "RAD" => 1.0,
            "" if sky => 1f64.to_radians(),
            "" => 1.0,
            other => {
                return Err(format!("CUNIT{axis} is '{other}'; deg, arcmin, arcsec and rad are understood"));
            }
        };
        angles |= unit.starts_with("DEG") || unit.starts_with("ARC");
        let delta = header.step(axis);
        let pixel = header.number(&format!("CRPIX{axis}")).unwrap_or(0.0);
        // On the sky CRVAL says where the beam was put; else it is the offset of the reference pixel.
        let value = if sky { 0.0 } else { header.number(&format!("CRVAL{axis}")).unwrap_or(0.0) };
        reference[place] = pixel - 1.0 - value / delta;
        step[place] = delta * factor;
    }
    let projection = match name.rsplit('-').next().unwrap_or_default() {
        "SIN" if sky => Projection::Sin,
        "TAN" if sky => Projection::Tan,
        "ZEA" if sky => Projection::Zea,
        "ARC" if sky => Projection::Arc,
        _ if sky => {
            return Err(format!("the projection of {name} is not supported: SIN, TAN, ARC or ZEA are"));
        }
        _ if angles => Projection::Arc,
        _ => Projection::Sin,
    };
    Ok(Axes { width: lengths[x], height: lengths[y], reference, step, projection })
}

/// Frequency [Hz] and first value of each plane along an axis (index from 0).
fn frequencies(
    header: &mut Keywords,
    axis: usize,
    length: usize,
    stride: usize,
) -> Result<Vec<(f64, usize)>, String> {
    let number = axis + 1;
    let factor = header.unit(number, &FREQUENCIES, 1.0)?;
    let Some(value) = header.number(&format!("CRVAL{number}")) else {
        return Err(format!("the frequency axis has no CRVAL{number}"));
    };
    let pixel = header.number(&format!("CRPIX{number}")).unwrap_or(0.0);
    let delta = header.step(number);
    Ok((0..length).map(|k| ((value + (k as f64 + 1.0 - pixel) * delta) * factor, k * stride)).collect())
}

/// First values of the polarisations that make Stokes I along an axis (index from 0).
fn stokes(header: &mut Keywords, axis: usize, length: usize, stride: usize) -> Result<Vec<usize>, String> {
    let number = axis + 1;
    let value = header.number(&format!("CRVAL{number}")).unwrap_or(1.0);
    let pixel = header.number(&format!("CRPIX{number}")).unwrap_or(1.0);
    let delta = header.step(number);
    let codes: Vec<i64> =
        (0..length).map(|k| (value + (k as f64 + 1.0 - pixel) * delta).round() as i64).collect();
    let place = |code: i64| codes.iter().position(|found| *found == code).map(|k| k * stride);
    if let Some(intensity) = place(1) {
        return Ok(vec![intensity]);
    }
    // Greisen & Calabretta 2002, table 29: −1 RR, −2 LL, −5 XX, −6 YY.
    for pair in [(-5, -6), (-1, -2)] {
        if let (Some(first), Some(second)) = (place(pair.0), place(pair.1)) {
            return Ok(vec![first, second]);
        }
    }
    Err(format!("the Stokes axis has the codes {codes:?}, but neither I nor XX and YY nor RR and LL"))
}

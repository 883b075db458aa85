//! Beams as a person writes them: `airy:4.7`, `gaussian:2.7deg@1.4GHz`, `beam.fits`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use super::telescopes::of_dishes;
use super::{
    Airy, ArrayBeam, Beam, Choice, CosinePower, Dsa110, Gaussian, NoBeam, Unserved, atca, auto, gmrt,
    meerkat, vla, wsrt,
};

/// What `--beam` says.
#[derive(Clone, Debug, PartialEq)]
pub enum BeamOption {
    /// A pattern that needs no file.
    Pattern(Pattern),
    /// A text file for [`super::RadialTable::parse`].
    Table(PathBuf),
    /// A FITS image or cube for [`super::ImageBeam`].
    Image(PathBuf),
}

/// A pattern that needs no file.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Pattern {
    /// `none`.
    #[default]
    None,
    /// `auto`: by telescope and dish diameters.
    Auto,
    /// `airy:DIAM[,BLOCKAGE]`, or `airy`: by the dish diameters of the array.
    Airy(Option<Airy>),
    /// `gaussian:FWHM@FREQ`.
    Gaussian(Gaussian),
    /// `cos4:FWHM@FREQ` or `cos4:DIAM`, or `cos4`: by the dish diameters of the array.
    Cos4(Option<CosinePower>),
    /// `dsa110`: the formula of EveryBeam.
    Dsa110,
    /// `dsa110-pipeline`: Airy pattern of 4.7 m.
    Dsa110Pipeline,
    /// `vla`.
    Vla,
    /// `meerkat`.
    MeerKat,
    /// `atca`.
    Atca,
    /// `gmrt`.
    Gmrt,
    /// `wsrt`.
    Wsrt,
}

/// A beam that is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct BeamOptionError {
    /// What is wrong, and what is understood.
    pub reason: String,
}

/// What is understood, for messages and the help of the command.
const SYNTAX: &str = "none, auto, airy[:DIAM[,BLOCKAGE]] (metres), gaussian:FWHM@FREQ, cos4[:DIAM or \
                      :FWHM@FREQ], dsa110, dsa110-pipeline, vla, meerkat, atca, gmrt, wsrt, a table FILE.csv or \
                      an image FILE.fits";

impl BeamOption {
    /// What [`FromStr`] understands, in one sentence.
    pub const SYNTAX: &'static str = SYNTAX;
}

impl Default for BeamOption {
    fn default() -> Self {
        BeamOption::Pattern(Pattern::None)
    }
}

impl Pattern {
    /// The beams of an array: `telescope` is its name, `diameters` its dishes [m], 0 where not known.
    ///
    /// # Errors
    /// [`Unserved`] where the pattern is to be found by telescope or diameters and cannot.
    pub fn resolve(&self, telescope: &str, diameters: &[f64]) -> Result<Choice, Unserved> {
        let given = |beam: Arc<dyn Beam>| {
            let why = format!("as given: {}", beam.description());
            Ok(Choice { beam: ArrayBeam::uniform(beam), why })
        };
        match *self {
            Pattern::None => given(Arc::new(NoBeam)),
            Pattern::Auto => auto(telescope, diameters),
            Pattern::Airy(Some(airy)) => given(Arc::new(airy)),
            Pattern::Airy(None) => of_dishes(telescope, diameters, &|diameter| Airy::new(diameter, 0.0)),
            Pattern::Gaussian(gaussian) => given(Arc::new(gaussian)),
            Pattern::Cos4(Some(cosine)) => given(Arc::new(cosine)),
            Pattern::Cos4(None) => {
                of_dishes(telescope, diameters, &|diameter| CosinePower::of_dish(4, diameter))
            }
            Pattern::Dsa110 => given(Arc::new(Dsa110)),
            Pattern::Dsa110Pipeline => given(Arc::new(Airy::dsa110_pipeline())),
            Pattern::Vla => given(Arc::new(vla())),
            Pattern::MeerKat => given(Arc::new(meerkat())),
            Pattern::Atca => given(Arc::new(atca())),
            Pattern::Gmrt => given(Arc::new(gmrt())),
            Pattern::Wsrt => given(Arc::new(wsrt())),
        }
    }
}

fn fail<T>(reason: impl Into<String>) -> Result<T, BeamOptionError> {
    Err(BeamOptionError { reason: reason.into() })
}

impl FromStr for BeamOption {
    type Err = BeamOptionError;

    /// Reads [`BeamOption::SYNTAX`]; names in any case. FWHM is in degrees or with `deg`, `arcmin`, `arcsec`
    /// or `rad`, FREQ in hertz or with `kHz`, `MHz` or `GHz`. A file is told by its ending, or by `table:` or
    /// `image:` before it.
    fn from_str(text: &str) -> Result<Self, BeamOptionError> {
        let text = text.trim();
        let (name, rest) = match text.split_once(':') {
            Some((name, rest)) => (name.trim(), Some(rest.trim())),
            None => (text, None),
        };
        let lower = name.to_ascii_lowercase();
        match (lower.as_str(), rest) {
            ("table", Some(path)) if !path.is_empty() => return Ok(BeamOption::Table(path.into())),
            ("image", Some(path)) if !path.is_empty() => return Ok(BeamOption::Image(path.into())),
            _ => {}
        }
        let pattern = match (lower.as_str(), rest) {
            ("none", None) => Pattern::None,
            ("auto", None) => Pattern::Auto,
            ("dsa110" | "dsa-110" | "dsa_110", None) => Pattern::Dsa110,
            ("dsa110-pipeline", None) => Pattern::Dsa110Pipeline,
            ("vla" | "evla" | "jvla", None) => Pattern::Vla,
            ("meerkat", None) => Pattern::MeerKat,
            ("atca", None) => Pattern::Atca,
            ("gmrt" | "ugmrt", None) => Pattern::Gmrt,
            ("wsrt", None) => Pattern::Wsrt,
            ("airy", None) => Pattern::Airy(None),
            ("airy", Some(sizes)) => Pattern::Airy(Some(airy(sizes)?)),
            ("gaussian", Some(size)) => {
                let (fwhm, frequency) = width(size, "gaussian:FWHM@FREQ, as in gaussian:2.7deg@1.4GHz")?;
                let Some(gaussian) = Gaussian::new(fwhm, frequency) else {
                    return fail(format!("gaussian:{size}: the width and the frequency must be positive"));
                };
                Pattern::Gaussian(gaussian)
            }
            ("cos4", None) => Pattern::Cos4(None),
            ("cos4", Some(size)) => Pattern::Cos4(Some(cos4(size)?)),
            ("gaussian", None) => {
                return fail(
                    "gaussian needs its width and frequency: gaussian:FWHM@FREQ, as in gaussian:2.7deg@1.4GHz",
                );
            }
            _ => return file(text),
        };
        Ok(BeamOption::Pattern(pattern))
    }
}

/// A file by its ending.
fn file(text: &str) -> Result<BeamOption, BeamOptionError> {
    let lower = text.to_ascii_lowercase();
    let stem = lower.strip_suffix(".gz").unwrap_or(&lower);
    if [".fits", ".fit", ".fts"].iter().any(|ending| stem.ends_with(ending)) {
        return Ok(BeamOption::Image(text.into()));
    }
    if [".csv", ".txt", ".tsv", ".dat"].iter().any(|ending| lower.ends_with(ending)) {
        return Ok(BeamOption::Table(text.into()));
    }
    fail(format!("unknown beam '{text}': use {SYNTAX}"))
}

fn airy(sizes: &str) -> Result<Airy, BeamOptionError> {
    let (diameter, blockage) = sizes.split_once(',').unwrap_or((sizes, "0"));
    match Airy::new(metres(diameter)?, metres(blockage)?) {
        Some(airy) => Ok(airy),
        None => fail(format!("airy:{sizes}: the diameter must be positive and larger than the blockage")),
    }
}

fn cos4(size: &str) -> Result<CosinePower, BeamOptionError> {
    let beam = if size.contains('@') {
        let (fwhm, frequency) = width(size, "cos4:FWHM@FREQ or cos4:DIAM")?;
        CosinePower::new(4, fwhm, frequency)
    } else {
        CosinePower::of_dish(4, metres(size)?)
    };
    match beam {
        Some(beam) => Ok(beam),
        None => fail(format!("cos4:{size}: sizes and frequencies must be positive")),
    }
}

/// A number with one of some units, factor by suffix; the longest suffix that fits is taken.
fn quantity(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let lower = text.trim().to_ascii_lowercase();
    let fitting =
        units.iter().filter(|(unit, _)| lower.ends_with(unit)).max_by_key(|(unit, _)| unit.len())?;
    let number = lower[..lower.len() - fitting.0.len()].trim_end();
    number.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| number * fitting.1)
}

fn metres(text: &str) -> Result<f64, BeamOptionError> {
    match quantity(text, &[("", 1.0), ("m", 1.0), ("cm", 0.01)]) {
        Some(metres) => Ok(metres),
        None => fail(format!("'{}' is not a size in metres", text.trim())),
    }
}

/// `FWHM@FREQ`: [rad] and [Hz].
fn width(text: &str, form: &str) -> Result<(f64, f64), BeamOptionError> {
    let degree = std::f64::consts::PI / 180.0;
    let angles = [
        ("", degree),
        ("deg", degree),
        ("°", degree),
        ("arcmin", degree / 60.0),
        ("'", degree / 60.0),
        ("arcsec", degree / 3600.0),
        ("rad", 1.0),
    ];
    let frequencies = [("", 1.0), ("hz", 1.0), ("khz", 1e3), ("mhz", 1e6), ("ghz", 1e9)];
    let Some((angle, frequency)) = text.split_once('@') else {
        return fail(format!("'{text}' has no frequency: {form}"));
    };
    match (quantity(angle, &angles), quantity(frequency, &frequencies)) {
        (None, _) => fail(format!("'{}' is not an angle: {form}", angle.trim())),
        (_, None) => fail(format!("'{}' is not a frequency: {form}", frequency.trim())),
        (Some(angle), Some(frequency)) => Ok((angle, frequency)),
    }
}

impl fmt::Display for BeamOption {
    /// As [`FromStr`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BeamOption::Pattern(pattern) => pattern.fmt(f),
            BeamOption::Table(path) => write!(f, "table:{}", path.display()),
            BeamOption::Image(path) => write!(f, "image:{}", path.display()),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pattern::None => f.write_str("none"),
            Pattern::Auto => f.write_str("auto"),
            Pattern::Airy(None) => f.write_str("airy"),
            Pattern::Airy(Some(airy)) if airy.blockage() == 0.0 => write!(f, "airy:{}", airy.diameter()),
            Pattern::Airy(Some(airy)) => write!(f, "airy:{},{}", airy.diameter(), airy.blockage()),
            Pattern::Gaussian(gaussian) => {
                let (fwhm, reference) = gaussian.width();
                write!(f, "gaussian:{fwhm}rad@{reference}Hz")
            }
            Pattern::Cos4(None) => f.write_str("cos4"),
            Pattern::Cos4(Some(cosine)) => {
                let (fwhm, reference) = cosine.width();
                write!(f, "cos4:{fwhm}rad@{reference}Hz")
            }
            Pattern::Dsa110 => f.write_str("dsa110"),
            Pattern::Dsa110Pipeline => f.write_str("dsa110-pipeline"),
            Pattern::Vla => f.write_str("vla"),
            Pattern::MeerKat => f.write_str("meerkat"),
            Pattern::Atca => f.write_str("atca"),
            Pattern::Gmrt => f.write_str("gmrt"),
            Pattern::Wsrt => f.write_str("wsrt"),
        }
    }
}

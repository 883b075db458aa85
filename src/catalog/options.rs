//! What a reader may be told.

use std::path::Path;
use std::str::FromStr;

use super::{CatalogError, Format};
use crate::coords::{Direction, Frame};
use crate::sky::AngleFrame;

/// How to read a catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadOptions {
    /// The format; by default told from the content.
    pub format: Option<Format>,
    /// The frame of the positions, over what the file says; by default what the file says, else J2000.
    pub frame: Option<Frame>,
    /// The spectral index of sources that have none of their own (S ∝ ν^α); −0.7 by default.
    ///
    /// Applied only where the frequency of the flux density is known, as it is for a survey.
    pub alpha: f64,
    /// The frequency of the flux densities [Hz], over what the file says.
    ///
    /// By default what the file says; else 1.4 GHz for a survey, and unknown for a component list.
    pub reference_frequency: Option<f64>,
    /// Whose north position angles count from, where no column says; by default the source's.
    pub pa_frame: Option<AngleFrame>,
    /// Keep only what is near; everything by default.
    pub near: Option<Near>,
    /// The column that holds the flux density, if several could.
    pub flux_column: Option<String>,
    /// The unit of flux densities that name none (I, Q, U and V).
    pub flux_unit: Option<FluxUnit>,
    /// Take the axes of an SQLite database for sizes; by default not, for its schema has lost which are upper
    /// limits.
    pub sqlite_sizes: bool,
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions {
            format: None,
            frame: None,
            alpha: -0.7,
            reference_frequency: None,
            pa_frame: None,
            near: None,
            flux_column: None,
            flux_unit: None,
            sqlite_sizes: false,
        }
    }
}

impl ReadOptions {
    /// Whether the numbers given make sense.
    pub(super) fn check(&self, path: &Path) -> Result<(), CatalogError> {
        let bad = |message: String| Err(CatalogError::Option { path: path.to_owned(), message });
        if !self.alpha.is_finite() {
            return bad("the spectral index given is not a finite number".into());
        }
        match self.reference_frequency {
            Some(hz) if !(hz.is_finite() && hz > 0.0) => {
                return bad(format!("the reference frequency {hz} Hz given is not a positive number"));
            }
            _ => {}
        }
        match &self.near {
            Some(near) if !(near.radius >= 0.0 && near.centres.iter().all(|centre| centre.is_valid())) => {
                bad("the circles to read are not on the sky, or their radius is negative".into())
            }
            _ => Ok(()),
        }
    }
}

/// What to make of polarisation, and of rows that are malformed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Handling {
    /// Take strength and angle of linear polarisation into Q and U, where a catalogue gives them; by default
    /// not.
    pub polarization: bool,
    /// Make malformed rows of a survey an error; by default they are left out and told in the notes.
    ///
    /// In a list of components they are an error in any case.
    pub strict: bool,
}

/// Circles outside which nothing is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Near {
    /// Their centres, in any frames.
    pub centres: Vec<Direction>,
    /// Their radius [rad].
    pub radius: f64,
}

/// A unit of flux density.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FluxUnit {
    /// 10⁻²⁶ W m⁻² Hz⁻¹.
    Jy,
    /// 10⁻³ Jy.
    MilliJy,
    /// 10⁻⁶ Jy.
    MicroJy,
}

impl FluxUnit {
    /// The unit in [Jy].
    pub fn in_jy(self) -> f64 {
        match self {
            FluxUnit::Jy => 1.0,
            FluxUnit::MilliJy => 1e-3,
            FluxUnit::MicroJy => 1e-6,
        }
    }
}

/// A name of a flux unit that is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown unit of flux density '{0}': use jy, mjy or ujy")]
pub struct UnknownFluxUnit(pub String);

impl FromStr for FluxUnit {
    type Err = UnknownFluxUnit;

    /// Reads `jy`, `mjy` or `ujy`, in any case: a megajansky is not meant.
    fn from_str(text: &str) -> Result<Self, UnknownFluxUnit> {
        match text.trim().to_ascii_lowercase().as_str() {
            "jy" => Ok(FluxUnit::Jy),
            "mjy" => Ok(FluxUnit::MilliJy),
            "ujy" | "µjy" | "μjy" => Ok(FluxUnit::MicroJy),
            _ => Err(UnknownFluxUnit(text.trim().to_owned())),
        }
    }
}

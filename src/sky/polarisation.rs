//! How the polarisation of a source goes with frequency.

use kernels::SPEED_OF_LIGHT;

use super::Spectrum;

/// How Stokes Q, U and V go with frequency, where they do not just follow Stokes I.
///
/// The values at the reference frequency are those of the component. What is `None` keeps its fraction of Stokes I.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Polarisation {
    /// The spectrum of Q and U before they rotate; [`Spectrum::Flat`] for the same flux density at every frequency, as DP3
    /// has it. Neither an ordinary polynomial nor a table.
    pub linear: Option<Spectrum>,
    /// The same of V.
    pub circular: Option<Spectrum>,
    /// How Q and U turn.
    pub rotation: Option<FaradayRotation>,
}

/// Faraday rotation: the angle χ of the linear polarisation is `χ0 + RM (λ² − λ0²)`, north through east.
///
/// Equation 1 of Brentjens & de Bruyn (2005, A&A 441, 1217), with a reference. Q and U of the component are those at λ0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FaradayRotation {
    /// RM [rad/m²].
    pub measure: f64,
    /// λ0² [m²]; 0 where Q and U are those before all rotation, as for DP3.
    pub reference: f64,
}

impl FaradayRotation {
    /// A rotation whose Q and U are those at `frequency` [Hz].
    pub fn from_frequency(measure: f64, frequency: f64) -> Self {
        FaradayRotation { measure, reference: (SPEED_OF_LIGHT / frequency).powi(2) }
    }

    /// Q and U at `frequency` [Hz].
    pub fn turn(&self, [q, u]: [f64; 2], frequency: f64) -> [f64; 2] {
        let wavelength = SPEED_OF_LIGHT / frequency;
        let (sin, cos) = (2.0 * self.measure * (wavelength * wavelength - self.reference)).sin_cos();
        [q * cos - u * sin, q * sin + u * cos]
    }

    pub(super) fn is_finite(&self) -> bool {
        self.measure.is_finite() && self.reference.is_finite()
    }
}

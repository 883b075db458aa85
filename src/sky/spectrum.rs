//! Spectra of sources, evaluated at every channel centre.

use std::sync::Arc;

use super::{ComponentError, Table};

/// How a flux density goes with frequency ν, relative to a reference ν0.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Spectrum {
    /// The same at every frequency.
    #[default]
    Flat,
    /// `S = S0 (ν/ν0)^α`.
    PowerLaw {
        /// α.
        alpha: f64,
        /// ν0 [Hz].
        reference: f64,
    },
    /// `log10 S = log10 S0 + Σ c_i (log10(ν/ν0))^(i+1)`, i from 0: the logarithm is that of DP3 and WSClean.
    LogPolynomial {
        /// c_i, the first of which is a spectral index.
        terms: Vec<f64>,
        /// ν0 [Hz].
        reference: f64,
    },
    /// `ln S = ln S0 + Σ c_i (ln(ν/ν0))^(i+1)`, i from 0: the logarithm is that of SAGECal and crystalball.
    LnPolynomial {
        /// c_i, the first of which is a spectral index.
        terms: Vec<f64>,
        /// ν0 [Hz].
        reference: f64,
    },
    /// `S = S0 + Σ c_i (ν/ν0 − 1)^(i+1)`, i from 0: WSClean's `LogarithmicSI=false`.
    Polynomial {
        /// c_i [Jy].
        terms: Vec<f64>,
        /// ν0 [Hz].
        reference: f64,
    },
    /// `S = S0 (ν/ν0)^α exp(q ln²(ν/ν0))`: hyperdrive's (Callingham et al. 2017, ApJ 836, 174, § 4.1).
    CurvedPowerLaw {
        /// α.
        alpha: f64,
        /// q.
        q: f64,
        /// ν0 [Hz].
        reference: f64,
    },
    /// Flux densities of all four Stokes parameters at frequencies; those of the component are the entry in the middle.
    Table(Arc<Table>),
    /// A spectral line, whose flux density is that at its peak.
    Line {
        /// The frequency of the peak ν0 [Hz].
        centre: f64,
        /// The full width at half maximum [Hz].
        width: f64,
        /// The form.
        profile: Profile,
    },
    /// `S = S0 Σ f_i (ν/ν0 − 1)^i`, i from 0: the Taylor terms of an image, in units of S0, which is any number; unlike
    /// [`Spectrum::Polynomial`] it can be zero at ν0.
    Series {
        /// f_i.
        factors: Box<[f64]>,
        /// ν0 [Hz].
        reference: f64,
    },
    /// `S = S0 f_k` in band k: images of channels that stand for all frequencies of their bands.
    Steps {
        /// Where one band ends and the next begins, ascending [Hz].
        edges: Arc<[f64]>,
        /// f_k, one more than there are edges.
        factors: Box<[f64]>,
    },
}

/// The form of a spectral line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// `exp(−4 ln 2 (ν − ν0)²/w²)`.
    Gaussian,
    /// 1 within half the width of the centre, 0 beyond.
    Rectangular,
}

/// `Σ c_i x^(i+1)`.
fn series(terms: &[f64], x: f64) -> f64 {
    terms.iter().rev().fold(0.0, |sum, term| (sum + term) * x)
}

impl Spectrum {
    /// The reference frequency ν0 [Hz]; none where the spectrum is flat, or goes in steps.
    pub fn reference(&self) -> Option<f64> {
        match self {
            Spectrum::Flat | Spectrum::Steps { .. } => None,
            Spectrum::PowerLaw { reference, .. }
            | Spectrum::LogPolynomial { reference, .. }
            | Spectrum::LnPolynomial { reference, .. }
            | Spectrum::Polynomial { reference, .. }
            | Spectrum::CurvedPowerLaw { reference, .. }
            | Spectrum::Series { reference, .. } => Some(*reference),
            Spectrum::Table(table) => Some(table.middle().0),
            Spectrum::Line { centre, .. } => Some(*centre),
        }
    }

    /// `S/S0` of Stokes I at `frequency` [Hz] of a source of `flux` S0 [Jy].
    ///
    /// Ordinary polynomials and tables depend on `flux`, which must not be zero then ([`Spectrum::check`]).
    pub fn scale(&self, flux: f64, frequency: f64) -> f64 {
        match self {
            Spectrum::Flat => 1.0,
            Spectrum::PowerLaw { alpha, reference } => (frequency / reference).powf(*alpha),
            Spectrum::LogPolynomial { terms, reference } => {
                10f64.powf(series(terms, (frequency / reference).log10()))
            }
            Spectrum::LnPolynomial { terms, reference } => series(terms, (frequency / reference).ln()).exp(),
            Spectrum::Polynomial { terms, reference } => {
                1.0 + series(terms, frequency / reference - 1.0) / flux
            }
            Spectrum::Series { factors, reference } => {
                let x = frequency / reference - 1.0;
                factors.iter().rev().fold(0.0, |sum, factor| sum * x + factor)
            }
            Spectrum::Steps { edges, factors } => {
                factors.get(edges.partition_point(|edge| *edge <= frequency)).copied().unwrap_or(0.0)
            }
            Spectrum::CurvedPowerLaw { alpha, q, reference } => {
                let x = (frequency / reference).ln();
                ((alpha + q * x) * x).exp()
            }
            Spectrum::Table(table) => table.value(0, frequency) / flux,
            Spectrum::Line { centre, width, profile } => {
                let x = (frequency - centre) / width;
                match profile {
                    Profile::Gaussian => (-4.0 * std::f64::consts::LN_2 * x * x).exp(),
                    Profile::Rectangular => f64::from(u8::from(x.abs() <= 0.5)),
                }
            }
        }
    }

    /// The same of a source with `factor` times the flux density.
    pub fn scaled(&self, factor: f64) -> Self {
        match self {
            Spectrum::Polynomial { terms, reference } => Spectrum::Polynomial {
                terms: terms.iter().map(|term| term * factor).collect(),
                reference: *reference,
            },
            Spectrum::Table(table) => Spectrum::Table(Arc::new(table.scaled(factor))),
            other => other.clone(),
        }
    }

    /// The same as the terms of a [`Spectrum::LogPolynomial`]; none where it is none.
    pub fn log_terms(&self) -> Option<Vec<f64>> {
        match self {
            Spectrum::Flat => Some(vec![0.0]),
            Spectrum::PowerLaw { alpha, .. } => Some(vec![*alpha]),
            Spectrum::LogPolynomial { terms, .. } => Some(terms.clone()),
            Spectrum::LnPolynomial { terms, .. } => {
                let powers = std::iter::successors(Some(1.0), |power| Some(power * std::f64::consts::LN_10));
                Some(terms.iter().zip(powers).map(|(term, power)| term * power).collect())
            }
            Spectrum::CurvedPowerLaw { alpha, q, .. } => Some(vec![*alpha, q * std::f64::consts::LN_10]),
            Spectrum::Polynomial { .. }
            | Spectrum::Table(_)
            | Spectrum::Line { .. }
            | Spectrum::Series { .. }
            | Spectrum::Steps { .. } => None,
        }
    }

    /// Whether it has flux densities [Jy] of its own, so that it is that of one source only.
    pub fn is_absolute(&self) -> bool {
        matches!(self, Spectrum::Polynomial { .. } | Spectrum::Table(_))
    }

    /// Whether a source of `flux` [Jy] can have this spectrum.
    ///
    /// # Errors
    /// If ν0 is not positive, a term is not finite, a line has no width, or an ordinary polynomial goes with a flux density
    /// of zero.
    pub fn check(&self, flux: f64) -> Result<(), ComponentError> {
        if let Some(reference) = self.reference()
            && !(reference.is_finite() && reference > 0.0)
        {
            return Err(ComponentError::Reference(reference));
        }
        let finite = match self {
            // A table was checked when it was made.
            Spectrum::Flat | Spectrum::Table(_) => true,
            Spectrum::PowerLaw { alpha, .. } => alpha.is_finite(),
            Spectrum::LogPolynomial { terms, .. }
            | Spectrum::LnPolynomial { terms, .. }
            | Spectrum::Polynomial { terms, .. } => terms.iter().all(|term| term.is_finite()),
            Spectrum::CurvedPowerLaw { alpha, q, .. } => alpha.is_finite() && q.is_finite(),
            Spectrum::Line { width, .. } if !(width.is_finite() && *width > 0.0) => {
                return Err(ComponentError::Width(*width));
            }
            Spectrum::Series { factors, .. } | Spectrum::Steps { factors, .. } => {
                factors.iter().all(|factor| factor.is_finite())
            }
            Spectrum::Line { .. } => true,
        };
        if !finite {
            return Err(ComponentError::Term);
        }
        if flux == 0.0 && matches!(self, Spectrum::Polynomial { .. }) {
            return Err(ComponentError::ZeroFlux);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NU0: f64 = 1.4e9;

    /// The same source in three notations that agree for a pure power law.
    #[test]
    fn a_power_law_is_a_log_polynomial_of_one_term() {
        let power = Spectrum::PowerLaw { alpha: -0.7, reference: NU0 };
        let log = Spectrum::LogPolynomial { terms: vec![-0.7], reference: NU0 };
        for frequency in [1e8, 1.28e9, NU0, 1.53e9, 1e10] {
            let expected = (-0.7 * (frequency / NU0).ln()).exp();
            assert!((power.scale(3.0, frequency) / expected - 1.0).abs() < 1e-14);
            assert!((log.scale(3.0, frequency) / expected - 1.0).abs() < 1e-14);
        }
    }

    /// Numbers by hand: log10 S = log10 2 − 0.7·1 + 0.1·1² at ten times the reference; 1 − 0.5·0.1 + 2·0.1²
    /// at a tenth above it.
    #[test]
    fn polynomials_have_their_curvature() {
        let log = Spectrum::LogPolynomial { terms: vec![-0.7, 0.1], reference: NU0 };
        assert!((log.scale(2.0, 10.0 * NU0) - 10f64.powf(-0.6)).abs() < 1e-14);
        assert!((log.scale(2.0, 0.1 * NU0) - 10f64.powf(0.8)).abs() < 1e-13);
        let ordinary = Spectrum::Polynomial { terms: vec![-0.5, 2.0], reference: NU0 };
        assert!((4.0 * ordinary.scale(4.0, 1.1 * NU0) - (4.0 - 0.05 + 0.02)).abs() < 1e-14);
    }

    #[test]
    fn all_spectra_are_one_at_their_reference() {
        let reference = NU0;
        for spectrum in [
            Spectrum::Flat,
            Spectrum::PowerLaw { alpha: 0.3, reference },
            Spectrum::LogPolynomial { terms: vec![-0.7, 0.1, 2.0], reference },
            Spectrum::LnPolynomial { terms: vec![-0.7, 0.1, 2.0], reference },
            Spectrum::Polynomial { terms: vec![-0.7, 0.1], reference },
            Spectrum::CurvedPowerLaw { alpha: -0.7, q: 0.2, reference },
            Spectrum::Line { centre: reference, width: 1e6, profile: Profile::Gaussian },
            Spectrum::Line { centre: reference, width: 1e6, profile: Profile::Rectangular },
        ] {
            assert!((spectrum.scale(2.0, NU0) - 1.0).abs() < 1e-15, "{spectrum:?}");
        }
    }

    /// 3 − 5 x + 2 x² Jy at x = 0.1 and −0.2, of a flux density of 3 Jy; and one that is zero at ν0.
    #[test]
    fn series_and_steps_are_what_images_hold() {
        let taylor = |terms: &[f64], unit: f64| Spectrum::Series {
            factors: terms.iter().map(|term| term / unit).collect(),
            reference: NU0,
        };
        let series = taylor(&[3.0, -5.0, 2.0], 3.0);
        assert!((3.0 * series.scale(3.0, 1.1 * NU0) - 2.52).abs() < 1e-14);
        assert!((3.0 * series.scale(0.0, 0.8 * NU0) - 4.08).abs() < 1e-14);
        assert!((5.0 * taylor(&[0.0, 5.0], 5.0).scale(0.0, 1.1 * NU0) - 0.5).abs() < 1e-14);
        let steps = Spectrum::Steps { edges: [1e9, 2e9].into(), factors: [1.0, 0.5, -2.0].into() };
        let at = |frequency| steps.scale(1.0, frequency);
        assert_eq!([at(0.9e9), at(1e9), at(1.9e9), at(2e9), at(9e9)], [1.0, 0.5, 0.5, -2.0, -2.0]);
        assert_eq!(steps.check(0.0), Ok(()));
        assert_eq!(taylor(&[f64::NAN], 1.0).check(1.0), Err(ComponentError::Term));
    }

    /// Two terms in ln are those of log10 with the second times ln 10, and a curved power law.
    #[test]
    fn natural_logarithms_are_told_from_common_ones() {
        let reference = NU0;
        let ln = Spectrum::LnPolynomial { terms: vec![-0.7, 0.1], reference };
        let curved = Spectrum::CurvedPowerLaw { alpha: -0.7, q: 0.1, reference };
        let log = Spectrum::LogPolynomial { terms: vec![-0.7, 0.1 * 10f64.ln()], reference };
        for frequency in [2e8, 1.28e9, 3e9] {
            let value = ln.scale(1.0, frequency);
            assert!((log.scale(1.0, frequency) / value - 1.0).abs() < 1e-14);
            assert!((curved.scale(1.0, frequency) / value - 1.0).abs() < 1e-14);
        }
        let e = std::f64::consts::E;
        assert!((ln.scale(1.0, e * NU0) - (-0.6f64).exp()).abs() < 1e-14);
        for spectrum in [ln, curved, log] {
            let terms = spectrum.log_terms().unwrap();
            assert!((terms[0] + 0.7).abs() < 1e-15 && (terms[1] - 0.1 * 10f64.ln()).abs() < 1e-15);
        }
    }

    #[test]
    fn lines_have_their_width() {
        let line = |profile| Spectrum::Line { centre: NU0, width: 2e6, profile };
        assert!((line(Profile::Gaussian).scale(1.0, NU0 + 1e6) - 0.5).abs() < 1e-12);
        assert_eq!(line(Profile::Rectangular).scale(1.0, NU0 - 0.99e6), 1.0);
        assert_eq!(line(Profile::Rectangular).scale(1.0, NU0 + 1.01e6), 0.0);
        let none = Spectrum::Line { centre: NU0, width: 0.0, profile: Profile::Gaussian };
        assert_eq!(none.check(1.0), Err(ComponentError::Width(0.0)));
    }

    #[test]
    fn unsound_spectra_are_told() {
        let law = |alpha, reference| Spectrum::PowerLaw { alpha, reference };
        assert_eq!(law(-0.7, NU0).check(0.0), Ok(()));
        assert_eq!(law(f64::NAN, NU0).check(1.0), Err(ComponentError::Term));
        for reference in [0.0, -1.0, f64::INFINITY] {
            assert_eq!(law(-0.7, reference).check(1.0), Err(ComponentError::Reference(reference)));
        }
        let ordinary = Spectrum::Polynomial { terms: vec![1.0], reference: NU0 };
        assert_eq!(ordinary.check(0.0), Err(ComponentError::ZeroFlux));
        assert_eq!(ordinary.check(-1.0), Ok(()));
    }
}

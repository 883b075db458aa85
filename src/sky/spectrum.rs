//! Spectra of sources, evaluated at every channel centre.

use std::sync::Arc;

use super::ComponentError;

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
    /// `S = S0 + Σ c_i (ν/ν0 − 1)^(i+1)`, i from 0: WSClean's `LogarithmicSI=false`.
    Polynomial {
        /// c_i [Jy].
        terms: Vec<f64>,
        /// ν0 [Hz].
        reference: f64,
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
            | Spectrum::Polynomial { reference, .. }
            | Spectrum::Series { reference, .. } => Some(*reference),
        }
    }

    /// `S/S0` at `frequency` [Hz] of a source of `flux` S0 [Jy].
    ///
    /// Only an ordinary polynomial depends on `flux`, which must not be zero then ([`Spectrum::check`]).
    pub fn scale(&self, flux: f64, frequency: f64) -> f64 {
        match self {
            Spectrum::Flat => 1.0,
            Spectrum::PowerLaw { alpha, reference } => (frequency / reference).powf(*alpha),
            Spectrum::LogPolynomial { terms, reference } => {
                10f64.powf(series(terms, (frequency / reference).log10()))
            }
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
        }
    }

    /// [`Spectrum::scale`] at every one of `frequencies` [Hz]; `out`, of the same (channel) shape, is
    /// overwritten.
    ///
    /// # Panics
    /// If the two differ in length.
    pub fn evaluate(&self, flux: f64, frequencies: &[f64], out: &mut [f64]) {
        assert_eq!(frequencies.len(), out.len(), "one value per frequency");
        if *self == Spectrum::Flat {
            out.fill(1.0);
            return;
        }
        for (value, frequency) in out.iter_mut().zip(frequencies) {
            *value = self.scale(flux, *frequency);
        }
    }

    /// Whether a source of `flux` [Jy] can have this spectrum.
    ///
    /// # Errors
    /// If ν0 is not positive, a term is not finite, or an ordinary polynomial goes with a flux density of
    /// zero.
    pub fn check(&self, flux: f64) -> Result<(), ComponentError> {
        if let Some(reference) = self.reference()
            && !(reference.is_finite() && reference > 0.0)
        {
            return Err(ComponentError::Reference(reference));
        }
        let finite = match self {
            Spectrum::Flat => true,
            Spectrum::PowerLaw { alpha, .. } => alpha.is_finite(),
            Spectrum::LogPolynomial { terms, .. } | Spectrum::Polynomial { terms, .. } => {
                terms.iter().all(|term| term.is_finite())
            }
            Spectrum::Series { factors, .. } | Spectrum::Steps { factors, .. } => {
                factors.iter().all(|factor| factor.is_finite())
            }
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
    fn evaluate_is_scale_at_every_frequency() {
        let frequencies = [1.2e9, 1.3e9, 1.5e9];
        let reference = NU0;
        for spectrum in [
            Spectrum::Flat,
            Spectrum::PowerLaw { alpha: 0.3, reference },
            Spectrum::LogPolynomial { terms: vec![-0.7, 0.1, 2.0], reference },
            Spectrum::Polynomial { terms: vec![-0.7, 0.1], reference },
        ] {
            let mut out = [f64::NAN; 3];
            spectrum.evaluate(2.0, &frequencies, &mut out);
            for (value, frequency) in out.iter().zip(frequencies) {
                assert_eq!(*value, spectrum.scale(2.0, frequency));
            }
            assert!((spectrum.scale(2.0, NU0) - 1.0).abs() < 1e-15);
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

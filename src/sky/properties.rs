//! What holds for every spectrum.

use proptest::prelude::*;

use super::{Component, Spectrum};
use crate::coords::{Direction, Frame};

fn spectra() -> impl Strategy<Value = Spectrum> {
    let terms = || prop::collection::vec(-3.0..3.0f64, 0..5);
    let reference = || 1e7..1e11f64;
    prop_oneof![
        Just(Spectrum::Flat),
        (-5.0..5.0f64, reference()).prop_map(|(alpha, reference)| Spectrum::PowerLaw { alpha, reference }),
        (terms(), reference()).prop_map(|(terms, reference)| Spectrum::LogPolynomial { terms, reference }),
        (terms(), reference()).prop_map(|(terms, reference)| Spectrum::Polynomial { terms, reference }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// At its reference frequency a source has its flux density, whatever its spectrum.
    #[test]
    fn the_flux_density_is_that_of_the_reference(spectrum in spectra(), flux in 1e-6..1e3f64) {
        prop_assert!(spectrum.check(flux).is_ok());
        let reference = spectrum.reference().unwrap_or(1.4e9);
        prop_assert!((spectrum.scale(flux, reference) - 1.0).abs() < 1e-12);
    }

    /// A power law about one frequency is the same law about another.
    #[test]
    fn a_power_law_has_no_favourite_frequency(alpha in -5.0..5.0f64, a in 1e7..1e11f64, b in 1e7..1e11f64, at in 1e7..1e11f64) {
        let (from_a, from_b) = (Spectrum::PowerLaw { alpha, reference: a }, Spectrum::PowerLaw { alpha, reference: b });
        let expected = from_a.scale(1.0, b) * from_b.scale(1.0, at);
        let found = from_a.scale(1.0, at);
        prop_assert!((found - expected).abs() <= 1e-11 * expected.abs(), "found {}, expected {}", found, expected);
    }

    /// All channels at once are each of them on its own.
    #[test]
    fn channels_are_evaluated_alike(spectrum in spectra(), flux in 1e-3..1e3f64, channels in prop::collection::vec(1e7..1e11f64, 0..40)) {
        let place = Direction::from_degrees(Frame::J2000, 10.0, 20.0);
        let component = Component::point(place, flux, spectrum);
        let mut all = vec![f64::NAN; channels.len()];
        component.evaluate(0, &channels, &mut all);
        for (found, frequency) in all.into_iter().zip(channels) {
            let expected = component.value(0, frequency);
            prop_assert!(found == expected || (found - expected).abs() <= 1e-11 * expected.abs());
        }
    }

    /// Terms that are not finite, and references that are no frequency, are refused.
    #[test]
    fn nonsense_is_refused(alpha in prop::sample::select(vec![f64::NAN, f64::INFINITY, -f64::INFINITY]),
                           reference in prop::sample::select(vec![0.0, -1.0, f64::NAN, f64::INFINITY])) {
        let reasonable = 1.4e9;
        let law = Spectrum::PowerLaw { alpha, reference: reasonable };
        prop_assert!(law.check(1.0).is_err());
        let with_terms = Spectrum::LogPolynomial { terms: vec![1.0, alpha], reference: reasonable };
        prop_assert!(with_terms.check(1.0).is_err());
        let law = Spectrum::PowerLaw { alpha: 1.0, reference };
        prop_assert!(law.check(1.0).is_err());
    }
}

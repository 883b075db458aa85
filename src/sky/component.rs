//! A source of the sky model.

use std::sync::Arc;

use super::{LightCurve, Polarisation, Shape, Spectrum, Table};
use crate::coords::Direction;

/// One source: where it is, its shape, and its flux density at every frequency, which is [`Component::stokes_at`].
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// The name the catalogue gives it, if any.
    pub name: Option<String>,
    /// The patch (DP3) or cluster (SAGECal) that it belongs to, if any: sources that are calibrated together.
    pub patch: Option<Arc<str>>,
    /// Where it is.
    pub position: Direction,
    /// Its shape.
    pub shape: Shape,
    /// Its flux density at the spectrum's reference frequency [Jy]; may be negative.
    pub stokes: Stokes,
    /// How Stokes I goes with frequency.
    pub spectrum: Spectrum,
    /// How Stokes Q, U and V do, where they do not follow I.
    pub polarisation: Option<Box<Polarisation>>,
    /// How all of it goes with time, where it does: a factor.
    pub light_curve: Option<Arc<LightCurve>>,
}

/// The four Stokes parameters [Jy].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stokes {
    /// Total intensity [Jy].
    pub i: f64,
    /// Linear polarisation [Jy].
    pub q: f64,
    /// Linear polarisation at 45° [Jy].
    pub u: f64,
    /// Circular polarisation [Jy].
    pub v: f64,
}

impl Stokes {
    /// Unpolarised emission of `i` [Jy].
    pub fn unpolarised(i: f64) -> Self {
        Stokes { i, ..Stokes::default() }
    }

    /// Emission of `i` [Jy] of which the `fraction` is linearly polarised at `angle` [rad], north through east, and `v` [Jy]
    /// circularly.
    pub fn linear(i: f64, fraction: f64, angle: f64, v: f64) -> Self {
        let (sin, cos) = (2.0 * angle).sin_cos();
        Stokes { i, q: i * fraction * cos, u: i * fraction * sin, v }
    }

    /// One of them: 0, 1, 2, 3 for I, Q, U, V.
    pub fn get(&self, which: usize) -> f64 {
        match which {
            0 => self.i,
            1 => self.q,
            2 => self.u,
            _ => self.v,
        }
    }

    /// All four times `factor`.
    pub fn scaled(self, factor: f64) -> Self {
        Stokes { i: self.i * factor, q: self.q * factor, u: self.u * factor, v: self.v * factor }
    }

    /// Whether Q, U or V is other than zero.
    pub fn is_polarised(self) -> bool {
        self.q != 0.0 || self.u != 0.0 || self.v != 0.0
    }

    /// Whether all four are finite.
    pub fn is_finite(self) -> bool {
        [self.i, self.q, self.u, self.v].into_iter().all(f64::is_finite)
    }
}

/// What is wrong with a component.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ComponentError {
    /// The position is not finite, or its latitude is beyond ±90°.
    #[error("the position {0} is not on the sky")]
    Position(Direction),
    /// A Stokes parameter is NaN or infinite.
    #[error("the flux density is not a finite number")]
    Flux,
    /// A width is negative or not finite, or the axes are exchanged.
    #[error(
        "the widths {major:e} and {minor:e} rad are not those of an ellipse (finite, major ≥ minor ≥ 0, major > 0)"
    )]
    Size {
        /// The longer axis [rad].
        major: f64,
        /// The shorter axis [rad].
        minor: f64,
    },
    /// The position angle is not finite.
    #[error("the position angle is not a finite number")]
    Angle,
    /// The reference frequency is not a positive number.
    #[error("the reference frequency {0} Hz is not a positive number")]
    Reference(f64),
    /// A spectral term is not finite.
    #[error("a term of the spectrum is not a finite number")]
    Term,
    /// The exponent of a limb-darkened disk is none that is offered.
    #[error("the exponent {0} of a limb-darkened disk is not from -1.9 to 20")]
    Exponent(f64),
    /// A shapelet's order is too high.
    #[error("a shapelet of order {0}: they go up to 100")]
    Order(u8),
    /// A shapelet's coefficient is not finite.
    #[error("a coefficient of a shapelet is not a finite number")]
    Shapelet,
    /// A spectral line's width is not a positive number.
    #[error("the width {0} Hz of a spectral line is not a positive number")]
    Width(f64),
    /// A table of flux densities has no entries, or two at one frequency.
    #[error("a table of flux densities needs entries, one for each frequency")]
    Table,
    /// Q and U, or V, have an ordinary polynomial or a table of their own.
    #[error(
        "the spectrum of the polarised emission is not relative: use a power law, a logarithmic polynomial or a line"
    )]
    OwnSpectrum,
    /// A light curve has too few times, or bad ones.
    #[error("a light curve needs two times or more, all different, and finite flux densities")]
    LightCurve,
    /// A rotation measure or its reference is not finite.
    #[error("the rotation measure is not a finite number")]
    RotationMeasure,
    /// An ordinary polynomial scales Q, U and V by I, which is zero.
    #[error(
        "an ordinary polynomial spectrum needs a flux density other than zero at its reference frequency"
    )]
    ZeroFlux,
}

impl Component {
    /// A source without a name, whose polarisation follows its spectrum.
    pub fn new(position: Direction, shape: Shape, stokes: Stokes, spectrum: Spectrum) -> Self {
        let (name, patch, polarisation, light_curve) = (None, None, None, None);
        Component { name, patch, position, shape, stokes, spectrum, polarisation, light_curve }
    }

    /// An unpolarised point source of `flux` [Jy].
    pub fn point(position: Direction, flux: f64, spectrum: Spectrum) -> Self {
        Component::new(position, Shape::Point, Stokes::unpolarised(flux), spectrum)
    }

    /// A source with the flux densities of a table.
    pub fn tabulated(position: Direction, shape: Shape, table: Arc<Table>) -> Self {
        let (_, stokes) = table.middle();
        Component::new(position, shape, stokes, Spectrum::Table(table))
    }

    /// The same under this name.
    pub fn named(mut self, name: Option<String>) -> Self {
        self.name = name;
        self
    }

    /// Whether every number is one a prediction can be made from; every reader calls it on every component.
    ///
    /// # Errors
    /// The first thing found wrong.
    pub fn check(&self) -> Result<(), ComponentError> {
        if !self.position.is_valid() {
            return Err(ComponentError::Position(self.position));
        }
        if !self.stokes.is_finite() {
            return Err(ComponentError::Flux);
        }
        self.shape.check()?;
        self.spectrum.check(self.stokes.i)?;
        let Some(polarisation) = &self.polarisation else { return Ok(()) };
        for own in [&polarisation.linear, &polarisation.circular].into_iter().flatten() {
            if own.is_absolute() {
                return Err(ComponentError::OwnSpectrum);
            }
            own.check(self.stokes.i)?;
        }
        match polarisation.rotation {
            Some(rotation) if !rotation.is_finite() => Err(ComponentError::RotationMeasure),
            _ => Ok(()),
        }
    }

    /// The flux density at `frequency` [Hz], in [Jy]: what every prediction is made from, times the light curve.
    ///
    /// Q, U and V keep their fraction of I unless [`Component::polarisation`] or a table says otherwise.
    pub fn stokes_at(&self, frequency: f64) -> Stokes {
        let [i, q, u, v] = std::array::from_fn(|which| self.value(which, frequency));
        Stokes { i, q, u, v }
    }

    /// One Stokes parameter, 0, 1, 2, 3 for I, Q, U, V, at `frequency` [Hz], in [Jy].
    pub fn value(&self, which: usize, frequency: f64) -> f64 {
        let turned = self.polarisation.as_ref().and_then(|polarisation| polarisation.rotation);
        match (turned, which) {
            (Some(rotation), 1 | 2) => rotation
                .turn([self.unturned(1, frequency), self.unturned(2, frequency)], frequency)[which - 1],
            _ => self.unturned(which, frequency),
        }
    }

    /// The same without Faraday rotation.
    fn unturned(&self, which: usize, frequency: f64) -> f64 {
        let own = self.polarisation.as_ref().and_then(|polarisation| match which {
            0 => None,
            1 | 2 => polarisation.linear.as_ref(),
            _ => polarisation.circular.as_ref(),
        });
        let flux = self.stokes.get(which);
        match (own, &self.spectrum) {
            (Some(own), _) => flux * own.scale(self.stokes.i, frequency),
            (None, Spectrum::Table(table)) => table.value(which, frequency),
            (None, Spectrum::Polynomial { .. }) if which != 0 && flux == 0.0 => 0.0,
            (None, spectrum) => flux * spectrum.scale(self.stokes.i, frequency),
        }
    }

    /// Whether a Stokes parameter (0–3) may be other than zero at some frequency.
    pub fn has(&self, which: usize) -> bool {
        let unturned = |which: usize| match &self.spectrum {
            Spectrum::Table(table) => table.has(which),
            _ => self.stokes.get(which) != 0.0,
        };
        let turns = self.polarisation.as_ref().is_some_and(|polarisation| polarisation.rotation.is_some());
        if turns && (which == 1 || which == 2) { unturned(1) || unturned(2) } else { unturned(which) }
    }

    /// [`Component::value`] at every frequency.
    ///
    /// `frequencies` [Hz] and `out` [Jy] are (channel); `out` is overwritten.
    ///
    /// # Panics
    /// If the two differ in length.
    pub fn evaluate(&self, which: usize, frequencies: &[f64], out: &mut [f64]) {
        assert_eq!(frequencies.len(), out.len(), "one value per frequency");
        if self.spectrum == Spectrum::Flat && self.polarisation.is_none() {
            out.fill(self.stokes.get(which));
            return;
        }
        for (value, frequency) in out.iter_mut().zip(frequencies) {
            *value = self.value(which, *frequency);
        }
    }

    /// The same source with `factor` times the flux density at every frequency.
    pub fn scaled(mut self, factor: f64) -> Self {
        self.spectrum = self.spectrum.scaled(factor);
        self.stokes = self.stokes.scaled(factor);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coords::Frame;
    use crate::sky::{AngleFrame, FaradayRotation, Gaussian, Interpolation};

    fn source() -> Component {
        let spectrum = Spectrum::PowerLaw { alpha: -0.7, reference: 1.4e9 };
        let mut source = Component::point(Direction::from_degrees(Frame::J2000, 10.0, 20.0), 2.0, spectrum);
        source.stokes = Stokes { i: 2.0, q: 0.2, u: -0.1, v: 0.05 };
        source
    }

    #[test]
    fn polarised_fractions_stay() {
        let there = source().stokes_at(2.8e9);
        let factor = 2f64.powf(-0.7);
        assert!((there.i - 2.0 * factor).abs() < 1e-15 && (there.q - 0.2 * factor).abs() < 1e-15);
        assert!((there.u + 0.1 * factor).abs() < 1e-15 && (there.v - 0.05 * factor).abs() < 1e-15);
        assert_eq!(there.q / there.i, 0.1);
    }

    /// DP3's Q, U and V stay while I falls; with a rotation measure they follow I and turn by 2 RM λ².
    #[test]
    fn polarisation_has_a_course_of_its_own() {
        let mut dp3 = source();
        dp3.polarisation = Some(Box::new(Polarisation {
            linear: Some(Spectrum::Flat),
            circular: Some(Spectrum::Flat),
            rotation: None,
        }));
        let there = dp3.stokes_at(2.8e9);
        assert_eq!((there.q, there.u, there.v), (0.2, -0.1, 0.05));
        assert!((there.i - 2.0 * 2f64.powf(-0.7)).abs() < 1e-15);
        let mut turning = source();
        turning.stokes = Stokes::linear(2.0, 0.1, 0.3, 0.0);
        let rotation = FaradayRotation { measure: 10.0, reference: 0.0 };
        turning.polarisation =
            Some(Box::new(Polarisation { rotation: Some(rotation), ..Polarisation::default() }));
        let there = turning.stokes_at(2.8e9);
        let chi = 0.3 + 10.0 * (299_792_458.0f64 / 2.8e9).powi(2);
        assert!((there.q - there.i * 0.1 * (2.0 * chi).cos()).abs() < 1e-14);
        assert!((there.u - there.i * 0.1 * (2.0 * chi).sin()).abs() < 1e-14);
        turning.stokes.u = 0.0;
        assert!(turning.has(2) && !turning.has(3));
        let rotation = FaradayRotation::from_frequency(10.0, 2.8e9);
        turning.polarisation =
            Some(Box::new(Polarisation { rotation: Some(rotation), ..Polarisation::default() }));
        assert_eq!(turning.value(2, 2.8e9), 0.0);
        let mut values = [f64::NAN; 3];
        turning.evaluate(2, &[1e9, 2e9, 3e9], &mut values);
        assert_eq!(values, [1e9, 2e9, 3e9].map(|frequency| turning.stokes_at(frequency).u));
    }

    #[test]
    fn scaled_sources_are_so_at_every_frequency() {
        let table = [(1e9, Stokes::unpolarised(3.0)), (2e9, Stokes { i: 2.0, q: 0.5, u: 0.0, v: 0.1 })];
        let table = Arc::new(Table::new(&table, Interpolation::Linear).unwrap());
        let tabulated = Component::tabulated(source().position, Shape::Point, table);
        assert!(tabulated.has(1) && !tabulated.has(2));
        let mut polynomial = source();
        polynomial.spectrum = Spectrum::Polynomial { terms: vec![0.4, -0.2], reference: 1.4e9 };
        for component in [source(), tabulated, polynomial] {
            let half = component.clone().scaled(0.5);
            for frequency in [1e9, 1.3e9, 1.7e9] {
                for which in 0..4 {
                    let expected = 0.5 * component.value(which, frequency);
                    assert!((half.value(which, frequency) - expected).abs() < 1e-15);
                }
            }
        }
    }

    #[test]
    fn unsound_components_are_told() {
        assert_eq!(source().check(), Ok(()));
        let broken = |change: fn(&mut Component)| {
            let mut source = source();
            change(&mut source);
            source.check().unwrap_err()
        };
        assert!(matches!(broken(|s| s.position.latitude = 1.6), ComponentError::Position(_)));
        assert!(matches!(broken(|s| s.position.longitude = f64::NAN), ComponentError::Position(_)));
        assert_eq!(broken(|s| s.stokes.u = f64::INFINITY), ComponentError::Flux);
        let mut source = source();
        source.shape = Shape::Gaussian(Gaussian::new(1.0, -0.5, 0.0, AngleFrame::Source));
        assert!(matches!(source.check(), Err(ComponentError::Size { .. })));
        let mut source = self::source();
        let own = Spectrum::Polynomial { terms: vec![1.0], reference: 1e9 };
        source.polarisation = Some(Box::new(Polarisation { linear: Some(own), ..Polarisation::default() }));
        assert_eq!(source.check(), Err(ComponentError::OwnSpectrum));
    }
}

//! A source of the sky model.

use std::fmt;
use std::str::FromStr;

use super::Spectrum;
use crate::coords::Direction;

/// One source: a point or a Gaussian, with its spectrum.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// The name the catalogue gives it, if any.
    pub name: Option<String>,
    /// Where it is.
    pub position: Direction,
    /// Its shape.
    pub shape: Shape,
    /// Its flux density at the spectrum's reference frequency [Jy]; may be negative.
    pub stokes: Stokes,
    /// How the flux density goes with frequency.
    pub spectrum: Spectrum,
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

/// The shape of a component.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// Unresolved.
    Point,
    /// An elliptical Gaussian.
    Gaussian(Gaussian),
}

/// An elliptical Gaussian, `major ≥ minor ≥ 0`, `major > 0`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gaussian {
    /// Full width at half maximum of the longer axis [rad].
    pub major: f64,
    /// Full width at half maximum of the shorter axis [rad]; 0 for a line.
    pub minor: f64,
    /// Position angle of the longer axis, north through east [rad].
    pub position_angle: f64,
    /// Whose north the position angle counts from.
    pub angle_frame: AngleFrame,
}

impl Gaussian {
    /// A Gaussian of two widths [rad] and the position angle [rad] of the first.
    ///
    /// If the first is the smaller, the two are exchanged and the angle turned by 90°, which is the same
    /// ellipse.
    pub fn new(first: f64, second: f64, position_angle: f64, angle_frame: AngleFrame) -> Self {
        if first < second {
            let position_angle = position_angle + std::f64::consts::FRAC_PI_2;
            return Gaussian { major: second, minor: first, position_angle, angle_frame };
        }
        Gaussian { major: first, minor: second, position_angle, angle_frame }
    }
}

/// Whose north a position angle counts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AngleFrame {
    /// Local north at the source, in the frame of its position: what catalogues mean.
    #[default]
    Source,
    /// North at the phase centre (the m axis): what DP3 means by `OrientationIsAbsolute=false`.
    Centre,
}

impl fmt::Display for AngleFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            AngleFrame::Source => "source",
            AngleFrame::Centre => "centre",
        })
    }
}

/// A name of an angle frame that is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown position-angle frame '{0}': use source (north at the source) or centre (north at the phase centre)"
)]
pub struct UnknownAngleFrame(pub String);

impl FromStr for AngleFrame {
    type Err = UnknownAngleFrame;

    /// Reads `source` or `centre` (`center`), in any case.
    fn from_str(text: &str) -> Result<Self, UnknownAngleFrame> {
        match text.trim().to_ascii_lowercase().as_str() {
            "source" => Ok(AngleFrame::Source),
            "centre" | "center" => Ok(AngleFrame::Centre),
            _ => Err(UnknownAngleFrame(text.trim().to_owned())),
        }
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
        "the widths {major:e} and {minor:e} rad are not those of a Gaussian (finite, major ≥ minor ≥ 0, major > 0)"
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
    /// An ordinary polynomial scales Q, U and V by I, which is zero.
    #[error(
        "an ordinary polynomial spectrum needs a flux density other than zero at its reference frequency"
    )]
    ZeroFlux,
}

impl Component {
    /// An unpolarised point source of `flux` [Jy].
    pub fn point(position: Direction, flux: f64, spectrum: Spectrum) -> Self {
        Component { name: None, position, shape: Shape::Point, stokes: Stokes::unpolarised(flux), spectrum }
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
        if let Shape::Gaussian(Gaussian { major, minor, position_angle, .. }) = self.shape {
            if !(major.is_finite() && major > 0.0 && minor >= 0.0 && minor <= major) {
                return Err(ComponentError::Size { major, minor });
            }
            if !position_angle.is_finite() {
                return Err(ComponentError::Angle);
            }
        }
        self.spectrum.check(self.stokes.i)
    }

    /// The flux density at `frequency` [Hz], in [Jy].
    ///
    /// Q, U and V keep their fraction of I.
    pub fn stokes_at(&self, frequency: f64) -> Stokes {
        self.stokes.scaled(self.spectrum.scale(self.stokes.i, frequency))
    }

    /// The factor on [`Component::stokes`] at every frequency.
    ///
    /// `frequencies` [Hz] and `out` are (channel); `out` is overwritten.
    ///
    /// # Panics
    /// If the two differ in length.
    pub fn evaluate(&self, frequencies: &[f64], out: &mut [f64]) {
        self.spectrum.evaluate(self.stokes.i, frequencies, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coords::Frame;

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

    #[test]
    fn axes_are_put_in_order_without_changing_the_ellipse() {
        let turned = Gaussian::new(1.0, 2.0, 0.1, AngleFrame::Source);
        assert_eq!((turned.major, turned.minor), (2.0, 1.0));
        assert!((turned.position_angle - 0.1 - std::f64::consts::FRAC_PI_2).abs() < 1e-15);
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
        let gaussian =
            |major, minor, angle| Shape::Gaussian(Gaussian::new(major, minor, angle, AngleFrame::Centre));
        for (major, minor) in
            [(1.0, -1.0), (0.0, 0.0), (f64::NAN, 1.0), (1.0, f64::NAN), (f64::INFINITY, 1.0)]
        {
            let mut source = source();
            source.shape = gaussian(major, minor, 0.0);
            assert!(matches!(source.check(), Err(ComponentError::Size { .. })), "{major} {minor}");
        }
        let mut source = source();
        source.shape = gaussian(1.0, 0.5, f64::NAN);
        assert_eq!(source.check(), Err(ComponentError::Angle));
    }
}

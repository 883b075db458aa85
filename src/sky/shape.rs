//! Shapes of components.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::{ComponentError, Shapelet};

/// The shape of a component.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Unresolved.
    Point,
    /// An elliptical Gaussian: the axes are full widths at half maximum.
    Gaussian(Gaussian),
    /// A uniform disk: the axes are diameters.
    Disk(Ellipse),
    /// A thin ring, the outline of a disk seen from inside: the axes are diameters.
    ///
    /// Where they differ it is a circular ring that is tilted, brightest at the ends of the longer axis.
    Ring(Ellipse),
    /// A disk whose brightness goes as `(1 − r²)^(exponent/2)`, r being 1 at the limb: CASA's `limbdarkeneddisk`.
    LimbDarkenedDisk {
        /// The axes are diameters.
        disk: Ellipse,
        /// CASA's `optionalparameters`; 0 is a uniform disk. Greater than −2.
        exponent: f64,
    },
    /// A sum of shapelets.
    Shapelet(Arc<Shapelet>),
}

/// An elliptical Gaussian: the axes are full widths at half maximum.
pub type Gaussian = Ellipse;

/// An ellipse on the sky, `major ≥ minor ≥ 0`, `major > 0`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ellipse {
    /// The longer axis [rad]: a full width at half maximum or a diameter, as the shape has it.
    pub major: f64,
    /// The shorter axis [rad]; 0 for a line.
    pub minor: f64,
    /// Position angle of the longer axis, north through east [rad].
    pub position_angle: f64,
    /// Whose north the position angle counts from.
    pub angle_frame: AngleFrame,
}

impl Ellipse {
    /// An ellipse of two axes [rad] and the position angle [rad] of the first.
    ///
    /// If the first is the smaller, the two are exchanged and the angle turned by 90°, which is the same
    /// ellipse.
    pub fn new(first: f64, second: f64, position_angle: f64, angle_frame: AngleFrame) -> Self {
        if first < second {
            let position_angle = position_angle + std::f64::consts::FRAC_PI_2;
            return Ellipse { major: second, minor: first, position_angle, angle_frame };
        }
        Ellipse { major: first, minor: second, position_angle, angle_frame }
    }

    /// A circle of a width or diameter [rad].
    pub fn circle(width: f64) -> Self {
        Ellipse { major: width, minor: width, position_angle: 0.0, angle_frame: AngleFrame::Source }
    }

    fn check(&self) -> Result<(), ComponentError> {
        let Ellipse { major, minor, position_angle, .. } = *self;
        if !(major.is_finite() && major > 0.0 && minor >= 0.0 && minor <= major) {
            return Err(ComponentError::Size { major, minor });
        }
        if !position_angle.is_finite() {
            return Err(ComponentError::Angle);
        }
        Ok(())
    }
}

impl Shape {
    /// The name of the kind of shape: point, Gaussian, disk, ring, limb-darkened disk or shapelets.
    pub fn kind(&self) -> &'static str {
        match self {
            Shape::Point => "point",
            Shape::Gaussian(_) => "Gaussian",
            Shape::Disk(_) => "disk",
            Shape::Ring(_) => "ring",
            Shape::LimbDarkenedDisk { .. } => "limb-darkened disk",
            Shape::Shapelet(_) => "shapelets",
        }
    }

    /// The ellipse that the shape is, or is about; none for a point.
    pub fn ellipse(&self) -> Option<Ellipse> {
        match self {
            Shape::Point => None,
            Shape::Gaussian(ellipse)
            | Shape::Disk(ellipse)
            | Shape::Ring(ellipse)
            | Shape::LimbDarkenedDisk { disk: ellipse, .. } => Some(*ellipse),
            Shape::Shapelet(shapelet) => Some(shapelet.extent()),
        }
    }

    /// Its position angle [rad], and what that counts from; none for a point.
    pub fn angle(&self) -> Option<(f64, AngleFrame)> {
        match self {
            Shape::Shapelet(shapelet) => Some((shapelet.position_angle, shapelet.angle_frame)),
            other => other.ellipse().map(|ellipse| (ellipse.position_angle, ellipse.angle_frame)),
        }
    }

    /// The same turned by `angle` [rad], north through east.
    pub fn turned(&self, angle: f64) -> Shape {
        let mut turned = self.clone();
        match &mut turned {
            Shape::Point => {}
            Shape::Gaussian(ellipse)
            | Shape::Disk(ellipse)
            | Shape::Ring(ellipse)
            | Shape::LimbDarkenedDisk { disk: ellipse, .. } => ellipse.position_angle += angle,
            // Most frames differ by less than would be worth a copy of the terms, but none by nothing.
            Shape::Shapelet(shapelet) if angle != 0.0 => Arc::make_mut(shapelet).position_angle += angle,
            Shape::Shapelet(_) => {}
        }
        turned
    }

    /// The length of its longer axis [rad]; 0 for a point.
    pub fn extent(&self) -> f64 {
        self.ellipse().map_or(0.0, |ellipse| ellipse.major)
    }

    /// How far it reaches from its middle, in axes of its ellipse.
    pub fn reach(&self) -> f64 {
        match self {
            Shape::Point => 0.0,
            // At 1.5 full widths a Gaussian has fallen to 2e-3 of its peak, at 2.5 to 3e-8.
            Shape::Gaussian(_) => 2.5,
            Shape::Disk(_) | Shape::LimbDarkenedDisk { .. } | Shape::Ring(_) => 0.5,
            Shape::Shapelet(shapelet) => shapelet.reach(),
        }
    }

    /// Its brightness, in no unit, at a place along and across the position angle, in axes of its ellipse, where edges are
    /// drawn `soft` wide.
    pub fn brightness(&self, [along, across]: [f64; 2], soft: f64) -> f64 {
        let square = along * along + across * across;
        // How much of the pixel at the edge is inside.
        let inside = || ((0.5 - square.sqrt()) / soft + 0.5).clamp(0.0, 1.0);
        match self {
            Shape::Point => f64::from(u8::from(square == 0.0)),
            Shape::Gaussian(_) => (-4.0 * std::f64::consts::LN_2 * square).exp(),
            Shape::Disk(_) => inside(),
            Shape::LimbDarkenedDisk { exponent, .. } => {
                // A bright limb is cut where the pixel ends.
                inside() * (1.0 - 4.0 * square).max(soft).powf(0.5 * exponent)
            }
            Shape::Ring(_) => (1.0 - (square.sqrt() - 0.5).abs() / soft).max(0.0),
            Shape::Shapelet(shapelet) => shapelet.brightness([along, across]),
        }
    }

    pub(super) fn check(&self) -> Result<(), ComponentError> {
        match self {
            Shape::Point => Ok(()),
            Shape::Gaussian(ellipse) | Shape::Disk(ellipse) | Shape::Ring(ellipse) => ellipse.check(),
            Shape::LimbDarkenedDisk { disk, exponent } => {
                if !(exponent.is_finite() && (EXPONENTS[0]..=EXPONENTS[1]).contains(exponent)) {
                    return Err(ComponentError::Exponent(*exponent));
                }
                disk.check()
            }
            Shape::Shapelet(shapelet) => {
                shapelet.extent().check()?;
                shapelet.check()
            }
        }
    }
}

/// The exponents of limb-darkened disks: below −2 the flux density would be infinite, and no limb is as soft as the upper
/// end.
const EXPONENTS: [f64; 2] = [-1.9, 20.0];

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_put_in_order_without_changing_the_ellipse() {
        let turned = Gaussian::new(1.0, 2.0, 0.1, AngleFrame::Source);
        assert_eq!((turned.major, turned.minor), (2.0, 1.0));
        assert!((turned.position_angle - 0.1 - std::f64::consts::FRAC_PI_2).abs() < 1e-15);
    }

    #[test]
    fn unsound_shapes_are_told() {
        let ellipse = |major, minor, angle| Ellipse::new(major, minor, angle, AngleFrame::Centre);
        for (major, minor) in
            [(1.0, -1.0), (0.0, 0.0), (f64::NAN, 1.0), (1.0, f64::NAN), (f64::INFINITY, 1.0)]
        {
            for shape in [Shape::Gaussian, Shape::Disk, Shape::Ring] {
                let found = shape(ellipse(major, minor, 0.0)).check();
                assert!(matches!(found, Err(ComponentError::Size { .. })), "{major} {minor}");
            }
        }
        assert_eq!(Shape::Disk(ellipse(1.0, 0.5, f64::NAN)).check(), Err(ComponentError::Angle));
        for exponent in [-2.0, f64::NAN] {
            let shape = Shape::LimbDarkenedDisk { disk: Ellipse::circle(1.0), exponent };
            assert!(matches!(shape.check(), Err(ComponentError::Exponent(_))), "{exponent}");
        }
    }
}

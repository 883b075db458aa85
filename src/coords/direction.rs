//! A direction on the sky in a named frame.

use std::f64::consts::PI;
use std::fmt;

use super::frame::{Frame, from_icrs_vector, icrs_vector, to_vector};

/// A direction on the sky.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Direction {
    /// The frame of the two angles.
    pub frame: Frame,
    /// Right ascension or Galactic longitude [rad].
    pub longitude: f64,
    /// Declination or Galactic latitude [rad].
    pub latitude: f64,
}

impl Direction {
    /// A direction from angles in [rad].
    pub fn new(frame: Frame, longitude: f64, latitude: f64) -> Self {
        Direction { frame, longitude, latitude }
    }

    /// A direction from angles in [deg].
    pub fn from_degrees(frame: Frame, longitude: f64, latitude: f64) -> Self {
        Direction::new(frame, longitude.to_radians(), latitude.to_radians())
    }

    /// The same direction in another frame, its longitude in [0, 2π) [rad].
    ///
    /// Unchanged, bit for bit, if it is in that frame already. Convert a list once and not once per use:
    /// B1950 costs about a microsecond.
    pub fn to(self, frame: Frame) -> Self {
        if frame == self.frame {
            return self;
        }
        let (longitude, latitude) = from_icrs_vector(frame, self.icrs_vector());
        Direction::new(frame, longitude, latitude)
    }

    /// The same direction in another frame, with a position angle carried along.
    ///
    /// `position_angle` [rad] counts from local north through east in `self.frame`; the one returned, in (−π,
    /// π] [rad] where the frame changes, counts so in `frame`. Exact for rotations; for B1950 the distortion
    /// by the E-terms within 0.01 rad, below 1e-7 rad, is neglected.
    pub fn to_with_angle(self, frame: Frame, position_angle: f64) -> (Self, f64) {
        if frame == self.frame {
            return (self, position_angle);
        }
        let here = self.to(frame);
        let ahead = self.offset(position_angle, 0.01).to(frame);
        (here, here.position_angle_of(ahead))
    }

    /// The angle between two directions [rad], accurate at every distance; the other may be in any frame.
    pub fn separation(self, other: Direction) -> f64 {
        let other = other.to(self.frame);
        let (a, b) = (self.unit_vector(), other.unit_vector());
        let cross = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
        let dot = a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
        cross[0].hypot(cross[1]).hypot(cross[2]).atan2(dot)
    }

    /// The position angle of `other` as seen from here, from north of `self.frame` through east, in (−π, π]
    /// [rad].
    pub fn position_angle_of(self, other: Direction) -> f64 {
        let lmn = other.lmn(self);
        lmn.l.atan2(lmn.m)
    }

    /// The direction `distance` [rad] away along a great circle that leaves at `position_angle` [rad].
    pub fn offset(self, position_angle: f64, distance: f64) -> Direction {
        let (sin_d, cos_d) = distance.sin_cos();
        let (sin_p, cos_p) = position_angle.sin_cos();
        let (sin_lat, cos_lat) = self.latitude.sin_cos();
        // In axes at our own meridian: x to the equator there, y east, z to the pole.
        let x = cos_lat * cos_d - sin_lat * sin_d * cos_p;
        let y = sin_d * sin_p;
        let z = sin_lat * cos_d + cos_lat * sin_d * cos_p;
        Direction::new(self.frame, super::frame::wrap(self.longitude + y.atan2(x)), z.atan2(x.hypot(y)))
    }

    /// The unit vector in the axes of the direction's own frame.
    pub fn unit_vector(self) -> [f64; 3] {
        to_vector(self.longitude, self.latitude)
    }

    /// The unit vector in the axes of ICRS.
    pub fn icrs_vector(self) -> [f64; 3] {
        icrs_vector(self.frame, self.longitude, self.latitude)
    }

    /// Whether both angles are finite and the latitude is within ±90°.
    pub fn is_valid(self) -> bool {
        // A little beyond a right angle: rounding of 90° in single precision is no error.
        self.longitude.is_finite() && self.latitude.abs() <= PI / 2.0 + 1e-7
    }
}

impl fmt::Display for Direction {
    /// `J2000 123.456789°, -12.345678°`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let longitude = super::frame::wrap(self.longitude).to_degrees();
        write!(f, "{} {:.6}°, {:+.6}°", self.frame, longitude, self.latitude.to_degrees())
    }
}

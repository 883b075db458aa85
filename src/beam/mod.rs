//! Primary beams: how much of a source's flux density each pair of antennas sees, per channel and integration.
//!
//! A [`Beam`] is the pattern of one kind of antenna, an [`ArrayBeam`] the kinds of an array and which antenna
//! is of which; a [`Pointing`] says where the antennas look at a time. A source is put into the antennas' frame
//! as an [`Offset`]; its flux density is multiplied by [`ArrayBeam::product`] of the two antennas' kinds at
//! every channel. All Stokes parameters are scaled alike: leakage and squint are not modelled.
//!
//! Nothing here opens a file: tables and images are made from text and arrays that were read elsewhere.

mod airy;
mod analytic;
mod array;
mod image;
mod option;
mod pointing;
mod polynomial;
mod radius;
mod series;
mod smear;
mod table;
mod telescopes;
mod vla;

use std::fmt;

pub use airy::{Airy, Dsa110};
pub use analytic::{CosinePower, CosineTaper, Gaussian, NoBeam};
pub use array::ArrayBeam;
pub use image::{Axes, ImageBeam, ImageError, Plane, Projection};
pub use option::{BeamOption, BeamOptionError, Pattern};
pub use pointing::{
    Meridian, Pointing, PointingError, PointingRow, PointingTable, apparent_declination, parallactic_angle,
};
pub use polynomial::{Polynomial, PolynomialBeam};
pub use smear::{bandwidth_smearing, time_smearing};
pub use table::{RadialTable, TableError};
pub use telescopes::{Choice, Unserved, atca, auto, gmrt, meerkat, vla, wsrt};

use crate::coords::{Direction, Lmn};

/// The speed of light [m/s].
const C: f64 = 299_792_458.0;
const ARCMIN: f64 = std::f64::consts::PI / 180.0 / 60.0;
const QUARTER_TURN: f64 = std::f64::consts::FRAC_PI_2;

/// The pattern of one kind of antenna.
///
/// Both patterns are 1 on axis (an image or a table may say otherwise) and do not depend on polarisation. A
/// dish sees nothing behind it: beyond 90° they are 0, except those of [`NoBeam`].
pub trait Beam: fmt::Debug + Send + Sync {
    /// The voltage pattern at `offset` and `frequency` [Hz]: real, negative in odd sidelobes where the pattern
    /// knows their phase, else the positive root of the power.
    fn voltage(&self, offset: Offset, frequency: f64) -> f64;

    /// The power pattern at `offset` and `frequency` [Hz]: the factor on a source's flux density.
    fn power(&self, offset: Offset, frequency: f64) -> f64 {
        let voltage = self.voltage(offset, frequency);
        voltage * voltage
    }

    /// Multiplies a spectrum by the power pattern; `frequencies` [Hz] and `values` are (channel).
    ///
    /// The same as [`Beam::power`] channel by channel, and faster for some patterns.
    fn multiply(&self, offset: Offset, frequencies: &[f64], values: &mut [f64]) {
        for (value, frequency) in values.iter_mut().zip(frequencies) {
            *value *= self.power(offset, *frequency);
        }
    }

    /// The angle from the axis [rad] beyond which the power is below `level` everywhere at `frequency` [Hz].
    ///
    /// Sidelobes that reach `level` are within it. Finite always: π/2 at most, π for [`NoBeam`]; the whole
    /// extent of the pattern for a `level` of 0 or less, and 0 where even the axis is below `level`.
    fn limit_radius(&self, frequency: f64, level: f64) -> f64;

    /// The frequencies [Hz], lowest and highest, over which the pattern was measured; none for a formula.
    ///
    /// Outside them the pattern of the nearest frequency is used, its width going as 1/ν.
    fn frequency_range(&self) -> Option<(f64, f64)> {
        None
    }

    /// One line for a report: the pattern, its parameters and where it was published.
    fn description(&self) -> String;
}

/// Where a source is as seen from the pointing of an antenna.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Offset {
    /// Direction cosine to the east of the pointing (in its frame).
    pub l: f64,
    /// Direction cosine to the north of the pointing (in its frame).
    pub m: f64,
    /// The angle from the pointing [rad], 0 to π.
    pub angle: f64,
}

impl Offset {
    /// On the axis.
    pub const AXIS: Offset = Offset { l: 0.0, m: 0.0, angle: 0.0 };

    /// `source` as seen from an antenna that points to `pointing`; the two may be in any frames.
    pub fn of(source: Direction, pointing: Direction) -> Offset {
        Offset::from_lmn(source.lmn(pointing))
    }

    /// From direction cosines about the pointing.
    pub fn from_lmn(lmn: Lmn) -> Offset {
        Offset { l: lmn.l, m: lmn.m, angle: lmn.l.hypot(lmn.m).atan2(lmn.n()) }
    }

    /// An offset of `angle` [rad] at `position_angle` [rad], north through east.
    pub fn polar(angle: f64, position_angle: f64) -> Offset {
        let (sin, cos) = position_angle.sin_cos();
        Offset { l: angle.sin() * sin, m: angle.sin() * cos, angle }
    }

    /// The same source in axes turned by `angle` [rad] from north through east.
    ///
    /// For an image of a beam on an alt-azimuth mount: the dish's "up" lies at the parallactic angle
    /// ([`parallactic_angle`]).
    pub fn turned(self, angle: f64) -> Offset {
        let (sin, cos) = angle.sin_cos();
        Offset { l: self.l * cos - self.m * sin, m: self.l * sin + self.m * cos, angle: self.angle }
    }

    /// Whether the source is behind the antenna.
    pub(crate) fn is_behind(self) -> bool {
        self.angle > QUARTER_TURN
    }
}

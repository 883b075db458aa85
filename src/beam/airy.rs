//! Dishes evenly illuminated, with and without a blocked middle.

use std::f64::consts::PI;

use super::radius::outermost;
use super::{ARCMIN, Beam, C, Offset, QUARTER_TURN};

/// `2 J1(x)/x`, 1 at 0.
///
/// J1 is that of `libm` (the FreeBSD msun routine): within 1e-15 of scipy's up to x = 1e4.
pub(super) fn jinc(x: f64) -> f64 {
    if x.abs() < 1e-8 { 1.0 } else { 2.0 * libm::j1(x) / x }
}

/// A circular aperture of even illumination, a circle in its middle blocked.
///
/// With A(x) = 2 J1(x)/x and x = π D sin θ / λ the voltage is `(D² A(x) − d² A(x d/D)) / (D² − d²)`: the
/// aperture of diameter D less that of diameter d (Born & Wolf, Principles of Optics, § 8.6.2).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Airy {
    diameter: f64,
    blockage: f64,
    name: &'static str,
}

impl Airy {
    /// A dish of `diameter` [m] with a blockage of the diameter `blockage` [m], which may be 0; none unless
    /// `diameter > blockage ≥ 0` and both are finite.
    pub fn new(diameter: f64, blockage: f64) -> Option<Airy> {
        Airy::named("Airy pattern", diameter, blockage)
    }

    /// The beam of the DSA-110 imaging pipeline: an Airy pattern of 4.7 m (dsa110-contimg, `beam_model.py`).
    pub fn dsa110_pipeline() -> Airy {
        Airy { diameter: 4.7, blockage: 0.0, name: "Airy pattern of the DSA-110 imaging pipeline" }
    }

    pub(super) fn named(name: &'static str, diameter: f64, blockage: f64) -> Option<Airy> {
        let sound = diameter.is_finite() && blockage >= 0.0 && diameter > blockage;
        sound.then_some(Airy { diameter, blockage, name })
    }

    /// The diameter of the dish [m].
    pub fn diameter(&self) -> f64 {
        self.diameter
    }

    /// `voltage` at x = π D sin θ / λ.
    fn at(&self, x: f64) -> f64 {
        if self.blockage == 0.0 {
            return jinc(x);
        }
        let ratio = self.blockage / self.diameter;
        let area = ratio * ratio;
        (jinc(x) - area * jinc(x * ratio)) / (1.0 - area)
    }

    /// x of the horizon, where sin θ is 1.
    fn horizon(&self, frequency: f64) -> f64 {
        PI * self.diameter * frequency / C
    }
}

impl Beam for Airy {
    fn voltage(&self, offset: Offset, frequency: f64) -> f64 {
        if offset.is_behind() {
            return 0.0;
        }
        self.at(self.horizon(frequency) * offset.angle.sin())
    }

    fn limit_radius(&self, frequency: f64, level: f64) -> f64 {
        if level <= 0.0 {
            return QUARTER_TURN;
        }
        let horizon = self.horizon(frequency);
        let power = |x: f64| self.at(x).powi(2);
        let x = outermost(power, horizon.min(envelope(self.blockage / self.diameter, level)), 0.1, level);
        (x / horizon).clamp(0.0, 1.0).asin()
    }

    fn description(&self) -> String {
        let blockage = match self.blockage {
            0.0 => String::new(),
            blockage => format!(", the inner {blockage} m blocked"),
        };
        format!("{} of a {} m dish{blockage}", self.name, self.diameter)
    }
}

/// The x beyond which no sidelobe of a dish blocked to `ratio` of its diameter reaches `level` of the power.
fn envelope(ratio: f64, level: f64) -> f64 {
    // |J1(x)| ≤ sqrt(2/(π x)) · 1.1 for x > 1, so the voltage is below 2.2 sqrt(2/π) (1 + √ratio)/(1 − ratio²) x^-1.5.
    let amplitude = 2.2 * (2.0 / PI).sqrt() * (1.0 + ratio.sqrt()) / (1.0 - ratio * ratio);
    (amplitude / level.sqrt()).powf(2.0 / 3.0).max(10.0)
}

/// The DSA-110 dish as EveryBeam has it (`Dsa110`: 4.65 m, blockage 0.4064 m).
///
/// EveryBeam took CASA's `PBMath1DAiry`: with A(x) = 2 J1(x)/x, r = D/d, a = r² and
/// x = 7.016/93.96 · D/24.5 m · θ[arcmin] · ν[GHz], the voltage is `(a A(x) − A(x r)) / (a − 1)`, times 1 − 1e-4,
/// plus 1e-4. The blockage is entered as `x r` there where [`Airy`] has `x/r`; it is kept, since this pattern is
/// to give the numbers of EveryBeam.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dsa110;

impl Dsa110 {
    const DIAMETER: f64 = 4.65;
    const BLOCKAGE: f64 = 0.4064;
    /// What EveryBeam adds so that no direction has a beam of zero.
    const FLOOR: f64 = 1e-4;

    /// x over θ [1/rad].
    fn scale(frequency: f64) -> f64 {
        7.016 / 93.96 * Self::DIAMETER / 24.5 * frequency * 1e-9 / ARCMIN
    }

    fn at(x: f64) -> f64 {
        let ratio = Self::DIAMETER / Self::BLOCKAGE;
        let area = ratio * ratio;
        let pattern = (area * jinc(x) - jinc(x * ratio)) / (area - 1.0);
        pattern * (1.0 - Self::FLOOR) + Self::FLOOR
    }
}

impl Beam for Dsa110 {
    fn voltage(&self, offset: Offset, frequency: f64) -> f64 {
        if offset.is_behind() { 0.0 } else { Self::at(Self::scale(frequency) * offset.angle) }
    }

    fn limit_radius(&self, frequency: f64, level: f64) -> f64 {
        let scale = Self::scale(frequency);
        if level <= Self::FLOOR * Self::FLOOR {
            return QUARTER_TURN;
        }
        // The steps resolve the fast term of the blockage as well.
        outermost(|x| Self::at(x).powi(2), QUARTER_TURN * scale, 0.02, level) / scale
    }

    fn description(&self) -> String {
        format!(
            "DSA-110 as EveryBeam has it: Airy pattern of a {} m dish, the inner {} m blocked",
            Self::DIAMETER,
            Self::BLOCKAGE
        )
    }
}

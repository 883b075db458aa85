//! Dishes evenly illuminated, with and without a blocked middle.

use std::f64::consts::PI;

use super::radius::outermost;
use super::{ARCMIN, Beam, C, Offset, QUARTER_TURN, series};

/// The power series in t = x²/32 − 1 of `2 J1(x)/x` for |x| ≤ 8: its Chebyshev series (mpmath, 50 digits), of which
/// the terms left out sum to less than 1e-16, put into powers of t.
const NEAR: [f64; 15] = [
    -0.11628765591198215,
    0.16211732077179516,
    0.3030333028761327,
    -0.5191897305718332,
    0.31716752865443676,
    -0.1094916364259901,
    0.02491362878452675,
    -0.004058078987733342,
    0.0004989891627194522,
    -4.8091500760803664e-05,
    3.7369052074412026e-06,
    -2.393371322131123e-07,
    1.2862380354531672e-08,
    -5.916061892322733e-10,
    2.3317944735357243e-11,
];

/// `2 J1(x)/x` for x² ≤ 64, within 1e-15.
#[inline]
fn near(square: f64) -> f64 {
    let t = square / 32.0 - 1.0;
    let t2 = t * t;
    // Even and odd powers apart: two chains that do not wait for each other.
    let even = NEAR.iter().step_by(2).rev().fold(0.0, |sum, term| sum * t2 + term);
    let odd = NEAR.iter().skip(1).step_by(2).rev().fold(0.0, |sum, term| sum * t2 + term);
    even + t * odd
}

/// `2 J1(x)/x`, 1 at 0, within 1e-15.
///
/// Beyond x = 8 J1 is that of `libm` (the FreeBSD msun routine).
pub(super) fn jinc(x: f64) -> f64 {
    match x * x {
        0.0 => 1.0,
        square if square <= 64.0 => near(square),
        _ => 2.0 * libm::j1(x) / x,
    }
}

/// [`near`] for every x of a spectrum, none beyond 8.
fn multiply_near(scale: f64, frequencies: &[f64], values: &mut [f64]) {
    for (value, frequency) in values.iter_mut().zip(frequencies) {
        let x = scale * frequency;
        let voltage = near(x * x);
        *value *= voltage * voltage;
    }
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

    /// The diameter of what is blocked [m].
    pub fn blockage(&self) -> f64 {
        self.blockage
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

    fn multiply(&self, offset: Offset, frequencies: &[f64], values: &mut [f64]) {
        let scale = self.horizon(1.0) * offset.angle.sin();
        let highest = frequencies.iter().copied().fold(0.0, f64::max);
        // A loop without branches and calls is one for the vector units.
        if offset.is_behind() {
            values.fill(0.0);
        } else if self.blockage == 0.0 && scale * highest <= 8.0 {
            multiply_near(scale, frequencies, values);
        } else {
            series::multiply(|frequency| self.at(scale * frequency).powi(2), frequencies, values);
        }
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
/// EveryBeam took CASA's `PBMath1DAiry`: with A(x) = 2 J1(x)/x, q = D/d, a = q² and
/// x = 7.016/93.96 · D/24.5 m · r, r = sin θ \[arcmin\] · ν \[GHz\], the voltage is `(a A(x) − A(x q)) / (a − 1)`, times
/// 1 − 1e-4, plus 1e-4; beyond r = 480 it is 1e-4. The blockage enters as `x q` where [`Airy`] has `x/q`; it is
/// kept, since this pattern is to give EveryBeam's numbers. EveryBeam itself looks them up in a table with
/// steps of 480/9999 in r, without interpolation: between two entries it is off by up to 3e-4.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dsa110;

impl Dsa110 {
    const DIAMETER: f64 = 4.65;
    const BLOCKAGE: f64 = 0.4064;
    /// The r where EveryBeam's table ends.
    const END: f64 = 480.0;
    /// What EveryBeam adds so that no direction has a beam of zero.
    const FLOOR: f64 = 1e-4;

    /// r over sin θ.
    fn scale(frequency: f64) -> f64 {
        frequency * 1e-9 / ARCMIN
    }

    fn at(r: f64) -> f64 {
        if r > Self::END {
            return Self::FLOOR;
        }
        let x = 7.016 / 93.96 * Self::DIAMETER / 24.5 * r;
        let ratio = Self::DIAMETER / Self::BLOCKAGE;
        let area = ratio * ratio;
        let pattern = (area * jinc(x) - jinc(x * ratio)) / (area - 1.0);
        pattern * (1.0 - Self::FLOOR) + Self::FLOOR
    }
}

impl Beam for Dsa110 {
    fn voltage(&self, offset: Offset, frequency: f64) -> f64 {
        if offset.is_behind() { 0.0 } else { Self::at(Self::scale(frequency) * offset.angle.sin()) }
    }

    fn multiply(&self, offset: Offset, frequencies: &[f64], values: &mut [f64]) {
        if offset.is_behind() {
            return values.fill(0.0);
        }
        let sine = offset.angle.sin();
        series::multiply(|frequency| Self::at(Self::scale(frequency) * sine).powi(2), frequencies, values);
    }

    fn limit_radius(&self, frequency: f64, level: f64) -> f64 {
        if level <= Self::FLOOR * Self::FLOOR {
            return QUARTER_TURN;
        }
        let scale = Self::scale(frequency);
        // The steps resolve the fast term of the blockage as well.
        let r = outermost(|r| Self::at(r).powi(2), Self::END.min(scale), 0.5, level);
        (r / scale).clamp(0.0, 1.0).asin()
    }

    fn description(&self) -> String {
        format!(
            "DSA-110 as EveryBeam has it: Airy pattern of a {} m dish, the inner {} m blocked",
            Self::DIAMETER,
            Self::BLOCKAGE
        )
    }
}

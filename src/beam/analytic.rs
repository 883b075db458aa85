//! Patterns given by elementary functions.

use std::f64::consts::{LN_2, PI};

use super::radius::outermost;
use super::{ARCMIN, Beam, Offset, QUARTER_TURN};

/// No beam: the sky as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoBeam;

impl Beam for NoBeam {
    fn voltage(&self, _offset: Offset, _frequency: f64) -> f64 {
        1.0
    }

    fn limit_radius(&self, _frequency: f64, level: f64) -> f64 {
        if level <= 1.0 { PI } else { 0.0 }
    }

    fn description(&self) -> String {
        "no beam: flux densities as the catalogue has them".into()
    }
}

/// A full width at half of the power that goes as 1/ν.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Width {
    /// FWHM [rad].
    fwhm: f64,
    /// At this frequency [Hz].
    reference: f64,
}

impl Width {
    fn new(fwhm: f64, reference: f64) -> Option<Width> {
        let sound = |x: f64| x.is_finite() && x > 0.0;
        (sound(fwhm) && sound(reference)).then_some(Width { fwhm, reference })
    }

    /// FWHM [rad] at a frequency [Hz].
    fn at(self, frequency: f64) -> f64 {
        self.fwhm * self.reference / frequency
    }

    fn describe(self) -> String {
        format!("FWHM {:.4}° at {:.6} GHz", self.fwhm.to_degrees(), self.reference * 1e-9)
    }
}

/// A Gaussian power pattern, `exp(−4 ln 2 (θ/FWHM)²)`, its width as 1/ν.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gaussian(Width);

impl Gaussian {
    /// The full width at half of the power `fwhm` [rad] at `reference` [Hz]; none unless both are positive
    /// and finite.
    pub fn new(fwhm: f64, reference: f64) -> Option<Gaussian> {
        Width::new(fwhm, reference).map(Gaussian)
    }

    /// The full width at half of the power [rad] and the frequency [Hz] at which it has it.
    pub fn width(&self) -> (f64, f64) {
        (self.0.fwhm, self.0.reference)
    }
}

impl Beam for Gaussian {
    fn voltage(&self, offset: Offset, frequency: f64) -> f64 {
        if offset.is_behind() {
            return 0.0;
        }
        let ratio = offset.angle / self.0.at(frequency);
        (-2.0 * LN_2 * ratio * ratio).exp()
    }

    fn limit_radius(&self, frequency: f64, level: f64) -> f64 {
        if level <= 0.0 {
            return QUARTER_TURN;
        }
        let radius = self.0.at(frequency) * ((-level.ln()).max(0.0) / (4.0 * LN_2)).sqrt();
        radius.min(QUARTER_TURN)
    }

    fn description(&self) -> String {
        format!("Gaussian, {}", self.0.describe())
    }
}

/// A power pattern `cosᵏ(κ θ)` out to its first null and nothing beyond, κ as ν.
///
/// The family of the Westerbork beam `cos⁶` (NEWSTAR manual; MIRIAD task `pbplot`); `cos4` is its member with
/// k = 4.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CosinePower {
    power: i32,
    width: Width,
}

impl CosinePower {
    /// `cosᵏ` with k = `power` ≥ 1, its full width at half of the power `fwhm` [rad] at `reference` [Hz].
    pub fn new(power: i32, fwhm: f64, reference: f64) -> Option<CosinePower> {
        let width = Width::new(fwhm, reference)?;
        (power >= 1).then_some(CosinePower { power, width })
    }

    /// `cosᵏ` with k = `power` ≥ 1 of a dish of `diameter` [m]: as wide as its Airy pattern at half of the
    /// power, 1.028 993 969 962 188 λ/D.
    pub fn of_dish(power: i32, diameter: f64) -> Option<CosinePower> {
        CosinePower::new(power, 1.028_993_969_962_188 * super::C / diameter / 1e9, 1e9)
    }

    /// Westerbork: `cos⁶(65 ν[GHz] θ)`.
    pub(super) fn westerbork() -> CosinePower {
        CosinePower {
            power: 6,
            width: Width { fwhm: 2.0 * 0.5f64.powf(1.0 / 6.0).acos() / 65.0, reference: 1e9 },
        }
    }

    /// The full width at half of the power [rad] and the frequency [Hz] at which it has it.
    pub fn width(&self) -> (f64, f64) {
        (self.width.fwhm, self.width.reference)
    }

    /// κ: the cosine's argument over θ.
    fn scale(&self, frequency: f64) -> f64 {
        2.0 * 0.5f64.powf(1.0 / f64::from(self.power)).acos() / self.width.at(frequency)
    }
}

impl Beam for CosinePower {
    fn voltage(&self, offset: Offset, frequency: f64) -> f64 {
        self.power(offset, frequency).sqrt()
    }

    fn power(&self, offset: Offset, frequency: f64) -> f64 {
        let x = self.scale(frequency) * offset.angle;
        if offset.is_behind() || x >= QUARTER_TURN { 0.0 } else { x.cos().powi(self.power) }
    }

    fn limit_radius(&self, frequency: f64, level: f64) -> f64 {
        let level = level.clamp(0.0, 1.0);
        let x = level.powf(1.0 / f64::from(self.power)).acos();
        (x / self.scale(frequency)).min(QUARTER_TURN)
    }

    fn description(&self) -> String {
        format!("cos^{} pattern, {}", self.power, self.width.describe())
    }
}

/// The pattern of an aperture tapered like a cosine: voltage `cos(π ρ) / (1 − 4 ρ²)`.
///
/// ρ = 1.188 964 780 932 945 3 θ/FWHM, FWHM that of the power and going as 1/ν (Condon & Ransom 2016, Essential
/// Radio Astronomy, eq. 3.95; for MeerKAT Mauch et al. 2020, ApJ 888, 61, eq. 3 and 4).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CosineTaper(Width);

impl CosineTaper {
    /// ρ at half of the power, twice.
    const HALF: f64 = 1.188_964_780_932_945_3;

    /// The full width at half of the power `fwhm` [rad] at `reference` [Hz]; none unless both are positive
    /// and finite.
    pub fn new(fwhm: f64, reference: f64) -> Option<CosineTaper> {
        Width::new(fwhm, reference).map(CosineTaper)
    }

    /// The MeerKAT beam in L band: FWHM 57.5′ at 1.5 GHz (Mauch et al. 2020, eq. 4).
    pub fn meerkat() -> CosineTaper {
        CosineTaper(Width { fwhm: 57.5 * ARCMIN, reference: 1.5e9 })
    }

    fn at(rho: f64) -> f64 {
        // Near ρ = ½ both are zero: cos(πρ) = sin(π(½ − ρ)), (1 − 4ρ²) = 4 (½ − ρ)(½ + ρ).
        let rest = 0.5 - rho;
        let sinc = if rest == 0.0 { PI } else { (PI * rest).sin() / rest };
        sinc / (4.0 * (0.5 + rho))
    }
}

impl Beam for CosineTaper {
    fn voltage(&self, offset: Offset, frequency: f64) -> f64 {
        if offset.is_behind() {
            return 0.0;
        }
        Self::at(Self::HALF * offset.angle / self.0.at(frequency))
    }

    fn limit_radius(&self, frequency: f64, level: f64) -> f64 {
        if level <= 0.0 {
            return QUARTER_TURN;
        }
        let scale = Self::HALF / self.0.at(frequency);
        // Beyond ρ the voltage is below 1/(4ρ² − 1).
        let reach = (0.5 * (1.0 / level.sqrt() + 1.0).sqrt()).max(1.5);
        let end = reach.min(QUARTER_TURN * scale);
        outermost(|rho| Self::at(rho).powi(2), end, 0.02, level) / scale
    }

    fn description(&self) -> String {
        format!("cosine-tapered aperture, {}", self.0.describe())
    }
}

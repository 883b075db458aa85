//! Numbers and angles as sky models have them, without loss.

use std::f64::consts::{PI, TAU};
use std::fmt;

/// A number in the fewest digits that read back as the same one, with an exponent where that is shorter.
#[derive(Clone, Copy)]
pub(super) struct Num(pub f64);

impl fmt::Display for Num {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No format has a use for the sign of zero.
        let value = self.0 + 0.0;
        let size = value.abs();
        if size != 0.0 && !(1e-4..1e15).contains(&size) {
            write!(f, "{value:e}")
        } else {
            write!(f, "{value}")
        }
    }
}

/// An angle [rad] as degrees.
pub(super) fn degrees(angle: f64) -> Num {
    Num(tidy(angle.to_degrees()))
}

/// An angle [rad] as arcseconds.
pub(super) fn arcsec(angle: f64) -> Num {
    Num(tidy(angle.to_degrees() * 3600.0))
}

/// A number less the last digits, which conversions to radians and back have made up (a relative 4e-15).
pub(super) fn tidy(value: f64) -> f64 {
    let short: f64 = format!("{value:.14e}").parse().unwrap_or(value);
    if (short - value).abs() <= 4e-15 * value.abs() { short } else { value }
}

/// A position angle [rad] brought into [0, π), which is the same for an ellipse.
pub(super) fn half_turn(angle: f64) -> f64 {
    let turned = angle.rem_euclid(PI);
    // Within rounding of a half turn is none at all.
    if PI - turned < 1e-14 { 0.0 } else { turned }
}

/// Parts of a second that are written: 10⁻⁹ s of time are 7e-14 rad.
const PARTS: u64 = 1_000_000_000;

/// An angle in three fields: the sign, the whole, minutes, seconds and their 10⁻⁹.
pub(super) struct Sexagesimal {
    pub negative: bool,
    pub whole: u64,
    pub minutes: u64,
    pub seconds: u64,
    pub parts: u64,
}

impl Sexagesimal {
    fn of(size: f64, negative: bool) -> Self {
        // Rounded before it is taken apart, so that no field comes to 60.
        let parts = (size * 3600.0 * PARTS as f64).round() as u64;
        let seconds = parts / PARTS;
        Sexagesimal {
            negative,
            whole: seconds / 3600,
            minutes: seconds / 60 % 60,
            seconds: seconds % 60,
            parts: parts % PARTS,
        }
    }

    /// A right ascension [rad] in hours, below 24.
    pub fn hours(angle: f64) -> Self {
        let mut fields = Self::of(angle.rem_euclid(TAU).to_degrees() / 15.0, false);
        fields.whole %= 24;
        fields
    }

    /// A declination [rad] in degrees; the sign stands for the whole, `-00` included.
    pub fn degrees(angle: f64) -> Self {
        let mut fields = Self::of(angle.to_degrees().abs(), angle < 0.0);
        if fields.whole + fields.minutes + fields.seconds + fields.parts == 0 {
            fields.negative = false;
        }
        fields
    }

    /// The sign of a declination.
    pub fn sign(&self) -> char {
        if self.negative { '-' } else { '+' }
    }

    /// The seconds with their decimals, zeros at the end left out.
    pub fn seconds_text(&self) -> String {
        let text = format!("{:02}.{:09}", self.seconds, self.parts);
        let text = text.trim_end_matches('0');
        text.strip_suffix('.').map_or_else(|| text.to_owned(), |whole| format!("{whole}.0"))
    }
}

/// `hh:mm:ss.s`.
pub(super) fn hms(angle: f64) -> String {
    let fields = Sexagesimal::hours(angle);
    format!("{:02}:{:02}:{}", fields.whole, fields.minutes, fields.seconds_text())
}

/// `+dd.mm.ss.s`, the dotted declination of BBS.
pub(super) fn dotted(angle: f64) -> String {
    let fields = Sexagesimal::degrees(angle);
    format!("{}{:02}.{:02}.{}", fields.sign(), fields.whole, fields.minutes, fields.seconds_text())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coords::{parse_dec, parse_ra};

    #[test]
    fn angles_come_back_from_text() {
        for degrees in [0.0, 1e-9, 0.1, 12.345_678_901_2, 89.999_999_999, 179.3, 359.999_999_999_9] {
            let angle = f64::to_radians(degrees);
            let back = parse_ra(&hms(angle)).unwrap();
            let apart = (back - angle + PI).rem_euclid(TAU) - PI;
            assert!(apart.abs() < 1e-13, "{degrees}: {}", hms(angle));
        }
        for degrees in [-90.0, -0.2, -1e-6, 0.0, 0.2, 31.5, 89.999_999_999_9] {
            let angle = f64::to_radians(degrees);
            assert!(
                (parse_dec(&dotted(angle)).unwrap() - angle).abs() < 1e-13,
                "{degrees}: {}",
                dotted(angle)
            );
        }
        assert_eq!(dotted((-0.2f64).to_radians()), "-00.12.00.0");
        assert_eq!(hms((360.0f64 - 1e-13).to_radians()), "00:00:00.0");
    }

    #[test]
    fn numbers_are_short_and_exact() {
        assert_eq!(Num(0.1).to_string(), "0.1");
        assert_eq!(Num(1.4e9).to_string(), "1400000000");
        assert_eq!(Num(1.5e-9).to_string(), "1.5e-9");
        assert_eq!(Num(-0.0).to_string(), "0");
        assert_eq!(arcsec((35.9 / 3600.0f64).to_radians()).to_string(), "35.9");
        assert!((half_turn(-0.1) - (PI - 0.1)).abs() < 1e-15 && half_turn(-1e-17) == 0.0);
    }
}

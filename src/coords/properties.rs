//! What holds for every direction and every text.

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use proptest::prelude::*;

use super::{Direction, Frame, parse_angle, parse_dec, parse_ra};

fn frames() -> impl Strategy<Value = Frame> {
    prop::sample::select(vec![Frame::J2000, Frame::Icrs, Frame::B1950, Frame::Galactic])
}

fn directions() -> impl Strategy<Value = Direction> {
    (frames(), 0.0..TAU, -1.0..=1.0f64)
        .prop_map(|(frame, longitude, sine)| Direction::new(frame, longitude, sine.asin()))
}

/// The angle between unit vectors [rad], exact for small ones.
fn between(a: [f64; 3], b: [f64; 3]) -> f64 {
    let cross = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
    let norm = |v: [f64; 3]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
    norm(cross).atan2(a.iter().zip(&b).map(|(a, b)| a * b).sum())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// To another frame and back is where one was, to a hundredth of a milliarcsecond.
    #[test]
    fn frames_come_back(place in directions(), frame in frames()) {
        let back = place.to(frame).to(place.frame);
        prop_assert!(back.is_valid());
        prop_assert!(between(back.unit_vector(), place.unit_vector()) < 5e-11, "{place:?} {back:?}");
    }

    /// No frame changes the angle between two directions (B1950's aberration does, by some 20").
    #[test]
    fn separations_are_of_no_frame(a in directions(), b in directions(), frame in frames()) {
        let direct = between(a.icrs_vector(), b.icrs_vector());
        let tolerance = if frame == Frame::B1950 || a.frame == Frame::B1950 { 5e-4 } else { 1e-11 };
        let found = a.to(frame).separation(b.to(frame));
        prop_assert!((found - direct).abs() < tolerance, "{found} {direct}");
    }

    /// l, m, n are the components of a unit vector, and have the right length and side.
    #[test]
    fn direction_cosines_are_a_unit_vector(place in directions(), centre in directions()) {
        let lmn = place.lmn(centre);
        let n = lmn.n();
        prop_assert!((lmn.l * lmn.l + lmn.m * lmn.m + n * n - 1.0).abs() < 1e-12);
        let apart = between(place.to(centre.frame).unit_vector(), centre.unit_vector());
        prop_assert!((n - apart.cos()).abs() < 1e-12);
        prop_assert!((lmn.l.hypot(lmn.m) - apart.sin()).abs() < 1e-12);
    }

    /// Away and back along the position angle.
    #[test]
    fn offsets_are_where_they_should_be(centre in directions(), angle in -PI..PI, distance in 1e-9..3.0f64) {
        prop_assume!(centre.latitude.abs() < 1.5);
        let place = centre.offset(angle, distance);
        prop_assert!((centre.separation(place) - distance).abs() < 1e-12);
        let turn = (centre.position_angle_of(place) - angle) * distance.sin();
        prop_assert!((turn.sin()).abs() < 1e-9, "{turn}");
    }

    /// Sexagesimal text of any direction is read as that direction.
    #[test]
    fn what_is_written_is_read(hours in 0..24u32, minutes in 0..60u32, seconds in 0.0..59.999f64, south: bool,
                               degrees in 0..90u32, form in 0..4usize) {
        let sign = if south { "-" } else { "+" };
        let seconds = (seconds * 1e4).round() / 1e4;
        let ra = 15.0 * (f64::from(hours) + f64::from(minutes) / 60.0 + seconds / 3600.0);
        let dec = f64::from(degrees) + f64::from(minutes) / 60.0 + seconds / 3600.0;
        let dec = if south { -dec } else { dec };
        let (ra_text, dec_text) = match form {
            0 => (format!("{hours}:{minutes:02}:{seconds:07.4}"), format!("{sign}{degrees}:{minutes:02}:{seconds:07.4}")),
            1 => (format!("{hours}h{minutes}m{seconds}s"), format!("{sign}{degrees}d{minutes}m{seconds}s")),
            2 => (format!("{hours} {minutes} {seconds}"), format!("{sign}{degrees} {minutes} {seconds}")),
            _ => (format!("{ra}"), format!("{sign}{degrees:02}.{minutes:02}.{seconds:07.4}")),
        };
        prop_assert!((parse_ra(&ra_text).unwrap() - ra.to_radians()).abs() < 1e-13, "{ra_text}");
        prop_assert!((parse_dec(&dec_text).unwrap() - dec.to_radians()).abs() < 1e-13, "{dec_text}");
    }

    /// Any text at all: refused, or an angle on the sky.
    #[test]
    fn any_text_is_an_angle_or_refused(text in "[-+0-9hdms:. °'\"e\u{2212}]{0,24}") {
        if let Ok(ra) = parse_ra(&text) {
            prop_assert!((0.0..TAU).contains(&ra), "{text}: {ra}");
        }
        if let Ok(dec) = parse_dec(&text) {
            prop_assert!(dec.abs() <= FRAC_PI_2, "{text}: {dec}");
        }
        if let Ok(angle) = parse_angle(&text) {
            prop_assert!(angle.is_finite(), "{text}: {angle}");
        }
    }
}

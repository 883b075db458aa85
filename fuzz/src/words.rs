//! What is typed.

use std::ffi::OsString;

use nvss_predict::beam::BeamOption;
use nvss_predict::catalog::{FluxUnit, Format, Member};
use nvss_predict::cli::{call, try_values};
use nvss_predict::coords::{Direction, Frame, parse_angle, parse_dec, parse_longitude, parse_ra};
use nvss_predict::sky::AngleFrame;

/// Angles in all their forms: what is read lies on the sky.
pub fn angles(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (ra, dec) = (parse_ra(text), parse_dec(text));
    for angle in [&ra, &parse_longitude(text), &parse_angle(text)].into_iter().flatten() {
        assert!(angle.is_finite(), "'{text}' is {angle}");
    }
    if let Ok(dec) = dec {
        assert!(dec.abs() <= std::f64::consts::FRAC_PI_2, "'{text}' is the declination {dec}");
        let place = Direction::new(Frame::J2000, ra.unwrap_or_default(), dec);
        assert!(place.is_valid(), "'{text}' is off the sky");
    }
}

/// The values of the command's options.
pub fn values(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        try_values(text);
    }
}

/// Names that are chosen from a list.
pub fn names(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = text.parse::<Format>();
    let _ = text.parse::<FluxUnit>();
    let _ = text.parse::<Member>();
    let _ = (text.parse::<Frame>(), text.parse::<AngleFrame>(), text.parse::<BeamOption>());
}

/// Whole command lines, one argument a line.
pub fn arguments(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let words: Vec<OsString> = text.lines().map(OsString::from).collect();
    // Nothing is run: the arguments are only understood.
    let _ = call::Prediction::new(&words, String::new(), Some("ra_deg,dec_deg,flux_jy\n1,2,3\n".into()));
}

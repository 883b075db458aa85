//! Angles from text: sexagesimal in the spellings of catalogues, or degrees.

use super::frame::wrap;

/// Text that is not an angle, or not one of that kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct AngleError {
    /// What is wrong with it.
    pub reason: String,
}

fn fail<T>(reason: impl Into<String>) -> Result<T, AngleError> {
    Err(AngleError { reason: reason.into() })
}

/// The unit in which an angle was written.
#[derive(Clone, Copy, PartialEq)]
enum Written {
    /// A plain number.
    Plain,
    /// Sexagesimal without unit letters: hours in a right ascension, else degrees.
    Sexagesimal,
    /// With an `h`.
    Hours,
    /// With a `d` or `°`.
    Degrees,
    /// With `rad`.
    Radians,
}

/// A right ascension [rad], in [0, 2π).
///
/// `hh:mm:ss.s`, `hh mm ss.s` and `12h34m56.7s` are hours, `12d34m56s` and a plain number degrees, `0.5rad`
/// radians. A sign is allowed, as WSClean writes it; the size must be no more than a whole turn.
///
/// # Errors
/// If the text as a whole is not such an angle, minutes reach 60, or seconds exceed it.
pub fn parse_ra(text: &str) -> Result<f64, AngleError> {
    let (value, written) = parse(text)?;
    let degrees = match written {
        Written::Sexagesimal | Written::Hours => 15.0 * value,
        Written::Plain | Written::Degrees => value,
        Written::Radians => value.to_degrees(),
    };
    if degrees.abs() > 360.0 {
        return fail("a right ascension is within 24 hours or 360°");
    }
    Ok(wrap(degrees.to_radians()))
}

/// A longitude counted in degrees [rad], in [0, 2π): `ddd:mm:ss.s`, `ddd mm ss.s`, `123d34m56s` or a plain
/// number.
///
/// # Errors
/// As [`parse_angle`], and beyond ±360°.
pub fn parse_longitude(text: &str) -> Result<f64, AngleError> {
    let angle = parse_angle(text)?;
    if angle.abs() > std::f64::consts::TAU {
        return fail("a longitude is within 360°");
    }
    Ok(wrap(angle))
}

/// A declination or latitude [rad]: `±dd:mm:ss.s`, `±dd mm ss.s`, `-12d34m56s`, `+63.01.44.8` (BBS), or
/// degrees.
///
/// # Errors
/// As [`parse_angle`], and beyond ±90° or in hours.
pub fn parse_dec(text: &str) -> Result<f64, AngleError> {
    let (value, written) = parse(text)?;
    let degrees = match written {
        Written::Hours => return fail("a declination is not counted in hours"),
        Written::Radians => value.to_degrees(),
        _ => value,
    };
    // A rounding error beyond the pole is taken for the pole: radians have no exact right angle.
    if degrees.abs() > 90.0 + 1e-9 {
        return fail("a declination is within ±90°");
    }
    Ok(degrees.clamp(-90.0, 90.0).to_radians())
}

/// An angle [rad] of any size: sexagesimal (degrees, or hours if it has an `h`), a plain number of degrees,
/// or `0.5rad`.
///
/// # Errors
/// If the text as a whole is not such an angle, minutes reach 60, or seconds exceed it.
pub fn parse_angle(text: &str) -> Result<f64, AngleError> {
    Ok(match parse(text)? {
        (value, Written::Radians) => value,
        (value, Written::Hours) => (15.0 * value).to_radians(),
        (value, _) => value.to_radians(),
    })
}

/// The number as written and what it counts.
fn parse(text: &str) -> Result<(f64, Written), AngleError> {
    let text = text.trim();
    if text.is_empty() {
        return fail("an angle is expected");
    }
    if let Some(number) = text.strip_suffix("rad") {
        return Ok((plain(number.trim_end())?, Written::Radians));
    }
    if let Some(number) = text.strip_suffix("deg") {
        return Ok((plain(number.trim_end())?, Written::Degrees));
    }
    let (negative, body) = match text.as_bytes()[0] {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    // U+2212, the minus sign of typeset tables.
    let (negative, body) = match text.strip_prefix('\u{2212}') {
        Some(rest) => (true, rest),
        None => (negative, body),
    };
    let body = body.trim_start();
    let sign = if negative { -1.0 } else { 1.0 };
    let found = if let Some((whole, rest)) = body.split_once(['h', 'H']) {
        Some((lettered(whole, rest)?, Written::Hours))
    } else if let Some((whole, rest)) = body.split_once(['d', 'D', '°']) {
        Some((lettered(whole, rest)?, Written::Degrees))
    } else if body.contains(':') {
        Some((joined(body.split(':'))?, Written::Sexagesimal))
    } else if body.contains(char::is_whitespace) {
        Some((joined(body.split_whitespace())?, Written::Sexagesimal))
    } else if body.matches('.').count() >= 2 {
        // The BBS dotted form, whose last dot begins the decimals of the seconds.
        let mut parts = body.splitn(3, '.');
        let fields = [parts.next(), parts.next(), parts.next()].map(Option::unwrap_or_default);
        Some((joined(fields.into_iter())?, Written::Degrees))
    } else {
        None
    };
    match found {
        Some((value, written)) => Ok((sign * value, written)),
        None => Ok((plain(text)?, Written::Plain)),
    }
}

/// A finite number.
fn plain(text: &str) -> Result<f64, AngleError> {
    match text.replace('\u{2212}', "-").parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => fail("not an angle: give hh:mm:ss.s, ±dd:mm:ss.s, 12h34m56.7s, -12d34m56s or degrees"),
    }
}

/// What follows an `h` or `d`: `34m56.7s`, `34'56.7"`, parts of it, or nothing.
fn lettered(whole: &str, rest: &str) -> Result<f64, AngleError> {
    let rest = rest.trim();
    let (minutes, rest) = match rest.split_once(['m', 'M', '\'', '′']) {
        Some((minutes, rest)) => (Some(minutes), rest.trim()),
        None => (None, rest),
    };
    let seconds = match rest.strip_suffix(['s', 'S', '"', '″']).or_else(|| rest.strip_suffix("''")) {
        Some(seconds) => Some(seconds),
        None if rest.is_empty() => None,
        // The letter of the last field is often left out: 12h34 or 12h34m56.
        None => Some(rest),
    };
    let fields = match (minutes, seconds) {
        (None, None) => vec![whole],
        (Some(minutes), None) => vec![whole, minutes],
        (Some(minutes), Some(seconds)) => vec![whole, minutes, seconds],
        (None, Some(_)) if rest.ends_with(['s', 'S', '"', '″']) => return fail("seconds without minutes"),
        (None, Some(minutes)) => vec![whole, minutes],
    };
    joined(fields.into_iter())
}

/// `whole + minutes/60 + seconds/3600`; only the last field may have decimals.
fn joined<'a>(fields: impl Iterator<Item = &'a str>) -> Result<f64, AngleError> {
    let fields: Vec<&str> = fields.map(str::trim).collect();
    if fields.is_empty() || fields.len() > 3 {
        return fail("a sexagesimal angle has three fields at most");
    }
    let last = fields.len() - 1;
    let mut value = 0.0;
    for (place, field) in fields.iter().enumerate() {
        let number = digits(field, place == last)?;
        match place {
            1 if number >= 60.0 => return fail("minutes are below 60"),
            // 60.0 is what a printer makes of 59.996: only more than that is an error.
            2 if number > 60.0 => return fail("seconds are no more than 60"),
            _ => {}
        }
        value += number / [1.0, 60.0, 3600.0][place];
    }
    Ok(value)
}

/// An unsigned decimal number, without an exponent.
fn digits(field: &str, decimals: bool) -> Result<f64, AngleError> {
    let shaped = field.bytes().all(|byte| byte.is_ascii_digit() || (decimals && byte == b'.'));
    match field.parse::<f64>() {
        Ok(value) if shaped => Ok(value),
        _ => fail(format!("'{field}' is not a field of a sexagesimal angle")),
    }
}

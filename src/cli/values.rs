//! The values of options: numbers with units, lists of ids.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::catalog::NVSS_FREQUENCY;
use crate::catalog::regions::Area;
use crate::coords::{Direction, Frame, parse_dec, parse_ra};
use crate::predict::PointingOption;
use crate::sky::Region;

/// How far from the field centres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum RadiusArg {
    All,
    /// [rad]
    Within(f64),
}

/// A set of row ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ids(pub(super) BTreeSet<i32>);

/// Splits `10mJy` into 10 and `mJy`.
fn number_and_unit(text: &str) -> Result<(f64, &str), String> {
    let text = text.trim();
    // An exponent belongs to the number; any other letter begins the unit.
    let unit_at = text
        .char_indices()
        .find(|(at, c)| {
            let exponent = matches!(c, 'e' | 'E')
                && text[at + 1..].starts_with(|next: char| next.is_ascii_digit() || "+-".contains(next));
            !(c.is_ascii_digit() || "+-.".contains(*c) || exponent)
        })
        .map_or(text.len(), |(at, _)| at);
    let (number, unit) = text.split_at(unit_at);
    let value: f64 = number.parse().map_err(|_| format!("'{text}' does not begin with a number"))?;
    Ok((value, unit.trim()))
}

/// A time [s], of at most a week: longer than anybody waits, and short enough for the clock's arithmetic.
pub(super) fn parse_seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.trim().parse().map_err(|_| format!("'{text}' is no number of seconds"))?;
    if seconds >= 0.0 { Ok(seconds.min(7.0 * 86_400.0)) } else { Err("must be at least zero".into()) }
}

/// A flux density [Jy]; without a unit in Jy.
pub(super) fn parse_flux(text: &str) -> Result<f64, String> {
    let (value, unit) = number_and_unit(text)?;
    let scale = match unit {
        "" | "Jy" | "jy" => 1.0,
        "mJy" | "mjy" => 1e-3,
        "uJy" | "ujy" | "µJy" | "μJy" => 1e-6,
        _ => return Err(format!("'{unit}' is not a unit of flux density: use Jy, mJy or uJy")),
    };
    if value < 0.0 {
        return Err("a flux limit cannot be negative".into());
    }
    Ok(value * scale)
}

/// A frequency [Hz]; without a unit in Hz.
pub(super) fn parse_frequency(text: &str) -> Result<f64, String> {
    let (value, unit) = number_and_unit(text)?;
    let scale = match unit.to_ascii_lowercase().as_str() {
        "" | "hz" => 1.0,
        "khz" => 1e3,
        "mhz" => 1e6,
        "ghz" => 1e9,
        _ => return Err(format!("'{unit}' is not a unit of frequency: use Hz, kHz, MHz or GHz")),
    };
    if value > 0.0 { Ok(value * scale) } else { Err("a frequency must be positive".into()) }
}

/// An angle [rad], without a unit in degrees, or `all`.
pub(super) fn parse_radius(text: &str) -> Result<RadiusArg, String> {
    if text.trim().eq_ignore_ascii_case("all") {
        return Ok(RadiusArg::All);
    }
    let (value, unit) = number_and_unit(text)?;
    let degrees = match unit {
        "" | "deg" | "d" | "°" => value,
        "arcmin" | "amin" | "'" => value / 60.0,
        "arcsec" | "asec" | "\"" => value / 3600.0,
        "rad" => value.to_degrees(),
        _ => return Err(format!("'{unit}' is not a unit of angle: use deg, arcmin, arcsec or rad")),
    };
    if !(0.0..=180.0).contains(&degrees) {
        return Err("a radius lies between 0 and 180 degrees".into());
    }
    Ok(RadiusArg::Within(degrees.to_radians()))
}

/// A part of the sky: `RA,DEC,RADIUS` in J2000, or else a region file.
pub(super) fn parse_area(text: &str) -> Result<Area, String> {
    let path = PathBuf::from(text);
    let words: Vec<&str> = text.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    if let [ra, dec, radius] = words[..]
        && !path.exists()
    {
        let RadiusArg::Within(radius) = parse_radius(radius)? else {
            return Err("a circle has a radius: degrees, or with a unit (5arcmin)".into());
        };
        return Ok(Area::Region(Region::circle(parse_place(ra, dec)?, radius)));
    }
    if words.len() > 1 && !path.exists() {
        return Err(format!("'{text}' is neither RA,DEC,RADIUS nor a region file that is there"));
    }
    Ok(Area::File(path))
}

/// A source put in by hand: `RA DEC FLUX [ALPHA [REF_FREQ]]`; its spectral index is none where it has not been given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct SourceArg {
    pub(super) place: Direction,
    /// [Jy]
    pub(super) flux: f64,
    pub(super) alpha: Option<f64>,
    /// [Hz]
    pub(super) reference: f64,
}

/// A source from its numbers.
pub(super) fn parse_source(text: &str) -> Result<SourceArg, String> {
    let words: Vec<&str> = text.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let [ra, dec, flux, ref rest @ ..] = words[..] else {
        return Err(format!("'{text}' is not RA DEC FLUX [ALPHA [REF_FREQ]]"));
    };
    let (alpha, reference) = match rest {
        [] => (None, None),
        [alpha] => (Some(alpha), None),
        [alpha, reference] => (Some(alpha), Some(reference)),
        _ => return Err(format!("'{text}' has more than RA DEC FLUX ALPHA REF_FREQ")),
    };
    let alpha = match alpha.map(|alpha| (alpha, alpha.parse::<f64>())) {
        None => None,
        Some((_, Ok(alpha))) if alpha.is_finite() => Some(alpha),
        Some((alpha, _)) => return Err(format!("'{alpha}' is not a spectral index")),
    };
    Ok(SourceArg {
        place: parse_place(ra, dec)?,
        flux: parse_flux(flux)?,
        alpha,
        reference: reference.map_or(Ok(NVSS_FREQUENCY), |reference| parse_frequency(reference))?,
    })
}

/// An angle within which sources are the same [rad]: a number with a unit, or of arcsec.
pub(super) fn parse_match_radius(text: &str) -> Result<f64, String> {
    let plain = text.trim().parse::<f64>().is_ok();
    match parse_radius(&if plain { format!("{}arcsec", text.trim()) } else { text.to_owned() })? {
        RadiusArg::Within(radius) if radius <= (5f64 / 60.0).to_radians() => Ok(radius),
        _ => Err("a match radius lies between 0 and 5 arcmin".into()),
    }
}

/// The radius of a circle that stands for a point [rad].
pub(super) fn parse_point_radius(text: &str) -> Result<f64, String> {
    parse_match_radius(text)
        .ok()
        .filter(|radius| *radius > 0.0)
        .ok_or_else(|| format!("'{text}' is not a radius above 0 and up to 5 arcmin (arcsec if no unit)"))
}

/// A right ascension and a declination in J2000.
fn parse_place(ra: &str, dec: &str) -> Result<Direction, String> {
    let longitude = parse_ra(ra).map_err(|error| format!("'{ra}': {error}"))?;
    let latitude = parse_dec(dec).map_err(|error| format!("'{dec}': {error}"))?;
    Ok(Direction::new(Frame::J2000, longitude, latitude))
}

/// Where the antennas look: `field`, `table`, `meridian`, or a right ascension and a declination in J2000.
pub(super) fn parse_pointing(text: &str) -> Result<PointingOption, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "field" => return Ok(PointingOption::Field),
        "table" => return Ok(PointingOption::Table),
        "meridian" => return Ok(PointingOption::Meridian),
        _ => {}
    }
    if text.split([' ', ',']).filter(|word| !word.is_empty()).count() < 2 {
        return Err(format!(
            "'{text}' is not field, table, meridian, or a right ascension and a declination"
        ));
    }
    parse_centre(text).map(PointingOption::Direction)
}

/// A right ascension and a declination in J2000, each a word, or each its three fields.
pub(super) fn parse_centre(text: &str) -> Result<Direction, String> {
    let words: Vec<&str> = text.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let (ra, dec) = match words[..] {
        [ra, dec] => (ra.to_owned(), dec.to_owned()),
        [h, m, s, degrees, minutes, seconds] => {
            (format!("{h} {m} {s}"), format!("{degrees} {minutes} {seconds}"))
        }
        _ => {
            return Err(format!(
                "'{text}' is not a right ascension and a declination, as in \"09:55:16.67 +39:35:48.4\" or \"148.82 39.6\""
            ));
        }
    };
    parse_place(&ra, &dec)
}

/// A size in bytes: `512MiB`, `2GB`, `1000000`.
pub(super) fn parse_bytes(text: &str) -> Result<usize, String> {
    let (value, unit) = number_and_unit(text)?;
    let scale = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "k" | "kib" => 1024.0,
        "m" | "mib" => 1024.0 * 1024.0,
        "g" | "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return Err(format!("'{unit}' is not a unit of memory: use KiB, MiB, GiB, kB, MB or GB")),
    };
    let bytes = value * scale;
    if !(1048576.0..=1e15).contains(&bytes) {
        return Err("the memory must be at least 1 MiB".into());
    }
    Ok(bytes as usize)
}

/// More ids than any table has.
const MOST_IDS: i64 = 1_000_000;

/// Ids in CASA's manner: `0,3,5~7`.
pub(super) fn parse_ids(text: &str) -> Result<Ids, String> {
    let id = |text: &str| -> Result<i32, String> {
        let id: i32 = text.trim().parse().map_err(|_| format!("'{}' is not an id", text.trim()))?;
        if id < 0 { Err(format!("the id {id} is negative")) } else { Ok(id) }
    };
    let mut ids = BTreeSet::new();
    let mut named = 0;
    for part in text.split(',') {
        match part.split_once('~') {
            None => {
                ids.insert(id(part)?);
            }
            Some((first, last)) => {
                let (first, last) = (id(first)?, id(last)?);
                if first > last {
                    return Err(format!("the range {first}~{last} is empty"));
                }
                // Of all ranges together: each alone could be short enough, and a line of them fill the memory.
                named += i64::from(last - first) + 1;
                if named > MOST_IDS {
                    return Err(format!(
                        "with the range {first}~{last} there are more ids than any table has"
                    ));
                }
                ids.extend(first..=last);
            }
        }
    }
    Ok(Ids(ids))
}

/// Understands `text` as the value of every option, for the fuzz targets.
pub fn try_values(text: &str) {
    let _ =
        (parse_flux(text), parse_frequency(text), parse_radius(text), parse_area(text), parse_source(text));
    let _ = (parse_match_radius(text), parse_point_radius(text), parse_pointing(text), parse_centre(text));
    let _ = (parse_bytes(text), parse_ids(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_scale() {
        assert_eq!(parse_flux("10mJy"), Ok(10.0 * 1e-3));
        assert_eq!(parse_flux("2.5e-3"), Ok(2.5e-3));
        assert_eq!(parse_flux("1e2 uJy"), Ok(1e2 * 1e-6));
        assert_eq!(parse_frequency("1.4GHz"), Ok(1.4 * 1e9));
        assert_eq!(parse_bytes("512MiB"), Ok(512 << 20));
        assert_eq!(parse_radius("90"), Ok(RadiusArg::Within(std::f64::consts::FRAC_PI_2)));
        assert_eq!(parse_radius("ALL"), Ok(RadiusArg::All));
        let RadiusArg::Within(radius) = parse_radius("30arcmin").unwrap() else { panic!() };
        assert!((radius.to_degrees() - 0.5).abs() < 1e-15);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "Jy", "10 mag", "-1", "1..2", "nan"] {
            assert!(parse_flux(text).is_err(), "{text}");
        }
        for text in ["-1", "181", "x"] {
            assert!(parse_radius(text).is_err(), "{text}");
        }
        for text in ["0", "1B", "12 parsec"] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
        for text in ["", "a", "-1", "3~1", "1,,2", "0~2000000000", "0~2147483647"] {
            assert!(parse_ids(text).is_err(), "{text}");
        }
        // A line of short ranges that are 18 GB of ids together.
        let many: Vec<String> =
            (0..300).map(|n| format!("{}~{}", n * 1_000_000, n * 1_000_000 + 999_999)).collect();
        assert!(parse_ids(&many.join(",")).is_err());
    }

    #[test]
    fn places_and_sources_are_read() {
        let Ok(Area::Region(region)) = parse_area("12:00:00,-30d,5arcmin") else { panic!() };
        assert!((region.centre.longitude.to_degrees() - 180.0).abs() < 1e-12);
        assert!(parse_area("10 20 30\"").is_ok() && parse_area("10,20,all").is_err());
        assert!(parse_area("10,95,1").is_err() && parse_area("10,20").is_err());
        assert_eq!(parse_area("not-there.reg"), Ok(Area::File("not-there.reg".into())));
        let source = parse_source("202.7845 30.5092 14.9Jy -0.46 1.5GHz").unwrap();
        assert_eq!((source.flux, source.alpha, source.reference), (14.9, Some(-0.46), 1.5 * 1e9));
        let source = parse_source("13:31:08.29, +30:30:33, 250mJy").unwrap();
        assert_eq!((source.alpha, source.reference), (None, 1.4e9));
        for text in ["", "1 2", "1 2 x", "1 2 3 x", "1 2 3 -0.7 0Hz", "1 2 3 4 5 6", "1 99 3"] {
            assert!(parse_source(text).is_err(), "{text}");
        }
        let arcsec = parse_match_radius("5").unwrap().to_degrees() * 3600.0;
        assert!((arcsec - 5.0).abs() < 1e-12 && parse_match_radius("1deg").is_err());
        assert_eq!(parse_match_radius("1arcmin"), Ok((1f64 / 60.0).to_radians()));
    }

    #[test]
    fn ids_are_casa_like() {
        assert_eq!(parse_ids("0,3,5~7"), Ok(Ids([0, 3, 5, 6, 7].into())));
    }
}

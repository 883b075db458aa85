//! OSKAR's sky models of fixed columns.
//!
//! <https://ska-telescope.gitlab.io/sim/oskar/sky_model/sky_model_fixed_format.html>: right ascension and declination [deg], I, Q,
//! U, V [Jy], reference frequency [Hz], spectral index, rotation measure [rad/m²], axes [arcsec] (full widths at half maximum) and
//! position angle [deg], north through east; commas or blanks between them. 3 to 9 columns, 12, or 11 of an older form that has no
//! rotation measure. What follows a # says nothing. Q and U are those at the reference frequency, without which nothing goes with
//! frequency. Models whose columns are named are those of [`super::bbs`].

use std::io::{self, Write};

use super::line::Line;
use super::losses::Losses;
use super::number::{Num, arcsec, degrees};
use super::row::{Angles, Holds, Row};
use super::text::Text;
use crate::catalog::builder::Builder;
use crate::catalog::input::Input;
use crate::catalog::{CatalogError, ReadOptions};
use crate::coords::{Direction, Frame};
use crate::sky::{AngleFrame, Component, FaradayRotation, Gaussian, Polarisation, Shape, Spectrum, Stokes};

/// The columns, for messages.
const COLUMNS: [&str; 12] = [
    "Right Ascension",
    "Declination",
    "Stokes I",
    "Stokes Q",
    "Stokes U",
    "Stokes V",
    "Reference frequency",
    "Spectral index",
    "Rotation measure",
    "Major axis FWHM",
    "Minor axis FWHM",
    "Position angle",
];

/// The cells of a line.
fn cells(text: &str) -> impl Iterator<Item = &str> {
    let text = text.split('#').next().unwrap_or_default();
    text.split([',', ' ', '\t', '\r']).filter(|cell| !cell.is_empty())
}

/// Whether a text that begins so is such a model: numbers only, under a comment that says what OSKAR's say, or in a file of
/// OSKAR's name.
pub(in crate::catalog) fn is_model(head: &str, path: &std::path::Path) -> bool {
    let said = head.lines().filter(|line| line.trim_start().starts_with('#')).any(|line| {
        let line: String = line.to_ascii_lowercase().split_whitespace().collect();
        line.contains("ra(deg)") && line.contains("dec(deg)") && line.contains("i(jy)")
    });
    let named = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("osm"));
    let first = head.lines().find(|line| cells(line).next().is_some()).unwrap_or_default();
    let numbers = cells(first).all(|cell| cell.parse::<f64>().is_ok());
    let count = cells(first).count();
    (said || named) && numbers && (3..=12).contains(&count)
}

/// Reads the model; returns the digest of the file.
pub(in crate::catalog) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    let mut constant = 0u64;
    let parse = |line: Line, text: &str| {
        let found: Vec<&str> = cells(text).collect();
        (!found.is_empty()).then(|| component(line, &found, options)).transpose()
    };
    let take = |number, (component, own): (Component, bool)| {
        constant += u64::from(!own);
        builder.take_model(component, !own, number)
    };
    let digest = Text::new(input)?.rows(parse, take)?;
    if constant > 0 && !builder.detailed() {
        builder.note(format!(
            "{constant} components without a reference frequency taken as the same at every frequency, as OSKAR does"
        ));
    }
    Ok(digest)
}

/// The component of a row, and whether it says how it goes with frequency.
fn component(line: Line, found: &[&str], options: &ReadOptions) -> Result<(Component, bool), CatalogError> {
    // The older form lacks the rotation measure.
    let lacking = match found.len() {
        11 => 8,
        3..=9 | 12 => COLUMNS.len(),
        count => {
            let message =
                format!("{count} columns: there are 3 to 9, 11 or 12 (RA, Dec, I ... in OSKAR's order)");
            return Err(line.wrong(message));
        }
    };
    let mut values = [0.0; 12];
    for (at, cell) in found.iter().enumerate() {
        let place = at + usize::from(at >= lacking);
        values[place] = line.number(COLUMNS[place], cell)?;
    }
    let [ra, dec, i, q, u, v, reference, alpha, measure, major, minor, angle] = values;
    if ra.abs() > 360.0 {
        return Err(line.cell(COLUMNS[0], found[0], "a right ascension is within 360°"));
    }
    let position = Direction::from_degrees(options.frame.unwrap_or(Frame::J2000), ra.rem_euclid(360.0), dec);
    let shape = if major > 0.0 || minor > 0.0 {
        let arcsec = |axis: f64| (axis / 3600.0).to_radians();
        let frame = options.pa_frame.unwrap_or(AngleFrame::Source);
        Shape::Gaussian(Gaussian::new(arcsec(major), arcsec(minor), angle.to_radians(), frame))
    } else {
        Shape::Point
    };
    let reference = if reference == 0.0 { options.reference_frequency } else { Some(reference) };
    let spectrum = match reference {
        Some(reference) if alpha != 0.0 => Spectrum::PowerLaw { alpha, reference },
        _ => Spectrum::Flat,
    };
    let mut component = Component::new(position, shape, Stokes { i, q, u, v }, spectrum);
    if let (Some(reference), true) = (reference, measure != 0.0 && (q != 0.0 || u != 0.0)) {
        let rotation = Some(FaradayRotation::from_frequency(measure, reference));
        component.polarisation = Some(Box::new(Polarisation { rotation, ..Polarisation::default() }));
    }
    Ok((component, reference.is_some()))
}

/// Writes a model of twelve columns.
pub(super) fn write(out: &mut dyn Write, components: &[Component], losses: &mut Losses) -> io::Result<()> {
    writeln!(
        out,
        "# RA (deg), Dec (deg), I (Jy), Q (Jy), U (Jy), V (Jy), Ref. freq. (Hz), Spectral index, Rotation measure (rad/m^2), \
         FWHM major (arcsec), FWHM minor (arcsec), Position angle (deg)"
    )?;
    for (index, component) in components.iter().enumerate() {
        let Some(row) = Row::of(component, index, Holds::gaussians(Angles::Source), losses) else { continue };
        if component.name.is_some() {
            losses.add("names were left out: the format has none", &row.name);
        }
        // Q and U at the reference frequency, from where they turn on.
        let Stokes { i, q, u, v } = row.turning(losses);
        let (alpha, reference) = row.power_law(losses);
        let (major, minor, angle) =
            row.ellipse.map_or((0.0, 0.0, 0.0), |shape| (shape.major, shape.minor, shape.position_angle));
        if row.ellipse.is_some() && minor == 0.0 {
            losses.add("Gaussians without a minor axis are points to OSKAR", &row.name);
        }
        let numbers =
            [Num(i), Num(q), Num(u), Num(v), Num(reference), Num(alpha), Num(row.rotation_measure())];
        write!(out, "{}, {}", degrees(row.ra), degrees(row.dec))?;
        for number in numbers {
            write!(out, ", {number}")?;
        }
        writeln!(out, ", {}, {}, {}", arcsec(major), arcsec(minor), degrees(angle))?;
    }
    Ok(())
}

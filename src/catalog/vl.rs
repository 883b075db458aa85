//! The catalogue as the NRAO distributes it, `CATALOG.FIT`: an AIPS "VL" table of raw fits.
//!
//! The columns are those of the NRAO's `catalog.ps` ("The NVSS catalog", section 3): peaks before any
//! correction and sizes with the beam in them. What NVSSlist makes of them, [`super::nvss_corrections`] does:
//! integrated flux densities, deconvolved sizes or limits, positions without bias.

use super::builder::Builder;
use super::fits::{Column, File, Table};
use super::input::Input;
use super::nvss_corrections::{self as corrections, Ellipse, Raw};
use super::record::Details;
use super::{CatalogError, NVSS_FREQUENCY, ReadOptions, polarization};
use crate::coords::{Direction, Frame};
use crate::sky::{Component, Spectrum, Stokes};

/// The columns that are needed, and the beginnings of their units.
const NEEDED: [(&str, &str); 7] = [
    ("RA(2000)", "DEG"),
    ("DEC(2000)", "DEG"),
    ("PEAK INT", "JY"),
    ("MAJOR AX", "DEG"),
    ("MINOR AX", "DEG"),
    ("POSANGLE", "DEG"),
    ("I RMS", "JY"),
];

/// The beam of NVSS [deg], and how far from it another survey's certainly is.
const BEAM: f64 = 45.0 / 3600.0;
const BEAM_TOLERANCE: f64 = 1.0 / 3600.0;

/// A polarisation angle is quoted above this many standard errors (NVSSlist), to which calibration adds this
/// part of I.
const QUOTED: f64 = 2.6;
const POLARISATION_ERROR: f64 = 0.003;

/// Whether a table is such a catalogue.
pub(super) fn is_vl(table: &Table) -> bool {
    NEEDED.iter().all(|(name, _)| table.column(name).is_some_and(Column::is_number))
}

/// Reads the table; returns the digest of the file.
pub(super) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    let mut file = File::open(input)?;
    let (header, table) = loop {
        let Some(header) = file.next_header()? else {
            return Err(input.layout("a FITS file without an AIPS VL table"));
        };
        if let Some(table) = header.table().filter(is_vl) {
            break (header, table);
        }
    };
    if let Some(beam) = header.number("BEAM_MAJ")
        && beam > 0.0
        && (beam - BEAM).abs() > BEAM_TOLERANCE
    {
        return Err(input.layout(format!(
            "a VL table of a survey with a beam of {:.1}″: only those of NVSS (45″) can be corrected as it was",
            beam * 3600.0
        )));
    }
    for (name, begins) in NEEDED {
        let unit = table.column(name).map_or("", |column| column.unit.as_str());
        if !unit.is_empty() && !unit.to_uppercase().starts_with(begins) {
            return Err(
                input.layout(format!("column '{name}' of the VL table is in '{unit}', not in {begins}"))
            );
        }
    }
    let [ra, dec, peak, major, minor, angle, noise] = NEEDED.map(|(name, _)| table.column(name));
    let polarised = ["Q CENTER", "U CENTER", "POL RMS"].map(|name| table.column(name));
    let frame = options.frame.unwrap_or(Frame::J2000);
    let reference = options.reference_frequency.unwrap_or(NVSS_FREQUENCY);
    let spectrum = Spectrum::PowerLaw { alpha: options.alpha, reference };
    builder.survey("NVSS");
    builder.note(
        "raw fits of NVSS made integrated flux densities and deconvolved sizes as NVSSlist does, biases corrected",
    );
    let mut rows = file.rows(&table);
    loop {
        let number = rows.number + 1;
        let Some(row) = rows.next_row()? else { break };
        builder.row();
        let of = |column: Option<&Column>| column.and_then(|column| column.number(row));
        let Some(peak) = of(peak) else {
            builder.drop_without_flux();
            continue;
        };
        let malformed =
            |message: String| CatalogError::Row { path: input.path.clone(), line: number, message };
        let (Some(ra), Some(dec)) = (of(ra), of(dec)) else {
            builder.malformed(|| malformed("no position".into()))?;
            continue;
        };
        let raw_position = Direction::from_degrees(frame, ra, dec);
        if !raw_position.is_valid() {
            builder.malformed(|| malformed(format!("the position {ra}°, {dec}° is not on the sky")))?;
            continue;
        }
        let (ra, dec) = corrections::position(raw_position.longitude, raw_position.latitude);
        let position = Direction::new(frame, ra, dec);
        if !builder.wants(position) {
            continue;
        }
        let (Some(major), Some(minor), Some(noise)) = (of(major), of(minor), of(noise)) else {
            builder.malformed(|| malformed("no size, or no noise".into()))?;
            continue;
        };
        if !(peak > 0.0 && noise > 0.0 && major >= 0.0 && minor >= 0.0) {
            builder.malformed(|| {
                malformed(format!("peak {peak}, noise {noise}, axes {major}° and {minor}° are no fit"))
            })?;
            continue;
        }
        let fit = Ellipse {
            major: 3600.0 * major,
            minor: 3600.0 * minor,
            angle: of(angle).unwrap_or_default().to_radians(),
        };
        let raw = Raw { dec: raw_position.latitude, peak: 1e3 * peak, fit, noise: 1e3 * noise };
        let published = raw.published();
        let mut stokes = Stokes::unpolarised(1e-3 * published.flux);
        let mut linear = None;
        if (builder.polarization || builder.detailed())
            && let (Some(q), Some(u)) = (of(polarised[0]), of(polarised[1]))
        {
            let rms = of(polarised[2]).unwrap_or(1e-3 * corrections::USUAL_NOISE.1);
            let strength = polarization::without_noise(q.hypot(u), rms);
            if strength > QUOTED * rms.hypot(POLARISATION_ERROR * peak) {
                linear = Some((strength * published.extent, 0.5 * u.atan2(q)));
            }
        }
        if let (true, Some((strength, angle))) = (builder.polarization, linear) {
            (stokes.q, stokes.u) = polarization::linear(strength, angle);
        }
        let shape = published.shape(options.pa_frame.unwrap_or_default());
        let component = Component::new(position, shape, stokes, spectrum.clone());
        let details = builder.detailed().then(|| {
            let (strength, angle) = linear.unzip();
            let of = Details::of(&component);
            Box::new(Details {
                polarised: strength,
                polarisation_angle: angle,
                limits: published.limits(),
                errors: published.errors(),
                ..of
            })
        });
        builder.push_detailed(component, true, details, || number)?;
    }
    input.digest()
}

//! PyBDSF's lists of Gaussians (`.gaul`) and of sources (`.srl`), as text.
//!
//! <https://pybdsf.readthedocs.io/en/latest/write_catalog.html>: comments, among them the reference frequency and, as the last, the
//! names of columns. Positions and sizes are in [deg], flux densities in [Jy]; sizes without the beam (`DC_Maj`, ...) are the shapes,
//! those of zero points. Position angles count from north through east. `Spec_Indx` is a spectral index, where it was fitted.

use std::io::{self, Write};

use super::line::Line;
use super::losses::Losses;
use super::named::{Cells, Columns};
use super::number::{Num, degrees};
use super::row::{Angles, Holds, Row};
use super::text::Text;
use crate::catalog::builder::Builder;
use crate::catalog::input::Input;
use crate::catalog::record::{Details, Errors};
use crate::catalog::{CatalogError, ReadOptions};
use crate::coords::{Direction, Frame};
use crate::sky::{AngleFrame, Component, Gaussian, Shape, Spectrum, Stokes};

const NEEDED: [&str; 4] = ["RA", "DEC", "Total_flux", "DC_Maj"];

/// The names of columns, in a comment.
fn header(line: &str) -> Option<Columns> {
    let names = line.strip_prefix('#').map(Columns::of)?;
    names.have(&NEEDED).then_some(names)
}

/// Whether a text that begins so is such a list.
pub(in crate::catalog) fn is_model(head: &str) -> bool {
    let mut comments = head.lines().take_while(|line| line.trim().is_empty() || line.starts_with('#'));
    comments.any(|line| header(line).is_some())
}

/// Reads the list; returns the digest of the file.
pub(in crate::catalog) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    let mut text = Text::new(input)?;
    let mut columns: Option<Columns> = None;
    let mut reference = options.reference_frequency;
    let mut frame = Frame::J2000;
    while let Some((line, text)) = text.next_if(|text| text.trim().is_empty() || text.starts_with('#'))? {
        columns = columns.or_else(|| header(text));
        let value = |word: &str| text.split_once(word).map(|(_, rest)| rest.trim());
        if let Some(rest) = value("Reference frequency").and_then(|rest| rest.rsplit(':').next()) {
            let hz = rest.trim().trim_end_matches("Hz").trim();
            let hz = line.number("Reference frequency", hz)?;
            reference = reference.or(Some(hz));
        }
        if value("Equinox").is_some_and(|rest| rest.contains("1950")) {
            frame = Frame::B1950;
        }
    }
    let Some(columns) = columns else {
        let message = "no comment before the rows names the columns (# Gaus_id Isl_id ... RA E_RA DEC ...)";
        return Err(text.line().header(message));
    };
    let mut assumed = 0u64;
    let (detailed, frame) = (builder.detailed(), options.frame.unwrap_or(frame));
    let parse = |line: Line, text: &str| {
        if text.trim().is_empty() || text.starts_with('#') {
            return Ok(None);
        }
        let cells = Cells::of(&columns, text, line)?;
        let alpha = cells.number("Spec_Indx")?;
        let component = component(&cells, reference, alpha, frame, options)?;
        let details = detailed.then(|| details(&cells, &component, alpha.is_some())).transpose()?;
        Ok(Some((component, alpha.is_none(), details.map(Box::new))))
    };
    let take = |number, (component, indexed, details): (Component, bool, Option<Box<Details>>)| {
        assumed += u64::from(indexed);
        builder.take_detailed(component, indexed, details, number)
    };
    let digest = text.rows(parse, take)?;
    if assumed > 0 && !builder.detailed() {
        builder.note(match reference {
            Some(_) => format!("{assumed} components without a spectral index given that of {}", options.alpha),
            None => format!(
                "{assumed} components without a spectral index taken as flat: the frequency of their flux density is not known (--ref-freq)"
            ),
        });
    }
    Ok(digest)
}

fn component(
    cells: &Cells,
    reference: Option<f64>,
    alpha: Option<f64>,
    frame: Frame,
    options: &ReadOptions,
) -> Result<Component, CatalogError> {
    let (ra, dec) = (cells.needed("RA")?, cells.needed("DEC")?);
    let stokes = |name| Ok::<f64, CatalogError>(cells.number(name)?.unwrap_or_default());
    let stokes = Stokes {
        i: cells.needed("Total_flux")?,
        q: stokes("Total_Q")?,
        u: stokes("Total_U")?,
        v: stokes("Total_V")?,
    };
    let axis = |name| Ok::<f64, CatalogError>(cells.number(name)?.unwrap_or_default().to_radians());
    let (major, minor) = (axis("DC_Maj")?, axis("DC_Min")?);
    let shape = if major > 0.0 || minor > 0.0 {
        let frame = options.pa_frame.unwrap_or(AngleFrame::Source);
        Shape::Gaussian(Gaussian::new(major, minor, axis("DC_PA")?, frame))
    } else {
        Shape::Point
    };
    let spectrum = match reference {
        Some(reference) => Spectrum::PowerLaw { alpha: alpha.unwrap_or(options.alpha), reference },
        None if alpha.is_some_and(|alpha| alpha != 0.0) => {
            return Err(cells.line.wrong("a spectral index without a reference frequency: give --ref-freq"));
        }
        None => Spectrum::Flat,
    };
    let name = cells.text("Gaus_id").or_else(|| cells.text("Source_id")).map(str::to_owned);
    let position = Direction::from_degrees(frame, ra.rem_euclid(360.0), dec);
    Ok(Component::new(position, shape, stokes, spectrum).named(name))
}

fn details(cells: &Cells, component: &Component, own: bool) -> Result<Details, CatalogError> {
    let angle = |name| Ok::<Option<f64>, CatalogError>(cells.number(name)?.map(f64::to_radians));
    let cos = component.position.latitude.cos();
    Ok(Details {
        own_spectrum: own,
        errors: Errors {
            position: [angle("E_RA")?.map(|error| error * cos), angle("E_DEC")?],
            flux: cells.number("E_Total_flux")?,
            major: angle("E_DC_Maj")?,
            minor: angle("E_DC_Min")?,
            angle: angle("E_DC_PA")?,
            ..Errors::default()
        },
        ..Details::of(component)
    })
}

/// Writes a list of Gaussians with the columns that there is something for.
pub(super) fn write(out: &mut dyn Write, components: &[Component], losses: &mut Losses) -> io::Result<()> {
    let reference = components.iter().find_map(|component| component.spectrum.reference());
    writeln!(out, "# Gaussian list")?;
    if let Some(hz) = reference {
        writeln!(out, "# Reference frequency of the detection (\"ch0\") image: {} Hz", Num(hz))?;
    }
    writeln!(out, "# Equinox : 2000.0\n")?;
    writeln!(
        out,
        "# Gaus_id RA DEC Total_flux Total_Q Total_U Total_V Maj Min PA DC_Maj DC_Min DC_PA Spec_Indx"
    )?;
    for (index, component) in components.iter().enumerate() {
        let Some(row) = Row::of(component, index, Holds::gaussians(Angles::Source), losses) else { continue };
        let (alpha, own) = row.power_law(losses);
        // One frequency for all: flux densities are brought there.
        let reference = reference.unwrap_or(own);
        let Stokes { i, q, u, v } = row.following(losses).scaled((reference / own).powf(alpha));
        let (major, minor, angle) =
            row.ellipse.map_or((0.0, 0.0, 0.0), |shape| (shape.major, shape.minor, shape.position_angle));
        let size = format!("{} {} {}", degrees(major), degrees(minor), degrees(angle));
        let place = format!("{} {}", degrees(row.ra), degrees(row.dec));
        let fluxes = [i, q, u, v].map(|value| Num(value).to_string()).join(" ");
        writeln!(out, "{} {place} {fluxes} {size} {size} {}", row.word(&[',', '#'], losses), Num(alpha))?;
    }
    Ok(())
}

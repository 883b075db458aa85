//! Selavy's component catalogues, as text.
//!
//! <https://www.atnf.csiro.au/computing/software/askapsoft/sdp/docs/current/analysis/postprocessing.html>, "Component catalogue": a
//! comment that names the columns, one with their units, blanks between. Flux densities are in [mJy], frequencies in [MHz], axes in
//! [arcsec], of which those without the beam (`maj_axis_deconv`, ...) are the shapes, angles in [deg] north through east.
//! `S = S0 (ν/ν0)^(α + β ln ν/ν0)`, where −99 is none. The VOTables of the same names are those of the other reader.

use std::io::{self, Write};

use super::line::Line;
use super::losses::Losses;
use super::named::{Cells, Columns};
use super::number::{Num, arcsec, degrees, hms, tidy};
use super::row::{Angles, Holds, Row, of_ln_terms};
use super::text::Text;
use crate::catalog::builder::Builder;
use crate::catalog::input::Input;
use crate::catalog::record::{Details, Errors};
use crate::catalog::{CatalogError, ReadOptions};
use crate::coords::{Direction, Frame};
use crate::sky::{AngleFrame, Component, Gaussian, Shape, Spectrum, Stokes};

const NEEDED: [&str; 5] = ["component_id", "ra_deg_cont", "dec_deg_cont", "flux_int", "maj_axis_deconv"];

/// The names of columns, in a comment with blanks.
fn header(line: &str) -> Option<Columns> {
    let names = line.strip_prefix('#').filter(|line| !line.contains(',')).map(Columns::of)?;
    names.have(&NEEDED).then_some(names)
}

/// Whether a text that begins so is such a catalogue.
pub(in crate::catalog) fn is_model(head: &str) -> bool {
    head.lines().take_while(|line| line.starts_with('#')).any(|line| header(line).is_some())
}

/// Reads the catalogue; returns the digest of the file.
pub(in crate::catalog) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    let mut text = Text::new(input)?;
    let mut columns: Option<Columns> = None;
    while let Some((_, text)) = text.next_if(|text| text.trim().is_empty() || text.starts_with('#'))? {
        // A comment at the end may have blanks, or nothing in it.
        columns = columns.or_else(|| header(text).map(|found| found.up_to("comment")));
    }
    let Some(columns) = columns else {
        let message = "no comment before the rows names the columns (# island_id component_id ...)";
        return Err(text.line().header(message));
    };
    let mut assumed = 0u64;
    let detailed = builder.detailed();
    let parse = |line: Line, text: &str| {
        if text.trim().is_empty() || text.starts_with('#') {
            return Ok(None);
        }
        let cells = Cells::of_words(&columns, text, line)?;
        let (component, own) = component(&cells, options)?;
        let details = detailed.then(|| details(&cells, &component, own)).transpose()?;
        Ok(Some((component, !own, details.map(Box::new))))
    };
    let take = |number, (component, indexed, details): (Component, bool, Option<Box<Details>>)| {
        assumed += u64::from(indexed);
        builder.take_detailed(component, indexed, details, number)
    };
    let digest = text.rows(parse, take)?;
    if assumed > 0 && !builder.detailed() {
        builder
            .note(format!("{assumed} components without a spectral index given that of {}", options.alpha));
    }
    Ok(digest)
}

/// The component of a row, and whether it has a spectral index.
fn component(cells: &Cells, options: &ReadOptions) -> Result<(Component, bool), CatalogError> {
    let (ra, dec) = (cells.needed("ra_deg_cont")?, cells.needed("dec_deg_cont")?);
    let flux = 1e-3 * cells.needed("flux_int")?;
    let told = |name| Ok::<Option<f64>, CatalogError>(cells.number(name)?.filter(|value| *value > -99.0));
    let axis =
        |name| Ok::<f64, CatalogError>((cells.number(name)?.unwrap_or_default() / 3600.0).to_radians());
    let (major, minor) = (axis("maj_axis_deconv")?, axis("min_axis_deconv")?);
    let shape = if major > 0.0 || minor > 0.0 {
        let angle = cells.number("pos_ang_deconv")?.unwrap_or_default().to_radians();
        Shape::Gaussian(Gaussian::new(major, minor, angle, options.pa_frame.unwrap_or(AngleFrame::Source)))
    } else {
        Shape::Point
    };
    let reference = match options.reference_frequency {
        Some(reference) => Some(reference),
        None => cells.number("freq")?.map(|mhz| mhz * 1e6),
    };
    let (alpha, beta) = (told("spectral_index")?, told("spectral_curvature")?);
    let spectrum = match reference {
        Some(reference) => match alpha {
            Some(alpha) => of_ln_terms(&[alpha, beta.unwrap_or_default()], reference),
            None => Spectrum::PowerLaw { alpha: options.alpha, reference },
        },
        None => Spectrum::Flat,
    };
    let position = Direction::from_degrees(options.frame.unwrap_or(Frame::J2000), ra.rem_euclid(360.0), dec);
    let name = cells.text("component_id").map(str::to_owned);
    let component = Component::new(position, shape, Stokes::unpolarised(flux), spectrum).named(name);
    Ok((component, alpha.is_some()))
}

fn details(cells: &Cells, component: &Component, own: bool) -> Result<Details, CatalogError> {
    let arcsec = |name| {
        Ok::<Option<f64>, CatalogError>(cells.number(name)?.map(|error| (error / 3600.0).to_radians()))
    };
    Ok(Details {
        own_spectrum: own,
        own_reference: cells.number("freq")?.is_some(),
        errors: Errors {
            position: [arcsec("ra_err")?, arcsec("dec_err")?],
            flux: cells.number("flux_int_err")?.map(|mjy| 1e-3 * mjy),
            major: arcsec("maj_axis_deconv_err")?,
            minor: arcsec("min_axis_deconv_err")?,
            angle: cells.number("pos_ang_deconv_err")?.map(f64::to_radians),
            ..Errors::default()
        },
        ..Details::of(component)
    })
}

/// Writes a catalogue with the columns that there is something for.
pub(super) fn write(out: &mut dyn Write, components: &[Component], losses: &mut Losses) -> io::Result<()> {
    writeln!(
        out,
        "# island_id component_id component_name ra_hms_cont dec_dms_cont ra_deg_cont dec_deg_cont freq flux_int \
         maj_axis_deconv min_axis_deconv pos_ang_deconv spectral_index spectral_curvature"
    )?;
    writeln!(out, "# -- -- -- -- -- [deg] [deg] [MHz] [mJy] [arcsec] [arcsec] [deg] -- --")?;
    for (index, component) in components.iter().enumerate() {
        let Some(row) = Row::of(component, index, Holds::gaussians(Angles::Source), losses) else { continue };
        let flux = row.unpolarised(losses);
        let (terms, reference) = row.ln_terms(2, losses);
        let name = row.word(&['#', ','], losses);
        let dec = super::number::Sexagesimal::degrees(row.dec);
        let (major, minor, angle) =
            row.ellipse.map_or((0.0, 0.0, 0.0), |shape| (shape.major, shape.minor, shape.position_angle));
        writeln!(
            out,
            "{name} {name} {name} {} {}{:02}:{:02}:{} {} {} {} {} {} {} {} {} {}",
            hms(row.ra),
            dec.sign(),
            dec.whole,
            dec.minutes,
            dec.seconds_text(),
            degrees(row.ra),
            degrees(row.dec),
            Num(tidy(reference / 1e6)),
            Num(tidy(flux * 1e3)),
            arcsec(major),
            arcsec(minor),
            degrees(angle),
            Num(terms[0]),
            Num(terms.get(1).copied().unwrap_or_default())
        )?;
    }
    Ok(())
}

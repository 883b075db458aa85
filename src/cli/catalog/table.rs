//! Sources as a table for a person, as CSV that can be read again, and as JSON.

use serde_json::{Value, json as object};

use crate::catalog::{Catalog, Record};
use crate::coords::{Direction, Frame};
use crate::sky::{AngleFrame, Gaussian, Spectrum};

/// A source and how far it is from where one looks.
pub(in crate::cli) struct Found {
    pub(super) record: Record,
    /// [rad]
    pub(super) separation: f64,
}

const ARCSEC: f64 = std::f64::consts::PI / 648_000.0;

impl Found {
    /// The size of the flux density [Jy].
    pub(super) fn flux(&self) -> f64 {
        self.record.component.stokes.i.abs()
    }

    /// The position in J2000, and the Gaussian, its position angle turned to the north there.
    fn placed(&self) -> (Direction, Option<Gaussian>) {
        let component = &self.record.component;
        match component.shape.ellipse() {
            Some(gaussian) if gaussian.angle_frame == AngleFrame::Source => {
                let (position, position_angle) =
                    component.position.to_with_angle(Frame::J2000, gaussian.position_angle);
                (position, Some(Gaussian { position_angle, ..gaussian }))
            }
            size => (component.position.to(Frame::J2000), size),
        }
    }

    /// The terms of the spectrum that the source has of its own, and whether they are logarithmic.
    fn terms(&self) -> Option<(Vec<f64>, bool)> {
        if !self.record.details.own_spectrum {
            return None;
        }
        match &self.record.component.spectrum {
            Spectrum::Polynomial { terms, .. } => Some((terms.clone(), false)),
            spectrum => spectrum.log_terms().map(|terms| (terms, true)),
        }
    }

    /// Right ascension and declination in J2000 [deg].
    fn degrees(&self) -> (f64, f64) {
        let (position, _) = self.placed();
        (position.longitude.to_degrees().rem_euclid(360.0), position.latitude.to_degrees())
    }
}

/// `09:55:16.67` or `+39:35:48.4`, of hours or degrees.
fn sexagesimal(value: f64, decimals: usize, signed: bool) -> String {
    let scale = 10f64.powi(decimals as i32);
    let units = (value.abs() * 3600.0 * scale).round();
    let (seconds, whole) = (units % (60.0 * scale) / scale, (units / (60.0 * scale)).floor());
    let sign = if value < 0.0 { "-" } else { "+" };
    let width = decimals + 3;
    format!(
        "{}{:02}:{:02}:{seconds:0width$.decimals$}",
        if signed { sign } else { "" },
        (whole / 60.0).floor(),
        whole % 60.0
    )
}

/// A table for a person.
pub(super) fn table(found: &[Found]) -> String {
    let names =
        found.iter().map(|found| found.record.component.name.as_deref().unwrap_or("").chars().count());
    let width = names.max().unwrap_or(0).max(4);
    let mut text = format!(
        "{:>8}  {:<11}  {:<11}  {:>9}  {:>7}  {:>16}  {:>6}  {:<width$}  survey\n",
        "sep/deg", "RA (J2000)", "Dec", "flux/mJy", "+-", "size/arcsec", "PA/deg", "name"
    );
    for one in found {
        let (position, gaussian) = one.placed();
        let details = &one.record.details;
        let (ra, _) = one.degrees();
        // Twenty-four hours after rounding are none.
        let hours = sexagesimal(ra / 15.0, 2, false).replacen("24:00", "00:00", 1);
        let size = |axis: usize, width: Option<f64>| match (details.limits[axis], width) {
            (Some(limit), _) => format!("<{:.1}", limit / ARCSEC),
            (None, Some(width)) => format!("{:.1}", width / ARCSEC),
            (None, None) => String::new(),
        };
        let sizes = [
            size(0, gaussian.map(|gaussian| gaussian.major)),
            size(1, gaussian.map(|gaussian| gaussian.minor)),
        ];
        let angle =
            gaussian.map_or(String::new(), |gaussian| format!("{:.1}", gaussian.position_angle.to_degrees()));
        let error = details.errors.flux.map_or(String::new(), |error| format!("{:.1}", 1e3 * error));
        let line = format!(
            "{:>8.4}  {hours:<11}  {:<11}  {:>9.2}  {error:>7}  {:>16}  {angle:>6}  {:<width$}  {}",
            one.separation.to_degrees(),
            sexagesimal(position.latitude.to_degrees(), 1, true),
            1e3 * one.record.component.stokes.i,
            if sizes.iter().all(String::is_empty) { String::new() } else { sizes.join(" x ") },
            one.record.component.name.as_deref().unwrap_or(""),
            details.survey.as_deref().unwrap_or("")
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The columns of the CSV: those that our own reader knows, and the errors, which an import keeps.
const COLUMNS: &str = "name,ra_deg,dec_deg,i_jy,e_i_jy,q_jy,u_jy,v_jy,alpha,log_si,ref_hz,l_majaxis,major_arcsec,\
    l_minaxis,minor_arcsec,pa_deg,pa_frame,e_major_arcsec,e_minor_arcsec,e_pa_deg,p_flux_jy,pol_angle_deg,\
    e_p_flux_jy,e_pol_angle_deg,e_ra_arcsec,e_dec_arcsec,separation_deg,survey";

/// A cell of text, in quotes if it needs them.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r', '#']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

fn cell(value: Option<f64>) -> String {
    // Minus zero is zero.
    value.map_or(String::new(), |value| format!("{}", value + 0.0))
}

/// A table that can be given as a catalogue again.
pub(super) fn csv(found: &[Found]) -> String {
    let mut text = format!("# sources about a position, in J2000\n{COLUMNS}\n");
    for one in found {
        let (_, gaussian) = one.placed();
        let Record { component, details } = &one.record;
        let errors = &details.errors;
        let (ra, dec) = one.degrees();
        let arcsec = |angle: Option<f64>| cell(angle.map(|angle| angle / ARCSEC));
        let degrees = |angle: Option<f64>| cell(angle.map(f64::to_degrees));
        // A limit stands with its sign in the column before.
        let axis = |place: usize, width: Option<f64>| match (details.limits[place], width) {
            (Some(limit), _) => ["<".to_owned(), arcsec(Some(limit))],
            (None, width) => [String::new(), arcsec(width)],
        };
        let [major_sign, major] = axis(0, gaussian.map(|gaussian| gaussian.major));
        let [minor_sign, minor] = axis(1, gaussian.map(|gaussian| gaussian.minor));
        let (alpha, logarithmic) = match one.terms() {
            None => (String::new(), String::new()),
            Some((terms, logarithmic)) => match terms[..] {
                [alpha] if logarithmic => (cell(Some(alpha)), String::new()),
                _ => (quoted(&serde_json::to_string(&terms).unwrap_or_default()), logarithmic.to_string()),
            },
        };
        let stokes = component.stokes;
        let cells = [
            quoted(component.name.as_deref().unwrap_or("")),
            cell(Some(ra)),
            cell(Some(dec)),
            cell(Some(stokes.i)),
            cell(errors.flux),
            cell(Some(stokes.q)),
            cell(Some(stokes.u)),
            cell(Some(stokes.v)),
            alpha,
            logarithmic,
            cell(details.reference),
            major_sign,
            major,
            minor_sign,
            minor,
            degrees(gaussian.map(|gaussian| gaussian.position_angle)),
            gaussian.map_or(String::new(), |gaussian| gaussian.angle_frame.to_string()),
            arcsec(errors.major),
            arcsec(errors.minor),
            degrees(errors.angle),
            cell(details.polarised),
            degrees(details.polarisation_angle),
            cell(errors.polarised),
            degrees(errors.polarisation_angle),
            arcsec(errors.position[0]),
            arcsec(errors.position[1]),
            cell(Some(one.separation.to_degrees())),
            quoted(details.survey.as_deref().unwrap_or("")),
        ];
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
}

/// Everything, for a script.
pub(in crate::cli) fn json(found: &[Found], read: &Catalog, centre: Direction) -> String {
    let source = |one: &Found| -> Value {
        let (_, gaussian) = one.placed();
        let Record { component, details } = &one.record;
        let errors = &details.errors;
        let (ra, dec) = one.degrees();
        let (terms, logarithmic) = one.terms().unzip();
        object!({
            "name": component.name, "survey": details.survey.as_deref(), "separation_deg": one.separation.to_degrees(),
            "ra_deg": ra, "dec_deg": dec,
            "e_ra_arcsec": errors.position[0].map(|e| e / ARCSEC), "e_dec_arcsec": errors.position[1].map(|e| e / ARCSEC),
            "i_jy": component.stokes.i, "e_i_jy": errors.flux,
            "q_jy": component.stokes.q, "u_jy": component.stokes.u, "v_jy": component.stokes.v,
            "ref_hz": details.reference, "terms": terms, "log_si": logarithmic,
            "major_arcsec": gaussian.map(|g| g.major / ARCSEC), "minor_arcsec": gaussian.map(|g| g.minor / ARCSEC),
            "pa_deg": gaussian.map(|g| g.position_angle.to_degrees()),
            "pa_frame": gaussian.map(|g| g.angle_frame),
            "major_limit_arcsec": details.limits[0].map(|l| l / ARCSEC),
            "minor_limit_arcsec": details.limits[1].map(|l| l / ARCSEC),
            "e_major_arcsec": errors.major.map(|e| e / ARCSEC), "e_minor_arcsec": errors.minor.map(|e| e / ARCSEC),
            "e_pa_deg": errors.angle.map(f64::to_degrees),
            "p_flux_jy": details.polarised, "e_p_flux_jy": errors.polarised,
            "pol_angle_deg": details.polarisation_angle.map(f64::to_degrees),
            "e_pol_angle_deg": errors.polarisation_angle.map(f64::to_degrees),
        })
    };
    let centre = centre.to(Frame::J2000);
    let all = object!({
        "catalogue": read.path.display().to_string(), "sha256": read.digest, "frame": "J2000",
        "centre_deg": [centre.longitude.to_degrees(), centre.latitude.to_degrees()],
        "rows": read.rows_read, "notes": read.notes,
        "sources": found.iter().map(source).collect::<Vec<_>>(),
    });
    serde_json::to_string_pretty(&all).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_are_written_with_their_carries() {
        assert_eq!(sexagesimal(9.921_297_222, 2, false), "09:55:16.67");
        assert_eq!(sexagesimal(-0.000_277_8, 1, true), "-00:00:01.0");
        assert_eq!(sexagesimal(59.999_999, 1, true), "+60:00:00.0");
    }
}

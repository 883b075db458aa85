//! Sky models of BBS and DP3, and WSClean's source lists, written: see [`super::bbs`] for what they are.

use std::io::{self, Write};

use kernels::SPEED_OF_LIGHT;

use super::losses::Losses;
use super::number::{Num, arcsec, degrees, dotted, hms};
use super::row::{ANY_FREQUENCY, Angles, Holds, Row, word};
use crate::coords::{Direction, Frame};
use crate::sky::{AngleFrame, Component, Spectrum, Stokes};

/// What ends a word in such a list.
const FORBIDDEN: &[char] = &[',', '"', '\'', '[', ']', '#'];

/// Terms of a spectrum as a cell, whether they are logarithmic, and their frequency [Hz]; none for a flat one.
pub(super) fn terms(row: &Row, losses: &mut Losses) -> (String, bool, Option<f64>) {
    let list = |terms: &[f64]| {
        let terms: Vec<String> = terms.iter().map(|term| Num(*term).to_string()).collect();
        format!("[{}]", terms.join(","))
    };
    match row.spectrum {
        Spectrum::Flat => ("[]".into(), true, None),
        Spectrum::Polynomial { terms, reference } => (list(terms), false, Some(*reference)),
        _ => {
            let (terms, reference) = row.log10_terms(usize::MAX, losses);
            (list(&terms), true, Some(reference))
        }
    }
}

/// Q, U and V, and rotation measure, fraction and angle [rad] of linear polarisation, as cells.
///
/// Without a rotation measure Q and U are the same at every frequency, with one they follow I: of what follows and does not turn
/// it is 0.
fn polarisation(row: &Row, losses: &mut Losses) -> [String; 6] {
    let component = row.component;
    let own = component.polarisation.as_deref();
    let flat = *row.spectrum == Spectrum::Flat;
    let constant = |spectrum: Option<&Spectrum>| spectrum.map_or(flat, |own| *own == Spectrum::Flat);
    let v = if component.has(3) {
        if !constant(own.and_then(|own| own.circular.as_ref())) {
            losses.add("V that goes with frequency was written as the same at every frequency", &row.name);
        }
        Num(row.stokes.v).to_string()
    } else {
        String::new()
    };
    let blank = String::new;
    if !component.has(1) && !component.has(2) {
        return [blank(), blank(), v, blank(), blank(), blank()];
    }
    let linear = own.and_then(|own| own.linear.as_ref());
    let measure = row.rotation_measure();
    let reference = row.spectrum.reference().unwrap_or(ANY_FREQUENCY);
    let Stokes { i, q, u, .. } = component.stokes_at(reference);
    if measure == 0.0 && constant(linear) || i == 0.0 {
        if i == 0.0 && !(measure == 0.0 && constant(linear)) {
            losses.add(
                "Q and U that go with frequency, of no I, were written as the same at every frequency",
                &row.name,
            );
        }
        return [Num(q).to_string(), Num(u).to_string(), v, blank(), blank(), blank()];
    }
    if linear.is_some_and(|linear| !(flat && *linear == Spectrum::Flat)) {
        losses.add("spectra that Q and U have of their own were left out: they follow I", &row.name);
    }
    let wavelength = SPEED_OF_LIGHT / reference;
    let angle = 0.5 * u.atan2(q) - measure * wavelength * wavelength;
    let angle = angle.rem_euclid(std::f64::consts::PI);
    [blank(), blank(), v, Num(measure).to_string(), Num(q.hypot(u) / i).to_string(), Num(angle).to_string()]
}

/// Axes and orientation as cells; blank ones for a point.
fn extent(row: &Row) -> (&'static str, [String; 3]) {
    match row.ellipse {
        None => ("POINT", Default::default()),
        Some(shape) => {
            let [major, minor] = [shape.major, shape.minor].map(|axis| arcsec(axis).to_string());
            ("GAUSSIAN", [major, minor, degrees(shape.position_angle).to_string()])
        }
    }
}

/// The patches, each with the middle of its components.
fn patches(components: &[Component]) -> Vec<(&str, Direction)> {
    let mut order: Vec<(&str, [f64; 3])> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for component in components {
        let Some(patch) = component.patch.as_deref() else { continue };
        let at = *places.entry(patch).or_insert_with(|| {
            order.push((patch, [0.0; 3]));
            order.len() - 1
        });
        let vector = component.position.to(Frame::J2000).unit_vector();
        order[at].1.iter_mut().zip(vector).for_each(|(sum, part)| *sum += part);
    }
    let place = |[x, y, z]: [f64; 3]| Direction::new(Frame::J2000, y.atan2(x), z.atan2(x.hypot(y)));
    order.into_iter().map(|(patch, sum)| (patch, place(sum))).collect()
}

/// A list for DP3 and makesourcedb.
pub(super) fn write(out: &mut dyn Write, components: &[Component], losses: &mut Losses) -> io::Result<()> {
    let holds = Holds { patches: true, ..Holds::gaussians(Angles::Either) };
    let patches = patches(components);
    let patch_field = if patches.is_empty() { "" } else { "Patch, " };
    writeln!(
        out,
        "FORMAT = Name, Type, {patch_field}Ra, Dec, I, Q, U, V, SpectralIndex='[]', LogarithmicSI, ReferenceFrequency, \
         MajorAxis, MinorAxis, Orientation, OrientationIsAbsolute, RotationMeasure, PolarizedFraction, PolarizationAngle\n"
    )?;
    for (patch, place) in &patches {
        let name = word(patch, FORBIDDEN, losses);
        writeln!(out, ", , {name}, {}, {}", hms(place.longitude), dotted(place.latitude))?;
    }
    for (index, component) in components.iter().enumerate() {
        let Some(row) = Row::of(component, index, holds, losses) else { continue };
        let patch = match (&component.patch, patches.is_empty()) {
            (_, true) => String::new(),
            (None, false) => " ,".into(),
            (Some(patch), false) => format!(" {},", word(patch, FORBIDDEN, losses)),
        };
        let (kind, [major, minor, angle]) = extent(&row);
        let absolute = match component.shape.angle() {
            Some((_, frame)) => (frame == AngleFrame::Source).to_string(),
            None => String::new(),
        };
        let [q, u, v, measure, fraction, turn] = polarisation(&row, losses);
        let (terms, logarithmic, reference) = terms(&row, losses);
        let reference = reference.map_or(String::new(), |hz| Num(hz).to_string());
        writeln!(
            out,
            "{}, {kind},{patch} {}, {}, {}, {q}, {u}, {v}, {terms}, {logarithmic}, {reference}, {major}, {minor}, {angle}, \
             {absolute}, {measure}, {fraction}, {turn}",
            row.word(FORBIDDEN, losses),
            hms(row.ra),
            dotted(row.dec),
            Num(row.stokes.i),
        )?;
    }
    Ok(())
}

/// A list as WSClean writes it with `-save-source-list`: Stokes I only, angles from north at the phase centre.
pub(super) fn write_wsclean(
    out: &mut dyn Write,
    components: &[Component],
    losses: &mut Losses,
) -> io::Result<()> {
    let usual =
        components.iter().find_map(|component| component.spectrum.reference()).unwrap_or(ANY_FREQUENCY);
    writeln!(
        out,
        "Format = Name, Type, Ra, Dec, I, SpectralIndex, LogarithmicSI, ReferenceFrequency='{}', MajorAxis, MinorAxis, \
         Orientation",
        Num(usual)
    )?;
    for (index, component) in components.iter().enumerate() {
        let Some(row) = Row::of(component, index, Holds::gaussians(Angles::Centre), losses) else { continue };
        let flux = row.unpolarised(losses);
        let (kind, [major, minor, angle]) = extent(&row);
        let (terms, logarithmic, reference) = terms(&row, losses);
        writeln!(
            out,
            "{},{kind},{},{},{},{terms},{logarithmic},{},{major},{minor},{angle}",
            row.word(FORBIDDEN, losses),
            hms(row.ra),
            dotted(row.dec),
            Num(flux),
            Num(reference.unwrap_or(usual)),
        )?;
    }
    Ok(())
}

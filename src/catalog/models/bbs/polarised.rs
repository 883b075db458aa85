//! Polarisation as DP3 has it (`sky_model/ReadSkyModel.cc`, `base/PointSource.cc`).

use kernels::SPEED_OF_LIGHT;

use super::parse::{Reader, Wrong};
use super::places::Field;
use crate::sky::{Component, FaradayRotation, Polarisation, Spectrum, Stokes};

/// Gives the component the polarisation of its row.
///
/// Without a rotation measure Q, U and V stay while I goes with frequency. With one, the fraction of I that is polarised stays,
/// at the angle `χ0 + RM λ²`: both are given (χ0 in [rad]), or follow from Q and U at the reference wavelength, which is that of
/// the reference frequency if none is given.
pub(super) fn set(reader: &Reader, cells: &[&str], component: &mut Component) -> Result<(), Box<Wrong>> {
    let given = |field| reader.cell(cells, field).is_some_and(|cell| !cell.is_empty());
    let Some(measure) = reader.number(cells, Field::RotationMeasure)? else {
        for field in [Field::PolarizedFraction, Field::PolarizationAngle, Field::ReferenceWavelength] {
            if given(field) {
                let value = reader.cell(cells, field).unwrap_or_default();
                return Err(reader.wrong(field, value, "without a RotationMeasure (which may be 0)"));
            }
        }
        component.polarisation = constant(component, true);
        return Ok(());
    };
    let wavelength =
        reader.number(cells, Field::ReferenceWavelength)?.filter(|wavelength| *wavelength != 0.0);
    let fraction = reader.number(cells, Field::PolarizedFraction)?;
    let angle = reader.number(cells, Field::PolarizationAngle)?;
    let v = component.stokes.v;
    match (fraction, angle) {
        (Some(fraction), Some(angle)) if !given(Field::Q) && !given(Field::U) => {
            if let Some(wavelength) = wavelength {
                let reason = "a PolarizationAngle is that at a wavelength of 0";
                return Err(reader.wrong(Field::ReferenceWavelength, &wavelength.to_string(), reason));
            }
            component.stokes = Stokes::linear(component.stokes.i, fraction, angle, v);
        }
        (None, None) if measure == 0.0 || given(Field::Q) && given(Field::U) => {
            let Stokes { q, u, .. } = component.stokes;
            if q != 0.0 || u != 0.0 {
                let reference = component.spectrum.reference().or(reader.options.reference_frequency);
                let own = reader.number(cells, Field::Reference)?.filter(|hz| *hz > 0.0).or(reference);
                let wavelength = wavelength.or(own.map(|hz| SPEED_OF_LIGHT / hz)).ok_or_else(|| {
                    let text = measure.to_string();
                    reader.wrong(
                        Field::RotationMeasure,
                        &text,
                        "without a ReferenceFrequency or ReferenceWavelength",
                    )
                })?;
                // Q and U are those at that wavelength, where I may be another than at its own reference.
                let there = component.value(0, SPEED_OF_LIGHT / wavelength);
                let angle = 0.5 * u.atan2(q) - measure * wavelength * wavelength;
                component.stokes = Stokes::linear(component.stokes.i, q.hypot(u) / there, angle, v);
            }
        }
        _ => {
            let text = measure.to_string();
            let reason = "needs PolarizedFraction and PolarizationAngle, or else Q and U";
            return Err(reader.wrong(Field::RotationMeasure, &text, reason));
        }
    }
    component.polarisation = constant(component, false);
    let Stokes { q, u, .. } = component.stokes;
    if measure != 0.0 && (q != 0.0 || u != 0.0) {
        let rotation = Some(FaradayRotation { measure, reference: 0.0 });
        component.polarisation.get_or_insert_default().rotation = rotation;
    }
    Ok(())
}

/// The polarisation of a component whose V, and whose Q and U if `linear`, are the same at every frequency; none where that
/// says nothing.
fn constant(component: &Component, linear: bool) -> Option<Box<Polarisation>> {
    if component.spectrum == Spectrum::Flat {
        return None;
    }
    let Stokes { q, u, v, .. } = component.stokes;
    let own = |present: bool| present.then_some(Spectrum::Flat);
    let polarisation = Polarisation {
        linear: own(linear && (q != 0.0 || u != 0.0)),
        circular: own(v != 0.0),
        rotation: None,
    };
    (polarisation != Polarisation::default()).then(|| Box::new(polarisation))
}

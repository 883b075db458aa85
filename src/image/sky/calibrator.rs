//! The model image of a calibrator, as CASA's `setjy` takes one.

use std::path::Path;

use super::components::{Content, Spectra};
use super::error::{ImageError, Result};
use super::names::Parts;
use super::set::ImageSet;
use crate::coords::Direction;
use crate::sky::Component;

/// How far from the calibrator the middle of its image may be, beyond the image's own extent: 10″, more than lists of calibrators
/// differ [rad].
const OFF: f64 = 10.0 / 3600.0 * std::f64::consts::PI / 180.0;

/// The pixels of an image of Stokes I as the parts of a `calibrator`: each has its share of the image's flux density, and of the
/// calibrator's at every frequency.
///
/// # Errors
/// [`ImageError`] if the file cannot be read, is of several frequencies, has no flux density, or shows another place.
pub fn calibrator_parts(calibrator: &Component, path: &Path) -> Result<Vec<Component>> {
    let wrong = |message: String| Err(ImageError::layout(path, message));
    let set = ImageSet::open(&[Parts::of(path)])?;
    if set.nodes.len() > 1 {
        return wrong(
            "images of several frequencies, or Taylor terms; the calibrator's own spectrum is applied to one"
                .into(),
        );
    }
    let Content::Components(drawn) = set.content(Spectra::default(), None)? else {
        return wrong("too many pixels are other than zero".into());
    };
    let pixels: Vec<(Direction, f64)> = drawn
        .components
        .iter()
        .filter(|pixel| pixel.stokes.i != 0.0)
        .map(|pixel| (pixel.position, pixel.stokes.i))
        .collect();
    let sum: f64 = pixels.iter().map(|(_, flux)| flux).sum();
    if !sum.is_finite() || sum <= 0.0 {
        return wrong(format!(
            "its flux density in Stokes I is {sum} Jy, which cannot be scaled to the calibrator's"
        ));
    }
    let chord = |a: [f64; 3], b: [f64; 3]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
    let middle: [f64; 3] = std::array::from_fn(|axis| {
        pixels.iter().map(|(place, flux)| place.icrs_vector()[axis] * flux / sum).sum()
    });
    let extent = pixels.iter().map(|(place, _)| chord(place.icrs_vector(), middle)).fold(0.0, f64::max);
    let off = chord(calibrator.position.icrs_vector(), middle);
    if off > extent + OFF {
        return wrong(format!(
            "it shows what is {:.1}″ from {}",
            off.to_degrees() * 3600.0,
            calibrator.name.as_deref().unwrap_or("the calibrator")
        ));
    }
    let part =
        |(position, flux): (Direction, f64)| Component { position, ..calibrator.clone().scaled(flux / sum) };
    Ok(pixels.into_iter().map(part).collect())
}

//! The plain sum in double precision: slow, simple, and the judge of everything else.

use crate::envelope::{Lambda, dot};
use crate::{SPEED_OF_LIGHT, Shape, Source};
use num_complex::Complex64;

/// The response of one source of unit flux density for one baseline and one frequency.
///
/// `uvw` in [m], `frequency` in [Hz].
#[must_use]
pub fn response(uvw: [f64; 3], frequency: f64, source: &Source) -> Complex64 {
    let turns = frequency * (dot(uvw, source.lmn) / SPEED_OF_LIGHT);
    // Whole turns are dropped first: the sine of a large argument would lose nothing, but 2π·turns rounds.
    let phase = std::f64::consts::TAU * (turns - turns.round());
    let envelope = match &source.shape {
        Shape::Point => 1.0,
        Shape::Gaussian { p, q } => {
            let scale = frequency / SPEED_OF_LIGHT;
            let (a, b) = (scale * dot(uvw, *p), scale * dot(uvw, *q));
            (-(a * a + b * b)).exp()
        }
        Shape::Round(round) => Lambda::new(round.order).at(frequency / SPEED_OF_LIGHT * round.radius(uvw)),
        Shape::Shapelets(shapelets) => {
            let [x, y] = [shapelets.x, shapelets.y].map(|axis| frequency / SPEED_OF_LIGHT * dot(uvw, axis));
            return shapelets.response(x, y, &mut shapelets.room()) * Complex64::cis(phase);
        }
    };
    Complex64::from_polar(envelope, phase)
}

/// The visibility [Jy] of sources with the given flux densities [Jy] for one baseline [m] and one frequency [Hz].
#[must_use]
pub fn visibility<'a>(
    uvw: [f64; 3],
    frequency: f64,
    sources: impl IntoIterator<Item = (&'a Source, f64)>,
) -> Complex64 {
    sources.into_iter().map(|(source, flux)| response(uvw, frequency, source) * flux).sum()
}

/// The visibilities [Jy] of one baseline [m] at every channel [Hz].
///
/// `spectra` has the shape `(source, channel)`, channel fastest [Jy].
///
/// # Panics
/// If `spectra` is shorter than `sources.len() * channels.len()`.
#[must_use]
pub fn spectrum(uvw: [f64; 3], channels: &[f64], sources: &[Source], spectra: &[f64]) -> Vec<Complex64> {
    let stride = channels.len();
    let flux =
        |channel: usize| sources.iter().enumerate().map(move |(s, x)| (x, spectra[s * stride + channel]));
    channels.iter().enumerate().map(|(k, &frequency)| visibility(uvw, frequency, flux(k))).collect()
}

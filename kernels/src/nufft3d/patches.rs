//! Points that are handed out patch by patch, as the pixels of an image are: they need never be listed together.

use super::NufftOptions;
use super::parallel::each;
use super::spectra::{Components, Principal};
use crate::KernelError;
use crate::delay::spectrum::{Fit, TERMS};

/// A patch of the sky with some points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Patch {
    /// l, m, n − 1 of a direction amid the points.
    pub lmn: [f64; 3],
    /// No point is farther from it than this chord of the unit sphere.
    pub radius: f64,
    /// How many points there are.
    pub points: usize,
}

impl Patch {
    /// Whether a point, given as l, m, n − 1, is a direction, and as near as all of them are said to be.
    fn holds(&self, [l, m, n]: [f64; 3]) -> bool {
        // Directions are known to no more than rounding.
        const SLACK: f64 = 1e-12;
        let chord: f64 = [l, m, n].iter().zip(self.lmn).map(|(a, b)| (a - b).powi(2)).sum();
        chord <= (self.radius + SLACK).powi(2) && (l * l + m * m + n * n + 2.0 * n).abs() <= 1e3 * SLACK
    }
}

/// A sky that knows its points patch by patch: only what is being worked on is in memory.
///
/// Patches are small: none has more w-phase within it than one grid expands, `π radius² w` of some radians for w wavelengths.
pub trait Patches: Sync {
    /// The patches. None is to be empty.
    fn patches(&self) -> &[Patch];

    /// Appends the points of a patch: l, m, n − 1, and flux densities [Jy] of shape `(point, sample)`. The same points each
    /// time, from any thread: every patch is read several times.
    fn read(&self, patch: usize, places: &mut Vec<[f64; 3]>, spectra: &mut Vec<f32>);
}

/// Patches whose spectra are understood.
#[derive(Clone, Copy)]
pub struct Held<'a> {
    /// Where the points come from.
    pub patches: &'a dyn Patches,
    /// How many samples a spectrum has.
    pub samples: usize,
}

/// Patches of a task.
const PART: usize = 16;

/// The components of the spectra of patches at samples `y`, each as a sum of samples in place of weights: see
/// [`components`](super::spectra::components).
///
/// # Errors
/// [`KernelError::NotFinite`] for patches with such flux densities, [`KernelError::Length`] for one that has not as many points as
/// it says, [`KernelError::OutOfRange`] for one with points farther away than it says, or on no sphere.
pub fn components_of(y: &[f64], held: Held, options: &NufftOptions) -> Result<Components, KernelError> {
    let samples = y.len();
    let patches = held.patches.patches();
    // Sums of products of every two samples: all that principal components need of spectra.
    let mut parts = vec![vec![0.0; samples * samples]; patches.len().div_ceil(PART)];
    let mut counts = vec![Ok(0); patches.len()];
    each(
        options.threads,
        parts.iter_mut().zip(counts.chunks_mut(PART)).enumerate(),
        |_| (Vec::new(), Vec::new()),
        |(places, spectra), (part, (sums, counts))| {
            for (i, count) in counts.iter_mut().enumerate() {
                places.clear();
                spectra.clear();
                held.patches.read(part * PART + i, places, spectra);
                let patch = &patches[part * PART + i];
                *count = match spectra.len() == places.len() * samples {
                    true if places.iter().chain([&patch.lmn]).all(|place| patch.holds(*place)) => {
                        Ok(places.len())
                    }
                    true => Err(()),
                    false => Ok(usize::MAX),
                };
                for flux in spectra.chunks_exact(samples) {
                    for (sums, a) in sums.chunks_exact_mut(samples).zip(flux) {
                        sums.iter_mut().zip(flux).for_each(|(sum, b)| *sum += f64::from(*a) * f64::from(*b));
                    }
                }
            }
        },
    );
    for (index, (patch, count)) in patches.iter().zip(&counts).enumerate() {
        match *count {
            Err(()) => return Err(KernelError::OutOfRange { what: "patches", index }),
            Ok(found) if found != patch.points => {
                return Err(KernelError::Length { what: "a patch", expected: patch.points, found });
            }
            Ok(_) => {}
        }
    }
    let mut sums = vec![0.0; samples * samples];
    for (index, part) in parts.iter().enumerate() {
        if part.iter().any(|sum| !sum.is_finite()) {
            return Err(KernelError::NotFinite { what: "patches", index: index * PART });
        }
        sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }
    let fit = Fit::new(y, samples.min(TERMS));
    // What each sample adds to the series.
    let series: Vec<Vec<f64>> = (0..samples)
        .map(|sample| {
            let flux: Vec<f32> = (0..samples).map(|i| f32::from(u8::from(i == sample))).collect();
            let mut terms = vec![0.0; fit.terms()];
            let _ = fit.project(&flux, &mut terms);
            terms
        })
        .collect();
    Ok(Principal::new(y, fit.terms()).of_sums(&series, &sums, options.epsilon))
}

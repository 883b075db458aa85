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

impl Held<'_> {
    /// Reads a patch into empty lists.
    ///
    /// # Errors
    /// [`KernelError::Length`] for one that has not as many points as it says.
    pub fn read(
        &self,
        index: usize,
        places: &mut Vec<[f64; 3]>,
        spectra: &mut Vec<f32>,
    ) -> Result<(), KernelError> {
        places.clear();
        spectra.clear();
        self.patches.read(index, places, spectra);
        let expected = self.patches.patches()[index].points;
        match places.len() == expected && spectra.len() == places.len() * self.samples {
            true => Ok(()),
            false => Err(KernelError::Length { what: "a patch", expected, found: places.len() }),
        }
    }
}

/// Patches of a task.
const PART: usize = 16;

/// The components of the spectra of patches at samples `y`, each as a sum of samples in place of weights: see
/// [`components`](super::spectra::components).
///
/// # Errors
/// [`KernelError::NotFinite`] for patches with such flux densities, and those of [`Held::read`].
pub fn components_of(y: &[f64], held: Held, options: &NufftOptions) -> Result<Components, KernelError> {
    let samples = y.len();
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
    // Of one sample there is one component, whatever the patches hold.
    let sums = if samples == 1 { vec![1.0] } else { products(samples, held, options.threads)? };
    Ok(Principal::new(y, fit.terms()).of_sums(&series, &sums, options.epsilon))
}

/// Sums of the products of every two samples of all points: all that principal components need of spectra.
fn products(samples: usize, held: Held, threads: usize) -> Result<Vec<f64>, KernelError> {
    let patches = held.patches.patches();
    let mut parts = vec![vec![0.0; samples * samples]; patches.len().div_ceil(PART)];
    let mut faults = vec![Ok(()); parts.len()];
    each(
        threads,
        parts.iter_mut().zip(&mut faults).enumerate(),
        |_| (Vec::new(), Vec::new()),
        |(places, spectra), (part, (sums, fault))| {
            for index in part * PART..patches.len().min((part + 1) * PART) {
                if let Err(error) = held.read(index, places, spectra) {
                    *fault = Err(error);
                    return;
                }
                for flux in spectra.chunks_exact(samples) {
                    for (sums, a) in sums.chunks_exact_mut(samples).zip(flux) {
                        sums.iter_mut().zip(flux).for_each(|(sum, b)| *sum += f64::from(*a) * f64::from(*b));
                    }
                }
                if sums.iter().any(|sum| !sum.is_finite()) {
                    *fault = Err(KernelError::NotFinite { what: "patches", index });
                    return;
                }
            }
        },
    );
    faults.into_iter().collect::<Result<(), _>>()?;
    let mut sums = vec![0.0; samples * samples];
    for part in parts {
        sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }
    Ok(sums)
}

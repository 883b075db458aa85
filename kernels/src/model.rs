//! What is predicted: sources, their Stokes planes, and the mix of planes into correlations.

use crate::KernelError;
use num_complex::{Complex32, Complex64};

/// The shape of a source on the sky.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// A point: the envelope is 1.
    Point,
    /// An elliptical Gaussian with the envelope `exp(−(ν/c)² ((uvw·p)² + (uvw·q)²))`.
    Gaussian {
        /// The direction in (u, v, w) of one axis, times `π/(2 √ln 2)` times its FWHM [rad].
        p: [f64; 3],
        /// The direction in (u, v, w) of the other axis, scaled in the same way.
        q: [f64; 3],
    },
}

/// Where a source is and what it looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Source {
    /// Direction cosines relative to the phase centre: l, m and **n − 1**.
    pub lmn: [f64; 3],
    /// The shape.
    pub shape: Shape,
}

/// Sources that contribute to one Stokes parameter.
#[derive(Clone, Copy, Debug)]
pub struct Plane<'a> {
    /// The column of the [`Mix`] the plane belongs to: 0, 1, 2, 3 for I, Q, U, V.
    pub stokes: usize,
    /// The sources, in any order, points and Gaussians mixed at will.
    pub sources: &'a [Source],
    /// Flux densities [Jy], shape `(source, channel)`, channel fastest.
    pub spectra: &'a [f32],
}

/// Points that contribute to one Stokes parameter: millions of them, as of an image, without a shape for each.
#[derive(Clone, Copy, Debug)]
pub struct Points<'a> {
    /// The column of the [`Mix`] the points belong to: 0, 1, 2, 3 for I, Q, U, V.
    pub stokes: usize,
    /// Direction cosines relative to the phase centre: l, m and **n − 1** of each.
    pub lmn: &'a [[f64; 3]],
    /// Flux densities [Jy], shape `(point, frequency)`, frequency fastest.
    pub spectra: &'a [f32],
}

/// The matrix from Stokes parameters to correlations: `out[corr] = Σ_stokes mix[corr][stokes] · V_stokes`.
#[derive(Clone, Debug, PartialEq)]
pub struct Mix {
    rows: Vec<[Complex32; 4]>,
}

impl Mix {
    /// Takes one row of four coefficients (I, Q, U, V) for each correlation.
    ///
    /// # Errors
    /// [`KernelError::Empty`] without correlations, [`KernelError::NotFinite`] for a coefficient that is not a number.
    pub fn new(rows: Vec<[Complex32; 4]>) -> Result<Self, KernelError> {
        if rows.is_empty() {
            return Err(KernelError::Empty { what: "correlations" });
        }
        if let Some(index) = rows.iter().position(|row| row.iter().any(|c| !c.is_finite())) {
            return Err(KernelError::NotFinite { what: "mix", index });
        }
        Ok(Self { rows })
    }

    /// The number of correlations.
    #[must_use]
    pub fn correlations(&self) -> usize {
        self.rows.len()
    }

    /// The coefficients, one row of four (I, Q, U, V) for each correlation.
    #[must_use]
    pub fn rows(&self) -> &[[Complex32; 4]] {
        &self.rows
    }

    /// One correlation of visibilities known per Stokes parameter, in double precision.
    ///
    /// # Panics
    /// If `correlation` is not below [`Mix::correlations`].
    #[must_use]
    pub fn apply(&self, correlation: usize, stokes: &[Complex64; 4]) -> Complex64 {
        let row = &self.rows[correlation];
        row.iter().zip(stokes).map(|(c, v)| Complex64::new(c.re.into(), c.im.into()) * v).sum()
    }
}

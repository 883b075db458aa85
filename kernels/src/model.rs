//! What is predicted: sources, their Stokes planes, and the mix of planes into correlations.

use crate::KernelError;
use num_complex::{Complex32, Complex64};
use std::sync::Arc;

/// The shape of a source on the sky.
#[derive(Clone, Debug, PartialEq)]
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
    /// A disk or a ring.
    Round(Round),
    /// Shapelets.
    Shapelets(Arc<Shapelets>),
}

/// A disk whose brightness goes as `(1 − r²)^(order − 1)`, with the envelope `Γ(ν + 1) (2/x)^ν J_ν(x)`, ν being the order
/// and `x = ν/c √((uvw·p)² + (uvw·q)²)` (Bracewell 2000, *The Fourier Transform and Its Applications*, chapter 13: the
/// Hankel transforms of `(1 − r²)^μ`).
///
/// Order 1 is the uniform disk, 2 J1(x)/x; order 0 the thin ring, J0(x); order `1 + n/2` CASA's limb-darkened disk of
/// exponent n.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Round {
    /// The direction in (u, v, w) of one axis, times π times its diameter [rad].
    pub p: [f64; 3],
    /// The direction in (u, v, w) of the other axis, scaled in the same way.
    pub q: [f64; 3],
    /// The order, greater than −1.
    pub order: f64,
}

/// Shapelets (Refregier 2003, MNRAS 338, 35), with the envelope `Σ c i^(n1+n2) h_n1(ν/c uvw·x) h_n2(ν/c uvw·y)`, h being
/// the [Hermite functions](crate::hermite_functions).
#[derive(Clone, Debug, PartialEq)]
pub struct Shapelets {
    /// The direction in (u, v, w) of the first axis, times its scale [rad].
    pub x: [f64; 3],
    /// The direction in (u, v, w) of the second axis, times its scale [rad].
    pub y: [f64; 3],
    /// n1 and n2, at most 100, and c.
    pub terms: Vec<([u8; 2], f64)>,
}

/// Where a source is and what it looks like.
#[derive(Clone, Debug, PartialEq)]
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
    /// The sources, in any order, shapes mixed at will.
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

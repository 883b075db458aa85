//! The arithmetic of predicting visibilities: slices in, visibilities out.
//!
//! Everything here evaluates the measurement equation of points, Gaussians, disks, rings and shapelets,
//!
//! `V(row, k) = Σ_s S_s(ν_k) · G_s(row, ν_k) · exp(+2πi ν_k/c (u l + v m + w (n − 1)))`,
//!
//! with `(u, v, w)` in [m], `ν` in [Hz], `S` in [Jy]. [`Direct`] is the fast sum in single precision with
//! double-precision phases; [`DelayFft`] is the sum by transforms over delays, accurate to a stated ε; [`Nufft3d`] is the
//! sum by transforms of the sky, for thousands to millions of points, accurate to a stated ε;
//! [`reference`](mod@reference) is the plain sum in double precision that judges them. Nothing here knows a table, a file or a catalogue.

mod delay;
mod direct;
mod envelope;
mod error;
mod far;
mod model;
mod nufft3d;
mod peak;
mod plan;
pub mod reference;
mod seed;
mod shaped;
mod simd;
mod store;
mod sum;

pub use delay::{DelayFft, DelayOptions, DelayScratch, EPSILON};
pub use direct::{Direct, Scratch};
pub use envelope::hermite_functions;
pub use error::KernelError;
pub use far::sum_points;
pub use model::{Mix, Plane, Points, Round, Shape, Shapelets, Source};
pub use nufft3d::{Nufft3d, NufftCost, NufftOptions, NufftScratch, NufftSky, Patch, Patches};
pub use num_complex::{Complex32, Complex64};
pub use peak::multiply_adds;
pub use simd::SimdLevel;

/// The speed of light in vacuum [m/s].
pub const SPEED_OF_LIGHT: f64 = 299_792_458.0;

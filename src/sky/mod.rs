//! The sky: components, their shapes and spectra, and the choice among them. Nothing here opens a file.

mod component;
mod cones;
mod select;
mod spectrum;

pub use component::{AngleFrame, Component, ComponentError, Gaussian, Shape, Stokes, UnknownAngleFrame};
pub use cones::Cones;
pub use select::{Selection, select};
pub use spectrum::Spectrum;

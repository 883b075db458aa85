//! The sky: components, their shapes and spectra, and the choice among them. Nothing here opens a file.

mod component;
mod cones;
mod indices;
mod merge;
mod neighbours;
#[cfg(test)]
mod properties;
mod region;
mod select;
mod spectrum;

pub use component::{AngleFrame, Component, ComponentError, Gaussian, Shape, Stokes, UnknownAngleFrame};
pub use cones::Cones;
pub use indices::{IndexAccount, LEVER, LIMITS, fit_indices};
pub use merge::{Fate, Instrument, Layer, Merged, SurveyAccount, merge};
pub use region::{Outline, Region, RegionSet};
pub use select::{Selection, select};
pub use spectrum::Spectrum;

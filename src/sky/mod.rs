//! The sky: components, their shapes and spectra, and the choice among them. Nothing here opens a file.

mod calibrators;
mod component;
mod cones;
mod indices;
mod light_curve;
mod merge;
mod neighbours;
mod polarisation;
mod region;
mod select;
mod shape;
mod shapelet;
mod spectrum;
mod table;

pub use calibrators::{Calibrator, FluxScale, UnknownCalibrator, calibrator};
pub use component::{Component, ComponentError, Stokes};
pub use cones::Cones;
pub use indices::{IndexAccount, LEVER, LIMITS, fit_indices};
pub use light_curve::LightCurve;
pub use merge::{Fate, Instrument, Layer, Merged, SurveyAccount, merge};
pub use polarisation::{FaradayRotation, Polarisation};
pub use region::{Outline, Region, RegionSet};
pub use select::{Selection, select};
pub use shape::{AngleFrame, Ellipse, Gaussian, Shape, UnknownAngleFrame};
pub use shapelet::{HIGHEST_ORDER, Shapelet, ShapeletConvention, ShapeletTerm};
pub use spectrum::{Profile, Spectrum};
pub use table::{Interpolation, Table};

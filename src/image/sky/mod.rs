//! Images of the sky as a model: found, read, and made into components.
//!
//! A set of images has the same pixels in all its planes: one for each frequency, or each Taylor term, and each Stokes
//! parameter or correlation.

mod calibrator;
mod components;
mod error;
mod file;
mod names;
mod product;
mod raster;
mod set;

pub use calibrator::calibrator_parts;
pub use components::{Content, Drawn, Spectra, SpectrumKind};
pub use error::ImageError;
pub use file::Plane;
pub use names::{Parts, Wanted, find};
pub use product::Product;
pub use raster::{Raster, Row, Sampler, Tile};
pub use set::{Coverage, ImageSet, Member};

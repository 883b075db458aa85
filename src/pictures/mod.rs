//! Pictures of a sky and of visibilities, for a person to look at.
//!
//! What is shown is gathered first ([`SkyScene`], [`Gathered`]), laid out as a [`Picture`] of lines, areas and words, and
//! written at last as PNG or SVG. Nothing here opens a MeasurementSet or a catalogue.

mod axes;
mod canvas;
mod contour;
mod curve;
mod gather;
mod graticule;
mod histogram;
mod labels;
mod letters;
mod matrix;
mod palette;
mod raster;
mod sky;
mod sky_side;
mod visibilities;

pub use canvas::{Colour, Item, Picture};
pub use gather::{BaselineFit, Gathered, Sample, WindowFit};
pub use raster::{PictureError, PictureFormat};
pub use sky::{BeamShown, SkyScene, SkySource, draw_sky};
pub use visibilities::{VisibilityTitles, draw_visibilities};

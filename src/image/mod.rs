//! Images: beams and skies that are read, and skies that are written for other programs.

pub mod beam_fits;
mod fit;
mod fits;
mod grid;
mod model;
mod render;
pub mod sky;
mod wcs;
mod write;

pub use fits::FitsFileError;
pub use grid::{GridError, SkyGrid};
pub use model::{Stamped, draw_mask, draw_model};
pub use render::{Rendered, render_terms};
pub use wcs::Wcs;
pub use write::{Header, write_image};

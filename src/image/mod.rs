//! Images: beams that are read, and skies that are written for other programs.

pub mod beam_fits;
mod grid;
mod model;
mod write;

pub use grid::{GridError, SkyGrid};
pub use model::{Stamped, draw_mask, draw_model};
pub use write::{Header, write_image};

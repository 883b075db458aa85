//! Images in FITS files.

pub mod beam_fits;

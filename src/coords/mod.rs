//! Directions on the sky: frames, conversions between them, direction cosines and the reading of angles.
//!
//! Nothing here knows a file, a MeasurementSet or a source.

mod angle;
mod direction;
mod frame;
mod lmn;
#[cfg(test)]
mod properties;

pub use angle::{AngleError, parse_angle, parse_dec, parse_longitude, parse_ra};
pub use direction::Direction;
pub use frame::{Frame, UnknownFrame, celestial_pole};
pub use lmn::Lmn;

//! Predicts the visibilities of NVSS and other skies into the MODEL_DATA of a MeasurementSet.
//!
//! The way of the data is the way through the modules: a row of a [`catalog`] becomes a component of the
//! [`sky`], is placed about each field's centre, planned, summed by the `kernels` and written into the model
//! column of the [`ms`]; [`predict`] joins them, [`cli`] talks to a person.
#![deny(unsafe_code)]

pub mod beam;
pub mod catalog;
pub mod cli;
pub mod coords;
mod hdf5;
pub mod image;
pub mod ms;
pub mod pictures;
pub mod predict;
pub mod sky;
pub mod stall;
mod time;

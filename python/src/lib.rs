//! The part of the Python package `nvss_predict` that is compiled: calls in, plain values out.
//!
//! What a person meets (names, types, documentation) is in `nvss_predict/*.py`; the functions here are its own.
#![deny(unsafe_code)]

mod arrays;
mod busy;
mod failure;
mod job;

use std::ffi::OsString;
use std::path::PathBuf;

use nvss_predict::cli::call;
use nvss_predict::ms::make::MsSpec;
use pyo3::prelude::*;

use failure::raise;

/// The options of a prediction: (name, whether it takes a value, whether it may be given again).
#[pyfunction]
fn prediction_options() -> Vec<(String, bool, bool)> {
    let options = call::prediction_options().into_iter();
    options.map(|option| (option.name, option.takes_value, option.repeats)).collect()
}

/// The options of a prediction of images, in the same manner.
#[pyfunction]
fn image_options() -> Vec<(String, bool, bool)> {
    let options = call::image_options().into_iter();
    options.map(|option| (option.name, option.takes_value, option.repeats)).collect()
}

/// `nvss-predict catalog query`, as JSON.
#[pyfunction]
fn query(py: Python<'_>, words: Vec<OsString>) -> PyResult<String> {
    py.detach(|| call::query(&words)).map_err(|failure| raise(py, failure))
}

/// `nvss-predict status`, as JSON. Waits up to `wait` [s] for other threads of this process that use the MeasurementSet.
#[pyfunction]
fn status(py: Python<'_>, ms: PathBuf, column: &str, wait: f64) -> PyResult<String> {
    let state = py.detach(|| {
        let _turn = busy::Turn::wait(&ms, busy::seconds(wait), &|| false)?;
        call::status(&ms, column)
    });
    let state = state.map_err(|failure| raise(py, failure))?;
    serde_json::to_string(&state).map_err(|error| pyo3::exceptions::PyValueError::new_err(error.to_string()))
}

/// Makes the MeasurementSet of the demonstration; returns its rows and the centres of its fields [deg].
#[pyfunction]
fn make_demo_ms(
    py: Python<'_>,
    path: PathBuf,
    antennas: usize,
    times: usize,
    windows: usize,
    channels: usize,
) -> PyResult<(u64, Vec<(f64, f64)>)> {
    let spec = if (antennas, times, windows, channels) == (96, 24, 1, 768) {
        MsSpec::dsa110_full()
    } else {
        MsSpec::dsa110(antennas, times, windows, channels)
    };
    let made = py.detach(|| call::make_demo(&path, &spec)).map_err(|failure| raise(py, failure))?;
    let degrees = made.centres.iter().map(|c| (c.longitude.to_degrees(), c.latitude.to_degrees()));
    Ok((made.rows, degrees.collect()))
}

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("DEMO_CATALOGUE", call::DEMO_CATALOGUE)?;
    module.add_function(wrap_pyfunction!(prediction_options, module)?)?;
    module.add_function(wrap_pyfunction!(image_options, module)?)?;
    module.add_function(wrap_pyfunction!(job::predict, module)?)?;
    module.add_function(wrap_pyfunction!(job::wait_for_background, module)?)?;
    module.add_function(wrap_pyfunction!(query, module)?)?;
    module.add_function(wrap_pyfunction!(status, module)?)?;
    module.add_function(wrap_pyfunction!(make_demo_ms, module)?)?;
    module.add_function(wrap_pyfunction!(arrays::visibilities, module)?)?;
    Ok(())
}

//! Failures as the exceptions of `nvss_predict.errors`.

use nvss_predict::cli::call::{Cause, Failure};
use pyo3::prelude::*;

/// The class of an exception.
fn class(cause: Cause) -> &'static str {
    match cause {
        Cause::Usage => "UsageError",
        Cause::MeasurementSet => "MeasurementSetError",
        Cause::Catalog => "CatalogError",
        Cause::Locked => "LockedError",
        Cause::Timeout => "TimeoutError",
        Cause::Stalled => "StalledError",
        Cause::Check => "CheckError",
        Cause::NoSources => "NoSourcesError",
        Cause::Interrupted => "Interrupted",
        Cause::Storage => "StorageError",
    }
}

/// The exception for a failure: the text of the command, its exit code, and the report of a failed check.
pub(crate) fn raise(py: Python<'_>, failure: Failure) -> PyErr {
    let made = || {
        let errors = py.import("nvss_predict.errors")?;
        let exception = errors.getattr(class(failure.cause))?.call1((failure.text,))?;
        exception.setattr("exit_code", failure.exit_code)?;
        if let Some(report) = failure.report {
            let json = serde_json::to_string(&report).unwrap_or_default();
            exception
                .setattr("report", py.import("nvss_predict.report")?.call_method1("parsed", (json,))?)?;
        }
        PyResult::Ok(PyErr::from_value(exception))
    };
    made().unwrap_or_else(|error| error)
}

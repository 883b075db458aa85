//! Visibilities of arrays, in place: NumPy's memory is read and written where it is.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use kernels::{Complex32, Complex64, Shape, Source};
use numpy::{PyReadonlyArray1, PyReadonlyArray2, PyReadonlyArray3, PyReadwriteArray3};
use nvss_predict::cli::call::{Cause, Failure};
use nvss_predict::predict::{
    ArrayError, ArrayOptions, Arrays, Engine, StokesPlane, exact_visibilities, gaussian, mix,
    visibilities as sum,
};
use pyo3::prelude::*;

use crate::failure::raise;

/// How often signals are looked for.
const LOOK: Duration = Duration::from_millis(50);

/// Flux densities [Jy], (Stokes, source, channel).
#[derive(FromPyObject)]
pub(crate) enum Spectra<'py> {
    Single(PyReadonlyArray3<'py, f32>),
    Double(PyReadonlyArray3<'py, f64>),
}

/// Visibilities [Jy], (row, channel, correlation).
#[derive(FromPyObject)]
pub(crate) enum Out<'py> {
    Single(PyReadwriteArray3<'py, Complex32>),
    Double(PyReadwriteArray3<'py, Complex64>),
}

fn wrong(text: impl Into<String>) -> Failure {
    Failure { cause: Cause::Usage, text: text.into(), exit_code: 2, report: None }
}

fn engine(name: &str) -> Result<Engine, Failure> {
    match name {
        "auto" => Ok(Engine::Auto),
        "direct" => Ok(Engine::Direct),
        "delay-fft" => Ok(Engine::DelayFft),
        "nufft3d" => Ok(Engine::Nufft3d),
        _ => Err(wrong(format!("engine {name:?}: use auto, direct, delay-fft or nufft3d"))),
    }
}

/// The sources of l, m, n − 1 (source, 3), and widths and angle [rad] (source, 3) where a major width is not zero.
fn sources(lmn: &[[f64; 3]], shapes: Option<&[[f64; 3]]>) -> Result<Vec<Source>, Failure> {
    if shapes.is_some_and(|shapes| shapes.len() != lmn.len()) {
        return Err(wrong("gaussians: one row of (major, minor, position angle) is needed for each source"));
    }
    let shape = |at: usize| match shapes.map(|shapes| shapes[at]) {
        None => Shape::Point,
        Some([0.0, ..]) => Shape::Point,
        Some([major, minor, angle]) => gaussian(major, minor, angle, [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
    };
    Ok(lmn.iter().enumerate().map(|(at, lmn)| Source { lmn: *lmn, shape: shape(at) }).collect())
}

/// Cuts (Stokes, source, channel) into planes of `size`, leaving out those that are zero.
fn planes<T: Default + PartialEq>(spectra: &[T], size: usize) -> Vec<StokesPlane<'_, T>> {
    let all = spectra.chunks(size.max(1)).enumerate();
    all.filter(|(stokes, plane)| *stokes == 0 || plane.iter().any(|flux| *flux != T::default()))
        .map(|(stokes, spectra)| StokesPlane { stokes, spectra })
        .collect()
}

fn failure(error: ArrayError) -> Failure {
    match error {
        ArrayError::Kernel(error) => wrong(error.to_string()),
        ArrayError::Interrupted => {
            Failure { cause: Cause::Interrupted, text: "interrupted".into(), exit_code: 130, report: None }
        }
        ArrayError::Threads(_) => {
            Failure { cause: Cause::Storage, text: error.to_string(), exit_code: 5, report: None }
        }
    }
}

/// Fills `out`: see `nvss_predict.visibilities`, which checks shapes and makes the arrays contiguous.
#[pyfunction]
#[pyo3(signature = (uvw, freq, lmn, spectra, gaussians, correlations, engine_name, epsilon, threads, out))]
#[allow(clippy::too_many_arguments)] // Arrays of different shapes: nothing to gather.
pub(crate) fn visibilities(
    py: Python<'_>,
    uvw: PyReadonlyArray2<'_, f64>,
    freq: PyReadonlyArray1<'_, f64>,
    lmn: PyReadonlyArray2<'_, f64>,
    spectra: Spectra<'_>,
    gaussians: Option<PyReadonlyArray2<'_, f64>>,
    correlations: Vec<i32>,
    engine_name: &str,
    epsilon: f64,
    threads: Option<usize>,
    mut out: Out<'_>,
) -> PyResult<()> {
    let engine = engine(engine_name).map_err(|failure| raise(py, failure))?;
    let mix = mix(&correlations).map_err(|text| raise(py, wrong(text)))?;
    let shapes = gaussians.as_ref().map(|shapes| shapes.as_slice()).transpose()?;
    let sources =
        sources(triples(lmn.as_slice()?), shapes.map(triples)).map_err(|failure| raise(py, failure))?;
    let (uvw, channels) = (triples(uvw.as_slice()?), freq.as_slice()?);
    let arrays = Arrays { uvw, channels, sources: &sources, mix: &mix };
    let size = sources.len() * channels.len();
    let stop = AtomicBool::new(false);
    let cancelled = || stop.load(Ordering::Relaxed);
    let options = ArrayOptions { engine, epsilon, threads, cancelled: &cancelled };
    match (&spectra, &mut out) {
        (Spectra::Single(spectra), Out::Single(out)) => {
            let (planes, out) = (planes(spectra.as_slice()?, size), out.as_slice_mut()?);
            interruptible(py, &stop, || sum(&arrays, &planes, &options, out))
        }
        (Spectra::Double(spectra), Out::Double(out)) => {
            let (planes, out) = (planes(spectra.as_slice()?, size), out.as_slice_mut()?);
            interruptible(py, &stop, || exact_visibilities(&arrays, &planes, &options, out))
        }
        _ => Err(raise(py, wrong("flux densities and visibilities differ in precision"))),
    }
}

fn triples(numbers: &[f64]) -> &[[f64; 3]] {
    numbers.as_chunks().0
}

/// Computes in a thread of its own, without the GIL, and looks for signals meanwhile.
fn interruptible(
    py: Python<'_>,
    stop: &AtomicBool,
    work: impl FnOnce() -> Result<(), ArrayError> + Send,
) -> PyResult<()> {
    std::thread::scope(|scope| {
        let (done, mut heard) = channel();
        // Who listens does so until there is something to hear.
        scope.spawn(move || drop(done.send(work())));
        let mut raised = None;
        loop {
            let heard = &mut heard;
            match (py.detach(move || heard.recv_timeout(LOOK)), raised.take()) {
                (Err(RecvTimeoutError::Timeout), before) => {
                    raised = before.or(py.check_signals().err());
                    stop.store(raised.is_some(), Ordering::Relaxed);
                }
                (_, Some(error)) => return Err(error),
                (Ok(done), None) => return done.map_err(|error| raise(py, failure(error))),
                (Err(RecvTimeoutError::Disconnected), None) => {
                    return Err(raise(py, wrong("the sum stopped unexpectedly. Please report this")));
                }
            }
        }
    })
}

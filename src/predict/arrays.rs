//! Visibilities of sources in arrays, without a MeasurementSet: for simulators and tests.

use std::sync::Arc;

use kernels::{
    Complex32, Complex64, KernelError, Mix, Nufft3d, NufftOptions, NufftSky, Plane, Shape, SimdLevel, Source,
    reference,
};
use rayon::prelude::*;

use super::engine::{Content, Engine, EngineChoice, Load};
use super::predictor::{Summer, Turned};
use super::transform::{Node, ROWS as ROWS_OF_TRANSFORMS};
use super::transform_choice::{FEWEST, outermost};

/// Rows that a thread takes at a time.
const ROWS: usize = 64;

/// The most memory that grids of the sky may take [bytes].
const GRIDS: usize = 2 << 30;

/// One Stokes parameter of all sources.
#[derive(Debug, Clone, Copy)]
pub struct StokesPlane<'a, T> {
    /// 0, 1, 2, 3 for I, Q, U, V.
    pub stokes: usize,
    /// The flux densities [Jy], (source, channel), channel fastest.
    pub spectra: &'a [T],
}

/// What is summed.
#[derive(Debug, Clone, Copy)]
pub struct Arrays<'a> {
    /// Baselines [m], one triple for each row.
    pub uvw: &'a [[f64; 3]],
    /// Channels [Hz].
    pub channels: &'a [f64],
    /// The sources: each is in every plane.
    pub sources: &'a [Source],
    /// From Stokes parameters to correlations.
    pub mix: &'a Mix,
}

/// How it is summed.
#[derive(Clone, Copy)]
pub struct ArrayOptions<'a> {
    /// The engine.
    pub engine: Engine,
    /// The accuracy of the transforms, rms relative to rms |V|.
    pub epsilon: f64,
    /// Compute threads; one for each core where `None`.
    pub threads: Option<usize>,
    /// Whether the caller has given up; asked between blocks of rows, by any thread.
    pub cancelled: &'a (dyn Fn() -> bool + Sync),
}

/// Why arrays were not summed.
#[derive(Debug, thiserror::Error)]
pub enum ArrayError {
    /// The numbers do not fit each other, or are not ones that can be summed.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// The threads could not be started.
    #[error("the compute threads could not be started: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// The caller gave up.
    #[error("interrupted")]
    Interrupted,
}

/// Sums in single precision, with phases in double precision: the engines of a prediction.
///
/// `out` is (row, channel, correlation), correlation fastest [Jy], and is overwritten.
///
/// # Errors
/// [`ArrayError`] for lengths that disagree and numbers that are not finite or out of range; `out` is then of no use.
pub fn visibilities(
    arrays: &Arrays,
    planes: &[StokesPlane<f32>],
    options: &ArrayOptions,
    out: &mut [Complex32],
) -> Result<(), ArrayError> {
    let cell = check_out(arrays, out.len())?;
    let planes: Vec<Plane> = planes
        .iter()
        .map(|plane| Plane { stokes: plane.stokes, sources: arrays.sources, spectra: plane.spectra })
        .collect();
    let length = |uvw: &[f64; 3]| uvw.iter().map(|x| x * x).sum::<f64>().sqrt();
    let longest = arrays.uvw.iter().map(length).fold(0.0, f64::max);
    let range = kernels::EPSILON;
    let epsilon = options.epsilon.clamp(*range.start(), *range.end());
    let choice = EngineChoice::new(options.engine, SimdLevel::detect(), epsilon, longest);
    let pool = pool(options)?;
    // Several threads share the rows, and each of them the cost of setting up a transform.
    let rows = arrays.uvw.len().div_ceil(pool.current_num_threads()) as u64;
    let content = Content { channels: arrays.channels, planes: &planes, mix: arrays.mix };
    let summer = summer(&choice, content, arrays.uvw, rows, pool.current_num_threads())?;
    let at_a_time = if matches!(summer, Summer::Transform(_)) { ROWS_OF_TRANSFORMS } else { ROWS };
    let chunks = out.par_chunks_mut(at_a_time * cell).zip(arrays.uvw.par_chunks(at_a_time));
    pool.install(|| {
        chunks.try_for_each_init(
            || summer.scratch(),
            |scratch, (out, uvw)| {
                let mut rows: Vec<&mut [Complex32]> = out.chunks_mut(cell).collect();
                go_on(options)?;
                Ok(summer.predict(uvw, &mut rows, scratch)?)
            },
        )
    })
}

/// The plain sum in double precision: slow, and as exact as the numbers.
///
/// # Errors
/// As [`visibilities`].
pub fn exact_visibilities(
    arrays: &Arrays,
    planes: &[StokesPlane<f64>],
    options: &ArrayOptions,
    out: &mut [Complex64],
) -> Result<(), ArrayError> {
    let cell = check_out(arrays, out.len())?;
    let single: Vec<Vec<f32>> =
        planes.iter().map(|plane| plane.spectra.iter().map(|x| *x as f32).collect()).collect();
    let checked = planes.iter().zip(&single).map(|(plane, spectra)| Plane {
        stokes: plane.stokes,
        sources: arrays.sources,
        spectra,
    });
    // The plan of the fast sum checks all numbers: what it refuses has no meaning here either.
    let checked: Vec<Plane> = checked.collect();
    kernels::Direct::new(SimdLevel::Portable, arrays.channels, &checked, arrays.mix)?;
    if let Some(index) = arrays.uvw.iter().position(|row| row.iter().any(|x| !x.is_finite())) {
        return Err(KernelError::NotFinite { what: "uvw", index }.into());
    }
    let correlations = arrays.mix.correlations();
    pool(options)?.install(|| {
        out.par_chunks_mut(cell).zip(arrays.uvw).try_for_each(|(out, uvw)| {
            go_on(options)?;
            let mut stokes = vec![[Complex64::ZERO; 4]; arrays.channels.len()];
            for plane in planes {
                let sum = reference::spectrum(*uvw, arrays.channels, arrays.sources, plane.spectra);
                stokes.iter_mut().zip(sum).for_each(|(stokes, value)| stokes[plane.stokes] += value);
            }
            for (cell, stokes) in out.chunks_mut(correlations).zip(&stokes) {
                for (at, value) in cell.iter_mut().enumerate() {
                    *value = arrays.mix.apply(at, stokes);
                }
            }
            Ok(())
        })
    })
}

/// The engine that was asked for or costs least, for `rows` of each thread.
fn summer(
    choice: &EngineChoice,
    content: Content,
    uvw: &[[f64; 3]],
    rows: u64,
    threads: usize,
) -> Result<Summer, KernelError> {
    let Content { channels, planes, mix } = content;
    let options = NufftOptions::new(choice.epsilon(), GRIDS).threads(threads);
    let transform = || -> Result<Summer, KernelError> {
        let plan = Nufft3d::new(choice.level, channels, planes, mix, uvw, &options)?;
        Ok(Summer::Transform(Turned { plans: Arc::new(vec![Node::of(1.0, plan)]), index: 0, turn: None }))
    };
    let points = planes.iter().flat_map(|plane| plane.sources).filter(|s| s.shape == Shape::Point).count();
    match choice.engine {
        Engine::Nufft3d if points > 0 => match transform() {
            Err(KernelError::Memory { .. }) => {}
            made => return made,
        },
        Engine::Auto if points >= FEWEST => {
            let (kernel, _) = choice.kernel(content, Load { rows, views: 1 })?;
            let sky = NufftSky { samples: channels, planes, points: &[] };
            let some = outermost(uvw);
            let least = kernel.seconds_per_row(choice) * rows as f64;
            // What its grids do not hold goes to the delay-FFT: points alone are compared.
            let all = planes.iter().map(|plane| plane.sources.len()).sum::<usize>();
            let share = least * points as f64 / all as f64;
            let cheaper =
                Nufft3d::cost(choice.level, channels, &sky, 1, mix, &some, &options).is_ok_and(|cost| {
                    let total = cost.set_up / threads as f64 + cost.row * rows as f64;
                    all - points == cost.others && total < share
                });
            return if cheaper {
                transform().or(Ok(Summer::Kernel(kernel)))
            } else {
                Ok(Summer::Kernel(kernel))
            };
        }
        _ => {}
    }
    let (kernel, _) = choice.kernel(content, Load { rows, views: 1 })?;
    Ok(Summer::Kernel(kernel))
}

fn go_on(options: &ArrayOptions) -> Result<(), ArrayError> {
    if (options.cancelled)() { Err(ArrayError::Interrupted) } else { Ok(()) }
}

/// The visibilities of a row, where `out` has room for all rows.
fn check_out(arrays: &Arrays, found: usize) -> Result<usize, KernelError> {
    let cell = arrays.channels.len() * arrays.mix.correlations();
    let expected = cell * arrays.uvw.len();
    if cell == 0 {
        Err(KernelError::Empty { what: "channels" })
    } else if expected != found {
        Err(KernelError::Length { what: "output", expected, found })
    } else {
        Ok(cell)
    }
}

fn pool(options: &ArrayOptions) -> Result<rayon::ThreadPool, rayon::ThreadPoolBuildError> {
    rayon::ThreadPoolBuilder::new().num_threads(options.threads.unwrap_or(0)).build()
}

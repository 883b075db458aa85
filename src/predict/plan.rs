//! What is computed for which rows: the chosen sky as kernels, one for each phase centre and set-up.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use kernels::{Complex64, Direct, KernelError, Mix, Plane, Scratch, SimdLevel, Source, reference};
use rayon::prelude::*;

use super::correlate::{mix, stokes_needed};
use super::error::{PredictError, Result};
use super::geometry::Sky;
use crate::coords::{Direction, Frame};
use crate::ms::{Observation, RowSurvey};
use crate::sky::{Component, Stokes};

/// The components that feel one Stokes parameter.
struct Members {
    stokes: usize,
    components: Vec<usize>,
}

/// The channels and correlations of one DATA_DESC_ID, with the spectra of the sky at its channels.
struct Setup {
    frequencies: Vec<f64>,
    mix: Mix,
    planes: Vec<Members>,
    /// The kernel about some centre: its spectra are shared by the kernels about all others.
    base: Direct,
}

/// A kernel about one phase centre, with the working memory of the threads that use it.
pub(crate) struct Predictor {
    pub(crate) direct: Direct,
    scratch: Mutex<Vec<Scratch>>,
}

impl Predictor {
    /// Takes working memory, new only where all is in use.
    pub(crate) fn take_scratch(&self) -> Scratch {
        locked(&self.scratch).pop().unwrap_or_else(|| self.direct.scratch())
    }

    /// Gives working memory back.
    pub(crate) fn give_scratch(&self, scratch: Scratch) {
        locked(&self.scratch).push(scratch);
    }
}

/// What identifies a kernel: the field, the time where its centre moves, and the DATA_DESC_ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    field: i32,
    time: u64,
    pub(crate) data_desc: i32,
}

type Slot = Arc<OnceLock<std::result::Result<Arc<Predictor>, KernelError>>>;

/// Kernels in use, the oldest first.
#[derive(Default)]
struct Cache {
    slots: HashMap<Key, Slot>,
    order: VecDeque<Key>,
}

/// Bytes that a kernel about one centre takes for each component (positions, axes, packed copies).
const BYTES_PER_SOURCE: usize = 256;

/// The prediction of one sky for one observation.
pub(crate) struct Plan<'a> {
    observation: &'a Observation,
    components: Vec<Component>,
    skies: Vec<Sky>,
    setups: BTreeMap<i32, Setup>,
    level: SimdLevel,
    cache: Mutex<Cache>,
    kept: usize,
}

impl<'a> Plan<'a> {
    /// Plans the prediction of `components` for the (FIELD_ID, DATA_DESC_ID) pairs in `used`, keeping
    /// kernels of about `memory` bytes at a time.
    pub(crate) fn new(
        observation: &'a Observation,
        survey: &RowSurvey,
        used: &BTreeSet<(i32, i32)>,
        components: Vec<Component>,
        level: SimdLevel,
        memory: usize,
    ) -> Result<Plan<'a>> {
        let kept = (memory / (BYTES_PER_SOURCE * components.len().max(1))).clamp(8, 4096);
        let mut plan = Plan {
            observation,
            components,
            skies: Vec::new(),
            setups: BTreeMap::new(),
            level,
            cache: Mutex::default(),
            kept,
        };
        for &(field, data_desc) in used {
            let time = survey.used.get(&(field, data_desc)).map_or(0.0, |usage| usage.times[0]);
            let centre = plan.centre(field, time)?;
            plan.add_sky(centre.frame);
            if !plan.setups.contains_key(&data_desc) {
                let setup = plan.setup(data_desc, centre)?;
                plan.setups.insert(data_desc, setup);
            }
        }
        Ok(plan)
    }

    /// The instructions the kernels use.
    pub(crate) fn level(&self) -> SimdLevel {
        self.level
    }

    /// What identifies the kernel of a row.
    pub(crate) fn key(&self, field: i32, data_desc: i32, time: f64) -> Key {
        let moves = usize::try_from(field)
            .ok()
            .and_then(|id| self.observation.fields.get(id))
            .is_some_and(|field| field.moves());
        Key { field, time: if moves { time.to_bits() } else { 0 }, data_desc }
    }

    /// The kernel of rows with this key, made by the first thread that asks.
    pub(crate) fn predictor(&self, key: Key) -> Result<Arc<Predictor>> {
        let slot = {
            let mut cache = locked(&self.cache);
            if let Some(slot) = cache.slots.get(&key) {
                Arc::clone(slot)
            } else {
                while cache.order.len() >= self.kept {
                    if let Some(oldest) = cache.order.pop_front() {
                        cache.slots.remove(&oldest);
                    }
                }
                cache.order.push_back(key);
                Arc::clone(cache.slots.entry(key).or_default())
            }
        };
        let centre = self.centre(key.field, f64::from_bits(key.time))?;
        slot.get_or_init(|| self.make_predictor(key, centre))
            .clone()
            .map_err(|source| self.kernel_error(key.data_desc, source))
    }

    fn make_predictor(
        &self,
        key: Key,
        centre: Direction,
    ) -> std::result::Result<Arc<Predictor>, KernelError> {
        let Some(setup) = self.setups.get(&key.data_desc) else {
            return Err(KernelError::Empty { what: "channels" });
        };
        let all = self.sources(centre);
        let planes: Vec<Vec<Source>> = setup.planes.iter().map(|plane| plane.pick(&all)).collect();
        let views: Vec<&[Source]> = planes.iter().map(Vec::as_slice).collect();
        Ok(Arc::new(Predictor { direct: setup.base.with_sources(&views)?, scratch: Mutex::default() }))
    }

    /// The visibility of one correlation by a plain sum in double precision: what the kernels are
    /// judged by. `sources` are [`Plan::sources`] about the row's centre.
    pub(crate) fn reference(
        &self,
        sources: &[Source],
        data_desc: i32,
        uvw: [f64; 3],
        channel: usize,
        correlation: usize,
    ) -> Complex64 {
        let Some(setup) = self.setups.get(&data_desc) else {
            return Complex64::default();
        };
        let frequency = setup.frequencies[channel];
        let mut sums = [Complex64::default(); 4];
        for (component, source) in self.components.iter().zip(sources) {
            let response = reference::response(uvw, frequency, source);
            for (sum, flux) in sums.iter_mut().zip(four(component.stokes_at(frequency))) {
                *sum += response * flux;
            }
        }
        setup.mix.apply(correlation, &sums)
    }

    /// The components as sources about a centre.
    pub(crate) fn sources(&self, centre: Direction) -> Vec<Source> {
        match self.skies.iter().find(|sky| sky.frame() == centre.frame) {
            Some(sky) => sky.about(centre),
            None => Sky::new(&self.components, centre.frame).about(centre),
        }
    }

    /// The phase centre of a field at `time` [s, MJD].
    pub(crate) fn centre(&self, field: i32, time: f64) -> Result<Direction> {
        phase_centre(self.observation, field, time)
    }

    fn add_sky(&mut self, frame: Frame) {
        if !self.skies.iter().any(|sky| sky.frame() == frame) {
            self.skies.push(Sky::new(&self.components, frame));
        }
    }

    fn setup(&self, data_desc: i32, centre: Direction) -> Result<Setup> {
        let (window, polarization) = self.observation.setup(data_desc)?;
        let mix = mix(&polarization.correlations).map_err(|message| {
            PredictError::Options(format!(
                "{}: DATA_DESC_ID {data_desc}: {message}",
                self.observation.path.display()
            ))
        })?;
        let frequencies = &window.frequencies;
        let planes = members(&self.components, stokes_needed(&mix));
        let all = self.sources(centre);
        let picked: Vec<(Vec<Source>, Vec<f32>)> = planes
            .iter()
            .map(|plane| (plane.pick(&all), spectra(&self.components, plane, frequencies)))
            .collect();
        let views: Vec<Plane> = planes
            .iter()
            .zip(&picked)
            .map(|(plane, (sources, spectra))| Plane { stokes: plane.stokes, sources, spectra })
            .collect();
        let base = Direct::new(self.level, frequencies, &views, &mix)
            .map_err(|source| self.kernel_error(data_desc, source))?;
        Ok(Setup { frequencies: frequencies.clone(), mix, planes, base })
    }

    pub(crate) fn kernel_error(&self, data_desc: i32, source: KernelError) -> PredictError {
        PredictError::Kernel {
            path: self.observation.path.clone(),
            context: format!("DATA_DESC_ID {data_desc}"),
            source,
        }
    }
}

impl Members {
    fn pick(&self, all: &[Source]) -> Vec<Source> {
        self.components.iter().map(|index| all[*index]).collect()
    }
}

/// The phase centre of a field at `time` [s, MJD], or why there is none.
pub(crate) fn phase_centre(observation: &Observation, field: i32, time: f64) -> Result<Direction> {
    let row = observation.field(field)?;
    row.phase_centre(time).map_err(|message| {
        PredictError::Options(format!("{}: FIELD_ID {field}: {message}", observation.path.display()))
    })
}

/// Which components go into which plane: those that have the Stokes parameter, where a correlation feels it.
fn members(components: &[Component], needed: [bool; 4]) -> Vec<Members> {
    (0..4)
        .filter(|stokes| needed[*stokes])
        .map(|stokes| Members {
            stokes,
            components: (0..components.len())
                .filter(|index| four(components[*index].stokes)[stokes] != 0.0)
                .collect(),
        })
        .filter(|plane| !plane.components.is_empty())
        .collect()
}

/// Flux densities [Jy] of a plane's components, shape (component, channel).
fn spectra(components: &[Component], plane: &Members, frequencies: &[f64]) -> Vec<f32> {
    let mut spectra = vec![0.0f32; plane.components.len() * frequencies.len()];
    spectra.par_chunks_mut(frequencies.len().max(1)).zip(&plane.components).for_each_init(
        || vec![0.0; frequencies.len()],
        |scale, (spectrum, index)| {
            let component = &components[*index];
            component.evaluate(frequencies, scale);
            let flux = four(component.stokes)[plane.stokes];
            for (value, factor) in spectrum.iter_mut().zip(scale) {
                *value = (flux * *factor) as f32;
            }
        },
    );
    spectra
}

fn four(stokes: Stokes) -> [f64; 4] {
    [stokes.i, stokes.q, stokes.u, stokes.v]
}

/// A lock whose data stay valid even if another thread panicked while holding it: caches only.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! What is computed for which rows: the chosen sky as kernels, one for each phase centre and set-up.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use kernels::{Complex64, KernelError, Mix, Plane, Source};
use rayon::prelude::*;

use super::correlate::{mix, stokes_needed};
use super::engine::{EngineChoice, Kernel};
use super::error::{PredictError, Result};
use super::geometry::Sky;
use super::predictor::Predictor;
use super::primary::Primary;
use super::smear::{Averages, Rule, Sample, rate};
use crate::beam::Offset;
use crate::coords::{Direction, Frame};
use crate::ms::{Observation, RowBlock, RowSurvey};
use crate::sky::{Component, Stokes};

/// The components that feel one Stokes parameter.
struct Members {
    stokes: usize,
    components: Vec<usize>,
}

/// The channels and correlations of one DATA_DESC_ID, with the spectra of the sky at its channels.
struct Setup {
    frequencies: Vec<f64>,
    /// The channels' widths [Hz] and the average over them.
    widths: Vec<f64>,
    channel: Rule,
    mix: Mix,
    planes: Vec<Members>,
    spectra: Spectra,
    /// Rows of this set-up, and about how many of them see the sky through the same beam.
    rows: (u64, u64),
}

/// The flux densities of a set-up's planes.
enum Spectra {
    /// In kernels about some centre, which those about all others share: no beam. One for each node of the average over
    /// channels, with its weight.
    Shared(Vec<(f32, Kernel)>),
    /// By plane, shape (component, channel) [Jy], before the beam.
    Intrinsic(Vec<Vec<f32>>),
}

/// What identifies a kernel: the field, the time where its centre or the beam moves, the DATA_DESC_ID, and the
/// kinds of antennas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    field: i32,
    time: u64,
    pub(crate) data_desc: i32,
    /// The kinds of antennas of the baseline, where there is a beam.
    pair: (usize, usize),
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

/// What one kernel's rows see: the components about their centre, and about the pointing where there is a beam.
pub(crate) struct View {
    sources: Vec<Source>,
    offsets: Vec<Offset>,
    /// How the baselines turn [rad/s], where integrations are averaged.
    rotation: Option<[f64; 3]>,
}

/// The prediction of one sky for one observation.
pub(crate) struct Plan<'a> {
    observation: &'a Observation,
    primary: &'a Primary,
    components: Vec<Component>,
    skies: Vec<Sky>,
    setups: BTreeMap<i32, Setup>,
    engine: EngineChoice,
    averages: Averages,
    cache: Mutex<Cache>,
    kept: usize,
}

impl<'a> Plan<'a> {
    /// Plans the prediction of `components` for the (FIELD_ID, DATA_DESC_ID) pairs in `used`, keeping
    /// kernels of about `memory` bytes at a time.
    #[allow(clippy::too_many_arguments, reason = "what a plan is made of; each comes from elsewhere")]
    pub(crate) fn new(
        observation: &'a Observation,
        survey: &RowSurvey,
        used: &BTreeSet<(i32, i32)>,
        components: Vec<Component>,
        primary: &'a Primary,
        engine: EngineChoice,
        averages: Averages,
        memory: usize,
    ) -> Result<Plan<'a>> {
        let mut plan = Plan {
            observation,
            primary,
            components,
            skies: Vec::new(),
            setups: BTreeMap::new(),
            engine,
            averages,
            cache: Mutex::default(),
            kept: 0,
        };
        let mut channels = 0;
        for &(field, data_desc) in used {
            let time = survey.used.get(&(field, data_desc)).map_or(0.0, |usage| usage.times[0]);
            let centre = plan.centre(field, time)?;
            plan.add_sky(centre.frame);
            if !plan.setups.contains_key(&data_desc) {
                let setup =
                    plan.setup(data_desc, centre, rows_of(survey, used, data_desc, primary.moves()))?;
                channels = channels.max(setup.frequencies.len());
                plan.setups.insert(data_desc, setup);
            }
        }
        // A beam gives every kernel spectra of its own.
        let spectrum = if primary.is_none() { 0 } else { 4 * channels };
        let nodes = plan.setups.values().map(|setup| setup.channel.nodes().len()).max().unwrap_or(1);
        let kernel = (BYTES_PER_SOURCE + spectrum) * plan.components.len().max(1) * nodes;
        plan.kept = (memory / kernel).clamp(8, 4096);
        Ok(plan)
    }

    /// What computes the rows of each set-up, in words, and why.
    pub(crate) fn engines(&self) -> String {
        let mut words: Vec<String> = Vec::new();
        for setup in self.setups.values() {
            let word = match &setup.spectra {
                Spectra::Shared(kernels) => {
                    kernels.first().map_or_else(String::new, |(_, kernel)| kernel.describe(&self.engine))
                }
                Spectra::Intrinsic(_) => self.engine.describe(),
            };
            let nodes = setup.channel.nodes().len() * self.averages.integration.nodes().len();
            let word = if nodes > 1 { format!("{word}, {nodes} times for the averages") } else { word };
            if !words.contains(&word) {
                words.push(word);
            }
        }
        words.join("; ")
    }

    /// Whether rows are to be read with their EXPOSURE.
    pub(crate) fn needs_exposure(&self) -> bool {
        self.averages.integration != Rule::middle()
    }

    /// What identifies the kernel of row `i` of a block.
    pub(crate) fn key(&self, rows: &RowBlock, i: usize) -> Key {
        let field = rows.field[i];
        let moves = usize::try_from(field)
            .ok()
            .and_then(|id| self.observation.fields.get(id))
            .is_some_and(|field| field.moves());
        let time = if moves || self.primary.moves() { rows.time[i].to_bits() } else { 0 };
        let pair = if self.primary.is_none() {
            (0, 0)
        } else {
            self.primary.pair(rows.antenna1[i], rows.antenna2[i])
        };
        Key { field, time, data_desc: rows.data_desc[i], pair }
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
        let view = || self.view(key);
        if slot.get().is_none() {
            // Outside the slot: what can fail for the MeasurementSet's reasons is not the kernel's error.
            let view = view()?;
            let _ = slot.get_or_init(|| self.make_predictor(key, &view));
        }
        match slot.get() {
            Some(made) => made.clone().map_err(|source| self.kernel_error(key.data_desc, source)),
            None => Err(self.kernel_error(key.data_desc, KernelError::Empty { what: "kernels" })),
        }
    }

    fn make_predictor(&self, key: Key, view: &View) -> std::result::Result<Arc<Predictor>, KernelError> {
        let Some(setup) = self.setups.get(&key.data_desc) else {
            return Err(KernelError::Empty { what: "channels" });
        };
        let planes: Vec<Vec<Source>> = setup.planes.iter().map(|plane| plane.pick(&view.sources)).collect();
        let kernels = match &setup.spectra {
            Spectra::Shared(base) => {
                let views: Vec<&[Source]> = planes.iter().map(Vec::as_slice).collect();
                let about = |(weight, kernel): &(f32, Kernel)| Ok((*weight, kernel.with_sources(&views)?));
                base.iter().map(about).collect::<std::result::Result<_, KernelError>>()?
            }
            Spectra::Intrinsic(spectra) => {
                let seen = self.seen(key, setup, view, spectra);
                setup.kernels(&self.engine, &planes, &seen, setup.rows.1)?
            }
        };
        let turning = view.rotation.map(|rotation| (rotation, self.averages.integration.clone()));
        Ok(Arc::new(Predictor::new(kernels, turning)))
    }

    /// The spectra through the beam.
    fn seen(&self, key: Key, setup: &Setup, view: &View, spectra: &[Vec<f32>]) -> Vec<Vec<f32>> {
        let channels = setup.frequencies.len();
        let mut factors = vec![1.0; view.offsets.len() * channels];
        for (offset, factors) in view.offsets.iter().zip(factors.chunks_exact_mut(channels)) {
            self.primary.apply(key.pair, *offset, &setup.frequencies, factors);
        }
        let through = |plane: &Members, spectra: &Vec<f32>| -> Vec<f32> {
            plane
                .components
                .iter()
                .zip(spectra.chunks_exact(channels))
                .flat_map(|(index, spectrum)| {
                    let factors = &factors[index * channels..(index + 1) * channels];
                    spectrum.iter().zip(factors).map(|(flux, factor)| (f64::from(*flux) * factor) as f32)
                })
                .collect()
        };
        setup.planes.iter().zip(spectra).map(|(plane, spectra)| through(plane, spectra)).collect()
    }

    /// The visibility of one correlation by a plain sum in double precision: what the kernels are
    /// judged by. `view` is the [`Plan::view`] of the row's key; the row has its UVW [m] and exposure [s].
    pub(crate) fn reference(
        &self,
        view: &View,
        key: Key,
        (uvw, exposure): ([f64; 3], f64),
        channel: usize,
        correlation: usize,
    ) -> Complex64 {
        let Some(setup) = self.setups.get(&key.data_desc) else {
            return Complex64::default();
        };
        let frequency = setup.frequencies[channel];
        let averaged = setup.channel != Rule::middle();
        let sample = Sample {
            uvw,
            rate: view.rotation.map_or([0.0; 3], |rotation| rate(rotation, uvw)),
            exposure: if view.rotation.is_some() { exposure } else { 0.0 },
            frequency,
            width: if averaged { setup.widths[channel] } else { 0.0 },
        };
        let mut sums = [Complex64::default(); 4];
        for (index, (component, source)) in self.components.iter().zip(&view.sources).enumerate() {
            let beam = view.offsets.get(index).map_or(1.0, |o| self.primary.factor(key.pair, *o, frequency));
            let response = sample.response(source, &setup.channel, &self.averages.integration) * beam;
            for (sum, flux) in sums.iter_mut().zip(four(component.stokes_at(frequency))) {
                *sum += response * flux;
            }
        }
        setup.mix.apply(correlation, &sums)
    }

    /// What the rows of a key see.
    pub(crate) fn view(&self, key: Key) -> Result<View> {
        let time = f64::from_bits(key.time);
        let centre = self.centre(key.field, time)?;
        let sky = |sky: &Sky| -> Result<View> {
            let offsets = if self.primary.is_none() {
                Vec::new()
            } else {
                sky.offsets(self.primary.pointing(time, centre)?)
            };
            Ok(View { sources: sky.about(centre), offsets, rotation: self.averages.rotation(centre) })
        };
        match self.skies.iter().find(|sky| sky.frame() == centre.frame) {
            Some(known) => sky(known),
            None => sky(&Sky::new(&self.components, centre.frame)),
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

    fn setup(&self, data_desc: i32, centre: Direction, rows: (u64, u64)) -> Result<Setup> {
        let (window, polarization) = self.observation.setup(data_desc)?;
        let mix = mix(&polarization.correlations).map_err(|message| {
            PredictError::Options(format!(
                "{}: DATA_DESC_ID {data_desc}: {message}",
                self.observation.path.display()
            ))
        })?;
        let frequencies = &window.frequencies;
        let planes = members(&self.components, stokes_needed(&mix));
        let spectra: Vec<Vec<f32>> =
            planes.iter().map(|plane| spectra(&self.components, plane, frequencies)).collect();
        let mut setup = Setup {
            frequencies: frequencies.clone(),
            widths: window.widths.clone(),
            channel: self.averages.channel(&window.widths)?,
            mix,
            planes,
            spectra: Spectra::Intrinsic(Vec::new()),
            rows,
        };
        setup.spectra = if self.primary.is_none() {
            let all = Sky::new(&self.components, centre.frame).about(centre);
            let sources: Vec<Vec<Source>> = setup.planes.iter().map(|plane| plane.pick(&all)).collect();
            let base = setup.kernels(&self.engine, &sources, &spectra, setup.rows.0);
            Spectra::Shared(base.map_err(|source| self.kernel_error(data_desc, source))?)
        } else {
            Spectra::Intrinsic(spectra)
        };
        Ok(setup)
    }

    pub(crate) fn kernel_error(&self, data_desc: i32, source: KernelError) -> PredictError {
        PredictError::Kernel {
            path: self.observation.path.clone(),
            context: format!("DATA_DESC_ID {data_desc}"),
            source,
        }
    }
}

impl Setup {
    /// Kernels of these sources and spectra, by plane: one for each node of the average over channels, with its weight.
    fn kernels(
        &self,
        engine: &EngineChoice,
        sources: &[Vec<Source>],
        spectra: &[Vec<f32>],
        rows: u64,
    ) -> std::result::Result<Vec<(f32, Kernel)>, KernelError> {
        let planes: Vec<Plane> = self
            .planes
            .iter()
            .zip(sources.iter().zip(spectra))
            .map(|(plane, (sources, spectra))| Plane { stokes: plane.stokes, sources, spectra })
            .collect();
        let node = |(x, weight): &(f64, f64)| {
            let places = self.frequencies.iter().zip(&self.widths).map(|(centre, width)| centre + x * width);
            let frequencies: Vec<f64> = places.collect();
            Ok((*weight as f32, engine.kernel(&frequencies, &planes, &self.mix, rows)?))
        };
        self.channel.nodes().iter().map(node).collect()
    }
}

impl Members {
    fn pick(&self, all: &[Source]) -> Vec<Source> {
        self.components.iter().map(|index| all[*index]).collect()
    }
}

/// The rows of a set-up, and about how many of them see the sky through the same beam: those of a field, or of an
/// integration where the beam moves.
fn rows_of(survey: &RowSurvey, used: &BTreeSet<(i32, i32)>, data_desc: i32, moves: bool) -> (u64, u64) {
    let of_setup = used.iter().filter(|pair| pair.1 == data_desc).filter_map(|pair| survey.used.get(pair));
    let (mut rows, mut most) = (0, 0);
    for usage in of_setup {
        rows += usage.rows;
        most = most.max(usage.rows);
    }
    // An integration has at most as many rows as there are baselines; without counting them, a tenth of a field's.
    (rows, if moves { most.div_ceil(10) } else { most })
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
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

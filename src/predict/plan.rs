//! What is computed for which rows: the chosen sky as kernels, one for each phase centre and set-up.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use kernels::{Complex64, KernelError, Source};

use super::chain::{Chain, Matrices, Moment, Receptors, basis};
use super::correlate::{mix, plain, stokes_needed};
use super::engine::{EngineChoice, Kernel, Load};
use super::error::{PredictError, Result};
use super::geometry::Sky;
use super::joint::{Band, Bundles};
use super::plan_cache::Recent;
use super::predictor::{Predictor, Summer};
use super::primary::Primary;
use super::setup::{Setup, four, load, members, members_of, spectra};
use super::smear::{Averages, Rule, Sample, rate};
use super::space::Space;
use super::transform;
use super::transform_choice::{Choice, Work};
use crate::beam::Offset;
use crate::coords::{Direction, Frame};
use crate::image::sky::Raster;
use crate::ms::{Observation, RowBlock, RowSurvey, Tracks};
use crate::sky::Component;

/// What identifies a kernel: the field, the time where its centre or the beam moves, the DATA_DESC_ID, and the
/// kinds of antennas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(super) field: i32,
    pub(super) time: u64,
    pub(crate) data_desc: i32,
    /// The kinds of antennas of the baseline, where there is a beam.
    pub(super) pair: (usize, usize),
    /// The part of the track, where it is cut into several.
    pub(super) part: usize,
}

impl Key {
    /// What the keys of all views of the sky have in common.
    pub(super) fn of_all_views(self) -> Key {
        Key { field: 0, time: 0, pair: (0, 0), ..self }
    }
}

/// The sky of a plan: components, or images as they are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Content {
    pub(crate) components: Vec<Component>,
    pub(crate) raster: Option<Arc<Raster>>,
}

impl Content {
    /// Whether there is nothing on it.
    pub(crate) fn is_empty(&self) -> bool {
        self.components.is_empty() && self.raster.is_none()
    }

    /// The directions of its sources, or of some pixels near each.
    pub(crate) fn directions(&self) -> impl Iterator<Item = Direction> {
        let of_images = self.raster.iter().flat_map(|raster| raster.directions());
        self.components.iter().map(|component| component.position).chain(of_images)
    }
}

type Slot = OnceLock<std::result::Result<Arc<Predictor>, KernelError>>;

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
    pub(super) observation: &'a Observation,
    pub(super) primary: &'a Primary,
    bundles: &'a Bundles,
    pub(super) components: Vec<Component>,
    /// Images that are the sky in place of components.
    pub(super) raster: Option<Arc<Raster>>,
    skies: Vec<Sky>,
    pub(super) setups: BTreeMap<i32, Setup>,
    pub(super) engine: EngineChoice,
    pub(super) averages: Averages,
    pub(super) tracks: &'a Tracks,
    /// [s]
    pub(super) longest_exposure: f64,
    /// For kernels, of all kinds [bytes].
    pub(super) memory: usize,
    chain: Chain,
    /// Plans of components that antennas see through other matrices: what they predict is added.
    beside: Vec<Plan<'a>>,
    /// Whether any component has a light curve, so that kernels hold for one integration.
    pub(super) varies: bool,
    cache: Recent<Key, Slot>,
}

impl<'a> Plan<'a> {
    /// Plans the prediction of a sky for the (FIELD_ID, DATA_DESC_ID) pairs in `used`, whose spectral windows go together
    /// as the `bundles` say, keeping kernels of about `memory` bytes at a time.
    #[allow(clippy::too_many_arguments, reason = "what a plan is made of; each comes from elsewhere")]
    pub(crate) fn new(
        observation: &'a Observation,
        survey: &'a RowSurvey,
        used: &BTreeSet<(i32, i32)>,
        bundles: &'a Bundles,
        sky: Content,
        primary: &'a Primary,
        engine: EngineChoice,
        averages: Averages,
        chain: Chain,
        memory: usize,
    ) -> Result<Plan<'a>> {
        let Content { components, raster } = sky;
        let mut layers = chain.split(components, raster.is_some())?;
        let memory = memory / layers.len().max(1);
        let rest = layers.split_off(1.min(layers.len()));
        let (chain, components) = layers.pop().unwrap_or_default();
        let layer = |(chain, components)| {
            let (engine, averages) = (engine.clone(), averages.clone());
            Plan::new(
                observation,
                survey,
                used,
                bundles,
                Content { components, raster: None },
                primary,
                engine,
                averages,
                chain,
                memory,
            )
        };
        let beside = rest.into_iter().map(layer).collect::<Result<_>>()?;
        let varies = components.iter().any(|component| component.light_curve.is_some());
        let mut plan = Plan {
            observation,
            primary,
            bundles,
            components,
            raster,
            skies: Vec::new(),
            setups: BTreeMap::new(),
            engine,
            averages,
            tracks: &survey.tracks,
            longest_exposure: survey.longest_exposure,
            memory,
            chain,
            beside,
            varies,
            cache: Recent::new(0),
        };
        let mut channels = 0;
        for &(field, data_desc) in used.iter().filter(|pair| bundles.leads(pair.1)) {
            let time = survey.used.get(&(field, data_desc)).map_or(0.0, |usage| usage.times[0]);
            if !plan.setups.contains_key(&data_desc) {
                let beam = plan.has_factors().then(|| (primary.moves() || varies, primary.kinds()));
                let load = load(survey, used, data_desc, beam);
                let key = Key { field, time: time.to_bits(), data_desc, pair: (0, 0), part: 0 };
                let setup = plan.setup(key, plan.work(survey, used, data_desc, load)?)?;
                channels = channels.max(setup.frequencies.len());
                plan.setups.insert(data_desc, setup);
            }
        }
        if plan.setups.values().any(|setup| setup.transform.is_none()) {
            for &(field, data_desc) in used {
                let time = survey.used.get(&(field, data_desc)).map_or(0.0, |usage| usage.times[0]);
                plan.add_sky(plan.centre(field, time)?.frame);
            }
        }
        // A beam gives every kernel spectra of its own.
        let spectrum = if plan.has_factors() { 4 * channels } else { 0 };
        let nodes = plan.setups.values().map(|setup| setup.channel.nodes().len()).max().unwrap_or(1);
        let kernel = (BYTES_PER_SOURCE + spectrum) * plan.components.len().max(1) * nodes;
        plan.cache = Recent::new((memory / kernel).clamp(8, 4096));
        Ok(plan)
    }

    /// Images that are the sky as they are.
    pub(crate) fn raster(&self) -> Option<&Raster> {
        self.raster.as_deref()
    }

    /// Whether kernels have spectra of their own: through a beam, or at a time.
    pub(super) fn has_factors(&self) -> bool {
        self.varies || !self.primary.is_none()
    }

    /// What computes the rows of each spectral window, in words, and why; windows of which the same can be said together.
    pub(crate) fn engines(&self) -> Vec<String> {
        let nodes = self.averages.integration.nodes().len();
        let mut told: Vec<(Vec<i32>, usize, bool, String)> = Vec::new();
        for setup in self.setups.values() {
            let nodes = setup.channel.nodes().len() * nodes;
            let word = if nodes > 1 {
                format!("{}; {nodes} times for the averages", setup.engine)
            } else {
                setup.engine.clone()
            };
            let windows = &setup.spectral_windows;
            let (channels, together) = (setup.frequencies.len() / windows.len().max(1), windows.len() > 1);
            match told.iter_mut().find(|(_, count, joint, known)| {
                !(*joint || together) && *count == channels && *known == word
            }) {
                Some((known, ..)) => known.extend(windows),
                None => told.push((windows.clone(), channels, together, word)),
            }
        }
        let own = told.into_iter().map(|(windows, channels, together, word)| {
            let each = if windows.len() > 1 { " each" } else { "" };
            let together = if together { " together" } else { "" };
            let windows = ranges(windows);
            format!("SPW {windows} ({channels} channel{}{each}){together}: {word}", plural(channels))
        });
        let mut lines: Vec<String> = own.collect();
        // Those of other directions often say the same.
        for line in self.beside.iter().flat_map(Plan::engines) {
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines
    }

    /// Whether rows are to be read with their EXPOSURE.
    pub(crate) fn needs_exposure(&self) -> bool {
        self.averages.integration != Rule::middle()
    }

    /// What predicts components that antennas see through other matrices.
    pub(crate) fn beside(&self) -> &[Plan<'a>] {
        &self.beside
    }

    /// The channels of a row of this DATA_DESC_ID that are predicted, where those are not all.
    pub(crate) fn part(&self, data_desc: i32) -> Option<Range<usize>> {
        self.bundles.part(data_desc)
    }

    /// What identifies the kernel of row `i` of a block.
    pub(crate) fn key(&self, rows: &RowBlock, i: usize) -> Key {
        let field = rows.field[i];
        let transform = self.setups.get(&rows.data_desc[i]).and_then(|setup| setup.transform.as_ref());
        let part = transform.map_or(0, |transform| transform.part(rows.time[i]));
        let time =
            if self.moves(field) || self.varies || self.primary.moves() { rows.time[i].to_bits() } else { 0 };
        let pair = if self.primary.is_none() {
            (0, 0)
        } else {
            self.primary.pair(rows.antenna1[i], rows.antenna2[i])
        };
        Key { field, time, data_desc: rows.data_desc[i], pair, part }
    }

    /// Whether the phase centre of a field moves.
    pub(super) fn moves(&self, field: i32) -> bool {
        let id = usize::try_from(field).ok();
        id.and_then(|id| self.observation.fields.get(id)).is_some_and(|field| field.moves())
    }

    /// How many rows a block is to have, where that matters more than its bytes.
    pub(crate) fn rows_wanted(&self) -> Option<usize> {
        let transforms = |plan: &Plan| plan.setups.values().any(|setup| setup.transform.is_some());
        (transforms(self) || self.beside.iter().any(transforms)).then_some(transform::ROWS)
    }

    /// The kernel of rows with this key, made by the first thread that asks.
    pub(crate) fn predictor(&self, key: Key) -> Result<Arc<Predictor>> {
        if let Some(setup) = self.setups.get(&key.data_desc)
            && let Some(transform) = &setup.transform
        {
            return self.transformed(key, setup, transform);
        }
        let slot = self.cache.get(key);
        if slot.get().is_none() {
            // Outside the slot: what can fail for the MeasurementSet's reasons is not the kernel's error.
            let view = self.view(key)?;
            let _ = slot.get_or_init(|| self.make_predictor(key, &view));
        }
        match slot.get() {
            Some(made) => made.clone().map_err(|source| self.kernel_error(key.data_desc, source)),
            None => Err(self.kernel_error(key.data_desc, KernelError::Empty { what: "kernels" })),
        }
    }

    /// How many kernels may be made before rows need them.
    pub(crate) fn ahead(&self) -> usize {
        // Transforms of views are large, and few are kept.
        let by_view =
            |setup: &Setup| setup.transform.as_ref().is_some_and(|transform| transform.is_by_view());
        if self.setups.values().any(by_view) { 0 } else { self.cache.most() / 4 }
    }

    fn make_predictor(&self, key: Key, view: &View) -> std::result::Result<Arc<Predictor>, KernelError> {
        let Some(setup) = self.setups.get(&key.data_desc) else {
            return Err(KernelError::Empty { what: "channels" });
        };
        let sources = setup.sources(&view.sources);
        let kernels = if !self.has_factors() {
            let views: Vec<&[Source]> = sources.iter().map(Vec::as_slice).collect();
            let about = |(weight, kernel): &(f32, Kernel)| Ok((*weight, kernel.with_sources(&views)?));
            setup.base.iter().map(about).collect::<std::result::Result<Vec<_>, KernelError>>()?
        } else {
            setup.kernels(&sources, &setup.through(&self.factors(key, setup, view)))?
        };
        let turning = view.rotation.map(|rotation| (rotation, self.averages.integration.clone()));
        let kernels = kernels.into_iter().map(|(weight, kernel)| (weight, Summer::Kernel(kernel)));
        Ok(Arc::new(Predictor::new(kernels.collect(), turning)))
    }

    /// What the beam makes of every component at every channel, shape (component, channel).
    fn factors(&self, key: Key, setup: &Setup, view: &View) -> Vec<f64> {
        let channels = setup.frequencies.len();
        let mut factors = vec![1.0; self.components.len() * channels];
        for (offset, factors) in view.offsets.iter().zip(factors.chunks_exact_mut(channels.max(1))) {
            self.primary.apply(key.pair, *offset, &setup.frequencies, factors);
        }
        for (component, factors) in self.components.iter().zip(factors.chunks_exact_mut(channels.max(1))) {
            if let Some(curve) = &component.light_curve {
                let factor = curve.factor(f64::from_bits(key.time));
                factors.iter_mut().for_each(|value| *value *= factor);
            }
        }
        factors
    }

    /// The visibility of one correlation by a plain sum in double precision: what the kernels are
    /// judged by. `view` is the [`Plan::view`] of the row's key; the row has its UVW [m] and exposure [s], and antennas.
    pub(crate) fn reference(
        &self,
        view: &View,
        key: Key,
        (uvw, exposure): ([f64; 3], f64),
        moments: [&Moment; 2],
        channel: usize,
        correlation: usize,
    ) -> Result<Complex64> {
        let Some(setup) = self.setups.get(&key.data_desc) else {
            return Ok(Complex64::default());
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
            let mut beam =
                view.offsets.get(index).map_or(1.0, |o| self.primary.factor(key.pair, *o, frequency));
            if let Some(curve) = &component.light_curve {
                beam *= curve.factor(f64::from_bits(key.time));
            }
            let response = sample.response(source, &setup.channel, &self.averages.integration) * beam;
            for (sum, flux) in sums.iter_mut().zip(four(component.stokes_at(frequency))) {
                *sum += response * flux;
            }
        }
        if let Some(raster) = &self.raster {
            let centre = self.centre(key.field, f64::from_bits(key.time))?;
            let pointing = match self.primary.is_none() {
                true => None,
                false => Some(self.primary.pointing(f64::from_bits(key.time), centre)?.to(centre.frame)),
            };
            let of_raster = self.sum_of_raster(raster, setup, key.pair, &sample, centre, pointing);
            sums.iter_mut().zip(of_raster).for_each(|(sum, part)| *sum += part);
        }
        match setup.receptors() {
            None => Ok(setup.mix.apply(correlation, &sums)),
            Some(receptors) => {
                let centre = self.centre(moments[0].field, moments[0].time)?;
                self.chain.correlation(moments, &receptors, centre, frequency, correlation, &sums)
            }
        }
    }

    /// What a chain must know of a set-up; none where its rows do not go through one.
    pub(crate) fn receptors(&self, data_desc: i32) -> Option<Receptors<'_>> {
        self.setups.get(&data_desc).and_then(Setup::receptors)
    }

    /// The matrices of antennas; none where rows do not go through a chain.
    pub(crate) fn matrices(&self, moments: impl Iterator<Item = Moment>) -> Result<Option<Matrices>> {
        if self.chain.is_none() {
            return Ok(None);
        }
        let mut wanted: Vec<Moment> = Vec::new();
        let mut known = HashSet::new();
        wanted.extend(moments.filter(|moment| known.insert(moment.key())));
        let with = wanted.into_iter().filter_map(|moment| Some((moment, self.receptors(moment.data_desc)?)));
        let all = with
            .map(|(moment, receptors)| Ok((moment, receptors, self.centre(moment.field, moment.time)?)))
            .collect::<Result<Vec<_>>>()?;
        self.chain.matrices(&all).map(Some)
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

    /// The rows of a set-up, for an engine that serves several phase centres at once.
    fn work(
        &self,
        survey: &RowSurvey,
        used: &BTreeSet<(i32, i32)>,
        data_desc: i32,
        load: Load,
    ) -> Result<Work> {
        let mut work = Work {
            data_desc,
            load,
            centres: 0,
            spaces: 0,
            setups: used
                .iter()
                .map(|pair| pair.1)
                .filter(|id| self.bundles.leads(*id))
                .collect::<BTreeSet<i32>>()
                .len(),
            times: [f64::INFINITY, f64::NEG_INFINITY],
        };
        let mut spaces: Vec<Space> = Vec::new();
        for pair in used.iter().filter(|pair| pair.1 == data_desc) {
            let Some(usage) = survey.used.get(pair) else { continue };
            work.times = [work.times[0].min(usage.times[0]), work.times[1].max(usage.times[1])];
            work.centres += if self.moves(pair.0) { 2 } else { 1 };
            let space = Space::of(self.centre(pair.0, usage.times[0])?.frame);
            if !spaces.contains(&space) {
                spaces.push(space);
            }
        }
        work.spaces = spaces.len();
        Ok(work)
    }

    /// The set-up of a key's rows; its base is about the key's phase centre and through its beam.
    fn setup(&self, key: Key, work: Work) -> Result<Setup> {
        let data_desc = key.data_desc;
        let Band { windows, frequencies, widths, correlations } =
            self.bundles.band(self.observation, data_desc)?;
        let mix = mix(&correlations).map_err(|message| {
            PredictError::Options(format!(
                "{}: DATA_DESC_ID {data_desc}: {message}",
                self.observation.path.display()
            ))
        })?;
        let basis = if self.chain.is_none() { None } else { Some(basis(&correlations)?) };
        let mix = match basis {
            None => mix,
            Some(_) => plain().map_err(PredictError::Options)?,
        };
        let needed = stokes_needed(&mix);
        let planes = match &self.raster {
            None => members(&self.components, needed),
            Some(raster) => members_of(raster, needed),
        };
        let mut setup = Setup {
            spectral_windows: windows,
            channel: self.averages.channel(&widths)?,
            mix,
            correlations,
            basis,
            spectra: Vec::new(),
            frequencies,
            widths,
            planes,
            base: Vec::new(),
            engine: String::new(),
            transform: None,
        };
        let why = match self.choose_transform(key, &setup, &work)? {
            Choice::Transform(transform, words) => {
                (setup.transform, setup.engine) = (Some(transform), words);
                return Ok(setup);
            }
            Choice::Other(why) => why,
        };
        setup.spectra =
            setup.planes.iter().map(|plane| spectra(&self.components, plane, &setup.frequencies)).collect();
        let view = self.view(key)?;
        let sources = setup.sources(&view.sources);
        let seen = if !self.has_factors() {
            std::mem::take(&mut setup.spectra)
        } else {
            setup.through(&self.factors(key, &setup, &view))
        };
        setup
            .set_base(&self.engine, &sources, &seen, work.load)
            .map_err(|source| self.kernel_error(data_desc, source))?;
        if let Some(why) = why {
            setup.engine.push_str(&format!("; {why}"));
        }
        Ok(setup)
    }

    /// The sky, for another plan.
    pub(super) fn into_sky(self) -> Content {
        let beside = self.beside.into_iter().flat_map(|plan| plan.into_sky().components);
        Content { components: self.components.into_iter().chain(beside).collect(), raster: self.raster }
    }

    pub(crate) fn kernel_error(&self, data_desc: i32, source: KernelError) -> PredictError {
        PredictError::Kernel {
            path: self.observation.path.clone(),
            context: format!("DATA_DESC_ID {data_desc}"),
            source,
        }
    }
}

/// The ending of a word for so many.
pub(super) fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// `0–15`, `0, 2–4`: each number once.
fn ranges(mut numbers: Vec<i32>) -> String {
    numbers.sort_unstable();
    numbers.dedup();
    let mut parts: Vec<(i32, i32)> = Vec::new();
    for number in numbers {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => parts.push((number, number)),
        }
    }
    let part = |(first, last): (i32, i32)| match first == last {
        true => first.to_string(),
        false => format!("{first}–{last}"),
    };
    parts.into_iter().map(part).collect::<Vec<_>>().join(", ")
}

/// The phase centre of a field at `time` [s, MJD], or why there is none.
pub(crate) fn phase_centre(observation: &Observation, field: i32, time: f64) -> Result<Direction> {
    let row = observation.field(field)?;
    row.phase_centre(time).map_err(|message| {
        PredictError::Options(format!("{}: FIELD_ID {field}: {message}", observation.path.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_numbers_are_ranges() {
        assert_eq!(ranges(vec![3]), "3");
        assert_eq!(ranges((0..16).collect()), "0–15");
        assert_eq!(ranges(vec![7, 0, 2, 3, 2, 4]), "0, 2–4, 7");
    }
}

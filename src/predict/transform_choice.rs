//! Whether transforms of the sky serve the rows of a set-up, and how the track is cut for them: by what all would cost.

use kernels::{KernelError, Nufft3d, NufftOptions, NufftSky, Plane, Source};

use super::engine::{Content, Engine, Load};
use super::error::Result;
use super::plan::{Key, Plan, plural};
use super::plan_cache::Recent;
use super::setup::{Members, Setup};
use super::transform::{Borrowed, Transform, ViewOf};
use crate::sky::{AngleFrame, Shape};

/// Fewer points than this are never worth a transform, and not worth asking.
pub(super) const FEWEST: usize = 500;

/// Fewer points times rows than this take any engine less time than to ask what another would.
const LEAST: f64 = 2.5e8;

/// Components that estimates look at.
const SOME: usize = 8192;

/// Baselines that they look at: as many for each facet, of which there may be thousands.
const BASELINES: usize = 1024;

/// Components whose spectra say at how many frequencies they are needed.
const JURY: usize = 256;

/// The most frequencies at which spectra are held.
const SAMPLES: usize = 12;

/// The part of ε that interpolation between those frequencies may have.
const SHARE: f64 = 0.05;

/// The most parts that a track is cut into.
const PARTS: usize = 32;

/// The part of the memory that is for grids; the rest is for blocks and for what an estimate did not see.
const GRIDS: f64 = 0.75;

/// The rows of a set-up.
pub(super) struct Work {
    pub(super) data_desc: i32,
    pub(super) load: Load,
    /// How many phase centres they have, about which position angles may count; and in how many spaces.
    pub(super) centres: usize,
    pub(super) spaces: usize,
    /// How many set-ups there are in all.
    pub(super) setups: usize,
    /// The first and the last time [s, MJD].
    pub(super) times: [f64; 2],
}

impl Work {
    /// How many plans a part of the track needs.
    fn plans(&self, transform: &Transform) -> f64 {
        if transform.each_view { self.load.views.max(self.centres as u64) as f64 } else { 1.0 }
    }
}

/// What was decided about transforms.
pub(super) enum Choice {
    /// They do it; with what is to be said of them.
    Transform(Box<Transform>, String),
    /// Another engine does; with the reason, where one is due.
    Other(Option<String>),
}

/// What a number of parts of the track would cost.
struct Estimate {
    starts: Vec<f64>,
    /// Seconds of one core: to make all plans, and for a row.
    set_up: f64,
    row: f64,
    facets: usize,
    bytes: usize,
}

impl Plan<'_> {
    /// Decides whether transforms serve the rows of a set-up: where they are asked for, or cost least.
    pub(super) fn choose_transform(&self, key: Key, setup: &Setup, work: &Work) -> Result<Choice> {
        let asked = self.engine.engine == Engine::Nufft3d;
        let points = setup
            .planes
            .iter()
            .flat_map(|plane| &plane.components)
            .filter(|index| self.components[**index].shape == Shape::Point)
            .count();
        let worth_asking = points >= FEWEST && points as f64 * work.load.rows as f64 >= LEAST;
        if !(asked || self.engine.engine == Engine::Auto && worth_asking) {
            return Ok(Choice::Other(None));
        }
        let refused = |why: String| {
            let asked = if asked { "nufft3d was asked for but not taken" } else { "nufft3d not taken" };
            Ok(Choice::Other(Some(format!("{asked}: {why}"))))
        };
        if points == 0 {
            return refused("the sky has no points".into());
        }
        let time = f64::from_bits(key.time);
        let centre = self.centre(key.field, time)?;
        // Position angles from the centre's north are another sky about another centre.
        let turning = work.centres > 1
            && self
                .components
                .iter()
                .any(|component| matches!(component.shape.angle(), Some((_, AngleFrame::Centre))));
        let nodes = setup.channel.nodes().len();
        let mut transform = Transform {
            centre,
            each_view: self.has_factors() || turning || work.spaces > 1,
            starts: Vec::new(),
            samples: None,
            options: NufftOptions::new(self.engine.epsilon(), 0).threads(rayon::current_num_threads()),
            made: Recent::new(2),
        };
        let view = self.view_of(&transform, key)?;
        let Some(samples) = self.sample_count(setup, &view) else {
            return refused("spectra too steep for a few frequencies".into());
        };
        transform.samples = samples;
        // All at a time: those of other set-ups, of the nodes of averages, and those next in turn.
        let at_once = |parts: usize| match (transform.each_view, parts) {
            (true, _) => 2 + transform.options.threads,
            (false, 1) => 1,
            (false, _) => 2,
        };
        let share = GRIDS * self.memory as f64 / (work.setups * nodes) as f64;
        let memory = |parts: usize| (share / at_once(parts) as f64) as usize;
        let estimate = self.estimate(setup, &transform, &view, work, &memory);
        let estimate = match estimate {
            Ok(estimate) => estimate,
            Err(KernelError::Memory { needed, limit }) => {
                return refused(format!(
                    "its grids need {} MiB where --memory leaves {}",
                    needed >> 20,
                    limit >> 20
                ));
            }
            Err(why) => return refused(why.to_string()),
        };
        let passes = (nodes * self.averages.integration.nodes().len()) as f64;
        let plans = work.plans(&transform) * nodes as f64;
        let rows = work.load.rows as f64;
        let total = estimate.set_up * plans + estimate.row * passes * rows;
        let other = self
            .other_cost(setup, &view, points)
            .map(|[set_up, row]| (set_up * work.load.views as f64 + row * passes * rows, row));
        let other = match (asked, other) {
            (true, other) => other.ok(),
            (false, Ok(other)) if total < other.0 => Some(other),
            // What is wrong with the sky or the channels, the other engines say.
            (false, _) => return Ok(Choice::Other(None)),
        };
        let parts = estimate.starts.len() + 1;
        transform.options.memory = memory(parts);
        transform.made = Recent::new(if transform.each_view || parts > 1 { 2 } else { 1 });
        transform.starts = estimate.starts;
        let words = format!(
            "nufft3d, about {:.1} µs a row{}; {} of {points} points in {} facet{}, {} MiB, made in about {:.1} s of a core; \
             ε {:.0e}{}",
            estimate.row * 1e6,
            other.map_or(String::new(), |(_, row)| format!(" against {:.1} µs by the delay-FFT", row * 1e6)),
            match (transform.each_view, parts) {
                (true, 1) => "a grid for each view".to_owned(),
                (true, _) => format!("a grid for each view and each of {parts} parts of the track"),
                (false, 1) => "one grid for all rows".to_owned(),
                (false, _) => format!("a grid for each of {parts} parts of the track"),
            },
            estimate.facets,
            plural(estimate.facets),
            estimate.bytes >> 20,
            estimate.set_up / parts as f64,
            self.engine.epsilon(),
            match self.components.iter().filter(|c| c.shape != Shape::Point).count() {
                0 => String::new(),
                n => format!("; {n} sources with shapes by the delay-FFT"),
            },
        );
        Ok(Choice::Transform(Box::new(transform), words))
    }

    /// At how many frequencies the spectra are needed: Some(None) for all channels, none if no few of them will do.
    fn sample_count(&self, setup: &Setup, view: &ViewOf) -> Option<Option<usize>> {
        let channels = &setup.frequencies;
        if channels.len() <= SAMPLES {
            return Some(None);
        }
        let samples = Nufft3d::samples(channels, SAMPLES);
        let thin = thinned(&setup.planes, JURY);
        let (mut power, mut tails) = (0.0, [0.0; SAMPLES + 1]);
        for list in self.lists(&thin, &samples, view, 1) {
            let spectra = list.points.1.chunks_exact(SAMPLES).chain(list.shaped.1.chunks_exact(SAMPLES));
            for spectrum in spectra {
                let term = |k: usize| {
                    let angle = |i: usize| std::f64::consts::PI * (i as f64 + 0.5) / SAMPLES as f64;
                    let sum = |(i, flux): (usize, &f32)| f64::from(*flux) * (k as f64 * angle(i)).cos();
                    spectrum.iter().enumerate().map(sum).sum::<f64>() * 2.0 / SAMPLES as f64
                };
                power += (0.5 * term(0)).powi(2);
                let mut tail = 0.0;
                for k in (0..SAMPLES).rev() {
                    // What a series leaves out, interpolation adds to what it keeps as much again. Single precision ends at
                    // some 1e-8.
                    tail += term(k).abs();
                    tails[k] += (2.0 * tail).powi(2);
                }
            }
        }
        let allowed = (SHARE * self.engine.epsilon()).max(2e-7).powi(2) * power;
        (3..SAMPLES).find(|count| tails[*count] <= allowed).map(Some)
    }

    /// How the track is best cut, and what that costs.
    fn estimate(
        &self,
        setup: &Setup,
        transform: &Transform,
        view: &ViewOf,
        work: &Work,
        memory: &impl Fn(usize) -> usize,
    ) -> std::result::Result<Estimate, KernelError> {
        let channels = &setup.frequencies;
        let samples = transform.frequencies(channels);
        let thin = thinned(&setup.planes, SOME);
        let count = |planes: &[Members]| planes.iter().map(|p| p.components.len()).sum::<usize>();
        let each = count(&setup.planes).div_ceil(count(&thin).max(1)).max(1);
        let lists = self.lists(&thin, &samples, view, 1);
        let [first, last] = work.times;
        let mut best: Option<Estimate> = None;
        let mut refused = KernelError::Empty { what: "rows" };
        let mut parts = 1;
        while parts <= PARTS {
            let starts: Vec<f64> =
                (1..parts).map(|i| first + (last - first) * i as f64 / parts as f64).collect();
            let cut = Transform { starts: starts.clone(), made: Recent::new(1), ..*transform };
            let looked: Vec<usize> = match parts {
                1..=3 => (0..parts).collect(),
                _ => vec![0, parts / 2, parts - 1],
            };
            let (mut set_up, mut row, mut facets, mut bytes, mut seen) = (0.0, 0.0, 0, 0, 0);
            let mut fits = true;
            for part in looked {
                let uvw = self.baselines(&cut, work.data_desc, part, view.axes).unwrap_or_default();
                if uvw.is_empty() {
                    continue;
                }
                let uvw = outermost(&uvw);
                // What the thinned lists do not show must fit, too.
                let memory = memory(parts) / 5 * 4;
                let options = NufftOptions::new(self.engine.epsilon(), memory);
                let sky = Borrowed::new(&lists);
                let (planes, points) = (sky.planes(), sky.points());
                let sky = NufftSky { samples: &samples, planes: &planes, points: &points };
                match Nufft3d::cost(self.engine.level, channels, &sky, each, &setup.mix, &uvw, &options) {
                    Ok(cost) => {
                        set_up += cost.set_up;
                        row += cost.row;
                        facets = facets.max(cost.facets);
                        bytes = bytes.max(cost.bytes);
                        seen += 1;
                    }
                    Err(error) => {
                        (fits, refused) = (false, error);
                        break;
                    }
                }
            }
            if fits && seen > 0 {
                let (set_up, row) = (set_up / f64::from(seen) * parts as f64, row / f64::from(seen));
                let plans = work.plans(transform);
                let total = |e: &Estimate| e.set_up * plans + e.row * work.load.rows as f64;
                let found = Estimate { starts, set_up, row, facets, bytes };
                let worse = best.as_ref().is_some_and(|best| total(best) <= total(&found));
                if worse {
                    break;
                }
                best = Some(found);
            }
            // More parts at a time leave each less memory: where it does not suffice for one, it does not for several.
            if !fits || !self.tracks.is_ordered() || last <= first {
                break;
            }
            parts *= 2;
        }
        best.ok_or(refused)
    }

    /// Seconds of one core by the cheaper of the other engines, without sources that have shapes: to set up, and for a row. From some of the
    /// points, as costs grow with their number.
    fn other_cost(
        &self,
        setup: &Setup,
        view: &ViewOf,
        points: usize,
    ) -> std::result::Result<[f64; 2], KernelError> {
        const FEW: usize = 64;
        let channels = &setup.frequencies;
        let lists = self.lists(&thinned(&setup.planes, FEW), channels, view, 1);
        // The same points several times: the delays stay as long.
        let at = |copies: usize| -> std::result::Result<[f64; 2], KernelError> {
            let sources: Vec<(usize, Vec<Source>, Vec<f32>)> = lists
                .iter()
                .map(|list| {
                    let point = |lmn: &[f64; 3]| Source { lmn: *lmn, shape: kernels::Shape::Point };
                    let places = (0..copies).flat_map(|_| list.points.0.iter().map(point));
                    (list.stokes, places.collect(), list.points.1.repeat(copies))
                })
                .collect();
            let planes: Vec<Plane> = sources
                .iter()
                .map(|(stokes, sources, spectra)| Plane { stokes: *stokes, sources, spectra })
                .collect();
            let content = Content { channels, planes: &planes, mix: &setup.mix };
            let found: usize = planes.iter().map(|plane| plane.sources.len()).sum();
            Ok([found as f64, self.engine.seconds_per_row(content)?])
        };
        let (few, more) = (at(1)?, at(4)?);
        let slope = (more[1] - few[1]) / (more[0] - few[0]).max(1.0);
        let row = more[1] + slope.max(0.0) * (points as f64 - more[0]);
        Ok([self.engine.set_up(points * channels.len()), row])
    }
}

/// Every so manyth component of each plane, no more than `most` in all.
fn thinned(planes: &[Members], most: usize) -> Vec<Members> {
    let count: usize = planes.iter().map(|plane| plane.components.len()).sum();
    let step = count.div_ceil(most).max(1);
    let thin = |plane: &Members| Members {
        stokes: plane.stokes,
        components: plane.components.iter().copied().step_by(step).collect(),
    };
    planes.iter().map(thin).collect()
}

/// Some of the baselines, with the outermost in many directions.
pub(super) fn outermost(uvw: &[[f64; 3]]) -> Vec<[f64; 3]> {
    if uvw.len() <= BASELINES {
        return uvw.to_vec();
    }
    let mut some: Vec<[f64; 3]> = uvw.iter().copied().step_by(uvw.len().div_ceil(BASELINES)).collect();
    let sides = [-1.0, 0.0, 1.0];
    for a in sides {
        for b in sides {
            for c in sides {
                let along = |x: &&[f64; 3]| a * x[0] + b * x[1] + c * x[2];
                some.extend(uvw.iter().max_by(|x, y| along(x).total_cmp(&along(y))));
            }
        }
    }
    some
}

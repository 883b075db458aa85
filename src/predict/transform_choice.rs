//! Whether transforms of the sky serve the rows of a set-up, and how the track is cut for them: by what all would cost.

use std::ops::Range;

use kernels::{KernelError, Nufft3d, NufftCost, NufftOptions, NufftSky, Patches, Plane, Source};

use super::engine::{Content, Engine, Load};
use super::error::{PredictError, Result};
use super::pixels::{Few, Pixels, runs};
use super::plan::{Key, Plan, plural};
use super::plan_cache::Recent;
use super::setup::{Members, Setup};
use super::transform::{Borrowed, Lists, Transform, ViewOf};
use crate::sky::{AngleFrame, Shape};

/// Fewer points than this are never worth a transform, and not worth asking.
pub(super) const FEWEST: usize = 500;

/// Fewer points times rows than this take the delay-FFT less time (6 ns each) than it takes to make grids (0.4 s of a core at
/// ε 1e-6): not worth asking, which takes up to 0.1 s (measured).
const LEAST: f64 = 6e7;

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
        let raster = self.raster.as_deref();
        let asked = self.engine.engine == Engine::Nufft3d || raster.is_some();
        let points = match raster {
            Some(raster) => setup.planes.iter().map(|plane| raster.points(plane.stokes)).sum(),
            None => setup
                .planes
                .iter()
                .flat_map(|plane| &plane.components)
                .filter(|index| self.components[**index].shape == Shape::Point)
                .count(),
        };
        let worth_asking = points >= FEWEST && points as f64 * work.load.rows as f64 >= LEAST;
        if !(asked || self.engine.engine == Engine::Auto && worth_asking) {
            return Ok(Choice::Other(None));
        }
        let refused = |why: String| {
            if let (Some(raster), true) = (raster, points > 0) {
                return Err(PredictError::Options(format!(
                    "{} pixels are other than zero, too many to be predicted one by one, and no transform serves them: {why}",
                    raster.pixels
                )));
            }
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
            let advice =
                if raster.is_some() { "; give --spectrum stepped, or fewer --spectral-terms" } else { "" };
            return refused(format!("spectra too steep for a few frequencies{advice}"));
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
            (true, _) if raster.is_some() => None,
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
            "nufft3d, about {:.1} µs a row{}; {} of {points} {} in {} facet{}, {} MiB, made in about {:.1} s of a core; \
             ε {:.0e}{}",
            estimate.row * 1e6,
            other.map_or(String::new(), |(_, row)| format!(" against {:.1} µs by the delay-FFT", row * 1e6)),
            match (transform.each_view, parts) {
                (true, 1) => "a grid for each view".to_owned(),
                (true, _) => format!("a grid for each view and each of {parts} parts of the track"),
                (false, 1) => "one grid for all rows".to_owned(),
                (false, _) => format!("a grid for each of {parts} parts of the track"),
            },
            if raster.is_some() { "pixels" } else { "points" },
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
        if self.raster.is_none() && channels.len() <= SAMPLES {
            return Some(None);
        }
        // Where images of channels are steps, the longest of them tells.
        let runs = self.runs(channels);
        let run = runs.into_iter().max_by_key(Range::len)?;
        let samples = Nufft3d::samples(&channels[run], SAMPLES);
        let thin = thinned(&setup.planes, JURY);
        let few = self.few(setup, view, &samples, JURY);
        let lists = self.lists(&thin, &samples, view, 1);
        let spectra: Vec<&[f32]> = few
            .iter()
            .flat_map(|(_, few)| few.spectra())
            .chain(lists.iter().flat_map(|list| [list.points.1.as_slice(), list.shaped.1.as_slice()]))
            .collect();
        let (mut power, mut tails) = (0.0, [0.0; SAMPLES + 1]);
        for spectra in spectra {
            for spectrum in spectra.chunks_exact(SAMPLES) {
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
        // A pixel that is not looked at may have more of a spectrum than those that are; one image has none at all.
        let least = if self.raster.as_ref().is_some_and(|raster| raster.is_flat()) { 1 } else { 3 };
        (least..SAMPLES).find(|count| tails[*count] <= allowed).map(Some)
    }

    /// The channels that are predicted together: all, or those that take the same of several images.
    fn runs(&self, channels: &[f64]) -> Vec<Range<usize>> {
        runs(self.raster.as_ref().map_or(&[], |raster| raster.steps()), channels)
    }

    /// Some `most` pixels of the images, for each plane those of its Stokes parameter; none where the sky is no images.
    fn few(&self, setup: &Setup, view: &ViewOf, samples: &[f64], most: usize) -> Vec<(usize, Few)> {
        let Some(raster) = &self.raster else { return Vec::new() };
        let of_plane = |plane: &Members| {
            let each = (raster.points(plane.stokes) / most).max(1);
            let pixels = Pixels::new(raster, plane.stokes, view, self.primary, samples, each);
            (plane.stokes, Few::new(&pixels))
        };
        setup.planes.iter().map(of_plane).collect()
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
        let look = Look::new(self, setup, transform, view);
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
                let options = NufftOptions::new(self.engine.epsilon(), memory(parts) / 5 * 4);
                match look.cost(&uvw, options) {
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

/// Some of a sky, by which estimates go.
struct Look<'a> {
    plan: &'a Plan<'a>,
    setup: &'a Setup,
    lists: Vec<Lists>,
    /// How many components each of the lists stands for.
    each: usize,
    /// Of images, those for each run of channels.
    images: Vec<Run>,
    samples: Vec<f64>,
}

/// Some pixels of the images that a run of channels takes.
struct Run {
    channels: Range<usize>,
    /// [Hz]
    samples: Vec<f64>,
    /// For each Stokes parameter.
    few: Vec<(usize, Few)>,
    /// How many each stands for.
    each: usize,
}

impl<'a> Look<'a> {
    fn new(plan: &'a Plan<'a>, setup: &'a Setup, transform: &Transform, view: &ViewOf) -> Look<'a> {
        let channels = &setup.frequencies;
        let samples = transform.frequencies(channels);
        let thin = thinned(&setup.planes, SOME);
        let count = |planes: &[Members]| planes.iter().map(|p| p.components.len()).sum::<usize>();
        let each = count(&setup.planes).div_ceil(count(&thin).max(1)).max(1);
        let lists = plan.lists(&thin, &samples, view, 1);
        let images = plan.raster.iter().flat_map(|raster| {
            let most = raster.pixels.div_ceil(SOME).max(1);
            plan.runs(channels).into_iter().map(move |run| (run, most))
        });
        let images = images.map(|(run, each)| {
            let samples = transform.frequencies(&channels[run.clone()]);
            let few = plan.few(setup, view, &samples, SOME);
            Run { channels: run, samples, few, each }
        });
        Look { plan, setup, lists, each, images: images.collect(), samples }
    }

    /// What plans for such baselines cost together.
    fn cost(&self, uvw: &[[f64; 3]], options: NufftOptions) -> std::result::Result<NufftCost, KernelError> {
        let (level, channels, mix) = (self.plan.engine.level, &self.setup.frequencies, &self.setup.mix);
        if self.images.is_empty() {
            let sky = Borrowed::new(&self.lists);
            let (planes, points) = (sky.planes(), sky.points());
            let sky = NufftSky { samples: &self.samples, planes: &planes, points: &points };
            return Nufft3d::cost(level, channels, &sky, self.each, mix, uvw, &options);
        }
        let options = NufftOptions::new(options.epsilon, options.memory / self.images.len());
        let mut all: Option<NufftCost> = None;
        for Run { channels: run, samples, few, each } in &self.images {
            let slots: Vec<(usize, &dyn Patches)> =
                few.iter().map(|(stokes, few)| (*stokes, few as &dyn Patches)).collect();
            let channels = &channels[run.clone()];
            let cost = Nufft3d::cost_of_patches(level, channels, samples, &slots, *each, mix, uvw, &options)?;
            all = Some(match all {
                None => cost,
                Some(all) => NufftCost {
                    set_up: all.set_up + cost.set_up,
                    row: all.row + cost.row,
                    bytes: all.bytes + cost.bytes,
                    facets: all.facets + cost.facets,
                    ..all
                },
            });
        }
        all.ok_or(KernelError::Empty { what: "channels" })
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

//! The transform of the sky as an engine: one plan for the rows of all fields, and a new one when baselines have turned too
//! far; or, where a beam shows each of them another sky, one for each view of it.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use kernels::{KernelError, Nufft3d, NufftOptions, NufftSky, Patches, Plane, Points, Source};

use super::error::Result;
use super::geometry::Sky;
use super::pixels::{Pixels, runs};
use super::plan::{Key, Plan};
use super::plan_cache::Recent;
use super::predictor::{Predictor, Summer, Turned};
use super::setup::{Members, Setup};
use super::smear::rate;
use super::space::{Axes, Space, Turn};
use super::threads::fill;
use crate::beam::Offset;
use crate::coords::Direction;
use crate::sky::{Component, Shape};

/// Rows that a thread predicts at a time: sorted by their places on the grids, they find much of them in the caches.
pub(super) const ROWS: usize = 1024;

/// How much longer baselines are taken where not all are known.
const GUARD: f64 = 1.1;

/// The plans of a transform, by what they serve: one for each node of the average over channels.
pub(super) type Made = OnceLock<std::result::Result<Arc<Vec<Node>>, KernelError>>;

/// The plans for one node of the average over channels.
pub(super) struct Node {
    /// Its weight.
    weight: f32,
    /// Channels with the plan that serves them: one for all, or one for each image where spectra are stepped.
    pub(super) plans: Vec<(Range<usize>, Nufft3d)>,
}

impl Node {
    /// A plan for all channels.
    pub(super) fn of(weight: f32, plan: Nufft3d) -> Node {
        Node { weight, plans: vec![(0..plan.channels(), plan)] }
    }
}

/// How the rows of a set-up are predicted by transforms.
pub(super) struct Transform {
    /// The centre that all rows are turned to, where they share a plan.
    pub(super) centre: Direction,
    /// Whether each view of the sky has a plan of its own.
    pub(super) each_view: bool,
    /// The times [s, MJD] at which parts of the track after the first begin.
    pub(super) starts: Vec<f64>,
    /// The frequencies that hold the spectra; none if the channels do.
    pub(super) samples: Option<usize>,
    pub(super) options: NufftOptions,
    pub(super) made: Recent<Key, Made>,
}

impl Transform {
    /// Which part of the track a time [s, MJD] is in.
    pub(super) fn part(&self, time: f64) -> usize {
        self.starts.partition_point(|start| *start <= time)
    }

    /// Whether each view of the sky has a plan of its own, so that plans are made only when they are needed.
    pub(super) fn is_by_view(&self) -> bool {
        self.each_view
    }

    /// The frequencies [Hz] of the spectra, of these channels [Hz].
    pub(super) fn frequencies(&self, channels: &[f64]) -> Vec<f64> {
        self.samples.map_or_else(|| channels.to_vec(), |count| Nufft3d::samples(channels, count))
    }
}

/// Lists of a sky as the kernel wants them, one of each for every Stokes parameter.
pub(super) struct Lists {
    pub(super) stokes: usize,
    pub(super) points: (Vec<[f64; 3]>, Vec<f32>),
    pub(super) shaped: (Vec<Source>, Vec<f32>),
}

/// Where a view looks from, and through what.
pub(super) struct ViewOf {
    pub(super) centre: Direction,
    pub(super) axes: Axes,
    pub(super) pointing: Option<Direction>,
    pub(super) pair: (usize, usize),
    /// [s, MJD]
    time: f64,
}

impl Plan<'_> {
    /// What the kernel of some rows looks at.
    pub(super) fn view_of(&self, transform: &Transform, key: Key) -> Result<ViewOf> {
        let time = f64::from_bits(key.time);
        let centre = if transform.each_view { self.centre(key.field, time)? } else { transform.centre };
        let beam = !self.primary.is_none();
        let pointing = if beam { Some(self.primary.pointing(time, centre)?) } else { None };
        Ok(ViewOf { centre, axes: Space::of(centre.frame).axes(centre), pointing, pair: key.pair, time })
    }

    /// The sky of a view, with spectra at `frequencies` [Hz].
    pub(super) fn lists(
        &self,
        planes: &[Members],
        frequencies: &[f64],
        view: &ViewOf,
        threads: usize,
    ) -> Vec<Lists> {
        let space = Space::of(view.centre.frame);
        planes
            .iter()
            .map(|plane| {
                let is_point = |index: &&usize| self.components[**index].shape == Shape::Point;
                let (points, shaped): (Vec<usize>, Vec<usize>) =
                    plane.components.iter().partition(|index| is_point(index));
                let mut places = vec![[0.0; 3]; points.len()];
                fill(
                    threads,
                    &points,
                    &mut places,
                    1,
                    || (),
                    |(), index, place| {
                        place[0] = view.axes.place(space.vector(self.components[*index].position));
                    },
                );
                let components = shaped.iter().map(|index| &self.components[*index]);
                let sources = Sky::new(components, view.centre.frame).about(view.centre);
                let flux = |indices: &[usize]| self.flux(plane.stokes, indices, frequencies, view, threads);
                let (of_points, of_shaped) = (flux(&points), flux(&shaped));
                Lists { stokes: plane.stokes, points: (places, of_points), shaped: (sources, of_shaped) }
            })
            .collect()
    }

    /// Flux densities [Jy] of components as a view shows them, shape (component, frequency).
    fn flux(
        &self,
        stokes: usize,
        indices: &[usize],
        frequencies: &[f64],
        view: &ViewOf,
        threads: usize,
    ) -> Vec<f32> {
        let width = frequencies.len();
        let pointing = view.pointing.map(|pointing| pointing.to(view.centre.frame));
        let mut spectra = vec![0.0f32; indices.len() * width];
        let scratch = || vec![0.0; width];
        fill(threads, indices, &mut spectra, width, scratch, |flux, index, spectrum| {
            let component: &Component = &self.components[*index];
            component.evaluate(stokes, frequencies, flux);
            if let Some(pointing) = pointing {
                let place = component.position.to(view.centre.frame);
                let offset = Offset::from_lmn(place.lmn(pointing));
                self.primary.apply(view.pair, offset, frequencies, flux);
            }
            let factor = component.light_curve.as_ref().map_or(1.0, |curve| curve.factor(view.time));
            spectrum.iter_mut().zip(flux).for_each(|(to, flux)| *to = (*flux * factor) as f32);
        });
        spectra
    }

    /// The baselines of a part of the track about a view's centre.
    pub(super) fn baselines(
        &self,
        transform: &Transform,
        data_desc: i32,
        part: usize,
        to: Axes,
    ) -> Result<Vec<[f64; 3]>> {
        let tracks = self.tracks;
        let guard = if tracks.is_whole() { 1.0 } else { GUARD };
        let mut baselines = Vec::new();
        let mut now: Option<(i32, u64, Axes, Option<[f64; 3]>)> = None;
        for row in tracks.rows() {
            if row.data_desc != data_desc || transform.part(row.time) != part {
                continue;
            }
            let moment = if self.moves(row.field) { row.time.to_bits() } else { 0 };
            let (from, rotation) = match now {
                Some((field, time, axes, rotation)) if (field, time) == (row.field, moment) => {
                    (axes, rotation)
                }
                _ => {
                    let Ok(centre) = self.centre(row.field, row.time) else {
                        // A field that is not predicted.
                        continue;
                    };
                    let axes = Space::of(centre.frame).axes(centre);
                    let rotation = self.averages.rotation(centre);
                    now = Some((row.field, moment, axes, rotation));
                    (axes, rotation)
                }
            };
            let uvw = row.uvw.map(|x| guard * x);
            let mut push = |uvw: [f64; 3]| baselines.push(to.baseline(from.vector(uvw)));
            match rotation {
                None => push(uvw),
                Some(rotation) => {
                    // As far as averages move it within an integration.
                    let rate = rate(rotation, uvw);
                    let half = 0.5 * self.longest_exposure;
                    for time in [-half, half] {
                        push(std::array::from_fn(|k| uvw[k] + time * rate[k]));
                    }
                }
            }
        }
        Ok(baselines)
    }

    /// The kernels of a set-up's rows with this key.
    pub(super) fn transformed(
        &self,
        key: Key,
        setup: &Setup,
        transform: &Transform,
    ) -> Result<Arc<Predictor>> {
        let time = f64::from_bits(key.time);
        let centre = self.centre(key.field, time)?;
        let view = self.view_of(transform, key)?;
        let slot = transform.made.get(if transform.each_view { key } else { key.of_all_views() });
        let made = slot.get_or_init(|| self.make_transforms(key, setup, transform, &view).map(Arc::new));
        let plans = made.clone().map_err(|source| self.kernel_error(key.data_desc, source))?;
        let turn = Turn::new(Space::of(centre.frame).axes(centre), view.axes);
        let kernels = plans.iter().enumerate().map(|(index, node)| {
            (node.weight, Summer::Transform(Turned { plans: Arc::clone(&plans), index, turn }))
        });
        let turning =
            self.averages.rotation(centre).map(|rotation| (rotation, self.averages.integration.clone()));
        Ok(Arc::new(Predictor::new(kernels.collect(), turning)))
    }

    /// Makes the plans of a view, one for each node of the average over channels. Threads of its own: those of the pool may
    /// wait for it.
    fn make_transforms(
        &self,
        key: Key,
        setup: &Setup,
        transform: &Transform,
        view: &ViewOf,
    ) -> std::result::Result<Vec<Node>, KernelError> {
        let lists = self.lists(
            &setup.planes,
            &transform.frequencies(&setup.frequencies),
            view,
            transform.options.threads,
        );
        let uvw = self.baselines(transform, key.data_desc, key.part, view.axes).unwrap_or_default();
        let sky = Borrowed::new(&lists);
        let (planes, points) = (sky.planes(), sky.points());
        let node = |(x, weight): &(f64, f64)| {
            let places =
                setup.frequencies.iter().zip(&setup.widths).map(|(centre, width)| centre + x * width);
            let channels: Vec<f64> = places.collect();
            if self.raster.is_some() {
                let plans = self.plans_of_raster(setup, transform, view, &channels, &uvw)?;
                return Ok(Node { weight: *weight as f32, plans });
            }
            let samples = transform.frequencies(&channels);
            let sky = NufftSky { samples: &samples, planes: &planes, points: &points };
            let level = self.engine.level;
            let plan = Nufft3d::of_sky(level, &channels, &sky, &setup.mix, &uvw, &transform.options)?;
            Ok(Node::of(*weight as f32, plan))
        };
        setup.channel.nodes().iter().map(node).collect()
    }

    /// Makes the plans of images, one for each run of channels that take the same of them.
    fn plans_of_raster(
        &self,
        setup: &Setup,
        transform: &Transform,
        view: &ViewOf,
        channels: &[f64],
        uvw: &[[f64; 3]],
    ) -> std::result::Result<Vec<(Range<usize>, Nufft3d)>, KernelError> {
        let Some(raster) = &self.raster else { return Ok(Vec::new()) };
        let runs = runs(raster.steps(), channels);
        let NufftOptions { epsilon, memory, threads, .. } = transform.options;
        let options = NufftOptions::new(epsilon, memory / runs.len().max(1)).threads(threads);
        let plan = |run: Range<usize>| {
            let channels = &channels[run.clone()];
            let samples = transform.frequencies(channels);
            let pixels = setup.planes.iter().map(|plane| {
                (plane.stokes, Pixels::new(raster, plane.stokes, view, self.primary, &samples, 1))
            });
            let pixels: Vec<(usize, Pixels)> = pixels.collect();
            let slots: Vec<(usize, &dyn Patches)> =
                pixels.iter().map(|(stokes, pixels)| (*stokes, pixels as &dyn Patches)).collect();
            let level = self.engine.level;
            Ok((run, Nufft3d::of_patches(level, channels, &samples, &slots, &setup.mix, uvw, &options)?))
        };
        runs.into_iter().map(plan).collect()
    }
}

/// Lists as the kernel borrows them.
pub(super) struct Borrowed<'a>(&'a [Lists]);

impl<'a> Borrowed<'a> {
    pub(super) fn new(lists: &'a [Lists]) -> Borrowed<'a> {
        Borrowed(lists)
    }

    pub(super) fn planes(&self) -> Vec<Plane<'a>> {
        let plane =
            |list: &'a Lists| Plane { stokes: list.stokes, sources: &list.shaped.0, spectra: &list.shaped.1 };
        self.0.iter().filter(|list| !list.shaped.0.is_empty()).map(plane).collect()
    }

    pub(super) fn points(&self) -> Vec<Points<'a>> {
        let points =
            |list: &'a Lists| Points { stokes: list.stokes, lmn: &list.points.0, spectra: &list.points.1 };
        self.0.iter().filter(|list| !list.points.0.is_empty()).map(points).collect()
    }
}

//! What some visibilities should be, of a sky so large that a plain sum over it would take longer than the prediction.

use std::collections::BTreeMap;

use kernels::{Complex64, SPEED_OF_LIGHT, Source, reference, sum_points};
use rayon::prelude::*;

use super::error::Result;
use super::geometry::Sky;
use super::pixels::Places;
use super::plan::{Key, Plan};
use super::setup::{Setup, four};
use super::smear::{Rule, Sample};
use super::space::{Axes, Space};
use crate::beam::Offset;
use crate::coords::Direction;
use crate::image::sky::{Raster, Tile};
use crate::sky::{Component, Shape};

/// Components from which on the sum goes by flat lists.
const MANY: usize = 20_000;

/// Components summed at a time.
const PART: usize = 16_384;

/// Pixels times visibilities that are summed for a check of images, and the fewest visibilities.
const MOST: usize = 200_000_000;
const FEWEST: usize = 8;

/// A visibility asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) key: Key,
    /// [m]
    pub(super) uvw: [f64; 3],
    pub(super) channel: usize,
    pub(super) correlation: usize,
}

/// The same as the sum needs it.
struct Prepared {
    space: Space,
    /// The frequency [Hz], in the list of all there are.
    at: usize,
    frequency: f64,
    /// 2ν/c times the baseline in the axes of the space, and times w: half turns.
    wave: [f64; 3],
    offset: f64,
}

impl Plan<'_> {
    /// Whether [`Plan::sums_of_many`] serves better than [`Plan::reference`]; it does not where sources are seen through a
    /// beam, vary or are averaged, or where antennas have matrices.
    pub(super) fn has_many(&self) -> bool {
        (self.components.len() > MANY || self.raster.is_some())
            && !self.has_factors()
            && !self.needs_exposure()
            && self.setups.values().all(|setup| setup.channel == Rule::middle() && setup.basis.is_none())
    }

    /// Visibilities by sums over all components: phases in double precision, points' phasors in single, sums in double.
    ///
    /// Nothing is turned to another phase centre on the way: every baseline meets the sources as unit vectors.
    pub(super) fn sums_of_many(&self, wanted: &[Wanted]) -> Result<Vec<Complex64>> {
        let mut frequencies: Vec<f64> = Vec::new();
        let mut known: BTreeMap<(i32, usize), usize> = BTreeMap::new();
        let mut prepared = Vec::with_capacity(wanted.len());
        for wanted in wanted {
            let Some(setup) = self.setups.get(&wanted.key.data_desc) else { continue };
            let frequency = setup.frequencies[wanted.channel];
            let at = *known.entry((wanted.key.data_desc, wanted.channel)).or_insert_with(|| {
                frequencies.push(frequency);
                frequencies.len() - 1
            });
            let centre = self.centre(wanted.key.field, f64::from_bits(wanted.key.time))?;
            let space = Space::of(centre.frame);
            let scale = 2.0 * frequency / SPEED_OF_LIGHT;
            let wave = space.axes(centre).vector(wanted.uvw).map(|x| scale * x);
            prepared.push(Prepared { space, at, frequency, wave, offset: scale * wanted.uvw[2] });
        }
        let nothing = || vec![[Complex64::ZERO; 4]; wanted.len()];
        let plus = |mut a: Vec<[Complex64; 4]>, b: Vec<[Complex64; 4]>| {
            for (a, b) in a.iter_mut().zip(b) {
                a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
            }
            Ok(a)
        };
        let of_components = self
            .components
            .par_chunks(PART)
            .map(|part| self.sums_of_part(part, wanted, &prepared, &frequencies))
            .try_reduce(nothing, plus)?;
        let of_images = match &self.raster {
            None => nothing(),
            Some(raster) => raster
                .tiles()
                .par_iter()
                .map(|tile| self.sums_of_tile(raster, tile, wanted, &prepared, &frequencies))
                .try_reduce(nothing, plus)?,
        };
        let sums = plus(of_components, of_images)?;
        Ok(wanted
            .iter()
            .zip(sums)
            .map(|(wanted, sums)| {
                let setup = self.setups.get(&wanted.key.data_desc);
                setup.map_or(Complex64::ZERO, |setup| setup.mix.apply(wanted.correlation, &sums))
            })
            .collect())
    }

    /// How many of so many visibilities can be judged in a time that does not matter much.
    pub(super) fn judged(&self, wanted: usize) -> usize {
        let Some(raster) = &self.raster else { return wanted };
        let most = if self.has_many() { MOST } else { MOST / 10 };
        wanted.min((most / raster.pixels.max(1)).max(FEWEST))
    }

    /// The sums over the pixels of a tile.
    fn sums_of_tile(
        &self,
        raster: &Raster,
        tile: &Tile,
        wanted: &[Wanted],
        prepared: &[Prepared],
        frequencies: &[f64],
    ) -> Result<Vec<[Complex64; 4]>> {
        let mut sums = vec![[Complex64::ZERO; 4]; wanted.len()];
        let sampler = raster.sampler(frequencies);
        for space in [Space::Sky, Space::B1950] {
            if !prepared.iter().any(|wanted| wanted.space == space) {
                continue;
            }
            let here = Places::new(raster, space, Axes::own());
            for stokes in (0..4).filter(|stokes| tile.points[*stokes] > 0) {
                // Of one image, there is one list of flux densities for all frequencies.
                let factor = sampler.factor();
                let count = if factor.is_some() { 1 } else { frequencies.len() };
                let mut places = [Vec::new(), Vec::new(), Vec::new()];
                let mut fluxes = vec![Vec::with_capacity(tile.points[stokes]); count];
                let (mut lists, mut logs) = ([Vec::new(), Vec::new(), Vec::new()], Vec::new());
                let mut flux = vec![0.0; frequencies.len()];
                raster.visit_rows(tile, stokes, 1, |row| {
                    raster.wcs().cosines_of_row(row.number, &row.columns, &mut lists);
                    here.place_all(&mut lists);
                    lists[2].iter_mut().for_each(|n| *n += 1.0);
                    places.iter_mut().zip(&lists).for_each(|(all, list)| all.extend(list));
                    if let Some(factor) = factor {
                        fluxes[0].extend(row.values.iter().map(|value| (value * factor) as f32));
                        return;
                    }
                    for (_, values) in row.pixels() {
                        sampler.spectrum(values, &mut logs, &mut flux);
                        fluxes.iter_mut().zip(&flux).for_each(|(list, flux)| list.push(*flux as f32));
                    }
                });
                let [x, y, z] = &places;
                for (index, one) in prepared.iter().enumerate().filter(|(_, one)| one.space == space) {
                    let flux = &fluxes[if factor.is_some() { 0 } else { one.at }];
                    let sum = sum_points(self.engine.level, [x, y, z], flux, one.wave, one.offset);
                    sums[index][stokes] +=
                        sum.map_err(|source| self.kernel_error(wanted[index].key.data_desc, source))?;
                }
            }
        }
        Ok(sums)
    }

    /// The response of images to one visibility, averaged and seen through a beam, for each Stokes parameter [Jy].
    pub(super) fn sum_of_raster(
        &self,
        raster: &Raster,
        setup: &Setup,
        pair: (usize, usize),
        sample: &Sample,
        centre: Direction,
        pointing: Option<Direction>,
    ) -> [Complex64; 4] {
        let space = Space::of(centre.frame);
        let places = Places::new(raster, space, space.axes(centre));
        let sampler = raster.sampler(&[sample.frequency]);
        let of_tile = |tile: &Tile| {
            let mut sums = [Complex64::ZERO; 4];
            for (stokes, sum) in sums.iter_mut().enumerate() {
                let (mut logs, mut flux) = (Vec::new(), [0.0]);
                raster.visit(tile, stokes, |cosines, values| {
                    sampler.spectrum(values, &mut logs, &mut flux);
                    let offset = |pointing| Offset::of(raster.wcs().direction_of(cosines), pointing);
                    let beam = pointing.map_or(1.0, |pointing| {
                        self.primary.factor(pair, offset(pointing), sample.frequency)
                    });
                    let source = Source { lmn: places.place(cosines), shape: kernels::Shape::Point };
                    let response = sample.response(&source, &setup.channel, &self.averages.integration);
                    *sum += response * (flux[0] * beam);
                });
            }
            sums
        };
        let plus = |a: [Complex64; 4], b: [Complex64; 4]| std::array::from_fn(|i| a[i] + b[i]);
        raster.tiles().par_iter().map(of_tile).reduce(|| [Complex64::ZERO; 4], plus)
    }

    fn sums_of_part(
        &self,
        part: &[Component],
        wanted: &[Wanted],
        prepared: &[Prepared],
        frequencies: &[f64],
    ) -> Result<Vec<[Complex64; 4]>> {
        let mut sums = vec![[Complex64::ZERO; 4]; wanted.len()];
        let (points, shaped): (Vec<&Component>, Vec<&Component>) =
            part.iter().partition(|component| component.shape == Shape::Point);
        for space in [Space::Sky, Space::B1950] {
            if !prepared.iter().any(|wanted| wanted.space == space) {
                continue;
            }
            let mut places = [Vec::new(), Vec::new(), Vec::new()];
            for component in &points {
                let vector = space.vector(component.position);
                places.iter_mut().zip(vector).for_each(|(list, x)| list.push(x));
            }
            for (at, frequency) in frequencies.iter().enumerate() {
                for stokes in (0..4).filter(|stokes| points.iter().any(|component| component.has(*stokes))) {
                    let flux: Vec<f32> =
                        points.iter().map(|component| component.value(stokes, *frequency) as f32).collect();
                    let here = |(_, wanted): &(usize, &Prepared)| wanted.at == at && wanted.space == space;
                    for (index, one) in prepared.iter().enumerate().filter(here) {
                        let [x, y, z] = &places;
                        let sum = sum_points(self.engine.level, [x, y, z], &flux, one.wave, one.offset);
                        sums[index][stokes] +=
                            sum.map_err(|source| self.kernel_error(wanted[index].key.data_desc, source))?;
                    }
                }
            }
        }
        if shaped.is_empty() {
            return Ok(sums);
        }
        let mut view = None;
        for (index, (wanted, one)) in wanted.iter().zip(prepared).enumerate() {
            // Keys come in the order of the rows.
            if view.as_ref().is_none_or(|(key, _)| *key != wanted.key) {
                let centre = self.centre(wanted.key.field, f64::from_bits(wanted.key.time))?;
                view = Some((wanted.key, Sky::new(shaped.iter().copied(), centre.frame).about(centre)));
            }
            let sources = view.iter().flat_map(|(_, sources)| sources);
            for (source, component) in sources.zip(&shaped) {
                let response = reference::response(wanted.uvw, one.frequency, source);
                for (sum, flux) in sums[index].iter_mut().zip(four(component.stokes_at(one.frequency))) {
                    *sum += response * flux;
                }
            }
        }
        Ok(sums)
    }
}

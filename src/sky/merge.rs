//! Surveys of one sky made one list, in which no source stands twice.
//!
//! Surveys come in order of priority. A source of a later one is left out
//! * where a kept source lies within the match radius: the same source, measured better;
//! * where kept sources of a survey as fine or finer lie within its resolution and have at least half of its flux
//!   density: their blend. What they lack (a finer survey resolves extended emission out) is counted as lost;
//! * where it lies within the resolution of a kept source of a coarser survey: a part of that.
//!
//! Where finer sources within its resolution have less than half of its flux density they are not what it is: it
//! stays, less their flux density. So nothing is counted twice. Sources of one survey are never compared with each
//! other.

use serde::Serialize;

use super::Component;
use super::indices::far_apart;
use super::neighbours::Neighbours;

/// The share of a source's flux density from which on finer sources are its parts.
const SHARE: f64 = 0.5;

/// The furthest that a source's own size reaches [rad]: 5 arcmin.
const FURTHEST: f64 = 5.0 / 60.0 * std::f64::consts::PI / 180.0;

/// What a survey is to the merging.
#[derive(Clone, Debug, PartialEq)]
pub struct Instrument {
    /// Its name.
    pub name: String,
    /// The frequency of flux densities whose spectrum has none [Hz].
    pub frequency: Option<f64>,
    /// The full width at half maximum of its beam [rad].
    pub beam: f64,
}

/// A survey's sources.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// The survey.
    pub instrument: Instrument,
    /// Its sources.
    pub components: Vec<Component>,
    /// Of each, whether its spectrum is an assumption.
    pub assumed: Vec<bool>,
}

/// What became of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// It is in the merged sky.
    Kept,
    /// It is, less the flux density of finer sources within its resolution.
    Reduced,
    /// A kept source is the same.
    Matched,
    /// Kept finer sources are what it is made of.
    Blend,
    /// It is a part of a kept source of a coarser survey.
    Part,
    /// It only serves spectra.
    #[default]
    Unused,
}

/// The kept sources within the resolution of a source.
#[derive(Clone, Copy, Debug)]
struct Within {
    /// Their flux density at its frequency [Jy].
    flux: f64,
    /// Whether all were measured so near in frequency that what they lack is not a matter of spectra.
    alike: bool,
}

/// What became of a survey's sources.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SurveyAccount {
    /// The survey.
    pub survey: String,
    /// The resolution by which it was compared, full width at half maximum [arcsec].
    pub beam_arcsec: f64,
    /// Sources read, with those a little outside the field.
    pub read: usize,
    /// Sources kept, the reduced ones included.
    pub kept: usize,
    /// Of which had the flux density of finer sources taken off.
    pub reduced: usize,
    /// Left out: the same as a kept source.
    pub matched: usize,
    /// Left out: the blend of kept sources.
    pub blends: usize,
    /// Left out: parts of kept sources.
    pub parts: usize,
    /// Flux density of those left out that the kept sources in their place lack [Jy], where those were measured at
    /// about the same frequency.
    pub lost_jy: f64,
    /// Flux density taken off the reduced ones [Jy].
    pub taken_off_jy: f64,
}

/// The merged sky.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Merged {
    /// Its sources: those of the first survey, then those of the second ...
    pub components: Vec<Component>,
    /// Of each, whether its spectrum is an assumption.
    pub assumed: Vec<bool>,
    /// Of each, the survey it is from.
    pub layers: Vec<usize>,
    /// What became of every source of every survey.
    pub fates: Vec<Vec<Fate>>,
    /// The same in figures.
    pub account: Vec<SurveyAccount>,
}

impl Layer {
    /// How far from a source of this survey lies what it cannot be told from [rad].
    pub(super) fn reach(&self, component: &Component, radius: f64) -> f64 {
        (0.5 * self.instrument.beam).max((0.5 * component.shape.extent()).min(FURTHEST)).max(radius)
    }

    /// The frequency of a source's flux density [Hz].
    pub(super) fn frequency(&self, component: &Component) -> Option<f64> {
        component.spectrum.reference().or(self.instrument.frequency)
    }

    /// The unit vectors of its sources, in ICRS.
    pub(super) fn vectors(&self) -> Vec<[f64; 3]> {
        self.components.iter().map(|component| component.position.icrs_vector()).collect()
    }
}

/// Kept sources, as they are compared with those of one survey.
pub(super) struct Facing<'a> {
    layers: &'a [Layer],
    merged: &'a Merged,
    /// The beam of that survey [rad].
    beam: f64,
    radius: f64,
    near: Neighbours<'a>,
    /// The furthest reach of a kept source of a coarser survey [rad].
    furthest: f64,
}

impl<'a> Facing<'a> {
    /// The sources of `merged`, whose unit vectors are `vectors`, and the survey `layer`.
    pub(super) fn new(
        layers: &'a [Layer],
        merged: &'a Merged,
        vectors: &'a [[f64; 3]],
        layer: &Layer,
        radius: f64,
    ) -> Self {
        let near = Neighbours::new(&[], radius);
        let mut facing = Facing { layers, merged, beam: layer.instrument.beam, radius, near, furthest: 0.0 };
        facing.furthest = (0..vectors.len())
            .filter(|at| facing.coarser(*at))
            .map(|at| facing.reach(at))
            .fold(0.0, f64::max);
        let own = layer.components.iter().map(|component| layer.reach(component, radius));
        facing.near = Neighbours::new(vectors, own.fold(facing.furthest, f64::max));
        facing
    }

    /// A kept source and the survey that it is from.
    pub(super) fn kept(&self, at: usize) -> (&'a Layer, &'a Component) {
        (&self.layers[self.merged.layers[at]], &self.merged.components[at])
    }

    /// Whether that is coarser.
    pub(super) fn coarser(&self, at: usize) -> bool {
        self.kept(at).0.instrument.beam > self.beam
    }

    /// How far from a kept source lies what it cannot be told from [rad].
    pub(super) fn reach(&self, at: usize) -> f64 {
        let (layer, component) = self.kept(at);
        layer.reach(component, self.radius)
    }

    /// The frequency of a kept source's flux density [Hz].
    pub(super) fn frequency(&self, at: usize) -> Option<f64> {
        let (layer, component) = self.kept(at);
        layer.frequency(component)
    }

    /// Tells `found` the kept sources within `reach` [rad] of a place, or within their own, and their distances [rad].
    pub(super) fn within(&self, of: [f64; 3], reach: f64, found: impl FnMut(usize, f64)) {
        self.near.within(of, reach.max(self.furthest), found);
    }
}

/// A component's flux density at `frequency` [Hz], or at its own where that is not known, in [Jy].
pub(super) fn flux_at(component: &Component, frequency: Option<f64>) -> f64 {
    frequency.map_or(component.stokes.i, |frequency| component.stokes_at(frequency).i)
}

/// Merges `layers`, the first of which has priority, matching within `radius` [rad].
///
/// Flux densities are compared at the frequency of the source in question, by the spectra the others have. Sizes
/// count where they exceed the beam, to 5 arcmin.
pub fn merge(layers: &[Layer], radius: f64) -> Merged {
    let mut merged = Merged::default();
    let mut vectors: Vec<[f64; 3]> = Vec::new();
    for (number, layer) in layers.iter().enumerate() {
        let own = layer.vectors();
        let fates = judge(layers, number, &own, &merged, &vectors, radius);
        let mut account = SurveyAccount {
            survey: layer.instrument.name.clone(),
            beam_arcsec: layer.instrument.beam.to_degrees() * 3600.0,
            read: own.len(),
            ..SurveyAccount::default()
        };
        for (index, (fate, within)) in fates.iter().enumerate() {
            let mut component = layer.components[index].clone();
            let flux = component.stokes.i;
            match fate {
                Fate::Matched => account.matched += 1,
                Fate::Blend => account.blends += 1,
                Fate::Part => account.parts += 1,
                Fate::Reduced => account.reduced += 1,
                Fate::Kept | Fate::Unused => {}
            }
            match fate {
                Fate::Matched | Fate::Blend => {
                    account.lost_jy += within
                        .filter(|within| within.alike)
                        .map_or(0.0, |within| (flux - within.flux).max(0.0))
                }
                Fate::Part | Fate::Unused => {}
                Fate::Kept | Fate::Reduced => {
                    if let (Fate::Reduced, Some(within)) = (fate, within) {
                        account.taken_off_jy += within.flux;
                        component = component.scaled((flux - within.flux) / flux);
                    }
                    account.kept += 1;
                    merged.components.push(component);
                    merged.assumed.push(layer.assumed.get(index).copied().unwrap_or(false));
                    merged.layers.push(number);
                    vectors.push(own[index]);
                }
            }
        }
        merged.fates.push(fates.into_iter().map(|(fate, _)| fate).collect());
        merged.account.push(account);
    }
    merged
}

/// What becomes of each source of a layer, and the kept sources within its resolution.
fn judge(
    layers: &[Layer],
    number: usize,
    own: &[[f64; 3]],
    merged: &Merged,
    vectors: &[[f64; 3]],
    radius: f64,
) -> Vec<(Fate, Option<Within>)> {
    let layer = &layers[number];
    let facing = Facing::new(layers, merged, vectors, layer, radius);
    let mut fates = vec![Fate::Kept; own.len()];
    // The source whose part each kept one is: the nearest, so that it is part of one only.
    let mut whole: Vec<Option<(f64, usize)>> = vec![None; vectors.len()];
    for (index, component) in layer.components.iter().enumerate() {
        let reach = layer.reach(component, radius);
        facing.within(own[index], reach, |at, distance| {
            if distance <= radius {
                fates[index] = Fate::Matched;
            } else if facing.coarser(at) && distance <= facing.reach(at) && fates[index] == Fate::Kept {
                fates[index] = Fate::Part;
            }
            if !facing.coarser(at)
                && distance <= reach
                && whole[at].is_none_or(|(nearest, _)| distance < nearest)
            {
                whole[at] = Some((distance, index));
            }
        });
    }
    let mut within: Vec<Option<Within>> = vec![None; own.len()];
    for (at, index) in whole.iter().enumerate().filter_map(|(at, whole)| Some((at, whole.as_ref()?.1))) {
        let frequency = layer.frequency(&layer.components[index]);
        let sum = within[index].get_or_insert(Within { flux: 0.0, alike: true });
        sum.flux += flux_at(facing.kept(at).1, frequency);
        sum.alike &= !far_apart(facing.frequency(at), frequency);
    }
    for ((fate, sum), component) in fates.iter_mut().zip(&within).zip(&layer.components) {
        if let (Fate::Kept, Some(sum)) = (*fate, sum) {
            let share = sum.flux / component.stokes.i;
            // A negative sum or flux density is noise, which cannot be taken off.
            *fate = if share >= SHARE || component.stokes.i <= 0.0 {
                Fate::Blend
            } else if share > 0.0 {
                Fate::Reduced
            } else {
                Fate::Kept
            };
        }
    }
    fates.into_iter().zip(within).collect()
}

//! What antennas make of the visibilities on the way: feeds that turn, and gains.
//!
//! Where there is either, the engines predict the four Stokes parameters, and every row makes its correlations of them by
//! the matrices of its two antennas.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use casacore::Table;
use kernels::{Complex32, Complex64};
use rayon::prelude::*;

use super::error::{PredictError, Result};
use super::feeds::Feeds;
use super::gains::Gains;
use super::job::Options;
use super::jones::{self, Basis, Jones};
use crate::coords::Direction;
use crate::ms::{Observation, RowBlock};
use crate::sky::Component;

/// The matrices that all antennas have in a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chain {
    feeds: Option<Feeds>,
    gains: Arc<[Gains]>,
    /// The direction of each of the gains, once sources are told from each other by it.
    towards: Option<Vec<usize>>,
}

/// An antenna at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Moment {
    pub(crate) antenna: i32,
    /// TIME [s, MJD].
    pub(crate) time: f64,
    pub(crate) field: i32,
    pub(crate) data_desc: i32,
}

impl Moment {
    pub(crate) fn key(&self) -> (i32, u64, i32, i32) {
        (self.antenna, self.time.to_bits(), self.field, self.data_desc)
    }
}

/// What the rows of one set-up have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Receptors<'a> {
    pub(crate) window: i32,
    /// [Hz]
    pub(crate) frequencies: &'a [f64],
    /// casacore's codes.
    pub(crate) correlations: &'a [i32],
    pub(crate) basis: Basis,
}

/// The matrices of an antenna at a time.
#[derive(Debug)]
struct Way {
    /// That of the feeds alone.
    bare: Jones,
    /// One where it is the same at every channel, else one for each; none where a gain is not known.
    whole: Vec<Option<Jones>>,
}

impl Way {
    fn at(&self, channel: usize) -> Option<Jones> {
        self.whole.get(channel.min(self.whole.len().saturating_sub(1))).copied().flatten()
    }
}

/// The matrices of the antennas of a block of rows.
#[derive(Debug, Default)]
pub(crate) struct Matrices(HashMap<(i32, u64, i32, i32), Way>);

/// What is applied to a baseline: nothing but the feeds where a gain of either antenna is not known, as in DP3.
fn pair(whole: [Option<Jones>; 2], bare: [Jones; 2]) -> [Jones; 2] {
    match whole {
        [Some(one), Some(two)] => [one, two],
        _ => bare,
    }
}

impl Chain {
    /// As the options say, for channels between two frequencies [Hz].
    pub(crate) fn new(
        ms: &Table,
        observation: &Observation,
        options: &Options,
        band: [f64; 2],
    ) -> Result<Chain> {
        let feeds = Feeds::new(ms, observation, options.feed_rotation)?;
        let gains = options.apply_gains.iter().map(|path| Gains::read(path, observation, band));
        Ok(Chain { feeds, gains: gains.collect::<Result<_>>()?, towards: None })
    }

    /// The components that are seen through the same matrices, and these: by the direction that gains have for their patches.
    ///
    /// # Errors
    /// If gains have several directions, and none for a component's patch, or there are `images`, which have no patches.
    pub(crate) fn split(
        self,
        components: Vec<Component>,
        images: bool,
    ) -> Result<Vec<(Chain, Vec<Component>)>> {
        if self.towards.is_some() || self.gains.iter().all(|gains| gains.directions().is_empty()) {
            return Ok(vec![(self, components)]);
        }
        let mut layers: BTreeMap<Vec<usize>, Vec<Component>> = BTreeMap::new();
        let mut unknown: BTreeSet<String> = images.then(|| "images".into()).into_iter().collect();
        let mut places: HashMap<Option<Arc<str>>, Option<Vec<usize>>> = HashMap::new();
        for component in components {
            let patch = component.patch.clone();
            match places.entry(patch).or_insert_with_key(|patch| self.directions(patch.as_deref())) {
                Some(towards) => layers.entry(towards.clone()).or_default().push(component),
                None => {
                    unknown.insert(
                        component.patch.map_or("sources without a patch".into(), |patch| patch.to_string()),
                    );
                }
            }
        }
        if !unknown.is_empty() {
            let words: Vec<&str> = self.gains.iter().map(Gains::description).collect();
            return Err(PredictError::Options(format!(
                "--apply-gains: no direction for {} ({}); choose the sources with --patches",
                unknown.into_iter().collect::<Vec<_>>().join(", "),
                words.join("; ")
            )));
        }
        if layers.is_empty() {
            layers.insert(vec![0; self.gains.len()], Vec::new());
        }
        let chain = |towards| Chain { towards: Some(towards), ..self.clone() };
        Ok(layers.into_iter().map(|(towards, components)| (chain(towards), components)).collect())
    }

    /// The direction of each of the gains for a patch.
    fn directions(&self, patch: Option<&str>) -> Option<Vec<usize>> {
        let of = |gains: &Gains| match gains.directions() {
            [] => Some(0),
            several => several.iter().position(|names| names.iter().any(|name| Some(name.as_str()) == patch)),
        };
        self.gains.iter().map(of).collect()
    }

    /// Whether nothing is in the way.
    pub(crate) fn is_none(&self) -> bool {
        self.feeds.is_none() && self.gains.is_empty()
    }

    /// What there is, a line each.
    pub(crate) fn describe(&self) -> Vec<String> {
        let feeds = self.feeds.iter().map(|feeds| feeds.description.clone());
        feeds.chain(self.gains.iter().map(|gains| gains.description().to_owned())).collect()
    }

    /// Whether the matrices are the same at every channel.
    fn is_flat(&self) -> bool {
        self.gains.iter().all(Gains::is_flat)
    }

    /// That of the feeds of an antenna that looks at `direction`.
    fn bare(&self, moment: &Moment, receptors: &Receptors, direction: Direction) -> Result<Jones> {
        match &self.feeds {
            Some(feeds) => {
                feeds.jones(moment.antenna, receptors.window, receptors.basis, moment.time, direction)
            }
            None => Ok(Jones::ONE),
        }
    }

    /// The whole of an antenna with such feeds, at `frequency` [Hz]: gains after the feeds; none where a gain is not known.
    fn whole(
        &self,
        moment: &Moment,
        receptors: &Receptors,
        bare: &Jones,
        frequency: f64,
    ) -> Result<Option<Jones>> {
        let mut jones = *bare;
        for (place, gains) in self.gains.iter().enumerate() {
            let towards = self.towards.as_ref().map_or(0, |towards| towards[place]);
            let gain = gains.at(moment.antenna, receptors, towards, moment.time, frequency)?;
            let Some(gain) = gain else { return Ok(None) };
            jones = gain.times(&jones);
        }
        Ok(Some(jones))
    }

    /// The matrices of antennas, each of which looks at the direction that goes with it.
    pub(crate) fn matrices(&self, moments: &[(Moment, Receptors, Direction)]) -> Result<Matrices> {
        let all = moments.par_iter().map(|(moment, receptors, direction)| {
            let bare = self.bare(moment, receptors, *direction)?;
            let at = |frequency: &f64| self.whole(moment, receptors, &bare, *frequency);
            let channels = if self.is_flat() { 1 } else { receptors.frequencies.len() };
            let whole = receptors.frequencies.iter().take(channels).map(at).collect::<Result<_>>()?;
            Ok((moment.key(), Way { bare, whole }))
        });
        Ok(Matrices(all.collect::<Result<_>>()?))
    }

    /// One correlation, given by its place, of Stokes parameters in double precision.
    pub(crate) fn correlation(
        &self,
        moments: [&Moment; 2],
        receptors: &Receptors,
        direction: Direction,
        frequency: f64,
        place: usize,
        stokes: &[Complex64; 4],
    ) -> Result<Complex64> {
        let [one, two] = moments.map(|moment| self.bare(moment, receptors, direction));
        let bare = [one?, two?];
        let whole = |end: usize| self.whole(moments[end], receptors, &bare[end], frequency);
        let [one, two] = pair([whole(0)?, whole(1)?], bare);
        let coefficients = jones::coefficients(receptors.basis, &one, &two);
        Ok(jones::correlation(&coefficients, receptors.correlations[place], stokes))
    }
}

impl Matrices {
    /// Makes the correlations of a row, (channel, correlation), of its Stokes parameters, (channel, 4).
    pub(crate) fn apply(
        &self,
        moments: [&Moment; 2],
        receptors: &Receptors,
        stokes: &[Complex32],
        out: &mut [Complex32],
    ) {
        let [Some(one), Some(two)] = moments.map(|moment| self.0.get(&moment.key())) else {
            return;
        };
        let coefficients = |channel: usize| {
            let [one, two] = pair([one.at(channel), two.at(channel)], [one.bare, two.bare]);
            let found = jones::coefficients(receptors.basis, &one, &two);
            jones::rows(&found, receptors.correlations)
        };
        let flat = one.whole.len() == 1 && two.whole.len() == 1;
        let mut rows = coefficients(0);
        let cells = out.chunks_exact_mut(receptors.correlations.len()).zip(stokes.chunks_exact(4));
        for (channel, (cell, stokes)) in cells.enumerate() {
            if !flat && channel > 0 {
                rows = coefficients(channel);
            }
            for (value, row) in cell.iter_mut().zip(&rows) {
                *value = row.iter().zip(stokes).map(|(coefficient, stokes)| coefficient * stokes).sum();
            }
        }
    }
}

/// The basis of a set-up whose rows go through a chain.
pub(crate) fn basis(correlations: &[i32]) -> Result<Basis> {
    Basis::of(correlations).ok_or_else(|| {
        PredictError::Options(format!(
            "--feed-rotation and --apply-gains need correlations of linear or circular feeds, not CORR_TYPE {correlations:?}"
        ))
    })
}

/// The two antennas of row `i` of a block.
pub(crate) fn moments(rows: &RowBlock, i: usize) -> [Moment; 2] {
    let (time, field, data_desc) = (rows.time[i], rows.field[i], rows.data_desc[i]);
    [rows.antenna1[i], rows.antenna2[i]].map(|antenna| Moment { antenna, time, field, data_desc })
}

//! What antennas make of the visibilities on the way: feeds that turn, and gains.
//!
//! Where there is either, the engines predict the four Stokes parameters, and every row makes its correlations of them by
//! the matrices of its two antennas.

use std::collections::HashMap;
use std::path::Path;

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

/// The matrices that all antennas have in a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chain {
    feeds: Option<Feeds>,
    gains: Vec<Gains>,
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

/// The matrices of the antennas of a block of rows: one where it is the same at every channel, else one for each.
#[derive(Debug, Default)]
pub(crate) struct Matrices(HashMap<(i32, u64, i32, i32), Vec<Jones>>);

impl Chain {
    /// As the options say.
    pub(crate) fn new(ms: &Table, observation: &Observation, options: &Options) -> Result<Chain> {
        let feeds = Feeds::new(ms, observation, options.feed_rotation)?;
        let read = |path: &std::path::PathBuf| Gains::read(Path::new(path), observation);
        let gains = options.apply_gains.iter().map(read).collect::<Result<_>>()?;
        Ok(Chain { feeds, gains })
    }

    /// Whether nothing is in the way.
    pub(crate) fn is_none(&self) -> bool {
        self.feeds.is_none() && self.gains.is_empty()
    }

    /// What there is, a line each.
    pub(crate) fn describe(&self) -> Vec<String> {
        let feeds = self.feeds.iter().map(|feeds| feeds.description.clone());
        feeds.chain(self.gains.iter().map(|gains| gains.description.clone())).collect()
    }

    /// Whether the matrices are the same at every channel.
    fn is_flat(&self) -> bool {
        self.gains.iter().all(Gains::is_flat)
    }

    /// The matrix of an antenna that looks at `direction`, at `frequency` [Hz]: gains after the feeds.
    fn jones(
        &self,
        moment: &Moment,
        receptors: &Receptors,
        direction: Direction,
        frequency: f64,
    ) -> Result<Jones> {
        let mut jones = match &self.feeds {
            Some(feeds) => {
                feeds.jones(moment.antenna, receptors.window, receptors.basis, moment.time, direction)?
            }
            None => Jones::ONE,
        };
        for gains in &self.gains {
            let gain = gains.at(moment.antenna, receptors.window, moment.time, frequency)?;
            jones = Jones::diagonal(gain).times(&jones);
        }
        Ok(jones)
    }

    /// The matrices of antennas, each of which looks at the direction that goes with it.
    pub(crate) fn matrices(&self, moments: &[(Moment, Receptors, Direction)]) -> Result<Matrices> {
        let all = moments.par_iter().map(|(moment, receptors, direction)| {
            let at = |frequency: &f64| self.jones(moment, receptors, *direction, *frequency);
            let channels = if self.is_flat() { 1 } else { receptors.frequencies.len() };
            let jones = receptors.frequencies.iter().take(channels).map(at).collect::<Result<Vec<_>>>()?;
            Ok((moment.key(), jones))
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
        let [one, two] = moments.map(|moment| self.jones(moment, receptors, direction, frequency));
        let coefficients = jones::coefficients(receptors.basis, &one?, &two?);
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
            let at = |all: &[Jones]| all[channel.min(all.len() - 1)];
            let found = jones::coefficients(receptors.basis, &at(one), &at(two));
            jones::rows(&found, receptors.correlations)
        };
        let flat = one.len() == 1 && two.len() == 1;
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

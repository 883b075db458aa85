//! The proof: random visibilities read back from the MeasurementSet and compared with a plain sum in
//! double precision.

use kernels::{Complex32, Complex64};
use ndarray::ArrayViewMut3;
use rayon::prelude::*;

use super::block::{Action, Block};
use super::chain::{Moment, moments};
use super::error::Result;
use super::job::Mode;
use super::judge::Wanted;
use super::plan::{Key, Plan};
use crate::ms::rows::is_finite;
use crate::ms::{CellShape, ModelColumn};

/// Visibilities checked of one row: casacore reads a whole tile for each row, so rows are dear.
const PER_ROW: usize = 4;

/// Channels that are looked at where the sky is so large that its flux densities take longer than the rows.
const FEW_CHANNELS: u64 = 8;

/// How far above the promise the check lets a column pass. The promise is for all cross-correlations, the check sees a few,
/// which may be faint ones by chance; what is wrong is wrong by more.
const MARGIN: f64 = 10.0;

/// The rms error that the check allows where `epsilon` is promised, both relative to rms |V|.
pub fn allowed(epsilon: f64) -> f64 {
    MARGIN * epsilon
}

/// What the check found.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct CheckResult {
    /// How many visibilities were read back.
    pub visibilities: usize,
    /// The rms error relative to the rms of the expected visibilities.
    pub rms: f64,
    /// The largest error relative to the same rms.
    pub max: f64,
}

/// A visibility that will be read back.
struct Pick {
    row: u64,
    /// That of the row.
    shape: CellShape,
    /// In the row.
    channel: usize,
    /// Of those that its key stands for.
    of_key: usize,
    correlation: usize,
    uvw: [f64; 3],
    exposure: f64,
    key: Key,
    /// Those of the plans beside.
    others: Vec<Key>,
    ends: [Moment; 2],
    /// What was there before the run.
    old: Complex32,
}

/// The visibilities to read back, chosen while the rows pass.
pub(crate) struct Check {
    /// Which of the eligible rows, ascending.
    ordinals: Vec<u64>,
    /// How many of the wanted rows, and of the eligible ones, have passed.
    next: usize,
    passed: u64,
    /// Autocorrelations flatter the error; they are eligible only where there is nothing else.
    autocorrelations: bool,
    wanted: usize,
    random: Random,
    /// Which [`FEW_CHANNELS`] there are, where no others are looked at: a comb that starts here, of 2⁶⁴ in the whole.
    comb: Option<u64>,
    /// How many of the picks are judged, where the sky is so large that a sum over it takes long; the others only tell how large
    /// visibilities are.
    judged: usize,
    picks: Vec<Pick>,
}

impl Check {
    /// Plans to check `wanted` visibilities in some of `cross` cross-correlation rows, or of `auto`
    /// autocorrelation rows where there are no others.
    pub(crate) fn new(wanted: usize, cross: u64, auto: u64, seed: u64) -> Check {
        let mut random = Random::new(seed);
        let autocorrelations = cross == 0;
        let eligible = if autocorrelations { auto } else { cross };
        let mut ordinals: Vec<u64> = if eligible == 0 {
            Vec::new()
        } else {
            (0..wanted.div_ceil(PER_ROW)).map(|_| random.below(eligible)).collect()
        };
        ordinals.sort_unstable();
        let picks = Vec::new();
        let (comb, judged) = (None, wanted);
        Check { ordinals, next: 0, passed: 0, autocorrelations, wanted, random, comb, judged, picks }
    }

    /// The same in some channels only, for the sky of a plan that is very large.
    pub(crate) fn for_plan(mut self, plan: &Plan) -> Check {
        self.comb = plan.has_many().then(|| self.random.next());
        self.judged = plan.judged(self.wanted);
        self
    }

    /// A channel of so many.
    fn channel(&mut self, channels: usize) -> usize {
        let count = channels as u64;
        let Some(comb) = self.comb.filter(|_| count > FEW_CHANNELS) else {
            return self.random.below(count) as usize;
        };
        let tooth = self.random.below(FEW_CHANNELS);
        ((comb % count + tooth * count / FEW_CHANNELS) % count) as usize
    }

    /// Looks at a block that is about to be computed, in the order of the rows.
    pub(crate) fn visit(&mut self, plan: &Plan, block: &Block) {
        let mut offset = 0;
        for (i, (action, shape)) in block.actions.iter().zip(&block.shapes).enumerate() {
            let rows = &block.rows;
            let auto = rows.antenna1[i] == rows.antenna2[i];
            if *action == Action::Predict && auto == self.autocorrelations && is_finite(&rows.uvw[i]) {
                while self.ordinals.get(self.next) == Some(&self.passed) {
                    self.next += 1;
                    self.pick(plan, block, i, *shape, offset);
                }
                self.passed += 1;
            }
            offset += shape.len();
        }
    }

    fn pick(&mut self, plan: &Plan, block: &Block, i: usize, shape: CellShape, offset: usize) {
        let rows = &block.rows;
        let windows = block.windows.len().max(1);
        let (row, first) = block.place(i, self.random.below(windows as u64) as usize);
        let shape = CellShape { channels: shape.channels / windows, ..shape };
        for _ in 0..PER_ROW.min(self.wanted - self.picks.len()) {
            let part = plan.part(rows.data_desc[i]).unwrap_or(0..shape.channels);
            let of_part = self.channel(part.len());
            let channel = part.start + of_part;
            let correlation = self.random.below(shape.correlations as u64) as usize;
            self.picks.push(Pick {
                row,
                shape,
                channel,
                of_key: first + of_part,
                correlation,
                uvw: rows.uvw[i],
                exposure: rows.exposure.get(i).copied().unwrap_or(0.0),
                key: plan.key(rows, i),
                others: plan.beside().iter().map(|other| other.key(rows, i)).collect(),
                ends: moments(rows, i),
                old: block
                    .old
                    .get(offset + channel * shape.correlations + correlation)
                    .copied()
                    .unwrap_or_default(),
            });
        }
    }

    /// The picks that are judged: all, or some of different rows.
    fn chosen(&self) -> impl Iterator<Item = &Pick> {
        let step = if self.judged < self.wanted { self.wanted.div_ceil(self.judged.max(1)) } else { 1 };
        self.picks.iter().step_by(step)
    }

    /// The model of the judged visibilities, by a plain sum in double precision, or nearly so ([`Plan::sums_of_many`]).
    pub(crate) fn expected(&self, plan: &Plan) -> Result<Vec<Complex64>> {
        if plan.has_many() {
            let wanted = |pick: &Pick| Wanted {
                key: pick.key,
                uvw: pick.uvw,
                channel: pick.of_key,
                correlation: pick.correlation,
            };
            return plan.sums_of_many(&self.chosen().map(wanted).collect::<Vec<_>>());
        }
        let chosen: Vec<&Pick> = self.chosen().collect();
        let mut models = Self::sums(&chosen, plan, |pick| pick.key)?;
        for (at, other) in plan.beside().iter().enumerate() {
            let part = Self::sums(&chosen, other, |pick| pick.others[at])?;
            models.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
        }
        Ok(models)
    }

    /// Chosen visibilities of one plan by plain sums, whose keys are those of the picks.
    fn sums(chosen: &[&Pick], plan: &Plan, key: impl Fn(&Pick) -> Key + Sync) -> Result<Vec<Complex64>> {
        // Keys come in the order of the rows.
        let same: Vec<&[&Pick]> = chosen.chunk_by(|a, b| key(a) == key(b)).collect();
        let of_key = |picks: &&[&Pick]| -> Result<Vec<Complex64>> {
            let Some(first) = picks.first() else {
                return Ok(Vec::new());
            };
            let view = plan.view(key(first))?;
            let model = |pick: &&Pick| {
                let ends = [&pick.ends[0], &pick.ends[1]];
                let row = (pick.uvw, pick.exposure);
                plan.reference(&view, key(pick), row, ends, pick.of_key, pick.correlation)
            };
            picks.par_iter().map(model).collect()
        };
        let models: Vec<Vec<Complex64>> = same.par_iter().map(of_key).collect::<Result<_>>()?;
        Ok(models.concat())
    }

    /// Reads the chosen visibilities back and compares them with the `expected` model.
    pub(crate) fn compare(
        &self,
        expected: &[Complex64],
        column: &ModelColumn,
        mode: Mode,
        tally: &mut Tally,
    ) -> Result<()> {
        let mut cell = Vec::new();
        let mut cell_row = None;
        let mut found_at = |pick: &Pick| -> Result<Complex64> {
            if cell_row != Some(pick.row) {
                read_cell(column, pick, &mut cell)?;
                cell_row = Some(pick.row);
            }
            Ok(double(cell[pick.channel * pick.shape.correlations + pick.correlation]))
        };
        // How large all picks are, where only some are judged: those may be of faint visibilities by chance.
        if expected.len() < self.picks.len() {
            for pick in &self.picks {
                let old = if mode == Mode::Replace { Complex64::ZERO } else { double(pick.old) };
                tally.found_power += (found_at(pick)? - old).norm_sqr();
            }
            tally.found += self.picks.len();
        }
        for (pick, model) in self.chosen().zip(expected.iter().copied()) {
            let old = double(pick.old);
            let expected = match mode {
                Mode::Replace => model,
                Mode::Add => old + model,
                Mode::Subtract => old - model,
            };
            let error = (found_at(pick)? - expected).norm();
            tally.judged += 1;
            tally.square += error * error;
            tally.power += model.norm_sqr();
            tally.old_power += if mode == Mode::Replace { 0.0 } else { old.norm_sqr() };
            // Not `max`: a NaN in the column must not be lost.
            if error > tally.max || error.is_nan() {
                tally.max = error;
            }
        }
        Ok(())
    }
}

/// What checks found, summed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    judged: usize,
    square: f64,
    power: f64,
    old_power: f64,
    max: f64,
    /// Visibilities that were read to tell how large they are, and their power.
    found: usize,
    found_power: f64,
}

impl Tally {
    /// The errors, relative to the visibilities. `None` where none were judged.
    pub(crate) fn result(&self) -> Option<CheckResult> {
        if self.judged == 0 {
            return None;
        }
        let n = self.judged as f64;
        let found_power = self.found_power / self.found.max(1) as f64;
        // Sums keep single precision of the larger of the two terms.
        let scale = (self.power.max(self.old_power) / n).max(found_power).sqrt();
        // Against a zero model every deviation counts in full.
        let scale = if scale > 0.0 { scale } else { 1.0 };
        Some(CheckResult {
            visibilities: self.judged,
            rms: (self.square / n).sqrt() / scale,
            max: self.max / scale,
        })
    }
}

fn read_cell(column: &ModelColumn, pick: &Pick, cell: &mut Vec<Complex32>) -> Result<()> {
    cell.clear();
    cell.resize(pick.shape.len(), Complex32::default());
    let shape = (1, pick.shape.channels, pick.shape.correlations);
    if let Ok(view) = ArrayViewMut3::from_shape(shape, cell) {
        column.read(pick.row, view)?;
    }
    Ok(())
}

fn double(value: Complex32) -> Complex64 {
    Complex64::new(value.re.into(), value.im.into())
}

/// splitmix64 (Steele, Lea & Flood 2014): enough to choose rows.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Random {
        Random(seed)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

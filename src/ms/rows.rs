//! The rows of the main table, read by blocks.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::mpsc::{channel, sync_channel};

use casacore::{Scalar, Table};
use ndarray::ArrayViewMut2;

use super::error::Result;
use super::sequence::{Collector, Sequence};
use super::tracks::Tracks;
use crate::stall::doing;

/// What is predicted from, for a run of consecutive rows.
#[derive(Debug, Clone, Default)]
pub struct RowBlock {
    /// The first row.
    pub start: u64,
    /// UVW as stored [m].
    pub uvw: Vec<[f64; 3]>,
    /// FIELD_ID.
    pub field: Vec<i32>,
    /// DATA_DESC_ID.
    pub data_desc: Vec<i32>,
    /// ANTENNA1.
    pub antenna1: Vec<i32>,
    /// ANTENNA2.
    pub antenna2: Vec<i32>,
    /// TIME [s, MJD].
    pub time: Vec<f64>,
    /// EXPOSURE [s], 0 where it is not positive; empty where it is not needed.
    pub exposure: Vec<f64>,
}

impl RowBlock {
    /// Reads `rows` of the main table, with EXPOSURE where `exposure` asks for it.
    ///
    /// # Errors
    /// Any error of casacore, for instance a UVW cell without a value.
    pub fn read(ms: &Table, rows: Range<u64>, exposure: bool) -> Result<RowBlock> {
        let mut block = RowBlock::default();
        block.read_again(ms, rows, exposure)?;
        Ok(block)
    }

    /// The same in place of what the block holds, whose memory serves again.
    ///
    /// # Errors
    /// As [`RowBlock::read`]; the block is of no use then.
    pub fn read_again(&mut self, ms: &Table, rows: Range<u64>, exposure: bool) -> Result<()> {
        fn scalars<T: Scalar>(
            ms: &Table,
            column: &str,
            (start, count): (u64, usize),
            out: &mut Vec<T>,
        ) -> Result<()> {
            out.resize(count, T::default());
            Ok(ms.scalars_into(column, start, out)?)
        }
        let count = (rows.end - rows.start) as usize;
        let _doing = doing("while reading the rows of", ms.path());
        self.start = rows.start;
        self.uvw.resize(count, [0.0; 3]);
        if count > 0 {
            let flat: &mut [f64] = self.uvw.as_flattened_mut();
            // The shape cannot mismatch: `flat` has exactly three values a row.
            if let Ok(view) = ArrayViewMut2::from_shape((count, 3), flat) {
                ms.cells_into("UVW", rows.start, view.into_dyn())?;
            }
        }
        let of = (rows.start, count);
        scalars(ms, "EXPOSURE", if exposure { of } else { (rows.start, 0) }, &mut self.exposure)?;
        let good = |time: &f64| time.is_finite() && *time > 0.0;
        self.exposure.iter_mut().filter(|time| !good(time)).for_each(|time| *time = 0.0);
        scalars(ms, "FIELD_ID", of, &mut self.field)?;
        scalars(ms, "DATA_DESC_ID", of, &mut self.data_desc)?;
        scalars(ms, "ANTENNA1", of, &mut self.antenna1)?;
        scalars(ms, "ANTENNA2", of, &mut self.antenna2)?;
        scalars(ms, "TIME", of, &mut self.time)
    }

    /// Rows `range` of the block, counted from its start.
    ///
    /// # Panics
    /// If the block has fewer rows.
    pub fn part(&self, range: Range<usize>) -> RowBlock {
        RowBlock {
            start: self.start + range.start as u64,
            uvw: self.uvw[range.clone()].to_vec(),
            field: self.field[range.clone()].to_vec(),
            data_desc: self.data_desc[range.clone()].to_vec(),
            antenna1: self.antenna1[range.clone()].to_vec(),
            antenna2: self.antenna2[range.clone()].to_vec(),
            exposure: self.exposure.get(range.clone()).unwrap_or_default().to_vec(),
            time: self.time[range].to_vec(),
        }
    }

    /// The rows of these indices, counted from the block's start; they need not follow one another in the table, and `start` is
    /// that of the first.
    ///
    /// # Panics
    /// If the block has fewer rows.
    pub fn pick(&self, indices: &[usize]) -> RowBlock {
        fn picked<T: Copy>(of: &[T], indices: &[usize]) -> Vec<T> {
            indices.iter().map(|i| of[*i]).collect()
        }
        RowBlock {
            start: self.start + indices.first().map_or(0, |i| *i as u64),
            uvw: picked(&self.uvw, indices),
            field: picked(&self.field, indices),
            data_desc: picked(&self.data_desc, indices),
            antenna1: picked(&self.antenna1, indices),
            antenna2: picked(&self.antenna2, indices),
            exposure: if self.exposure.is_empty() { Vec::new() } else { picked(&self.exposure, indices) },
            time: picked(&self.time, indices),
        }
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.uvw.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.uvw.is_empty()
    }
}

/// Whether a baseline vector can be predicted from.
pub fn is_finite(uvw: &[f64; 3]) -> bool {
    uvw.iter().all(|x| x.is_finite())
}

/// What one field observed through one set-up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usage {
    /// The number of rows.
    pub rows: u64,
    /// The first of them.
    pub first_row: u64,
    /// Their earliest and latest TIME [s, MJD].
    pub times: [f64; 2],
    /// Rows of cross-correlations with a finite UVW.
    pub cross: u64,
    /// Rows of autocorrelations with a finite UVW.
    pub auto: u64,
    /// The longest baseline [m].
    pub longest: f64,
}

/// Which fields and set-ups the rows use.
#[derive(Debug, Clone, Default)]
pub struct RowSurvey {
    /// By (FIELD_ID, DATA_DESC_ID).
    pub used: BTreeMap<(i32, i32), Usage>,
    /// Rows whose UVW is not finite.
    pub without_uvw: u64,
    /// The longest EXPOSURE [s]; 0 where it was not read.
    pub longest_exposure: f64,
    /// Rows whose EXPOSURE is not positive, of those where it was read.
    pub without_exposure: u64,
    /// Some of the baselines, the longest among them.
    pub tracks: Tracks,
    /// By DATA_DESC_ID; empty where they were not asked for, or the rows are in no order.
    pub sequences: BTreeMap<i32, Sequence>,
    /// All rows, where they were asked for and are few.
    pub kept: Option<RowBlock>,
}

/// Rows read at a time by [`RowSurvey::read`]: some 4 MB.
const SURVEY_ROWS: u64 = 1 << 16;

impl RowSurvey {
    /// Looks at every row once, before anything is written.
    ///
    /// # Errors
    /// Any error of casacore.
    pub fn read(ms: &Table) -> Result<RowSurvey> {
        RowSurvey::look(ms, 0..ms.row_count(), false, None)
    }

    /// The same of some rows only, also at EXPOSURE where `exposure` asks for it.
    ///
    /// # Errors
    /// As [`RowSurvey::read`].
    pub fn of_rows(ms: &Table, rows: Range<u64>, exposure: bool) -> Result<RowSurvey> {
        RowSurvey::look(ms, rows, exposure, None)
    }

    /// The same for a prediction: also at EXPOSURE where `exposure` asks for it, and which DATA_DESC_IDs have the same rows. As many
    /// rows as are looked at together are kept, and need not be read again.
    ///
    /// # Errors
    /// As [`RowSurvey::read`].
    pub fn with_sequences(ms: &Table, exposure: bool) -> Result<RowSurvey> {
        RowSurvey::look(ms, 0..ms.row_count(), exposure, Some(Collector::default()))
    }

    fn look(
        ms: &Table,
        rows: Range<u64>,
        exposure: bool,
        mut collector: Option<Collector>,
    ) -> Result<RowSurvey> {
        let mut survey = RowSurvey::default();
        if rows.end - rows.start <= SURVEY_ROWS {
            let block = RowBlock::read(ms, rows, exposure)?;
            survey.add(&block, collector.as_mut());
            survey.kept = collector.is_some().then_some(block);
        } else {
            // This thread reads, and another one looks at what was read before.
            let (send, blocks) = sync_channel::<RowBlock>(1);
            let (give_back, used) = channel::<RowBlock>();
            std::thread::scope(|scope| {
                let (survey, collector) = (&mut survey, &mut collector);
                scope.spawn(move || {
                    for block in blocks {
                        survey.add(&block, collector.as_mut());
                        // The reader is done where nobody takes it.
                        let _ = give_back.send(block);
                    }
                });
                let mut start = rows.start;
                while start < rows.end {
                    let end = (start + SURVEY_ROWS).min(rows.end);
                    let mut block = used.try_recv().unwrap_or_default();
                    block.read_again(ms, start..end, exposure)?;
                    // It fails only where the other thread panicked, which the end of the scope hands on.
                    if send.send(block).is_err() {
                        break;
                    }
                    start = end;
                }
                drop(send);
                Result::Ok(())
            })?;
        }
        survey.sequences = collector.map(Collector::finish).unwrap_or_default();
        Ok(survey)
    }

    fn add(&mut self, block: &RowBlock, mut collector: Option<&mut Collector>) {
        self.tracks.add(block);
        self.longest_exposure = block.exposure.iter().copied().fold(self.longest_exposure, f64::max);
        self.without_exposure += block.exposure.iter().filter(|time| **time == 0.0).count() as u64;
        let pair = |i: usize| (block.field[i], block.data_desc[i]);
        let mut from = 0;
        while from < block.len() {
            // Neighbours mostly have both in common: they are looked up once.
            let same = (from..block.len()).take_while(|i| pair(*i) == pair(from)).count();
            let run = from..from + same;
            let usage = self.used.entry(pair(from)).or_insert(Usage {
                rows: 0,
                first_row: block.start + from as u64,
                times: [block.time[from]; 2],
                cross: 0,
                auto: 0,
                longest: 0.0,
            });
            self.without_uvw += usage.add(block, run.clone());
            if let Some(collector) = &mut collector {
                collector.add(block, run);
            }
            from += same;
        }
        if let Some(collector) = collector {
            collector.look();
        }
    }

    /// Adds what is known of the use of other rows; the rest is left as it is.
    pub fn join_usage(&mut self, other: &RowSurvey) {
        for (pair, usage) in &other.used {
            self.used.entry(*pair).and_modify(|known| known.join(usage)).or_insert(*usage);
        }
        self.without_uvw += other.without_uvw;
    }

    /// The DATA_DESC_IDs in use, each with its first row.
    pub fn data_descs(&self) -> BTreeMap<i32, u64> {
        let mut first = BTreeMap::new();
        for (&(_, data_desc), usage) in &self.used {
            let row = first.entry(data_desc).or_insert(usage.first_row);
            *row = usage.first_row.min(*row);
        }
        first
    }
}

impl Usage {
    /// Adds other rows.
    fn join(&mut self, other: &Usage) {
        self.rows += other.rows;
        self.first_row = self.first_row.min(other.first_row);
        self.times = [self.times[0].min(other.times[0]), self.times[1].max(other.times[1])];
        self.cross += other.cross;
        self.auto += other.auto;
        self.longest = self.longest.max(other.longest);
    }

    /// Adds the rows `run` of a block; returns how many have no finite UVW.
    fn add(&mut self, block: &RowBlock, run: Range<usize>) -> u64 {
        self.rows += run.len() as u64;
        let mut without = 0;
        let mut longest = 0.0f64;
        for i in run {
            let (time, uvw) = (block.time[i], &block.uvw[i]);
            self.times = [self.times[0].min(time), self.times[1].max(time)];
            if !is_finite(uvw) {
                without += 1;
                continue;
            }
            longest = longest.max(uvw.iter().map(|x| x * x).sum());
            if block.antenna1[i] == block.antenna2[i] {
                self.auto += 1;
            } else {
                self.cross += 1;
            }
        }
        self.longest = self.longest.max(longest.sqrt());
        without
    }
}

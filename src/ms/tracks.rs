//! Some of the baselines of an observation, with the longest of them: what grids over (u, v, w) are made for.

use std::collections::BTreeMap;
use std::ops::Range;

use super::rows::{RowBlock, is_finite};

/// The most rows that are kept of many integrations: some 3 MB.
const MOST: usize = 1 << 17;

/// So many integrations tell of a track, whatever its length; fewer are not thinned before they take four times as much.
const ENOUGH: u32 = 32;

/// A row that was kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackRow {
    /// FIELD_ID.
    pub field: i32,
    /// DATA_DESC_ID.
    pub data_desc: i32,
    /// TIME [s, MJD].
    pub time: f64,
    /// UVW [m].
    pub uvw: [f64; 3],
}

/// Rows that follow one another with the same FIELD_ID, DATA_DESC_ID and TIME.
#[derive(Debug, Clone)]
struct Run {
    field: i32,
    data_desc: i32,
    time: f64,
    /// The integration they are of, in the order of the rows.
    integration: u32,
    uvw: Box<[[f64; 3]]>,
}

impl Run {
    fn rows(&self) -> impl Iterator<Item = TrackRow> {
        let Run { field, data_desc, time, .. } = *self;
        self.uvw.iter().map(move |uvw| TrackRow { field, data_desc, time, uvw: *uvw })
    }
}

/// The rows with a baseline of some integrations: of all where they are few, else of evenly spaced ones and the last.
///
/// In one frame a baseline is the same whatever the field, so what counts is how far the Earth has turned: between
/// integrations that are kept by so little that no baseline is longer by more than a few per cent.
#[derive(Debug, Clone, Default)]
pub struct Tracks {
    runs: Vec<Run>,
    /// The rows of all runs.
    count: usize,
    /// Integrations are kept whose number has so many zeros at its end.
    halvings: u32,
    windows: BTreeMap<i32, Window>,
    /// The most integrations that any of them has.
    most: u32,
    unordered: bool,
}

/// The integrations of a DATA_DESC_ID.
#[derive(Debug, Clone, Default)]
struct Window {
    count: u32,
    /// What the row before was of.
    now: Option<(i32, u64)>,
    latest: Option<f64>,
    /// The rows of the last integration, where it is not kept.
    last: Vec<Run>,
}

/// Whether an integration is one of those kept.
fn keeps(integration: u32, halvings: u32) -> bool {
    integration.trailing_zeros() >= halvings
}

impl Tracks {
    /// Looks at the next rows.
    pub(super) fn add(&mut self, block: &RowBlock) {
        let of = |i: usize| (block.field[i], block.data_desc[i], block.time[i].to_bits());
        let mut from = 0;
        while from < block.uvw.len() {
            // The rows of an integration mostly follow one another: its window is looked up once.
            let same = (from..block.uvw.len()).take_while(|i| of(*i) == of(from)).count();
            while self.is_too_much(same) {
                self.thin();
            }
            self.add_run(block, from..from + same);
            from += same;
        }
    }

    /// Whether so many rows more are more than is to be kept.
    fn is_too_much(&self, more: usize) -> bool {
        let (rows, integrations) = (self.count + more, self.most >> self.halvings);
        rows > MOST && integrations > ENOUGH || rows > 4 * MOST && integrations > 2
    }

    /// Keeps every other integration, and the last.
    fn thin(&mut self) {
        self.halvings += 1;
        let halvings = self.halvings;
        for (data_desc, window) in &mut self.windows {
            let last = window.count - 1;
            if !keeps(last, halvings) && window.last.is_empty() {
                let of_last = |run: &mut Run| run.data_desc == *data_desc && run.integration == last;
                window.last = self.runs.extract_if(.., of_last).collect();
            }
        }
        self.runs.retain(|run| keeps(run.integration, halvings));
        self.count = self.runs.iter().map(|run| run.uvw.len()).sum();
    }

    /// Looks at rows of a block that have one FIELD_ID, DATA_DESC_ID and TIME.
    fn add_run(&mut self, block: &RowBlock, run: Range<usize>) {
        let (field, data_desc) = (block.field[run.start], block.data_desc[run.start]);
        let time = block.time[run.start];
        // As long as it needs to be from the beginning: what is given back in the end leaves holes.
        let finite = block.uvw[run].iter().copied().filter(is_finite);
        let mut uvw = Vec::with_capacity(finite.clone().count());
        uvw.extend(finite);
        if uvw.is_empty() {
            return;
        }
        let window = self.windows.entry(data_desc).or_default();
        let here = (field, time.to_bits());
        if window.now != Some(here) {
            window.now = Some(here);
            window.count += 1;
            self.most = self.most.max(window.count);
            window.last.clear();
            let latest = window.latest.unwrap_or(time);
            self.unordered |= time < latest;
            window.latest = Some(latest.max(time));
        }
        let integration = window.count - 1;
        let kept = keeps(integration, self.halvings);
        self.count += if kept { uvw.len() } else { 0 };
        let runs = if kept { &mut self.runs } else { &mut window.last };
        runs.push(Run { field, data_desc, time, integration, uvw: uvw.into_boxed_slice() });
    }

    /// The rows that were kept.
    pub fn rows(&self) -> impl Iterator<Item = TrackRow> {
        self.runs.iter().chain(self.windows.values().flat_map(|window| &window.last)).flat_map(Run::rows)
    }

    /// Whether all rows are there.
    pub fn is_whole(&self) -> bool {
        self.halvings == 0
    }

    /// Whether the rows of every DATA_DESC_ID are in the order of time.
    pub fn is_ordered(&self) -> bool {
        !self.unordered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(times: std::ops::Range<usize>, baselines: usize) -> RowBlock {
        let rows = times.len() * baselines;
        RowBlock {
            uvw: vec![[1.0; 3]; rows],
            field: vec![0; rows],
            data_desc: vec![0; rows],
            time: times.flat_map(|time| vec![time as f64; baselines]).collect(),
            ..RowBlock::default()
        }
    }

    #[test]
    fn few_rows_are_all_kept_and_many_are_thinned_evenly() {
        let mut tracks = Tracks::default();
        tracks.add(&block(0..100, 50));
        assert!(tracks.is_whole() && tracks.is_ordered() && tracks.rows().count() == 5000);
        for start in (100..3100).step_by(100) {
            tracks.add(&block(start..start + 100, 500));
        }
        assert!(!tracks.is_whole() && tracks.rows().count() < MOST + 500);
        let mut times: Vec<u64> = tracks.rows().map(|row| row.time as u64).collect();
        times.sort_unstable();
        times.dedup();
        assert_eq!((times[0], times.last()), (0, Some(&3099)));
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] <= 16), "{times:?}");
    }

    #[test]
    fn few_integrations_of_many_rows_are_kept() {
        let mut tracks = Tracks::default();
        tracks.add(&block(0..ENOUGH as usize, MOST / 16));
        assert!(tracks.is_whole());
        for start in 1..8 {
            let start = start * ENOUGH as usize;
            tracks.add(&block(start..start + ENOUGH as usize, MOST / 16));
        }
        assert!(!tracks.is_whole() && tracks.rows().count() < 3 * MOST);
    }

    #[test]
    fn one_large_integration_is_kept_whole() {
        let mut tracks = Tracks::default();
        tracks.add(&block(0..1, MOST + 7));
        assert_eq!(tracks.rows().count(), MOST + 7);
    }

    #[test]
    fn rows_that_go_back_in_time_are_told() {
        let mut tracks = Tracks::default();
        tracks.add(&block(5..6, 3));
        tracks.add(&block(1..2, 3));
        assert!(!tracks.is_ordered());
    }
}

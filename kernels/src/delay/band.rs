//! Neighbouring channels that share a grid of delays.

use super::basis::{Domain, Response};
use super::fft::{Fft, smooth};
use super::taps::Taps;
use crate::SPEED_OF_LIGHT;
use crate::plan::{SPACING_TOLERANCE, Segment};
use std::collections::HashMap;
use std::ops::Range;

/// Fewer channels than this cost less by the direct sum.
const FEWEST: usize = 8;
/// The most channels of a band: working memory grows with them.
const MOST: usize = 4096;
/// The widest band: highest over lowest frequency, beyond a single segment.
const WIDEST: f64 = 1.5;
/// The nodes a band keeps at its coarsest.
const NODES: usize = 40;
/// Channels interpolated at a time.
pub const TOGETHER: usize = 4;
/// How much wider than its channels a band with gaps may be: a grid for what nobody observes is work for nothing.
const MOST_SPREAD: f64 = 2.0;
/// The finest parts of a channel spacing that places may be whole numbers of.
const FINEST: usize = 4;

/// The segments of a band.
#[derive(Clone, Debug)]
pub struct Span {
    /// The segments.
    pub segments: Range<usize>,
    /// The channels.
    pub channels: Range<usize>,
    /// Whether the channels follow one another at even spacing.
    pub even: bool,
    /// What all distances between channels are whole numbers of [Hz], if there is such a unit: with gaps between segments, or
    /// segments of differing spacing, it exists as well.
    pub unit: Option<f64>,
}

impl Span {
    /// Whether a grid of delays is worth its while.
    pub fn is_long(&self) -> bool {
        self.channels.len() >= FEWEST
    }
}

/// Groups segments into bands.
pub fn spans(channels: &[f64], segments: &[Segment]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        let end = segment.start + segment.len;
        if let Some(last) = spans.last_mut() {
            let all = &channels[last.channels.start..end];
            let (low, high) = range(all);
            if all.len() <= MOST && high <= WIDEST * low {
                let even = last.even && segment.step.is_some() && is_even(all, last.channels.len());
                let unit = match (last.unit, segment.step) {
                    (Some(_), Some(_)) if even => {
                        Some((all[all.len() - 1] - all[0]).abs() / (all.len() - 1) as f64)
                    }
                    (Some(_), Some(_)) => common_unit(all, &segments[last.segments.start..=index]),
                    _ => None,
                };
                let uneven = last.unit.is_none() && segment.step.is_none();
                if unit.is_some() || uneven {
                    *last = Span {
                        segments: last.segments.start..index + 1,
                        channels: last.channels.start..end,
                        even,
                        unit,
                    };
                    continue;
                }
            }
        }
        let all = &channels[segment.start..end];
        let even = segment.step.is_some();
        let unit = even.then(|| (all[all.len() - 1] - all[0]).abs() / (all.len() - 1) as f64);
        spans.push(Span { segments: index..index + 1, channels: segment.start..end, even, unit });
    }
    spans
}

/// Whether channels of which the first `known` are even go on as they began.
fn is_even(channels: &[f64], known: usize) -> bool {
    let step = (channels[known - 1] - channels[0]) / (known - 1) as f64;
    let off = |i: usize| (channels[i] - channels[0] - step * i as f64).abs() > 4.0 * SPACING_TOLERANCE;
    !(off(known) || off(channels.len() - 1))
}

/// The unit [Hz] of channels in evenly spaced segments, if there is one, and not too much lies between them.
fn common_unit(channels: &[f64], segments: &[Segment]) -> Option<f64> {
    let steps = segments.iter().map(|segment| 0.5 * SPEED_OF_LIGHT * segment.step.unwrap_or(0.0).abs());
    let (mut filled, mut least) = (0.0, f64::INFINITY);
    for (step, segment) in steps.zip(segments) {
        filled += step * segment.len as f64;
        least = least.min(step);
    }
    let (low, high) = range(channels);
    if high - low > MOST_SPREAD * filled {
        return None;
    }
    (1..=FINEST).find_map(|parts| {
        let units = ((high - low) * parts as f64 / least).round();
        let unit = (high - low) / units;
        let whole = |f: &f64| (f - low - unit * ((f - low) / unit).round()).abs() <= 4.0 * SPACING_TOLERANCE;
        ((1.0..=MOST_SPREAD * MOST as f64).contains(&units) && channels.iter().all(whole)).then_some(unit)
    })
}

fn range(x: &[f64]) -> (f64, f64) {
    x.iter().fold((f64::INFINITY, 0.0), |(low, high), &x| (x.min(low), x.max(high)))
}

/// The frequencies of a band, in units of a spacing about a centre.
#[derive(Clone, Debug)]
pub struct Axis {
    /// The centre [Hz].
    pub centre: f64,
    /// The unit [Hz].
    pub unit: f64,
    /// The channels in that unit, from the centre.
    pub places: Vec<f64>,
    /// The greatest of |places|.
    pub edge: f64,
    /// Whether places are whole.
    pub even: bool,
    /// The units between the coarsest nodes: a power of two.
    pub coarsest: usize,
}

impl Axis {
    /// The axis of the channels [Hz] of a band, with the unit of its [`Span`].
    pub fn new(channels: &[f64], unit: Option<f64>) -> Self {
        let count = channels.len();
        let (low, high) = range(channels);
        let (centre, step, places): (f64, f64, Vec<f64>) = if let Some(unit) = unit {
            let place = |f: &f64| ((f - low) / unit).round();
            let middle = (0.5 * (place(&high) + 1.0)).floor();
            (low + unit * middle, unit, channels.iter().map(|f| place(f) - middle).collect())
        } else {
            let centre = 0.5 * (low + high);
            // A band of one frequency still needs a grid.
            let step = ((high - low) / (2 * (count - 1)).max(NODES) as f64).max(1e-9 * high);
            (centre, step, channels.iter().map(|f| (f - centre) / step).collect())
        };
        let edge = places.iter().fold(1.0, |most: f64, x| most.max(x.abs()));
        let mut coarsest = 1;
        while 4.0 * edge >= (2 * coarsest * 2 * NODES) as f64 {
            coarsest *= 2;
        }
        Self { centre, unit: step, places, edge, even: unit.is_some(), coarsest }
    }

    /// The channels as y, ±1 at the edge.
    pub fn y(&self) -> Vec<f64> {
        self.places.iter().map(|x| x / self.edge).collect()
    }

    /// The reach of the nodes of all classes, in units.
    fn reach(&self, taps: &Taps) -> f64 {
        match self.coarsest {
            1 if self.even => self.edge,
            coarsest => self.edge + ((taps.count / 2 + 1) * coarsest) as f64,
        }
    }
}

/// The grid of delays of a band.
#[derive(Clone, Debug)]
pub struct Grid {
    /// Cells of the finest nodes.
    pub len: usize,
    /// What kernels are fitted over.
    pub domain: Domain,
    /// What nodes are divided by.
    pub response: Response,
}

impl Grid {
    /// A grid at least `oversampling` times finer than the band.
    pub fn new(axis: &Axis, taps: &Taps, oversampling: f64) -> Self {
        let reach = axis.reach(taps);
        let coarse = (2.0 * reach * oversampling / axis.coarsest as f64).ceil() as usize;
        let len = axis.coarsest * smooth(coarse.max(16));
        let domain = Domain { edge: axis.edge / len as f64, stretch: reach / axis.edge };
        Self { len, domain, response: Response::new(0.5 / (domain.edge * domain.stretch)) }
    }
}

/// Nodes of one spacing, on a grid of delays.
#[derive(Clone, Debug)]
pub struct Class {
    /// The longest delay [cells].
    pub limit: f64,
    /// From cells to nodes.
    pub fft: Fft,
    /// 1/response of every node.
    pub inverse: Vec<f32>,
    /// The nodes.
    pub nodes: Nodes,
}

/// Where nodes are, and how channels follow from them.
#[derive(Clone, Debug)]
pub struct Nodes {
    /// The first node, in spacings from the centre.
    pub first: i64,
    /// How many.
    pub count: usize,
    /// Taps a channel; 0 if nodes are channels.
    pub taps: usize,
    /// For each segment of the band, runs of channels between the same nodes.
    pub runs: Vec<Vec<Run>>,
    /// The taps of the runs: `[tap][channel of the run]`
    pub weights: Vec<f32>,
}

/// Channels between the same nodes.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// The first node that takes part, from the first of the class.
    pub node: u32,
    /// The taps.
    pub weights: u32,
    /// How many channels: at most [`TOGETHER`].
    pub count: u32,
}

impl Class {
    /// The classes of a band, coarsest nodes first.
    pub fn all(axis: &Axis, grid: &Grid, taps: &Taps, lens: &[usize]) -> Vec<Self> {
        let spacings = (0..).map(|i| axis.coarsest >> i).take_while(|&spacing| spacing > 0);
        spacings.map(|spacing| Self::new(axis, grid, taps, spacing, lens)).collect()
    }

    fn new(axis: &Axis, grid: &Grid, taps: &Taps, spacing: usize, lens: &[usize]) -> Self {
        let cells = grid.len / spacing;
        let exact = axis.even && spacing == 1;
        let nodes = Nodes::new(&axis.places, (!exact).then_some(taps), spacing, lens);
        let turns = |j: usize| (nodes.first + j as i64) as f64 / cells as f64;
        Self {
            limit: if exact { f64::INFINITY } else { taps.limit * cells as f64 },
            fft: Fft::new(cells),
            inverse: (0..nodes.count).map(|j| grid.response.inverse(turns(j)) as f32).collect(),
            nodes,
        }
    }
}

impl Nodes {
    /// Nodes `spacing` units apart for channels at `places`, in segments of `lens`; without taps, places must be whole and nodes are
    /// channels.
    pub fn new(places: &[f64], taps: Option<&Taps>, spacing: usize, lens: &[usize]) -> Self {
        let places: Vec<f64> = places.iter().map(|x| x / spacing as f64).collect();
        let (before, after) = taps.map_or((0, 0), |taps| (taps.before() as i64, taps.count as i64 / 2));
        let node = |x: &f64| x.floor() as i64;
        let first = places.iter().map(node).min().unwrap_or(0) - before;
        let last = places.iter().map(node).max().unwrap_or(0) + after;
        let mut known: HashMap<Vec<u64>, u32> = HashMap::new();
        let mut weights: Vec<f32> = Vec::new();
        let mut runs = Vec::new();
        let mut start = 0;
        for &len in lens {
            let mut of_segment = Vec::new();
            let mut at = start;
            while at < start + len {
                let here = node(&places[at]);
                let most = if taps.is_some() { TOGETHER } else { 1 };
                let count =
                    places[at..(start + len).min(at + most)].iter().take_while(|x| node(x) == here).count();
                let index = taps.map_or(0, |taps| {
                    let fractions: Vec<f64> = places[at..at + count].iter().map(|x| x - x.floor()).collect();
                    let key = fractions.iter().map(|x| (x * 1e12).round() as u64).collect();
                    *known.entry(key).or_insert_with(|| {
                        let index = weights.len() as u32;
                        let columns: Vec<Vec<f64>> = fractions.iter().map(|&f| taps.weights(f)).collect();
                        for tap in 0..taps.count {
                            weights.extend(columns.iter().map(|column| column[tap] as f32));
                        }
                        index
                    })
                });
                of_segment.push(Run {
                    node: (here - before - first) as u32,
                    weights: index,
                    count: count as u32,
                });
                at += count;
            }
            runs.push(of_segment);
            start += len;
        }
        let taps = taps.map_or(0, |taps| taps.count);
        Self { first, count: (last - first + 1) as usize, taps, runs, weights }
    }
}

/// Half turns per metre of delay at a frequency [Hz].
pub fn half_turns(frequency: f64) -> f64 {
    2.0 * frequency / SPEED_OF_LIGHT
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::segments;

    const CHANNEL: f64 = 244_140.625;

    /// Windows of 48 channels each, the first channels of which are so many channels from 1.3 GHz.
    fn windows(starts: &[f64], steps: &[f64]) -> Vec<f64> {
        let window = |(start, step): (&f64, &f64)| {
            let first = 1.3e9 + CHANNEL * start;
            (0..48).map(move |k| first + CHANNEL * step * f64::from(k)).collect::<Vec<_>>()
        };
        starts.iter().zip(steps.iter().cycle()).flat_map(window).collect()
    }

    /// The numbers of channels of the bands, and their units in channels.
    fn bands(channels: &[f64]) -> Vec<(usize, Option<f64>)> {
        let spans = spans(channels, &segments(channels));
        spans.iter().map(|span| (span.channels.len(), span.unit.map(|unit| unit / CHANNEL))).collect()
    }

    #[test]
    fn windows_on_one_grid_are_one_band() {
        let one = |parts: f64| vec![(144, Some(1.0 / parts))];
        assert_eq!(bands(&windows(&[0.0, 48.0, 96.0], &[1.0])), one(1.0));
        assert_eq!(bands(&windows(&[143.0, 95.0, 47.0], &[-1.0])), one(1.0));
        assert_eq!(bands(&windows(&[0.0, 52.0, 120.0], &[1.0])), one(1.0));
        assert_eq!(bands(&windows(&[0.0, 52.5, 120.0], &[1.0])), one(2.0));
        assert_eq!(bands(&windows(&[0.0, 150.0, 60.0], &[1.0, -1.0])), one(1.0));
        assert_eq!(bands(&windows(&[0.0, 0.0, 48.0], &[1.0])), one(1.0));
        assert_eq!(bands(&windows(&[0.0, 50.0], &[1.0, 2.0])), [(96, Some(1.0))]);
    }

    #[test]
    fn windows_far_apart_or_on_no_grid_are_bands_of_their_own() {
        for starts in [[0.0, 160.0], [0.0, 50.137]] {
            assert_eq!(bands(&windows(&starts, &[1.0])), [(48, Some(1.0)); 2], "{starts:?}");
        }
    }

    #[test]
    fn places_are_whole_numbers() {
        for channels in [windows(&[0.0, 52.5, 120.0], &[1.0]), windows(&[143.0, 95.0], &[-1.0])] {
            let [span] = &spans(&channels, &segments(&channels))[..] else { panic!("several bands") };
            let axis = Axis::new(&channels, span.unit);
            for (f, place) in channels.iter().zip(&axis.places) {
                assert!(
                    place.fract() == 0.0 && (axis.centre + place * axis.unit - f).abs() < 1e-5,
                    "{f}: {place}"
                );
            }
        }
    }
}

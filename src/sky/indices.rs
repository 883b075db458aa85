//! Spectral indices from the same sources in surveys at other frequencies.
//!
//! A source of a survey as coarse or coarser is compared with the sum of all sources that lie within its resolution and
//! nearest to it, each of which is given the index; sources of a finer survey are added up to be compared with the one
//! they are part of. The index is the slope of the least-squares line through (log ν, log S), the source's own
//! measurement included: exact for two frequencies.

use serde::Serialize;

use super::Spectrum;
use super::merge::{Facing, Fate, Layer, Merged, flux_at};

/// The least ratio of two frequencies whose flux densities are compared: an error of 10 % in one is 0.4 in the index at
/// 1.3, and grows without bound below.
pub const LEVER: f64 = 1.3;

/// The indices that are believed.
///
/// Between 147 MHz and 1.4 GHz the mean is −0.79 with a width of 0.24, and a fraction of a percent lies beyond −2 and
/// +0.5 (de Gasperin, Intema & Frail 2018, MNRAS 474, 5008); synchrotron self-absorption ends at +2.5, of which peaked
/// sources show up to +1.5 across a survey's lever arm. Beyond: variability, or another source.
pub const LIMITS: [f64; 2] = [-2.5, 1.5];

/// What became of the spectra.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct IndexAccount {
    /// Sources that had a spectrum of their own, and kept it.
    pub own: usize,
    /// Sources given a spectral index from surveys at other frequencies.
    pub fitted: usize,
    /// Of which from three frequencies or more.
    pub fitted_to_three: usize,
    /// Sources whose index was beyond the limits; that of `--alpha` is kept.
    pub beyond_limits: usize,
    /// Sources without a counterpart at another frequency; that of `--alpha` is kept.
    pub unmatched: usize,
    /// The median of the indices given.
    pub median: Option<f64>,
    /// The surveys compared with.
    pub surveys: Vec<String>,
}

/// The sums of a least-squares line through points (x, y), the first of which is the origin.
#[derive(Clone, Copy, Default)]
struct Line {
    points: f64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
}

impl Line {
    fn add(&mut self, x: f64, y: f64) {
        self.points += 1.0;
        self.x += x;
        self.y += y;
        self.xx += x * x;
        self.xy += x * y;
    }

    /// The slope, with the origin as one more point.
    fn slope(&self) -> f64 {
        let n = self.points + 1.0;
        (n * self.xy - self.x * self.y) / (n * self.xx - self.x * self.x)
    }
}

/// Gives sources of `merged` whose spectrum is assumed that of the surveys they are found in.
///
/// `layers` are those that were merged, then any that only serve spectra; sources are matched within the resolution of
/// the coarser survey, at least within `radius` [rad].
pub fn fit_indices(merged: &mut Merged, layers: &[Layer], radius: f64) -> IndexAccount {
    let mut lines = vec![Line::default(); merged.components.len()];
    let vectors: Vec<[f64; 3]> = merged.components.iter().map(|c| c.position.icrs_vector()).collect();
    for number in 0..layers.len() {
        compare(merged, &vectors, layers, number, radius, &mut lines);
    }
    let mut account = IndexAccount {
        surveys: layers.iter().map(|layer| layer.instrument.name.clone()).collect(),
        ..IndexAccount::default()
    };
    let mut given = Vec::new();
    for ((component, assumed), line) in merged.components.iter_mut().zip(&mut merged.assumed).zip(&lines) {
        let Spectrum::PowerLaw { alpha, .. } = &mut component.spectrum else {
            *(if *assumed { &mut account.unmatched } else { &mut account.own }) += 1;
            continue;
        };
        let slope = line.slope();
        if !*assumed {
            account.own += 1;
        } else if line.points == 0.0 {
            account.unmatched += 1;
        } else if !(LIMITS[0]..=LIMITS[1]).contains(&slope) {
            account.beyond_limits += 1;
        } else {
            account.fitted += 1;
            account.fitted_to_three += usize::from(line.points > 1.0);
            (*alpha, *assumed) = (slope, false);
            given.push(slope);
        }
    }
    given.sort_by(f64::total_cmp);
    account.median = given.get(given.len() / 2).copied();
    account
}

/// Compares the merged sky with one survey.
fn compare(
    merged: &Merged,
    vectors: &[[f64; 3]],
    layers: &[Layer],
    number: usize,
    radius: f64,
    lines: &mut [Line],
) {
    let layer = &layers[number];
    let facing = Facing::new(layers, merged, vectors, layer, radius);
    // What each kept source is a part of, and what each source of the survey is a part of: the nearest.
    let mut whole: Vec<Option<(f64, usize)>> = vec![None; vectors.len()];
    let mut parts = vec![(0.0, 0.0); vectors.len()];
    for (index, (component, vector)) in layer.components.iter().zip(layer.vectors()).enumerate() {
        // What is in the merged sky itself says nothing about other sources in it.
        let fate = merged.fates.get(number).and_then(|fates| fates.get(index));
        let Some(frequency) = layer.frequency(component).filter(|_| component.stokes.i > 0.0) else {
            continue;
        };
        if matches!(fate, Some(Fate::Kept | Fate::Reduced)) {
            continue;
        }
        let reach = layer.reach(component, radius);
        let mut part: Option<(f64, usize)> = None;
        facing.within(vector, reach, |at, distance| {
            if merged.layers[at] == number {
                return;
            }
            if facing.coarser(at) {
                if distance <= facing.reach(at) && part.is_none_or(|(nearest, _)| distance < nearest) {
                    part = Some((distance, at));
                }
            } else if distance <= reach && whole[at].is_none_or(|(nearest, _)| distance < nearest) {
                whole[at] = Some((distance, index));
            }
        });
        if let Some((_, at)) = part {
            parts[at].0 += component.stokes.i;
            parts[at].1 = frequency;
        }
    }
    let mut groups: Vec<(usize, usize)> =
        whole.iter().enumerate().filter_map(|(at, whole)| Some((whole.as_ref()?.1, at))).collect();
    groups.sort_unstable();
    for group in groups.chunk_by(|a, b| a.0 == b.0) {
        let component = &layer.components[group[0].0];
        for (_, at) in group {
            // The whole group at this source's frequency, against the blend at the survey's.
            let frequency = facing.frequency(*at);
            let sum: f64 = group.iter().map(|(_, at)| flux_at(facing.kept(*at).1, frequency)).sum();
            point(&mut lines[*at], frequency, sum, layer.frequency(component), component.stokes.i);
        }
    }
    for (at, (sum, frequency)) in parts.into_iter().enumerate().filter(|(_, part)| part.0 > 0.0) {
        point(&mut lines[at], facing.frequency(at), facing.kept(at).1.stokes.i, Some(frequency), sum);
    }
}

/// Adds the flux densities [Jy] at two frequencies [Hz] to a line through the first, where they are far enough apart.
fn point(line: &mut Line, from: Option<f64>, flux: f64, to: Option<f64>, other: f64) {
    if let (Some(from), Some(to)) = (from, to)
        && flux > 0.0
        && other > 0.0
        && far_apart(Some(from), Some(to))
    {
        line.add((to / from).ln(), (other / flux).ln());
    }
}

/// Whether two frequencies [Hz] are known and so far apart that spectra tell in a comparison.
pub(super) fn far_apart(one: Option<f64>, other: Option<f64>) -> bool {
    matches!((one, other), (Some(one), Some(other)) if (one / other).max(other / one) >= LEVER)
}

//! Patterns that are smooth in frequency but dear to evaluate: a few nodes and a Chebyshev series between them.

use std::f64::consts::PI;

/// The largest error relative to the largest value of the spectrum: far below single precision.
const TOLERANCE: f64 = 1e-10;

/// The numbers of nodes that are tried, fewest first.
const NODES: [usize; 3] = [8, 16, 32];

/// A series is worth its while where there are so many channels for each node.
const CHANNELS_PER_NODE: usize = 4;

/// Channels that are summed at a time.
const LANES: usize = 8;

/// Multiplies `values` by `pattern` at `frequencies` [Hz], both (channel), evaluating it at a few nodes where a series
/// holds it within [`TOLERANCE`], and at every channel elsewhere.
pub(super) fn multiply(pattern: impl Fn(f64) -> f64, frequencies: &[f64], values: &mut [f64]) {
    let range = |(low, high): (f64, f64), f: &f64| (low.min(*f), high.max(*f));
    let (low, high) = frequencies.iter().fold((f64::INFINITY, 0.0), range);
    let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
    let worth = |count: &usize| half > 0.0 && count * CHANNELS_PER_NODE <= frequencies.len();
    let series = NODES.iter().copied().filter(worth).find_map(|count| {
        let places = (0..count).map(|i| (PI * (i as f64 + 0.5) / count as f64).cos());
        let found: Vec<f64> = places.map(|y| pattern(middle + half * y)).collect();
        terms(&found)
    });
    match series {
        Some(terms) => {
            for (values, frequencies) in values.chunks_mut(LANES).zip(frequencies.chunks(LANES)) {
                let place = |k: usize| (frequencies.get(k).unwrap_or(&middle) - middle) / half;
                let sums = sum(&terms, std::array::from_fn(place));
                values.iter_mut().zip(sums).for_each(|(value, sum)| *value *= sum);
            }
        }
        None => {
            for (value, frequency) in values.iter_mut().zip(frequencies) {
                *value *= pattern(*frequency);
            }
        }
    }
}

/// The Chebyshev series through values at the roots of the polynomial that follows; none where its last terms say that
/// more are needed.
fn terms(found: &[f64]) -> Option<Vec<f64>> {
    let count = found.len();
    let term = |k: usize| {
        let wave = |i: usize| (PI * k as f64 * (i as f64 + 0.5) / count as f64).cos();
        let sum: f64 = found.iter().enumerate().map(|(i, value)| value * wave(i)).sum();
        sum * if k == 0 { 1.0 } else { 2.0 } / count as f64
    };
    let terms: Vec<f64> = (0..count).map(term).collect();
    let most = found.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
    let last: f64 = terms[count - 3..].iter().map(|term| term.abs()).sum();
    // Written so that NaN fails.
    (last <= 0.1 * TOLERANCE * most).then_some(terms)
}

/// Clenshaw's sums at places from −1 to 1; several, for none waits for another.
fn sum(terms: &[f64], y: [f64; LANES]) -> [f64; LANES] {
    let (mut this, mut before) = ([0.0; LANES], [0.0; LANES]);
    for term in terms.iter().skip(1).rev() {
        for lane in 0..LANES {
            (this[lane], before[lane]) = (2.0 * y[lane] * this[lane] - before[lane] + term, this[lane]);
        }
    }
    let first = terms.first().copied().unwrap_or(0.0);
    std::array::from_fn(|lane| y[lane] * this[lane] - before[lane] + first)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest error relative to the largest value.
    fn error(pattern: impl Fn(f64) -> f64) -> f64 {
        let frequencies: Vec<f64> = (0..768).map(|k| 1.28e9 + 0.244e6 * f64::from(k)).collect();
        let mut values = vec![1.0; frequencies.len()];
        multiply(&pattern, &frequencies, &mut values);
        let exact: Vec<f64> = frequencies.iter().map(|f| pattern(*f)).collect();
        let most = exact.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
        values.iter().zip(&exact).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) / most
    }

    #[test]
    fn smooth_patterns_are_held() {
        for scale in [1e-10, 1e-9, 3e-9, 1e-8, 3e-8, 1e-7, 1e-6] {
            let found = error(|f| (scale * f).cos().powi(2));
            assert!(found < TOLERANCE, "{scale}: {found}");
        }
    }

    #[test]
    fn what_is_not_smooth_is_evaluated_everywhere() {
        assert_eq!(error(|f| if f < 1.31e9 { 1.0 } else { 1e-4 }), 0.0);
        assert_eq!(error(|f| (f - 1.33e9).abs()), 0.0);
    }
}

//! Patterns given by polynomials that were fitted to measurements, band by band.

use super::radius::outermost;
use super::{ARCMIN, Beam, Offset, QUARTER_TURN};

/// A power pattern `Σ cᵢ xⁱ` (i from 0), or one over it, of x = (θ[arcmin] · ν[GHz])².
#[derive(Clone, Debug, PartialEq)]
pub struct Polynomial {
    terms: Vec<f64>,
    reciprocal: bool,
    /// Beyond this x the fit has no meaning and the power is 0.
    end: f64,
}

impl Polynomial {
    /// The power is `Σ cᵢ xⁱ` as far as it falls: to its first zero or minimum, and 0 beyond, where the fit
    /// would rise again.
    ///
    /// None unless there are a first and a second term, all are finite, c₀ > 0 and c₁ < 0.
    pub fn direct(terms: &[f64]) -> Option<Polynomial> {
        let sound = terms.len() >= 2 && terms[0] > 0.0 && terms[1] < 0.0;
        if !sound || !terms.iter().all(|term| term.is_finite()) {
            return None;
        }
        let falls = |x: f64| value(terms, x) > 0.0 && slope(terms, x) < 0.0;
        // Steps of a thousandth of the width: no fitted pattern turns twice within one.
        let step = 1e-3 * terms[0] / -terms[1];
        let mut inside = 0.0;
        for _ in 0..1_000_000 {
            if !falls(inside + step) {
                break;
            }
            inside += step;
        }
        let mut outside = inside + step;
        for _ in 0..60 {
            let middle = 0.5 * (inside + outside);
            if falls(middle) {
                inside = middle;
            } else {
                outside = middle;
            }
        }
        Some(Polynomial { terms: terms.to_vec(), reciprocal: false, end: inside })
    }

    /// The power is `1 / Σ cᵢ xⁱ` out to the `radius` [arcmin GHz], and 0 beyond.
    ///
    /// None unless all terms are finite, c₀ > 0 and `radius` > 0.
    pub fn reciprocal(terms: &[f64], radius: f64) -> Option<Polynomial> {
        let sound = terms.first().is_some_and(|first| *first > 0.0) && radius > 0.0;
        (sound && terms.iter().all(|term| term.is_finite())).then(|| Polynomial {
            terms: terms.to_vec(),
            reciprocal: true,
            end: radius * radius,
        })
    }

    /// The power at x.
    fn power(&self, x: f64) -> f64 {
        if x > self.end {
            return 0.0;
        }
        let sum = value(&self.terms, x);
        let power = if self.reciprocal { 1.0 / sum } else { sum };
        power.max(0.0)
    }
}

/// `Σ cᵢ xⁱ`.
fn value(terms: &[f64], x: f64) -> f64 {
    terms.iter().rev().fold(0.0, |sum, term| sum * x + term)
}

/// `Σ i cᵢ xⁱ⁻¹`.
fn slope(terms: &[f64], x: f64) -> f64 {
    (1..terms.len()).rev().fold(0.0, |sum, power| sum * x + power as f64 * terms[power])
}

/// The polynomials of one receiver.
#[derive(Clone, Debug, PartialEq)]
struct Band {
    /// The receiver is used below this frequency [Hz], and from that of the band before on.
    upper: f64,
    /// By ascending frequency [Hz].
    nodes: Vec<(f64, Polynomial)>,
}

/// Polynomials at measured frequencies.
///
/// Within a band the power is interpolated linearly in frequency between the neighbouring polynomials, each
/// taken at the channel's own θ·ν; below the first and above the last it is that one. Bands do not mix.
#[derive(Clone, Debug, PartialEq)]
pub struct PolynomialBeam {
    name: String,
    bands: Vec<Band>,
}

impl PolynomialBeam {
    /// Polynomials at their frequencies [Hz], ascending, for bands up to the given frequencies [Hz],
    /// ascending; the last band reaches all the way up.
    ///
    /// None if there is no band, one without a polynomial, or a frequency that is not positive or out of
    /// order.
    pub fn new(name: &str, bands: Vec<(f64, Vec<(f64, Polynomial)>)>) -> Option<PolynomialBeam> {
        let frequencies =
            || bands.iter().flat_map(|(_, nodes)| nodes.iter().map(|(frequency, _)| *frequency));
        let ascending = frequencies().zip(frequencies().skip(1)).all(|(a, b)| a < b)
            && bands.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let filled = !bands.is_empty() && bands.iter().all(|(_, nodes)| !nodes.is_empty());
        if !ascending || !filled || !frequencies().all(|frequency| frequency.is_finite() && frequency > 0.0) {
            return None;
        }
        let bands = bands.into_iter().map(|(upper, nodes)| Band { upper, nodes }).collect();
        Some(PolynomialBeam { name: name.to_owned(), bands })
    }

    /// The polynomials to mix at a frequency [Hz] and the weight of the second.
    fn mixture(&self, frequency: f64) -> (&Polynomial, &Polynomial, f64) {
        let last = self.bands.len() - 1;
        let index = self.bands.iter().position(|band| frequency < band.upper).unwrap_or(last);
        let nodes = &self.bands[index].nodes;
        let above = nodes.partition_point(|(node, _)| *node <= frequency);
        if above == 0 {
            return (&nodes[0].1, &nodes[0].1, 0.0);
        }
        let (low, first) = &nodes[above - 1];
        match nodes.get(above) {
            Some((high, second)) => (first, second, (frequency - low) / (high - low)),
            None => (first, first, 0.0),
        }
    }
}

/// The power of two polynomials, the second with `weight`, at the radius r [arcmin GHz].
fn mixed((first, second, weight): (&Polynomial, &Polynomial, f64), radius: f64) -> f64 {
    let x = radius * radius;
    let power = first.power(x);
    if weight == 0.0 { power } else { power + weight * (second.power(x) - power) }
}

impl Beam for PolynomialBeam {
    fn voltage(&self, offset: Offset, frequency: f64) -> f64 {
        self.power(offset, frequency).sqrt()
    }

    fn power(&self, offset: Offset, frequency: f64) -> f64 {
        if offset.is_behind() {
            return 0.0;
        }
        mixed(self.mixture(frequency), offset.angle / ARCMIN * frequency * 1e-9)
    }

    fn limit_radius(&self, frequency: f64, level: f64) -> f64 {
        let mixture = self.mixture(frequency);
        let scale = frequency * 1e-9 / ARCMIN;
        let end = mixture.0.end.max(mixture.1.end).sqrt().min(QUARTER_TURN * scale);
        outermost(|radius| mixed(mixture, radius), end, end / 2000.0, level) / scale
    }

    fn frequency_range(&self) -> Option<(f64, f64)> {
        let first = self.bands.first()?.nodes.first()?.0;
        let last = self.bands.last()?.nodes.last()?.0;
        Some((first, last))
    }

    fn description(&self) -> String {
        self.name.clone()
    }
}

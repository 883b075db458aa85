//! Averaging within channels and integrations (`--smear`).
//!
//! A source off the phase centre turns while it is averaged: its mean over a channel of width Δν is `sinc(Δν τ)` times its
//! value in the middle, that over an integration Δt is `sinc(Δt ν dτ/dt)`. Instead of giving every source of every row
//! factors of its own, whole predictions are added at the nodes of a Gauss–Legendre rule, which has the same mean to
//! [`TOLERANCE`]: any engine will do. While the Earth turns, a baseline of a phase centre that is followed changes
//! by `Ω × (u, v, w)`, Ω being the Earth's rotation about the pole of date (Thompson, Moran & Swenson 2017, § 4.1); the
//! MeasurementSet's own UVW are all it takes, also where every integration has another phase centre.

use std::f64::consts::PI;

use kernels::{Complex64, Shape, Source, reference};

use super::error::{PredictError, Result};
use crate::beam::{bandwidth_smearing, time_smearing};
use crate::coords::{Direction, celestial_pole};
use crate::ms::{Observation, RowSurvey};

/// Which averages are taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Smear {
    /// Over the channel, as wide as CHAN_WIDTH says.
    pub bandwidth: bool,
    /// Over the integration, as long as EXPOSURE says.
    pub time: bool,
}

/// The largest error of a rule.
const TOLERANCE: f64 = 1e-8;

/// The most nodes of a rule: a source that turns more often is gone anyway.
const MOST_NODES: usize = 40;

/// The Earth's rate of rotation [rad/s] (IERS Conventions 2010, § 5.4.4).
const EARTH_RATE: f64 = 2.0 * PI * 1.002_737_811_911_354_6 / 86_400.0;

/// Nodes in [−½, ½] with weights whose sum is 1: the mean over a channel or an integration.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule(Vec<(f64, f64)>);

impl Rule {
    /// The middle alone: nothing is averaged.
    pub(crate) fn middle() -> Rule {
        Rule(vec![(0.0, 1.0)])
    }

    /// The smallest rule for phasors of up to `turns` over the range; `None` where none is good enough.
    fn for_turns(turns: f64) -> Option<Rule> {
        (1..=MOST_NODES).map(Rule::gauss_legendre).find(|rule| rule.is_good_to(turns))
    }

    fn is_good_to(&self, turns: f64) -> bool {
        // The error grows with the turns until it is large: a few samples tell.
        (1..=16).all(|k| {
            let turns = turns * f64::from(k) / 16.0;
            let mean: f64 = self.0.iter().map(|(x, w)| w * (2.0 * PI * turns * x).cos()).sum();
            let half = PI * turns;
            let sinc = if half == 0.0 { 1.0 } else { half.sin() / half };
            (mean - sinc).abs() < TOLERANCE
        })
    }

    /// The rule of `n` nodes: the roots of the Legendre polynomial, by Newton's method.
    fn gauss_legendre(n: usize) -> Rule {
        let order = n as f64;
        let node = |k: usize| {
            let mut x = (PI * (k as f64 + 0.75) / (order + 0.5)).cos();
            let mut slope = 1.0;
            // The guess is good to some 1e-3; five steps reach rounding.
            for _ in 0..8 {
                let (mut previous, mut value) = (1.0, x);
                for j in 2..=n {
                    let j = j as f64;
                    (previous, value) = (value, ((2.0 * j - 1.0) * x * value - (j - 1.0) * previous) / j);
                }
                slope = order * (x * value - previous) / (x * x - 1.0);
                x -= value / slope;
            }
            // Half the range, half the weight.
            (x / 2.0, 1.0 / ((1.0 - x * x) * slope * slope))
        };
        if n == 1 { Rule::middle() } else { Rule((0..n).map(node).collect()) }
    }

    /// The nodes and their weights.
    pub(crate) fn nodes(&self) -> &[(f64, f64)] {
        &self.0
    }

    /// A rule with more nodes, to judge this one by.
    fn finer(&self) -> Rule {
        if self.0.len() == 1 { Rule::middle() } else { Rule::gauss_legendre(self.0.len() + 4) }
    }
}

/// The rules of a run.
#[derive(Debug, Clone)]
pub(crate) struct Averages {
    bandwidth: bool,
    time: bool,
    /// The longest baseline times the distance |(l, m, n − 1)| of the farthest source [m]: the largest path.
    lever: f64,
    /// The farthest source, for messages [rad].
    far: f64,
    /// Over an integration.
    pub(crate) integration: Rule,
    pole: Direction,
}

impl Averages {
    /// The rules for sources in such `directions` seen from the phase centres `centres`, of which there is at least one, up to `highest` [Hz].
    pub(crate) fn new(
        smear: Smear,
        directions: &mut dyn Iterator<Item = Direction>,
        centres: &[(f64, Direction)],
        survey: &RowSurvey,
        highest: f64,
    ) -> Result<Averages> {
        let longest = survey.used.values().map(|usage| usage.longest).fold(0.0, f64::max);
        let Some(&(time, first)) = centres.first() else {
            return Err(PredictError::Options("no field is predicted".into()));
        };
        let wanted = smear.bandwidth || smear.time;
        let farthest = |directions: &mut dyn Iterator<Item = Direction>| {
            directions.map(|direction| direction.separation(first)).fold(0.0, f64::max)
        };
        let far = if wanted {
            farthest(directions) + farthest(&mut centres.iter().map(|(_, centre)| *centre))
        } else {
            0.0
        };
        let mut averages = Averages {
            bandwidth: smear.bandwidth,
            time: smear.time,
            lever: longest * 2.0 * (far.min(PI) / 2.0).sin(),
            far,
            integration: Rule::middle(),
            pole: celestial_pole(time),
        };
        if smear.time {
            let turns = averages.turns_in_time(survey, highest);
            averages.integration = averages.rule(turns, "an integration")?;
        }
        Ok(averages)
    }

    /// The rule over the channels of widths `widths` [Hz].
    pub(crate) fn channel(&self, widths: &[f64]) -> Result<Rule> {
        if self.bandwidth {
            self.rule(self.turns_in_channel(widths), "a channel")
        } else {
            Ok(Rule::middle())
        }
    }

    fn turns_in_channel(&self, widths: &[f64]) -> f64 {
        widths.iter().copied().fold(0.0, f64::max) * self.lever / kernels::SPEED_OF_LIGHT
    }

    fn turns_in_time(&self, survey: &RowSurvey, highest: f64) -> f64 {
        survey.longest_exposure * highest * EARTH_RATE * self.lever / kernels::SPEED_OF_LIGHT
    }

    fn rule(&self, turns: f64, over: &str) -> Result<Rule> {
        Rule::for_turns(turns).ok_or_else(|| {
            PredictError::Options(format!(
                "--smear: sources as far as {:.1}° from a phase centre turn up to {turns:.0} times within {over}; take fewer \
                 of them (--radius) or leave the averaging out",
                self.far.to_degrees()
            ))
        })
    }

    /// The Earth's rotation [rad/s] in the axes (u, v, w) of `centre`, where integrations are averaged.
    pub(crate) fn rotation(&self, centre: Direction) -> Option<[f64; 3]> {
        self.time.then(|| {
            let pole = self.pole.to(centre.frame).lmn(centre);
            [pole.l, pole.m, pole.n()].map(|part| EARTH_RATE * part)
        })
    }

    /// What is averaged, for the report; empty where nothing is.
    pub(crate) fn describe(&self, observation: &Observation, survey: &RowSurvey, highest: f64) -> String {
        let mut parts = Vec::new();
        if self.bandwidth {
            let windows = survey.used.keys().filter_map(|pair| observation.setup(pair.1).ok());
            let turns = windows.map(|(window, _)| self.turns_in_channel(&window.widths)).fold(0.0, f64::max);
            parts.push(format!("channels (up to {turns:.2} turns)"));
        }
        if self.time {
            let turns = self.turns_in_time(survey, highest);
            parts.push(format!("integrations of up to {:.1} s ({turns:.2} turns)", survey.longest_exposure));
        }
        if parts.is_empty() { String::new() } else { format!("averaged over {}", parts.join(" and ")) }
    }
}

/// What `rotation` [rad/s] makes of a baseline in a second [m/s].
pub(crate) fn rate(rotation: [f64; 3], uvw: [f64; 3]) -> [f64; 3] {
    let [a, b, c] = rotation;
    let [u, v, w] = uvw;
    [b * w - c * v, c * u - a * w, a * v - b * u]
}

/// One visibility, and what it is averaged over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) uvw: [f64; 3],
    /// d(u, v, w)/dt [m/s].
    pub(crate) rate: [f64; 3],
    /// Δt [s]; 0 where integrations are not averaged.
    pub(crate) exposure: f64,
    pub(crate) frequency: f64,
    /// Δν [Hz]; 0 where channels are not averaged.
    pub(crate) width: f64,
}

impl Sample {
    /// The response to a source in double precision, averaged: by the sinc terms for points, by finer rules than the
    /// prediction's for what changes its size on the way.
    pub(crate) fn response(&self, source: &Source, channel: &Rule, integration: &Rule) -> Complex64 {
        if self.exposure == 0.0 && self.width == 0.0 {
            return reference::response(self.uvw, self.frequency, source);
        }
        if matches!(source.shape, Shape::Point) {
            return reference::response(self.uvw, self.frequency, source)
                * bandwidth_smearing(self.uvw, source.lmn, self.width)
                * time_smearing(self.rate, source.lmn, self.frequency, self.exposure);
        }
        let (channel, integration) = (channel.finer(), integration.finer());
        let mut sum = Complex64::default();
        for (t, over_time) in integration.nodes() {
            let uvw = std::array::from_fn(|k| self.uvw[k] + t * self.exposure * self.rate[k]);
            for (x, over_channel) in channel.nodes() {
                let response = reference::response(uvw, self.frequency + x * self.width, source);
                sum += response * (over_time * over_channel);
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_average_phasors() {
        for turns in [0.0, 1e-3, 0.04, 0.3, 1.0, 2.5, 8.0] {
            let rule = Rule::for_turns(turns).expect("a rule");
            let weights: f64 = rule.nodes().iter().map(|node| node.1).sum();
            assert!((weights - 1.0).abs() < 1e-14, "{turns}: {weights}");
            let n = 100_000;
            let middle = |k: i32| (f64::from(k) + 0.5) / f64::from(n) - 0.5;
            let expected = (0..n).map(|k| (2.0 * PI * turns * middle(k)).cos()).sum::<f64>() / f64::from(n);
            let found: f64 = rule.nodes().iter().map(|(x, w)| w * (2.0 * PI * turns * x).cos()).sum();
            assert!((found - expected).abs() < 2.0 * TOLERANCE, "{turns}: {found} for {expected}");
        }
        assert_eq!(Rule::for_turns(0.0), Some(Rule::middle()));
        assert_eq!(Rule::for_turns(1e3), None);
        // Sixth degree and all below: exact with four nodes.
        let four = Rule::gauss_legendre(4);
        let sixth: f64 = four.nodes().iter().map(|(x, w)| w * x.powi(6)).sum();
        assert!((sixth - 1.0 / (7.0 * 64.0)).abs() < 1e-15, "{sixth}");
    }

    #[test]
    fn baselines_turn_with_the_earth() {
        // Seen from a phase centre on the equator, in whose axes the pole is north.
        let turned = rate([0.0, EARTH_RATE, 0.0], [0.0, 0.0, 1.0]);
        assert_eq!(turned, [EARTH_RATE, 0.0, 0.0]);
    }
}

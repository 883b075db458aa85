//! The frequencies at which rows read the transform.

use super::run::Layer;
use super::spread::Spreading;
use crate::SPEED_OF_LIGHT;
use crate::delay::band::{Axis, Nodes, spans};
use crate::delay::taps::Taps;
use crate::plan::{Plan as Rest, segments};

/// Nodes of one spacing.
#[derive(Clone, Debug)]
pub struct Class {
    /// The longest path [m] that the nodes resolve.
    pub limit: f64,
    pub nodes: Nodes,
    /// ν/c of every node [1/m].
    pub inverse: Vec<f64>,
    /// The greatest of them.
    pub top: f64,
    /// Its step, where nodes are evenly spaced.
    pub step: Option<f64>,
}

impl Class {
    pub fn new(limit: f64, nodes: Nodes, inverse: Vec<f64>, step: Option<f64>) -> Self {
        let top = inverse.iter().copied().fold(0.0, f64::max);
        Self { limit, nodes, inverse, top, step }
    }
}

/// The coarsest nodes for a baseline [m].
pub fn coarsest(classes: &[Class], radius: [f64; 2], [u, v, w]: [f64; 3]) -> usize {
    let path = radius[0] * u.hypot(v) + radius[1] * w.abs();
    classes.iter().position(|class| path <= class.limit).unwrap_or(classes.len() - 1)
}

/// What rows need.
#[derive(Clone, Debug)]
pub struct Plan {
    pub classes: Vec<Class>,
    /// The most nodes of a class, made even: those of each Stokes parameter are whole lines.
    pub nodes: usize,
    pub spreading: Spreading,
    /// The facets of each Stokes parameter.
    pub slots: Vec<Vec<Layer>>,
    /// Segments and outputs.
    pub rest: Rest,
    /// The greatest √(l² + m²) and |n − 1| of the sources.
    pub radius: [f64; 2],
    /// ν/c in the middle of the band [1/m].
    pub middle: f64,
}

impl Plan {
    /// The coarsest nodes for a baseline.
    pub fn class(&self, uvw: [f64; 3]) -> usize {
        coarsest(&self.classes, self.radius, uvw)
    }
}

/// Nodes for the channels, coarsest first; the last are the channels themselves.
pub fn classes(channels: &[f64], lens: &[usize], epsilon: f64) -> Vec<Class> {
    let mut classes = Vec::new();
    let unit = match &spans(channels, &segments(channels))[..] {
        [span] if span.even => span.unit,
        _ => None,
    };
    let taps = Taps::for_epsilon(epsilon);
    if channels.len() > 2 * taps.count {
        let axis = Axis::new(channels, unit);
        let spacings = (0..).map(|i| axis.coarsest >> i).take_while(|&spacing| spacing > 1);
        for spacing in spacings {
            let nodes = Nodes::new(&axis.places, Some(&taps), spacing, lens);
            let unit = spacing as f64 * axis.unit;
            let inverse: Vec<f64> = (0..nodes.count)
                .map(|j| (axis.centre + (nodes.first + j as i64) as f64 * unit) / SPEED_OF_LIGHT)
                .collect();
            // Frequencies below zero have no spectrum, and more nodes than channels are no gain.
            if inverse[0] > 0.0 && nodes.count < channels.len() {
                let limit = taps.limit * SPEED_OF_LIGHT / unit;
                classes.push(Class::new(limit, nodes, inverse, Some(unit / SPEED_OF_LIGHT)));
            }
        }
    }
    let places: Vec<f64> = (0..channels.len()).map(|k| k as f64).collect();
    let step = (channels[channels.len() - 1] - channels[0]) / (channels.len() - 1).max(1) as f64;
    let inverse = channels.iter().map(|f| f / SPEED_OF_LIGHT).collect();
    let nodes = Nodes::new(&places, None, 1, lens);
    classes.push(Class::new(f64::INFINITY, nodes, inverse, unit.map(|_| step / SPEED_OF_LIGHT)));
    classes
}

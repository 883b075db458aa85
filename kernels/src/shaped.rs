//! The direct sum of disks, rings and shapelets, in double precision: these are few.
//!
//! A response along the channels of a row is a smooth function of frequency: it is evaluated at a few Chebyshev nodes and
//! interpolated where there are many channels, to 1e-9.

use crate::envelope::{Lambda, dot};
use crate::plan::{Segment, segments};
use crate::{KernelError, Mix, Plane, SPEED_OF_LIGHT, Shape, Source};
use num_complex::{Complex32, Complex64};
use std::f64::consts::{PI, TAU};
use std::sync::Arc;

/// Numbers of nodes to choose from.
const NODES: [usize; 4] = [12, 20, 36, 68];
/// Seconds that a source takes in a channel of a row, and in a row: for choosing among engines.
const SECONDS: [f64; 2] = [12e-9, 1e-6];

/// The sources of some planes that only this sum knows.
#[derive(Clone, Debug)]
pub struct Shaped {
    shared: Arc<Shared>,
    /// `[plane][source]`
    sources: Vec<Vec<(Source, Lambda)>>,
}

/// What does not depend on where the sources are.
#[derive(Debug)]
struct Shared {
    /// [Hz]
    channels: Vec<f64>,
    segments: Vec<Segment>,
    mix: Mix,
    /// The Stokes parameter of each plane.
    stokes: Vec<usize>,
    /// The places of the sources in their planes.
    places: Vec<Vec<usize>>,
    /// Flux densities [Jy] of each plane: `[source][channel]`
    spectra: Vec<Vec<f32>>,
    /// Half the width of the band [Hz].
    half: f64,
    /// From values at nodes to values at channels, for each of [`NODES`] that is worth it: `[node][channel]`
    schemes: Vec<(Vec<f64>, Vec<f64>)>,
}

/// Planes of which the sum in single precision knows all, with what was left out.
pub struct Split {
    pub plain: Vec<(usize, Vec<Source>, Vec<f32>)>,
    pub shaped: Shaped,
}

impl Split {
    /// The planes of points and Gaussians.
    pub fn planes(&self) -> Vec<Plane<'_>> {
        let mut planes = Vec::with_capacity(self.plain.len());
        for (stokes, sources, spectra) in &self.plain {
            planes.push(Plane { stokes: *stokes, sources, spectra });
        }
        planes
    }
}

fn is_plain(source: &Source) -> bool {
    matches!(source.shape, Shape::Point | Shape::Gaussian { .. })
}

fn with_lambda(source: &Source) -> (Source, Lambda) {
    let order = if let Shape::Round(round) = &source.shape { round.order } else { 0.0 };
    (source.clone(), Lambda::new(order))
}

impl Shaped {
    /// Takes what is neither point nor Gaussian out of planes that were checked; none where there is nothing.
    pub fn split(channels: &[f64], planes: &[Plane], mix: &Mix) -> Option<Split> {
        if planes.iter().all(|plane| plane.sources.iter().all(is_plain)) {
            return None;
        }
        let count = channels.len();
        let (mut plain, mut sources, mut places, mut spectra) = (vec![], vec![], vec![], vec![]);
        for plane in planes {
            let mut left = (plane.stokes, Vec::new(), Vec::new());
            let mut mine = (Vec::new(), Vec::new(), Vec::new());
            for (at, (source, flux)) in
                plane.sources.iter().zip(plane.spectra.chunks_exact(count)).enumerate()
            {
                if is_plain(source) {
                    left.1.push(source.clone());
                    left.2.extend_from_slice(flux);
                } else {
                    mine.0.push(with_lambda(source));
                    mine.1.push(at);
                    mine.2.extend_from_slice(flux);
                }
            }
            plain.push(left);
            sources.push(mine.0);
            places.push(mine.1);
            spectra.push(mine.2);
        }
        let (low, high) =
            channels.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), &f| (low.min(f), high.max(f)));
        let (half, middle) = (0.5 * (high - low), 0.5 * (high + low));
        let worth = NODES.iter().filter(|&&nodes| 2 * nodes <= count && half > 0.0);
        let shared = Shared {
            channels: channels.to_vec(),
            segments: segments(channels),
            mix: mix.clone(),
            stokes: planes.iter().map(|plane| plane.stokes).collect(),
            places,
            spectra,
            half,
            schemes: worth.map(|&nodes| scheme(nodes, channels, middle, half)).collect(),
        };
        Some(Split { plain, shaped: Shaped { shared: Arc::new(shared), sources } })
    }

    /// Whether a source of a plane is one of these.
    fn is_mine(&self, plane: usize, source: usize) -> bool {
        self.shared.places.get(plane).is_some_and(|places| places.binary_search(&source).is_ok())
    }

    /// The same with the sources elsewhere, and the sources that are left of each plane.
    ///
    /// `planes` were checked but for what kinds the sources are of.
    pub fn with_sources(&self, planes: &[&[Source]]) -> Result<(Self, Vec<Vec<Source>>), KernelError> {
        let (expected, found) = (self.sources.len(), planes.len());
        if expected != found {
            return Err(KernelError::Length { what: "planes", expected, found });
        }
        let mut left = Vec::with_capacity(planes.len());
        let mut mine = Vec::with_capacity(planes.len());
        for (at, plane) in planes.iter().enumerate() {
            for (source, it) in plane.iter().enumerate() {
                if is_plain(it) == self.is_mine(at, source) {
                    return Err(KernelError::ShapeChanged { plane: at, source });
                }
            }
            left.push(plane.iter().filter(|source| is_plain(source)).cloned().collect());
            mine.push(plane.iter().filter(|source| !is_plain(source)).map(with_lambda).collect::<Vec<_>>());
            let (expected, found) = (self.sources[at].len(), mine[at].len());
            if expected != found {
                return Err(KernelError::Length { what: "sources", expected, found });
            }
        }
        Ok((Self { shared: Arc::clone(&self.shared), sources: mine }, left))
    }

    /// How many sources.
    pub fn sources(&self) -> usize {
        self.sources.iter().map(Vec::len).sum()
    }

    /// About the seconds one core takes for a row.
    pub fn seconds_per_row(&self) -> f64 {
        self.sources() as f64 * (SECONDS[1] + SECONDS[0] * self.shared.channels.len() as f64)
    }

    /// Adds the sources to rows, which were checked.
    pub fn add(&self, uvw: &[[f64; 3]], out: &mut [&mut [Complex32]]) {
        let shared = &*self.shared;
        let count = shared.channels.len();
        let mut sums = vec![[Complex64::ZERO; 4]; count];
        let mut envelope = vec![Complex64::ZERO; count];
        let mut rooms: Vec<Vec<Room>> = self
            .sources
            .iter()
            .map(|sources| sources.iter().map(|(source, _)| room(source)).collect())
            .collect();
        for (uvw, row) in uvw.iter().zip(out) {
            sums.fill([Complex64::ZERO; 4]);
            for (plane, sources) in self.sources.iter().enumerate() {
                let flux = shared.spectra[plane].chunks_exact(count);
                for (((source, lambda), flux), room) in sources.iter().zip(flux).zip(&mut rooms[plane]) {
                    shared.envelope(*uvw, source, lambda, room, &mut envelope);
                    shared.wave(*uvw, source, &mut envelope);
                    let stokes = shared.stokes[plane];
                    for ((sum, value), flux) in sums.iter_mut().zip(&envelope).zip(flux) {
                        sum[stokes] += value * f64::from(*flux);
                    }
                }
            }
            for (cell, sums) in row.chunks_exact_mut(shared.mix.correlations()).zip(&sums) {
                for (correlation, value) in cell.iter_mut().enumerate() {
                    let added = shared.mix.apply(correlation, sums);
                    *value += Complex32::new(added.re as f32, added.im as f32);
                }
            }
        }
    }
}

/// Working memory of a source: Hermite functions along x and y.
type Room = [Vec<f64>; 2];

fn room(source: &Source) -> Room {
    match &source.shape {
        Shape::Shapelets(shapelets) => shapelets.room(),
        _ => Default::default(),
    }
}

impl Shared {
    /// The response without the phase at every channel.
    fn envelope(
        &self,
        uvw: [f64; 3],
        source: &Source,
        lambda: &Lambda,
        room: &mut Room,
        out: &mut [Complex64],
    ) {
        match &source.shape {
            Shape::Round(round) => {
                let radius = round.radius(uvw) / SPEED_OF_LIGHT;
                self.fill(radius * self.half, |f| Complex64::new(lambda.at(radius * f), 0.0), out);
            }
            Shape::Shapelets(shapelets) => {
                let [x, y] = [shapelets.x, shapelets.y].map(|axis| dot(uvw, axis) / SPEED_OF_LIGHT);
                let [n1, n2] = shapelets.orders().map(|n| (2.0 * n as f64 + 1.0).sqrt() + 3.0);
                let turns = (x.abs() * n1 + y.abs() * n2) * self.half;
                self.fill(turns, |f| shapelets.response(x * f, y * f, room), out);
            }
            Shape::Point | Shape::Gaussian { .. } => out.fill(Complex64::ONE),
        }
    }

    /// Values of a function of frequency [Hz] that oscillates as a wave of `reach` [rad] on each side of the middle.
    fn fill(&self, reach: f64, mut at: impl FnMut(f64) -> Complex64, out: &mut [Complex64]) {
        // The coefficients of a wave fall like Bessel functions of that argument.
        let enough = 11.0 + reach + 6.0 * reach.cbrt();
        let Some((nodes, weights)) = self.schemes.iter().find(|(nodes, _)| nodes.len() as f64 >= enough)
        else {
            self.channels.iter().zip(out).for_each(|(f, out)| *out = at(*f));
            return;
        };
        out.fill(Complex64::ZERO);
        for (node, weights) in nodes.iter().zip(weights.chunks_exact(out.len())) {
            let value = at(*node);
            out.iter_mut().zip(weights).for_each(|(out, weight)| *out += value * weight);
        }
    }

    /// Multiplies by the phase at every channel.
    fn wave(&self, uvw: [f64; 3], source: &Source, values: &mut [Complex64]) {
        let delay = dot(uvw, source.lmn) / SPEED_OF_LIGHT;
        let phasor = |turns: f64| Complex64::cis(TAU * (turns - turns.round()));
        for segment in &self.segments {
            let channels = segment.start..segment.start + segment.len;
            let values = &mut values[channels.clone()];
            match segment.step {
                Some(_) if segment.len > 1 => {
                    let (first, last) = (self.channels[channels.start], self.channels[channels.end - 1]);
                    let step = phasor(delay * (last - first) / (segment.len - 1) as f64);
                    let mut wave = phasor(delay * first);
                    for value in values {
                        *value *= wave;
                        wave *= step;
                    }
                }
                _ => {
                    for (value, f) in values.iter_mut().zip(&self.channels[channels]) {
                        *value *= phasor(delay * f);
                    }
                }
            }
        }
    }
}

/// Chebyshev's nodes [Hz], and the weights of each at every channel: Lagrange's polynomials by the barycentric formula
/// (Berrut & Trefethen 2004, SIAM Review 46, 501, equation 5.1).
fn scheme(count: usize, channels: &[f64], middle: f64, half: f64) -> (Vec<f64>, Vec<f64>) {
    let angle = |k: usize| PI * (k as f64 + 0.5) / count as f64;
    let places: Vec<f64> = (0..count).map(|k| angle(k).cos()).collect();
    let weight = |k: usize| angle(k).sin() * if k.is_multiple_of(2) { 1.0 } else { -1.0 };
    let mut weights = vec![0.0; count * channels.len()];
    for (at, f) in channels.iter().enumerate() {
        let y = (f - middle) / half;
        if let Some(same) = places.iter().position(|place| *place == y) {
            weights[same * channels.len() + at] = 1.0;
            continue;
        }
        let parts: Vec<f64> = (0..count).map(|k| weight(k) / (y - places[k])).collect();
        let sum: f64 = parts.iter().sum();
        for (k, part) in parts.iter().enumerate() {
            weights[k * channels.len() + at] = part / sum;
        }
    }
    (places.iter().map(|place| middle + half * place).collect(), weights)
}

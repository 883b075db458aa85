//! Pieces of the sky, each with the frame in which it and the baselines are nearly flat.

use super::spectra::Components;
use std::f64::consts::TAU;
use std::sync::OnceLock;

/// The greatest phase [rad] that is expanded in w: beyond it a facet is cut in two.
const AMPLITUDE: f64 = 7.0;
/// The most terms of a facet.
pub const TERMS: usize = 32;
/// The most orders of the expansion in w.
pub const ORDERS: usize = 20;
/// The part of ε that the terms left out may have together.
const SHARE: f64 = 0.2;

type Vector = [f64; 3];

/// What is cut into facets: points, or patches of them.
#[derive(Clone, Copy)]
pub struct Spots<'a> {
    /// l, m, n − 1 of points or of the middles of patches.
    pub places: &'a [Vector],
    /// How far patches reach (a chord); empty for points.
    pub radii: &'a [f64],
}

/// A frame: `b·x = b·origin + u l + v m + w n`, with w as small as a shear can make it.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// Where the frame stands, as l, m, n − 1.
    pub origin: Vector,
    axes: [Vector; 3],
    shear: [f64; 2],
}

impl Frame {
    /// The frame that suits sources and baselines.
    pub fn new(spots: Spots, members: &[u32], rows: &[Vector]) -> Self {
        let mut sum = [0.0, 0.0, 0.0];
        for &s in members {
            let [l, m, n] = spots.places[s as usize];
            sum = [sum[0] + l, sum[1] + m, sum[2] + n + 1.0];
        }
        let up = unit(sum).unwrap_or([0.0, 0.0, 1.0]);
        // Whichever of the old axes is farther from the new one spans the plane with it.
        let side = if up[0].abs() < 0.9 { [1.0, 0.0, 0.0] } else { [0.0, 1.0, 0.0] };
        let along = dot(side, up);
        let right = unit(std::array::from_fn(|i| side[i] - along * up[i])).unwrap_or(side);
        let axes = [right, cross(up, right), up];
        let mut frame = Self { origin: [0.0; 3], axes, shear: [0.0; 2] };
        frame.centre(spots, members);
        frame.shear = shear(rows.iter().map(|&b| frame.turn(b)));
        frame.centre(spots, members);
        frame
    }

    /// Moves the origin to the middle of the sources.
    fn centre(&mut self, spots: Spots, members: &[u32]) {
        let [low, high] = self.extent(spots, members);
        let middle: Vector = std::array::from_fn(|i| 0.5 * (low[i] + high[i]));
        // Back from the sheared axes.
        let n = middle[2];
        let flat = [middle[0] - self.shear[0] * n, middle[1] - self.shear[1] * n, n];
        for (i, x) in self.origin.iter_mut().enumerate() {
            *x += (0..3).map(|k| flat[k] * self.axes[k][i]).sum::<f64>();
        }
    }

    /// The least and greatest coordinates of sources.
    pub fn extent(&self, spots: Spots, members: &[u32]) -> [Vector; 2] {
        let mut range = [[f64::INFINITY; 3], [f64::NEG_INFINITY; 3]];
        for &s in members {
            let place = self.place(spots.places[s as usize]);
            let reach = self.reach(spots, s);
            for i in 0..3 {
                range[0][i] = range[0][i].min(place[i] - reach[i]);
                range[1][i] = range[1][i].max(place[i] + reach[i]);
            }
        }
        range
    }

    /// How far a patch reaches from its middle: along the sphere by its radius, and into it by the depth of a cap.
    pub fn reach(&self, spots: Spots, s: u32) -> Vector {
        let Some(&radius) = spots.radii.get(s as usize) else { return [0.0; 3] };
        let [l, m, n] = spots.places[s as usize];
        let normal = [l, m, n + 1.0];
        let [right, top, up] = self.axes;
        let sheared = |axis: Vector, shear: f64| std::array::from_fn(|i| axis[i] + shear * up[i]);
        [sheared(right, self.shear[0]), sheared(top, self.shear[1]), up].map(|slope| {
            let inward = dot(slope, normal);
            let along = (dot(slope, slope) - inward * inward).max(0.0).sqrt();
            radius * along + 0.5 * radius * radius * inward.abs()
        })
    }

    #[inline(always)]
    fn turn(&self, b: Vector) -> Vector {
        self.axes.map(|axis| dot(axis, b))
    }

    /// A source, given as l, m, n − 1.
    #[inline(always)]
    pub fn place(&self, x: Vector) -> Vector {
        let [l, m, n] = self.turn(std::array::from_fn(|i| x[i] - self.origin[i]));
        [l + self.shear[0] * n, m + self.shear[1] * n, n]
    }

    /// A baseline [m].
    #[inline(always)]
    pub fn baseline(&self, b: Vector) -> Vector {
        let [u, v, w] = self.turn(b);
        [u, v, w - self.shear[0] * u - self.shear[1] * v]
    }
}

/// w ≈ a u + b v, by least squares.
fn shear(rows: impl Iterator<Item = Vector>) -> [f64; 2] {
    let (mut uu, mut uv, mut vv, mut wu, mut wv) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for [u, v, w] in rows {
        uu += u * u;
        uv += u * v;
        vv += v * v;
        wu += w * u;
        wv += w * v;
    }
    let determinant = uu * vv - uv * uv;
    // Baselines along one line fix no plane.
    if determinant <= 1e-6 * uu * vv {
        return [0.0; 2];
    }
    let shear = [(wu * vv - wv * uv) / determinant, (wv * uu - wu * uv) / determinant];
    if shear.iter().all(|x| x.abs() <= 3.0) { shear } else { [0.0; 2] }
}

fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn unit(a: Vector) -> Option<Vector> {
    let length = dot(a, a).sqrt();
    (length > 1e-6).then(|| a.map(|x| x / length))
}

/// A facet: its sources, its frame, and the extents of both sides of the transform.
#[derive(Clone, Debug)]
pub struct Facet {
    /// The sources.
    pub members: Vec<u32>,
    /// The frame.
    pub frame: Frame,
    /// The greatest |u|, |v| and |w|, in wavelengths at the highest node.
    pub reach: Vector,
    /// The greatest |l|, |m| and |n|.
    pub half: Vector,
    /// The terms, as (order in w, component of the spectra).
    pub terms: Vec<(usize, usize)>,
}

/// Cuts the sky into facets whose terms are few: `top` is the greatest ν/c [1/m] of the nodes of each row. None where a
/// patch is too large for any.
pub fn facets(
    spots: Spots,
    members: Vec<u32>,
    rows: &[Vector],
    top: &[f64],
    components: &Components,
    epsilon: f64,
    widest: f64,
) -> Option<Vec<Facet>> {
    let mut done = Vec::new();
    let mut waiting = vec![members];
    while let Some(members) = waiting.pop() {
        if members.is_empty() {
            continue;
        }
        let frame = Frame::new(spots, &members, rows);
        let [low, high] = frame.extent(spots, &members);
        let half: Vector = std::array::from_fn(|i| low[i].abs().max(high[i].abs()));
        let mut reach = [0.0_f64; 3];
        for (&row, top) in rows.iter().zip(top) {
            let row = frame.baseline(row);
            for i in 0..3 {
                reach[i] = reach[i].max(row[i].abs() * top);
            }
        }
        // Where it is cut if it must be: half-way along its longer axis, patches by their middles.
        let middles = frame.extent(Spots { radii: &[], ..spots }, &members);
        let [across, along] = [0, 1].map(|i| middles[1][i] - middles[0][i]);
        let longest = usize::from(along > across);
        let whole = members.len() == 1 || !spots.radii.is_empty() && across.max(along) <= 0.0;
        match terms(TAU * reach[2] * half[2], components, epsilon) {
            Some(terms) if half[0].max(half[1]) <= widest || whole => {
                done.push(Facet { members, frame, reach, half, terms });
            }
            None if whole => return None,
            _ => {
                let middle = 0.5 * (middles[0][longest] + middles[1][longest]);
                let (a, b) = members
                    .iter()
                    .partition::<Vec<u32>, _>(|&&s| frame.place(spots.places[s as usize])[longest] < middle);
                // A facet that cannot be cut any more has nothing to expand.
                waiting.extend([a, b]);
            }
        }
    }
    Some(done)
}

/// The terms that matter for a greatest phase [rad] along w; none if they are too many.
fn terms(amplitude: f64, components: &Components, epsilon: f64) -> Option<Vec<(usize, usize)>> {
    if amplitude > AMPLITUDE {
        return None;
    }
    let mut all: Vec<(f64, usize, usize)> = Vec::new();
    for (order, most) in greatest(amplitude).into_iter().enumerate() {
        let factor = if order == 0 { 1.0 } else { 2.0 };
        all.extend(components.sizes.iter().enumerate().map(|(k, size)| (factor * most * size, order, k)));
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut rest = 0.0;
    while all.len() > 1 && rest + all[all.len() - 1].0.powi(2) <= (SHARE * epsilon).powi(2) {
        rest += all.pop().map_or(0.0, |term| term.0.powi(2));
    }
    (all.len() <= TERMS).then(|| all.into_iter().map(|(_, order, k)| (order, k)).collect())
}

/// The greatest |Jₙ(x)| of every order up to the amplitude, from a table: facets are tried by the thousand.
fn greatest(amplitude: f64) -> [f64; ORDERS] {
    const STEP: f64 = 0.05;
    static TABLE: OnceLock<Vec<[f64; ORDERS]>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let mut most = [0.0_f64; ORDERS];
        let row = |i: usize| {
            let at = |order: usize| bessel(order, i as f64 * STEP).abs();
            most = std::array::from_fn(|order| most[order].max(at(order)));
            most
        };
        (0..=(AMPLITUDE / STEP) as usize + 1).map(row).collect()
    });
    table[(amplitude / STEP).ceil() as usize]
}

/// The Bessel function Jₙ(x), for |x| up to some tens: the integral of cos(nθ − x sin θ), by equal steps.
pub fn bessel(order: usize, x: f64) -> f64 {
    const POINTS: usize = 64;
    let value = |i: usize| {
        let angle = std::f64::consts::PI * (i as f64 + 0.5) / POINTS as f64;
        (order as f64 * angle - x * angle.sin()).cos()
    };
    (0..POINTS).map(value).sum::<f64>() / POINTS as f64
}

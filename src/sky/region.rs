//! Regions of the sky: what lies in them.

use super::neighbours::chord2;
use crate::coords::{Direction, Lmn};

/// The outline of a region about its centre. Angles are in [rad].
#[derive(Clone, Debug, PartialEq)]
pub enum Outline {
    /// All within a radius, along great circles.
    Circle(f64),
    /// All between two radii, along great circles.
    Annulus(f64, f64),
    /// An ellipse, less a smaller one where `inner` is given.
    Ellipse {
        /// The two half axes.
        axes: [f64; 2],
        /// Those of the hole.
        inner: Option<[f64; 2]>,
        /// The position angle of the first, north through east.
        angle: f64,
    },
    /// A rectangle, less a smaller one where `inner` is given.
    Box {
        /// Width and height; the width runs east to west where the angle is zero.
        sides: [f64; 2],
        /// Those of the hole.
        inner: Option<[f64; 2]>,
        /// By how much it is turned, north through east.
        angle: f64,
    },
    /// A polygon whose sides are great circles: its corners on the plane that touches the sky at the centre (gnomonic
    /// projection, east and north).
    Polygon(Vec<[f64; 2]>),
}

/// A region of the sky.
///
/// Ellipses and boxes are reckoned in the plane of distance and position angle about the centre.
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    /// Its centre; of a polygon, the middle of its corners.
    pub centre: Direction,
    /// What it looks like.
    pub outline: Outline,
}

/// A direction about a centre on the gnomonic plane; none from 90° on.
fn gnomonic(direction: Direction, centre: Direction) -> Option<[f64; 2]> {
    let lmn: Lmn = direction.lmn(centre);
    (lmn.n() > 1e-6).then(|| [lmn.l / lmn.n(), lmn.m / lmn.n()])
}

impl Region {
    /// A circle of `radius` [rad].
    pub fn circle(centre: Direction, radius: f64) -> Self {
        Region { centre, outline: Outline::Circle(radius) }
    }

    /// The polygon with these corners, three at least, all in one frame.
    ///
    /// None where they do not lie within 90° of their middle.
    pub fn polygon(corners: &[Direction]) -> Option<Self> {
        let frame = corners.first()?.frame;
        let mut sum = [0.0; 3];
        for corner in corners {
            let vector = corner.to(frame).unit_vector();
            sum = std::array::from_fn(|axis| sum[axis] + vector[axis]);
        }
        let flat = sum[0].hypot(sum[1]);
        if corners.len() < 3 || flat.hypot(sum[2]) < 1e-6 {
            return None;
        }
        let centre = Direction::new(frame, sum[1].atan2(sum[0]), sum[2].atan2(flat));
        let plane = corners.iter().map(|corner| gnomonic(*corner, centre)).collect::<Option<Vec<_>>>()?;
        Some(Region { centre, outline: Outline::Polygon(plane) })
    }

    /// The radius [rad] of a circle about its centre that holds it.
    fn reach(&self) -> f64 {
        match &self.outline {
            Outline::Circle(radius) | Outline::Annulus(_, radius) => *radius,
            Outline::Ellipse { axes, .. } => axes[0].max(axes[1]),
            Outline::Box { sides, .. } => 0.5 * sides[0].hypot(sides[1]),
            Outline::Polygon(corners) => corners.iter().map(|[x, y]| x.hypot(*y).atan()).fold(0.0, f64::max),
        }
    }

    /// Whether `direction` (any frame) lies in it, its edge included.
    pub fn contains(&self, direction: Direction) -> bool {
        let direction = direction.to(self.centre.frame);
        let distance = || self.centre.separation(direction);
        // East and north, turned so that the second axis points to the angle.
        let turned = |angle: f64| {
            let (sine, cosine) = (self.centre.position_angle_of(direction) - angle).sin_cos();
            [distance() * sine, distance() * cosine]
        };
        match &self.outline {
            Outline::Circle(radius) => distance() <= *radius,
            Outline::Annulus(inner, outer) => (*inner..=*outer).contains(&distance()),
            Outline::Ellipse { axes, inner, angle } => {
                let [across, along] = turned(*angle);
                let within = |[first, second]: [f64; 2]| (along / first).hypot(across / second);
                within(*axes) <= 1.0 && inner.is_none_or(|inner| within(inner) >= 1.0)
            }
            Outline::Box { sides, inner, angle } => {
                let [across, along] = turned(*angle).map(f64::abs);
                let within = |[width, height]: [f64; 2]| (2.0 * across / width).max(2.0 * along / height);
                within(*sides) <= 1.0 && inner.is_none_or(|inner| within(inner) >= 1.0)
            }
            Outline::Polygon(corners) => {
                gnomonic(direction, self.centre).is_some_and(|point| inside(corners, point))
            }
        }
    }
}

/// Whether a point lies within the sides of a polygon: a ray from it crosses them an odd number of times.
fn inside(corners: &[[f64; 2]], [x, y]: [f64; 2]) -> bool {
    let mut inside = false;
    let mut last = corners[corners.len() - 1];
    for &corner in corners {
        let [(x0, y0), (x1, y1)] = [(last[0], last[1]), (corner[0], corner[1])];
        if (y0 > y) != (y1 > y) && x < x0 + (x1 - x0) * (y - y0) / (y1 - y0) {
            inside = !inside;
        }
        last = corner;
    }
    inside
}

/// Regions taken together, less others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RegionSet {
    /// What belongs to it; the whole sky where only excluded regions are given.
    pub included: Vec<Region>,
    /// What does not, whatever else holds it.
    pub excluded: Vec<Region>,
}

/// A region within a circle in ICRS, which is tested first.
struct Fenced<'a> {
    region: &'a Region,
    centre: [f64; 3],
    chord2: f64,
}

impl<'a> Fenced<'a> {
    fn new(region: &'a Region) -> Self {
        // A little more than needed: the circle only spares the exact test.
        let radius = (region.reach() + 1e-5).min(std::f64::consts::PI);
        let chord = 2.0 * (0.5 * radius).sin() + 1e-9;
        Fenced { region, centre: region.centre.icrs_vector(), chord2: chord * chord }
    }

    fn contains(&self, direction: Direction, vector: [f64; 3]) -> bool {
        chord2(vector, self.centre) <= self.chord2 && self.region.contains(direction)
    }
}

impl RegionSet {
    /// Tells of many directions (any frames) whether they lie in it. Nothing does if it has no region.
    pub fn tester(&self) -> impl Fn(Direction) -> bool {
        let included: Vec<Fenced> = self.included.iter().map(Fenced::new).collect();
        let excluded: Vec<Fenced> = self.excluded.iter().map(Fenced::new).collect();
        let whole = included.is_empty() && !excluded.is_empty();
        move |direction| {
            let vector = direction.icrs_vector();
            let holds = |region: &Fenced| region.contains(direction, vector);
            (whole || included.iter().any(holds)) && !excluded.iter().any(holds)
        }
    }

    /// Whether `direction` (any frame) lies in it: [`RegionSet::tester`] for one.
    pub fn contains(&self, direction: Direction) -> bool {
        self.tester()(direction)
    }
}

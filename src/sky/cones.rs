//! Circles on the sky, tested quickly.

use crate::coords::Direction;

/// The union of circles of one radius about several centres.
#[derive(Clone, Debug)]
pub struct Cones {
    /// ICRS unit vectors of the centres.
    centres: Vec<[f64; 3]>,
    /// The square of the chord that the radius spans; infinite for the whole sky.
    chord2: f64,
    /// A unit vector amid the centres, and the cosine of a circle about it that holds all of them.
    around: ([f64; 3], f64),
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

impl Cones {
    /// Circles of `radius` [rad] about `centres` (any frames); from π on they hold the whole sky.
    ///
    /// Without a centre, or with a radius that is negative or NaN, they hold nothing.
    pub fn new(centres: &[Direction], radius: f64) -> Self {
        let mut vectors: Vec<[f64; 3]> = Vec::with_capacity(centres.len());
        for centre in centres {
            let vector = centre.icrs_vector();
            // Fields often share a direction, one after the other.
            if vectors.last() != Some(&vector) {
                vectors.push(vector);
            }
        }
        let chord2 = if radius >= std::f64::consts::PI {
            f64::INFINITY
        } else if radius >= 0.0 {
            (2.0 * (0.5 * radius).sin()).powi(2)
        } else {
            -1.0
        };
        let around = Self::enclose(&vectors, radius);
        Cones { centres: vectors, chord2, around }
    }

    /// A circle that holds all the circles: its centre and the cosine of its radius.
    fn enclose(vectors: &[[f64; 3]], radius: f64) -> ([f64; 3], f64) {
        let sum = vectors.iter().fold([0.0; 3], |sum: [f64; 3], v| std::array::from_fn(|i| sum[i] + v[i]));
        let length = dot(sum, sum).sqrt();
        if length < 1e-6 {
            return ([0.0, 0.0, 1.0], -2.0);
        }
        let middle = sum.map(|x| x / length);
        let furthest = vectors.iter().map(|v| dot(middle, *v).clamp(-1.0, 1.0).acos()).fold(0.0, f64::max);
        // A little more than needed: it only spares the exact test.
        let reach = furthest + radius + 1e-6;
        (middle, if reach < std::f64::consts::PI { reach.cos() } else { -2.0 })
    }

    /// Whether `direction` (any frame) lies in a circle, its edge included.
    pub fn contain(&self, direction: Direction) -> bool {
        let v = direction.icrs_vector();
        if dot(v, self.around.0) < self.around.1 {
            return false;
        }
        // The chord and not the cosine: the latter cannot tell small angles apart.
        self.centres.iter().any(|c| {
            let d = [v[0] - c[0], v[1] - c[1], v[2] - c[2]];
            dot(d, d) <= self.chord2
        })
    }
}

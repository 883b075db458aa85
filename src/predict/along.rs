//! Directions along rows of pixels: exact at a few columns, and polynomials between them.

use std::f64::consts::PI;
use std::ops::RangeInclusive;

/// Columns of a row whose directions are exact.
const NODES: usize = 6;

/// How far a polynomial may be off: less than a millionth of a radian of phase at a million wavelengths.
const OFF: f64 = 1e-13;

/// Pixels that are worked on together.
const LOT: usize = 8;

/// Rows of a tile.
pub(super) struct Along {
    /// The middle of the columns, and half of their span.
    middle: f64,
    half: f64,
    /// From the nodes to the coefficients of the polynomial, lowest power first.
    matrix: [[f64; NODES]; NODES],
}

/// Chebyshev's nodes.
fn nodes() -> [f64; NODES] {
    std::array::from_fn(|i| (PI * (i as f64 + 0.5) / NODES as f64).cos())
}

impl Along {
    /// Rows that reach over `columns`, if polynomials serve those of numbers `rows`: `exact` tells the direction of a pixel as three
    /// numbers, of which the column and the row may be fractions.
    pub(super) fn new(
        columns: [usize; 2],
        rows: RangeInclusive<usize>,
        exact: impl Fn([f64; 2]) -> Option<[f64; 3]>,
    ) -> Option<Along> {
        let [first, last] = columns.map(|x| x as f64);
        if last - first < (2 * NODES) as f64 {
            return None;
        }
        let nodes = nodes();
        let mut matrix = [[0.0; NODES]; NODES];
        for (i, node) in nodes.iter().enumerate() {
            // Lagrange's polynomial of the node: the product of (t − other)/(node − other).
            let mut product = [0.0; NODES];
            product[0] = 1.0;
            for other in nodes.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, other)| other) {
                for power in (0..NODES).rev() {
                    let lower = if power > 0 { product[power - 1] } else { 0.0 };
                    product[power] = (lower - other * product[power]) / (node - other);
                }
            }
            matrix.iter_mut().zip(product).for_each(|(row, c)| row[i] = c);
        }
        let along = Along { middle: 0.5 * (first + last), half: 0.5 * (last - first), matrix };
        // Between the nodes, where such polynomials are farthest off.
        let serves = |y: usize| {
            let [l, m, n] = along.coefficients(y, &exact)?;
            let is_near = |k: usize| {
                let t = (PI * k as f64 / NODES as f64).cos();
                let found = [l, m, n].map(|c| c.iter().rev().fold(0.0, |sum, c| sum * t + c));
                let wanted = exact([along.middle + t * along.half, y as f64])?;
                Some(found.iter().zip(wanted).all(|(a, b)| (a - b).abs() <= OFF))
            };
            (0..=NODES)
                .map(is_near)
                .collect::<Option<Vec<bool>>>()
                .filter(|near| near.iter().all(|near| *near))
        };
        let (top, bottom) = (*rows.start(), *rows.end());
        [top, usize::midpoint(top, bottom), bottom].into_iter().all(|y| serves(y).is_some()).then_some(along)
    }

    /// The polynomials of a row.
    fn coefficients(
        &self,
        row: usize,
        exact: impl Fn([f64; 2]) -> Option<[f64; 3]>,
    ) -> Option<[[f64; NODES]; 3]> {
        let mut coefficients = [[0.0; NODES]; 3];
        for (i, node) in nodes().iter().enumerate() {
            let place = exact([self.middle + node * self.half, row as f64])?;
            for (coefficients, x) in coefficients.iter_mut().zip(place) {
                coefficients.iter_mut().zip(&self.matrix).for_each(|(c, row)| *c += row[i] * x);
            }
        }
        Some(coefficients)
    }

    /// Appends the directions of the pixels of a row; false where it is not on the sky.
    pub(super) fn places(
        &self,
        row: usize,
        columns: &[usize],
        exact: impl Fn([f64; 2]) -> Option<[f64; 3]>,
        places: &mut Vec<[f64; 3]>,
    ) -> bool {
        let Some(coefficients) = self.coefficients(row, exact) else { return false };
        let scale = 1.0 / self.half;
        for lot in columns.chunks(LOT) {
            let mut t = [0.0; LOT];
            t.iter_mut().zip(lot).for_each(|(t, x)| *t = (*x as f64 - self.middle) * scale);
            // All of a lot side by side: sums that do not wait for each other.
            let found = coefficients.map(|c| {
                let mut sum = [c[NODES - 1]; LOT];
                for c in c[..NODES - 1].iter().rev() {
                    sum.iter_mut().zip(&t).for_each(|(sum, t)| *sum = *sum * t + c);
                }
                sum
            });
            places.extend((0..lot.len()).map(|i| found.map(|x| x[i])));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A slanted part of the sphere, of pixels of so many radians.
    fn sphere(pixel: f64) -> impl Fn([f64; 2]) -> Option<[f64; 3]> {
        move |[x, y]| {
            let [l, m] = [0.03 + pixel * x, -0.05 + pixel * (y + 0.1 * x)];
            let n = (1.0 - l * l - m * m).sqrt();
            n.is_finite().then_some([l, m, n - 1.0])
        }
    }

    #[test]
    fn polynomials_are_the_directions() {
        for pixel in [1e-6, 1.2e-5, 1e-4] {
            let exact = sphere(pixel);
            let along = Along::new([100, 227], 10..=41, &exact).expect("smooth enough");
            let columns: Vec<usize> = (100..=227).filter(|x| x % 5 != 3).collect();
            for row in [10, 17, 41] {
                let mut places = vec![[9.0; 3]];
                assert!(along.places(row, &columns, &exact, &mut places));
                assert_eq!(places.len(), 1 + columns.len());
                for (x, found) in columns.iter().zip(&places[1..]) {
                    let wanted = exact([*x as f64, row as f64]).expect("on the sky");
                    assert!(found.iter().zip(wanted).all(|(a, b)| (a - b).abs() <= OFF), "{pixel:e}");
                }
            }
        }
    }

    #[test]
    fn what_bends_too_much_or_ends_is_left_to_others() {
        assert!(Along::new([0, 127], 0..=31, sphere(2e-3)).is_none());
        assert!(Along::new([0, 127], 0..=31, sphere(1e-2)).is_none());
        assert!(Along::new([5, 9], 0..=31, sphere(1e-6)).is_none());
    }
}

//! The responses of disks, rings and shapelets.

use crate::{Round, Shapelets};
use num_complex::Complex64;
use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};

/// Below it Bessel functions are their power series, above it Hankel's expansion: both are good to 1e-9 there.
const SERIES_TO: f64 = 13.0;

/// A Bessel function without its zero at the origin: `Λ(x) = Γ(ν + 1) (2/x)^ν J_ν(x)`, which is 1 at x = 0.
#[derive(Clone, Copy, Debug)]
pub struct Lambda {
    order: f64,
    /// Γ(ν + 1)
    gamma: f64,
}

impl Lambda {
    /// Of an order ν > −1.
    pub fn new(order: f64) -> Self {
        Self { order, gamma: libm::tgamma(order + 1.0) }
    }

    /// The value at x ≥ 0 (Abramowitz & Stegun 1964, 9.1.10 and 9.2.5).
    pub fn at(&self, x: f64) -> f64 {
        if x < SERIES_TO {
            let quarter = -0.25 * x * x;
            let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
            // The terms grow until k is about x/2.
            while f64::abs(term) > 1e-17 || k < 0.5 * x {
                term *= quarter / (k * (k + self.order));
                sum += term;
                k += 1.0;
            }
            return sum;
        }
        let square = 4.0 * self.order * self.order;
        let mut term = 1.0;
        // P and Q: the sums of even and odd terms, the signs of which alternate in pairs.
        let mut sums = [0.0; 2];
        for k in 0..40_u32 {
            sums[(k % 2) as usize] += if k % 4 < 2 { term } else { -term };
            let odd = f64::from(2 * k + 1);
            let next = term * (square - odd * odd) / (f64::from(k + 1) * 8.0 * x);
            // The expansion diverges in the end; what it ends with exactly is zero.
            if next == 0.0 || (next.abs() >= term.abs() && f64::from(k) > self.order) || next.abs() < 1e-17 {
                break;
            }
            term = next;
        }
        let phase = x - FRAC_PI_2 * self.order - FRAC_PI_4;
        let (sin, cos) = phase.sin_cos();
        self.gamma * (2.0 / x).powf(self.order) * (2.0 / (PI * x)).sqrt() * (sums[0] * cos - sums[1] * sin)
    }
}

/// The Hermite functions `H_n(x) exp(−x²/2) / √(2ⁿ n!)`, n from 0, H being the physicists' polynomials.
///
/// `out[n]` is overwritten. The recurrence is that of the polynomials (Abramowitz & Stegun 1964, 22.7.13) with the factor.
pub fn hermite_functions(x: f64, out: &mut [f64]) {
    let (mut before, mut value) = (0.0, (-0.5 * x * x).exp());
    for (n, out) in out.iter_mut().enumerate() {
        *out = value;
        let n = n as f64;
        (before, value) = (value, x * (2.0 / (n + 1.0)).sqrt() * value - (n / (n + 1.0)).sqrt() * before);
    }
}

impl Round {
    /// The length of (uvw·p, uvw·q) [m].
    pub(crate) fn radius(&self, uvw: [f64; 3]) -> f64 {
        dot(uvw, self.p).hypot(dot(uvw, self.q))
    }
}

impl Shapelets {
    /// The highest orders along x and y.
    pub(crate) fn orders(&self) -> [usize; 2] {
        let most = |axis: usize| self.terms.iter().map(|(n, _)| usize::from(n[axis])).max().unwrap_or(0);
        [most(0), most(1)]
    }

    /// The response at x and y, with room for as many Hermite functions as there are orders.
    pub(crate) fn response(&self, x: f64, y: f64, [room_x, room_y]: &mut [Vec<f64>; 2]) -> Complex64 {
        hermite_functions(x, room_x);
        hermite_functions(y, room_y);
        // The four powers of i by themselves.
        let mut sums = [0.0; 4];
        for ([n1, n2], value) in &self.terms {
            sums[usize::from((n1 + n2) % 4)] += value * room_x[usize::from(*n1)] * room_y[usize::from(*n2)];
        }
        Complex64::new(sums[0] - sums[2], sums[1] - sums[3])
    }

    /// Room for [`Shapelets::response`].
    pub(crate) fn room(&self) -> [Vec<f64>; 2] {
        self.orders().map(|order| vec![0.0; order + 1])
    }
}

pub(crate) fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Poisson's integral (A&S 9.1.20) by the tanh-sinh rule, which minds no powers at the ends.
    fn integral(order: f64, x: f64) -> f64 {
        let (mut sum, mut weight_sum) = (0.0, 0.0);
        for k in -400..=400 {
            let s = f64::from(k) * 0.01;
            let (sinh, cosh) = (FRAC_PI_2 * s.sinh(), FRAC_PI_2 * s.cosh());
            let t = sinh.tanh();
            // 1 − t² without cancellation.
            let weight = cosh / sinh.cosh().powi(2) * sinh.cosh().powf(-2.0 * (order - 0.5));
            sum += weight * (x * t).cos();
            weight_sum += weight;
        }
        sum / weight_sum
    }

    #[test]
    fn bessel_functions_are_poissons_integral() {
        for order in [0.0, 0.05, 0.5, 1.0, 1.5, 2.25, 6.0, 11.0] {
            let lambda = Lambda::new(order);
            for x in [0.0, 1e-3, 0.7, 3.0, 8.0, 12.999, 13.0, 13.5, 20.0, 33.3, 80.0] {
                let (found, expected) = (lambda.at(x), integral(order, x));
                assert!((found - expected).abs() < 3e-9, "{order} {x}: {found} {expected}");
            }
        }
        // Orders with names, by libm and by hand.
        for x in [0.3, 5.0, 12.9, 13.1, 47.0] {
            assert!((Lambda::new(0.0).at(x) - libm::j0(x)).abs() < 1e-10);
            assert!((Lambda::new(1.0).at(x) - 2.0 * libm::j1(x) / x).abs() < 1e-10);
            assert!((Lambda::new(0.5).at(x) - x.sin() / x).abs() < 1e-10);
        }
    }

    #[test]
    fn hermite_functions_are_those_written_out() {
        let mut found = [0.0; 5];
        for x in [-2.0, 0.0, 0.3, 4.0] {
            hermite_functions(x, &mut found);
            let bell = f64::exp(-0.5 * x * x);
            let polynomials = [
                1.0,
                2.0 * x / 2f64.sqrt(),
                (4.0 * x * x - 2.0) / 8f64.sqrt(),
                (8.0 * x.powi(3) - 12.0 * x) / 48f64.sqrt(),
                (16.0 * x.powi(4) - 48.0 * x * x + 12.0) / 384f64.sqrt(),
            ];
            for (found, polynomial) in found.iter().zip(polynomials) {
                assert!((found - polynomial * bell).abs() < 1e-13, "{x}");
            }
        }
    }
}

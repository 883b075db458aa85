//! 2 × 2 matrices of antennas: what turned feeds and gains make of Stokes parameters.
//!
//! `V = J1 B J2ᴴ`, B being the coherencies of the sky in the feeds' basis (Hamaker, Bregman & Sault 1996, A&AS 117, 137):
//! `[[I+Q, U+iV], [U−iV, I−Q]]` for linear and `[[I+V, Q+iU], [Q−iU, I−V]]` for circular feeds, without a factor ½.

use kernels::{Complex32, Complex64};

/// How the receptors feel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Basis {
    /// X and Y.
    Linear,
    /// R and L.
    Circular,
}

impl Basis {
    /// That of correlations given as casacore's codes; none where they are Stokes parameters, or of both.
    pub(crate) fn of(correlations: &[i32]) -> Option<Basis> {
        match correlations {
            [] => None,
            codes if codes.iter().all(|code| (5..=8).contains(code)) => Some(Basis::Circular),
            codes if codes.iter().all(|code| (9..=12).contains(code)) => Some(Basis::Linear),
            _ => None,
        }
    }
}

/// A matrix, row by row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Jones(pub(crate) [[Complex64; 2]; 2]);

impl Jones {
    pub(crate) const ONE: Jones =
        Jones([[Complex64::ONE, Complex64::ZERO], [Complex64::ZERO, Complex64::ONE]]);

    pub(crate) fn diagonal([a, b]: [Complex64; 2]) -> Jones {
        Jones([[a, Complex64::ZERO], [Complex64::ZERO, b]])
    }

    /// Feeds turned by `angle` [rad], north through east: a rotation of X and Y, a phase of R and L.
    ///
    /// A source's position angle of polarisation counts from the feed then (Conway & Kronberg 1969, MNRAS 142, 11).
    pub(crate) fn turned(basis: Basis, angle: f64) -> Jones {
        let (sin, cos) = angle.sin_cos();
        let real = |x: f64| Complex64::new(x, 0.0);
        match basis {
            Basis::Linear => Jones([[real(cos), real(sin)], [real(-sin), real(cos)]]),
            Basis::Circular => Jones::diagonal([Complex64::new(cos, -sin), Complex64::new(cos, sin)]),
        }
    }

    /// `self · other`.
    pub(crate) fn times(&self, other: &Jones) -> Jones {
        let (a, b) = (&self.0, &other.0);
        Jones(std::array::from_fn(|i| std::array::from_fn(|k| a[i][0] * b[0][k] + a[i][1] * b[1][k])))
    }
}

/// Coefficients of I, Q, U and V in each of the correlations RR RL LR LL or XX XY YX YY (in this order of casacore's
/// codes), between antennas of these matrices.
pub(crate) fn coefficients(basis: Basis, one: &Jones, two: &Jones) -> [[Complex64; 4]; 4] {
    let [zero, unit, i] = [Complex64::ZERO, Complex64::ONE, Complex64::I];
    // What each Stokes parameter is in B.
    let coherencies: [[[Complex64; 2]; 2]; 4] = match basis {
        Basis::Linear => [
            [[unit, zero], [zero, unit]],
            [[unit, zero], [zero, -unit]],
            [[zero, unit], [unit, zero]],
            [[zero, i], [-i, zero]],
        ],
        Basis::Circular => [
            [[unit, zero], [zero, unit]],
            [[zero, unit], [unit, zero]],
            [[zero, i], [-i, zero]],
            [[unit, zero], [zero, -unit]],
        ],
    };
    let mut found = [[Complex64::ZERO; 4]; 4];
    for (stokes, b) in coherencies.iter().enumerate() {
        let left = one.times(&Jones(*b));
        for (row, left) in left.0.iter().enumerate() {
            for (column, right) in two.0.iter().enumerate() {
                found[2 * row + column][stokes] = left[0] * right[0].conj() + left[1] * right[1].conj();
            }
        }
    }
    found
}

/// One correlation, given as casacore's code, of Stokes parameters.
pub(crate) fn correlation(
    coefficients: &[[Complex64; 4]; 4],
    code: i32,
    stokes: &[Complex64; 4],
) -> Complex64 {
    let row = coefficients[((code - 1) % 4) as usize];
    row.iter().zip(stokes).map(|(coefficient, value)| coefficient * value).sum()
}

/// The rows of `coefficients` for correlations given as casacore's codes, in single precision.
pub(crate) fn rows(coefficients: &[[Complex64; 4]; 4], codes: &[i32]) -> Vec<[Complex32; 4]> {
    let single = |value: Complex64| Complex32::new(value.re as f32, value.im as f32);
    codes.iter().map(|code| coefficients[((code - 1) % 4) as usize].map(single)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predict::mix;

    const STOKES: [f64; 4] = [1.0, 0.2, -0.3, 0.05];

    /// Without antennas in the way the coefficients are those of the mix.
    #[test]
    fn nothing_in_the_way_is_the_mix() {
        for (basis, codes) in [(Basis::Linear, [9, 10, 11, 12]), (Basis::Circular, [5, 6, 7, 8])] {
            assert_eq!(Basis::of(&codes), Some(basis));
            let found = coefficients(basis, &Jones::ONE, &Jones::ONE);
            let stokes = STOKES.map(|x| Complex64::new(x, 0.0));
            let mix = mix(&codes).unwrap();
            for (at, code) in codes.into_iter().enumerate() {
                assert!((correlation(&found, code, &stokes) - mix.apply(at, &stokes)).norm() < 1e-7);
            }
        }
        assert_eq!(Basis::of(&[1, 2]), None);
        assert_eq!(Basis::of(&[5, 12]), None);
    }

    /// Feeds that are all turned see the source turned the other way: Q and U by twice the angle.
    #[test]
    fn turned_feeds_turn_the_source_back() {
        let angle: f64 = 0.4;
        let [i, q, u, v] = STOKES;
        let (sin, cos) = (2.0 * angle).sin_cos();
        let back = [i, q * cos + u * sin, u * cos - q * sin, v].map(|x| Complex64::new(x, 0.0));
        for (basis, codes) in [(Basis::Linear, [9, 10, 11, 12]), (Basis::Circular, [5, 6, 7, 8])] {
            let jones = Jones::turned(basis, angle);
            let found = coefficients(basis, &jones, &jones);
            let still = coefficients(basis, &Jones::ONE, &Jones::ONE);
            for code in codes {
                let stokes = STOKES.map(|x| Complex64::new(x, 0.0));
                let difference = correlation(&found, code, &stokes) - correlation(&still, code, &back);
                assert!(difference.norm() < 1e-15, "{code}");
            }
        }
    }
}

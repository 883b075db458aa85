//! Phases and envelopes at the first channel of a segment, and their steps along it.

use crate::simd::Simd;

/// sin(πr)/r in powers of r², |r| ≤ ½: least squares at Chebyshev nodes, rounded coefficient by coefficient.
const SIN: [f32; 6] =
    [std::f32::consts::PI, -5.167_718, 2.550_260_8, -0.600_047_65, 0.084_984_07, -0.011_042_141];
/// cos(πr) in powers of r², |r| ≤ ½.
const COS: [f32; 6] = [1.0, -4.934_802, 4.058_706_3, -1.335_18, 0.234_794_36, -0.024_172_619];
/// 2ᵗ in powers of t, |t| ≤ ½.
const EXP2: [f32; 7] = [
    1.0,
    std::f32::consts::LN_2,
    0.240_226_5,
    0.055_503_58,
    0.009_618_077,
    0.001_339_164_3,
    0.000_154_563_58,
];
/// (eᵗ − 1)/t in powers of t, |t| ≤ 0.9.
const EXPM1: [f32; 8] = [
    1.0,
    0.5,
    0.166_666_94,
    0.041_666_705,
    0.008_331_291,
    0.001_388_645_5,
    0.000_202_745_18,
    0.000_025_266_736,
];

#[inline(always)]
fn horner<S: Simd, const N: usize>(s: S, c: &[f32; N], x: S::F) -> S::F {
    let mut y = s.splat(c[N - 1]);
    for &c in c[..N - 1].iter().rev() {
        y = s.fma(y, x, s.splat(c));
    }
    y
}

/// cos(πr) and sin(πr) for |r| ≤ ½.
#[inline(always)]
fn half_turn<S: Simd>(s: S, r: S::F) -> [S::F; 2] {
    let z = s.mul(r, r);
    [horner(s, &COS, z), s.mul(r, horner(s, &SIN, z))]
}

/// exp(iπx): `x` in half turns, |x| < 2⁵¹.
#[inline(always)]
pub fn phasor<S: Simd>(s: S, x: S::D) -> [S::F; 2] {
    let (r, sign) = s.reduce(x);
    let [cos, sin] = half_turn(s, r);
    [s.flip_sign(cos, sign), s.flip_sign(sin, sign)]
}

/// The product of two complex numbers.
#[inline(always)]
pub fn product<S: Simd>(s: S, a: [S::F; 2], b: [S::F; 2]) -> [S::F; 2] {
    [s.fnma(a[1], b[1], s.mul(a[0], b[0])), s.fma(a[0], b[1], s.mul(a[1], b[0]))]
}

/// A step of θ = πx in phase, for the recurrence of [`Wave`].
#[derive(Clone, Copy)]
pub struct Step<F> {
    /// 4 sin²(θ/2) = 2 − 2 cos θ: exact to rounding however small θ is.
    pub bend: F,
    /// 1 − exp(−iθ).
    back: [F; 2],
}

impl<F: Copy> Step<F> {
    /// The step of `x` half turns.
    #[inline(always)]
    pub fn new<S: Simd<F = F>>(s: S, x: S::D) -> Self {
        // Both values have the period π in θ/2, so the parity of the reduction does not matter.
        let (r, _) = s.reduce(s.mul_wide(x, 0.5));
        let [c, n] = half_turn(s, r);
        let sine = s.mul(n, s.add(c, c));
        let half_bend = s.mul(n, s.add(n, n));
        Self { bend: s.add(half_bend, half_bend), back: [half_bend, sine] }
    }
}

/// A phasor that advances by a fixed phase.
///
/// Small steps (`WIDE` false) go by `d −= bend·z`, `z += d`, Reinsch's form of the three-term recurrence (Stoer & Bulirsch,
/// Numerical Analysis, §2.3.4): two multiply-adds and two additions instead of the four multiply-adds of a rotation, and
/// no loss at small angles. Large steps go by the rotation `z += z·d`: the recurrence would lose digits near half turns.
#[derive(Clone, Copy)]
pub struct Wave<F, const WIDE: bool> {
    /// The phasor.
    pub z: [F; 2],
    /// The phasor minus the one before it; the factor of a rotation minus 1.
    d: [F; 2],
}

impl<F: Copy, const WIDE: bool> Wave<F, WIDE> {
    /// The wave that is `z` now.
    #[inline(always)]
    pub fn new<S: Simd<F = F>>(s: S, z: [F; 2], step: &Step<F>) -> Self {
        let d =
            if WIDE { [s.mul(step.back[0], s.splat(-1.0)), step.back[1]] } else { product(s, z, step.back) };
        Self { z, d }
    }

    /// On to the next channel.
    #[inline(always)]
    pub fn advance<S: Simd<F = F>>(&mut self, s: S, bend: F) {
        if WIDE {
            let ([re, im], d) = (self.z, self.d);
            self.z = [s.fnma(im, d[1], s.fma(re, d[0], re)), s.fma(re, d[1], s.fma(im, d[0], im))];
        } else {
            for i in 0..2 {
                self.d[i] = s.fnma(bend, self.z[i], self.d[i]);
                self.z[i] = s.add(self.z[i], self.d[i]);
            }
        }
    }
}

/// 2ʸ for y ≤ 0; 0 below 2⁻¹⁰⁰.
#[inline(always)]
pub fn exp2<S: Simd>(s: S, y: S::F) -> S::F {
    let clamped = s.max(y, s.splat(-110.0));
    let n = s.round(clamped);
    let t = s.fnma(n, s.splat(1.0), clamped);
    s.zero_where_below(y, -100.0, s.scale_by_power_of_two(horner(s, &EXP2, t), n))
}

/// eᵗ − 1 for |t| ≤ 0.9.
#[inline(always)]
pub fn exp_m1<S: Simd>(s: S, t: S::F) -> S::F {
    s.mul(t, horner(s, &EXPM1, t))
}

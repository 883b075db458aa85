//! NEON of 64-bit ARM: 4 rows a vector.

use super::{Desk, Kernel, Line, Simd};
use num_complex::Complex32;
use std::arch::aarch64::*;

/// NEON is part of the target this module is compiled for.
#[derive(Clone, Copy, Debug)]
pub struct Neon;

impl Neon {
    /// Runs a kernel compiled for these instructions.
    pub fn run<K: Kernel>(self, kernel: K) {
        kernel.run::<Neon, 4, 3>(self);
    }
}

/// Evaluates intrinsics of the target.
macro_rules! simd {
    ($e:expr) => {{
        // SAFETY: this module is compiled only where the whole program may use NEON, and no pointer leaves its reference.
        unsafe { $e }
    }};
}

/// Turns 4 vectors of 4 rows into 4 rows of 4 values.
#[inline(always)]
fn transpose(v: [float32x4_t; 4]) -> [float32x4_t; 4] {
    simd!({
        let a = vreinterpretq_f64_f32(vtrn1q_f32(v[0], v[1]));
        let b = vreinterpretq_f64_f32(vtrn2q_f32(v[0], v[1]));
        let c = vreinterpretq_f64_f32(vtrn1q_f32(v[2], v[3]));
        let d = vreinterpretq_f64_f32(vtrn2q_f32(v[2], v[3]));
        [
            vreinterpretq_f32_f64(vtrn1q_f64(a, c)),
            vreinterpretq_f32_f64(vtrn1q_f64(b, d)),
            vreinterpretq_f32_f64(vtrn2q_f64(a, c)),
            vreinterpretq_f32_f64(vtrn2q_f64(b, d)),
        ]
    })
}

/// Four neighbouring numbers.
#[inline(always)]
fn load(x: &[f32]) -> float32x4_t {
    let x: &[f32; 4] = x.try_into().expect("a slice of four");
    simd!(vld1q_f32(x.as_ptr()))
}

/// Writes two complex numbers of one row.
#[inline(always)]
fn write(row: &mut [Complex32], values: float32x4_t) {
    let row: &mut [Complex32; 2] = row.try_into().expect("a slice of two");
    // Two `Complex32` are 16 bytes, two `f32` each; the store needs no alignment.
    simd!(vst1q_f32(row.as_mut_ptr().cast(), values))
}

/// Single precision of two halves.
#[inline(always)]
fn narrow(lo: float64x2_t, hi: float64x2_t) -> float32x4_t {
    simd!(vcombine_f32(vcvt_f32_f64(lo), vcvt_f32_f64(hi)))
}

/// `a` shifted so that its lowest bits are the nearest integer, and what is left of it.
#[inline(always)]
fn shift(a: float64x2_t) -> [float64x2_t; 2] {
    simd!({
        let magic = vdupq_n_f64(super::ROUND_MAGIC);
        let shifted = vaddq_f64(a, magic);
        [shifted, vsubq_f64(a, vsubq_f64(shifted, magic))]
    })
}

/// The lower halves of double words.
#[inline(always)]
fn low(lo: float64x2_t, hi: float64x2_t) -> uint32x4_t {
    simd!(vcombine_u32(vmovn_u64(vreinterpretq_u64_f64(lo)), vmovn_u64(vreinterpretq_u64_f64(hi))))
}

/// What [`two_of_eight`](super::two_of_eight) is made of.
impl Neon {
    /// The same number in every cell.
    #[inline(always)]
    fn splat_cells(self, x: f32) -> [float32x4_t; 2] {
        [simd!(vdupq_n_f32(x)); 2]
    }
    /// `a · b + c`
    #[inline(always)]
    fn fma_cells(self, a: [float32x4_t; 2], b: [float32x4_t; 2], c: [float32x4_t; 2]) -> [float32x4_t; 2] {
        simd!([vfmaq_f32(c[0], a[0], b[0]), vfmaq_f32(c[1], a[1], b[1])])
    }
    /// `c − a · b`
    #[inline(always)]
    fn fnma_cells(self, a: [float32x4_t; 2], b: [float32x4_t; 2], c: [float32x4_t; 2]) -> [float32x4_t; 2] {
        simd!([vfmsq_f32(c[0], a[0], b[0]), vfmsq_f32(c[1], a[1], b[1])])
    }
}

impl Simd for Neon {
    const LANES: usize = 4;
    type F = float32x4_t;
    type D = [float64x2_t; 2];
    type C = [float32x4_t; 2];
    super::two_of_eight!();

    #[inline(always)]
    fn vectors(self, lines: &mut [Line]) -> &mut [[float32x4_t; 2]] {
        // SAFETY: a `Line` is 16 initialised floats aligned to 64 bytes, as are two pairs of `float32x4_t`.
        unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * 2) }
    }
    #[inline(always)]
    fn splat(self, x: f32) -> float32x4_t {
        simd!(vdupq_n_f32(x))
    }
    #[inline(always)]
    fn add(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        simd!(vaddq_f32(a, b))
    }
    #[inline(always)]
    fn sub(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        simd!(vsubq_f32(a, b))
    }
    #[inline(always)]
    fn mul(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        simd!(vmulq_f32(a, b))
    }
    #[inline(always)]
    fn fma(self, a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t {
        simd!(vfmaq_f32(c, a, b))
    }
    #[inline(always)]
    fn fnma(self, a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t {
        simd!(vfmsq_f32(c, a, b))
    }
    #[inline(always)]
    fn max(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        simd!(vmaxq_f32(a, b))
    }
    #[inline(always)]
    fn any_above(self, a: float32x4_t, limit: f32) -> bool {
        simd!(vmaxvq_u32(vcgtq_f32(a, vdupq_n_f32(limit))) != 0)
    }
    #[inline(always)]
    fn zero_where_below(self, x: float32x4_t, limit: f32, value: float32x4_t) -> float32x4_t {
        simd!({
            let keep = vcgeq_f32(x, vdupq_n_f32(limit));
            vreinterpretq_f32_u32(vandq_u32(keep, vreinterpretq_u32_f32(value)))
        })
    }
    #[inline(always)]
    fn round(self, a: float32x4_t) -> float32x4_t {
        simd!(vrndnq_f32(a))
    }
    #[inline(always)]
    fn scale_by_power_of_two(self, a: float32x4_t, n: float32x4_t) -> float32x4_t {
        simd!({
            let exponent = vshlq_n_s32::<23>(vcvtnq_s32_f32(n));
            vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(a), exponent))
        })
    }
    #[inline(always)]
    fn flip_sign(self, a: float32x4_t, sign: float32x4_t) -> float32x4_t {
        simd!(vreinterpretq_f32_u32(veorq_u32(vreinterpretq_u32_f32(a), vreinterpretq_u32_f32(sign))))
    }
    #[inline(always)]
    fn unpack(self, a: float32x4_t, to: &mut Line) {
        // A line is longer than the vector.
        simd!(vst1q_f32(to.0.as_mut_ptr(), a))
    }
    #[inline(always)]
    fn pack(self, from: &Line) -> float32x4_t {
        load(&from.0[..4])
    }
    #[inline(always)]
    fn splat_wide(self, x: f64) -> [float64x2_t; 2] {
        [simd!(vdupq_n_f64(x)); 2]
    }
    #[inline(always)]
    fn load_wide(self, x: &[f64]) -> [float64x2_t; 2] {
        let x: &[f64; 4] = x.try_into().expect("four lanes");
        simd!([vld1q_f64(x.as_ptr()), vld1q_f64(x.as_ptr().add(2))])
    }
    #[inline(always)]
    fn mul_wide(self, a: [float64x2_t; 2], b: f64) -> [float64x2_t; 2] {
        simd!([vmulq_n_f64(a[0], b), vmulq_n_f64(a[1], b)])
    }
    #[inline(always)]
    fn fma_wide(self, a: [float64x2_t; 2], b: f64, c: [float64x2_t; 2]) -> [float64x2_t; 2] {
        simd!([vfmaq_n_f64(c[0], a[0], b), vfmaq_n_f64(c[1], a[1], b)])
    }
    #[inline(always)]
    fn squares(self, a: [float64x2_t; 2], b: [float64x2_t; 2]) -> float32x4_t {
        simd!({
            let lo = vfmaq_f64(vmulq_f64(b[0], b[0]), a[0], a[0]);
            let hi = vfmaq_f64(vmulq_f64(b[1], b[1]), a[1], a[1]);
            narrow(lo, hi)
        })
    }
    #[inline(always)]
    fn reduce(self, a: [float64x2_t; 2]) -> (float32x4_t, float32x4_t) {
        let ([t0, r0], [t1, r1]) = (shift(a[0]), shift(a[1]));
        // The lowest bit of the shifted number is the parity of the nearest integer.
        (narrow(r0, r1), simd!(vreinterpretq_f32_u32(vshlq_n_u32::<31>(low(t0, t1)))))
    }
    #[inline(always)]
    fn cell(self, a: [float64x2_t; 2]) -> (float32x4_t, float32x4_t) {
        let ([t0, r0], [t1, r1]) = (shift(a[0]), shift(a[1]));
        // The lower half of the shifted number is the nearest integer.
        (narrow(r0, r1), simd!(vreinterpretq_f32_u32(low(t0, t1))))
    }
    #[inline(always)]
    fn fraction(self, a: [float64x2_t; 2]) -> [float64x2_t; 2] {
        [shift(a[0])[1], shift(a[1])[1]]
    }
    #[inline(always)]
    fn load_cells(self, x: &[f32]) -> [float32x4_t; 2] {
        let x: &[f32; 8] = x.try_into().expect("eight cells");
        [load(&x[..4]), load(&x[4..])]
    }
    #[inline(always)]
    fn store_cells(self, a: [float32x4_t; 2], to: &mut [f32]) {
        let to: &mut [f32; 8] = to.try_into().expect("eight cells");
        simd!({
            vst1q_f32(to.as_mut_ptr(), a[0]);
            vst1q_f32(to.as_mut_ptr().add(4), a[1]);
        })
    }
    #[inline(always)]
    fn columns(self, rows: &[f32], stride: usize) -> [float32x4_t; 8] {
        let half = |at: usize| {
            let row = |r: usize| load(&rows[r * stride + at..][..4]);
            transpose([row(0), row(1), row(2), row(3)])
        };
        let ([a, b, c, d], [e, f, g, h]) = (half(0), half(4));
        [a, b, c, d, e, f, g, h]
    }
    #[inline(always)]
    fn store_rows(self, v: &[float32x4_t; 8], at: usize, rows: &mut Desk) {
        let first = transpose([v[0], v[1], v[2], v[3]]);
        let second = transpose([v[4], v[5], v[6], v[7]]);
        for ((row, first), second) in rows.iter_mut().zip(first).zip(second) {
            self.store_cells([first, second], &mut row[at / 8].0[2 * at % 16..][..8]);
        }
    }
    #[inline(always)]
    fn write_twice(self, row: &[Line; 2], to: &mut [Complex32; 32]) {
        let values = row.iter().flat_map(|line| line.0.chunks_exact(4));
        for (cells, values) in to.chunks_exact_mut(4).zip(values) {
            let (pair, next) = cells.split_at_mut(2);
            let values = simd!(vreinterpretq_f64_f32(vld1q_f32(values.as_ptr())));
            write(pair, simd!(vreinterpretq_f32_f64(vdupq_laneq_f64::<0>(values))));
            write(next, simd!(vreinterpretq_f32_f64(vdupq_laneq_f64::<1>(values))));
        }
    }
}

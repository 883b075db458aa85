//! AVX-512 F and DQ: 16 rows a vector.

use super::avx2::transpose;
use super::{Desk, Kernel, Line, Simd};
use num_complex::Complex32;
use std::arch::x86_64::*;

/// Evaluates intrinsics under the proof that `self` is.
macro_rules! simd {
    ($e:expr) => {{
        // SAFETY: an `Avx512` exists only where AVX-512 F and DQ were detected, and no pointer leaves its reference.
        unsafe { $e }
    }};
}

/// Proof that the processor has AVX-512 F and DQ.
#[derive(Clone, Copy, Debug)]
pub struct Avx512(());

impl Avx512 {
    /// The proof, if the processor has the instructions.
    pub fn new() -> Option<Self> {
        (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq")).then_some(Self(()))
    }

    /// Runs a kernel compiled for these instructions.
    pub fn run<K: Kernel>(self, kernel: K) {
        #[target_feature(enable = "avx512f,avx512dq")]
        fn inner<K: Kernel>(token: Avx512, kernel: K) {
            kernel.run::<Avx512, 4, 3>(token);
        }
        // SAFETY: `self` exists only where `new` found AVX-512 F and DQ.
        unsafe { inner(self, kernel) }
    }

    /// Two halves of 8 vectors of 16 rows: in each, quarter q of vector j has four numbers of row 4 q + j.
    #[inline(always)]
    fn quarters(self, v: &[__m512; 8]) -> [[__m512; 4]; 2] {
        let mut halves = [[v[0]; 4]; 2];
        for (half, v) in halves.iter_mut().zip(v.chunks_exact(4)) {
            *half = simd!({
                let (a, c) = (_mm512_unpacklo_ps(v[0], v[1]), _mm512_unpackhi_ps(v[0], v[1]));
                let (b, d) = (_mm512_unpacklo_ps(v[2], v[3]), _mm512_unpackhi_ps(v[2], v[3]));
                [
                    _mm512_shuffle_ps::<0x44>(a, b),
                    _mm512_shuffle_ps::<0xee>(a, b),
                    _mm512_shuffle_ps::<0x44>(c, d),
                    _mm512_shuffle_ps::<0xee>(c, d),
                ]
            });
        }
        halves
    }
}

/// One vector of two halves.
///
/// # Safety
/// The processor must have AVX-512 DQ.
#[inline(always)]
unsafe fn join(lo: __m256, hi: __m256) -> __m512 {
    // SAFETY: the caller promises AVX-512 DQ.
    unsafe { _mm512_insertf32x8::<1>(_mm512_castps256_ps512(lo), hi) }
}

impl Simd for Avx512 {
    const LANES: usize = 16;
    type F = __m512;
    type D = [__m512d; 2];
    type C = __m256;
    type K = __m512;

    #[inline(always)]
    fn vectors(self, lines: &mut [Line]) -> &mut [[__m512; 2]] {
        // SAFETY: a `Line` is 16 initialised floats aligned to 64 bytes, as is a `__m512`; an odd line is left over.
        unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() / 2) }
    }
    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        simd!(_mm512_set1_ps(x))
    }
    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        simd!(_mm512_add_ps(a, b))
    }
    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        simd!(_mm512_sub_ps(a, b))
    }
    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        simd!(_mm512_mul_ps(a, b))
    }
    #[inline(always)]
    fn fma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        simd!(_mm512_fmadd_ps(a, b, c))
    }
    #[inline(always)]
    fn fnma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        simd!(_mm512_fnmadd_ps(a, b, c))
    }
    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        simd!(_mm512_max_ps(a, b))
    }
    #[inline(always)]
    fn any_above(self, a: __m512, limit: f32) -> bool {
        simd!(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(a, _mm512_set1_ps(limit)) != 0)
    }
    #[inline(always)]
    fn zero_where_below(self, x: __m512, limit: f32, value: __m512) -> __m512 {
        simd!(_mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_GE_OQ>(x, _mm512_set1_ps(limit)), value))
    }
    #[inline(always)]
    fn round(self, a: __m512) -> __m512 {
        simd!(_mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a))
    }
    #[inline(always)]
    fn scale_by_power_of_two(self, a: __m512, n: __m512) -> __m512 {
        simd!({
            let exponent = _mm512_slli_epi32::<23>(_mm512_cvtps_epi32(n));
            _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a), exponent))
        })
    }
    #[inline(always)]
    fn flip_sign(self, a: __m512, sign: __m512) -> __m512 {
        simd!(_mm512_xor_ps(a, sign))
    }
    #[inline(always)]
    fn unpack(self, a: __m512, to: &mut Line) {
        // A line is aligned and as long as the vector.
        simd!(_mm512_store_ps(to.0.as_mut_ptr(), a))
    }
    #[inline(always)]
    fn pack(self, from: &Line) -> __m512 {
        simd!(_mm512_load_ps(from.0.as_ptr()))
    }
    #[inline(always)]
    fn splat_wide(self, x: f64) -> [__m512d; 2] {
        [simd!(_mm512_set1_pd(x)); 2]
    }
    #[inline(always)]
    fn load_wide(self, x: &[f64]) -> [__m512d; 2] {
        let x: &[f64; 16] = x.try_into().expect("sixteen lanes");
        simd!([_mm512_loadu_pd(x.as_ptr()), _mm512_loadu_pd(x.as_ptr().add(8))])
    }
    #[inline(always)]
    fn mul_wide(self, a: [__m512d; 2], b: f64) -> [__m512d; 2] {
        simd!({
            let b = _mm512_set1_pd(b);
            [_mm512_mul_pd(a[0], b), _mm512_mul_pd(a[1], b)]
        })
    }
    #[inline(always)]
    fn fma_wide(self, a: [__m512d; 2], b: f64, c: [__m512d; 2]) -> [__m512d; 2] {
        simd!({
            let b = _mm512_set1_pd(b);
            [_mm512_fmadd_pd(a[0], b, c[0]), _mm512_fmadd_pd(a[1], b, c[1])]
        })
    }
    #[inline(always)]
    fn squares(self, a: [__m512d; 2], b: [__m512d; 2]) -> __m512 {
        simd!({
            let lo = _mm512_fmadd_pd(a[0], a[0], _mm512_mul_pd(b[0], b[0]));
            let hi = _mm512_fmadd_pd(a[1], a[1], _mm512_mul_pd(b[1], b[1]));
            join(_mm512_cvtpd_ps(lo), _mm512_cvtpd_ps(hi))
        })
    }
    #[inline(always)]
    fn reduce(self, a: [__m512d; 2]) -> (__m512, __m512) {
        simd!({
            let magic = _mm512_set1_pd(super::ROUND_MAGIC);
            let (t0, t1) = (_mm512_add_pd(a[0], magic), _mm512_add_pd(a[1], magic));
            let r0 = _mm512_cvtpd_ps(_mm512_sub_pd(a[0], _mm512_sub_pd(t0, magic)));
            let r1 = _mm512_cvtpd_ps(_mm512_sub_pd(a[1], _mm512_sub_pd(t1, magic)));
            // The lowest bit of the shifted number is the parity of the nearest integer.
            let low0 = _mm512_cvtepi64_epi32(_mm512_castpd_si512(t0));
            let low1 = _mm512_cvtepi64_epi32(_mm512_castpd_si512(t1));
            let low = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low0), low1);
            (join(r0, r1), _mm512_castsi512_ps(_mm512_slli_epi32::<31>(low)))
        })
    }
    #[inline(always)]
    fn cell(self, a: [__m512d; 2]) -> (__m512, __m512) {
        simd!({
            let magic = _mm512_set1_pd(super::ROUND_MAGIC);
            let (t0, t1) = (_mm512_add_pd(a[0], magic), _mm512_add_pd(a[1], magic));
            let r0 = _mm512_cvtpd_ps(_mm512_sub_pd(a[0], _mm512_sub_pd(t0, magic)));
            let r1 = _mm512_cvtpd_ps(_mm512_sub_pd(a[1], _mm512_sub_pd(t1, magic)));
            // The lower half of the shifted number is the nearest integer.
            let low0 = _mm512_cvtepi64_epi32(_mm512_castpd_si512(t0));
            let low1 = _mm512_cvtepi64_epi32(_mm512_castpd_si512(t1));
            let low = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low0), low1);
            (join(r0, r1), _mm512_castsi512_ps(low))
        })
    }
    #[inline(always)]
    fn fraction(self, a: [__m512d; 2]) -> [__m512d; 2] {
        simd!({
            let magic = _mm512_set1_pd(super::ROUND_MAGIC);
            let (t0, t1) = (_mm512_add_pd(a[0], magic), _mm512_add_pd(a[1], magic));
            [_mm512_sub_pd(a[0], _mm512_sub_pd(t0, magic)), _mm512_sub_pd(a[1], _mm512_sub_pd(t1, magic))]
        })
    }
    #[inline(always)]
    fn load_cells(self, x: &[f32]) -> __m256 {
        let x: &[f32; 8] = x.try_into().expect("eight cells");
        simd!(_mm256_loadu_ps(x.as_ptr()))
    }
    #[inline(always)]
    fn store_cells(self, a: __m256, to: &mut [f32]) {
        let to: &mut [f32; 8] = to.try_into().expect("eight cells");
        simd!(_mm256_storeu_ps(to.as_mut_ptr(), a))
    }
    #[inline(always)]
    fn load_two(self, x: &[f32]) -> __m512 {
        let x: &[f32; 16] = x.try_into().expect("sixteen cells");
        simd!(_mm512_loadu_ps(x.as_ptr()))
    }
    #[inline(always)]
    fn store_two(self, a: __m512, to: &mut [f32]) {
        let to: &mut [f32; 16] = to.try_into().expect("sixteen cells");
        simd!(_mm512_storeu_ps(to.as_mut_ptr(), a))
    }
    #[inline(always)]
    fn two(self, first: f32, last: f32) -> __m512 {
        simd!(_mm512_mask_blend_ps(0xff00, _mm512_set1_ps(first), _mm512_set1_ps(last)))
    }
    #[inline(always)]
    fn fma_two(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        simd!(_mm512_fmadd_ps(a, b, c))
    }
    #[inline(always)]
    fn turn(self, a: __m512, cos: f32, sin: f32, c: [__m256; 2]) -> [__m256; 2] {
        simd!({
            let swapped = _mm512_shuffle_f32x4::<0b01_00_11_10>(a, a);
            let sum = _mm512_fmadd_ps(a, _mm512_set1_ps(cos), join(c[0], c[1]));
            // One operation for the sign, where a vector of two numbers takes two.
            let sin = _mm512_xor_ps(_mm512_set1_ps(sin), self.two(-0.0, 0.0));
            let sum = _mm512_fmadd_ps(swapped, sin, sum);
            [_mm512_castps512_ps256(sum), _mm512_extractf32x8_ps::<1>(sum)]
        })
    }
    #[inline(always)]
    fn columns(self, rows: &[f32], stride: usize) -> [__m512; 8] {
        let mut lower = simd!([_mm256_setzero_ps(); 8]);
        let mut upper = lower;
        for r in 0..8 {
            lower[r] = self.load_cells(&rows[r * stride..r * stride + 8]);
            upper[r] = self.load_cells(&rows[(r + 8) * stride..(r + 8) * stride + 8]);
        }
        let (lower, upper) = simd!((transpose(lower), transpose(upper)));
        let mut all = [self.splat(0.0); 8];
        for i in 0..8 {
            all[i] = simd!(join(lower[i], upper[i]));
        }
        all
    }
    #[inline(always)]
    fn store_rows(self, v: &[__m512; 8], at: usize, rows: &mut Desk) {
        let [first, last] = self.quarters(v);
        for quarter in 0..4 {
            for j in 0..4 {
                let to = &mut rows[4 * quarter + j][at / 8].0[2 * at % 16..];
                simd!({
                    let places = _mm512_set_epi64(0, 0, 0, 0, 9, 8, 1, 0);
                    let places = _mm512_add_epi64(places, _mm512_set1_epi64(2 * quarter as i64));
                    let (first, last) = (_mm512_castps_pd(first[j]), _mm512_castps_pd(last[j]));
                    let values = _mm512_permutex2var_pd(first, places, last);
                    self.store_cells(_mm512_castps512_ps256(_mm512_castpd_ps(values)), &mut to[..8]);
                });
            }
        }
    }
    #[inline(always)]
    fn write_twice(self, row: &[Line; 2], to: &mut [Complex32; 32]) {
        for (cells, line) in to.chunks_exact_mut(16).zip(row) {
            simd!({
                let values = _mm512_castps_pd(_mm512_load_ps(line.0.as_ptr()));
                let first = _mm512_permutexvar_pd(_mm512_set_epi64(3, 3, 2, 2, 1, 1, 0, 0), values);
                let last = _mm512_permutexvar_pd(_mm512_set_epi64(7, 7, 6, 6, 5, 5, 4, 4), values);
                // Sixteen `Complex32` are twice 64 bytes; the stores are unaligned.
                _mm512_storeu_pd(cells.as_mut_ptr().cast(), first);
                _mm512_storeu_pd(cells.as_mut_ptr().add(8).cast(), last);
            });
        }
    }
}

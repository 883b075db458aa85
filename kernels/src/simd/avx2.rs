//! AVX2 and FMA: 8 rows a vector.

use super::{Desk, Kernel, Line, Simd};
use num_complex::Complex32;
use std::arch::x86_64::*;

/// Proof that the processor has AVX2 and FMA.
#[derive(Clone, Copy, Debug)]
pub struct Avx2(());

impl Avx2 {
    /// The proof, if the processor has the instructions.
    pub fn new() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }

    /// Runs a kernel compiled for these instructions.
    pub fn run<K: Kernel>(self, kernel: K) {
        #[target_feature(enable = "avx2,fma")]
        fn inner<K: Kernel>(token: Avx2, kernel: K) {
            kernel.run::<Avx2, 3, 2>(token);
        }
        // SAFETY: `self` exists only where `new` found AVX2 and FMA.
        unsafe { inner(self, kernel) }
    }
}

/// Evaluates intrinsics under the proof that `self` is.
macro_rules! simd {
    ($e:expr) => {{
        // SAFETY: an `Avx2` exists only where AVX2 and FMA were detected, and no pointer leaves its reference.
        unsafe { $e }
    }};
}

/// Turns 8 vectors of 8 rows into 8 rows of 8 values.
///
/// # Safety
/// The processor must have AVX.
#[inline(always)]
pub(super) unsafe fn transpose(v: [__m256; 8]) -> [__m256; 8] {
    // SAFETY: the caller promises AVX.
    unsafe {
        let (a, e) = (_mm256_unpacklo_ps(v[0], v[1]), _mm256_unpackhi_ps(v[0], v[1]));
        let (b, f) = (_mm256_unpacklo_ps(v[2], v[3]), _mm256_unpackhi_ps(v[2], v[3]));
        let (c, g) = (_mm256_unpacklo_ps(v[4], v[5]), _mm256_unpackhi_ps(v[4], v[5]));
        let (d, h) = (_mm256_unpacklo_ps(v[6], v[7]), _mm256_unpackhi_ps(v[6], v[7]));
        let (p0, p1) = (_mm256_shuffle_ps::<0x44>(a, b), _mm256_shuffle_ps::<0xee>(a, b));
        let (p2, p3) = (_mm256_shuffle_ps::<0x44>(e, f), _mm256_shuffle_ps::<0xee>(e, f));
        let (q0, q1) = (_mm256_shuffle_ps::<0x44>(c, d), _mm256_shuffle_ps::<0xee>(c, d));
        let (q2, q3) = (_mm256_shuffle_ps::<0x44>(g, h), _mm256_shuffle_ps::<0xee>(g, h));
        [
            _mm256_permute2f128_ps::<0x20>(p0, q0),
            _mm256_permute2f128_ps::<0x20>(p1, q1),
            _mm256_permute2f128_ps::<0x20>(p2, q2),
            _mm256_permute2f128_ps::<0x20>(p3, q3),
            _mm256_permute2f128_ps::<0x31>(p0, q0),
            _mm256_permute2f128_ps::<0x31>(p1, q1),
            _mm256_permute2f128_ps::<0x31>(p2, q2),
            _mm256_permute2f128_ps::<0x31>(p3, q3),
        ]
    }
}

/// What [`two_of_eight`](super::two_of_eight) is made of.
impl Avx2 {
    /// The same number in every cell.
    #[inline(always)]
    fn splat_cells(self, x: f32) -> __m256 {
        simd!(_mm256_set1_ps(x))
    }
    /// `a · b + c`
    #[inline(always)]
    fn fma_cells(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        simd!(_mm256_fmadd_ps(a, b, c))
    }
    /// `c − a · b`
    #[inline(always)]
    fn fnma_cells(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        simd!(_mm256_fnmadd_ps(a, b, c))
    }
}

impl Simd for Avx2 {
    const LANES: usize = 8;
    type F = __m256;
    type D = [__m256d; 2];
    type C = __m256;
    super::two_of_eight!();

    #[inline(always)]
    fn vectors(self, lines: &mut [Line]) -> &mut [[__m256; 2]] {
        // SAFETY: a `Line` is 16 initialised floats aligned to 64 bytes, as are two `__m256`.
        unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len()) }
    }
    #[inline(always)]
    fn splat(self, x: f32) -> __m256 {
        simd!(_mm256_set1_ps(x))
    }
    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        simd!(_mm256_add_ps(a, b))
    }
    #[inline(always)]
    fn sub(self, a: __m256, b: __m256) -> __m256 {
        simd!(_mm256_sub_ps(a, b))
    }
    #[inline(always)]
    fn mul(self, a: __m256, b: __m256) -> __m256 {
        simd!(_mm256_mul_ps(a, b))
    }
    #[inline(always)]
    fn fma(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        simd!(_mm256_fmadd_ps(a, b, c))
    }
    #[inline(always)]
    fn fnma(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        simd!(_mm256_fnmadd_ps(a, b, c))
    }
    #[inline(always)]
    fn max(self, a: __m256, b: __m256) -> __m256 {
        simd!(_mm256_max_ps(a, b))
    }
    #[inline(always)]
    fn any_above(self, a: __m256, limit: f32) -> bool {
        simd!(_mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(a, _mm256_set1_ps(limit))) != 0)
    }
    #[inline(always)]
    fn zero_where_below(self, x: __m256, limit: f32, value: __m256) -> __m256 {
        simd!(_mm256_and_ps(_mm256_cmp_ps::<_CMP_GE_OQ>(x, _mm256_set1_ps(limit)), value))
    }
    #[inline(always)]
    fn round(self, a: __m256) -> __m256 {
        simd!(_mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a))
    }
    #[inline(always)]
    fn scale_by_power_of_two(self, a: __m256, n: __m256) -> __m256 {
        simd!({
            let exponent = _mm256_slli_epi32::<23>(_mm256_cvtps_epi32(n));
            _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), exponent))
        })
    }
    #[inline(always)]
    fn flip_sign(self, a: __m256, sign: __m256) -> __m256 {
        simd!(_mm256_xor_ps(a, sign))
    }
    #[inline(always)]
    fn unpack(self, a: __m256, to: &mut Line) {
        // A line is aligned and longer than the vector.
        simd!(_mm256_store_ps(to.0.as_mut_ptr(), a))
    }
    #[inline(always)]
    fn pack(self, from: &Line) -> __m256 {
        simd!(_mm256_load_ps(from.0.as_ptr()))
    }
    #[inline(always)]
    fn splat_wide(self, x: f64) -> [__m256d; 2] {
        [simd!(_mm256_set1_pd(x)); 2]
    }
    #[inline(always)]
    fn load_wide(self, x: &[f64]) -> [__m256d; 2] {
        let x: &[f64; 8] = x.try_into().expect("eight lanes");
        simd!([_mm256_loadu_pd(x.as_ptr()), _mm256_loadu_pd(x.as_ptr().add(4))])
    }
    #[inline(always)]
    fn mul_wide(self, a: [__m256d; 2], b: f64) -> [__m256d; 2] {
        simd!({
            let b = _mm256_set1_pd(b);
            [_mm256_mul_pd(a[0], b), _mm256_mul_pd(a[1], b)]
        })
    }
    #[inline(always)]
    fn fma_wide(self, a: [__m256d; 2], b: f64, c: [__m256d; 2]) -> [__m256d; 2] {
        simd!({
            let b = _mm256_set1_pd(b);
            [_mm256_fmadd_pd(a[0], b, c[0]), _mm256_fmadd_pd(a[1], b, c[1])]
        })
    }
    #[inline(always)]
    fn squares(self, a: [__m256d; 2], b: [__m256d; 2]) -> __m256 {
        simd!({
            let lo = _mm256_fmadd_pd(a[0], a[0], _mm256_mul_pd(b[0], b[0]));
            let hi = _mm256_fmadd_pd(a[1], a[1], _mm256_mul_pd(b[1], b[1]));
            _mm256_set_m128(_mm256_cvtpd_ps(hi), _mm256_cvtpd_ps(lo))
        })
    }
    #[inline(always)]
    fn reduce(self, a: [__m256d; 2]) -> (__m256, __m256) {
        simd!({
            let magic = _mm256_set1_pd(super::ROUND_MAGIC);
            let (t0, t1) = (_mm256_add_pd(a[0], magic), _mm256_add_pd(a[1], magic));
            let r0 = _mm256_cvtpd_ps(_mm256_sub_pd(a[0], _mm256_sub_pd(t0, magic)));
            let r1 = _mm256_cvtpd_ps(_mm256_sub_pd(a[1], _mm256_sub_pd(t1, magic)));
            // The lowest bit of the shifted number is the parity of the nearest integer.
            let low = _mm256_shuffle_ps::<0x88>(_mm256_castpd_ps(t0), _mm256_castpd_ps(t1));
            let low = _mm256_permute4x64_epi64::<0xd8>(_mm256_castps_si256(low));
            (_mm256_set_m128(r1, r0), _mm256_castsi256_ps(_mm256_slli_epi32::<31>(low)))
        })
    }
    #[inline(always)]
    fn cell(self, a: [__m256d; 2]) -> (__m256, __m256) {
        simd!({
            let magic = _mm256_set1_pd(super::ROUND_MAGIC);
            let (t0, t1) = (_mm256_add_pd(a[0], magic), _mm256_add_pd(a[1], magic));
            let r0 = _mm256_cvtpd_ps(_mm256_sub_pd(a[0], _mm256_sub_pd(t0, magic)));
            let r1 = _mm256_cvtpd_ps(_mm256_sub_pd(a[1], _mm256_sub_pd(t1, magic)));
            // The lower half of the shifted number is the nearest integer.
            let low = _mm256_shuffle_ps::<0x88>(_mm256_castpd_ps(t0), _mm256_castpd_ps(t1));
            let low = _mm256_permute4x64_pd::<0xd8>(_mm256_castps_pd(low));
            (_mm256_set_m128(r1, r0), _mm256_castpd_ps(low))
        })
    }
    #[inline(always)]
    fn fraction(self, a: [__m256d; 2]) -> [__m256d; 2] {
        simd!({
            let magic = _mm256_set1_pd(super::ROUND_MAGIC);
            let (t0, t1) = (_mm256_add_pd(a[0], magic), _mm256_add_pd(a[1], magic));
            [_mm256_sub_pd(a[0], _mm256_sub_pd(t0, magic)), _mm256_sub_pd(a[1], _mm256_sub_pd(t1, magic))]
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
    fn columns(self, rows: &[f32], stride: usize) -> [__m256; 8] {
        let mut v = [self.splat(0.0); 8];
        for (r, v) in v.iter_mut().enumerate() {
            *v = self.load_cells(&rows[r * stride..r * stride + 8]);
        }
        simd!(transpose(v))
    }
    #[inline(always)]
    fn store_rows(self, v: &[__m256; 8], at: usize, rows: &mut Desk) {
        let t = simd!(transpose(*v));
        for (row, values) in rows.iter_mut().zip(t) {
            self.store_cells(values, &mut row[at / 8].0[2 * at % 16..][..8]);
        }
    }
    #[inline(always)]
    fn write_twice(self, row: &[Line; 2], to: &mut [Complex32; 32]) {
        for (cells, line) in to.chunks_exact_mut(16).zip(row) {
            for (cells, values) in cells.chunks_exact_mut(8).zip(line.0.chunks_exact(8)) {
                let cells: &mut [Complex32; 8] = cells.try_into().expect("eight values");
                simd!({
                    let values = _mm256_castps_pd(self.load_cells(values));
                    let first = _mm256_permute4x64_pd::<0x50>(values);
                    let last = _mm256_permute4x64_pd::<0xfa>(values);
                    // Eight `Complex32` are twice 32 bytes; the stores are unaligned.
                    _mm256_storeu_pd(cells.as_mut_ptr().cast(), first);
                    _mm256_storeu_pd(cells.as_mut_ptr().add(4).cast(), last);
                });
            }
        }
    }
}

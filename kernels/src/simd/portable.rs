//! Plain Rust: 4 rows a vector, arrays that compilers turn into whatever the processor has.

use super::{Desk, Kernel, Line, Simd};
use num_complex::Complex32;

/// No instructions needed.
#[derive(Clone, Copy, Debug)]
pub struct Portable;

impl Portable {
    /// Runs a kernel compiled for the baseline of the target.
    pub fn run<K: Kernel>(self, kernel: K) {
        kernel.run::<Portable, 3, 2>(self);
    }
}

/// Four rows.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(16))]
pub struct F32x4([f32; 4]);

/// Four rows in double precision.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(32))]
pub struct F64x4([f64; 4]);

/// Eight cells.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(32))]
pub struct F32x8([f32; 8]);

impl F32x4 {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }
}

impl F64x4 {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        Self(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }
}

/// `a·b + c`, fused only where the target does so in one instruction: elsewhere `mul_add` is a library call.
#[inline(always)]
fn fused(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(any(target_arch = "aarch64", target_feature = "fma")) { a.mul_add(b, c) } else { a * b + c }
}

/// What [`two_of_eight`](super::two_of_eight) is made of.
impl Portable {
    /// The same number in every cell.
    #[inline(always)]
    fn splat_cells(self, x: f32) -> F32x8 {
        F32x8([x; 8])
    }
    /// `a · b + c`
    #[inline(always)]
    fn fma_cells(self, a: F32x8, b: F32x8, c: F32x8) -> F32x8 {
        F32x8(std::array::from_fn(|i| fused(a.0[i], b.0[i], c.0[i])))
    }
    /// `c − a · b`
    #[inline(always)]
    fn fnma_cells(self, a: F32x8, b: F32x8, c: F32x8) -> F32x8 {
        F32x8(std::array::from_fn(|i| fused(-a.0[i], b.0[i], c.0[i])))
    }
}

impl Simd for Portable {
    const LANES: usize = 4;
    type F = F32x4;
    type D = F64x4;
    type C = F32x8;
    super::two_of_eight!();

    #[inline(always)]
    fn vectors(self, lines: &mut [Line]) -> &mut [[F32x4; 2]] {
        // SAFETY: a `Line` is 16 initialised floats aligned to 64 bytes, as are two pairs of `F32x4`.
        unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * 2) }
    }
    #[inline(always)]
    fn splat(self, x: f32) -> F32x4 {
        F32x4([x; 4])
    }
    #[inline(always)]
    fn add(self, a: F32x4, b: F32x4) -> F32x4 {
        a.zip(b, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, a: F32x4, b: F32x4) -> F32x4 {
        a.zip(b, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, a: F32x4, b: F32x4) -> F32x4 {
        a.zip(b, |a, b| a * b)
    }
    #[inline(always)]
    fn fma(self, a: F32x4, b: F32x4, c: F32x4) -> F32x4 {
        F32x4(std::array::from_fn(|i| fused(a.0[i], b.0[i], c.0[i])))
    }
    #[inline(always)]
    fn fnma(self, a: F32x4, b: F32x4, c: F32x4) -> F32x4 {
        F32x4(std::array::from_fn(|i| fused(-a.0[i], b.0[i], c.0[i])))
    }
    #[inline(always)]
    fn max(self, a: F32x4, b: F32x4) -> F32x4 {
        a.zip(b, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    fn any_above(self, a: F32x4, limit: f32) -> bool {
        a.0.iter().any(|&x| x > limit)
    }
    #[inline(always)]
    fn zero_where_below(self, x: F32x4, limit: f32, value: F32x4) -> F32x4 {
        x.zip(value, |x, value| if x >= limit { value } else { 0.0 })
    }
    #[inline(always)]
    fn round(self, a: F32x4) -> F32x4 {
        // Adding 1.5·2²³ leaves no bits for a fraction.
        const MAGIC: f32 = 12_582_912.0;
        F32x4(a.0.map(|x| (x + MAGIC) - MAGIC))
    }
    #[inline(always)]
    fn scale_by_power_of_two(self, a: F32x4, n: F32x4) -> F32x4 {
        a.zip(n, |a, n| f32::from_bits(a.to_bits().wrapping_add((n as i32 as u32) << 23)))
    }
    #[inline(always)]
    fn flip_sign(self, a: F32x4, sign: F32x4) -> F32x4 {
        a.zip(sign, |a, sign| f32::from_bits(a.to_bits() ^ sign.to_bits()))
    }
    #[inline(always)]
    fn unpack(self, a: F32x4, to: &mut Line) {
        to.0[..4].copy_from_slice(&a.0);
    }
    #[inline(always)]
    fn pack(self, from: &Line) -> F32x4 {
        let [a, b, c, d, ..] = from.0;
        F32x4([a, b, c, d])
    }
    #[inline(always)]
    fn splat_wide(self, x: f64) -> F64x4 {
        F64x4([x; 4])
    }
    #[inline(always)]
    fn load_wide(self, x: &[f64]) -> F64x4 {
        F64x4(x.try_into().expect("four lanes"))
    }
    #[inline(always)]
    fn mul_wide(self, a: F64x4, b: f64) -> F64x4 {
        F64x4(a.0.map(|a| a * b))
    }
    #[inline(always)]
    fn fma_wide(self, a: F64x4, b: f64, c: F64x4) -> F64x4 {
        a.zip(c, |a, c| a * b + c)
    }
    #[inline(always)]
    fn squares(self, a: F64x4, b: F64x4) -> F32x4 {
        F32x4(a.zip(b, |a, b| a * a + b * b).0.map(|x| x as f32))
    }
    #[inline(always)]
    fn reduce(self, a: F64x4) -> (F32x4, F32x4) {
        let shifted = a.0.map(|x| x + super::ROUND_MAGIC);
        let rest = F64x4(shifted).zip(a, |t, x| x - (t - super::ROUND_MAGIC)).0.map(|x| x as f32);
        // The lowest bit of the shifted number is the parity of the nearest integer.
        (F32x4(rest), F32x4(shifted.map(|t| f32::from_bits((t.to_bits() as u32) << 31))))
    }
    #[inline(always)]
    fn cell(self, a: F64x4) -> (F32x4, F32x4) {
        let shifted = a.0.map(|x| x + super::ROUND_MAGIC);
        let rest = F64x4(shifted).zip(a, |t, x| x - (t - super::ROUND_MAGIC)).0.map(|x| x as f32);
        // The lower half of the shifted number is the nearest integer.
        (F32x4(rest), F32x4(shifted.map(|t| f32::from_bits(t.to_bits() as u32))))
    }
    #[inline(always)]
    fn fraction(self, a: F64x4) -> F64x4 {
        F64x4(a.0.map(|x| x - ((x + super::ROUND_MAGIC) - super::ROUND_MAGIC)))
    }
    #[inline(always)]
    fn load_cells(self, x: &[f32]) -> F32x8 {
        F32x8(x.try_into().expect("eight cells"))
    }
    #[inline(always)]
    fn store_cells(self, a: F32x8, to: &mut [f32]) {
        to.copy_from_slice(&a.0);
    }
    #[inline(always)]
    fn columns(self, rows: &[f32], stride: usize) -> [F32x4; 8] {
        std::array::from_fn(|i| F32x4(std::array::from_fn(|r| rows[r * stride + i])))
    }
    #[inline(always)]
    fn store_rows(self, v: &[F32x4; 8], at: usize, rows: &mut Desk) {
        for (lane, row) in rows.iter_mut().enumerate().take(4) {
            let to = &mut row[at / 8].0[2 * at % 16..][..8];
            to.iter_mut().zip(v).for_each(|(to, v)| *to = v.0[lane]);
        }
    }
    #[inline(always)]
    fn write_twice(self, row: &[Line; 2], to: &mut [Complex32; 32]) {
        let values = row.iter().flat_map(|line| line.0.chunks_exact(2));
        for (cells, value) in to.chunks_exact_mut(2).zip(values) {
            cells.fill(Complex32::new(value[0], value[1]));
        }
    }
}

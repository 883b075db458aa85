//! Instruction sets behind one vector trait.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
mod neon;
mod portable;

use crate::KernelError;
use num_complex::Complex32;
use std::fmt;
use std::str::FromStr;

/// `x + ROUND_MAGIC − ROUND_MAGIC` is the integer nearest to x, for |x| < 2⁵¹; the lowest bit of the sum is its parity.
const ROUND_MAGIC: f64 = 6_755_399_441_055_744.0;

/// A cache line: the unit of the working memory, so that vectors are aligned.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Line(pub [f32; 16]);

/// Complex values that a row is written at a time.
pub const STRETCH: usize = 16;

/// Such a stretch of up to 16 rows.
pub type Desk = [[Line; 2]; 16];

/// Code generic over the instruction set.
pub trait Kernel {
    /// Runs with `P` points and `G` Gaussians at a time: as many as the registers hold.
    fn run<S: Simd, const P: usize, const G: usize>(self, simd: S);
}

/// A set of vector instructions; a value is the proof that the processor has them.
///
/// Vectors hold one value for each of `LANES` rows, in single (`F`) or double precision (`D`).
pub trait Simd: Copy {
    /// Rows a vector.
    const LANES: usize;
    /// Single precision.
    type F: Copy;
    /// Double precision.
    type D: Copy;
    /// Eight neighbouring cells of one row, single precision.
    type C: Copy;
    /// Twice as many: neighbours, or real and imaginary parts.
    type K: Copy;

    /// Working memory as pairs of vectors (real and imaginary part).
    fn vectors(self, lines: &mut [Line]) -> &mut [[Self::F; 2]];
    /// The same number in every lane.
    fn splat(self, x: f32) -> Self::F;
    /// `a + b`
    fn add(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a − b`
    fn sub(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a · b`
    fn mul(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a · b + c`
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// `c − a · b`
    fn fnma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// The greater.
    fn max(self, a: Self::F, b: Self::F) -> Self::F;
    /// Whether any lane exceeds the limit.
    fn any_above(self, a: Self::F, limit: f32) -> bool;
    /// `value` where `x ≥ limit`, 0 elsewhere.
    fn zero_where_below(self, x: Self::F, limit: f32, value: Self::F) -> Self::F;
    /// The nearest integer, for |a| < 2²².
    fn round(self, a: Self::F) -> Self::F;
    /// `a · 2ⁿ` for whole n that leave the result normal.
    fn scale_by_power_of_two(self, a: Self::F, n: Self::F) -> Self::F;
    /// `a` with the sign flipped where the sign bit of `sign` is set.
    fn flip_sign(self, a: Self::F, sign: Self::F) -> Self::F;
    /// One value of each lane, in the first `LANES` places.
    fn unpack(self, a: Self::F, to: &mut Line);
    /// What [`unpack`](Simd::unpack) wrote.
    fn pack(self, from: &Line) -> Self::F;
    /// The same number in every lane.
    fn splat_wide(self, x: f64) -> Self::D;
    /// One number for each lane; `x` holds exactly `LANES`.
    fn load_wide(self, x: &[f64]) -> Self::D;
    /// `a · b`
    fn mul_wide(self, a: Self::D, b: f64) -> Self::D;
    /// `a · b + c`
    fn fma_wide(self, a: Self::D, b: f64, c: Self::D) -> Self::D;
    /// `a² + b²`, rounded to single precision.
    fn squares(self, a: Self::D, b: Self::D) -> Self::F;
    /// `a` minus the nearest integer, and a sign bit where that integer is odd; for |a| < 2⁵¹.
    fn reduce(self, a: Self::D) -> (Self::F, Self::F);
    /// `a` minus the nearest integer, and that integer as the bits of an `i32`; for |a| < 2³¹.
    fn cell(self, a: Self::D) -> (Self::F, Self::F);
    /// `a` minus the nearest integer; for |a| < 2⁵¹.
    fn fraction(self, a: Self::D) -> Self::D;
    /// Eight cells; `x` holds exactly 8.
    fn load_cells(self, x: &[f32]) -> Self::C;
    /// Writes eight cells; `to` holds exactly 8.
    fn store_cells(self, a: Self::C, to: &mut [f32]);
    /// Sixteen cells; `x` holds exactly 16.
    fn load_two(self, x: &[f32]) -> Self::K;
    /// Writes sixteen cells; `to` holds exactly 16.
    fn store_two(self, a: Self::K, to: &mut [f32]);
    /// The same number in the first eight cells, and another one in the last.
    fn two(self, first: f32, last: f32) -> Self::K;
    /// `a · b + c`
    fn fma_two(self, a: Self::K, b: Self::K, c: Self::K) -> Self::K;
    /// `a exp(iφ) + c` for real and imaginary parts of eight cells each.
    fn turn(self, a: Self::K, cos: f32, sin: f32, c: [Self::C; 2]) -> [Self::C; 2];
    /// Eight cells of every row, turned into one vector for each cell; row r starts at `r · stride`.
    fn columns(self, rows: &[f32], stride: usize) -> [Self::F; 8];
    /// Writes 4 complex values (real, imaginary, real, …) of every lane as those from `at` on of its row.
    fn store_rows(self, v: &[Self::F; 8], at: usize, rows: &mut Desk);
    /// Writes the values of a row, each of them twice.
    fn write_twice(self, row: &[Line; 2], to: &mut [Complex32; 2 * STRETCH]);
}

/// [`Simd::K`] as two of [`Simd::C`], where no vector is longer.
macro_rules! two_of_eight {
    () => {
        type K = [Self::C; 2];

        #[inline(always)]
        fn load_two(self, x: &[f32]) -> Self::K {
            [self.load_cells(&x[..8]), self.load_cells(&x[8..])]
        }
        #[inline(always)]
        fn store_two(self, a: Self::K, to: &mut [f32]) {
            self.store_cells(a[0], &mut to[..8]);
            self.store_cells(a[1], &mut to[8..]);
        }
        #[inline(always)]
        fn two(self, first: f32, last: f32) -> Self::K {
            [self.splat_cells(first), self.splat_cells(last)]
        }
        #[inline(always)]
        fn fma_two(self, a: Self::K, b: Self::K, c: Self::K) -> Self::K {
            [self.fma_cells(a[0], b[0], c[0]), self.fma_cells(a[1], b[1], c[1])]
        }
        #[inline(always)]
        fn turn(self, [re, im]: Self::K, cos: f32, sin: f32, c: [Self::C; 2]) -> [Self::C; 2] {
            let (cos, sin) = (self.splat_cells(cos), self.splat_cells(sin));
            [
                self.fnma_cells(im, sin, self.fma_cells(re, cos, c[0])),
                self.fma_cells(im, cos, self.fma_cells(re, sin, c[1])),
            ]
        }
    };
}
use two_of_eight;

/// A [`SimdLevel`] that was found on this processor.
#[derive(Clone, Copy, Debug)]
pub enum Token {
    /// Always.
    Portable(portable::Portable),
    /// 64-bit ARM.
    #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
    Neon(neon::Neon),
    /// x86-64.
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    /// x86-64.
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Avx512),
}

impl Token {
    /// The token of a level.
    pub fn new(level: SimdLevel) -> Result<Self, KernelError> {
        let token = match level {
            SimdLevel::Portable => Some(Self::Portable(portable::Portable)),
            #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
            SimdLevel::Neon => Some(Self::Neon(neon::Neon)),
            #[cfg(not(all(target_arch = "aarch64", target_feature = "neon")))]
            SimdLevel::Neon => None,
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Avx2 => avx2::Avx2::new().map(Self::Avx2),
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Avx512 => avx512::Avx512::new().map(Self::Avx512),
            #[cfg(not(target_arch = "x86_64"))]
            SimdLevel::Avx2 | SimdLevel::Avx512 => None,
        };
        token.ok_or(KernelError::Unavailable { level })
    }

    /// Runs a kernel with the instructions of the level.
    pub fn run<K: Kernel>(self, kernel: K) {
        match self {
            Self::Portable(token) => token.run(kernel),
            #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
            Self::Neon(token) => token.run(kernel),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(token) => token.run(kernel),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(token) => token.run(kernel),
        }
    }

    /// The widths of the kernel: rows a vector, points at a time, Gaussians at a time.
    pub fn widths(self) -> Widths {
        struct Measure<'a>(&'a mut Widths);
        impl Kernel for Measure<'_> {
            fn run<S: Simd, const P: usize, const G: usize>(self, _: S) {
                *self.0 = Widths { lanes: S::LANES, points: P, gaussians: G };
            }
        }
        let mut widths = Widths { lanes: 0, points: 0, gaussians: 0 };
        self.run(Measure(&mut widths));
        widths
    }
}

/// How much a kernel does at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Widths {
    /// Rows a vector.
    pub lanes: usize,
    /// Point sources at a time.
    pub points: usize,
    /// Gaussians at a time.
    pub gaussians: usize,
}

/// The instructions a plan is made for. Ordered: a later level is faster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SimdLevel {
    /// Plain Rust that runs everywhere.
    Portable,
    /// 64-bit ARM with NEON.
    Neon,
    /// x86-64 with AVX2 and FMA.
    Avx2,
    /// x86-64 with AVX-512 F and DQ.
    Avx512,
}

impl SimdLevel {
    /// Every level, slowest first.
    pub const ALL: [Self; 4] = [Self::Portable, Self::Neon, Self::Avx2, Self::Avx512];

    /// The fastest level this processor has.
    #[must_use]
    pub fn detect() -> Self {
        Self::ALL.into_iter().rev().find(|level| level.is_available()).unwrap_or(Self::Portable)
    }

    /// The levels this processor has, slowest first.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|level| level.is_available())
    }

    /// Whether this processor has the instructions.
    #[must_use]
    pub fn is_available(self) -> bool {
        Token::new(self).is_ok()
    }
}

impl fmt::Display for SimdLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Portable => "portable",
            Self::Neon => "neon",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        })
    }
}

impl FromStr for SimdLevel {
    type Err = KernelError;

    fn from_str(name: &str) -> Result<Self, KernelError> {
        let lower = name.trim().to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|level| level.to_string() == lower)
            .ok_or_else(|| KernelError::UnknownLevel { name: name.to_owned() })
    }
}

//! Fourier transforms of short series, one for each lane.

use crate::simd::Simd;

/// A transform `X[j] = Σ x[i] exp(+2πi·ij/n)` for n = 2ᵃ3ᵇ5ᶜ: Stockham's self-sorting form, decimated in frequency
/// (Van Loan, Computational Frameworks for the FFT, §1.7).
#[derive(Clone, Debug)]
pub struct Fft {
    len: usize,
    stages: Vec<Stage>,
}

#[derive(Clone, Debug)]
struct Stage {
    radix: usize,
    /// Neighbours that share twiddles.
    stride: usize,
    /// `radix − 1` factors for each butterfly.
    twiddles: Vec<[f32; 2]>,
}

/// The least 2ᵃ3ᵇ5ᶜ that is not less than `n`.
pub fn smooth(n: usize) -> usize {
    (n.max(1)..).find(|&n| factors(n).is_some()).unwrap_or(n)
}

fn factors(mut n: usize) -> Option<Vec<usize>> {
    let mut found = Vec::new();
    for radix in [5, 4, 3, 2] {
        while n.is_multiple_of(radix) {
            found.push(radix);
            n /= radix;
        }
    }
    (n == 1).then_some(found)
}

impl Fft {
    /// Plans a transform of `len` = 2ᵃ3ᵇ5ᶜ values.
    pub fn new(len: usize) -> Self {
        let (mut rest, mut stride) = (len, 1);
        let mut stages = Vec::new();
        for radix in factors(len).unwrap_or_default() {
            let angle = |p: usize, j: usize| std::f64::consts::TAU * ((p * j) % rest) as f64 / rest as f64;
            let twiddles = (0..rest / radix)
                .flat_map(|p| (1..radix).map(move |j| (p, j)))
                .map(|(p, j)| [angle(p, j).cos() as f32, angle(p, j).sin() as f32])
                .collect();
            stages.push(Stage { radix, stride, twiddles });
            rest /= radix;
            stride *= radix;
        }
        Self { len, stages }
    }

    /// How many values.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Transforms `a`, with `b` as working memory of the same length; the result is in `a`.
    #[inline(always)]
    pub fn run<S: Simd>(&self, s: S, a: &mut [[S::F; 2]], b: &mut [[S::F; 2]]) {
        let (mut from, mut to) = (&mut a[..self.len], &mut b[..self.len]);
        for stage in &self.stages {
            match stage.radix {
                2 => sweep::<S, Two, 2>(s, stage, from, to),
                3 => sweep::<S, Three, 3>(s, stage, from, to),
                4 => sweep::<S, Four, 4>(s, stage, from, to),
                _ => sweep::<S, Five, 5>(s, stage, from, to),
            }
            std::mem::swap(&mut from, &mut to);
        }
        if self.stages.len() % 2 == 1 {
            to.copy_from_slice(from);
        }
    }
}

/// A transform of `R` values.
trait Butterfly<const R: usize> {
    fn run<S: Simd>(s: S, x: [[S::F; 2]; R]) -> [[S::F; 2]; R];
}

#[inline(always)]
fn sweep<S: Simd, B: Butterfly<R>, const R: usize>(
    s: S,
    stage: &Stage,
    from: &[[S::F; 2]],
    to: &mut [[S::F; 2]],
) {
    let part = from.len() / R;
    let stride = stage.stride;
    let inputs: [&[[S::F; 2]]; R] = {
        let mut all = [&from[..part]; R];
        for (k, input) in all.iter_mut().enumerate() {
            *input = &from[k * part..][..part];
        }
        all
    };
    let twiddles = stage.twiddles.chunks_exact(R - 1);
    for ((p, out), twiddles) in to.chunks_exact_mut(R * stride).enumerate().zip(twiddles) {
        for q in 0..stride {
            let at = p * stride + q;
            let mut x = [inputs[0][at]; R];
            for k in 1..R {
                x[k] = inputs[k][at];
            }
            let y = B::run(s, x);
            out[q] = y[0];
            for j in 1..R {
                out[j * stride + q] = turn(s, y[j], twiddles[j - 1]);
            }
        }
    }
}

#[inline(always)]
fn turn<S: Simd>(s: S, [re, im]: [S::F; 2], [cos, sin]: [f32; 2]) -> [S::F; 2] {
    let (cos, sin) = (s.splat(cos), s.splat(sin));
    [s.fnma(im, sin, s.mul(re, cos)), s.fma(im, cos, s.mul(re, sin))]
}

#[inline(always)]
fn add<S: Simd>(s: S, a: [S::F; 2], b: [S::F; 2]) -> [S::F; 2] {
    [s.add(a[0], b[0]), s.add(a[1], b[1])]
}

#[inline(always)]
fn sub<S: Simd>(s: S, a: [S::F; 2], b: [S::F; 2]) -> [S::F; 2] {
    [s.sub(a[0], b[0]), s.sub(a[1], b[1])]
}

/// c·b
#[inline(always)]
fn scale<S: Simd>(s: S, c: f32, b: [S::F; 2]) -> [S::F; 2] {
    [s.mul(b[0], s.splat(c)), s.mul(b[1], s.splat(c))]
}

/// a + c·b
#[inline(always)]
fn axpy<S: Simd>(s: S, a: [S::F; 2], c: f32, b: [S::F; 2]) -> [S::F; 2] {
    [s.fma(s.splat(c), b[0], a[0]), s.fma(s.splat(c), b[1], a[1])]
}

/// a + i·b and a − i·b
#[inline(always)]
fn cross<S: Simd>(s: S, a: [S::F; 2], b: [S::F; 2]) -> [[S::F; 2]; 2] {
    [[s.sub(a[0], b[1]), s.add(a[1], b[0])], [s.add(a[0], b[1]), s.sub(a[1], b[0])]]
}

struct Two;
struct Three;
struct Four;
struct Five;

impl Butterfly<2> for Two {
    #[inline(always)]
    fn run<S: Simd>(s: S, x: [[S::F; 2]; 2]) -> [[S::F; 2]; 2] {
        [add(s, x[0], x[1]), sub(s, x[0], x[1])]
    }
}

impl Butterfly<3> for Three {
    #[inline(always)]
    fn run<S: Simd>(s: S, x: [[S::F; 2]; 3]) -> [[S::F; 2]; 3] {
        const SIN: f32 = 0.866_025_4;
        let (sum, difference) = (add(s, x[1], x[2]), sub(s, x[1], x[2]));
        let [a, b] = cross(s, axpy(s, x[0], -0.5, sum), scale(s, SIN, difference));
        [add(s, x[0], sum), a, b]
    }
}

impl Butterfly<4> for Four {
    #[inline(always)]
    fn run<S: Simd>(s: S, x: [[S::F; 2]; 4]) -> [[S::F; 2]; 4] {
        let (a, b) = (add(s, x[0], x[2]), sub(s, x[0], x[2]));
        let (c, d) = (add(s, x[1], x[3]), sub(s, x[1], x[3]));
        let [e, f] = cross(s, b, d);
        [add(s, a, c), e, sub(s, a, c), f]
    }
}

impl Butterfly<5> for Five {
    #[inline(always)]
    fn run<S: Simd>(s: S, x: [[S::F; 2]; 5]) -> [[S::F; 2]; 5] {
        const COS: [f32; 2] = [0.309_017, -0.809_017];
        const SIN: [f32; 2] = [0.951_056_5, 0.587_785_24];
        let (a, b) = (add(s, x[1], x[4]), sub(s, x[1], x[4]));
        let (c, d) = (add(s, x[2], x[3]), sub(s, x[2], x[3]));
        let middle =
            [axpy(s, axpy(s, x[0], COS[0], a), COS[1], c), axpy(s, axpy(s, x[0], COS[1], a), COS[0], c)];
        let side = [axpy(s, scale(s, SIN[0], b), SIN[1], d), axpy(s, scale(s, SIN[1], b), -SIN[0], d)];
        let ([p, t], [q, r]) = (cross(s, middle[0], side[0]), cross(s, middle[1], side[1]));
        [add(s, x[0], add(s, a, c)), p, q, r, t]
    }
}

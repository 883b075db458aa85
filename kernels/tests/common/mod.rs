//! Problems and an independent sum: real arithmetic, baselines in wavelengths, nothing of the crate's reference.
#![allow(dead_code)] // every test file uses a part

use kernels::{Complex32, Complex64, Direct, Mix, Plane, Shape, SimdLevel, Source};

pub const POINT: f64 = 0.0;
pub const MIXED: f64 = 0.4;
pub const GAUSSIAN: f64 = 1.0;

/// An array: longest baseline [m], radius of the field [rad], typical size of a Gaussian [rad].
#[derive(Clone, Copy)]
pub struct Array {
    pub reach: f64,
    pub radius: f64,
    pub size: f64,
}

pub fn dsa() -> Array {
    Array { reach: 2600.0, radius: 0.026, size: 5e-5 }
}

pub fn lofar() -> Array {
    Array { reach: 50_000.0, radius: 0.03, size: 2e-5 }
}

pub fn long() -> Array {
    Array { reach: 1e6, radius: 0.01, size: 1e-7 }
}

pub fn uniform(first: f64, step: f64, count: usize) -> Vec<f64> {
    (0..count).map(|i| first + step * i as f64).collect()
}

/// SplitMix64, in [0, 1).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn symmetric(&mut self) -> f64 {
        2.0 * self.next() - 1.0
    }
}

/// A problem with one plane of Stokes I.
pub struct Case {
    pub uvw: Vec<[f64; 3]>,
    pub channels: Vec<f64>,
    pub sources: Vec<Source>,
    pub spectra: Vec<f32>,
}

impl Case {
    pub fn new(array: Array, channels: Vec<f64>, sources: usize, gaussians: f64, rows: usize) -> Self {
        let mut random = Random(channels.len() as u64 + 1000 * sources as u64 + rows as u64);
        let uvw = (0..rows)
            .map(|_| {
                let length = array.reach * random.next();
                [length * random.symmetric(), length * random.symmetric(), 0.4 * length * random.symmetric()]
            })
            .collect();
        let list: Vec<Source> = (0..sources).map(|_| source(&mut random, array, gaussians)).collect();
        let mut spectra = Vec::new();
        for _ in 0..sources {
            let flux = 0.01 * random.next().max(1e-3).powf(-0.8);
            let index = -0.7 + 0.4 * random.symmetric();
            spectra.extend(channels.iter().map(|f| (flux * (f / 1.4e9).powf(index)) as f32));
        }
        Self { uvw, channels, sources: list, spectra }
    }

    pub fn plan(&self, level: SimdLevel, mix: &Mix) -> Direct {
        let plane = Plane { stokes: 0, sources: &self.sources, spectra: &self.spectra };
        Direct::new(level, &self.channels, &[plane], mix).unwrap()
    }

    pub fn predict(&self, level: SimdLevel) -> Vec<Complex32> {
        let [one, zero] = [Complex32::ONE, Complex32::ZERO];
        let mix = Mix::new(vec![[one, zero, zero, zero]]).unwrap();
        run(&self.plan(level, &mix), &self.uvw)
    }

    /// The sum in double precision, (row, channel).
    pub fn truth(&self) -> Vec<Complex64> {
        let mut all = Vec::new();
        for row in &self.uvw {
            for (k, frequency) in self.channels.iter().enumerate() {
                let b = row.map(|x| x * frequency / 299_792_458.0);
                let (mut re, mut im) = (0.0, 0.0);
                for (s, source) in self.sources.iter().enumerate() {
                    let [l, m, n] = source.lmn;
                    let turns = (b[0] * l + b[1] * m + b[2] * n).fract();
                    let (sin, cos) = (2.0 * std::f64::consts::PI * turns).sin_cos();
                    let mut flux = f64::from(self.spectra[s * self.channels.len() + k]);
                    if let Shape::Gaussian { p, q } = source.shape {
                        let along = |x: [f64; 3]| (0..3).map(|i| b[i] * x[i]).sum::<f64>();
                        flux /= (along(p).powi(2) + along(q).powi(2)).exp();
                    }
                    re += flux * cos;
                    im += flux * sin;
                }
                all.push(Complex64::new(re, im));
            }
        }
        all
    }
}

fn source(random: &mut Random, array: Array, gaussians: f64) -> Source {
    let [l, m] = [array.radius * random.symmetric(), array.radius * random.symmetric()];
    let n = (1.0 - l * l - m * m).sqrt() - 1.0;
    if random.next() >= gaussians {
        return Source { lmn: [l, m, n], shape: Shape::Point };
    }
    let (sin, cos) = (7.0 * random.next()).sin_cos();
    // One in ten is so large that only the shortest baselines see it.
    let size = array.size * (0.5 + random.next()) * if random.next() < 0.1 { 300.0 } else { 1.0 };
    let shape = Shape::Gaussian {
        p: [1.9 * size * sin, 1.9 * size * cos, 0.0],
        q: [0.9 * size * cos, -0.9 * size * sin, 0.0],
    };
    Source { lmn: [l, m, n], shape }
}

/// Predicts all rows into a buffer that was full of rubbish.
pub fn run(plan: &Direct, uvw: &[[f64; 3]]) -> Vec<Complex32> {
    let width = plan.channels() * plan.correlations();
    let mut out = vec![Complex32::new(f32::NAN, 7.0); uvw.len() * width];
    let mut rows: Vec<&mut [Complex32]> = out.chunks_mut(width).collect();
    plan.predict(uvw, &mut rows, &mut plan.scratch()).unwrap();
    out
}

pub fn widen(x: &Complex32) -> Complex64 {
    Complex64::new(x.re.into(), x.im.into())
}

/// The rms error over the rms value.
pub fn relative_error(found: &[Complex32], truth: &[Complex64], copies: usize) -> f64 {
    assert_eq!(found.len(), truth.len() * copies);
    let power: f64 = truth.iter().map(Complex64::norm_sqr).sum();
    let error: f64 = found.iter().enumerate().map(|(i, x)| (widen(x) - truth[i / copies]).norm_sqr()).sum();
    (error / copies as f64 / power).sqrt()
}

/// XX XY YX YY of four cases with the sources of I, Q, U and V, at the baselines of the first.
pub fn correlations(cases: &[Case]) -> Vec<Complex64> {
    let truth: Vec<Vec<Complex64>> = cases
        .iter()
        .map(|c| {
            let (channels, sources, spectra) = (c.channels.clone(), c.sources.clone(), c.spectra.clone());
            Case { uvw: cases[0].uvw.clone(), channels, sources, spectra }.truth()
        })
        .collect();
    let mut all = Vec::new();
    for (((i, q), u), v) in truth[0].iter().zip(&truth[1]).zip(&truth[2]).zip(&truth[3]) {
        let j = Complex64::I * v;
        all.extend([i + q, u + j, u - j, i - q]);
    }
    all
}

/// The rms and the greatest error over the rms value.
pub fn errors(found: &[Complex32], truth: &[Complex64]) -> (f64, f64) {
    assert_eq!(found.len(), truth.len());
    let rms = |sum: f64| (sum / truth.len() as f64).sqrt();
    let scale = rms(truth.iter().map(Complex64::norm_sqr).sum());
    let error = found.iter().zip(truth).map(|(x, t)| (widen(x) - t).norm_sqr());
    (rms(error.clone().sum()) / scale, error.fold(0.0, f64::max).sqrt() / scale)
}

/// Stokes I in so many correlations.
pub fn stokes_i(correlations: usize) -> Mix {
    let [one, zero] = [Complex32::ONE, Complex32::ZERO];
    Mix::new(vec![[one, zero, zero, zero]; correlations]).unwrap()
}

//! Skies of 10⁴ to 1.77·10⁶ points over a whole DSA-110 observation, computing alone:
//! `cargo bench -p nvss-predict-kernels --bench nufft3d`.
//!
//! Errors are against the double-precision sum in some channels of some rows.

#[path = "../tests/common/mod.rs"]
mod common;

use common::{Random, uniform, widen};
use kernels::{
    Complex32, Mix, Nufft3d, NufftOptions, Plane, SPEED_OF_LIGHT, Shape, SimdLevel, Source, reference,
};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const TIMES: usize = 24;
const ANTENNAS: usize = 96;
const CHANNELS: usize = 768;
/// Rows of a task.
const TASK: usize = 1024;
/// Rows and channels whose errors are measured, at 10⁴ sources.
const SAMPLES: usize = 4000;

/// 80 antennas within 400 m and 16 as far as 1.3 km out, flat but for some metres, over five minutes at a declination of 54°.
fn baselines() -> Vec<[f64; 3]> {
    let mut random = Random(7);
    let (latitude, declination) = (37.23_f64.to_radians(), 54.5_f64.to_radians());
    let antennas: Vec<[f64; 3]> = (0..ANTENNAS)
        .map(|i| {
            let reach = if i < 80 { 200.0 } else { 1300.0 };
            let [east, north, up] =
                [reach * random.symmetric(), reach * random.symmetric(), 4.0 * random.symmetric()];
            let (sin, cos) = latitude.sin_cos();
            [-sin * north + cos * up, east, cos * north + sin * up]
        })
        .collect();
    let mut uvw = Vec::new();
    for time in 0..TIMES {
        let (sh, ch) = ((time as f64 - 11.5) * 12.885 * 7.292e-5).sin_cos();
        let (sd, cd) = declination.sin_cos();
        let turned = |[x, y, z]: [f64; 3]| {
            [sh * x + ch * y, -sd * ch * x + sd * sh * y + cd * z, cd * ch * x - cd * sh * y + sd * z]
        };
        for i in 0..ANTENNAS {
            for j in i..ANTENNAS {
                let (a, b) = (turned(antennas[i]), turned(antennas[j]));
                uvw.push([b[0] - a[0], b[1] - a[1], b[2] - a[2]]);
            }
        }
    }
    uvw
}

/// Points in a disc, with flux densities [Jy] at the given frequencies [Hz], and their indices.
fn sky(count: usize, degrees: f64, samples: &[f64]) -> (Vec<Source>, Vec<f32>, Vec<[f64; 2]>) {
    let mut random = Random(42);
    let edge = degrees.to_radians().sin();
    let (mut sources, mut spectra, mut laws) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..count {
        let (radius, (sin, cos)) = (edge * random.next().sqrt(), (7.0 * random.next()).sin_cos());
        let n = (1.0 - radius * radius).sqrt() - 1.0;
        sources.push(Source { lmn: [radius * cos, radius * sin, n], shape: Shape::Point });
        let law = [0.01 * random.next().max(1e-3).powf(-0.8), -0.7 + 0.4 * random.symmetric()];
        spectra.extend(samples.iter().map(|f| flux(law, *f) as f32));
        laws.push(law);
    }
    (sources, spectra, laws)
}

fn flux([at, index]: [f64; 2], frequency: f64) -> f64 {
    at * (frequency / 1.4e9).powf(index)
}

/// Seconds the process has had of all cores.
fn busy() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = |i: usize| text.split(' ').nth(i).and_then(|x| x.parse().ok()).unwrap_or(0.0);
    (ticks(13) + ticks(14)) / 100.0
}

/// Runs `work`: its value, the seconds it took, and the seconds of all cores.
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64, f64) {
    let (start, before) = (Instant::now(), busy());
    let value = work();
    (value, start.elapsed().as_secs_f64(), busy() - before)
}

fn rows(threads: usize, plan: &Nufft3d, uvw: &[[f64; 3]]) {
    let tasks: Vec<&[[f64; 3]]> = uvw.chunks(TASK).collect();
    let next = AtomicUsize::new(0);
    let width = plan.channels() * plan.correlations();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut scratch = plan.scratch();
                let mut out = vec![Complex32::ZERO; TASK * width];
                while let Some(uvw) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut rows: Vec<&mut [Complex32]> = out.chunks_mut(width).take(uvw.len()).collect();
                    plan.predict(uvw, &mut rows, &mut scratch).expect("good input");
                }
            });
        }
    });
}

/// The rms error over the rms value, and over that of baselines beyond 400 m.
fn error(
    plan: &Nufft3d,
    uvw: &[[f64; 3]],
    channels: &[f64],
    sources: &[Source],
    laws: &[[f64; 2]],
) -> [f64; 2] {
    let mut random = Random(99);
    let mut sums = [[0.0; 2]; 2];
    let count = (SAMPLES * 10_000 / sources.len()).clamp(12, SAMPLES);
    let width = plan.correlations();
    let mut scratch = plan.scratch();
    let mut out = vec![Complex32::ZERO; channels.len() * width];
    for _ in 0..count {
        let row = uvw[(random.next() * uvw.len() as f64) as usize];
        let length = row[0].hypot(row[1]);
        if length < 1.0 {
            continue;
        }
        plan.predict(&[row], &mut [&mut out], &mut scratch).expect("good input");
        let k = (random.next() * channels.len() as f64) as usize;
        let all = sources.iter().zip(laws).map(|(source, &law)| (source, flux(law, channels[k])));
        let truth = reference::visibility(row, channels[k], all);
        for (far, sum) in sums.iter_mut().enumerate() {
            if far == 0 || length > 400.0 {
                *sum = [sum[0] + (widen(&out[k * width]) - truth).norm_sqr(), sum[1] + truth.norm_sqr()];
            }
        }
    }
    sums.map(|[error, power]| (error / power).sqrt())
}

fn main() {
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    let uvw = baselines();
    let channels = uniform(1.31e9, 244_140.625, CHANNELS);
    let one = [Complex32::ONE, Complex32::ZERO, Complex32::ZERO, Complex32::ZERO];
    let mix = Mix::new(vec![one; 2]).expect("a mix");
    let samples = Nufft3d::samples(&channels, 8);
    let longest = uvw.iter().map(|b| b[0].hypot(b[1])).fold(0.0, f64::max);
    println!(
        "{} rows x {CHANNELS} channels x 2 correlations on {threads} threads, baselines to {longest:.0} m, {:.0} wavelengths",
        uvw.len(),
        longest * 1.5e9 / SPEED_OF_LIGHT
    );
    let few = std::env::args().any(|x| x == "--few");
    for (count, degrees, epsilon, bar) in [
        (10_000, 1.5, 1e-6, 1.3),
        (1_770_000, 1.5, 1e-6, 1.6),
        (1_770_000, 1.5, 1e-4, 1.0),
        (1_770_000, 5.0, 1e-4, 6.0),
    ] {
        if few && count > 10_000 {
            break;
        }
        let (sources, spectra, laws) = sky(count, degrees, &samples);
        let plane = Plane { stokes: 0, sources: &sources, spectra: &spectra };
        let options = NufftOptions::new(epsilon, 12 << 30).threads(threads);
        let make = || {
            Nufft3d::with_samples(SimdLevel::detect(), &channels, &samples, &[plane], &mix, &uvw, &options)
                .expect("good input")
        };
        let (plan, setup, setup_busy) = timed(make);
        let ((), found, found_busy) = timed(|| rows(threads, &plan, &uvw));
        let nodes = uvw.iter().map(|&row| plan.nodes(row)).sum::<usize>() as f64;
        let [all, far] = error(&plan, &uvw, &channels, &sources, &laws);
        println!(
            "{count:8} within {degrees} deg to {epsilon:.0e}: grids {setup:.2} s (cores {setup_busy:.2}) + rows {found:.2} s (cores \
             {found_busy:.2}) = {:.2} s of {bar}; {:.1} M nodes, {} facets, {} MB, error {all:.1e}, beyond 400 m {far:.1e}",
            setup + found,
            nodes / 1e6,
            plan.facets(),
            plan.bytes() >> 20,
        );
    }
}

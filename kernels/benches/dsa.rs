//! The whole of a DSA-110 observation, computing alone, on all cores: `cargo bench -p nvss-predict-kernels --bench dsa`.

#[path = "../tests/common/mod.rs"]
mod common;

use common::{Case, GAUSSIAN, POINT, dsa, uniform};
use kernels::{Complex32, DelayFft, DelayOptions, Direct, Mix, Plane, SimdLevel};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Times, antennas, and baselines with the autocorrelations.
const TIMES: usize = 24;
const ANTENNAS: usize = 96;
const ROWS: usize = TIMES * ANTENNAS * (ANTENNAS + 1) / 2;
const CHANNELS: usize = 768;
/// Rows of a task.
const TASK: usize = 96;

/// A T of 80 antennas within 400 m and 16 as far as 1.3 km out, in the order of a MeasurementSet.
fn baselines() -> Vec<[f64; 3]> {
    let mut random = common::Random(7);
    let antennas: Vec<[f64; 3]> = (0..ANTENNAS)
        .map(|i| {
            let reach = if i < 80 { 200.0 } else { 1300.0 };
            [reach * random.symmetric(), reach * random.symmetric(), 0.3 * reach * random.symmetric()]
        })
        .collect();
    let mut uvw = Vec::with_capacity(ROWS);
    for time in 0..TIMES {
        let (sin, cos) = (time as f64 * 1e-3).sin_cos();
        let turned = |a: [f64; 3]| [a[0] * cos - a[1] * sin, a[0] * sin + a[1] * cos, a[2]];
        for i in 0..ANTENNAS {
            for j in i..ANTENNAS {
                let (a, b) = (turned(antennas[i]), turned(antennas[j]));
                uvw.push([b[0] - a[0], b[1] - a[1], b[2] - a[2]]);
            }
        }
    }
    uvw
}

/// Seconds for `share` of all rows on all cores, as seconds for all rows: the best of three.
fn seconds(
    threads: usize,
    uvw: &[[f64; 3]],
    share: usize,
    predict: impl Fn() -> Box<dyn FnMut(&[[f64; 3]], &mut [&mut [Complex32]])> + Sync,
) -> f64 {
    let tasks: Vec<&[[f64; 3]]> = uvw.chunks(TASK).step_by(share).collect();
    let once = || {
        let next = AtomicUsize::new(0);
        let start = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let mut predict = predict();
                    let mut out = vec![Complex32::ZERO; TASK * CHANNELS * 2];
                    while let Some(uvw) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let mut rows: Vec<&mut [Complex32]> =
                            out.chunks_mut(CHANNELS * 2).take(uvw.len()).collect();
                        predict(uvw, &mut rows);
                    }
                });
            }
        });
        start.elapsed().as_secs_f64() * uvw.len().div_ceil(TASK) as f64 / tasks.len() as f64
    };
    (0..3).map(|_| once()).fold(f64::INFINITY, f64::min)
}

fn main() {
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    let uvw = baselines();
    let one = [Complex32::ONE, Complex32::ZERO, Complex32::ZERO, Complex32::ZERO];
    let mix = Mix::new(vec![one; 2]).expect("a mix");
    println!("{ROWS} rows x {CHANNELS} channels x 2 correlations on {threads} threads: seconds");
    for level in SimdLevel::available().collect::<Vec<_>>().into_iter().rev() {
        for (name, shape) in [("points", POINT), ("gaussians", GAUSSIAN)] {
            for sources in [10, 100, 1000, 10_000] {
                let case = Case::new(dsa(), uniform(1.31e9, 244_140.625, CHANNELS), sources, shape, 0);
                let plane = Plane { stokes: 0, sources: &case.sources, spectra: &case.spectra };
                print!("{level:8} {sources:6} {name:9}");
                for epsilon in [1e-6, 1e-5, 1e-4, 1e-3] {
                    let start = Instant::now();
                    let options = DelayOptions::new(epsilon);
                    let plan =
                        DelayFft::new(level, &case.channels, &[plane], &mix, &options).expect("good input");
                    let setup = start.elapsed().as_secs_f64();
                    let found = seconds(threads, &uvw, (sources / 200).clamp(1, 20), || {
                        let (plan, mut scratch) = (plan.clone(), plan.scratch());
                        Box::new(move |uvw, rows| plan.predict(uvw, rows, &mut scratch).expect("good input"))
                    });
                    print!("  {epsilon:.0e}: {found:.3} (plan {setup:.3})");
                }
                let plan = Direct::new(level, &case.channels, &[plane], &mix).expect("good input");
                let found = seconds(threads, &uvw, (sources / 5).clamp(1, 400), || {
                    let (plan, mut scratch) = (plan.clone(), plan.scratch());
                    Box::new(move |uvw, rows| plan.predict(uvw, rows, &mut scratch).expect("good input"))
                });
                println!("  direct: {found:.3}");
            }
        }
    }
}

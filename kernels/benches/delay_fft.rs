//! Source-visibilities per second of the sum by delays: `cargo bench -p nvss-predict-kernels --bench delay_fft`.

#[path = "../tests/common/mod.rs"]
mod common;

use common::{Case, GAUSSIAN, POINT, dsa, lofar, uniform};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use kernels::{Complex32, DelayFft, DelayOptions, Mix, Plane, SimdLevel};
use std::time::Duration;

/// Rows of a call: the baselines a program would hand over at a time.
const ROWS: usize = 96;

fn delay_fft(c: &mut Criterion) {
    let mut group = c.benchmark_group("delay_fft");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800));
    for level in SimdLevel::available() {
        for epsilon in [1e-6, 1e-4] {
            for (name, kind) in [("point", POINT), ("gaussian", GAUSSIAN)] {
                for (channels, sources) in [(768, 10), (768, 100), (768, 1000), (48, 100)] {
                    let case = Case::new(dsa(), uniform(1.31e9, 244_140.625, channels), sources, kind, ROWS);
                    let id = format!("{level}/{name}/{epsilon:.0e}/{sources}");
                    bench(&mut group, BenchmarkId::new(id, channels), level, epsilon, &case);
                }
            }
            let case = Case::new(lofar(), uniform(1.2e8, 195_312.5, 48), 100, POINT, ROWS);
            let id = format!("{level}/lofar/{epsilon:.0e}/100");
            bench(&mut group, BenchmarkId::new(id, 48), level, epsilon, &case);
        }
    }
    group.finish();
}

fn bench(
    group: &mut criterion::BenchmarkGroup<criterion::measurement::WallTime>,
    id: BenchmarkId,
    level: SimdLevel,
    epsilon: f64,
    case: &Case,
) {
    let i = [Complex32::ONE, Complex32::ZERO, Complex32::ZERO, Complex32::ZERO];
    let mix = Mix::new(vec![i; 2]).expect("a mix");
    let plane = Plane { stokes: 0, sources: &case.sources, spectra: &case.spectra };
    let plan = DelayFft::new(level, &case.channels, &[plane], &mix, &DelayOptions::new(epsilon))
        .expect("good input");
    let mut scratch = plan.scratch();
    let width = plan.channels() * plan.correlations();
    let mut out = vec![Complex32::ZERO; ROWS * width];
    let mut rows: Vec<&mut [Complex32]> = out.chunks_mut(width).collect();
    group.throughput(Throughput::Elements((ROWS * case.channels.len() * case.sources.len()) as u64));
    group.bench_function(id, |b| {
        b.iter(|| plan.predict(&case.uvw, &mut rows, &mut scratch).expect("good input"))
    });
}

criterion_group!(benches, delay_fft);
criterion_main!(benches);

//! Source-visibilities per second of the direct sum: `cargo bench -p nvss-predict-kernels`.

#[path = "../tests/common/mod.rs"]
mod common;

use common::{Case, GAUSSIAN, POINT, dsa, lofar, uniform};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use kernels::{Complex32, Mix, SimdLevel};
use std::time::Duration;

/// Rows of a call: the baselines a program would hand over at a time.
const ROWS: usize = 96;

fn direct(c: &mut Criterion) {
    let mut group = c.benchmark_group("direct");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800));
    for level in SimdLevel::available() {
        for (name, kind) in [("point", POINT), ("gaussian", GAUSSIAN)] {
            for (channels, sources) in [(768, 10), (768, 100), (768, 1000), (48, 100), (1, 100)] {
                let case = Case::new(dsa(), uniform(1.31e9, 244_140.625, channels), sources, kind, ROWS);
                bench(
                    &mut group,
                    BenchmarkId::new(format!("{level}/{name}/{sources}"), channels),
                    level,
                    &case,
                );
            }
        }
        let case = Case::new(lofar(), uniform(1.2e8, 195_312.5, 48), 100, POINT, ROWS);
        bench(&mut group, BenchmarkId::new(format!("{level}/lofar/100"), 48), level, &case);
    }
    group.finish();
}

fn bench(
    group: &mut criterion::BenchmarkGroup<criterion::measurement::WallTime>,
    id: BenchmarkId,
    level: SimdLevel,
    case: &Case,
) {
    let i = [Complex32::ONE, Complex32::ZERO, Complex32::ZERO, Complex32::ZERO];
    let mix = Mix::new(vec![i; 2]).expect("a mix");
    let plan = case.plan(level, &mix);
    let mut scratch = plan.scratch();
    let width = plan.channels() * plan.correlations();
    let mut out = vec![Complex32::ZERO; ROWS * width];
    let mut rows: Vec<&mut [Complex32]> = out.chunks_mut(width).collect();
    group.throughput(Throughput::Elements((ROWS * case.channels.len() * case.sources.len()) as u64));
    group.bench_function(id, |b| {
        b.iter(|| plan.predict(&case.uvw, &mut rows, &mut scratch).expect("good input"))
    });
}

criterion_group!(benches, direct);
criterion_main!(benches);

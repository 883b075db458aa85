//! Source-visibilities per second and core of the direct sum, and the share of the processor's peak that they are:
//! `cargo bench -p nvss-predict-kernels --bench direct`.

#[path = "../tests/common/mod.rs"]
mod common;

use common::{Case, GAUSSIAN, POINT, dsa, lofar, uniform};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group};
use kernels::{Complex32, Mix, SimdLevel, multiply_adds};
use std::hint::black_box;
use std::time::{Duration, Instant};

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
    let mix = intensity();
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

/// Floating-point operations of a point source at a channel: two multiply-adds into the sum, two multiply-adds and two
/// additions to the next channel (the start of each 64 channels is not counted).
const OPERATIONS: f64 = 10.0;

/// Rounds of [`multiply_adds`] that take about a millisecond.
const ROUNDS: u32 = 500_000;

/// Elements are floating-point operations: Gelem/s are GFLOP/s.
fn fma_peak(c: &mut Criterion) {
    let mut group = c.benchmark_group("fma_peak");
    group.sample_size(20).measurement_time(Duration::from_millis(800));
    for level in vector_levels() {
        let (operations, _) = multiply_adds(level, ROUNDS).expect("an available level");
        group.throughput(Throughput::Elements(operations));
        group.bench_function(level.to_string(), |b| b.iter(|| multiply_adds(level, black_box(ROUNDS))));
    }
    group.finish();
}

/// The levels whose peak is the processor's and not the compiler's.
fn vector_levels() -> impl Iterator<Item = SimdLevel> {
    SimdLevel::available().filter(|level| *level != SimdLevel::Portable)
}

/// Seconds of a call, the best of several: what else runs on the machine only adds to them.
fn best(mut call: impl FnMut()) -> f64 {
    let once = |_| {
        let start = Instant::now();
        call();
        start.elapsed().as_secs_f64()
    };
    (0..31).map(once).fold(f64::INFINITY, f64::min)
}

/// Sets the direct sum of points against the peak of multiply-adds, measured side by side.
fn share_of_peak() {
    println!(
        "\ndirect sum of points at 768 channels, one core, {OPERATIONS} operations a source-visibility:"
    );
    for level in vector_levels() {
        let mut operations = 0;
        let seconds = best(|| {
            operations = black_box(multiply_adds(level, black_box(ROUNDS)).expect("an available level")).0;
        });
        let peak = operations as f64 / seconds;
        for sources in [10, 100, 1000] {
            let case = Case::new(dsa(), uniform(1.31e9, 244_140.625, 768), sources, POINT, ROWS);
            let mix = intensity();
            let plan = case.plan(level, &mix);
            let mut scratch = plan.scratch();
            let width = plan.channels() * plan.correlations();
            let mut out = vec![Complex32::ZERO; ROWS * width];
            let mut rows: Vec<&mut [Complex32]> = out.chunks_mut(width).collect();
            let seconds = best(|| plan.predict(&case.uvw, &mut rows, &mut scratch).expect("good input"));
            let rate = (ROWS * 768 * sources) as f64 / seconds;
            println!(
                "{level:8} {sources:5} sources: {rate:.2e} source-visibilities/s = {:6.1} GFLOP/s, {:4.1} % of the \
                 measured peak of {:.1} GFLOP/s",
                rate * OPERATIONS / 1e9,
                100.0 * rate * OPERATIONS / peak,
                peak / 1e9
            );
        }
    }
}

/// Two correlations of an unpolarised sky.
fn intensity() -> Mix {
    let i = [Complex32::ONE, Complex32::ZERO, Complex32::ZERO, Complex32::ZERO];
    Mix::new(vec![i; 2]).expect("a mix")
}

criterion_group!(benches, fma_peak, direct);

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
    share_of_peak();
}

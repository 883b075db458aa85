//! The small half of bar 6: 20 antennas × 3 times × 64 channels in at most 0.1 s, start and check included.
//!
//! (The full size needs 12 GB of disk and a quiet machine: `benches/bars/full_size.py`.)

mod common;

use common::sky::{Random, Source};
use common::{Scratch, predict, say};
use nvss_predict::ms::make::{MsSpec, make};
use std::time::Duration;

#[test]
fn a_small_ms_takes_a_tenth_of_a_second() {
    let scratch = Scratch::new();
    let ms = scratch.path("small.ms");
    make(&ms, &MsSpec::dsa110(20, 3, 1, 64)).expect("a MeasurementSet");
    let mut random = Random(110);
    let source =
        |_| Source::point(random.within(342.0, 345.0), random.within(15.0, 17.0), random.within(0.01, 1.0));
    let (csv, _) = scratch.sky("sky", &(0..100).map(source).collect::<Vec<_>>());
    // A neighbour's burst of work should not fail us: the best of a few rounds counts.
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let mut walls: Vec<Duration> = (0..11).map(|_| predict(&ms, &csv, &["-q"]).exits(0).wall).collect();
        walls.sort();
        best = best.min(walls[walls.len() / 2].as_secs_f64());
        if best <= 0.1 {
            break;
        }
    }
    say(&format!("small MS, 100 sources: median {:.0} ms of 11 runs", best * 1e3));
    if best > 0.1 && load_per_core() > 1.5 {
        say("SKIPPED: the bar of 100 ms: this machine is busy with something else");
        return;
    }
    assert!(best <= 0.1, "{best} s");
}

/// Processes that want a core, for each core, over the last minute.
fn load_per_core() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: f64 = text.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0.0);
    load / std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64)
}

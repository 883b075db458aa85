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
    let mut walls: Vec<Duration> = (0..11).map(|_| predict(&ms, &csv, &["-q"]).exits(0).wall).collect();
    walls.sort();
    let median = walls[walls.len() / 2].as_secs_f64();
    say(&format!(
        "small MS, 100 sources: median {:.0} ms of 11 runs (fastest {:.0} ms)",
        median * 1e3,
        walls[0].as_secs_f64() * 1e3
    ));
    assert!(median <= 0.1, "{walls:?}");
}

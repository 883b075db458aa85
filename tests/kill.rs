//! Bar 5: `kill -9` at random moments of runs that create the column and of runs that overwrite it.
//!
//! `NVSS_PREDICT_KILLS` sets how many of each (10 unless given; the bar asks for 50).

mod common;

use common::sky::{Random, Source};
use common::{Scratch, oracle, say};
use nvss_predict::ms::make::{MsSpec, make};
use serde_json::Value;
use std::ffi::OsStr;

/// Many sources within two degrees of the drift, so that a run takes a while.
fn sky(seed: u64, count: usize) -> Vec<Source> {
    let mut random = Random(seed);
    let source = |_| {
        let (ra, dec) = (random.within(341.0, 345.0), random.within(14.2, 17.9));
        Source { terms: vec![-0.7], ..Source::point(ra, dec, random.within(0.01, 1.0)) }
    };
    (0..count).map(source).collect()
}

fn study(overwrite: bool, windows: usize) {
    need!(oracles);
    let kills = std::env::var("NVSS_PREDICT_KILLS").unwrap_or_else(|_| "10".into());
    let scratch = Scratch::new();
    let ms = scratch.path("original.ms");
    make(&ms, &MsSpec::dsa110(20, 24, windows, 768 / windows)).expect("a MeasurementSet");
    let (csv, _) = scratch.sky("new", &sky(1, 1000));
    let (old, _) = scratch.sky("old", &sky(2, 10));
    let binary = assert_cmd::cargo::cargo_bin!("nvss-predict");
    let mut arguments = args![&binary, &ms, &csv, "--kills", &kills].to_vec();
    if overwrite {
        arguments.extend(args!["--overwrite", &old, "--seed", "1"]);
    }
    let output = oracle::<&OsStr>("kill_study.py", arguments);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    say(&format!(
        "{}, {windows} window(s): {}",
        if overwrite { "killed while overwriting" } else { "killed while creating" },
        out.trim()
    ));
    assert!(output.status.success(), "{out}{err}");
    // A study in which no run was caught at work proves nothing.
    let report: Value = serde_json::from_str(&out).expect("JSON");
    let caught = report["tally"]
        .as_object()
        .expect("a tally")
        .iter()
        .filter(|(what, _)| what.starts_with("incomplete"));
    assert!(caught.count() > 0, "no run was killed while it wrote: {report}");
}

#[test]
fn killed_while_creating() {
    study(false, 1);
}

#[test]
fn killed_while_overwriting() {
    study(true, 1);
}

/// Blocks of windows that go together are written to many places of the file.
#[test]
fn killed_while_overwriting_windows_together() {
    study(true, 16);
}

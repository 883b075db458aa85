//! Bar 2: `kill -9` at random moments of runs that create the column, overwrite it, add to it, and resume.
//!
//! `NVSS_PREDICT_KILLS` sets how many of each (10 unless given), `NVSS_PREDICT_KILL_JOBS` how many at a time (1). The bar's
//! thousand, over kinds of runs and storage managers:
//! `NVSS_PREDICT_KILLS=100 NVSS_PREDICT_KILL_JOBS=2 cargo test --release --test kill -- --include-ignored --nocapture --test-threads=1`

mod common;

use common::sky::{Random, Source};
use common::{Scratch, oracle, say};
use nvss_predict::ms::make::{DataColumn, Manager, MsSpec, make};
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

fn study(kind: &str, windows: usize, manager: Option<Manager>) {
    need!(oracles);
    let from = |name: &str, usual: &str| std::env::var(name).unwrap_or_else(|_| usual.into());
    let (kills, jobs) = (from("NVSS_PREDICT_KILLS", "10"), from("NVSS_PREDICT_KILL_JOBS", "1"));
    let scratch = Scratch::new();
    let ms = scratch.path("original.ms");
    let mut spec = MsSpec::dsa110(20, 24, windows, 768 / windows);
    if let Some(manager) = manager {
        // Other managers go casacore's way, which takes longer.
        spec = MsSpec::dsa110(16, 12, 1, 256);
        spec.model = Some(DataColumn {
            manager,
            fixed_shape: manager == Manager::TiledColumn,
            ..DataColumn::default()
        });
    }
    make(&ms, &spec).expect("a MeasurementSet");
    let (csv, _) = scratch.sky("new", &sky(1, 1000));
    let (old, _) = scratch.sky("old", &sky(2, 10));
    let binary = assert_cmd::cargo::cargo_bin!("nvss-predict");
    let mut arguments =
        args![&binary, &ms, &csv, "--kills", &kills, "--kind", kind, "--jobs", &jobs].to_vec();
    if matches!(kind, "overwrite" | "add") {
        arguments.extend(args!["--other", &old, "--seed", "1"]);
    }
    let output = oracle::<&OsStr>("kill_study.py", arguments);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let manager = manager.map_or(String::new(), |m| format!(", {m:?}"));
    say(&format!("killed, {kind}, {windows} window(s){manager}: {}", out.trim()));
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
    study("create", 1, None);
}

#[test]
fn killed_while_overwriting() {
    study("overwrite", 1, None);
}

/// Blocks of windows that go together are written to many places of the file.
#[test]
fn killed_while_overwriting_windows_together() {
    study("overwrite", 16, None);
}

#[test]
fn killed_while_adding() {
    study("add", 1, None);
}

#[test]
fn killed_while_resuming() {
    study("resume", 1, None);
}

macro_rules! managers {
    ($($name:ident: $kind:literal, $manager:ident;)*) => {$(
        #[test]
        #[ignore = "a part of the thousand kills that are run by hand"]
        fn $name() {
            study($kind, 1, Some(Manager::$manager));
        }
    )*};
}

managers! {
    killed_in_a_standard_manager: "overwrite", Standard;
    killed_in_an_incremental_manager: "overwrite", Incremental;
    killed_in_tiled_shapes: "resume", TiledShape;
    killed_in_tiled_columns: "overwrite", TiledColumn;
    killed_in_tiled_cells: "overwrite", TiledCell;
    killed_adding_in_tiled_shapes: "add", TiledShape;
}

//! Bar 2: `kill -9` at random moments of runs that create the column, overwrite it, add to it, and resume.
//!
//! `NVSS_PREDICT_KILLS` sets how many of each (6 unless given), `NVSS_PREDICT_KILL_JOBS` how many at a time (1). The bar's
//! thousand, over kinds of runs and storage managers:
//! `NVSS_PREDICT_KILLS=100 NVSS_PREDICT_KILL_JOBS=2 cargo test --release --test kill -- --include-ignored --nocapture --test-threads=1`

mod common;

use common::sky::{Random, Source};
use common::{Scratch, oracle, predict, say, tamper};
use nvss_predict::ms::make::{DataColumn, Manager, MsSpec, make};
use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;

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
    let (kills, jobs) = (from("NVSS_PREDICT_KILLS", "6"), from("NVSS_PREDICT_KILL_JOBS", "1"));
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

/// A run that ends while its row of HISTORY is written leaves some files of HISTORY as they were and some new: python-casacore
/// reads the rows that were there, whichever they are, and the next run adds its own.
#[test]
fn history_is_mended_in_every_mixture_of_files() {
    need!(oracles);
    let scratch = Scratch::new();
    let ms = scratch.path("original.ms");
    make(&ms, &MsSpec::dsa110(6, 3, 1, 16)).expect("a MeasurementSet");
    let (csv, _) = scratch.sky("one", &[Source::point(343.5, 16.0, 1.0)]);
    let history = ms.join("HISTORY");
    let mut mixed = Vec::new();
    for step in 0..2 {
        predict(&ms, &csv, &[]).exits(0);
        let old = scratch.copy(&history, &format!("old-{step}"));
        predict(&ms, &csv, &[]).exits(0);
        let entries = fs::read_dir(&old).expect("a folder").map(|entry| entry.expect("a file").file_name());
        let same = |name: &OsStr| fs::read(old.join(name)).unwrap() == fs::read(history.join(name)).unwrap();
        let changed: Vec<_> = entries.filter(|name| !same(name)).collect();
        for mixture in 1..1 << changed.len() {
            let copy = scratch.copy(&ms, &format!("mixed-{step}-{mixture}.ms"));
            for (number, name) in changed.iter().enumerate() {
                if mixture >> number & 1 == 1 {
                    fs::copy(old.join(name), copy.join("HISTORY").join(name)).expect("an older file");
                }
            }
            mixed.push((2 * step + 1, copy));
        }
    }
    assert!(mixed.len() >= 6, "HISTORY is of fewer files than a row changes: {mixed:?}");
    let tables: Vec<PathBuf> = mixed.iter().map(|(_, ms)| ms.join("HISTORY")).collect();
    let read = |limit: &str| -> Vec<Vec<String>> {
        let mut arguments = args!["messages", limit].to_vec();
        arguments.extend(tables.iter().map(|table| table.as_os_str()));
        serde_json::from_str(&tamper(&arguments)).expect("JSON")
    };
    let before = read("known");
    for (_, ms) in &mixed {
        let run = predict(ms, &csv, &[]).exits(0);
        assert!(!run.text.contains("HISTORY"), "{}: {}", ms.display(), run.text);
    }
    for (((known, ms), before), after) in mixed.iter().zip(before).zip(read("all")) {
        let what = ms.display();
        assert!(before.len() >= *known, "{what}: {known} rows were there, of which {before:?}");
        assert_eq!(after[..*known], before[..*known], "{what}");
        assert!(after.len() > *known && after.last().unwrap().contains("MODEL_DATA"), "{what}: {after:?}");
    }
    say(&format!("HISTORY mended in {} mixtures of old and new files", mixed.len()));
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

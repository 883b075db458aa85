//! Several MeasurementSets in one command: each as if it were alone, and the catalogue read once.

mod common;

use casacore::Access;
use common::sky::{Random, Source};
use common::{Scratch, predict, run, state, tamper};
use ndarray::Array3;
use num_complex::Complex32;
use nvss_predict::ms::make::{MsSpec, make};
use nvss_predict::predict::{
    Batch, BatchObserver, Observer, Options, PageCache, Radius, Report, Silent, run_many,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const CHANNELS: usize = 16;

/// Drifts that begin an hour apart: each sees another sky.
fn drifts(scratch: &Scratch, count: usize) -> Vec<PathBuf> {
    let drift = |k: usize| {
        let ms = scratch.path(&format!("drift{k}.ms"));
        let spec = MsSpec::dsa110(6, 3, 1, CHANNELS);
        make(&ms, &MsSpec { start: spec.start + 3600.0 * k as f64, ..spec }).expect("a MeasurementSet");
        ms
    };
    (0..count).map(drift).collect()
}

/// Sources all around at the drifts' declination.
fn belt(count: usize) -> Vec<Source> {
    let mut random = Random(11);
    let source = |_| {
        let (ra, dec) = (random.within(0.0, 360.0), random.within(15.0, 17.0));
        Source { terms: vec![-0.7], ..Source::point(ra, dec, random.within(0.1, 2.0)) }
    };
    (0..count).map(source).collect()
}

/// Every visibility of the model.
fn model(ms: &Path) -> Vec<Complex32> {
    let table = nvss_predict::ms::open(ms, Access::ReadOnly).expect("a MeasurementSet");
    let mut data = Array3::zeros((table.row_count() as usize, CHANNELS, 2));
    table.cells_into("MODEL_DATA", 0, data.view_mut().into_dyn()).expect("a model");
    data.into_raw_vec_and_offset().0
}

#[test]
fn each_is_as_if_it_were_alone() {
    let scratch = Scratch::new();
    let (csv, _) = scratch.sky("belt", &belt(3000));
    let all = drifts(&scratch, 3);
    for options in
        [vec!["--radius", "3"], vec!["--radius", "3", "--beam", "airy:4.7"], vec!["--radius", "all"]]
    {
        let alone: Vec<Vec<Complex32>> = all
            .iter()
            .map(|ms| {
                predict(ms, &csv, &options).exits(0);
                model(ms)
            })
            .collect();
        assert!(alone[0] != alone[1], "two skies that are one");
        let wiped = scratch.sky("wiped", &[Source::point(343.5, 16.0, 1.0)]).0;
        run(args![&all[0], &all[1], &all[2], &wiped]).exits(0);
        assert!(model(&all[0]) != alone[0]);
        let mut command: Vec<_> = options.iter().map(std::ffi::OsStr::new).collect();
        command.extend(args![&all[0], &all[1], &all[2], &csv]);
        run(command).exits(0).says(&["3 MeasurementSets: 3 done, 0 failed", "drift1.ms: "]);
        for (ms, alone) in all.iter().zip(&alone) {
            assert!(model(ms) == *alone, "{options:?}: {} differs from its own run", ms.display());
            assert_eq!(state(ms), "complete");
        }
    }
}

#[test]
fn a_bad_one_does_not_stop_the_others() {
    let scratch = Scratch::new();
    let (csv, _) = scratch.sky("belt", &belt(300));
    let all = drifts(&scratch, 3);
    let report = scratch.path("report.json");
    fs::remove_file(all[1].join("table.dat")).expect("a table");
    let missing = scratch.path("missing.ms");
    let list = |all: &[&PathBuf]| {
        let mut command: Vec<&std::ffi::OsStr> = args!["--report", &report].to_vec();
        command.extend(all.iter().map(|path| path.as_os_str()));
        command.push(csv.as_os_str());
        run(command)
    };
    list(&[&all[0], &all[1], &all[2]]).exits(3).says(&["2 done, 1 failed", "drift1.ms", "exit code 3"]);
    for ms in [&all[0], &all[2]] {
        assert_eq!(state(ms), "complete");
    }
    let told: serde_json::Value = serde_json::from_slice(&fs::read(&report).unwrap()).expect("JSON");
    let codes: Vec<u64> = told.as_array().unwrap().iter().map(|e| e["exit_code"].as_u64().unwrap()).collect();
    assert_eq!(codes, [0, 3, 0], "{told}");
    assert!(told[1]["error"].as_str().unwrap().contains("drift1.ms"), "{told}");
    assert_eq!(told[2]["report"]["complete"], true, "{told}");
    // Each keeps the command, but not the names of all the others.
    let kept = told[2]["report"]["arguments"].as_str().expect("a command");
    assert!(kept.ends_with("more MeasurementSets") && !kept.contains("drift1.ms"), "{kept}");
    // Both are bad input: the code they share.
    list(&[&all[0], &missing, &all[1]]).exits(3).says(&["1 done, 2 failed"]);
    // A sky too faint for single precision fails the check of the first; the second cannot be opened.
    let (faint, _) = scratch.sky("faint", &[Source::point(343.5, 16.0, 3e-44)]);
    run(args![&all[0], &all[1], &faint]).exits(8).says(&["0 done, 2 failed", "exit code 6", "exit code 3"]);
    assert_eq!(state(&all[0]), "incomplete");
}

#[test]
fn one_that_is_named_twice_is_refused() {
    let scratch = Scratch::new();
    let (csv, _) = scratch.sky("belt", &belt(10));
    let all = drifts(&scratch, 1);
    let link = scratch.path("link.ms");
    std::os::unix::fs::symlink(&all[0], &link).expect("a link");
    run(args![&all[0], &link, &csv]).exits(3).says(&["the same MeasurementSet", "link.ms"]);
    assert_eq!(state(&all[0]), "no_column");
}

#[test]
fn selections_of_one_are_refused() {
    need!(oracles);
    let scratch = Scratch::new();
    let (csv, _) = scratch.sky("belt", &belt(10));
    let all = drifts(&scratch, 2);
    let [early, late] = ["FIELD_ID < 1", "FIELD_ID >= 1"].map(|taql| {
        let selection = scratch.path(if taql.contains('<') { "early.ms" } else { "late.ms" });
        tamper(&args!["select", &all[0], taql, &selection]);
        selection
    });
    run(args![&all[1], &early, &late, &csv]).exits(3).says(&["parts of one", "early.ms", "late.ms"]);
    assert_eq!(state(&all[0]), "no_column");
    assert_eq!(state(&all[1]), "no_column");
}

/// Removes the catalogue as soon as the first run has ended.
struct Remover(PathBuf);

impl BatchObserver for Remover {
    fn observer(&self, _: usize) -> Box<dyn Observer + '_> {
        Box::new(Silent)
    }

    fn ended(&self, index: usize, outcome: &nvss_predict::predict::Result<Report>) {
        assert!(outcome.is_ok(), "{outcome:?}");
        if index == 0 {
            fs::remove_file(&self.0).expect("a catalogue");
        }
    }
}

#[test]
fn the_time_is_that_of_all_together() {
    let scratch = Scratch::new();
    let (csv, _) = scratch.sky("belt", &belt(10));
    let all = drifts(&scratch, 2);
    run(args![&all[0], &all[1], &csv, "--timeout", "0"]).exits(124).says(&["0 done, 2 failed", "--timeout"]);
    for ms in &all {
        assert_eq!(state(ms), "no_column");
    }
}

#[test]
fn the_catalogue_is_read_once() {
    let scratch = Scratch::new();
    let ms = drifts(&scratch, 3);
    for radius in [Radius::All, Radius::Within(0.05)] {
        let (catalogue, _) = scratch.sky("belt", &belt(3000));
        let options = Options { radius, ..Options::default() };
        let batch = Batch { ms: ms.clone(), catalogue: catalogue.clone(), options, at_once: 1 };
        let outcomes = run_many(&batch, &Remover(catalogue)).expect("a batch");
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3, "{outcomes:?}");
    }
}

#[test]
fn an_interrupt_stops_all() {
    let scratch = Scratch::new();
    let all: Vec<PathBuf> = (0..3).map(|k| scratch.path(&format!("long{k}.ms"))).collect();
    make(&all[0], &MsSpec::dsa110(16, 24, 1, 768)).expect("a MeasurementSet");
    for ms in &all[1..] {
        scratch.copy(&all[0], &ms.file_name().unwrap().to_string_lossy());
    }
    let (csv, _) = scratch.sky("belt", &belt(20_000));
    let report = scratch.path("report.json");
    let mut command = common::command();
    command.args(args!["--engine", "direct", "--report", &report, &all[0], &all[1], &all[2], &csv]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    all[..2].iter().for_each(|ms| common::until(ms, |status| status["state"] != "no_column"));
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT)
        .unwrap();
    common::finish(child).exits(130).says(&["0 done, 3 failed", "interrupted", "was not begun"]);
    assert_eq!([state(&all[0]), state(&all[1])], ["incomplete", "incomplete"]);
    assert_eq!(state(&all[2]), "no_column");
    let told: serde_json::Value = serde_json::from_slice(&fs::read(&report).unwrap()).expect("JSON");
    assert!(told.as_array().unwrap().iter().all(|entry| entry["exit_code"] == 130), "{told}");
}

/// Bytes of a file that are in memory.
fn resident(file: &Path) -> Option<u64> {
    let output = Command::new("fincore")
        .args(["--bytes", "--noheadings", "--output", "RES"])
        .arg(file)
        .output()
        .ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

#[test]
fn a_dropped_column_leaves_the_page_cache() {
    let scratch = Scratch::new();
    let ms = scratch.path("made.ms");
    make(&ms, &MsSpec::dsa110(16, 4, 1, 768)).expect("a MeasurementSet");
    let before: Vec<PathBuf> = fs::read_dir(&ms).unwrap().map(|entry| entry.unwrap().path()).collect();
    let (csv, _) = scratch.sky("belt", &belt(50));
    for writer in ["auto", "casacore"] {
        let mut found = Vec::new();
        for what in ["keep", "drop"] {
            predict(&ms, &csv, &["--page-cache", what, "--writer", writer]).exits(0);
            let files = fs::read_dir(&ms).unwrap().map(|entry| entry.unwrap().path());
            let made = files.filter(|path| !before.contains(path));
            let largest = made.max_by_key(|path| path.metadata().unwrap().len()).expect("a column");
            let size = largest.metadata().unwrap().len();
            let Some(resident) = resident(&largest) else {
                common::say(
                    "skipped: fincore is not installed, so nobody can tell what is in the page cache",
                );
                return;
            };
            found.push(resident as f64 / size as f64);
        }
        assert!(found[0] > 0.9, "{writer}: a column that is kept is not in memory: {found:?}");
        // A file system in memory has nowhere else to put its pages.
        let in_memory = found[1] > 0.99 && scratch.path("").starts_with("/dev/shm");
        assert!(in_memory || found[1] < 0.1, "{writer}: a column that is dropped is in memory: {found:?}");
    }
    assert!(!PageCache::Auto.drops(1 << 20));
}

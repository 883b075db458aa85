//! Intervals of time and ranges of channels, each with images of its own, as WSClean counts them.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use nvss_predict::image::sky::{Spectra, SpectrumKind, Wanted, find};
use nvss_predict::predict::{Engine, ImageSky, Job, Observer, Options, PredictError, Silent, run as predict};

use super::common::{Scratch, file_contents, oracle_ok, run, say, state};
use super::{demo, predict_image};
use crate::{args, need};

/// What `judge` of intervals.py found.
struct Found {
    /// The rms error of what was asked for.
    relative: f64,
    /// Values of all others that are not bit for bit what they were.
    changed: u64,
}

/// Judges a column; without a seed, what was not asked for must be zero.
fn judge(ms: &Path, column: &str, folder: &Path, what: &str, seed: &str, autos: &str) -> Found {
    let printed = oracle_ok("intervals.py", args!["judge", ms, column, folder, what, seed, autos]);
    let found: Value = serde_json::from_str(&printed).expect("JSON");
    let relative = found["relative"].as_f64().expect("a number");
    say(&format!(
        "{what}: rms error {relative:.2e} ({} rows), {} others changed",
        found["rows"], found["changed"]
    ));
    Found { relative, changed: found["changed"].as_u64().expect("a number") }
}

#[track_caller]
fn assert_right(found: &Found, epsilon: f64) {
    assert!(found.relative <= epsilon && found.changed == 0, "{:.2e}, {}", found.relative, found.changed);
}

/// The rows and channels that WSClean fills get what it gives them; all others stay bit for bit as they are.
#[test]
fn intervals_and_channel_ranges_are_those_of_wsclean() {
    need!(oracles);
    need!(wsclean);
    let scratch = Scratch::new();
    let ms = demo(&scratch, &["--antennas", "8", "--times", "7", "--channels", "12", "--one-field"]);
    let folder = scratch.path("images");
    for (what, options) in [
        ("1,6,3,2,9,2", "-interval 1 6 -intervals-out 3 -channel-range 2 9 -channels-out 2"),
        ("0,7,2,0,12,1", "-intervals-out 2"),
        ("3,4,1,0,12,1", "-interval 3 4"),
        ("0,7,1,11,12,1", "-channel-range 11 12"),
        ("5,99,1,3,6,1", "-interval 5 99 -channel-range 3 6"),
    ] {
        let _ = std::fs::remove_dir_all(&folder);
        oracle_ok("intervals.py", args!["make", &ms, &folder, what]);
        oracle_ok("intervals.py", args!["fill", &ms, "MODEL_DATA", "7"]);
        let theirs = scratch.copy(&ms, "theirs.ms");
        let words = format!(
            "-predict {options} -use-wgridder -no-small-inversion -wgridder-accuracy 1e-6 -quiet -name"
        );
        let words: Vec<&str> = words.split(' ').collect();
        let wsclean = Command::new("wsclean").args(&words).arg(folder.join("run")).arg(&theirs).output();
        let wsclean = wsclean.expect("wsclean starts");
        assert!(wsclean.status.success(), "{}", String::from_utf8_lossy(&wsclean.stderr));
        let own = judge(&theirs, "MODEL_DATA", &folder, what, "7", "no-autos");
        assert!(own.relative < 1e-3 && own.changed == 0, "WSClean counts otherwise: {:e}", own.relative);
        let prefix = folder.join("run");
        run(args!["wsclean"].into_iter().chain(words.iter().map(AsRef::as_ref)).chain(args![&prefix, &ms]))
            .exits(0);
        assert_right(&judge(&ms, "MODEL_DATA", &folder, what, "7", "autos"), 1e-6);
        std::fs::remove_dir_all(&theirs).expect("removed");
    }
}

/// Drift fields, two windows whose channels count together, a column that is made, added to, subtracted from, written by
/// casacore: each row about its own field, and zero or what it was where nothing was asked for.
#[test]
fn every_row_has_the_sky_of_its_interval() {
    need!(oracles);
    let scratch = Scratch::new();
    let ms = demo(&scratch, &["--antennas", "6", "--times", "6", "--channels", "16", "--spws", "2"]);
    let (folder, what) = (scratch.path("images"), "1,6,3,5,13,2");
    oracle_ok("intervals.py", args!["make", &ms, &folder, what]);
    let prefix = folder.join("run");
    let wsclean = |options: &str| {
        let words =
            format!("wsclean -predict -interval 1 6 -intervals-out 3 -channel-range 5 13 {options} -name");
        let words: Vec<&str> = words.split_whitespace().collect();
        run(words.iter().map(AsRef::as_ref).chain(args![&prefix, &ms]))
    };
    wsclean("-channels-out 2 -model-column NEW").exits(0).says(&["3 intervals of time", "complete"]);
    assert_right(&judge(&ms, "NEW", &folder, what, "-", "autos"), 1e-6);
    wsclean("-channels-out 2 -wgridder-accuracy 1e-2").exits(0);
    // The demo's own column, the same in a second run.
    let first = file_contents(&ms);
    oracle_ok("intervals.py", args!["fill", &ms, "MODEL_DATA", "3"]);
    assert!(file_contents(&ms) != first);
    wsclean("-channels-out 2").exits(0);
    assert_right(&judge(&ms, "MODEL_DATA", &folder, what, "3", "autos"), 1e-6);
    let deep = |code: i32, words: &str| run(args!["status", "--deep", &ms]).exits(code).says(&[words]);
    deep(0, "as written");
    // What is outside of the rows is nobody's concern; what is inside is.
    let set = |row: &str| {
        let text = "import sys; from casacore.tables import table; t = table(sys.argv[1], readonly=False, ack=False, \
                    lockoptions='permanent'); v = t.getcell('MODEL_DATA', int(sys.argv[2])); v[0] += 1; \
                    t.putcell('MODEL_DATA', int(sys.argv[2]), v)";
        let python = super::common::python().expect("the oracles");
        assert!(
            Command::new(python).args(["-c", text]).args(args![&ms, row]).status().expect("python").success()
        );
    };
    set("3");
    deep(0, "as written");
    set("60");
    deep(1, "not as written");
    for (options, words) in [
        ("-channels-out 3", "t0000"),
        ("-intervals-out 4 -channels-out 2", "no image of t0003"),
        ("-interval 6 9 -channels-out 2", "no timesteps 6 to 7"),
        ("-interval 1 3 -channels-out 2", "cannot be cut into 3"),
        ("-channel-range 5 17 -channels-out 2", "16 channels"),
    ] {
        let code = if options.starts_with("-channel-range") { 2 } else { 3 };
        wsclean(options).exits(code).says(&[words]);
    }
    assert_eq!(state(&ms), "complete");
}

/// The native command finds the intervals by the names of the images, and shares the timesteps among them.
#[test]
fn intervals_are_found_by_their_names() {
    need!(oracles);
    let scratch = Scratch::new();
    let ms = demo(&scratch, &["--antennas", "6", "--times", "7", "--channels", "16"]);
    let (folder, what) = (scratch.path("images"), "0,7,3,0,16,2");
    oracle_ok("intervals.py", args!["make", &ms, &folder, what]);
    let prefix = folder.join("run");
    for options in [
        &["--spectrum", "stepped"][..],
        &["--spectrum", "stepped", "--writer", "casacore", "--engine", "direct"],
        &["--spectrum", "stepped", "--epsilon", "1e-4", "--memory", "32MiB", "--threads", "1"],
    ] {
        let words = options.iter().map(AsRef::as_ref).chain(args![&ms, &prefix]);
        predict_image(words).exits(0).says(&["3 intervals of time", "6 images"]);
        let epsilon = if options.contains(&"1e-4") { 1e-4 } else { 1e-6 };
        assert_right(&judge(&ms, "MODEL_DATA", &folder, what, "-", "autos"), epsilon);
    }
    predict_image(args!["--dry-run", &ms, &prefix]).exits(0).says(&["3 intervals of time"]);
    std::fs::remove_file(folder.join("run-t0001-0001-model.fits")).expect("removed");
    std::fs::remove_file(folder.join("run-t0001-0000-model.fits")).expect("removed");
    predict_image(args![&ms, &prefix]).exits(3).says(&["no image of t0001"]);
}

/// Wants to stop after so many rows.
struct Impatient {
    after: u64,
    rows: u64,
}

impl Observer for Impatient {
    fn progress(&mut self, rows: u64, _: u64, _: u64) {
        self.rows = rows;
    }
    fn cancelled(&self) -> bool {
        self.rows >= self.after
    }
}

/// A run that is stopped in its second interval goes on there, with the sky of that interval.
#[test]
fn a_run_of_intervals_is_resumed() {
    need!(oracles);
    let scratch = Scratch::new();
    let ms = demo(&scratch, &["--antennas", "6", "--times", "7", "--channels", "16"]);
    let (folder, what) = (scratch.path("images"), "0,7,3,0,16,2");
    oracle_ok("intervals.py", args!["make", &ms, &folder, what]);
    let intervals = find(&folder.join("run"), &Wanted::default()).expect("images");
    let spectra = Spectra { kind: SpectrumKind::Stepped, terms: None };
    let options = Options {
        images: Some(ImageSky { intervals, spectra, extrapolate: false }),
        engine: Engine::Direct,
        threads: Some(1),
        ..Options::default()
    };
    let job = |resume: bool| Job {
        ms: ms.clone(),
        catalogue: folder.join("run"),
        options: Options { resume, ..options.clone() },
    };
    let stopped = predict(&job(false), &mut Impatient { after: 60, rows: 0 });
    assert!(matches!(stopped, Err(PredictError::Interrupted { .. })), "{stopped:?}");
    assert_eq!(state(&ms), "incomplete");
    let report = predict(&job(true), &mut Silent).expect("it goes on");
    assert!((60..147).contains(&report.resumed_rows) && report.rows_predicted == 147, "{report:?}");
    assert_right(&judge(&ms, "MODEL_DATA", &folder, what, "-", "autos"), 1e-6);
    run(args!["status", "--deep", &ms]).exits(0).says(&["as written"]);
    assert!(
        predict(&job(true), &mut Silent)
            .expect("nothing is left")
            .warnings
            .concat()
            .contains("complete already")
    );
}

//! Every option does what it says: exit code, what is printed, and what is in the column, judged by the
//! independent sum.

mod common;

use common::sky::{Gaussian, Random, Source, json_in_frame, mixture};
use common::{Scratch, assert_equal_to_sum, file_contents, measure, predict, run, say, state};
use nvss_predict::ms::make::{MsSpec, make};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

const DRIFT: &str = "ms/dsa110like_pyuvdata_1spw_24fields.ms.tgz";
const GOLD: &str = "gold/casa_dsa110like_ft.ms.tgz";
const NVSS: &str = "catalogues/NVSSVZ.FIT.gz";

/// A source so faint that single precision has few digits left for it: no check passes.
fn faint(scratch: &Scratch) -> PathBuf {
    scratch.sky("faint", &[Source::point(343.5, 16.0, 3e-44)]).0
}

/// A few sources near the drift's centre.
fn some(seed: u64, count: usize) -> Vec<Source> {
    let mut random = Random(seed);
    let source = |_| {
        let (ra, dec) = (random.within(342.0, 344.5), random.within(15.0, 17.0));
        Source { terms: vec![random.within(-1.0, 0.2)], ..Source::point(ra, dec, random.within(0.1, 2.0)) }
    };
    (0..count).map(source).collect()
}

/// Runs with `--report` and returns it.
fn reported(scratch: &Scratch, ms: &Path, catalogue: &Path, options: &[&str]) -> Value {
    let file = scratch.path("report.json");
    let mut all = options.to_vec();
    let name = file.to_string_lossy().into_owned();
    all.extend(["--report", &name]);
    predict(ms, catalogue, &all).exits(0);
    serde_json::from_slice(&fs::read(&file).expect("a report")).expect("JSON")
}

#[test]
fn radius_and_min_flux_choose_from_the_catalogue() {
    need!(oracles);
    let (archive, nvss) = (need!(DRIFT), need!(NVSS));
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let mut counts = Vec::new();
    for flux in ["100mJy", "0.1Jy", "0.1"] {
        let report = reported(&scratch, &ms, &nvss, &["--radius", "1.5", "--min-flux", flux]);
        let found = assert_equal_to_sum(
            &format!("radius 1.5, min-flux {flux}"),
            &ms,
            &args!["--nvss", &nvss, "--radius", "1.5", "--min-flux", "0.1"],
        );
        assert_eq!(report["catalogue"]["selected"], found["sources"]);
        counts.push(found["sources"].as_u64().unwrap());
    }
    let all = reported(&scratch, &ms, &nvss, &["--radius", "1.5"])["catalogue"]["selected"].as_u64().unwrap();
    assert!(all > counts[0] && counts[0] > 0, "min-flux chose nothing or everything: {counts:?} of {all}");
}

#[test]
fn max_sources_keeps_the_brightest() {
    need!(oracles);
    let archive = need!(DRIFT);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let (csv, json) = scratch.sky("sky", &some(1, 20));
    predict(&ms, &csv, &["--max-sources", "5"]).exits(0);
    assert_equal_to_sum("5 brightest of 20", &ms, &args!["--sky", &json, "--brightest", "5"]);
}

/// A survey is taken to where the smallest dish's beam falls to a fifth; a component list whole.
#[test]
fn the_default_radius_is_the_beam_for_surveys_and_all_for_lists() {
    need!(oracles);
    let (archive, nvss) = (need!(DRIFT), need!(NVSS));
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let report = reported(&scratch, &ms, &nvss, &[]);
    let radius = report["catalogue"]["radius_deg"].as_f64().expect("a radius");
    // (2 J1(x)/x)² = 0.2 at x = 2.3618; the drift's dishes are of 4.65 to 4.7 m, its lowest channel 1311.4 MHz.
    let of_dish =
        |d: f64| (2.361_81 * 299_792_458.0 / 1.311_372e9 / (std::f64::consts::PI * d)).asin().to_degrees();
    assert!((of_dish(4.7) * 0.99..of_dish(4.65) * 1.01).contains(&radius), "{radius}");
    assert_equal_to_sum("default radius", &ms, &args!["--nvss", &nvss, "--radius", &radius.to_string()]);

    let mut sky = some(1, 3);
    sky.push(Source::point(343.0, 25.0, 3.0));
    let (csv, json) = scratch.sky("sky", &sky);
    predict(&ms, &csv, &[]).exits(0);
    assert_equal_to_sum("a list whole", &ms, &args!["--sky", &json]);
    predict(&ms, &csv, &["--radius", "4"]).exits(0);
    let (_, near) = scratch.sky("near", &sky[..3]);
    assert_equal_to_sum("a list within 4 deg", &ms, &args!["--sky", &near]);
    predict(&ms, &csv, &["--radius", "all"]).exits(0);
    assert_equal_to_sum("--radius all", &ms, &args!["--sky", &json]);
}

#[test]
fn alpha_and_reference_frequency_of_a_survey() {
    need!(oracles);
    let (archive, nvss) = (need!(DRIFT), need!(NVSS));
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    predict(&ms, &nvss, &["--radius", "1", "--alpha", "-1.25", "--ref-freq", "1.2e9"]).exits(0);
    let options = args!["--nvss", &nvss, "--radius", "1", "--alpha=-1.25", "--ref-freq", "1.2e9"];
    assert_equal_to_sum("alpha -1.25 at 1.2 GHz", &ms, &options);
}

#[test]
fn modes_add_and_subtract() {
    need!(oracles);
    let archive = need!(DRIFT);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let (a, b) = (some(1, 4), some(2, 6));
    let (a_csv, _) = scratch.sky("a", &a);
    let (b_csv, b_json) = scratch.sky("b", &b);
    let (_, ab_json) = scratch.sky("ab", &[a.clone(), b.clone()].concat());
    let negated: Vec<Source> =
        b.iter().map(|s| Source { stokes: s.stokes.map(|x| -x), ..s.clone() }).collect();
    let (_, minus_b_json) = scratch.sky("minus", &negated);
    predict(&ms, &a_csv, &["--mode", "replace"]).exits(0);
    predict(&ms, &b_csv, &["--mode", "add"]).exits(0);
    assert_equal_to_sum("a + b", &ms, &args!["--sky", &ab_json]);
    predict(&ms, &a_csv, &["--mode", "subtract"]).exits(0);
    assert_equal_to_sum("a + b - a", &ms, &args!["--sky", &b_json]);
    predict(&ms, &a_csv, &[]).exits(0);
    predict(&ms, &b_csv, &[]).exits(0);
    assert_equal_to_sum("replaced", &ms, &args!["--sky", &b_json]);
    // A column that is not there counts as zero.
    predict(&ms, &b_csv, &["--mode", "subtract", "--column", "NEW"]).exits(0);
    assert_equal_to_sum("0 - b", &ms, &args!["--sky", &minus_b_json, "--column", "NEW"]);
}

#[test]
fn fields_and_spws_choose_rows() {
    need!(oracles);
    let archive = need!(GOLD);
    let components = need!("gold/casa_dsa110like_ft_components.json");
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let (csv, json) = scratch.sky("sky", &some(3, 5));
    // Into a new column: the other rows are zero.
    predict(&ms, &csv, &["--column", "OURS", "--fields", "0,3,5~7", "--spws", "1"]).exits(0);
    let options = args!["--sky", &json, "--column", "OURS", "--fields", "0,3,5~7", "--spws", "1"];
    let found = assert_equal_to_sum("fields 0,3,5~7 of spw 1", &ms, &options);
    assert_eq!(found["outside_max"], 0.0, "rows that were not chosen were written");
    assert_eq!(found["values"], 5 * 190 * 4 * 2);
    // Into CASA's own: the other rows keep what they had.
    let lists: Value = serde_json::from_slice(&fs::read(components).unwrap()).unwrap();
    let casa: Vec<Source> = lists["nvssvz_2deg"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| {
            Source::point(c["ra"].as_f64().unwrap(), c["dec"].as_f64().unwrap(), c["I"].as_f64().unwrap())
        })
        .collect();
    let (_, casa_json) = scratch.sky("casa", &casa);
    predict(&ms, &csv, &["--fields", "4"]).exits(0);
    assert_equal_to_sum("field 4 replaced", &ms, &args!["--sky", &json, "--fields", "4"]);
    assert_equal_to_sum("the others as they were", &ms, &args!["--sky", &casa_json, "--fields", "0~3,5~23"]);
    let before = file_contents(&ms);
    predict(&ms, &csv, &["--fields", "24"]).exits(3).says(&["24", "field"]);
    predict(&ms, &csv, &["--spws", "2"]).exits(3).says(&["2", "spectral"]);
    assert!(file_contents(&ms) == before, "a refused run wrote");
}

#[test]
fn threads_and_memory_do_not_change_the_result() {
    need!(oracles);
    let archive = need!(GOLD);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let (csv, json) = scratch.sky("sky", &mixture(343.5, 16.0, 1.5, 15.0, 1.4e9));
    for options in [["--threads", "1"], ["--threads", "3"], ["--memory", "1MiB"], ["--memory", "2GB"]] {
        let report = reported(&scratch, &ms, &csv, &options);
        if options[0] == "--threads" {
            assert_eq!(report["plan"]["threads"].to_string(), options[1]);
        }
        assert_equal_to_sum(&options.join(" "), &ms, &args!["--sky", &json]);
    }
}

/// The portable code and every level of instructions that this processor has.
#[test]
fn every_level_of_instructions_is_right() {
    need!(oracles);
    let archive = need!(GOLD);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let (csv, json) = scratch.sky("sky", &mixture(343.5, 16.0, 1.5, 15.0, 1.4e9));
    for level in ["portable", "avx2", "avx512"] {
        let child = common::command()
            .env("NVSS_PREDICT_SIMD", level)
            .args([&ms, &csv])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let ran = common::finish(child);
        if level != "portable" && ran.text.contains("this processor has no") {
            say(&format!("SKIPPED: {level}: this processor does not have it"));
            continue;
        }
        ran.exits(0).says(&[level]);
        assert_equal_to_sum(level, &ms, &args!["--sky", &json]);
    }
}

#[test]
fn the_report_says_what_was_done() {
    need!(oracles);
    let archive = need!(DRIFT);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let sources = mixture(343.5, 16.0, 1.5, 15.0, 1.4e9);
    let (csv, _) = scratch.sky("sky", &sources);
    let report = reported(&scratch, &ms, &csv, &["--check", "100", "--column", "OURS"]);
    let sha = Command::new("sha256sum").arg(&csv).output().unwrap().stdout;
    let sha = String::from_utf8_lossy(&sha[..64]).into_owned();
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(report["catalogue"]["digest"], sha.as_str());
    assert_eq!(report["catalogue"]["selected"], sources.len());
    assert_eq!(report["catalogue"]["gaussians"], sources.iter().filter(|s| s.gaussian.is_some()).count());
    let flux: f64 = sources.iter().map(|s| s.stokes[0]).sum();
    assert!((report["catalogue"]["flux_jy"].as_f64().unwrap() - flux).abs() < 1e-9 * flux);
    assert_eq!(report["rows"], 4560);
    assert_eq!(report["rows_predicted"], 4560);
    assert_eq!(report["column"], "OURS");
    assert_eq!(report["mode"], "replace");
    assert_eq!(report["complete"], true);
    assert_eq!(report["check"]["visibilities"], 100);
    let rms = report["check"]["rms"].as_f64().unwrap();
    assert!(
        rms > 0.0 && rms <= 1e-6 && report["check"]["max"].as_f64().unwrap() >= rms,
        "{}",
        report["check"]
    );
    assert_eq!(report["fields"].as_array().unwrap().len(), 24);
    assert!(report["arguments"].as_str().unwrap().contains("--check 100"), "{}", report["arguments"]);
    for part in ["read", "compute", "write", "total"] {
        let seconds = report["seconds"][part].as_f64().unwrap();
        assert!((0.0..60.0).contains(&seconds), "{part}: {seconds}");
    }
    let unchecked = reported(&scratch, &ms, &csv, &["--check", "0"]);
    assert!(unchecked["check"].is_null(), "{}", unchecked["check"]);
}

#[test]
fn a_dry_run_writes_nothing() {
    let archive = need!(DRIFT);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let (csv, _) = scratch.sky("sky", &some(1, 7));
    let before = file_contents(&ms);
    predict(&ms, &csv, &["--dry-run"]).exits(0).says(&["7 sources", "4,560 rows", "MODEL_DATA"]);
    assert!(file_contents(&ms) == before, "a dry run wrote something");
    assert_eq!(state(&ms), "no_column");
}

#[test]
fn no_sources_is_a_zero_model_or_an_error() {
    need!(oracles);
    let (archive, nvss) = (need!(DRIFT), need!(NVSS));
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let before = file_contents(&ms);
    predict(&ms, &nvss, &["--radius", "0.0001", "--require-sources"])
        .exits(7)
        .says(&["no source", "nothing was written"]);
    assert!(file_contents(&ms) == before, "a refused run wrote");
    predict(&ms, &nvss, &["--radius", "0.0001"]).exits(0).says(&["no source", "zero"]);
    let found = measure(&ms, &args!["--nvss", &nvss, "--radius", "0.0001"]);
    assert_eq!((&found["max"], &found["sources"]), (&0.0.into(), &0.into()), "{found}");
    predict(&ms, &nvss, &["--radius", "1", "--require-sources"]).exits(0);
}

#[test]
fn an_error_above_epsilon_is_exit_6() {
    let archive = need!(DRIFT);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let (csv, _) = scratch.sky("sky", &some(1, 7));
    predict(&ms, &faint(&scratch), &["--epsilon", "1e-4"])
        .exits(6)
        .says(&["the 1e-3 that is allowed", "incomplete"]);
    assert_eq!(state(&ms), "incomplete");
    predict(&ms, &csv, &[]).exits(0);
    assert_eq!(state(&ms), "complete");
}

/// ε is a promise for either engine: rms over cross-correlations relative to rms |V|.
#[test]
fn epsilon_is_kept() {
    need!(oracles);
    let archive = need!(DRIFT);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let (csv, json) = scratch.sky("sky", &some(8, 60));
    for engine in ["direct", "delay-fft"] {
        for epsilon in ["1e-2", "1e-3", "1e-4", "1e-5", "1e-6"] {
            predict(&ms, &csv, &["--engine", engine, "--epsilon", epsilon]).exits(0);
            let found = measure(&ms, &args!["--sky", &json]);
            let rms = found["relative"].as_f64().unwrap();
            say(&format!("{engine} {epsilon}: rms {rms:.1e}"));
            assert!(rms <= epsilon.parse::<f64>().unwrap(), "{engine} {epsilon}: {found}");
        }
    }
}

#[test]
fn frames_of_the_catalogue() {
    need!(oracles);
    let archive = need!(DRIFT);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    // The drift's centre, 343.5 +16.0 in J2000, lies at 342.88 +15.73 in B1950 and 86.5 −38.4 in Galactic coordinates.
    for (frame, lon, lat) in
        [("icrs", 343.5, 16.0), ("b1950", 342.9, 15.7), ("galactic", 86.5, -38.4), ("fk5", 343.5, 16.0)]
    {
        let gaussian = Gaussian { major: 20.0, minor: 6.0, angle: 25.0, frame: "source" };
        let sources = [
            Source::point(lon, lat, 2.0),
            Source { gaussian: Some(gaussian), ..Source::point(lon + 0.5, lat - 0.4, 1.0) },
        ];
        let (csv, _) = scratch.sky(frame, &sources);
        let known = if frame == "fk5" { "J2000" } else { frame };
        let json = scratch.write("frame.json", json_in_frame(&sources, known));
        predict(&ms, &csv, &["--frame", frame]).exits(0);
        assert_equal_to_sum(&format!("--frame {frame}"), &ms, &args!["--sky", &json]);
    }
}

#[test]
fn pa_frame_where_no_column_says() {
    need!(oracles);
    let archive = need!("ms/lofar_tDDECal.in_MS.tgz");
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let csv = scratch
        .write("sky.csv", "ra_deg,dec_deg,flux_jy,major_arcsec,minor_arcsec,pa_deg\n30,36,1,60,20,30\n");
    let gaussian = |frame| Source {
        gaussian: Some(Gaussian { major: 60.0, minor: 20.0, angle: 30.0, frame }),
        ..Source::point(30.0, 36.0, 1.0)
    };
    for (options, frame) in [
        (vec!["--pa-frame", "centre"], "centre"),
        (vec!["--pa-frame", "source"], "source"),
        (vec![], "source"),
    ] {
        let (_, json) = scratch.sky(frame, &[gaussian(frame)]);
        predict(&ms, &csv, &options).exits(0);
        assert_equal_to_sum(&format!("{options:?}"), &ms, &args!["--sky", &json]);
    }
}

#[test]
fn quiet_and_verbose() {
    let archive = need!(DRIFT);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let (csv, _) = scratch.sky("sky", &some(1, 3));
    assert_eq!(predict(&ms, &csv, &["-q"]).exits(0).text, "");
    let normal = predict(&ms, &csv, &[]).exits(0).says(&["3 sources", "rms", "4,560 rows"]);
    let verbose = predict(&ms, &csv, &["-v"]).exits(0);
    assert!(verbose.text.len() > normal.text.len(), "-v says no more:\n{}", verbose.text);
    assert!(!normal.text.contains('\u{1b}'), "colours or cursor movements where there is no terminal");
}

#[test]
fn wrong_arguments_are_exit_2() {
    let scratch = Scratch::new();
    let file = scratch.write("x.csv", "ra_deg,dec_deg,flux_jy\n1,2,3\n");
    let ms = scratch.path("no.ms");
    for options in [
        vec!["--radius", "banana"],
        vec!["--radius=-1"],
        vec!["--mode", "multiply"],
        vec!["--min-flux", "10bananas"],
        vec!["--min-flux", "nan"],
        vec!["--fields", "7~3"],
        vec!["--fields", ""],
        vec!["--memory", "much"],
        vec!["--threads", "0"],
        vec!["--threads=-2"],
        vec!["--frame", "azel"],
        vec!["--format", "docx"],
        vec!["--epsilon=-1"],
        vec!["--epsilon", "1e-7"],
        vec!["--epsilon", "0.02"],
        vec!["--epsilon", "nan"],
        vec!["--lock-timeout=-1"],
        vec!["--timeout=-1"],
        vec!["--unknown-option"],
    ] {
        let said = predict(&ms, &file, &options);
        assert_eq!(said.code, Some(2), "{options:?}: {}", said.text);
        let name = options[0].split('=').next().unwrap();
        assert!(said.text.contains(name), "{options:?} is not named: {}", said.text);
    }
    run(Vec::<&str>::new()).exits(2);
    run(args!["only-one"]).exits(2);
    run(args!["--version"]).exits(0).says(&[env!("CARGO_PKG_VERSION")]);
    run(args!["--help"]).exits(0).says(&["--radius", "exit", "status", "demo"]);
}

#[test]
fn status_tells_every_state() {
    let (gold, archive) = (need!(GOLD), need!(DRIFT));
    let scratch = Scratch::new();
    let casa = scratch.unpack_one(&gold);
    assert_eq!(state(&casa), "unknown");
    let other = Scratch::new();
    let ms = other.unpack_one(&archive);
    run(args!["status", &ms]).says(&["no model column"]);
    assert_eq!(state(&ms), "no_column");
    let (csv, _) = scratch.sky("sky", &some(1, 3));
    predict(&ms, &csv, &[]).exits(0);
    let said = run(args!["status", &ms]).exits(0).says(&["complete"]);
    assert!(!said.text.contains("incomplete"), "{}", said.text);
    predict(&ms, &faint(&scratch), &[]).exits(6);
    run(args!["status", &ms]).says(&["incomplete"]);
    run(args!["status", &scratch.path("nothing.ms")]).exits(3).says(&["nothing.ms"]);
}

#[test]
fn the_demo_proves_itself() {
    need!(oracles);
    let scratch = Scratch::new();
    let folder = scratch.path("demo");
    let said = run(args!["demo", &folder, "--size", "small"]).exits(0).says(&["rms"]);
    say(&format!("demo took {:.2} s", said.wall.as_secs_f64()));
    let found: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
    let ms = found.iter().find(|p| p.join("table.dat").exists()).expect("a MeasurementSet in the folder");
    assert_eq!(state(ms), "complete");
    let facts = common::describe(ms);
    assert_eq!(facts["fields"].as_array().unwrap().len(), 24);
    let again = run(args!["demo", &folder]);
    assert!(again.code != Some(0) || state(ms) == "complete", "{}", again.text);

    let track = scratch.path("track");
    run(args!["demo", &track, "--one-field", "--antennas", "5", "--times", "3", "--channels", "16"]).exits(0);
    let facts = common::describe(&track.join("demo.ms"));
    assert_eq!((&facts["rows"], &facts["fields"]), (&(15 * 3).into(), &vec![0].into()));
    run(args!["demo", &scratch.path("none"), "--antennas", "117"]).exits(2).says(&["116"]);
}

/// A run long enough to be stopped: a medium MS and many sources.
fn long_run(scratch: &Scratch) -> (PathBuf, PathBuf) {
    let ms = scratch.path("medium.ms");
    make(&ms, &MsSpec::dsa110(16, 24, 1, 768)).expect("a MeasurementSet");
    let (csv, _) = scratch.sky("many", &some(5, 20_000));
    (ms, csv)
}

fn interrupt(child: &std::process::Child) {
    rustix::process::kill_process(rustix::process::Pid::from_child(child), rustix::process::Signal::INT)
        .unwrap();
}

#[test]
fn an_interrupt_stops_cleanly() {
    let scratch = Scratch::new();
    let (ms, csv) = long_run(&scratch);
    let mut command = common::command();
    command.args([&ms, &csv]).args(["--engine", "direct"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    common::until(&ms, |status| status["state"] != "no_column");
    thread::sleep(Duration::from_millis(300));
    interrupt(&child);
    let stopped = common::finish(child).exits(130).says(&["interrupted", "incomplete"]);
    assert!(stopped.wall < Duration::from_secs(5), "took {:?} to stop", stopped.wall);
    assert_eq!(state(&ms), "incomplete");
    let (few, _) = scratch.sky("few", &some(6, 3));
    predict(&ms, &few, &[]).exits(0);
    assert_eq!(state(&ms), "complete");
}

/// A hang-up stops a run as an interrupt does, but not one that was started to outlive it.
#[test]
fn a_hang_up_stops_what_nohup_did_not_start() {
    let scratch = Scratch::new();
    let (ms, _) = long_run(&scratch);
    let (csv, _) = scratch.sky("some", &some(5, 4_000));
    let program = common::command().get_program().to_owned();
    for (starter, code) in [(&["env", "--default-signal=HUP"][..], 130), (&["nohup"], 0)] {
        let mut command = std::process::Command::new(starter[0]);
        command
            .env("NVSS_PREDICT_CACHE", "off")
            .args(&starter[1..])
            .arg(&program)
            .args([&ms, &csv])
            .args(["--engine", "direct"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        common::until(&ms, |status| status["state"] == "incomplete");
        thread::sleep(Duration::from_millis(300));
        let process = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(process, rustix::process::Signal::HUP).unwrap();
        common::finish(child).exits(code);
        assert_eq!(state(&ms), if code == 0 { "complete" } else { "incomplete" });
        if code != 0 {
            let (few, _) = scratch.sky("few", &some(6, 3));
            predict(&ms, &few, &[]).exits(0);
        }
    }
}

/// The clock stops a run as an interrupt does, with a code of its own.
#[test]
fn a_timeout_stops_cleanly() {
    let scratch = Scratch::new();
    let (ms, csv) = long_run(&scratch);
    predict(&ms, &csv, &["--timeout", "0"]).exits(124).says(&["--timeout", "nothing was written"]);
    assert_eq!(state(&ms), "no_column");
    let (few, _) = scratch.sky("few", &some(6, 3));
    predict(&ms, &few, &[]).exits(0);
    // Before the first block or after it, as the machine is fast or slow.
    predict(&ms, &csv, &["--timeout", "0.5", "--engine", "direct"]).exits(124).says(&["--timeout"]);
    assert_ne!(state(&ms), "no_column");
    predict(&ms, &few, &["--timeout", "600"]).exits(0);
    assert_eq!(state(&ms), "complete");
}

/// Adding to a column that an interrupted run left incomplete would mix two models for good.
#[test]
fn nothing_is_added_to_an_incomplete_column() {
    let archive = need!(DRIFT);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let (csv, _) = scratch.sky("sky", &some(1, 3));
    predict(&ms, &faint(&scratch), &[]).exits(6);
    for mode in ["add", "subtract"] {
        predict(&ms, &csv, &["--mode", mode]).exits(3).says(&["incomplete", "replace"]);
        assert_eq!(state(&ms), "incomplete");
    }
}

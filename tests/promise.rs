//! Never hangs, never harms: every wait is bounded, what is refused is refused before anything is written, and a column is
//! either right or known not to be.

#[path = "promise/columns.rs"]
mod columns;
mod common;

use common::sky::{Random, Source};
use common::{Run, Scratch, command, file_contents, finish, predict, run, say, state, until};
use nvss_predict::ms::make::{MsSpec, make};
use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What a run may take beyond its limit.
const BEYOND: Duration = Duration::from_secs(5);

fn made(scratch: &Scratch, name: &str) -> PathBuf {
    let ms = scratch.path(name);
    make(&ms, &MsSpec::dsa110(6, 3, 1, 16)).expect("a MeasurementSet");
    ms
}

fn one_source(scratch: &Scratch) -> PathBuf {
    scratch.sky("one", &[Source::point(343.5, 16.0, 1.0)]).0
}

/// Many sources, so that a run of one thread takes a while.
fn slow(scratch: &Scratch, rows: u16) -> (PathBuf, PathBuf) {
    let ms = scratch.path("slow.ms");
    make(&ms, &MsSpec::dsa110(16, rows.into(), 1, 64)).expect("a MeasurementSet");
    let mut random = Random(3);
    let source =
        |_| Source::point(random.within(341.0, 345.0), random.within(14.2, 17.9), random.within(0.01, 1.0));
    let sources: Vec<Source> = (0..40_000).map(source).collect();
    (ms, scratch.sky("many", &sources).0)
}

const SLOWLY: [&str; 6] =
    ["--engine=direct", "--threads=1", "--memory=2MiB", "--radius=all", "--quiet", "--check=64"];

/// Puts a pipe, which nobody serves, in the place of a file.
fn pipe_instead(file: &Path) {
    let _ = fs::remove_file(file);
    assert!(Command::new("mkfifo").arg(file).status().expect("mkfifo").success());
}

/// The command gave up in time, with this code and these words.
#[track_caller]
fn gave_up(run: Run, code: i32, limit: f64, words: &[&str]) {
    let run = run.exits(code).says(words);
    let limit = Duration::from_secs_f64(limit);
    assert!(run.wall >= limit && run.wall <= limit + BEYOND, "gave up after {:?}:\n{}", run.wall, run.text);
}

#[test]
fn a_file_that_is_never_read_ends_the_run() {
    let scratch = Scratch::new();
    let (ms, csv) = (made(&scratch, "a.ms"), one_source(&scratch));
    let antennas = ms.join("ANTENNA/table.f0");
    pipe_instead(&antennas);
    let stalls = ["--stall-timeout=1"];
    let words = ["no progress for 1 s", "a.ms", "ANTENNA/table.f0", "file system at", "nothing was written"];
    gave_up(predict(&ms, &csv, &stalls), 125, 1.0, &words);
    // The whole time, where that is shorter.
    let words = ["stopped by --timeout after 1.0 s", "ANTENNA/table.f0"];
    gave_up(predict(&ms, &csv, &["--timeout=1", "--stall-timeout=60"]), 124, 1.0, &words);
    gave_up(run(args!["check", &ms, "--stall-timeout=1"]), 125, 1.0, &["ANTENNA/table.f0"]);
    let described = ms.join("table.dat");
    pipe_instead(&described);
    gave_up(run(args!["status", &ms, "--stall-timeout=1"]), 125, 1.0, &["open of", "table.dat"]);
}

#[test]
fn a_pipe_is_no_catalogue() {
    let scratch = Scratch::new();
    let ms = made(&scratch, "a.ms");
    let catalogue = scratch.path("never.csv");
    pipe_instead(&catalogue);
    let before = file_contents(&ms);
    predict(&ms, &catalogue, &["--stall-timeout=1"]).exits(3).says(&["never.csv", "a pipe or a device"]);
    assert!(file_contents(&ms) == before);
}

#[test]
fn one_that_stalls_does_not_stop_the_others() {
    let scratch = Scratch::new();
    let csv = one_source(&scratch);
    let all = ["a.ms", "b.ms", "c.ms"].map(|name| made(&scratch, name));
    pipe_instead(&all[1].join("FIELD/table.f0"));
    let report = scratch.path("report.json");
    let run = run(args![&all[0], &all[1], &all[2], &csv, "--stall-timeout=1", "--report", &report]);
    let run = run.exits(125).says(&["2 done, 1 failed", "b.ms: no progress", "FIELD/table.f0"]);
    assert!(run.wall < Duration::from_secs(15), "took {:?}", run.wall);
    for ms in [&all[0], &all[2]] {
        assert_eq!(state(ms), "complete");
    }
    let told: Value = serde_json::from_slice(&fs::read(&report).unwrap()).expect("JSON");
    let codes: Vec<u64> = told.as_array().unwrap().iter().map(|e| e["exit_code"].as_u64().unwrap()).collect();
    assert_eq!(codes, [0, 125, 0], "{told}");
}

/// A started run.
fn started(arguments: &[&OsStr]) -> Child {
    let mut command = command();
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the binary starts")
}

fn signal(name: &str, process: u32) {
    assert!(Command::new("kill").arg(name).arg(process.to_string()).status().expect("kill").success());
}

/// The process that does the work of a command.
fn worker(child: &Child) -> u32 {
    let begun = Instant::now();
    loop {
        let children = format!("/proc/{0}/task/{0}/children", child.id());
        let text = fs::read_to_string(children).unwrap_or_default();
        if let Some(process) = text.split_whitespace().next() {
            return process.parse().expect("a number");
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "no worker");
        thread::sleep(Duration::from_millis(5));
    }
}

fn status(ms: &Path, options: &[&str]) -> (Value, Option<i32>) {
    let mut arguments = args!["status", ms, "--json"].to_vec();
    arguments.extend(options.iter().map(OsStr::new));
    let run = run(arguments);
    (serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("no JSON: {}", run.text)), run.code)
}

#[test]
fn a_crash_is_told() {
    let scratch = Scratch::new();
    let (ms, csv) = slow(&scratch, 24);
    let mut arguments = SLOWLY.map(OsStr::new).to_vec();
    arguments.extend(args![&ms, &csv]);
    let child = started(&arguments);
    until(&ms, |status| status["state"] == "incomplete");
    signal("-ABRT", worker(&child));
    finish(child).exits(134).says(&["SIGABRT", "status"]);
    assert_eq!(state(&ms), "incomplete");
}

/// The bytes of the model column.
fn column(ms: &Path) -> Vec<u8> {
    fs::read(tile_file(ms)).expect("a column")
}

fn tile_file(ms: &Path) -> PathBuf {
    let table = nvss_predict::ms::open(ms, casacore::Access::ReadOnly).expect("a table");
    let files = table.files_of_column("MODEL_DATA").expect("files");
    files.into_iter().find(|file| file.to_string_lossy().ends_with("_TSM1")).expect("a tile file")
}

/// A run that `stop` ends on its way, resumed: the same column, bit for bit, and the same digest, as of one that nobody stopped.
fn resumed(options: &[&str], rows: u16, stop: &dyn Fn(&Path, &Child)) {
    let scratch = Scratch::new();
    let (ms, csv) = slow(&scratch, rows);
    let whole = scratch.copy(&ms, "whole.ms");
    let mut options = [&SLOWLY[..], options].concat();
    predict(&whole, &csv, &options).exits(0);
    let mut arguments: Vec<&OsStr> = options.iter().map(OsStr::new).collect();
    arguments.extend(args![&ms, &csv]);
    let child = started(&arguments);
    stop(&ms, &child);
    let ended = finish(child);
    assert_ne!(ended.code, Some(0), "it ended before it was stopped");
    let (found, code) = status(&ms, &[]);
    let (rows, of) = (found["rows"].as_i64().unwrap(), status(&whole, &[]).0["rows"].as_i64().unwrap());
    assert_eq!((found["state"].as_str(), code), (Some("incomplete"), Some(1)), "{found}");
    assert!(0 < rows && rows < of, "{rows} of {of} rows");
    // Another run is not gone on with.
    options.push("--resume");
    let other = [&options[..], &["--min-flux=20mJy"]].concat();
    predict(&ms, &csv, &other).exits(3).says(&["cannot be resumed", "another one"]);
    predict(&ms, &csv, &[&options[..], &["--mode=add"]].concat()).exits(3);
    let report = scratch.path("report.json");
    let named = format!("--report={}", report.display());
    predict(&ms, &csv, &[&options[..], &[&named]].concat()).exits(0);
    let told: Value = serde_json::from_slice(&fs::read(&report).unwrap()).expect("JSON");
    assert_eq!(told["resumed_rows"], rows, "{told}");
    assert_eq!(told["check"]["visibilities"], 64, "the check sees all rows: {told}");
    assert!(column(&ms) == column(&whole), "not the column of a run that nobody stopped");
    let (one, other) = (status(&ms, &["--deep"]), status(&whole, &["--deep"]));
    assert_eq!((one.1, &one.0["xxh3"], &one.0["deep"]), (Some(0), &other.0["xxh3"], &other.0["deep"]));
    assert_eq!(one.0["deep"]["matches"], true);
    say(&format!("resumed after {rows} of {of} rows"));
    // Of a whole column nothing is left.
    let before = column(&ms);
    predict(&ms, &csv, &options).exits(0).says(&["complete already"]);
    assert!(column(&ms) == before);
}

#[test]
fn an_interrupted_run_is_resumed() {
    resumed(&[], 24, &|ms, child| {
        until(ms, |status| status["state"] == "incomplete");
        thread::sleep(Duration::from_millis(100));
        signal("-INT", child.id());
    });
}

#[test]
fn an_interrupted_run_of_casacores_writer_is_resumed() {
    resumed(&["--writer=casacore"], 24, &|ms, child| {
        until(ms, |status| status["state"] == "incomplete");
        thread::sleep(Duration::from_millis(100));
        signal("-TERM", child.id());
    });
}

#[test]
fn a_killed_run_is_resumed() {
    resumed(&[], 48, &|ms, child| {
        until(ms, |status| status["state"] == "incomplete");
        // What is done is noted every five seconds: they pass while nothing is computed.
        let worker = worker(child);
        signal("-STOP", worker);
        thread::sleep(Duration::from_secs(5));
        signal("-CONT", worker);
        until(ms, |status| status["rows"].as_i64().is_some_and(|rows| rows > 0));
        signal("-KILL", child.id());
    });
}

#[test]
fn one_flipped_bit_is_found() {
    let scratch = Scratch::new();
    let (ms, csv) = (made(&scratch, "a.ms"), one_source(&scratch));
    for options in [&[][..], &["--writer=casacore"], &["--fields=1", "--column=PART"]] {
        predict(&ms, &csv, options).exits(0);
        let column = options.iter().find(|option| option.starts_with("--column"));
        let deep: Vec<&str> = ["--deep"].into_iter().chain(column.copied()).collect();
        let (found, code) = status(&ms, &deep);
        assert_eq!((&found["deep"]["matches"], code), (&Value::Bool(true), Some(0)), "{options:?}: {found}");
    }
    let mut file = fs::File::options().read(true).write(true).open(tile_file(&ms)).expect("a file");
    let mut byte = [0];
    file.seek(SeekFrom::Start(1001)).and_then(|_| file.read_exact(&mut byte)).expect("a byte");
    file.seek(SeekFrom::Start(1001)).and_then(|_| file.write_all(&[byte[0] ^ 4])).expect("a byte");
    let (found, code) = status(&ms, &["--deep"]);
    assert_eq!((&found["deep"]["matches"], code), (&Value::Bool(false), Some(1)), "{found}");
    run(args!["status", &ms, "--deep"]).exits(1).says(&["no longer holds what was written"]);
    // What is not read is not noticed.
    assert_eq!(status(&ms, &[]).1, Some(0));
}

/// Runs a shell's words with the binary, the MeasurementSet and the catalogue as $0, $1 and $2.
fn shell(words: &str, ms: &Path, csv: &Path) -> Run {
    let binary = assert_cmd::cargo::cargo_bin!("nvss-predict");
    let mut shell = Command::new("sh");
    shell.env("NVSS_PREDICT_CACHE", "off");
    shell.arg("-c").arg(words).args(args![&binary, ms, csv]).stdout(Stdio::piped()).stderr(Stdio::piped());
    finish(shell.spawn().expect("sh"))
}

#[test]
fn a_limit_of_file_sizes_is_seen_before() {
    let scratch = Scratch::new();
    let (ms, csv) = (made(&scratch, "a.ms"), one_source(&scratch));
    let before = file_contents(&ms);
    shell("ulimit -f 64; exec \"$0\" \"$1\" \"$2\"", &ms, &csv)
        .exits(5)
        .says(&["ulimit -f", "nothing was written"]);
    assert!(file_contents(&ms) == before);
    shell("ulimit -f 64; exec \"$0\" check \"$1\"", &ms, &csv).exits(1).says(&["ulimit -f", "not ready"]);
}

/// A file system of its own, that ends with its shell. The column does not fit, or fits but hardly.
#[test]
fn a_full_disk_is_seen_before() {
    let scratch = Scratch::new();
    let (ms, csv) = (made(&scratch, "a.ms"), one_source(&scratch));
    let disk = scratch.path("disk");
    fs::create_dir(&disk).unwrap();
    let inner = |options: &str, then: &str| {
        format!(
            "unshare -m sh -c 'mount -t tmpfs -o {options} none {0} && cp -a \"$1\" {0}/a.ms || exit 77; {then}' \"$0\" \"$1\" \"$2\"",
            disk.display()
        )
    };
    let on = |options: &str, then: &str| {
        shell(&inner(options, &then.replace("MS", &format!("{}/a.ms", disk.display()))), &ms, &csv)
    };
    if on("size=64m", "exit 0").code != Some(0) {
        say("SKIPPED: a_full_disk_is_seen_before: no file systems can be mounted here (root can)");
        return;
    }
    on("size=8m", "\"$0\" MS \"$2\"").exits(5).says(&["are free", "nothing was written"]);
    on("size=64m,nr_inodes=160", "while touch MS/../$((i=i+1)); do :; done 2>/dev/null; \"$0\" MS \"$2\"")
        .exits(5)
        .says(&["inodes", "nothing was written"]);
    // A disk that is filled to the last byte before a column is overwritten.
    let fill = "\"$0\" -q MS \"$2\" && cat /dev/zero > MS/../fill 2>/dev/null; \"$0\" MS \"$2\"";
    on("size=64m", fill).exits(5).says(&["are free", "nothing was written"]);
    let looked = on("size=64m", "mount -o remount,ro MS/..; \"$0\" check MS");
    looked.exits(1).says(&["read-only", "BAD"]);
}

#[test]
fn check_tells_what_stands_in_the_way() {
    let scratch = Scratch::new();
    let (ms, csv) = (made(&scratch, "a.ms"), one_source(&scratch));
    let before = file_contents(&ms);
    let good = run(args!["check", &ms, &csv, "--json"]).exits(0);
    let found: Value = serde_json::from_str(&good.stdout).expect("JSON");
    assert_eq!(found["good"], true);
    let named: Vec<&str> =
        found["findings"].as_array().unwrap().iter().map(|f| f["what"].as_str().unwrap()).collect();
    for what in ["files", "open", "lock", "storage", "column", "room", "virtual", "uvw", "channels", "sky"] {
        assert!(named.contains(&what), "{what} was not looked at: {named:?}");
    }
    assert_eq!(found["plan"]["catalogue"]["selected"], 1, "{found}");
    assert!(
        found["plan"]["compute_estimate"].as_f64().is_some_and(|seconds| seconds > 0.0 && seconds < 60.0)
    );
    assert!(file_contents(&ms) == before, "check wrote");
    run(args!["check", &ms]).exits(0).says(&[
        "ready: nothing stands in the way",
        "good",
        "antennas are apart",
    ]);
    run(args!["check", &ms, &csv, "--column", "DATA"]).exits(1).says(&["BAD", "observations"]);
    let (far, _) = scratch.sky("far", &[Source::point(10.0, -70.0, 1.0)]);
    run(args!["check", &ms, &far, "--radius", "2"]).exits(1).says(&["model would be zero"]);
    run(args!["check", &scratch.path("none.ms")]).exits(1).says(&["no such"]);
}

#[test]
fn check_looks_at_uvw_and_locks() {
    need!(oracles);
    let scratch = Scratch::new();
    let ms = made(&scratch, "a.ms");
    common::tamper(&args!["set", &ms, "UVW", "3", "[NaN, 1, 2]"]);
    run(args!["check", &ms]).exits(0).says(&["warning", "1 of"]);
    let table = nvss_predict::ms::open(&ms, casacore::Access::ReadWrite).expect("a table");
    assert!(table.lock(casacore::LockMode::Write, Duration::ZERO).expect("a lock"));
    let strange = ndarray::Array2::from_shape_fn((table.row_count().min(20) as usize, 3), |(_, axis)| {
        axis as f64 + 0.1
    });
    table.put_cells("UVW", 0, strange.view().into_dyn()).expect("other coordinates");
    table.close().expect("closed");
    run(args!["check", &ms]).exits(0).says(&["is not the distance of the antennas"]);
    let mut holder = common::oracle_command("lock_holder.py");
    let mut holder =
        holder.args(args![&ms, "write"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = [0; 7];
    holder.stdout.as_mut().unwrap().read_exact(&mut line).expect("locked");
    let pid = holder.id().to_string();
    run(args!["check", &ms, "--lock-timeout", "1"]).exits(1).says(&["locked by", &pid]);
    drop(holder.stdin.take());
    let _ = holder.wait();
}

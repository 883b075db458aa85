//! Bar 1: a file system that never answers. Needs root and `/dev/fuse`; skipped aloud without.
//!
//! The same with `wsclean -predict`, to compare:
//! `cargo test --release --test stall -- --ignored --nocapture wsclean`.

mod common;
#[path = "stall/filesystem.rs"]
mod filesystem;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use casacore::{Access, Table};
use common::sky::Source;
use common::{Scratch, command, oracle_command, predict, say, state};
use filesystem::{Mounted, Operation, Stall};

use nvss_predict::ms::make::{MsSpec, make};

/// What `--stall-timeout` is given, and how much later a run must have ended [s].
const LIMIT: u64 = 2;
const GRACE: u64 = 5;

/// How many file systems stall side by side, for most of the time is waiting.
const SIDE_BY_SIDE: usize = 3;

/// The exit code of a run that stalled.
const STALLED: i32 = 125;

/// An operation on one file, and the words for both in the message.
struct Case {
    operation: Operation,
    file: String,
    options: &'static [&'static str],
    words: Vec<&'static str>,
}

/// A folder with a MeasurementSet, and a file system that shows it.
struct Stage {
    scratch: Scratch,
    back: PathBuf,
    sky: PathBuf,
}

impl Stage {
    fn new() -> Stage {
        let scratch = Scratch::new();
        let back = scratch.path("back");
        std::fs::create_dir(&back).expect("a folder");
        let ms = back.join("stalled.ms");
        make(&ms, &MsSpec::dsa110(10, 16, 1, 128)).expect("a MeasurementSet");
        let sky = scratch.sky("sky", &[Source::point(341.5, 16.0, 2.0), Source::point(342.5, 16.3, 1.0)]).0;
        std::fs::copy(&sky, back.join("sky.csv")).expect("a copy");
        // The column is there: then its file is known before the run.
        let run = predict(&ms, &sky, &[]);
        assert_eq!(run.code, Some(0), "{}", run.text);
        Stage { scratch, back, sky }
    }

    fn ms(&self) -> PathBuf {
        self.back.join("stalled.ms")
    }

    /// The name of the file that holds a column's values.
    fn file_of(&self, column: &str) -> String {
        let table = Table::open(&self.ms(), Access::ReadOnly).expect("a table");
        let files = table.files_of_column(column).expect("files");
        let largest = files.into_iter().max_by_key(|file| file.metadata().map_or(0, |data| data.len()));
        let name = largest.as_deref().and_then(Path::file_name).expect("a file of the column");
        format!("stalled.ms/{}", name.to_string_lossy())
    }

    fn mounted(&self) -> Option<Mounted> {
        match Mounted::new(&self.back) {
            Ok(mounted) => Some(mounted),
            Err(error) => {
                say(&format!("SKIPPED: FUSE cannot be mounted here: {error}"));
                None
            }
        }
    }

    fn cases(&self) -> Vec<Case> {
        let (model, uvw) = (self.file_of("MODEL_DATA"), self.file_of("UVW"));
        let case = |operation, file: &str, options: &'static [&'static str], words: &[&'static str]| Case {
            operation,
            file: file.into(),
            options,
            words: words.to_vec(),
        };
        let lock = "stalled.ms/table.lock";
        vec![
            case(Operation::Open, &model, &[], &["open"]),
            case(Operation::Open, "stalled.ms/table.dat", &[], &["open", "table.dat"]),
            case(Operation::Open, "FIELD/table.dat", &[], &["open", "FIELD"]),
            case(Operation::Open, "sky.csv", &[], &["open", "sky.csv"]),
            case(Operation::Read, &model, &["--mode", "add"], &["read"]),
            case(Operation::Read, &uvw, &[], &["read"]),
            case(Operation::Read, "sky.csv", &[], &["read", "sky.csv"]),
            case(Operation::Write, &model, &[], &["write"]),
            case(Operation::Write, &model, &["--writer", "casacore"], &["write"]),
            case(Operation::Write, "stalled.ms/table.dat_tmp", &[], &["write"]),
            case(Operation::Fsync, &model, &[], &["fsync"]),
            case(Operation::Fsync, "stalled.ms/table.dat", &[], &["fsync", "table.dat"]),
            case(Operation::Fsync, "stalled.ms", &[], &["fsync"]),
            case(Operation::Flush, &model, &[], &["close"]),
            case(Operation::Flush, "sky.csv", &[], &["close"]),
            case(Operation::Lock, lock, &[], &["lock", "table.lock"]),
            case(Operation::Lock, "HISTORY/table.lock", &[], &["lock", "HISTORY"]),
        ]
    }
}

/// Waits for a process no longer than it may take; none if it has not ended then.
fn ended_within(child: &mut Child, limit: Duration) -> Option<i32> {
    let begun = Instant::now();
    while begun.elapsed() < limit {
        if let Some(status) = child.try_wait().expect("a status") {
            return Some(status.code().unwrap_or(-1));
        }
        thread::sleep(Duration::from_millis(10));
    }
    None
}

/// Each operation in turn: the command ends in time and says where it was stuck, the MeasurementSet is repaired by a
/// rerun, and its state is not that of a complete column unless it is one.
#[test]
fn the_command_ends() {
    let failures: Vec<String> = thread::scope(|scope| {
        let start = |share| scope.spawn(move || failures_of(share));
        let shares: Vec<_> = (0..SIDE_BY_SIDE).map(start).collect();
        shares.into_iter().flat_map(|share| share.join().expect("a share of the cases")).collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// What went wrong in one share of the cases.
fn failures_of(share: usize) -> Vec<String> {
    let stage = Stage::new();
    let mut failures = Vec::new();
    for case in stage.cases().iter().skip(share).step_by(SIDE_BY_SIDE) {
        let Some(mounted) = stage.mounted() else { return failures };
        mounted.stall(Stall { operation: case.operation, file: case.file.clone() });
        let log = stage.scratch.path("log");
        let output = std::fs::File::create(&log).expect("a file");
        let mut run = command();
        run.args(case.options).args(["--stall-timeout", &LIMIT.to_string()]);
        run.arg(mounted.path().join("stalled.ms")).arg(mounted.path().join("sky.csv"));
        let begun = Instant::now();
        let mut child =
            run.stdout(output.try_clone().expect("a file")).stderr(output).spawn().expect("it starts");
        let code = ended_within(&mut child, Duration::from_secs(LIMIT + GRACE));
        let took = begun.elapsed();
        let stalled = mounted.stalled();
        drop(mounted);
        let _ = child.wait();
        let text = std::fs::read_to_string(&log).expect("a log");
        let what = format!("{:?} of {}", case.operation, case.file);
        say(&format!("{what}: exit code {code:?} after {:.1} s", took.as_secs_f64()));
        let file = case.file.rsplit('/').next().unwrap_or_default();
        let told = case.words.iter().chain([&file]).filter(|word| !text.contains(**word)).collect::<Vec<_>>();
        if stalled == 0 {
            failures.push(format!("{what}: nothing stalled (exit code {code:?})\n{text}"));
        } else if code != Some(STALLED) || !(told.is_empty() || case.operation == Operation::Flush) {
            failures.push(format!("{what}: exit code {code:?}, not told: {told:?}\n{text}"));
        }
        let rerun = predict(&stage.ms(), &stage.sky, &[]);
        if rerun.code != Some(0) || state(&stage.ms()) != "complete" {
            failures.push(format!("{what}: a rerun does not repair it\n{}", rerun.text));
        }
    }
    failures
}

/// The kernel waits for no answer to a release: a run ends well.
#[test]
fn a_release_is_not_waited_for() {
    let stage = Stage::new();
    let Some(mounted) = stage.mounted() else { return };
    mounted.stall(Stall { operation: Operation::Release, file: stage.file_of("MODEL_DATA") });
    let run = predict(&mounted.path().join("stalled.ms"), &stage.sky, &["--stall-timeout", "3"]);
    assert!(mounted.stalled() > 0, "nothing was released");
    drop(mounted);
    assert_eq!(run.code, Some(0), "{}", run.text);
    assert_eq!(state(&stage.ms()), "complete");
}

/// In Python the call raises in time, and the process lives on and can do something else.
#[test]
fn a_python_call_raises() {
    need!(oracles);
    let stage = Stage::new();
    let (model, uvw) = (stage.file_of("MODEL_DATA"), stage.file_of("UVW"));
    for (operation, file) in [
        (Operation::Open, "stalled.ms/table.dat".to_owned()),
        (Operation::Read, uvw),
        (Operation::Write, model.clone()),
        (Operation::Fsync, model),
        (Operation::Lock, "stalled.ms/table.lock".to_owned()),
    ] {
        let Some(mounted) = stage.mounted() else { return };
        mounted.stall(Stall { operation, file: file.clone() });
        let limit = LIMIT.to_string();
        let mut call = oracle_command("call.py");
        call.args(args![&mounted.path().join("stalled.ms"), &stage.sky, "--stall-timeout", &limit]);
        let mut child =
            call.env("NVSS_PREDICT_CACHE", "off").stdout(Stdio::piped()).spawn().expect("python starts");
        let line = first_line(&mut child, Duration::from_secs(60));
        let stalled = mounted.stalled();
        drop(mounted);
        let _ = child.wait();
        if line.contains("no package") {
            say("SKIPPED: the Python package is not installed where the oracles are");
            return;
        }
        let told: serde_json::Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("{operation:?} of {file}: '{line}'"));
        say(&format!("{operation:?} of {file}, from Python: {told}"));
        assert!(stalled > 0, "{operation:?} of {file}: nothing stalled");
        assert_eq!(told["alive"], 4, "{told}");
        let text = told["raised"]["text"].as_str().unwrap_or_default();
        let name = file.rsplit('/').next().unwrap_or_default();
        assert!(text.contains(name), "{operation:?} of {file}: {told}");
        assert!(told["seconds"].as_f64().is_some_and(|took| took <= (LIMIT + GRACE) as f64), "{told}");
        let rerun = predict(&stage.ms(), &stage.sky, &[]);
        assert_eq!(rerun.code, Some(0), "{}", rerun.text);
    }
}

/// The first line that a process says, if it comes in time.
fn first_line(child: &mut Child, limit: Duration) -> String {
    use std::io::{BufRead, BufReader};
    let pipe = child.stdout.take().expect("a pipe");
    let (tell, told) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let mut line = String::new();
        let _ = BufReader::new(pipe).read_line(&mut line);
        let _ = tell.send(line);
    });
    told.recv_timeout(limit).unwrap_or_default()
}

/// What WSClean does, which this program replaces: twenty seconds, then it is killed.
#[test]
#[ignore = "a comparison, run by hand"]
fn wsclean_meets_the_same() {
    need!(wsclean);
    let stage = Stage::new();
    // Any image will do for a model.
    let name = stage.scratch.path("model");
    let grid = ["-size", "64", "64", "-scale", "1amin", "-name"];
    let drawn = Command::new("wsclean").args(grid).arg(&name).args(["-niter", "0"]).arg(stage.ms()).output();
    assert!(drawn.is_ok_and(|output| output.status.success()), "wsclean makes no image");
    std::fs::copy(stage.scratch.path("model-image.fits"), stage.scratch.path("model-model.fits"))
        .expect("a model");
    for case in stage.cases().iter().filter(|case| case.options.is_empty() && case.file != "sky.csv") {
        let Some(mounted) = stage.mounted() else { return };
        mounted.stall(Stall { operation: case.operation, file: case.file.clone() });
        let patience = Duration::from_secs(20);
        let begun = Instant::now();
        let mut child = Command::new("wsclean")
            .args(grid)
            .arg(&name)
            .arg("-predict")
            .arg(mounted.path().join("stalled.ms"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("wsclean starts");
        let code = ended_within(&mut child, patience);
        let (took, stalled) = (begun.elapsed(), mounted.stalled());
        let _ = child.kill();
        drop(mounted);
        let _ = child.wait();
        say(&format!(
            "wsclean, {:?} of {}: {} after {:.1} s ({stalled} requests stalled)",
            case.operation,
            case.file,
            code.map_or("still hung".to_owned(), |code| format!("exit code {code}")),
            took.as_secs_f64()
        ));
    }
}

//! What the integration tests share: real data, programs that are not ours, and the binary itself.
//!
//! Data: `$NVSS_PREDICT_DATA`, or `../shared/data` beside the project. Oracles: a Python environment at
//! `$NVSS_PREDICT_ORACLES`, or `.oracles/` as `test.sh` makes it. What is missing is said aloud
//! (`SKIPPED: …`); missing oracles are a failure where `CI=true`, missing data where `$NVSS_PREDICT_DATA` is set.
#![allow(dead_code, reason = "each test binary uses its own part")]

mod interpreter;
pub mod sky;

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Longest any run of the binary in these tests may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// A line that the test harness does not capture.
pub fn say(line: &str) {
    // One write, so that lines of tests that run at the same time stay whole.
    let _ = std::io::stderr().write_all(format!("    {line}\n").as_bytes());
}

fn in_ci() -> bool {
    std::env::var("CI").as_deref() == Ok("true")
}

fn missing(what: &str, fatal: bool) {
    assert!(!fatal, "this must be there: {what}");
    let name = thread::current().name().unwrap_or("test").to_owned();
    say(&format!("SKIPPED: {name}: {what}"));
}

/// A file or folder of the shared real data; says aloud that a test is skipped if it is not there.
pub fn data(relative: &str) -> Option<PathBuf> {
    let root = match std::env::var_os("NVSS_PREDICT_DATA") {
        Some(root) => PathBuf::from(root),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
    };
    let path = root.join(relative);
    if !path.exists() {
        let given = std::env::var_os("NVSS_PREDICT_DATA").is_some();
        missing(&format!("no {relative} in the real data (set NVSS_PREDICT_DATA)"), given);
        return None;
    }
    Some(path)
}

/// The Python interpreter that has the oracles.
pub fn python() -> Option<PathBuf> {
    let root = match std::env::var_os("NVSS_PREDICT_ORACLES") {
        Some(root) => PathBuf::from(root),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join(".oracles"),
    };
    let python = root.join("bin/python");
    if !python.exists() {
        missing(
            "no Python environment with the oracles (run ./test.sh, or set NVSS_PREDICT_ORACLES)",
            in_ci(),
        );
        return None;
    }
    Some(python)
}

/// Whether WSClean is installed.
pub fn has_wsclean() -> bool {
    let found = Command::new("wsclean").arg("--version").output().is_ok();
    if !found {
        missing("wsclean is not installed", in_ci());
    }
    found
}

/// Returns early, aloud, unless the named things are there.
#[macro_export]
macro_rules! need {
    (oracles) => {
        if $crate::common::python().is_none() {
            return;
        }
    };
    (wsclean) => {
        if !$crate::common::has_wsclean() {
            return;
        }
    };
    ($path:expr) => {
        match $crate::common::data($path) {
            Some(path) => path,
            None => return,
        }
    };
}

/// A folder of its own for a test, gone at the end.
pub struct Scratch {
    dir: TempDir,
}

impl Scratch {
    /// An empty folder.
    pub fn new() -> Self {
        Scratch { dir: tempfile::tempdir().expect("a temporary folder") }
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file in it.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).expect("a written file");
        path
    }

    /// Unpacks an archive; returns every MeasurementSet in it (and what calls itself one).
    pub fn unpack(&self, archive: &Path) -> Vec<PathBuf> {
        let status = Command::new("tar").arg("xzf").arg(archive).arg("-C").arg(self.dir.path()).status();
        assert!(status.expect("tar").success(), "cannot unpack {}", archive.display());
        let mut found = Vec::new();
        find_tables(self.dir.path(), &mut found);
        found.sort();
        found
    }

    /// Unpacks an archive that holds one MeasurementSet.
    pub fn unpack_one(&self, archive: &Path) -> PathBuf {
        let mut found = self.unpack(archive);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    /// A sky both as our CSV and as the JSON of the independent sum.
    pub fn sky(&self, name: &str, sources: &[sky::Source]) -> (PathBuf, PathBuf) {
        let csv = self.write(&format!("{name}.csv"), sky::csv(sources));
        let json = self.write(&format!("{name}.json"), sky::json(sources));
        (csv, json)
    }

    /// A second copy of a table.
    pub fn copy(&self, ms: &Path, name: &str) -> PathBuf {
        let to = self.path(name);
        let status = Command::new("cp").arg("-a").arg(ms).arg(&to).status();
        assert!(status.expect("cp").success());
        to
    }
}

fn find_tables(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        let is_ms = path.extension().is_some_and(|e| e.to_string_lossy().to_lowercase().ends_with("ms"));
        if is_ms && path.join("table.dat").exists() {
            found.push(path);
        } else if path.is_dir() && !path.join("table.dat").exists() {
            find_tables(&path, found);
        }
    }
}

/// What a run of the binary came to.
#[derive(Debug)]
pub struct Run {
    /// Exit code; `None` if killed by a signal.
    pub code: Option<i32>,
    /// Standard output and error together, as a person would see them.
    pub text: String,
    /// Standard output alone.
    pub stdout: String,
    /// Wall time.
    pub wall: Duration,
}

impl Run {
    /// Asserts the exit code, showing what was printed otherwise.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "expected exit code {code}, got {:?} after\n{}",
            self.code,
            self.text
        );
        self
    }

    /// Asserts that the output has each of these words (case ignored).
    #[track_caller]
    pub fn says(self, words: &[&str]) -> Self {
        let text = self.text.to_lowercase();
        for word in words {
            assert!(text.contains(&word.to_lowercase()), "expected to read `{word}` in\n{}", self.text);
        }
        assert!(!text.contains("panicked at"), "a panic:\n{}", self.text);
        self
    }
}

/// The command, ready for arguments.
pub fn command() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("nvss-predict"));
    command.stdin(Stdio::null());
    // Nothing of a test is to stay in the user's cache.
    command.env("NVSS_PREDICT_CACHE", "off");
    command
}

/// Runs the binary to its end.
pub fn run<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Run {
    let mut command = command();
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    let begun = Instant::now();
    let mut run = finish(command.spawn().expect("the binary starts"));
    run.wall = begun.elapsed();
    run
}

/// Predicts `catalogue` into `ms` with further options.
pub fn predict(ms: &Path, catalogue: &Path, options: &[&str]) -> Run {
    let mut arguments: Vec<&OsStr> = options.iter().map(OsStr::new).collect();
    arguments.extend([ms.as_os_str(), catalogue.as_os_str()]);
    run(arguments)
}

/// Waits for a started run, with patience but not for ever; its wall time counts from here.
pub fn finish(mut child: Child) -> Run {
    let start = Instant::now();
    let reader = |mut pipe: Box<dyn Read + Send>| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = pipe.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        })
    };
    let out = reader(Box::new(child.stdout.take().expect("a pipe")));
    let err = reader(Box::new(child.stderr.take().expect("a pipe")));
    let status = loop {
        if let Some(status) = child.try_wait().expect("a status") {
            break status;
        }
        if start.elapsed() > PATIENCE {
            let _ = child.kill();
            panic!("the run did not end within {PATIENCE:?}: {}", err.join().unwrap_or_default());
        }
        thread::sleep(Duration::from_millis(2));
    };
    let (stdout, stderr) = (out.join().expect("output"), err.join().expect("output"));
    Run { code: status.code(), text: format!("{stdout}{stderr}"), stdout, wall: start.elapsed() }
}

/// Starts one of the programs in `tests/oracles`.
pub fn oracle_command(script: &str) -> Command {
    let python = python().expect("checked by need!(oracles)");
    let mut command = Command::new(python);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles").join(script));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// The programs that need numpy and python-casacore alone: one interpreter runs them all.
const SERVED: [&str; 4] = ["f64sum.py", "digest.py", "tamper.py", "observation.py"];

/// Runs one of the programs in `tests/oracles`.
pub fn oracle<S: AsRef<OsStr>>(script: &str, arguments: impl IntoIterator<Item = S>) -> Output {
    if !SERVED.contains(&script) {
        return oracle_command(script).args(arguments).output().expect("python starts");
    }
    let text = |word: S| word.as_ref().to_str().expect("a word of UTF-8").to_owned();
    let words: Vec<String> = [script.to_owned()].into_iter().chain(arguments.into_iter().map(text)).collect();
    interpreter::run(&words)
}

/// The same, and it must succeed; returns its standard output.
#[track_caller]
pub fn oracle_ok<S: AsRef<OsStr>>(script: &str, arguments: impl IntoIterator<Item = S>) -> String {
    let output = oracle(script, arguments);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script} failed:\n{out}{err}");
    out.into_owned()
}

/// Changes an MS through python-casacore.
#[track_caller]
pub fn tamper(arguments: &[&OsStr]) -> String {
    oracle_ok("tamper.py", arguments)
}

/// Arguments of mixed string types.
#[macro_export]
macro_rules! args {
    ($($arg:expr),* $(,)?) => { [$(std::ffi::OsStr::new($arg)),*] };
}

/// The independent sum's verdict on a column, whatever it is.
#[track_caller]
pub fn measure(ms: &Path, options: &[&OsStr]) -> Value {
    let output = oracle("f64sum.py", [ms.as_os_str()].iter().chain(options));
    let out = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&out).unwrap_or_else(|_| {
        panic!("f64sum.py failed on {}:\n{}", ms.display(), String::from_utf8_lossy(&output.stderr))
    })
}

/// Asserts that a column is what the independent sum makes it: rms error ≤ 1e-6 of the rms. Prints the figure.
#[track_caller]
pub fn assert_equal_to_sum(label: &str, ms: &Path, options: &[&OsStr]) -> Value {
    let found = measure(ms, options);
    let relative = found["relative"].as_f64().unwrap_or(f64::INFINITY);
    say(&format!(
        "{label}: rms error {relative:.2e} of rms |V| {:.4} Jy ({} sources, {} values)",
        found["model_rms"].as_f64().unwrap_or(f64::NAN),
        found["sources"],
        found["values"]
    ));
    assert!(relative <= 1e-6, "{label}: {found}");
    found
}

/// Facts about an MS, read by python-casacore.
pub fn describe(ms: &Path) -> Value {
    serde_json::from_str(&oracle_ok("observation.py", [ms])).expect("JSON")
}

/// Everything of an MS that must stay as it is.
pub struct Digest {
    file: PathBuf,
    model: String,
    _dir: TempDir,
}

impl Digest {
    /// Takes the digests; `model` is the column that may change.
    pub fn take(ms: &Path, model: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let file = dir.path().join("digest.json");
        oracle_ok("digest.py", args!["take", ms, &file, "--model", model]);
        Digest { file, model: model.into(), _dir: dir }
    }

    /// What changed since: one line each.
    pub fn differences(&self, ms: &Path) -> String {
        let output = oracle("digest.py", args!["compare", ms, &self.file, "--model", &self.model]);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() || !text.trim().is_empty(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        text.trim().to_owned()
    }

    /// Asserts that nothing changed but the model column and HISTORY.
    #[track_caller]
    pub fn assert_unharmed(&self, ms: &Path) {
        assert_eq!(self.differences(ms), "", "{} was changed", ms.display());
    }
}

/// Every file's name and content but table.lock, for "nothing was written".
pub fn file_contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name() != Some(OsStr::new("table.lock")) {
                let bytes = fs::read(&path).expect("a readable file");
                found.push((path, bytes));
            }
        }
    }
    found.sort();
    found
}

/// `nvss-predict status --json`.
fn status(ms: &Path) -> Value {
    let run = run(args!["status", ms, "--json"]);
    serde_json::from_str(&run.stdout)
        .unwrap_or_else(|e| panic!("status --json is not JSON ({e}):\n{}", run.text))
}

/// Waits until the status of a MeasurementSet is as wanted, with patience but not for ever.
#[track_caller]
pub fn until(ms: &Path, wanted: impl Fn(&Value) -> bool) {
    let begun = Instant::now();
    while !wanted(&status(ms)) {
        assert!(begun.elapsed() < Duration::from_secs(120), "it stays {}", status(ms));
        thread::sleep(Duration::from_millis(5));
    }
}

/// The "state" of its status.
pub fn state(ms: &Path) -> String {
    let report = status(ms);
    report["state"].as_str().unwrap_or_else(|| panic!("no state in {report}")).to_owned()
}

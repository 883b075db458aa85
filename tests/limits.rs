//! Bar 3: no room, no permission, no inode, no file: an error and no harm, never an abort.
//!
//! Needs root, for file systems of a limited size and for another user; skipped aloud without. How many truncations:
//! `NVSS_PREDICT_TRUNCATIONS=100` (25 unless given).

mod common;
#[path = "limits/place.rs"]
mod place;
#[path = "limits/quiet.rs"]
mod quiet;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use common::sky::{Random, Source};
use common::{Digest, Run, Scratch, command, finish, python, say, state};
use place::{Kept, Limited, as_nobody, is_root, nobody_can};

use nvss_predict::ms::make::{DataColumn, MsSpec, make};

/// A small MeasurementSet of 1.5 MB of visibilities; `model` gives it a model column.
fn recipe(model: bool) -> MsSpec {
    let mut spec = MsSpec::dsa110(10, 16, 1, 128);
    spec.model = model.then(|| DataColumn { fixed_shape: true, ..DataColumn::default() });
    spec
}

fn sky(scratch: &Scratch) -> PathBuf {
    scratch.sky("sky", &[Source::point(341.5, 16.0, 2.0), Source::point(342.5, 16.3, 1.0)]).0
}

/// A MeasurementSet with a model, of which copies are spoilt one after the other, and the sky that is predicted into them.
struct Stage {
    scratch: Scratch,
    sky: PathBuf,
    original: PathBuf,
    before: Kept,
}

impl Stage {
    fn new() -> Stage {
        let scratch = Scratch::new();
        place::open_to_all(scratch.path("").as_path());
        let (sky, original) = (sky(&scratch), scratch.path("original.ms"));
        make(&original, &recipe(true)).expect("a MeasurementSet");
        let before = Kept::take(&original);
        Stage { scratch, sky, original, before }
    }

    /// A copy that `run` spoils and predicts into: the run ends in order, and with what `mend` puts right the copy is as it was.
    /// The exit code and the copy.
    #[track_caller]
    fn spoilt(&self, what: &str, run: impl FnOnce(&Path) -> Run, mend: impl FnOnce(&Path)) -> (i32, PathBuf) {
        let _ = fs::remove_dir_all(self.scratch.path("copy.ms"));
        let ms = self.scratch.copy(&self.original, "copy.ms");
        let code = orderly(what, &run(&ms));
        mend(&ms);
        self.before.assert_kept(what, &ms);
        (code, ms)
    }

    /// A file of the original in the place of what the copy has there.
    fn put_back(&self, ms: &Path, name: &str) {
        fs::copy(self.original.join(name), ms.join(name)).expect("a file put back");
    }
}

/// A run on a MeasurementSet in a file system of its own, which `run` leaves little room in, and what it leaves once there is
/// room again; the exit code. None where no file system can be mounted.
#[track_caller]
fn confined(
    what: &str,
    options: &str,
    model: bool,
    sky: &Path,
    run: impl FnOnce(&Limited, &Path) -> Option<i32>,
) -> Option<i32> {
    let place = Limited::new(options)?;
    let ms = place.path().join("confined.ms");
    make(&ms, &recipe(model)).expect("a MeasurementSet");
    let before = Kept::take(&ms);
    let code = run(&place, &ms)?;
    unharmed(what, code, &ms, sky, &before, || place.make_room());
    Some(code)
}

/// Ended by itself, with a code that is in the list of exit codes, and without a panic.
#[track_caller]
fn orderly(what: &str, run: &Run) -> i32 {
    let code = run.code.unwrap_or_else(|| panic!("{what}: killed by a signal\n{}", run.text));
    assert!([0, 3, 4, 5].contains(&code), "{what}: exit code {code}\n{}", run.text);
    assert!(!run.text.contains("panicked"), "{what}: a panic\n{}", run.text);
    assert!(
        code == 0 || run.text.contains("error: "),
        "{what}: exit code {code} without a word\n{}",
        run.text
    );
    code
}

fn predicting(ms: &Path, sky: &Path, options: &[&str]) -> Command {
    let mut command = command();
    command.args(options).arg(ms).arg(sky);
    command
}

fn predicted(ms: &Path, sky: &Path, options: &[&str]) -> Run {
    ended(predicting(ms, sky, options))
}

fn started(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
}

fn ended(mut command: Command) -> Run {
    finish(started(&mut command))
}

/// A Python call as a caller would make it; its line of JSON. None where the package is not there.
fn called(words: &[&std::ffi::OsStr]) -> Option<serde_json::Value> {
    let output = Command::new(python()?)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/call.py"))
        .args(words)
        .env("NVSS_PREDICT_CACHE", "off")
        .output()
        .expect("python starts");
    let text = String::from_utf8_lossy(&output.stdout);
    if text.contains("no package") {
        say("SKIPPED: the Python package is not installed where the oracles are");
        return None;
    }
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the process of the call ended with {:?}: {error}", output.status);
    Some(serde_json::from_str(&text).unwrap_or_else(|_| panic!("the call said {text}{error}")))
}

/// The process of a call lives on; the exit code that the command would have had.
#[track_caller]
fn outlived(told: &serde_json::Value) -> i32 {
    assert_eq!(told["alive"], 4, "{told}");
    if told["raised"].is_null() { 0 } else { 5 }
}

/// How many, as an environment variable says.
fn count(variable: &str, usual: usize) -> usize {
    std::env::var(variable).ok().and_then(|count| count.parse().ok()).unwrap_or(usual)
}

/// What a run leaves, whatever its end: everything but the model as it was, a state that is true, and a column that is complete or
/// that a rerun repairs once there is room.
#[track_caller]
fn unharmed(what: &str, code: i32, ms: &Path, sky: &Path, before: &Kept, give_room: impl FnOnce()) {
    before.assert_kept(what, ms);
    let found = state(ms);
    if code == 0 {
        return assert_eq!(found, "complete", "{what}: exit code 0");
    }
    if found == "complete" {
        // A run can fail after its column is complete, when it is not sure that the disk has the mark: then the column is right.
        common::run(args!["status", "--deep", ms]).exits(0).says(&["complete"]);
    }
    give_room();
    let run = predicted(ms, sky, &[]);
    assert_eq!(run.code, Some(0), "{what}: a rerun does not repair it\n{}", run.text);
    assert_eq!(state(ms), "complete", "{what}");
}

/// Free pages of 4 KiB: few where descriptions are written, and about as many as a column takes.
const PAGES: [u64; 13] = [0, 1, 2, 3, 4, 6, 8, 12, 20, 40, 200, 400, 800];

fn disk_full(model: bool) {
    if !is_root() {
        return;
    }
    let scratch = Scratch::new();
    let sky = sky(&scratch);
    let how = if model { "overwriting" } else { "creating" };
    let mut codes = Vec::new();
    for pages in PAGES {
        let what = format!("{pages} pages free, {how}");
        let code = confined(&what, "size=48m", model, &sky, |place, ms| {
            place.leave(pages * 4096);
            Some(orderly(&what, &predicted(ms, &sky, &[])))
        });
        let Some(code) = code else { return };
        codes.push(code);
    }
    say(&format!("disk full ({how}): exit codes {codes:?} with {PAGES:?} pages free"));
    assert!(codes.contains(&5), "no run met a full disk: {codes:?}");
}

#[test]
fn a_full_disk_while_creating() {
    disk_full(false);
}

#[test]
fn a_full_disk_while_overwriting() {
    disk_full(true);
}

/// The disk fills, or is given room, while the run is under way.
#[test]
fn a_disk_that_fills_while_it_runs() {
    if !is_root() {
        return;
    }
    let scratch = Scratch::new();
    let sky = sky(&scratch);
    let mut random = Random(7);
    for step in 0..8 {
        let what = format!("filled in step {step}");
        let code = confined(&what, "size=48m", step % 2 == 0, &sky, |place, ms| {
            let child = started(&mut predicting(ms, &sky, &["--threads", "1"]));
            thread::sleep(Duration::from_secs_f64(random.within(0.0, 0.25)));
            place.leave(0);
            Some(orderly(&what, &finish(child)))
        });
        if code.is_none() {
            return;
        }
    }
}

/// A limit on the size of files, which the system enforces with a signal that ends a process that does not expect it.
#[test]
fn a_limit_on_the_size_of_files() {
    let scratch = Scratch::new();
    let sky = sky(&scratch);
    let mut codes = Vec::new();
    for (step, kib) in [0u64, 1, 4, 16, 64, 512, 1024, 4096, 65536].into_iter().enumerate() {
        for model in [false, true] {
            let ms = scratch.path(&format!("limited-{step}-{model}.ms"));
            make(&ms, &recipe(model)).expect("a MeasurementSet");
            let before = Kept::take(&ms);
            let program = command();
            let mut limited = Command::new("bash");
            limited.args(["-c", "ulimit -f \"$1\"; shift; exec \"$@\"", "limit", &kib.to_string()]);
            limited.arg(program.get_program()).arg(&ms).arg(&sky).env("NVSS_PREDICT_CACHE", "off");
            let what = format!("files of {kib} KiB at most, model column there: {model}");
            let code = orderly(&what, &ended(limited));
            codes.push(code);
            unharmed(&what, code, &ms, &sky, &before, || ());
        }
    }
    say(&format!("limits on file sizes: exit codes {codes:?}"));
    assert!(codes.contains(&5) && codes.contains(&0), "{codes:?}");
}

#[test]
fn no_inodes_left() {
    if !is_root() {
        return;
    }
    let scratch = Scratch::new();
    let sky = sky(&scratch);
    let mut codes = Vec::new();
    for inodes in [0, 1, 4, 16, 64] {
        let what = format!("{inodes} inodes left");
        let code = confined(&what, "size=64m,nr_inodes=400", false, &sky, |place, ms| {
            place.leave_inodes(inodes);
            Some(orderly(&what, &predicted(ms, &sky, &[])))
        });
        let Some(code) = code else { return };
        codes.push(code);
    }
    say(&format!("inodes left 0, 1, 4, 16, 64: exit codes {codes:?}"));
    assert!(codes.contains(&5) && codes.contains(&0), "{codes:?}");
}

/// Files and folders that another user may not write, one after the other. Of the subtables, every other file may be read.
#[test]
fn what_may_not_be_written() {
    if !is_root() || !nobody_can(command()) {
        return;
    }
    let stage = Stage::new();
    let mut codes = Vec::new();
    let names = stage.before.names();
    for (step, name) in names.iter().map(String::as_str).chain(["", "HISTORY"]).enumerate() {
        let folder = stage.original.join(name).is_dir();
        let modes = [0o444, 0o000];
        for mode in if name.contains('/') { &modes[step % 2..][..1] } else { &modes[..] } {
            // A folder has to be entered, at least, or nothing is seen at all.
            let mode = if folder { mode | 0o555 } else { *mode };
            let what = format!("'{name}' with the permissions {mode:o}");
            let run = |ms: &Path| {
                place::give_to_nobody(ms);
                place::protect(&ms.join(name), mode);
                ended(as_nobody(predicting(ms, &stage.sky, &[])))
            };
            let (code, ms) = stage.spoilt(&what, run, |ms| {
                place::protect(&ms.join(name), if folder { 0o755 } else { 0o644 });
            });
            codes.push((name.to_owned(), mode, code));
            unharmed(&what, code, &ms, &stage.sky, &stage.before, || place::give_to_root(&ms));
        }
    }
    let refused = codes.iter().filter(|(_, _, code)| *code != 0).count();
    say(&format!(
        "{} protected files and folders: {refused} runs refused, the others not in need of them",
        codes.len()
    ));
    assert!(refused > 10, "{codes:?}");
}

/// Permissions that are taken away while the run is under way. `NVSS_PREDICT_KILLS` sets how often (10 times unless given).
#[test]
fn permissions_lost_on_the_way() {
    if !is_root() || !nobody_can(command()) {
        return;
    }
    let stage = Stage::new();
    let mut random = Random(3);
    let mut codes = std::collections::BTreeMap::new();
    for step in 0..count("NVSS_PREDICT_KILLS", 10) {
        let what = format!("ownership lost in step {step}");
        let run = |ms: &Path| {
            place::give_to_nobody(ms);
            let child = started(&mut as_nobody(predicting(ms, &stage.sky, &[])));
            thread::sleep(Duration::from_secs_f64(random.within(0.0, 0.2)));
            place::give_to_root(ms);
            finish(child)
        };
        let (code, ms) = stage.spoilt(&what, run, |_| ());
        *codes.entry(code).or_insert(0) += 1;
        unharmed(&what, code, &ms, &stage.sky, &stage.before, || ());
    }
    say(&format!("permissions lost on the way: exit codes {codes:?}"));
}

/// Every file of the MeasurementSet, one after the other, is a folder instead.
#[test]
fn a_folder_in_place_of_a_file() {
    let stage = Stage::new();
    let names = stage.before.names();
    let mut refused = 0;
    for name in &names {
        let what = format!("a folder in place of {name}");
        let run = |ms: &Path| {
            fs::remove_file(ms.join(name)).expect("a removed file");
            fs::create_dir(ms.join(name)).expect("a folder");
            predicted(ms, &stage.sky, &[])
        };
        let (code, _) = stage.spoilt(&what, run, |ms| {
            let removed = fs::remove_dir(ms.join(name));
            removed.unwrap_or_else(|error| panic!("{what}: something was put into it: {error}"));
            stage.put_back(ms, name);
        });
        refused += i32::from(code != 0);
    }
    say(&format!("{} folders in place of files: {refused} runs refused", names.len()));
}

/// Files cut off at random places. What is put back makes the MeasurementSet whole again.
#[test]
fn files_cut_short() {
    need!(oracles);
    let stage = Stage::new();
    let digest = Digest::take(&stage.original, "MODEL_DATA");
    let before = &stage.before;
    let names: Vec<String> = before.names().into_iter().filter(|name| before.length(name) > 0).collect();
    let mut random = Random(5);
    let mut tally = std::collections::BTreeMap::new();
    let count = count("NVSS_PREDICT_TRUNCATIONS", 25);
    for step in 0..count {
        let name = &names[random.within(0.0, names.len() as f64) as usize % names.len()];
        let length = random.within(0.0, before.length(name) as f64) as u64;
        let what = format!("{name} cut to {length} of {} bytes", before.length(name));
        let run = |ms: &Path| {
            let file = fs::File::options().write(true).open(ms.join(name)).expect("a file");
            file.set_len(length).expect("a shorter file");
            drop(file);
            predicted(ms, &stage.sky, &[])
        };
        // The model's own files and the description may be new; the others are as they were but for the one that was cut.
        let kept = !before.is_model(name) && name != "table.dat" && !name.starts_with("HISTORY");
        let (code, ms) = stage.spoilt(&what, run, |ms| {
            if kept {
                stage.put_back(ms, name);
            }
        });
        *tally.entry(code).or_insert(0) += 1;
        if step % 10 == 0 && kept && !name.ends_with("table.dat") {
            digest.assert_unharmed(&ms);
        }
    }
    say(&format!("{count} files cut short: exit codes {tally:?}"));
}

/// The same from Python: the call raises, and the process lives on.
#[test]
fn a_python_process_outlives_them() {
    need!(oracles);
    if !is_root() {
        return;
    }
    let scratch = Scratch::new();
    let sky = sky(&scratch);
    for (model, pages) in [(false, 0), (false, 3), (false, 400), (true, 0), (true, 1), (true, 3)] {
        let what = format!("Python, {pages} pages free");
        let code = confined(&what, "size=48m", model, &sky, |place, ms| {
            place.leave(pages * 4096);
            called(&args![ms, &sky]).map(|told| outlived(&told))
        });
        if code.is_none() {
            return;
        }
    }
    for kib in [0, 4, 64, 1024] {
        let ms = scratch.path(&format!("limited-{kib}.ms"));
        make(&ms, &recipe(false)).expect("a MeasurementSet");
        let before = Kept::take(&ms);
        let Some(told) = called(&args![&ms, &sky, "--file-size", &kib.to_string()]) else { return };
        let what = format!("Python, files of {kib} KiB: {told}");
        unharmed(&what, outlived(&told), &ms, &sky, &before, || ());
    }
    let ms = scratch.path("folder.ms");
    make(&ms, &recipe(true)).expect("a MeasurementSet");
    let before = Kept::take(&ms);
    for name in before.names().iter().filter(|name| name.starts_with("table.f")) {
        let kept = fs::read(ms.join(name)).expect("a file");
        fs::remove_file(ms.join(name)).expect("a removed file");
        fs::create_dir(ms.join(name)).expect("a folder");
        let Some(told) = called(&args![&ms, &sky]) else { return };
        outlived(&told);
        fs::remove_dir(ms.join(name)).expect("a folder still empty");
        fs::write(ms.join(name), kept).expect("a file put back");
    }
}

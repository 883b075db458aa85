//! Bar 4: locks that other processes hold. Never waits for ever, never writes behind another's back.

mod common;

use common::sky::Source;
use common::{Digest, Scratch, assert_equal_to_sum, file_contents, measure, oracle_command, predict, state};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

/// Another process that holds a lock on a table until told to let go.
struct Holder {
    child: Child,
    pid: String,
}

impl Holder {
    fn new(table: &Path, kind: &str) -> Self {
        let mut child = oracle_command("lock_holder.py")
            .args(args![table, kind])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let pid = line.strip_prefix("locked ").expect("the lock is held").trim().to_owned();
        Holder { child, pid }
    }

    fn release(&mut self) {
        let _ = self.child.stdin.take().map(|mut pipe| pipe.write_all(b"\n"));
        let _ = self.child.wait();
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.release();
    }
}

fn prepared(scratch: &Scratch, archive: &Path) -> (PathBuf, PathBuf) {
    let ms = scratch.unpack_one(archive);
    let (csv, _) = scratch.sky("sky", &[Source::point(249.0, 62.0, 2.0)]);
    (ms, csv)
}

/// Held for good: exit 4 within the timeout and 2 s, the holder named, nothing written.
fn refused_while(kind: &str) {
    need!(oracles);
    let archive = need!("ms/wsrt_tNDPPP.in_MS.tgz");
    let scratch = Scratch::new();
    let (ms, csv) = prepared(&scratch, &archive);
    let before = file_contents(&ms);
    let holder = Holder::new(&ms, kind);
    let run = predict(&ms, &csv, &["--lock-timeout", "1"]).exits(4).says(&["lock", &holder.pid]);
    assert!(run.wall >= Duration::from_millis(900), "gave up after {:?}", run.wall);
    assert!(run.wall <= Duration::from_secs(3), "took {:?} with a timeout of 1 s", run.wall);
    assert!(file_contents(&ms) == before, "something was written without the lock");
    drop(holder);
    predict(&ms, &csv, &["--lock-timeout", "1"]).exits(0);
    assert_eq!(state(&ms), "complete");
}

#[test]
fn a_writer_is_waited_for_but_not_for_ever() {
    refused_while("write");
}

#[test]
fn a_reader_is_waited_for_but_not_for_ever() {
    refused_while("read");
}

/// Let go while we wait: success, soon after.
fn waits_for(kind: &'static str) {
    need!(oracles);
    let archive = need!("ms/wsrt_tNDPPP.in_MS.tgz");
    let scratch = Scratch::new();
    let (ms, csv) = prepared(&scratch, &archive);
    let before = Digest::take(&ms, "MODEL_DATA");
    let mut holder = Holder::new(&ms, kind);
    let releaser = thread::spawn(move || {
        thread::sleep(Duration::from_millis(1200));
        holder.release();
    });
    let run = predict(&ms, &csv, &["--lock-timeout", "20"]).exits(0);
    releaser.join().unwrap();
    assert!(run.wall >= Duration::from_millis(900), "did not wait: {:?}", run.wall);
    assert!(run.wall <= Duration::from_secs(5), "waited on after the release: {:?}", run.wall);
    before.assert_unharmed(&ms);
    assert_eq!(state(&ms), "complete");
}

#[test]
fn a_writer_that_lets_go() {
    waits_for("write");
}

#[test]
fn a_reader_that_lets_go() {
    waits_for("read");
}

/// HISTORY is written last: a lock on it alone must not hang the run either.
#[test]
fn a_lock_on_history_alone() {
    need!(oracles);
    let archive = need!("ms/wsrt_tNDPPP.in_MS.tgz");
    let scratch = Scratch::new();
    let (ms, csv) = prepared(&scratch, &archive);
    let holder = Holder::new(&ms.join("HISTORY"), "write");
    let run = predict(&ms, &csv, &["--lock-timeout", "1"]).says(&["HISTORY"]);
    assert!(matches!(run.code, Some(0 | 4)), "{}", run.text);
    assert!(run.wall <= Duration::from_secs(4), "took {:?}", run.wall);
    drop(holder);
}

/// A program that has had the MS open all along, its cache full of the old model, reads the new one.
#[test]
fn a_reader_that_stays_open_sees_the_new_model() {
    need!(oracles);
    let archive = need!("ms/wsrt_tNDPPP.in_MS.tgz");
    let scratch = Scratch::new();
    let (ms, old) = prepared(&scratch, &archive);
    let (new, json) = scratch.sky("new", &[Source::point(247.0, 63.0, 5.0)]);
    predict(&ms, &old, &[]).exits(0);
    let file = scratch.path("read.npy");
    let mut reader = oracle_command("patient_reader.py")
        .args(args![&ms, "MODEL_DATA", &file])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(reader.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line.trim(), "read");
    predict(&ms, &new, &["--lock-timeout", "5"]).exits(0);
    reader.stdin.take().unwrap().write_all(b"\n").unwrap();
    assert!(reader.wait().unwrap().success());
    assert_equal_to_sum("on the disk", &ms, &args!["--sky", &json]);
    let found = measure(&ms, &args!["--against", &file]);
    assert_eq!(found["relative"], 0.0, "the reader's cache is stale: {found}");
}

/// Reading only: status and --dry-run need no lock and do not wait.
#[test]
fn looking_needs_no_lock() {
    need!(oracles);
    let archive = need!("ms/wsrt_tNDPPP.in_MS.tgz");
    let scratch = Scratch::new();
    let (ms, csv) = prepared(&scratch, &archive);
    let _holder = Holder::new(&ms, "write");
    let run = predict(&ms, &csv, &["--dry-run", "--lock-timeout", "20"]).exits(0);
    assert!(run.wall <= Duration::from_secs(2), "waited {:?}", run.wall);
    let status = common::run(args!["status", &ms]);
    assert!(status.wall <= Duration::from_secs(2), "waited {:?}", status.wall);
}

/// Many processes, ours and others', that want to write one MeasurementSet: nobody waits for ever, no write is lost, and
/// the model in the end is one of those that were written.
fn contended(seconds: &str, ours: &str, casacore: &str, casa: &str) {
    need!(oracles);
    let archive = need!("ms/wsrt_tNDPPP.in_MS.tgz");
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let skies: Vec<_> = (0..4)
        .map(|n| {
            scratch.sky(
                &format!("sky{n}"),
                &[Source::point(249.0 + 0.3 * f64::from(n), 62.0, 1.0 + f64::from(n))],
            )
        })
        .collect();
    let binary = assert_cmd::cargo::cargo_bin!("nvss-predict");
    let mut command = oracle_command("contention.py");
    command.arg(binary).arg(&ms).args(skies.iter().map(|(csv, _)| csv));
    command.args(["--seconds", seconds, "--ours", ours, "--casacore", casacore, "--casa", casa]);
    let output = command.env("NVSS_PREDICT_CACHE", "off").output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    common::say(&format!("contended for {seconds} s: {}", out.trim()));
    assert!(output.status.success(), "{out}{err}");
    assert_eq!(state(&ms), "complete");
    let errors: Vec<f64> = skies
        .iter()
        .map(|(_, json)| measure(&ms, &args!["--sky", json])["relative"].as_f64().unwrap_or(f64::INFINITY))
        .collect();
    assert_eq!(
        errors.iter().filter(|error| **error <= 1e-6).count(),
        1,
        "the model is none of those written: {errors:?}"
    );
}

#[test]
fn many_processes_contend() {
    contended("12", "4", "4", "2");
}

/// `cargo test --release --test locks -- --ignored --nocapture`
#[test]
#[ignore = "five minutes, run by hand"]
fn twenty_processes_contend_for_five_minutes() {
    contended("300", "8", "8", "4");
}

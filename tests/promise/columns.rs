//! Patches into columns of their own, and a run that is stopped in the second of three.

use super::*;

/// Patches a and c of few sources, b of so many that its column takes a while.
fn patches(scratch: &Scratch) -> PathBuf {
    use std::fmt::Write;
    let mut random = Random(5);
    let mut text = String::from(
        "FORMAT = Name, Type, Patch, Ra, Dec, I, SpectralIndex='[]', LogarithmicSI, ReferenceFrequency='1.4e9'\n",
    );
    for (patch, count) in [("a", 100), ("b", 40_000), ("c", 100)] {
        let _ = writeln!(text, " , , {patch}, , ,");
        for number in 0..count {
            let (hours, degrees) = (random.within(22.8, 22.95), random.within(15.0, 17.0));
            let (minutes, arcminutes) = (hours.fract() * 60.0, degrees.fract() * 60.0);
            let _ = writeln!(
                text,
                "{patch}{number}, POINT, {patch}, {:02}:{:02}:{:07.4}, +{:02}.{:02}.{:07.4}, {:.6}",
                hours as u8,
                minutes as u8,
                minutes.fract() * 60.0,
                degrees as u8,
                arcminutes as u8,
                arcminutes.fract() * 60.0,
                random.within(0.01, 1.0)
            );
        }
    }
    scratch.write("patches.skymodel", text)
}

fn of_column(ms: &Path, column: &str, options: &[&str]) -> Value {
    status(ms, &[&["--column", column], options].concat()).0
}

/// The whole column stays, the one that `stop` leaves half written goes on, and the last is written, though it holds another run.
fn resumed(stop: &dyn Fn(&Path, &Child)) {
    let scratch = Scratch::new();
    let ms = scratch.path("slow.ms");
    make(&ms, &MsSpec::dsa110(16, 24, 1, 64)).expect("a MeasurementSet");
    let list = patches(&scratch);
    let columns = ["A", "B", "C"];
    let options: Vec<&str> = SLOWLY
        .into_iter()
        .chain(["--patch-column", "a=A", "--patch-column", "b=B", "--patch-column", "c=C"])
        .collect();
    let whole = scratch.copy(&ms, "whole.ms");
    predict(&whole, &list, &options).exits(0);
    predict(&ms, &list, &["--quiet", "--radius=all", "--patches=a", "--column=C"]).exits(0);
    let other = of_column(&ms, "C", &[]);
    let mut arguments: Vec<&OsStr> = options.iter().map(OsStr::new).collect();
    arguments.extend(args![&ms, &list]);
    let child = started(&arguments);
    stop(&ms, &child);
    let ended = finish(child);
    assert_ne!(ended.code, Some(0), "it ended before it was stopped");
    let [a, b, c] = columns.map(|column| of_column(&ms, column, &[]));
    let rows = b["rows"].as_i64().unwrap();
    assert_eq!((&a["state"], &b["state"]), (&"complete".into(), &"incomplete".into()), "{a} {b}");
    assert!(0 < rows && rows < a["rows"].as_i64().unwrap(), "{b}");
    assert_eq!(c, other, "it was not begun");
    // Another run is not gone on with, and harms nothing.
    let again = [&options[..], &["--resume"]].concat();
    let wrong = [&again[..], &["--min-flux=20mJy"]].concat();
    predict(&ms, &list, &wrong).exits(3).says(&["column A cannot be resumed", "complete, from"]);
    assert_eq!([&a, &b, &c], columns.map(|column| of_column(&ms, column, &[])).each_ref());
    let report = scratch.path("report.json");
    let named = format!("--report={}", report.display());
    predict(&ms, &list, &[&again[..], &[&named]].concat()).exits(0).says(&[
        "column A is complete already",
        "column C holds another run",
        "written anew",
    ]);
    let told: Value = serde_json::from_slice(&fs::read(&report).unwrap()).expect("JSON");
    let resumed =
        [&told, &told["others"][0], &told["others"][1]].map(|of| of["resumed_rows"].as_i64().unwrap());
    assert_eq!(resumed, [a["rows"].as_i64().unwrap(), rows, 0], "{told}");
    assert_eq!(of_column(&ms, "A", &[])["run"], a["run"], "it was to stay");
    for column in columns {
        let [one, other] = [&ms, &whole].map(|ms| of_column(ms, column, &["--deep"]));
        assert_eq!(
            (&one["state"], &one["deep"]["matches"]),
            (&"complete".into(), &true.into()),
            "{column}: {one}"
        );
        assert_eq!(one["xxh3"], other["xxh3"], "{column} is not that of a run that nobody stopped");
    }
    say(&format!("resumed in the second column after {rows} of {} rows", a["rows"]));
    // Nothing is left to do.
    let before = file_contents(&ms);
    let all = columns.map(|column| format!("column {column} is complete already"));
    predict(&ms, &list, &again).exits(0).says(&all.each_ref().map(String::as_str));
    assert!(file_contents(&ms) == before);
}

fn until_second(ms: &Path, written: impl Fn(&Value) -> bool) {
    let begun = Instant::now();
    while !written(&of_column(ms, "B", &[])) {
        assert!(begun.elapsed() < Duration::from_secs(120), "never written: {}", of_column(ms, "B", &[]));
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn columns_of_patches_are_resumed_after_an_interruption() {
    resumed(&|ms, child| {
        until_second(ms, |status| status["state"] == "incomplete");
        thread::sleep(Duration::from_millis(100));
        signal("-INT", child.id());
    });
}

#[test]
fn columns_of_patches_are_resumed_after_a_kill() {
    resumed(&|ms, child| {
        until_second(ms, |status| status["state"] == "incomplete");
        // What is done is noted every five seconds: they pass while nothing is computed.
        let worker = worker(child);
        signal("-STOP", worker);
        thread::sleep(Duration::from_secs(5));
        signal("-CONT", worker);
        until_second(ms, |status| status["rows"].as_i64().is_some_and(|rows| rows > 0));
        signal("-KILL", child.id());
    });
}

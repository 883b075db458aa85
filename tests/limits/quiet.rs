//! What a run does beside its work: no network, no file that others could have put in its way, nothing left behind.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::sky::Source;
use crate::common::{Run, Scratch, command, finish, say};
use crate::{args, need};
use nvss_predict::ms::make::{MsSpec, make};

/// The command under strace, and what strace saw of these system calls; none where there is no strace.
fn traced(
    scratch: &Scratch,
    calls: &str,
    arguments: &[&std::ffi::OsStr],
    temporary: &Path,
) -> Option<(Run, String)> {
    if Command::new("strace").arg("-V").output().is_err() {
        say("SKIPPED: strace is not installed");
        return None;
    }
    let log = scratch.path("strace.txt");
    let program = command();
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-y", "-e", calls, "-o"]).arg(&log).arg(program.get_program()).args(arguments);
    strace.env("TMPDIR", temporary).env("NVSS_PREDICT_CACHE", temporary.join("cache")).stdin(Stdio::null());
    let run = finish(strace.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("strace starts"));
    Some((run, std::fs::read_to_string(&log).expect("a log")))
}

/// The demonstration, which makes a MeasurementSet, reads a catalogue, predicts and checks: not one socket to anywhere.
#[test]
fn nothing_is_asked_of_a_network() {
    let scratch = Scratch::new();
    let folder = scratch.path("demo");
    let arguments = args!["demo", &folder];
    let Some((run, log)) = traced(&scratch, "trace=network", &arguments, scratch.path("").as_path()) else {
        return;
    };
    assert_eq!(run.code, Some(0), "{}", run.text);
    // Sockets within the machine, between the processes of one command, would do no harm.
    let asked: Vec<&str> =
        log.lines().filter(|line| line.contains("AF_INET") || line.contains("AF_NETLINK")).collect();
    assert!(asked.is_empty(), "{asked:?}");
    say(&format!(
        "the demonstration made {} calls of the network's kind, none of them to a network",
        log.lines().count()
    ));
}

/// Temporary files are made with O_EXCL and for this user alone, and are gone in the end; a report takes its place as a whole.
#[test]
fn temporary_files_are_private_and_gone() {
    let catalogue = need!("catalogues/NVSSVZ.FIT.gz");
    let scratch = Scratch::new();
    let temporary = scratch.path("temporary");
    std::fs::create_dir(&temporary).expect("a folder");
    let ms = scratch.path("quiet.ms");
    make(&ms, &MsSpec::dsa110(6, 4, 1, 16)).expect("a MeasurementSet");
    let report = scratch.path("report.json");
    let arguments = args![&ms, &catalogue, "--report", &report];
    let calls = "trace=open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2";
    let Some((run, log)) = traced(&scratch, calls, &arguments, &temporary) else { return };
    assert_eq!(run.code, Some(0), "{}", run.text);
    let place = temporary.to_string_lossy().into_owned();
    let made: Vec<&str> =
        log.lines().filter(|line| line.contains("O_CREAT") && line.contains(&place)).collect();
    assert!(!made.is_empty(), "no temporary file was seen:\n{log}");
    for line in &made {
        assert!(line.contains("O_EXCL"), "a name that somebody else may have made: {line}");
        assert!(line.contains("0600"), "a file that others may read: {line}");
    }
    let left: Vec<_> = std::fs::read_dir(&temporary)
        .expect("a folder")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    assert!(left.iter().all(|path| path.ends_with("cache")), "left behind: {left:?}");
    let renamed = log.lines().any(|line| line.contains("rename") && line.contains("report.json"));
    assert!(renamed, "the report was not renamed into its place");
    say(&format!("{} temporary files, each with O_EXCL and 0600, all gone in the end", made.len()));
}

/// Names of files are names: what cfitsio would take for its standard input, a filter or a command is a file.
#[test]
fn names_of_files_are_only_names() {
    let scratch = Scratch::new();
    let ms = scratch.path("names.ms");
    make(&ms, &MsSpec::dsa110(6, 4, 1, 16)).expect("a MeasurementSet");
    let (sky, _) = scratch.sky("sky", &[Source::point(341.5, 16.0, 2.0)]);
    let beam = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/beam-fits/small");
    for name in [
        "stdin.fits",
        "beam[1].fits",
        "beam.fits|true.fits",
        "mem:x.fits",
        "-x.fits",
        "http:x.fits",
        "a;touch made.fits",
    ] {
        std::fs::copy(&beam, scratch.path(name)).expect("a copy");
        let mut run = command();
        run.current_dir(scratch.path("")).arg("--dry-run").arg(format!("--beam={name}")).arg(&ms).arg(&sky);
        let run = finish(run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts"));
        assert_eq!(run.code, Some(0), "{name}: {}", run.text);
    }
    assert!(!scratch.path("made.fits").exists());
    for name in
        ["sky|true.csv", "./-sky.csv", "-sky.csv", "--help", "status", "$(touch made).csv", "sky[1].csv"]
    {
        std::fs::copy(&sky, scratch.path(name)).expect("a copy");
        for words in [["--", "names.ms", name], ["names.ms", "--", name]] {
            let mut run = command();
            run.current_dir(scratch.path("")).arg("--dry-run").args(words);
            let run = finish(run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts"));
            assert_eq!(run.code, Some(0), "{words:?}: {}", run.text);
            assert!(run.text.contains("source"), "{words:?}: nothing was planned\n{}", run.text);
        }
    }
}

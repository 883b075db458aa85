//! What is wrong with a MeasurementSet or a catalogue is told: exit code 3, the helpful part of the message, and
//! nothing written.

mod common;

use common::sky::Source;
use common::{Digest, Scratch, assert_equal_to_sum, file_contents, predict, state, tamper};
use std::fs;
use std::path::{Path, PathBuf};

const WSRT: &str = "ms/wsrt_tNDPPP.in_MS.tgz";

fn wsrt(scratch: &Scratch, archive: &Path) -> (PathBuf, PathBuf, PathBuf) {
    let ms = scratch.unpack_one(archive);
    let (csv, json) = scratch.sky("sky", &[Source::point(249.0, 62.0, 2.0), Source::point(250.0, 63.0, 1.0)]);
    (ms, csv, json)
}

/// The run is refused with this code and these words, and no file has changed.
#[track_caller]
fn refused(ms: &Path, catalogue: &Path, options: &[&str], code: i32, words: &[&str]) {
    let before = ms.is_dir().then(|| file_contents(ms));
    predict(ms, catalogue, options).exits(code).says(words);
    assert!(before == ms.is_dir().then(|| file_contents(ms)), "{} was written to", ms.display());
}

#[test]
fn not_a_measurement_set() {
    let scratch = Scratch::new();
    let (csv, _) = scratch.sky("sky", &[Source::point(1.0, 2.0, 3.0)]);
    refused(&scratch.path("missing.ms"), &csv, &[], 3, &["missing.ms", "no such"]);
    let file = scratch.write("file.ms", "hello");
    refused(&file, &csv, &[], 3, &["file.ms", "is a file"]);
    let empty = scratch.path("empty.ms");
    fs::create_dir(&empty).unwrap();
    refused(&empty, &csv, &[], 3, &["empty.ms"]);
}

#[test]
fn a_missing_subtable() {
    let archive = need!(WSRT);
    let scratch = Scratch::new();
    let (original, csv, _) = wsrt(&scratch, &archive);
    for name in ["FIELD", "SPECTRAL_WINDOW", "POLARIZATION", "DATA_DESCRIPTION"] {
        let ms = scratch.copy(&original, "copy.ms");
        fs::remove_dir_all(ms.join(name)).unwrap();
        refused(&ms, &csv, &[], 3, &[name]);
        fs::remove_dir_all(&ms).unwrap();
    }
}

/// HISTORY is a courtesy: a run without it says so and is complete.
#[test]
fn a_missing_history_is_a_warning() {
    need!(oracles);
    let archive = need!(WSRT);
    let scratch = Scratch::new();
    let (ms, csv, json) = wsrt(&scratch, &archive);
    fs::remove_dir_all(ms.join("HISTORY")).unwrap();
    predict(&ms, &csv, &[]).exits(0).says(&["HISTORY"]);
    assert_eq!(state(&ms), "complete");
    assert_equal_to_sum("without HISTORY", &ms, &args!["--sky", &json]);
}

#[test]
fn missing_and_broken_files() {
    let archive = need!(WSRT);
    let scratch = Scratch::new();
    let (original, csv, _) = wsrt(&scratch, &archive);
    for name in ["table.f0", "table.f3_TSM0"] {
        assert!(original.join(name).exists(), "{name} is not a file of this MS");
        let ms = scratch.copy(&original, "copy.ms");
        fs::remove_file(ms.join(name)).unwrap();
        refused(&ms, &csv, &[], 3, &[name]);
        fs::remove_dir_all(&ms).unwrap();
    }
    for keep in [0, 100, 2000] {
        let ms = scratch.copy(&original, "copy.ms");
        let bytes = fs::read(ms.join("table.dat")).unwrap();
        fs::write(ms.join("table.dat"), &bytes[..keep]).unwrap();
        refused(&ms, &csv, &[], 3, &["copy.ms"]);
        fs::remove_dir_all(&ms).unwrap();
    }
}

#[test]
fn dangling_ids() {
    need!(oracles);
    let archive = need!(WSRT);
    let scratch = Scratch::new();
    let (original, csv, _) = wsrt(&scratch, &archive);
    for (column, value) in
        [("DATA_DESC_ID", "99"), ("FIELD_ID", "99"), ("FIELD_ID", "-1"), ("DATA_DESC_ID", "-1")]
    {
        let ms = scratch.copy(&original, "copy.ms");
        tamper(&args!["set", &ms, column, "5", value]);
        refused(&ms, &csv, &[], 3, &[column, value]);
        fs::remove_dir_all(&ms).unwrap();
    }
    for (table, column) in
        [("DATA_DESCRIPTION", "SPECTRAL_WINDOW_ID"), ("DATA_DESCRIPTION", "POLARIZATION_ID")]
    {
        let ms = scratch.copy(&original, "copy.ms");
        tamper(&args!["set", &ms.join(table), column, "0", "7"]);
        refused(&ms, &csv, &[], 3, &[table, column.trim_end_matches("_ID"), "7"]);
        fs::remove_dir_all(&ms).unwrap();
    }
}

#[test]
fn empty_subtables() {
    need!(oracles);
    let archive = need!(WSRT);
    let scratch = Scratch::new();
    let (original, csv, _) = wsrt(&scratch, &archive);
    for name in ["POLARIZATION", "FIELD", "SPECTRAL_WINDOW", "DATA_DESCRIPTION"] {
        let ms = scratch.copy(&original, "copy.ms");
        tamper(&args!["empty", &ms, name]);
        refused(&ms, &csv, &[], 3, &[name]);
        fs::remove_dir_all(&ms).unwrap();
    }
}

#[test]
fn frames_that_are_not_supported() {
    need!(oracles);
    let archive = need!(WSRT);
    let scratch = Scratch::new();
    let (ms, csv, _) = wsrt(&scratch, &archive);
    for frame in ["AZEL", "HADEC", "APP", "NONSENSE"] {
        tamper(&args!["frame", &ms, frame]);
        refused(&ms, &csv, &[], 3, &[frame, "FIELD"]);
    }
}

/// A row without a position in the uv plane has no model: zero, aloud; the other rows are right.
#[test]
fn uvw_that_is_not_a_number() {
    need!(oracles);
    let archive = need!(WSRT);
    let scratch = Scratch::new();
    let (ms, csv, json) = wsrt(&scratch, &archive);
    tamper(&args!["set", &ms, "UVW", "7", "[NaN, 1, 2]"]);
    let before = Digest::take(&ms, "MODEL_DATA");
    predict(&ms, &csv, &[]).exits(0).says(&["UVW", "1 row"]);
    before.assert_unharmed(&ms);
    // Judged with the row given a UVW again: all differences are in that row, which holds zeros.
    tamper(&args!["set", &ms, "UVW", "7", "[0, 0, 0]"]);
    let found = common::measure(&ms, &args!["--sky", &json]);
    let error = found["rms"].as_f64().unwrap() * found["values"].as_f64().unwrap().sqrt();
    // 3 Jy in XX and YY of 16 channels.
    assert!((error / (3.0 * 32f64.sqrt()) - 1.0).abs() < 1e-5, "{found}");
}

#[test]
fn columns_that_cannot_take_the_model() {
    need!(oracles);
    let archive = need!(WSRT);
    let scratch = Scratch::new();
    let (ms, csv, _) = wsrt(&scratch, &archive);
    tamper(&args!["add-column", &ms, "SMALL", "complex", "[3, 2]"]);
    tamper(&args!["add-column", &ms, "REAL", "float", "[16, 4]"]);
    refused(&ms, &csv, &["--column", "SMALL"], 3, &["SMALL", "shape", "--column"]);
    refused(&ms, &csv, &["--column", "REAL"], 3, &["REAL", "complex", "--column"]);
    refused(&ms, &csv, &["--column", "DATA"], 3, &["DATA", "--column"]);
    refused(&ms, &csv, &["--column", "TIME"], 3, &["TIME"]);
    for name in ["", "two words", "a/b"] {
        let before = file_contents(&ms);
        let run = predict(&ms, &csv, &["--column", name]);
        assert!(matches!(run.code, Some(2 | 3)), "--column '{name}': {}", run.text);
        assert!(file_contents(&ms) == before, "--column '{name}' wrote");
    }
    // One cell of another shape in a column of variable shape, found before anything is written.
    tamper(&args!["copy-column", &ms, "DATA", "LOOSE"]);
    tamper(&args!["set", &ms, "LOOSE", "90", "[[1, 1], [1, 1]]"]);
    refused(&ms, &csv, &["--column", "LOOSE"], 3, &["LOOSE", "90", "--column"]);
}

#[test]
fn catalogues_that_cannot_be_read() {
    let (archive, nvss) = (need!(WSRT), need!("catalogues/NVSSVZ.FIT.gz"));
    let scratch = Scratch::new();
    let (ms, _, _) = wsrt(&scratch, &archive);
    let bytes = fs::read(nvss).unwrap();
    let header = "ra_deg,dec_deg,flux_jy\n";
    let cases: Vec<(&str, Vec<u8>, Vec<&str>)> = vec![
        ("cut.FIT.gz", bytes[..bytes.len() / 2].to_vec(), vec!["cut.FIT.gz"]),
        ("garbage.bin", bytes[1000..5000].to_vec(), vec!["garbage.bin"]),
        ("empty.csv", Vec::new(), vec!["empty.csv"]),
        ("row.csv", format!("{header}1,2,3\n4,banana,6\n").into_bytes(), vec!["row.csv:3", "banana"]),
        ("short.csv", format!("{header}1,2,3\n4,5\n").into_bytes(), vec!["short.csv:3"]),
        ("unit.csv", b"ra_deg,dec_deg,flux\n1,2,3\n".to_vec(), vec!["unit.csv", "flux", "--flux-unit"]),
        ("nan.csv", format!("{header}1,2,nan\n").into_bytes(), vec!["nan.csv", "flux density"]),
        ("declination.csv", format!("{header}1,92,3\n").into_bytes(), vec!["declination.csv:2", "92"]),
        ("latin.csv", [header.as_bytes(), b"1,2,3 \xb5\n"].concat(), vec!["latin.csv"]),
    ];
    refused(&ms, &scratch.path("nowhere.csv"), &[], 3, &["nowhere.csv"]);
    refused(&ms, &ms.clone(), &[], 3, &[]);
    for (name, content, words) in cases {
        let file = scratch.write(name, content);
        refused(&ms, &file, &[], 3, &words);
    }
    let csv = scratch.write("good.csv", format!("{header}1,2,3\n"));
    refused(&ms, &csv, &["--format", "sqlite"], 3, &["good.csv"]);
}

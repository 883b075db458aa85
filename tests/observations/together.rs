//! Spectral windows with the same rows are predicted together, whatever their order in the table and in frequency; and each for
//! itself where anything of the rows differs.

use std::path::{Path, PathBuf};

use casacore::{Access, Endian, Table};
use kernels::Complex32;
use nvss_predict::ms::make::{
    DataColumn, DataFill, FieldLayout, Manager, MsSpec, RowOrder, SpectralWindow, make,
};
use serde_json::Value;

use crate::common::sky::{Source, mixture};
use crate::common::{Digest, Scratch, assert_equal_to_sum, measure, predict, say, tamper};
use crate::{args, need};

const CHANNEL: f64 = 244_140.625;

/// Windows of `count` channels that begin so many channels above 1.31 GHz; a negative `step` descends.
fn windows(starts: &[f64], count: usize, step: f64) -> Vec<SpectralWindow> {
    let window = |(number, start): (usize, &f64)| {
        SpectralWindow::regular(format!("w{number}"), 1.31e9 + start * CHANNEL, step * CHANNEL, count)
    };
    starts.iter().enumerate().map(window).collect()
}

/// A drift of four fields seen through windows without DATA.
fn drift(spectral_windows: Vec<SpectralWindow>) -> MsSpec {
    MsSpec { spectral_windows, data: None, ..MsSpec::dsa110(6, 4, 1, 1) }
}

/// A column whose tile file is written directly.
fn direct() -> Option<DataColumn> {
    Some(DataColumn { manager: Manager::TiledShape, tile: None, fixed_shape: true, fill: DataFill::One })
}

fn sky() -> Vec<Source> {
    mixture(343.5, 16.0, 1.5, 15.0, 1.4e9)
}

/// Predicts with the delay-FFT, which has most to lose; the plan's words on the engines.
fn engines(scratch: &Scratch, ms: &Path, csv: &Path, options: &[&str]) -> Vec<String> {
    let file = scratch.path("report.json");
    let name = file.to_string_lossy().into_owned();
    let report = ["--engine", "delay-fft", "--report", &name];
    predict(ms, csv, &[options, &report[..]].concat()).exits(0);
    let report: Value = serde_json::from_slice(&std::fs::read(&file).expect("a report")).expect("JSON");
    assert!(report["check"]["rms"].as_f64().expect("a check") < 1e-6, "{}", report["check"]);
    assert_eq!(report["complete"], true, "{report}");
    report["plan"]["engines"]
        .as_array()
        .expect("engines")
        .iter()
        .map(|e| e.as_str().unwrap().into())
        .collect()
}

fn made(scratch: &Scratch, name: &str, spec: &MsSpec) -> PathBuf {
    let ms = scratch.path(name);
    make(&ms, spec).unwrap_or_else(|e| panic!("{name}: {e}"));
    ms
}

/// The model of one row.
fn cell(ms: &Path, row: u64) -> Vec<Complex32> {
    let table = Table::open(ms, Access::ReadOnly).expect("a table");
    table.cell("MODEL_DATA", row).expect("a cell").into_iter().collect()
}

const ORDERS: [RowOrder; 3] =
    [RowOrder::TimeWindowBaseline, RowOrder::TimeBaselineWindow, RowOrder::WindowTimeBaseline];

#[test]
fn in_every_order_of_rows_and_channels() {
    need!(oracles);
    let evenly: Vec<f64> = (0..16).map(|n| f64::from(n) * 6.0).collect();
    let shuffled: Vec<f64> =
        [7, 2, 15, 0, 9, 4, 11, 6, 13, 8, 1, 10, 3, 12, 5, 14].map(|n| f64::from(n) * 6.0).to_vec();
    let layouts = [
        ("in order", windows(&evenly, 6, 1.0)),
        ("shuffled", windows(&shuffled, 6, 1.0)),
        ("descending", windows(&shuffled, 6, -1.0)),
        ("with gaps", windows(&[40.0, 0.0, 12.0, 80.5, 60.0], 9, 1.0)),
        ("of two widths", [windows(&[0.0, 10.0], 8, 1.0), windows(&[40.0, 18.0], 8, 2.0)].concat()),
        ("far apart", windows(&[0.0, 1000.0], 10, 1.0)),
        ("of one channel", windows(&evenly, 1, 1.0)),
    ];
    for (number, (layout, windows)) in layouts.into_iter().enumerate() {
        for (order, row_order) in ORDERS.into_iter().enumerate() {
            let scratch = Scratch::new();
            let (csv, json) = scratch.sky("sky", &sky());
            // A new column, and existing ones of either byte order.
            let model = if (number + order) % 3 == 0 { None } else { direct() };
            let endian = if (number + order) % 3 == 1 { Endian::Big } else { Endian::Little };
            let ms =
                made(&scratch, "made.ms", &MsSpec { row_order, model, endian, ..drift(windows.clone()) });
            let before = (order == 0).then(|| Digest::take(&ms, "MODEL_DATA"));
            let said = engines(&scratch, &ms, &csv, &["--memory", if order == 1 { "1MiB" } else { "64MiB" }]);
            assert!(said.len() == 1 && said[0].contains("together: delay-FFT"), "{layout}: {said:?}");
            let label = format!("windows {layout}, {row_order:?}");
            assert_equal_to_sum(&label, &ms, &args!["--sky", &json]);
            if let Some(before) = before {
                before.assert_unharmed(&ms);
                let said = engines(&scratch, &ms, &csv, &["--column", "APART", "--writer", "casacore"]);
                assert!(!said[0].contains("together"), "{layout}: {said:?}");
                let found = measure(&ms, &args!["--against", "APART"]);
                say(&format!("{label}: against each for itself {}", found["relative"]));
                assert!(found["relative"].as_f64().unwrap() <= 2e-6, "{label}: {found}");
            }
        }
    }
}

#[test]
fn the_chosen_ones_alone() {
    need!(oracles);
    let starts: Vec<f64> = (0..5).map(|n| f64::from(n) * 8.0).collect();
    for row_order in ORDERS {
        for model in [None, direct()] {
            let scratch = Scratch::new();
            let (csv, json) = scratch.sky("sky", &sky());
            let old = model.is_some();
            let ms =
                made(&scratch, "made.ms", &MsSpec { row_order, model, ..drift(windows(&starts, 8, 1.0)) });
            let chosen = ["--spws", "0,2~3", "--fields", "1,3"];
            let said = engines(&scratch, &ms, &csv, &chosen);
            assert!(
                said.len() == 1 && said[0].starts_with("SPW 0, 2–3 (8 channels each) together"),
                "{said:?}"
            );
            let options = args!["--sky", &json, "--spws", "0,2~3", "--fields", "1,3"];
            let found = assert_equal_to_sum(&format!("chosen, {row_order:?}, old {old}"), &ms, &options);
            // Rows that were not chosen keep the ones they had, or are zero in a new column.
            assert_eq!(found["outside_max"], if old { 1.0 } else { 0.0 }, "{found}");
            assert_eq!(found["values"], 3 * 2 * 21 * 8 * 2);
            // One window has nothing to go with.
            let said = engines(&scratch, &ms, &csv, &["--spws", "4"]);
            assert!(said.len() == 1 && !said[0].contains("together"), "{said:?}");
            assert_equal_to_sum("one", &ms, &args!["--sky", &json, "--spws", "4", "--fields", "0~3"]);
        }
    }
}

/// Two windows of which one row differs are predicted for themselves, the others still together.
#[test]
fn rows_that_differ() {
    need!(oracles);
    let starts: Vec<f64> = (0..4).map(|n| f64::from(n) * 8.0).collect();
    let spec = drift(windows(&starts, 8, 1.0));
    // Row 21 is the first of window 1.
    for (column, value) in
        [("UVW", "[10, 20, 30]"), ("TIME", "5276096765.5"), ("ANTENNA2", "1"), ("FIELD_ID", "1")]
    {
        let scratch = Scratch::new();
        let (csv, json) = scratch.sky("sky", &sky());
        let ms = made(&scratch, "made.ms", &spec);
        tamper(&args!["set", &ms, column, "25", value]);
        let said = engines(&scratch, &ms, &csv, &[]);
        let apart = said.iter().any(|engine| engine.starts_with("SPW 1 (8 channels):"));
        let rest = said.iter().any(|engine| engine.starts_with("SPW 0, 2–3 (8 channels each) together:"));
        assert!(said.len() == 2 && apart && rest, "{column}: {said:?}");
        assert_equal_to_sum(&format!("one {column} differs"), &ms, &args!["--sky", &json]);
    }
}

/// Of sixteen windows one lacks a row.
#[test]
fn a_row_that_is_missing() {
    need!(oracles);
    let starts: Vec<f64> = (0..16).map(|n| f64::from(n) * 6.0).collect();
    for row_order in ORDERS {
        let scratch = Scratch::new();
        let (csv, json) = scratch.sky("sky", &sky());
        let whole = made(&scratch, "whole.ms", &MsSpec { row_order, ..drift(windows(&starts, 6, 1.0)) });
        let (chosen, ms) = (scratch.path("chosen.ms"), scratch.path("made.ms"));
        let one = "NOT (DATA_DESC_ID == 5 AND FIELD_ID == 2 AND ANTENNA1 == 1 AND ANTENNA2 == 3)";
        tamper(&args!["select", &whole, one, &chosen]);
        tamper(&args!["little-endian", &chosen, &ms]);
        let said = engines(&scratch, &ms, &csv, &["--column", "OURS"]);
        let rest = said.iter().any(|engine| engine.starts_with("SPW 0–4, 6–15 (6 channels each) together:"));
        assert!(said.len() == 2 && rest, "{said:?}");
        assert_equal_to_sum("a row is missing", &ms, &args!["--sky", &json, "--column", "OURS"]);
    }
}

/// A baseline that is not finite: in all windows, whose row is zero then, and in one alone.
#[test]
fn rows_without_a_baseline() {
    need!(oracles);
    let spec = MsSpec { model: direct(), ..drift(windows(&[0.0, 8.0, 16.0], 8, 1.0)) };
    let scratch = Scratch::new();
    let (csv, _) = scratch.sky("sky", &sky());
    let ms = made(&scratch, "made.ms", &spec);
    for row in ["3", "24", "45"] {
        tamper(&args!["set", &ms, "UVW", row, "[NaN, 0, 0]"]);
    }
    let said = engines(&scratch, &ms, &csv, &[]);
    assert!(said.len() == 1 && said[0].contains("together"), "{said:?}");
    let zero = |row: u64| cell(&ms, row).iter().all(|value| value.norm() == 0.0);
    assert!(zero(3) && zero(24) && zero(45) && !zero(4) && !zero(46));
    let said = engines(&scratch, &ms, &csv, &["--column", "APART", "--writer", "casacore"]);
    assert!(!said[0].contains("together"), "{said:?}");
    let found = measure(&ms, &args!["--against", "APART"]);
    assert!(found["relative"].as_f64().unwrap() <= 2e-6, "{found}");
    tamper(&args!["set", &ms, "UVW", "24", "[1, 0, 0]"]);
    let said = engines(&scratch, &ms, &csv, &[]);
    assert!(said.len() == 2, "{said:?}");
    assert!(zero(3) && !zero(24) && zero(45));
}

/// Exposures matter where integrations are averaged, and only there.
#[test]
fn exposures_that_differ() {
    need!(oracles);
    let scratch = Scratch::new();
    let (csv, _) = scratch.sky("sky", &sky());
    let ms =
        made(&scratch, "made.ms", &MsSpec { interval: 60.0, ..drift(windows(&[0.0, 8.0, 16.0], 8, 1.0)) });
    let both = |label: &str, lines: usize| {
        let said = engines(&scratch, &ms, &csv, &["--smear"]);
        assert!(said.len() == lines && said.iter().any(|engine| engine.contains("together")), "{said:?}");
        engines(&scratch, &ms, &csv, &["--column", "APART", "--writer", "casacore", "--smear"]);
        let found = measure(&ms, &args!["--against", "APART"]);
        say(&format!("{label}: {}", found["relative"]));
        assert!(found["relative"].as_f64().unwrap() <= 2e-6, "{found}");
    };
    both("averaged", 1);
    tamper(&args!["set", &ms, "EXPOSURE", "25", "30"]);
    both("averaged, one exposure differs", 2);
    assert_eq!(engines(&scratch, &ms, &csv, &[]).len(), 1);
}

#[test]
fn through_beams_that_move() {
    need!(oracles);
    let windows = windows(&[20.0, 0.0, 10.0], 10, 1.0);
    let centre = FieldLayout::Single([343.7f64.to_radians(), 16.1f64.to_radians()]);
    let one = MsSpec { fields: centre, interval: 120.0, ..drift(windows.clone()) };
    let many = MsSpec { times: 24, ..drift(windows) };
    for (label, spec, pointing) in [("one field", one, "meridian"), ("24 fields", many, "field")] {
        for row_order in ORDERS {
            let scratch = Scratch::new();
            let (csv, json) = scratch.sky("sky", &sky());
            let ms = made(&scratch, "made.ms", &MsSpec { row_order, ..spec.clone() });
            let said = engines(&scratch, &ms, &csv, &["--beam", "airy:4.7", "--pointing", pointing]);
            assert!(said.len() == 1 && said[0].contains("together"), "{said:?}");
            let options = args!["--sky", &json, "--beam", "airy:4.7", "--pointing", pointing];
            assert_equal_to_sum(&format!("{label}, pointing {pointing}, {row_order:?}"), &ms, &options);
        }
    }
}

/// What is added to, or lies in another kind of column, takes the ordinary path.
#[test]
fn not_where_values_are_combined_or_cells_differ() {
    need!(oracles);
    let scratch = Scratch::new();
    let (csv, json) = scratch.sky("sky", &sky());
    let ms = made(&scratch, "made.ms", &drift(windows(&[0.0, 8.0], 8, 1.0)));
    assert!(engines(&scratch, &ms, &csv, &[])[0].contains("together"));
    let said = engines(&scratch, &ms, &csv, &["--mode", "add", "--column", "SUM"]);
    assert!(!said[0].contains("together"), "{said:?}");
    assert_equal_to_sum("added", &ms, &args!["--sky", &json, "--column", "SUM"]);
    let lengths = [windows(&[0.0], 8, 1.0), windows(&[8.0], 9, 1.0)].concat();
    let ms = made(&scratch, "lengths.ms", &drift(lengths));
    let said = engines(&scratch, &ms, &csv, &[]);
    assert!(said.len() == 2, "{said:?}");
    assert_equal_to_sum("windows of differing length", &ms, &args!["--sky", &json]);
}

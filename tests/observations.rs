//! Observations of every make: storage managers, byte orders, several spectral windows of differing length, selections
//! and concatenations, correlations, frames, and phase centres that move; all judged by the independent sum.

mod common;
#[path = "observations/together.rs"]
mod together;

use casacore::{Access, Endian, Table};
use common::sky::{Random, Source, mixture};
use common::{Digest, Scratch, assert_equal_to_sum, measure, oracle_ok, predict, tamper};
use nvss_predict::ms::make::{
    DataColumn, DataFill, FieldLayout, Manager, MsSpec, RowOrder, SpectralWindow, make,
};
use std::path::Path;

const GOLD: &str = "gold/casa_dsa110like_ft.ms.tgz";

/// The drift's sky with everything in it.
fn sky() -> Vec<Source> {
    mixture(343.5, 16.0, 1.5, 15.0, 1.4e9)
}

/// A small drift.
fn small() -> MsSpec {
    MsSpec::dsa110(7, 5, 1, 6)
}

/// Makes, predicts, compares, and looks that nothing else changed.
fn check(label: &str, spec: &MsSpec, options: &[&str]) {
    let scratch = Scratch::new();
    let ms = scratch.path("made.ms");
    make(&ms, spec).unwrap_or_else(|e| panic!("{label}: {e}"));
    let before = Digest::take(&ms, "MODEL_DATA");
    let (csv, json) = scratch.sky("sky", &sky());
    predict(&ms, &csv, options).exits(0);
    assert_equal_to_sum(label, &ms, &args!["--sky", &json]);
    before.assert_unharmed(&ms);
}

#[test]
fn every_storage_manager_of_the_model_column() {
    need!(oracles);
    use Manager::{Incremental, Standard, TiledCell, TiledColumn, TiledShape};
    for (manager, fixed_shape, tile) in [
        (Standard, true, None),
        (Standard, false, None),
        (Incremental, true, None),
        (TiledShape, false, None),
        (TiledShape, true, Some([4, 2, 2])),
        (TiledShape, false, Some([7, 5, 1])),
        (TiledColumn, true, Some([3, 6, 2])),
        (TiledCell, false, None),
    ] {
        for endian in [Endian::Big, Endian::Little] {
            let model = Some(DataColumn { manager, tile, fixed_shape, fill: DataFill::One });
            let label = format!("{manager:?} fixed {fixed_shape} {endian:?}");
            check(&label, &MsSpec { model, endian, ..small() }, &[]);
        }
    }
}

#[test]
fn spectral_windows_of_differing_length() {
    need!(oracles);
    let windows = vec![
        SpectralWindow::regular("a", 1.30e9, 1e6, 5),
        SpectralWindow::regular("b", 1.45e9, -2e6, 9),
        SpectralWindow {
            name: "c".into(),
            frequencies: vec![1.4e9, 1.41e9, 1.38e9],
            widths: vec![1e6, 2e6, 3e6],
        },
        SpectralWindow::regular("one", 1.5e9, 1e6, 1),
    ];
    for row_order in
        [RowOrder::TimeWindowBaseline, RowOrder::TimeBaselineWindow, RowOrder::WindowTimeBaseline]
    {
        let spec = MsSpec { spectral_windows: windows.clone(), row_order, ..small() };
        check(&format!("{row_order:?}, new column"), &spec, &[]);
        let loose = Some(DataColumn { fill: DataFill::One, ..DataColumn::default() });
        check(
            &format!("{row_order:?}, existing column"),
            &MsSpec { model: loose, ..spec },
            &["--memory", "1MiB"],
        );
    }
}

#[test]
fn correlations_of_every_kind() {
    need!(oracles);
    for codes in [
        vec![9, 10, 11, 12],
        vec![9, 12, 10, 11],
        vec![5, 6, 7, 8],
        vec![8, 5],
        vec![1, 2, 3, 4],
        vec![1],
        vec![10],
    ] {
        check(&format!("CORR_TYPE {codes:?}"), &MsSpec { correlations: codes, ..small() }, &[]);
    }
}

#[test]
fn frames_of_the_field() {
    need!(oracles);
    for frame in ["J2000", "ICRS", "B1950", "GALACTIC"] {
        check(&format!("FIELD in {frame}"), &MsSpec { field_frame: frame.into(), ..small() }, &[]);
    }
}

#[test]
fn fields_that_come_back() {
    need!(oracles);
    let at = |ra: f64, dec: f64| [ra.to_radians(), dec.to_radians()];
    check(
        "three fields in turn",
        &MsSpec {
            fields: FieldLayout::Several(vec![at(343.0, 16.0), at(344.0, 16.5), at(343.5, 15.2)]),
            ..small()
        },
        &[],
    );
    check(
        "one field",
        &MsSpec { fields: FieldLayout::Single(at(343.5, 16.0)), autocorrelations: false, ..small() },
        &[],
    );
}

/// PHASE_DIR as a polynomial in time: rows of one field have different centres.
#[test]
fn a_phase_centre_that_moves() {
    need!(oracles);
    let scratch = Scratch::new();
    let ms = scratch.path("made.ms");
    make(
        &ms,
        &MsSpec { fields: FieldLayout::Single([343.5f64.to_radians(), 16f64.to_radians()]), ..small() },
    )
    .unwrap();
    oracle_ok("tamper.py", args!["moving-centre", &ms, "7.3e-5", "-2e-6"]);
    let (csv, json) = scratch.sky("sky", &sky());
    predict(&ms, &csv, &[]).exits(0);
    assert_equal_to_sum("PHASE_DIR moves", &ms, &args!["--sky", &json]);
}

/// A selection saved as a table: its rows are written through to the MS it refers to, and no others.
#[test]
fn a_reference_table() {
    need!(oracles);
    let archive = need!(GOLD);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let before = Digest::take(&ms, "MODEL_DATA");
    let selection = scratch.path("selected.ms");
    tamper(&args!["select", &ms, "FIELD_ID IN [2,5] AND ANTENNA1 > 3", &selection]);
    let (csv, json) = scratch.sky("sky", &sky());
    predict(&selection, &csv, &[]).exits(0);
    let chosen = assert_equal_to_sum("a selection", &selection, &args!["--sky", &json]);
    assert_equal_to_sum(
        "the rest is CASA's",
        &ms,
        &args!["--sky", &casa_sky(&scratch), "--fields", "0,1,3,4,6~23"],
    );
    assert!(chosen["values"].as_u64().unwrap() < 2 * 2 * 190 * 4 * 2, "{chosen}");
    let mixed = measure(&ms, &args!["--sky", &json, "--fields", "2,5"]);
    assert!(mixed["relative"].as_f64().unwrap() > 1e-3, "rows outside the selection were written: {mixed}");
    before.assert_unharmed(&ms);
}

/// The sky of the gold column.
fn casa_sky(scratch: &Scratch) -> std::path::PathBuf {
    let file = common::data("gold/casa_dsa110like_ft_components.json").expect("beside the gold MS");
    let lists: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let number = |c: &serde_json::Value, k: &str| c[k].as_f64().unwrap();
    let list = lists["nvssvz_2deg"].as_array().unwrap();
    let sky: Vec<Source> =
        list.iter().map(|c| Source::point(number(c, "ra"), number(c, "dec"), number(c, "I"))).collect();
    scratch.sky("casa", &sky).1
}

/// Two MSs joined virtually: either both get the model, or a message says what to do and neither is touched.
#[test]
fn a_concatenated_ms() {
    need!(oracles);
    let archive = need!(GOLD);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let second = scratch.path("little.ms");
    tamper(&args!["little-endian", &ms, &second]);
    let joined = scratch.path("joined.ms");
    tamper(&args!["concat", &joined, &ms, &second]);
    let contents = [common::file_contents(&ms), common::file_contents(&second)];
    let (csv, json) = scratch.sky("sky", &sky());
    let run = predict(&joined, &csv, &[]);
    if run.code == Some(0) {
        assert_equal_to_sum("concatenated", &joined, &args!["--sky", &json]);
        for part in [&ms, &second] {
            assert_equal_to_sum("a part of it", part, &args!["--sky", &json]);
        }
    } else {
        run.exits(3).says(&["concat"]);
        assert!(
            contents == [common::file_contents(&ms), common::file_contents(&second)],
            "a refused MS was written to"
        );
    }
}

/// A deep copy of the other byte order, its column overwritten and another one made.
#[test]
fn a_little_endian_copy() {
    need!(oracles);
    let archive = need!(GOLD);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let copy = scratch.path("little.ms");
    tamper(&args!["little-endian", &ms, &copy]);
    both_columns(&scratch, &copy);
    both_columns(&scratch, &ms);
}

fn both_columns(scratch: &Scratch, ms: &Path) {
    let (csv, json) = scratch.sky("sky", &sky());
    for column in ["MODEL_DATA", "OURS"] {
        let before = Digest::take(ms, column);
        predict(ms, &csv, &["--column", column]).exits(0);
        assert_equal_to_sum(
            &format!("{} {column}", ms.file_name().unwrap().to_string_lossy()),
            ms,
            &args!["--sky", &json, "--column", column],
        );
        before.assert_unharmed(ms);
    }
}

/// A column of variable shape in which no cell has a value yet, added to, replaced, and predicted in part.
#[test]
fn a_column_without_values() {
    need!(oracles);
    let scratch = Scratch::new();
    let (csv, json) = scratch.sky("sky", &sky());
    for mode in ["replace", "add"] {
        let ms = scratch.path(&format!("{mode}.ms"));
        make(&ms, &small()).unwrap();
        tamper(&args!["add-column", &ms, "MODEL_DATA", "complex", "null"]);
        predict(&ms, &csv, &["--mode", mode]).exits(0);
        assert_equal_to_sum(&format!("{mode} where there was nothing"), &ms, &args!["--sky", &json]);
    }
}

/// Two columns whose tiles alternate in one file, and rows that lie in the file from the last to the first: places
/// in the file that cannot be told from the row's number alone.
#[test]
fn unusual_places_in_the_file() {
    need!(oracles);
    let scratch = Scratch::new();
    let (csv, json) = scratch.sky("sky", &sky());
    let ms = scratch.path("made.ms");
    make(&ms, &small()).unwrap();
    tamper(&args!["two-columns", &ms, "MODEL_DATA", "OTHER", "[6, 2]"]);
    tamper(&args!["backwards", &ms, "BACKWARDS", "[6, 2]"]);
    for column in ["MODEL_DATA", "BACKWARDS", "OTHER"] {
        // Files are shared, so values are compared and not files.
        let before = Digest::take(&ms, column);
        predict(&ms, &csv, &["--column", column]).exits(0);
        assert_equal_to_sum(column, &ms, &args!["--sky", &json, "--column", column]);
        before.assert_unharmed(&ms);
    }
}

/// Many sources, many channels: the error does not grow with either.
#[test]
fn ten_thousand_sources() {
    need!(oracles);
    let scratch = Scratch::new();
    let ms = scratch.path("made.ms");
    make(&ms, &MsSpec::dsa110(4, 1, 1, 768)).unwrap();
    let mut random = Random(9);
    let source = |_| {
        let (ra, dec) = (random.within(341.0, 345.0), random.within(14.2, 17.9));
        Source { terms: vec![-0.7], ..Source::point(ra, dec, random.within(0.001, 0.1)) }
    };
    let sources: Vec<Source> = (0..10_000).map(source).collect();
    let (csv, json) = scratch.sky("sky", &sources);
    predict(&ms, &csv, &[]).exits(0);
    assert_equal_to_sum("10,000 sources, 768 channels", &ms, &args!["--sky", &json]);
}

/// Many rows are read straight from the file: python-casacore says what its rows hold after some were deleted and others added.
#[test]
fn rows_after_deletions() {
    need!(oracles);
    let scratch = Scratch::new();
    for endian in ["little", "big"] {
        let path = scratch.path(endian);
        let expected: serde_json::Value =
            serde_json::from_str(&tamper(&args!["torn", &path, endian])).expect("JSON");
        let table = Table::open(&path, Access::ReadOnly).expect("a table");
        assert_eq!(table.endian() == Endian::Big, endian == "big");
        let rows = 0..table.row_count();
        let a = table.scalars::<i32>("A", rows.clone()).expect("A");
        assert!(a.len() > 5_000 && expected["A"] == serde_json::json!(a), "A, {endian}");
        let t = table.scalars::<f64>("T", rows.clone()).expect("T");
        assert!(expected["T"] == serde_json::json!(t), "T, {endian}");
        let uvw: Vec<f64> = table.cells::<f64>("UVW", rows).expect("UVW").into_iter().collect();
        assert!(expected["UVW"] == serde_json::json!(uvw), "UVW, {endian}");
    }
}

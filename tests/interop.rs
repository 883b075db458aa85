//! Bar 3: python-casacore, WSClean and CASA read the column we make, and can still write it afterwards.
//!
//! (python-casacore reads it in every other test as well.)

mod common;

use common::sky::{Source, mixture};
use common::{Digest, Scratch, assert_equal_to_sum, describe, measure, oracle_ok, predict, run, say, tamper};
use serde_json::Value;

const DRIFT: &str = "ms/dsa110like_pyuvdata_1spw_24fields.ms.tgz";

/// Points with power laws near the drift's centre: what CASA's `ft` does exactly.
fn points() -> Vec<Source> {
    [(343.2, 16.1, 1.5, -0.7), (343.9, 15.4, 0.8, 0.3), (342.6, 16.9, 2.2, -1.1)]
        .map(|(ra, dec, flux, alpha)| Source { terms: vec![alpha], ..Source::point(ra, dec, flux) })
        .to_vec()
}

fn relative(found: &Value) -> f64 {
    found["relative"].as_f64().expect("a number")
}

#[test]
fn casa_reads_equal_values() {
    need!(oracles);
    let archive = need!(DRIFT);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let (csv, _) = scratch.sky("mixture", &mixture(343.5, 16.0, 1.5, 15.0, 1.4e9));
    predict(&ms, &csv, &[]).exits(0);
    for how in ["read", "ms-read"] {
        let file = scratch.path(&format!("{how}.npy"));
        let arguments = if how == "read" {
            args![how, &ms, "MODEL_DATA", &file].to_vec()
        } else {
            args![how, &ms, &file].to_vec()
        };
        oracle_ok("casa.py", arguments);
        let found = measure(&ms, &args!["--against", &file]);
        assert!(relative(&found) == 0.0 && found["peak"].as_f64() > Some(1.0), "{how}: {found}");
        say(&format!("CASA {how}: bit-identical, peak {} Jy", found["peak"]));
    }
}

#[test]
fn casa_ft_writes_what_we_made_and_we_write_what_ft_made() {
    need!(oracles);
    let archive = need!(DRIFT);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let (csv, json) = scratch.sky("points", &points());
    let (other_csv, other_json) = scratch.sky("other", &mixture(343.5, 16.0, 1.5, 15.0, 1.4e9));
    let before = Digest::take(&ms, "MODEL_DATA");
    predict(&ms, &other_csv, &[]).exits(0);
    oracle_ok("casa.py", args!["ft", &ms, &json]);
    let found = measure(&ms, &args!["--sky", &json]);
    say(&format!("CASA ft over our column: {:.2e} of the sum", relative(&found)));
    assert!(relative(&found) <= 1e-6, "ft did not write what it should: {found}");

    predict(&ms, &other_csv, &[]).exits(0);
    assert_equal_to_sum("ours over ft's", &ms, &args!["--sky", &other_json]);
    // The other way round: a column that ft makes, and ours over it; equal to ft itself.
    let second = Scratch::new();
    let ms2 = second.unpack_one(&archive);
    oracle_ok("casa.py", args!["ft", &ms2, &json]);
    predict(&ms2, &csv, &["--column", "OURS"]).exits(0);
    let found = measure(&ms2, &args!["--column", "OURS", "--against", "MODEL_DATA"]);
    say(&format!("CASA ft's own column: {:.2e} from ours", relative(&found)));
    assert!(relative(&found) <= 1e-6, "{found}");
    predict(&ms2, &other_csv, &[]).exits(0);
    assert_equal_to_sum("ours over a column made by ft", &ms2, &args!["--sky", &other_json]);
    before.assert_unharmed(&ms);
}

/// CASA's virtual model hides MODEL_DATA: we say so, and --delmod removes it. `with_source`: CASA keeps it in the
/// SOURCE subtable where there is one (its keywords name a row of SOURCE_MODEL), else in the main table's keywords.
fn virtual_model(with_source: bool) {
    need!(oracles);
    let archive = need!(DRIFT);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    if !with_source {
        tamper(&args!["remove-keyword", &ms, "SOURCE"]);
        std::fs::remove_dir_all(ms.join("SOURCE")).unwrap();
    }
    let (_, virtual_json) = scratch.sky("virtual", &[Source::point(343.5, 16.0, 7.0)]);
    let (csv, json) = scratch.sky("points", &points());
    oracle_ok("casa.py", args!["ft-virtual", &ms, &virtual_json]);
    let before = Digest::take(&ms, "MODEL_DATA");

    assert_eq!(virtual_models(&ms), 24, "CASA was expected to mark its fields");
    let warned = predict(&ms, &csv, &[]).exits(0);
    assert_equal_to_sum("beside a virtual model", &ms, &args!["--sky", &json]);
    before.assert_unharmed(&ms);
    warned.says(&["virtual", "--delmod"]);

    predict(&ms, &csv, &["--delmod"]).exits(0);
    assert_eq!(virtual_models(&ms), 0, "left by --delmod");
    let again = predict(&ms, &csv, &[]).exits(0);
    assert!(!again.text.to_lowercase().contains("virtual"), "still warns:\n{}", again.text);
    // CASA can make another one afterwards.
    oracle_ok("casa.py", args!["ft-virtual", &ms, &virtual_json]);
    assert_eq!(virtual_models(&ms), 24);
}

fn virtual_models(ms: &std::path::Path) -> usize {
    serde_json::from_str::<Vec<String>>(&tamper(&args!["virtual-models", ms])).unwrap().len()
}

#[test]
fn a_virtual_model_in_source_is_seen_and_removed() {
    virtual_model(true);
}

#[test]
fn a_virtual_model_in_the_main_table_is_seen_and_removed() {
    virtual_model(false);
}

/// A point source of ours, imaged by WSClean from MODEL_DATA, is at its place with its flux; and not at the places
/// where a wrong sign of l, m or the phase would put it.
#[test]
fn wsclean_reads_the_column() {
    need!(oracles);
    need!(wsclean);
    let archive = need!("ms/lofar_tDemix.in_MS.tgz");
    let scratch = Scratch::new();
    let ms = scratch.unpack(&archive).into_iter().find(|ms| ms.ends_with("tDemix.MS")).unwrap();
    let facts = describe(&ms);
    let centre = |k: usize| facts["centre_deg"][k].as_f64().unwrap();
    let at = |x: f64, y: f64| [(centre(0) + x).to_string(), (centre(1) + y).to_string()];
    let (csv, _) = scratch.sky("point", &[Source::point(centre(0) + 1.2, centre(1) - 0.5, 4.25)]);
    predict(&ms, &csv, &[]).exits(0);
    let places = [at(1.2, -0.5), at(-1.2, 0.5), at(-1.2, -0.5), at(1.2, 0.5)].concat();
    let mut arguments = args!["image", &ms, "MODEL_DATA"].to_vec();
    arguments.extend(places.iter().map(std::ffi::OsStr::new));
    let values: Vec<f64> = serde_json::from_str(&oracle_ok("wsclean.py", arguments)).unwrap();
    say(&format!(
        "WSClean's image of our 4.25 Jy: {:.3} Jy there, {:.3?} Jy where it is not",
        values[0],
        &values[1..]
    ));
    assert!((values[0] / 4.25 - 1.0).abs() < 0.01, "{values:?}");
    assert!(values[1..].iter().all(|v| *v < 3.0), "{values:?}");
}

#[test]
fn wsclean_writes_what_we_made() {
    need!(oracles);
    need!(wsclean);
    let archive = need!("ms/wsrt_tNDPPP.in_MS.tgz");
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let before = Digest::take(&ms, "MODEL_DATA");
    let facts = describe(&ms);
    let centre = |k: usize| facts["centre_deg"][k].as_f64().unwrap();
    // Unpolarised: of Stokes I alone WSClean writes XX and YY, and leaves XY and YX as they were.
    let (csv, _) = scratch.sky("other", &[Source::point(centre(0) + 0.5, centre(1), 2.0)]);
    predict(&ms, &csv, &[]).exits(0);
    oracle_ok("wsclean.py", args!["predict", &ms, "3.5"]);
    let (_, json) = scratch.sky("point", &[Source::point(centre(0), centre(1), 3.5)]);
    let found = measure(&ms, &args!["--sky", &json]);
    say(&format!("wsclean -predict over our column: {:.2e} of the sum", relative(&found)));
    // WSClean's gridder is accurate to 1e-4.
    assert!(relative(&found) <= 3e-4, "{found}");
    before.assert_unharmed(&ms);
}

/// WSClean's own new column shares a storage manager with other columns: we overwrite it and nothing else.
#[test]
fn we_write_what_wsclean_made() {
    need!(oracles);
    need!(wsclean);
    let archive = need!("ms/lofar_tDemix.in_MS.tgz");
    let scratch = Scratch::new();
    let ms = scratch.unpack(&archive).into_iter().find(|ms| ms.ends_with("tDemix.MS")).unwrap();
    oracle_ok("wsclean.py", args!["predict", &ms, "3.5"]);
    let info: Value = serde_json::from_str(&tamper(&args!["column-info", &ms, "MODEL_DATA"])).unwrap();
    assert!(info["manager"]["COLUMNS"].as_array().unwrap().len() > 1, "shared no longer: {info}");
    let before = Digest::take(&ms, "MODEL_DATA");
    let facts = describe(&ms);
    let centre = |k: usize| facts["centre_deg"][k].as_f64().unwrap();
    let (csv, json) = scratch.sky("sky", &mixture(centre(0), centre(1), 2.0, 300.0, 1.5e8));
    predict(&ms, &csv, &[]).exits(0);
    assert_equal_to_sum("over WSClean's column", &ms, &args!["--sky", &json]);
    before.assert_unharmed(&ms);
}

/// The column is made as CASA makes it: tiles of whole rows of about a megabyte, CHANNEL_SELECTION, fixed shape.
#[test]
fn the_column_is_as_casa_makes_it() {
    need!(oracles);
    let archive = need!(DRIFT);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let (csv, _) = scratch.sky("points", &points());
    predict(&ms, &csv, &[]).exits(0);
    let info: Value = serde_json::from_str(&tamper(&args!["column-info", &ms, "MODEL_DATA"])).unwrap();
    let description = &info["description"];
    assert_eq!(description["valueType"], "complex");
    assert_eq!(info["manager"]["TYPE"], "TiledShapeStMan");
    assert_eq!(description["keywords"]["CHANNEL_SELECTION"], serde_json::json!([[0, 4]]));
    assert_eq!(description["shape"], serde_json::json!([4, 2]), "not of fixed shape: {description}");
    let cubes = info["manager"]["SPEC"]["HYPERCUBES"].as_object().unwrap();
    let tile: Vec<i64> = serde_json::from_value(cubes.values().next().unwrap()["TileShape"].clone()).unwrap();
    assert_eq!(tile[..2], [2, 4], "tiles are not whole rows: {tile:?}");
    assert_eq!(description["keywords"]["NVSS_PREDICT"]["complete"], true);
    let row: Value = serde_json::from_str(&tamper(&args!["last-row", &ms.join("HISTORY")])).unwrap();
    assert!(row["APPLICATION"].as_str().unwrap().contains("nvss-predict"), "{row}");
    assert!(row["MESSAGE"].as_str().is_some_and(|m| !m.is_empty()), "{row}");
    assert!(run(args!["status", &ms]).exits(0).text.contains("complete"));
}

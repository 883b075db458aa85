//! Bar 1: visibilities that DP3 and CASA predicted on real MeasurementSets, from the same skies.
//!
//! Each gold MS holds the column that the other program wrote. We predict its sky model, turned into our
//! CSV, into a column of our own and compare the two; the independent sum judges both.

mod common;

use common::sky::{Source, from_bbs};
use common::{Scratch, assert_equal_to_sum, data, measure, predict, say};
use std::fs;

/// Predicts and compares with the gold column and with the sum.
fn compare(archive: &str, sources: &[Source], gold: &str, also: &[&str]) {
    need!(oracles);
    let archive = need!(archive);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let (csv, json) = scratch.sky("sky", sources);
    predict(&ms, &csv, &["--column", "OURS"]).exits(0);

    let mut options = args!["--column", "OURS", "--against", gold].to_vec();
    options.extend(also.iter().map(std::ffi::OsStr::new));
    let found = measure(&ms, &options);
    let relative = found["relative"].as_f64().expect("a number");
    say(&format!(
        "{} {gold}: rms error {relative:.2e} of rms |V| {}",
        ms.file_name().unwrap().to_string_lossy(),
        found["model_rms"]
    ));
    assert!(relative <= 1e-6, "{found}");

    let label = format!("{} f64 sum", ms.file_name().unwrap().to_string_lossy());
    assert_equal_to_sum(&label, &ms, &args!["--column", "OURS", "--sky", &json]);
}

#[test]
fn lofar_as_dp3_predicts_it() {
    let model = need!("gold/tNDPPP-generic-skymodel.txt");
    let sources = from_bbs(&fs::read_to_string(model).unwrap());
    assert_eq!(sources.len(), 13);
    // DP3 leaves autocorrelations at zero.
    compare("gold/dp3_lofar_generic_model.MS.tgz", &sources, "MODEL_DATA", &["--no-autos"]);
}

#[test]
fn wsrt_as_dp3_predicts_it() {
    let model = need!("gold/dp3_wsrt_nvss.skymodel");
    let sources = from_bbs(&fs::read_to_string(model).unwrap());
    assert_eq!(sources.len(), 10);
    compare("gold/dp3_wsrt_nvss_model.MS.tgz", &sources, "MODEL_DATA", &["--no-autos"]);
}

/// One of the component lists that CASA's `ft` was given.
fn casa_sky(list: &str) -> Option<Vec<Source>> {
    let text = fs::read_to_string(data("gold/casa_dsa110like_ft_components.json")?).unwrap();
    let lists: serde_json::Value = serde_json::from_str(&text).unwrap();
    let number = |entry: &serde_json::Value, key: &str| entry[key].as_f64();
    let sources = lists[list].as_array().unwrap().iter().map(|entry| Source {
        terms: number(entry, "spix").into_iter().collect(),
        reference: number(entry, "rf").unwrap_or(1.4e9),
        ..Source::point(
            number(entry, "ra").unwrap(),
            number(entry, "dec").unwrap(),
            number(entry, "I").unwrap(),
        )
    });
    let sources: Vec<_> = sources.collect();
    assert_eq!(sources.len(), 46);
    Some(sources)
}

#[test]
fn dsa110_drift_as_casa_predicts_it() {
    let Some(sources) = casa_sky("nvssvz_2deg") else { return };
    compare("gold/casa_dsa110like_ft.ms.tgz", &sources, "MODEL_DATA", &[]);
}

#[test]
fn dsa110_drift_with_spectra_as_casa_predicts_it() {
    let Some(sources) = casa_sky("nvssvz_2deg_alpha") else { return };
    compare("gold/casa_dsa110like_ft.ms.tgz", &sources, "CASA_FT_NVSSVZ_2DEG_ALPHA", &[]);
}

/// The comparison itself must be able to fail: a flux wrong by 1e-5 is seen.
#[test]
fn a_small_error_is_seen() {
    need!(oracles);
    let archive = need!("gold/casa_dsa110like_ft.ms.tgz");
    let Some(mut sources) = casa_sky("nvssvz_2deg") else { return };
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    for source in &mut sources {
        source.stokes[0] *= 1.00001;
    }
    let (_, json) = scratch.sky("sky", &sources);
    let relative = measure(&ms, &args!["--sky", &json])["relative"].as_f64().unwrap();
    assert!((5e-6..2e-5).contains(&relative), "{relative}");
}

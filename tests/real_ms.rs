//! Bar 2: every real MeasurementSet of the shared data is predicted and equal to the independent f64 sum, or
//! refused with a message; and nothing else in it changes by a bit (HISTORY may grow).

mod common;

use common::sky::{self, Gaussian, Source};
use common::{Digest, Scratch, assert_equal_to_sum, describe, predict, run, say, state};
use std::path::Path;

/// The sky about the first field: a mixture of everything, sized for the array's resolution.
fn sky_for(ms: &Path) -> Vec<Source> {
    let facts = describe(ms);
    let at = |k: usize| facts["centre_deg"][k].as_f64().unwrap();
    let beam = facts["beam_arcsec"].as_f64().unwrap().min(600.0);
    sky::mixture(at(0), at(1), 2.0, beam, facts["frequency_hz"].as_f64().unwrap())
}

/// Predicts NVSS and a small CSV into an MS; both must equal the sum and harm nothing.
fn check(ms: &Path, scratch: &Scratch, nvss: &Path, radius: &str) {
    let name = ms.file_name().unwrap().to_string_lossy().into_owned();
    let before = Digest::take(ms, "MODEL_DATA");

    predict(ms, nvss, &["--radius", radius]).exits(0);
    assert_equal_to_sum(&format!("{name} NVSS"), ms, &args!["--nvss", nvss, "--radius", radius]);
    before.assert_unharmed(ms);

    let (csv, json) = scratch.sky("mixture", &sky_for(ms));
    predict(ms, &csv, &[]).exits(0);
    assert_equal_to_sum(&format!("{name} CSV"), ms, &args!["--sky", &json]);
    before.assert_unharmed(ms);
    assert_eq!(state(ms), "complete");
}

fn check_archive(archive: &str, radius: &str) {
    need!(oracles);
    let archive = need!(archive);
    let nvss = need!("catalogues/NVSSVZ.FIT.gz");
    let scratch = Scratch::new();
    for ms in scratch.unpack(&archive) {
        if ms.join("ANTENNA").exists() {
            check(&ms, &scratch, &nvss, radius);
        } else {
            // A table of visibilities without the subtables of a MeasurementSet.
            let before = common::file_contents(&ms);
            let refused = run(args![&ms, &nvss]).exits(3).says(&[&ms.to_string_lossy()]);
            say(&format!("{} refused: {}", ms.display(), refused.text.trim()));
            assert!(common::file_contents(&ms) == before, "a refused MS was written to");
        }
    }
}

#[test]
fn alma() {
    check_archive("ms/alma_X5707_1bl.ms.tgz", "5");
}

#[test]
fn dsa110_24_fields() {
    check_archive("ms/dsa110like_pyuvdata_1spw_24fields.ms.tgz", "3");
}

#[test]
fn lofar_midbands_overwritten() {
    check_archive("ms/lofar_midbands_with_MODEL_DATA.ms.tgz", "5");
}

#[test]
fn lofar_ddecal() {
    check_archive("ms/lofar_tDDECal.in_MS.tgz", "5");
}

#[test]
fn lofar_demix() {
    check_archive("ms/lofar_tDemix.in_MS.tgz", "5");
}

#[test]
fn meerkat() {
    check_archive("ms/meerkat_tDish.MS.tgz", "5");
}

#[test]
fn mwa() {
    check_archive("ms/mwa_hyperdrive_trunc.ms.tgz", "20");
}

#[test]
fn oskar() {
    check_archive("ms/oskar_tOSKAR.in_MS.tgz", "5");
}

#[test]
fn ovro_lwa() {
    check_archive("ms/ovrolwa_2018-03-21.ms.tgz", "20");
}

#[test]
fn wsrt() {
    check_archive("ms/wsrt_tNDPPP.in_MS.tgz", "5");
}

/// The whole sky at once: sources beyond the horizon of the tangent plane count as the sum counts them, or the
/// selection says that it leaves them out; either way the column is what is reported.
#[test]
fn far_sources_are_counted_or_left_out_aloud() {
    need!(oracles);
    let archive = need!("ms/wsrt_tNDPPP.in_MS.tgz");
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let near = [Source::point(249.0, 62.0, 2.0), Source::point(200.0, 20.0, 1.0)];
    let far = Source::point(69.6, -50.0, 5.0);
    let all: Vec<Source> = near.iter().cloned().chain([far]).collect();
    let (csv, json_all) = scratch.sky("all", &all);
    let (_, json_near) = scratch.sky("near", &near);
    let ran = predict(&ms, &csv, &[]).exits(0);
    let with_far = common::measure(&ms, &args!["--sky", &json_all])["relative"].as_f64().unwrap();
    let without = common::measure(&ms, &args!["--sky", &json_near])["relative"].as_f64().unwrap();
    assert!(with_far.min(without) <= 1e-6, "neither all ({with_far}) nor the near ones ({without})");
    if without < with_far {
        ran.says(&["horizon"]);
    }
}

/// A Gaussian whose angle is meant at the source differs from one meant at the centre: both are told apart.
#[test]
fn angle_frames_are_told_apart() {
    need!(oracles);
    let archive = need!("ms/lofar_tDDECal.in_MS.tgz");
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let gaussian = |frame| Source {
        gaussian: Some(Gaussian { major: 60.0, minor: 20.0, angle: 30.0, frame }),
        ..Source::point(30.0, 36.0, 1.0)
    };
    let (source_csv, source_json) = scratch.sky("source", &[gaussian("source")]);
    let (centre_csv, centre_json) = scratch.sky("centre", &[gaussian("centre")]);
    predict(&ms, &source_csv, &[]).exits(0);
    assert_equal_to_sum("pa_frame source", &ms, &args!["--sky", &source_json]);
    let wrong = common::measure(&ms, &args!["--sky", &centre_json])["relative"].as_f64().unwrap();
    assert!(wrong > 1e-3, "the two frames do not differ here: {wrong}");
    predict(&ms, &centre_csv, &[]).exits(0);
    assert_equal_to_sum("pa_frame centre", &ms, &args!["--sky", &centre_json]);
}

//! Predictions through primary beams against the independent sum, whose beams are scipy's and plain formulas: every kind of
//! pattern, fields that drift, and a beam that moves while the phase centre stays; and by transforms of the sky.

mod common;

use common::sky::{Gaussian, Random, Source};
use common::{Scratch, assert_equal_to_sum, measure, oracle_ok, predict, say};
use nvss_predict::ms::make::{FieldLayout, MsSpec, SpectralWindow, make};
use std::path::Path;

/// Sources over three degrees about the drift, down to where beams have their first null and beyond.
fn sky() -> Vec<Source> {
    let mut random = Random(5);
    (0..30)
        .map(|k| {
            let (ra, dec) = (random.within(342.0, 345.5), random.within(14.5, 17.7));
            let shape =
                Gaussian { major: 60.0, minor: 20.0, angle: random.within(0.0, 180.0), frame: "source" };
            Source {
                gaussian: (k % 4 == 0).then_some(shape),
                terms: vec![-0.7],
                stokes: [random.within(0.1, 1.0), 0.01, -0.02, 0.005],
                ..Source::point(ra, dec, 1.0)
            }
        })
        .collect()
}

/// Every pattern, about the field centre of each integration.
#[test]
fn every_pattern() {
    need!(oracles);
    let scratch = Scratch::new();
    let ms = scratch.path("drift.ms");
    make(&ms, &MsSpec { correlations: vec![9, 10, 11, 12], ..MsSpec::dsa110(7, 4, 2, 8) })
        .expect("a MeasurementSet");
    let (csv, json) = scratch.sky("sky", &sky());
    let (image, table) = (scratch.path("beam.fits"), scratch.path("beam.csv"));
    oracle_ok("beam.py", args!["image", &image]);
    oracle_ok("beam.py", args!["table", &table]);
    let (image, table) = (image.display().to_string(), table.display().to_string());
    for (ours, theirs) in [
        ("airy:4.7", "airy:4.7"),
        ("airy:4.65,0.4064", "airy:4.65,0.4064"),
        ("gaussian:2.7deg@1.4GHz", "gaussian:2.7@1.4e9"),
        ("cos4:3deg@1.4GHz", "cos4:3@1.4e9"),
        ("dsa110", "dsa110"),
        ("dsa110-pipeline", "dsa110-pipeline"),
        ("meerkat", "meerkat"),
        ("wsrt", "wsrt"),
        (&table, "table"),
        (&image, "quadratic"),
    ] {
        for engine in ["direct", "delay-fft"] {
            predict(&ms, &csv, &["--beam", ours, "--engine", engine]).exits(0);
            let label = format!("{theirs}, {engine}");
            assert_equal_to_sum(&label, &ms, &args!["--sky", &json, "--beam", theirs]);
        }
    }
}

/// Flux densities from far away in frequency, and a beam that looks elsewhere.
#[test]
fn what_a_prediction_rests_on_is_told() {
    let scratch = Scratch::new();
    let ms = scratch.path("drift.ms");
    make(&ms, &MsSpec::dsa110(4, 2, 1, 4)).expect("a MeasurementSet");
    let list =
        scratch.write("list.csv", "ra,dec,i_jy,ref_mhz,alpha\n343.7,16,1,150,-0.7\n343.8,16,1,1400,-0.7\n");
    let words = "1 of 2 sources have flux densities at other frequencies than";
    predict(&ms, &list, &["--dry-run"]).exits(0).says(&[words, "as 150.0 MHz: over a factor of 8.7"]);
    let away = ["--dry-run", "--beam", "airy:4.7", "--pointing", "343.7 40"];
    predict(&ms, &list, &away).exits(0).says(&["away from the phase centre, beyond the beam's half power"]);
}

/// The real drift has a row of ANTENNA for its number alone, which is no part of the site.
#[test]
fn the_meridian_of_an_array_with_a_blank_antenna() {
    need!(oracles);
    let archive = need!("gold/casa_dsa110like_ft.ms.tgz");
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let (csv, json) = scratch.sky("sky", &sky());
    predict(&ms, &csv, &["--beam", "airy:4.7", "--pointing", "meridian"]).exits(0);
    let beam = args!["--sky", &json, "--beam", "airy:4.7", "--pointing", "meridian"];
    assert_equal_to_sum("meridian, with a blank antenna", &ms, &beam);
}

/// One phase centre, while the sky passes through the beam: exact at each integration.
#[test]
fn a_beam_that_moves() {
    need!(oracles);
    let scratch = Scratch::new();
    let ms = scratch.path("rephased.ms");
    let centre = [343.7f64.to_radians(), 16.1f64.to_radians()];
    let spec = MsSpec { fields: FieldLayout::Single(centre), interval: 120.0, ..MsSpec::dsa110(8, 8, 1, 12) };
    make(&ms, &spec).expect("a MeasurementSet");
    let (csv, json) = scratch.sky("sky", &sky());
    for (ours, theirs) in [("meridian", "meridian"), ("22h55m 16d30m", "343.75,16.5"), ("field", "field")] {
        predict(&ms, &csv, &["--beam", "airy:4.7", "--pointing", ours]).exits(0);
        let label = format!("pointing {ours}");
        assert_equal_to_sum(&label, &ms, &args!["--sky", &json, "--beam", "airy:4.7", "--pointing", theirs]);
    }
}

/// Thousands of sources over the drift, most of them points.
fn crowd(count: usize) -> Vec<Source> {
    let mut random = Random(11);
    (0..count)
        .map(|k| {
            let (ra, dec) = (random.within(341.5, 346.0), random.within(14.5, 17.7));
            let flux = 0.01 / random.within(0.01, 1.0);
            let shape =
                Gaussian { major: 40.0, minor: 15.0, angle: random.within(0.0, 180.0), frame: "source" };
            Source {
                gaussian: (k % 100 == 0).then_some(shape),
                terms: vec![random.within(-1.1, -0.3)],
                stokes: [flux, 0.02 * flux, -0.03 * flux, 0.01 * flux],
                ..Source::point(ra, dec, flux)
            }
        })
        .collect()
}

/// The relative rms error of a column against another.
fn difference(ms: &Path, column: &str, against: &str) -> f64 {
    let found = measure(ms, &args!["--column", column, "--against", against]);
    found["relative"].as_f64().expect("a number")
}

/// One transform of the sky for all phase centres of a drift: two windows, one of which descends, four correlations.
#[test]
fn the_transform_of_the_sky_serves_every_field() {
    need!(oracles);
    let scratch = Scratch::new();
    let ms = scratch.path("drift.ms");
    let windows = vec![
        SpectralWindow::regular("up", 1.31e9, 2e6, 30),
        SpectralWindow::regular("down", 1.49e9, -3e6, 20),
    ];
    let spec = MsSpec {
        correlations: vec![9, 10, 11, 12],
        spectral_windows: windows,
        ..MsSpec::dsa110(4, 24, 1, 8)
    };
    make(&ms, &spec).expect("a MeasurementSet");
    let (csv, json) = scratch.sky("crowd", &crowd(5000));
    let options =
        |epsilon, column| ["--beam", "none", "--engine", "nufft3d", "--epsilon", epsilon, "--column", column];
    predict(&ms, &csv, &options("1e-6", "FINE")).exits(0).says(&["nufft3d", "one grid for all rows"]);
    assert_equal_to_sum("nufft3d, 24 fields", &ms, &args!["--sky", &json, "--column", "FINE"]);
    for epsilon in ["1e-3", "1e-4"] {
        predict(&ms, &csv, &options(epsilon, "MODEL_DATA")).exits(0);
        let rms = difference(&ms, "MODEL_DATA", "FINE");
        say(&format!("nufft3d, {epsilon}: rms {rms:.1e}"));
        assert!(rms <= epsilon.parse::<f64>().unwrap(), "{epsilon}: {rms:e}");
    }
    // Memory that does not suffice is said, and the rows are predicted by what fits.
    let mut short = options("1e-6", "MODEL_DATA").to_vec();
    short.extend(["--memory", "1MiB"]);
    predict(&ms, &csv, &short).exits(0).says(&[
        "nufft3d was asked for but not taken",
        "--memory",
        "delay-FFT",
    ]);
    assert!(difference(&ms, "MODEL_DATA", "FINE") <= 2e-6);
}

/// Through a beam every field has a sky of its own; averages move baselines; position angles count from its north.
#[test]
fn the_transform_of_the_sky_through_a_beam() {
    need!(oracles);
    let scratch = Scratch::new();
    let ms = scratch.path("drift.ms");
    make(&ms, &MsSpec { correlations: vec![9, 12], ..MsSpec::dsa110(5, 3, 1, 24) })
        .expect("a MeasurementSet");
    let (csv, json) = scratch.sky("crowd", &crowd(1500));
    let engine = ["--engine", "nufft3d", "--beam"];
    let with = |options: &[&'static str]| [&engine[..], options].concat();
    predict(&ms, &csv, &with(&["airy:4.7"])).exits(0).says(&["a grid for each view"]);
    assert_equal_to_sum("nufft3d, airy", &ms, &args!["--sky", &json, "--beam", "airy:4.7"]);
    predict(&ms, &csv, &with(&["none", "--smear=both"])).exits(0).says(&["times for the averages"]);
    predict(&ms, &csv, &["--engine", "direct", "--beam", "none", "--smear=both", "--column", "DIRECT"])
        .exits(0);
    let rms = difference(&ms, "MODEL_DATA", "DIRECT");
    assert!(rms <= 2e-6, "averaged: {rms:e}");
    let mut tilted = crowd(600);
    for gaussian in tilted.iter_mut().filter_map(|source| source.gaussian.as_mut()) {
        gaussian.frame = "centre";
    }
    let (csv, json) = scratch.sky("tilted", &tilted);
    predict(&ms, &csv, &with(&["none"])).exits(0).says(&["a grid for each view"]);
    assert_equal_to_sum("nufft3d, angles from the centre", &ms, &args!["--sky", &json]);
}

/// A track of hours is cut into parts whose baselines are nearly flat.
#[test]
fn the_transform_of_the_sky_on_a_long_track() {
    need!(oracles);
    let scratch = Scratch::new();
    let ms = scratch.path("track.ms");
    let centre = [343.7f64.to_radians(), 16.1f64.to_radians()];
    let spec =
        MsSpec { fields: FieldLayout::Single(centre), interval: 900.0, ..MsSpec::dsa110(6, 24, 1, 16) };
    make(&ms, &spec).expect("a MeasurementSet");
    let (csv, json) = scratch.sky("crowd", &crowd(2000));
    predict(&ms, &csv, &["--engine", "nufft3d", "--beam", "none"]).exits(0).says(&["nufft3d, about"]);
    assert_equal_to_sum("nufft3d, six hours", &ms, &args!["--sky", &json]);
}

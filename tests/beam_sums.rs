//! Predictions through primary beams against the independent sum, whose beams are scipy's and plain formulas: every kind of
//! pattern, fields that drift, and a beam that moves while the phase centre stays.

mod common;

use common::sky::{Gaussian, Random, Source};
use common::{Scratch, assert_equal_to_sum, oracle_ok, predict};
use nvss_predict::ms::make::{FieldLayout, MsSpec, make};

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

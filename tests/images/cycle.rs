//! Rounds of imaging, predicting and subtracting, as a self-calibration goes.

use std::path::Path;
use std::process::Command;

use super::common::{Scratch, oracle_ok, run, say};
use super::{demo, predict_image};
use crate::{args, need};

const GRIDDER: [&str; 6] = ["-use-wgridder", "-no-small-inversion", "-quiet", "-field", "0", "-reorder"];

fn wsclean(words: &[&str], prefix: &Path, ms: &Path) {
    let output = Command::new("wsclean").args(GRIDDER).args(words).arg("-name").arg(prefix).arg(ms).output();
    let output = output.expect("wsclean starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// CASA's prediction with noise, imaged by WSClean on the spot: three rounds with its own prediction, three with ours. What is left
/// after each is the same, and less.
#[test]
fn what_is_left_falls_as_in_wscleans_own_cycle() {
    need!(oracles);
    need!(wsclean);
    let archive = need!("gold/casa_dsa110like_ft.ms.tgz");
    let scratch = Scratch::new();
    let ours = scratch.unpack_one(&archive);
    oracle_ok("images.py", args!["noisy", &ours, "MODEL_DATA", "0.01"]);
    let theirs = scratch.copy(&ours, "theirs.ms");
    let imaging =
        "-size 1024 1024 -scale 8asec -niter 300 -mgain 0.8 -data-column DATA -no-update-model-required";
    let imaging: Vec<&str> = imaging.split(' ').collect();
    // The dirty image, its model subtracted.
    let round = |ms: &Path, name: &str| -> f64 {
        let prefix = scratch.path(name);
        wsclean(&imaging, &prefix, ms);
        let dirty = scratch.path(&format!("{name}-dirty.fits"));
        let left = oracle_ok("images.py", args!["rms", &dirty]);
        if name == "theirs" {
            wsclean(&["-predict"], &prefix, ms);
        } else {
            let words = args!["wsclean", "-predict"].into_iter().chain(GRIDDER.iter().map(AsRef::as_ref));
            run(words.chain(args!["-name", &prefix, ms])).exits(0);
        }
        oracle_ok("images.py", args!["subtract", ms, "MODEL_DATA"]);
        left.trim().parse().expect("a number")
    };
    let mut before = f64::INFINITY;
    for number in 0..3 {
        let (own, left) = (round(&theirs, "theirs"), round(&ours, "ours"));
        say(&format!("before round {number}: rms {left:.5} Jy/beam by ours, {own:.5} by WSClean's"));
        assert!(left < 0.7 * before && left < 1.001 * own, "{before} {left} {own}");
        before = left;
    }
}

/// An image that WSClean cleaned on the spot: predicted and subtracted, it leaves what WSClean's own prediction leaves.
#[test]
fn a_cleaned_image_is_subtracted() {
    need!(oracles);
    need!(wsclean);
    let scratch = Scratch::new();
    let ms = demo(&scratch, &["--antennas", "24", "--times", "6", "--channels", "16", "--one-field"]);
    let sky = "ra_deg,dec_deg,flux_jy\n343.60,16.10,2.0\n343.40,16.30,1.0\n343.75,16.0,0.5\n";
    let sky = scratch.write("sky.csv", sky);
    super::common::predict(&ms, &sky, &["--radius", "all", "--column", "SKY"]).exits(0);
    let wsclean = |options: &str, ms: &Path| {
        let words: Vec<&str> = options.split_whitespace().chain(["-channels-out", "2"]).collect();
        wsclean(&words, &scratch.path("cleaned"), ms);
    };
    wsclean(
        "-size 1024 1024 -scale 8asec -niter 600 -gain 0.1 -mgain 0.7 -join-channels -data-column SKY \
         -no-update-model-required",
        &ms,
    );
    predict_image(args!["--column", "OURS", "--spectrum", "stepped", &ms, &scratch.path("cleaned")]).exits(0);
    let theirs = scratch.copy(&ms, "theirs.ms");
    wsclean("-predict", &theirs);
    let left = |ms: &Path, column: &str| -> [f64; 2] {
        let printed = oracle_ok("images.py", args!["residual", ms, "SKY", column]);
        serde_json::from_str(&printed).expect("two numbers")
    };
    let ([data, ours], [_, own]) = (left(&ms, "OURS"), left(&theirs, "MODEL_DATA"));
    say(&format!("data rms {data:.4} Jy, less our prediction {ours:.4}, less WSClean's {own:.4}"));
    assert!(ours < 0.2 * data && ours < 1.01 * own, "{data} {ours} {own}");
}

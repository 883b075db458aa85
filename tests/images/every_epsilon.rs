//! The error that is promised holds, whatever is promised of whatever images.

use std::path::{Path, PathBuf};

use super::common::{Scratch, measure, say, tamper};
use super::{demo, judge, make, predict_image};
use crate::{args, need};

const EPSILONS: [&str; 5] = ["1e-2", "1e-3", "1e-4", "1e-5", "1e-6"];

/// Predicts at each epsilon by an engine, and has the plain sum over all pixels judge all visibilities.
fn assert_promised(scratch: &Scratch, ms: &Path, case: &str, engine: &str) {
    let (folder, sky) = make(scratch, case, ms);
    for epsilon in EPSILONS {
        predict_image(args!["--engine", engine, "--epsilon", epsilon, ms, &folder.join(case)])
            .exits(0)
            .says(&[&format!("ε {epsilon}")]);
        let found = measure(ms, &args!["--sky", &sky]);
        let relative = found["relative"].as_f64().expect("a number");
        say(&format!(
            "{case} by {engine} at {epsilon}: rms error {relative:.2e} ({} pixels)",
            found["sources"]
        ));
        assert!(relative <= epsilon.parse().unwrap(), "{case} {epsilon}: {found}");
    }
}

/// A single pixel, clean components, and a small image that is zero nowhere, their centres 1° off, at 16 windows.
#[test]
fn sparse_images_are_as_good_as_promised() {
    need!(oracles);
    let scratch = Scratch::new();
    let options =
        ["--antennas", "5", "--times", "2", "--channels", "256", "--spws", "16", "--four-correlations"];
    let ms = demo(&scratch, &options);
    for (case, engine) in [("pixel", "delay-fft"), ("clean", "delay-fft"), ("blobs", "nufft3d")] {
        assert_promised(&scratch, &ms, case, engine);
    }
}

/// All Stokes parameters about 24 fields, one window ascending and one descending.
#[test]
fn drifts_of_every_stokes_parameter_are_as_good_as_promised() {
    need!(oracles);
    let scratch = Scratch::new();
    let options =
        ["--antennas", "5", "--times", "24", "--channels", "64", "--spws", "2", "--four-correlations"];
    let ms = demo(&scratch, &options);
    tamper(&args!["descend", &ms, "1"]);
    assert_promised(&scratch, &ms, "stokes", "nufft3d");
}

/// A smooth image of 4096 × 4096 pixels about 24 fields, within the image and 1 GiB of memory, and 1024 × 1024 of all Stokes
/// parameters at 16 windows that ascend and descend, each at every epsilon:
/// `cargo test --release --test images -- --ignored full_size --nocapture`
#[test]
#[ignore = "a study of many minutes"]
fn full_size_images_are_as_good_as_promised() {
    need!(oracles);
    let scratch = Scratch::new();
    let ms = demo(&scratch, &["--antennas", "64", "--times", "24", "--channels", "64"]);
    let (folder, _) = make(&scratch, "huge", &ms);
    let promised = |ms: &Path, images: &[PathBuf], count: usize| {
        for epsilon in EPSILONS {
            let words = args!["--epsilon", epsilon, ms, "--image"];
            predict_image(words.into_iter().chain(images.iter().map(|path| path.as_os_str())))
                .exits(0)
                .says(&["nufft3d"]);
            let error = judge(ms, count, images);
            assert!(error <= epsilon.parse().unwrap(), "{epsilon}: {error:e}");
        }
    };
    promised(&ms, &[folder.join("huge-model.fits")], 40);
    std::fs::remove_dir_all(&ms).expect("removed");
    let scratch = Scratch::new();
    let options =
        ["--antennas", "24", "--times", "24", "--channels", "256", "--spws", "16", "--four-correlations"];
    let ms = demo(&scratch, &options);
    // Those of no demonstration do.
    for window in ["1", "4", "15"] {
        tamper(&args!["descend", &ms, window]);
    }
    let (folder, _) = make(&scratch, "dense_stokes", &ms);
    let images = ["I", "Q", "U", "V"].map(|letter| folder.join(format!("dense-{letter}-model.fits")));
    promised(&ms, &images, 40);
}

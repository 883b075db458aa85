//! Model images: read, placed on the sky, given spectra, and predicted, against the independent sum and WSClean.
//!
//! The images are made by astropy (`tests/oracles/images.py`), which also says what sky they are.

mod common;
#[path = "images/cycle.rs"]
mod cycle;
#[path = "images/every_epsilon.rs"]
mod every_epsilon;
#[path = "images/intervals.rs"]
mod intervals;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::{
    Digest, Scratch, assert_equal_to_sum, command, file_contents, finish, measure, oracle_ok, run, say, state,
};
use serde_json::Value;

/// A drift of 6 fields through one spectral window, or as the options say.
fn demo(scratch: &Scratch, options: &[&str]) -> PathBuf {
    let mut words: Vec<&OsStr> = vec!["demo".as_ref(), "-q".as_ref()];
    let folder = scratch.path("demo");
    words.push(folder.as_os_str());
    let usual = ["--antennas", "8", "--times", "6", "--channels", "16"];
    let chosen = if options.is_empty() { &usual[..] } else { options };
    words.extend(chosen.iter().map(OsStr::new));
    run(words).exits(0);
    folder.join("demo.ms")
}

/// The images of a case in a folder of their own, and the sky that they are.
fn make(scratch: &Scratch, case: &str, ms: &Path) -> (PathBuf, PathBuf) {
    let folder = scratch.path(case);
    std::fs::create_dir(&folder).expect("a folder");
    oracle_ok("images.py", args!["make", case, ms, &folder]);
    let sky = folder.join("sky.json");
    (folder, sky)
}

/// `nvss-predict image`.
fn predict_image<S: AsRef<OsStr>>(words: impl IntoIterator<Item = S>) -> common::Run {
    let mut all = vec!["image".into()];
    all.extend(words.into_iter().map(|word| word.as_ref().to_owned()));
    run(all)
}

/// Predicts a prefix and has the independent sum judge it.
fn assert_right(scratch: &Scratch, ms: &Path, case: &str, prefix: &str, options: &[&str]) -> String {
    let (folder, sky) = make(scratch, case, ms);
    let prefix = folder.join(prefix);
    let words = options.iter().map(OsStr::new).chain([ms.as_os_str(), prefix.as_os_str()]);
    let text = predict_image(words).exits(0).text;
    assert_equal_to_sum(case, ms, &args!["--sky", &sky]);
    text
}

/// 24 drift fields, the image 1° off their centre; nothing else of the MeasurementSet changes, and what was done is on record.
#[test]
fn a_clean_component_image_is_exact_about_every_field() {
    need!(oracles);
    let archive = need!("gold/casa_dsa110like_ft.ms.tgz");
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let digest = Digest::take(&ms, "MODEL_DATA");
    let report = scratch.path("report.json");
    let text = assert_right(&scratch, &ms, "clean", "clean", &["--report", report.to_str().unwrap()]);
    digest.assert_unharmed(&ms);
    assert!(text.contains("1,000 pixels other than zero of 262,144 in 1 image"), "{text}");
    let report: Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    assert_eq!(report["catalogue"]["images"]["pixels"], 1000);
    let digest = report["catalogue"]["digest"].as_str().expect("a digest");
    assert_eq!(report["catalogue"]["images"]["files"][0]["digest"], digest);
    let status = run(args!["status", &ms]).exits(0).says(&["complete", "clean", digest]);
    assert!(status.text.contains("image"), "{}", status.text);
}

/// The rms error of some visibilities against the plain sum over all pixels, relative to rms |V|.
fn judge(ms: &Path, count: usize, images: &[PathBuf]) -> f64 {
    let mut words = args!["judge", ms, "MODEL_DATA"].to_vec();
    let count = count.to_string();
    words.push(count.as_ref());
    words.extend(images.iter().map(|path| path.as_os_str()));
    let found: Value = serde_json::from_str(&oracle_ok("images.py", words)).expect("JSON");
    say(&format!(
        "{} pixels: rms error {:.2e}",
        found["pixels"],
        found["relative"].as_f64().unwrap_or(f64::NAN)
    ));
    found["relative"].as_f64().expect("a number")
}

/// A smooth image of a quarter of a million pixels, its centre 1° off those of the drift fields: alone and with one of Stokes Q, as Taylor
/// terms, and as channels that are stepped or fitted.
#[test]
fn dense_images_are_predicted_as_they_are() {
    need!(oracles);
    let scratch = Scratch::new();
    let options =
        ["--antennas", "24", "--times", "6", "--channels", "32", "--spws", "2", "--four-correlations"];
    let ms = demo(&scratch, &options);
    let (folder, _) = make(&scratch, "dense", &ms);
    let file = |name: &str| folder.join(name);
    let both = [file("dense-I-model.fits"), file("dense-Q-model.fits")];
    for (epsilon, count) in [("1e-2", 60), ("1e-4", 60), ("1e-6", 120)] {
        let prefix = file("dense");
        predict_image(args!["--epsilon", epsilon, &ms, &prefix]).exits(0).says(&["nufft3d", "pixels"]);
        let error = judge(&ms, count, &both);
        assert!(error <= epsilon.parse().unwrap(), "{epsilon}: {error:e}");
    }
    predict_image(args![&ms, &file("mfs")]).exits(0).says(&["3 Taylor terms", "nufft3d"]);
    let terms: Vec<PathBuf> = (0..3).map(|k| file(&format!("mfs.model.tt{k}.fits"))).collect();
    assert!(judge(&ms, 60, &terms) <= 1e-6);
    predict_image(args!["--spectrum", "stepped", &ms, &file("run")]).exits(0).says(&["4 images", "nufft3d"]);
    let channels: Vec<PathBuf> = (0..4).map(|k| file(&format!("run-{k:04}-model.fits"))).collect();
    assert!(judge(&ms, 60, &channels) <= 1e-6);
    // The run's own check judges what has no oracle here: fitted channels, and a beam.
    predict_image(args!["--epsilon", "1e-5", &ms, &file("run")]).exits(0).says(&["polynomials", "nufft3d"]);
    predict_image(args![
        "--epsilon",
        "1e-4",
        "--beam",
        "airy:4.7",
        "--fields",
        "0",
        &ms,
        "--image",
        &terms[0]
    ])
    .exits(0)
    .says(&["Airy", "nufft3d", "a grid for each view"]);
    predict_image(args!["--memory", "4MiB", &ms, &file("dense")]).exits(3).says(&["--memory"]);
}

/// SIN, slant SIN, NCP, TAN, ZEA, ARC and STG in ICRS, J2000, B1950 and galactic coordinates, turned and stretched.
#[test]
fn projections_and_frames_are_those_of_astropy() {
    need!(oracles);
    let scratch = Scratch::new();
    let ms = demo(&scratch, &[]);
    let (folder, sky) = make(&scratch, "projections", &ms);
    for k in 0..8 {
        let mode = if k == 0 { "replace" } else { "add" };
        predict_image(args!["--mode", mode, &ms, "--image", &folder.join(format!("p{k}.fits"))]).exits(0);
    }
    // Every addition rounds to single precision.
    let found = measure(&ms, &args!["--sky", &sky]);
    let relative = found["relative"].as_f64().expect("a number");
    say(&format!("projections: rms error {relative:.2e}"));
    assert!(relative <= 2e-6, "{found}");
    let [one, other] = ["p0.fits", "p1.fits"].map(|name| folder.join(name));
    predict_image(args![&ms, "--image", &one, &other]).exits(3).says(&["p1.fits", "--mode add"]);
}

#[test]
fn channels_of_every_stokes_parameter_are_fitted() {
    need!(oracles);
    let scratch = Scratch::new();
    let options =
        ["--antennas", "6", "--times", "3", "--channels", "32", "--spws", "2", "--four-correlations"];
    let ms = demo(&scratch, &options);
    let text = assert_right(&scratch, &ms, "channels", "run", &["--spectral-terms", "3"]);
    assert!(text.contains("16 images") && text.contains("polynomials of 3 terms"), "{text}");
    let prefix = scratch.path("channels").join("run");
    // The default takes as many terms as images: no worse.
    predict_image([ms.as_os_str(), prefix.as_os_str()]).exits(0);
    let sky = scratch.path("channels").join("sky.json");
    assert_equal_to_sum("channels, default terms", &ms, &args!["--sky", &sky]);
    predict_image(args!["--spectral-terms", "5", &ms, &prefix]).exits(3).says(&["1 to 4 terms"]);
    predict_image(args!["--spectral-terms", "2", "--spectrum", "stepped", &ms, &prefix]).exits(2);
    std::fs::remove_file(scratch.path("channels").join("run-0002-Q-model.fits")).unwrap();
    predict_image(args![&ms, &prefix]).exits(3).says(&["no image of Q"]);
}

/// WSRT's channels descend; its images have other frequencies than it.
#[test]
fn descending_channels_take_their_own_images() {
    need!(oracles);
    let archive = need!("ms/wsrt_tNDPPP.in_MS.tgz");
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let text = assert_right(&scratch, &ms, "stepped", "run", &["--spectrum", "stepped"]);
    assert!(text.contains("whose band it lies in"), "{text}");
    assert_right(&scratch, &ms, "taylor", "mfs", &[]);
}

#[test]
fn taylor_terms_cubes_and_correlations_are_exact() {
    need!(oracles);
    let scratch = Scratch::new();
    let options = ["--antennas", "6", "--times", "3", "--channels", "32", "--four-correlations"];
    let ms = demo(&scratch, &options);
    assert_right(&scratch, &ms, "taylor", "mfs", &[]);
    assert_right(&scratch, &ms, "cube", "cube.fits", &[]);
    let text = assert_right(&scratch, &ms, "correlations", "lin", &[]);
    assert!(text.contains("XX XY XYi YX YXi YY"), "{text}");
    let folder = scratch.path("correlations");
    let sky = folder.join("sky.json");
    predict_image(args![&ms, &folder.join("circ")]).exits(0).says(&["RR RL RLi LR LRi LL"]);
    assert_equal_to_sum("circular into linear", &ms, &args!["--sky", &sky]);
    let [one, other] = ["lin-XX-model.fits", "circ-RR-model.fits"].map(|name| folder.join(name));
    predict_image(args![&ms, "--image", &one, &other]).exits(3).says(&["RR", "XX"]);
    std::fs::remove_file(scratch.path("taylor").join("mfs.model.tt1.fits")).unwrap();
    predict_image(args![&ms, &scratch.path("taylor").join("mfs")]).exits(3).says(&["Taylor term 1"]);
}

#[test]
fn blank_pixels_are_zeros_and_counted() {
    need!(oracles);
    let scratch = Scratch::new();
    let ms = demo(&scratch, &[]);
    let (folder, sky) = make(&scratch, "blanks", &ms);
    let report = scratch.path("report.json");
    predict_image(args!["--report", &report, &ms, &folder.join("nan")])
        .exits(0)
        .says(&["blank or not finite"]);
    let report: Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    assert!(report["catalogue"]["images"]["blanks"].as_u64().unwrap() >= 4, "{report}");
    let odd = folder.join("odd name[1](x)+y.fits.gz");
    predict_image(args!["--mode", "add", &ms, "--image", &odd])
        .exits(0)
        .says(&["a beam is", "8 pixels are blank"]);
    let found = measure(&ms, &args!["--sky", &sky]);
    assert!(found["relative"].as_f64().unwrap() <= 2e-6, "{found}");
}

/// What images cannot tell is not guessed.
#[test]
fn what_the_images_do_not_tell_is_refused() {
    need!(oracles);
    let scratch = Scratch::new();
    let ms = demo(&scratch, &[]);
    let before = file_contents(&ms);
    let (folder, _) = make(&scratch, "clean", &ms);
    let image = folder.join("clean-model.fits");
    let set = |key: &str, value: &str, name: &str| {
        let text = "import sys; from astropy.io import fits; path, key, value, to = sys.argv[1:]; h = fits.open(path); \
                    h[0].header[key] = float(value) if value[:1].isdigit() else value; h.writeto(to)";
        let to = folder.join(name);
        let python = common::python().expect("the oracles");
        let status = Command::new(python).args(["-c", text]).args(args![&image, key, value, &to]).status();
        assert!(status.expect("python").success());
        to
    };
    for (key, value, words) in [
        ("CDELT3", "1e6", "--extrapolate"),
        ("BUNIT", "K", "BUNIT"),
        ("CTYPE1", "RA---AIT", "projection"),
        ("EQUINOX", "1975", "equinox 1975"),
        ("CRVAL4", "17", "Stokes axis"),
        ("CTYPE3", "VOPT", ""),
    ] {
        let path = set(key, value, &format!("{key}.fits"));
        let run = predict_image(args!["--dry-run", &ms, "--image", &path]);
        // An axis of one value that is not understood does not matter.
        let code = if words.is_empty() { 0 } else { 3 };
        run.exits(code).says(&[words]);
    }
    predict_image(args!["--dry-run", "--extrapolate", &ms, "--image", &folder.join("CDELT3.fits")]).exits(0);
    predict_image(args![&ms, &folder.join("nothing")]).exits(3).says(&["no model images", "-term-N"]);
    predict_image(args![&ms, "--image", &folder.join("nothing.fits")]).exits(3).says(&["nothing.fits"]);
    predict_image(args![&ms, "--image", &folder.join("sky.json")]).exits(3).says(&["not a FITS file"]);
    predict_image(args!["--dry-run", "--beam", "airy:4.7", &ms, &image]).exits(0).says(&["true sky"]);
    std::fs::copy(&image, folder.join("pb-model-pb.fits")).unwrap();
    predict_image(args!["--dry-run", &ms, &folder.join("pb")])
        .exits(0)
        .says(&["corrected for the primary beam"]);
    assert!(file_contents(&ms) == before, "something was written");
}

/// Model images that others published, read by astropy for the sum.
#[test]
fn real_model_images_are_predicted() {
    need!(oracles);
    let archive = need!("ms/lofar_tDDECal.in_MS.tgz");
    let dp3 = need!("skymodels/dp3_idg-fits-sources_model_fits.tbz2");
    let facets = need!("skymodels/wsclean_facets_point-source-model.fits.gz");
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let folder = scratch.path("images");
    std::fs::create_dir(&folder).unwrap();
    let status = Command::new("tar").arg("xjf").arg(&dp3).arg("-C").arg(&folder).status();
    assert!(status.expect("tar").success());
    let sky = scratch.path("sky.json");
    for (image, words) in [
        (folder.join("foursources-model.fits"), "no beam (BMAJ)"),
        (folder.join("radec-model.fits"), "no beam (BMAJ)"),
        (facets, "pixels other than zero"),
    ] {
        oracle_ok("images.py", args!["sky", &sky, &image]);
        predict_image(args!["--extrapolate", &ms, "--image", &image]).exits(0).says(&[words]);
        let name = image.file_name().unwrap().to_string_lossy().into_owned();
        assert_equal_to_sum(&name, &ms, &args!["--sky", &sky]);
    }
}

/// What WSClean gets right it gets as we do; what it does not, it does not.
#[test]
fn wsclean_predicts_the_same_where_it_is_right() {
    need!(oracles);
    need!(wsclean);
    let scratch = Scratch::new();
    let ms = demo(&scratch, &["--antennas", "8", "--times", "3", "--channels", "16", "--one-field"]);
    let (folder, sky) = make(&scratch, "centred", &ms);
    let prefix = folder.join("centred");
    let translated = args![
        "wsclean",
        "-predict",
        "-use-wgridder",
        "-no-small-inversion",
        "-reorder",
        "-name",
        &prefix,
        &ms
    ];
    run(translated).exits(0).says(&["ignored", "-reorder", "every field is predicted"]);
    assert_equal_to_sum("wsclean's arguments", &ms, &args!["--sky", &sky]);
    let theirs = scratch.copy(&ms, "theirs.ms");
    let words =
        ["-predict", "-use-wgridder", "-no-small-inversion", "-wgridder-accuracy", "1e-6", "-quiet", "-name"];
    let wsclean =
        Command::new("wsclean").args(words).arg(&prefix).arg(&theirs).output().expect("wsclean starts");
    assert!(wsclean.status.success(), "{}", String::from_utf8_lossy(&wsclean.stderr));
    let own = measure(&theirs, &args!["--sky", &sky])["relative"].as_f64().expect("a number");
    say(&format!("wsclean itself: rms error {own:.2e}"));
    assert!(own < 1e-3, "WSClean is no judge here: {own}");
    // An image centre away from the phase centre is silently wrong there, and right here.
    let (folder, sky) = make(&scratch, "clean", &ms);
    let prefix = folder.join("clean");
    let _ = Command::new("wsclean").args(words).arg(&prefix).arg(&theirs).output().expect("wsclean starts");
    let own = measure(&theirs, &args!["--sky", &sky])["relative"].as_f64().expect("a number");
    say(&format!("wsclean, image centre 1° off: rms error {own:.2e}"));
    assert!(own > 0.5, "WSClean has learned: {own}");
    run(args!["wsclean", "-predict", "-quiet", "-name", &prefix, &ms]).exits(0);
    assert_equal_to_sum("ours, image centre 1° off", &ms, &args!["--sky", &sky]);
}

/// The pipeline's two commands, as they stand, and both steps in one.
#[test]
fn the_pipelines_commands_run_unchanged() {
    need!(oracles);
    let scratch = Scratch::new();
    let ms = demo(&scratch, &[]);
    let list = scratch.write(
        "nvss.txt",
        "Format = Name, Type, Ra, Dec, I, SpectralIndex, LogarithmicSI, ReferenceFrequency='1400000000.0', MajorAxis, MinorAxis, \
         Orientation\ns0,POINT,22:54:30.00,16.20.00.0,1.5,[-0.7],true,1400000000.0,,,\n\
         s1,POINT,22:53:10.40,15.58.03.0,0.8,[-0.7],true,1400000000.0,,,\n",
    );
    let prefix = scratch.path("run.nvss_model");
    let wsclean = assert_cmd::cargo::cargo_bin!("wsclean-predict");
    let start = |words: &[&OsStr]| {
        let mut command = Command::new(wsclean);
        finish(command.args(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts"))
    };
    let draw = args![
        "-draw-model",
        &list,
        "-name",
        &prefix,
        "-draw-frequencies",
        "1405000000.0",
        "250000000.0",
        "-draw-spectral-terms",
        "2",
        "-size",
        "2048",
        "2048",
        "-scale",
        "6.0arcsec",
        "-draw-centre",
        "22h54m12.000s",
        "+16d9m0.000s"
    ];
    start(&draw).exits(0).says(&["run.nvss_model-term-1.fits", "2 sources"]);
    let term = scratch.path("run.nvss_model-term-0.fits");
    std::fs::rename(&term, scratch.path("run.nvss_model-model.fits")).expect("drawn");
    start(&args!["-predict", "-reorder", "-name", &prefix, &ms]).exits(0).says(&["complete", "-reorder"]);
    // Straight from the list, exactly.
    let before: Vec<PathBuf> =
        file_contents(&scratch.path("demo")).into_iter().map(|(path, _)| path).collect();
    start(&args!["-draw-model", &list, "-predict", "-model-column", "EXACT", &ms])
        .exits(0)
        .says(&["2 sources"]);
    let found = measure(&ms, &args!["--column", "MODEL_DATA", "--against", "EXACT"]);
    let relative = found["relative"].as_f64().expect("a number");
    say(&format!("drawn and predicted, against straight from the list: {relative:.2e}"));
    // The drawing has one spectral term; the power law is flat in it.
    assert!(relative < 0.1, "{found}");
    // Both terms give the spectrum, and the pixels the positions.
    std::fs::rename(scratch.path("run.nvss_model-model.fits"), &term).unwrap();
    predict_image(args![&ms, &prefix]).exits(0).says(&["2 Taylor terms"]);
    let found = measure(&ms, &args!["--against", "EXACT"]);
    let relative = found["relative"].as_f64().expect("a number");
    say(&format!("both terms: {relative:.2e}"));
    assert!(relative < 5e-3, "{found}");
    let after: Vec<PathBuf> =
        file_contents(&scratch.path("demo")).into_iter().map(|(path, _)| path).collect();
    assert!(after.iter().all(|path| before.contains(path) || path.starts_with(&ms)), "{after:?}");
    start(&args!["-predict", "-facet-regions", "f.reg", &ms]).exits(2).says(&["facet"]);
    start(&args!["-name", "x", &ms]).exits(2).says(&["imaging"]);
}

/// Killed at any moment, a run leaves no file but the MeasurementSet's own, and a column that says that it is not whole.
#[test]
fn a_kill_leaves_nothing_behind() {
    need!(oracles);
    let scratch = Scratch::new();
    let options = ["--antennas", "40", "--times", "24", "--channels", "64"];
    let ms = demo(&scratch, &options);
    let (folder, _) = make(&scratch, "clean", &ms);
    let temporary = scratch.path("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let names =
        |folder: &Path| -> Vec<PathBuf> { file_contents(folder).into_iter().map(|(path, _)| path).collect() };
    predict_image(args![&ms, &folder.join("clean")]).exits(0);
    let before = names(&folder);
    for wait in [10, 60, 150, 300] {
        let mut command = command();
        command
            .args(args!["image", "-q", "--engine", "direct", &ms, &folder.join("clean")])
            .env("TMPDIR", &temporary);
        let mut child = command.current_dir(&temporary).stderr(Stdio::null()).spawn().expect("it starts");
        std::thread::sleep(std::time::Duration::from_millis(wait));
        child.kill().expect("killed");
        child.wait().expect("gone");
        assert!(names(&temporary).is_empty() && names(&folder) == before, "after {wait} ms");
        assert!(["complete", "incomplete"].contains(&state(&ms).as_str()));
    }
    predict_image(args![&ms, &folder.join("clean")]).exits(0);
    assert_eq!(state(&ms), "complete");
}

/// Every pixel has its share of the standard's flux density, and what the catalogue has there gives way.
#[test]
fn a_calibrator_has_the_shape_of_its_image() {
    need!(oracles);
    let scratch = Scratch::new();
    let ms = demo(&scratch, &[]);
    let shape = "ra_deg,dec_deg,flux_jy\n24.4220,33.1597,3\n24.4250,33.1610,1\n24.4190,33.1570,0.5\n";
    let list = scratch.write("shape.csv", shape);
    let (image, sky) = (scratch.path("3C48.fits"), scratch.path("sky.json"));
    let place = ["--centre", "24.422 33.160", "--size", "64", "--scale", "2asec", "--radius", "all"];
    let drawn = args!["draw", &ms, &list, "-o", &image];
    run(drawn.into_iter().chain(place.iter().map(OsStr::new))).exits(0);
    oracle_ok("images.py", args!["sky", &sky, &image]);
    let mut pixels: Value = serde_json::from_str(&std::fs::read_to_string(&sky).unwrap()).unwrap();
    let pixels = pixels.as_array_mut().unwrap();
    assert_eq!(pixels.len(), 3);
    let sum: f64 = pixels.iter().map(|pixel| pixel["i"].as_f64().unwrap()).sum();
    let standard = nvss_predict::sky::calibrator("3C48", Default::default()).unwrap().component;
    for pixel in pixels.iter_mut() {
        pixel["i"] = Value::from(pixel["i"].as_f64().unwrap() / sum * standard.stokes.i);
        pixel["terms"] = Value::from(standard.spectrum.log_terms().unwrap());
        pixel["ref_hz"] = Value::from(standard.spectrum.reference().unwrap());
    }
    std::fs::write(&sky, Value::from(pixels.clone()).to_string()).unwrap();
    let there = scratch.write("there.csv", "ra_deg,dec_deg,flux_jy\n24.423,33.160,16\n");
    let shaped = args!["--calibrator", "3C48", "--calibrator-image", &image, &ms, &there];
    run(shaped).exits(0).says(&["as 3 pixels", "in place of 1 source(s) of 16.0000 Jy"]);
    assert_equal_to_sum("3C48 as an image", &ms, &args!["--sky", &sky]);
    let other = args!["--calibrator", "3C286", "--calibrator-image", &image, "--dry-run", &ms, &there];
    run(other).exits(3).says(&["3C48.fits", "from 3C286"]);
    let alone = args!["--calibrator-image", &image, "--dry-run", &ms, &there];
    run(alone).exits(2).says(&["each belongs to one calibrator"]);
}

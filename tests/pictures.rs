//! Pictures, masks, model images and region files: astropy and WSClean judge what can be judged by a program.

mod common;

use common::sky::{Gaussian, Source};
use common::{Scratch, oracle_ok, predict, run, say};
use nvss_predict::catalog::regions;
use nvss_predict::coords::{Direction, Frame};
use serde_json::Value;
use std::fs;
use std::path::Path;

const GOLD: &str = "gold/casa_dsa110like_ft.ms.tgz";
const NVSS: &str = "catalogues/NVSSVZ.FIT.gz";

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}:\n{text}"))
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("not a number: {value}"))
}

/// The width, height and number of different bytes of a PNG's pixels, decoded by the library that wrote none of it.
fn decode(path: &Path) -> (u32, u32, usize) {
    let mut decoder = png::Decoder::new(std::io::BufReader::new(fs::File::open(path).expect("a file")));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut pixels).expect("pixels");
    let mut seen = [false; 256];
    pixels.iter().for_each(|value| seen[usize::from(*value)] = true);
    (info.width, info.height, seen.iter().filter(|seen| **seen).count())
}

/// Three sources about the drift's centre: two points and a Gaussian.
fn three() -> Vec<Source> {
    let gaussian = Gaussian { major: 120.0, minor: 60.0, angle: 30.0, frame: "source" };
    vec![
        Source::point(342.9, 16.3, 2.0),
        Source::point(343.4, 15.6, 0.5),
        Source { gaussian: Some(gaussian), ..Source::point(342.4, 15.9, 1.0) },
    ]
}

#[test]
fn the_sky_of_the_real_field_is_drawn() {
    let (archive, nvss) = (need!(GOLD), need!(NVSS));
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let before = common::file_contents(&ms);
    let (png, svg) = (scratch.path("sky.png"), scratch.path("sky.svg"));
    run(args!["sky", &ms, &nvss, "-o", &png, "--beam", "auto"]).exits(0).says(&["69 sources", "beam"]);
    let (width, height, colours) = decode(&png);
    assert_eq!((width, height), (1280, 880));
    assert!(colours > 20, "{colours} different bytes: next to blank");
    run(args!["sky", &ms, &nvss, "-o", &svg]).exits(0).says(&["no beam applied"]);
    let text = fs::read_to_string(&svg).expect("text");
    // The brightest source of the field is 3C 454.3.
    for words in ["<svg", "J2253+1608", "offset to the east [deg]", "22h55m", "0.5", "no beam applied"] {
        assert!(text.contains(words), "{words} is not in the SVG");
    }
    assert!(common::file_contents(&ms) == before, "the picture changed the MeasurementSet");
    // It is not lost by a second run.
    run(args!["sky", &ms, &nvss, "-o", &svg]).exits(3).says(&["exists", "--overwrite"]);
    assert_eq!(fs::read_to_string(&svg).expect("text"), text);
    run(args!["sky", &ms, &nvss, "-o", &svg, "--overwrite", "--min-flux", "100Jy"])
        .exits(0)
        .says(&["0 sources"]);
    assert_ne!(fs::read_to_string(&svg).expect("text"), text);
}

#[test]
fn visibilities_are_drawn_with_data_and_without() {
    let archive = need!(GOLD);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let (png, svg) = (scratch.path("vis.png"), scratch.path("vis.svg"));
    // 24 fields, 190 baselines, 2 windows of 4 channels and 2 correlations.
    run(args!["plot", &ms, "-o", &png]).exits(0).says(&["72,960 visibilities"]);
    let (width, height, colours) = decode(&png);
    assert_eq!((width, height), (1400, 1268));
    assert!(colours > 20, "{colours} different bytes: next to blank");
    run(args!["plot", &ms, "-o", &svg, "--spws", "1", "--fields", "0"]).exits(0).says(&["1,520"]);
    let text = fs::read_to_string(&svg).expect("text");
    for words in ["spectral window 1", "χ²", "uv distance [kλ]", "WEIGHT"] {
        assert!(text.contains(words), "{words} is not in the SVG");
    }
    // A model against itself leaves nothing.
    let same = ["plot", "--data", "MODEL_DATA", "--overwrite", "-o"];
    run(same.map(std::ffi::OsStr::new).into_iter().chain([svg.as_os_str(), ms.as_os_str()])).exits(0);
    assert!(fs::read_to_string(&svg).expect("text").contains("after (median 0)"));
    run(args!["plot", &ms, "-o", &svg, "--overwrite", "--model", "NONE"]).exits(3).says(&["NONE", "predict"]);
    run(args!["plot", &ms, "-o", &svg, "--overwrite", "--data", "NONE"]).exits(3).says(&["NONE", "--data"]);
}

#[test]
fn flags_and_weights_are_honoured() {
    need!(oracles);
    let archive = need!(GOLD);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let script = "import sys\nfrom casacore.tables import table\n\
        t = table(sys.argv[1], readonly=False, ack=False)\n\
        f = t.getcol('FLAG'); f[:] = False; f[:, 0, :] = True; t.putcol('FLAG', f)\n\
        r = t.getcol('FLAG_ROW'); r[:] = False; r[0] = True; t.putcol('FLAG_ROW', r)\n\
        t.removecols('DATA')\n";
    let file = scratch.write("flag.py", script);
    let python = common::python().expect("checked");
    assert!(std::process::Command::new(python).args([&file, &ms]).status().expect("python").success());
    let svg = scratch.path("vis.svg");
    // A quarter of the channels, and three channels of one row, of two correlations.
    run(args!["plot", &ms, "-o", &svg]).exits(0).says(&[
        "18,246 flagged",
        "54,714 visibilities",
        "only the model",
    ]);
    let text = fs::read_to_string(&svg).expect("text");
    assert!(text.contains("there are no data") && !text.contains("χ²"));
}

#[test]
fn the_mask_is_where_astropy_looks_for_it() {
    need!(oracles);
    let archive = need!(GOLD);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let (csv, _) = scratch.sky("sky", &three());
    let mask = scratch.path("mask.fits");
    let image = ["--size", "2000", "1600", "--scale", "4asec", "--centre", "22h52m +16d00m"];
    let mut arguments = args!["mask", &ms, &csv, "-o", &mask].to_vec();
    arguments.extend(image.map(std::ffi::OsStr::new));
    run(&arguments).exits(0).says(&["2000 × 1600", "3 sources on it"]);
    let sources = three();
    let mut places = vec!["pixels".to_owned(), mask.to_string_lossy().into_owned()];
    // Each source, and 50 and 70 arcsec north of the first one, which is a circle of 60.
    let mut directions: Vec<(f64, f64)> = sources.iter().map(|source| (source.ra, source.dec)).collect();
    directions.extend([(342.9, 16.3 + 50.0 / 3600.0), (342.9, 16.3 + 70.0 / 3600.0)]);
    // The Gaussian's half axes are hypot(60, 120) = 134 arcsec at 30° and hypot(60, 60) = 85 across.
    for (distance, angle) in [(125.0, 30f64), (145.0, 30.0), (78.0, 120.0), (95.0, 120.0)] {
        let (sin, cos) = angle.to_radians().sin_cos();
        let dec = 15.9 + distance * cos / 3600.0;
        directions.push((342.4 + distance * sin / 3600.0 / 15.9f64.to_radians().cos(), dec));
    }
    places.extend(directions.iter().flat_map(|(ra, dec)| [ra.to_string(), dec.to_string()]));
    let found = json(&oracle_ok("pictures.py", &places));
    assert_eq!(found["shape"], serde_json::json!([1, 1, 1600, 2000]));
    assert_eq!(found["ctype"], serde_json::json!(["RA---SIN", "DEC--SIN", "FREQ", "STOKES"]));
    let values: Vec<f64> = found["found"].as_array().unwrap().iter().map(|f| number(&f["value"])).collect();
    assert_eq!(values, [1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
    let area = (2.0 * 60.0 * 60.0 + 60f64.hypot(120.0) * 60f64.hypot(60.0)) * std::f64::consts::PI / 16.0;
    let masked = number(&found["above"]);
    assert!((masked / area - 1.0).abs() < 0.02, "{masked} pixels, {area} expected");
    assert_eq!(number(&found["sum"]), masked);
}

#[test]
fn the_model_image_has_each_source_on_its_pixel() {
    need!(oracles);
    let archive = need!(GOLD);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let mut sources = three();
    sources[0].terms = vec![-0.7];
    sources.push(Source::point(10.0, 16.0, 5.0));
    let (csv, _) = scratch.sky("sky", &sources);
    let model = scratch.path("nvss-model.fits");
    let arguments =
        args!["draw", &ms, &csv, "-o", &model, "--size", "1800", "--scale", "4", "--freq", "1.3GHz"];
    run(arguments).exits(0).says(&["3 sources on it (1 outside)", "1300.00 MHz"]);
    let mut places = vec!["pixels".to_owned(), model.to_string_lossy().into_owned()];
    places.extend(sources[..3].iter().flat_map(|source| [source.ra.to_string(), source.dec.to_string()]));
    let found = json(&oracle_ok("pictures.py", &places));
    assert_eq!((&found["unit"], number(&found["frequency"])), (&"JY/PIXEL".into(), 1.3e9));
    // The gold fields are in ICRS.
    assert_eq!(found["frame"], "ICRS");
    let first = 2.0 * (1.3f64 / 1.4).powf(-0.7);
    let value = |k: usize| number(&found["found"][k]["value"]);
    assert!((value(0) - first).abs() < 1e-6 && (value(1) - 0.5).abs() < 1e-6, "{found}");
    // A Gaussian's peak is its flux over its area, 4 ln 2/(π a b).
    let peak = 4.0 * std::f64::consts::LN_2 / (std::f64::consts::PI * 30.0 * 15.0);
    assert!((value(2) / peak - 1.0).abs() < 0.01, "{} {peak}", value(2));
    let sum = number(&found["sum"]);
    assert!((sum - first - 1.5).abs() < 1e-4, "{sum}");
}

/// The bar: WSClean cleans with the mask, and only inside of it.
#[test]
fn wsclean_accepts_the_mask() {
    need!(oracles);
    need!(wsclean);
    let (archive, nvss) = (need!(GOLD), need!(NVSS));
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    predict(&ms, &nvss, &["--radius", "1.5", "--spws", "0"]).exits(0);
    let mask = scratch.path("mask.fits");
    let arguments = ["--radius", "1.5", "--size", "1500", "--scale", "6asec", "--mask-radius", "1arcmin"];
    let mut all = args!["mask", &ms, &nvss, "-o", &mask].to_vec();
    all.extend(arguments.map(std::ffi::OsStr::new));
    run(&all).exits(0);
    let found = json(&oracle_ok("pictures.py", args!["clean", &ms, &mask, "6", "1500"]));
    say(&format!("wsclean -fits-mask: {found}"));
    assert!(number(&found["components"]) > 0.0, "{found}");
    assert_eq!(found["outside"], 0, "{found}");
    // The two programs lay the same pixels, but for the frame bias of some 20 mas.
    assert!(number(&found["header_difference"]) < 1e-5, "{found}");
    // 3C 454.3 alone has 12.7 Jy.
    assert!(number(&found["sum"]) > 8.0, "{found}");
}

#[test]
fn regions_name_every_source() {
    need!(oracles);
    let archive = need!(GOLD);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let (csv, _) = scratch.sky("sky", &three());
    let reg = scratch.path("sources.reg");
    run(args!["regions", &ms, &csv, "-o", &reg]).exits(0).says(&["3 sources"]);
    let found = json(&oracle_ok("pictures.py", args!["regions", &reg]));
    assert_eq!(found["frame"], "fk5");
    let shapes = found["shapes"].as_array().unwrap();
    assert_eq!(shapes.len(), 3);
    for (shape, source) in shapes.iter().zip(three()) {
        let numbers: Vec<f64> = shape["numbers"].as_array().unwrap().iter().map(number).collect();
        assert!((numbers[0] - source.ra).abs() < 1e-6 && (numbers[1] - source.dec).abs() < 1e-6, "{shape}");
        if source.gaussian.is_some() {
            // Half of the widths, and the angle from the west.
            let expected = [60.0, 30.0, 120.0];
            assert!(numbers[2..].iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-3), "{shape}");
        }
    }
    assert_eq!(shapes[0]["text"], "s0 2.0000 Jy");
    assert_eq!(shapes[1]["text"], "s1 500.00 mJy");
}

/// CASA's region manager, and our own reader, on the same file: areas and places.
#[test]
fn regions_are_those_that_casa_reads() {
    need!(oracles);
    let archive = need!(GOLD);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let (csv, _) = scratch.sky("sky", &three());
    let file = scratch.path("sources.crtf");
    run(args!["regions", &ms, &csv, "-o", &file, "--point-radius", "40"])
        .exits(0)
        .says(&["3 sources", "CASA"]);
    let other = scratch.path("sources.txt");
    run(args!["regions", &ms, &csv, "-o", &other, "--as", "casa"]).exits(0).says(&["CASA"]);
    let read = regions::read(&file).unwrap();
    assert_eq!((read.included.len(), read.excluded.len()), (3, 0));
    let found = json(&oracle_ok("casa.py", args!["crtf", &file, "342.9", "15.95"]));
    let pixels = found["pixels"].as_array().unwrap();
    let own = read.tester();
    let mut areas = 0.0;
    for (index, source) in three().iter().enumerate() {
        // Half axes [arcsec], and pixels of 4.
        let [a, b] = source.gaussian.as_ref().map_or([40.0, 40.0], |g| [0.5 * g.major, 0.5 * g.minor]);
        areas += std::f64::consts::PI * a * b / 16.0;
        let inside = Direction::from_degrees(Frame::J2000, source.ra, source.dec);
        assert!(own(inside) && own(inside.offset(0.4, 25.0 / 206_264.8)), "{index}");
        assert!(!own(inside.offset(0.4, 80.0 / 206_264.8)), "{index}");
    }
    assert!((pixels.len() as f64 / areas - 1.0).abs() < 0.03, "{} pixels, {areas} expected", pixels.len());
    // Every pixel that CASA masks is in the regions as we read them, but for the rim.
    let ours =
        pixels.iter().filter(|at| own(Direction::from_degrees(Frame::J2000, number(&at[0]), number(&at[1]))));
    assert!(ours.count() as f64 > 0.97 * pixels.len() as f64);
}

#[test]
fn bad_arguments_are_told() {
    let archive = need!(GOLD);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let (csv, _) = scratch.sky("sky", &three());
    let out = |name: &str| scratch.path(name);
    run(args!["sky", &ms, &csv, "-o", &out("sky.jpg")]).exits(2).says(&[".png or .svg"]);
    run(args!["sky", &ms, &csv]).exits(2).says(&["--output"]);
    run(args!["plot", &ms, "-o", &out("vis")]).exits(2).says(&[".png or .svg"]);
    run(args!["plot", &ms, "-o", &out("vis.png"), "--spws", "7"]).exits(2).says(&["--spws"]);
    run(args!["mask", &ms, &csv, "-o", &out("m.fits"), "--size", "0"]).exits(2).says(&["pixels"]);
    run(args!["mask", &ms, &csv, "-o", &out("m.fits"), "--size", "40000"]).exits(2).says(&["32768"]);
    run(args!["mask", &ms, &csv, "-o", &out("m.fits"), "--scale", "-1"]).exits(2);
    run(args!["draw", &ms, &csv, "-o", &out("m.fits"), "--scale", "1deg", "--size", "4096"])
        .exits(2)
        .says(&["horizon"]);
    run(args!["draw", &ms, &csv, "-o", &out("m.fits"), "--centre", "north"]).exits(2).says(&["north"]);
    run(args!["draw", &ms, &out("none.csv"), "-o", &out("m.fits")]).exits(3).says(&["none.csv"]);
    run(args!["regions", &out("none.ms"), &csv, "-o", &out("s.reg")]).exits(3).says(&["none.ms"]);
    run(args!["regions", &ms, &csv, "-o", &out("no/such/folder/s.reg")]).exits(5).says(&["no/such/folder"]);
    run(args!["regions", &ms, &csv, "-o", &out("s.reg"), "--radius", "0.0001", "--require-sources"])
        .exits(7)
        .says(&["no source"]);
    let left: Vec<_> =
        fs::read_dir(scratch.path("")).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains(".part")), "{left:?}");
    assert!(!left.iter().any(|name| name == "m.fits" || name == "s.reg"), "{left:?}");
}

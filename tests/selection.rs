//! Sources chosen by place, put in by hand and merged: region files of both dialects, and what reaches the column, judged
//! by the independent sum.

mod common;

use casacore::{Access, Table};
use common::sky::Source;
use common::{Scratch, assert_equal_to_sum, predict};
use nvss_predict::catalog::regions::{self, Area};
use nvss_predict::coords::{Direction, Frame};
use nvss_predict::ms::make::{MsSpec, make};
use nvss_predict::sky::{Region, RegionSet};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const ARCMIN: f64 = std::f64::consts::PI / 180.0 / 60.0;

fn at(ra: f64, dec: f64) -> Direction {
    Direction::from_degrees(Frame::J2000, ra, dec)
}

/// So far to the east and north of a place [arcmin].
fn aside(centre: Direction, east: f64, north: f64) -> Direction {
    centre.offset(east.atan2(north), east.hypot(north) * ARCMIN)
}

fn read(name: &str, text: &str) -> Result<RegionSet, String> {
    let scratch = Scratch::new();
    regions::read(&scratch.write(name, text)).map_err(|error| error.to_string())
}

fn ds9(text: &str) -> RegionSet {
    read("a.reg", text).unwrap()
}

fn crtf(text: &str) -> RegionSet {
    read("a.crtf", text).unwrap()
}

/// Whether what lies so far to the east and north of RA 0, Dec 60 [arcmin] is in a region.
fn holds(set: &RegionSet, east: f64, north: f64) -> bool {
    set.contains(aside(at(0.0, 60.0), east, north))
}

#[test]
fn circles_are_great_circles_in_every_spelling() {
    let degrees = ds9("fk5;circle(0,60,10')");
    for text in [
        "# Region file format: DS9 version 4.1\nglobal color=green width=1\nfk5\ncircle(0.0,60.0,600.0\") # text={a;b}",
        "j2000; circle 0:00:00 +60:00:00 0.1666666666666666666d",
        "FK5\nCIRCLE(00h00m00.0s, 60d00m00s, 10')",
        "fk5; + circle(0r,1.0471975511965976r,0.1666666666666666666)",
    ] {
        assert_eq!(ds9(text).included.len(), 1, "{text}");
        for direction in [0.0, 1.0, 2.5, 4.0] {
            for (distance, inside) in [(9.999, true), (10.001, false)] {
                let place = at(0.0, 60.0).offset(direction, distance * ARCMIN);
                assert_eq!(ds9(text).contains(place), inside, "{text} {direction} {distance}");
                assert_eq!(degrees.contains(place), inside);
            }
        }
    }
    for text in [
        "#CRTFv0\nglobal coord=J2000\ncircle[[0deg, 60deg], 10arcmin]",
        "#CRTFv0 CASA Region Text Format version 0\ncircle [[00:00:00.0, +60.00.00.0], 600arcsec], coord=fk5, corr=[I, Q]",
        "circle[[0h0m0s, 60d0m0s], 0.16666666666666deg], color=red\nann circle[[0deg, 0deg], 1deg]\nsymbol[[0deg,0deg], .]",
    ] {
        let set = crtf(text);
        assert!(set.included.len() == 1 && holds(&set, 0.0, 9.99) && !holds(&set, 10.01, 0.0), "{text}");
    }
    // Over a pole.
    let polar = ds9("icrs;circle(120,89.9,30')");
    assert!(polar.contains(at(300.0, 89.7)) && !polar.contains(at(300.0, 89.5)));
}

#[test]
fn frames_are_those_of_the_file() {
    // M31 by SIMBAD: J2000, galactic and B1950.
    let m31 = at(10.684708, 41.26875);
    for text in ["galactic;circle(121.1743,-21.5733,5\")", "fk4;circle(00:40:00.1,+40:59:43,5\")"] {
        assert!(ds9(text).contains(m31) && !ds9(text).contains(aside(m31, 0.2, 0.0)), "{text}");
    }
    assert!(crtf("circle[[121.1743deg, -21.5733deg], 5arcsec], coord=GALACTIC").contains(m31));
    assert!(crtf("global coord=B1950\ncircle[[00h40m00.1s, 40d59m43s], 5arcsec]").contains(m31));
}

#[test]
fn ellipses_and_boxes_are_turned_as_their_programs_turn_them() {
    // DS9: from the axis of right ascension; 0° lies east to west, 90° north to south.
    let (lying, standing) = (ds9("fk5;ellipse(0,60,10',5',0)"), ds9("fk5;ellipse(0,60,10',5',90)"));
    assert!(holds(&lying, 9.9, 0.0) && !holds(&lying, 0.0, 9.9));
    assert!(holds(&standing, 0.0, -9.9) && !holds(&standing, 9.9, 0.0));
    // 30° counter-clockwise, where east is to the left: to the south-east and the north-west.
    let (sine, cosine) = 30f64.to_radians().sin_cos();
    let turned = ds9("fk5;ellipse(0,60,10',2',30)");
    assert!(holds(&turned, -9.9 * cosine, 9.9 * sine) && holds(&turned, 9.9 * cosine, -9.9 * sine));
    assert!(!holds(&turned, 9.9 * cosine, 9.9 * sine));
    let turned = ds9("fk5;box(0,60,20',4',30)");
    assert!(holds(&turned, -9.9 * cosine, 9.9 * sine) && !holds(&turned, 9.9 * cosine, 9.9 * sine));
    let square = ds9("fk5;box(0,60,20',10')");
    assert!(holds(&square, 9.9, 4.9) && !holds(&square, 9.9, 5.1) && !holds(&square, 10.1, 4.9));
    // CASA: the position angle of the first half axis, north through east.
    let turned = crtf("ellipse[[0deg, 60deg], [10arcmin, 2arcmin], 30deg]");
    assert!(holds(&turned, 9.9 * sine, 9.9 * cosine) && !holds(&turned, -9.9 * sine, 9.9 * cosine));
    let turned = crtf("rotbox[[0deg, 60deg], [20arcmin, 4arcmin], 30deg]");
    assert!(holds(&turned, -9.9 * cosine, 9.9 * sine) && !holds(&turned, 9.9 * cosine, 9.9 * sine));
    let square = crtf("centerbox[[0deg, 60deg], [20arcmin, 10arcmin]]");
    assert!(holds(&square, 9.9, 4.9) && !holds(&square, 9.9, 5.1));
}

#[test]
fn rings_and_polygons() {
    for set in [ds9("fk5;annulus(0,60,5',7',10')"), crtf("annulus[[0deg, 60deg], [5arcmin, 10arcmin]]")] {
        let inside = [4.9, 5.1, 9.9, 10.1].map(|distance| holds(&set, distance, 0.0));
        assert_eq!(inside, [false, true, true, false]);
    }
    let ring = ds9("fk5;ellipse(0,60,5',2',10',4',0)\nfk5;box(10,60,10',10',20',20',0)");
    assert!(!holds(&ring, 4.9, 0.0) && holds(&ring, 9.9, 0.0) && holds(&ring, 0.0, 3.0));
    assert!(!ring.contains(at(10.0, 60.0)) && ring.contains(aside(at(10.0, 60.0), 0.0, 6.0)));
    // Across RA 0, and a notch in it.
    let arrow = ds9("fk5;polygon(359.8,59.9,0.2,59.9,0.0,60.0,0.2,60.1,359.8,60.1)");
    assert!(holds(&arrow, -3.0, 0.0) && !holds(&arrow, 3.0, 0.0) && holds(&arrow, 3.0, 4.0));
    let boxed = crtf("box[[0.2deg, 59.9deg], [359.8deg, 60.1deg]]");
    assert!(holds(&boxed, 5.5, 5.5) && holds(&boxed, -5.5, -5.5) && !holds(&boxed, 6.5, 0.0));
    let corners = "[359.8deg, 59.9deg], [0.2deg, 59.9deg], [0.2deg, 60.1deg], [359.8deg, 60.1deg]";
    assert!(holds(&crtf(&format!("poly[{corners}], coord=ICRS")), 5.5, 5.5));
    // Its sides are great circles: between two places on the equator of a tilted circle runs that circle.
    let [a, b] = [at(0.0, 50.0), at(60.0, 50.0)];
    let polygon = Region::polygon(&[a, b, at(30.0, 20.0)]).unwrap();
    let top = 50f64.to_radians().tan().atan2(30f64.to_radians().cos()).to_degrees();
    assert!(polygon.contains(at(30.0, top - 0.001)) && !polygon.contains(at(30.0, top + 0.001)));
    // Around a pole.
    let cap = Region::polygon(&[at(0.0, 80.0), at(90.0, 80.0), at(180.0, 80.0), at(270.0, 80.0)]).unwrap();
    assert!(cap.contains(at(33.0, 90.0)) && cap.contains(at(45.0, 84.0)) && !cap.contains(at(45.0, 80.0)));
}

#[test]
fn excluded_shapes_are_taken_out() {
    for set in [
        ds9("fk5\ncircle(0,60,10')\n-circle(0,60,2')\n!box(0,60.1,2',2')"),
        crtf(
            "circle[[0deg, 60deg], 10arcmin]\n- circle[[0deg, 60deg], 2arcmin]\n-centerbox[[0deg, 60.1deg], [2arcmin, 2arcmin]]",
        ),
    ] {
        assert!(!holds(&set, 0.0, 0.0) && holds(&set, 3.0, 0.0) && !holds(&set, 0.0, 6.0));
    }
    let all_but = ds9("fk5;-circle(0,60,2')");
    assert!(!holds(&all_but, 0.0, 0.0) && holds(&all_but, 5.0, 0.0) && all_but.contains(at(180.0, -60.0)));
}

#[test]
fn errors_say_where_and_what() {
    for (text, words) in [
        ("# Region file format: DS9\nfk5\ncircle(1,2,3p)", ":3: '3p' is in pixels"),
        ("image\ncircle(100,100,20)", ":2: 'image' coordinates are those of an image"),
        ("circle(100,100,20)", ":1: no coordinate system before the first shape"),
        ("physical;circle(1,2,3)", ":1: 'physical'"),
        ("ecliptic;circle(1,2,3)", "ecliptic coordinates are not known"),
        ("fk5\n\ncircle(1,95,3')", ":3: '95'"),
        ("fk5\ncircle(1,2,3,4)", ":2: 'circle' does not have 4 numbers"),
        ("fk5\ncircle(1,2,3'", ":2: a ')' is missing"),
        ("fk5\ncircle(1,2,x')", ":2: 'x'' is not a size"),
        ("fk5\ncircle(1,2,-3')", ":2: a size of"),
        ("fk5\nannulus(1,2,3',2')", ":2: the radii"),
        ("fk5\npolygon(1,2,3,4)", ":2: a polygon has three corners"),
        ("fk5\npolygon(1,2,3,4,5)", ":2: a polygon has an even count"),
        ("fk5\npanda(1,2,0,360,4,1',2',1)", ":2: 'panda("),
        ("fk5\ncircle(1i,2i,3')", ":2: '1i' is in pixels"),
        ("fk5\npoint(1,2)", "no region with an area"),
        ("", "no region with an area"),
        ("#CRTFv0\ncircle[[1pix, 2pix], 3pix]", ":2: '3pix' is in pixels"),
        ("#CRTFv0\ncircle[[1deg, 2deg], 3]", ":2: '3' has no unit"),
        ("#CRTFv0\n\ncircle[[1deg, 2deg], 3deg", ":3: the brackets do not match"),
        ("#CRTFv0\ncircle[[1deg, 2deg], 3deg], coord=AZEL", ":2: coord: unknown frame 'AZEL'"),
        ("#CRTFv0\nblob[[1deg, 2deg], 3deg]", ":2: 'blob' is not understood"),
        ("#CRTFv0\nellipse[[1deg, 2deg], 3deg]", ":2: 'ellipse' does not have 3 numbers"),
    ] {
        let error = read("bad.reg", text).unwrap_err();
        assert!(error.contains(words) && error.contains("bad.reg"), "{text}: {error}");
    }
    assert!(Area::File(PathBuf::from("nowhere.reg")).regions().is_err());
}

/// A drift scan of five antennas, 8 channels and 3 fields, in a scratch folder.
fn small_ms(scratch: &Scratch) -> PathBuf {
    let path = scratch.path("small.ms");
    make(&path, &MsSpec::dsa110(5, 3, 1, 8)).expect("it can be made");
    path
}

/// The centre of its second field.
fn centre(ms: &Path) -> Direction {
    let fields = Table::open(&ms.join("FIELD"), Access::ReadOnly).expect("FIELD opens");
    let [ra, dec] = fields.cell::<f64>("PHASE_DIR", 1).unwrap().into_raw_vec_and_offset().0[..] else {
        panic!()
    };
    Direction::new(Frame::Icrs, ra, dec).to(Frame::J2000)
}

/// A source of the independent sum, at a place, with a spectral index at a frequency.
fn source(place: Direction, flux: f64, alpha: f64, reference: f64) -> Source {
    let (ra, dec) = (place.longitude.to_degrees(), place.latitude.to_degrees());
    Source { terms: vec![alpha], reference, ..Source::point(ra, dec, flux) }
}

/// Runs with `--report` and returns it.
fn reported(scratch: &Scratch, ms: &Path, catalogue: &Path, options: &[&str]) -> Value {
    let file = scratch.path("report.json");
    let name = file.to_string_lossy().into_owned();
    predict(ms, catalogue, &[options, &["--report", &name]].concat()).exits(0);
    serde_json::from_slice(&fs::read(&file).expect("a report")).expect("JSON")
}

/// A catalogue without spectra and without a word about what it is.
fn survey_csv(sources: &[(Direction, f64)]) -> String {
    let row = |(place, jy): &(Direction, f64)| {
        format!("{:?},{:?},{:?}\n", place.longitude.to_degrees(), place.latitude.to_degrees(), jy * 1e3)
    };
    format!("ra_deg,dec_deg,flux_mjy\n{}", sources.iter().map(row).collect::<String>())
}

fn argument(option: &str, survey: &str, path: &Path) -> String {
    format!("{option}{survey}={}", path.display())
}

#[test]
fn merged_surveys_reach_the_column_once_and_with_their_spectra() {
    need!(oracles);
    let scratch = Scratch::new();
    let ms = small_ms(&scratch);
    let centre = centre(&ms);
    let arcsec = |east: f64, north: f64| aside(centre, east / 60.0, north / 60.0);
    // One NVSS source that FIRST has in three, one that both have, one of FIRST alone, one of NVSS alone, and one of
    // NVSS with a faint one of FIRST by chance in its beam.
    let triple = [(arcsec(0.0, 15.0), 0.3), (arcsec(12.0, -9.0), 0.2), (arcsec(-14.0, 2.0), 0.45)];
    let [both, alone, lonely, bright] =
        [arcsec(900.0, 0.0), arcsec(0.0, 1200.0), arcsec(-1500.0, 300.0), arcsec(600.0, -900.0)];
    let faint = aside(bright, 0.3, 0.0);
    let first = [&triple[..], &[(both, 0.5), (alone, 0.11), (faint, 0.01)]].concat();
    let nvss = [(centre, 1.0), (aside(both, 0.02, 0.03), 0.52), (lonely, 0.7), (bright, 0.4)];
    let law = |flux: f64, index: f64| flux * (325e6f64 / 1.4e9).powf(index);
    let wenss = [(centre, law(0.95, -0.9)), (both, law(0.5, -3.0)), (lonely, law(0.7, 0.3))];
    let [first, nvss, wenss] = [("f", &first[..]), ("n", &nvss), ("t", &wenss)]
        .map(|(name, list)| scratch.write(name, survey_csv(list)));
    let merge = format!("{},{}", argument("--merge=", "FIRST", &first), argument("", "NVSS", &nvss));
    let spectra = argument("--spectra-from=", "WENSS", &wenss);
    let report = reported(&scratch, &ms, &nvss, &[&merge, &spectra, "--alpha", "-0.8"]);
    let expected = [
        source(triple[0].0, 0.3, -0.9, 1.4e9),
        source(triple[1].0, 0.2, -0.9, 1.4e9),
        source(triple[2].0, 0.45, -0.9, 1.4e9),
        source(both, 0.5, -0.8, 1.4e9),
        source(alone, 0.11, -0.8, 1.4e9),
        source(faint, 0.01, -0.8, 1.4e9),
        source(lonely, 0.7, 0.3, 1.4e9),
        source(bright, 0.39, -0.8, 1.4e9),
    ];
    let (_, json) = scratch.sky("expected", &expected);
    assert_equal_to_sum("FIRST and NVSS merged, WENSS for spectra", &ms, &args!["--sky", &json]);
    let sky = &report["catalogue"];
    assert_eq!((&sky["selected"], &sky["rows"]), (&Value::from(8), &Value::from(13)), "{sky}");
    let [first, nvss] = [&sky["merged"][0], &sky["merged"][1]];
    assert_eq!((&first["survey"], &first["kept"]), (&Value::from("FIRST"), &Value::from(6)));
    for (field, count) in
        [("read", 4), ("kept", 2), ("matched", 1), ("blends", 1), ("reduced", 1), ("parts", 0)]
    {
        assert_eq!(nvss[field], count, "{field}: {nvss}");
    }
    assert!((nvss["lost_jy"].as_f64().unwrap() - 0.07).abs() < 1e-9, "{nvss}");
    assert!((nvss["taken_off_jy"].as_f64().unwrap() - 0.01).abs() < 1e-9);
    let spectra = &sky["spectra"];
    for (field, count) in [("fitted", 4), ("beyond_limits", 1), ("unmatched", 3), ("own", 0)] {
        assert_eq!(spectra[field], count, "{field}: {spectra}");
    }
    assert_eq!(sky["members"].as_array().unwrap().len(), 3);
    assert_eq!(sky["members"][2]["only_spectra"], true);
    // The same through the environment, the catalogue told by what is left.
    let mut command = common::command();
    command.env("FIRST_CATALOG", scratch.path("f")).env("WENSS_CATALOG", scratch.path("t"));
    command.args(args![
        &ms,
        &scratch.path("n"),
        "--merge",
        "FIRST,NVSS",
        "--spectra-from",
        "WENSS",
        "--alpha",
        "-0.8"
    ]);
    let output = command.output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for words in [
        "merged: 2 of 4 sources of NVSS; left out 1 the same as sources before them, 1 blends",
        "spectral indices: 4 fitted between FIRST, NVSS, WENSS",
        "-0.8 assumed for 3 without a counterpart and 1 beyond -2.5 to 1.5",
        "8 sources",
    ] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    assert_equal_to_sum("the same by name", &ms, &args!["--sky", &json]);
    // The same out of one file whose rows name their surveys, and out of one import of it and of three.
    let mut unified = String::from("ra_deg,dec_deg,flux_mjy,survey\n");
    for (name, survey) in [("f", "FIRST"), ("n", "NVSS"), ("t", "wenss")] {
        let text = fs::read_to_string(scratch.path(name)).unwrap();
        text.lines().skip(1).for_each(|row| unified += &format!("{row},{survey}\n"));
    }
    unified += "10,10,5,GAIA\n";
    let unified = scratch.write("unified.csv", unified);
    let store = scratch.path("unified.sqlite");
    let import = common::command().args(args!["catalog", "import", &unified, "-o", &store]).output();
    assert!(import.expect("it runs").status.success());
    for catalogue in [&unified, &store] {
        let options =
            ["--merge", "FIRST,NVSS", "--spectra-from", "WENSS", "--alpha", "-0.8", "--radius", "all"];
        let report = reported(&scratch, &ms, catalogue, &options);
        assert_equal_to_sum("the same out of one file", &ms, &args!["--sky", &json]);
        let told = &report["catalogue"];
        assert_eq!((&told["merged"], &told["spectra"]), (&sky["merged"], &sky["spectra"]), "{told}");
        assert_eq!(told["path"], catalogue.display().to_string());
        assert!(told["notes"].to_string().contains("1 of GAIA"), "{told}");
    }
    predict(&ms, &unified, &["--merge", "FIRST=f,NVSS=n"]).exits(2).says(&["no survey of the catalogue"]);
    let output = common::command().args(args![&ms, &unified, "--dry-run"]).output().expect("it runs");
    assert!(String::from_utf8_lossy(&output.stdout).contains("several surveys, taken as they stand"));
}

/// The pipeline's databases have one schema for every survey: their names tell which.
#[test]
fn databases_of_the_pipeline_are_known_by_their_names() {
    let scratch = Scratch::new();
    let ms = small_ms(&scratch);
    let centre = centre(&ms);
    let database = |name: &str, jy: f64| {
        let path = scratch.path(name);
        let database = rusqlite::Connection::open(&path).unwrap();
        let table =
            "CREATE TABLE sources (source_id INTEGER PRIMARY KEY, ra_deg REAL, dec_deg REAL, flux_mjy REAL)";
        database.execute(table, []).unwrap();
        let values = (centre.longitude.to_degrees(), centre.latitude.to_degrees(), jy * 1e3);
        database.execute("INSERT INTO sources (ra_deg, dec_deg, flux_mjy) VALUES (?, ?, ?)", values).unwrap();
        path
    };
    let first = database("first_dec+16.0.sqlite3", 0.1);
    let racs = database("elsewhere.sqlite3", 0.1 * (887.5f64 / 1400.0).powf(-0.85));
    let merge = format!("{},FIRST", argument("--merge=", "RACS", &racs));
    let sky = &reported(&scratch, &ms, &first, &[&merge, "--dry-run"])["catalogue"];
    assert_eq!((&sky["members"][1]["survey"], &sky["selected"]), (&"FIRST".into(), &1.into()), "{sky}");
    assert!((sky["spectra"]["median"].as_f64().unwrap() + 0.85).abs() < 1e-6, "{sky}");
    assert_eq!(sky["merged"][1]["lost_jy"], 0.0, "spectra are no loss: {sky}");
}

#[test]
fn sources_are_chosen_by_place_and_put_in_by_hand() {
    need!(oracles);
    let scratch = Scratch::new();
    let ms = small_ms(&scratch);
    let centre = centre(&ms);
    let places: Vec<Direction> =
        [(0.0, 0.0), (10.0, 0.0), (0.0, 20.0), (-30.0, 0.0), (0.0, -40.0), (25.0, 25.0)]
            .map(|(east, north)| aside(centre, east, north))
            .to_vec();
    let flux = [1.0, 0.5, 2.0, 0.7, 3.0, 0.2];
    let all: Vec<Source> =
        places.iter().zip(flux).map(|(place, jy)| source(*place, jy, -0.5, 1.4e9)).collect();
    let (csv, _) = scratch.sky("all", &all);
    let circle = |place: Direction, radius: &str| {
        format!("{:?},{:?},{radius}", place.longitude.to_degrees(), place.latitude.to_degrees())
    };
    let judged = |label: &str, chosen: &[usize], added: &[Source], options: &[&str]| {
        let report = reported(&scratch, &ms, &csv, options);
        let expected: Vec<Source> =
            chosen.iter().map(|at| all[*at].clone()).chain(added.iter().cloned()).collect();
        let (_, json) = scratch.sky("expected", &expected);
        assert_equal_to_sum(label, &ms, &args!["--sky", &json]);
        report["catalogue"]["choice"].clone()
    };
    let (one, two) = (circle(places[1], "1arcmin"), circle(places[4], "30\""));
    let choice = judged("--exclude twice", &[0, 2, 3, 5], &[], &["--exclude", &one, "--exclude", &two]);
    assert_eq!(choice["excluded"], 2);
    let near = circle(centre, "0.4");
    let choice = judged("--only", &[0, 1, 2], &[], &["--only", &near]);
    assert_eq!(choice["outside_only"], 3);
    judged("--only and --exclude", &[0, 2, 4], &[], &["--only", &near, "--only", &two, "--exclude", &one]);
    let degrees = (centre.longitude.to_degrees(), centre.latitude.to_degrees());
    let file = scratch.write(
        "mine.reg",
        format!("fk5\ncircle({:?},{:?},45')\n-circle({0:?},{1:?},15')\n", degrees.0, degrees.1),
    );
    let file = file.to_string_lossy();
    judged("--only a DS9 file", &[2, 3, 4, 5], &[], &["--only", &file]);
    judged("--exclude a DS9 file", &[0, 1], &[], &["--exclude", &file]);
    judged("--top 2", &[2, 4], &[], &["--top", "2"]);

    // A calibrator in place of the source at the centre, and one in an empty place; no cut takes them.
    let hms = "RA DEC 0.05Jy -0.3 1.3GHz".replace("RA DEC", &format!("{:?} {:?}", degrees.0, degrees.1));
    let there = aside(centre, 50.0, 50.0);
    let other = circle(there, "10mJy").replace(',', " ");
    let added = [source(centre, 0.05, -0.3, 1.3e9), source(there, 0.01, -0.7, 1.4e9)];
    let add = ["--add-source", &hms, "--add-source", &other];
    let choice = judged("--add-source", &[1, 2, 3, 4, 5], &added, &add);
    assert_eq!((&choice["added"][0]["replaced"], &choice["added"][1]["replaced"]), (&1.into(), &0.into()));
    assert_eq!(choice["added"][0]["replaced_jy"], 1.0);
    let cuts = ["--min-flux", "1", "--top", "1", "--radius", "0.9", "--exclude", &near];
    let choice = judged("--add-source and every cut", &[4], &added, &[&add[..], &cuts].concat());
    assert_eq!((&choice["excluded"], &choice["below_min_flux"]), (&2.into(), &2.into()), "{choice}");
    predict(&ms, &csv, &add)
        .exits(0)
        .says(&["0.0500 Jy put in by hand", "in place of 1 source(s) of 1.0000 Jy"]);
}

#[test]
fn the_top_are_the_brightest_through_the_beam() {
    let scratch = Scratch::new();
    let ms = small_ms(&scratch);
    let centre = centre(&ms);
    // Twice the flux density at a power of a tenth or so.
    let sky = [source(centre, 1.0, 0.0, 1.4e9), source(aside(centre, 0.0, 140.0), 2.0, 0.0, 1.4e9)];
    let (csv, _) = scratch.sky("two", &sky);
    let flux = |options: &[&str]| {
        let report = reported(&scratch, &ms, &csv, &[options, &["--top", "1"]].concat());
        assert_eq!(report["catalogue"]["choice"]["beyond_top"], 1);
        report["catalogue"]["flux_jy"].as_f64().unwrap()
    };
    assert_eq!((flux(&[]), flux(&["--beam", "airy:4.7"])), (2.0, 1.0));
    let cut = ["--beam", "airy:4.7", "--beam-limit", "0.5", "--radius", "all"];
    assert_eq!(reported(&scratch, &ms, &csv, &cut)["catalogue"]["choice"]["below_beam_limit"], 1);
}

#[test]
fn wrong_usage_and_bad_files_are_told_before_anything_is_written() {
    let scratch = Scratch::new();
    let ms = small_ms(&scratch);
    let (csv, _) = scratch.sky("one", &[Source::point(1.0, 2.0, 1.0)]);
    let file = csv.display().to_string();
    let nvss = scratch.write("nvss.csv", "NVSS,RAJ2000,DEJ2000,S1.4\nx,1,2,3\n");
    let nvss = format!("FIRST={},NVSS={file}", nvss.display());
    let bad = scratch.write("bad.reg", "fk5\ncircle(1,2,3')\ncircle(100,2,3p)\n").display().to_string();
    let before = common::file_contents(&ms);
    for (code, options, words) in [
        (2, &["--match-radius", "3"][..], "--match-radius has nothing to match"),
        (2, &["--merge", "GAIA=x,NVSS"], "'GAIA' is not a survey"),
        (2, &["--merge", "FIRST,NVSS"], "FIRST and NVSS have no file"),
        (2, &["--merge", "FIRST=a,NVSS=b"], "has no place in the list"),
        (2, &["--spectra-from", "TGSS"], "TGSS_CATALOG"),
        (2, &["--exclude", "1,2"], "neither RA,DEC,RADIUS nor a region file"),
        (2, &["--only", "1,2,3parsec"], "not a unit of angle"),
        (2, &["--add-source", "1 2"], "RA DEC FLUX"),
        (2, &["--add-source", "1 2 3 -0.7", "--match-radius", "10arcmin"], "between 0 and 5 arcmin"),
        (3, &["--exclude", "not-there.reg"], "not-there.reg: cannot be read"),
        (3, &["--only", &bad], "bad.reg:3: '3p' is in pixels"),
        (3, &["--merge", &nvss], "given as FIRST, but what it says of itself is NVSS"),
        (3, &["--spectra-from", "TGSS=no.csv"], "no.csv: cannot be read"),
    ] {
        predict(&ms, &csv, options).exits(code).says(&[words]);
    }
    assert_eq!(common::file_contents(&ms), before, "something was written");
}

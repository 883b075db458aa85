//! `nvss-predict catalog`: what is printed, what is written, exit codes; and a prediction from what it makes.

mod common;

use common::{Scratch, run};
use nvss_predict::ms::make::{MsSpec, make};
use serde_json::Value;
use std::fs;
use std::path::Path;

const LIST: &str = "name,ra_deg,dec_deg,i_jy,e_i_jy,alpha,ref_mhz,major_arcsec,minor_arcsec,pa_deg
near,343.7,16.1,1.5,0.01,-0.8,1400,30,10,45
\"a, b\",343.8,16.2,2.5,,,1400,<20,<10,
weak,343.6,16.0,0.001,,,1400,,,
far,10,80,3,,,1400,,,
";

/// The sources that a query prints as JSON.
fn sources(arguments: &[&str]) -> Vec<Value> {
    let mut all = vec!["catalog", "query", "--format", "json"];
    all.extend(arguments);
    let found: Value = serde_json::from_str(&run(all).exits(0).stdout).expect("JSON");
    found["sources"].as_array().expect("sources").clone()
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[test]
fn import_query_and_info() {
    let scratch = Scratch::new();
    let list = text(&scratch.write("list.csv", LIST));
    let store = text(&scratch.path("sky.sqlite"));
    run(["catalog", "import", &list, "-o", &store]).exits(0).says(&["4 sources of 4 rows", "complete"]);
    run(["catalog", "import", &list, "-o", &store]).exits(3).says(&["is there already", "--force"]);
    run(["catalog", "import", &list, "-o", &store, "--force", "--quiet"]).exits(0);
    run(["catalog", "info", &store]).exits(0).says(&[
        "sources      4 (1 Gaussian, 1 with size limits",
        "list.csv (csv): 4 sources",
        "component list",
    ]);
    run(["catalog", "info", &list]).exits(0).says(&["sources      4 (1 Gaussian", "rows         4"]);
    run(["catalog", "info", "--json", &store]).exits(0).says(&["\"sha256\"", "\"gaussians\": 1"]);

    for catalogue in [&store, &list] {
        let about = ["--centre", "22:54:48 +16:06:00", "--radius", "1", catalogue];
        let by_flux = sources(&about);
        let names = |found: &[Value]| -> Vec<String> {
            found.iter().map(|source| source["name"].as_str().expect("a name").to_owned()).collect()
        };
        assert_eq!(names(&by_flux), ["a, b", "near", "weak"]);
        assert_eq!(by_flux[1]["e_i_jy"], 0.01);
        assert!((by_flux[0]["major_limit_arcsec"].as_f64().expect("a limit") - 20.0).abs() < 1e-9);
        let near = sources(&[&about[..], &["--sort", "separation"]].concat());
        assert_eq!(names(&near), ["near", "a, b", "weak"]);
        let bright = sources(&[&about[..], &["--min-flux", "10mJy", "--max-sources", "1"]].concat());
        assert_eq!(names(&bright), ["a, b"]);
        run([&["catalog", "query"][..], &about].concat())
            .exits(0)
            .says(&["22:54:48.00  +16:06:00.0    1500.00     10.0", "<20.0 x <10.0"]);
    }
    // A southern declination is no option, and six fields are two angles.
    run(["catalog", "query", &store, "--centre", "10 -80", "--radius", "1"]).exits(0).says(&["0 sources"]);
    run(["catalog", "query", &store, "--centre", "-10 -80", "--radius", "1"]).exits(0);
    run(["catalog", "query", &store, "--centre", "22 54 48 +16 06 00", "--radius", "1"])
        .exits(0)
        .says(&["3 sources"]);
    run(["catalog", "query", &store, "--centre", "10", "--radius", "1"]).exits(2).says(&["right ascension"]);
}

#[test]
fn what_a_query_writes_as_csv_is_a_catalogue() {
    let scratch = Scratch::new();
    let list = text(&scratch.write("list.csv", LIST));
    let csv = text(&scratch.path("found.csv"));
    let about = ["--centre", "343.7 16.1", "--radius", "1"];
    run([&["catalog", "query", &list, "--format", "csv", "-o", &csv][..], &about].concat()).exits(0);
    let (before, after) =
        (sources(&[&about[..], &[&list]].concat()), sources(&[&about[..], &[&csv]].concat()));
    assert_eq!(before.len(), 3);
    for (before, after) in before.iter().zip(&after) {
        for (key, value) in before.as_object().expect("an object") {
            // Degrees and arc seconds go through radians, which may cost the last digit.
            match (value.as_f64(), after[key].as_f64()) {
                (Some(a), Some(b)) => assert!((a - b).abs() <= 1e-12 * a.abs().max(1.0), "{key}: {a} {b}"),
                _ => assert_eq!(*value, after[key], "{key}"),
            }
        }
    }
}

#[test]
fn a_prediction_from_an_import_is_that_from_the_file() {
    let scratch = Scratch::new();
    let ms = scratch.path("small.ms");
    make(&ms, &MsSpec::dsa110(4, 3, 1, 4)).expect("a MeasurementSet");
    let list = scratch.write("list.csv", LIST);
    let store = scratch.path("sky.sqlite");
    run([&["catalog", "import"][..], &[&text(&list), "-o", &text(&store)]].concat()).exits(0);
    let predicted = |catalogue: &Path, column: &str| -> Value {
        let report = scratch.path("report.json");
        let (ms, catalogue, report) = (text(&ms), text(catalogue), text(&report));
        let options = ["--radius", "3", "--min-flux", "10mJy", "--column", column, "--report", &report];
        run([&[ms.as_str(), &catalogue][..], &options].concat()).exits(0);
        serde_json::from_slice(&fs::read(&report).expect("a report")).expect("JSON")
    };
    let (file, import) = (predicted(&list, "FROM_FILE"), predicted(&store, "FROM_IMPORT"));
    for key in ["selected", "gaussians", "flux_jy", "digest", "rows", "region"] {
        assert_eq!(file["catalogue"][key], import["catalogue"][key], "{key}");
    }
    assert_eq!(file["catalogue"]["selected"], 2);
    run([&text(&ms), &text(&store), "--frame", "icrs"]).exits(3).says(&["give it to the import"]);
}

#[test]
fn the_cache_is_where_the_variable_says_and_is_emptied() {
    let scratch = Scratch::new();
    let folder = scratch.path("cache");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("0.v1.nvss.sqlite"), "damaged").expect("a file");
    fs::write(folder.join("mine"), "mine").expect("a file");
    let cache = |arguments: &[&str], value: &Path| {
        let mut command = common::command();
        command.args(["catalog", "cache"]).args(arguments).env("NVSS_PREDICT_CACHE", value);
        let output = command.output().expect("the binary starts");
        assert!(output.status.success());
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let said = cache(&[], &folder);
    assert!(said.contains("1 import") && said.contains("cannot be read; --clear removes it"), "{said}");
    assert!(cache(&["--clear"], &folder).contains("removed"));
    let left: Vec<_> = fs::read_dir(&folder).expect("a folder").collect();
    assert_eq!(left.len(), 1);
    assert!(cache(&[], Path::new("off")).contains("no cache"));
}

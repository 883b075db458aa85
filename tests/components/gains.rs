//! Solutions applied on the way, of all sources or of each patch: against CASA, DP3 and numpy.

use super::*;

/// Gains, bandpasses and delays that CASA's `applycal` takes off again, interpolated in time and frequency.
#[test]
fn gains_are_casas() {
    need!(oracles);
    let archive = need!(DRIFT);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let scene = Scene::of(&ms);
    let csv = scratch.write(
        "sky.csv",
        format!(
            "ra_deg,dec_deg,flux_jy\n{},{},5\n{},{},3\n",
            scene.ra,
            scene.dec,
            scene.ra + 0.5,
            scene.dec - 0.3
        ),
    );
    predict(&ms, &csv, &["--column", "PLAIN"]).exits(0);
    for kind in ["G", "B", "K"] {
        let table = scratch.path(&format!("{kind}.cal"));
        oracle_ok("casa.py", args!["gains", &ms, &table, kind]);
        let table_text = table.to_str().expect("a name in letters");
        predict(&ms, &csv, &["--column", "CORRUPT", "--apply-gains", table_text])
            .exits(0)
            .says(&["antennas from"]);
        oracle_ok("casa.py", args!["applycal", &ms, "CORRUPT", &table]);
        let found = measure(&ms, &args!["--column", "CORRECTED_DATA", "--against", "PLAIN"]);
        let changed = measure(&ms, &args!["--column", "CORRUPT", "--against", "PLAIN"]);
        let [relative, changed] = [&found, &changed].map(|x| x["relative"].as_f64().expect("a number"));
        say(&format!("{kind}: {relative:.2e} after applycal, which changes {changed:.2e}"));
        assert!(relative <= 2e-6 && changed > 0.1, "{kind}: {found} {changed}");
    }
    let sky = scratch.write("no.cal", "text");
    let run = predict(&ms, &csv, &["--apply-gains", sky.to_str().unwrap()]).exits(3);
    run.says(&["no.cal", "neither a calibration table of CASA", "nor an h5parm"]);
}

/// Two patches in notations of DP3.
const PATCHES: &str = "\
FORMAT = Name, Type, Patch, Ra, Dec, I, Q, U, V, ReferenceFrequency='60e6', SpectralIndex='[]', MajorAxis, MinorAxis, Orientation, OrientationIsAbsolute
 , , west, 00:02:14.141, +31.39.42.012
a, POINT, west, 00:02:14.141, +31.39.42.012, 4, 0.4, -0.2, 0.1, , [-0.7, 0.1], , , ,
b, POINT, west, 00:03:14.141, +31.59.42.012, 2, 0.4, -0.2, 0.1, , [-0.7, 0.1], , , ,
 , , east, 00:10:14.141, +32.39.42.012
c, POINT, east, 00:10:14.141, +32.39.42.012, 3, 0.4, 0.2, 0.1, , [-0.7], , , ,
d, GAUSSIAN, east, 00:08:14.141, +33.39.42.012, 3, , , 0.1, , [-0.7], 120, 60, 30, true
";

/// A number of what an oracle prints.
fn figure(told: &Value, name: &str) -> f64 {
    told[name].as_f64().unwrap_or_else(|| panic!("no {name} in {told}"))
}

/// Solutions of every kind, of all sources together, as DP3's applycal and as numpy apply them.
#[test]
fn solutions_of_an_h5parm_are_dp3s() {
    need!(oracles);
    let archive = need!(LOFAR);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let model = scratch.write("sky.skymodel", PATCHES);
    let all = ["--radius", "all"];
    predict(&ms, &model, &[&all[..], &["--column", "PLAIN"]].concat()).exits(0);
    for (kind, tables) in [
        ("scalar", ""),
        ("phase", ""),
        ("gain", ""),
        ("fast", ""),
        ("clock", ""),
        ("tec", ""),
        ("rotation", ""),
        ("rotationmeasure", ""),
        ("several", ":tec000,rotation000,amplitude000"),
        ("fulljones", ""),
        ("flagged", ""),
    ] {
        let file = scratch.path(&format!("{kind}.h5"));
        oracle_ok("h5parm.py", args!["make", &ms, &file, kind]);
        let gains = format!("{}{tables}", file.display());
        predict(&ms, &model, &[&all[..], &["--column", "OURS", "--apply-gains", &gains]].concat())
            .exits(0)
            .says(&[
                "of 8 of 8 antennas from",
                if kind == "flagged" { "solutions are flagged" } else { kind },
            ]);
        oracle_ok("h5parm.py", args!["dp3", &ms, &model, "DP3_MODEL", &file, kind]);
        let theirs = measure(&ms, &args!["--column", "OURS", "--against", "DP3_MODEL", "--no-autos"]);
        let sum = oracle_ok("h5parm.py", args!["sum", &ms, "OURS", &file, kind, "PLAIN"]);
        let sum: Value = serde_json::from_str(&sum).unwrap();
        let (dp3, sums) = (figure(&theirs, "relative"), figure(&sum, "relative"));
        say(&format!("{kind}: {dp3:.2e} from DP3, {sums:.2e} from numpy, which change {}", sum["changed"]));
        assert!(dp3 <= 1e-6 && sums <= 1e-6 && figure(&sum, "changed") > 0.05, "{kind}: {theirs} {sum}");
        assert_eq!(figure(&sum, "flagged") > 0.0, kind == "flagged", "{sum}");
    }
    // What DP3 solves for in what it has corrupted.
    let solved = scratch.path("solved.h5");
    oracle_ok("h5parm.py", args!["solve", &ms, "DP3_MODEL", &model, &solved]);
    predict(
        &ms,
        &model,
        &[&all[..], &["--column", "OURS", "--apply-gains", solved.to_str().unwrap()]].concat(),
    )
    .exits(0);
    oracle_ok("h5parm.py", args!["dp3", &ms, &model, "DP3_MODEL", &solved, "gain"]);
    let theirs = measure(&ms, &args!["--column", "OURS", "--against", "DP3_MODEL", "--no-autos"]);
    assert!(figure(&theirs, "relative") <= 1e-6, "{theirs}");
}

/// Solutions for each patch, as DP3's h5parmpredict has them.
#[test]
fn patches_have_their_own_solutions() {
    need!(oracles);
    let archive = need!(LOFAR);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let model = scratch.write("sky.skymodel", PATCHES);
    for (patch, column) in [("west", "WEST"), ("east", "EAST")] {
        predict(&ms, &model, &["--radius", "all", "--column", column, "--patches", patch]).exits(0);
    }
    for kind in ["phase", "tec", "fulljones", "gain", "flagged"] {
        let file = scratch.path(&format!("{kind}.h5"));
        // Not in the order of the list.
        oracle_ok("h5parm.py", args!["make", &ms, &file, kind, "east", "west"]);
        let gains = ["--radius", "all", "--column", "OURS", "--apply-gains", file.to_str().unwrap()];
        predict(&ms, &model, &gains).exits(0).says(&["in 2 directions"]);
        let sum = oracle_ok("h5parm.py", args!["sum", &ms, "OURS", &file, kind, "EAST", "WEST"]);
        let sum: Value = serde_json::from_str(&sum).unwrap();
        let sums = figure(&sum, "relative");
        say(&format!("{kind} in two directions: {sums:.2e} from numpy"));
        assert!(sums <= 1e-6 && figure(&sum, "changed") > 0.05, "{kind}: {sum}");
        // DP3 has one correction for each direction.
        if !matches!(kind, "gain" | "flagged") {
            oracle_ok("h5parm.py", args!["dp3", &ms, &model, "DP3_MODEL", &file, kind]);
            let theirs = measure(&ms, &args!["--column", "OURS", "--against", "DP3_MODEL", "--no-autos"]);
            let relative = figure(&theirs, "relative");
            say(&format!("{kind} in two directions: {relative:.2e} from DP3"));
            assert!(relative <= 1e-6, "{kind}: {theirs}");
        }
    }
    let file = scratch.path("gain.h5");
    let gains = ["--radius", "all", "--column", "OURS", "--apply-gains", file.to_str().unwrap()];
    // One patch alone, by the solutions in its direction.
    predict(&ms, &model, &[&gains[..], &["--patches", "east"]].concat()).exits(0);
    let sum = oracle_ok("h5parm.py", args!["sum", &ms, "OURS", &file, "gain", "EAST"]);
    assert!(figure(&serde_json::from_str(&sum).unwrap(), "relative") <= 1e-6, "{sum}");
    // A patch for which there are no solutions.
    let other = scratch.write("other.skymodel", PATCHES.replace("east", "north"));
    let before = describe(&ms);
    predict(&ms, &other, &gains).exits(3).says(&["no direction for north", "--patches"]);
    predict(&ms, &other, &[&gains[..], &["--patches", "west"]].concat()).exits(0);
    let csv = scratch.write("sky.csv", "ra_deg,dec_deg,flux_jy\n1,32,1\n");
    predict(&ms, &csv, &gains).exits(3).says(&["no direction for sources without a patch"]);
    assert_eq!(before, describe(&ms));
}

/// The columns are those of runs of their own, and what stops one leaves those before it whole.
#[test]
fn patches_go_into_columns_of_their_own() {
    need!(oracles);
    let archive = need!(LOFAR);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let model = scratch
        .write("sky.skymodel", PATCHES.to_owned() + "e, POINT, south, 00:05:14.141, +30.39.42.012, 1\n");
    let report = scratch.path("report.json");
    let all = ["--radius", "all"];
    for (patches, column) in [("west", "WEST"), ("south,east", "REST")] {
        predict(&ms, &model, &[&all[..], &["--column", column, "--patches", patches]].concat()).exits(0);
    }
    let columns = ["--patch-column", "west=OWN_WEST", "--patch-column", "south,east=OWN_REST"];
    let told = ["--report", report.to_str().unwrap()];
    predict(&ms, &model, &[&all[..], &columns, &told].concat())
        .exits(0)
        .says(&["complete     OWN_WEST of", "complete     OWN_REST of"]);
    let report: Value = serde_json::from_str(&std::fs::read_to_string(&report).unwrap()).unwrap();
    assert_eq!((&report["column"], &report["others"][0]["column"]), (&json!("OWN_WEST"), &json!("OWN_REST")));
    assert_eq!(
        (&report["catalogue"]["selected"], &report["others"][0]["catalogue"]["selected"]),
        (&json!(2), &json!(3))
    );
    for (own, alone) in [("OWN_WEST", "WEST"), ("OWN_REST", "REST")] {
        let found = measure(&ms, &args!["--column", own, "--against", alone]);
        assert_eq!(figure(&found, "relative"), 0.0, "{own}: {found}");
        common::run(args!["status", &ms, "--column", own, "--deep"]).exits(0);
    }
    // Of two MeasurementSets, each has its columns.
    let other = scratch.copy(&ms, "other.MS");
    let words = [&columns[..], &["--mode", "subtract"]].concat();
    let both: Vec<&std::ffi::OsStr> =
        words.iter().map(std::ffi::OsStr::new).chain(args![&ms, &other, &model]).collect();
    common::run(both)
        .exits(0)
        .says(&["lofar_generic.MS OWN_REST: 3 sources", "other.MS OWN_WEST: 2 sources"]);
    let found = measure(&other, &args!["--column", "OWN_REST", "--against", "REST"]);
    assert!((figure(&found, "relative") - 1.0).abs() < 1e-6, "{found}");
    // The second cannot be.
    let wrong = ["--patch-column", "east=FIRST", "--patch-column", "north=SECOND"];
    predict(&ms, &model, &wrong).exits(3).says(&["has no patch 'north'"]);
    common::run(args!["status", &ms, "--column", "FIRST"]).exits(0);
    common::run(args!["status", &ms, "--column", "SECOND"]).exits(1);
    for (wrong, words) in [
        (&["--patch-column", "east"][..], "patches and a column are needed"),
        (&["--patch-column", "east=A-B"], "no name of a column"),
        (&["--patch-column", "east=A", "--patch-column", "west=A"], "named twice"),
        (&["--patch-column", "east=A", "--column", "B"], "leave --column out"),
        (&["--patch-column", "east=A", "--patches", "west"], "cannot be used with"),
    ] {
        predict(&ms, &model, wrong).exits(2).says(&[words]);
    }
}

#[test]
fn wrong_h5parms_are_refused() {
    need!(oracles);
    let archive = need!(LOFAR);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let model = scratch.write("sky.skymodel", PATCHES);
    for (wrong, words) in [
        ("antenna", "no solution of antenna 3 (CS004HBA1)"),
        ("axis", "the axis 'beam' is not known"),
        ("title", "phase000"),
        ("lengths", "not of the same length"),
        ("order", "do not ascend"),
        ("band", "but the channels reach from"),
        ("circular", "other feeds than those of the data"),
        ("full", "4 polarisations"),
        ("empty", "an HDF5 file without groups"),
        ("other", "neither amplitude000 nor phase000, but phase001, tec000"),
    ] {
        let file = scratch.path(&format!("{wrong}.h5"));
        oracle_ok("h5parm.py", args!["make", &ms, &file, "phase"]);
        oracle_ok("h5parm.py", args!["spoil", &file, wrong]);
        let run = predict(&ms, &model, &["--radius", "all", "--apply-gains", file.to_str().unwrap()]);
        run.exits(3).says(&[words, &format!("{wrong}.h5")]);
    }
    let file = scratch.path("antenna.h5");
    for (name, words) in [("sol001/phase000", "no solution set 'sol001'"), ("tec000", "tec000")] {
        let gains = format!("{}:{name}", file.display());
        predict(&ms, &model, &["--radius", "all", "--apply-gains", &gains]).exits(3).says(&[words]);
    }
}

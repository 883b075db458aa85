//! What MWA hyperdrive itself makes of the lists that it reads.
//!
//! mwa_hyperdrive 0.9.0 (crates.io), built for the CPU: `tests/oracles/hyperdrive.py` had it `simulate` each list of
//! `tests/data/skymodels/hyperdrive_program.*` about right ascension 0.2 degrees and declination −0.1 degrees, and `record` a few
//! baselines into `hyperdrive_program.vis`. The FITS tables are astropy's.

use num_complex::Complex64;
use nvss_predict::predict::{Added, Choice, Job, Options, Radius, Silent, run};
use serde_json::Value;

use super::*;
use crate::common::{Scratch, oracle_ok};
use crate::{args, need};

const CENTRE: [f64; 2] = [0.2, -0.1];

/// The lists: their names' ends.
const LISTS: [&str; 11] = [
    ".yaml",
    ".json",
    ".rts.txt",
    ".woden.txt",
    ".ao.txt",
    ".skymodel",
    "_jack.fits.gz",
    "_lobes.fits.gz",
    "_bare.fits.gz",
    "_untold.fits.gz",
    "_gleam.fits.gz",
];

/// The list as hyperdrive takes it: a flux density at one frequency alone has an index of −0.8.
fn components(path: &Path) -> Vec<Component> {
    let options = ReadOptions { alpha: -0.8, ..ReadOptions::default() };
    let handling = Handling { polarization: false, strict: true };
    let read = catalog::open(path, None).and_then(|source| source.read_with(&options, handling));
    read.unwrap_or_else(|error| panic!("{}", explained(&error))).components
}

/// A shapelet function of hyperdrive: from a table of all orders, one after the other, in steps of 0.01 from −50 to 50, between whose
/// entries there are straight lines. Beyond 50 it reads on into the next order, which very large shapelets show.
fn tabulated(order: u8, x: f64) -> f64 {
    const LENGTH: usize = 10_001;
    let function = |at: usize| {
        let (order, x) = (at / LENGTH, (at % LENGTH) as f64 * 0.01 - 50.0);
        let (mut before, mut h) = (0.0, (-0.5 * x * x).exp());
        for n in (1..=order).map(|n| n as f64) {
            (before, h) = (h, x * (2.0 / n).sqrt() * h - ((n - 1.0) / n).sqrt() * before);
        }
        h
    };
    let place = x * 100.0 + 5000.0;
    let low = usize::from(order) * LENGTH + place.floor().max(0.0) as usize;
    let (a, b) = (function(low), function(low + 1));
    a + (b - a) * (place - place.floor())
}

/// A sum in double precision over what was read, by the formulas of hyperdrive (`src/model/cpu.rs`): it turns Gaussians by their
/// position angle about the phase centre, and shapelets each about their own place.
fn sum(components: &[Component], centre: [f64; 2], uvw: [f64; 3], hz: f64) -> [Complex64; 4] {
    let centre = Direction::from_degrees(Frame::J2000, centre[0], centre[1]);
    let waves = uvw.map(|x| x * hz / 299_792_458.0);
    let dot = |axis: [f64; 3]| axis[0] * waves[0] + axis[1] * waves[1] + axis[2] * waves[2];
    let along = |u: f64, v: f64, angle: f64| {
        let (sin, cos) = angle.sin_cos();
        [u * sin + v * cos, u * cos - v * sin]
    };
    let mut total = [Complex64::ZERO; 4];
    for component in components {
        let lmn = component.position.lmn(centre);
        let envelope = match &component.shape {
            Shape::Point => Complex64::ONE,
            Shape::Gaussian(gaussian) => {
                let [p, q] = along(waves[0], waves[1], gaussian.position_angle);
                let square = (gaussian.major * p).powi(2) + (gaussian.minor * q).powi(2);
                Complex64::from((-PI * PI / (4.0 * f64::ln(2.0)) * square).exp())
            }
            Shape::Shapelet(shapelet) => {
                assert_eq!(shapelet.angle_frame, AngleFrame::Source);
                let (east, north) = component.position.tangent_axes(centre);
                let [p, q] = along(dot(east), dot(north), shapelet.position_angle);
                let scale = PI / (2.0 * f64::ln(2.0)).sqrt();
                let (x, y) = (shapelet.scales[0] * scale * p, -shapelet.scales[1] * scale * q);
                let term = |&ShapeletTerm { n1, n2, value }: &ShapeletTerm| {
                    Complex64::I.powu(u32::from(n1 + n2)) * (value * tabulated(n1, x) * tabulated(n2, y))
                };
                shapelet.terms.iter().map(term).sum()
            }
            other => panic!("{other:?}"),
        };
        let phasor = envelope * Complex64::cis(2.0 * PI * dot([lmn.l, lmn.m, lmn.n_minus_1]));
        let Stokes { i, q, u, v } = component.stokes_at(hz);
        for (sum, (re, im)) in total.iter_mut().zip([(i + q, 0.0), (u, v), (u, -v), (i - q, 0.0)]) {
            *sum += phasor * Complex64::new(re, im);
        }
    }
    total
}

/// The worst difference of the sum from what hyperdrive made of a list, over the largest |V|, in the rows that begin with `name`.
fn worst(list: &Path, centre: [f64; 2], name: &str, recorded: &str) -> f64 {
    let components = components(list);
    let (mut worst, mut peak): (f64, f64) = (0.0, 0.0);
    for line in recorded.lines() {
        let Some(("", numbers)) = line.split_once(name) else { continue };
        let n: Vec<f64> = numbers.split_ascii_whitespace().map(|number| number.parse().unwrap()).collect();
        for (k, ours) in sum(&components, centre, [n[0], n[1], n[2]], n[3]).into_iter().enumerate() {
            let theirs = Complex64::new(n[4 + 2 * k], n[5 + 2 * k]);
            (worst, peak) = (worst.max((ours - theirs).norm()), peak.max(theirs.norm()));
        }
    }
    assert!(peak > 0.5, "{name}: nothing to compare");
    worst / peak
}

/// Every format, shape and spectrum that hyperdrive has: right ascensions on both sides of 24 h, sources far from the centre, one
/// flux density alone, entries met and passed on both sides, signs that differ, negative position angles, Gaussians without a size,
/// FITS tables that do not say what each row is. It writes single precision.
#[test]
fn hyperdrive_predicts_what_is_read() {
    let recorded = std::fs::read_to_string(data("hyperdrive_program.vis")).unwrap();
    for end in LISTS {
        let name = format!("hyperdrive_program{end}");
        let worst = worst(&data(&name), CENTRE, &name, &recorded);
        common::say(&format!("{name}: {worst:.1e} of the largest |V|"));
        assert!(worst < 2e-7, "{name}: {worst:e}");
    }
}

/// hyperdrive keeps only the last of several sources of a name.
#[test]
fn components_of_a_source_are_written_as_one() {
    let scratch = Scratch::new();
    for end in ["rts.txt", "woden.txt", "ao.txt"] {
        let written = scratch.path(&format!("written.{end}"));
        common::run(args!["convert", &data("hyperdrive_program_jack.fits.gz"), &written]).exits(0);
        let text = std::fs::read_to_string(&written).unwrap();
        let begins = |line: &&str| line.starts_with("SOURCE ") || line.starts_with("  name ");
        let names = text
            .lines()
            .filter(begins)
            .map(|line| line.trim().split([' ', '"']).find(|word| ["one", "two"].contains(word)));
        assert_eq!(names.collect::<Vec<_>>(), [Some("one"), Some("two")], "{end}: {text}");
        let mut patches: Vec<String> =
            components(&written).into_iter().map(|component| component.patch.unwrap().to_string()).collect();
        patches.dedup();
        assert_eq!(patches, ["one", "two"], "{end}");
    }
}

/// Predicts components into a column, by the whole program; returns the largest difference from what hyperdrive put into DATA, over
/// the largest |V|.
fn differs(ms: &Path, column: &str, components: Vec<Component>) -> f64 {
    let choice = Choice { add: components.into_iter().map(Added::from).collect(), ..Choice::default() };
    let options = Options {
        column: column.into(),
        held: Some("name,ra_deg,dec_deg,flux_jy\n".into()),
        radius: Radius::All,
        choice,
        threads: Some(2),
        ..Options::default()
    };
    run(&Job { ms: ms.into(), catalogue: PathBuf::from("by hand"), options }, &mut Silent)
        .unwrap_or_else(|error| panic!("{}", explained(&error)));
    let found: Value =
        serde_json::from_str(&oracle_ok("hyperdrive.py", args!["differ", ms, column])).unwrap();
    found["relative"].as_f64().unwrap()
}

/// hyperdrive's tests' own lists, and where to look at each [deg].
const SHARED: [(&str, [f64; 2]); 9] = [
    ("hyperdrive_ao_cluster_srclist.txt", [350.0, 50.0]),
    ("hyperdrive_gleam.fits", [1.0, 2.0]),
    ("hyperdrive_gleam.yaml", [1.0, 2.0]),
    ("hyperdrive_jack.fits", [1.0, 2.0]),
    ("hyperdrive_jack.yaml", [1.0, 2.0]),
    ("hyperdrive_srclist_1061316544.yaml", [0.0, -27.0]),
    ("hyperdrive_srclist_1099334672_100_rts.txt", [60.0, -27.0]),
    ("hyperdrive_srclist_3x3_grid.txt", [0.0, -23.0]),
    ("hyperdrive_srclist_all_kinds.yaml", [1.0, 2.0]),
];

/// The program itself against ours, from the list to the column: our lists, what we write, and the lists of its own tests.
///
/// `NVSS_PREDICT_HYPERDRIVE=bin/hyperdrive cargo test --release --test skymodels -- --ignored hyperdrive`
#[test]
#[ignore = "needs hyperdrive"]
fn hyperdrive_itself() {
    need!(oracles);
    let scratch = Scratch::new();
    let mut lists: Vec<(PathBuf, [f64; 2])> =
        LISTS.map(|end| (data(&format!("hyperdrive_program{end}")), CENTRE)).to_vec();
    let tables = "_jack.fits.gz";
    for (from, to) in [
        (tables, ".yaml"),
        (tables, ".fits"),
        (tables, ".rts.txt"),
        (tables, ".woden.txt"),
        (".ao.txt", ".ao.txt"),
    ] {
        let written = scratch.path(&format!("written{to}"));
        common::run(args!["convert", &data(&format!("hyperdrive_program{from}")), &written]).exits(0);
        lists.push((written, CENTRE));
    }
    for (name, centre) in SHARED {
        lists.push((need!(&format!("skymodels/{name}")), centre));
    }
    for (k, (list, centre)) in lists.into_iter().enumerate() {
        let ms = scratch.path(&format!("{k}.ms"));
        let [ra, dec] = centre.map(|degrees| degrees.to_string());
        oracle_ok("hyperdrive.py", args!["simulate", &list, &ms, &ra, &dec]);
        let by_sum = worst(&list, centre, "list", &oracle_ok("hyperdrive.py", args!["record", &ms, "list"]));
        let read = components(&list);
        // As hyperdrive has them: in the plane of the phase centre.
        let mut flat = read.clone();
        for component in &mut flat {
            if let Shape::Gaussian(gaussian) = &mut component.shape {
                gaussian.angle_frame = AngleFrame::Centre;
            }
        }
        let shapelets = read.iter().any(|component| component.shape.kind() == "shapelets");
        let (flat, own) = (differs(&ms, "FLAT", flat), differs(&ms, "OWN", read));
        let name = list.file_name().unwrap().to_string_lossy().into_owned();
        common::say(&format!(
            "{name}: its formulas {by_sum:.1e}, the column {flat:.1e}, Gaussians in their own planes {own:.1e}"
        ));
        assert!(by_sum < 5e-7, "{name}: {by_sum:e}");
        // Its table of shapelets has steps, and those of 20 degrees lie outside of it.
        assert!(flat < 1e-6 || shapelets && (flat < 5e-4 || name.contains("jack.")), "{name}: {flat:e}");
    }
}

/// hyperdrive's FITS table as its book describes it, by astropy.
#[test]
fn fits_tables_of_hyperdrive_are_as_its_book_has_them() {
    need!(oracles);
    let scratch = common::Scratch::new();
    let list = scratch.path("list.fits");
    common::run(args!["convert", &data("one_sky.skymodel"), &list])
        .exits(0)
        .says(&["Stokes Q, U and V were left out"]);
    let told = common::oracle_ok("sky_files.py", args!["fits", &list]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let rows = told["SOURCES"].as_array().unwrap();
    assert_eq!((rows.len(), told["SHAPELETS"].as_array().unwrap().len()), (2, 0), "{told}");
    let number = |row: usize, name: &str| rows[row][name].as_f64().unwrap_or(f64::NAN);
    for (row, component) in one_sky().iter().enumerate() {
        let place = component.position;
        let [ra, dec] = [place.longitude, place.latitude].map(f64::to_degrees);
        assert!((number(row, "RA") - ra).abs() < 1e-12 && (number(row, "DEC") - dec).abs() < 1e-12, "{told}");
    }
    assert_eq!((&rows[0]["COMP_TYPE"], &rows[0]["MOD_TYPE"]), (&"P".into(), &"pl".into()));
    assert_eq!((&rows[1]["COMP_TYPE"], &rows[1]["MOD_TYPE"]), (&"G".into(), &"cpl".into()));
    // Power laws are those at 200 MHz.
    let x = (200f64 / 150.0).ln();
    for (found, expected) in [
        (number(0, "NORM_COMP_PL"), 2.0 * (-0.7 * x).exp()),
        (number(0, "ALPHA_PL"), -0.7),
        (number(1, "NORM_COMP_CPL"), (-0.7 * x + 0.1 * x * x).exp()),
        (number(1, "ALPHA_CPL"), -0.7 + 0.2 * x),
        (number(1, "CURVE_CPL"), 0.1),
        (number(1, "MAJOR_DC"), 60.0 / 3600.0),
        (number(1, "MINOR_DC"), 30.0 / 3600.0),
        (number(1, "PA_DC"), 30.0),
    ] {
        assert!((found - expected).abs() < 1e-13, "{found} {expected}: {told}");
    }
}

/// Real lists and back: shapelets, lists of flux densities, sources of several components.
#[test]
fn lists_of_hyperdrive_go_into_fits_and_back() {
    let path = need!("skymodels/hyperdrive_jack.yaml");
    let scratch = common::Scratch::new();
    let list = scratch.path("list.fits");
    common::run(args!["convert", &path, &list, "--strict"]).exits(0);
    let (before, after) = (strictly(&path).components, strictly(&list).components);
    assert_eq!(before.len(), after.len());
    for (a, b) in after.iter().zip(&before) {
        assert_same("fits", a, b, 1e-12);
        assert_eq!(a.patch, b.patch);
    }
}

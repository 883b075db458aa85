//! Every kind of component, full polarisation, turning feeds, gains and light curves, against DP3, CASA and a sum of scipy's
//! functions.

mod common;
#[path = "components/gains.rs"]
mod gains;
#[path = "components/setjy.rs"]
mod setjy;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::{Scratch, describe, measure, oracle, oracle_ok, predict, say, tamper};
use nvss_predict::coords::{Direction, Frame};
use nvss_predict::predict::{Added, Choice, FeedRotation, Job, Options, Radius, Silent, run};
use nvss_predict::sky::{
    AngleFrame, Component, Ellipse, FaradayRotation, Interpolation, LightCurve, Polarisation, Profile, Shape,
    Shapelet, ShapeletConvention, ShapeletTerm, Spectrum, Stokes, Table,
};
use serde_json::{Value, json};

const LOFAR: &str = "gold/dp3_lofar_generic_model.MS.tgz";
const DRIFT: &str = "gold/casa_dsa110like_ft.ms.tgz";

/// A catalogue without rows: the sky is what is put in by hand.
const NOTHING: &str = "name,ra_deg,dec_deg,flux_jy\n";

fn job(ms: &Path, column: &str, components: Vec<Component>) -> Job {
    Job {
        ms: ms.into(),
        catalogue: PathBuf::from("by hand"),
        options: Options {
            column: column.into(),
            held: Some(NOTHING.into()),
            radius: Radius::All,
            choice: Choice { add: components.into_iter().map(Added::from).collect(), ..Choice::default() },
            threads: Some(2),
            ..Options::default()
        },
    }
}

/// The verdict of the sum over scipy's functions.
fn judged(ms: &Path, sky: &Path, options: &[&str]) -> f64 {
    let mut arguments = args![ms, sky].to_vec();
    arguments.extend(options.iter().map(std::ffi::OsStr::new));
    let output = oracle("components.py", arguments);
    let out = String::from_utf8_lossy(&output.stdout);
    let found: Value = serde_json::from_str(&out)
        .unwrap_or_else(|_| panic!("components.py failed:\n{}", String::from_utf8_lossy(&output.stderr)));
    assert!(found["peak"].as_f64() > Some(0.1), "nothing to compare: {found}");
    found["relative"].as_f64().expect("a number")
}

/// A place [deg] near the centre of an MS, and the middle of its band.
struct Scene {
    ra: f64,
    dec: f64,
    hz: f64,
    beam: f64,
}

impl Scene {
    fn of(ms: &Path) -> Scene {
        let told = describe(ms);
        let number = |value: &Value| value.as_f64().expect("a number");
        Scene {
            ra: number(&told["centre_deg"][0]),
            dec: number(&told["centre_deg"][1]),
            hz: number(&told["frequency_hz"]),
            beam: number(&told["beam_arcsec"]),
        }
    }

    /// The k-th place, right ascension and declination [deg].
    fn place(&self, k: usize) -> [f64; 2] {
        let angle = 2.4 * k as f64;
        let distance = 0.15 * (1.0 + k as f64).sqrt();
        [self.ra + distance * angle.sin() / self.dec.to_radians().cos(), self.dec + distance * angle.cos()]
    }
}

fn at([ra, dec]: [f64; 2]) -> Direction {
    Direction::from_degrees(Frame::J2000, ra, dec)
}

fn stokes([i, q, u, v]: [f64; 4]) -> Stokes {
    Stokes { i, q, u, v }
}

/// Every spectrum, polarisation and shape, for us and for the sum.
fn everything(scene: &Scene) -> (Vec<Component>, Value) {
    let reference = 0.9 * scene.hz;
    let four = [2.0, 0.3, -0.2, 0.1];
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut add = |spectrum: Spectrum, more: Value, change: &dyn Fn(&mut Component)| {
        let place = scene.place(ours.len());
        let mut component = Component::new(at(place), Shape::Point, stokes(four), spectrum);
        change(&mut component);
        ours.push(component);
        let mut entry = json!({"ra_deg": place[0], "dec_deg": place[1], "stokes": four, "ref_hz": reference});
        let fields = more.as_object().expect("an object").clone();
        entry.as_object_mut().expect("an object").extend(fields);
        theirs.push(entry);
    };
    let same = |_: &mut Component| {};
    add(Spectrum::Flat, json!({}), &same);
    add(Spectrum::PowerLaw { alpha: -0.7, reference }, json!({"spectrum": "power", "alpha": -0.7}), &same);
    let terms = vec![-0.8, 0.3, -0.2];
    add(
        Spectrum::LogPolynomial { terms: terms.clone(), reference },
        json!({"spectrum": "log10", "terms": terms}),
        &same,
    );
    add(
        Spectrum::LnPolynomial { terms: terms.clone(), reference },
        json!({"spectrum": "ln", "terms": terms}),
        &same,
    );
    add(
        Spectrum::Polynomial { terms: terms.clone(), reference },
        json!({"spectrum": "poly", "terms": terms}),
        &same,
    );
    let curved = Spectrum::CurvedPowerLaw { alpha: -0.9, q: 0.4, reference };
    add(curved, json!({"spectrum": "curved", "alpha": -0.9, "q": 0.4}), &same);
    let line = Spectrum::Line { centre: scene.hz, width: 0.004 * scene.hz, profile: Profile::Gaussian };
    add(line, json!({"spectrum": "line", "ref_hz": scene.hz, "width": 0.004 * scene.hz}), &same);
    let entries: Vec<(f64, [f64; 4])> =
        [0.8, 0.97, 1.01, 1.2].map(|x| (x * scene.hz, [3.0 / x, 0.2 * x, -0.3 * x * x, 0.0])).to_vec();
    let table: Vec<(f64, Stokes)> = entries.iter().map(|(hz, four)| (*hz, stokes(*four))).collect();
    let table = Arc::new(Table::new(&table, Interpolation::LogLog).unwrap());
    add(Spectrum::Table(table), json!({"spectrum": "table", "table": entries}), &same);
    // Rotation measures, from no wavelength and from that of the reference; Q, U and V of their own.
    let turns = |reference: f64| {
        let rotation = Some(FaradayRotation { measure: 3.0, reference });
        move |component: &mut Component| {
            component.polarisation = Some(Box::new(Polarisation { rotation, ..Polarisation::default() }));
        }
    };
    let law = || Spectrum::PowerLaw { alpha: -0.7, reference };
    add(law(), json!({"spectrum": "power", "alpha": -0.7, "rm": 3.0}), &turns(0.0));
    let lambda2 = (299_792_458.0 / reference).powi(2);
    add(law(), json!({"spectrum": "power", "alpha": -0.7, "rm": 3.0, "lambda2": lambda2}), &turns(lambda2));
    add(law(), json!({"spectrum": "power", "alpha": -0.7, "own": true}), &|component| {
        let flat = Some(Spectrum::Flat);
        component.polarisation =
            Some(Box::new(Polarisation { linear: flat.clone(), circular: flat, rotation: None }));
    });
    // Shapes, half resolved by the longest baselines.
    let (major, minor, angle) = (0.7 * scene.beam, 0.4 * scene.beam, 33.0_f64);
    let arcsec = |x: f64| (x / 3600.0).to_radians();
    let size = Ellipse::new(arcsec(major), arcsec(minor), angle.to_radians(), AngleFrame::Source);
    let shaped =
        |name: &str| json!({"shape": name, "major_arcsec": major, "minor_arcsec": minor, "pa_deg": angle});
    let gaussian = Shape::Gaussian(size);
    add(Spectrum::Flat, shaped("gaussian"), &|component| component.shape = gaussian.clone());
    add(Spectrum::Flat, shaped("disk"), &|component| component.shape = Shape::Disk(size));
    add(law(), shaped("ring"), &|component| {
        component.shape = Shape::Ring(size);
        component.spectrum = Spectrum::Flat;
    });
    let mut limb = shaped("limb");
    limb["exponent"] = json!(1.0);
    add(Spectrum::Flat, limb, &|component| {
        component.shape = Shape::LimbDarkenedDisk { disk: size, exponent: 1.0 };
    });
    let terms = [(0_u8, 0_u8, 0.8), (2, 1, -0.3), (0, 3, 0.25), (5, 2, 0.1)];
    let mut shapelets = shaped("shapelet");
    shapelets["terms2d"] = json!(terms);
    add(Spectrum::Flat, shapelets, &|component| {
        component.shape = Shape::Shapelet(Arc::new(Shapelet {
            scales: [arcsec(major), arcsec(minor)],
            position_angle: angle.to_radians(),
            angle_frame: AngleFrame::Source,
            terms: terms.iter().map(|&(n1, n2, value)| ShapeletTerm { n1, n2, value }).collect(),
            convention: ShapeletConvention::Hyperdrive,
        }));
    });
    (ours, Value::Array(theirs))
}

#[test]
fn every_component_is_what_its_formula_says() {
    need!(oracles);
    let archive = need!(LOFAR);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let (components, sky) = everything(&Scene::of(&ms));
    let sky_file = scratch.write("sky.json", sky.to_string());
    run(&job(&ms, "OURS", components.clone()), &mut Silent).expect("a run");
    let relative = judged(&ms, &sky_file, &["--column", "OURS"]);
    say(&format!("{} components of every kind: {relative:.2e} from the sum", components.len()));
    assert!(relative <= 1e-6, "{relative:e}");
    // One by one, so that no strong one hides what is wrong with a weak one.
    for (number, (component, entry)) in components.into_iter().zip(sky.as_array().unwrap()).enumerate() {
        let words = entry.to_string();
        run(&job(&ms, "OURS", vec![component]), &mut Silent).expect("a run");
        let one = scratch.write("one.json", json!([entry]).to_string());
        let relative = judged(&ms, &one, &["--column", "OURS"]);
        assert!(relative <= 1e-6, "{number}: {relative:e} for {words}");
    }
}

/// The sum must be able to disagree: a rotation measure of the other sign, the other logarithm, a diameter for a radius.
#[test]
fn the_traps_are_seen() {
    need!(oracles);
    let archive = need!(LOFAR);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let (components, sky) = everything(&Scene::of(&ms));
    for (at, field, value) in
        [(8, "rm", json!(-3.0)), (2, "spectrum", json!("ln")), (12, "major_arcsec", json!(1.0))]
    {
        run(&job(&ms, "OURS", vec![components[at].clone()]), &mut Silent).expect("a run");
        let mut entry = sky[at].clone();
        entry[field] = value;
        let wrong = scratch.write("wrong.json", json!([entry]).to_string());
        let relative = judged(&ms, &wrong, &["--column", "OURS"]);
        assert!(relative > 1e-3, "{field}: {relative:e}");
    }
}

/// I, Q, U and V with a rotation measure and spectra as DP3 has them: what follows I and what does not, the sign of RM,
/// XX = I + Q without a half.
#[test]
fn full_polarisation_is_dp3s() {
    need!(oracles);
    let archive = need!(LOFAR);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let scene = Scene::of(&ms);
    let reference = 0.9 * scene.hz;
    let mut text = String::from(
        "FORMAT = Name, Type, Ra, Dec, I, Q, U, V, ReferenceFrequency, SpectralIndex, MajorAxis, MinorAxis, Orientation, \
         OrientationIsAbsolute, RotationMeasure, PolarizationAngle, PolarizedFraction\n\n",
    );
    let mut components = Vec::new();
    for k in 0..6 {
        let [ra, dec] = scene.place(k);
        let four = [1.0 + k as f64, 0.2, -0.1 * k as f64, 0.05];
        let (gaussian, turns) = (k % 3 == 1, k >= 3);
        let spectrum = Spectrum::LogPolynomial { terms: vec![-0.7, 0.2], reference };
        let mut component = Component::new(at([ra, dec]), Shape::Point, stokes(four), spectrum);
        let mut polarisation = Polarisation { circular: Some(Spectrum::Flat), ..Polarisation::default() };
        if turns {
            component.stokes = Stokes::linear(four[0], 0.3, 0.4, four[3]);
            polarisation.rotation = Some(FaradayRotation { measure: 1.5, reference: 0.0 });
        } else {
            polarisation.linear = Some(Spectrum::Flat);
        }
        component.polarisation = Some(Box::new(polarisation));
        let (major, minor) = (0.5 * scene.beam, 0.3 * scene.beam);
        if gaussian {
            let arcsec = |x: f64| (x / 3600.0).to_radians();
            let size = Ellipse::new(arcsec(major), arcsec(minor), 0.5, AngleFrame::Source);
            component.shape = Shape::Gaussian(size);
        }
        components.push(component);
        let size = match gaussian {
            true => format!("{major},{minor},{},true", 0.5_f64.to_degrees()),
            false => ",,,".into(),
        };
        let (q, u) =
            if turns { (String::new(), String::new()) } else { (four[1].to_string(), four[2].to_string()) };
        let rotation = if turns { format!("1.5,{},0.3", 0.4) } else { ",,".into() };
        text += &format!(
            "s{k},{},{ra}deg,{dec}deg,{},{q},{u},{},{reference},[-0.7,0.2],{size},{rotation}\n",
            if gaussian { "GAUSSIAN" } else { "POINT" },
            four[0],
            four[3]
        );
    }
    let model = scratch.write("sky.skymodel", text);
    oracle_ok("dp3.py", args!["predict", &ms, &model, "DP3_MODEL"]);
    run(&job(&ms, "OURS", components), &mut Silent).expect("a run");
    let found = measure(&ms, &args!["--column", "OURS", "--against", "DP3_MODEL", "--no-autos"]);
    let relative = found["relative"].as_f64().expect("a number");
    say(&format!("I, Q, U, V and RM: {relative:.2e} from DP3, peak {} Jy", found["peak"]));
    assert!(relative <= 1e-6, "{found}");
}

/// I, Q, U and V on circular feeds as CASA's `ft` has them.
#[test]
fn circular_polarisation_is_casas() {
    need!(oracles);
    let archive = need!(LOFAR);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    tamper(&args!["circular", &ms]);
    let scene = Scene::of(&ms);
    let mut components = Vec::new();
    let mut list = Vec::new();
    for k in 0..4 {
        let [ra, dec] = scene.place(k);
        let four = [1.0 + k as f64, 0.2 * k as f64, -0.3, 0.1];
        components.push(Component::new(at([ra, dec]), Shape::Point, stokes(four), Spectrum::Flat));
        list.push(
            json!({"ra_deg": ra, "dec_deg": dec, "i": four[0], "q": four[1], "u": four[2], "v": four[3]}),
        );
    }
    let sky = scratch.write("sky.json", Value::Array(list).to_string());
    oracle_ok("casa.py", args!["ft", &ms, &sky]);
    run(&job(&ms, "OURS", components), &mut Silent).expect("a run");
    let found = measure(&ms, &args!["--column", "OURS", "--against", "MODEL_DATA"]);
    let relative = found["relative"].as_f64().expect("a number");
    say(&format!("RR, RL, LR, LL: {relative:.2e} from CASA ft, peak {} Jy", found["peak"]));
    assert!(relative <= 1e-6, "{found}");
}

/// A disk as CASA's `ft` has it, at the phase centre, where its approximation is exact. (Its tools make no limb-darkened one.)
#[test]
fn disks_are_casas() {
    need!(oracles);
    let archive = need!(LOFAR);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let scene = Scene::of(&ms);
    let (major, minor, angle) = (0.6 * scene.beam, 0.4 * scene.beam, 25.0_f64);
    let arcsec = |x: f64| (x / 3600.0).to_radians();
    let size = Ellipse::new(arcsec(major), arcsec(minor), angle.to_radians(), AngleFrame::Source);
    let entry = json!([{"ra_deg": scene.ra, "dec_deg": scene.dec, "i": 5.0, "shape": "disk", "major_arcsec": major,
                        "minor_arcsec": minor, "pa_deg": angle}]);
    let sky = scratch.write("sky.json", entry.to_string());
    oracle_ok("casa.py", args!["ft", &ms, &sky]);
    let place = at([scene.ra, scene.dec]);
    let component = Component::new(place, Shape::Disk(size), Stokes::unpolarised(5.0), Spectrum::Flat);
    run(&job(&ms, "OURS", vec![component]), &mut Silent).expect("a run");
    let found = measure(&ms, &args!["--column", "OURS", "--against", "MODEL_DATA"]);
    let relative = found["relative"].as_f64().expect("a number");
    say(&format!("a disk: {relative:.2e} from CASA ft"));
    assert!(relative <= 1e-6, "{found}");
}

/// Feeds that turn with the parallactic angle, linear and circular, against casacore's measures.
#[test]
fn feeds_turn_with_the_parallactic_angle() {
    need!(oracles);
    let archive = need!(LOFAR);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let scene = Scene::of(&ms);
    let four = [2.0, 0.4, -0.3, 0.1];
    let component = |k: usize| Component::new(at(scene.place(k)), Shape::Point, stokes(four), Spectrum::Flat);
    let entry = |k: usize| {
        let [ra, dec] = scene.place(k);
        json!({"ra_deg": ra, "dec_deg": dec, "stokes": four})
    };
    let sky = scratch.write("sky.json", json!([entry(0), entry(3)]).to_string());
    for basis in ["linear", "circular"] {
        if basis == "circular" {
            tamper(&args!["circular", &ms]);
        }
        let mut job = job(&ms, "OURS", vec![component(0), component(3)]);
        job.options.feed_rotation = FeedRotation::On;
        run(&job, &mut Silent).expect("a run");
        let relative = judged(&ms, &sky, &["--column", "OURS", "--feed-rotation"]);
        let still = judged(&ms, &sky, &["--column", "OURS"]);
        say(&format!("{basis} feeds that turn: {relative:.2e} from the sum, {still:.2e} if they did not"));
        // UT1 is taken for UTC: 0.9 s of the Earth's rotation at most, 7e-5 rad; the polarised part is a fifth.
        assert!(relative <= 2e-5 && still > 1e-2, "{basis}: {relative:e} {still:e}");
    }
    // The mounts of LOFAR's stations do not say how they turn.
    let mut job = job(&ms, "OURS", vec![component(0)]);
    job.options.feed_rotation = FeedRotation::Auto;
    let refused = run(&job, &mut Silent).unwrap_err().to_string();
    assert!(refused.contains("MOUNT"), "{refused}");
}

/// A transient, put in by the command with its light curve, added to and taken out of what is there.
#[test]
fn a_transient_comes_and_goes() {
    need!(oracles);
    let archive = need!(DRIFT);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let scene = Scene::of(&ms);
    let csv = scratch.write("sky.csv", format!("ra_deg,dec_deg,flux_jy\n{},{},1\n", scene.ra, scene.dec));
    let times: Vec<f64> = serde_json::from_str(&tamper(&args!["times", &ms])).unwrap();
    let (first, last) = (times[0], times[times.len() - 1]);
    let knots = [(first + 0.2 * (last - first), 0.5), (0.5 * (first + last), 4.0), (last - 10.0, 1.0)];
    let mut curve = String::from("time_s,flux_jy\n");
    knots.iter().for_each(|(time, flux)| curve += &format!("{time:.6},{flux}\n"));
    let curve = scratch.write("curve.csv", curve);
    let [ra, dec] = scene.place(2);
    let source = format!("{ra} {dec} 2Jy -0.7 1.4GHz");
    let options = ["--add-source", &source, "--light-curve", curve.to_str().unwrap()];
    predict(&ms, &csv, &options).exits(0);
    let steady = json!({"ra_deg": scene.ra, "dec_deg": scene.dec, "stokes": [1, 0, 0, 0]});
    let curve: Vec<(f64, f64)> = knots.iter().map(|(time, flux)| (*time, flux / 2.0)).collect();
    let transient = json!({"ra_deg": ra, "dec_deg": dec, "stokes": [2, 0, 0, 0], "spectrum": "power", "alpha": -0.7,
                           "ref_hz": 1.4e9, "curve": curve});
    let both = scratch.write("both.json", json!([steady, transient]).to_string());
    let relative = judged(&ms, &both, &[]);
    say(&format!("a transient of {} integrations: {relative:.2e} from the sum", times.len()));
    assert!(relative <= 1e-6, "{relative:e}");
    // Taken out again, only the other is left.
    let nothing = scratch.write("none.csv", NOTHING);
    predict(&ms, &nothing, &[&options[..], &["--mode", "subtract"]].concat()).exits(0);
    let alone = scratch.write("alone.json", json!([steady]).to_string());
    let relative = judged(&ms, &alone, &[]);
    assert!(relative <= 2e-6, "{relative:e}");
    let curves = LightCurve::new(curve.to_vec()).unwrap();
    assert_eq!(curves.factor(first), 0.0);
}

#[test]
fn calibrators_are_setjys() {
    need!(oracles);
    let archive = need!(DRIFT);
    let scratch = Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let nothing = scratch.write("none.csv", NOTHING);
    let mut found = Vec::new();
    for (name, scale, casa, hz) in [
        ("3C286", "perley-butler-2017", "PerleyButler2017", "5e9"),
        ("3C147", "perley-butler-2017", "PerleyButler2017", "1.4e9"),
        ("3C48", "scaife-heald-2012", "ScaifeHeald2012", "1.1e8"),
    ] {
        let theirs: f64 = oracle_ok("casa.py", args!["flux", name, casa, hz]).trim().parse().unwrap();
        let calibrator = nvss_predict::sky::calibrator(name, scale.parse().unwrap()).unwrap();
        let ours = calibrator.component.stokes_at(hz.parse().unwrap()).i;
        found.push(format!("{name} {scale}: {ours:.5} Jy, by setjy's table {theirs:.5} Jy"));
        assert!((ours / theirs - 1.0).abs() < 1e-6, "{name}: {ours} {theirs}");
    }
    say(&found.join("; "));
    let told = predict(&ms, &nothing, &["--calibrator", "3C286", "--dry-run"]).exits(0);
    told.says(&["1 source", "put in by hand"]);
    predict(&ms, &nothing, &["--calibrator", "3C1"]).exits(2).says(&["no calibrator '3C1'", "3C48"]);
    let refused = predict(&ms, &nothing, &["--patches", "A"]).exits(3);
    refused.says(&["no patch 'A'"]);
}

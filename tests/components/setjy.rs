//! Calibrators as CASA's `setjy` puts them into MODEL_DATA: points, and the images that come with it.

use nvss_predict::ms::make::{FieldLayout, MsSpec, SpectralWindow, make};

use super::*;

/// How a calibrator is called here and as a field, and the standard and spectral window in which it is asked for.
struct Asked {
    name: &'static str,
    field: &'static str,
    standard: &'static str,
    window: usize,
}

/// The first frequency and the width [Hz] of the channels of the windows: at 150 MHz, 330 MHz, 1.4 GHz and 11 GHz.
const WINDOWS: [[f64; 2]; 4] = [[130e6, 10e6], [320e6, 5e6], [1.3e9, 50e6], [10.9e9, 60e6]];

const PERLEY_BUTLER: &str = "Perley-Butler 2017";
const SCAIFE_HEALD: &str = "Scaife-Heald 2012";

fn asked(list: &[(&'static str, &'static str, &'static str, usize)]) -> Vec<Asked> {
    list.iter().map(|&(name, field, standard, window)| Asked { name, field, standard, window }).collect()
}

impl Asked {
    fn component(&self) -> Component {
        nvss_predict::sky::calibrator(self.name, self.standard.parse().unwrap()).unwrap().component
    }
}

/// An array of 36 km, which resolves calibrators, with one integration of a field about each.
fn observed(scratch: &Scratch, asked: &[Asked]) -> PathBuf {
    let mut spec = MsSpec::dsa110(10, asked.len(), 1, 1);
    let site = spec.site;
    for antenna in &mut spec.antennas {
        antenna.position =
            std::array::from_fn(|axis| site[axis] + 14.0 * (antenna.position[axis] - site[axis]));
    }
    spec.spectral_windows = WINDOWS
        .iter()
        .zip(0..)
        .map(|(&[first, width], number)| SpectralWindow::regular(format!("W{number}"), first, width, 5))
        .collect();
    spec.correlations = vec![9, 10, 11, 12];
    spec.field_frame = "J2000".into();
    let centre = |asked: &Asked| {
        let place = asked.component().position;
        [place.longitude, place.latitude]
    };
    spec.fields = FieldLayout::Several(asked.iter().map(centre).collect());
    let ms = scratch.path("calibrators.ms");
    make(&ms, &spec).expect("a MeasurementSet");
    for (number, asked) in asked.iter().enumerate() {
        let name = format!("\"{}\"", asked.field);
        tamper(&args!["set", &ms.join("FIELD"), "NAME", &number.to_string(), &name]);
    }
    ms
}

/// `setjy` of all, each with its image if it has one.
fn set(scratch: &Scratch, ms: &Path, asked: &[Asked], images: &[&str]) {
    let jobs: Vec<Value> = (0..)
        .zip(asked)
        .map(|(number, asked): (usize, &Asked)| {
            json!({"field": number.to_string(), "spw": asked.window.to_string(), "standard": asked.standard,
                   "model": images.get(number)})
        })
        .collect();
    oracle_ok("casa.py", args!["setjy", ms, &scratch.write("jobs.json", Value::from(jobs).to_string())]);
}

/// The field and window of the calibrator of this number, as options of ours and of the sum.
fn selection(number: usize, asked: &Asked) -> [String; 4] {
    ["--fields".into(), number.to_string(), "--spws".into(), asked.window.to_string()]
}

/// Puts a calibrator into the column OURS where `setjy` has put it.
fn put(ms: &Path, nothing: &Path, number: usize, asked: &Asked, more: &[&str]) {
    let selection = selection(number, asked);
    let mut options: Vec<&str> = selection.iter().map(String::as_str).collect();
    options.extend(["--column", "OURS", "--calibrator", asked.name, "--flux-scale", asked.standard]);
    predict(ms, nothing, &[&options[..], more].concat()).exits(0);
}

/// The worst difference of a column there, in units of the largest |V|.
fn off(ms: &Path, number: usize, asked: &Asked, options: &[&std::ffi::OsStr]) -> f64 {
    let selection = selection(number, asked);
    let mut all: Vec<&std::ffi::OsStr> = selection.iter().map(std::ffi::OsStr::new).collect();
    all.extend(options);
    let found = measure(ms, &all);
    assert!(found["peak"].as_f64() > Some(0.1), "nothing to compare: {found}");
    found["max"].as_f64().unwrap() / found["peak"].as_f64().unwrap()
}

/// Where the phase centre is the calibrator's place, for `setjy` puts its point at the phase centre of the field.
#[test]
fn points_are_setjys() {
    need!(oracles);
    let scratch = Scratch::new();
    let asked = asked(&[
        ("J0133-3629", "J0133-3629", PERLEY_BUTLER, 2),
        ("3C48", "3C48", PERLEY_BUTLER, 0),
        ("Fornax A", "FORNAX_A", PERLEY_BUTLER, 1),
        ("3C123", "3C123", PERLEY_BUTLER, 2),
        ("J0444-2809", "J0444-2809", PERLEY_BUTLER, 2),
        ("3C138", "3C138", PERLEY_BUTLER, 3),
        ("Pictor A", "PICTOR_A", PERLEY_BUTLER, 2),
        ("Taurus A", "TAURUS_A", PERLEY_BUTLER, 2),
        ("3C147", "3C147", PERLEY_BUTLER, 3),
        ("3C196", "3C196", PERLEY_BUTLER, 0),
        ("Hydra A", "HYDRA_A", PERLEY_BUTLER, 2),
        ("Virgo A", "VIRGO_A", PERLEY_BUTLER, 2),
        ("3C286", "3C286", PERLEY_BUTLER, 3),
        ("3C295", "3C295", PERLEY_BUTLER, 2),
        ("Hercules A", "HERCULES_A", PERLEY_BUTLER, 2),
        ("3C353", "3C353", PERLEY_BUTLER, 2),
        ("3C380", "3C380", PERLEY_BUTLER, 1),
        ("Cygnus A", "CYGNUS_A", PERLEY_BUTLER, 2),
        ("3C444", "3C444", PERLEY_BUTLER, 2),
        ("Cas A", "CASSIOPEIA_A", PERLEY_BUTLER, 2),
        ("3C48", "3C48", SCAIFE_HEALD, 0),
        ("3C147", "3C147", SCAIFE_HEALD, 0),
        ("3C196", "3C196", SCAIFE_HEALD, 0),
        ("3C286", "3C286", SCAIFE_HEALD, 0),
        ("3C295", "3C295", SCAIFE_HEALD, 0),
        ("3C380", "3C380", SCAIFE_HEALD, 0),
    ]);
    let ms = observed(&scratch, &asked);
    set(&scratch, &ms, &asked, &[]);
    let nothing = scratch.write("none.csv", NOTHING);
    let mut worst: f64 = 0.0;
    for (number, one) in asked.iter().enumerate() {
        put(&ms, &nothing, number, one, &[]);
        let apart = off(&ms, number, one, &args!["--column", "OURS", "--against", "MODEL_DATA"]);
        worst = worst.max(apart);
        assert!(apart <= 1e-6, "{} of {}: {apart:e} from setjy", one.name, one.standard);
    }
    say(&format!("{} calibrators of two standards: at most {worst:.1e} of |V| from setjy", asked.len()));
}

/// CASA takes visibilities out of the transform of the image: it is that which has an error, as the sum over the pixels tells. In
/// autocorrelations, as in flagged rows, it leaves zeros.
#[test]
fn images_are_setjys() {
    need!(oracles);
    let scratch = Scratch::new();
    let asked = asked(&[
        ("3C286", "3C286", PERLEY_BUTLER, 3),
        ("3C380", "3C380", PERLEY_BUTLER, 1),
        ("3C48", "3C48", PERLEY_BUTLER, 3),
    ]);
    let images = ["3C286_X.im", "3C380_P.im", "3C48_X.im"];
    let ms = observed(&scratch, &asked);
    set(&scratch, &ms, &asked, &images);
    let nothing = scratch.write("none.csv", NOTHING);
    for (number, (one, image)) in asked.iter().zip(images).enumerate() {
        let (fits, sky) = (scratch.path(&format!("{image}.fits")), scratch.path(&format!("{image}.json")));
        oracle_ok("casa.py", args!["exportfits", image, &fits]);
        put(&ms, &nothing, number, one, &["--calibrator-image", fits.to_str().unwrap()]);
        oracle_ok("images.py", args!["sky", &sky, &fits]);
        let mut pixels: Value = serde_json::from_str(&std::fs::read_to_string(&sky).unwrap()).unwrap();
        let pixels = pixels.as_array_mut().unwrap();
        let sum: f64 = pixels.iter().map(|pixel| pixel["i"].as_f64().unwrap()).sum();
        let standard = one.component();
        for pixel in pixels.iter_mut() {
            pixel["i"] = Value::from(pixel["i"].as_f64().unwrap() / sum * standard.stokes.i);
            pixel["terms"] = Value::from(standard.spectrum.log_terms().unwrap());
            pixel["ref_hz"] = Value::from(standard.spectrum.reference().unwrap());
        }
        std::fs::write(&sky, Value::from(pixels.clone()).to_string()).unwrap();
        let ours = off(&ms, number, one, &args!["--column", "OURS", "--sky", &sky]);
        let casa = off(&ms, number, one, &args!["--no-autos", "--sky", &sky]);
        let apart =
            off(&ms, number, one, &args!["--no-autos", "--column", "OURS", "--against", "MODEL_DATA"]);
        say(&format!(
            "{image}, {} pixels: ours {ours:.1e} of max |V| from the sum, setjy {casa:.1e}; apart {apart:.1e}",
            pixels.len()
        ));
        assert!(ours <= 1e-6, "{image}: {ours:e}");
        assert!(casa <= 2e-3 && apart <= 2e-3, "{image}: {casa:e} {apart:e}");
    }
}

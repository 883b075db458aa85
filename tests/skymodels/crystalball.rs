//! What crystalball makes of WSClean's source lists, beside what we make of them.
//!
//! It reads `LogarithmicSI` as natural logarithms (codex-africanus 0.4.5, `model/wsclean/spec_model.py`: `np.log`), where WSClean means
//! those of base 10; takes a list of one kind only, with as many terms for each source; and has no frames: positions are those of
//! FIELD's numbers.

use std::fmt::Write;

use serde_json::json;

use super::*;

/// Hours, degrees, flux density, terms, reference frequency [Hz], axes [arcsec] and position angle [deg].
type Source = ([u32; 2], [u32; 2], f64, [f64; 3], f64, Option<[f64; 3]>);

/// About the phase centre of the gold set, at 01:37:41 +33:09:35, and far enough from it that its north is not theirs.
const SOURCES: [Source; 5] = [
    ([1, 37], [33, 9], 3.25, [-0.7, 0.3, -0.2], 120e6, None),
    ([1, 43], [32, 49], 1.5, [-0.9, -0.4, 0.5], 150e6, None),
    ([1, 30], [34, 19], 2.25, [0.4, 0.2, 0.1], 130e6, Some([25.0, 10.0, 33.0])),
    ([1, 44], [34, 40], -0.75, [-0.5, 1.0, 0.3], 140e6, Some([14.0, 12.0, -70.0])),
    ([1, 32], [31, 49], 1.0, [-1.2, 0.0, 0.0], 134e6, Some([30.0, 5.0, 160.0])),
];

/// WSClean's list of the sources, `terms` telling what becomes of their terms.
fn list(logarithmic: bool, terms: impl Fn([f64; 3]) -> Vec<f64>) -> String {
    let mut text = "Format = Name, Type, Ra, Dec, I, SpectralIndex, LogarithmicSI, ReferenceFrequency='150e6', MajorAxis, MinorAxis, \
                    Orientation\n"
        .to_owned();
    for (number, ([hours, minutes], [degrees, arcminutes], flux, course, reference, shape)) in
        SOURCES.into_iter().enumerate()
    {
        let (kind, shape) = match shape {
            None => ("POINT", ",,".to_owned()),
            Some([major, minor, angle]) => ("GAUSSIAN", format!("{major},{minor},{angle}")),
        };
        let (second, arcsecond) = (7.5 * (1 + number) as f64, 11.25 * number as f64);
        let _ = writeln!(
            text,
            "s{number},{kind},{hours:02}:{minutes:02}:{second:06.3},{degrees}.{arcminutes}.{arcsecond:.3},{flux},{:?},{logarithmic},\
             {reference:?},{shape}",
            terms(course)
        );
    }
    text
}

/// The same for `components.py`.
fn parts(spectrum: &str, terms: impl Fn([f64; 3]) -> Vec<f64>) -> String {
    let part = |(number, source): (usize, Source)| {
        let ([hours, minutes], [degrees, arcminutes], flux, course, reference, shape) = source;
        let (second, arcsecond) = (7.5 * (1 + number) as f64, 11.25 * number as f64);
        let mut part = json!({
            "ra_deg": 15.0 * (f64::from(hours) + f64::from(minutes) / 60.0 + second / 3600.0),
            "dec_deg": f64::from(degrees) + f64::from(arcminutes) / 60.0 + arcsecond / 3600.0,
            "stokes": [flux, 0, 0, 0], "spectrum": spectrum, "terms": terms(course), "ref_hz": reference,
        });
        if let Some([major, minor, angle]) = shape {
            let gaussian = json!({"shape": "gaussian", "major_arcsec": major, "minor_arcsec": minor, "pa_deg": angle,
                                  "pa_frame": "centre"});
            part.as_object_mut().unwrap().extend(gaussian.as_object().unwrap().clone());
        }
        part
    };
    serde_json::Value::from(SOURCES.into_iter().enumerate().map(part).collect::<Vec<_>>()).to_string()
}

/// The worst difference of a column from the sum, in units of the largest |V|.
fn off(ms: &Path, column: &str, sky: &Path) -> f64 {
    let run = common::oracle("components.py", args![ms, sky, "--column", column, "--tolerance", "1"]);
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    let found: serde_json::Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{err}"));
    assert!(found["peak"].as_f64() > Some(1.0), "nothing to compare: {found}");
    found["max"].as_f64().unwrap() / found["peak"].as_f64().unwrap()
}

/// Points and Gaussians with ordinary polynomials, power laws, and polynomials of logarithms: where both mean the same, both are the sum,
/// and where they do not, each is what it says.
#[test]
fn crystalball_predicts_what_is_read() {
    need!(oracles);
    let archive = need!("gold/dp3_lofar_generic_model.MS.tgz");
    let scratch = common::Scratch::new();
    let ms = scratch.unpack_one(&archive);
    let whole = |terms: [f64; 3]| terms.to_vec();
    let first = |terms: [f64; 3]| vec![terms[0]];
    // log10 S = Σ c (log10 x)^(i+1) is ln S = Σ c (ln x)^(i+1) / ln(10)^i.
    let natural = |terms: [f64; 3]| terms.iter().zip(0..).map(|(c, i)| c / f64::ln(10.0).powi(i)).collect();
    let lists = [
        ("ORDINARY", list(false, whole), parts("poly", whole)),
        ("INDEX", list(true, first), parts("log10", first)),
        ("LOG", list(true, whole), parts("log10", whole)),
        ("NATURAL", list(true, natural), parts("ln", natural)),
    ]
    .map(|(name, list, parts)| {
        (name, scratch.write(&format!("{name}.txt"), list), scratch.write(&format!("{name}.json"), parts))
    });
    let theirs = lists.each_ref().map(|(name, ..)| format!("THEIR_{name}"));
    let mut words = args![&ms].to_vec();
    for ((_, list, _), column) in lists.iter().zip(&theirs) {
        words.extend(args![column, list]);
    }
    common::oracle_ok("crystalball.py", words);
    let mut found = Vec::new();
    for ((name, list, sky), theirs) in lists.iter().zip(&theirs) {
        let their_error = off(&ms, theirs, sky);
        if *name == "NATURAL" {
            // What crystalball is to be given for the sky that WSClean's list means.
            let (_, _, meant) = &lists[2];
            let error = off(&ms, theirs, meant);
            found.push(format!(
                "of terms by ln 10 crystalball {their_error:.1e}, from what was meant {error:.1e}"
            ));
            assert!(their_error < 1e-6 && error < 1e-6, "{their_error:e} {error:e}");
            continue;
        }
        common::predict(&ms, list, &["--radius", "all", "--column", name]).exits(0);
        let our_error = off(&ms, name, sky);
        let apart = common::measure(&ms, &args!["--column", name, "--against", theirs]);
        let apart = apart["max"].as_f64().unwrap() / apart["peak"].as_f64().unwrap();
        found.push(format!("{name}: ours {our_error:.1e}, crystalball {their_error:.1e}, apart {apart:.1e}"));
        assert!(our_error <= 1e-6, "{name}: {our_error:e}");
        let same = *name != "LOG";
        assert!((apart <= 1e-6 && their_error <= 1e-6) == same, "{name}: {their_error:e} {apart:e}");
        if !same {
            // It is the logarithm alone that differs.
            let as_natural = scratch.write("ln.json", parts("ln", whole));
            let error = off(&ms, theirs, &as_natural);
            assert!(error <= 1e-6, "{error:e}");
        }
    }
    common::say(&format!("crystalball, from the sum, of max |V|: {}", found.join("; ")));
}

//! Beams as a person writes them, and as the program picks them.

use std::sync::Arc;

use nvss_predict::beam::{
    Airy, ArrayBeam, Beam, BeamOption, Dsa110, Gaussian, NoBeam, Offset, Pattern, auto,
};

fn parsed(text: &str) -> BeamOption {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refused(text: &str) -> String {
    text.parse::<BeamOption>().unwrap_err().to_string()
}

#[test]
fn options_are_read_and_shown_as_they_are_read() {
    let airy = |diameter, blockage| BeamOption::Pattern(Pattern::Airy(Airy::new(diameter, blockage)));
    assert_eq!(parsed("none"), BeamOption::default());
    assert_eq!(parsed("airy:4.7"), airy(4.7, 0.0));
    assert_eq!(parsed(" AIRY:4.65m, 50cm "), airy(4.65, 0.5));
    let gaussian = |fwhm: f64| BeamOption::Pattern(Pattern::Gaussian(Gaussian::new(fwhm, 1.4e9).unwrap()));
    let width = 2.7f64.to_radians();
    assert_eq!(parsed("gaussian:2.7@1.4e9"), gaussian(2.7 * (std::f64::consts::PI / 180.0)));
    for text in [
        "gaussian:2.7deg@1.4GHz",
        "gaussian:162arcmin@1400MHz",
        "gaussian:162'@1400 MHz",
        "gaussian:9720arcsec@1400000kHz",
    ] {
        let BeamOption::Pattern(Pattern::Gaussian(found)) = parsed(text) else { panic!("{text}") };
        let (fwhm, frequency) = found.width();
        assert!((fwhm - width).abs() < 1e-15 && (frequency - 1.4e9).abs() < 1e-3, "{text}");
    }
    assert_eq!(parsed("beam cube.fits.gz"), BeamOption::Image("beam cube.fits.gz".into()));
    assert_eq!(parsed("./Beam.CSV"), BeamOption::Table("./Beam.CSV".into()));
    assert_eq!(parsed("image:beam:2.im"), BeamOption::Image("beam:2.im".into()));
    for text in [
        "none",
        "auto",
        "airy",
        "airy:4.7",
        "airy:4.65,0.4064",
        "gaussian:0.047rad@1400000000Hz",
        "cos4",
        "cos4:0.047rad@1400000000Hz",
        "dsa110",
        "dsa110-pipeline",
        "vla",
        "meerkat",
        "atca",
        "gmrt",
        "wsrt",
        "table:a b.csv",
        "image:b.fits",
    ] {
        assert_eq!(parsed(text).to_string(), text);
        assert_eq!(
            parsed(&text.to_uppercase().replace("HZ", "Hz")).to_string().to_lowercase(),
            text.to_lowercase()
        );
    }
    assert_eq!(parsed("cos4:4.7").to_string().split(':').next(), Some("cos4"));
}

#[test]
fn errors_say_what_is_understood() {
    for (text, told) in [
        ("", "use none, auto, airy"),
        ("ariy:4.7", "unknown beam 'ariy:4.7': use none, auto, airy"),
        ("airy:", "not a size in metres"),
        ("airy:4.7,x", "'x' is not a size in metres"),
        ("airy:4.7,5", "larger than the blockage"),
        ("airy:-1", "must be positive"),
        ("airy:nan", "not a size"),
        ("gaussian", "gaussian:2.7deg@1.4GHz"),
        ("gaussian:2.7", "has no frequency"),
        ("gaussian:2.7pc@1e9", "'2.7pc' is not an angle"),
        ("gaussian:2.7@1.4G", "'1.4G' is not a frequency"),
        ("gaussian:0@1e9", "must be positive"),
        ("cos4:0", "must be positive"),
        ("none:1", "unknown beam"),
    ] {
        let error = refused(text);
        assert!(error.contains(told), "{text}: {error}");
    }
}

#[test]
fn auto_knows_telescopes_and_tells_what_it_took() {
    for (telescope, told) in [
        ("DSA_110", "DSA-110 as EveryBeam has it"),
        ("DSA-110", "DSA-110"),
        ("EVLA", "EVLA Memo 195"),
        ("VLA", "EVLA Memo 195"),
        ("MeerKAT", "cosine-tapered"),
        ("ATCA", "ATCA"),
        ("uGMRT", "GMRT"),
        ("WSRT", "cos^6"),
    ] {
        let choice = auto(telescope, &[]).unwrap();
        assert!(choice.why.contains(told) && choice.why.contains(telescope), "{}", choice.why);
        assert_eq!(choice.beam.kinds(), 1);
    }
    assert!(auto("CARMA", &[4.65; 3]).unwrap().why.contains("DSA-110"));
    assert!(auto("CARMA", &[10.4, 6.1]).unwrap().why.contains("2 kinds"));
    // ALMA's dishes as CASA has them.
    assert!(auto("ALMA", &[12.0, 7.0]).unwrap().why.contains("10.7 m dish, the inner 0.75 m blocked"));
}

#[test]
fn auto_tells_what_it_cannot_serve() {
    for telescope in ["LOFAR", "MWA", "OVRO-LWA", "OVRO_MMA", "AARTFAAC", "SKA-low", "PAPER", "OSKAR"] {
        let error = auto(telescope, &[30.0; 4]).unwrap_err().to_string();
        assert!(error.contains(telescope) && error.contains("phased-array"), "{error}");
        assert!(error.contains("--beam none"), "{error}");
    }
    assert!(auto("ASKAP", &[12.0]).unwrap_err().to_string().contains("forms several beams"));
    for (telescope, diameters) in [("NEW", &[][..]), ("NEW", &[0.0, 0.0]), ("", &[25.0, f64::NAN])] {
        let error = auto(telescope, diameters).unwrap_err().to_string();
        assert!(error.contains("--beam airy:DIAMETER"), "{error}");
    }
}

#[test]
fn unlike_dishes_have_the_product_of_their_voltages() {
    let choice = auto("NEW", &[25.0, 13.5, 25.0]).unwrap();
    let (large, small) = (Airy::new(25.0, 0.0).unwrap(), Airy::new(13.5, 0.0).unwrap());
    let beam = &choice.beam;
    assert_eq!(beam.kinds(), 2);
    assert_eq!((beam.pair_of(0, 2), beam.pair_of(1, 0), beam.pair_of(0, 1)), ((0, 0), (0, 1), (0, 1)));
    // At 1° and 1.4 GHz the larger dish is in its negative sidelobe, the smaller in its main lobe.
    let offset = Offset::polar(1f64.to_radians(), 0.0);
    let (a, b) = (large.voltage(offset, 1.4e9), small.voltage(offset, 1.4e9));
    assert!(a < 0.0 && b > 0.0);
    assert_eq!(beam.product((0, 1), offset, 1.4e9), a * b);
    assert_eq!(beam.product((0, 0), offset, 1.4e9), a * a);
    let mut spectrum = [2.0, 3.0];
    beam.apply((0, 1), offset, &[1.4e9, 1.5e9], &mut spectrum);
    let other = large.voltage(offset, 1.5e9) * small.voltage(offset, 1.5e9);
    for (found, expected) in spectrum.iter().zip([2.0 * a * b, 3.0 * other]) {
        assert!((found - expected).abs() < 1e-15, "{found} {expected}");
    }
    // The widest beam at the lowest frequency bounds the sky.
    assert_eq!(beam.limit_radius(&[1.5e9, 1.4e9], 0.2), small.limit_radius(1.4e9, 0.2));
    assert!(!beam.is_none() && ArrayBeam::none().is_none());
    assert_eq!(ArrayBeam::none().limit_radius(&[1e9], 0.2), std::f64::consts::PI);
    // Antennas that are not there are of the first kind; kinds that are not there make no array.
    assert_eq!(beam.kind_of(99), 0);
    let kinds = || vec![Arc::new(NoBeam) as Arc<dyn Beam>];
    assert!(ArrayBeam::new(kinds(), vec![1]).is_none() && ArrayBeam::new(vec![], vec![]).is_none());
}

#[test]
fn patterns_are_resolved_for_an_array() {
    let resolve = |text: &str, diameters: &[f64]| match parsed(text) {
        BeamOption::Pattern(pattern) => pattern.resolve("DSA_110", diameters),
        other => panic!("{other}"),
    };
    let offset = Offset::polar(0.02, 0.0);
    let power = |text: &str| resolve(text, &[4.65, 4.65]).unwrap().beam.product((0, 0), offset, 1.4e9);
    assert_eq!(power("none"), 1.0);
    assert_eq!(power("dsa110"), Dsa110.power(offset, 1.4e9));
    assert_eq!(power("auto"), power("dsa110"));
    assert_eq!(power("airy:4.7"), power("dsa110-pipeline"));
    assert_eq!(power("airy"), power("airy:4.65"));
    assert_eq!(power("cos4"), power("cos4:4.65"));
    assert!(resolve("none", &[]).unwrap().beam.is_none() && resolve("airy", &[0.0]).is_err());
    let names: Vec<String> = ["vla", "meerkat", "atca", "gmrt", "wsrt"]
        .iter()
        .map(|name| resolve(name, &[]).unwrap().why)
        .collect();
    assert!(names.iter().all(|why| why.starts_with("as given: ")), "{names:?}");
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
}

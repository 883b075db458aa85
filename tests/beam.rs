//! Primary beams against scipy, EveryBeam's own machine code and the published formulas.

#[path = "beam/choice.rs"]
mod choice;
#[path = "beam/files.rs"]
mod files;
#[path = "beam/pointing.rs"]
mod pointing;

use std::f64::consts::{FRAC_PI_2, PI};

use nvss_predict::beam::{
    Airy, Beam, CosinePower, CosineTaper, Dsa110, Gaussian, NoBeam, Offset, Polynomial, PolynomialBeam, atca,
    gmrt, meerkat, vla, wsrt,
};
use nvss_predict::coords::{Direction, Frame};

const C: f64 = 299_792_458.0;

fn at(degrees: f64) -> Offset {
    Offset::polar(degrees.to_radians(), 0.3)
}

/// Every pattern of a single kind, with a frequency it is made for.
fn every_beam() -> Vec<(Box<dyn Beam>, f64)> {
    let airy = |diameter, blockage| Airy::new(diameter, blockage).unwrap();
    vec![
        (Box::new(airy(4.7, 0.0)), 1.4e9),
        (Box::new(airy(25.0, 2.36)), 1.4e9),
        (Box::new(airy(0.3, 0.0)), 1.4e9),
        (Box::new(Dsa110), 1.4e9),
        (Box::new(Gaussian::new(0.047, 1.4e9).unwrap()), 1.3e9),
        (Box::new(CosinePower::of_dish(4, 4.7).unwrap()), 1.4e9),
        (Box::new(wsrt()), 1.4e9),
        (Box::new(meerkat()), 1.28e9),
        (Box::new(vla()), 1.4e9),
        (Box::new(vla()), 3.3e8),
        (Box::new(vla()), 4.83e9),
        (Box::new(gmrt()), 6.5e8),
        (Box::new(atca()), 2.0e9),
        (Box::new(atca()), 5.5e9),
    ]
}

/// (diameter [m], blockage [m], frequency [Hz], angle [°], voltage): scipy 1.17.1 in numpy,
/// `A = lambda x: 2*j1(x)/x; x = pi*D*sin(theta)*f/c; r = d/D; (A(x) - r*r*A(x*r))/(1 - r*r)`.
const AIRY: [(f64, f64, f64, f64, f64); 18] = [
    (4.7, 0.0, 1.28e9, 0.01, 0.9999848665987332),
    (4.7, 0.0, 1.28e9, 1.0, 0.8561235017859059),
    (4.7, 0.0, 1.28e9, 17.0, -0.01867573972968827),
    (4.7, 0.0, 1.4e9, 0.3, 0.9837947887704903),
    (4.7, 0.0, 1.4e9, 1.345, 0.7064063002584359),
    (4.7, 0.0, 1.4e9, 4.0, -0.1248479145429512),
    (4.7, 0.0, 4.86e9, 80.0, 0.0002749412745864555),
    (25.0, 2.36, 1.28e9, 0.01, 0.9995680693108776),
    (25.0, 2.36, 1.28e9, 0.3, 0.6580678529842583),
    (25.0, 2.36, 1.4e9, 1.345, 0.055625881729785394),
    (25.0, 2.36, 1.4e9, 4.0, -0.007748277626323304),
    (25.0, 2.36, 4.86e9, 80.0, 2.4910977222403672e-05),
    (13.5, 0.0, 1.28e9, 1.0, 0.17543073417179278),
    (13.5, 0.0, 1.4e9, 80.0, -0.00028792192187161936),
    (13.5, 0.0, 4.86e9, 17.0, -0.0004122870934928463),
    (12.0, 0.75, 1.28e9, 1.345, 0.007642761040181233),
    (12.0, 0.75, 1.4e9, 0.3, 0.8970805537351426),
    (12.0, 0.75, 4.86e9, 17.0, 0.0007584723058217787),
];

#[test]
fn airy_patterns_are_those_of_scipy() {
    for (diameter, blockage, frequency, angle, voltage) in AIRY {
        let airy = Airy::new(diameter, blockage).unwrap();
        let found = airy.voltage(at(angle), frequency);
        assert!(
            (found - voltage).abs() < 1e-12,
            "{diameter} {blockage} {frequency} {angle}: {found} {voltage}"
        );
        assert!((airy.power(at(angle), frequency) - voltage * voltage).abs() < 1e-12);
    }
    // The same A(x) at chosen x, through a dish one wavelength across at x = π sin θ.
    let wavelength = Airy::new(1e4, 0.0).unwrap();
    for (x, expected) in [
        (1e-9, 1.0),
        (1e-5, 0.9999999999875),
        (3.8317, 1.2550873205558713e-06),
        (7.9, 0.05548845567639272),
        (8.1, 0.06113772024236861),
        (44.9, 0.0007436394733191905),
        (1000.0, 9.45662381417804e-06),
        (10000.0, 7.294901511056223e-07),
    ] {
        let angle: f64 = x / (PI * 1e4);
        let found = wavelength.voltage(Offset::polar(angle.asin(), 0.0), C);
        assert!((found - expected).abs() < 1e-12, "{x}: {found} {expected}");
    }
}

/// scipy's `brentq` on (2 J1(x)/x)²: 0.5, 0.2, and 0.01 on the outside of the first sidelobe.
#[test]
fn the_airy_patterns_limits_are_those_of_scipy() {
    let airy = Airy::dsa110_pipeline();
    for frequency in [1.31125e9, 1.4e9, 1.49875e9] {
        let horizon = PI * 4.7 * frequency / C;
        for (level, x) in [(0.5, 1.6163399483107028), (0.2, 2.361809758285877), (0.01, 5.900641238412456)] {
            let radius = airy.limit_radius(frequency, level);
            assert!((radius - (x / horizon).asin()).abs() < 1e-12, "{frequency} {level}");
        }
    }
    let width = 2.0 * airy.limit_radius(1.4e9, 0.5).to_degrees();
    assert!((width - 2.69).abs() < 0.01, "{width}");
}

/// (entry i, its voltage, what a direction there gets) of EveryBeam 0.9 (in DP3 6.6.0 from PyPI).
///
/// Made by its own compiled functions, called through ctypes: `VoltagePattern::EvaluateAiryDisk(4.65, 0.4064)`
/// fills 10,000 entries over r = 0 to 480 (`Dsa110`'s parameters), `VoltagePattern::Render` gives the beam
/// of a direction r = (i + 0.001) · 480/9999 from the pointing, in single precision; at 1311.25, 1400 and
/// 1498.75 MHz the same.
const EVERYBEAM: [(f64, f64, f64); 9] = [
    (0.0, 1.0, 1.0),
    (417.0, 0.9964420519712386, 0.996442437171936),
    (1000.0, 0.9501174589184888, 0.9501224756240845),
    (2500.0, 0.6847042526363523, 0.6847357749938965),
    (3333.0, 0.4848391480487863, 0.4848906695842743),
    (4000.0, 0.3222358417733355, 0.3223036229610443),
    (6000.0, -0.047773812672197345, -0.04766903445124626),
    (8000.0, -0.12738703719041322, -0.1272743046283722),
    (9990.0, -0.019674082270294938, -0.019572114571928978),
];

#[test]
fn dsa110_is_that_of_everybeam() {
    for frequency in [1.31125e9, 1.4e9, 1.49875e9] {
        for (entry, table, rendered) in EVERYBEAM {
            let sine = entry * 480.0 / 9999.0 / (frequency * 1e-9) * (PI / 180.0 / 60.0);
            let found = Dsa110.voltage(Offset::polar(f64::asin(sine), 1.0), frequency);
            assert!((found - rendered).abs() < 1e-6, "{frequency} {entry}: {found} {rendered}");
            let pattern = (found - 1e-4) / (1.0 - 1e-4);
            assert!((pattern - table).abs() < 1e-12, "{frequency} {entry}: {pattern} {table}");
        }
        // Beyond its table EveryBeam gives 1e-4 (Render at 6.5°, 1400 MHz: 9.99999974737875e-05).
        assert_eq!(Dsa110.voltage(at(6.5), 1.4e9), 1e-4);
    }
    // The two formulas in use for this dish differ by a few per cent of the power at its edge, not by more.
    let pipeline = Airy::dsa110_pipeline();
    for angle in [0.5, 1.0, 1.5, 2.0] {
        let difference = Dsa110.power(at(angle), 1.4e9) - pipeline.power(at(angle), 1.4e9);
        assert!(difference.abs() > 1e-4 && difference.abs() < 0.03, "{angle} {difference}");
    }
}

/// `cos(pi*r)/(1-4*r*r)` squared in numpy, r = 1.1889647809329453 θ/FWHM.
#[test]
fn the_cosine_taper_is_meerkats() {
    let (fwhm, frequency) = ((57.5f64 / 60.0).to_radians(), 1.5e9);
    for (rho, power) in [
        (0.1, 0.9814545325384914),
        (0.3, 0.8434851142883943),
        (0.7, 0.3748822730170641),
        (1.0, 0.1111111111111111),
        (2.25, 0.0013493000505987525),
    ] {
        let offset = Offset::polar(rho / 1.1889647809329453 * fwhm, 0.0);
        assert!((meerkat().power(offset, frequency) - power).abs() < 1e-12, "{rho}");
    }
    // At ρ = ½ the quotient is 0/0 and its limit π/4.
    let taper = CosineTaper::new(2.0 * 1.1889647809329453 * 0.01, 1e9).unwrap();
    for angle in [0.01 - 1e-12, 0.01, 0.01 + 1e-12] {
        assert!((taper.voltage(Offset::polar(angle, 0.0), 1e9) - PI / 4.0).abs() < 1e-9);
    }
}

#[test]
fn widths_are_as_given_and_go_as_one_over_frequency() {
    let beams: [Box<dyn Beam>; 3] = [
        Box::new(Gaussian::new(0.03, 1e9).unwrap()),
        Box::new(CosinePower::new(4, 0.03, 1e9).unwrap()),
        Box::new(CosineTaper::new(0.03, 1e9).unwrap()),
    ];
    for beam in &beams {
        for frequency in [0.5e9, 1e9, 2e9] {
            let half = Offset::polar(0.015 * 1e9 / frequency, 2.0);
            assert!((beam.power(half, frequency) - 0.5).abs() < 1e-12, "{beam:?}");
            assert!((beam.limit_radius(frequency, 0.5) - half.angle).abs() < 1e-10, "{beam:?}");
        }
    }
    // cos⁴ by its formula, and of a dish: as wide as the Airy pattern.
    let cos4 = CosinePower::new(4, 0.03, 1e9).unwrap();
    let scale = 2.0 * 0.5f64.powf(0.25).acos() / 0.03;
    assert!((cos4.power(Offset::polar(0.01, 0.0), 1e9) - (scale * 0.01).cos().powi(4)).abs() < 1e-15);
    assert_eq!(cos4.power(Offset::polar(0.05, 0.0), 1e9), 0.0);
    let dish = CosinePower::of_dish(4, 25.0).unwrap().limit_radius(1.4e9, 0.5);
    let airy = Airy::new(25.0, 0.0).unwrap().limit_radius(1.4e9, 0.5);
    assert!((dish / airy - 1.0).abs() < 1e-4, "{dish} {airy}");
    // Westerbork: cos⁶(65 ν θ).
    assert!(
        (wsrt().power(at(0.25), 1.4e9) - (65.0 * 1.4 * 0.25f64.to_radians()).cos().powi(6)).abs() < 1e-14
    );
}

/// The published polynomials, written out.
#[test]
fn polynomials_are_those_of_the_memos() {
    let x = |degrees: f64, gigahertz: f64| (degrees * 60.0 * gigahertz).powi(2);
    // EVLA Memo 195 at 1424 and 1488 MHz, and half-way between.
    let memo = |x: f64, c: [f64; 3]| 1.0 + c[0] * 1e-3 * x + c[1] * 1e-7 * x * x + c[2] * 1e-10 * x * x * x;
    let (low, high) = ([-1.462, 8.23, -1.83], [-1.455, 7.92, -1.63]);
    for angle in [0.05, 0.15, 0.25, 0.3] {
        assert!((vla().power(at(angle), 1.424e9) - memo(x(angle, 1.424), low)).abs() < 1e-12);
        assert!((vla().power(at(angle), 1.488e9) - memo(x(angle, 1.488), high)).abs() < 1e-12);
        let middle = 0.5 * (memo(x(angle, 1.456), low) + memo(x(angle, 1.456), high));
        assert!((vla().power(at(angle), 1.456e9) - middle).abs() < 1e-12);
    }
    // Receivers do not mix: 2.0 GHz is the last of L band, 2.04 GHz the first of S band held.
    let (l_band, s_band) = ([-1.508, 8.31, -1.68], [-1.429, 7.52, -1.47]);
    assert!((vla().power(at(0.15), 2.02e9) - memo(x(0.15, 2.02), l_band)).abs() < 1e-12);
    assert!((vla().power(at(0.15), 2.04e9) - memo(x(0.15, 2.04), s_band)).abs() < 1e-12);
    // P band has a fourth term.
    let p_band = 0.71e-14 * x(1.0, 0.232).powi(4) + memo(x(1.0, 0.232), [-1.137, 5.19, -1.04]);
    assert!((vla().power(at(1.0), 2.32e8) - p_band).abs() < 1e-12);
    // GMRT band 4.
    let y = x(0.3, 0.65);
    let band4 = 1.0 - 3.263e-3 * y + 42.618e-7 * y.powi(2) - 25.580e-10 * y.powi(3) + 5.823e-13 * y.powi(4);
    assert!((gmrt().power(at(0.3), 6.5e8) - band4).abs() < 1e-12);
    // ATCA at 2.1 GHz.
    let y = x(0.2, 2.1);
    let band =
        1.0 + 9.78268e-4 * y + 6.63231e-7 * y.powi(2) + 4.18235e-11 * y.powi(3) + 2.62297e-13 * y.powi(4);
    assert!((atca().power(at(0.2), 2.1e9) - 1.0 / band).abs() < 1e-12);
}

/// Widths at half power that the observatories quote to planners, none of which went into the tables: VLA 42′/ν
/// in GHz (2.5° at 330 MHz), GMRT 43′ at 610 MHz and 24′ at 1280 MHz, ATCA 33′ at 1.4 GHz, MeerKAT 67′ at 1.28 GHz.
#[test]
fn telescopes_have_the_beams_they_are_known_for() {
    let width = |beam: &dyn Beam, frequency: f64| 2.0 * beam.limit_radius(frequency, 0.5).to_degrees() * 60.0;
    let near =
        |found: f64, expected: f64, part: f64| assert!((found / expected - 1.0).abs() < part, "{found}");
    near(width(&vla(), 3.3e8), 150.0, 0.08);
    for frequency in [1.5e9, 3e9, 6e9, 1e10, 1.5e10, 2.2e10, 3.3e10, 4.5e10] {
        near(width(&vla(), frequency) * frequency * 1e-9, 42.0, 0.05);
    }
    near(width(&gmrt(), 6.1e8), 43.0, 0.15);
    near(width(&gmrt(), 1.28e9), 24.0, 0.15);
    near(width(&atca(), 1.4e9), 33.0, 0.06);
    near(width(&meerkat(), 1.28e9), 67.0, 0.01);
}

#[test]
fn every_beam_is_one_on_axis_and_falls_to_its_half() {
    for (beam, frequency) in every_beam() {
        assert_eq!(beam.power(Offset::AXIS, frequency), 1.0, "{beam:?}");
        assert_eq!(beam.voltage(Offset::AXIS, frequency), 1.0, "{beam:?}");
        let half = beam.limit_radius(frequency, 0.5);
        assert!(half > 0.0 && half < FRAC_PI_2, "{beam:?}");
        let mut before = 1.0;
        for step in 1..=200 {
            let offset = Offset::polar(half * f64::from(step) / 200.0, 0.7);
            let power = beam.power(offset, frequency);
            assert!(power < before, "{beam:?} rises at {step}");
            let voltage = beam.voltage(offset, frequency);
            assert!((voltage * voltage - power).abs() < 1e-15, "{beam:?}");
            // Round: the same at any position angle.
            assert_eq!(beam.power(Offset::polar(offset.angle, 3.0), frequency), power, "{beam:?}");
            before = power;
        }
        assert!((before - 0.5).abs() < 1e-9, "{beam:?} {before}");
    }
}

#[test]
fn nothing_beyond_a_limit_reaches_its_level() {
    for (beam, frequency) in every_beam() {
        for level in [0.9, 0.5, 0.2, 0.05, 0.01, 1e-3, 1e-6] {
            let limit = beam.limit_radius(frequency, level);
            assert!((0.0..=FRAC_PI_2).contains(&limit), "{beam:?} {level}");
            // Within: the level is reached; without: nowhere, in steps finer than any lobe.
            let inside = beam.power(Offset::polar(limit * (1.0 - 1e-9), 0.0), frequency);
            assert!(inside >= level * (1.0 - 1e-5), "{beam:?} {level}: {inside}");
            let outside = (1..2000).map(|i| limit * (1.0 + 1e-9) + f64::from(i) * (PI - limit) / 2000.0);
            for angle in outside {
                let power = beam.power(Offset::polar(angle, 0.0), frequency);
                assert!(power < level * (1.0 + 1e-9), "{beam:?} {level} at {angle}: {power}");
            }
        }
        assert_eq!(beam.limit_radius(frequency, 1.1), 0.0, "{beam:?}");
        for level in [0.0, -1.0] {
            assert!((0.0..=FRAC_PI_2).contains(&beam.limit_radius(frequency, level)), "{beam:?}");
        }
        assert_eq!(beam.power(at(90.1), frequency), 0.0, "{beam:?}");
        assert_eq!(beam.power(at(180.0), frequency), 0.0, "{beam:?}");
    }
    assert_eq!((NoBeam.power(at(180.0), 1e9), NoBeam.limit_radius(1e9, 0.2)), (1.0, PI));
}

#[test]
fn a_spectrum_is_multiplied_by_the_power_of_every_channel() {
    let frequencies: Vec<f64> = (0..97).map(|channel| 1.5e9 - f64::from(channel) * 2e6).collect();
    let strangers = [(Box::new(NoBeam) as Box<dyn Beam>, 1.4e9)];
    for (beam, _) in every_beam().into_iter().chain(strangers) {
        for angle in [0.0, 1e-7, 0.4, 1.3, 5.0, 40.0, 89.9, 95.0] {
            let mut spectrum = vec![2.5; frequencies.len()];
            beam.multiply(at(angle), &frequencies, &mut spectrum);
            for (value, frequency) in spectrum.iter().zip(&frequencies) {
                let expected = 2.5 * beam.power(at(angle), *frequency);
                assert!((value - expected).abs() < 1e-14, "{beam:?} {angle}: {value} {expected}");
            }
        }
    }
}

#[test]
fn offsets_are_angles_and_cosines_about_the_pointing() {
    let pointing = Direction::from_degrees(Frame::J2000, 350.0, 54.6);
    for (distance, position_angle) in [(1e-9, 0.2), (0.02, -1.0), (1.2, 2.0), (2.9, 0.5)] {
        let offset = Offset::of(pointing.offset(position_angle, distance), pointing);
        assert!((offset.angle - distance).abs() < 1e-14 + 1e-9 * distance, "{distance} {}", offset.angle);
        let expected = Offset::polar(distance, position_angle);
        assert!((offset.l - expected.l).abs() < 1e-14 && (offset.m - expected.m).abs() < 1e-14);
    }
    // The frames need not agree.
    let source = pointing.offset(1.0, 0.03);
    let other = Offset::of(source.to(Frame::Galactic), pointing);
    assert!((other.angle - 0.03).abs() < 1e-12);
    // North of the turned axes is at the angle they were turned by.
    let turned = Offset::polar(0.1, 0.4).turned(0.4);
    assert!(turned.l.abs() < 1e-16 && (turned.m - 0.1f64.sin()).abs() < 1e-16);
}

#[test]
fn unsound_parameters_make_no_beam() {
    assert!(Airy::new(0.0, 0.0).is_none() && Airy::new(5.0, 5.0).is_none() && Airy::new(5.0, -1.0).is_none());
    assert!(Airy::new(f64::NAN, 0.0).is_none() && Airy::new(f64::INFINITY, 0.0).is_none());
    assert!(Gaussian::new(0.0, 1e9).is_none() && Gaussian::new(0.1, f64::NAN).is_none());
    assert!(CosinePower::new(0, 0.1, 1e9).is_none() && CosineTaper::new(-0.1, 1e9).is_none());
    assert!(CosinePower::of_dish(4, 0.0).is_none());
    assert!(Polynomial::direct(&[1.0]).is_none() && Polynomial::direct(&[1.0, 0.1]).is_none());
    assert!(Polynomial::reciprocal(&[1.0, f64::NAN], 50.0).is_none());
    let one = || Polynomial::direct(&[1.0, -1e-3]).unwrap();
    assert!(PolynomialBeam::new("none", vec![]).is_none());
    assert!(PolynomialBeam::new("empty", vec![(1e9, vec![])]).is_none());
    assert!(PolynomialBeam::new("twice", vec![(2e9, vec![(1e9, one()), (1e9, one())])]).is_none());
}

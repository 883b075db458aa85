//! Coordinates against independent programs: casacore's measures, astropy 8.0, and 80-bit arithmetic.

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use nvss_predict::coords::{Direction, Frame, parse_angle, parse_dec, parse_longitude, parse_ra};

const MAS: f64 = PI / 180.0 / 3.6e6;

fn icrs(lon: f64, lat: f64) -> Direction {
    Direction::from_degrees(Frame::Icrs, lon, lat)
}

/// The separation [mas] of a direction from degrees in its own frame, sign free.
fn off(found: Direction, expected: (f64, f64)) -> f64 {
    found.separation(Direction::from_degrees(found.frame, expected.0, expected.1)) / MAS
}

type Pair = (f64, f64);

/// A position, taken as J2000: in ICRS and B1950; taken as ICRS: in Galactic coordinates [deg].
///
/// ICRS and B1950: python-casacore, `dm.measure(dm.direction('J2000', …), 'ICRS')`, and `'B1950'` with the
/// frame's epoch at MJD 33281.9234 (B1950.0; without an epoch casacore adds a fictitious motion of up to 0.3
/// arcsec). Galactic: spherical trigonometry in numpy with the pole (192.85948°, 27.12825°) and node
/// 32.93192° of the Hipparcos catalogue (ESA SP-1200, vol. 1, eq. 1.5.11). astropy is within 30 mas of it,
/// casacore within 0.6 arcsec.
const POSITIONS: [(Pair, Pair, Pair, Pair); 7] = [
    (
        (202.7845, 30.5091),
        (202.78449592019115, 30.509095010745366),
        (202.2069019330782, 30.76626687409414),
        (56.52409237475998, 80.67470078638144),
    ),
    (
        (0.001, 0.0),
        (0.0009959444444444473, 4.615905473338085e-06),
        (359.3603079992368, -0.2784099275826761),
        (96.3391172928334, -60.18895168069405),
    ),
    (
        (359.9, -40.0),
        (359.899997540643, -39.99999538744064),
        (359.25758024583, -40.27846445579039),
        (339.4910554317345, -73.23695365305187),
    ),
    (
        (123.4, 89.5),
        (123.40055700195026, 89.49999904041451),
        (88.94041424053952, 89.58103008564701),
        (123.45883324974118, 27.302701206508086),
    ),
    (
        (266.4, -28.9),
        (266.39999842185705, -28.900002180317333),
        (265.6059731413822, -28.880589365000397),
        (0.02859745368664515, 0.022579980906378437),
    ),
    (
        (83.633, 22.0145),
        (83.63299771429305, 22.014502394422813),
        (82.88073324394638, 21.98181408614249),
        (184.55741021924243, -5.7844247547941),
    ),
    (
        (12.5, -75.25),
        (12.499999173972132, -75.24999508355745),
        (12.086681872568056, -75.52211642211606),
        (303.05484182093915, -41.87790680769517),
    ),
];

#[test]
fn j2000_to_icrs_is_that_of_casacore() {
    for ((lon, lat), expected, _, _) in POSITIONS {
        let found = Direction::from_degrees(Frame::J2000, lon, lat).to(Frame::Icrs);
        assert!(off(found, expected) < 1e-5, "{found}: {} mas", off(found, expected));
        // The shift itself is some 20 mas: a conversion that did nothing would be seen.
        assert!(off(found, (lon, lat)) > 5.0, "{found}");
    }
}

#[test]
fn b1950_is_that_of_casacore_at_its_epoch() {
    for ((lon, lat), _, expected, _) in POSITIONS {
        let found = Direction::from_degrees(Frame::J2000, lon, lat).to(Frame::B1950);
        // casacore 3.5 and ERFA agree to 0.9 mas at 89.5° and to 0.1 mas elsewhere.
        let limit = if lat > 89.0 { 1.0 } else { 0.1 };
        assert!(off(found, expected) < limit, "{found}: {} mas", off(found, expected));
    }
}

#[test]
fn galactic_is_that_of_hipparcos() {
    for ((lon, lat), _, _, expected) in POSITIONS {
        let found = icrs(lon, lat).to(Frame::Galactic);
        assert!(off(found, expected) < 1e-5, "{found}: {} mas", off(found, expected));
    }
}

#[test]
fn every_pair_of_frames_makes_a_round_trip() {
    let mut worst = 0.0f64;
    for from in Frame::ALL {
        for through in Frame::ALL {
            for lon in (0..360).step_by(15) {
                for lat in [-90.0, -89.9, -60.0, -28.9, 0.0, 16.15, 54.6, 89.99, 90.0] {
                    let start = Direction::from_degrees(from, f64::from(lon), lat);
                    let end = start.to(through).to(from);
                    assert!((0.0..TAU).contains(&start.to(through).longitude.rem_euclid(TAU)));
                    worst = worst.max(start.separation(end) / MAS);
                }
            }
        }
    }
    assert!(worst < 1e-4, "{worst} mas");
}

#[test]
fn a_direction_in_its_own_frame_is_left_alone() {
    let start = Direction::new(Frame::J2000, -0.3, 0.1);
    assert_eq!(start.to(Frame::J2000), start);
    assert_eq!(start.to_with_angle(Frame::J2000, 0.7), (start, 0.7));
}

/// Position angles carried to another frame [deg]; astropy: the angle between a position and one an arcminute
/// away, both converted (`directional_offset_by`, `position_angle`), ICRS → Galactic and FK5 → FK4
/// (`obstime='B1950'`).
const ANGLES: [(Pair, f64, f64, f64); 4] = [
    ((202.7845, 30.5091), 30.0, 138.7966186633565, 30.12379355782376),
    ((266.4, -28.9), -75.0, 343.5962556441136, 285.31725672515046),
    ((12.5, -75.25), 140.0, 319.57031256140306, 139.7650506013842),
    ((123.4, 89.5), 10.0, 259.7004570655875, 336.1800665110874),
];

#[test]
fn position_angles_turn_with_the_frame() {
    let apart =
        |a: f64, b: f64| (a - b.to_radians()).sin().atan2((a - b.to_radians()).cos()).abs().to_degrees();
    for ((lon, lat), angle, galactic, b1950) in ANGLES {
        let (_, found) = icrs(lon, lat).to_with_angle(Frame::Galactic, f64::to_radians(angle));
        assert!(apart(found, galactic) < 1e-4, "{} {galactic}", found.to_degrees());
        let fk5 = Direction::from_degrees(Frame::J2000, lon, lat);
        let (position, found) = fk5.to_with_angle(Frame::B1950, f64::to_radians(angle));
        assert!(apart(found, b1950) < 2e-4, "{} {b1950}", found.to_degrees());
        let (_, back) = position.to_with_angle(Frame::J2000, found);
        assert!(apart(back, angle) < 1e-5, "{}", back.to_degrees());
    }
}

/// Centre, source [deg], and l, m, n − 1 by the textbook formulas in 80-bit floating point (numpy
/// longdouble).
const COSINES: [(Pair, Pair, [f64; 3]); 5] = [
    ((100.0, 16.15), (101.5, 17.0), [0.02503314016341763, 0.014925905695846297, -0.00042481061567089824]),
    ((359.5, 54.6), (0.75, 54.1), [0.012791645549635905, -0.008612791960938851, -0.00011891026043998544]),
    ((10.0, -89.0), (200.0, -88.5), [-0.004545579370543609, -0.0432217612708613, -0.0009448378288460283]),
    ((100.0, 16.15), (280.0, -10.0), [0.0, 0.10713175431387366, -1.9942448326331055]),
    (
        (100.0, 16.15),
        (100.00001, 16.15001),
        [1.6764528649032505e-07, 1.7453292926877806e-07, -2.928334274078215e-14],
    ),
];

#[test]
fn direction_cosines_keep_their_digits() {
    for (centre, source, [l, m, n_minus_1]) in COSINES {
        let found = icrs(source.0, source.1).lmn(icrs(centre.0, centre.1));
        // The inputs, in radians, are rounded to 4e-16 or so: no result can be closer.
        assert!((found.l - l).abs() < 1e-15 && (found.m - m).abs() < 1e-15, "{found:?}");
        assert!((found.n_minus_1 - n_minus_1).abs() < 1e-9 * n_minus_1.abs().min(1e-6), "{found:?}");
        let square = found.l.powi(2) + found.m.powi(2) + found.n().powi(2);
        assert!((square - 1.0).abs() < 1e-15, "{square}");
    }
}

#[test]
fn direction_cosines_are_those_of_the_centres_frame() {
    let centre = icrs(248.0, 16.15);
    let source = Direction::from_degrees(Frame::J2000, 248.5, 16.5);
    assert_eq!(source.lmn(centre), source.to(Frame::Icrs).lmn(centre));
    let untold = icrs(248.5, 16.5).lmn(centre);
    let shift = (source.lmn(centre).l - untold.l).hypot(source.lmn(centre).m - untold.m) / MAS;
    assert!((10.0..30.0).contains(&shift), "{shift} mas");
}

#[test]
fn tangent_axes_are_east_and_north_at_the_source() {
    let centre = icrs(100.0, 40.0);
    for (lon, lat) in [(100.0, 40.0), (103.0, 38.0), (250.0, -60.0), (100.0, 89.9)] {
        let source = icrs(lon, lat);
        let (east, north) = source.tangent_axes(centre);
        let lmn = |direction: Direction| {
            let lmn = direction.lmn(centre);
            [lmn.l, lmn.m, lmn.n()]
        };
        // By differences of the direction cosines themselves, which is their definition.
        let step = 1e-6;
        for (axis, angle) in [(north, 0.0), (east, FRAC_PI_2)] {
            let (ahead, behind) = (lmn(source.offset(angle, step)), lmn(source.offset(angle, -step)));
            for i in 0..3 {
                assert!(((ahead[i] - behind[i]) / (2.0 * step) - axis[i]).abs() < 1e-9, "{lon} {lat} {i}");
            }
        }
    }
    let (east, north) = centre.tangent_axes(centre);
    assert!((east[0] - 1.0).abs() < 1e-15 && (north[1] - 1.0).abs() < 1e-15);
}

#[test]
fn separations_are_right_small_and_large() {
    let start = Direction::from_degrees(Frame::J2000, 10.0, 89.99);
    for distance in [1e-12, 1e-8, 1e-3, 1.0, 3.0, PI] {
        let end = start.offset(0.3, distance);
        assert!((start.separation(end) - distance).abs() < 1e-15 + 1e-13 * distance, "{distance}");
    }
    // Across frames: casacore's shift of 15 mas here.
    let origin = Direction::from_degrees(Frame::J2000, 0.001, 0.0);
    let named = origin.to(Frame::Icrs);
    assert!(origin.separation(named) < 1e-15);
    assert!((icrs(0.0, 0.0).separation(icrs(180.0, 0.0)) - PI).abs() < 1e-15);
}

#[test]
fn frames_are_read_in_any_case() {
    for (text, frame) in [
        ("icrs", Frame::Icrs),
        ("J2000", Frame::J2000),
        ("FK5", Frame::J2000),
        ("b1950", Frame::B1950),
        ("Fk4", Frame::B1950),
        (" GALACTIC ", Frame::Galactic),
    ] {
        assert_eq!(text.parse::<Frame>().unwrap(), frame);
        assert_eq!(frame.to_string().parse::<Frame>().unwrap(), frame);
    }
    let error = "azel".parse::<Frame>().unwrap_err().to_string();
    assert!(error.contains("azel") && error.contains("galactic"), "{error}");
}

#[test]
fn right_ascensions_are_hours_or_degrees() {
    for (text, degrees) in [
        ("12:00:00", 180.0),
        ("12 30 00", 187.5),
        ("12h30m00s", 187.5),
        ("12H30M36.0S", 187.65),
        ("12h30m", 187.5),
        ("12h", 180.0),
        ("12h30", 187.5),
        ("12d30m00s", 12.5),
        ("248.16", 248.16),
        ("  248.16  ", 248.16),
        ("2.4816e2", 248.16),
        ("-06:43:12.0", 360.0 - 15.0 * 6.72),
        ("-0:00:01", 360.0 - 1.0 / 240.0),
        ("-1.5", 358.5),
        ("23:59:59.999", 359.9999958333333),
        ("24:00:00", 0.0),
        ("00:59:60.0", 15.0),
        ("0.5rad", 28.64788975654116),
        ("13:31:08.2883", 202.78453458333333),
    ] {
        let found = parse_ra(text).unwrap().to_degrees();
        assert!((found - degrees).abs() < 1e-11, "{text}: {found}");
        assert!((0.0..360.0).contains(&found), "{text}: {found}");
    }
}

#[test]
fn declinations_keep_their_sign() {
    for (text, degrees) in [
        ("-0:00:01", -1.0 / 3600.0),
        ("-00 30 00", -0.5),
        ("+63.01.44.8", 63.0 + 1.0 / 60.0 + 44.8 / 3600.0),
        ("-00.30.00.0", -0.5),
        ("53.35.14.76", 53.0 + 35.0 / 60.0 + 14.76 / 3600.0),
        ("63.01.44", 63.0 + 1.0 / 60.0 + 44.0 / 3600.0),
        ("-12d34m56s", -(12.0 + 34.0 / 60.0 + 56.0 / 3600.0)),
        ("12°34′56″", 12.0 + 34.0 / 60.0 + 56.0 / 3600.0),
        ("+12d34'56\"", 12.0 + 34.0 / 60.0 + 56.0 / 3600.0),
        ("\u{2212}12:30", -12.5),
        ("- 12 30 00", -12.5),
        ("30.5091", 30.5091),
        ("-1e-3", -1e-3),
        ("12.5deg", 12.5),
        ("90", 90.0),
        ("-90:00:00", -90.0),
        ("1.5707963267948966rad", 90.0),
    ] {
        let found = parse_dec(text).unwrap().to_degrees();
        assert!((found - degrees).abs() < 1e-12, "{text}: {found}");
    }
}

#[test]
fn other_angles() {
    assert!((parse_angle("2:30").unwrap().to_degrees() - 2.5).abs() < 1e-13);
    assert!((parse_angle("2h30m").unwrap().to_degrees() - 37.5).abs() < 1e-13);
    assert!((parse_angle("-400").unwrap().to_degrees() + 400.0).abs() < 1e-12);
    assert!((parse_longitude("-10:30").unwrap().to_degrees() - 349.5).abs() < 1e-12);
}

#[test]
fn what_is_no_angle_is_an_error() {
    for text in [
        "",
        " ",
        "abc",
        "nan",
        "inf",
        "-inf",
        "12:60:00",
        "12:59:60.1",
        "12:3.5:00",
        "12:-30:00",
        "12:30:00:00",
        "12:30:00x",
        "12::00",
        ":",
        "12h30m00sx",
        "12h60m",
        "12:30:1e1",
        "h",
        "d",
        "m",
        "--12:30",
        "12 30 00 00",
        "25:00:00",
        "361",
        "-361",
        "12h30s",
        "１２:00",
        "1_0",
        "12,5",
        "+",
        "-",
    ] {
        assert!(parse_ra(text).is_err(), "{text}: {:?}", parse_ra(text));
    }
    for text in
        ["91", "-90:00:01", "12h30m", "-90.001", "63.01.44.8.9", "63.61.00", "63..00", "12°34'61\"", "°", "-"]
    {
        assert!(parse_dec(text).is_err(), "{text}: {:?}", parse_dec(text));
    }
    let reason = parse_dec("12:61:00").unwrap_err().to_string();
    assert!(reason.contains("minutes"), "{reason}");
}

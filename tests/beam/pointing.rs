//! Pointings against astropy, and the rules of the POINTING table.

use nvss_predict::beam::{
    Meridian, Pointing, PointingError, PointingRow, PointingTable, apparent_declination, parallactic_angle,
};
use nvss_predict::coords::{Direction, Frame};

/// DSA-110: latitude 0.6498455107 rad, longitude −2.0644277991 rad, height 1188.05 m on WGS84.
const SITE: [f64; 3] = [-2409555.9325720705, -4478213.6141222995, 3838767.458275227];
const DAY: f64 = 86_400.0;
const ARCSEC: f64 = std::f64::consts::PI / 180.0 / 3600.0;

/// (MJD UTC, apparent declination [°], ICRS right ascension and declination [°] seen on the meridian there, and
/// the position angle of the zenith [rad] from 20° west of that): astropy 8.0.2 with `delta_ut1_utc = 0`,
/// `SkyCoord(HADec(ha=0, dec))` to ICRS, `position_angle` to `AltAz(alt=90°)` in ICRS.
const MERIDIAN: [(f64, f64, f64, f64, f64); 9] = [
    (61065.93507, 54.6, 343.3148788427479, 54.45875653097809, 2.3317975178775447),
    (61065.93507, 16.1, 343.2631997817975, 15.96124108184197, 0.6309973880604074),
    (61065.93507, -20.0, 343.234701897085, -20.136525648987032, 0.32036643924805075),
    (61066.1, 54.6, 42.64480991505275, 54.48786299256482, 2.329041275339171),
    (61066.1, 16.1, 42.75443328643866, 15.991449950677373, 0.6293675287999109),
    (61066.1, -20.0, 42.81818504217307, -20.105092525923943, 0.3178626414881743),
    (60000.25, 54.6, 126.11341057383312, 54.67331517746686, 2.3300898265572454),
    (60000.25, 16.1, 126.23352949553706, 16.17554030507803, 0.6279509288300029),
    (60000.25, -20.0, 126.30140622811004, -19.922925078808678, 0.3169392043284802),
];

fn direction(ra: f64, dec: f64) -> Direction {
    Direction::from_degrees(Frame::J2000, ra, dec)
}

#[test]
fn the_meridian_is_that_of_astropy() {
    for (mjd, declination, ra, dec, _) in MERIDIAN {
        let time = mjd * DAY;
        let meridian = Meridian::new(SITE, f64::to_radians(declination)).unwrap();
        let expected = Direction::from_degrees(Frame::Icrs, ra, dec);
        let found = meridian.at(time).unwrap();
        // astropy has polar motion in (0.3″), and ours is without.
        assert!(found.separation(expected) < 0.6 * ARCSEC, "{mjd} {declination}: {found}");
        let back = apparent_declination(SITE, found, time).unwrap();
        assert!((back - f64::to_radians(declination)).abs() < 1e-9);
        let through = Meridian::through(SITE, found.to(Frame::Galactic), time).unwrap();
        assert!(through.at(time).unwrap().separation(found) < 1e-9);
        assert!((through.declination() - back).abs() < 1e-9);
        assert_eq!(Pointing::Meridian(meridian).at(time, direction(0.0, 0.0)).unwrap(), found);
    }
}

#[test]
fn the_sky_drifts_through_the_meridian() {
    let meridian = Meridian::new(SITE, 0.9).unwrap();
    let start = 61065.93507 * DAY;
    let first = meridian.at(start).unwrap();
    for seconds in [12.885, 300.0, 3600.0] {
        let later = meridian.at(start + seconds).unwrap();
        // 366.2422 turns in 365.2422 days.
        let turned = seconds / DAY * std::f64::consts::TAU * (1.0 + 1.0 / 365.2422);
        let found = (later.longitude - first.longitude).rem_euclid(std::f64::consts::TAU);
        // The meridian of date is tilted against ICRS by 26 years of precession: 20″ a year, 0.0025 rad in all,
        // times tan δ in right ascension.
        assert!((found / turned - 1.0).abs() < 4e-3, "{seconds}: {found} {turned}");
        assert!((later.latitude - first.latitude).abs() < 3e-3 * turned);
    }
}

#[test]
fn the_parallactic_angle_is_that_of_astropy() {
    for (mjd, _, ra, dec, angle) in MERIDIAN {
        let west = Direction::from_degrees(Frame::Icrs, ra - 20.0, dec);
        let found = parallactic_angle(SITE, west, mjd * DAY).unwrap();
        assert!((found - angle).abs() < 1e-5, "{mjd} {dec}: {found} {angle}");
        // On the meridian "up" is the pole (or the zenith is to its south), to the tilt of the pole of date.
        let on = parallactic_angle(SITE, Direction::from_degrees(Frame::Icrs, ra, dec), mjd * DAY).unwrap();
        assert!(on.sin().abs() < 0.01, "{mjd} {dec}: {on}");
    }
}

#[test]
fn what_is_no_site_time_or_declination_is_told() {
    assert_eq!(Meridian::new([0.0; 3], 0.5), Err(PointingError::Site([0.0; 3])));
    assert!(Meridian::new(SITE, 1.6).is_err() && Meridian::new(SITE, f64::NAN).is_err());
    let meridian = Meridian::new(SITE, 0.5).unwrap();
    for time in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(meridian.at(time), Err(PointingError::Time(_))), "{time}");
    }
    assert!(matches!(PointingTable::new(vec![]), Err(PointingError::NoRows(_))));
}

fn row(antenna: i32, time: f64, interval: f64, ra: f64) -> PointingRow {
    PointingRow { antenna, time, interval, direction: direction(ra, 0.0) }
}

#[test]
fn pointings_other_than_the_fields_do_not_follow_it() {
    let (centre, given) = (direction(10.0, 50.0), direction(20.0, -5.0));
    assert_eq!(Pointing::default().at(5e9, centre).unwrap(), centre);
    assert_eq!(Pointing::Direction(given).at(5e9, centre).unwrap(), given);
    assert!(!Pointing::Field.moves() && !Pointing::Direction(given).moves());
    assert!(Pointing::Meridian(Meridian::new(SITE, 0.5).unwrap()).moves());
    let still =
        PointingTable::new(vec![row(0, 0.0, 0.0, 10.0), row(0, 9.0, 0.0, 10.0), row(1, 0.0, 0.0, 11.0)]);
    assert!(!Pointing::Table(still.unwrap()).moves());
}

#[test]
fn a_row_of_the_table_holds_over_its_interval() {
    let rows = vec![row(0, 300.0, 200.0, 20.0), row(0, 100.0, 200.0, 10.0)];
    let table = PointingTable::new(rows).unwrap();
    for (time, ra) in
        [(-5.0, 10.0), (1.0, 10.0), (100.0, 10.0), (199.0, 10.0), (201.0, 20.0), (399.0, 20.0), (999.0, 20.0)]
    {
        assert_eq!(table.at(time).unwrap(), direction(ra, 0.0), "{time}");
    }
    assert!(table.moves());
    assert_eq!(Pointing::Table(table).at(150.0, direction(0.0, 0.0)).unwrap(), direction(10.0, 0.0));
}

#[test]
fn samples_of_a_track_are_joined_on_the_great_circle() {
    let table = PointingTable::new(vec![row(0, 100.0, 0.0, 359.0), row(0, 200.0, -1.0, 3.0)]).unwrap();
    for (time, ra) in [(100.0, 359.0), (125.0, 0.0), (150.0, 1.0), (200.0, 3.0)] {
        assert!(table.at(time).unwrap().separation(direction(ra, 0.0)) < 1e-12, "{time}");
    }
}

#[test]
fn antennas_may_differ_and_share() {
    let table = PointingTable::new(vec![row(0, 100.0, 10.0, 10.0), row(3, 100.0, 10.0, 12.0)]).unwrap();
    assert_eq!(table.antenna_at(3, 100.0).unwrap(), direction(12.0, 0.0));
    assert!(
        matches!(table.antenna_at(1, 100.0), Err(PointingError::NoRows(text)) if text.contains("antenna 1"))
    );
    assert!(table.at(100.0).unwrap().separation(direction(11.0, 0.0)) < 1e-12);
    assert!((table.spread(100.0).unwrap() - 1f64.to_radians()).abs() < 1e-9);
    // A negative antenna means all of them.
    let all = PointingTable::new(vec![row(-1, 100.0, 10.0, 10.0), row(3, 100.0, 10.0, 12.0)]).unwrap();
    assert_eq!(all.antenna_at(1, 100.0).unwrap(), direction(10.0, 0.0));
    assert_eq!(all.antenna_at(3, 100.0).unwrap(), direction(12.0, 0.0));
}

//! Where the antennas look at a time.

use erfars::Astrom;
use erfars::astrometry::{Apco13, Atciqz, Aticq, Atioq, Atoiq};
use erfars::geodeticgeocentric::Gc2gd;

use crate::coords::{Direction, Frame};

const WGS84: i32 = 1;
const SECONDS_PER_DAY: f64 = 86_400.0;
/// Julian date of MJD 0.
const MJD_ZERO: f64 = 2_400_000.5;
/// Heights at which a telescope may stand [m].
const HEIGHTS: std::ops::Range<f64> = -12_000.0..100_000.0;

/// Why there is no pointing.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PointingError {
    /// The POINTING table has nothing for the antenna.
    #[error("the POINTING table has no row for {0}; use the field's centre or give a direction")]
    NoRows(String),
    /// A site that is no place on Earth.
    #[error("the array's position {0:?} m is no ITRF position on Earth")]
    Site([f64; 3]),
    /// A time that is none.
    #[error("the time {0} s (MJD) is not one for which UTC is known")]
    Time(f64),
    /// A declination beyond the pole.
    #[error("the declination {0} rad is not within ±90°")]
    Declination(f64),
}

/// Where the antennas look.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Pointing {
    /// At the phase centre of each row's field.
    #[default]
    Field,
    /// As the POINTING table says.
    Table(PointingTable),
    /// Always at one direction.
    Direction(Direction),
    /// At the meridian, while the sky passes.
    Meridian(Meridian),
}

impl Pointing {
    /// Whether it changes with time while the field stays.
    pub fn moves(&self) -> bool {
        match self {
            Pointing::Field | Pointing::Direction(_) => false,
            Pointing::Table(table) => table.moves(),
            Pointing::Meridian(_) => true,
        }
    }

    /// Where the array looks at `time` [s, MJD UTC], `centre` being the phase centre of the row's field then.
    ///
    /// # Errors
    /// If the POINTING table is empty, or ERFA knows no UTC at that time.
    pub fn at(&self, time: f64, centre: Direction) -> Result<Direction, PointingError> {
        match self {
            Pointing::Field => Ok(centre),
            Pointing::Direction(direction) => Ok(*direction),
            Pointing::Table(table) => table.at(time),
            Pointing::Meridian(meridian) => meridian.at(time),
        }
    }
}

/// A row of the POINTING table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PointingRow {
    /// ANTENNA_ID; negative for all antennas.
    pub antenna: i32,
    /// TIME, the middle of the interval [s, MJD UTC].
    pub time: f64,
    /// INTERVAL over which the row holds [s]; 0 or less where it is a sample of a track.
    pub interval: f64,
    /// DIRECTION.
    pub direction: Direction,
}

/// The tracks of the antennas from the POINTING table.
#[derive(Clone, Debug, PartialEq)]
pub struct PointingTable {
    /// By antenna, then time.
    rows: Vec<PointingRow>,
    frame: Frame,
}

impl PointingTable {
    /// From rows in any order.
    ///
    /// # Errors
    /// [`PointingError::NoRows`] if none has a finite time and a direction on the sky.
    pub fn new(rows: Vec<PointingRow>) -> Result<PointingTable, PointingError> {
        let mut rows: Vec<PointingRow> =
            rows.into_iter().filter(|row| row.time.is_finite() && row.direction.is_valid()).collect();
        rows.sort_by(|a, b| a.antenna.cmp(&b.antenna).then(a.time.total_cmp(&b.time)));
        rows.dedup_by(|b, a| a.antenna == b.antenna && a.time == b.time);
        let frame = rows.first().ok_or_else(|| PointingError::NoRows("any antenna".into()))?.direction.frame;
        Ok(PointingTable { rows, frame })
    }

    /// The rows of one antenna.
    fn of(&self, antenna: i32) -> &[PointingRow] {
        let start = self.rows.partition_point(|row| row.antenna < antenna);
        let end = self.rows.partition_point(|row| row.antenna <= antenna);
        &self.rows[start..end]
    }

    /// Whether any antenna's direction changes.
    pub fn moves(&self) -> bool {
        self.rows.windows(2).any(|pair| {
            pair[0].antenna == pair[1].antenna && pair[0].direction.separation(pair[1].direction) > 1e-9
        })
    }

    /// Where one antenna looks at `time` [s, MJD UTC].
    ///
    /// That of the row whose interval holds the time; outside the intervals, on the great circle between the
    /// rows before and after, in proportion to time; before the first and after the last row, theirs.
    ///
    /// # Errors
    /// If the table has no row for the antenna, nor for all of them.
    pub fn antenna_at(&self, antenna: i32, time: f64) -> Result<Direction, PointingError> {
        let own = self.of(antenna);
        let rows =
            if own.is_empty() { &self.rows[..self.rows.partition_point(|row| row.antenna < 0)] } else { own };
        let after = rows.partition_point(|row| row.time <= time);
        let (before, next) = (after.checked_sub(1).map(|i| rows[i]), rows.get(after).copied());
        let holds = |row: &PointingRow| (time - row.time).abs() <= 0.5 * row.interval;
        match (before, next) {
            (None, None) => Err(PointingError::NoRows(format!("antenna {antenna}"))),
            (Some(row), None) | (None, Some(row)) => Ok(row.direction),
            (Some(a), Some(b)) => Ok(match (holds(&a), holds(&b)) {
                (true, true) if b.time - time < time - a.time => b.direction,
                (true, _) => a.direction,
                (false, true) => b.direction,
                (false, false) => between(a.direction, b.direction, (time - a.time) / (b.time - a.time)),
            }),
        }
    }

    /// The antennas that have rows.
    fn antennas(&self) -> impl Iterator<Item = i32> + '_ {
        self.rows.chunk_by(|a, b| a.antenna == b.antenna).map(|rows| rows[0].antenna)
    }

    /// Where the array looks at `time` [s, MJD UTC]: the mean of its antennas.
    ///
    /// # Errors
    /// As [`PointingTable::antenna_at`].
    pub fn at(&self, time: f64) -> Result<Direction, PointingError> {
        let mut sum = [0.0; 3];
        let mut first = None;
        let mut same = true;
        for antenna in self.antennas() {
            let direction = self.antenna_at(antenna, time)?;
            same &= *first.get_or_insert(direction) == direction;
            let vector = direction.icrs_vector();
            sum = std::array::from_fn(|i| sum[i] + vector[i]);
        }
        match first {
            // Antennas that agree keep their direction to the last bit.
            Some(direction) if same => Ok(direction),
            _ => Ok(from_icrs(sum).to(self.frame)),
        }
    }

    /// The greatest separation of an antenna from the mean at `time` [rad].
    ///
    /// # Errors
    /// As [`PointingTable::antenna_at`].
    pub fn spread(&self, time: f64) -> Result<f64, PointingError> {
        let mean = self.at(time)?;
        let mut most = 0.0f64;
        for antenna in self.antennas() {
            most = most.max(self.antenna_at(antenna, time)?.separation(mean));
        }
        Ok(most)
    }
}

/// The direction of a vector in ICRS axes.
fn from_icrs(v: [f64; 3]) -> Direction {
    let longitude = v[1].atan2(v[0]).rem_euclid(std::f64::consts::TAU);
    Direction::new(Frame::Icrs, longitude, v[2].atan2(v[0].hypot(v[1])))
}

/// A `part` of the way from `a` to `b`.
fn between(a: Direction, b: Direction, part: f64) -> Direction {
    let b = b.to(a.frame);
    let distance = a.separation(b);
    if distance == 0.0 { a } else { a.offset(a.position_angle_of(b), part * distance) }
}

/// Antennas that look at the meridian of their site at a fixed apparent declination, as DSA-110 does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Meridian {
    site: [f64; 3],
    declination: f64,
}

impl Meridian {
    /// Antennas at `site` (ITRF [m]) that look at the meridian at the apparent `declination` [rad] of date.
    ///
    /// # Errors
    /// If the site is no place on Earth or the declination beyond a pole.
    pub fn new(site: [f64; 3], declination: f64) -> Result<Meridian, PointingError> {
        geodetic(&site)?;
        if declination.is_nan() || declination.abs() > std::f64::consts::FRAC_PI_2 {
            return Err(PointingError::Declination(declination));
        }
        Ok(Meridian { site, declination })
    }

    /// Antennas at `site` (ITRF [m]) that look at the meridian where `direction` crosses it, seen at `time`
    /// [s, MJD UTC]: its apparent declination then is kept.
    ///
    /// # Errors
    /// If the site is no place on Earth or ERFA knows no UTC at that time.
    pub fn through(site: [f64; 3], direction: Direction, time: f64) -> Result<Meridian, PointingError> {
        Meridian::new(site, apparent_declination(site, direction, time)?)
    }

    /// The apparent declination [rad].
    pub fn declination(&self) -> f64 {
        self.declination
    }

    /// The ICRS direction that is seen on the meridian at `time` [s, MJD UTC].
    ///
    /// By ERFA: aberration, light deflection, precession and nutation are in, refraction is not; UT1 is taken
    /// as UTC (14″ at most) and polar motion as 0.
    ///
    /// # Errors
    /// If ERFA knows no UTC at that time.
    pub fn at(&self, time: f64) -> Result<Direction, PointingError> {
        let astrom = observer(&self.site, time)?;
        let (ri, di) = Atoiq('H', 0.0, self.declination, &astrom);
        let (longitude, latitude) = Aticq(ri, di, &astrom);
        Ok(Direction::new(Frame::Icrs, longitude, latitude))
    }
}

/// The apparent declination of date [rad] at which an array at `site` (ITRF [m]) sees `direction` at `time`
/// [s, MJD UTC], refraction left out.
///
/// # Errors
/// If the site is no place on Earth or ERFA knows no UTC at that time.
pub fn apparent_declination(site: [f64; 3], direction: Direction, time: f64) -> Result<f64, PointingError> {
    let astrom = observer(&site, time)?;
    let icrs = direction.to(Frame::Icrs);
    let (ri, di) = Atciqz(icrs.longitude, icrs.latitude, &astrom);
    let (_, _, _, declination, _) = Atioq(ri, di, &astrom);
    Ok(declination)
}

/// The position angle [rad] of the zenith as seen at `direction`, north of its frame through east: how an
/// alt-azimuth dish at `site` (ITRF [m]) that looks there at `time` [s, MJD UTC] is turned.
///
/// # Errors
/// If the site is no place on Earth or ERFA knows no UTC at that time.
pub fn parallactic_angle(site: [f64; 3], direction: Direction, time: f64) -> Result<f64, PointingError> {
    let astrom = observer(&site, time)?;
    // Azimuth and zenith distance of the zenith.
    let (ri, di) = Atoiq('A', 0.0, 0.0, &astrom);
    let (longitude, latitude) = Aticq(ri, di, &astrom);
    Ok(direction.position_angle_of(Direction::new(Frame::Icrs, longitude, latitude)))
}

/// WGS84 longitude [rad], latitude [rad] and height [m].
fn geodetic(site: &[f64; 3]) -> Result<(f64, f64, f64), PointingError> {
    match Gc2gd(WGS84, site) {
        Ok(((longitude, latitude, height), _)) if HEIGHTS.contains(&height) => {
            Ok((longitude, latitude, height))
        }
        _ => Err(PointingError::Site(*site)),
    }
}

/// ERFA's parameters of the sky over a site [ITRF, m] at a time [s, MJD UTC], without air.
fn observer(site: &[f64; 3], time: f64) -> Result<Astrom, PointingError> {
    let (longitude, latitude, height) = geodetic(site)?;
    let days = time / SECONDS_PER_DAY;
    // ERFA starts UTC in 1960 (MJD 36934).
    if !(36_934.0..1e6).contains(&days) {
        return Err(PointingError::Time(time));
    }
    let mut astrom = Astrom::default();
    // Pressure, temperature, humidity and wavelength of zero leave refraction out.
    let made =
        Apco13(MJD_ZERO, days, 0.0, longitude, latitude, height, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, &mut astrom);
    made.map(|_| astrom).map_err(|_| PointingError::Time(time))
}

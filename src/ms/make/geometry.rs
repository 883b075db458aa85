//! Where the array looks and what its baselines are: phase centres on the meridian and UVW axes, by ERFA.
//!
//! UT1 is taken as UTC and polar motion as zero: the meridian may be off by 0.9 s of time (14″), and the UVW of a given
//! phase centre by 6.6e-5 of its length; on 2026-01-25 they are off by 1″ and by 13 mm over 2.5 km, as pyuvdata has it.
//! Refraction is left out; aberration, light deflection, precession and nutation are in.

use erfars::Astrom;
use erfars::astrometry::{Apco13, Atciqz, Aticq, Atioq, Atoiq};
use erfars::geodeticgeocentric::{Gc2gd, Gd2gc};

use super::MakeError;
use crate::coords::{Direction, Frame};

/// Number of ERFA's reference ellipsoid WGS84.
const WGS84: i32 = 1;
/// Half of the step over which the local north is found \[rad\]: its error is the square of this.
const NORTH_STEP: f64 = 1e-5;
/// Heights at which a telescope may stand \[m\].
const HEIGHTS: std::ops::Range<f64> = -12_000.0..100_000.0;
const SECONDS_PER_DAY: f64 = 86_400.0;
/// Julian date of MJD 0.
const MJD_ZERO: f64 = 2_400_000.5;

/// ITRF position \[m\] of a WGS84 latitude and longitude \[rad\] and height over the ellipsoid \[m\]; `None` if they are no place on Earth.
pub fn itrf(latitude: f64, longitude: f64, height: f64) -> Option<[f64; 3]> {
    Gd2gc(WGS84, longitude, latitude, height).ok().map(|(position, _)| position)
}

/// WGS84 (latitude \[rad\], longitude \[rad\], height \[m\]) of an ITRF position \[m\]; `None` far from the ground.
fn geodetic(position: &[f64; 3]) -> Option<(f64, f64, f64)> {
    let ((longitude, latitude, height), _) = Gc2gd(WGS84, position).ok()?;
    HEIGHTS.contains(&height).then_some((latitude, longitude, height))
}

/// The sky over one site at one moment.
pub(super) struct Sky {
    astrom: Astrom,
    longitude: f64,
}

/// The axes of the (u, v, w) of one phase centre at one moment, as ITRF unit vectors: u East, v North, w to the source.
pub(super) struct UvwAxes([[f64; 3]; 3]);

impl Sky {
    /// The sky over `site` (ITRF \[m\]) at `time` (MJD UTC \[s\]).
    ///
    /// # Errors
    /// [`MakeError::Spec`] if the site is no place on Earth or ERFA knows no UTC at that time.
    pub(super) fn new(site: &[f64; 3], time: f64) -> Result<Sky, MakeError> {
        let (latitude, longitude, height) = geodetic(site)
            .ok_or_else(|| MakeError::spec(format!("the site {site:?} m is no ITRF position on Earth")))?;
        // ERFA starts UTC in 1960 (MJD 36934) and refuses dates before −4799.
        if !time.is_finite() || !(36_934.0..1e6).contains(&(time / SECONDS_PER_DAY)) {
            return Err(MakeError::spec(format!("the time {time} s is not an MJD in seconds from 1960 on")));
        }
        let mut astrom = Astrom::default();
        // No air: pressure, temperature, humidity and wavelength of zero leave refraction out.
        Apco13(
            MJD_ZERO,
            time / SECONDS_PER_DAY,
            0.0,
            longitude,
            latitude,
            height,
            0.0,
            0.0,
            0.0,
            0.0,
            0.0,
            0.0,
            &mut astrom,
        )
        .map_err(|code| {
            MakeError::spec(format!("ERFA apco13 refuses the time {time} s (MJD): code {code}"))
        })?;
        Ok(Sky { astrom, longitude })
    }

    /// The ICRS direction that is seen on the meridian at the apparent `declination` \[rad\].
    pub(super) fn meridian(&self, declination: f64) -> Direction {
        let (ri, di) = Atoiq('H', 0.0, declination, &self.astrom);
        let (longitude, latitude) = Aticq(ri, di, &self.astrom);
        Direction { frame: Frame::Icrs, longitude, latitude }
    }

    /// The ITRF unit vector to where an ICRS direction is seen (aberration, light deflection and precession-nutation in).
    fn apparent(&self, direction: Direction) -> [f64; 3] {
        let icrs = direction.to(Frame::Icrs);
        let (ri, di) = Atciqz(icrs.longitude, icrs.latitude, &self.astrom);
        let (_, _, hour_angle, declination, _) = Atioq(ri, di, &self.astrom);
        // East longitude of the point on Earth under the source.
        let east = self.longitude - hour_angle;
        [declination.cos() * east.cos(), declination.cos() * east.sin(), declination.sin()]
    }

    /// The (u, v, w) axes of a phase centre: w to its apparent place, v along the North of the phase centre's own frame.
    pub(super) fn uvw_axes(&self, centre: Direction) -> UvwAxes {
        let w = self.apparent(centre);
        let north = self.apparent(centre.offset(0.0, NORTH_STEP));
        let south = self.apparent(centre.offset(0.0, -NORTH_STEP));
        let rise = [north[0] - south[0], north[1] - south[1], north[2] - south[2]];
        let along = dot(&rise, &w);
        let v = unit([rise[0] - along * w[0], rise[1] - along * w[1], rise[2] - along * w[2]]);
        UvwAxes([cross(&v, &w), v, w])
    }
}

impl UvwAxes {
    /// (u, v, w) \[m\] of an ITRF vector \[m\].
    pub(super) fn uvw(&self, vector: &[f64; 3]) -> [f64; 3] {
        [dot(&self.0[0], vector), dot(&self.0[1], vector), dot(&self.0[2], vector)]
    }
}

fn dot(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: &[f64; 3], b: &[f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn unit(a: [f64; 3]) -> [f64; 3] {
    let length = dot(&a, &a).sqrt();
    [a[0] / length, a[1] / length, a[2] / length]
}

//! The celestial frames and the conversions between them.
//!
//! Every conversion goes through ICRS:
//! * J2000 (FK5) ↔ ICRS is the IAU 2000 frame bias matrix (ERFA `bp00`, `rb`), as casacore does it. The FK5–Hipparcos
//!   rotation (ERFA `fk5hip`) is *not* used: it differs by 20 mas from what CASA writes.
//! * Galactic ↔ ICRS is ERFA `icrs2g` / `g2icrs`.
//! * B1950 (FK4) ↔ J2000 is ERFA `fk45z` / `fk54z` at epoch 1950.0. Both assume a source at rest in FK5 (an
//!   extragalactic one) and an FK4 position of epoch 1950.0. casacore does the same only if told that epoch; by
//!   default it adds the motion of FK4 against FK5 since then, up to 0.3 arcsec.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use super::Direction;

/// A celestial reference frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Frame {
    /// International Celestial Reference System: right ascension and declination.
    Icrs,
    /// Mean equator and equinox of J2000.0 (FK5): right ascension and declination.
    J2000,
    /// Mean equator and equinox of B1950.0 (FK4, E-terms included): right ascension and declination.
    B1950,
    /// IAU 1958 Galactic longitude and latitude.
    Galactic,
}

impl Frame {
    /// Every frame, in the order messages list them.
    pub const ALL: [Frame; 4] = [Frame::Icrs, Frame::J2000, Frame::B1950, Frame::Galactic];

    /// Whether longitudes are right ascensions, which sexagesimal text gives in hours.
    pub fn is_equatorial(self) -> bool {
        self != Frame::Galactic
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Frame::Icrs => "ICRS",
            Frame::J2000 => "J2000",
            Frame::B1950 => "B1950",
            Frame::Galactic => "Galactic",
        })
    }
}

/// A frame name that is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown frame '{0}': use icrs, j2000 (or fk5), b1950 (or fk4) or galactic")]
pub struct UnknownFrame(pub String);

impl FromStr for Frame {
    type Err = UnknownFrame;

    /// Reads `icrs`, `j2000`, `fk5`, `b1950`, `fk4` or `galactic`, in any case.
    fn from_str(text: &str) -> Result<Self, UnknownFrame> {
        match text.trim().to_ascii_lowercase().as_str() {
            "icrs" => Ok(Frame::Icrs),
            "j2000" | "fk5" => Ok(Frame::J2000),
            "b1950" | "fk4" => Ok(Frame::B1950),
            "galactic" => Ok(Frame::Galactic),
            _ => Err(UnknownFrame(text.trim().to_owned())),
        }
    }
}

/// The frame bias matrix of IAU 2000, row by row: `x(J2000) = rb · x(ICRS)`.
fn frame_bias() -> &'static [f64; 9] {
    static BIAS: OnceLock<[f64; 9]> = OnceLock::new();
    BIAS.get_or_init(|| {
        let (mut rb, mut rp, mut rbp) = ([0.0; 9], [0.0; 9], [0.0; 9]);
        erfars::precnutpolar::Bp00(2_451_545.0, 0.0, &mut rb, &mut rp, &mut rbp);
        rb
    })
}

/// The celestial intermediate pole at `time` [s, MJD], about which the Earth turns (IAU 2006/2000A).
pub fn celestial_pole(time: f64) -> Direction {
    let mut matrix = [0.0; 9];
    // UTC for TT: a minute moves the pole by nothing.
    erfars::precnutpolar::Pnm06a(2_400_000.5, time / 86_400.0, &mut matrix);
    let (longitude, latitude) = from_vector([matrix[6], matrix[7], matrix[8]]);
    Direction::new(Frame::Icrs, longitude, latitude)
}

/// A position in radians as a unit vector.
pub(super) fn to_vector(longitude: f64, latitude: f64) -> [f64; 3] {
    let (sin_lon, cos_lon) = longitude.sin_cos();
    let (sin_lat, cos_lat) = latitude.sin_cos();
    [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat]
}

/// A vector as longitude in [0, 2π) and latitude, [rad].
pub(super) fn from_vector(v: [f64; 3]) -> (f64, f64) {
    // atan2 keeps its accuracy at the poles, where asin loses half the digits.
    (wrap(v[1].atan2(v[0])), v[2].atan2(v[0].hypot(v[1])))
}

/// A longitude brought into [0, 2π).
pub(super) fn wrap(longitude: f64) -> f64 {
    let turned = longitude.rem_euclid(std::f64::consts::TAU);
    // rem_euclid of a tiny negative number rounds up to the whole turn.
    if turned >= std::f64::consts::TAU { 0.0 } else { turned }
}

/// `m · v`, or `mᵀ · v` if `transposed`, for a 3×3 matrix given row by row.
fn rotate(m: &[f64; 9], v: [f64; 3], transposed: bool) -> [f64; 3] {
    let at = |row: usize, col: usize| m[if transposed { 3 * col + row } else { 3 * row + col }];
    std::array::from_fn(|row| (0..3).map(|col| at(row, col) * v[col]).sum())
}

/// The ICRS unit vector of a position in `frame` [rad].
pub(super) fn icrs_vector(frame: Frame, longitude: f64, latitude: f64) -> [f64; 3] {
    match frame {
        Frame::Icrs => to_vector(longitude, latitude),
        Frame::J2000 => rotate(frame_bias(), to_vector(longitude, latitude), true),
        Frame::B1950 => {
            let (ra, dec) = erfars::starcatalogs::Fk45z(longitude, latitude, 1950.0);
            rotate(frame_bias(), to_vector(ra, dec), true)
        }
        Frame::Galactic => {
            let (ra, dec) = erfars::galacticcoordinates::G2icrs(longitude, latitude);
            to_vector(ra, dec)
        }
    }
}

/// The position in `frame`, longitude in [0, 2π) and latitude [rad], of an ICRS vector.
pub(super) fn from_icrs_vector(frame: Frame, vector: [f64; 3]) -> (f64, f64) {
    match frame {
        Frame::Icrs => from_vector(vector),
        Frame::J2000 => from_vector(rotate(frame_bias(), vector, false)),
        Frame::B1950 => {
            let fk5 = rotate(frame_bias(), vector, false);
            let back = |v: [f64; 3]| {
                let (ra, dec) = from_vector(v);
                let (ra, dec, _, _) = erfars::starcatalogs::Fk54z(ra, dec, 1950.0);
                (ra, dec)
            };
            // fk54z undoes fk45z to 0.02 mas only: what is left of it is taken off once.
            let (ra, dec) = back(fk5);
            let (ra, dec) = erfars::starcatalogs::Fk45z(ra, dec, 1950.0);
            let forth = to_vector(ra, dec);
            let (ra, dec) = back(std::array::from_fn(|i| 2.0 * fk5[i] - forth[i]));
            (wrap(ra), dec)
        }
        Frame::Galactic => {
            let (ra, dec) = from_vector(vector);
            let (l, b) = erfars::galacticcoordinates::Icrs2g(ra, dec);
            (wrap(l), b)
        }
    }
}

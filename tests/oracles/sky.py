"""A sky for the independent sum: JSON written by the tests, or the real NVSS FITS file.

Nothing here is taken from the product. Frames go through ERFA; J2000 <-> ICRS is the frame bias
matrix, which is what CASA applies (python-casacore's `measures` gives the same to 1e-14).

JSON: a list of objects with
  ra_deg, dec_deg            in `frame`: J2000 (default), ICRS, B1950, GALACTIC
  i, q, u, v                 Jy at ref_hz (q, u, v default 0)
  terms, ref_hz              log10 terms of the spectrum (none: flat); Q, U, V keep their fraction of I
  series                     instead: factors of (nu/ref_hz - 1)^k
  steps                      instead: [[low, high, factor], ...], each in its band [Hz]
  major_arcsec, minor_arcsec, pa_deg, pa_frame    Gaussian FWHM axes; pa_frame "source" or "centre"
"""

import gzip
import json
from dataclasses import dataclass, field

import erfa
import numpy as np

ARCSEC = np.pi / 180 / 3600


@dataclass
class Source:
    lon: float  # [rad]
    lat: float  # [rad]
    frame: str
    stokes: tuple  # I, Q, U, V [Jy]
    terms: list = field(default_factory=list)
    ref_hz: float = 1.4e9
    gauss: tuple = None  # major [rad], minor [rad], position angle [rad], "source" | "centre"
    series: list = None
    steps: list = None

    def spectrum(self, freq):
        """Flux in units of the reference flux at each frequency [Hz]."""
        freq = np.asarray(freq)
        if self.series is not None:
            return np.polynomial.polynomial.polyval(freq / self.ref_hz - 1, self.series)
        if self.steps is not None:
            return np.select([(low <= freq) & (freq < high) for low, high, _ in self.steps], [f for _, _, f in self.steps])
        log = np.log10(np.asarray(freq) / self.ref_hz)
        return 10.0 ** sum((c * log ** (k + 1) for k, c in enumerate(self.terms)), np.zeros_like(log))


def load(path):
    """Sources of a JSON list."""
    with open(path) as f:
        return [_source(entry) for entry in json.load(f)]


def _source(e):
    gauss = None
    if e.get("major_arcsec"):
        gauss = (
            e["major_arcsec"] * ARCSEC,
            e["minor_arcsec"] * ARCSEC,
            np.radians(e.get("pa_deg", 0.0)),
            e.get("pa_frame", "source"),
        )
    return Source(
        np.radians(e["ra_deg"]),
        np.radians(e["dec_deg"]),
        e.get("frame", "J2000").upper(),
        (e["i"], e.get("q", 0.0), e.get("u", 0.0), e.get("v", 0.0)),
        list(e.get("terms", [])),
        e.get("ref_hz", 1.4e9),
        gauss,
        e.get("series"),
        e.get("steps"),
    )


def load_nvss(path, centres, radius_deg, min_jy, alpha=-0.7, ref_hz=1.4e9):
    """Sources of the AIPS "VZ" table (J2000, Jy) within a radius of any centre [(lon, lat, frame)]."""
    from astropy.io import fits

    with gzip.open(path) as stream, fits.open(stream) as hdus:
        rows = hdus[1].data
        names = {n.strip(): n for n in rows.columns.names}
        ra = np.radians(np.asarray(rows[names["RA(2000)"]], float))
        dec = np.radians(np.asarray(rows[names["DEC(2000)"]], float))
        flux = np.asarray(rows[names["PEAK INT"]], float)
    unit = erfa.s2c(ra, dec)
    near = np.zeros(len(ra), bool)
    for lon, lat, frame in centres:
        centre = to_frame(lon, lat, frame, "J2000")
        # The chord, not the cosine: exact for small separations.
        chord = np.linalg.norm(unit - erfa.s2c(*centre), axis=1)
        near |= 2 * np.arcsin(np.minimum(chord / 2, 1)) <= np.radians(radius_deg)
    near &= flux >= min_jy
    return [Source(ra[k], dec[k], "J2000", (flux[k], 0, 0, 0), [alpha], ref_hz) for k in np.flatnonzero(near)]


def _to_icrs(lon, lat, frame):
    bias = erfa.bp00(erfa.DJ00, 0.0)[0]
    if frame == "ICRS":
        return lon, lat
    if frame == "GALACTIC":
        return erfa.g2icrs(lon, lat)
    if frame == "B1950":
        lon, lat = erfa.fk45z(lon, lat, 1950.0)
    elif frame != "J2000":
        raise ValueError(f"frame {frame} is not known to the oracle")
    return erfa.c2s(bias.T @ erfa.s2c(lon, lat))


def to_frame(lon, lat, frame, target):
    """A direction [rad] in another frame."""
    if frame == target:
        return lon, lat
    lon, lat = _to_icrs(lon, lat, frame)
    if target == "ICRS":
        return lon, lat
    if target == "J2000":
        return erfa.c2s(erfa.bp00(erfa.DJ00, 0.0)[0] @ erfa.s2c(lon, lat))
    if target == "GALACTIC":
        return erfa.icrs2g(lon, lat)
    if target == "B1950":
        j2000 = to_frame(lon, lat, "ICRS", "J2000")
        return erfa.fk54z(*j2000, 1950.0)[:2]
    raise ValueError(f"frame {target} is not known to the oracle")


def cosines(lon, lat, lon0, lat0):
    """Direction cosines (l, m, n) of a direction about a centre of the same frame."""
    d = lon - lon0
    l = np.cos(lat) * np.sin(d)
    m = np.sin(lat) * np.cos(lat0) - np.cos(lat) * np.sin(lat0) * np.cos(d)
    n = np.sin(lat) * np.sin(lat0) + np.cos(lat) * np.cos(lat0) * np.cos(d)
    return l, m, n


def angle_to_frame(lon, lat, angle, frame, target):
    """The position angle [rad], carried to another frame by converting a second point near by."""
    if frame == target:
        return angle
    step = 1e-4
    other = _offset(lon, lat, angle, step)
    a = to_frame(lon, lat, frame, target)
    b = to_frame(*other, frame, target)
    return erfa.pas(*a, *b)


def _offset(lon, lat, angle, step):
    north = np.array([-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)])
    east = np.array([-np.sin(lon), np.cos(lon), 0.0])
    toward = np.cos(angle) * north + np.sin(angle) * east
    return erfa.c2s(np.cos(step) * erfa.s2c(lon, lat) + np.sin(step) * toward)

"""The sky of the comparison, in every form that the programs read.

Points within 1.5 degrees of the phase centre, uniform over the disc; flux densities with N(> S) ~ 1/S from 10 mJy
on, about as NVSS has them; spectral indices from -1.5 to 0.1. The first n of one list make the sky of n sources.
Positions are in the frame of the MeasurementSet's fields, so that no program is blamed for a frame it does not know.
"""

import json
from dataclasses import dataclass

import numpy as np

RADIUS = np.radians(1.5)
REFERENCE_HZ = 1.4e9


@dataclass
class Sky:
    """Sources as arrays [source]."""

    centre: tuple  # longitude, latitude [rad] of the phase centre
    frame: str
    lon: np.ndarray  # [rad]
    lat: np.ndarray  # [rad]
    flux: np.ndarray  # [Jy] at REFERENCE_HZ
    alpha: np.ndarray

    def directions(self):
        """[source] l, m and n - 1 about the phase centre."""
        lon0, lat0 = self.centre
        d = self.lon - lon0
        l = np.cos(self.lat) * np.sin(d)
        m = np.sin(self.lat) * np.cos(lat0) - np.cos(self.lat) * np.sin(lat0) * np.cos(d)
        r2 = l * l + m * m
        return l, m, -r2 / (1 + np.sqrt(1 - r2))

    def flux_at(self, freq):
        """[source] Jy at a frequency [Hz]."""
        return self.flux * (freq / REFERENCE_HZ) ** self.alpha


def place(centre, l, m):
    """Longitudes and latitudes [rad] of directions about a phase centre."""
    lon0, lat0 = centre
    n = np.sqrt(1 - l * l - m * m)
    lat = np.arcsin(m * np.cos(lat0) + n * np.sin(lat0))
    return lon0 + np.arctan2(l, n * np.cos(lat0) - m * np.sin(lat0)), lat


def make(centre, frame, sources, seed=110):
    """The first so many sources of the list about a phase centre [rad]."""
    generator = np.random.default_rng(seed)
    rho, angle, chance, index = generator.random((100_000, 4))[:sources].T
    sine = np.sin(RADIUS) * np.sqrt(rho)
    lon, lat = place(centre, sine * np.cos(2 * np.pi * angle), sine * np.sin(2 * np.pi * angle))
    # What the text forms hold is what is meant, also by the double-precision sum.
    lon, lat = (np.radians(np.round(np.degrees(x), 9)) for x in (lon, lat))
    flux = np.round(0.01 / (1 - chance), 6)
    return Sky(centre, frame, lon, lat, flux, np.round(-1.5 + 1.6 * index, 3))


def _sexagesimal(value, separator):
    units = round(abs(value) * 3600 * 10**8)
    seconds, fraction = divmod(units, 10**8)
    return f"{seconds // 3600:02d}{separator}{seconds // 60 % 60:02d}{separator}{seconds % 60:02d}.{fraction:08d}"


def _entries(sky):
    return enumerate(zip(sky.lon.tolist(), sky.lat.tolist(), sky.flux.tolist(), sky.alpha.tolist()))


def write_csv(sky, path):
    """For nvss-predict."""
    with open(path, "w") as f:
        f.write("ra_deg,dec_deg,flux_jy,alpha,ref_hz\n")
        for _, (lon, lat, flux, alpha) in _entries(sky):
            f.write(f"{np.degrees(lon):.9f},{np.degrees(lat):.9f},{flux:.6f},{alpha},{REFERENCE_HZ:.0f}\n")


def write_components(sky, path):
    """WSClean's component list, which DP3 and crystalball read; no frame is told."""
    with open(path, "w") as f:
        f.write("Format = Name, Type, Ra, Dec, I, SpectralIndex, LogarithmicSI, "
                f"ReferenceFrequency='{REFERENCE_HZ}', MajorAxis, MinorAxis, Orientation\n")  # fmt: skip
        for k, (lon, lat, flux, alpha) in _entries(sky):
            ra, dec = _sexagesimal(np.degrees(lon) % 360 / 15, ":"), _sexagesimal(np.degrees(lat), ".")
            f.write(f"s{k},POINT,{ra},{'-' if lat < 0 else '+'}{dec},{flux:.6f},[{alpha}],true,{REFERENCE_HZ},,,\n")


def write_json(sky, path):
    """For tests/oracles/casa.py."""
    sources = [
        {"ra_deg": float(np.degrees(lon)), "dec_deg": float(np.degrees(lat)), "i": flux, "terms": [alpha],
         "ref_hz": REFERENCE_HZ, "frame": sky.frame, "freq_frame": "TOPO"}
        for _, (lon, lat, flux, alpha) in _entries(sky)
    ]  # fmt: skip
    with open(path, "w") as f:
        json.dump(sources, f)


def draw(sky, freq, size, scale):
    """[size, size] Jy/pixel, each source on its nearest pixel, as FITS has it: rows of growing m, l falling."""
    l, m, _ = sky.directions()
    x = np.rint(-l / scale).astype(int) + size // 2
    y = np.rint(m / scale).astype(int) + size // 2
    image = np.zeros((size, size), np.float32)
    np.add.at(image, (y, x), sky.flux_at(freq))
    return image


def write_image(sky, path, freq, width, size, scale):
    """The image that `wsclean -predict` reads; `scale` [rad], `freq` and `width` of the band [Hz]."""
    from astropy.io import fits

    header = fits.Header()
    axes = [
        ("RA---SIN", np.degrees(sky.centre[0]), size // 2 + 1, -np.degrees(scale), "deg"),
        ("DEC--SIN", np.degrees(sky.centre[1]), size // 2 + 1, np.degrees(scale), "deg"),
        ("FREQ", freq, 1, width, "Hz"),
        ("STOKES", 1.0, 1, 1.0, ""),
    ]
    for k, (kind, value, pixel, step, unit) in enumerate(axes, 1):
        header.update({f"CTYPE{k}": kind, f"CRVAL{k}": value, f"CRPIX{k}": pixel, f"CDELT{k}": step, f"CUNIT{k}": unit})
    header.update({"BUNIT": "JY/PIXEL", "EQUINOX": 2000.0})
    fits.writeto(path, draw(sky, freq, size, scale)[None, None], header, overwrite=True)

"""Power patterns for the independent sum, from scipy's Bessel function and plain formulas; nothing of the product.

A beam is written as for --beam: airy:DIAM[,BLOCKAGE], gaussian:FWHM_DEG@HZ, cos4:FWHM_DEG@HZ, dsa110, dsa110-pipeline, meerkat,
wsrt; `table`, which `beam.py table FILE` writes; and `quadratic`, the polynomial in direction cosines that
`beam.py image FILE` writes as a FITS cube. The pointing is `field`, `meridian` (where the first phase centre crosses it) or
`RA,DEC` in degrees of J2000.
"""

import sys

import erfa
import numpy as np
from scipy.special import j1

import sky

C = 299_792_458.0
QUADRATIC_HZ = (1.28e9, 1.53e9)


def jinc(x):
    x = np.asarray(x, float)
    return np.where(x == 0, 1.0, 2 * j1(x) / np.where(x == 0, 1.0, x))


def power(spec, l, m, theta, freq):
    """The power at offsets (l, m), theta [rad] from the pointing, at each frequency [Hz]."""
    name, _, rest = spec.partition(":")
    if name == "dsa110-pipeline":
        name, rest = "airy", "4.7"
    if name == "airy":
        big, small = (np.array(rest.split(",") + ["0"], float))[:2]
        x = np.pi * np.sin(theta) * freq / C
        return ((big**2 * jinc(big * x) - small**2 * jinc(small * x)) / (big**2 - small**2)) ** 2
    if name == "table":
        # What `table` writes, its radii scaled as the frequency.
        return power("airy:4.7", l, m, theta * freq / 1.4e9, np.array(1.4e9))
    if name in ("gaussian", "cos4"):
        width, at = rest.split("@")
        ratio = theta / (np.radians(float(width)) * float(at) / freq)
        if name == "gaussian":
            return np.exp(-4 * np.log(2) * ratio**2)
        x = 2 * ratio * np.arccos(0.5**0.25)
        return np.where(x < np.pi / 2, np.cos(x) ** 4, 0.0)
    if name == "wsrt":
        x = 65 * freq * 1e-9 * theta
        return np.where(x < np.pi / 2, np.cos(x) ** 6, 0.0)
    if name == "meerkat":
        # Mauch et al. 2020, eq. 3 and 4: a power pattern.
        x = 1.1889647809329453 * theta / (np.radians(57.5 / 60) * 1.5e9 / freq)
        return (np.cos(np.pi * x) / (1 - 4 * x**2)) ** 2
    if name == "dsa110":
        # casacore-free PBMath1DAiry as EveryBeam uses it.
        r = np.degrees(np.sin(theta)) * 60 * freq * 1e-9
        x = 7.016 / 93.96 * 4.65 / 24.5 * r
        q = 4.65 / 0.4064
        v = (q**2 * jinc(x) - jinc(x * q)) / (q**2 - 1) * (1 - 1e-4) + 1e-4
        return np.where(r > 480, 1e-4, v) ** 2
    if name == "quadratic":
        low, high = QUADRATIC_HZ
        return quadratic(l, m) * (0.9 + 0.1 * (freq - low) / (high - low))
    raise ValueError(f"beam {spec}")


def quadratic(l, m):
    """What interpolation by cubic convolution gives back exactly."""
    return 1 - 150 * (l * l + m * m) + 0.9 * l - 2 * l * m


class Pointing:
    """Where the antennas look at a time."""

    def __init__(self, text, obs):
        self.text, self.obs = text, obs
        if text == "meridian":
            positions = obs.subtable("ANTENNA").getcol("POSITION")
            # Rows that are there for their number alone have none.
            self.site = erfa.gc2gd(1, positions[np.linalg.norm(positions, axis=1) > 1e3].mean(axis=0))
            first = obs.time[0]
            centre = sky.to_frame(*obs.centre(int(obs.field[0]), first), "ICRS")
            astrom = self.astrom(first)
            self.declination = erfa.atioq(*erfa.atciqz(*centre, astrom), astrom)[3]

    def astrom(self, time):
        longitude, latitude, height = self.site
        return erfa.apco13(2400000.5, time / 86400, 0, longitude, latitude, height, 0, 0, 0, 0, 0, 0)[0]

    def at(self, time, centre):
        """Longitude, latitude [rad] and frame."""
        if self.text == "field":
            return centre
        if self.text == "meridian":
            astrom = self.astrom(time)
            return (*erfa.aticq(*erfa.atoiq("H", 0.0, self.declination, astrom), astrom), "ICRS")
        ra, dec = map(float, self.text.split(","))
        return np.radians(ra), np.radians(dec), "J2000"


def factor(spec, source, pointing, freq):
    """The power with which a source is seen, at each frequency."""
    lon0, lat0, frame = pointing
    lon, lat = sky.to_frame(source.lon, source.lat, source.frame, frame)
    l, m, _ = sky.cosines(lon, lat, lon0, lat0)
    theta = erfa.seps(lon0, lat0, lon, lat)
    return power(spec, l, m, theta, np.asarray(freq, float))


def image(path):
    """The quadratic as a FITS cube, 6 degrees wide."""
    from astropy.io import fits

    size, step = 241, np.radians(0.025)
    offset = (np.arange(size) - size // 2) * step
    l, m = np.meshgrid(-offset, offset)
    cube = np.stack([quadratic(l, m) * 0.9, quadratic(l, m)])
    header = fits.Header()
    for axis, (kind, value, delta, pixel) in enumerate(
        [("RA---SIN", 0.0, -0.025, size // 2 + 1), ("DEC--SIN", 0.0, 0.025, size // 2 + 1),
         ("FREQ", QUADRATIC_HZ[0], QUADRATIC_HZ[1] - QUADRATIC_HZ[0], 1)], 1):  # fmt: skip
        header[f"CTYPE{axis}"], header[f"CRVAL{axis}"] = kind, value
        header[f"CDELT{axis}"], header[f"CRPIX{axis}"] = delta, pixel
        header[f"CUNIT{axis}"] = "Hz" if kind == "FREQ" else "deg"
    fits.PrimaryHDU(cube, header).writeto(path)


def table(path):
    """The power of an Airy pattern of 4.7 m at 1.4 GHz, finely sampled."""
    radius = np.arange(0, 6, 0.002)
    values = power("airy:4.7", 0, 0, np.radians(radius), np.array(1.4e9))
    np.savetxt(path, np.stack([radius, np.full_like(radius, 1.4), values], axis=1), delimiter=",", fmt="%.17g",
               header="radius_deg,freq_ghz,power", comments="")  # fmt: skip


if __name__ == "__main__":
    {"image": image, "table": table}[sys.argv[1]](sys.argv[2])

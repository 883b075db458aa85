"""A DSA-110 drift scan without visibilities: antennas, fields, channels. CASA's simulator makes the rows and UVW."""

import csv
from dataclasses import dataclass

import numpy as np

from . import ROOT

START = 5_276_096_765.0  # 2026-01-25T22:26:05, MJD UTC [s]
INTEGRATION = 12.885  # [s]
CENTRE = np.radians([343.78, 16.01])  # of the middle of the drift
SIDEREAL = 7.2921159e-5  # [rad/s]
BAND = 1311.25e6, 187.5e6  # lower edge and width [Hz]
# 2 k T / (eta A) of a dish of 4.65 m with the pipeline's assumptions, T = 50 K and eta = 0.7 [Jy].
SEFD = 2 * 1380.649 * 50 / (0.7 * np.pi / 4 * 4.65**2)
# The 96 antennas of a file of 2026-01-25.
ACTIVE = [n for n in range(1, 117) if n not in (10, 21, 22, 23) and not 52 <= n <= 67]


@dataclass(frozen=True)
class Size:
    """How large an observation."""

    antennas: int
    fields: int
    channels: int

    @property
    def frequencies(self):
        """Channel centres [Hz]."""
        width = BAND[1] / self.channels
        return BAND[0] + width * (np.arange(self.channels) + 0.5)

    @property
    def noise(self):
        """Standard deviation of the real part of a visibility [Jy]."""
        return SEFD / np.sqrt(2 * BAND[1] / self.channels * INTEGRATION)


def stations(count):
    """Names and ITRF positions [m] of `count` antennas: all outriggers, and the T thinned evenly."""
    import erfa

    with open(ROOT / "data" / "dsa110_stations.csv") as f:
        rows = {int(r["name"][4:]): r for r in csv.DictReader(line for line in f if not line.startswith("#"))}
    core, far = [n for n in ACTIVE if n < 103], [n for n in ACTIVE if n >= 103]
    far = far[: count // 2]
    core = [core[k] for k in np.linspace(0, len(core) - 1, count - len(far)).round().astype(int)]
    chosen = [rows[n] for n in core + far]
    degrees = [np.radians([float(r[f"{axis}_deg"]) for r in chosen]) for axis in ("longitude", "latitude")]
    return [r["name"] for r in chosen], erfa.gd2gc(1, *degrees, np.array([float(r["elevation_m"]) for r in chosen]))


def centres(fields):
    """Right ascension and declination [rad] of each integration's field: the meridian."""
    drift = SIDEREAL * INTEGRATION * (np.arange(fields) - (fields - 1) / 2)
    return [(CENTRE[0] + d, CENTRE[1]) for d in drift]


def make_empty(path, size, names, positions):
    """The MeasurementSet, by CASA's simulator: a field to each integration. Runs in CASA's process."""
    from casatools import measures, simulator

    sm, me = simulator(), measures()
    width, x = BAND[1] / size.channels, positions.T
    sm.open(path)
    sm.setconfig(telescopename="OVRO_MMA", x=list(x[0]), y=list(x[1]), z=list(x[2]), dishdiameter=[4.65] * len(names),
                 mount=["alt-az"], antname=names, padname=names, coordsystem="global",
                 referencelocation=me.observatory("OVRO_MMA"))  # fmt: skip
    sm.setspwindow(spwname="L", freq=f"{float(size.frequencies[0])!r}Hz", deltafreq=f"{width}Hz", freqresolution=f"{width}Hz",
                   nchannels=size.channels, stokes="XX YY")  # fmt: skip
    sm.setfeed("perfect X Y", pol=[""])
    sm.setlimits(shadowlimit=1e-3, elevationlimit="5deg")
    sm.setauto(autocorrwt=0.0)
    epoch = me.epoch("UTC", f"{START!r}s")
    sm.settimes(integrationtime=f"{INTEGRATION}s", usehourangle=False, referencetime=epoch)
    for k, (ra, dec) in enumerate(centres(size.fields)):
        sm.setfield(f"drift{k:02}", sourcedirection=me.direction("J2000", f"{float(ra)!r}rad", f"{float(dec)!r}rad"))
    for k in range(size.fields):
        sm.observe(f"drift{k:02}", "L", starttime=f"{k * INTEGRATION}s", stoptime=f"{(k + 1) * INTEGRATION}s")
    sm.close()

"""What the array sees, and what its antennas make of it: a sky, its visibilities, gains and noise.

The visibilities are a plain double-precision sum; nothing here is nvss-predict's. The sky is not the catalogue that will be the model:
flux densities, positions and spectra differ from it by the errors of NVSS, one source in four is a close double that NVSS cannot tell from
a point, and most sources are too faint or too far away to be in it. The beam is the pipeline's Airy pattern of 4.7 m; nvss-predict will
assume EveryBeam's, of 4.65 m with a blocked middle.
"""

import csv
from dataclasses import dataclass

import numpy as np

import beam
import sky
from observation import Observation, open_table

from . import ROOT
from .simulate import CENTRE

C = 299_792_458.0
BEAM = "airy:4.7"
LISTED = 0.010  # [Jy] faintest source of the catalogue
CALIBRATOR = 5.0  # [Jy] brighter sources are compact and their positions those of VLBI
FAINTEST = 0.0025  # [Jy] faintest of the truth


@dataclass
class Sky:
    """Sources [source]: the truth, and the catalogue made of them."""

    truth: list
    catalogue: list  # (name, ra [deg], dec [deg], flux density [Jy])


def draw_sky(rng, calibrator):
    """The real NVSS sources of the demonstration's field, and fainter and farther ones drawn from the counts of NVSS.

    Its brightest, 3C 454.3, makes it the field of a calibrator; without it, it is like most.
    """
    with open(ROOT / "data" / "demo_nvss.csv") as f:
        rows = list(csv.DictReader(line for line in f if not line.startswith("#")))
    listed = [(r["name"], *(float(r[k]) for k in ("ra_deg", "dec_deg", "flux_jy"))) for r in rows]
    listed = [entry for entry in listed if calibrator or entry[3] < CALIBRATOR]
    # N(>S) per square degree: 3.7 above 50 mJy (the all-sky VZ table) and 52 above 2.5 mJy (the catalogue's 1.77 million).
    for inner, outer, faint, bright, slope in [(0, 2, FAINTEST, 0.05, 0.88), (2, 3.5, 0.01, 0.05, 0.88), (2, 3.5, 0.05, 3, 1.2)]:
        low, high = (3.7 * (limit / 0.05) ** -slope for limit in (bright, faint))
        count = rng.poisson((high - low) * np.pi * (outer**2 - inner**2))
        flux = 0.05 * (rng.uniform(low, high, count) / 3.7) ** (-1 / slope)
        radius, angle = np.sqrt(rng.uniform(inner**2, outer**2, count)), rng.uniform(0, 2 * np.pi, count)
        dec = np.degrees(CENTRE[1]) + radius * np.cos(angle)
        ra = np.degrees(CENTRE[0]) + radius * np.sin(angle) / np.cos(np.radians(dec))
        listed += [(f"drawn{outer}-{k}", *values) for k, values in enumerate(zip(ra, dec, flux))]
    truth = [part for entry in listed for part in _really(rng, entry)]
    return Sky(truth, [entry for entry in listed if entry[3] >= LISTED and not entry[0].startswith("drawn3.5")])


def _really(rng, entry):
    """What is at a source of the catalogue, in view of the errors of NVSS: 45" / (2 S/N) and 0.45" of position, 3 % of flux density."""
    name, ra, dec, flux = entry
    strong = flux > CALIBRATOR
    sigma = np.hypot(0.0 if strong else 0.45, 45 / 2 / (flux / 0.45e-3)) / 3600
    dec += sigma * rng.normal()
    ra += sigma * rng.normal() / np.cos(np.radians(dec))
    flux *= 1 + 0.03 * rng.normal()
    alpha = rng.normal(-0.7, 0.3)
    parts = [(ra, dec, flux)]
    if not strong and rng.uniform() < 0.25:
        half, angle, share = rng.uniform(3, 10) / 3600, rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 0.7)
        east, north = half * np.sin(angle) / np.cos(np.radians(dec)), half * np.cos(angle)
        parts = [(ra + 2 * (1 - share) * east, dec + 2 * (1 - share) * north, share * flux),
                 (ra - 2 * share * east, dec - 2 * share * north, (1 - share) * flux)]  # fmt: skip
    return [sky.Source(np.radians(r), np.radians(d), "J2000", (s, 0, 0, 0), [alpha]) for r, d, s in parts]


def write_catalogue(path, entries):
    """As a CSV that nvss-predict reads."""
    with open(path, "w", newline="") as f:
        csv.writer(f).writerows([("name", "ra_deg", "dec_deg", "flux_jy"), *entries])


def visibilities(obs, sources):
    """[row, chan] of unpolarised points through the beam, which looks at each row's field centre."""
    freq = obs.setups[0].freq
    out = np.empty((len(obs.uvw), len(freq)), complex)
    spectra = np.stack([s.stokes[0] * s.spectrum(freq) for s in sources])
    for _, field, _, rows in obs.groups():
        centre = obs.centre(field)
        seen = spectra * np.stack([beam.factor(BEAM, s, centre, freq) for s in sources])
        path = obs.uvw[rows] @ np.stack([direction(s, centre) for s in sources]).T
        for part in np.array_split(np.arange(len(rows)), max(1, len(rows) // 64)):
            phasor = np.exp(2j * np.pi * freq[0] / C * path[part])
            step = np.exp(2j * np.pi * (freq[1] - freq[0]) / C * path[part])
            for chan in range(len(freq)):
                out[rows[part], chan] = phasor @ seen[:, chan]
                phasor *= step
    return out


def direction(source, centre):
    """(l, m, n - 1) about a field centre."""
    lon0, lat0, frame = centre
    lon, lat = sky.to_frame(source.lon, source.lat, source.frame, frame)
    d = lon - lon0
    l = np.cos(lat) * np.sin(d)
    m = np.sin(lat) * np.cos(lat0) - np.cos(lat) * np.sin(lat0) * np.cos(d)
    return np.array([l, m, -(l * l + m * m) / (1 + np.sqrt(1 - l * l - m * m))])


def draw_gains(rng, times, antennas):
    """[time, antenna, corr] complex: 15 % and 40 degrees between antennas, 3 % and 3 degrees of slow drift."""
    shape = (antennas, 2)
    t = np.linspace(0, 1, times)[:, None, None]

    def drift():
        return rng.normal(size=shape) * (t - 0.5) + 0.5 * rng.normal(size=shape) * np.sin(2 * np.pi * (t + rng.uniform(size=shape)))

    amplitude = (1 + 0.15 * np.clip(rng.normal(size=shape), -2.5, 2.5)) * (1 + 0.03 * drift())
    return amplitude * np.exp(1j * np.radians(40 * rng.normal(size=shape) + 3 * drift()))


def observe(ms, sources, size, rng):
    """Fills DATA, WEIGHT and SIGMA; returns the gains [time, antenna, corr]."""
    obs = Observation(ms)
    times, index = np.unique(obs.time, return_inverse=True)
    gains = draw_gains(rng, len(times), size.antennas)
    first, second = (gains[index, antenna] for antenna in obs.ant)
    data = visibilities(obs, sources)[:, :, None] * (first * second.conj())[:, None, :]
    data += size.noise * (rng.normal(size=data.shape) + 1j * rng.normal(size=data.shape))
    with open_table(ms, readonly=False) as main:
        main.putcol("DATA", data.astype(np.complex64))
        main.putcol("WEIGHT", np.full((len(data), 2), size.noise**-2, np.float32))
        main.putcol("SIGMA", np.full((len(data), 2), size.noise, np.float32))
        main.putcol("FLAG", np.zeros(data.shape, bool))
        main.putcol("FLAG_ROW", np.zeros(len(data), bool))
    return gains


def correct(ms, gains):
    """CORRECTED_DATA with the gains as they are: the best that any calibration can come to."""
    obs = Observation(ms)
    _, index = np.unique(obs.time, return_inverse=True)
    first, second = (gains[index, antenna] for antenna in obs.ant)
    with open_table(ms, readonly=False) as main:
        main.putcol("CORRECTED_DATA", (obs.main.getcol("DATA") / (first * second.conj())[:, None, :]).astype(np.complex64))


def rephase(ms):
    """Turns a drift scan to the one phase centre of its middle, so that WSClean can image all of it."""
    obs = Observation(ms)
    lon, lat = CENTRE
    data, uvw = obs.main.getcol("DATA").astype(complex), np.empty_like(obs.uvw)
    for _, field, _, rows in obs.groups():
        uvw[rows] = obs.uvw[rows] @ axes(*obs.centre(field)[:2]) @ axes(lon, lat).T
        turn = (obs.uvw[rows, 2] - uvw[rows, 2])[:, None] * obs.setups[0].freq / C
        data[rows] *= np.exp(2j * np.pi * turn)[:, :, None]
    with open_table(ms, readonly=False) as main:
        main.putcol("DATA", data.astype(np.complex64))
        main.putcol("UVW", uvw)
        main.putcol("FIELD_ID", np.zeros(len(uvw), np.int32))
    with open_table(f"{ms}/FIELD", readonly=False) as fields:
        for column in ("PHASE_DIR", "DELAY_DIR", "REFERENCE_DIR"):
            fields.putcell(column, 0, np.array([CENTRE]))


def axes(lon, lat):
    """East, north and toward [axis, xyz] of a direction."""
    return np.array([
        [-np.sin(lon), np.cos(lon), 0.0],
        [-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)],
        [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)],
    ])  # fmt: skip


def times(ms):
    """The integrations [s]."""
    return np.unique(Observation(ms).time)


def as_seen(sources):
    """Right ascension and declination [source, 2] [deg], and flux densities [Jy] through the beam in the middle of the drift."""
    middle = (*CENTRE, "J2000")
    apparent = [s.stokes[0] * float(beam.factor(BEAM, s, middle, np.array([1.4e9]))[0]) for s in sources]
    return np.degrees([(s.lon, s.lat) for s in sources]), np.array(apparent)

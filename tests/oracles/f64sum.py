"""Plain double-precision prediction, compared with a column of a MeasurementSet.

V(row, nu) = sum_s S_s(nu) G_s(u, v; nu) exp(+2 pi i nu/c (u l + v m + w (n - 1)))

It exists to disagree: numpy and python-casacore only, one source at a time, no shortcut of the
product's. Prints one JSON object; exit status 1 if the rms error exceeds --tolerance.
"""

import argparse
import json
import sys

import numpy as np

import beam
import sky
from observation import Observation, read_column

C = 299_792_458.0
# Stokes I Q U V of each correlation, by CORR_TYPE code (no factor 1/2: CASA, DP3, WSClean).
CORRELATIONS = {
    1: (1, 0, 0, 0), 2: (0, 1, 0, 0), 3: (0, 0, 1, 0), 4: (0, 0, 0, 1),
    5: (1, 0, 0, 1), 6: (0, 1, 1j, 0), 7: (0, 1, -1j, 0), 8: (1, 0, 0, -1),
    9: (1, 1, 0, 0), 10: (0, 0, 1, 1j), 11: (0, 0, 1, -1j), 12: (1, -1, 0, 0),
}  # fmt: skip


def source_on_baselines(source, centre, uvw, freq):
    """[row, chan] complex visibility of a source of unit flux at the reference frequency."""
    lon0, lat0, frame = centre
    lon, lat = sky.to_frame(source.lon, source.lat, source.frame, frame)
    d = lon - lon0
    l, m, n = sky.cosines(lon, lat, lon0, lat0)
    # n - 1 without cancellation on the near side, as it stands beyond the horizon.
    n1 = -(l * l + m * m) / (1 + n) if n > 0 else n - 1
    path = uvw @ np.array([l, m, n1])
    k = freq / C
    v = np.exp(2j * np.pi * (path[:, None] * k)) * source.spectrum(freq)
    if source.gauss:
        major, minor, angle, angle_frame = source.gauss
        if angle_frame == "source":
            angle = sky.angle_to_frame(source.lon, source.lat, angle, source.frame, frame)
            east = np.array([np.cos(d), np.sin(lat0) * np.sin(d), -np.cos(lat0) * np.sin(d)])
            north = np.array([
                -np.sin(lat) * np.sin(d),
                np.cos(lat) * np.cos(lat0) + np.sin(lat) * np.sin(lat0) * np.cos(d),
                np.cos(lat) * np.sin(lat0) - np.sin(lat) * np.cos(lat0) * np.cos(d),
            ])  # fmt: skip
        elif angle_frame == "centre":
            east, north = np.eye(3)[:2]
        else:
            raise ValueError(f"pa_frame {angle_frame}")
        u, w = uvw @ east, uvw @ north
        p = u * np.sin(angle) + w * np.cos(angle)
        q = u * np.cos(angle) - w * np.sin(angle)
        v *= np.exp(-(np.pi**2) / (4 * np.log(2)) * (((major * p) ** 2 + (minor * q) ** 2)[:, None] * k**2))
    return v


def predict(obs, sources, dd, centre, rows, seen=lambda source, freq: 1.0):
    """[row, chan, corr] of one group of rows; `seen` is the power of the primary beam."""
    setup = obs.setups[dd]
    mix = np.array([CORRELATIONS[int(code)] for code in setup.corr])
    out = np.zeros((len(rows), len(setup.freq), len(setup.corr)), complex)
    for source in sources:
        weights = mix @ np.array(source.stokes, float)
        response = source_on_baselines(source, centre, obs.uvw[rows], setup.freq) * seen(source, setup.freq)
        out += response[:, :, None] * weights
    return out


def model(obs, sources, dd, centre, rows, pattern, pointing):
    """[row, chan, corr] of one group of rows through a primary beam, which may move with time."""
    if not pattern:
        return predict(obs, sources, dd, centre, rows)
    out = None
    for time in np.unique(obs.time[rows]):
        at = pointing.at(time, centre)
        now = np.flatnonzero(obs.time[rows] == time)
        part = predict(obs, sources, dd, centre, rows[now], lambda s, f: beam.factor(pattern, s, at, f))
        out = np.zeros((len(rows), *part.shape[1:]), complex) if out is None else out
        out[now] = part
    return out


def numbers(text):
    """`0,3,5~7` as a set; None for everything."""
    if text is None:
        return None
    chosen = set()
    for part in text.split(","):
        first, _, last = part.partition("~")
        chosen.update(range(int(first), int(last or first) + 1))
    return chosen


class Sums:
    """Accumulates the error of a column against what it should be."""

    def __init__(self):
        self.count = 0
        self.err2 = self.model2 = self.worst = self.peak = self.outside = 0.0

    def add(self, got, want):
        diff = np.abs(got - want)
        self.count += diff.size
        self.err2 += float(np.sum(diff**2))
        self.model2 += float(np.sum(np.abs(want) ** 2))
        # A NaN must count as the largest error of all, not vanish in max().
        self.worst = max(self.worst, float(np.nan_to_num(diff, nan=np.inf).max(initial=0)))
        self.peak = max(self.peak, float(np.abs(want).max(initial=0)))

    def report(self):
        rms = (self.err2 / max(self.count, 1)) ** 0.5
        model = (self.model2 / max(self.count, 1)) ** 0.5
        relative = rms / model if model > 0 else (0.0 if rms == 0 else float("inf"))
        return {"values": self.count, "rms": rms, "model_rms": model, "relative": relative,
                "max": self.worst, "peak": self.peak, "outside_max": self.outside}  # fmt: skip


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("ms")
    p.add_argument("--sky", help="JSON list of sources")
    p.add_argument("--nvss", help="the AIPS VZ FITS file (gzip)")
    p.add_argument("--radius", type=float, help="[deg] about the centre of every field in use (NVSS)")
    p.add_argument("--min-flux", type=float, default=0.0, help="[Jy] (NVSS)")
    p.add_argument("--alpha", type=float, default=-0.7, help="spectral index (NVSS)")
    p.add_argument("--ref-freq", type=float, default=1.4e9, help="[Hz] (NVSS)")
    p.add_argument("--brightest", type=int, help="only so many, the brightest in I")
    p.add_argument("--column", default="MODEL_DATA")
    p.add_argument("--against", help="compare with this column, or with FILE.npy [row, chan, corr]")
    p.add_argument("--fields", help="only these FIELD rows hold the model, e.g. 0,3,5~7")
    p.add_argument("--spws", help="only these spectral windows hold the model")
    p.add_argument("--beam", help="a pattern of beam.py")
    p.add_argument("--pointing", default="field", help="field, meridian or RA,DEC [deg, J2000]")
    p.add_argument("--no-autos", action="store_true", help="leave autocorrelations out (DP3 writes zeros)")
    p.add_argument("--tolerance", type=float, default=1e-6, help="of the rms error, in units of rms |V|")
    a = p.parse_args()

    obs = Observation(a.ms)
    fields, spws = numbers(a.fields), numbers(a.spws)
    used = sorted(set(map(int, obs.field)) & (fields if fields is not None else set(map(int, obs.field))))
    sources = sky.load(a.sky) if a.sky else []
    if a.nvss:
        centres = [obs.centre(f) for f in used]
        sources += sky.load_nvss(a.nvss, centres, a.radius, a.min_flux, a.alpha, a.ref_freq)
    if a.brightest is not None:
        sources = sorted(sources, key=lambda s: -abs(s.stokes[0]))[: a.brightest]

    pointing = beam.Pointing(a.pointing, obs) if a.beam else None
    sums = Sums()
    for dd, field, time, rows in obs.groups():
        if a.no_autos:
            rows = rows[obs.ant[0][rows] != obs.ant[1][rows]]
        if not len(rows):
            continue
        got = read_column(obs.main, a.column, rows)
        if (fields is not None and field not in fields) or (spws is not None and obs.setups[dd].spw not in spws):
            sums.outside = max(sums.outside, float(np.abs(got).max(initial=0)))
            continue
        if a.against and a.against.endswith(".npy"):
            want = np.load(a.against)[rows].astype(complex)
        elif a.against:
            want = read_column(obs.main, a.against, rows).astype(complex)
        else:
            want = model(obs, sources, dd, obs.centre(field, time), rows, a.beam, pointing)
        sums.add(got, want)
    report = sums.report() | {"sources": len(sources)}
    print(json.dumps(report))
    sys.exit(0 if report["relative"] <= a.tolerance else 1)


if __name__ == "__main__":
    main()

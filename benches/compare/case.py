"""A case: one MeasurementSet and one sky, in files that every program reads, and the truth about some visibilities."""

import dataclasses
import os
import shutil
import subprocess
import sys

import numpy as np

import points

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ORACLES = os.path.join(ROOT, "tests", "oracles")
sys.path.insert(0, ORACLES)

import f64sum  # noqa: E402
import sky as oracle_sky  # noqa: E402
from observation import Observation, open_table  # noqa: E402

C = 299_792_458.0
# Rows and channels whose values are compared.
ROWS, CHANNELS = 80, 48
# No program computes this: where it is found again, nothing was written.
POISON = 1e30


@dataclasses.dataclass(frozen=True)
class Size:
    """A MeasurementSet to be made."""

    name: str
    antennas: int
    times: int
    channels: int
    one_field: bool = True

    @property
    def rows(self):
        return self.antennas * (self.antennas + 1) // 2 * self.times

    @property
    def bytes(self):
        """Bytes of a column: two correlations of complex64."""
        return self.rows * self.channels * 2 * 8


SIZES = [Size("small", 20, 3, 64), Size("medium", 48, 20, 384), Size("full", 96, 24, 768)]
DRIFT = Size("drift", 20, 24, 64, one_field=False)


class Measurement:
    """The MeasurementSet of a size, and where asked for its twin of four correlations."""

    def __init__(self, size, folder, program, twin):
        self.size, self.folder = size, folder
        # WSClean and DP3 leave what they make beside it; nothing is taken from an earlier run.
        shutil.rmtree(folder, ignore_errors=True)
        self.twin = self._make(program, "twin", ["--four-correlations"]) if twin else None
        self.ms = self._make(program, "two", [])
        obs = Observation(self.ms)
        self.fields = sorted(set(map(int, obs.field)))
        # A drift's sky is about the middle of its way.
        lon, lat, self.frame = obs.centre(self.fields[len(self.fields) // 2])
        self.centre = (lon, lat)
        self.freq = obs.setups[0].freq
        longest = np.linalg.norm(obs.uvw[:, :2], axis=1).max()
        # A fifth of the resolution, and all sources within the image.
        self.pixel = float(C / self.freq.max() / longest / 5)
        self.pixels = _good_size(2.1 * points.RADIUS / self.pixel)
        obs.main.close()

    def _make(self, program, name, options):
        folder = os.path.join(self.folder, name)
        numbers = ["--antennas", self.size.antennas, "--times", self.size.times, "--channels", self.size.channels]
        field = ["--one-field"] if self.size.one_field else []
        subprocess.run([program, "demo", folder, "-q", *map(str, numbers), *field, *options], check=True)
        ms = os.path.join(folder, "demo.ms")
        # DATA is all zeros: a hole in the file reads the same, and takes no room on the disk.
        data = column_file(ms, "DATA")
        length = os.path.getsize(data)
        os.truncate(data, 0)
        os.truncate(data, length)
        return ms


def column_file(ms, column):
    """The file in which a tiled column lies."""
    with open_table(ms) as main:
        number = main.getdminfo(column)["SEQNR"]
    names = (os.path.join(ms, f"table.f{number}_TSM{k}") for k in (1, 0))
    return next(name for name in names if os.path.exists(name) and os.path.getsize(name))


def _good_size(least):
    """The next even number without large primes: what a user of an FFT chooses."""
    size = 2 * int(np.ceil(least / 2))
    while _largest_prime(size) > 5:
        size += 2
    return size


def _largest_prime(number):
    factor = 2
    while number > 1:
        if number % factor:
            factor += 1
        else:
            number //= factor
    return factor


class Case:
    """A number of sources over a MeasurementSet, and the files that hold them."""

    def __init__(self, measurement, sources, threads):
        self.measurement, self.sources, self.threads = measurement, sources, threads
        self.size, self.ms, self.twin = measurement.size, measurement.ms, measurement.twin
        self.sky = points.make(measurement.centre, measurement.frame, sources)
        self.work = os.path.join(measurement.folder, f"n{sources}")
        os.makedirs(self.work)
        points.write_csv(self.sky, self.path("sky.csv"))
        points.write_components(self.sky, self.path("components.txt"))
        # DP3 means J2000, and turns the phase centre into that.
        points.write_components(self._in_j2000(), self.path("components-j2000.txt"))
        points.write_json(self.sky, self.path("sky.json"))
        self._write_image()
        np.savez(self.path("sky.npz"), lmn=np.stack(self.sky.directions(), axis=1), flux=self.sky.flux,
                 alpha=self.sky.alpha, reference=points.REFERENCE_HZ)  # fmt: skip
        self.truth = Truth(self)

    def path(self, name):
        return os.path.join(self.work, name)

    def _in_j2000(self):
        """The same l, m about the centre in J2000: DP3 takes UVW to have the axes of that frame, turned by some 10 mas."""
        centre = oracle_sky.to_frame(*self.sky.centre, self.sky.frame, "J2000")
        l, m, _ = self.sky.directions()
        lon, lat = points.place(centre, l, m)
        return dataclasses.replace(self.sky, frame="J2000", centre=centre, lon=lon, lat=lat)

    def _write_image(self):
        """Pixels about the first field, where WSClean has the middle of its image."""
        m = self.measurement
        obs = Observation(self.ms)
        about_first = dataclasses.replace(self.sky, centre=obs.centre(m.fields[0])[:2])
        obs.main.close()
        width = float(np.ptp(m.freq)) + float(abs(m.freq[1] - m.freq[0]))
        points.write_image(about_first, self.path("point-model.fits"), float(np.mean(m.freq)), width, m.pixels, m.pixel)

    def close(self):
        shutil.rmtree(self.work, ignore_errors=True)


class Truth:
    """The plain sum in double precision at random rows and channels: every source, cross-correlations only."""

    def __init__(self, case, seed=7):
        obs = Observation(case.ms)
        generator = np.random.default_rng(seed)
        cross = np.flatnonzero(obs.ant[0] != obs.ant[1])
        self.rows = np.sort(generator.choice(cross, min(ROWS, len(cross)), replace=False))
        freq = case.measurement.freq
        self.channels = np.sort(generator.choice(len(freq), min(CHANNELS, len(freq)), replace=False))
        self.want = np.zeros((len(self.rows), len(self.channels)), complex)
        sky = case.sky
        for lon, lat, flux, alpha in zip(sky.lon, sky.lat, sky.flux, sky.alpha):
            source = oracle_sky.Source(lon, lat, sky.frame, (flux, 0, 0, 0), [alpha], points.REFERENCE_HZ)
            for number in np.unique(obs.field[self.rows]):
                here = obs.field[self.rows] == number
                self.want[here] += flux * f64sum.source_on_baselines(
                    source, obs.centre(number), obs.uvw[self.rows[here]], freq[self.channels])  # fmt: skip
        obs.main.close()

    def poison(self, ms):
        """Puts into these rows what nobody computes, so that an old result is not taken for a new one."""
        with open_table(ms, readonly=False) as main:
            some = main.selectrows(self.rows)
            some.putcol("MODEL_DATA", np.full_like(some.getcol("MODEL_DATA"), POISON))
            some.flush()
            some.close()

    def error(self, ms):
        """rms error over rms |V|, of all correlations; None where rows were left unwritten."""
        with open_table(ms) as main:
            some = main.selectrows(self.rows)
            got = some.getcol("MODEL_DATA")[:, self.channels]
            some.close()
        if np.any(np.abs(got) > POISON / 2):
            return None
        sums = f64sum.Sums()
        # Of four correlations, the inner two are those of U and V: none.
        mix = np.ones(2) if got.shape[2] == 2 else np.array([1, 0, 0, 1])
        sums.add(got.astype(complex), self.want[:, :, None] * mix)
        return sums.report()["relative"]

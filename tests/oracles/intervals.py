"""Model images of intervals of time, and of a range of channels, as WSClean counts them; by numpy and astropy alone.

    intervals.py make MS FOLDER WHAT     writes FOLDER/run[-tNNNN][-NNNN]-model.fits, each image with a sky of its own, and
                                         FOLDER/sky.json, what they mean
    intervals.py fill MS COLUMN SEED     fills the column with random numbers, which it can draw again
    intervals.py judge MS COLUMN FOLDER WHAT SEED [no-autos]
                                         prints the rms error of what was asked for against the plain sum, relative to its rms, and how
                                         many values of all others are not bit for bit what they were (zero where SEED is -)

WHAT is START,END,INTERVALS,CHANNEL,CHANNEL,IMAGES: timesteps and channels, ends exclusive, and into how many each is cut. A timestep
begins where TIME is not that of the row before; channels are counted over all spectral windows in the order of frequency.
"""

import json
import os
import sys

import numpy as np
from images import Case, plane


def bounds(start, end, count):
    return [start + (end - start) * k // count for k in range(count + 1)]


class Scope:
    def __init__(self, obs, what):
        first, last, self.intervals, low, high, self.images = map(int, what.split(","))
        self.step = np.cumsum(np.concatenate([[0], obs.time[1:] != obs.time[:-1]]))
        self.channels = np.unique(np.concatenate([setup.freq for setup in obs.setups]))
        self.steps = bounds(first, last, self.intervals)
        edges = bounds(low, high, self.images)
        self.parts = [self.channels[a:b] for a, b in zip(edges, edges[1:])]

    def interval(self, row):
        """Which interval a row is of; -1 for none."""
        inside = self.steps[0] <= self.step[row] < self.steps[-1]
        return int(np.searchsorted(self.steps, self.step[row], side="right")) - 1 if inside else -1

    def chosen(self, freq):
        return (freq >= self.parts[0][0]) & (freq <= self.parts[-1][-1])


def make(ms, folder, what):
    from observation import Observation

    os.makedirs(folder, exist_ok=True)
    obs = Observation(ms)
    scope = Scope(obs, what)
    width = np.abs(np.diff(obs.setups[0].freq)).min()
    case = Case(ms, folder)
    size, skies = (128, 128), []
    for interval in range(scope.intervals):
        case.sky = []
        places, flux = case.pixels(size, 10)
        steps = [[] for _ in flux]
        for image, part in enumerate(scope.parts):
            low, high = part[0] - width / 2, part[-1] + width / 2
            values = (flux * case.random.uniform(0.5, 2, len(flux))).astype(np.float32)
            name = "run" + (f"-t{interval:04d}" if scope.intervals > 1 else "") + (f"-{image:04d}" if scope.images > 1 else "")
            header = case.header(size, freq=(low + high) / 2, width=high - low)
            case.write(f"{name}-model.fits", header, plane(size, places, values))
            for of_source, value in zip(steps, values):
                of_source.append([low, high, float(value)])
        case.add(case.header(size), places, i=1.0, steps=steps)
        skies.append(case.sky)
    with open(os.path.join(folder, "sky.json"), "w") as out:
        json.dump(skies, out)


def random_rows(obs, seed):
    random = np.random.default_rng(int(seed))
    for row in range(len(obs.time)):
        setup = obs.setups[obs.ddid[row]]
        shape = (len(setup.freq), len(setup.corr))
        yield (random.normal(size=shape) + 1j * random.normal(size=shape)).astype(np.complex64)


def fill(ms, column, seed):
    from casacore.tables import table
    from observation import Observation

    obs = Observation(ms)
    main = table(ms, ack=False, readonly=False, lockoptions="permanent")
    for row, values in enumerate(random_rows(obs, seed)):
        main.putcell(column, row, values)
    main.close()


def judge(ms, column, folder, what, seed, autos="autos"):
    import f64sum
    import sky
    from observation import Observation

    obs = Observation(ms)
    scope = Scope(obs, what)
    with open(os.path.join(folder, "sky.json")) as file:
        skies = json.load(file)
    sources = []
    for number, of_interval in enumerate(skies):
        path = os.path.join(folder, f"sky{number}.json")
        with open(path, "w") as out:
            json.dump(of_interval, out)
        sources.append(sky.load(path))
    before = random_rows(obs, seed) if seed != "-" else None
    error, power, count, changed, rows = 0.0, 0.0, 0, 0, 0
    for row in range(len(obs.time)):
        got = obs.main.getcell(column, row)
        old = next(before) if before else np.zeros_like(got)
        field, dd = int(obs.field[row]), obs.ddid[row]
        interval, inside = scope.interval(row), scope.chosen(obs.setups[dd].freq)
        left_out = autos == "no-autos" and obs.ant[0][row] == obs.ant[1][row]
        if interval < 0 or not inside.any():
            inside = np.zeros(len(got), bool)
        elif not left_out:
            rows += 1
            centre = obs.centre(field, obs.time[row])
            want = f64sum.predict(obs, sources[interval], dd, centre, [row])[0]
            error += np.sum(np.abs(got - want)[inside] ** 2)
            power += np.sum(np.abs(want[inside]) ** 2)
            count += want[inside].size
        # Whether WSClean gives autocorrelations anything is its own affair.
        changed += 0 if left_out and interval >= 0 else np.sum(got[~inside].view(np.uint64) != old[~inside].view(np.uint64))
    print(json.dumps({"relative": float(np.sqrt(error / power)), "changed": int(changed), "values": count, "rows": rows}))


if __name__ == "__main__":
    action, *rest = sys.argv[1:]
    {"make": make, "fill": fill, "judge": judge}[action](*rest)

#!/usr/bin/env python3
"""Self-calibration of a simulated DSA-110 drift scan, seeded in three ways, against gains that are known.

    python examples/selfcal.py [--calibrator] [--small] [--all] [--last-only] [--dir DIR] [--json FILE] [--pictures DIR]

Needs the package nvss_predict, tests/oracles/requirements.txt and WSClean; matplotlib only for --pictures. docs/selfcal.md tells what it
shows.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

# Small matrices: threads of the linear algebra library only get in each other's way.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np  # noqa: E402

from selfcal import image, report, simulate, solve, truth  # noqa: E402
from selfcal.models import Models  # noqa: E402
from selfcal.worker import Casa  # noqa: E402

WHOLE = simulate.Size(antennas=96, fields=24, channels=64), image.Grid(1680, 5.0)
HALF = simulate.Size(antennas=48, fields=24, channels=64), image.Grid(1680, 5.0)
SMALL = simulate.Size(antennas=28, fields=24, channels=32), image.Grid(1400, 6.0)
# Where MODEL_DATA comes from in each round; "imager": the components of the round before, as WSClean leaves them.
RUNS = {
    "calibrator": ["calibrator"] * 3,
    "wsclean": ["pixels"] * 3,
    "ours": ["catalogue"] * 3,
}
MORE_RUNS = {
    "calibrator, then imager": ["calibrator", "imager", "imager"],
    "ours, then imager": ["catalogue", "imager", "imager"],
}


def rounds(calibrator):
    """(calmode, solint) of each round: phases of all five minutes, phases of a shorter interval, then amplitudes too. A calibrator has
    the signal for every integration; without one, five are taken together."""
    short = "int" if calibrator else "64.5s"
    return [("p", "inf"), ("p", short), ("ap", short)]


def simulated(folder, size, calibrator, casa, seed=110):
    """drift.ms (24 fields), image.ms (the same at one phase centre) and nvss.csv in `folder`; returns what is true."""
    rng = np.random.default_rng(seed)
    sky = truth.draw_sky(rng, calibrator)
    names, positions = simulate.stations(size.antennas)
    drift, one = folder / "drift.ms", folder / "image.ms"
    casa(simulate.make_empty, str(drift), size, names, positions)
    gains = truth.observe(str(drift), sky.truth, size, rng)
    shutil.copytree(drift, one)
    truth.rephase(str(one))
    truth.write_catalogue(folder / "nvss.csv", sky.catalogue)
    return sky, gains, positions


def calibrate(name, sources, work):
    """Three rounds of one run; returns what each was worth."""
    worth, stem = [], name.replace(",", "").replace(" ", "_")
    for k, (source, (mode, solint)) in enumerate(zip(sources, work.rounds)):
        ms = work.models.fill(source)
        table = str(work.folder / f"{stem}{k + 1}.cal")
        work.casa(solve.gaincal, ms, table, mode, solint)
        work.casa(solve.applycal, str(work.models.one), table)
        found = solve.read(table, work.times, len(work.positions))
        gained = solve.errors(found, work.gains, work.positions)
        worth.append({"model": source, "calmode": mode, "solint": solint, **gained})
        wanted = sources[k + 1 : k + 2] == ["imager"]
        if wanted or not work.last_only or k + 1 == len(sources):
            picture = work.imaged(f"{stem}{k + 1}", "CORRECTED_DATA", model=wanted)
            worth[-1] |= work.judge(picture, gained["flux_scale"])
        print(report.line(name, k + 1, worth[-1]), flush=True)
    work.solutions[name] = found
    return worth


class Work:
    """What the runs share."""

    def __init__(self, folder, size, grid, a, casa):
        self.folder, self.grid, self.casa, self.last_only = folder, grid, casa, a.last_only
        self.sky, self.gains, self.positions = simulated(folder, size, a.calibrator, casa)
        self.models = Models(folder, grid, self.sky.catalogue)
        self.times = truth.times(str(folder / "drift.ms"))
        self.judge = image.Judge(*truth.as_seen(self.sky.truth))
        self.rounds = rounds(a.calibrator)
        self.solutions = {}

    def imaged(self, name, column, **options):
        """Images the column; returns the image's name."""
        picture = str(self.folder / name)
        image.clean(str(self.models.one), picture, self.grid, column, **options)
        return picture


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--calibrator", action="store_true", help="leave 3C 454.3 (12.7 Jy) in the field")
    size = p.add_mutually_exclusive_group()
    size.add_argument("--small", action="store_true", help="28 antennas and 32 channels [default: 48 and 64]")
    size.add_argument("--whole", action="store_true", help="all 96 antennas")
    p.add_argument("--all", action="store_true", help="also the variants of the three runs")
    p.add_argument("--last-only", action="store_true", help="no images of the rounds before the last")
    p.add_argument("--dir", type=Path, help="keep everything here [default: a temporary folder, removed]")
    p.add_argument("--json", type=Path, help="write the figures here")
    p.add_argument("--pictures", type=Path, help="draw the pictures into this folder")
    a = p.parse_args()
    if a.last_only and a.pictures:
        p.error("--pictures needs the images that --last-only leaves out")
    with tempfile.TemporaryDirectory(prefix="selfcal-") as scratch:
        folder = (a.dir or Path(scratch)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        with Casa(str(folder / "casa.log")) as casa:
            result = run(folder, a, casa)
        if a.json:
            a.json.write_text(json.dumps(result, indent=1) + "\n")


def run(folder, a, casa):
    """Everything; returns the figures."""
    work = Work(folder, *(SMALL if a.small else WHOLE if a.whole else HALF), a, casa)
    result = {"before": work.judge(work.imaged("before", "DATA", niter=1000))}
    truth.correct(str(work.models.one), work.gains)
    result |= {"true gains": work.judge.remember(work.imaged("true", "CORRECTED_DATA")), "runs": {}}
    for name, sources in (RUNS | MORE_RUNS if a.all else RUNS).items():
        result["runs"][name] = calibrate(name, sources, work)
    print(report.table(result))
    if a.pictures:
        a.pictures.mkdir(parents=True, exist_ok=True)
        report.pictures(a.pictures, folder, result, work.solutions, work.gains)
    return result


if __name__ == "__main__":
    sys.exit(main())

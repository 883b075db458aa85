"""The bars of a full-size DSA-110 drift (111,744 rows x 768 channels x XX YY, 1.37 GB a column).

Skies: 100 points; and one like NVSS above 2.5 mJy within 1.7 deg of the drift: 436 sources, 122 of them Gaussians, spectral
index -0.7, seen through an Airy beam of a 4.7 m dish, which gives each of the 24 pointings spectra of its own.

Pairs, A B A B, in one run: a plain sequential write + fsync of the same bytes (8 MB blocks), then a whole command of
nvss-predict, its start and its check included; over what exists, and into something new; through the tile file, and
through casacore. Then: the largest resident set, also of a MeasurementSet four times as long; 16 spectral windows of 48
channels and one field against one window and 24 fields; a small one (20 antennas, 3 times, 64 channels, 100 sources); and
several MeasurementSets in one command against one command each. Medians and ratios are printed, with a bar where there is
one; exit status 1 if any is missed.

    full_size.py BINARY [--dir DIR] [--pairs 7] [--only NAME ...]

Only the standard library. Needs some 25 GB in DIR (default: target/bars), removed at the end.
"""

import argparse
import json
import math
import os
import random
import shutil
import statistics
import subprocess
import sys
import time

BLOCK = 8 << 20
RSS_BAR_MIB, SMALL_BAR, LAYOUT_BAR = 512, 0.030, 1.2
BEAM = ["--beam", "airy:4.7"]
# Name, sky, kind of column, options, bar of the ratio to the plain write.
RATIOS = [
    ("nvss-existing", "nvss", "existing", BEAM, 1.0),
    ("nvss-new", "nvss", "new", BEAM, 1.0),
    ("points-existing", "points", "existing", [], 0.85),
    ("points-new", "points", "new", [], 0.85),
    ("casacore-existing", "nvss", "existing", [*BEAM, "--writer", "casacore"], 1.6),
    ("casacore-new", "nvss", "new", [*BEAM, "--writer", "casacore"], 1.6),
]
OTHERS = ["small", "memory", "layout", "many"]


class Bars:
    """What was missed."""

    def __init__(self):
        self.missed = []

    def check(self, name, value, bar):
        if value > bar:
            self.missed.append(name)
        return f"(bar {bar}){'  MISSED' if value > bar else ''}"


def raw_write(path, size):
    """Seconds of a plain sequential write + fsync, over what exists or into a new file."""
    block = os.urandom(BLOCK)
    os.sync()
    begun = time.monotonic()
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    left = size
    while left > 0:
        left -= os.write(fd, block[: min(left, BLOCK)])
    os.fsync(fd)
    os.close(fd)
    return time.monotonic() - begun


def run(arguments, sync=True):
    """Seconds and largest resident set [MiB] of a command that must succeed."""
    if sync:
        os.sync()
    begun = time.monotonic()
    child = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - begun
    if status:
        sys.exit(f"{' '.join(arguments)} ended with status {os.waitstatus_to_exitcode(status)}")
    return wall, usage.ru_maxrss / 1024


def write_points(path, sources):
    """Points scattered over the beam about the drift's path."""
    generator = random.Random(110)
    with open(path, "w") as f:
        f.write("ra_deg,dec_deg,flux_jy,alpha,ref_hz\n")
        for _ in range(sources):
            r, a = 1.5 * math.sqrt(generator.random()), generator.uniform(0, 2 * math.pi)
            f.write(f"{343.7 + r * math.cos(a):.6f},{16.0 + r * math.sin(a):.6f},"
                    f"{0.01 / generator.random():.5f},-0.7,1.4e9\n")  # fmt: skip


def write_nvss(path, path_ra=(343.55, 343.55), dec0=16.15, sources=436, gaussians=122):
    """A synthetic sky of NVSS's kind: evenly scattered within 1.7 deg of a drift's path, above 2.5 mJy with a Euclidean slope
    of -1 in the counts, at most 3 Jy; the resolved ones 15 to 90 arcsec long."""
    generator = random.Random(436)
    with open(path, "w") as f:
        f.write("ra_deg,dec_deg,flux_jy,alpha,ref_hz,major_arcsec,minor_arcsec,pa_deg\n")
        for k in range(sources):
            r, a = 1.7 * math.sqrt(generator.random()), generator.uniform(0, 2 * math.pi)
            dec = dec0 + r * math.sin(a)
            ra = generator.uniform(*path_ra) + r * math.cos(a) / math.cos(math.radians(dec))
            flux = min(0.0025 / (1.0 - generator.random()), 3.0)
            major = generator.uniform(15, 90) if k < gaussians else 0.0
            minor = major * generator.uniform(0.2, 1)
            f.write(f"{ra:.6f},{dec:.6f},{flux:.6f},-0.7,1.4e9,{major:.2f},{minor:.2f},"
                    f"{generator.uniform(0, 180):.1f}\n")  # fmt: skip


class Bench:
    def __init__(self, a, folder):
        self.a, self.folder, self.bars = a, folder, Bars()
        self.skies = {"points": self.path("points.csv"), "nvss": self.path("nvss.csv")}
        self.report, self.raw = self.path("report.json"), self.path("raw.bin")
        write_points(self.skies["points"], 100)
        write_nvss(self.skies["nvss"])
        # About the path of four times as many integrations: it reaches as far from the first of them as from the last.
        self.skies["drift"] = self.path("drift.csv")
        write_nvss(self.skies["drift"], (343.16, 348.27), 16.0)

    def path(self, name):
        return os.path.join(self.folder, name)

    def demo(self, name, *options):
        """Makes a MeasurementSet; its MODEL_DATA exists."""
        run([self.a.binary, "demo", "-q", self.path(name), *options])
        return os.path.join(self.path(name), "demo.ms")

    def command(self, ms, sky, *options):
        return [self.a.binary, "-q", *ms, self.skies[sky], "--radius", "all", *self.a.option, *options]

    def wanted(self, name):
        return not self.a.only or name in self.a.only

    def size(self):
        return json.load(open(self.report))["plan"]["bytes"]

    def ratio(self, name, ms, sky, kind, options, bar):
        command = self.command([ms], sky, "--report", self.report, *options)
        run(command)
        size = self.size()
        raw_write(self.raw, size)
        pairs, largest = [], 0.0
        for k in range(self.a.pairs):
            # Nothing is removed in between: a file system may take seconds to discard what was freed.
            new = kind == "new"
            plain = raw_write(f"{self.raw}.{name}{k}" if new else self.raw, size)
            column = ["--column", f"NEW_{name.split('-')[0]}_{k}"] if new else []
            wall, rss = run([*command, *column])
            pairs.append((plain, wall, wall / plain))
            largest = max(largest, rss)
        plain, wall, ratio = (statistics.median(column) for column in zip(*pairs))
        low, high = min(p[2] for p in pairs), max(p[2] for p in pairs)
        report = json.load(open(self.report))
        print(f"{name:18} plain {plain:.3f} s, nvss-predict {wall:.3f} s, ratio {ratio:.2f} ({low:.2f} to {high:.2f}) "
              f"{self.bars.check(name, ratio, bar)}, RSS {largest:.0f} MiB {self.bars.check(name, largest, RSS_BAR_MIB)}, "
              f"rms error {report['check']['rms']:.1e}")  # fmt: skip
        print("                   last run:", ", ".join(f"{k} {v:.3f}" for k, v in report["seconds"].items()), flush=True)
        if kind == "new":
            for k in range(self.a.pairs):
                os.remove(f"{self.raw}.{name}{k}")
            shutil.rmtree(self.path("full"))
            self.demo("full", "--size", "full")

    def small(self):
        ms = self.demo("small", "--times", "3")
        walls = [run(self.command([ms], "points"), sync=False)[0] for _ in range(21)]
        wall = statistics.median(walls)
        print(f"{'small':18} median {wall * 1e3:.0f} ms of {len(walls)} runs, {min(walls) * 1e3:.0f} to "
              f"{max(walls) * 1e3:.0f} {self.bars.check('small', wall, SMALL_BAR)}", flush=True)  # fmt: skip

    def memory(self, full):
        """Four times the integrations of one sky must not take more memory."""
        long = self.demo("long", "--size", "full", "--times", "96")
        found = {}
        for name, ms in [("full", full), ("4 x full", long)]:
            found[name] = max(run(self.command([ms], "drift", *BEAM))[1] for _ in range(5))
        shutil.rmtree(self.path("long"))
        ratio = found["4 x full"] / found["full"]
        print(f"{'memory':18} largest RSS {found['full']:.0f} MiB, of 4 times the integrations {found['4 x full']:.0f} MiB "
              f"{self.bars.check('memory', found['4 x full'], RSS_BAR_MIB)}, ratio {ratio:.2f} "
              f"{self.bars.check('memory', ratio, 1.05)}", flush=True)  # fmt: skip

    def compare(self, name, baseline, other, bar, what):
        """The median of paired ratios of two commands."""
        pairs = []
        for _ in range(self.a.pairs):
            pairs.append((run(baseline)[0], run(other)[0]))
        first, second = (statistics.median(column) for column in zip(*pairs))
        ratio = statistics.median(b / a for a, b in pairs)
        print(f"{name:18} {what[0]} {first:.3f} s, {what[1]} {second:.3f} s, ratio {ratio:.2f} "
              f"{self.bars.check(name, ratio, bar)}", flush=True)  # fmt: skip

    def layout(self, full):
        """16 windows of 48 channels, 24 fields, against one of 768 and one field: the same visibilities."""
        plain = self.demo("plain", "--size", "full", "--one-field")
        cut = self.demo("cut", "--size", "full", "--spws", "16")
        cases = [
            ("24-fields", plain, full, ["1 x 768, one field", "1 x 768, 24 fields"]),
            ("16-windows", plain, cut, ["1 x 768, one field", "16 x 48, 24 fields"]),
        ]
        for sky, options in [("points", []), ("nvss", BEAM)]:
            for name, first, second, what in cases:
                commands = [self.command([ms], sky, *options) for ms in (first, second)]
                for command in commands:
                    run(command)
                self.compare(f"{name} {sky}", *commands, LAYOUT_BAR, what)
        for name in ("plain", "cut"):
            shutil.rmtree(self.path(name))

    def many(self):
        """Six MeasurementSets of a quarter of the size in one command, against one command each."""
        sets = [self.demo(f"many{k}", "--size", "full", "--times", "6") for k in range(6)]
        single = ["sh", "-c", " && ".join(" ".join(self.command([ms], "nvss", *BEAM)) for ms in sets)]
        together = self.command(sets, "nvss", *BEAM)
        run(together)
        self.compare("many", single, together, 1.0, ["six commands", "one"])
        for k in range(6):
            shutil.rmtree(self.path(f"many{k}"))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("binary")
    p.add_argument("--dir", default="target/bars")
    p.add_argument("--pairs", type=int, default=7)
    p.add_argument("--only", nargs="+", choices=[r[0] for r in RATIOS] + OTHERS, help="only these")
    p.add_argument("--option", action="append", default=[], help="a further option of nvss-predict, e.g. --option=--threads=1")
    a = p.parse_args()
    os.makedirs(a.dir, exist_ok=True)
    folder = os.path.join(a.dir, "full_size")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    try:
        bench = Bench(a, folder)
        print(f"{os.cpu_count()} cores, {a.pairs} pairs", flush=True)
        if bench.wanted("small"):
            bench.small()
        full = None
        if not a.only or set(a.only) - {"small", "many"}:
            full = bench.demo("full", "--size", "full")
        for name, sky, kind, options, bar in RATIOS:
            if bench.wanted(name):
                bench.ratio(name, full, sky, kind, options, bar)
        if bench.wanted("layout"):
            bench.layout(full)
        if bench.wanted("many"):
            bench.many()
        # Last: it needs the most room.
        if bench.wanted("memory"):
            bench.memory(full)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if bench.bars.missed:
        sys.exit(f"missed: {', '.join(bench.bars.missed)}")


if __name__ == "__main__":
    main()

"""The bars of model images into a full-size DSA-110 drift (111,744 rows x 768 channels x XX YY, 1.37 GB a column).

Paired whole commands, A B A B, in one run, of equal accuracy:
  components   a clean-component image of 1000 pixels against a catalogue of the same 1000 points
  dense        a 5040 x 5040 image, other than zero everywhere, against `wsclean -predict -use-wgridder` of the same (one field,
               whose centre is the image's: what WSClean gets right)
  memory       the largest resident set with the dense image, above the image's own size
  files        that nothing but the column is written: no file in TMPDIR, in the image's folder or beside the MeasurementSet
Medians and ratios are printed, with a bar where there is one; exit status 1 if any is missed.

    images.py BINARY [--dir DIR] [--pairs 5] [--wsclean WSCLEAN] [--only NAME ...]

Only the standard library. Needs some 12 GB in DIR (default: target/bars), removed at the end.
"""

import argparse
import array
import json
import math
import os
import random
import shutil
import statistics
import subprocess
import sys
import time

SIZE, SCALE_DEG = 5040, 2.5 / 3600
COMPONENTS_BAR, WSCLEAN_BAR, MEMORY_BAR_MIB = 1.3, 1 / 8, 1024


def run(arguments, **more):
    """Seconds and largest resident set [MiB] of a command that must succeed."""
    os.sync()
    begun = time.monotonic()
    child = subprocess.Popen([str(a) for a in arguments], stdout=subprocess.DEVNULL, **more)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"{' '.join(map(str, arguments))} ended with status {os.waitstatus_to_exitcode(status)}")
    return time.monotonic() - begun, usage.ru_maxrss / 1024


def write_fits(path, centre, rows, frequency, bandwidth):
    """An image in WSClean's manner of SIZE rows, each an array of floats."""
    cards = [("SIMPLE", "T"), ("BITPIX", "-32"), ("NAXIS", "4")]
    cards += [(f"NAXIS{k}", str(n)) for k, n in enumerate((SIZE, SIZE, 1, 1), 1)]
    cards += [("BUNIT", "'JY/PIXEL'"), ("RADESYS", "'ICRS    '")]
    axes = [("RA---SIN", SIZE // 2 + 1, centre[0], -SCALE_DEG, "deg"), ("DEC--SIN", SIZE // 2 + 1, centre[1], SCALE_DEG, "deg"),
            ("FREQ", 1, frequency, bandwidth, "Hz"), ("STOKES", 1, 1, 1, "")]  # fmt: skip
    for k, (ctype, crpix, crval, cdelt, unit) in enumerate(axes, 1):
        cards += [(f"CTYPE{k}", f"'{ctype}'"), (f"CRPIX{k}", f"{float(crpix):.1f}"), (f"CRVAL{k}", f"{float(crval):.12E}")]
        cards += [(f"CDELT{k}", f"{float(cdelt):.12E}"), (f"CUNIT{k}", f"'{unit}'")]
    head = "".join(f"{key:<8}= {value:>20}".ljust(80) for key, value in cards) + "END".ljust(80)
    with open(path, "wb") as out:
        out.write(head.ljust(-len(head) % 2880 + len(head)).encode())
        written = 0
        for row in rows:
            row.byteswap()
            written += out.write(row.tobytes())
        out.write(bytes(-written % 2880))


def dense_rows():
    """Gaussian blobs on a slope, other than zero everywhere; separable, so that plain Python is quick enough."""
    generator = random.Random(5040)
    blobs = [(generator.uniform(0, SIZE), generator.uniform(0, SIZE), generator.uniform(20, 200), generator.uniform(1, 5))
             for _ in range(40)]  # fmt: skip
    across = [[math.exp(-((x - x0) ** 2) / (2 * w * w)) for x in range(SIZE)] for x0, _, w, _ in blobs]
    for y in range(SIZE):
        heights = [(flux / (2 * math.pi * w * w) * math.exp(-((y - y0) ** 2) / (2 * w * w)), k)
                   for k, (_, y0, w, flux) in enumerate(blobs)]  # fmt: skip
        row = array.array("f", [1e-9] * SIZE)
        for height, k in heights:
            if height > 1e-12:
                line = across[k]
                row = array.array("f", [value + height * other for value, other in zip(row, line)])
        yield row


def points(count):
    generator = random.Random(1000)
    return {(generator.randrange(SIZE), generator.randrange(SIZE)): generator.expovariate(1.0) for _ in range(count)}


def sparse_rows(flux):
    for y in range(SIZE):
        row = array.array("f", bytes(4 * SIZE))
        for x in range(SIZE):
            if (x, y) in flux:
                row[x] = flux[x, y]
        yield row


def place(x, y, centre):
    """Right ascension and declination [deg] of a pixel (SIN)."""
    l, m = -math.radians(SCALE_DEG) * (x - SIZE // 2), math.radians(SCALE_DEG) * (y - SIZE // 2)
    n, dec0 = math.sqrt(1 - l * l - m * m), math.radians(centre[1])
    dec = math.asin(m * math.cos(dec0) + n * math.sin(dec0))
    ra = math.atan2(l, n * math.cos(dec0) - m * math.sin(dec0))
    return (centre[0] + math.degrees(ra)) % 360, math.degrees(dec)


class Bench:
    def __init__(self, a, folder):
        self.a, self.folder, self.missed = a, folder, []
        run([a.binary, "demo", "-q", "--size", "full", "--one-field", self.path("full")])
        self.ms = self.path("full/demo.ms")
        report = self.path("report.json")
        any_sky = self.path("any.csv")
        with open(any_sky, "w") as out:
            out.write("ra_deg,dec_deg,flux_jy\n0,0,1\n")
        found = subprocess.run([a.binary, "--dry-run", "--radius", "all", "--report", report, self.ms, any_sky],
                               capture_output=True)  # fmt: skip
        if found.returncode:
            sys.exit(found.stderr.decode())
        low, high = json.load(open(report))["frequency_hz"]
        self.frequency, self.bandwidth = 0.5 * (low + high), 1.1 * (high - low)
        self.centre = a.centre

    def path(self, name):
        return os.path.join(self.folder, name)

    def check(self, name, value, bar):
        if value > bar:
            self.missed.append(name)
        return f"(bar {bar:.3g}){'  MISSED' if value > bar else ''}"

    def pairs(self, name, first, second, bar):
        run(first), run(second)
        times = [(run(first), run(second)) for _ in range(self.a.pairs)]
        one, two = (statistics.median(pair[k][0] for pair in times) for k in (0, 1))
        ratio = statistics.median(b[0] / a[0] for a, b in times)
        print(f"{name:12} {one:.3f} s against {two:.3f} s, ratio {ratio:.3f} {self.check(name, ratio, bar)}", flush=True)
        return max(pair[1][1] for pair in times)

    def components(self):
        flux = points(1000)
        write_fits(self.path("clean-model.fits"), self.centre, sparse_rows(flux), self.frequency, self.bandwidth)
        with open(self.path("points.csv"), "w") as out:
            out.write("ra_deg,dec_deg,flux_jy,alpha\n")
            for (x, y), value in flux.items():
                ra, dec = place(x, y, self.centre)
                out.write(f"{ra:.10f},{dec:.10f},{value:.9f},0\n")
        catalogue = [self.a.binary, "-q", "--radius", "all", "--ref-freq", "1.4GHz", self.ms, self.path("points.csv")]
        self.pairs("components", catalogue, [self.a.binary, "image", "-q", self.ms, self.path("clean")], COMPONENTS_BAR)

    def dense(self):
        write_fits(self.path("dense-model.fits"), self.centre, dense_rows(), self.frequency, self.bandwidth)
        ours = [self.a.binary, "image", "-q", "--epsilon", "1e-4", self.ms, self.path("dense")]
        theirs = [self.a.wsclean, "-predict", "-quiet", "-use-wgridder", "-wgridder-accuracy", "1e-4", "-no-small-inversion",
                  "-name", self.path("dense"), self.ms]  # fmt: skip
        names = lambda: sorted(os.path.join(d, f) for d, _, files in os.walk(self.folder) for f in files)
        run(ours)
        before = names()
        _, rss = run(ours, env={**os.environ, "TMPDIR": self.folder})
        if names() != before:
            self.missed.append("files")
        size = os.path.getsize(self.path("dense-model.fits")) / 2**20
        print(f"{'memory':12} largest RSS {rss:.0f} MiB, the image {size:.0f} {self.check('memory', rss - size, MEMORY_BAR_MIB)}")
        if shutil.which(self.a.wsclean):
            self.pairs("dense", theirs, ours, WSCLEAN_BAR)
        else:
            print(f"{'dense':12} SKIPPED: {self.a.wsclean} is not installed; ours takes {run(ours)[0]:.3f} s")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("binary")
    p.add_argument("--dir", default="target/bars")
    p.add_argument("--pairs", type=int, default=5)
    p.add_argument("--wsclean", default="wsclean")
    p.add_argument("--centre", nargs=2, type=float, default=[343.55, 16.15], metavar=("RA", "DEC"), help="[deg]")
    p.add_argument("--only", nargs="+", choices=["components", "dense"], help="only these")
    a = p.parse_args()
    folder = os.path.abspath(os.path.join(a.dir, "images"))
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    try:
        bench = Bench(a, folder)
        print(f"{os.cpu_count()} cores, {a.pairs} pairs", flush=True)
        for name in a.only or ["components", "dense"]:
            getattr(bench, name)()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if bench.missed:
        sys.exit(f"missed: {', '.join(bench.missed)}")


if __name__ == "__main__":
    main()

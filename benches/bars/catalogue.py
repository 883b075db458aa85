"""Bar: 1.77 million rows are imported in 15 s, and a cone of 2 degrees answers in 20 ms, each within 300 MiB.

A catalogue of the size of NVSS in the layout of VizieR's nvss.dat (VIII/65, records of 158 bytes) is made up, imported,
and asked for cones of 2 degrees all over the sky, poles and origin of right ascension included, once each to warm
up and five times to measure. What is printed is the wall time of the whole process and the time that the
query itself reports; the bar is on the median of the latter over all cones, the former standing beside it.
Exit status 1 if a bar is missed.

    catalogue.py BINARY [--dir DIR] [--rows 1773484]

Only the standard library. Needs about 1 GB in DIR (default: target/bars), removed at the end.
"""

import argparse
import math
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import time

IMPORT_BAR, QUERY_BAR, RSS_BAR_MIB = 15.0, 20.0, 300
CENTRES = ["343.7 16.0", "0.01 0.0", "180 89.9", "12.3 -39", "266 -29", "83.6 22.0", "187.7 12.4", "359.9 45"]


def record(generator, ra):
    """A row [bytes] at a right ascension [hours], by the byte-by-byte description of VIII/65."""
    z = generator.uniform(math.sin(math.radians(-40.4)), 1)
    dec = math.degrees(math.asin(z))
    hundredths = min(round(ra * 360000), 8639999)
    tenths = min(round(abs(dec) * 36000), 3239999)
    h, m, s = hundredths // 360000, hundredths // 6000 % 60, hundredths % 6000
    d, dm, ds = tenths // 36000, tenths // 600 % 60, tenths % 600
    sign = "-" if dec < 0 else "+"
    flux = min(2.0 / (1 - generator.random()), 90000)
    row = [" "] * 158

    def put(first, text):
        row[first - 1 : first - 1 + len(text)] = text

    put(1, "C%02d%02dP%02d" % (h, m, d))
    put(10, "%7.2f" % generator.uniform(0, 1000))
    put(18, "%7.2f" % generator.uniform(0, 1000))
    put(26, "%02d%02d%02d%s%02d%02d%02d" % (h, m, s // 100, sign, d, dm, ds // 10))
    put(41, "%02d %02d %05.2f" % (h, m, s / 100))
    put(53, "%s%02d %02d %04.1f" % (sign, d, dm, ds / 10))
    put(65, "%5.2f" % generator.uniform(0.03, 0.4))
    put(71, "%4.1f" % generator.uniform(0.6, 5))
    put(76, "%8.1f" % flux)
    put(85, "%7.1f" % (0.5 + 0.03 * flux))
    kind = generator.random()
    put(94, "%5.1f" % generator.uniform(20, 90))
    put(101, "%5.1f" % generator.uniform(15, 45))
    if kind < 0.75:
        put(93, "<")
    else:
        put(107, "%5.1f" % generator.uniform(-90, 90))
        put(113, "%4.1f" % generator.uniform(0.5, 9))
        put(123, "%4.1f" % generator.uniform(1, 40))
    if kind < 0.87:
        put(100, "<")
    else:
        put(118, "%4.1f" % generator.uniform(0.5, 9))
    put(136, "%6.2f" % generator.gauss(0, 0.5))
    put(149, "%5.2f" % generator.uniform(0.3, 0.6))
    if generator.random() < 0.2:
        put(143, "%5.1f" % generator.uniform(-90, 90))
        put(155, "%4.1f" % generator.uniform(1, 40))
    return "".join(row) + "\n"


def write_catalogue(path, rows):
    """Rows in the order of right ascension, as the catalogue has them."""
    generator = random.Random(1998)
    with open(path, "w") as f:
        for i in range(rows):
            f.write(record(generator, 24 * (i + generator.random()) / rows))


def run(arguments):
    """Seconds, largest resident set [MiB] and what was said of a command that must succeed."""
    begun = time.monotonic()
    child = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - begun
    if status:
        sys.exit(f"{' '.join(arguments)} ended with status {os.waitstatus_to_exitcode(status)}: {said}")
    return wall, usage.ru_maxrss / 1024, said


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("binary")
    p.add_argument("--dir", default="target/bars")
    p.add_argument("--rows", type=int, default=1773484)
    a = p.parse_args()
    folder = os.path.join(a.dir, "catalogue")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    os.environ["NVSS_PREDICT_CACHE"] = "off"
    missed = False

    def bar(what, value, most, unit):
        nonlocal missed
        missed |= value > most
        print(f"{what:<28} {value:8.1f} {unit:<4} (bar {most:g}){'  MISSED' if value > most else ''}", flush=True)

    try:
        raw, store = os.path.join(folder, "nvss.dat"), os.path.join(folder, "sky.sqlite")
        write_catalogue(raw, a.rows)
        print(f"{a.rows} rows, {os.path.getsize(raw) / 1e6:.0f} MB, load {os.getloadavg()[0]:.1f}", flush=True)
        wall, rss, _ = run([a.binary, "catalog", "import", raw, "-o", store, "--quiet"])
        bar("import", wall, IMPORT_BAR, "s")
        bar("import, memory", rss, RSS_BAR_MIB, "MiB")
        print(f"{'database':<28} {os.path.getsize(store) / 1e6:8.0f} MB", flush=True)
        inside, walls, memory, found = [], [], [], 0
        for turn in range(6):
            for centre in CENTRES:
                wall, rss, said = run([a.binary, "catalog", "query", store, f"--centre={centre}", "--radius=2"])
                if turn:
                    sources, took = re.search(r"([\d,]+) sources of .* in ([\d.]+) ms", said).groups()
                    found += int(sources.replace(",", ""))
                    inside.append(float(took))
                    walls.append(1e3 * wall)
                    memory.append(rss)
        bar("cone of 2 deg, median", statistics.median(inside), QUERY_BAR, "ms")
        print(f"{'  slowest':<28} {max(inside):8.1f} ms", flush=True)
        print(f"{'  whole process, median':<28} {statistics.median(walls):8.1f} ms", flush=True)
        print(f"{'  sources a cone':<28} {found / len(inside):8.0f}", flush=True)
        bar("cone, memory", max(memory), RSS_BAR_MIB, "MiB")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(missed)


main()

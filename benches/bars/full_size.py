"""Bar 6: a full-size DSA-110 drift (111,744 rows x 768 channels x XX YY, 1.37 GB) with 100 sources, and a small one
(20 antennas, 64 channels; 3 of its times) with as many.

Pairs, A B A B: a plain sequential write + fsync of the same bytes (8 MB blocks), then a whole run of
nvss-predict, its start and its check included; once over what exists, once into something new.
Medians, ratios and the largest resident set are printed; exit status 1 if a bar is missed:
wall <= 3 x the plain write, RSS <= 600 MiB; small: the median of 21 runs <= 0.1 s.

    full_size.py BINARY [--dir DIR] [--pairs 5]

Only the standard library. Needs about 20 GB in DIR (default: target/bars), removed at the end.
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
RATIO_BAR, RSS_BAR_MIB, SMALL_BAR = 3.0, 600, 0.1


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


def run(arguments):
    """Seconds and largest resident set [MiB] of a command that must succeed."""
    os.sync()
    begun = time.monotonic()
    child = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - begun
    if status:
        sys.exit(f"{' '.join(arguments)} ended with status {os.waitstatus_to_exitcode(status)}")
    return wall, usage.ru_maxrss / 1024


def write_catalogue(path, sources):
    """Sources scattered over the beam about the drift's path."""
    generator = random.Random(110)
    with open(path, "w") as f:
        f.write("ra_deg,dec_deg,flux_jy,alpha,ref_hz\n")
        for _ in range(sources):
            r, a = 1.5 * math.sqrt(generator.random()), generator.uniform(0, 2 * math.pi)
            f.write(f"{343.7 + r * math.cos(a):.6f},{16.0 + r * math.sin(a):.6f},"
                    f"{0.01 / generator.random():.5f},-0.7,1.4e9\n")  # fmt: skip


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("binary")
    p.add_argument("--dir", default="target/bars")
    p.add_argument("--pairs", type=int, default=5)
    p.add_argument("--sources", type=int, default=100)
    p.add_argument("--option", action="append", default=[], help="a further option of nvss-predict, e.g. --option=--threads=1")
    a = p.parse_args()
    os.makedirs(a.dir, exist_ok=True)
    folder = os.path.join(a.dir, "full_size")
    shutil.rmtree(folder, ignore_errors=True)
    missed = False
    try:
        small = os.path.join(folder, "small")
        run([a.binary, "demo", small])
        write_catalogue(os.path.join(folder, "sources.csv"), a.sources)
        walls = [run([a.binary, "-q", os.path.join(small, "demo.ms"), os.path.join(folder, "sources.csv"),
                      "--radius", "all", "--fields", "0~2", *a.option])[0] for _ in range(21)]  # fmt: skip
        wall = statistics.median(walls)
        missed |= wall > SMALL_BAR
        print(f"small: median {wall:.3f} s of {len(walls)} runs, {min(walls):.3f} to {max(walls):.3f} (bar {SMALL_BAR})")
        run([a.binary, "demo", folder, "--size", "full"])
        ms, catalogue, raw = (os.path.join(folder, n) for n in ("demo.ms", "sources.csv", "raw.bin"))
        write_catalogue(catalogue, a.sources)
        report = os.path.join(folder, "report.json")
        command = [a.binary, "-q", ms, catalogue, "--radius", "all", "--report", report, *a.option]
        run(command)
        size = json.load(open(report))["plan"]["bytes"]
        raw_write(raw, size)
        print(f"{size / 1e9:.2f} GB, {a.sources} sources, {os.cpu_count()} cores, {a.pairs} pairs")
        for kind in ("existing", "new"):
            new = kind == "new"
            pairs, largest = [], 0.0
            for k in range(a.pairs):
                column = ["--column", f"NEW_{k}"] if new else []
                # Nothing is removed in between: a file system may take seconds to discard what was freed.
                plain = raw_write(f"{raw}.{k}" if new else raw, size)
                wall, rss = run([*command, *column])
                pairs.append((plain, wall, wall / plain))
                largest = max(largest, rss)
                print(f"  {kind:8} {k + 1}: plain {plain:.3f} s, nvss-predict {wall:.3f} s, ratio {wall / plain:.2f}")
            plain, wall, ratio = (statistics.median(column) for column in zip(*pairs))
            bad = ratio > RATIO_BAR or largest > RSS_BAR_MIB
            missed |= bad
            print(f"{kind:8} medians: plain {plain:.3f} s, nvss-predict {wall:.3f} s, ratio {ratio:.2f} "
                  f"(bar {RATIO_BAR}), largest RSS {largest:.0f} MiB (bar {RSS_BAR_MIB}){'  MISSED' if bad else ''}")  # fmt: skip
            seconds = json.load(open(report))["seconds"]
            print("         last run:", ", ".join(f"{k} {v:.3f}" for k, v in seconds.items()))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()

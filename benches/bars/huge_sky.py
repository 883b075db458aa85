"""The bars of huge skies over a full-size DSA-110 drift (111,744 rows x 768 channels x XX YY, 24 fields, 1.37 GB a column).

Points, indices of -0.7 +- 0.4, imported into an indexed database beforehand; no beam, which would give every field a sky of its
own. Whole commands of nvss-predict, its start and its check included, over a MODEL_DATA that exists:

    near      1.77 million within 1.5 deg to 1e-6        4 s, largest resident set 1.5 GiB
    rough     the same to 1e-4                            4 s, 1.5 GiB
    wide      1.77 million within 5 deg to 1e-4           computing alone 6 s
    some      10,000 within 1.5 deg to 1e-6               computing alone 1.3 s
    sky       1.77 million above the horizon to 1e-4      200 s

Computing alone is what the report says of the plan and of the threads' time in blocks, over their number: `near` is to take 1.6
s of it, `rough` 1.0. What the kernels take without a command around them, `cargo bench -p nvss-predict-kernels --bench nufft3d` says.
Medians and the engine's own words are printed; exit status 1 if a bar is missed, or an rms error is above what was asked for.

    huge_sky.py BINARY [--dir DIR] [--runs 3] [--only NAME ...] [--rows 1770000]

Only the standard library. Needs some 8 GB in DIR (default: target/bars), removed at the end, and 10 GB of memory for `wide`.
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

CENTRE = 343.7, 16.15
# Where the site's zenith is in the middle of the drift.
ZENITH = 343.7, 37.23
# Name, sky, options, bars: of the whole command [s], of computing alone [s], of the resident set [MiB].
CASES = [
    ("some", ("some", 10_000, 1.5), ["--epsilon", "1e-6"], None, 1.3, None),
    ("near", ("near", None, 1.5), ["--epsilon", "1e-6", "--memory", "1400MiB"], 4.0, 1.6, 1536),
    ("rough", ("near", None, 1.5), ["--epsilon", "1e-4", "--memory", "1GiB"], 4.0, 1.0, 1536),
    ("wide", ("wide", None, 5.0), ["--epsilon", "1e-4", "--memory", "10GiB"], None, 6.0, None),
    ("sky", ("sky", None, 90.0), ["--epsilon", "1e-4", "--memory", "4GiB"], 200.0, None, None),
]


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


def write_sky(path, count, degrees):
    """Points scattered evenly over a cap about CENTRE, or over the whole sky above the horizon of ZENITH."""
    generator = random.Random(count + int(degrees))
    ra0, dec0 = map(math.radians, ZENITH if degrees == 90 else CENTRE)
    sin0, cos0 = math.sin(dec0), math.cos(dec0)
    least = math.cos(math.radians(degrees))
    with open(path, "w") as f:
        f.write("ra_deg,dec_deg,flux_jy,alpha,ref_hz\n")
        for _ in range(count):
            z, angle = 1 - (1 - least) * generator.random(), 2 * math.pi * generator.random()
            r = math.sqrt(max(0.0, 1 - z * z))
            x, y = r * math.cos(angle), r * math.sin(angle)
            # From axes at the centre (x east, y north, z towards it) to right ascension and declination.
            sin = z * sin0 + y * cos0
            ra = ra0 + math.atan2(x, z * cos0 - y * sin0)
            flux = min(0.0025 / (1 - generator.random()), 10.0)
            f.write(f"{math.degrees(ra) % 360:.7f},{math.degrees(math.asin(max(-1.0, min(1.0, sin)))):.7f},{flux:.6f},"
                    f"{-0.7 + generator.uniform(-0.4, 0.4):.3f},1.4e9\n")  # fmt: skip


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("binary")
    p.add_argument("--dir", default="target/bars")
    p.add_argument("--runs", type=int, default=3)
    p.add_argument("--rows", type=int, default=1_770_000, help="sources of the large skies")
    p.add_argument("--only", nargs="+", choices=[case[0] for case in CASES], help="only these")
    p.add_argument("--option", action="append", default=[], help="a further option of nvss-predict, e.g. --option=--threads=1")
    a = p.parse_args()
    os.makedirs(a.dir, exist_ok=True)
    folder = os.path.join(a.dir, "huge_sky")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    missed = []

    def check(name, value, bar):
        if bar is None:
            return ""
        if value > bar:
            missed.append(name)
        return f" (bar {bar}){'  MISSED' if value > bar else ''}"

    try:
        run([a.binary, "demo", "-q", folder, "--size", "full"])
        ms, report = os.path.join(folder, "demo.ms"), os.path.join(folder, "report.json")
        made = {}
        for name, (sky, count, degrees), options, whole_bar, alone_bar, memory_bar in CASES:
            if a.only and name not in a.only:
                continue
            if sky not in made:
                text, made[sky] = (os.path.join(folder, f"{sky}.{end}") for end in ("csv", "nvss.sqlite"))
                write_sky(text, count or a.rows, degrees)
                took, _ = run([a.binary, "catalog", "import", "-q", text, "-o", made[sky]])
                os.remove(text)
                print(f"{sky:6} imported in {took:.1f} s, {os.path.getsize(made[sky]) / 1e6:.0f} MB", flush=True)
            command = [a.binary, "-q", ms, made[sky], "--radius", "all", "--beam", "none", "--report", report,
                       *options, *a.option]  # fmt: skip
            found, largest = [], 0.0
            for _ in range(a.runs if name != "sky" else 1):
                wall, rss = run(command)
                told = json.load(open(report))
                alone = told["seconds"]["plan"] + told["seconds"]["compute"] / told["plan"]["threads"]
                found.append((wall, alone))
                largest = max(largest, rss)
            wall, alone = (statistics.median(column) for column in zip(*found))
            rms, epsilon = told["check"]["rms"], told["epsilon"]
            print(f"{name:6} whole command {wall:.2f} s{check(name, wall, whole_bar)}, computing alone {alone:.2f} s"
                  f"{check(name, alone, alone_bar)}, RSS {largest:.0f} MiB{check(name, largest, memory_bar)}, rms error {rms:.1e} "
                  f"{check(name, rms, epsilon)}")  # fmt: skip
            print("      ", "; ".join(told["plan"]["engines"]))
            print("       last run:", ", ".join(f"{k} {v:.3f}" for k, v in told["seconds"].items()), flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if missed:
        sys.exit(f"missed: {', '.join(missed)}")


if __name__ == "__main__":
    main()

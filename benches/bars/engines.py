"""Whether `--engine auto` takes the faster engine: sources x channels, with and without a beam, timed with each.

Makes a DSA-110 drift (40 antennas, 24 fields) for each number of channels, predicts into it with `auto`, `direct` and
`delay-fft` in turn, and prints what was chosen, the user seconds of the whole command with each (the least of some runs, so
that a busy machine matters little), and how much slower the choice is than the fastest. Exit status 1 where that is more
than `--bar`, for runs long enough to be timed.

    engines.py BINARY [--dir DIR] [--runs 3]

Only the standard library. Needs some 2 GB in DIR (default: target/bars), removed at the end.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys

from full_size import write_nvss

SOURCES = [3, 10, 20, 40, 100, 400, 2000]
CHANNELS = [16, 64, 256, 768]
# Less than this [s] is the noise of starting.
TIMED = 0.08


def compute(command, report, engine):
    """User seconds of the command, and the plan's words."""
    child = subprocess.Popen([*command, "--engine", engine, "--report", report])
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)} failed")
    return usage.ru_utime, json.load(open(report))["plan"]["engines"][0]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("binary")
    p.add_argument("--dir", default="target/bars")
    p.add_argument("--runs", type=int, default=3)
    p.add_argument("--bar", type=float, default=1.4)
    p.add_argument("--antennas", type=int, default=40)
    a = p.parse_args()
    folder = os.path.join(a.dir, "engines")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    missed = 0
    try:
        sky, report = os.path.join(folder, "sky.csv"), os.path.join(folder, "report.json")
        for channels in CHANNELS:
            place = os.path.join(folder, f"{channels}")
            make = [a.binary, "demo", "-q", place, "--antennas", str(a.antennas), "--channels", str(channels)]
            subprocess.run(make, check=True)
            for sources in SOURCES:
                write_nvss(sky, sources, sources // 4)
                for beam in ("none", "airy:4.7"):
                    ms = os.path.join(place, "demo.ms")
                    command = [a.binary, "-q", ms, sky, "--radius", "all", "--beam", beam, "--check", "0"]
                    took, plan = {}, ""
                    for _ in range(a.runs):
                        for engine in ("auto", "direct", "delay-fft"):
                            seconds, words = compute(command, report, engine)
                            took[engine] = min(took.get(engine, seconds), seconds)
                            plan = words if engine == "auto" else plan
                    chosen = plan.split(": ", 1)[1].split(",")[0].split(" for ")[0]
                    fastest = min(("direct", "delay-fft"), key=lambda engine: took[engine])
                    slower = took["auto"] / took[fastest]
                    bad = slower > a.bar and took[fastest] > TIMED
                    missed += bad
                    print(f"{sources:5} sources {channels:4} channels beam {beam:8}: chosen {chosen:10} fastest {fastest:9} "
                          f"auto {took['auto']:.3f} direct {took['direct']:.3f} delay-fft {took['delay-fft']:.3f} s, "
                          f"{slower:.2f} x{'  MISSED' if bad else ''}", flush=True)  # fmt: skip
            shutil.rmtree(place)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()

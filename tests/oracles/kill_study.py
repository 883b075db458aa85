"""Kills runs at random moments with SIGKILL, and looks at what they leave.

After every kill: python-casacore opens the MS; every other column, subtable and file is as it was
(HISTORY may have grown); `nvss-predict status` does not call a column complete that is not; a rerun
repairs it. Prints one JSON object with a tally; exit status 1 with a line for each thing wrong.

    kill_study.py BINARY MS CATALOGUE --kills 50 [--overwrite OTHER-CATALOGUE] [--seed N]

With --overwrite the model column is made from the other catalogue first, and the killed runs overwrite it.
"""

import argparse
import collections
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np

import digest
from observation import open_table

# What casacore leaves half done and uses again: a file of a column that the description does not know yet,
# and the description itself before it is renamed into place.
STRAY = re.compile(r"file (table\.f\d+(i|_TSM\d+)?|table\.dat_tmp) appeared")


class Study:
    def __init__(self, binary, original, catalogue, folder, overwrite):
        self.binary, self.original, self.catalogue = binary, original, catalogue
        self.folder = folder
        self.ms = None
        self.copies = 0
        self.tally = collections.Counter()
        self.faults = []
        self.old = None
        if overwrite:
            prepared = os.path.join(folder, "prepared.ms")
            shutil.copytree(original, prepared)
            self.run_in(prepared, overwrite)
            self.original = prepared
            self.old = self.model(prepared)
        self.before = digest.take(self.original, "MODEL_DATA")
        self.fresh()
        self.duration = self.measure()
        self.new = self.model(self.ms)

    def fresh(self):
        """Another copy under another name: casacore remembers tables by their path."""
        if self.ms:
            shutil.rmtree(self.ms, ignore_errors=True)
        self.copies += 1
        self.ms = os.path.join(self.folder, f"killed-{self.copies}.ms")
        shutil.copytree(self.original, self.ms)

    def start(self, ms, catalogue):
        return subprocess.Popen([self.binary, "-q", ms, catalogue], stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE)  # fmt: skip

    def run_in(self, ms, catalogue):
        run = self.start(ms, catalogue)
        error = run.communicate()[1]
        if run.returncode:
            raise SystemExit(f"a run that nobody killed ended with {run.returncode}: {error.decode()}")

    def measure(self):
        """Wall time [s] of a whole run; the shortest of three, for most kills should come before the end."""
        walls = []
        for _ in range(3):
            self.fresh()
            start = time.monotonic()
            self.run_in(self.ms, self.catalogue)
            walls.append(time.monotonic() - start)
        return min(walls)

    def model(self, ms):
        t = open_table(ms)
        value = t.getcol("MODEL_DATA") if "MODEL_DATA" in t.colnames() else None
        t.close()
        return value

    def state(self):
        run = subprocess.run([self.binary, "status", self.ms, "--json"], capture_output=True, text=True)
        try:
            return json.loads(run.stdout)["state"]
        except (ValueError, KeyError):
            self.faults.append(f"status is not readable: exit {run.returncode}: {run.stdout}{run.stderr}")
            return "unreadable"

    def kill_once(self, delay):
        self.fresh()
        run = self.start(self.ms, self.catalogue)
        time.sleep(delay)
        run.kill()
        run.communicate()
        finished = run.returncode == 0
        where = f"killed after {delay * 1e3:.1f} ms of {self.duration * 1e3:.0f}"
        try:
            lines = digest.differences(self.before, digest.take(self.ms, "MODEL_DATA", self.before))
            value = self.model(self.ms)
        except RuntimeError as error:
            self.faults.append(f"{where}: python-casacore cannot read it: {error}")
            return
        stray = [line for line in lines if STRAY.fullmatch(line)]
        self.tally["stray files"] += bool(stray)
        self.faults += [f"{where}: {line}" for line in lines if line not in stray]
        state = self.state()
        self.judge(where, state, value, finished)
        self.repair(where)

    def judge(self, where, state, value, finished):
        """What the status says against what the column holds."""
        if value is None:
            holds = "nothing"
        elif same(value, self.new):
            holds = "new"
        elif self.old is not None and same(value, self.old):
            holds = "old"
        else:
            holds = "part"
        self.tally[f"{state}, column holds {holds}"] += 1
        self.tally["finished before the kill"] += finished
        if state == "complete" and holds not in ("new", "old"):
            self.faults.append(f"{where}: status says complete, but the column holds {holds}")
        if (state == "no_column") != (holds == "nothing"):
            self.faults.append(f"{where}: status says {state}, but the column holds {holds}")
        if state not in ("complete", "incomplete", "no_column"):
            self.faults.append(f"{where}: status says {state}")
        if finished and (state, holds) != ("complete", "new"):
            self.faults.append(f"{where}: the run had ended well, but status says {state}, column holds {holds}")

    def repair(self, where):
        run = self.start(self.ms, self.catalogue)
        error = run.communicate()[1]
        value = self.model(self.ms)
        if run.returncode or value is None or not same(value, self.new) or self.state() != "complete":
            self.faults.append(f"{where}: a rerun does not repair it (exit {run.returncode}): {error.decode()}")
        lines = digest.differences(self.before, digest.take(self.ms, "MODEL_DATA", self.before))
        self.faults += [f"{where}, then rerun: {line}" for line in lines]


def same(a, b):
    """Equal to the rounding of single precision; a run may sum in another order."""
    return a.shape == b.shape and np.abs(a - b).max(initial=0) <= 1e-5 * max(np.abs(b).max(initial=0), 1e-30)


def moments(count, duration, generator):
    """Half anywhere in the run; half near its begin and end, where descriptions are written."""
    for k in range(count):
        if k % 2 == 0:
            yield generator.uniform(0, duration)
        elif k % 4 == 1:
            yield generator.uniform(0, 0.15 * duration)
        else:
            yield generator.uniform(0.8 * duration, 1.05 * duration)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("binary")
    p.add_argument("ms")
    p.add_argument("catalogue")
    p.add_argument("--kills", type=int, default=50)
    p.add_argument("--overwrite", help="the catalogue of the model that is there before")
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    with tempfile.TemporaryDirectory(prefix="kill-study-", dir=os.path.dirname(os.path.abspath(a.ms))) as folder:
        study = Study(a.binary, a.ms, a.catalogue, folder, a.overwrite)
        for delay in moments(a.kills, study.duration, random.Random(a.seed)):
            study.kill_once(delay)
    print(json.dumps({"kills": a.kills, "run_ms": round(study.duration * 1e3), "tally": study.tally}))
    print("\n".join(study.faults), file=sys.stderr)
    sys.exit(1 if study.faults else 0)


if __name__ == "__main__":
    main()

"""Kills runs at random moments with SIGKILL, and looks at what they leave.

After every kill: python-casacore opens the MS; every other column, subtable and file is as it was
(HISTORY may have grown); `nvss-predict status` does not call a column complete that is not; a rerun
repairs it. Prints one JSON object with a tally; exit status 1 with a line for each thing wrong.

    kill_study.py BINARY MS CATALOGUE --kills 50 [--kind KIND --other OTHER-CATALOGUE] [--seed N] [--jobs N]

KIND is what is killed: `create` (the column is made), `overwrite` (it holds the model of the other catalogue), `add` (the
catalogue is added to that model), or `resume` (a run that continues, with --resume, one that was killed before). Half of the
runs are repaired by a rerun and half by --resume, where there is something to resume.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np

import digest
from observation import open_table

# What is left half done and is used again: a file of a column that the description does not know yet, and the description
# or a tiled manager's header before it is renamed into place.
STRAY = re.compile(r"file (table\.f\d+(i|_TSM\d+)?|table\.dat_tmp|table\.flushed/table\.f\d+) appeared")


class Study:
    def __init__(self, binary, original, catalogue, folder, kind, other):
        self.binary, self.original, self.catalogue, self.kind = binary, original, catalogue, kind
        self.options = ["--mode", "add"] if kind == "add" else []
        self.folder = folder
        self.ms = None
        self.copies = 0
        self.tally = collections.Counter()
        self.faults = []
        self.old = None
        if other:
            prepared = os.path.join(folder, "prepared.ms")
            shutil.copytree(original, prepared)
            self.run_in(prepared, other)
            self.original = prepared
            self.old = self.model(prepared)
        else:
            self.old = self.model(original)
        self.before = digest.take(self.original, "MODEL_DATA")
        self.fresh()
        # A column of another program's stays unknown until it is marked.
        self.first = self.state()
        self.duration = self.measure()
        self.new = self.model(self.ms)
        self.repaired = self.new
        if kind == "add":
            # What is half added to can only be written anew.
            self.fresh()
            self.run_in(self.ms, catalogue)
            self.repaired = self.model(self.ms)

    def fresh(self):
        """Another copy under another name: casacore remembers tables by their path."""
        if self.ms:
            shutil.rmtree(self.ms, ignore_errors=True)
        self.copies += 1
        self.ms = os.path.join(self.folder, f"killed-{self.copies}.ms")
        shutil.copytree(self.original, self.ms)

    def start(self, ms, catalogue, options=()):
        return subprocess.Popen([self.binary, "-q", *options, ms, catalogue], stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, start_new_session=True)  # fmt: skip

    def run_in(self, ms, catalogue, options=()):
        run = self.start(ms, catalogue, options)
        error = run.communicate()[1]
        if run.returncode:
            raise SystemExit(f"a run that nobody killed ended with {run.returncode}: {error.decode()}")

    def measure(self):
        """Wall time [s] of a whole run; the shorter of two, for most kills should come before the end."""
        walls = []
        for _ in range(2):
            self.fresh()
            start = time.monotonic()
            self.run_in(self.ms, self.catalogue, self.options)
            walls.append(time.monotonic() - start)
        return min(walls)

    def model(self, ms):
        """The column, zero where a cell never had a value; none if there is no column."""
        t = open_table(ms)
        try:
            if "MODEL_DATA" not in t.colnames():
                return None
            rows = range(t.nrows())
            if all(t.iscelldefined("MODEL_DATA", row) for row in rows):
                return t.getcol("MODEL_DATA")
            value = np.zeros((len(rows), *t.getcell("DATA", 0).shape), np.complex64)
            for row in rows:
                if t.iscelldefined("MODEL_DATA", row):
                    value[row] = t.getcell("MODEL_DATA", row)
            return value
        finally:
            t.close()

    def state(self):
        run = subprocess.run([self.binary, "status", self.ms, "--json"], capture_output=True, text=True)
        try:
            return json.loads(run.stdout)["state"]
        except (ValueError, KeyError):
            self.faults.append(f"status is not readable: exit {run.returncode}: {run.stdout}{run.stderr}")
            return "unreadable"

    def kill(self, run, where, whole):
        """Kills the command, or all of its processes; nothing of it may live on. Whether it had ended well before."""
        try:
            os.killpg(run.pid, signal.SIGKILL) if whole else run.kill()
        except ProcessLookupError:
            pass
        run.communicate()
        for _ in range(500):
            try:
                os.killpg(run.pid, 0)
            except ProcessLookupError:
                break
            time.sleep(0.01)
        else:
            self.faults.append(f"{where}: a process of the killed command lives on")
            os.killpg(run.pid, signal.SIGKILL)
        return run.returncode == 0

    def kill_once(self, delay, generator):
        self.fresh()
        where = f"killed after {delay * 1e3:.1f} ms of {self.duration * 1e3:.0f}"
        options = self.options
        if self.kind == "resume":
            first = self.start(self.ms, self.catalogue)
            time.sleep(generator.uniform(0, self.duration))
            self.kill(first, where, True)
            options = ["--resume"] if self.state() == "incomplete" else []
            self.tally["resumed before the kill"] += bool(options)
        run = self.start(self.ms, self.catalogue, options)
        time.sleep(delay)
        finished = self.kill(run, where, generator.random() < 0.5)
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
        resumable = state == "incomplete" and self.kind != "add"
        self.repair(where, ["--resume"] if resumable and generator.random() < 0.5 else [])

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
        if state not in ("complete", "incomplete", "no_column", self.first) or (state == "unknown" and holds != "old"):
            self.faults.append(f"{where}: status says {state}")
        if finished and (state, holds) != ("complete", "new"):
            self.faults.append(f"{where}: the run had ended well, but status says {state}, column holds {holds}")

    def repair(self, where, options):
        self.tally["repaired by " + (" ".join(options) or "a rerun")] += 1
        run = self.start(self.ms, self.catalogue, options)
        error = run.communicate()[1]
        value = self.model(self.ms)
        if run.returncode or value is None or not same(value, self.repaired) or self.state() != "complete":
            how = " ".join(options) or "a rerun"
            self.faults.append(f"{where}: {how} does not repair it (exit {run.returncode}): {error.decode()}")
        lines = digest.differences(self.before, digest.take(self.ms, "MODEL_DATA", self.before))
        self.faults += [f"{where}, then repaired: {line}" for line in lines]


def same(a, b):
    """Equal to the rounding of single precision; a run may sum in another order."""
    return a.shape == b.shape and np.abs(a - b).max(initial=0) <= 1e-5 * max(np.abs(b).max(initial=0), 1e-30)


def moments(count, duration, generator):
    """Half in the run, one in each of as many equal parts of it; half near its begin and end, where descriptions are written."""
    parts = (count + 1) // 2
    for k in range(count):
        if k % 2 == 0:
            yield duration * (k // 2 + generator.random()) / parts
        elif k % 4 == 1:
            yield generator.uniform(0, 0.15 * duration)
        else:
            yield generator.uniform(0.8 * duration, 1.05 * duration)


def worker(a, kills, seed):
    """The kills of one process, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="kill-study-", dir=os.path.dirname(os.path.abspath(a.ms))) as folder:
        study = Study(a.binary, a.ms, a.catalogue, folder, a.kind, a.other)
        generator = random.Random(seed)
        for delay in list(moments(kills, study.duration, generator)):
            study.kill_once(delay, generator)
        return study.duration, study.tally, study.faults


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("binary")
    p.add_argument("ms")
    p.add_argument("catalogue")
    p.add_argument("--kills", type=int, default=50)
    p.add_argument("--kind", choices=("create", "overwrite", "add", "resume"), default="create")
    p.add_argument("--other", help="the catalogue of the model that is there before")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--jobs", type=int, default=1, help="processes that kill side by side")
    a = p.parse_args()
    shares = [len(range(job, a.kills, a.jobs)) for job in range(a.jobs)]
    with concurrent.futures.ProcessPoolExecutor(a.jobs) as pool:
        runs = [pool.submit(worker, a, kills, 1000 * a.seed + job) for job, kills in enumerate(shares) if kills]
        results = [run.result() for run in runs]
    tally = sum((tally for _, tally, _ in results), collections.Counter())
    faults = [fault for _, _, faults in results for fault in faults]
    duration = min(duration for duration, _, _ in results)
    print(json.dumps({"kills": a.kills, "run_ms": round(duration * 1e3), "tally": tally}))
    print("\n".join(faults), file=sys.stderr)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()

"""Bar of endurance: memory that does not grow, results that stay right, reports that are exact.

    soak.py calls [--count 2000]                 predictions in this process, from Python
    soak.py sets --command NVSS-PREDICT [--count 500]
                                                 as many MeasurementSets in one command, one in twenty of them bad

Needs the package and python-casacore in the Python that runs it; makes its files in a temporary folder. Exit status 1 if
something is wrong.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np

import nvss_predict

GROWTH = 8 << 20  # bytes that may come after the first tenth: allocators keep some
failed = []


def check(passed, text):
    print(f"{'    ok' if passed else 'WRONG '}  {text}", flush=True)
    if not passed:
        failed.append(text)


def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def open_files():
    return len(os.listdir("/proc/self/fd"))


def model(ms):
    """MODEL_DATA by python-casacore, in a process of its own: two names of one table in one process disturb each other."""
    text = (
        "import sys, numpy as np; from casacore.tables import table;"
        "np.save(sys.argv[2], table(sys.argv[1], ack=False).getcol('MODEL_DATA'))"
    )
    target = f"{ms}.npy"
    subprocess.run([sys.executable, "-c", text, str(ms), target], check=True)
    return np.load(target)


def same(a, b):
    """Equal to the rounding of single precision: blocks may be summed in another order."""
    return a.shape == b.shape and np.abs(a - b).max() <= 2e-6 * np.abs(b).max()


def calls(a, folder):
    ms = os.path.join(folder, "soak.ms")
    nvss_predict.make_demo_ms(ms, antennas=8, times=6, channels=32)
    field = nvss_predict.demo_catalog(os.path.join(folder, "demo.csv"))
    skies = [field, nvss_predict.SkyModel([343.0, 344.0], [16.2, 16.0], [1.0, 2.0]), [nvss_predict.Source(343.5, 16.1, 3.0)]]
    expected = []
    for sky in skies:
        nvss_predict.predict(ms, sky)
        expected.append(model(ms))
    memory, files, wrong, refused = [], [], 0, 0
    begun = time.monotonic()
    for n in range(a.count):
        nvss_predict.predict(ms, skies[n % len(skies)], engine=("auto", "direct")[n // 7 % 2])
        if n % 25 == 0:
            # What fails must not leave anything behind either.
            try:
                nvss_predict.predict(ms, os.path.join(folder, "not-there.csv"))
            except nvss_predict.CatalogError:
                refused += 1
        if n % 20 == 0:
            memory.append(resident())
            files.append(open_files())
        if n % max(1, a.count // 20) == 0:
            wrong += not same(model(ms), expected[n % len(skies)])
    warm = max(1, len(memory) // 10)
    grown = max(memory[warm:]) - memory[warm]
    took = time.monotonic() - begun
    check(grown <= GROWTH, f"{a.count} predictions in {took:.0f} s: memory grew by {grown / 2**20:.1f} MiB from {memory[warm] / 2**20:.0f}")
    check(max(files[warm:]) <= files[warm], f"open files: {files[warm]}, {max(files[warm:])} at most")
    check(wrong == 0, f"{wrong} of the models looked at were wrong")
    check(refused == len(range(0, a.count, 25)), f"{refused} calls with a missing catalogue raised")
    check(nvss_predict.status(ms).state == "complete", "the state in the end is complete")


# What is done to a bad one, and the exit code that its entry of the report has.
def cut(ms):
    with open(os.path.join(ms, "table.dat"), "r+b") as file:
        file.truncate(100)


def without_file(ms):
    os.remove(os.path.join(ms, "table.f0"))


def without_field(ms):
    shutil.rmtree(os.path.join(ms, "FIELD"))


def gone(ms):
    shutil.rmtree(ms)


def no_table(ms):
    os.remove(os.path.join(ms, "table.dat"))


BAD = [cut, without_file, without_field, gone, no_table]


def sets(a, folder):
    original = os.path.join(folder, "original.ms")
    nvss_predict.make_demo_ms(original, antennas=6, times=4, channels=16)
    catalogue = nvss_predict.demo_catalog(os.path.join(folder, "demo.csv"))
    names, bad = [], {}
    for n in range(a.count):
        name = os.path.join(folder, f"set-{n}.ms")
        shutil.copytree(original, name)
        names.append(name)
        if n % 20 == 7:
            damage = BAD[n // 20 % len(BAD)]
            damage(name)
            bad[name] = damage.__name__
    nvss_predict.predict(original, catalogue, beam="none")
    expected = model(original)
    report = os.path.join(folder, "report.json")
    run = subprocess.Popen([a.command, "--report", report, *names, str(catalogue)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    memory = []

    def watch():
        while run.poll() is None:
            memory.append(resident_of_all(run.pid))
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    text = run.communicate()[0]
    watcher.join()
    check(run.returncode in (3, 8), f"exit code {run.returncode} with {len(bad)} bad of {a.count}\n{text[-500:] if run.returncode not in (3, 8) else ''}")
    with open(report) as file:
        entries = json.load(file)
    check([entry["ms"] for entry in entries] == names, f"the report has {len(entries)} entries, in the order given")
    told = {entry["ms"]: entry for entry in entries}
    right = sum(told[name]["exit_code"] == 3 and name in told[name]["error"] for name in bad)
    check(right == len(bad), f"{right} of {len(bad)} bad ones are told with exit code 3 and their name")
    good = [name for name in names if name not in bad]
    complete = sum(told[name]["exit_code"] == 0 and told[name]["report"]["complete"] for name in good)
    check(complete == len(good), f"{complete} of {len(good)} good ones are complete")
    looked = good[:: max(1, len(good) // 20)]
    wrong = sum(not same(model(name), expected) for name in looked)
    check(wrong == 0, f"{wrong} of {len(looked)} models looked at are wrong")
    warm = memory[len(memory) // 5 :] or [0]
    grown = max(warm) - warm[0]
    check(grown <= 2 * GROWTH, f"memory of the command: {warm[0] / 2**20:.0f} MiB, at most {max(warm) / 2**20:.0f}")


def resident_of_all(pid):
    """Bytes of a process and its children."""
    total = 0
    try:
        with open(f"/proc/{pid}/statm") as statm:
            total = int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            total += sum(resident_of_all(int(child)) for child in children.read().split())
    except (OSError, IndexError):
        pass
    return total


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("action", choices=("calls", "sets"))
    p.add_argument("--count", type=int)
    p.add_argument("--command", default=os.environ.get("NVSS_PREDICT_COMMAND", "nvss-predict"))
    a = p.parse_args()
    a.count = a.count or {"calls": 2000, "sets": 500}[a.action]
    os.environ["NVSS_PREDICT_CACHE"] = "off"
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        {"calls": calls, "sets": sets}[a.action](a, folder)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

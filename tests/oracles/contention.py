"""Many processes that want to write one MeasurementSet, for a while.

    contention.py BINARY MS CATALOGUE [CATALOGUE ...] [--seconds 20] [--ours 4] [--casacore 4] [--casa 2]

Ours predict, each its own catalogue, and wait for the lock at most WAIT seconds. python-casacore and CASA take the write
lock, read a counter of their own kind from the table's keywords and from a cell of SCAN_NUMBER, raise both by one, write and
let go; sometimes they hold the lock for a while. Everybody counts what succeeded. In the end the counters must be what was
counted (no write was lost), HISTORY must have a row of ours for every prediction, and no wait may have been longer than it was
given. Prints one JSON object; exit status 1 with a line for each thing wrong.
"""

import argparse
import collections
import json
import multiprocessing
import os
import random
import subprocess
import sys
import time

WAIT = 20  # seconds that anybody waits for a lock
GRACE = 10  # more that a wait may take until it is over: a loaded machine, and a prediction's own time
HOLD = 0.3  # seconds that a lock is held at most


def ours(binary, ms, catalogue, until, tell):
    good = refused = 0
    longest, faults = 0.0, []
    while time.time() < until:
        begun = time.monotonic()
        command = [binary, "-q", "--lock-timeout", str(WAIT), ms, catalogue]
        try:
            run = subprocess.run(command, capture_output=True, text=True, timeout=WAIT + 60)
        except subprocess.TimeoutExpired:
            faults.append(f"a prediction did not end within {WAIT + 60} s")
            break
        longest = max(longest, time.monotonic() - begun)
        good += run.returncode == 0
        refused += run.returncode == 4
        if run.returncode not in (0, 4):
            faults.append(f"a prediction ended with {run.returncode}: {run.stderr.strip()}")
    tell.put(("ours", good, refused, longest, faults))


def opened_casacore(ms):
    from casacore.tables import table

    t = table(ms, readonly=False, ack=False, lockoptions="usernoread")

    def lock():
        # casacore's own wait is in attempts, about one a second; 0 would be for ever.
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            t.lock(write=True, nattempts=1)
            if t.haslock(write=True):
                return True
            time.sleep(0.02)
        return False

    return lock, t.unlock, t.getkeyword, t.putkeyword, t.getcell, t.putcell, t.close


def opened_casa(ms):
    import casa  # noqa: F401  (the settings of CASA, without which it wants a network)
    from casatools import table

    t = table()
    t.open(ms, nomodify=False, lockoptions={"option": "usernoread"})

    def lock():
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            t.lock(True, 1)
            if t.haslock(True):
                return True
            time.sleep(0.02)
        return False

    return lock, t.unlock, t.getkeyword, t.putkeyword, t.getcell, lambda c, r, v: t.putcell(c, r, v), t.close


def other(kind, opener, row, ms, until, tell):
    good = refused = 0
    longest, faults = 0.0, []
    generator = random.Random(row)
    lock = unlock = get = put = cell = put_cell = close = None
    while time.time() < until:
        begun = time.monotonic()
        try:
            if lock is None:
                lock, unlock, get, put, cell, put_cell, close = opener(ms)
            got = lock()
        except RuntimeError as error:
            # A column was added meanwhile: casacore wants the table opened anew.
            if "column" not in str(error).lower() and "sync" not in str(error).lower():
                faults.append(f"{kind}: {error}")
            if close:
                close()
            lock = None
            continue
        longest = max(longest, time.monotonic() - begun)
        if not got:
            refused += 1
            continue
        put(f"COUNT_{kind}", float(get(f"COUNT_{kind}")) + 1)
        put_cell("SCAN_NUMBER", row, int(cell("SCAN_NUMBER", row)) + 1)
        time.sleep(generator.uniform(0, HOLD))
        unlock()
        good += 1
        time.sleep(generator.uniform(0, HOLD))
    if close:
        close()
    tell.put((kind, good, refused, longest, faults))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("binary")
    p.add_argument("ms")
    p.add_argument("catalogues", nargs="+")
    p.add_argument("--seconds", type=float, default=20)
    p.add_argument("--ours", type=int, default=4)
    p.add_argument("--casacore", type=int, default=4)
    p.add_argument("--casa", type=int, default=2)
    a = p.parse_args()
    from casacore.tables import table

    rows = range(a.casacore + a.casa)
    with table(a.ms, readonly=False, ack=False) as t:
        for kind in ("casacore", "casa"):
            t.putkeyword(f"COUNT_{kind}", 0.0)  # a double: CASA has integers of its own
        for row in rows:
            t.putcell("SCAN_NUMBER", row, 0)
    with table(os.path.join(a.ms, "HISTORY"), ack=False) as t:
        before = t.nrows()
    context = multiprocessing.get_context("spawn")
    tell, until = context.Queue(), time.time() + a.seconds
    workers = [context.Process(target=ours, args=(a.binary, a.ms, a.catalogues[n % len(a.catalogues)], until, tell))
               for n in range(a.ours)]  # fmt: skip
    workers += [context.Process(target=other, args=("casacore", opened_casacore, n, a.ms, until, tell))
                for n in range(a.casacore)]  # fmt: skip
    workers += [context.Process(target=other, args=("casa", opened_casa, a.casacore + n, a.ms, until, tell))
                for n in range(a.casa)]  # fmt: skip
    for worker in workers:
        worker.start()
    # Whoever is late is in a deadlock.
    end, results, faults = until + WAIT + 90, [], []
    while len(results) < len(workers) and time.time() < end:
        try:
            results.append(tell.get(timeout=1))
        except Exception:  # noqa: BLE001  (an empty queue)
            if not any(worker.is_alive() for worker in workers):
                break
    for worker in workers:
        worker.join(timeout=5)
        if worker.is_alive():
            worker.terminate()
    if len(results) < len(workers):
        faults.append(f"{len(workers) - len(results)} of {len(workers)} processes never ended, or broke")
    good, refused, longest = collections.Counter(), collections.Counter(), collections.Counter()
    for kind, count, denied, wait, wrong in results:
        good[kind] += count
        refused[kind] += denied
        longest[kind] = max(longest[kind], wait)
        faults += wrong
    for kind in good:
        if longest[kind] > WAIT + GRACE + (30 if kind == "ours" else 0):
            faults.append(f"{kind} waited for {longest[kind]:.1f} s, with a limit of {WAIT} s")
        if not good[kind]:
            faults.append(f"{kind} never got the lock")
    with table(a.ms, ack=False) as t:
        for kind in ("casacore", "casa"):
            found = int(t.getkeyword(f"COUNT_{kind}"))
            if found != good[kind]:
                faults.append(f"{kind} counted {good[kind]} writes, the keyword says {found}")
        found = sum(int(t.getcell("SCAN_NUMBER", row)) for row in rows)
        if found != good["casacore"] + good["casa"]:
            faults.append(f"{good['casacore'] + good['casa']} writes were counted, the cells say {found}")
    with table(os.path.join(a.ms, "HISTORY"), ack=False) as t:
        found = t.nrows() - before
        if found != good["ours"]:
            faults.append(f"{good['ours']} predictions ended well, HISTORY has {found} more rows")
    print(json.dumps({"good": good, "refused": refused, "longest_s": {k: round(v, 2) for k, v in longest.items()}}))
    print("\n".join(faults), file=sys.stderr)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()

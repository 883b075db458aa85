"""What a process with other things in it can rely on: signals, threads, forks, other casacores, no growth."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

import nvss_predict

#: Enough work for some seconds, in short blocks.
SOURCES = 40_000
LONG = f"""
import numpy as np, nvss_predict, signal, sys
# Who starts tests in the background may have it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
rng = np.random.default_rng(1)
many = nvss_predict.SkyModel(345 + rng.normal(size={SOURCES}), 17 + rng.normal(size={SOURCES}), 1e-3)
slowly = dict(engine="direct", threads=1, memory="2MiB", check=0)
def told(rows, of):
    if rows:
        print("writing", flush=True)
"""


class Run:
    """A script in an interpreter of its own, which says when it is writing."""

    def __init__(self, text, *words):
        text = LONG + textwrap.dedent(text)
        self.process = subprocess.Popen(
            [sys.executable, "-c", text, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def until(self, word):
        said = ""
        while word not in said:
            line = self.process.stdout.readline()
            assert line, said
            said += line

    def interrupted(self):
        """Sends Ctrl-C: the seconds until the call has returned, and what the script says."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.until("returned")
        took = time.monotonic() - begun
        said = self.process.stdout.read()
        self.process.wait(timeout=60)
        return took, said


@pytest.fixture
def long_ms(tmp_path):
    """More rows than blocks can hold."""
    nvss_predict.make_demo_ms(tmp_path / "long.ms", antennas=16, times=24, channels=64)
    return tmp_path / "long.ms"


INTERRUPTED = """
try:
    nvss_predict.predict(sys.argv[1], many, progress=told, **slowly)
except KeyboardInterrupt as interrupt:
    print("returned", flush=True)
    print("because", interrupt.__cause__)
"""


def test_ctrl_c_ends_a_run_within_a_second_and_leaves_a_marked_column(long_ms, column):
    run = Run(INTERRUPTED, long_ms)
    run.until("writing")
    took, said = run.interrupted()
    print(f"interrupted within {took:.2f} s")
    assert took < 2.0 and ("is marked incomplete" in said or "in the background" in said), (took, said)
    assert nvss_predict.status(long_ms).state == "incomplete"
    assert column(long_ms).shape == (3264, 64, 2)
    assert nvss_predict.predict(long_ms, nvss_predict.SkyModel(345.0, 17.0, 1.0)).complete


def test_ctrl_c_ends_a_wait_for_a_lock(ms):
    holder = """
    import sys
    from casacore.tables import table
    held = table(sys.argv[1], readonly=False, lockoptions="permanentwait", ack=False)
    print("held", flush=True)
    sys.stdin.read()
    """
    other = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(holder), str(ms)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        if "held" not in other.stdout.readline():
            pytest.skip("SKIPPED: python-casacore is not installed")
        with pytest.raises(nvss_predict.LockedError, match=f"process {other.pid}"):
            nvss_predict.predict(ms, nvss_predict.SkyModel(345.0, 17.0, 1.0), lock_timeout=0.1)
        begun = time.monotonic()
        with pytest.raises(nvss_predict.TimeoutError, match="nothing was written"):
            nvss_predict.predict(ms, nvss_predict.SkyModel(345.0, 17.0, 1.0), timeout=0.3)
        assert time.monotonic() - begun < 5
        run = Run('print("started", flush=True)' + INTERRUPTED, ms)
        run.until("started")
        time.sleep(1.0)
        took, _ = run.interrupted()
        print(f"interrupted within {took:.2f} s")
        assert took < 2.0
    finally:
        other.communicate()
    assert nvss_predict.predict(ms, nvss_predict.SkyModel(345.0, 17.0, 1.0)).complete


def test_a_timeout_leaves_a_marked_column(long_ms, script):
    text = LONG + """
nvss_predict.predict(sys.argv[1], nvss_predict.SkyModel(345.0, 17.0, 1.0))
try:
    nvss_predict.predict(sys.argv[1], many, timeout=2.0, **slowly)
except TimeoutError as error:
    print(error)
"""
    # At a block, or where the machine is slow in the middle of one.
    assert "stopped by --timeout after 2.0 s" in script(text, long_ms)
    # Before the first block or after it, as the machine is fast or slow.
    assert nvss_predict.status(long_ms).state in ("incomplete", "complete")


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_of_either_kind_after_the_parent_has_predicted(method, script, made, catalog):
    text = """
    import multiprocessing, shutil, sys
    import nvss_predict, numpy as np

    def one(number):
        ms = f"copy{number}.ms"
        nvss_predict.visibilities([[1.0, 2.0, 3.0]], [1e9], [[0.0, 0.0]], [1.0])
        report = nvss_predict.predict(ms, sys.argv[2], ref_freq=1.4e9)
        return report.complete and nvss_predict.status(ms).complete

    if __name__ == "__main__":
        for number in range(5):
            shutil.copytree(sys.argv[1], f"copy{number}.ms")
        one(4)
        with multiprocessing.get_context(sys.argv[3]).Pool(2) as pool:
            print(all(pool.map(one, range(4), chunksize=1)), one(4))
    """
    if method == "spawn":
        # Spawned processes import the script, which must be a file.
        with open(os.path.join(os.path.dirname(catalog), "spawned.py"), "w") as file:
            file.write(textwrap.dedent(text))
        text = f"import runpy, sys; sys.argv[0] = {file.name!r}; runpy.run_path({file.name!r}, run_name='__main__')"
    assert script(text, made[0], catalog, method).strip() == "True True"


def test_a_fork_in_the_midst_of_a_run_is_told_and_does_not_hang(script, long_ms):
    text = LONG + textwrap.dedent("""
    import os, threading
    begun = threading.Event()
    run = threading.Thread(target=lambda: nvss_predict.predict(
        sys.argv[1], many, progress=lambda *_: begun.set(), column="OTHER", timeout=20, **slowly))
    run.start()
    begun.wait()
    child = os.fork()
    if not child:
        try:
            nvss_predict.status(sys.argv[1])
        except nvss_predict.UsageError as error:
            os.write(1, str(error).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os._exit(0)
    """)
    assert "forked while a thread was at work" in script(text, long_ms)


def test_threads_take_turns_at_one_measurement_set_and_share_others(ms, made, catalog, tmp_path, column):
    import shutil

    others = [shutil.copytree(made[0], tmp_path / f"other{n}.ms") for n in range(3)]
    reports, errors = [], []

    def one(path, name):
        try:
            reports.append(nvss_predict.predict(path, catalog, column=name, ref_freq=1.4e9))
            reports.append(nvss_predict.status(path, name))
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    jobs = [(ms, f"MODEL_{n}") for n in range(4)] + [(other, "MODEL_DATA") for other in others]
    threads = [threading.Thread(target=one, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors and all(report.complete for report in reports) and len(reports) == 14
    models = [column(path, name) for path, name in jobs[:2] + jobs[4:]]
    assert all(np.array_equal(models[0], model) for model in models)


@pytest.mark.parametrize("first", ["nvss_predict", "casacore"])
@pytest.mark.parametrize("other", ["casacore", "casatools"])
def test_in_one_process_with_another_casacore(first, other, script, ms, catalog):
    """Read, predict, read again, in either order of import; the tables of the others stay open.

    The column is there before they are opened, and they are told to look at the disk again (resync): casacore keeps what
    it has read.
    """
    nvss_predict.predict(ms, catalog)
    text = """
    import os, sys
    ms, catalog, other, first = sys.argv[1:]
    # Without it casatools wants to fetch data, and does not start.
    os.environ["HOME"] = os.getcwd()
    os.makedirs(".casa")
    with open(".casa/config.py", "w") as config:
        config.write("import casadata\\nmeasurespath = casadata.datapath\\ndata_auto_update = measures_auto_update = False\\n")
    if first == "nvss_predict":
        import nvss_predict
        nvss_predict.predict(ms, catalog)
    try:
        if other == "casacore":
            from casacore.tables import table
            opened = table(ms, ack=False)
            read = lambda: (opened.resync(), opened.getcol("DATA").sum() + opened.getcol("MODEL_DATA").mean())[1]
        else:
            import casatools
            opened = casatools.table()
            opened.open(ms)
            read = lambda: (opened.resync(), opened.getcol("DATA").sum() + opened.getcol("MODEL_DATA").mean())[1]
    except ImportError:
        print("missing")
        sys.exit()
    import nvss_predict
    for turn in range(20):
        flux = 1.0 + turn
        sky = nvss_predict.SkyModel(345.0, 17.0, flux)
        assert nvss_predict.predict(ms, sky, beam="none", lock_timeout=5).complete
        if turn == 0:
            unit = read()
        assert abs(read() / unit - flux) < 1e-5, (turn, read(), unit)
    assert nvss_predict.status(ms).complete
    print("good")
    """
    said = script(text, ms, catalog, other, first, timeout=120)
    if "missing" in said:
        pytest.skip(f"SKIPPED: {other} is not installed")
    assert "good" in said


def test_many_calls_do_not_grow(script, ms, catalog):
    """Memory, threads and files after 60 calls are those after 20 (300: benches/bars/python.py)."""
    text = """
    import os, sys, time
    import nvss_predict

    def size():
        time.sleep(0.2)  # Threads of a pool end a little after the call.
        status = dict(line.split(":", 1) for line in open("/proc/self/status"))
        return int(status["VmRSS"].split()[0]), int(status["Threads"]), len(os.listdir("/proc/self/fd"))

    for turn in range(60):
        nvss_predict.predict(sys.argv[1], sys.argv[2])
        if turn == 19:
            before = size()
    after = size()
    print(after[0] - before[0] < 4096 and after[1:] == before[1:], before, after)
    """
    assert script(text, ms, catalog, timeout=120).startswith("True")

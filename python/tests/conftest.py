"""MeasurementSets and catalogues that the tests share."""

import os
import shutil
import subprocess
import sys
import textwrap

import pytest

import nvss_predict

#: The command, as `cargo build --release` leaves it.
COMMAND = os.environ.get("NVSS_PREDICT_COMMAND")


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A small drift scan without a model, never written to, and its catalogue."""
    folder = tmp_path_factory.mktemp("made")
    ms = folder / "obs.ms"
    nvss_predict.make_demo_ms(ms, antennas=8, times=6, channels=16)
    return ms, nvss_predict.demo_catalog(folder / "nvss.csv")


@pytest.fixture
def ms(made, tmp_path):
    """A copy to write to."""
    return shutil.copytree(made[0], tmp_path / "obs.ms")


@pytest.fixture
def catalog(made):
    return made[1]


@pytest.fixture
def command():
    if not COMMAND:
        pytest.skip("SKIPPED: NVSS_PREDICT_COMMAND does not name the command")

    def run(*words, code=0):
        done = subprocess.run([COMMAND, *map(str, words)], capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        return done

    return run


@pytest.fixture
def script(tmp_path):
    """Runs a script in a fresh interpreter; what it prints."""

    def run(text, *words, code=0, timeout=60):
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(text), *map(str, words)],
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=tmp_path,
        )
        assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


@pytest.fixture
def column():
    """Reads a column with casacore's own reader, in a process of its own."""

    def read(ms, name="MODEL_DATA"):
        import numpy as np

        target = str(ms) + f".{name}.npy"
        text = (
            "import sys, numpy as np; from casacore.tables import table; "
            "t = table(sys.argv[1], ack=False); np.save(sys.argv[3], t.getcol(sys.argv[2]))"
        )
        done = subprocess.run([sys.executable, "-c", text, str(ms), name, target], capture_output=True, text=True)
        if "No module named 'casacore'" in done.stderr:
            pytest.skip("SKIPPED: python-casacore is not installed")
        assert done.returncode == 0, done.stderr
        return np.load(target)

    return read

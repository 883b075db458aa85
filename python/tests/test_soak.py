"""The bar of endurance, in short; `benches/bars/soak.py` has it in full."""

import os
import pathlib
import subprocess
import sys

import pytest

SOAK = pathlib.Path(__file__).resolve().parents[2] / "benches/bars/soak.py"


@pytest.mark.parametrize("words", [("calls", "--count", "120"), ("sets", "--count", "40")], ids=lambda words: words[0])
def test_nothing_grows(words):
    pytest.importorskip("casacore", reason="SKIPPED: python-casacore is not installed")
    if words[0] == "sets" and not os.environ.get("NVSS_PREDICT_COMMAND"):
        pytest.skip("SKIPPED: NVSS_PREDICT_COMMAND does not name the command")
    done = subprocess.run([sys.executable, SOAK, *words], capture_output=True, text=True, timeout=300)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr

"""Never hangs, never harms: stalls, digests, resuming and checks, in a process that lives on."""

import os
import subprocess
import sys
import textwrap
import time

import pytest

import nvss_predict

#: What a call may take beyond its limit [s].
BEYOND = 5.0


def instead(path):
    """Puts a pipe, which nobody serves, in the place of a file."""
    if os.path.exists(path):
        os.remove(path)
    os.mkfifo(path)
    return path


def test_a_file_that_is_never_read_raises_and_the_process_lives_on(ms, made, catalog, tmp_path):
    import shutil

    other = shutil.copytree(made[0], tmp_path / "other.ms")
    fifo = instead(ms / "FIELD" / "table.f0")
    begun = time.monotonic()
    with pytest.raises(nvss_predict.StalledError) as stalled:
        nvss_predict.predict(ms, catalog, ref_freq="1.4GHz", stall_timeout=1)
    assert time.monotonic() - begun < 1 + BEYOND
    assert stalled.value.exit_code == 125 and isinstance(stalled.value, TimeoutError)
    for word in ("FIELD/table.f0", "file system at", "nothing was written"):
        assert word in str(stalled.value)
    # The same one is refused at once, by every call; others are as good as ever.
    begun = time.monotonic()
    for call in (
        lambda: nvss_predict.predict(ms, catalog, ref_freq="1.4GHz"),
        lambda: nvss_predict.status(ms),
        lambda: nvss_predict.check(ms),
    ):
        with pytest.raises(nvss_predict.StalledError, match="an earlier call of this process is stuck"):
            call()
    assert time.monotonic() - begun < 1.0
    assert nvss_predict.predict(other, catalog, ref_freq="1.4GHz").complete
    assert nvss_predict.status(other, deep=True).deep.matches is True
    # Once the call has come back, it is as any other again: this one looks at no field.
    os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
    for _ in range(100):
        try:
            assert nvss_predict.status(ms, stall_timeout=1).state == "no_column"
            break
        except nvss_predict.StalledError as error:
            assert "earlier call" in str(error)
        time.sleep(0.05)
    else:
        pytest.fail("it was never freed")


def test_the_time_is_up_for_a_call_that_is_stuck(ms, catalog):
    instead(ms / "FIELD" / "table.f0")
    begun = time.monotonic()
    with pytest.raises(nvss_predict.TimeoutError, match="--timeout after 1.0 s"):
        nvss_predict.predict(ms, catalog, ref_freq="1.4GHz", timeout=1)
    assert time.monotonic() - begun < 1 + BEYOND


def test_an_interpreter_with_a_stuck_thread_ends(ms, catalog):
    instead(ms / "FIELD" / "table.f0")
    text = """
        import sys, nvss_predict
        try:
            nvss_predict.predict(*sys.argv[1:], ref_freq="1.4GHz", stall_timeout=0.5)
        except nvss_predict.StalledError:
            print("raised", flush=True)
    """
    words = [sys.executable, "-c", textwrap.dedent(text), str(ms), str(catalog)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout.strip()) == (0, "raised"), done.stderr


def test_a_changed_column_is_found(ms, catalog):
    nvss_predict.predict(ms, catalog, ref_freq="1.4GHz")
    found = nvss_predict.status(ms, deep=True)
    assert found.complete and found.deep.matches and found.deep.rows == found.predicted
    tiles = max((ms / name for name in os.listdir(ms) if name.endswith("_TSM1")), key=os.path.getmtime)
    with open(tiles, "r+b") as file:
        file.seek(500)
        byte = file.read(1)
        file.seek(500)
        file.write(bytes([byte[0] ^ 1]))
    found = nvss_predict.status(ms, deep=True)
    assert found.state == "complete" and not found.complete and found.deep.matches is False
    assert nvss_predict.status(ms).complete


def test_resuming_a_whole_column_does_nothing(ms, catalog):
    first = nvss_predict.predict(ms, catalog, ref_freq="1.4GHz")
    again = nvss_predict.predict(ms, catalog, ref_freq="1.4GHz", resume=True)
    assert again.complete and again.resumed_rows == first.rows
    with pytest.raises(nvss_predict.UsageError, match="cannot be resumed"):
        nvss_predict.predict(ms, catalog, ref_freq="1.4GHz", min_flux="1Jy", resume=True)


def test_check(ms, catalog, tmp_path):
    found = nvss_predict.check(ms, catalog, ref_freq="1.4GHz")
    assert found and found.good and "ready" in str(found)
    assert found.plan.catalogue.selected > 0 and found.plan.compute_estimate > 0
    assert not nvss_predict.check(tmp_path / "none.ms")
    assert nvss_predict.status(ms).state == "no_column"

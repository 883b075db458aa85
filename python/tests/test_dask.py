"""Many MeasurementSets on workers of which one is killed, one of them corrupt."""

import os
import shutil
import signal
import threading
import time

import numpy as np
import pytest

import nvss_predict

distributed = pytest.importorskip("distributed", reason="SKIPPED: distributed is not installed")


@pytest.fixture(scope="module")
def client():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", local_directory=os.environ.get("TMPDIR", "/tmp")
    ) as cluster:
        with distributed.Client(cluster) as client:
            yield client


def test_one_killed_worker_and_one_corrupt_set(client, made, catalog, tmp_path, column):
    from nvss_predict.dask import predict_many

    paths = [shutil.copytree(made[0], tmp_path / f"obs{n:02d}.ms") for n in range(16)]
    (paths[5] / "table.dat").write_bytes(b"\\x00nonsense")
    # Slow enough to be killed in the midst.
    many = nvss_predict.query(catalog, (345.0, 17.0), "all", ref_freq=1.4e9)
    done, killed = [], []

    def watch(count, total, row):
        done.append((count, total, row["state"]))
        if count == 4:
            pid = next(iter(client.run(os.getpid).values()))
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    table = predict_many(paths, many, client, beam="none", progress=watch, report=tmp_path / "night.csv")
    assert killed and [row["ms"] for row in table] == [str(path) for path in paths]
    assert [row["ms"] for row in table.failed] == [str(paths[5])], str(table)
    assert "MeasurementSetError" in table[5]["reason"] and "1 failed" in str(table)
    assert done[-1][0] == done[-1][1] == 16
    good = [path for path in paths if path != paths[5]]
    assert all(nvss_predict.status(path).complete for path in good)
    nvss_predict.predict(good[0], many, beam="none", column="ALONE")
    alone = column(good[0], "ALONE")
    for path in (good[0], good[7], good[-1]):
        assert np.array_equal(column(path), alone)

    again = predict_many(paths, many, client, beam="none")
    assert [row["state"] for row in again].count("skipped") == 15 and len(again.failed) == 1
    other = predict_many(good[:2], many, client, beam="none", min_flux="1Jy")
    assert [row["state"] for row in other] == ["complete"] * 2 and other[0]["sources"] < table[0]["sources"]
    assert len((tmp_path / "night.csv").read_text().splitlines()) == 17
    if pytest.importorskip("pandas"):
        assert list(table.to_dataframe().columns)[0] == "ms"


def test_a_lock_is_waited_for_by_trying_again(client, ms, catalog):
    from nvss_predict.dask import predict_many

    casacore = pytest.importorskip("casacore.tables", reason="SKIPPED: python-casacore is not installed")
    held = casacore.table(str(ms), readonly=False, lockoptions="permanentwait", ack=False)
    release = threading.Timer(1.5, held.close)
    release.start()
    table = predict_many([ms], catalog, client, retries=4, lock_timeout=0.2)
    release.join()
    assert table[0]["state"] == "complete" and table[0]["attempts"] > 1, str(table)


def test_a_call_that_makes_its_own_cluster(made, catalog, tmp_path):
    from nvss_predict.dask import predict_many

    ms = shutil.copytree(made[0], tmp_path / "obs.ms")
    begun = time.monotonic()
    table = predict_many([ms, ms, tmp_path / "none.ms"], catalog, timeout=60)
    assert [row["state"] for row in table] == ["complete", "failed"] and time.monotonic() - begun < 60
    with pytest.raises(ValueError, match="dry_run"):
        predict_many([ms], catalog, dry_run=True)


def test_the_job_array_of_the_command_alone(made, catalog, command, tmp_path):
    """docs/night.sbatch as Slurm would run its tasks: all sets, one of them corrupt, and again."""
    import pathlib
    import subprocess

    from conftest import COMMAND

    script = pathlib.Path(__file__).parents[2] / "docs" / "night.sbatch"
    paths = [shutil.copytree(made[0], tmp_path / f"obs{n}.ms") for n in range(5)]
    (paths[3] / "table.dat").write_bytes(b"nonsense")
    (tmp_path / "night.txt").write_text("\n".join(map(str, paths)))

    def task(number, *options):
        surroundings = dict(
            os.environ, NVSS_PREDICT=COMMAND, NVSS_PREDICT_REPORTS=str(tmp_path / "reports"),
            SLURM_ARRAY_TASK_ID=str(number), SLURM_ARRAY_TASK_COUNT="2", SLURM_ARRAY_TASK_MIN="0",
        )  # fmt: skip
        words = ["bash", str(script), str(tmp_path / "night.txt"), str(catalog), *options]
        done = subprocess.run(words, env=surroundings, capture_output=True, text=True)
        return done.returncode, [line.split()[0] for line in done.stdout.splitlines()]

    assert task(0) == (0, ["complete"] * 3)
    assert task(1) == (1, ["complete", "failed"])
    assert task(0) == (0, ["skipped"] * 3)
    assert task(0, "--min-flux", "1Jy") == (0, ["complete"] * 3)
    assert all(nvss_predict.status(path).complete for path in paths if path != paths[3])

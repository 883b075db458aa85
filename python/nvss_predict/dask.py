"""Many MeasurementSets on the workers of Dask: one task for each.

A worker's every thread takes one MeasurementSet at a time and computes with one thread of its own, so a worker of eight
threads has eight in hand; the memory of each is its share of the worker's. Where only some hosts see a MeasurementSet, only
their workers get it.
"""

import csv
import os
import time
from typing import Any, Callable, Optional, Union

from . import core
from .errors import Error, LockedError, StorageError
from .errors import TimeoutError as Timeout
from .skymodel import held

__all__ = ["Table", "predict_many"]

#: The columns of the table.
COLUMNS = ("ms", "state", "reason", "attempts", "seconds", "rows", "sources", "flux_jy", "rms", "bytes", "worker")

#: The memory that a run takes unless told otherwise, and the least that it works well with [bytes].
_MEMORY, _LEAST = 512 << 20, 64 << 20

#: What may pass: a lock that is released, a file system that recovers.
_PASSING = (LockedError, StorageError, Timeout)


class Table(list):
    """One row, a dictionary, for each MeasurementSet, in the order asked for.

    ``state`` is ``"complete"``, ``"skipped"`` (complete already, with the same provenance) or ``"failed"``, with its
    ``reason``. ``attempts`` counts the runs that failed and were tried again, too.
    """

    @property
    def failed(self) -> "Table":
        """The rows that failed."""
        return Table(row for row in self if row["state"] == "failed")

    def to_dataframe(self):
        """The table as a pandas DataFrame."""
        import pandas

        return pandas.DataFrame(list(self), columns=list(COLUMNS))

    def to_csv(self, path) -> None:
        """Write the table as CSV."""
        with open(path, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(self)

    def __str__(self) -> str:
        counts = {state: sum(row["state"] == state for row in self) for state in ("complete", "skipped", "failed")}
        lines = [", ".join(f"{count} {state}" for state, count in counts.items())]
        lines += [f"  {row['ms']}: {row['reason']}" for row in self.failed]
        return "\n".join(lines)


def predict_many(
    ms_list,
    catalog,
    client=None,
    retries: int = 2,
    *,
    progress: Union[bool, Callable] = False,
    locality: Optional[Callable] = None,
    report: Optional[str] = None,
    **options: Any,
) -> Table:
    """Predict one sky into many MeasurementSets.

    Parameters
    ----------
    ms_list : iterable of paths
        The MeasurementSets; one that is named twice is predicted once.
    catalog, **options
        As for :func:`nvss_predict.predict`. ``threads`` is 1 for each MeasurementSet, and ``memory`` no more than its share
        of half of the worker's, unless given. Paths are those that the workers see.
    client : distributed.Client
        Of any cluster. Without one, processes of this host: one for each core.
    retries : int
        How often a MeasurementSet is tried again after an error that may pass: a lock, a failing file system, a timeout. One
        that a dying worker had in hand goes to another, up to Dask's ``distributed.scheduler.allowed-failures``.
    progress : bool or callable
        True shows a tqdm bar; a callable is called with (done, in all, row).
    locality : callable
        Tells for a path which hosts it may be worked on, or None for all. By default every host is asked which of the paths it
        sees.
    report : path
        Write the table there, too, as CSV.

    Returns
    -------
    Table
        A row for each MeasurementSet. Failures are rows, not exceptions; no MeasurementSet is worse for them than for a
        failure of :func:`nvss_predict.predict`. A MeasurementSet that is complete with the same version, call and catalogue
        is skipped, so that the same call can be made again until nothing fails.
    """
    paths = list(dict.fromkeys(os.path.abspath(os.fsdecode(ms)) for ms in ms_list))
    for name in ("dry_run", "report"):
        if options.get(name):
            raise ValueError(f"{name} is of one prediction, not of many")
    if not isinstance(catalog, (str, bytes, os.PathLike)):
        catalog = held(catalog)
    elif os.path.exists(catalog):
        catalog = os.path.abspath(os.fsdecode(catalog))
    if client is not None:
        table = _spread(client, paths, catalog, options, retries, progress, locality)
    else:
        from distributed import Client, LocalCluster

        workers = max(1, min(len(paths), len(os.sched_getaffinity(0))))
        with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=":0") as cluster:
            with Client(cluster) as own:
                table = _spread(own, paths, catalog, options, retries, progress, locality)
    if report is not None:
        table.to_csv(report)
    return table


def _spread(client, paths, catalog, options, retries, progress, locality) -> Table:
    """Submits a task for each path and gathers the rows."""
    from distributed import as_completed

    hosts = _hosts(client)
    seen = _seen(client, hosts, paths) if locality is None else {path: locality(path) for path in paths}
    futures, rows = {}, {}
    for path in paths:
        workers = _workers(hosts, seen[path])
        if workers == []:
            rows[path] = _row(path, "failed", f"no worker is on the hosts that see it ({', '.join(seen[path]) or 'none'})")
            continue
        future = client.submit(
            _predict_one, path, catalog, options, retries, workers=workers, pure=False, key=_key(path)
        )
        futures[future] = path
    show = _Progress(progress, len(paths))
    try:
        for row in rows.values():
            show(row)
        for future in as_completed(futures):
            path = futures[future]
            rows[path] = future.result() if future.status == "finished" else _failure(path, future)
            show(rows[path])
            future.release()
    except BaseException:
        # What runs goes on to its end, which leaves its MeasurementSet whole; what waits does not begin.
        client.cancel(list(futures), force=True)
        raise
    finally:
        show.close()
    return Table(rows[path] for path in paths)


def _key(path: str) -> str:
    return f"nvss_predict-{os.path.basename(path)}-{os.urandom(6).hex()}"


def _failure(path: str, future) -> dict:
    """The row of a task that raised, was cancelled, or whose workers died."""
    try:
        error = future.exception()
    except BaseException as other:  # noqa: BLE001 - of a cancelled task
        error = other
    kind = type(error).__name__
    if kind == "KilledWorker":
        return _row(path, "failed", "KilledWorker: every worker that had it in hand died (out of memory, or killed)")
    return _row(path, "failed", f"{kind}: {error}")


def _row(path: str, state: str, reason: str = "", **more) -> dict:
    return {**dict.fromkeys(COLUMNS), "ms": path, "state": state, "reason": reason, **more}


# --- where


def _hosts(client) -> dict:
    """The addresses of the workers on each host."""
    hosts: dict = {}
    try:
        info = client.scheduler_info(n_workers=-1)
    except TypeError:  # Releases that always tell of all.
        info = client.scheduler_info()
    for address, worker in info["workers"].items():
        hosts.setdefault(worker["host"], []).append(address)
    return hosts


def _seen(client, hosts: dict, paths: list) -> dict:
    """For each path the hosts that see it; None where all do, or none does, which is for the prediction to say."""
    if len(hosts) < 2:
        return dict.fromkeys(paths)
    found = client.run(_exist, paths, workers=[workers[0] for workers in hosts.values()], on_error="return")
    by_host = {host: found.get(workers[0]) for host, workers in hosts.items()}
    seen = {}
    for at, path in enumerate(paths):
        sees = [host for host, there in by_host.items() if isinstance(there, list) and there[at]]
        seen[path] = sees if 0 < len(sees) < len(hosts) else None
    return seen


def _exist(paths: list) -> list:
    return [os.path.exists(path) for path in paths]


def _workers(hosts: dict, wanted) -> Optional[list]:
    """What a task is bound to: hosts, so that a worker that is started anew there counts, too."""
    return None if wanted is None else [host for host in wanted if host in hosts]


# --- on the worker


def _predict_one(path: str, catalog, options: dict, retries: int) -> dict:
    """Predicts one MeasurementSet; a failure is a row, too."""
    begun = time.monotonic()
    options = {**_share(), **options}
    where = _address()
    for attempt in range(1, retries + 2):
        try:
            if _is_done(path, catalog, options):
                return _row(path, "skipped", "complete, with the same provenance", attempts=attempt - 1, worker=where)
            report = core.predict(path, catalog, **options)
        except _PASSING as error:
            failure = error
            if attempt <= retries:
                time.sleep(min(30.0, 0.5 * 2**attempt))
        except Error as error:
            return _row(path, "failed", _words(error), attempts=attempt, worker=where)
        else:
            return _row(
                path,
                "complete",
                attempts=attempt,
                seconds=round(time.monotonic() - begun, 3),
                rows=report.rows_predicted,
                sources=report.catalogue.selected,
                flux_jy=report.catalogue.flux_jy,
                rms=report.check.rms if report.check else None,
                bytes=report.plan.bytes,
                worker=where,
            )
    return _row(path, "failed", _words(failure), attempts=retries + 1, worker=where)


def _words(error: Error) -> str:
    return f"{type(error).__name__}: {error}"


def _is_done(path: str, catalog, options: dict) -> bool:
    """Whether a former run has done the same: the same version, call, and content of the catalogue."""
    from . import __version__

    column = options.get("column", "MODEL_DATA")
    wait = {"lock_timeout": options["lock_timeout"]} if isinstance(options.get("lock_timeout"), (int, float)) else {}
    status = core.status(path, column, **wait)
    if not status.complete or status.version != __version__:
        return False
    plan = core.predict(path, catalog, **{**options, "dry_run": True})
    same = plan.catalogue.digest == status.digest and plan.catalogue.selected == status.components
    return same and plan.arguments.replace(", dry_run=True", "") == status.arguments


def _worker():
    from distributed import get_worker

    try:
        return get_worker()
    except ValueError:
        return None


def _share() -> dict:
    """Threads and memory of one task: a thread of the worker's, and its part of half of the worker's memory."""
    worker = _worker()
    share = {"threads": 1}
    limit = getattr(getattr(worker, "memory_manager", None), "memory_limit", None)
    if limit:
        part = limit // (2 * max(1, worker.state.nthreads))
        share["memory"] = int(max(_LEAST, min(_MEMORY, part)))
    return share


def _address() -> str:
    worker = _worker()
    return worker.address if worker else ""


class _Progress:
    """Shows how many are done."""

    def __init__(self, wanted, total: int):
        self.total, self.done = total, 0
        self.call = wanted if callable(wanted) else None
        self.bar = None
        if wanted and self.call is None:
            from tqdm.auto import tqdm

            self.bar = tqdm(total=total, unit=" MS")

    def __call__(self, row: dict) -> None:
        self.done += 1
        if self.call is not None:
            self.call(self.done, self.total, row)
        elif self.bar is not None:
            self.bar.update()

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()

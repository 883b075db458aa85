"""CASA in a process of its own: its libraries, its home and its directory stay apart, and every task has a deadline."""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context


class Casa:
    """One process that runs functions which use casatools or casatasks, one after the other."""

    def __init__(self, log):
        self.pool = ProcessPoolExecutor(1, get_context("spawn"), _prepare, (log,))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in list((self.pool._processes or {}).values()):
            # What has gone past its deadline would otherwise be waited for.
            if self.late:
                process.kill()
        self.pool.shutdown(wait=True, cancel_futures=True)

    late = False

    def __call__(self, function, *args, timeout=300, **kwargs):
        """`function(*args, **kwargs)` over there; TimeoutError after `timeout` [s]."""
        try:
            return self.pool.submit(function, *args, **kwargs).result(timeout)
        except TimeoutError:
            self.late = True
            raise


def _prepare(log):
    # CASA writes its log to the terminal whatever it is told.
    with open(log, "w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    import casa  # noqa: F401  (tests/oracles: a home of its own, no updates over the network)

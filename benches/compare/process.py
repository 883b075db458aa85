"""Running one command of the comparison: bounded in time, and gone with all of its children when the time is up."""

import os
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass


@dataclass
class Outcome:
    """What one run of a command took and said."""

    wall: float  # [s], from the start to the end of the process
    rss_mib: float  # largest resident set
    text: str  # both of its streams
    problem: str | None  # None: it succeeded
    killed: bool  # because its time was up


def last_words(text):
    """The last line that says something, for a table."""
    lines = [line.strip(" +|") for line in text.splitlines()]
    return next((line for line in reversed(lines) if line), "no message")[:160]


def run(command, limit, cwd, environment):
    """Runs a command in a process group of its own; kills the group after `limit` seconds."""
    # What others have not yet written back must not be paid for by this one.
    os.sync()
    with tempfile.TemporaryFile(dir=cwd) as said:
        begun = time.monotonic()
        child = subprocess.Popen(command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=said,
                                 stderr=subprocess.STDOUT, start_new_session=True)  # fmt: skip
        expired = threading.Event()

        def kill():
            expired.set()
            os.killpg(child.pid, signal.SIGKILL)

        timer = threading.Timer(limit, kill)
        timer.start()
        # Without reaping: the group's number must not be given away while the timer may still use it.
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        wall = time.monotonic() - begun
        timer.cancel()
        timer.join()
        try:
            # Whatever it started and left behind would disturb the next one.
            os.killpg(child.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read().decode(errors="replace")
    problem = None
    if expired.is_set():
        problem = f"killed after {limit:.0f} s"
    elif child.returncode:
        problem = f"exit {child.returncode}: {last_words(text)}"
    return Outcome(wall, usage.ru_maxrss / 1024, text, problem, expired.is_set())

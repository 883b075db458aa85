"""Running one command of the comparison: bounded in time, and gone with all of its children when the time is up.

A process counts the memory of what started it as its own until it begins, so a small Python is put in between: this file
as a program, `process.py LIMIT COMMAND...`, which prints the figures as JSON on the last line.
"""

import json
import os
import signal
import subprocess
import sys
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


def run(command, limit, cwd, environment):
    """Runs a command in a process group of its own; kills the group after `limit` seconds."""
    # What others have not yet written back must not be paid for by this one.
    os.sync()
    between = [sys.executable, "-I", "-S", os.path.abspath(__file__), str(limit), *command]
    done = subprocess.run(between, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=True)  # fmt: skip
    text, _, figures = done.stdout.decode(errors="replace").rstrip("\n").rpartition("\n")
    wall, rss_mib, status, killed = json.loads(figures)
    problem = None
    if killed:
        problem = f"killed after {limit:.0f} s"
    elif status:
        problem = f"exit {status}: {last_words(text)}"
    return Outcome(wall, rss_mib, text, problem, killed)


def last_words(text):
    """The last line that says something, for a table."""
    lines = [line.strip(" +|") for line in text.splitlines()]
    return next((line for line in reversed(lines) if line), "no message")[:160]


def measure(command, limit):
    """Wall time [s], largest resident set [MiB], exit status, and whether it had to be killed."""
    begun = time.monotonic()
    child = subprocess.Popen(command, start_new_session=True)
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
        # Whatever it started and left behind would disturb the next one, and keep the pipe open.
        os.killpg(child.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return wall, usage.ru_maxrss / 1024, child.returncode, expired.is_set()


if __name__ == "__main__":
    figures = measure(sys.argv[2:], float(sys.argv[1]))
    print(f"\n{json.dumps(figures)}")

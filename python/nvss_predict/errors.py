"""What can go wrong, as a tree of exceptions.

Each carries the text that the command ``nvss-predict`` prints after ``error:``, and in ``exit_code`` the code that it
would exit with. An interrupted call raises :class:`KeyboardInterrupt`, whose ``__cause__`` is an :class:`Interrupted` that
says what state the column is in.
"""

import builtins

__all__ = [
    "CatalogError",
    "CheckError",
    "Error",
    "Interrupted",
    "LockedError",
    "MeasurementSetError",
    "NoSourcesError",
    "StalledError",
    "StorageError",
    "TimeoutError",
    "UsageError",
]


class Error(Exception):
    """Any of the errors of this package."""

    #: The exit code of the command.
    exit_code = None


class UsageError(Error, ValueError):
    """The arguments make no sense, alone or together (exit code 2 or 3)."""


class MeasurementSetError(Error):
    """The MeasurementSet cannot be used; nothing was written (exit code 3)."""


class CatalogError(Error):
    """The catalogue cannot be used; nothing was written (exit code 3)."""


class LockedError(Error):
    """Another process, or thread, kept the MeasurementSet locked for longer than ``lock_timeout`` (exit code 4)."""


class StorageError(Error, OSError):
    """Input or output failed: a full disk, a broken one (exit code 5)."""


class CheckError(Error):
    """The visibilities that were read back are not what they should be; the column is marked incomplete (exit code 6)."""

    #: The :class:`nvss_predict.Report` of the run, with what the check found.
    report = None


class NoSourcesError(Error):
    """No source was selected, and ``require_sources`` was given; nothing was written (exit code 7)."""


class TimeoutError(Error, builtins.TimeoutError):
    """The run took longer than ``timeout``; the text says what state the column is in (exit code 124)."""


class StalledError(Error, builtins.TimeoutError):
    """A system call did not return within ``stall_timeout``: the text names the file, the call and the file system (exit code 125).

    The thread that made the call is left behind; the MeasurementSet cannot be used by this process until it comes back.
    """


class Interrupted(Error):
    """The run was interrupted; the text says what state the column is in (exit code 130)."""

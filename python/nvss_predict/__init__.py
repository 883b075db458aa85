"""Predicts the visibilities of NVSS and other skies into the MODEL_DATA of a MeasurementSet.

>>> import nvss_predict
>>> report = nvss_predict.predict("obs.ms", "nvss.sqlite3", min_flux="10mJy")  # doctest: +SKIP
>>> report.complete  # doctest: +SKIP
True

The functions do what the command ``nvss-predict`` does, with options of the same names. See docs/python.md.
"""

import atexit as _atexit

from . import errors
from ._native import __version__
from ._visibilities import visibilities
from .core import demo_catalog, make_demo_ms, predict, predict_image, query, status
from .errors import (
    CatalogError,
    CheckError,
    Error,
    Interrupted,
    LockedError,
    MeasurementSetError,
    NoSourcesError,
    StorageError,
    TimeoutError,
    UsageError,
)
from .report import Report, Status
from .skymodel import SkyModel, Source

__all__ = [
    "CatalogError",
    "CheckError",
    "Error",
    "Interrupted",
    "LockedError",
    "MeasurementSetError",
    "NoSourcesError",
    "Report",
    "SkyModel",
    "Source",
    "Status",
    "StorageError",
    "TimeoutError",
    "UsageError",
    "__version__",
    "demo_catalog",
    "errors",
    "make_demo_ms",
    "predict",
    "predict_image",
    "query",
    "status",
    "visibilities",
]


def _finish() -> None:
    # A run that an interrupt left behind closes its tables before the interpreter takes them away.
    from ._native import wait_for_background

    wait_for_background(10.0)


_atexit.register(_finish)

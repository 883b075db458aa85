"""The arguments of a call as the words that the command would be given: one table of options, the command's own."""

import functools
import os
from collections.abc import Mapping

from . import _native
from .errors import UsageError

#: The units of plain numbers, to which an astropy Quantity is converted.
_UNITS = {
    "beam_limit": "",
    "lock_timeout": "s",
    "match_radius": "arcsec",
    "min_apparent": "Jy",
    "min_flux": "Jy",
    "radius": "deg",
    "ref_freq": "Hz",
    "timeout": "s",
}

#: Options that change how a run goes, but not what it writes: the provenance leaves them out.
RUNNING = {"lock_timeout", "memory", "page_cache", "report", "threads", "timeout", "writer"}


@functools.lru_cache(maxsize=None)
def known(images: bool = False) -> dict:
    """The command's options, by their names in Python: whether each takes a value, and may be given again."""
    # Several MeasurementSets are for nvss_predict.dask.
    other = ("quiet", "verbose", "jobs")
    options = _native.image_options() if images else _native.prediction_options()
    return {name.replace("-", "_"): (takes, repeats) for name, takes, repeats in options if name not in other}


def place(value) -> str:
    """A position: a text, a pair in degrees (J2000), or a SkyCoord."""
    if isinstance(value, str):
        return value
    if hasattr(value, "fk5"):
        value = value.fk5
        return f"{float(value.ra.deg)!r} {float(value.dec.deg)!r}"
    ra, dec = (spelt("", part) for part in value)
    return f"{ra} {dec}"


def spelt(name: str, value) -> str:
    """A value as it would be typed."""
    if hasattr(value, "to_value"):
        unit = _UNITS.get(name, "deg")
        value = float(value.to_value(unit)) if unit else float(value)
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()
    if isinstance(value, (bool, int, str)):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, os.PathLike) or isinstance(value, bytes):
        return os.fsdecode(value)
    raise UsageError(f"{name}={value!r}: not a value of an option")


def _listed(name: str, value) -> list:
    """The values of an option that may be given again."""
    if isinstance(value, Mapping):
        return [f"{key}={os.fsdecode(path)}" if path else str(key) for key, path in value.items()]
    if isinstance(value, (str, os.PathLike)) or hasattr(value, "ra_deg"):
        value = [value]
    elif isinstance(value, tuple) and value and not isinstance(value[0], tuple):
        # One circle, or one source.
        value = [value]
    return [_item(name, one) for one in value]


def _item(name: str, one) -> str:
    if hasattr(one, "ra_deg"):
        one = (one.ra_deg, one.dec_deg, one.flux_jy, one.alpha, one.ref_hz)
        one = one[: 5 if one[4] is not None else 4 if one[3] is not None else 3]
    if isinstance(one, tuple):
        return " ".join(spelt(name, part) for part in one)
    return spelt(name, one)


def _ids(value) -> str:
    if isinstance(value, str):
        return value
    return ",".join(str(int(one)) for one in ([value] if isinstance(value, int) else value))


def words(options: Mapping, images: bool = False) -> list:
    """The words for some options; those that are None or False are left out."""
    out = []
    for name, value in options.items():
        if name not in known(images):
            function = "predict_image" if images else "predict"
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}")
        takes_value, repeats = known(images)[name]
        if value is None or value is False:
            continue
        option = "--" + name.replace("_", "-")
        if not takes_value or (name == "smear" and value is True):
            if value is not True:
                raise UsageError(f"{name} is True or False, not {value!r}")
            out.append(option)
        elif repeats:
            out += [f"{option}={one}" for one in _listed(name, value)]
        elif name in ("fields", "spws"):
            out.append(f"{option}={_ids(value)}")
        elif name == "pointing":
            out.append(f"{option}={place(value)}")
        else:
            out.append(f"{option}={spelt(name, value)}")
    return out


def call(ms: str, sky: str, options: Mapping, function: str = "predict") -> str:
    """The call as the provenance has it: all that decides what is written."""
    said = {name: value for name, value in options.items() if value is not None and value is not False}
    shown = [f"{name}={_shown(value)}" for name, value in said.items() if name not in RUNNING]
    return f"nvss_predict.{function}({', '.join([repr(ms), sky, *shown])})"


def _shown(value) -> str:
    return repr(os.fsdecode(value)) if isinstance(value, os.PathLike) else repr(value)

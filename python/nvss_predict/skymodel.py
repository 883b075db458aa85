"""Skies in memory: what a caller holds becomes a table of text with the columns of a CSV file.

That table is read by the reader of CSV files, with its names, units and checks; its SHA-256 is the digest in the
provenance of the column.
"""

import csv
import dataclasses
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Optional, Union

import numpy as np

from .errors import UsageError

#: The names of the coordinates in each frame.
_COORDINATES = {
    "j2000": ("raj2000_deg", "dej2000_deg"),
    "fk5": ("raj2000_deg", "dej2000_deg"),
    "icrs": ("ra_icrs_deg", "dec_icrs_deg"),
    "b1950": ("rab1950_deg", "deb1950_deg"),
    "fk4": ("rab1950_deg", "deb1950_deg"),
    "galactic": ("glon_deg", "glat_deg"),
}

#: Columns of a :class:`SkyModel`, each with the unit of a Quantity that is given for it.
_UNITS = {
    "ra_deg": "deg",
    "dec_deg": "deg",
    "flux_jy": "Jy",
    "q_jy": "Jy",
    "u_jy": "Jy",
    "v_jy": "Jy",
    "alpha": "",
    "ref_hz": "Hz",
    "major_arcsec": "arcsec",
    "minor_arcsec": "arcsec",
    "pa_deg": "deg",
    "name": None,
}


@dataclasses.dataclass
class Source:
    """One source: a point, or a Gaussian where it has axes.

    The units are in the names. ``alpha`` is the spectral index (S ∝ ν^α), or a list of terms of log10 S in log10(ν/ν0) as
    DP3 and WSClean have them; ``ref_hz`` is ν0. Without ``alpha`` a source gets that of the call, where ``ref_hz`` is known;
    without both it is flat. The axes are full widths at half maximum; ``pa_deg`` counts from north through east.
    """

    ra_deg: float
    dec_deg: float
    flux_jy: float
    alpha: Union[float, Sequence[float], None] = None
    ref_hz: Optional[float] = None
    q_jy: float = 0.0
    u_jy: float = 0.0
    v_jy: float = 0.0
    major_arcsec: Optional[float] = None
    minor_arcsec: Optional[float] = None
    pa_deg: Optional[float] = None
    name: Optional[str] = None


class SkyModel:
    """Sources in columns, with the units in their names.

    Each argument is a scalar for all sources, or one value for each: arrays, lists, or astropy Quantities of whatever unit.
    ``alpha`` and ``ref_hz`` are as in :class:`Source`; NaN or None is "not known".

    >>> sky = SkyModel(ra_deg=[10.0, 10.5], dec_deg=[42.0, 42.1], flux_jy=[1.0, 0.2], alpha=-0.7, ref_hz=1.4e9)
    >>> len(sky)
    2
    """

    def __init__(
        self,
        ra_deg,
        dec_deg,
        flux_jy,
        *,
        alpha=None,
        ref_hz=None,
        q_jy=None,
        u_jy=None,
        v_jy=None,
        major_arcsec=None,
        minor_arcsec=None,
        pa_deg=None,
        name=None,
        frame: str = "j2000",
        log_si: bool = True,
    ):
        given = dict(
            ra_deg=ra_deg, dec_deg=dec_deg, flux_jy=flux_jy, q_jy=q_jy, u_jy=u_jy, v_jy=v_jy, alpha=alpha,
            ref_hz=ref_hz, major_arcsec=major_arcsec, minor_arcsec=minor_arcsec, pa_deg=pa_deg, name=name,
        )  # fmt: skip
        if frame.lower() not in _COORDINATES:
            raise UsageError(f"frame {frame!r}: use {', '.join(_COORDINATES)}")
        self.frame = frame.lower()
        self.log_si = bool(log_si)
        columns = {key: _column(key, values) for key, values in given.items() if values is not None}
        lengths = {key: len(values) for key, values in columns.items() if values is not None and _is_many(values)}
        count = lengths.get("ra_deg", max(lengths.values(), default=1))
        for key, length in lengths.items():
            if length != count:
                raise UsageError(f"{key} has {length} values, and there are {count} sources")
        #: The columns by name, as long as there are sources.
        self.columns = {
            key: list(values) if _is_many(values) else [values] * count for key, values in columns.items()
        }

    def __len__(self) -> int:
        return len(self.columns["ra_deg"])

    def __repr__(self) -> str:
        return f"<SkyModel of {len(self)} sources, {sum(self.columns['flux_jy']):.4f} Jy>"

    def __getattr__(self, name: str):
        if name in _UNITS and "columns" in self.__dict__:
            values = self.columns.get(name, [None] * len(self))
            if name in ("name", "alpha"):
                plain = all(value is None or isinstance(value, (float, int)) for value in values)
                if name == "name" or not plain:
                    return list(values)
            return np.array([np.nan if value is None else value for value in values], dtype=float)
        raise AttributeError(f"'SkyModel' object has no attribute {name!r}")

    def __iter__(self):
        rows = zip(*self.columns.values())
        return (Source(**dict(zip(self.columns, row))) for row in rows)

    @classmethod
    def from_sources(cls, sources: Iterable[Union[Source, Mapping]], frame: str = "j2000") -> "SkyModel":
        """The model of some :class:`Source` objects, or dictionaries of their fields."""
        rows = [dataclasses.asdict(s) if dataclasses.is_dataclass(s) else dict(s) for s in sources]
        unknown = {key for row in rows for key in row} - set(_UNITS)
        if unknown:
            raise UsageError(f"a source has no {', '.join(sorted(unknown))}; it has {', '.join(_UNITS)}")
        missing = [key for key in ("ra_deg", "dec_deg", "flux_jy") if any(row.get(key) is None for row in rows)]
        if missing:
            raise UsageError(f"a source needs ra_deg, dec_deg and flux_jy; {', '.join(missing)} is missing")
        columns: dict = {key: [row.get(key) for row in rows] for key in _UNITS}
        said = {key for key in _UNITS if any(row.get(key) not in (None, 0.0) for row in rows)}
        keep = said | {"ra_deg", "dec_deg", "flux_jy"}
        return cls(**{key: values for key, values in columns.items() if key in keep}, frame=frame)

    def table(self) -> dict:
        """The columns with the names that CSV files have: what a prediction is given."""
        longitude, latitude = _COORDINATES[self.frame]
        names = {"ra_deg": longitude, "dec_deg": latitude, "flux_jy": "i_jy"}
        table = {names.get(key, key): values for key, values in self.columns.items()}
        if "alpha" in table and not self.log_si:
            table["log_si"] = ["false"] * len(self)
        return table

    def to_csv(self, path=None) -> Optional[str]:
        """The model as CSV: written to ``path``, which can then be given as a catalogue, or returned."""
        text = _text(self.table())
        if path is None:
            return text
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return None

    def to_dataframe(self):
        """The model as a pandas DataFrame, which can be given as a catalogue again."""
        import pandas

        return pandas.DataFrame(self.table())

    def to_table(self):
        """The model as an astropy Table, which can be given as a catalogue again."""
        from astropy.table import Table

        return Table(self.table())


def _is_many(values) -> bool:
    return isinstance(values, (list, tuple, np.ndarray))


def _column(key: str, values) -> Any:
    """Plain values in the column's unit: a list, or a scalar."""
    unit = _UNITS[key]
    if unit is not None and hasattr(values, "to_value"):
        values = values.to_value(unit) if unit else values.value
    if hasattr(values, "filled"):
        values = values.astype(object).filled(None)
    if hasattr(values, "tolist"):
        values = values.tolist()
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        return values if unit is None else float(values)
    return [_plain(value, unit) for value in values]


def _plain(value, unit):
    if hasattr(value, "to_value") and unit is not None:
        value = value.to_value(unit) if unit else value.value
    if hasattr(value, "tolist"):
        value = value.tolist()
    if value is None or (isinstance(value, float) and value != value):
        return None
    if unit is None:
        return str(value)
    return [float(term) for term in value] if isinstance(value, (list, tuple)) else float(value)


def _cell(value):
    """A value as a cell of CSV: the writer spells numbers so that they come back the same."""
    # pandas' NA is not even unequal to itself.
    if value is None or type(value).__name__ in ("NAType", "NaTType") or value != value:
        return ""
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(repr(float(term)) for term in value) + "]"
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value


def _text(columns: Mapping[str, Sequence]) -> str:
    """Columns as CSV. Text is quoted, so that a name that begins with # is no comment."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in zip(*columns.values()))
    return out.getvalue()


def _with_unit(name: str, unit) -> str:
    """A column's name with its unit, unless it says it already."""
    unit = str(unit or "").replace(" ", "")
    if not unit or name.lower().endswith("_" + unit.lower()):
        return name
    return f"{name} ({unit})"


def _of_astropy(table) -> dict:
    columns = {}
    for name in table.colnames:
        column = table[name]
        if getattr(column, "ndim", 1) == 1 and hasattr(column, "tolist"):
            unit = getattr(column, "unit", None)
            columns[_with_unit(name, unit)] = column.value.tolist() if hasattr(column, "to_value") else column.tolist()
        elif type(column).__name__ == "SkyCoord":
            position = column.icrs
            columns["ra_icrs_deg"], columns["dec_icrs_deg"] = position.ra.deg.tolist(), position.dec.deg.tolist()
        else:
            columns[name] = [value.tolist() for value in column]
    return columns


def _of_pyradiosky(model) -> SkyModel:
    if model.component_type != "point":
        raise UsageError(
            f"a pyradiosky SkyModel of component type {model.component_type!r} is a map, not sources: convert it with "
            "healpix_to_point() first"
        )
    stokes = model.stokes.to_value("Jy")
    if stokes.shape[1] != 1:
        raise UsageError(
            f"a pyradiosky SkyModel with {stokes.shape[1]} frequencies has no law between them: give one of spectral type "
            "flat or spectral_index, or of one frequency"
        )
    alpha = reference = None
    if model.spectral_type == "spectral_index":
        alpha, reference = model.spectral_index, model.reference_frequency.to_value("Hz")
    elif model.spectral_type == "flat":
        alpha = 0.0
    elif model.freq_array is not None:
        reference = float(model.freq_array.to_value("Hz").ravel()[0])
    position = model.skycoord.icrs
    return SkyModel(
        position.ra.deg, position.dec.deg, stokes[0, 0], q_jy=stokes[1, 0], u_jy=stokes[2, 0], v_jy=stokes[3, 0],
        alpha=alpha, ref_hz=reference, name=[str(n) for n in model.name] if model.name is not None else None,
        frame="icrs",
    )  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Held:
    """A sky in memory, as its table of text: what is sent to other processes."""

    name: str
    text: str

    def __repr__(self) -> str:
        return self.name


def held(sky) -> Held:
    """The table of whatever sky a caller holds."""
    if isinstance(sky, Held):
        return sky
    if hasattr(sky, "component_type") and hasattr(sky, "stokes"):
        kind, table = "pyradiosky SkyModel", _of_pyradiosky(sky).table()
    elif isinstance(sky, SkyModel):
        kind, table = "SkyModel", sky.table()
    elif hasattr(sky, "colnames"):
        kind, table = "Table", _of_astropy(sky)
    elif hasattr(sky, "iloc") and hasattr(sky, "columns"):
        kind, table = "DataFrame", {str(name): sky[name].tolist() for name in sky.columns}
    elif isinstance(getattr(sky, "dtype", None), np.dtype) and sky.dtype.names:
        kind, table = "array", {name: sky[name].tolist() for name in sky.dtype.names}
    elif isinstance(sky, Mapping):
        kind, table = "columns", {str(name): np.atleast_1d(values).tolist() for name, values in sky.items()}
    elif isinstance(sky, Source):
        kind, table = "source", SkyModel.from_sources([sky]).table()
    elif isinstance(sky, Iterable) and not isinstance(sky, (str, bytes)):
        kind, table = "list", SkyModel.from_sources(list(sky)).table()
    else:
        raise TypeError(
            f"a catalogue is a path, a SkyModel, a DataFrame, an astropy Table, a pyradiosky SkyModel or a list of sources, "
            f"not {type(sky).__name__}"
        )
    return Held(f"(in memory: {kind})", _text(table))

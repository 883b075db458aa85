"""The DSA-110 pipeline's own functions, with this package underneath.

Each has the name, the arguments and the return value of its namesake in ``dsa110_contimg`` (``calibration/skymodels.py``,
``calibration/model.py``, and the block of ``imaging/cli_imaging.py`` that seeds MODEL_DATA), so that it is swapped in by an
import; docs/dsa110.md shows the lines. No container, WSClean, CASA or pyradiosky is needed; every row is predicted about the
phase centre of its own field.
"""

import logging
import os
from typing import Any, Optional, Union

from .core import predict, predict_image, query
from .errors import CatalogError
from .report import Report
from .skymodel import SkyModel

__all__ = ["ft_from_cl", "make_nvss_component_cl", "make_point_cl", "seed_model_data", "write_point_model_with_ft"]

_log = logging.getLogger("nvss_predict.dsa110")

#: Of the surveys of the unified catalogue, that of the highest priority first.
UNIFIED = ("FIRST", "RACS", "NVSS")

#: The first line of a component list of ours.
_FIRST_LINE = "# nvss-predict component list"


def _hertz(freq_ghz: Union[float, str]) -> float:
    """A frequency [Hz], given as a number [GHz] or a text with a unit."""
    if not isinstance(freq_ghz, str):
        return float(freq_ghz) * 1e9
    text = freq_ghz.strip().lower()
    for unit, size in (("ghz", 1e9), ("mhz", 1e6), ("khz", 1e3), ("hz", 1.0)):
        if text.endswith(unit):
            return float(text[: -len(unit)]) * size
    return float(text) * 1e9


def _variable(catalog: str) -> str:
    """The environment variable that names the file of a survey."""
    return f"{catalog.upper().replace('-', '_').replace(' ', '_')}_CATALOG"


def _path(catalog: str) -> str:
    """A catalogue's path: itself, or what the variable of a survey's name names."""
    if os.path.exists(catalog):
        return catalog
    named = os.environ.get(_variable(catalog))
    if named:
        return named
    raise CatalogError(
        f"{catalog}: neither a file nor a survey whose file the environment variable {_variable(catalog)} names"
    )


def _write_list(model: SkyModel, out_path, what: str) -> str:
    """Writes sources as a component list; returns its path. What was there before is replaced once it is whole."""
    out = os.fspath(out_path)
    if os.path.isdir(out):
        raise IsADirectoryError(f"{out} is a directory (a CASA component list?): give another path, or remove it")
    part = f"{out}.part{os.getpid()}"
    with open(part, "w", encoding="utf-8") as file:
        file.write(f"{_FIRST_LINE}: {what}\n{model.to_csv()}")
    os.replace(part, out)
    return out


def make_nvss_component_cl(
    center_ra_deg: float,
    center_dec_deg: float,
    radius_deg: float,
    *,
    min_mjy: float = 10.0,
    freq_ghz: Union[float, str] = 1.4,
    catalog: str = "nvss",
    out_path: str,
) -> str:
    """Write the NVSS sources about a position as a component list for :func:`ft_from_cl`; returns its path.

    ``catalog`` is a survey's name, whose file the variable ``NVSS_CATALOG`` (``FIRST_CATALOG`` ...) names, or a file. The list
    is a CSV file, not a CASA table. As in the pipeline, the flux densities are taken to be those at ``freq_ghz`` and flat.
    """
    found = query(_path(catalog), (float(center_ra_deg), float(center_dec_deg)), float(radius_deg), min_flux=min_mjy / 1e3)
    model = SkyModel(found.ra_deg, found.dec_deg, found.flux_jy, alpha=0.0, ref_hz=_hertz(freq_ghz))
    what = f"{catalog}, {min_mjy:g} mJy within {radius_deg:g} deg of {center_ra_deg:.6f} {center_dec_deg:+.6f}"
    _log.info("%d sources of %s", len(model), what)
    return _write_list(model, out_path, what)


def make_point_cl(
    name: str, ra_deg: float, dec_deg: float, *, flux_jy: float, freq_ghz: Union[float, str] = 1.4, out_path: str
) -> str:
    """Write one point source of a flat spectrum as a component list for :func:`ft_from_cl`; returns its path."""
    model = SkyModel([ra_deg], [dec_deg], [flux_jy], alpha=0.0, ref_hz=_hertz(freq_ghz), name=[str(name)])
    return _write_list(model, out_path, str(name))


def _fields(field: Optional[str]) -> Optional[str]:
    """FIELD_IDs in CASA's manner; none, and the empty text, are all fields."""
    text = "" if field is None else str(field).strip()
    return text.replace(" ", "") or None


def ft_from_cl(ms_target: str, cl_path: str, *, field: str = "0", usescratch: bool = True, **options: Any) -> None:
    """Predict a component list into MODEL_DATA, as CASA's ``ft`` does.

    ``field`` are FIELD_IDs (``"0"``, ``"0~23"``; ``""`` for all); other rows stay as they are, zero in a new column. The list
    is one of this module, or anything else that is a catalogue. No primary beam is applied, as ``ft`` applies none, unless
    ``beam`` says so; other ``options`` are those of :func:`nvss_predict.predict`, too. CASA's virtual model, which would hide
    the column, is removed. ``usescratch=False``, a virtual model instead of a column, is refused.
    """
    if not usescratch:
        raise ValueError("usescratch=False asks for a virtual model; nvss_predict writes the column MODEL_DATA")
    if os.path.isdir(cl_path):
        raise CatalogError(f"{cl_path}: a CASA component list; make it with nvss_predict.dsa110, which writes text")
    with open(cl_path, encoding="utf-8", errors="replace") as file:
        ours = file.readline().startswith(_FIRST_LINE)
    settled = {"beam": "none", "delmod": True, **({"format": "csv", "radius": "all"} if ours else {})}
    predict(ms_target, cl_path, **{**settled, "fields": _fields(field), **options})


def write_point_model_with_ft(
    ms_path: str,
    ra_deg: float,
    dec_deg: float,
    flux_jy: float,
    *,
    reffreq_hz: float = 1.4e9,
    spectral_index: Optional[float] = None,
    field: Optional[str] = None,
    use_manual: bool = True,
    **options: Any,
) -> None:
    """Write the visibilities of one point source into MODEL_DATA.

    Of all fields, or those of ``field``; other rows stay as they are, zero in a new column. Without ``spectral_index`` the
    source is flat. Whatever ``use_manual`` says, each row is predicted about its own field's centre with the whole phase
    u l + v m + w (n − 1). CORRECTED_DATA is left alone. Other ``options`` are those of :func:`nvss_predict.predict`.
    """
    del use_manual  # The choice between two approximations: there is none to make.
    model = SkyModel([ra_deg], [dec_deg], [flux_jy], alpha=spectral_index or 0.0, ref_hz=reffreq_hz)
    predict(ms_path, model, **{"beam": "none", "delmod": True, "fields": _fields(field), **options})


def seed_model_data(
    ms_path: str,
    *,
    unicat_min_mjy: Optional[float] = None,
    nvss_min_mjy: Optional[float] = None,
    radius_deg: Optional[float] = None,
    pbcor: bool = True,
    pblimit: float = 0.2,
    calib_ra_deg: Optional[float] = None,
    calib_dec_deg: Optional[float] = None,
    calib_flux_jy: Optional[float] = None,
    field: Optional[str] = None,
    catalog: Optional[str] = None,
    match_radius_arcsec: float = 5.0,
    **options: Any,
) -> Optional[Report]:
    """Seed MODEL_DATA as the block of ``image_ms`` does; returns the report, or ``None`` where nothing is asked for.

    A calibrator (``calib_ra_deg``, ``calib_dec_deg``, ``calib_flux_jy``), flat, comes first: it alone is the model where it
    lies within 1.05 ``radius_deg`` of a field centre. Else ``unicat_min_mjy`` (or ``nvss_min_mjy``, its old name) asks for the
    unified catalogue down to so many mJy: FIRST before RACS before NVSS, as far as the variables ``FIRST_CATALOG``,
    ``RACS_CATALOG`` and ``NVSS_CATALOG`` name files, or ``catalog`` alone. Sources are taken within ``radius_deg`` [deg] of any
    field centre (for ``image_ms``: half of the image's diagonal); where ``pbcor``, no further than where the primary beam
    falls to ``pblimit``.

    Unlike the block, it says what went wrong: errors are raised. The flux densities are the catalogue's, without the beam,
    as the block has them; ``beam="auto"`` among the ``options`` (those of :func:`nvss_predict.predict`) gives what the array
    sees, which is what a self-calibration should be seeded with.
    """
    options = {"beam": "none", "delmod": True, "fields": _fields(field), **options}
    if calib_ra_deg is not None and calib_dec_deg is not None and (calib_flux_jy or 0) > 0:
        model = SkyModel([calib_ra_deg], [calib_dec_deg], [calib_flux_jy], alpha=0.0)
        near = {} if radius_deg is None else {"radius": 1.05 * radius_deg}
        plan = predict(ms_path, model, **{**options, **near, "dry_run": True})
        if plan.catalogue.selected:
            return predict(ms_path, model, **{**options, **near})
        _log.info("the calibrator lies outside the field: not seeded")
    least = nvss_min_mjy if unicat_min_mjy is None else unicat_min_mjy
    if least is None:
        return None
    options["min_flux"] = float(least) / 1e3
    if catalog is None:
        surveys = {name: os.environ[_variable(name)] for name in UNIFIED if os.environ.get(_variable(name))}
        if not surveys:
            raise CatalogError(f"no unified catalogue: set {', '.join(map(_variable, UNIFIED))}, or give catalog=")
        catalog = list(surveys.values())[-1]
        if len(surveys) > 1:
            options = {"merge": surveys, "match_radius": match_radius_arcsec, **options}
    limit = _beam_radius_deg(ms_path, catalog, pblimit, options) if pbcor and pblimit > 0 else None
    radii = [radius for radius in (radius_deg, limit) if radius is not None]
    return predict(ms_path, catalog, **({"radius": min(radii)} if radii else {}), **options)


def _predict_model_wsclean(ms_path: str, model_prefix: str, wsclean_path: Optional[str] = None) -> bool:
    """Predict the model images of an imaging round, ``model_prefix-model.fits``, into MODEL_DATA; returns whether it went well.

    As its namesake in ``selfcal.py``, which runs ``wsclean -predict -reorder -name model_prefix ms_path``: it raises nothing,
    and the reason of a failure is logged. ``wsclean_path`` is not used, for no WSClean is.
    """
    single = f"{os.fspath(model_prefix)}-model.fits"
    images: dict = {"image": single} if os.path.exists(single) else {"prefix": model_prefix}
    try:
        predict_image(ms_path, **images, spectrum="stepped", extrapolate=True, delmod=True)
    except Exception as error:
        _log.error("prediction of %s failed: %s", model_prefix, error)
        return False
    return True


def _beam_radius_deg(ms_path: str, catalog: str, pblimit: float, options: dict) -> Optional[float]:
    """How far from the axis the telescope's beam falls to ``pblimit`` at the lowest channel [deg]."""
    seen = {"fields": options.get("fields"), "beam_limit": pblimit, "dry_run": True, "max_sources": 0}
    beam = options["beam"] if options["beam"] != "none" else "auto"
    return predict(ms_path, catalog, beam=beam, **seen).catalogue.radius_deg

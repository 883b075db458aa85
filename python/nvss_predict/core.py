"""Predictions, queries and states: the command's, as functions."""

import json
import logging
import os
from typing import Any, Optional

from . import _native, _options
from .report import Preflight, Record, Report, Status, parsed
from .skymodel import SkyModel, held

_log = logging.getLogger("nvss_predict")


def predict(
    ms,
    catalog,
    *,
    column: str = "MODEL_DATA",
    mode: str = "replace",
    beam: str = "auto",
    min_flux=None,
    radius=None,
    max_sources: Optional[int] = None,
    pointing=None,
    beam_limit: Optional[float] = None,
    min_apparent=None,
    smear=None,
    feed_rotation=None,
    apply_gains=None,
    only=None,
    exclude=None,
    add_source=None,
    light_curve=None,
    calibrator=None,
    calibrator_image=None,
    flux_scale: Optional[str] = None,
    patches=None,
    patch_column=None,
    merge=None,
    spectra_from=None,
    match_radius=None,
    require_sources: bool = False,
    format: Optional[str] = None,
    frame: Optional[str] = None,
    alpha: Optional[float] = None,
    ref_freq=None,
    pa_frame: Optional[str] = None,
    flux_column: Optional[str] = None,
    flux_unit: Optional[str] = None,
    polarization: bool = False,
    strict: bool = False,
    sqlite_sizes: bool = False,
    no_cache: bool = False,
    fields=None,
    spws=None,
    engine: Optional[str] = None,
    writer: Optional[str] = None,
    threads: Optional[int] = None,
    memory=None,
    page_cache: Optional[str] = None,
    check: Optional[int] = None,
    epsilon: Optional[float] = None,
    lock_timeout=None,
    timeout=None,
    stall_timeout=None,
    resume: bool = False,
    delmod: bool = False,
    dry_run: bool = False,
    report=None,
    progress=None,
    **more: Any,
) -> Report:
    """Predict a sky into the model column of a MeasurementSet.

    Every option of ``nvss-predict`` is an argument of the same name, with its default, but for ``beam``: here the primary
    beam is applied (``"auto"``: by telescope and dishes) unless ``beam="none"`` says otherwise. Values are texts as one would
    type them (``"10mJy"``, ``"1.5deg"``), plain numbers in the unit given here, or astropy Quantities.

    Parameters
    ----------
    ms : path
        The MeasurementSet.
    catalog : path or sky
        A catalogue in any form that the command reads, or the word ``"NVSS"``; or a sky in memory: a
        :class:`~nvss_predict.SkyModel`, a pandas DataFrame, an astropy Table, a mapping of columns (with the names that CSV
        files have), a pyradiosky SkyModel, or a list of :class:`~nvss_predict.Source` or dictionaries.
    column : str
        The column to fill; made if it is missing.
    mode : {"replace", "add", "subtract"}
        What becomes of its values.
    beam : str
        ``"auto"``, ``"none"``, ``"airy:4.65"``, ``"dsa110"``, a file ...; see ``nvss-predict --help``.
    min_flux : [Jy]
        The faintest source taken, at the catalogue's frequency.
    radius : [deg] or "all"
        How far from any field centre sources are taken; by default as the command.
    max_sources : int
        Take the brightest, as the beam shows them.
    pointing : "field", "table", "meridian", (ra, dec) [deg] or SkyCoord
        Where the antennas look.
    beam_limit : float
        The least power, relative to the beam's axis, with which a source is seen.
    min_apparent : [Jy]
        The faintest source taken, as the beam shows it.
    smear : bool, "both", "bandwidth" or "time"
        Average the model as the data are.
    only, exclude : text, path, (ra, dec, radius) [deg], or a list of these
        Circles and region files.
    add_source : text, (ra, dec, flux[, alpha[, freq]]), Source, or a list of these
        Sources put in by hand [deg, Jy, Hz].
    light_curve : path or list of paths
        CSV files of times and flux densities, for the sources of ``add_source`` in their order.
    calibrator : text or list
        Calibrators of flux density by name (``"3C286"``), on the ``flux_scale`` (``"perley-butler-2017"``).
    calibrator_image : path or list of paths
        Model images (FITS) of the calibrators, in their order.
    patches : list of names
        The patches of the list to take; all by default.
    patch_column : {"PATCH" or "PATCH,PATCH": column}
        Patches that go into a column of their own each, instead of all into ``column``; ``others`` of the report tells of
        those after the first.
    feed_rotation : "off", "auto" or "on"
        Whether feeds turn with the parallactic angle.
    apply_gains : path or list of paths
        CASA calibration tables, or H5parm files (``"FILE:tec000,phase001"`` names their tables), whose gains the model is given.
    merge, spectra_from : list or {survey: path}
        Surveys that are merged, and that serve spectral indices.
    match_radius : [arcsec]
        The angle within which sources are the same.
    require_sources : bool
        Raise :class:`~nvss_predict.NoSourcesError` where no source is selected.
    format, frame, alpha, ref_freq [Hz], pa_frame, flux_column, flux_unit, polarization, strict, sqlite_sizes, no_cache
        How the catalogue is read.
    fields, spws : text ("0,3,5~7") or ints
        The rows to predict.
    engine, writer, threads, memory [bytes], page_cache, check, epsilon
        How it is computed, written and checked.
    lock_timeout : [s]
        How long to wait for the lock of the MeasurementSet (30).
    timeout : [s]
        How long the whole run may take. It stops at the next block then; a run that does not stop within 3 s more is left
        behind in its thread.
    stall_timeout : [s]
        How long the run may be without progress (120; 0: for ever). Where a system call does not return, as on a dead NFS or
        FUSE file system, :class:`~nvss_predict.StalledError` says which and where; its thread is left behind, and the
        MeasurementSet cannot be used by this process until that comes back.
    resume : bool
        Go on with a run that was killed, from the last rows that had reached the disk; it must be the same prediction.
    delmod : bool
        Remove CASA's virtual model.
    dry_run : bool
        Only plan.
    report : path
        Write the report there, too, as JSON.
    progress : bool or callable
        True shows a tqdm bar; a callable is called with (rows written, rows in all).

    Returns
    -------
    Report
        What was done; ``report.complete``, ``report.catalogue.selected``, ``report.check.rms`` ...

    Raises
    ------
    nvss_predict.Error
        One of its kinds, with the text of the command. The MeasurementSet opens after each of them, and
        :func:`status` tells what to think of its column.
    KeyboardInterrupt
        Within a second of Ctrl-C; the column is marked incomplete if anything was written.
    """
    options = {
        name: value
        for name, value in {**locals(), **more}.items()
        if name not in ("ms", "catalog", "progress", "more")
    }
    words, arguments, text = _request(ms, catalog, options)
    return _run(progress, words, arguments, text)


def _run(progress, *request) -> Report:
    """Makes a prediction, and hears it."""
    with _Watch(progress) as watch:
        found, said = _native.predict(*request[:3], watch, *request[3:])
    result = parsed(found)
    result.text = watch.plan + said
    for line in said.splitlines():
        _log.info("%s", line)
    return result


def predict_image(
    ms,
    prefix=None,
    *,
    image=None,
    spectrum: str = "fit",
    spectral_terms: Optional[int] = None,
    extrapolate: bool = False,
    column: str = "MODEL_DATA",
    mode: str = "replace",
    beam: str = "none",
    pointing=None,
    smear=None,
    feed_rotation=None,
    apply_gains=None,
    fields=None,
    spws=None,
    engine: Optional[str] = None,
    writer: Optional[str] = None,
    threads: Optional[int] = None,
    memory=None,
    page_cache: Optional[str] = None,
    check: Optional[int] = None,
    epsilon: Optional[float] = None,
    lock_timeout=None,
    timeout=None,
    stall_timeout=None,
    resume: bool = False,
    delmod: bool = False,
    dry_run: bool = False,
    report=None,
    progress=None,
    **more: Any,
) -> Report:
    """Predict model images (FITS) into the model column of a MeasurementSet, as ``nvss-predict image`` does.

    Parameters
    ----------
    ms : path
        The MeasurementSet.
    prefix : path
        What the images' names begin with: ``PREFIX[-NNNN][-POL[i]]-model[-pb].fits`` as WSClean writes them, or
        ``PREFIX-term-N.fits`` and ``PREFIX[.model].ttN.fits``; or one image.
    image : path or list of paths
        The images themselves, instead of a prefix: channels, Stokes parameters or correlations, Taylor terms, a cube.
    spectrum : {"fit", "stepped"}
        What lies between the images of channels: a logarithmic polynomial of each pixel, or the image whose band a channel
        lies in, as WSClean has it.
    spectral_terms : int
        Terms of the fit; by default as many as images, up to 4.
    extrapolate : bool
        Predict frequencies outside of the images, too.
    beam : str
        The primary beam, for images of the true sky (``-pb``); by default none, for images as the array sees the sky.

    All others are those of :func:`predict`, which see; it returns and raises the same.
    """
    options = {
        name: value
        for name, value in {**locals(), **more}.items()
        if name not in ("ms", "prefix", "image", "progress", "more")
    }
    if (prefix is None) == (image is None):
        raise TypeError("predict_image() needs either a prefix or image=")
    ms = os.fsdecode(ms)
    if image is None:
        sky: Any = os.fsdecode(prefix)
        words = ["--", ms, sky]
    else:
        files = [image] if isinstance(image, (str, bytes, os.PathLike)) else list(image)
        sky = [os.fsdecode(one) for one in files]
        words = [f"--image={one}" for one in sky] + ["--", ms]
    arguments = _options.call(ms, repr(sky), options, "predict_image")
    return _run(progress, [*_options.words(options, images=True), *words], arguments, None, True)


def _request(ms, catalog, options) -> tuple:
    """The words of a prediction, the call for its provenance, and the catalogue's text where it is in memory."""
    ms = os.fsdecode(ms)
    text = None
    if isinstance(catalog, (str, bytes, os.PathLike)):
        sky = os.fsdecode(catalog)
        shown = repr(sky)
    else:
        table = held(catalog)
        sky = shown = table.name
        text = table.text
    words = [*_options.words(options), "--", ms, sky]
    return words, _options.call(ms, shown, options), text


class _Watch:
    """Hears a run: plan and warnings go to the log, progress to who wants it."""

    def __init__(self, progress):
        self.plan = ""
        self._show = progress if callable(progress) else None
        self._wants_bar = bool(progress) and self._show is None
        self._bar = None

    def __enter__(self):
        if self._wants_bar:
            from tqdm.auto import tqdm

            self._bar = tqdm(unit=" rows", unit_scale=True, leave=False)
        return self

    def __exit__(self, *_):
        if self._bar is not None:
            self._bar.close()

    def warning(self, text: str) -> None:
        _log.warning("%s", text)

    def planned(self, text: str) -> None:
        self.plan += text
        for line in text.splitlines():
            _log.info("%s", line)

    def progress(self, rows: int, of: int, _bytes: int) -> None:
        if self._show is not None:
            self._show(rows, of)
        elif self._bar is not None:
            self._bar.total = of
            self._bar.update(rows - self._bar.n)


def query(
    catalog,
    centre,
    radius,
    *,
    min_flux=None,
    max_sources: Optional[int] = None,
    sort: str = "flux",
    read_as: Optional[str] = None,
    frame: Optional[str] = None,
    ref_freq=None,
    pa_frame: Optional[str] = None,
    flux_column: Optional[str] = None,
    flux_unit: Optional[str] = None,
    sqlite_sizes: bool = False,
    strict: bool = False,
    no_cache: bool = False,
) -> SkyModel:
    """The sources of a catalogue about a position, as ``nvss-predict catalog query`` prints them.

    Parameters
    ----------
    catalog : path
        A catalogue in any form that the command reads, or the word ``"NVSS"``.
    centre : (ra, dec) [deg], text ("09:55:16.67 +39:35:48.4"), or SkyCoord
        The position, in J2000.
    radius : [deg], text ("30arcmin"), Quantity or "all"
        How far from it.
    min_flux : [Jy]
        The faintest source.
    max_sources : int
        No more than the first so many.
    sort : {"flux", "separation"}
        The brightest, or the nearest, first.

    Returns
    -------
    SkyModel
        In J2000; it can be given to :func:`predict`. ``found.details`` has a dictionary for each source of all that the
        catalogue says of it (errors, limits, survey, ``separation_deg``), ``found.origin`` the catalogue's digest and notes.
    """
    words = [f"--centre={_options.place(centre)}", "--format=json"]
    for name, value in dict(
        radius=radius, min_flux=min_flux, max_sources=max_sources, sort=sort, read_as=read_as, frame=frame,
        ref_freq=ref_freq, pa_frame=pa_frame, flux_column=flux_column, flux_unit=flux_unit,
    ).items():  # fmt: skip
        if value is not None:
            words.append(f"--{name.replace('_', '-')}={_options.spelt(name, value)}")
    flags = dict(sqlite_sizes=sqlite_sizes, strict=strict, no_cache=no_cache)
    words += [f"--{name.replace('_', '-')}" for name, wanted in flags.items() if wanted]
    found = json.loads(_native.query([*words, "--", os.fsdecode(catalog)]))
    sources = found.pop("sources")
    return _found(sources, found)


def _found(sources: list, origin: dict) -> SkyModel:
    def all_of(key):
        values = [source[key] for source in sources]
        return values if any(value not in (None, 0.0) for value in values) else None

    terms = [source["terms"] for source in sources]
    alpha = [None if not term else term[0] if len(term) == 1 else term for term in terms]
    model = SkyModel(
        [source["ra_deg"] for source in sources],
        [source["dec_deg"] for source in sources],
        [source["i_jy"] for source in sources],
        alpha=alpha if any(value is not None for value in alpha) else None,
        **{
            key: all_of(key)
            for key in ("ref_hz", "q_jy", "u_jy", "v_jy", "major_arcsec", "minor_arcsec", "name")
        },
        pa_deg=[source["pa_deg"] for source in sources] if all_of("major_arcsec") else None,
    )
    model.details = [Record(source) for source in sources]
    model.origin = Record(origin)
    return model


def status(
    ms,
    column: str = "MODEL_DATA",
    *,
    deep: bool = False,
    lock_timeout: float = 30.0,
    stall_timeout: float = 120.0,
) -> Status:
    """Whether a model column can be trusted, and where it came from, as ``nvss-predict status`` tells.

    With ``deep``, all of a complete column is read, and ``status.deep.matches`` tells whether it holds what was written (None
    where no digest was kept). Another thread of this process that writes the MeasurementSet is waited for, up to
    ``lock_timeout`` [s]; :class:`~nvss_predict.StalledError` is raised where a system call does not return within
    ``stall_timeout`` [s] (0: for ever).
    """
    found = _native.status(os.fsdecode(ms), column, bool(deep), float(lock_timeout), float(stall_timeout))
    return Status(json.loads(found, object_pairs_hook=Record))


def check(
    ms,
    catalog=None,
    *,
    column: str = "MODEL_DATA",
    beam: str = "auto",
    lock_timeout: float = 5.0,
    stall_timeout: float = 120.0,
    **options: Any,
) -> Preflight:
    """What stands in the way of a prediction, as ``nvss-predict check`` tells. Nothing is written.

    Parameters
    ----------
    ms : path
        The MeasurementSet: can it be opened, locked and written, is what it says of itself sound?
    catalog : path, optional
        What would be predicted, and in how long.
    column : str
        The column that would be filled.
    beam, **options
        Those of :func:`predict` that choose the sky.
    lock_timeout, stall_timeout : [s]
        How long to wait for the lock, and for a system call that does not return.

    Returns
    -------
    Preflight
        True where nothing stands in the way; ``print`` it.
    """
    ms = os.fsdecode(ms)
    chosen = dict(options, column=column, beam=beam, lock_timeout=lock_timeout, stall_timeout=stall_timeout)
    words = [*_options.words(chosen), "--", ms, *([] if catalog is None else [os.fsdecode(catalog)])]
    found, said = _native.check(words, ms, float(lock_timeout), float(stall_timeout))
    result = Preflight(json.loads(found, object_pairs_hook=Record))
    result.text = said
    return result


def make_demo_ms(
    path, *, antennas: int = 20, times: int = 24, windows: int = 1, channels: int = 64, full: bool = False
) -> Record:
    """Make a DSA-110 drift scan: one field for each time, XX and YY, no model.

    ``full`` makes one of full size (96 antennas, 768 channels, 3 GB). Nothing is overwritten. Returns ``path``, ``rows`` and
    ``centres``, the phase centres as (ra, dec) [deg].
    """
    size = (96, 24, 1, 768) if full else (antennas, times, windows, channels)
    rows, centres = _native.make_demo_ms(os.fsdecode(path), *size)
    return Record(path=os.fsdecode(path), rows=rows, centres=centres)


def demo_catalog(path) -> str:
    """Write the real NVSS sources in the field of :func:`make_demo_ms`, at 1.4 GHz, to ``path`` as CSV; returns ``path``."""
    path = os.fsdecode(path)
    with open(path, "w", encoding="utf-8") as file:
        file.write(_native.DEMO_CATALOGUE)
    return path

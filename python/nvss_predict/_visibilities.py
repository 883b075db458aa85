"""Visibilities of arrays, without a MeasurementSet."""

from typing import Optional

import numpy as np

from . import _native
from .errors import UsageError

#: casacore's codes of the correlations.
_CODES = dict(I=1, Q=2, U=3, V=4, RR=5, RL=6, LR=7, LL=8, XX=9, XY=10, YX=11, YY=12)


def visibilities(
    uvw,
    freq,
    lm,
    stokes,
    *,
    gaussians=None,
    correlations=None,
    out=None,
    dtype=None,
    engine: str = "auto",
    epsilon: float = 1e-6,
    threads: Optional[int] = None,
):
    """The visibilities of sources, out of and into NumPy arrays.

    V(row, ν) = Σ S(ν) · G(u, v; ν) · exp(+2πi ν/c (u l + v m + w (n − 1)))

    Parameters
    ----------
    uvw : (row, 3) [m]
        Baselines, as a MeasurementSet has them.
    freq : (chan,) [Hz]
        Channels, in any order and spacing.
    lm : (source, 2) or (source, 3)
        Direction cosines about the phase centre, l towards east and m towards north; a third column is **n − 1** for those
        who know it better than 1 − √(1 − l² − m²) tells.
    stokes : (source,), (source, chan) or (source, chan, 1 to 4) [Jy]
        Flux densities: I alone; or I, Q, U, V along the last axis, whose channel axis may have length 1.
    gaussians : (source, 3) [rad]
        Full widths at half maximum of the major and minor axis, and the position angle of the major axis from north (m)
        through east (l); a major axis of 0 is a point.
    correlations : text or list
        ``"XX,YY"``, ``["RR", "RL", "LR", "LL"]``, ``"I"`` ...: the result gets a last axis of these. Without it, the result
        is that of I.
    out : (row, chan[, correlation]), complex64 or complex128
        An array to write into, in C order; made if it is not given.
    dtype : numpy.complex64 or numpy.complex128
        complex64 (the default) is the engines of a prediction. complex128 is the plain sum in double precision: as exact as
        its numbers, and hundreds of times slower.
    engine : {"auto", "direct", "delay-fft", "nufft3d"}
        For complex64: the direct sum (rms error some 2e-7 of rms \\|V\\|), transforms of delays to ``epsilon``,
        transforms of the sky (thousands of points or more) to ``epsilon``, or whichever costs least.
    epsilon : float
        The rms error of the transforms relative to rms \\|V\\|, 1e-6 to 1e-2.
    threads : int
        One for each core unless given.

    Returns
    -------
    numpy.ndarray
        ``out``. Arrays that are C-contiguous and of the right type (float64; float32 flux densities for complex64) are used
        where they are, without a copy. The GIL is released: other threads should leave ``out`` alone meanwhile.
    """
    uvw, freq, lm = _plain(uvw), np.atleast_1d(_plain(freq)), _plain(lm)
    if uvw.ndim != 2 or uvw.shape[1] != 3:
        raise UsageError(f"uvw has the shape {uvw.shape}, not (row, 3)")
    if freq.ndim != 1:
        raise UsageError(f"freq has the shape {freq.shape}, not (chan,)")
    if lm.ndim != 2 or lm.shape[1] not in (2, 3):
        raise UsageError(f"lm has the shape {lm.shape}, not (source, 2) or (source, 3)")
    codes, scalar = _codes(correlations)
    shape = (len(uvw), len(freq)) if scalar else (len(uvw), len(freq), len(codes))
    if out is None:
        out = np.empty(shape, np.dtype(dtype or np.complex64))
    elif out.shape != shape or not out.flags.c_contiguous or (dtype is not None and out.dtype != dtype):
        raise UsageError(f"out has the shape {out.shape}, {out.dtype}; needed is {shape}, in C order")
    if out.dtype not in (np.complex64, np.complex128):
        raise UsageError(f"visibilities are complex64 or complex128, not {out.dtype}")
    double = out.dtype == np.complex128
    spectra = _spectra(stokes, len(lm), len(freq), np.float64 if double else np.float32)
    if gaussians is not None:
        gaussians = _plain(gaussians)
        if gaussians.shape != (len(lm), 3):
            raise UsageError(f"gaussians has the shape {gaussians.shape}, not ({len(lm)}, 3)")
    _native.visibilities(
        uvw, freq, _lmn(lm), spectra, gaussians, codes, engine, float(epsilon), threads, out.reshape(*shape[:2], len(codes))
    )
    return out


def _plain(values):
    return np.ascontiguousarray(values, dtype=np.float64)


def _codes(correlations) -> tuple:
    if correlations is None:
        return [1], True
    names = correlations.replace(",", " ").split() if isinstance(correlations, str) else correlations
    try:
        return [_CODES[name.upper()] if isinstance(name, str) else int(name) for name in names], False
    except KeyError as error:
        raise UsageError(f"no correlation {error}: use {', '.join(_CODES)}") from None


def _lmn(lm):
    """l, m and n − 1, of which the last loses no digits near the centre."""
    if lm.shape[1] == 3:
        return lm
    squares = lm[:, 0] ** 2 + lm[:, 1] ** 2
    if np.any(squares > 1.0):
        raise UsageError(f"source {int(np.argmax(squares > 1.0))}: l² + m² is above 1")
    return np.ascontiguousarray(np.column_stack((lm, -squares / (1.0 + np.sqrt(1.0 - squares)))))


def _spectra(stokes, sources: int, channels: int, dtype):
    """(Stokes, source, channel), of the one array if it is that already."""
    stokes = np.asarray(stokes)
    if stokes.ndim == 1:
        stokes = stokes[:, None]
    if stokes.ndim == 2:
        stokes = stokes[:, :, None]
    fits = stokes.ndim == 3 and stokes.shape[0] == sources and stokes.shape[1] in (1, channels)
    if not fits or not 1 <= stokes.shape[2] <= 4:
        raise UsageError(
            f"stokes has the shape {stokes.shape}, not ({sources},), ({sources}, {channels}) or ({sources}, {channels} or 1, "
            "1 to 4)"
        )
    planes = np.moveaxis(stokes, 2, 0)
    return np.ascontiguousarray(np.broadcast_to(planes, (planes.shape[0], sources, channels)), dtype=dtype)

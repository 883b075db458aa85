"""Visibilities of arrays, against a plain sum in NumPy."""

import numpy as np
import pytest

import nvss_predict
from nvss_predict import visibilities

C = 299792458.0


def setup(rows=50, channels=7, sources=20, seed=1):
    rng = np.random.default_rng(seed)
    uvw = rng.normal(size=(rows, 3)) * 500
    freq = np.linspace(1.3e9, 1.5e9, channels)
    lm = rng.normal(size=(sources, 2)) * 0.01
    return rng, uvw, freq, lm


def plain(uvw, freq, lm, flux, gaussians=None):
    """The sum itself, (row, chan), of flux (source, chan)."""
    l, m = lm.T
    n1 = np.sqrt(1 - l**2 - m**2) - 1
    delay = uvw @ np.array([l, m, n1])
    term = np.exp(2j * np.pi * delay[:, None, :] * freq[None, :, None] / C)
    if gaussians is not None:
        major, minor, angle = gaussians.T
        u, v = uvw[:, :1], uvw[:, 1:2]
        along, across = u * np.sin(angle) + v * np.cos(angle), u * np.cos(angle) - v * np.sin(angle)
        size = ((major * along) ** 2 + (minor * across) ** 2)[:, None, :] * (freq[None, :, None] / C) ** 2
        term = term * np.exp(-(np.pi**2) / (4 * np.log(2)) * size)
    return np.einsum("rcs,sc->rc", term, np.broadcast_to(flux, (lm.shape[0], len(freq))))


def error(a, b):
    return np.sqrt(np.mean(np.abs(a - b) ** 2) / np.mean(np.abs(b) ** 2))


@pytest.mark.parametrize("engine", ["auto", "direct", "delay-fft", "nufft3d"])
def test_points_in_single_precision(engine):
    rng, uvw, freq, lm = setup(sources=300)
    flux = rng.uniform(0.1, 1, 300)
    found = visibilities(uvw, freq, lm, flux, engine=engine)
    assert found.dtype == np.complex64 and found.shape == (50, 7)
    assert error(found, plain(uvw, freq, lm, flux[:, None])) < 2e-6


def test_double_precision_is_exact():
    rng, uvw, freq, lm = setup()
    flux = rng.normal(size=(20, 7))
    found = visibilities(uvw, freq, lm, flux, dtype=np.complex128)
    assert error(found, plain(uvw, freq, lm, flux)) < 1e-11


def test_gaussians():
    rng, uvw, freq, lm = setup()
    gaussians = np.column_stack((rng.uniform(0, 3e-4, 20), rng.uniform(0, 1e-4, 20), rng.uniform(0, 3, 20)))
    gaussians[3] = 0
    for dtype, limit in ((np.complex64, 2e-6), (np.complex128, 1e-11)):
        found = visibilities(uvw, freq, lm, np.ones(20), gaussians=gaussians, dtype=dtype)
        assert error(found, plain(uvw, freq, lm, np.ones((20, 1)), gaussians)) < limit


def test_correlations_and_stokes():
    rng, uvw, freq, lm = setup()
    stokes = rng.normal(size=(20, 1, 4))
    i, q, u, v = (plain(uvw, freq, lm, stokes[:, :, p]) for p in range(4))
    found = visibilities(uvw, freq, lm, stokes, correlations="XX,XY,YX,YY", dtype=np.complex128)
    assert error(found, np.stack((i + q, u + 1j * v, u - 1j * v, i - q), -1)) < 1e-11
    found = visibilities(uvw, freq, lm, stokes, correlations=["RR", "RL", "LR", "LL"])
    assert error(found, np.stack((i + v, q + 1j * u, q - 1j * u, i - v), -1)) < 2e-6


def test_results_go_into_the_callers_array_without_a_copy():
    _, uvw, freq, lm = setup()
    store = np.full((60, 7, 2), np.nan, np.complex64)
    out = store[5:55]
    assert visibilities(uvw, freq, lm, np.ones(20), correlations="XX,YY", out=out) is out
    assert np.isnan(store[:5]).all() and np.isnan(store[55:]).all() and np.isfinite(out).all()
    n = np.sqrt(1 - (lm**2).sum(1)) - 1
    three = visibilities(uvw, freq, np.column_stack((lm, n)), np.ones(20))
    assert error(three, out[..., 0]) < 1e-6


def test_no_sources_are_zero_and_no_rows_are_none():
    _, uvw, freq, _ = setup()
    assert not visibilities(uvw, freq, np.zeros((0, 2)), np.zeros(0)).any()
    assert visibilities(np.zeros((0, 3)), freq, [[0, 0]], [1.0]).shape == (0, 7)


@pytest.mark.parametrize(
    "change, words",
    [
        (dict(uvw=np.zeros((4, 2))), "uvw has the shape"),
        (dict(uvw=np.full((4, 3), np.nan)), "uvw"),
        (dict(freq=[-1.0]), "channels"),
        (dict(lm=[[0.9, 0.9]]), "above 1"),
        (dict(stokes=[1.0, 2.0]), "stokes has the shape"),
        (dict(stokes=[np.inf]), "spectra"),
        (dict(correlations="XX,ZZ"), "ZZ"),
        (dict(engine="magic"), "auto, direct, delay-fft or nufft3d"),
        (dict(out=np.zeros((4, 1))), "complex"),
        (dict(out=np.zeros((3, 1), np.complex64)), "needed is"),
        (dict(gaussians=[[1.0, 2.0]]), "gaussians"),
    ],
)
def test_nonsense_is_refused(change, words):
    given = dict(uvw=np.ones((4, 3)), freq=[1e9], lm=[[0.0, 0.1]], stokes=[1.0])
    with pytest.raises(nvss_predict.UsageError, match=words):
        visibilities(**{**given, **change})

"""A whole program around a library that only computes: UVW in, MODEL_DATA out, with python-casacore.

    worker.py finufft|nu2nu|dirty2vis MS SKY.npz IMAGE.fits PIXEL_RAD EPSILON THREADS

Prints one JSON object: seconds `compute` (the library's calls and the sum of their results) and the number of `terms`.

finufft and ducc0's nu2nu take sources anywhere and visibilities anywhere (a transform of type 3 in three dimensions), but know
no spectra: S(nu) = sum over p of a_p T_p(ln nu) takes one transform for each term p. dirty2vis takes an image.
"""

import json
import sys
import time

import numpy as np
from casacore.tables import table

C = 299_792_458.0
# Visibilities of a call: finufft takes some 10 GB for these.
CALL = 12_000_000


def spectral_terms(freq, flux, alpha, reference, epsilon):
    """[term, source] Jy and [term, channel]: Chebyshev interpolation in ln nu, as few terms as reach epsilon."""
    x = np.log(freq)
    middle, half = (x.max() + x.min()) / 2, max((x.max() - x.min()) / 2, 1e-12)
    t = (x - middle) / half
    for terms in range(1, 12):
        nodes = np.cos(np.pi * (np.arange(terms) + 0.5) / terms)
        at_nodes = np.exp(np.outer(middle + half * nodes - np.log(reference), alpha))
        coefficients = np.linalg.solve(np.polynomial.chebyshev.chebvander(nodes, terms - 1), at_nodes)
        basis = np.polynomial.chebyshev.chebvander(t, terms - 1)
        exact = np.exp(np.outer(x - np.log(reference), alpha[:1000]))
        if np.abs(basis @ coefficients[:, :1000] - exact).max() < epsilon / 3:
            break
    return coefficients * flux, basis.T


def with_finufft(lmn, strengths, coordinates, epsilon, threads):
    """[term, visibility] from [axis, source], [term, source] and [axis, visibility]."""
    import finufft

    results = finufft.nufft3d3(*lmn, strengths, *coordinates, isign=1, eps=epsilon, nthreads=threads)
    return np.atleast_2d(results)


def with_nu2nu(lmn, strengths, coordinates, epsilon, threads):
    """The same."""
    import ducc0

    return ducc0.nufft.experimental.nu2nu(
        points_in=strengths, coord_in=np.ascontiguousarray(lmn.T), coord_out=np.ascontiguousarray(coordinates.T),
        forward=False, epsilon=epsilon, nthreads=threads)  # fmt: skip


def by_transforms(transform, uvw, freq, sky, epsilon, threads):
    """[row, chan] and seconds."""
    lmn = np.ascontiguousarray(sky["lmn"].T)
    begun = time.perf_counter()
    strengths, basis = spectral_terms(freq, sky["flux"], sky["alpha"], float(sky["reference"]), epsilon)
    strengths = strengths.astype(complex)
    out = np.empty((len(uvw), len(freq)), np.complex64)
    step = max(1, CALL // len(freq))
    for first in range(0, len(uvw), step):
        block = uvw[first : first + step]
        coordinates = np.stack([np.outer(block[:, k], 2 * np.pi / C * freq).ravel() for k in range(3)])
        results = transform(lmn, strengths, coordinates, epsilon, threads)
        shape = (len(block), len(freq))
        out[first : first + step] = sum(r.reshape(shape) * b for r, b in zip(results, basis))
    return out, {"compute": time.perf_counter() - begun, "terms": len(strengths)}


def by_image(uvw, freq, image, pixel, epsilon, threads):
    import ducc0
    from astropy.io import fits

    # Its first axis is l, which falls as x grows: with v turned too, that is the opposite sign of the phase.
    dirty = fits.getdata(image).squeeze().T.astype(np.float32)
    begun = time.perf_counter()
    out = ducc0.wgridder.dirty2vis(uvw=uvw, freq=freq, dirty=dirty, pixsize_x=pixel, pixsize_y=pixel, epsilon=epsilon,
                                   do_wgridding=True, divide_by_n=False, nthreads=threads,
                                   flip_v=True)  # fmt: skip
    return out, {"compute": time.perf_counter() - begun, "terms": 1}


def main():
    engine, ms, sky, image, pixel, epsilon, threads = sys.argv[1:]
    pixel, epsilon, threads = float(pixel), float(epsilon), int(threads)
    with table(ms, readonly=False, ack=False) as main:
        uvw = main.getcol("UVW")
        with table(f"{ms}/SPECTRAL_WINDOW", ack=False) as windows:
            freq = windows.getcell("CHAN_FREQ", 0)
        if engine == "dirty2vis":
            out, seconds = by_image(uvw, freq, image, pixel, epsilon, threads)
        else:
            transform = {"finufft": with_finufft, "nu2nu": with_nu2nu}[engine]
            out, seconds = by_transforms(transform, uvw, freq, np.load(sky), epsilon, threads)
        # A few MB at a time: both correlations of an unpolarised sky are the same.
        step = max(1, (1 << 20) // len(freq))
        for first in range(0, len(uvw), step):
            both = np.repeat(out[first : first + step, :, None], 2, axis=2)
            main.putcol("MODEL_DATA", both, first, len(both))
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()

"""WSClean 3.1 as a reader and writer of our column.

    wsclean.py image MS COLUMN RA_DEG DEC_DEG     images the column; prints JSON {"peak", "value", "offset_arcsec"}:
                                                  brightest pixel, and the pixel nearest to the direction
    wsclean.py predict MS FLUX_JY                 `wsclean -predict` of a point of that flux at the phase centre

A tiny image (128 x 128) of naturally weighted dirty data: the value at an isolated source's place is its flux.
"""

import json
import os
import subprocess
import sys
import tempfile

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

SIZE = 128


def scale_arcsec(ms):
    """A quarter of the resolution of the longest baseline."""
    from observation import Observation

    obs = Observation(ms)
    longest = np.linalg.norm(obs.uvw[:, :2], axis=1).max()
    freq = max(s.freq.max() for s in obs.setups)
    return np.degrees(299_792_458.0 / freq / longest) * 3600 / 4


def wsclean(*arguments):
    run = subprocess.run(["wsclean", "-j", "2", *arguments], capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"wsclean failed:\n{run.stdout[-3000:]}{run.stderr[-3000:]}")


def make_image(ms, column, folder):
    name = os.path.join(folder, "dirty")
    wsclean("-size", str(SIZE), str(SIZE), "-scale", f"{scale_arcsec(ms)}asec", "-weight", "natural", "-niter", "0",
            "-data-column", column, "-name", name, ms)  # fmt: skip
    return fits.open(f"{name}-image.fits")[0]


def image(ms, column, ra, dec, folder):
    hdu = make_image(ms, column, folder)
    data = hdu.data.squeeze()
    wcs = WCS(hdu.header).celestial
    x, y = wcs.wcs_world2pix(float(ra), float(dec), 0)
    by, bx = np.unravel_index(np.argmax(data), data.shape)
    offset = np.hypot(bx - x, by - y) * abs(hdu.header["CDELT1"]) * 3600
    print(json.dumps({"peak": float(data.max()), "value": float(data[int(round(float(y))), int(round(float(x)))]),
                      "offset_arcsec": float(offset), "pixel_arcsec": abs(hdu.header["CDELT1"]) * 3600}))  # fmt: skip


def predict(ms, flux, folder):
    hdu = make_image(ms, "DATA", folder)
    model = np.zeros_like(hdu.data)
    model[..., SIZE // 2, SIZE // 2] = float(flux)
    header = hdu.header.copy()
    header["BUNIT"] = "JY/PIXEL"
    name = os.path.join(folder, "point")
    fits.writeto(f"{name}-model.fits", model, header)
    wsclean("-predict", "-name", name, ms)


if __name__ == "__main__":
    action, *rest = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="wsclean-") as scratch:
        {"image": image, "predict": predict}[action](*rest, scratch)

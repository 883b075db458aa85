"""WSClean 3.1 as a reader and writer of our column.

    wsclean.py image MS COLUMN RA DEC [RA DEC ...]   images the column; prints the values [Jy] of the pixels nearest
                                                     to these directions [deg] as a JSON list
    wsclean.py predict MS FLUX_JY                    `wsclean -predict` of a point of that flux at the phase centre

The image is of naturally weighted dirty data: its value at the place of an only source is the source's flux.
"""

import json
import os
import subprocess
import sys
import tempfile

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

SIZE = 1024


def scale_arcsec(ms):
    """A twentieth of the resolution of the longest baseline, so that a source between pixels loses little."""
    from observation import Observation

    obs = Observation(ms)
    longest = np.linalg.norm(obs.uvw[:, :2], axis=1).max()
    freq = max(s.freq.max() for s in obs.setups)
    return np.degrees(299_792_458.0 / freq / longest) * 3600 / 20


def wsclean(*arguments):
    run = subprocess.run(["wsclean", "-j", "2", *arguments], capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"wsclean failed:\n{run.stdout[-3000:]}{run.stderr[-3000:]}")


def make_image(ms, column, folder):
    name = os.path.join(folder, "dirty")
    wsclean("-size", str(SIZE), str(SIZE), "-scale", f"{scale_arcsec(ms)}asec", "-weight", "natural", "-niter", "0",
            "-data-column", column, "-name", name, ms)  # fmt: skip
    return fits.open(f"{name}-image.fits")[0]


def image(ms, column, *rest):
    *directions, folder = rest
    hdu = make_image(ms, column, folder)
    data = hdu.data.squeeze()
    wcs = WCS(hdu.header).celestial
    values = []
    for ra, dec in zip(directions[::2], directions[1::2]):
        x, y = (round(float(p)) for p in wcs.wcs_world2pix(float(ra), float(dec), 0))
        if not (0 <= x < SIZE and 0 <= y < SIZE):
            sys.exit(f"{ra} {dec} lies outside of the image")
        values.append(float(data[y, x]))
    print(json.dumps(values))


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

"""Images and region files of ours as astropy reads them.

    pictures.py pixels IMAGE RA DEC [RA DEC ...]   JSON: the header's main facts, the sum and number of pixels above zero, and
                                                   for each direction (J2000) [deg] its pixel (x, y from 0) and the values
                                                   there and 1.5 of the mask's radii away
    pictures.py regions FILE.reg                   JSON: the shapes, their numbers and texts
    pictures.py clean MS MASK SCALE_ASEC SIZE      a short clean by WSClean with -fits-mask; JSON: the number of components,
                                                   how many of them lie outside of the mask, and the sums of both
"""

import json
import os
import re
import subprocess
import sys
import tempfile

import numpy as np
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS


def pixels(image, *directions):
    hdu = fits.open(image)[0]
    hdu.verify("exception")
    data, header = hdu.data, hdu.header
    plane = data.reshape(data.shape[-2:])
    wcs = WCS(header).celestial
    found = []
    for ra, dec in zip(map(float, directions[::2]), map(float, directions[1::2])):
        x, y = (float(p) for p in wcs.world_to_pixel(SkyCoord(ra, dec, unit="deg", frame="fk5")))
        inside = 0 <= round(x) < plane.shape[1] and 0 <= round(y) < plane.shape[0]
        found.append({"x": x, "y": y, "value": float(plane[round(y), round(x)]) if inside else None})
    print(json.dumps({
        "shape": list(data.shape), "ctype": [header[f"CTYPE{k}"] for k in (1, 2, 3, 4)], "unit": header.get("BUNIT", ""),
        "frequency": header["CRVAL3"], "frame": header["RADESYS"], "sum": float(plane.sum(dtype=float)),
        "above": int((plane > 0).sum()), "centre": [header["CRVAL1"], header["CRVAL2"]], "found": found,
    }))  # fmt: skip


def regions(path):
    shapes, frame = [], None
    with open(path) as file:
        assert file.readline().startswith("# Region file format: DS9")
        for line in file:
            line = line.strip()
            if line in ("fk5", "icrs", "galactic"):
                frame = line
            elif match := re.fullmatch(r'(point|ellipse)\(([^)]*)\) #.*text=\{([^{}]*)\}', line):
                numbers = [float(part.rstrip('"')) for part in match[2].split(",")]
                shapes.append({"shape": match[1], "numbers": numbers, "text": match[3]})
            else:
                assert line.startswith(("#", "global ")), line
    print(json.dumps({"frame": frame, "shapes": shapes}))


def clean(ms, mask, scale, size):
    with tempfile.TemporaryDirectory(prefix="wsclean-") as folder:
        name = os.path.join(folder, "clean")
        run = subprocess.run(
            ["wsclean", "-j", "2", "-size", size, size, "-scale", f"{scale}asec", "-niter", "300", "-mgain", "0.8",
             "-data-column", "MODEL_DATA", "-no-update-model-required", "-fits-mask", mask, "-name", name, ms],
            capture_output=True, text=True,
        )  # fmt: skip
        if run.returncode:
            sys.exit(f"wsclean failed:\n{run.stdout[-3000:]}{run.stderr[-3000:]}")
        model = fits.getdata(f"{name}-model.fits").squeeze()
        header = fits.getheader(f"{name}-model.fits")
    allowed = fits.getdata(mask).squeeze() > 0
    ours = fits.getheader(mask)
    keys = [f"{key}{axis}" for axis in (1, 2) for key in ("CRPIX", "CRVAL", "CDELT")]
    turned = [(header[key], ours[key]) for key in keys]
    print(json.dumps({
        "components": int((model != 0).sum()), "outside": int(((model != 0) & ~allowed).sum()),
        "sum": float(model.sum(dtype=float)),
        "header_difference": max(abs((a - b + 180) % 360 - 180) if abs(a) > 1 else abs(a - b) for a, b in turned),
    }))  # fmt: skip


if __name__ == "__main__":
    action, *rest = sys.argv[1:]
    {"pixels": pixels, "regions": regions, "clean": clean}[action](*rest)

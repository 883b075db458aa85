"""WSClean: images, models drawn on pixels and predicted from them, and how good an image is."""

import subprocess
from dataclasses import dataclass

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

PATIENCE = 900  # [s]


@dataclass(frozen=True)
class Grid:
    """The pixels of every image."""

    pixels: int
    scale: float  # [arcsec]

    def arguments(self):
        return ["-size", str(self.pixels), str(self.pixels), "-scale", f"{self.scale}asec"]


def wsclean(*arguments):
    """Runs it; says what it said if it fails."""
    run = subprocess.run(["wsclean", "-j", "2", *arguments], capture_output=True, text=True, timeout=PATIENCE)
    if run.returncode:
        raise RuntimeError(f"wsclean failed:\n{run.stdout[-3000:]}{run.stderr[-3000:]}")


def clean(ms, name, grid, column, niter=20000, model=False):
    """NAME-image.fits of a column, cleaned as deep as the noise allows; fills MODEL_DATA with the components if `model`."""
    update = "-update-model-required" if model else "-no-update-model-required"
    wsclean("-name", name, *grid.arguments(), "-data-column", column, "-weight", "briggs", "0", "-niter", str(niter),
            "-mgain", "0.8", "-auto-mask", "5", "-auto-threshold", "1", "-use-wgridder", update, ms)  # fmt: skip


def draw(name, like, catalogue):
    """NAME-model.fits [Jy/pixel] on the pixels of the image `like`: each source (name, ra [deg], dec [deg], flux [Jy]) on the nearest one."""
    header = fits.getheader(like)
    plane = np.zeros((header["NAXIS2"], header["NAXIS1"]), np.float32)
    wcs = WCS(header).celestial
    for _, ra, dec, flux in catalogue:
        x, y = np.round(wcs.wcs_world2pix(ra, dec, 0)).astype(int)
        if 0 <= x < plane.shape[1] and 0 <= y < plane.shape[0]:
            plane[y, x] += flux
    header["BUNIT"] = "JY/PIXEL"
    fits.writeto(f"{name}-model.fits", plane[None, None], header, overwrite=True)


def predict(name, ms, *arguments):
    """NAME-model.fits into MODEL_DATA, as WSClean does it."""
    wsclean("-predict", "-name", name, *arguments, ms)


@dataclass
class Quality:
    """Of one image."""

    peak: float  # [Jy/beam]
    rms: float  # [Jy/beam] away from sources
    dynamic_range: float


def quality(name, sources, apparent):
    """The peak over the rms of all pixels farther than 1.5 arcmin from every true source, the sources' artefacts included.

    `sources` [source, 2] are right ascension and declination [deg], `apparent` their flux densities through the beam [Jy]; fainter ones
    than 2 mJy are left in as noise.
    """
    with fits.open(f"{name}-image.fits") as hdus:
        plane, header = hdus[0].data.squeeze(), hdus[0].header
    bright = np.asarray(sources)[np.asarray(apparent) > 2e-3]
    x, y = WCS(header).celestial.wcs_world2pix(*bright.T, 0)
    away = np.ones(plane.shape, bool)
    reach = 90 / (abs(header["CDELT1"]) * 3600)
    rows, columns = np.indices((int(2 * reach) + 3,) * 2) - int(reach) - 1
    disc = np.hypot(rows, columns) <= reach
    for cx, cy in zip(np.round(x).astype(int), np.round(y).astype(int)):
        r, c = rows[disc] + cy, columns[disc] + cx
        inside = (r >= 0) & (c >= 0) & (r < plane.shape[0]) & (c < plane.shape[1])
        away[r[inside], c[inside]] = False
    peak, rms = between_pixels(plane), float(plane[away].std())
    return Quality(peak, rms, peak / rms)


def between_pixels(plane):
    """The highest value [Jy/beam], of the Gaussian through the highest pixel and its eight neighbours: a source is seldom on a pixel."""
    y, x = np.unravel_index(plane.argmax(), plane.shape)
    dy, dx = (g.ravel() for g in np.mgrid[-1:2, -1:2])
    terms = np.stack([np.ones(9), dx, dy, dx * dx, dx * dy, dy * dy], axis=1)
    c0, cx, cy, cxx, cxy, cyy = np.linalg.lstsq(terms, np.log(plane[y - 1 : y + 2, x - 1 : x + 2].ravel()))[0]
    top = np.linalg.solve([[2 * cxx, cxy], [cxy, 2 * cyy]], [-cx, -cy])
    return float(np.exp(c0 + 0.5 * (cx * top[0] + cy * top[1])))

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


class Judge:
    """How good images are, away from the sources: `sources` [source, 2] are right ascension and declination [deg], `apparent` their flux
    densities through the beam [Jy]."""

    def __init__(self, sources, apparent):
        # Fainter ones are as good as noise.
        self.bright = np.asarray(sources)[np.asarray(apparent) > 2e-3]
        self.brightest = float(np.max(apparent))
        self.true = None

    def __call__(self, name, scale=1.0):
        """Of NAME-image.fits, whose flux densities are to be multiplied by `scale`: the rms of all pixels farther than 1.5
        arcmin from every source, the sources' sidelobes included; the dynamic range, which is the flux density of the brightest source over that
        (the true one: what CLEAN makes of a peak depends by some percent on where it lies among the pixels); and both again of the
        difference from the image by the true gains, which has the same noise: what wrong gains alone do."""
        with fits.open(f"{name}-image.fits") as hdus:
            plane, header = hdus[0].data.squeeze() * scale, hdus[0].header
        away = self.away(header, plane.shape)
        rms = float(plane[away].std())
        figures = {"rms": rms, "dynamic_range": self.brightest / rms}
        if self.true is not None:
            artefacts = float((plane - self.true)[away].std())
            figures |= {"artefacts": artefacts, "artefact_range": self.brightest / artefacts}
        return figures

    def remember(self, name):
        """NAME-image.fits is that by the true gains; returns its figures."""
        figures = self(name)
        self.true = fits.getdata(f"{name}-image.fits").squeeze()
        return figures

    def away(self, header, shape):
        """True for the pixels away from sources."""
        x, y = WCS(header).celestial.wcs_world2pix(*self.bright.T, 0)
        away = np.ones(shape, bool)
        reach = 90 / (abs(header["CDELT1"]) * 3600)
        rows, columns = np.indices((int(2 * reach) + 3,) * 2) - int(reach) - 1
        disc = np.hypot(rows, columns) <= reach
        for cx, cy in zip(np.round(x).astype(int), np.round(y).astype(int)):
            r, c = rows[disc] + cy, columns[disc] + cx
            inside = (r >= 0) & (c >= 0) & (r < shape[0]) & (c < shape[1])
            away[r[inside], c[inside]] = False
        return away

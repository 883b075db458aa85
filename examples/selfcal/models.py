"""MODEL_DATA, in the ways that are compared."""

import nvss_predict

from . import image


class Models:
    """Fills MODEL_DATA of the drift scan, or of its copy at one phase centre."""

    def __init__(self, folder, grid, catalogue):
        self.folder, self.grid, self.catalogue = folder, grid, catalogue
        self.drift, self.one = folder / "drift.ms", folder / "image.ms"

    def fill(self, source):
        """Fills it from `source`; returns the MeasurementSet to solve on."""
        return str({
            "catalogue": self.predicted, "calibrator": self.calibrator, "pixels": self.pixels,
            "imager": lambda: self.one,
        }[source]())  # fmt: skip

    def predicted(self, **options):
        """Ours: the catalogue through the beam, at each integration's own field."""
        nvss_predict.predict(self.drift, self.folder / "nvss.csv", beam="auto", ref_freq="1.4GHz", **options)
        return self.drift

    def calibrator(self):
        """The brightest source alone, where the catalogue has it. Ours again: no run is to lose by a worse prediction of a point."""
        return self.predicted(max_sources=1)

    def pixels(self):
        """WSClean's way at its best: the drift turned to one phase centre, so that every row is predicted. It knows no beam of the
        DSA-110; the list has flux densities as the catalogue has them."""
        self.draw()
        image.predict(str(self.folder / "seed"), str(self.one))
        return self.one

    def draw(self):
        """seed-model.fits, on the pixels that WSClean gives an image."""
        shape = self.folder / "shape"
        if not (self.folder / "shape-image.fits").exists():
            image.wsclean("-name", str(shape), *self.grid.arguments(), "-niter", "0", "-no-dirty", str(self.one))
        image.draw(str(self.folder / "seed"), f"{shape}-image.fits", self.catalogue)

"""MODEL_DATA, in the ways that are compared."""

import nvss_predict

from . import image, truth


class Models:
    """Fills MODEL_DATA of the drift scan, or of its copy at one phase centre."""

    def __init__(self, folder, grid, catalogue):
        self.folder, self.grid, self.catalogue = folder, grid, catalogue
        self.drift, self.one = folder / "drift.ms", folder / "image.ms"

    def fill(self, source):
        """Fills it from `source`; returns the MeasurementSet to solve on."""
        return str({
            "catalogue": self.predicted, "calibrator": self.calibrator, "pixels": self.pixels,
            "pixels of field 0": self.pixels_of_field_0, "imager": lambda: self.one,
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
        self.draw(self.one)
        image.predict(str(self.folder / "seed"), str(self.one))
        return self.one

    def pixels_of_field_0(self):
        """As the pipeline ran it: on the drift scan, without -field. Rows of the other fields get no model."""
        self.draw(self.drift)
        truth.clear_model(str(self.drift))
        image.predict(str(self.folder / "seed"), str(self.drift))
        return self.drift

    def draw(self, ms):
        """seed-model.fits about the phase centre that WSClean takes for that of `ms`."""
        shape = str(self.folder / f"{ms.stem}-shape")
        if not (self.folder / f"{ms.stem}-shape-image.fits").exists():
            image.wsclean("-name", shape, *self.grid.arguments(), "-niter", "0", "-no-dirty", str(ms))
        image.draw(str(self.folder / "seed"), f"{shape}-image.fits", self.catalogue)


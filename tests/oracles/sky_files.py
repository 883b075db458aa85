"""Files of sky models as other programs read them.

    sky_files.py skyh5 FILE                 JSON of pyradiosky: names, ra and dec [deg], stokes [Jy] at 150 MHz and 300 MHz
    sky_files.py tigger FILE                JSON of Tigger: the same
    sky_files.py fits FILE                  JSON of astropy: the rows of the tables of a file
"""

import json
import math
import sys


def skyh5(path):
    import numpy as np
    from astropy import units
    from pyradiosky import SkyModel

    found = SkyModel.from_file(path)
    at = found.at_frequencies(np.array([150e6, 300e6]) * units.Hz, inplace=False)
    sky = {
        "names": [str(name) for name in at.name],
        "ra": at.skycoord.fk5.ra.deg.tolist(),
        "dec": at.skycoord.fk5.dec.deg.tolist(),
        "stokes": at.stokes.to_value("Jy").tolist(),
        "checked": bool(found.check()),
    }
    print(json.dumps(sky))


def tigger(path):
    import Tigger

    sources = Tigger.load(path, verbose=0).sources
    degrees = lambda angle: math.degrees(angle)  # noqa: E731
    scale = lambda source, hz: source.spectrum.normalized_intensity(hz) if source.spectrum else 1.0  # noqa: E731
    sky = {
        "names": [source.name for source in sources],
        "ra": [degrees(source.pos.ra) for source in sources],
        "dec": [degrees(source.pos.dec) for source in sources],
        "stokes": [[[getattr(source.flux, which, 0.0) * scale(source, hz) for source in sources] for hz in (150e6, 300e6)]
                   for which in "IQUV"],
        "shape": [source.shape and [degrees(x) for x in (source.shape.ex, source.shape.ey, source.shape.pa)]
                  for source in sources],
    }  # fmt: skip
    print(json.dumps(sky))


def fits(path):
    from astropy.io import fits

    def cell(value):
        if isinstance(value, str):
            return value
        # JSON has no NaN.
        return None if math.isnan(value) else float(value)

    with fits.open(path) as file:
        file.verify("exception")
        tables = {
            hdu.name: [{name: cell(row[name]) for name in hdu.columns.names} for row in hdu.data] for hdu in file[1:]
        }
    print(json.dumps(tables))


if __name__ == "__main__":
    {"skyh5": skyh5, "tigger": tigger, "fits": fits}[sys.argv[1]](*sys.argv[2:])

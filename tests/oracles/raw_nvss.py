"""A table of raw fits as the NRAO distributes NVSS, from published rows: what the survey must have measured to publish them.

No file of raw fits is to be had, so they are reconstructed: for each published row (VizieR VIII/65, `;`) the raw peak, fitted
axes, angle and noise are sought, numerically, for which the documented steps from raw to published (Condon et al. 1998, AJ 115,
1693, section 5.2; Condon 1997, PASP 109, 166; NVSSlist) give its flux density, its error, its axes and their angle; then the
position without its correction. Ellipses are matrices of second moments here, convolved by adding them and measured by their
eigenvalues. Nothing is taken from the product.

    raw_nvss.py PUBLISHED.csv CATALOG.FIT     writes the table; JSON: of each row what was sought and what the steps make of it
"""

import csv
import json
import sys

import numpy as np
from astropy.io import fits
from scipy.optimize import least_squares

BEAM, LATITUDE, TEST = 45.0, 0.5948, 2.33


def moments(major, minor, angle):
    """Matrix of an ellipse on (north, east); axes in arcsec, angle in degrees."""
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    turn = np.array([[c, -s], [s, c]])
    return turn @ np.diag([major**2, minor**2]) @ turn.T


def ellipse(matrix):
    """Signed squares of the axes, the longer first, and the angle of the longer [deg]."""
    values, vectors = np.linalg.eigh(matrix)
    return values[1], values[0], np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1]))


def response(dec, peak):
    """What a point source looks like: restoring beam above 1 mJy/beam, dirty beam below."""
    z = dec - LATITUDE
    dnc = dec <= -0.176719 or dec > 1.361255
    across, angle = (1.133333 if dnc else 1.2), 0.0
    omega = 1.405 + 0.065 / np.cos(z) if dnc else 0.91 + 0.61 / np.cos(z)
    if 0.437220 < dec <= 0.768818:
        omega, angle = 0.91 + 0.61 / np.cos(0.471), 90.0
    cleaned = max(peak - 1.0, 0.0)
    axes = [BEAM * np.sqrt((cleaned + b**3) / (cleaned + b)) for b in (omega / across, across)]
    return axes[0], axes[1], angle


def steps(dec, raw, resolved):
    """What is published of raw = (peak, major, minor, angle, noise) [mJy/beam, arcsec, deg], given which axes are resolved."""
    peak, major, minor, angle, noise = raw
    bmaj, bmin, bpa = response(dec, peak)
    major, minor = max(major, bmaj), max(minor, bmin)
    bias = 0.2 if -10.125 <= np.degrees(dec) < 77.994 else 0.3
    true = peak + bias - noise**2 / peak

    def rho2(a, b):
        shape = (1 + (bmaj / major) ** 2) ** a * (1 + (bmin / minor) ** 2) ** b
        return major * minor / (4 * bmaj**2) * shape * (peak / noise) ** 2

    errors = [
        np.hypot(major * np.sqrt(2 / rho2(2.5, 0.5)), 0.02 * bmaj),
        np.hypot(minor * np.sqrt(2 / rho2(0.5, 2.5)), 0.02 * bmin),
    ]
    own = moments(bmaj, bmin, bpa)
    axis = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    beams = [np.sqrt(a @ own @ a) for a in (axis, axis[::-1] * [1, -1])]
    fitted = [max(f, b) for f, b in zip((major, minor), beams)]
    squares = ellipse(moments(major, minor, angle) - own)
    sizes, margins = [], []
    for k in range(2):
        over = lambda width: np.sqrt(max(width**2 - beams[k] ** 2, 0.0))
        sizes.append(np.sqrt(max(squares[k], 0)) if resolved[k] else over(fitted[k] + TEST * errors[k]))
        # What decides whether the axis is resolved, in standard errors.
        margins.append((fitted[k] - beams[k]) / errors[k] - TEST)
    spread = [
        0.5 * (np.sqrt(max((f + e) ** 2 - b**2, 0)) - np.sqrt(max((f - e) ** 2 - b**2, 0)))
        for f, e, b in zip(fitted, errors, beams)
    ]
    wide, narrow = max(major / bmaj, 1), max(minor / bmin, 1)
    flux = true * (wide if resolved[0] else np.sqrt(wide)) * (narrow if resolved[1] else np.sqrt(narrow))
    relative = [errors[0] / major, errors[1] / minor]
    amplitude = 2 / rho2(1.5, 1.5)
    if all(resolved):
        error = np.sqrt(0.03**2 + amplitude + (bias / true) ** 2 + sum(r**2 for r in relative) / (wide * narrow))
    elif any(resolved):
        k = int(resolved[1])
        error = np.sqrt(0.03**2 + 0.75 * amplitude + (bias / (flux / (wide, narrow)[k])) ** 2
                        + bmaj / major * relative[k] ** 2)  # fmt: skip
    else:
        error = np.sqrt(0.03**2 + amplitude + (bias / flux) ** 2)
    turn = major * minor / max(major**2 - minor**2, 1e-9) * np.sqrt(4 / rho2(0.5, 2.5))
    return {"flux": flux, "flux_error": flux * error, "sizes": sizes, "angle": squares[2], "margins": margins,
            "size_errors": spread, "angle_error": np.degrees(turn)}  # fmt: skip


def number(text):
    return float(text) if text.strip() else None


def published(path):
    with open(path) as file:
        lines = [line for line in file if not line.startswith("#")]
    names = lines[0].strip().split(";")
    for cells in csv.reader(lines[3:], delimiter=";"):
        yield dict(zip(names, cells))


def turned(difference):
    """An angle between axes, within 90 degrees."""
    return (difference + 90) % 180 - 90


def seek(row):
    """The raw fit of a published row: (peak, major, minor, angle, noise), and what the steps make of it."""
    dec = np.radians(float(row["_DEJ2000"]))
    flux, error = float(row["S1.4"]), float(row["e_S1.4"])
    sizes = [float(row["MajAxis"]), float(row["MinAxis"])]
    resolved = [not row["l_MajAxis"].strip(), not row["l_MinAxis"].strip()]
    angle = number(row["PA"])

    def misfit(x):
        made = steps(dec, (np.exp(x[0]), *x[1:4], np.exp(x[4])), resolved)
        # Tight on what is compared; the error is printed to 0.1 mJy, and the noise is not far from the survey's 0.45.
        parts = [(made["flux"] - flux) / 0.005, (made["flux_error"] - error) / 0.05, np.log(np.exp(x[4]) / 0.45) / 0.3]
        parts += [(m - s) / 0.005 for m, s in zip(made["sizes"], sizes)]
        parts += [max(0.0, 0.01 - m if r else 0.01 + m) / 0.01 for m, r in zip(made["margins"], resolved)]
        parts.append(max(0.0, x[2] - x[1]) / 0.01)
        if angle is not None:
            parts.append(turned(made["angle"] - angle) / 0.005)
        return parts

    best = None
    turns = (0.0, 90.0) if angle is None else (angle,)
    starts = [(turn, widening) for widening in (0.6, 0.3, 0.9) for turn in turns]
    for start, widening in starts:
        first = [np.log(flux * 0.8), np.hypot(48, sizes[0] * widening), 50.0, start, np.log(0.45)]
        found = least_squares(misfit, first, x_scale=[0.05, 1, 1, 5, 0.1], xtol=1e-12, ftol=1e-10, max_nfev=200)
        if best is None or found.cost < best.cost:
            best = found
        if best.cost < 1:
            break
    raw = (np.exp(best.x[0]), *best.x[1:4], np.exp(best.x[4]))
    return raw, steps(dec, raw, resolved), resolved


def write(path, rows):
    """An AIPS VL table (columns of ObitTableVL and NVSSlist) of (ra, dec, raw)."""
    ra, dec = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    raw = np.array([r[2] for r in rows])
    count = len(rows)
    single = lambda name, unit, values: fits.Column(f"{name:16}", "1E", unit, array=np.broadcast_to(values, count))
    columns = [
        fits.Column("RA(2000)        ", "1D", "DEGREE", array=ra), fits.Column("DEC(2000)       ", "1D", "DEGREE", array=dec),
        single("PEAK INT", "JY/BEAM", raw[:, 0] / 1e3), single("MAJOR AX", "DEGREE", raw[:, 1] / 3600),
        single("MINOR AX", "DEGREE", raw[:, 2] / 3600), single("POSANGLE", "DEGREE", raw[:, 3]),
        single("Q CENTER", "JY/BEAM", 0.0), single("U CENTER", "JY/BEAM", 0.0), single("P FLUX", "JY", 0.0),
        single("I RMS", "JY/BEAM", raw[:, 4] / 1e3), single("POL RMS", "JY/BEAM", 0.29e-3), single("RES RMS", "JY/BEAM", 0.0),
        single("RES PEAK", "JY/BEAM", 0.0), single("RES FLUX", "JY", 0.0), single("CENTER X", "PIXEL", 512.0),
        single("CENTER Y", "PIXEL", 512.0), fits.Column("FIELD           ", "8A", array=["C0000P00"] * count),
        fits.Column("JD PROCESSED    ", "1J", "DAYS", array=[2450000] * count),
    ]  # fmt: skip
    table = fits.BinTableHDU.from_columns(columns, name="AIPS VL ")
    table.header["BEAM_MAJ"] = table.header["BEAM_MIN"] = 0.0125
    table.writeto(path, overwrite=True)


def main(source, output):
    rows, report = [], []
    for row in published(source):
        raw, made, resolved = seek(row)
        dec = float(row["_DEJ2000"]) - 0.113 / 3600
        ra = float(row["_RAJ2000"]) + 0.025 / 3600 / np.cos(np.radians(dec))
        rows.append((ra, dec, raw))
        report.append({"name": row["NVSS"], "raw": list(map(float, raw)), "resolved": resolved}
                      | {key: np.asarray(value).tolist() for key, value in made.items()})  # fmt: skip
    write(output, rows)
    print(json.dumps(report))


if __name__ == "__main__":
    main(*sys.argv[1:])

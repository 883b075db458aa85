"""Components of every kind in plain double precision, compared with a column of a MeasurementSet.

    components.py MS SKY.json [--column C] [--feed-rotation] [--no-autos]

The sky is a JSON list of components: ra_deg, dec_deg (J2000), stokes [I, Q, U, V], spectrum and what it needs (flat, power,
log10, ln, poly, curved, table, line), rm and lambda2, own (Q, U and V stay as I goes), shape and what it needs (point, gaussian,
disk, ring, limb, shapelet of hyperdrive's convention), pa_frame (source or centre: whose north), curve [[mjd s, factor], ...]. Special functions are scipy's, parallactic
angles those of casacore's measures, to which RECEPTOR_ANGLE is added. Prints one JSON object; exit status 1 if the rms error exceeds --tolerance.
"""

import argparse
import json
import os
import sys
import tempfile

import casadata
import numpy as np
from scipy import special

import sky
from f64sum import C, Sums
from observation import Observation, read_column


def scale(part, i, freq):
    kind = part.get("spectrum", "flat")
    x = freq / part.get("ref_hz", 1.0)
    terms = part.get("terms", [])
    if kind == "flat":
        return np.ones_like(freq)
    if kind == "power":
        return x ** part["alpha"]
    if kind == "log10":
        return 10.0 ** sum(c * np.log10(x) ** (k + 1) for k, c in enumerate(terms))
    if kind == "ln":
        return np.exp(sum(c * np.log(x) ** (k + 1) for k, c in enumerate(terms)))
    if kind == "poly":
        return 1 + sum(c * (x - 1) ** (k + 1) for k, c in enumerate(terms)) / i
    if kind == "curved":
        return x ** part["alpha"] * np.exp(part["q"] * np.log(x) ** 2)
    if kind == "line":
        return np.exp(-4 * np.log(2) * ((freq - part["ref_hz"]) / part["width"]) ** 2)
    raise ValueError(kind)


def stokes(part, freq):
    """[4, chan]"""
    if part.get("spectrum") == "table":
        nu = np.log(np.array([f for f, _ in part["table"]]))
        columns = np.array([s for _, s in part["table"]]).T
        return np.array([np.sign(c[0]) * np.exp(np.interp(np.log(freq), nu, np.log(np.abs(c)))) if c.any() else 0 * freq
                         for c in columns])  # fmt: skip
    values = np.array(part["stokes"], float)
    course = scale(part, values[0], freq)
    all_four = values[:, None] * np.array([course] + 3 * [np.ones_like(freq) if part.get("own") else course])
    if "rm" in part:
        chi = part["rm"] * ((C / freq) ** 2 - part.get("lambda2", 0.0))
        # As a complex number the polarisation turns by twice the angle.
        turned = (all_four[1] + 1j * all_four[2]) * np.exp(2j * chi)
        all_four[1], all_four[2] = turned.real, turned.imag
    return all_four


def envelope(part, u, v):
    """The response of the shape, for baselines [wavelengths] towards east and north at the source."""
    kind = part.get("shape", "point")
    if kind == "point":
        return 1.0
    arcsec = np.radians(1 / 3600)
    a, b, angle = part["major_arcsec"] * arcsec, part["minor_arcsec"] * arcsec, np.radians(part.get("pa_deg", 0.0))
    p, q = u * np.sin(angle) + v * np.cos(angle), u * np.cos(angle) - v * np.sin(angle)
    if kind == "gaussian":
        return np.exp(-(np.pi**2) / (4 * np.log(2)) * ((a * p) ** 2 + (b * q) ** 2))
    x = np.maximum(np.pi * np.hypot(a * p, b * q), 1e-9)
    if kind == "disk":
        return 2 * special.j1(x) / x
    if kind == "ring":
        return special.j0(x)
    if kind == "limb":
        order = 1 + part["exponent"] / 2
        return special.gamma(order + 1) * (2 / x) ** order * special.jv(order, x)
    # hyperdrive, src/model/cpu.rs and make_shapelet_basis_values.py
    const = np.sqrt(np.pi**2 / (2 * np.log(2)))
    basis = lambda n, t: np.exp(-t * t / 2) * special.eval_hermite(n, t) / np.sqrt(2.0**n * special.factorial(n))  # noqa: E731
    return sum(1j ** ((n1 + n2) % 4) * value * basis(n1, p * a * const) * basis(n2, -q * b * const)
               for n1, n2, value in part["terms2d"])  # fmt: skip


def visibilities(obs, parts, dd, centre, rows):
    """[row, chan, 4 Stokes]"""
    freq = obs.setups[dd].freq
    lon0, lat0, frame = centre
    out = np.zeros((len(rows), len(freq), 4), complex)
    for part in parts:
        where = np.radians(part["ra_deg"]), np.radians(part["dec_deg"])
        lon, lat = sky.to_frame(*where, "J2000", frame)
        turned = dict(part)
        at_centre = part.get("pa_frame") == "centre"
        if "pa_deg" in part and not at_centre:
            turned["pa_deg"] = np.degrees(sky.angle_to_frame(*where, np.radians(part["pa_deg"]), "J2000", frame))
        d = lon - lon0
        l, m, n = sky.cosines(lon, lat, lon0, lat0)
        path = obs.uvw[rows] @ np.array([l, m, -(l * l + m * m) / (1 + n)])
        east = np.array([np.cos(d), np.sin(lat0) * np.sin(d), -np.cos(lat0) * np.sin(d)])
        north = np.array([-np.sin(lat) * np.sin(d), np.cos(lat) * np.cos(lat0) + np.sin(lat) * np.sin(lat0) * np.cos(d),
                          np.cos(lat) * np.sin(lat0) - np.sin(lat) * np.cos(lat0) * np.cos(d)])  # fmt: skip
        if at_centre:
            east, north = np.eye(3)[:2]
        u = (obs.uvw[rows] @ east)[:, None] * (freq / C)
        v = (obs.uvw[rows] @ north)[:, None] * (freq / C)
        response = np.exp(2j * np.pi * path[:, None] * (freq / C)) * envelope(turned, u, v)
        if "curve" in part:
            times, factors = np.array(part["curve"]).T
            response = response * np.interp(obs.time[rows], times, factors, left=0, right=0)[:, None]
        out += response[:, :, None] * stokes(part, freq).T[None]
    return out


class Angles:
    """Parallactic angles by casacore's measures: the position angle of the zenith at a direction."""

    def __init__(self, obs):
        # python-casacore brings no measures data; CASA's do. Read when it is first needed.
        self.config = tempfile.NamedTemporaryFile("w", suffix=".casarc")
        self.config.write(f"measures.directory: {casadata.datapath}\n")
        self.config.flush()
        os.environ["CASARCFILES"] = self.config.name
        from casacore.measures import measures
        from casacore.quanta import quantity

        self.dm, self.quantity = measures(), quantity
        self.places = obs.subtable("ANTENNA").getcol("POSITION")
        feeds = obs.subtable("FEED")
        self.receptors = {int(a): float(feeds.getcell("RECEPTOR_ANGLE", k)[0])
                          for k, a in reversed(list(enumerate(feeds.getcol("ANTENNA_ID"))))}  # fmt: skip
        self.known = {}

    def angle(self, antenna, time, centre):
        key = antenna, time, centre
        if key not in self.known:
            dm, q = self.dm, self.quantity
            dm.do_frame(dm.position("ITRF", *(q(float(x), "m") for x in self.places[antenna])))
            dm.do_frame(dm.epoch("UTC", q(float(time), "s")))
            # The vertical of the ellipsoid, which mounts stand by: AZEL would be that of the centre of the Earth.
            zenith = dm.direction("AZELGEO", q(0, "deg"), q(90, "deg"))
            field = dm.direction(centre[2], q(float(centre[0]), "rad"), q(float(centre[1]), "rad"))
            angle = dm.posangle(field, dm.measure(zenith, centre[2]))
            self.known[key] = float(np.ravel(angle.get_value("rad"))[0]) + self.receptors[antenna]
        return self.known[key]


def correlate(values, codes, turns):
    """[row, chan, corr] of Stokes parameters through feeds turned by angles (antenna 1, antenna 2) of each row."""
    i, q, u, v = np.moveaxis(values, -1, 0)
    if codes[0] >= 9:
        b = np.array([[i + q, u + 1j * v], [u - 1j * v, i - q]])
        jones = lambda a: np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]], complex)  # noqa: E731
    else:
        b = np.array([[i + v, q + 1j * u], [q - 1j * u, i - v]])
        jones = lambda a: np.array([[np.exp(-1j * a), 0 * a], [0 * a, np.exp(1j * a)]])  # noqa: E731
    full = np.einsum("abr,bcrk,dcr->adrk", jones(turns[0]), b, jones(turns[1]).conj())
    return np.stack([full[(code - 1) % 4 // 2, (code - 1) % 2] for code in codes], axis=-1)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("ms")
    p.add_argument("sky")
    p.add_argument("--column", default="MODEL_DATA")
    p.add_argument("--feed-rotation", action="store_true", help="by the parallactic angle of every antenna")
    p.add_argument("--no-autos", action="store_true")
    p.add_argument("--tolerance", type=float, default=1e-6, help="of the rms error, in units of rms |V|")
    a = p.parse_args()
    obs = Observation(a.ms)
    with open(a.sky) as f:
        parts = json.load(f)
    angles = Angles(obs) if a.feed_rotation else None
    sums = Sums()
    for dd, field, time, rows in obs.groups():
        if a.no_autos:
            rows = rows[obs.ant[0][rows] != obs.ant[1][rows]]
        if not len(rows):
            continue
        centre = obs.centre(field, time)
        turns = np.zeros((2, len(rows)))
        if angles:
            turns = np.array([[angles.angle(int(ant[r]), obs.time[r], centre) for r in rows] for ant in obs.ant])
        values = visibilities(obs, parts, dd, centre, rows)
        want = correlate(values, [int(code) for code in obs.setups[dd].corr], turns)
        sums.add(read_column(obs.main, a.column, rows), want)
    report = sums.report() | {"sources": len(parts)}
    print(json.dumps(report))
    sys.exit(0 if report["relative"] <= a.tolerance else 1)


if __name__ == "__main__":
    main()

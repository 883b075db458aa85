"""A MeasurementSet as the independent sum sees it, read with python-casacore alone."""

import json
import os
import sys
from dataclasses import dataclass

import numpy as np
from casacore.tables import table


@dataclass
class Setup:
    """One data description."""

    freq: np.ndarray  # [Hz], as stored
    corr: np.ndarray  # CORR_TYPE codes
    spw: int


class Observation:
    """Everything of an MS that prediction needs; the main table stays open, without locks held."""

    def __init__(self, path):
        self.path = os.path.abspath(path)
        self.main = open_table(self.path)
        get = self.main.getcol
        self.uvw, self.time = get("UVW"), get("TIME")
        self.field, self.ddid = get("FIELD_ID"), get("DATA_DESC_ID")
        self.ant = get("ANTENNA1"), get("ANTENNA2")
        self.setups = self._setups()
        self._fields()

    def subtable(self, name):
        return open_table(self.main.getkeyword(name).removeprefix("Table: "))

    def _setups(self):
        spw, pol, dd = (self.subtable(n) for n in ("SPECTRAL_WINDOW", "POLARIZATION", "DATA_DESCRIPTION"))
        return [
            Setup(spw.getcell("CHAN_FREQ", s), pol.getcell("CORR_TYPE", p), int(s))
            for s, p in zip(dd.getcol("SPECTRAL_WINDOW_ID"), dd.getcol("POLARIZATION_ID"))
        ]

    def _fields(self):
        fields = self.subtable("FIELD")
        count = fields.nrows()
        self.coefficients = [fields.getcell("PHASE_DIR", k) for k in range(count)]
        self.field_time = fields.getcol("TIME")
        info = fields.getcolkeyword("PHASE_DIR", "MEASINFO")
        if "VarRefCol" in info:
            names = dict(zip(map(int, info["TabRefCodes"]), info["TabRefTypes"]))
            self.frames = [names[int(code)] for code in fields.getcol(info["VarRefCol"])]
        else:
            self.frames = [info["Ref"]] * count

    def centre(self, field, time=None):
        """Longitude, latitude [rad] and frame of a field's PHASE_DIR at a time [s], polynomial included."""
        terms = self.coefficients[field]
        dt = 0.0 if time is None or len(terms) == 1 else time - self.field_time[field]
        lon, lat = sum(term * dt**k for k, term in enumerate(terms))
        return lon, lat, self.frames[field].upper()

    def groups(self):
        """(data description, field, time or None, rows): rows that share a phase centre and a set-up."""
        key_time = np.array([len(self.coefficients[f]) > 1 for f in self.field]) * self.time
        keys = np.stack([self.ddid, self.field, key_time], axis=1)
        unique, inverse = np.unique(keys, axis=0, return_inverse=True)
        for k, (dd, field, time) in enumerate(unique):
            yield int(dd), int(field), time, np.flatnonzero(inverse.ravel() == k)


def open_table(path, readonly=True):
    """A table; read-only ones never wait for another process's lock."""
    return table(path, readonly=readonly, ack=False, lockoptions="usernoread" if readonly else "auto")


def read_column(main, name, rows):
    """The cells of some rows [row, chan, corr]; None where a cell is undefined."""
    if main.nrows() == len(rows):
        return main.getcol(name)
    return main.selectrows(rows).getcol(name)


def describe(path):
    """Facts by which a test chooses its sky and what it may expect."""
    obs = Observation(path)
    used = sorted(set(map(int, obs.field)))
    lon, lat, frame = obs.centre(used[0])
    wavelengths = max(np.linalg.norm(obs.uvw, axis=1).max() * s.freq.max() / 299_792_458.0 for s in obs.setups)
    return {
        "rows": obs.main.nrows(),
        "columns": obs.main.colnames(),
        "fields": used,
        "spws": sorted({obs.setups[int(d)].spw for d in obs.ddid}),
        "centre_deg": [np.degrees(lon) % 360, np.degrees(lat)],
        "frame": frame,
        "frequency_hz": float(np.mean(obs.setups[int(obs.ddid[0])].freq)),
        "beam_arcsec": np.degrees(1 / max(wavelengths, 1.0)) * 3600,
    }


if __name__ == "__main__":
    print(json.dumps(describe(sys.argv[1])))

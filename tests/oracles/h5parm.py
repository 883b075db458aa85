"""Solutions in an H5parm as LoSoTo lays them out, and the same applied by DP3 and by numpy. No network.

    h5parm.py make MS FILE KIND [PATCH ...]           solutions that differ by antenna, time, frequency and patch
    h5parm.py spoil FILE HOW                          makes something wrong with its phases
    h5parm.py solve MS COLUMN SKYMODEL FILE           DP3's own (gaincal, diagonal) of a column
    h5parm.py dp3 MS SKYMODEL COLUMN FILE KIND        DP3's prediction with them: applycal, or h5parmpredict (of one correction) where there are patches
    h5parm.py sum MS COLUMN FILE KIND PLAIN [PLAIN ...]
                                                      JSON: how far a column is from numpy's, of a column without gains for each patch

KIND is one of KINDS below. All paths absolute.
"""

import json
import sys

import h5py
import numpy as np
from casacore.tables import table

from dp3 import run

C = 299792458.0

# The tables of each kind, in the order in which they are applied, and their polarisations.
KINDS = {
    "scalar": [("phase", 0)],
    "phase": [("phase", 2)],
    "gain": [("amplitude", 2), ("phase", 2)],
    "fast": [("phase", 2)],
    "flagged": [("amplitude", 2), ("phase", 2)],
    "clock": [("clock", 0)],
    "tec": [("tec", 0)],
    "rotation": [("rotation", 0)],
    "rotationmeasure": [("rotationmeasure", 0)],
    "several": [("tec", 0), ("rotation", 0), ("amplitude", 2)],
    "fulljones": [("amplitude", 4), ("phase", 4)],
}
SPREAD = {"phase": 2.0, "amplitude": 0.4, "clock": 3e-9, "tec": 0.05, "rotation": 1.0, "rotationmeasure": 0.2}


def facts(ms):
    with table(f"{ms}::ANTENNA", ack=False) as rows:
        names = rows.getcol("NAME")
    with table(f"{ms}::SPECTRAL_WINDOW", ack=False) as rows:
        freq = rows.getcell("CHAN_FREQ", 0)
    with table(ms, ack=False) as rows:
        times = np.unique(rows.getcol("TIME"))
    return names, freq, times


def make(ms, path, kind, *patches):
    names, freq, times = facts(ms)
    random = np.random.default_rng(8)
    # Fewer than the data have, and between them; no datum stands in the middle of two.
    times = times[1:-1:2] + 1.7
    freqs = freq[1::3] + 0.2 * (freq[1] - freq[0])
    if kind == "fast":
        times = np.sort(np.concatenate([times, times + 4.1]))
    with h5py.File(path, "w") as file:
        sols = file.create_group("sol000")
        sols.attrs["h5parm_version"] = np.bytes_("1.0")
        places = np.array([(name, (0, 0, 0)) for name in names], dtype=[("name", "S16"), ("position", "f4", 3)])
        sols.create_dataset("antenna", data=places)
        wheres = np.array([(f"[{p}]", (0.1, 0.2)) for p in patches], dtype=[("name", "S128"), ("dir", "f4", 2)])
        sols.create_dataset("source", data=wheres)
        for title, pols in KINDS[kind]:
            group = sols.create_group(f"{title}000")
            group.attrs["TITLE"] = np.bytes_(title)
            axes = [("time", times)]
            if title in ("amplitude", "phase", "rotation"):
                axes.append(("freq", freqs))
            # Not the order of the MeasurementSet.
            axes.append(("ant", np.array(names[::-1], dtype="S16")))
            if patches:
                axes.append(("dir", np.array([f"[{p}]" for p in patches], dtype="S128")))
            if pols:
                axes.append(("pol", np.array({2: ["XX", "YY"], 4: ["XX", "XY", "YX", "YY"]}[pols], dtype="S2")))
            shape = [len(axis) for _, axis in axes]
            values = random.normal(size=shape) * SPREAD[title] + (1.0 if title == "amplitude" else 0.0)
            weights = np.ones(shape)
            if kind == "flagged":
                weights[1, 1, 2] = 0
                values[0, 0, 4, 0] = np.nan
            for name, axis in axes:
                group.create_dataset(name, data=axis)
            for name, data in (("val", values), ("weight", weights)):
                set = group.create_dataset(name, data=data)
                set.attrs["AXES"] = np.bytes_(",".join(name for name, _ in axes))


def spoil(path, how):
    with h5py.File(path, "r+") as file:
        group = file["sol000/phase000"]

        def replace(name, data):
            del group[name]
            group.create_dataset(name, data=data)

        if how == "antenna":
            replace("ant", np.array([name.replace(b"CS004HBA1", b"elsewhere") for name in group["ant"][:]]))
        elif how == "axis":
            for name in ("val", "weight"):
                group[name].attrs["AXES"] = np.bytes_("time,freq,ant,beam")
        elif how == "title":
            group.attrs["TITLE"] = np.bytes_("screen")
        elif how == "lengths":
            replace("time", group["time"][:-1])
        elif how == "order":
            replace("time", group["time"][:][::-1])
        elif how == "band":
            replace("freq", group["freq"][:] + 3e6)
        elif how == "circular":
            replace("pol", np.array(["RR", "LL"], dtype="S2"))
        elif how == "full":
            replace("pol", np.array(["XX", "XY", "YX", "YY"], dtype="S2"))
            for name in ("val", "weight"):
                values = np.repeat(group[name][:], 2, axis=-1)
                replace(name, values)
                group[name].attrs["AXES"] = np.bytes_("time,freq,ant,pol")
        elif how == "empty":
            del file["sol000"]
        elif how == "other":
            file.move("sol000/phase000", "sol000/phase001")
            file.copy("sol000/phase001", "sol000/tec000")
        else:
            raise ValueError(how)


def solve(ms, column, skymodel, path):
    run([
        f"msin={ms}", f"msin.datacolumn={column}", "msout=", "steps=[gaincal]", f"gaincal.sourcedb={skymodel}",
        "gaincal.usebeammodel=false", "gaincal.caltype=diagonal", f"gaincal.parmdb={path}", "gaincal.solint=2",
        "gaincal.nchan=4", "gaincal.maxiter=200", "gaincal.tolerance=1e-9",
    ])  # fmt: skip


def dp3(ms, skymodel, column, path, kind):
    with h5py.File(path) as file:
        titles = [f"{title}000" for title, _ in KINDS[kind]]
        patches = "dir" in file["sol000"][titles[0]]
    apply = "predict.applycal" if patches else "applycal"
    steps = [f"{apply}.parmdb={path}", f"{apply}.invert=false"]
    if kind == "fulljones":
        steps += [f"{apply}.correction=fulljones", f"{apply}.soltab=[{','.join(titles)}]"]
    elif len(titles) == 1:
        steps.append(f"{apply}.correction={titles[0]}")
    else:
        steps.append(f"{apply}.steps=[{','.join(titles)}]")
        steps += [f"{apply}.{title}.correction={title}" for title in titles]
    run([
        f"msin={ms}", "msout=.", f"msout.datacolumn={column}", f"predict.sourcedb={skymodel}",
        "predict.usebeammodel=false", f"predict.type={'h5parmpredict' if patches else 'predict'}",
        f"steps=[{'predict' if patches else 'predict,applycal'}]", *steps,
    ])  # fmt: skip


def nearest(axis, x):
    return int(np.argmin(np.abs(np.asarray(axis) - x)))


class Solutions:
    """[time, freq, ant, dir, 2, 2] at the data's times, channels and antennas."""

    def __init__(self, file, kind, ms):
        names, freq, times = facts(ms)
        self.whole = None
        parts = []
        for title, pols in KINDS[kind]:
            group = file["sol000"][f"{title}000"]
            axes = group["val"].attrs["AXES"].decode().split(",")
            values = np.where(group["weight"][:] == 0, np.nan, group["val"][:])
            for at, axis in enumerate(("time", "freq", "ant", "dir", "pol")):
                if axis not in axes:
                    axes.insert(at, axis)
                    values = np.expand_dims(values, at)
                else:
                    here = axes.index(axis)
                    values = np.moveaxis(values, here, at)
                    axes.insert(at, axes.pop(here))
            values = values[[nearest(group["time"], t) for t in times]]
            values = values[:, [nearest(group["freq"], f) for f in freq]] if "freq" in group else values
            known = [name.decode() for name in group["ant"][:]]
            parts.append((title, pols, values[:, :, [known.index(name) for name in names]]))
        f = freq[None, :, None, None]
        one = np.eye(2)
        if kind == "fulljones":
            (_, _, size), (_, _, angle) = parts
            full = size * np.exp(1j * angle)
            self.jones = full.reshape(*full.shape[:-1], 2, 2)
            return
        self.jones = one
        for title, _, values in parts:
            x = values[..., 0]
            if title in ("phase", "amplitude"):
                both = np.exp(1j * values) if title == "phase" else values.astype(complex)
                step = one * both[..., None, :] if both.shape[-1] == 2 else one * both[..., None]
            elif title == "clock":
                step = one * np.exp(2j * np.pi * x * f)[..., None, None]
            elif title == "tec":
                step = one * np.exp(-8.44797245e9j * x / f)[..., None, None]
            else:
                angle = x + 0 * f if title == "rotation" else x * (C / f) ** 2
                c, s = np.cos(angle), np.sin(angle)
                step = np.stack([np.stack([c, -s], -1), np.stack([s, c], -1)], -2)
            self.jones = step @ self.jones
        self.jones = np.broadcast_to(self.jones, (len(times), len(freq), *self.jones.shape[2:]))


def sum(ms, column, path, kind, *plain):
    with h5py.File(path) as file:
        jones = Solutions(file, kind, ms).jones
    with table(ms, ack=False) as rows:
        cross = rows.getcol("ANTENNA1") != rows.getcol("ANTENNA2")
        times, time = np.unique(rows.getcol("TIME"), return_inverse=True)
        read = lambda name: rows.getcol(name)[cross].astype(complex)  # noqa: E731
        ours, models = read(column), [read(name) for name in plain]
        one, two, time = rows.getcol("ANTENNA1")[cross], rows.getcol("ANTENNA2")[cross], time[cross]
    want = np.zeros_like(ours)
    flagged = 0
    for towards, model in enumerate(models):
        model = model.reshape(*model.shape[:2], 2, 2)
        at = min(towards, jones.shape[3] - 1)
        rows_of = np.arange(len(time))
        g1, g2 = (jones[time, :, antenna, at] for antenna in (one, two))
        value = g1 @ model @ np.conj(np.swapaxes(g2, -1, -2))
        # Without a solution of both antennas nothing is applied.
        bad = ~(np.isfinite(g1).all((-1, -2)) & np.isfinite(g2).all((-1, -2)))
        value[bad] = model[bad]
        flagged += int(bad.sum())
        want += value.reshape(len(rows_of), -1, 4)
    rms = lambda values: float(np.sqrt(np.mean(np.abs(values) ** 2)))  # noqa: E731
    plain_sum = np.sum(models, axis=0)
    print(json.dumps({"relative": rms(ours - want) / rms(want), "changed": rms(want - plain_sum) / rms(want), "flagged": flagged}))


if __name__ == "__main__":
    {"make": make, "spoil": spoil, "solve": solve, "dp3": dp3, "sum": sum}[sys.argv[1]](*sys.argv[2:])

"""hyperdrive's own prediction of a sky model, on its CPU and without a beam. No network.

    hyperdrive.py simulate LIST MS RA DEC [OPTION ...]   into DATA of a new MeasurementSet about a phase centre [deg]: one
                                                         integration of the MWA's 128 tiles, five channels from 92.5 to
                                                         184.5 MHz; the options are those of `hyperdrive vis-simulate`
    hyperdrive.py differ MS COLUMN                       JSON: the largest difference of COLUMN from DATA over the largest
                                                         |DATA|, and the same of each correlation; the latter [Jy]
    hyperdrive.py record MS NAME                         the rows of a few baselines as text: NAME, UVW [m], frequency [Hz], and
                                                         XX, XY, YX and YY [Jy], real and imaginary parts, X north

The program is `hyperdrive` on the PATH, or $NVSS_PREDICT_HYPERDRIVE; the tiles are those of $NVSS_PREDICT_METAFITS, or of the
metafits file in the source of its crate, which cargo keeps. All paths absolute.
"""

import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

# Tiles near each other and far, of rows that differ in direction.
BASELINES = [(0, 1), (5, 60), (17, 90), (40, 127)]
METAFITS = "registry/src/*/mwa_hyperdrive-*/src/tests/1065880128/1065880128.metafits"


def program():
    found = os.environ.get("NVSS_PREDICT_HYPERDRIVE") or shutil.which("hyperdrive")
    if not found:
        sys.exit("hyperdrive is not on the PATH: set NVSS_PREDICT_HYPERDRIVE")
    return found


def metafits():
    home = os.environ.get("CARGO_HOME") or os.path.expanduser("~/.cargo")
    found = [os.environ.get("NVSS_PREDICT_METAFITS"), *sorted(glob.glob(os.path.join(home, METAFITS)))]
    found = [path for path in found if path]
    if not found:
        sys.exit("no metafits file: set NVSS_PREDICT_METAFITS")
    return found[0]


def simulate(models, ms, ra, dec, *options):
    # Nothing is left out: neither what is faint, nor what has set. Nothing is precessed: with precession, the UVW that hyperdrive writes
    # are turned by the aberration of the phase centre (20 arcsec) from those that it predicts with, and the tiles of its shapelets
    # are not precessed.
    arguments = f"""vis-simulate --no-beam --veto-threshold=-1e9 --elevation-limit=-91 --no-precession --num-timesteps 1
        --num-fine-channels 5 --freq-res 23000 --middle-freq 150 --ra={ra} --dec={dec}""".split()
    files = ["--metafits", metafits(), "--source-list", models, "--output-model-files", ms]
    with tempfile.TemporaryDirectory(prefix="hyperdrive-") as home:
        run = subprocess.run([program(), *arguments, *files, *options], cwd=home, capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"hyperdrive failed:\n{run.stdout[-3000:]}{run.stderr[-3000:]}")


def data(rows):
    """DATA with X and Y as everybody else has them: hyperdrive's X points east, so XX XY YX YY are YY YX XY XX."""
    return rows.getcol("DATA").astype(complex)[..., ::-1]


def differ(ms, column):
    import numpy as np
    from casacore.tables import table

    with table(ms, ack=False) as rows:
        theirs, ours = data(rows), rows.getcol(column).astype(complex)
    apart, peak = np.abs(ours - theirs), np.abs(theirs).max()
    each = (apart.max(axis=(0, 1)) / peak).tolist()
    print(json.dumps({"relative": float(apart.max() / peak), "each": each, "peak": float(peak)}))


def record(ms, name):
    from casacore.tables import table

    with table(ms, ack=False) as rows, table(f"{ms}/SPECTRAL_WINDOW", ack=False) as windows:
        values, frequencies = data(rows), windows.getcell("CHAN_FREQ", 0)
        pairs = list(zip(rows.getcol("ANTENNA1").tolist(), rows.getcol("ANTENNA2").tolist()))
        for row in map(pairs.index, BASELINES):
            for channel, frequency in enumerate(frequencies):
                cells = " ".join(f"{x.real:.8g} {x.imag:.8g}" for x in values[row, channel])
                print(name, *rows.getcell("UVW", row), int(frequency), cells)


if __name__ == "__main__":
    {"simulate": simulate, "differ": differ, "record": record}[sys.argv[1]](*sys.argv[2:])

"""The programs of the comparison: how each is asked for a prediction, and what it says of the time it took."""

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys

import case as cases

HERE = os.path.dirname(os.path.abspath(__file__))


def package_version(name):
    """The version of an installed Python package, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


class Peer:
    """One program. `name` is unique; `asked` says in words what it was asked for."""

    name = asked = ""
    # How to get it, where it is missing.
    install = "it is in benches/compare/requirements.txt, but could not be installed"
    # Whether it can be asked for an observation of several fields.
    fields = True
    # Whether it refuses MeasurementSets of two correlations.
    four_correlations = False
    # Whether it has visibilities that can be wrong.
    predicts = True

    def version(self):
        """Its version, or None where it is missing."""
        raise NotImplementedError

    def ms(self, case):
        """The MeasurementSet that it fills."""
        return case.twin if self.four_correlations else case.ms

    def command(self, case):
        """The command that fills MODEL_DATA of a case."""
        raise NotImplementedError

    def compute(self, case, text):
        """Seconds of computing alone, as the program says them; None where it does not."""
        return None


class Ours(Peer):
    name = "nvss-predict"
    asked = "points at their own positions and spectra; its check of 256 visibilities and its fsync are in the time"

    def __init__(self, program):
        self.program = program

    def version(self):
        return subprocess.run([self.program, "--version"], capture_output=True, text=True).stdout.split()[-1]

    def command(self, case):
        return [self.program, "-q", case.ms, case.path("sky.csv"), "--radius", "all", "--frame", case.sky.frame,
                "--threads", str(case.threads), "--report", case.path("report.json")]  # fmt: skip

    def compute(self, case, text):
        with open(case.path("report.json")) as f:
            report = json.load(f)
        return report["seconds"]["compute"] / report["plan"]["threads"]


class Copy(Peer):
    name = "dd"
    asked = "no prediction: `dd bs=8M conv=notrunc,fsync` of the file of MODEL_DATA over an existing file, read from the page cache"
    predicts = fields = False
    install = "it is in coreutils"

    def version(self):
        if not shutil.which("dd"):
            return None
        return subprocess.run(["dd", "--version"], capture_output=True, text=True).stdout.splitlines()[0].split()[-1]

    def command(self, case):
        copy = os.path.join(case.measurement.folder, "raw.bin")
        return ["dd", f"if={cases.column_file(case.ms, 'MODEL_DATA')}", f"of={copy}", "bs=8M", "conv=notrunc,fsync", "status=none"]


class WSClean(Peer):
    install = "apt install wsclean"
    options = ()

    def version(self):
        if not shutil.which("wsclean"):
            return None
        said = subprocess.run(["wsclean", "--version"], capture_output=True, text=True).stdout
        return re.search(r"version (\S+)", said)[1]

    def command(self, case):
        return ["wsclean", "-j", str(case.threads), "-predict", *self.options, "-name", case.path("point"), case.ms]

    def compute(self, case, text):
        found = re.search(r"prediction: (\d+):(\d+):([\d.]+)", text)
        return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]) if found else None


class WSCleanStacking(WSClean):
    name = "WSClean"
    asked = "`-predict` of one image of the whole band, each source on its nearest pixel at its flux density in the middle of the band; the image was drawn beforehand"


class WSCleanWGridder(WSClean):
    name = "WSClean, w-gridder"
    asked = "the same with `-use-wgridder`"
    options = ("-use-wgridder",)


class DP3(Peer):
    name = "DP3"
    asked = ("the step `predict` with the component list: points at their own positions and spectra; of a MeasurementSet of four "
             "correlations and so twice the bytes, because it refuses two")  # fmt: skip
    four_correlations = True

    def version(self):
        return package_version("dp3")

    def command(self, case):
        return [os.path.join(os.path.dirname(sys.executable), "DP3.py"), f"msin={self.ms(case)}", "msin.datacolumn=DATA", "msout=.",
                "msout.datacolumn=MODEL_DATA", "steps=[predict]", f"predict.sourcedb={case.path('components-j2000.txt')}",
                f"numthreads={case.threads}", "showtimings=true"]  # fmt: skip

    def compute(self, case, text):
        total = re.search(r"Total DP3 time\s+([\d.]+) real", text)
        share = re.search(r"([\d.]+)% .*OnePredict predict", text)
        return float(total[1]) * float(share[1]) / 100 if total and share else None


class Casa(Peer):
    name = "CASA ft"
    asked = "`ft` with a component list made by `cl.addcomponent`: points at their own positions and spectra"

    def version(self):
        return package_version("casatasks") if package_version("casatools") else None

    def command(self, case):
        return [sys.executable, os.path.join(cases.ORACLES, "casa.py"), "ft", case.ms, case.path("sky.json")]


class Crystalball(Peer):
    name = "crystalball"
    asked = "the component list: points at their own positions and spectra"

    def version(self):
        return package_version("crystalball")

    def command(self, case):
        return [os.path.join(os.path.dirname(sys.executable), "crystalball"), case.ms, "-sm", case.path("components.txt"),
                "-o", "MODEL_DATA", "-j", str(case.threads)]  # fmt: skip


class Library(Peer):
    """A library in a program of ours (worker.py)."""

    fields = False
    engine = package = ""
    epsilon = 1e-6

    def version(self):
        return package_version(self.package)

    def command(self, case):
        return [sys.executable, os.path.join(HERE, "worker.py"), self.engine, case.ms, case.path("sky.npz"),
                case.path("point-model.fits"), repr(case.measurement.pixel), str(self.epsilon), str(case.threads)]  # fmt: skip

    def compute(self, case, text):
        return json.loads(text.strip().splitlines()[-1])["compute"]


class Finufft(Library):
    name = "finufft"
    engine = package = "finufft"
    asked = "`nufft3d3` to 1e-6 from sources to all visibilities, one vector for each term of the spectra; python-casacore around it"


class Nu2nu(Library):
    name = "ducc0 nu2nu"
    engine, package = "nu2nu", "ducc0"
    asked = "`nufft.experimental.nu2nu` to 1e-6, one vector for each term of the spectra; python-casacore around it"


class Dirty2vis(Library):
    name = "ducc0 dirty2vis"
    engine, package = "dirty2vis", "ducc0"
    epsilon = 1e-5
    asked = "`wgridder.dirty2vis` to 1e-5 in single precision of WSClean's image; python-casacore around it"


def everybody():
    """All but ourselves, in the order of the tables."""
    return [Copy(), WSCleanStacking(), WSCleanWGridder(), DP3(), Casa(), Crystalball(), Finufft(), Nu2nu(), Dirty2vis()]

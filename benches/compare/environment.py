"""The Python environment of the comparison, and what the machine is. Only the standard library: it runs before all else."""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def requirements():
    """The packages of requirements.txt and of those it refers to, one a line."""
    lines = []
    for path in (os.path.join(HERE, "..", "..", "tests", "oracles", "requirements.txt"), os.path.join(HERE, "requirements.txt")):
        with open(path) as f:
            lines += [line.strip() for line in f if line.strip() and line[0] not in "#-"]
    return lines


def ensure(folder):
    """The Python of a venv that holds the requirements; what cannot be installed is said and left out."""
    python, done, wanted = os.path.join(folder, "bin", "python"), os.path.join(folder, "installed.txt"), requirements()
    if os.path.exists(done):
        with open(done) as f:
            if f.read().split() == wanted:
                return python
    print(f"installing the peers into {folder} (some 2 GB the first time)", flush=True)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*pip, *wanted]).returncode:
        # One that has no wheel for this machine must not take the others with it.
        for line in wanted:
            if subprocess.run([*pip, line]).returncode:
                print(f"MISSING: {line} could not be installed", flush=True)
    with open(done, "w") as f:
        f.write("\n".join(wanted) + "\n")
    return python


def variables(threads):
    """The environment every program runs in: so many threads, whichever library it counts them by.

    It holds CASACORE_DATADIR too, which python-casacore sets when it is imported, and without which DP3 finds no observatories.
    """
    named = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "DUCC0_NUM_THREADS")
    # DP3 refuses to run where OpenBLAS makes threads of its own.
    return os.environ | dict.fromkeys(named, str(threads)) | {"OPENBLAS_NUM_THREADS": "1"}


def _field(path, key):
    try:
        with open(path) as f:
            return next((line.split(":", 1)[1].strip() for line in f if line.startswith(key)), None)
    except OSError:
        return None


def _disk(folder):
    """What the file system and the device below a folder are."""
    try:
        found = subprocess.run(["findmnt", "-no", "FSTYPE,SOURCE", "--target", folder], capture_output=True, text=True)
        kind, source = found.stdout.split()[:2]
    except (OSError, ValueError):
        return "unknown"
    name = os.path.basename(os.path.realpath(source))
    block = os.path.realpath(f"/sys/class/block/{name}")
    # A partition's queue is that of its disk.
    queues = [q for q in (f"{block}/queue/rotational", f"{os.path.dirname(block)}/queue/rotational") if os.path.exists(q)]
    if name.startswith(("vd", "xvd")):
        what = "virtual disk"
    elif queues:
        with open(queues[0]) as f:
            what = "rotating disk" if f.read().strip() == "1" else "solid-state disk"
    else:
        what = "device of unknown kind"
    return f"{kind} on a {what}"


def machine(folder):
    """Facts of the machine, in words."""
    flags = (_field("/proc/cpuinfo", "flags") or "").split()
    simd = "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else "no AVX2"
    memory = int((_field("/proc/meminfo", "MemTotal") or "0").split()[0]) / 2**20
    return {
        "processor": f"{_field('/proc/cpuinfo', 'model name') or 'unknown'} (family {_field('/proc/cpuinfo', 'cpu family')}, "
                     f"model {_field('/proc/cpuinfo', 'model')}, {simd})",
        "cores": os.cpu_count(),
        "memory": f"{memory:.0f} GiB",
        "disk": _disk(folder),
        "load": os.getloadavg()[0],
    }  # fmt: skip

"""DP3's own prediction of a sky model. No network: the data of casacore come from the package casadata.

    dp3.py predict MS SKYMODEL COLUMN       without a beam, into a column that DP3 makes
    dp3.py differ MS COLUMN OTHER           JSON: the rms difference of two columns over cross-correlations, relative to the rms
                                            of the second, and the same of each correlation

All paths absolute.
"""

import os
import subprocess
import sys
import tempfile


def run(parset):
    import casadata

    with tempfile.TemporaryDirectory(prefix="dp3-") as home:
        settings = os.path.join(home, "casarc")
        with open(settings, "w") as file:
            file.write(f"measures.directory: {casadata.datapath}\n")
        # DP3 refuses to run beside the threads of numpy's library.
        environment = dict(os.environ, CASARCFILES=settings, OPENBLAS_NUM_THREADS="1")
        # Away from the folder of this file, which has the name of DP3's package.
        code = "import sys; from dp3 import entrypoint; sys.exit(entrypoint())"
        subprocess.run([sys.executable, "-c", code, *parset], cwd=home, env=environment, check=True)


def predict(ms, skymodel, column):
    run([
        f"msin={ms}",
        "steps=[predict]",
        f"predict.sourcedb={skymodel}",
        "predict.usebeammodel=false",
        "msout=.",
        f"msout.datacolumn={column}",
    ])  # fmt: skip


def differ(ms, column, other):
    import json

    import numpy as np
    from casacore.tables import table

    with table(ms, ack=False) as rows:
        cross = rows.getcol("ANTENNA1") != rows.getcol("ANTENNA2")
        one, two = (rows.getcol(name)[cross].astype(complex) for name in (column, other))
    rms = lambda values: float(np.sqrt(np.mean(np.abs(values) ** 2)))
    each = [rms((one - two)[..., at]) / rms(two[..., at]) for at in range(two.shape[-1])]
    print(json.dumps({"all": rms(one - two) / rms(two), "each": each}))


if __name__ == "__main__":
    {"predict": predict, "differ": differ}[sys.argv[1]](*sys.argv[2:])

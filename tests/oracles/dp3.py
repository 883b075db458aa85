"""DP3 as a predictor of its own sky models.

    dp3.py predict MS SKYMODEL COLUMN      predicts a text sky model into a column
"""

import os
import subprocess
import sys
import tempfile

import casadata


def predict(ms, model, column):
    program = os.path.join(os.path.dirname(sys.executable), "DP3.py")
    arguments = [f"msin={ms}", "msout=.", f"msout.datacolumn={column}", "steps=[predict]", f"predict.sourcedb={model}",
                 "numthreads=2"]  # fmt: skip
    with tempfile.TemporaryDirectory() as home:
        # The package brings no measures data; CASA's do.
        with open(f"{home}/.casarc", "w") as config:
            config.write(f"measures.directory: {casadata.datapath}\n")
        # Threads of OpenBLAS in its own threads make DP3 refuse to start.
        environment = {**os.environ, "HOME": home, "CASARCFILES": f"{home}/.casarc", "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run([sys.executable, program, *arguments], env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)


if __name__ == "__main__":
    {"predict": predict}[sys.argv[1]](*sys.argv[2:])

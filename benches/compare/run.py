"""Us and our peers side by side, in one go: docs/benchmarks.md and its picture.

    python3 benches/compare/run.py [--sizes small,medium,full] [--sources 10,100,1000,10000]

Makes a MeasurementSet of each size, and lets each program fill its MODEL_DATA from the same sky: us, a peer, us, a peer,
so that what else the machine does strikes both. Every result is compared with a plain sum in double precision at
random rows and channels. The peers are installed the first time, into .oracles-compare; WSClean is taken from the
PATH. One that is missing is said so, and stands in the tables as missing.

The program itself is built with cargo unless --program gives it. Full size needs about 6 GB in --dir.
"""

import argparse
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--sizes", default="small,medium,full", help="of small, medium, full (default: all)")
    p.add_argument("--sources", default="10,100,1000,10000", help="numbers of sources (default: %(default)s)")
    p.add_argument("--peers", help="only those whose names contain one of these words, comma separated")
    p.add_argument("--rounds", type=int, default=3, help="runs of each (default: %(default)s)")
    p.add_argument("--once-above", type=float, default=5.0, metavar="S",
                   help="a run that takes longer is not repeated (default: %(default)s)")  # fmt: skip
    p.add_argument("--limit", type=float, default=60.0, metavar="S",
                   help="kill runs that take longer; where smaller cases foretell that, do not begin (default: %(default)s)")  # fmt: skip
    p.add_argument("--minutes", type=float, default=float("inf"), metavar="M",
                   help="after so long begin no further run of a peer, and say which are lacking (default: no such limit)")  # fmt: skip
    p.add_argument("--threads", type=int, default=os.cpu_count(), help="for every program (default: all cores)")
    p.add_argument("--program", help="nvss-predict (default: built with cargo, release)")
    p.add_argument("--dir", default=os.path.join(ROOT, "target", "compare"), help="where to work (default: target/compare)")
    p.add_argument("--venv", default=os.path.join(ROOT, ".oracles-compare"), help="the peers' Python environment")
    p.add_argument("--output", default=os.path.join(ROOT, "docs", "benchmarks.md"))
    p.add_argument("--remark", help="a sentence for the page, e.g. what else the machine did")
    p.add_argument("--json", help="keep the figures in this file")
    p.add_argument("--from-json", metavar="FILE", help="measure nothing: write the page from figures kept before")
    return p.parse_args()


def build():
    """Builds the program, and finds it."""
    command = ["cargo", "build", "--release", "--bin", "nvss-predict", "--message-format=json-render-diagnostics"]
    said = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    messages = (json.loads(line) for line in said.splitlines())
    return [m["executable"] for m in messages if m.get("executable")][-1]


def main():
    a = arguments()
    # As the programs of another folder see them.
    a.dir, a.venv, a.output = (os.path.abspath(path) for path in (a.dir, a.venv, a.output))
    import environment

    python = environment.ensure(a.venv)
    if os.path.abspath(sys.prefix) != a.venv:
        os.execv(python, [python, *sys.argv])
    import report
    from bench import Bench

    if a.from_json:
        with open(a.from_json) as f:
            figures = json.load(f)
    else:
        a.program = os.path.abspath(a.program) if a.program else build()
        os.makedirs(a.dir, exist_ok=True)
        figures = Bench(a, environment.machine(a.dir)).measure()
    if a.json:
        with open(a.json, "w") as f:
            json.dump(figures, f, indent=1)
    report.write(figures, a.output)
    print(f"wrote {a.output}")


if __name__ == "__main__":
    main()

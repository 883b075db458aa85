"""Runs the programs of this folder, each in a child that has their libraries loaded already: loading takes longer than most of
them run.

    serve.py

Reads requests, one line of JSON each: [PROGRAM, ARGUMENT, ...]; answers each by a line of JSON: [wait status, output, errors].
"""

import gc
import json
import os
import runpy
import sys
import tempfile
import traceback

# Loaded for the children.
import digest  # noqa: F401
import f64sum  # noqa: F401
import observation  # noqa: F401
import tamper  # noqa: F401

HERE = os.path.dirname(os.path.abspath(__file__))


def run(program, arguments, out, err):
    """In the child: the program as if it had been started alone."""
    for place, file in ((0, open(os.devnull)), (1, out), (2, err)):
        os.dup2(file.fileno(), place)
    sys.argv = [program, *arguments]
    code = 0
    try:
        runpy.run_path(program, run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:  # noqa: BLE001  (as the interpreter does at its top)
        traceback.print_exc()
        code = 1
    # Tables that are still open are closed, and so written.
    gc.collect()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main():
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        program, *arguments = json.loads(line)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = os.fork()
            if child == 0:
                run(os.path.join(HERE, program), arguments, out, err)
            _, status = os.waitpid(child, 0)
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read().decode(errors="replace"))
        answers.write(json.dumps([status, *texts]) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()

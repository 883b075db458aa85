"""crystalball as a predictor: source lists of WSClean into columns of a MeasurementSet of one field.

    crystalball.py MS COLUMN LIST [COLUMN LIST ...]

Columns that are not there are made as crystalball makes them, like DATA.
"""

import sys

# The folder of this file, which has the package's name.
del sys.path[0]

from crystalball.crystalball import predict  # noqa: E402


def main():
    ms, *rest = sys.argv[1:]
    for column, sources in zip(rest[::2], rest[1::2]):
        predict(ms, sky_model=sources, output_column=column, num_workers=2)


if __name__ == "__main__":
    main()

"""Damages or changes a MeasurementSet in one way, through python-casacore.

    tamper.py set MS[/SUBTABLE] COLUMN ROW JSON         one cell
    tamper.py empty MS SUBTABLE                         no rows left in a subtable
    tamper.py add-column MS NAME TYPE JSON-SHAPE        complex | float column of a fixed cell shape (axes chan, corr),
                                                        or of variable shape without a value: "null"
    tamper.py two-columns MS A B JSON-SHAPE             two complex columns in one TiledColumnStMan; B is 7
    tamper.py backwards MS NAME JSON-SHAPE              a variable TiledShapeStMan column whose rows lie in the file from
                                                        the last to the first
    tamper.py copy-column MS OLD NEW                    a new column with the values of another, shape variable
    tamper.py remove-keyword TABLE NAME                 a keyword of a table
    tamper.py frame MS REFERENCE                        MEASINFO.Ref of FIELD.PHASE_DIR
    tamper.py moving-centre MS DRA DDEC                 FIELD 0 drifts by so much [rad/s] from its first row's time
    tamper.py select MS TAQL NEW                        a reference table of the chosen rows
    tamper.py concat NEW MS MS                          a concatenated table
    tamper.py little-endian MS NEW                      a deep copy of the other byte order
    tamper.py column-info MS COLUMN                     prints description, keywords and data manager as JSON
    tamper.py virtual-models MS                         prints CASA's marks of virtual models as a JSON list
    tamper.py last-row TABLE                            prints the last row as JSON
    tamper.py messages known|all HISTORY HISTORY ...    prints the messages of each as JSON, having read all other cells too;
                                                        `known`: of the rows that all storage managers have
    tamper.py circular MS                               RR RL LR LL in place of XX XY YX YY
    tamper.py descend MS SPW                            the frequencies of a spectral window in the other order
    tamper.py times MS                                  the times of the rows as JSON
    tamper.py torn TABLE ENDIAN                         a new table of which rows and a column were deleted, and rows added
                                                        again; prints its values as JSON
"""

import json
import os
import shutil
import sys

import numpy as np
from casacore.tables import makearrcoldesc, makescacoldesc, maketabdesc, table

from observation import open_table


def set_cell(path, column, row, value):
    t = open_table(path, readonly=False)
    value = json.loads(value)  # NaN is accepted
    old = t.getcell(column, int(row))
    t.putcell(column, int(row), np.array(value, old.dtype) if isinstance(old, np.ndarray) else value)
    t.close()


def empty(ms, subtable):
    # A copy without rows: removerows leaves a row count that readers without locks see late.
    t = open_table(f"{ms}/{subtable}")
    t.copy(f"{ms}/EMPTY", deep=True, copynorows=True).close()
    t.close()
    shutil.rmtree(f"{ms}/{subtable}")
    os.rename(f"{ms}/EMPTY", f"{ms}/{subtable}")


def add_column(ms, name, kind, shape):
    t = open_table(ms, readonly=False)
    shape = json.loads(shape)
    fixed = {} if shape is None else {"shape": shape, "options": 4}
    value = {"complex": 0j, "float": 0.0}[kind]
    desc = makearrcoldesc(name, value, valuetype=kind, ndim=2, **fixed)
    t.addcols(maketabdesc(desc), {"TYPE": "StandardStMan", "NAME": f"{name}_dm"})
    t.close()


def two_columns(ms, a, b, shape):
    t = open_table(ms, readonly=False)
    shape = json.loads(shape)
    descs = [makearrcoldesc(n, 0j, valuetype="complex", ndim=2, shape=shape, options=4,
                            datamanagertype="TiledColumnStMan", datamanagergroup="Both") for n in (a, b)]  # fmt: skip
    t.addcols(maketabdesc(descs), {"TYPE": "TiledColumnStMan", "NAME": "Both", "DEFAULTTILESHAPE": [*shape[::-1], 32]})
    t.putcol(b, np.full((t.nrows(), *shape), 7, np.complex64))
    t.close()


def backwards(ms, name, shape):
    t = open_table(ms, readonly=False)
    shape = json.loads(shape)
    desc = makearrcoldesc(name, 0j, valuetype="complex", ndim=2)
    t.addcols(maketabdesc(desc), {"TYPE": "TiledShapeStMan", "NAME": name, "DEFAULTTILESHAPE": [*shape[::-1], 32]})
    # A row gets its place in the hypercube when it is first written.
    for row in reversed(range(t.nrows())):
        t.putcell(name, row, np.full(shape, row, np.complex64))
    t.close()


def copy_column(ms, old, new):
    t = open_table(ms, readonly=False)
    t.addcols(maketabdesc(makearrcoldesc(new, 0j, valuetype="complex", ndim=2)), {"TYPE": "StandardStMan", "NAME": new})
    for row in range(t.nrows()):
        t.putcell(new, row, t.getcell(old, row))
    t.close()


def frame(ms, reference):
    t = open_table(f"{ms}/FIELD", readonly=False)
    info = t.getcolkeyword("PHASE_DIR", "MEASINFO")
    t.putcolkeyword("PHASE_DIR", "MEASINFO", {"type": info["type"], "Ref": reference})
    t.close()


def remove_keyword(path, name):
    t = open_table(path, readonly=False)
    t.removekeyword(name)
    t.close()


def moving_centre(ms, dra, ddec):
    main = open_table(ms)
    t = open_table(f"{ms}/FIELD", readonly=False)
    t.putcell("TIME", 0, main.getcell("TIME", 0))
    t.putcell("NUM_POLY", 0, 1)
    for name in ("PHASE_DIR", "DELAY_DIR", "REFERENCE_DIR"):
        t.putcell(name, 0, np.vstack([t.getcell(name, 0)[:1], [[float(dra), float(ddec)]]]))
    t.close()


def select(ms, taql, new):
    t = open_table(ms)
    t.query(taql).copy(new, deep=False).close()
    t.close()


def concat(new, *parts):
    t = table(list(parts), ack=False)
    t.rename(new)
    t.close()


def little_endian(ms, new):
    t = open_table(ms)
    t.copy(new, deep=True, valuecopy=True, endian="little").close()
    t.close()


def column_info(ms, column):
    t = open_table(ms)
    manager = next(m for m in t.getdminfo().values() if column in m["COLUMNS"])
    info = {"description": t.getcoldesc(column), "manager": manager, "endian": t.endianformat()}
    print(json.dumps(info, default=lambda x: np.asarray(x).tolist()))
    t.close()


def virtual_models(ms):
    """CASA (VisModelData) marks a field in the keywords of SOURCE, or of the main table where there is no SOURCE."""
    tables = [ms, *([f"{ms}/SOURCE"] if os.path.exists(f"{ms}/SOURCE") else [])]
    print(json.dumps([k for t in tables for k in open_table(t).keywordnames() if k.startswith("definedmodel_field_")]))


def messages(which, *tables):
    found = []
    for path in tables:
        t = open_table(path)
        rows = []
        for row in range(t.nrows()):
            try:
                cells = {name: t.getcell(name, row) for name in t.colnames() if t.iscelldefined(name, row)}
            except RuntimeError:
                if which == "all":
                    raise
                break
            rows.append(cells.get("MESSAGE", ""))
        found.append(rows)
        t.close()
    print(json.dumps(found))


def descend(ms, window):
    t = open_table(f"{ms}/SPECTRAL_WINDOW", readonly=False)
    t.putcell("CHAN_FREQ", int(window), t.getcell("CHAN_FREQ", int(window))[::-1])
    t.close()


def circular(ms):
    """Correlations RR RL LR LL of receptors R and L, in place of XX XY YX YY."""
    t = open_table(f"{ms}/POLARIZATION", readonly=False)
    t.putcell("CORR_TYPE", 0, np.array(t.getcell("CORR_TYPE", 0)) - 4)
    t.close()
    t = open_table(f"{ms}/FEED", readonly=False)
    for row in range(t.nrows()):
        t.putcell("POLARIZATION_TYPE", row, ["R", "L"])
    t.close()


def times(ms):
    print(json.dumps(sorted(set(open_table(ms).getcol("TIME").tolist()))))


def torn(path, endian):
    columns = [
        makescacoldesc("A", 0),
        makescacoldesc("GONE", 0),
        makescacoldesc("T", 0.0),
        makescacoldesc("NAME", ""),
        # Directly in the bucket, as UVW is by default.
        makearrcoldesc("UVW", 0.0, 1, [3], options=5, valuetype="double"),
    ]

    def fill(t, start):
        count = t.nrows() - start
        t.putcol("A", np.arange(count, dtype=np.int32) * 7 + start, start)
        t.putcol("T", np.arange(count) * 0.25 - start, start)
        t.putcol("UVW", np.arange(3 * count).reshape(count, 3) * 0.75, start)

    t = table(f"{path}.whole", maketabdesc(columns), nrow=5000, readonly=False, ack=False)
    fill(t, 0)
    t.flush()
    t.removerows([*range(100, 228), 300, 301, 302, *range(2000, 2500, 3)])
    t.flush()
    t.addrows(2000)
    fill(t, t.nrows() - 2000)
    t.removerows([0, 31, 32, t.nrows() - 1])
    t.removecols("GONE")
    if endian == "little":
        t.close()
        os.rename(f"{path}.whole", path)
    else:
        # A copy has no gaps of its own: they are made again.
        t.copy(path, deep=True, valuecopy=True, endian=endian).close()
        t.close()
        t = open_table(path, readonly=False)
        t.removerows([*range(40, 80), *range(3000, 4000, 5)])
        t.close()
    t = open_table(path)
    json.dump({name: t.getcol(name).ravel().tolist() for name in ["A", "T", "UVW"]}, sys.stdout)


def last_row(path):
    t = open_table(path)
    print(json.dumps(t[t.nrows() - 1], default=lambda x: np.asarray(x).tolist()))
    t.close()


ACTIONS = {
    "set": set_cell,
    "empty": empty,
    "add-column": add_column,
    "two-columns": two_columns,
    "backwards": backwards,
    "copy-column": copy_column,
    "remove-keyword": remove_keyword,
    "frame": frame,
    "moving-centre": moving_centre,
    "select": select,
    "concat": concat,
    "little-endian": little_endian,
    "column-info": column_info,
    "virtual-models": virtual_models,
    "last-row": last_row,
    "messages": messages,
    "circular": circular,
    "descend": descend,
    "times": times,
    "torn": torn,
}

if __name__ == "__main__":
    ACTIONS[sys.argv[1]](*sys.argv[2:])

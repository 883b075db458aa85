"""What must not change in a MeasurementSet: every column, keyword and file but the model column.

    digest.py take    MS FILE [--model MODEL_DATA]     write the digests to FILE
    digest.py compare MS FILE [--model MODEL_DATA]     exit 1 and one line for each difference

Values are read through python-casacore, so a file that still has its bytes but that casacore reads
differently is found as well as the opposite. HISTORY may grow; the rows it had must stay. Table locks
(table.lock) change when a table is read and are left out. The model column and the files of the data
manager that holds it may change, and the main table's description (table.dat) with them; any other
new file is a difference, so that nothing temporary is left behind.
"""

import argparse
import hashlib
import json
import os
import sys

import numpy as np

from observation import open_table

CHUNK = 32 << 20  # bytes read at a time, about


def feed(h, value):
    """Any value of a cell or keyword into a hash, type and shape included."""
    if isinstance(value, np.ndarray) and value.dtype.kind not in "OUS":
        h.update(f"{value.dtype}{value.shape}".encode())
        h.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, dict):
        for key in value:
            h.update(key.encode())
            feed(h, value[key])
    else:
        h.update(json.dumps(np.asarray(value, object).tolist(), default=str).encode())


def column_digest(t, name, rows):
    """Digest of the first rows of a column, undefined cells included."""
    h = hashlib.sha256()
    start = 0
    while start < rows:
        count = min(rows - start, max(1, CHUNK // max(1, _cell_bytes(t, name, start))))
        try:
            feed(h, t.getcol(name, start, count))
        except RuntimeError:  # cells of differing shapes, or undefined ones
            for row in range(start, start + count):
                feed(h, t.getcell(name, row) if t.iscelldefined(name, row) else "undefined")
        start += count
    return h.hexdigest()


def cells_digest(t, name, rows):
    """As column_digest, cell by cell. Of the rows of HISTORY, which grows: a process killed while casacore adds a row
    leaves a number of rows that is one behind the data, and then only cells can be read, not whole columns."""
    h = hashlib.sha256()
    for row in range(rows):
        feed(h, t.getcell(name, row) if t.iscelldefined(name, row) else "undefined")
    return h.hexdigest()


def _cell_bytes(t, name, row):
    value = t.getcell(name, row) if t.iscelldefined(name, row) else None
    return value.nbytes if isinstance(value, np.ndarray) else 64


def hash_of(value, root):
    """Digest of a keyword set; paths are made relative so that a copied MS compares equal."""
    return hashlib.sha256(json.dumps(value, default=lambda x: np.asarray(x).tolist(), sort_keys=True)
                          .replace(root, "").encode()).hexdigest()  # fmt: skip


def table_digest(path, root, skip=(), rows=None):
    t = open_table(path)
    rows = t.nrows() if rows is None else min(rows, t.nrows())
    columns = {}
    for name in t.colnames():
        if name in skip:
            continue
        desc = t.getcoldesc(name)
        columns[name] = {
            "description": hash_of(desc, root),
            "data": (cells_digest if os.path.basename(path) == "HISTORY" else column_digest)(t, name, rows),
        }
    result = {"rows": t.nrows(), "columns": columns, "keywords": hash_of(t.getkeywords(), root)}
    t.close()
    return result


def manager_files(path, model):
    """Names of the files of the data manager that holds the model column."""
    t = open_table(path)
    prefixes = [f"table.f{m['SEQNR']}" for m in t.getdminfo().values() if model in m["COLUMNS"]]
    t.close()
    return [f for f in os.listdir(path) if any(f == p or f[len(p):len(p) + 1] in ("i", "_") and f.startswith(p)
                                               for p in prefixes)]  # fmt: skip


def file_digests(root, model):
    excluded = {"table.dat", *manager_files(root, model)}
    result = {}
    for folder, _, names in os.walk(root):
        relative = os.path.relpath(folder, root)
        for name in names:
            if name == "table.lock" or relative == "HISTORY" or (relative == "." and name in excluded):
                continue
            with open(os.path.join(folder, name), "rb") as f:
                result[os.path.normpath(os.path.join(relative, name))] = hashlib.file_digest(f, "sha256").hexdigest()
    return result


def subtables(root):
    """Folders under the MS that are tables themselves."""
    return sorted(f for f in os.listdir(root) if os.path.exists(os.path.join(root, f, "table.dat")))


def take(ms, model, before=None):
    """The whole digest; HISTORY is read only as far as `before` had rows."""
    root = os.path.abspath(ms)
    tables = {".": table_digest(root, root, skip=(model,))}
    for name in subtables(root):
        rows = before["tables"][name]["rows"] if before and name == "HISTORY" and name in before["tables"] else None
        tables[name] = table_digest(os.path.join(root, name), root, rows=rows)
    return {"tables": tables, "files": file_digests(root, model), "model_files": manager_files(root, model)}


def differences(before, after):
    """One line for each thing that changed."""
    lines = []
    for name in sorted(before["tables"].keys() | after["tables"].keys()):
        old, new = before["tables"].get(name), after["tables"].get(name)
        if old is None or new is None:
            lines.append(f"table {name} {'appeared' if old is None else 'is gone'}")
            continue
        if old["rows"] != new["rows"] and not (name == "HISTORY" and new["rows"] > old["rows"]):
            lines.append(f"table {name}: {old['rows']} rows became {new['rows']}")
        if old["keywords"] != new["keywords"]:
            lines.append(f"table {name}: keywords changed")
        for column in sorted(old["columns"].keys() | new["columns"].keys()):
            if old["columns"].get(column) != new["columns"].get(column):
                lines.append(f"table {name}: column {column} changed, appeared or is gone")
    # Files of the model's manager are free to change on either side.
    free = set(before["model_files"]) | set(after["model_files"])
    for name in sorted((before["files"].keys() | after["files"].keys()) - free):
        if before["files"].get(name) != after["files"].get(name):
            state = "appeared" if name not in before["files"] else "is gone" if name not in after["files"] else "changed"
            lines.append(f"file {name} {state}")
    return lines


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("action", choices=("take", "compare"))
    p.add_argument("ms")
    p.add_argument("file")
    p.add_argument("--model", default="MODEL_DATA", help="the column that may change")
    a = p.parse_args()
    if a.action == "take":
        with open(a.file, "w") as f:
            json.dump(take(a.ms, a.model), f)
        return
    with open(a.file) as f:
        before = json.load(f)
    lines = differences(before, take(a.ms, a.model, before))
    print("\n".join(lines))
    sys.exit(1 if lines else 0)


if __name__ == "__main__":
    main()

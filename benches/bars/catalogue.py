"""Bar: 1.77 million rows are imported in 15 s, and a cone of 2 degrees answers in 20 ms, each within 300 MiB; sky models of a
million lines are read at a million lines a second within 400 MiB.

A catalogue of the size of NVSS in the layouts of VizieR's VIII/65 (nvss.dat, asu-tsv, VOTable, FITS) is made up, imported in
each, and asked for cones of 2 degrees all over the sky, poles and origin of right ascension included: once each after the
system was told to forget the file, and five times after that. What is printed is the wall time of the whole process and the
time that the query itself reports; the bars are on the medians of the latter over all cones, the slowest standing beside
them. Exit status 1 if a bar is missed.

Then lists of a million lines are read by `convert`, which says how long that took: components as WSClean writes them, as DP3 has
them with patches and a tenth of them polarised, WSClean's in the text of every other program, and a table of text.

    catalogue.py BINARY [--dir DIR] [--rows 1773484] [--forms dat,csv,votable,fits] [--lines 1000000] [--lists wsclean,dp3,...]

With `--forms none` or `--lists none` that part is left out.

Only the standard library. Needs about 2 GB in DIR (default: target/bars), removed at the end.
"""

import argparse
import math
import os
import random
import re
import shutil
import statistics
import struct
import subprocess
import sys
import time

IMPORT_BAR, QUERY_BAR, RSS_BAR_MIB = 15.0, 20.0, 300
LIST_BAR, LIST_RSS_BAR_MIB = 1e6, 400
CENTRES = ["343.7 16.0", "0.01 0.0", "180 89.9", "12.3 -39", "266 -29", "83.6 22.0", "187.7 12.4", "359.9 45"]


# The columns of VIII/65 that say something: name, unit, first byte (0: VizieR's own), width, type as a FITS table has it.
COLUMNS = [
    ("_RAJ2000", "deg", 0, 9, "D"), ("_DEJ2000", "deg", 0, 9, "D"), ("Field", "", 1, 8, "8A"), ("Xpos", "pix", 10, 7, "E"),
    ("Ypos", "pix", 18, 7, "E"), ("NVSS", "", 26, 14, "14A"), ("RAJ2000", '"h:m:s"', 41, 11, "11A"),
    ("DEJ2000", '"d:m:s"', 53, 11, "11A"), ("e_RAJ2000", "s", 65, 5, "E"), ("e_DEJ2000", "arcsec", 71, 4, "E"),
    ("S1.4", "mJy", 76, 8, "E"), ("e_S1.4", "mJy", 85, 7, "E"), ("l_MajAxis", "", 93, 1, "1A"),
    ("MajAxis", "arcsec", 94, 5, "E"), ("l_MinAxis", "", 100, 1, "1A"), ("MinAxis", "arcsec", 101, 5, "E"),
    ("PA", "deg", 107, 5, "E"), ("e_MajAxis", "arcsec", 113, 4, "E"), ("e_MinAxis", "arcsec", 118, 4, "E"),
    ("e_PA", "deg", 123, 4, "E"), ("f_resFlux", "", 128, 2, "2A"), ("resFlux", "mJy", 131, 4, "E"),
    ("polFlux", "mJy", 136, 6, "E"), ("polPA", "deg", 143, 5, "E"), ("e_polFlux", "mJy", 149, 5, "E"),
    ("e_polPA", "deg", 155, 4, "E"),
]  # fmt: skip


def cells(generator, ra):
    """A row at a right ascension [hours], as the texts of COLUMNS."""
    uniform = generator.uniform
    dec = math.degrees(math.asin(uniform(math.sin(math.radians(-40.4)), 1)))
    hundredths = min(round(ra * 360000), 8639999)
    tenths = min(round(abs(dec) * 36000), 3239999)
    h, m, s = hundredths // 360000, hundredths // 6000 % 60, hundredths % 6000
    d, dm, ds = tenths // 36000, tenths // 600 % 60, tenths % 600
    sign = "-" if dec < 0 else "+"
    flux = min(2.0 / (1 - generator.random()), 90000)
    kind, polarised = generator.random(), generator.random() < 0.2
    wide, narrow = kind >= 0.75, kind >= 0.87
    return (
        "%09.5f" % (hundredths / 24000), "%s%08.5f" % (sign, tenths / 36000), "C%02d%02dP%02d" % (h, m, d),
        "%7.2f" % uniform(0, 1000), "%7.2f" % uniform(0, 1000),
        "%02d%02d%02d%s%02d%02d%02d " % (h, m, s // 100, sign, d, dm, ds // 10),
        "%02d %02d %05.2f" % (h, m, s / 100), "%s%02d %02d %04.1f" % (sign, d, dm, ds / 10),
        "%5.2f" % uniform(0.03, 0.4), "%4.1f" % uniform(0.6, 5), "%8.1f" % flux, "%7.1f" % (0.5 + 0.03 * flux),
        " " if wide else "<", "%5.1f" % uniform(20, 90), " " if narrow else "<", "%5.1f" % uniform(15, 45),
        "%5.1f" % uniform(-90, 90) if wide else "     ", "%4.1f" % uniform(0.5, 9) if wide else "    ",
        "%4.1f" % uniform(0.5, 9) if narrow else "    ", "%4.1f" % uniform(1, 40) if wide else "    ",
        "  ", "    ", "%6.2f" % generator.gauss(0, 0.5), "%5.1f" % uniform(-90, 90) if polarised else "     ",
        "%5.2f" % uniform(0.3, 0.6), "%4.1f" % uniform(1, 40) if polarised else "    ",
    )  # fmt: skip


class Dat:
    """Fixed width, records of 158 bytes."""

    name = "nvss.dat"

    def __init__(self, path, rows):
        self.file = open(path, "w")
        parts, at = [], 1
        for name, _, first, width, _ in COLUMNS:
            parts.append(" " * (first - at) + "%s" if first else "%.0s")
            at = first + width if first else at
        self.form = "".join(parts) + "\n"

    def add(self, row):
        self.file.write(self.form % row)

    def close(self):
        self.file.close()


class Csv(Dat):
    """VizieR's asu-tsv, with semicolons."""

    name = "nvss.csv"

    def __init__(self, path, rows):
        self.file = open(path, "w")
        self.form = ";".join(["%s"] * len(COLUMNS)) + "\n"
        self.file.write("#Name: VIII/65/nvss\n")
        for part in ([c[0] for c in COLUMNS], [c[1] for c in COLUMNS], ["-" * c[3] for c in COLUMNS]):
            self.file.write(";".join(part) + "\n")


class Votable(Dat):
    """VizieR's VOTable with TABLEDATA."""

    name = "nvss.vot"

    def __init__(self, path, rows):
        self.file = open(path, "w")
        self.form = "<TR>" + "<TD>%s</TD>" * len(COLUMNS) + "</TR>\n"
        self.file.write('<?xml version="1.0"?>\n<VOTABLE version="1.4"><RESOURCE name="VIII/65">'
                        '<TABLE name="VIII/65/nvss">\n')  # fmt: skip
        for name, unit, _, _, kind in COLUMNS:
            kind = 'datatype="char" arraysize="*"' if "A" in kind else 'datatype="double"'
            self.file.write(f'<FIELD name="{name}" unit="{unit.replace(chr(34), "&quot;")}" {kind}/>\n')
        self.file.write("<DATA><TABLEDATA>\n")

    def add(self, row):
        self.file.write(self.form.replace("%s", "{}").format(*(c.strip().replace("<", "&lt;") for c in row)))

    def close(self):
        self.file.write("</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>\n")
        self.file.close()


class Fits:
    """VizieR's asu-binfits."""

    name = "nvss.fits"

    def __init__(self, path, rows):
        self.file = open(path, "wb")
        kinds = [kind for *_, kind in COLUMNS]
        self.texts = ["A" in kind for kind in kinds]
        self.packed = struct.Struct(">" + "".join({"D": "d", "E": "f"}.get(k, k.replace("A", "s")) for k in kinds))
        self.header([("SIMPLE", "T"), ("BITPIX", 8), ("NAXIS", 0), ("EXTEND", "T")])
        cards = [("XTENSION", "'BINTABLE'"), ("BITPIX", 8), ("NAXIS", 2), ("NAXIS1", self.packed.size), ("NAXIS2", rows),
                 ("PCOUNT", 0), ("GCOUNT", 1), ("TFIELDS", len(COLUMNS)), ("EXTNAME", "'VIII_65_nvss'")]  # fmt: skip
        for number, (name, unit, _, _, kind) in enumerate(COLUMNS, 1):
            cards += [(f"TTYPE{number}", f"'{name.replace('.', '_')}'"), (f"TFORM{number}", f"'{kind}'")]
            cards += [(f"TUNIT{number}", f"'{unit}'")]
        self.header(cards)

    def header(self, cards):
        text = "".join(f"{key:8}= {value:>20}".ljust(80) for key, value in cards) + "END".ljust(80)
        self.file.write(text.ljust(-(-len(text) // 2880) * 2880).encode())

    def add(self, row):
        nan = math.nan
        self.file.write(self.packed.pack(*(
            cell.encode() if text else float(cell) if cell.strip() else nan for text, cell in zip(self.texts, row)
        )))  # fmt: skip

    def close(self):
        self.file.write(bytes(-self.file.tell() % 2880))
        self.file.close()


def write_catalogues(folder, rows, forms):
    """The same rows in the order of right ascension, as the catalogue has them, in several forms; their paths."""
    generator = random.Random(1998)
    files = [form(os.path.join(folder, form.name), rows) for form in forms]
    for i in range(rows):
        row = cells(generator, 24 * (i + generator.random()) / rows)
        for file in files:
            file.add(row)
    for file in files:
        file.close()
    return [os.path.join(folder, form.name) for form in forms]


def write_model(path, lines, dp3):
    """A sky model of so many components, half of them Gaussians: WSClean's, or one with all that DP3 reads."""
    uniform = random.Random(2016).uniform
    with open(path, "w") as file:
        if dp3:
            file.write("FORMAT = Name, Type, Patch, Ra, Dec, I, Q, U, V, ReferenceFrequency='143489951.1', SpectralIndex='[]', "
                       "LogarithmicSI, MajorAxis, MinorAxis, Orientation\n, , all, 00:00:00, +00.00.00\n")  # fmt: skip
        else:
            file.write("Format = Name, Type, Ra, Dec, I, SpectralIndex, LogarithmicSI, ReferenceFrequency='143489951.1033762', "
                       "MajorAxis, MinorAxis, Orientation\n")  # fmt: skip
        for i in range(lines):
            ra = "%02d:%02d:%06.3f" % (uniform(0, 24), uniform(0, 60), uniform(0, 59.9))
            dec = "%s%02d.%02d.%06.3f" % ("+-"[i % 2], uniform(0, 90), uniform(0, 60), uniform(0, 59.9))
            terms = "[%.7g,%.7g]" % (uniform(-1, 1), uniform(-1, 1))
            kind, shape = "POINT", ",,"
            if i % 2:
                kind, shape = "GAUSSIAN", "%.4f,%.4f,%.4f" % (uniform(10, 20), uniform(1, 10), uniform(0, 180))
            if dp3:
                stokes = ", ".join("%.6g" % uniform(-1, 1) if not at or i % 10 == 0 else "" for at in range(4))
                file.write(f"s{i}, {kind}, all, {ra}, {dec}, {stokes}, , {terms}, true, {shape}\n")
            else:
                file.write(f"s0c{i},{kind},{ra},{dec},{uniform(-1, 1):.7g},{terms},false,143489951.1033762,{shape}\n")


# The other texts: the ends of their names, and how many lines a component takes.
LISTS = {
    "clscript": (".py", 1), "hyperdrive": (".yaml", 10), "ao": (".ao.txt", 12), "rts": (".rts.txt", 4.5), "woden": (".woden.txt", 5.5),
    "oskar": (".osm", 1), "sagecal": (".sky.txt", 1), "lsm": (".lsm.html", 1), "tigger": (".lsm.txt", 1),
    "pyradiosky": (".pyradiosky.txt", 1), "pybdsf": (".gaul", 1), "selavy": (".selavy.txt", 1),
}  # fmt: skip


def write_list(binary, folder, name, lines):
    """A list of so many lines in one of the formats; its path."""
    path = os.path.join(folder, name)
    if name in ("wsclean", "dp3"):
        write_model(path, lines, name == "dp3")
    elif name == "csv":
        uniform = random.Random(2016).uniform
        with open(path, "w") as file:
            file.write("name,ra_deg,dec_deg,flux_jy,alpha,ref_freq_hz,maj_arcsec,min_arcsec,pa_deg\n")
            for i in range(lines):
                shape = "%.4f,%.4f,%.4f" % (uniform(10, 20), uniform(1, 10), uniform(0, 180)) if i % 2 else ",,"
                file.write(f"s{i},{uniform(0, 360):.8f},{uniform(-90, 90):.8f},{uniform(0, 1):.7g},{uniform(-1, 1):.7g},1.4e9,{shape}\n")
    else:
        ending, each = LISTS[name]
        path += ending
        source = os.path.join(folder, "source")
        write_model(source, int(lines / each), False)
        run([binary, "convert", source, path, "--to", name, "--quiet"])
        os.remove(source)
    return path


def read_lists(binary, folder, names, lines, bar):
    for name in names:
        path = write_list(binary, folder, name, lines)
        with open(path, "rb") as file:
            count = sum(1 for _ in file)
        times, memory = [], []
        for _ in range(5):
            _, rss, said = run([binary, "convert", path, os.path.join(folder, "out.skymodel"), "--overwrite"])
            times.append(float(re.search(r"in ([\d.]+) s", said).group(1)))
            memory.append(rss)
        what = f"list of {name}, {count} lines"
        bar(what, statistics.median(times), count / LIST_BAR, "s")
        bar(what + ", memory", max(memory), LIST_RSS_BAR_MIB, "MiB")
        os.remove(path)


def forget(path):
    """Has the system forget what it knows of a file, so that it is read from the disk."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def run(arguments):
    """Seconds, largest resident set [MiB] and what was said of a command that must succeed."""
    begun = time.monotonic()
    child = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - begun
    if status:
        sys.exit(f"{' '.join(arguments)} ended with status {os.waitstatus_to_exitcode(status)}: {said}")
    return wall, usage.ru_maxrss / 1024, said


def read_catalogues(binary, folder, chosen, rows, bar):
    paths = write_catalogues(folder, rows, chosen)
    print(f"{rows} rows, load {os.getloadavg()[0]:.1f}", flush=True)
    store = os.path.join(folder, "sky.sqlite")
    for form, path in zip(chosen, paths):
        if os.path.exists(store):
            os.remove(store)
        wall, rss, _ = run([binary, "catalog", "import", path, "-o", store, "--quiet"])
        what = f"import {form.name} {os.path.getsize(path) / 1e6:.0f} MB"
        bar(what, wall, IMPORT_BAR, "s")
        bar(what + ", memory", rss, RSS_BAR_MIB, "MiB")
        os.remove(path)
    print(f"{'database':<36} {os.path.getsize(store) / 1e6:8.0f} MB", flush=True)
    inside, cold, walls, memory, found = [], [], [], [], 0
    for turn in range(6):
        for centre in CENTRES:
            if not turn:
                forget(store)
            wall, rss, said = run([binary, "catalog", "query", store, f"--centre={centre}", "--radius=2"])
            sources, took = re.search(r"([\d,]+) sources of .* in ([\d.]+) ms", said).groups()
            if not turn:
                cold.append(float(took))
                continue
            found += int(sources.replace(",", ""))
            inside.append(float(took))
            walls.append(1e3 * wall)
            memory.append(rss)
    bar("cone of 2 deg, median", statistics.median(inside), QUERY_BAR, "ms")
    print(f"{'  slowest':<36} {max(inside):8.1f} ms", flush=True)
    bar("  from the disk, median", statistics.median(cold), QUERY_BAR, "ms")
    print(f"{'  from the disk, slowest':<36} {max(cold):8.1f} ms", flush=True)
    print(f"{'  whole process, median':<36} {statistics.median(walls):8.1f} ms", flush=True)
    print(f"{'  sources a cone':<36} {found / len(inside):8.0f}", flush=True)
    bar("cone, memory", max(memory), RSS_BAR_MIB, "MiB")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("binary")
    p.add_argument("--dir", default="target/bars")
    p.add_argument("--rows", type=int, default=1773484)
    p.add_argument("--forms", default="dat,csv,votable,fits")
    p.add_argument("--lines", type=int, default=1000000)
    p.add_argument("--lists", default="all")
    a = p.parse_args()
    folder = os.path.join(a.dir, "catalogue")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    os.environ["NVSS_PREDICT_CACHE"] = "off"
    missed = False

    def bar(what, value, most, unit):
        nonlocal missed
        missed |= value > most
        print(f"{what:<36} {value:8.1f} {unit:<4} (bar {most:g}){'  MISSED' if value > most else ''}", flush=True)

    try:
        forms = {"dat": Dat, "csv": Csv, "votable": Votable, "fits": Fits}
        chosen = [forms[name] for name in a.forms.split(",") if name != "none"]
        if chosen:
            read_catalogues(a.binary, folder, chosen, a.rows, bar)
        lists = ["wsclean", "dp3", "csv", *LISTS] if a.lists == "all" else a.lists.split(",")
        read_lists(a.binary, folder, [name for name in lists if name != "none"], a.lines, bar)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(missed)


main()

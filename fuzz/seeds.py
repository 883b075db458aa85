"""Makes the seeds of the fuzz targets: small excerpts of real catalogues and the words of the tests.

    seeds.py [DATA]     DATA is ../../shared/data unless given; the seeds go to fuzz/seeds/TARGET

Needs astropy (tests/oracles/requirements.txt), and for the seed of `store` the command, named by NVSS_PREDICT_COMMAND. The seeds are kept in the repository, so that CI needs neither.
"""

import gzip
import os
import pathlib
import sqlite3
import subprocess
import sys

import numpy as np
from astropy.io import fits
from astropy.table import Table

HERE = pathlib.Path(__file__).resolve().parent
DATA = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else HERE / "../../shared/data").resolve()


def keep(target, name, content):
    folder = HERE / "seeds" / target
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str):
        content = content.encode()
    (folder / name).write_bytes(content)


def lines(path, count):
    return b"".join(path.read_bytes().splitlines(keepends=True)[:count])


def text_catalogues():
    for path in sorted((DATA / "catalogues").glob("lsmtool_*.sky")):
        keep("bbs", path.stem, lines(path, 8))
    for path in sorted((DATA / "skymodels").iterdir()):
        if path.suffix in (".skymodel", ".sky") or path.name.endswith("_sky.txt"):
            keep("bbs", path.stem, lines(path, 10)[:3000])
    keep("nvsslist", "aips", lines(DATA / "catalogues/nvsslist_aips++_sample.txt", 30))
    keep("csv", "vast", lines(DATA / "catalogues/vast_epoch01.selavy.components.csv", 4))
    keep("csv", "published", lines(HERE / "../tests/data/nvss_published.csv", 8))
    keep("csv", "demo", lines(HERE / "../data/demo_nvss.csv", 20))
    keep("csv", "terms", "name,ra,dec,i_mjy,alpha,ref_freq_mhz,major_arcsec,minor_arcsec,pa_deg,pa_frame,q_jy,log_si\n"
         'a,12:30:45.6,-00:30:00,1e3,"[-0.7,0.1]",150,30,20,45,source,0.1,true\nb,190.5,12.25,5,-0.8,1400,,,,,,false\n')
    keep("csv", "vizier", "#RESOURCE=J/ApJ\n#Title: NVSS\n_RAJ2000\t_DEJ2000\tNVSS\tS1.4\te_S1.4\tl_MajAxis\tMajAxis\tMinAxis\tPA\n"
         "deg\tdeg\t \tmJy\tmJy\t \tarcsec\tarcsec\tdeg\n---\t---\t---\t---\t---\t-\t---\t---\t---\n"
         "10.1\t-12.5\t004024-123000\t15.2\t0.7\t<\t30.1\t20\t \n")
    keep("csv", "semicolon", "RAJ2000;DEJ2000;flux_mjy;survey\n00 40 24.1;-12 30 00;3.2;NVSS\n")
    keep("nvssdat", "one", "00 00 00.35 -23 18 59.4   0.12   1.6     3.1 0.5    < 93.7    < 71.1        \n" * 2)
    keep("tdat", "one", "<HEADER>\n#\ntable_name = heasarc_nvss\nfield[name] = char20 (key)\nfield[ra] = float8_.4f\nfield[dec] = "
         "float8_.4f\nfield[flux_20_cm] = float8_.1f\nfield[major_axis] = float8\nline[1] = name ra dec flux_20_cm major_axis\n#\n"
         "<DATA>\nNVSS J000000-231859|0.0015|-23.3165|3.1|20.1|\n<END>\n")
    vot = (DATA / "catalogues/vizier_gleam_50srcs.vot").read_bytes()
    keep("votable", "gleam", vot[:12000])
    keep("votable", "small", '<?xml version="1.0"?><VOTABLE version="1.4"><RESOURCE name="NVSS"><TABLE><FIELD name="RAJ2000" unit="deg" '
         'datatype="double"/><FIELD name="DEJ2000" unit="deg" datatype="double"/><FIELD name="S1.4" unit="mJy" datatype="float">'
         '<VALUES null="-99"/></FIELD><DATA><TABLEDATA><TR><TD>1.5</TD><TD>-2</TD><TD>3</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>')


def tables():
    table = Table({"RAJ2000": [10.0, 11.0], "DEJ2000": [-1.0, 2.0], "S1.4": np.array([3, 4], "f4"), "NVSS": ["a", "bb"],
                   "N": np.array([1, 2], "i2")})  # fmt: skip
    for name, unit in (("RAJ2000", "deg"), ("DEJ2000", "deg"), ("S1.4", "mJy")):
        table[name].unit = unit
    place = HERE / "seeds/votable"
    for kind in ("binary", "binary2"):
        table.write(place / kind, format="votable", tabledata_format=kind, overwrite=True)
    folder = HERE / "seeds/fits"
    folder.mkdir(parents=True, exist_ok=True)
    table.write(folder / "small", format="fits", overwrite=True)
    hdu = fits.BinTableHDU(table)
    hdu.columns["N"].null = 2
    keep("fits", "zipped", gzip.compress((folder / "small").read_bytes(), mtime=0))

    with fits.open(DATA / "catalogues/NVSSVZ.FIT.gz") as file:
        for hdu in file:
            if isinstance(hdu, fits.BinTableHDU):
                hdu.data = hdu.data[:4]
        folder = HERE / "seeds/vz"
        folder.mkdir(parents=True, exist_ok=True)
        file.writeto(folder / "nvss", overwrite=True, output_verify="ignore")
    columns = [fits.Column(n, f, u) for n, f, u in (
        ("RA(2000)", "1D", "DEGREE"), ("DEC(2000)", "1D", "DEGREE"), ("PEAK INT", "1E", "JY/BEAM"), ("MAJOR AX", "1E", "DEGREE"),
        ("MINOR AX", "1E", "DEGREE"), ("POSANGLE", "1E", "DEGREE"), ("Q CENTER", "1E", "JY/BEAM"), ("U CENTER", "1E", "JY/BEAM"),
        ("P FLUX", "1E", "JY"), ("I RMS", "1E", "JY/BEAM"), ("POL RMS", "1E", "JY/BEAM"), ("RES RMS", "1E", "JY/BEAM"),
        ("RES PEAK", "1E", "JY/BEAM"), ("RES FLUX", "1E", "JY"), ("CENTER X", "1E", "PIXEL"), ("CENTER Y", "1E", "PIXEL"),
        ("FIELD", "8A", ""), ("JD PROCESSED", "1J", "DAY"))]  # fmt: skip
    vl = fits.BinTableHDU.from_columns(columns, nrows=2, name="AIPS VL")
    vl.data["PEAK INT"], vl.data["MAJOR AX"], vl.data["MINOR AX"], vl.data["I RMS"] = 0.01, 0.0125, 0.0125, 0.00045
    vl.data["RA(2000)"], vl.data["DEC(2000)"] = [10, 20], [40, -20]
    fits.HDUList([fits.PrimaryHDU(), vl]).writeto(HERE / "seeds/vl.fits", overwrite=True)
    keep("vl", "small", (HERE / "seeds/vl.fits").read_bytes())
    (HERE / "seeds/vl.fits").unlink()

    beam = fits.PrimaryHDU(np.full((1, 2, 5, 5), 0.5, "f4"))
    for n, kind in enumerate(("RA---SIN", "DEC--SIN", "FREQ", "STOKES"), 1):
        beam.header[f"CTYPE{n}"], beam.header[f"CRPIX{n}"], beam.header[f"CDELT{n}"], beam.header[f"CRVAL{n}"] = kind, 3, 0.5, 1.0
    beam.header["CDELT1"], beam.header["CRVAL3"], beam.header["CDELT3"], beam.header["CRPIX4"] = -0.5, 1.4e9, 1e8, 1
    (HERE / "seeds/beam-fits").mkdir(exist_ok=True)
    beam.writeto(HERE / "seeds/beam-fits/small", overwrite=True)


def databases():
    folder = HERE / "seeds/sqlite"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "small"
    path.unlink(missing_ok=True)
    base = sqlite3.connect(path)
    base.executescript("PRAGMA page_size=512; VACUUM; CREATE TABLE sources(source_id INTEGER PRIMARY KEY, ra_deg REAL, dec_deg REAL, flux_mjy REAL);"
                       "CREATE TABLE meta(key TEXT, value TEXT); INSERT INTO meta VALUES('source','nvss');"
                       "INSERT INTO sources VALUES(1, 10.5, 54.5, 3.25), (2, 359.99, 40.1, 12);")  # fmt: skip
    base.close()


def imported():
    if command := os.environ.get("NVSS_PREDICT_COMMAND"):
        (HERE / "seeds/store").mkdir(parents=True, exist_ok=True)
        subprocess.run([command, "catalog", "import", "-q", "--force", "-o", HERE / "seeds/store/demo", HERE / "seeds/csv/demo"], check=True)


def typed():
    angles = ["12h30m45.6s", "12:30:45.6", "-00:30:00", "-00d00m00.01s", "+44.30.55.4", "187.5", "1.2rad", "3'", "12 30 45", "-0.5deg",
              "23:59:59.9999", "359.9999999", "90", "1e-3", "+89:59:60"]  # fmt: skip
    values = ["10mJy", "1.4GHz", "30arcmin", "all", "202.78 30.5 14.9Jy -0.46 1.5GHz", "0,3,5~7", "512MiB", "meridian", "12:00:00,-30d,5arcmin",
              "1 2 3 -0.7", "09:55:16.67 +39:35:48.4", "2.5e-3"]  # fmt: skip
    names = ["NVSS=a.fits", "FIRST", "csv", "mJy", "J2000", "galactic", "airy:25m", "gaussian:1deg@1.4GHz", "auto", "source", "cos6:4.7m"]
    for target, words in (("angles", angles), ("values", values), ("names", names)):
        for n, word in enumerate(words):
            keep(target, f"{n:02}", word)
    keep("arguments", "plain", "a.ms\nnvss.csv\n--radius\n2deg\n--min-flux\n10mJy\n--beam\nairy:4.65m\n")
    keep("arguments", "sources", "a.ms\n--source\n10 20 3Jy -0.7\n--mode\nadd\n--spw\n0,2~3\n--timeout\n10\n--epsilon\n1e-6\n")
    keep("regions", "ds9", "# Region file format: DS9\nglobal color=green\nfk5\ncircle(12:30:00,+40:00:00,30\")\n-ellipse(10,20,1',2',30)\n"
         "polygon(1,1,2,1,2,2)\nbox(10,10,1,1,45) # text={x}\nannulus(3,4,1',2')\n")
    keep("regions", "crtf", "#CRTFv0\nglobal coord=J2000\ncircle[[12:30:00.0, +40.00.00.0], 30arcsec]\n-ellipse[[10deg, 20deg], [1arcmin, 2arcmin], 30deg]\n"
         "poly[[1deg,1deg],[2deg,1deg],[2deg,2deg]]\nrotbox[[1deg,1deg],[1deg,2deg],10deg]\n")
    keep("beam-table", "frequencies", "radius[arcmin],freq (MHz),power\n0,1400,1\n10,1400,0.5\n0,1500,1\n10,1500,.4\n")
    keep("beam-table", "plain", "0 1\n1 0.5\n2 0.1 # end\n")
    keep("keywords", "string", b"\x04NAME\x05\x03abc\x01X\x01Y")
    keep("keywords", "record", b"\x03REC\x0a\x02\x01a\x01\x05\x01b\x06\x02\x01x\x01y\x01X")
    keep("keywords", "table", b"\x03SUB\x09\x05table\x00\x05input")


def unknown():
    for target in ("csv", "bbs", "fits", "votable", "tdat"):
        for path in sorted((HERE / "seeds" / target).iterdir())[:2]:
            keep("detect", f"{target}-{path.name}", path.read_bytes())


if __name__ == "__main__":
    text_catalogues()
    tables()
    databases()
    imported()
    typed()
    unknown()

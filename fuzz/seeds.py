"""Makes the seeds of the fuzz targets.

    seeds.py [DATA]     DATA is ../../shared/data unless given

Those written here, and the words of the tests, go to fuzz/seeds/TARGET, which is kept in the repository. Excerpts of the real
data go to fuzz/corpus/TARGET, which is not: fuzz/run.sh begins with both. What fuzzing found is kept beside the seeds (found_*), so that
every run of the tests tries it again.

Needs astropy and h5py (tests/oracles/requirements.txt), and the command, named by NVSS_PREDICT_COMMAND, for formats that it writes.
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


def place(target, real=False):
    folder = HERE / ("corpus" if real else "seeds") / target
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def keep(target, name, content, real=False):
    folder = place(target, real)
    if isinstance(content, str):
        content = content.encode()
    (folder / name).write_bytes(content)


def lines(path, count):
    return b"".join(path.read_bytes().splitlines(keepends=True)[:count])


def text_catalogues():
    for path in sorted((DATA / "catalogues").glob("lsmtool_*.sky")):
        keep("bbs", path.stem, lines(path, 8), real=True)
    for path in sorted((DATA / "skymodels").iterdir()):
        if path.suffix in (".skymodel", ".sky") or path.name.endswith("_sky.txt"):
            keep("bbs", path.stem, lines(path, 10)[:3000], real=True)
    keep("nvsslist", "aips", lines(DATA / "catalogues/nvsslist_aips++_sample.txt", 30), real=True)
    keep("csv", "vast", lines(DATA / "catalogues/vast_epoch01.selavy.components.csv", 4), real=True)
    keep("csv", "published", lines(HERE / "../tests/data/nvss_published.csv", 8))
    keep("csv", "demo", lines(HERE / "../data/demo_nvss.csv", 20))
    keep("csv", "terms", "name,ra,dec,i_mjy,alpha,ref_freq_mhz,major_arcsec,minor_arcsec,pa_deg,pa_frame,q_jy,log_si\n"
         'a,12:30:45.6,-00:30:00,1e3,"[-0.7,0.1]",150,30,20,45,source,0.1,true\nb,190.5,12.25,5,-0.8,1400,,,,,,false\n')
    keep("csv", "vizier", "#RESOURCE=J/ApJ\n#Title: NVSS\n_RAJ2000\t_DEJ2000\tNVSS\tS1.4\te_S1.4\tl_MajAxis\tMajAxis\tMinAxis\tPA\n"
         "deg\tdeg\t \tmJy\tmJy\t \tarcsec\tarcsec\tdeg\n---\t---\t---\t---\t---\t-\t---\t---\t---\n"
         "10.1\t-12.5\t004024-123000\t15.2\t0.7\t<\t30.1\t20\t \n")
    keep("csv", "semicolon", "RAJ2000;DEJ2000;flux_mjy;survey\n00 40 24.1;-12 30 00;3.2;NVSS\n")
    keep("bbs", "own", "FORMAT = Name, Type, Patch, Ra, Dec, I, Q, U, V, ReferenceFrequency='1.4e9', SpectralIndex='[]', MajorAxis, MinorAxis, "
         "Orientation, RotationMeasure, LogarithmicSI='true'\n, , one, 10:00:00, +40.00.00\na, POINT, one, 10:00:01, +40.00.01, 1, 0.1, , , , "
         "[-0.7, 0.02]\nb, GAUSSIAN, one, -00:01:00, -00.00.30, 2.5, 0.2, -0.1, , 1e8, [], 30, 20, 45, 3.5, false\n")
    keep("wsclean", "own", "Format = Name, Type, Ra, Dec, I, SpectralIndex, LogarithmicSI, ReferenceFrequency='1.5e9', MajorAxis, MinorAxis, "
         "Orientation\ns0c0,POINT,08:28:05.152,39.35.08.511,0.000748,[-0.0069,-0.2],true,1.25e8,,,\n"
         "s0c1,GAUSSIAN,-06:43:12.5,-00.35.08.5,-0.1,[],false,,83.6,41.2,-7.6\n")
    keep("nvsslist", "own", '  RA(2000)  Dec(2000) Dist(") Flux  Major Minor  PA  Res P_Flux P_ang  Field    X_pix  Y_pix\n'
         ' h  m    s    d  m   s   Ori     mJy   "     "     deg       mJy  deg\n'
         "10 00 00.35 +39 59 59.4  3573   12.2  31.7 <25.4  19.2     -0.13       C1000P40  730.30  417.67\n"
         "       0.12         1.8  -114    1.0   5.3        10.6      0.62\n"
         "00 00 21.80 -00 13 37.4  7814    3.8 <71.7 <41.1           -0.28       C2344P00   70.28  567.49\n"
         "       0.27         6.7   -84    0.6                        0.70\n")
    keep("nvssdat", "one", "00 00 00.35 -23 18 59.4   0.12   1.6     3.1 0.5    < 93.7    < 71.1        \n" * 2)
    keep("tdat", "one", "<HEADER>\n#\ntable_name = heasarc_nvss\nfield[name] = char20 (key)\nfield[ra] = float8_.4f\nfield[dec] = "
         "float8_.4f\nfield[flux_20_cm] = float8_.1f\nfield[major_axis] = float8\nline[1] = name ra dec flux_20_cm major_axis\n#\n"
         "<DATA>\nNVSS J000000-231859|0.0015|-23.3165|3.1|20.1|\n<END>\n")
    vot = (DATA / "catalogues/vizier_gleam_50srcs.vot").read_bytes()
    keep("votable", "gleam", vot[:12000], real=True)
    keep("votable", "small", '<?xml version="1.0"?><VOTABLE version="1.4"><RESOURCE name="NVSS"><TABLE><FIELD name="RAJ2000" unit="deg" '
         'datatype="double"/><FIELD name="DEJ2000" unit="deg" datatype="double"/><FIELD name="S1.4" unit="mJy" datatype="float">'
         '<VALUES null="-99"/></FIELD><DATA><TABLEDATA><TR><TD>1.5</TD><TD>-2</TD><TD>3</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>')


# What the sky models' files are to the program, and how much of each is enough [lines].
MODELS = {
    "wsclean": {"wsclean_sector_1-sources-pb.txt": 8},
    "hyperdrive": {"hyperdrive_gleam.yaml": 60, "hyperdrive_jack.yaml": 60, "hyperdrive_srclist_all_kinds.yaml": 120,
                   "hyperdrive_srclist_1061316544.yaml": 60},
    "ao": {"hyperdrive_ao_cluster_srclist.txt": 60},
    "rts": {"hyperdrive_srclist_1099334672_100_rts.txt": 40, "hyperdrive_srclist_3x3_grid.txt": 20},
    "oskar": {"oskar_example_basic.csv": 20, "oskar_sky_model_example.csv": 20},
    "lsm": {"tigger_3C147-HI6.refmodel.lsm.html": 24},
    "tigger": {"tigger_3C147-HI6.refmodel.reference.txt": 12, "tigger_deep4.reference.txt": 12},
    "pyradiosky": {"pyradiosky_pointsource_catalog.txt": 8},
    "pybdsf": {"tigger_deep4_pybdsm.gaul": 12},
}  # fmt: skip

# Those of the tests: one sky in every format.
ONE_SKY = {"wsclean": "-sources.txt", "ao": ".ao.txt", "tigger": ".lsm.txt", "oskar": ".osm", "clscript": ".py", "rts": ".rts.txt",
           "sagecal": ".sagecal.txt", "skyh5": ".skyh5", "bbs": ".skymodel", "woden": ".woden.txt", "hyperdrive": ".yaml"}  # fmt: skip


def sky_models():
    for target, files in MODELS.items():
        for name, count in files.items():
            keep(target, pathlib.Path(name).name.replace(".", "_"), lines(DATA / "skymodels" / name, count)[:6000], real=True)
    for target, ending in ONE_SKY.items():
        keep(target, "one_sky", (HERE / f"../tests/data/skymodels/one_sky{ending}").read_bytes())
    keep("skyh5", "table", (HERE / "../tests/data/skymodels/table.skyh5").read_bytes())
    for name in ("hyperdrive_gleam", "hyperdrive_jack"):
        with fits.open(DATA / f"skymodels/{name}.fits") as file:
            for hdu in file:
                if isinstance(hdu, fits.BinTableHDU):
                    hdu.data = hdu.data[:3]
            file.writeto(place("hyperdrivefits", real=True) / name, overwrite=True, output_verify="ignore")
    keep("light-curve", "days", "mjd,flux_jy\n60000.1,1\n60000.2,2.5 # up\n60000.3,0\n")
    keep("light-curve", "text", "time,flux_mjy\n2024-01-01T00:00:00,1e3\n2024-01-01T00:10:00.5,-2\n")
    keep("light-curve", "seconds", "time_s,flux\n5e9,1\n")


def images():
    import h5py

    folder = place("model-image")
    pixels = np.zeros((1, 2, 4, 4), "f4")
    pixels[0, :, 1, 2], pixels[0, 1, 3, 0], pixels[0, 0, 0, 0] = (1.0, 0.8), -0.1, np.nan
    image = fits.PrimaryHDU(pixels)
    for n, (kind, value, step) in enumerate((("RA---SIN", 250.0, -0.01), ("DEC--SIN", 62.0, 0.01), ("FREQ", 1.4e9, 1e8), ("STOKES", 1, 1)), 1):
        image.header[f"CTYPE{n}"], image.header[f"CRPIX{n}"], image.header[f"CDELT{n}"], image.header[f"CRVAL{n}"] = kind, 1, step, value
    image.header["BUNIT"] = "JY/PIXEL"
    image.writeto(folder / "small", overwrite=True)
    image.header["BUNIT"], image.header["BMAJ"], image.header["BMIN"], image.header["BPA"] = "JY/BEAM", 0.03, 0.02, 10
    image.header["CTYPE1"], image.header["CTYPE2"], image.header["CROTA2"] = "RA---ZEA", "DEC--ZEA", 20.0
    image.writeto(folder / "beam", overwrite=True)

    with h5py.File(place("h5parm") / "small", "w") as file:
        group = file.create_group("sol000/phase000")
        group.attrs["TITLE"] = np.bytes_("phase")
        for name, values in (("dir", np.array([b"[a]"])), ("ant", np.array([b"A1", b"A2"])), ("time", [5e9, 5e9 + 10]), ("freq", [1.4e9])):
            group.create_dataset(name, data=values)
        for name in ("val", "weight"):
            data = group.create_dataset(name, data=np.ones((1, 2, 2, 1)))
            data.attrs["AXES"] = np.bytes_("dir,ant,time,freq")


def tables():
    table = Table({"RAJ2000": [10.0, 11.0], "DEJ2000": [-1.0, 2.0], "S1.4": np.array([3, 4], "f4"), "NVSS": ["a", "bb"],
                   "N": np.array([1, 2], "i2")})  # fmt: skip
    for name, unit in (("RAJ2000", "deg"), ("DEJ2000", "deg"), ("S1.4", "mJy")):
        table[name].unit = unit
    for kind in ("binary", "binary2"):
        table.write(place("votable") / kind, format="votable", tabledata_format=kind, overwrite=True)
    folder = place("fits")
    table.write(folder / "small", format="fits", overwrite=True)
    hdu = fits.BinTableHDU(table)
    hdu.columns["N"].null = 2
    keep("fits", "zipped", gzip.compress((folder / "small").read_bytes(), mtime=0))

    with fits.open(DATA / "catalogues/NVSSVZ.FIT.gz") as file:
        for hdu in file:
            if isinstance(hdu, fits.BinTableHDU):
                hdu.data = hdu.data[:4]
        file.writeto(place("vz", real=True) / "nvss", overwrite=True, output_verify="ignore")
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
    beam.writeto(place("beam-fits") / "small", overwrite=True)


def databases():
    path = place("sqlite") / "small"
    path.unlink(missing_ok=True)
    base = sqlite3.connect(path)
    base.executescript("PRAGMA page_size=512; VACUUM; CREATE TABLE sources(source_id INTEGER PRIMARY KEY, ra_deg REAL, dec_deg REAL, flux_mjy REAL);"
                       "CREATE TABLE meta(key TEXT, value TEXT); INSERT INTO meta VALUES('source','nvss');"
                       "INSERT INTO sources VALUES(1, 10.5, 54.5, 3.25), (2, 359.99, 40.1, 12);")  # fmt: skip
    base.close()


def made():
    if command := os.environ.get("NVSS_PREDICT_COMMAND"):
        subprocess.run([command, "catalog", "import", "-q", "--force", "-o", place("store") / "demo", HERE / "seeds/csv/demo"], check=True)
        for target in ("pybdsf", "selavy", "pyradiosky", "lsm", "hyperdrivefits"):
            subprocess.run([command, "convert", "-q", "--overwrite", "--to", target, HERE / "../tests/data/skymodels/one_sky.skymodel",
                            place(target) / "one_sky"], check=True)  # fmt: skip


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
    sky_models()
    tables()
    images()
    databases()
    made()
    typed()
    unknown()

"""CASA as a reader and writer of our column. No network: the data come from the package casadata.

    casa.py read MS COLUMN OUT.npy          the column through casatools.table, [row, chan, corr]
    casa.py ms-read MS OUT.npy              MODEL_DATA through casatools.ms (what CASA tasks see)
    casa.py ft MS SKY.json                  casatasks.ft, components of the JSON into MODEL_DATA
    casa.py ft-virtual MS SKY.json          the same with usescratch=False: CASA's virtual model
    casa.py gains MS TABLE G|B|K            a calibration table of the MS with gains of every antenna at three times
    casa.py applycal MS COLUMN TABLE        the column into DATA, and applycal of the table into CORRECTED_DATA
    casa.py flux NAME STANDARD HZ           the flux density [Jy] of a calibrator by the coefficients of setjy's standards
    casa.py setjy MS JOBS.json              casatasks.setjy into MODEL_DATA for each of a list of {field, spw, standard, model}; a model
                                            that is no path is one of CASA's own images
    casa.py exportfits IMAGE OUT.fits       casatasks.exportfits of an image, or of one of CASA's own
    casa.py crtf FILE.crtf RA DEC           JSON: right ascensions and declinations (J2000) [deg] of the pixels of 4 arcsec about
                                            a direction that the region manager finds in a file of regions
    casa.py complist SCRIPT OUT.cl          runs a script that makes the component list components.cl
    casa.py components LIST.cl              JSON: what the component list tool finds in a list (angles in rad)
    casa.py ft-list MS LIST.cl              casatasks.ft of a list into MODEL_DATA

All paths absolute. Point sources only (CASA's Gaussians are approximations of its own).
"""

import atexit
import json
import os
import shutil
import sys
import tempfile

home = tempfile.mkdtemp(prefix="casa-")


@atexit.register
def clean_up():
    # CASA asks for the working directory while it shuts down: leave it before it goes.
    os.chdir(tempfile.gettempdir())
    shutil.rmtree(home, ignore_errors=True)


os.environ["HOME"] = home
os.makedirs(f"{home}/.casa")
with open(f"{home}/.casa/config.py", "w") as config:
    config.write(
        "import casadata\n"
        "measurespath = casadata.datapath\n"
        "data_auto_update = False\nmeasures_auto_update = False\n"
        f"nologger = True\nnologfile = True\nlogfile = '{home}/casa.log'\n"
    )
os.chdir(home)

import numpy as np  # noqa: E402


def read(ms, column, out):
    from casatools import table

    tb = table()
    tb.open(ms)
    data = tb.getcol(column).transpose(2, 1, 0)
    tb.close()
    np.save(out, data)


def ms_read(path, out):
    from casatools import ms

    tool = ms()
    tool.open(path)
    tool.selectinit(datadescid=0)
    data = tool.getdata(["model_data"], ifraxis=False)["model_data"]
    tool.close()
    np.save(out, data.transpose(2, 1, 0))


def shape(source):
    if "shape" not in source:
        return {"shape": "point"}
    sizes = {axis: f"{source[f'{axis[:5]}_arcsec']!r}arcsec" for axis in ("majoraxis", "minoraxis")}
    return {"shape": source["shape"], "positionangle": f"{source['pa_deg']!r}deg", **sizes}


def ft(ms, sky, usescratch=True):
    from casatasks import ft as task
    from casatools import componentlist

    cl = componentlist()
    with open(sky) as f:
        for source in json.load(f):
            terms = source.get("terms") or [0.0]
            cl.addcomponent(
                flux=[source["i"], source.get("q", 0.0), source.get("u", 0.0), source.get("v", 0.0)],
                dir=[source.get("frame", "J2000"), f"{source['ra_deg']!r}deg", f"{source['dec_deg']!r}deg"],
                **shape(source),
                freq=[source.get("freq_frame", "LSRK"), f"{source.get('ref_hz', 1.4e9)!r}Hz"],
                spectrumtype="spectral index" if terms[0] else "constant",
                index=terms[0],
            )
    cl.rename(f"{home}/sky.cl")
    cl.close()
    task(vis=ms, complist=f"{home}/sky.cl", usescratch=usescratch)


def gains(ms, out, kind):
    from casatasks import gencal
    from casatools import table

    tb = table()
    tb.open(ms)
    times = np.unique(tb.getcol("TIME"))
    tb.close()
    gencal(vis=ms, caltable=out, caltype="sbd" if kind == "K" else "amp", parameter=[1.0])
    channels = 1
    if kind == "B":
        # gencal makes no bandpass: a table of gains becomes one, with fewer channels than the data have.
        channels = 3
        tb.open(f"{ms}/SPECTRAL_WINDOW")
        bands = [(tb.getcell("CHAN_FREQ", row), tb.getcell("CHAN_WIDTH", row)[0]) for row in range(tb.nrows())]
        tb.close()
        tb.open(f"{out}/SPECTRAL_WINDOW", nomodify=False)
        for row, (freq, width) in enumerate(bands):
            tb.putcell("NUM_CHAN", row, channels)
            tb.putcell("CHAN_FREQ", row, np.linspace(freq[0] - width, freq[-1] + width, channels))
            for name in ("CHAN_WIDTH", "EFFECTIVE_BW", "RESOLUTION"):
                tb.putcell(name, row, np.full(channels, width))
        tb.close()
    tb.open(out, nomodify=False)
    if kind == "B":
        tb.putkeyword("VisCal", "B Jones")
        tb.putinfo({"type": "Calibration", "subType": "B Jones", "readme": ""})
    column = "FPARAM" if kind == "K" else "CPARAM"
    count = tb.nrows()
    tb.copyrows(out)
    tb.copyrows(out, nrow=count)
    random = np.random.default_rng(1)
    size = (tb.getcell(column, 0).shape[0], channels)
    for row in range(tb.nrows()):
        if kind == "K":
            value = random.uniform(-300, 300, size)
        else:
            value = random.uniform(0.5, 2, size) * np.exp(1j * random.uniform(-1.4, 1.4, size))
        tb.putcell(column, row, value)
        for name in ("PARAMERR", "SNR", "WEIGHT"):
            if name in tb.colnames():
                tb.putcell(name, row, np.ones(size))
        tb.putcell("TIME", row, float(times[[0, len(times) // 3, -1][row // count]]))
        tb.putcell("FLAG", row, np.zeros(size, bool))
    tb.close()


def applycal(ms, column, calibration):
    from casatasks import applycal as task
    from casatools import table

    tb = table()
    tb.open(ms, nomodify=False)
    tb.putcol("DATA", tb.getcol(column))
    tb.putcol("FLAG", np.zeros_like(tb.getcol("FLAG")))
    tb.close()
    task(vis=ms, gaintable=[calibration], interp=["linear,linear"], applymode="calonly", calwt=False)


def flux(name, standard, hz):
    import casadata
    from casacore.tables import table

    coefficients = table(f"{casadata.datapath}/nrao/VLA/standards/{standard}Coeffs", ack=False)
    terms = coefficients.getcell(f"{name}_coeffs", coefficients.nrows() - 1).ravel()
    if standard.startswith("Perley"):
        print(10 ** float(np.polyval(terms[::-1], np.log10(float(hz) / 1e9))))
    else:
        print(terms[0] * 10 ** float(np.polyval([*terms[:0:-1], 0.0], np.log10(float(hz) / 150e6))))


def calibrator_image(name):
    import casadata

    return name if os.path.isabs(name) else f"{casadata.datapath}/nrao/VLA/CalModels/{name}"


def setjy(ms, jobs):
    from casatasks import setjy as task

    with open(jobs) as f:
        for job in json.load(f):
            model = calibrator_image(job["model"]) if job.get("model") else ""
            task(vis=ms, field=job["field"], spw=job["spw"], standard=job["standard"], model=model,
                 scalebychan=True, usescratch=True)  # fmt: skip


def exportfits(name, out):
    from casatasks import exportfits as task

    task(imagename=calibrator_image(name), fitsimage=out)


def crtf(path, ra, dec):
    from casatools import coordsys, image

    size, step = 1024, 4.0
    cs = coordsys().newcoordsys(direction=True)
    cs.setunits(["deg", "deg"])
    cs.setreferencecode("J2000", "direction", False)
    cs.setreferencevalue([float(ra), float(dec)], "direction")
    cs.setreferencepixel([size / 2, size / 2], "direction")
    cs.setincrement([-step / 3600, step / 3600], "direction")
    ia = image()
    ia.fromshape(f"{home}/plane", [size, size], cs.torecord(), overwrite=True)
    ia.set(pixels=1.0, region=path)
    plane = ia.getchunk()
    ia.close()
    places = [[float(v) for v in cs.toworld([int(x), int(y)])["numeric"]] for x, y in zip(*np.nonzero(plane))]
    print(json.dumps({"pixels": [[ra % 360, dec] for ra, dec in places]}))


def complist(script, out):
    with open(script) as text:
        exec(compile(text.read(), script, "exec"), {})
    shutil.move("components.cl", out)


def components(path):
    from casatools import componentlist, quanta

    cl, qa = componentlist(), quanta()
    cl.open(path)
    found = []
    for which in range(cl.length()):
        one = cl.getcomponent(which)
        shape, spectrum = one["shape"], one["spectrum"]
        radians = lambda quantity: qa.convert(quantity, "rad")["value"]  # noqa: E731
        terms = spectrum.get("coeffs", spectrum.get("ival", spectrum.get("index", [])))
        found.append({
            "label": one["label"],
            "stokes": cl.getfluxvalue(which).real.tolist(),
            "ra": radians(shape["direction"]["m0"]),
            "dec": radians(shape["direction"]["m1"]),
            "shape": shape["type"],
            **{name: radians(shape[key]) for name, key in
               (("major", "majoraxis"), ("minor", "minoraxis"), ("angle", "positionangle")) if key in shape},
            "spectrum": spectrum["type"],
            "frequency": qa.convert(spectrum["frequency"]["m0"], "Hz")["value"],
            "terms": np.ravel(terms).tolist(),
        })  # fmt: skip
    cl.close()
    print(json.dumps(found))


def ft_list(ms, path):
    from casatasks import ft as task

    task(vis=ms, complist=path, usescratch=True)


def main():
    action, *rest = sys.argv[1:]
    actions = {"read": read, "ms-read": ms_read, "ft": ft, "ft-virtual": lambda m, s: ft(m, s, False), "crtf": crtf,
               "gains": gains, "applycal": applycal, "flux": flux, "complist": complist,
               "components": components, "ft-list": ft_list, "setjy": setjy, "exportfits": exportfits}  # fmt: skip
    actions[action](*rest)


if __name__ == "__main__":
    main()

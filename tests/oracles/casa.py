"""CASA as a reader and writer of our column. No network: the data come from the package casadata.

    casa.py read MS COLUMN OUT.npy          the column through casatools.table, [row, chan, corr]
    casa.py ms-read MS OUT.npy              MODEL_DATA through casatools.ms (what CASA tasks see)
    casa.py ft MS SKY.json                  casatasks.ft, components of the JSON into MODEL_DATA
    casa.py ft-virtual MS SKY.json          the same with usescratch=False: CASA's virtual model
    casa.py crtf FILE.crtf RA DEC           JSON: right ascensions and declinations (J2000) [deg] of the pixels of 4 arcsec about
                                            a direction that the region manager finds in a file of regions
    casa.py complist SCRIPT OUT.cl          runs a script that makes the component list components.cl

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


def ft(ms, sky, usescratch=True):
    from casatasks import ft as task
    from casatools import componentlist

    cl = componentlist()
    with open(sky) as f:
        for source in json.load(f):
            terms = source.get("terms") or [0.0]
            cl.addcomponent(
                flux=[source["i"], 0.0, 0.0, 0.0],
                dir=[source.get("frame", "J2000"), f"{source['ra_deg']!r}deg", f"{source['dec_deg']!r}deg"],
                shape="point",
                freq=[source.get("freq_frame", "LSRK"), f"{source.get('ref_hz', 1.4e9)!r}Hz"],
                spectrumtype="spectral index" if terms[0] else "constant",
                index=terms[0],
            )
    cl.rename(f"{home}/sky.cl")
    cl.close()
    task(vis=ms, complist=f"{home}/sky.cl", usescratch=usescratch)


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


def main():
    action, *rest = sys.argv[1:]
    actions = {"read": read, "ms-read": ms_read, "ft": ft, "ft-virtual": lambda m, s: ft(m, s, False), "crtf": crtf}
    actions["complist"] = complist
    actions[action](*rest)


if __name__ == "__main__":
    main()

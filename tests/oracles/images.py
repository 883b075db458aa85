"""Model images for the tests, written and read by astropy alone.

    images.py make CASE MS FOLDER            writes the images of a case about the MS's first field and frequencies, and
                                             FOLDER/sky.json, what they mean, for the independent sum
    images.py sky SKY.json IMAGE [...]       the pixels of single images as a sky: position by astropy's WCS, flat spectra
    images.py judge MS COLUMN COUNT IMAGE [...]
                                             prints the rms error of so many random visibilities against the plain sum over all
                                             pixels, relative to rms |V| of the whole column. Several images of a Stokes parameter are
                                             Taylor terms (.ttN), or each that of the channels in its band
    images.py residual MS COLUMN OTHER       prints rms(COLUMN) and rms(COLUMN - OTHER) of the cross-correlations
    images.py noisy MS COLUMN JY             makes DATA that column and noise of so many Jy in its real and imaginary parts
    images.py subtract MS COLUMN             subtracts the column from DATA
    images.py rms IMAGE                      prints the rms of an image

The cases are functions named `case_...`; every number in them is drawn with a fixed seed.
"""

import json
import os
import sys

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

STOKES = {"I": 1, "Q": 2, "U": 3, "V": 4, "RR": -1, "LL": -2, "RL": -3, "LR": -4, "XX": -5, "YY": -6, "XY": -7, "YX": -8}
FRAMES = {"ICRS": ("ICRS", None), "J2000": ("FK5", 2000.0), "B1950": ("FK4", 1950.0)}


class Case:
    def __init__(self, ms, folder):
        from observation import Observation

        obs = Observation(ms)
        used = sorted(set(map(int, obs.field)))
        self.centre = obs.centre(used[0], obs.time.min())
        freq = np.concatenate([setup.freq for setup in obs.setups])
        self.low, self.high = freq.min(), freq.max()
        self.middle = 0.5 * (self.low + self.high)
        self.width = (self.high - self.low) * 1.1 + 1e6
        longest = np.linalg.norm(obs.uvw, axis=1).max()
        # Half of what would be too coarse for an imager.
        self.pixel = np.degrees(299_792_458.0 / self.high / longest) / 5
        self.folder, self.random, self.sky = folder, np.random.default_rng(55), []

    def centre_in(self, frame, off_deg=0.0):
        """The first field's centre, or a place `off_deg` north-east of it, in a frame [deg]."""
        import sky

        lon, lat, own = self.centre
        lon, lat = sky._offset(lon, lat, 0.7, np.radians(off_deg)) if off_deg else (lon, lat)
        lon, lat = sky.to_frame(lon, lat, own, frame)
        return np.degrees(lon) % 360, np.degrees(lat)

    def header(self, size, projection="SIN", frame="J2000", off_deg=0.0, stokes="I", freq=None, width=None):
        """A plain header of an image in WSClean's manner: (stokes, freq, dec, ra)."""
        ra, dec = self.centre_in(frame, off_deg)
        header = fits.Header()
        galactic = frame == "GALACTIC"
        names = ["GLON", "GLAT"] if galactic else ["RA--", "DEC-"]
        axes = [
            (f"{names[0]}-{projection}", size[1] // 2 + 1.0, ra, -self.pixel, "deg"),
            (f"{names[1]}-{projection}", size[0] // 2 + 1.0, dec, self.pixel, "deg"),
            ("FREQ", 1.0, freq or self.middle, width or self.width, "Hz"),
            ("STOKES", 1.0, float(STOKES[stokes]), 1.0, ""),
        ]
        for k, (ctype, crpix, crval, cdelt, cunit) in enumerate(axes, 1):
            header[f"CTYPE{k}"], header[f"CRPIX{k}"], header[f"CRVAL{k}"] = ctype, crpix, crval
            header[f"CDELT{k}"], header[f"CUNIT{k}"] = cdelt, cunit
        header["BUNIT"] = "JY/PIXEL"
        if not galactic:
            system, equinox = FRAMES[frame]
            header["RADESYS"] = system
            if equinox:
                header["EQUINOX"] = equinox
        return header

    def pixels(self, size, count):
        """So many pixels and flux densities of both signs, as single precision has them."""
        places = self.random.choice(size[0] * size[1], count, replace=False)
        flux = (self.random.exponential(1.0, count) * self.random.choice([1, 1, 1, -1], count)).astype(np.float32)
        return np.unravel_index(places, size), flux

    def write(self, name, header, data):
        fits.PrimaryHDU(np.asarray(data), header).writeto(os.path.join(self.folder, name))

    def add(self, header, places, frame="J2000", **entries):
        """Sources at pixels (rows, columns); `entries` are lists or the same for all."""
        wcs = WCS(header).celestial
        lon, lat = wcs.wcs_pix2world(np.asarray(places[1], float), np.asarray(places[0], float), 0)
        for k in range(len(lon)):
            one = {key: v[k] if isinstance(v, (list, np.ndarray)) else v for key, v in entries.items()}
            one = {key: v.tolist() if hasattr(v, "tolist") else v for key, v in one.items()}
            self.sky.append({"ra_deg": lon[k], "dec_deg": lat[k], "frame": frame, "i": 0.0, **one})


def plane(size, places, values, dtype=np.float32):
    data = np.zeros((1, 1, *size), dtype)
    data[0, 0][places] = values
    return data


def single(case, name, count=20, size=(200, 240), **about):
    """One image of points; `about` goes to the header, `extra` into it."""
    extra = about.pop("extra", {})
    header = case.header(size, **about)
    for key, value in extra.items():
        header[key] = value
    places, flux = case.pixels(size, count)
    case.write(name, header, plane(size, places, flux))
    case.add(header, places, frame=about.get("frame", "J2000"), i=flux)


def case_projections(case):
    """The same kind of sky once in each projection and frame, in files of their own; their sum is the sky."""
    turn = np.radians(25.0)
    matrix = {"PC1_1": np.cos(turn), "PC1_2": -np.sin(turn), "PC2_1": np.sin(turn), "PC2_2": np.cos(turn)}
    cds = {"CD1_1": -case.pixel, "CD1_2": 0.3 * case.pixel, "CD2_1": 0.2 * case.pixel, "CD2_2": 1.7 * case.pixel}
    for k, about in enumerate([
        {"off_deg": 1.0},
        {"projection": "TAN", "off_deg": 1.0, "frame": "ICRS", "extra": matrix},
        {"projection": "ZEA", "frame": "GALACTIC", "off_deg": 0.5, "extra": {"CRPIX1": -300.0, "CRPIX2": 411.5}},
        {"projection": "ARC", "frame": "B1950", "extra": {"CDELT2": 1.5 * case.pixel, "CROTA2": -40.0}},
        {"off_deg": 0.3, "extra": {"PV2_1": 0.05, "PV2_2": -0.3}},
        {"projection": "NCP", "off_deg": 0.3},
        {"projection": "STG", "off_deg": 1.0, "extra": cds},
        {"projection": "TAN", "extra": {"LONPOLE": 140.0}},
    ]):  # fmt: skip
        single(case, f"p{k}.fits", count=6, **about)


def case_pixel(case):
    """One pixel."""
    single(case, "pixel-model.fits", count=1, off_deg=1.0)


def case_stokes(case):
    """A few pixels of each Stokes parameter."""
    for letter in "IQUV":
        header = case.header((100, 100), off_deg=1.0, stokes=letter)
        places, flux = case.pixels((100, 100), 8)
        case.write(f"stokes-{letter}-model.fits", header, plane((100, 100), places, flux))
        case.add(header, places, **{letter.lower(): flux})


def case_clean(case):
    """A clean-component image of a thousand pixels, its centre 1 deg off."""
    single(case, "clean-model.fits", count=1000, size=(512, 512), off_deg=1.0)


def case_centred(case):
    single(case, "centred-model.fits", count=100, size=(256, 256), extra={})


def case_blobs(case):
    """A smooth image, other than zero everywhere."""
    size = (40, 40)
    y, x = np.mgrid[: size[0], : size[1]]
    data = np.full(size, 1e-4)
    for x0, y0, width, flux in [(10, 14, 3.0, 1.0), (24, 20, 6.0, 3.0), (20, 33, 4.0, -0.5)]:
        data += flux / (2 * np.pi * width**2) * np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (2 * width**2))
    header = case.header(size, off_deg=1.0)
    data = data.astype(np.float32)
    case.write("blobs-model.fits", header, data[None, None])
    case.add(header, (y.ravel(), x.ravel()), i=data.ravel())


def smooth(case, size):
    """Gaussians of many widths, of both signs."""
    y, x = np.ogrid[:size, :size]
    data = np.zeros((size, size), np.float32)
    for _ in range(12):
        x0, y0 = case.random.uniform(0.2 * size, 0.8 * size, 2)
        width, flux = 10 ** case.random.uniform(0.3, np.log10(size / 12)), case.random.normal(1, 1)
        line = [np.exp(-((a - a0) ** 2) / (2 * width**2)) for a, a0 in ((y, y0), (x, x0))]
        data += (flux / (2 * np.pi * width**2) * line[0] * line[1]).astype(np.float32)
    return data


def case_dense(case, size=512):
    """A smooth image of a quarter of a million pixels, its centre 1 deg off; one of Stokes Q; three Taylor terms; and four channels."""
    for letter in "IQ":
        header = case.header((size, size), off_deg=1.0, stokes=letter)
        case.write(f"dense-{letter}-model.fits", header, smooth(case, size)[None, None])
    size = 3 * size // 4
    for k in range(3):
        case.write(f"mfs.model.tt{k}.fits", case.header((size, size), off_deg=0.5), smooth(case, size)[None, None])
    parts = [(smooth(case, size), -0.7), (smooth(case, size), -1.5)]
    for k, (freq, width) in enumerate(bands(case, 4)):
        header = case.header((size, size), freq=freq, width=width, off_deg=0.5)
        data = sum(part * (freq / case.middle) ** index for part, index in parts)
        case.write(f"run-{k:04d}-model.fits", header, data.astype(np.float32)[None, None])


def case_dense_stokes(case, size=1024):
    for letter in "IQUV":
        header = case.header((size, size), off_deg=1.0, stokes=letter)
        case.write(f"dense-{letter}-model.fits", header, smooth(case, size)[None, None])


def case_huge(case):
    header = case.header((4096, 4096), off_deg=1.0)
    case.write("huge-model.fits", header, smooth(case, 4096)[None, None])


def bands(case, count):
    edges = np.linspace(case.middle - case.width / 2, case.middle + case.width / 2, count + 1)
    return [(0.5 * (a + b), b - a) for a, b in zip(edges, edges[1:])]


def case_channels(case, stokes="IQUV", count=4):
    """Channel images of each Stokes parameter, with spectra of their own: power laws with curvature, of both signs."""
    size, per = (128, 128), 8
    for letter in stokes:
        header = case.header(size, stokes=letter)
        places, flux = case.pixels(size, per)
        terms = np.stack([case.random.normal(-0.7, 0.5, per), case.random.normal(0, 0.5, per)], axis=1)
        for k, (freq, width) in enumerate(bands(case, count)):
            log = np.log10(freq / case.middle)
            values = flux * 10 ** (terms[:, 0] * log + terms[:, 1] * log**2)
            name = f"run-{k:04d}-{letter}-model.fits"
            case.write(name, case.header(size, stokes=letter, freq=freq, width=width), plane(size, places, values, np.float64))
        case.add(header, places, terms=[list(t) for t in terms], ref_hz=case.middle,
                 **{letter.lower(): flux.astype(float)})  # fmt: skip
    case.write("run-MFS-I-model.fits", case.header(size), np.full((1, 1, *size), 99.0))


def case_stepped(case):
    size = (128, 128)
    header = case.header(size)
    places, flux = case.pixels(size, 12)
    steps = [[] for _ in flux]
    for k, (freq, width) in enumerate(bands(case, 4)):
        values = (flux * case.random.uniform(0.5, 2, len(flux))).astype(np.float32)
        values[k] = 0.0
        case.write(f"run-{k:04d}-model.fits", case.header(size, freq=freq, width=width), plane(size, places, values))
        for of_source, value in zip(steps, values):
            of_source.append([freq - width / 2, freq + width / 2, float(value)])
    case.add(header, places, i=1.0, steps=steps)


def case_taylor(case):
    size = (128, 128)
    header = case.header(size)
    places, flux = case.pixels(size, 12)
    terms = [flux, (flux * -0.7).astype(np.float32), (case.random.normal(0, 1, len(flux))).astype(np.float32)]
    terms[0][:2] = 0.0
    for k, values in enumerate(terms):
        case.write(f"mfs.model.tt{k}.fits", header, plane(size, places, values))
    case.add(header, places, i=1.0, series=[[float(t[s]) for t in terms] for s in range(len(flux))], ref_hz=case.middle)


def case_cube(case):
    """I and V at three frequencies in one cube, its axes in an order of their own; values of signs that change."""
    size = (40, 50)
    header = case.header(size)
    order = ["FREQ", "RA", "STOKES", "DEC"]
    found = {header[f"CTYPE{k}"].split("-")[0]: k for k in range(1, 5)}
    cube = fits.Header()
    three = bands(case, 3)
    header["CRVAL3"], header["CDELT3"] = three[0]
    header["CDELT4"] = 3.0  # I and V
    for k, name in enumerate(order, 1):
        for key in ("CTYPE", "CRPIX", "CRVAL", "CDELT", "CUNIT"):
            cube[f"{key}{k}"] = header[f"{key}{found[name]}"]
    for key in ("BUNIT", "RADESYS", "EQUINOX"):
        cube[key] = header[key]
    data = np.zeros((size[0], 2, size[1], 3))  # dec, stokes, ra, freq
    for stokes, letter in enumerate("iv"):
        places, flux = case.pixels(size, 10)
        # Steep enough for the sign to change between the images: what is fitted is then an ordinary polynomial.
        slope = case.random.uniform(3, 6, len(flux)) * case.random.choice([-1, 1], len(flux)) / (case.width / 2 / case.middle)
        for k, (freq, _) in enumerate(three):
            data[places[0], stokes, places[1], k] = flux * (1 + slope * (freq / case.middle - 1))
        series = [[1.0, float(s)] for s in slope]
        case.add(header, places, series=series, ref_hz=case.middle, **{letter: flux.astype(float)})
    case.write("cube.fits", cube, data)


def case_correlations(case, basis=("XX", "XY", "YX", "YY")):
    """Images of correlations with the imaginary parts of the cross-hands, in both bases the same sky."""
    size = (128, 128)
    header = case.header(size)
    places, i = case.pixels(size, 10)
    i = i.astype(float)
    q, u, v = (0.3 * i * case.random.uniform(-1, 1, len(i)) for _ in range(3))
    case.add(header, places, i=i, q=q, u=u, v=v)
    linear = {"XX": i + q, "YY": i - q, "XY": u + 1j * v, "YX": u - 1j * v}
    circular = {"RR": i + v, "LL": i - v, "RL": q + 1j * u, "LR": q - 1j * u}
    for prefix, images in (("lin", linear), ("circ", circular)):
        for name, values in images.items():
            head = case.header(size, stokes=name)
            case.write(f"{prefix}-{name}-model.fits", head, plane(size, places, np.real(values), np.float64))
            if np.iscomplexobj(values):
                case.write(f"{prefix}-{name}i-model.fits", head, plane(size, places, np.imag(values), np.float64))


def case_blanks(case):
    """NaN and infinities; and integers with BLANK, BSCALE and Jy/beam, gzipped, under a name that cfitsio would take apart."""
    size = (64, 64)
    header = case.header(size)
    places, flux = case.pixels(size, 9)
    data = plane(size, places, flux)
    data[0, 0][np.where(data[0, 0] == 0)[0][:7], np.where(data[0, 0] == 0)[1][:7]] = np.nan
    data[0, 0, 60:62, 60] = np.inf
    data[0, 0, 60:62, 61] = np.nan
    case.write("nan-model.fits", header, data)
    case.add(header, places, i=np.where(np.isfinite(data[0, 0][places]), flux, 0.0))

    header = case.header(size)
    counts = case.random.integers(-500, 500, 12).astype(np.int16)
    places = np.unravel_index(case.random.choice(64 * 64, 12, replace=False), size)
    data = plane(size, places, counts, np.int16)
    data[0, 0, 5, :8] = -32768
    # Raw numbers with the scale as keywords: astropy would apply it.
    hdu = fits.PrimaryHDU(data, header)
    major, minor = 6 * case.pixel, 4 * case.pixel
    for key, value in {"BUNIT": "JY/BEAM", "BMAJ": major, "BMIN": minor, "BPA": 20.0}.items():
        hdu.header[key] = value
    hdu.header["BSCALE"], hdu.header["BLANK"] = 1e-3, -32768
    hdu.writeto(os.path.join(case.folder, "odd name[1](x)+y.fits.gz"))
    area = np.pi * major * minor / (4 * np.log(2)) / case.pixel**2
    kept = np.where(data[0, 0][places] == -32768, 0, counts) * 1e-3 / area
    case.add(header, places, i=kept)


def make(name, ms, folder):
    case = Case(ms, folder)
    globals()[f"case_{name}"](case)
    with open(os.path.join(folder, "sky.json"), "w") as out:
        json.dump(case.sky, out)


def sky_of(out, *images):
    found = []
    for path in images:
        hdu = fits.open(path)[0]
        wcs = WCS(hdu.header).celestial
        data = hdu.data.reshape(hdu.data.shape[-2:]).astype(float)
        rows, columns = np.nonzero(np.nan_to_num(data))
        lon, lat = wcs.wcs_pix2world(columns.astype(float), rows.astype(float), 0)
        frame = {"FK5": "J2000", "ICRS": "ICRS", "FK4": "B1950"}[wcs.wcs.radesys or "FK5"]
        found += [{"ra_deg": a, "dec_deg": d, "frame": frame, "i": float(v)} for a, d, v in zip(lon, lat, data[rows, columns])]
    with open(out, "w") as file:
        json.dump(found, file)


def judge(ms, column, count, *images):
    import erfa
    from f64sum import C, CORRELATIONS
    from observation import Observation

    import sky

    obs = Observation(ms)
    random = np.random.default_rng(7)
    cross = np.flatnonzero(obs.ant[0] != obs.ant[1])
    chosen = np.sort(random.choice(cross, min(int(count), len(cross)), replace=False))
    codes = {code: stokes for stokes, code in STOKES.items()}

    def turned(lon, lat, frame, target):
        """Directions in another frame that is but turned."""
        axes = [erfa.s2c(*sky.to_frame(*erfa.c2s(axis), frame, target)) for axis in np.eye(3)]
        return erfa.c2s(erfa.s2c(lon, lat) @ np.array(axes))

    planes = []
    for path in images:
        hdu = fits.open(path)[0]
        data = hdu.data.reshape(hdu.data.shape[-2:]).astype(float)
        rows, columns = np.nonzero(data)
        wcs = WCS(hdu.header).celestial
        lon, lat = wcs.wcs_pix2world(columns.astype(float), rows.astype(float), 0)
        place = np.radians(lon), np.radians(lat), {"FK5": "J2000", "ICRS": "ICRS"}[wcs.wcs.radesys]
        term = int(path[-6]) if path[-8:-6] == "tt" else 0
        stokes = "IQUV".index(codes[int(hdu.header["CRVAL4"])])
        planes.append((place, data[rows, columns], stokes, term, hdu.header["CRVAL3"], hdu.header["CDELT3"]))
    several = len({plane[4] for plane in planes}) > 1
    got, want = [], []
    known = {}
    for row in chosen:
        field, setup = int(obs.field[row]), obs.setups[obs.ddid[row]]
        if field not in known:
            lon0, lat0, frame = obs.centre(field, obs.time[row])
            lmn = [sky.cosines(*turned(*plane[0], frame), lon0, lat0) for plane in planes]
            known = {field: [np.stack([l, m, -(l * l + m * m) / (1 + n)], axis=1) for l, m, n in lmn]}
        channel = int(random.integers(len(setup.freq)))
        freq = setup.freq[channel]
        total = np.zeros(4, complex)
        for (_, flux, stokes, term, middle, width), lmn in zip(planes, known[field]):
            if several and abs(freq - middle) > width / 2:
                continue
            phase = 2 * np.pi * freq / C * (lmn @ obs.uvw[row])
            factor = (freq / middle - 1) ** term
            total[stokes] += factor * (np.dot(flux, np.cos(phase)) + 1j * np.dot(flux, np.sin(phase)))
        want.append([np.dot(CORRELATIONS[int(code)], total) for code in setup.corr])
        got.append(obs.main.getcell(column, int(row))[channel])
    scale, values = 0.0, 0
    for start in range(0, len(cross), 4096):
        for row in cross[start : start + 4096]:
            cell = obs.main.getcell(column, int(row))
            scale, values = scale + np.sum(np.abs(cell) ** 2), values + cell.size
    error = np.concatenate([np.ravel(np.asarray(a) - b) for a, b in zip(got, want)])
    rms = np.sqrt(np.mean(np.abs(error) ** 2)) / np.sqrt(scale / values)
    print(json.dumps({"relative": float(rms), "pixels": int(sum(len(plane[1]) for plane in planes))}))


def residual(ms, column, other):
    from casacore.tables import table

    t = table(ms, ack=False)
    cross = t.getcol("ANTENNA1") != t.getcol("ANTENNA2")
    flags = t.getcol("FLAG")[cross]
    one, two = (np.where(flags, 0, t.getcol(name)[cross]) for name in (column, other))
    rms = lambda v: float(np.sqrt(np.mean(np.abs(v) ** 2)))
    print(json.dumps([rms(one), rms(one - two)]))


def noisy(ms, column, jy):
    from casacore.tables import table

    random = np.random.default_rng(3)
    t = table(ms, ack=False, readonly=False, lockoptions="permanent")
    data = t.getcol(column)
    noise = random.normal(size=data.shape) + 1j * random.normal(size=data.shape)
    t.putcol("DATA", (data + float(jy) * noise).astype(np.complex64))
    t.putcol("FLAG", np.zeros(data.shape, bool))


def subtract(ms, column):
    from casacore.tables import table

    t = table(ms, ack=False, readonly=False, lockoptions="permanent")
    t.putcol("DATA", t.getcol("DATA") - t.getcol(column))


def rms(image):
    print(json.dumps(float(np.sqrt(np.mean(fits.getdata(image).astype(float) ** 2)))))


if __name__ == "__main__":
    action, *rest = sys.argv[1:]
    actions = {"make": make, "sky": sky_of, "judge": judge, "residual": residual}
    (actions | {"noisy": noisy, "subtract": subtract, "rms": rms})[action](*rest)

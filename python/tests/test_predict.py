"""Predictions from Python: the command's, bit for bit."""

import json
import logging
import shutil

import numpy as np
import pytest

import nvss_predict
from nvss_predict import SkyModel, Source


def test_results_are_those_of_the_command_bit_for_bit(ms, catalog, command, column, tmp_path):
    other = shutil.copytree(ms, tmp_path / "other.ms")
    report = nvss_predict.predict(ms, catalog, ref_freq="1.4GHz", min_flux="100mJy", fields=[0, 1, 3], radius=1.5)
    command(other, catalog, "--beam", "auto", "--ref-freq", "1.4GHz", "--min-flux", "100mJy", "--fields", "0,1,3",
            "--radius", "1.5", "--report", tmp_path / "report.json")  # fmt: skip
    model = column(ms)
    assert np.array_equal(model.view(np.uint32), column(other).view(np.uint32)) and np.abs(model).max() > 0.01
    said = json.loads((tmp_path / "report.json").read_text())
    for key in ("catalogue", "beam", "rows_predicted", "fields", "epsilon"):
        assert report[key] == said[key]
    assert report.complete and report.check.rms < 1e-6 and 0 < report.catalogue.selected < 46


def test_every_option_of_the_command_is_an_argument(ms, catalog):
    from inspect import signature

    from nvss_predict._options import known

    parameters = signature(nvss_predict.predict).parameters
    assert set(known()) - set(parameters) == set()
    with pytest.raises(TypeError, match="no_such"):
        nvss_predict.predict(ms, catalog, no_such=1)


def test_every_option_of_the_image_command_is_an_argument(ms):
    from inspect import signature

    from nvss_predict._options import known

    parameters = signature(nvss_predict.predict_image).parameters
    assert set(known(images=True)) - set(parameters) == set()
    with pytest.raises(TypeError, match="no_such"):
        nvss_predict.predict_image(ms, "prefix", no_such=1)


def test_values_of_all_kinds_mean_the_same(ms, catalog):
    plan = lambda **options: nvss_predict.predict(ms, catalog, dry_run=True, ref_freq=1.4e9, **options).catalogue
    numbers = plan(min_flux=0.2, radius=1.25, match_radius=4, add_source=(345.0, 17.0, 1.5))
    texts = plan(min_flux="200mJy", radius="75arcmin", match_radius="4arcsec", add_source="345.0 17.0 1.5Jy")
    assert numbers == texts and numbers["selected"] > 1
    units = pytest.importorskip("astropy.units")
    quantities = plan(
        min_flux=200 * units.mJy, radius=75 * units.arcmin, match_radius=4 * units.arcsec, add_source=Source(345, 17, 1.5)
    )
    assert quantities == numbers
    without = plan(exclude=[(345.0, 17.0, 5.0), (0.0, 0.0, 1.0)])
    assert without["choice"]["excluded"] > 0


def test_the_state_and_the_provenance(ms, catalog):
    assert nvss_predict.status(ms).state == "no_column"
    nvss_predict.predict(ms, catalog, ref_freq=1.4e9, threads=1, lock_timeout=5)
    status = nvss_predict.status(ms)
    assert status.complete and status.components == 46
    # What does not change a value is not told.
    assert status.arguments.endswith("beam='auto', ref_freq=1400000000.0)") and "predict(" in status.arguments


def test_dry_run_writes_nothing_and_the_report_speaks_as_the_command(ms, catalog):
    report = nvss_predict.predict(ms, catalog, dry_run=True)
    assert not report.complete and "nothing was written" in str(report) and repr(report).startswith("<Report: a plan")
    assert nvss_predict.status(ms).state == "no_column"
    import pickle

    assert pickle.loads(pickle.dumps(report)) == report and str(pickle.loads(pickle.dumps(report))) == str(report)


def test_progress_and_logging(ms, catalog, caplog):
    seen = []
    with caplog.at_level(logging.INFO, logger="nvss_predict"):
        report = nvss_predict.predict(ms, catalog, max_sources=0, progress=lambda rows, of: seen.append((rows, of)))
    assert seen and seen[-1] == (report.rows, report.rows)
    levels = {record.levelname: record.getMessage() for record in caplog.records}
    assert "the model is zero" in levels["WARNING"] and "complete" in levels["INFO"]


def test_what_a_watcher_raises_ends_the_run(ms, catalog):
    def stop(rows, of):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        nvss_predict.predict(ms, catalog, progress=stop)
    assert nvss_predict.status(ms).state in ("complete", "incomplete", "no_column")


class TestErrors:
    """Each kind, with the words and the exit code of the command."""

    def both(self, command, kind, ms, catalog, *words, **options):
        with pytest.raises(kind) as caught:
            nvss_predict.predict(ms, catalog, beam="none", **options)
        done = command(ms, catalog, *words, code=caught.value.exit_code)
        assert done.stderr.strip().endswith("error: " + str(caught.value))
        assert isinstance(caught.value, nvss_predict.Error)

    def test_of_the_measurement_set(self, command, tmp_path, catalog):
        self.both(command, nvss_predict.MeasurementSetError, tmp_path / "none.ms", catalog)

    def test_of_the_catalogue(self, command, ms, tmp_path):
        (tmp_path / "bad.csv").write_text("ra,dec,flux_jy\n1,2,3\n1,95,3\n")
        self.both(command, nvss_predict.CatalogError, ms, tmp_path / "bad.csv")

    def test_of_no_sources(self, command, ms, catalog):
        options = dict(require_sources=True, max_sources=0)
        self.both(command, nvss_predict.NoSourcesError, ms, catalog, "--require-sources", "--top=0", **options)

    def test_of_the_check(self, command, ms, catalog):
        # Too faint for single precision.
        faint = nvss_predict.SkyModel(343.7, 16.0, 3e-44, alpha=0.0)
        with pytest.raises(nvss_predict.CheckError) as caught:
            nvss_predict.predict(ms, faint, beam="none")
        assert caught.value.report.check.rms > 1e-5 and caught.value.exit_code == 6
        assert nvss_predict.status(ms).state == "incomplete"

    def test_of_the_arguments(self, command, ms, catalog):
        self.both(command, nvss_predict.UsageError, ms, catalog, "--beam-limit=0.1", beam_limit=0.1)
        with pytest.raises(nvss_predict.UsageError, match="not a unit of flux density"):
            nvss_predict.predict(ms, catalog, min_flux="3 parsec")

    def test_of_the_clock(self, ms, catalog):
        with pytest.raises(TimeoutError) as caught:
            nvss_predict.predict(ms, catalog, timeout=0)
        assert isinstance(caught.value, nvss_predict.TimeoutError) and "nothing was written" in str(caught.value)
        assert caught.value.exit_code == 124

    def test_pickles(self):
        import pickle

        for name in nvss_predict.errors.__all__:
            error = getattr(nvss_predict, name)("what it says")
            error.exit_code = 9
            back = pickle.loads(pickle.dumps(error))
            assert type(back) is type(error) and str(back) == "what it says" and back.exit_code == 9


class TestSkies:
    """Skies in memory, against the same sources in a file."""

    @pytest.fixture
    def expected(self, ms, catalog, column):
        nvss_predict.predict(ms, catalog, ref_freq=1.4e9)
        return column(ms)

    def predicted(self, ms, sky, column, **options):
        report = nvss_predict.predict(ms, sky, column="OTHER", **options)
        status = nvss_predict.status(ms, "OTHER")
        assert status.catalogue.startswith("(in memory: ") and len(status.digest) == 64
        assert report.catalogue.selected == 46
        return column(ms, "OTHER")

    @staticmethod
    def numbers(catalog):
        rows = [line.split(",") for line in open(catalog) if line[0].isdigit() or line[0] == '"']
        header = next(line for line in open(catalog) if line.startswith("ra")).strip().split(",")
        return header, rows

    def model(self, catalog):
        found = nvss_predict.query(catalog, (345.0, 17.0), "all", ref_freq=1.4e9)
        assert len(found) == 46
        return found

    def same(self, a, b):
        return np.abs(a - b).max() < 1e-6 * np.abs(b).max()

    def test_a_query_predicts_what_its_catalogue_does(self, ms, catalog, expected, column):
        assert self.same(self.predicted(ms, self.model(catalog), column), expected)

    def test_a_sky_model(self, ms, catalog, expected, column):
        found = self.model(catalog)
        sky = SkyModel(found.ra_deg, found.dec_deg, found.flux_jy, alpha=-0.7, ref_hz=1.4e9)
        assert self.same(self.predicted(ms, sky, column), expected)

    def test_a_list_of_sources(self, ms, catalog, expected, column):
        sources = [Source(s.ra_deg, s.dec_deg, s.flux_jy, -0.7, 1.4e9, name="#1") for s in self.model(catalog)]
        assert self.same(self.predicted(ms, sources, column), expected)

    def test_a_data_frame(self, ms, catalog, expected, column):
        pandas = pytest.importorskip("pandas")
        frame = pandas.read_csv(catalog, comment="#")
        assert np.array_equal(self.predicted(ms, frame, column, ref_freq=1.4e9), expected)
        frame["name"] = pandas.array(["a"] + [None] * 45, dtype="string")
        frame["alpha"] = pandas.array([None] * 46, dtype="Float64")
        assert np.array_equal(self.predicted(ms, frame, column, ref_freq=1.4e9), expected)

    def test_an_astropy_table(self, ms, catalog, expected, column):
        pytest.importorskip("astropy")
        from astropy import units
        from astropy.table import QTable, Table

        found = self.model(catalog)
        for kind in (Table, QTable):
            table = kind()
            table["ra"] = (found.ra_deg / 15.0) * units.hourangle
            table["dec"] = found.dec_deg * 60 * units.arcmin
            table["flux"] = found.flux_jy * 1e3 * units.mJy
            table["freq"] = np.full(46, 1.4) * units.GHz
            table["alpha"] = np.full(46, -0.7)
            assert self.same(self.predicted(ms, table, column), expected)

    def test_columns_and_structured_arrays(self, ms, catalog, expected, column):
        found = self.model(catalog)
        columns = {"ra": found.ra_deg, "dec": found.dec_deg, "flux_jy": found.flux_jy}
        assert self.same(self.predicted(ms, columns, column, ref_freq="1400MHz"), expected)
        array = np.array(list(zip(*columns.values())), dtype=[(name, float) for name in columns])
        assert self.same(self.predicted(ms, array, column, ref_freq="1400MHz"), expected)

    def test_a_pyradiosky_model(self, ms, catalog, expected, column):
        pyradiosky = pytest.importorskip("pyradiosky")
        from astropy import units
        from astropy.coordinates import SkyCoord

        found = self.model(catalog)
        position = SkyCoord(found.ra_deg, found.dec_deg, unit="deg", frame="icrs")
        stokes = np.zeros((4, 1, 46)) * units.Jy
        stokes[0, 0] = found.flux_jy * units.Jy
        model = pyradiosky.SkyModel(
            name=[f"s{i}" for i in range(46)], skycoord=position, stokes=stokes, spectral_type="spectral_index",
            spectral_index=np.full(46, -0.7), reference_frequency=np.full(46, 1.4e9) * units.Hz,
        )  # fmt: skip
        sky = SkyModel(found.ra_deg, found.dec_deg, found.flux_jy, alpha=-0.7, ref_hz=1.4e9, frame="icrs")
        nvss_predict.predict(ms, sky)
        assert np.array_equal(self.predicted(ms, model, column), column(ms))

    def test_gaussians_polarisation_and_curvature_survive(self, ms, column, tmp_path):
        sky = SkyModel(
            [345.0, 345.2, 345.4], [16.9, 17.1, 17.0], [1.0, 2.0, 3.0], alpha=[[-0.7, 0.1], [0.2], None],
            ref_hz=[1.4e9, 1.3e9, None], q_jy=[0.1, 0, 0], major_arcsec=[60, None, 30], minor_arcsec=[20, None, 30],
            pa_deg=[30, None, None], name=["a,b", 'say "c"', None], frame="icrs",
        )  # fmt: skip
        nvss_predict.predict(ms, sky, beam="none")
        sky.to_csv(tmp_path / "sky.csv")
        nvss_predict.predict(ms, tmp_path / "sky.csv", beam="none", column="OTHER")
        model = column(ms)
        assert np.array_equal(model, column(ms, "OTHER")) and np.abs(model[..., 0] - model[..., -1]).max() > 0.01
        assert nvss_predict.status(ms).digest == nvss_predict.status(ms, "OTHER").digest
        for kind in ("pandas", "astropy"):
            if pytest.importorskip(kind):
                table = sky.to_dataframe() if kind == "pandas" else sky.to_table()
                nvss_predict.predict(ms, table, beam="none", column="THIRD")
                assert np.array_equal(model, column(ms, "THIRD"))

    def test_bad_skies_are_told_with_their_row(self, ms):
        for sky, words in [
            (SkyModel([1.0, 2.0], [3.0, 95.0], 1.0), "memory: SkyModel.*:3.*beyond"),
            ({"ra": [1.0], "dec": [2.0], "flux": [1.0]}, "does not say its unit"),
            ({"ra": [1.0], "flux_jy": [1.0]}, "declination"),
        ]:
            with pytest.raises(nvss_predict.CatalogError, match=words):
                nvss_predict.predict(ms, sky)
        with pytest.raises(nvss_predict.UsageError, match="dec_deg"):
            nvss_predict.predict(ms, [{"ra_deg": 1.0, "flux_jy": 1.0}])
        with pytest.raises(TypeError, match="catalogue is a path"):
            nvss_predict.predict(ms, 3)
        with pytest.raises(nvss_predict.UsageError, match="3 values, and there are 2"):
            SkyModel([1.0, 2.0], [3.0, 4.0], [1.0, 2.0, 3.0])


def test_a_query_tells_what_the_command_tells(catalog, command):
    found = nvss_predict.query(catalog, "22:54:48 +16:06:00", "30arcmin", max_sources=2, ref_freq=1.4e9)
    done = command("catalog", "query", catalog, "--centre", "22:54:48 +16:06:00", "--radius", "30arcmin",
                   "--max-sources", "2", "--ref-freq", "1.4GHz", "--format", "json")  # fmt: skip
    assert [dict(source) for source in found.details] == json.loads(done.stdout)["sources"]
    assert found.origin.sha256 and len(found) == 2 and found.flux_jy[0] >= found.flux_jy[1]
    with pytest.raises(nvss_predict.CatalogError):
        nvss_predict.query("/no/such.csv", (1, 2), 3)


PATCHES = """FORMAT = Name, Type, Patch, Ra, Dec, I
, , west, 23:00:00, +16.00.00
, , east, 23:02:00, +16.00.00
a, POINT, west, 23:00:30, +16.10.00, 1.5
b, POINT, west, 22:58:00, +15.50.00, 0.5
c, POINT, east, 23:02:10, +16.20.00, 2.0
"""


def test_patches_go_into_columns_of_their_own(ms, column, tmp_path):
    sky = tmp_path / "sky.skymodel"
    sky.write_text(PATCHES)
    nvss_predict.predict(ms, sky, column="ALONE", patches=["east"], radius="all")
    report = nvss_predict.predict(ms, sky, patch_column={"west": "WEST", "east": "EAST"}, radius="all")
    assert report.column == "WEST" and report.others[0]["column"] == "EAST"
    assert report.catalogue.selected == 2 and report.others[0]["catalogue"]["selected"] == 1
    assert np.array_equal(column(ms, "EAST"), column(ms, "ALONE")) and np.abs(column(ms, "WEST")).max() > 0.1


def test_the_image_of_a_calibrator_must_be_one(ms, catalog, tmp_path):
    image = tmp_path / "3C48.fits"
    image.write_bytes(b"SIMPLE  = no image")
    with pytest.raises(nvss_predict.Error, match="3C48.fits"):
        nvss_predict.predict(ms, catalog, calibrator="3C48", calibrator_image=image, dry_run=True)
    # One belongs to each calibrator.
    with pytest.raises(nvss_predict.Error):
        nvss_predict.predict(ms, catalog, calibrator_image=image, dry_run=True)

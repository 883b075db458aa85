"""The DSA-110 pipeline's functions: arguments, return values, and what they write."""

import numpy as np
import pytest

import nvss_predict
from nvss_predict import SkyModel, dsa110


@pytest.fixture
def nvss(catalog, monkeypatch):
    monkeypatch.setenv("NVSS_CATALOG", catalog)
    return catalog


def test_a_component_list_is_made_and_predicted(ms, nvss, column, tmp_path):
    out = tmp_path / "nvss.cl"
    made = dsa110.make_nvss_component_cl(344.0, 16.5, 3.0, min_mjy=300.0, freq_ghz=1.32, out_path=str(out))
    assert made == str(out)
    assert dsa110.ft_from_cl(str(ms), made, field="0~2") is None
    bright = nvss_predict.query(nvss, (344.0, 16.5), 3.0, min_flux="300mJy")
    assert 1 < len(bright) < 46
    # Flat at the frequency of the array, as the pipeline takes them.
    sky = SkyModel(bright.ra_deg, bright.dec_deg, bright.flux_jy)
    nvss_predict.predict(ms, sky, beam="none", fields="0~2", column="EXPECTED")
    model, expected = column(ms), column(ms, "EXPECTED")
    assert np.abs(model - expected).max() < 1e-5 * np.abs(expected).max() and np.abs(expected).max() > 0.1
    assert not model[-1].any()
    dsa110.ft_from_cl(str(ms), made, field="")
    assert column(ms)[-1].any()
    with pytest.raises(ValueError, match="usescratch"):
        dsa110.ft_from_cl(str(ms), made, usescratch=False)
    (tmp_path / "casa.cl").mkdir()
    with pytest.raises(nvss_predict.CatalogError, match="CASA component list"):
        dsa110.ft_from_cl(str(ms), str(tmp_path / "casa.cl"))
    with pytest.raises(IsADirectoryError):
        dsa110.make_point_cl("x", 1.0, 2.0, flux_jy=1.0, out_path=str(tmp_path / "casa.cl"))


def test_a_survey_without_a_file_is_told(ms, monkeypatch, tmp_path):
    monkeypatch.delenv("NVSS_CATALOG", raising=False)
    with pytest.raises(nvss_predict.CatalogError, match="NVSS_CATALOG"):
        dsa110.make_nvss_component_cl(1.0, 2.0, 3.0, out_path=str(tmp_path / "x.cl"))
    with pytest.raises(nvss_predict.CatalogError, match="unified"):
        dsa110.seed_model_data(str(ms), unicat_min_mjy=1.0)
    assert dsa110.seed_model_data(str(ms)) is None


def test_a_point_model_is_about_each_field(ms, column):
    """V = S exp(2 pi i w (n - 1) ...): of a source at a field's centre the phases of that field's rows are zero."""
    centres = nvss_predict.make_demo_ms(str(ms) + ".2", antennas=8, times=6, channels=16).centres
    ra, dec = centres[2]
    # The fields of the demonstration are in ICRS.
    frame = SkyModel([ra], [dec], [1.0], frame="icrs")
    band = nvss_predict.predict(ms, frame, beam="none", column="EXPECTED").frequency_hz
    assert dsa110.write_point_model_with_ft(str(ms), ra, dec, 2.5, spectral_index=-0.7, reffreq_hz=1.4e9) is None
    model, expected = column(ms), column(ms, "EXPECTED")
    rows = slice(2 * 36, 3 * 36)
    assert np.abs(expected[rows] - 1).max() < 1e-6 and np.abs(np.angle(expected[:36])).max() > 0.01
    assert np.abs(np.angle(model[rows])).max() < 1e-3
    scale = (np.linspace(*band, 16) / 1.4e9) ** -0.7
    assert np.allclose(np.abs(model[0, :, 0]), 2.5 * scale, rtol=1e-6)


def test_the_seeding_block(ms, nvss, column):
    report = dsa110.seed_model_data(str(ms), unicat_min_mjy=100.0, radius_deg=2.5, pblimit=0.2)
    # The beam of a 4.65 m dish falls to a fifth nearer than the edge of the image.
    assert report.complete and 1.5 < report.catalogue.radius_deg < 2.5
    assert report.beam.startswith("as given") and report.catalogue.selected > 3
    wide = dsa110.seed_model_data(str(ms), nvss_min_mjy=100.0, radius_deg=2.5, pbcor=False)
    assert wide.catalogue.radius_deg == pytest.approx(2.5) and wide.catalogue.selected >= report.catalogue.selected
    seen = dsa110.seed_model_data(str(ms), unicat_min_mjy=100.0, radius_deg=2.5, beam="auto")
    assert seen.catalogue.selected == report.catalogue.selected and "Airy" in seen.beam


def test_a_calibrator_comes_first_if_it_is_in_the_field(ms, nvss, column):
    centre = nvss_predict.make_demo_ms(str(ms) + ".2", antennas=8, times=6, channels=16).centres[0]
    given = dict(unicat_min_mjy=100.0, radius_deg=1.0, calib_flux_jy=2.0)
    inside = dsa110.seed_model_data(str(ms), calib_ra_deg=centre[0], calib_dec_deg=centre[1], **given)
    assert inside.catalogue.selected == 1 and inside.catalogue.flux_jy == 2.0
    outside = dsa110.seed_model_data(str(ms), calib_ra_deg=10.0, calib_dec_deg=-20.0, **given)
    assert outside.catalogue.path == nvss


def test_the_unified_catalogue_prefers_the_first_survey(ms, nvss, tmp_path, monkeypatch):
    found = nvss_predict.query(nvss, (344.0, 16.5), 5.0)
    first = tmp_path / "first.csv"
    # FIRST sees the brightest of them 3 arcsec away, at its own flux density.
    SkyModel(found.ra_deg[:1], found.dec_deg[:1] + 3 / 3600, found.flux_jy[:1] * 0.9, ref_hz=1.4e9).to_csv(first)
    monkeypatch.setenv("FIRST_CATALOG", str(first))
    report = dsa110.seed_model_data(str(ms), unicat_min_mjy=100.0, radius_deg=5.0, pbcor=False)
    assert [account["survey"] for account in report.catalogue.merged] == ["FIRST", "NVSS"]
    assert report.catalogue.merged[1]["matched"] == 1


@pytest.fixture
def model_image(catalog, tmp_path):
    """The brightest NVSS source of the field as a WSClean model image, off its centre; its position and flux density."""
    fits = pytest.importorskip("astropy.io.fits")
    source = nvss_predict.query(catalog, (344.0, 16.5), 5.0, max_sources=1)
    image = np.zeros((1, 1, 64, 64), np.float32)
    image[0, 0, 40, 20] = source.flux_jy[0]
    hdu = fits.PrimaryHDU(image)
    axes = [
        ("RA---SIN", 21.0, source.ra_deg[0], -0.002, "deg"),
        ("DEC--SIN", 41.0, source.dec_deg[0], 0.002, "deg"),
        ("FREQ", 1.0, 1.4e9, 5e8, "Hz"),
        ("STOKES", 1.0, 1.0, 1.0, ""),
    ]
    for axis, words in enumerate(axes, 1):
        for key, value in zip(("CTYPE", "CRPIX", "CRVAL", "CDELT", "CUNIT"), words):
            hdu.header[f"{key}{axis}"] = value
    hdu.header["BUNIT"], hdu.header["RADESYS"] = "JY/PIXEL", "FK5"
    hdu.writeto(tmp_path / "iter1-model.fits")
    return tmp_path / "iter1", source


def test_model_images_of_a_round_are_predicted(ms, model_image, column):
    prefix, source = model_image
    assert dsa110._predict_model_wsclean(str(ms), str(prefix)) is True
    assert nvss_predict.status(ms).complete
    flat = SkyModel(source.ra_deg, source.dec_deg, source.flux_jy, alpha=0.0)
    nvss_predict.predict(ms, flat, beam="none", column="FLAT")
    images, expected = column(ms), column(ms, "FLAT")
    assert np.abs(images - expected).max() <= 2e-6 * np.abs(expected).max()
    report = nvss_predict.predict_image(ms, prefix, column="AGAIN", check=16)
    assert report.complete and report.catalogue.images["pixels"] == 1


def test_a_round_without_images_is_told_and_not_raised(ms, tmp_path, caplog):
    assert dsa110._predict_model_wsclean(str(ms), str(tmp_path / "none"), "/usr/bin/wsclean") is False
    assert "no model images" in caplog.text
    with pytest.raises(nvss_predict.CatalogError, match="no model images"):
        nvss_predict.predict_image(ms, tmp_path / "none")
    with pytest.raises(TypeError, match="either"):
        nvss_predict.predict_image(ms)

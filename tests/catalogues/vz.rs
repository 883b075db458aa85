//! AIPS VZ tables: the real ones, and damaged ones.

use super::*;

// All expected values: astropy.io.fits on the same files; digests: sha256sum.
#[test]
fn the_whole_of_nvss_above_50_mjy() {
    let Some(path) = shared("catalogues/NVSSVZ.FIT.gz") else { return };
    let nvss = default_read(&path).unwrap();
    assert_eq!((nvss.kind, nvss.format), (Kind::Survey, Format::Vz));
    assert_eq!((nvss.components.len(), nvss.rows_read), (125_309, 125_309));
    assert_eq!(nvss.digest, "e625f43b6c9aeb38b619cbc540e967aa0af06a8fe88acb7e450b81bc0c248534");
    let first = &nvss.components[0];
    assert!(first.position.separation(j2000(0.0006793097226139173, -4.045108546226)) < 1e-14);
    assert_eq!(first.position.frame, Frame::J2000);
    assert_eq!(first.stokes.i, f64::from(0.110_556_85_f32));
    assert_eq!(first.shape, Shape::Point);
    assert_eq!(first.spectrum, Spectrum::PowerLaw { alpha: -0.7, reference: 1.4e9 });
    let sum: f64 = nvss.components.iter().map(|component| component.stokes.i).sum();
    assert!((sum - 24_917.733_475_286_514).abs() < 1e-6, "{sum}");
    assert!(noted(&nvss, "61009 rows have QUAL above 0") && noted(&nvss, "PEAK INT"), "{:?}", nvss.notes);

    // 3C286 at its VLA calibrator position, 13:31:08.288 +30:30:32.96.
    let centre = j2000(202.784_533, 30.509_155);
    let options = Selection { radius: Some(10.0 * ARCSEC), ..Selection::default() };
    let found = select(&nvss.components, &[centre], &options);
    assert_eq!(found.len(), 1);
    assert!((nvss.components[found[0]].stokes.i - 15.424_865).abs() < 1e-6);
}

#[test]
fn mgps_in_the_second_extension_at_843_mhz() {
    let Some(path) = shared("catalogues/MGPSVZTab.fits.gz") else { return };
    let mgps = default_read(&path).unwrap();
    assert_eq!(mgps.components.len(), 5_807);
    let last = mgps.components.last().unwrap();
    assert!(last.position.separation(j2000(278.3260416666667, -29.00702777777778)) < 1e-14);
    assert_eq!(last.spectrum, Spectrum::PowerLaw { alpha: -0.7, reference: 843e6 });
    // The primary header's GLON is not the frame of the columns.
    assert_eq!(last.position.frame, Frame::J2000);
    let options = ReadOptions { alpha: -0.5, reference_frequency: Some(1e9), ..ReadOptions::default() };
    let told = catalog::read(&path, &options).unwrap();
    assert_eq!(told.components[0].spectrum, Spectrum::PowerLaw { alpha: -0.5, reference: 1e9 });
    assert!(noted(&told, "though the file says 843000000 Hz"), "{:?}", told.notes);
}

#[test]
fn only_what_is_near() {
    let Some(path) = shared("catalogues/NVSSVZ.FIT.gz") else { return };
    let all = default_read(&path).unwrap();
    let centres = vec![j2000(359.8, 54.6), j2000(0.4, 54.6)];
    let radius = 2f64.to_radians();
    let near = Near { centres: centres.clone(), radius };
    let options = ReadOptions { near: Some(near), ..ReadOptions::default() };
    let some = catalog::read(&path, &options).unwrap();
    let chosen =
        select(&all.components, &centres, &Selection { radius: Some(radius), ..Selection::default() });
    let expected: Vec<Component> = chosen.iter().map(|index| all.components[*index].clone()).collect();
    assert!(expected.len() > 20);
    assert_eq!(some.components, expected);
    assert_eq!(some.rows_read, 125_309);
    assert!(noted(&some, "too far away"));
}

/// A FITS card.
fn card(text: &str) -> String {
    format!("{text:<80}")
}

fn padded(mut block: Vec<u8>, with: u8) -> Vec<u8> {
    block.resize(block.len().div_ceil(2880) * 2880, with);
    block
}

/// A FITS file with a table of (RA, Dec [deg], flux [Jy]); the rows claimed and the extension's cards are
/// given.
fn fits(rows: &[(f64, f64, f32)], claimed: usize, extra: &[&str]) -> Vec<u8> {
    let primary = [
        "SIMPLE  =                    T",
        "BITPIX  =                    8",
        "NAXIS   =                    0",
    ];
    let mut header: String = primary
        .into_iter()
        .chain(["EXTEND  =                    T", "EPOCH   =               1950.0"])
        .map(card)
        .collect();
    header += &card("END");
    let mut bytes = padded(header.into_bytes(), b' ');
    let claimed = format!("NAXIS2  = {claimed:>20}");
    let cards = [
        "XTENSION= 'BINTABLE'",
        "BITPIX  =                    8",
        "NAXIS   =                    2",
        "NAXIS1  =                   20",
        claimed.as_str(),
        "PCOUNT  =                    0",
        "GCOUNT  =                    1",
        "TFIELDS =                    3",
        "TTYPE1  = 'RA(2000)        '",
        "TFORM1  = '1D'",
        "TTYPE2  = 'DEC(2000)'",
        "TFORM2  = '1D'",
        "TTYPE3  = 'PEAK INT        '",
        "TFORM3  = '1E'",
    ];
    let mut header: String = cards.into_iter().chain(extra.iter().copied()).map(card).collect();
    header += &card("END");
    bytes.extend(padded(header.into_bytes(), b' '));
    let mut data = Vec::new();
    for (ra, dec, flux) in rows {
        data.extend(ra.to_be_bytes());
        data.extend(dec.to_be_bytes());
        data.extend(flux.to_be_bytes());
    }
    bytes.extend(padded(data, 0));
    bytes
}

const USUAL: &[&str] =
    &["EXTNAME = 'AIPS VZ '", "TUNIT1  = 'DEGREE  '", "TUNIT2  = 'DEGREE  '", "TUNIT3  = 'JY/BEAM '"];

fn read_fits(bytes: &[u8]) -> Result<Catalog, CatalogError> {
    // A name cfitsio would take apart, and that says nothing of FITS.
    let (_folder, path) = file("cat[1](x) ? *.txt", bytes);
    default_read(&path)
}

#[test]
fn plain_fits_of_any_name() {
    let catalog = read_fits(&fits(&[(10.0, 20.0, 1.5), (11.0, -20.0, f32::NAN)], 2, USUAL)).unwrap();
    assert_eq!(catalog.components.len(), 1);
    assert!(
        noted(&catalog, "1 rows without a flux density") && noted(&catalog, "no REF_FREQ"),
        "{:?}",
        catalog.notes
    );
    assert_eq!(
        catalog.components[0],
        Component::point(j2000(10.0, 20.0), 1.5, Spectrum::PowerLaw { alpha: -0.7, reference: 1.4e9 })
    );
    assert_eq!(read_fits(&fits(&[], 0, USUAL)).unwrap().components.len(), 0);
}

#[test]
fn what_is_wrong_with_a_table_is_told() {
    let row = [(10.0, 20.0, 1.5)];
    let wrong = |bytes: &[u8]| message(&read_fits(bytes).unwrap_err());
    let text = wrong(&fits(&row, 1_000_000_000_000, USUAL));
    assert!(text.contains("more than the file holds"), "{text}");
    let mut bytes = fits(&row, 1, USUAL);
    bytes.truncate(2880 + 2880);
    assert!(!wrong(&bytes).is_empty());
    bytes.truncate(1000);
    assert!(!wrong(&bytes).is_empty());
    let text = wrong(&fits(&[(10.0, 95.0, 1.5)], 1, USUAL));
    assert!(text.contains(":1: ") && text.contains("not on the sky"), "{text}");
    let text = wrong(&fits(
        &row,
        1,
        &["EXTNAME = 'AIPS VZ '", "TUNIT1  = 'RADIAN'", "TUNIT2  = 'DEGREE'", "TUNIT3  = 'JY'"],
    ));
    assert!(text.contains("RADIAN"), "{text}");
    let text = wrong(&fits(&row, 1, &["EXTNAME = 'AIPS VL '"]));
    assert!(text.contains("'AIPS VL'") && text.contains("'AIPS VZ'"), "{text}");
}

#[test]
fn damage_anywhere_is_an_error_or_another_catalogue_but_no_panic() {
    let sound = fits(&[(10.0, 20.0, 1.5)], 1, USUAL);
    for at in (0..2880 + 20 * 80).step_by(7) {
        let mut bytes = sound.clone();
        bytes[at] = if at % 2 == 0 { b'9' } else { 0xff };
        drop(read_fits(&bytes));
    }
    for length in (0..sound.len()).step_by(97) {
        drop(read_fits(&sound[..length]));
    }
}

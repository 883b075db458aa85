//! The NRAO's table of raw fits, written by cfitsio, against listings and an independent program.

use super::*;
use fitsio::FitsFile;
use fitsio::tables::{ColumnDataType, ColumnDescription};

/// The columns of CATALOG.FIT as `catalog.ps` lists them, and their units.
const COLUMNS: [(&str, &str); 18] = [
    ("RA(2000)", "DEGREE"),
    ("DEC(2000)", "DEGREE"),
    ("PEAK INT", "JY/BEAM"),
    ("MAJOR AX", "DEGREE"),
    ("MINOR AX", "DEGREE"),
    ("POSANGLE", "DEGREE"),
    ("Q CENTER", "JY/BEAM"),
    ("U CENTER", "JY/BEAM"),
    ("P FLUX", "JY"),
    ("I RMS", "JY/BEAM"),
    ("POL RMS", "JY/BEAM"),
    ("RES RMS", "JY/BEAM"),
    ("RES PEAK", "JY/BEAM"),
    ("RES FLUX", "JY"),
    ("CENTER X", "PIXEL"),
    ("CENTER Y", "PIXEL"),
    ("FIELD", ""),
    ("JD PROCESSED", "DAYS"),
];

/// RA, Dec [deg], peak [mJy/beam], axes [arcsec], angle [deg], noise [mJy/beam], Q, U [mJy/beam].
pub type Row = [f64; 9];

/// Such a file; the beam in its header [deg].
pub fn file_of(path: &Path, rows: &[Row], beam: f64) {
    let kind = |index: usize| match index {
        0 | 1 => (ColumnDataType::Double, 1),
        16 => (ColumnDataType::String, 8),
        17 => (ColumnDataType::Int, 1),
        _ => (ColumnDataType::Float, 1),
    };
    let columns: Vec<_> = (0..18)
        .map(|index| {
            let (kind, repeat) = kind(index);
            // AIPS fills names with blanks.
            ColumnDescription::new(format!("{:16}", COLUMNS[index].0))
                .with_type(kind)
                .that_repeats(repeat)
                .create()
                .unwrap()
        })
        .collect();
    let mut fits = FitsFile::create(path).open().unwrap();
    let table = fits.create_table("AIPS VL", &columns).unwrap();
    for (index, (name, unit)) in COLUMNS.iter().enumerate() {
        let column =
            |scale: f64, place: usize| rows.iter().map(|row| (row[place] * scale) as f32).collect::<Vec<_>>();
        let values = match index {
            0 | 1 => {
                let values: Vec<f64> = rows.iter().map(|row| row[index]).collect();
                table.write_col(&mut fits, *name, &values).unwrap();
                continue;
            }
            2 => column(1e-3, 2),
            3 | 4 => column(1.0 / 3600.0, index),
            5 => column(1.0, 5),
            6 | 7 => column(1e-3, index + 1),
            9 => column(1e-3, 6),
            10 => vec![0.29e-3; rows.len()],
            16 => {
                table.write_col(&mut fits, *name, &vec!["C1344P32".to_owned(); rows.len()]).unwrap();
                continue;
            }
            17 => {
                table.write_col(&mut fits, *name, &vec![2_450_000i32; rows.len()]).unwrap();
                continue;
            }
            _ => vec![0.0; rows.len()],
        };
        table.write_col(&mut fits, *name, &values).unwrap();
        table.write_key(&mut fits, &format!("TUNIT{}", index + 1), *unit).unwrap();
    }
    table.write_key(&mut fits, "BEAM_MAJ", beam).unwrap();
}

fn vl(rows: &[Row], handling: Handling) -> Result<Catalog, CatalogError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("CATALOG.FIT");
    file_of(&path, rows, 0.0125);
    read_handling(&path, handling)
}

/// Expected: the Python program of the corrections' own tests, to the rounding of the table's single numbers.
#[test]
fn raw_fits_become_published_sources() {
    let rows: [(Row, f64, f64, f64, f64); 5] = [
        ([10.0, 30.064, 9.3, 46.9, 46.9, -71.8, 0.483, 0.0, 0.0], 9.542954, 0.0, 0.0, 0.0),
        (
            [359.999_999, -14.526, 44.11, 75.43, 46.81, 69.3, 0.502, 0.0, 0.0],
            74.931361,
            60.382680,
            0.0,
            69.46757,
        ),
        (
            [0.0, -6.48, 7619.36, 50.81, 47.11, 67.8, 0.439, 0.0, 0.0],
            9005.543210,
            23.589821,
            13.928196,
            67.81400,
        ),
        (
            [200.0, 86.124, 16.95, 65.86, 52.68, 19.8, 0.41, 0.0, 0.0],
            28.424190,
            46.917245,
            26.494647,
            20.81239,
        ),
        (
            [200.0, 18.878, 14.28, 77.18, 55.72, 65.8, 0.432, 0.0, 0.0],
            29.346337,
            62.055210,
            31.150977,
            66.11653,
        ),
    ];
    let catalog = vl(&rows.map(|row| row.0), Handling::default()).unwrap();
    assert_eq!((catalog.format, catalog.kind, catalog.rows_read), (Format::Vl, Kind::Survey, 5));
    for (component, (row, flux, major, minor, angle)) in catalog.components.iter().zip(rows) {
        assert!((component.stokes.i / (1e-3 * flux) - 1.0).abs() < 1e-5, "{row:?}: {component:?}");
        let (ra, dec) = (row[0] - 0.025 / 3600.0 / row[1].to_radians().cos(), row[1] + 0.113 / 3600.0);
        assert!(component.position.separation(j2000(ra, dec)) < 1e-12, "{row:?}: {component:?}");
        match component.shape {
            Shape::Point => assert_eq!((major, minor), (0.0, 0.0), "{row:?}"),
            Shape::Gaussian(shape) => {
                assert!(
                    (shape.major / ARCSEC - major).abs() < 1e-3
                        && (shape.minor / ARCSEC - minor).abs() < 1e-3,
                    "{row:?}: {shape:?}"
                );
                assert!(
                    (shape.position_angle - f64::to_radians(angle)).sin().abs() < 1e-4,
                    "{row:?}: {shape:?}"
                );
            }
            ref other => panic!("{other:?}"),
        }
    }
    assert!(noted(&catalog, "NVSSlist"), "{:?}", catalog.notes);
}

/// Q and U at the peak: what NVSS calls P is without the noise's share, and scaled as a resolved source is.
#[test]
fn polarisation_of_raw_fits() {
    let rows = [
        [10.0, 20.0, 500.0, 45.0, 45.0, 0.0, 0.45, 20.0, -15.0],
        [10.0, 21.0, 5.0, 45.0, 45.0, 0.0, 0.45, 0.3, 0.4],
    ];
    let catalog = vl(&rows, STRICT).unwrap();
    let strong = catalog.components[0].stokes;
    // 25 mJy is 86 times the noise: its share is 1/(2 × 86.2) of it.
    let expected = 25e-3 - 0.29e-3 * 0.5 / (25.0 / 0.29);
    assert!((strong.q.hypot(strong.u) / expected - 1.0).abs() < 1e-4, "{strong:?}");
    assert!((strong.u / strong.q + 0.75).abs() < 1e-6, "{strong:?}");
    assert!(!catalog.components[1].stokes.is_polarised());
    assert!(!vl(&rows, Handling::default()).unwrap().components[0].stokes.is_polarised());
}

/// The same fits as the table, as a raw listing and, corrected, as a fitted and a deconvolved one.
#[test]
fn listings_of_every_kind_agree_with_the_table() {
    let mut rows: Vec<Row> = Vec::new();
    for index in 0..300 {
        let i = f64::from(index);
        let peak = 10f64.powf(1.0 + 2.4 * (i * 0.618).fract()).round();
        let minor = (10.0 * (46.0 + 20.0 * (i * 0.317).fract())).round() / 10.0;
        let major = (10.0 * (minor + 4.0 + 40.0 * (i * 0.733).fract())).round() / 10.0;
        let angle = (10.0 * (180.0 * (i * 0.414).fract() - 90.0)).round() / 10.0;
        // Positions that sexagesimals hold exactly.
        rows.push([15.0 * (1.0 + i / 60.0), -35.0 + 0.4 * i, peak, major, minor, angle, 0.45, 0.0, 0.0]);
    }
    let table = vl(&rows, Handling::default()).unwrap();
    let position = |ra: f64, dec: f64| {
        let ra = (ra / 15.0 * 360_000.0).round() as i64;
        let tenths = (dec.abs() * 36_000.0).round() as i64;
        let sign = if dec < 0.0 { '-' } else { '+' };
        format!(
            "{:02} {:02} {:05.2} {sign}{:02} {:02} {:04.1}",
            ra / 360_000,
            ra / 6000 % 60,
            (ra % 6000) as f64 / 100.0,
            tenths / 36_000,
            tenths / 600 % 60,
            (tenths % 600) as f64 / 10.0
        )
    };
    let titles = "   RA[2000]   Dec[2000]   Peak  Major Minor    PA    Res P_Flux  P_ang  Field    X_pix    Y_pix\n h  m    s    d  m   s     mJy    \"     \"      deg         mJy    deg\n";
    let line = |ra, dec, flux: f64, major: f64, minor: f64, angle: f64| {
        format!(
            "{} {flux:7.1} {major:6.1} {minor:6.1} {angle:6.1}      0.10         C1344P32  512.33   12.40\n",
            position(ra, dec)
        )
    };
    let mut text = format!("Displaying raw component size, peak flux density\n{titles}");
    rows.iter().for_each(|row| text += &line(row[0], row[1], row[2], row[3], row[4], row[5]));
    let raw = super::text(&text).unwrap();
    assert_eq!((raw.format, raw.rows_read), (Format::NvssList, 300));
    assert!(noted(&raw, "a raw listing"), "{:?}", raw.notes);
    for ((listed, stored), row) in raw.components.iter().zip(&table.components).zip(&rows) {
        assert!(listed.position.separation(stored.position) < 1e-12, "{row:?}");
        assert!((listed.stokes.i / stored.stokes.i - 1.0).abs() < 1e-5, "{row:?}: {listed:?} {stored:?}");
        match (&listed.shape, &stored.shape) {
            (Shape::Point, Shape::Point) => {}
            (Shape::Gaussian(a), Shape::Gaussian(b)) => {
                assert!(
                    (a.major / b.major - 1.0).abs() < 1e-4 && (a.minor - b.minor).abs() < 1e-3 * ARCSEC,
                    "{row:?}"
                );
            }
            shapes => panic!("{row:?}: {shapes:?}"),
        }
    }
    // The fitted listing: what is resolved has its corrected peak, what is not its integrated flux density.
    let mut text = format!("Displaying fitted component size, peak flux density\n{titles}");
    let mut expected = Vec::new();
    for (row, stored) in rows.iter().zip(&table.components) {
        // Both listings have positions without bias: 0.113″ is 0.1″ there.
        let bias = if (-10.125..77.994).contains(&row[1]) { 0.2 } else { 0.3 };
        let peak = row[2] + bias - 0.45 * 0.45 / row[2];
        let resolved = stored.shape != Shape::Point;
        let flux = if resolved { peak } else { 1e3 * stored.stokes.i };
        text += &line(row[0], row[1], flux, row[3], row[4], row[5]);
        expected.push((stored, flux));
    }
    let fitted = super::text(&text).unwrap();
    assert!(noted(&fitted, "a fitted listing"), "{:?}", fitted.notes);
    let mut differ = 0;
    for (listed, (stored, flux)) in fitted.components.iter().zip(expected) {
        // A tenth of a mJy and of an arc second are rounded off.
        let rounding = 0.05 / flux + 0.004;
        differ += usize::from((listed.stokes.i / stored.stokes.i - 1.0).abs() > rounding);
        differ += usize::from(matches!(listed.shape, Shape::Point) != matches!(stored.shape, Shape::Point));
    }
    assert!(differ <= 3, "{differ} of 300 differ by more than rounding, which can decide what is resolved");
}

#[test]
fn what_is_wrong_with_a_table_is_told() {
    let sound: Row = [10.0, 20.0, 500.0, 45.0, 45.0, 0.0, 0.45, 0.0, 0.0];
    let mut blank = sound;
    blank[2] = f64::NAN;
    let mut bad = sound;
    bad[1] = 95.0;
    let mut noiseless = sound;
    noiseless[6] = 0.0;
    let rows = [sound, blank, bad, sound, sound, noiseless];
    let catalog = vl(&rows, Handling::default()).unwrap();
    assert_eq!((catalog.components.len(), catalog.rows_read), (3, 6));
    assert!(
        noted(&catalog, "1 rows without a flux")
            && noted(&catalog, "2 malformed rows left out (3: the position 10°, 95°"),
        "{:?}",
        catalog.notes
    );
    assert!(message(&vl(&rows, STRICT).unwrap_err()).contains(":3: the position"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("VLSS.FIT");
    file_of(&path, &[sound], 75.0 / 3600.0);
    let text = message(&default_read(&path).unwrap_err());
    assert!(text.contains("beam of 75.0″") && text.contains("NVSS"), "{text}");
    // Asked for as what it is not; cut; damaged.
    let path = folder.path().join("CATALOG.FIT");
    file_of(&path, &[sound; 50], 0.0125);
    let options = ReadOptions { format: Some(Format::Vz), ..ReadOptions::default() };
    assert!(matches!(catalog::read(&path, &options), Err(CatalogError::WrongFormat { .. })));
    let bytes = fs::read(&path).unwrap();
    // Fifty rows of 84 bytes take two blocks.
    let (_folder, cut) = file("cut.fits", &bytes[..bytes.len() - 2 * 2880 + 1000]);
    let text = message(&default_read(&cut).unwrap_err());
    assert!(text.contains("ends in row 12: it is cut short"), "{text}");
    for at in (2880..bytes.len()).step_by(61) {
        let mut damaged = bytes.clone();
        damaged[at] = if at % 2 == 0 { b'7' } else { 0xff };
        let (_folder, path) = file("damaged.fits", &damaged);
        drop(default_read(&path));
    }
}

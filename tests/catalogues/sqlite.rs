//! The DSA-110 pipeline's SQLite databases, made by their own schemas.

use super::*;
use rusqlite::Connection;

const FULL: &str = "CREATE TABLE sources (source_id INTEGER PRIMARY KEY AUTOINCREMENT, ra_deg REAL NOT NULL, dec_deg REAL NOT NULL,
    flux_mjy REAL, flux_err_mjy REAL, major_axis REAL, minor_axis REAL, position_angle REAL);
    CREATE INDEX idx_radec ON sources(ra_deg, dec_deg); CREATE INDEX idx_dec ON sources(dec_deg); CREATE INDEX idx_flux ON sources(flux_mjy);
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT); INSERT INTO meta VALUES ('source', 'HEASARC NVSS catalog');";
const STRIP: &str = "CREATE TABLE sources (source_id INTEGER PRIMARY KEY AUTOINCREMENT, ra_deg REAL NOT NULL, dec_deg REAL NOT NULL,
    flux_mjy REAL, UNIQUE(ra_deg, dec_deg)); CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT);
    INSERT INTO meta VALUES ('dec_center', '54.6');";

/// A database by these statements, closed again.
fn database(folder: &Path, statements: &str) -> PathBuf {
    let path = folder.join("nvss dec+54.6?#%.sqlite3");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(statements).unwrap();
    connection.close().unwrap();
    path
}

fn made(statements: &str, options: &ReadOptions) -> Result<Catalog, CatalogError> {
    let folder = tempfile::tempdir().unwrap();
    catalog::read(&database(folder.path(), statements), options)
}

const ROWS: &str = "INSERT INTO sources (ra_deg, dec_deg, flux_mjy, major_axis, minor_axis, position_angle) VALUES
    (10.5, 54.6, 250.0, 60.0, 20.0, 30.0), (11.0, 54.0, 12, 18.0, 17.0, NULL), (12.0, 54.0, NULL, NULL, NULL, NULL);";

#[test]
fn the_full_schema() {
    let catalog = made(&(FULL.to_owned() + ROWS), &ReadOptions::default()).unwrap();
    assert_eq!((catalog.format, catalog.kind, catalog.rows_read), (Format::Sqlite, Kind::Survey, 3));
    let law = Spectrum::PowerLaw { alpha: -0.7, reference: 1.4e9 };
    let expected = [
        Component::point(j2000(10.5, 54.6), 0.25, law.clone()),
        Component::point(j2000(11.0, 54.0), 0.012, law),
    ];
    assert_eq!(catalog.components, expected);
    assert!(
        noted(&catalog, "1 rows without a flux") && noted(&catalog, "upper limits"),
        "{:?}",
        catalog.notes
    );

    let options = ReadOptions { sqlite_sizes: true, ..ReadOptions::default() };
    let sized = made(&(FULL.to_owned() + ROWS), &options).unwrap();
    let Shape::Gaussian(shape) = sized.components[0].shape else { panic!("a point") };
    assert!((shape.major - 60.0 * ARCSEC).abs() < 1e-15 && (shape.minor - 20.0 * ARCSEC).abs() < 1e-15);
    assert!((shape.position_angle - 30f64.to_radians()).abs() < 1e-15);
    assert_eq!(sized.components[1].shape, Shape::Point);
}

#[test]
fn a_strip_read_near_is_the_whole_read_and_chosen_from() {
    // A grid that covers the origin of right ascension and the pole.
    let mut statements = STRIP.to_owned() + "BEGIN;";
    for ra in (0..3600).step_by(7) {
        for dec in [-89.95, -30.0, 0.0, 16.15, 54.6, 80.0, 85.0, 89.5, 90.0] {
            statements += &format!(
                "INSERT INTO sources (ra_deg, dec_deg, flux_mjy) VALUES ({}, {dec}, {});",
                f64::from(ra) / 10.0,
                ra + 1
            );
        }
    }
    let statements = statements + "COMMIT;";
    let all = made(&statements, &ReadOptions::default()).unwrap();
    for (centres, radius) in [
        (vec![j2000(0.3, 54.6)], 2.0),
        (vec![j2000(359.9, 16.15)], 2.0),
        (vec![j2000(0.3, 54.6), j2000(359.0, 54.6)], 2.0),
        (vec![j2000(100.0, 84.0)], 5.5),
        (vec![j2000(100.0, 89.0)], 5.0),
        (vec![j2000(20.0, -89.0)], 1.2),
        (vec![j2000(180.0, 16.0)], 120.0),
        (vec![j2000(180.0, 16.0)], 180.0),
        (vec![j2000(50.0, 16.15).to(Frame::Galactic), j2000(200.0, 0.0)], 3.0),
        (vec![j2000(50.0, 45.0)], 1.0),
        (vec![], 1.0),
    ] {
        let near = Near { centres: centres.clone(), radius: f64::to_radians(radius) };
        let options = ReadOptions { near: Some(near.clone()), ..ReadOptions::default() };
        let some = made(&statements, &options).unwrap();
        let chosen = select(
            &all.components,
            &centres,
            &Selection { radius: Some(near.radius), ..Selection::default() },
        );
        let expected: Vec<Component> = chosen.iter().map(|index| all.components[*index].clone()).collect();
        assert_eq!(some.components, expected, "{centres:?} {radius}");
        if radius < 10.0 {
            assert!(some.rows_read < all.rows_read / 2, "{} rows looked at", some.rows_read);
        }
    }
}

#[test]
fn right_ascensions_counted_from_minus_180_are_found() {
    let statements = STRIP.to_owned()
        + "INSERT INTO sources (ra_deg, dec_deg, flux_mjy) VALUES (-10.0, 54.6, 5), (10.0, 54.6, 6);";
    let near = Near { centres: vec![j2000(350.0, 54.6)], radius: 1f64.to_radians() };
    let options = ReadOptions { near: Some(near), ..ReadOptions::default() };
    let found = made(&statements, &options).unwrap();
    assert_eq!(found.components.iter().map(|c| c.stokes.i).collect::<Vec<_>>(), [0.005]);
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn nothing_is_written_beside_a_database_in_wal_mode() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path(), &("PRAGMA journal_mode=WAL;".to_owned() + FULL + ROWS));
    let before = (names(folder.path()), fs::read(&path).unwrap());
    assert_eq!(before.0.len(), 1, "{:?}", before.0);
    // Byte 18 says WAL mode: without it this test would say nothing.
    assert_eq!(before.1[18], 2);
    // What would be written while it is read would be gone afterwards, but for the time of the folder's last
    // change.
    let touched = || fs::metadata(folder.path()).unwrap().modified().unwrap();
    let time = touched();
    assert_eq!(default_read(&path).unwrap().components.len(), 2);
    assert_eq!((names(folder.path()), fs::read(&path).unwrap()), before);
    assert_eq!(touched(), time, "something was created and removed");
}

#[test]
fn changes_still_in_the_log_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path(), &("PRAGMA journal_mode=WAL;".to_owned() + FULL + ROWS));
    let writer = Connection::open(&path).unwrap();
    writer
        .execute_batch("INSERT INTO sources (ra_deg, dec_deg, flux_mjy) VALUES (13.0, 54.0, 7.0);")
        .unwrap();
    let in_use = default_read(&path).unwrap();
    assert_eq!(in_use.components.len(), 3);
    assert!(noted(&in_use, "write-ahead log"));

    // As after a crash: the log without its index.
    let crashed = tempfile::tempdir().unwrap();
    let copy = crashed.path().join("nvss.sqlite3");
    fs::copy(&path, &copy).unwrap();
    let mut log = path.clone().into_os_string();
    log.push("-wal");
    fs::copy(log, crashed.path().join("nvss.sqlite3-wal")).unwrap();
    let before = names(crashed.path());
    assert_eq!(default_read(&copy).unwrap().components, in_use.components);
    assert_eq!(names(crashed.path()), before);
    drop(writer);
}

#[test]
fn gzipped_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path(), &(FULL.to_owned() + ROWS));
    let (_other, zipped) = file("nvss.sqlite3.gz", &gzipped(&fs::read(&path).unwrap()));
    let (plain, zipped) = (default_read(&path).unwrap(), default_read(&zipped).unwrap());
    assert_eq!(plain.components, zipped.components);
    assert_ne!(plain.digest, zipped.digest);
}

#[test]
fn other_databases_are_told() {
    let wrong = |statements: &str| message(&made(statements, &ReadOptions::default()).unwrap_err());
    let text = wrong("CREATE TABLE stars (x REAL);");
    assert!(text.contains("without the table 'sources'"), "{text}");
    let text = wrong("CREATE TABLE sources (ra_deg REAL, dec REAL, flux_mjy REAL);");
    assert!(text.contains("no column 'dec_deg'"), "{text}");
    let insert = "INSERT INTO sources (ra_deg, dec_deg, flux_mjy) VALUES ";
    let bad = STRIP.to_owned() + insert + "(1.0, 2.0, 3.0), (2.0, 2.0, 'bright');";
    let folder = tempfile::tempdir().unwrap();
    let text = message(&read_handling(&database(folder.path(), &bad), STRICT).unwrap_err());
    assert!(text.contains(":2: column 'flux_mjy': 'bright'"), "{text}");
    let text = wrong(&(STRIP.to_owned() + insert + "(1.0, 200.0, 3.0);"));
    assert!(text.contains("not on the sky"), "{text}");
    let other = STRIP.to_owned() + "INSERT INTO meta VALUES ('source', 'RACS-low');";
    let text = wrong(&other);
    assert!(text.contains("RACS-low") && text.contains("--ref-freq"), "{text}");
    let options = ReadOptions { reference_frequency: Some(888e6), ..ReadOptions::default() };
    assert!(made(&other, &options).unwrap().components.is_empty());
}

#[test]
fn damaged_databases_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(folder.path(), &(FULL.to_owned() + ROWS));
    let bytes = fs::read(&path).unwrap();
    let (_folder, cut) = file("cut.sqlite3", &bytes[..bytes.len() / 3]);
    assert!(matches!(default_read(&cut), Err(CatalogError::Sqlite { .. })));
    let (_folder, stub) = file("stub.sqlite3", &bytes[..16]);
    assert!(default_read(&stub).is_err());
}

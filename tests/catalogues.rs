//! Catalogues: real ones where they are at hand, and every format made here.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use nvss_predict::catalog::{
    self, Catalog, CatalogError, FluxUnit, Format, Handling, Kind, Near, ReadOptions,
};
use nvss_predict::coords::{Direction, Frame};
use nvss_predict::sky::{AngleFrame, Component, Selection, Shape, Spectrum, select};

mod common;

const ARCSEC: f64 = std::f64::consts::PI / 180.0 / 3600.0;

/// A file of the shared data, or nothing, said aloud, where they are not at hand.
fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is not there", path.display());
    None
}

fn j2000(ra: f64, dec: f64) -> Direction {
    Direction::from_degrees(Frame::J2000, ra, dec)
}

fn default_read(path: &Path) -> Result<Catalog, CatalogError> {
    catalog::read(path, &ReadOptions::default())
}

/// Malformed rows are errors, and polarisation is taken in.
const STRICT: Handling = Handling { polarization: true, strict: true };

fn read_handling(path: &Path, handling: Handling) -> Result<Catalog, CatalogError> {
    catalog::open(path, None)?.read_with(&ReadOptions::default(), handling)
}

fn text_handling(content: &str, handling: Handling) -> Result<Catalog, CatalogError> {
    let (_folder, path) = file("list.csv", content.as_bytes());
    read_handling(&path, handling)
}

/// An error and all its causes, as a person sees it.
fn message(error: &CatalogError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}

fn noted(catalog: &Catalog, words: &str) -> bool {
    catalog.notes.iter().any(|note| note.contains(words))
}

/// A folder with one file in it.
fn file(name: &str, content: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    (folder, path)
}

fn text(content: &str) -> Result<Catalog, CatalogError> {
    text_with(content, &ReadOptions::default())
}

fn text_with(content: &str, options: &ReadOptions) -> Result<Catalog, CatalogError> {
    let (_folder, path) = file("list.csv", content.as_bytes());
    catalog::read(&path, options)
}

fn gzipped(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

#[path = "catalogues/vz.rs"]
mod vz;

#[path = "catalogues/sqlite.rs"]
mod sqlite;

#[path = "catalogues/store.rs"]
mod store;

#[path = "catalogues/cache.rs"]
mod cache;

#[path = "catalogues/csv.rs"]
mod csv;

#[path = "catalogues/real.rs"]
mod real;

#[path = "catalogues/strict.rs"]
mod strict;

#[path = "catalogues/published.rs"]
mod published;

#[path = "catalogues/vl.rs"]
mod vl;

#[path = "catalogues/forms.rs"]
mod forms;

#[path = "catalogues/forms_binary.rs"]
mod forms_binary;

#[test]
fn the_content_tells_the_format_and_its_absence() {
    let wrong = |content: &[u8]| {
        let (_folder, path) = file("something.fits", content);
        message(&default_read(&path).unwrap_err())
    };
    for (content, words) in [
        (&b""[..], "the file is empty"),
        (b"hello world\n", "'hello world'"),
        (b"# only comments\n", "nothing but comments"),
        (b"\x00\x01\x02\x03", "binary data"),
        (b"Name, Type, Patch\nx, POINT, y\n", "no column names"),
    ] {
        let text = wrong(content);
        assert!(text.contains(words) && text.contains("sqlite:") && text.contains("csv:"), "{text}");
    }
    let text = wrong(b"ra,dec,i_jy\n1,2,3\n1,2,\xff\n");
    assert!(text.contains(":3: not UTF-8"), "{text}");
    let mut zipped = gzipped(b"ra,dec,i_jy\n1,2,3\n");
    zipped.truncate(zipped.len() - 6);
    let text = wrong(&zipped);
    assert!(text.contains("cut short"), "{text}");
    let (folder, path) = file("list.csv", b"ra,dec,i_jy\n1,2,3\n");
    let options = ReadOptions { format: Some(Format::Vz), ..ReadOptions::default() };
    let text = message(&catalog::read(&path, &options).unwrap_err());
    assert!(text.contains("read as vz as asked, but it is text"), "{text}");
    assert!(matches!(default_read(folder.path()), Err(CatalogError::Io { .. })));
    assert!(matches!(default_read(&folder.path().join("none")), Err(CatalogError::Io { .. })));
    let options = ReadOptions { alpha: f64::NAN, ..ReadOptions::default() };
    assert!(matches!(catalog::read(&path, &options), Err(CatalogError::Option { .. })));
    // sha256sum of the same eighteen bytes.
    assert_eq!(default_read(&path).unwrap().digest, DIGEST);
}

const DIGEST: &str = "0e60d11f74bac7ff5df445cff21a448f762a1d43db5d67965f246a94b0e0fb87";

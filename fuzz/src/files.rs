//! What is read from files.

use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};

use nvss_predict::beam::RadialTable;
use nvss_predict::catalog::{read_light_curve, regions};
use nvss_predict::coords::{Direction, Frame};
use nvss_predict::image::beam_fits;
use nvss_predict::image::sky::{Content, ImageSet, Parts, Spectra};
use nvss_predict::ms::h5parm as solutions;

thread_local! {
    /// A folder of this process, in memory where there is such a file system.
    static FOLDER: OnceCell<tempfile::TempDir> = const { OnceCell::new() };
}

/// A path in this process's folder.
pub fn path(name: &str) -> PathBuf {
    FOLDER.with(|folder| {
        let folder = folder.get_or_init(|| {
            let memory = Path::new("/dev/shm");
            let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
            tempfile::Builder::new().prefix("nvss-fuzz-").tempdir_in(place).expect("a temporary folder")
        });
        folder.path().join(name)
    })
}

/// Has `read` look at a file of these bytes.
pub fn with_file(data: &[u8], read: impl FnOnce(&Path)) {
    let path = path("input");
    fs::write(&path, data).expect("a written file");
    read(&path);
}

/// Region files of DS9 and of CASA, and whether places are in them.
pub fn regions(data: &[u8]) {
    with_file(data, |path| {
        if let Ok(set) = regions::read(path) {
            for (longitude, latitude) in [(0.0, 90.0), (180.0, 0.0), (40.0, -30.0)] {
                let _ = set.tester()(Direction::from_degrees(Frame::J2000, longitude, latitude));
            }
        }
    });
}

/// A beam as a table of radii.
pub fn beam_table(data: &[u8]) {
    use nvss_predict::beam::{Beam, Offset};
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(table) = RadialTable::parse(text) {
        for radius in [0.0, 1e-3, 0.1, 1.5] {
            let power = table.power(Offset::polar(radius, 0.3), 1.4e9);
            assert!(power.is_finite() && power >= -1e-9, "the power {power} at {radius} rad");
        }
    }
}

/// A beam as a FITS image.
pub fn beam_fits(data: &[u8]) {
    with_file(data, |path| {
        let _ = beam_fits::read(path);
    });
}

/// A model image, as components or as it is.
pub fn model_image(data: &[u8]) {
    with_file(data, |path| {
        let Ok(set) = ImageSet::open(&[Parts::of(path)]) else { return };
        if let Ok(Content::Components(drawn)) = set.content(Spectra::default(), Some(1 << 24)) {
            for component in &drawn.components {
                assert!(component.check().is_ok(), "an unsound component: {component:?}");
            }
        }
    });
}

/// The flux densities of a source over time.
pub fn light_curve(data: &[u8]) {
    with_file(data, |path| {
        if let Ok(curve) = read_light_curve(path, 2.5) {
            for seconds in [0.0, 4.9e9, 1e300] {
                assert!(curve.factor(seconds).is_finite(), "{curve:?} at {seconds} s");
            }
        }
    });
}

/// Solutions of a calibration, from HDF5.
pub fn h5parm(data: &[u8]) {
    with_file(data, |path| {
        for names in [vec![], vec!["sol000".to_owned()], vec!["sol000/phase000".to_owned()]] {
            let _ = solutions::read(path, &names);
        }
    });
}

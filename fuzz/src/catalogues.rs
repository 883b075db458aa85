//! The readers of catalogues.

use std::path::Path;

use nvss_predict::catalog::{self, FluxUnit, Format, Handling, Near, ReadOptions, Source};
use nvss_predict::coords::{Direction, Frame};

use super::{files, hash};

/// Reads a catalogue in every way that the input's hash chooses.
pub fn read(format: Option<Format>, data: &[u8]) {
    // Text as from Python's memory, most of the time: the file system is slow.
    let hash = hash(data);
    let held = std::str::from_utf8(data).ok().filter(|_| format.is_some() && !hash.is_multiple_of(16));
    match held {
        Some(text) => {
            if let Ok(source) = catalog::open_held(Path::new("held.txt"), text.into(), format) {
                rows(&source, hash);
            }
        }
        None => files::with_file(data, |path| {
            if let Ok(source) = catalog::open(path, format) {
                rows(&source, hash);
            }
        }),
    }
}

fn rows(source: &Source, hash: u64) {
    let bit = |n: u32| hash >> n & 1 == 1;
    let mut options = ReadOptions { sqlite_sizes: bit(8), ..ReadOptions::default() };
    if bit(9) {
        options.near =
            Some(Near { centres: vec![Direction::from_degrees(Frame::J2000, 359.9, 40.0)], radius: 0.5 });
    }
    if bit(10) {
        options.flux_unit = Some(FluxUnit::MilliJy);
    }
    if bit(11) {
        options.reference_frequency = Some(1.4e9);
    }
    if bit(12) && bit(13) {
        options.frame = Some(Frame::Galactic);
    }
    let strict = bit(14);
    if bit(15) {
        let mut count = 0u64;
        let mut sink = |record: catalog::Record| {
            assert!(record.component.check().is_ok(), "an unsound component: {record:?}");
            count += 1;
            Ok(())
        };
        let _ = source.visit(&options, strict, &mut sink);
        return;
    }
    if let Ok(catalogue) = source.read_with(&options, Handling { polarization: bit(16), strict }) {
        assert_eq!(catalogue.components.len(), catalogue.assumed.len());
        for component in &catalogue.components {
            assert!(component.check().is_ok(), "an unsound component: {component:?}");
            let place = component.position.to(Frame::Icrs);
            assert!(place.is_valid(), "a position off the sky: {component:?}");
            let stokes = component.stokes_at(1.4e9);
            // Nothing times a slope without bound: predictions refuse what is not finite at their channels.
            let nothing = component.stokes.i == 0.0;
            assert!(nothing || !stokes.i.is_nan(), "no flux density: {component:?}");
        }
    }
}

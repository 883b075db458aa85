//! Real files of every form that is at hand, read without loss.

use super::*;

fn read_strictly(path: &Path) -> Catalog {
    read_handling(path, STRICT).unwrap_or_else(|error| panic!("{}", message(&error)))
}

/// The rows that AIPS++ carries; what is expected stands in the file itself.
#[test]
fn six_rows_of_nvsslist() {
    let Some(path) = shared("catalogues/nvsslist_aips++_sample.txt") else { return };
    let list = read_strictly(&path);
    assert_eq!((list.format, list.kind, list.rows_read), (Format::NvssList, Kind::Survey, 6));
    let fluxes = [12.2, 3.5, 3.6, 9.9, 3.7, 3.8];
    assert_eq!(list.components.len(), 6);
    for (component, flux) in list.components.iter().zip(fluxes) {
        assert!((component.stokes.i - 1e-3 * flux).abs() < 1e-15 && !component.stokes.is_polarised());
    }
    let [first, second, _, fourth, _, last] = &list.components[..] else { panic!() };
    assert!(
        first.position.separation(j2000(
            15.0 * (9.0 + 55.0 / 60.0 + 16.67 / 3600.0),
            39.0 + 35.0 / 60.0 + 48.4 / 3600.0
        )) < 1e-13
    );
    assert!(
        last.position
            .separation(j2000(15.0 * (23.0 + 51.0 / 60.0 + 21.80 / 3600.0), 13.0 / 60.0 + 37.4 / 3600.0))
            < 1e-13
    );
    assert_eq!([&second.shape, &last.shape], [&Shape::Point; 2]);
    for (component, major, angle) in [(first, 31.7, 19.2), (fourth, 33.8, 89.2)] {
        let Shape::Gaussian(shape) = component.shape else { panic!("a point") };
        assert!((shape.major / ARCSEC - major).abs() < 1e-9 && shape.minor == 0.0);
        assert!((shape.position_angle.to_degrees() - angle).abs() < 1e-9);
    }
}

/// Rows counted, and fluxes summed, with Python on the same files.
#[test]
fn excerpts_of_lsmtool() {
    for (survey, components, flux, reference) in [
        ("nvss", 48, 0.7822, 1.4e9),
        ("wenss", 27, 1.941, 325e6),
        ("vlssr", 3, 2.497_843_831, 74e6),
        ("tgss", 2, 0.7489, 147.5e6),
        ("gsm", 1, 0.7598, 60e6),
        ("lotss", 1348, 5.536_434_476, 140e6),
        ("panstarrs", 326, 0.0, 1e6),
    ] {
        let Some(path) = shared(&format!("catalogues/lsmtool_expected.{survey}.sky")) else { return };
        let list = read_strictly(&path);
        assert_eq!((list.format, list.kind), (Format::Bbs, Kind::Model), "{survey}");
        assert_eq!((list.components.len(), list.rows_read), (components, components as u64), "{survey}");
        let sum: f64 = list.components.iter().map(|component| component.stokes.i).sum();
        assert!((sum - flux).abs() < 1e-9, "{survey}: {sum}");
        for component in &list.components {
            assert_eq!(component.spectrum.reference(), Some(reference), "{survey}");
            if let Shape::Gaussian(shape) = component.shape {
                assert_eq!(shape.angle_frame, AngleFrame::Centre, "{survey}");
            }
        }
        assert!(noted(&list, "1 lines of patches"), "{survey}: {:?}", list.notes);
    }
}

#[test]
fn sky_models_of_dp3_and_wsclean() {
    for (name, components, gaussians) in [
        ("gold/dp3_wsrt_nvss.skymodel", 10, 3),
        ("gold/tNDPPP-generic-skymodel.txt", 13, 8),
        ("gold/tPredict_ref_skymodel", 13, 8),
        ("skymodels/dp3_demix_Ateam_sky.txt", 265, 188),
        ("skymodels/dp3_foursources.skymodel", 4, 0),
        ("skymodels/makesourcedb_sky_model_example.csv", 73, 67),
        ("skymodels/wsclean_sector_1-sources-pb.txt", 7751, 2589),
        ("skymodels/single_spectralindx.sky", 6, 0),
        ("skymodels/prefactor_3C380_8h_SH.skymodel", 34, 28),
        ("skymodels/prefactor_3C196-SH-offringa.skymodel", 2813, 1443),
        // Two of its 54 have no flux density.
        ("skymodels/nans.sky", 52, 13),
    ] {
        let Some(path) = shared(name) else { return };
        let list = read_strictly(&path);
        let wide = list.components.iter().filter(|c| matches!(c.shape, Shape::Gaussian(_))).count();
        assert_eq!((list.components.len(), wide), (components, gaussians), "{name}");
        assert_eq!(list.kind, Kind::Model);
    }
    // WSClean's RA may be negative, and its polynomials are ordinary ones.
    let Some(path) = shared("skymodels/wsclean_sector_1-sources-pb.txt") else { return };
    let first = &read_strictly(&path).components[0];
    let ra = 360.0 - 15.0 * (6.0 + 43.0 / 60.0 + 21.08 / 3600.0);
    assert!(first.position.separation(j2000(ra, 53.0 + 35.0 / 60.0 + 14.76 / 3600.0)) < 1e-12);
    let terms = vec![0.1590465, -8.084777];
    assert_eq!(first.spectrum, Spectrum::Polynomial { terms, reference: 143_489_951.103_376_2 });
}

/// astropy on the same file: 50 rows, sum of Fintwide.
#[test]
fn gleam_votable() {
    let Some(path) = shared("catalogues/vizier_gleam_50srcs.vot") else { return };
    let gleam = read_strictly(&path);
    assert_eq!((gleam.format, gleam.kind, gleam.rows_read), (Format::Votable, Kind::Survey, 50));
    assert_eq!(gleam.components.len(), 50);
    let sum: f64 = gleam.components.iter().map(|component| component.stokes.i).sum();
    assert!((sum - 14.394_953).abs() < 1e-9, "{sum}");
}

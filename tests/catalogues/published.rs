//! The corrections of raw fits against what NVSS published of the same sources.
//!
//! No file of raw fits is to be had: `raw_nvss.py` reconstructs the fits, numerically and from the documents alone, of the first
//! 20 rows of the published catalogue, the only ones that could be had with all their errors (they are of both
//! configurations, from −38° to +61° and from 2.3 to 150 mJy; points, one source that is resolved along one axis and one along
//! both). That the printed errors and the decisions between size and limit follow as well is what the survey's own program,
//! and not the reconstruction, has put there.

use super::common::{python, say};
use super::*;
use nvss_predict::catalog::Record;

fn records(path: &Path) -> Vec<Record> {
    let mut found = Vec::new();
    let mut take = |record| {
        found.push(record);
        Ok(())
    };
    catalog::open(path, None).unwrap().visit(&ReadOptions::default(), true, &mut take).unwrap();
    found
}

/// Widths of a record's axes, and their limits where they are not resolved [arcsec].
fn axes(record: &Record) -> [(f64, bool); 2] {
    let widths = match record.component.shape {
        Shape::Point => [0.0, 0.0],
        Shape::Gaussian(shape) => [shape.major, shape.minor],
        ref other => panic!("{other:?}"),
    };
    let limits = record.details.limits;
    std::array::from_fn(|k| (limits[k].unwrap_or(widths[k]) / ARCSEC, limits[k].is_some()))
}

/// Whether an error is the printed one [in its unit], to its rounding and a sixth of it.
fn alike(ours: Option<f64>, printed: Option<f64>) -> bool {
    match (ours, printed) {
        (Some(ours), Some(printed)) => (ours - printed).abs() <= 0.05 + printed / 6.0,
        (ours, printed) => ours.is_none() == printed.is_none(),
    }
}

#[test]
fn raw_fits_of_published_sources_become_what_was_published() {
    let Some(python) = python() else { return };
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rows = here.join("tests/data/nvss_published.csv");
    let published = records(&rows);
    assert!(published.len() >= 20);
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("CATALOG.FIT");
    let run = std::process::Command::new(python)
        .arg(here.join("tests/oracles/raw_nvss.py"))
        .args([&rows, &table])
        .env("OPENBLAS_NUM_THREADS", "1")
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let source = catalog::open(&table, None).unwrap();
    assert_eq!((source.format(), source.survey()), (Format::Vl, Some("NVSS")));
    let corrected = records(&table);
    assert_eq!(corrected.len(), published.len());
    let mut worst = [0.0f64; 3];
    for (ours, theirs) in corrected.iter().zip(&published) {
        let name = theirs.component.name.as_deref().unwrap_or_default();
        let told = format!("{name}: {ours:?}\n{theirs:?}");
        // VizieR's degrees have five decimals.
        assert!(ours.component.position.separation(theirs.component.position) < 0.04 * ARCSEC, "{told}");
        let [flux, expected] = [ours, theirs].map(|record| 1e3 * record.component.stokes.i);
        let error = theirs.details.errors.flux.map(|error| 1e3 * error).unwrap();
        worst[0] = worst[0].max((flux - expected).abs() / error);
        assert!((flux - expected).abs() < 0.06, "{told}");
        let [ours_error, theirs_error] =
            [ours, theirs].map(|record| record.details.errors.flux.map(|e| 1e3 * e));
        assert!(alike(ours_error, theirs_error), "{told}");
        for (axis, (found, printed)) in axes(ours).into_iter().zip(axes(theirs)).enumerate() {
            assert_eq!(found.1, printed.1, "{told}");
            assert!((found.0 - printed.0).abs() < 0.1, "{told}");
            let size_error = [theirs.details.errors.major, theirs.details.errors.minor][axis];
            if let Some(error) = size_error {
                worst[1] = worst[1].max((found.0 - printed.0).abs() / (error / ARCSEC));
            }
        }
        let in_arcsec = |error: Option<f64>| error.map(|error| error / ARCSEC);
        let (a, b) = (&ours.details.errors, &theirs.details.errors);
        assert!(
            alike(in_arcsec(a.major), in_arcsec(b.major)) && alike(in_arcsec(a.minor), in_arcsec(b.minor)),
            "{told}"
        );
        assert!(alike(a.angle.map(f64::to_degrees), b.angle.map(f64::to_degrees)), "{told}");
        if let (Shape::Gaussian(found), Shape::Gaussian(printed)) =
            (&ours.component.shape, &theirs.component.shape)
        {
            let turn = (found.position_angle - printed.position_angle).sin().abs();
            worst[2] = worst[2].max(turn / b.angle.unwrap());
            assert!(turn < 0.1f64.to_radians(), "{told}");
        }
    }
    assert_eq!(corrected.iter().filter(|record| record.component.shape != Shape::Point).count(), 2);
    say(&format!(
        "{} sources: flux densities within {:.3}, sizes within {:.3}, angles within {:.3} of the published errors",
        corrected.len(),
        worst[0],
        worst[1],
        worst[2]
    ));
    assert!(worst.iter().all(|part| *part < 1.0), "{worst:?}");
}

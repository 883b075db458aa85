//! The direct sum against a plain double-precision sum, over arrays, channels, shapes and instruction sets.

mod common;

use common::{Case, GAUSSIAN, MIXED, POINT, dsa, lofar, long, relative_error, uniform};
use kernels::SimdLevel;

/// Asserts that every level is within `tolerance` of the truth (rms over the rms visibility).
fn check(name: &str, case: &Case, tolerance: f64) {
    for level in SimdLevel::available() {
        let error = relative_error(&case.predict(level), &case.truth(), 1);
        println!("{name}: {level}: {error:.2e}");
        assert!(error <= tolerance, "{name}: {level}: {error:.2e} > {tolerance:.1e}");
    }
}

#[test]
fn points_of_a_compact_array() {
    for sources in [1, 2, 3, 10, 100] {
        let case = Case::new(dsa(), uniform(1.31e9, 244_140.625, 768), sources, POINT, 21);
        check(&format!("dsa {sources}"), &case, 4e-7);
    }
}

#[test]
fn gaussians_and_mixtures_of_a_compact_array() {
    for sources in [1, 5, 100] {
        for (name, kind) in [("gaussian", GAUSSIAN), ("mixed", MIXED)] {
            let case = Case::new(dsa(), uniform(1.31e9, 244_140.625, 256), sources, kind, 17);
            check(&format!("dsa {name} {sources}"), &case, 6e-7);
        }
    }
}

#[test]
fn many_sources() {
    let case = Case::new(dsa(), uniform(1.31e9, 244_140.625, 16), 10_000, MIXED, 9);
    check("dsa 10000", &case, 5e-7);
    let case = Case::new(dsa(), uniform(1.31e9, 2_441_406.25, 5), 100_000, POINT, 8);
    check("dsa 100000", &case, 7e-7);
}

#[test]
fn every_number_of_channels() {
    for channels in [1, 2, 3, 4, 5, 7, 48, 63, 64, 65, 127, 1000] {
        let case = Case::new(dsa(), uniform(1.31e9, 180_000.0, channels), 7, MIXED, 11);
        check(&format!("{channels} channels"), &case, 6e-7);
    }
}

#[test]
fn descending_channels() {
    for kind in [POINT, GAUSSIAN] {
        let case = Case::new(dsa(), uniform(1.49875e9, -244_140.625, 768), 30, kind, 9);
        check("descending", &case, 1e-6);
    }
}

#[test]
fn uneven_channels() {
    let mut uneven: Vec<f64> =
        (0..100).map(|i| 1.31e9 + 1.7e5 * f64::from(i) + 3e4 * f64::from(i * i % 7)).collect();
    uneven.extend(uniform(1.4e9, 2.5e5, 90));
    uneven.extend([1.2e9, 1.6e9]);
    uneven.extend(uniform(1.5e9, -1e5, 30));
    for kind in [POINT, GAUSSIAN] {
        check("uneven", &Case::new(dsa(), uneven.clone(), 20, kind, 10), 6e-7);
    }
}

#[test]
fn nearly_even_channels_are_not_taken_for_even() {
    let mut channels = uniform(1.31e9, 244_140.625, 200);
    channels[100] += 20_000.0;
    check("one channel off", &Case::new(long(), channels, 5, POINT, 9), 1.2e-6);
}

#[test]
fn a_wide_band_steps_no_envelope_out_of_range() {
    for channels in [uniform(3e7, 2e6, 120), uniform(2.7e8, -2e6, 120), uniform(1e8, 4e6, 6)] {
        check("wide band", &Case::new(lofar(), channels, 20, GAUSSIAN, 9), 2e-7);
    }
}

#[test]
fn long_baselines() {
    for kind in [POINT, GAUSSIAN, MIXED] {
        let case = Case::new(lofar(), uniform(1.2e8, 195_312.5, 48), 100, kind, 25);
        check("lofar", &case, 1e-6);
        let case = Case::new(long(), uniform(1.31e9, 244_140.625, 192), 100, kind, 13);
        check("1000 km", &case, 1.2e-6);
    }
}

#[test]
fn every_number_of_rows() {
    for rows in [1, 2, 7, 8, 9, 15, 16, 17, 33, 96] {
        let case = Case::new(dsa(), uniform(1.31e9, 244_140.625, 19), 10, MIXED, rows);
        check(&format!("{rows} rows"), &case, 6e-7);
    }
}

#[test]
fn levels_agree() {
    let case = Case::new(lofar(), uniform(1.2e8, 195_312.5, 61), 50, MIXED, 19);
    let portable: Vec<_> = case.predict(SimdLevel::Portable).iter().map(common::widen).collect();
    for level in SimdLevel::available() {
        let error = relative_error(&case.predict(level), &portable, 1);
        assert!(error <= 1e-6, "{level}: {error:.2e}");
    }
}

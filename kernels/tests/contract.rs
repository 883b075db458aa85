//! What the crate promises besides numbers: mixes, planes, refusals.

mod common;

use common::{Case, MIXED, dsa, relative_error, run, uniform};
use kernels::{Complex32, Complex64, Direct, KernelError, Mix, Plane, Shape, SimdLevel, Source, reference};

const ZERO: Complex32 = Complex32::ZERO;
const ONE: Complex32 = Complex32::ONE;

fn stokes_i(correlations: usize) -> Mix {
    Mix::new(vec![[ONE, ZERO, ZERO, ZERO]; correlations]).unwrap()
}

/// XX XY YX YY of I, Q, U, V.
fn linear() -> Mix {
    let i = Complex32::I;
    Mix::new(vec![
        [ONE, ONE, ZERO, ZERO],
        [ZERO, ZERO, ONE, i],
        [ZERO, ZERO, ONE, -i],
        [ONE, -ONE, ZERO, ZERO],
    ])
    .unwrap()
}

fn point(lmn: [f64; 3]) -> Source {
    Source { lmn, shape: Shape::Point }
}

#[test]
fn correlations_that_are_equal_are_copies() {
    let case = Case::new(dsa(), uniform(1.31e9, 244_140.625, 70), 12, MIXED, 11);
    let truth = case.truth();
    for level in SimdLevel::available() {
        for correlations in [1, 2, 3, 4] {
            let found = run(&case.plan(level, &stokes_i(correlations)), &case.uvw);
            assert!(relative_error(&found, &truth, correlations) < 6e-7);
        }
    }
}

#[test]
fn four_stokes_parameters_mix_into_correlations() {
    let cases: Vec<Case> =
        (0..4).map(|i| Case::new(dsa(), uniform(1.31e9, 244_140.625, 37), 9 + i, MIXED, 13)).collect();
    let uvw = &cases[0].uvw;
    // The planes in an order of their own, V split in two.
    let last = &cases[3];
    let middle = 5 * last.channels.len();
    let plane = |i: usize| Plane { stokes: i, sources: &cases[i].sources, spectra: &cases[i].spectra };
    let planes = [
        Plane { stokes: 3, sources: &last.sources[5..], spectra: &last.spectra[middle..] },
        plane(1),
        plane(0),
        Plane { stokes: 3, sources: &last.sources[..5], spectra: &last.spectra[..middle] },
        plane(2),
    ];
    let truth: Vec<Vec<Complex64>> =
        cases.iter().map(|c| Case { uvw: uvw.clone(), ..clone(c) }.truth()).collect();
    let mut expected = Vec::new();
    for (((i, q), u), v) in truth[0].iter().zip(&truth[1]).zip(&truth[2]).zip(&truth[3]) {
        let j = Complex64::I * v;
        expected.extend([i + q, u + j, u - j, i - q]);
    }
    for level in SimdLevel::available() {
        let plan = Direct::new(level, &cases[0].channels, &planes, &linear()).unwrap();
        let error = relative_error(&run(&plan, uvw), &expected, 1);
        assert!(error < 6e-7, "{level}: {error:.2e}");
    }
}

fn clone(c: &Case) -> Case {
    Case {
        uvw: Vec::new(),
        channels: c.channels.clone(),
        sources: c.sources.clone(),
        spectra: c.spectra.clone(),
    }
}

#[test]
fn no_sources_are_zeros() {
    for level in SimdLevel::available() {
        let channels = uniform(1.4e9, 1e6, 11);
        let empty = Plane { stokes: 0, sources: &[], spectra: &[] };
        for planes in [&[][..], &[empty][..]] {
            let plan = Direct::new(level, &channels, planes, &stokes_i(2)).unwrap();
            assert_eq!(plan.sources(), 0);
            assert!(run(&plan, &[[1.0, 2.0, 3.0]; 9]).iter().all(|&x| x == ZERO));
        }
    }
}

#[test]
fn no_rows_are_no_work() {
    let case = Case::new(dsa(), uniform(1.31e9, 1e6, 5), 3, MIXED, 0);
    assert!(run(&case.plan(SimdLevel::detect(), &stokes_i(2)), &[]).is_empty());
}

#[test]
fn autocorrelations_are_the_sum_of_the_flux() {
    let case = Case::new(dsa(), uniform(1.31e9, 1e6, 40), 10, MIXED, 1);
    for level in SimdLevel::available() {
        let found = run(&case.plan(level, &stokes_i(1)), &[[0.0; 3]]);
        for (k, value) in found.iter().enumerate() {
            let flux: f64 = case.spectra.iter().skip(k).step_by(40).map(|&x| f64::from(x)).sum();
            assert!(
                (f64::from(value.re) - flux).abs() < 3e-7 * flux && value.im == 0.0,
                "{level}: {value} {flux}"
            );
        }
    }
}

#[test]
fn a_source_too_large_for_the_baseline_vanishes() {
    let huge = Source {
        lmn: [0.01, 0.0, -5e-5],
        shape: Shape::Gaussian { p: [100.0, 0.0, 0.0], q: [0.0, 100.0, 0.0] },
    };
    let up = uniform(1.31e9, 244_140.625, 64);
    let down = uniform(1.4e9, -244_140.625, 64);
    for channels in [up, down, vec![1.4e9], vec![1e7, 1e8, 1e9, 1e10, 1e11]] {
        let spectra = vec![1.0; channels.len()];
        let plane = Plane { stokes: 0, sources: std::slice::from_ref(&huge), spectra: &spectra };
        for level in SimdLevel::available() {
            let plan = Direct::new(level, &channels, &[plane], &stokes_i(1)).unwrap();
            assert!(run(&plan, &[[1e7, -1e7, 1e6]]).iter().all(|x| x.norm() < 1e-13), "{level}");
        }
    }
}

#[test]
fn moving_the_sources_is_making_a_new_plan() {
    let case = Case::new(dsa(), uniform(1.31e9, 244_140.625, 33), 20, MIXED, 9);
    let mut moved = clone(&case);
    moved.sources.iter_mut().for_each(|s| s.lmn = [s.lmn[1], -s.lmn[0], s.lmn[2]]);
    for level in SimdLevel::available() {
        let plan = case.plan(level, &stokes_i(2)).with_sources(&[&moved.sources]).unwrap();
        assert_eq!(run(&plan, &case.uvw), run(&moved.plan(level, &stokes_i(2)), &case.uvw));
    }
    let plan = case.plan(SimdLevel::Portable, &stokes_i(2));
    let mut changed = case.sources.clone();
    changed.iter_mut().for_each(|s| s.shape = Shape::Point);
    assert!(matches!(plan.with_sources(&[&changed]), Err(KernelError::ShapeChanged { plane: 0, .. })));
    assert!(matches!(plan.with_sources(&[&changed[1..]]), Err(KernelError::Length { .. })));
    assert!(matches!(plan.with_sources(&[]), Err(KernelError::Length { .. })));
}

#[test]
fn the_reference_is_the_plain_sum() {
    let case = Case::new(dsa(), uniform(1.31e9, 1e6, 9), 15, MIXED, 6);
    let spectra: Vec<f64> = case.spectra.iter().map(|&x| f64::from(x)).collect();
    for (row, truth) in case.uvw.iter().zip(case.truth().chunks(9)) {
        let found = reference::spectrum(*row, &case.channels, &case.sources, &spectra);
        for (k, (a, b)) in found.iter().zip(truth).enumerate() {
            assert!((a - b).norm() < 1e-11, "{a} {b}");
            let flux = spectra.iter().skip(k).step_by(9).copied();
            assert_eq!(*a, reference::visibility(*row, case.channels[k], case.sources.iter().zip(flux)));
        }
    }
}

#[test]
fn bad_plans_are_refused() {
    let good = [point([0.01, 0.0, -5e-5])];
    let new = |channels: &[f64], sources: &[Source], spectra: &[f32], stokes| {
        let plane = Plane { stokes, sources, spectra };
        Direct::new(SimdLevel::Portable, channels, &[plane], &stokes_i(1)).map(|_| ()).unwrap_err()
    };
    let two = [1.4e9, 1.5e9];
    assert_eq!(new(&[], &good, &[], 0), KernelError::Empty { what: "channels" });
    for bad in [f64::NAN, f64::INFINITY] {
        assert_eq!(
            new(&[1.4e9, bad], &good, &[1.0; 2], 0),
            KernelError::NotFinite { what: "channels", index: 1 }
        );
        let sources = [good[0].clone(), point([0.0, bad, 0.0])];
        assert_eq!(new(&two, &sources, &[1.0; 4], 0), KernelError::NotFinite { what: "sources", index: 1 });
        let sources = [Source { lmn: [0.0; 3], shape: Shape::Gaussian { p: [0.0; 3], q: [bad, 0.0, 0.0] } }];
        assert_eq!(new(&two, &sources, &[1.0; 2], 0), KernelError::NotFinite { what: "sources", index: 0 });
        assert_eq!(
            new(&two, &good, &[1.0, bad as f32], 0),
            KernelError::NotFinite { what: "spectra", index: 1 }
        );
    }
    for bad in [0.0, -1.4e9] {
        assert_eq!(new(&[bad], &good, &[1.0], 0), KernelError::OutOfRange { what: "channels", index: 0 });
    }
    assert_eq!(
        new(&two, &[point([3.0, 0.0, 0.0])], &[1.0; 2], 0),
        KernelError::OutOfRange { what: "sources", index: 0 }
    );
    assert_eq!(
        new(&two, &good, &[1.0; 3], 0),
        KernelError::Length { what: "spectra", expected: 2, found: 3 }
    );
    assert_eq!(
        new(&two, &good, &[1.0; 2], 4),
        KernelError::OutOfRange { what: "Stokes parameters", index: 4 }
    );
    assert!(Mix::new(vec![]).is_err() && Mix::new(vec![[Complex32::new(f32::NAN, 0.0); 4]]).is_err());
}

#[test]
fn bad_rows_are_refused_and_nothing_is_written() {
    let case = Case::new(dsa(), uniform(1.31e9, 1e6, 5), 3, MIXED, 2);
    let plan = case.plan(SimdLevel::detect(), &stokes_i(2));
    let mut scratch = plan.scratch();
    let refuse = |uvw: &[[f64; 3]], width: usize, scratch: &mut kernels::Scratch| {
        let mut out = vec![ONE; 2 * width];
        let mut rows: Vec<&mut [Complex32]> = out.chunks_mut(width).collect();
        let error = plan.predict(uvw, &mut rows, scratch).unwrap_err();
        assert!(out.iter().all(|&x| x == ONE));
        error
    };
    let good = [100.0, 0.0, 0.0];
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = refuse(&[good, [0.0, bad, 0.0]], 10, &mut scratch);
        assert_eq!(error, KernelError::NotFinite { what: "uvw", index: 1 });
    }
    let error = refuse(&[good, [0.0, 0.0, -1e20]], 10, &mut scratch);
    assert_eq!(error, KernelError::OutOfRange { what: "uvw", index: 1 });
    assert!(matches!(refuse(&[good], 10, &mut scratch), KernelError::Length { .. }));
    assert!(matches!(refuse(&[good, good], 9, &mut scratch), KernelError::Length { .. }));
}

#[test]
fn levels_have_names() {
    for level in SimdLevel::ALL {
        assert_eq!(level.to_string().parse(), Ok(level));
        let made = Direct::new(level, &[1.4e9], &[], &stokes_i(1));
        assert_eq!(made.is_ok(), level.is_available());
    }
    assert_eq!("AVX2".parse(), Ok(SimdLevel::Avx2));
    assert!("sse9".parse::<SimdLevel>().is_err());
    assert!(SimdLevel::available().any(|level| level == SimdLevel::detect()));
}

//! What the sum by delays promises besides ε: mixes, planes, rough spectra, refusals, costs.

mod common;

use common::{Case, MIXED, POINT, dsa, lofar, relative_error, uniform};
use kernels::{Complex32, DelayFft, DelayOptions, Direct, KernelError, Mix, Plane, Shape, SimdLevel};

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

fn plan_with(case: &Case, level: SimdLevel, mix: &Mix, epsilon: f64) -> DelayFft {
    let plane = Plane { stokes: 0, sources: &case.sources, spectra: &case.spectra };
    DelayFft::new(level, &case.channels, &[plane], mix, &DelayOptions::new(epsilon)).unwrap()
}

fn run(plan: &DelayFft, uvw: &[[f64; 3]]) -> Vec<Complex32> {
    let width = plan.channels() * plan.correlations();
    let mut out = vec![Complex32::new(f32::NAN, 7.0); uvw.len() * width];
    let mut rows: Vec<&mut [Complex32]> = out.chunks_mut(width).collect();
    plan.predict(uvw, &mut rows, &mut plan.scratch()).unwrap();
    out
}

fn band() -> Vec<f64> {
    uniform(1.31e9, 244_140.625, 300)
}

#[test]
fn every_level_and_number_of_rows() {
    for rows in [1, 2, 7, 8, 9, 15, 16, 17, 33] {
        let case = Case::new(dsa(), band(), 10, MIXED, rows);
        let truth = case.truth();
        for level in SimdLevel::available() {
            let plan = plan_with(&case, level, &stokes_i(1), 1e-6);
            let error = relative_error(&run(&plan, &case.uvw), &truth, 1);
            assert!(error <= 1e-6, "{level}, {rows} rows: {error:.2e}");
        }
    }
}

#[test]
fn correlations_that_are_equal_are_copies() {
    let case = Case::new(dsa(), uniform(1.31e9, 244_140.625, 70), 12, MIXED, 11);
    let truth = case.truth();
    for level in SimdLevel::available() {
        for correlations in [1, 2, 3, 4] {
            let plan = plan_with(&case, level, &stokes_i(correlations), 1e-6);
            assert!(relative_error(&run(&plan, &case.uvw), &truth, correlations) <= 1e-6);
        }
    }
}

#[test]
fn four_stokes_parameters_mix_into_correlations() {
    let cases: Vec<Case> = (0..4).map(|i| Case::new(dsa(), band(), 9 + i, MIXED, 13)).collect();
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
    let expected = common::correlations(&cases);
    for level in SimdLevel::available() {
        let options = DelayOptions::new(1e-6);
        let plan = DelayFft::new(level, &cases[0].channels, &planes, &linear(), &options).unwrap();
        assert_eq!(plan.sources(), 9 + 10 + 11 + 12);
        let error = relative_error(&run(&plan, uvw), &expected, 1);
        assert!(error <= 1e-6, "{level}: {error:.2e}");
    }
}

#[test]
fn rough_spectra_go_to_the_direct_sum() {
    for kind in [POINT, MIXED] {
        let mut case = Case::new(dsa(), band(), 12, kind, 16);
        // A line, a beam null, and a step.
        case.spectra[3 * 300 + 77] *= 3.0;
        for k in 0..300 {
            case.spectra[5 * 300 + k] *= (k as f32 / 40.0).sin();
            case.spectra[8 * 300 + k] *= if k < 150 { 1.0 } else { 0.5 };
        }
        let truth = case.truth();
        for level in SimdLevel::available() {
            let plan = plan_with(&case, level, &stokes_i(2), 1e-6);
            for source in [3, 5, 8] {
                assert!(plan.unfit().contains(&(0, source)), "{:?}", plan.unfit());
            }
            assert_eq!(plan.sources(), 12);
            let error = relative_error(&run(&plan, &case.uvw), &truth, 2);
            assert!(error <= 1e-6, "{level}: {error:.2e}");
        }
    }
}

#[test]
fn rough_spectra_too_faint_to_matter_stay_on_the_grid() {
    let mut case = Case::new(dsa(), band(), 40, POINT, 16);
    for source in 20..40 {
        for k in 0..300 {
            case.spectra[source * 300 + k] = 2e-8 * (k as f32 / 40.0 + source as f32).sin();
        }
    }
    let plan = plan_with(&case, SimdLevel::detect(), &stokes_i(1), 1e-5);
    assert!(plan.unfit().is_empty(), "{:?}", plan.unfit());
    assert!(relative_error(&run(&plan, &case.uvw), &case.truth(), 1) <= 1e-5);
}

#[test]
fn no_sources_are_zeros() {
    let empty = Plane { stokes: 0, sources: &[], spectra: &[] };
    for channels in [band(), vec![1.4e9], vec![1.4e9, 1.5e9, 1.51e9]] {
        for planes in [&[][..], &[empty][..]] {
            let plan =
                DelayFft::new(SimdLevel::detect(), &channels, planes, &stokes_i(2), &DelayOptions::new(1e-5))
                    .unwrap();
            assert_eq!(plan.sources(), 0);
            assert!(run(&plan, &[[1.0, 2.0, 3.0]; 9]).iter().all(|&x| x == ZERO));
            assert!(run(&plan, &[]).is_empty());
        }
    }
}

#[test]
fn autocorrelations_are_the_sum_of_the_flux() {
    let case = Case::new(dsa(), band(), 10, MIXED, 1);
    for level in SimdLevel::available() {
        let found = run(&plan_with(&case, level, &stokes_i(1), 1e-6), &[[0.0; 3]]);
        for (k, value) in found.iter().enumerate() {
            let flux: f64 = case.spectra.iter().skip(k).step_by(300).map(|&x| f64::from(x)).sum();
            assert!(
                (f64::from(value.re) - flux).hypot(f64::from(value.im)) < 3e-6 * flux,
                "{level}: {value} {flux}"
            );
        }
    }
}

#[test]
fn moving_the_sources_is_making_a_new_plan() {
    let mut case = Case::new(dsa(), band(), 20, MIXED, 9);
    case.spectra[3 * 300 + 77] *= 3.0;
    let (channels, spectra) = (case.channels.clone(), case.spectra.clone());
    let mut moved = Case { uvw: case.uvw.clone(), channels, sources: case.sources.clone(), spectra };
    moved.sources.iter_mut().for_each(|s| s.lmn = [s.lmn[1], -s.lmn[0], s.lmn[2]]);
    for level in SimdLevel::available() {
        let plan = plan_with(&case, level, &stokes_i(2), 1e-5).with_sources(&[&moved.sources]).unwrap();
        assert_eq!(run(&plan, &case.uvw), run(&plan_with(&moved, level, &stokes_i(2), 1e-5), &case.uvw));
    }
    let plan = plan_with(&case, SimdLevel::Portable, &stokes_i(2), 1e-5);
    let mut changed = case.sources.clone();
    changed.iter_mut().for_each(|s| s.shape = Shape::Point);
    assert!(matches!(plan.with_sources(&[&changed]), Err(KernelError::ShapeChanged { plane: 0, .. })));
    assert!(matches!(plan.with_sources(&[&changed[1..]]), Err(KernelError::Length { .. })));
    assert!(matches!(plan.with_sources(&[]), Err(KernelError::Length { .. })));
}

#[test]
fn what_cannot_be_promised_is_refused() {
    let case = Case::new(dsa(), band(), 3, POINT, 2);
    let plane = Plane { stokes: 0, sources: &case.sources, spectra: &case.spectra };
    for bad in [0.0, -1e-5, 9e-7, 2e-2, f64::NAN, f64::INFINITY] {
        let options = DelayOptions::new(bad);
        let made = DelayFft::new(SimdLevel::Portable, &case.channels, &[plane], &stokes_i(1), &options);
        assert!(matches!(made, Err(KernelError::Epsilon { .. })), "{bad}");
    }
    let options = DelayOptions::new(1e-5);
    let made = |channels: &[f64]| {
        DelayFft::new(SimdLevel::Portable, channels, &[plane], &stokes_i(1), &options)
            .map(|_| ())
            .unwrap_err()
    };
    assert_eq!(made(&[]), KernelError::Empty { what: "channels" });
    assert!(matches!(made(&[1.4e9]), KernelError::Length { what: "spectra", .. }));
}

#[test]
fn bad_rows_are_refused_and_nothing_is_written() {
    let case = Case::new(dsa(), band(), 3, MIXED, 2);
    let plan = plan_with(&case, SimdLevel::detect(), &stokes_i(2), 1e-5);
    let mut scratch = plan.scratch();
    for (bad, length) in [(f64::NAN, 600), (f64::INFINITY, 600), (1e20, 600), (1.0, 599)] {
        let mut out = vec![ONE; 2 * length];
        let mut rows: Vec<&mut [Complex32]> = out.chunks_mut(length).collect();
        let uvw = [[100.0, 0.0, 0.0], [0.0, bad, 0.0]];
        assert!(plan.predict(&uvw, &mut rows, &mut scratch).is_err());
        assert!(out.iter().all(|&x| x == ONE));
    }
    let other = plan_with(
        &Case::new(dsa(), band()[..100].to_vec(), 3, POINT, 2),
        SimdLevel::detect(),
        &stokes_i(2),
        1e-5,
    );
    let mut out = vec![ONE; 600];
    let error = plan.predict(&case.uvw[..1], &mut [&mut out[..]], &mut other.scratch()).unwrap_err();
    assert!(matches!(error, KernelError::Length { what: "scratch", .. }));
}

#[test]
fn rows_do_not_depend_on_their_neighbours_beyond_epsilon() {
    // A long row among short ones takes them all to finer nodes.
    let mut case = Case::new(dsa(), band(), 30, MIXED, 24);
    case.uvw[3] = [2e5, -1e5, 3e4];
    let plan = plan_with(&case, SimdLevel::detect(), &stokes_i(1), 1e-6);
    let together = run(&plan, &case.uvw);
    let mut apart = Vec::new();
    for row in &case.uvw {
        apart.extend(run(&plan, std::slice::from_ref(row)).iter().map(common::widen));
    }
    assert!(relative_error(&together, &apart, 1) <= 2e-6);
    assert!(relative_error(&together, &case.truth(), 1) <= 1e-6);
}

#[test]
fn costs_rank_the_engines() {
    let compare = |channels: usize, sources: usize| {
        let case = Case::new(lofar(), uniform(1.2e8, 195_312.5, channels), sources, POINT, 1);
        let plane = Plane { stokes: 0, sources: &case.sources, spectra: &case.spectra };
        let direct = Direct::new(SimdLevel::detect(), &case.channels, &[plane], &stokes_i(2))
            .unwrap()
            .seconds_per_row();
        let plan = plan_with(&case, SimdLevel::detect(), &stokes_i(2), 1e-6);
        let delay = plan.delay(case.uvw[0]);
        let found = plan.seconds_per_row(delay);
        assert!(found.is_finite() && found > 0.0 && direct > 0.0 && delay > 0.0);
        assert!(plan.seconds_per_row(1e3 * delay) >= 0.99 * found);
        direct / found
    };
    assert!(compare(768, 1000) > 5.0);
    assert!(compare(768, 1) < 1.5);
    assert!(compare(4, 100) < 1.5);
}

/// Through another beam: the promise is that of a plan of its own, also where the first had smoother spectra.
#[test]
fn other_spectra_share_what_is_not_theirs() {
    let (level, mix) = (SimdLevel::detect(), stokes_i(1));
    let mut case = Case::new(dsa(), band(), 60, MIXED, 24);
    let base = plan_with(&case, level, &mix, 1e-6);
    let smooth = case.spectra.clone();
    let count = case.channels.len();
    for waves in [0.0, 0.3, 2.0, 40.0] {
        for (k, (flux, smooth)) in case.spectra.iter_mut().zip(&smooth).enumerate() {
            let place = (k % count) as f64 / count as f64 + (k / count) as f64;
            *flux = smooth * (1.0 + 0.4 * (waves * place).cos()) as f32;
        }
        let truth = case.truth();
        let planes = [Plane { stokes: 0, sources: &case.sources, spectra: &case.spectra }];
        let kin = base.with_spectra(&case.channels, &planes, &mix).unwrap();
        for plan in [kin, plan_with(&case, level, &mix, 1e-6)] {
            let error = relative_error(&run(&plan, &case.uvw), &truth, 1);
            assert!(error <= 1e-6, "{waves}: {error:.2e}");
        }
    }
    // With other channels nothing is shared.
    let few = Case::new(dsa(), uniform(1.31e9, 244_140.625, 100), 60, MIXED, 24);
    let planes = [Plane { stokes: 0, sources: &few.sources, spectra: &few.spectra }];
    let kin = base.with_spectra(&few.channels, &planes, &mix).unwrap();
    let error = relative_error(&run(&kin, &few.uvw), &few.truth(), 1);
    assert!(error <= 1e-6, "{error:.2e}");
}

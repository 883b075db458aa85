//! The sum by delays against a plain double-precision sum: ε is a promise.

mod common;

use common::{Array, Case, GAUSSIAN, MIXED, POINT, Random, dsa, errors, lofar, long, stokes_i, uniform};
use kernels::{Complex32, DelayFft, DelayOptions, Plane, SimdLevel};

const EPSILONS: [f64; 5] = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6];
const SHAPES: [(&str, f64); 3] = [("points", POINT), ("gaussians", GAUSSIAN), ("mixed", MIXED)];

fn plan(case: &Case, level: SimdLevel, epsilon: f64) -> DelayFft {
    let plane = Plane { stokes: 0, sources: &case.sources, spectra: &case.spectra };
    DelayFft::new(level, &case.channels, &[plane], &stokes_i(1), &DelayOptions::new(epsilon)).unwrap()
}

/// Predicts all rows into a buffer that was full of rubbish.
fn run(plan: &DelayFft, uvw: &[[f64; 3]]) -> Vec<Complex32> {
    let width = plan.channels() * plan.correlations();
    let mut out = vec![Complex32::new(f32::NAN, 7.0); uvw.len() * width];
    let mut rows: Vec<&mut [Complex32]> = out.chunks_mut(width).collect();
    plan.predict(uvw, &mut rows, &mut plan.scratch()).unwrap();
    out
}

/// Asserts that every ε is kept at the given levels.
fn check_at(name: &str, case: &Case, levels: &[SimdLevel]) {
    let truth = case.truth();
    for &level in levels {
        for epsilon in EPSILONS {
            let plan = plan(case, level, epsilon);
            let (rms, max) = errors(&run(&plan, &case.uvw), &truth);
            let what = format!(
                "{name}: {level} {epsilon:.0e}: rms {rms:.2e}, max {max:.2e}, unfit {}",
                plan.unfit().len()
            );
            println!("{what}");
            assert!(rms <= epsilon && max <= 20.0 * epsilon, "{what}");
        }
    }
}

fn check(name: &str, case: &Case) {
    check_at(name, case, &[SimdLevel::detect()]);
}

fn sweep(degrees: f64) {
    // Sources fill a square, which must stay above the horizon.
    let radius = degrees.to_radians().sin().min(0.7);
    let array = Array { radius, ..dsa() };
    for channels in [2, 7, 48, 64, 768, 1000] {
        for sources in [1, 10, 100, 1000] {
            for (name, shape) in SHAPES {
                let rows = if channels * sources > 100_000 { 8 } else { 16 };
                let case = Case::new(
                    array,
                    uniform(1.31e9, 187.5e6 / channels as f64, channels),
                    sources,
                    shape,
                    rows,
                );
                check(&format!("{degrees} deg, {channels} channels, {sources} {name}"), &case);
            }
        }
    }
}

#[test]
fn half_a_degree() {
    sweep(0.5);
}

#[test]
fn a_degree_and_a_half() {
    sweep(1.5);
}

#[test]
fn five_degrees() {
    sweep(5.0);
}

#[test]
fn the_whole_sky() {
    sweep(60.0);
}

#[test]
fn ten_thousand_sources() {
    for (name, shape) in SHAPES {
        check(name, &Case::new(dsa(), uniform(1.31e9, 244_140.625, 96), 10_000, shape, 8));
    }
}

#[test]
fn ten_thousand_sources_at_full_width() {
    let case = Case::new(dsa(), uniform(1.31e9, 244_140.625, 768), 10_000, POINT, 8);
    check("full width", &case);
}

#[test]
fn a_hundred_thousand_sources() {
    check("100000", &Case::new(dsa(), uniform(1.31e9, 5e6, 20), 100_000, POINT, 8));
}

#[test]
fn every_bandwidth() {
    for width in [1e5, 1e7, 5e7, 4e8, 1e9] {
        for (name, shape) in SHAPES {
            for count in [64, 300] {
                let case = Case::new(dsa(), uniform(1e9, width / count as f64, count), 50, shape, 16);
                check(&format!("{width:.0e} Hz, {count} channels, {name}"), &case);
            }
        }
    }
}

#[test]
fn descending_channels() {
    for (name, shape) in SHAPES {
        check(name, &Case::new(dsa(), uniform(1.49875e9, -244_140.625, 768), 30, shape, 16));
    }
}

#[test]
fn uneven_channels() {
    let mut random = Random(3);
    let jittered: Vec<f64> = (0..300).map(|i| 1.31e9 + 5e5 * (f64::from(i) + 0.4 * random.next())).collect();
    let mut pieces: Vec<f64> =
        (0..100).map(|i| 1.31e9 + 1.7e5 * f64::from(i) + 3e4 * f64::from(i * i % 7)).collect();
    pieces.extend(uniform(1.4e9, 2.5e5, 90));
    pieces.extend([1.2e9, 1.6e9]);
    pieces.extend(uniform(1.5e9, -1e5, 30));
    for (name, shape) in SHAPES {
        check(&format!("jittered {name}"), &Case::new(dsa(), jittered.clone(), 30, shape, 16));
        check(&format!("in pieces {name}"), &Case::new(dsa(), pieces.clone(), 30, shape, 16));
        let far = Case::new(lofar(), jittered.iter().map(|f| f / 10.0).collect(), 30, shape, 16);
        check(&format!("far jittered {name}"), &far);
    }
}

/// Several spectral windows as one band: with gaps, in any order, one of them descending, of two widths.
#[test]
fn windows_with_gaps() {
    let windows = |starts: &[f64], width: f64| -> Vec<f64> {
        starts.iter().flat_map(|start| uniform(1.31e9 + 2.5e5 * start, width, 48)).collect()
    };
    let gaps = windows(&[0.0, 52.0, 112.0, 160.5], 2.5e5);
    let mut shuffled = windows(&[112.0, 0.0, 52.0], 2.5e5);
    shuffled.extend(uniform(1.31e9 + 2.5e5 * 230.0, -2.5e5, 48));
    let mut widths = windows(&[0.0, 50.0], 2.5e5);
    widths.extend(windows(&[100.0], 5e5));
    for (name, shape) in SHAPES {
        for (kind, channels) in [("gaps", &gaps), ("shuffled", &shuffled), ("two widths", &widths)] {
            check(&format!("{kind} {name}"), &Case::new(dsa(), channels.clone(), 60, shape, 16));
            let far = Case::new(long(), channels.clone(), 20, shape, 8);
            check(&format!("far {kind} {name}"), &far);
        }
    }
}

#[test]
fn many_channels() {
    check("65536 channels", &Case::new(dsa(), uniform(1.31e9, 187.5e6 / 65536.0, 65536), 5, MIXED, 3));
    check("9000 channels", &Case::new(lofar(), uniform(1.2e8, 1e4, 9000), 20, POINT, 8));
}

#[test]
fn other_arrays() {
    for (name, shape) in SHAPES {
        for count in [48, 192] {
            check(
                &format!("lofar {name}"),
                &Case::new(lofar(), uniform(1.2e8, 195_312.5, count), 100, shape, 16),
            );
            check(
                &format!("lofar, wide {name}"),
                &Case::new(lofar(), uniform(3e7, 48e6 / count as f64, count), 100, shape, 16),
            );
            check(
                &format!("1000 km {name}"),
                &Case::new(long(), uniform(1.31e9, 244_140.625, count), 100, shape, 16),
            );
        }
    }
}

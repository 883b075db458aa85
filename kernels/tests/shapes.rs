//! Disks, rings and shapelets among points and Gaussians, by every engine, against sums over the image.

mod common;

use common::{Case, MIXED, Random, dsa, errors, stokes_i, uniform, widen};
use kernels::{
    Complex32, Complex64, DelayFft, DelayOptions, Direct, KernelError, Nufft3d, NufftOptions, Plane, Round,
    Shape, Shapelets, SimdLevel, Source, hermite_functions, reference,
};
use std::f64::consts::{PI, TAU};
use std::sync::Arc;

/// A case whose first sources are of the other shapes, resolved on the longest baselines.
fn shaped(channels: Vec<f64>, rows: usize) -> Case {
    let mut case = Case::new(dsa(), channels, 40, MIXED, rows);
    let mut random = Random(7);
    for (at, order) in [0.0, 1.0, 1.5, 3.0, 1.0].into_iter().enumerate() {
        let size = 4e-4 * (0.3 + random.next());
        let (sin, cos) = (7.0 * random.next()).sin_cos();
        let (p, q) = ([size * sin, size * cos, 0.01 * size], [0.6 * size * cos, -0.6 * size * sin, 0.0]);
        case.sources[at].shape = Shape::Round(Round { p, q, order });
    }
    for (at, highest) in [(5, 3_u8), (6, 9)] {
        let scale = 2e-4 * (0.3 + random.next());
        let terms = (0..=highest)
            .flat_map(|n1| (0..=highest).map(move |n2| [n1, n2]))
            .map(|n| (n, random.symmetric()))
            .collect();
        let (x, y) = ([scale, 0.2 * scale, 0.0], [-0.1 * scale, 0.5 * scale, 0.0]);
        case.sources[at].shape = Shape::Shapelets(Arc::new(Shapelets { x, y, terms }));
    }
    case
}

fn truth(case: &Case) -> Vec<Complex64> {
    let spectra: Vec<f64> = case.spectra.iter().map(|x| f64::from(*x)).collect();
    let row = |uvw: &[f64; 3]| reference::spectrum(*uvw, &case.channels, &case.sources, &spectra);
    case.uvw.iter().flat_map(row).collect()
}

fn plane(case: &Case) -> Plane<'_> {
    Plane { stokes: 0, sources: &case.sources, spectra: &case.spectra }
}

fn predict(case: &Case, mut with: impl FnMut(&mut [&mut [Complex32]])) -> Vec<Complex32> {
    let width = case.channels.len();
    let mut out = vec![Complex32::new(f32::NAN, 1.0); width * case.uvw.len()];
    with(&mut out.chunks_mut(width).collect::<Vec<_>>());
    out
}

#[test]
fn every_engine_has_them() {
    let wide = || uniform(3e8, 4e6, 300);
    let uneven = || (0..50).map(|k| 1.3e9 + 1e5 * f64::from(k * k % 997)).collect();
    for channels in [uniform(1.31e9, 244_140.625, 768), wide(), uneven(), vec![1.4e9]] {
        let case = shaped(channels, 40);
        let truth = truth(&case);
        let level = SimdLevel::detect();
        let direct = Direct::new(level, &case.channels, &[plane(&case)], &stokes_i(1)).unwrap();
        assert_eq!(direct.sources(), 40);
        let found = predict(&case, |out| direct.predict(&case.uvw, out, &mut direct.scratch()).unwrap());
        let (rms, _) = errors(&found, &truth);
        assert!(rms < 6e-7, "direct: {rms:e}");
        let options = DelayOptions::new(1e-6);
        let delay = DelayFft::new(level, &case.channels, &[plane(&case)], &stokes_i(1), &options).unwrap();
        assert_eq!((delay.sources(), delay.shaped()), (40, 7));
        let found = predict(&case, |out| delay.predict(&case.uvw, out, &mut delay.scratch()).unwrap());
        let (rms, _) = errors(&found, &truth);
        assert!(rms < 1e-6, "delays: {rms:e}");
        let options = NufftOptions::new(1e-6, 1 << 30);
        let nufft =
            Nufft3d::new(level, &case.channels, &[plane(&case)], &stokes_i(1), &case.uvw, &options).unwrap();
        let found = predict(&case, |out| nufft.predict(&case.uvw, out, &mut nufft.scratch()).unwrap());
        let (rms, _) = errors(&found, &truth);
        assert!(rms < 1e-6, "transform: {rms:e}");
    }
}

#[test]
fn they_move_with_the_phase_centre() {
    let case = shaped(uniform(1.31e9, 1e6, 60), 20);
    let mut moved = shaped(uniform(1.31e9, 1e6, 60), 20);
    for source in &mut moved.sources {
        source.lmn[0] += 1e-3;
        if let Shape::Round(round) = &mut source.shape {
            round.p[1] *= 0.9;
        }
    }
    let truth = truth(&moved);
    let level = SimdLevel::detect();
    let direct = Direct::new(level, &case.channels, &[plane(&case)], &stokes_i(1)).unwrap();
    let direct = direct.with_sources(&[&moved.sources]).unwrap();
    let found = predict(&case, |out| direct.predict(&case.uvw, out, &mut direct.scratch()).unwrap());
    assert!(errors(&found, &truth).0 < 6e-7);
    let options = DelayOptions::new(1e-6);
    let delay = DelayFft::new(level, &case.channels, &[plane(&case)], &stokes_i(1), &options).unwrap();
    let delay = delay.with_sources(&[&moved.sources]).unwrap();
    let found = predict(&case, |out| delay.predict(&case.uvw, out, &mut delay.scratch()).unwrap());
    assert!(errors(&found, &truth).0 < 1e-6);
    moved.sources[0].shape = Shape::Point;
    let changed = KernelError::ShapeChanged { plane: 0, source: 0 };
    assert_eq!(direct.with_sources(&[&moved.sources]).unwrap_err(), changed);
    assert_eq!(delay.with_sources(&[&moved.sources]).unwrap_err(), changed);
}

/// The integral over the image of a disk darkened at the limb, cut into rings and sectors, is what its envelope says.
#[test]
fn envelopes_are_integrals_over_the_image() {
    let diameter = 1e-3;
    let baselines = [[100.0, 0.0, 0.0], [700.0, -300.0, 0.0]];
    let frequency = 3e8;
    for power in [0.0, 0.5, 1.0, 2.0] {
        let axis = PI * diameter;
        let round = Round { p: [0.0, axis, 0.0], q: [axis, 0.0, 0.0], order: 1.0 + power };
        let source = Source { lmn: [0.0; 3], shape: Shape::Round(round) };
        for uvw in baselines {
            let (mut sum, mut weights) = (Complex64::ZERO, 0.0);
            // r² = 1 − s^(1/(1 + power)) takes the brightness into the measure.
            for ring in 0..8000 {
                let s = (f64::from(ring) + 0.5) / 8000.0;
                let r = 0.5 * diameter * (1.0 - s.powf(1.0 / (1.0 + power))).sqrt();
                for sector in 0..64 {
                    let (y, x) = (TAU * f64::from(sector) / 64.0).sin_cos();
                    sum += Complex64::cis(TAU * frequency / 299_792_458.0 * r * (uvw[0] * x + uvw[1] * y));
                    weights += 1.0;
                }
            }
            let error = (reference::response(uvw, frequency, &source) - sum / weights).norm();
            assert!(error < 2e-6, "{power}: {error:e}");
        }
    }
    // Shapelets are their own Fourier transforms, with the scale turned over.
    let scale = 1e-3;
    let terms = vec![([0, 0], 0.8), ([2, 1], -0.5), ([3, 0], 0.3), ([1, 4], 0.7)];
    let x = [scale, 0.0, 0.0];
    let y = [0.0, -0.5 * scale, 0.0];
    let shapelets = Shapelets { x, y, terms: terms.clone() };
    let source = Source { lmn: [0.0; 3], shape: Shape::Shapelets(Arc::new(shapelets)) };
    for uvw in baselines {
        let mut sum = Complex64::ZERO;
        let step = 0.1;
        let (mut along, mut across) = ([0.0; 5], [0.0; 5]);
        for i in -90..=90 {
            for k in -90..=90 {
                let (s, t) = (step * f64::from(i), step * f64::from(k));
                hermite_functions(s, &mut along);
                hermite_functions(t, &mut across);
                let value: f64 =
                    terms.iter().map(|(n, c)| c * along[usize::from(n[0])] * across[usize::from(n[1])]).sum();
                // Where the image is: t = 2πξ/scale.
                let (l, m) = (s * scale / TAU, -0.5 * t * scale / TAU);
                let turns = frequency / 299_792_458.0 * (uvw[0] * l + uvw[1] * m);
                sum += Complex64::cis(TAU * turns) * value * step * step / TAU;
            }
        }
        let error = (reference::response(uvw, frequency, &source) - sum).norm();
        assert!(error < 1e-9, "shapelets: {error:e}");
    }
}

#[test]
fn four_planes_are_mixed() {
    let case = shaped(uniform(1.31e9, 1e6, 8), 5);
    let half: Vec<f32> = case.spectra.iter().map(|x| 0.5 * x).collect();
    let [one, zero, i] = [Complex32::ONE, Complex32::ZERO, Complex32::I];
    let mix = kernels::Mix::new(vec![[one, zero, zero, zero], [zero, zero, one, i]]).unwrap();
    let planes = [plane(&case), Plane { stokes: 3, sources: &case.sources, spectra: &half }];
    let plan = Direct::new(SimdLevel::detect(), &case.channels, &planes, &mix).unwrap();
    let found = common::run(&plan, &case.uvw);
    let truth = truth(&case);
    let scale = truth.iter().map(|x| x.norm()).fold(0.0, f64::max);
    for (pair, truth) in found.chunks_exact(2).zip(truth) {
        assert!((widen(&pair[0]) - truth).norm() < 1e-6 * scale);
        assert!((widen(&pair[1]) - truth * Complex64::new(0.0, 0.5)).norm() < 1e-6 * scale);
    }
}

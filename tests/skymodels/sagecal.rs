//! What SAGECal itself makes of its sky models, as numbers that it gave.
//!
//! SAGECal 0.8.5 (github.com/nlesc-dirac/sagecal, commit e6ce94f), built for the CPU: `read_sky_cluster(model, clusters, ..., 150e6, ra0,
//! dec0, 1)` and `predict_visibilities_multifreq` of its library, what `sagecal -a 1 -F 1` calls, with a bandwidth and an integration that
//! smear nothing, about right ascension 0.2 degrees and declination −0.1 degrees.

use num_complex::Complex64;

use super::*;

const CENTRE: [f64; 2] = [0.2, -0.1];

/// A sum in double precision over what was read: by the formulas of SAGECal's README, at the phase centre's orientation.
fn sum(components: &[Component], uvw: [f64; 3], hz: f64) -> [Complex64; 4] {
    let centre = Direction::from_degrees(Frame::J2000, CENTRE[0], CENTRE[1]);
    let waves = uvw.map(|x| x * hz / 299_792_458.0);
    let mut total = [Complex64::ZERO; 4];
    for component in components {
        let lmn = component.position.lmn(centre);
        let turns = waves[0] * lmn.l + waves[1] * lmn.m + waves[2] * lmn.n_minus_1;
        let along = |angle: f64| [angle.sin(), angle.cos()].map(|x| x * PI);
        let envelope = match component.shape {
            Shape::Point => 1.0,
            Shape::Gaussian(Ellipse { major, minor, position_angle, angle_frame }) => {
                assert_eq!(angle_frame, AngleFrame::Centre);
                let [east, north] = along(position_angle);
                let (p, q) = (waves[0] * east + waves[1] * north, waves[0] * north - waves[1] * east);
                (-((major * p).powi(2) + (minor * q).powi(2)) / (4.0 * f64::ln(2.0))).exp()
            }
            Shape::Ring(ring) => libm::j0(PI * ring.major * waves[0].hypot(waves[1])),
            ref other => panic!("{other:?}"),
        };
        let phasor = envelope * Complex64::cis(2.0 * PI * turns);
        let Stokes { i, q, u, v } = component.stokes_at(hz);
        let cells = [(i + q, 0.0), (u, v), (u, -v), (i - q, 0.0)];
        for (sum, (re, im)) in total.iter_mut().zip(cells) {
            *sum += phasor * Complex64::new(re, im);
        }
    }
    total
}

/// The worst difference between what SAGECal predicts and what is read [Jy].
fn worst(name: &str) -> f64 {
    let components = strictly(&data(&format!("{name}.txt"))).components;
    let text = std::fs::read_to_string(data(&format!("{name}.vis"))).unwrap();
    let mut worst: f64 = 0.0;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let n: Vec<f64> = line.split(' ').map(|number| number.parse().unwrap()).collect();
        for (k, ours) in sum(&components, [n[0], n[1], n[2]], n[3]).into_iter().enumerate() {
            worst = worst.max((ours - Complex64::new(n[4 + 2 * k], n[5 + 2 * k])).norm());
        }
    }
    worst
}

/// ln terms, minus zeros of hours and degrees, a negative flux density, orientations from the west, Q, U and V, a rotation measure that is
/// passed over, curvature without an index that is no spectrum.
#[test]
fn sagecal_predicts_what_is_read() {
    let worst = worst("sagecal_program");
    common::say(&format!("SAGECal's points and Gaussians: {worst:e} Jy"));
    assert!(worst < 1e-10, "{worst:e}");
}

/// A radius, not a diameter. SAGECal projects rings and disks towards themselves, which is 5e-5 here, where w is zero.
#[test]
fn rings_of_sagecal_have_radii() {
    let worst = worst("sagecal_ring");
    common::say(&format!("SAGECal's ring: {worst:e} Jy"));
    assert!(worst < 1e-4, "{worst:e}");
}

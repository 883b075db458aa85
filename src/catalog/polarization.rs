//! Linear polarisation out of catalogues that give its strength and angle.

use std::f64::consts::PI;

/// Q and U of linear polarisation of strength `p` and position angle `angle` [rad], in the unit of `p`.
///
/// `Q = P cos 2χ`, `U = P sin 2χ` (IAU 1974: χ from north through east). A strength that the subtraction of
/// the noise's share has left negative is none.
pub(super) fn linear(p: f64, angle: f64) -> (f64, f64) {
    // Not `p > 0.0`: NaN must come through, to be told as unsound.
    if p <= 0.0 {
        return (0.0, 0.0);
    }
    let (sine, cosine) = (2.0 * angle).sin_cos();
    (p * cosine, p * sine)
}

/// The mean of `√(Q² + U²)` of a source of strength `s`, both in units of the noise of Q and U.
///
/// The mean of the Rice distribution, `√(π/2) e^(−x) [(1 + 2x) I0(x) + 2x I1(x)]`, x = s²/4.
fn rice_mean(s: f64) -> f64 {
    if s > 20.0 {
        return s + 0.5 / s + 0.125 / s.powi(3);
    }
    let x = 0.25 * s * s;
    // I0(x) = Σ (x/2)^2k / k!², I1(x) = Σ (x/2)^(2k+1) / (k! (k+1)!): all terms are positive.
    let half = 0.5 * x;
    let (mut term, mut i0, mut i1) = (1.0, 0.0, 0.0);
    for k in 0..200 {
        let k = f64::from(k);
        i0 += term;
        i1 += term * half / (k + 1.0);
        term *= (half / (k + 1.0)).powi(2);
        if term < 1e-18 * i0 {
            break;
        }
    }
    (0.5 * PI).sqrt() * (-x).exp() * ((1.0 + 2.0 * x) * i0 + 2.0 * x * i1)
}

/// The strength of linear polarisation that is `p` on average, the noise of Q and U being `rms`, in the same
/// unit.
///
/// NVSSlist takes the mean of the noise's share away, so that no polarisation gives zero on average (Condon
/// et al. 1998, AJ 115, 1693); it may come out negative. Solved here from the Rice mean, which NVSSlist has
/// in a table.
pub(super) fn without_noise(p: f64, rms: f64) -> f64 {
    if !(rms > 0.0 && p.is_finite()) {
        return p;
    }
    let observed = p / rms;
    let floor = rice_mean(0.0);
    if observed <= floor {
        return p - floor * rms;
    }
    // The mean grows with s and lies above it: bisection always ends, and 60 steps end it.
    let (mut low, mut high) = (0.0, observed);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if rice_mean(middle) < observed {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high) * rms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strength_and_angle_make_q_and_u() {
        let (q, u) = linear(2.0, 30f64.to_radians());
        assert!((q - 1.0).abs() < 1e-15 && (u - 3f64.sqrt()).abs() < 1e-15);
        assert_eq!(linear(-0.3, 1.0), (0.0, 0.0));
        assert!(linear(f64::NAN, 1.0).0.is_nan());
    }

    /// Means of the Rice distribution: scipy.stats.rice(s).mean().
    #[test]
    fn the_noise_s_share_is_that_of_the_rice_distribution() {
        for (s, mean) in [
            (0.0, 1.253_314_137_315_500_3),
            (0.5, 1.330_447_340_610_703_4),
            (1.0, 1.548_572_460_551_146),
            (3.0, 3.172_577_287_900_718),
            (9.0, 9.055_730_329_258_026),
            (12.0, 12.041_739_775_086_734),
            (25.0, 25.020_008_012),
        ] {
            assert!((rice_mean(s) - mean).abs() < 1e-9 * mean, "{s}: {}", rice_mean(s));
            if s > 0.0 {
                assert!((without_noise(0.3 * rice_mean(s), 0.3) - 0.3 * s).abs() < 1e-9, "{s}");
            }
        }
        assert!((without_noise(0.2, 0.3) - (0.2 - 0.3 * 1.253_314_137)).abs() < 1e-9);
        assert_eq!(without_noise(0.2, 0.0), 0.2);
    }
}

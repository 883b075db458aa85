//! What averaging over a channel and an integration takes from a source off the phase centre.

use std::f64::consts::PI;

use super::C;

/// `sin(π x)/(π x)`.
fn sinc(x: f64) -> f64 {
    let turned = PI * x;
    // The series is exact to rounding here, where the quotient is not defined at 0.
    if turned.abs() < 1e-4 { 1.0 - turned * turned / 6.0 } else { turned.sin() / turned }
}

/// `u l + v m + w (n − 1)` for `uvw` and (l, m, n − 1).
fn dot(uvw: [f64; 3], lmn: [f64; 3]) -> f64 {
    uvw[0] * lmn[0] + uvw[1] * lmn[1] + uvw[2] * lmn[2]
}

/// The factor of bandwidth smearing on the visibility of a point source: `sinc(Δν τ)`.
///
/// τ = (u l + v m + w (n − 1))/c is the source's delay after fringe stopping, `uvw` [m], `lmn` = (l, m, n − 1)
/// about the phase centre, `width` Δν the channel width [Hz] (Thompson, Moran & Swenson 2017, Interferometry
/// and Synthesis in Radio Astronomy, § 6.4). Exact for a rectangular channel over which the flux density and
/// the beam are constant.
pub fn bandwidth_smearing(uvw: [f64; 3], lmn: [f64; 3], width: f64) -> f64 {
    sinc(width * dot(uvw, lmn) / C)
}

/// The factor of time smearing on the visibility of a point source: `sinc(Δt ν dτ/dt)`.
///
/// `uvw_rate` is d(u, v, w)/dt [m/s], from the MeasurementSet's own track, `lmn` = (l, m, n − 1) about the
/// phase centre, `frequency` ν [Hz], `time` the integration Δt [s] (as [`bandwidth_smearing`]). Exact where the
/// fringe rate is constant over the integration.
pub fn time_smearing(uvw_rate: [f64; 3], lmn: [f64; 3], frequency: f64, time: f64) -> f64 {
    sinc(time * frequency * dot(uvw_rate, lmn) / C)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mean of the phasor over a channel, or over an integration, by the midpoint rule.
    fn mean(phase: impl Fn(f64) -> f64) -> f64 {
        let n = 20_000;
        (0..n).map(|i| (2.0 * PI * phase((f64::from(i) + 0.5) / f64::from(n) - 0.5)).cos()).sum::<f64>()
            / f64::from(n)
    }

    #[test]
    fn smearing_is_the_mean_over_channel_and_integration() {
        let lmn = [0.02, -0.015, -3.125e-4];
        let uvw = [800.0, -1200.0, 300.0];
        for width in [0.0, 2.44e5, 1e7] {
            let delay = dot(uvw, lmn) / C;
            let expected = mean(|part| part * width * delay);
            assert!((bandwidth_smearing(uvw, lmn, width) - expected).abs() < 1e-7, "{width}");
        }
        let rate = [0.05, 0.08, -0.02];
        for time in [0.0, 12.885, 300.0] {
            let fringe = 1.4e9 * dot(rate, lmn) / C;
            let expected = mean(|part| part * time * fringe);
            assert!((time_smearing(rate, lmn, 1.4e9, time) - expected).abs() < 1e-7, "{time}");
        }
        assert!(bandwidth_smearing(uvw, lmn, 1e7) < 0.95 && time_smearing(rate, lmn, 1.4e9, 300.0) < 0.99);
    }
}

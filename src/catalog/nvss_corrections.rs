//! From the raw fits of NVSS to its published flux densities and sizes.
//!
//! The rules are those of the survey's own program NVSSlist, as the paper (Condon et al. 1998, AJ 115, 1693)
//! and the NRAO's `catalog.ps` describe them: Condon 1997 (PASP 109, 166) for the errors of Gaussian fits,
//! Wild 1970 for the deconvolution. Arc seconds throughout, as in those documents, and [mJy/beam] or [mJy].

use super::record::Errors;
use crate::sky::{AngleFrame, Gaussian, Shape};

/// Rms noise of I, and of Q and U, where a listing does not tell it [mJy/beam] (Condon et al. 1998, abstract).
pub(super) const USUAL_NOISE: (f64, f64) = (0.45, 0.29);

/// Restoring beam [arcsec].
const BEAM: f64 = 45.0;
/// Latitude of the VLA [rad].
const VLA_LATITUDE: f64 = 0.5948;
/// A size is told from none above this many standard errors: 98% (Condon et al. 1998, section 5.2.4).
const SIGNIFICANT: f64 = 2.33;
/// Uncertainty of the flux scale, relative, and of sizes in units of the beam.
const SCALE_ERROR: f64 = 0.03;
const SIZE_ERROR: f64 = 0.02;
const ARCSEC: f64 = std::f64::consts::PI / 648_000.0;

/// An elliptical Gaussian on the sky.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ellipse {
    /// Full width at half maximum of the longer axis [arcsec].
    pub major: f64,
    /// Of the shorter one [arcsec].
    pub minor: f64,
    /// Position angle of the longer one [rad].
    pub angle: f64,
}

impl Ellipse {
    /// The width [arcsec] of this ellipse along and across an axis at `angle` [rad], the squares projected as
    /// NVSSlist does.
    fn projected(&self, angle: f64) -> (f64, f64) {
        let (sine, cosine) = (angle - self.angle).sin_cos();
        ((self.major * cosine).hypot(self.minor * sine), (self.major * sine).hypot(self.minor * cosine))
    }

    /// The squares of the axes [arcsec²] and the angle [rad] of what, convolved with `beam`, gives this.
    ///
    /// Gaussians convolve by adding their matrices of second moments; a square is negative where the fit is
    /// narrower than the beam.
    fn without(&self, beam: &Ellipse) -> (f64, f64, f64) {
        // Half sum and half difference of the squares; the latter as a vector at twice the angle.
        let parts = |e: &Ellipse| {
            let (a, b) = (e.major * e.major, e.minor * e.minor);
            let (sine, cosine) = (2.0 * e.angle).sin_cos();
            (0.5 * (a + b), 0.5 * (a - b) * cosine, 0.5 * (a - b) * sine)
        };
        let (fit, own) = (parts(self), parts(beam));
        let (sum, x, y) = (fit.0 - own.0, fit.1 - own.1, fit.2 - own.2);
        let difference = x.hypot(y);
        // A circle has no angle: the fit's is as good as any.
        let angle = if difference > 1e-9 { 0.5 * y.atan2(x) } else { self.angle };
        (sum + difference, sum - difference, angle)
    }
}

/// Right ascension and declination [rad] without the bias of raw positions.
///
/// −0.025″ and +0.113″ (NVSSlist; found against FIRST).
pub(super) fn position(ra: f64, dec: f64) -> (f64, f64) {
    // At the pole itself there is no right ascension to mend.
    let ra = ra - 0.025 * ARCSEC / dec.cos().max(1e-6);
    (ra, (dec + 0.113 * ARCSEC).min(std::f64::consts::FRAC_PI_2))
}

/// CLEAN bias of peaks and its uncertainty [mJy/beam] at a declination [rad]: D and DnC configuration.
fn clean_bias(dec: f64) -> f64 {
    if (-10.125..77.994).contains(&dec.to_degrees()) { 0.2 } else { 0.3 }
}

/// A peak as it was before the CLEAN bias and the noise's share were corrected [mJy/beam].
pub(super) fn before_bias(dec: f64, peak: f64, noise: f64) -> f64 {
    (peak - clean_bias(dec) + noise * noise / peak).max(noise)
}

/// What a point source of a raw `peak` [mJy/beam] looks like at a declination [rad].
///
/// CLEAN stopped at 1 mJy/beam: what is below it has the dirty beam, of solid angle Ω in units of 45″ squared,
/// what is above it the restoring beam (NVSSlist, notes of 2001 February).
pub(super) fn point_source(dec: f64, peak: f64) -> Ellipse {
    let zenith = dec - VLA_LATITUDE;
    let (minor, omega, angle) = if dec <= -0.176_719 || dec > 1.361_255 {
        (1.133_333, 1.405 + 0.065 / zenith.cos(), 0.0)
    } else if dec > 0.437_220 && dec <= 0.768_818 {
        // Seen off transit: the dirty beam is longer east and west.
        (1.2, 0.91 + 0.61 / 0.471_f64.cos(), std::f64::consts::FRAC_PI_2)
    } else {
        (1.2, 0.91 + 0.61 / zenith.cos(), 0.0)
    };
    let cleaned = (peak - 1.0).max(0.0);
    let width = |dirty: f64| BEAM * ((cleaned + dirty.powi(3)) / (cleaned + dirty)).sqrt();
    Ellipse { major: width(omega / minor), minor: width(minor), angle }
}

/// A Gaussian as NVSS fitted it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Raw {
    /// Declination [rad].
    pub dec: f64,
    /// Peak, not corrected [mJy/beam].
    pub peak: f64,
    /// Its size, the beam included.
    pub fit: Ellipse,
    /// Rms noise [mJy/beam].
    pub noise: f64,
}

/// A width, or the limit below which it is with 98% confidence [arcsec].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Axis {
    /// Resolved.
    Size {
        /// Full width at half maximum [arcsec].
        width: f64,
        /// Its error [arcsec].
        error: f64,
    },
    /// Not resolved.
    Limit(f64),
}

/// A source as NVSS publishes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Published {
    /// Integrated flux density [mJy].
    pub flux: f64,
    /// Its error [mJy].
    pub flux_error: f64,
    /// The longer axis.
    pub major: Axis,
    /// The shorter axis.
    pub minor: Axis,
    /// Position angle [rad], where an axis is resolved.
    pub angle: f64,
    /// Its error [rad].
    pub angle_error: f64,
    /// Integrated flux density over peak if all of it were resolved: the factor on polarisation.
    pub extent: f64,
}

impl Published {
    /// The shape that is predicted; a limit is no width.
    pub fn shape(&self, angle_frame: AngleFrame) -> Shape {
        let width = |axis| if let Axis::Size { width, .. } = axis { width * ARCSEC } else { 0.0 };
        let (major, minor) = (width(self.major), width(self.minor));
        if major == 0.0 && minor == 0.0 {
            return Shape::Point;
        }
        Shape::Gaussian(Gaussian::new(major, minor, self.angle, angle_frame))
    }

    /// Upper limits of the axes [rad].
    pub fn limits(&self) -> [Option<f64>; 2] {
        [self.major, self.minor]
            .map(|axis| if let Axis::Limit(limit) = axis { Some(limit * ARCSEC) } else { None })
    }

    /// Standard errors.
    pub fn errors(&self) -> Errors {
        let width = |axis| if let Axis::Size { error, .. } = axis { Some(error * ARCSEC) } else { None };
        let (major, minor) = (width(self.major), width(self.minor));
        let resolved = major.is_some() || minor.is_some();
        Errors {
            flux: Some(1e-3 * self.flux_error),
            major,
            minor,
            angle: resolved.then_some(self.angle_error),
            ..Errors::default()
        }
    }
}

impl Raw {
    /// What NVSS publishes of this fit.
    pub fn published(&self) -> Published {
        let beam = point_source(self.dec, self.peak);
        let peak = self.peak + clean_bias(self.dec) - self.noise * self.noise / self.peak;
        Fitted::new(self.fit, beam, self.peak / self.noise).published(peak, clean_bias(self.dec))
    }
}

/// A fit beside the beam, with the errors of its axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fitted {
    fit: Ellipse,
    beam: Ellipse,
    /// Errors of the axes [arcsec].
    pub errors: [f64; 2],
    /// Error of the angle [rad].
    angle_error: f64,
    /// 2/ρ² of the amplitude.
    amplitude: f64,
}

impl Fitted {
    /// A fit by a Gaussian of `fit` to a source of peak over noise `snr`.
    ///
    /// The errors of Condon 1997 (PASP 109, 166), equations 20, 21 and 41:
    /// `σ²/x² = 2/ρ²`, `ρ² = θM θm/(4θ²) (1+(θ/θM)²)^a (1+(θ/θm)²)^b snr²`.
    pub fn new(fit: Ellipse, beam: Ellipse, snr: f64) -> Self {
        let fit =
            Ellipse { major: fit.major.max(beam.major), minor: fit.minor.max(beam.minor), angle: fit.angle };
        let wide = 1.0 + (beam.major / fit.major).powi(2);
        let narrow = 1.0 + (beam.minor / fit.minor).powi(2);
        let area = fit.major * fit.minor / (4.0 * beam.major * beam.major) * snr * snr;
        let relative = |a: f64, b: f64| 2.0 / (area * wide.powf(a) * narrow.powf(b));
        let error = |width: f64, relative: f64, beam: f64| (width * relative.sqrt()).hypot(SIZE_ERROR * beam);
        let across = relative(0.5, 2.5);
        let elongation = fit.major * fit.minor / (fit.major.powi(2) - fit.minor.powi(2)).max(1e-9);
        Fitted {
            fit,
            beam,
            errors: [error(fit.major, relative(2.5, 0.5), beam.major), error(fit.minor, across, beam.minor)],
            angle_error: (elongation * (2.0 * across).sqrt()).min(std::f64::consts::FRAC_PI_2),
            amplitude: relative(1.5, 1.5),
        }
    }

    /// An axis: its deconvolved square, the fitted width, its error and the beam along it.
    fn axis(square: f64, fit: f64, error: f64, beam: f64) -> (Axis, bool) {
        let fit = fit.max(beam);
        let over = |width: f64| (width * width - beam * beam).max(0.0).sqrt();
        let resolved = fit - SIGNIFICANT * error > beam;
        if resolved && square > 0.0 {
            return (
                Axis::Size { width: square.sqrt(), error: 0.5 * (over(fit + error) - over(fit - error)) },
                true,
            );
        }
        (Axis::Limit(over(fit + SIGNIFICANT * error)), resolved)
    }

    /// The axes, the longer first; whether they are resolved; and the angle [rad].
    pub fn deconvolved(&self) -> ([Axis; 2], [bool; 2], f64) {
        let (long, short, angle) = self.fit.without(&self.beam);
        let (along, across) = self.beam.projected(self.fit.angle);
        let (major, major_resolved) = Self::axis(long, self.fit.major, self.errors[0], along);
        let (minor, minor_resolved) = Self::axis(short, self.fit.minor, self.errors[1], across);
        let axes = match (major, minor) {
            (Axis::Limit(a), Axis::Limit(b)) => [Axis::Limit(a.max(b)), Axis::Limit(a.min(b))],
            axes => [axes.0, axes.1],
        };
        (axes, [major_resolved, minor_resolved], angle)
    }

    /// The ratio of areas of fit and beam.
    fn extent(&self) -> f64 {
        (self.fit.major / self.beam.major * self.fit.minor / self.beam.minor).max(1.0)
    }

    /// Integrated flux density over the peak.
    ///
    /// An unresolved axis counts with the square root of its apparent widening, which noise correlates with
    /// the peak (Condon 1997, section 5).
    pub fn integrated(&self, resolved: [bool; 2]) -> f64 {
        let wide = (self.fit.major / self.beam.major).max(1.0);
        let narrow = (self.fit.minor / self.beam.minor).max(1.0);
        match resolved {
            [true, true] => self.extent(),
            [true, false] => wide * narrow.sqrt(),
            [false, true] => wide.sqrt() * narrow,
            [false, false] => self.extent().sqrt(),
        }
    }

    /// What NVSS publishes, of a corrected `peak` [mJy/beam] whose bias is uncertain by `bias`.
    pub fn published(&self, peak: f64, bias: f64) -> Published {
        let ([major, minor], resolved, angle) = self.deconvolved();
        let flux = peak * self.integrated(resolved);
        let scale = SCALE_ERROR * SCALE_ERROR;
        let widths = [self.errors[0] / self.fit.major, self.errors[1] / self.fit.minor].map(|x| x * x);
        // Squares of relative errors (catalog.ps, sections 6.5 and 6.6).
        let relative = match resolved {
            [false, false] => scale + self.amplitude + (bias / flux).powi(2),
            [true, true] => {
                scale + self.amplitude + (bias / peak).powi(2) + (widths[0] + widths[1]) / self.extent()
            }
            [long, _] => {
                let partial = flux / self.resolved_ratio(long);
                scale
                    + 0.75 * self.amplitude
                    + (bias / partial).powi(2)
                    + self.beam.major / self.fit.major * widths[0]
            }
        };
        Published {
            flux,
            flux_error: flux.abs() * relative.sqrt(),
            major,
            minor,
            angle,
            angle_error: self.angle_error,
            extent: self.extent(),
        }
    }

    /// The widening of the one axis that is resolved.
    fn resolved_ratio(&self, long: bool) -> f64 {
        if long {
            (self.fit.major / self.beam.major).max(1.0)
        } else {
            (self.fit.minor / self.beam.minor).max(1.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Declination [deg], raw peak [mJy/beam], fitted axes [arcsec] and angle [deg], noise [mJy/beam]; resolved
    /// axes (0: not) and angle; flux density, its error, and axes or their limits. By a Python program with
    /// numpy's eigenvalues, written from the documents and not from this file.
    #[rustfmt::skip]
    const FITS: &[([f64; 6], [f64; 3], [f64; 4])] = &[
        ([30.064, 9.3, 46.9, 46.9, -71.8, 0.483], [0.000000, 0.000000, 170.74323], [9.542954, 0.612474, 25.155289, 25.905281]),
        ([27.288, 16.08, 50.97, 50.97, -75.5, 0.534], [0.000000, 21.151491, 0.00000], [19.005182, 1.099716, 30.774436, 21.151491]),
        ([-14.526, 44.11, 75.43, 46.81, 69.3, 0.502], [60.382680, 0.000000, 69.46757], [74.931361, 2.659744, 60.382680, 18.756613]),
        ([-13.302, 2810.43, 50.78, 45.91, 47.9, 0.507], [23.519296, 0.000000, 47.92949], [3203.001149, 109.960813, 23.519296, 16.709019]),
        ([36.272, 308.29, 47.49, 47.49, 61.3, 0.523], [15.061015, 14.954080, 180.00000], [342.715023, 13.523476, 15.061015, 14.954080]),
        ([32.713, 6.61, 51.45, 48.97, -85.3, 0.436], [0.000000, 0.000000, 100.51562], [7.174499, 0.574065, 35.864112, 32.728467]),
        ([-9.864, 878.98, 49.12, 49.12, 3.1, 0.45], [19.661085, 19.593781, 90.00000], [1046.226404, 40.054752, 19.661085, 19.593781]),
        ([-6.48, 7619.36, 50.81, 47.11, 67.8, 0.439], [23.589821, 13.928196, 67.81400], [9005.543210, 345.788111, 23.589821, 13.928196]),
        ([36.358, 175.96, 53.75, 45.34, -25.5, 0.594], [29.273839, 0.000000, 154.64943], [210.439999, 7.164711, 29.273839, 14.749397]),
        ([47.435, 183.98, 69.51, 45.6, -65.0, 0.478], [52.917504, 0.000000, 114.97443], [285.545383, 9.131149, 52.917504, 15.594919]),
        ([37.023, 2.84, 46.63, 46.63, 28.3, 0.423], [0.000000, 0.000000, -165.85000], [2.976997, 0.506521, 50.076689, 45.867437]),
        ([86.124, 16.95, 65.86, 52.68, 19.8, 0.41], [46.917245, 26.494647, -159.18761], [28.424190, 1.566237, 46.917245, 26.494647]),
        ([45.035, 23.41, 69.56, 45.1, 81.2, 0.534], [52.609575, 0.000000, 81.27225], [35.874725, 1.617441, 52.609575, 16.869301]),
        ([57.469, 242.69, 49.74, 49.74, -9.4, 0.45], [21.087096, 21.004162, 90.00000], [295.854669, 11.264901, 21.087096, 21.004162]),
        ([59.671, 68.57, 54.66, 45.51, 5.2, 0.538], [30.557799, 0.000000, -174.72270], [83.244075, 2.944116, 30.557799, 15.505265]),
        ([75.502, 1302.8, 53.03, 48.26, 33.5, 0.484], [28.022896, 17.399236, -146.41523], [1645.455378, 61.661437, 28.022896, 17.399236]),
        ([63.014, 109.59, 55.54, 48.35, 77.0, 0.502], [32.395394, 17.135993, 77.16338], [144.544164, 5.462313, 32.395394, 17.135993]),
        ([57.275, 9.88, 63.24, 49.26, 53.3, 0.474], [42.896242, 0.000000, 54.70005], [13.967699, 1.060463, 42.896242, 29.054573]),
        ([3.09, 1731.11, 59.63, 45.43, 60.1, 0.556], [39.114556, 0.000000, 60.11141], [2304.194576, 75.452499, 39.114556, 15.255630]),
        ([18.878, 14.28, 77.18, 55.72, 65.8, 0.432], [62.055210, 31.150977, 66.11653], [29.346337, 1.717040, 62.055210, 31.150977]),
        ([-13.107, 2842.86, 99.08, 45.24, 46.6, 0.41], [88.268850, 0.000000, 46.60177], [6275.399043, 192.147752, 88.268850, 14.673871]),
        ([-27.696, 6560.79, 48.96, 46.45, -77.7, 0.585], [19.286534, 0.000000, 102.28714], [7251.832590, 252.326119, 19.286534, 18.206376]),
        ([-9.77, 115.87, 63.92, 49.45, 59.6, 0.538], [45.238450, 19.906749, 59.90080], [179.477056, 6.483842, 45.238450, 19.906749]),
        ([47.831, 8409.74, 47.49, 47.49, 64.6, 0.424], [15.171452, 15.169106, 90.00000], [9365.636728, 368.138579, 15.171452, 15.169106]),
        ([58.703, 19.56, 47.83, 47.83, -1.8, 0.581], [0.000000, 0.000000, 90.00000], [20.599746, 0.903138, 23.725005, 24.682417]),
        ([17.096, 4398.6, 46.87, 45.23, 36.3, 0.5], [0.000000, 0.000000, -143.67266], [4500.370906, 135.012266, 19.298956, 14.648005]),
        ([2.539, 460.99, 45.28, 45.28, -75.8, 0.556], [0.000000, 0.000000, 90.00000], [463.642123, 13.922003, 14.755098, 14.671504]),
        ([15.5, 2382.13, 47.01, 47.01, -59.3, 0.452], [0.000000, 0.000000, 90.00000], [2488.374274, 74.653051, 19.647394, 19.643417]),
    ];

    fn raw([dec, peak, major, minor, angle, noise]: [f64; 6]) -> Raw {
        Raw { dec: dec.to_radians(), peak, fit: Ellipse { major, minor, angle: angle.to_radians() }, noise }
    }

    fn width(axis: Axis) -> f64 {
        match axis {
            Axis::Size { width, .. } | Axis::Limit(width) => width,
        }
    }

    #[test]
    fn corrections_are_those_of_the_documents() {
        for (given, [major, minor, angle], [flux, error, long, short]) in FITS {
            let found = raw(*given).published();
            let close = |a: f64, b: f64| (a - b).abs() < 2e-6 * b.abs().max(1.0);
            assert!(close(found.flux, *flux) && close(found.flux_error, *error), "{given:?}: {found:?}");
            let resolved = |axis| matches!(axis, Axis::Size { .. });
            assert_eq!(
                (resolved(found.major), resolved(found.minor)),
                (*major > 0.0, *minor > 0.0),
                "{given:?}"
            );
            // Of two limits the larger comes first, whichever axis it is of.
            let limits = *major == 0.0 && *minor == 0.0;
            let (long, short) = if limits { (long.max(*short), long.min(*short)) } else { (*long, *short) };
            assert!(
                close(width(found.major), long) && close(width(found.minor), short),
                "{given:?}: {found:?}"
            );
            if !limits && (long - short).abs() > 0.1 {
                let turn = (found.angle - angle.to_radians()).sin().abs();
                assert!(turn < 1e-5, "{given:?}: {found:?}");
            }
        }
    }

    /// Real rows of NVSSlist (those AIPS++ carries): raw fits, found by least squares, give the flux densities,
    /// sizes and limits that were printed to their rounding, and the errors within a fifth.
    ///
    /// The raw fits themselves are not at hand, so this shows that the rules can make such rows, not that they
    /// made these. The errors differ, and of the fifth row no fit makes 123″ a limit: the listing is older than
    /// the rules of 2001.
    #[test]
    fn printed_rows_follow_from_raw_fits() {
        for (given, [flux, flux_error, major, minor], resolved) in [
            (
                [39.5968, 9.839_12, 56.087_17, 48.438_78, 19.2, 0.4],
                [12.2, 1.0, 31.7, 25.4],
                Some((19.2, 5.3, 10.6)),
            ),
            ([40.3867, 3.255_06, 54.9867, 48.274_05, 105.0, 0.4], [3.5, 0.5, 51.3, 39.6], None),
            ([39.5932, 2.918_22, 71.895_04, 48.659_23, 142.5, 0.38], [3.6, 0.5, 85.5, 40.1], None),
            (
                [39.6161, 7.665_35, 58.524_59, 49.460_17, 89.2, 0.48],
                [9.9, 1.0, 33.8, 33.0],
                Some((89.2, 6.6, 16.7)),
            ),
            ([0.2271, 3.266_37, 64.451_31, 48.400_28, 0.0, 0.44], [3.8, 0.6, 71.7, 41.1], None),
        ] {
            let found = raw(given).published();
            let near = |a: f64, b: f64, within: f64| (a - b).abs() <= within;
            assert!(
                near(found.flux, flux, 0.05) && near(found.flux_error, flux_error, 0.2 * flux_error),
                "{found:?}"
            );
            assert!(
                near(width(found.major), major, 0.05) && near(width(found.minor), minor, 0.05),
                "{found:?}"
            );
            assert!(matches!(found.minor, Axis::Limit(_)), "{found:?}");
            match (found.major, resolved) {
                (Axis::Limit(_), None) => {}
                (Axis::Size { error, .. }, Some((angle, size_error, angle_error))) => {
                    assert!(near(error, size_error, 0.2 * size_error), "{found:?}");
                    assert!(
                        near(found.angle_error.to_degrees(), angle_error, 0.2 * angle_error),
                        "{found:?}"
                    );
                    let turn = (found.angle - f64::to_radians(angle)).sin().abs();
                    assert!(turn < f64::to_radians(0.2 * angle_error), "{found:?}");
                }
                _ => panic!("{found:?}"),
            }
        }
    }

    #[test]
    fn convolving_what_was_deconvolved_gives_the_fit() {
        let beam = Ellipse { major: 50.0, minor: 46.0, angle: 0.0 };
        for angle in [0.0f64, 30.0, 75.0, 90.0, 140.0] {
            let fit = Ellipse { major: 80.0, minor: 60.0, angle: angle.to_radians() };
            let (long, short, found) = fit.without(&beam);
            let (c, s) = (found.cos(), found.sin());
            // The matrix of the sum, against that of the fit.
            let xx = long * c * c + short * s * s + 2500.0;
            let yy = long * s * s + short * c * c + 2116.0;
            let xy = (long - short) * s * c;
            let (cf, sf) = (fit.angle.cos(), fit.angle.sin());
            assert!((xx - (6400.0 * cf * cf + 3600.0 * sf * sf)).abs() < 1e-9);
            assert!((yy - (6400.0 * sf * sf + 3600.0 * cf * cf)).abs() < 1e-9);
            assert!((xy - 2800.0 * sf * cf).abs() < 1e-9);
        }
    }

    #[test]
    fn strong_points_have_the_restoring_beam_and_weak_ones_the_dirty_one() {
        let strong = point_source(0.0, 1e6);
        assert!((strong.major - 45.0).abs() < 1e-3 && (strong.minor - 45.0).abs() < 1e-3);
        // At zenith: Ω = 1.52 on 1.2 across.
        let weak = point_source(VLA_LATITUDE - 0.3, 1.0);
        assert!((weak.minor - 54.0).abs() < 1e-9, "{weak:?}");
        assert!(point_source(0.6, 10.0).angle > 1.5 && point_source(0.3, 10.0).angle == 0.0);
        let (ra, dec) = position(1.0, 0.5);
        assert!(
            ((ra - 1.0) / ARCSEC * 0.5f64.cos() + 0.025).abs() < 1e-9
                && ((dec - 0.5) / ARCSEC - 0.113).abs() < 1e-6
        );
    }
}

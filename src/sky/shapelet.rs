//! Sums of shapelets (Refregier 2003, MNRAS 338, 35): Gaussians times Hermite polynomials.
//!
//! With `h_n(x) = H_n(x) exp(−x²/2) / √(2ⁿ n!)`, H being the physicists' Hermite polynomials, and p, q the baseline in
//! wavelengths along the major and the minor axis (p = u sin θ + v cos θ, q = u cos θ − v sin θ, θ north through east), the
//! response is `Σ c i^(n1+n2) h_n1(x) h_n2(y)`; what x, y and c are is a matter of convention.

use std::f64::consts::PI;

use super::{AngleFrame, ComponentError, Ellipse};

/// The highest order of a shapelet: that of hyperdrive's tables.
pub const HIGHEST_ORDER: usize = 100;

/// One shapelet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShapeletTerm {
    /// The order along x.
    pub n1: u8,
    /// The order along y.
    pub n2: u8,
    /// Its coefficient.
    pub value: f64,
}

/// Whose shapelets they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ShapeletConvention {
    /// hyperdrive's, WODEN's and the RTS's: the axes are those of the Gaussian of order 0, full widths at half maximum;
    /// `x = π a p/√(2 ln 2)`, `y = −π b q/√(2 ln 2)` (mwa_hyperdrive, `src/model/cpu.rs`).
    Hyperdrive,
    /// SAGECal's and BBS's, whose files DP3 reads (it predicts none): the scale is β; `x = −β u`, `y = β v` after a
    /// turn by θ, and all times π (SAGECal, `src/lib/Radio/shapelet.c`, without its projection). The factor 2π of the
    /// Fourier transform is in β, which is thus 2π times the scale on the sky.
    Sagecal,
}

/// A sum of shapelets.
#[derive(Clone, Debug, PartialEq)]
pub struct Shapelet {
    /// The scales along the two axes [rad], neither of which need be the longer.
    pub scales: [f64; 2],
    /// The position angle of the first axis [rad].
    pub position_angle: f64,
    /// Whose north that counts from.
    pub angle_frame: AngleFrame,
    /// The shapelets.
    pub terms: Vec<ShapeletTerm>,
    /// What all of it means.
    pub convention: ShapeletConvention,
}

impl Shapelet {
    /// About how large it is: the full widths at half maximum of the Gaussian of order 0.
    pub fn extent(&self) -> Ellipse {
        let fwhm = match self.convention {
            ShapeletConvention::Hyperdrive => 1.0,
            // exp(−β² r²/2) with r in wavelengths, against exp(−π² a² r²/(4 ln 2)).
            ShapeletConvention::Sagecal => (2.0 * std::f64::consts::LN_2).sqrt() / PI,
        };
        let [a, b] = self.scales.map(|scale| scale.abs() * fwhm);
        Ellipse::new(a, b, self.position_angle, self.angle_frame)
    }

    /// Vectors whose products with the baseline in wavelengths are x and y, out of those towards `[east, north]`, and the
    /// factor on all.
    pub fn axes(&self, [east, north]: [[f64; 3]; 2]) -> ([[f64; 3]; 2], f64) {
        let (sin, cos) = self.position_angle.sin_cos();
        let along =
            |scale: f64, e: f64, n: f64| std::array::from_fn(|k| scale * (e * east[k] + n * north[k]));
        let [a, b] = self.scales;
        match self.convention {
            ShapeletConvention::Hyperdrive => {
                let fwhm = PI / (2.0 * std::f64::consts::LN_2).sqrt();
                ([along(a * fwhm, sin, cos), along(-b * fwhm, cos, -sin)], 1.0)
            }
            ShapeletConvention::Sagecal => ([along(-a, cos, -sin), along(b, sin, cos)], PI),
        }
    }

    /// How far it reaches, in axes of [`Shapelet::extent`]: a Gaussian's 2.5 and what the orders add.
    pub(super) fn reach(&self) -> f64 {
        let order = self.terms.iter().map(|term| term.n1.max(term.n2)).max().unwrap_or(0);
        2.5 + 0.6 * f64::from(order).sqrt()
    }

    /// The brightness at a place along and across the position angle of [`Shapelet::extent`], in axes of that: the Fourier
    /// transform of the response, but for a factor.
    pub(super) fn brightness(&self, [along, across]: [f64; 2]) -> f64 {
        let extent = self.extent();
        let (sin, cos) = (extent.position_angle).sin_cos();
        let (along, across) = (along * extent.major, across * extent.minor);
        // The axes are about a plane of east and north.
        let place = [along * sin + across * cos, along * cos - across * sin, 0.0];
        let (axes, _) = self.axes([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]);
        // ∫ h_n(t) exp(ikt) dt = √(2π) iⁿ h_n(k): the scales are turned over, their signs stay.
        let [x, y] = axes.map(|axis| {
            let square: f64 = axis.iter().map(|a| a * a).sum();
            2.0 * PI * (axis[0] * place[0] + axis[1] * place[1]) / square
        });
        let order = |n: fn(&ShapeletTerm) -> u8| self.terms.iter().map(n).max().unwrap_or(0);
        let mut along_x = vec![0.0; usize::from(order(|term| term.n1)) + 1];
        let mut along_y = vec![0.0; usize::from(order(|term| term.n2)) + 1];
        kernels::hermite_functions(x, &mut along_x);
        kernels::hermite_functions(y, &mut along_y);
        let term =
            |term: &ShapeletTerm| term.value * along_x[usize::from(term.n1)] * along_y[usize::from(term.n2)];
        self.terms.iter().map(term).sum()
    }

    pub(super) fn check(&self) -> Result<(), ComponentError> {
        let order = self.terms.iter().map(|term| term.n1.max(term.n2)).max().unwrap_or(0);
        if usize::from(order) > HIGHEST_ORDER {
            return Err(ComponentError::Order(order));
        }
        if self.terms.iter().all(|term| term.value.is_finite()) {
            Ok(())
        } else {
            Err(ComponentError::Shapelet)
        }
    }
}

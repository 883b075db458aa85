//! Direction cosines about a phase centre.

use super::Direction;

/// Direction cosines of a source relative to a phase centre: `l` to the east, `m` to the north, `n` to the
/// centre.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lmn {
    /// East.
    pub l: f64,
    /// North.
    pub m: f64,
    /// `n − 1`, computed without cancellation: −2 and not 0 opposite to the centre.
    pub n_minus_1: f64,
}

impl Lmn {
    /// The third direction cosine; negative beyond 90° from the centre.
    pub fn n(self) -> f64 {
        1.0 + self.n_minus_1
    }
}

impl Direction {
    /// The direction cosines about `centre`, in whose frame they are reckoned.
    ///
    /// `l = cos δ sin Δα`, `m = sin δ cos δ0 − cos δ sin δ0 cos Δα`, `n = sin δ sin δ0 + cos δ cos δ0 cos Δα`
    /// (the SIN projection, Calabretta & Greisen 2002, A&A 395, 1077), written with half angles so that small
    /// offsets keep all their digits and `n` has its right sign beyond 90°. To use one source about many
    /// centres convert it with [`Direction::to`] first.
    pub fn lmn(self, centre: Direction) -> Lmn {
        let source = self.to(centre.frame);
        let delta = source.longitude - centre.longitude;
        let (sin_dec0, cos_dec0) = centre.latitude.sin_cos();
        let cos_dec = source.latitude.cos();
        let half_delta = (0.5 * delta).sin();
        let half_dec = (0.5 * (source.latitude - centre.latitude)).sin();
        Lmn {
            l: cos_dec * delta.sin(),
            m: (source.latitude - centre.latitude).sin() + 2.0 * cos_dec * sin_dec0 * half_delta * half_delta,
            n_minus_1: -2.0 * (half_dec * half_dec + cos_dec * cos_dec0 * half_delta * half_delta),
        }
    }

    /// Local east and north at this direction as unit vectors in the (l, m, n) axes of `centre`.
    ///
    /// `e_E = (cos Δα, sin δ0 sin Δα, −cos δ0 sin Δα)`,
    /// `e_N = (−sin δ sin Δα, cos δ cos δ0 + sin δ sin δ0 cos Δα, cos δ sin δ0 − sin δ cos δ0 cos Δα)`:
    /// a baseline's products with them are its u and v about the source. North is that of the *centre's*
    /// frame: carry a position angle there with [`Direction::to_with_angle`] first.
    pub fn tangent_axes(self, centre: Direction) -> ([f64; 3], [f64; 3]) {
        let source = self.to(centre.frame);
        let (sin_delta, cos_delta) = (source.longitude - centre.longitude).sin_cos();
        let (sin_dec0, cos_dec0) = centre.latitude.sin_cos();
        let (sin_dec, cos_dec) = source.latitude.sin_cos();
        let east = [cos_delta, sin_dec0 * sin_delta, -cos_dec0 * sin_delta];
        let north = [
            -sin_dec * sin_delta,
            cos_dec * cos_dec0 + sin_dec * sin_dec0 * cos_delta,
            cos_dec * sin_dec0 - sin_dec * cos_dec0 * cos_delta,
        ];
        (east, north)
    }
}

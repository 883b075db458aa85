//! One visibility of very many points: fast enough to judge a sum over millions by.

use crate::seed::phasor;
use crate::simd::{Kernel, Line, Simd, Token};
use crate::{KernelError, SimdLevel};
use num_complex::Complex64;

/// Groups of lanes that are summed in single precision before the sum goes on in double.
const GROUPS: usize = 32;

/// `Σ flux · exp(πi (x · wave − offset))` over points: phases in double precision, phasors in single, their sum in double.
///
/// `places` holds the three coordinates of all points, one list for each; `wave` is 2ν/c times a baseline, in half turns for
/// a unit of them; `offset` in half turns; `flux` [Jy].
///
/// # Errors
/// [`KernelError::Unavailable`], and [`KernelError::Length`] for lists that differ in length.
pub fn sum_points(
    level: SimdLevel,
    places: [&[f64]; 3],
    flux: &[f32],
    wave: [f64; 3],
    offset: f64,
) -> Result<Complex64, KernelError> {
    let token = Token::new(level)?;
    if let Some(list) = places.iter().find(|list| list.len() != flux.len()) {
        return Err(KernelError::Length { what: "places", expected: flux.len(), found: list.len() });
    }
    let mut sum = Complex64::ZERO;
    token.run(Job { places, flux, wave, offset, sum: &mut sum });
    Ok(sum)
}

struct Job<'a> {
    places: [&'a [f64]; 3],
    flux: &'a [f32],
    wave: [f64; 3],
    offset: f64,
    sum: &'a mut Complex64,
}

impl Kernel for Job<'_> {
    #[inline(always)]
    fn run<S: Simd, const P: usize, const G: usize>(self, s: S) {
        let part = S::LANES * GROUPS;
        let lists = self.places.map(|list| list.chunks(part));
        let [x, y, z] = lists;
        for (((x, y), z), flux) in x.zip(y).zip(z).zip(self.flux.chunks(part)) {
            let mut sums = [s.splat(0.0); 2];
            for at in (0..flux.len()).step_by(S::LANES) {
                let end = flux.len().min(at + S::LANES);
                let mut phase = s.splat_wide(-self.offset);
                for (list, wave) in [x, y, z].into_iter().zip(self.wave) {
                    let mut lanes = [0.0; 16];
                    lanes[..end - at].copy_from_slice(&list[at..end]);
                    phase = s.fma_wide(s.load_wide(&lanes[..S::LANES]), wave, phase);
                }
                let mut line = Line([0.0; 16]);
                line.0[..end - at].copy_from_slice(&flux[at..end]);
                let flux = s.pack(&line);
                for (sum, part) in sums.iter_mut().zip(phasor(s, phase)) {
                    *sum = s.fma(part, flux, *sum);
                }
            }
            for (i, sum) in sums.into_iter().enumerate() {
                let mut line = Line([0.0; 16]);
                s.unpack(sum, &mut line);
                let total: f64 = line.0[..S::LANES].iter().map(|x| f64::from(*x)).sum();
                *if i == 0 { &mut self.sum.re } else { &mut self.sum.im } += total;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SPEED_OF_LIGHT, Shape, Source, reference};

    #[test]
    fn it_is_the_plain_sum() {
        let turn = |i: usize, by: f64| (i as f64 * by).fract() * 2.0 - 1.0;
        let (frequency, uvw) = (1.4e9, [1200.0, -2100.0, 600.0]);
        for count in [0, 1, 7, 1000, 5003] {
            let lists: Vec<Vec<f64>> = [0.754_877_666, 0.569_840_291, 0.326_171]
                .iter()
                .map(|by| (0..count).map(|i| 0.02 * turn(i, *by)).collect())
                .collect();
            let flux: Vec<f32> = (0..count).map(|i| 0.01 + 0.001 * (i % 13) as f32).collect();
            let source =
                |i: usize| Source { lmn: [lists[0][i], lists[1][i], lists[2][i]], shape: Shape::Point };
            let sources: Vec<Source> = (0..count).map(source).collect();
            let scale = 2.0 * frequency / SPEED_OF_LIGHT;
            let all = sources.iter().zip(&flux).map(|(source, flux)| (source, f64::from(*flux)));
            let turned = Complex64::cis(-std::f64::consts::PI * scale * 3.0);
            let expected = reference::visibility(uvw, frequency, all) * turned;
            let power = flux.iter().map(|x| f64::from(x * x)).sum::<f64>().sqrt();
            for level in SimdLevel::available() {
                let places = [&lists[0][..], &lists[1][..], &lists[2][..]];
                let found = sum_points(level, places, &flux, uvw.map(|x| scale * x), scale * 3.0).unwrap();
                assert!((found - expected).norm() <= 1e-6 * power, "{level}, {count}: {found} {expected}");
            }
        }
        let refused = sum_points(SimdLevel::Portable, [&[0.0], &[], &[0.0]], &[1.0], [0.0; 3], 0.0);
        assert!(matches!(refused, Err(KernelError::Length { .. })));
    }
}

//! Stokes parameters to correlations.

use kernels::{Complex32, Mix};

/// The row of the mix for a casacore Stokes code: coefficients of I, Q, U, V.
///
/// Without a factor ½, as CASA, DP3 and WSClean have it: XX = I+Q, XY = U+iV, YX = U−iV, YY = I−Q;
/// RR = I+V, RL = Q+iU, LR = Q−iU, LL = I−V (Thompson, Moran & Swenson, *Interferometry and Synthesis in
/// Radio Astronomy*, section 4.7).
fn coefficients(code: i32) -> Option<[Complex32; 4]> {
    let c = |re: f32, im: f32| Complex32::new(re, im);
    let (zero, one, minus, i, minus_i) = (c(0., 0.), c(1., 0.), c(-1., 0.), c(0., 1.), c(0., -1.));
    Some(match code {
        1 => [one, zero, zero, zero],
        2 => [zero, one, zero, zero],
        3 => [zero, zero, one, zero],
        4 => [zero, zero, zero, one],
        5 => [one, zero, zero, one],
        6 => [zero, one, i, zero],
        7 => [zero, one, minus_i, zero],
        8 => [one, zero, zero, minus],
        9 => [one, one, zero, zero],
        10 => [zero, zero, one, i],
        11 => [zero, zero, one, minus_i],
        12 => [one, minus, zero, zero],
        _ => return None,
    })
}

/// The mix for the correlations of a polarisation set-up (casacore's Stokes codes), in any order.
///
/// # Errors
/// A sentence for a code that is no correlation of I, Q, U and V in linear, circular or Stokes form.
pub fn mix(correlations: &[i32]) -> Result<Mix, String> {
    let rows = correlations
        .iter()
        .map(|code| {
            coefficients(*code).ok_or_else(|| {
                format!(
                    "CORR_TYPE {code} is not supported; supported are I Q U V (1-4), RR RL LR LL (5-8) and \
                     XX XY YX YY (9-12)"
                )
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    Mix::new(rows).map_err(|error| error.to_string())
}

/// The mix that leaves Stokes parameters as they are.
///
/// # Errors
/// Never: its coefficients are numbers.
pub(crate) fn plain() -> Result<Mix, String> {
    mix(&[1, 2, 3, 4])
}

/// The Stokes parameters (0–3) that any of the correlations feels.
pub(crate) fn stokes_needed(mix: &Mix) -> [bool; 4] {
    let mut needed = [false; 4];
    for row in mix.rows() {
        for (flag, coefficient) in needed.iter_mut().zip(row) {
            *flag |= *coefficient != Complex32::new(0.0, 0.0);
        }
    }
    needed
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernels::Complex64;

    #[test]
    fn correlations_are_those_of_casa() {
        let stokes = [1.0, 0.1, 0.01, 0.001].map(|x| Complex64::new(x, 0.0));
        let mix = mix(&[9, 10, 11, 12, 5, 6, 7, 8]).unwrap();
        let expected = [
            (1.1, 0.0),
            (0.01, 0.001),
            (0.01, -0.001),
            (0.9, 0.0),
            (1.001, 0.0),
            (0.1, 0.01),
            (0.1, -0.01),
            (0.999, 0.0),
        ];
        for (corr, (re, im)) in expected.into_iter().enumerate() {
            let v = mix.apply(corr, &stokes);
            assert!((v - Complex64::new(re, im)).norm() < 1e-12, "correlation {corr}: {v}");
        }
    }

    #[test]
    fn unknown_codes_are_refused() {
        assert!(mix(&[9, 13]).unwrap_err().contains("CORR_TYPE 13"));
    }

    #[test]
    fn xx_and_yy_need_no_u_or_v() {
        assert_eq!(stokes_needed(&mix(&[9, 12]).unwrap()), [true, true, false, false]);
    }
}

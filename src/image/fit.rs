//! Least-squares polynomials through the values of images at their frequencies.

/// A polynomial fit at fixed places.
#[derive(Debug, Clone)]
pub(super) struct Fit {
    /// For each coefficient, the weight of each value, shape (coefficient, place).
    weights: Vec<Vec<f64>>,
}

impl Fit {
    /// Polynomials of so many `terms` at `places`; none where two places are the same, or there are fewer than terms.
    pub(super) fn new(places: &[f64], terms: usize) -> Option<Fit> {
        let scale = places.iter().fold(0.0, |most: f64, place| most.max(place.abs()));
        let scale = if scale > 0.0 { scale } else { 1.0 };
        // The columns of Vandermonde's matrix, orthogonalised (modified Gram–Schmidt): A = QR, coefficients R⁻¹ Qᵀ y.
        let mut q: Vec<Vec<f64>> = Vec::new();
        // R by its columns.
        let mut r: Vec<Vec<f64>> = Vec::new();
        for column in 0..terms {
            let mut v: Vec<f64> = places.iter().map(|place| (place / scale).powi(column as i32)).collect();
            let before = norm(&v);
            let mut entries = Vec::with_capacity(terms);
            for unit in &q {
                let part: f64 = unit.iter().zip(&v).map(|(a, b)| a * b).sum();
                entries.push(part);
                v.iter_mut().zip(unit).for_each(|(value, unit)| *value -= part * unit);
            }
            let length = norm(&v);
            if length.is_nan() || length <= 1e-10 * before {
                return None;
            }
            entries.push(length);
            r.push(entries);
            v.iter_mut().for_each(|value| *value /= length);
            q.push(v);
        }
        let mut weights = vec![vec![0.0; places.len()]; terms];
        for place in 0..places.len() {
            for row in (0..terms).rev() {
                let known: f64 = (row + 1..terms).map(|k| r[k][row] * weights[k][place]).sum();
                weights[row][place] = (q[row][place] - known) / r[row][row];
            }
        }
        for (power, row) in weights.iter_mut().enumerate() {
            row.iter_mut().for_each(|weight| *weight /= scale.powi(power as i32));
        }
        Some(Fit { weights })
    }

    /// What the polynomial is at a place: the weight of each value.
    pub(super) fn weights_at(&self, place: f64) -> Vec<f64> {
        let count = self.weights.first().map_or(0, Vec::len);
        let of_value = |k: usize| self.weights.iter().rev().fold(0.0, |sum, row| sum * place + row[k]);
        (0..count).map(of_value).collect()
    }

    /// The coefficients for these values, that of the constant first.
    pub(super) fn coefficients(&self, values: &[f64]) -> Vec<f64> {
        let sum = |row: &Vec<f64>| row.iter().zip(values).map(|(weight, value)| weight * value).sum();
        self.weights.iter().map(sum).collect()
    }
}

fn norm(v: &[f64]) -> f64 {
    v.iter().map(|x| x * x).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_are_found_again() {
        let places = [-0.05, -0.02, 0.0, 0.03, 0.07];
        let polynomial = |x: f64| 2.0 - 0.7 * x + 3.0 * x * x;
        let fit = Fit::new(&places, 3).expect("a fit");
        let found = fit.coefficients(&places.map(polynomial));
        for (found, expected) in found.iter().zip([2.0, -0.7, 3.0]) {
            assert!((found - expected).abs() < 1e-10, "{found}");
        }
        // Through noise: the residuals are orthogonal to every column.
        let values = [1.0, 4.0, -2.0, 0.5, 3.0];
        let found = fit.coefficients(&values);
        for power in 0..3 {
            let rest: f64 = (0..5)
                .map(|k| {
                    let model: f64 =
                        found.iter().enumerate().map(|(i, c)| c * places[k].powi(i as i32)).sum();
                    (values[k] - model) * places[k].powi(power)
                })
                .sum();
            assert!(rest.abs() < 1e-11, "{power}: {rest}");
        }
        assert!(Fit::new(&places, 6).is_none() && Fit::new(&[1.0, 1.0], 2).is_none());
    }
}

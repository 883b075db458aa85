//! Small symmetric systems of equations.

/// The Cholesky factor of a positive definite matrix.
#[derive(Clone, Debug)]
pub struct Cholesky {
    size: usize,
    lower: Vec<f64>,
}

impl Cholesky {
    /// Factors the matrix of `size` rows whose entry (a, b) is `entry(a, b)`.
    pub fn new(size: usize, entry: impl Fn(usize, usize) -> f64) -> Self {
        let mut lower = vec![0.0; size * size];
        for a in 0..size {
            for b in 0..=a {
                let rest =
                    entry(a, b) - (0..b).map(|i| lower[a * size + i] * lower[b * size + i]).sum::<f64>();
                // A pivot that rounding made nothing: the direction is left out.
                lower[a * size + b] = match a == b {
                    true => rest.max(1e-300).sqrt(),
                    false => rest / lower[b * size + b],
                };
            }
        }
        Self { size, lower }
    }

    /// Lᵀ·x in place, with L the lower factor.
    pub fn times_upper(&self, x: &mut [f64]) {
        let at = |a: usize, b: usize| self.lower[a * self.size + b];
        for i in 0..self.size {
            x[i] = (i..self.size).map(|j| at(j, i) * x[j]).sum();
        }
    }

    /// Solves Lᵀ·x = `x`, in place.
    pub fn solve_upper(&self, x: &mut [f64]) {
        let at = |a: usize, b: usize| self.lower[a * self.size + b];
        for a in (0..self.size).rev() {
            let rest = x[a] - (a + 1..self.size).map(|i| at(i, a) * x[i]).sum::<f64>();
            x[a] = rest / at(a, a);
        }
    }

    /// Solves for one right-hand side, in place.
    pub fn solve(&self, x: &mut [f64]) {
        let at = |a: usize, b: usize| self.lower[a * self.size + b];
        for a in 0..self.size {
            let rest = x[a] - (0..a).map(|i| at(a, i) * x[i]).sum::<f64>();
            x[a] = rest / at(a, a);
        }
        self.solve_upper(x);
    }
}

/// The inverse of a square matrix, row by row: Gauss–Jordan with row exchange.
pub fn inverse(matrix: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let size = matrix.len();
    let mut rows: Vec<Vec<f64>> = matrix
        .iter()
        .enumerate()
        .map(|(i, row)| row.iter().copied().chain((0..size).map(|j| f64::from(u8::from(i == j)))).collect())
        .collect();
    for i in 0..size {
        let best = (i..size).max_by(|&a, &b| rows[a][i].abs().total_cmp(&rows[b][i].abs())).unwrap_or(i);
        rows.swap(i, best);
        let pivot = rows[i][i];
        rows[i].iter_mut().for_each(|x| *x /= pivot);
        let row = rows[i].clone();
        for (j, other) in rows.iter_mut().enumerate().filter(|(j, _)| *j != i) {
            debug_assert_ne!(i, j);
            let factor = other[i];
            other.iter_mut().zip(&row).for_each(|(x, y)| *x -= factor * y);
        }
    }
    rows.into_iter().map(|mut row| row.split_off(size)).collect()
}

/// The Chebyshev polynomials T₀ … of a number, inside or outside of [−1, 1].
pub fn chebyshev(x: f64, terms: usize) -> Vec<f64> {
    let mut all = vec![1.0, x];
    while all.len() < terms {
        all.push(2.0 * x * all[all.len() - 1] - all[all.len() - 2]);
    }
    all.truncate(terms);
    all
}

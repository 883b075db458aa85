//! Counts of pairs of numbers: what is kept of any number of visibilities.

/// Counts in columns (x) and rows (y) of equal size.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Histogram {
    x: [f64; 2],
    y: [f64; 2],
    columns: usize,
    rows: usize,
    counts: Vec<u32>,
}

impl Histogram {
    /// Empty, for x and y in these ranges.
    pub(super) fn new(x: [f64; 2], columns: usize, y: [f64; 2], rows: usize) -> Histogram {
        Histogram { x, y, columns, rows, counts: vec![0; columns * rows] }
    }

    /// Counts a pair; y beyond the range counts at its end.
    pub(super) fn add(&mut self, x: f64, y: f64) {
        let index = |value: f64, [from, to]: [f64; 2], count: usize| {
            let part = (value - from) / (to - from) * count as f64;
            (part.max(0.0) as usize).min(count - 1)
        };
        let place = index(x, self.x, self.columns) * self.rows + index(y, self.y, self.rows);
        self.counts[place] = self.counts[place].saturating_add(1);
    }

    /// Adds what another one of the same ranges has counted.
    pub(super) fn merge(&mut self, other: &Histogram) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count = count.saturating_add(*more);
        }
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// The counts of a column, from the lowest y on.
    pub(super) fn column(&self, column: usize) -> &[u32] {
        &self.counts[column * self.rows..(column + 1) * self.rows]
    }

    /// The ends of a column in x.
    pub(super) fn column_ends(&self, column: usize) -> [f64; 2] {
        let at = |k: usize| self.x[0] + (self.x[1] - self.x[0]) * k as f64 / self.columns as f64;
        [at(column), at(column + 1)]
    }

    /// The y at the lower side of a row, which need not be whole.
    pub(super) fn row_start(&self, row: f64) -> f64 {
        self.y[0] + (self.y[1] - self.y[0]) * row / self.rows as f64
    }

    /// The y below which a part of a column's counts lie; none where it has no counts.
    pub(super) fn quantile(&self, column: usize, part: f64) -> Option<f64> {
        self.quantile_of(self.column(column).iter().map(|count| u64::from(*count)), part)
    }

    /// The y below which a part of all counts lie.
    pub(super) fn overall_quantile(&self, part: f64) -> Option<f64> {
        let sums = (0..self.rows).map(|row| {
            (0..self.columns).map(|column| u64::from(self.counts[column * self.rows + row])).sum()
        });
        self.quantile_of(sums, part)
    }

    fn quantile_of(&self, counts: impl Iterator<Item = u64>, part: f64) -> Option<f64> {
        let counts: Vec<u64> = counts.collect();
        let total: u64 = counts.iter().sum();
        let wanted = part * total as f64;
        let mut below = 0.0;
        for (row, count) in counts.into_iter().enumerate().filter(|(_, count)| *count > 0) {
            let count = count as f64;
            if below + count >= wanted {
                return Some(self.row_start(row as f64 + ((wanted - below) / count).clamp(0.0, 1.0)));
            }
            below += count;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_what_was_counted() {
        let mut counts = Histogram::new([0.0, 2.0], 2, [0.0, 100.0], 1000);
        for k in 0..1000 {
            counts.add(0.5, f64::from(k) / 10.0);
        }
        counts.add(5.0, -3.0);
        assert!((counts.quantile(0, 0.5).unwrap() - 50.0).abs() < 0.2);
        assert!((counts.quantile(0, 0.16).unwrap() - 16.0).abs() < 0.2);
        assert!(counts.quantile(1, 0.5).unwrap() < 0.1);
        let twice = counts.clone();
        counts.merge(&twice);
        assert_eq!(counts.column(1)[0], 2);
        assert_eq!(Histogram::new([0.0, 1.0], 1, [0.0, 1.0], 4).quantile(0, 0.5), None);
    }
}

//! The timesteps of the rows, as WSClean counts them.

use std::ops::Range;

use casacore::Table;

use super::error::{MsError, Result};
use crate::stall::doing;

/// Rows whose TIME is read at a time.
const ROWS: u64 = 1 << 18;

/// Where timesteps begin: at the first row, and wherever TIME is not that of the row before, of whatever field and spectral
/// window they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timesteps {
    first_rows: Vec<u64>,
    rows: u64,
}

impl Timesteps {
    /// Looks at the TIME of every row.
    ///
    /// # Errors
    /// Any error of casacore.
    pub fn read(ms: &Table) -> Result<Timesteps> {
        let _doing = doing("while reading the times of", ms.path());
        let mut steps = Timesteps { first_rows: Vec::new(), rows: ms.row_count() };
        let mut before = None;
        for start in (0..steps.rows).step_by(ROWS as usize) {
            let times = ms.scalars::<f64>("TIME", start..steps.rows.min(start + ROWS))?;
            for (row, time) in (start..).zip(times) {
                // Not by ==: a time that is not a number is one timestep, too.
                let bits = time.to_bits();
                if before != Some(bits) {
                    steps.first_rows.push(row);
                }
                before = Some(bits);
            }
        }
        Ok(steps)
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.first_rows.len() as u64
    }

    /// Whether there are none, for there are no rows.
    pub fn is_empty(&self) -> bool {
        self.first_rows.is_empty()
    }

    /// The rows of timesteps; what lies beyond the last is none.
    pub fn rows(&self, steps: Range<u64>) -> Range<u64> {
        let row = |step: u64| usize::try_from(step).ok().and_then(|step| self.first_rows.get(step)).copied();
        let end = row(steps.end).unwrap_or(self.rows);
        row(steps.start).unwrap_or(self.rows).min(end)..end
    }

    /// Cuts timesteps into so many intervals as WSClean does: each as long as the others, as far as whole timesteps allow.
    ///
    /// # Errors
    /// [`MsError::Invalid`] where an interval would have no rows.
    pub fn intervals(&self, ms: &Table, steps: Range<u64>, count: usize) -> Result<Vec<Range<u64>>> {
        let invalid = |message: String| MsError::Invalid { path: ms.path().to_path_buf(), message };
        let (length, parts) = (u128::from(steps.end.saturating_sub(steps.start)), count.max(1) as u128);
        // A part of `length`, which fits.
        let border = |k: usize| steps.start + (length * k as u128 / parts) as u64;
        (0..count)
            .map(|k| {
                let (part, all) = (border(k)..border(k + 1), self.len());
                let rows = self.rows(part.clone());
                match (rows.is_empty(), part.is_empty()) {
                    (false, _) => Ok(rows),
                    (true, true) => Err(invalid(format!(
                        "timesteps {} to {} (exclusive) cannot be cut into {count} intervals: there is one timestep at least in each",
                        steps.start, steps.end
                    ))),
                    (true, false) => Err(invalid(format!(
                        "there are no timesteps {} to {} (exclusive): TIME changes so that there are {all}, counted from 0",
                        part.start, part.end
                    ))),
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timesteps_have_rows_and_what_is_beyond_has_none() {
        let steps = Timesteps { first_rows: vec![0, 10, 25], rows: 40 };
        for (of, rows) in [(0..1, 0..10), (1..3, 10..40), (2..99, 25..40), (3..5, 40..40), (7..99, 40..40)] {
            assert_eq!(steps.rows(of.clone()), rows, "{of:?}");
        }
    }
}

//! What of a column is on the disk for good: the rows before the first that is not done, noted from time to time, so that a
//! run that is killed can be resumed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::block::{Action, Block};
use super::error::Result;
use crate::ms::ColumnDigest;

/// The least time between two notes.
const EVERY: Duration = Duration::from_secs(5);

/// The share of a run's time that notes may take.
const SHARE: u32 = 20;

/// Rows that are done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Done {
    /// All rows of the table before this one.
    pub(crate) rows: u64,
    /// Of which were predicted.
    pub(crate) predicted: u64,
    /// The digest of the predicted ones.
    pub(crate) digest: ColumnDigest,
}

/// Keeps the books of blocks, which are done in any order.
pub(crate) struct Durable<'n> {
    done: Done,
    /// Done after a gap: by their first row, up to which, and what they add.
    later: BTreeMap<u64, Done>,
    /// Rows of spectral windows that go together: nobody goes on after them, which lie all over the table.
    apart: Done,
    noted: Done,
    next: Instant,
    /// Has the disk confirm what is done, and notes it in the column's keywords.
    note: &'n mut dyn FnMut(&Done) -> Result<()>,
}

impl<'n> Durable<'n> {
    /// Begins after what an earlier run has done.
    pub(crate) fn new(done: Done, note: &'n mut dyn FnMut(&Done) -> Result<()>) -> Durable<'n> {
        let apart = Done::default();
        Durable { done, later: BTreeMap::new(), apart, noted: done, next: Instant::now() + EVERY, note }
    }

    /// What is done without a gap: where a run can go on.
    pub(crate) fn done(&self) -> Done {
        self.done
    }

    /// All that is done, of a run that came to its end.
    pub(crate) fn all(&self) -> Done {
        let mut done = self.done;
        done.predicted += self.apart.predicted;
        done.digest.join(self.apart.digest);
        done
    }

    /// A block is written.
    pub(crate) fn add(&mut self, block: &Block) {
        let predicted = block.actions.iter().filter(|action| **action == Action::Predict).count() as u64;
        if !block.windows.is_empty() {
            self.apart.predicted += predicted * block.windows.len() as u64;
            self.apart.digest.join(block.digest);
            return;
        }
        let start = block.rows.start;
        self.put(start, Done { rows: start + block.rows.len() as u64, predicted, digest: block.digest });
    }

    fn put(&mut self, start: u64, part: Done) {
        self.later.insert(start, part);
        while let Some(part) = self.later.remove(&self.done.rows) {
            self.done.rows = part.rows;
            self.done.predicted += part.predicted;
            self.done.digest.join(part.digest);
        }
    }

    /// Notes what is done where it is time to.
    pub(crate) fn note_if_due(&mut self) -> Result<()> {
        if Instant::now() < self.next || self.done == self.noted {
            return Ok(());
        }
        let begun = Instant::now();
        (self.note)(&self.done)?;
        self.noted = self.done;
        // A slow disk is not to spend its time on notes.
        self.next = Instant::now() + EVERY.max(SHARE * begun.elapsed());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_complex::Complex32;

    #[test]
    fn what_is_done_ends_at_the_first_gap() {
        let part = |rows: u64| {
            let mut digest = ColumnDigest::default();
            digest.add(rows, &[Complex32::new(1.0, 2.0)]);
            Done { rows, predicted: 5, digest }
        };
        let mut note = |_: &Done| Ok(());
        let mut durable = Durable::new(Done::default(), &mut note);
        durable.put(10, part(20));
        durable.put(30, part(40));
        assert_eq!(durable.done(), Done::default());
        durable.put(0, part(10));
        assert_eq!((durable.done().rows, durable.done().predicted), (20, 10));
        durable.put(20, part(30));
        let mut all = part(10).digest;
        [20, 30, 40].into_iter().for_each(|rows| all.join(part(rows).digest));
        assert_eq!(durable.done(), Done { rows: 40, predicted: 20, digest: all });
    }
}

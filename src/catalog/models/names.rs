//! The names of a list that may be long, and the lines that they stand in.

use rayon::prelude::*;
use twox_hash::XxHash3_64;

/// A name's hash: of a million names two share one in three lists of a hundred million.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Hashed(u64);

impl Hashed {
    pub fn of(name: &str) -> Self {
        Hashed(XxHash3_64::oneshot(name.as_bytes()))
    }

    /// How many of `whole` lie before it, spread evenly over all hashes.
    pub fn share(self, whole: usize) -> usize {
        ((u128::from(self.0) * whole as u128) >> 64) as usize
    }
}

/// The names met, and their lines.
#[derive(Default)]
pub(super) struct Names(Vec<(Hashed, u64)>);

/// Names that stand twice.
pub(super) struct Twice {
    /// How many lines have a name that an earlier one has.
    pub count: u64,
    /// The first of these lines.
    pub again: u64,
    /// The line in which its name stands first.
    pub first: u64,
}

impl Names {
    /// Notes a name in a line.
    pub fn meet(&mut self, name: Hashed, line: u64) {
        self.0.push((name, line));
    }

    /// The names that stand twice; none if none does.
    pub fn twice(mut self) -> Option<Twice> {
        self.0.par_sort_unstable();
        let pairs = self.0.windows(2).filter(|pair| pair[0].0 == pair[1].0);
        let first = pairs.clone().min_by_key(|pair| pair[1].1);
        first.map(|pair| Twice { count: pairs.count() as u64, again: pair[1].1, first: pair[0].1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_repeats_a_name_is_told() {
        let mut names = Names::default();
        for (name, line) in ["a", "b", "c", "b", "a", "b"].into_iter().zip(10..) {
            names.meet(Hashed::of(name), line);
        }
        let Some(Twice { count, again, first, .. }) = names.twice() else { panic!("a and b stand twice") };
        assert_eq!((count, again, first), (3, 13, 11));
        assert!(Names::default().twice().is_none());
    }
}

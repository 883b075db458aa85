//! What a format cannot hold, counted while a sky model is written.

/// Things of one kind that were left out or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// What became of them, in plain words.
    pub what: &'static str,
    /// How many components.
    pub count: u64,
    /// The name of the first, or its number.
    pub first: String,
}

/// All that a written sky model lacks or has otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    kinds: Vec<Loss>,
}

impl Losses {
    /// Counts a component of which something is lost.
    pub(super) fn add(&mut self, what: &'static str, name: &str) {
        match self.kinds.iter_mut().find(|loss| loss.what == what) {
            Some(loss) => loss.count += 1,
            None => self.kinds.push(Loss { what, count: 1, first: name.to_owned() }),
        }
    }

    /// The kinds, in the order they were met.
    pub fn kinds(&self) -> &[Loss] {
        &self.kinds
    }

    /// Whether nothing is lost.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }
}

impl std::fmt::Display for Loss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plural = if self.count == 1 { "component" } else { "components" };
        write!(f, "{} {plural} (the first is '{}'): {}", self.count, self.first, self.what)
    }
}

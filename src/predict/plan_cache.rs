//! The kernels in use: kept while rows ask for them, forgotten soon after.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A kernel is forgotten after as many questions for others as there are kernels, times this: a kernel that every block asks
/// for is asked for once among so many.
const PATIENCE: u64 = 4;

/// No kernel is forgotten before so many questions for others.
const LEAST: u64 = 64;

/// Values by key, of which those that nobody asks for any more are dropped: in a drift scan that ran for a day there are
/// thousands, of which a few are in use.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    entries: Mutex<Entries<K, V>>,
    /// The most that are kept.
    most: usize,
}

#[derive(Debug)]
struct Entries<K, V> {
    by_key: HashMap<K, (u64, Arc<V>)>,
    /// Questions so far.
    clock: u64,
}

impl<K: Copy + Eq + Hash, V: Default> Recent<K, V> {
    pub(super) fn new(most: usize) -> Recent<K, V> {
        Recent { entries: Mutex::new(Entries { by_key: HashMap::new(), clock: 0 }), most }
    }

    /// The value of `key`; a default where there was none.
    pub(super) fn get(&self, key: K) -> Arc<V> {
        let mut entries = locked(&self.entries);
        entries.clock += 1;
        let clock = entries.clock;
        if let Some((asked, value)) = entries.by_key.get_mut(&key) {
            *asked = clock;
            return Arc::clone(value);
        }
        let patience = (PATIENCE * entries.by_key.len() as u64).max(LEAST);
        entries.by_key.retain(|_, (asked, _)| clock - *asked <= patience);
        if entries.by_key.len() >= self.most
            && let Some(oldest) =
                entries.by_key.iter().min_by_key(|(_, (asked, _))| *asked).map(|(key, _)| *key)
        {
            entries.by_key.remove(&oldest);
        }
        let value = Arc::new(V::default());
        entries.by_key.insert(key, (clock, Arc::clone(&value)));
        value
    }

    /// The most that are kept.
    pub(super) fn most(&self) -> usize {
        self.most
    }
}

/// A lock whose data stay valid even if another thread panicked while holding it: caches only.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_asks_for_is_forgotten() {
        let recent: Recent<u32, u8> = Recent::new(1000);
        let first = recent.get(0);
        assert!(Arc::ptr_eq(&first, &recent.get(0)));
        // As blocks of a drift scan ask: several times for each pointing, then never again.
        for question in 0..2000 {
            recent.get(1 + question / 10);
        }
        let kept = locked(&recent.entries).by_key.len();
        assert!(kept < 20, "{kept}");
        assert!(!Arc::ptr_eq(&first, &recent.get(0)));
    }

    #[test]
    fn there_are_never_more_than_the_most() {
        let recent: Recent<u32, u8> = Recent::new(3);
        for key in 0..20 {
            recent.get(key);
            assert!(locked(&recent.entries).by_key.len() <= 3);
        }
        let last = recent.get(19);
        assert!(Arc::ptr_eq(&last, &recent.get(19)));
    }
}

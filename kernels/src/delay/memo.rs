//! What plans of the same channels have in common, whatever their spectra: made once, shared by their kin.

use super::band::{Class, Grid};
use super::basis::Basis;
use super::spectrum::{Fit, Samples};
use crate::simd::Line;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// Values by key, made where they are first asked for.
#[derive(Debug)]
pub struct Kept<K, V>(Mutex<HashMap<K, V>>);

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Kept<K, V> {
    /// The value of `key`. Threads that ask at once may each make it: it is the same.
    pub fn get(&self, key: K, make: impl FnOnce() -> V) -> V {
        if let Some(known) = self.look(&key) {
            return known;
        }
        let made = make();
        self.put(key, made.clone());
        made
    }

    /// The value of `key`, if there is one.
    pub fn look(&self, key: &K) -> Option<V> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// Keeps a value.
    pub fn put(&self, key: K, value: V) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, value);
    }
}

/// A band's first channel, the length of its grid, the number of terms, and the degree or the number of powers.
type Shape = (usize, usize, usize, usize);

/// How many powers a table has, and its lines.
type Table = (usize, Arc<Vec<Line>>);

/// What depends on the channels and ε alone, of every band. Keys begin with the band's first channel.
#[derive(Debug, Default)]
pub struct Memo {
    /// The number of terms that the spectra of the first plan needed.
    pub terms: Kept<usize, usize>,
    /// By number of terms.
    pub fits: Kept<(usize, usize), Arc<Fit>>,
    /// Samples of envelopes, if the band is narrow enough for any.
    pub samples: Kept<usize, Option<Arc<Samples>>>,
    /// By the bits of the oversampling.
    pub grids: Kept<(usize, u64), Arc<Grid>>,
    /// Kernels of points.
    pub bases: Kept<Shape, Arc<Basis>>,
    /// Shared kernels of Gaussians.
    pub tables: Kept<Shape, Table>,
    /// By length of the grid.
    pub classes: Kept<(usize, usize), Arc<Vec<Class>>>,
}

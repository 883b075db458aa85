//! The beams of an array whose dishes may differ.

use std::sync::Arc;

use super::{Beam, NoBeam, Offset};

/// The kinds of antennas of an array and which antenna is of which.
///
/// The factor on a source's flux density at a baseline is the product of the two antennas' voltage patterns;
/// where both are of one kind, that kind's power pattern.
#[derive(Clone, Debug)]
pub struct ArrayBeam {
    kinds: Vec<Arc<dyn Beam>>,
    /// The kind of each antenna; beyond its end they are of the first.
    antennas: Vec<usize>,
}

impl ArrayBeam {
    /// An array of antennas of one kind.
    pub fn uniform(beam: Arc<dyn Beam>) -> ArrayBeam {
        ArrayBeam { kinds: vec![beam], antennas: Vec::new() }
    }

    /// An array whose antenna `i` is of the kind `antennas[i]`, an index into `kinds`; none if `kinds` is
    /// empty or an index beyond it.
    pub fn new(kinds: Vec<Arc<dyn Beam>>, antennas: Vec<usize>) -> Option<ArrayBeam> {
        let sound = !kinds.is_empty() && antennas.iter().all(|kind| *kind < kinds.len());
        sound.then_some(ArrayBeam { kinds, antennas })
    }

    /// Antennas without a beam.
    pub fn none() -> ArrayBeam {
        ArrayBeam::uniform(Arc::new(NoBeam))
    }

    /// The number of kinds.
    pub fn kinds(&self) -> usize {
        self.kinds.len()
    }

    /// The pattern of a kind; of the first if there is no such kind.
    pub fn beam(&self, kind: usize) -> &dyn Beam {
        self.kinds.get(kind).unwrap_or(&self.kinds[0]).as_ref()
    }

    /// The kind of an antenna (ANTENNA1, ANTENNA2 of a row); the first for one that is not known.
    pub fn kind_of(&self, antenna: i32) -> usize {
        usize::try_from(antenna).ok().and_then(|antenna| self.antennas.get(antenna)).copied().unwrap_or(0)
    }

    /// The kinds of the two antennas of a baseline in ascending order: what its factor depends on.
    pub fn pair_of(&self, antenna1: i32, antenna2: i32) -> (usize, usize) {
        let (a, b) = (self.kind_of(antenna1), self.kind_of(antenna2));
        (a.min(b), a.max(b))
    }

    /// The factor on a source's flux density at `offset` and `frequency` [Hz] for a pair of kinds.
    pub fn product(&self, pair: (usize, usize), offset: Offset, frequency: f64) -> f64 {
        if pair.0 == pair.1 {
            return self.beam(pair.0).power(offset, frequency);
        }
        self.beam(pair.0).voltage(offset, frequency) * self.beam(pair.1).voltage(offset, frequency)
    }

    /// Multiplies a spectrum by the factor, faster than [`ArrayBeam::product`] channel by channel: `spectrum` and `frequencies` [Hz] are (channel).
    ///
    /// # Panics
    /// If the two differ in length.
    pub fn apply(&self, pair: (usize, usize), offset: Offset, frequencies: &[f64], spectrum: &mut [f64]) {
        assert_eq!(frequencies.len(), spectrum.len(), "one value per frequency");
        if pair.0 == pair.1 {
            return self.beam(pair.0).multiply(offset, frequencies, spectrum);
        }
        for (value, frequency) in spectrum.iter_mut().zip(frequencies) {
            *value *= self.product(pair, offset, *frequency);
        }
    }

    /// The radius of the widest kind ([`Beam::limit_radius`]) [rad] at the lowest of `frequencies` [Hz],
    /// where beams are widest; π without frequencies.
    pub fn limit_radius(&self, frequencies: &[f64], level: f64) -> f64 {
        let Some(lowest) = frequencies.iter().copied().min_by(f64::total_cmp) else {
            return std::f64::consts::PI;
        };
        self.kinds.iter().map(|kind| kind.limit_radius(lowest, level)).fold(0.0, f64::max)
    }

    /// Whether sources are left as they are.
    pub fn is_none(&self) -> bool {
        self.kinds.iter().all(|kind| kind.limit_radius(1e9, 1.0) >= std::f64::consts::PI)
    }

    /// One line for a report: every kind.
    pub fn description(&self) -> String {
        let kinds: Vec<String> = self.kinds.iter().map(|kind| kind.description()).collect();
        kinds.join("; ")
    }
}

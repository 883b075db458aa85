//! Directions near a direction, found quickly among many, anywhere on the sphere.

/// Unit vectors in cells of space: no seam at RA 0 and no crowding at the poles.
pub(super) struct Neighbours<'a> {
    vectors: &'a [[f64; 3]],
    /// The side of a cell: a ball of the reach touches two of them at most along each axis.
    cell: f64,
    /// Where the entries of each bucket begin, and one more.
    starts: Vec<u32>,
    /// The cell and the index of each vector, by bucket.
    entries: Vec<(u64, u32)>,
}

/// The cell that holds a place, as one number.
fn key(place: [i64; 3]) -> u64 {
    // Coordinates within ±1 over cells of at least 1e-6 need 21 bits.
    place.iter().fold(0, |key, at| (key << 21) | (*at as u64 & 0x1f_ffff))
}

/// The bucket of a cell, of a power of two of them.
fn bucket(key: u64, buckets: usize) -> usize {
    (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & (buckets - 1)
}

/// The square of the chord between two unit vectors.
pub(super) fn chord2(a: [f64; 3], b: [f64; 3]) -> f64 {
    (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2) + (a[2] - b[2]).powi(2)
}

/// The angle [rad] that a chord of this square spans.
fn angle(chord2: f64) -> f64 {
    2.0 * (0.5 * chord2.sqrt()).min(1.0).asin()
}

impl<'a> Neighbours<'a> {
    /// Sorts `vectors`, fewer than 2³², to be asked for what is within `reach` [rad].
    pub(super) fn new(vectors: &'a [[f64; 3]], reach: f64) -> Self {
        let cell = (2.0 * reach).max(1e-5);
        let buckets = vectors.len().next_power_of_two();
        let keys: Vec<u64> = vectors.iter().map(|v| key(v.map(|x| (x / cell).floor() as i64))).collect();
        let mut starts = vec![0u32; buckets + 1];
        keys.iter().for_each(|key| starts[bucket(*key, buckets) + 1] += 1);
        for at in 0..buckets {
            starts[at + 1] += starts[at];
        }
        let mut next = starts.clone();
        let mut entries = vec![(0, 0); keys.len()];
        for (index, key) in keys.into_iter().enumerate() {
            let place = &mut next[bucket(key, buckets)];
            entries[*place as usize] = (key, index as u32);
            *place += 1;
        }
        Neighbours { vectors, cell, starts, entries }
    }

    /// Tells `found` the index and the distance [rad] of every vector within `radius` [rad], at most the reach.
    pub(super) fn within(&self, of: [f64; 3], radius: f64, mut found: impl FnMut(usize, f64)) {
        let limit = (2.0 * (0.5 * radius).sin()).powi(2);
        let cells = |x: f64| {
            let at = |x: f64| (x / self.cell).floor() as i64;
            at(x - radius)..=at(x + radius)
        };
        let buckets = self.starts.len() - 1;
        for x in cells(of[0]) {
            for y in cells(of[1]) {
                for z in cells(of[2]) {
                    let wanted = key([x, y, z]);
                    let at = bucket(wanted, buckets);
                    for (key, index) in &self.entries[self.starts[at] as usize..self.starts[at + 1] as usize]
                    {
                        let distance = chord2(of, self.vectors[*index as usize]);
                        if *key == wanted && distance <= limit {
                            found(*index as usize, angle(distance));
                        }
                    }
                }
            }
        }
    }
}

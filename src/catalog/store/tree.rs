//! The R*Tree of a whole catalogue, packed at once.
//!
//! SQLite's own insertion of one row after the other takes several times as long as all the rest of an
//! import, and leaves nodes half full. Here the points are put in order by halving them along the axis in
//! which they spread furthest, which fills every node with neighbours, and the nodes are written as "The
//! SQLite R*Tree Module", section 5.1 ("Shadow Tables") has them: a node is its depth (the root's; zero in
//! all others), its number of cells and the cells, each a row or node number and the lower and upper bound in
//! every dimension, all of them big-endian. SQLite's `rtreecheck()` finds nothing wrong with it.

use rusqlite::{Connection, params};

/// A place in the tree: a unit vector as single precision has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    at: [f32; 3],
    id: u32,
}

impl Point {
    /// A row's place.
    pub fn new(at: [f64; 3], id: u32) -> Self {
        Point { at: at.map(|x| x as f32), id }
    }

    /// Bounds within which the vector lies in double precision.
    fn bounds(&self) -> Bounds {
        Bounds { low: self.at.map(f32::next_down), high: self.at.map(f32::next_up) }
    }
}

/// A box.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    low: [f32; 3],
    high: [f32; 3],
}

impl Bounds {
    fn around(of: impl Iterator<Item = Bounds>) -> Self {
        let nothing = Bounds { low: [f32::INFINITY; 3], high: [f32::NEG_INFINITY; 3] };
        of.fold(nothing, |all, one| Bounds {
            low: std::array::from_fn(|axis| all.low[axis].min(one.low[axis])),
            high: std::array::from_fn(|axis| all.high[axis].max(one.high[axis])),
        })
    }
}

/// Bytes of a cell: its number, and two bounds in each of three dimensions.
const CELL: usize = 8 + 2 * 3 * 4;

/// Bytes before the first cell.
const HEAD: usize = 4;

/// A node with its cells.
struct Node {
    bytes: Vec<u8>,
    cells: u16,
    bounds: Vec<Bounds>,
}

impl Node {
    fn new(size: usize, depth: u16) -> Self {
        let mut bytes = Vec::with_capacity(size);
        bytes.extend(depth.to_be_bytes());
        bytes.extend([0, 0]);
        Node { bytes, cells: 0, bounds: Vec::new() }
    }

    fn push(&mut self, number: i64, bounds: Bounds) {
        self.bytes.extend(number.to_be_bytes());
        for (low, high) in bounds.low.into_iter().zip(bounds.high) {
            self.bytes.extend(low.to_be_bytes());
            self.bytes.extend(high.to_be_bytes());
        }
        self.cells += 1;
        self.bounds.push(bounds);
    }

    /// The node as it is stored, and the box about it.
    fn finish(mut self, size: usize) -> (Vec<u8>, Bounds) {
        self.bytes[2..4].copy_from_slice(&self.cells.to_be_bytes());
        self.bytes.resize(size, 0);
        (self.bytes, Bounds::around(self.bounds.into_iter()))
    }
}

/// Puts neighbours together: every `capacity` points in a row fill a node.
fn arrange(points: &mut [Point], capacity: usize) {
    let nodes = points.len().div_ceil(capacity);
    if nodes <= 1 {
        return;
    }
    let bounds = Bounds::around(points.iter().map(|point| Bounds { low: point.at, high: point.at }));
    let spread = |axis: &usize| bounds.high[*axis] - bounds.low[*axis];
    let axis = (0..3).max_by(|a, b| spread(a).total_cmp(&spread(b))).unwrap_or(0);
    let half = nodes / 2 * capacity;
    points.select_nth_unstable_by(half, |a, b| a.at[axis].total_cmp(&b.at[axis]).then(a.id.cmp(&b.id)));
    let (left, right) = points.split_at_mut(half);
    rayon::join(|| arrange(left, capacity), || arrange(right, capacity));
}

/// Fills the empty R*Tree `places` with points, whose ids are 1, 2, 3, … in some order.
pub(super) fn fill(connection: &Connection, mut points: Vec<Point>) -> rusqlite::Result<()> {
    let size: usize =
        connection
            .query_row("SELECT length(data) FROM places_node WHERE nodeno = 1", [], |row| row.get(0))?;
    let capacity = (size - HEAD) / CELL;
    arrange(&mut points, capacity);
    // The numbers of the nodes on every level, leaves first; the root alone is number 1.
    let mut counts = vec![points.len().div_ceil(capacity).max(1)];
    while let Some(last) = counts.last().copied().filter(|count| *count > 1) {
        counts.push(last.div_ceil(capacity));
    }
    let levels = counts.len();
    let first: Vec<i64> =
        (0..levels)
            .map(|level| {
                if level + 1 == levels {
                    1
                } else {
                    2 + counts[..level].iter().map(|n| *n as i64).sum::<i64>()
                }
            })
            .collect();
    let depth = |level: usize| if level + 1 == levels { (levels - 1) as u16 } else { 0 };

    let mut node = connection.prepare("INSERT OR REPLACE INTO places_node (nodeno, data) VALUES (?, ?)")?;
    let mut parent = connection.prepare("INSERT INTO places_parent (nodeno, parentnode) VALUES (?, ?)")?;
    let mut homes = vec![0u32; points.len() + 1];
    let mut below: Vec<Bounds> = Vec::with_capacity(counts[0]);
    for leaf in 0..counts[0] {
        let number = first[0] + leaf as i64;
        let mut cells = Node::new(size, depth(0));
        for point in points.iter().skip(leaf * capacity).take(capacity) {
            cells.push(i64::from(point.id), point.bounds());
            homes[point.id as usize] = number as u32;
        }
        let (bytes, bounds) = cells.finish(size);
        node.execute(params![number, bytes])?;
        below.push(bounds);
    }
    drop(points);
    for level in 1..levels {
        let mut above = Vec::with_capacity(counts[level]);
        for (index, children) in below.chunks(capacity).enumerate() {
            let number = first[level] + index as i64;
            let mut cells = Node::new(size, depth(level));
            for (place, bounds) in children.iter().enumerate() {
                let child = first[level - 1] + (index * capacity + place) as i64;
                cells.push(child, *bounds);
                parent.execute([child, number])?;
            }
            let (bytes, bounds) = cells.finish(size);
            node.execute(params![number, bytes])?;
            above.push(bounds);
        }
        below = above;
    }
    let mut home = connection.prepare("INSERT INTO places_rowid (rowid, nodeno) VALUES (?, ?)")?;
    for (id, number) in homes.iter().enumerate().skip(1) {
        home.execute([id as i64, i64::from(*number)])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SQLite's own check of the tree, at every depth there is, and every place found in its box.
    #[test]
    fn sqlite_finds_nothing_wrong_with_the_tree() {
        for count in [0u32, 1, 51, 52, 2601, 2602, 140_000] {
            let connection = Connection::open_in_memory().unwrap();
            connection
                .execute_batch("CREATE VIRTUAL TABLE places USING rtree(id, x0, x1, y0, y1, z0, z1)")
                .unwrap();
            let turn = |id: u32, by: f64| (f64::from(id) * by).fract() * 2.0 - 1.0;
            let at = |id: u32| {
                let (z, angle) = (turn(id, 0.754_877_666), turn(id, 0.569_840_291) * 3.2);
                let r = (1.0 - z * z).sqrt();
                [r * angle.cos(), r * angle.sin(), z]
            };
            fill(&connection, (1..=count).map(|id| Point::new(at(id), id)).collect()).unwrap();
            let verdict: String =
                connection.query_row("SELECT rtreecheck('places')", [], |row| row.get(0)).unwrap();
            assert_eq!(verdict, "ok", "{count}");
            let all: u32 = connection.query_row("SELECT count(*) FROM places", [], |row| row.get(0)).unwrap();
            assert_eq!(all, count);
            let query = "SELECT count(*) FROM places WHERE x1 >= ?1 AND x0 <= ?1 AND y1 >= ?2 AND y0 <= ?2 \
                         AND z1 >= ?3 AND z0 <= ?3 AND id = ?4";
            for id in (1..=count).step_by(997) {
                let [x, y, z] = at(id);
                let found: u32 = connection.query_row(query, params![x, y, z, id], |row| row.get(0)).unwrap();
                assert_eq!(found, 1, "{id} of {count}");
            }
        }
    }
}

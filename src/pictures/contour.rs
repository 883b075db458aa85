//! Lines of equal value over a grid.

/// A function on a square grid: `count` values each way from −`half` to `half`, first x, then y.
pub(super) struct Grid {
    half: f64,
    count: usize,
    values: Vec<f64>,
}

impl Grid {
    /// The values of `value(x, y)`.
    pub(super) fn new(half: f64, count: usize, value: impl Fn(f64, f64) -> f64) -> Grid {
        let count = count.max(2);
        let at = |k: usize| half * (2.0 * k as f64 / (count - 1) as f64 - 1.0);
        let values = (0..count * count).map(|k| value(at(k % count), at(k / count))).collect();
        Grid { half, count, values }
    }

    fn at(&self, x: usize, y: usize) -> (f64, [f64; 2]) {
        let place = |k: usize| self.half * (2.0 * k as f64 / (self.count - 1) as f64 - 1.0);
        (self.values[y * self.count + x], [place(x), place(y)])
    }

    /// The lines where the function is `level`, each a chain of points (x, y).
    pub(super) fn lines(&self, level: f64) -> Vec<Vec<[f64; 2]>> {
        let mut steps = Vec::new();
        for y in 0..self.count - 1 {
            for x in 0..self.count - 1 {
                let corners = [self.at(x, y), self.at(x + 1, y), self.at(x + 1, y + 1), self.at(x, y + 1)];
                // Two triangles leave no doubt which crossings belong together.
                for triangle in [[0, 1, 2], [0, 2, 3]] {
                    let crossings: Vec<[f64; 2]> = (0..3)
                        .filter_map(|k| crossing(corners[triangle[k]], corners[triangle[(k + 1) % 3]], level))
                        .collect();
                    if let [a, b] = crossings[..]
                        && a != b
                    {
                        steps.push([a, b]);
                    }
                }
            }
        }
        chained(steps)
    }
}

/// Where a side crosses the level.
fn crossing(a: (f64, [f64; 2]), b: (f64, [f64; 2]), level: f64) -> Option<[f64; 2]> {
    if (a.0 >= level) == (b.0 >= level) {
        return None;
    }
    // From the lower corner on, so that both triangles of a side find the same point.
    let (low, high) = if (a.1[1], a.1[0]) < (b.1[1], b.1[0]) { (a, b) } else { (b, a) };
    let part = (level - low.0) / (high.0 - low.0);
    // A corner that is the level itself must be the same point from all sides.
    if part <= 0.0 || part >= 1.0 {
        return Some(if part <= 0.0 { low.1 } else { high.1 });
    }
    Some([low.1[0] + part * (high.1[0] - low.1[0]), low.1[1] + part * (high.1[1] - low.1[1])])
}

/// Steps joined where they meet.
fn chained(steps: Vec<[[f64; 2]; 2]>) -> Vec<Vec<[f64; 2]>> {
    use std::collections::HashMap;
    let key = |point: [f64; 2]| point.map(f64::to_bits);
    let mut meeting: HashMap<[u64; 2], Vec<usize>> = HashMap::new();
    for (index, step) in steps.iter().enumerate() {
        step.iter().for_each(|end| meeting.entry(key(*end)).or_default().push(index));
    }
    let mut used = vec![false; steps.len()];
    let mut lines = Vec::new();
    let next = |end: [f64; 2], used: &mut [bool]| -> Option<[f64; 2]> {
        let index = *meeting.get(&key(end))?.iter().find(|index| !used[**index])?;
        used[index] = true;
        let [a, b] = steps[index];
        Some(if key(a) == key(end) { b } else { a })
    };
    for index in 0..steps.len() {
        if std::mem::replace(&mut used[index], true) {
            continue;
        }
        let mut line = steps[index].to_vec();
        for _ in 0..2 {
            while let Some(point) = line.last().copied().and_then(|end| next(end, &mut used)) {
                line.push(point);
            }
            line.reverse();
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_is_one_closed_line() {
        let grid = Grid::new(2.0, 101, |x, y| 2.0 - x.hypot(y));
        let lines = grid.lines(1.0);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].first(), lines[0].last());
        assert!(lines[0].iter().all(|p| (p[0].hypot(p[1]) - 1.0).abs() < 1e-3));
        assert!(grid.lines(3.0).is_empty());
    }
}

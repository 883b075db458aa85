//! Where a pattern falls below a level for good.

/// The largest x in [0, `end`] where `power` reaches `level`, to about 1e-12 of `end`; 0 if it does nowhere.
///
/// `step` must be well below the width of a lobe: lobes that rise above `level` only between two steps are
/// missed, and those are within a small part of `level`.
pub(super) fn outermost(power: impl Fn(f64) -> f64, end: f64, step: f64, level: f64) -> f64 {
    if power(end) >= level {
        return end;
    }
    let steps = (end / step).ceil().max(1.0);
    // Written with an index so that rounding does not add up.
    let at = |index: f64| (end * index / steps).max(0.0);
    let mut index = steps;
    while index > 0.0 && power(at(index - 1.0)) < level {
        index -= 1.0;
    }
    if index <= 0.0 {
        return 0.0;
    }
    let (mut inside, mut outside) = (at(index - 1.0), at(index));
    for _ in 0..200 {
        let middle = 0.5 * (inside + outside);
        if middle <= inside || middle >= outside {
            break;
        }
        if power(middle) >= level {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    // The outer end: whatever lies further out is below the level.
    outside
}

#[cfg(test)]
mod tests {
    use super::outermost;

    #[test]
    fn the_last_crossing_is_found() {
        let wave = |x: f64| (-0.1 * x).exp() * x.cos().powi(2);
        let found = outermost(wave, 100.0, 0.05, 0.5);
        assert!((wave(found) - 0.5).abs() < 1e-12);
        assert!((0..10_000).map(|i| found + 1e-9 + f64::from(i) * 1e-2).all(|x| wave(x) < 0.5));
        assert_eq!(outermost(wave, 100.0, 0.05, 1.5), 0.0);
        assert_eq!(outermost(wave, 100.0, 0.05, 0.0), 100.0);
    }
}

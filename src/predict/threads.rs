//! Lists filled by threads of their own, where those of the pool may be waiting for the result.

/// Fills `to`, of `width` values for each of `from`; every thread has a state of its own.
pub(super) fn fill<A: Sync, B: Send, S>(
    threads: usize,
    from: &[A],
    to: &mut [B],
    width: usize,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &A, &mut [B]) + Sync,
) {
    /// Fewer are not worth a thread.
    const LEAST: usize = 4096;
    let part = from.len().div_ceil(threads.max(1)).max(LEAST);
    let run = |from: &[A], to: &mut [B]| {
        let mut state = state();
        from.iter().zip(to.chunks_mut(width.max(1))).for_each(|(from, to)| work(&mut state, from, to));
    };
    if from.len() <= part {
        return run(from, to);
    }
    std::thread::scope(|scope| {
        for (from, to) in from.chunks(part).zip(to.chunks_mut(part * width.max(1))) {
            let run = &run;
            scope.spawn(move || run(from, to));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_filled_by_its_own() {
        for count in [0, 1, 4096, 10_000] {
            let from: Vec<usize> = (0..count).collect();
            let mut to = vec![[usize::MAX; 1]; 2 * count];
            fill(3, &from, &mut to, 2, || (), |(), from, to| to.fill([*from]));
            assert!(to.iter().enumerate().all(|(i, to)| to[0] == i / 2));
        }
    }
}

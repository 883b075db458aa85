//! What holds for every mix of correlations and for every way of cutting rows into blocks.

use kernels::Complex64;
use proptest::prelude::*;

use super::block::{Action, Block};
use super::correlate::mix;
use super::pipeline::Blocks;
use crate::ms::CellShape;

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// I, Q, U and V come back from the four products of either kind of feed, in whatever order these are.
    #[test]
    fn stokes_come_back_from_correlations(stokes in prop::array::uniform4(-10.0..10.0f64),
                                          codes in Just(vec![5, 6, 7, 8, 9, 10, 11, 12]).prop_shuffle()) {
        let mix = mix(&codes).unwrap();
        let values: Vec<Complex64> = (0..8).map(|n| mix.apply(n, &stokes.map(|x| Complex64::new(x, 0.0)))).collect();
        let of = |code: i32| values[codes.iter().position(|c| *c == code).unwrap()];
        let half = |a: Complex64, b: Complex64| (a + b) / 2.0;
        let i = Complex64::new(0.0, 1.0);
        let linear = [half(of(9), of(12)), half(of(9), -of(12)), half(of(10), of(11)), half(of(10), -of(11)) / i];
        let circular = [half(of(5), of(8)), half(of(6), of(7)), half(of(6), -of(7)) / i, half(of(5), -of(8))];
        for found in [linear, circular] {
            for (found, expected) in found.iter().zip(stokes) {
                prop_assert!((found - expected).norm() < 1e-9, "{found} {expected}");
            }
        }
    }

    /// Blocks are never empty, never more than the memory, and whole tiles wherever four of them fit.
    #[test]
    fn blocks_fit_the_memory(row_bytes in 0..4_000_000usize, tile_rows in 1..20_000usize, threads in 1..200usize,
                             memory in 1usize..1 << 34, keeps_old: bool, wanted in prop::option::of(1..10_000usize)) {
        let blocks = Blocks::new(row_bytes, tile_rows, threads, memory, keeps_old, wanted);
        prop_assert!(blocks.rows >= 1 && (2..=threads + 4).contains(&blocks.count));
        let bytes = row_bytes.max(1) * if keeps_old { 2 } else { 1 };
        let fits = 4 * bytes <= memory;
        prop_assert!(!fits || blocks.rows * bytes * blocks.count <= memory, "{blocks:?}");
        prop_assert!(4 * tile_rows * bytes > memory || blocks.rows.is_multiple_of(tile_rows), "{blocks:?}");
    }

    /// The runs of a block are in order, apart or unlike, of one action's rows, and lie where the rows lie.
    #[test]
    fn runs_are_the_rows_that_are_wanted(rows in prop::collection::vec((0..3u8, 1..4usize, 0..3usize), 0..60)) {
        let actions: Vec<Action> = rows.iter().map(|row| [Action::Predict, Action::Keep, Action::Zero][row.0 as usize]).collect();
        let shapes: Vec<CellShape> = rows.iter().map(|row| CellShape { channels: row.1, correlations: row.2 }).collect();
        let block = Block { actions: actions.clone(), shapes: shapes.clone(), ..Block::default() };
        let runs = block.runs(|action| action == Action::Predict);
        let covered: Vec<usize> = runs.iter().flat_map(|run| run.first..run.first + run.rows).collect();
        let wanted: Vec<usize> = (0..rows.len()).filter(|row| actions[*row] == Action::Predict).collect();
        prop_assert_eq!(covered, wanted);
        for run in &runs {
            prop_assert!(shapes[run.first..run.first + run.rows].iter().all(|shape| *shape == run.shape));
            prop_assert_eq!(run.offset, shapes[..run.first].iter().map(|shape| shape.len()).sum::<usize>());
            prop_assert!(run.range().end <= block.visibilities());
        }
        prop_assert!(runs.windows(2).all(|pair| pair[0].first + pair[0].rows < pair[1].first || pair[0].shape != pair[1].shape));
    }
}

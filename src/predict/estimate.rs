//! How long a prediction will take: some of its blocks are computed, and nothing is written.

use std::collections::HashSet;
use std::ops::Range;
use std::time::{Duration, Instant};

use casacore::Table;
use num_complex::Complex32;
use rayon::ThreadPool;

use super::block::{Action, Block};
use super::error::Result;
use super::job::Mode;
use super::joint::Bundles;
use super::pipeline::{Blocks, RowSelection};
use super::plan::{Key, Plan};
use crate::ms::{CellShape, RowBlock, RowSurvey};

/// Blocks that are tried.
const BLOCKS: u64 = 5;

/// How long is tried in all, if a block is not longer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The seconds that `plan` will compute for, all threads together at work, by the time that blocks spread over the rows take:
/// once with making the kernels, once without. Kernels that rows share are made once.
pub(super) fn estimate(
    table: &Table,
    plan: &Plan,
    (bundles, survey): (&Bundles, &RowSurvey),
    selection: &RowSelection,
    visited: Range<u64>,
    blocks: Blocks,
    pool: &ThreadPool,
) -> Result<f64> {
    // Rows of spectral windows that go together are predicted once.
    let mut leading = selection.clone();
    leading.used.retain(|pair| bundles.leads(pair.1));
    for (data_desc, shape) in &mut leading.shapes {
        *shape = bundles.shape(*data_desc).unwrap_or(*shape);
    }
    let selection = &leading;
    let predicted: u64 =
        leading.used.iter().filter_map(|pair| survey.used.get(pair)).map(|usage| usage.rows).sum();
    let rows = visited.end - visited.start;
    let begun = Instant::now();
    let (mut tried, mut computing) = (0u64, 0.0);
    let (mut kernels, mut making) = (HashSet::<Key>::new(), 0.0);
    for k in 0..BLOCKS {
        let start = visited.start + (rows * k / BLOCKS) / blocks.rows as u64 * blocks.rows as u64;
        let end = visited.end.min(start + blocks.rows as u64);
        let mut block = read(table, plan, selection, start..end)?;
        let known = kernels.len();
        kernels.extend(
            (0..block.rows.len())
                .filter(|i| block.actions[*i] == Action::Predict)
                .map(|i| plan.key(&block.rows, i)),
        );
        let mut once = || -> Result<f64> {
            let clock = Instant::now();
            pool.install(|| block.compute(plan, Mode::Replace))?;
            Ok(clock.elapsed().as_secs_f64())
        };
        let first = once()?;
        let second = once()?;
        computing += second;
        making += if kernels.len() > known { (first - second).max(0.0) } else { 0.0 };
        tried += block.actions.iter().filter(|action| **action == Action::Predict).count() as u64;
        if begun.elapsed() > PATIENCE {
            break;
        }
    }
    if tried == 0 {
        return Ok(0.0);
    }
    let all = count_kernels(table, plan, selection, visited)?;
    Ok(computing / tried as f64 * predicted as f64 + making / kernels.len().max(1) as f64 * all as f64)
}

fn read(table: &Table, plan: &Plan, selection: &RowSelection, rows: Range<u64>) -> Result<Block> {
    let rows = RowBlock::read(table, rows, plan.needs_exposure())?;
    let mut block = Block::default();
    for (i, (field, data_desc)) in rows.field.iter().zip(&rows.data_desc).enumerate() {
        let chosen = selection.has(rows.start + i as u64, *field, *data_desc);
        block.actions.push(if chosen { Action::Predict } else { Action::Keep });
        let shape = selection.shapes.get(data_desc).copied();
        block.shapes.push(shape.unwrap_or(CellShape { channels: 0, correlations: 0 }));
    }
    block.rows = rows;
    // As blocks that go round have it: their memory is there already.
    block.data = vec![Complex32::default(); block.visibilities()];
    Ok(block)
}

/// How many kernels the rows need.
fn count_kernels(table: &Table, plan: &Plan, selection: &RowSelection, rows: Range<u64>) -> Result<usize> {
    const ROWS: u64 = 1 << 15;
    let mut keys = HashSet::new();
    for start in rows.clone().step_by(ROWS as usize) {
        let block = RowBlock::read(table, start..rows.end.min(start + ROWS), false)?;
        let chosen = (0..block.len())
            .filter(|i| selection.has(start + *i as u64, block.field[*i], block.data_desc[*i]));
        keys.extend(chosen.map(|i| plan.key(&block, i)));
    }
    Ok(keys.len())
}

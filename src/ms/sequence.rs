//! The rows of each DATA_DESC_ID in their order, and which of them are the same rows: the spectral windows of one integration
//! and baseline mostly are.

use std::collections::BTreeMap;
use std::ops::Range;

use twox_hash::XxHash3_128;

use super::rows::RowBlock;

/// Ascending row numbers, kept as runs of evenly spaced ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowList {
    runs: Vec<Run>,
    len: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    /// Rows of the list before the run.
    place: u64,
    first: u64,
    step: u64,
    count: u64,
}

impl RowList {
    /// Adds a row after all that are there.
    fn push(&mut self, row: u64) {
        match self.runs.last_mut() {
            Some(run) if run.count == 1 => {
                run.step = row - run.first;
                run.count = 2;
            }
            Some(run) if row == run.first + run.step * run.count => run.count += 1,
            _ => self.runs.push(Run { place: self.len, first: row, step: 1, count: 1 }),
        }
        self.len += 1;
    }

    /// Adds rows that follow one another, after all that are there.
    fn extend(&mut self, rows: Range<u64>) {
        for row in rows.clone() {
            if let Some(run) = self.runs.last_mut().filter(|run| run.count > 1 && run.step == 1)
                && run.first + run.count == row
            {
                run.count += rows.end - row;
                self.len += rows.end - row;
                return;
            }
            self.push(row);
        }
    }

    /// How many rows.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The row numbers at the places `range` of the list, as far as it goes.
    pub fn numbers(&self, range: Range<u64>) -> impl Iterator<Item = u64> + '_ {
        let begin = self.runs.partition_point(|run| run.place + run.count <= range.start);
        self.runs[begin..].iter().take_while(move |run| run.place < range.end).flat_map(move |run| {
            let from = range.start.saturating_sub(run.place);
            let to = run.count.min(range.end - run.place);
            (from..to).map(|i| run.first + run.step * i)
        })
    }
}

/// The rows of a DATA_DESC_ID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// Their numbers.
    pub rows: RowList,
    /// XXH3 of 128 bits over each column that is predicted from: the same for the same values in the same order.
    pub digest: [u128; COLUMNS],
}

/// FIELD_ID, the antennas, TIME, EXPOSURE and UVW.
const COLUMNS: usize = 6;

/// More runs than this are not kept: the rows are in no order then, and their numbers would fill the memory.
const MOST_RUNS: usize = 1 << 17;

/// Collects the [`Sequence`]s while the rows pass.
#[derive(Default)]
pub(super) struct Collector {
    of: BTreeMap<i32, (RowList, [XxHash3_128; COLUMNS])>,
    given_up: bool,
}

impl Collector {
    /// Adds the rows `range` of a block, which have one DATA_DESC_ID.
    pub(super) fn add(&mut self, block: &RowBlock, range: Range<usize>) {
        if self.given_up || range.is_empty() {
            return;
        }
        let (list, hashers) = self.of.entry(block.data_desc[range.start]).or_default();
        list.extend(block.start + range.start as u64..block.start + range.end as u64);
        // Each column for itself: what comes together depends on the order of the rows of others.
        let columns: [&[u8]; COLUMNS] = [
            bytemuck::cast_slice(&block.field[range.clone()]),
            bytemuck::cast_slice(&block.antenna1[range.clone()]),
            bytemuck::cast_slice(&block.antenna2[range.clone()]),
            bytemuck::cast_slice(&block.time[range.clone()]),
            bytemuck::cast_slice(block.exposure.get(range.clone()).unwrap_or_default()),
            bytemuck::cast_slice(&block.uvw[range]),
        ];
        hashers.iter_mut().zip(columns).for_each(|(hasher, bytes)| hasher.write(bytes));
    }

    /// To be called from time to time: stops where the rows are in no order.
    pub(super) fn look(&mut self) {
        if self.of.values().map(|(list, _)| list.runs.len()).sum::<usize>() > MOST_RUNS {
            *self = Collector { given_up: true, ..Collector::default() };
        }
    }

    /// By DATA_DESC_ID; empty where the rows are in no order.
    pub(super) fn finish(self) -> BTreeMap<i32, Sequence> {
        let made = |(rows, hashers): (RowList, [XxHash3_128; COLUMNS])| Sequence {
            rows,
            digest: hashers.map(|hasher| hasher.finish_128()),
        };
        self.of.into_iter().map(|(data_desc, parts)| (data_desc, made(parts))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_give_back_what_they_were_given() {
        let evenly: Vec<u64> = (0..50).map(|i| 3 + 16 * i).collect();
        let blocks: Vec<u64> = (0..7).flat_map(|block| (0..9).map(move |i| 100 * block + i)).collect();
        let odd = vec![0, 1, 5, 6, 8, 13, 14, 15, 16, 90, 91, 1000];
        for (numbers, most) in [(evenly, 1), (blocks, 7), (odd, 6), (vec![], 0), (vec![4], 1)] {
            let mut list = RowList::default();
            numbers.iter().for_each(|row| list.push(*row));
            assert!(list.runs.len() <= most, "{:?}", list.runs);
            assert_eq!(list.len(), numbers.len() as u64);
            let mut extended = RowList::default();
            numbers
                .chunk_by(|a, b| a + 1 == *b)
                .for_each(|rows| extended.extend(rows[0]..rows[0] + rows.len() as u64));
            assert_eq!(extended, list);
            for from in 0..=numbers.len() {
                for to in from..=numbers.len() {
                    let part: Vec<u64> = list.numbers(from as u64..to as u64).collect();
                    assert_eq!(part, numbers[from..to], "{from}..{to}");
                }
            }
            assert_eq!(list.numbers(0..u64::MAX).count(), numbers.len());
        }
    }

    /// Rows of `windows` DATA_DESC_IDs, window after window in each of three integrations.
    fn rows(windows: i32) -> RowBlock {
        let mut block = RowBlock::default();
        for (time, window, baseline) in
            (0..3).flat_map(|t| (0..windows).flat_map(move |w| (0..4).map(move |b| (t, w, b))))
        {
            block.uvw.push([f64::from(time), f64::from(baseline), 0.5]);
            block.field.push(time);
            block.data_desc.push(window);
            block.antenna1.push(baseline / 2);
            block.antenna2.push(baseline % 2);
            block.time.push(f64::from(time));
        }
        block
    }

    fn collected(block: &RowBlock, cuts: usize) -> BTreeMap<i32, Sequence> {
        let mut collector = Collector::default();
        for start in (0..block.len()).step_by(cuts) {
            for i in start..(start + cuts).min(block.len()) {
                collector.add(block, i..i + 1);
            }
            collector.look();
        }
        collector.finish()
    }

    #[test]
    fn digests_tell_rows_apart_however_they_are_cut() {
        let block = rows(3);
        let one = collected(&block, 1);
        assert!(one.values().all(|sequence| sequence.digest == one[&0].digest && sequence.rows.len() == 12));
        let mut whole = Collector::default();
        (0..9).for_each(|part| whole.add(&block, 4 * part..4 * part + 4));
        assert_eq!(whole.finish(), one);
        let changes: [fn(&mut RowBlock); 5] = [
            |block| block.uvw[17][2] = f64::NAN,
            |block| block.time[17] += 1.0,
            |block| block.field[17] += 1,
            |block| block.antenna1[17] += 1,
            |block| block.antenna2[17] += 1,
        ];
        for change in changes {
            let mut block = rows(3);
            change(&mut block);
            let found = collected(&block, 5);
            assert_eq!(found[&0].digest, one[&0].digest);
            assert_ne!(found[&0].digest, found[&block.data_desc[17]].digest);
        }
    }

    #[test]
    fn rows_in_no_order_are_given_up() {
        let mut collector = Collector::default();
        let block = rows(1);
        let mut list = RowList::default();
        (0..=MOST_RUNS as u64).for_each(|i| {
            list.push(10 * i * i);
            list.push(10 * i * i + 1);
        });
        collector.of.insert(0, (list, Default::default()));
        collector.look();
        collector.add(&block, 0..4);
        assert!(collector.finish().is_empty());
    }
}

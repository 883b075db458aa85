//! The digest of a column, the same in whatever order its rows come.

use std::collections::BTreeSet;
use std::ops::Range;

use casacore::Table;
use ndarray::ArrayViewMut3;
use num_complex::Complex32;
use twox_hash::XxHash3_128;

use super::error::Result;
use crate::stall::doing;

/// Bytes that are read at a time.
const CHUNK: usize = 8 << 20;

/// The sum, modulo 2¹²⁸, of the XXH3-128 of every row's visibilities with the row's number for a seed: blocks of rows can be
/// added as they are written, and rows that change places are noticed. The bytes are those of little-endian machines,
/// whatever the table's are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ColumnDigest(u128);

impl ColumnDigest {
    /// Adds a row.
    pub fn add(&mut self, row: u64, data: &[Complex32]) {
        let hash = if cfg!(target_endian = "little") {
            XxHash3_128::oneshot_with_seed(row, bytemuck::cast_slice(data))
        } else {
            let bytes: Vec<u8> =
                bytemuck::cast_slice(data).iter().flat_map(|word: &f32| word.to_le_bytes()).collect();
            XxHash3_128::oneshot_with_seed(row, &bytes)
        };
        self.0 = self.0.wrapping_add(hash);
    }

    /// Adds the rows of another.
    pub fn join(&mut self, other: ColumnDigest) {
        self.0 = self.0.wrapping_add(other.0);
    }

    /// As 32 hexadecimal digits.
    pub fn hex(self) -> String {
        format!("{:032x}", self.0)
    }

    /// From 32 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<ColumnDigest> {
        (text.len() == 32).then(|| u128::from_str_radix(text, 16).ok().map(ColumnDigest))?
    }

    /// That of those of the rows `range` of column `column` that are of these (FIELD_ID, DATA_DESC_ID), all where there are
    /// none, and their number. The column is read as a stream; a row without a value counts for nothing.
    ///
    /// # Errors
    /// Any error of casacore.
    pub fn of_column(
        ms: &Table,
        column: &str,
        pairs: &BTreeSet<(i32, i32)>,
        range: Range<u64>,
    ) -> Result<(ColumnDigest, u64)> {
        let (mut digest, mut count) = (ColumnDigest::default(), 0);
        let (rows, mut row) = (range.end.min(ms.row_count()), range.start);
        let mut buffer = Vec::new();
        while row < rows {
            let _doing = doing("while reading the model column of", ms.path());
            let Some(shape) = ms.cell_shape(column, row)? else {
                row += 1;
                continue;
            };
            let [channels, correlations] = shape[..] else {
                row += 1;
                continue;
            };
            let length = channels * correlations;
            let most = (CHUNK / (length * size_of::<Complex32>()).max(1)).max(1) as u64;
            let mut end = row + 1;
            while end < rows.min(row + most) && ms.cell_shape(column, end)?.as_deref() == Some(&shape) {
                end += 1;
            }
            let chosen = chosen(ms, row..end, pairs)?;
            buffer.resize((end - row) as usize * length, Complex32::default());
            if let Ok(view) =
                ArrayViewMut3::from_shape(((end - row) as usize, channels, correlations), &mut buffer)
            {
                ms.cells_into(column, row, view.into_dyn())?;
            }
            for ((row, data), chosen) in (row..end).zip(buffer.chunks_exact(length.max(1))).zip(chosen) {
                if chosen {
                    digest.add(row, data);
                    count += 1;
                }
            }
            row = end;
        }
        Ok((digest, count))
    }
}

/// Which of the rows are of these pairs.
fn chosen(ms: &Table, rows: Range<u64>, pairs: &BTreeSet<(i32, i32)>) -> Result<Vec<bool>> {
    if pairs.is_empty() {
        return Ok(vec![true; (rows.end - rows.start) as usize]);
    }
    let fields = ms.scalars::<i32>("FIELD_ID", rows.clone())?;
    let data_descs = ms.scalars::<i32>("DATA_DESC_ID", rows)?;
    Ok(fields.into_iter().zip(data_descs).map(|pair| pairs.contains(&pair)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Vec<Complex32>> {
        let value = |k: usize| Complex32::new(k as f32, -0.5 * k as f32);
        (0..7).map(|row| (0..40).map(|k| value(1 + row * 40 + k)).collect()).collect()
    }

    fn of(rows: &[(u64, &Vec<Complex32>)]) -> ColumnDigest {
        let mut digest = ColumnDigest::default();
        rows.iter().for_each(|(row, data)| digest.add(*row, data));
        digest
    }

    #[test]
    fn the_order_does_not_matter_but_the_place_does() {
        let data = rows();
        let list: Vec<(u64, &Vec<Complex32>)> = (0..).zip(&data).collect();
        let mut turned = list.clone();
        turned.reverse();
        assert_eq!(of(&list), of(&turned));
        let mut halves = of(&list[..3]);
        halves.join(of(&list[3..]));
        assert_eq!(halves, of(&list));
        let mut swapped = list.clone();
        (swapped[0].0, swapped[1].0) = (1, 0);
        assert_ne!(of(&swapped), of(&list));
        let mut changed = data.clone();
        changed[4][7].im = f32::from_bits(changed[4][7].im.to_bits() ^ 1);
        assert_ne!(of(&(0..).zip(&changed).collect::<Vec<_>>()), of(&list));
    }

    #[test]
    fn a_digest_is_read_as_it_is_written() {
        let digest = of(&(0..).zip(&rows()).collect::<Vec<_>>());
        assert_eq!(ColumnDigest::from_hex(&digest.hex()), Some(digest));
        assert_eq!(ColumnDigest::from_hex(""), None);
        assert_eq!(ColumnDigest::from_hex("x"), None);
        // The XXH3-128 of nothing, as the reference implementation has it.
        let mut nothing = ColumnDigest::default();
        nothing.add(0, &[]);
        assert_eq!(nothing.hex(), "99aa06d3014798d86001c324468d497f");
    }
}

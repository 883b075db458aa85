//! Data and model read side by side, with flags and weights, in blocks of bounded size.

use std::collections::BTreeSet;
use std::ops::Range;

use casacore::Table;
use ndarray::{ArrayD, Ix2, Ix3};
use num_complex::Complex32;

use super::error::Result;
use super::rows::RowBlock;

/// The columns that are read.
#[derive(Debug, Clone, PartialEq)]
pub struct PairColumns {
    /// What was measured, if anything.
    pub data: Option<String>,
    /// The model.
    pub model: String,
}

/// 1/σ² of visibilities.
#[derive(Debug, Clone, PartialEq)]
pub enum Weights {
    /// By row, channel and correlation: WEIGHT_SPECTRUM.
    Spectrum(ArrayD<f32>),
    /// By row and correlation: WEIGHT, or 1/SIGMA².
    Row(ArrayD<f32>),
    /// None are known: all are 1.
    One,
}

impl Weights {
    /// The weight of a visibility.
    pub fn at(&self, row: usize, channel: usize, correlation: usize) -> f64 {
        match self {
            Weights::Spectrum(weights) => weights.get([row, channel, correlation].as_slice()),
            Weights::Row(weights) => weights.get([row, correlation].as_slice()),
            Weights::One => Some(&1.0),
        }
        .map_or(0.0, |weight| f64::from(*weight))
    }
}

/// Where weights come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightSource {
    /// WEIGHT_SPECTRUM where its cells have values, else WEIGHT.
    Spectrum,
    /// WEIGHT.
    Weight,
    /// SIGMA.
    Sigma,
    /// There are none.
    None,
}

impl WeightSource {
    /// The best that a MeasurementSet has.
    pub fn of(ms: &Table) -> WeightSource {
        match ms {
            ms if ms.has_column("WEIGHT_SPECTRUM") => WeightSource::Spectrum,
            ms if ms.has_column("WEIGHT") => WeightSource::Weight,
            ms if ms.has_column("SIGMA") => WeightSource::Sigma,
            _ => WeightSource::None,
        }
    }
}

/// Rows of one set-up.
#[derive(Debug, Clone)]
pub struct PairBlock {
    /// What the rows are.
    pub rows: RowBlock,
    /// What was measured [Jy], shape (row, chan, corr).
    pub data: Option<ArrayD<Complex32>>,
    /// The model [Jy], shape (row, chan, corr).
    pub model: ArrayD<Complex32>,
    /// FLAG, shape (row, chan, corr); none are flagged where it is missing.
    pub flags: Option<ArrayD<bool>>,
    /// FLAG_ROW.
    pub row_flags: Vec<bool>,
    /// 1/σ².
    pub weights: Weights,
}

/// Reads the rows whose (FIELD_ID, DATA_DESC_ID) is in `used`, `values` visibilities at a time or a single row.
///
/// # Errors
/// Any error of casacore, such as for a cell without a value, and of `visit`.
pub fn read_pairs<E: From<super::MsError>>(
    ms: &Table,
    columns: &PairColumns,
    used: &BTreeSet<(i32, i32)>,
    values: usize,
    mut visit: impl FnMut(PairBlock) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    const ROWS: u64 = 1 << 14;
    let weights = WeightSource::of(ms);
    let mut start = 0;
    while start < ms.row_count() {
        let end = (start + ROWS).min(ms.row_count());
        let rows = RowBlock::read(ms, start..end, false)?;
        for run in runs(&rows, used) {
            let first = start + run.start as u64;
            let row_values = ms.cell_shape(&columns.model, first).map_err(super::MsError::from)?;
            let row_values = row_values.map_or(1, |shape| shape.iter().product::<usize>()).max(1);
            let step = (values / row_values).max(1);
            for part in (run.start..run.end).step_by(step).map(|from| from..(from + step).min(run.end)) {
                visit(read_block(ms, columns, weights, rows.part(part))?)?;
            }
        }
        start = end;
    }
    Ok(())
}

/// Runs of rows of one set-up that are in use.
fn runs(rows: &RowBlock, used: &BTreeSet<(i32, i32)>) -> Vec<Range<usize>> {
    let mut runs: Vec<(i32, Range<usize>)> = Vec::new();
    for (row, pair) in rows.field.iter().copied().zip(rows.data_desc.iter().copied()).enumerate() {
        if !used.contains(&pair) {
            continue;
        }
        match runs.last_mut() {
            Some((data_desc, run)) if *data_desc == pair.1 && run.end == row => run.end += 1,
            _ => runs.push((pair.1, row..row + 1)),
        }
    }
    runs.into_iter().map(|(_, run)| run).collect()
}

fn read_block(ms: &Table, columns: &PairColumns, source: WeightSource, rows: RowBlock) -> Result<PairBlock> {
    let range = rows.start..rows.start + rows.len() as u64;
    let cells = |column: &str| ms.cells::<Complex32>(column, range.clone());
    Ok(PairBlock {
        data: columns.data.as_deref().map(cells).transpose()?,
        model: cells(&columns.model)?,
        flags: if ms.has_column("FLAG") { Some(ms.cells::<bool>("FLAG", range.clone())?) } else { None },
        row_flags: if ms.has_column("FLAG_ROW") {
            ms.scalars::<bool>("FLAG_ROW", range.clone())?
        } else {
            vec![false; rows.len()]
        },
        weights: read_weights(ms, source, range)?,
        rows,
    })
}

fn read_weights(ms: &Table, source: WeightSource, range: Range<u64>) -> Result<Weights> {
    match source {
        // The column may be there without values, or with values in some rows only.
        WeightSource::Spectrum if ms.cell_shape("WEIGHT_SPECTRUM", range.start)?.is_some() => {
            Ok(Weights::Spectrum(ms.cells("WEIGHT_SPECTRUM", range)?))
        }
        WeightSource::Spectrum | WeightSource::Weight if ms.has_column("WEIGHT") => {
            Ok(Weights::Row(ms.cells("WEIGHT", range)?))
        }
        WeightSource::Sigma => {
            let sigma: ArrayD<f32> = ms.cells("SIGMA", range)?;
            Ok(Weights::Row(sigma.mapv(|sigma| if sigma > 0.0 { 1.0 / (sigma * sigma) } else { 0.0 })))
        }
        _ => Ok(Weights::One),
    }
}

impl PairBlock {
    /// Channels and correlations of a row.
    pub fn cell(&self) -> (usize, usize) {
        match *self.model.shape() {
            [_, channels, correlations] => (channels, correlations),
            _ => (0, 0),
        }
    }

    /// Calls `visit(channel, correlation, data, model)` for the visibilities of a row that are finite and not flagged;
    /// returns how many were passed over. Correlations are those for which `wanted` holds.
    pub fn visit_row(
        &self,
        row: usize,
        wanted: &[bool],
        mut visit: impl FnMut(usize, usize, Option<Complex32>, Complex32),
    ) -> u64 {
        let Ok(model) = self.model.view().into_dimensionality::<Ix3>() else { return 0 };
        let data = self.data.as_ref().and_then(|data| data.view().into_dimensionality::<Ix3>().ok());
        let flags = self.flags.as_ref().and_then(|flags| flags.view().into_dimensionality::<Ix3>().ok());
        let model = model.index_axis(ndarray::Axis(0), row).into_dimensionality::<Ix2>();
        let Ok(model) = model else { return 0 };
        let mut passed = 0;
        for ((channel, correlation), model) in model.indexed_iter() {
            if !wanted.get(correlation).copied().unwrap_or(false) {
                continue;
            }
            let place = [row, channel, correlation];
            let value = data.as_ref().map(|data| data.get(place).copied().unwrap_or_default());
            let flagged = self.row_flags[row]
                || flags.as_ref().is_some_and(|flags| flags.get(place).copied().unwrap_or(false))
                || !model.is_finite()
                || value.is_some_and(|value| !value.is_finite());
            if flagged {
                passed += 1;
            } else {
                visit(channel, correlation, value, *model);
            }
        }
        passed
    }
}

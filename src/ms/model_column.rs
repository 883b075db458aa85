//! The model column: found or made as CASA would make it, read and written by runs of rows.

use std::collections::BTreeSet;

use casacore::{ColumnShape, ColumnSpec, DataManager, DataType, Record, Storage, Table, Value};
use ndarray::{Array2, ArrayView3, ArrayViewMut3};
use num_complex::Complex32;

use super::error::{MsError, Result};
use super::observation::Observation;
use super::state::{Provenance, STATE_KEYWORD};
use crate::stall::doing;

/// Bytes of a tile that casacore reads and writes quickly (measured: about 1 MB of whole rows).
const TILE_BYTES: usize = 1 << 20;

/// Columns that hold observations: never a place for a model.
const OBSERVED: [&str; 4] = ["DATA", "CORRECTED_DATA", "FLOAT_DATA", "LAG_DATA"];

/// The shape of a cell of the model column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CellShape {
    /// Channels.
    pub channels: usize,
    /// Correlations.
    pub correlations: usize,
}

impl CellShape {
    /// Visibilities in a cell.
    pub fn len(self) -> usize {
        self.channels * self.correlations
    }

    /// Whether the cell holds nothing.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The visibilities of some channels.
    pub fn of_channels(self, channels: std::ops::Range<usize>) -> std::ops::Range<usize> {
        channels.start * self.correlations..channels.end * self.correlations
    }

    /// Bytes of a cell.
    pub fn bytes(self) -> usize {
        self.len() * size_of::<Complex32>()
    }
}

/// How the model column stands in the MeasurementSet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// It must be made.
    Missing,
    /// It is there and can take the model.
    Present {
        /// The type of its storage manager, for instance `TiledShapeStMan`.
        manager: String,
    },
}

/// The model column of an opened MeasurementSet.
#[derive(Debug)]
pub struct ModelColumn<'t> {
    ms: &'t Table,
    name: String,
    /// Whether every cell has one declared shape.
    fixed: bool,
    /// Rows in a tile, 1 where the storage manager has none.
    tile_rows: usize,
    presence: Presence,
}

impl<'t> ModelColumn<'t> {
    /// Looks at column `name` without changing anything; `shapes` are the shapes of the cells that will be
    /// written.
    ///
    /// # Errors
    /// [`MsError::Column`] where the column exists with another type or shape, or holds
    /// observations.
    pub fn find(ms: &'t Table, name: &str, shapes: &BTreeSet<CellShape>) -> Result<Self> {
        let refuse =
            |message: String| MsError::Column { path: ms.path().to_path_buf(), column: name.into(), message };
        if OBSERVED.contains(&name) {
            return Err(refuse(
                "holds observations and is never overwritten; choose another --column".into(),
            ));
        }
        if !ms.has_column(name) {
            let largest = shapes.iter().map(|s| s.bytes()).max().unwrap_or(0);
            return Ok(ModelColumn {
                ms,
                name: name.into(),
                fixed: shapes.len() == 1,
                tile_rows: tile_rows(largest),
                presence: Presence::Missing,
            });
        }
        let description = ms.column(name)?;
        if description.data_type != DataType::Complex {
            return Err(refuse(format!(
                "holds {:?} values instead of single-precision complex ones; choose another --column",
                description.data_type
            )));
        }
        let (fixed, ndim_fits) = match &description.shape {
            ColumnShape::Scalar => (true, false),
            ColumnShape::Fixed(shape) => {
                if let Some(needed) = shapes.iter().find(|s| shape.as_slice() != [s.channels, s.correlations])
                {
                    return Err(refuse(format!(
                        "has cells of shape {shape:?} (channels, correlations), but the rows need [{}, {}]; \
                         choose another --column",
                        needed.channels, needed.correlations
                    )));
                }
                (true, true)
            }
            ColumnShape::Variable { ndim } => (false, ndim.is_none_or(|n| n == 2)),
        };
        if !ndim_fits {
            return Err(refuse(
                "does not hold a matrix of channels and correlations in each row; choose another --column"
                    .into(),
            ));
        }
        let manager = ms.data_manager_of(name)?;
        Ok(ModelColumn {
            ms,
            name: name.into(),
            fixed,
            tile_rows: stored_tile_rows(&manager).unwrap_or(1),
            presence: Presence::Present { manager: description.manager_type },
        })
    }

    /// The column's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the column exists, and how it is stored.
    pub fn presence(&self) -> &Presence {
        &self.presence
    }

    /// Rows in a tile: blocks that are multiples of it are written fastest.
    pub fn tile_rows(&self) -> usize {
        self.tile_rows
    }

    /// Whether every row is declared to have the same shape.
    pub fn is_fixed(&self) -> bool {
        self.fixed
    }

    /// Checks that a cell which already has a shape has the one needed.
    ///
    /// # Errors
    /// [`MsError::Column`] for a cell of another shape.
    pub fn check_cell(&self, row: u64, needed: CellShape) -> Result<()> {
        if self.fixed || self.presence == Presence::Missing {
            return Ok(());
        }
        match self.ms.cell_shape(&self.name, row)? {
            Some(shape) if shape != [needed.channels, needed.correlations] => Err(MsError::Column {
                path: self.ms.path().to_path_buf(),
                column: self.name.clone(),
                message: format!(
                    "row {row} has the shape {shape:?} (channels, correlations) instead of [{}, {}]; \
                         choose another --column",
                    needed.channels, needed.correlations
                ),
            }),
            _ => Ok(()),
        }
    }

    /// Makes the column as CASA would: a TiledShapeStMan with tiles of whole rows, and
    /// CHANNEL_SELECTION. Fixed shapes where all rows agree. It is marked incomplete from its first moment. The caller
    /// has asked [`super::space::check`] before, for casacore aborts the process where the disk fills, and flushes.
    ///
    /// # Errors
    /// Any error of casacore.
    pub fn create(
        &mut self,
        observation: &Observation,
        shapes: &BTreeSet<CellShape>,
        provenance: &Provenance,
    ) -> Result<()> {
        let _doing = doing("while making the model column of", self.ms.path());
        let Some(first) = shapes.first() else {
            return Err(MsError::Invalid {
                path: self.ms.path().to_path_buf(),
                message: "the MeasurementSet has no rows, so a model column would have no shape".into(),
            });
        };
        let largest = shapes.iter().max_by_key(|s| s.bytes()).unwrap_or(first);
        let mut keywords = Record::new().with(STATE_KEYWORD, provenance.record(false));
        if self.name == "MODEL_DATA" {
            keywords.set("CHANNEL_SELECTION", channel_selection(observation));
        }
        self.ms.add_column(&ColumnSpec {
            name: self.name.clone(),
            data_type: DataType::Complex,
            shape: if self.fixed {
                ColumnShape::Fixed(vec![first.channels, first.correlations])
            } else {
                ColumnShape::Variable { ndim: Some(2) }
            },
            comment: "The model data".into(),
            manager: self.free_manager_name()?,
            storage: Storage::TiledShape {
                tile: vec![self.tile_rows, largest.channels, largest.correlations],
            },
            keywords,
        })?;
        self.ms.reserve_column(&self.name)?;
        self.presence = Presence::Present { manager: "TiledShapeStMan".into() };
        Ok(())
    }

    /// Whether the cell of `row` has a value, as a cell of a fixed shape always does.
    ///
    /// # Errors
    /// Any error of casacore.
    pub fn has_cell(&self, row: u64) -> Result<bool> {
        Ok(self.fixed || self.ms.cell_shape(&self.name, row)?.is_some())
    }

    /// Reads rows that share a shape into `out`, shape [row, chan, corr] [Jy].
    ///
    /// # Errors
    /// Any error of casacore, for instance a cell without a value.
    pub fn read(&self, start: u64, out: ArrayViewMut3<Complex32>) -> Result<()> {
        let _doing = doing("while reading the model column of", self.ms.path());
        Ok(self.ms.cells_into(&self.name, start, out.into_dyn())?)
    }

    /// Writes rows that share a shape from `data`, shape [row, chan, corr] [Jy].
    ///
    /// # Errors
    /// Any error of casacore.
    pub fn write(&self, start: u64, data: ArrayView3<Complex32>) -> Result<()> {
        let _doing = doing("while writing the model column of", self.ms.path());
        Ok(self.ms.put_cells(&self.name, start, data.into_dyn())?)
    }

    /// Has the next change of a keyword tell other processes that have the table open that the values changed too, after
    /// the tile file was written without casacore.
    ///
    /// # Errors
    /// Any error of casacore.
    pub fn mark_changed(&self) -> Result<()> {
        self.ms.mark_changed(&self.name)?;
        Ok(())
    }

    /// `TiledModel` as CASA calls it, or the next name that no manager of this table has.
    fn free_manager_name(&self) -> Result<String> {
        let base =
            if self.name == "MODEL_DATA" { "TiledModel".to_owned() } else { format!("Tiled{}", self.name) };
        let taken = self.ms.data_manager_names()?;
        Ok((1..)
            .map(|n| if n == 1 { base.clone() } else { format!("{base}{n}") })
            .find(|name| !taken.contains(name))
            .unwrap_or(base))
    }
}

/// Whole rows that make about a megabyte; multiples of 16 suit the kernels' groups of rows.
fn tile_rows(row_bytes: usize) -> usize {
    let rows = (TILE_BYTES as f64 / row_bytes.max(1) as f64).round() as usize;
    if rows < 16 { rows.max(1) } else { (rows + 8) / 16 * 16 }
}

/// Rows in a tile of an existing manager: the last axis of its hypercubes' tiles (casacore's order).
fn stored_tile_rows(manager: &DataManager) -> Option<usize> {
    let last = |value: Option<&Value>| match value {
        Some(Value::IntArray(shape)) => shape.iter().last().map(|n| *n as usize),
        Some(Value::Int64Array(shape)) => shape.iter().last().map(|n| *n as usize),
        _ => None,
    };
    let Some(Value::Record(cubes)) = manager.spec.get("HYPERCUBES") else {
        return None;
    };
    cubes
        .iter()
        .filter_map(|(_, cube)| match cube {
            Value::Record(cube) => last(cube.get("TileShape")),
            _ => None,
        })
        .max()
        .filter(|rows| *rows > 0)
}

/// CASA's CHANNEL_SELECTION: [start, channels] for each spectral window.
fn channel_selection(observation: &Observation) -> Value {
    let windows = &observation.spectral_windows;
    let mut selection = Array2::<i32>::zeros((windows.len(), 2));
    for (mut row, window) in selection.outer_iter_mut().zip(windows) {
        row[1] = window.frequencies.len() as i32;
    }
    Value::IntArray(selection.into_dyn())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_about_a_megabyte_of_whole_rows() {
        // 85.3 rows of a DSA-110 MeasurementSet; the nearest multiple of 16.
        assert_eq!(tile_rows(768 * 2 * 8), 80);
        assert_eq!(tile_rows(8 << 20), 1);
        assert_eq!(tile_rows(64), 16384);
    }
}

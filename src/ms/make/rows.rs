//! The main table of a MeasurementSet, written block by block.

use std::path::Path;

use casacore::DataType::{Bool, Complex, Double, Float, Int};
use casacore::{Result, Storage, Table, Value};
use ndarray::{Array1, Array2, Array3, s};
use num_complex::Complex32;

use super::geometry::UvwAxes;
use super::schema::{Column, fixed, scalar, specs, variable};
use super::spec::{DataColumn, DataFill, MsSpec, RowOrder};

/// Rows whose scalars are in memory at a time.
const BLOCK_ROWS: usize = 1 << 15;
/// Flags in one tile of FLAG.
const FLAG_TILE: usize = 1 << 20;

/// Integration, spectral window and baseline of one row.
struct RowIndex {
    time: usize,
    window: usize,
    baseline: usize,
}

/// Writes the main table of one MeasurementSet.
pub(super) struct Rows<'a> {
    /// The recipe.
    pub(super) spec: &'a MsSpec,
    /// FIELD_ID of each integration.
    pub(super) field_of: &'a [usize],
    /// UVW axes of each integration.
    pub(super) axes: &'a [UvwAxes],
    /// Antenna numbers of each baseline.
    pub(super) baselines: &'a [(usize, usize)],
}

impl Rows<'_> {
    /// Number of rows.
    pub(super) fn count(&self) -> usize {
        self.spec.times * self.spec.spectral_windows.len() * self.baselines.len()
    }

    /// Makes the table at `root` with all its columns and rows, and their values.
    pub(super) fn write(&self, root: &Path) -> Result<Table> {
        let table = Table::create(
            root,
            &specs(self.columns()),
            self.count() as u64,
            self.spec.endian,
            "Measurement Set",
        )?;
        self.scalars(&table)?;
        self.weights(&table)?;
        self.flags(&table)?;
        if let Some(data) = &self.spec.data {
            self.visibilities(&table, "DATA", data)?;
        }
        if let Some(model) = &self.spec.model {
            self.visibilities(&table, "MODEL_DATA", model)?;
        }
        Ok(table)
    }

    fn columns(&self) -> Vec<Column> {
        let correlations = self.spec.correlations.len();
        let channels = self.spec.max_channels();
        let tiled = |tile: &[usize]| Storage::TiledShape { tile: tile.to_vec() };
        let uvw = Storage::TiledColumn { tile: vec![BLOCK_ROWS, 3] };
        let flag_rows = (FLAG_TILE / (channels * correlations)).max(1);
        let per_row = [BLOCK_ROWS, correlations];
        let mut columns = vec![
            fixed("UVW", Double, &[3]).units(&["m", "m", "m"]).measure("uvw", "ITRF").stored("TiledUVW", uvw),
            variable("FLAG", Bool, 2).stored("TiledFlag", tiled(&[flag_rows, channels, correlations])),
            variable("FLAG_CATEGORY", Bool, 3)
                .keyword("CATEGORY", Value::strings([""]))
                .stored("TiledFlagCategory", tiled(&[flag_rows, 1, channels, correlations])),
            variable("WEIGHT", Float, 1).stored("TiledWgt", tiled(&per_row)),
            variable("SIGMA", Float, 1).stored("TiledSigma", tiled(&per_row)),
            scalar("ANTENNA1", Int).standard(),
            scalar("ANTENNA2", Int).standard(),
            scalar("ARRAY_ID", Int).incremental(),
            scalar("DATA_DESC_ID", Int).standard(),
            scalar("EXPOSURE", Double).seconds().incremental(),
            scalar("FEED1", Int).incremental(),
            scalar("FEED2", Int).incremental(),
            scalar("FIELD_ID", Int).incremental(),
            scalar("FLAG_ROW", Bool).standard(),
            scalar("INTERVAL", Double).seconds().incremental(),
            scalar("OBSERVATION_ID", Int).incremental(),
            scalar("PROCESSOR_ID", Int).incremental(),
            scalar("SCAN_NUMBER", Int).incremental(),
            scalar("STATE_ID", Int).incremental(),
            scalar("TIME", Double).epoch().incremental(),
            scalar("TIME_CENTROID", Double).epoch().incremental(),
        ];
        if let Some(data) = &self.spec.data {
            columns.push(self.visibility_column("DATA", "TiledData", data).units(&["Jy"]));
        }
        if let Some(model) = &self.spec.model {
            columns.push(self.visibility_column("MODEL_DATA", "TiledModel", model));
        }
        columns
    }

    fn visibility_column(&self, name: &str, manager: &str, column: &DataColumn) -> Column {
        let (channels, correlations) = (self.spec.max_channels(), self.spec.correlations.len());
        let description = if column.fixed_shape {
            fixed(name, Complex, &[channels, correlations])
        } else {
            variable(name, Complex, 2)
        };
        description.comment("visibilities").stored(manager, column.storage(channels, correlations))
    }

    fn index(&self, row: usize) -> RowIndex {
        let (windows, baselines) = (self.spec.spectral_windows.len(), self.baselines.len());
        let [time, window, baseline] = match self.spec.row_order {
            RowOrder::TimeWindowBaseline => {
                [row / baselines / windows, row / baselines % windows, row % baselines]
            }
            RowOrder::TimeBaselineWindow => {
                [row / windows / baselines, row % windows, row / windows % baselines]
            }
            RowOrder::WindowTimeBaseline => {
                [row / baselines % self.spec.times, row / baselines / self.spec.times, row % baselines]
            }
        };
        RowIndex { time, window, baseline }
    }

    /// Channels of one row.
    fn channels(&self, row: usize) -> usize {
        self.spec.spectral_windows[self.index(row).window].frequencies.len()
    }

    /// The scalar columns and UVW.
    fn scalars(&self, table: &Table) -> Result<()> {
        let positions = self.antenna_uvw();
        for start in (0..self.count()).step_by(BLOCK_ROWS) {
            let rows: Vec<RowIndex> =
                (start..self.count().min(start + BLOCK_ROWS)).map(|row| self.index(row)).collect();
            let first = start as u64;
            let ints = |name: &str, value: &dyn Fn(&RowIndex) -> i32| {
                table.put_scalars(name, first, &rows.iter().map(value).collect::<Vec<_>>())
            };
            ints("ANTENNA1", &|row| self.baselines[row.baseline].0 as i32)?;
            ints("ANTENNA2", &|row| self.baselines[row.baseline].1 as i32)?;
            ints("DATA_DESC_ID", &|row| row.window as i32)?;
            ints("FIELD_ID", &|row| self.field_of[row.time] as i32)?;
            ints("SCAN_NUMBER", &|_| 1)?;
            for name in ["ARRAY_ID", "FEED1", "FEED2", "OBSERVATION_ID", "PROCESSOR_ID", "STATE_ID"] {
                ints(name, &|_| 0)?;
            }
            table.put_scalars("FLAG_ROW", first, &vec![false; rows.len()])?;
            let intervals = vec![self.spec.interval; rows.len()];
            table.put_scalars("EXPOSURE", first, &intervals)?;
            table.put_scalars("INTERVAL", first, &intervals)?;
            let times: Vec<f64> = rows.iter().map(|row| self.spec.time(row.time)).collect();
            table.put_scalars("TIME", first, &times)?;
            table.put_scalars("TIME_CENTROID", first, &times)?;
            let mut uvw = Array2::<f64>::zeros((rows.len(), 3));
            for (mut out, row) in uvw.outer_iter_mut().zip(&rows) {
                let (one, two) = self.baselines[row.baseline];
                // Antenna 1 minus antenna 2, as pyuvdata writes DSA-110 files and CASA VLA ones.
                let difference =
                    &positions.slice(s![row.time, one, ..]) - &positions.slice(s![row.time, two, ..]);
                out.assign(&difference);
            }
            table.put_cells("UVW", first, uvw.view().into_dyn())?;
        }
        Ok(())
    }

    /// (u, v, w) \[m\] of every antenna from the site, `[integration, antenna, 3]`.
    fn antenna_uvw(&self) -> Array3<f64> {
        let site = self.spec.site;
        Array3::from_shape_fn((self.spec.times, self.spec.antennas.len(), 3), |(time, antenna, axis)| {
            let at = self.spec.antennas[antenna].position;
            self.axes[time].uvw(&[at[0] - site[0], at[1] - site[1], at[2] - site[2]])[axis]
        })
    }

    /// WEIGHT and SIGMA: 1 everywhere.
    fn weights(&self, table: &Table) -> Result<()> {
        let ones = Array2::<f32>::ones((BLOCK_ROWS.min(self.count()), self.spec.correlations.len()));
        for start in (0..self.count()).step_by(BLOCK_ROWS) {
            let block = ones.slice(s![..BLOCK_ROWS.min(self.count() - start), ..]);
            table.put_cells("WEIGHT", start as u64, block.into_dyn())?;
            table.put_cells("SIGMA", start as u64, block.into_dyn())?;
        }
        Ok(())
    }

    /// FLAG: nothing is flagged.
    fn flags(&self, table: &Table) -> Result<()> {
        let rows = (FLAG_TILE / (self.spec.max_channels() * self.spec.correlations.len())).max(1);
        self.constant(rows, false, |row, block| table.put_cells("FLAG", row, block))
    }

    /// A DATA or MODEL_DATA column.
    fn visibilities(&self, table: &Table, name: &str, column: &DataColumn) -> Result<()> {
        let rows = column.block_rows(self.spec.max_channels(), self.spec.correlations.len());
        let value = match column.fill {
            DataFill::Zero => Complex32::new(0.0, 0.0),
            DataFill::One => Complex32::new(1.0, 0.0),
        };
        self.constant(rows, value, |row, block| table.put_cells(name, row, block))
    }

    /// Gives `put` one value for every cell, in blocks of at most `block_rows` rows of one shape.
    fn constant<T: Clone>(
        &self,
        block_rows: usize,
        value: T,
        put: impl Fn(u64, ndarray::ArrayViewD<'_, T>) -> Result<()>,
    ) -> Result<()> {
        let correlations = self.spec.correlations.len();
        let values =
            Array1::from_elem(block_rows.min(self.count()) * self.spec.max_channels() * correlations, value);
        let mut start = 0;
        while start < self.count() {
            let channels = self.channels(start);
            let limit = self.count().min((start / block_rows + 1) * block_rows);
            let end = if self.spec.one_shape() {
                limit
            } else {
                (start + 1..limit).find(|&row| self.channels(row) != channels).unwrap_or(limit)
            };
            let block = values.slice(s![..(end - start) * channels * correlations]);
            // A contiguous vector always takes the shape of its own length.
            if let Ok(block) = block.into_shape_with_order((end - start, channels, correlations)) {
                put(start as u64, block.into_dyn())?;
            }
            start = end;
        }
        Ok(())
    }
}

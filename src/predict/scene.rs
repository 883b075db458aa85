//! What a run finds in a MeasurementSet, and what of it is asked for.

use casacore::Table;

use super::beforehand::check_base;
use super::error::Result;
use super::job::Options;
use super::pipeline::RowSelection;
use super::scope::{check_cells, check_data_shape, written_shapes};
use super::stretches::Rows;
use crate::ms::virtual_model::VirtualModel;
use crate::ms::{ModelColumn, Observation};

/// A MeasurementSet with the rows that a run is for.
pub(super) struct Scene<'t> {
    pub(super) table: &'t Table,
    pub(super) observation: Observation,
    pub(super) rows: Rows,
    pub(super) selection: RowSelection,
    pub(super) virtual_model: VirtualModel,
}

impl<'t> Scene<'t> {
    /// Looks at a table, for a sky that is another one in each of so many intervals of time.
    pub(super) fn survey(table: &'t Table, options: &Options, intervals: usize) -> Result<Scene<'t>> {
        let observation = Observation::read(table)?;
        let rows = Rows::survey(table, options, intervals)?;
        let selection = rows.select(&observation, options)?;
        check_data_shape(table, &observation, &rows.all, &selection)?;
        let virtual_model = VirtualModel::find(table)?;
        Ok(Scene { table, observation, rows, selection, virtual_model })
    }

    /// The model's column as it is, fit to be written.
    pub(super) fn column(&self, options: &Options) -> Result<ModelColumn<'t>> {
        let column = ModelColumn::find(self.table, &options.column, &written_shapes(&self.selection))?;
        check_cells(self.table, &column, &self.selection)?;
        check_base(self.table, &column, options)?;
        Ok(column)
    }

    /// How many rows are predicted.
    pub(super) fn predicted(&self) -> u64 {
        let chosen = self.rows.chosen();
        self.selection.used.iter().filter_map(|pair| chosen.used.get(pair)).map(|usage| usage.rows).sum()
    }

    /// Whether some rows are left as they are.
    pub(super) fn is_partial(&self) -> bool {
        self.predicted() < self.observation.rows
    }

    /// The longest baseline of the rows [m].
    pub(super) fn longest(&self) -> f64 {
        self.rows.chosen().used.values().map(|usage| usage.longest).fold(0.0, f64::max)
    }
}

//! Whether the compute threads write the column's tile file themselves.

use casacore::Table;

use super::job::{Options, Writer};
use super::pipeline::RowSelection;
use super::scope::written_shapes;
use crate::ms::{CellShape, ModelColumn, Presence, TileFile};

/// The shape that all rows have in common, where they have, and nobody wants casacore to write them.
fn shape(column: &ModelColumn, selection: &RowSelection, options: &Options) -> Option<CellShape> {
    let shapes = written_shapes(selection);
    let one = shapes.len() == 1 && column.is_fixed() && options.writer != Writer::Casacore;
    shapes.first().copied().filter(|_| one)
}

/// Whether [`open`] will find a file, as far as can be told before a missing column is made.
pub(super) fn expected(
    table: &Table,
    column: &ModelColumn,
    selection: &RowSelection,
    options: &Options,
) -> bool {
    shape(column, selection, options).is_some_and(|shape| match column.presence() {
        Presence::Missing => table.is_plain(),
        Presence::Present { .. } => TileFile::open(table, column.name(), shape, false).is_some(),
    })
}

/// The column's file, where blocks can be written without casacore.
pub(super) fn open(
    table: &Table,
    column: &ModelColumn,
    selection: &RowSelection,
    options: &Options,
    drops: bool,
) -> Option<TileFile> {
    let tiles = TileFile::open(table, column.name(), shape(column, selection, options)?, drops)?;
    // casacore keeps the last tiles it made or read, and would show them instead of the file.
    table.forget_tiles(column.name()).ok()?;
    Some(tiles)
}

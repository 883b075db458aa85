//! Columns by row range, and cells.

use std::ops::Range;

use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, CowArray, IxDyn};
use num_complex::{Complex32, Complex64};

use crate::ffi::{ColumnKind, Plain, type_of};
use crate::{DataType, Error, Record, Result, Table, codec};

/// What a column's values can be taken as.
///
/// Wider types take narrower ones where nothing is lost: `i32` and `i64` take all smaller integers, `u32` the unsigned ones, `f64` takes Float,
/// and `Complex64` takes Complex. Writing narrows integers the same way back, and refuses values that do not fit; floats are not narrowed.
///
/// Sealed: bool, i32, u32, i64, f32, f64, Complex32, Complex64 and String.
pub trait Scalar: Clone + Default + private::Transfer {}

/// What the values in array cells can be taken as: the same types as [`Scalar`], with the same widening.
pub trait Element: Clone + Default + private::Transfer {}

impl<T: Clone + Default + private::Transfer> Scalar for T {}
impl<T: Clone + Default + private::Transfer> Element for T {}

mod private {
    use super::{DataType, Table};

    /// How a type's values cross to casacore.
    pub trait Transfer: Sized {
        /// Its name for messages.
        const NAME: &'static str;
        /// Whether a column of that type can be read as, and written from, `Self`.
        fn takes(data_type: DataType, writing: bool) -> bool;
        /// Fills `out` with the values of `count` cells.
        fn read(table: &Table, column: &str, start: u64, count: u64, out: &mut [Self]) -> Result<(), String>;
        /// Writes `count` cells of `shape`.
        fn write(
            table: &Table,
            column: &str,
            start: u64,
            count: u64,
            data: &[Self],
            shape: &[usize],
        ) -> Result<(), String>;
    }
}

macro_rules! transfer {
    ($($type:ty: $($read:ident),+ / $($write:ident),+;)*) => {$(
        impl private::Transfer for $type {
            const NAME: &'static str = stringify!($type);
            fn takes(data_type: DataType, writing: bool) -> bool {
                if writing {
                    matches!(data_type, $(DataType::$write)|+)
                } else {
                    matches!(data_type, $(DataType::$read)|+)
                }
            }
            fn read(table: &Table, column: &str, start: u64, count: u64, out: &mut [Self]) -> std::result::Result<(), String> {
                read_plain(table, column, start, count, out)
            }
            fn write(table: &Table, column: &str, start: u64, count: u64, data: &[Self], shape: &[usize]) -> std::result::Result<(), String> {
                table.raw().write(column, start, count, data, shape)
            }
        }
    )*};
}

transfer! {
    bool: Bool / Bool;
    i32: UChar, Short, UShort, Int / UChar, Short, UShort, Int;
    u32: UChar, UShort, UInt / UChar, UShort, UInt;
    i64: UChar, Short, UShort, Int, UInt, Int64 / UChar, Short, UShort, Int, UInt, Int64;
    f32: Float / Float;
    f64: Float, Double / Double;
    Complex32: Complex / Complex;
    Complex64: Complex, DComplex / DComplex;
}

fn read_plain<T: Plain>(
    table: &Table,
    column: &str,
    start: u64,
    count: u64,
    out: &mut [T],
) -> std::result::Result<(), String> {
    table.raw().read(column, start, count, out)
}

impl private::Transfer for String {
    const NAME: &'static str = "String";

    fn takes(data_type: DataType, _writing: bool) -> bool {
        data_type == DataType::String
    }

    fn read(
        table: &Table,
        column: &str,
        start: u64,
        count: u64,
        out: &mut [Self],
    ) -> std::result::Result<(), String> {
        let strings = codec::decode_strings(&table.raw().read_strings(column, start, count)?)?;
        if strings.len() != out.len() {
            return Err(format!(
                "the cells hold {} strings where {} were expected",
                strings.len(),
                out.len()
            ));
        }
        out.iter_mut().zip(strings).for_each(|(out, string)| *out = string);
        Ok(())
    }

    fn write(
        table: &Table,
        column: &str,
        start: u64,
        count: u64,
        data: &[Self],
        shape: &[usize],
    ) -> std::result::Result<(), String> {
        let bytes = codec::encode_strings(data.iter());
        table.raw().write_strings(column, start, count, &bytes, shape)
    }
}

impl Table {
    /// The values of a scalar column in `rows`.
    ///
    /// # Errors
    /// [`Error::NoSuchColumn`], [`Error::Rows`], [`Error::Type`] for arrays and for types that `T` does not take, [`Error::Casacore`].
    pub fn scalars<T: Scalar>(&self, column: &str, rows: Range<u64>) -> Result<Vec<T>> {
        self.typed::<T>(column, true, false)?;
        let count = self.check_rows(rows.start, rows.end)?;
        let mut out = vec![T::default(); self.length(column, count, &[])?];
        self.transfer_in(column, rows.start, count, &mut out)?;
        Ok(out)
    }

    /// Fills `out` with the values of a scalar column from row `start` on.
    ///
    /// # Errors
    /// As [`Table::scalars`].
    pub fn scalars_into<T: Scalar>(&self, column: &str, start: u64, out: &mut [T]) -> Result<()> {
        self.typed::<T>(column, true, false)?;
        let count = self.check_rows(start, start.saturating_add(out.len() as u64))?;
        self.transfer_in(column, start, count, out)
    }

    /// Writes a scalar column from row `start` on; the write lock must be held.
    ///
    /// # Errors
    /// As [`Table::scalars`]; [`Error::Casacore`] also for integers that do not fit the column's type.
    pub fn put_scalars<T: Scalar>(&self, column: &str, start: u64, values: &[T]) -> Result<()> {
        self.typed::<T>(column, true, true)?;
        let count = self.check_rows(start, start.saturating_add(values.len() as u64))?;
        self.transfer_out(column, start, count, values, &[])
    }

    /// The shape of an array cell in row-major order; `None` when the cell has never been written. Scalars have no axes.
    ///
    /// # Errors
    /// [`Error::NoSuchColumn`], [`Error::Rows`], [`Error::Casacore`].
    pub fn cell_shape(&self, column: &str, row: u64) -> Result<Option<Vec<usize>>> {
        let kind = self.require(column)?;
        self.check_rows(row, row.saturating_add(1))?;
        if kind.scalar != 0 {
            return Ok(Some(Vec::new()));
        }
        let shape = self.shared_shape(column, row, 1)?;
        Ok((shape.state == 0).then(|| shape.shape()))
    }

    /// One array cell.
    ///
    /// # Errors
    /// [`Error::Undefined`], and as [`Table::cells`].
    pub fn cell<T: Element>(&self, column: &str, row: u64) -> Result<ArrayD<T>> {
        let cells = self.cells(column, row..row.saturating_add(1))?;
        Ok(cells.index_axis_move(ndarray::Axis(0), 0))
    }

    /// The record in a cell of a column of records; empty where none was ever written.
    ///
    /// # Errors
    /// [`Error::NoSuchColumn`], [`Error::Rows`], [`Error::Casacore`], also for a column of another type.
    pub fn record_cell(&self, column: &str, row: u64) -> Result<Record> {
        self.require(column)?;
        self.check_rows(row, row.saturating_add(1))?;
        let cell = self.raw().record_cell(column, row).and_then(|bytes| codec::decode(&bytes));
        cell.map_err(|message| self.failed(format!("read column {column} of"), message))
    }

    /// Puts a record into a cell of a column of records; the write lock must be held.
    ///
    /// # Errors
    /// As [`Table::record_cell`].
    pub fn put_record_cell(&self, column: &str, row: u64, record: &Record) -> Result<()> {
        self.require(column)?;
        self.check_rows(row, row.saturating_add(1))?;
        let put = self.raw().put_record_cell(column, row, &codec::encode(record));
        put.map_err(|message| self.failed(format!("write column {column} of"), message))
    }

    /// Writes one array cell, giving it its shape; the write lock must be held.
    ///
    /// # Errors
    /// As [`Table::put_cells`].
    pub fn put_cell<T: Element>(&self, column: &str, row: u64, value: ArrayViewD<'_, T>) -> Result<()> {
        self.put_cells(column, row, value.insert_axis(ndarray::Axis(0)))
    }

    /// The array cells of `rows` as `[row, ...]`. Without rows the cells' axes are those of the fixed shape, or none.
    ///
    /// # Errors
    /// [`Error::NoSuchColumn`], [`Error::Rows`], [`Error::Type`]; [`Error::Undefined`] for a cell without value; [`Error::Shape`] when the cells'
    /// shapes differ; [`Error::Casacore`].
    pub fn cells<T: Element>(&self, column: &str, rows: Range<u64>) -> Result<ArrayD<T>> {
        let kind = self.typed::<T>(column, false, false)?;
        let count = self.check_rows(rows.start, rows.end)?;
        let cell = self.common_shape(column, &kind, rows.start, count)?;
        let length = self.length(column, count, &cell)?;
        let mut out = vec![T::default(); length];
        self.transfer_in(column, rows.start, count, &mut out)?;
        let mut shape = cell;
        shape.insert(0, self.length(column, count, &[])?);
        ArrayD::from_shape_vec(IxDyn(&shape), out).map_err(|error| self.misfit(column, error.to_string()))
    }

    /// Fills `out`, `[row, ...]`, with the array cells from row `start` on, without a copy in between where the column holds `T` itself.
    ///
    /// # Errors
    /// As [`Table::cells`]; [`Error::Shape`] also when `out` has another shape than the cells, or is not in standard (row-major, contiguous) layout.
    pub fn cells_into<T: Element>(
        &self,
        column: &str,
        start: u64,
        mut out: ArrayViewMutD<'_, T>,
    ) -> Result<()> {
        let kind = self.typed::<T>(column, false, false)?;
        let (rows, cell) =
            split(out.shape()).ok_or_else(|| self.misfit(column, "the buffer has no row axis".to_owned()))?;
        let cell = cell.to_vec();
        let count = self.check_rows(start, start.saturating_add(rows))?;
        if count == 0 {
            return Ok(());
        }
        let found = self.common_shape(column, &kind, start, count)?;
        if found != cell {
            return Err(self.misfit(
                column,
                format!("cells from row {start} on have shape {found:?}, the buffer {cell:?}"),
            ));
        }
        let Some(buffer) = out.as_slice_mut() else {
            return Err(self.misfit(column, "the buffer is not in standard layout".to_owned()));
        };
        self.transfer_in(column, start, count, buffer)
    }

    /// Writes array cells, `[row, ...]`, from row `start` on; the write lock must be held. Data in standard layout are not copied.
    ///
    /// # Errors
    /// [`Error::NoSuchColumn`], [`Error::Rows`], [`Error::Type`]; [`Error::Shape`] when the column's fixed shape or number of axes is another;
    /// [`Error::Casacore`], also for integers that do not fit the column's type.
    pub fn put_cells<T: Element>(&self, column: &str, start: u64, values: ArrayViewD<'_, T>) -> Result<()> {
        let kind = self.typed::<T>(column, false, true)?;
        let (rows, cell) = split(values.shape())
            .ok_or_else(|| self.misfit(column, "the values have no row axis".to_owned()))?;
        let count = self.check_rows(start, start.saturating_add(rows))?;
        let fits = match (kind.fixed != 0, kind.ndim()) {
            (true, _) => kind.shape() == cell,
            (false, Some(ndim)) => ndim == cell.len(),
            (false, None) => !cell.is_empty(),
        };
        if !fits {
            let reason = match kind.fixed != 0 {
                true => format!("its cells have shape {:?}, the values {cell:?}", kind.shape()),
                false => {
                    format!("its cells have {} axes, the values {}", kind.ndim().unwrap_or(1), cell.len())
                }
            };
            return Err(self.misfit(column, reason));
        }
        if values.is_empty() && count > 0 && kind.fixed != 0 {
            return Ok(());
        }
        let cell = cell.to_vec();
        let values = match values.is_standard_layout() {
            true => CowArray::from(values),
            false => CowArray::from(values.as_standard_layout().into_owned()),
        };
        let data = values
            .as_slice()
            .ok_or_else(|| self.misfit(column, "the values are not in standard layout".to_owned()))?;
        self.transfer_out(column, start, count, data, &cell)
    }

    fn transfer_in<T: private::Transfer>(
        &self,
        column: &str,
        start: u64,
        count: u64,
        out: &mut [T],
    ) -> Result<()> {
        if count == 0 {
            return Ok(());
        }
        T::read(self, column, start, count, out)
            .map_err(|message| self.failed(format!("read column {column} of"), message))
    }

    fn transfer_out<T: private::Transfer>(
        &self,
        column: &str,
        start: u64,
        count: u64,
        data: &[T],
        shape: &[usize],
    ) -> Result<()> {
        if count == 0 {
            return Ok(());
        }
        T::write(self, column, start, count, data, shape)
            .map_err(|message| self.failed(format!("write column {column} of"), message))
    }

    /// The column's kind, if it is of the form asked for and its type is one that `T` takes.
    fn typed<T: private::Transfer>(&self, column: &str, scalar: bool, writing: bool) -> Result<ColumnKind> {
        let kind = self.require(column)?;
        let data_type = type_of(kind.data_type);
        if (kind.scalar != 0) != scalar || !T::takes(data_type, writing) {
            let wanted = format!("{} {}", T::NAME, if scalar { "scalars" } else { "arrays" });
            return Err(Error::types(self.path(), column, &wanted, (data_type, kind.scalar != 0)));
        }
        Ok(kind)
    }

    /// The number of rows in a range, if the table has them all.
    fn check_rows(&self, start: u64, end: u64) -> Result<u64> {
        if start > end || end > self.row_count() {
            return Err(self.past_end(start, end));
        }
        Ok(end - start)
    }

    /// The number of values in `count` cells of `shape`.
    fn length(&self, column: &str, count: u64, shape: &[usize]) -> Result<usize> {
        let count = usize::try_from(count).ok();
        count
            .and_then(|count| shape.iter().try_fold(count, |product, &n| product.checked_mul(n)))
            .ok_or_else(|| self.misfit(column, format!("cells of shape {shape:?} are too many for memory")))
    }

    /// The shape all cells of the range have.
    fn common_shape(&self, column: &str, kind: &ColumnKind, start: u64, count: u64) -> Result<Vec<usize>> {
        if count == 0 {
            return Ok(kind.shape());
        }
        let shape = self.shared_shape(column, start, count)?;
        match shape.state {
            0 => Ok(shape.shape()),
            1 => Err(Error::Undefined {
                table: self.path().to_owned(),
                column: column.to_owned(),
                row: shape.row,
            }),
            _ => Err(self.misfit(
                column,
                format!("row {} has another shape than {:?} of row {start}", shape.row, shape.shape()),
            )),
        }
    }

    fn shared_shape(&self, column: &str, start: u64, count: u64) -> Result<crate::ffi::CellShape> {
        self.raw()
            .cells_shape(column, start, count)
            .map_err(|message| self.failed(format!("read the shapes of column {column} of"), message))
    }

    fn misfit(&self, column: &str, reason: String) -> Error {
        Error::Shape { table: self.path().to_owned(), column: column.to_owned(), reason }
    }
}

/// The row axis and the rest of a shape.
fn split(shape: &[usize]) -> Option<(u64, &[usize])> {
    shape.split_first().map(|(&rows, cell)| (rows as u64, cell))
}

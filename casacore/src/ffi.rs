//! The only unsafe code of the workspace's table access: the shim's functions, wrapped so that nothing can be misused.
//!
//! Every wrapper returns casacore's words as `Err(String)`; the callers add what was attempted and where.

use std::ffi::{c_int, c_void};
use std::ptr::{self, NonNull};

use crate::DataType;

mod handle;
pub(crate) mod system;

pub(crate) use handle::{Plain, RawTable, concatenate, table_type};
pub(crate) use system::{conflicting_pid, empty_file, is_writable};

/// The longest message the shim passes on [bytes]; the same number is in `shim.h`.
const MESSAGE: usize = 4096;
/// The most axes a cell can have; the same number is in `shim.h`.
pub(crate) const MAX_AXES: usize = 16;

#[repr(C)]
struct ShimError {
    length: usize,
    text: [u8; MESSAGE],
}

/// What a column is, for the calls that move data.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct ColumnKind {
    /// 0 when there is no such column.
    pub(crate) exists: c_int,
    /// The type's code, see [`type_of`].
    pub(crate) data_type: c_int,
    pub(crate) scalar: c_int,
    pub(crate) fixed: c_int,
    pub(crate) stored: c_int,
    pub(crate) writable: c_int,
    /// Axes of a cell; 0 when not fixed.
    ndim: c_int,
    /// The fixed shape, in casacore's order.
    shape: [u64; MAX_AXES],
}

/// The shape that a range of cells shares.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct CellShape {
    /// 0: shared; 1: `row` is undefined; 2: `row` differs from the first.
    pub(crate) state: c_int,
    ndim: c_int,
    pub(crate) row: u64,
    /// In casacore's order.
    shape: [u64; MAX_AXES],
}

impl ColumnKind {
    /// The fixed shape in row-major order.
    pub(crate) fn shape(&self) -> Vec<usize> {
        row_major(&self.shape, self.ndim)
    }

    /// The number of axes, if the column fixes it.
    pub(crate) fn ndim(&self) -> Option<usize> {
        usize::try_from(self.ndim).ok().filter(|&ndim| ndim > 0)
    }
}

impl CellShape {
    /// The shape in row-major order.
    pub(crate) fn shape(&self) -> Vec<usize> {
        row_major(&self.shape, self.ndim)
    }
}

fn row_major(shape: &[u64; MAX_AXES], ndim: c_int) -> Vec<usize> {
    let ndim = usize::try_from(ndim).unwrap_or(0).min(MAX_AXES);
    shape[..ndim].iter().rev().map(|&n| n as usize).collect()
}

/// The type of a code that the shim and the codec use.
pub(crate) fn type_of(code: c_int) -> DataType {
    match code {
        0 => DataType::Bool,
        1 => DataType::UChar,
        2 => DataType::Short,
        3 => DataType::UShort,
        4 => DataType::Int,
        5 => DataType::UInt,
        6 => DataType::Int64,
        7 => DataType::Float,
        8 => DataType::Double,
        9 => DataType::Complex,
        10 => DataType::DComplex,
        11 => DataType::String,
        13 => DataType::Record,
        _ => DataType::Other,
    }
}

/// The code of a type, the inverse of [`type_of`].
pub(crate) fn code_of(data_type: DataType) -> c_int {
    match data_type {
        DataType::Bool => 0,
        DataType::UChar => 1,
        DataType::Short => 2,
        DataType::UShort => 3,
        DataType::Int => 4,
        DataType::UInt => 5,
        DataType::Int64 => 6,
        DataType::Float => 7,
        DataType::Double => 8,
        DataType::Complex => 9,
        DataType::DComplex => 10,
        DataType::String => 11,
        DataType::Record => 13,
        DataType::Other => 14,
    }
}

/// What [`RawTable::describe`] can tell, always as an encoded record.
#[derive(Clone, Copy)]
#[repr(i32)]
pub(crate) enum Topic {
    /// The columns' names, in order, as one string array `names`.
    Columns = 0,
    /// One column.
    Column = 1,
    /// Each column's data manager: name, kind, sequence, file.
    Managers = 2,
    /// casacore's `dataManagerInfo`.
    ManagerInfo = 3,
    /// The table's keywords.
    Keywords = 4,
    /// A column's keywords.
    ColumnKeywords = 5,
    /// The root tables' names and the table's own.
    Parts = 6,
}

type RawBytes = c_void;
type RawHandle = c_void;

unsafe extern "C" {
    fn nvss_bytes_data(bytes: *const RawBytes) -> *const u8;
    fn nvss_bytes_length(bytes: *const RawBytes) -> usize;
    fn nvss_bytes_free(bytes: *mut RawBytes);
    fn nvss_table_open(
        path: *const u8,
        length: usize,
        write: c_int,
        out: *mut *mut RawHandle,
        error: *mut ShimError,
    ) -> c_int;
    fn nvss_table_close(table: *mut RawHandle, error: *mut ShimError) -> c_int;
    fn nvss_table_create(
        path: *const u8,
        length: usize,
        spec: *const u8,
        spec_length: usize,
        rows: u64,
        big: c_int,
        out: *mut *mut RawHandle,
        error: *mut ShimError,
    ) -> c_int;
    fn nvss_table_rows(table: *mut RawHandle, rows: *mut u64, error: *mut ShimError) -> c_int;
    fn nvss_table_big(table: *mut RawHandle, big: *mut c_int, error: *mut ShimError) -> c_int;
    fn nvss_table_lock(
        table: *mut RawHandle,
        write: c_int,
        attempts: u32,
        got: *mut c_int,
        error: *mut ShimError,
    ) -> c_int;
    fn nvss_table_has_lock(
        table: *mut RawHandle,
        write: c_int,
        has: *mut c_int,
        error: *mut ShimError,
    ) -> c_int;
    fn nvss_table_unlock(table: *mut RawHandle, error: *mut ShimError) -> c_int;
    fn nvss_table_flush(table: *mut RawHandle, error: *mut ShimError) -> c_int;
    fn nvss_table_mark_changed(
        table: *mut RawHandle,
        column: *const u8,
        length: usize,
        done: *mut c_int,
        error: *mut ShimError,
    ) -> c_int;
    fn nvss_table_mend_rows(table: *mut RawHandle, mended: *mut u64, error: *mut ShimError) -> c_int;
    fn nvss_table_touch(table: *mut RawHandle, error: *mut ShimError) -> c_int;
    fn nvss_column_reserve(
        table: *mut RawHandle,
        column: *const u8,
        length: usize,
        error: *mut ShimError,
    ) -> c_int;
    fn nvss_table_describe(
        table: *mut RawHandle,
        topic: c_int,
        name: *const u8,
        length: usize,
        out: *mut *mut RawBytes,
        error: *mut ShimError,
    ) -> c_int;
    fn nvss_table_type(
        path: *const u8,
        length: usize,
        out: *mut *mut RawBytes,
        error: *mut ShimError,
    ) -> c_int;
    fn nvss_tile_forget(
        table: *mut RawHandle,
        column: *const u8,
        length: usize,
        error: *mut ShimError,
    ) -> c_int;
    fn nvss_record_get(
        table: *mut RawHandle,
        column: *const u8,
        length: usize,
        row: u64,
        out: *mut *mut RawBytes,
        error: *mut ShimError,
    ) -> c_int;
    fn nvss_record_put(
        table: *mut RawHandle,
        column: *const u8,
        length: usize,
        row: u64,
        record: *const u8,
        record_length: usize,
        error: *mut ShimError,
    ) -> c_int;
    fn nvss_keyword_set(
        table: *mut RawHandle,
        column: *const u8,
        column_length: usize,
        record: *const u8,
        length: usize,
        error: *mut ShimError,
    ) -> c_int;
    fn nvss_keyword_remove(
        table: *mut RawHandle,
        column: *const u8,
        column_length: usize,
        name: *const u8,
        length: usize,
        error: *mut ShimError,
    ) -> c_int;
    fn nvss_table_add_rows(table: *mut RawHandle, rows: u64, error: *mut ShimError) -> c_int;
    fn nvss_table_add_columns(
        table: *mut RawHandle,
        spec: *const u8,
        length: usize,
        error: *mut ShimError,
    ) -> c_int;
    fn nvss_table_deep_copy(
        table: *mut RawHandle,
        path: *const u8,
        length: usize,
        rows: c_int,
        error: *mut ShimError,
    ) -> c_int;
    fn nvss_table_select(
        table: *mut RawHandle,
        rows: *const u64,
        count: usize,
        out: *mut *mut RawHandle,
        error: *mut ShimError,
    ) -> c_int;
    fn nvss_table_save(table: *mut RawHandle, path: *const u8, length: usize, error: *mut ShimError)
    -> c_int;
    fn nvss_table_concatenate(
        parts: *const u8,
        parts_length: usize,
        path: *const u8,
        length: usize,
        error: *mut ShimError,
    ) -> c_int;
    fn nvss_tile_cache(
        table: *mut RawHandle,
        column: *const u8,
        length: usize,
        mebibytes: u32,
        error: *mut ShimError,
    ) -> c_int;
    fn nvss_column_kind(
        table: *mut RawHandle,
        column: *const u8,
        length: usize,
        kind: *mut ColumnKind,
        error: *mut ShimError,
    ) -> c_int;
    fn nvss_cells_shape(
        table: *mut RawHandle,
        column: *const u8,
        length: usize,
        start: u64,
        count: u64,
        shape: *mut CellShape,
        error: *mut ShimError,
    ) -> c_int;
    fn nvss_column_get(
        table: *mut RawHandle,
        column: *const u8,
        length: usize,
        data_type: c_int,
        start: u64,
        count: u64,
        data: *mut c_void,
        elements: usize,
        error: *mut ShimError,
    ) -> c_int;
    fn nvss_column_put(
        table: *mut RawHandle,
        column: *const u8,
        length: usize,
        data_type: c_int,
        start: u64,
        count: u64,
        data: *const c_void,
        shape: *const u64,
        ndim: usize,
        error: *mut ShimError,
    ) -> c_int;
    fn nvss_column_get_strings(
        table: *mut RawHandle,
        column: *const u8,
        length: usize,
        start: u64,
        count: u64,
        out: *mut *mut RawBytes,
        error: *mut ShimError,
    ) -> c_int;
    fn nvss_column_put_strings(
        table: *mut RawHandle,
        column: *const u8,
        length: usize,
        start: u64,
        count: u64,
        data: *const u8,
        data_length: usize,
        shape: *const u64,
        ndim: usize,
        error: *mut ShimError,
    ) -> c_int;
}

/// casacore's words for what went wrong.
pub(crate) type Words<T> = Result<T, String>;

/// Runs one shim call with a buffer for its message.
fn call(run: impl FnOnce(*mut ShimError) -> c_int) -> Words<()> {
    let mut error = ShimError { length: 0, text: [0; MESSAGE] };
    if run(&mut error) == 0 {
        return Ok(());
    }
    let length = error.length.min(MESSAGE);
    Err(String::from_utf8_lossy(&error.text[..length]).into_owned())
}

/// Bytes that the shim owns.
struct Bytes(NonNull<RawBytes>);

impl Bytes {
    /// Takes what `run` left behind its pointer.
    fn collect(run: impl FnOnce(*mut *mut RawBytes, *mut ShimError) -> c_int) -> Words<Vec<u8>> {
        let mut raw = ptr::null_mut();
        call(|error| run(&mut raw, error))?;
        let bytes = Bytes(NonNull::new(raw).ok_or("the shim returned nothing")?);
        // SAFETY: the shim returned a live std::string; its data are valid for its length until it is freed, after the copy.
        let slice = unsafe {
            let length = nvss_bytes_length(bytes.0.as_ptr());
            let data = nvss_bytes_data(bytes.0.as_ptr());
            std::slice::from_raw_parts(data, length)
        };
        Ok(slice.to_vec())
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        // SAFETY: the pointer came from the shim and is freed exactly once.
        unsafe { nvss_bytes_free(self.0.as_ptr()) }
    }
}

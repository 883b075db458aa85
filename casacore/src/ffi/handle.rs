//! One casacore table behind an owned pointer.

use std::ffi::{c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::{self, NonNull};

use num_complex::{Complex32, Complex64};

use super::{Bytes, CellShape, ColumnKind, RawHandle, Topic, Words, call, code_of};
use crate::DataType;

/// Types whose memory is the same in Rust and in casacore.
///
/// # Safety
/// `TYPE` must name the casacore type with the size, alignment and meaning of `Self`.
pub unsafe trait Plain: Copy {
    /// casacore's name for the type.
    const TYPE: DataType;
}

// SAFETY: casacore's Bool is C++ `bool`: one byte holding 0 or 1, as in Rust.
unsafe impl Plain for bool {
    const TYPE: DataType = DataType::Bool;
}
// SAFETY: casacore's Int is a 32-bit `int`.
unsafe impl Plain for i32 {
    const TYPE: DataType = DataType::Int;
}
// SAFETY: casacore's uInt is a 32-bit `unsigned int`.
unsafe impl Plain for u32 {
    const TYPE: DataType = DataType::UInt;
}
// SAFETY: casacore's Int64 is a 64-bit `long long`.
unsafe impl Plain for i64 {
    const TYPE: DataType = DataType::Int64;
}
// SAFETY: casacore's Float is an IEEE `float`.
unsafe impl Plain for f32 {
    const TYPE: DataType = DataType::Float;
}
// SAFETY: casacore's Double is an IEEE `double`.
unsafe impl Plain for f64 {
    const TYPE: DataType = DataType::Double;
}
// SAFETY: `std::complex<float>` and `Complex32` are both real part, imaginary part.
unsafe impl Plain for Complex32 {
    const TYPE: DataType = DataType::Complex;
}
// SAFETY: `std::complex<double>` and `Complex64` are both real part, imaginary part.
unsafe impl Plain for Complex64 {
    const TYPE: DataType = DataType::DComplex;
}

/// An open table. The raw pointer keeps it on its thread: neither `Send` nor `Sync`.
pub(crate) struct RawTable(NonNull<RawHandle>);

fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

/// Takes the table that `run` leaves behind its pointer.
fn adopt(run: impl FnOnce(*mut *mut RawHandle, *mut super::ShimError) -> c_int) -> Words<RawTable> {
    let mut raw = ptr::null_mut();
    call(|error| run(&mut raw, error))?;
    Ok(RawTable(NonNull::new(raw).ok_or("the shim returned no table")?))
}

impl RawTable {
    fn get(&self) -> *mut RawHandle {
        self.0.as_ptr()
    }

    pub(crate) fn open(path: &Path, write: bool) -> Words<Self> {
        let path = bytes(path);
        // SAFETY: the path is a live slice, and the out pointer and buffer live through the call.
        adopt(|out, error| unsafe {
            super::nvss_table_open(path.as_ptr(), path.len(), write.into(), out, error)
        })
    }

    pub(crate) fn create(path: &Path, spec: &[u8], rows: u64, big: bool) -> Words<Self> {
        let path = bytes(path);
        // SAFETY: both slices, the out pointer and the buffer live through the call.
        adopt(|out, error| unsafe {
            super::nvss_table_create(
                path.as_ptr(),
                path.len(),
                spec.as_ptr(),
                spec.len(),
                rows,
                big.into(),
                out,
                error,
            )
        })
    }

    /// Flushes and frees; after an error the C++ object is left to leak, because its destructor could abort the process.
    pub(crate) fn close(self) -> Words<()> {
        let raw = self.get();
        std::mem::forget(self);
        // SAFETY: `self` was forgotten, so this is the only call that frees the pointer.
        call(|error| unsafe { super::nvss_table_close(raw, error) })
    }

    pub(crate) fn rows(&self) -> Words<u64> {
        let mut rows = 0;
        // SAFETY: the table is open; `rows` and the buffer live through the call.
        call(|error| unsafe { super::nvss_table_rows(self.get(), &mut rows, error) })?;
        Ok(rows)
    }

    pub(crate) fn big_endian(&self) -> Words<bool> {
        let mut big = 0;
        // SAFETY: the table is open; `big` and the buffer live through the call.
        call(|error| unsafe { super::nvss_table_big(self.get(), &mut big, error) })?;
        Ok(big != 0)
    }

    /// `attempts` must not be 0, which would wait for ever; 0 is taken as 1.
    pub(crate) fn lock(&self, write: bool, attempts: u32) -> Words<bool> {
        let mut got = 0;
        // SAFETY: the table is open; `got` and the buffer live through the call.
        call(|error| unsafe {
            super::nvss_table_lock(self.get(), write.into(), attempts.max(1), &mut got, error)
        })?;
        Ok(got != 0)
    }

    pub(crate) fn has_lock(&self, write: bool) -> Words<bool> {
        let mut has = 0;
        // SAFETY: the table is open; `has` and the buffer live through the call.
        call(|error| unsafe { super::nvss_table_has_lock(self.get(), write.into(), &mut has, error) })?;
        Ok(has != 0)
    }

    pub(crate) fn unlock(&self) -> Words<()> {
        // SAFETY: the table is open; the buffer lives through the call.
        call(|error| unsafe { super::nvss_table_unlock(self.get(), error) })
    }

    pub(crate) fn flush(&self) -> Words<()> {
        // SAFETY: the table is open; the buffer lives through the call.
        call(|error| unsafe { super::nvss_table_flush(self.get(), error) })
    }

    /// An encoded record on `topic`; `name` is the column, where the topic needs one.
    pub(crate) fn describe(&self, topic: Topic, name: &str) -> Words<Vec<u8>> {
        // SAFETY: the table is open; the name, the out pointer and the buffer live through the call.
        Bytes::collect(|out, error| unsafe {
            super::nvss_table_describe(self.get(), topic as c_int, name.as_ptr(), name.len(), out, error)
        })
    }

    /// Sets every keyword of the encoded record; `column` empty: the table's own keywords.
    pub(crate) fn set_keywords(&self, column: &str, record: &[u8]) -> Words<()> {
        // SAFETY: the table is open; both slices and the buffer live through the call.
        call(|error| unsafe {
            super::nvss_keyword_set(
                self.get(),
                column.as_ptr(),
                column.len(),
                record.as_ptr(),
                record.len(),
                error,
            )
        })
    }

    /// Has the next flush write the table's description.
    pub(crate) fn touch(&self) -> Words<()> {
        // SAFETY: the table is open; the buffer lives through the call.
        call(|error| unsafe { super::nvss_table_touch(self.get(), error) })
    }

    /// Brings storage managers to the table's number of rows; how many had another one.
    pub(crate) fn mend_rows(&self) -> Words<u64> {
        let mut mended = 0;
        // SAFETY: the table is open; `mended` and the buffer live through the call.
        call(|error| unsafe { super::nvss_table_mend_rows(self.get(), &mut mended, error) })?;
        Ok(mended)
    }

    /// Gives the file of a new tiled column its whole length, or takes the column away again.
    pub(crate) fn reserve_column(&self, column: &str) -> Words<()> {
        // SAFETY: the table is open; the name and the buffer live through the call.
        call(|error| unsafe { super::nvss_column_reserve(self.get(), column.as_ptr(), column.len(), error) })
    }

    /// Has the next flush tell other processes that a column's data changed; false where the table is no plain one.
    pub(crate) fn mark_changed(&self, column: &str) -> Words<bool> {
        let mut done = 0;
        // SAFETY: the table is open; the name, the out pointer and the buffer live through the call.
        call(|error| unsafe {
            super::nvss_table_mark_changed(self.get(), column.as_ptr(), column.len(), &mut done, error)
        })?;
        Ok(done != 0)
    }

    /// Drops the cached tiles of a tiled column.
    pub(crate) fn forget_tiles(&self, column: &str) -> Words<()> {
        // SAFETY: the table is open; the name and the buffer live through the call.
        call(|error| unsafe { super::nvss_tile_forget(self.get(), column.as_ptr(), column.len(), error) })
    }

    /// The encoded record in a cell of a column of records.
    pub(crate) fn record_cell(&self, column: &str, row: u64) -> Words<Vec<u8>> {
        // SAFETY: the table is open; the name, the out pointer and the buffer live through the call.
        Bytes::collect(|out, error| unsafe {
            super::nvss_record_get(self.get(), column.as_ptr(), column.len(), row, out, error)
        })
    }

    /// Puts an encoded record into a cell of a column of records.
    pub(crate) fn put_record_cell(&self, column: &str, row: u64, record: &[u8]) -> Words<()> {
        // SAFETY: the table is open; both slices and the buffer live through the call.
        call(|error| unsafe {
            super::nvss_record_put(
                self.get(),
                column.as_ptr(),
                column.len(),
                row,
                record.as_ptr(),
                record.len(),
                error,
            )
        })
    }

    pub(crate) fn remove_keyword(&self, column: &str, name: &str) -> Words<()> {
        // SAFETY: the table is open; both slices and the buffer live through the call.
        call(|error| unsafe {
            super::nvss_keyword_remove(
                self.get(),
                column.as_ptr(),
                column.len(),
                name.as_ptr(),
                name.len(),
                error,
            )
        })
    }

    pub(crate) fn add_rows(&self, rows: u64) -> Words<()> {
        // SAFETY: the table is open; the buffer lives through the call.
        call(|error| unsafe { super::nvss_table_add_rows(self.get(), rows, error) })
    }

    pub(crate) fn add_columns(&self, spec: &[u8]) -> Words<()> {
        // SAFETY: the table is open; the slice and the buffer live through the call.
        call(|error| unsafe { super::nvss_table_add_columns(self.get(), spec.as_ptr(), spec.len(), error) })
    }

    pub(crate) fn deep_copy(&self, path: &Path, rows: bool) -> Words<()> {
        let path = bytes(path);
        // SAFETY: the table is open; the path and the buffer live through the call.
        call(|error| unsafe {
            super::nvss_table_deep_copy(self.get(), path.as_ptr(), path.len(), rows.into(), error)
        })
    }

    pub(crate) fn select(&self, rows: &[u64]) -> Words<RawTable> {
        // SAFETY: the table is open; the rows, the out pointer and the buffer live through the call.
        adopt(|out, error| unsafe {
            super::nvss_table_select(self.get(), rows.as_ptr(), rows.len(), out, error)
        })
    }

    pub(crate) fn save(&self, path: &Path) -> Words<()> {
        let path = bytes(path);
        // SAFETY: the table is open; the path and the buffer live through the call.
        call(|error| unsafe { super::nvss_table_save(self.get(), path.as_ptr(), path.len(), error) })
    }

    pub(crate) fn tile_cache(&self, column: &str, mebibytes: u32) -> Words<()> {
        // SAFETY: the table is open; the name and the buffer live through the call.
        call(|error| unsafe {
            super::nvss_tile_cache(self.get(), column.as_ptr(), column.len(), mebibytes, error)
        })
    }

    pub(crate) fn kind(&self, column: &str) -> Words<ColumnKind> {
        let mut kind = ColumnKind::default();
        // SAFETY: the table is open; the name, `kind` and the buffer live through the call.
        call(|error| unsafe {
            super::nvss_column_kind(self.get(), column.as_ptr(), column.len(), &mut kind, error)
        })?;
        Ok(kind)
    }

    pub(crate) fn cells_shape(&self, column: &str, start: u64, count: u64) -> Words<CellShape> {
        let mut shape = CellShape::default();
        // SAFETY: the table is open; the name, `shape` and the buffer live through the call.
        call(|error| unsafe {
            super::nvss_cells_shape(
                self.get(),
                column.as_ptr(),
                column.len(),
                start,
                count,
                &mut shape,
                error,
            )
        })?;
        Ok(shape)
    }

    /// Fills `out` with `count` cells; the shim fails unless they hold exactly `out.len()` values.
    pub(crate) fn read<T: Plain>(&self, column: &str, start: u64, count: u64, out: &mut [T]) -> Words<()> {
        // SAFETY: the table is open; `out` is writable for its length, which the shim checks against the cells before it
        // writes, and `Plain` guarantees that casacore's type `TYPE` has T's representation.
        call(|error| unsafe {
            super::nvss_column_get(
                self.get(),
                column.as_ptr(),
                column.len(),
                code_of(T::TYPE),
                start,
                count,
                out.as_mut_ptr().cast::<c_void>(),
                out.len(),
                error,
            )
        })
    }

    /// Writes `data`, whose cells have `shape` (row-major, without the row axis).
    pub(crate) fn write<T: Plain>(
        &self,
        column: &str,
        start: u64,
        count: u64,
        data: &[T],
        shape: &[usize],
    ) -> Words<()> {
        let shape = reversed(shape, count, data.len())?;
        // SAFETY: the table is open; `data` holds exactly the values that `count` cells of `shape` need, checked by
        // `reversed`, and `Plain` guarantees the representation.
        call(|error| unsafe {
            super::nvss_column_put(
                self.get(),
                column.as_ptr(),
                column.len(),
                code_of(T::TYPE),
                start,
                count,
                data.as_ptr().cast::<c_void>(),
                shape.as_ptr(),
                shape.len(),
                error,
            )
        })
    }

    /// The encoded strings of `count` cells.
    pub(crate) fn read_strings(&self, column: &str, start: u64, count: u64) -> Words<Vec<u8>> {
        // SAFETY: the table is open; the name, the out pointer and the buffer live through the call.
        Bytes::collect(|out, error| unsafe {
            super::nvss_column_get_strings(
                self.get(),
                column.as_ptr(),
                column.len(),
                start,
                count,
                out,
                error,
            )
        })
    }

    /// Writes encoded strings, which the shim bounds-checks as it decodes them.
    pub(crate) fn write_strings(
        &self,
        column: &str,
        start: u64,
        count: u64,
        data: &[u8],
        shape: &[usize],
    ) -> Words<()> {
        let shape: Vec<u64> = shape.iter().rev().map(|&n| n as u64).collect();
        // SAFETY: the table is open; all slices and the buffer live through the call.
        call(|error| unsafe {
            super::nvss_column_put_strings(
                self.get(),
                column.as_ptr(),
                column.len(),
                start,
                count,
                data.as_ptr(),
                data.len(),
                shape.as_ptr(),
                shape.len(),
                error,
            )
        })
    }
}

impl Drop for RawTable {
    fn drop(&mut self) {
        // SAFETY: the pointer is live and this is the last use of it; a failure leaks it, which is safe.
        let _ = call(|error| unsafe { super::nvss_table_close(self.get(), error) });
    }
}

/// A cell's shape in casacore's order, if `count` such cells are `length` values.
fn reversed(shape: &[usize], count: u64, length: usize) -> Words<Vec<u64>> {
    let cell = shape.iter().try_fold(1_usize, |product, &n| product.checked_mul(n));
    let total = usize::try_from(count).ok().zip(cell).and_then(|(count, cell)| count.checked_mul(cell));
    if total != Some(length) {
        return Err(format!("{length} values given for {count} cells of shape {shape:?}"));
    }
    Ok(shape.iter().rev().map(|&n| n as u64).collect())
}

/// The type in `table.info`.
pub(crate) fn table_type(path: &Path) -> Words<Vec<u8>> {
    let path = bytes(path);
    // SAFETY: the path, the out pointer and the buffer live through the call.
    Bytes::collect(|out, error| unsafe { super::nvss_table_type(path.as_ptr(), path.len(), out, error) })
}

/// Makes a table that shows the encoded paths' tables one after the other.
pub(crate) fn concatenate(parts: &[u8], path: &Path) -> Words<()> {
    let path = bytes(path);
    // SAFETY: both slices and the buffer live through the call.
    call(|error| unsafe {
        super::nvss_table_concatenate(parts.as_ptr(), parts.len(), path.as_ptr(), path.len(), error)
    })
}

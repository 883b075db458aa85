//! The model column's tile file, read and written without casacore where its layout is exactly known.
//!
//! A tile of whole rows, all channels and all correlations puts row r at byte r × row bytes of the file, in the
//! table's byte order. Compute threads then write their blocks themselves, at once and side by side; casacore's own way
//! reads each tile before it overwrites it and copies it twice. Whatever does not match in every point goes
//! casacore's way.

use std::fs::File;
use std::io::{self, IoSlice};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use casacore::{Endian, Record, Table, Value};
use num_complex::Complex32;

use super::model_column::CellShape;
use super::page_cache::Behind;
use crate::stall::{Doing, Journal};

/// A column's tile file, open for reading and writing; threads may share it.
#[derive(Debug)]
pub struct TileFile {
    file: File,
    path: PathBuf,
    row_bytes: u64,
    rows: u64,
    /// Whether the file's byte order is not this machine's.
    swapped: bool,
    behind: Behind,
    /// That of the run: the threads that write have none of their own.
    journal: Option<Arc<Journal>>,
}

impl TileFile {
    /// Opens the file of column `column` of `ms` if every row, of shape `shape`, lies where its number says;
    /// `None` where anything is different. The table must have been flushed since the column was made. The file's pages are
    /// dropped behind what is written if `drops` says so.
    pub fn open(ms: &Table, column: &str, shape: CellShape, drops: bool) -> Option<TileFile> {
        if !ms.is_plain() {
            return None;
        }
        let manager = ms.data_manager_of(column).ok()?;
        // TiledShapeStMan keeps its first cube in the second file; TiledColumnStMan has but one.
        let suffix = match manager.kind.as_str() {
            "TiledShapeStMan" => "TSM1",
            "TiledColumnStMan" => "TSM0",
            _ => return None,
        };
        if manager.columns != [column] {
            return None;
        }
        let Some(Value::Record(cubes)) = manager.spec.get("HYPERCUBES") else {
            return None;
        };
        let mut cubes = cubes.iter();
        let (Some((_, Value::Record(cube))), None) = (cubes.next(), cubes.next()) else {
            return None;
        };
        let rows = ms.row_count();
        let cell = [shape.correlations as i64, shape.channels as i64];
        let tile = axes(cube, "TileShape")?;
        let whole_rows = tile.len() == 3 && tile[..2] == cell && tile[2] > 0;
        if !whole_rows || axes(cube, "CubeShape")? != [cell[0], cell[1], rows as i64] {
            return None;
        }
        let row_bytes = shape.bytes() as u64;
        let tile_rows = tile[2] as u64;
        let ending = format!("table.f{}_{suffix}", manager.sequence);
        let path = ms
            .files_of_column(column)
            .ok()?
            .into_iter()
            .find(|path| path.file_name().is_some_and(|name| name == ending.as_str()))?;
        let file = File::options().read(true).write(true).open(&path).ok()?;
        // A file that is shorter than its tiles was never flushed, a longer one is laid out in another way.
        if file.metadata().ok()?.len() != rows.div_ceil(tile_rows) * tile_rows * row_bytes {
            return None;
        }
        let swapped = match ms.endian() {
            Endian::Big => cfg!(target_endian = "little"),
            Endian::Little => cfg!(target_endian = "big"),
        };
        let (behind, journal) = (Behind::new(drops), Journal::current());
        Some(TileFile { file, path, row_bytes, rows, swapped, behind, journal })
    }

    /// The file.
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// Writes whole rows [Jy] from row `start` on and has the kernel begin to write them back. `data` is left in the
    /// file's byte order.
    ///
    /// # Errors
    /// What the system says, for instance that the disk is full.
    pub fn write(&self, start: u64, data: &mut [Complex32]) -> io::Result<()> {
        self.check(start, data.len())?;
        if self.swapped {
            swap(data);
        }
        let bytes: &[u8] = bytemuck::cast_slice(data);
        let offset = start * self.row_bytes;
        let _doing = self.doing("while writing");
        self.file.write_all_at(bytes, offset)?;
        self.behind.wrote(&self.file, offset, bytes.len() as u64);
        Ok(())
    }

    /// Writes rows [Jy] that lie apart in memory: `rows` are their numbers and where each begins in `data`, in any order. `data`
    /// is left in the file's byte order.
    ///
    /// # Errors
    /// What the system says, for instance that the disk is full.
    pub fn write_apart(&self, rows: &mut [(u64, usize)], data: &mut [Complex32]) -> io::Result<()> {
        rows.sort_unstable();
        let length = self.row_bytes as usize / size_of::<Complex32>();
        let end = rows.iter().map(|row| row.1 + length).max().unwrap_or(0);
        if end > data.len() || rows.last().is_some_and(|row| row.0 >= self.rows) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not rows of the column"));
        }
        if self.swapped {
            swap(data);
        }
        let _doing = self.doing("while writing");
        for neighbours in rows.chunk_by(|a, b| a.0 + 1 == b.0) {
            // What also lies together in memory is one piece.
            let pieces = neighbours.chunk_by(|a, b| a.1 + length == b.1);
            let pieces: Vec<IoSlice> = pieces
                .map(|piece| &data[piece[0].1..piece[0].1 + piece.len() * length])
                .map(|piece| IoSlice::new(bytemuck::cast_slice(piece)))
                .collect();
            let offset = neighbours[0].0 * self.row_bytes;
            write_pieces(&self.file, pieces, offset)?;
            self.behind.wrote(&self.file, offset, neighbours.len() as u64 * self.row_bytes);
        }
        Ok(())
    }

    /// Reads whole rows [Jy] from row `start` on.
    ///
    /// # Errors
    /// What the system says.
    pub fn read(&self, start: u64, data: &mut [Complex32]) -> io::Result<()> {
        self.check(start, data.len())?;
        let _doing = self.doing("while reading");
        self.file.read_exact_at(bytemuck::cast_slice_mut(data), start * self.row_bytes)?;
        if self.swapped {
            swap(data);
        }
        Ok(())
    }

    fn doing(&self, what: &'static str) -> Option<Doing> {
        self.journal.as_ref().map(|journal| journal.doing(what, &self.path))
    }

    /// Whether so many visibilities are whole rows of the column.
    fn check(&self, start: u64, visibilities: usize) -> io::Result<()> {
        let bytes = (visibilities * size_of::<Complex32>()) as u64;
        if bytes.is_multiple_of(self.row_bytes) && start + bytes / self.row_bytes <= self.rows {
            Ok(())
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "not whole rows of the column"))
        }
    }
}

/// The most pieces that Linux and others take in one call.
const MOST_PIECES: usize = 1024;

/// Writes pieces of memory one after the other from `offset` on.
fn write_pieces(file: &File, mut pieces: Vec<IoSlice>, mut offset: u64) -> io::Result<()> {
    let mut rest = pieces.as_mut_slice();
    while !rest.is_empty() {
        match rustix::io::pwritev(file, &rest[..rest.len().min(MOST_PIECES)], offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                IoSlice::advance_slices(&mut rest, written);
                offset += written as u64;
            }
            Err(rustix::io::Errno::INTR) => (),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The axes of a shape in a data manager's description, in casacore's order.
fn axes(cube: &Record, name: &str) -> Option<Vec<i64>> {
    cube.get(name)?.to_i64s()
}

/// Reverses the bytes of every real and imaginary part.
fn swap(data: &mut [Complex32]) {
    for word in bytemuck::cast_slice_mut::<Complex32, u32>(data) {
        *word = word.swap_bytes();
    }
}

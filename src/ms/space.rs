//! What must be true of the file system before anything is written: room, permissions, limits. What is known before costs the
//! user a message; what comes up while casacore rewrites a table can cost more.

use std::io;
use std::path::{Path, PathBuf};

use casacore::Table;
use rustix::fs::{AtFlags, CWD, accessat};
use rustix::process::{Resource, getrlimit};

use super::error::{MsError, Result};

/// What tables, indices and the history need beside a new column.
const BESIDE: u64 = 16 << 20;

/// What rewriting the description of a table needs beside its size.
const REWRITE: u64 = 1 << 20;

/// Files that a new column brings, and those that casacore renames into place.
const NEW_FILES: u64 = 8;

/// Bytes that this user may still write on the file system of `path`.
///
/// # Errors
/// The error of the system call.
pub fn free_bytes(path: &Path) -> io::Result<u64> {
    let status = rustix::fs::statvfs(path)?;
    Ok(status.f_bavail * status.f_frsize)
}

/// What a run needs of the file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs<'a> {
    /// The column.
    pub column: &'a str,
    /// Bytes that its files will grow by.
    pub growth: u64,
    /// The size of its largest file in the end [bytes].
    pub largest: u64,
}

/// Checks that every file that will be touched may be written, and that there is room.
///
/// # Errors
/// [`casacore::Error::NotWritable`] with the file, [`MsError::Space`], or [`MsError::Room`] with the limit in the way.
pub fn check(ms: &Table, needs: &Needs) -> Result<()> {
    writable(ms, needs.column)?;
    room(ms.path(), needs)
}

/// Whether every file of the table that will be touched, and its folder, may be written by this user.
fn writable(ms: &Table, column: &str) -> Result<()> {
    let mut files: Vec<PathBuf> = Vec::new();
    for part in ms.part_names()? {
        files.extend(["table.dat", "table.lock"].map(|name| part.join(name)));
        files.push(part);
    }
    if ms.has_column(column) {
        files.extend(ms.files_of_column(column)?);
    }
    for file in files {
        // casacore makes a lock file where there is none.
        if let Err(source) = accessat(CWD, &file, rustix::fs::Access::WRITE_OK, AtFlags::EACCESS)
            && source != rustix::io::Errno::NOENT
        {
            let table = ms.path().to_path_buf();
            return Err(casacore::Error::NotWritable { table, file, source: source.into() }.into());
        }
    }
    Ok(())
}

/// Whether the file system has the room and this process may use it.
fn room(path: &Path, needs: &Needs) -> Result<()> {
    let none = |message: String| MsError::Room { path: path.to_path_buf(), message };
    let status = rustix::fs::statvfs(path)
        .map_err(|source| none(format!("the free space of its file system cannot be told: {source}")))?;
    let description = std::fs::metadata(path.join("table.dat")).map_or(0, |metadata| metadata.len());
    let needed = needs.growth + if needs.growth > 0 { BESIDE } else { REWRITE + 2 * description };
    let free = status.f_bavail * status.f_frsize;
    if free < needed {
        return Err(MsError::Space {
            path: path.to_path_buf(),
            column: needs.column.to_owned(),
            needed: needs.growth,
            free,
        });
    }
    // File systems that make inodes as they go say that they have none at all.
    if needs.growth > 0 && status.f_files > 0 && status.f_favail < NEW_FILES {
        return Err(none(format!(
            "a new column {} needs up to {NEW_FILES} files, and its file system has inodes for {} more; nothing was written. \
             Delete some files there",
            needs.column, status.f_favail
        )));
    }
    let largest = needs.largest.max(description + REWRITE);
    match getrlimit(Resource::Fsize).current {
        Some(limit) if limit < largest => Err(none(format!(
            "column {} needs a file of {largest} bytes, and this process may not write files of more than {limit} (ulimit -f); \
             nothing was written. Raise the limit",
            needs.column
        ))),
        _ => Ok(()),
    }
}

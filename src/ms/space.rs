//! What the file system has left.

use std::io;
use std::path::Path;

/// Bytes that this user may still write on the file system of `path`.
///
/// # Errors
/// The error of the system call.
pub fn free_bytes(path: &Path) -> io::Result<u64> {
    let status = rustix::fs::statvfs(path)?;
    Ok(status.f_bavail * status.f_frsize)
}

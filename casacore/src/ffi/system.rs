//! The system calls that std does not offer: asking who holds a record lock, whether a file may be written, and early
//! write-back.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Whether this process could open `path` for writing, without opening it: to open and close `table.lock` would drop locks.
pub(crate) fn is_writable(path: &Path) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: the path is a NUL-terminated string that lives through the call.
    let code = unsafe { libc::faccessat(libc::AT_FDCWD, path.as_ptr(), libc::W_OK, libc::AT_EACCESS) };
    match code {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Cuts a file to nothing without opening it: to open and close `table.lock` would drop locks.
pub(crate) fn empty_file(path: &Path) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: the path is a NUL-terminated string that lives through the call.
    match unsafe { libc::truncate(path.as_ptr(), 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The process that keeps this one from write-locking byte 0 of the lock file, which must be open in this process.
///
/// The query goes through a descriptor that casacore already holds: a descriptor of our own would, when closed, drop every lock
/// the process has on the file.
pub(crate) fn conflicting_pid(lock_file: &Path) -> Option<u32> {
    let wanted = std::fs::metadata(lock_file).ok()?;
    let descriptor = std::fs::read_dir("/dev/fd")
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<RawFd>().ok())
        .find(|&descriptor| is_file(descriptor, &wanted))?;
    // SAFETY: `flock` is plain data for which all zeros is valid.
    let mut query: libc::flock = unsafe { std::mem::zeroed() };
    query.l_type = libc::F_WRLCK as libc::c_short;
    query.l_whence = libc::SEEK_SET as libc::c_short;
    query.l_start = 0;
    query.l_len = 1;
    // SAFETY: F_GETLK only fills `query`; a descriptor that is not open gives an error.
    let code = unsafe { libc::fcntl(descriptor, libc::F_GETLK, &mut query) };
    if code == -1 || query.l_type == libc::F_UNLCK as libc::c_short {
        return None;
    }
    // A holder outside this process's PID namespace has no number here: 0, or -1 for a lock that no single process owns.
    Some(u32::try_from(query.l_pid).unwrap_or(0))
}

/// Whether the descriptor is open on that file.
#[allow(clippy::useless_conversion, reason = "device numbers are signed and narrower on macOS")]
fn is_file(descriptor: RawFd, wanted: &std::fs::Metadata) -> bool {
    // SAFETY: `stat` is plain data for which all zeros is valid.
    let mut found: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: fstat only fills `found`; a descriptor that is not open gives an error.
    let code = unsafe { libc::fstat(descriptor, &mut found) };
    code == 0
        && u64::try_from(found.st_dev).is_ok_and(|device| device == wanted.dev())
        && found.st_ino == wanted.ino()
}

/// Asks the kernel to begin writing `length` bytes of `file` (0: all to its end) from `offset` to the disk, and waits
/// until they are there if `wait` says so.
pub(crate) fn write_back(file: &std::fs::File, offset: u64, length: u64, wait: bool) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        let range = |n: u64| i64::try_from(n).map_err(|_| io::ErrorKind::InvalidInput);
        let (offset, length) = (range(offset)?, range(length)?);
        let waiting = libc::SYNC_FILE_RANGE_WAIT_BEFORE | libc::SYNC_FILE_RANGE_WAIT_AFTER;
        let flags = libc::SYNC_FILE_RANGE_WRITE | if wait { waiting } else { 0 };
        // SAFETY: the descriptor is open as long as `file` is borrowed; the call touches no memory of ours.
        let code = unsafe { libc::sync_file_range(file.as_raw_fd(), offset, length, flags) };
        if code != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (file, offset, length, wait);
    Ok(())
}

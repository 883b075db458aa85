//! What the kernel tells of a thread of this process: the time it has worked, and the system call that it is in.
//!
//! All of it comes from `/proc/self`; where there is none (other systems than Linux, sealed containers) nothing is known, and
//! only the journal tells.

use std::path::PathBuf;
use std::time::Duration;

/// The number of a thread: the kernel's on Linux.
pub(super) type Id = u64;

/// The calling thread.
pub(super) fn current() -> Id {
    thread_local! {
        static ID: Id = id();
    }
    ID.with(|id| *id)
}

#[cfg(target_os = "linux")]
fn id() -> Id {
    rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs().into()
}

#[cfg(not(target_os = "linux"))]
fn id() -> Id {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

/// The time that a thread of this process has had on a processor.
pub(super) fn worked(thread: Id) -> Option<Duration> {
    let text = std::fs::read_to_string(format!("/proc/self/task/{thread}/schedstat")).ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// The time that all threads of this process have had on processors.
pub(super) fn all_worked() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

/// A system call that a thread is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    /// Its name: `fsync`.
    pub(super) name: &'static str,
    /// The file it is about, where the kernel tells.
    pub(super) path: Option<PathBuf>,
    /// Who else holds a lock of that file, where it is about a lock.
    pub(super) holders: Vec<u32>,
}

/// The system call that a thread of this process waits in; none where it runs, or where it is not known.
#[cfg(target_os = "linux")]
pub(super) fn call(thread: Id) -> Option<Call> {
    let text = std::fs::read_to_string(format!("/proc/self/task/{thread}/syscall")).ok()?;
    let mut words = text.split_whitespace();
    let number: i64 = words.next()?.parse().ok()?;
    let arguments: Vec<u64> =
        words.map_while(|word| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok()).collect();
    let (name, about) = named(number)?;
    let argument = |index: usize| arguments.get(index).copied();
    let path = match about {
        About::Nothing => None,
        About::File => std::fs::read_link(format!("/proc/self/fd/{}", argument(0)? as i32)).ok(),
        About::Name(index) => text_at(argument(index)?),
    };
    let holders = if name == "lock" { lock_holders(argument(0)? as i32) } else { Vec::new() };
    Some(Call { name, path, holders })
}

#[cfg(not(target_os = "linux"))]
pub(super) fn call(_: Id) -> Option<Call> {
    None
}

/// Where a call has its file.
#[cfg(target_os = "linux")]
#[derive(Clone, Copy)]
enum About {
    Nothing,
    /// The first argument is its descriptor.
    File,
    /// This argument points to its name.
    Name(usize),
}

/// The name of the call that waits for other threads of the process.
pub(super) const FUTEX: &str = "futex";

#[cfg(target_os = "linux")]
fn named(number: i64) -> Option<(&'static str, About)> {
    use About::{File, Name, Nothing};
    #[cfg(target_arch = "x86_64")]
    match number {
        libc::SYS_open => return Some(("open", Name(0))),
        libc::SYS_stat | libc::SYS_lstat => return Some(("stat", Name(0))),
        libc::SYS_access => return Some(("access", Name(0))),
        libc::SYS_rename => return Some(("rename", Name(0))),
        libc::SYS_unlink => return Some(("unlink", Name(0))),
        libc::SYS_readlink => return Some(("readlink", Name(0))),
        _ => {}
    }
    Some(match number {
        libc::SYS_futex => (FUTEX, Nothing),
        libc::SYS_read | libc::SYS_pread64 | libc::SYS_readv => ("read", File),
        libc::SYS_write | libc::SYS_pwrite64 | libc::SYS_writev => ("write", File),
        libc::SYS_fsync | libc::SYS_fdatasync => ("fsync", File),
        libc::SYS_sync_file_range => ("sync_file_range", File),
        libc::SYS_fcntl | libc::SYS_flock => ("lock", File),
        libc::SYS_fstat => ("stat", File),
        libc::SYS_ftruncate => ("truncate", File),
        libc::SYS_fallocate => ("fallocate", File),
        libc::SYS_getdents64 => ("list", File),
        libc::SYS_lseek => ("lseek", File),
        libc::SYS_fadvise64 => ("fadvise", File),
        // Its descriptor is gone already.
        libc::SYS_close => ("close", Nothing),
        libc::SYS_openat => ("open", Name(1)),
        libc::SYS_newfstatat | libc::SYS_statx => ("stat", Name(1)),
        libc::SYS_faccessat | libc::SYS_faccessat2 => ("access", Name(1)),
        libc::SYS_readlinkat => ("readlink", Name(1)),
        libc::SYS_renameat | libc::SYS_renameat2 => ("rename", Name(1)),
        libc::SYS_unlinkat => ("unlink", Name(1)),
        libc::SYS_mkdirat => ("mkdir", Name(1)),
        libc::SYS_truncate => ("truncate", Name(0)),
        libc::SYS_statfs => ("statfs", Name(0)),
        _ => return None,
    })
}

/// The text that a thread of this process has at an address: the name of a file.
#[cfg(target_os = "linux")]
fn text_at(address: u64) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    use std::os::unix::fs::FileExt;
    let memory = std::fs::File::open("/proc/self/mem").ok()?;
    let mut bytes = vec![0; 4096];
    // A name near the end of a mapping is read in part.
    let read = memory.read_at(&mut bytes, address).ok()?;
    let end = bytes[..read].iter().position(|byte| *byte == 0)?;
    bytes.truncate(end);
    (!bytes.is_empty()).then(|| std::ffi::OsString::from_vec(bytes).into())
}

/// The processes that hold locks of the file of a descriptor of ours, as the kernel lists them; the file is not touched.
#[cfg(target_os = "linux")]
fn lock_holders(descriptor: i32) -> Vec<u32> {
    let found = || {
        let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{descriptor}")).ok()?;
        let inode = info.lines().find_map(|line| line.strip_prefix("ino:"))?.trim().to_owned();
        Some(holders_in(&std::fs::read_to_string("/proc/locks").ok()?, &inode, std::process::id()))
    };
    found().unwrap_or_default()
}

/// The processes but `own` that hold locks of `inode`, in the form of `/proc/locks`.
#[cfg(target_os = "linux")]
fn holders_in(locks: &str, inode: &str, own: u32) -> Vec<u32> {
    let holder = |line: &str| -> Option<u32> {
        // "1: POSIX  ADVISORY  WRITE 4242 fe:00:131 0 EOF"; one who waits has an arrow in front.
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, _, _, _, process, file, ..] = words[..] else { return None };
        let process = process.parse().ok()?;
        (words[1] != "->" && file.rsplit(':').next() == Some(inode) && process != own).then_some(process)
    };
    let mut holders: Vec<u32> = locks.lines().filter_map(holder).collect();
    holders.dedup();
    holders
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_waits_in_a_read_is_seen() {
        let dir = tempfile::tempdir().expect("a folder");
        let fifo = dir.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo");
        assert!(made.success());
        let (tell, told) = std::sync::mpsc::channel();
        let name = fifo.clone();
        let reader = std::thread::spawn(move || {
            tell.send(current()).expect("heard");
            std::fs::read(name).expect("a pipe")
        });
        let thread = told.recv().expect("a number");
        let waits_in = |name: &str| {
            let begun = std::time::Instant::now();
            loop {
                match call(thread) {
                    Some(found) if found.name == name => return found,
                    found => assert!(begun.elapsed().as_secs() < 20, "never in {name}: {found:?}"),
                }
                std::thread::sleep(Duration::from_millis(2));
            }
        };
        assert_eq!(waits_in("open").path.as_deref(), Some(fifo.as_path()));
        let writer = std::fs::OpenOptions::new().write(true).open(&fifo).expect("a pipe");
        assert_eq!(waits_in("read").path.as_deref(), Some(fifo.as_path()));
        assert!(worked(thread).is_some_and(|time| time < Duration::from_secs(1)));
        drop(writer);
        assert!(reader.join().expect("no panic").is_empty());
    }

    #[test]
    fn holders_of_locks_are_listed() {
        let locks = "1: POSIX  ADVISORY  WRITE 4242 fe:00:131 0 EOF\n1: -> POSIX  ADVISORY  WRITE 77 fe:00:131 0 EOF\n\
                     2: POSIX  ADVISORY  READ 11 fe:00:131 0 EOF\n3: FLOCK  ADVISORY  WRITE 9 fe:00:7 0 EOF\n";
        assert_eq!(holders_in(locks, "131", 11), [4242]);
    }
}

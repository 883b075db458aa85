//! A FUSE file system that shows a folder, and never answers one operation on one file.

use std::any::Any;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fuser::{
    BackgroundSession, BsdFileFlags, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags,
    Generation, INodeNo, InitFlags, KernelConfig, LockOwner, MountOption, OpenAccMode, OpenFlags,
    RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyLock,
    ReplyOpen, ReplyStatfs, ReplyWrite, Request, TimeOrNow, WriteFlags,
};

/// What can stall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Open,
    Read,
    Write,
    Fsync,
    /// What `close` waits for.
    Flush,
    /// What the kernel tells after the last `close`; nobody waits for it.
    Release,
    Lock,
}

/// Which operation on the file of which name is never answered.
#[derive(Clone, Debug)]
pub struct Stall {
    pub operation: Operation,
    /// The end of the file's path.
    pub file: String,
}

#[derive(Default)]
struct Shared {
    stall: Mutex<Option<Stall>>,
    /// Replies that are owed; the kernel waits for them.
    held: Mutex<Vec<Box<dyn Any + Send>>>,
    stalled: AtomicU64,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The file system, mounted. Unmounts when dropped, whatever still waits in it.
pub struct Mounted {
    session: Option<BackgroundSession>,
    point: tempfile::TempDir,
    shared: Arc<Shared>,
}

impl Mounted {
    /// Shows `root`; an error where the system does not let us.
    pub fn new(root: &Path) -> io::Result<Mounted> {
        let point = tempfile::Builder::new().prefix("stall-mount-").tempdir()?;
        let shared = Arc::new(Shared::default());
        let tree = Tree {
            root: root.canonicalize()?,
            nodes: Mutex::default(),
            files: Mutex::default(),
            next: AtomicU64::new(2),
            shared: Arc::clone(&shared),
        };
        let mut config = Config::default();
        config.mount_options = vec![MountOption::FSName("stalling".into())];
        let session = fuser::spawn_mount(tree, point.path(), &config)?;
        Ok(Mounted { session: Some(session), point, shared })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.point.path()
    }

    /// From now on, `stall` is never answered.
    pub fn stall(&self, stall: Stall) {
        self.shared.stalled.store(0, Ordering::SeqCst);
        *locked(&self.shared.stall) = Some(stall);
    }

    /// How many requests were left without an answer.
    pub fn stalled(&self) -> u64 {
        self.shared.stalled.load(Ordering::SeqCst)
    }

    /// Answers what is owed (with an error), and stalls no more.
    pub fn release(&self) {
        *locked(&self.shared.stall) = None;
        // A reply that is dropped is sent as an input/output error.
        locked(&self.shared.held).clear();
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily, for something may still wait in it; then what waits is told, and the file system ends.
        let _ = Command::new("umount").arg("-l").arg(self.point.path()).status();
        self.release();
        drop(self.session.take());
    }
}

struct Tree {
    root: PathBuf,
    /// Paths by inode number and back.
    nodes: Mutex<(HashMap<u64, PathBuf>, HashMap<PathBuf, u64>)>,
    files: Mutex<HashMap<u64, Arc<File>>>,
    next: AtomicU64,
    shared: Arc<Shared>,
}

/// Nothing is remembered by the kernel: what is asked is asked here.
const TTL: Duration = Duration::ZERO;

impl Tree {
    fn path(&self, node: INodeNo) -> Result<PathBuf, Errno> {
        if node == INodeNo::ROOT {
            return Ok(self.root.clone());
        }
        locked(&self.nodes).0.get(&node.0).cloned().ok_or(Errno::ENOENT)
    }

    fn child(&self, parent: INodeNo, name: &OsStr) -> Result<PathBuf, Errno> {
        Ok(self.path(parent)?.join(name))
    }

    fn number(&self, path: &Path) -> u64 {
        if path == self.root {
            return 1;
        }
        let (by_number, by_path) = &mut *locked(&self.nodes);
        *by_path.entry(path.to_owned()).or_insert_with(|| {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            by_number.insert(number, path.to_owned());
            number
        })
    }

    fn attributes(&self, path: &Path) -> Result<FileAttr, Errno> {
        Ok(attributes(self.number(path), &fs::symlink_metadata(path)?))
    }

    fn keep(&self, file: File) -> FileHandle {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        locked(&self.files).insert(number, Arc::new(file));
        FileHandle(number)
    }

    fn file(&self, handle: FileHandle) -> Result<Arc<File>, Errno> {
        locked(&self.files).get(&handle.0).cloned().ok_or(Errno::EBADF)
    }

    /// Takes the reply and keeps it for ever if it is the one that stalls.
    fn stalls<R: Any + Send>(&self, operation: Operation, node: INodeNo, reply: R) -> Option<R> {
        let wanted = locked(&self.shared.stall).clone();
        let path = self.path(node).unwrap_or_default();
        match wanted {
            Some(stall) if stall.operation == operation && path.to_string_lossy().ends_with(&stall.file) => {
                locked(&self.shared.held).push(Box::new(reply));
                self.shared.stalled.fetch_add(1, Ordering::SeqCst);
                None
            }
            _ => Some(reply),
        }
    }
}

fn attributes(number: u64, found: &Metadata) -> FileAttr {
    let kind = found.file_type();
    let kind = match (kind.is_dir(), kind.is_symlink()) {
        (true, _) => FileType::Directory,
        (_, true) => FileType::Symlink,
        _ => FileType::RegularFile,
    };
    let modified = found.modified().unwrap_or(std::time::UNIX_EPOCH);
    FileAttr {
        ino: INodeNo(number),
        size: found.len(),
        blocks: found.blocks(),
        atime: modified,
        mtime: modified,
        ctime: modified,
        crtime: modified,
        kind,
        perm: (found.mode() & 0o7777) as u16,
        nlink: found.nlink() as u32,
        uid: found.uid(),
        gid: found.gid(),
        rdev: 0,
        blksize: 4096,
        flags: 0,
    }
}

/// Answers with the value, or with the error.
macro_rules! answer {
    ($reply:ident, $result:expr, $value:ident => $answer:expr) => {
        match (|| -> Result<_, Errno> { $result })() {
            Ok($value) => $answer,
            Err(error) => $reply.error(error),
        }
    };
}

impl Filesystem for Tree {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> io::Result<()> {
        // Locks come to us, instead of being the kernel's own business.
        let _ = config.add_capabilities(InitFlags::FUSE_POSIX_LOCKS);
        Ok(())
    }

    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        answer!(reply, self.attributes(&self.child(parent, name)?), found => reply.entry(&TTL, &found, Generation(0)));
    }

    fn getattr(&self, _: &Request, node: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        answer!(reply, self.attributes(&self.path(node)?), found => reply.attr(&TTL, &found));
    }

    fn setattr(
        &self,
        _: &Request,
        node: INodeNo,
        mode: Option<u32>,
        _: Option<u32>,
        _: Option<u32>,
        size: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<std::time::SystemTime>,
        _: Option<FileHandle>,
        _: Option<std::time::SystemTime>,
        _: Option<std::time::SystemTime>,
        _: Option<std::time::SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        answer!(reply, {
            let path = self.path(node)?;
            if let Some(mode) = mode {
                fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
            }
            if let Some(size) = size {
                OpenOptions::new().write(true).open(&path)?.set_len(size)?;
            }
            self.attributes(&path)
        }, found => reply.attr(&TTL, &found));
    }

    fn mkdir(&self, _: &Request, parent: INodeNo, name: &OsStr, _: u32, _: u32, reply: ReplyEntry) {
        answer!(reply, {
            let path = self.child(parent, name)?;
            fs::create_dir(&path)?;
            self.attributes(&path)
        }, found => reply.entry(&TTL, &found, Generation(0)));
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        answer!(reply, Ok(fs::remove_file(self.child(parent, name)?)?), _done => reply.ok());
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        answer!(reply, Ok(fs::remove_dir(self.child(parent, name)?)?), _done => reply.ok());
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        _: RenameFlags,
        reply: ReplyEmpty,
    ) {
        answer!(reply, {
            let (from, to) = (self.child(parent, name)?, self.child(new_parent, new_name)?);
            fs::rename(&from, &to)?;
            let (by_number, by_path) = &mut *locked(&self.nodes);
            if let Some(number) = by_path.remove(&from) {
                by_number.insert(number, to.clone());
                by_path.insert(to, number);
            }
            Ok(())
        }, _done => reply.ok());
    }

    fn open(&self, _: &Request, node: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        let Some(reply) = self.stalls(Operation::Open, node, reply) else { return };
        answer!(reply, {
            let writes = flags.acc_mode() != OpenAccMode::O_RDONLY;
            Ok(self.keep(OpenOptions::new().read(true).write(writes).open(self.path(node)?)?))
        }, handle => reply.opened(handle, FopenFlags::empty()));
    }

    fn create(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _: u32,
        flags: i32,
        reply: ReplyCreate,
    ) {
        answer!(reply, {
            let path = self.child(parent, name)?;
            let exclusive = flags & libc_excl() != 0;
            let mut options = OpenOptions::new();
            options.read(true).write(true).mode(mode);
            let file = if exclusive { options.create_new(true) } else { options.create(true).truncate(false) };
            let file = file.open(&path)?;
            Ok((self.attributes(&path)?, self.keep(file)))
        }, found => reply.created(&TTL, &found.0, Generation(0), found.1, FopenFlags::empty()));
    }

    fn read(
        &self,
        _: &Request,
        node: INodeNo,
        handle: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let Some(reply) = self.stalls(Operation::Read, node, reply) else { return };
        answer!(reply, {
            let mut bytes = vec![0; size as usize];
            let file = self.file(handle)?;
            let mut length = 0;
            loop {
                match file.read_at(&mut bytes[length..], offset + length as u64)? {
                    0 => break,
                    more => length += more,
                }
            }
            bytes.truncate(length);
            Ok(bytes)
        }, bytes => reply.data(&bytes));
    }

    fn write(
        &self,
        _: &Request,
        node: INodeNo,
        handle: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let Some(reply) = self.stalls(Operation::Write, node, reply) else { return };
        answer!(reply, Ok(self.file(handle)?.write_all_at(data, offset)?), _done => reply.written(data.len() as u32));
    }

    fn flush(&self, _: &Request, node: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        if let Some(reply) = self.stalls(Operation::Flush, node, reply) {
            reply.ok();
        }
    }

    fn release(
        &self,
        _: &Request,
        node: INodeNo,
        handle: FileHandle,
        _: OpenFlags,
        _: Option<LockOwner>,
        _: bool,
        reply: ReplyEmpty,
    ) {
        locked(&self.files).remove(&handle.0);
        if let Some(reply) = self.stalls(Operation::Release, node, reply) {
            reply.ok();
        }
    }

    fn fsync(&self, _: &Request, node: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        // What is shown need not reach a disk.
        if let Some(reply) = self.stalls(Operation::Fsync, node, reply) {
            reply.ok();
        }
    }

    fn fsyncdir(&self, _: &Request, node: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        if let Some(reply) = self.stalls(Operation::Fsync, node, reply) {
            reply.ok();
        }
    }

    fn readdir(&self, _: &Request, node: INodeNo, _: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        answer!(reply, {
            let path = self.path(node)?;
            let mut found = vec![(1, FileType::Directory, ".".into()), (1, FileType::Directory, "..".into())];
            for entry in fs::read_dir(&path)? {
                let entry = entry?;
                let kind = attributes(0, &entry.metadata()?).kind;
                found.push((self.number(&entry.path()), kind, entry.file_name()));
            }
            Ok(found)
        }, found => {
            for (at, (number, kind, name)) in found.into_iter().enumerate().skip(offset as usize) {
                if reply.add(INodeNo(number), at as u64 + 1, kind, name) {
                    break;
                }
            }
            reply.ok();
        });
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        // Room for whatever is asked.
        reply.statfs(1 << 24, 1 << 23, 1 << 23, 1 << 20, 1 << 19, 4096, 255, 4096);
    }

    fn getlk(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        _: LockOwner,
        start: u64,
        end: u64,
        _: i32,
        _: u32,
        reply: ReplyLock,
    ) {
        reply.locked(start, end, UNLOCKED, 0);
    }

    fn setlk(
        &self,
        _: &Request,
        node: INodeNo,
        _: FileHandle,
        _: LockOwner,
        _: u64,
        _: u64,
        kind: i32,
        _: u32,
        _: bool,
        reply: ReplyEmpty,
    ) {
        // Unlocking is answered: a process could not even end without it.
        let answered = if kind == UNLOCKED { Some(reply) } else { self.stalls(Operation::Lock, node, reply) };
        if let Some(reply) = answered {
            reply.ok();
        }
    }
}

/// `F_UNLCK`.
const UNLOCKED: i32 = 2;

/// `O_EXCL`.
fn libc_excl() -> i32 {
    rustix::fs::OFlags::EXCL.bits() as i32
}

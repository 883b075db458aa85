//! File systems with little room, another user, and what must not change.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use casacore::{Access, Table};

use crate::common::say;

/// The number of the user `nobody`.
const NOBODY: u32 = 65534;

/// Whether this is root; says aloud that a test is skipped if not.
pub fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        let name = std::thread::current().name().unwrap_or("test").to_owned();
        say(&format!("SKIPPED: {name}: only root can mount a file system and become another user"));
    }
    root
}

/// A file system in memory, unmounted when dropped.
pub struct Limited {
    point: tempfile::TempDir,
}

impl Limited {
    /// Mounts one; none, aloud, where the system does not let us.
    pub fn new(options: &str) -> Option<Limited> {
        let point = tempfile::Builder::new().prefix("limited-").tempdir().expect("a folder");
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(point.path()).output();
        let mounted = mount.is_ok_and(|output| output.status.success());
        if !mounted {
            say("SKIPPED: a file system of limited size cannot be mounted here");
            return None;
        }
        Some(Limited { point })
    }

    pub fn path(&self) -> &Path {
        self.point.path()
    }

    /// Fills it so that this many bytes are left.
    pub fn leave(&self, bytes: u64) {
        let status = rustix::fs::statvfs(self.path()).expect("a file system");
        let mut left = (status.f_bavail * status.f_frsize).saturating_sub(bytes);
        let mut file =
            fs::File::options().create(true).append(true).open(self.path().join("ballast")).expect("a file");
        let block = vec![1u8; 1 << 16];
        while left > 0 {
            let part = (left as usize).min(block.len());
            // Somebody else may have been quicker.
            if file.write_all(&block[..part]).is_err() {
                break;
            }
            left -= part as u64;
        }
    }

    /// Fills it with empty files so that this many more can be made.
    pub fn leave_inodes(&self, count: u64) {
        let folder = self.path().join("files");
        fs::create_dir(&folder).expect("a folder");
        let free = rustix::fs::statvfs(self.path()).expect("a file system").f_favail;
        for number in 0..free.saturating_sub(count) {
            fs::write(folder.join(number.to_string()), "").expect("a file");
        }
    }

    /// Takes away what fills it.
    pub fn make_room(&self) {
        let _ = fs::remove_file(self.path().join("ballast"));
        let _ = fs::remove_dir_all(self.path().join("files"));
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.point.path()).status();
    }
}

/// The files of a MeasurementSet that no prediction may change: all but those of the model column, its description, the
/// locks and HISTORY, each with its content.
pub struct Kept {
    files: BTreeMap<String, Vec<u8>>,
    model: Vec<String>,
    /// The messages of HISTORY, which may only grow.
    history: Vec<String>,
}

impl Kept {
    pub fn take(ms: &Path) -> Kept {
        let table = Table::open(ms, Access::ReadOnly).expect("a table");
        let model = if table.has_column("MODEL_DATA") {
            table.files_of_column("MODEL_DATA").expect("files")
        } else {
            Vec::new()
        };
        let model =
            model.iter().filter_map(|file| Some(file.file_name()?.to_string_lossy().into_owned())).collect();
        Kept { files: files(ms), model, history: history(ms) }
    }

    /// The names of the files, relative to the MeasurementSet.
    pub fn names(&self) -> Vec<String> {
        self.files.keys().cloned().collect()
    }

    pub fn length(&self, name: &str) -> usize {
        self.files[name].len()
    }

    /// Whether it is a file of the model column.
    pub fn is_model(&self, name: &str) -> bool {
        self.model.iter().any(|file| file == name)
    }

    /// Asserts that they are as they were.
    #[track_caller]
    pub fn assert_kept(&self, what: &str, ms: &Path) {
        let now = files(ms);
        for (name, content) in &self.files {
            let free = self.is_model(name) || name == "table.dat" || name.starts_with("HISTORY/");
            if !free && !name.ends_with("table.lock") {
                assert!(now.get(name) == Some(content), "{what}: {name} is not as it was");
            }
        }
        if !what.contains("HISTORY") {
            assert!(history(ms).starts_with(&self.history), "{what}: HISTORY is not as it was");
        }
    }
}

fn history(ms: &Path) -> Vec<String> {
    let table = Table::open(&ms.join("HISTORY"), Access::ReadOnly).expect("a HISTORY that opens");
    table.scalars("MESSAGE", 0..table.row_count()).expect("messages that can be read")
}

fn files(ms: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![ms.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(ms).expect("a path in it").to_string_lossy().into_owned();
                found.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    found
}

/// Everything in a folder, itself included.
fn all(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    let mut next = 0;
    while next < found.len() {
        if found[next].is_dir() {
            let entries: Vec<PathBuf> = fs::read_dir(&found[next])
                .expect("a folder")
                .map(|entry| entry.expect("an entry").path())
                .collect();
            found.extend(entries);
        }
        next += 1;
    }
    found
}

fn give(folder: &Path, user: u32, mode: u32) {
    for path in all(folder) {
        chown(&path, Some(user), None).expect("another owner");
        let executable = if path.is_dir() { 0o111 } else { 0 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode | executable)).expect("permissions");
    }
}

/// Nobody owns it and may write it.
pub fn give_to_nobody(folder: &Path) {
    give(folder, NOBODY, 0o644);
}

/// Root owns it; nobody else may even read it.
pub fn give_to_root(folder: &Path) {
    give(folder, 0, 0o600);
}

pub fn protect(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permissions");
}

/// Lets every user into a folder.
pub fn open_to_all(folder: &Path) {
    protect(folder, 0o755);
}

/// The command as run by nobody.
pub fn as_nobody(program: Command) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]);
    command
        .arg(program.get_program())
        .args(program.get_args())
        .env("NVSS_PREDICT_CACHE", "off")
        .env("HOME", "/");
    command
}

/// Whether nobody may run the command where it is; says aloud that a test is skipped if not.
pub fn nobody_can(mut program: Command) -> bool {
    program.arg("--version");
    let can = as_nobody(program).output().is_ok_and(|output| output.status.success());
    if !can {
        say("SKIPPED: another user cannot run the command where it is, or there is no setpriv");
    }
    can
}

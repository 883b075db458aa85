//! The files behind a table.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::ffi::Topic;
use crate::{Access, DataManager, Error, Record, Result, Table, Value, ffi, table};

/// The file whose descriptors carry the process's locks: to open and close it would drop them.
const LOCK_FILE: &str = "table.lock";

/// The type that `table.info` gives a table, e.g. "Measurement Set"; empty when it gives none.
///
/// # Errors
/// [`Error::NotATable`], [`Error::Casacore`].
pub fn table_type(path: &Path) -> Result<String> {
    if !path.join("table.dat").exists() {
        return Err(Error::NotATable { path: path.to_owned(), reason: "it holds no table.dat".to_owned() });
    }
    let root = table::absolute(path)?;
    let bytes = ffi::table_type(&root).map_err(|message| table::failed("read the type of", path, message))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl Table {
    /// Flushes, then has the disk confirm every file in the table's directory that changed since the table was opened, except the
    /// lock file, and the directory itself.
    ///
    /// For references and concatenations the directories of the root tables are done as well. Subtables are not.
    ///
    /// # Errors
    /// [`Error::Casacore`], [`Error::Io`].
    pub fn fsync(&self) -> Result<()> {
        self.fsync_without(&[])
    }

    /// [`Table::fsync`], leaving out the files `skipped` (absolute paths, as [`Table::files_of_column`] gives them): those whose
    /// content does not matter yet.
    ///
    /// # Errors
    /// [`Error::Casacore`], [`Error::Io`].
    pub fn fsync_without(&self, skipped: &[PathBuf]) -> Result<()> {
        self.flush()?;
        let mut directories = self.part_names()?;
        if self.root().is_dir() && !directories.iter().any(|part| part == self.root()) {
            directories.push(self.root().to_owned());
        }
        for directory in directories {
            sync_directory(&directory, skipped, self.opened_with())?;
        }
        Ok(())
    }

    /// The files that hold a column: `table.fN` and what goes with it (`table.fN_TSM0`, `table.fN_TSM1`, `table.fNi`), sorted.
    ///
    /// Empty for virtual columns. Of a concatenation, those of all parts.
    ///
    /// # Errors
    /// [`Error::NoSuchColumn`], [`Error::Casacore`], [`Error::Io`].
    pub fn files_of_column(&self, column: &str) -> Result<Vec<PathBuf>> {
        self.require(column)?;
        let (own, parts) = (self.root(), self.part_names()?);
        let mut files = Vec::new();
        for part in parts {
            if part == own {
                let main = self.manager_files()?.into_iter();
                let main = main
                    .filter(|(manager, _)| manager.columns.iter().any(|name| name == column))
                    .find_map(|(_, file)| file);
                if let Some(main) = main {
                    files.extend(companions(&main)?);
                }
            } else {
                files.extend(Table::open(&part, Access::ReadOnly)?.files_of_column(column)?);
            }
        }
        files.sort();
        Ok(files)
    }

    /// The data managers with the main file each should have: none for virtual engines and for those inside a MultiFile.
    pub(crate) fn manager_files(&self) -> Result<Vec<(DataManager, Option<PathBuf>)>> {
        let record = self.describe("list the data managers of", Topic::Managers, "")?;
        let mut managers: Vec<(DataManager, Option<PathBuf>)> = Vec::new();
        for (column, value) in record.iter() {
            let Some(fields) = value.as_record() else {
                continue;
            };
            let text = |name| fields.get(name).and_then(Value::as_str).unwrap_or_default();
            let sequence = fields.get("sequence").and_then(Value::as_i64).unwrap_or(0);
            let sequence = u32::try_from(sequence).unwrap_or(0);
            match managers.iter_mut().find(|(manager, _)| manager.sequence == sequence) {
                Some((manager, _)) => manager.columns.push(column.to_owned()),
                None => managers.push((
                    DataManager {
                        name: text("name").to_owned(),
                        kind: text("kind").to_owned(),
                        sequence,
                        columns: vec![column.to_owned()],
                        spec: Record::new(),
                    },
                    fields.get("file").and_then(Value::as_table).map(Path::to_owned),
                )),
            }
        }
        Ok(managers)
    }
}

/// `table.fN` and the files whose names continue it.
fn companions(main: &Path) -> Result<Vec<PathBuf>> {
    let (Some(directory), Some(stem)) = (main.parent(), main.file_name()) else {
        return Ok(Vec::new());
    };
    let stem = stem.to_string_lossy();
    let files = list(directory)?.into_iter().filter(|file| {
        let name: OsString = file.file_name().unwrap_or_default().to_owned();
        // What follows must not be a digit: table.f1 does not own table.f10.
        match name.to_string_lossy().strip_prefix(stem.as_ref()) {
            Some(rest) => rest.is_empty() || rest == "i" || rest.starts_with('_'),
            None => false,
        }
    });
    Ok(files.collect())
}

/// The regular files in a directory.
fn list(directory: &Path) -> Result<Vec<PathBuf>> {
    let io = |source| Error::Io { operation: "list", path: directory.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(io)? {
        let entry = entry.map_err(io)?;
        let kind = entry.file_type().map_err(io)?;
        // Most systems tell the kind with the name; only a link must be followed.
        if kind.is_file() || (kind.is_symlink() && entry.path().is_file()) {
            files.push(entry.path());
        }
    }
    Ok(files)
}

/// What the files of a table were when it was opened: those that are so still need not be synced.
#[derive(Debug, Default)]
pub(crate) struct Stamps(HashMap<PathBuf, Stamp>);

/// Inode, length and times of last change [ns]. Whatever rewrites a file changes one of them.
type Stamp = (u64, u64, i128, i128);

impl Stamps {
    /// Those of the files in `directories`; what changed in the last second is left out, for time stamps are coarse.
    pub fn of(directories: &[PathBuf]) -> Stamps {
        let recent = SystemTime::now() - Duration::from_secs(1);
        let files = directories.iter().flat_map(|directory| list(directory).unwrap_or_default());
        Stamps(
            files
                .filter_map(|file| {
                    let metadata = fs::metadata(&file).ok()?;
                    let settled = metadata.modified().ok()? < recent;
                    settled.then(|| (file, stamp(&metadata)))
                })
                .collect(),
        )
    }

    fn unchanged(&self, file: &Path) -> bool {
        let now = || fs::metadata(file).ok().map(|metadata| stamp(&metadata));
        self.0.get(file).is_some_and(|before| now() == Some(*before))
    }
}

fn stamp(metadata: &fs::Metadata) -> Stamp {
    let ns = |seconds: i64, ns: i64| i128::from(seconds) * 1_000_000_000 + i128::from(ns);
    (
        metadata.ino(),
        metadata.len(),
        ns(metadata.mtime(), metadata.mtime_nsec()),
        ns(metadata.ctime(), metadata.ctime_nsec()),
    )
}

fn sync_directory(directory: &Path, skipped: &[PathBuf], opened_with: &Stamps) -> Result<()> {
    let files = list(directory)?;
    let files = files.iter().filter(|file| file.file_name().is_some_and(|name| name != LOCK_FILE));
    let files = files.filter(|file| !skipped.contains(file) && !opened_with.unchanged(file));
    for path in files.map(PathBuf::as_path).chain([directory]) {
        File::open(path).and_then(|file| file.sync_all()).map_err(|source| Error::Io {
            operation: "fsync",
            path: path.to_owned(),
            source,
        })?;
    }
    Ok(())
}

/// The file of the table that casacore's message names, if it is one that does not exist.
pub(crate) fn missing_in(message: &str, root: &Path) -> Option<PathBuf> {
    let start = message.find(&format!("{}/table.f", root.display()))?;
    let name = message[start + root.display().to_string().len() + 1..].split([':', ' ', '\n']).next()?;
    let file = root.join(name);
    (!file.exists()).then_some(file)
}

/// Asks the kernel to begin writing `length` bytes of a table's file from `offset` to the disk, without waiting for it:
/// the fsync at the end then finds little left to do. Does nothing where the system has no such call.
///
/// # Errors
/// What the system says; nothing is lost then but time.
pub fn start_write_back(file: &std::fs::File, offset: u64, length: u64) -> std::io::Result<()> {
    ffi::system::write_back(file, offset, length, false)
}

/// [`start_write_back`], and waits until the disk has the bytes: their pages can be dropped then. It does not take the
/// place of an fsync, which also makes the file's length and place durable.
///
/// # Errors
/// What the system says.
pub fn finish_write_back(file: &std::fs::File, offset: u64, length: u64) -> std::io::Result<()> {
    ffi::system::write_back(file, offset, length, true)
}

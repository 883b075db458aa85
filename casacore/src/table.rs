//! Tables: opening, keywords, rows, copies.

use std::path::{Path, PathBuf};

use crate::ffi::{self, RawTable, Topic};
use crate::files::{self, Stamps};
use crate::{DataManager, Error, Record, Result, Value, codec};

/// What a table is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reading only; needs no lock and takes none.
    ReadOnly,
    /// Reading and writing; writing needs [`Table::lock`] with [`crate::LockMode::Write`] first.
    ReadWrite,
}

/// The byte order of a table's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endian {
    /// Most significant byte first, as CASA writes by default.
    Big,
    /// Least significant byte first.
    Little,
}

/// An open casacore table.
///
/// Opening never waits, whatever other processes hold. Dropping closes and swallows errors; [`Table::close`] reports them.
/// The type is neither `Send` nor `Sync`, and two handles of one path in a process are one table: see the crate's documentation.
///
/// ```compile_fail
/// fn needs_send<T: Send>() {}
/// needs_send::<casacore::Table>();
/// ```
pub struct Table {
    raw: RawTable,
    /// The path as given, for messages.
    path: PathBuf,
    /// The path with links and relative parts resolved: casacore knows its open tables by name, and two names of one table
    /// would be two objects that break each other's locks.
    root: PathBuf,
    access: Access,
    /// The files as they were found; nothing where the table was just made.
    opened_with: Stamps,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Table")
            .field("path", &self.path)
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

impl Table {
    /// Opens the table in the directory `path` with `UserNoReadLocking`, at once, whatever others hold.
    ///
    /// # Errors
    /// [`Error::NotATable`] without a `table.dat`; [`Error::MissingFile`] when a storage manager's file is gone, which casacore
    /// itself would only notice later; [`Error::NotWritable`]; [`Error::Casacore`] for what casacore does not understand.
    pub fn open(path: &Path, access: Access) -> Result<Self> {
        let not_a_table = |reason: String| Error::NotATable { path: path.to_owned(), reason };
        let root = path.canonicalize().map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => not_a_table("it does not exist".to_owned()),
            _ => Error::Io { operation: "open", path: path.to_owned(), source },
        })?;
        if !root.is_dir() {
            return Err(not_a_table("it is not a directory".to_owned()));
        }
        let description = root.join("table.dat");
        match std::fs::File::open(&description) {
            Ok(_) => (),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(not_a_table("it holds no table.dat".to_owned()));
            }
            Err(source) => {
                return Err(Error::Io { operation: "open", path: description, source });
            }
        }
        // casacore breaks off with a segmentation fault where it finds anything else.
        if let Ok(lock) = root.join("table.lock").metadata()
            && !lock.is_file()
        {
            return Err(not_a_table(
                "its table.lock is not a file; remove it, and it is made anew".to_owned(),
            ));
        }
        if access == Access::ReadWrite {
            check_writable(path, &root)?;
        }
        let raw =
            RawTable::open(&root, access == Access::ReadWrite).map_err(|message| match files::missing_in(
                &message, &root,
            ) {
                Some(file) => Error::MissingFile { table: path.to_owned(), file, columns: Vec::new() },
                None => failed("open table", path, message),
            })?;
        let mut table = Table::from_raw(raw, path.to_owned(), root, access);
        table.check_files()?;
        if access == Access::ReadWrite {
            table.opened_with = Stamps::of(&table.part_names()?);
        }
        Ok(table)
    }

    /// Wraps what [`Table::create`] and [`Table::select_rows`] made.
    pub(crate) fn from_raw(raw: RawTable, path: PathBuf, root: PathBuf, access: Access) -> Self {
        Table { raw, path, root, access, opened_with: Stamps::default() }
    }

    pub(crate) fn raw(&self) -> &RawTable {
        &self.raw
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn opened_with(&self) -> &Stamps {
        &self.opened_with
    }

    /// The error for what casacore said; a file of the table that it could not open is told apart.
    pub(crate) fn failed(&self, operation: impl Into<String>, message: String) -> Error {
        match files::missing_in(&message, &self.root) {
            Some(file) => Error::MissingFile { table: self.path.clone(), file, columns: Vec::new() },
            None => failed(operation, &self.path, message),
        }
    }

    /// The path it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it was opened for.
    pub fn access(&self) -> Access {
        self.access
    }

    /// The number of rows.
    ///
    /// Another process may add rows; they show after the next [`Table::lock`].
    pub fn row_count(&self) -> u64 {
        // casacore's nrow of an open table only reads a number; it has no failure to report.
        self.raw.rows().unwrap_or(0)
    }

    /// The byte order of its files.
    pub fn endian(&self) -> Endian {
        match self.raw.big_endian() {
            Ok(true) => Endian::Big,
            _ => Endian::Little,
        }
    }

    /// Whether it is a table with files of its own: false for references to rows of another table and for concatenations.
    pub fn is_plain(&self) -> bool {
        matches!(self.parts(), Ok((own, parts)) if parts.len() == 1 && parts[0] == own)
    }

    /// The tables that hold the data: itself if it is plain, the root table of a reference, the parts of a concatenation.
    ///
    /// # Errors
    /// [`Error::Casacore`].
    pub fn part_names(&self) -> Result<Vec<PathBuf>> {
        Ok(self.parts()?.1)
    }

    fn parts(&self) -> Result<(PathBuf, Vec<PathBuf>)> {
        let record = self.describe("list the parts of", Topic::Parts, "")?;
        let own = record.get("own").and_then(Value::as_table);
        let parts = record.get("parts").and_then(Value::as_record);
        let parts = parts.into_iter().flat_map(Record::iter);
        Ok((
            own.map(Path::to_owned).unwrap_or_default(),
            parts.filter_map(|(_, value)| value.as_table().map(Path::to_owned)).collect(),
        ))
    }

    /// What the shim tells on a topic.
    pub(crate) fn describe(&self, operation: &str, topic: Topic, name: &str) -> Result<Record> {
        self.raw
            .describe(topic, name)
            .and_then(|bytes| codec::decode(&bytes))
            .map_err(|message| self.failed(operation, message))
    }

    /// The table's keywords; subtables are [`Value::Table`] with their absolute path, whether or not they exist.
    ///
    /// # Errors
    /// [`Error::Casacore`].
    pub fn keywords(&self) -> Result<Record> {
        self.describe("read the keywords of", Topic::Keywords, "")
    }

    /// The keywords of one column.
    ///
    /// # Errors
    /// [`Error::NoSuchColumn`], [`Error::Casacore`].
    pub fn column_keywords(&self, column: &str) -> Result<Record> {
        self.require(column)?;
        self.describe(&format!("read the keywords of column {column} of"), Topic::ColumnKeywords, column)
    }

    /// Sets one keyword of the table; the write lock must be held.
    ///
    /// # Errors
    /// [`Error::Casacore`], also when no lock is held or a subtable named by [`Value::Table`] cannot be opened.
    pub fn set_keyword(&self, name: &str, value: &Value) -> Result<()> {
        self.set_any_keyword("", name, value)
    }

    /// Sets one keyword of a column; the write lock must be held.
    ///
    /// # Errors
    /// [`Error::NoSuchColumn`], [`Error::Casacore`].
    pub fn set_column_keyword(&self, column: &str, name: &str, value: &Value) -> Result<()> {
        self.require(column)?;
        self.set_any_keyword(column, name, value)
    }

    fn set_any_keyword(&self, column: &str, name: &str, value: &Value) -> Result<()> {
        let record = Record::new().with(name, resolve(value, &self.root));
        self.raw
            .set_keywords(column, &codec::encode(&record))
            .map_err(|message| self.failed(format!("set keyword {name} of"), message))
    }

    /// Takes one keyword away from the table; the write lock must be held.
    ///
    /// # Errors
    /// [`Error::NoSuchKeyword`], [`Error::Casacore`].
    pub fn remove_keyword(&self, name: &str) -> Result<()> {
        if !self.keywords()?.contains(name) {
            return Err(self.no_keyword(name.to_owned()));
        }
        self.raw
            .remove_keyword("", name)
            .map_err(|message| self.failed(format!("remove keyword {name} of"), message))
    }

    /// Takes one keyword away from a column; the write lock must be held.
    ///
    /// # Errors
    /// [`Error::NoSuchColumn`], [`Error::NoSuchKeyword`], [`Error::Casacore`].
    pub fn remove_column_keyword(&self, column: &str, name: &str) -> Result<()> {
        if !self.column_keywords(column)?.contains(name) {
            return Err(self.no_keyword(format!("{column}/{name}")));
        }
        self.raw
            .remove_keyword(column, name)
            .map_err(|message| self.failed(format!("remove keyword {column}/{name} of"), message))
    }

    fn no_keyword(&self, keyword: String) -> Error {
        Error::NoSuchKeyword { table: self.path.clone(), keyword }
    }

    /// Adds `count` rows at the end; the write lock must be held.
    ///
    /// # Errors
    /// [`Error::Casacore`].
    pub fn add_rows(&self, count: u64) -> Result<()> {
        self.raw.add_rows(count).map_err(|message| self.failed("add rows to", message))
    }

    /// Brings the storage managers whose number of rows is not the table's back to it; how many there were. The write lock must
    /// be held.
    ///
    /// A storage manager's rows reach its file before the table knows of them, so a process that was killed in between leaves
    /// rows that are in no table, and the next row added would come to lie among them. Rows of a StandardStMan that the table does
    /// not know are dropped, those that it lacks are added without values. Other managers are left as they are: a process killed
    /// while one of them writes can leave a table that casacore refuses to open.
    ///
    /// # Errors
    /// [`Error::Casacore`].
    pub fn mend_rows(&self) -> Result<u64> {
        self.raw.mend_rows().map_err(|message| self.failed("mend the rows of", message))
    }

    /// Hands everything written to the operating system; for the disk itself see [`Table::fsync`].
    ///
    /// # Errors
    /// [`Error::Casacore`].
    pub fn flush(&self) -> Result<()> {
        self.raw.flush().map_err(|message| self.failed("flush", message))
    }

    /// Closes, and reports what dropping would swallow.
    ///
    /// After an error casacore's object is left in memory for the rest of the process, since destroying it could abort.
    ///
    /// # Errors
    /// [`Error::Casacore`].
    pub fn close(self) -> Result<()> {
        let Table { raw, path, .. } = self;
        raw.close().map_err(|message| failed("close", &path, message))
    }

    /// Copies the table with its subtables to `dest`, which must not exist; with `rows_copied` false only their structure.
    ///
    /// # Errors
    /// [`Error::Casacore`].
    pub fn deep_copy(&self, dest: &Path, rows_copied: bool) -> Result<()> {
        let target = absolute(dest)?;
        self.raw
            .deep_copy(&target, rows_copied)
            .map_err(|message| self.failed(format!("copy to {}", dest.display()), message))
    }

    /// The rows `rows`, in that order, as a table that refers to this one. Give it a place with [`Table::save_reference`].
    ///
    /// # Errors
    /// [`Error::Rows`], [`Error::Casacore`].
    pub fn select_rows(&self, rows: &[u64]) -> Result<Table> {
        let count = self.row_count();
        if let Some(&row) = rows.iter().find(|&&row| row >= count) {
            return Err(self.past_end(row, row.saturating_add(1)));
        }
        let raw = self.raw.select(rows).map_err(|message| self.failed("select rows of", message))?;
        Ok(Table::from_raw(raw, self.path.clone(), self.root.clone(), self.access))
    }

    /// Writes a selection of rows to `dest` as a reference table, which holds row numbers and no data.
    ///
    /// # Errors
    /// [`Error::Invalid`] when `dest` exists; [`Error::Casacore`].
    pub fn save_reference(self, dest: &Path) -> Result<Table> {
        if dest.exists() {
            return Err(Error::Invalid(format!("{} exists", dest.display())));
        }
        if self.is_plain() {
            return Err(Error::Invalid(format!("{} is no selection of rows", self.path.display())));
        }
        let target = absolute(dest)?;
        self.raw
            .save(&target)
            .map_err(|message| self.failed(format!("save to {} a selection of", dest.display()), message))?;
        let root = target.canonicalize().unwrap_or(target);
        let Table { raw, access, .. } = self;
        Ok(Table::from_raw(raw, dest.to_owned(), root, access))
    }

    /// The error for rows past the end.
    pub(crate) fn past_end(&self, start: u64, end: u64) -> Error {
        Error::Rows { table: self.path.clone(), start, end, count: self.row_count() }
    }

    /// Sets how much memory casacore may use to cache tiles of a tiled column [MiB]; 0 removes the bound.
    ///
    /// # Errors
    /// [`Error::NoSuchColumn`]; [`Error::Casacore`] when the column is not tiled.
    pub fn set_tile_cache(&self, column: &str, mebibytes: u32) -> Result<()> {
        self.require(column)?;
        self.raw
            .tile_cache(column, mebibytes)
            .map_err(|message| self.failed(format!("set the tile cache of column {column} of"), message))
    }

    /// Drops what casacore keeps of a tiled column in memory, after writing what is changed: the next read goes to the file.
    ///
    /// # Errors
    /// [`Error::NoSuchColumn`]; [`Error::Casacore`] when the column is not tiled.
    pub fn forget_tiles(&self, column: &str) -> Result<()> {
        self.require(column)?;
        self.raw
            .forget_tiles(column)
            .map_err(|message| self.failed(format!("drop the cached tiles of column {column} of"), message))
    }

    /// Has the flush of the next keyword tell other processes that the data of `column` changed, after its file was written
    /// without casacore; false where the table is no plain one. The column's own files are not written.
    ///
    /// # Errors
    /// [`Error::NoSuchColumn`]; [`Error::Casacore`].
    pub fn mark_changed(&self, column: &str) -> Result<bool> {
        self.require(column)?;
        self.raw
            .mark_changed(column)
            .map_err(|message| self.failed(format!("mark column {column} as changed in"), message))
    }

    /// Says whether each storage manager's file is there, which casacore does not ask when it opens a table.
    fn check_files(&self) -> Result<()> {
        if !self.is_plain() {
            return Ok(());
        }
        for (manager, file) in self.manager_files()? {
            let DataManager { kind, columns, .. } = manager;
            let has_file = matches!(kind.as_str(), "StandardStMan" | "IncrementalStMan")
                || (kind.starts_with("Tiled") && kind.ends_with("StMan"));
            if let Some(file) = file.filter(|file| has_file && !file.exists()) {
                return Err(Error::MissingFile { table: self.path.clone(), file, columns });
            }
        }
        Ok(())
    }
}

/// Makes a table at `out` that shows `parts` one after the other; their descriptions must agree.
///
/// # Errors
/// [`Error::Invalid`] when `out` exists or `parts` is empty; [`Error::Casacore`].
pub fn concatenate(parts: &[&Path], out: &Path) -> Result<()> {
    if parts.is_empty() {
        return Err(Error::Invalid("no tables to concatenate".to_owned()));
    }
    if out.exists() {
        return Err(Error::Invalid(format!("{} exists", out.display())));
    }
    let mut names = Record::new();
    for (index, part) in parts.iter().enumerate() {
        let root = Table::open(part, Access::ReadOnly)?.root;
        names.set(index.to_string(), Value::Table(root));
    }
    ffi::concatenate(&codec::encode(&names), &absolute(out)?)
        .map_err(|message| failed("concatenate tables to", out, message))
}

/// casacore's words as an error.
pub(crate) fn failed(operation: impl Into<String>, path: &Path, message: String) -> Error {
    Error::Casacore { operation: operation.into(), path: path.to_owned(), message }
}

/// A path that need not exist, made independent of the working directory.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf> {
    let io = |source| Error::Io { operation: "resolve", path: path.to_owned(), source };
    let absolute = std::path::absolute(path).map_err(io)?;
    match (absolute.parent(), absolute.file_name()) {
        (Some(parent), Some(name)) => Ok(parent.canonicalize().map_err(io)?.join(name)),
        _ => Ok(absolute),
    }
}

/// `value` with the paths of subtables made absolute from `root`.
pub(crate) fn resolve(value: &Value, root: &Path) -> Value {
    match value {
        Value::Table(path) => Value::Table(root.join(path)),
        Value::Record(record) => {
            Value::Record(record.iter().map(|(name, value)| (name, resolve(value, root))).collect())
        }
        other => other.clone(),
    }
}

fn check_writable(path: &Path, root: &Path) -> Result<()> {
    for name in ["table.dat", "table.lock"] {
        let file = root.join(name);
        // A table without a lock file is legal: casacore makes one.
        if name == "table.lock" && !file.exists() {
            continue;
        }
        ffi::is_writable(&file).map_err(|source| Error::NotWritable {
            table: path.to_owned(),
            file,
            source,
        })?;
    }
    Ok(())
}

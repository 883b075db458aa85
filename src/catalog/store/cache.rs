//! Imports of large files that were given to a prediction, kept in the user's cache.
//!
//! An entry is found by the SHA-256 of the file's bytes, the version of the tables and the options that change
//! which rows there are; the digest of a file that has not changed since (device, inode, size, times) is known
//! without reading it. Entries and digests are written beside their place and renamed into it, so that runs
//! at the same time do not meet; whatever fails, the file itself is read.

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use sha2::{Digest, Sha256};

use super::import::{Import, build, publish};
use super::schema;
use crate::catalog::input::Input;
use crate::catalog::{self, CatalogError, Format, Kind, Place, ReadOptions, Source};

/// The environment variable that names the folder of the cache, or is `off`.
pub const CACHE_VARIABLE: &str = "NVSS_PREDICT_CACHE";

/// The smallest file that is imported [bytes]: reading one takes a few tenths of a second.
const LEAST: u64 = 20_000_000;

/// How much of a size a gzipped catalogue has, about.
const ZIPPED: u64 = 5;

/// The endings of the files in the cache; nothing else there is ever touched.
const ENTRY: &str = ".nvss.sqlite";
const DIGEST: &str = ".digest.json";
const PART: &str = ".part";

/// A file changed so shortly before it was read may change again without its times showing it.
const SETTLED: Duration = Duration::from_secs(2);

/// Where imports are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cache {
    /// The folder; none where nothing is to be kept.
    pub folder: Option<PathBuf>,
    /// The smallest file that is worth it [bytes].
    pub least: u64,
}

/// A file of the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its path.
    pub path: PathBuf,
    /// Its size [bytes].
    pub bytes: u64,
    /// Whether it is an import, not a digest or what a killed run has left.
    pub import: bool,
}

/// What the cache has for a file.
pub(in crate::catalog) enum Look {
    /// Such a file is not kept.
    Unsuited,
    /// It could not be kept; in words.
    Failed(String),
    /// An import.
    Found(Entry),
}

/// An import in the cache.
pub(in crate::catalog) struct Entry {
    input: Input,
    /// How long it took, if it was made just now.
    pub made: Option<Duration>,
}

impl Entry {
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// What came of it, in words; it may have been made a little `earlier`.
    pub fn note(&self, earlier: Option<Duration>) -> String {
        let path = self.input.path.display();
        match self.made.or(earlier) {
            Some(took) => format!(
                "imported into the cache in {:.1} s, for later runs to read only what is near: {path}",
                took.as_secs_f64()
            ),
            None => format!("read from its import in the cache: {path}"),
        }
    }

    /// Removes an entry that cannot be read; says so.
    pub fn reject(&self, error: &CatalogError) -> String {
        let _ = fs::remove_file(&self.input.path);
        format!(
            "the import in the cache could not be read and was removed ({error}): the file itself was read"
        )
    }
}

/// The options of a reader that the import of a file leaves open.
pub(in crate::catalog) fn settled(options: &ReadOptions) -> ReadOptions {
    ReadOptions { frame: None, flux_column: None, flux_unit: None, sqlite_sizes: false, ..options.clone() }
}

/// What tells that a file has not changed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: [i64; 2],
    changed: [i64; 2],
}

impl Stamp {
    fn of(data: &Metadata) -> Self {
        Stamp {
            device: data.dev(),
            inode: data.ino(),
            size: data.size(),
            modified: [data.mtime(), data.mtime_nsec()],
            changed: [data.ctime(), data.ctime_nsec()],
        }
    }
}

/// The digest that a file had.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Known {
    path: PathBuf,
    stamp: Stamp,
    digest: String,
}

fn hash(text: &[u8]) -> String {
    Sha256::digest(text).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

impl Cache {
    /// No cache.
    pub fn off() -> Self {
        Cache::default()
    }

    /// A cache in `folder`.
    pub fn at(folder: PathBuf) -> Self {
        Cache { folder: Some(folder), least: LEAST }
    }

    /// The cache of the user whose environment variables these are: what [`CACHE_VARIABLE`] names, else
    /// `nvss-predict` in the folder that the system keeps for caches.
    pub fn of_environment(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        if let Some(named) = set(CACHE_VARIABLE) {
            return if named.eq_ignore_ascii_case("off") { Cache::off() } else { Cache::at(named.into()) };
        }
        // XDG Base Directory Specification: a path that is not absolute is to be ignored.
        let folder =
            set("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute()).or_else(|| {
                let home = PathBuf::from(set("HOME")?);
                Some(home.join(if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" }))
            });
        folder.map_or_else(Cache::off, |folder| Cache::at(folder.join("nvss-predict")))
    }

    /// The import of a file; made now if there is none.
    pub(in crate::catalog) fn look(&self, source: &Source, options: &ReadOptions, strict: bool) -> Look {
        let (Some(folder), Some(input)) = (&self.folder, self.suits(source, options)) else {
            return Look::Unsuited;
        };
        let failed = |error: CatalogError| {
            let cause = std::error::Error::source(&error).map_or(String::new(), |cause| format!(": {cause}"));
            Look::Failed(format!("not kept in the cache: {error}{cause}"))
        };
        let writing = |source| CatalogError::Write { path: folder.clone(), source };
        if let Err(error) = fs::create_dir_all(folder) {
            return failed(writing(error));
        }
        let digest = match self.digest(folder, input) {
            Ok(digest) => digest,
            Err(error) => return failed(error),
        };
        let path = folder.join(entry_name(&digest, source.format, options, strict));
        if path.exists()
            && let Ok(found) = super::contents(&path)
            && found.digest == digest
            && let Ok(input) = Input::open(&path)
        {
            return Look::Found(Entry { input, made: None });
        }
        let begun = Instant::now();
        match make(source, options, strict, &digest, &path) {
            Ok(input) => Look::Found(Entry { input, made: Some(begun.elapsed()) }),
            Err(error) => failed(error),
        }
    }

    /// Whether an import of this file is worth it, for one who wants what is near.
    fn suits<'a>(&self, source: &'a Source, options: &ReadOptions) -> Option<&'a Input> {
        let Place::File(input) = &source.place else { return None };
        let size = fs::metadata(&input.path).ok()?.len() * if input.gzipped { ZIPPED } else { 1 };
        // A database with a log beside it may change while its own file does not.
        let logged = source.format == Format::Sqlite && input.head.get(18) == Some(&2);
        let suits = source.kind() == Kind::Survey
            && source.format != Format::Store
            && options.near.is_some()
            && size >= self.least
            && !logged;
        suits.then_some(input)
    }

    /// The digest of a file, without reading it where it is known.
    fn digest(&self, folder: &Path, input: &Input) -> Result<String, CatalogError> {
        let real = fs::canonicalize(&input.path).map_err(|source| input.io(source))?;
        let stamp = || fs::metadata(&real).map(|data| Stamp::of(&data)).map_err(|source| input.io(source));
        let index = folder.join(hash(real.as_os_str().as_encoded_bytes()) + DIGEST);
        let now = stamp()?;
        let known = fs::read(&index).ok().and_then(|bytes| serde_json::from_slice::<Known>(&bytes).ok());
        if let Some(known) = known
            && known.path == real
            && known.stamp == now
        {
            return Ok(known.digest);
        }
        let digest = input.digest()?;
        let old = fs::metadata(&real)
            .and_then(|data| data.modified())
            .is_ok_and(|modified| SystemTime::now().duration_since(modified).is_ok_and(|age| age >= SETTLED));
        if old && stamp()? == now {
            let known = Known { path: real, stamp: now, digest: digest.clone() };
            // Without it the file is read once more next time: no reason to complain.
            let _ = write_whole(&index, &serde_json::to_vec(&known).unwrap_or_default());
        }
        Ok(digest)
    }

    /// The files of the cache.
    ///
    /// # Errors
    /// If the folder is there and cannot be read.
    pub fn kept(&self) -> Result<Vec<Kept>, CatalogError> {
        let Some(folder) = self.folder.as_deref().filter(|folder| folder.exists()) else {
            return Ok(Vec::new());
        };
        let error = |source| CatalogError::Io { path: folder.to_owned(), source };
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).map_err(error)? {
            let entry = entry.map_err(error)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let part = name.starts_with('.') && name.ends_with(PART);
            let import = name.ends_with(ENTRY);
            if import || part || name.ends_with(DIGEST) {
                // One that another run has just renamed or removed is not there any more.
                let Ok(data) = entry.metadata() else { continue };
                found.push(Kept { path: entry.path(), bytes: data.len(), import });
            }
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    /// Removes the files of the cache, and nothing else; returns them.
    ///
    /// # Errors
    /// If one cannot be removed.
    pub fn clear(&self) -> Result<Vec<Kept>, CatalogError> {
        let kept = self.kept()?;
        for file in &kept {
            match fs::remove_file(&file.path) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(CatalogError::Write { path: file.path.clone(), source });
                }
                _ => {}
            }
        }
        Ok(kept)
    }
}

/// The name of the import of a file of this digest, read so.
fn entry_name(digest: &str, format: Format, options: &ReadOptions, strict: bool) -> String {
    let ReadOptions { frame, flux_column, flux_unit, sqlite_sizes, .. } = options;
    let key = format!("{digest} {format} {frame:?} {flux_column:?} {flux_unit:?} {sqlite_sizes} {strict}");
    format!("{}.v{}{ENTRY}", hash(key.as_bytes()), schema::VERSION)
}

/// Imports a file into the cache.
fn make(
    source: &Source,
    options: &ReadOptions,
    strict: bool,
    digest: &str,
    path: &Path,
) -> Result<Input, CatalogError> {
    // What a later run may say otherwise is left open.
    let defaults = ReadOptions::default();
    let read = ReadOptions {
        alpha: defaults.alpha,
        reference_frequency: None,
        pa_frame: None,
        near: None,
        ..options.clone()
    };
    let how = Import { read, strict, force: true, stop: &|| false };
    let again = catalog::open(source.path(), options.format)?;
    let (file, _) = build(&[(source.path(), again)], path, &how)?;
    let made = super::contents(file.path())?;
    if made.digest != digest {
        return Err(CatalogError::Layout {
            path: source.path().to_owned(),
            message: "the file changed while it was being read".into(),
        });
    }
    publish(file, path, true)?;
    Input::open(path)
}

/// Writes a file that is whole whenever it is there.
fn write_whole(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".").suffix(PART).tempfile_in(folder)?;
    file.write_all(content)?;
    file.persist(path).map(|_: File| ()).map_err(|error| error.error)
}

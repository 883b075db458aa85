//! Other catalogues made into one database.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::schema::{self, Common, Insertion};
use super::tree::{self, Point};
use crate::catalog::record::Record;
use crate::catalog::{self, Catalog, CatalogError, Format, Kind, ReadOptions, Source, Summary};
use crate::time;

/// How catalogues are imported.
pub struct Import<'a> {
    /// How they are read; what is near does not matter.
    pub read: ReadOptions,
    /// Make a malformed row of a survey an error.
    pub strict: bool,
    /// Replace a file that is there already.
    pub force: bool,
    /// Whether somebody wants it to stop; asked now and then.
    pub stop: &'a dyn Fn() -> bool,
}

/// What an import came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// What is in the database.
    pub summary: Summary,
    /// Rows looked at.
    pub rows: u64,
    /// The size of the database [bytes].
    pub bytes: u64,
    /// What was assumed, and what was dropped, in plain words.
    pub notes: Vec<String>,
}

/// Imports catalogues into a new database at `output`, which is there whole or not at all.
///
/// # Errors
/// If a catalogue cannot be read, there is something at `output` already and [`Import::force`] is not set,
/// it cannot be written, or somebody wants it to stop.
pub fn import(catalogues: &[PathBuf], output: &Path, how: &Import) -> Result<Imported, CatalogError> {
    if output.exists() && !how.force {
        return Err(CatalogError::Exists { path: output.to_owned() });
    }
    let same = |path: &PathBuf| match (path.canonicalize(), output.canonicalize()) {
        (Ok(source), Ok(output)) => source == output,
        _ => false,
    };
    if let Some(path) = catalogues.iter().find(|path| same(path)) {
        return Err(CatalogError::Option {
            path: path.clone(),
            message: "is both source and output; give another name with -o".into(),
        });
    }
    // A catalogue that is not there, or not understood, should not cost the time of those before it.
    let opened = catalogues
        .iter()
        .map(|path| Ok((path.as_path(), catalog::open(path, how.read.format)?)))
        .collect::<Result<Vec<_>, CatalogError>>()?;
    let (file, imported) = build(&opened, output, how)?;
    publish(file, output, how.force)?;
    Ok(imported)
}

/// An error in writing `output`.
fn writing(output: &Path) -> impl Fn(std::io::Error) -> CatalogError {
    move |source| CatalogError::Write { path: output.to_owned(), source }
}

/// An error of SQLite in writing `output`.
fn storing(output: &Path) -> impl Fn(rusqlite::Error) -> CatalogError {
    move |source| CatalogError::WriteSqlite { path: output.to_owned(), source }
}

/// Makes the database in a file beside `output` that goes away unless it is published.
pub(super) fn build(
    catalogues: &[(&Path, Source)],
    output: &Path,
    how: &Import,
) -> Result<(NamedTempFile, Imported), CatalogError> {
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = output.file_name().unwrap_or_default().to_string_lossy();
    let file = tempfile::Builder::new()
        .prefix(&format!(".{name}."))
        .suffix(".part")
        // What the umask leaves of it: as any other file.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)
        .map_err(writing(output))?;
    let connection = Connection::open(file.path()).map_err(storing(output))?;
    let mut writer = Writer {
        connection,
        output,
        how,
        points: Vec::new(),
        summary: Summary::default(),
        notes: Vec::new(),
        rows: 0,
        kind: Kind::Model,
        digests: Vec::new(),
    };
    writer.begin().map_err(storing(output))?;
    for (number, (path, source)) in catalogues.iter().enumerate() {
        writer.add(number as i64, path, source, catalogues.len() > 1)?;
    }
    let imported = writer.end().map_err(storing(output))?;
    let bytes = file.as_file().metadata().map_err(writing(output))?.len();
    Ok((file, Imported { bytes, ..imported }))
}

/// Puts a finished database in its place: durable first, then by its name.
pub(super) fn publish(file: NamedTempFile, output: &Path, force: bool) -> Result<(), CatalogError> {
    file.as_file().sync_all().map_err(writing(output))?;
    if force {
        file.persist(output).map_err(|error| writing(output)(error.error))?;
    } else {
        file.persist_noclobber(output).map_err(|error| match error.error.kind() {
            std::io::ErrorKind::AlreadyExists => CatalogError::Exists { path: output.to_owned() },
            _ => writing(output)(error.error),
        })?;
    }
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // The new name reaches the disk with its folder; one that cannot be synced keeps it all the same.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// A database in the making.
struct Writer<'a> {
    connection: Connection,
    output: &'a Path,
    how: &'a Import<'a>,
    points: Vec<Point>,
    summary: Summary,
    notes: Vec<String>,
    rows: u64,
    kind: Kind,
    digests: Vec<String>,
}

/// After how many rows it is asked whether somebody wants it to stop.
const ASKED: usize = 1024;

/// How many rows go from the reader to the database at once, put in the order of declination: catalogues are in that of right
/// ascension, and the sources of a cone would lie scattered over a long stretch of them.
const BATCH: usize = 16_384;

impl Writer<'_> {
    /// Makes the tables. Nobody else sees the file before it is whole, so nothing need be undone.
    fn begin(&self) -> rusqlite::Result<()> {
        self.connection.execute_batch(&format!(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
             PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY;
             PRAGMA application_id = {}; PRAGMA user_version = {}; BEGIN; {}",
            schema::APPLICATION,
            schema::VERSION,
            schema::TABLES
        ))
    }

    /// Takes a catalogue in.
    fn add(&mut self, number: i64, path: &Path, source: &Source, several: bool) -> Result<(), CatalogError> {
        // What its files have in common each would be mixed up.
        if source.format() == Format::Store && super::contents(path)?.files.len() > 1 {
            return Err(CatalogError::Option {
                path: path.to_owned(),
                message: "is itself an import of several files: import those".into(),
            });
        }
        let storing = storing(self.output);
        let before = self.points.len();
        let (sender, receiver) = sync_channel::<Batch>(1);
        let mut collector = Collector {
            points: &mut self.points,
            summary: &mut self.summary,
            stop: self.how.stop,
            batch: Batch { number, ..Batch::default() },
            sender,
        };
        let options = ReadOptions { near: None, ..self.how.read.clone() };
        let (strict, connection) = (self.how.strict, &mut self.connection);
        // One thread reads, another inserts: each takes about as long as the other.
        let (read, common, inserted) = std::thread::scope(|scope| {
            let inserting = scope.spawn(move || insert(connection, receiver));
            let mut take = |record: Record| collector.take(record);
            let read = source.visit(&options, strict, &mut take);
            let read = read.and_then(|catalog| collector.flush().map(|()| catalog));
            let common = std::mem::take(&mut collector.batch.common);
            drop(collector);
            (read, common, inserting.join())
        });
        match inserted {
            Ok(inserted) => inserted.map_err(&storing)?,
            Err(panic) => std::panic::resume_unwind(panic),
        }
        let Catalog { kind, format, digest, rows_read, notes, .. } = read?;
        let kept = self.points.len() - before;
        self.connection
            .execute(
                "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                params![
                    number,
                    path.to_string_lossy(),
                    digest,
                    format.to_string(),
                    kind_name(kind),
                    common.survey.as_deref(),
                    common.reference,
                    rows_read as i64,
                    kept as i64,
                    serde_json::to_string(&notes).unwrap_or_default()
                ],
            )
            .map_err(&storing)?;
        self.digests.push(digest);
        self.rows += rows_read;
        if kind == Kind::Survey {
            self.kind = kind;
        }
        let named = |note| if several { format!("{}: {note}", path.display()) } else { note };
        self.notes.extend(notes.into_iter().map(named));
        Ok(())
    }

    /// Makes the index and the labels.
    fn end(self) -> rusqlite::Result<Imported> {
        tree::fill(&self.connection, self.points)?;
        let summary = serde_json::to_string(&self.summary).unwrap_or_default();
        for (key, value) in [
            ("program", concat!("nvss-predict ", env!("CARGO_PKG_VERSION"))),
            ("made", &time::Utc::now().iso8601()),
            ("kind", kind_name(self.kind)),
            ("sha256", &joint_digest(&self.digests)),
            ("summary", &summary),
        ] {
            self.connection.execute("INSERT INTO meta VALUES (?, ?)", [key, value])?;
        }
        self.connection.execute_batch("COMMIT")?;
        self.connection.close().map_err(|(_, error)| error)?;
        Ok(Imported { summary: self.summary, rows: self.rows, bytes: 0, notes: self.notes })
    }
}

/// Rows on their way from the reader to the database.
#[derive(Default)]
struct Batch {
    /// The number of their file.
    number: i64,
    /// The place of the first; the others' follow.
    first: u32,
    common: Common,
    /// With the sine of the declination and the id of each.
    records: Vec<(f64, u32, Record)>,
}

/// Takes records from a reader, and hands them on in batches.
struct Collector<'a> {
    points: &'a mut Vec<Point>,
    summary: &'a mut Summary,
    stop: &'a dyn Fn() -> bool,
    batch: Batch,
    sender: SyncSender<Batch>,
}

impl Collector<'_> {
    fn take(&mut self, record: Record) -> Result<(), CatalogError> {
        let id = (self.points.len() + self.batch.records.len()) as u32 + 1;
        let (details, common) = (&record.details, &mut self.batch.common);
        if self.batch.records.is_empty() {
            if self.batch.first == 0 {
                common.survey.clone_from(&details.survey);
            }
            self.batch.first = id;
        }
        if common.reference.is_none() && !details.own_reference {
            common.reference = details.reference;
        }
        self.summary.add(&record);
        self.batch.records.push((record.component.position.icrs_vector()[2], id, record));
        let waiting = self.batch.records.len();
        if waiting.is_multiple_of(ASKED) && (self.stop)() {
            return Err(CatalogError::Interrupted);
        }
        if waiting < BATCH { Ok(()) } else { self.flush() }
    }

    /// Hands the batch on.
    fn flush(&mut self) -> Result<(), CatalogError> {
        let Batch { number, first, .. } = self.batch;
        self.batch.records.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (place, (.., record)) in (first..).zip(&self.batch.records) {
            self.points.push(Point::new(record.component.position.icrs_vector(), place));
        }
        let next = Batch { number, first, common: self.batch.common.clone(), records: Vec::new() };
        let full = std::mem::replace(&mut self.batch, next);
        // Nobody takes it only where inserting has failed, which is what is told then.
        self.sender.send(full).map_err(|_| CatalogError::Interrupted)
    }
}

/// Inserts what comes, to its end.
fn insert(connection: &mut Connection, batches: Receiver<Batch>) -> rusqlite::Result<()> {
    let mut insertion = Insertion::new(connection)?;
    for Batch { number, first, common, records } in batches {
        for (place, (_, id, record)) in (first..).zip(&records) {
            insertion.run([place, *id].map(i64::from), number, &common, record)?;
        }
    }
    Ok(())
}

/// A kind as the database has it.
fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Survey => "survey",
        Kind::Model => "model",
    }
}

/// The digest of a file, or that of the digests of several.
fn joint_digest(digests: &[String]) -> String {
    match digests {
        [digest] => digest.clone(),
        several => {
            let hash = Sha256::digest(several.join("\n").as_bytes());
            hash.iter().map(|byte| format!("{byte:02x}")).collect()
        }
    }
}

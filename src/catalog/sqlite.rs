//! The SQLite databases of the DSA-110 pipeline: the whole of NVSS, or a declination strip of it.
//!
//! `sources(source_id, ra_deg, dec_deg, flux_mjy, …)` and `meta(key, value)`. The whole one has `major_axis`,
//! `minor_axis` [arcsec] and `position_angle` [deg] besides, out of HEASARC's columns but without its flags
//! of upper limits: by default they are left alone.
//!
//! Nothing is ever written beside the database, which even reading one in WAL mode would do (`-wal`, `-shm`);
//! see [`open`].

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};

use super::area::boxes;
use super::builder::Builder;
use super::input::{Input, digest_of};
use super::record::{Details, Errors};
use super::{CatalogError, NVSS_FREQUENCY, ReadOptions};
use crate::coords::{Direction, Frame};
use crate::sky::{AngleFrame, Component, Gaussian, Shape, Spectrum, Stokes};

/// A database opened, with what has to outlive it.
pub(super) struct Database {
    pub connection: Connection,
    /// Where the data are: the file given, or a copy.
    path: PathBuf,
    /// The log beside it, if it has one with something in it.
    log: Option<PathBuf>,
    _unzipped: Option<tempfile::NamedTempFile>,
    _copies: Option<tempfile::TempDir>,
}

/// The path with `ending` appended to its name.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

/// A `file:` URI; every byte that is not plainly a part of a path is escaped.
fn uri(path: &Path, parameters: &str) -> String {
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' => {
                uri.push(char::from(*byte))
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri + "?" + parameters
}

/// Opens the database so that nothing is written beside it.
///
/// Not in WAL mode: `mode=ro`, which locks as it should and creates no file. In WAL mode SQLite creates
/// `-wal` and `-shm` even to read; so without a log to read (it is empty or absent) `immutable=1`, with a log
/// in use (`-shm` is there) `mode=ro`, which creates nothing then, and with a log left behind by a crash,
/// private copies of both.
pub(super) fn open(input: &Input) -> Result<Database, CatalogError> {
    let error = |source| CatalogError::Sqlite { path: input.path.clone(), source };
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let (mut unzipped, mut copies) = (None, None);
    let mut path = input.path.clone();
    if input.gzipped {
        let (copy, _, _) = input.private_copy(".sqlite3")?;
        path = copy.path().to_owned();
        unzipped = Some(copy);
    }
    // SQLite, too, looks for the log beside the file that links lead to.
    path = std::fs::canonicalize(&path).map_err(|source| input.io(source))?;
    let log = beside(&path, "-wal");
    let log_used = std::fs::metadata(&log).is_ok_and(|log| log.len() > 0);
    // Bytes 18 and 19 of the header: 2 for a write-ahead log (SQLite, "Database File Format", 1.3).
    let wal_mode = input.head.get(18) == Some(&2) || input.head.get(19) == Some(&2);
    let parameters = match (wal_mode, log_used) {
        (false, _) => "mode=ro",
        (true, false) => "mode=ro&immutable=1",
        (true, true) if beside(&path, "-shm").exists() => "mode=ro",
        (true, true) => {
            let folder = tempfile::tempdir().map_err(|source| input.io(source))?;
            let copy = folder.path().join("catalogue.sqlite3");
            let copied = std::fs::copy(&path, &copy).and_then(|_| std::fs::copy(&log, beside(&copy, "-wal")));
            copied.map_err(|source| input.io(source))?;
            path = copy;
            copies = Some(folder);
            "mode=ro"
        }
    };
    let log = (wal_mode && log_used).then(|| beside(&path, "-wal"));
    let connection = Connection::open_with_flags(uri(&path, parameters), flags).map_err(error)?;
    connection.busy_timeout(Duration::from_secs(10)).map_err(error)?;
    Ok(Database { connection, path, log, _unzipped: unzipped, _copies: copies })
}

/// Reads the database; returns its digest.
pub(super) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    let error = |source| CatalogError::Sqlite { path: input.path.clone(), source };
    let stamp = || std::fs::metadata(&input.path).and_then(|data| Ok((data.len(), data.modified()?)));
    let before = stamp().map_err(|source| input.io(source))?;
    let database = open(input)?;
    // Of a gzipped one the stored bytes count, as with every other format.
    let mut parts = vec![if input.gzipped { input.path.as_path() } else { database.path.as_path() }];
    if let Some(log) = &database.log {
        parts.push(log);
        builder.note("the database has a write-ahead log with changes in it, which were read too");
    }
    let digest = digest_of(&parts).map_err(|source| input.io(source))?;

    let columns = columns(&database.connection).map_err(error)?;
    if columns.is_empty() {
        return Err(input.layout("an SQLite database without the table 'sources' of the DSA-110 pipeline"));
    }
    let has = |name: &str| columns.iter().any(|column| column == name);
    if let Some(missing) = ["ra_deg", "dec_deg", "flux_mjy"].into_iter().find(|name| !has(name)) {
        return Err(input.layout(format!(
            "table 'sources' has no column '{missing}' (it has {}): not a database of the DSA-110 pipeline",
            columns.join(", ")
        )));
    }
    let reference = reference(&database.connection, input, options, builder)?;
    let sized = ["major_axis", "minor_axis", "position_angle"].into_iter().all(has);
    if sized && !options.sqlite_sizes {
        builder.note(
            "sizes left alone, all sources taken as points: the database does not say which are upper limits",
        );
    } else if sized {
        builder.note("sizes used as asked: some may be upper limits, which the database does not tell");
    } else if options.sqlite_sizes {
        builder.note("the database has no sizes: all sources are points");
    }
    let frame = options.frame.unwrap_or(Frame::J2000);
    if frame != Frame::J2000 {
        builder.note(format!("positions taken as {frame} as given, though such databases are J2000"));
    }

    let wanted = if sized && options.sqlite_sizes { ", major_axis, minor_axis, position_angle" } else { "" };
    let error_column = if builder.detailed() && has("flux_err_mjy") { ", flux_err_mjy" } else { "" };
    let limits = limits(&database.connection, options, frame).map_err(error)?;
    let order = if has("source_id") { " ORDER BY source_id" } else { "" };
    let query = format!("SELECT ra_deg, dec_deg, flux_mjy{wanted}{error_column} FROM sources{limits}{order}");
    let mut statement = database.connection.prepare(&query).map_err(error)?;
    let mut rows = statement.query([]).map_err(error)?;
    let spectrum = Spectrum::PowerLaw { alpha: options.alpha, reference };
    let angle_frame = options.pa_frame.unwrap_or_default();
    let mut line = 0;
    let mut without_position = 0u64;
    while let Some(row) = rows.next().map_err(error)? {
        line += 1;
        builder.row();
        let cells: Result<Vec<Option<f64>>, CatalogError> =
            (0..if wanted.is_empty() { 3 } else { 6 }).map(|index| number(row, index, line, input)).collect();
        let cells = match cells {
            Ok(cells) => cells,
            Err(error) => {
                builder.malformed(|| error)?;
                continue;
            }
        };
        let (Some(ra), Some(dec)) = (cells[0], cells[1]) else {
            without_position += 1;
            continue;
        };
        let Some(flux) = cells[2] else {
            builder.drop_without_flux();
            continue;
        };
        let position = Direction::from_degrees(frame, ra, dec);
        if position.is_valid() && !builder.wants(position) {
            continue;
        }
        let shape =
            if wanted.is_empty() { Shape::Point } else { shape([cells[3], cells[4], cells[5]], angle_frame) };
        let stokes = Stokes::unpolarised(1e-3 * flux);
        let component = Component::new(position, shape, stokes, spectrum.clone());
        let details = builder.detailed().then(|| {
            let index = if wanted.is_empty() { 3 } else { 6 };
            let flux = if error_column.is_empty() { Ok(None) } else { number(row, index, line, input) };
            let flux = flux.ok().flatten().map(|error| 1e-3 * error);
            let of = Details::of(&component);
            Box::new(Details { errors: Errors { flux, ..Errors::default() }, ..of })
        });
        builder.push_detailed(component, true, details, || line)?;
    }
    if without_position > 0 {
        builder.note(format!("{without_position} rows without a position dropped"));
    }
    if stamp().map_err(|source| input.io(source))? != before {
        return Err(input.layout("the database changed while it was being read; run again"));
    }
    Ok(digest)
}

/// The names of the columns of `sources`; none if there is no such table.
fn columns(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("SELECT lower(name) FROM pragma_table_info('sources')")?;
    statement.query_map([], |row| row.get(0))?.collect()
}

/// The frequency of the flux densities [Hz]: such databases are made of other surveys too, and none has a
/// column that tells.
fn reference(
    connection: &Connection,
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<f64, CatalogError> {
    // A database without 'meta' is as good as one that does not name its source.
    let source: Option<String> =
        connection.query_row("SELECT value FROM meta WHERE key = 'source'", [], |row| row.get(0)).ok();
    if let Some(hz) = options.reference_frequency {
        return Ok(hz);
    }
    match source {
        Some(name) if !["nvss", "first"].iter().any(|survey| name.to_lowercase().contains(survey)) => {
            Err(input.layout(format!(
                "made from '{name}', which is not NVSS: give the frequency of its flux densities with --ref-freq"
            )))
        }
        Some(name) => {
            builder.survey(if name.to_lowercase().contains("nvss") { "NVSS" } else { "FIRST" });
            builder.note(format!("made from '{name}': flux densities taken at 1.4 GHz"));
            Ok(NVSS_FREQUENCY)
        }
        None => {
            builder.note("the database does not say what it was made from: flux densities taken at 1.4 GHz");
            Ok(NVSS_FREQUENCY)
        }
    }
}

/// The WHERE clause that leaves out what is too far away.
fn limits(connection: &Connection, options: &ReadOptions, frame: Frame) -> rusqlite::Result<String> {
    let Some(near) = &options.near else { return Ok(String::new()) };
    if near.centres.is_empty() {
        return Ok(" WHERE 0".into());
    }
    let boxes = boxes(near, frame);
    let (low, high) = boxes.latitudes;
    let mut clause = format!(" WHERE dec_deg BETWEEN {low:?} AND {high:?}");
    let turned: bool = connection.query_row(
        "SELECT EXISTS(SELECT 1 FROM sources WHERE ra_deg < 0)
             OR EXISTS(SELECT 1 FROM sources WHERE ra_deg >= 360)",
        [],
        |row| row.get(0),
    )?;
    // Longitudes counted otherwise than from 0 to 360 are compared one by one, afterwards.
    if let (Some(intervals), false) = (boxes.longitudes, turned) {
        let parts: Vec<String> =
            intervals.iter().map(|(from, to)| format!("ra_deg BETWEEN {from:?} AND {to:?}")).collect();
        clause += &format!(" AND ({})", parts.join(" OR "));
    }
    Ok(clause)
}

/// A number, or nothing where the cell is NULL (as which SQLite stores NaN, too).
fn number(row: &Row<'_>, index: usize, line: u64, input: &Input) -> Result<Option<f64>, CatalogError> {
    let value =
        row.get_ref(index).map_err(|source| CatalogError::Sqlite { path: input.path.clone(), source })?;
    let found = match value {
        ValueRef::Null => return Ok(None),
        ValueRef::Real(value) => return Ok(Some(value)),
        #[allow(clippy::cast_precision_loss)]
        ValueRef::Integer(value) => return Ok(Some(value as f64)),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(_) => "binary data".to_owned(),
    };
    let column = row.as_ref().column_name(index).unwrap_or_default().to_owned();
    Err(CatalogError::Cell {
        path: input.path.clone(),
        line,
        column,
        value: found,
        reason: "not a number".into(),
    })
}

/// Widths [arcsec] and position angle [deg] as a shape.
fn shape(cells: [Option<f64>; 3], angle_frame: AngleFrame) -> Shape {
    let arcsec = |value: f64| (value / 3600.0).to_radians();
    match cells {
        // NVSS gives no position angle to what it does not resolve.
        [Some(major), Some(minor), Some(angle)] if major != 0.0 || minor != 0.0 => {
            Shape::Gaussian(Gaussian::new(arcsec(major), arcsec(minor), angle.to_radians(), angle_frame))
        }
        _ => Shape::Point,
    }
}

//! What is near, out of an imported catalogue.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::{Connection, Row};

use super::scan;
use super::schema::{self, Common, Wanted};
use crate::catalog::builder::Builder;
use crate::catalog::input::Input;
use crate::catalog::sqlite::{self, Database};
use crate::catalog::{CatalogError, Details, Kind, Near, ReadOptions, Summary};
use crate::sky::{Component, Spectrum};

/// A file that was imported.
#[derive(Clone, Debug, PartialEq)]
pub struct FileEntry {
    /// Its path, as it was given.
    pub path: String,
    /// SHA-256 of its bytes.
    pub digest: String,
    /// Its format.
    pub format: String,
    /// Rows looked at.
    pub rows: u64,
    /// Rows taken in.
    pub kept: u64,
    /// What was assumed, and what was dropped, in plain words.
    pub notes: Vec<String>,
    common: Common,
}

/// What an imported catalogue says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Contents {
    /// The program that made it.
    pub program: String,
    /// When, UTC, ISO 8601.
    pub made: String,
    /// Survey or model.
    pub kind: Kind,
    /// The digest of the file imported, or that of the digests of several.
    pub digest: String,
    /// What is in it.
    pub summary: Summary,
    /// The files imported.
    pub files: Vec<FileEntry>,
}

/// Opens it, if it is whole and of the version that is understood.
pub(super) fn open(input: &Input) -> Result<Database, CatalogError> {
    let word = |at: usize| {
        let bytes = input.head.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u32::from_be_bytes)
    };
    // "Database File Format", 1.3: the user's version, and the size in pages, whose size is 1 for 65536.
    let version = word(60);
    if version != schema::VERSION {
        return Err(input.layout(format!(
            "an imported catalogue of version {version}, but this program reads version {}: import the catalogue again",
            schema::VERSION
        )));
    }
    let page = match word(16) >> 16 {
        1 => 65_536,
        size => u64::from(size),
    };
    let length = std::fs::metadata(&input.path).map_err(|source| input.io(source))?.len();
    if !input.gzipped && length < page * u64::from(word(28)) {
        return Err(input.layout(format!(
            "the imported catalogue is cut short, at {length} of {} bytes: import the catalogue again",
            page * u64::from(word(28))
        )));
    }
    sqlite::open(input)
}

/// What the database says of itself.
///
/// # Errors
/// If the file at `path` cannot be read, or is no imported catalogue that is understood.
pub fn contents(path: &std::path::Path) -> Result<Contents, CatalogError> {
    let input = Input::open(path)?;
    if !schema::is_store(&input.head) {
        return Err(input.layout("not a catalogue that nvss-predict catalog import made"));
    }
    let database = open(&input)?;
    let damaged = |source| CatalogError::Sqlite { path: input.path.clone(), source };
    read_contents(&database.connection).map_err(damaged)
}

fn read_contents(connection: &Connection) -> rusqlite::Result<Contents> {
    let meta = |key: &str| -> rusqlite::Result<String> {
        connection.query_row("SELECT value FROM meta WHERE key = ?", [key], |row| row.get(0))
    };
    let kind = if meta("kind")? == "survey" { Kind::Survey } else { Kind::Model };
    let query = "SELECT path, sha256, format, rows, kept, notes, survey, ref_hz FROM files ORDER BY id";
    let entry = |row: &Row<'_>| {
        let notes: String = row.get(5)?;
        let survey: Option<String> = row.get(6)?;
        Ok(FileEntry {
            path: row.get(0)?,
            digest: row.get(1)?,
            format: row.get(2)?,
            rows: row.get::<_, i64>(3)?.unsigned_abs(),
            kept: row.get::<_, i64>(4)?.unsigned_abs(),
            notes: serde_json::from_str(&notes).unwrap_or_default(),
            common: Common { survey: survey.map(Arc::from), reference: row.get(7)? },
        })
    };
    let files = connection.prepare(query)?.query_map([], entry)?.collect::<rusqlite::Result<_>>()?;
    Ok(Contents {
        program: meta("program")?,
        made: meta("made")?,
        kind,
        digest: meta("sha256")?,
        summary: serde_json::from_str(&meta("summary")?).unwrap_or_default(),
        files,
    })
}

/// Survey or model, and the surveys that its sources are of.
pub(in crate::catalog) fn label(input: &Input) -> Result<(Kind, BTreeSet<String>), CatalogError> {
    let database = open(input)?;
    let damaged = |source| CatalogError::Sqlite { path: input.path.clone(), source };
    let contents = read_contents(&database.connection).map_err(damaged)?;
    Ok((contents.kind, contents.summary.surveys))
}

/// Options that an import has settled.
fn check(options: &ReadOptions, input: &Input) -> Result<(), CatalogError> {
    let settled = [
        ("--frame", options.frame.is_some()),
        ("--flux-column", options.flux_column.is_some()),
        ("--flux-unit", options.flux_unit.is_some()),
        ("--sqlite-sizes", options.sqlite_sizes),
    ];
    match settled.iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((option, _)) => Err(CatalogError::Option {
            path: input.path.clone(),
            message: format!("{option} cannot be given for an imported catalogue: give it to the import"),
        }),
    }
}

/// Reads what is near, or everything; returns the digest of what was imported.
pub(in crate::catalog) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    check(options, input)?;
    let damaged = |source| CatalogError::Sqlite { path: input.path.clone(), source };
    let database = open(input)?;
    // One transaction: otherwise every source would lock the file anew, and have its pages read again.
    database.connection.execute_batch("BEGIN").map_err(damaged)?;
    let contents = read_contents(&database.connection).map_err(damaged)?;
    for file in &contents.files {
        for note in &file.notes {
            builder.note(if contents.files.len() > 1 {
                format!("{}: {note}", file.path)
            } else {
                note.clone()
            });
        }
    }
    let rows = contents.files.iter().map(|file| file.rows).sum();
    let near = match &options.near {
        Some(near) => candidates(&database.connection, near, contents.summary.sources).map_err(damaged)?,
        None => None,
    };
    let skipped = near.as_ref().map_or(0, |ids| contents.summary.sources.saturating_sub(ids.len() as u64));
    builder.count(rows, skipped);
    let mut reader = Reader {
        input,
        commons: contents.files.into_iter().map(|file| file.common).collect(),
        wanted: Wanted {
            alpha: options.alpha,
            reference: options.reference_frequency,
            angle_frame: options.pa_frame,
            polarization: builder.polarization,
        },
        tally: [0; 2],
        waiting: Vec::new(),
    };
    let columns = schema::COLUMNS;
    match near {
        Some(ids) => {
            let query = format!("SELECT {columns} FROM components WHERE place = ?");
            let mut statement = database.connection.prepare(&query).map_err(damaged)?;
            for place in ids {
                let mut rows = statement.query([place]).map_err(damaged)?;
                let Some(row) = rows.next().map_err(damaged)? else {
                    return Err(input.layout(format!(
                        "the imported catalogue is damaged: source {place} is in its index alone; import the catalogue again"
                    )));
                };
                reader.take(row, builder)?;
            }
        }
        None if !builder.detailed() && scan::threads(input, contents.summary.sources) > 1 => {
            let threads = scan::threads(input, contents.summary.sources);
            let shares = scan::scan(&reader, builder.cones(), contents.summary.sources, threads)?;
            let (far, tally) = scan::in_order(shares, |id, component, assumed| {
                builder.push_detailed(component, assumed, None, || id)
            })?;
            builder.count(0, far);
            reader.tally = tally;
        }
        None => {
            let query = format!("SELECT {columns} FROM components ORDER BY place");
            let mut statement = database.connection.prepare(&query).map_err(damaged)?;
            let mut rows = statement.query([]).map_err(damaged)?;
            let (mut read, mut last) = (0, 0);
            while let Some(row) = rows.next().map_err(damaged)? {
                reader.take(row, builder)?;
                read += 1;
                last = last.max(row.get(0).map_err(damaged)?);
                // Ids count from 1: all up to the last are there, in some order.
                if read == last {
                    reader.hand_on(builder)?;
                }
            }
        }
    }
    reader.hand_on(builder)?;
    reader.notes(builder);
    Ok(contents.digest)
}

/// Makes components of rows.
pub(super) struct Reader<'a> {
    pub(super) input: &'a Input,
    commons: Vec<Common>,
    wanted: Wanted,
    /// Components without a spectrum of their own: flat ones, and those with the index of all.
    tally: [u64; 2],
    /// Sources read, to be handed on in the order of their ids.
    waiting: Vec<(u64, Component, bool, Option<Box<Details>>)>,
}

impl Reader<'_> {
    fn take(&mut self, row: &Row<'_>, builder: &mut Builder) -> Result<(), CatalogError> {
        let damaged = |source| CatalogError::Sqlite { path: self.input.path.clone(), source };
        let position = schema::position(row).map_err(damaged)?;
        if position.is_valid() && !builder.wants(position) {
            return Ok(());
        }
        let (component, own) = self.component(row)?;
        let details = if builder.detailed() {
            let common = self.common(row)?;
            Some(Box::new(schema::details(row, common, &self.wanted).map_err(damaged)?))
        } else {
            if let Some(kind) = Reader::tallied(&component, own) {
                self.tally[kind] += 1;
            }
            None
        };
        let id: i64 = row.get(0).map_err(damaged)?;
        self.waiting.push((id.unsigned_abs(), component, !own, details));
        Ok(())
    }

    /// What the rows of a row's file have in common.
    fn common(&self, row: &Row<'_>) -> Result<&Common, CatalogError> {
        let damaged = |source| CatalogError::Sqlite { path: self.input.path.clone(), source };
        let file: usize = row.get(1).map_err(damaged)?;
        self.commons.get(file).ok_or_else(|| {
            self.input.layout(format!(
                "the imported catalogue is damaged: it has no file {file}; import the catalogue again"
            ))
        })
    }

    /// The component of a row, and whether its spectrum is its own.
    pub(super) fn component(&self, row: &Row<'_>) -> Result<(Component, bool), CatalogError> {
        let damaged = |source| CatalogError::Sqlite { path: self.input.path.clone(), source };
        let component = schema::component(row, self.common(row)?, &self.wanted).map_err(damaged)?;
        let own = [9, 10]
            .into_iter()
            .any(|cell| row.get_ref(cell).is_ok_and(|cell| cell != rusqlite::types::ValueRef::Null));
        Ok((component, own))
    }

    /// Which tally a component without a spectrum of its own counts in: 0 of flat ones, 1 of those with the index of all.
    pub(super) fn tallied(component: &Component, own: bool) -> Option<usize> {
        (!own).then(|| usize::from(component.spectrum != Spectrum::Flat))
    }

    /// An id that no import gives.
    pub(super) fn unknown_id(&self, id: i64) -> CatalogError {
        self.input.layout(format!(
            "the imported catalogue is damaged: it has a source {id}; import the catalogue again"
        ))
    }

    /// Hands on what waits, as the files had it.
    fn hand_on(&mut self, builder: &mut Builder) -> Result<(), CatalogError> {
        self.waiting.sort_by_key(|(id, ..)| *id);
        for (id, component, assumed, details) in self.waiting.drain(..) {
            builder.push_detailed(component, assumed, details, || id)?;
        }
        Ok(())
    }

    /// What was taken for the spectra that no row gives.
    fn notes(&self, builder: &mut Builder) {
        let [flat, indexed] = self.tally;
        if flat > 0 {
            builder.note(format!(
                "{flat} components without a spectral index taken as flat: the frequency of their flux density is not known (--ref-freq)"
            ));
        }
        if indexed > 0 {
            builder.note(format!(
                "{indexed} components without a spectral index given that of {}",
                self.wanted.alpha
            ));
        }
    }
}

/// A box about a circle on the unit sphere.
type Cube = [[f64; 2]; 3];

/// The smallest box about a circle of `radius` [rad] about a unit vector, widened by rounding.
fn cube(centre: [f64; 3], radius: f64) -> Cube {
    centre.map(|x| {
        // The circle's points make every angle from θ − r to θ + r with the axis.
        let angle = x.clamp(-1.0, 1.0).acos();
        let low = if angle + radius >= std::f64::consts::PI { -1.0 } else { (angle + radius).cos() };
        let high = if angle <= radius { 1.0 } else { (angle - radius).cos() };
        [low - ROUNDING, high + ROUNDING]
    })
}

/// More than the rounding of the box's edges; what is in it is measured anyway. Near an axis, acos loses half of
/// the digits.
const ROUNDING: f64 = 1e-7;

/// The most boxes that are asked for one by one.
const BOXES: usize = 64;

/// Boxes that hold all the circles: those of a drift run into one another, and one box asks for less than many.
fn cubes(near: &Near) -> Vec<Cube> {
    let volume = |cube: &Cube| cube.iter().map(|[low, high]| high - low).product::<f64>();
    let both = |a: &Cube, b: &Cube| -> Cube {
        std::array::from_fn(|axis| [a[axis][0].min(b[axis][0]), a[axis][1].max(b[axis][1])])
    };
    let mut found: Vec<Cube> = Vec::new();
    for centre in &near.centres {
        let next = cube(centre.icrs_vector(), near.radius);
        match found.last_mut() {
            Some(last) if volume(&both(last, &next)) <= volume(last) + volume(&next) => {
                *last = both(last, &next);
            }
            _ => found.push(next),
        }
    }
    if found.len() > BOXES {
        found = found.into_iter().reduce(|a, b| both(&a, &b)).into_iter().collect();
    }
    found
}

/// The places of the sources in boxes about what is near, ascending; none if that is so much of the catalogue
/// that it is better read from end to end.
fn candidates(connection: &Connection, near: &Near, sources: u64) -> rusqlite::Result<Option<Vec<i64>>> {
    let most = sources / 4;
    let query = "SELECT id FROM places WHERE x1 >= ?1 AND x0 <= ?2 AND y1 >= ?3 AND y0 <= ?4 AND z1 >= ?5 AND z0 <= ?6";
    let mut statement = connection.prepare(query)?;
    let mut ids = Vec::new();
    for [x, y, z] in cubes(near) {
        let mut rows = statement.query([x[0], x[1], y[0], y[1], z[0], z[1]])?;
        while let Some(row) = rows.next()? {
            ids.push(row.get(0)?);
        }
        ids.sort_unstable();
        ids.dedup();
        if ids.len() as u64 > most.max(1000) {
            return Ok(None);
        }
    }
    Ok(Some(ids))
}

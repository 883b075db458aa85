//! The tables of an imported catalogue, and how a record becomes a row of them and a row a record.

use std::sync::Arc;

use rusqlite::{Connection, Row, Statement, ToSql};

use crate::catalog::polarization;
use crate::catalog::record::{Details, Errors, Record};
use crate::coords::{Direction, Frame};
use crate::sky::{AngleFrame, Component, FaradayRotation, Gaussian, Polarisation, Shape, Spectrum, Stokes};

/// `NVSP`, in bytes 68 to 71 of the file (SQLite, "Database File Format", 1.3).
pub(super) const APPLICATION: u32 = 0x4e56_5350;

/// Counts the changes of the tables.
pub(super) const VERSION: u32 = 3;

/// Whether a file that begins so is an imported catalogue, of whatever version.
pub(in crate::catalog) fn is_store(head: &[u8]) -> bool {
    head.starts_with(b"SQLite format 3\0") && head.get(68..72) == Some(&APPLICATION.to_be_bytes()[..])
}

/// What makes the tables of an empty database.
pub(super) const TABLES: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE files (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL, sha256 TEXT NOT NULL, format TEXT NOT NULL, kind TEXT NOT NULL,
    survey TEXT, ref_hz REAL, rows INTEGER NOT NULL, kept INTEGER NOT NULL, notes TEXT NOT NULL);
-- place: where the row stands, beside its neighbours on the sky; id: where it stood in the file.
-- Angles in rad, flux densities in Jy. ref_hz: the row's own, else the file's. alpha and terms: the row's own.
-- frame: 0 ICRS, 1 J2000, 2 B1950, 3 Galactic. pa_frame: 0 north at the source, 1 at the phase centre; pa_said: by
-- the row. polarisation: its course with frequency, as JSON. *_limit: upper limits. p, p_angle: linear polarisation by strength and angle. e_*: standard errors.
CREATE TABLE components (
    place INTEGER PRIMARY KEY, id INTEGER NOT NULL, file INTEGER NOT NULL, frame INTEGER NOT NULL, lon REAL NOT NULL, lat REAL NOT NULL,
    i REAL NOT NULL, q REAL NOT NULL, u REAL NOT NULL, v REAL NOT NULL,
    alpha REAL, terms TEXT, log_si INTEGER, ref_hz REAL,
    major REAL, minor REAL, pa REAL, pa_frame INTEGER, pa_said INTEGER, major_limit REAL, minor_limit REAL,
    p REAL, p_angle REAL, e_lon REAL, e_lat REAL, e_i REAL, e_major REAL, e_minor REAL, e_pa REAL, e_p REAL,
    e_p_angle REAL, survey TEXT, name TEXT, patch TEXT, polarisation TEXT);
CREATE VIRTUAL TABLE places USING rtree(id, x0, x1, y0, y1, z0, z1);
CREATE VIEW sources AS SELECT c.id AS source_id, c.name,
    c.lon * 57.29577951308232 AS ra_deg, c.lat * 57.29577951308232 AS dec_deg,
    CASE c.frame WHEN 0 THEN 'ICRS' WHEN 1 THEN 'J2000' WHEN 2 THEN 'B1950' ELSE 'Galactic' END AS frame,
    c.i AS i_jy, c.e_i AS e_i_jy, c.q AS q_jy, c.u AS u_jy, c.v AS v_jy, c.alpha, c.terms, c.log_si,
    coalesce(c.ref_hz, f.ref_hz) AS ref_hz,
    c.major * 206264.80624709636 AS major_arcsec, c.minor * 206264.80624709636 AS minor_arcsec,
    c.pa * 57.29577951308232 AS pa_deg,
    c.major_limit * 206264.80624709636 AS major_limit_arcsec, c.minor_limit * 206264.80624709636 AS minor_limit_arcsec,
    c.e_major * 206264.80624709636 AS e_major_arcsec, c.e_minor * 206264.80624709636 AS e_minor_arcsec,
    c.e_pa * 57.29577951308232 AS e_pa_deg,
    c.p AS p_flux_jy, c.e_p AS e_p_flux_jy, c.p_angle * 57.29577951308232 AS pol_angle_deg,
    c.e_p_angle * 57.29577951308232 AS e_pol_angle_deg,
    c.e_lon * 206264.80624709636 AS e_ra_arcsec, c.e_lat * 206264.80624709636 AS e_dec_arcsec,
    coalesce(c.survey, f.survey) AS survey, f.path AS file
    FROM components c JOIN files f ON f.id = c.file;
";

/// The columns of `components`, in the order of [`bind`] and [`record`].
pub(super) const COLUMNS: &str = "id, file, frame, lon, lat, i, q, u, v, alpha, terms, log_si, ref_hz, major, minor, pa, \
     pa_frame, pa_said, major_limit, minor_limit, p, p_angle, e_lon, e_lat, e_i, e_major, e_minor, e_pa, e_p, e_p_angle, \
     survey, name, patch, polarisation, place";

/// The same columns with NULL in place of those that [`component`] does not look at: reading them takes time.
pub(super) fn columns_of_components() -> String {
    let looked_at = |name: &str| !(name.starts_with("e_") || name.ends_with("_limit") || name == "survey");
    let columns = COLUMNS.split(',').map(str::trim);
    columns.map(|name| if looked_at(name) { name } else { "NULL" }).collect::<Vec<_>>().join(", ")
}

/// How many there are.
const COUNT: usize = 35;

/// The statement that takes a row in.
fn insert() -> String {
    format!("INSERT INTO components ({COLUMNS}) VALUES (?{})", ", ?".repeat(COUNT - 1))
}

/// Frames by their number.
const FRAMES: [Frame; 4] = [Frame::Icrs, Frame::J2000, Frame::B1950, Frame::Galactic];

/// What of a file's rows need not stand in each.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Common {
    pub survey: Option<Arc<str>>,
    pub reference: Option<f64>,
}

/// The statement of [`insert`], and which of its parameters are bound: most of a row is NULL, and so was the last.
pub(super) struct Insertion<'a> {
    statement: Statement<'a>,
    bound: u64,
}

impl<'a> Insertion<'a> {
    pub fn new(connection: &'a Connection) -> rusqlite::Result<Self> {
        Ok(Insertion { statement: connection.prepare(&insert())?, bound: 0 })
    }

    /// Binds what may be NULL.
    fn optional(&mut self, index: usize, value: Option<impl ToSql>) -> rusqlite::Result<()> {
        let bit = 1 << index;
        if value.is_none() && self.bound & bit == 0 {
            return Ok(());
        }
        self.bound = if value.is_some() { self.bound | bit } else { self.bound & !bit };
        self.statement.raw_bind_parameter(index, value)
    }

    /// Inserts a record.
    pub fn run(
        &mut self,
        [place, id]: [i64; 2],
        file: i64,
        common: &Common,
        record: &Record,
    ) -> rusqlite::Result<()> {
        self.statement.raw_bind_parameter(COUNT, place)?;
        bind(self, id, file, common, record)?;
        self.statement.raw_execute().map(|_| ())
    }
}

/// Binds a record to its parameters.
fn bind(
    insertion: &mut Insertion<'_>,
    id: i64,
    file: i64,
    common: &Common,
    record: &Record,
) -> rusqlite::Result<()> {
    let Record { component, details } = record;
    let frame = FRAMES.iter().position(|frame| *frame == component.position.frame).unwrap_or(1);
    let (alpha, terms, logarithmic) = match (&component.spectrum, details.own_spectrum) {
        (_, false) => (None, None, None),
        (Spectrum::Flat, true) => (Some(0.0), None, None),
        (Spectrum::PowerLaw { alpha, .. }, true) => (Some(*alpha), None, None),
        (Spectrum::Polynomial { terms, .. }, true) => (None, serde_json::to_string(terms).ok(), Some(false)),
        (spectrum, true) => {
            let terms = spectrum.log_terms().ok_or_else(|| unstored("spectrum"))?;
            (None, serde_json::to_string(&terms).ok(), Some(true))
        }
    };
    let own_reference = details.own_reference || details.reference != common.reference;
    let reference = details.reference.filter(|_| own_reference);
    let gaussian = match component.shape {
        Shape::Point => None,
        Shape::Gaussian(gaussian) => Some(gaussian),
        _ => return Err(unstored("shape")),
    };
    let course = component.polarisation.as_deref().map(Course::of).transpose()?;
    let survey = details.survey.as_deref().filter(|survey| common.survey.as_deref() != Some(survey));
    let Stokes { i, q, u, v } = component.stokes;
    let errors = &details.errors;
    insertion.statement.raw_bind_parameter(1, id)?;
    insertion.statement.raw_bind_parameter(2, file)?;
    insertion.statement.raw_bind_parameter(3, frame as i64)?;
    insertion.optional(11, terms)?;
    insertion.optional(12, logarithmic)?;
    let centre = gaussian.map(|gaussian| i64::from(gaussian.angle_frame == AngleFrame::Centre));
    insertion.optional(17, centre)?;
    insertion.optional(18, gaussian.map(|_| details.own_angle_frame))?;
    insertion.optional(31, survey)?;
    insertion.optional(32, component.name.as_deref())?;
    insertion.optional(33, component.patch.as_deref())?;
    insertion.optional(34, course.and_then(|course| serde_json::to_string(&course).ok()))?;
    let always = [component.position.longitude, component.position.latitude, i, q, u, v];
    for (index, value) in (4..).zip(always) {
        insertion.statement.raw_bind_parameter(index, value)?;
    }
    let numbers = [
        (10, alpha),
        (13, reference),
        (14, gaussian.map(|gaussian| gaussian.major)),
        (15, gaussian.map(|gaussian| gaussian.minor)),
        (16, gaussian.map(|gaussian| gaussian.position_angle)),
        (19, details.limits[0]),
        (20, details.limits[1]),
        (21, details.polarised),
        (22, details.polarisation_angle),
        (23, errors.position[0]),
        (24, errors.position[1]),
        (25, errors.flux),
        (26, errors.major),
        (27, errors.minor),
        (28, errors.angle),
        (29, errors.polarised),
        (30, errors.polarisation_angle),
    ];
    for (index, value) in numbers {
        insertion.optional(index, value)?;
    }
    Ok(())
}

/// How a polarisation goes with frequency, as it is stored.
#[derive(serde::Serialize, serde::Deserialize)]
struct Course {
    /// Whether Q and U, and V, stay the same; else they follow I.
    flat: [bool; 2],
    /// The rotation measure [rad/m²] and its λ0² [m²].
    rotation: Option<[f64; 2]>,
}

impl Course {
    fn of(polarisation: &Polarisation) -> rusqlite::Result<Course> {
        let flat = |spectrum: &Option<Spectrum>| match spectrum {
            None => Ok(false),
            Some(Spectrum::Flat) => Ok(true),
            Some(_) => Err(unstored("polarisation")),
        };
        Ok(Course {
            flat: [flat(&polarisation.linear)?, flat(&polarisation.circular)?],
            rotation: polarisation.rotation.map(|rotation| [rotation.measure, rotation.reference]),
        })
    }

    fn polarisation(&self) -> Polarisation {
        let [linear, circular] = self.flat.map(|flat| flat.then_some(Spectrum::Flat));
        let rotation = self.rotation.map(|[measure, reference]| FaradayRotation { measure, reference });
        Polarisation { linear, circular, rotation }
    }
}

/// What a reader of rows was told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// The spectral index of what has none of its own.
    pub alpha: f64,
    /// The frequency of flux densities whose row has none of its own [Hz], over the file's.
    pub reference: Option<f64>,
    /// Whose north position angles count from where no row says it.
    pub angle_frame: Option<AngleFrame>,
    /// Whether polarisation by strength and angle goes into Q and U.
    pub polarization: bool,
}

/// A cell that is not what its column has.
fn broken(index: usize, what: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(index, rusqlite::types::Type::Null, what.into())
}

/// The position of a row of [`COLUMNS`].
pub(super) fn position(row: &Row<'_>) -> rusqlite::Result<Direction> {
    let frame: usize = row.get(2)?;
    let frame = FRAMES.get(frame).ok_or_else(|| broken(2, "no frame has this number"))?;
    Ok(Direction::new(*frame, row.get(3)?, row.get(4)?))
}

/// Of no catalogue that is large enough to be imported.
fn unstored(what: &str) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(format!("the store has no place for such a {what}").into())
}

/// The component of a row of [`COLUMNS`].
pub(super) fn component(row: &Row<'_>, common: &Common, wanted: &Wanted) -> rusqlite::Result<Component> {
    let mut stokes = Stokes { i: row.get(5)?, q: row.get(6)?, u: row.get(7)?, v: row.get(8)? };
    if wanted.polarization
        && let (Some(strength), Some(angle)) = (row.get(20)?, row.get(21)?)
    {
        (stokes.q, stokes.u) = polarization::linear(strength, angle);
    }
    let own: Option<f64> = row.get(12)?;
    let reference = own.or(wanted.reference).or(common.reference);
    let spectrum = spectrum(row, reference, wanted)?;
    let mut component =
        Component::new(position(row)?, shape(row, wanted)?, stokes, spectrum).named(row.get(31)?);
    component.patch = row.get::<_, Option<String>>(32)?.map(Arc::from);
    if let Some(text) = row.get::<_, Option<String>>(33)? {
        let course: Course =
            serde_json::from_str(&text).map_err(|_| broken(33, "not the course of a polarisation"))?;
        component.polarisation = Some(Box::new(course.polarisation()));
    }
    Ok(component)
}

fn spectrum(row: &Row<'_>, reference: Option<f64>, wanted: &Wanted) -> rusqlite::Result<Spectrum> {
    let needed = || reference.ok_or_else(|| broken(12, "a spectral index without a reference frequency"));
    if let Some(alpha) = row.get::<_, Option<f64>>(9)? {
        // An index of zero is a flat spectrum, which needs no reference.
        return Ok(if alpha == 0.0 {
            Spectrum::Flat
        } else {
            Spectrum::PowerLaw { alpha, reference: needed()? }
        });
    }
    if let Some(text) = row.get::<_, Option<String>>(10)? {
        let terms: Vec<f64> =
            serde_json::from_str(&text).map_err(|_| broken(10, "not a list of spectral terms"))?;
        let reference = needed()?;
        return Ok(match row.get::<_, Option<bool>>(11)? {
            Some(false) => Spectrum::Polynomial { terms, reference },
            _ => Spectrum::LogPolynomial { terms, reference },
        });
    }
    let law = reference.map(|reference| Spectrum::PowerLaw { alpha: wanted.alpha, reference });
    Ok(law.unwrap_or_default())
}

fn shape(row: &Row<'_>, wanted: &Wanted) -> rusqlite::Result<Shape> {
    let Some(major) = row.get(13)? else { return Ok(Shape::Point) };
    let centre = row.get::<_, Option<i64>>(16)? == Some(1);
    let own = if centre { AngleFrame::Centre } else { AngleFrame::Source };
    let said = row.get::<_, Option<bool>>(17)?.unwrap_or(false);
    let angle_frame = if said { own } else { wanted.angle_frame.unwrap_or(own) };
    Ok(Shape::Gaussian(Gaussian { major, minor: row.get(14)?, position_angle: row.get(15)?, angle_frame }))
}

/// What else a row of [`COLUMNS`] says.
pub(super) fn details(row: &Row<'_>, common: &Common, wanted: &Wanted) -> rusqlite::Result<Details> {
    let own: Option<f64> = row.get(12)?;
    let alpha: Option<f64> = row.get(9)?;
    let terms: Option<String> = row.get(10)?;
    let survey: Option<String> = row.get(30)?;
    Ok(Details {
        survey: survey.map(Arc::from).or_else(|| common.survey.clone()),
        own_spectrum: alpha.is_some() || terms.is_some(),
        reference: own.or(wanted.reference).or(common.reference),
        own_reference: own.is_some(),
        own_angle_frame: row.get::<_, Option<bool>>(17)?.unwrap_or(false),
        limits: [row.get(18)?, row.get(19)?],
        polarised: row.get(20)?,
        polarisation_angle: row.get(21)?,
        errors: Errors {
            position: [row.get(22)?, row.get(23)?],
            flux: row.get(24)?,
            major: row.get(25)?,
            minor: row.get(26)?,
            angle: row.get(27)?,
            polarised: row.get(28)?,
            polarisation_angle: row.get(29)?,
        },
    })
}

//! Catalogues and component lists: files in, components out.
//!
//! [`read`] tells the format from the content of the file, gzipped or not. To add a format: a file here with
//! a `read` function, a variant of [`Format`], and an arm in `detect` and in [`read`].

mod area;
mod bbs;
mod builder;
mod csv;
mod csv_columns;
mod csv_errors;
mod csv_table;
mod detect;
mod error;
mod fits;
mod fits_table;
mod format;
mod headings;
mod input;
mod light_curve;
mod member;
mod nvss_corrections;
mod nvsslist;
mod options;
mod polarization;
mod record;
pub mod regions;
mod resolve;
mod rows;
mod sqlite;
pub mod store;
mod strips;
mod summary;
mod survey;
mod tdat;
mod vizier_dat;
mod vl;
mod votable;
mod votable_binary;
mod vz;
mod xml;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use builder::Sink;
pub use error::CatalogError;
pub use format::{Format, UnknownFormat};
pub use light_curve::{LightCurveError, read_light_curve};
pub use member::{Member, MemberError, known_surveys, place_members};
pub use options::{FluxUnit, Handling, Near, ReadOptions, UnknownFluxUnit};
pub use record::{Details, Errors, Record};
pub use resolve::{NVSS_VARIABLE, resolve};
pub use store::cache::Cache;
pub use summary::Summary;

use crate::sky::Component;
use builder::Builder;
use input::Input;
use store::cache::{self, Look};

/// The frequency of NVSS [Hz], at which a survey's flux densities are taken if it does not say.
pub const NVSS_FREQUENCY: f64 = 1.4e9;

/// A catalogue, read.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// Its components, in the order of the file.
    pub components: Vec<Component>,
    /// Of each, whether its spectrum is an assumption ([`ReadOptions::alpha`], or flat) and not the catalogue's.
    pub assumed: Vec<bool>,
    /// Survey or model.
    pub kind: Kind,
    /// The format it was read as.
    pub format: Format,
    /// The file.
    pub path: PathBuf,
    /// SHA-256 of the file's bytes as stored (compressed, if it is), in lower-case hexadecimal.
    ///
    /// Of an SQLite database with a write-ahead log: of the database followed by the log. Of an imported
    /// catalogue: that of the file it was imported from; of several, that of their digests in order.
    pub digest: String,
    /// Rows looked at, those dropped or too far away included. An SQLite database only shows those near
    /// enough.
    pub rows_read: u64,
    /// What was assumed, and what was dropped, in plain words.
    pub notes: Vec<String>,
}

/// What a catalogue is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A large part of the sky, of which an observation sees a little.
    Survey,
    /// The components of one observation's sky.
    Model,
}

/// A catalogue whose format is known but whose rows are not read yet.
pub struct Source {
    place: Place,
    format: Format,
    survey: bool,
    name: Option<&'static str>,
    /// Whether its rows say of which survey each is.
    several: bool,
    /// How long its import into the cache took, if [`Source::prepare`] has made it.
    made: Mutex<Option<Duration>>,
}

/// Where the rows are.
enum Place {
    File(Input),
    /// A folder of declination strips, of which one is chosen when it is known what is near.
    Folder(PathBuf, Vec<(f64, PathBuf)>),
}

/// Opens a catalogue and tells its format, from its content unless `format` says it.
///
/// A folder is one of the DSA-110 pipeline's declination strips.
///
/// # Errors
/// If the file cannot be read, or its format is not understood or not the one given.
pub fn open(path: &Path, format: Option<Format>) -> Result<Source, CatalogError> {
    if path.is_dir() {
        let strips = strips::strips(path)?;
        if !strips.is_empty() {
            return match format {
                Some(asked) if asked != Format::Sqlite => Err(CatalogError::WrongFormat {
                    path: path.to_owned(),
                    asked,
                    found: "a folder of declination strips".into(),
                }),
                _ => Ok(Source {
                    place: Place::Folder(path.to_owned(), strips),
                    format: Format::Sqlite,
                    survey: true,
                    name: Some(survey::NVSS.name),
                    several: false,
                    made: Mutex::default(),
                }),
            };
        }
    }
    of_input(Input::open(path)?, format)
}

/// Opens a table of text, with the columns of a CSV file, that the caller holds in memory; `name` stands for its path.
///
/// # Errors
/// If its columns are not understood, or `format` is another one.
pub fn open_held(name: &Path, text: Arc<str>, format: Option<Format>) -> Result<Source, CatalogError> {
    of_input(Input::held(name, text), Some(format.unwrap_or(Format::Csv)))
}

fn of_input(input: Input, format: Option<Format>) -> Result<Source, CatalogError> {
    let found = detect::detect(&input, format)?;
    let mut name = found.surveys.one().map(|survey| survey.name);
    let mut several = matches!(found.surveys, survey::Surveys::Named);
    let survey = match found.format {
        Format::Store => {
            let (kind, surveys) = store::label(&input)?;
            several = surveys.len() > 1;
            name = surveys.iter().next().filter(|_| !several).and_then(|one| Some(survey::named(one)?.name));
            kind == Kind::Survey
        }
        _ => name.is_some() || found.format.is_survey(),
    };
    Ok(Source {
        place: Place::File(input),
        format: found.format,
        survey,
        name,
        several,
        made: Mutex::default(),
    })
}

impl Source {
    /// The format.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Survey or model: tables of text, FITS and VOTable are either, told by their columns and names.
    pub fn kind(&self) -> Kind {
        if self.survey { Kind::Survey } else { Kind::Model }
    }

    /// The survey, where its columns or what it calls itself tell.
    pub fn survey(&self) -> Option<&'static str> {
        self.name
    }

    /// Whether its rows are of several surveys, and say of which each is.
    pub fn has_several_surveys(&self) -> bool {
        self.several
    }

    /// The name of its file or folder.
    fn file_name(&self) -> String {
        let path = match &self.place {
            Place::File(input) => &input.path,
            Place::Folder(path, _) => path,
        };
        path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// Reads the rows: [`Source::read_with`] and the usual [`Handling`].
    ///
    /// # Errors
    /// Those of [`Source::read_with`].
    pub fn read(&self, options: &ReadOptions) -> Result<Catalog, CatalogError> {
        self.read_with(options, Handling::default())
    }

    /// Reads the rows.
    ///
    /// # Errors
    /// If the file cannot be read, `options` do not fit it, a row is malformed and fatal
    /// ([`Handling::strict`]), most rows are, or no strip of a folder is near.
    pub fn read_with(&self, options: &ReadOptions, handling: Handling) -> Result<Catalog, CatalogError> {
        self.read_into(options, handling, None)
    }

    /// Reads the rows with all that they say and hands them to `sink`, one after the other: nothing is kept.
    /// The catalogue returned is without components.
    ///
    /// # Errors
    /// Those of [`Source::read_with`], and the first of `sink`, which ends the reading.
    pub fn visit<'a>(
        &self,
        options: &ReadOptions,
        strict: bool,
        sink: &'a mut Sink<'a>,
    ) -> Result<Catalog, CatalogError> {
        self.read_into(options, Handling { polarization: false, strict }, Some(sink))
    }

    /// [`Source::read_with`] by way of the cache: what is near comes out of an import of the file, which is made
    /// now if there is none. Whatever is wrong with the cache, the file itself is read.
    ///
    /// # Errors
    /// Those of [`Source::read_with`].
    pub fn read_cached(
        &self,
        options: &ReadOptions,
        handling: Handling,
        cache: &Cache,
    ) -> Result<Catalog, CatalogError> {
        match cache.look(self, options, handling.strict) {
            Look::Unsuited => self.read_with(options, handling),
            Look::Failed(why) => {
                let mut catalog = self.read_with(options, handling)?;
                catalog.notes.push(why);
                Ok(catalog)
            }
            Look::Found(entry) => self.read_entry(&entry, options, handling, None).or_else(|error| {
                let mut catalog = self.read_with(options, handling)?;
                catalog.notes.push(entry.reject(&error));
                Ok(catalog)
            }),
        }
    }

    /// Makes the import that [`Source::read_cached`] would make with the same arguments, wherever the near is. What fails
    /// is told by that.
    pub fn prepare(&self, options: &ReadOptions, strict: bool, cache: &Cache) {
        if let Look::Found(entry) = cache.look(self, options, strict) {
            *self.made.lock().unwrap_or_else(PoisonError::into_inner) = entry.made;
        }
    }

    /// [`Source::visit`] by way of the cache, as [`Source::read_cached`].
    ///
    /// # Errors
    /// Those of [`Source::visit`].
    pub fn visit_cached<'a>(
        &self,
        options: &ReadOptions,
        strict: bool,
        cache: &Cache,
        sink: &'a mut Sink<'a>,
    ) -> Result<Catalog, CatalogError> {
        let entry = match cache.look(self, options, strict) {
            Look::Unsuited => return self.visit(options, strict, sink),
            Look::Failed(why) => {
                let mut catalog = self.visit(options, strict, sink)?;
                catalog.notes.push(why);
                return Ok(catalog);
            }
            Look::Found(entry) => entry,
        };
        let handling = Handling { polarization: false, strict };
        // Only when all are read is it known that the import is sound: then they are handed on.
        let mut records = Vec::new();
        let mut keep = |record: Record| {
            records.push(record);
            Ok(())
        };
        let read = self.read_entry(&entry, options, handling, Some(&mut keep));
        match read {
            Ok(catalog) => records.into_iter().try_for_each(sink).map(|()| catalog),
            Err(error) => {
                let mut catalog = self.visit(options, strict, sink)?;
                catalog.notes.push(entry.reject(&error));
                Ok(catalog)
            }
        }
    }

    /// Reads an import of the file in its stead.
    fn read_entry<'a>(
        &self,
        entry: &cache::Entry,
        options: &ReadOptions,
        handling: Handling,
        sink: Option<&'a mut Sink<'a>>,
    ) -> Result<Catalog, CatalogError> {
        let input = entry.input();
        options.check(self.path())?;
        let mut builder = Builder::new(&input.path, self.kind(), options, handling);
        if let Some(sink) = sink {
            builder = builder.into_sink(sink);
        }
        let digest = store::read(input, &cache::settled(options), &mut builder)?;
        let mut catalog = builder.finish(self.kind(), self.format, digest)?;
        catalog.path = self.path().to_owned();
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner).take();
        catalog.notes.push(entry.note(made));
        Ok(catalog)
    }

    /// The file or folder.
    pub fn path(&self) -> &Path {
        match &self.place {
            Place::File(input) => &input.path,
            Place::Folder(path, _) => path,
        }
    }

    fn read_into<'a>(
        &self,
        options: &ReadOptions,
        handling: Handling,
        sink: Option<&'a mut Sink<'a>>,
    ) -> Result<Catalog, CatalogError> {
        let strip;
        let input = match &self.place {
            Place::File(input) => input,
            Place::Folder(folder, strips) => {
                options.check(folder)?;
                let path = strips::nearest(folder, strips, options.near.as_ref())?;
                strip = Input::open(&path)?;
                detect::detect(&strip, Some(Format::Sqlite))?;
                &strip
            }
        };
        options.check(&input.path)?;
        let mut builder = Builder::new(&input.path, self.kind(), options, handling);
        if let Some(sink) = sink {
            builder = builder.into_sink(sink);
        }
        if let Place::Folder(..) = self.place {
            builder.note(format!("of the folder's declination strips, '{}' taken", input.path.display()));
        }
        let read = match self.format {
            Format::Vl => vl::read,
            Format::Vz => vz::read,
            Format::NvssDat => vizier_dat::read,
            Format::Tdat => tdat::read,
            Format::NvssList => nvsslist::read,
            Format::Sqlite => sqlite::read,
            Format::Store => store::read,
            Format::Bbs => bbs::read,
            Format::Votable => votable::read,
            Format::Fits => fits_table::read,
            Format::Csv => csv::read,
        };
        let digest = read(input, options, &mut builder)?;
        builder.finish(self.kind(), self.format, digest)
    }
}

/// Reads a catalogue: [`open`] and [`Source::read`] in one.
///
/// # Errors
/// If the file cannot be read, its format is not understood or not what `options` ask for, or a row is
/// malformed.
pub fn read(path: &Path, options: &ReadOptions) -> Result<Catalog, CatalogError> {
    open(path, options.format)?.read(options)
}

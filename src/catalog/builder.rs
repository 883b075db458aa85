//! What every reader does with its rows.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Catalog, CatalogError, Details, Format, Handling, Kind, ReadOptions, Record};
use crate::coords::Direction;
use crate::sky::{Component, Cones};

/// How many malformed rows are told one by one.
const TOLD: usize = 5;

/// Who takes the records of a catalogue, one after the other.
pub type Sink<'a> = dyn FnMut(Record) -> Result<(), CatalogError> + 'a;

/// A catalogue in the making.
pub(super) struct Builder<'a> {
    path: PathBuf,
    cones: Option<Cones>,
    components: Vec<Component>,
    assumed: Vec<bool>,
    notes: Vec<String>,
    rows: u64,
    without_flux: u64,
    far: u64,
    /// Whether polarisation is to be taken in.
    pub polarization: bool,
    /// Whether malformed rows are left out rather than fatal.
    lenient: bool,
    strict: bool,
    malformed: u64,
    /// The first malformed rows.
    told: Vec<CatalogError>,
    /// Where components go with all their details, instead of into a list.
    sink: Option<&'a mut Sink<'a>>,
    /// The survey that every record is of.
    survey: Option<Arc<str>>,
}

impl<'a> Builder<'a> {
    pub fn new(path: &Path, kind: Kind, options: &ReadOptions, handling: Handling) -> Self {
        Builder {
            // A survey loses nothing to speak of with a row; a list of components would be another sky.
            lenient: kind == Kind::Survey && !handling.strict,
            strict: handling.strict,
            polarization: handling.polarization,
            malformed: 0,
            told: Vec::new(),
            sink: None,
            survey: None,
            path: path.to_owned(),
            cones: options.near.as_ref().map(|near| Cones::new(&near.centres, near.radius)),
            components: Vec::new(),
            assumed: Vec::new(),
            notes: Vec::new(),
            rows: 0,
            without_flux: 0,
            far: 0,
        }
    }

    /// Hands every component with its details to `sink`; the catalogue itself stays empty.
    pub fn into_sink(mut self, sink: &'a mut Sink<'a>) -> Self {
        self.sink = Some(sink);
        self
    }

    /// Whether whatever is doubtful is an error.
    pub fn strict(&self) -> bool {
        self.strict
    }

    /// Whether details are wanted.
    pub fn detailed(&self) -> bool {
        self.sink.is_some()
    }

    /// What is near, where not everything is.
    pub fn cones(&self) -> Option<&Cones> {
        self.cones.as_ref()
    }

    /// Says which survey the rows are of.
    pub fn survey(&mut self, name: &str) {
        self.survey = Some(name.into());
    }

    /// Says something about what was assumed or left out.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Counts a row.
    pub fn row(&mut self) {
        self.rows += 1;
    }

    /// Counts rows that were not looked at, of which `far` are too far away.
    pub fn count(&mut self, rows: u64, far: u64) {
        self.rows += rows;
        self.far += far;
    }

    /// Drops a row that has no flux density.
    pub fn drop_without_flux(&mut self) {
        self.without_flux += 1;
    }

    /// Whether `position` is wanted; counts it if not. The position must be valid.
    pub fn wants(&mut self, position: Direction) -> bool {
        let near = self.cones.as_ref().is_none_or(|cones| cones.contain(position));
        self.far += u64::from(!near);
        near
    }

    /// Takes a component without a spectrum of its own from a line of a text or a row of a table, if it is sound;
    /// only an error asks for the line.
    pub fn push(&mut self, component: Component, line: impl FnOnce() -> u64) -> Result<(), CatalogError> {
        self.push_detailed(component, true, None, line)
    }

    /// Counts a row and takes its component, of a sky model, if it is wanted.
    pub fn take_model(&mut self, component: Component, assumed: bool, line: u64) -> Result<(), CatalogError> {
        self.take_detailed(component, assumed, None, line)
    }

    /// [`Builder::take_model`] with the details that [`Builder::push_model`] would not know.
    pub fn take_detailed(
        &mut self,
        component: Component,
        assumed: bool,
        details: Option<Box<Details>>,
        line: u64,
    ) -> Result<(), CatalogError> {
        self.row();
        if !self.wants(component.position) {
            return Ok(());
        }
        match details {
            None => self.push_model(component, assumed, || line),
            details => self.push_detailed(component, assumed, details, || line),
        }
    }

    /// [`Builder::push`] of a component of a sky model, whose spectrum is `assumed` or its own.
    pub fn push_model(
        &mut self,
        component: Component,
        assumed: bool,
        line: impl FnOnce() -> u64,
    ) -> Result<(), CatalogError> {
        let details = self.detailed().then(|| Box::new(Details::of_model(&component, !assumed)));
        self.push_detailed(component, assumed, details, line)
    }

    /// [`Builder::push`] of a component whose spectrum is `assumed` or its own, with what else the row says, which is asked
    /// for where [`Builder::detailed`].
    pub fn push_detailed(
        &mut self,
        component: Component,
        assumed: bool,
        details: Option<Box<Details>>,
        line: impl FnOnce() -> u64,
    ) -> Result<(), CatalogError> {
        match component.check() {
            Ok(()) => {
                let Some(sink) = self.sink.as_mut() else {
                    self.components.push(component);
                    self.assumed.push(assumed);
                    return Ok(());
                };
                let mut details = details.map_or_else(|| Details::of(&component), |details| *details);
                if details.survey.is_none() {
                    details.survey.clone_from(&self.survey);
                }
                sink(Record { component, details })
            }
            Err(error) => {
                let path = self.path.clone();
                let message = format!("{error}; mend or remove the row");
                self.malformed(|| CatalogError::Row { path, line: line(), message })
            }
        }
    }

    /// Counts a malformed row and goes on, or stops with `error`; only the first few are asked what is wrong.
    pub fn malformed(&mut self, error: impl FnOnce() -> CatalogError) -> Result<(), CatalogError> {
        if !self.lenient {
            return Err(error());
        }
        self.malformed += 1;
        if self.told.len() < TOLD {
            self.told.push(error());
        }
        Ok(())
    }

    /// The catalogue.
    ///
    /// # Errors
    /// If most of its rows are malformed, or none has a flux density: then it is something else.
    pub fn finish(mut self, kind: Kind, format: Format, digest: String) -> Result<Catalog, CatalogError> {
        if 2 * self.malformed > self.rows && !self.told.is_empty() {
            return Err(self.told.swap_remove(0));
        }
        if self.rows > 0 && self.without_flux == self.rows {
            return Err(CatalogError::Layout {
                path: self.path,
                message: format!(
                    "none of its {} row(s) has a flux density; look at the flux column",
                    self.rows
                ),
            });
        }
        if self.malformed > 0 {
            let told: Vec<String> = self.told.iter().map(CatalogError::brief).collect();
            let more = if self.malformed > told.len() as u64 { "; ..." } else { "" };
            self.notes.push(format!(
                "{} malformed rows left out ({}{more}); --strict makes them an error",
                self.malformed,
                told.join("; ")
            ));
        }
        if self.without_flux > 0 {
            self.notes.push(format!("{} rows without a flux density dropped", self.without_flux));
        }
        if self.far > 0 {
            self.notes.push(format!("{} rows too far away to matter left out", self.far));
        }
        Ok(Catalog {
            components: self.components,
            assumed: self.assumed,
            kind,
            format,
            path: self.path,
            digest,
            rows_read: self.rows,
            notes: self.notes,
        })
    }
}

//! One catalogue of a run: opened, read, taken apart by survey, shared by the runs of a batch.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::error::{PredictError, Result};
use super::job::Job;
use super::plan_cache::locked;
use super::report::MemberReport;
use crate::catalog::{self, Catalog, Format, Kind, Member, Near, ReadOptions, Record, Source};
use crate::sky::{Component, Cones, Instrument};

/// A catalogue of a run.
pub(super) struct Sky {
    source: Source,
    pub(super) instrument: Instrument,
    path: String,
    /// Whether it is the job's catalogue, for which the options of reading are meant.
    own: bool,
    /// Whether only those of the catalogue's rows are meant that are of this survey.
    pub(super) part: bool,
    pub(super) only_spectra: bool,
    /// What all runs of a batch see of it, once it is read.
    shared: Mutex<Option<Arc<Parts>>>,
}

/// The name of the only part of a catalogue that is not taken apart.
pub(super) const WHOLE: &str = "";

/// A catalogue, taken apart by survey where it has several that are to be merged.
pub(super) struct Parts {
    /// All but its components.
    catalogue: Catalog,
    /// Of each survey, the components, and of each of these whether its spectrum is an assumption.
    surveys: BTreeMap<String, (Vec<Component>, Vec<bool>)>,
}

impl Parts {
    fn whole(mut catalogue: Catalog) -> Parts {
        let list = (std::mem::take(&mut catalogue.components), std::mem::take(&mut catalogue.assumed));
        Parts { catalogue, surveys: BTreeMap::from([(WHOLE.to_owned(), list)]) }
    }

    /// The part of a survey, with what is known of the catalogue.
    pub(super) fn take(&mut self, survey: &str) -> Catalog {
        let (components, assumed) = self.surveys.remove(survey).unwrap_or_default();
        // Of a part, the rows are its own.
        let rows_read = if survey == WHOLE { self.catalogue.rows_read } else { components.len() as u64 };
        let notes = self.notes();
        Catalog { components, assumed, rows_read, notes, ..self.catalogue.clone() }
    }

    /// What was said on reading it, handed out once.
    pub(super) fn notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.catalogue.notes)
    }

    pub(super) fn rows_read(&self) -> u64 {
        self.catalogue.rows_read
    }

    /// The surveys and how many sources each has.
    pub(super) fn counts(&self) -> impl Iterator<Item = (&String, usize)> {
        self.surveys.iter().map(|(name, list)| (name, list.0.len()))
    }

    /// What lies near.
    fn near(&self, near: Option<&Near>) -> Parts {
        let cones = near.map(|near| Cones::new(&near.centres, near.radius));
        let within =
            |component: &Component| cones.as_ref().is_none_or(|cones| cones.contain(component.position));
        let pick = |(components, assumed): &(Vec<Component>, Vec<bool>)| {
            let kept = components.iter().zip(assumed).filter(|(component, _)| within(component));
            kept.map(|(component, assumed)| (component.clone(), *assumed)).unzip()
        };
        let surveys = self.surveys.iter().map(|(name, list)| (name.clone(), pick(list)));
        Parts { catalogue: self.catalogue.clone(), surveys: surveys.collect() }
    }
}

impl Sky {
    /// The job's catalogue, which nothing is merged with.
    pub(super) fn alone(job: &Job) -> Result<Sky> {
        let source = open_own(job)?;
        // Of an unknown resolution: only what lies within the match radius is the same.
        let unknown = || Instrument { name: "the catalogue".into(), frequency: None, beam: 0.0 };
        let instrument = source.instrument().unwrap_or_else(unknown);
        let path = job.catalogue.display().to_string();
        let shared = Mutex::default();
        Ok(Sky { source, instrument, path, own: true, part: false, only_spectra: false, shared })
    }

    /// One of several catalogues, if it is what it is called.
    pub(super) fn member_of(job: &Job, member: &Member, only_spectra: bool) -> Result<Sky> {
        let own = member.path.is_none();
        let path: &Path = member.path.as_deref().unwrap_or(&job.catalogue);
        let source = if own { open_own(job)? } else { catalog::open(path, None)? };
        match source.survey() {
            Some(told) if told != member.instrument.name => Err(PredictError::Options(format!(
                "{}: given as {}, but what it says of itself is {told}; name it so, or give another file",
                path.display(),
                member.called
            ))),
            _ => {
                let path = path.display().to_string();
                let part = own && source.has_several_surveys();
                let instrument = member.instrument.clone();
                Ok(Sky { source, instrument, path, own, part, only_spectra, shared: Mutex::default() })
            }
        }
    }

    /// Whether it is asked for what is near, not a file that must be read to its end.
    pub(super) fn is_database(&self) -> bool {
        matches!(self.source.format(), Format::Sqlite | Format::Store)
    }

    /// Survey or model.
    pub(super) fn kind(&self) -> Kind {
        self.source.kind()
    }

    /// Imports into the cache what [`Sky::fetch`] would import.
    pub(super) fn prepare(&self, job: &Job, near: Near) {
        let read = self.read_options(job, Some(near));
        self.source.prepare(&read, job.options.handling.strict, &job.options.cache);
    }

    /// What lies near; of a file, out of what lies near to any run of a batch `together`, which the first that asks reads.
    pub(super) fn fetch(
        &self,
        job: &Job,
        together: Option<&Option<Near>>,
        near: Option<&Near>,
    ) -> Result<Parts> {
        match together {
            // A MeasurementSet that could not be read before is not among them.
            Some(together) if !self.is_database() && covers(together.as_ref(), near) => {
                let mut shared = locked(&self.shared);
                let all = match shared.as_ref() {
                    Some(all) => Arc::clone(all),
                    None => Arc::clone(shared.insert(Arc::new(self.read(job, together.clone())?))),
                };
                drop(shared);
                Ok(all.near(near))
            }
            _ => self.read(job, near.cloned()),
        }
    }

    /// Reads what lies near.
    fn read(&self, job: &Job, near: Option<Near>) -> Result<Parts> {
        let read = self.read_options(job, near);
        let options = &job.options;
        if self.part {
            return self.read_parts(job, &read);
        }
        let mut catalogue = self.source.read_cached(&read, options.handling, &options.cache)?;
        if self.source.has_several_surveys() && options.merging.surveys.is_empty() {
            catalogue.notes.push(
                "it has sources of several surveys, taken as they stand: --merge keeps each source once"
                    .into(),
            );
        }
        Ok(Parts::whole(catalogue))
    }

    /// Tells the surveys apart.
    fn read_parts(&self, job: &Job, read: &ReadOptions) -> Result<Parts> {
        let options = &job.options;
        let mut surveys: BTreeMap<String, (Vec<Component>, Vec<bool>)> = BTreeMap::new();
        let mut take = |record: Record| {
            let name = record.details.survey.as_deref().unwrap_or_default().to_owned();
            let (components, assumed) = surveys.entry(name).or_default();
            let (component, assumption) = record.into_component(options.handling.polarization);
            components.push(component);
            assumed.push(assumption);
            Ok(())
        };
        let catalogue = self.source.visit_cached(read, options.handling.strict, &options.cache, &mut take)?;
        Ok(Parts { catalogue, surveys })
    }

    /// How it is read.
    fn read_options(&self, job: &Job, near: Option<Near>) -> ReadOptions {
        let given = &job.options.read;
        let mut read = if self.own {
            given.clone()
        } else {
            ReadOptions { alpha: given.alpha, ..ReadOptions::default() }
        };
        read.near = near;
        // A catalogue that does not say what it is was called by its survey's name, whose frequency it has.
        let merged = !job.options.merging.surveys.is_empty() || !self.own;
        if merged && self.source.survey().is_none() && !self.part {
            read.reference_frequency = read.reference_frequency.or(self.instrument.frequency);
        }
        read
    }

    pub(super) fn member(&self, catalogue: &Catalog) -> MemberReport {
        MemberReport {
            survey: self.instrument.name.clone(),
            path: self.path.clone(),
            format: catalogue.format.to_string(),
            digest: catalogue.digest.clone(),
            rows: catalogue.rows_read,
            only_spectra: self.only_spectra,
        }
    }
}

/// Opens the job's catalogue.
fn open_own(job: &Job) -> Result<Source> {
    let format = job.options.read.format;
    Ok(match &job.options.held {
        Some(text) => catalog::open_held(&job.catalogue, text.clone(), format)?,
        None => catalog::open(&job.catalogue, format)?,
    })
}

/// Whether what is near to some is near to all `together`.
fn covers(together: Option<&Near>, near: Option<&Near>) -> bool {
    match (together, near) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(all), Some(near)) => {
            near.radius <= all.radius && near.centres.iter().all(|centre| all.centres.contains(centre))
        }
    }
}

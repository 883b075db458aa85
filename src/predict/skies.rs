//! The catalogues of a run: opened, read, and made one sky.

use std::path::Path;

use super::error::{PredictError, Result};
use super::job::Job;
use super::report::{CatalogueReport, ChoiceReport, MemberReport};
use crate::catalog::{self, Catalog, Kind, Member, Near, ReadOptions, Source};
use crate::sky::{self, Component, IndexAccount, Instrument, Layer, RegionSet, SurveyAccount};

/// How much further than asked sources are read where surveys are compared [rad], so that what is at the edge meets
/// its counterparts: 10 arcmin, twice the largest reach of a source.
const MARGIN: f64 = 10.0 / 60.0 * std::f64::consts::PI / 180.0;

/// A catalogue of a run.
struct Sky {
    source: Source,
    instrument: Instrument,
    path: String,
    /// Whether it is the job's catalogue, for which the options of reading are meant.
    own: bool,
    only_spectra: bool,
}

/// What a run reads of the sky, known to be there and understood.
pub(super) struct Skies {
    /// The catalogue or the surveys to merge, then those that only serve spectra.
    skies: Vec<Sky>,
    merges: bool,
    only: Vec<RegionSet>,
    exclude: Vec<RegionSet>,
}

/// The regions of several areas.
fn regions(areas: &[catalog::regions::Area]) -> Result<Vec<RegionSet>> {
    Ok(areas.iter().map(catalog::regions::Area::regions).collect::<std::result::Result<_, _>>()?)
}

impl Skies {
    /// Opens the catalogues, and reads the region files.
    pub(super) fn open(job: &Job) -> Result<Skies> {
        let merging = &job.options.merging;
        let merges = !merging.surveys.is_empty();
        let mut skies = Vec::new();
        if !merges {
            let source = open_own(job)?;
            // Of an unknown resolution: only what lies within the match radius is the same.
            let unknown = || Instrument { name: "the catalogue".into(), frequency: None, beam: 0.0 };
            let instrument = source.instrument().unwrap_or_else(unknown);
            let path = job.catalogue.display().to_string();
            skies.push(Sky { source, instrument, path, own: true, only_spectra: false });
        }
        for member in &merging.surveys {
            skies.push(open_member(job, member, false)?);
        }
        for member in &merging.spectra_from {
            skies.push(open_member(job, member, true)?);
        }
        let choice = &job.options.choice;
        Ok(Skies { skies, merges, only: regions(&choice.only)?, exclude: regions(&choice.exclude)? })
    }

    /// Survey or model.
    pub(super) fn kind(&self) -> Kind {
        if self.merges {
            Kind::Survey
        } else {
            self.skies.first().map_or(Kind::Model, |sky| sky.source.kind())
        }
    }

    /// Reads what lies in `near` and makes it one sky; the report says all but what is chosen of it.
    pub(super) fn gather(&self, job: &Job, near: Option<Near>) -> Result<(Vec<Component>, CatalogueReport)> {
        let merging = &job.options.merging;
        let several = self.skies.len() > 1;
        let margin = if several { MARGIN } else { 0.0 };
        let near = near.map(|near| Near { radius: near.radius + margin, ..near });
        let mut report = CatalogueReport {
            match_radius_arcsec: merging.match_radius.to_degrees() * 3600.0,
            ..CatalogueReport::default()
        };
        let mut layers = Vec::with_capacity(self.skies.len());
        for sky in &self.skies {
            let catalogue = sky.read(job, near.clone())?;
            let name = &sky.instrument.name;
            let prefix = if several { format!("{name}: ") } else { String::new() };
            report.notes.extend(catalogue.notes.iter().map(|note| format!("{prefix}{note}")));
            report.rows += catalogue.rows_read;
            report.members.push(sky.member(&catalogue));
            let Catalog { components, assumed, .. } = catalogue;
            layers.push(Layer { instrument: sky.instrument.clone(), components, assumed });
        }
        let joined = |field: fn(&MemberReport) -> &String, by: &str| {
            let all: Vec<&str> = report.members.iter().map(|member| field(member).as_str()).collect();
            all.join(by)
        };
        report.path = joined(|member| &member.path, " + ");
        report.format = joined(|member| &member.format, " + ");
        report.digest = joined(|member| &member.digest, "+");
        if !several {
            report.members.clear();
            let components = layers.pop().map(|layer| layer.components).unwrap_or_default();
            return Ok((components, report));
        }
        let count = self.skies.iter().filter(|sky| !sky.only_spectra).count();
        let mut merged = sky::merge(&layers[..count], merging.match_radius);
        let indices = sky::fit_indices(&mut merged, &layers, merging.match_radius);
        if self.merges {
            report.notes.extend(merged.account.iter().map(merge_note));
            report.merged = merged.account;
        }
        report.notes.push(index_note(&indices, job.options.read.alpha));
        report.spectra = Some(indices);
        Ok((merged.components, report))
    }

    /// Takes out what lies outside the regions kept, or in those left out.
    pub(super) fn keep_places(&self, components: &mut Vec<Component>, choice: &mut ChoiceReport) {
        let only: Vec<_> = self.only.iter().map(RegionSet::tester).collect();
        let exclude: Vec<_> = self.exclude.iter().map(RegionSet::tester).collect();
        let read = components.len();
        components.retain(|c| only.is_empty() || only.iter().any(|within| within(c.position)));
        choice.outside_only = read - components.len();
        let read = components.len();
        components.retain(|c| !exclude.iter().any(|within| within(c.position)));
        choice.excluded = read - components.len();
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

/// Opens one of several catalogues, if it is what it is called.
fn open_member(job: &Job, member: &Member, only_spectra: bool) -> Result<Sky> {
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
            Ok(Sky { source, instrument: member.instrument.clone(), path, own, only_spectra })
        }
    }
}

impl Sky {
    /// Reads what lies near.
    fn read(&self, job: &Job, near: Option<Near>) -> Result<Catalog> {
        let given = &job.options.read;
        let mut read = if self.own {
            given.clone()
        } else {
            ReadOptions { alpha: given.alpha, ..ReadOptions::default() }
        };
        read.near = near;
        // A catalogue that does not say what it is was called by its survey's name, whose frequency it has.
        let merged = !job.options.merging.surveys.is_empty() || !self.own;
        if merged && self.source.survey().is_none() {
            read.reference_frequency = read.reference_frequency.or(self.instrument.frequency);
        }
        Ok(self.source.read_cached(&read, job.options.handling, &job.options.cache)?)
    }

    fn member(&self, catalogue: &Catalog) -> MemberReport {
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

/// A survey's part in the merged sky, in words.
fn merge_note(account: &SurveyAccount) -> String {
    let mut note = format!("merged: {} of {} sources of {}", account.kept, account.read, account.survey);
    let mut dropped = Vec::new();
    for (count, words) in [
        (account.matched, "the same as sources before them"),
        (account.blends, "blends of sources before them"),
        (account.parts, "parts of sources before them"),
    ] {
        if count > 0 {
            dropped.push(format!("{count} {words}"));
        }
    }
    if !dropped.is_empty() {
        note.push_str(&format!("; left out {}", dropped.join(", ")));
    }
    if account.lost_jy > 0.0 {
        note.push_str(&format!(", {:.4} Jy of which those before them lack", account.lost_jy));
    }
    if account.reduced > 0 {
        note.push_str(&format!(
            "; {} kept less the {:.4} Jy of sources before them within their beam",
            account.reduced, account.taken_off_jy
        ));
    }
    note
}

/// Where the spectral indices come from, in words.
fn index_note(account: &IndexAccount, alpha: f64) -> String {
    let median = account.median.map_or(String::new(), |median| format!(" (median {median:.2})"));
    let [low, high] = sky::LIMITS;
    format!(
        "spectral indices: {} fitted between {}{median}, {} of the catalogue's own; {alpha} assumed for {} without a \
         counterpart and {} beyond {low} to {high}",
        account.fitted,
        account.surveys.join(", "),
        account.own,
        account.unmatched,
        account.beyond_limits
    )
}

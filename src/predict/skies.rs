//! The catalogues of a run: opened, read, and made one sky.

use super::error::Result;
use super::images::OpenImages;
use super::job::{Job, Radius};
use super::one_sky::{Parts, Sky, WHOLE};
use super::plan::Content;
use super::report::{CatalogueReport, ChoiceReport, MemberReport};
use crate::catalog::{self, Catalog, Kind, Near};
use crate::sky::{self, Component, IndexAccount, Layer, RegionSet, SurveyAccount};

/// How much further than asked sources are read where surveys are compared [rad], so that what is at the edge meets
/// its counterparts: 10 arcmin, twice the largest reach of a source.
const MARGIN: f64 = 10.0 / 60.0 * std::f64::consts::PI / 180.0;

/// What a run reads of the sky, known to be there and understood.
pub(super) struct Skies {
    /// The catalogue or the surveys to merge, then those that only serve spectra.
    skies: Vec<Sky>,
    /// Images that are the sky instead, of each interval of time.
    images: Vec<OpenImages>,
    merges: bool,
    /// What the runs of a batch see together, where there are several: files are read once for all of them.
    together: Option<Option<Near>>,
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
        let images = match &job.options.images {
            Some(sky) => OpenImages::open(sky, &job.options)?,
            None => Vec::new(),
        };
        if !merges && job.options.images.is_none() {
            skies.push(Sky::alone(job)?);
        }
        for member in &merging.surveys {
            skies.push(Sky::member_of(job, member, false)?);
        }
        for member in &merging.spectra_from {
            skies.push(Sky::member_of(job, member, true)?);
        }
        let choice = &job.options.choice;
        Ok(Skies {
            skies,
            images,
            merges,
            together: None,
            only: regions(&choice.only)?,
            exclude: regions(&choice.exclude)?,
        })
    }

    /// The images that are the sky in this interval of time, if images are.
    pub(super) fn images(&self, interval: usize) -> Option<&OpenImages> {
        self.images.get(interval)
    }

    /// In how many intervals of time the sky is another one; 1 where it is the same at all times.
    pub(super) fn intervals(&self) -> usize {
        self.images.len().max(1)
    }

    /// Whether any catalogue is a file that must be read to its end, not a database that is asked for what is near.
    pub(super) fn reads_files(&self) -> bool {
        self.skies.iter().any(|sky| !sky.is_database())
    }

    /// Has files read once for several runs, which see no more than what is near, or everything.
    pub(super) fn share(&mut self, near: Option<Near>) {
        self.together = Some(near.map(|near| Near { radius: near.radius + self.margin(), ..near }));
    }

    /// How much further than asked sources are read [rad].
    fn margin(&self) -> f64 {
        if self.skies.len() > 1 { MARGIN } else { 0.0 }
    }

    /// Imports into the cache what [`Skies::gather`] would import: nothing of it depends on the MeasurementSet, and others
    /// should not wait for that meanwhile.
    pub(super) fn prepare(&self, job: &Job) {
        if job.options.dry_run || job.options.radius == Radius::All {
            return;
        }
        for sky in &self.skies {
            let near = Near { centres: Vec::new(), radius: 0.0 };
            sky.prepare(job, near);
        }
    }

    /// Survey or model.
    pub(super) fn kind(&self) -> Kind {
        if self.merges { Kind::Survey } else { self.skies.first().map_or(Kind::Model, |sky| sky.kind()) }
    }

    /// Reads what lies in `near` and makes it one sky, that of an interval of time where there are several; the report says all
    /// but what is chosen of it.
    pub(super) fn gather(
        &self,
        job: &Job,
        interval: usize,
        near: Option<Near>,
    ) -> Result<(Content, CatalogueReport)> {
        if let Some(images) = self.images(interval) {
            return images.gather(&job.catalogue);
        }
        let merging = &job.options.merging;
        let several = self.skies.len() > 1;
        let near = near.map(|near| Near { radius: near.radius + self.margin(), ..near });
        let mut report = CatalogueReport {
            match_radius_arcsec: merging.match_radius.to_degrees() * 3600.0,
            ..CatalogueReport::default()
        };
        let mut layers = Vec::with_capacity(self.skies.len());
        let mut parts: Option<Parts> = None;
        for sky in &self.skies {
            let name = &sky.instrument.name;
            let fetch = || sky.fetch(job, self.together.as_ref(), near.as_ref());
            let catalogue = if !sky.part {
                fetch()?.take(WHOLE)
            } else if let Some(parts) = &mut parts {
                parts.take(name)
            } else {
                let mut read = fetch()?;
                report.rows += read.rows_read();
                report.notes.extend(read.notes());
                report.notes.extend(self.note_others(&read));
                parts.insert(read).take(name)
            };
            let prefix = if several { format!("{name}: ") } else { String::new() };
            report.notes.extend(catalogue.notes.iter().map(|note| format!("{prefix}{note}")));
            report.rows += if sky.part { 0 } else { catalogue.rows_read };
            report.members.push(sky.member(&catalogue));
            let Catalog { components, assumed, .. } = catalogue;
            layers.push(Layer { instrument: sky.instrument.clone(), components, assumed });
        }
        let joined = |field: fn(&MemberReport) -> &String, by: &str| {
            let mut all: Vec<&str> = report.members.iter().map(|member| field(member).as_str()).collect();
            // The parts of one catalogue stand side by side.
            all.dedup();
            all.join(by)
        };
        report.path = joined(|member| &member.path, " + ");
        report.format = joined(|member| &member.format, " + ");
        report.digest = joined(|member| &member.digest, "+");
        if !several {
            report.members.clear();
            let components = layers.pop().map(|layer| layer.components).unwrap_or_default();
            return Ok((Content { components, raster: None }, report));
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
        Ok((Content { components: merged.components, raster: None }, report))
    }

    /// What of a catalogue of several surveys was not asked for, in words.
    fn note_others(&self, parts: &Parts) -> Option<String> {
        let asked = |name: &String| self.skies.iter().any(|sky| sky.part && sky.instrument.name == *name);
        let others: Vec<String> = parts
            .counts()
            .filter(|(name, _)| !asked(name))
            .map(|(name, count)| {
                let name = if name.is_empty() { "no survey that it names" } else { name };
                format!("{count} of {name}")
            })
            .collect();
        (!others.is_empty()).then(|| {
            format!("sources not merged, for their survey is not in the list: {}", others.join(", "))
        })
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

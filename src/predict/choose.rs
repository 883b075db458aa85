//! The sky of a run: what is taken of the catalogue.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::error::{PredictError, Result};
use super::job::{Added, Job, Radius};
use super::plan::Content;
use super::primary::Primary;
use super::report::{AddedReport, CatalogueReport, ChoiceReport};
use super::skies::Skies;
use crate::beam::Offset;
use crate::catalog::{Kind, Near};
use crate::coords::{Direction, Frame};
use crate::ms::Observation;
use crate::sky::{self, Component, Cones, Selection, Shape};

/// `x` where the Airy pattern (2 J1(x)/x)² is 0.2, the DSA-110 pipeline's limit of the primary beam.
const AIRY_FIFTH: f64 = 2.361_809_758_285_876;

/// The attenuation to which surveys are taken where nothing else is said.
const FIFTH: f64 = 0.2;

/// Where and through what the array looks.
pub(super) struct Sight<'a> {
    pub(super) observation: &'a Observation,
    pub(super) primary: &'a Primary,
    /// Where the antennas point: the field centres unless the user said otherwise.
    pub(super) directions: Vec<Direction>,
    /// The lowest and highest channel [Hz].
    pub(super) frequencies: [f64; 2],
}

/// Reads the catalogues, or the images of an interval of time, and chooses from them.
pub(super) fn choose_sky(
    job: &Job,
    skies: &Skies,
    interval: usize,
    sight: &Sight,
) -> Result<(Content, CatalogueReport)> {
    let options = &job.options;
    let radius = radius(job, skies.kind(), sight)?;
    let near = radius.map(|radius| Near { centres: sight.directions.clone(), radius });
    if let Some(images) = skies.images(interval) {
        images.check_frequencies(sight.frequencies)?;
    }
    let (Content { mut components, raster }, mut report) = skies.gather(job, interval, near)?;
    let middle = 0.5 * (sight.frequencies[0] + sight.frequencies[1]);
    if let Some(raster) = raster {
        // Nothing is chosen of these pixels: what would choose was seen to before they were read.
        report.selected = (0..4).map(|stokes| raster.points(stokes)).sum();
        report.flux_jy = raster.flux(middle);
        report.region = region(radius, sight, true);
        report.radius_deg = radius.map(f64::to_degrees);
        return Ok((Content { components, raster: Some(raster) }, report));
    }
    if let Some(images) = skies.images(interval) {
        let windows = sight.observation.spectral_windows.iter().zip(0..);
        let chosen = windows.filter(|(_, id)| options.spws.as_ref().is_none_or(|spws| spws.contains(id)));
        images.check_size(components.len(), chosen.map(|(window, _)| window.frequencies.len()).sum())?;
    }
    let choice = &mut report.choice;
    choice.outside_patches = keep_patches(job, &mut components)?;
    choice.added = options.choice.add.iter().map(|added| replace(job, &mut components, added)).collect();
    skies.keep_places(&mut components, choice);
    let mut chosen =
        sky::select(&components, &sight.directions, &Selection { radius, ..Selection::default() });
    let least = options.min_flux.unwrap_or(0.0);
    choice.below_min_flux = count_out(&mut chosen, |index| components[*index].stokes.i.abs() >= least);
    let chosen = seen(job, sight, &components, chosen, choice);
    let mut components = pick(components, &chosen);
    components.extend(options.choice.add.iter().flat_map(Added::components).cloned());
    report.notes.extend(told(job, &report.choice));
    report.selected = components.len();
    report.gaussians = components.iter().filter(|c| matches!(c.shape, Shape::Gaussian(_))).count();
    // Pixels have no flux density of their own but that at the frequencies of their images.
    let of_images = skies.images(interval).is_some();
    let flux = |c: &Component| if of_images { c.stokes_at(middle).i } else { c.stokes.i };
    // An empty sum is minus zero.
    report.flux_jy = components.iter().map(flux).sum::<f64>() + 0.0;
    report.region = region(radius, sight, of_images);
    report.radius_deg = radius.map(f64::to_degrees);
    Ok((Content { components, raster: None }, report))
}

/// Keeps what passes, and counts the rest.
fn count_out<T>(of: &mut Vec<T>, passes: impl FnMut(&T) -> bool) -> usize {
    let before = of.len();
    of.retain(passes);
    before - of.len()
}

/// Keeps the patches that are wanted, and counts the rest.
fn keep_patches(job: &Job, components: &mut Vec<Component>) -> Result<usize> {
    let wanted = &job.options.choice.patches;
    if wanted.is_empty() {
        return Ok(0);
    }
    let known: BTreeSet<Arc<str>> = components.iter().filter_map(|one| one.patch.clone()).collect();
    if let Some(missing) = wanted.iter().find(|name| !known.contains(name.as_str())) {
        let names: Vec<&str> = known.iter().take(20).map(|name| &**name).collect();
        return Err(PredictError::Options(format!(
            "--patches: {} has no patch '{missing}'{}",
            job.catalogue.display(),
            match names.len() {
                0 => ": it has none at all".to_owned(),
                20 => format!("; among the {} it has are {}", known.len(), names.join(", ")),
                _ => format!("; it has {}", names.join(", ")),
            }
        )));
    }
    let is_wanted =
        |one: &Component| one.patch.as_ref().is_some_and(|patch| wanted.iter().any(|name| **name == **patch));
    Ok(count_out(components, is_wanted))
}

/// Takes out what a source put in by hand stands for.
fn replace(job: &Job, components: &mut Vec<Component>, added: &Added) -> AddedReport {
    let whole = &added.whole;
    let circle = Cones::new(&[whole.position], job.options.merging.match_radius.max(added.extent()));
    let mut replaced_jy = 0.0;
    let replaced = count_out(components, |component| {
        let same = circle.contain(component.position);
        replaced_jy += if same { component.stokes.i } else { 0.0 };
        !same
    });
    let place = whole.position.to(Frame::J2000);
    let (ra_deg, dec_deg) = (place.longitude.to_degrees(), place.latitude.to_degrees());
    AddedReport { ra_deg, dec_deg, flux_jy: whole.stokes.i, parts: added.parts.len(), replaced, replaced_jy }
}

/// What was put in and taken out, in words.
fn told(job: &Job, choice: &ChoiceReport) -> Vec<String> {
    let options = &job.options;
    let mut notes: Vec<String> = Vec::new();
    for added in &choice.added {
        let place = Direction::from_degrees(Frame::J2000, added.ra_deg, added.dec_deg);
        let instead = match added.replaced {
            0 => "no other source there".into(),
            n => format!("in place of {n} source(s) of {:.4} Jy there", added.replaced_jy),
        };
        let pixels = if added.parts > 0 { format!(" as {} pixels", added.parts) } else { String::new() };
        notes.push(format!("{:.4} Jy put in by hand at {place}{pixels}: {instead}", added.flux_jy));
    }
    let mut out = |asked: bool, count: usize, words: &str| {
        if asked {
            notes.push(format!("{count} sources {words} left out"));
        }
    };
    out(!options.choice.patches.is_empty(), choice.outside_patches, "of other patches than --patches");
    out(!options.choice.only.is_empty(), choice.outside_only, "outside --only");
    out(!options.choice.exclude.is_empty(), choice.excluded, "in --exclude");
    out(options.min_flux.is_some(), choice.below_min_flux, "below --min-flux");
    out(options.beam_limit.is_some(), choice.below_beam_limit, "below --beam-limit");
    out(options.min_apparent.is_some(), choice.below_min_apparent, "below --min-apparent");
    out(options.max_sources.is_some(), choice.beyond_top, "fainter than the brightest asked for");
    notes
}

/// How far from the directions sources are taken [rad]; `None` for all.
pub(super) fn radius(job: &Job, kind: Kind, sight: &Sight) -> Result<Option<f64>> {
    let lowest = sight.frequencies[0];
    let limit = job.options.beam_limit;
    Ok(match (job.options.radius, kind) {
        (Radius::Within(radius), _) => Some(radius),
        (Radius::All, _) => None,
        (Radius::Auto, _) if !sight.primary.is_none() && (limit.is_some() || kind == Kind::Survey) => {
            Some(sight.primary.limit_radius(lowest, limit.unwrap_or(FIFTH)))
        }
        (Radius::Auto, Kind::Model) => None,
        (Radius::Auto, Kind::Survey) => {
            let dish = sight.observation.smallest_dish().ok_or_else(|| {
                PredictError::Options(format!(
                    "{}: ANTENNA does not tell the dishes' diameter, so the beam is unknown; say with --radius how \
                     far from the field centres to take sources of {}",
                    job.ms.display(),
                    job.catalogue.display()
                ))
            })?;
            Some(beam_radius(dish, lowest))
        }
    })
}

/// Of the chosen, those that the beam lets through, the apparently brightest where only so many are wanted.
///
/// Without a beam the brightest are those of the largest flux density as the catalogue has it, or at the middle of the
/// band where surveys of several frequencies are merged.
fn seen(
    job: &Job,
    sight: &Sight,
    components: &[Component],
    chosen: Vec<usize>,
    choice: &mut ChoiceReport,
) -> Vec<usize> {
    let options = &job.options;
    let through_beam = !sight.primary.is_none();
    if !through_beam && options.max_sources.is_none() {
        return chosen;
    }
    let middle = 0.5 * (sight.frequencies[0] + sight.frequencies[1]);
    let as_listed = !through_beam && options.merging.surveys.is_empty();
    let mut seen: Vec<(usize, f64, f64)> = chosen
        .into_iter()
        .map(|index| {
            let component = &components[index];
            let flux = if as_listed { component.stokes.i } else { component.stokes_at(middle).i };
            let factors = sight.directions.iter().filter(|_| through_beam).map(|direction| {
                sight.primary.attenuation(Offset::of(component.position, *direction), middle)
            });
            let factor = factors.reduce(f64::max).unwrap_or(1.0);
            (index, factor, factor * flux.abs())
        })
        .collect();
    if let Some(limit) = options.beam_limit {
        choice.below_beam_limit = count_out(&mut seen, |(_, factor, _)| *factor >= limit);
    }
    if let Some(least) = options.min_apparent {
        choice.below_min_apparent = count_out(&mut seen, |(_, _, apparent)| *apparent >= least);
    }
    if let Some(most) = options.max_sources {
        choice.beyond_top = seen.len().saturating_sub(most);
        seen.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.0.cmp(&b.0)));
        seen.truncate(most);
        seen.sort_unstable_by_key(|(index, ..)| *index);
    }
    seen.into_iter().map(|(index, ..)| index).collect()
}

/// The components of the ascending indices `chosen`.
fn pick(components: Vec<Component>, chosen: &[usize]) -> Vec<Component> {
    let mut wanted = vec![false; components.len()];
    chosen.iter().for_each(|index| wanted[*index] = true);
    components.into_iter().zip(wanted).filter_map(|(component, wanted)| wanted.then_some(component)).collect()
}

/// Where was looked, in words.
fn region(radius: Option<f64>, sight: &Sight, images: bool) -> String {
    match (radius, sight.directions.len()) {
        (None, _) if images => "in the whole image".into(),
        (None, _) => "in the whole catalogue".into(),
        (Some(radius), 1) => format!("within {:.3}° of the field centre", radius.to_degrees()),
        (Some(radius), n) => format!("within {:.3}° of {n} field centres", radius.to_degrees()),
    }
}

/// Where the Airy beam of a dish [m] falls to a fifth at `frequency` [Hz], in [rad]; at most 90°.
fn beam_radius(dish: f64, frequency: f64) -> f64 {
    let sine = AIRY_FIFTH * kernels::SPEED_OF_LIGHT / frequency / (std::f64::consts::PI * dish);
    sine.min(1.0).asin()
}

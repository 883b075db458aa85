//! The sky of a run: what is taken of the catalogue.

use super::error::{PredictError, Result};
use super::job::{Job, Radius};
use super::primary::Primary;
use super::report::CatalogueReport;
use crate::beam::Offset;
use crate::catalog::{Catalog, Kind, Near, Source};
use crate::coords::Direction;
use crate::ms::Observation;
use crate::sky::{self, Component, Selection, Shape};

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

/// Reads the catalogue and chooses from it.
pub(super) fn choose_sky(
    job: &Job,
    source: &Source,
    sight: &Sight,
) -> Result<(Vec<Component>, CatalogueReport)> {
    let options = &job.options;
    let radius = radius(job, source.kind(), sight)?;
    let mut read = options.read.clone();
    read.near = radius.map(|radius| Near { centres: sight.directions.clone(), radius });
    let Catalog { components, format, digest, rows_read, notes, .. } =
        source.read_cached(&read, options.handling, &options.cache)?;
    // The brightest are the brightest through the beam; without one, the selection sees to it.
    let through_beam = !sight.primary.is_none();
    let most = options.max_sources.filter(|_| !through_beam);
    let selection = Selection { radius, min_flux: options.min_flux, max_components: most };
    let mut chosen = sky::select(&components, &sight.directions, &selection);
    if through_beam {
        chosen = seen(job, sight, &components, chosen);
    }
    let components = pick(components, &chosen);
    let region = region(radius, sight);
    let report = CatalogueReport {
        path: job.catalogue.display().to_string(),
        format: format.to_string(),
        digest,
        rows: rows_read,
        notes,
        selected: components.len(),
        gaussians: components.iter().filter(|c| matches!(c.shape, Shape::Gaussian(_))).count(),
        // An empty sum is minus zero.
        flux_jy: components.iter().map(|c| c.stokes.i).sum::<f64>() + 0.0,
        region,
        radius_deg: radius.map(f64::to_degrees),
    };
    Ok((components, report))
}

/// How far from the directions sources are taken [rad]; `None` for all.
fn radius(job: &Job, kind: Kind, sight: &Sight) -> Result<Option<f64>> {
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
fn seen(job: &Job, sight: &Sight, components: &[Component], chosen: Vec<usize>) -> Vec<usize> {
    let options = &job.options;
    let middle = 0.5 * (sight.frequencies[0] + sight.frequencies[1]);
    let mut seen: Vec<(usize, f64)> = chosen
        .into_iter()
        .map(|index| {
            let position = components[index].position;
            let factors = sight
                .directions
                .iter()
                .map(|direction| sight.primary.attenuation(Offset::of(position, *direction), middle));
            (index, factors.fold(0.0, f64::max))
        })
        .filter(|(_, factor)| options.beam_limit.is_none_or(|limit| *factor >= limit))
        .map(|(index, factor)| (index, factor * components[index].stokes_at(middle).i.abs()))
        .filter(|(_, apparent)| options.min_apparent.is_none_or(|least| *apparent >= least))
        .collect();
    if let Some(most) = options.max_sources {
        seen.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        seen.truncate(most);
        seen.sort_unstable_by_key(|(index, _)| *index);
    }
    seen.into_iter().map(|(index, _)| index).collect()
}

/// The components of the ascending indices `chosen`.
fn pick(components: Vec<Component>, chosen: &[usize]) -> Vec<Component> {
    let mut wanted = vec![false; components.len()];
    chosen.iter().for_each(|index| wanted[*index] = true);
    components.into_iter().zip(wanted).filter_map(|(component, wanted)| wanted.then_some(component)).collect()
}

/// Where was looked, in words.
fn region(radius: Option<f64>, sight: &Sight) -> String {
    match (radius, sight.directions.len()) {
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

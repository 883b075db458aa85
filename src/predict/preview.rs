//! What a prediction would be made of, without making it: for pictures, masks and lists.

use casacore::{Access, Table};

use super::choose::{Sight, choose_sky};
use super::error::{PredictError, Result};
use super::job::{Job, Options};
use super::pipeline::RowSelection;
use super::plan::Content;
use super::primary::{PointingOption, Primary};
use super::report::CatalogueReport;
use super::scope::{centres, frequency_range, select_rows};
use super::skies::Skies;
use crate::beam::Offset;
use crate::coords::Direction;
use crate::ms::{self, Observation, RowSurvey};
use crate::sky::Component;

/// The ratio of frequencies from which on spectra matter more than flux densities.
const FAR: f64 = 2.0;

/// Where and through what an observation looks.
pub(super) struct Outlook {
    pub(super) primary: Primary,
    /// The phase centres with a time of each [s, MJD].
    pub(super) centres: Vec<(f64, Direction)>,
    /// Where the antennas look at those times.
    pub(super) directions: Vec<Direction>,
    /// The lowest and highest channel [Hz].
    pub(super) frequencies: [f64; 2],
}

impl Outlook {
    /// The beam and pointings that the options mean for the rows selected.
    pub(super) fn new(
        table: &Table,
        observation: &Observation,
        survey: &RowSurvey,
        selection: &RowSelection,
        options: &Options,
    ) -> Result<Outlook> {
        let moving_beam = !matches!(options.pointing, PointingOption::Field);
        let centres = centres(observation, survey, &selection.used, moving_beam)?;
        let (time, first) = centres[0];
        let primary = Primary::new(table, observation, &options.beam, options.pointing, first, time)?;
        let directions = centres
            .iter()
            .map(|(time, centre)| primary.pointing(*time, *centre))
            .collect::<Result<Vec<_>>>()?;
        Ok(Outlook { primary, centres, directions, frequencies: frequency_range(observation, selection) })
    }

    /// What of the sky and the beam a prediction should not rest on unsaid.
    pub(super) fn doubts(&self, components: &[Component]) -> Vec<String> {
        let mut doubts = Vec::new();
        let [low, high] = self.frequencies;
        let far = |component: &&Component| {
            component.spectrum.reference().is_some_and(|hz| hz * FAR < low || hz > high * FAR)
        };
        let count = components.iter().filter(far).count();
        if let Some(one) = components.iter().find(far) {
            let hz = one.spectrum.reference().unwrap_or_default();
            let ratio = if hz < low { low / hz } else { hz / high };
            doubts.push(format!(
                "{count} of {} sources have flux densities at other frequencies than {:.0}–{:.0} MHz, as {:.1} MHz: over a \
                 factor of {ratio:.1} in frequency a spectral index wrong by 0.1 changes a flux density by {:.0} %",
                components.len(),
                low / 1e6,
                high / 1e6,
                hz / 1e6,
                100.0 * (ratio.powf(0.1) - 1.0)
            ));
        }
        if self.primary.is_none() {
            return doubts;
        }
        let half = self.primary.limit_radius(high, 0.5);
        let spread = self.centres.iter().map(|(time, _)| self.primary.spread(*time)).fold(0.0, f64::max);
        if spread > 0.1 * half {
            doubts.push(format!(
                "antennas look up to {:.3}° from the mean of all, which is taken for each: the beam's half power is at {:.3}°",
                spread.to_degrees(),
                half.to_degrees()
            ));
        }
        let off = self.centres.iter().zip(&self.directions).map(|((_, centre), at)| centre.separation(*at));
        let off = off.fold(0.0, f64::max);
        if off > half {
            doubts.push(format!(
                "the antennas look up to {:.3}° away from the phase centre, beyond the beam's half power at {:.3}°",
                off.to_degrees(),
                half.to_degrees()
            ));
        }
        doubts
    }

    /// The same for the choice of sources.
    pub(super) fn sight<'a>(&'a self, observation: &'a Observation) -> Sight<'a> {
        Sight {
            observation,
            primary: &self.primary,
            directions: self.directions.clone(),
            frequencies: self.frequencies,
        }
    }
}

/// The sky that a job would predict, and how the array sees it.
pub struct Preview {
    /// The observation.
    pub observation: Observation,
    /// Its rows.
    pub survey: RowSurvey,
    /// The components that would be predicted.
    pub components: Vec<Component>,
    /// The catalogue and what was taken from it.
    pub catalogue: CatalogueReport,
    /// The beam, in words.
    pub beam: String,
    /// The lowest and highest channel [Hz].
    pub frequencies: [f64; 2],
    /// The phase centres in the order of time, at least one.
    pub centres: Vec<Direction>,
    /// Where the antennas look, in the same order.
    pub pointings: Vec<Direction>,
    /// What was odd.
    pub warnings: Vec<String>,
    /// The longest baseline of the rows [m].
    pub longest: f64,
    primary: Primary,
}

/// Reads the observation and chooses the sky that `job` would predict. Nothing is locked or written.
///
/// # Errors
/// As [`super::run`], as far as the MeasurementSet, the catalogue and the options go.
pub fn preview(job: &Job) -> Result<Preview> {
    let skies = Skies::open(job)?;
    if skies.intervals() > 1 {
        return Err(PredictError::Options(
            "the images are of several intervals of time: give those of one".into(),
        ));
    }
    let table = ms::open(&job.ms, Access::ReadOnly)?;
    let observation = Observation::read(&table)?;
    let survey = RowSurvey::read(&table)?;
    let selection = select_rows(&observation, &survey, &job.options)?;
    let outlook = Outlook::new(&table, &observation, &survey, &selection, &job.options)?;
    let (Content { components, raster }, catalogue) =
        choose_sky(job, &skies, 0, &outlook.sight(&observation))?;
    if let Some(raster) = raster {
        return Err(PredictError::Options(format!(
            "{} pixels of the images are other than zero, too many to be shown one by one: look at the images themselves",
            raster.pixels
        )));
    }
    if components.is_empty() && job.options.require_sources {
        return Err(PredictError::NoSources { catalogue: job.catalogue.clone(), region: catalogue.region });
    }
    let mut order: Vec<usize> = (0..outlook.centres.len()).collect();
    order.sort_by(|a, b| outlook.centres[*a].0.total_cmp(&outlook.centres[*b].0));
    let mut looks: Vec<(Direction, Direction)> =
        order.into_iter().map(|index| (outlook.centres[index].1, outlook.directions[index])).collect();
    looks.dedup();
    let (centres, pointings) = looks.into_iter().unzip();
    let usages = selection.used.iter().filter_map(|pair| survey.used.get(pair));
    Ok(Preview {
        longest: usages.map(|usage| usage.longest).fold(0.0, f64::max),
        warnings: observation.warnings.iter().cloned().chain(outlook.doubts(&components)).collect(),
        centres,
        pointings,
        beam: outlook.primary.description.clone(),
        frequencies: outlook.frequencies,
        primary: outlook.primary,
        observation,
        survey,
        components,
        catalogue,
    })
}

impl Preview {
    /// The middle of the band [Hz].
    pub fn middle_frequency(&self) -> f64 {
        0.5 * (self.frequencies[0] + self.frequencies[1])
    }

    /// Whether a beam is applied.
    pub fn has_beam(&self) -> bool {
        !self.primary.is_none()
    }

    /// The largest power with which any antenna sees what lies at `offset` from where it looks.
    pub fn power(&self, offset: Offset, frequency: f64) -> f64 {
        self.primary.attenuation(offset, frequency)
    }

    /// The angle [rad] beyond which no antenna sees more than `level`.
    pub fn beam_reach(&self, frequency: f64, level: f64) -> f64 {
        self.primary.limit_radius(frequency, level)
    }

    /// A component's flux density, Stokes I, at `frequency` [Hz], as the pointing that sees it best sees it [Jy].
    pub fn apparent(&self, component: &Component, frequency: f64) -> f64 {
        let intrinsic = component.stokes_at(frequency).i;
        if !self.has_beam() {
            return intrinsic;
        }
        let powers = self
            .pointings
            .iter()
            .map(|pointing| self.power(Offset::of(component.position, *pointing), frequency));
        intrinsic * powers.fold(0.0, f64::max)
    }
}

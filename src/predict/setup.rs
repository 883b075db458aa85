//! What the rows of one DATA_DESC_ID have in common: channels, correlations, spectra and the engine.

use std::collections::BTreeSet;

use kernels::{KernelError, Mix, Plane, Source};
use rayon::prelude::*;

use super::chain::Receptors;
use super::engine::{Content, EngineChoice, Kernel, Load};
use super::jones::Basis;
use super::smear::Rule;
use super::transform::Transform;
use crate::image::sky::Raster;
use crate::ms::RowSurvey;
use crate::sky::{Component, Stokes};

/// The components that feel one Stokes parameter.
pub(super) struct Members {
    pub(super) stokes: usize,
    pub(super) components: Vec<usize>,
}

/// The channels and correlations of one DATA_DESC_ID, or of several that go together, with the spectra of the sky at its channels.
pub(super) struct Setup {
    pub(super) spectral_windows: Vec<i32>,
    pub(super) frequencies: Vec<f64>,
    /// The channels' widths [Hz] and the average over them.
    pub(super) widths: Vec<f64>,
    pub(super) channel: Rule,
    pub(super) mix: Mix,
    /// casacore's codes of the correlations.
    pub(super) correlations: Vec<i32>,
    /// How the receptors feel, where rows make their correlations of Stokes parameters, which the mix leaves then.
    pub(super) basis: Option<Basis>,
    pub(super) planes: Vec<Members>,
    /// Flux densities of each plane, shape (component, channel) [Jy], before the beam; empty where there is none.
    pub(super) spectra: Vec<Vec<f32>>,
    /// The kernels that all others are like, one for each node of the average over channels, with its weight: without a
    /// beam they share its spectra, with one its engine and what depends on the channels.
    pub(super) base: Vec<(f32, Kernel)>,
    /// The engine of the base in words.
    pub(super) engine: String,
    /// What sums the sources in place of the base, where that costs less.
    pub(super) transform: Option<Box<Transform>>,
}

impl Setup {
    /// The base kernels of these sources and spectra, by plane.
    pub(super) fn set_base(
        &mut self,
        engine: &EngineChoice,
        sources: &[Vec<Source>],
        spectra: &[Vec<f32>],
        load: Load,
    ) -> Result<(), KernelError> {
        let mut words = None;
        let base = self.each_node(sources, spectra, |_, content| {
            let (kernel, other) = engine.kernel(content, load)?;
            words.get_or_insert_with(|| kernel.describe(engine, other));
            Ok(kernel)
        })?;
        self.base = base;
        self.engine = words.unwrap_or_default();
        Ok(())
    }

    /// Kernels like the base with other sources and spectra, by plane.
    pub(super) fn kernels(
        &self,
        sources: &[Vec<Source>],
        spectra: &[Vec<f32>],
    ) -> Result<Vec<(f32, Kernel)>, KernelError> {
        self.each_node(sources, spectra, |node, content| match self.base.get(node) {
            Some((_, base)) => base.with_spectra(content),
            None => Err(KernelError::Empty { what: "kernels" }),
        })
    }

    /// A kernel for each node of the average over channels, with its weight.
    fn each_node(
        &self,
        sources: &[Vec<Source>],
        spectra: &[Vec<f32>],
        mut make: impl FnMut(usize, Content) -> Result<Kernel, KernelError>,
    ) -> Result<Vec<(f32, Kernel)>, KernelError> {
        let planes: Vec<Plane> = self
            .planes
            .iter()
            .zip(sources.iter().zip(spectra))
            .map(|(plane, (sources, spectra))| Plane { stokes: plane.stokes, sources, spectra })
            .collect();
        let node = |(node, (x, weight)): (usize, &(f64, f64))| {
            let places = self.frequencies.iter().zip(&self.widths).map(|(centre, width)| centre + x * width);
            let channels: Vec<f64> = places.collect();
            let content = Content { channels: &channels, planes: &planes, mix: &self.mix };
            Ok((*weight as f32, make(node, content)?))
        };
        self.channel.nodes().iter().enumerate().map(node).collect()
    }

    /// What a chain must know of it; none where rows do not go through one.
    pub(super) fn receptors(&self) -> Option<Receptors<'_>> {
        let Setup { frequencies, correlations, .. } = self;
        let (basis, window) = (self.basis?, *self.spectral_windows.first()?);
        Some(Receptors { window, frequencies, correlations, basis })
    }

    /// Spectra through a beam: each of a component's times its factors, shape (component, channel).
    pub(super) fn through(&self, factors: &[f64]) -> Vec<Vec<f32>> {
        let channels = self.frequencies.len().max(1);
        let through = |(plane, spectra): (&Members, &Vec<f32>)| -> Vec<f32> {
            let mut seen = vec![0.0f32; spectra.len()];
            let parts = seen.chunks_exact_mut(channels).zip(spectra.chunks_exact(channels));
            for ((seen, spectrum), index) in parts.zip(&plane.components) {
                let factors = &factors[index * channels..(index + 1) * channels];
                for ((seen, flux), factor) in seen.iter_mut().zip(spectrum).zip(factors) {
                    *seen = (f64::from(*flux) * factor) as f32;
                }
            }
            seen
        };
        self.planes.iter().zip(&self.spectra).map(through).collect()
    }

    /// The sources of each plane out of those of all components.
    pub(super) fn sources(&self, all: &[Source]) -> Vec<Vec<Source>> {
        let pick = |plane: &Members| plane.components.iter().map(|index| all[*index].clone()).collect();
        self.planes.iter().map(pick).collect()
    }
}

/// The rows of a set-up and how many views of the sky they have: one without a beam, else one for each field, or for
/// each integration of it where the beam moves, and each pair of kinds of antennas.
pub(super) fn load(
    survey: &RowSurvey,
    used: &BTreeSet<(i32, i32)>,
    data_desc: i32,
    beam: Option<(bool, usize)>,
) -> Load {
    /// Integrations of a field, without counting them.
    const INTEGRATIONS: u64 = 10;
    let of_setup = used.iter().filter(|pair| pair.1 == data_desc).filter_map(|pair| survey.used.get(pair));
    let (mut rows, mut fields) = (0, 0);
    for usage in of_setup {
        rows += usage.rows;
        fields += 1;
    }
    let views = match beam {
        None => 1,
        Some((moves, kinds)) => {
            fields * if moves { INTEGRATIONS } else { 1 } * (kinds * (kinds + 1) / 2).max(1) as u64
        }
    };
    Load { rows, views: views.max(1) }
}

/// Which components go into which plane: those that have the Stokes parameter, where a correlation feels it.
pub(super) fn members(components: &[Component], needed: [bool; 4]) -> Vec<Members> {
    (0..4)
        .filter(|stokes| needed[*stokes])
        .map(|stokes| Members {
            stokes,
            components: (0..components.len()).filter(|index| components[*index].has(stokes)).collect(),
        })
        .filter(|plane| !plane.components.is_empty())
        .collect()
}

/// The planes of images, which have no components.
pub(super) fn members_of(raster: &Raster, needed: [bool; 4]) -> Vec<Members> {
    (0..4)
        .filter(|stokes| needed[*stokes] && raster.points(*stokes) > 0)
        .map(|stokes| Members { stokes, components: Vec::new() })
        .collect()
}

/// Flux densities [Jy] of a plane's components, shape (component, channel).
pub(super) fn spectra(components: &[Component], plane: &Members, frequencies: &[f64]) -> Vec<f32> {
    let mut spectra = vec![0.0f32; plane.components.len() * frequencies.len()];
    spectra.par_chunks_mut(frequencies.len().max(1)).zip(&plane.components).for_each_init(
        || vec![0.0; frequencies.len()],
        |flux, (spectrum, index)| {
            components[*index].evaluate(plane.stokes, frequencies, flux);
            spectrum.iter_mut().zip(flux).for_each(|(value, flux)| *value = *flux as f32);
        },
    );
    spectra
}

pub(super) fn four(stokes: Stokes) -> [f64; 4] {
    [stokes.i, stokes.q, stokes.u, stokes.v]
}

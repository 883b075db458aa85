//! Sources of several components, as MWA's lists have them, on their way into a catalogue.

use std::sync::Arc;

use super::line::Line;
use crate::catalog::builder::Builder;
use crate::catalog::{CatalogError, ReadOptions};
use crate::coords::Direction;
use crate::sky::{Component, Interpolation, Shape, Spectrum, Stokes, Table};

/// The spectrum of a component.
#[derive(Clone, Debug, Default)]
pub(super) enum Flux {
    /// None has been met yet.
    #[default]
    None,
    /// Flux densities [Jy] at frequencies [Hz].
    List(Vec<(f64, Stokes)>),
    /// A flux density [Jy] and how it goes with frequency.
    Law(Stokes, Spectrum),
}

/// A component being read.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub position: Direction,
    pub shape: Shape,
    pub flux: Flux,
    /// Where it began.
    pub line: u64,
}

impl Part {
    pub fn new(position: Direction, line: u64) -> Self {
        Part { position, shape: Shape::Point, flux: Flux::None, line }
    }

    /// Adds a flux density at a frequency [Hz].
    pub fn measured(&mut self, line: Line, frequency: f64, stokes: Stokes) -> Result<(), CatalogError> {
        match &mut self.flux {
            Flux::None => self.flux = Flux::List(vec![(frequency, stokes)]),
            Flux::List(list) => list.push((frequency, stokes)),
            Flux::Law(..) => {
                return Err(line.wrong("a component has either flux densities at frequencies or a power law"));
            }
        }
        Ok(())
    }
}

/// What is said in the end.
#[derive(Default)]
pub(super) struct Assumed {
    alone: u64,
}

impl Assumed {
    /// Says what was assumed.
    pub fn note(self, options: &ReadOptions, builder: &mut Builder) {
        if self.alone > 0 && !builder.detailed() {
            builder.note(format!(
                "{} components with a flux density at one frequency only given the spectral index {} (hyperdrive takes -0.8: --alpha)",
                self.alone, options.alpha
            ));
        }
    }
}

/// Hands the components of a source on; several share its name, and are a patch of that name.
pub(super) fn push(
    line: Line,
    name: &str,
    cluster: Option<&str>,
    parts: Vec<Part>,
    options: &ReadOptions,
    builder: &mut Builder,
    assumed: &mut Assumed,
) -> Result<(), CatalogError> {
    let patch: Option<Arc<str>> = match cluster {
        Some(cluster) => Some(cluster.into()),
        None => (parts.len() > 1).then(|| name.into()),
    };
    for part in parts {
        let at = Line { number: part.line, ..line };
        builder.row();
        if !part.position.is_valid() {
            return Err(at.wrong(format!("the position {} is not on the sky", part.position)));
        }
        let (mut component, alone) = component(at, part, options)?;
        assumed.alone += u64::from(alone);
        if !builder.wants(component.position) {
            continue;
        }
        component.name = Some(name.to_owned());
        component.patch.clone_from(&patch);
        builder.push_model(component, alone, || at.number)?;
    }
    Ok(())
}

/// The component, and whether its spectrum is assumed.
fn component(at: Line, part: Part, options: &ReadOptions) -> Result<(Component, bool), CatalogError> {
    Ok(match part.flux {
        Flux::None => return Err(at.wrong("a component without a flux density")),
        Flux::Law(stokes, spectrum) => (Component::new(part.position, part.shape, stokes, spectrum), false),
        Flux::List(list) => match list.as_slice() {
            [(reference, stokes)] => {
                let spectrum = Spectrum::PowerLaw { alpha: options.alpha, reference: *reference };
                (Component::new(part.position, part.shape, *stokes, spectrum), true)
            }
            list => {
                let table = Table::new(list, Interpolation::LogLogOfI);
                let table = table.map_err(|error| at.wrong(error.to_string()))?;
                (Component::tabulated(part.position, part.shape, Arc::new(table)), false)
            }
        },
    })
}

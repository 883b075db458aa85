//! What is transformed, and how its parts are told apart.

use crate::plan::{check_flux, check_places, check_sources};
use crate::{KernelError, Plane, Points, Shape, Source};
use std::borrow::Cow;

/// A sky for [`Nufft3d::of_sky`](super::Nufft3d::of_sky): sources and points, any number of lists of each.
#[derive(Clone, Copy, Debug)]
pub struct NufftSky<'a> {
    /// The frequencies [Hz] of all flux densities: the channels themselves, or a few that hold smooth spectra as
    /// [`Nufft3d::samples`](super::Nufft3d::samples) has them.
    pub samples: &'a [f64],
    /// Sources with shapes.
    pub planes: &'a [Plane<'a>],
    /// Points without.
    pub points: &'a [Points<'a>],
}

/// One of the lists.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    pub stokes: usize,
    pub list: List<'a>,
    /// `[source][sample]`
    pub spectra: &'a [f32],
}

/// Where sources are, with their shapes or without.
#[derive(Clone, Copy)]
pub enum List<'a> {
    Sources(&'a [Source]),
    Points(&'a [[f64; 3]]),
}

impl List<'_> {
    pub fn len(&self) -> usize {
        match self {
            List::Sources(sources) => sources.len(),
            List::Points(points) => points.len(),
        }
    }

    pub fn source(&self, index: usize) -> Source {
        match self {
            List::Sources(sources) => sources[index].clone(),
            List::Points(points) => Source { lmn: points[index], shape: Shape::Point },
        }
    }
}

/// The lists of a sky, checked.
pub fn parts<'a>(sky: &NufftSky<'a>) -> Result<Vec<Part<'a>>, KernelError> {
    let width = sky.samples.len();
    let planes = sky.planes.iter().map(|plane| Part {
        stokes: plane.stokes,
        list: List::Sources(plane.sources),
        spectra: plane.spectra,
    });
    let points = sky.points.iter().map(|points| Part {
        stokes: points.stokes,
        list: List::Points(points.lmn),
        spectra: points.spectra,
    });
    let parts: Vec<Part> = planes.chain(points).collect();
    for part in &parts {
        check_flux(part.stokes, part.list.len(), part.spectra, width)?;
        match part.list {
            List::Sources(sources) => check_sources(sources)?,
            List::Points(points) => check_places(points)?,
        }
    }
    Ok(parts)
}

/// The sources of one Stokes parameter, one list after the other.
pub struct Joined<'a> {
    /// l, m, n − 1.
    pub places: Cow<'a, [[f64; 3]]>,
    /// `[source][sample]`
    pub spectra: Cow<'a, [f32]>,
    /// Whether each is a point.
    pub points: Vec<bool>,
    /// The lists with the index of the first of their sources.
    firsts: Vec<(usize, usize)>,
}

impl<'a> Joined<'a> {
    /// Lists are read where they lie if they can be: only several are copied.
    pub fn new(parts: &[Part<'a>], stokes: usize) -> Self {
        let mine: Vec<(usize, &Part<'a>)> =
            parts.iter().enumerate().filter(|(_, part)| part.stokes == stokes).collect();
        let mut first = 0;
        let mut firsts = Vec::with_capacity(mine.len());
        for (index, part) in &mine {
            firsts.push((*index, first));
            first += part.list.len();
        }
        let sources = || mine.iter().flat_map(|(_, part)| (0..part.list.len()).map(|s| part.list.source(s)));
        let places = match mine[..] {
            [(_, &Part { list: List::Points(points), .. })] => Cow::Borrowed(points),
            _ => sources().map(|source| source.lmn).collect(),
        };
        let spectra = match mine[..] {
            [(_, part)] => Cow::Borrowed(part.spectra),
            _ => mine.iter().flat_map(|(_, part)| part.spectra).copied().collect(),
        };
        let points = sources().map(|source| source.shape == Shape::Point).collect();
        Self { places, spectra, points, firsts }
    }

    /// The list of a source, and its index there.
    pub fn origin(&self, index: usize) -> (usize, usize) {
        let at = self.firsts.partition_point(|(_, first)| *first <= index);
        let (part, first) = self.firsts[at - 1];
        (part, index - first)
    }
}

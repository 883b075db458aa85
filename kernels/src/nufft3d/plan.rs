//! From planes of sources to facets, and to what rows need of them.

use super::NufftOptions;
use super::facet::{Facet, bessel, facets};
use super::grid::{Grid, Size};
use super::nodes::Class;
use super::run::Layer;
use super::spectra::{Components, Scale, components, value};
use super::spread::{Spreading, TERMS as TERMS_OF_VECTOR, interpolation};
use crate::delay::solve::chebyshev;
use crate::delay::spectrum::{Fit, TERMS};
use crate::simd::Line;
use crate::{DelayFft, DelayOptions, KernelError, Mix, Plane, SPEED_OF_LIGHT, Shape, SimdLevel};

/// The most powers of a Bessel function's polynomial.
const POWERS: usize = 16;

/// The sources of one Stokes parameter.
pub struct Slot {
    /// l, m, n − 1.
    pub places: Vec<[f64; 3]>,
    /// Which go to the transform.
    pub members: Vec<u32>,
    /// Which go elsewhere, as (plane, source).
    pub others: Vec<(usize, usize)>,
    pub components: Components,
}

impl Slot {
    /// The sources with spectra at `y`, which are `every` channel or else a few samples.
    pub fn new(y: &[f64], every: bool, planes: &[Plane], stokes: usize, options: &NufftOptions) -> Self {
        let mine = || planes.iter().enumerate().filter(|(_, plane)| plane.stokes == stokes);
        let origins: Vec<(usize, usize)> =
            mine().flat_map(|(p, plane)| (0..plane.sources.len()).map(move |s| (p, s))).collect();
        let source = |&(p, s): &(usize, usize)| &planes[p].sources[s];
        let keep: Vec<bool> = origins.iter().map(|o| source(o).shape == Shape::Point).collect();
        // One plane is read where it lies: only several are copied.
        let copied: Vec<f32>;
        let spectra = match mine().collect::<Vec<_>>()[..] {
            [(_, plane)] => plane.spectra,
            _ => {
                copied = mine().flat_map(|(_, plane)| plane.spectra.iter().copied()).collect();
                &copied
            }
        };
        let components = components(y, every, spectra, &keep, options);
        let mut inside = keep;
        components.rough.iter().for_each(|&s| inside[s] = false);
        Self {
            places: origins.iter().map(|o| source(o).lmn).collect(),
            members: (0..origins.len() as u32).filter(|&i| inside[i as usize]).collect(),
            others: (0..origins.len()).filter(|&i| !inside[i]).map(|i| origins[i]).collect(),
            components,
        }
    }
}

pub fn radius(slots: &[Slot]) -> [f64; 2] {
    let mut radius = [0.0_f64; 2];
    for slot in slots {
        for &s in &slot.members {
            let [l, m, n] = slot.places[s as usize];
            radius = [radius[0].max(l.hypot(m)), radius[1].max(n.abs())];
        }
    }
    radius
}

/// Facets for all slots.
pub struct Cut {
    pub facets: Vec<Vec<Facet>>,
    pub spreading: Spreading,
    /// Bytes that stay.
    pub kept: usize,
}

/// Cuts the sky into facets and chooses the kernel that costs least for so many `nodes`, so that grids fit into the memory
/// allowed: smaller facets where they must.
pub fn cut(
    slots: &[Slot],
    uvw: &[[f64; 3]],
    top: &[f64],
    nodes: f64,
    options: &NufftOptions,
) -> Result<Cut, KernelError> {
    let offered = Spreading::for_epsilon(options.epsilon);
    let mut widest = 2.0;
    let mut least = usize::MAX;
    loop {
        let facets: Vec<Vec<Facet>> = slots
            .iter()
            .map(|slot| {
                let members = slot.members.clone();
                facets(&slot.places, members, uvw, top, &slot.components, options.epsilon, widest)
            })
            .collect();
        let mut best: Option<(f64, usize, usize)> = None;
        let mut needed = usize::MAX;
        for (index, spreading) in offered.iter().enumerate() {
            let (mut kept, mut passing, mut seconds) = (0, 0, 0.0);
            let components = slots.iter().map(|slot| slot.components.shapes.len()).max().unwrap_or(0);
            for facet in facets.iter().flatten() {
                let size = Size::new(facet, spreading);
                kept += size.kept();
                passing = passing.max(size.passing(facet.members.len(), components));
                seconds += size.seconds(spreading.width, facet.members.len(), nodes);
            }
            needed = needed.min(kept + passing);
            if kept + passing <= options.memory && best.is_none_or(|(least, ..)| seconds < least) {
                best = Some((seconds, index, kept));
            }
        }
        if let Some((_, index, kept)) = best {
            return Ok(Cut { facets, spreading: offered[index].clone(), kept });
        }
        least = least.min(needed);
        let half = facets.iter().flatten().map(|f| f.half[0].max(f.half[1])).fold(0.0, f64::max);
        // Margins make facets that are too small larger again, and every facet costs time.
        if needed > 2 * least || facets.iter().map(Vec::len).sum::<usize>() > 4096 || half <= 1e-6 {
            return Err(KernelError::Memory { needed: least, limit: options.memory });
        }
        widest = 0.6 * half;
    }
}

/// A facet ready for rows.
pub fn layer(facet: &Facet, grid: Grid, classes: &[Class], components: &Components, scale: &Scale) -> Layer {
    let vectors = grid.terms / TERMS_OF_VECTOR;
    let amplitude = std::f64::consts::TAU * facet.reach[2] * facet.half[2];
    let powers = POWERS.min(4 + (1.6 * amplitude) as usize);
    let zero = Line([0.0; 16]);
    // Every factor stands twice: for the real and the imaginary parts.
    let set = |lines: &mut [Line], term: usize, value: f64| {
        let cells = &mut lines[term / TERMS_OF_VECTOR].0;
        cells[term % TERMS_OF_VECTOR] = value as f32;
        cells[term % TERMS_OF_VECTOR + TERMS_OF_VECTOR] = value as f32;
    };
    let mut bessel = vec![zero; powers * vectors];
    let mut odd = vec![zero; vectors];
    for (t, &(order, _)) in facet.terms.iter().enumerate() {
        let polynomial = polynomial(order, amplitude, powers);
        for (lines, c) in bessel.chunks_exact_mut(vectors).zip(polynomial) {
            set(lines, t, c);
        }
        set(&mut odd, t, (order % 2) as f64);
    }
    let spectra = classes
        .iter()
        .map(|class| {
            let mut lines = vec![zero; class.inverse.len() * vectors];
            for (inverse, lines) in class.inverse.iter().zip(lines.chunks_exact_mut(vectors)) {
                let y = scale.y(inverse * SPEED_OF_LIGHT);
                let values: Vec<f64> = components.shapes.iter().map(|shape| value(shape, y)).collect();
                for (t, &(_, component)) in facet.terms.iter().enumerate() {
                    set(lines, t, values[component]);
                }
            }
            lines
        })
        .collect();
    let inverse = if facet.reach[2] > 0.0 { 1.0 / facet.reach[2] } else { 0.0 };
    Layer { frame: facet.frame, grid, bessel, odd, inverse, spectra }
}

/// (2 − δ) Jₙ(amplitude·ŵ), over ŵ if n is odd, in powers of 2ŵ² − 1: interpolated at Chebyshev nodes.
fn polynomial(order: usize, amplitude: f64, powers: usize) -> Vec<f64> {
    let factor = if order == 0 { 1.0 } else { 2.0 };
    interpolation(powers, |z| {
        let w = (0.5 * (1.0 + z)).sqrt();
        factor * bessel(order, amplitude * w) / if order % 2 == 1 { w } else { 1.0 }
    })
}

/// From spectra at samples to spectra at channels.
pub struct Expansion {
    fit: Fit,
    /// Chebyshev polynomials at the channels.
    values: Vec<Vec<f64>>,
}

impl Expansion {
    pub fn new(samples: &[f64], channels: &[f64], scale: &Scale) -> Self {
        let fit = Fit::new(samples, samples.len().min(TERMS));
        let values = channels.iter().map(|&f| chebyshev(scale.y(f), fit.terms())).collect();
        Self { fit, values }
    }

    fn spectrum(&self, flux: &[f32]) -> Vec<f32> {
        let terms = self.fit.series(flux).terms;
        let sum = |value: &Vec<f64>| value.iter().zip(&terms).map(|(a, b)| a * b).sum::<f64>() as f32;
        self.values.iter().map(sum).collect()
    }
}

/// A plan for the sources that no grid holds.
pub fn others(
    level: SimdLevel,
    channels: &[f64],
    expand: Option<&Expansion>,
    planes: &[Plane],
    mix: &Mix,
    slots: &[Slot],
    options: &NufftOptions,
) -> Result<Option<DelayFft>, KernelError> {
    let mut sources = vec![Vec::new(); planes.len()];
    let mut spectra = vec![Vec::new(); planes.len()];
    for &(p, s) in slots.iter().flat_map(|slot| &slot.others) {
        sources[p].push(planes[p].sources[s].clone());
        let width = planes[p].spectra.len() / planes[p].sources.len();
        let flux = &planes[p].spectra[s * width..(s + 1) * width];
        match expand {
            Some(expand) => spectra[p].extend(expand.spectrum(flux)),
            None => spectra[p].extend_from_slice(flux),
        }
    }
    if sources.iter().all(Vec::is_empty) {
        return Ok(None);
    }
    let planes: Vec<Plane> = planes
        .iter()
        .zip(sources.iter().zip(&spectra))
        .map(|(plane, (sources, spectra))| Plane { stokes: plane.stokes, sources, spectra })
        .collect();
    DelayFft::new(level, channels, &planes, mix, &DelayOptions::new(options.epsilon)).map(Some)
}

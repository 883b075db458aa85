//! From planes of sources to facets, and to what rows need of them.

use super::NufftOptions;
use super::facet::{Facet, Spots, bessel, facets};
use super::grid::{Grid, Size};
use super::input::{Joined, NufftSky, Part, parts};
use super::nodes::{Class, classes, coarsest};
use super::patches::{Held, Patches, components_of};
use super::run::Layer;
use super::spectra::{Components, Scale, components, value};
use super::spread::{Spreading, TERMS as TERMS_OF_VECTOR, interpolation};
use crate::delay::solve::chebyshev;
use crate::delay::spectrum::{Fit, TERMS};
use crate::plan::{Segment, check, check_places, segments};
use crate::simd::Line;
use crate::{DelayFft, DelayOptions, KernelError, Mix, Plane, SPEED_OF_LIGHT, SimdLevel, Source};
use std::borrow::Cow;

/// How much smaller all grids together may become where facets do: they have fewer terms, but the same cells.
const MOST_SAVED: usize = 8;
/// The most powers of a Bessel function's polynomial.
const POWERS: usize = 16;

/// The sources of one Stokes parameter.
pub struct Slot<'a> {
    pub stokes: usize,
    /// l, m, n − 1; of patches, those of their middles.
    pub places: Cow<'a, [[f64; 3]]>,
    /// The radii of patches; empty where there are none.
    pub radii: Vec<f64>,
    /// What hands out their points.
    pub held: Option<Held<'a>>,
    /// Which go to the transform.
    pub members: Vec<u32>,
    /// Which go elsewhere, as (list, source).
    pub others: Vec<(usize, usize)>,
    pub components: Components,
}

impl<'a> Slot<'a> {
    /// The sources with spectra at `y`, which are `every` channel or else a few samples.
    fn new(y: &[f64], every: bool, joined: Joined<'a>, stokes: usize, options: &NufftOptions) -> Self {
        let components = components(y, every, &joined.spectra, &joined.points, options);
        let mut inside = joined.points.clone();
        components.rough.iter().for_each(|&s| inside[s] = false);
        let count = inside.len();
        Self {
            stokes,
            members: (0..count as u32).filter(|&i| inside[i as usize]).collect(),
            others: (0..count).filter(|&i| !inside[i]).map(|i| joined.origin(i)).collect(),
            components,
            places: joined.places,
            radii: Vec::new(),
            held: None,
        }
    }

    /// The points of patches with spectra at `y`.
    fn of_patches(
        y: &[f64],
        stokes: usize,
        patches: &'a dyn Patches,
        options: &NufftOptions,
    ) -> Result<Self, KernelError> {
        let held = Held { patches, samples: y.len() };
        let list = patches.patches();
        if let Some(index) = list.iter().position(|patch| !(patch.radius.is_finite() && patch.radius >= 0.0))
        {
            return Err(KernelError::NotFinite { what: "patches", index });
        }
        let places: Vec<[f64; 3]> = list.iter().map(|patch| patch.lmn).collect();
        check_places(&places)?;
        Ok(Self {
            stokes,
            members: (0..list.len() as u32).collect(),
            others: Vec::new(),
            components: components_of(y, held, options)?,
            radii: list.iter().map(|patch| patch.radius).collect(),
            places: Cow::Owned(places),
            held: Some(held),
        })
    }

    pub fn spots(&self) -> Spots<'_> {
        Spots { places: &self.places, radii: &self.radii }
    }

    /// The points that some members stand for.
    fn points(&self, members: &[u32]) -> usize {
        match self.held {
            None => members.len(),
            Some(held) => members.iter().map(|&s| held.patches.patches()[s as usize].points).sum(),
        }
    }
}

/// All that is known before grids are made.
pub struct Start<'a> {
    pub parts: Vec<Part<'a>>,
    pub slots: Vec<Slot<'a>>,
    pub segments: Vec<Segment>,
    pub classes: Vec<Class>,
    pub scale: Scale,
    /// The samples, as [`Scale::y`] has them, where they are not the channels.
    pub samples: Option<Vec<f64>>,
    pub radius: [f64; 2],
    pub cut: Cut,
}

impl<'a> Start<'a> {
    /// Checks the input, and decides how the sky is cut for the baselines; every source stands for `each`.
    pub fn new(
        channels: &[f64],
        sky: &NufftSky<'a>,
        uvw: &[[f64; 3]],
        options: &NufftOptions,
        each: usize,
    ) -> Result<Self, KernelError> {
        check(sky.samples, &[])?;
        let parts = parts(sky)?;
        check(channels, &[])?;
        let y = sky.samples.iter().map(|&f| Scale::new(channels).y(f)).collect::<Vec<f64>>();
        let every = sky.samples == channels;
        let slots: Vec<Slot> = (0..4)
            .filter(|&i| parts.iter().any(|part| part.stokes == i))
            .map(|stokes| Slot::new(&y, every, Joined::new(&parts, stokes), stokes, options))
            .collect();
        let samples = (!every).then_some(y);
        Ok(Self { parts, samples, ..Self::of_slots(channels, slots, uvw, options, each)? })
    }

    /// The same for points that patches hand out, of some Stokes parameters, with spectra at `samples` [Hz]; every point stands for
    /// `each`.
    pub fn of_patches(
        channels: &[f64],
        samples: &[f64],
        slots: &[(usize, &'a dyn Patches)],
        uvw: &[[f64; 3]],
        options: &NufftOptions,
        each: usize,
    ) -> Result<Self, KernelError> {
        check(samples, &[])?;
        check(channels, &[])?;
        let y: Vec<f64> = samples.iter().map(|&f| Scale::new(channels).y(f)).collect();
        let mut order: Vec<_> = slots.to_vec();
        order.sort_by_key(|(stokes, _)| *stokes);
        let twice = order.windows(2).any(|pair| pair[0].0 == pair[1].0);
        if let Some(index) = slots.iter().position(|(stokes, _)| *stokes > 3 || twice) {
            return Err(KernelError::OutOfRange { what: "stokes", index });
        }
        let slots = order.into_iter().map(|(stokes, patches)| Slot::of_patches(&y, stokes, patches, options));
        Self::of_slots(channels, slots.collect::<Result<_, _>>()?, uvw, options, each)
    }

    fn of_slots(
        channels: &[f64],
        slots: Vec<Slot<'a>>,
        uvw: &[[f64; 3]],
        options: &NufftOptions,
        each: usize,
    ) -> Result<Self, KernelError> {
        if let Some(index) = uvw.iter().position(|row| row.iter().any(|x| !x.is_finite())) {
            return Err(KernelError::NotFinite { what: "uvw", index });
        }
        let segments = segments(channels);
        let lens: Vec<usize> = segments.iter().map(|segment| segment.len).collect();
        let classes = classes(channels, &lens, options.epsilon);
        let scale = Scale::new(channels);
        let radius = radius(&slots);
        let mut nodes = 0;
        let mut top = Vec::with_capacity(uvw.len());
        for &row in uvw {
            let class = &classes[coarsest(&classes, radius, row)];
            nodes += class.nodes.count;
            top.push(class.top);
        }
        let cut = cut(&slots, uvw, &top, nodes as f64, options, each)?;
        Ok(Self { parts: Vec::new(), slots, segments, classes, scale, samples: None, radius, cut })
    }
}

fn radius(slots: &[Slot]) -> [f64; 2] {
    let mut radius = [0.0_f64; 2];
    for slot in slots {
        for &s in &slot.members {
            let [l, m, n] = slot.places[s as usize];
            let reach = slot.radii.get(s as usize).copied().unwrap_or(0.0);
            radius =
                [radius[0].max(l.hypot(m) + reach), radius[1].max(n.abs() + reach * (l.hypot(m) + reach))];
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
    /// Bytes besides those kept, while grids are made.
    pub passing: usize,
    /// Seconds of one core: to make the grids, and to read all nodes of all rows.
    pub seconds: [f64; 2],
}

/// Cuts the sky into facets and chooses the kernel that costs least for so many `nodes`, so that grids fit into the memory
/// allowed: smaller facets where they must.
fn cut(
    slots: &[Slot],
    uvw: &[[f64; 3]],
    top: &[f64],
    nodes: f64,
    options: &NufftOptions,
    each: usize,
) -> Result<Cut, KernelError> {
    let offered = Spreading::for_epsilon(options.epsilon);
    let mut widest = 2.0;
    let mut least = usize::MAX;
    loop {
        let facets: Vec<Vec<Facet>> = slots
            .iter()
            .map(|slot| {
                let members = slot.members.clone();
                facets(slot.spots(), members, uvw, top, &slot.components, options.epsilon, widest)
                    .ok_or(KernelError::OutOfRange { what: "patches", index: 0 })
            })
            .collect::<Result<_, _>>()?;
        let mut best: Option<(f64, Cut)> = None;
        let (mut needed, mut smallest) = (usize::MAX, usize::MAX);
        for spreading in &offered {
            let (mut kept, mut passing, mut seconds) = (0, 0, [0.0; 2]);
            for (slot, facets) in slots.iter().zip(&facets) {
                for facet in facets {
                    let size = Size::new(facet, spreading);
                    kept += size.kept();
                    let points = slot.points(&facet.members) * each;
                    // Patches are read as they are needed.
                    let listed = if slot.held.is_some() { 0 } else { points };
                    let components = slot.components.shapes.len();
                    passing = passing.max(size.passing(listed, components, options.threads));
                    seconds[0] += size.making(spreading.width, points);
                    seconds[1] += size.reading(spreading.width, nodes);
                }
            }
            needed = needed.min(kept + passing);
            smallest = smallest.min(kept);
            let total = seconds[0] + seconds[1];
            if kept + passing <= options.memory && best.as_ref().is_none_or(|(least, _)| total < *least) {
                let spreading = spreading.clone();
                best = Some((total, Cut { facets: Vec::new(), spreading, kept, passing, seconds }));
            }
        }
        if let Some((_, cut)) = best {
            return Ok(Cut { facets, ..cut });
        }
        least = least.min(needed);
        if smallest / MOST_SAVED > options.memory {
            return Err(KernelError::Memory { needed: least, limit: options.memory });
        }
        let half = facets.iter().flatten().map(|f| f.half[0].max(f.half[1])).fold(0.0, f64::max);
        let narrower = 0.6 * half;
        // Margins make facets that are too small larger again, every facet costs time, and patches stay whole.
        let many = facets.iter().map(Vec::len).sum::<usize>() > 4096;
        if needed > 2 * least || many || half <= 1e-6 || narrower >= widest {
            return Err(KernelError::Memory { needed: least, limit: options.memory });
        }
        widest = narrower;
    }
}

/// A facet ready for rows.
pub fn layer(facet: &Facet, grid: Grid, classes: &[Class], components: &Components, scale: &Scale) -> Layer {
    let vectors = grid.terms / TERMS_OF_VECTOR;
    let pairs = vectors.div_ceil(2);
    let amplitude = std::f64::consts::TAU * facet.reach[2] * facet.half[2];
    let powers = POWERS.min(4 + (1.6 * amplitude) as usize);
    let zero = Line([0.0; 16]);
    // Every factor stands twice: for the real and the imaginary parts; and of a single vector again, for the next cell.
    let set = |lines: &mut [Line], term: usize, value: f64| {
        let vector = term / TERMS_OF_VECTOR;
        let cells = &mut lines[vector / 2].0;
        let first = vector % 2 * 2 * TERMS_OF_VECTOR + term % TERMS_OF_VECTOR;
        let times = if vectors == 1 { 4 } else { 2 };
        let places = cells[first..].iter_mut().step_by(TERMS_OF_VECTOR);
        places.take(times).for_each(|cell| *cell = value as f32);
    };
    let mut bessel = vec![zero; powers * pairs];
    let mut odd = vec![zero; pairs];
    for (t, &(order, _)) in facet.terms.iter().enumerate() {
        let polynomial = polynomial(order, amplitude, powers);
        for (lines, c) in bessel.chunks_exact_mut(pairs).zip(polynomial) {
            set(lines, t, c);
        }
        set(&mut odd, t, (order % 2) as f64);
    }
    let spectra = classes
        .iter()
        .map(|class| {
            let mut lines = vec![zero; class.inverse.len() * pairs];
            for (inverse, lines) in class.inverse.iter().zip(lines.chunks_exact_mut(pairs)) {
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
    mix: &Mix,
    start: &Start,
    options: &NufftOptions,
) -> Result<Option<DelayFft>, KernelError> {
    if start.slots.iter().all(|slot| slot.others.is_empty()) {
        return Ok(None);
    }
    let expand = start.samples.as_ref().map(|y| Expansion::new(y, channels, &start.scale));
    let of_slot = |slot: &Slot| -> (Vec<Source>, Vec<f32>) {
        let mut spectra = Vec::with_capacity(slot.others.len() * channels.len());
        for &(part, source) in &slot.others {
            let part = &start.parts[part];
            let width = part.spectra.len() / part.list.len();
            let flux = &part.spectra[source * width..(source + 1) * width];
            match &expand {
                Some(expand) => spectra.extend(expand.spectrum(flux)),
                None => spectra.extend_from_slice(flux),
            }
        }
        let sources = slot.others.iter().map(|&(part, source)| start.parts[part].list.source(source));
        (sources.collect(), spectra)
    };
    let lists: Vec<(Vec<Source>, Vec<f32>)> = start.slots.iter().map(of_slot).collect();
    // A slot without such sources has its plane: the mix needs it.
    let planes: Vec<Plane> = start
        .slots
        .iter()
        .zip(&lists)
        .map(|(slot, (sources, spectra))| Plane { stokes: slot.stokes, sources, spectra })
        .collect();
    DelayFft::new(level, channels, &planes, mix, &DelayOptions::new(options.epsilon)).map(Some)
}

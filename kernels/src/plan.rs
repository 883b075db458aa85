//! What does not depend on the rows: channels cut into segments, sources into blocks, spectra in the order of reading.

use crate::simd::Widths;
use crate::{KernelError, Mix, Plane, SPEED_OF_LIGHT, Shape, Source};
use num_complex::Complex32;
use std::sync::Arc;

/// The most channels of a segment: phases are exact at its start.
pub const SEGMENT: usize = 64;
/// The most sources summed into one single-precision accumulator.
const BLOCK: usize = 256;
/// Fewer evenly spaced channels than this are no cheaper by recurrence.
const SHORTEST_RUN: usize = 4;
/// How far a channel may be from even spacing [Hz]: 3·10⁻⁸ turns on a baseline of 1000 km.
pub const SPACING_TOLERANCE: f64 = 1e-5;
/// The largest channel step, and the largest ratio of frequencies in a segment, for which an envelope is stepped.
const ENVELOPE_STEP: f64 = 0.01;
const ENVELOPE_SPAN: f64 = 1.2;

/// Channels that are computed together.
#[derive(Clone, Debug)]
pub struct Segment {
    /// The first channel.
    pub start: usize,
    /// How many, at most [`SEGMENT`].
    pub len: usize,
    /// The spacing in half turns per metre of delay; none if the channels are not evenly spaced.
    pub step: Option<f64>,
    /// How envelopes step; none if every channel needs its own exponential.
    pub envelope: Option<EnvelopeStep>,
}

/// With x = A ν²/c² the exponent of an envelope: constants [1/m²] that give its steps along a segment.
#[derive(Clone, Copy, Debug)]
pub struct EnvelopeStep {
    /// (ν₁² − ν₀²)/c², the first difference at the start.
    pub first: f32,
    /// 2 Δν²/c², the second difference.
    pub second: f32,
    /// The least ν²/c² in the segment.
    pub least: f32,
}

/// Sources of one kind and one plane that share an accumulator.
#[derive(Clone, Debug)]
pub struct Block {
    /// The index of the plane's accumulator.
    pub slot: usize,
    /// Whether it is the first of its slot.
    pub first: bool,
    /// Whether the sources are Gaussians.
    pub gaussian: bool,
    /// The first source, in [`Plan::lmn`].
    pub start: usize,
    /// The sources, padding included.
    pub len: usize,
}

/// What becomes of the Stokes parameters.
#[derive(Clone, Debug)]
pub enum Output {
    /// One slot as it is.
    Copy(usize),
    /// A sum over slots.
    Sum(Vec<(usize, Complex32)>),
}

/// Where a source of a plane went.
#[derive(Clone, Copy, Debug)]
struct Origin {
    plane: usize,
    source: usize,
}

/// The plan.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The width of vectors and groups the plan is arranged for.
    pub widths: Widths,
    /// The number of channels.
    pub channels: usize,
    /// The number of correlations.
    pub correlations: usize,
    /// The number of sources in each plane.
    pub planes: Vec<usize>,
    /// Half turns per metre of delay at each channel: 2ν/c.
    pub half_turns: Vec<f64>,
    /// log₂e · ν²/c² at each channel [1/m²].
    pub envelope: Vec<f32>,
    /// The channels in order.
    pub segments: Vec<Segment>,
    /// The sources in order.
    pub blocks: Vec<Block>,
    /// l, m, n − 1 of every source, 0 for padding.
    pub lmn: Vec<[f64; 3]>,
    /// p and q of every source, 0 for points and padding.
    pub axes: Vec<[[f64; 3]; 2]>,
    /// Flux densities [Jy] in the order of reading: `[segment][block][group][channel][source of the group]`.
    pub flux: Arc<Vec<f32>>,
    /// The number of accumulators.
    pub slots: usize,
    /// One for each correlation, or for all of them.
    pub outputs: Vec<Output>,
    /// How many correlations each output is written to: 1 or 2.
    pub copies: usize,
    /// The longest coordinate [m] for which phases mean anything.
    pub reach: f64,
    origins: Vec<Option<Origin>>,
}

impl Plan {
    /// Checks the input and arranges it.
    pub fn new(widths: Widths, channels: &[f64], planes: &[Plane], mix: &Mix) -> Result<Self, KernelError> {
        check(channels, planes)?;
        Ok(Self::on(widths, channels, planes, mix, segments(channels)))
    }

    /// Arranges input that was checked, for some segments of the channels.
    pub fn on(widths: Widths, channels: &[f64], planes: &[Plane], mix: &Mix, segments: Vec<Segment>) -> Self {
        let stokes: Vec<usize> = (0..4).filter(|&i| planes.iter().any(|p| p.stokes == i)).collect();
        let mut blocks = Vec::new();
        let mut origins = Vec::new();
        for (slot, &stokes) in stokes.iter().enumerate() {
            let mut first = true;
            for gaussian in [false, true] {
                let of_kind = |&origin: &Origin| {
                    (planes[origin.plane].sources[origin.source].shape != Shape::Point) == gaussian
                };
                let of_stokes = (0..planes.len()).filter(|&p| planes[p].stokes == stokes);
                let sources: Vec<Origin> = of_stokes
                    .flat_map(|plane| {
                        (0..planes[plane].sources.len()).map(move |source| Origin { plane, source })
                    })
                    .filter(of_kind)
                    .collect();
                let group = if gaussian { widths.gaussians } else { widths.points };
                for part in sources.chunks(BLOCK / group * group) {
                    let (start, len) = (origins.len(), part.len().next_multiple_of(group));
                    origins.extend(part.iter().copied().map(Some));
                    origins.resize(start + len, None);
                    blocks.push(Block { slot, first, gaussian, start, len });
                    first = false;
                }
            }
        }
        let flux = arrange(widths, &segments, &blocks, &origins, planes, channels.len());
        let (outputs, copies) = outputs(mix, &stokes);
        let highest = channels.iter().copied().fold(0.0, f64::max);
        let mut plan = Self {
            widths,
            channels: channels.len(),
            correlations: mix.correlations(),
            planes: planes.iter().map(|p| p.sources.len()).collect(),
            half_turns: channels.iter().map(|f| 2.0 * f / SPEED_OF_LIGHT).collect(),
            envelope: channels
                .iter()
                .map(|f| (std::f64::consts::LOG2_E * square(f / SPEED_OF_LIGHT)) as f32)
                .collect(),
            segments,
            blocks,
            lmn: Vec::new(),
            axes: Vec::new(),
            flux: Arc::new(flux),
            slots: stokes.len(),
            outputs,
            copies,
            // 2⁴⁹ half turns, |l|, |m|, |n − 1| ≤ 2.
            reach: 2f64.powi(49) * SPEED_OF_LIGHT / (12.0 * highest),
            origins,
        };
        let sources: Vec<&[Source]> = planes.iter().map(|p| p.sources).collect();
        plan.place(&sources);
        plan
    }

    /// The same plan with the sources elsewhere.
    pub fn with_sources(&self, planes: &[&[Source]]) -> Result<Self, KernelError> {
        let (expected, found) = (self.planes.len(), planes.len());
        if expected != found {
            return Err(KernelError::Length { what: "planes", expected, found });
        }
        for (&expected, sources) in self.planes.iter().zip(planes) {
            if expected != sources.len() {
                return Err(KernelError::Length { what: "sources", expected, found: sources.len() });
            }
            check_sources(sources)?;
        }
        for block in &self.blocks {
            for &Origin { plane, source } in
                self.origins[block.start..block.start + block.len].iter().flatten()
            {
                if (planes[plane][source].shape != Shape::Point) != block.gaussian {
                    return Err(KernelError::ShapeChanged { plane, source });
                }
            }
        }
        let mut plan = self.clone();
        plan.place(planes);
        Ok(plan)
    }

    /// Checks what `predict` is given.
    pub fn check_rows(&self, uvw: &[[f64; 3]], out: &[&mut [Complex32]]) -> Result<(), KernelError> {
        let length = |what, expected, found| match expected == found {
            true => Ok(()),
            false => Err(KernelError::Length { what, expected, found }),
        };
        length("rows of output", uvw.len(), out.len())?;
        for row in out {
            length("a row of output", self.channels * self.correlations, row.len())?;
        }
        if let Some(index) = uvw.iter().position(|row| row.iter().any(|x| !x.is_finite())) {
            return Err(KernelError::NotFinite { what: "uvw", index });
        }
        match uvw.iter().position(|row| row.iter().any(|x| x.abs() > self.reach)) {
            Some(index) => Err(KernelError::OutOfRange { what: "uvw", index }),
            None => Ok(()),
        }
    }

    fn place(&mut self, planes: &[&[Source]]) {
        let source = |origin: &Option<Origin>| origin.map(|o| &planes[o.plane][o.source]);
        self.lmn = self.origins.iter().map(|o| source(o).map_or([0.0; 3], |s| s.lmn)).collect();
        self.axes = self
            .origins
            .iter()
            .map(|o| match source(o).map(|s| &s.shape) {
                Some(Shape::Gaussian { p, q }) => [*p, *q],
                // What is neither point nor Gaussian was taken out before.
                _ => [[0.0; 3]; 2],
            })
            .collect();
    }
}

fn square(x: f64) -> f64 {
    x * x
}

/// Cuts channels into segments: evenly spaced ones where there are enough in a row.
pub fn segments(channels: &[f64]) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    let mut start = 0;
    while start < channels.len() {
        let (len, step) = run(&channels[start..]);
        if len >= SHORTEST_RUN {
            let parts = len.div_ceil(SEGMENT);
            // Parts of equal length: a short last one would waste its seeds.
            for part in 0..parts {
                let (from, to) = (part * len / parts, (part + 1) * len / parts);
                segments.push(Segment {
                    start: start + from,
                    len: to - from,
                    step: Some(2.0 * step / SPEED_OF_LIGHT),
                    envelope: envelope_step(&channels[start + from..start + to], step),
                });
            }
        } else {
            match segments.last_mut() {
                Some(last) if last.step.is_none() && last.len + len <= SEGMENT => last.len += len,
                _ => segments.push(Segment { start, len, step: None, envelope: None }),
            }
        }
        start += len;
    }
    segments
}

/// The length of the evenly spaced run at the start of the channels, and its spacing [Hz].
fn run(channels: &[f64]) -> (usize, f64) {
    let (mut lowest, mut highest) = (f64::NEG_INFINITY, f64::INFINITY);
    let mut len = 1;
    for (i, &channel) in channels.iter().enumerate().skip(1) {
        let distance = i as f64;
        let low = lowest.max((channel - channels[0] - SPACING_TOLERANCE) / distance);
        let high = highest.min((channel - channels[0] + SPACING_TOLERANCE) / distance);
        if low > high {
            break;
        }
        (lowest, highest, len) = (low, high, i + 1);
    }
    (len, if len > 1 { 0.5 * (lowest + highest) } else { 0.0 })
}

fn envelope_step(channels: &[f64], step: f64) -> Option<EnvelopeStep> {
    let (first, last) = (channels[0], channels[0] + step * (channels.len() - 1) as f64);
    let (low, high) = (first.min(last), first.max(last));
    (step.abs() <= ENVELOPE_STEP * low && high <= ENVELOPE_SPAN * low).then(|| EnvelopeStep {
        first: ((2.0 * first + step) * step / square(SPEED_OF_LIGHT)) as f32,
        second: (2.0 * square(step / SPEED_OF_LIGHT)) as f32,
        least: square(low / SPEED_OF_LIGHT) as f32,
    })
}

/// The spectra in the order of reading.
fn arrange(
    widths: Widths,
    segments: &[Segment],
    blocks: &[Block],
    origins: &[Option<Origin>],
    planes: &[Plane],
    channels: usize,
) -> Vec<f32> {
    let mut flux = Vec::with_capacity(origins.len() * channels);
    for segment in segments {
        for block in blocks {
            let group = if block.gaussian { widths.gaussians } else { widths.points };
            for group in origins[block.start..block.start + block.len].chunks(group) {
                for channel in segment.start..segment.start + segment.len {
                    flux.extend(group.iter().map(|origin| {
                        origin.map_or(0.0, |o| planes[o.plane].spectra[o.source * channels + channel])
                    }));
                }
            }
        }
    }
    flux
}

/// What to write, and to how many correlations each.
fn outputs(mix: &Mix, stokes: &[usize]) -> (Vec<Output>, usize) {
    let output = |row: &[Complex32; 4]| {
        let terms: Vec<(usize, Complex32)> = stokes
            .iter()
            .enumerate()
            .map(|(slot, &i)| (slot, row[i]))
            .filter(|t| t.1 != Complex32::ZERO)
            .collect();
        match terms[..] {
            [(slot, one)] if one == Complex32::ONE => Output::Copy(slot),
            _ => Output::Sum(terms),
        }
    };
    let outputs: Vec<Output> = mix.rows().iter().map(output).collect();
    match outputs[..] {
        [Output::Copy(a), Output::Copy(b)] if a == b => (vec![Output::Copy(a)], 2),
        _ => (outputs, 1),
    }
}

/// Checks everything but the mix.
pub fn check(channels: &[f64], planes: &[Plane]) -> Result<(), KernelError> {
    check_channels(channels)?;
    planes.iter().try_for_each(|plane| check_plane(plane, channels.len()))
}

fn check_channels(channels: &[f64]) -> Result<(), KernelError> {
    if channels.is_empty() {
        return Err(KernelError::Empty { what: "channels" });
    }
    if let Some(index) = channels.iter().position(|f| !f.is_finite()) {
        return Err(KernelError::NotFinite { what: "channels", index });
    }
    match channels.iter().position(|f| !(1.0..=1e15).contains(f)) {
        Some(index) => Err(KernelError::OutOfRange { what: "channels", index }),
        None => Ok(()),
    }
}

fn check_plane(plane: &Plane, channels: usize) -> Result<(), KernelError> {
    check_flux(plane.stokes, plane.sources.len(), plane.spectra, channels)?;
    check_sources(plane.sources)
}

/// Flux densities of so many `sources` at so many `channels`, of a Stokes parameter.
pub fn check_flux(
    stokes: usize,
    sources: usize,
    spectra: &[f32],
    channels: usize,
) -> Result<(), KernelError> {
    if stokes > 3 {
        return Err(KernelError::OutOfRange { what: "Stokes parameters", index: stokes });
    }
    let (expected, found) = (sources * channels, spectra.len());
    if expected != found {
        return Err(KernelError::Length { what: "spectra", expected, found });
    }
    match spectra.iter().position(|s| !s.is_finite()) {
        Some(index) => Err(KernelError::NotFinite { what: "spectra", index }),
        None => Ok(()),
    }
}

/// Direction cosines are at most 1 (n − 1 at least −2).
pub fn check_places(places: &[[f64; 3]]) -> Result<(), KernelError> {
    if let Some(index) = places.iter().position(|lmn| lmn.iter().any(|x| !x.is_finite())) {
        return Err(KernelError::NotFinite { what: "points", index });
    }
    match places.iter().position(|lmn| lmn.iter().any(|x| x.abs() > 2.0)) {
        Some(index) => Err(KernelError::OutOfRange { what: "points", index }),
        None => Ok(()),
    }
}

/// Direction cosines are at most 1 (n − 1 at least −2); axes are angles times about 1.9.
pub fn check_sources(sources: &[Source]) -> Result<(), KernelError> {
    for (index, source) in sources.iter().enumerate() {
        let none = [0.0; 3];
        let (axes, order) = match &source.shape {
            Shape::Point => ([&none; 2], 0.0),
            Shape::Gaussian { p, q } => ([p, q], 0.0),
            Shape::Round(round) => ([&round.p, &round.q], round.order),
            Shape::Shapelets(shapelets) => {
                let [n1, n2] = shapelets.orders();
                if shapelets.terms.iter().any(|(_, value)| !value.is_finite()) {
                    return Err(KernelError::NotFinite { what: "shapelets", index });
                }
                ([&shapelets.x, &shapelets.y], n1.max(n2) as f64)
            }
        };
        let mut values = source.lmn.iter().chain(axes[0]).chain(axes[1]).chain([&order]);
        if values.any(|x| !x.is_finite()) {
            return Err(KernelError::NotFinite { what: "sources", index });
        }
        if source.lmn.iter().any(|x| x.abs() > 2.0)
            || axes.into_iter().flatten().any(|x| x.abs() > 100.0)
            || !(order > -1.0 && order <= 100.0)
        {
            return Err(KernelError::OutOfRange { what: "sources", index });
        }
    }
    Ok(())
}

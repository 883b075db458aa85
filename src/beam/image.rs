//! A pattern given as images, one for each of several frequencies.

use super::{Beam, Offset};

/// How an image lays directions into a plane; x and y are the angles [rad] that its grid counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Projection {
    /// x, y = l, m (orthographic, FITS `SIN`; also plain direction cosines).
    Sin,
    /// x, y = (l, m)/n (gnomonic, `TAN`).
    Tan,
    /// x, y = (l, m) θ/sin θ (zenithal equidistant, `ARC`; also plain angles from the axis).
    Arc,
    /// x, y = (l, m) 2 sin(θ/2)/sin θ (zenithal equal area, `ZEA`).
    Zea,
}

impl Projection {
    /// The plane's (x, y) [rad], none where the projection does not reach.
    fn plane(self, offset: Offset) -> Option<(f64, f64)> {
        if offset.is_behind() {
            return None;
        }
        let (sin, cos) = offset.angle.sin_cos();
        let factor = match self {
            Projection::Sin => 1.0,
            Projection::Tan if cos > 1e-9 => 1.0 / cos,
            Projection::Tan => return None,
            // θ/sin θ tends to 1 on axis.
            Projection::Arc if sin < 1e-9 => 1.0,
            Projection::Arc => offset.angle / sin,
            Projection::Zea => 1.0 / (0.5 * offset.angle).cos(),
        };
        Some((offset.l * factor, offset.m * factor))
    }

    /// The angle from the axis [rad] at a distance in the plane.
    fn angle(self, distance: f64) -> f64 {
        let angle = match self {
            Projection::Sin => distance.min(1.0).asin(),
            Projection::Tan => distance.atan(),
            Projection::Arc => distance,
            Projection::Zea => 2.0 * (0.5 * distance).min(1.0).asin(),
        };
        angle.min(super::QUARTER_TURN)
    }
}

/// The grid of an image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axes {
    /// Pixels along x.
    pub width: usize,
    /// Pixels along y.
    pub height: usize,
    /// The pixel, counted from 0, of the beam's axis, along x and y.
    pub reference: [f64; 2],
    /// The step from one pixel to the next [rad]: x to the east (negative as a rule), y to the north.
    pub step: [f64; 2],
    /// What the grid counts.
    pub projection: Projection,
}

/// The power at one frequency.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    /// The frequency [Hz]; any where there is only one plane that holds at all frequencies.
    pub frequency: f64,
    /// The power pattern, shape (y, x), x fastest. NaN is taken for 0.
    pub values: Vec<f32>,
}

/// What is wrong with a beam image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// The grid cannot be used.
    #[error("the grid of the beam image cannot be used: {0}")]
    Axes(String),
    /// The planes cannot be used.
    #[error("the beam image cannot be used: {0}")]
    Planes(String),
}

/// A power pattern in images, sky axes fixed: x to the east and y to the north of the pointing.
///
/// Between pixels it is interpolated by cubic convolution (Keys 1981, IEEE Trans. ASSP 29, 1153), between planes
/// linearly in frequency at fixed offset; beyond the first and last plane that one is used, offsets scaled as
/// the frequency. Outside the image, and where the interpolation falls below, it is 0. For a dish on an
/// alt-azimuth mount turn the offsets first ([`Offset::turned`]).
#[derive(Clone, Debug, PartialEq)]
pub struct ImageBeam {
    axes: Axes,
    planes: Vec<Plane>,
    has_frequencies: bool,
}

impl ImageBeam {
    /// A beam of planes in any order of frequency; a single plane with a frequency of 0 holds at all
    /// frequencies as it is.
    ///
    /// # Errors
    /// If the grid has fewer than 2 × 2 pixels or steps that are not numbers other than 0, or the planes are
    /// none, of another size, at the same or no frequency, or nowhere above 0.
    pub fn new(axes: Axes, mut planes: Vec<Plane>) -> Result<ImageBeam, ImageError> {
        let Axes { width, height, reference, step, .. } = axes;
        if width < 2 || height < 2 {
            return Err(ImageError::Axes(format!("it has {width} × {height} pixels")));
        }
        if !reference.iter().all(|x| x.is_finite()) || !step.iter().all(|x| x.is_finite() && *x != 0.0) {
            return Err(ImageError::Axes(format!(
                "axis at pixel {}, {}, steps of {} and {} rad",
                reference[0], reference[1], step[0], step[1]
            )));
        }
        let fail = |reason: String| Err(ImageError::Planes(reason));
        if planes.is_empty() {
            return fail("it has no planes".into());
        }
        let has_frequencies = planes.len() > 1 || planes[0].frequency > 0.0;
        planes.sort_by(|a, b| a.frequency.total_cmp(&b.frequency));
        if has_frequencies && !planes.iter().all(|plane| plane.frequency.is_finite() && plane.frequency > 0.0)
        {
            return fail("a plane has no positive frequency".into());
        }
        if let Some(pair) = planes.windows(2).find(|pair| pair[0].frequency == pair[1].frequency) {
            return fail(format!("two planes are at {} Hz", pair[0].frequency));
        }
        for plane in &mut planes {
            if plane.values.len() != width * height {
                let count = plane.values.len();
                return fail(format!("a plane has {count} values in place of {width} × {height}"));
            }
            plane.values.iter_mut().filter(|value| !value.is_finite()).for_each(|value| *value = 0.0);
            if !plane.values.iter().any(|value| *value > 0.0) {
                return fail(format!("the plane at {} Hz is nowhere above 0", plane.frequency));
            }
        }
        Ok(ImageBeam { axes, planes, has_frequencies })
    }

    /// The grid.
    pub fn axes(&self) -> &Axes {
        &self.axes
    }

    /// The number of planes.
    pub fn planes(&self) -> usize {
        self.planes.len()
    }

    /// The planes to mix at a frequency [Hz], the weight of the second, and the factor on offsets.
    fn mixture(&self, frequency: f64) -> (&Plane, &Plane, f64, f64) {
        let one = |plane: usize| {
            let plane = &self.planes[plane];
            let scale = if self.has_frequencies { frequency / plane.frequency } else { 1.0 };
            (plane, plane, 0.0, scale)
        };
        let above = self.planes.partition_point(|plane| plane.frequency <= frequency);
        if above == 0 || above == self.planes.len() {
            return one(above.saturating_sub(1));
        }
        let (low, high) = (&self.planes[above - 1], &self.planes[above]);
        (low, high, (frequency - low.frequency) / (high.frequency - low.frequency), 1.0)
    }
}

/// Where a point lies between pixels: the four pixels around it and their weights.
fn neighbours(position: f64, count: usize) -> Option<([usize; 4], [f64; 4])> {
    let last = (count - 1) as f64;
    // A hair beyond the edge is rounding.
    if !(-1e-9..=last + 1e-9).contains(&position) {
        return None;
    }
    let position = position.clamp(0.0, last);
    let left = (position.floor() as usize).min(count - 2);
    let t = position - left as f64;
    let (t2, t3) = (t * t, t * t * t);
    let weights = [
        0.5 * (-t + 2.0 * t2 - t3),
        0.5 * (2.0 - 5.0 * t2 + 3.0 * t3),
        0.5 * (t + 4.0 * t2 - 3.0 * t3),
        0.5 * (t3 - t2),
    ];
    let pixels = [left.saturating_sub(1), left, left + 1, (left + 2).min(count - 1)];
    Some((pixels, edge(weights, left == 0, left + 2 == count)))
}

/// Weights for a missing pixel at either end: it continues the line through the two next to it.
fn edge(mut weights: [f64; 4], first: bool, last: bool) -> [f64; 4] {
    if first {
        let missing = std::mem::take(&mut weights[0]);
        weights[1] += 2.0 * missing;
        weights[2] -= missing;
    }
    if last {
        let missing = std::mem::take(&mut weights[3]);
        weights[2] += 2.0 * missing;
        weights[1] -= missing;
    }
    weights
}

impl Beam for ImageBeam {
    fn voltage(&self, offset: Offset, frequency: f64) -> f64 {
        self.power(offset, frequency).sqrt()
    }

    fn power(&self, offset: Offset, frequency: f64) -> f64 {
        let Some((x, y)) = self.axes.projection.plane(offset) else {
            return 0.0;
        };
        let (first, second, weight, scale) = self.mixture(frequency);
        let Axes { width, height, reference, step, .. } = self.axes;
        let columns = neighbours(reference[0] + x * scale / step[0], width);
        let rows = neighbours(reference[1] + y * scale / step[1], height);
        let (Some((columns, across)), Some((rows, down))) = (columns, rows) else {
            return 0.0;
        };
        let sample = |plane: &Plane| -> f64 {
            let line = |row: usize| -> f64 {
                let pixel = |column: usize| f64::from(plane.values[row * width + column]);
                columns.iter().zip(across).map(|(column, weight)| weight * pixel(*column)).sum()
            };
            rows.iter().zip(down).map(|(row, weight)| weight * line(*row)).sum()
        };
        let power = sample(first);
        let power = if weight == 0.0 { power } else { power + weight * (sample(second) - power) };
        power.max(0.0)
    }

    fn limit_radius(&self, frequency: f64, level: f64) -> f64 {
        let (first, second, weight, scale) = self.mixture(frequency);
        let Axes { width, height, reference, step, projection } = self.axes;
        let mut furthest: Option<f64> = None;
        for (index, (a, b)) in first.values.iter().zip(&second.values).enumerate() {
            let (a, b) = (f64::from(*a), f64::from(*b));
            if a + weight * (b - a) >= level {
                let x = ((index % width) as f64 - reference[0]) * step[0];
                let y = ((index / width) as f64 - reference[1]) * step[1];
                furthest = Some(furthest.unwrap_or(0.0).max(x.hypot(y)));
            }
        }
        debug_assert_eq!(first.values.len(), width * height);
        // Between a pixel above the level and the next one below it lies less than their distance.
        furthest.map_or(0.0, |distance| projection.angle((distance + step[0].hypot(step[1])) / scale))
    }

    fn frequency_range(&self) -> Option<(f64, f64)> {
        let last = self.planes.last()?.frequency;
        self.has_frequencies.then_some((self.planes[0].frequency, last))
    }

    fn description(&self) -> String {
        let Axes { width, height, step, .. } = self.axes;
        let size = format!(
            "beam image of {width} × {height} pixels of {:.3}′",
            step[0].abs().max(step[1].abs()).to_degrees() * 60.0
        );
        match self.frequency_range() {
            None => format!("{size}, the same at all frequencies"),
            Some((low, high)) => {
                format!(
                    "{size}, {} planes from {:.4} to {:.4} GHz",
                    self.planes.len(),
                    low * 1e-9,
                    high * 1e-9
                )
            }
        }
    }
}

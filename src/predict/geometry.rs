//! The sky about a phase centre: components become directions in its (l, m, n) axes.

use std::sync::Arc;

use kernels::{Round, Shape as KernelShape, Shapelets, Source};

use crate::beam::Offset;
use crate::coords::{Direction, Frame};
use crate::sky::{AngleFrame, Component, Ellipse, Shape, Shapelet, ShapeletTerm};

/// Components with their positions in one frame, so that a centre of that frame costs no conversion.
#[derive(Debug, Clone)]
pub(crate) struct Sky {
    frame: Frame,
    placed: Vec<Placed>,
}

#[derive(Debug, Clone)]
struct Placed {
    position: Direction,
    /// Its shape, with the position angle in `frame`.
    shape: Shape,
}

impl Sky {
    /// Converts `components` to `frame`.
    pub(crate) fn new<'a>(components: impl IntoIterator<Item = &'a Component>, frame: Frame) -> Sky {
        let placed = components
            .into_iter()
            .map(|component| match component.shape.angle() {
                Some((angle, AngleFrame::Source)) => {
                    let (position, turned) = component.position.to_with_angle(frame, angle);
                    Placed { position, shape: component.shape.turned(turned - angle) }
                }
                _ => Placed { position: component.position.to(frame), shape: component.shape.clone() },
            })
            .collect();
        Sky { frame, placed }
    }

    pub(crate) fn frame(&self) -> Frame {
        self.frame
    }

    /// Where the antennas see the components, which they are pointed at `pointing`.
    pub(crate) fn offsets(&self, pointing: Direction) -> Vec<Offset> {
        let pointing = pointing.to(self.frame);
        self.placed.iter().map(|placed| Offset::from_lmn(placed.position.lmn(pointing))).collect()
    }

    /// The kernel's sources about `centre`, in the order of the components.
    pub(crate) fn about(&self, centre: Direction) -> Vec<Source> {
        self.placed.iter().map(|placed| placed.about(centre)).collect()
    }
}

impl Placed {
    fn about(&self, centre: Direction) -> Source {
        let lmn = self.position.lmn(centre);
        let axes = || match self.shape.angle() {
            Some((_, AngleFrame::Centre)) => [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
            _ => {
                let (east, north) = self.position.tangent_axes(centre);
                [east, north]
            }
        };
        let shape = match &self.shape {
            Shape::Point => KernelShape::Point,
            Shape::Gaussian(size) => gaussian(size.major, size.minor, size.position_angle, axes()),
            Shape::Ring(size) => round(size, 0.0, axes()),
            Shape::Disk(size) => round(size, 1.0, axes()),
            Shape::LimbDarkenedDisk { disk, exponent } => round(disk, 1.0 + 0.5 * exponent, axes()),
            Shape::Shapelet(shapelet) => shapelets(shapelet, axes()),
        };
        Source { lmn: [lmn.l, lmn.m, lmn.n_minus_1], shape }
    }
}

/// The kernel's disk or ring: the transform of `(1 − r²)^(order − 1)` over a disk is `Λ(π d u)` of that order, d being its
/// diameter (CASA's `limbdarkeneddisk` has the exponent `order − 1`; the uniform disk is that of order 1, the ring that of
/// order 0).
fn round(size: &Ellipse, order: f64, [east, north]: [[f64; 3]; 2]) -> KernelShape {
    let (sin, cos) = size.position_angle.sin_cos();
    let axis = |diameter: f64, e: f64, n: f64| {
        std::array::from_fn(|k| std::f64::consts::PI * diameter * (e * east[k] + n * north[k]))
    };
    KernelShape::Round(Round { p: axis(size.major, sin, cos), q: axis(size.minor, cos, -sin), order })
}

fn shapelets(shapelet: &Shapelet, axes: [[f64; 3]; 2]) -> KernelShape {
    let ([x, y], factor) = shapelet.axes(axes);
    let term = |term: &ShapeletTerm| ([term.n1, term.n2], factor * term.value);
    KernelShape::Shapelets(Arc::new(Shapelets { x, y, terms: shapelet.terms.iter().map(term).collect() }))
}

/// The kernel's Gaussian of two full widths at half maximum and the position angle of the first [rad], which counts from
/// the second of `axes`, north, through the first, east: directions in (u, v, w).
pub fn gaussian(major: f64, minor: f64, angle: f64, [east, north]: [[f64; 3]; 2]) -> KernelShape {
    let (sin, cos) = angle.sin_cos();
    // exp(−π²/(4 ln 2) (a²p² + b²q²)): the constant goes into the axes.
    let scale = std::f64::consts::PI / (2.0 * std::f64::consts::LN_2.sqrt());
    let axis =
        |width: f64, e: f64, n: f64| std::array::from_fn(|k| scale * width * (e * east[k] + n * north[k]));
    KernelShape::Gaussian { p: axis(major, sin, cos), q: axis(minor, cos, -sin) }
}

/// The sources of `components` as the kernels want them, about the phase centre `centre`: direction cosines
/// in the axes of the centre's frame, and Gaussians as axes in (u, v, w).
pub fn sources_about(components: &[Component], centre: Direction) -> Vec<Source> {
    Sky::new(components, centre.frame).about(centre)
}

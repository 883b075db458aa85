//! The sky about a phase centre: components become directions in its (l, m, n) axes.

use kernels::{Shape as KernelShape, Source};

use crate::beam::Offset;
use crate::coords::{Direction, Frame};
use crate::sky::{AngleFrame, Component, Shape};

/// Components with their positions in one frame, so that a centre of that frame costs no conversion.
#[derive(Debug, Clone)]
pub(crate) struct Sky {
    frame: Frame,
    placed: Vec<Placed>,
}

#[derive(Debug, Clone)]
struct Placed {
    position: Direction,
    /// Major and minor FWHM [rad], position angle in `frame` [rad] and what it counts from.
    gaussian: Option<(f64, f64, f64, AngleFrame)>,
}

impl Sky {
    /// Converts `components` to `frame`.
    pub(crate) fn new<'a>(components: impl IntoIterator<Item = &'a Component>, frame: Frame) -> Sky {
        let placed = components
            .into_iter()
            .map(|component| match component.shape {
                Shape::Point => Placed { position: component.position.to(frame), gaussian: None },
                Shape::Gaussian(g) => {
                    let (position, angle) = match g.angle_frame {
                        AngleFrame::Source => component.position.to_with_angle(frame, g.position_angle),
                        AngleFrame::Centre => (component.position.to(frame), g.position_angle),
                    };
                    Placed { position, gaussian: Some((g.major, g.minor, angle, g.angle_frame)) }
                }
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
        let shape = match self.gaussian {
            None => KernelShape::Point,
            Some((major, minor, angle, frame)) => {
                let (east, north) = match frame {
                    AngleFrame::Source => self.position.tangent_axes(centre),
                    AngleFrame::Centre => ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]),
                };
                gaussian(major, minor, angle, [east, north])
            }
        };
        Source { lmn: [lmn.l, lmn.m, lmn.n_minus_1], shape }
    }
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

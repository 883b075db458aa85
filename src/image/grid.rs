//! The pixels of an image of the sky.

use crate::coords::{Direction, Frame};
use crate::sky::{AngleFrame, Gaussian};

/// More pixels a side than any image has.
const MOST_PIXELS: usize = 32_768;

/// Why there is no such image.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GridError {
    /// The number of pixels.
    #[error("an image of {0} × {1} pixels cannot be made: 1 to {MOST_PIXELS} a side can")]
    Size(usize, usize),
    /// The size of a pixel.
    #[error(
        "a pixel of {0} arcsec cannot be: it must be positive, and the image may not reach beyond the horizon (90° from its centre)"
    )]
    Scale(f64),
}

/// Square pixels in the SIN projection (Calabretta & Greisen 2002, A&A 395, 1077) as WSClean lays them: the centre is at
/// pixel (width/2, height/2), counted from 0; x goes to the west, y to the north.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SkyGrid {
    /// The direction of the centre, in J2000 or ICRS.
    pub centre: Direction,
    /// Pixels to the west.
    pub width: usize,
    /// Pixels to the north.
    pub height: usize,
    /// The size of a pixel, as a direction cosine [rad].
    pub scale: f64,
}

impl SkyGrid {
    /// A grid about `centre`, which is turned to J2000 unless it is in ICRS.
    ///
    /// # Errors
    /// [`GridError`] for a size that no image can have.
    pub fn new(centre: Direction, width: usize, height: usize, scale: f64) -> Result<SkyGrid, GridError> {
        if !(1..=MOST_PIXELS).contains(&width) || !(1..=MOST_PIXELS).contains(&height) {
            return Err(GridError::Size(width, height));
        }
        let reach = 0.5 * scale * width.max(height) as f64;
        if !(scale > 0.0 && reach <= 1.0) {
            return Err(GridError::Scale(scale.to_degrees() * 3600.0));
        }
        let centre = if centre.frame == Frame::Icrs { centre } else { centre.to(Frame::J2000) };
        Ok(SkyGrid { centre, width, height, scale })
    }

    /// The pixel coordinates of a direction, counted from 0 at the middle of the first; none on the far side of the sky.
    pub fn pixel(&self, direction: Direction) -> Option<[f64; 2]> {
        let lmn = direction.lmn(self.centre);
        let (x, y) = ((self.width / 2) as f64, (self.height / 2) as f64);
        (lmn.n() > 0.0).then(|| [x - lmn.l / self.scale, y + lmn.m / self.scale])
    }

    /// The index of the pixel (x, y) in the image, x the faster; none outside.
    pub fn index(&self, x: i64, y: i64) -> Option<usize> {
        let (x, y) = (usize::try_from(x).ok()?, usize::try_from(y).ok()?);
        (x < self.width && y < self.height).then(|| y * self.width + x)
    }

    /// How offsets in pixels about a source become offsets in its own tangent plane.
    pub(super) fn tangent(&self, position: Direction, gaussian: Option<&Gaussian>) -> Tangent {
        let (east, north) = match gaussian.map(|gaussian| gaussian.angle_frame) {
            Some(AngleFrame::Centre) => ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]),
            _ => position.tangent_axes(self.centre),
        };
        let angle = match gaussian {
            Some(gaussian) if gaussian.angle_frame == AngleFrame::Source => {
                position.to_with_angle(self.centre.frame, gaussian.position_angle).1
            }
            Some(gaussian) => gaussian.position_angle,
            None => 0.0,
        };
        // Pixels to the west and north are −l and m.
        let (a, b, c, d) = (-east[0], -north[0], east[1], north[1]);
        let determinant = a * d - b * c;
        let inverse = [d, -b, -c, a].map(|value| self.scale * value / determinant);
        Tangent { inverse, sin_cos: angle.sin_cos() }
    }
}

/// Pixels to offsets in the tangent plane of a source.
pub(super) struct Tangent {
    /// East and north [rad] of one pixel in x and y.
    inverse: [f64; 4],
    sin_cos: (f64, f64),
}

impl Tangent {
    /// Offsets along and across the position angle [rad] of an offset in pixels.
    pub(super) fn along_across(&self, x: f64, y: f64) -> (f64, f64) {
        let east = self.inverse[0] * x + self.inverse[1] * y;
        let north = self.inverse[2] * x + self.inverse[3] * y;
        let (sin, cos) = self.sin_cos;
        (east * sin + north * cos, east * cos - north * sin)
    }
}

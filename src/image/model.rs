//! Sources put on pixels: a clean mask and a model image.

use super::grid::SkyGrid;
use crate::sky::{Component, Ellipse};

/// What was put on an image.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stamped {
    /// The values, shape (height, width).
    pub pixels: Vec<f32>,
    /// Sources that lie on it.
    pub inside: usize,
    /// Sources that do not.
    pub outside: usize,
}

/// A mask: 1 within `radius` [rad] of any source, 0 elsewhere.
///
/// About what is extended it is an ellipse, whose half axes are the radius and its full widths at half maximum or
/// diameters, added in quadrature. The pixel nearest to a source is in it always.
pub fn draw_mask(grid: &SkyGrid, components: &[Component], radius: f64) -> Stamped {
    let mut stamped = Stamped { pixels: vec![0.0; grid.width * grid.height], ..Stamped::default() };
    for component in components {
        let size = component.shape.ellipse();
        let half = |width: Option<f64>| radius.hypot(width.unwrap_or(0.0));
        let (long, short) = (half(size.map(|e| e.major)), half(size.map(|e| e.minor)));
        let Some(pixel) = grid.pixel(component.position) else {
            stamped.outside += 1;
            continue;
        };
        let tangent = grid.tangent(component.position, size.as_ref());
        let (nearest, reach) = (pixel.map(|x| x.round() as i64), long / grid.scale);
        let mut touched = false;
        for_box(grid, pixel, reach, |x, y, index| {
            let (along, across) = tangent.along_across(x as f64 - pixel[0], y as f64 - pixel[1]);
            if [x, y] == nearest || (along / long).powi(2) + (across / short).powi(2) <= 1.0 {
                stamped.pixels[index] = 1.0;
                touched = true;
            }
        });
        if touched { stamped.inside += 1 } else { stamped.outside += 1 }
    }
    stamped
}

/// A model image [Jy/pixel]: the flux density that `flux` gives each component on its nearest pixel; what is wider than a pixel
/// is spread over its own.
pub fn draw_model(grid: &SkyGrid, components: &[Component], flux: impl Fn(&Component) -> f64) -> Stamped {
    let mut stamped = Stamped { pixels: vec![0.0; grid.width * grid.height], ..Stamped::default() };
    for component in components {
        let nearest = grid.pixel(component.position).map(|pixel| pixel.map(|x| x.round() as i64));
        let Some((pixel, index)) = grid
            .pixel(component.position)
            .zip(nearest)
            .and_then(|(pixel, [x, y])| grid.index(x, y).map(|index| (pixel, index)))
        else {
            stamped.outside += 1;
            continue;
        };
        stamped.inside += 1;
        match component.shape.ellipse() {
            Some(size) if size.major > grid.scale => {
                for (index, weight) in spread(grid, component, pixel, size) {
                    stamped.pixels[index] += (flux(component) * weight) as f32;
                }
            }
            _ => stamped.pixels[index] += flux(component) as f32,
        }
    }
    stamped
}

/// The pixels of a source with their parts of its flux density, of those outside of the image too.
pub(super) fn spread(
    grid: &SkyGrid,
    component: &Component,
    pixel: [f64; 2],
    size: Ellipse,
) -> Vec<(usize, f64)> {
    let tangent = grid.tangent(component.position, Some(&size));
    // Narrower than a pixel, its sampled values would depend on where it lies between the pixels.
    let [long, short] = [size.major, size.minor].map(|width| width.max(grid.scale));
    let reach = (component.shape.reach() * long / grid.scale).ceil();
    let [rx, ry] = [long, short].map(|width| grid.scale / width);
    let (first, last) = (pixel.map(|x| (x - reach).floor() as i64), pixel.map(|x| (x + reach).ceil() as i64));
    let mut sum = 0.0;
    let mut inside = Vec::new();
    for y in first[1]..=last[1] {
        for x in first[0]..=last[0] {
            let (along, across) = tangent.along_across(x as f64 - pixel[0], y as f64 - pixel[1]);
            let weight = component.shape.brightness([along / long, across / short], rx.max(ry));
            sum += weight;
            if let Some(index) = grid.index(x, y) {
                inside.push((index, weight));
            }
        }
    }
    inside.iter_mut().for_each(|(_, weight)| *weight /= sum);
    inside
}

/// Calls `touch(x, y, index)` for the pixels of the image within `reach` of a place each way.
fn for_box(grid: &SkyGrid, pixel: [f64; 2], reach: f64, mut touch: impl FnMut(i64, i64, usize)) {
    let bounds = |place: f64, length: usize| {
        let first = (place - reach).round().clamp(0.0, length as f64) as i64;
        let last = (place + reach).round().clamp(-1.0, length as f64 - 1.0) as i64;
        first..=last
    };
    for y in bounds(pixel[1], grid.height) {
        for x in bounds(pixel[0], grid.width) {
            if let Some(index) = grid.index(x, y) {
                touch(x, y, index);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coords::{Direction, Frame};
    use crate::sky::{AngleFrame, Gaussian, Shape, Spectrum};

    const ARCSEC: f64 = std::f64::consts::PI / 180.0 / 3600.0;

    fn grid() -> SkyGrid {
        let centre = Direction::from_degrees(Frame::J2000, 343.5, 16.0);
        SkyGrid::new(centre, 400, 300, 5.0 * ARCSEC).expect("a grid")
    }

    fn point(ra: f64, dec: f64, flux: f64) -> Component {
        Component::point(Direction::from_degrees(Frame::J2000, ra, dec), flux, Spectrum::Flat)
    }

    #[test]
    fn a_point_is_one_pixel_and_a_circle_has_its_area() {
        let grid = grid();
        let far = [point(343.5, 16.0, 2.0), point(344.5, 16.0, 1.0), point(163.5, -16.0, 1.0)];
        let model = draw_model(&grid, &far, |component| component.stokes.i);
        assert_eq!((model.inside, model.outside), (1, 2));
        assert_eq!(model.pixels[150 * 400 + 200], 2.0);
        assert_eq!(model.pixels.iter().sum::<f32>(), 2.0);
        let mask = draw_mask(&grid, &far, 60.0 * ARCSEC);
        let area = std::f32::consts::PI * 12.0 * 12.0;
        assert!((mask.pixels.iter().sum::<f32>() / area - 1.0).abs() < 0.03);
        let tiny = draw_mask(&grid, &far, 0.0);
        assert_eq!(tiny.pixels.iter().sum::<f32>(), 1.0);
    }

    #[test]
    fn a_gaussian_keeps_its_flux_width_and_angle() {
        let grid = grid();
        let mut source = point(343.52, 16.02, 3.0);
        let angle = 30f64.to_radians();
        source.shape =
            Shape::Gaussian(Gaussian::new(60.0 * ARCSEC, 30.0 * ARCSEC, angle, AngleFrame::Source));
        let [x0, y0] = grid.pixel(source.position).expect("a pixel");
        let model = draw_model(&grid, &[source], |component| component.stokes.i);
        let (mut sum, mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0, 0.0);
        for (index, value) in model.pixels.iter().enumerate() {
            // East and north in arcsec.
            let (x, y) = (5.0 * (x0 - (index % 400) as f64), 5.0 * ((index / 400) as f64 - y0));
            let value = f64::from(*value);
            (sum, xx, xy, yy) = (sum + value, xx + value * x * x, xy + value * x * y, yy + value * y * y);
        }
        assert!((sum - 3.0).abs() < 1e-4, "{sum}");
        let variance = |width: f64| width * width / (8.0 * std::f64::consts::LN_2);
        let (long, short) = (variance(60.0), variance(30.0));
        let (sin, cos) = angle.sin_cos();
        for (found, expected) in [
            (xx / sum, long * sin * sin + short * cos * cos),
            (yy / sum, long * cos * cos + short * sin * sin),
            (xy / sum, (long - short) * sin * cos),
        ] {
            assert!((found / expected - 1.0).abs() < 2e-3, "{found} {expected}");
        }
    }
}

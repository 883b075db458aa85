//! Sources rendered at their exact places: an image whose transform is that of the sources.
//!
//! A source between pixels is a sinc function, which is the one of all functions on the pixels that has its visibilities up
//! to half a cycle a pixel. It is cut off by a Kaiser window (Kaiser & Schafer 1980, IEEE ASSP-28, 105), which
//! leaves them right to 1e-4 up to 0.45 cycles a pixel.

use rayon::prelude::*;

use super::fit::Fit;
use super::grid::SkyGrid;
use super::model::spread;
use crate::sky::Component;

/// Half the width of the window, in pixels, and its parameter.
const REACH: i64 = 32;
const BETA: f64 = 9.0;

/// Frequencies at which a spectrum is looked at to find its terms.
const PLACES: usize = 16;

/// Images of spectral terms.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rendered {
    /// For each term [Jy/pixel], shape (height, width).
    pub terms: Vec<Vec<f32>>,
    /// Sources that lie on the image.
    pub inside: usize,
    /// Sources that do not.
    pub outside: usize,
}

/// Renders Stokes I of `components` as `count` terms of `Σ c_i (ν/ν0 − 1)^i` over a band about ν0 = `frequency` of the width
/// `bandwidth` [Hz].
///
/// With one term the images hold the flux densities at ν0; with more, a least-squares fit over the band. what is
/// wider than a pixel is sampled.
pub fn render_terms(
    grid: &SkyGrid,
    components: &[Component],
    [frequency, bandwidth]: [f64; 2],
    count: usize,
) -> Rendered {
    // Chebyshev's places keep the largest error of the fit small.
    let places: Vec<f64> = (0..PLACES)
        .map(|k| {
            (std::f64::consts::PI * (k as f64 + 0.5) / PLACES as f64).cos() * 0.5 * bandwidth / frequency
        })
        .collect();
    let fit = if count > 1 { Fit::new(&places, count) } else { None };
    let terms = |component: &Component| -> Vec<f64> {
        let Some(fit) = &fit else {
            let mut terms = vec![0.0; count];
            terms[0] = component.stokes_at(frequency).i;
            return terms;
        };
        let values: Vec<f64> =
            places.iter().map(|place| component.stokes_at(frequency * (1.0 + place)).i).collect();
        fit.coefficients(&values)
    };
    let spectra: Vec<Vec<f64>> = components.par_iter().map(terms).collect();
    let pixels: Vec<Option<[f64; 2]>> = components
        .par_iter()
        .map(|component| grid.pixel(component.position).filter(|pixel| is_inside(grid, *pixel)))
        .collect();
    let inside = pixels.iter().flatten().count();
    let images = (0..count).into_par_iter().map(|term| {
        let mut image = vec![0.0f64; grid.width * grid.height];
        for ((component, pixel), terms) in components.iter().zip(&pixels).zip(&spectra) {
            if let Some(pixel) = pixel.filter(|_| terms[term] != 0.0) {
                add(grid, &mut image, component, pixel, terms[term]);
            }
        }
        image.into_iter().map(|value| value as f32).collect()
    });
    Rendered { terms: images.collect(), inside, outside: components.len() - inside }
}

fn is_inside(grid: &SkyGrid, pixel: [f64; 2]) -> bool {
    grid.index(pixel[0].round() as i64, pixel[1].round() as i64).is_some()
}

/// Adds a source of `flux` [Jy].
fn add(grid: &SkyGrid, image: &mut [f64], component: &Component, pixel: [f64; 2], flux: f64) {
    if let Some(size) = component.shape.ellipse().filter(|size| size.major > grid.scale) {
        for (index, weight) in spread(grid, component, pixel, size) {
            image[index] += flux * weight;
        }
        return;
    }
    let nearest = pixel.map(|place| place.round() as i64);
    let taps = [0, 1].map(|axis| {
        let offset = pixel[axis] - nearest[axis] as f64;
        let tap = |k: i64| kernel(k as f64 - offset);
        (-REACH..=REACH).map(tap).collect::<Vec<f64>>()
    });
    for (y, along_y) in (nearest[1] - REACH..).zip(&taps[1]) {
        if *along_y == 0.0 {
            continue;
        }
        for (x, along_x) in (nearest[0] - REACH..).zip(&taps[0]) {
            if let Some(index) = grid.index(x, y).filter(|_| *along_x != 0.0) {
                image[index] += flux * along_x * along_y;
            }
        }
    }
}

/// The windowed sinc at `x` pixels from the source; exactly zero at other whole pixels.
fn kernel(x: f64) -> f64 {
    let ratio = x / (REACH as f64 + 0.5);
    // A source on its pixel, but for rounding, takes that alone.
    if x.abs() < 1e-9 {
        return 1.0;
    }
    if ratio.abs() >= 1.0 || (x - x.round()).abs() < 1e-9 {
        return 0.0;
    }
    let argument = std::f64::consts::PI * x;
    argument.sin() / argument * bessel_i0(BETA * (1.0 - ratio * ratio).sqrt()) / bessel_i0(BETA)
}

/// I0 by its series, which ends soon for the arguments of a window.
fn bessel_i0(x: f64) -> f64 {
    let quarter = 0.25 * x * x;
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..100 {
        term *= quarter / f64::from(k * k);
        sum += term;
        if term < 1e-17 * sum {
            break;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coords::{Direction, Frame};
    use crate::sky::Spectrum;

    /// The transform of a source between pixels is that of a point up to 0.45 cycles a pixel.
    #[test]
    fn a_rendered_source_has_its_own_visibilities() {
        let centre = Direction::from_degrees(Frame::J2000, 150.0, 20.0);
        let grid = SkyGrid::new(centre, 100, 90, 1e-5).expect("a grid");
        let position = centre.offset(0.7, 5.37e-5);
        let spectrum = Spectrum::PowerLaw { alpha: -0.7, reference: 1.4e9 };
        let source = Component::point(position, 2.0, spectrum);
        let drawn = render_terms(&grid, std::slice::from_ref(&source), [1.4e9, 0.2e9], 2);
        assert_eq!((drawn.inside, drawn.outside, drawn.terms.len()), (1, 0, 2));
        let pixel = grid.pixel(position).unwrap();
        for (u, v) in [(0.0, 0.0), (0.3, -0.2), (0.45, 0.45), (-0.45, 0.1)] {
            let (mut re, mut im) = (0.0, 0.0);
            for (index, value) in drawn.terms[0].iter().enumerate() {
                let (x, y) = ((index % 100) as f64 - pixel[0], (index / 100) as f64 - pixel[1]);
                let (sin, cos) = (std::f64::consts::TAU * (u * x + v * y)).sin_cos();
                re += f64::from(*value) * cos;
                im += f64::from(*value) * sin;
            }
            let error = (re - 2.0).hypot(im);
            // A fit of two terms to a power law over the band is 1e-3 away from its value at the middle.
            assert!(error < 4e-3, "{u} {v}: {error:e}");
            let slope = -0.7 * re;
            let sum: f64 = drawn.terms[1].iter().map(|value| f64::from(*value)).sum();
            assert!((sum - slope).abs() < 0.02, "{sum} {slope}");
        }
        // The kernel by itself.
        for cycles in [0.0, 0.2, 0.45] {
            let sum: f64 = (-40..=40)
                .map(|k| {
                    let x = f64::from(k) - 0.37;
                    kernel(x) * (std::f64::consts::TAU * cycles * x).cos()
                })
                .sum();
            assert!((sum - 1.0).abs() < 2e-4, "{cycles}: {sum}");
        }
    }

    #[test]
    fn a_source_on_its_pixel_takes_that_alone() {
        let centre = Direction::from_degrees(Frame::J2000, 150.0, 20.0);
        let grid = SkyGrid::new(centre, 10, 10, 1e-5).expect("a grid");
        let source = Component::point(centre, 2.0, Spectrum::Flat);
        let drawn = render_terms(&grid, &[source], [1.4e9, 0.2e9], 1);
        assert_eq!(drawn.terms[0].iter().filter(|value| **value != 0.0).count(), 1);
        assert_eq!(drawn.terms[0][5 * 10 + 5], 2.0);
        let far = Component::point(centre.offset(1.0, 1.0), 2.0, Spectrum::Flat);
        assert_eq!(render_terms(&grid, &[far], [1.4e9, 0.2e9], 1).outside, 1);
    }
}

//! Images as they are, where too many pixels are other than zero to be components: read tile by tile.

use std::ops::Range;

use rayon::prelude::*;

use super::components::{Maker, Oddities};
use super::set::{ImageSet, Member};
use crate::coords::Direction;

/// Columns and rows of a tile. Grids are made of bands of rows, each of which reads all tiles that it meets.
const TILE: [usize; 2] = [128, 32];

/// The sky of a set of images, all of whose values are kept.
#[derive(Debug)]
pub struct Raster {
    set: ImageSet,
    maker: Maker,
    weights: [Vec<(usize, f64)>; 4],
    /// Jy/pixel, for each plane of the set those of all its pixels; 0 where there is no sky.
    planes: Vec<Vec<f32>>,
    tiles: Vec<Tile>,
    /// The files.
    pub members: Vec<Member>,
    /// Pixels other than zero in any plane.
    pub pixels: usize,
    /// What was assumed, and what was left out, in words.
    pub notes: Vec<String>,
}

/// A tile of the images with pixels other than zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tile {
    /// The first column and row.
    corner: [usize; 2],
    /// A direction amid those pixels, as cosines: see [`Wcs::cosines`](crate::image::Wcs::cosines).
    pub middle: [f64; 3],
    /// The longest chord from there to any of them, on the unit sphere.
    pub radius: f64,
    /// Pixels with each Stokes parameter.
    pub points: [usize; 4],
}

impl Raster {
    /// Keeps the `planes` of a set.
    pub(super) fn new(set: &ImageSet, maker: Maker, planes: Vec<Vec<f32>>, members: Vec<Member>) -> Raster {
        let (weights, set, notes) = (set.weights(), set.clone(), Vec::new());
        let mut raster = Raster { set, maker, weights, planes, tiles: Vec::new(), members, pixels: 0, notes };
        let odd = raster.look();
        raster.pixels = odd.pixels;
        raster.notes = odd.notes(&raster.set);
        raster.tiles = raster.corners().into_par_iter().filter_map(|corner| raster.tile(corner)).collect();
        raster
    }

    /// Counts what is other than zero, and what is odd about it.
    fn look(&self) -> Oddities {
        let wcs = self.set.wcs();
        let columns = wcs.size[0];
        let row = |y: usize| {
            let mut odd = Oddities::default();
            let mut values = vec![0.0; self.planes.len()];
            for x in 0..columns {
                let all = values.iter_mut().zip(&self.planes);
                all.for_each(|(value, plane)| *value = f64::from(plane[y * columns + x]));
                if values.iter().any(|value| *value != 0.0) {
                    odd.pixels += 1;
                    odd.off_sky += usize::from(wcs.cosines([x as f64, y as f64]).is_none());
                    odd.look(&self.set, &values);
                }
            }
            odd
        };
        (0..wcs.size[1]).into_par_iter().map(row).reduce(Oddities::default, Oddities::plus)
    }

    fn corners(&self) -> Vec<[usize; 2]> {
        let [width, height] = self.set.wcs().size;
        let rows = (0..height).step_by(TILE[1]);
        rows.flat_map(|y| (0..width).step_by(TILE[0]).map(move |x| [x, y])).collect()
    }

    fn tile(&self, corner: [usize; 2]) -> Option<Tile> {
        let mut tile = Tile { corner, middle: [0.0; 3], radius: 0.0, points: [0; 4] };
        let mut all = Vec::new();
        for stokes in 0..4 {
            let before = all.len();
            self.visit(&tile, stokes, |cosines, _| all.push(cosines));
            tile.points[stokes] = all.len() - before;
        }
        let sum: [f64; 3] = std::array::from_fn(|i| all.iter().map(|place| place[i]).sum());
        let length = sum.iter().map(|x| x * x).sum::<f64>().sqrt();
        tile.middle = sum.map(|x| x / length);
        let square =
            |place: &[f64; 3]| place.iter().zip(tile.middle).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
        tile.radius = all.iter().map(square).fold(0.0, f64::max).sqrt();
        (!all.is_empty()).then_some(tile)
    }

    /// The tiles.
    pub fn tiles(&self) -> &[Tile] {
        &self.tiles
    }

    /// How many pixels have a Stokes parameter: 0 to 3 for I, Q, U and V.
    pub fn points(&self, stokes: usize) -> usize {
        self.tiles.iter().map(|tile| tile.points[stokes]).sum()
    }

    /// The memory that the values take [bytes].
    pub fn bytes(&self) -> usize {
        self.planes.iter().map(|plane| plane.len() * size_of::<f32>()).sum()
    }

    /// The pixels on the sky.
    pub fn wcs(&self) -> &crate::image::Wcs {
        self.set.wcs()
    }

    /// The directions of pixels: one in each tile.
    pub fn directions(&self) -> impl Iterator<Item = Direction> {
        self.tiles.iter().map(|tile| self.wcs().direction_of(tile.middle))
    }

    /// Where images of channels meet [Hz], ascending, if each channel takes the image whose band it lies in.
    pub fn steps(&self) -> &[f64] {
        self.maker.edges()
    }

    /// The flux density of all pixels at a frequency [Hz], Stokes I [Jy].
    pub fn flux(&self, frequency: f64) -> f64 {
        let sampler = self.sampler(&[frequency]);
        let of_tile = |tile: &Tile| {
            let (mut sum, mut logs, mut flux) = (0.0, Vec::new(), [0.0]);
            self.visit(tile, 0, |_, values| {
                sampler.spectrum(values, &mut logs, &mut flux);
                sum += flux[0];
            });
            sum
        };
        // In the order of the tiles: sums do not depend on threads.
        self.tiles.par_iter().map(of_tile).collect::<Vec<f64>>().into_iter().sum()
    }

    /// Whether there is but one image for all frequencies.
    pub fn is_flat(&self) -> bool {
        self.planes.len() == self.set.products.len() || !self.steps().is_empty()
    }

    /// What makes spectra at `frequencies` [Hz].
    pub fn sampler(&self, frequencies: &[f64]) -> Sampler {
        self.maker.sampler(frequencies)
    }

    /// Calls `take(cosines, values)` for each pixel of a tile that has a Stokes parameter, in an order that stays: `values` has one for each
    /// image of a channel or Taylor term.
    pub fn visit(&self, tile: &Tile, stokes: usize, mut take: impl FnMut([f64; 3], &[f64])) {
        let products = self.set.products.len();
        let parts = &self.weights[stokes];
        if parts.is_empty() {
            return;
        }
        let wcs = self.set.wcs();
        let [columns, rows]: [Range<usize>; 2] = [0, 1].map(|axis| {
            let first = tile.corner[axis];
            first..wcs.size[axis].min(first + TILE[axis])
        });
        let mut values = vec![0.0; self.planes.len() / products];
        for y in rows {
            for x in columns.clone() {
                let pixel = y * wcs.size[0] + x;
                let mut any = false;
                for (node, value) in values.iter_mut().enumerate() {
                    let plane = |product: usize| f64::from(self.planes[node * products + product][pixel]);
                    *value = parts.iter().map(|(product, weight)| weight * plane(*product)).sum();
                    any |= *value != 0.0;
                }
                // What lies on no sky is zero.
                if let Some(cosines) = any.then(|| wcs.cosines([x as f64, y as f64])).flatten() {
                    take(cosines, &values);
                }
            }
        }
    }
}

/// Spectra of pixels at some frequencies.
#[derive(Debug)]
pub struct Sampler {
    /// For each frequency, the weight of each value.
    pub(super) linear: Vec<Vec<f64>>,
    /// The same of logarithms, where they are what is fitted.
    pub(super) logarithmic: Vec<Vec<f64>>,
}

impl Sampler {
    /// Writes the flux densities [Jy] of a pixel with such values. `logs` is memory for as many.
    pub fn spectrum(&self, values: &[f64], logs: &mut Vec<f64>, flux: &mut [f64]) {
        let apply =
            |weights: &[f64], values: &[f64]| weights.iter().zip(values).map(|(a, b)| a * b).sum::<f64>();
        let first = values.first().copied().unwrap_or(0.0);
        if self.logarithmic.is_empty() || !values.iter().all(|value| value * first > 0.0) {
            flux.iter_mut().zip(&self.linear).for_each(|(flux, weights)| *flux = apply(weights, values));
            return;
        }
        logs.clear();
        logs.extend(values.iter().map(|value| value.abs().ln()));
        for (flux, weights) in flux.iter_mut().zip(&self.logarithmic) {
            *flux = apply(weights, logs).exp().copysign(first);
        }
    }
}

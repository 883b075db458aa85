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

/// The pixels other than zero of a tile of the images.
#[derive(Debug, Clone, PartialEq)]
pub struct Tile {
    /// The columns and rows that they lie in.
    columns: Range<usize>,
    rows: Range<usize>,
    /// Whether all of that is on the sky.
    is_whole: bool,
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
        raster.tiles = raster.boxes().into_par_iter().filter_map(|place| raster.tile(place)).collect();
        raster
    }

    /// Counts what is other than zero, and what is odd about it.
    fn look(&self) -> Oddities {
        let wcs = self.set.wcs();
        let columns = wcs.size[0];
        let are_possible = Oddities::are_possible(&self.set);
        let row = |y: usize| {
            let mut odd = Oddities::default();
            let is_whole = self.is_on_sky(&(0..columns), &(y..y + 1));
            if let ([plane], true, false) = (&self.planes[..], is_whole, are_possible) {
                let is_there = |value: &&f32| **value != 0.0;
                odd.pixels = plane[y * columns..(y + 1) * columns].iter().filter(is_there).count();
                return odd;
            }
            let mut values = vec![0.0; self.planes.len()];
            for x in 0..columns {
                let all = values.iter_mut().zip(&self.planes);
                all.for_each(|(value, plane)| *value = f64::from(plane[y * columns + x]));
                if values.iter().any(|value| *value != 0.0) {
                    odd.pixels += 1;
                    odd.off_sky += usize::from(!is_whole && wcs.cosines([x as f64, y as f64]).is_none());
                    odd.look(&self.set, &values);
                }
            }
            odd
        };
        (0..wcs.size[1]).into_par_iter().map(row).reduce(Oddities::default, Oddities::plus)
    }

    /// Whether all of a box is on the sky, of which no projection makes more than a convex part of the plane: so are its corners.
    fn is_on_sky(&self, columns: &Range<usize>, rows: &Range<usize>) -> bool {
        let ends = |range: &Range<usize>| [range.start as f64, range.end as f64 - 1.0];
        let corners = ends(rows).into_iter().flat_map(|y| ends(columns).map(|x| [x, y]));
        corners.into_iter().all(|corner| self.wcs().cosines(corner).is_some())
    }

    /// The columns and rows of all tiles.
    fn boxes(&self) -> Vec<[Range<usize>; 2]> {
        let [width, height] = self.set.wcs().size;
        let parts = |length: usize, step: usize| {
            (0..length).step_by(step).map(move |first| first..length.min(first + step))
        };
        let of_row = |rows: Range<usize>| parts(width, TILE[0]).map(move |columns| [columns, rows.clone()]);
        parts(height, TILE[1]).flat_map(of_row).collect()
    }

    fn tile(&self, [columns, rows]: [Range<usize>; 2]) -> Option<Tile> {
        let is_whole = self.is_on_sky(&columns, &rows);
        let mut tile = Tile { columns, rows, is_whole, middle: [0.0; 3], radius: 0.0, points: [0; 4] };
        let (mut points, mut first, mut end) = ([0; 4], [usize::MAX; 2], [0; 2]);
        for (stokes, points) in points.iter_mut().enumerate() {
            self.visit_rows(&tile, stokes, 1, |row| {
                *points += row.columns.len();
                for pixel in [row.columns.first(), row.columns.last()].into_iter().flatten() {
                    let pixel = [*pixel, row.number];
                    first = std::array::from_fn(|axis| pixel[axis].min(first[axis]));
                    end = std::array::from_fn(|axis| end[axis].max(pixel[axis] + 1));
                }
            });
        }
        if points == [0; 4] {
            return None;
        }
        (tile.points, tile.columns, tile.rows) = (points, first[0]..end[0], first[1]..end[1]);
        let places = self.outline(&tile);
        let sum: [f64; 3] = std::array::from_fn(|i| places.iter().map(|place| place[i]).sum());
        let length = sum.iter().map(|x| x * x).sum::<f64>().sqrt();
        tile.middle = sum.map(|x| x / length);
        let square =
            |place: &[f64; 3]| place.iter().zip(tile.middle).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
        tile.radius = places.iter().map(square).fold(0.0, f64::max).sqrt();
        Some(tile)
    }

    /// Directions, as cosines, among which are the outermost of a tile: its edge, where all of it is on the sky, or else its pixels.
    fn outline(&self, tile: &Tile) -> Vec<[f64; 3]> {
        let Tile { columns, rows, .. } = tile;
        let mut places = Vec::new();
        let mut push = |[x, y]: [usize; 2]| places.extend(self.wcs().cosines([x as f64, y as f64]));
        if tile.is_whole {
            rows.clone()
                .for_each(|y| [columns.start, columns.end - 1].into_iter().for_each(|x| push([x, y])));
            columns.clone().for_each(|x| [rows.start, rows.end - 1].into_iter().for_each(|y| push([x, y])));
        } else {
            let mut all = |row: &Row| row.pixels().for_each(|(pixel, _)| push(pixel));
            (0..4).for_each(|stokes| self.visit_rows(tile, stokes, 1, &mut all));
        }
        places
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
            self.visit_rows(tile, 0, 1, |row| match sampler.factor() {
                Some(factor) => sum += factor * row.values.iter().sum::<f64>(),
                None => row.pixels().for_each(|(_, values)| {
                    sampler.spectrum(values, &mut logs, &mut flux);
                    sum += flux[0];
                }),
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

    /// Calls `take(cosines, values)` for every pixel of a tile that has a Stokes parameter, in an order that stays: `values` has
    /// one for each image of a channel or Taylor term.
    pub fn visit(&self, tile: &Tile, stokes: usize, mut take: impl FnMut([f64; 3], &[f64])) {
        self.visit_rows(tile, stokes, 1, |row| {
            for (pixel, values) in row.pixels() {
                if let Some(cosines) = self.wcs().cosines(pixel.map(|x| x as f64)) {
                    take(cosines, values);
                }
            }
        });
    }

    /// Calls `take` for every row of a tile that has pixels with a Stokes parameter, of which every so manyth (`each`) counts.
    pub fn visit_rows(&self, tile: &Tile, stokes: usize, each: usize, mut take: impl FnMut(&Row)) {
        let (products, parts) = (self.set.products.len(), &self.weights[stokes]);
        let (width, images) = (tile.columns.len(), self.planes.len() / products);
        if parts.is_empty() || width == 0 {
            return;
        }
        let wcs = self.set.wcs();
        let is_on_sky = |x: usize, y: usize| tile.is_whole || wcs.cosines([x as f64, y as f64]).is_some();
        let mut sums = vec![0.0; images * width];
        let (mut row, mut before) = (Row::default(), 0);
        for y in tile.rows.clone() {
            let first = y * wcs.size[0] + tile.columns.start;
            for (sums, planes) in sums.chunks_exact_mut(width).zip(self.planes.chunks_exact(products)) {
                sums.fill(0.0);
                for (product, weight) in parts {
                    let values = &planes[*product][first..first + width];
                    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += weight * f64::from(*value));
                }
            }
            row.number = y;
            row.columns.clear();
            row.values.clear();
            if images == 1 && each == 1 && tile.is_whole && sums.iter().all(|value| *value != 0.0) {
                // As in most dense images.
                row.columns.extend(tile.columns.clone());
                row.values.extend(&sums);
                take(&row);
                continue;
            }
            for (i, x) in tile.columns.clone().enumerate() {
                let values = sums[i..].iter().step_by(width);
                if values.clone().all(|value| *value == 0.0) || !is_on_sky(x, y) {
                    continue;
                }
                if before > 0 {
                    before -= 1;
                    continue;
                }
                before = each - 1;
                row.columns.push(x);
                row.values.extend(values);
            }
            if !row.columns.is_empty() {
                take(&row);
            }
        }
    }
}

/// Pixels of a row of a tile.
#[derive(Debug, Default)]
pub struct Row {
    /// Which row.
    pub number: usize,
    /// The columns, of which there is one at least.
    pub columns: Vec<usize>,
    /// For each of them, one value after the other, the value [Jy] of each image of a channel or Taylor term.
    pub values: Vec<f64>,
}

impl Row {
    /// The column and the row of each pixel, and its values.
    pub fn pixels(&self) -> impl Iterator<Item = ([usize; 2], &[f64])> {
        let images = self.values.len() / self.columns.len().max(1);
        let values = self.values.chunks_exact(images.max(1));
        self.columns.iter().zip(values).map(|(x, values)| ([*x, self.number], values))
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
    /// What a value is multiplied by at any of the frequencies, where there is but one image of all.
    pub fn factor(&self) -> Option<f64> {
        let (first, rest) = self.linear.split_first()?;
        (first.len() == 1 && self.logarithmic.is_empty() && rest.iter().all(|weights| weights == first))
            .then(|| first[0])
    }

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

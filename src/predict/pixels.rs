//! Images as transforms read them: tile by tile, about a phase centre, at some frequencies, through a beam.

use std::ops::Range;

use kernels::{Patch, Patches};
use rayon::prelude::*;

use super::primary::Primary;
use super::space::{Axes, Space, dot};
use super::transform::ViewOf;
use crate::beam::Offset;
use crate::coords::Direction;
use crate::image::sky::{Raster, Sampler, Tile};

/// More than chords change between frames that aberration distorts.
const SLACK: f64 = 1.001;

/// The pixels of one Stokes parameter.
pub(super) struct Pixels<'a> {
    raster: &'a Raster,
    stokes: usize,
    tiles: Vec<&'a Tile>,
    patches: Vec<Patch>,
    places: Places<'a>,
    sampler: Sampler,
    frequencies: &'a [f64],
    beam: Option<Beam<'a>>,
    /// Every so manyth pixel only.
    each: usize,
}

/// The beam of a pair of kinds of antennas that look at a place.
struct Beam<'a> {
    primary: &'a Primary,
    pair: (usize, usize),
    pointing: Direction,
}

/// From an image's own axes to those about a phase centre.
pub(super) enum Places<'a> {
    /// By a rotation: the rows are the axes of the centre in those of the image.
    Turned([[f64; 3]; 3]),
    /// Of a frame that is distorted against the other.
    Distorted { raster: &'a Raster, space: Space, axes: Axes },
}

impl<'a> Places<'a> {
    pub(super) fn new(raster: &'a Raster, space: Space, axes: Axes) -> Places<'a> {
        let centre = raster.wcs().centre;
        if Space::of(centre.frame) != space {
            return Places::Distorted { raster, space, axes };
        }
        let own = space.axes(centre);
        let unit = |k: usize| std::array::from_fn(|i| f64::from(u8::from(i == k)));
        let columns: [[f64; 3]; 3] = std::array::from_fn(|k| axes.baseline(own.vector(unit(k))));
        Places::Turned(std::array::from_fn(|row| columns.map(|column| column[row])))
    }

    /// The same of many, in three lists, in place.
    pub(super) fn place_all(&self, lists: &mut [Vec<f64>; 3]) {
        let [x, y, z] = lists;
        let all = x.iter_mut().zip(y.iter_mut()).zip(z.iter_mut());
        match self {
            Places::Turned(rows) => {
                for ((x, y), z) in all {
                    let [l, m, n] = rows.map(|row| dot(row, [*x, *y, *z]));
                    // Without cancellation on this side of the sky; both are worked out, so that the loop is one of vectors.
                    let (near, far) = (-(l * l + m * m) / (1.0 + n), n - 1.0);
                    (*x, *y, *z) = (l, m, if n > 0.0 { near } else { far });
                }
            }
            Places::Distorted { .. } => {
                for ((x, y), z) in all {
                    [*x, *y, *z] = self.place([*x, *y, *z]);
                }
            }
        }
    }

    /// l, m, n − 1 of direction cosines about the image's centre.
    #[inline]
    pub(super) fn place(&self, cosines: [f64; 3]) -> [f64; 3] {
        match self {
            Places::Turned(rows) => {
                let [l, m, n] = rows.map(|row| dot(row, cosines));
                // Without cancellation on this side of the sky.
                [l, m, if n > 0.0 { -(l * l + m * m) / (1.0 + n) } else { n - 1.0 }]
            }
            Places::Distorted { raster, space, axes } => {
                axes.place(space.vector(raster.wcs().direction_of(cosines)))
            }
        }
    }
}

impl<'a> Pixels<'a> {
    /// The pixels as a view sees them at `frequencies` [Hz]; every so manyth (`each`) where an estimate looks at them.
    pub(super) fn new(
        raster: &'a Raster,
        stokes: usize,
        view: &ViewOf,
        primary: &'a Primary,
        frequencies: &'a [f64],
        each: usize,
    ) -> Pixels<'a> {
        let tiles: Vec<&Tile> = raster.tiles().iter().filter(|tile| tile.points[stokes] > 0).collect();
        let places = Places::new(raster, Space::of(view.centre.frame), view.axes);
        let patch = |tile: &&Tile| Patch {
            lmn: places.place(tile.middle),
            radius: SLACK * tile.radius,
            points: tile.points[stokes].div_ceil(each),
        };
        let patches = tiles.iter().map(patch).collect();
        let beam = view.pointing.map(|pointing| Beam { primary, pair: view.pair, pointing });
        let sampler = raster.sampler(frequencies);
        Pixels { raster, stokes, tiles, patches, places, sampler, frequencies, beam, each }
    }
}

impl Patches for Pixels<'_> {
    fn patches(&self) -> &[Patch] {
        &self.patches
    }

    fn read(&self, patch: usize, places: &mut Vec<[f64; 3]>, spectra: &mut Vec<f32>) {
        let wcs = self.raster.wcs();
        let (mut lists, mut logs) = ([Vec::new(), Vec::new(), Vec::new()], Vec::new());
        let mut flux = vec![0.0; self.frequencies.len()];
        self.raster.visit_rows(self.tiles[patch], self.stokes, self.each, |row| {
            wcs.cosines_of_row(row.number, &row.columns, &mut lists);
            match (self.frequencies, self.sampler.factor(), &self.beam) {
                ([_], Some(factor), None) => {
                    spectra.extend(row.values.iter().map(|value| (value * factor) as f32));
                }
                (_, _, beam) => {
                    for (i, (_, values)) in row.pixels().enumerate() {
                        self.sampler.spectrum(values, &mut logs, &mut flux);
                        if let Some(beam) = beam {
                            let direction = wcs.direction_of(std::array::from_fn(|k| lists[k][i]));
                            let offset = Offset::of(direction, beam.pointing);
                            beam.primary.apply(beam.pair, offset, self.frequencies, &mut flux);
                        }
                        spectra.extend(flux.iter().map(|flux| *flux as f32));
                    }
                }
            }
            self.places.place_all(&mut lists);
            let [l, m, n] = &lists;
            places.extend(l.iter().zip(m).zip(n).map(|((l, m), n)| [*l, *m, *n]));
        });
    }
}

/// Some points of patches, read once.
pub(super) struct Few {
    patches: Vec<Patch>,
    points: Vec<(Vec<[f64; 3]>, Vec<f32>)>,
}

impl Few {
    pub(super) fn new(pixels: &Pixels) -> Few {
        let read = |patch: usize| {
            let mut points = (Vec::new(), Vec::new());
            pixels.read(patch, &mut points.0, &mut points.1);
            points
        };
        let points = (0..pixels.patches.len()).into_par_iter().map(read).collect();
        Few { patches: pixels.patches.clone(), points }
    }

    /// Their spectra, one after the other.
    pub(super) fn spectra(&self) -> impl Iterator<Item = &[f32]> {
        self.points.iter().map(|(_, spectra)| spectra.as_slice())
    }
}

impl Patches for Few {
    fn patches(&self) -> &[Patch] {
        &self.patches
    }

    fn read(&self, patch: usize, places: &mut Vec<[f64; 3]>, spectra: &mut Vec<f32>) {
        places.extend_from_slice(&self.points[patch].0);
        spectra.extend_from_slice(&self.points[patch].1);
    }
}

/// The channels that take the same image of several, in runs, where images meet at such `steps` [Hz].
pub(super) fn runs(steps: &[f64], channels: &[f64]) -> Vec<Range<usize>> {
    let image = |channel: &f64| steps.partition_point(|step| step <= channel);
    let mut first = 0;
    channels
        .chunk_by(|a, b| image(a) == image(b))
        .map(|run| {
            first += run.len();
            first - run.len()..first
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_run_from_step_to_step() {
        assert_eq!(runs(&[], &[3.0, 2.0, 1.0]).first(), Some(&(0..3)));
        assert_eq!(runs(&[1.5, 2.0], &[3.0, 2.5, 2.0, 1.9, 1.0]), [0..3, 3..4, 4..5]);
    }
}

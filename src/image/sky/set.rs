//! A set of images: the same pixels at each frequency, or of each Taylor term, and for each Stokes parameter or
//! correlation.

use std::collections::BTreeSet;
use std::path::PathBuf;

use rayon::prelude::*;

use super::error::{ImageError, Result};
use super::file::{Counts, ImageFile};
use super::names::Parts;
use super::product::{Product, weights};
use crate::image::wcs::Wcs;

/// A frequency with an image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Node {
    /// [Hz], if it is known.
    pub(super) frequency: Option<f64>,
    /// [Hz]; 0 where it is not known.
    pub(super) width: f64,
}

/// How the images of a set go with frequency.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Nodes {
    /// Images of channels, ascending.
    Channels(Vec<Node>),
    /// Taylor terms about a reference frequency [Hz], with the width of the band [Hz].
    Taylor { terms: usize, reference: f64, width: f64 },
}

impl Nodes {
    pub(super) fn len(&self) -> usize {
        match self {
            Nodes::Channels(nodes) => nodes.len(),
            Nodes::Taylor { terms, .. } => *terms,
        }
    }
}

/// The frequencies for which images stand [Hz].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coverage {
    /// The lower end of the lowest band.
    pub low: f64,
    /// The upper end of the highest band.
    pub high: f64,
}

/// A file of a set.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Member {
    /// Its path.
    pub path: String,
    /// SHA-256 of its bytes.
    pub digest: String,
    /// Pixels in all its planes.
    pub pixels: u64,
    /// Those that are blank or not finite, which count as zeros.
    pub blanks: u64,
}

/// A value of a pixel: (row × columns + column, plane of the set, Jy/pixel).
pub(super) type Entry = (u32, u32, f32);

/// Images whose headers are understood and go together.
#[derive(Debug, Clone)]
pub struct ImageSet {
    files: Vec<ImageFile>,
    /// For each plane of each file, its index in the set: node × products + product.
    places: Vec<Vec<u32>>,
    pub(super) nodes: Nodes,
    pub(super) products: Vec<Product>,
}

/// All that is other than zero in a set.
#[derive(Debug, Clone)]
pub(super) enum Values {
    /// In the order of pixels, and of planes within each.
    Entries(Vec<Entry>),
    /// Every pixel, for each plane of the set.
    Planes(Vec<Vec<f32>>),
}

impl ImageSet {
    /// Reads the headers of images that are to be one sky.
    ///
    /// # Errors
    /// [`ImageError`] if one is not understood, has other pixels than the first, or if a plane is there twice or not at
    /// all.
    pub fn open(parts: &[Parts]) -> Result<ImageSet> {
        let files: Vec<ImageFile> = parts.iter().map(ImageFile::open).collect::<Result<_>>()?;
        let Some(first) = files.first() else {
            return Err(ImageError::Options("no images are given".into()));
        };
        for file in &files[1..] {
            let layout = |message: String| ImageError::layout(&file.path, message);
            if !file.wcs.is_same(&first.wcs) {
                return Err(layout(format!(
                    "its pixels are not those of {}: images of one sky have the same; predict other parts of the sky by a \
                     further run with --mode add",
                    first.path.display()
                )));
            }
            if file.corrected != first.corrected {
                return Err(layout(format!(
                    "one of this image and {} is corrected for the primary beam (-pb)",
                    first.path.display()
                )));
            }
        }
        let all = || files.iter().flat_map(|file| file.planes.iter().map(move |plane| (file, plane)));
        let products: BTreeSet<Product> = all().map(|(_, plane)| plane.product).collect();
        let products: Vec<Product> = products.into_iter().collect();
        if let Some(other) = products.iter().find(|product| product.basis() != products[0].basis()) {
            return Err(ImageError::Options(format!(
                "images of {} and of {other} cannot be one sky: give Stokes parameters, or correlations of one kind",
                products[0]
            )));
        }
        let nodes = nodes(&files)?;
        let mut taken: Vec<Option<PathBuf>> = vec![None; nodes.len() * products.len()];
        let mut places = Vec::new();
        for file in &files {
            let mut of_file = Vec::new();
            for plane in &file.planes {
                let node = match (&nodes, file.term) {
                    (Nodes::Taylor { .. }, Some(term)) => term,
                    (Nodes::Channels(nodes), _) => {
                        nodes.iter().position(|node| node.frequency == plane.frequency).unwrap_or(0)
                    }
                    (Nodes::Taylor { .. }, None) => 0,
                };
                let product = products.iter().position(|product| *product == plane.product).unwrap_or(0);
                let place = node * products.len() + product;
                if let Some(other) = taken[place].replace(file.path.clone()) {
                    return Err(ImageError::layout(
                        &file.path,
                        format!("it shows the same ({}) as {}", plane.product, other.display()),
                    ));
                }
                of_file.push(place as u32);
            }
            places.push(of_file);
        }
        if let Some(place) = taken.iter().position(Option::is_none) {
            let product = products[place % products.len()];
            let node = place / products.len();
            let what = match &nodes {
                Nodes::Taylor { .. } => format!("Taylor term {node}"),
                Nodes::Channels(nodes) => {
                    format!("{:.3} MHz", nodes[node].frequency.unwrap_or_default() / 1e6)
                }
            };
            return Err(ImageError::Options(format!(
                "there is no image of {product} at {what}, but others have one"
            )));
        }
        Ok(ImageSet { files, places, nodes, products })
    }

    /// The pixels on the sky.
    pub fn wcs(&self) -> &Wcs {
        &self.files[0].wcs
    }

    /// Whether the images are corrected for the primary beam, as their names say.
    pub fn is_corrected(&self) -> bool {
        self.files[0].corrected
    }

    /// How many images are in Jy a beam, but have none: their values are taken for Jy a pixel.
    pub fn lacking_beams(&self) -> usize {
        self.files.iter().filter(|file| file.lacks_beam).count()
    }

    /// The paths of the images.
    pub fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.files.iter().map(|file| &file.path)
    }

    /// What the images show.
    pub fn products(&self) -> &[Product] {
        &self.products
    }

    /// The frequencies for which the images stand; none where a header does not tell.
    pub fn coverage(&self) -> Option<Coverage> {
        let band = |frequency: f64, width: f64| {
            (width > 0.0).then_some([frequency - 0.5 * width, frequency + 0.5 * width])
        };
        match &self.nodes {
            Nodes::Taylor { reference, width, .. } => {
                band(*reference, *width).map(|[low, high]| Coverage { low, high })
            }
            Nodes::Channels(nodes) => {
                let bands: Option<Vec<[f64; 2]>> =
                    nodes.iter().map(|node| band(node.frequency?, node.width)).collect();
                let bands = bands?;
                let low = bands.iter().map(|band| band[0]).fold(f64::INFINITY, f64::min);
                let high = bands.iter().map(|band| band[1]).fold(0.0, f64::max);
                Some(Coverage { low, high })
            }
        }
    }

    /// The kinds of images in words.
    pub fn describe(&self) -> String {
        let names: Vec<String> = self.products.iter().map(Product::to_string).collect();
        let [width, height] = self.wcs().size;
        let spectrum = match &self.nodes {
            Nodes::Taylor { terms, reference, .. } => {
                format!("{terms} Taylor terms about {:.3} MHz", reference / 1e6)
            }
            Nodes::Channels(nodes) => match nodes[..] {
                [Node { frequency: None, .. }] => "one for all frequencies".into(),
                [Node { frequency: Some(frequency), .. }] => format!("at {:.3} MHz", frequency / 1e6),
                _ => format!("{} channels", nodes.len()),
            },
        };
        format!("{} of {width} × {height} pixels about {}, {spectrum}", names.join(" "), self.wcs().centre)
    }

    /// What was assumed of the images, each thing once.
    pub fn notes(&self) -> Vec<String> {
        let mut notes: Vec<(String, usize)> = Vec::new();
        for note in self.files.iter().flat_map(|file| &file.notes) {
            match notes.iter_mut().find(|(known, _)| known == note) {
                Some((_, count)) => *count += 1,
                None => notes.push((note.clone(), 1)),
            }
        }
        let said = |(note, count): (String, usize)| match count {
            1 if self.files.len() == 1 => note,
            count => format!("{count} of {} images: {note}", self.files.len()),
        };
        notes.into_iter().map(said).collect()
    }

    /// What Stokes parameters are made of: for each, the products and their weights.
    pub(super) fn weights(&self) -> [Vec<(usize, f64)>; 4] {
        weights(&self.products)
    }

    /// Reads all pixels that are other than zero; where there are more than `most` values, whole planes, if they take no more
    /// than `dense` bytes.
    pub(super) fn read(&self, most: usize, dense: Option<usize>) -> Result<(Values, Vec<Member>)> {
        // The bytes are hashed by other threads while the pixels are read here.
        let (digests, read) = rayon::join(
            || self.files.par_iter().map(ImageFile::digest).collect::<Result<Vec<String>>>(),
            || self.read_values(most, dense),
        );
        let (mut values, counts) = read?;
        if let Values::Entries(entries) = &mut values {
            entries.par_sort_unstable_by_key(|(pixel, plane, _)| (*pixel, *plane));
        }
        let members = self.files.iter().zip(digests?).zip(counts).map(|((file, digest), counts)| Member {
            path: file.path.display().to_string(),
            digest,
            pixels: counts.pixels,
            blanks: counts.blanks,
        });
        Ok((values, members.collect()))
    }

    fn read_values(&self, most: usize, dense: Option<usize>) -> Result<(Values, Vec<Counts>)> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut planes: Vec<Vec<f32>> = Vec::new();
        let mut counts = Vec::new();
        let mut beyond = false;
        let [width, height] = self.wcs().size;
        let count = self.nodes.len() * self.products.len();
        let bytes = width.saturating_mul(height).saturating_mul(count).saturating_mul(size_of::<f32>());
        for (file, places) in self.files.iter().zip(&self.places) {
            counts.push(file.visit(|plane, pixel, value| {
                if !planes.is_empty() {
                    planes[places[plane] as usize][pixel as usize] += value as f32;
                } else if entries.len() < most {
                    entries.push((pixel, places[plane], value as f32));
                } else if dense.is_some_and(|most| bytes <= most) {
                    planes = vec![vec![0.0; width * height]; count];
                    entries.push((pixel, places[plane], value as f32));
                    for (pixel, plane, value) in std::mem::take(&mut entries) {
                        planes[plane as usize][pixel as usize] += value;
                    }
                } else {
                    beyond = true;
                }
            })?);
            if beyond {
                let message = match dense {
                    None => format!(
                        "more than {most} pixels are other than zero, more than can be predicted one by one"
                    ),
                    Some(most) => format!(
                        "the images take {} MiB, and {} MiB are left for them: give more --memory",
                        bytes >> 20,
                        most >> 20
                    ),
                };
                return Err(ImageError::layout(&file.path, message));
            }
        }
        Ok((if planes.is_empty() { Values::Entries(entries) } else { Values::Planes(planes) }, counts))
    }
}

/// The frequencies or Taylor terms of a set.
fn nodes(files: &[ImageFile]) -> Result<Nodes> {
    let terms: BTreeSet<usize> = files.iter().filter_map(|file| file.term).collect();
    if !terms.is_empty() {
        return taylor(files, &terms);
    }
    let mut nodes: Vec<Node> = Vec::new();
    for file in files {
        for plane in &file.planes {
            match nodes.iter_mut().find(|node| node.frequency == plane.frequency) {
                Some(node) => node.width = node.width.max(plane.width),
                None => nodes.push(Node { frequency: plane.frequency, width: plane.width }),
            }
        }
        if nodes.len() > 1 && nodes.iter().any(|node| node.frequency.is_none()) {
            return Err(ImageError::layout(
                &file.path,
                "of several images at different frequencies, one does not tell its own (an axis FREQ)",
            ));
        }
    }
    nodes.sort_by(|a, b| a.frequency.unwrap_or(0.0).total_cmp(&b.frequency.unwrap_or(0.0)));
    Ok(Nodes::Channels(nodes))
}

fn taylor(files: &[ImageFile], terms: &BTreeSet<usize>) -> Result<Nodes> {
    let count = terms.last().map_or(0, |last| last + 1);
    if let Some(lacking) = (0..count).find(|term| !terms.contains(term)) {
        return Err(ImageError::Options(format!("there is no image of Taylor term {lacking}")));
    }
    let mut known: Option<(f64, f64)> = None;
    for file in files {
        let layout = |message: &str| ImageError::layout(&file.path, message);
        if file.term.is_none() {
            return Err(layout("it is no Taylor term (.ttN, -term-N), but others are"));
        }
        for plane in &file.planes {
            let frequency = plane.frequency.ok_or_else(|| {
                layout("a Taylor term needs a reference frequency (an axis FREQ, or RESTFRQ)")
            })?;
            let (reference, width) = *known.get_or_insert((frequency, plane.width));
            if (frequency - reference).abs() > 1e-9 * reference {
                return Err(layout("its reference frequency is not that of the other Taylor terms"));
            }
            known = Some((reference, width.max(plane.width)));
        }
    }
    let (reference, width) = known.unwrap_or_default();
    Ok(Nodes::Taylor { terms: count, reference, width })
}

//! Pixels into components: one for each Stokes parameter of each pixel, each with a spectrum of its own.

use std::sync::Arc;

use super::error::{ImageError, Result};
use super::raster::{Raster, Sampler};
use super::set::{Entry, ImageSet, Member, Nodes, Values};
use crate::image::fit::Fit;
use crate::sky::{Component, Shape, Spectrum, Stokes};

/// More values than are ever made components, each of which takes some 200 bytes.
const MOST_VALUES: usize = 4_000_000;

/// More values than are made components where they need not be.
const DENSE: usize = 100_000;

/// Terms of a fit where nothing else is said.
const TERMS: usize = 4;

/// More terms than any spectrum has.
const MOST_TERMS: usize = 12;

/// How the images of channels become spectra.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SpectrumKind {
    /// A logarithmic polynomial is fitted to each pixel, an ordinary one where its flux density changes sign.
    #[default]
    Fit,
    /// Each channel takes the image whose band it lies in, as WSClean predicts.
    Stepped,
}

/// How the spectra of pixels are made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spectra {
    /// What becomes of channel images.
    pub kind: SpectrumKind,
    /// Terms of the fit; as many as images, up to four, where `None`.
    pub terms: Option<usize>,
}

/// The sky of a set of images.
#[derive(Debug, Clone, Default)]
pub struct Drawn {
    /// One for each Stokes parameter of each pixel that is other than zero.
    pub components: Vec<Component>,
    /// The files.
    pub members: Vec<Member>,
    /// Pixels other than zero in any plane.
    pub pixels: usize,
    /// What was assumed, and what was left out, in words.
    pub notes: Vec<String>,
}

/// What a set of images is as a sky.
#[derive(Debug, Clone)]
pub enum Content {
    /// Pixels one by one.
    Components(Arc<Drawn>),
    /// Too many for that.
    Raster(Arc<Raster>),
}

/// What makes a spectrum of the values of a pixel.
#[derive(Debug)]
pub(super) enum Maker {
    Flat,
    Taylor { reference: f64, terms: usize },
    Steps { edges: Arc<[f64]> },
    Fit { logarithmic: Fit, ordinary: Fit, reference: f64 },
}

impl ImageSet {
    /// Reads the pixels and makes components of them, unless very many are other than zero: then they are kept as they
    /// are, if they take no more than `dense` bytes; `None` for components in any case.
    ///
    /// # Errors
    /// [`ImageError`] if a file cannot be read, too many pixels are other than zero, or the options do not go with the
    /// images.
    pub fn content(&self, spectra: Spectra, dense: Option<usize>) -> Result<Content> {
        let maker = self.maker(spectra)?;
        let (values, members) = self.read(if dense.is_some() { DENSE } else { MOST_VALUES }, dense)?;
        let mut notes = self.notes();
        notes.extend(self.spectra_note(spectra));
        let blanks: u64 = members.iter().map(|member| member.blanks).sum();
        let blanks =
            (blanks > 0).then(|| format!("{blanks} pixels are blank or not finite: they count as zeros"));
        Ok(match values {
            Values::Entries(entries) => {
                let mut drawn = Drawn { members, notes, ..Drawn::default() };
                let odd = self.draw(&maker, &entries, &mut drawn);
                drawn.notes.extend(odd.notes(self).into_iter().chain(blanks));
                Content::Components(Arc::new(drawn))
            }
            Values::Planes(planes) => {
                let mut raster = Raster::new(self, maker, planes, members);
                notes.append(&mut raster.notes);
                raster.notes = notes;
                raster.notes.extend(blanks);
                Content::Raster(Arc::new(raster))
            }
        })
    }

    /// Makes components of what is other than zero.
    fn draw(&self, maker: &Maker, entries: &[Entry], drawn: &mut Drawn) -> Oddities {
        let (products, nodes) = (self.products.len(), self.nodes.len());
        let weights = self.weights();
        let mut planes = vec![0.0; products * nodes];
        let mut values = vec![0.0; nodes];
        let mut odd = Oddities::default();
        for pixel in entries.chunk_by(|a, b| a.0 == b.0) {
            planes.fill(0.0);
            pixel.iter().for_each(|(_, plane, value)| planes[*plane as usize] += f64::from(*value));
            odd.pixels += 1;
            odd.look(self, &planes);
            let Some(position) = self.position(pixel) else {
                odd.off_sky += 1;
                continue;
            };
            for (stokes, parts) in weights.iter().enumerate() {
                for (node, value) in values.iter_mut().enumerate() {
                    *value = parts
                        .iter()
                        .map(|(product, weight)| weight * planes[node * products + product])
                        .sum();
                }
                let Some((flux, spectrum)) = maker.spectrum(&values) else { continue };
                let mut fluxes = [0.0; 4];
                fluxes[stokes] = flux;
                let [i, q, u, v] = fluxes;
                let stokes = Stokes { i, q, u, v };
                drawn.components.push(Component::new(position, Shape::Point, stokes, spectrum));
            }
        }
        drawn.pixels = odd.pixels;
        odd
    }

    fn position(&self, pixel: &[Entry]) -> Option<crate::coords::Direction> {
        let columns = self.wcs().size[0];
        let index = pixel.first()?.0 as usize;
        self.wcs().direction([(index % columns) as f64, (index / columns) as f64])
    }

    fn maker(&self, spectra: Spectra) -> Result<Maker> {
        let nodes = match &self.nodes {
            Nodes::Taylor { reference, terms, .. } => {
                return Ok(Maker::Taylor { reference: *reference, terms: *terms });
            }
            Nodes::Channels(nodes) if nodes.len() == 1 => return Ok(Maker::Flat),
            Nodes::Channels(nodes) => nodes,
        };
        let frequencies: Vec<f64> = nodes.iter().filter_map(|node| node.frequency).collect();
        if spectra.kind == SpectrumKind::Stepped {
            // Where one band ends and the next begins; half-way between them where they do not meet.
            let edge = |k: usize| {
                let end = frequencies[k] + 0.5 * nodes[k].width;
                let begin = frequencies[k + 1] - 0.5 * nodes[k + 1].width;
                (0.5 * (end + begin)).clamp(frequencies[k], frequencies[k + 1])
            };
            return Ok(Maker::Steps { edges: (0..nodes.len() - 1).map(edge).collect() });
        }
        let terms = spectra.terms.unwrap_or_else(|| nodes.len().min(TERMS));
        if terms == 0 || terms > nodes.len().min(MOST_TERMS) {
            return Err(ImageError::Options(format!(
                "--spectral-terms {terms}: {} images of channels determine from 1 to {} terms",
                nodes.len(),
                nodes.len().min(MOST_TERMS)
            )));
        }
        let logs = frequencies.iter().map(|frequency| frequency.ln()).sum::<f64>() / frequencies.len() as f64;
        let reference = logs.exp();
        let places = |place: fn(f64) -> f64| -> Vec<f64> {
            frequencies.iter().map(|frequency| place(frequency / reference)).collect()
        };
        let fits = (Fit::new(&places(f64::log10), terms), Fit::new(&places(|ratio| ratio - 1.0), terms));
        let (Some(logarithmic), Some(ordinary)) = fits else {
            return Err(ImageError::Options(format!(
                "the frequencies of the images lie too close together for {terms} terms: give fewer --spectral-terms"
            )));
        };
        Ok(Maker::Fit { logarithmic, ordinary, reference })
    }

    /// How channel images become spectra, in words.
    fn spectra_note(&self, spectra: Spectra) -> Option<String> {
        let Nodes::Channels(nodes) = &self.nodes else { return None };
        match (nodes.len(), spectra.kind) {
            (1, _) => None,
            (count, SpectrumKind::Stepped) => {
                Some(format!("each channel takes that of the {count} images whose band it lies in"))
            }
            (count, SpectrumKind::Fit) => Some(format!(
                "spectra: logarithmic polynomials of {} terms through {count} images, ordinary ones where the sign changes",
                spectra.terms.unwrap_or_else(|| count.min(TERMS))
            )),
        }
    }
}

impl Maker {
    /// Where one image ends and the next begins [Hz], if there are such steps.
    pub(super) fn edges(&self) -> &[f64] {
        if let Maker::Steps { edges } = self { edges } else { &[] }
    }

    /// The same spectra as [`Maker::spectrum`] makes, at `frequencies` [Hz] only.
    pub(super) fn sampler(&self, frequencies: &[f64]) -> Sampler {
        let mut logarithmic = Vec::new();
        let linear = match self {
            Maker::Flat => vec![vec![1.0]; frequencies.len()],
            Maker::Taylor { reference, terms } => {
                let powers = |hz: &f64| {
                    let x = hz / reference - 1.0;
                    (0..*terms as i32).map(|power| x.powi(power)).collect()
                };
                frequencies.iter().map(powers).collect()
            }
            Maker::Steps { edges } => {
                let of = |hz: &f64| {
                    let image = edges.partition_point(|edge| edge <= hz);
                    (0..=edges.len()).map(|k| f64::from(u8::from(k == image))).collect()
                };
                frequencies.iter().map(of).collect()
            }
            Maker::Fit { logarithmic: fit, ordinary, reference } => {
                let ratios = || frequencies.iter().map(|hz| hz / reference);
                logarithmic = ratios().map(|ratio| fit.weights_at(ratio.log10())).collect();
                ratios().map(|ratio| ordinary.weights_at(ratio - 1.0)).collect()
            }
        };
        Sampler { linear, logarithmic }
    }

    /// The flux density [Jy] and the spectrum of a pixel's values, one for each node; none where all are zero.
    fn spectrum(&self, values: &[f64]) -> Option<(f64, Spectrum)> {
        let largest =
            values.iter().fold(0.0, |most: f64, value| if value.abs() > most.abs() { *value } else { most });
        (largest != 0.0).then_some(())?;
        let relative = |unit: f64, values: &[f64]| values.iter().map(|value| value / unit).collect();
        Some(match self {
            Maker::Flat => (values[0], Spectrum::Flat),
            Maker::Steps { edges } => {
                (largest, Spectrum::Steps { edges: Arc::clone(edges), factors: relative(largest, values) })
            }
            Maker::Taylor { reference, .. } => series(values, *reference),
            Maker::Fit { logarithmic, ordinary, reference } => {
                if values.iter().all(|value| value * largest > 0.0) {
                    let logs: Vec<f64> = values.iter().map(|value| value.abs().log10()).collect();
                    let terms = logarithmic.coefficients(&logs);
                    let flux = 10f64.powf(terms[0]).copysign(largest);
                    (flux, Spectrum::LogPolynomial { terms: terms[1..].to_vec(), reference: *reference })
                } else {
                    series(&ordinary.coefficients(values), *reference)
                }
            }
        })
    }
}

/// `Σ c_i (ν/ν0 − 1)^i`, in units of c_0 unless that is much smaller than others.
fn series(terms: &[f64], reference: f64) -> (f64, Spectrum) {
    let largest =
        terms.iter().fold(0.0, |most: f64, term| if term.abs() > most.abs() { *term } else { most });
    let unit = if terms[0].abs() > 1e-6 * largest.abs() { terms[0] } else { largest };
    if terms.len() == 1 {
        return (unit, Spectrum::Flat);
    }
    let unit = if unit == 0.0 { 1.0 } else { unit };
    (unit, Spectrum::Series { factors: terms.iter().map(|term| term / unit).collect(), reference })
}

/// What of the pixels is worth a word.
#[derive(Default)]
pub(super) struct Oddities {
    /// Pixels other than zero in any plane.
    pub(super) pixels: usize,
    pub(super) off_sky: usize,
    /// Σ |XY| and Σ |XY − conj YX|, or RL and LR [Jy].
    crossed: f64,
    skew: f64,
}

impl Oddities {
    /// Both together.
    pub(super) fn plus(self, other: Oddities) -> Oddities {
        Oddities {
            pixels: self.pixels + other.pixels,
            off_sky: self.off_sky + other.off_sky,
            crossed: self.crossed + other.crossed,
            skew: self.skew + other.skew,
        }
    }

    /// The products that can be odd together: XY and YX, or RL and LR, with the imaginary parts of each.
    fn crossed(set: &ImageSet) -> Option<[(usize, Option<usize>); 2]> {
        let place = |place: i32, imaginary: bool| {
            let code = 4 * set.products[0].basis() + 1 + place;
            set.products.iter().position(|product| product.code == code && product.imaginary == imaginary)
        };
        let pair = [(place(1, false)?, place(1, true)), (place(2, false)?, place(2, true))];
        (set.products[0].basis() != 0).then_some(pair)
    }

    /// Whether the values of a set can be odd.
    pub(super) fn are_possible(set: &ImageSet) -> bool {
        Oddities::crossed(set).is_some()
    }

    pub(super) fn look(&mut self, set: &ImageSet, planes: &[f64]) {
        let Some([(first, imaginary), (second, other)]) = Oddities::crossed(set) else { return };
        let imaginary = [imaginary, other];
        for values in planes.chunks_exact(set.products.len()) {
            let [of_first, of_second] = imaginary.map(|at| at.map_or(0.0, |at| values[at]));
            self.crossed += values[first].hypot(of_first);
            self.skew += (values[first] - values[second]).hypot(of_first + of_second);
        }
    }

    pub(super) fn notes(&self, set: &ImageSet) -> Vec<String> {
        let mut notes = Vec::new();
        if self.off_sky > 0 {
            notes.push(format!("{} pixels lie where the projection has no sky: left out", self.off_sky));
        }
        let [first, second] = if set.products[0].basis() == 1 { ["RL", "LR"] } else { ["XY", "YX"] };
        if self.skew > 1e-3 * self.crossed {
            notes.push(format!(
                "the images of {first} and {second} are not conjugate, as those of a sky are ({:.1} % apart): their mean is \
                 taken",
                100.0 * self.skew / self.crossed
            ));
        }
        let basis = 4 * set.products[0].basis() + 1;
        if basis > 1 {
            let has = |code: i32| set.products.iter().any(|product| product.code == code);
            if has(basis) != has(basis + 3) {
                let (there, lacking) = if has(basis) { (basis, basis + 3) } else { (basis + 3, basis) };
                let name = |code| super::Product { code, imaginary: false };
                notes.push(format!(
                    "there is an image of {}, but none of {}: it is zero",
                    name(there),
                    name(lacking)
                ));
            }
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each kind of maker gives the values of the images back at their frequencies.
    #[test]
    fn spectra_go_through_the_images() {
        let frequencies: [f64; 4] = [1.29e9, 1.35e9, 1.42e9, 1.5e9];
        let reference = 1.39e9;
        let places = |place: fn(f64) -> f64| frequencies.map(|frequency| place(frequency / reference));
        let fit = Maker::Fit {
            logarithmic: Fit::new(&places(f64::log10), 4).unwrap(),
            ordinary: Fit::new(&places(|ratio| ratio - 1.0), 4).unwrap(),
            reference,
        };
        let steps = Maker::Steps { edges: [1.32e9, 1.39e9, 1.46e9].into() };
        for values in
            [[1.0, 0.9, 0.85, 0.7], [-1.0, -2.0, -2.5, -2.4], [1.0, 0.0, -0.5, 0.1], [0.0, 0.0, 0.0, 2.0]]
        {
            for maker in [&fit, &steps] {
                let (flux, spectrum) = maker.spectrum(&values).expect("a spectrum");
                for (value, frequency) in values.iter().zip(frequencies) {
                    let found = flux * spectrum.scale(0.0, frequency);
                    assert!((found - value).abs() < 1e-9, "{values:?}: {found} at {frequency}");
                }
                // And at a few frequencies only.
                let between = [1.28e9, 1.30e9, 1.38e9, 1.4e9, 1.52e9];
                let mut sampled = [0.0; 5];
                maker.sampler(&between).spectrum(&values, &mut Vec::new(), &mut sampled);
                for (found, frequency) in sampled.iter().zip(between) {
                    let expected = flux * spectrum.scale(0.0, frequency);
                    assert!((found - expected).abs() < 1e-9, "{values:?}: {found} for {expected}");
                }
            }
        }
        assert!(fit.spectrum(&[0.0; 4]).is_none());
        let (flux, spectrum) =
            Maker::Taylor { reference, terms: 2 }.spectrum(&[0.0, 2.0]).expect("a spectrum");
        assert!((flux * spectrum.scale(0.0, 1.1 * reference) - 0.2).abs() < 1e-12);
    }
}

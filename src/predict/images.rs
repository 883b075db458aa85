//! The sky of a run from images.

use std::path::Path;
use std::sync::Mutex;

use sha2::{Digest, Sha256};

use super::engine::Engine;
use super::error::{PredictError, Result};
use super::job::{Options, Radius};
use super::plan::Content;
use super::plan_cache::locked;
use super::report::{CatalogueReport, ImagesReport};
use crate::image::sky::{self, ImageSet, Member, Parts, Spectra};

/// How far beyond the images' bands channels may lie, in widths of the whole of them: rounding, not another band.
const SLACK: f64 = 1e-3;

/// The part of --memory that images may take which are predicted as they are.
const SHARE: f64 = 0.5;

/// The most memory that the spectra of pixels may take [bytes].
const SPECTRA: usize = 1 << 30;

/// Images that are the sky.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImageSky {
    /// The images of each interval of time, as found by [`crate::image::sky::find`] or as given; one list where the sky is the same
    /// at all times.
    pub intervals: Vec<Vec<Parts>>,
    /// How their pixels have spectra.
    pub spectra: Spectra,
    /// Whether frequencies outside of the images are predicted too.
    pub extrapolate: bool,
}

/// The images of an interval of time that were opened.
pub(super) struct OpenImages {
    set: ImageSet,
    spectra: Spectra,
    extrapolate: bool,
    /// Whether what they hold is read once for all runs of a batch: that of one interval after another would fill the memory.
    keeps: bool,
    /// The most bytes that images may take which are predicted as they are; none if pixels are to be components in any case.
    dense: Option<usize>,
    known: Mutex<Option<sky::Content>>,
}

impl OpenImages {
    /// Those of each interval.
    pub(super) fn open(sky: &ImageSky, options: &Options) -> Result<Vec<OpenImages>> {
        let exact = matches!(options.engine, Engine::Direct | Engine::DelayFft);
        let dense = (!exact && !chooses(options)).then_some((SHARE * options.memory as f64) as usize);
        let open = |files: &Vec<Parts>| {
            let (spectra, extrapolate, keeps) = (sky.spectra, sky.extrapolate, sky.intervals.len() == 1);
            let set = ImageSet::open(files)?;
            Ok(OpenImages { set, spectra, extrapolate, keeps, dense, known: Mutex::default() })
        };
        sky.intervals.iter().map(open).collect()
    }

    /// Refuses channels [Hz] for which the images do not stand.
    pub(super) fn check_frequencies(&self, [low, high]: [f64; 2]) -> Result<()> {
        let Some(coverage) = self.set.coverage().filter(|_| !self.extrapolate) else {
            return Ok(());
        };
        let slack = SLACK * (coverage.high - coverage.low);
        if low >= coverage.low - slack && high <= coverage.high + slack {
            return Ok(());
        }
        Err(PredictError::Options(format!(
            "the images are of {:.3}–{:.3} MHz, but the channels reach from {:.3} to {:.3} MHz: choose spectral windows \
             (--spws), or go beyond the images with --extrapolate",
            coverage.low / 1e6,
            coverage.high / 1e6,
            low / 1e6,
            high / 1e6
        )))
    }

    /// Refuses more pixels than can be predicted one by one at so many channels.
    pub(super) fn check_size(&self, components: usize, channels: usize) -> Result<()> {
        let bytes = components.saturating_mul(channels).saturating_mul(size_of::<f32>());
        if bytes <= SPECTRA {
            return Ok(());
        }
        Err(PredictError::Options(format!(
            "{components} pixels are other than zero: at {channels} channels their spectra would take {:.1} GiB, and a run \
             takes no more than {} GiB for them{}; set pixels that do not matter to zero, or choose spectral windows (--spws)",
            bytes as f64 / (1u64 << 30) as f64,
            SPECTRA >> 30,
            match self.dense {
                Some(_) => "",
                None => ", where it chooses among them or the engine is direct or delay-fft",
            }
        )))
    }

    /// The sky of the images, which is called `name`; the report says all but what is chosen of it.
    pub(super) fn gather(&self, name: &Path) -> Result<(Content, CatalogueReport)> {
        let mut known = locked(&self.known);
        let content = match known.as_ref() {
            Some(content) => content.clone(),
            None => {
                let content = self.set.content(self.spectra, self.dense)?;
                if self.keeps {
                    *known = Some(content.clone());
                }
                content
            }
        };
        drop(known);
        let (content, members, pixels, told) = match content {
            sky::Content::Components(drawn) => {
                let content = Content { components: drawn.components.clone(), raster: None };
                (content, drawn.members.clone(), drawn.pixels, drawn.notes.clone())
            }
            sky::Content::Raster(raster) => {
                let told = (raster.members.clone(), raster.pixels, raster.notes.clone());
                (Content { components: Vec::new(), raster: Some(raster) }, told.0, told.1, told.2)
            }
        };
        let mut notes = vec![self.set.describe()];
        notes.extend(told);
        let report = CatalogueReport {
            path: name.display().to_string(),
            format: "images".into(),
            digest: digest(&members),
            rows: members.iter().map(|member| member.pixels).sum(),
            notes,
            images: Some(ImagesReport {
                pixels,
                blanks: members.iter().map(|member| member.blanks).sum(),
                corrected: self.set.is_corrected(),
                files: members,
            }),
            ..CatalogueReport::default()
        };
        Ok((content, report))
    }

    /// What of the images and the beam a prediction should not rest on unsaid.
    pub(super) fn doubts(&self, has_beam: bool) -> Vec<String> {
        let mut doubts = Vec::new();
        match (self.set.is_corrected(), has_beam) {
            (true, false) => doubts.push(
                "the images are corrected for the primary beam (-pb), and no beam is applied: the model is not what the array \
                 sees; give --beam, or the images without -pb"
                    .into(),
            ),
            (false, true) => doubts.push(
                "a beam is applied to images that do not say that they are corrected for it (-pb): they are taken for the true \
                 sky"
                    .into(),
            ),
            _ => {}
        }
        let (lacking, all) = (self.set.lacking_beams(), self.set.paths().count());
        if lacking > 0 {
            let which =
                if all == 1 { "the image is".into() } else { format!("{lacking} of {all} images are") };
            doubts.push(format!(
                "{which} in JY/BEAM, but with no beam (BMAJ): values are taken for Jy a pixel, as in WSClean's model images"
            ));
        }
        doubts
    }
}

/// Whether options choose among the pixels, or put others beside them: they are components then.
fn chooses(options: &Options) -> bool {
    let choice = &options.choice;
    matches!(options.radius, Radius::Within(_))
        || !(choice.patches.is_empty() && choice.only.is_empty() && choice.exclude.is_empty())
        || !choice.add.is_empty()
        || [options.min_flux, options.beam_limit, options.min_apparent].iter().any(Option::is_some)
        || options.max_sources.is_some()
}

/// That of the one file, or of the digests of several in their order.
pub(super) fn digest(members: &[Member]) -> String {
    match members {
        [one] => one.digest.clone(),
        several => {
            let mut hasher = Sha256::new();
            several.iter().for_each(|member| hasher.update(member.digest.as_bytes()));
            hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
        }
    }
}

//! The sky of a run from images.

use std::path::Path;
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};

use super::error::{PredictError, Result};
use super::plan_cache::locked;
use super::report::{CatalogueReport, ImagesReport};
use crate::image::sky::{Drawn, ImageSet, Parts, Spectra};
use crate::sky::Component;

/// How far beyond the images' bands channels may lie, in widths of the whole of them: rounding, not another band.
const SLACK: f64 = 1e-3;

/// The most memory that the spectra of pixels may take [bytes].
const SPECTRA: usize = 1 << 30;

/// Images that are the sky.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImageSky {
    /// The images, as found by [`crate::image::sky::find`] or as given.
    pub files: Vec<Parts>,
    /// How their pixels have spectra.
    pub spectra: Spectra,
    /// Whether frequencies outside of the images are predicted too.
    pub extrapolate: bool,
}

/// Images that were opened; what they hold is read once for all runs of a batch.
pub(super) struct OpenImages {
    set: ImageSet,
    sky: ImageSky,
    drawn: Mutex<Option<Arc<Drawn>>>,
}

impl OpenImages {
    pub(super) fn open(sky: &ImageSky) -> Result<OpenImages> {
        let set = ImageSet::open(&sky.files)?;
        Ok(OpenImages { set, sky: sky.clone(), drawn: Mutex::default() })
    }

    /// Refuses channels [Hz] for which the images do not stand.
    pub(super) fn check_frequencies(&self, [low, high]: [f64; 2]) -> Result<()> {
        let Some(coverage) = self.set.coverage().filter(|_| !self.sky.extrapolate) else {
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
             takes no more than {} GiB for them; set pixels that do not matter to zero, or choose spectral windows (--spws)",
            bytes as f64 / (1u64 << 30) as f64,
            SPECTRA >> 30
        )))
    }

    /// The components of the images, which are called `name`; the report says all but what is chosen of them.
    pub(super) fn gather(&self, name: &Path) -> Result<(Vec<Component>, CatalogueReport)> {
        let mut known = locked(&self.drawn);
        let drawn = match known.as_ref() {
            Some(drawn) => Arc::clone(drawn),
            None => Arc::clone(known.insert(Arc::new(self.set.components(self.sky.spectra)?))),
        };
        drop(known);
        let mut notes = vec![self.set.describe()];
        notes.extend(drawn.notes.iter().cloned());
        let report = CatalogueReport {
            path: name.display().to_string(),
            format: "images".into(),
            digest: digest(&drawn),
            rows: drawn.members.iter().map(|member| member.pixels).sum(),
            notes,
            images: Some(ImagesReport {
                pixels: drawn.pixels,
                blanks: drawn.members.iter().map(|member| member.blanks).sum(),
                corrected: self.set.is_corrected(),
                files: drawn.members.clone(),
            }),
            ..CatalogueReport::default()
        };
        Ok((drawn.components.clone(), report))
    }

    /// What of the images and the beam a prediction should not rest on unsaid.
    pub(super) fn doubts(&self, has_beam: bool) -> Option<String> {
        match (self.set.is_corrected(), has_beam) {
            (true, false) => Some(
                "the images are corrected for the primary beam (-pb), and no beam is applied: the model is not what the array \
                 sees; give --beam, or the images without -pb"
                    .into(),
            ),
            (false, true) => Some(
                "a beam is applied to images that do not say that they are corrected for it (-pb): they are taken for the true \
                 sky"
                    .into(),
            ),
            _ => None,
        }
    }
}

/// That of the one file, or of the digests of several in their order.
fn digest(drawn: &Drawn) -> String {
    match &drawn.members[..] {
        [one] => one.digest.clone(),
        several => {
            let mut hasher = Sha256::new();
            several.iter().for_each(|member| hasher.update(member.digest.as_bytes()));
            hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
        }
    }
}

//! `nvss-predict image`: model images into the column.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args as ClapArgs, ValueEnum};

use super::args::{OutputArgs, RunArgs};
use super::sky_args::{RowArgs, ViewArgs};
use super::supervise::Link;
use super::{CliError, run_batch};
use crate::beam::BeamOption;
use crate::image::sky::{Parts, Spectra, SpectrumKind, Wanted, find};
use crate::predict::{Batch, ImageSky, Options, PointingOption};

const EXAMPLE: &str = "\
Examples:
  nvss-predict image obs.ms selfcal_iter1            # selfcal_iter1[-NNNN][-I]-model.fits
  nvss-predict image obs.ms --image sky.tt0.fits sky.tt1.fits";

/// Predict model images (FITS) instead of a catalogue
///
/// Every pixel other than zero is a point source at its own place, about each row's own phase centre, whatever the centre of
/// the image: SIN, NCP, TAN, ZEA, ARC and STG projections in ICRS, J2000, B1950 and galactic coordinates, turned or not.
/// PREFIX is what the names of WSClean's images begin with: PREFIX[-tNNNN][-NNNN][-POL[i]]-model[-pb].fits, or those of Taylor
/// terms, PREFIX-term-N.fits and PREFIX[.model].ttN.fits. Images of intervals of time (-tNNNN) share the timesteps of each
/// MeasurementSet evenly, as those of WSClean's -intervals-out do. Nothing is written but the column.
#[derive(Debug, ClapArgs)]
#[command(after_help = EXAMPLE, override_usage = "nvss-predict image [OPTIONS] <MS>... <PREFIX>\n       nvss-predict image [OPTIONS] <MS>... --image <FILE>...")]
pub(super) struct ImageArgs {
    /// The MeasurementSets, and what the images' names begin with unless --image gives them
    #[arg(required = true, num_args = 1.., value_name = "MS")]
    paths: Vec<PathBuf>,
    /// Images of one sky: channels, Stokes parameters or correlations, Taylor terms (.tt0, -term-0), a cube
    #[arg(long, num_args = 1.., value_name = "FILE", help_heading = "Images")]
    image: Vec<PathBuf>,
    #[command(flatten)]
    spectra: SpectraArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    #[command(flatten)]
    view: ViewArgs,
    #[command(flatten)]
    rows: RowArgs,
    #[command(flatten)]
    run: RunArgs,
}

/// How pixels have spectra.
#[derive(Debug, ClapArgs)]
struct SpectraArgs {
    /// What lies between the images of channels: fit (a logarithmic polynomial through each pixel's values, an ordinary one
    /// where their sign changes), or stepped (each channel takes the image whose band it lies in, as WSClean predicts)
    #[arg(long, value_enum, default_value_t = SpectrumArg::Fit, help_heading = "Images")]
    spectrum: SpectrumArg,
    /// Terms of the fit [default: as many as images, up to 4]
    #[arg(long, value_name = "N", help_heading = "Images")]
    spectral_terms: Option<usize>,
    /// Predict frequencies outside of the images, too
    #[arg(long, help_heading = "Images")]
    extrapolate: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SpectrumArg {
    Fit,
    Stepped,
}

impl ImageArgs {
    /// The predictions that the arguments mean.
    pub(super) fn batch(&self) -> Result<Batch, CliError> {
        self.run.check()?;
        self.output.check()?;
        let Asked { ms, name, intervals } = self.asked()?;
        if self.view.beam == BeamOption::default() && self.view.pointing != PointingOption::Field {
            return Err(CliError::Usage("--pointing needs a beam: give --beam (see --help)".into()));
        }
        let fits = self.spectra.spectrum == SpectrumArg::Fit;
        if !fits && self.spectra.spectral_terms.is_some() {
            return Err(CliError::Usage("--spectral-terms are those of --spectrum fit".into()));
        }
        let spectra = Spectra {
            kind: if fits { SpectrumKind::Fit } else { SpectrumKind::Stepped },
            terms: self.spectra.spectral_terms,
        };
        let options = Options {
            beam: self.view.beam.clone(),
            pointing: self.view.pointing,
            fields: self.rows.fields.as_ref().map(|ids| ids.0.clone()),
            spws: self.rows.spws.as_ref().map(|ids| ids.0.clone()),
            ..Options::of_images(ImageSky { intervals, spectra, extrapolate: self.spectra.extrapolate })
        };
        let options = self.run.options(self.output.options(options))?;
        Ok(Batch { ms, at_once: self.run.jobs(), options, catalogue: name })
    }

    /// What the paths and `--image` name.
    fn asked(&self) -> Result<Asked, CliError> {
        if let Some(first) = self.image.first() {
            let files = self.image.iter().map(|path| Parts::of(path)).collect();
            return Ok(Asked { ms: self.paths.clone(), name: first.clone(), intervals: vec![files] });
        }
        let Some((name, ms)) = self.paths.split_last().filter(|(_, ms)| !ms.is_empty()) else {
            return Err(CliError::Usage(
                "a MeasurementSet and the prefix of images are needed, or --image FILE; see --help".into(),
            ));
        };
        let intervals = if name.is_file() {
            vec![vec![Parts::of(name)]]
        } else {
            // Through a beam one wants the true sky.
            let corrected = self.view.beam != BeamOption::default();
            find(name, &Wanted { corrected, ..Wanted::default() })?
        };
        Ok(Asked { ms: ms.to_vec(), name: name.clone(), intervals })
    }
}

/// What is to be predicted into what.
struct Asked {
    ms: Vec<PathBuf>,
    /// The name of the sky.
    name: PathBuf,
    /// Its images in each interval of time.
    intervals: Vec<Vec<Parts>>,
}

pub(super) fn run(args: &ImageArgs, link: Option<&Arc<Link>>) -> Result<u8, CliError> {
    run_batch(args.batch()?, args.run.verbosity(), args.output.report.as_deref(), link)
}

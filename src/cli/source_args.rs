//! The options that put sources of their own into the sky, choose patches, and say what antennas make of it.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use super::CliError;
use crate::catalog::read_light_curve;
use crate::image::sky::calibrator_parts;
use crate::predict::{Added, FeedRotation, PredictError};
use crate::sky::{Component, FluxScale, calibrator};

#[derive(Debug, ClapArgs)]
pub(super) struct SourceArgs {
    /// Take only the sources of these patches of the list, by name; with --mode subtract to take them out of a column
    #[arg(long, value_delimiter = ',', value_name = "NAME,...", help_heading = "Sources")]
    patches: Vec<String>,
    /// Put in a calibrator of flux density under its name (3C286, 3C48, Cyg A): a point where CASA's setjy has it. As if given
    /// by --add-source; may be given again
    #[arg(long, value_name = "NAME", help_heading = "Sources")]
    calibrator: Vec<String>,
    /// A model image (FITS, one frequency) of a calibrator of --calibrator: the first for the first, and so on. Its pixels share
    /// the calibrator's flux density, as setjy scales its models
    #[arg(long, value_name = "FILE.fits", help_heading = "Sources")]
    calibrator_image: Vec<PathBuf>,
    /// The scale of --calibrator: perley-butler-2017 or scaife-heald-2012
    #[arg(long, default_value_t = FluxScale::default(), value_name = "SCALE", help_heading = "Sources")]
    flux_scale: FluxScale,
    /// A light curve for a source of --add-source: the first for the first, and so on. A CSV file with the columns mjd (or
    /// time: ISO 8601, or time_s) and flux_jy (or flux_mjy), in place of the source's flux density at its reference
    /// frequency; on straight lines between the times, nothing before and after
    #[arg(long, value_name = "FILE.csv", help_heading = "Sources")]
    light_curve: Vec<PathBuf>,
}

impl SourceArgs {
    pub(super) fn patches(&self) -> Vec<String> {
        self.patches.iter().map(|name| name.trim().to_owned()).collect()
    }

    /// Sources put in by hand, with their light curves, and the calibrators.
    pub(super) fn complete(&self, mut added: Vec<Component>) -> Result<Vec<Added>, CliError> {
        if self.light_curve.len() > added.len() {
            return Err(CliError::Usage(format!(
                "{} of --light-curve, but {} of --add-source: each belongs to one source",
                self.light_curve.len(),
                added.len()
            )));
        }
        for (component, path) in added.iter_mut().zip(&self.light_curve) {
            let flux = component.stokes.i;
            if flux == 0.0 {
                return Err(CliError::Usage(
                    "a source with a light curve needs a flux density other than zero in --add-source".into(),
                ));
            }
            let curve = read_light_curve(path, flux)
                .map_err(|error| CliError::Usage(format!("--light-curve: {error}")))?;
            component.light_curve = Some(curve.into());
        }
        if self.calibrator_image.len() > self.calibrator.len() {
            return Err(CliError::Usage(format!(
                "{} of --calibrator-image, but {} of --calibrator: each belongs to one calibrator",
                self.calibrator_image.len(),
                self.calibrator.len()
            )));
        }
        let mut added: Vec<Added> = added.into_iter().map(Added::from).collect();
        let mut images = self.calibrator_image.iter();
        for name in &self.calibrator {
            let found = calibrator(name, self.flux_scale)
                .map_err(|error| CliError::Usage(format!("--calibrator: {error}")))?;
            let image = images.next().map(|path| calibrator_parts(&found.component, path)).transpose();
            let parts = image
                .map_err(|error| PredictError::Options(format!("--calibrator-image: {error}")))?
                .unwrap_or_default();
            added.push(Added { whole: found.component, parts });
        }
        Ok(added)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FeedRotationArg {
    Off,
    Auto,
    On,
}

#[derive(Debug, ClapArgs)]
pub(super) struct AntennaArgs {
    /// Whether the model has the feeds turn over the sky: off (X is north, as CASA and DP3 write it), auto (by the parallactic
    /// angle where MOUNT is alt-az, and by RECEPTOR_ANGLE), on (as if every mount were alt-az)
    #[arg(long, value_enum, default_value_t = FeedRotationArg::Off, value_name = "WHEN", help_heading = "Antennas")]
    feed_rotation: FeedRotationArg,
    /// Give the model the gains of a CASA calibration table (G, T, B or K), interpolated as applycal does, or of an H5parm
    /// as DP3 applies them, to each patch those of its direction: amplitude000 and phase000, or the tables named after the
    /// file, as in FILE:tec000,phase001; may be given again, each applied to what the one before leaves
    #[arg(long, value_name = "TABLE", help_heading = "Antennas")]
    apply_gains: Vec<PathBuf>,
}

impl AntennaArgs {
    pub(super) fn feed_rotation(&self) -> FeedRotation {
        match self.feed_rotation {
            FeedRotationArg::Off => FeedRotation::Off,
            FeedRotationArg::Auto => FeedRotation::Auto,
            FeedRotationArg::On => FeedRotation::On,
        }
    }

    pub(super) fn apply_gains(&self) -> Vec<PathBuf> {
        self.apply_gains.clone()
    }
}

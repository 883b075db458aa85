//! `nvss-predict mask`: where to clean.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args as ClapArgs;

use super::CliError;
use super::args::command_line;
use super::grid_args::{GridArgs, describe};
use super::new_file::NewFile;
use super::output::{grouped, say, warn};
use super::sky_args::SkyArgs;
use super::values::{RadiusArg, parse_radius};
use crate::image::{draw_mask, write_image};
use crate::predict::preview;

const EXAMPLE: &str = "\
Example:
  nvss-predict mask obs.ms NVSS -o mask.fits --size 4096 --scale 3asec --min-flux 10mJy
  wsclean -size 4096 4096 -scale 3asec -fits-mask mask.fits -niter 1000 obs.ms";

/// Write a clean mask for WSClean: 1 about every source, 0 elsewhere (FITS)
///
/// A FITS image in the SIN projection with the axes of WSClean's own images, for its option -fits-mask. It must have the same
/// --size, --scale and centre as the image that is cleaned.
#[derive(Debug, ClapArgs)]
#[command(after_help = EXAMPLE)]
pub(super) struct MaskArgs {
    /// The MeasurementSet; it is only read
    ms: PathBuf,
    /// The catalogue or component list, as for a prediction
    catalog: PathBuf,
    #[command(flatten)]
    file: NewFile,
    /// The mask about each source: degrees, or with a unit. About a Gaussian it is an ellipse: its half axes are this radius
    /// and the full widths at half maximum, added in quadrature
    #[arg(long, value_parser = parse_radius, default_value = "60arcsec", help_heading = "Image")]
    mask_radius: RadiusArg,
    #[command(flatten)]
    grid: GridArgs,
    #[command(flatten)]
    sky: SkyArgs,
}

pub(super) fn run(args: &MaskArgs) -> Result<ExitCode, CliError> {
    let RadiusArg::Within(radius) = args.mask_radius else {
        return Err(CliError::Usage("--mask-radius must be an angle".into()));
    };
    args.file.check()?;
    let preview = preview(&args.sky.job(&args.ms, &args.catalog)?)?;
    preview.warnings.iter().for_each(|warning| warn(warning));
    let grid = args.grid.grid(&preview)?;
    let mask = draw_mask(&grid, &preview.components, radius);
    if mask.inside == 0 {
        warn("no source lies on the image: the mask is empty, and nothing would be cleaned");
    }
    let header = args.grid.header(&preview, "", vec![command_line()]);
    args.file.write(|file| write_image(file, &grid, &header, &mask.pixels))?;
    let masked = mask.pixels.iter().filter(|value| **value > 0.0).count();
    say(&format!(
        "{:<12} {}: {}\n{:<12} {} sources on it ({} outside), {} pixels ({:.3} %) to clean\n",
        "mask",
        args.file.output.display(),
        describe(&grid),
        "",
        grouped(mask.inside as u64),
        grouped(mask.outside as u64),
        grouped(masked as u64),
        100.0 * masked as f64 / mask.pixels.len() as f64,
    ));
    Ok(ExitCode::SUCCESS)
}

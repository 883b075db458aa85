//! `nvss-predict draw`: the sources on pixels.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args as ClapArgs;

use super::CliError;
use super::args::command_line;
use super::grid_args::{GridArgs, describe};
use super::new_file::NewFile;
use super::output::{grouped, say, warn};
use super::sky_args::SkyArgs;
use crate::image::{draw_model, write_image};
use crate::predict::preview;

const EXAMPLE: &str = "\
Example:
  nvss-predict draw obs.ms NVSS -o nvss-model.fits --size 4096 --scale 3asec --min-flux 10mJy
  wsclean -predict -name nvss obs.ms";

/// Write the sources as a model image in Jy/pixel (FITS)
///
/// A FITS image in the SIN projection with the axes of WSClean's own images, to look at or for programs that want one. Each
/// source is moved to its nearest pixel (a Gaussian wider than a pixel is spread over its pixels), with its flux density at
/// --freq, as the beam shows it where --beam is given. That is approximate: nvss-predict itself never predicts from pixels.
/// Named NAME-model.fits it can be given to WSClean.
#[derive(Debug, ClapArgs)]
#[command(after_help = EXAMPLE)]
pub(super) struct DrawArgs {
    /// The MeasurementSet; it is only read
    ms: PathBuf,
    /// The catalogue or component list, as for a prediction
    catalog: PathBuf,
    #[command(flatten)]
    file: NewFile,
    #[command(flatten)]
    grid: GridArgs,
    #[command(flatten)]
    sky: SkyArgs,
}

pub(super) fn run(args: &DrawArgs) -> Result<ExitCode, CliError> {
    args.file.check()?;
    let preview = preview(&args.sky.job(&args.ms, &args.catalog)?)?;
    preview.warnings.iter().for_each(|warning| warn(warning));
    let grid = args.grid.grid(&preview)?;
    let frequency = args.grid.frequency(&preview);
    let model = draw_model(&grid, &preview.components, |component| preview.apparent(component, frequency));
    let header = args.grid.header(&preview, "JY/PIXEL", vec![command_line()]);
    args.file.write(|file| write_image(file, &grid, &header, &model.pixels))?;
    say(&format!(
        "{:<12} {}: {}\n{:<12} {} sources on it ({} outside), {:.4} Jy at {:.2} MHz{}\n",
        "draw",
        args.file.output.display(),
        describe(&grid),
        "",
        grouped(model.inside as u64),
        grouped(model.outside as u64),
        model.pixels.iter().map(|value| f64::from(*value)).sum::<f64>() + 0.0,
        frequency / 1e6,
        if preview.has_beam() { " as the beam shows them" } else { ", no beam applied" }
    ));
    Ok(ExitCode::SUCCESS)
}

//! `nvss-predict regions`: the sources as regions.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args as ClapArgs;

use super::CliError;
use super::args::command_line;
use super::new_file::NewFile;
use super::output::{grouped, say, warn};
use super::sky_args::SkyArgs;
use crate::coords::Frame;
use crate::predict::{Preview, preview};
use crate::sky::{Component, Shape};

/// Write the sources as regions for DS9 (positions in FK5, J2000)
///
/// Points are circled crosses, Gaussians ellipses of their full widths at half maximum; the text of each is its name and flux
/// density at the middle of the band, as the beam shows it where --beam is given.
#[derive(Debug, ClapArgs)]
pub(super) struct RegionsArgs {
    /// The MeasurementSet; it is only read
    ms: PathBuf,
    /// The catalogue or component list, as for a prediction
    catalog: PathBuf,
    #[command(flatten)]
    file: NewFile,
    #[command(flatten)]
    sky: SkyArgs,
}

pub(super) fn run(args: &RegionsArgs) -> Result<ExitCode, CliError> {
    args.file.check()?;
    let preview = preview(&args.sky.job(&args.ms, &args.catalog)?)?;
    preview.warnings.iter().for_each(|warning| warn(warning));
    let text = regions(&preview);
    args.file.write(|file| file.write_all(text.as_bytes()))?;
    let count = grouped(preview.components.len() as u64);
    say(&format!("{:<12} {}: {count} sources, FK5 (J2000)\n", "regions", args.file.output.display()));
    Ok(ExitCode::SUCCESS)
}

fn regions(preview: &Preview) -> String {
    let mut text = format!(
        "# Region file format: DS9 version 4.1\n# {}\n# flux densities at {:.3} MHz; beam: {}\n\
         global color=green width=1 font=\"helvetica 10 normal roman\"\nfk5\n",
        one_line(&command_line()),
        preview.middle_frequency() / 1e6,
        one_line(&preview.beam)
    );
    for component in &preview.components {
        let flux = preview.apparent(component, preview.middle_frequency());
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{} text={{{}}}", shape(component), words(component, flux));
    }
    text
}

fn shape(component: &Component) -> String {
    let (position, angle) = match component.shape {
        Shape::Point => (component.position.to(Frame::J2000), 0.0),
        Shape::Gaussian(gaussian) => component.position.to_with_angle(Frame::J2000, gaussian.position_angle),
    };
    let (ra, dec) = (position.longitude.to_degrees().rem_euclid(360.0), position.latitude.to_degrees());
    match component.shape {
        Shape::Point => format!("point({ra:.7},{dec:.7}) # point=circle"),
        Shape::Gaussian(gaussian) => {
            let half = |width: f64| 0.5 * width.to_degrees() * 3600.0;
            // DS9 counts the angle of the first axis from the west, through north.
            let turn = (angle.to_degrees() + 90.0).rem_euclid(360.0);
            let (major, minor) = (half(gaussian.major), half(gaussian.minor));
            format!("ellipse({ra:.7},{dec:.7},{major:.4}\",{minor:.4}\",{turn:.4}) #")
        }
    }
}

/// A source's name and flux density.
fn words(component: &Component, flux: f64) -> String {
    let flux = if flux.abs() < 1.0 { format!("{:.2} mJy", flux * 1e3) } else { format!("{flux:.4} Jy") };
    match component.name.as_deref().map(str::trim) {
        Some(name) if !name.is_empty() => format!("{} {flux}", one_line(name)),
        _ => flux,
    }
}

/// Nothing that would end a comment or a text.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || c == '{' || c == '}' { ' ' } else { c }).collect()
}

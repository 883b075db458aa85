//! `nvss-predict regions`: the sources as regions.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args as ClapArgs, ValueEnum};

use super::CliError;
use super::args::command_line;
use super::new_file::NewFile;
use super::output::{grouped, say, warn};
use super::sky_args::SkyArgs;
use super::values::parse_point_radius;
use crate::coords::Frame;
use crate::predict::{Preview, preview};
use crate::sky::Component;

/// Write the sources as regions for DS9 or CASA (positions in J2000)
///
/// Gaussians are ellipses of their full widths at half maximum, points are points for DS9 and small circles for CASA, whose
/// points have no area and make no mask; the text of each is its name and flux density at the middle of the band, as the beam
/// shows it where --beam is given.
#[derive(Debug, ClapArgs)]
pub(super) struct RegionsArgs {
    /// The MeasurementSet; it is only read
    ms: PathBuf,
    /// The catalogue or component list, as for a prediction
    catalog: PathBuf,
    #[command(flatten)]
    file: NewFile,
    /// For whom the regions are [default: casa where OUTPUT ends in .crtf, else ds9]
    #[arg(long = "as", value_enum, value_name = "PROGRAM")]
    program: Option<Program>,
    /// The radius of the circles that stand for points in CASA's regions (arcsec if no unit)
    #[arg(long, value_parser = parse_point_radius, default_value = "30arcsec", value_name = "ANGLE")]
    point_radius: f64,
    #[command(flatten)]
    sky: SkyArgs,
}

/// Programs whose region files are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Program {
    /// DS9: <https://ds9.si.edu/doc/ref/region.html>.
    Ds9,
    /// CASA and CARTA: CRTF, version 0.
    Casa,
}

pub(super) fn run(args: &RegionsArgs) -> Result<ExitCode, CliError> {
    args.file.check()?;
    let preview = preview(&args.sky.job(&args.ms, &args.catalog)?)?;
    preview.warnings.iter().for_each(|warning| warn(warning));
    let crtf = args.file.output.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("crtf"));
    let (text, program) = match args.program.unwrap_or(if crtf { Program::Casa } else { Program::Ds9 }) {
        Program::Ds9 => (regions(&preview), "DS9, FK5 (J2000)"),
        Program::Casa => (crtf_regions(&preview, args.point_radius), "CASA, J2000"),
    };
    args.file.write(|file| file.write_all(text.as_bytes()))?;
    let count = grouped(preview.components.len() as u64);
    say(&format!("{:<12} {}: {count} sources, {program}\n", "regions", args.file.output.display()));
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

/// The regions as CASA has them ("CASA Region Text Format, version 0"): a point is a circle of `radius` [rad].
fn crtf_regions(preview: &Preview, radius: f64) -> String {
    let mut text = format!(
        "#CRTFv0 CASA Region Text Format version 0\n# {}\n# flux densities at {:.3} MHz; beam: {}\n\
         global coord=J2000, color=green\n",
        one_line(&command_line()),
        preview.middle_frequency() / 1e6,
        one_line(&preview.beam)
    );
    for component in &preview.components {
        let flux = preview.apparent(component, preview.middle_frequency());
        let ([ra, dec], angle) = place(component);
        let arcsec = |width: f64| width.to_degrees() * 3600.0;
        let shape = match component.shape.ellipse() {
            None => format!("circle [[{ra:.7}deg, {dec:.7}deg], {:.4}arcsec]", arcsec(radius)),
            Some(size) => {
                // A line has no area, which a region must have.
                let half = |width: f64| (0.5 * arcsec(width)).max(0.1);
                let (major, minor) = (half(size.major), half(size.minor));
                let angle = angle.to_degrees().rem_euclid(180.0);
                format!(
                    "ellipse [[{ra:.7}deg, {dec:.7}deg], [{major:.4}arcsec, {minor:.4}arcsec], {angle:.4}deg]"
                )
            }
        };
        // Quotes and brackets would end the label or the shape.
        let label = words(component, flux).replace(['\'', '"', '[', ']', ','], " ");
        let _ = writeln!(text, "{shape}, label='{label}'");
    }
    text
}

/// Right ascension and declination [deg], and the position angle [rad], in J2000.
fn place(component: &Component) -> ([f64; 2], f64) {
    let (position, angle) = match component.shape.ellipse() {
        None => (component.position.to(Frame::J2000), 0.0),
        Some(size) => component.position.to_with_angle(Frame::J2000, size.position_angle),
    };
    ([position.longitude.to_degrees().rem_euclid(360.0), position.latitude.to_degrees()], angle)
}

fn shape(component: &Component) -> String {
    let ([ra, dec], angle) = place(component);
    match component.shape.ellipse() {
        None => format!("point({ra:.7},{dec:.7}) # point=circle"),
        Some(size) => {
            let half = |width: f64| 0.5 * width.to_degrees() * 3600.0;
            // DS9 counts the angle of the first axis from the west, through north.
            let turn = (angle.to_degrees() + 90.0).rem_euclid(360.0);
            let (major, minor) = (half(size.major), half(size.minor));
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

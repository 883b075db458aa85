//! `nvss-predict sky`: a picture of what would be predicted.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args as ClapArgs;

use super::CliError;
use super::new_file::NewFile;
use super::output::{grouped, say, warn};
use super::sky_args::SkyArgs;
use crate::beam::{Airy, Beam, Offset};
use crate::pictures::{BeamShown, PictureFormat, SkyScene, SkySource, draw_sky};
use crate::predict::{Preview, preview};

/// Draw the sky that would be predicted: its sources, the beam, the fields (PNG or SVG)
///
/// Sources are discs whose area goes as their flux density at the middle of the band, as seen through the beam that --beam
/// names; Gaussians are orange, and drawn as ellipses where they are large enough to be seen. Green lines are where the
/// beam's power is 0.5, 0.2 and 0.1 about the middle pointing (dashed where no beam is applied: then it is the Airy pattern of
/// the smallest dish, for orientation only), green crosses where the antennas look, in the order of time. The curve sums up the
/// flux density from the brightest source on.
#[derive(Debug, ClapArgs)]
pub(super) struct SkyPictureArgs {
    /// The MeasurementSet; it is only read
    ms: PathBuf,
    /// The catalogue or component list, as for a prediction
    catalog: PathBuf,
    #[command(flatten)]
    file: NewFile,
    /// Name the N brightest sources, where there is room
    #[arg(long, value_name = "N", default_value_t = 12, help_heading = "Output")]
    names: usize,
    #[command(flatten)]
    sky: SkyArgs,
}

pub(super) fn run(args: &SkyPictureArgs) -> Result<ExitCode, CliError> {
    let format = PictureFormat::of(&args.file.output)?;
    args.file.check()?;
    let preview = preview(&args.sky.job(&args.ms, &args.catalog)?)?;
    preview.warnings.iter().for_each(|warning| warn(warning));
    let frequency = preview.middle_frequency();
    let stand_in = if preview.has_beam() { None } else { smallest_airy(&preview) };
    let applied = |offset: Offset| preview.power(offset, frequency);
    let shown = |offset: Offset| stand_in.as_ref().map_or(0.0, |airy| airy.power(offset, frequency));
    let centre = preview.pointings[preview.pointings.len() / 2];
    let beam = match (&stand_in, preview.has_beam()) {
        (_, true) => {
            let reach = preview.beam_reach(frequency, 0.1);
            Some(BeamShown { centre, reach, power: &applied, applied: true })
        }
        (Some(airy), false) => {
            let reach = airy.limit_radius(frequency, 0.1);
            Some(BeamShown { centre, reach, power: &shown, applied: false })
        }
        (None, false) => None,
    };
    let scene = SkyScene {
        title: title(&preview),
        subtitle: subtitle(&preview),
        notes: notes(&preview, stand_in.is_some()),
        sources: sources(&preview, frequency),
        pointings: preview.pointings.clone(),
        beam,
        frequency,
        names: args.names,
    };
    let bytes = draw_sky(&scene).encode(format)?;
    args.file.write(|file| file.write_all(&bytes))?;
    say(&format!(
        "{:<12} {}: {} sources, {:.4} Jy at {:.2} MHz{}\n",
        "sky",
        args.file.output.display(),
        grouped(scene.sources.len() as u64),
        scene.sources.iter().map(|source| source.flux).sum::<f64>() + 0.0,
        frequency / 1e6,
        if preview.has_beam() { " as the beam shows them" } else { ", no beam applied" }
    ));
    Ok(ExitCode::SUCCESS)
}

/// The pattern of the smallest dish, where ANTENNA tells its size.
fn smallest_airy(preview: &Preview) -> Option<Airy> {
    preview.observation.smallest_dish().and_then(|dish| Airy::new(dish, 0.0))
}

fn sources(preview: &Preview, frequency: f64) -> Vec<SkySource> {
    let show = |component: &crate::sky::Component| SkySource {
        name: component.name.clone(),
        position: component.position,
        flux: preview.apparent(component, frequency),
        gaussian: component.shape.ellipse().map(|size| [size.major, size.minor, size.position_angle]),
    };
    preview.components.iter().map(show).collect()
}

/// The last part of a path.
pub(super) fn short(path: &std::path::Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

fn title(preview: &Preview) -> String {
    format!(
        "{} over {}",
        short(std::path::Path::new(&preview.catalogue.path)),
        short(&preview.observation.path)
    )
}

fn subtitle(preview: &Preview) -> String {
    let telescope = match preview.observation.telescope.as_str() {
        "" => "unknown telescope",
        name => name,
    };
    let mut centres = preview.centres.clone();
    centres.dedup();
    let fields = centres.len();
    format!(
        "{telescope}, {} phase centre{}, {:.2}–{:.2} MHz; {} of {} rows of the catalogue, {}",
        fields,
        if fields == 1 { "" } else { "s" },
        preview.frequencies[0] / 1e6,
        preview.frequencies[1] / 1e6,
        grouped(preview.components.len() as u64),
        grouped(preview.catalogue.rows),
        preview.catalogue.region,
    )
}

fn notes(preview: &Preview, stand_in: bool) -> Vec<String> {
    let mut notes = vec![format!("Beam: {}.", preview.beam.trim_end_matches('.'))];
    if stand_in && let Some(dish) = preview.observation.smallest_dish() {
        notes.push(format!("Dashed: the Airy pattern of a {dish:.2} m dish, the smallest of the array."));
    }
    notes
}

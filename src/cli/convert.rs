//! `nvss-predict convert`: a sky model in another program's format.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Args as ClapArgs;

use super::CliError;
use super::catalog::ReadArgs;
use super::new_file::NewFile;
use super::output::{counted, grouped, say, warn};
use super::sky_args::resolved;
use super::values::{RadiusArg, parse_centre, parse_radius};
use crate::catalog::models::{Form, Losses, writer_for};
use crate::catalog::{self, Format, Handling, Near, ReadOptions};
use crate::coords::Direction;

const EXAMPLE: &str = "\
Examples:
  nvss-predict convert wsclean-sources.txt sky.skymodel
  nvss-predict convert field.cl field.yaml
  nvss-predict convert field.yaml field.cl
  nvss-predict convert NVSS field.skymodel --centre '12:30:49 +12:23:28' --radius 2

docs/formats.md has a table of the formats, and of what each of them holds.";

/// Write a sky model or a part of a catalogue in the format of another program
///
/// What the format cannot hold is told: a warning for each kind, with how many components, and with --strict an error before
/// anything is written.
#[derive(Debug, ClapArgs)]
#[command(after_help = EXAMPLE)]
pub(super) struct ConvertArgs {
    /// The sky model or catalogue, in any form that a prediction reads; or the word NVSS
    #[arg(value_name = "IN")]
    catalog: PathBuf,
    /// The file to make, or the table of CASA; the end of its name tells the format
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// The format to write, instead of telling it from the name: bbs, wsclean, complist, clscript, hyperdrive, hyperdrivefits, ao, rts,
    /// woden, oskar, sagecal, lsm, tigger, pyradiosky, skyh5, pybdsf, selavy, votable, csv, ds9
    #[arg(long, value_name = "FORMAT", help_heading = "Output")]
    to: Option<Format>,
    /// Replace the file if it exists
    #[arg(long, alias = "force", help_heading = "Output")]
    overwrite: bool,
    /// Only what lies about this position in J2000 ("09:55:16.67 +39:35:48.4", or degrees), with --radius
    #[arg(long, value_parser = parse_centre, value_name = "RA DEC", allow_hyphen_values = true, requires = "radius")]
    #[arg(help_heading = "Selection")]
    centre: Option<Direction>,
    /// Within this angle of it: degrees, or with a unit (30arcmin)
    #[arg(long, value_parser = parse_radius, requires = "centre", help_heading = "Selection")]
    radius: Option<RadiusArg>,
    #[command(flatten)]
    read: ReadArgs,
    /// The spectral index of sources that have none (S ∝ ν^α), where the frequency of their flux is known
    #[arg(long, default_value_t = -0.7, allow_negative_numbers = true, help_heading = "Reading")]
    alpha: f64,
    /// Take the polarised flux density of NVSS and its angle into Q and U
    #[arg(long, help_heading = "Reading")]
    polarization: bool,
    /// Say nothing but warnings and errors
    #[arg(short, long)]
    quiet: bool,
}

pub(super) fn run(args: &ConvertArgs) -> Result<ExitCode, CliError> {
    let writer = writer_for(&args.output, args.to).map_err(|error| CliError::Usage(error.to_string()))?;
    let file = NewFile::new(args.output.clone(), args.overwrite);
    let companion = writer.companion(&args.output).map(|path| NewFile::new(path, args.overwrite));
    for file in [Some(&file), companion.as_ref()].into_iter().flatten() {
        file.check()?;
    }
    if let Form::Folder(folder) = &writer.form {
        file.check_folder(writer.format, folder.is_one)?;
    }
    let near = match (args.centre, args.radius) {
        (Some(centre), Some(RadiusArg::Within(radius))) => Some(Near { centres: vec![centre], radius }),
        _ => None,
    };
    let options = ReadOptions { near, alpha: args.alpha, ..args.read.options() };
    let handling = Handling { polarization: args.polarization, strict: args.read.strict };
    let path = resolved(&args.catalog)?;
    let begun = Instant::now();
    let catalog = catalog::open(&path, options.format)?.read_with(&options, handling)?;
    let took = begun.elapsed();

    let mut losses = Losses::default();
    if args.read.strict {
        writer
            .judge(&catalog.components, &mut losses)
            .map_err(|source| CliError::Write { path: args.output.clone(), source })?;
        if !losses.is_empty() {
            let told: Vec<String> = losses.kinds().iter().map(ToString::to_string).collect();
            return Err(CliError::Lossy {
                path: args.output.clone(),
                format: writer.format,
                told: told.join("; "),
            });
        }
    }
    match &writer.form {
        Form::File(write) => file.write(|out| write(out, &catalog.components, &mut losses))?,
        Form::Folder(folder) => {
            let needed = (folder.bytes)(&catalog.components);
            file.write_folder(needed, |path| (folder.write)(path, &catalog.components, &mut losses))?;
        }
    }
    if let Some(companion) = &companion {
        companion.write(|out| writer.write_companion(out, &catalog.components))?;
    }
    for loss in losses.kinds() {
        warn(&format!("{}: {loss}", args.output.display()));
    }
    if !args.quiet {
        say(&format!(
            "{:<12} {} of {} rows of {} ({}) in {:.3} s\n",
            "read",
            counted(catalog.components.len(), "component"),
            grouped(catalog.rows_read),
            path.display(),
            catalog.format,
            took.as_secs_f64()
        ));
        for note in &catalog.notes {
            say(&format!("{:<12} {note}\n", ""));
        }
        say(&format!("{:<12} {} ({})\n", "written", args.output.display(), writer.format));
        if let Some(companion) = &companion {
            say(&format!("{:<12} {}\n", "", companion.output.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

//! `nvss-predict demo`: everything once, on a MeasurementSet that it makes itself.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use super::args::{DemoArgs, DemoSize, Verbosity, command_line};
use super::call::DEMO_CATALOGUE;
use super::watch::Watch;
use super::{CliError, output};
use crate::ms::make::{FieldLayout, MsSpec, make};
use crate::predict::{self, Job, Options};

/// The phase centre of `--one-field`, ICRS [deg]: among the sources of the excerpt.
const TRACKED: [f64; 2] = [343.7, 16.0];

pub(super) fn run(args: &DemoArgs) -> Result<ExitCode, CliError> {
    let ms = args.dir.join("demo.ms");
    let catalogue = args.dir.join("demo_nvss.csv");
    let write = |path: &Path, source| CliError::Write { path: path.to_owned(), source };
    std::fs::create_dir_all(&args.dir).map_err(|source| write(&args.dir, source))?;

    let spec = recipe(args);
    let clock = Instant::now();
    let made = make(&ms, &spec)?;
    let say = |text: String| {
        if !args.quiet {
            output::say(&text);
        }
    };
    say(format!(
        "{:<12} {}: a DSA-110 {} of {} antennas, {}, {} channels, {} rows ({:.1} s)\n",
        "made",
        ms.display(),
        if args.one_field { "track" } else { "drift scan" },
        spec.antennas.len(),
        output::counted(made.centres.len(), "field"),
        spec.spectral_windows.iter().map(|window| window.frequencies.len()).sum::<usize>(),
        output::grouped(made.rows),
        clock.elapsed().as_secs_f64()
    ));
    std::fs::write(&catalogue, DEMO_CATALOGUE).map_err(|source| write(&catalogue, source))?;

    let mut options = Options { arguments: command_line(), ..Options::default() };
    // The excerpt is NVSS at 1.4 GHz, of which its plain columns say nothing.
    options.read.reference_frequency = Some(crate::catalog::NVSS_FREQUENCY);
    let job = Job { ms: ms.clone(), catalogue: catalogue.clone(), options };
    let mut watch = Watch::new(if args.quiet { Verbosity::Quiet } else { Verbosity::Normal }, None);
    let outcome = predict::run(&job, &mut watch);
    watch.finish();
    let report = outcome?;
    watch.summary(&report);
    let (ms, catalogue) = (ms.display(), catalogue.display());
    say(format!(
        "\nTry next:\n\
         \x20 nvss-predict status {ms}\n\
         \x20 nvss-predict {ms} {catalogue} --ref-freq 1.4GHz --radius 1.5 --min-flux 100mJy -v\n\
         \x20 nvss-predict {ms} {catalogue} --ref-freq 1.4GHz --mode subtract --column RESIDUAL_MODEL\n"
    ));
    Ok(ExitCode::SUCCESS)
}

/// The MeasurementSet that was asked for.
fn recipe(args: &DemoArgs) -> MsSpec {
    let (antennas, times, channels) = match args.size {
        DemoSize::Small => (20, 24, 64),
        DemoSize::Full => (96, 24, 768),
    };
    let or = |given: Option<u16>, usual: usize| given.map_or(usual, usize::from);
    let windows = usize::from(args.spws);
    let each = (or(args.channels, channels) / windows).max(1);
    let mut spec = MsSpec::dsa110(or(args.antennas, antennas), or(args.times, times), windows, each);
    if args.one_field {
        spec.fields = FieldLayout::Single(TRACKED.map(f64::to_radians));
    }
    if args.four_correlations {
        spec.correlations = vec![9, 10, 11, 12];
    }
    spec
}

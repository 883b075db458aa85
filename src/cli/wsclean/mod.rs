//! `nvss-predict wsclean`: the command line of `wsclean -predict`, which people have in their scripts.

mod draw;
mod parse;
mod scope;
mod words;

use std::ffi::OsString;
use std::sync::Arc;

use clap::Args as ClapArgs;

use super::args::{Verbosity, forced_simd, typed};
use super::output::{labelled, say};
use super::sky_args::resolved;
use super::supervise::Link;
use super::{CliError, run_batch};
use crate::image::sky::{Spectra, SpectrumKind, Wanted, find};
use crate::predict::{Batch, ImageSky, Options, Radius};
use parse::Asked;

const USAGE: &str = "\
Usage: nvss-predict wsclean -predict [-name PREFIX] [OPTIONS] MS...
       nvss-predict wsclean -draw-model LIST -predict [OPTIONS] MS...
       nvss-predict wsclean -draw-model LIST -draw-frequencies HZ BANDWIDTH -size W H -scale S -draw-centre RA DEC [-name PREFIX]

What `wsclean -predict` does, with its arguments; wsclean-predict is the same program. The images of the prefix are
predicted into MODEL_DATA, every row about its own field's centre. -draw-model with -predict goes straight from the list to
the column; alone it writes the images of the terms, PREFIX-term-N.fits. Rows and channels outside -interval and -channel-range
are left as they are (zero in a new column).

Translated: -predict -name -field -pol -channels-out -channel-range -interval -intervals-out -spws -model-column
-wgridder-accuracy (1e-2 to 1e-6) -j -abs-mem -quiet -verbose -dry-run -draw-model -draw-frequencies -draw-spectral-terms
-draw-centre -size -scale. Other options of WSClean are ignored, with a line, where they cannot matter, and refused where they do.
";

/// Predict with the arguments of `wsclean -predict`: wsclean -predict [-name PREFIX] [OPTIONS] MS...
#[derive(Debug, ClapArgs)]
#[command(disable_help_flag = true)]
pub(super) struct WscleanArgs {
    /// The arguments of WSClean
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    words: Vec<OsString>,
}

/// Runs the subcommand.
pub(super) fn run(args: &WscleanArgs, link: Option<&Arc<Link>>) -> Result<u8, CliError> {
    run_words(&args.words, "nvss-predict wsclean", link)
}

/// Runs the words after `wsclean`, as they were given to `program`.
pub(super) fn run_words(words: &[OsString], program: &str, link: Option<&Arc<Link>>) -> Result<u8, CliError> {
    if words.is_empty() || words.iter().any(|word| ["-help", "--help", "-h"].iter().any(|help| word == help))
    {
        say(USAGE);
        return Ok(0);
    }
    let asked = Asked::parse(words).map_err(CliError::Usage)?;
    if !asked.quiet {
        asked.ignored.iter().for_each(|line| say(&labelled("ignored", line)));
    }
    let arguments = typed(program, words);
    match &asked.drawing {
        Some(drawing) if !asked.predict => draw::run(&asked, drawing, arguments).map(|_| 0),
        _ => predict(&asked, arguments, link),
    }
}

fn predict(asked: &Asked, arguments: String, link: Option<&Arc<Link>>) -> Result<u8, CliError> {
    let range = kernels::EPSILON;
    let (timesteps, band, simd) = (scope::timesteps(asked)?, scope::band(asked)?, forced_simd()?);
    let (name, usual) = match &asked.drawing {
        Some(drawing) => (resolved(&drawing.list)?, Options::default()),
        None => {
            let wanted = Wanted {
                intervals: Some(asked.intervals),
                channels: asked.channels,
                products: asked.products.clone(),
                plainest: true,
                ..Wanted::default()
            };
            // As WSClean: each channel takes the image of its band, and what lies beyond takes the nearest.
            let spectra = Spectra { kind: SpectrumKind::Stepped, terms: None };
            let intervals = find(&asked.name, &wanted)?;
            (asked.name.clone(), Options::of_images(ImageSky { intervals, spectra, extrapolate: true }))
        }
    };
    let options = Options {
        column: asked.column.clone().unwrap_or_else(|| usual.column.clone()),
        fields: asked.fields.clone(),
        spws: asked.spws.clone(),
        timesteps,
        band,
        threads: asked.threads,
        memory: asked.memory.map_or(usual.memory, |bytes| (bytes as usize).min(usual.memory).max(1 << 24)),
        epsilon: asked.accuracy.map_or(usual.epsilon, |value| value.clamp(*range.start(), *range.end())),
        dry_run: asked.dry_run,
        radius: Radius::All,
        simd,
        arguments,
        ..usual
    };
    if !asked.quiet && !asked.says_field {
        let words = "-field is not given: every field is predicted, each about its own centre (WSClean fills field 0 only)";
        say(&labelled("fields", words));
    }
    let verbosity = match (asked.quiet, asked.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    run_batch(Batch { ms: asked.ms.clone(), catalogue: name, options, at_once: 2 }, verbosity, None, link)
}

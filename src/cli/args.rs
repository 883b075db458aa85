//! The arguments as they are typed, and the job they mean.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use super::CliError;
use super::catalog::CatalogArgs;
use super::check::CheckArgs;
use super::convert::ConvertArgs;
use super::draw::DrawArgs;
use super::image::ImageArgs;
use super::mask::MaskArgs;
use super::plot::PlotArgs;
use super::regions::RegionsArgs;
use super::sky::SkyPictureArgs;
use super::sky_args::{SkyArgs, resolved};
use super::source_args::AntennaArgs;
use super::values::{parse_bytes, parse_seconds};
use super::wsclean::WscleanArgs;
use crate::predict::{self, Batch, Engine, Mode, Options, PageCache, PatchColumn, Smear, Writer};

const DEFAULT_COLUMN: &str = "MODEL_DATA";

const EXIT_CODES: &str = "\
Exit codes:
  0    the column is filled and checked (status: complete)
  1    status: the column is missing, incomplete, changed, or not of this program; check: something stands in the way
  2    wrong usage
  3    bad input: the MeasurementSet or the catalogue cannot be used
  4    another process kept the MeasurementSet locked
  5    input or output failed
  6    the check failed: an error above ten times --epsilon
  7    no sources, and --require-sources was given
  8    several MeasurementSets failed, and not all for the same reason (else the code they share)
  124  stopped by --timeout
  125  stalled: --stall-timeout passed in a system call that does not return
  130  interrupted
  134, 139 …  128 and the number of the signal that ended the process at work (SIGABRT, SIGSEGV …)

NVSS_CATALOG names the catalogue that the word NVSS stands for; FIRST_CATALOG, RACS_CATALOG and so on those of the
surveys that --merge and --spectra-from name.
NVSS_PREDICT_CACHE names the folder where imports of large catalogues are kept, or is off.
NVSS_PREDICT_SIMD=portable|neon|avx2|avx512 forces a level of instructions.
NVSS_PREDICT_SUPERVISOR=off has one process do everything, for debuggers and profilers: it cannot end while a system call of
it does not return.";

/// Predicts the visibilities of a sky into the MODEL_DATA of a MeasurementSet.
#[derive(Debug, Parser)]
#[command(
    name = "nvss-predict",
    version,
    about = "Predicts the visibilities of NVSS and other skies into the MODEL_DATA of a MeasurementSet",
    after_help = EXIT_CODES,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) predict: PredictArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a DSA-110 drift MeasurementSet, predict real NVSS sources into it, and prove the result
    Demo(DemoArgs),
    /// Tell whether a model column is complete, and where it came from
    Status(StatusArgs),
    Check(Box<CheckArgs>),
    /// Import catalogues into an indexed database, query them, and tell what is in them
    Catalog(CatalogArgs),
    Sky(Box<SkyPictureArgs>),
    Plot(PlotArgs),
    Mask(Box<MaskArgs>),
    Draw(Box<DrawArgs>),
    Regions(Box<RegionsArgs>),
    Image(Box<ImageArgs>),
    Wsclean(WscleanArgs),
    Convert(Box<ConvertArgs>),
}

#[derive(Debug, ClapArgs)]
pub(super) struct DemoArgs {
    /// Where to make it; the directory must not hold a demo.ms yet
    #[arg(default_value = "nvss-predict-demo")]
    pub(super) dir: PathBuf,
    /// How large: small is 20 antennas × 64 channels, full is 96 antennas × 768 channels (3 GB)
    #[arg(long, value_enum, default_value_t = DemoSize::Small)]
    pub(super) size: DemoSize,
    /// Antennas, instead of the size's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=116))]
    pub(super) antennas: Option<u16>,
    /// Integrations, instead of the size's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) times: Option<u16>,
    /// Channels, instead of the size's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) channels: Option<u16>,
    /// Spectral windows that the channels are divided among
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) spws: u16,
    /// Track one field instead of drifting through one for each integration
    #[arg(long)]
    pub(super) one_field: bool,
    /// XX, XY, YX and YY instead of XX and YY
    #[arg(long)]
    pub(super) four_correlations: bool,
    /// Say less
    #[arg(short, long)]
    pub(super) quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DemoSize {
    Small,
    Full,
}

#[derive(Debug, ClapArgs)]
pub(super) struct StatusArgs {
    /// The MeasurementSet
    pub(super) ms: PathBuf,
    /// The column
    #[arg(long, default_value = "MODEL_DATA")]
    pub(super) column: String,
    /// As JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Read the whole column and compare its digest with the one that was kept when it was written
    #[arg(long)]
    pub(super) deep: bool,
    #[command(flatten)]
    pub(super) stall_timeout: StallArg,
}

/// The bound on what does not move.
#[derive(Debug, ClapArgs)]
pub(super) struct StallArg {
    /// Seconds without progress after which the command gives up, saying what it is stuck in: the file, the system call, the
    /// file system. 0: never
    #[arg(long, default_value_t = 120.0, value_name = "S", value_parser = parse_seconds, help_heading = "Running")]
    stall_timeout: f64,
}

impl StallArg {
    /// None where there is no bound.
    pub(super) fn limit(&self) -> Option<Duration> {
        (self.stall_timeout > 0.0).then(|| Duration::from_secs_f64(self.stall_timeout))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ModeArg {
    Replace,
    Add,
    Subtract,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SmearArg {
    Both,
    Bandwidth,
    Time,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EngineArg {
    Auto,
    Direct,
    DelayFft,
    Nufft3d,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum WriterArg {
    Auto,
    Casacore,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PageCacheArg {
    Auto,
    Keep,
    Drop,
}

#[derive(Debug, ClapArgs)]
pub(super) struct PredictArgs {
    /// The MeasurementSet; of several, one that fails does not stop the others
    #[arg(required = true, num_args = 1.., value_name = "MS")]
    ms: Vec<PathBuf>,
    /// The catalogue or component list, in any form of NVSS (FITS, VizieR, HEASARC, NVSSlist, DSA-110 SQLite or a folder of
    /// its strips), CSV, VOTable, or the sky model of another program (WSClean, DP3, CASA, hyperdrive, ...: docs/formats.md);
    /// gzipped or not. The word NVSS: the one that the variable NVSS_CATALOG names
    #[arg(required = true)]
    catalog: Option<PathBuf>,

    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Predict patches of the list into a column of their own, as in --patch-column west=MODEL_WEST or a,b=MODEL_AB; may be
    /// given again. The catalogue is read once, and the columns are filled one after the other, each as --column would be
    #[arg(long, value_name = "NAME,...=COLUMN", value_parser = parse_patch_column, help_heading = "Output")]
    #[arg(conflicts_with_all = ["patches", "add_source", "calibrator"])]
    patch_column: Vec<PatchColumn>,
    #[command(flatten)]
    pub(super) sky: SkyArgs,
    #[command(flatten)]
    pub(super) run: RunArgs,
}

/// What is written.
#[derive(Debug, ClapArgs)]
pub(super) struct OutputArgs {
    /// The column to fill; made if it is missing
    #[arg(long, default_value = DEFAULT_COLUMN, help_heading = "Output")]
    column: String,
    /// What becomes of the values in the column
    #[arg(long, value_enum, default_value_t = ModeArg::Replace, help_heading = "Output")]
    mode: ModeArg,
    /// Write what was done to this file as JSON
    #[arg(long, value_name = "FILE.json", help_heading = "Output")]
    pub(super) report: Option<PathBuf>,
    /// Go on with a run that was killed, from the last rows that had reached the disk. It must be the same run: the same
    /// catalogue, MeasurementSet and options; of a column that is complete nothing is done. Of several (--patch-column), the complete ones
    /// stay, the next goes on, and the others are written, whatever they hold
    #[arg(long, help_heading = "Output")]
    resume: bool,
    /// Show the plan and write nothing
    #[arg(long, help_heading = "Output")]
    dry_run: bool,
    /// Remove CASA's virtual model, which would hide the column from CASA
    #[arg(long, help_heading = "Output")]
    delmod: bool,
}

/// How it is computed.
#[derive(Debug, ClapArgs)]
pub(super) struct RunArgs {
    /// Average the model as the data are: over channels (bandwidth, by CHAN_WIDTH), over integrations (time, by EXPOSURE), or
    /// over both
    #[arg(long, value_name = "OVER", num_args = 0..=1, require_equals = true, default_missing_value = "both")]
    #[arg(help_heading = "Beam")]
    smear: Option<SmearArg>,
    #[command(flatten)]
    antennas: AntennaArgs,

    /// Compute threads [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Running")]
    threads: Option<u16>,
    /// MeasurementSets under way at a time, where there are several: one is opened or brought to the disk while another
    /// computes
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    #[arg(help_heading = "Running")]
    jobs: u16,
    /// Memory for blocks of visibilities and kernels, of all MeasurementSets together [default: 512MiB; of images, themselves
    /// among it, 1GiB]
    #[arg(long, value_parser = parse_bytes, value_name = "SIZE", help_heading = "Running")]
    memory: Option<usize>,
    /// Seconds to wait for the lock of the MeasurementSet
    #[arg(long, default_value_t = 30.0, value_name = "S", help_heading = "Running")]
    lock_timeout: f64,
    /// Seconds that the whole run may take: it then stops at the next block, with the column marked incomplete; one that does not
    /// stop within 3 s more is left behind [default: no limit]
    #[arg(long, value_name = "S", help_heading = "Running")]
    timeout: Option<f64>,
    #[command(flatten)]
    stall_timeout: StallArg,
    /// What sums the sources: every source at every channel, a transform of their delays (many sources), a transform of the
    /// sky (thousands to millions of points), or whichever costs least
    #[arg(long, value_enum, default_value_t = EngineArg::Auto, help_heading = "Running")]
    engine: EngineArg,
    /// Who writes the column: the compute threads straight into its tile file where they can, or casacore
    #[arg(long, value_enum, default_value_t = WriterArg::Auto, help_heading = "Running")]
    writer: WriterArg,
    /// Whether the column stays in the page cache, for an imager that follows, or leaves it as it is written; auto drops it
    /// where it is larger than half the memory available
    #[arg(long, value_enum, default_value_t = PageCacheArg::Auto, value_name = "WHAT", help_heading = "Running")]
    page_cache: PageCacheArg,
    /// Read back and check this many visibilities
    #[arg(long, default_value_t = 256, value_name = "N", help_heading = "Running")]
    check: usize,
    /// The rms error that is promised over cross-correlations, relative to rms |V|, 1e-6 to 1e-2; the check, which sees a few of
    /// them, fails above ten times that
    #[arg(long, default_value = "1e-6", value_name = "E", help_heading = "Running")]
    epsilon: f64,
    /// Say nothing but warnings and errors
    #[arg(short, long, conflicts_with = "verbose", help_heading = "Running")]
    quiet: bool,
    /// Say more: where the time went
    #[arg(short, long, help_heading = "Running")]
    verbose: bool,
}

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verbosity {
    Quiet,
    Normal,
    Verbose,
}

impl PredictArgs {
    /// The predictions that the arguments mean.
    pub(super) fn batch(&self) -> Result<Batch, CliError> {
        let (false, Some(catalogue)) = (self.ms.is_empty(), &self.catalog) else {
            return Err(CliError::Usage("a MeasurementSet and a catalogue are needed; see --help".into()));
        };
        self.run.check()?;
        self.output.check()?;
        let catalogue = resolved(catalogue)?;
        let options = self.sky.options(&catalogue)?;
        let options = Options {
            arguments: for_each_of(&self.ms, std::env::args_os().skip(1).collect()),
            patch_columns: self.patch_columns()?,
            ..self.run.options(self.output.options(options))?
        };
        Ok(Batch { ms: self.ms.clone(), at_once: self.run.jobs.into(), options, catalogue })
    }

    /// The columns of patches, each named once.
    fn patch_columns(&self) -> Result<Vec<PatchColumn>, CliError> {
        let all = &self.patch_column;
        if !all.is_empty() && self.output.column != DEFAULT_COLUMN {
            return Err(CliError::Usage(
                "--patch-column names the columns itself: leave --column out".into(),
            ));
        }
        for (place, one) in all.iter().enumerate() {
            check_column("--patch-column", &one.column)?;
            if all[..place].iter().any(|other| other.column == one.column) {
                return Err(CliError::Usage(format!(
                    "--patch-column: {} is named twice; name its patches together, as in a,b={}",
                    one.column, one.column
                )));
            }
        }
        Ok(all.clone())
    }
}

/// `NAME,...=COLUMN`.
fn parse_patch_column(text: &str) -> Result<PatchColumn, String> {
    // Names of patches may have any character; those of columns have no "=".
    let (names, column) =
        text.rsplit_once('=').ok_or("patches and a column are needed, as in west=MODEL_WEST")?;
    let patches: Vec<String> = names.split(',').map(|name| name.trim().to_owned()).collect();
    if patches.iter().any(String::is_empty) {
        return Err("the name of a patch is empty".into());
    }
    Ok(PatchColumn { patches, column: column.trim().to_owned() })
}

/// Complains of a column that cannot be.
fn check_column(option: &str, column: &str) -> Result<(), CliError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if column.is_empty() || !column.chars().all(plain) {
        return Err(CliError::Usage(format!(
            "{option} {column:?} is no name of a column: letters, digits and _ make one"
        )));
    }
    Ok(())
}

impl OutputArgs {
    /// Complains of a column that cannot be.
    pub(super) fn check(&self) -> Result<(), CliError> {
        check_column("--column", &self.column)
    }

    /// Options with these set.
    pub(super) fn options(&self, options: Options) -> Options {
        Options {
            column: self.column.clone(),
            mode: match self.mode {
                ModeArg::Replace => Mode::Replace,
                ModeArg::Add => Mode::Add,
                ModeArg::Subtract => Mode::Subtract,
            },
            delmod: self.delmod,
            resume: self.resume,
            dry_run: self.dry_run,
            ..options
        }
    }
}

impl RunArgs {
    pub(super) fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, true) => Verbosity::Verbose,
            (false, false) => Verbosity::Normal,
        }
    }

    /// How many MeasurementSets are under way at a time.
    pub(super) fn jobs(&self) -> usize {
        self.jobs.into()
    }

    /// Complains of numbers that cannot be.
    pub(super) fn check(&self) -> Result<(), CliError> {
        predict::check_epsilon(self.epsilon).map_err(|error| CliError::Usage(error.to_string()))?;
        self.waits().map(|_| ())
    }

    /// How long is waited for the lock, and for the whole run.
    fn waits(&self) -> Result<(Duration, Option<Duration>), CliError> {
        let positive = |value: f64, option: &str| {
            if value.is_finite() && value >= 0.0 {
                Ok(value)
            } else {
                Err(CliError::Usage(format!("{option} must be a number of at least zero, not {value}")))
            }
        };
        // A week is longer than anybody waits, and short enough for the clock's arithmetic.
        let longest = 7.0 * 86_400.0;
        let wait = positive(self.lock_timeout, "--lock-timeout")?.min(longest);
        let timeout = self.timeout.map(|limit| positive(limit, "--timeout")).transpose()?;
        let timeout = timeout.map(|limit| Duration::from_secs_f64(limit.min(longest)));
        Ok((Duration::from_secs_f64(wait), timeout))
    }

    /// Options with these set.
    pub(super) fn options(&self, options: Options) -> Result<Options, CliError> {
        let (lock_timeout, timeout) = self.waits()?;
        Ok(Options {
            smear: Smear {
                bandwidth: matches!(self.smear, Some(SmearArg::Both | SmearArg::Bandwidth)),
                time: matches!(self.smear, Some(SmearArg::Both | SmearArg::Time)),
            },
            feed_rotation: self.antennas.feed_rotation(),
            apply_gains: self.antennas.apply_gains(),
            threads: self.threads.map(usize::from),
            memory: self.memory.unwrap_or(options.memory),
            lock_timeout,
            timeout,
            stall_timeout: self.stall_timeout.limit(),
            check: self.check,
            epsilon: self.epsilon,
            engine: match self.engine {
                EngineArg::Auto => Engine::Auto,
                EngineArg::Direct => Engine::Direct,
                EngineArg::DelayFft => Engine::DelayFft,
                EngineArg::Nufft3d => Engine::Nufft3d,
            },
            writer: match self.writer {
                WriterArg::Auto => Writer::Auto,
                WriterArg::Casacore => Writer::Casacore,
            },
            page_cache: match self.page_cache {
                PageCacheArg::Auto => PageCache::Auto,
                PageCacheArg::Keep => PageCache::Keep,
                PageCacheArg::Drop => PageCache::Drop,
            },
            simd: forced_simd()?,
            arguments: command_line(),
            ..options
        })
    }
}

/// The level of instructions that the environment asks for.
pub(super) fn forced_simd() -> Result<Option<kernels::SimdLevel>, CliError> {
    let name = match std::env::var("NVSS_PREDICT_SIMD") {
        Ok(name) if !name.is_empty() => name,
        _ => return Ok(None),
    };
    let level: kernels::SimdLevel =
        name.parse().map_err(|error| CliError::Usage(format!("NVSS_PREDICT_SIMD: {error}")))?;
    if level.is_available() {
        Ok(Some(level))
    } else {
        Err(CliError::Usage(format!("NVSS_PREDICT_SIMD: this processor has no {level} instructions")))
    }
}

/// The command line as one could type it again.
pub(super) fn command_line() -> String {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    typed("nvss-predict", &words)
}

/// The command line that each of several MeasurementSets keeps: the first one stands for the others, or a thousand of them would
/// keep a thousand names each.
fn for_each_of(all: &[PathBuf], words: Vec<OsString>) -> String {
    let others: HashSet<&OsStr> = all.iter().skip(1).map(|ms| ms.as_os_str()).collect();
    let count = words.len();
    let words: Vec<OsString> = words.into_iter().filter(|word| !others.contains(word.as_os_str())).collect();
    let typed = typed("nvss-predict", &words);
    match count - words.len() {
        0 => typed,
        left_out => format!("{typed} # and {left_out} more MeasurementSets"),
    }
}

/// A command as one could type it.
pub(super) fn typed(program: &str, words: &[OsString]) -> String {
    let quote = |word: &str| {
        let plain = |c: char| c.is_alphanumeric() || "-_./=,:+~@%".contains(c);
        if !word.is_empty() && word.chars().all(plain) {
            word.to_owned()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    let mut all = vec![program.to_owned()];
    all.extend(words.iter().map(|word| quote(&word.to_string_lossy())));
    all.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn one_of_many_does_not_name_them_all() {
        let words = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        let all = ["a.ms", "b.ms", "c.ms"].map(PathBuf::from);
        let typed = for_each_of(&all, words("-q a.ms b.ms c.ms sky.csv"));
        assert_eq!(typed, "nvss-predict -q a.ms sky.csv # and 2 more MeasurementSets");
        assert_eq!(for_each_of(&all[..1], words("a.ms sky.csv")), "nvss-predict a.ms sky.csv");
    }

    #[test]
    fn the_arguments_are_consistent() {
        Args::command().debug_assert();
    }
}

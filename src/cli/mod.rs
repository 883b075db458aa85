//! The command line: arguments in, a run, words and an exit code out. Nothing else of the program prints.

mod args;
pub mod call;
mod catalog;
mod check;
mod choice_args;
mod convert;
mod demo;
mod draw;
mod grid_args;
mod image;
mod many;
mod mask;
mod new_file;
mod output;
mod plot;
mod progress;
mod regions;
mod signals;
mod sky;
mod sky_args;
mod source_args;
mod status;
mod supervise;
mod values;
mod watch;
mod wsclean;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use clap::{CommandFactory, Parser};

use crate::catalog::CatalogError;
use crate::image::sky::ImageError;
use crate::ms::MsError;
use crate::ms::make::MakeError;
use crate::pictures::PictureError;
use crate::predict::{self, Batch, PredictError, Report};
use crate::stall::{Journal, Kind, Limits, Watchdog, doing};
use args::{Args, Command, Verbosity};
use supervise::{Link, Role, Word, end_now};
pub use values::try_values;
use watch::Watch;

/// What ended a command before its time.
#[derive(Debug, thiserror::Error)]
enum CliError {
    /// The arguments do not make sense together.
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Predict(#[from] PredictError),
    #[error(transparent)]
    Image(#[from] ImageError),
    #[error(transparent)]
    Ms(#[from] MsError),
    #[error(transparent)]
    Make(#[from] MakeError),
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// A file that must not be lost is in the way.
    #[error("{}: it exists already; give another name, or --overwrite to replace it", .0.display())]
    Exists(std::path::PathBuf),
    /// What is in the way of a table is something else.
    #[error("{}: what is there is no {format}, and is not replaced; give another name", path.display())]
    NoSuchTable { path: std::path::PathBuf, format: crate::catalog::Format },
    /// A format cannot hold all of a sky model, and must.
    #[error("{}: {format} cannot hold all of it, and nothing was written: {told}; leave --strict out to have the rest", path.display())]
    Lossy { path: std::path::PathBuf, format: crate::catalog::Format, told: String },
    #[error("{}: {source}", path.display())]
    Write {
        path: std::path::PathBuf,
        #[source]
        source: std::io::Error,
    },
}

/// The exit codes, as `--help` lists them.
mod exit {
    pub(super) const USAGE: u8 = 2;
    pub(super) const INPUT: u8 = 3;
    pub(super) const LOCKED: u8 = 4;
    pub(super) const IO: u8 = 5;
    pub(super) const CHECK: u8 = 6;
    pub(super) const NO_SOURCES: u8 = 7;
    pub(super) const SEVERAL: u8 = 8;
    /// That of timeout(1).
    pub(super) const TIMED_OUT: u8 = 124;
    /// Something that the system was asked for never came.
    pub(super) const STALLED: u8 = 125;
    pub(super) const INTERRUPTED: u8 = 130;
}

impl CliError {
    fn exit_code(&self) -> u8 {
        match self {
            CliError::Usage(_) | CliError::Picture(PictureError::Format(_)) => exit::USAGE,
            CliError::Predict(error) => predict_exit_code(error),
            CliError::Image(_) => exit::INPUT,
            CliError::Ms(error) => ms_exit_code(error),
            CliError::Make(MakeError::Exists(_) | MakeError::Spec(_))
            | CliError::Exists(_)
            | CliError::NoSuchTable { .. }
            | CliError::Lossy { .. } => exit::INPUT,
            CliError::Make(_) | CliError::Write { .. } | CliError::Picture(_) => exit::IO,
        }
    }
}

fn predict_exit_code(error: &PredictError) -> u8 {
    match error {
        PredictError::Ms(error) => ms_exit_code(error),
        PredictError::Catalog(CatalogError::Write { .. } | CatalogError::WriteSqlite { .. }) => exit::IO,
        PredictError::Catalog(CatalogError::Interrupted) => exit::INTERRUPTED,
        PredictError::Options(_)
        | PredictError::Catalog(_)
        | PredictError::Image(_)
        | PredictError::Kernel { .. } => exit::INPUT,
        PredictError::NoSources { .. } => exit::NO_SOURCES,
        PredictError::Check { .. } => exit::CHECK,
        PredictError::Interrupted { .. } => exit::INTERRUPTED,
        PredictError::TimedOut { .. } => exit::TIMED_OUT,
        PredictError::Stalled(stall) => match stall.kind {
            Kind::Stalled => exit::STALLED,
            Kind::TimedOut => exit::TIMED_OUT,
        },
        PredictError::Thread(_) | PredictError::Threads(_) | PredictError::TileFile { .. } => exit::IO,
    }
}

fn ms_exit_code(error: &MsError) -> u8 {
    match error {
        MsError::Open { .. }
        | MsError::Subtable { .. }
        | MsError::Invalid { .. }
        | MsError::Column { .. } => exit::INPUT,
        MsError::Locked { .. } => exit::LOCKED,
        // A damaged table is bad input; what the disk or casacore could not do is not.
        MsError::Table(
            casacore::Error::NotATable { .. }
            | casacore::Error::MissingFile { .. }
            | casacore::Error::NoSuchColumn { .. }
            | casacore::Error::NoSuchKeyword { .. }
            | casacore::Error::Type { .. }
            | casacore::Error::Shape { .. }
            | casacore::Error::Undefined { .. },
        ) => exit::INPUT,
        MsError::Table(casacore::Error::Locked { .. }) => exit::LOCKED,
        MsError::Space { .. } | MsError::Room { .. } | MsError::Table(_) => exit::IO,
    }
}

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    supervised(&work)
}

/// Has `work` done, by a process of its own where this one can have one.
fn supervised(work: &dyn Fn(Option<&Arc<Link>>) -> u8) -> ExitCode {
    let work = |link: Option<&Arc<Link>>| {
        // A file that grows beyond the limit of the process is an error like others.
        watch::survive_file_limits();
        work(link)
    };
    match supervise::role() {
        // Without a second process the work is for this one.
        Role::Supervisor => supervise::run().unwrap_or_else(|| ExitCode::from(work(None))),
        Role::Alone => ExitCode::from(work(None)),
        Role::Worker(link) => {
            let code = work(Some(&link));
            link.say(&Word::Exit(code));
            ExitCode::from(code)
        }
    }
}

/// Does what the arguments of the process say; the exit code.
fn work(link: Option<&Arc<Link>>) -> u8 {
    let args = match Args::try_parse_from(files_after_dashes(std::env::args_os().collect())) {
        Ok(args) => args,
        Err(error) => {
            // Clap prints help to stdout and complaints to stderr, and knows which is which.
            let _ = error.print();
            return if error.use_stderr() { exit::USAGE } else { 0 };
        }
    };
    ended(dispatch(&args, link))
}

/// Words after `--` are names of files, whatever they look like. Where several MeasurementSets may come before the catalogue,
/// clap takes one that begins with a dash for an option, and `--` for the end of the MeasurementSets.
fn files_after_dashes(words: Vec<OsString>) -> Vec<OsString> {
    let Some(dashes) = words.iter().position(|word| word == "--") else {
        return words;
    };
    let commands = Args::command();
    let command =
        |word: &OsString| word == "help" || commands.get_subcommands().any(|c| word == c.get_name());
    if words.get(1).is_none_or(command) {
        return words;
    }
    let (before, after) = words.split_at(dashes);
    let file = |word: &OsString| {
        let strange = word.as_encoded_bytes().starts_with(b"-") || command(word);
        if strange { Path::new(".").join(word).into_os_string() } else { word.clone() }
    };
    before.iter().cloned().chain(after[1..].iter().map(file)).collect()
}

/// Runs the program as `wsclean-predict`, with the arguments of the process.
pub fn wsclean_main() -> ExitCode {
    let words: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    supervised(&|link| ended(wsclean::run_words(&words, "wsclean-predict", link)))
}

/// Says what went wrong, if anything did; the exit code.
fn ended(outcome: Result<u8, CliError>) -> u8 {
    outcome.unwrap_or_else(|error| {
        output::complain(&with_causes(&error));
        error.exit_code()
    })
}

/// The error with the causes that its own words leave out.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = error.source();
    }
    text
}

/// Runs a command; its exit code.
fn dispatch(args: &Args, link: Option<&Arc<Link>>) -> Result<u8, CliError> {
    // Those that look at no column have one way to succeed.
    let done = |_: ExitCode| 0;
    match &args.command {
        Some(Command::Demo(demo)) => demo::run(demo).map(done),
        Some(Command::Status(status)) => status::run(status, link),
        Some(Command::Check(check)) => check::run(check, link),
        Some(Command::Catalog(catalog)) => catalog::run(catalog).map(done),
        Some(Command::Sky(sky)) => sky::run(sky).map(done),
        Some(Command::Plot(plot)) => plot::run(plot).map(done),
        Some(Command::Mask(mask)) => mask::run(mask).map(done),
        Some(Command::Draw(draw)) => draw::run(draw).map(done),
        Some(Command::Regions(regions)) => regions::run(regions).map(done),
        Some(Command::Convert(convert)) => convert::run(convert).map(done),
        Some(Command::Image(image)) => image::run(image, link),
        Some(Command::Wsclean(wsclean)) => wsclean::run(wsclean, link),
        None => predict_into(args, link),
    }
}

fn predict_into(args: &Args, link: Option<&Arc<Link>>) -> Result<u8, CliError> {
    let batch = args.predict.batch()?;
    run_batch(batch, args.predict.run.verbosity(), args.predict.output.report.as_deref(), link)
}

/// Makes the predictions of a batch, which may be one.
fn run_batch(
    mut batch: Batch,
    verbosity: Verbosity,
    report: Option<&Path>,
    link: Option<&Arc<Link>>,
) -> Result<u8, CliError> {
    let spent = link.map(|link| link.spent).unwrap_or_default();
    batch.options.timeout = batch.options.timeout.map(|limit| limit.saturating_sub(spent));
    let limits = Limits { stall: batch.options.stall_timeout, whole: batch.options.timeout };
    if batch.ms.len() > 1 {
        return many::run(&batch, verbosity, report, link);
    }
    let job = batch.job(0);
    let mut watch = Watch::new(verbosity, link);
    let done = watched(link, &job.ms, limits, || -> Result<Report, CliError> {
        let outcome = predict::run(&job, &mut watch);
        watch.finish();
        keep_report(&outcome, report)?;
        Ok(outcome?)
    })?;
    watch.summary(&done);
    Ok(0)
}

/// Does `task`, which is about `path`; where it passes a limit, says so and ends the process.
fn watched<T>(link: Option<&Arc<Link>>, path: &Path, limits: Limits, task: impl FnOnce() -> T) -> T {
    let journal = Journal::new();
    let _entered = journal.enter();
    let (alive, last) = (link.cloned(), link.cloned());
    let looked = move || {
        if let Some(link) = &alive {
            link.say(&Word::Alive);
        }
    };
    let stalled = move |stall| {
        let error = PredictError::from(stall);
        output::complain(&with_causes(&error));
        let code = predict_exit_code(&error);
        match &last {
            Some(link) => {
                link.say(&Word::Exit(code));
                end_now(code);
            }
            None => std::process::exit(code.into()),
        }
    };
    // Without a thread for it the task is not watched, as on a system without threads to spare little would be gained.
    let watchdog = Watchdog::watch(journal, path, limits, Instant::now(), looked, stalled);
    let tell = |word: Word| {
        if let Some(link) = link {
            link.say(&word);
        }
    };
    if watchdog.is_ok() {
        tell(Word::Bound(limits.stall));
    }
    let done = task();
    drop(watchdog);
    tell(Word::Free);
    done
}

/// Writes the report of a run to where it was asked for.
fn keep_report(outcome: &predict::Result<Report>, path: Option<&Path>) -> Result<(), CliError> {
    let _doing = path.map(|path| doing("while writing the report", path));
    // A failed check is reported too: its figures are what one wants to look at.
    let report = match outcome {
        Ok(report) => report,
        Err(PredictError::Check { report, .. }) => report.as_ref(),
        Err(_) => return Ok(()),
    };
    path.map_or(Ok(()), |path| output::write_json(report, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_may_look_like_options_and_commands() {
        let read = |words: &[&str]| {
            let words = std::iter::once("nvss-predict").chain(words.iter().copied()).map(OsString::from);
            files_after_dashes(words.collect()).into_iter().skip(1).collect::<Vec<_>>()
        };
        for (words, expected) in [
            (["-q", "a.ms", "--", "-sky.csv"], vec!["-q", "a.ms", "./-sky.csv"]),
            (["--", "-a.ms", "b.ms", "NVSS"], vec!["./-a.ms", "b.ms", "NVSS"]),
            (["--", "status", "--", "/-sky.csv"], vec!["./status", "./--", "/-sky.csv"]),
            (["status", "a.ms", "--", "-b.ms"], vec!["status", "a.ms", "--", "-b.ms"]),
            (["-q", "a.ms", "sky.csv", "-v"], vec!["-q", "a.ms", "sky.csv", "-v"]),
        ] {
            assert_eq!(read(&words), expected, "{words:?}");
        }
    }
}

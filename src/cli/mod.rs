//! The command line: arguments in, a run, words and an exit code out. Nothing else of the program prints.

mod args;
pub mod call;
mod catalog;
mod choice_args;
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
mod sky;
mod sky_args;
mod source_args;
mod status;
mod values;
mod watch;
mod wsclean;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use crate::catalog::CatalogError;
use crate::image::sky::ImageError;
use crate::ms::MsError;
use crate::ms::make::MakeError;
use crate::pictures::PictureError;
use crate::predict::{self, Batch, PredictError, Report};
use args::{Args, Command, Verbosity};
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
    pub(super) const INTERRUPTED: u8 = 130;
}

impl CliError {
    fn exit_code(&self) -> u8 {
        match self {
            CliError::Usage(_) | CliError::Picture(PictureError::Format(_)) => exit::USAGE,
            CliError::Predict(error) => predict_exit_code(error),
            CliError::Image(_) => exit::INPUT,
            CliError::Ms(error) => ms_exit_code(error),
            CliError::Make(MakeError::Exists(_) | MakeError::Spec(_)) | CliError::Exists(_) => exit::INPUT,
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
        MsError::Space { .. } | MsError::Table(_) => exit::IO,
    }
}

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Clap prints help to stdout and complaints to stderr, and knows which is which.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { 0 });
        }
    };
    ended(dispatch(&args))
}

/// Runs the program as `wsclean-predict`, with the arguments of the process.
pub fn wsclean_main() -> ExitCode {
    let words: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    ended(wsclean::run_words(&words, "wsclean-predict"))
}

/// Says what went wrong, if anything did.
fn ended(outcome: Result<ExitCode, CliError>) -> ExitCode {
    match outcome {
        Ok(code) => code,
        Err(error) => {
            output::complain(&with_causes(&error));
            ExitCode::from(error.exit_code())
        }
    }
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

fn dispatch(args: &Args) -> Result<ExitCode, CliError> {
    match &args.command {
        Some(Command::Demo(demo)) => demo::run(demo),
        Some(Command::Status(status)) => status::run(status),
        Some(Command::Catalog(catalog)) => catalog::run(catalog),
        Some(Command::Sky(sky)) => sky::run(sky),
        Some(Command::Plot(plot)) => plot::run(plot),
        Some(Command::Mask(mask)) => mask::run(mask),
        Some(Command::Draw(draw)) => draw::run(draw),
        Some(Command::Regions(regions)) => regions::run(regions),
        Some(Command::Image(image)) => image::run(image),
        Some(Command::Wsclean(wsclean)) => wsclean::run(wsclean),
        None => predict_into(args),
    }
}

fn predict_into(args: &Args) -> Result<ExitCode, CliError> {
    let batch = args.predict.batch()?;
    run_batch(&batch, args.predict.run.verbosity(), args.predict.output.report.as_deref())
}

/// Makes the predictions of a batch, which may be one.
fn run_batch(batch: &Batch, verbosity: Verbosity, report: Option<&Path>) -> Result<ExitCode, CliError> {
    if batch.ms.len() > 1 {
        return many::run(batch, verbosity, report);
    }
    let job = batch.job(0);
    let mut watch = Watch::new(verbosity);
    let outcome = predict::run(&job, &mut watch);
    watch.finish();
    keep_report(&outcome, report)?;
    watch.summary(&outcome?);
    Ok(ExitCode::SUCCESS)
}

/// Writes the report of a run to where it was asked for.
fn keep_report(outcome: &predict::Result<Report>, path: Option<&Path>) -> Result<(), CliError> {
    // A failed check is reported too: its figures are what one wants to look at.
    let report = match outcome {
        Ok(report) => report,
        Err(PredictError::Check { report, .. }) => report.as_ref(),
        Err(_) => return Ok(()),
    };
    path.map_or(Ok(()), |path| output::write_json(report, path))
}

//! The command's arguments given by another program instead of a shell: the same names, values, defaults and words.
//!
//! The Python package is such a program. It adds no option of its own and says nothing that the command does not say.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{ArgAction, FromArgMatches};

use super::args::PredictArgs;
use super::catalog::{self, QueryArgs};
use super::image::ImageArgs;
use super::{CliError, exit, output, with_causes};
use crate::catalog::CatalogError;
use crate::ms::make::{MadeMs, MsSpec, make};
use crate::ms::{self, ModelState, MsError};
use crate::predict::{self, Job, Observer, PredictError, Report};

/// Real NVSS sources in the field of the demonstration, as CSV, with their citation.
pub const DEMO_CATALOGUE: &str = include_str!("../../data/demo_nvss.csv");

/// What kind of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The arguments do not make sense.
    Usage,
    /// The MeasurementSet cannot be used.
    MeasurementSet,
    /// The catalogue cannot be used.
    Catalog,
    /// The MeasurementSet is locked.
    Locked,
    /// The time was up.
    Timeout,
    /// The check failed.
    Check,
    /// No sources.
    NoSources,
    /// The user stopped the run.
    Interrupted,
    /// Input or output failed.
    Storage,
}

/// What ended a call before its time, as the command would say it.
#[derive(Debug)]
pub struct Failure {
    /// What kind of thing went wrong.
    pub cause: Cause,
    /// What the command says after `error: `.
    pub text: String,
    /// The command's exit code.
    pub exit_code: u8,
    /// The report of a run whose check failed.
    pub report: Option<Box<Report>>,
}

impl From<CliError> for Failure {
    fn from(error: CliError) -> Failure {
        let (text, exit_code) = (with_causes(&error), error.exit_code());
        let cause = match (&error, exit_code) {
            (_, exit::USAGE) => Cause::Usage,
            (_, exit::LOCKED) => Cause::Locked,
            (_, exit::TIMED_OUT) => Cause::Timeout,
            (_, exit::CHECK) => Cause::Check,
            (_, exit::NO_SOURCES) => Cause::NoSources,
            (_, exit::INTERRUPTED) => Cause::Interrupted,
            (CliError::Image(_), _) => Cause::Catalog,
            (CliError::Predict(PredictError::Catalog(_) | PredictError::Image(_)), exit::INPUT) => {
                Cause::Catalog
            }
            (CliError::Predict(PredictError::Options(_)), exit::INPUT) => Cause::Usage,
            (_, exit::INPUT) => Cause::MeasurementSet,
            _ => Cause::Storage,
        };
        let report = match error {
            CliError::Predict(PredictError::Check { report, .. }) => Some(report),
            _ => None,
        };
        Failure { cause, text, exit_code, report }
    }
}

impl From<CatalogError> for Failure {
    fn from(error: CatalogError) -> Failure {
        CliError::from(error).into()
    }
}

impl From<MsError> for Failure {
    fn from(error: MsError) -> Failure {
        CliError::from(error).into()
    }
}

impl From<clap::Error> for Failure {
    fn from(error: clap::Error) -> Failure {
        let text = error.render().to_string();
        // The usage and the hint at --help are for a terminal.
        let said = text.split("\n\nUsage:").next().unwrap_or_default();
        let said = said.split("\n\nFor more information").next().unwrap_or_default();
        let text = said.trim_start_matches("error: ").trim_end().to_owned();
        Failure { cause: Cause::Usage, text, exit_code: exit::USAGE, report: None }
    }
}

/// Arguments of a type, from their words.
fn parsed<A: clap::Args + FromArgMatches>(words: &[OsString]) -> Result<A, Failure> {
    let command = A::augment_args(clap::Command::new("nvss-predict").no_binary_name(true));
    Ok(A::from_arg_matches(&command.try_get_matches_from(words)?)?)
}

/// An option of a prediction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionName {
    /// Its long name, without dashes in front.
    pub name: String,
    /// Whether it has a value.
    pub takes_value: bool,
    /// Whether it may be given again.
    pub repeats: bool,
}

/// The options of a prediction, as `nvss-predict --help` lists them.
pub fn prediction_options() -> Vec<OptionName> {
    options_of::<PredictArgs>()
}

/// The options of a prediction of images, as `nvss-predict image --help` lists them.
pub fn image_options() -> Vec<OptionName> {
    options_of::<ImageArgs>()
}

fn options_of<A: clap::Args>() -> Vec<OptionName> {
    let command = A::augment_args(clap::Command::new("nvss-predict"));
    let options = command.get_arguments().filter_map(|argument| {
        Some(OptionName {
            name: argument.get_long()?.to_owned(),
            takes_value: argument.get_action().takes_values(),
            repeats: matches!(argument.get_action(), ArgAction::Append),
        })
    });
    options.collect()
}

/// A prediction that is understood.
#[derive(Debug, Clone)]
pub struct Prediction {
    /// What is to be done.
    pub job: Job,
    /// Where the report goes.
    pub report: Option<PathBuf>,
}

impl Prediction {
    /// Understands the words after `nvss-predict`.
    ///
    /// `arguments` is the call as the provenance is to have it; `held` is the catalogue's content where the caller holds
    /// it in memory, as a table of text with the columns of a CSV file.
    ///
    /// # Errors
    /// [`Cause::Usage`] for words that make no sense; a catalogue that is not understood.
    pub fn new(words: &[OsString], arguments: String, held: Option<Arc<str>>) -> Result<Prediction, Failure> {
        let mut args: PredictArgs = parsed(words)?;
        args.sky.held = held;
        let mut job = args.batch()?.job(0);
        job.options.arguments = arguments;
        Ok(Prediction { job, report: args.output.report })
    }

    /// Understands the words after `nvss-predict image`; `arguments` is the call as the provenance is to have it.
    ///
    /// # Errors
    /// [`Cause::Usage`] for words that make no sense; [`Cause::Catalog`] for images that are not there.
    pub fn of_images(words: &[OsString], arguments: String) -> Result<Prediction, Failure> {
        let args: ImageArgs = parsed(words)?;
        let mut job = args.batch()?.job(0);
        job.options.arguments = arguments;
        Ok(Prediction { job, report: args.output.report })
    }

    /// Makes the prediction.
    ///
    /// # Errors
    /// As the command.
    pub fn run(&self, observer: &mut dyn Observer) -> Result<Report, Failure> {
        let outcome = predict::run(&self.job, observer);
        super::keep_report(&outcome, self.report.as_deref())?;
        Ok(outcome.map_err(CliError::from)?)
    }
}

/// What the command says once the plan stands.
pub fn plan_text(report: &Report) -> String {
    output::plan(report)
}

/// What the command says at the end.
pub fn summary_text(report: &Report) -> String {
    output::summary(report, true)
}

/// `nvss-predict catalog query`: the sources as the JSON that it prints.
///
/// # Errors
/// As the command.
pub fn query(words: &[OsString]) -> Result<String, Failure> {
    let args: QueryArgs = parsed(words)?;
    let (found, read) = catalog::find(&args)?;
    Ok(catalog::json(&found, &read, args.centre))
}

/// `nvss-predict status`: whether a column is whole, and where it came from.
///
/// # Errors
/// As the command.
pub fn status(ms: &std::path::Path, column: &str) -> Result<ModelState, Failure> {
    let table = ms::open(ms, casacore::Access::ReadOnly)?;
    Ok(ModelState::read(&table, column)?)
}

/// The MeasurementSet of `nvss-predict demo`, of any size.
///
/// # Errors
/// As the command.
pub fn make_demo(path: &std::path::Path, spec: &MsSpec) -> Result<MadeMs, Failure> {
    Ok(make(path, spec).map_err(CliError::from)?)
}

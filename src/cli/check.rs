//! `nvss-predict check`: what stands in the way of a prediction, in one screen.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args as ClapArgs;

use super::CliError;
use super::args::StallArg;
use super::output::{self, grouped};
use super::sky_args::SkyArgs;
use super::supervise::Link;
use super::values::parse_seconds;
use super::watched;
use crate::predict::{Job, Level, Options, Preflight, preflight};
use crate::stall::Limits;

/// Look at a MeasurementSet before predicting into it: can it be opened, locked and written, is what it says of itself sound, and
/// what would be predicted, in how long. Nothing is written
#[derive(Debug, ClapArgs)]
pub(super) struct CheckArgs {
    /// The MeasurementSet
    ms: PathBuf,
    /// The catalogue or component list, as for a prediction
    catalog: Option<PathBuf>,
    /// The column that would be filled
    #[arg(long, default_value = "MODEL_DATA")]
    column: String,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// Seconds to wait for the lock of the MeasurementSet
    #[arg(long, default_value_t = 5.0, value_name = "S", value_parser = parse_seconds, help_heading = "Running")]
    lock_timeout: f64,
    #[command(flatten)]
    stall_timeout: StallArg,
    #[command(flatten)]
    pub(super) sky: SkyArgs,
}

impl CheckArgs {
    /// What is looked at, and whether there is a catalogue.
    fn job(&self) -> Result<(Job, bool), CliError> {
        let job = match &self.catalog {
            Some(catalog) => self.sky.job(&self.ms, catalog)?,
            None => Job { ms: self.ms.clone(), catalogue: PathBuf::new(), options: Options::default() },
        };
        let options = Options {
            column: self.column.clone(),
            lock_timeout: Duration::from_secs_f64(self.lock_timeout),
            stall_timeout: self.stall_timeout.limit(),
            ..job.options
        };
        Ok((Job { options, ..job }, self.catalog.is_some()))
    }

    /// Looks.
    pub(super) fn look(&self) -> Result<Preflight, CliError> {
        let (job, catalogue) = self.job()?;
        Ok(preflight(&job, catalogue))
    }
}

pub(super) fn run(args: &CheckArgs, link: Option<&Arc<Link>>) -> Result<u8, CliError> {
    if let Some(link) = link {
        link.end_with_signals();
    }
    let stall = args.stall_timeout.limit();
    let found = watched(link, &args.ms, Limits { stall, whole: None }, || args.look())?;
    if args.json {
        output::say(&format!("{}\n", json(&found)));
    } else {
        output::say(&describe(&found));
    }
    Ok(u8::from(!found.good()))
}

/// As `--json` prints it.
pub(super) fn json(found: &Preflight) -> String {
    #[derive(serde::Serialize)]
    struct Whole<'f> {
        good: bool,
        #[serde(flatten)]
        found: &'f Preflight,
    }
    serde_json::to_string_pretty(&Whole { good: found.good(), found }).unwrap_or_default()
}

/// As it is printed for a person.
pub(super) fn describe(found: &Preflight) -> String {
    let mut text = String::new();
    for finding in &found.findings {
        let mark = match finding.level {
            Level::Good => "good",
            Level::Warning => "warning",
            Level::Bad => "BAD",
        };
        text += &format!("{mark:<8} {:<9} {}\n", finding.what, finding.text);
    }
    if let Some(plan) = &found.plan {
        for engine in &plan.plan.engines {
            text += &format!("{:<8} {:<9} {engine}\n", "", "plan");
        }
        text += &format!(
            "{:<8} {:<9} {} rows, {:.2} GB to write; computing takes about {:.1} s on {} threads, or as long as the disk does\n",
            "",
            "",
            grouped(plan.rows_predicted),
            plan.plan.bytes as f64 / 1e9,
            plan.compute_estimate.unwrap_or(0.0),
            plan.plan.threads,
        );
    }
    let bad = found.findings.iter().filter(|finding| finding.level == Level::Bad).count();
    text += &match bad {
        0 => "ready: nothing stands in the way\n".to_owned(),
        1 => "not ready: one thing would stop a run, or spoil what it writes\n".to_owned(),
        _ => format!("not ready: {bad} things would stop a run, or spoil what it writes\n"),
    };
    text
}

//! `nvss-predict status`: can the model column be trusted?

use std::process::ExitCode;

use casacore::Access;

use super::args::StatusArgs;
use super::{CliError, output};
use crate::ms::{self, ModelState, Provenance};

pub(super) fn run(args: &StatusArgs) -> Result<ExitCode, CliError> {
    let table = ms::open(&args.ms, Access::ReadOnly)?;
    let state = ModelState::read(&table, &args.column)?;
    if args.json {
        let json = serde_json::to_string_pretty(&state).unwrap_or_default();
        output::say(&format!("{json}\n"));
    } else {
        output::say(&describe(&state, &args.column));
    }
    Ok(ExitCode::from(u8::from(!matches!(state, ModelState::Complete(_)))))
}

fn describe(state: &ModelState, column: &str) -> String {
    match state {
        ModelState::NoColumn => format!("no model column: {column} does not exist\n"),
        ModelState::Unknown => {
            format!("unknown: {column} was not written by nvss-predict, or another program has replaced it\n")
        }
        ModelState::Incomplete(run) => {
            format!(
                "incomplete: {column} is not to be used: half written, or its check failed; run again to repair it\n{}",
                origin(run)
            )
        }
        ModelState::Complete(run) => format!("complete: {column}\n{}", origin(run)),
    }
}

fn origin(run: &Provenance) -> String {
    format!(
        "  started    {}\n  version    {}\n  catalogue  {} (sha256 {})\n  sources    {}\n  arguments  {}\n",
        run.started, run.version, run.catalogue, run.digest, run.components, run.arguments
    )
}

//! `nvss-predict status`: can the model column be trusted?

use std::path::Path;
use std::sync::Arc;

use casacore::Access;
use serde::Serialize;

use super::args::StatusArgs;
use super::supervise::Link;
use super::{CliError, output, watched};
use crate::ms::{self, ColumnDigest, ModelState, Provenance};
use crate::stall::Limits;

/// What is known of a column.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// Its state, and where it came from.
    #[serde(flatten)]
    pub state: ModelState,
    /// What reading all of it found, where that was asked for and there is something to compare with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deep: Option<Deep>,
}

/// What a column holds, against what was written.
#[derive(Debug, Clone, Serialize)]
pub struct Deep {
    /// The rows that were read and counted.
    pub rows: u64,
    /// Their digest.
    pub xxh3: String,
    /// Whether that is what was written; nothing where no digest was kept.
    pub matches: Option<bool>,
}

impl Status {
    /// Looks at column `column`, and reads all of it where `deep` asks for that and it is complete.
    ///
    /// # Errors
    /// [`ms::MsError`] where the MeasurementSet cannot be opened or the column cannot be read.
    pub fn read(path: &Path, column: &str, deep: bool) -> ms::Result<Status> {
        let table = ms::open(path, Access::ReadOnly)?;
        let state = ModelState::read(&table, column)?;
        let deep = match &state {
            ModelState::Complete(run) if deep => Some(Deep::read(&table, column, run)?),
            _ => None,
        };
        Ok(Status { state, deep })
    }

    /// Whether the column is whole, and is what was written as far as that was looked at.
    pub fn good(&self) -> bool {
        let spoilt = self.deep.as_ref().is_some_and(|deep| deep.matches == Some(false));
        matches!(self.state, ModelState::Complete(_)) && !spoilt
    }
}

impl Deep {
    fn read(table: &casacore::Table, column: &str, run: &Provenance) -> ms::Result<Deep> {
        let (digest, rows) =
            ColumnDigest::of_column(table, column, &run.pairs, run.rows_of(table.row_count()))?;
        let written = ColumnDigest::from_hex(&run.xxh3);
        let whole = u64::try_from(run.predicted).is_ok_and(|predicted| predicted == rows);
        Ok(Deep { rows, xxh3: digest.hex(), matches: written.map(|written| written == digest && whole) })
    }
}

pub(super) fn run(args: &StatusArgs, link: Option<&Arc<Link>>) -> Result<u8, CliError> {
    if let Some(link) = link {
        link.end_with_signals();
    }
    let stall = args.stall_timeout.limit();
    let limits = Limits { stall, whole: None };
    let status = watched(link, &args.ms, limits, || Status::read(&args.ms, &args.column, args.deep))?;
    if args.json {
        let json = serde_json::to_string_pretty(&status).unwrap_or_default();
        output::say(&format!("{json}\n"));
    } else {
        output::say(&describe(&status, &args.column));
    }
    Ok(u8::from(!status.good()))
}

fn describe(status: &Status, column: &str) -> String {
    match &status.state {
        ModelState::NoColumn => format!("no model column: {column} does not exist\n"),
        ModelState::Unknown => {
            format!("unknown: {column} was not written by nvss-predict, or another program has replaced it\n")
        }
        ModelState::Incomplete(run) => {
            let kept = match run.rows {
                0 => String::new(),
                rows => format!(
                    "  rows       {} from the first on are on the disk: --resume goes on from there\n",
                    output::grouped(rows.unsigned_abs())
                ),
            };
            format!(
                "incomplete: {column} is not to be used: half written, or its check failed; run again to repair it\n{}{kept}",
                origin(run)
            )
        }
        ModelState::Complete(run) => {
            let mut text = match status.good() {
                true => format!("complete: {column}\n{}", origin(run)),
                false => format!(
                    "changed: {column} was complete, but it no longer holds what was written: another program has changed it, \
                     or it is damaged; run again to write it anew\n{}",
                    origin(run)
                ),
            };
            if run.predicted > 0 {
                text += &format!("  rows       {}\n", output::grouped(run.predicted.unsigned_abs()));
            }
            if !run.xxh3.is_empty() {
                text += &format!("  xxh3       {}\n", run.xxh3);
            }
            if let Some(deep) = &status.deep {
                text += &format!(
                    "  read       {} rows, xxh3 {}: {}\n",
                    output::grouped(deep.rows),
                    deep.xxh3,
                    match deep.matches {
                        Some(true) => "as written",
                        Some(false) => "not as written",
                        None =>
                            "nothing to compare with (written by an earlier version, or by a lossy storage manager)",
                    }
                );
            }
            text
        }
    }
}

fn origin(run: &Provenance) -> String {
    format!(
        "  started    {}\n  version    {}\n  catalogue  {} (sha256 {})\n  sources    {}\n  arguments  {}\n",
        run.started, run.version, run.catalogue, run.digest, run.components, run.arguments
    )
}

//! `nvss-predict catalog`: imports, queries, and what is in a catalogue.

mod args;
mod info;
mod query;
mod table;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::CliError;
use super::output::{counted, grouped, say};
use super::signals;
use crate::catalog::store::{self, Import};
use crate::catalog::{Cache, CatalogError};
use args::{CacheArgs, CatalogCommand, ImportArgs};
pub(super) use args::{CatalogArgs, QueryArgs, ReadArgs};
pub(super) use query::find;
pub(super) use table::json;

pub(super) fn run(args: &CatalogArgs) -> Result<ExitCode, CliError> {
    match &args.command {
        CatalogCommand::Import(args) => import(args)?,
        CatalogCommand::Query(args) => query::run(args)?,
        CatalogCommand::Info(args) => info::run(args)?,
        CatalogCommand::Cache(args) => cache(args)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The user's cache.
pub(super) fn user_cache() -> Cache {
    Cache::of_environment(|name| std::env::var_os(name))
}

fn import(args: &ImportArgs) -> Result<(), CliError> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in signals::stopping() {
        // The first signal ends the import in order, its half of a file removed; a second one at once.
        let _ = signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&stop));
        let _ = signal_hook::flag::register(signal, Arc::clone(&stop));
    }
    let sources = args.sources.iter().map(|path| args::resolved(path)).collect::<Result<Vec<_>, _>>()?;
    let how = Import {
        read: args.read.options(),
        strict: args.read.strict,
        force: args.force,
        stop: &|| stop.load(Ordering::Relaxed),
    };
    let begun = Instant::now();
    let made = store::import(&sources, &args.output, &how)?;
    if args.quiet {
        return Ok(());
    }
    let listed: Vec<String> = sources.iter().map(|path| path.display().to_string()).collect();
    say(&format!(
        "{:<12} {} of {} rows of {}\n",
        "imported",
        counted(made.summary.sources as usize, "source"),
        grouped(made.rows),
        listed.join(", ")
    ));
    for note in &made.notes {
        say(&format!("{:<12} {note}\n", ""));
    }
    say(&info::figures(&made.summary));
    say(&format!(
        "{:<12} {}: {} MB in {:.1} s\n",
        "complete",
        args.output.display(),
        grouped(made.bytes.div_ceil(1_000_000)),
        begun.elapsed().as_secs_f64()
    ));
    Ok(())
}

fn cache(args: &CacheArgs) -> Result<(), CliError> {
    let cache = user_cache();
    let Some(folder) = &cache.folder else {
        say(&format!("no cache: {} is off, or there is no HOME\n", store::cache::CACHE_VARIABLE));
        return Ok(());
    };
    let files = if args.clear { cache.clear()? } else { cache.kept()? };
    let bytes: u64 = files.iter().map(|file| file.bytes).sum();
    let imports: Vec<_> = files.iter().filter(|file| file.import).collect();
    say(&format!(
        "{:<12} {}: {} import{}, {} MB{}\n",
        "cache",
        folder.display(),
        imports.len(),
        if imports.len() == 1 { "" } else { "s" },
        grouped(bytes.div_ceil(1_000_000)),
        if args.clear { ", removed" } else { "" }
    ));
    if !args.clear {
        for file in imports {
            say(&format!("{:<12} {}\n", "", described(&file.path)));
        }
    }
    Ok(())
}

/// An import in the cache, in words.
fn described(path: &std::path::Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match store::contents(path) {
        Ok(contents) => {
            let files: Vec<&str> = contents.files.iter().map(|file| file.path.as_str()).collect();
            format!(
                "{name}: {} sources of {}, {}",
                grouped(contents.summary.sources),
                files.join(", "),
                contents.made
            )
        }
        Err(_) => format!("{name}: cannot be read; --clear removes it"),
    }
}

impl From<CatalogError> for CliError {
    fn from(error: CatalogError) -> Self {
        CliError::Predict(error.into())
    }
}

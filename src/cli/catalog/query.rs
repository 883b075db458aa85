//! `nvss-predict catalog query`: the sources about a position.

use std::io::Write as _;
use std::time::Instant;

use super::args::{QueryArgs, SortArg, TableFormat, resolved};
use super::table::{Found, csv, json, table};
use crate::catalog::{self, Cache, Catalog, Near, ReadOptions, Record};
use crate::cli::output::{counted, grouped, say};
use crate::cli::values::RadiusArg;
use crate::cli::{CliError, catalog::user_cache, new_file};

/// The sources asked for, in order, and what was read for them.
pub(in crate::cli) fn find(args: &QueryArgs) -> Result<(Vec<Found>, Catalog), CliError> {
    let path = resolved(&args.catalog)?;
    let near = match args.radius {
        RadiusArg::All => None,
        RadiusArg::Within(radius) => Some(Near { centres: vec![args.centre], radius }),
    };
    let options = ReadOptions { near, ..args.read.options() };
    let source = catalog::open(&path, options.format)?;
    let mut found: Vec<Found> = Vec::new();
    let mut take = |record: Record| {
        if record.component.stokes.i.abs() >= args.min_flux.unwrap_or(0.0) {
            found.push(Found { separation: args.centre.separation(record.component.position), record });
        }
        Ok(())
    };
    let cache = if args.no_cache { Cache::off() } else { user_cache() };
    let read = source.visit_cached(&options, args.read.strict, &cache, &mut take)?;
    match args.sort {
        SortArg::Flux => found.sort_by(|a, b| b.flux().total_cmp(&a.flux())),
        SortArg::Separation => found.sort_by(|a, b| a.separation.total_cmp(&b.separation)),
    }
    found.truncate(args.max_sources.unwrap_or(usize::MAX));
    Ok((found, read))
}

pub(super) fn run(args: &QueryArgs) -> Result<(), CliError> {
    let begun = Instant::now();
    let (found, read) = find(args)?;
    let took = begun.elapsed();
    let text = match args.format {
        TableFormat::Table => table(&found),
        TableFormat::Csv => csv(&found),
        TableFormat::Json => json(&found, &read, args.centre),
    };
    match &args.output {
        None => say(&text),
        Some(output) => new_file::replace(output, text.as_bytes())?,
    }
    // Beside the table, not in it: a script reads the one, a person both.
    let _ = writeln!(
        std::io::stderr(),
        "{} of {} rows of {} in {:.1} ms",
        counted(found.len(), "source"),
        grouped(read.rows_read),
        read.path.display(),
        1e3 * took.as_secs_f64()
    );
    for note in read.notes {
        let _ = writeln!(std::io::stderr(), "  {note}");
    }
    Ok(())
}

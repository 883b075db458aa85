//! `nvss-predict catalog info`: what is in a catalogue.

use std::fmt::Write as _;

use serde_json::json;

use super::args::{InfoArgs, resolved};
use crate::catalog::store::{self, Contents};
use crate::catalog::{self, Catalog, Format, Kind, Record, Summary};
use crate::cli::CliError;
use crate::cli::output::{grouped, say};

pub(super) fn run(args: &InfoArgs) -> Result<(), CliError> {
    let path = resolved(&args.catalog)?;
    let options = args.read.options();
    let source = catalog::open(&path, options.format)?;
    if source.format() == Format::Store {
        // It knows its figures: nothing need be read.
        let contents = store::contents(&path)?;
        say(&if args.json { store_json(&path, &contents) } else { described(&path, &contents) });
        return Ok(());
    }
    let mut summary = Summary::default();
    let mut count = |record: Record| {
        summary.add(&record);
        Ok(())
    };
    let read = source.visit(&options, args.read.strict, &mut count)?;
    say(&if args.json { file_json(&read, &summary) } else { file(&read, &summary) });
    Ok(())
}

fn line(text: &mut String, label: &str, value: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{label:<12} {value}");
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Survey => "survey: a prediction takes what is near",
        Kind::Model => "component list: a prediction takes all of it",
    }
}

fn described(path: &std::path::Path, contents: &Contents) -> String {
    let mut text = String::new();
    line(&mut text, "catalogue", &format!("{}: {}", path.display(), Format::Store.describe()));
    line(&mut text, "kind", kind_name(contents.kind));
    line(&mut text, "made", &format!("{} by {}", contents.made, contents.program));
    for file in &contents.files {
        line(
            &mut text,
            "of",
            &format!(
                "{} ({}): {} sources of {} rows",
                file.path,
                file.format,
                grouped(file.kept),
                grouped(file.rows)
            ),
        );
        line(&mut text, "", &format!("sha256 {}", file.digest));
        for note in &file.notes {
            line(&mut text, "", note);
        }
    }
    text + &figures(&contents.summary)
}

fn file(read: &Catalog, summary: &Summary) -> String {
    let mut text = String::new();
    line(&mut text, "catalogue", &format!("{}: {}", read.path.display(), read.format.describe()));
    line(&mut text, "kind", kind_name(read.kind));
    line(&mut text, "rows", &grouped(read.rows_read));
    line(&mut text, "sha256", &read.digest);
    for note in &read.notes {
        line(&mut text, "", note);
    }
    text + &figures(summary)
}

/// Figures as lines.
pub(super) fn figures(summary: &Summary) -> String {
    let mut text = String::new();
    let listed = |names: Vec<String>| if names.is_empty() { "not told".into() } else { names.join(", ") };
    line(
        &mut text,
        "sources",
        &format!(
            "{} ({} Gaussian, {} with size limits, {} with polarisation, {} with flux errors, {} with spectra)",
            grouped(summary.sources),
            grouped(summary.gaussians),
            grouped(summary.limits),
            grouped(summary.polarised),
            grouped(summary.errors),
            grouped(summary.spectra)
        ),
    );
    if let Some([low, high]) = summary.flux_jy {
        line(&mut text, "flux", &format!("{:.4} mJy to {:.4} Jy", 1e3 * low, high));
    }
    if let Some([low, high]) = summary.dec_deg {
        line(&mut text, "declination", &format!("{low:+.3}° to {high:+.3}°"));
    }
    let frequency = match summary.ref_hz {
        None => "not told".to_owned(),
        Some([low, high]) if low == high => format!("{} MHz", low / 1e6),
        Some([low, high]) => format!("{} to {} MHz", low / 1e6, high / 1e6),
    };
    line(&mut text, "frequency", &frequency);
    line(&mut text, "survey", &listed(summary.surveys.iter().cloned().collect()));
    line(&mut text, "frame", &listed(summary.frames.iter().map(ToString::to_string).collect()));
    text
}

fn pretty(value: &serde_json::Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

fn store_json(path: &std::path::Path, contents: &Contents) -> String {
    let file = |file: &store::FileEntry| {
        json!({
            "path": file.path, "format": file.format, "sha256": file.digest,
            "rows": file.rows, "kept": file.kept, "notes": file.notes,
        })
    };
    pretty(&json!({
        "path": path.display().to_string(), "format": Format::Store, "kind": contents.kind,
        "made": contents.made, "program": contents.program, "sha256": contents.digest,
        "files": contents.files.iter().map(file).collect::<Vec<_>>(), "summary": contents.summary,
    }))
}

fn file_json(read: &Catalog, summary: &Summary) -> String {
    pretty(&json!({
        "path": read.path.display().to_string(), "format": read.format, "kind": read.kind,
        "sha256": read.digest, "rows": read.rows_read, "notes": read.notes, "summary": summary,
    }))
}

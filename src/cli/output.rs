//! What a run says.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use serde::Serialize;

use super::{CliError, new_file};
use crate::predict::{CatalogueReport, Mode, Report, allowed};

/// Prints to stdout; a reader that went away is no error.
pub(super) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// Tells an error on stderr.
pub(super) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "nvss-predict: error: {text}");
}

/// Warns on stderr.
pub(super) fn warn(text: &str) {
    let _ = writeln!(std::io::stderr(), "nvss-predict: warning: {text}");
}

/// The plan: what was found, and what will be done.
pub(super) fn plan(report: &Report) -> String {
    let mut text = String::new();
    let sky = &report.catalogue;
    let plan = &report.plan;
    let rows = report.rows_predicted;
    let telescope = if report.telescope.is_empty() { "unknown telescope" } else { &report.telescope };
    line(
        &mut text,
        "observation",
        format!(
            "{telescope}, {} rows{}, {}, {}, {:.2}–{:.2} MHz",
            grouped(rows),
            if rows < report.rows { format!(" of {}", grouped(report.rows)) } else { String::new() },
            counted(report.fields.len(), "field"),
            counted(report.spectral_windows.len(), "spectral window"),
            report.frequency_hz[0] / 1e6,
            report.frequency_hz[1] / 1e6,
        ),
    );
    line(
        &mut text,
        "sky",
        match &sky.images {
            Some(images) => format!(
                "{} other than zero of {} in {} ({}), {:.4} Jy at the middle of the band",
                of_sky(sky),
                grouped(sky.rows),
                counted(images.files.len(), "image"),
                sky.path,
                sky.flux_jy
            ),
            None => format!(
                "{} ({} Gaussian) of {} rows of {}, {:.4} Jy, {}",
                of_sky(sky),
                sky.gaussians,
                grouped(sky.rows),
                sky.path,
                sky.flux_jy,
                sky.region
            ),
        },
    );
    for note in &sky.notes {
        line(&mut text, "", note.clone());
    }
    line(&mut text, "beam", report.beam.clone());
    for antennas in &report.antennas {
        line(&mut text, "antennas", antennas.clone());
    }
    if !report.smear.is_empty() {
        line(&mut text, "smear", report.smear.clone());
    }
    line(
        &mut text,
        "plan",
        format!(
            "{}, {}, {} blocks of {} rows",
            plan.simd,
            counted(plan.threads, "thread"),
            plan.blocks,
            plan.block_rows
        ),
    );
    for engine in &plan.engines {
        line(&mut text, "", engine.clone());
    }
    let verb = match report.mode {
        Mode::Replace => "fill",
        Mode::Add => "add to",
        Mode::Subtract => "subtract from",
    };
    line(
        &mut text,
        "column",
        format!("{verb} {}, {} MB: {}", report.column, grouped(plan.bytes / 1_000_000), plan.storage),
    );
    if report.dry_run {
        line(&mut text, "dry run", "nothing was written".into());
    }
    text
}

/// What was done, to each column.
pub(super) fn summary(report: &Report, verbose: bool) -> String {
    std::iter::once(report).chain(&report.others).map(|report| of_column(report, verbose)).collect()
}

/// What was done to a column.
fn of_column(report: &Report, verbose: bool) -> String {
    let mut text = String::new();
    if report.dry_run {
        return text;
    }
    if report.resumed_rows == report.rows && report.rows > 0 {
        line(&mut text, "complete", format!("{} of {}, as it was", report.column, report.ms));
        return text;
    }
    if report.resumed_rows > 0 {
        line(&mut text, "resumed", format!("after {} rows", grouped(report.resumed_rows)));
    }
    let s = &report.seconds;
    line(
        &mut text,
        "done",
        format!(
            "{} rows in {:.2} s (read {:.2}, compute {:.2} thread-s, write {:.2} by {}, sync {:.2}), {:.2} GB/s",
            grouped(report.rows_predicted),
            s.total,
            s.read,
            s.compute,
            s.write,
            report.plan.writer,
            s.sync,
            report.gigabytes_per_second
        ),
    );
    if verbose {
        line(
            &mut text,
            "",
            format!(
                "open {:.3} s, catalogue {:.3}, plan {:.3}, stream {:.3}, sync {:.3}, check {:.3}",
                s.open, s.catalogue, s.plan, s.stream, s.sync, s.check
            ),
        );
    }
    match report.check {
        Some(check) => line(
            &mut text,
            "check",
            format!(
                "{} visibilities read back: rms error {:.1e}, max {:.1e} of rms |V| (allowed {:.0e})",
                check.visibilities,
                check.rms,
                check.max,
                allowed(report.epsilon)
            ),
        ),
        None => line(&mut text, "check", "none was made".into()),
    }
    if report.virtual_model_removed {
        line(&mut text, "delmod", "CASA's virtual model is removed".into());
    }
    line(&mut text, "complete", format!("{} of {}", report.column, report.ms));
    text
}

/// Writes a report as JSON.
pub(super) fn write_json(report: &impl Serialize, path: &Path) -> Result<(), CliError> {
    let error = |source: serde_json::Error| CliError::Write { path: path.to_owned(), source: source.into() };
    let mut json = serde_json::to_string_pretty(report).map_err(error)?;
    json.push('\n');
    write_text(&json, path)
}

/// Writes a text to a file, as a whole.
pub(super) fn write_text(text: &str, path: &Path) -> Result<(), CliError> {
    new_file::replace(path, text.as_bytes())
}

/// A line of its own.
pub(super) fn labelled(label: &str, value: &str) -> String {
    let mut text = String::new();
    line(&mut text, label, value.to_owned());
    text
}

fn line(text: &mut String, label: &str, value: String) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{label:<12} {value}");
}

/// `436 sources`, or of images `1,000 pixels`.
pub(super) fn of_sky(sky: &CatalogueReport) -> String {
    match &sky.images {
        Some(images) => counted(images.pixels, "pixel"),
        None => counted(sky.selected, "source"),
    }
}

/// `1 field`, `24 fields`.
pub(super) fn counted(count: usize, what: &str) -> String {
    format!("{} {what}{}", grouped(count as u64), if count == 1 { "" } else { "s" })
}

/// `111,744`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(111_744), "111,744");
        assert_eq!(grouped(1_000_000), "1,000,000");
    }
}

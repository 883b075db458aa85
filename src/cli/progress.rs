//! How far a run is: a bar on a terminal, plain lines elsewhere.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Seconds between plain lines.
const EVERY: Duration = Duration::from_secs(10);

pub(super) enum Progress {
    None,
    Bar(Option<ProgressBar>),
    Lines { began: Instant, last: Instant },
}

impl Progress {
    pub(super) fn new(quiet: bool) -> Progress {
        let now = Instant::now();
        if quiet {
            Progress::None
        } else if std::io::stderr().is_terminal() {
            Progress::Bar(None)
        } else {
            Progress::Lines { began: now, last: now }
        }
    }

    pub(super) fn show(&mut self, rows: u64, of: u64, bytes: u64) {
        match self {
            Progress::None => {}
            Progress::Bar(bar) => {
                let bar = bar.get_or_insert_with(|| new_bar(of));
                bar.set_message(format!(
                    "{:.2} GB/s",
                    bytes as f64 / 1e9 / bar.elapsed().as_secs_f64().max(1e-3)
                ));
                bar.set_position(rows);
            }
            Progress::Lines { began, last } => {
                if last.elapsed() >= EVERY {
                    *last = Instant::now();
                    let seconds = began.elapsed().as_secs_f64();
                    let left = seconds * (of - rows) as f64 / rows.max(1) as f64;
                    let _ = writeln!(
                        std::io::stderr(),
                        "  {rows} of {of} rows, {:.2} GB/s, {left:.0} s left",
                        bytes as f64 / 1e9 / seconds
                    );
                }
            }
        }
    }

    pub(super) fn finish(&mut self) {
        if let Progress::Bar(Some(bar)) = self {
            bar.finish_and_clear();
        }
    }
}

fn new_bar(rows: u64) -> ProgressBar {
    let bar = ProgressBar::new(rows);
    let style = ProgressStyle::with_template("  {wide_bar} {human_pos}/{human_len} rows  {msg}  {eta} left");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

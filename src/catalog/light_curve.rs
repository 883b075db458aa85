//! Light curves: tables of time and flux density.
//!
//! A CSV file whose first line names the columns, in any order: `mjd` (days, UTC), `time_s` (seconds, as TIME of a
//! MeasurementSet) or `time` (ISO 8601, UTC, or days of MJD); and `flux` or `flux_jy`, or `flux_mjy`. Lines that begin with
//! `#` are comments; other columns are left alone.

use std::path::{Path, PathBuf};

use crate::sky::LightCurve;

/// Why a light curve cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LightCurveError {
    /// The file cannot be read.
    #[error("{path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: csv::Error,
    },
    /// A column is missing.
    #[error(
        "{path}: line {line}: no column {what}; the first line names the columns, a time (mjd, time_s or time) and a flux \
         density (flux_jy or flux_mjy)", path = path.display()
    )]
    Column {
        /// The file.
        path: PathBuf,
        /// The line of the names.
        line: u64,
        /// What is missing.
        what: &'static str,
    },
    /// A cell makes no sense.
    #[error("{path}: line {line}: '{text}' is not {what}", path = path.display())]
    Cell {
        /// The file.
        path: PathBuf,
        /// Its line.
        line: u64,
        /// The cell.
        text: String,
        /// What it should be.
        what: &'static str,
    },
    /// The curve as a whole makes no sense.
    #[error("{path}: {source}", path = path.display())]
    Curve {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: crate::sky::ComponentError,
    },
}

const SECONDS_PER_DAY: f64 = 86_400.0;

/// What a column of times holds.
#[derive(Clone, Copy)]
enum Clock {
    Days,
    Seconds,
    Either,
}

impl Clock {
    /// [s, MJD]
    fn seconds(self, text: &str) -> Option<f64> {
        let number = text.parse::<f64>().ok().filter(|value| value.is_finite());
        match (self, number) {
            (Clock::Days | Clock::Either, Some(days)) => Some(days * SECONDS_PER_DAY),
            (Clock::Seconds, Some(seconds)) => Some(seconds),
            (Clock::Either, None) => iso(text),
            (_, None) => None,
        }
    }
}

/// Reads a light curve of a source of `flux` [Jy].
///
/// # Errors
/// [`LightCurveError`], with the file and the line.
pub fn read_light_curve(path: &Path, flux: f64) -> Result<LightCurve, LightCurveError> {
    let failed = |source| LightCurveError::Read { path: path.to_path_buf(), source };
    let mut reader =
        csv::ReaderBuilder::new().comment(Some(b'#')).trim(csv::Trim::All).from_path(path).map_err(failed)?;
    let names = reader.headers().map_err(failed)?.clone();
    let line = names.position().map_or(1, |position| position.line());
    let find =
        |known: &[&str]| names.iter().position(|name| known.contains(&name.to_ascii_lowercase().as_str()));
    let missing = |what| LightCurveError::Column { path: path.to_path_buf(), line, what };
    let clocks = [
        (find(&["mjd", "time_mjd", "mjd_utc"]), Clock::Days),
        (find(&["time_s", "time_sec"]), Clock::Seconds),
        (find(&["time", "utc"]), Clock::Either),
    ];
    let (time, clock) =
        clocks.into_iter().find_map(|(at, clock)| Some((at?, clock))).ok_or_else(|| missing("of times"))?;
    let fluxes = [(find(&["flux", "flux_jy"]), 1.0), (find(&["flux_mjy"]), 1e-3)];
    let (value, unit) = fluxes
        .into_iter()
        .find_map(|(at, unit)| Some((at?, unit)))
        .ok_or_else(|| missing("of flux densities"))?;
    let mut knots = Vec::new();
    for record in reader.records() {
        let record = record.map_err(failed)?;
        let line = record.position().map_or(0, |position| position.line());
        let wrong = |text: &str, what| LightCurveError::Cell {
            path: path.to_path_buf(),
            line,
            text: text.into(),
            what,
        };
        let (at, jansky) = (record.get(time).unwrap_or_default(), record.get(value).unwrap_or_default());
        let seconds = clock.seconds(at).ok_or_else(|| wrong(at, "a time"))?;
        let number: f64 = jansky.parse().map_err(|_| wrong(jansky, "a flux density"))?;
        knots.push((seconds, unit * number / flux));
    }
    LightCurve::new(knots).map_err(|source| LightCurveError::Curve { path: path.to_path_buf(), source })
}

/// `2026-01-31T12:34:56.7`, or a date alone, as seconds of MJD.
fn iso(text: &str) -> Option<f64> {
    let text = text.trim_end_matches('Z');
    let (date, clock) = text.split_once(['T', ' ']).unwrap_or((text, "0:0:0"));
    let numbers = |text: &str, separator: char| -> Option<Vec<f64>> {
        text.split(separator).map(|part| part.parse().ok().filter(|x: &f64| *x >= 0.0)).collect()
    };
    let ([year, month, day], [hours, minutes, seconds]) =
        (<[f64; 3]>::try_from(numbers(date, '-')?).ok()?, <[f64; 3]>::try_from(numbers(clock, ':')?).ok()?);
    if !(1.0..=12.0).contains(&month)
        || !(1.0..32.0).contains(&day)
        || hours >= 24.0
        || minutes >= 60.0
        || seconds > 60.0
    {
        return None;
    }
    // Days from a civil date (Hinnant, "chrono-compatible low-level date algorithms"): March begins the year.
    let (year, month) = if month > 2.0 { (year, month - 3.0) } else { (year - 1.0, month + 9.0) };
    let era = (year / 400.0).floor();
    let of_era = year - 400.0 * era;
    let of_year = ((153.0 * month + 2.0) / 5.0).floor() + day - 1.0;
    let days = 146_097.0 * era + 365.0 * of_era + (of_era / 4.0).floor() - (of_era / 100.0).floor() + of_year;
    // 1858-11-17 is 678 881 days after 0000-03-01.
    Some((days - 678_881.0) * SECONDS_PER_DAY + 3600.0 * hours + 60.0 * minutes + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<LightCurve, LightCurveError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("curve.csv");
        std::fs::write(&path, text).unwrap();
        read_light_curve(&path, 2.0)
    }

    #[test]
    fn times_are_days_seconds_or_dates() {
        let noon = 59_000.5 * SECONDS_PER_DAY;
        for text in [
            "mjd,flux_jy\n59000.5,4\n59001.5,2\n",
            "flux_mjy, note, time\n4000, a, 2020-05-31T12:00:00\n2000, b, 2020-06-01 12:00:00Z\n",
            "# a comment\ntime_s,flux\n5097643200,4\n5097729600,2\n",
        ] {
            let curve = read(text).unwrap();
            assert_eq!((curve.factor(noon), curve.range()[0]), (2.0, noon), "{text}");
            assert_eq!(curve.factor(noon + 0.5 * SECONDS_PER_DAY), 1.5);
        }
        assert_eq!(iso("1858-11-17"), Some(0.0));
        assert_eq!(iso("2000-03-01T00:00:00"), Some(51_604.0 * SECONDS_PER_DAY));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, words) in [
            ("a,flux\n1,2\n", "line 1: no column of times"),
            ("mjd,b\n1,2\n", "line 1: no column of flux densities"),
            ("mjd,flux\n1,2\nx,3\n", "line 3: 'x' is not a time"),
            ("mjd,flux\n1,2\n2,y\n", "line 3: 'y' is not a flux density"),
            ("mjd,flux\n1,2\n", "two times or more"),
            ("time,flux\n2020-13-01,2\n2021-01-01,1\n", "line 2: '2020-13-01'"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains("curve.csv") && error.contains(words), "{error}");
        }
    }
}

//! Columns of standard errors, found by the names of the columns whose errors they are.
//!
//! VizieR's `e_S1.4`, HEASARC's `flux_20_cm_error`, the DSA-110 pipeline's `flux_err`. A prediction has no use
//! for them, so what cannot be understood is left out, and never an error.

use super::csv_columns::Columns;
use super::headings::{Heading, Unit};
use super::record::Errors;

/// The size of a second of time in [rad].
const SECOND_OF_TIME: f64 = std::f64::consts::PI / 43_200.0;

/// A column and its unit.
type Column = Option<(usize, f64)>;

/// Which columns hold errors.
#[derive(Clone, Debug, Default)]
pub(super) struct ErrorColumns {
    /// Of longitude, and whether it counts seconds of time, which shrink towards the poles.
    longitude: Option<(usize, f64, bool)>,
    latitude: Column,
    flux: Column,
    major: Column,
    minor: Column,
    angle: Column,
    polarised: Column,
    polarisation_angle: Column,
}

/// The column of the error of the column `of`.
fn error_of(headings: &[Heading], of: usize) -> Option<usize> {
    let base = &headings[of].base;
    let names = [format!("e_{base}"), format!("{base}_error"), format!("{base}_err"), format!("err_{base}")];
    names.iter().find_map(|name| headings.iter().position(|heading| heading.is_named(name)))
}

impl ErrorColumns {
    /// The columns of errors beside those that are read.
    pub fn find(headings: &[Heading], units: Option<&[String]>, columns: &Columns) -> Self {
        let written = |index: usize| units.and_then(|units| units.get(index)).map_or("", String::as_str);
        let unit = |index: usize| headings[index].unit.or_else(|| Unit::of_cell(written(index)));
        // An error without a unit is in that of its column.
        let measured = |of: Column| -> Column {
            let (of, size) = of?;
            let index = error_of(headings, of)?;
            match unit(index) {
                None => Some((index, size)),
                Some(Unit::Flux(unit)) => Some((index, unit.in_jy())),
                Some(Unit::Angle(size)) => Some((index, size)),
                Some(_) => None,
            }
        };
        let place = |of: usize| {
            // RAJ2000 beside _RAJ2000: their errors have one name.
            let index = error_of(headings, of)?;
            match unit(index) {
                Some(Unit::Angle(size)) => Some((index, size, false)),
                None if ["s", "sec"].contains(&written(index).trim()) => Some((index, SECOND_OF_TIME, true)),
                _ => None,
            }
        };
        ErrorColumns {
            longitude: place(columns.longitude.index),
            latitude: place(columns.latitude.index)
                .filter(|(.., time)| !time)
                .map(|(index, size, _)| (index, size)),
            flux: measured(columns.stokes[0]),
            major: measured(columns.major),
            minor: measured(columns.minor),
            angle: measured(columns.angle),
            polarised: measured(columns.polarised.map(|[strength, _]| strength)),
            polarisation_angle: measured(columns.polarised.map(|[_, angle]| angle)),
        }
    }

    /// The errors of a row at this latitude [rad].
    pub fn read(&self, record: &csv::StringRecord, latitude: f64) -> Errors {
        let number = |index: usize| {
            let value = record.get(index)?.trim().parse::<f64>().ok()?;
            (value.is_finite() && value >= 0.0).then_some(value)
        };
        let measured = |column: Column| column.and_then(|(index, size)| Some(number(index)? * size));
        let longitude = self.longitude.and_then(|(index, size, time)| {
            Some(number(index)? * size * if time { latitude.cos() } else { 1.0 })
        });
        Errors {
            position: [longitude, measured(self.latitude)],
            flux: measured(self.flux),
            major: measured(self.major),
            minor: measured(self.minor),
            angle: measured(self.angle),
            polarised: measured(self.polarised),
            polarisation_angle: measured(self.polarisation_angle),
        }
    }

    /// The columns used.
    pub fn used(&self) -> impl Iterator<Item = usize> {
        let measured = [
            self.latitude,
            self.flux,
            self.major,
            self.minor,
            self.angle,
            self.polarised,
            self.polarisation_angle,
        ];
        let longitude = self.longitude.map(|(index, ..)| index);
        measured.into_iter().flatten().map(|(index, _)| index).chain(longitude)
    }
}

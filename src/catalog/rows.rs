//! Tables whose cells are text, whatever file they stand in: rows in, components out.
//!
//! The columns are those of [`super::csv_columns`]. A row without a flux density is dropped and counted; a
//! malformed one is the builder's to judge.

use super::builder::Builder;
use super::csv_columns::{Columns, Coordinate};
use super::headings::{Heading, Unit};
use super::input::Input;
use super::polarization;
use super::record::Details;
use super::survey::{self, Survey};
use super::{CatalogError, ReadOptions};
use crate::coords::{self, Direction};
use crate::sky::{AngleFrame, Component, Gaussian, Shape, Spectrum, Stokes};

/// A table: columns with names and units, and rows of text, one after the other.
pub(super) trait Rows {
    /// The columns.
    fn headings(&self) -> &[Heading];
    /// Their units, as many, where something beside the names says them.
    fn units(&self) -> Option<&[String]>;
    /// The line of the names, counted from 1.
    fn header_line(&self) -> u64;
    /// The next row, with as many cells as columns; a row that is malformed is an error, but not the end.
    fn next_row(&mut self) -> Result<Option<&csv::StringRecord>, CatalogError>;
    /// The line or the number of the current row, counted from 1.
    fn line(&self) -> u64;
}

/// Turns all rows into components.
pub(super) fn read(
    input: &Input,
    table: &mut dyn Rows,
    survey: Option<&Survey>,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<(), CatalogError> {
    let line = table.header_line();
    let header = |message| CatalogError::Header { path: input.path.clone(), line, message };
    let wanted = [builder.polarization, builder.detailed()];
    let columns = Columns::find(table.headings(), table.units(), options, survey, wanted, header)?;
    if let Some(survey) = survey {
        builder.survey(survey.name);
    }
    for note in &columns.notes {
        builder.note(note);
    }
    let reader = RowReader { columns: &columns, options, survey: survey.is_some() };
    let (mut flat, mut indexed) = (0u64, 0u64);
    loop {
        let row = match table.next_row() {
            Ok(None) => break,
            Ok(Some(record)) => reader.row(record, builder),
            Err(error @ (CatalogError::Row { .. } | CatalogError::Cell { .. })) => {
                builder.row();
                builder.malformed(|| error)?;
                continue;
            }
            Err(error) => return Err(error),
        };
        let (component, given, details) = match row {
            Ok(None) => continue,
            Ok(Some(read)) => read,
            Err(wrong) => {
                builder.malformed(|| wrong.located(input, table.headings(), table.line()))?;
                continue;
            }
        };
        if !given {
            *(if component.spectrum == Spectrum::Flat { &mut flat } else { &mut indexed }) += 1;
        }
        builder.push_detailed(component, !given, details, || table.line())?;
    }
    if builder.detailed() {
        // Such a reader leaves it to whoever predicts.
        return Ok(());
    }
    if flat > 0 {
        builder.note(format!(
            "{flat} components without a spectral index taken as flat: the frequency of their flux density is not known (--ref-freq)"
        ));
    }
    if indexed > 0 {
        builder
            .note(format!("{indexed} components without a spectral index given that of {}", options.alpha));
    }
    Ok(())
}

/// What is wrong with a row.
enum Wrong {
    /// The row as a whole.
    Row(String),
    /// The cell of a column: what stands there, and why it cannot.
    Cell(usize, String, String),
}

impl Wrong {
    /// The error, with its place.
    fn located(self, input: &Input, headings: &[Heading], line: u64) -> CatalogError {
        let path = input.path.clone();
        match self {
            Wrong::Row(message) => CatalogError::Row { path, line, message },
            Wrong::Cell(index, value, reason) => {
                let column = headings.get(index).map_or_else(String::new, |heading| heading.name.clone());
                CatalogError::Cell { path, line, column, value, reason }
            }
        }
    }
}

/// Turns rows into components.
struct RowReader<'a> {
    columns: &'a Columns,
    options: &'a ReadOptions,
    /// Whether a survey is read, whose tables leave out what was not measured.
    survey: bool,
}

/// A cell of a record; blank if it is not there.
fn cell(record: &csv::StringRecord, index: usize) -> &str {
    record.get(index).unwrap_or_default().trim()
}

/// The words for "no number here".
fn is_blank(text: &str) -> bool {
    text.is_empty() || ["nan", "null", "none", "--"].iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// A finite number; none if the cell is blank.
fn number(record: &csv::StringRecord, index: usize) -> Result<Option<f64>, Wrong> {
    let text = cell(record, index);
    if is_blank(text) {
        return Ok(None);
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Some(value)),
        _ => Err(Wrong::Cell(index, text.to_owned(), "not a finite number".into())),
    }
}

/// A number times its unit.
fn measured(record: &csv::StringRecord, column: Option<(usize, f64)>) -> Result<Option<f64>, Wrong> {
    let Some((index, unit)) = column else { return Ok(None) };
    Ok(number(record, index)?.map(|value| value * unit))
}

/// A component, whether its row gave its spectral index, and details if they are wanted.
type Row = (Component, bool, Option<Box<Details>>);

/// Whether a width is an upper limit, by a sign in a column of its own or in front of it.
fn is_limit(record: &csv::StringRecord, index: usize, limit: Option<usize>) -> bool {
    limit.is_some_and(|index| cell(record, index).starts_with('<')) || cell(record, index).starts_with('<')
}

/// An upper limit of a width [rad], if the width is one.
fn limit(record: &csv::StringRecord, column: Option<(usize, f64)>, limit: Option<usize>) -> Option<f64> {
    let (index, unit) = column.filter(|(index, _)| is_limit(record, *index, limit))?;
    let value = cell(record, index).trim_start_matches('<').trim().parse::<f64>().ok()?;
    (value.is_finite() && value >= 0.0).then_some(value * unit)
}

impl RowReader<'_> {
    /// A component, whether the row gave its spectral index, and details if they are wanted; none if it has
    /// no flux density or is too far away.
    fn row(&self, record: &csv::StringRecord, builder: &mut Builder) -> Result<Option<Row>, Wrong> {
        builder.row();
        let columns = self.columns;
        let longitude = self.coordinate(record, columns.longitude, true)?;
        let latitude = self.coordinate(record, columns.latitude, false)?;
        let position = Direction::new(columns.frame, longitude, latitude);
        let Some(i) = measured(record, columns.stokes[0])? else {
            builder.drop_without_flux();
            return Ok(None);
        };
        if !builder.wants(position) {
            return Ok(None);
        }
        let other = |place: usize| measured(record, columns.stokes[place]).map(Option::unwrap_or_default);
        let mut stokes = Stokes { i, q: other(1)?, u: other(2)?, v: other(3)? };
        if builder.polarization
            && let Some([strength, angle]) = columns.polarised
            && let Some(strength) = measured(record, Some(strength))?
            // Without an angle: too weak to have one.
            && let Some(angle) = measured(record, Some(angle))?
        {
            (stokes.q, stokes.u) = polarization::linear(strength, angle);
        }
        let (spectrum, given) = self.spectrum(record)?;
        let shape = self.shape(record)?;
        let name = columns.name.map(|index| cell(record, index)).filter(|name| !name.is_empty());
        let component = Component::new(position, shape, stokes, spectrum).named(name.map(str::to_owned));
        let details = builder.detailed().then(|| self.details(record, &component, given)).transpose()?;
        Ok(Some((component, given, details.map(Box::new))))
    }

    /// What else the row says.
    fn details(
        &self,
        record: &csv::StringRecord,
        component: &Component,
        given: bool,
    ) -> Result<Details, Wrong> {
        let columns = self.columns;
        let own = measured(record, columns.reference)?;
        let said = |index: usize| !cell(record, index).is_empty();
        let polarised = |place: usize| {
            let column = columns.polarised.map(|columns| columns[place]);
            measured(record, column).unwrap_or_default()
        };
        Ok(Details {
            survey: self.survey(record).map(|(text, known)| known.map_or(text, |survey| survey.name).into()),
            own_spectrum: given,
            reference: self.reference(own, record),
            own_reference: own.is_some(),
            own_angle_frame: component.shape != Shape::Point && columns.angle_frame.is_some_and(said),
            limits: [
                limit(record, columns.major, columns.major_limit),
                limit(record, columns.minor, columns.minor_limit),
            ],
            polarised: polarised(0),
            polarisation_angle: polarised(1),
            errors: columns.errors.read(record, component.position.latitude),
        })
    }

    /// The frequency of a flux density [Hz], of which the row may have its `own`, or name its survey.
    fn reference(&self, own: Option<f64>, record: &csv::StringRecord) -> Option<f64> {
        let of_survey = || self.survey(record)?.1.map(|survey| survey.frequency);
        own.or(self.options.reference_frequency).or_else(of_survey).or(self.columns.frequency)
    }

    /// What the row calls its survey, and the survey if it is known.
    fn survey<'a>(&self, record: &'a csv::StringRecord) -> Option<(&'a str, Option<&'static Survey>)> {
        let text = cell(record, self.columns.survey?);
        (!text.is_empty()).then(|| (text, survey::named(text)))
    }

    /// A longitude or latitude [rad].
    fn coordinate(
        &self,
        record: &csv::StringRecord,
        column: Coordinate,
        longitude: bool,
    ) -> Result<f64, Wrong> {
        let text = cell(record, column.index);
        let wrong = |reason: String| Wrong::Cell(column.index, text.to_owned(), reason);
        let written = || text.parse::<f64>().ok().filter(|value| value.is_finite());
        let plain = || written().ok_or_else(|| wrong("not a number, as the column's unit has it".into()));
        let angle = match column.unit {
            None => None,
            // Degrees are read as text below, so that their range is checked.
            Some(Unit::Angle(size)) => Some((plain()? * size).to_degrees()),
            Some(Unit::Hours) if longitude => Some(plain()? * 15.0),
            Some(Unit::Sexagesimal) if written().is_none() => None,
            Some(Unit::Sexagesimal) => {
                return Err(wrong("a plain number, where the column's unit says sexagesimal".into()));
            }
            Some(_) => return Err(wrong("the column's unit is not that of an angle".into())),
        };
        match angle {
            Some(degrees) if longitude && degrees.abs() <= 360.0 => {
                Ok(degrees.rem_euclid(360.0).to_radians())
            }
            Some(degrees) if !longitude && degrees.abs() <= 90.0 + 1e-9 => {
                Ok(degrees.clamp(-90.0, 90.0).to_radians())
            }
            Some(_) => Err(wrong(if longitude { "beyond 360°" } else { "beyond ±90°" }.into())),
            None if !longitude => coords::parse_dec(text).map_err(|error| wrong(error.reason)),
            None if self.columns.frame.is_equatorial() => {
                coords::parse_ra(text).map_err(|error| wrong(error.reason))
            }
            None => coords::parse_longitude(text).map_err(|error| wrong(error.reason)),
        }
    }

    /// The spectrum, and whether the row gave its terms.
    fn spectrum(&self, record: &csv::StringRecord) -> Result<(Spectrum, bool), Wrong> {
        let columns = self.columns;
        let reference = self.reference(measured(record, columns.reference)?, record);
        let logarithmic = match columns.logarithmic {
            Some(index) => truth(record, index)?.unwrap_or(true),
            None => true,
        };
        let terms = match columns.alpha {
            Some(index) => terms(record, index)?,
            None => None,
        };
        let Some(terms) = terms else {
            let spectrum =
                reference.map(|reference| Spectrum::PowerLaw { alpha: self.options.alpha, reference });
            return Ok((spectrum.unwrap_or_default(), false));
        };
        // An empty list is a flat spectrum, and so are terms that are all zero: they need no reference.
        if terms.iter().all(|term| *term == 0.0) {
            return Ok((Spectrum::Flat, true));
        }
        let Some(reference) = reference else {
            return Err(Wrong::Row(
                "a spectral index without a reference frequency: give a column ref_freq_hz, or --ref-freq"
                    .into(),
            ));
        };
        Ok((
            match (logarithmic, terms.as_slice()) {
                (true, [alpha]) => Spectrum::PowerLaw { alpha: *alpha, reference },
                (true, _) => Spectrum::LogPolynomial { terms, reference },
                (false, _) => Spectrum::Polynomial { terms, reference },
            },
            true,
        ))
    }

    /// The shape.
    fn shape(&self, record: &csv::StringRecord) -> Result<Shape, Wrong> {
        let columns = self.columns;
        // None for an upper limit, and for no size at all: neither is a width.
        let width = |column: Option<(usize, f64)>, limit: Option<usize>| match column {
            Some((index, _)) if is_limit(record, index, limit) => Ok((true, None)),
            _ => measured(record, column).map(|value| (false, value)),
        };
        let (major_limited, major) = width(columns.major, columns.major_limit)?;
        let (minor_limited, minor) = width(columns.minor, columns.minor_limit)?;
        let (major, minor) = match (major, minor) {
            (None | Some(0.0), None | Some(0.0)) => return Ok(Shape::Point),
            (Some(major), Some(minor)) => (major, minor),
            // Narrower than could be told: a line.
            (Some(major), None) if minor_limited => (major, 0.0),
            (None, Some(minor)) if major_limited => (0.0, minor),
            (Some(_), None) => return Err(Wrong::Row("a major axis without a minor axis".into())),
            (None, Some(_)) => return Err(Wrong::Row("a minor axis without a major axis".into())),
        };
        let angle = match measured(record, columns.angle)? {
            Some(angle) => angle,
            None if major == minor => 0.0,
            // A limit on one axis and no angle: there is no telling where the other points.
            None if self.survey => return Ok(Shape::Point),
            None => return Err(Wrong::Row("axes that differ, without a position angle (pa_deg)".into())),
        };
        let frame = match columns.angle_frame.map(|index| (index, cell(record, index))) {
            Some((index, text)) if !text.is_empty() => text
                .parse::<AngleFrame>()
                .map_err(|error| Wrong::Cell(index, text.to_owned(), error.to_string()))?,
            _ => self.options.pa_frame.unwrap_or_default(),
        };
        Ok(Shape::Gaussian(Gaussian::new(major, minor, angle, frame)))
    }
}

/// The terms of a spectrum: a number, or a list in brackets; none if the cell is blank.
fn terms(record: &csv::StringRecord, index: usize) -> Result<Option<Vec<f64>>, Wrong> {
    let text = cell(record, index);
    let Some(list) = text.strip_prefix('[') else {
        return Ok(number(record, index)?.map(|alpha| vec![alpha]));
    };
    let wrong =
        || Wrong::Cell(index, text.to_owned(), "not a list of finite numbers, as in [-0.7,0.1]".into());
    let list = list.strip_suffix(']').ok_or_else(wrong)?.trim();
    if list.is_empty() {
        return Ok(Some(Vec::new()));
    }
    // Commas, or blanks where commas separate cells.
    let parts: Vec<&str> =
        if list.contains(',') { list.split(',').collect() } else { list.split_whitespace().collect() };
    let numbers = parts.iter().map(|part| part.trim().parse::<f64>().ok().filter(|value| value.is_finite()));
    numbers.collect::<Option<Vec<f64>>>().map(Some).ok_or_else(wrong)
}

/// Yes or no; none if the cell is blank.
fn truth(record: &csv::StringRecord, index: usize) -> Result<Option<bool>, Wrong> {
    let text = cell(record, index);
    match text.to_ascii_lowercase().as_str() {
        "" => Ok(None),
        "true" | "t" | "yes" | "1" => Ok(Some(true)),
        "false" | "f" | "no" | "0" => Ok(Some(false)),
        _ => Err(Wrong::Cell(index, text.to_owned(), "neither true nor false".into())),
    }
}

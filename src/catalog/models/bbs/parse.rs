//! Rows of a list into components.

use std::path::PathBuf;
use std::sync::Arc;

use super::places::{FIELDS, Field, Place};
use super::polarised;
use crate::catalog::ReadOptions;
use crate::catalog::models::modes;
use crate::catalog::models::names::Hashed;
use crate::coords::{self, Direction, Frame};
use crate::sky::{AngleFrame, Component, Gaussian, Shape, Spectrum, Stokes};

/// A cell that cannot be read.
pub(super) struct Wrong {
    pub column: String,
    pub value: String,
    pub reason: String,
}

/// What a row is.
#[expect(clippy::large_enum_variant, reason = "nearly every row is a component")]
pub(super) enum Parsed {
    /// A patch: a name for some of the components.
    Patch,
    /// A component that has no flux density.
    WithoutFlux,
    Component(Row),
    Wrong(Box<Wrong>),
}

/// A component and what its row left to be assumed.
pub(super) struct Row {
    pub component: Component,
    /// The hash of its name.
    pub name: Hashed,
    /// Whether the list has no field of spectral indices.
    pub assumed: bool,
    /// Whether it is an ellipse that does not say how it lies.
    pub without_angle: bool,
    /// The frequency that the row gives for its flux density [Hz].
    pub own_reference: Option<f64>,
}

/// Turns rows into components.
pub(super) struct Reader<'a> {
    places: Vec<Place>,
    /// Where each field is among the places.
    found: [Option<usize>; FIELDS],
    /// The folder of the list, in which files that it names are looked for.
    folder: PathBuf,
    pub options: &'a ReadOptions,
}

impl<'a> Reader<'a> {
    pub fn new(places: Vec<Place>, folder: PathBuf, options: &'a ReadOptions) -> Self {
        let mut found = [None; FIELDS];
        for (at, place) in places.iter().enumerate() {
            found[place.field as usize].get_or_insert(at);
        }
        Reader { places, found, folder, options }
    }

    /// The patch of a row, the one `last` met if it is the same.
    pub fn patch(&self, cells: &[&str], last: &mut Option<Arc<str>>) -> Option<Arc<str>> {
        let name = self.cell(cells, Field::Patch).filter(|name| !name.is_empty())?;
        if last.as_deref() != Some(name) {
            *last = Some(name.into());
        }
        last.clone()
    }

    /// Whether the list has a field of spectral indices.
    pub fn has_spectra(&self) -> bool {
        self.found[Field::SpectralIndex as usize].is_some()
    }

    /// Whether it says from where orientations count.
    pub fn tells_angle_frame(&self) -> bool {
        self.found[Field::OrientationIsAbsolute as usize].is_some()
    }

    /// The row with these cells.
    pub fn row(&self, cells: &[&str]) -> Parsed {
        match self.component(cells) {
            Ok(parsed) => parsed,
            Err(wrong) => Parsed::Wrong(wrong),
        }
    }

    /// The cell of a field, or its default; none if there is no such field.
    pub fn cell<'b>(&'b self, cells: &[&'b str], field: Field) -> Option<&'b str> {
        let index = self.found[field as usize]?;
        let cell = cells.get(index).copied().unwrap_or_default().trim_matches(['\'', '"']).trim();
        Some(if cell.is_empty() { self.places[index].default.as_str() } else { cell })
    }

    #[cold]
    pub fn wrong(&self, field: Field, value: &str, reason: impl Into<String>) -> Box<Wrong> {
        let column = self.found[field as usize].map(|at| self.places[at].name.clone());
        Box::new(Wrong { column: column.unwrap_or_default(), value: value.to_owned(), reason: reason.into() })
    }

    /// A finite number; none if there is none.
    pub fn number(&self, cells: &[&str], field: Field) -> Result<Option<f64>, Box<Wrong>> {
        match self.cell(cells, field) {
            None | Some("") => Ok(None),
            Some(text) => match text.parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(Some(value)),
                _ => Err(self.wrong(field, text, "not a finite number")),
            },
        }
    }

    fn truth(&self, cells: &[&str], field: Field, default: bool) -> Result<bool, Box<Wrong>> {
        let text = self.cell(cells, field).unwrap_or_default();
        let is = |words: [&str; 4]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
        match text {
            "" => Ok(default),
            _ if is(["true", "t", "yes", "1"]) => Ok(true),
            _ if is(["false", "f", "no", "0"]) => Ok(false),
            _ => Err(self.wrong(field, text, "neither true nor false")),
        }
    }

    fn component(&self, cells: &[&str]) -> Result<Parsed, Box<Wrong>> {
        let name = self.cell(cells, Field::Name).unwrap_or_default();
        let kind = self.cell(cells, Field::Type).unwrap_or_default();
        if name.is_empty() && self.cell(cells, Field::Patch).is_some_and(|patch| !patch.is_empty()) {
            return Ok(Parsed::Patch);
        }
        if cells.len() > self.places.len() {
            let reason = format!(
                "{} cells, but the format line names {}; a list is put in brackets",
                cells.len(),
                self.places.len()
            );
            let value = cells[cells.len() - 1].to_owned();
            return Err(Box::new(Wrong { column: "last".into(), value, reason }));
        }
        let angle = |field, parse: fn(&str) -> Result<f64, coords::AngleError>| {
            let text = self.cell(cells, field).unwrap_or_default();
            parse(text).map_err(|error| self.wrong(field, text, error.reason))
        };
        let (ra, dec) = (angle(Field::Ra, coords::parse_ra)?, angle(Field::Dec, coords::parse_dec)?);
        let position = Direction::new(self.frame(cells)?, ra, dec);
        let nan = |text: Option<&str>| text.is_some_and(|text| text.eq_ignore_ascii_case("nan"));
        let i = if nan(self.cell(cells, Field::I)) { None } else { self.number(cells, Field::I)? };
        let Some(i) = i else { return Ok(Parsed::WithoutFlux) };
        let other = |field| self.number(cells, field).map(Option::unwrap_or_default);
        let stokes = Stokes { i, q: other(Field::Q)?, u: other(Field::U)?, v: other(Field::V)? };
        let (shape, without_angle) = if kind.is_empty() || kind.eq_ignore_ascii_case("point") {
            (Shape::Point, false)
        } else if kind.eq_ignore_ascii_case("gaussian") {
            self.gaussian(cells)?
        } else if kind.eq_ignore_ascii_case("shapelet") {
            (self.shapelet(cells)?, false)
        } else {
            return Err(self.wrong(Field::Type, kind, "only POINT, GAUSSIAN and SHAPELET can be predicted"));
        };
        let own_reference = self.number(cells, Field::Reference)?.filter(|hz| *hz != 0.0);
        let (spectrum, assumed) = self.spectrum(cells, own_reference)?;
        let hashed = Hashed::of(name);
        let name = Some(name.to_owned()).filter(|name| !name.is_empty());
        let mut component = Component::new(position, shape, stokes, spectrum).named(name);
        polarised::set(self, cells, &mut component)?;
        Ok(Parsed::Component(Row { component, name: hashed, assumed, without_angle, own_reference }))
    }

    /// The frame of the position.
    fn frame(&self, cells: &[&str]) -> Result<Frame, Box<Wrong>> {
        if let Some(frame) = self.options.frame {
            return Ok(frame);
        }
        match self.cell(cells, Field::RefType) {
            None | Some("") => Ok(Frame::J2000),
            Some(text) => {
                text.parse::<Frame>().map_err(|error| self.wrong(Field::RefType, text, error.to_string()))
            }
        }
    }

    /// The shapelets of the file that the row names, beside the list if it is not where it is said to be.
    fn shapelet(&self, cells: &[&str]) -> Result<Shape, Box<Wrong>> {
        if let Some(at) = self.found[Field::OtherShapelet as usize]
            && cells.get(at).is_some_and(|cell| !cell.is_empty())
        {
            let reason = "shapelets of Q, U and V other than those of I cannot be predicted";
            return Err(self.wrong(Field::OtherShapelet, cells[at], reason));
        }
        let name = self.cell(cells, Field::Shapelet).unwrap_or_default();
        if name.is_empty() {
            let kind = self.cell(cells, Field::Type).unwrap_or_default();
            return Err(self.wrong(
                Field::Type,
                kind,
                "needs the file of its coefficients in a field IShapelet",
            ));
        }
        let read = modes::read(&self.folder.join(name), [1.0, 1.0], 0.0);
        read.map(Shape::Shapelet).map_err(|why| self.wrong(Field::Shapelet, name, why))
    }

    /// The ellipse, and whether it does not say how it lies.
    fn gaussian(&self, cells: &[&str]) -> Result<(Shape, bool), Box<Wrong>> {
        let width = |field| self.number(cells, field).map(Option::unwrap_or_default);
        let (major, minor) = (width(Field::Major)?, width(Field::Minor)?);
        if major == 0.0 && minor == 0.0 {
            return Ok((Shape::Point, false));
        }
        let angle = self.number(cells, Field::Orientation)?;
        let without_angle = angle.is_none() && major != minor;
        let absolute = self.truth(cells, Field::OrientationIsAbsolute, false)?;
        let own = if absolute { AngleFrame::Source } else { AngleFrame::Centre };
        let frame = if self.tells_angle_frame() { own } else { self.options.pa_frame.unwrap_or(own) };
        let arcsec = |value: f64| (value / 3600.0).to_radians();
        let angle = angle.unwrap_or_default().to_radians();
        Ok((Shape::Gaussian(Gaussian::new(arcsec(major), arcsec(minor), angle, frame)), without_angle))
    }

    /// The spectrum, and whether it is assumed.
    fn spectrum(&self, cells: &[&str], own: Option<f64>) -> Result<(Spectrum, bool), Box<Wrong>> {
        let reference = own.or(self.options.reference_frequency);
        let Some(text) = self.cell(cells, Field::SpectralIndex) else {
            // No field of spectral indices is another thing than one that says there is none.
            return Ok(match reference {
                Some(reference) => (Spectrum::PowerLaw { alpha: self.options.alpha, reference }, true),
                None => (Spectrum::Flat, true),
            });
        };
        let list = text.strip_prefix('[').and_then(|list| list.strip_suffix(']')).unwrap_or(text);
        let terms: Option<Vec<f64>> = list
            .split([',', ' '])
            .map(str::trim)
            .filter(|term| !term.is_empty())
            .map(|term| term.parse().ok().filter(|value: &f64| value.is_finite()))
            .collect();
        let wrong = |reason: &str| self.wrong(Field::SpectralIndex, text, reason);
        let terms = terms.ok_or_else(|| wrong("not a list of finite numbers, as in [-0.7, 0.1]"))?;
        if terms.iter().all(|term| *term == 0.0) {
            return Ok((Spectrum::Flat, false));
        }
        let reference = reference.ok_or_else(|| wrong("without a reference frequency: give --ref-freq"))?;
        let logarithmic = self.truth(cells, Field::Logarithmic, true)?;
        let spectrum = match (logarithmic, terms.as_slice()) {
            (true, [alpha]) => Spectrum::PowerLaw { alpha: *alpha, reference },
            (true, _) => Spectrum::LogPolynomial { terms, reference },
            (false, _) => Spectrum::Polynomial { terms, reference },
        };
        Ok((spectrum, false))
    }
}

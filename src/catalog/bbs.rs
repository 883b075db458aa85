//! Sky models of BBS and makesourcedb, as DP3, LSMTool and WSClean read and write them.
//!
//! "LOFAR Imaging Cookbook, The LOFAR source catalogue format": a line that names the fields
//! (`FORMAT = Name, Type, …` or `# (Name, Type, …) = format`), each with a default for blank cells if one is
//! given (`SpectralIndex='[]'`), then one line a component or a patch (a line without name and type).
//! Declinations are dotted (`+44.30.55.4`), axes are full widths in [arcsec], orientations in [deg] from
//! north at the phase centre unless `OrientationIsAbsolute` is true; spectra are as in [`Spectrum`].

use std::collections::HashSet;

use super::builder::Builder;
use super::input::Input;
use super::record::Details;
use super::{CatalogError, ReadOptions};
use crate::coords::{self, Direction, Frame};
use crate::sky::{AngleFrame, Component, Gaussian, Shape, Spectrum, Stokes};

/// The fields that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Field {
    Name,
    Type,
    Patch,
    Ra,
    Dec,
    I,
    Q,
    U,
    V,
    Reference,
    SpectralIndex,
    Logarithmic,
    Major,
    Minor,
    Orientation,
    OrientationIsAbsolute,
    /// Things that would change the sky and cannot be predicted.
    Unsupported,
    Ignored,
}

impl Field {
    fn named(name: &str) -> Self {
        match name.to_lowercase().as_str() {
            "name" => Field::Name,
            "type" => Field::Type,
            "patch" => Field::Patch,
            "ra" => Field::Ra,
            "dec" => Field::Dec,
            "i" => Field::I,
            "q" => Field::Q,
            "u" => Field::U,
            "v" => Field::V,
            "referencefrequency" => Field::Reference,
            "spectralindex" => Field::SpectralIndex,
            "logarithmicsi" => Field::Logarithmic,
            "majoraxis" => Field::Major,
            "minoraxis" => Field::Minor,
            "orientation" => Field::Orientation,
            "orientationisabsolute" => Field::OrientationIsAbsolute,
            "rotationmeasure" | "polarizedfraction" => Field::Unsupported,
            _ => Field::Ignored,
        }
    }
}

/// A field, its name, and what stands for a blank cell.
#[derive(Clone, Debug)]
struct Place {
    field: Field,
    name: String,
    default: String,
}

/// The names that a line gives to the fields, if it is such a line.
fn format_of(line: &str) -> Option<&str> {
    let line = line.trim().trim_start_matches('#').trim();
    let ahead = line.get(..6).filter(|word| word.eq_ignore_ascii_case("format"));
    if let Some(rest) = ahead.and_then(|_| line[6..].trim_start().strip_prefix('=')) {
        let rest = rest.trim();
        return Some(rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(rest));
    }
    let (names, word) = line.rsplit_once('=')?;
    let names = names.trim().strip_prefix('(')?.strip_suffix(')')?;
    word.trim().eq_ignore_ascii_case("format").then_some(names)
}

/// Whether a text that begins so is such a sky model.
pub(super) fn is_model(head: &str) -> bool {
    let fields = head.lines().take_while(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
    let commented = fields.into_iter().find_map(format_of);
    let first = head.lines().find(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    let names = commented.or_else(|| first.and_then(format_of));
    names.is_some_and(|names| {
        let found: HashSet<Field> = places(names).into_iter().map(|place| place.field).collect();
        [Field::Ra, Field::Dec].iter().all(|field| found.contains(field))
    })
}

/// The fields of a format line.
fn places(names: &str) -> Vec<Place> {
    let place = |text: &str| {
        let (name, default) = text.split_once('=').unwrap_or((text, ""));
        let name = name.trim().to_owned();
        let default = default.trim().trim_matches(['\'', '"']).trim().to_owned();
        Place { field: Field::named(&name), name, default }
    };
    split(names).into_iter().map(place).collect()
}

/// Cells between commas; brackets and quotes keep theirs.
fn split(line: &str) -> Vec<&str> {
    let mut cells = Vec::new();
    let (mut begin, mut depth, mut quote) = (0, 0i32, None);
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => depth -= 1,
            (None, ',') if depth <= 0 => {
                cells.push(line[begin..at].trim());
                begin = at + 1;
            }
            _ => {}
        }
    }
    cells.push(line[begin..].trim());
    cells
}

/// Reads the model; returns the digest of the file.
pub(super) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    let mut lines = input.lines()?;
    let mut reader: Option<Reader> = None;
    let mut tally = Tally::default();
    loop {
        let number = lines.number + 1;
        let Some(line) = lines.next_line()? else { break };
        let line = line.trim_start_matches('\u{feff}');
        if reader.is_none()
            && let Some(names) = format_of(line)
        {
            let places = places(names);
            check(&places).map_err(|message| CatalogError::Header {
                path: input.path.clone(),
                line: number,
                message,
            })?;
            reader = Some(Reader { places, options });
            continue;
        }
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        let Some(reader) = &reader else {
            return Err(CatalogError::Header {
                path: input.path.clone(),
                line: number,
                message: "rows before the line that names their fields (FORMAT = Name, Type, Ra, Dec, I ...)"
                    .into(),
            });
        };
        let before = tally.assumed();
        match reader.row(&split(line), builder, &mut tally) {
            Ok(None) => {}
            Ok(Some(component)) => {
                let cells = split(line);
                let details = builder.detailed().then(|| Box::new(reader.details(&cells, &component)));
                builder.push_detailed(component, tally.assumed() > before, details, || number)?;
            }

            Err(Wrong { column, value, reason }) => {
                let path = input.path.clone();
                builder.malformed(|| CatalogError::Cell { path, line: number, column, value, reason })?;
            }
        }
    }
    if builder.detailed() {
        // Such a reader leaves spectra to whoever predicts.
        (tally.flat, tally.indexed) = (0, 0);
    }
    tally.notes(options, builder);
    input.digest()
}

/// Whether the fields suffice.
fn check(places: &[Place]) -> Result<(), String> {
    for (field, name) in [(Field::Ra, "Ra"), (Field::Dec, "Dec"), (Field::I, "I")] {
        if !places.iter().any(|place| place.field == field) {
            return Err(format!("the format line names no field '{name}'"));
        }
    }
    Ok(())
}

/// What was met and is told in the end.
#[derive(Default)]
struct Tally {
    patches: u64,
    indexed: u64,
    flat: u64,
    without_angle: u64,
}

impl Tally {
    /// How many components so far have a spectrum that is assumed.
    fn assumed(&self) -> u64 {
        self.indexed + self.flat
    }

    fn notes(&self, options: &ReadOptions, builder: &mut Builder) {
        if self.patches > 0 {
            builder.note(format!("{} lines of patches passed over", self.patches));
        }
        if self.indexed > 0 {
            builder.note(format!(
                "{} components without a spectral index given that of {}",
                self.indexed, options.alpha
            ));
        }
        if self.flat > 0 {
            builder.note(format!(
                "{} components without a spectral index taken as flat: the frequency of their flux density is not known (--ref-freq)",
                self.flat
            ));
        }
        if self.without_angle > 0 {
            builder.note(format!(
                "{} Gaussians without an orientation taken to point north, as DP3 does",
                self.without_angle
            ));
        }
    }
}

/// A cell that cannot be read.
struct Wrong {
    column: String,
    value: String,
    reason: String,
}

/// Turns rows into components.
struct Reader<'a> {
    places: Vec<Place>,
    options: &'a ReadOptions,
}

impl Reader<'_> {
    /// The cell of a field, or its default; none if there is no such field.
    fn cell<'a>(&'a self, cells: &[&'a str], field: Field) -> Option<&'a str> {
        let index = self.places.iter().position(|place| place.field == field)?;
        let cell = cells.get(index).copied().unwrap_or_default().trim_matches(['\'', '"']).trim();
        Some(if cell.is_empty() { self.places[index].default.as_str() } else { cell })
    }

    fn wrong(&self, field: Field, value: &str, reason: impl Into<String>) -> Wrong {
        let column = self.places.iter().find(|place| place.field == field).map(|place| place.name.clone());
        Wrong { column: column.unwrap_or_default(), value: value.to_owned(), reason: reason.into() }
    }

    /// A finite number; none if there is none.
    fn number(&self, cells: &[&str], field: Field) -> Result<Option<f64>, Wrong> {
        match self.cell(cells, field) {
            None | Some("") => Ok(None),
            Some(text) => match text.parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(Some(value)),
                _ => Err(self.wrong(field, text, "not a finite number")),
            },
        }
    }

    fn truth(&self, cells: &[&str], field: Field, default: bool) -> Result<bool, Wrong> {
        let text = self.cell(cells, field).unwrap_or_default();
        match text.to_ascii_lowercase().as_str() {
            "" => Ok(default),
            "true" | "t" | "yes" | "1" => Ok(true),
            "false" | "f" | "no" | "0" => Ok(false),
            _ => Err(self.wrong(field, text, "neither true nor false")),
        }
    }

    /// A component; none for a patch, for one without a flux density, or one too far away.
    fn row(
        &self,
        cells: &[&str],
        builder: &mut Builder,
        tally: &mut Tally,
    ) -> Result<Option<Component>, Wrong> {
        let name = self.cell(cells, Field::Name).unwrap_or_default();
        let kind = self.cell(cells, Field::Type).unwrap_or_default();
        if name.is_empty() && self.cell(cells, Field::Patch).is_some_and(|patch| !patch.is_empty()) {
            tally.patches += 1;
            return Ok(None);
        }
        builder.row();
        if cells.len() > self.places.len() {
            let reason = format!(
                "{} cells, but the format line names {}; a list is put in brackets",
                cells.len(),
                self.places.len()
            );
            return Err(Wrong { column: "last".into(), value: cells[cells.len() - 1].to_owned(), reason });
        }
        let angle = |field, parse: fn(&str) -> Result<f64, coords::AngleError>| {
            let text = self.cell(cells, field).unwrap_or_default();
            parse(text).map_err(|error| self.wrong(field, text, error.reason))
        };
        let (ra, dec) = (angle(Field::Ra, coords::parse_ra)?, angle(Field::Dec, coords::parse_dec)?);
        let position = Direction::new(self.options.frame.unwrap_or(Frame::J2000), ra, dec);
        for (index, place) in self.places.iter().enumerate() {
            let text = cells.get(index).copied().filter(|cell| !cell.is_empty()).unwrap_or(&place.default);
            if place.field == Field::Unsupported && text.parse() != Ok(0.0) && !text.is_empty() {
                return Err(Wrong {
                    column: place.name.clone(),
                    value: text.to_owned(),
                    reason: "polarisation that turns with frequency cannot be predicted; give Q and U".into(),
                });
            }
        }
        let nan = |text: Option<&str>| text.is_some_and(|text| text.eq_ignore_ascii_case("nan"));
        let i = if nan(self.cell(cells, Field::I)) { None } else { self.number(cells, Field::I)? };
        let Some(i) = i else {
            builder.drop_without_flux();
            return Ok(None);
        };
        if !builder.wants(position) {
            return Ok(None);
        }
        let other = |field| self.number(cells, field).map(Option::unwrap_or_default);
        let stokes = Stokes { i, q: other(Field::Q)?, u: other(Field::U)?, v: other(Field::V)? };
        let shape = match kind.to_ascii_uppercase().as_str() {
            "POINT" | "" => Shape::Point,
            "GAUSSIAN" => self.gaussian(cells, tally)?,
            _ => return Err(self.wrong(Field::Type, kind, "only POINT and GAUSSIAN can be predicted")),
        };
        let spectrum = self.spectrum(cells, tally)?;
        let name = Some(name.to_owned()).filter(|name| !name.is_empty());
        Ok(Some(Component::new(position, shape, stokes, spectrum).named(name)))
    }

    fn gaussian(&self, cells: &[&str], tally: &mut Tally) -> Result<Shape, Wrong> {
        let width = |field| Ok(self.number(cells, field)?.unwrap_or_default());
        let (major, minor) = (width(Field::Major)?, width(Field::Minor)?);
        if major == 0.0 && minor == 0.0 {
            return Ok(Shape::Point);
        }
        let angle = self.number(cells, Field::Orientation)?;
        if angle.is_none() && major != minor {
            tally.without_angle += 1;
        }
        let absolute = self.truth(cells, Field::OrientationIsAbsolute, false)?;
        let own = if absolute { AngleFrame::Source } else { AngleFrame::Centre };
        let said = self.cell(cells, Field::OrientationIsAbsolute).is_some();
        let frame = if said { own } else { self.options.pa_frame.unwrap_or(own) };
        let arcsec = |value: f64| (value / 3600.0).to_radians();
        let angle = angle.unwrap_or_default().to_radians();
        Ok(Shape::Gaussian(Gaussian::new(arcsec(major), arcsec(minor), angle, frame)))
    }

    /// What else a row says, of which a component could be made.
    fn details(&self, cells: &[&str], component: &Component) -> Details {
        let own = self.number(cells, Field::Reference).ok().flatten().filter(|hz| *hz != 0.0);
        Details {
            own_spectrum: self.cell(cells, Field::SpectralIndex).is_some(),
            reference: own.or(self.options.reference_frequency),
            own_reference: own.is_some(),
            own_angle_frame: component.shape != Shape::Point
                && self.cell(cells, Field::OrientationIsAbsolute).is_some(),
            ..Details::of(component)
        }
    }

    fn spectrum(&self, cells: &[&str], tally: &mut Tally) -> Result<Spectrum, Wrong> {
        let reference = self.number(cells, Field::Reference)?.filter(|hz| *hz != 0.0);
        let reference = reference.or(self.options.reference_frequency);
        let Some(text) = self.cell(cells, Field::SpectralIndex) else {
            // No field of spectral indices is another thing than one that says there is none.
            return Ok(match reference {
                Some(reference) => {
                    tally.indexed += 1;
                    Spectrum::PowerLaw { alpha: self.options.alpha, reference }
                }
                None => {
                    tally.flat += 1;
                    Spectrum::Flat
                }
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
            return Ok(Spectrum::Flat);
        }
        let reference = reference.ok_or_else(|| wrong("without a reference frequency: give --ref-freq"))?;
        let logarithmic = self.truth(cells, Field::Logarithmic, true)?;
        Ok(match (logarithmic, terms.as_slice()) {
            (true, [alpha]) => Spectrum::PowerLaw { alpha: *alpha, reference },
            (true, _) => Spectrum::LogPolynomial { terms, reference },
            (false, _) => Spectrum::Polynomial { terms, reference },
        })
    }
}

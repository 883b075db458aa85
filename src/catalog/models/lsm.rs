//! Tigger's sky models, `.lsm.html`.
//!
//! <https://github.com/ratt-ru/tigger-lsm>, `Tigger/Models/Formats/ModelHTML.py` and `ModelClasses.py`: HTML whose tags carry
//! objects. `mdltype` is a class, `mdlattr` the attribute of the object about it that it is (without one it is the next argument
//! of that class), `mdlval` a value as Python prints it. A `Source` has a name, a `Position` (ra, dec [rad]), a `Polarization`
//! (I, Q, U, V [Jy]) or `PolarizationWithRM` (and rm [rad/m²], freq0 [Hz]), and may have a `spectrum`, `SpectralIndex` (spi, freq0),
//! whose further terms count in ln ν/ν0, and a `shape`, `Gaussian` (ex, ey, pa [rad], north through east).

use std::borrow::Cow;
use std::io::{self, Write};

use super::line::Line;
use super::losses::Losses;
use super::number::Num;
use super::row::{Angles, Holds, Row, of_ln_terms};
use super::text::{Numbers, Text};
use crate::catalog::builder::Builder;
use crate::catalog::input::Input;
use crate::catalog::{CatalogError, ReadOptions};
use crate::coords::{Direction, Frame};
use crate::sky::{AngleFrame, Component, FaradayRotation, Gaussian, Polarisation, Shape, Spectrum, Stokes};

/// Whether a text that begins so is such a model.
pub(in crate::catalog) fn is_model(head: &str) -> bool {
    let begin = head.trim_start().get(..5).is_some_and(|word| word.eq_ignore_ascii_case("<html"));
    begin && head.contains("mdltype=SkyModel")
}

/// An object: its class, what attribute it is, its value or its parts.
struct Object<'a> {
    class: &'a str,
    attribute: Option<&'a str>,
    value: Option<Cow<'a, str>>,
    parts: Vec<Object<'a>>,
    line: u64,
}

impl<'a> Object<'a> {
    /// The argument at a place, counted from 0.
    fn argument(&self, at: usize) -> Option<&Object<'a>> {
        self.parts.iter().filter(|part| part.attribute.is_none()).nth(at)
    }

    fn attribute(&self, name: &str) -> Option<&Object<'a>> {
        self.parts.iter().find(|part| part.attribute == Some(name))
    }
}

/// What a tag says of an object.
#[derive(Default)]
struct Tag<'a> {
    name: &'a str,
    class: Option<&'a str>,
    attribute: Option<&'a str>,
    value: Option<&'a str>,
}

impl<'a> Tag<'a> {
    /// The tag that stands between `<` and `>`.
    fn of(inside: &'a str) -> Self {
        let end = inside.bytes().position(|byte| byte.is_ascii_whitespace()).unwrap_or(inside.len());
        let (name, mut rest) = inside.split_at(end);
        let mut tag = Tag { name, ..Tag::default() };
        while let Some(at) = memchr::memchr(b'=', rest.as_bytes()) {
            let before = &rest[..at];
            let key =
                before.bytes().rposition(|byte| byte.is_ascii_whitespace()).map_or(0, |blank| blank + 1);
            let key = &before[key..];
            rest = &rest[at + 1..];
            let value = match rest.strip_prefix('"') {
                Some(quoted) => &quoted[..memchr::memchr(b'"', quoted.as_bytes()).unwrap_or(quoted.len())],
                None => rest.split(|c: char| c.is_ascii_whitespace()).next().unwrap_or_default(),
            };
            // A closing quote that is left says nothing.
            rest = &rest[value.len() + usize::from(rest.starts_with('"'))..];
            match key {
                "mdltype" => tag.class = Some(value),
                "mdlattr" => tag.attribute = Some(value),
                "mdlval" => tag.value = Some(value),
                _ => {}
            }
        }
        tag
    }
}

/// The five entities of HTML that a value of Python may need.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
    Cow::Owned(text.replace("&#x27;", "'").replace("&amp;", "&"))
}

/// The objects that are open, as tags come.
#[derive(Default)]
struct Open<'a> {
    /// Tags, with whether each began an object.
    tags: Vec<(&'a str, bool)>,
    objects: Vec<Object<'a>>,
}

impl<'a> Open<'a> {
    /// Takes what stands between `<` and `>`, of which `line` is asked for its line; the source that it closes.
    fn take(&mut self, inside: &'a str, line: impl FnOnce() -> u64) -> Option<Object<'a>> {
        if let Some(name) = inside.strip_prefix('/') {
            let mut source = None;
            while let Some((open, began)) = self.tags.pop() {
                if began && let Some(done) = self.objects.pop() {
                    if done.class == "Source" {
                        source = Some(done);
                    } else if let Some(whole) = self.objects.last_mut() {
                        whole.parts.push(done);
                    }
                }
                if open.eq_ignore_ascii_case(name.trim()) {
                    break;
                }
            }
            return source;
        }
        let Tag { name, class, attribute, value } = Tag::of(inside);
        let began = class.is_some() && value.is_none();
        self.tags.push((name, began));
        let class = class?;
        let value = value.map(unescaped);
        if began {
            self.objects.push(Object { class, attribute, value, parts: Vec::new(), line: line() });
        } else if let Some(whole) = self.objects.last_mut() {
            let line = whole.line;
            whole.parts.push(Object { class, attribute, value, parts: Vec::new(), line });
        }
        None
    }
}

/// Reads the model; returns the digest of the file.
pub(in crate::catalog) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    // A row of the table may begin a piece: the objects about it say nothing.
    let begins = |line: &[u8]| line.starts_with(b"<TR mdltype=Source");
    let parse = |first: u64, text: &str, found: &mut Vec<(u64, Component)>| {
        let mut open = Open::default();
        let (mut numbers, mut at) = (Numbers::new(first, text), 0);
        while let Some(begin) = memchr::memchr(b'<', &text.as_bytes()[at..]) {
            let begin = at + begin;
            let Some(length) = memchr::memchr(b'>', &text.as_bytes()[begin..]) else {
                return Err(Line { input, number: numbers.line(begin) }.wrong("a tag is not closed"));
            };
            at = begin + length + 1;
            if let Some(source) = open.take(&text[begin + 1..at - 1], || numbers.line(begin)) {
                found.push((source.line, component(input, &source, options)?));
            }
        }
        Ok(())
    };
    let take = |number, component| builder.take_model(component, false, number);
    Text::new(input)?.pieces(begins, parse, take)
}

/// Arguments of an object as numbers.
struct Values<'a> {
    input: &'a Input,
    object: &'a Object<'a>,
}

impl Values<'_> {
    fn line(&self) -> Line<'_> {
        Line { input: self.input, number: self.object.line }
    }

    fn at(&self, place: usize, name: &str) -> Result<f64, CatalogError> {
        let wrong = || self.line().wrong(format!("a {} without '{name}'", self.object.class));
        let value = self.object.argument(place).ok_or_else(wrong)?.value.as_deref().ok_or_else(wrong)?;
        self.line().number(name, value)
    }

    /// A number, or a list of them.
    fn list(&self, place: usize, name: &str) -> Result<Vec<f64>, CatalogError> {
        match self.object.argument(place) {
            Some(object) if object.value.is_none() => object
                .parts
                .iter()
                .map(|part| self.line().number(name, part.value.as_deref().unwrap_or_default()))
                .collect(),
            Some(Object { value: Some(value), .. }) if value.starts_with(['[', '(']) => value
                .trim_matches(['[', ']', '(', ')'])
                .split(',')
                .filter(|term| !term.trim().is_empty())
                .map(|term| self.line().number(name, term))
                .collect(),
            _ => Ok(vec![self.at(place, name)?]),
        }
    }
}

fn component(input: &Input, source: &Object, options: &ReadOptions) -> Result<Component, CatalogError> {
    let line = Line { input, number: source.line };
    let numbers = |object| Values { input, object };
    let part = |at: usize, classes: &[&str]| {
        let found = source.argument(at).filter(|part| classes.contains(&part.class));
        found.ok_or_else(|| {
            line.wrong(format!("a Source whose argument {} is no {}", at + 1, classes.join(" or ")))
        })
    };
    let name = source.argument(0).and_then(|name| name.value.as_deref());
    let place = numbers(part(1, &["Position"])?);
    let flux = part(2, &["Polarization", "PolarizationWithRM", "Flux"])?;
    let values = numbers(flux);
    let mut stokes = Stokes::unpolarised(values.at(0, "I")?);
    if flux.class != "Flux" {
        (stokes.q, stokes.u, stokes.v) = (values.at(1, "Q")?, values.at(2, "U")?, values.at(3, "V")?);
    }
    let position = Direction::new(
        options.frame.unwrap_or(Frame::J2000),
        place.at(0, "ra")?.rem_euclid(std::f64::consts::TAU),
        place.at(1, "dec")?,
    );
    let spectrum = match source.attribute("spectrum") {
        None => Spectrum::Flat,
        Some(object) if object.class == "SpectralIndex" => {
            let values = numbers(object);
            of_ln_terms(&values.list(0, "spi")?, values.at(1, "freq0")?)
        }
        Some(object) => {
            return Err(line.cell("spectrum", object.class, "only SpectralIndex can be predicted"));
        }
    };
    let shape = match source.attribute("shape") {
        None => Shape::Point,
        Some(object) if object.class == "Gaussian" => {
            let values = numbers(object);
            let (major, minor) = (values.at(0, "ex")?, values.at(1, "ey")?);
            let frame = options.pa_frame.unwrap_or(AngleFrame::Source);
            if major > 0.0 || minor > 0.0 {
                Shape::Gaussian(Gaussian::new(major, minor, values.at(2, "pa")?, frame))
            } else {
                Shape::Point
            }
        }
        Some(object) => return Err(line.cell("shape", object.class, "only Gaussian can be predicted")),
    };
    let mut component = Component::new(position, shape, stokes, spectrum);
    component.name = name.map(|name| name.trim_matches(['\'', '"']).to_owned());
    if flux.class == "PolarizationWithRM" {
        let (measure, reference) = (values.at(4, "rm")?, values.at(5, "freq0")?);
        if measure != 0.0 && (stokes.q != 0.0 || stokes.u != 0.0) {
            if reference.is_nan() || reference <= 0.0 {
                return Err(line.wrong("a rotation measure needs a freq0 that is positive"));
            }
            let rotation = Some(FaradayRotation::from_frequency(measure, reference));
            component.polarisation = Some(Box::new(Polarisation { rotation, ..Polarisation::default() }));
        }
    }
    Ok(component)
}

/// Writes a model as Tigger does, its values in the tags.
pub(super) fn write(out: &mut dyn Write, components: &[Component], losses: &mut Losses) -> io::Result<()> {
    writeln!(out, "<HTML><BODY mdltype=SkyModel>\n<H1>Source list</H1>")?;
    writeln!(out, "<TABLE BORDER=1 FRAME=box RULES=all CELLPADDING=5>")?;
    for (index, component) in components.iter().enumerate() {
        let Some(row) = Row::of(component, index, Holds::gaussians(Angles::Source), losses) else { continue };
        let name = row.word(&['"', '\'', '<', '>', '&'], losses);
        let stokes = row.turning(losses);
        let (terms, reference) = row.ln_terms(usize::MAX, losses);
        let float = |name: &str, value: f64| {
            // Python tells floats by their point.
            let text = Num(value).to_string();
            let text = if text.contains(['.', 'e']) { text } else { text + ".0" };
            format!("<A mdltype=float mdlval=\"{text}\"><A>{name}:{text}</A> </A> ")
        };
        write!(out, "<TR mdltype=Source ><TD mdltype=str mdlval=\"'{name}'\"><A>name:{name}</A> </TD> ")?;
        write!(out, "<TD mdltype=Position >{}{}</TD> ", float("ra", row.ra), float("dec", row.dec))?;
        let Stokes { i, q, u, v } = stokes;
        let polarisation =
            [("I", i), ("Q", q), ("U", u), ("V", v)].map(|(name, value)| float(name, value)).concat();
        match row.rotation_measure() {
            0.0 => write!(out, "<TD mdltype=Polarization >{polarisation}</TD> ")?,
            measure => write!(
                out,
                "<TD mdltype=PolarizationWithRM >{polarisation}{}{}</TD> ",
                float("rm", measure),
                float("freq0", reference)
            )?,
        }
        if let Some(shape) = row.ellipse {
            write!(
                out,
                "<TD mdltype=Gaussian mdlattr=\"shape\" ><A>shape:</A> {}{}{}</TD> ",
                float("ex", shape.major),
                float("ey", shape.minor),
                float("pa", shape.position_angle)
            )?;
        }
        if terms.iter().any(|term| *term != 0.0) {
            let terms = match terms.as_slice() {
                [alpha] => float("spi", *alpha),
                terms => {
                    let terms: Vec<String> =
                        terms.iter().enumerate().map(|(at, term)| float(&at.to_string(), *term)).collect();
                    format!("<A mdltype=list ><A>spi:</A> {}</A> ", terms.concat())
                }
            };
            write!(
                out,
                "<TD mdltype=SpectralIndex mdlattr=\"spectrum\" ><A>spectrum:</A> {terms}{}</TD> ",
                float("freq0", reference)
            )?;
        }
        writeln!(out, "</TR>")?;
    }
    writeln!(out, "</TABLE>\n</BODY></HTML>")
}

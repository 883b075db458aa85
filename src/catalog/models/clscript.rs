//! Component lists as the calls of CASA's `componentlist` tool that make them.
//!
//! <https://casadocs.readthedocs.io/en/stable/api/tt/casatools.componentlist.html>, `addcomponent`: a Python script with calls
//! `cl.addcomponent(dir='J2000 10h00m00s -30d00m00s', flux=1.0, freq='1.4GHz', shape='Gaussian', majoraxis='10arcsec', ...)`, whose
//! arguments are named and literal. Other lines are passed over. `index` of a `spectral index` is α, of a `plp` the terms
//! `S = S0 (ν/ν0)^(c0 + c1 ln ν/ν0 + ...)` of I, while Q, U and V stay. What the script writes is made a table by running it in CASA.

use std::io::{self, Write};

use super::complist_write::Law;
use super::line::Line;
use super::losses::Losses;
use super::number::{Num, Sexagesimal, arcsec, degrees};
use super::row::{Angles, Holds, Row, of_ln_terms, staying};
use super::text::{Numbers, Text};
use crate::catalog::builder::Builder;
use crate::catalog::input::Input;
use crate::catalog::{CatalogError, ReadOptions};
use crate::coords::{self, Direction, Frame};
use crate::sky::{AngleFrame, Component, Ellipse, Shape, Spectrum, Stokes};

/// The call that adds a component.
const CALL: &str = ".addcomponent(";

/// Whether a text that begins so is such a script.
pub(in crate::catalog) fn is_model(head: &str) -> bool {
    head.lines().any(|line| !line.trim_start().starts_with('#') && line.contains(CALL))
}

/// A literal of Python.
#[derive(Debug, PartialEq)]
enum Value<'a> {
    Number(f64),
    Text(&'a str),
    List(Vec<Value<'a>>),
    /// `True`, `False` and `None`.
    Word(&'a str),
}

/// The literals of a text, one after the other.
struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip(&mut self) {
        while let Some(byte) = self.text.as_bytes().get(self.at) {
            match byte {
                // A backslash goes on with the next line.
                b'\\' => self.at += 1,
                // A comment ends with its line.
                b'#' => {
                    let rest = self.rest().as_bytes();
                    self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                }
                byte if byte.is_ascii_graphic() => return,
                _ => match self.rest().chars().next().filter(|c| c.is_whitespace()) {
                    Some(blank) => self.at += blank.len_utf8(),
                    None => return,
                },
            }
        }
    }

    fn take(&mut self, c: char) -> bool {
        self.skip();
        let found = self.rest().starts_with(c);
        self.at += if found { c.len_utf8() } else { 0 };
        found
    }

    fn word(&mut self, of: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !of(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn value(&mut self) -> Result<Value<'a>, String> {
        self.skip();
        let c = self.rest().chars().next().ok_or("the call does not end")?;
        match c {
            '\'' | '"' => {
                self.at += 1;
                let rest = self.rest();
                let end = memchr::memchr(c as u8, rest.as_bytes()).ok_or("a text is not closed")?;
                self.at += end + 1;
                Ok(Value::Text(&rest[..end]))
            }
            '[' | '(' => {
                self.at += 1;
                let close = if c == '[' { ']' } else { ')' };
                let mut list = Vec::new();
                while !self.take(close) {
                    list.push(self.value()?);
                    if !self.take(',') && !self.rest().starts_with(close) {
                        return Err(format!("a list needs commas and a '{close}'"));
                    }
                }
                Ok(Value::List(list))
            }
            _ => {
                let word = self.word(|c| c.is_alphanumeric() || matches!(c, '+' | '-' | '.' | '_'));
                match word {
                    "True" | "False" | "None" => Ok(Value::Word(word)),
                    _ => match word.parse() {
                        Ok(number) => Ok(Value::Number(number)),
                        Err(_) => Err(format!(
                            "'{}' is no literal: numbers, texts and lists are",
                            if word.is_empty() {
                                self.rest().lines().next().unwrap_or_default()
                            } else {
                                word
                            }
                        )),
                    },
                }
            }
        }
    }

    /// The named arguments up to the closing bracket.
    fn arguments(&mut self) -> Result<Vec<(&'a str, Value<'a>)>, String> {
        let mut found: Vec<(&str, Value)> = Vec::with_capacity(16);
        while !self.take(')') {
            self.skip();
            let name = self.word(|c| c.is_alphanumeric() || c == '_');
            if name.is_empty() || !self.take('=') {
                return Err("arguments must be named, as in flux=1.0".into());
            }
            if found.iter().any(|(other, _)| *other == name) {
                return Err(format!("the argument '{name}' stands twice"));
            }
            found.push((name, self.value()?));
            if !self.take(',') && !self.rest().starts_with(')') {
                return Err(format!("a ',' or a ')' is missing after '{name}'"));
            }
        }
        Ok(found)
    }
}

/// Reads the script; returns its digest.
pub(in crate::catalog) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    let calls = memchr::memmem::Finder::new(CALL);
    let begins = |line: &[u8]| calls.find(line).is_some();
    let parse = |first: u64, text: &str, found: &mut Vec<(u64, Component)>| {
        let mut parser = Parser { text, at: 0 };
        let mut numbers = Numbers::new(first, text);
        while let Some(call) = calls.find(parser.rest().as_bytes()) {
            let begin = parser.at + call;
            let line = Line { input, number: numbers.line(begin) };
            parser.at = begin + CALL.len();
            let said = &text[memchr::memrchr(b'\n', &text.as_bytes()[..begin]).unwrap_or(0)..begin];
            if said.trim_start().starts_with('#') {
                continue;
            }
            let arguments = parser.arguments().map_err(|message| line.wrong(message))?;
            found.push((line.number, component(&Arguments { line, arguments }, options)?));
        }
        Ok(())
    };
    let take = |number, component| builder.take_model(component, false, number);
    Text::new(input)?.pieces(begins, parse, take)
}

/// The arguments of a call.
struct Arguments<'a> {
    line: Line<'a>,
    arguments: Vec<(&'a str, Value<'a>)>,
}

impl Arguments<'_> {
    fn get(&self, name: &str) -> Option<&Value<'_>> {
        self.arguments.iter().find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    fn text(&self, name: &str) -> Result<Option<&str>, CatalogError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(Value::List(list)) if list.is_empty() => Ok(None),
            Some(_) => Err(self.line.wrong(format!("'{name}' must be a text"))),
        }
    }

    fn numbers(&self, name: &str) -> Result<Vec<f64>, CatalogError> {
        let number = |value: &Value| match value {
            Value::Number(number) if number.is_finite() => Ok(*number),
            _ => Err(self.line.wrong(format!("'{name}' must be a number or a list of numbers"))),
        };
        match self.get(name) {
            None => Ok(Vec::new()),
            Some(Value::List(list)) => list.iter().map(number).collect(),
            Some(value) => Ok(vec![number(value)?]),
        }
    }

    /// An angle [rad].
    fn angle(&self, name: &str) -> Result<f64, CatalogError> {
        let text = self.text(name)?.unwrap_or_default();
        if text.is_empty() {
            return Err(self.line.wrong(format!("'{name}' is missing")));
        }
        let (number, unit) = quantity(text);
        let scale = match unit {
            "arcsec" => (1f64 / 3600.0).to_radians(),
            "arcmin" => (1f64 / 60.0).to_radians(),
            "deg" => 1f64.to_radians(),
            "rad" => 1.0,
            "marcsec" | "mas" => (1e-3f64 / 3600.0).to_radians(),
            _ => return Err(self.line.cell(name, text, "an angle with its unit is needed: 10arcsec, 30deg")),
        };
        Ok(self.line.number(name, number)? * scale)
    }
}

/// A number and its unit.
fn quantity(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text
        .char_indices()
        .find(|(at, c)| {
            let exponent = matches!(c, 'e' | 'E')
                && text[at + 1..].starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-'));
            !(c.is_ascii_digit() || matches!(c, '+' | '-' | '.') || exponent)
        })
        .map_or(text.len(), |(at, _)| at);
    (text[..end].trim(), text[end..].trim())
}

fn component(call: &Arguments, options: &ReadOptions) -> Result<Component, CatalogError> {
    let line = call.line;
    const KNOWN: [&str; 13] = [
        "dir",
        "flux",
        "fluxunit",
        "polarization",
        "freq",
        "shape",
        "majoraxis",
        "minoraxis",
        "positionangle",
        "spectrumtype",
        "index",
        "label",
        "optionalparms",
    ];
    if let Some((name, _)) = call.arguments.iter().find(|(name, _)| !KNOWN.contains(name)) {
        return Err(line.wrong(format!("addcomponent has no argument '{name}'")));
    }
    let dir = call.text("dir")?.ok_or_else(|| line.wrong("'dir' is missing"))?;
    let words: Vec<&str> = dir.split_ascii_whitespace().collect();
    let [frame, longitude, latitude] = words[..] else {
        return Err(line.cell("dir", dir, "a frame and two angles are needed: J2000 10h00m00s -30d00m00s"));
    };
    let frame: Frame = frame.parse().map_err(|error| line.cell("dir", frame, format!("{error}")))?;
    let parse = if frame.is_equatorial() { coords::parse_ra } else { coords::parse_longitude };
    let longitude = parse(longitude).map_err(|error| line.cell("dir", longitude, error.reason))?;
    let latitude = coords::parse_dec(latitude).map_err(|error| line.cell("dir", latitude, error.reason))?;
    let position = Direction::new(options.frame.unwrap_or(frame), longitude, latitude);
    let scale = match call.text("fluxunit")?.unwrap_or("Jy") {
        "Jy" => 1.0,
        "mJy" => 1e-3,
        "uJy" => 1e-6,
        unit => return Err(line.cell("fluxunit", unit, "not Jy, mJy or uJy")),
    };
    let basis = call.text("polarization")?.unwrap_or("Stokes");
    if !basis.eq_ignore_ascii_case("stokes") {
        return Err(line.cell("polarization", basis, "only Stokes is understood in a script"));
    }
    let stokes = match call.numbers("flux")?[..] {
        [i] => Stokes::unpolarised(i),
        [i, q, u, v] => Stokes { i, q, u, v },
        _ => return Err(line.wrong("'flux' must be Stokes I, or I, Q, U and V")),
    };
    let mut component =
        Component::new(position, shape(call, options)?, stokes.scaled(scale), spectrum(call)?);
    if call.text("spectrumtype")?.is_some_and(|kind| kind.eq_ignore_ascii_case("plp")) {
        component.polarisation = staying(&component);
    }
    component.name = call.text("label")?.filter(|label| !label.is_empty()).map(str::to_owned);
    Ok(component)
}

fn shape(call: &Arguments, options: &ReadOptions) -> Result<Shape, CatalogError> {
    let kind = call.text("shape")?.unwrap_or("point").to_ascii_lowercase();
    if kind == "point" {
        return Ok(Shape::Point);
    }
    let [major, minor] = [call.angle("majoraxis")?, call.angle("minoraxis")?];
    let angle = call.angle("positionangle")?;
    let ellipse = Ellipse::new(major, minor, angle, options.pa_frame.unwrap_or(AngleFrame::Source));
    match kind.as_str() {
        "gaussian" => Ok(Shape::Gaussian(ellipse)),
        "disk" => Ok(Shape::Disk(ellipse)),
        "limbdarkeneddisk" => match call.numbers("optionalparms")?[..] {
            [exponent] => Ok(Shape::LimbDarkenedDisk { disk: ellipse, exponent }),
            _ => Err(call.line.wrong("a limb-darkened disk needs its exponent: optionalparms=[1.5]")),
        },
        _ => Err(call.line.cell(
            "shape",
            &kind,
            "only point, Gaussian, disk and limbdarkeneddisk can be predicted",
        )),
    }
}

fn spectrum(call: &Arguments) -> Result<Spectrum, CatalogError> {
    let line = call.line;
    let kind = call.text("spectrumtype")?.unwrap_or("constant").to_ascii_lowercase();
    let index = call.numbers("index")?;
    let terms = match (kind.as_str(), index.as_slice()) {
        ("constant", _) => return Ok(Spectrum::Flat),
        ("spectral index", [alpha, rest @ ..]) if rest.iter().all(|term| *term == 0.0) => vec![*alpha],
        ("plp", [_, ..]) => index,
        ("spectral index" | "plp", _) => {
            return Err(line.wrong("'index' must be the spectral index (of I alone), or the terms of a plp"));
        }
        _ => {
            return Err(line.cell(
                "spectrumtype",
                &kind,
                "only constant, spectral index and plp can be predicted",
            ));
        }
    };
    let text = call.text("freq")?.ok_or_else(|| line.wrong("'freq' is missing"))?;
    let text = text.split_ascii_whitespace().last().unwrap_or_default();
    let (number, unit) = quantity(text);
    let scale = match unit {
        "Hz" => 1.0,
        "kHz" => 1e3,
        "MHz" => 1e6,
        "GHz" => 1e9,
        _ => return Err(line.cell("freq", text, "a frequency with its unit is needed: 1.4GHz")),
    };
    Ok(of_ln_terms(&terms, line.number("freq", number)? * scale))
}

/// What CASA's lists have.
const HOLDS: Holds = Holds { disks: true, limbs: true, ..Holds::gaussians(Angles::Source) };

/// Writes a script that makes the list `components.cl` in CASA.
pub(super) fn write(out: &mut dyn Write, components: &[Component], losses: &mut Losses) -> io::Result<()> {
    writeln!(out, "# In CASA, or with the package casatools: makes the component list components.cl")?;
    writeln!(out, "from casatools import componentlist\n\ncl = componentlist()")?;
    for (index, component) in components.iter().enumerate() {
        let Some(row) = Row::of(component, index, HOLDS, losses) else { continue };
        let (Stokes { i, q, u, v }, reference, law) = Law::of(&row, losses);
        let (ra, dec) = (Sexagesimal::hours(row.ra), Sexagesimal::degrees(row.dec));
        write!(
            out,
            "cl.addcomponent(dir='J2000 {:02}h{:02}m{} {}{:02}d{:02}m{}', flux=[{}, {}, {}, {}]",
            ra.whole,
            ra.minutes,
            ra.seconds_text(),
            dec.sign(),
            dec.whole,
            dec.minutes,
            dec.seconds_text(),
            Num(i),
            Num(q),
            Num(u),
            Num(v)
        )?;
        if let Some(shape) = row.ellipse {
            let kind = match component.shape {
                Shape::Disk(_) => "disk",
                Shape::LimbDarkenedDisk { .. } => "limbdarkeneddisk",
                _ => "Gaussian",
            };
            write!(
                out,
                ", shape='{kind}', majoraxis='{}arcsec', minoraxis='{}arcsec', positionangle='{}deg'",
                arcsec(shape.major),
                arcsec(shape.minor),
                degrees(shape.position_angle)
            )?;
            if let Shape::LimbDarkenedDisk { exponent, .. } = component.shape {
                write!(out, ", optionalparms=[{}]", Num(exponent))?;
            }
        }
        write!(out, ", freq='{}Hz'", Num(reference))?;
        match law {
            Law::Index(alpha) => write!(out, ", spectrumtype='spectral index', index={}", Num(alpha))?,
            Law::Polynomial(terms) => {
                let terms: Vec<String> = terms.iter().map(|term| Num(*term).to_string()).collect();
                write!(out, ", spectrumtype='plp', index=[{}]", terms.join(", "))?;
            }
            Law::Constant | Law::Table(_) => write!(out, ", spectrumtype='constant'")?,
        }
        writeln!(out, ", label='{}')", row.word(&['\'', '\\', '"'], losses))?;
    }
    writeln!(out, "cl.rename('components.cl')\ncl.close()")
}

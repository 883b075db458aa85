//! Listings of NVSS as the NRAO's program NVSSlist and its catalogue browser print them.
//!
//! Two lines a source, values above errors; the listing says in its headings whether it is deconvolved
//! (integrated flux densities `Flux`, sizes without the beam, limits as `<25.4`), fitted (`Peak`, sizes with
//! the beam, biases corrected) or raw (`Peak`, nothing corrected, no lines of errors). Columns are told by
//! the headings above them, for their places differ from version to version; pages may repeat the headings.

use super::builder::Builder;
use super::input::Input;
use super::nvss_corrections::{self as corrections, Ellipse, Fitted, Raw, USUAL_NOISE};
use super::record::{Details, Errors};
use super::{CatalogError, NVSS_FREQUENCY, ReadOptions, polarization};
use crate::coords::{self, Direction, Frame};
use crate::sky::{Component, Gaussian, Shape, Spectrum, Stokes};

const ARCSEC: f64 = std::f64::consts::PI / 648_000.0;

/// Bytes of the distance, right behind the declination.
const DISTANCE: usize = 6;

/// The three kinds of listing.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
    Deconvolved,
    Fitted,
    Raw,
}

/// The columns behind the position.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Column {
    Distance,
    Flux,
    Major,
    Minor,
    Angle,
    Residual,
    Polarised,
    PolarisedAngle,
    Field,
}

/// The headings in force.
#[derive(Clone, Debug)]
struct Headings {
    /// Columns and the bytes their names take, in order.
    columns: Vec<(Column, usize, usize)>,
    frame: Frame,
    peak: bool,
}

impl Headings {
    /// The headings that a line is, if it is one.
    fn of(line: &str) -> Option<Self> {
        let lower = line.to_lowercase();
        if !(lower.contains("major") && lower.contains("minor") && lower.contains("p_flux")) {
            return None;
        }
        let frame = if lower.contains("1950") {
            Frame::B1950
        } else if lower.contains("gal") {
            Frame::Galactic
        } else {
            Frame::J2000
        };
        let mut columns = Vec::new();
        for (name, column) in [
            ("dist", Column::Distance),
            ("flux", Column::Flux),
            ("peak", Column::Flux),
            ("major", Column::Major),
            ("minor", Column::Minor),
            ("pa", Column::Angle),
            ("res", Column::Residual),
            ("p_flux", Column::Polarised),
            ("p_ang", Column::PolarisedAngle),
            ("field", Column::Field),
        ] {
            let place =
                words(&lower).find(|(_, word)| *word == name || (name == "dist" && word.starts_with("dist")));
            if let Some((begin, word)) = place {
                columns.push((column, begin, begin + word.len()));
            }
        }
        columns.sort_by_key(|(_, begin, _)| *begin);
        Some(Headings { columns, frame, peak: words(&lower).any(|(_, word)| word == "peak") })
    }

    /// The column whose heading's middle is nearest to that of a word.
    fn column(&self, begin: usize, end: usize) -> Option<Column> {
        let apart = |(_, from, to): &&(Column, usize, usize)| (from + to).abs_diff(begin + end);
        self.columns.iter().min_by_key(apart).map(|(column, ..)| *column)
    }
}

/// The words of a line and where they begin.
fn words(line: &str) -> impl Iterator<Item = (usize, &str)> {
    line.split_whitespace().map(|word| (word.as_ptr() as usize - line.as_ptr() as usize, word))
}

/// Whether the text is such a listing.
pub(super) fn is_listing(head: &str) -> bool {
    head.lines().any(|line| Headings::of(line).is_some())
}

/// A size as printed.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Width {
    arcsec: f64,
    limit: bool,
}

/// A source as printed.
#[derive(Clone, Copy, Debug)]
struct Entry {
    line: u64,
    position: Direction,
    flux: f64,
    major: Width,
    minor: Width,
    /// Errors of the axes [arcsec], where they are printed.
    errors: [Option<f64>; 2],
    /// Those of the flux density [mJy] and the angle [rad].
    flux_error: Option<f64>,
    angle_error: Option<f64>,
    /// [rad].
    angle: Option<f64>,
    /// [mJy] and [rad].
    polarised: Option<f64>,
    polarised_angle: Option<f64>,
}

impl Entry {
    /// Upper limits and errors as they are printed; those of sizes only where the sizes are the source's own.
    fn printed(&self, mode: Mode) -> ([Option<f64>; 2], Errors) {
        let flux = self.flux_error.map(|error| 1e-3 * error);
        if mode != Mode::Deconvolved {
            return ([None; 2], Errors { flux, ..Errors::default() });
        }
        let limit = |width: Width| width.limit.then_some(width.arcsec * ARCSEC);
        let [major, minor] = self.errors.map(|error| error.map(|error| error * ARCSEC));
        let errors = Errors { flux, major, minor, angle: self.angle_error, ..Errors::default() };
        ([limit(self.major), limit(self.minor)], errors)
    }
}

/// The position in the columns 1-11 and 13-23, and where the rest begins.
fn position(line: &str, frame: Frame) -> Option<Result<(Direction, usize), String>> {
    let parts: Vec<(usize, &str)> = words(line).take(6).collect();
    let [(begin, hours), (_, minutes), (seconds_at, seconds), (dec_at, degrees), _, (last_at, last)] =
        parts[..]
    else {
        return None;
    };
    let whole = |text: &str| text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    let signed = degrees.strip_prefix(['+', '-']).unwrap_or(degrees);
    let shaped = whole(hours) && whole(minutes) && whole(signed) && begin <= 2 && seconds.contains('.');
    if !shaped {
        return None;
    }
    let end = last_at + last.len();
    let longitude = &line[begin..seconds_at + seconds.len()];
    let latitude = &line[dec_at..end];
    let parse = || {
        let longitude = match frame {
            Frame::Galactic => coords::parse_longitude(longitude),
            _ => coords::parse_ra(longitude),
        };
        let longitude = longitude.map_err(|error| format!("'{}': {error}", &line[..end]))?;
        let latitude = coords::parse_dec(latitude).map_err(|error| format!("'{latitude}': {error}"))?;
        Ok((Direction::new(frame, longitude, latitude), end))
    };
    Some(parse())
}

/// A finite number.
fn number(text: &str, name: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|value| value.is_finite());
    value.ok_or_else(|| format!("'{text}' is not a number for {name}"))
}

/// A source out of its line of values.
fn entry(line: &str, number_of_line: u64, headings: &Headings) -> Option<Result<Entry, String>> {
    let (position, end) = match position(line, headings.frame)? {
        Ok(found) => found,
        Err(message) => return Some(Err(message)),
    };
    let read = || {
        let (mut flux, mut major, mut minor, mut angle) = (None, None, None, None);
        let (mut polarised, mut polarised_angle) = (None, None);
        // The distance takes six bytes, into which a large flux density may run without a blank between.
        let distance = headings.columns.iter().any(|(column, ..)| *column == Column::Distance);
        let from = if distance { end + DISTANCE } else { end };
        let rest = line.get(from..).unwrap_or_default();
        for (begin, word) in words(rest).map(|(begin, word)| (from + begin, word)) {
            let width = || {
                let limit = word.starts_with('<');
                number(word.trim_start_matches('<'), "a size").map(|arcsec| Some(Width { arcsec, limit }))
            };
            let letter = word.starts_with(|c: char| c.is_ascii_alphabetic());
            match headings.column(begin, begin + word.len()) {
                // The field, such as C1000P40, and the code of residuals, such as P or s*.
                _ if letter && word.len() >= 7 => break,
                _ if letter && word.len() <= 2 => {}
                Some(Column::Flux) => flux = Some(number(word, "the flux density")?),
                Some(Column::Major) => major = width()?,
                Some(Column::Minor) => minor = width()?,
                // "Blank" where polarisation was not measured.
                _ if word.eq_ignore_ascii_case("blank") => {}
                Some(Column::Angle) => angle = Some(number(word, "the position angle")?.to_radians()),
                Some(Column::Polarised) => polarised = Some(number(word, "the polarised flux density")?),
                Some(Column::PolarisedAngle) => {
                    polarised_angle = Some(number(word, "the polarisation angle")?.to_radians());
                }
                Some(Column::Distance | Column::Residual) | None => {}
                Some(Column::Field) => break,
            }
        }
        let missing = |name: &str| format!("{name} is missing below its heading");
        Ok(Entry {
            line: number_of_line,
            position,
            flux: flux.ok_or_else(|| missing("the flux density"))?,
            major: major.ok_or_else(|| missing("the major axis"))?,
            minor: minor.ok_or_else(|| missing("the minor axis"))?,
            errors: [None; 2],
            flux_error: None,
            angle_error: None,
            angle,
            polarised,
            polarised_angle,
        })
    };
    Some(read())
}

/// Reads the listing; returns the digest of the file.
pub(super) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    let mut lines = input.lines()?;
    let mut headings: Option<Headings> = None;
    let mut mode: Option<Mode> = None;
    let mut said = false;
    let mut waiting: Option<Entry> = None;
    let taker = Taker { options };
    builder.survey("NVSS");
    loop {
        let number = lines.number + 1;
        let Some(line) = lines.next_line()? else { break };
        let lower = line.to_lowercase();
        if let Some((_, what)) = lower.split_once("displaying ") {
            mode = ["raw", "fitted", "deconvolved"]
                .iter()
                .position(|word| what.starts_with(word))
                .map(|index| [Mode::Raw, Mode::Fitted, Mode::Deconvolved][index]);
            said |= mode.is_some();
        } else if let Some(found) = Headings::of(line) {
            if !said {
                mode = Some(if found.peak { Mode::Fitted } else { Mode::Deconvolved });
            }
            headings = Some(found);
        } else if let Some(columns) = &headings {
            let mode = mode.unwrap_or(Mode::Deconvolved);
            if let Some(found) = entry(line, number, columns) {
                taker.take(waiting.take(), mode, builder)?;
                match found {
                    Ok(found) => waiting = Some(found),
                    Err(message) => {
                        builder.row();
                        builder.malformed(|| CatalogError::Row {
                            path: input.path.clone(),
                            line: number,
                            message,
                        })?;
                    }
                }
            } else if let Some(source) = waiting.as_mut() {
                // A line of errors begins below the seconds of right ascension.
                if line.starts_with("     ") {
                    for (begin, word) in words(line) {
                        let error = word.parse::<f64>().ok().filter(|value| value.is_finite());
                        match columns.column(begin, begin + word.len()) {
                            Some(Column::Flux) if begin > 24 => source.flux_error = error,
                            Some(Column::Angle) if begin > 24 => {
                                source.angle_error = error.map(f64::to_radians);
                            }
                            Some(Column::Major) if begin > 24 => source.errors[0] = error,
                            Some(Column::Minor) if begin > 24 => source.errors[1] = error,
                            _ => {}
                        }
                    }
                }
            } else if looks_like_a_row(line) {
                builder.row();
                let message = "neither a source nor its errors as NVSSlist prints them".to_owned();
                builder.malformed(|| CatalogError::Row {
                    path: input.path.clone(),
                    line: number,
                    message,
                })?;
            }
        }
    }
    let mode = mode.unwrap_or(Mode::Deconvolved);
    taker.take(waiting.take(), mode, builder)?;
    builder.note(match mode {
        Mode::Deconvolved => "a deconvolved listing of NVSS: flux densities are integrated",
        Mode::Fitted => "a fitted listing of NVSS: flux densities and sizes made those of the deconvolved one",
        Mode::Raw => {
            "a raw listing of NVSS: biases corrected, and made flux densities and sizes of the deconvolved one, with \
             the survey's usual noise, for such a listing does not tell it"
        }
    });
    input.digest()
}

/// Whether a line begins as a source does.
fn looks_like_a_row(line: &str) -> bool {
    let bytes = line.as_bytes();
    bytes.len() > 60 && bytes[..2].iter().all(u8::is_ascii_digit) && bytes[2] == b' '
}

/// Makes components of what is printed.
struct Taker<'a> {
    options: &'a ReadOptions,
}

impl Taker<'_> {
    fn take(&self, entry: Option<Entry>, mode: Mode, builder: &mut Builder) -> Result<(), CatalogError> {
        let Some(entry) = entry else { return Ok(()) };
        builder.row();
        let mut position = entry.position;
        if let Some(frame) = self.options.frame {
            position.frame = frame;
        }
        if mode == Mode::Raw && position.frame == Frame::J2000 {
            (position.longitude, position.latitude) =
                corrections::position(position.longitude, position.latitude);
        }
        if !builder.wants(position) {
            return Ok(());
        }
        let raw = (mode == Mode::Raw).then(|| self.raw(&entry).published());
        let (flux, shape, extent) = match (mode, &raw) {
            (_, Some(published)) => {
                (published.flux, published.shape(self.options.pa_frame.unwrap_or_default()), published.extent)
            }
            (Mode::Fitted, None) => self.fitted(&entry),
            _ => (entry.flux, self.deconvolved(&entry), 1.0),
        };
        let mut stokes = Stokes::unpolarised(1e-3 * flux);
        let strength = entry.polarised.map(|strength| match mode {
            Mode::Raw => polarization::without_noise(strength, USUAL_NOISE.1),
            _ => strength,
        });
        let strength = strength.map(|strength| 1e-3 * strength * extent);
        if builder.polarization
            && let (Some(strength), Some(angle)) = (strength, entry.polarised_angle)
        {
            (stokes.q, stokes.u) = polarization::linear(strength, angle);
        }
        let reference = self.options.reference_frequency.unwrap_or(NVSS_FREQUENCY);
        let spectrum = Spectrum::PowerLaw { alpha: self.options.alpha, reference };
        let component = Component::new(position, shape, stokes, spectrum);
        let details = builder.detailed().then(|| {
            let (limits, errors) = match &raw {
                Some(published) => (published.limits(), published.errors()),
                None => entry.printed(mode),
            };
            Box::new(Details {
                limits,
                errors,
                polarised: strength,
                polarisation_angle: entry.polarised_angle,
                ..Details::of(&component)
            })
        });
        builder.push_detailed(component, true, details, || entry.line)
    }

    fn deconvolved(&self, entry: &Entry) -> Shape {
        let width = |width: Width| if width.limit { 0.0 } else { width.arcsec * ARCSEC };
        match ((width(entry.major), width(entry.minor)), entry.angle) {
            ((0.0, 0.0), _) => Shape::Point,
            ((major, minor), Some(angle)) => {
                Shape::Gaussian(Gaussian::new(major, minor, angle, self.options.pa_frame.unwrap_or_default()))
            }
            // A limit on one axis and no angle: there is no telling where the other points.
            _ => Shape::Point,
        }
    }

    fn raw(&self, entry: &Entry) -> Raw {
        let dec = entry.position.to(Frame::J2000).latitude;
        let fit = Ellipse {
            major: entry.major.arcsec,
            minor: entry.minor.arcsec,
            angle: entry.angle.unwrap_or_default(),
        };
        Raw { dec, peak: entry.flux, fit, noise: USUAL_NOISE.0 }
    }

    /// Flux density [mJy], shape, and the factor on polarisation.
    fn fitted(&self, entry: &Entry) -> (f64, Shape, f64) {
        let raw = self.raw(entry);
        // The listing's peak has its biases corrected, and is the integrated flux density of what is not
        // resolved; the beam belongs to the raw peak, on which it hardly depends.
        let mut peak = entry.flux;
        let mut result = None;
        for _ in 0..4 {
            let before = Raw { peak: corrections::before_bias(raw.dec, peak, raw.noise), ..raw };
            let beam = corrections::point_source(before.dec, before.peak);
            let mut fitted = Fitted::new(before.fit, beam, before.peak / before.noise);
            if let [Some(major), Some(minor)] = entry.errors {
                fitted.errors = [major, minor];
            }
            let (_, resolved, _) = fitted.deconvolved();
            let published = fitted.published(peak, 0.0);
            if resolved == [false, false] {
                peak = entry.flux / fitted.integrated(resolved);
                result = Some((entry.flux, Shape::Point, published.extent));
            } else {
                peak = entry.flux;
                let shape = published.shape(self.options.pa_frame.unwrap_or_default());
                result = Some((published.flux, shape, published.extent));
            }
        }
        result.unwrap_or((entry.flux, Shape::Point, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_told_by_their_headings() {
        let headings = Headings::of(
            "   RA(2000)  Dec(2000) Dist(\") Flux  Major Minor  PA  Res P_Flux P_ang  Field    X_pix  Y_pix",
        )
        .unwrap();
        assert_eq!(headings.frame, Frame::J2000);
        assert!(!headings.peak);
        let line =
            "09 55 16.67 +39 35 48.4  3573   12.2  31.7 <25.4  19.2     -0.13       C1000P40  730.30  417.67";
        let entry = entry(line, 1, &headings).unwrap().unwrap();
        assert_eq!((entry.flux, entry.major.arcsec, entry.major.limit), (12.2, 31.7, false));
        assert_eq!(entry.minor, Width { arcsec: 25.4, limit: true });
        assert_eq!((entry.polarised, entry.polarised_angle), (Some(-0.13), None));
        assert!((entry.angle.unwrap().to_degrees() - 19.2).abs() < 1e-12);
    }
}

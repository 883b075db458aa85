//! Names of columns, taken apart into what they name, its unit and its frame.

use super::FluxUnit;
use crate::coords::Frame;

/// A unit that a column can have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Unit {
    /// Flux density.
    Flux(FluxUnit),
    /// Angle, with its size in [rad].
    Angle(f64),
    /// Hours of right ascension.
    Hours,
    /// Sexagesimal text.
    Sexagesimal,
    /// Frequency, with its size in [Hz].
    Frequency(f64),
}

impl Unit {
    /// A unit by its name, in lower case.
    fn named(name: &str) -> Option<Self> {
        const DEGREE: f64 = std::f64::consts::PI / 180.0;
        Some(match name {
            "jy" | "jy/beam" | "jansky" => Unit::Flux(FluxUnit::Jy),
            "mjy" | "mjy/beam" | "millijansky" => Unit::Flux(FluxUnit::MilliJy),
            "ujy" | "ujy/beam" | "µjy" | "μjy" => Unit::Flux(FluxUnit::MicroJy),
            "deg" | "degree" | "degrees" | "°" => Unit::Angle(DEGREE),
            "arcmin" | "arcminute" | "arcminutes" => Unit::Angle(DEGREE / 60.0),
            "arcsec" | "asec" | "arcs" | "arcsecond" | "arcseconds" => Unit::Angle(DEGREE / 3600.0),
            "mas" => Unit::Angle(DEGREE / 3.6e6),
            "rad" | "radian" | "radians" => Unit::Angle(1.0),
            "h" | "hour" | "hours" | "hourangle" => Unit::Hours,
            "h:m:s" | "d:m:s" | "\"h:m:s\"" | "\"d:m:s\"" | "hms" | "dms" => Unit::Sexagesimal,
            "hz" => Unit::Frequency(1.0),
            "khz" => Unit::Frequency(1e3),
            "mhz" => Unit::Frequency(1e6),
            "ghz" => Unit::Frequency(1e9),
            _ => return None,
        })
    }

    /// A unit as it stands in a row of units.
    pub fn of_cell(cell: &str) -> Option<Self> {
        // A megajansky has other letters than a millijansky only in case: no catalogue is in it.
        Unit::named(&cell.trim().to_lowercase())
    }
}

/// A column's name, taken apart.
#[derive(Clone, Debug)]
pub(super) struct Heading {
    /// As it stands.
    pub name: String,
    /// In lower case, without unit.
    pub base: String,
    /// The unit in the name.
    pub unit: Option<Unit>,
    /// Whether it began with an underscore: a column that VizieR computed.
    pub computed: bool,
}

impl Heading {
    /// Takes a name apart.
    pub fn new(name: &str) -> Self {
        let name = name.trim().trim_start_matches('\u{feff}');
        let lower = name.to_lowercase();
        let bracketed = lower.strip_suffix([')', ']']).and_then(|rest| rest.rsplit_once(['(', '[']));
        let (base, mut unit) = match bracketed.map(|(base, unit)| (base, Unit::named(unit.trim()))) {
            Some((base, Some(unit))) => (base.trim(), Some(unit)),
            _ => (lower.as_str(), None),
        };
        let base = base.replace([' ', '-'], "_");
        let computed = base.starts_with('_');
        let mut base = base.trim_start_matches('_');
        if unit.is_none()
            && let Some((front, ending)) = base.rsplit_once('_')
            && !front.is_empty()
            && let Some(found) = Unit::named(ending)
        {
            (base, unit) = (front, Some(found));
        }
        Heading { name: name.to_owned(), base: base.to_owned(), unit, computed }
    }

    /// Whether it has this name, in lower case, its unit apart.
    pub fn is_named(&self, name: &str) -> bool {
        self.base == name
    }
}

/// The frame a right ascension's or longitude's name says, if it is one; inside, none if the name says none.
pub(super) fn longitude_frame(heading: &Heading) -> Option<Option<Frame>> {
    Some(match heading.base.as_str() {
        "ra" | "right_ascension" | "rightascension" => None,
        "raj2000" | "ra_j2000" | "ra2000" | "ra(2000)" | "ra_2000" | "alpha_j2000" => Some(Frame::J2000),
        "ra_icrs" | "raicrs" => Some(Frame::Icrs),
        "rab1950" | "ra_b1950" | "ra1950" | "ra(1950)" | "ra_1950" => Some(Frame::B1950),
        "glon" | "galactic_longitude" => Some(Frame::Galactic),
        _ => return None,
    })
}

/// The frame a declination's or latitude's name says, if it is one; inside, none if the name says none.
pub(super) fn latitude_frame(heading: &Heading) -> Option<Option<Frame>> {
    Some(match heading.base.as_str() {
        "dec" | "de" | "decl" | "declination" => None,
        "dej2000" | "decj2000" | "dec_j2000" | "de_j2000" | "dec2000" | "dec(2000)" | "dec_2000"
        | "delta_j2000" => Some(Frame::J2000),
        "dec_icrs" | "de_icrs" | "deicrs" | "decicrs" => Some(Frame::Icrs),
        "deb1950" | "decb1950" | "dec_b1950" | "de_b1950" | "dec1950" | "dec(1950)" | "dec_1950" => {
            Some(Frame::B1950)
        }
        "glat" | "galactic_latitude" => Some(Frame::Galactic),
        _ => return None,
    })
}

/// The size in [rad] of a unit of angle.
pub(super) fn angle_size(unit: Unit) -> Option<f64> {
    if let Unit::Angle(size) = unit { Some(size) } else { None }
}

/// Whether there are columns for both coordinates.
pub(super) fn have_positions(headings: &[Heading]) -> bool {
    headings.iter().any(|heading| longitude_frame(heading).is_some())
        && headings.iter().any(|heading| latitude_frame(heading).is_some())
}

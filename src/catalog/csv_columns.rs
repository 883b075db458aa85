//! What the columns of a text table mean, by their names and units.
//!
//! A name is compared without case, blanks and hyphens being underscores, and a leading underscore left out
//! (VizieR's `_RAJ2000`). Its unit is its ending (`flux_mjy`, `major_arcsec`, `flux (mJy)`) or stands in a
//! row of units; where it is needed and missing, that is an error, never a guess. Two rules only stand in for
//! a unit: numbers in columns of coordinates are degrees, and sexagesimal right ascensions are hours.

use super::{CatalogError, FluxUnit, ReadOptions};
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
            "arcsec" | "asec" | "arcsecond" | "arcseconds" => Unit::Angle(DEGREE / 3600.0),
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
    base: String,
    /// The unit in the name.
    unit: Option<Unit>,
    /// Whether it began with an underscore: a column that VizieR computed.
    computed: bool,
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

const FLUX: &[&str] = &[
    "i",
    "flux",
    "s",
    "stokes_i",
    "flux_i",
    "i_flux",
    "flux_density",
    "int_flux",
    "flux_int",
    "integrated_flux",
    "total_flux",
    "flux_total",
    "sint",
    "s1.4",
    "s1_4",
    "s_1.4",
    "s_1_4",
    "s1400",
    "flux_20_cm",
];
/// Names of flux densities that say their frequency, 1.4 GHz.
const AT_NVSS: &[&str] = &["s1.4", "s1_4", "s_1.4", "s_1_4", "s1400"];
const Q: &[&str] = &["q", "stokes_q", "flux_q", "q_flux"];
const U: &[&str] = &["u", "stokes_u", "flux_u", "u_flux"];
const V: &[&str] = &["v", "stokes_v", "flux_v", "v_flux"];
const MAJOR: &[&str] = &["major", "maj", "major_axis", "majoraxis", "majaxis", "maj_axis"];
const MINOR: &[&str] = &["minor", "min", "minor_axis", "minoraxis", "minaxis", "min_axis"];
const ANGLE: &[&str] =
    &["pa", "position_angle", "positionangle", "posangle", "pos_ang", "pos_angle", "posang", "orientation"];
const ANGLE_FRAME: &[&str] = &["pa_frame", "position_angle_frame"];
const MAJOR_LIMIT: &[&str] = &["l_majaxis", "limit_major_axis"];
const MINOR_LIMIT: &[&str] = &["l_minaxis", "limit_minor_axis"];
const ALPHA: &[&str] = &["alpha", "spectral_index", "spectralindex", "si", "spindex", "spidx", "spix"];
const LOGARITHMIC: &[&str] = &["log_si", "logarithmic_si", "logarithmicsi"];
const REFERENCE: &[&str] = &[
    "ref",
    "ref_freq",
    "reffreq",
    "reference_frequency",
    "referencefrequency",
    "freq0",
    "nu0",
    "freq",
    "frequency",
];
const NAME: &[&str] = &["name", "source_name", "sourcename", "component_name", "source", "nvss"];

/// A column of coordinates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Coordinate {
    pub index: usize,
    /// Its unit, if something says it.
    pub unit: Option<Unit>,
}

/// Which column holds what; numbers come with their unit's size.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub longitude: Coordinate,
    pub latitude: Coordinate,
    pub frame: Frame,
    /// I, Q, U, V and their units in [Jy]; the first is always there.
    pub stokes: [Option<(usize, f64)>; 4],
    /// Major axis, minor axis, position angle, and their units in [rad].
    pub major: Option<(usize, f64)>,
    pub minor: Option<(usize, f64)>,
    pub angle: Option<(usize, f64)>,
    pub major_limit: Option<usize>,
    pub minor_limit: Option<usize>,
    pub angle_frame: Option<usize>,
    pub alpha: Option<usize>,
    pub logarithmic: Option<usize>,
    /// The reference frequency, and its unit in [Hz].
    pub reference: Option<(usize, f64)>,
    /// The frequency [Hz] that the name of the flux column says.
    pub frequency: Option<f64>,
    pub name: Option<usize>,
    pub notes: Vec<String>,
}

/// The header of a table under inspection.
struct Header<'a> {
    headings: &'a [Heading],
    units: Option<&'a [String]>,
    options: &'a ReadOptions,
}

impl Header<'_> {
    /// The columns with one of these names.
    fn named(&self, names: &[&str]) -> Vec<usize> {
        let known = |heading: &Heading| names.contains(&heading.base.as_str());
        (0..self.headings.len()).filter(|index| known(&self.headings[*index])).collect()
    }

    /// The only column with one of these names.
    fn only(&self, names: &[&str]) -> Result<Option<usize>, String> {
        self.single(&self.named(names))
    }

    /// The one of these columns, if there is one at all.
    fn single(&self, columns: &[usize]) -> Result<Option<usize>, String> {
        match *columns {
            [] => Ok(None),
            [index] => Ok(Some(index)),
            [first, second, ..] => Err(format!(
                "columns '{}' and '{}' say the same thing; rename or remove one",
                self.headings[first].name, self.headings[second].name
            )),
        }
    }

    /// The columns of flux density with one of these names; `s_deg` is none.
    fn fluxes(&self, names: &[&str]) -> Vec<usize> {
        let mut found = self.named(names);
        found.retain(|index| matches!(self.headings[*index].unit, None | Some(Unit::Flux(_))));
        found
    }

    /// A column's unit, by its name or the row of units.
    fn unit(&self, index: usize) -> Result<Option<Unit>, String> {
        let heading = &self.headings[index];
        let below = self.units.and_then(|units| units.get(index)).and_then(|cell| Unit::of_cell(cell));
        match (heading.unit, below) {
            (Some(named), Some(below)) if named != below => {
                Err(format!("column '{}' has another unit in its name than below it; mend one", heading.name))
            }
            (named, below) => Ok(named.or(below)),
        }
    }

    /// A column of flux density, with its unit in [Jy].
    fn flux(&self, index: usize) -> Result<(usize, f64), String> {
        match (self.unit(index)?, self.options.flux_unit) {
            (Some(Unit::Flux(unit)), _) | (None, Some(unit)) => Ok((index, unit.in_jy())),
            _ => Err(format!(
                "column '{}' does not say its unit: give --flux-unit jy or mjy, or name the column as in flux_mjy",
                self.headings[index].name
            )),
        }
    }

    /// The only column of one of these names, with its unit as `size` picks it; `example` is a name that
    /// would do.
    fn measured(
        &self,
        names: &[&str],
        size: impl Fn(Unit) -> Option<f64>,
        example: &str,
    ) -> Result<Option<(usize, f64)>, String> {
        let Some(index) = self.only(names)? else { return Ok(None) };
        match self.unit(index)?.and_then(size) {
            Some(size) => Ok(Some((index, size))),
            None => Err(format!(
                "column '{}' does not say its unit: name it as in {example}",
                self.headings[index].name
            )),
        }
    }

    /// The column of total intensity.
    fn total_intensity(&self) -> Result<usize, String> {
        let listed = |indices: &[usize]| {
            indices.iter().map(|index| self.headings[*index].name.as_str()).collect::<Vec<_>>().join(", ")
        };
        let all: Vec<usize> = (0..self.headings.len()).collect();
        if let Some(wanted) = &self.options.flux_column {
            let same = |heading: &Heading| heading.name.eq_ignore_ascii_case(wanted.trim());
            let found = self.headings.iter().position(same);
            return found.ok_or_else(|| {
                format!("no column '{wanted}', given by --flux-column; there are {}", listed(&all))
            });
        }
        match self.fluxes(FLUX)[..] {
            [index] => Ok(index),
            [] => Err(format!(
                "no column of flux density (i_jy, flux_jy, flux_mjy ...): name it with --flux-column, one of {}",
                listed(&all)
            )),
            [..] => Err(format!(
                "several columns could be the flux density: choose one with --flux-column NAME, of {}",
                listed(&self.fluxes(FLUX))
            )),
        }
    }

    /// The frame, and the columns of longitude and latitude.
    fn position(&self, notes: &mut Vec<String>) -> Result<(Frame, Coordinate, Coordinate), String> {
        // Most said first: a frame that was asked for, then those of right ascension.
        let order = [
            self.options.frame,
            None,
            Some(Frame::J2000),
            Some(Frame::Icrs),
            Some(Frame::B1950),
            Some(Frame::Galactic),
        ];
        let pick = |of: fn(&Heading) -> Option<Option<Frame>>,
                    wanted: Option<Frame>|
         -> Result<Vec<Coordinate>, String> {
            let matching = |index: &usize| of(&self.headings[*index]) == Some(wanted);
            let indices = (0..self.headings.len()).filter(matching);
            let mut found: Vec<Coordinate> = indices
                .map(|index| Ok(Coordinate { index, unit: self.unit(index)? }))
                .collect::<Result<_, String>>()?;
            // VizieR's own degrees before the survey's sexagesimals: both are there when degrees were asked
            // for.
            found
                .sort_by_key(|c| (!self.headings[c.index].computed, !matches!(c.unit, Some(Unit::Angle(_)))));
            Ok(found)
        };
        for wanted in order {
            let (longitudes, latitudes) = (pick(longitude_frame, wanted)?, pick(latitude_frame, wanted)?);
            let (Some(longitude), Some(latitude)) = (longitudes.first(), latitudes.first()) else { continue };
            let names = (&self.headings[longitude.index].name, &self.headings[latitude.index].name);
            if longitudes.len() > 1 || latitudes.len() > 1 {
                notes
                    .push(format!("of several columns of coordinates, '{}' and '{}' used", names.0, names.1));
            }
            let frame = self.options.frame.or(wanted).unwrap_or(Frame::J2000);
            if let Some(named) = wanted
                && named != frame
            {
                notes.push(format!(
                    "positions taken as {frame} as given, though the columns are '{}' and '{}'",
                    names.0, names.1
                ));
            } else if wanted.is_none() && self.options.frame.is_none() {
                notes.push("positions taken as J2000: neither the columns nor --frame say otherwise".into());
            }
            return Ok((frame, *longitude, *latitude));
        }
        Err("the columns of right ascension and declination are in different frames; rename or remove some"
            .into())
    }

    /// Everything.
    fn columns(&self) -> Result<Columns, String> {
        let mut notes = Vec::new();
        let (frame, longitude, latitude) = self.position(&mut notes)?;
        let intensity = self.total_intensity()?;
        let mut stokes = [Some(self.flux(intensity)?), None, None, None];
        for (place, names) in [(1, Q), (2, U), (3, V)] {
            if let Some(index) = self.single(&self.fluxes(names))?.filter(|index| *index != intensity) {
                stokes[place] = Some(self.flux(index)?);
            }
        }
        let angle = |unit| if let Unit::Angle(size) = unit { Some(size) } else { None };
        let hertz = |unit| if let Unit::Frequency(size) = unit { Some(size) } else { None };
        let major = self.measured(MAJOR, angle, "major_arcsec")?;
        let minor = self.measured(MINOR, angle, "minor_arcsec")?;
        let sized = major.is_some() || minor.is_some();
        let position_angle = if sized { self.measured(ANGLE, angle, "pa_deg")? } else { None };
        let columns = Columns {
            longitude,
            latitude,
            frame,
            stokes,
            major,
            minor,
            angle: position_angle,
            major_limit: self.only(MAJOR_LIMIT)?,
            minor_limit: self.only(MINOR_LIMIT)?,
            angle_frame: self.only(ANGLE_FRAME)?,
            alpha: self.only(ALPHA)?,
            logarithmic: self.only(LOGARITHMIC)?,
            reference: self.measured(REFERENCE, hertz, "ref_freq_hz")?,
            frequency: AT_NVSS
                .contains(&self.headings[intensity].base.as_str())
                .then_some(super::NVSS_FREQUENCY),
            name: self.named(NAME).first().copied(),
            notes,
        };
        Ok(columns.with_ignored(self.headings))
    }
}

impl Columns {
    /// What the columns of a header mean.
    pub fn find(
        headings: &[Heading],
        units: Option<&[String]>,
        options: &ReadOptions,
        error: impl Fn(String) -> CatalogError,
    ) -> Result<Self, CatalogError> {
        Header { headings, units, options }.columns().map_err(error)
    }

    /// With a note of the columns that are not used.
    fn with_ignored(mut self, headings: &[Heading]) -> Self {
        let measured = [self.major, self.minor, self.angle, self.reference].into_iter().chain(self.stokes);
        let mut used: Vec<usize> = measured.flatten().map(|(index, _)| index).collect();
        used.extend([self.longitude.index, self.latitude.index]);
        used.extend([self.major_limit, self.minor_limit, self.angle_frame].into_iter().flatten());
        used.extend([self.alpha, self.logarithmic, self.name].into_iter().flatten());
        let ignored = headings
            .iter()
            .enumerate()
            .filter(|(index, heading)| !used.contains(index) && !heading.name.is_empty());
        let ignored: Vec<&str> = ignored.map(|(_, heading)| heading.name.as_str()).collect();
        if !ignored.is_empty() {
            self.notes.push(format!("columns not used: {}", ignored.join(", ")));
        }
        self
    }
}

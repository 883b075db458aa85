//! What the columns of a text table mean, by their names and units.
//!
//! A name is compared without case, blanks and hyphens being underscores, and a leading underscore left out
//! (VizieR's `_RAJ2000`). Its unit is its ending (`flux_mjy`, `major_arcsec`, `flux (mJy)`) or stands in a
//! row of units; where it is needed and missing, that is an error, never a guess. Two rules only stand in for
//! a unit: numbers in columns of coordinates are degrees, and sexagesimal right ascensions are hours.

use super::csv_errors::ErrorColumns;
use super::headings::{Heading, Unit, angle_size, latitude_frame, longitude_frame};
use super::survey::Survey;
use super::{CatalogError, ReadOptions};
use crate::coords::Frame;

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
/// Strength and angle of linear polarisation.
const POLARISED: &[&str] = &["polflux", "pol_flux", "p_flux", "polarized_flux"];
const POLARISATION_ANGLE: &[&str] = &["polpa", "pol_angle", "polang", "p_ang", "pol_pa"];
/// The survey that a row is of, where rows are of several.
const SURVEY: &[&str] = &["survey", "source_survey", "source_catalog", "source_catalogue"];
const NAME: &[&str] = &["name", "source_name", "sourcename", "component_name", "source", "nvss"];

/// Whether a column says of which survey each row is.
pub(super) fn name_surveys(headings: &[Heading]) -> bool {
    headings.iter().any(|heading| SURVEY.contains(&heading.base.as_str()))
}

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
    /// Strength and angle of linear polarisation, and their units in [Jy] and [rad]; only if asked for.
    pub polarised: Option<[(usize, f64); 2]>,
    pub alpha: Option<usize>,
    pub logarithmic: Option<usize>,
    /// The reference frequency, and its unit in [Hz].
    pub reference: Option<(usize, f64)>,
    /// The frequency [Hz] that the survey or the name of the flux column says.
    pub frequency: Option<f64>,
    pub name: Option<usize>,
    /// The survey of the row.
    pub survey: Option<usize>,
    /// Standard errors; only where details are wanted.
    pub errors: ErrorColumns,
    pub notes: Vec<String>,
}

/// The header of a table under inspection.
struct Header<'a> {
    headings: &'a [Heading],
    units: Option<&'a [String]>,
    options: &'a ReadOptions,
    survey: Option<&'a Survey>,
    polarization: bool,
    detailed: bool,
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
        // Said by the file, by the user, by the survey's documents: in this order.
        let unsaid = self.options.flux_unit.or(self.survey.map(|survey| survey.unit));
        match (self.unit(index)?, unsaid) {
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
        self.sized(index, size, None, example).map(Some)
    }

    /// A column with its unit as `size` picks it, or the unit that stands in for none.
    fn sized(
        &self,
        index: usize,
        size: impl Fn(Unit) -> Option<f64>,
        unsaid: Option<Unit>,
        example: &str,
    ) -> Result<(usize, f64), String> {
        match self.unit(index)?.or(unsaid).and_then(size) {
            Some(size) => Ok((index, size)),
            None => Err(format!(
                "column '{}' does not say its unit: name it as in {example}",
                self.headings[index].name
            )),
        }
    }

    /// The columns of a survey's own sizes: major axis, minor axis, position angle.
    fn own_sizes(
        &self,
        survey: &Survey,
        notes: &mut Vec<String>,
    ) -> Result<[Option<(usize, f64)>; 3], String> {
        let place = |name: &str| self.headings.iter().position(|heading| heading.is_named(name));
        for [major, minor, angle] in survey.sizes {
            if let (Some(major), Some(minor)) = (place(major), place(minor)) {
                let width = |index| self.sized(index, angle_size, Unit::of_cell("arcsec"), "major_arcsec");
                let turned = |index| self.sized(index, angle_size, Unit::of_cell("deg"), "pa_deg");
                return Ok([Some(width(major)?), Some(width(minor)?), place(angle).map(turned).transpose()?]);
            }
        }
        if self.headings.iter().any(|heading| MAJOR.contains(&heading.base.as_str())) {
            notes.push(format!(
                "sizes not used: those of this {} table include the beam, or may; its sources are points",
                survey.name
            ));
        }
        Ok([None; 3])
    }

    /// The columns of linear polarisation: strength and angle.
    fn polarised(&self) -> Result<Option<[(usize, f64); 2]>, String> {
        if !self.polarization && !self.detailed {
            return Ok(None);
        }
        let (Some(strength), Some(angle)) = (self.only(POLARISED)?, self.only(POLARISATION_ANGLE)?) else {
            return Ok(None);
        };
        let angle =
            self.sized(angle, angle_size, self.survey.and_then(|_| Unit::of_cell("deg")), "pol_angle_deg")?;
        Ok(Some([self.flux(strength)?, angle]))
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
        let known = self.survey.map_or(&[][..], |survey| survey.flux);
        let best = |name: &&str| self.headings.iter().position(|heading| heading.is_named(name));
        if let Some(index) = known.iter().find_map(best) {
            return Ok(index);
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
                // Plain q, u and v are in the unit of I, which is Jy unless a name says otherwise.
                let unit = match self.unit(index)? {
                    None => stokes[0].map(|(_, unit)| (index, unit)),
                    Some(_) => Some(self.flux(index)?),
                };
                stokes[place] = unit;
            }
        }
        let hertz = |unit| if let Unit::Frequency(size) = unit { Some(size) } else { None };
        let [major, minor, position_angle] = match self.survey {
            Some(survey) => self.own_sizes(survey, &mut notes)?,
            None => {
                let major = self.measured(MAJOR, angle_size, "major_arcsec")?;
                let minor = self.measured(MINOR, angle_size, "minor_arcsec")?;
                let sized = major.is_some() || minor.is_some();
                let angle = if sized { self.measured(ANGLE, angle_size, "pa_deg")? } else { None };
                [major, minor, angle]
            }
        };
        let polarised = match self.polarised() {
            // Nobody asked for it: what cannot be understood is left out.
            Err(_) if !self.polarization => None,
            found => found?,
        };
        // A column that was asked for may be at any frequency.
        let own = |survey: &&Survey| survey.flux.iter().any(|name| self.headings[intensity].is_named(name));
        let frequency = self.survey.filter(own).map(|survey| survey.frequency);
        if let (Some(survey), Some(frequency)) = (self.survey, frequency) {
            notes.push(format!(
                "a table of {}: flux densities '{}' at {} MHz unless said otherwise",
                survey.name,
                self.headings[intensity].name,
                frequency / 1e6
            ));
        }
        let mut columns = Columns {
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
            polarised,
            alpha: self.only(ALPHA)?,
            logarithmic: self.only(LOGARITHMIC)?,
            reference: self.measured(REFERENCE, hertz, "ref_freq_hz")?,
            frequency: frequency.or_else(|| {
                let at_nvss = AT_NVSS.contains(&self.headings[intensity].base.as_str());
                at_nvss.then_some(super::NVSS_FREQUENCY)
            }),
            name: self.named(NAME).first().copied(),
            survey: self.named(SURVEY).first().copied(),
            errors: ErrorColumns::default(),
            notes,
        };
        if self.detailed {
            columns.errors = ErrorColumns::find(self.headings, self.units, &columns);
        }
        Ok(columns.with_ignored(self.headings))
    }
}

impl Columns {
    /// What the columns of a header mean; polarisation and errors only if they are wanted.
    pub fn find(
        headings: &[Heading],
        units: Option<&[String]>,
        options: &ReadOptions,
        survey: Option<&Survey>,
        [polarization, detailed]: [bool; 2],
        error: impl Fn(String) -> CatalogError,
    ) -> Result<Self, CatalogError> {
        Header { headings, units, options, survey, polarization, detailed }.columns().map_err(error)
    }

    /// With a note of the columns that are not used.
    fn with_ignored(mut self, headings: &[Heading]) -> Self {
        let measured = [self.major, self.minor, self.angle, self.reference].into_iter().chain(self.stokes);
        let mut used: Vec<usize> = measured.flatten().map(|(index, _)| index).collect();
        used.extend(self.polarised.iter().flatten().map(|(index, _)| index));
        used.extend(self.errors.used());
        used.extend([self.longitude.index, self.latitude.index]);
        used.extend([self.major_limit, self.minor_limit, self.angle_frame].into_iter().flatten());
        used.extend([self.alpha, self.logarithmic, self.name, self.survey].into_iter().flatten());
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

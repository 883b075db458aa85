//! Radio surveys told by their tables: which column is the integrated flux density, which sizes are the
//! source's own, and at what frequency.
//!
//! A table is known by the name VizieR or its authors give it, or by columns that no other has. The columns
//! are those of the ReadMe of each VizieR catalogue. Sizes that include the beam are not those of the source:
//! where a survey gives no others, its sources are points.

use super::csv_columns::name_surveys;
use super::headings::Heading;
use super::{FluxUnit, NVSS_FREQUENCY};

/// What is known of a survey.
#[derive(Debug)]
pub(super) struct Survey {
    /// Its name.
    pub name: &'static str,
    /// The frequency of its flux densities [Hz].
    pub frequency: f64,
    /// Its beam, full width at half maximum [arcsec]; where that changes over the sky, the one quoted for it.
    pub beam: f64,
    /// The unit of flux densities whose column names none.
    pub unit: FluxUnit,
    /// Columns of integrated flux density, the best first.
    pub flux: &'static [&'static str],
    /// Columns of deconvolved major axis [arcsec], minor axis [arcsec] and position angle [deg].
    pub sizes: &'static [[&'static str; 3]],
    /// Parts of names of its tables, in lower case with `/` for `_`.
    tables: &'static [&'static str],
    /// Columns that tell it where no table is named; any of these sets.
    signatures: &'static [&'static [&'static str]],
}

/// NVSS: Condon et al. 1998, VizieR VIII/65.
pub(super) static NVSS: Survey = Survey {
    name: "NVSS",
    frequency: NVSS_FREQUENCY,
    beam: 45.0,
    unit: FluxUnit::MilliJy,
    flux: &["s1.4", "s1_4", "flux_20_cm"],
    sizes: &[["majaxis", "minaxis", "pa"], ["major_axis", "minor_axis", "position_angle"]],
    tables: &["viii/65", "heasarc/nvss"],
    signatures: &[
        &["nvss", "s1.4"],
        &["nvss", "s1_4"],
        &["s1.4", "l_majaxis"],
        &["s1_4", "l_majaxis"],
        &["flux_20_cm", "limit_major_axis"],
    ],
};

/// The other surveys known.
static SURVEYS: &[Survey] = &[
    // Mauch et al. 2003; MajAxis includes the beam, dMajAxis does not.
    Survey {
        name: "SUMSS",
        frequency: 843e6,
        beam: 45.0,
        unit: FluxUnit::MilliJy,
        flux: &["st"],
        sizes: &[["dmajaxis", "dminaxis", "dpa"]],
        tables: &["viii/81", "viii/78", "viii/70", "sumss"],
        signatures: &[&["st", "sp", "dmajaxis"], &["st", "sp", "mosaic"]],
    },
    // Murphy et al. 2007.
    Survey {
        name: "MGPS-2",
        frequency: 843e6,
        beam: 45.0,
        unit: FluxUnit::MilliJy,
        flux: &["st", "sint", "si"],
        sizes: &[["dmajaxis", "dminaxis", "dpa"]],
        tables: &["viii/82", "mgps"],
        signatures: &[&["mgps", "st"]],
    },
    // Helfand et al. 2015; fMaj includes the beam, Maj does not.
    Survey {
        name: "FIRST",
        frequency: 1.4e9,
        beam: 5.4,
        unit: FluxUnit::MilliJy,
        flux: &["fint"],
        sizes: &[["maj", "min", "pa"], ["major", "minor", "posang"]],
        tables: &["viii/92", "viii/90", "viii/71", "/first"],
        signatures: &[&["fint", "fpeak", "fmaj"], &["fint", "fpeak", "fitted_major"], &["first", "fint"]],
    },
    // Hale et al. 2021.
    Survey {
        name: "RACS-low",
        frequency: 887.5e6,
        beam: 25.0,
        unit: FluxUnit::MilliJy,
        flux: &["ftot", "total_flux_gaussian", "total_flux_source"],
        sizes: &[
            ["dcmaj", "dcmin", "dcpa"],
            ["dc_maj", "dc_min", "dc_pa"],
            ["maj_axis_deconv", "min_axis_deconv", "pos_ang_deconv"],
        ],
        tables: &["pasa/38.58", "racs/dr1", "racs-low", "racs/low"],
        signatures: &[],
    },
    // Duchesne et al. 2023.
    Survey {
        name: "RACS-mid",
        frequency: 1367.5e6,
        beam: 11.2,
        unit: FluxUnit::MilliJy,
        flux: &["ftot", "total_flux"],
        sizes: &[["dcmaj", "dcmin", "dcpa"], ["dc_maj", "dc_min", "dc_pa"]],
        tables: &["racs-mid", "racs/mid"],
        signatures: &[],
    },
    // Gordon et al. 2021.
    Survey {
        name: "VLASS",
        frequency: 3e9,
        beam: 2.5,
        unit: FluxUnit::MilliJy,
        flux: &["ftot", "total_flux"],
        sizes: &[["dcmaj", "dcmin", "dcpa"], ["dc_maj", "dc_min", "dc_pa"]],
        tables: &["apjs/255/30", "vlass"],
        signatures: &[&["component_name", "total_flux", "dc_maj"]],
    },
    // Intema et al. 2017; its sizes include the beam.
    Survey {
        name: "TGSS ADR1",
        frequency: 147.5e6,
        beam: 25.0,
        unit: FluxUnit::MilliJy,
        flux: &["stotal", "total_flux"],
        sizes: &[],
        tables: &["a+a/598/a78", "tgss"],
        signatures: &[&["tgssadr", "stotal"]],
    },
    // Rengelink et al. 1997; the part north of 75° is at 352 MHz.
    Survey {
        name: "WENSS",
        frequency: 325e6,
        beam: 54.0,
        unit: FluxUnit::MilliJy,
        flux: &["sint"],
        sizes: &[],
        tables: &["viii/62", "wenss"],
        signatures: &[&["sint", "speak", "flg1"]],
    },
    // Lane et al. 2014.
    Survey {
        name: "VLSSr",
        frequency: 73.8e6,
        beam: 75.0,
        unit: FluxUnit::Jy,
        flux: &["si", "sp"],
        sizes: &[["majaxis", "minaxis", "pa"]],
        tables: &["viii/97", "vlss"],
        signatures: &[],
    },
    // Hurley-Walker et al. 2017; its sizes include the beam.
    Survey {
        name: "GLEAM",
        frequency: 200e6,
        beam: 120.0,
        unit: FluxUnit::Jy,
        flux: &["fintwide", "int_flux_wide"],
        sizes: &[],
        tables: &["viii/100", "viii/105", "gleam"],
        signatures: &[&["gleam", "fintwide"], &["int_flux_wide", "int_flux_fit_200"]],
    },
    // Shimwell et al. 2022.
    Survey {
        name: "LoTSS",
        frequency: 144e6,
        beam: 6.0,
        unit: FluxUnit::MilliJy,
        flux: &["total_flux", "speak_tot", "stotal"],
        sizes: &[["dc_maj", "dc_min", "dc_pa"]],
        tables: &["a+a/659/a1", "lotss"],
        signatures: &[],
    },
];

/// Of which surveys the rows of a table are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Surveys {
    /// Nothing tells.
    Unknown,
    /// Of this one.
    One(&'static Survey),
    /// Every row says it.
    Named,
}

impl Surveys {
    /// Those of a table, by what names it and by its columns.
    pub fn of(named: &str, headings: &[Heading]) -> Self {
        match recognise(named, headings) {
            Some(survey) => Surveys::One(survey),
            None if name_surveys(headings) => Surveys::Named,
            None => Surveys::Unknown,
        }
    }

    /// The one survey of all rows.
    pub fn one(self) -> Option<&'static Survey> {
        if let Surveys::One(survey) = self { Some(survey) } else { None }
    }
}

/// A survey by its name, in any case, with or without what follows a blank or hyphen: `racs` is RACS-low.
pub(super) fn named(name: &str) -> Option<&'static Survey> {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_', ' '], "");
    let wanted = plain(name);
    let all = || std::iter::once(&NVSS).chain(SURVEYS);
    let short = |survey: &&Survey| {
        let first = survey.name.split(['-', ' ']).next().unwrap_or_default();
        plain(first) == wanted || plain(survey.name).strip_suffix('r') == Some(&wanted)
    };
    all().find(|survey| plain(survey.name) == wanted).or_else(|| all().find(short))
}

/// The names of all surveys known.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    std::iter::once(&NVSS).chain(SURVEYS).map(|survey| survey.name)
}

/// The survey a table belongs to, by what names it (in any case) and by its columns.
pub(super) fn recognise(named: &str, headings: &[Heading]) -> Option<&'static Survey> {
    let named = named.to_lowercase().replace('_', "/");
    let has = |name: &&str| headings.iter().any(|heading| heading.is_named(name));
    // The name alone is not enough: comments of a component list may speak of surveys.
    let all = || std::iter::once(&NVSS).chain(SURVEYS);
    let by_name = all().find(|survey| {
        survey.tables.iter().any(|table| named.contains(table)) && survey.flux.iter().any(has)
    });
    by_name.or_else(|| all().find(|survey| survey.signatures.iter().any(|set| set.iter().all(has))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(named: &str, columns: &str) -> Option<&'static str> {
        let headings: Vec<Heading> = columns.split(' ').map(Heading::new).collect();
        recognise(named, &headings).map(|survey| survey.name)
    }

    #[test]
    fn surveys_are_known_by_what_they_are_called() {
        let name = |text| named(text).map(|survey| survey.name);
        assert_eq!(name("first"), Some("FIRST"));
        assert_eq!(name("RACS"), Some("RACS-low"));
        assert_eq!(name("racs_mid"), Some("RACS-mid"));
        assert_eq!(name("TGSS"), Some("TGSS ADR1"));
        assert_eq!(name("MGPS"), Some("MGPS-2"));
        assert_eq!(name("VLSS"), Some("VLSSr"));
        assert_eq!(name("gaia"), None);
    }

    #[test]
    fn tables_are_told_by_name_or_columns_and_others_left_alone() {
        assert_eq!(told("VIII/65/nvss", "_RAJ2000 _DEJ2000 S1.4"), Some("NVSS"));
        assert_eq!(told("VIII_65_nvss", "_RAJ2000 _DEJ2000 S1_4"), Some("NVSS"));
        assert_eq!(told("", "RAJ2000 DEJ2000 NVSS S1.4 MajAxis"), Some("NVSS"));
        assert_eq!(told("J/ApJS/255/30/comp", "RAJ2000 DEJ2000 Ftot"), Some("VLASS"));
        assert_eq!(told("J/other/PASA/38.58/gausscut", "RAJ2000 DEJ2000 Ftot"), Some("RACS-low"));
        assert_eq!(told("VIII/92/first14", "RAJ2000 DEJ2000 Fint Maj Min PA"), Some("FIRST"));
        assert_eq!(told("compared with NVSS and TGSS", "ra dec flux_mjy"), None);
        assert_eq!(told("", "RAJ2000 DEJ2000 Ftot"), None);
    }
}

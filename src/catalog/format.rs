//! The formats of catalogues, by name.

use std::fmt;
use std::str::FromStr;

/// The formats understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// The NRAO's catalogue of NVSS: a FITS file with an AIPS VL table of raw fits.
    Vl,
    /// A FITS file with an AIPS VZ table: positions and flux densities of a survey.
    Vz,
    /// VizieR's `nvss.dat`: records of fixed width.
    NvssDat,
    /// HEASARC's `heasarc_nvss.tdat`: fields between bars.
    Tdat,
    /// A listing of the NRAO's program NVSSlist.
    NvssList,
    /// The SQLite database of the DSA-110 pipeline, full or a declination strip, or a folder of strips.
    Sqlite,
    /// The SQLite database that an import of other catalogues makes.
    Store,
    /// A sky model of BBS, makesourcedb, LSMTool or WSClean.
    Bbs,
    /// A VOTable.
    Votable,
    /// A FITS file with a binary table that has named columns of positions.
    Fits,
    /// A table of text, separated by commas, tabs or semicolons, with column names.
    Csv,
}

impl Format {
    /// Every format, in the order messages list them.
    pub const ALL: [Format; 11] = [
        Format::Vl,
        Format::Vz,
        Format::NvssDat,
        Format::Tdat,
        Format::NvssList,
        Format::Sqlite,
        Format::Store,
        Format::Bbs,
        Format::Votable,
        Format::Fits,
        Format::Csv,
    ];

    /// What is in such a file, in a few words.
    pub fn describe(self) -> &'static str {
        match self {
            Format::Vl => {
                "FITS with an AIPS VL table (the NRAO's CATALOG.FIT of NVSS), also gzipped, as all are"
            }
            Format::Vz => "FITS with an AIPS VZ table (NVSSVZ.FIT)",
            Format::NvssDat => "text of fixed width, VizieR's nvss.dat (VIII/65)",
            Format::Tdat => "text between bars, HEASARC's heasarc_nvss.tdat",
            Format::NvssList => "text as the program NVSSlist prints it (raw, fitted or deconvolved)",
            Format::Sqlite => {
                "SQLite database of the DSA-110 pipeline (table 'sources': ra_deg, dec_deg, flux_mjy), or a folder of \
                 nvss_dec+54.6.sqlite3"
            }
            Format::Store => "catalogue that nvss-predict catalog import made (SQLite)",
            Format::Bbs => {
                "sky model of BBS, makesourcedb, LSMTool or WSClean (FORMAT = Name, Type, Ra, Dec, I ...)"
            }
            Format::Votable => "VOTable with columns of positions and flux densities (VizieR)",
            Format::Fits => "FITS with a binary table of named columns (VizieR, astropy, TOPCAT)",
            Format::Csv => {
                "text with a header of column names (ra, dec, flux_jy ...) separated by commas, tabs or semicolons"
            }
        }
    }

    /// Whether it is text.
    pub(super) fn is_text(self) -> bool {
        !matches!(self, Format::Vl | Format::Vz | Format::Sqlite | Format::Store | Format::Fits)
    }

    /// Whether it always holds a survey.
    pub(super) fn is_survey(self) -> bool {
        !matches!(self, Format::Store | Format::Bbs | Format::Votable | Format::Fits | Format::Csv)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Format::Vl => "vl",
            Format::Vz => "vz",
            Format::NvssDat => "nvssdat",
            Format::Tdat => "tdat",
            Format::NvssList => "nvsslist",
            Format::Sqlite => "sqlite",
            Format::Store => "store",
            Format::Bbs => "bbs",
            Format::Votable => "votable",
            Format::Fits => "fits",
            Format::Csv => "csv",
        })
    }
}

/// A format's name that is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown catalogue format '{0}': use vl, vz, nvssdat, tdat, nvsslist, sqlite, store, bbs, votable, fits or csv"
)]
pub struct UnknownFormat(pub String);

impl FromStr for Format {
    type Err = UnknownFormat;

    /// Reads a name as [`Format`] is displayed, in any case.
    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let name = text.trim().to_ascii_lowercase();
        let found = Format::ALL.into_iter().find(|format| format.to_string() == name);
        found.ok_or_else(|| UnknownFormat(text.trim().to_owned()))
    }
}

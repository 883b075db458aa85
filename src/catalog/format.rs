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
    /// A source list of WSClean: that of BBS, written as WSClean writes it.
    Wsclean,
    /// A table of CASA's component list tool.
    Complist,
    /// A Python script of calls of that tool.
    ClScript,
    /// hyperdrive's source list, YAML or JSON.
    Hyperdrive,
    /// hyperdrive's source lists as FITS tables.
    HyperdriveFits,
    /// André Offringa's `skymodel fileformat`.
    Ao,
    /// The text of the MWA's Real-Time System.
    Rts,
    /// WODEN's text.
    Woden,
    /// OSKAR's text of fixed columns.
    Oskar,
    /// SAGECal's text, with its clusters.
    Sagecal,
    /// Tigger's HTML.
    Lsm,
    /// Tigger's text.
    Tigger,
    /// pyradiosky's text.
    Pyradiosky,
    /// pyradiosky's skyh5, HDF5.
    Skyh5,
    /// PyBDSF's text.
    Pybdsf,
    /// Selavy's text.
    Selavy,
    /// DS9's regions.
    Ds9,
    /// A VOTable.
    Votable,
    /// A FITS file with a binary table that has named columns of positions.
    Fits,
    /// A table of text, separated by commas, tabs or semicolons, with column names.
    Csv,
}

impl Format {
    /// Every format, in the order messages list them.
    pub const ALL: [Format; 28] = [
        Format::Vl,
        Format::Vz,
        Format::NvssDat,
        Format::Tdat,
        Format::NvssList,
        Format::Sqlite,
        Format::Store,
        Format::Bbs,
        Format::Wsclean,
        Format::Complist,
        Format::ClScript,
        Format::Hyperdrive,
        Format::HyperdriveFits,
        Format::Ao,
        Format::Rts,
        Format::Woden,
        Format::Oskar,
        Format::Sagecal,
        Format::Lsm,
        Format::Tigger,
        Format::Pyradiosky,
        Format::Skyh5,
        Format::Pybdsf,
        Format::Selavy,
        Format::Ds9,
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
            Format::Wsclean => {
                "source list of WSClean (Format = Name, Type, Ra, Dec, I, SpectralIndex, LogarithmicSI ...)"
            }
            Format::Complist => "component list of CASA, a table (.cl)",
            Format::ClScript => "Python script with calls of CASA's cl.addcomponent",
            Format::Hyperdrive => "source list of hyperdrive, YAML or JSON (comp_type, flux_type)",
            Format::HyperdriveFits => "source list of hyperdrive as a FITS table (GLEAM, LoBES, Jack Line)",
            Format::Ao => "sky model of André Offringa's mwa-reduce (skymodel fileformat 1.1)",
            Format::Rts => "source list of the RTS (SOURCE name hours degrees, FREQ ...)",
            Format::Woden => "source list of WODEN, text (SOURCE name P n G n S n n)",
            Format::Oskar => "sky model of OSKAR, fixed columns (.osm, or # RA (deg), Dec (deg), I (Jy) ...)",
            Format::Sagecal => "sky model of SAGECal (name h m s d m s I Q U V ...), clusters beside it",
            Format::Lsm => "sky model of Tigger, HTML (.lsm.html)",
            Format::Tigger => "sky model of Tigger, text (#format: name ra_d dec_d i ...)",
            Format::Pyradiosky => "catalogue of pyradiosky, text (source_id ra_icrs dec_icrs Flux ...)",
            Format::Skyh5 => "catalogue of pyradiosky, HDF5 (.skyh5)",
            Format::Pybdsf => "list of PyBDSF, text (.gaul, .srl)",
            Format::Selavy => "component catalogue of Selavy, text (# island_id component_id ...)",
            Format::Ds9 => {
                "regions of DS9 whose texts end in flux densities (point(...) # text={name 12.3 mJy})"
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
        !matches!(
            self,
            Format::Vl
                | Format::Vz
                | Format::Sqlite
                | Format::Store
                | Format::Fits
                | Format::HyperdriveFits
                | Format::Complist
                | Format::Skyh5
        )
    }

    /// Whether content of this format can be read as `asked`.
    pub(super) fn reads(self, asked: Format) -> bool {
        self == asked || (self == Format::Bbs && asked == Format::Wsclean)
    }

    /// Whether it always holds a survey.
    pub(super) fn is_survey(self) -> bool {
        use Format::{NvssDat, NvssList, Sqlite, Tdat, Vl, Vz};
        matches!(self, Vl | Vz | NvssDat | Tdat | NvssList | Sqlite)
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
            Format::Wsclean => "wsclean",
            Format::Complist => "complist",
            Format::ClScript => "clscript",
            Format::Hyperdrive => "hyperdrive",
            Format::HyperdriveFits => "hyperdrivefits",
            Format::Ao => "ao",
            Format::Rts => "rts",
            Format::Woden => "woden",
            Format::Oskar => "oskar",
            Format::Sagecal => "sagecal",
            Format::Lsm => "lsm",
            Format::Tigger => "tigger",
            Format::Pyradiosky => "pyradiosky",
            Format::Skyh5 => "skyh5",
            Format::Pybdsf => "pybdsf",
            Format::Selavy => "selavy",
            Format::Ds9 => "ds9",
            Format::Votable => "votable",
            Format::Fits => "fits",
            Format::Csv => "csv",
        })
    }
}

/// A format's name that is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown catalogue format '{0}': use {names}", names = names())]
pub struct UnknownFormat(pub String);

/// The names, for a message.
fn names() -> String {
    let [others @ .., last] = Format::ALL.map(|format| format.to_string());
    format!("{} or {last}", others.join(", "))
}

impl FromStr for Format {
    type Err = UnknownFormat;

    /// Reads a name as [`Format`] is displayed, in any case.
    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let name = text.trim().to_ascii_lowercase();
        let found = Format::ALL.into_iter().find(|format| format.to_string() == name);
        found.ok_or_else(|| UnknownFormat(text.trim().to_owned()))
    }
}

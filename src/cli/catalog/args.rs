//! The arguments of `nvss-predict catalog`.

use std::path::{Path, PathBuf};

use clap::{Args as ClapArgs, Subcommand, ValueEnum};

use crate::catalog::{self, CatalogError, FluxUnit, Format, ReadOptions};
use crate::cli::values::{RadiusArg, parse_centre, parse_flux, parse_frequency, parse_radius};
use crate::coords::{Direction, Frame};
use crate::sky::AngleFrame;

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct CatalogArgs {
    #[command(subcommand)]
    pub(super) command: CatalogCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum CatalogCommand {
    /// Make one indexed database of catalogues, which a prediction reads like any catalogue, and at once
    Import(ImportArgs),
    /// Print the sources about a position, from any catalogue
    Query(QueryArgs),
    /// Tell what is in a catalogue
    Info(InfoArgs),
    /// Tell what is in the cache, where predictions keep imports of large files, or empty it
    Cache(CacheArgs),
}

#[derive(Debug, ClapArgs)]
pub(super) struct ImportArgs {
    /// The catalogues, in any form that a prediction reads
    #[arg(required = true, value_name = "SOURCE")]
    pub(super) sources: Vec<PathBuf>,
    /// The database to make
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: PathBuf,
    /// Replace the output if it is there already
    #[arg(long)]
    pub(super) force: bool,
    #[command(flatten)]
    pub(super) read: ReadArgs,
    /// Say nothing but errors
    #[arg(short, long)]
    pub(super) quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TableFormat {
    /// Aligned columns, for a person
    Table,
    /// A table that can be given as a catalogue again
    Csv,
    /// Everything that is known
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SortArg {
    /// The brightest first
    Flux,
    /// The nearest first
    Separation,
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct QueryArgs {
    /// The catalogue, or the word NVSS
    pub(super) catalog: PathBuf,
    /// The position in J2000: "09:55:16.67 +39:35:48.4", or degrees
    #[arg(long, value_parser = parse_centre, value_name = "RA DEC", allow_hyphen_values = true)]
    pub(in crate::cli) centre: Direction,
    /// Print what lies within this angle of it: degrees, or with a unit (30arcmin), or "all"
    #[arg(long, value_parser = parse_radius)]
    pub(super) radius: RadiusArg,
    /// Print sources of at least this flux density (10mJy, 0.01Jy; Jy if no unit)
    #[arg(long, value_parser = parse_flux, value_name = "FLUX")]
    pub(super) min_flux: Option<f64>,
    /// Print no more than the first N
    #[arg(long, value_name = "N")]
    pub(super) max_sources: Option<usize>,
    /// The order
    #[arg(long, value_enum, default_value_t = SortArg::Flux)]
    pub(super) sort: SortArg,
    /// The form
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub(super) format: TableFormat,
    /// Write to this file instead
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    #[command(flatten)]
    pub(super) read: ReadArgs,
    /// Neither use nor make an import in the cache
    #[arg(long)]
    pub(super) no_cache: bool,
}

#[derive(Debug, ClapArgs)]
pub(super) struct InfoArgs {
    /// The catalogue, or the word NVSS
    pub(super) catalog: PathBuf,
    /// As JSON
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) read: ReadArgs,
}

#[derive(Debug, ClapArgs)]
pub(super) struct CacheArgs {
    /// Remove what is in it
    #[arg(long)]
    pub(super) clear: bool,
}

/// How a catalogue is read.
#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct ReadArgs {
    /// The catalogue's format, instead of telling it from the content: vl, vz, nvssdat, tdat, nvsslist, sqlite, store,
    /// bbs, wsclean, complist, clscript, hyperdrive, hyperdrivefits, ao, rts, woden, oskar, sagecal, lsm, tigger, pyradiosky,
    /// skyh5, pybdsf, selavy, votable, fits, csv
    #[arg(long, value_name = "FORMAT", help_heading = "Reading")]
    read_as: Option<Format>,
    /// The frame of its positions: j2000 (fk5), icrs, b1950 (fk4), galactic [default: as it says, else j2000]
    #[arg(long, help_heading = "Reading")]
    frame: Option<Frame>,
    /// The frequency of its flux densities (1.4GHz; Hz if no unit) [default: as it says, else 1.4 GHz for surveys]
    #[arg(long, value_parser = parse_frequency, value_name = "FREQ", help_heading = "Reading")]
    ref_freq: Option<f64>,
    /// Whose north position angles count from where no column says: source, or centre as DP3's lists mean it
    #[arg(long, help_heading = "Reading")]
    pa_frame: Option<AngleFrame>,
    /// The column that holds the flux density
    #[arg(long, value_name = "NAME", help_heading = "Reading")]
    flux_column: Option<String>,
    /// The unit of flux densities whose column names none: jy, mjy, ujy
    #[arg(long, value_name = "UNIT", help_heading = "Reading")]
    flux_unit: Option<FluxUnit>,
    /// Take the axes of a DSA-110 SQLite for sizes, though some of them are upper limits
    #[arg(long, help_heading = "Reading")]
    sqlite_sizes: bool,
    /// Fail at the first malformed row of a survey, instead of leaving it out and saying so
    #[arg(long, help_heading = "Reading")]
    pub(in crate::cli) strict: bool,
}

impl ReadArgs {
    /// The options of the reader.
    pub(in crate::cli) fn options(&self) -> ReadOptions {
        ReadOptions {
            format: self.read_as,
            frame: self.frame,
            reference_frequency: self.ref_freq,
            pa_frame: self.pa_frame,
            flux_column: self.flux_column.clone(),
            flux_unit: self.flux_unit,
            sqlite_sizes: self.sqlite_sizes,
            ..ReadOptions::default()
        }
    }
}

/// The catalogue that an argument means.
pub(super) fn resolved(argument: &Path) -> Result<PathBuf, CatalogError> {
    catalog::resolve(argument, std::env::var_os(catalog::NVSS_VARIABLE).as_deref())
}

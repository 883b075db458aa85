//! The arguments that say which sky is looked at and through which beam: the same for a prediction, a picture, a mask or
//! a list of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args as ClapArgs;

use super::CliError;
use super::args::command_line;
use super::catalog::user_cache;
use super::choice_args::ChoiceArgs;
use super::values::{Ids, RadiusArg, parse_flux, parse_frequency, parse_ids, parse_pointing, parse_radius};
use crate::beam::BeamOption;
use crate::catalog::{self, Cache, FluxUnit, Format, Handling, ReadOptions};
use crate::coords::Frame;
use crate::predict::{Job, Options, PointingOption, PredictError, Radius};
use crate::sky::AngleFrame;

/// Through which beam the sky is seen.
#[derive(Debug, ClapArgs)]
pub(super) struct ViewArgs {
    /// The primary beam: none, auto (by telescope), airy[:DIAM[,BLOCKAGE]], gaussian:FWHM@FREQ, cos4[:DIAM], dsa110,
    /// dsa110-pipeline, vla, meerkat, atca, gmrt, wsrt, a table FILE.csv or an image FILE.fits
    #[arg(long, default_value = "none", help_heading = "Beam")]
    pub(super) beam: BeamOption,
    /// Where the antennas look: field (each row's phase centre), table (POINTING), meridian (a drift scan that was
    /// re-phased), or "RA DEC" in J2000
    #[arg(long, default_value = "field", value_parser = parse_pointing, help_heading = "Beam")]
    pub(super) pointing: PointingOption,
}

/// Which rows are looked at.
#[derive(Debug, ClapArgs)]
pub(super) struct RowArgs {
    /// Only these FIELD_IDs (0,3,5~7)
    #[arg(long, value_parser = parse_ids, value_name = "IDS", help_heading = "Rows")]
    pub(super) fields: Option<Ids>,
    /// Only these spectral windows (0,3,5~7)
    #[arg(long, value_parser = parse_ids, value_name = "IDS", help_heading = "Rows")]
    pub(super) spws: Option<Ids>,
}

/// Which sources of which rows, through which beam.
#[derive(Debug, ClapArgs)]
pub(super) struct SkyArgs {
    /// Take sources within this angle of any field centre: degrees, or with a unit (30arcmin), or "all".
    /// [default: surveys to where the beam of the smallest dish falls to 0.2, component lists all]
    #[arg(long, value_parser = parse_radius, help_heading = "Sources")]
    radius: Option<RadiusArg>,
    /// Take sources of at least this flux density at the catalogue's frequency (10mJy, 0.01Jy; Jy if no unit)
    #[arg(long, value_parser = parse_flux, value_name = "FLUX", help_heading = "Sources")]
    min_flux: Option<f64>,
    /// Take no more than the N brightest, as the beam shows them where there is one
    #[arg(long, visible_alias = "top", value_name = "N", help_heading = "Sources")]
    max_sources: Option<usize>,
    #[command(flatten)]
    view: ViewArgs,
    /// Take sources that the beam sees with at least this power, relative to its axis
    #[arg(long, value_name = "POWER", help_heading = "Beam")]
    beam_limit: Option<f64>,
    /// Take sources that the beam shows with at least this flux density at the middle of the band
    #[arg(long, value_parser = parse_flux, value_name = "FLUX", help_heading = "Beam")]
    min_apparent: Option<f64>,
    /// Fail where no source is selected, instead of going on without any
    #[arg(long, help_heading = "Sources")]
    require_sources: bool,
    #[command(flatten)]
    choice: ChoiceArgs,

    /// The catalogue's format, instead of telling it from the content: vl, vz, nvssdat, tdat, nvsslist, sqlite, store,
    /// bbs, votable, fits, csv
    #[arg(long, help_heading = "Catalogue")]
    format: Option<Format>,
    /// The frame of its positions: j2000 (fk5), icrs, b1950 (fk4), galactic [default: as it says, else j2000]
    #[arg(long, help_heading = "Catalogue")]
    frame: Option<Frame>,
    /// The spectral index of sources that have none (S ∝ ν^α), where the frequency of their flux is known
    #[arg(long, default_value_t = -0.7, allow_negative_numbers = true, help_heading = "Catalogue")]
    alpha: f64,
    /// The frequency of its flux densities (1.4GHz; Hz if no unit) [default: as it says, else 1.4 GHz for surveys]
    #[arg(long, value_parser = parse_frequency, value_name = "FREQ", help_heading = "Catalogue")]
    ref_freq: Option<f64>,
    /// Whose north position angles count from where no column says: source, or centre as DP3's lists mean it
    #[arg(long, help_heading = "Catalogue")]
    pa_frame: Option<AngleFrame>,
    /// The column that holds the flux density
    #[arg(long, value_name = "NAME", help_heading = "Catalogue")]
    flux_column: Option<String>,
    /// The unit of flux densities whose column names none: jy, mjy, ujy
    #[arg(long, value_name = "UNIT", help_heading = "Catalogue")]
    flux_unit: Option<FluxUnit>,
    /// Take the polarised flux density of NVSS and its angle into Q and U
    #[arg(long, help_heading = "Catalogue")]
    polarization: bool,
    /// Fail at the first malformed row of a survey, instead of leaving it out and saying so
    #[arg(long, help_heading = "Catalogue")]
    strict: bool,
    /// Take the axes of a DSA-110 SQLite for sizes, though some of them are upper limits
    #[arg(long, help_heading = "Catalogue")]
    sqlite_sizes: bool,
    /// Neither use nor make an import of a large catalogue in the cache
    #[arg(long, help_heading = "Catalogue")]
    no_cache: bool,

    #[command(flatten)]
    rows: RowArgs,

    /// The catalogue's content, where another program than a shell hands it over.
    #[arg(skip)]
    pub(super) held: Option<Arc<str>>,
}

impl SkyArgs {
    /// The options of a prediction from `catalogue` that the arguments mean; all others as by default.
    pub(super) fn options(&self, catalogue: &Path) -> Result<Options, CliError> {
        if let Some(limit) = self.beam_limit.filter(|limit| !(*limit > 0.0 && *limit < 1.0)) {
            return Err(CliError::Usage(format!("--beam-limit must lie between 0 and 1, not {limit}")));
        }
        let beam_needed = self.beam_limit.is_some() || self.min_apparent.is_some();
        if self.view.beam == BeamOption::default()
            && (beam_needed || self.view.pointing != PointingOption::Field)
        {
            return Err(CliError::Usage(
                "--beam-limit, --min-apparent and --pointing need a beam: give --beam (see --help)".into(),
            ));
        }
        if !self.alpha.is_finite() {
            return Err(CliError::Usage(format!("--alpha must be a number, not {}", self.alpha)));
        }
        Ok(Options {
            radius: match self.radius {
                None => Radius::Auto,
                Some(RadiusArg::All) => Radius::All,
                Some(RadiusArg::Within(radius)) => Radius::Within(radius),
            },
            min_flux: self.min_flux,
            max_sources: self.max_sources,
            choice: self.choice.choice(self.alpha)?,
            merging: self.choice.merging(
                || match &self.held {
                    Some(text) => catalog::open_held(catalogue, text.clone(), self.format),
                    None => catalog::open(catalogue, self.format),
                },
                catalogue,
            )?,
            held: self.held.clone(),
            beam: self.view.beam.clone(),
            pointing: self.view.pointing,
            beam_limit: self.beam_limit,
            min_apparent: self.min_apparent,
            require_sources: self.require_sources,
            read: ReadOptions {
                format: self.format,
                frame: self.frame,
                alpha: self.alpha,
                reference_frequency: self.ref_freq,
                pa_frame: self.pa_frame,
                near: None,
                flux_column: self.flux_column.clone(),
                flux_unit: self.flux_unit,
                sqlite_sizes: self.sqlite_sizes,
            },
            cache: if self.no_cache { Cache::off() } else { user_cache() },
            handling: Handling { polarization: self.polarization, strict: self.strict },
            fields: self.rows.fields.as_ref().map(|ids| ids.0.clone()),
            spws: self.rows.spws.as_ref().map(|ids| ids.0.clone()),
            ..Options::default()
        })
    }

    /// The job of looking at `catalogue` over `ms`.
    pub(super) fn job(&self, ms: &Path, catalogue: &Path) -> Result<Job, CliError> {
        let catalogue = resolved(catalogue)?;
        let options = Options { arguments: command_line(), ..self.options(&catalogue)? };
        Ok(Job { ms: ms.to_owned(), catalogue, options })
    }
}

/// The catalogue that the user names.
pub(super) fn resolved(catalogue: &Path) -> Result<PathBuf, CliError> {
    let known = std::env::var_os(catalog::NVSS_VARIABLE);
    Ok(catalog::resolve(catalogue, known.as_deref()).map_err(PredictError::from)?)
}

//! The options that choose sources by place and merge surveys.

use std::path::Path;

use clap::Args as ClapArgs;

use super::CliError;
use super::source_args::SourceArgs;
use super::values::{SourceArg, parse_area, parse_match_radius, parse_source};
use crate::catalog::regions::Area;
use crate::catalog::{self, CatalogError, Member, Source};
use crate::predict::{Choice, Merging, PredictError};
use crate::sky::{Component, Spectrum};

#[derive(Debug, ClapArgs)]
pub(super) struct ChoiceArgs {
    /// Take only sources in this circle (degrees or sexagesimal, J2000; the radius as 5arcmin, 30", 0.1deg) or in the
    /// regions of a DS9 or CASA file; may be given again, to take those of either
    #[arg(long, value_parser = parse_area, value_name = "RA,DEC,RADIUS|FILE", help_heading = "Sources")]
    only: Vec<Area>,
    /// Leave out sources in such a circle or the regions of such a file; may be given again
    #[arg(long, value_parser = parse_area, value_name = "RA,DEC,RADIUS|FILE", help_heading = "Sources")]
    exclude: Vec<Area>,
    /// Put in a source (J2000; Jy if no unit; --alpha and 1.4 GHz unless given) in place of any within the match radius.
    /// No cut applies to it; may be given again
    #[arg(
        long,
        value_parser = parse_source,
        value_name = "RA DEC FLUX [ALPHA [FREQ]]",
        allow_hyphen_values = true,
        help_heading = "Sources"
    )]
    add_source: Vec<SourceArg>,
    #[command(flatten)]
    own: SourceArgs,

    /// Merge surveys, the first of which has priority: SURVEY=FILE, or a survey alone for the one that CATALOG is, for its
    /// rows of that survey where it has several, or for what the variable SURVEY_CATALOG names. Knows NVSS, FIRST, RACS(-low, -mid), VLASS, SUMSS, MGPS, TGSS, WENSS, VLSSr,
    /// GLEAM, LoTSS. The options under Catalogue are meant for CATALOG
    #[arg(long, value_delimiter = ',', value_name = "SURVEY[=FILE],...", help_heading = "Merging")]
    merge: Vec<Member>,
    /// Take spectral indices from these surveys too, but no sources; those of --merge serve as well
    #[arg(long, value_delimiter = ',', value_name = "SURVEY[=FILE],...", help_heading = "Merging")]
    spectra_from: Vec<Member>,
    /// Sources of different surveys, and those put in, are the same within this angle (arcsec if no unit) [default: 5arcsec]
    #[arg(long, value_parser = parse_match_radius, value_name = "ANGLE", help_heading = "Merging")]
    match_radius: Option<f64>,
}

impl ChoiceArgs {
    /// What is added and taken away by place; `alpha` is for sources that do not say their spectral index.
    ///
    /// # Errors
    /// A light curve that cannot be read, a calibrator that is not known.
    pub(super) fn choice(&self, alpha: f64) -> Result<Choice, CliError> {
        let source = |source: &SourceArg| {
            let alpha = source.alpha.unwrap_or(alpha);
            let spectrum = Spectrum::PowerLaw { alpha, reference: source.reference };
            Component::point(source.place, source.flux, spectrum)
        };
        Ok(Choice {
            only: self.only.clone(),
            exclude: self.exclude.clone(),
            patches: self.own.patches(),
            add: self.own.complete(self.add_source.iter().map(source).collect())?,
        })
    }

    /// Which catalogues are merged with `catalogue`, which `open` opens.
    pub(super) fn merging(
        &self,
        open: impl FnOnce() -> Result<Source, CatalogError>,
        catalogue: &Path,
    ) -> Result<Merging, CliError> {
        let (mut surveys, mut spectra_from) = (self.merge.clone(), self.spectra_from.clone());
        if !(surveys.is_empty() && spectra_from.is_empty()) {
            let source = open().map_err(PredictError::from)?;
            let told = source.instrument().map(|instrument| instrument.name);
            let environment = |name: &str| std::env::var_os(name);
            let (told, several) = (told.as_deref(), source.has_several_surveys());
            catalog::place_members(&mut surveys, &mut spectra_from, catalogue, told, several, environment)
                .map_err(|error| CliError::Usage(format!("--merge, --spectra-from: {error}")))?;
        }
        let alone = surveys.is_empty() && spectra_from.is_empty() && self.add_source.is_empty();
        if alone && self.match_radius.is_some() {
            return Err(CliError::Usage(
                "--match-radius has nothing to match: give --merge, --spectra-from or --add-source".into(),
            ));
        }
        let match_radius = self.match_radius.unwrap_or(Merging::default().match_radius);
        Ok(Merging { surveys, spectra_from, match_radius })
    }
}

//! What a run did, for a person, a script and the record.

use std::collections::BTreeSet;

use serde::Serialize;

use super::check::CheckResult;
use super::job::Mode;
use super::pipeline::{Outcome, RowSelection};
use super::run::Observer;
use crate::image::sky::Member;
use crate::ms::{Observation, RowSurvey};
use crate::sky::{IndexAccount, SurveyAccount};

/// Where the time went [s].
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Seconds {
    /// Opening, locking and looking at the MeasurementSet.
    pub open: f64,
    /// Reading the catalogue and choosing from it.
    pub catalogue: f64,
    /// Making the kernels and, where needed, the column.
    pub plan: f64,
    /// Reading rows (the I/O thread).
    pub read: f64,
    /// Computing (summed over the compute threads).
    pub compute: f64,
    /// Writing blocks (the I/O thread).
    pub write: f64,
    /// Reading, computing and writing together, as time passed.
    pub stream: f64,
    /// Waiting until the data were on the disk.
    pub sync: f64,
    /// Checking.
    pub check: f64,
    /// The whole run.
    pub total: f64,
}

/// One of several catalogues.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct MemberReport {
    /// Its survey.
    pub survey: String,
    /// Its path.
    pub path: String,
    /// Its format.
    pub format: String,
    /// SHA-256 of its bytes.
    pub digest: String,
    /// Rows read.
    pub rows: u64,
    /// Whether it only serves spectra.
    pub only_spectra: bool,
}

/// A source put in by hand.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct AddedReport {
    /// Right ascension [deg], J2000.
    pub ra_deg: f64,
    /// Declination [deg], J2000.
    pub dec_deg: f64,
    /// Its flux density [Jy] at its reference frequency.
    pub flux_jy: f64,
    /// The pixels of its model image; 0 for a point.
    pub parts: usize,
    /// Sources whose place it takes.
    pub replaced: usize,
    /// Their flux density [Jy].
    pub replaced_jy: f64,
}

/// What each option took out of the sky, in the order in which they apply.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ChoiceReport {
    /// Sources put in by hand, and what they replace.
    pub added: Vec<AddedReport>,
    /// Sources of other patches than `--patches`.
    pub outside_patches: usize,
    /// Sources outside `--only`.
    pub outside_only: usize,
    /// Sources in `--exclude`.
    pub excluded: usize,
    /// Sources below `--min-flux`.
    pub below_min_flux: usize,
    /// Sources that the beam attenuates to below `--beam-limit`.
    pub below_beam_limit: usize,
    /// Sources below `--min-apparent`.
    pub below_min_apparent: usize,
    /// Sources fainter than the brightest asked for.
    pub beyond_top: usize,
}

/// The images that are the sky.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ImagesReport {
    /// Pixels other than zero in any of them.
    pub pixels: usize,
    /// Pixels that are blank or not finite, which count as zeros.
    pub blanks: u64,
    /// Whether they say that they are corrected for the primary beam.
    pub corrected: bool,
    /// The files.
    pub files: Vec<Member>,
}

/// The catalogue and what was taken from it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CatalogueReport {
    /// Its path as given.
    pub path: String,
    /// Its format.
    pub format: String,
    /// SHA-256 of its bytes.
    pub digest: String,
    /// Rows read.
    pub rows: u64,
    /// What its reader assumed or dropped.
    pub notes: Vec<String>,
    /// Components predicted, those put in by hand included.
    pub selected: usize,
    /// Of which are Gaussians.
    pub gaussians: usize,
    /// Their flux density, Σ I [Jy], at the catalogue's frequencies.
    pub flux_jy: f64,
    /// Where was looked, in words.
    pub region: String,
    /// The radius about each field centre [deg]; `None` for the whole catalogue.
    pub radius_deg: Option<f64>,
    /// The catalogues, where there are several.
    pub members: Vec<MemberReport>,
    /// What became of each survey's sources, in order of priority, where several are merged.
    pub merged: Vec<SurveyAccount>,
    /// The spectral indices, where surveys at other frequencies were at hand.
    pub spectra: Option<IndexAccount>,
    /// The angle within which sources are the same [arcsec].
    pub match_radius_arcsec: f64,
    /// What was added and taken out.
    pub choice: ChoiceReport,
    /// The images, where they are the sky: rows are their pixels.
    pub images: Option<ImagesReport>,
}

impl CatalogueReport {
    /// What was predicted, and how many: `436 sources`, or `1000 pixels` of images.
    pub fn counted(&self) -> String {
        let (count, what) = match &self.images {
            Some(images) => (images.pixels, "pixel"),
            None => (self.selected, "source"),
        };
        format!("{count} {what}{}", if count == 1 { "" } else { "s" })
    }
}

/// How the prediction is computed.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PlanReport {
    /// The engine of each spectral window, and why.
    pub engines: Vec<String>,
    /// Its instructions.
    pub simd: String,
    /// Compute threads.
    pub threads: usize,
    /// Rows in a block.
    pub block_rows: usize,
    /// Blocks that go round.
    pub blocks: usize,
    /// Visibilities in all, rows × channels × correlations.
    pub visibilities: u64,
    /// Bytes of the column that will be written.
    pub bytes: u64,
    /// How the column is or will be stored.
    pub storage: String,
    /// Who writes it: `tile file` (the compute threads, directly) or `casacore`; known once the column exists.
    pub writer: String,
    /// Whether the run makes the column.
    pub new_column: bool,
}

/// Everything about a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// The version of this program.
    pub version: String,
    /// An identifier of the run.
    pub run: String,
    /// When it began, UTC, ISO 8601.
    pub started: String,
    /// The command line or call.
    pub arguments: String,
    /// The MeasurementSet.
    pub ms: String,
    /// Its telescope.
    pub telescope: String,
    /// The column.
    pub column: String,
    /// What became of its values.
    pub mode: Mode,
    /// Whether nothing was written because only a plan was asked for.
    pub dry_run: bool,
    /// Rows of the MeasurementSet.
    pub rows: u64,
    /// Rows predicted.
    pub rows_predicted: u64,
    /// Rows, from the first on, that an earlier run had done, where this one resumed it.
    pub resumed_rows: u64,
    /// FIELD_IDs predicted.
    pub fields: Vec<i32>,
    /// Spectral windows predicted.
    pub spectral_windows: Vec<i32>,
    /// The lowest and highest channel [Hz].
    pub frequency_hz: [f64; 2],
    /// The catalogue.
    pub catalogue: CatalogueReport,
    /// The primary beam, in words.
    pub beam: String,
    /// What the model is averaged over, in words; empty where it is not.
    pub smear: String,
    /// What feeds and gains make of the model, a line each.
    pub antennas: Vec<String>,
    /// The plan.
    pub plan: PlanReport,
    /// How long computing would take [s], where a dry run was asked to tell.
    pub compute_estimate: Option<f64>,
    /// Where the time went.
    pub seconds: Seconds,
    /// Bytes written over the time of the stream and the sync [GB/s].
    pub gigabytes_per_second: f64,
    /// What the check found; `None` where none was made.
    pub check: Option<CheckResult>,
    /// The largest rms error allowed.
    pub epsilon: f64,
    /// Whether CASA's virtual model was removed.
    pub virtual_model_removed: bool,
    /// What was odd.
    pub warnings: Vec<String>,
    /// Whether the column holds a whole model.
    pub complete: bool,
    /// What was done to further columns, where patches have columns of their own: this tells of the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Report>,
}

impl Report {
    /// Fills in what is known of the rows before the run.
    pub(super) fn plan_rows(
        &mut self,
        observation: &Observation,
        survey: &RowSurvey,
        selection: &RowSelection,
        catalogue: CatalogueReport,
        frequencies: [f64; 2],
    ) {
        self.telescope = observation.telescope.clone();
        self.rows = observation.rows;
        self.frequency_hz = frequencies;
        self.catalogue = catalogue;
        let fields: BTreeSet<i32> = selection.used.iter().map(|pair| pair.0).collect();
        self.fields = fields.into_iter().collect();
        let windows: BTreeSet<i32> = selection
            .used
            .iter()
            .filter_map(|pair| observation.data_descriptions.get(usize::try_from(pair.1).ok()?))
            .map(|description| description.spectral_window)
            .collect();
        self.spectral_windows = windows.into_iter().collect();
        for pair in &selection.used {
            if let (Some(usage), Some(shape)) = (survey.used.get(pair), selection.shapes.get(&pair.1)) {
                self.rows_predicted += usage.rows;
                self.plan.visibilities += usage.rows * shape.len() as u64;
                self.plan.bytes += usage.rows * shape.bytes() as u64;
            }
        }
    }

    /// Keeps a warning, and tells it to who watches.
    pub(super) fn warn(&mut self, observer: &mut dyn Observer, warning: String) {
        observer.warning(&warning);
        self.warnings.push(warning);
    }

    /// Fills in what the pipeline did.
    pub(super) fn outcome(&mut self, outcome: &Outcome) {
        self.rows_predicted = outcome.predicted;
        self.seconds.read = outcome.read.as_secs_f64();
        self.seconds.compute = outcome.compute.as_secs_f64();
        self.seconds.write = outcome.write.as_secs_f64();
        let seconds = self.seconds.stream + self.seconds.sync;
        self.gigabytes_per_second = outcome.bytes as f64 / 1e9 / seconds.max(1e-9);
    }
}

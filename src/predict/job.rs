//! What is asked for.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kernels::SimdLevel;

use super::engine::Engine;
use super::feeds::FeedRotation;
use super::images::ImageSky;
use super::primary::PointingOption;
use super::smear::Smear;
use crate::beam::BeamOption;
use crate::catalog::regions::Area;
use crate::catalog::{Cache, Handling, Member, ReadOptions};
use crate::ms::PageCache;
use crate::sky::Component;

/// One prediction: a MeasurementSet, a catalogue, and how.
#[derive(Debug, Clone)]
pub struct Job {
    /// The MeasurementSet.
    pub ms: PathBuf,
    /// The catalogue or component list.
    pub catalogue: PathBuf,
    /// How.
    pub options: Options,
}

/// What becomes of the values that the column holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// They are replaced by the model.
    #[default]
    Replace,
    /// The model is added to them.
    Add,
    /// The model is subtracted from them.
    Subtract,
}

/// Who writes the column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Writer {
    /// The compute threads write the tile file where its layout is exactly known; casacore elsewhere.
    #[default]
    Auto,
    /// casacore.
    Casacore,
}

/// How far from a field's centre sources are taken.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Radius {
    /// Surveys: to where the beam of the smallest dish falls to a fifth. Component lists: all.
    #[default]
    Auto,
    /// The whole catalogue.
    All,
    /// This angle [rad].
    Within(f64),
}

/// How several catalogues become one sky.
#[derive(Debug, Clone, PartialEq)]
pub struct Merging {
    /// The surveys merged, that of the first priority first; none to take the catalogue alone.
    ///
    /// One without a path is the job's catalogue.
    pub surveys: Vec<Member>,
    /// Surveys that only serve spectral indices; each has a path.
    pub spectra_from: Vec<Member>,
    /// The angle within which sources are the same [rad].
    pub match_radius: f64,
}

impl Default for Merging {
    fn default() -> Self {
        // That of the DSA-110 pipeline.
        let match_radius = (5f64 / 3600.0).to_radians();
        Merging { surveys: Vec::new(), spectra_from: Vec::new(), match_radius }
    }
}

/// What a user adds to the catalogue and takes from it by place.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Choice {
    /// Keep only what lies in one of these; everything where there is none.
    pub only: Vec<Area>,
    /// Leave out what lies in one of these.
    pub exclude: Vec<Area>,
    /// Keep only what belongs to one of these patches; everything where there is none.
    pub patches: Vec<String>,
    /// Sources put in by hand. They take the place of what lies within the match radius, and no cut applies to them.
    pub add: Vec<Added>,
}

/// A source put in by hand.
#[derive(Debug, Clone, PartialEq)]
pub struct Added {
    /// Where it is, and its flux density.
    pub whole: Component,
    /// What is predicted of it, where it is more than that one component.
    pub parts: Vec<Component>,
}

impl Added {
    /// What is predicted.
    pub fn components(&self) -> &[Component] {
        if self.parts.is_empty() { std::slice::from_ref(&self.whole) } else { &self.parts }
    }

    /// How far it reaches from where it is [rad].
    pub fn extent(&self) -> f64 {
        self.parts.iter().map(|part| part.position.separation(self.whole.position)).fold(0.0, f64::max)
    }
}

impl From<Component> for Added {
    fn from(whole: Component) -> Added {
        Added { whole, parts: Vec::new() }
    }
}

/// Patches of a list that go into a column of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchColumn {
    /// Their names.
    pub patches: Vec<String>,
    /// The column.
    pub column: String,
}

/// How a prediction is made.
#[derive(Debug, Clone)]
pub struct Options {
    /// The column to fill.
    pub column: String,
    /// Columns that are filled instead, one after the other, each with patches of its own.
    pub patch_columns: Vec<PatchColumn>,
    /// What becomes of its values.
    pub mode: Mode,
    /// How far from the field centres sources are taken.
    pub radius: Radius,
    /// The faintest source taken, |I| at the catalogue's frequency [Jy].
    pub min_flux: Option<f64>,
    /// The most sources taken, the brightest as the beam shows them first; those put in by hand come on top.
    pub max_sources: Option<usize>,
    /// What is added and taken away by place.
    pub choice: Choice,
    /// Which catalogues are merged, and which serve spectra.
    pub merging: Merging,
    /// The primary beam.
    pub beam: BeamOption,
    /// Where the antennas look.
    pub pointing: PointingOption,
    /// The least power, relative to the axis, with which the beam sees a source that is taken.
    pub beam_limit: Option<f64>,
    /// The faintest source taken as the beam shows it, at the middle of the band [Jy].
    pub min_apparent: Option<f64>,
    /// Whether the model is averaged within channels and integrations, as the data are.
    pub smear: Smear,
    /// Whether the feeds turn over the sky.
    pub feed_rotation: FeedRotation,
    /// Calibration tables of CASA whose gains the model gets.
    pub apply_gains: Vec<PathBuf>,
    /// Whether a selection without sources is an error.
    pub require_sources: bool,
    /// How the catalogue is read.
    pub read: ReadOptions,
    /// The catalogue itself, as a table of text with the columns of a CSV file, where the caller holds it in memory; the
    /// job's path is then a name for it.
    pub held: Option<Arc<str>>,
    /// Images that are the sky, instead of a catalogue; the job's path is then a name for them.
    pub images: Option<ImageSky>,
    /// What its reader makes of polarisation and of malformed rows.
    pub handling: Handling,
    /// Where imports of large catalogues are kept; by default nowhere.
    pub cache: Cache,
    /// The FIELD_IDs to predict; all where `None`.
    pub fields: Option<BTreeSet<i32>>,
    /// The spectral windows to predict; all where `None`.
    pub spws: Option<BTreeSet<i32>>,
    /// The timesteps to predict, as [`crate::ms::Timesteps`] counts them, the second exclusive; all where `None`. Rows of others are
    /// left as they are, and are zero in a new column. Images of several intervals share them evenly.
    pub timesteps: Option<[u64; 2]>,
    /// The lowest and the highest channel to predict [Hz]; all where `None`. Others are left as they are, and are zero in a new
    /// column.
    pub band: Option<[f64; 2]>,
    /// Compute threads; one for each core where `None`.
    pub threads: Option<usize>,
    /// The memory for blocks of visibilities [bytes].
    pub memory: usize,
    /// How long to wait for the lock of the MeasurementSet.
    pub lock_timeout: Duration,
    /// How long the run may take. It stops at the next block then, as if interrupted; who watches it (see
    /// [`crate::stall`]) leaves it behind where it does not.
    pub timeout: Option<Duration>,
    /// How long the run may be without progress, for who watches it.
    pub stall_timeout: Option<Duration>,
    /// How many visibilities are read back and checked.
    pub check: usize,
    /// The rms error over cross-correlations that is promised, relative to rms |V|: 1e-6 to 1e-2.
    pub epsilon: f64,
    /// Whether CASA's virtual model is removed.
    pub delmod: bool,
    /// Whether a run that was killed is gone on with, if it was the same.
    pub resume: bool,
    /// Whether only the plan is made and nothing written.
    pub dry_run: bool,
    /// Whether a dry run also tells how long computing would take, by trying some blocks.
    pub estimate: bool,
    /// The engine that sums the sources.
    pub engine: Engine,
    /// Who writes the column.
    pub writer: Writer,
    /// What becomes of the column's pages in memory.
    pub page_cache: PageCache,
    /// The instructions to use; the best of the processor where `None`.
    pub simd: Option<SimdLevel>,
    /// The command line or call, for the provenance.
    pub arguments: String,
}

impl Options {
    /// What is chosen for images if nobody says otherwise: with less memory, a large one is cut into facets.
    pub fn of_images(sky: ImageSky) -> Options {
        Options { images: Some(sky), memory: 1 << 30, ..Options::default() }
    }
}

impl Default for Options {
    fn default() -> Self {
        Options {
            column: "MODEL_DATA".into(),
            patch_columns: Vec::new(),
            mode: Mode::Replace,
            radius: Radius::Auto,
            min_flux: None,
            max_sources: None,
            choice: Choice::default(),
            merging: Merging::default(),
            beam: BeamOption::default(),
            pointing: PointingOption::Field,
            beam_limit: None,
            min_apparent: None,
            smear: Smear::default(),
            feed_rotation: FeedRotation::default(),
            apply_gains: Vec::new(),
            require_sources: false,
            read: ReadOptions::default(),
            held: None,
            images: None,
            handling: Handling::default(),
            cache: Cache::off(),
            fields: None,
            spws: None,
            timesteps: None,
            band: None,
            threads: None,
            memory: 512 << 20,
            lock_timeout: Duration::from_secs(30),
            timeout: None,
            stall_timeout: Some(Duration::from_secs(120)),
            check: 256,
            epsilon: 1e-6,
            delmod: false,
            resume: false,
            dry_run: false,
            estimate: false,
            engine: Engine::Auto,
            writer: Writer::Auto,
            page_cache: PageCache::Auto,
            simd: None,
            arguments: String::new(),
        }
    }
}

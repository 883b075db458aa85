//! Sky and MeasurementSet brought together: a [`Job`] becomes numbers, a plan, visibilities in the model
//! column, and a proof.

mod arrays;
mod block;
mod chain;
mod check;
mod choose;
mod correlate;
mod deadline;
mod durable;
mod engine;
mod error;
mod estimate;
mod feeds;
mod gains;
mod geometry;
mod images;
mod job;
mod jones;
mod many;
mod one_sky;
mod pipeline;
mod plan;
mod plan_cache;
mod predictor;
mod preflight;
mod preview;
mod primary;
#[cfg(test)]
mod properties;
mod report;
mod resume;
mod run;
mod scope;
mod setup;
mod skies;
mod smear;

pub use crate::ms::PageCache;
pub use arrays::{ArrayError, ArrayOptions, Arrays, StokesPlane, exact_visibilities, visibilities};
pub use check::{CheckResult, allowed};
pub use correlate::mix;
pub use engine::{Engine, check_epsilon};
pub use error::{PredictError, Result};
pub use feeds::FeedRotation;
pub use geometry::{gaussian, sources_about};
pub use images::ImageSky;
pub use job::{Choice, Job, Merging, Mode, Options, Radius, Writer};
pub use many::{Batch, BatchObserver, run_many};
pub use preflight::{Finding, Level, Preflight, preflight};
pub use preview::{Preview, preview};
pub use primary::PointingOption;
pub use report::{AddedReport, CatalogueReport, ChoiceReport, ImagesReport, MemberReport, Report, Seconds};
pub use run::{Observer, Silent, run};
pub use smear::Smear;

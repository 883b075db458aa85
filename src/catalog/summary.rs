//! What a catalogue holds, in figures.

use std::collections::BTreeSet;

use super::record::Record;
use crate::coords::Frame;
use crate::sky::Shape;

/// What the records of a catalogue have in common, and how many there are of each kind.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Summary {
    /// All of them.
    pub sources: u64,
    /// Of which are Gaussians.
    pub gaussians: u64,
    /// Of which have an upper limit for a size.
    pub limits: u64,
    /// Of which have a polarised flux density, or Q, U or V.
    pub polarised: u64,
    /// Of which say the error of their flux density.
    pub errors: u64,
    /// Of which have a spectrum of their own.
    pub spectra: u64,
    /// The faintest and the brightest flux density, by size [Jy].
    pub flux_jy: Option<[f64; 2]>,
    /// The southernmost and the northernmost declination, in ICRS [deg].
    pub dec_deg: Option<[f64; 2]>,
    /// The lowest and the highest frequency of a flux density [Hz].
    pub ref_hz: Option<[f64; 2]>,
    /// The frames of positions.
    pub frames: BTreeSet<Frame>,
    /// The surveys.
    pub surveys: BTreeSet<String>,
}

/// A range that takes `value` in.
fn widened(range: Option<[f64; 2]>, value: f64) -> Option<[f64; 2]> {
    Some(range.map_or([value; 2], |[low, high]| [low.min(value), high.max(value)]))
}

impl Summary {
    /// Counts a record.
    pub fn add(&mut self, record: &Record) {
        let Record { component, details } = record;
        self.sources += 1;
        self.gaussians += u64::from(component.shape != Shape::Point);
        self.limits += u64::from(details.limits != [None; 2]);
        self.polarised += u64::from(details.polarised.is_some() || component.stokes.is_polarised());
        self.errors += u64::from(details.errors.flux.is_some());
        self.spectra += u64::from(details.own_spectrum);
        self.flux_jy = widened(self.flux_jy, component.stokes.i.abs());
        let declination = component.position.icrs_vector()[2].clamp(-1.0, 1.0).asin().to_degrees();
        self.dec_deg = widened(self.dec_deg, declination);
        if let Some(hz) = details.reference {
            self.ref_hz = widened(self.ref_hz, hz);
        }
        self.frames.insert(component.position.frame);
        if let Some(survey) = details.survey.as_deref()
            && !self.surveys.contains(survey)
        {
            self.surveys.insert(survey.to_owned());
        }
    }
}

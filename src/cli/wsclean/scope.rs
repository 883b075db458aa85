//! `-interval`, `-intervals-out` and `-channel-range`: what WSClean counts, in the terms of a run.

use std::path::Path;

use casacore::Access;

use super::parse::Asked;
use crate::cli::CliError;
use crate::ms::{self, Observation, RowSurvey, Timesteps};

/// The timesteps that are predicted, the second exclusive; none where they are all.
///
/// Where only their number of intervals is given, they are those of the first MeasurementSet, whatever the others have, as
/// images of several were made.
pub(super) fn timesteps(asked: &Asked) -> Result<Option<[u64; 2]>, CliError> {
    match (asked.interval, asked.ms.first()) {
        (None, Some(first)) if asked.intervals > 1 => {
            let steps = Timesteps::read(&ms::open(first, Access::ReadOnly)?)?;
            Ok(Some([0, steps.len()]))
        }
        (interval, _) => Ok(interval),
    }
}

/// The lowest and the highest channel that are predicted [Hz]; none where they are all.
///
/// WSClean counts the channels of all chosen spectral windows of all MeasurementSets together, in the order of their frequencies
/// and each frequency once.
pub(super) fn band(asked: &Asked) -> Result<Option<[f64; 2]>, CliError> {
    let Some([start, end]) = asked.channel_range else { return Ok(None) };
    let mut channels: Vec<f64> = Vec::new();
    for path in &asked.ms {
        channels.extend(channels_of(path, asked)?);
    }
    channels.sort_by(f64::total_cmp);
    channels.dedup();
    match (channels.get(start), channels.get(end - 1)) {
        (Some(low), Some(high)) => Ok(Some([*low, *high])),
        _ => Err(CliError::Usage(format!(
            "-channel-range {start} {end}: the MeasurementSets have {} channels of different frequencies in the chosen spectral \
             windows",
            channels.len()
        ))),
    }
}

/// The channels of the spectral windows that are in use and chosen [Hz].
fn channels_of(path: &Path, asked: &Asked) -> Result<Vec<f64>, CliError> {
    let table = ms::open(path, Access::ReadOnly)?;
    let observation = Observation::read(&table)?;
    let mut channels = Vec::new();
    for data_desc in RowSurvey::read(&table)?.data_descs().into_keys() {
        let window = observation.spectral_window_of(data_desc);
        if asked.spws.as_ref().is_none_or(|spws| spws.contains(&window)) {
            channels.extend(&observation.setup(data_desc)?.0.frequencies);
        }
    }
    Ok(channels)
}

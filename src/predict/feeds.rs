//! Feeds that turn over the sky (`--feed-rotation`).
//!
//! A dish on an alt-azimuth mount keeps its feeds at one angle to the vertical; towards the sky they turn by the
//! parallactic angle. CASA's `ft` and DP3 leave that out of the model, as calibration puts it into the gains, so the
//! default is to leave it out.

use casacore::Table;

use super::error::{PredictError, Result};
use super::jones::{Basis, Jones};
use crate::beam::parallactic_angle;
use crate::coords::Direction;
use crate::ms::Observation;
use crate::ms::feed::{Feed, read_feeds};

/// Whether feeds turn over the sky.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FeedRotation {
    /// X is north and Y east at the phase centre, always: what CASA and DP3 write.
    #[default]
    Off,
    /// As ANTENNA says by MOUNT, and FEED by RECEPTOR_ANGLE.
    Auto,
    /// Every antenna is taken for alt-azimuth.
    On,
}

/// How the feeds of an antenna stand.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stand {
    site: [f64; 3],
    /// Whether they turn with the parallactic angle.
    turns: bool,
    /// RECEPTOR_ANGLE [rad], by window where it differs.
    angle: f64,
}

/// The feeds of an array.
#[derive(Debug, Clone)]
pub(crate) struct Feeds {
    stands: Vec<Stand>,
    feeds: Vec<Feed>,
    /// One line for the report.
    pub(crate) description: String,
}

impl Feeds {
    /// As the MeasurementSet says; none where feeds do not turn.
    pub(crate) fn new(
        ms: &Table,
        observation: &Observation,
        rotation: FeedRotation,
    ) -> Result<Option<Feeds>> {
        if rotation == FeedRotation::Off {
            return Ok(None);
        }
        let refuse = |message: String| {
            PredictError::Options(format!("{}: --feed-rotation: {message}", observation.path.display()))
        };
        let feeds = read_feeds(ms)?;
        let array = observation.site();
        let mut turning = 0;
        let mut stands = Vec::with_capacity(observation.antennas.len());
        for (number, antenna) in observation.antennas.iter().enumerate() {
            // Rows of ANTENNA that are there for their number alone stand in the middle of the Earth.
            let far = antenna.position.iter().any(|x| x.abs() > 1e3);
            let turns = match (rotation, antenna.mount.trim().to_ascii_uppercase().as_str()) {
                (FeedRotation::On, _) | (_, "ALT-AZ") => true,
                // A third axis keeps the feeds as they are on the sky.
                (_, "EQUATORIAL" | "ALT-AZ+ROTATOR") => false,
                _ if !far => false,
                (_, mount) => {
                    return Err(refuse(format!(
                        "antenna {number} ({}) has the MOUNT '{mount}', of which it is not known how feeds turn; say on to \
                         take all for alt-azimuth, or off",
                        antenna.name
                    )));
                }
            };
            turning += usize::from(turns);
            let site = if far { antenna.position } else { array };
            let id = number as i32;
            let own = feeds.iter().find(|feed| feed.feed == 0 && (feed.antenna == id || feed.antenna < 0));
            stands.push(Stand { site, turns, angle: own.map_or(0.0, Feed::angle) });
        }
        if stands.is_empty() {
            return Err(refuse(
                "there is no ANTENNA table, so it is not known where the antennas stand".into(),
            ));
        }
        let angled = stands.iter().filter(|stand| stand.angle != 0.0).count();
        let description = format!(
            "{turning} of {} antennas turn their feeds by the parallactic angle, {angled} have a receptor angle",
            stands.len()
        );
        Ok(Some(Feeds { stands, feeds, description }))
    }

    /// The matrix of an antenna that looks at `direction` at `time` [s, MJD UTC], for a spectral window.
    pub(crate) fn jones(
        &self,
        antenna: i32,
        window: i32,
        basis: Basis,
        time: f64,
        direction: Direction,
    ) -> Result<Jones> {
        let stand = usize::try_from(antenna).ok().and_then(|id| self.stands.get(id)).ok_or_else(|| {
            PredictError::Options(format!(
                "--feed-rotation: ANTENNA has no row {antenna}, which rows of data name"
            ))
        })?;
        let of_window =
            |feed: &&Feed| feed.feed == 0 && feed.antenna == antenna && feed.spectral_window == window;
        let mut angle = self.feeds.iter().find(of_window).map_or(stand.angle, Feed::angle);
        if stand.turns {
            angle += parallactic_angle(stand.site, direction, time)
                .map_err(|error| PredictError::Options(format!("--feed-rotation: {error}")))?;
        }
        Ok(Jones::turned(basis, angle))
    }
}

//! The primary beam of an observation: which patterns, and where the antennas look.

use std::path::Path;
use std::sync::Arc;

use casacore::Table;

use super::error::{PredictError, Result};
use crate::beam::{
    ArrayBeam, Beam, BeamOption, Meridian, Offset, Pointing, PointingRow, PointingTable, RadialTable,
};
use crate::coords::Direction;
use crate::image::beam_fits;
use crate::ms::Observation;
use crate::ms::pointing::read_pointing;

/// Where the user says that the antennas look.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum PointingOption {
    /// At the phase centre of each row's field.
    #[default]
    Field,
    /// As the POINTING table says.
    Table,
    /// At the meridian at each integration, at the declination of the first field's centre.
    Meridian,
    /// Always at one direction.
    Direction(Direction),
}

/// What the antennas make of the sky.
#[derive(Debug, Clone)]
pub(crate) struct Primary {
    beam: ArrayBeam,
    /// Whether the beam leaves sources as they are; asked for every row.
    none: bool,
    pointing: Pointing,
    /// One line for the report.
    pub(crate) description: String,
}

impl Primary {
    /// The beam that `beam` and `pointing` mean for this observation; `centre` and `time` are those of
    /// the first rows.
    pub(crate) fn new(
        ms: &Table,
        observation: &Observation,
        beam: &BeamOption,
        pointing: PointingOption,
        centre: Direction,
        time: f64,
    ) -> Result<Primary> {
        let options =
            |message: String| PredictError::Options(format!("{}: {message}", observation.path.display()));
        let diameters: Vec<f64> = observation.antennas.iter().map(|antenna| antenna.diameter).collect();
        let (beam, description) = match beam {
            BeamOption::Pattern(pattern) => {
                let choice = pattern
                    .resolve(&observation.telescope, &diameters)
                    .map_err(|unserved| options(format!("--beam: {unserved}")))?;
                (choice.beam, choice.why)
            }
            BeamOption::Table(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| options(format!("--beam {}: {error}", path.display())))?;
                from_file(path, RadialTable::parse(&text))?
            }
            BeamOption::Image(path) => from_file(path, beam_fits::read(path))?,
        };
        let pointing = match pointing {
            PointingOption::Field => Ok(Pointing::Field),
            PointingOption::Direction(direction) => Ok(Pointing::Direction(direction)),
            PointingOption::Table => {
                let rows = read_pointing(ms)?.into_iter().map(|row| PointingRow {
                    antenna: row.antenna,
                    time: row.time,
                    interval: row.interval,
                    direction: row.direction,
                });
                PointingTable::new(rows.collect()).map(Pointing::Table)
            }
            PointingOption::Meridian => {
                Meridian::through(observation.site(), centre, time).map(Pointing::Meridian)
            }
        }
        .map_err(|error| options(format!("--pointing: {error}")))?;
        Ok(Primary { none: beam.is_none(), beam, pointing, description })
    }

    /// Whether sources are left as they are.
    pub(crate) fn is_none(&self) -> bool {
        self.none
    }

    /// Whether the beam moves over the sky while the field stays.
    pub(crate) fn moves(&self) -> bool {
        !self.is_none() && self.pointing.moves()
    }

    /// The number of kinds of antennas.
    pub(crate) fn kinds(&self) -> usize {
        self.beam.kinds()
    }

    /// The kinds of the antennas of a baseline.
    pub(crate) fn pair(&self, antenna1: i32, antenna2: i32) -> (usize, usize) {
        self.beam.pair_of(antenna1, antenna2)
    }

    /// Where the antennas look at `time` [s, MJD] while the phase centre is at `centre`.
    pub(crate) fn pointing(&self, time: f64, centre: Direction) -> Result<Direction> {
        let direction = self.pointing.at(time, centre);
        direction.map_err(|error| PredictError::Options(format!("--pointing: {error}")))
    }

    /// How far antennas look from where all look on average, at `time` [s, MJD], in [rad].
    pub(crate) fn spread(&self, time: f64) -> f64 {
        match &self.pointing {
            Pointing::Table(table) if !self.none => table.spread(time).unwrap_or_default(),
            _ => 0.0,
        }
    }

    /// The factor on a source's flux density for a pair of kinds.
    pub(crate) fn factor(&self, pair: (usize, usize), offset: Offset, frequency: f64) -> f64 {
        self.beam.product(pair, offset, frequency)
    }

    /// Multiplies `spectrum` by the factors at `frequencies` [Hz].
    pub(crate) fn apply(
        &self,
        pair: (usize, usize),
        offset: Offset,
        frequencies: &[f64],
        spectrum: &mut [f64],
    ) {
        self.beam.apply(pair, offset, frequencies, spectrum);
    }

    /// The largest power with which any kind of antenna sees a source.
    pub(crate) fn attenuation(&self, offset: Offset, frequency: f64) -> f64 {
        (0..self.beam.kinds()).map(|kind| self.beam.beam(kind).power(offset, frequency)).fold(0.0, f64::max)
    }

    /// The angle [rad] beyond which no antenna sees more than `level` at `frequency` [Hz] or above.
    pub(crate) fn limit_radius(&self, frequency: f64, level: f64) -> f64 {
        self.beam.limit_radius(&[frequency], level)
    }
}

/// A uniform array of the beam that a file holds.
fn from_file<B: Beam + 'static, E: std::fmt::Display>(
    path: &Path,
    beam: std::result::Result<B, E>,
) -> Result<(ArrayBeam, String)> {
    let name = path.display();
    let beam = beam.map_err(|error| PredictError::Options(format!("--beam {name}: {error}")))?;
    let description = format!("{name}: {}", beam.description());
    Ok((ArrayBeam::uniform(Arc::new(beam)), description))
}

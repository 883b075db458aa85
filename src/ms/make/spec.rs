//! What a MeasurementSet to be made is to hold, and the checks on it.

use std::path::PathBuf;
use std::str::FromStr;

use casacore::{Endian, Storage};

use crate::coords::Frame;

/// The recipe of a MeasurementSet; start from [`MsSpec::dsa110`] and change what a test needs.
#[derive(Debug, Clone)]
pub struct MsSpec {
    /// OBSERVATION.TELESCOPE_NAME.
    pub telescope: String,
    /// Reference point of the array, ITRF \[m\]: its meridian is the one a drift scan looks at.
    pub site: [f64; 3],
    /// The antennas, in the order of the ANTENNA rows.
    pub antennas: Vec<Antenna>,
    /// Number of integrations.
    pub times: usize,
    /// Middle of the first integration, MJD UTC \[s\].
    pub start: f64,
    /// Length of an integration \[s\].
    pub interval: f64,
    /// The spectral windows; each is one row of SPECTRAL_WINDOW and of DATA_DESCRIPTION.
    pub spectral_windows: Vec<SpectralWindow>,
    /// POLARIZATION.CORR_TYPE, casacore's Stokes codes: 1–4 I Q U V, 5–8 RR RL LR LL, 9–12 XX XY YX YY.
    pub correlations: Vec<i32>,
    /// The phase centres.
    pub fields: FieldLayout,
    /// MEASINFO reference of the directions in FIELD. UVW follow it for ICRS, J2000, B1950 and GALACTIC; any other name is
    /// written as it stands over ICRS numbers (to test what a reader makes of it).
    pub field_frame: String,
    /// Apparent declination of a drift scan \[rad\].
    pub declination: f64,
    /// True to include the baselines of antennas with themselves.
    pub autocorrelations: bool,
    /// Order of the rows.
    pub row_order: RowOrder,
    /// The DATA column, or none.
    pub data: Option<DataColumn>,
    /// A MODEL_DATA column that is there beforehand, or none.
    pub model: Option<DataColumn>,
    /// Byte order of every table.
    pub endian: Endian,
}

/// One row of ANTENNA.
#[derive(Debug, Clone, PartialEq)]
pub struct Antenna {
    /// Name and station.
    pub name: String,
    /// ITRF position \[m\].
    pub position: [f64; 3],
    /// Dish diameter \[m\].
    pub dish_diameter: f64,
}

/// One row of SPECTRAL_WINDOW.
#[derive(Debug, Clone, PartialEq)]
pub struct SpectralWindow {
    /// Name.
    pub name: String,
    /// Centre of each channel \[Hz\], in any order.
    pub frequencies: Vec<f64>,
    /// Width of each channel \[Hz\].
    pub widths: Vec<f64>,
}

impl SpectralWindow {
    /// `channels` channels of one `width` \[Hz\], the first centred on `first` \[Hz\]; a negative width descends.
    pub fn regular(name: impl Into<String>, first: f64, width: f64, channels: usize) -> SpectralWindow {
        SpectralWindow {
            name: name.into(),
            frequencies: (0..channels).map(|channel| first + channel as f64 * width).collect(),
            widths: vec![width.abs(); channels],
        }
    }
}

/// The phase centres; directions are longitude and latitude \[rad\] in [`MsSpec::field_frame`].
#[derive(Debug, Clone, PartialEq)]
pub enum FieldLayout {
    /// One field per integration, on the meridian at its middle, at [`MsSpec::declination`].
    Drift,
    /// One field for everything.
    Single([f64; 2]),
    /// Integration i has field i modulo their number.
    Several(Vec<[f64; 2]>),
}

/// Order of the main table's rows, slowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowOrder {
    /// Integration, spectral window, baseline.
    TimeWindowBaseline,
    /// Integration, baseline, spectral window: neighbouring rows may differ in shape.
    TimeBaselineWindow,
    /// Spectral window, integration, baseline: as CASA's concat joins files.
    WindowTimeBaseline,
}

/// A DATA or MODEL_DATA column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataColumn {
    /// Its storage manager.
    pub manager: Manager,
    /// Tile \[rows, channels, correlations\] of a tiled manager; `None` for whole rows, about 1 MiB a tile.
    pub tile: Option<[usize; 3]>,
    /// True for a column whose cells all have one shape by declaration; needs equally long spectral windows.
    pub fixed_shape: bool,
    /// Its contents.
    pub fill: DataFill,
}

impl Default for DataColumn {
    /// TiledShapeStMan, whole rows in tiles of about 1 MiB, variable shape, zeros: what CASA and pyuvdata write.
    fn default() -> DataColumn {
        DataColumn { manager: Manager::TiledShape, tile: None, fixed_shape: false, fill: DataFill::Zero }
    }
}

/// A casacore storage manager for visibilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manager {
    /// StandardStMan.
    Standard,
    /// IncrementalStMan.
    Incremental,
    /// TiledShapeStMan.
    TiledShape,
    /// TiledColumnStMan: needs `fixed_shape`.
    TiledColumn,
    /// TiledCellStMan.
    TiledCell,
}

/// What every visibility of a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataFill {
    /// 0.
    Zero,
    /// 1.
    One,
}

/// Why a MeasurementSet could not be made.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// There is something at that path; nothing is ever overwritten.
    #[error("{} exists already; give another path or remove it first", .0.display())]
    Exists(PathBuf),
    /// The recipe contradicts itself.
    #[error("cannot make such a MeasurementSet: {0}")]
    Spec(String),
    /// casacore would abort the process when the disk fills up.
    #[error("{} has room for {free} bytes, the MeasurementSet needs about {needed}", path.display())]
    Space {
        /// The directory it was to be made in.
        path: PathBuf,
        /// Bytes needed.
        needed: u64,
        /// Bytes free.
        free: u64,
    },
    /// A table could not be written.
    #[error("cannot write the MeasurementSet")]
    Table(#[from] casacore::Error),
    /// The directory could not be made or moved into place.
    #[error("cannot make {}", path.display())]
    Io {
        /// The path that was being made.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
}

impl MakeError {
    /// A contradiction in the recipe.
    pub(super) fn spec(message: impl Into<String>) -> MakeError {
        MakeError::Spec(message.into())
    }
}

/// Bytes of a tile that is not given: large enough for sequential disk access, small enough to keep several in memory.
const TILE_BYTES: usize = 1 << 20;
/// Bytes of one complex visibility.
const VISIBILITY_BYTES: usize = 8;
/// Bytes of a row besides visibilities and flags: UVW, weights, numbers and their indices.
const ROW_BYTES: usize = 128;
/// Bytes of the subtables and of tiles that are not full.
const FIXED_BYTES: usize = 4 << 20;

impl DataColumn {
    /// Tile \[rows, channels, correlations\] for cells of that shape.
    fn tile(&self, channels: usize, correlations: usize) -> [usize; 3] {
        let rows = (TILE_BYTES / (channels * correlations * VISIBILITY_BYTES)).max(1);
        self.tile.unwrap_or([rows, channels, correlations])
    }

    /// The manager as the casacore crate wants it, for the largest cell shape in the table.
    pub(super) fn storage(&self, channels: usize, correlations: usize) -> Storage {
        let tile = self.tile(channels, correlations);
        match self.manager {
            Manager::Standard => Storage::Standard,
            Manager::Incremental => Storage::Incremental,
            Manager::TiledShape => Storage::TiledShape { tile: tile.to_vec() },
            Manager::TiledColumn => Storage::TiledColumn { tile: tile.to_vec() },
            Manager::TiledCell => Storage::TiledCell { tile: tile[1..].to_vec() },
        }
    }

    /// Rows of one block when the column is written: whole tiles.
    pub(super) fn block_rows(&self, channels: usize, correlations: usize) -> usize {
        let whole_rows = self.tile(channels, correlations)[0];
        let block = (TILE_BYTES / (channels * correlations * VISIBILITY_BYTES)).max(1);
        whole_rows * block.div_ceil(whole_rows)
    }
}

impl MsSpec {
    /// Channels of the longest spectral window.
    pub(super) fn max_channels(&self) -> usize {
        self.spectral_windows.iter().map(|window| window.frequencies.len()).max().unwrap_or(0)
    }

    /// True if every spectral window has the same number of channels.
    pub(super) fn one_shape(&self) -> bool {
        self.spectral_windows.iter().all(|window| window.frequencies.len() == self.max_channels())
    }

    /// Pairs of antenna numbers (first ≤ second), first slowest.
    pub(super) fn baselines(&self) -> Vec<(usize, usize)> {
        let count = self.antennas.len();
        let offset = usize::from(!self.autocorrelations);
        (0..count).flat_map(|first| (first + offset..count).map(move |second| (first, second))).collect()
    }

    /// The frame that the numbers in FIELD are in.
    pub(super) fn frame(&self) -> Frame {
        Frame::from_str(&self.field_frame).unwrap_or(Frame::Icrs)
    }

    /// Middle of an integration, MJD UTC \[s\].
    pub(super) fn time(&self, integration: usize) -> f64 {
        self.start + integration as f64 * self.interval
    }

    /// Bytes that a MeasurementSet of `rows` rows takes, roughly and rather too many.
    pub(super) fn bytes(&self, rows: usize) -> u64 {
        let columns = usize::from(self.data.is_some()) + usize::from(self.model.is_some());
        let cell = self.max_channels() * self.correlations.len();
        let row = columns * cell * VISIBILITY_BYTES + cell.div_ceil(8) + ROW_BYTES;
        (rows * row + columns * 2 * TILE_BYTES + FIXED_BYTES) as u64
    }

    /// Refuses a recipe no MeasurementSet can follow.
    pub(super) fn check(&self) -> Result<(), MakeError> {
        let refuse = |message: String| Err(MakeError::Spec(message));
        if self.antennas.is_empty() || self.times == 0 || self.spectral_windows.is_empty() {
            return refuse("it needs at least one antenna, one integration and one spectral window".into());
        }
        if self.antennas.len() == 1 && !self.autocorrelations {
            return refuse("one antenna without autocorrelations has no baseline".into());
        }
        if let Some(antenna) =
            self.antennas.iter().find(|antenna| !antenna.position.iter().all(|x| x.is_finite()))
        {
            return refuse(format!("the position of antenna {} is not finite", antenna.name));
        }
        if !(self.interval.is_finite() && self.interval > 0.0) {
            return refuse(format!("an integration of {} s", self.interval));
        }
        for window in &self.spectral_windows {
            if window.frequencies.is_empty() || window.frequencies.len() != window.widths.len() {
                return refuse(format!(
                    "spectral window {} has {} frequencies and {} widths",
                    window.name,
                    window.frequencies.len(),
                    window.widths.len()
                ));
            }
        }
        if self.correlations.is_empty() || self.correlations.iter().any(|code| !(1..=12).contains(code)) {
            return refuse(format!("correlation codes {:?}: give one or more of 1 to 12", self.correlations));
        }
        if matches!(&self.fields, FieldLayout::Several(list) if list.is_empty()) {
            return refuse("an empty list of fields".into());
        }
        for (name, column) in [("DATA", &self.data), ("MODEL_DATA", &self.model)] {
            let Some(column) = column else { continue };
            if column.fixed_shape && !self.one_shape() {
                return refuse(format!("{name} of fixed shape, but the spectral windows differ in length"));
            }
            if column.manager == Manager::TiledColumn && !column.fixed_shape {
                return refuse(format!("{name} in a TiledColumnStMan needs a fixed shape"));
            }
            if column.tile.is_some_and(|tile| tile.contains(&0)) {
                return refuse(format!("{name} has an empty tile {:?}", column.tile));
            }
        }
        Ok(())
    }
}

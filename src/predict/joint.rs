//! Spectral windows predicted together: where the rows of several DATA_DESC_IDs are the same rows, one prediction over the
//! channels of all serves them, and a source is spread once instead of once for each window.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::error::Result;
use super::pipeline::RowSelection;
use crate::ms::{CellShape, Observation, RowSurvey};

/// The most channels of a bundle: more gain little, and rows of more no longer fit the caches.
const MOST_CHANNELS: usize = 4096;

/// DATA_DESC_IDs with the same rows, in the order of their channels. The first stands for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bundle {
    pub(crate) data_descs: Vec<i32>,
    /// The cell of one window.
    pub(crate) cell: CellShape,
}

/// Every DATA_DESC_ID that a run writes, in one bundle each; none where each is predicted for itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bundles {
    list: Vec<Bundle>,
    /// The channels that are predicted, where those are not all: such windows are predicted for themselves.
    channels: BTreeMap<i32, Range<usize>>,
}

/// What the rows of a DATA_DESC_ID, or of the bundle that it stands for, are predicted at.
pub(super) struct Band {
    /// SPECTRAL_WINDOW_IDs.
    pub(super) windows: Vec<i32>,
    /// The channels of one window after the other [Hz].
    pub(super) frequencies: Vec<f64>,
    /// Their widths [Hz].
    pub(super) widths: Vec<f64>,
    /// casacore's Stokes codes.
    pub(super) correlations: Vec<i32>,
}

impl Bundle {
    /// The cell of the windows together: channel after channel of one window after the other.
    pub(crate) fn shape(&self) -> CellShape {
        CellShape { channels: self.cell.channels * self.data_descs.len(), ..self.cell }
    }

    fn lead(&self) -> i32 {
        self.data_descs[0]
    }
}

impl Bundles {
    /// Every DATA_DESC_ID for itself.
    pub(super) fn apart(selection: &RowSelection) -> Bundles {
        Bundles { list: Vec::new(), channels: selection.channels.clone() }
    }

    /// The bundles of the rows that are written: those selected, and in a new column the others, too, which become zero. None where
    /// no two selected windows go together, or their cells differ.
    pub(super) fn new(
        observation: &Observation,
        survey: &RowSurvey,
        selection: &RowSelection,
        new_column: bool,
    ) -> Result<Bundles> {
        if !selection.channels.is_empty() {
            return Ok(Bundles::apart(selection));
        }
        let selected: BTreeSet<i32> = selection.used.iter().map(|pair| pair.1).collect();
        let mut shapes = selection.shapes.values();
        let Some(cell) = shapes.next().copied().filter(|first| shapes.all(|shape| shape == first)) else {
            return Ok(Bundles::default());
        };
        // What windows must share to go together.
        let mut alike: BTreeMap<_, Vec<(f64, i32)>> = BTreeMap::new();
        for &data_desc in selection.shapes.keys() {
            let chosen = selected.contains(&data_desc);
            let Some(sequence) = survey.sequences.get(&data_desc) else {
                return Ok(Bundles::default());
            };
            if chosen || new_column {
                let (window, polarization) = observation.setup(data_desc)?;
                let key = (chosen, &sequence.digest, sequence.rows.len(), &polarization.correlations);
                alike.entry(key).or_default().push((window.frequencies[0], data_desc));
            }
        }
        let mut bundles = Vec::new();
        for mut windows in alike.into_values() {
            windows.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            // Channels that descend go on descending from window to window.
            let (window, _) = observation.setup(windows[0].1)?;
            if window.frequencies.last() < window.frequencies.first() {
                windows.reverse();
            }
            let most = (MOST_CHANNELS / cell.channels.max(1)).max(1);
            bundles.extend(windows.chunks(most).map(|part| Bundle {
                data_descs: part.iter().map(|(_, data_desc)| *data_desc).collect(),
                cell,
            }));
        }
        let together =
            bundles.iter().any(|bundle| bundle.data_descs.len() > 1 && selected.contains(&bundle.lead()));
        Ok(if together { Bundles { list: bundles, ..Bundles::default() } } else { Bundles::default() })
    }

    /// Whether every DATA_DESC_ID is predicted for itself.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The channels of a row of this DATA_DESC_ID that are predicted, where those are not all.
    pub(super) fn part(&self, data_desc: i32) -> Option<Range<usize>> {
        self.channels.get(&data_desc).cloned()
    }

    /// The bundle of this number.
    pub(super) fn get(&self, number: usize) -> Option<&Bundle> {
        self.list.get(number)
    }

    /// Whether a DATA_DESC_ID stands for others, or for itself alone: those for which kernels are made.
    pub(super) fn leads(&self, data_desc: i32) -> bool {
        self.is_empty() || self.list.iter().any(|bundle| bundle.lead() == data_desc)
    }

    /// The cell that is predicted for the rows of a DATA_DESC_ID, where it is not its own.
    pub(super) fn shape(&self, data_desc: i32) -> Option<CellShape> {
        self.list.iter().find(|bundle| bundle.lead() == data_desc).map(Bundle::shape)
    }

    /// Bytes of the largest cell of a bundle.
    pub(super) fn row_bytes(&self) -> usize {
        self.list.iter().map(|bundle| bundle.shape().bytes()).max().unwrap_or(0)
    }

    /// The rows of the table that are visited.
    pub(super) fn rows(&self, survey: &RowSurvey) -> u64 {
        let all = self.list.iter().flat_map(|bundle| &bundle.data_descs);
        all.filter_map(|data_desc| survey.sequences.get(data_desc)).map(|sequence| sequence.rows.len()).sum()
    }

    /// What the rows of a DATA_DESC_ID that [leads](Bundles::leads) are predicted at.
    pub(super) fn band(&self, observation: &Observation, data_desc: i32) -> Result<Band> {
        let bundle = self.list.iter().find(|bundle| bundle.lead() == data_desc);
        let members = bundle.map_or(std::slice::from_ref(&data_desc), |bundle| &bundle.data_descs);
        let (_, polarization) = observation.setup(data_desc)?;
        let mut band = Band {
            windows: Vec::new(),
            frequencies: Vec::new(),
            widths: Vec::new(),
            correlations: polarization.correlations.clone(),
        };
        for member in members {
            let (window, _) = observation.setup(*member)?;
            let part = self.part(*member).unwrap_or(0..window.frequencies.len());
            band.windows.push(observation.spectral_window_of(*member));
            band.frequencies.extend(&window.frequencies[part.clone()]);
            band.widths.extend(&window.widths[part]);
        }
        Ok(band)
    }
}

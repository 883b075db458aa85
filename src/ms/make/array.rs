//! The DSA-110 as a recipe: its stations, its band and the drift scan of its continuum pipeline.

use super::geometry::itrf;
use super::spec::{Antenna, DataColumn, FieldLayout, MsSpec, RowOrder, SpectralWindow};
use casacore::Endian;

/// The 117 surveyed stations (see `data/README.md`).
const STATIONS: &str = include_str!("../../../data/dsa110_stations.csv");
/// Dish diameter of the DSA-110 \[m\].
const DISH: f64 = 4.65;
/// Lower edge of the band \[Hz\].
const BAND_START: f64 = 1311.25e6;
/// Channels of the whole band.
const BAND_CHANNELS: usize = 768;
/// Width of a channel \[Hz\]: 250 MHz / 1024.
const CHANNEL: f64 = 244_140.625;
/// Length of an integration \[s\]: 1536 × 2^23 ns.
const INTERVAL: f64 = 12.884_901_888;
/// Middle of the first integration, 2026-01-25T22:26:05 UTC, as MJD \[s\].
const START: f64 = 5_276_096_765.0;
/// Apparent declination of the scan \[rad\].
const DECLINATION: f64 = 16.15 * std::f64::consts::PI / 180.0;
/// Reference point of the array: latitude, longitude \[rad\] and height \[m\].
const CENTRE: (f64, f64, f64) = (0.649_845_510_7, -2.064_427_799_1, 1188.05);

/// True for the 96 stations that carry an antenna in the files of January 2026.
fn is_active(number: usize) -> bool {
    (1..=116).contains(&number) && !matches!(number, 10 | 21 | 22 | 23 | 52..=67)
}

/// The surveyed stations (number, antenna), in the order of the table; DSA-117 has no elevation and is left out.
fn stations() -> Vec<(usize, Antenna)> {
    STATIONS.lines().filter_map(station).collect()
}

/// One line of the station table; `None` for comments, the heading and a station without elevation.
fn station(line: &str) -> Option<(usize, Antenna)> {
    let mut cells = line.split(',').map(str::trim);
    let name = cells.next()?;
    let number = name.strip_prefix("DSA-")?.parse().ok()?;
    let latitude: f64 = cells.next()?.parse().ok()?;
    let longitude: f64 = cells.next()?.parse().ok()?;
    let height: f64 = cells.next()?.parse().ok()?;
    let position = itrf(latitude.to_radians(), longitude.to_radians(), height)?;
    Some((number, Antenna { name: name.to_owned(), position, dish_diameter: DISH }))
}

/// `count` antennas of the array: spread evenly over the 96 active ones; above 96 the idle stations follow, 116 at most.
fn antennas(count: usize) -> Vec<Antenna> {
    let (active, idle): (Vec<_>, Vec<_>) = stations().into_iter().partition(|(number, _)| is_active(*number));
    if count >= active.len() {
        return active.into_iter().chain(idle).take(count).map(|(_, antenna)| antenna).collect();
    }
    (0..count).map(|i| active[i * active.len() / count].1.clone()).collect()
}

/// `windows` windows of `channels` channels whose first channels divide the band evenly.
fn band(windows: usize, channels: usize) -> Vec<SpectralWindow> {
    // Channels that would overlap or leave the band are made narrower instead.
    let width = CHANNEL.min(BAND_CHANNELS as f64 * CHANNEL / (windows * channels).max(1) as f64);
    let stride = BAND_CHANNELS as f64 * CHANNEL / windows.max(1) as f64;
    (0..windows)
        .map(|window| {
            let first = BAND_START + window as f64 * stride + 0.5 * width;
            SpectralWindow::regular(format!("SPW{window}"), first, width, channels)
        })
        .collect()
}

impl MsSpec {
    /// The DSA-110 drifting over declination 16.15° from 2026-01-25T22:26:05 UTC, as its continuum pipeline writes it:
    /// integrations of 12.885 s, each with its own ICRS field on the meridian, XX and YY, autocorrelations in.
    ///
    /// `antennas` are spread evenly over the 96 active stations (from 97 on the idle stations follow; there are 116 in
    /// all). Each of the `spectral_windows` has `channels` channels of 244.14 kHz, or narrower ones if they would
    /// not fit into the band of 1311.25–1498.75 MHz. DATA is tiled and zero; there is no MODEL_DATA.
    pub fn dsa110(antennas: usize, times: usize, spectral_windows: usize, channels: usize) -> MsSpec {
        let (latitude, longitude, height) = CENTRE;
        MsSpec {
            telescope: "OVRO_MMA".to_owned(),
            site: itrf(latitude, longitude, height).unwrap_or_default(),
            antennas: self::antennas(antennas),
            times,
            start: START,
            interval: INTERVAL,
            spectral_windows: band(spectral_windows, channels),
            correlations: vec![9, 12],
            fields: FieldLayout::Drift,
            field_frame: "ICRS".to_owned(),
            declination: DECLINATION,
            autocorrelations: true,
            row_order: RowOrder::TimeWindowBaseline,
            data: Some(DataColumn::default()),
            model: None,
            endian: Endian::Little,
        }
    }

    /// A small one for demonstrations and tests: 24 antennas, 24 integrations, 48 channels (7,200 rows, 5.5 MB).
    pub fn dsa110_small() -> MsSpec {
        MsSpec::dsa110(24, 24, 1, 48)
    }

    /// The real size: 96 antennas, 24 integrations, 768 channels (111,744 rows, 1.37 GB).
    pub fn dsa110_full() -> MsSpec {
        MsSpec::dsa110(96, 24, 1, 768)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_station_table_holds_116_places_of_which_96_are_active() {
        let all = stations();
        assert_eq!(STATIONS.lines().filter(|line| line.starts_with("DSA-")).count(), 117);
        assert_eq!(all.len(), 116);
        assert_eq!(all.iter().filter(|(number, _)| is_active(*number)).count(), 96);
        // Position of DSA-001 as pyuvdata and ERFA's gd2gc in Python have it.
        let expected = [-2_409_761.229_4, -4_478_100.498_5, 3_838_761.518_3];
        for (got, want) in all[0].1.position.iter().zip(expected) {
            assert!((got - want).abs() < 1e-3, "{got} {want}");
        }
    }

    #[test]
    fn antennas_are_distinct_for_every_number() {
        for count in [0, 1, 2, 24, 95, 96, 97, 116, 200] {
            let mut names: Vec<_> = antennas(count).into_iter().map(|antenna| antenna.name).collect();
            assert_eq!(names.len(), count.min(116));
            names.dedup();
            assert_eq!(names.len(), count.min(116));
        }
    }

    #[test]
    fn the_band_is_that_of_the_instrument() {
        let whole = band(1, 768);
        assert_eq!(whole[0].frequencies[0], 1_311_372_070.312_5);
        assert_eq!(whole[0].frequencies[767], 1_498_627_929.687_5);
        // 16 sub-bands of 48 channels are the same channels.
        let split: Vec<f64> = band(16, 48).into_iter().flat_map(|window| window.frequencies).collect();
        assert_eq!(split, whole[0].frequencies);
        let fine = band(2, 1024);
        assert_eq!(fine[1].widths[0], 91_552.734_375);
        assert!(fine[1].frequencies[1023] < 1498.75e6);
    }
}

//! Boxes in longitude and latitude about circles on the sky, for databases that can only compare numbers.

use super::Near;
use crate::coords::Frame;

/// A band of latitudes, and intervals of longitude in it [deg].
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Boxes {
    /// Lowest and highest latitude [deg].
    pub latitudes: (f64, f64),
    /// Intervals within [0, 360] that do not overlap, ascending; none for all longitudes.
    pub longitudes: Option<Vec<(f64, f64)>>,
}

/// Beyond the edge [deg], so that rounding loses nothing at it: what is in the box is measured anyway.
const MARGIN: f64 = 1e-6;

/// The smallest boxes in `frame` of which every circle of `near` is a part.
pub(super) fn boxes(near: &Near, frame: Frame) -> Boxes {
    let radius = near.radius.to_degrees() + MARGIN;
    let mut latitudes = (f64::INFINITY, f64::NEG_INFINITY);
    let mut intervals = Vec::new();
    let mut all = false;
    for centre in &near.centres {
        let centre = centre.to(frame);
        let (longitude, latitude) =
            (centre.longitude.to_degrees().rem_euclid(360.0), centre.latitude.to_degrees());
        let (low, high) = (latitude - radius, latitude + radius);
        latitudes = (latitudes.0.min(low), latitudes.1.max(high));
        if low <= -90.0 || high >= 90.0 {
            // The circle holds a pole, hence all longitudes.
            all = true;
            continue;
        }
        // The circle's widest reach in longitude is where its meridian touches it: sin Δα = sin r / cos δ.
        let reach = (radius.to_radians().sin() / centre.latitude.cos()).min(1.0).asin().to_degrees() + MARGIN;
        let (from, to) = (longitude - reach, longitude + reach);
        if from < 0.0 {
            intervals.extend([(from + 360.0, 360.0), (0.0, to)]);
        } else if to > 360.0 {
            intervals.extend([(from, 360.0), (0.0, to - 360.0)]);
        } else {
            intervals.push((from, to));
        }
    }
    let latitudes = (latitudes.0.max(-90.0), latitudes.1.min(90.0));
    Boxes { latitudes, longitudes: (!all).then(|| merged(intervals)) }
}

/// Intervals, those that touch made one.
fn merged(mut intervals: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    intervals.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut merged: Vec<(f64, f64)> = Vec::new();
    for (from, to) in intervals {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coords::Direction;

    fn about(centres: &[(f64, f64)], radius: f64) -> Boxes {
        let centres =
            centres.iter().map(|(ra, dec)| Direction::from_degrees(Frame::J2000, *ra, *dec)).collect();
        boxes(&Near { centres, radius: radius.to_radians() }, Frame::J2000)
    }

    #[test]
    fn a_circle_across_the_origin_of_longitude_gives_two_intervals() {
        let found = about(&[(0.5, 0.0)], 1.0);
        let intervals = found.longitudes.unwrap();
        assert_eq!(intervals.len(), 2);
        assert!((intervals[0].1 - 1.5).abs() < 1e-4 && intervals[0].0 == 0.0);
        assert!((intervals[1].0 - 359.5).abs() < 1e-4 && intervals[1].1 == 360.0);
    }

    #[test]
    fn a_circle_over_a_pole_gives_all_longitudes() {
        assert_eq!(about(&[(10.0, 89.5)], 1.0).longitudes, None);
        let high = about(&[(10.0, 80.0)], 5.0).longitudes.unwrap();
        // asin(sin 5° / cos 80°) = 30.13°, far more than 5° / cos 80° would be wrong by: 28.8°.
        assert!((high[0].1 - 40.13).abs() < 0.01, "{high:?}");
    }

    #[test]
    fn drifting_centres_make_one_interval() {
        let centres: Vec<_> = (0..24).map(|i| (100.0 + 0.05 * f64::from(i), 16.0)).collect();
        assert_eq!(about(&centres, 2.0).longitudes.unwrap().len(), 1);
    }
}

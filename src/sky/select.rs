//! Which components of a catalogue are predicted.

use super::{Component, Cones};
use crate::coords::Direction;

/// What to choose from a catalogue; by default everything.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Selection {
    /// Keep what lies within this angle [rad] of any of the centres.
    pub radius: Option<f64>,
    /// Keep what has at least this |I| [Jy] at the catalogue's reference frequency.
    pub min_flux: Option<f64>,
    /// Keep no more than this many, the brightest in |I|.
    pub max_components: Option<usize>,
}

/// The indices of the chosen components, ascending.
///
/// A component within reach of several of `centres` (any frames) is chosen once. Of equally bright ones the
/// earlier in the catalogue goes first. Without a radius the centres do not matter.
pub fn select(components: &[Component], centres: &[Direction], selection: &Selection) -> Vec<usize> {
    let cones = selection.radius.map(|radius| Cones::new(centres, radius));
    let min_flux = selection.min_flux.unwrap_or(0.0);
    let mut chosen: Vec<usize> = components
        .iter()
        .enumerate()
        .filter(|(_, component)| component.stokes.i.abs() >= min_flux)
        .filter(|(_, component)| cones.as_ref().is_none_or(|cones| cones.contain(component.position)))
        .map(|(index, _)| index)
        .collect();
    if let Some(most) = selection.max_components
        && most < chosen.len()
    {
        let flux = |index: usize| components[index].stokes.i.abs();
        if most > 0 {
            chosen.select_nth_unstable_by(most - 1, |a, b| flux(*b).total_cmp(&flux(*a)).then(a.cmp(b)));
        }
        chosen.truncate(most);
        chosen.sort_unstable();
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coords::Frame;
    use crate::sky::Spectrum;

    fn sky(sources: &[(f64, f64, f64)]) -> Vec<Component> {
        let at = |ra, dec| Direction::from_degrees(Frame::J2000, ra, dec);
        sources.iter().map(|(ra, dec, flux)| Component::point(at(*ra, *dec), *flux, Spectrum::Flat)).collect()
    }

    fn centre(ra: f64, dec: f64) -> Direction {
        Direction::from_degrees(Frame::J2000, ra, dec)
    }

    fn within(degrees: f64) -> Selection {
        Selection { radius: Some(degrees.to_radians()), ..Selection::default() }
    }

    #[test]
    fn a_source_seen_from_several_centres_is_one_source() {
        let sky = sky(&[(10.0, 0.0, 1.0), (11.0, 0.0, 1.0), (12.5, 0.0, 1.0), (10.0, 3.0, 1.0)]);
        let centres = [centre(10.0, 0.0), centre(10.5, 0.0), centre(11.5, 0.0), centre(11.5, 0.0)];
        assert_eq!(select(&sky, &centres, &within(0.9)), [0, 1]);
        assert_eq!(select(&sky, &centres, &within(1.1)), [0, 1, 2]);
        assert_eq!(select(&sky, &[], &within(1.1)), [0usize; 0]);
        assert_eq!(select(&sky, &[], &Selection::default()), [0, 1, 2, 3]);
    }

    #[test]
    fn circles_cross_the_origin_and_the_poles() {
        let sky = sky(&[
            (359.9, 0.0, 1.0),
            (0.1, 0.0, 1.0),
            (10.0, 89.9, 1.0),
            (190.0, 89.9, 1.0),
            (180.0, 0.0, 1.0),
        ]);
        assert_eq!(select(&sky, &[centre(0.0, 0.0)], &within(0.2)), [0, 1]);
        assert_eq!(select(&sky, &[centre(10.0, 89.95)], &within(0.2)), [2, 3]);
        assert_eq!(select(&sky, &[centre(0.0, 0.0)], &within(180.0)), [0, 1, 2, 3, 4]);
        assert_eq!(select(&sky, &[centre(0.0, 0.0)], &within(179.9)), [0, 1, 2, 3]);
        // Centres on opposite sides leave no circle around them all.
        assert_eq!(select(&sky, &[centre(0.0, 0.0), centre(180.0, 0.0)], &within(0.2)), [0, 1, 4]);
    }

    #[test]
    fn the_edge_is_sharp_to_a_milliarcsecond() {
        let mas = (1f64 / 3.6e6).to_radians();
        let start = centre(100.0, 54.6);
        for radius in [10.0 * mas, 1e-3, 0.05, 2.0] {
            let direction = |angle: f64, distance: f64| start.offset(angle, distance);
            let sources: Vec<Component> = [-1.0, 1.0]
                .into_iter()
                .flat_map(|side| (0..8).map(move |i| (f64::from(i), side)))
                .map(|(angle, side)| {
                    Component::point(direction(angle, radius + side * mas), 1.0, Spectrum::Flat)
                })
                .collect();
            let chosen =
                select(&sources, &[start], &Selection { radius: Some(radius), ..Selection::default() });
            assert_eq!(chosen, (0..8).collect::<Vec<_>>(), "{radius}");
        }
    }

    #[test]
    fn the_brightest_are_kept_in_the_catalogues_order() {
        let sky =
            sky(&[(0.0, 0.0, 0.1), (0.0, 0.0, -5.0), (0.0, 0.0, 1.0), (0.0, 0.0, 1.0), (0.0, 0.0, 3.0)]);
        let most = |n| select(&sky, &[], &Selection { max_components: Some(n), ..Selection::default() });
        assert_eq!(most(3), [1, 2, 4]);
        assert_eq!(most(0), [0usize; 0]);
        assert_eq!(most(9), [0, 1, 2, 3, 4]);
        let bright = Selection { min_flux: Some(1.0), ..Selection::default() };
        assert_eq!(select(&sky, &[], &bright), [1, 2, 3, 4]);
    }
}

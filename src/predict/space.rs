//! Phase centres as axes in one space, in which the baselines of all of them can be compared.

use crate::coords::{Direction, Frame};

/// Frames that differ by a rotation alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    /// ICRS, J2000 and Galactic coordinates.
    Sky,
    /// B1950, which the E-terms of aberration distort.
    B1950,
}

impl Space {
    /// That of a frame.
    pub(super) fn of(frame: Frame) -> Space {
        if frame == Frame::B1950 { Space::B1950 } else { Space::Sky }
    }

    /// The unit vector of a direction.
    pub(super) fn vector(self, direction: Direction) -> [f64; 3] {
        match self {
            Space::Sky => direction.icrs_vector(),
            Space::B1950 => direction.to(Frame::B1950).unit_vector(),
        }
    }

    /// The axes of (u, v, w) about a centre of one of the frames of this space.
    pub(super) fn axes(self, centre: Direction) -> Axes {
        use std::f64::consts::FRAC_PI_2;
        let along = |longitude: f64, latitude: f64| {
            self.vector(Direction { longitude, latitude, frame: centre.frame })
        };
        let (longitude, latitude) = (centre.longitude, centre.latitude);
        Axes([
            along(longitude + FRAC_PI_2, 0.0),
            along(longitude, latitude + FRAC_PI_2),
            along(longitude, latitude),
        ])
    }
}

/// Unit vectors to the east, the north and the phase centre.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Axes([[f64; 3]; 3]);

impl Axes {
    /// Those of the space itself: (l, m, n) are the parts of a vector.
    pub(super) fn own() -> Axes {
        Axes(std::array::from_fn(|k| std::array::from_fn(|i| f64::from(u8::from(i == k)))))
    }

    /// l, m, n − 1 of a unit vector.
    pub(super) fn place(&self, x: [f64; 3]) -> [f64; 3] {
        let [east, north, centre] = self.0;
        // Half the square of the chord: 1 − n without cancellation.
        let chord: [f64; 3] = std::array::from_fn(|i| x[i] - centre[i]);
        [dot(east, x), dot(north, x), -0.5 * dot(chord, chord)]
    }

    /// A baseline (u, v, w) as a vector of the space.
    pub(super) fn vector(&self, [u, v, w]: [f64; 3]) -> [f64; 3] {
        let [east, north, centre] = self.0;
        std::array::from_fn(|i| u * east[i] + v * north[i] + w * centre[i])
    }

    /// A vector of the space as (u, v, w).
    pub(super) fn baseline(&self, b: [f64; 3]) -> [f64; 3] {
        self.0.map(|axis| dot(axis, b))
    }
}

/// The rotation of baselines about one centre to those about another: (u, v, w) of a row become those that it has about
/// the other, and its path is the new w less the old.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Turn {
    from: Axes,
    to: Axes,
}

impl Turn {
    /// From one centre's axes to another's; none where they are the same.
    pub(super) fn new(from: Axes, to: Axes) -> Option<Turn> {
        (from != to).then_some(Turn { from, to })
    }

    /// A baseline [m], and its path [m].
    pub(super) fn apply(&self, uvw: [f64; 3]) -> ([f64; 3], f64) {
        let turned = self.to.baseline(self.from.vector(uvw));
        (turned, turned[2] - uvw[2])
    }
}

pub(super) fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a source's phase is does not depend on the centre that it is reckoned about.
    #[test]
    fn phases_about_another_centre_are_the_same() {
        for frame in [Frame::Icrs, Frame::J2000, Frame::Galactic, Frame::B1950] {
            let at = |longitude: f64, latitude: f64| Direction::from_degrees(frame, longitude, latitude);
            let (first, second) = (at(343.5, 16.1), at(344.9, 15.2));
            let space = Space::of(frame);
            let turn = Turn::new(space.axes(first), space.axes(second)).unwrap();
            let source = Direction::from_degrees(Frame::J2000, 344.0, 15.8).to(frame);
            let uvw = [1200.0, -2100.0, 300.0];
            let (turned, path) = turn.apply(uvw);
            let lmn = source.lmn(first);
            let expected = dot(uvw, [lmn.l, lmn.m, lmn.n_minus_1]);
            let place = space.axes(second).place(space.vector(source));
            let found = dot(turned, place) + path;
            assert!((found - expected).abs() < 1e-9, "{frame}: {found} for {expected}");
            assert!(path.abs() > 1.0);
        }
        let axes = Space::Sky.axes(Direction::from_degrees(Frame::J2000, 10.0, 20.0));
        assert_eq!(Turn::new(axes, axes), None);
    }
}

//! Lines of right ascension and declination.

use super::axes::SMALL;
use super::canvas::{Across, Colour, Down, Picture, Place};
use super::sky::Map;
use crate::coords::{Direction, Frame};

/// Steps of declination [arcsec] and of right ascension [seconds of time].
const DEC_STEPS: [f64; 17] = [
    1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0, 18e3, 36e3,
    72e3,
];
const RA_STEPS: [f64; 17] = [
    0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0,
];

/// How many lines of each kind are wanted.
const LINES: f64 = 5.0;

/// The first of `steps` that is at least `about`; the last where none is.
fn step(steps: &[f64], about: f64) -> f64 {
    steps.iter().copied().find(|step| *step >= about).unwrap_or(steps[steps.len() - 1])
}

/// Draws the lines over a map, with words above it and to its right.
pub(super) fn draw(picture: &mut Picture, map: &Map) {
    // The half width of the map is a direction cosine in degrees.
    let half = map.half.to_radians().min(1.0).asin().to_degrees();
    let (ra, dec) = (map.centre.longitude.to_degrees(), map.centre.latitude.to_degrees());
    let reach = (1.5 * half).min(180.0);
    let (low, high) = ((dec - reach).max(-90.0), (dec + reach).min(90.0));

    let dec_step = step(&DEC_STEPS, 2.0 * half * 3600.0 / LINES) / 3600.0;
    // Where the lines of right ascension run together, or all of them cross the map, the whole circle is drawn.
    let nearest = low.abs().max(high.abs()).min(89.0).to_radians();
    let span = if dec.abs() + half > 88.0 { 180.0 } else { (reach / nearest.cos()).min(180.0) };
    let cosine = dec.to_radians().cos().max(0.1);
    let ra_step = step(&RA_STEPS, (2.0 * half / cosine).min(360.0) * 240.0 / LINES) / 240.0;

    let point = |ra: f64, dec: f64| map.place(Direction::from_degrees(Frame::J2000, ra, dec));
    let samples = |from: f64, to: f64| (0..=240).map(move |k| from + (to - from) * f64::from(k) / 240.0);
    let mut words = Words::default();
    for dec in multiples(low, high, dec_step).filter(|dec| dec.abs() < 89.999) {
        let line = samples(ra - span, ra + span).map(|ra| point(ra, dec));
        words.line(picture, map, line, &dec_words(dec, dec_step), Edge::Right);
    }
    let whole = span >= 180.0;
    for line_ra in multiples(ra - span, ra + span, ra_step).skip(usize::from(whole)) {
        let line = samples(low, high).map(|dec| point(line_ra, dec));
        words.line(picture, map, line, &ra_words(line_ra, ra_step), Edge::Top);
    }
    let end = map.panel.ends();
    let at = [end[0], map.panel.corner[1] - 22.0];
    picture.words(at, "RA, Dec (J2000)", SMALL, Colour::GREY, (Across::Right, Down::Base));
}

fn multiples(from: f64, to: f64, step: f64) -> impl Iterator<Item = f64> {
    ((from / step).ceil() as i64..=(to / step).floor() as i64).map(move |k| k as f64 * step)
}

#[derive(Clone, Copy, PartialEq)]
enum Edge {
    Top,
    Right,
}

/// Where words are already, along the two edges.
#[derive(Default)]
struct Words {
    top: Vec<[f64; 2]>,
    right: Vec<[f64; 2]>,
}

impl Words {
    /// Draws a line, and its words where it leaves through the edge.
    fn line(
        &mut self,
        picture: &mut Picture,
        map: &Map,
        points: impl Iterator<Item = Option<Place>>,
        words: &str,
        edge: Edge,
    ) {
        let mut chains: Vec<Vec<Place>> = vec![Vec::new()];
        for point in points {
            match point {
                Some(point) => chains.last_mut().map(|chain| chain.push(point)).unwrap_or_default(),
                None => chains.push(Vec::new()),
            }
        }
        for piece in chains.iter().flat_map(|chain| map.panel.clipped(chain)) {
            for end in [piece.first(), piece.last()].into_iter().flatten() {
                self.put(picture, map, *end, words, edge);
            }
            picture.line(piece, Colour::GRID, 1.0);
        }
    }

    fn put(&mut self, picture: &mut Picture, map: &Map, end: Place, words: &str, edge: Edge) {
        let (corner, far) = (map.panel.corner, map.panel.ends());
        let half = match edge {
            Edge::Top => 0.5 * super::letters::width(words, SMALL) + 4.0,
            Edge::Right => 9.0,
        };
        let (on_edge, along, taken) = match edge {
            Edge::Top => ((end[1] - corner[1]).abs() < 1e-6, end[0], &mut self.top),
            Edge::Right => ((end[0] - far[0]).abs() < 1e-6, end[1], &mut self.right),
        };
        let range = [along - half, along + half];
        if !on_edge || taken.iter().any(|other| range[0] < other[1] && other[0] < range[1]) {
            return;
        }
        taken.push(range);
        let (at, anchor) = match edge {
            Edge::Top => ([along, corner[1] - 7.0], (Across::Middle, Down::Base)),
            Edge::Right => ([far[0] + 7.0, along], (Across::Left, Down::Middle)),
        };
        picture.words(at, words, SMALL, Colour::GREY, anchor);
    }
}

/// `22h54m`, with seconds only where the step [deg] needs them.
fn ra_words(degrees: f64, step: f64) -> String {
    let seconds = degrees.rem_euclid(360.0) * 240.0;
    let step = step * 240.0;
    let tenths = if step < 0.95 { 10.0 } else { 1.0 };
    let seconds = ((seconds * tenths).round() / tenths) % 86_400.0;
    let (hours, minutes) = ((seconds / 3600.0) as u32, (seconds / 60.0) as u32 % 60);
    match step {
        step if step < 0.95 => format!("{hours}h{minutes:02}m{:04.1}s", seconds % 60.0),
        step if step < 59.5 => format!("{hours}h{minutes:02}m{:02.0}s", seconds % 60.0),
        _ => format!("{hours}h{minutes:02}m"),
    }
}

/// `+16°30′`, with minutes and seconds only where the step [deg] needs them.
fn dec_words(degrees: f64, step: f64) -> String {
    let sign = if degrees < -1e-9 { '−' } else { '+' };
    let seconds = (degrees.abs() * 3600.0).round() as u32;
    let (whole, minutes) = (seconds / 3600, seconds / 60 % 60);
    match step * 3600.0 {
        step if step < 59.5 => format!("{sign}{whole}°{minutes:02}′{:02}″", seconds % 60),
        step if step < 3599.0 => format!("{sign}{whole}°{minutes:02}′"),
        _ => format!("{sign}{whole}°"),
    }
}

/// A name from a position, as catalogues make them: `J2253+1608`.
pub(super) fn short_name(position: Direction) -> String {
    let position = position.to(Frame::J2000);
    // Cut off and not rounded.
    let minutes = (position.longitude.to_degrees().rem_euclid(360.0) * 4.0 + 1e-7) as u32 % 1440;
    let dec = position.latitude.to_degrees();
    let arcmin = (dec.abs() * 60.0 + 1e-7) as u32;
    let sign = if dec < 0.0 { '−' } else { '+' };
    format!("J{:02}{:02}{sign}{:02}{:02}", minutes / 60, minutes % 60, arcmin / 60, arcmin % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_written_as_people_do() {
        assert_eq!(ra_words(343.5, 1.25), "22h54m");
        assert_eq!(ra_words(-0.25, 0.125), "23h59m00s");
        assert_eq!(ra_words(359.999_999_999, 1.25), "0h00m");
        assert_eq!(dec_words(-0.5, 0.5), "−0°30′");
        assert_eq!(dec_words(16.0, 1.0), "+16°");
        assert_eq!(short_name(Direction::from_degrees(Frame::J2000, 343.4906, 16.1482)), "J2253+1608");
    }
}

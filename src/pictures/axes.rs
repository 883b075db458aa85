//! Panels with axes: numbers to places, ticks and frames.

use super::canvas::{Across, Colour, Down, Picture, Place};

/// How numbers go along an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    /// The number at the left or lower end.
    pub(super) from: f64,
    /// The number at the right or upper end; may be the smaller one.
    pub(super) to: f64,
    /// Whether equal steps are equal factors.
    pub(super) logarithmic: bool,
}

impl Scale {
    /// Equal steps.
    pub(super) fn linear(from: f64, to: f64) -> Scale {
        Scale { from, to, logarithmic: false }
    }

    /// Equal factors; both ends positive.
    pub(super) fn logarithmic(from: f64, to: f64) -> Scale {
        Scale { from, to, logarithmic: true }
    }

    /// How far along the axis a number lies: 0 at its beginning, 1 at its end.
    pub(super) fn part(&self, value: f64) -> f64 {
        if self.logarithmic {
            (value / self.from).ln() / (self.to / self.from).ln()
        } else {
            (value - self.from) / (self.to - self.from)
        }
    }

    /// The numbers that are written, with their words, and those that only have a tick.
    pub(super) fn ticks(&self, about: usize) -> (Vec<(f64, String)>, Vec<f64>) {
        if self.logarithmic { self.decades() } else { self.steps(about) }
    }

    fn steps(&self, about: usize) -> (Vec<(f64, String)>, Vec<f64>) {
        let (low, high) = (self.from.min(self.to), self.from.max(self.to));
        let (step, parts) = nice_step((high - low) / about.max(1) as f64);
        let decimals = (-step.log10().floor()).max(0.0) as usize;
        // 0.25 needs one more digit than 0.2.
        let decimals = decimals + usize::from((step * 10f64.powi(decimals as i32)).fract() > 1e-6);
        let slack = 1e-9 * (high - low);
        let multiples = |step: f64| {
            let (first, last) =
                (((low - slack) / step).ceil() as i64, ((high + slack) / step).floor() as i64);
            (first..=last).map(move |k| k as f64 * step)
        };
        let word = |value: f64| {
            let text = format!("{:.decimals$}", value + 0.0);
            if value < -slack { text.replace('-', "−") } else { text.replace('-', "") }
        };
        let major = multiples(step).map(|value| (value, word(value))).collect();
        (major, multiples(step / f64::from(parts)).collect())
    }

    fn decades(&self) -> (Vec<(f64, String)>, Vec<f64>) {
        let (low, high) = (self.from.min(self.to), self.from.max(self.to));
        let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
        let inside = |value: &f64| *value >= low * 0.999_999 && *value <= high * 1.000_001;
        let all = |digits: &[f64]| -> Vec<f64> {
            let digits = digits.to_vec();
            (first..=last)
                .flat_map(|power| {
                    digits.iter().map(move |digit| digit * 10f64.powi(power)).collect::<Vec<_>>()
                })
                .filter(inside)
                .collect()
        };
        let decades = (high / low).log10();
        let written: &[f64] = match decades {
            d if d < 0.8 => &[1.0, 2.0, 3.0, 5.0, 7.0],
            d if d < 2.3 => &[1.0, 3.0],
            _ => &[1.0],
        };
        let every = (decades / 6.0).ceil().max(1.0) as i32;
        let major = all(written)
            .into_iter()
            .filter(|value| every == 1 || (value.log10().round() as i32).rem_euclid(every) == 0);
        let minor = if decades > 8.0 { Vec::new() } else { all(&[2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]) };
        (major.map(|value| (value, plain(value))).collect(), minor)
    }
}

/// A step of about this size that people like, and into how many small ones it falls.
fn nice_step(about: f64) -> (f64, u8) {
    let power = 10f64.powf(about.max(1e-300).log10().floor());
    let choices = [(1.0, 5), (2.0, 4), (5.0, 5), (10.0, 5)];
    let (digit, parts) =
        choices.into_iter().find(|(digit, _)| digit * power >= 0.999 * about).unwrap_or((10.0, 5));
    (digit * power, parts)
}

/// A number as people write it: 0.01, 3, 1000, 2×10⁵.
pub(super) fn plain(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-3..1e5).contains(&size) {
        let digits = (2 - size.max(1e-3).log10().floor() as i32).clamp(0, 6) as usize;
        let text = format!("{value:.digits$}");
        let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        return short.replace('-', "−");
    }
    let power = size.log10().floor() as i32;
    let digit = value / 10f64.powi(power);
    let raised: String = power.to_string().chars().map(raise).collect();
    let front = format!("{digit:.1}").trim_end_matches('0').trim_end_matches('.').replace('-', "−");
    if front == "1" { format!("10{raised}") } else { format!("{front}×10{raised}") }
}

fn raise(sign: char) -> char {
    match sign {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        digit => digit.to_digit(10).and_then(|d| char::from_u32(0x2070 + d)).unwrap_or(digit),
    }
}

/// A flux density [Jy] in words: 12.7 Jy, 85 mJy.
pub(super) fn flux_words(flux: f64) -> String {
    match flux.abs() {
        size if size >= 0.9995 || size == 0.0 => format!("{} Jy", plain(three_digits(flux))),
        size if size >= 0.9995e-3 => format!("{} mJy", plain(three_digits(flux * 1e3))),
        _ => format!("{} µJy", plain(three_digits(flux * 1e6))),
    }
}

/// Rounded to three digits.
fn three_digits(value: f64) -> f64 {
    if value == 0.0 {
        return 0.0;
    }
    let unit = 10f64.powf(value.abs().log10().floor() - 2.0);
    (value / unit).round() * unit
}

/// How many numbers have room along an axis.
fn about(length: f64) -> usize {
    (length / 55.0).round().max(2.0) as usize
}

/// Ticks with their lengths.
fn lengths<'a>(major: &'a [(f64, String)], minor: &'a [f64]) -> impl Iterator<Item = (f64, f64)> + 'a {
    major.iter().map(|(value, _)| (*value, 6.0)).chain(minor.iter().map(|value| (*value, 3.0)))
}

/// A rectangle in which numbers have places.
#[derive(Debug, Clone, Copy)]
pub(super) struct Panel {
    /// The upper left corner.
    pub(super) corner: Place,
    /// Width and height.
    pub(super) size: [f64; 2],
    /// Left to right.
    pub(super) x: Scale,
    /// Bottom to top.
    pub(super) y: Scale,
}

/// The size of the words along axes.
pub(super) const SMALL: f64 = 11.0;

impl Panel {
    /// Where a pair of numbers is.
    pub(super) fn at(&self, x: f64, y: f64) -> Place {
        [
            self.corner[0] + self.size[0] * self.x.part(x),
            self.corner[1] + self.size[1] * (1.0 - self.y.part(y)),
        ]
    }

    /// The right and lower ends.
    pub(super) fn ends(&self) -> Place {
        [self.corner[0] + self.size[0], self.corner[1] + self.size[1]]
    }

    /// Whether a place lies inside.
    pub(super) fn holds(&self, place: Place) -> bool {
        let end = self.ends();
        (0..2).all(|k| place[k] >= self.corner[k] && place[k] <= end[k])
    }

    /// The pieces of a line of places that lie inside.
    pub(super) fn clipped(&self, points: &[Place]) -> Vec<Vec<Place>> {
        let mut pieces: Vec<Vec<Place>> = Vec::new();
        for pair in points.windows(2) {
            let Some((from, to)) = self.clip(pair[0], pair[1]) else { continue };
            match pieces.last_mut() {
                Some(piece) if piece.last() == Some(&from) => piece.push(to),
                _ => pieces.push(vec![from, to]),
            }
        }
        pieces
    }

    /// Liang and Barsky's clipping of a step.
    fn clip(&self, from: Place, to: Place) -> Option<(Place, Place)> {
        if !(from.iter().chain(&to).all(|x| x.is_finite())) {
            return None;
        }
        let end = self.ends();
        let (mut enters, mut leaves) = (0.0f64, 1.0f64);
        for k in 0..2 {
            let step = to[k] - from[k];
            for (direction, room) in [(-step, from[k] - self.corner[k]), (step, end[k] - from[k])] {
                if direction == 0.0 {
                    if room < 0.0 {
                        return None;
                    }
                } else if direction < 0.0 {
                    enters = enters.max(room / direction);
                } else {
                    leaves = leaves.min(room / direction);
                }
            }
        }
        let along = |part: f64| {
            if part == 0.0 {
                from
            } else if part == 1.0 {
                to
            } else {
                [from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1])]
            }
        };
        (enters < leaves).then(|| (along(enters), along(leaves)))
    }

    /// The frame with ticks and numbers below and to the left.
    pub(super) fn frame(&self, picture: &mut Picture, below: &str, left: &str) {
        self.below(picture, below);
        let (major, minor) = self.y.ticks(about(self.size[1]));
        self.left(picture, &major, &minor, left);
        self.outline(picture);
    }

    /// Ticks, numbers and a title along the lower side.
    pub(super) fn below(&self, picture: &mut Picture, title: &str) {
        let y = self.ends()[1];
        let (major, minor) = self.x.ticks(about(self.size[0]));
        for (x, length) in lengths(&major, &minor) {
            let x = self.at(x, self.y.from)[0];
            picture.line(vec![[x, y], [x, y - length]], Colour::INK, 1.0);
        }
        for (value, words) in &major {
            let at = [self.at(*value, self.y.from)[0], y + 7.0];
            picture.words(at, words.as_str(), SMALL, Colour::INK, (Across::Middle, Down::Top));
        }
        let at = [self.corner[0] + 0.5 * self.size[0], y + 25.0];
        picture.words(at, title, SMALL + 1.0, Colour::INK, (Across::Middle, Down::Top));
    }

    /// Ticks, numbers and a title along the left side.
    pub(super) fn left(&self, picture: &mut Picture, major: &[(f64, String)], minor: &[f64], title: &str) {
        let x = self.corner[0];
        for (y, length) in lengths(major, minor) {
            let y = self.at(self.x.from, y)[1];
            picture.line(vec![[x, y], [x + length, y]], Colour::INK, 1.0);
        }
        let mut widest = 0.0f64;
        for (value, words) in major {
            widest = widest.max(super::letters::width(words, SMALL));
            let at = [x - 6.0, self.at(self.x.from, *value)[1]];
            picture.words(at, words.as_str(), SMALL, Colour::INK, (Across::Right, Down::Middle));
        }
        let at = [x - widest - 18.0, self.corner[1] + 0.5 * self.size[1]];
        picture.words_upright(at, title, SMALL + 1.0, Colour::INK);
    }

    /// The frame alone.
    pub(super) fn outline(&self, picture: &mut Picture) {
        let end = self.ends();
        let corners = vec![self.corner, [end[0], self.corner[1]], end, [self.corner[0], end[1]]];
        picture.closed(corners, Colour::INK, 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers() {
        let words = |scale: Scale, about| -> Vec<String> {
            scale.ticks(about).0.into_iter().map(|(_, words)| words).collect()
        };
        assert_eq!(words(Scale::linear(2.3, -2.3), 5), ["−2", "−1", "0", "1", "2"]);
        assert_eq!(words(Scale::linear(0.0, 1.0), 4), ["0.0", "0.5", "1.0"]);
        assert_eq!(words(Scale::logarithmic(0.02, 50.0), 5), ["0.1", "1", "10"]);
        assert_eq!(words(Scale::logarithmic(1.0, 30.0), 5), ["1", "3", "10", "30"]);
        assert_eq!([plain(1e5), plain(2.5e-7), plain(0.012)], ["10⁵", "2.5×10⁻⁷", "0.012"]);
        assert_eq!(
            [flux_words(12.678), flux_words(0.0852), flux_words(3e-5)],
            ["12.7 Jy", "85.2 mJy", "30 µJy"]
        );
    }

    #[test]
    fn lines_end_at_the_frame() {
        let panel = Panel {
            corner: [10.0, 10.0],
            size: [100.0, 50.0],
            x: Scale::linear(0.0, 1.0),
            y: Scale::linear(0.0, 1.0),
        };
        assert_eq!(panel.at(0.5, 1.0), [60.0, 10.0]);
        let pieces = panel.clipped(&[[0.0, 20.0], [50.0, 20.0], [50.0, 200.0], [60.0, 200.0], [60.0, 30.0]]);
        let expected: Vec<Vec<Place>> =
            vec![vec![[10.0, 20.0], [50.0, 20.0], [50.0, 60.0]], vec![[60.0, 60.0], [60.0, 30.0]]];
        assert_eq!(pieces, expected);
    }
}

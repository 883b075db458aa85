//! A picture before it is drawn: lines, areas and words at places counted in pixels from the upper left corner.

/// A colour and how much of it covers what lies below.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Colour {
    /// Red, green and blue.
    pub rgb: [u8; 3],
    /// 0 (nothing) to 1 (all).
    pub alpha: f64,
}

impl Colour {
    /// Black ink.
    pub const INK: Colour = Colour::new(0x22, 0x22, 0x26);
    /// Grey of secondary words.
    pub const GREY: Colour = Colour::new(0x6b, 0x6f, 0x76);
    /// Thin lines of a grid.
    pub const GRID: Colour = Colour::new(0xd5, 0xd9, 0xde);
    /// Blue: what was measured, points.
    pub const BLUE: Colour = Colour::new(0x1f, 0x5f, 0xa8);
    /// Orange: the model, Gaussians.
    pub const ORANGE: Colour = Colour::new(0xd9, 0x6a, 0x0b);
    /// Green: the antennas.
    pub const GREEN: Colour = Colour::new(0x1b, 0x80, 0x5a);
    /// Paper.
    pub const PAPER: Colour = Colour::new(0xff, 0xff, 0xff);

    /// A colour that covers.
    pub const fn new(red: u8, green: u8, blue: u8) -> Colour {
        Colour { rgb: [red, green, blue], alpha: 1.0 }
    }

    /// The same, covering only so much.
    pub const fn faint(self, alpha: f64) -> Colour {
        Colour { alpha, ..self }
    }

    /// Part of the way (0 to 1) from this colour to another.
    pub fn towards(self, other: Colour, part: f64) -> Colour {
        let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * part).round() as u8;
        Colour {
            rgb: std::array::from_fn(|k| mix(self.rgb[k], other.rgb[k])),
            alpha: self.alpha + (other.alpha - self.alpha) * part,
        }
    }
}

/// A place: x to the right, y down.
pub(super) type Place = [f64; 2];

/// What of some words is put at their place, left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Across {
    /// Their beginning.
    Left,
    /// Their middle.
    Middle,
    /// Their end.
    Right,
}

/// What of some words is put at their place, top to bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Down {
    /// The top of the capitals.
    Top,
    /// Half the height of the capitals.
    Middle,
    /// The line they stand on.
    Base,
}

/// A thing in a picture.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A line through points.
    Line {
        /// The points.
        points: Vec<[f64; 2]>,
        /// Its colour.
        colour: Colour,
        /// Its width.
        width: f64,
    },
    /// A filled area.
    Area {
        /// Its corners.
        points: Vec<[f64; 2]>,
        /// Its colour.
        colour: Colour,
    },
    /// Words.
    Words {
        /// Where.
        at: [f64; 2],
        /// What.
        text: String,
        /// The size of the letters.
        size: f64,
        /// Their colour.
        colour: Colour,
        /// What of them lies at the place.
        anchor: (Across, Down),
        /// Whether they are read from below.
        upright: bool,
    },
}

/// A picture: things from the lowest to the uppermost; words lie above all else.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// Pixels to the right.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// What it shows.
    pub items: Vec<Item>,
}

impl Picture {
    /// Empty paper.
    pub fn new(width: u32, height: u32) -> Picture {
        Picture { width, height, items: Vec::new() }
    }

    /// A line through points.
    pub(super) fn line(&mut self, points: Vec<Place>, colour: Colour, width: f64) {
        if points.len() > 1 {
            self.items.push(Item::Line { points, colour, width });
        }
    }

    /// A line of dashes of `dash` pixels with gaps of `gap`.
    pub(super) fn dashed(&mut self, points: &[Place], colour: Colour, width: f64, [dash, gap]: [f64; 2]) {
        let (mut drawing, mut left) = (true, dash);
        let mut current: Vec<Place> = points.first().copied().into_iter().collect();
        for pair in points.windows(2) {
            let (mut from, to) = (pair[0], pair[1]);
            loop {
                let length = (to[0] - from[0]).hypot(to[1] - from[1]);
                if length <= left || length == 0.0 {
                    left -= length;
                    current.push(to);
                    break;
                }
                let part = left / length;
                from = [from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1])];
                current.push(from);
                if drawing {
                    self.line(std::mem::take(&mut current), colour, width);
                }
                current = vec![from];
                drawing = !drawing;
                left = if drawing { dash } else { gap };
            }
        }
        if drawing {
            self.line(current, colour, width);
        }
    }

    /// An area with these corners.
    pub(super) fn area(&mut self, points: Vec<Place>, colour: Colour) {
        self.items.push(Item::Area { points, colour });
    }

    /// The rectangle between two corners.
    pub(super) fn block(&mut self, a: Place, b: Place, colour: Colour) {
        self.area(vec![a, [b[0], a[1]], b, [a[0], b[1]]], colour);
    }

    /// A filled circle with an edge.
    pub(super) fn disc(&mut self, centre: Place, radius: f64, fill: Colour, edge: Colour) {
        let circle = ellipse(centre, [radius, radius], 0.0);
        self.area(circle.clone(), fill);
        self.closed(circle, edge, 1.0);
    }

    /// A closed line.
    pub(super) fn closed(&mut self, mut points: Vec<Place>, colour: Colour, width: f64) {
        points.extend(points.first().copied());
        self.line(points, colour, width);
    }

    /// Words that lie on the level.
    pub(super) fn words(
        &mut self,
        at: Place,
        text: impl Into<String>,
        size: f64,
        colour: Colour,
        anchor: (Across, Down),
    ) {
        self.items.push(Item::Words { at, text: text.into(), size, colour, anchor, upright: false });
    }

    /// Words that are read from below, their middle at `at`.
    pub(super) fn words_upright(&mut self, at: Place, text: impl Into<String>, size: f64, colour: Colour) {
        let anchor = (Across::Middle, Down::Middle);
        self.items.push(Item::Words { at, text: text.into(), size, colour, anchor, upright: true });
    }

    /// An arrow.
    pub(super) fn arrow(&mut self, from: Place, to: Place, colour: Colour, width: f64) {
        let length = (to[0] - from[0]).hypot(to[1] - from[1]).max(1e-9);
        let (x, y) = ((to[0] - from[0]) / length, (to[1] - from[1]) / length);
        let (long, wide) = (4.0 + 3.0 * width, 2.0 + 1.2 * width);
        let neck = [to[0] - long * x, to[1] - long * y];
        self.line(vec![from, neck], colour, width);
        self.area(
            vec![to, [neck[0] - wide * y, neck[1] + wide * x], [neck[0] + wide * y, neck[1] - wide * x]],
            colour,
        );
    }
}

/// The corners of an ellipse whose first half axis points `angle` [rad] from the right, upwards.
pub(super) fn ellipse(centre: Place, half: [f64; 2], angle: f64) -> Vec<Place> {
    let corners = ((half[0].max(half[1]) * 4.0) as usize).clamp(24, 120);
    let (sin, cos) = angle.sin_cos();
    (0..corners)
        .map(|k| {
            let (y, x) = (std::f64::consts::TAU * k as f64 / corners as f64).sin_cos();
            let (x, y) = (half[0] * x, half[1] * y);
            [centre[0] + x * cos - y * sin, centre[1] - x * sin - y * cos]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_cover_their_share_of_a_line() {
        let mut picture = Picture::new(100, 100);
        picture.dashed(&[[0.0, 0.0], [30.0, 0.0], [30.0, 70.0]], Colour::INK, 1.0, [6.0, 4.0]);
        let length = |points: &[Place]| -> f64 {
            points.windows(2).map(|p| (p[1][0] - p[0][0]).hypot(p[1][1] - p[0][1])).sum()
        };
        let drawn: f64 = picture
            .items
            .iter()
            .map(|item| if let Item::Line { points, .. } = item { length(points) } else { 0.0 })
            .sum();
        assert!((drawn - 60.0).abs() < 1e-9, "{drawn}");
        assert_eq!(picture.items.len(), 10);
    }
}

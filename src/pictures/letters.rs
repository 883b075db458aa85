//! Letters from the font that is built in.

use std::sync::OnceLock;

use ab_glyph_rasterizer::{Point, Rasterizer, point};
use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider};

use super::canvas::{Across, Colour, Down};

/// DejaVu Sans, reduced to the signs that pictures need; its licence lies beside it.
const FONT: &[u8] = include_bytes!("../../data/fonts/DejaVuSans-subset.ttf");

/// The height of capitals and of the letter x of that font, relative to the size.
pub(super) const CAPITALS: f64 = 0.73;

/// The font; none only if the file that was built in is no font.
fn font() -> Option<&'static FontRef<'static>> {
    static PARSED: OnceLock<Option<FontRef<'static>>> = OnceLock::new();
    PARSED.get_or_init(|| FontRef::new(FONT).ok()).as_ref()
}

/// The letter's glyph; that of a missing sign if the font has none.
fn glyph(font: &FontRef, letter: char) -> GlyphId {
    font.charmap().map(letter).unwrap_or(GlyphId::NOTDEF)
}

/// How far a glyph moves the next one on [pixels].
fn advance(font: &FontRef, glyph: GlyphId, size: f64) -> f64 {
    let metrics = font.glyph_metrics(Size::new(size as f32), LocationRef::default());
    metrics.advance_width(glyph).map_or(0.0, f64::from)
}

/// How wide some words are at a size [pixels].
pub(super) fn width(text: &str, size: f64) -> f64 {
    let Some(font) = font() else { return 0.6 * size * text.chars().count() as f64 };
    text.chars().map(|letter| advance(font, glyph(font, letter), size)).sum()
}

/// The lines that a glyph is bounded by, placed among the pixels: right of and below the origin.
struct Outline {
    origin: Point,
    first: Point,
    last: Point,
    curves: Vec<[Point; 3]>,
}

impl Outline {
    fn new(origin: Point) -> Self {
        Outline { origin, first: origin, last: origin, curves: Vec::new() }
    }

    fn place(&self, right: f32, up: f32) -> Point {
        point(self.origin.x + right, self.origin.y - up)
    }

    /// The pixels that the glyph touches: the first, and how many.
    fn bounds(&self) -> (Point, [usize; 2]) {
        let points = || self.curves.iter().flatten();
        let least = |of: fn(&Point) -> f32| points().map(of).fold(f32::INFINITY, f32::min).floor();
        let most = |of: fn(&Point) -> f32| points().map(of).fold(f32::NEG_INFINITY, f32::max).ceil();
        let corner = point(least(|p| p.x), least(|p| p.y));
        (corner, [(most(|p| p.x) - corner.x) as usize, (most(|p| p.y) - corner.y) as usize])
    }
}

impl OutlinePen for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        self.first = self.place(x, y);
        self.last = self.first;
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let end = self.place(x, y);
        self.curves.push([self.last, self.last, end]);
        self.last = end;
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        let (control, end) = (self.place(cx, cy), self.place(x, y));
        self.curves.push([self.last, control, end]);
        self.last = end;
    }

    /// TrueType has no cubic curves; one would be drawn as the nearest quadratic one.
    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        let (a, b, end) = (self.place(cx0, cy0), self.place(cx1, cy1), self.place(x, y));
        let middle = |a: f32, b: f32, first: f32, last: f32| 0.75 * (a + b) - 0.25 * (first + last);
        let control = point(middle(a.x, b.x, self.last.x, end.x), middle(a.y, b.y, self.last.y, end.y));
        self.curves.push([self.last, control, end]);
        self.last = end;
    }

    fn close(&mut self) {
        self.curves.push([self.last, self.last, self.first]);
        self.last = self.first;
    }
}

/// Where words are put.
pub(super) struct Setting {
    pub(super) at: [f64; 2],
    pub(super) size: f64,
    pub(super) colour: Colour,
    pub(super) anchor: (Across, Down),
    pub(super) upright: bool,
}

/// Draws words over `pixels`, shape (row, column, RGB) with `columns` columns.
pub(super) fn draw(pixels: &mut [u8], columns: usize, text: &str, set: &Setting) {
    let Some(font) = font() else { return };
    let settings = || DrawSettings::unhinted(Size::new(set.size as f32), LocationRef::default());
    let across = match set.anchor.0 {
        Across::Left => 0.0,
        Across::Middle => -0.5 * width(text, set.size),
        Across::Right => -width(text, set.size),
    };
    let down = match set.anchor.1 {
        Down::Top => CAPITALS * set.size,
        Down::Middle => 0.5 * CAPITALS * set.size,
        Down::Base => 0.0,
    };
    // The origin in the words' own axes; upright words turn these by a quarter.
    let (mut x, y, origin) = match set.upright {
        false => (set.at[0] + across, set.at[1] + down, [0.0; 2]),
        true => (across, down, set.at),
    };
    for letter in text.chars() {
        let glyph = glyph(font, letter);
        let mut outline = Outline::new(point(x as f32, y as f32));
        x += advance(font, glyph, set.size);
        let drawn =
            font.outline_glyphs().get(glyph).is_some_and(|o| o.draw(settings(), &mut outline).is_ok());
        if !drawn || outline.curves.is_empty() {
            continue;
        }
        let (corner, [width, height]) = outline.bounds();
        let mut raster = Rasterizer::new(width, height);
        let moved = |p: &Point| point(p.x - corner.x, p.y - corner.y);
        for [begin, control, end] in &outline.curves {
            raster.draw_quad(moved(begin), moved(control), moved(end));
        }
        raster.for_each_pixel_2d(|right, below, cover| {
            let (along, across) =
                (f64::from(corner.x) + f64::from(right), f64::from(corner.y) + f64::from(below));
            let (column, row) = match set.upright {
                false => (along, across),
                true => (origin[0] + across, origin[1] - along),
            };
            blend(pixels, columns, [column, row], set.colour, f64::from(cover));
        });
    }
}

/// Covers one pixel by a part of a colour.
fn blend(pixels: &mut [u8], columns: usize, [column, row]: [f64; 2], colour: Colour, cover: f64) {
    if column < 0.0 || row < 0.0 || column as usize >= columns {
        return;
    }
    let first = 3 * (row as usize * columns + column as usize);
    if let Some(pixel) = pixels.get_mut(first..first + 3) {
        let part = (cover * colour.alpha).clamp(0.0, 1.0);
        for (value, ink) in pixel.iter_mut().zip(colour.rgb) {
            *value = (f64::from(*value) + (f64::from(ink) - f64::from(*value)) * part).round() as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_that_pictures_use_is_in_the_font() {
        let font = font().expect("a font");
        for sign in "ABCXYZabcxyz0123456789 .,:;()[]|²³°′″−±×·≤≥→√–αδλνσχΔΣµμÄé/%'\"+=<>*_&".chars()
        {
            assert!(glyph(font, sign) != GlyphId::NOTDEF, "{sign:?} is not in the font");
        }
        assert!(width("MM", 10.0) > width("ii", 10.0) && width("ii", 10.0) > 0.0);
    }
}

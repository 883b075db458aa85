//! Letters from the font that is built in.

use std::sync::OnceLock;

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};

use super::canvas::{Across, Colour, Down};

/// DejaVu Sans, reduced to the signs that pictures need; its licence lies beside it.
const FONT: &[u8] = include_bytes!("../../data/fonts/DejaVuSans-subset.ttf");

/// The height of capitals and of the letter x of that font, relative to the size.
pub(super) const CAPITALS: f64 = 0.73;

/// The font; none only if the file that was built in is no font.
fn font() -> Option<&'static FontRef<'static>> {
    static PARSED: OnceLock<Option<FontRef<'static>>> = OnceLock::new();
    PARSED.get_or_init(|| FontRef::try_from_slice(FONT).ok()).as_ref()
}

/// The scale at which the em of the font is `size` pixels.
fn scale(font: &FontRef, size: f64) -> PxScale {
    let em = font.units_per_em().unwrap_or(2048.0);
    PxScale::from(size as f32 * font.height_unscaled() / em)
}

/// How wide some words are at a size [pixels].
pub(super) fn width(text: &str, size: f64) -> f64 {
    let Some(font) = font() else { return 0.6 * size * text.chars().count() as f64 };
    let scaled = font.as_scaled(scale(font, size));
    text.chars().map(|letter| f64::from(scaled.h_advance(font.glyph_id(letter)))).sum()
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
    let scale = scale(font, set.size);
    let scaled = font.as_scaled(scale);
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
        let glyph = font.glyph_id(letter);
        let placed = glyph.with_scale_and_position(scale, point(x as f32, y as f32));
        x += f64::from(scaled.h_advance(glyph));
        let Some(outline) = font.outline_glyph(placed) else { continue };
        let corner = outline.px_bounds().min;
        outline.draw(|right, below, cover| {
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
            assert!(font.glyph_id(sign).0 != 0, "{sign:?} is not in the font");
        }
        assert!(width("MM", 10.0) > width("ii", 10.0) && width("ii", 10.0) > 0.0);
    }
}

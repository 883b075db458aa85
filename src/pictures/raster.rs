//! A picture as the bytes of a PNG or SVG file.

use std::path::Path;

use plotters::backend::{BitMapBackend, SVGBackend};
use plotters::prelude::{DrawingBackend, IntoFont, ShapeStyle, TextStyle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontTransform, RGBAColor};

use super::canvas::{Across, Colour, Down, Item, Picture};
use super::letters::{self, Setting};
use super::palette::indexed;

/// Why a picture was not drawn.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The name of the file does not tell its format.
    #[error("{}: a picture's name ends in .png or .svg", .0.display())]
    Format(std::path::PathBuf),
    /// The drawing failed.
    #[error("the picture could not be drawn: {0}")]
    Drawing(String),
    /// The PNG could not be encoded.
    #[error("the picture could not be encoded")]
    Encoding(#[from] png::EncodingError),
}

/// How a picture is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureFormat {
    /// Pixels.
    Png,
    /// Lines and words.
    Svg,
}

impl PictureFormat {
    /// The format that the ending of a file's name tells.
    ///
    /// # Errors
    /// [`PictureError::Format`] for any other ending than `.png` and `.svg`.
    pub fn of(path: &Path) -> Result<PictureFormat, PictureError> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        match ending.as_deref() {
            Some("png") => Ok(PictureFormat::Png),
            Some("svg") => Ok(PictureFormat::Svg),
            _ => Err(PictureError::Format(path.to_owned())),
        }
    }
}

/// The backends count whole pixels: they are given this many to one of the picture.
const FINE: u32 = 4;

impl Picture {
    /// The bytes of a file.
    ///
    /// # Errors
    /// [`PictureError::Drawing`] or [`PictureError::Encoding`], which no sound picture comes to.
    pub fn encode(&self, format: PictureFormat) -> Result<Vec<u8>, PictureError> {
        match format {
            PictureFormat::Png => self.png(),
            PictureFormat::Svg => self.svg(),
        }
    }

    fn png(&self) -> Result<Vec<u8>, PictureError> {
        let (columns, rows) = (self.width as usize, self.height as usize);
        let fine = FINE as usize;
        let mut large = vec![255u8; columns * rows * fine * fine * 3];
        let size = (self.width * FINE, self.height * FINE);
        let mut backend: BitMapBackend =
            BitMapBackend::with_buffer_and_format(&mut large, size).map_err(drawing)?;
        self.draw_shapes(&mut backend)?;
        drop(backend);
        let mut pixels = reduced(&large, columns, rows);
        for item in &self.items {
            if let Item::Words { at, text, size, colour, anchor, upright } = item {
                let set =
                    Setting { at: *at, size: *size, colour: *colour, anchor: *anchor, upright: *upright };
                letters::draw(&mut pixels, columns, text, &set);
            }
        }
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width, self.height);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        let few = indexed(&pixels);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_palette(few.palette);
        encoder.set_filter(png::Filter::NoFilter);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&few.indices)?;
        writer.finish()?;
        Ok(bytes)
    }

    fn svg(&self) -> Result<Vec<u8>, PictureError> {
        let size = (self.width * FINE, self.height * FINE);
        let mut text = String::new();
        let mut backend = SVGBackend::with_string(&mut text, size);
        backend
            .draw_rect((0, 0), (size.0 as i32, size.1 as i32), &paint(Colour::PAPER), true)
            .map_err(drawing)?;
        self.draw_shapes(&mut backend)?;
        for item in &self.items {
            if let Item::Words { at, text, size, colour, anchor, upright } = item {
                let across = match anchor.0 {
                    Across::Left => HPos::Left,
                    Across::Middle => HPos::Center,
                    Across::Right => HPos::Right,
                };
                let (down, lift) = match anchor.1 {
                    Down::Top => (VPos::Top, 0.0),
                    Down::Middle => (VPos::Center, if *upright { 0.0 } else { 0.1 * size }),
                    // The backend's bottom lies half the height of an x above the line.
                    Down::Base => (VPos::Bottom, 0.27 * size),
                };
                // The backend takes a size 1.24 times that of the em.
                let font = ("sans-serif", 1.24 * size * f64::from(FINE)).into_font();
                let font = if *upright { font.transform(FontTransform::Rotate270) } else { font };
                let ink = rgba(*colour);
                let style = TextStyle::from(font).color(&ink).pos(Pos::new(across, down));
                backend.draw_text(text, &style, fine([at[0], at[1] + lift])).map_err(drawing)?;
            }
        }
        backend.present().map_err(drawing)?;
        drop(backend);
        let large = format!("width=\"{}\" height=\"{}\"", size.0, size.1);
        let shown = format!("width=\"{}\" height=\"{}\"", self.width, self.height);
        Ok(text.replacen(&large, &shown, 1).into_bytes())
    }

    /// Everything but the words.
    fn draw_shapes<B: DrawingBackend>(&self, backend: &mut B) -> Result<(), PictureError> {
        for item in &self.items {
            match item {
                Item::Line { points, colour, width } => {
                    let width = (width * f64::from(FINE)).round().max(1.0) as u32;
                    let style = ShapeStyle { color: rgba(*colour), filled: false, stroke_width: width };
                    backend.draw_path(distinct(points), &style).map_err(drawing)?;
                }
                Item::Area { points, colour } => match upright_block(points) {
                    Some((a, b)) => backend.draw_rect(a, b, &paint(*colour), true).map_err(drawing)?,
                    None => backend.fill_polygon(distinct(points), &paint(*colour)).map_err(drawing)?,
                },
                Item::Words { .. } => {}
            }
        }
        Ok(())
    }
}

fn drawing(error: impl std::fmt::Display) -> PictureError {
    PictureError::Drawing(error.to_string())
}

fn rgba(colour: Colour) -> RGBAColor {
    let [red, green, blue] = colour.rgb;
    RGBAColor(red, green, blue, colour.alpha)
}

fn paint(colour: Colour) -> ShapeStyle {
    rgba(colour).filled()
}

/// A place in the backends' pixels; far outside of any picture is as good as infinitely far.
fn fine(at: [f64; 2]) -> (i32, i32) {
    let count = |value: f64| (value.clamp(-1e5, 1e5) * f64::from(FINE)).round() as i32;
    (count(at[0]), count(at[1]))
}

/// The points in the backends' pixels, none twice in a row: a step of no length has no direction.
fn distinct(points: &[[f64; 2]]) -> Vec<(i32, i32)> {
    let mut places: Vec<(i32, i32)> = points.iter().map(|point| fine(*point)).collect();
    places.dedup();
    places
}

/// Two corners of a rectangle that lies straight.
fn upright_block(points: &[[f64; 2]]) -> Option<((i32, i32), (i32, i32))> {
    let [a, b, c, d] = points else { return None };
    let straight = a[1] == b[1] && b[0] == c[0] && c[1] == d[1] && d[0] == a[0];
    let (first, last) = (fine(*a), fine(*c));
    let (low, high) =
        ((first.0.min(last.0), first.1.min(last.1)), (first.0.max(last.0), first.1.max(last.1)));
    (straight && high.0 > low.0 && high.1 > low.1).then_some((low, high))
}

/// Means of FINE × FINE pixels.
fn reduced(large: &[u8], columns: usize, rows: usize) -> Vec<u8> {
    let fine = FINE as usize;
    let mut pixels = Vec::with_capacity(columns * rows * 3);
    for row in 0..rows {
        for column in 0..columns {
            let mut sum = [0u32; 3];
            for y in 0..fine {
                let first = ((row * fine + y) * columns + column) * fine * 3;
                for pixel in large[first..first + 3 * fine].chunks_exact(3) {
                    for (sum, value) in sum.iter_mut().zip(pixel) {
                        *sum += u32::from(*value);
                    }
                }
            }
            pixels.extend(sum.map(|sum| ((sum + FINE * FINE / 2) / (FINE * FINE)) as u8));
        }
    }
    pixels
}

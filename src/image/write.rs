//! Images written as FITS (Pence et al. 2010, A&A 524, A42), laid out as WSClean's own: axes RA, Dec, frequency, Stokes.

use std::io::{self, Write};

use super::grid::SkyGrid;
use crate::coords::Frame;

/// The bytes of a FITS block and of a line of its header.
const BLOCK: usize = 2880;
const CARD: usize = 80;

/// What a header says beside the grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// The unit of the values; empty for none.
    pub unit: String,
    /// The frequency of the image [Hz].
    pub frequency: f64,
    /// The width of its channel [Hz].
    pub bandwidth: f64,
    /// The telescope.
    pub telescope: String,
    /// Lines of the history.
    pub history: Vec<String>,
}

/// Writes one plane of Stokes I, `pixels` in the shape (height, width).
///
/// # Errors
/// Those of `out`; [`io::ErrorKind::InvalidInput`] where the pixels do not fill the grid.
pub fn write_image(out: &mut impl Write, grid: &SkyGrid, header: &Header, pixels: &[f32]) -> io::Result<()> {
    if pixels.len() != grid.width * grid.height {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the pixels do not fill the image"));
    }
    out.write_all(&cards(grid, header).finish())?;
    let mut bytes = Vec::with_capacity(BLOCK * 64);
    let mut written = 0;
    for part in pixels.chunks(BLOCK * 16) {
        bytes.clear();
        bytes.extend(part.iter().flat_map(|value| value.to_be_bytes()));
        out.write_all(&bytes)?;
        written += bytes.len();
    }
    out.write_all(&vec![0; written.next_multiple_of(BLOCK) - written])?;
    out.flush()
}

fn cards(grid: &SkyGrid, header: &Header) -> Cards {
    let degrees = |radians: f64| radians.to_degrees();
    let mut cards = Cards::default();
    cards.value("SIMPLE", "T");
    cards.value("BITPIX", "-32");
    cards.value("NAXIS", "4");
    for (axis, length) in [grid.width, grid.height, 1, 1].into_iter().enumerate() {
        cards.value(&format!("NAXIS{}", axis + 1), &length.to_string());
    }
    if !header.unit.is_empty() {
        cards.text("BUNIT", &header.unit);
    }
    let middle = |length: usize| (length / 2 + 1) as f64;
    let axes = [
        (
            "RA---SIN",
            middle(grid.width),
            degrees(grid.centre.longitude).rem_euclid(360.0),
            -degrees(grid.scale),
            "deg",
        ),
        ("DEC--SIN", middle(grid.height), degrees(grid.centre.latitude), degrees(grid.scale), "deg"),
        ("FREQ", 1.0, header.frequency, header.bandwidth, "Hz"),
        ("STOKES", 1.0, 1.0, 1.0, ""),
    ];
    for (axis, (name, pixel, value, step, unit)) in axes.into_iter().enumerate() {
        let axis = axis + 1;
        cards.text(&format!("CTYPE{axis}"), name);
        cards.number(&format!("CRPIX{axis}"), pixel);
        cards.number(&format!("CRVAL{axis}"), value);
        cards.number(&format!("CDELT{axis}"), step);
        cards.text(&format!("CUNIT{axis}"), unit);
    }
    if grid.centre.frame == Frame::Icrs {
        cards.text("RADESYS", "ICRS");
    } else {
        cards.text("RADESYS", "FK5");
        cards.number("EQUINOX", 2000.0);
    }
    cards.text("SPECSYS", "TOPOCENT");
    if !header.telescope.is_empty() {
        cards.text("TELESCOP", &header.telescope);
    }
    cards.text("ORIGIN", concat!("nvss-predict ", env!("CARGO_PKG_VERSION")));
    header.history.iter().for_each(|line| cards.history(line));
    cards
}

/// The lines of a header.
#[derive(Default)]
struct Cards {
    bytes: Vec<u8>,
}

impl Cards {
    /// One line; what FITS does not allow in it becomes a question mark.
    fn card(&mut self, line: &str) {
        let allowed = |c: char| if (' '..='~').contains(&c) { c as u8 } else { b'?' };
        let start = self.bytes.len();
        self.bytes.extend(line.chars().map(allowed).take(CARD));
        self.bytes.resize(start + CARD, b' ');
    }

    fn value(&mut self, key: &str, value: &str) {
        self.card(&format!("{key:<8}= {value:>20}"));
    }

    fn number(&mut self, key: &str, value: f64) {
        // The shortest digits that give the same number again, with the point that a real has.
        let text = format!("{value:E}");
        let (digits, power) = text.split_once('E').unwrap_or((&text, "0"));
        let digits = if digits.contains('.') { digits.to_owned() } else { format!("{digits}.0") };
        self.value(key, &if power == "0" { digits } else { format!("{digits}E{power}") });
    }

    fn text(&mut self, key: &str, value: &str) {
        // A quote is doubled; a value ends within the line.
        let value: String = value.chars().take(60).collect::<String>().replace('\'', "''");
        self.card(&format!("{key:<8}= {:<20}", format!("'{value:<8}'")));
    }

    fn history(&mut self, line: &str) {
        let letters: Vec<char> = line.chars().collect();
        for part in letters.chunks(70) {
            self.card(&format!("HISTORY   {}", part.iter().collect::<String>()));
        }
    }

    fn finish(mut self) -> Vec<u8> {
        self.card("END");
        let blocks = self.bytes.len().next_multiple_of(BLOCK);
        self.bytes.resize(blocks, b' ');
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coords::Direction;

    #[test]
    fn headers_are_whole_blocks_of_lines() {
        let grid =
            SkyGrid::new(Direction::from_degrees(Frame::J2000, 10.0, -1e-7), 3, 5, 1e-5).expect("a grid");
        let header = Header {
            unit: "JY/PIXEL".into(),
            frequency: 1.4e9,
            bandwidth: 1e6,
            telescope: "O'Brien's".into(),
            history: vec!["Ä".repeat(100)],
        };
        let mut bytes = Vec::new();
        write_image(&mut bytes, &grid, &header, &[1.5; 15]).expect("written");
        assert_eq!(bytes.len(), 2 * BLOCK);
        let text = String::from_utf8_lossy(&bytes[..BLOCK]).into_owned();
        let has = |line: &str| assert!(text.contains(line), "{line} not in {text}");
        has("CRVAL3  =                1.4E9");
        has("CRPIX2  =                  3.0");
        has("TELESCOP= 'O''Brien''s'");
        has("CRVAL2  =              -1.0E-7");
        assert_eq!(text.matches("HISTORY   ?").count(), 2);
        assert_eq!(bytes[BLOCK..BLOCK + 4], 1.5f32.to_be_bytes());
        assert!(write_image(&mut Vec::new(), &grid, &header, &[0.0; 3]).is_err());
    }
}

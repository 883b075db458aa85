//! The arguments that say which image is made.

use clap::Args as ClapArgs;

use super::CliError;
use super::values::{RadiusArg, parse_frequency, parse_radius};
use crate::coords::{Direction, Frame, parse_dec, parse_ra};
use crate::image::{Header, SkyGrid};
use crate::predict::Preview;

/// The centre of an image.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Centre {
    /// The phase centre of the first integration: what WSClean images.
    First,
    /// The phase centre in the middle of the observation.
    Middle,
    /// A direction in J2000.
    At(Direction),
}

/// Which pixels an image has.
#[derive(Debug, ClapArgs)]
pub(super) struct GridArgs {
    /// Pixels: to the west and to the north, or one number for both, as for WSClean [default: what covers the sources'
    /// region]
    #[arg(long, num_args = 1..=2, value_names = ["WIDTH", "HEIGHT"], help_heading = "Image")]
    size: Vec<u32>,
    /// The size of a pixel: arcsec, or with a unit (1.5asec, 0.05amin, 1e-3deg) [default: a quarter of the resolution of
    /// the longest baseline]
    #[arg(long, value_parser = parse_scale, help_heading = "Image")]
    scale: Option<f64>,
    /// Its centre: first (the phase centre of the first field, which WSClean images unless told otherwise), middle (that of the
    /// middle of the observation), or "RA DEC" in J2000
    #[arg(long, alias = "center", value_parser = parse_centre, default_value = "first", help_heading = "Image")]
    centre: Centre,
    /// Its frequency (1.4GHz; Hz if no unit) [default: the middle of the band]
    #[arg(long, value_parser = parse_frequency, value_name = "FREQ", help_heading = "Image")]
    freq: Option<f64>,
}

impl GridArgs {
    /// The image's frequency [Hz].
    pub(super) fn frequency(&self, preview: &Preview) -> f64 {
        self.freq.unwrap_or_else(|| preview.middle_frequency())
    }

    /// The image's pixels.
    pub(super) fn grid(&self, preview: &Preview) -> Result<SkyGrid, CliError> {
        let centre = match self.centre {
            Centre::First => preview.centres[0],
            Centre::Middle => preview.centres[preview.centres.len() / 2],
            Centre::At(direction) => direction,
        };
        let scale = match self.scale {
            Some(scale) => scale,
            None => default_scale(preview).ok_or_else(|| {
                CliError::Usage("no row has a baseline, so the resolution is unknown: give --scale".into())
            })?,
        };
        let [width, height] = match self.size[..] {
            [width, height, ..] => [width as usize, height as usize],
            [size] => [size as usize; 2],
            [] => [default_size(preview, centre, scale)?; 2],
        };
        SkyGrid::new(centre, width, height, scale).map_err(|error| CliError::Usage(error.to_string()))
    }

    /// What the image's header says.
    pub(super) fn header(&self, preview: &Preview, unit: &str, history: Vec<String>) -> Header {
        Header {
            unit: unit.to_owned(),
            frequency: self.frequency(preview),
            bandwidth: (preview.frequencies[1] - preview.frequencies[0]).max(1.0),
            telescope: preview.observation.telescope.clone(),
            history,
        }
    }
}

/// In words: `4096 × 4096 pixels of 4.5″`.
pub(super) fn describe(grid: &SkyGrid) -> String {
    let arcsec = grid.scale.to_degrees() * 3600.0;
    let digits = (2 - arcsec.log10().floor() as i32).clamp(0, 9) as usize;
    format!("{} × {} pixels of {arcsec:.digits$}″ about {}", grid.width, grid.height, grid.centre)
}

/// A quarter of λ/B, to two digits of an arcsecond.
fn default_scale(preview: &Preview) -> Option<f64> {
    let resolution = kernels::SPEED_OF_LIGHT / preview.frequencies[1] / preview.longest;
    let arcsec = 0.25 * resolution.to_degrees() * 3600.0;
    if !(arcsec.is_finite() && arcsec > 0.0) {
        return None;
    }
    let unit = 10f64.powf(arcsec.log10().floor() - 1.0);
    let arcsec: f64 = (arcsec / unit).round() * unit;
    Some((arcsec / 3600.0).to_radians())
}

/// An even number of pixels that covers where sources were looked for; of a whole list, its sources.
fn default_size(preview: &Preview, centre: Direction, scale: f64) -> Result<usize, CliError> {
    const LARGEST: f64 = 16_384.0;
    let reach = match preview.catalogue.radius_deg {
        Some(radius) => {
            let centres = preview.centres.iter().map(|other| other.separation(centre));
            radius.to_radians() + centres.fold(0.0, f64::max)
        }
        None => {
            let far = preview.components.iter().map(|component| component.position.separation(centre));
            far.filter(|distance| *distance < 1.5).fold(0.0, f64::max)
        }
    };
    let size = 2.0 * (1.02 * reach.min(1.57).sin() / scale + 8.0).ceil();
    if size > LARGEST {
        return Err(CliError::Usage(format!(
            "an image of all sources would have {size} pixels a side: give --size, a larger --scale or a smaller --radius"
        )));
    }
    Ok(size as usize)
}

/// A pixel's size [rad]; without a unit in arcsec.
fn parse_scale(text: &str) -> Result<f64, String> {
    let bare = text.trim().parse::<f64>().is_ok();
    let text = if bare { format!("{}arcsec", text.trim()) } else { text.to_owned() };
    match parse_radius(&text)? {
        RadiusArg::Within(scale) if scale > 0.0 => Ok(scale),
        _ => Err("a pixel has a size above zero".into()),
    }
}

fn parse_centre(text: &str) -> Result<Centre, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "first" => return Ok(Centre::First),
        "middle" => return Ok(Centre::Middle),
        _ => {}
    }
    let words: Vec<&str> = text.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let [ra, dec] = words[..] else {
        return Err(format!("'{text}' is not first, middle, or a right ascension and a declination"));
    };
    let longitude = parse_ra(ra).map_err(|error| error.to_string())?;
    let latitude = parse_dec(dec).map_err(|error| error.to_string())?;
    Ok(Centre::At(Direction::new(Frame::J2000, longitude, latitude)))
}

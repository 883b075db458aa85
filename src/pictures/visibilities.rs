//! Data and model over the length of the baselines, and how well the one fits the other.

use super::axes::{Panel, SMALL, Scale};
use super::canvas::{Across, Colour, Down, Picture, Place};
use super::gather::{Gathered, WindowFit};
use super::histogram::Histogram;
use super::matrix;

/// What is written over a picture of visibilities.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VisibilityTitles {
    /// What it is a picture of.
    pub title: String,
    /// The line below.
    pub subtitle: String,
    /// The name of the data's column; none where there are no data.
    pub data: Option<String>,
    /// The name of the model's column.
    pub model: String,
    /// Whose weights the χ² have.
    pub weights: String,
}

const ROW: f64 = 300.0;
const PANEL: [f64; 2] = [360.0, 220.0];
const LEFT: f64 = 82.0;
const APART: f64 = 94.0;
const HEAD: f64 = 92.0;

/// Draws what was gathered: a row for each spectral window, and below them the χ² of the baselines where there are data.
pub fn draw_visibilities(gathered: &Gathered, titles: &VisibilityTitles) -> Picture {
    let windows: Vec<&WindowFit> = gathered.windows.iter().filter(|window| window.count > 0).collect();
    let rows = windows.len().max(1) as f64;
    let fitted = titles.data.is_some() && !gathered.baselines.is_empty();
    let foot = HEAD + 16.0 + ROW * rows;
    let height = if fitted { foot + 560.0 } else { foot };
    let mut picture = Picture::new(1400, height as u32);
    let ink = Colour::INK;
    picture.words([LEFT, 30.0], titles.title.as_str(), 18.0, ink, (Across::Left, Down::Base));
    picture.words([LEFT, 50.0], titles.subtitle.as_str(), 12.0, Colour::GREY, (Across::Left, Down::Base));
    legend(&mut picture, titles);
    for (row, window) in windows.iter().enumerate() {
        draw_window(&mut picture, HEAD + 16.0 + ROW * row as f64, window, titles);
    }
    if windows.is_empty() {
        let at = [700.0, HEAD + 100.0];
        picture.words(at, "every visibility is flagged", 16.0, Colour::GREY, (Across::Middle, Down::Middle));
    }
    if fitted && !matrix::draw(&mut picture, foot + 24.0, gathered, &titles.weights) {
        let at = [LEFT, foot + 24.0];
        picture.words(at, "χ² is zero on every baseline", 13.0, ink, (Across::Left, Down::Base));
    }
    picture
}

fn legend(picture: &mut Picture, titles: &VisibilityTitles) {
    let mut x = LEFT;
    let mut entry = |colour: Colour, words: String| {
        picture.block([x, 66.0], [x + 16.0, 76.0], colour);
        picture.words([x + 22.0, 75.0], words.as_str(), SMALL + 1.0, Colour::INK, (Across::Left, Down::Base));
        x += 22.0 + super::letters::width(&words, SMALL + 1.0) + 26.0;
    };
    match &titles.data {
        Some(data) => {
            entry(Colour::BLUE.faint(0.6), format!("{data}: density"));

            entry(
                Colour::ORANGE,
                format!("{}: median and middle 68 % (amplitude), density (phase)", titles.model),
            );
        }
        None => entry(Colour::ORANGE.faint(0.6), format!("{}: density (there are no data)", titles.model)),
    }
}

fn draw_window(picture: &mut Picture, top: f64, window: &WindowFit, titles: &VisibilityTitles) {
    let heading = format!(
        "spectral window {}, {:.2}–{:.2} MHz, {} visibilities",
        window.id,
        window.frequencies[0] / 1e6,
        window.frequencies[1] / 1e6,
        grouped(window.count)
    );
    picture.words([LEFT, top], heading, 13.0, Colour::INK, (Across::Left, Down::Base));
    let has_data = titles.data.is_some();
    let x = Scale::linear(0.0, window.longest / 1e3);
    let at = |column: usize| [LEFT + (PANEL[0] + APART) * column as f64, top + 12.0];
    let below = "uv distance [kλ]";

    let amplitude = Panel { corner: at(0), size: PANEL, x, y: amplitudes(window, has_data) };
    let to_log = |panel: &Panel, x: f64, y: f64| panel.at(x, 10f64.powf(y));
    if has_data {
        density(picture, &amplitude, &window.amplitude[0], Colour::BLUE, &to_log);
        band(picture, &amplitude, &window.amplitude[1], &to_log);
    } else {
        density(picture, &amplitude, &window.amplitude[1], Colour::ORANGE, &to_log);
    }
    amplitude.frame(picture, below, "amplitude [Jy]");

    let phases = Scale::linear(-180.0, 180.0);
    let phase = Panel { corner: at(1), size: PANEL, x, y: phases };
    let straight = |panel: &Panel, x: f64, y: f64| panel.at(x, y);
    if has_data {
        density(picture, &phase, &window.phase[0], Colour::BLUE, &straight);
    }
    density(picture, &phase, &window.phase[1], Colour::ORANGE, &straight);
    frame_quarters(picture, &phase, below, "phase [deg]");

    if has_data {
        let difference = Panel { corner: at(2), size: PANEL, x, y: phases };
        density(picture, &difference, &window.difference, Colour::GREEN, &straight);
        frame_quarters(picture, &difference, below, "phase of data / model [deg]");
    }
}

/// Whole thirds of decades about all but the outermost amplitudes.
fn amplitudes(window: &WindowFit, has_data: bool) -> Scale {
    let shown = if has_data { &window.amplitude[..] } else { &window.amplitude[1..] };
    let ends = |part: f64| shown.iter().filter_map(move |counts| counts.overall_quantile(part));
    let low = ends(0.003).fold(f64::INFINITY, f64::min);
    let high = ends(1.0).fold(f64::NEG_INFINITY, f64::max);
    if !(low.is_finite() && high.is_finite()) {
        return Scale::logarithmic(0.1, 10.0);
    }
    // Noise-free data can be next to zero somewhere: more than five decades show nothing.
    let low = low.max(high - 5.0) - 0.08;
    Scale::logarithmic(10f64.powf(low), 10f64.powf((high + 0.08).max(low + 0.6)))
}

type Place2 = dyn Fn(&Panel, f64, f64) -> Place;

/// About how many rows of shades a panel has: what is finer could not be told apart.
const SHOWN: f64 = 70.0;

/// Draws counts as shades, each column for itself: the most frequent value is the darkest.
fn density(picture: &mut Picture, panel: &Panel, counts: &Histogram, colour: Colour, place: &Place2) {
    const SHADES: f64 = 12.0;
    // How high a row is on the paper, anywhere: the places are linear in it.
    let high = |row: f64| place(panel, 0.0, counts.row_start(row))[1];
    let step = (panel.size[1] / SHOWN / (high(0.0) - high(1.0))).round().max(1.0) as usize;
    for column in 0..counts.columns() {
        let cells = counts.column(column);
        let sums: Vec<u32> = cells.chunks(step).map(|part| part.iter().sum()).collect();
        let most = sums.iter().copied().max().unwrap_or(0);
        if most == 0 {
            continue;
        }
        let shade = |count: u32| (SHADES * (f64::from(count) / f64::from(most)).sqrt()).ceil() as u32;
        let ends = counts.column_ends(column).map(|x| x / 1e3);
        let mut first = 0;
        while first < sums.len() {
            let level = shade(sums[first]);
            let length = sums[first..].iter().take_while(|count| shade(**count) == level).count();
            if level > 0 {
                let y = |row: usize| counts.row_start((row * step) as f64);
                let (a, b) = (place(panel, ends[0], y(first)), place(panel, ends[1], y(first + length)));
                if let Some((a, b)) = within(panel, a, b) {
                    picture.block(a, b, colour.faint(0.08 + 0.62 * f64::from(level) / SHADES));
                }
            }
            first += length;
        }
    }
}

/// The part of a block (lower left and upper right) inside of a panel.
fn within(panel: &Panel, a: Place, b: Place) -> Option<(Place, Place)> {
    let end = panel.ends();
    let cut = |place: Place| [0, 1].map(|k: usize| place[k].clamp(panel.corner[k], end[k]));
    let (a, b) = (cut(a), cut(b));
    (a[1] - b[1] > 1e-6).then_some((a, b))
}

/// Draws the median of each column and a band that holds the middle 68 % of its values.
fn band(picture: &mut Picture, panel: &Panel, counts: &Histogram, place: &Place2) {
    let mut medians: Vec<Place> = Vec::new();
    let mut pieces: Vec<Vec<Place>> = Vec::new();
    for column in 0..counts.columns() {
        let quantiles = [0.16, 0.5, 0.84].map(|part| counts.quantile(column, part));
        let [Some(low), Some(middle), Some(high)] = quantiles else {
            pieces.push(std::mem::take(&mut medians));
            continue;
        };
        let ends = counts.column_ends(column).map(|x| x / 1e3);
        if let Some((a, b)) = within(panel, place(panel, ends[0], low), place(panel, ends[1], high)) {
            picture.block(a, b, Colour::ORANGE.faint(0.3));
        }
        medians.push(place(panel, 0.5 * (ends[0] + ends[1]), middle));
    }
    pieces.push(medians);
    for piece in pieces {
        if let [[x, y]] = piece[..] {
            picture.line(vec![[x - 1.5, y], [x + 1.5, y]], Colour::ORANGE, 2.0);
        }
        for line in panel.clipped(&piece) {
            picture.line(line, Colour::ORANGE, 2.0);
        }
    }
}

/// A frame with numbers at quarter turns upwards.
fn frame_quarters(picture: &mut Picture, panel: &Panel, below: &str, left: &str) {
    let quarters = [-180.0, -90.0, 0.0, 90.0, 180.0].map(|degrees| (degrees, super::axes::plain(degrees)));
    let between: Vec<f64> = (-5..=5).map(|k| 30.0 * f64::from(k)).collect();
    panel.below(picture, below);
    panel.left(picture, &quarters, &between, left);
    panel.outline(picture);
}

/// `111,744`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let parts: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|p| std::str::from_utf8(p).ok()).collect();
    parts.join(",")
}

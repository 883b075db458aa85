//! χ² of every baseline: a matrix of antennas, and curves.

use std::collections::BTreeMap;

use super::axes::{Panel, SMALL, Scale, plain};
use super::canvas::{Across, Colour, Down, Picture, Place};
use super::gather::{BaselineFit, Gathered};

/// Dark to light, so that much stands out on white paper as dark: ends and steps of a perceptual scale.
const SHADES: [Colour; 6] = [
    Colour::new(0xfb, 0xf3, 0xd9),
    Colour::new(0xf6, 0xc9, 0x6b),
    Colour::new(0xe8, 0x85, 0x4a),
    Colour::new(0xc2, 0x3f, 0x5d),
    Colour::new(0x7a, 0x1f, 0x6d),
    Colour::new(0x2a, 0x0d, 0x4d),
];

/// The colour of a part from 0 to 1.
fn shade(part: f64) -> Colour {
    let place = part.clamp(0.0, 1.0) * (SHADES.len() - 1) as f64;
    let first = (place as usize).min(SHADES.len() - 2);
    SHADES[first].towards(SHADES[first + 1], place - first as f64)
}

/// The baselines with their values before and after, each at least `least` so that they have logarithms.
struct Fits {
    values: BTreeMap<(i32, i32), [f64; 2]>,
    range: [f64; 2],
}

impl Fits {
    fn new(baselines: &BTreeMap<(i32, i32), BaselineFit>) -> Option<Fits> {
        let values: BTreeMap<(i32, i32), [f64; 2]> =
            baselines.iter().map(|(baseline, fit)| (*baseline, fit.reduced())).collect();
        let positive =
            || values.values().flatten().copied().filter(|value| value.is_finite() && *value > 0.0);
        let highest = positive().fold(0.0, f64::max);
        if highest == 0.0 {
            return None;
        }
        // Differences of rounding must not stretch the scale over all powers of ten.
        let lowest = positive().fold(highest, f64::min).max(1e-9 * highest);
        let range = if highest / lowest < 1.5 { [lowest / 1.3, highest * 1.3] } else { [lowest, highest] };
        Some(Fits { values, range })
    }

    /// How far up the range a value lies.
    fn part(&self, value: f64) -> f64 {
        Scale::logarithmic(self.range[0], self.range[1]).part(value.max(self.range[0]))
    }
}

/// Draws both into a band from `top` down; returns whether there was anything to draw.
pub(super) fn draw(picture: &mut Picture, top: f64, gathered: &Gathered, weights: &str) -> bool {
    let Some(fits) = Fits::new(&gathered.baselines) else { return false };
    let heading = format!("χ² of every baseline, over the number of real values ({weights})");
    picture.words([82.0, top], heading, 13.0, Colour::INK, (Across::Left, Down::Base));
    matrix(picture, [82.0, top + 34.0], 430.0, &fits);
    curves(picture, [690.0, top + 34.0], [660.0, 430.0], &fits);
    true
}

fn matrix(picture: &mut Picture, corner: Place, side: f64, fits: &Fits) {
    let mut antennas: Vec<i32> = fits.values.keys().flat_map(|(a, b)| [*a, *b]).collect();
    antennas.sort_unstable();
    antennas.dedup();
    let cell = side / antennas.len() as f64;
    let place = |antenna: i32| antennas.binary_search(&antenna).unwrap_or(0) as f64 * cell;
    picture.block(corner, [corner[0] + side, corner[1] + side], Colour::GRID.faint(0.45));
    for ((a, b), [before, after]) in &fits.values {
        // Below the diagonal before, above it after.
        for (column, row, value) in [(*a, *b, before), (*b, *a, after)] {
            let at = [corner[0] + place(column), corner[1] + place(row)];
            picture.block(at, [at[0] + cell, at[1] + cell], shade(fits.part(*value)));
        }
    }
    let panel = Panel { corner, size: [side, side], x: Scale::linear(0.0, 1.0), y: Scale::linear(0.0, 1.0) };
    panel.outline(picture);
    // As many numbers as have room: they are wider than high.
    let every = |room: f64| (room / cell).ceil().max(1.0) as usize;
    for antenna in antennas.iter().step_by(every(14.0)) {
        let at = [corner[0] - 6.0, corner[1] + place(*antenna) + 0.5 * cell];
        picture.words(at, antenna.to_string(), 10.0, Colour::INK, (Across::Right, Down::Middle));
    }
    for antenna in antennas.iter().step_by(every(24.0)) {
        let at = [corner[0] + place(*antenna) + 0.5 * cell, corner[1] + side + 6.0];
        picture.words(at, antenna.to_string(), 10.0, Colour::INK, (Across::Middle, Down::Top));
    }
    let ink = Colour::INK;
    let middle = corner[0] + 0.5 * side;
    picture.words(
        [middle, corner[1] + side + 26.0],
        "antenna",
        SMALL + 1.0,
        ink,
        (Across::Middle, Down::Top),
    );
    picture.words_upright([corner[0] - 38.0, corner[1] + 0.5 * side], "antenna", SMALL + 1.0, ink);
    let right = [corner[0] + side, corner[1] - 8.0];
    picture.words(right, "upper right: after, |DATA − MODEL|²/σ²", SMALL, ink, (Across::Right, Down::Base));
    let left = [corner[0], corner[1] - 8.0];
    picture.words(left, "lower left: before, |DATA|²/σ²", SMALL, ink, (Across::Left, Down::Base));
    bar(picture, [corner[0] + side + 18.0, corner[1]], side, fits);
}

/// The scale of the colours.
fn bar(picture: &mut Picture, corner: Place, height: f64, fits: &Fits) {
    const STEPS: usize = 64;
    let step = height / STEPS as f64;
    for k in 0..STEPS {
        let y = corner[1] + height - (k + 1) as f64 * step;
        let colour = shade((k as f64 + 0.5) / STEPS as f64);
        picture.block([corner[0], y], [corner[0] + 14.0, y + step], colour);
    }
    let scale = Scale::logarithmic(fits.range[0], fits.range[1]);
    let panel = Panel { corner, size: [14.0, height], x: Scale::linear(0.0, 1.0), y: scale };
    panel.outline(picture);
    for (value, words) in scale.ticks(6).0 {
        let [_, y] = panel.at(0.0, value);
        picture.line(vec![[corner[0] + 14.0, y], [corner[0] + 18.0, y]], Colour::INK, 1.0);
        let at = [corner[0] + 22.0, y];
        picture.words(at, words, SMALL, Colour::INK, (Across::Left, Down::Middle));
    }
}

fn curves(picture: &mut Picture, corner: Place, size: [f64; 2], fits: &Fits) {
    let mut sorted: Vec<[f64; 2]> = fits.values.values().copied().collect();
    sorted.sort_by(|a, b| b[0].total_cmp(&a[0]));
    let slack = (fits.range[1] / fits.range[0]).powf(0.04);
    let panel = Panel {
        corner,
        size,
        x: Scale::linear(0.0, sorted.len().max(1) as f64),
        y: Scale::logarithmic(fits.range[0] / slack, fits.range[1] * slack),
    };
    let at = |index: usize, value: f64| panel.at(index as f64 + 0.5, value.max(fits.range[0]));
    for (index, [_, after]) in sorted.iter().enumerate() {
        let place = at(index, *after);
        let cross = 1.6;
        picture.block(
            [place[0] - cross, place[1] - cross],
            [place[0] + cross, place[1] + cross],
            Colour::ORANGE.faint(0.8),
        );
    }
    let line: Vec<Place> = sorted.iter().enumerate().map(|(index, [before, _])| at(index, *before)).collect();
    match line[..] {
        [only] => picture.disc(only, 3.0, Colour::BLUE, Colour::BLUE),
        _ => picture.line(line, Colour::BLUE, 2.0),
    }
    if fits.range[0] < 1.0 && fits.range[1] > 1.0 {
        let (left, right) = (panel.at(panel.x.from, 1.0), panel.at(panel.x.to, 1.0));
        picture.dashed(&[left, right], Colour::GREY, 1.0, [4.0, 4.0]);
    }
    panel.frame(picture, "baseline, the largest χ² before first", "χ²");
    let middle = |which: usize| {
        let mut values: Vec<f64> = sorted.iter().map(|pair| pair[which]).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(0.0)
    };
    let legend = [(Colour::BLUE, "before", middle(0)), (Colour::ORANGE, "after", middle(1))];
    let mut x = corner[0];
    for (colour, name, median) in legend {
        let words = format!("{name} (median {})", plain(rounded(median)));
        picture.block([x, corner[1] - 14.0], [x + 12.0, corner[1] - 8.0], colour);
        picture.words(
            [x + 18.0, corner[1] - 7.0],
            words.as_str(),
            SMALL,
            Colour::INK,
            (Across::Left, Down::Base),
        );
        x += 18.0 + super::letters::width(&words, SMALL) + 24.0;
    }
}

/// To three digits.
fn rounded(value: f64) -> f64 {
    if value <= 0.0 {
        return 0.0;
    }
    let unit = 10f64.powf(value.log10().floor() - 2.0);
    (value / unit).round() * unit
}

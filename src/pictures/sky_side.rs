//! What stands beside the map of a sky: the sizes of discs, notes, and the sum of flux densities.

use super::axes::flux_words;
use super::canvas::{Across, Colour, Down, Picture};
use super::sky::{Map, SkyScene, brightest, disc_radius};
use super::{curve, letters};

/// The left edge of the column.
const LEFT: f64 = 884.0;

/// Its width.
const WIDTH: f64 = 366.0;

/// Draws the column beside the map.
pub(super) fn draw(picture: &mut Picture, map: &Map, scene: &SkyScene) {
    let mut y = map.panel.corner[1] + 4.0;
    y = sizes(picture, y, scene);
    y = signs(picture, y + 8.0, scene);
    y += 14.0;
    for note in &scene.notes {
        for line in wrapped(note, WIDTH, 11.5) {
            picture.words([LEFT, y], line, 11.5, Colour::INK, (Across::Left, Down::Base));
            y += 16.0;
        }
        y += 5.0;
    }
    let bottom = map.panel.ends()[1];
    let top = (y + 34.0).min(bottom - 140.0).max(bottom - 420.0);
    curve::draw(picture, [LEFT + 44.0, top], [WIDTH - 44.0, bottom - top], &scene.sources);
}

/// Discs of some flux densities; returns where the next thing may begin.
fn sizes(picture: &mut Picture, y: f64, scene: &SkyScene) -> f64 {
    let megahertz = scene.frequency / 1e6;
    let seen = if scene.beam.as_ref().is_some_and(|beam| beam.applied) {
        format!("Flux density through the beam at {megahertz:.1} MHz")
    } else {
        format!("Flux density at {megahertz:.1} MHz, no beam applied")
    };
    picture.words([LEFT, y + 8.0], seen, 13.0, Colour::INK, (Across::Left, Down::Base));
    let most = brightest(&scene.sources);
    let row = y + 54.0;
    let mut x = LEFT + 32.0;
    for flux in steps(most) {
        let radius = disc_radius(flux, most);
        picture.disc([x, row], radius, Colour::BLUE.faint(0.45), Colour::BLUE);
        let words = flux_words(flux);
        picture.words([x, row + 50.0], words, 11.0, Colour::INK, (Across::Middle, Down::Base));
        x += 74.0;
    }
    row + 64.0
}

/// Up to five flux densities, 1 or 3 times a power of ten, the largest first.
fn steps(most: f64) -> Vec<f64> {
    let power = most.log10().floor() as i32;
    let all = (power - 3..=power).rev().flat_map(|power| [3.0, 1.0].map(|digit| digit * 10f64.powi(power)));
    all.filter(|flux| *flux <= most * 1.000_001).take(5).collect()
}

/// What the lines and colours mean.
fn signs(picture: &mut Picture, y: f64, scene: &SkyScene) -> f64 {
    let mut y = y + 6.0;
    let mut say = |picture: &mut Picture, words: &str, draw: &dyn Fn(&mut Picture, f64)| {
        draw(picture, y);
        picture.words([LEFT + 44.0, y], words, 11.5, Colour::INK, (Across::Left, Down::Middle));
        y += 20.0;
    };
    let middle = LEFT + 18.0;
    if scene.sources.iter().any(|source| source.gaussian.is_some()) {
        say(picture, "Gaussian (its ellipse where that is large enough)", &|picture, y| {
            picture.disc([middle, y], 5.0, Colour::ORANGE.faint(0.45), Colour::ORANGE);
        });
    }
    if scene.sources.iter().any(|source| source.flux < 0.0) {
        say(picture, "negative flux density", &|picture, y| {
            picture.disc([middle, y], 5.0, Colour::PAPER, Colour::BLUE);
        });
    }
    if let Some(beam) = &scene.beam {
        let at = |y: f64| vec![[LEFT + 2.0, y], [LEFT + 34.0, y]];
        if beam.applied {
            say(picture, "power of the beam", &|picture, y| picture.line(at(y), Colour::GREEN, 1.6));
        } else {
            say(picture, "power of the beam, for orientation only", &|picture, y| {
                picture.dashed(&at(y), Colour::GREEN, 1.6, [7.0, 5.0]);
            });
        }
    }
    let words = match scene.pointings.len() {
        0 | 1 => "where the antennas look",
        _ => "where the antennas look, in the order of time",
    };
    say(picture, words, &|picture, y| {
        picture.line(vec![[middle - 5.0, y], [middle + 5.0, y]], Colour::GREEN, 1.2);
        picture.line(vec![[middle, y - 5.0], [middle, y + 5.0]], Colour::GREEN, 1.2);
    });
    y
}

/// Words in lines of at most a width.
pub(super) fn wrapped(text: &str, width: f64, size: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let longer = lines.last().map(|line| format!("{line} {word}"));
        match (longer, lines.last_mut()) {
            (Some(longer), Some(line)) if letters::width(&longer, size) <= width => *line = longer,
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

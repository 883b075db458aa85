//! Names beside the brightest sources, none over another.

use super::axes::{Panel, SMALL};
use super::canvas::{Across, Colour, Down, Picture, Place};
use super::letters;
use super::sky::{SkySource, caption};

/// A rectangle that is taken: upper left and lower right corners.
pub(super) type Taken = [Place; 2];

pub(super) fn overlap(a: &Taken, b: &Taken) -> bool {
    (0..2).all(|k| a[0][k] < b[1][k] && b[0][k] < a[1][k])
}

/// Writes the names of the `most` brightest sources where there is room for them, not over other `words`.
pub(super) fn draw(
    picture: &mut Picture,
    panel: &Panel,
    sources: &[SkySource],
    discs: &[Option<(Place, f64)>],
    most: usize,
    words: &[Taken],
) {
    let mut order: Vec<usize> = (0..sources.len()).filter(|index| discs[*index].is_some()).collect();
    order.sort_by(|a, b| sources[*b].flux.abs().total_cmp(&sources[*a].flux.abs()));
    // Words may lie over faint discs, which can be hundreds, but not over those that are easily seen.
    let mut taken: Vec<Taken> = order
        .iter()
        .take(200)
        .filter_map(|index| discs[*index])
        .map(|([x, y], radius)| [[x - radius, y - radius], [x + radius, y + radius]])
        .collect();
    let end = panel.ends();
    // The compass.
    taken.push([[end[0] - 90.0, end[1] - 90.0], end]);
    taken.extend(words);
    for index in order.into_iter().take(most) {
        let Some((place, radius)) = discs[index] else { continue };
        let words = caption(&sources[index]);
        let size = [letters::width(&words, SMALL), SMALL];
        let spot = spots(place, radius, size).into_iter().find(|spot| {
            let inside = panel.holds(spot[0]) && panel.holds(spot[1]);
            inside && !taken.iter().any(|other| overlap(spot, other))
        });
        if let Some(spot) = spot {
            let pad = 1.5;
            let paper = Colour::PAPER.faint(0.75);
            picture.block([spot[0][0] - pad, spot[0][1] - pad], [spot[1][0] + pad, spot[1][1] + pad], paper);
            let middle = [spot[0][0], 0.5 * (spot[0][1] + spot[1][1])];
            picture.words(middle, words, SMALL, Colour::INK, (Across::Left, Down::Middle));
            taken.push(spot);
        }
    }
}

/// Where the words may go, the best first: to the right, the left, above, below, and in between.
fn spots([x, y]: Place, radius: f64, [width, height]: [f64; 2]) -> Vec<Taken> {
    let gap = radius + 4.0;
    let slant = 0.75 * radius + 4.0;
    let tall = 0.5 * height;
    let corners = [
        [x + gap, y - tall],
        [x - gap - width, y - tall],
        [x - 0.5 * width, y - gap - height],
        [x - 0.5 * width, y + gap],
        [x + slant, y - slant - tall],
        [x + slant, y + slant - tall],
        [x - slant - width, y - slant - tall],
        [x - slant - width, y + slant - tall],
    ];
    corners.map(|corner| [corner, [corner[0] + width, corner[1] + height]]).to_vec()
}

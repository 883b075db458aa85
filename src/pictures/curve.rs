//! How much of the flux density the brightest sources have.

use super::axes::{Panel, SMALL, Scale, flux_words};
use super::canvas::{Across, Colour, Down, Picture, Place};
use super::sky::SkySource;

/// Draws the sum of |flux| over the brightest sources, into a rectangle that has room for words to its left and below.
pub(super) fn draw(picture: &mut Picture, corner: Place, size: [f64; 2], sources: &[SkySource]) {
    let mut fluxes: Vec<f64> = sources.iter().map(|source| source.flux.abs()).collect();
    fluxes.sort_by(|a, b| b.total_cmp(a));
    let sums: Vec<f64> = fluxes
        .iter()
        .scan(0.0, |sum, flux| {
            *sum += flux;
            Some(*sum)
        })
        .collect();
    let total = sums.last().copied().unwrap_or(0.0);
    let count = sums.len();
    let many = count > 60;
    let x = if many {
        Scale::logarithmic(1.0, count as f64 * 1.1)
    } else {
        Scale::linear(0.0, count.max(1) as f64)
    };
    let top = if total > 0.0 { 1.08 * total } else { 1.0 };
    let panel = Panel { corner, size, x, y: Scale::linear(0.0, top) };
    let start = if many { 1.0 } else { 0.0 };
    let mut points = vec![panel.at(start, 0.0)];
    for (index, sum) in sums.iter().enumerate() {
        points.push(panel.at(index as f64 + 1.0, *sum));
    }
    if total > 0.0 {
        let mut below = points.clone();
        below.push(panel.at(count as f64, 0.0));
        picture.area(below, Colour::BLUE.faint(0.12));
        picture.line(points, Colour::BLUE, 1.8);
        let half = sums.iter().position(|sum| *sum >= 0.5 * total).unwrap_or(0);
        let at = panel.at(half as f64 + 1.0, sums[half]);
        picture.disc(at, 3.0, Colour::BLUE, Colour::BLUE);
        let words = match half {
            0 => "half of it in the brightest one".to_owned(),
            _ => format!("half of it in the {} brightest", half + 1),
        };
        let roomy = at[0] + 8.0 + super::letters::width(&words, SMALL) < panel.ends()[0];
        let (x, across) = if roomy { (at[0] + 8.0, Across::Left) } else { (at[0] - 8.0, Across::Right) };
        picture.words([x, at[1] + 14.0], words, SMALL, Colour::INK, (across, Down::Middle));
    }
    let negative = sources.iter().any(|source| source.flux < 0.0);
    let left = if negative { "sum of |flux density| [Jy]" } else { "sum of flux density [Jy]" };
    panel.frame(picture, "number of sources, the brightest first", left);
    let title = format!("{} in {count} source{}", flux_words(total), if count == 1 { "" } else { "s" });
    let at = [corner[0], corner[1] - 10.0];
    picture.words(at, title, 13.0, Colour::INK, (Across::Left, Down::Base));
}

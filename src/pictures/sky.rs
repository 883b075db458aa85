//! The sky of a prediction: its sources by flux density, the beam, and where the fields are.

use super::axes::{Panel, Scale, flux_words};
use super::canvas::{Across, Colour, Down, Picture, Place, ellipse};
use super::contour::Grid;
use super::labels::{Taken, overlap};
use super::{graticule, labels, sky_side};
use crate::beam::Offset;
use crate::coords::{Direction, Frame};

/// A source as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct SkySource {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Where it is.
    pub position: Direction,
    /// Its flux density as the antennas see it [Jy]; may be negative.
    pub flux: f64,
    /// Of a Gaussian: its full widths at half maximum and position angle [rad].
    pub gaussian: Option<[f64; 3]>,
}

/// A primary beam as it is shown.
pub struct BeamShown<'a> {
    /// Where it points.
    pub centre: Direction,
    /// How far from there it is looked at [rad].
    pub reach: f64,
    /// Its power.
    pub power: &'a dyn Fn(Offset) -> f64,
    /// Whether the flux densities are those seen through it.
    pub applied: bool,
}

/// What a picture of the sky shows.
pub struct SkyScene<'a> {
    /// What it is a picture of.
    pub title: String,
    /// The line below.
    pub subtitle: String,
    /// What is said beside the map.
    pub notes: Vec<String>,
    /// The sources.
    pub sources: Vec<SkySource>,
    /// Where the antennas look, in the order of time.
    pub pointings: Vec<Direction>,
    /// The beam, if it is known.
    pub beam: Option<BeamShown<'a>>,
    /// The frequency of the flux densities [Hz].
    pub frequency: f64,
    /// The most sources that get their name.
    pub names: usize,
}

/// The powers at which the beam is drawn.
const LEVELS: [f64; 3] = [0.5, 0.2, 0.1];

/// The radius of the brightest source's disc [pixels].
const LARGEST: f64 = 32.0;

/// The map: places of directions.
pub(super) struct Map {
    pub(super) centre: Direction,
    pub(super) panel: Panel,
    /// Half the width [deg], as a direction cosine.
    pub(super) half: f64,
}

impl Map {
    /// Where a direction is; none on the far side of the sky.
    pub(super) fn place(&self, direction: Direction) -> Option<Place> {
        let lmn = direction.lmn(self.centre);
        (lmn.n() > 0.0).then(|| self.panel.at(lmn.l.to_degrees(), lmn.m.to_degrees()))
    }

    /// Pixels in a degree.
    pub(super) fn pixels_a_degree(&self) -> f64 {
        0.5 * self.panel.size[0] / self.half
    }
}

/// Draws a sky.
pub fn draw_sky(scene: &SkyScene) -> Picture {
    let mut picture = Picture::new(1280, 880);
    let map = lay_out(scene);
    let ink = Colour::INK;
    picture.words([76.0, 30.0], scene.title.as_str(), 18.0, ink, (Across::Left, Down::Base));
    picture.words([76.0, 50.0], scene.subtitle.as_str(), 12.0, Colour::GREY, (Across::Left, Down::Base));

    graticule::draw(&mut picture, &map);
    let words = draw_beam(&mut picture, &map, scene);
    draw_track(&mut picture, &map, &scene.pointings);
    let discs = draw_sources(&mut picture, &map, &scene.sources);
    labels::draw(&mut picture, &map.panel, &scene.sources, &discs, scene.names, &words);
    compass(&mut picture, &map.panel);
    let title = "offset to the east [deg]";
    map.panel.frame(&mut picture, title, "offset to the north [deg]");
    sky_side::draw(&mut picture, &map, scene);
    picture
}

/// A map about the middle of the pointings that has room for every source and the beam.
fn lay_out(scene: &SkyScene) -> Map {
    let centre = middle(&scene.pointings)
        .or_else(|| scene.sources.first().map(|source| source.position.to(Frame::J2000)))
        .unwrap_or(Direction::new(Frame::J2000, 0.0, 0.0));
    let reach = |direction: &Direction| {
        let lmn = direction.lmn(centre);
        if lmn.n() > 0.0 { lmn.l.abs().max(lmn.m.abs()) } else { 0.0 }
    };
    let sources = scene.sources.iter().map(|source| reach(&source.position));
    let beam = scene.beam.as_ref().map(|beam| reach(&beam.centre) + contour_reach(beam));
    let furthest = sources.chain(scene.pointings.iter().map(reach)).chain(beam).fold(0.0, f64::max);
    // Room for half of the largest disc at the edge, and a little more.
    let half = if furthest > 0.0 { 1.1 * furthest.to_degrees() } else { 1.0 };
    let scale = |from: f64| Scale::linear(from, -from);
    let panel = Panel { corner: [76.0, 90.0], size: [720.0, 720.0], x: scale(half), y: scale(-half) };
    Map { centre, panel, half }
}

/// How far out the lowest contour is, as a direction cosine.
fn contour_reach(beam: &BeamShown) -> f64 {
    let lowest = LEVELS[LEVELS.len() - 1];
    let outermost = (0..=200)
        .map(|k| beam.reach.min(1.57) * f64::from(k) / 200.0)
        .filter(|angle| {
            (0..4).any(|k| {
                (beam.power)(Offset::polar(*angle, std::f64::consts::FRAC_PI_2 * f64::from(k))) >= lowest
            })
        })
        .fold(0.0, f64::max);
    outermost.sin()
}

/// The middle of some directions, in J2000.
pub(super) fn middle(directions: &[Direction]) -> Option<Direction> {
    let sum = directions
        .iter()
        .map(|direction| direction.to(Frame::J2000).unit_vector())
        .fold([0.0; 3], |sum: [f64; 3], vector| std::array::from_fn(|k| sum[k] + vector[k]));
    let length = sum.iter().map(|x| x * x).sum::<f64>().sqrt();
    if length < 1e-6 {
        return directions.first().map(|direction| direction.to(Frame::J2000));
    }
    let latitude = sum[2].atan2(sum[0].hypot(sum[1]));
    Some(Direction::new(Frame::J2000, sum[1].atan2(sum[0]).rem_euclid(std::f64::consts::TAU), latitude))
}

/// Draws the contours of the beam, each with its level where there is no source; returns where words are.
fn draw_beam(picture: &mut Picture, map: &Map, scene: &SkyScene) -> Vec<Taken> {
    let mut said: Vec<Taken> = Vec::new();
    let Some(beam) = &scene.beam else { return said };
    let half = contour_reach(beam) * 1.05;
    if half <= 0.0 {
        return said;
    }
    let brightest = brightest(&scene.sources);
    let place_of = |source: &SkySource| map.place(source.position).filter(|place| map.panel.holds(*place));
    let discs: Vec<Taken> = (scene.sources.iter())
        .filter_map(|source| Some((place_of(source)?, disc_radius(source.flux, brightest))))
        .map(|([x, y], radius)| [[x - radius, y - radius], [x + radius, y + radius]])
        .collect();
    let angles = |l: f64, m: f64| (l.hypot(m).min(1.0).asin(), l.atan2(m));
    let grid = Grid::new(half, 241, |l, m| {
        let (angle, position_angle) = angles(l, m);
        (beam.power)(Offset::polar(angle, position_angle))
    });
    for (level, width) in LEVELS.into_iter().zip([1.8, 1.4, 1.1]) {
        let mut inside: Vec<Place> = Vec::new();
        for line in grid.lines(level) {
            let places: Vec<Place> = line
                .into_iter()
                .map(|[l, m]| angles(l, m))
                .filter_map(|(angle, towards)| map.place(beam.centre.offset(towards, angle)))
                .collect();
            for piece in map.panel.clipped(&places) {
                if beam.applied {
                    picture.line(piece, Colour::GREEN, width);
                } else {
                    picture.dashed(&piece, Colour::GREEN, width, [7.0, 5.0]);
                }
            }
            inside.extend(places.into_iter().filter(|place| map.panel.holds(*place)));
        }
        let words = super::axes::plain(level);
        let half_width = 0.5 * super::letters::width(&words, 11.0) + 3.0;
        let spot = |[x, y]: Place| [[x - half_width, y - 7.0], [x + half_width, y + 7.0]];
        // As low as there is room: lines that are close together, or sources all along, may leave none.
        inside.sort_by(|a, b| b[1].total_cmp(&a[1]));
        let free = |place: &&Place| !said.iter().chain(&discs).any(|taken| overlap(&spot(**place), taken));
        if let Some(&[x, y]) = inside.iter().find(free) {
            let spot = spot([x, y]);
            picture.block(spot[0], spot[1], Colour::PAPER);
            said.push(spot);
            picture.words([x, y], words, 11.0, Colour::GREEN, (Across::Middle, Down::Middle));
        }
    }
    said
}

/// The centres of the fields, joined in the order of time.
fn draw_track(picture: &mut Picture, map: &Map, pointings: &[Direction]) {
    let places: Vec<Place> = pointings.iter().filter_map(|pointing| map.place(*pointing)).collect();
    picture.line(places.clone(), Colour::GREEN.faint(0.6), 1.0);
    let arm = if places.len() > 1 { 4.0 } else { 8.0 };
    for [x, y] in &places {
        picture.line(vec![[x - arm, *y], [x + arm, *y]], Colour::GREEN, 1.2);
        picture.line(vec![[*x, y - arm], [*x, y + arm]], Colour::GREEN, 1.2);
    }
    if let [.., before, last] = places[..] {
        let step = [last[0] - before[0], last[1] - before[1]];
        let length = step[0].hypot(step[1]);
        if length > 0.0 {
            let ahead = [last[0] + 24.0 * step[0] / length, last[1] + 24.0 * step[1] / length];
            picture.arrow(last, ahead, Colour::GREEN, 1.2);
        }
    }
}

/// The radius of a source's disc [pixels]: its area goes as the flux density.
pub(super) fn disc_radius(flux: f64, brightest: f64) -> f64 {
    (LARGEST * (flux.abs() / brightest).sqrt()).max(1.4)
}

/// The largest |flux| of some sources; one where there are none.
pub(super) fn brightest(sources: &[SkySource]) -> f64 {
    let most = sources.iter().map(|source| source.flux.abs()).fold(0.0, f64::max);
    if most > 0.0 { most } else { 1.0 }
}

/// Draws the sources, the bright ones below; returns the place and radius of each disc.
fn draw_sources(picture: &mut Picture, map: &Map, sources: &[SkySource]) -> Vec<Option<(Place, f64)>> {
    let brightest = brightest(sources);
    let mut order: Vec<usize> = (0..sources.len()).collect();
    order.sort_by(|a, b| sources[*b].flux.abs().total_cmp(&sources[*a].flux.abs()));
    let mut discs = vec![None; sources.len()];
    for index in order {
        let source = &sources[index];
        let Some(place) = map.place(source.position).filter(|place| map.panel.holds(*place)) else {
            continue;
        };
        let radius = disc_radius(source.flux, brightest);
        let colour = if source.gaussian.is_some() { Colour::ORANGE } else { Colour::BLUE };
        let fill = if source.flux < 0.0 { Colour::PAPER } else { colour.faint(0.45) };
        picture.disc(place, radius, fill, colour);
        if let Some([major, minor, angle]) = source.gaussian {
            let half = |width: f64| 0.5 * width.to_degrees() * map.pixels_a_degree();
            // Smaller ones would hide in the disc.
            if half(major) > 3.0 {
                let ahead = map.place(source.position.offset(angle, 1e-4)).unwrap_or(place);
                let turn = (place[1] - ahead[1]).atan2(ahead[0] - place[0]);
                let points = ellipse(place, [half(major), half(minor).max(0.5)], turn);
                let closed: Vec<Place> = points.iter().chain(points.first()).copied().collect();
                for piece in map.panel.clipped(&closed) {
                    picture.line(piece, colour, 1.2);
                }
            }
        }
        discs[index] = Some((place, radius));
    }
    discs
}

/// North and east.
fn compass(picture: &mut Picture, panel: &Panel) {
    let end = panel.ends();
    let foot = [end[0] - 22.0, end[1] - 22.0];
    picture.block([foot[0] - 66.0, foot[1] - 66.0], [end[0] - 1.0, end[1] - 1.0], Colour::PAPER.faint(0.85));
    for (tip, letter, at) in [
        ([foot[0], foot[1] - 44.0], "N", [foot[0], foot[1] - 54.0]),
        ([foot[0] - 44.0, foot[1]], "E", [foot[0] - 54.0, foot[1]]),
    ] {
        picture.arrow(foot, tip, Colour::INK, 1.6);
        picture.words(at, letter, 13.0, Colour::INK, (Across::Middle, Down::Middle));
    }
}

/// A source's name, or one made from its position, with its flux density.
pub(super) fn caption(source: &SkySource) -> String {
    let name = match &source.name {
        Some(name) if !name.trim().is_empty() => name.trim().to_owned(),
        _ => graticule::short_name(source.position),
    };
    format!("{name}  {}", flux_words(source.flux))
}

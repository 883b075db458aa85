//! Where the pixels of an image lie on the sky.
//!
//! Greisen & Calabretta 2002 (A&A 395, 1061; the linear part) and Calabretta & Greisen 2002 (A&A 395, 1077; the
//! projections), for the zenithal projections whose pole is the reference point: SIN with its slant (of which NCP is a
//! case), TAN, ZEA, ARC and STG.

use super::fits::Keywords;
use crate::coords::{Direction, Frame};

/// A zenithal projection.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Projection {
    /// Orthographic, with the slant (ξ, η) of PV2_1 and PV2_2.
    Sin([f64; 2]),
    Tan,
    /// Zenithal equal area.
    Zea,
    /// Zenithal equidistant.
    Arc,
    /// Stereographic.
    Stg,
}

/// The pixels of an image on the sky.
#[derive(Debug, Clone, PartialEq)]
pub struct Wcs {
    /// Columns and rows.
    pub size: [usize; 2],
    /// The direction of the reference pixel.
    pub centre: Direction,
    projection: Projection,
    /// The reference pixel, counted from 0 at the middle of the first.
    reference: [f64; 2],
    /// From pixels to (east, north) in the plane of projection [rad], row by row.
    linear: [f64; 4],
}

/// Angles in CUNIT [rad].
const ANGLES: [(&str, f64); 7] = [
    ("DEG", std::f64::consts::PI / 180.0),
    ("DEGREE", std::f64::consts::PI / 180.0),
    ("DEGREES", std::f64::consts::PI / 180.0),
    ("ARCMIN", std::f64::consts::PI / 10_800.0),
    ("ARCSEC", std::f64::consts::PI / 648_000.0),
    ("RAD", 1.0),
    ("RADIANS", 1.0),
];

/// The algorithm code of a celestial axis: `SIN` of `RA---SIN`.
fn code(ctype: &str) -> &str {
    ctype.rsplit('-').next().unwrap_or_default()
}

impl Wcs {
    /// The WCS of two axes (counted from 1), the first of which is the longitude's, of lengths `size`.
    ///
    /// # Errors
    /// In words, if it is none that is understood.
    pub(super) fn read(header: &mut Keywords, axes: [usize; 2], size: [usize; 2]) -> Result<Wcs, String> {
        let [x, y] = axes;
        let ctype = header.text(&format!("CTYPE{x}"));
        if code(&ctype) != code(&header.text(&format!("CTYPE{y}"))) {
            return Err(format!("CTYPE{x} is {ctype}, but CTYPE{y} has another projection"));
        }
        let mut value = [0.0; 2];
        let mut reference = [0.0; 2];
        let mut unit = [0.0; 2];
        for (place, axis) in axes.into_iter().enumerate() {
            unit[place] = header.unit(axis, &ANGLES, 1f64.to_radians())?;
            let needed = |value: Option<f64>, key: &str| value.ok_or(format!("it has no {key}{axis}"));
            value[place] = needed(header.number(&format!("CRVAL{axis}")), "CRVAL")? * unit[place];
            reference[place] = needed(header.number(&format!("CRPIX{axis}")), "CRPIX")? - 1.0;
        }
        let centre = Direction::new(frame(header, &ctype)?, value[0], value[1]);
        if !centre.is_valid() {
            return Err(format!("CRVAL{x} and CRVAL{y} are no direction on the sky"));
        }
        let projection = projection(header, &ctype, y, centre)?;
        let matrix = matrix(header, axes)?;
        let matrix: [f64; 4] = std::array::from_fn(|k| matrix[k] * unit[k / 2]);
        let determinant = matrix[0] * matrix[3] - matrix[1] * matrix[2];
        if !(determinant.is_finite() && determinant != 0.0) {
            return Err("its pixels have no size (CDELT, CD or PC)".into());
        }
        let pole = header.number("LONPOLE").or_else(|| header.number(&format!("PV{x}_3")));
        let (sin, cos) = pole.unwrap_or(180.0).to_radians().sin_cos();
        // A native pole of 180° leaves the plane as it is; else it is turned (Calabretta & Greisen, eq. 2).
        let turn = if pole.is_none_or(|pole| pole == 180.0) {
            [1.0, 0.0, 0.0, 1.0]
        } else {
            [-cos, -sin, sin, -cos]
        };
        if turn != [1.0, 0.0, 0.0, 1.0] && matches!(projection, Projection::Sin(slant) if slant != [0.0; 2]) {
            return Err("LONPOLE with a slant orthographic projection is not supported".into());
        }
        let linear = [
            turn[0] * matrix[0] + turn[1] * matrix[2],
            turn[0] * matrix[1] + turn[1] * matrix[3],
            turn[2] * matrix[0] + turn[3] * matrix[2],
            turn[2] * matrix[1] + turn[3] * matrix[3],
        ];
        Ok(Wcs { size, centre, projection, reference, linear })
    }

    /// The solid angle of the reference pixel [sr].
    pub fn pixel_area(&self) -> f64 {
        let [a, b, c, d] = self.linear;
        (a * d - b * c).abs()
    }

    /// Whether two have the same pixels, to a thousandth of one.
    pub fn is_same(&self, other: &Wcs) -> bool {
        let [width, height] = self.size.map(|length| (length - 1) as f64);
        let tolerance = 1e-3 * self.pixel_area().sqrt();
        let same = |pixel| match (self.direction(pixel), other.direction(pixel)) {
            (Some(a), Some(b)) => a.separation(b) <= tolerance,
            (None, None) => true,
            _ => false,
        };
        let corners = [[0.0, 0.0], [width, 0.0], [0.0, height], [width, height], [0.5 * width, 0.5 * height]];
        self.size == other.size && corners.into_iter().all(same)
    }

    /// The direction of a pixel (x, y), counted from 0 at its middle; none where the projection has no sky.
    pub fn direction(&self, pixel: [f64; 2]) -> Option<Direction> {
        self.cosines(pixel).map(|cosines| self.direction_of(cosines))
    }

    /// The same as direction cosines to the east, to the north and to the [`centre`](Self::centre), in its frame.
    #[inline]
    pub fn cosines(&self, pixel: [f64; 2]) -> Option<[f64; 3]> {
        let [dx, dy] = [pixel[0] - self.reference[0], pixel[1] - self.reference[1]];
        let [a, b, c, d] = self.linear;
        let (l, m, n) = self.projection.cosines(a * dx + b * dy, c * dx + d * dy)?;
        Some([l, m, n])
    }

    /// The same of pixels of one row: replaces the lists of all three cosines. What is not on the sky is no number.
    pub fn cosines_of_row(&self, row: usize, columns: &[usize], lists: &mut [Vec<f64>; 3]) {
        let ([a, b, c, d], dy) = (self.linear, row as f64 - self.reference[1]);
        lists.iter_mut().for_each(|list| list.resize(columns.len(), 0.0));
        let [x, y, z] = lists;
        for ((x, y), column) in x.iter_mut().zip(y.iter_mut()).zip(columns) {
            let dx = *column as f64 - self.reference[0];
            (*x, *y) = (a * dx + b * dy, c * dx + d * dy);
        }
        if self.projection == Projection::Sin([0.0; 2]) {
            // Most images; the loop is one of vectors.
            for ((z, x), y) in z.iter_mut().zip(&*x).zip(&*y) {
                *z = (1.0 - (x * x + y * y)).sqrt();
            }
            return;
        }
        for ((x, y), z) in x.iter_mut().zip(y).zip(z) {
            (*x, *y, *z) = self.projection.cosines(*x, *y).unwrap_or((f64::NAN, f64::NAN, f64::NAN));
        }
    }

    /// The direction that has such cosines.
    pub fn direction_of(&self, [l, m, n]: [f64; 3]) -> Direction {
        self.centre.offset(l.atan2(m), l.hypot(m).atan2(n))
    }
}

impl Projection {
    /// Direction cosines (east, north, to the centre) of a point of the plane [rad], x to the east.
    #[inline]
    fn cosines(self, x: f64, y: f64) -> Option<(f64, f64, f64)> {
        let square = x * x + y * y;
        Some(match self {
            // Most images: without the slant, the sphere is straight above the plane.
            Projection::Sin(slant) if slant == [0.0; 2] => {
                (x, y, (square <= 1.0).then(|| (1.0 - square).sqrt())?)
            }
            Projection::Sin([xi, eta]) => {
                // l = x − ξ s, m = y − η s with s = 1 − n (eq. 61 and 62), and l² + m² + n² = 1: the nearer root.
                let b = 1.0 + x * xi + y * eta;
                let root = b * b - (1.0 + xi * xi + eta * eta) * square;
                let s = square / (b + (root >= 0.0).then(|| root.sqrt())?);
                (x - xi * s, y - eta * s, 1.0 - s)
            }
            Projection::Tan => {
                let n = 1.0 / (1.0 + square).sqrt();
                (x * n, y * n, n)
            }
            Projection::Zea => {
                let scale = (square <= 4.0).then(|| (1.0 - 0.25 * square).sqrt())?;
                (x * scale, y * scale, 1.0 - 0.5 * square)
            }
            Projection::Arc => {
                let radius = square.sqrt();
                let scale = if radius > 0.0 { radius.sin() / radius } else { 1.0 };
                (radius <= std::f64::consts::PI).then_some((x * scale, y * scale, radius.cos()))?
            }
            Projection::Stg => {
                let scale = 4.0 / (4.0 + square);
                (x * scale, y * scale, (4.0 - square) / (4.0 + square))
            }
        })
    }
}

fn projection(
    header: &mut Keywords,
    ctype: &str,
    latitude_axis: usize,
    centre: Direction,
) -> Result<Projection, String> {
    let mut parameter = |index: usize| header.number(&format!("PV{latitude_axis}_{index}")).unwrap_or(0.0);
    let slant = [parameter(1), parameter(2)];
    let known = match code(ctype) {
        "SIN" => return Ok(Projection::Sin(slant)),
        // The projection of an east-west array: SIN with ξ = 0, η = cot δ0 (Calabretta & Greisen, section 5.1.5).
        "NCP" if centre.latitude != 0.0 => return Ok(Projection::Sin([0.0, 1.0 / centre.latitude.tan()])),
        "NCP" => return Err("an NCP projection has no centre on the equator".into()),
        "TAN" => Projection::Tan,
        "ZEA" => Projection::Zea,
        "ARC" => Projection::Arc,
        "STG" => Projection::Stg,
        _ => {
            return Err(format!(
                "the projection of {ctype} is not supported: SIN, NCP, TAN, ZEA, ARC and STG are"
            ));
        }
    };
    if slant != [0.0; 2] {
        return Err(format!("{ctype} with PV{latitude_axis}_1 or PV{latitude_axis}_2 is not supported"));
    }
    Ok(known)
}

/// The frame that RADESYS, EQUINOX and CTYPE tell (Calabretta & Greisen, section 3.1).
fn frame(header: &mut Keywords, ctype: &str) -> Result<Frame, String> {
    match ctype.split('-').next().unwrap_or_default() {
        "RA" => {}
        "GLON" => return Ok(Frame::Galactic),
        other => return Err(format!("the longitude {other} is not supported: RA and GLON are")),
    }
    let equinox = header.number("EQUINOX").or_else(|| header.number("EPOCH"));
    let mut system = header.text("RADESYS");
    if system.is_empty() {
        system = header.text("RADECSYS");
    }
    let system = match (system.as_str(), equinox) {
        ("", None) => "ICRS",
        ("", Some(year)) if year < 1984.0 => "FK4",
        ("", Some(_)) => "FK5",
        (named, _) => named,
    };
    match (system, equinox) {
        ("ICRS", _) => Ok(Frame::Icrs),
        ("FK5", None | Some(2000.0)) => Ok(Frame::J2000),
        ("FK4", None | Some(1950.0)) => Ok(Frame::B1950),
        (named, year) => Err(format!(
            "the frame {named} of equinox {} is not supported: ICRS, FK5 of 2000, FK4 of 1950 and galactic are",
            year.map_or("unknown".into(), |year| year.to_string())
        )),
    }
}

/// From pixels to the units of the two axes, row by row: CDi_j, else CDELT with PCi_j or CROTA.
fn matrix(header: &mut Keywords, [x, y]: [usize; 2]) -> Result<[f64; 4], String> {
    let places = [(x, x), (x, y), (y, x), (y, y)];
    let found = places.map(|(i, j)| header.number(&format!("CD{i}_{j}")));
    if found.iter().any(Option::is_some) {
        return Ok(found.map(|value| value.unwrap_or(0.0)));
    }
    let mut steps = [0.0; 2];
    for (step, axis) in steps.iter_mut().zip([x, y]) {
        *step = header
            .number(&format!("CDELT{axis}"))
            .ok_or(format!("it has neither CDELT{axis} nor CD{axis}_{axis}"))?;
    }
    let scaled = |turn: [f64; 4]| std::array::from_fn(|k| turn[k] * steps[k / 2]);
    // PC001002 is how the draft of the standard wrote PC1_2.
    let found = places.map(|(i, j)| {
        header.number(&format!("PC{i}_{j}")).or_else(|| header.number(&format!("PC{i:03}{j:03}")))
    });
    if found.iter().any(Option::is_some) {
        let unit = [1.0, 0.0, 0.0, 1.0];
        return Ok(scaled(std::array::from_fn(|k| found[k].unwrap_or(unit[k]))));
    }
    let (sin, cos) = header.number(&format!("CROTA{y}")).unwrap_or(0.0).to_radians().sin_cos();
    // Greisen & Calabretta, eq. 188 to 191: the rotation of the old keyword mixes steps of both axes.
    Ok([steps[0] * cos, -steps[1] * sin, steps[0] * sin, steps[1] * cos])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The forward formulas of Calabretta & Greisen, in the angle ρ from the centre, and back.
    #[test]
    fn directions_come_back_from_the_plane() {
        for (l, m) in [(0.0, 0.0), (1e-6, 3e-7), (0.02, -0.03), (-0.5, 0.4), (0.3, 0.8)] {
            let square: f64 = l * l + m * m;
            let n = (1.0 - square).sqrt();
            let (rho, sine) = (square.sqrt().asin(), square.sqrt());
            let radial =
                |radius: f64| if sine > 0.0 { (l * radius / sine, m * radius / sine) } else { (0.0, 0.0) };
            let (xi, eta) = (0.1, -0.4);
            let s = square / (1.0 + n);
            for (projection, (x, y)) in [
                (Projection::Sin([0.0; 2]), (l, m)),
                (Projection::Sin([xi, eta]), (l + xi * s, m + eta * s)),
                (Projection::Tan, radial(rho.tan())),
                (Projection::Zea, radial(2.0 * (0.5 * rho).sin())),
                (Projection::Arc, radial(rho)),
                (Projection::Stg, radial(2.0 * (0.5 * rho).tan())),
            ] {
                let (l2, m2, n2) = projection.cosines(x, y).expect("on the sky");
                let error = (l2 - l).abs().max((m2 - m).abs()).max((n2 - n).abs());
                assert!(error < 1e-15, "{projection:?} {l} {m}: {error:e}");
            }
        }
        assert_eq!(Projection::Sin([0.0; 2]).cosines(0.8, 0.7), None);
        assert_eq!(Projection::Zea.cosines(1.5, 1.5), None);
        assert_eq!(Projection::Arc.cosines(3.0, 1.5), None);
    }
}

//! A pattern given as a table of radii, read from text.

use super::radius::outermost;
use super::{Beam, Offset, QUARTER_TURN};

/// What is wrong with a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// A line that cannot be used.
    #[error("line {line}: {reason}")]
    Line {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The table as a whole cannot be used.
    #[error("{0}")]
    Table(String),
}

/// A power pattern that depends on the radius only, interpolated in a table.
///
/// In the radius a monotone cubic (Fritsch & Carlson 1980, SIAM J. Numer. Anal. 17, 238) goes through the
/// values, in frequency a line. Below the first radius its value is held, beyond the last the power is 0; below
/// the first frequency and above the last its curve is taken with the radius scaled as the frequency.
#[derive(Clone, Debug, PartialEq)]
pub struct RadialTable {
    /// By ascending frequency; a single one of any frequency if the table has none.
    curves: Vec<Curve>,
    has_frequencies: bool,
}

/// The power over the radius at one frequency.
#[derive(Clone, Debug, PartialEq)]
struct Curve {
    /// [Hz], 0 in a table without frequencies.
    frequency: f64,
    radii: Vec<f64>,
    values: Vec<f64>,
    slopes: Vec<f64>,
}

/// Radii [rad] that are nearer to each other are the same.
const CLOSEST: f64 = 1e-12;

/// Powers relative to the axis, or to anything else, that no pattern has.
const MOST_POWER: f64 = 1e12;

/// What a column holds and the factor to its SI unit.
#[derive(Clone, Copy, PartialEq)]
enum Column {
    Radius(f64),
    Frequency(f64),
    Power,
    Voltage,
}

impl RadialTable {
    /// Reads `radius,frequency,power` or `radius,power` (the same at all frequencies).
    ///
    /// A line of names may come first: `radius` (or `theta`, `angle`, `offset`), `frequency` (or `freq`) and
    /// `power` (or `beam`, `attenuation`) or `voltage` in any order, with units as in `radius[arcmin]`,
    /// `radius_deg` or `freq (MHz)`; without units radii are degrees and frequencies hertz. Fields are
    /// separated by commas, semicolons, tabs or blanks; what follows a `#` is a comment. Lines may be in any
    /// order.
    ///
    /// # Errors
    /// The first line that is not understood; fewer than two radii at a frequency, radii twice, or values
    /// that are not finite or negative powers.
    pub fn parse(text: &str) -> Result<RadialTable, TableError> {
        let mut columns: Option<Vec<Column>> = None;
        let mut rows: Vec<(f64, f64, f64)> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let body = line.split('#').next().unwrap_or_default().trim().trim_start_matches('\u{feff}');
            if body.is_empty() {
                continue;
            }
            let fail = |reason: String| TableError::Line { line: index + 1, reason };
            let Some(columns) = &columns else {
                let (found, is_header) = header(body).map_err(fail)?;
                if !is_header {
                    rows.push(row(body, &found).map_err(fail)?);
                }
                columns = Some(found);
                continue;
            };
            rows.push(row(body, columns).map_err(fail)?);
        }
        let has_frequencies = columns.iter().flatten().any(|column| matches!(column, Column::Frequency(_)));
        RadialTable::new(&rows, has_frequencies)
    }

    /// From (radius [rad], frequency [Hz], power) in any order.
    fn new(rows: &[(f64, f64, f64)], has_frequencies: bool) -> Result<RadialTable, TableError> {
        let mut sorted = rows.to_vec();
        sorted.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.total_cmp(&b.0)));
        let curves: Vec<Curve> =
            sorted.chunk_by(|a, b| a.1 == b.1).map(Curve::new).collect::<Result<_, _>>()?;
        if curves.is_empty() {
            return Err(TableError::Table("the table has no rows".into()));
        }
        Ok(RadialTable { curves, has_frequencies })
    }

    /// The curves to mix at a frequency [Hz] and how.
    fn mixture(&self, frequency: f64) -> Mixture<'_> {
        let above = self.curves.partition_point(|curve| curve.frequency <= frequency);
        let one = |index: usize| {
            let curve = &self.curves[index];
            let scale = if self.has_frequencies { frequency / curve.frequency } else { 1.0 };
            Mixture { first: curve, second: curve, weight: 0.0, scale }
        };
        if above == 0 || above == self.curves.len() {
            return one(above.saturating_sub(1));
        }
        let (low, high) = (&self.curves[above - 1], &self.curves[above]);
        let weight = (frequency - low.frequency) / (high.frequency - low.frequency);
        Mixture { first: low, second: high, weight, scale: 1.0 }
    }
}

/// Two neighbouring curves, the weight of the second, and the factor on the radius.
struct Mixture<'a> {
    first: &'a Curve,
    second: &'a Curve,
    weight: f64,
    scale: f64,
}

impl Mixture<'_> {
    /// The power at a scaled radius.
    fn power(&self, radius: f64) -> f64 {
        let power = self.first.power(radius);
        if self.weight == 0.0 { power } else { power + self.weight * (self.second.power(radius) - power) }
    }
}

impl Curve {
    /// From rows of one frequency by ascending radius.
    fn new(rows: &[(f64, f64, f64)]) -> Result<Curve, TableError> {
        let frequency = rows[0].1;
        let at = if frequency > 0.0 { format!(" at {frequency} Hz") } else { String::new() };
        if rows.len() < 2 {
            return Err(TableError::Table(format!("there is only one radius{at}; two or more are needed")));
        }
        // Closer than any antenna could tell apart, a slope between them means nothing.
        if let Some(pair) = rows.windows(2).find(|pair| pair[1].0 - pair[0].0 < CLOSEST) {
            return Err(TableError::Table(format!(
                "the radius {}° is there twice{at}",
                pair[0].0.to_degrees()
            )));
        }
        let radii: Vec<f64> = rows.iter().map(|row| row.0).collect();
        let values: Vec<f64> = rows.iter().map(|row| row.2).collect();
        let slopes = monotone_slopes(&radii, &values);
        Ok(Curve { frequency, radii, values, slopes })
    }

    fn last(&self) -> f64 {
        self.radii[self.radii.len() - 1]
    }

    fn power(&self, radius: f64) -> f64 {
        let above = self.radii.partition_point(|r| *r <= radius);
        if above == 0 {
            return self.values[0];
        }
        if above == self.radii.len() {
            return if radius > self.last() { 0.0 } else { self.values[above - 1] };
        }
        let (left, right) = (above - 1, above);
        let width = self.radii[right] - self.radii[left];
        let t = (radius - self.radii[left]) / width;
        let s = 1.0 - t;
        // Cubic Hermite.
        self.values[left] * s * s * (1.0 + 2.0 * t)
            + self.values[right] * t * t * (3.0 - 2.0 * t)
            + width * (self.slopes[left] * t * s * s - self.slopes[right] * t * t * s)
    }
}

/// Slopes that keep the cubic monotone wherever the values are: weighted harmonic means within, one-sided
/// three-point slopes at the ends, limited.
fn monotone_slopes(x: &[f64], y: &[f64]) -> Vec<f64> {
    let widths: Vec<f64> = x.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let secants: Vec<f64> =
        y.windows(2).zip(&widths).map(|(pair, width)| (pair[1] - pair[0]) / width).collect();
    if secants.len() == 1 {
        return vec![secants[0]; 2];
    }
    let end = |width: [f64; 2], secant: [f64; 2]| {
        let slope = ((2.0 * width[0] + width[1]) * secant[0] - width[0] * secant[1]) / (width[0] + width[1]);
        if slope * secant[0] <= 0.0 {
            0.0
        } else if secant[0] * secant[1] <= 0.0 && slope.abs() > 3.0 * secant[0].abs() {
            3.0 * secant[0]
        } else {
            slope
        }
    };
    let last = secants.len() - 1;
    let mut slopes = vec![end([widths[0], widths[1]], [secants[0], secants[1]])];
    for i in 1..=last {
        if secants[i - 1] * secants[i] <= 0.0 {
            slopes.push(0.0);
            continue;
        }
        let (first, second) = (2.0 * widths[i] + widths[i - 1], widths[i] + 2.0 * widths[i - 1]);
        slopes.push((first + second) / (first / secants[i - 1] + second / secants[i]));
    }
    slopes.push(end([widths[last], widths[last - 1]], [secants[last], secants[last - 1]]));
    slopes
}

fn fields(line: &str) -> Vec<&str> {
    match line.contains([',', ';']) {
        true => line.split([',', ';']).map(str::trim).collect(),
        false if line.contains('\t') => line.split('\t').map(str::trim).collect(),
        false => line.split_whitespace().collect(),
    }
}

/// What the columns are, and whether this line names them; without names they are those of their number.
fn header(line: &str) -> Result<(Vec<Column>, bool), String> {
    let names = fields(line);
    if names.iter().all(|name| name.parse::<f64>().is_ok()) {
        let degree = std::f64::consts::PI / 180.0;
        return match names.len() {
            2 => Ok((vec![Column::Radius(degree), Column::Power], false)),
            3 => Ok((vec![Column::Radius(degree), Column::Frequency(1.0), Column::Power], false)),
            count => Err(format!("{count} columns; radius,power or radius,frequency,power are understood")),
        };
    }
    // "radius (deg)" between blanks would be two fields.
    let joined = line.contains([',', ';', '\t']) || !line.contains(['(', '[']);
    if !joined {
        return Err("separate named columns by commas where names have units in brackets".into());
    }
    let columns: Vec<Column> = names.iter().map(|name| column(name)).collect::<Result<_, _>>()?;
    let count = |wanted: fn(&Column) -> bool| columns.iter().filter(|column| wanted(column)).count();
    let radii = count(|column| matches!(column, Column::Radius(_)));
    let values = count(|column| matches!(column, Column::Power | Column::Voltage));
    let frequencies = count(|column| matches!(column, Column::Frequency(_)));
    if radii != 1 || values != 1 || frequencies > 1 {
        return Err(
            "needed are one column radius, one column power or voltage and at most one frequency".into()
        );
    }
    Ok((columns, true))
}

fn column(name: &str) -> Result<Column, String> {
    let lower = name.trim_matches('"').to_ascii_lowercase();
    let mut words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let (quantity, unit) = (words.next().unwrap_or_default(), words.next());
    let degree = std::f64::consts::PI / 180.0;
    match quantity {
        "radius" | "theta" | "angle" | "offset" => Ok(Column::Radius(match unit {
            None | Some("deg" | "degree" | "degrees") => degree,
            Some("arcmin") => degree / 60.0,
            Some("arcsec") => degree / 3600.0,
            Some("rad" | "radian" | "radians") => 1.0,
            Some(other) => {
                return Err(format!("unknown unit '{other}' of the radius: deg, arcmin, arcsec or rad"));
            }
        })),
        "frequency" | "freq" => Ok(Column::Frequency(match unit {
            None | Some("hz") => 1.0,
            Some("khz") => 1e3,
            Some("mhz") => 1e6,
            Some("ghz") => 1e9,
            Some(other) => {
                return Err(format!("unknown unit '{other}' of the frequency: Hz, kHz, MHz or GHz"));
            }
        })),
        "power" | "beam" | "attenuation" => Ok(Column::Power),
        "voltage" => Ok(Column::Voltage),
        _ => Err(format!("unknown column '{name}': radius, frequency, power and voltage are understood")),
    }
}

/// (radius [rad], frequency [Hz] or 0, power).
fn row(line: &str, columns: &[Column]) -> Result<(f64, f64, f64), String> {
    let fields = fields(line);
    if fields.len() != columns.len() {
        return Err(format!("{} fields in place of {}", fields.len(), columns.len()));
    }
    let mut result = (0.0, 0.0, 0.0);
    for (field, column) in fields.iter().zip(columns) {
        let number = match field.parse::<f64>() {
            Ok(number) if number.is_finite() => number,
            _ => return Err(format!("'{field}' is not a number")),
        };
        match column {
            Column::Radius(unit) if (0.0..=std::f64::consts::PI).contains(&(number * unit)) => {
                result.0 = number * unit;
            }
            Column::Radius(_) => return Err(format!("the radius {field} is not within 0 and 180°")),
            Column::Frequency(unit) if (1e5..=1e15).contains(&(number * unit)) => result.1 = number * unit,
            Column::Frequency(_) => {
                return Err(format!(
                    "the frequency {field} is not within 100 kHz and 1 PHz; name its unit, as in frequency[MHz]"
                ));
            }
            Column::Power if (0.0..=MOST_POWER).contains(&number) => result.2 = number,
            Column::Power => return Err(format!("the power {field} is negative, or larger than any")),
            Column::Voltage if number * number <= MOST_POWER => result.2 = number * number,
            Column::Voltage => return Err(format!("the voltage {field} is larger than any")),
        }
    }
    Ok(result)
}

impl Beam for RadialTable {
    fn voltage(&self, offset: Offset, frequency: f64) -> f64 {
        self.power(offset, frequency).sqrt()
    }

    fn power(&self, offset: Offset, frequency: f64) -> f64 {
        if offset.is_behind() {
            return 0.0;
        }
        let mixture = self.mixture(frequency);
        mixture.power(offset.angle * mixture.scale)
    }

    fn limit_radius(&self, frequency: f64, level: f64) -> f64 {
        let mixture = self.mixture(frequency);
        let (first, second) = (mixture.first, mixture.second);
        let end = first.last().max(second.last()).min(QUARTER_TURN * mixture.scale);
        // Several steps between neighbouring radii: a monotone cubic has no lobe of its own.
        let step = end / (4 * (first.radii.len() + second.radii.len())) as f64;
        outermost(|radius| mixture.power(radius), end, step, level) / mixture.scale
    }

    fn frequency_range(&self) -> Option<(f64, f64)> {
        let last = self.curves.last()?.frequency;
        self.has_frequencies.then_some((self.curves[0].frequency, last))
    }

    fn description(&self) -> String {
        let end = self.curves.iter().map(Curve::last).fold(0.0, f64::max).to_degrees();
        match self.frequency_range() {
            None => format!("radial table out to {end:.3}°, the same at all frequencies"),
            Some((low, high)) => format!(
                "radial table out to {end:.3}°, {} frequencies from {:.4} to {:.4} GHz",
                self.curves.len(),
                low * 1e-9,
                high * 1e-9
            ),
        }
    }
}

//! SAGECal's sky models and cluster files.
//!
//! <https://github.com/nlesc-dirac/sagecal>, README § 2, and what `src/lib/Radio/readsky.c` and `predict.c` make of it:
//! `name h m s d m s I Q U V SI RM eX eY eP f0`, or with three spectral indices, blanks between. The first letter of a name
//! is the shape: G Gaussian, D disk, R ring, S shapelets (in the file `name.fits.modes`), others points. Spectra are
//! `ln S = ln S0 + Σ p_i (ln ν/ν0)^(i+1)`. eX and eY are in [rad]: full widths at half maximum of Gaussians, radii of disks and
//! rings; eP [rad] counts from west through north at the phase centre, which is π/2 less than from north through east. The
//! rotation measure is read by SAGECal and has no effect there.
//!
//! A cluster file beside the model (`model.cluster`, or `.txt` in its place) has lines `id chunks name name ...`; a component
//! belongs to the patch of its cluster's id. Sources of no cluster are none to SAGECal; they are predicted here, and told.

use std::collections::{HashMap, HashSet};
use std::f64::consts::FRAC_PI_2;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::line::{self, Line};
use super::losses::Losses;
use super::names::{Hashed, Names, Twice};
use super::number::{Num, Sexagesimal};
use super::row::{Angles, Holds, Row, of_ln_terms};
use super::text::{self, Text};
use super::{modes, row};
use crate::catalog::builder::Builder;
use crate::catalog::input::Input;
use crate::catalog::record::Details;
use crate::catalog::{CatalogError, ReadOptions};
use crate::coords::{Direction, Frame};
use crate::sky::{AngleFrame, Component, Ellipse, Shape, Stokes};

/// The cells of a line.
fn cells(text: &str) -> Vec<&str> {
    let text = text.trim_start();
    if text.starts_with('#') { Vec::new() } else { text.split_ascii_whitespace().collect() }
}

/// Whether a text that begins so is such a model: a name and 16 or 18 numbers.
pub(in crate::catalog) fn is_model(head: &str) -> bool {
    // The last line of the head may be cut.
    let whole = head.rsplit_once('\n').map_or(head, |(whole, _)| if whole.is_empty() { head } else { whole });
    let mut rows = whole.lines().map(cells).filter(|cells| !cells.is_empty()).take(20).peekable();
    rows.peek().is_some()
        && rows.all(|cells| {
            matches!(cells.len(), 17 | 19) && cells[1..].iter().all(|cell| cell.parse::<f64>().is_ok())
        })
}

/// Where the cluster file of a model would be.
pub(super) fn cluster_path(model: &Path) -> PathBuf {
    let mut name = model.as_os_str().to_owned();
    name.push(".cluster");
    name.into()
}

/// The clusters of sources, by the hashes of their names and in the order of these.
struct Clusters(Vec<(Hashed, Arc<str>)>);

impl Clusters {
    /// Those beside a model; none where there is no such file.
    fn beside(model: &Path) -> Result<Option<Self>, CatalogError> {
        let candidates =
            [cluster_path(model), model.with_extension("cluster"), model.with_extension("txt.cluster")];
        let Some(path) = candidates.iter().find(|path| path.is_file()) else { return Ok(None) };
        let input = Input::open(path)?;
        let parse = |first: u64, text: &str, found: &mut Vec<(u64, (Hashed, Arc<str>))>| {
            for (number, text) in text::lines(first, text) {
                let line = Line { input: &input, number };
                let cells = cells(text);
                let [id, chunks, names @ ..] = cells.as_slice() else {
                    if cells.is_empty() {
                        continue;
                    }
                    return Err(line.wrong("a cluster needs its number, its chunks and names of sources"));
                };
                for (column, cell) in [("id", id), ("chunks", chunks)] {
                    cell.parse::<i64>().map_err(|_| line.cell(column, cell, "not a whole number"))?;
                }
                let id: Arc<str> = Arc::from(*id);
                found.extend(names.iter().map(|name| (number, (Hashed::of(name), id.clone()))));
            }
            Ok(())
        };
        let mut found = Vec::new();
        let take = |_, cluster: (Hashed, Arc<str>)| {
            found.push(cluster);
            Ok(())
        };
        Text::new(&input)?.pieces(|_| true, parse, take)?;
        found.par_sort_unstable_by_key(|(name, _)| *name);
        if found.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(told_twice(&input)?);
        }
        Ok(Some(Clusters(found)))
    }

    fn of(&self, name: &str) -> Option<&Arc<str>> {
        let name = Hashed::of(name);
        // Hashes are spread evenly: where one stands is nearly known, and what is about there soon at hand.
        let place = name.share(self.0.len());
        let (mut begin, mut end, mut step) = (place, place, 256);
        while begin > 0 && self.0[begin].0 > name {
            begin = begin.saturating_sub(step);
            step *= 2;
        }
        while end < self.0.len() && self.0[end].0 < name {
            end = (end + step).min(self.0.len());
            step *= 2;
        }
        let about = self.0.get(begin..=end).or_else(|| self.0.get(begin..))?;
        let at = about.binary_search_by_key(&name, |(name, _)| *name).ok()?;
        Some(&about[at].1)
    }
}

/// The error of the first name that stands in a cluster already.
fn told_twice(input: &Input) -> Result<CatalogError, CatalogError> {
    let mut lines = input.lines()?;
    let mut met = HashSet::new();
    while let Some((line, text)) = line::next(&mut lines)? {
        if let Some(name) = cells(text).into_iter().skip(2).find(|name| !met.insert(Hashed::of(name))) {
            return Ok(line.wrong(format!("the source '{name}' is in a cluster already")));
        }
    }
    Ok(input.layout("a source is in two clusters"))
}

/// Reads the model; returns the digest of the file.
pub(in crate::catalog) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    let clusters = Clusters::beside(&input.path)?;
    let (mut measures, mut alone) = (0u64, 0u64);
    let mut names = Names::default();
    let detailed = builder.detailed();
    let parse = |line: Line, text: &str| {
        let cells = cells(text);
        let Some(name) = cells.first() else { return Ok(None) };
        let (mut component, measure) = component(line, &cells, options)?;
        if let Some(clusters) = &clusters {
            component.patch = clusters.of(name).cloned();
        }
        let details = detailed.then(|| {
            let own_angle_frame = component.shape != Shape::Point;
            Box::new(Details { own_angle_frame, ..Details::of_model(&component, true) })
        });
        Ok(Some((Hashed::of(name), component, measure != 0.0, details)))
    };
    let take =
        |number, (name, component, measured, details): (Hashed, Component, bool, Option<Box<Details>>)| {
            measures += u64::from(measured);
            names.meet(name, number);
            alone += u64::from(clusters.is_some() && component.patch.is_none());
            builder.take_detailed(component, false, details, number)
        };
    let digest = Text::new(input)?.rows(parse, take)?;
    if let Some(Twice { again, first, .. }) = names.twice() {
        let text = input.line(again).unwrap_or_default();
        let name = cells(&text).first().copied().unwrap_or_default();
        let message = format!("the name '{name}' stands in line {first} already");
        return Err(Line { input, number: again }.wrong(message));
    }
    if measures > 0 {
        builder.note(format!("{measures} rotation measures passed over, as SAGECal does"));
    }
    if alone > 0 {
        builder.note(format!("{alone} sources are in no cluster: SAGECal would not predict them"));
    }
    Ok(digest)
}

/// The component of a row, and its rotation measure.
fn component(line: Line, cells: &[&str], options: &ReadOptions) -> Result<(Component, f64), CatalogError> {
    const NAMES: [&str; 18] =
        ["h", "m", "s", "d", "m", "s", "I", "Q", "U", "V", "SI", "SI1", "SI2", "RM", "eX", "eY", "eP", "f0"];
    // One spectral index, or three.
    let lacking = match cells.len() {
        17 => 2,
        19 => 0,
        count => {
            return Err(
                line.wrong(format!("{count} columns: there are 17, or 19 with three spectral indices"))
            );
        }
    };
    let mut values = [0.0; 18];
    for (at, cell) in cells[1..].iter().enumerate() {
        let place = if at > 10 { at + lacking } else { at };
        values[place] = line.number(NAMES[place], cell)?;
    }
    let [h, m, s, d, dm, ds, i, q, u, v, si, si1, si2, measure, ex, ey, ep, reference] = values;
    // The sign of a zero counts: -0 12 34 is south.
    let signed = |whole: f64, m: f64, s: f64| (whole.abs() + m / 60.0 + s / 3600.0).copysign(whole);
    let (hours, degrees) = (signed(h, m, s), signed(d, dm, ds));
    if hours.abs() > 24.0 || degrees.abs() > 90.0 {
        return Err(line.wrong(format!("{hours} h, {degrees}° is no position")));
    }
    if reference.is_nan() || reference <= 0.0 {
        return Err(line.cell("f0", cells[cells.len() - 1], "the reference frequency must be positive"));
    }
    let frame = options.frame.unwrap_or(Frame::J2000);
    let position = Direction::from_degrees(frame, (15.0 * hours).rem_euclid(360.0), degrees);
    let angles = options.pa_frame.unwrap_or(AngleFrame::Centre);
    let circle = |radius: f64| Ellipse { angle_frame: angles, ..Ellipse::circle(2.0 * radius) };
    let name = cells[0];
    let shape = match name.as_bytes()[0].to_ascii_uppercase() {
        b'G' if ex != 0.0 || ey != 0.0 => Shape::Gaussian(Ellipse::new(ex, ey, ep + FRAC_PI_2, angles)),
        b'D' => Shape::Disk(circle(ex)),
        b'R' => Shape::Ring(circle(ex)),
        b'S' => {
            let file = line.input.path.with_file_name(format!("{name}.fits.modes"));
            // Zero axes are 1 to SAGECal.
            let stretch = [ex, ey].map(|axis| if axis == 0.0 { 1.0 } else { axis });
            let read = modes::read(&file, stretch, ep);
            Shape::Shapelet(read.map_err(|why| line.cell("name", name, why))?)
        }
        _ => Shape::Point,
    };
    // Without a first term SAGECal does not look at the others.
    let terms = if si == 0.0 { [0.0; 3] } else { [si, si1, si2] };
    let spectrum = of_ln_terms(&terms, reference);
    let component = Component::new(position, shape, Stokes { i, q, u, v }, spectrum);
    Ok((component.named(Some(name.to_owned())), measure))
}

/// The name under which SAGECal takes a component for what it is.
fn name(row: &Row, used: &mut HashMap<String, u64>, losses: &mut Losses) -> String {
    let kind = match row.component.shape {
        Shape::Gaussian(_) => 'G',
        Shape::Disk(_) => 'D',
        Shape::Ring(_) => 'R',
        _ => 'P',
    };
    let own = row.word(&['#'], losses);
    let first = own.chars().next().unwrap_or(' ').to_ascii_uppercase();
    let fits = if kind == 'P' { !"GDRS".contains(first) } else { first == kind };
    let mut name = if fits { own.into_owned() } else { format!("{kind}{own}") };
    // A name stands once.
    let count = used.entry(name.clone()).and_modify(|count| *count += 1).or_insert(1);
    if *count > 1 {
        name = format!("{name}_{count}");
        losses.add("names that stand twice were numbered", &row.name);
    }
    name
}

/// What SAGECal has.
const HOLDS: Holds = Holds { disks: true, rings: true, patches: true, ..Holds::gaussians(Angles::Centre) };

/// Writes a model, with three spectral indices where a component needs them.
pub(super) fn write(out: &mut dyn Write, components: &[Component], losses: &mut Losses) -> io::Result<()> {
    let mut silent = Losses::default();
    let rows = |losses: &mut Losses| -> Vec<_> {
        components
            .iter()
            .enumerate()
            .filter_map(|(at, component)| Row::of(component, at, HOLDS, losses))
            .collect()
    };
    let third = rows(&mut silent).iter().any(|row: &Row| row.ln_terms(3, &mut silent).0.len() > 1);
    let indices = if third { "SI SI1 SI2" } else { "SI" };
    let option = if third { " (sagecal -F 1)" } else { "" };
    writeln!(out, "# name h m s d m s I Q U V {indices} RM eX(rad) eY(rad) eP(rad) f0{option}")?;
    let mut used = HashMap::new();
    for row in rows(losses) {
        let name = name(&row, &mut used, losses);
        let Stokes { i, q, u, v } = row.following(losses);
        let (terms, reference) = row.ln_terms(if third { 3 } else { 1 }, losses);
        let terms: Vec<String> = (0..if third { 3 } else { 1 })
            .map(|at| Num(terms.get(at).copied().unwrap_or_default()).to_string())
            .collect();
        if terms.len() == 3 && terms[0] == "0" && (terms[1] != "0" || terms[2] != "0") {
            losses.add("spectra without a first term are flat to SAGECal", &row.name);
        }
        let (ra, dec) = (Sexagesimal::hours(row.ra), Sexagesimal::degrees(row.dec));
        let [ex, ey, ep] = extent(&row, losses);
        let sign = if dec.negative { "-" } else { "" };
        writeln!(
            out,
            "{name} {} {} {} {sign}{} {} {} {} {} {} {} {} 0 {} {} {} {}",
            ra.whole,
            ra.minutes,
            ra.seconds_text(),
            dec.whole,
            dec.minutes,
            dec.seconds_text(),
            Num(i),
            Num(q),
            Num(u),
            Num(v),
            terms.join(" "),
            Num(ex),
            Num(ey),
            Num(ep),
            Num(reference)
        )?;
    }
    Ok(())
}

/// Axes and angle [rad] as SAGECal has them.
fn extent(row: &Row, losses: &mut Losses) -> [f64; 3] {
    let Some(shape) = row.ellipse else { return [0.0; 3] };
    if let Shape::Gaussian(_) = row.component.shape {
        return [shape.major, shape.minor, shape.position_angle - FRAC_PI_2];
    }
    if shape.major != shape.minor {
        losses.add("ellipses were written as circles of their longer axis", &row.name);
    }
    [0.5 * shape.major, 0.5 * shape.major, 0.0]
}

/// The cluster file of a model: a cluster a patch, those without a patch one each.
pub(super) fn write_clusters(out: &mut dyn Write, components: &[Component]) -> io::Result<()> {
    let (mut used, mut losses) = (HashMap::new(), Losses::default());
    let mut clusters: Vec<(Option<&str>, Vec<String>)> = Vec::new();
    for (at, component) in components.iter().enumerate() {
        let Some(row) = Row::of(component, at, HOLDS, &mut losses) else { continue };
        let name = name(&row, &mut used, &mut losses);
        let patch = component.patch.as_deref();
        match clusters.iter_mut().find(|(of, _)| patch.is_some() && *of == patch) {
            Some((_, names)) => names.push(name),
            None => clusters.push((patch, vec![name])),
        }
    }
    writeln!(out, "# id chunks names")?;
    // Numbers that patches have as their names stay, the others are the next ones free.
    let own = |patch: &Option<&str>| patch.and_then(|patch| patch.parse::<i64>().ok());
    let taken: Vec<i64> = clusters.iter().filter_map(|(patch, _)| own(patch)).collect();
    let mut free = (1..).filter(|id| !taken.contains(id));
    for (patch, names) in &clusters {
        let id = own(patch).or_else(|| free.next()).unwrap_or_default();
        let comment = patch.map(|patch| row::word(patch, &[], &mut losses).into_owned());
        if let Some(comment) = comment.filter(|_| own(patch).is_none()) {
            writeln!(out, "# {comment}")?;
        }
        writeln!(out, "{id} 1 {}", names.join(" "))?;
    }
    Ok(())
}

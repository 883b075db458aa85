//! A component as the formats that are written have it: J2000, named, and what does not fit counted.

use std::borrow::Cow;
use std::collections::HashMap;

use super::losses::Losses;
use super::number;
use crate::coords::Frame;
use crate::sky::{AngleFrame, Component, Ellipse, Polarisation, Shape, Shapelet, Spectrum, Stokes, Table};

/// The frequency at which a spectrum that is the same everywhere is said to be given [Hz].
pub(super) const ANY_FREQUENCY: f64 = 1e9;

/// What a format keeps of position angles.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Angles {
    /// They count from north at the source.
    Source,
    /// They count from north at the phase centre.
    Centre,
    /// It says from which.
    Either,
}

/// What a format has.
#[derive(Clone, Copy)]
pub(super) struct Holds {
    pub angles: Angles,
    /// Whether there are disks.
    pub disks: bool,
    /// Whether there are rings.
    pub rings: bool,
    /// Whether there are limb-darkened disks.
    pub limbs: bool,
    /// Whether there are hyperdrive's shapelets.
    pub shapelets: bool,
    /// Whether components belong to patches, clusters or sources of several components.
    pub patches: bool,
}

impl Holds {
    /// Points and Gaussians.
    pub const fn gaussians(angles: Angles) -> Self {
        Holds { angles, disks: false, rings: false, limbs: false, shapelets: false, patches: false }
    }
}

/// A component about to be written.
pub(super) struct Row<'a> {
    pub component: &'a Component,
    pub name: Cow<'a, str>,
    /// Right ascension, J2000 [rad].
    pub ra: f64,
    /// Declination, J2000 [rad].
    pub dec: f64,
    /// The ellipse of a shape that has one, its position angle in [0, π) J2000; none for points and shapelets.
    pub ellipse: Option<Ellipse>,
    /// The flux densities at the spectrum's reference frequency [Jy].
    pub stokes: Stokes,
    pub spectrum: &'a Spectrum,
}

impl<'a> Row<'a> {
    /// The component number `index`; none if the format cannot have it, which is counted.
    pub fn of(component: &'a Component, index: usize, holds: Holds, losses: &mut Losses) -> Option<Self> {
        let name = match component.name.as_deref() {
            Some(name) if !name.trim().is_empty() => Cow::Borrowed(name.trim()),
            _ => Cow::Owned(format!("s{index}")),
        };
        if let Some(what) = unheld(component, holds) {
            losses.add(what, &name);
            return None;
        }
        if component.patch.is_some() && !holds.patches {
            losses.add("what patch they belong to was left out", &name);
        }
        let mut position = component.position.to(Frame::J2000);
        let mut ellipse = match &component.shape {
            Shape::Shapelet(_) => None,
            other => other.ellipse(),
        };
        if let Some((angle, frame)) = component.shape.angle() {
            let mut angle = angle;
            if frame == AngleFrame::Source {
                (position, angle) = component.position.to_with_angle(Frame::J2000, angle);
            }
            let round = ellipse.is_some_and(|ellipse| ellipse.major == ellipse.minor);
            match (holds.angles, frame) {
                (Angles::Source, AngleFrame::Centre) if !round => losses.add(
                    "position angles that count from north at the phase centre were written as if from north at the source",
                    &name,
                ),
                (Angles::Centre, AngleFrame::Source) if !round => losses.add(
                    "position angles that count from north at the source were written as if from north at the phase centre",
                    &name,
                ),
                _ => {}
            }
            if let Some(ellipse) = &mut ellipse {
                ellipse.position_angle = number::half_turn(angle);
            }
        }
        Some(Row {
            component,
            name,
            ra: position.longitude.rem_euclid(std::f64::consts::TAU),
            dec: position.latitude,
            ellipse,
            stokes: component.stokes,
            spectrum: &component.spectrum,
        })
    }

    /// The name of its patch, or else its own.
    pub fn source(&self) -> &str {
        self.component.patch.as_deref().unwrap_or(&self.name)
    }

    /// The name without what ends a word of the format.
    pub fn word(&self, forbidden: &[char], losses: &mut Losses) -> Cow<'_, str> {
        word(&self.name, forbidden, losses)
    }

    /// Its shapelets, and their position angle in J2000 [rad].
    pub fn shapelet(&self) -> Option<(&'a Shapelet, f64)> {
        let Shape::Shapelet(shapelet) = &self.component.shape else { return None };
        let mut angle = shapelet.position_angle;
        if shapelet.angle_frame == AngleFrame::Source {
            (_, angle) = self.component.position.to_with_angle(Frame::J2000, angle);
        }
        Some((shapelet, angle.rem_euclid(std::f64::consts::TAU)))
    }

    /// The flux density I alone.
    pub fn unpolarised(&self, losses: &mut Losses) -> f64 {
        if (1..4).any(|which| self.component.has(which)) {
            losses.add("Stokes Q, U and V were left out", &self.name);
        }
        self.stokes.i
    }

    /// All four, for a format in which Q, U and V follow I and do not turn.
    pub fn following(&self, losses: &mut Losses) -> Stokes {
        if self.rotation_measure() != 0.0 && (self.component.has(1) || self.component.has(2)) {
            losses.add(
                "rotation measures were left out: Q and U are those at the reference frequency",
                &self.name,
            );
        }
        self.turning(losses)
    }

    /// All four at the reference frequency, for a format in which Q, U and V follow I, and Q and U turn from there.
    pub fn turning(&self, losses: &mut Losses) -> Stokes {
        let Some(polarisation) = self.component.polarisation.as_deref() else { return self.stokes };
        let flat = *self.spectrum == Spectrum::Flat;
        let own = |spectrum: &Option<Spectrum>, present: bool| {
            present && spectrum.as_ref().is_some_and(|own| !(flat && *own == Spectrum::Flat))
        };
        let has = |which| self.component.has(which);
        if own(&polarisation.linear, has(1) || has(2)) || own(&polarisation.circular, has(3)) {
            losses.add("spectra that Q, U or V have of their own were left out: they follow I", &self.name);
        }
        self.component.stokes_at(self.spectrum.reference().unwrap_or(ANY_FREQUENCY))
    }

    /// The rotation measure [rad/m²]; 0 where nothing turns.
    pub fn rotation_measure(&self) -> f64 {
        let rotation = self.component.polarisation.as_ref().and_then(|polarisation| polarisation.rotation);
        rotation.map_or(0.0, |rotation| rotation.measure)
    }

    /// The spectral index and its frequency [Hz]; of a curved spectrum those at its reference frequency.
    pub fn power_law(&self, losses: &mut Losses) -> (f64, f64) {
        let reference = self.spectrum.reference().unwrap_or(ANY_FREQUENCY);
        let exact = match self.spectrum.log_terms() {
            Some(terms) => terms.iter().skip(1).all(|term| *term == 0.0),
            None => false,
        };
        if !exact {
            losses.add(
                "spectra that are no power law were written as the one that has their slope at their reference frequency",
                &self.name,
            );
        }
        let alpha = match (self.spectrum, self.spectrum.log_terms()) {
            (_, Some(terms)) => terms.first().copied().unwrap_or_default(),
            (Spectrum::Polynomial { terms, .. }, None) => {
                terms.first().copied().unwrap_or_default() / self.stokes.i
            }
            _ => self.slope(reference),
        };
        (alpha, reference)
    }

    /// The slope of log S over log ν about a frequency [Hz]; 0 where a flux density is not positive.
    fn slope(&self, reference: f64) -> f64 {
        let step = 1.001;
        let [below, above] = [reference / step, reference * step].map(|hz| self.component.value(0, hz));
        let slope = (above / below).ln() / (2.0 * f64::ln(step));
        if slope.is_finite() { slope } else { 0.0 }
    }

    /// The terms of `log10 S = log10 S0 + Σ c_i (log10 ν/ν0)^(i+1)`, `most` at the most, and their frequency [Hz].
    pub fn log10_terms(&self, most: usize, losses: &mut Losses) -> (Vec<f64>, f64) {
        match (self.spectrum.log_terms(), self.spectrum.reference()) {
            (Some(terms), Some(reference)) => (self.fewer(&terms, most, losses), reference),
            _ => {
                let (alpha, reference) = self.power_law(losses);
                (vec![alpha], reference)
            }
        }
    }

    /// The terms of `ln S = ln S0 + Σ p_i (ln ν/ν0)^(i+1)`, `most` at the most, and their frequency [Hz].
    ///
    /// `p_i = c_i / (ln 10)^i`, i from 0.
    pub fn ln_terms(&self, most: usize, losses: &mut Losses) -> (Vec<f64>, f64) {
        match self.spectrum {
            Spectrum::LnPolynomial { terms, reference } => (self.fewer(terms, most, losses), *reference),
            Spectrum::CurvedPowerLaw { alpha, q, reference } => {
                (self.fewer(&[*alpha, *q], most, losses), *reference)
            }
            _ => {
                let (mut terms, reference) = self.log10_terms(most, losses);
                let mut scale = 1.0;
                for term in &mut terms {
                    *term = number::tidy(*term / scale);
                    scale *= std::f64::consts::LN_10;
                }
                (terms, reference)
            }
        }
    }

    fn fewer(&self, terms: &[f64], most: usize, losses: &mut Losses) -> Vec<f64> {
        let terms = trimmed(terms);
        if terms.len() > most {
            losses.add("spectral terms beyond those that the format has were left out", &self.name);
        }
        terms.iter().copied().take(most).collect()
    }

    /// The flux densities [Jy] at frequencies [Hz] between which power laws of I give the rest: those of a table, or two that
    /// say the same as a power law.
    pub fn measurements(&self, losses: &mut Losses) -> Vec<(f64, Stokes)> {
        if let Spectrum::Table(table) = self.spectrum {
            self.of_table(table, losses);
            return table.frequencies().iter().copied().zip(table.stokes().iter().copied()).collect();
        }
        let stokes = self.following(losses);
        let (alpha, reference) = self.power_law(losses);
        // So near that the other flux density can be written, however steep the spectrum.
        let octaves = (100.0 / alpha.abs()).min(1.0);
        let other = reference * octaves.exp2();
        vec![(reference, stokes), (other, stokes.scaled((alpha * octaves).exp2()))]
    }

    /// Counts a table whose entries are kept, but not what lies between.
    pub fn of_table(&self, table: &Table, losses: &mut Losses) {
        use crate::sky::Interpolation::{LogLog, LogLogOfI};
        let polarised = (1..4).any(|which| table.has(which));
        match table.interpolation() {
            _ if table.frequencies().len() < 2 => losses.add(
                "a single flux density of a table was written, of which programs assume a spectral index",
                &self.name,
            ),
            LogLogOfI => {}
            LogLog if !polarised => {}
            _ => losses
                .add("between the entries of their tables the format has power laws of Stokes I", &self.name),
        }
        if self.component.polarisation.is_some() {
            self.following(losses);
        }
    }
}

/// The polarisation of a component whose Q, U and V are the same at every frequency; none where it has none of them.
pub(super) fn staying(component: &Component) -> Option<Box<Polarisation>> {
    let flat = |any: bool| any.then_some(Spectrum::Flat);
    let linear = flat(component.has(1) || component.has(2));
    let polarisation = Polarisation { linear, circular: flat(component.has(3)), rotation: None };
    (polarisation != Polarisation::default()).then(|| Box::new(polarisation))
}

/// What of a component a format does not have at all.
fn unheld(component: &Component, holds: Holds) -> Option<&'static str> {
    if let Spectrum::Line { .. } = component.spectrum {
        return Some("spectral lines were left out: the format has none");
    }
    match &component.shape {
        Shape::Disk(_) if !holds.disks => Some("disks were left out: the format has none"),
        Shape::Ring(_) if !holds.rings => Some("rings were left out: the format has none"),
        Shape::LimbDarkenedDisk { .. } if !holds.limbs => {
            Some("limb-darkened disks were left out: the format has none")
        }
        Shape::Shapelet(shapelet) => {
            let kept = holds.shapelets && shapelet.convention == crate::sky::ShapeletConvention::Hyperdrive;
            (!kept).then_some("shapelets were left out: the format has none of their kind")
        }
        _ => None,
    }
}

/// The components by the key of their source, in the order of the first of each. hyperdrive keeps only the last of several sources of
/// a name.
pub(super) fn sources<'a>(
    components: &'a [Component],
    holds: Holds,
    losses: &mut Losses,
    key: impl Fn(&Row, &mut Losses) -> String,
) -> Vec<(String, Vec<Row<'a>>)> {
    let mut sources: Vec<(String, Vec<Row>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (index, component) in components.iter().enumerate() {
        let Some(row) = Row::of(component, index, holds, losses) else { continue };
        let place = *places.entry(key(&row, losses)).or_insert_with_key(|key| {
            sources.push((key.clone(), Vec::new()));
            sources.len() - 1
        });
        sources[place].1.push(row);
    }
    sources
}

/// A name without what ends a word of the format.
pub(super) fn word<'a>(name: &'a str, forbidden: &[char], losses: &mut Losses) -> Cow<'a, str> {
    let bad = |c: char| c.is_whitespace() || c.is_control() || forbidden.contains(&c);
    if !name.contains(bad) {
        return Cow::Borrowed(name);
    }
    losses.add("letters of names that the format takes for ends of words were written as _", name);
    Cow::Owned(name.replace(bad, "_"))
}

/// Terms without the zeros at the end, of which one stays.
fn trimmed(terms: &[f64]) -> &[f64] {
    let last = terms.iter().rposition(|term| *term != 0.0).unwrap_or(0);
    terms.get(..=last).unwrap_or(&[0.0])
}

/// The spectrum of `ln S = ln S0 + Σ p_i (ln ν/ν0)^(i+1)` in its simplest form.
pub(super) fn of_ln_terms(terms: &[f64], reference: f64) -> Spectrum {
    match trimmed(terms) {
        [alpha] if *alpha == 0.0 => Spectrum::Flat,
        [alpha] => Spectrum::PowerLaw { alpha: *alpha, reference },
        terms => Spectrum::LnPolynomial { terms: terms.to_vec(), reference },
    }
}

/// The spectrum of `log10 S = log10 S0 + Σ c_i (log10 ν/ν0)^(i+1)` in its simplest form.
pub(super) fn of_log10_terms(terms: &[f64], reference: f64) -> Spectrum {
    match trimmed(terms) {
        [alpha] if *alpha == 0.0 => Spectrum::Flat,
        [alpha] => Spectrum::PowerLaw { alpha: *alpha, reference },
        terms => Spectrum::LogPolynomial { terms: terms.to_vec(), reference },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coords::Direction;

    /// `ln S = p1 x + p2 x² + p3 x³`, x = ln ν/ν0, by hand at ν = 3 ν0.
    #[test]
    fn natural_terms_are_those_of_base_ten_over_powers_of_ln_10() {
        let spectrum = of_ln_terms(&[-0.7, 0.2, -0.05], 1e8);
        let x = 3f64.ln();
        let expected = (-0.7 * x + 0.2 * x * x - 0.05 * x * x * x).exp();
        assert!((spectrum.scale(1.0, 3e8) / expected - 1.0).abs() < 1e-14);
        let terms = spectrum.log_terms().unwrap();
        for spectrum in [spectrum, of_log10_terms(&terms, 1e8)] {
            let place = Direction::from_degrees(Frame::J2000, 1.0, 2.0);
            let component = Component::point(place, 1.0, spectrum);
            let mut losses = Losses::default();
            let row = Row::of(&component, 0, Holds::gaussians(Angles::Source), &mut losses).unwrap();
            let (found, reference) = row.ln_terms(3, &mut losses);
            assert!(losses.is_empty() && reference == 1e8);
            for (term, expected) in found.iter().zip([-0.7, 0.2, -0.05]) {
                assert!((term - expected).abs() < 1e-15, "{found:?}");
            }
            assert_eq!(row.ln_terms(2, &mut losses).0.len(), 2);
            assert_eq!(losses.kinds()[0].count, 1);
        }
    }
}

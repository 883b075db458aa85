//! Spectra as tables of flux densities.

use super::{ComponentError, Stokes};

/// How flux densities between the entries of a table are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interpolation {
    /// A power law between neighbours, of each Stokes parameter by itself; a straight line where their signs differ or one
    /// is zero. Beyond the ends, the law of the last two goes on.
    #[default]
    LogLog,
    /// The power law of Stokes I between neighbours for all four, as hyperdrive has it: from the lower neighbour, or the last
    /// entry beyond it. All four by straight lines where the signs of I differ.
    LogLogOfI,
    /// A straight line between neighbours, and the end values beyond: CASA's tabulated spectra.
    Linear,
    /// The nearest entry in frequency: images of channels.
    Stepped,
}

/// Flux densities at frequencies.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    frequencies: Vec<f64>,
    stokes: Vec<Stokes>,
    interpolation: Interpolation,
}

impl Table {
    /// A table of frequencies [Hz] in any order, each with its Stokes parameters [Jy].
    ///
    /// # Errors
    /// [`ComponentError::Table`] without entries, for a frequency that is not a positive number or stands twice;
    /// [`ComponentError::Flux`] for a flux density that is not finite.
    pub fn new(entries: &[(f64, Stokes)], interpolation: Interpolation) -> Result<Self, ComponentError> {
        let mut entries = entries.to_vec();
        entries.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (frequencies, stokes): (Vec<f64>, Vec<Stokes>) = entries.into_iter().unzip();
        if let Some(bad) = frequencies.iter().find(|hz| !(hz.is_finite() && **hz > 0.0)) {
            return Err(ComponentError::Reference(*bad));
        }
        if frequencies.is_empty() || frequencies.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(ComponentError::Table);
        }
        if !stokes.iter().all(|stokes| stokes.is_finite()) {
            return Err(ComponentError::Flux);
        }
        Ok(Table { frequencies, stokes, interpolation })
    }

    /// The frequencies [Hz], ascending.
    pub fn frequencies(&self) -> &[f64] {
        &self.frequencies
    }

    /// The Stokes parameters [Jy] at each.
    pub fn stokes(&self) -> &[Stokes] {
        &self.stokes
    }

    /// How the rest follows.
    pub fn interpolation(&self) -> Interpolation {
        self.interpolation
    }

    /// The entry in the middle: its frequency [Hz] and Stokes parameters [Jy].
    pub fn middle(&self) -> (f64, Stokes) {
        let middle = self.frequencies.len() / 2;
        (self.frequencies[middle], self.stokes[middle])
    }

    /// Whether a Stokes parameter (0–3) is ever other than zero.
    pub fn has(&self, which: usize) -> bool {
        self.stokes.iter().any(|stokes| stokes.get(which) != 0.0)
    }

    /// The same with all flux densities times `factor`.
    pub fn scaled(&self, factor: f64) -> Self {
        let stokes = self.stokes.iter().map(|stokes| stokes.scaled(factor)).collect();
        Table { stokes, ..self.clone() }
    }

    /// A Stokes parameter (0–3) at `frequency` [Hz], in [Jy].
    pub fn value(&self, which: usize, frequency: f64) -> f64 {
        let last = self.frequencies.len() - 1;
        let at = |k: usize| self.stokes[k].get(which);
        // The first entry that is not below.
        let above = self.frequencies.partition_point(|hz| *hz < frequency);
        if self.frequencies.get(above) == Some(&frequency) {
            return at(above);
        }
        let low = above.saturating_sub(1).min(last.saturating_sub(1));
        let high = (low + 1).min(last);
        let (f0, f1) = (self.frequencies[low], self.frequencies[high]);
        let line = || {
            if low == high { at(low) } else { at(low) + (at(high) - at(low)) * (frequency - f0) / (f1 - f0) }
        };
        match self.interpolation {
            Interpolation::Stepped => at(if frequency - f0 <= f1 - frequency { low } else { high }),
            Interpolation::Linear if above == 0 => at(0),
            Interpolation::Linear if above > last => at(last),
            Interpolation::Linear => line(),
            Interpolation::LogLog if low == high || at(low) * at(high) <= 0.0 => line(),
            Interpolation::LogLog => at(low) * power(at(high) / at(low), frequency / f0, f1 / f0),
            Interpolation::LogLogOfI => {
                let (i0, i1) = (self.stokes[low].i, self.stokes[high].i);
                if low == high || i0 * i1 <= 0.0 {
                    return line();
                }
                let from = if above > last { high } else { low };
                at(from) * power(i1 / i0, frequency / self.frequencies[from], f1 / f0)
            }
        }
    }
}

/// `x^α` where `step^α` is `ratio`.
fn power(ratio: f64, x: f64, step: f64) -> f64 {
    x.powf(ratio.ln() / step.ln())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(interpolation: Interpolation) -> Table {
        let stokes = |i, q| Stokes { i, q, u: 0.0, v: 0.0 };
        let entries = [(4e8, stokes(1.0, 0.4)), (1e8, stokes(4.0, 0.1)), (2e8, stokes(2.0, -0.2))];
        Table::new(&entries, interpolation).unwrap()
    }

    #[test]
    fn entries_are_met_and_laws_go_on() {
        for interpolation in
            [Interpolation::LogLog, Interpolation::LogLogOfI, Interpolation::Linear, Interpolation::Stepped]
        {
            let table = table(interpolation);
            assert_eq!(table.frequencies(), [1e8, 2e8, 4e8]);
            for (hz, i, q) in [(1e8, 4.0, 0.1), (2e8, 2.0, -0.2), (4e8, 1.0, 0.4)] {
                assert_eq!((table.value(0, hz), table.value(1, hz)), (i, q), "{interpolation:?}");
            }
        }
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-14, "{a} {b}");
        let by_law = table(Interpolation::LogLog);
        close(by_law.value(0, 1.6e8), 2.5);
        close(by_law.value(0, 8e8), 0.5);
        close(by_law.value(0, 5e7), 8.0);
        close(by_law.value(1, 1.5e8), -0.05);
        let of_i = table(Interpolation::LogLogOfI);
        close(of_i.value(1, 1.6e8), 0.1 / 1.6);
        close(of_i.value(1, 8e8), 0.2);
        close(of_i.value(1, 5e7), 0.2);
        let line = table(Interpolation::Linear);
        close(line.value(0, 3e8), 1.5);
        close(line.value(0, 8e8), 1.0);
        close(line.value(0, 5e7), 4.0);
        let step = table(Interpolation::Stepped);
        close(step.value(0, 2.9e8), 2.0);
        close(step.value(0, 3.1e8), 1.0);
        close(step.value(1, 9e9), 0.4);
    }

    #[test]
    fn unsound_tables_are_told() {
        let one = Stokes::unpolarised(1.0);
        let new = |entries: &[(f64, Stokes)]| Table::new(entries, Interpolation::LogLog);
        assert_eq!(new(&[]), Err(ComponentError::Table));
        assert_eq!(new(&[(1e8, one), (1e8, one)]), Err(ComponentError::Table));
        assert_eq!(new(&[(0.0, one)]), Err(ComponentError::Reference(0.0)));
        assert_eq!(new(&[(1e8, Stokes::unpolarised(f64::NAN))]), Err(ComponentError::Flux));
        assert_eq!(new(&[(1e8, one)]).unwrap().value(0, 3e9), 1.0);
    }
}

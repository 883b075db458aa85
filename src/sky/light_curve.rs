//! Flux densities that go with time.

use super::ComponentError;

/// The flux density of a source at times, over that which the source is given.
#[derive(Clone, Debug, PartialEq)]
pub struct LightCurve {
    /// Times [s, MJD UTC] and factors, in the order of time.
    knots: Vec<(f64, f64)>,
}

impl LightCurve {
    /// Factors at times [s, MJD UTC], in any order: on straight lines between them, and nothing before the first and after
    /// the last, as becomes a transient.
    ///
    /// # Errors
    /// [`ComponentError::LightCurve`] without two times, with one that stands twice, or with numbers that are not finite.
    pub fn new(mut knots: Vec<(f64, f64)>) -> Result<Self, ComponentError> {
        knots.sort_by(|a, b| a.0.total_cmp(&b.0));
        let finite = knots.iter().all(|(time, factor)| time.is_finite() && factor.is_finite());
        let distinct = knots.windows(2).all(|pair| pair[0].0 < pair[1].0);
        if knots.len() < 2 || !finite || !distinct {
            return Err(ComponentError::LightCurve);
        }
        Ok(LightCurve { knots })
    }

    /// The factor at `time` [s, MJD UTC].
    pub fn factor(&self, time: f64) -> f64 {
        let after = self.knots.partition_point(|knot| knot.0 < time);
        match (after.checked_sub(1).map(|at| self.knots[at]), self.knots.get(after)) {
            (_, Some(knot)) if knot.0 == time => knot.1,
            (Some(a), Some(b)) => {
                let part = (time - a.0) / (b.0 - a.0);
                a.1 * (1.0 - part) + b.1 * part
            }
            _ => 0.0,
        }
    }

    /// The first and the last time [s, MJD UTC].
    pub fn range(&self) -> [f64; 2] {
        [self.knots[0].0, self.knots[self.knots.len() - 1].0]
    }

    /// The same with all factors times `factor`.
    pub fn scaled(&self, factor: f64) -> Self {
        LightCurve { knots: self.knots.iter().map(|(time, value)| (*time, value * factor)).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transient_is_there_between_its_ends() {
        let curve = LightCurve::new(vec![(20.0, 1.0), (10.0, 3.0), (30.0, 0.5)]).unwrap();
        let expected =
            [(9.9, 0.0), (10.0, 3.0), (15.0, 2.0), (20.0, 1.0), (28.0, 0.6), (30.0, 0.5), (30.1, 0.0)];
        for (time, factor) in expected {
            assert!((curve.factor(time) - factor).abs() < 1e-15, "{time}");
        }
        assert_eq!(curve.range(), [10.0, 30.0]);
        for wrong in
            [vec![], vec![(1.0, 1.0)], vec![(1.0, 1.0), (1.0, 2.0)], vec![(1.0, f64::NAN), (2.0, 1.0)]]
        {
            assert_eq!(LightCurve::new(wrong), Err(ComponentError::LightCurve));
        }
    }
}

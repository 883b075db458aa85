//! Which Stokes parameter or correlation a plane shows.

use std::fmt;

/// A Stokes parameter, or the real or imaginary part of a correlation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Product {
    /// casacore's code: 1–4 I Q U V, 5–8 RR RL LR LL, 9–12 XX XY YX YY.
    pub code: i32,
    /// Whether it is the imaginary part.
    pub imaginary: bool,
}

/// The names in the order of casacore's codes, from 1.
const NAMES: [&str; 12] = ["I", "Q", "U", "V", "RR", "RL", "LR", "LL", "XX", "XY", "YX", "YY"];

impl Product {
    /// Stokes I.
    pub const I: Product = Product { code: 1, imaginary: false };

    /// `I`, `XX`, `XYi` …, in any case but for the last.
    pub fn named(text: &str) -> Option<Product> {
        let (name, imaginary) = match text.strip_suffix('i') {
            Some(name) if name.len() == 2 => (name, true),
            _ => (text, false),
        };
        let place = NAMES.iter().position(|known| known.eq_ignore_ascii_case(name))?;
        let product = Product { code: place as i32 + 1, imaginary };
        (!imaginary || product.is_cross_hand()).then_some(product)
    }

    /// That of a FITS code: 1–4 I Q U V, −1 RR, −2 LL, −3 RL, −4 LR, −5 XX, −6 YY, −7 XY, −8 YX (Greisen & Calabretta 2002,
    /// table 29).
    pub(super) fn of_fits(code: i64) -> Option<Product> {
        let code = match code {
            1..=4 => code as i32,
            -8..=-1 => [5, 8, 6, 7, 9, 12, 10, 11][(-1 - code) as usize],
            _ => return None,
        };
        Some(Product { code, imaginary: false })
    }

    /// Whether it is one whose image is complex: RL, LR, XY or YX.
    pub fn is_cross_hand(self) -> bool {
        [6, 7, 10, 11].contains(&self.code)
    }

    /// 0 for Stokes parameters, 1 for circular and 2 for linear correlations.
    pub(super) fn basis(self) -> i32 {
        (self.code - 1) / 4
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = usize::try_from(self.code - 1).ok().and_then(|place| NAMES.get(place)).unwrap_or(&"?");
        write!(f, "{name}{}", if self.imaginary { "i" } else { "" })
    }
}

/// What Stokes parameters are made of `products`: for each of I, Q, U and V the indices of products and their weights.
///
/// XX = I+Q, XY = U+iV, YX = U−iV, YY = I−Q; RR = I+V, RL = Q+iU, LR = Q−iU, LL = I−V, without a factor ½, as CASA, DP3 and
/// WSClean have it. Of a pair of cross-hands the mean is taken, of one alone its own; what lacks of a pair of
/// parallel hands is zero.
pub(super) fn weights(products: &[Product]) -> [Vec<(usize, f64)>; 4] {
    let place = |code: i32, imaginary: bool| {
        products.iter().position(|product| *product == Product { code, imaginary })
    };
    let basis = products.first().map_or(0, |product| product.basis());
    if basis == 0 {
        return std::array::from_fn(|k| place(k as i32 + 1, false).map(|at| (at, 1.0)).into_iter().collect());
    }
    let first = 4 * basis + 1;
    let parallel = |sign: f64| -> Vec<(usize, f64)> {
        let pair = [(place(first, false), 0.5), (place(first + 3, false), 0.5 * sign)];
        pair.into_iter().filter_map(|(at, weight)| Some((at?, weight))).collect()
    };
    let cross = |imaginary: bool, sign: f64| -> Vec<(usize, f64)> {
        let pair = [(place(first + 1, imaginary), 1.0), (place(first + 2, imaginary), sign)];
        let found: Vec<(usize, f64)> =
            pair.into_iter().filter_map(|(at, weight)| Some((at?, weight))).collect();
        let share = 1.0 / found.len().max(1) as f64;
        found.into_iter().map(|(at, weight)| (at, weight * share)).collect()
    };
    let (sum, difference) = (parallel(1.0), parallel(-1.0));
    let (real, imaginary) = (cross(false, 1.0), cross(true, -1.0));
    if basis == 1 { [sum, real, imaginary, difference] } else { [sum, difference, real, imaginary] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes() {
        for (text, code, imaginary) in
            [("I", 1, false), ("i", 1, false), ("xx", 9, false), ("XYi", 10, true), ("LL", 8, false)]
        {
            assert_eq!(Product::named(text), Some(Product { code, imaginary }), "{text}");
        }
        for text in ["", "Ii", "XXi", "W", "XYii"] {
            assert_eq!(Product::named(text), None, "{text}");
        }
        let fits: Vec<String> = [-1, -2, -3, -4, -5, -6, -7, -8, 4]
            .map(|code| Product::of_fits(code).unwrap().to_string())
            .into();
        assert_eq!(fits, ["RR", "LL", "RL", "LR", "XX", "YY", "XY", "YX", "V"]);
        assert!(Product::of_fits(0).is_none() && Product::of_fits(-9).is_none());
    }

    /// I = 1.1, Q = 0.2, U = −0.3, V = 0.4 seen through each basis.
    #[test]
    fn correlations_give_the_stokes_parameters_back() {
        let [i, q, u, v] = [1.1, 0.2, -0.3, 0.4];
        let bases: [&[(&str, f64)]; 5] = [
            &[("V", v), ("I", i), ("U", u), ("Q", q)],
            &[("XX", i + q), ("YY", i - q), ("XY", u), ("XYi", v), ("YX", u), ("YXi", -v)],
            &[("RR", i + v), ("LL", i - v), ("RL", q), ("RLi", u), ("LR", q), ("LRi", -u)],
            &[("XX", i + q), ("YY", i - q), ("XY", u), ("XYi", v)],
            &[("RR", i + v), ("LL", i - v), ("LR", q), ("LRi", -u)],
        ];
        for basis in bases {
            let products: Vec<Product> =
                basis.iter().map(|(name, _)| Product::named(name).unwrap()).collect();
            let sums = weights(&products)
                .map(|parts| parts.iter().map(|(at, weight)| weight * basis[*at].1).sum::<f64>());
            for (sum, expected) in sums.into_iter().zip([i, q, u, v]) {
                assert!((sum - expected).abs() < 1e-15, "{basis:?}: {sums:?}");
            }
        }
    }
}

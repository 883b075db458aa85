//! The beams of telescopes known by name, and the choice among them.

use std::sync::Arc;

use super::vla::BANDS;
use super::{Airy, ArrayBeam, Beam, CosinePower, CosineTaper, Dsa110, Polynomial, PolynomialBeam};

/// A beam chosen for a telescope.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The beams of its antennas.
    pub beam: ArrayBeam,
    /// A sentence: what was chosen, and why.
    pub why: String,
}

/// Why no beam was chosen, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}; {advice}")]
pub struct Unserved {
    /// Why the telescope cannot be served.
    pub reason: String,
    /// What to do instead.
    pub advice: String,
}

/// The Karl G. Jansky Very Large Array: polynomials of R. Perley 2016, EVLA Memo 195, 224 MHz to 50 GHz.
pub fn vla() -> PolynomialBeam {
    let node = |row: &(u32, i32, i32, i32, i32)| {
        let &(frequency, c1, c2, c3, c4) = row;
        let terms =
            [1.0, f64::from(c1) * 1e-6, f64::from(c2) * 1e-9, f64::from(c3) * 1e-13, f64::from(c4) * 1e-16];
        Polynomial::direct(&terms).map(|polynomial| (f64::from(frequency) * 1e6, polynomial))
    };
    let bands =
        BANDS.iter().map(|(upper, rows)| (f64::from(*upper) * 1e6, rows.iter().filter_map(node).collect()));
    known("VLA: polynomials of EVLA Memo 195 (Perley 2016)", bands.collect())
}

/// The upgraded GMRT, bands 2 to 5: "Upgraded GMRT: (Updated) primary-beam shape parameters", NCRA, 9 September
/// 2022 (`beam-shape-v1-09sep2022.pdf`): `1 + a x/10³ + b x²/10⁷ + c x³/10¹⁰ + d x⁴/10¹³`.
pub fn gmrt() -> PolynomialBeam {
    // The upper end of each band [MHz] lies in the gap to the next; the frequency is its middle.
    const FITS: [(f64, f64, [f64; 4]); 4] = [
        (250.0, 187.5, [-3.089, 39.314, -23.011, 5.037]),
        (525.0, 375.0, [-2.939, 33.312, -16.659, 3.066]),
        (950.0, 700.0, [-3.263, 42.618, -25.580, 5.823]),
        (f64::INFINITY, 1250.0, [-2.614, 27.594, -13.268, 2.395]),
    ];
    let band = |(upper, middle, [a, b, c, d]): &(f64, f64, [f64; 4])| {
        let polynomial = Polynomial::direct(&[1.0, a * 1e-3, b * 1e-7, c * 1e-10, d * 1e-13]);
        (upper * 1e6, polynomial.map(|polynomial| (middle * 1e6, polynomial)).into_iter().collect())
    };
    known("GMRT: polynomials of the NCRA note of 9 September 2022", FITS.iter().map(band).collect())
}

/// The Australia Telescope Compact Array, 16 cm to 3 cm: one over a polynomial.
///
/// 16 cm (1.1–3.1 GHz): the fits at seven frequencies that CASA and EveryBeam have (`ATCACoefficients`). 6 and
/// 3 cm: Wieringa & Kesteven 1992, ATNF technical memo AT/39.3/024, as in MIRIAD's `pb.for`. All out to 53′ GHz,
/// where the power is about 0.02.
pub fn atca() -> PolynomialBeam {
    const SIXTEEN: [(f64, [f64; 4]); 7] = [
        (1332.0, [1.06274e-3, 1.32342e-6, -8.72013e-10, 1.08020e-12]),
        (1588.0, [9.80817e-4, 1.17898e-6, -7.83160e-10, 8.66199e-13]),
        (1844.0, [9.53553e-4, 9.33233e-7, -4.26759e-10, 5.63667e-13]),
        (2100.0, [9.78268e-4, 6.63231e-7, 4.18235e-11, 2.62297e-13]),
        (2356.0, [1.02424e-3, 6.12726e-7, 2.25733e-10, 2.04834e-13]),
        (2612.0, [1.05818e-3, 5.37473e-7, 4.22386e-10, 1.17530e-13]),
        (2868.0, [1.10650e-3, 5.11574e-7, 5.89732e-10, 8.13628e-14]),
    ];
    const SIX: (f64, [f64; 4]) = (5500.0, [1.08e-3, 1.31e-6, -1.17e-9, 1.07e-12]);
    const THREE: (f64, [f64; 4]) = (8600.0, [1.04e-3, 8.36e-7, -4.68e-10, 5.50e-13]);
    let node = |(frequency, [a, b, c, d]): &(f64, [f64; 4])| {
        let polynomial = Polynomial::reciprocal(&[1.0, *a, *b, *c, *d], 53.0);
        polynomial.map(|polynomial| (frequency * 1e6, polynomial))
    };
    let bands = vec![
        (3.5e9, SIXTEEN.iter().filter_map(node).collect()),
        (7.3e9, node(&SIX).into_iter().collect()),
        (f64::INFINITY, node(&THREE).into_iter().collect()),
    ];
    known("ATCA: reciprocal polynomials of CASA (16 cm) and of Wieringa & Kesteven 1992 (6 and 3 cm)", bands)
}

/// MeerKAT: the cosine-tapered beam of Mauch et al. 2020 ([`CosineTaper::meerkat`]).
///
/// Fitted in L band. Holography (katbeam 0.1; de Villiers & Cotton 2022) has the mean width within 1 % of this
/// at 1.3 GHz, 4 % wider at 0.9 and 1.65 GHz, and the beam elliptical by 2 to 6 %.
pub fn meerkat() -> CosineTaper {
    CosineTaper::meerkat()
}

/// Westerbork before its phased-array feeds: `cos⁶(65 ν[GHz] θ)`, FWHM 49.87′ at 1 GHz (NEWSTAR manual; MIRIAD
/// `pb.for`). The manual has 62.9 in place of 65 below 500 MHz; that is not distinguished here.
pub fn wsrt() -> CosinePower {
    CosinePower::westerbork()
}

/// The tables above are sound: tests build every one of them.
fn known(name: &str, bands: Vec<(f64, Vec<(f64, Polynomial)>)>) -> PolynomialBeam {
    PolynomialBeam::new(name, bands).unwrap_or_else(|| unreachable!("a table of this program"))
}

/// Telescopes whose stations are phased arrays of fixed antennas: their beams follow the pointing and the
/// projection of the station, and need EveryBeam or hyperbeam.
const STATIONS: [&str; 12] = [
    "LOFAR", "AARTFAAC", "MWA", "OVROLWA", "OVROMMA", "LWA", "NENUFAR", "SKALOW", "SKA1LOW", "OSKAR",
    "PAPER", "ALO",
];

/// Telescopes that form many beams behind one dish.
const FORMED: [&str; 2] = ["ASKAP", "APERTIF"];

/// Picks the beam of a telescope by its name (OBSERVATION's TELESCOPE_NAME) and the dish diameters of its
/// antennas [m] (ANTENNA's DISH_DIAMETER, 0 where it is not known).
///
/// A telescope that is not known by name gets the Airy pattern of each of its dishes.
///
/// # Errors
/// [`Unserved`] for arrays of dipoles and formed beams, and for an unknown telescope without diameters.
pub fn auto(telescope: &str, diameters: &[f64]) -> Result<Choice, Unserved> {
    let name: String =
        telescope.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_ascii_uppercase();
    let uniform = |beam: Arc<dyn Beam>| {
        let why = format!("the telescope is {telescope}: {}", beam.description());
        Ok(Choice { beam: ArrayBeam::uniform(beam), why })
    };
    let advice = |text: &str| text.to_owned();
    // CASA has no DSA-110 among its observatories, so its data are written as those of a neighbour at Owens Valley or of CARMA;
    // the dishes tell.
    let small = !diameters.is_empty() && diameters.iter().all(|diameter| (4.5..4.8).contains(diameter));
    if small && matches!(name.as_str(), "OVROMMA" | "OVRO" | "CARMA") {
        return uniform(Arc::new(Dsa110));
    }
    if STATIONS.iter().any(|station| name.starts_with(station)) {
        return Err(Unserved {
            reason: format!(
                "{telescope} consists of phased-array stations, whose beams this program does not model"
            ),
            advice: advice(
                "give an image with --beam FILE.fits, or --beam none and apply the beam with DP3 or EveryBeam",
            ),
        });
    }
    if FORMED.iter().any(|formed| name.starts_with(formed)) {
        return Err(Unserved {
            reason: format!(
                "{telescope} forms several beams behind each dish, which are not those of the dish"
            ),
            advice: advice("give the beam of this field as an image with --beam FILE.fits, or --beam none"),
        });
    }
    match name.as_str() {
        "DSA110" | "DSA" => uniform(Arc::new(Dsa110)),
        "VLA" | "EVLA" | "JVLA" => uniform(Arc::new(vla())),
        "MEERKAT" => uniform(Arc::new(meerkat())),
        "ATCA" => uniform(Arc::new(atca())),
        "GMRT" | "UGMRT" => uniform(Arc::new(gmrt())),
        "WSRT" => uniform(Arc::new(wsrt())),
        "ALMA" | "ACA" => of_dishes(telescope, diameters, &alma),
        _ => of_dishes(telescope, diameters, &|diameter| Airy::new(diameter, 0.0)),
    }
}

/// ALMA's dishes as CASA's `PBMath` has them: 12 m as an Airy pattern of 10.7 m, 7 m as one of 6.25 m, 0.75 m
/// blocked.
fn alma(diameter: f64) -> Option<Airy> {
    let effective = if diameter > 9.5 { 10.7 * (diameter / 12.0) } else { 6.25 * (diameter / 7.0) };
    Airy::named("Airy pattern (as CASA's for ALMA)", effective, 0.75)
}

/// One kind for each diameter.
pub(super) fn of_dishes<B: Beam + 'static>(
    telescope: &str,
    diameters: &[f64],
    pattern: &dyn Fn(f64) -> Option<B>,
) -> Result<Choice, Unserved> {
    let shown = if telescope.trim().is_empty() { "unnamed" } else { telescope.trim() };
    let unserved = |reason: String| Unserved {
        reason,
        advice: "give the dish with --beam airy:DIAMETER (in metres), or --beam none".into(),
    };
    let mut kinds: Vec<Arc<dyn Beam>> = Vec::new();
    let mut sizes: Vec<f64> = Vec::new();
    let mut antennas = Vec::with_capacity(diameters.len());
    for (antenna, diameter) in diameters.iter().enumerate() {
        let kind = match sizes.iter().position(|size| size == diameter) {
            Some(kind) => kind,
            None => {
                let beam = pattern(*diameter).ok_or_else(|| {
                    unserved(format!(
                        "the telescope ({shown}) is not known by name, and antenna {antenna} has the dish diameter {diameter} m"
                    ))
                })?;
                kinds.push(Arc::new(beam));
                sizes.push(*diameter);
                kinds.len() - 1
            }
        };
        antennas.push(kind);
    }
    let count = kinds.len();
    let beam = ArrayBeam::new(kinds, antennas).ok_or_else(|| {
        unserved(format!("the telescope ({shown}) is not known by name and its dish diameters are not known"))
    })?;
    let differ = if count > 1 { format!(", {count} kinds of dishes") } else { String::new() };
    let why = format!("by the dish diameters of the telescope ({shown}){differ}: {}", beam.description());
    Ok(Choice { beam, why })
}

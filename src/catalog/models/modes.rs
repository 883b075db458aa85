//! Files of shapelet coefficients, which SAGECal's and BBS's sky models name.
//!
//! SAGECal's `read_shapelet_modes` (`src/lib/Radio/readsky.c`) and DP3's `readShapelet` (`sky_model/ReadSkyModel.cc`): a line with
//! a position, which is passed over; a line with the number of orders n0 and the scale β; then n0² lines of a number, counted
//! from 0, and a coefficient, that of order n1 along x and n2 along y being number `n1 + n0 n2`.

use std::path::Path;
use std::sync::Arc;

use crate::sky::{AngleFrame, HIGHEST_ORDER, Shapelet, ShapeletConvention, ShapeletTerm};

/// Reads a file; its scales are divided by `stretch`, and its axes turned by `angle` [rad] as SAGECal counts it.
///
/// # Errors
/// What is wrong with it, in words that follow its name.
pub(super) fn read(path: &Path, stretch: [f64; 2], angle: f64) -> Result<Arc<Shapelet>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut words = text.lines().skip(1).flat_map(str::split_ascii_whitespace);
    let at = |what: &str| format!("{}: {what}", path.display());
    let mut number = |what: &str| -> Result<f64, String> {
        let word = words.next().ok_or_else(|| at(&format!("ends before {what}")))?;
        let value = word.parse::<f64>().ok().filter(|value| value.is_finite());
        value.ok_or_else(|| at(&format!("'{word}' is no number for {what}")))
    };
    let orders = number("the number of orders")?;
    let scale = number("the scale")?;
    if !(orders.fract() == 0.0 && (1.0..=(HIGHEST_ORDER + 1) as f64).contains(&orders)) {
        return Err(at(&format!("{orders} orders: there must be 1 to {}", HIGHEST_ORDER + 1)));
    }
    if !(scale > 0.0 && stretch.iter().all(|axis| *axis > 0.0)) {
        return Err(at("the scale is not a positive number"));
    }
    let orders = orders as u8;
    let mut terms = Vec::new();
    for index in 0..usize::from(orders).pow(2) {
        let said = number("a coefficient's number")?;
        if said != index as f64 {
            return Err(at(&format!("a coefficient numbered {said} where {index} is due")));
        }
        // SAGECal divides the coordinates of the sky, so that the flux density grows with both axes.
        let value = number("a coefficient")? / (stretch[0] * stretch[1]);
        let place = |order: usize| u8::try_from(order).unwrap_or(u8::MAX);
        if value != 0.0 {
            let (n1, n2) = (place(index % usize::from(orders)), place(index / usize::from(orders)));
            terms.push(ShapeletTerm { n1, n2, value });
        }
    }
    Ok(Arc::new(Shapelet {
        scales: stretch.map(|axis| scale / axis),
        position_angle: angle,
        angle_frame: AngleFrame::Centre,
        terms,
        convention: ShapeletConvention::Sagecal,
    }))
}

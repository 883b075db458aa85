//! AIPS "VZ" tables: the survey catalogues that Obit carries (NVSS above 50 mJy, MGPS-2).
//!
//! A binary table with the columns `RA(2000)` and `DEC(2000)` [deg], `PEAK INT` [Jy/beam] and `QUAL`;
//! `REF_FREQ` in its header [Hz]. It may be in any extension. The primary header describes an image that has
//! nothing to do with it, and says `EPOCH = 1950` or GLON: the columns are J2000 all the same.

use fitsio::FitsFile;
use fitsio::errors::Error as FitsError;
use fitsio::hdu::{FitsHdu, HduInfo};
use fitsio::tables::{ColumnDataType, ConcreteColumnDescription};

use super::builder::Builder;
use super::input::Input;
use super::{CatalogError, NVSS_FREQUENCY, ReadOptions};
use crate::coords::{Direction, Frame};
use crate::sky::{Component, Spectrum};

const RA: &str = "RA(2000)";
const DEC: &str = "DEC(2000)";
const PEAK: &str = "PEAK INT";
const QUAL: &str = "QUAL";

/// Reads the VZ table of a FITS file; returns the digest of the file.
pub(super) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    let error = |source: FitsError| CatalogError::Fits { path: input.path.clone(), source: Box::new(source) };
    // cfitsio takes file names apart ([, ?, (): a name of our own is safe, and it cannot be handed bytes.
    let (copy, length, digest) = input.private_copy(".fits")?;
    let mut file = FitsFile::open(copy.path()).map_err(error)?;
    let (hdu, columns, rows) = find_table(&mut file, input)?;

    // The header's count is believed only as far as the file can hold it: it is the size of our allocation.
    let width: i64 = hdu.read_key(&mut file, "NAXIS1").map_err(error)?;
    if width <= 0 || (rows as u64).saturating_mul(width as u64) > length {
        return Err(input.layout(format!(
            "the VZ table should have {rows} rows, more than the file holds; fetch it again"
        )));
    }
    let has_quality = columns.iter().any(|column| column.name.trim() == QUAL);
    for name in [RA, DEC, PEAK].into_iter().chain(has_quality.then_some(QUAL)) {
        let column = columns.iter().find(|column| column.name.trim() == name);
        if !column.is_some_and(|column| is_number(column) && column.data_type.repeat == 1) {
            return Err(input.layout(format!("column '{name}' of the VZ table is not one number a row")));
        }
    }
    check_units(&hdu, &mut file, &columns, input)?;
    let mut column = |name: &str| hdu.read_col::<f64>(&mut file, name).map_err(error);
    let (ra, dec, peak) = (column(RA)?, column(DEC)?, column(PEAK)?);
    let quality = if has_quality { column(QUAL)? } else { Vec::new() };

    let stated = hdu.read_key::<f64>(&mut file, "REF_FREQ").ok().filter(|hz| hz.is_finite() && *hz > 0.0);
    let reference = match (options.reference_frequency, stated) {
        (Some(given), Some(stated)) if given != stated => {
            builder.note(format!(
                "flux densities taken at {given} Hz as given, though the file says {stated} Hz"
            ));
            given
        }
        (Some(given), _) => given,
        (None, Some(stated)) => stated,
        (None, None) => {
            builder.note("the file has no REF_FREQ: flux densities taken at 1.4 GHz");
            NVSS_FREQUENCY
        }
    };
    let frame = options.frame.unwrap_or(Frame::J2000);
    if frame != Frame::J2000 {
        builder.note(format!("positions taken as {frame} as given, though the columns are named (2000)"));
    }
    builder.note("'PEAK INT' [Jy/beam] taken as the flux density of points: close to the integrated one, not equal to it");
    let crowded = quality.iter().filter(|quality| **quality > 0.0).count();
    if crowded > 0 {
        builder.note(format!("{crowded} rows have QUAL above 0 (crowded); kept"));
    }

    // The tables do not name their survey; their frequency does.
    match stated.map(|hz| (hz / 1e6).round()) {
        Some(1400.0) => builder.survey("NVSS"),
        Some(843.0) => builder.survey("MGPS-2"),
        _ => {}
    }
    let spectrum = Spectrum::PowerLaw { alpha: options.alpha, reference };
    for (row, ((ra, dec), flux)) in ra.iter().zip(&dec).zip(&peak).enumerate() {
        builder.row();
        let component = Component::point(Direction::from_degrees(frame, *ra, *dec), *flux, spectrum.clone());
        if flux.is_nan() {
            builder.drop_without_flux();
        } else if !component.position.is_valid() || builder.wants(component.position) {
            builder.push(component, || row as u64 + 1)?;
        }
    }
    Ok(digest)
}

/// The first extension that is a VZ table, its columns and its number of rows.
fn find_table(
    file: &mut FitsFile,
    input: &Input,
) -> Result<(FitsHdu, Vec<ConcreteColumnDescription>, usize), CatalogError> {
    let error = |source: FitsError| CatalogError::Fits { path: input.path.clone(), source: Box::new(source) };
    let mut seen = Vec::new();
    for index in 1..file.num_hdus().map_err(error)? {
        let hdu = file.hdu(index).map_err(error)?;
        let name = hdu.read_key::<String>(file, "EXTNAME").unwrap_or_default().trim().to_owned();
        if let HduInfo::TableInfo { column_descriptions, num_rows } = &hdu.info {
            let has = |wanted: &str| column_descriptions.iter().any(|column| column.name.trim() == wanted);
            // Raw NVSS ("VL") has the same columns and more, and its peaks want correcting: it must not pass
            // for a VZ table.
            let complete = has(RA) && has(DEC) && has(PEAK) && !has("MAJOR AX");
            if complete && (name == "AIPS VZ" || name.is_empty()) {
                let (columns, rows) = (column_descriptions.clone(), *num_rows);
                return Ok((hdu, columns, rows));
            }
        }
        seen.push(format!("'{name}'"));
    }
    let seen = if seen.is_empty() { "none".to_owned() } else { seen.join(", ") };
    Err(input.layout(format!(
        "a FITS file without an 'AIPS VZ' table with the columns '{RA}', '{DEC}' and '{PEAK}'; its extensions: {seen}"
    )))
}

fn is_number(column: &ConcreteColumnDescription) -> bool {
    use ColumnDataType::{Byte, Double, Float, Int, Long, Short};
    matches!(column.data_type.typ, Float | Double | Short | Int | Long | Byte)
}

/// Units other than those of a VZ table would be misread: they are an error.
fn check_units(
    hdu: &FitsHdu,
    file: &mut FitsFile,
    columns: &[ConcreteColumnDescription],
    input: &Input,
) -> Result<(), CatalogError> {
    for (name, units) in [(RA, ["DEGREE", "DEG"]), (DEC, ["DEGREE", "DEG"]), (PEAK, ["JY/BEAM", "JY"])] {
        let number = columns.iter().position(|column| column.name.trim() == name).unwrap_or_default() + 1;
        let unit = hdu.read_key::<String>(file, &format!("TUNIT{number}")).unwrap_or_default();
        let unit = unit.trim().trim_end_matches('S');
        if !units.iter().any(|known| known.eq_ignore_ascii_case(unit)) {
            return Err(
                input.layout(format!("column '{name}' of the VZ table is in '{unit}', not in {}", units[0]))
            );
        }
    }
    Ok(())
}

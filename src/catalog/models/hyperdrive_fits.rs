//! hyperdrive's source lists as FITS tables: those of GLEAM, of LoBES, and of Jack Line's repository.
//!
//! <https://mwatelescope.github.io/mwa_hyperdrive/defs/source_list_fits.html>: positions in [deg] (J2000), flux densities of Stokes I
//! in [Jy], those of power laws at 200 MHz. GLEAM: `Name, RAJ2000, DEJ2000, S_200, alpha, beta, a, b, pa`, sizes in [arcsec] and
//! beta the q of a curved power law. The others: `UNQ_SOURCE_ID, NAME, RA, DEC, MAJOR_DC, MINOR_DC, PA_DC` in [deg], `COMP_TYPE` P, G
//! or S, and `MOD_TYPE` pl (`NORM_COMP_PL, ALPHA_PL`), cpl (`NORM_COMP_CPL, ALPHA_CPL, CURVE_CPL`) or nan, which stands for the
//! `INT_FLXnnn` at nnn [MHz]; a second table has the coefficients of shapelets (`NAME, N1, N2, COEFF`).

use std::collections::HashMap;
use std::sync::Arc;

use super::line::Line;
use super::source::{Assumed, Flux, Part, push};
use crate::catalog::builder::Builder;
use crate::catalog::fits::{File, Table};
use crate::catalog::input::Input;
use crate::catalog::{CatalogError, ReadOptions};
use crate::coords::{Direction, Frame};
use crate::sky::{AngleFrame, Gaussian, Shape, Shapelet, ShapeletConvention, ShapeletTerm, Spectrum, Stokes};

/// The frequency of power laws [Hz].
pub(super) const REFERENCE: f64 = 200e6;

/// The kinds of lists.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Gleam,
    Jack,
}

fn kind(table: &Table) -> Option<Kind> {
    let has = |names: &[&str]| names.iter().all(|name| table.column(name).is_some());
    if has(&["Name", "RAJ2000", "DEJ2000", "S_200", "alpha", "beta", "a", "b", "pa"]) {
        Some(Kind::Gleam)
    } else if has(&["UNQ_SOURCE_ID", "NAME", "RA", "DEC", "MAJOR_DC", "MINOR_DC", "PA_DC", "NORM_COMP_PL"]) {
        Some(Kind::Jack)
    } else {
        None
    }
}

/// Whether a table is such a list.
pub(in crate::catalog) fn is_source_list(table: &Table) -> bool {
    kind(table).is_some()
}

/// The coefficients of shapelets by the names of their components.
fn shapelets(input: &Input) -> Result<HashMap<String, Vec<ShapeletTerm>>, CatalogError> {
    let mut found: HashMap<String, Vec<ShapeletTerm>> = HashMap::new();
    let mut file = File::open(input)?;
    while let Some(header) = file.next_header()? {
        let Some(table) = header.table() else { continue };
        let columns = ["NAME", "N1", "N2", "COEFF"].map(|name| table.column(name));
        let [Some(name), Some(n1), Some(n2), Some(value)] = columns else { continue };
        let mut rows = file.rows(&table);
        loop {
            let number = rows.number + 1;
            let Some(row) = rows.next_row()? else { break };
            let line = Line { input, number };
            let order = |column: &crate::catalog::fits::Column| {
                let order =
                    column.number(row).filter(|order| order.fract() == 0.0 && (0.0..=255.0).contains(order));
                order.map(|order| order as u8).ok_or_else(|| {
                    line.cell(&column.name, &column.text(row), "not a whole number from 0 to 100")
                })
            };
            let coefficient = value.number(row).filter(|value| value.is_finite());
            let coefficient =
                coefficient.ok_or_else(|| line.cell("COEFF", &value.text(row), "not a finite number"))?;
            let term = ShapeletTerm { n1: order(n1)?, n2: order(n2)?, value: coefficient };
            found.entry(name.text(row)).or_default().push(term);
        }
        break;
    }
    Ok(found)
}

/// Reads the list; returns the digest of the file.
pub(in crate::catalog) fn read(
    input: &Input,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<String, CatalogError> {
    let shapelets = shapelets(input)?;
    let mut file = File::open(input)?;
    let (table, kind) = loop {
        let Some(header) = file.next_header()? else {
            return Err(
                input.layout("a FITS file without a table of GLEAM's, LoBES's or Jack Line's columns")
            );
        };
        if let Some(table) = header.table()
            && let Some(kind) = kind(&table)
        {
            break (table, kind);
        }
    };
    let mut rows = file.rows(&table);
    let mut assumed = Assumed::default();
    let mut source: Option<(String, Vec<Part>)> = None;
    loop {
        let number = rows.number + 1;
        let Some(row) = rows.next_row()? else { break };
        let cells = Cells { table: &table, row, line: Line { input, number } };
        let name = cells.text(if kind == Kind::Gleam { "Name" } else { "UNQ_SOURCE_ID" });
        let part = match kind {
            Kind::Gleam => cells.gleam(options)?,
            Kind::Jack => cells.jack(&shapelets, options)?,
        };
        match &mut source {
            // Components of a source follow each other.
            Some((last, parts)) if *last == name && kind == Kind::Jack => parts.push(part),
            _ => {
                let line = Line { input, number };
                if let Some((name, parts)) = source.replace((name, vec![part])) {
                    push(line, &name, None, parts, options, builder, &mut assumed)?;
                }
            }
        }
    }
    if let Some((name, parts)) = source {
        push(Line { input, number: table.rows }, &name, None, parts, options, builder, &mut assumed)?;
    }
    assumed.note(options, builder);
    input.digest()
}

/// A row of a list.
struct Cells<'a> {
    table: &'a Table,
    row: &'a [u8],
    line: Line<'a>,
}

impl Cells<'_> {
    fn text(&self, name: &str) -> String {
        self.table.column(name).map(|column| column.text(self.row)).unwrap_or_default()
    }

    /// The number in a column; none if it is NaN, or there is no such column.
    fn number(&self, name: &str) -> Option<f64> {
        self.table.column(name)?.number(self.row).filter(|value| !value.is_nan())
    }

    fn needed(&self, name: &str) -> Result<f64, CatalogError> {
        self.number(name).ok_or_else(|| self.line.cell(name, &self.text(name), "a number is needed"))
    }

    /// Whether there is a number other than zero in a column.
    fn given(&self, name: &str) -> bool {
        self.number(name).is_some_and(|value| value != 0.0)
    }

    fn part(&self, ra: &str, dec: &str, options: &ReadOptions) -> Result<Part, CatalogError> {
        let (ra, dec) = (self.needed(ra)?, self.needed(dec)?);
        let frame = options.frame.unwrap_or(Frame::J2000);
        Ok(Part::new(Direction::from_degrees(frame, ra.rem_euclid(360.0), dec), self.line.number))
    }

    /// Position angle and axes [rad], those in columns that count `unit` a degree; none for a point.
    fn extent(&self, [major, minor, angle]: [&str; 3], unit: f64) -> Option<(f64, [f64; 2])> {
        let axis = |name| (self.number(name).unwrap_or_default() / unit).to_radians();
        let axes = [axis(major), axis(minor)];
        let angle = self.number(angle).unwrap_or_default().to_radians();
        axes.iter().any(|axis| *axis != 0.0).then_some((angle, axes))
    }

    /// A power law at 200 MHz, curved where q is not 0.
    fn law(&self, flux: &str, alpha: &str, q: Option<&str>) -> Result<Flux, CatalogError> {
        let stokes = Stokes::unpolarised(self.needed(flux)?);
        let alpha = self.needed(alpha)?;
        let q = q.and_then(|name| self.number(name)).unwrap_or_default();
        let spectrum = match q {
            0.0 => Spectrum::PowerLaw { alpha, reference: REFERENCE },
            q => Spectrum::CurvedPowerLaw { alpha, q, reference: REFERENCE },
        };
        Ok(Flux::Law(stokes, spectrum))
    }

    fn gleam(&self, options: &ReadOptions) -> Result<Part, CatalogError> {
        let mut part = self.part("RAJ2000", "DEJ2000", options)?;
        if let Some((angle, [major, minor])) = self.extent(["a", "b", "pa"], 3600.0) {
            let frame = options.pa_frame.unwrap_or(AngleFrame::Source);
            part.shape = Shape::Gaussian(Gaussian::new(major, minor, angle, frame));
        }
        part.flux = self.law("S_200", "alpha", Some("beta"))?;
        Ok(part)
    }

    fn jack(
        &self,
        shapelets: &HashMap<String, Vec<ShapeletTerm>>,
        options: &ReadOptions,
    ) -> Result<Part, CatalogError> {
        let mut part = self.part("RA", "DEC", options)?;
        let extent = self.extent(["MAJOR_DC", "MINOR_DC", "PA_DC"], 1.0);
        let angle_frame = options.pa_frame.unwrap_or(AngleFrame::Source);
        let name = self.text("NAME");
        part.shape = match (self.text("COMP_TYPE").as_str(), extent) {
            ("P" | "", None) => Shape::Point,
            // Without a COMP_TYPE, what has coefficients is made of shapelets.
            (told @ ("G" | ""), Some((angle, [major, minor])))
                if told == "G" || !shapelets.contains_key(&name) =>
            {
                Shape::Gaussian(Gaussian::new(major, minor, angle, angle_frame))
            }
            ("S" | "", Some((position_angle, scales))) => {
                let terms = shapelets.get(&name);
                let terms = terms.ok_or_else(|| {
                    self.line.cell("NAME", &name, "the second table has no coefficients for it")
                })?;
                Shape::Shapelet(Arc::new(Shapelet {
                    scales,
                    position_angle,
                    angle_frame,
                    terms: terms.clone(),
                    convention: ShapeletConvention::Hyperdrive,
                }))
            }
            (kind, _) => {
                let reason = "P has no size, G and S have one";
                return Err(self.line.cell("COMP_TYPE", kind, reason));
            }
        };
        part.flux = match self.text("MOD_TYPE").as_str() {
            "pl" => self.law("NORM_COMP_PL", "ALPHA_PL", None)?,
            "cpl" => self.law("NORM_COMP_CPL", "ALPHA_CPL", Some("CURVE_CPL"))?,
            "nan" => self.list()?,
            // Without a MOD_TYPE, the law that has numbers.
            "" if self.given("CURVE_CPL") => self.law("NORM_COMP_CPL", "ALPHA_CPL", Some("CURVE_CPL"))?,
            "" if self.given("NORM_COMP_PL") => self.law("NORM_COMP_PL", "ALPHA_PL", None)?,
            "" => self.list()?,
            other => return Err(self.line.cell("MOD_TYPE", other, "neither pl, cpl nor nan")),
        };
        Ok(part)
    }

    /// The flux densities of the columns `INT_FLXnnn`.
    fn list(&self) -> Result<Flux, CatalogError> {
        let mut list = Vec::new();
        for column in &self.table.columns {
            let Some(mhz) = column.name.strip_prefix("INT_FLX").and_then(|mhz| mhz.parse::<f64>().ok())
            else {
                continue;
            };
            if let Some(flux) = column.number(self.row).filter(|flux| !flux.is_nan()) {
                list.push((mhz * 1e6, Stokes::unpolarised(flux)));
            }
        }
        if list.is_empty() {
            return Err(self.line.wrong("a component without a flux density (INT_FLXnnn)"));
        }
        Ok(Flux::List(list))
    }
}

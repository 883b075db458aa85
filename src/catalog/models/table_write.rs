//! Component lists as tables, CSV and VOTable ("VOTable Format Definition", version 1.4, IVOA 2019, TABLEDATA), written with
//! columns that [`crate::catalog::csv_columns`] knows.

use std::io::{self, Write};

use super::bbs_write::terms;
use super::losses::Losses;
use super::number::{Num, arcsec, degrees};
use super::row::{Angles, Holds, Row};
use crate::sky::{Component, Stokes};

/// A column.
struct Column {
    name: &'static str,
    unit: &'static str,
    /// What it means, in the words of the Virtual Observatory; none of a text.
    ucd: Option<&'static str>,
    about: &'static str,
}

const fn text(name: &'static str, about: &'static str) -> Column {
    Column { name, unit: "", ucd: None, about }
}

const fn number(name: &'static str, unit: &'static str, ucd: &'static str, about: &'static str) -> Column {
    Column { name, unit, ucd: Some(ucd), about }
}

const COLUMNS: [Column; 14] = [
    text("name", "Name"),
    number("ra_j2000", "deg", "pos.eq.ra;meta.main", "Right ascension"),
    number("dec_j2000", "deg", "pos.eq.dec;meta.main", "Declination"),
    number("i", "Jy", "phot.flux.density", "Stokes I at ref_freq"),
    number("q", "Jy", "phys.polarization.stokes.Q", "Stokes Q, which follows I"),
    number("u", "Jy", "phys.polarization.stokes.U", "Stokes U, which follows I"),
    number("v", "Jy", "phys.polarization.stokes.V", "Stokes V, which follows I"),
    text("spectral_index", "Terms of the spectrum: none where it is flat"),
    text("logarithmic_si", "Whether they are of log10 S over log10 frequency, or of S over frequency, in Jy"),
    number("ref_freq", "Hz", "em.freq", "Frequency of the flux densities"),
    number("major", "arcsec", "phys.angSize.smajAxis", "Full width at half maximum of the longer axis"),
    number("minor", "arcsec", "phys.angSize.sminAxis", "Full width at half maximum of the shorter axis"),
    number("pa", "deg", "pos.posAng", "Position angle of the longer axis, north through east"),
    text("pa_frame", "Whose north: that at the source, or at the phase centre"),
];

/// What stands in the columns; nothing where there is nothing to say.
fn cells(row: &Row, losses: &mut Losses) -> [String; COLUMNS.len()] {
    let Stokes { i, q, u, v } = row.following(losses);
    let (list, logarithmic, reference) = terms(row, losses);
    let number = |value: f64| Num(value).to_string();
    let [mut major, mut minor, mut angle, mut north] = [const { String::new() }; 4];
    if let (Some(shape), Some((_, frame))) = (row.ellipse, row.component.shape.angle()) {
        [major, minor] = [shape.major, shape.minor].map(|axis| arcsec(axis).to_string());
        angle = degrees(shape.position_angle).to_string();
        north = frame.to_string();
    }
    [
        row.name.to_string(),
        degrees(row.ra).to_string(),
        degrees(row.dec).to_string(),
        number(i),
        number(q),
        number(u),
        number(v),
        // Commas would end the cell.
        list.replace(',', " "),
        logarithmic.to_string(),
        reference.map(number).unwrap_or_default(),
        major,
        minor,
        angle,
        north,
    ]
}

/// The rows of components.
fn rows<'a>(
    components: &'a [Component],
    losses: &'a mut Losses,
) -> impl Iterator<Item = [String; COLUMNS.len()]> + 'a {
    components.iter().enumerate().filter_map(|(index, component)| {
        Row::of(component, index, Holds::gaussians(Angles::Either), losses).map(|row| cells(&row, losses))
    })
}

/// Writes a table of text with commas, units in the names of its columns.
pub(super) fn write_csv(
    out: &mut dyn Write,
    components: &[Component],
    losses: &mut Losses,
) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    let name = |column: &Column| match column.unit {
        "" => column.name.to_owned(),
        unit => format!("{}_{}", column.name, unit.to_lowercase()),
    };
    table.write_record(COLUMNS.iter().map(name))?;
    for cells in rows(components, losses) {
        table.write_record(&cells)?;
    }
    table.flush()
}

/// Writes a VOTable.
pub(super) fn write_votable(
    out: &mut dyn Write,
    components: &[Component],
    losses: &mut Losses,
) -> io::Result<()> {
    writeln!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <VOTABLE version=\"1.4\" xmlns=\"http://www.ivoa.net/xml/VOTable/v1.3\">\n<RESOURCE>\n<TABLE name=\"components\">"
    )?;
    for Column { name, unit, ucd, about } in COLUMNS {
        let unit = if unit.is_empty() { String::new() } else { format!(" unit=\"{unit}\"") };
        let kind = match ucd {
            None => "datatype=\"char\" arraysize=\"*\"".to_owned(),
            Some(ucd) => format!("datatype=\"double\" ucd=\"{ucd}\""),
        };
        writeln!(out, "<FIELD name=\"{name}\" {kind}{unit}><DESCRIPTION>{about}</DESCRIPTION></FIELD>")?;
    }
    writeln!(out, "<DATA>\n<TABLEDATA>")?;
    for cells in rows(components, losses) {
        write!(out, "<TR>")?;
        for cell in &cells {
            write!(out, "<TD>{}</TD>", escaped(cell))?;
        }
        writeln!(out, "</TR>")?;
    }
    writeln!(out, "</TABLEDATA>\n</DATA>\n</TABLE>\n</RESOURCE>\n</VOTABLE>")
}

/// A text as XML has it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

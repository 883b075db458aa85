//! The same thousand sources as VOTables and as VizieR's FITS, and every form damaged.

use super::forms::{
    Dice, HEADING, Loss, VIZIER, asu_tsv, cells, compare, nvss_dat, read_form, sources, tdat,
};
use super::*;
use fitsio::FitsFile;
use fitsio::tables::{ColumnDataType, ColumnDescription};

/// A VOTable, its rows as given.
fn votable(data: &str, types: [(&str, &str); 16]) -> String {
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<VOTABLE version=\"1.4\" xmlns=\"http://www.ivoa.net/xml/VOTable/v1.3\">\n<RESOURCE ID=\"yCat_8065\" name=\"VIII/65\">\n<TABLE ID=\"VIII_65_nvss\" name=\"VIII/65/nvss\">\n".to_owned();
    for ((name, unit), (datatype, size)) in VIZIER.iter().zip(types) {
        let unit = if unit.is_empty() {
            String::new()
        } else {
            format!(" unit=\"{}\"", unit.replace('"', "&quot;"))
        };
        let size = if size.is_empty() { String::new() } else { format!(" arraysize=\"{size}\"") };
        text += &format!(
            "<FIELD name=\"{name}\" datatype=\"{datatype}\"{size}{unit}><DESCRIPTION>x &lt; y</DESCRIPTION></FIELD>\n"
        );
    }
    text + &format!("<DATA>{data}</DATA>\n</TABLE>\n</RESOURCE>\n</VOTABLE>\n")
}

fn types(number: &'static str) -> [(&'static str, &'static str); 16] {
    let mut types = [(number, ""); 16];
    types[0] = ("double", "");
    types[1] = ("double", "");
    types[2] = ("int", "");
    types[3] = ("char", "*");
    types[4] = ("char", "11");
    types[5] = ("unicodeChar", "11*");
    types[8] = ("char", "1");
    types[10] = ("char", "1");
    types
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for (index, three) in bytes.chunks(3).enumerate() {
        let bits =
            three.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = char::from(LETTERS[(bits >> (18 - 6 * place)) as usize & 63]);
            text.push(if place <= three.len() { letter } else { '=' });
        }
        if index % 16 == 15 {
            text.push('\n');
        }
    }
    text
}

/// The rows of a VOTable as BINARY or BINARY2.
fn binary(types: [(&str, &str); 16], flagged: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (index, source) in sources().iter().enumerate() {
        let cells = cells(source, index);
        if flagged {
            let blank = |at: usize| u8::from(cells[at].is_empty()) << (7 - at % 8);
            bytes.extend([(0..8).map(blank).sum::<u8>(), (8..16).map(blank).sum()]);
        }
        for (cell, (datatype, size)) in cells.iter().zip(types) {
            match (datatype, size) {
                ("char", "*") => {
                    bytes.extend((cell.len() as u32).to_be_bytes());
                    bytes.extend(cell.bytes());
                }
                ("unicodeChar", _) => {
                    bytes.extend((cell.len() as u32).to_be_bytes());
                    bytes.extend(cell.encode_utf16().flat_map(u16::to_be_bytes));
                }
                ("char", size) => {
                    let mut cell = cell.clone().into_bytes();
                    cell.resize(size.parse().unwrap(), 0);
                    bytes.extend(cell);
                }
                ("int", _) => bytes.extend(cell.parse::<i32>().unwrap().to_be_bytes()),
                ("float", _) => bytes.extend(cell.parse::<f32>().unwrap_or(f32::NAN).to_be_bytes()),
                _ => bytes.extend(cell.parse::<f64>().unwrap_or(f64::NAN).to_be_bytes()),
            }
        }
    }
    bytes
}

#[test]
fn vizier_votables() {
    let degrees = Loss { position: 1e-6f64.to_radians(), ..Loss::default() };
    let mut rows = String::from("<TABLEDATA>\n");
    for (index, source) in sources().iter().enumerate() {
        let cell = |cell: &String| match cell.as_str() {
            "" => "<TD/>".to_owned(),
            text => format!("<TD>{}</TD>", text.replace('<', "&lt;")),
        };
        rows += &format!("<TR>{}</TR>\n", cells(source, index).iter().map(cell).collect::<String>());
    }
    let text = votable(&(rows + "</TABLEDATA>"), types("double"));
    let catalog = read_form(text.as_bytes());
    assert_eq!((catalog.format, catalog.kind), (Format::Votable, Kind::Survey));
    compare("TABLEDATA", &catalog, degrees);
    for (name, flagged) in [("BINARY", false), ("BINARY2", true)] {
        for number in ["float", "double"] {
            let data = base64(&binary(types(number), flagged));
            let data = format!("<{name}>\n<STREAM encoding='base64'>{data}</STREAM></{name}>");
            compare(name, &read_form(votable(&data, types(number)).as_bytes()), degrees);
        }
    }
}

/// VizieR's asu-binfits, written by cfitsio.
#[test]
fn vizier_fits() {
    let folder = tempfile::tempdir().unwrap();
    for (form, first, single) in [("strings", 2, false), ("degrees", 0, false), ("floats", 0, true)] {
        let path = folder.path().join(format!("{form}.fits"));
        let number = if single { ColumnDataType::Float } else { ColumnDataType::Double };
        let kind = |index: usize| match index {
            0 | 1 => (ColumnDataType::Double, 1),
            2 => (ColumnDataType::Int, 1),
            3 => (ColumnDataType::String, 14),
            4 | 5 => (ColumnDataType::String, 11),
            8 | 10 => (ColumnDataType::String, 1),
            _ => (number, 1),
        };
        let description = |index: usize| {
            let (kind, repeat) = kind(index);
            let mut column = ColumnDescription::new(VIZIER[index].0.replace("S1.4", "S1_4"));
            column.with_type(kind).that_repeats(repeat).create().unwrap()
        };
        let columns: Vec<_> = (first..16).map(description).collect();
        let mut fits = FitsFile::create(&path).open().unwrap();
        let table = fits.create_table("VIII_65_nvss", &columns).unwrap();
        let all: Vec<[String; 16]> =
            sources().iter().enumerate().map(|(i, source)| cells(source, i)).collect();
        for index in first..16 {
            let name = VIZIER[index].0.replace("S1.4", "S1_4");
            let text = || all.iter().map(|cells| cells[index].clone());
            match kind(index).0 {
                ColumnDataType::Int => {
                    table
                        .write_col(
                            &mut fits,
                            name,
                            &text().map(|t| t.parse::<i32>().unwrap()).collect::<Vec<_>>(),
                        )
                        .unwrap();
                }
                ColumnDataType::String => {
                    let blank = |text: String| if text.is_empty() { " ".to_owned() } else { text };
                    table.write_col(&mut fits, name, &text().map(blank).collect::<Vec<_>>()).unwrap();
                }
                ColumnDataType::Float => {
                    let values: Vec<f32> = text().map(|t| t.parse().unwrap_or(f32::NAN)).collect();
                    table.write_col(&mut fits, name, &values).unwrap();
                }
                _ => {
                    let values: Vec<f64> = text().map(|t| t.parse().unwrap_or(f64::NAN)).collect();
                    table.write_col(&mut fits, name, &values).unwrap();
                }
            }
            let unit = VIZIER[index].1;
            if !unit.is_empty() {
                table
                    .write_key(&mut fits, &format!("TUNIT{}", index - first + 1), unit.trim_matches('"'))
                    .unwrap();
            }
        }
        drop(fits);
        let catalog = read_handling(&path, STRICT).unwrap_or_else(|error| panic!("{}", message(&error)));
        assert_eq!((catalog.format, catalog.kind), (Format::Fits, Kind::Survey));
        let position = if first == 0 { 1e-6f64.to_radians() } else { 0.0 };
        compare(form, &catalog, Loss { position, ..Loss::default() });
    }
}

/// Damage anywhere gives an error or another catalogue, but no panic.
#[test]
fn damaged_forms_do_not_panic() {
    let head = |text: String, lines: usize| {
        text.lines().take(lines).map(|line| line.to_owned() + "\n").collect::<String>()
    };
    let data = base64(&binary(types("float"), true)[..1000]);
    let forms = [
        head(nvss_dat(), 4),
        head(asu_tsv("\t", 0, HEADING, true), 12),
        head(tdat(true, true), 16),
        head(tdat(false, false), 3),
        votable("<TABLEDATA><TR><TD>1</TD></TR></TABLEDATA>", types("double")),
        votable(&format!("<BINARY2><STREAM encoding='base64'>{data}</STREAM></BINARY2>"), types("float")),
        "   RA(2000)  Dec(2000) Dist(\") Flux  Major Minor  PA  Res P_Flux P_ang  Field    X_pix  Y_pix\n09 55 16.67 +39 35 48.4  3573   12.2  31.7 <25.4  19.2     -0.13       C1000P40  730.30  417.67\n       0.12         1.8  -114    1.0   5.3        10.6      0.62\n".to_owned(),
        "FORMAT = Name, Type, Patch, Ra, Dec, I, SpectralIndex='[]', MajorAxis, MinorAxis, ReferenceFrequency\n , , P, 1:2:3, 4.5.6\na, GAUSSIAN, P, 13:17:26.56, 44.56.55, 0.0042, [-0.7, 0.1], 75.8, 39.8, 1400000000.0\n".to_owned(),
    ];
    let mut dice = Dice(7);
    for form in forms {
        let bytes = form.as_bytes();
        for _ in 0..400 {
            let mut damaged = bytes.to_vec();
            for _ in 0..=dice.below(4) {
                let at = dice.below(damaged.len().max(1) as u32) as usize;
                match dice.below(4) {
                    _ if damaged.is_empty() => {}
                    0 => damaged[at] = dice.below(256) as u8,
                    1 => damaged[at] = b"\n<>|,;'\"[]=/ -.9"[dice.below(16) as usize],
                    2 => drop(damaged.remove(at)),
                    _ => damaged.truncate(at.max(1)),
                }
            }
            let (_folder, path) = file("damaged", &damaged);
            for strict in [false, true] {
                drop(read_handling(&path, Handling { strict, polarization: true }));
            }
        }
    }
}

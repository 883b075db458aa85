//! The same thousand sources in every published form of NVSS, written here by the documents of each form.

use super::*;
use nvss_predict::sky::{Gaussian, Stokes};

/// A source in the units in which NVSS is published, as integers: what every form holds exactly.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// Right ascension [0.01 s].
    ra: u32,
    /// Declination [0.1″].
    dec: i32,
    /// Integrated flux density [0.1 mJy].
    flux: u32,
    /// Axes [0.1″], and whether they are limits.
    major: (u32, bool),
    minor: (u32, bool),
    /// Position angle [0.1°].
    angle: Option<i32>,
    /// Polarised flux density [0.01 mJy] and angle [0.1°].
    polarised: i32,
    polarised_angle: Option<i32>,
}

/// Numbers without a pattern, the same every time (Knuth's MMIX generator).
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(bound)) as u32
    }
}

/// A thousand sources from −40° to the pole, some at the origin of right ascension.
pub fn sources() -> Vec<Source> {
    let mut dice = Dice(1998);
    (0..1000)
        .map(|index| {
            let kind = dice.below(4);
            let major = 150 + dice.below(1500);
            let minor = 100 + dice.below(major - 120).min(900);
            let polarised = dice.below(3000) as i32 - 200;
            Source {
                ra: if index < 4 { [0, 1, 8_639_999, 5999][index] } else { dice.below(8_640_000) },
                dec: if index < 2 {
                    [-5, 3_239_000][index]
                } else {
                    dice.below(4_680_000) as i32 - 1_440_000
                },
                flux: 20 + dice.below(60) * dice.below(2500),
                major: (major, kind == 0),
                minor: (minor, kind <= 1),
                angle: (kind > 0).then(|| dice.below(1801) as i32 - 900),
                polarised,
                polarised_angle: (polarised > 100).then(|| dice.below(1801) as i32 - 900),
            }
        })
        .collect()
}

impl Source {
    fn ra_text(&self, separator: char) -> String {
        let s = self.ra;
        format!(
            "{:02}{separator}{:02}{separator}{:05.2}",
            s / 360_000,
            s / 6000 % 60,
            f64::from(s % 6000) / 100.0
        )
    }

    fn dec_text(&self, separator: char) -> String {
        let (sign, s) = (if self.dec < 0 { '-' } else { '+' }, self.dec.unsigned_abs());
        format!(
            "{sign}{:02}{separator}{:02}{separator}{:04.1}",
            s / 36_000,
            s / 600 % 60,
            f64::from(s % 600) / 10.0
        )
    }

    fn degrees(&self) -> (f64, f64) {
        (f64::from(self.ra) / 24_000.0, f64::from(self.dec) / 36_000.0)
    }

    pub fn name(&self) -> String {
        let seconds = self.ra_text(' ')[..8].replace(' ', "");
        seconds + &self.dec_text(' ')[..9].replace(' ', "")
    }

    fn tenths(value: u32) -> String {
        format!("{}.{}", value / 10, value % 10)
    }

    fn limit(axis: (u32, bool)) -> &'static str {
        if axis.1 { "<" } else { "" }
    }

    fn angle_text(angle: Option<i32>) -> String {
        angle.map_or(String::new(), |angle| format!("{:.1}", f64::from(angle) / 10.0))
    }

    fn polarised_text(&self) -> String {
        format!("{:.2}", f64::from(self.polarised) / 100.0)
    }

    /// What must be predicted.
    fn component(&self, polarization: bool) -> Component {
        let (ra, dec) = self.degrees();
        let law = Spectrum::PowerLaw { alpha: -0.7, reference: 1.4e9 };
        let mut component = Component::point(j2000(ra, dec), f64::from(self.flux) * 1e-4, law);
        let width = |(value, limit): (u32, bool)| if limit { 0.0 } else { f64::from(value) / 10.0 * ARCSEC };
        if let (false, Some(angle)) = (self.major.1, self.angle) {
            let angle = (f64::from(angle) / 10.0).to_radians();
            component.shape = Shape::Gaussian(Gaussian::new(
                width(self.major),
                width(self.minor),
                angle,
                AngleFrame::Source,
            ));
        }
        if let (true, Some(angle)) = (polarization, self.polarised_angle) {
            let (p, twice) = (f64::from(self.polarised) * 1e-5, 2.0 * (f64::from(angle) / 10.0).to_radians());
            component.stokes = Stokes { q: p * twice.cos(), u: p * twice.sin(), ..component.stokes };
        }
        component
    }
}

/// What a form cannot tell.
#[derive(Clone, Copy, Default)]
pub struct Loss {
    /// Rounding of positions [rad].
    pub position: f64,
    /// Relative rounding of numbers.
    pub number: f64,
    pub shapes: bool,
    pub polarization: bool,
}

/// Whether a catalogue is the thousand sources.
pub fn compare(form: &str, catalog: &Catalog, loss: Loss) {
    let sources = sources();
    assert_eq!(catalog.components.len(), sources.len(), "{form}");
    assert_eq!(catalog.rows_read, 1000, "{form}");
    for (index, (found, source)) in catalog.components.iter().zip(&sources).enumerate() {
        let expected = source.component(!loss.polarization);
        let at = || format!("{form}, row {index}: {found:?}, but {expected:?}");
        assert!(found.position.separation(expected.position) <= 1e-13 + loss.position, "{}", at());
        let close = |a: f64, b: f64| (a - b).abs() <= (1e-12 + loss.number) * expected.stokes.i;
        assert!(close(found.stokes.i, expected.stokes.i), "{}", at());
        assert!(
            close(found.stokes.q, expected.stokes.q) && close(found.stokes.u, expected.stokes.u),
            "{}",
            at()
        );
        assert_eq!((found.stokes.v, &found.spectrum), (0.0, &expected.spectrum), "{}", at());
        match (&found.shape, &expected.shape) {
            _ if loss.shapes => {}
            (Shape::Point, Shape::Point) => {}
            (Shape::Gaussian(a), Shape::Gaussian(b)) => {
                let turn = (a.position_angle - b.position_angle).sin().abs();
                let width = 1e-12 + loss.number;
                assert!((a.major - b.major).abs() <= width * b.major, "{}", at());
                assert!((a.minor - b.minor).abs() <= width * b.major && turn <= width, "{}", at());
                assert_eq!(a.angle_frame, b.angle_frame);
            }
            _ => panic!("{}", at()),
        }
    }
}

/// Reads a form that is kept in a file of a name that says nothing.
pub fn read_form(content: &[u8]) -> Catalog {
    let (_folder, path) = file("catalogue", content);
    read_handling(&path, STRICT).unwrap_or_else(|error| panic!("{}", message(&error)))
}

/// VizieR's ReadMe of VIII/65: bytes counted from 1.
pub fn nvss_dat() -> String {
    let mut text = String::new();
    for source in sources() {
        let mut record = [b' '; 158];
        let mut put = |first: usize, last: usize, value: &str| {
            assert!(value.len() <= last - first + 1, "{value} in {first}-{last}");
            record[last - value.len()..last].copy_from_slice(value.as_bytes());
        };
        put(1, 8, "C1344P32");
        put(10, 16, "512.33");
        put(26, 39, &(source.name()[..6].to_owned() + &source.name()[6..13]));
        put(41, 51, &source.ra_text(' '));
        put(53, 63, &source.dec_text(' '));
        put(65, 69, "0.03");
        put(76, 83, &Source::tenths(source.flux));
        put(85, 91, "0.5");
        put(93, 93, Source::limit(source.major));
        put(94, 98, &Source::tenths(source.major.0));
        put(100, 100, Source::limit(source.minor));
        put(101, 105, &Source::tenths(source.minor.0));
        put(107, 111, &Source::angle_text(source.angle));
        put(136, 141, &source.polarised_text());
        put(143, 147, &Source::angle_text(source.polarised_angle));
        put(149, 153, "0.46");
        text += std::str::from_utf8(&record).unwrap();
        text.push('\n');
    }
    text
}

#[test]
fn vizier_fixed_width() {
    let text = nvss_dat();
    let catalog = read_form(text.as_bytes());
    assert_eq!((catalog.format, catalog.kind), (Format::NvssDat, Kind::Survey));
    compare("nvss.dat", &catalog, Loss::default());
    assert_eq!(catalog.components[4].name.as_deref(), Some(&sources()[4].name()[..13]));
    compare("nvss.dat.gz", &read_form(&gzipped(text.as_bytes())), Loss::default());
    // Editors cut the blanks behind a line.
    let cut: String = text.lines().map(|line| line.trim_end().to_owned() + "\r\n").collect();
    compare("nvss.dat, cut", &read_form(cut.as_bytes()), Loss::default());
    // Numbers without leading zeros, as Fortran's I2 and F5.2 print them.
    let blank = |mut record: Vec<u8>| {
        for at in [41, 44, 47, 54, 57, 60] {
            if record[at - 1] == b'0' {
                record[at - 1] = b' ';
            }
        }
        String::from_utf8(record).unwrap() + "\n"
    };
    let blanks: String = text.lines().map(|line| blank(line.as_bytes().to_vec())).collect();
    compare("nvss.dat, blanks", &read_form(blanks.as_bytes()), Loss::default());
}

/// Columns, units and cells of VizieR's tables.
pub const VIZIER: [(&str, &str); 16] = [
    ("_RAJ2000", "deg"),
    ("_DEJ2000", "deg"),
    ("recno", ""),
    ("NVSS", ""),
    ("RAJ2000", "\"h:m:s\""),
    ("DEJ2000", "\"d:m:s\""),
    ("S1.4", "mJy"),
    ("e_S1.4", "mJy"),
    ("l_MajAxis", ""),
    ("MajAxis", "arcsec"),
    ("l_MinAxis", ""),
    ("MinAxis", "arcsec"),
    ("PA", "deg"),
    ("polFlux", "mJy"),
    ("polPA", "deg"),
    ("e_polFlux", "mJy"),
];

pub fn cells(source: &Source, index: usize) -> [String; 16] {
    let (ra, dec) = source.degrees();
    [
        format!("{ra:.6}"),
        format!("{dec:+.6}"),
        index.to_string(),
        source.name(),
        source.ra_text(' '),
        source.dec_text(' '),
        Source::tenths(source.flux),
        "0.5".into(),
        Source::limit(source.major).into(),
        Source::tenths(source.major.0),
        Source::limit(source.minor).into(),
        Source::tenths(source.minor.0),
        Source::angle_text(source.angle),
        source.polarised_text(),
        Source::angle_text(source.polarised_angle),
        "0.46".into(),
    ]
}

/// asu-tsv, with the columns from `first` on.
pub fn asu_tsv(separator: &str, first: usize, heading: &str, units: bool) -> String {
    let mut text = heading.to_owned();
    let mut line = |cells: Vec<String>| text += &(cells.join(separator) + "\n");
    line(VIZIER[first..].iter().map(|(name, _)| (*name).to_owned()).collect());
    if units {
        line(VIZIER[first..].iter().map(|(_, unit)| (*unit).to_owned()).collect());
        line(VIZIER[first..].iter().map(|(name, _)| "-".repeat(name.len())).collect());
    }
    for (index, source) in sources().iter().enumerate() {
        line(cells(source, index)[first..].to_vec());
    }
    text + "\n"
}

pub const HEADING: &str =
    "#\n#   VizieR Astronomical Server\n#RESOURCE=yCat_8065\n#Name: VIII/65/nvss\n#Title: NVSS\n\n";

#[test]
fn vizier_tables_of_text() {
    let degrees = Loss { position: 1e-6f64.to_radians(), ..Loss::default() };
    for (form, separator) in [("asu-tsv", "\t"), ("asu-tsv, semicolons", ";")] {
        let catalog = read_form(asu_tsv(separator, 0, HEADING, true).as_bytes());
        assert_eq!((catalog.format, catalog.kind), (Format::Csv, Kind::Survey));
        compare(form, &catalog, degrees);
        compare(form, &read_form(asu_tsv(separator, 2, HEADING, true).as_bytes()), Loss::default());
    }
    // CSV as scripts save it: no comments, no units.
    let csv = asu_tsv(",", 2, "", false);
    compare("CSV", &read_form(csv.as_bytes()), Loss::default());
}

/// HEASARC's tdat: its header, and rows with the name or without, the trailing bar in any case.
pub fn tdat(header: bool, name: bool) -> String {
    const FIELDS: &str = "name ra dec lii bii ra_error dec_error flux_20_cm flux_20_cm_error limit_major_axis major_axis major_axis_error limit_minor_axis minor_axis minor_axis_error position_angle position_angle_error residual_code residual_flux pol_flux pol_flux_error pol_angle pol_angle_error field_name x_pixel y_pixel";
    let mut text = String::new();
    if header {
        text += "<HEADER>\n#\n# TABLE: heasarc_nvss\n# TOTAL ROWS: 1000\n#\ntable_name = heasarc_nvss\ntable_description = \"NRAO VLA Sky Survey\"\n";
        text += "field[ra] = float8:.4f_degree [pos.eq.ra] (key) // Right Ascension\nfield[flux_20_cm] = float8:8.1f_mJy [phot.flux] (index) // Flux\n";
        text += &format!("line[1] = {}\n#\n<DATA>\n", if name { FIELDS } else { &FIELDS[5..] });
    }
    for source in sources() {
        let (ra, dec) = source.degrees();
        let cells = [
            format!("NVSS J{}", source.name()),
            format!("{ra:.12}"),
            format!("{dec:.12}"),
            "101.5".into(),
            "-45.25".into(),
            "0.03".into(),
            "0.6".into(),
            Source::tenths(source.flux),
            "0.5".into(),
            Source::limit(source.major).into(),
            Source::tenths(source.major.0),
            String::new(),
            Source::limit(source.minor).into(),
            Source::tenths(source.minor.0),
            String::new(),
            Source::angle_text(source.angle),
            String::new(),
            String::new(),
            String::new(),
            source.polarised_text(),
            "0.46".into(),
            Source::angle_text(source.polarised_angle),
            String::new(),
            "C1344P32".into(),
            "512.33".into(),
            "12.40".into(),
        ];
        text += &(cells[usize::from(!name)..].join("|") + "|\n");
    }
    text + if header { "<END>\n" } else { "" }
}

#[test]
fn heasarc_tdat() {
    let loss = Loss { position: 1e-12f64.to_radians(), ..Loss::default() };
    for header in [true, false] {
        for name in [true, false] {
            let catalog = read_form(tdat(header, name).as_bytes());
            assert_eq!((catalog.format, catalog.kind), (Format::Tdat, Kind::Survey));
            compare("tdat", &catalog, loss);
            let named = catalog.components[0].name.as_deref();
            assert_eq!(named, name.then(|| format!("NVSS J{}", sources()[0].name())).as_deref());
        }
    }
}

/// A deconvolved listing; of limits of 99″ and more the program leaves the decimals out.
#[test]
fn nvsslist_deconvolved() {
    let axis = |axis: (u32, bool)| match axis {
        (value, true) if value >= 990 => format!("<{:.0}.", f64::from(value) / 10.0),
        (value, limit) => Source::limit((0, limit)).to_owned() + &Source::tenths(value),
    };
    let mut text = String::from(
        "Displaying deconvolved component size, integrated flux density\n   RA(2000)  Dec(2000) Dist(\") Flux  Major Minor  PA  Res P_Flux P_ang  Field    X_pix  Y_pix\n h  m    s    d  m   s   Ori     mJy   \"     \"     deg       mJy  deg\n",
    );
    for (index, source) in sources().iter().enumerate() {
        text += &format!(
            "{} {}{:6}{:>7}{:>6}{:>6}{:>6}{:3}{:>6}{:>6}   C1000P40{:8.2}{:8.2}\n       0.12         1.8  -114    1.0   5.3        10.6      0.62\n",
            source.ra_text(' '),
            source.dec_text(' '),
            3573,
            Source::tenths(source.flux),
            axis(source.major),
            axis(source.minor),
            Source::angle_text(source.angle),
            if index % 7 == 0 { " P " } else { "" },
            source.polarised_text(),
            Source::angle_text(source.polarised_angle),
            730.3,
            417.67
        );
    }
    let catalog = read_form(text.as_bytes());
    assert_eq!((catalog.format, catalog.kind), (Format::NvssList, Kind::Survey));
    compare("NVSSlist", &catalog, Loss::default());
}

/// LSMTool's, which drops the flags of limits and the position angles: only points are the same there.
#[test]
fn lsmtool_text() {
    let mut text = String::from(
        "FORMAT = Name, Type, Patch, Ra, Dec, I, MajorAxis, MinorAxis, ReferenceFrequency\n\n , , Patch, 13:19:53.8648, 44.59.39.0703\n",
    );
    for source in sources() {
        let dec = source.dec_text('.');
        let kind = if source.major.1 { "POINT" } else { "GAUSSIAN" };
        let (major, minor) = (f64::from(source.major.0) / 10.0, f64::from(source.minor.0) / 10.0);
        text += &format!(
            "{}, {kind}, Patch, {}, {dec}, {}, {major}, {minor}, 1400000000.0\n",
            source.name(),
            source.ra_text(':'),
            f64::from(source.flux) * 1e-4
        );
    }
    let catalog = read_form(text.as_bytes());
    assert_eq!((catalog.format, catalog.kind), (Format::Bbs, Kind::Model));
    compare("LSMTool", &catalog, Loss { shapes: true, polarization: true, ..Loss::default() });
}

/// The DSA-110 database, which has degrees in full and no flags of limits.
#[test]
fn dsa110_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nvss_full.sqlite3");
    let connection = rusqlite::Connection::open(&path).unwrap();
    let mut statements = String::from(
        "BEGIN; CREATE TABLE sources (source_id INTEGER PRIMARY KEY AUTOINCREMENT, ra_deg REAL NOT NULL, dec_deg REAL NOT NULL, flux_mjy REAL, flux_err_mjy REAL, major_axis REAL, minor_axis REAL, position_angle REAL);",
    );
    for source in sources() {
        let (ra, dec) = source.degrees();
        statements += &format!(
            "INSERT INTO sources (ra_deg, dec_deg, flux_mjy) VALUES ({ra:?}, {dec:?}, {});",
            Source::tenths(source.flux)
        );
    }
    connection.execute_batch(&(statements + "COMMIT;")).unwrap();
    drop(connection);
    let catalog = read_handling(&path, STRICT).unwrap();
    compare("SQLite", &catalog, Loss { shapes: true, polarization: true, ..Loss::default() });
}

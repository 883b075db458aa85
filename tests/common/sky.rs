//! Small skies for the tests, written down twice: as our CSV and as the independent sum's JSON.

use std::fmt::Write;

use serde_json::json;

/// A Gaussian: FWHM axes [arcsec], position angle [deg], and in which frame it is meant.
#[derive(Clone, Copy, Debug)]
pub struct Gaussian {
    /// Major axis [arcsec].
    pub major: f64,
    /// Minor axis [arcsec].
    pub minor: f64,
    /// Position angle [deg].
    pub angle: f64,
    /// `source` or `centre`.
    pub frame: &'static str,
}

/// One source; J2000 unless the test says otherwise to both sides.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Right ascension [deg].
    pub ra: f64,
    /// Declination [deg].
    pub dec: f64,
    /// I, Q, U, V [Jy] at the reference frequency.
    pub stokes: [f64; 4],
    /// log10 terms of the spectrum; none: flat.
    pub terms: Vec<f64>,
    /// Reference frequency [Hz].
    pub reference: f64,
    /// Gaussian shape, if any.
    pub gaussian: Option<Gaussian>,
}

impl Source {
    /// An unpolarised point with a flat spectrum.
    pub fn point(ra: f64, dec: f64, flux: f64) -> Self {
        Source { ra, dec, stokes: [flux, 0.0, 0.0, 0.0], reference: 1.4e9, ..Source::default() }
    }
}

/// The product's CSV.
pub fn csv(sources: &[Source]) -> String {
    let mut text = String::from(
        "name,ra_deg,dec_deg,flux_jy,q_jy,u_jy,v_jy,alpha,ref_hz,major_arcsec,minor_arcsec,pa_deg,pa_frame\n",
    );
    for (number, s) in sources.iter().enumerate() {
        let [i, q, u, v] = s.stokes;
        let terms = match s.terms.as_slice() {
            [] => "0".to_owned(),
            [alpha] => alpha.to_string(),
            terms => format!("\"{terms:?}\""),
        };
        let shape =
            s.gaussian.map_or(",,,".into(), |g| format!("{},{},{},{}", g.major, g.minor, g.angle, g.frame));
        let _ =
            writeln!(text, "s{number},{},{},{i},{q},{u},{v},{terms},{},{shape}", s.ra, s.dec, s.reference);
    }
    text
}

/// The independent sum's JSON.
pub fn json(sources: &[Source]) -> String {
    json_in_frame(sources, "J2000")
}

/// The same with positions in another frame.
pub fn json_in_frame(sources: &[Source], frame: &str) -> String {
    let list: Vec<_> = sources
        .iter()
        .map(|s| {
            let [i, q, u, v] = s.stokes;
            let mut entry = json!({"ra_deg": s.ra, "dec_deg": s.dec, "frame": frame, "i": i, "q": q, "u": u, "v": v,
                                   "terms": s.terms, "ref_hz": s.reference});
            if let Some(g) = s.gaussian {
                entry["major_arcsec"] = json!(g.major);
                entry["minor_arcsec"] = json!(g.minor);
                entry["pa_deg"] = json!(g.angle);
                entry["pa_frame"] = json!(g.frame);
            }
            entry
        })
        .collect();
    serde_json::to_string_pretty(&list).expect("JSON")
}

/// Everything a component may be, scattered about a direction [deg]: points, Gaussians of both angle frames with
/// sizes near `beam` [arcsec], flat, power-law and curved spectra, polarised ones.
pub fn mixture(ra: f64, dec: f64, spread: f64, beam: f64, reference: f64) -> Vec<Source> {
    let mut random = Random(42);
    let mut sources = Vec::new();
    for k in 0..12 {
        let (x, y) = (random.within(-spread, spread), random.within(-spread, spread));
        let dec = (dec + y).clamp(-89.0, 89.0);
        let ra = (ra + x / dec.to_radians().cos()).rem_euclid(360.0);
        let flux = random.within(0.2, 3.0);
        let mut source = Source { reference, ..Source::point(ra, dec, flux) };
        source.terms = match k % 4 {
            0 => vec![],
            1 => vec![-0.7],
            2 => vec![-0.83, -0.12],
            _ => vec![0.4, 0.2, -0.1],
        };
        if k % 3 == 0 {
            source.stokes = [flux, 0.1 * flux, -0.05 * flux, 0.02 * flux];
        }
        if k >= 6 {
            let major = beam * random.within(0.2, 0.8);
            source.gaussian = Some(Gaussian {
                major,
                minor: major * random.within(0.3, 1.0),
                angle: random.within(-90.0, 90.0),
                frame: if k % 2 == 0 { "source" } else { "centre" },
            });
        }
        sources.push(source);
    }
    sources
}

/// A source list of DP3, BBS (`makesourcedb`) as far as the gold set needs it. Orientation is in the frame of the
/// phase centre, which is what DP3 means without OrientationIsAbsolute.
pub fn from_bbs(text: &str) -> Vec<Source> {
    let mut names: Vec<String> = Vec::new();
    let mut defaults: Vec<String> = Vec::new();
    let mut sources = Vec::new();
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty()) {
        if names.is_empty() {
            let format = line.trim_start_matches(['#', ' ']);
            let format = format.strip_prefix("FORMAT =").unwrap_or(format);
            let format = format.trim_end_matches("= format").trim().trim_matches(['(', ')']);
            for field in split(format) {
                let (name, default) = field.split_once('=').unwrap_or((&field, ""));
                names.push(name.trim().to_lowercase());
                defaults.push(default.trim_matches(['\'', ' ']).to_owned());
            }
            continue;
        }
        let values = split(line);
        let get = |name: &str| -> String {
            let Some(at) = names.iter().position(|n| n == name) else { return String::new() };
            values.get(at).filter(|v| !v.is_empty()).cloned().unwrap_or_else(|| defaults[at].clone())
        };
        let number = |name: &str| get(name).parse::<f64>().unwrap_or(0.0);
        let kind = get("type").to_uppercase();
        if kind.is_empty() {
            continue; // a patch
        }
        let gaussian = (kind == "GAUSSIAN").then(|| {
            let (a, b, angle) = (number("majoraxis"), number("minoraxis"), number("orientation"));
            let (major, minor, angle) = if a >= b { (a, b, angle) } else { (b, a, angle + 90.0) };
            Gaussian { major, minor, angle, frame: "centre" }
        });
        let terms = get("spectralindex");
        sources.push(Source {
            ra: sexagesimal(&get("ra"), ':') * 15.0,
            dec: sexagesimal(&get("dec"), '.'),
            stokes: [number("i"), number("q"), number("u"), number("v")],
            terms: terms.trim_matches(['[', ']']).split(',').filter_map(|t| t.trim().parse().ok()).collect(),
            reference: number("referencefrequency"),
            gaussian,
        });
    }
    sources
}

/// Fields between commas that are not inside brackets.
fn split(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut depth = 0;
    for c in line.chars() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
        match fields.last_mut() {
            Some(last) if c != ',' || depth > 0 => last.push(c),
            _ => fields.push(String::new()),
        }
    }
    fields.iter().map(|f| f.trim().to_owned()).collect()
}

/// `12:34:56.7` hours, or BBS's `-12.34.56.7` degrees.
fn sexagesimal(text: &str, separator: char) -> f64 {
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    let parts: Vec<&str> = text.trim_start_matches(['+', '-']).splitn(3, separator).collect();
    let value = parts.iter().rev().fold(0.0, |sum, part| sum / 60.0 + part.parse::<f64>().expect("a number"));
    sign * value
}

/// A repeatable generator (SplitMix64).
pub struct Random(pub u64);

impl Random {
    /// A number in [low, high).
    pub fn within(&mut self, low: f64, high: f64) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        low + (high - low) * ((z >> 11) as f64 / (1u64 << 53) as f64)
    }
}

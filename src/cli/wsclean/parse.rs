//! The arguments of `wsclean -predict` and `-draw-model`, understood.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

use super::words::{Fate, fate};
use crate::coords::{Direction, Frame, parse_dec, parse_ra};
use crate::image::sky::Product;

/// What `-draw-model` says.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Drawing {
    /// The component list.
    pub(super) list: PathBuf,
    /// The reference frequency and the bandwidth [Hz].
    pub(super) frequencies: Option<[f64; 2]>,
    pub(super) terms: usize,
    pub(super) centre: Option<Direction>,
}

/// A command of WSClean.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Asked {
    pub(super) predict: bool,
    pub(super) drawing: Option<Drawing>,
    pub(super) name: PathBuf,
    /// FIELD_IDs, where they are not all.
    pub(super) fields: Option<BTreeSet<i32>>,
    pub(super) says_field: bool,
    pub(super) spws: Option<BTreeSet<i32>>,
    /// `-pol` and `-channels-out`, where they are given.
    pub(super) products: Option<Vec<Product>>,
    pub(super) channels: Option<usize>,
    /// The first channel, and that after the last, of all channels of all spectral windows in the order of their frequencies.
    pub(super) channel_range: Option<[usize; 2]>,
    /// The first timestep, and that after the last.
    pub(super) interval: Option<[u64; 2]>,
    /// Into how many intervals of time those are cut, each with images of its own.
    pub(super) intervals: usize,
    pub(super) column: Option<String>,
    pub(super) accuracy: Option<f64>,
    pub(super) threads: Option<usize>,
    /// [bytes]
    pub(super) memory: Option<f64>,
    pub(super) quiet: bool,
    pub(super) verbose: bool,
    pub(super) dry_run: bool,
    /// Columns and rows of a drawing.
    pub(super) size: Option<[usize; 2]>,
    /// The size of its pixels [rad].
    pub(super) scale: Option<f64>,
    /// What was ignored, and why.
    pub(super) ignored: Vec<String>,
    pub(super) ms: Vec<PathBuf>,
}

impl Asked {
    /// Understands the words after `wsclean`.
    pub(super) fn parse(words: &[OsString]) -> Result<Asked, String> {
        let mut asked = Asked { name: "wsclean".into(), intervals: 1, ..Asked::default() };
        let mut drawing = Drawing { terms: 1, ..Drawing::default() };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let text = word.to_string_lossy();
            let Some(option) = text.strip_prefix("--").or_else(|| text.strip_prefix('-')) else {
                asked.ms.push(word.into());
                asked.ms.extend(words.by_ref().map(PathBuf::from));
                break;
            };
            let Some((count, fate)) = fate(option) else {
                return Err(format!("{text}: WSClean has no such option, or a newer one than is known here"));
            };
            let values: Vec<&OsString> = words.by_ref().take(count).collect();
            if values.len() < count {
                return Err(format!("-{option} takes {count} value(s)"));
            }
            // Briggs' weighting has a value of its own.
            if option == "weight" && values.first().is_some_and(|value| *value == "briggs") {
                words.next();
            }
            match fate {
                Fate::Refused(why) => return Err(format!("-{option} is not done: {why}")),
                Fate::Ignored(why) => asked.ignored.push(format!("-{option}: {why}")),
                Fate::Meant => asked.take(option, &values, &mut drawing)?,
            }
        }
        if drawing.list.as_os_str().is_empty() {
            for option in [
                (drawing.frequencies.is_some(), "-draw-frequencies"),
                (drawing.centre.is_some(), "-draw-centre"),
            ] {
                if option.0 {
                    return Err(format!("{} needs -draw-model", option.1));
                }
            }
        } else {
            asked.drawing = Some(drawing);
        }
        asked.check()?;
        Ok(asked)
    }

    /// Takes an option that means something.
    fn take(&mut self, option: &str, values: &[&OsString], drawing: &mut Drawing) -> Result<(), String> {
        let text = |k: usize| values.get(k).map(|value| value.to_string_lossy()).unwrap_or_default();
        let number = |k: usize| parse_number(option, &text(k));
        match option {
            "predict" => self.predict = true,
            "name" => self.name = PathBuf::from(values[0]),
            "field" => {
                self.says_field = true;
                self.fields = if text(0) == "all" { None } else { Some(parse_ids(option, &text(0))?) };
            }
            "spws" => self.spws = Some(parse_ids(option, &text(0))?),
            "pol" => self.products = Some(parse_products(&text(0))?),
            "channels-out" | "channelsout" => self.channels = Some(count(option, &text(0))?),
            "intervals-out" | "intervalsout" => self.intervals = count(option, &text(0))?,
            "interval" => self.interval = Some(range(option, &text(0), &text(1))?.map(|step| step as u64)),
            "channel-range" | "channelrange" => {
                self.channel_range = Some(range(option, &text(0), &text(1))?);
            }
            "model-column" => self.column = Some(text(0).into_owned()),
            "wgridder-accuracy" => self.accuracy = Some(number(0)?),
            "gridder" => match &*text(0) {
                "idg" => return Err("-gridder idg is not done: there is no image-domain gridder".into()),
                "wgridder" | "tuned-wgridder" | "wstacking" | "direct-ft" => {
                    self.ignored.push(format!("-gridder {}: no grid of WSClean's is used", text(0)));
                }
                other => return Err(format!("-gridder {other}: WSClean has no such gridder")),
            },
            "j" => self.threads = Some(count(option, &text(0))?),
            "mem" => self.ignored.push("-mem: a run takes less than 1 GiB beside its images".into()),
            "abs-mem" | "absmem" => self.memory = Some(number(0)? * 1e9),
            "quiet" => self.quiet = true,
            "verbose" | "v" => self.verbose = true,
            "dry-run" => self.dry_run = true,
            "draw-model" => drawing.list = PathBuf::from(values[0]),
            "draw-frequencies" => drawing.frequencies = Some([number(0)?, number(1)?]),
            "draw-spectral-terms" => drawing.terms = count(option, &text(0))?,
            "draw-centre" => drawing.centre = Some(parse_centre(&text(0), &text(1))?),
            "size" => self.size = Some([count(option, &text(0))?, count(option, &text(1))?]),
            "scale" => self.scale = Some(parse_scale(&text(0))?),
            _ => return Err(format!("-{option} is not understood")),
        }
        Ok(())
    }

    /// Whether all is there that the command needs.
    fn check(&mut self) -> Result<(), String> {
        if !self.predict && self.drawing.is_none() {
            return Err("neither -predict nor -draw-model is given: for imaging run wsclean itself".into());
        }
        if self.predict && self.ms.is_empty() {
            return Err("no input measurement sets given".into());
        }
        if self.drawing.as_ref().is_some_and(|drawing| !(1..=8).contains(&drawing.terms)) {
            return Err("-draw-spectral-terms: from 1 to 8 can be drawn".into());
        }
        if self.predict && self.drawing.is_some() && self.intervals > 1 {
            return Err("-intervals-out: the list of -draw-model is one sky for all times".into());
        }
        if self.predict {
            for (there, option) in [(self.size.is_some(), "-size"), (self.scale.is_some(), "-scale")] {
                if there {
                    self.ignored.push(match self.drawing {
                        Some(_) => format!("{option}: no pixels lie between the list and the column"),
                        None => format!("{option}: read from the images"),
                    });
                }
            }
        }
        Ok(())
    }
}

fn parse_number(option: &str, text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err(format!("-{option}: '{text}' is not a number above zero")),
    }
}

fn count(option: &str, text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("-{option}: '{text}' is not a whole number above zero")),
    }
}

/// START END, the end exclusive.
fn range(option: &str, start: &str, end: &str) -> Result<[usize; 2], String> {
    match (start.parse::<usize>(), end.parse::<usize>()) {
        (Ok(start), Ok(end)) if start < end => Ok([start, end]),
        _ => Err(format!(
            "-{option}: '{start} {end}' are not a first index and the one after the last, counted from 0"
        )),
    }
}

fn parse_ids(option: &str, text: &str) -> Result<BTreeSet<i32>, String> {
    let id = |word: &str| match word.trim().parse::<i32>() {
        Ok(id) if id >= 0 => Ok(id),
        _ => Err(format!("-{option}: '{word}' is not an id")),
    };
    text.split(',').map(id).collect()
}

/// `iquv`, `xx,yy`, `RR`.
fn parse_products(text: &str) -> Result<Vec<Product>, String> {
    let letters: Vec<char> = text.chars().filter(|c| *c != ',').map(|c| c.to_ascii_uppercase()).collect();
    let mut products = Vec::new();
    let mut rest = letters.as_slice();
    while let Some(first) = rest.first() {
        let length = if "IQUV".contains(*first) { 1 } else { rest.len().min(2) };
        let name: String = rest[..length].iter().collect();
        let product = Product::named(&name).ok_or(format!("-pol: '{name}' is not a polarisation"))?;
        if !products.contains(&product) {
            products.push(product);
        }
        rest = &rest[length..];
    }
    if products.is_empty() { Err("-pol names no polarisation".into()) } else { Ok(products) }
}

fn parse_centre(ra: &str, dec: &str) -> Result<Direction, String> {
    let longitude = parse_ra(ra).map_err(|error| format!("-draw-centre: '{ra}': {error}"))?;
    let latitude = parse_dec(dec).map_err(|error| format!("-draw-centre: '{dec}': {error}"))?;
    Ok(Direction::new(Frame::J2000, longitude, latitude))
}

/// A pixel's size [rad]: degrees, or with a unit of WSClean's.
fn parse_scale(text: &str) -> Result<f64, String> {
    let units = [
        ("arcseconds", 3600.0),
        ("arcsecond", 3600.0),
        ("arcsec", 3600.0),
        ("asec", 3600.0),
        ("masec", 3.6e6),
        ("mas", 3.6e6),
        ("arcminutes", 60.0),
        ("arcminute", 60.0),
        ("arcmin", 60.0),
        ("amin", 60.0),
        ("degrees", 1.0),
        ("degree", 1.0),
        ("deg", 1.0),
    ];
    // The longest that fits: masec ends in asec.
    let unit = units.iter().filter(|(name, _)| text.ends_with(name)).max_by_key(|(name, _)| name.len());
    let (number, per_degree) = match unit {
        Some((name, per_degree)) => (&text[..text.len() - name.len()], *per_degree),
        None => (text, 1.0),
    };
    parse_number("scale", number.trim()).map(|value| (value / per_degree).to_radians())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Asked, String> {
        let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        Asked::parse(&words)
    }

    #[test]
    fn the_pipelines_commands_are_understood() {
        let draw = parse(
            "-draw-model /d/nvss.txt -name /d/run.nvss_model -draw-frequencies 1400000000.0 250000000.0 -draw-spectral-terms 2 \
             -size 2048 1024 -scale 6.0arcsec -draw-centre 22h54m12.345s +16d9m3.210s",
        )
        .expect("understood");
        let drawing = draw.drawing.clone().expect("a drawing");
        assert!(!draw.predict && draw.ms.is_empty());
        assert_eq!((drawing.terms, drawing.frequencies), (2, Some([1.4e9, 2.5e8])));
        assert_eq!((draw.size, draw.name.to_str()), (Some([2048, 1024]), Some("/d/run.nvss_model")));
        assert!((draw.scale.unwrap().to_degrees() * 3600.0 - 6.0).abs() < 1e-12);
        let centre = drawing.centre.unwrap();
        assert!((centre.longitude.to_degrees() - 343.551_437_5).abs() < 1e-9, "{centre}");
        let predict = parse("-predict -reorder -name run.nvss_model a.ms b.ms").expect("understood");
        assert!(predict.predict && predict.drawing.is_none() && predict.fields.is_none());
        assert_eq!((predict.ms.len(), predict.channels), (2, None));
        assert_eq!(predict.ignored, ["-reorder: nothing is reordered, there are no temporary files"]);
    }

    #[test]
    fn options_are_translated_or_told() {
        let all = parse(
            "-predict -pol xx,XYyyYx -channels-out 4 -field 0,3 -spws 1 -j 3 -abs-mem 4 -wgridder-accuracy 1e-5 -quiet \
             -weight briggs -0.5 -use-wgridder -mgain 0.8 --data-column DATA -model-column M -gridder wgridder x.ms",
        )
        .expect("understood");
        let names: Vec<String> = all.products.iter().flatten().map(Product::to_string).collect();
        assert_eq!((names.join(" ").as_str(), all.channels), ("XX XY YY YX", Some(4)));
        assert_eq!((all.fields, all.spws), (Some([0, 3].into()), Some([1].into())));
        let some =
            parse("-predict -channel-range 2 9 -interval 1 6 -intervals-out 3 a.ms").expect("understood");
        assert_eq!((some.channel_range, some.interval, some.intervals), (Some([2, 9]), Some([1, 6]), 3));
        assert_eq!((all.threads, all.accuracy, all.quiet), (Some(3), Some(1e-5), true));
        assert_eq!((all.column.as_deref(), all.memory, all.ignored.len()), (Some("M"), Some(4e9), 5));
        for (line, word) in [
            ("a.ms", "-draw-model"),
            ("-predict", "no input"),
            ("-predict -facet-regions f.reg a.ms", "facets"),
            ("-predict -gridder idg a.ms", "image-domain"),
            ("-predict -use-idg a.ms", "image-domain"),
            ("-predict -aterm-config c a.ms", "a-terms"),
            ("-predict -channel-range 4 4 a.ms", "-channel-range: '4 4'"),
            ("-predict -interval -1 4 a.ms", "-interval: '-1 4'"),
            ("-predict -intervals-out 0 a.ms", "-intervals-out"),
            ("-predict -draw-model l.txt -intervals-out 2 a.ms", "one sky for all times"),
            ("-predict -pol W a.ms", "polarisation"),
            ("-predict -no-such a.ms", "no such option"),
            ("-predict -name", "value"),
            ("-predict -j 0 a.ms", "-j"),
        ] {
            let error = parse(line).expect_err(line);
            assert!(error.contains(word), "{line}: {error}");
        }
        assert!((parse_scale("20masec").unwrap().to_degrees() - 0.02 / 3600.0).abs() < 1e-15);
        assert!((parse_scale("0.01").unwrap().to_degrees() - 0.01).abs() < 1e-15);
    }
}

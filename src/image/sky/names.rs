//! The names of model images: WSClean's, and those of Taylor terms.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::error::{ImageError, Result};
use super::product::Product;
use crate::image::FitsFileError;

/// What WSClean's name of an image says: `<prefix>[-tNNNN][-NNNN|-MFS][-POL[i]]-model[-pb].fits`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Name {
    interval: Option<u32>,
    channel: Channel,
    product: Option<Product>,
    /// Whether it is corrected for the primary beam.
    corrected: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Channel {
    /// Of an image of the whole band.
    #[default]
    Whole,
    /// The mean of the channels.
    Mean,
    Number(u32),
}

/// Digits that are a number.
fn number(text: &str) -> Option<u32> {
    (text.len() >= 4 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

impl Name {
    /// What stands between the prefix and the end of a file's name.
    fn parse(rest: &str) -> Option<Name> {
        let rest = rest.strip_suffix(".gz").unwrap_or(rest).strip_suffix(".fits")?;
        let (rest, corrected) = match rest.strip_suffix("-pb") {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let mut words = rest.strip_suffix("-model")?.split('-');
        // All begin with a hyphen.
        let mut name = Name { corrected, ..Name::default() };
        words.next()?.is_empty().then_some(())?;
        let mut words = words.peekable();
        if let Some(interval) = words.peek().and_then(|word| number(word.strip_prefix('t')?)) {
            name.interval = Some(interval);
            words.next();
        }
        if let Some(word) = words.peek() {
            name.channel = match number(word) {
                Some(channel) => Channel::Number(channel),
                None if *word == "MFS" => Channel::Mean,
                None => Channel::Whole,
            };
            if name.channel != Channel::Whole {
                words.next();
            }
        }
        if let Some(word) = words.peek() {
            name.product = Some(Product::named(word)?);
            words.next();
        }
        words.next().is_none().then_some(name)
    }
}

/// Which images are meant, where names alone leave a choice.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Wanted {
    /// How many intervals of time with images of their own; 1 for one sky at all times.
    pub intervals: Option<usize>,
    /// How many channel images; 1 for one of the whole band.
    pub channels: Option<usize>,
    /// What they show; one alone is not in their names.
    pub products: Option<Vec<Product>>,
    /// Whether those that are corrected for the primary beam are meant where there are both.
    pub corrected: bool,
    /// Whether, of what is not said above, WSClean's choice holds: the image of the whole band, and that without a
    /// polarisation in its name, where there are others beside them.
    pub plainest: bool,
}

/// A file that was found, and what its name says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// The file.
    pub path: PathBuf,
    /// What it shows; where there is none its header tells.
    pub product: Option<Product>,
    /// Which Taylor term it is.
    pub term: Option<usize>,
    /// Whether its name says that it is corrected for the primary beam.
    pub corrected: bool,
}

impl Parts {
    /// What the name of a single file says.
    pub fn of(path: &Path) -> Parts {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let stem = name.strip_suffix(".gz").unwrap_or(&name);
        let stem = stem.strip_suffix(".fits").unwrap_or(stem);
        let corrected = stem.ends_with("-model-pb");
        let model = stem.strip_suffix("-pb").unwrap_or(stem).strip_suffix("-model");
        let product = model.and_then(|model| Product::named(model.rsplit('-').next()?));
        let digits = |(_, rest): (&str, &str)| rest.parse().ok();
        let term = stem.rsplit_once("-term-").or_else(|| stem.rsplit_once(".tt")).and_then(digits);
        // Only cross-hands need it: their two images have the same header.
        let product = product.filter(|product| product.imaginary);
        Parts { path: path.to_owned(), product, term, corrected }
    }
}

/// The model images whose names begin with `prefix`: those of each interval of time (-tNNNN), or one list where the names tell
/// of none.
///
/// Where there are channel images, that of their mean is not one of the set. Where there are images with and without an
/// interval in their names, those without are meant.
///
/// # Errors
/// [`ImageError::Names`] if there are none, if some lack, or if the names leave a choice that `wanted` does not make.
pub fn find(prefix: &Path, wanted: &Wanted) -> Result<Vec<Vec<Parts>>> {
    let complain = |message: String| ImageError::Names { prefix: prefix.to_owned(), message };
    let folder = match prefix.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let start = prefix.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let entries = std::fs::read_dir(folder).map_err(|source| FitsFileError::io(folder, source))?;
    let mut found: Vec<(Name, PathBuf)> = Vec::new();
    let mut terms: Vec<(usize, PathBuf)> = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| FitsFileError::io(folder, source))?;
        let file = entry.file_name();
        let Some(rest) = file.to_str().and_then(|name| name.strip_prefix(&start)) else { continue };
        let path = folder.join(&file);
        if let Some(name) = Name::parse(rest) {
            found.push((name, path));
        } else if let Some(term) = term_of(rest) {
            terms.push((term, path));
        }
    }
    if found.is_empty() {
        return taylor(terms).map_err(complain)?.map(|parts| vec![parts]).ok_or_else(|| {
            complain(
                "no model images begin with this name: looked for NAME[-tNNNN][-NNNN][-POL[i]]-model[-pb].fits, \
                 NAME-term-N.fits and NAME[.model].ttN.fits; give single files with --image"
                    .into(),
            )
        });
    }
    by_interval(found, wanted).map_err(complain)
}

/// The Taylor term that the end of a name says: `.tt1.fits`, `.model.tt1.fits`, `-term-1.fits`.
fn term_of(rest: &str) -> Option<usize> {
    let rest = rest.strip_suffix(".gz").unwrap_or(rest).strip_suffix(".fits")?;
    let term = rest
        .strip_prefix("-term-")
        .or_else(|| rest.strip_prefix(".model").unwrap_or(rest).strip_prefix(".tt"));
    term?.parse().ok()
}

fn taylor(mut terms: Vec<(usize, PathBuf)>) -> std::result::Result<Option<Vec<Parts>>, String> {
    terms.sort();
    if let Some(place) = terms.iter().enumerate().position(|(place, (term, _))| place != *term) {
        return Err(format!("there is not exactly one image of Taylor term {}", place.min(terms[place].0)));
    }
    let parts = terms.into_iter().map(|(term, path)| Parts { term: Some(term), ..Parts::of(&path) });
    let parts: Vec<Parts> = parts.collect();
    Ok((!parts.is_empty()).then_some(parts))
}

/// Those that are meant, of each interval.
fn by_interval(
    mut found: Vec<(Name, PathBuf)>,
    wanted: &Wanted,
) -> std::result::Result<Vec<Vec<Parts>>, String> {
    let whole = match wanted.intervals {
        Some(count) => count == 1,
        None => found.iter().any(|(name, _)| name.interval.is_none()),
    };
    if whole {
        found.retain(|(name, _)| name.interval.is_none());
        if found.is_empty() {
            return Err(
                "they are images of intervals of time (-tNNNN), and one sky for all times was asked for"
                    .into(),
            );
        }
        return Ok(vec![choose(found, wanted)?]);
    }
    let known = found.iter().filter_map(|(name, _)| name.interval).max().map_or(0, |last| last as usize + 1);
    let count = wanted.intervals.unwrap_or(known);
    if known > count {
        return Err(format!(
            "there are images of {known} intervals of time (-tNNNN), but {count} were asked for"
        ));
    }
    (0..count as u32)
        .map(|number| {
            let of = |(name, _): &&(Name, PathBuf)| name.interval == Some(number);
            let own: Vec<(Name, PathBuf)> = found.iter().filter(of).cloned().collect();
            if own.is_empty() {
                return Err(format!("of {count} intervals of time, there is no image of t{number:04}"));
            }
            choose(own, wanted).map_err(|message| format!("t{number:04}: {message}"))
        })
        .collect()
}

/// Those that are meant.
fn choose(mut found: Vec<(Name, PathBuf)>, wanted: &Wanted) -> std::result::Result<Vec<Parts>, String> {
    if found.iter().any(|(name, _)| name.corrected == wanted.corrected) {
        found.retain(|(name, _)| name.corrected == wanted.corrected);
    }
    match wanted.channels {
        Some(1) => found.retain(|(name, _)| name.channel == Channel::Whole),
        Some(_) => found.retain(|(name, _)| matches!(name.channel, Channel::Number(_))),
        None if found.iter().any(|(name, _)| matches!(name.channel, Channel::Number(_))) => {
            let whole = found.iter().any(|(name, _)| name.channel == Channel::Whole);
            if whole && !wanted.plainest {
                return Err(
                    "there is an image of the whole band and there are images of channels; give those that you mean with \
                     --image"
                        .into(),
                );
            }
            found.retain(|(name, _)| match name.channel {
                Channel::Mean => false,
                Channel::Whole => true,
                Channel::Number(_) => !whole,
            });
        }
        None => {}
    }
    let plain = found.iter().filter(|(name, _)| name.product.is_none()).count();
    match &wanted.products {
        Some(products) if products.len() == 1 => found.retain(|(name, _)| name.product.is_none()),
        Some(products) => found.retain(|(name, _)| {
            name.product.is_some_and(|found| products.contains(&Product { imaginary: false, ..found }))
        }),
        None if plain > 0 && wanted.plainest => found.retain(|(name, _)| name.product.is_none()),
        None if plain > 0 && plain < found.len() => {
            return Err(
                "there are images with and without a polarisation in their names; give those that you mean with --image"
                    .into(),
            );
        }
        None => {}
    }
    complete(&found, wanted)?;
    found.sort_by(|a, b| a.1.cmp(&b.1));
    // One alone is not in the names.
    let only = wanted.products.as_ref().filter(|products| products.len() == 1).map(|products| products[0]);
    let parts = |(name, path): (Name, PathBuf)| Parts {
        path,
        product: name.product.or(only),
        term: None,
        corrected: name.corrected,
    };
    Ok(found.into_iter().map(parts).collect())
}

/// Complains of images that lack.
fn complete(found: &[(Name, PathBuf)], wanted: &Wanted) -> std::result::Result<(), String> {
    let channels: BTreeSet<u32> = found
        .iter()
        .filter_map(|(name, _)| if let Channel::Number(number) = name.channel { Some(number) } else { None })
        .collect();
    let count = wanted
        .channels
        .filter(|count| *count > 1)
        .unwrap_or(channels.last().map_or(0, |last| *last as usize + 1));
    if let Some(lacking) = (0..count as u32).find(|number| !channels.contains(number)) {
        return Err(format!("of {count} channel images, that of channel {lacking:04} is not there"));
    }
    if wanted.channels.is_some_and(|wanted| wanted > 1 && channels.len() > wanted) {
        return Err(format!("there are images of {} channels, but {count} were asked for", channels.len()));
    }
    for product in
        wanted.products.iter().flatten().filter(|_| wanted.products.as_ref().is_some_and(|all| all.len() > 1))
    {
        if !found.iter().any(|(name, _)| name.product == Some(*product)) {
            return Err(format!("there is no model image of {product}"));
        }
    }
    if found.is_empty() {
        let channels = match wanted.channels {
            Some(1) | None => "the whole band".into(),
            Some(count) => format!("{count} channels"),
        };
        return Err(format!("there are model images of this name, but not those asked for, of {channels}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_wsclean() {
        let parse = |text| Name::parse(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(parse("-model.fits"), Name::default());
        assert!(parse("-model-pb.fits.gz").corrected);
        let full = parse("-t0003-0012-XYi-model.fits");
        assert_eq!((full.interval, full.channel), (Some(3), Channel::Number(12)));
        assert_eq!(full.product, Product::named("XYi"));
        assert_eq!(parse("-MFS-Q-model.fits").channel, Channel::Mean);
        for text in
            ["model.fits", "-image.fits", "-dirty-model.fits", "-0000-0001-model.fits", "2-model.fits"]
        {
            assert_eq!(Name::parse(text), None, "{text}");
        }
    }

    #[test]
    fn sets_are_found_and_choices_are_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let touch = |names: &[&str]| {
            for name in names {
                std::fs::write(folder.path().join(name), "").expect("a file");
            }
        };
        let prefix = folder.path().join("run");
        let names = |wanted: &Wanted| {
            find(&prefix, wanted).map(|parts| -> Vec<String> {
                parts
                    .iter()
                    .flatten()
                    .map(|part| part.path.file_name().unwrap().to_string_lossy().into_owned())
                    .collect()
            })
        };
        let none = Wanted::default();
        assert!(names(&none).unwrap_err().to_string().contains("no model images"));
        touch(&["run-term-0.fits", "run-term-1.fits", "run-dirty.fits", "running-model.fits"]);
        assert_eq!(names(&none).unwrap(), ["run-term-0.fits", "run-term-1.fits"]);
        touch(&[
            "run-0000-model.fits",
            "run-0001-model.fits",
            "run-MFS-model.fits",
            "run-0001-model-pb.fits",
        ]);
        assert_eq!(names(&none).unwrap(), ["run-0000-model.fits", "run-0001-model.fits"]);
        let wanted = Wanted { channels: Some(3), ..Wanted::default() };
        assert!(names(&wanted).unwrap_err().to_string().contains("channel 0002"));
        touch(&["run-model.fits"]);
        assert!(names(&none).unwrap_err().to_string().contains("whole band"));
        let wanted = Wanted { channels: Some(1), ..Wanted::default() };
        assert_eq!(names(&wanted).unwrap(), ["run-model.fits"]);
        let wsclean = Wanted { plainest: true, ..Wanted::default() };
        assert_eq!(names(&wsclean).unwrap(), ["run-model.fits"]);
        let products = ["I", "V"].map(|name| Product::named(name).unwrap()).to_vec();
        let wanted = Wanted { products: Some(products), ..Wanted::default() };
        assert!(names(&wanted).is_err());
    }

    #[test]
    fn intervals_of_time_have_images_of_their_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let touch = |names: &[&str]| {
            names.iter().for_each(|name| std::fs::write(folder.path().join(name), "").expect("a file"));
        };
        let prefix = folder.path().join("slow");
        let none = Wanted::default();
        touch(&["slow-t0000-model.fits", "slow-t0002-model.fits"]);
        let error = |wanted: &Wanted| find(&prefix, wanted).unwrap_err().to_string();
        assert!(error(&none).contains("no image of t0001"), "{}", error(&none));
        touch(&["slow-t0001-0000-model.fits", "slow-t0001-0001-model.fits", "slow-t0001-MFS-model.fits"]);
        let found = find(&prefix, &none).unwrap();
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 1]);
        let asked = |count| Wanted { intervals: Some(count), ..Wanted::default() };
        assert!(
            error(&asked(2)).contains("3 intervals") && error(&asked(1)).contains("one sky for all times")
        );
        let channels = Wanted { channels: Some(2), ..asked(3) };
        assert!(error(&channels).contains("t0000: "), "{}", error(&channels));
        let one = find(&folder.path().join("slow-t0002"), &none).unwrap();
        assert!(one[0].len() == 1 && one[0][0].path.ends_with("slow-t0002-model.fits"));
        // One for all times is what is meant where it is there.
        touch(&["slow-model.fits"]);
        assert_eq!(find(&prefix, &none).unwrap().len(), 1);
        assert_eq!(find(&prefix, &asked(3)).unwrap().len(), 3);
    }
}

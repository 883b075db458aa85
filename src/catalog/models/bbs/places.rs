//! The line that names the fields, and the cells of the others.

/// The fields that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Field {
    Name,
    Type,
    Patch,
    Ra,
    Dec,
    I,
    Q,
    U,
    V,
    Reference,
    SpectralIndex,
    Logarithmic,
    Major,
    Minor,
    Orientation,
    OrientationIsAbsolute,
    RefType,
    RotationMeasure,
    PolarizedFraction,
    PolarizationAngle,
    ReferenceWavelength,
    Shapelet,
    /// Shapelets of Q, U and V, which cannot be predicted by themselves.
    OtherShapelet,
    Ignored,
}

/// How many fields there are.
pub(super) const FIELDS: usize = Field::Ignored as usize + 1;

impl Field {
    fn named(name: &str) -> Self {
        match name.to_lowercase().as_str() {
            "name" => Field::Name,
            "type" => Field::Type,
            "patch" => Field::Patch,
            "ra" => Field::Ra,
            "dec" => Field::Dec,
            "i" => Field::I,
            "q" => Field::Q,
            "u" => Field::U,
            "v" => Field::V,
            "referencefrequency" => Field::Reference,
            "spectralindex" => Field::SpectralIndex,
            "logarithmicsi" => Field::Logarithmic,
            "majoraxis" => Field::Major,
            "minoraxis" => Field::Minor,
            "orientation" | "positionangle" => Field::Orientation,
            "orientationisabsolute" => Field::OrientationIsAbsolute,
            "reftype" => Field::RefType,
            "rotationmeasure" => Field::RotationMeasure,
            "polarizedfraction" => Field::PolarizedFraction,
            "polarizationangle" => Field::PolarizationAngle,
            "referencewavelength" => Field::ReferenceWavelength,
            "ishapelet" => Field::Shapelet,
            "qshapelet" | "ushapelet" | "vshapelet" => Field::OtherShapelet,
            _ => Field::Ignored,
        }
    }
}

/// A field, its name, and what stands for a blank cell.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub field: Field,
    pub name: String,
    pub default: String,
}

/// The names that a line gives to the fields, if it is such a line.
pub(super) fn format_of(line: &str) -> Option<&str> {
    let line = line.trim().trim_start_matches('#').trim();
    let ahead = line.get(..6).filter(|word| word.eq_ignore_ascii_case("format"));
    if let Some(rest) = ahead.and_then(|_| line[6..].trim_start().strip_prefix('=')) {
        let rest = rest.trim();
        return Some(rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(rest));
    }
    let (names, word) = line.rsplit_once('=')?;
    let names = names.trim().strip_prefix('(')?.strip_suffix(')')?;
    word.trim().eq_ignore_ascii_case("format").then_some(names)
}

/// Whether a text that begins so is such a sky model.
pub(in crate::catalog) fn is_model(head: &str) -> bool {
    let fields = head.lines().take_while(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
    let commented = fields.into_iter().find_map(format_of);
    let first = head.lines().find(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    let names = commented.or_else(|| first.and_then(format_of));
    names.is_some_and(|names| {
        let places = places(names);
        [Field::Ra, Field::Dec].iter().all(|field| places.iter().any(|place| place.field == *field))
    })
}

/// The fields of a format line.
pub(super) fn places(names: &str) -> Vec<Place> {
    let place = |text: &&str| {
        let (name, default) = text.split_once('=').unwrap_or((text, ""));
        let name = name.trim().to_owned();
        let default = default.trim();
        // DP3 knows defaults that no cell overrides.
        let default = default.strip_prefix("fixed").unwrap_or(default);
        let default = default.trim().trim_matches(['\'', '"']).trim().to_owned();
        Place { field: Field::named(&name), name, default }
    };
    let mut texts = Vec::new();
    split(names, &mut texts);
    texts.iter().map(place).collect()
}

/// Whether the fields suffice, and stand once each.
pub(super) fn check(places: &[Place]) -> Result<(), String> {
    for (field, name) in [(Field::Ra, "Ra"), (Field::Dec, "Dec"), (Field::I, "I")] {
        if !places.iter().any(|place| place.field == field) {
            return Err(format!("the format line names no field '{name}'"));
        }
    }
    for (at, place) in places.iter().enumerate() {
        let twice = places[..at].iter().any(|other| other.name.eq_ignore_ascii_case(&place.name));
        if twice && !matches!(place.field, Field::Ignored | Field::OtherShapelet) {
            return Err(format!("the format line names the field '{}' twice", place.name));
        }
    }
    Ok(())
}

/// Cells between commas, without the blanks about them; brackets and quotes keep theirs.
pub(super) fn split<'a>(line: &'a str, cells: &mut Vec<&'a str>) {
    let (mut begin, mut depth, mut quote) = (0, 0i32, None);
    for (at, byte) in line.bytes().enumerate() {
        match (quote, byte) {
            (None, b',') if depth <= 0 => {
                cells.push(line[begin..at].trim());
                begin = at + 1;
            }
            (None, b'\'' | b'"') => quote = Some(byte),
            (None, b'[') => depth += 1,
            (None, b']') => depth -= 1,
            (Some(open), _) if byte == open => quote = None,
            _ => {}
        }
    }
    cells.push(line[begin..].trim());
}

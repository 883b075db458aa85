//! `-draw-model` without `-predict`: the images of a list's spectral terms.

use std::path::PathBuf;
use std::process::ExitCode;

use super::parse::{Asked, Drawing};
use crate::catalog::{self, Cache, Handling, ReadOptions};
use crate::cli::CliError;
use crate::cli::new_file::NewFile;
use crate::cli::output::{grouped, labelled, say};
use crate::cli::sky_args::resolved;
use crate::coords::Direction;
use crate::image::{Header, SkyGrid, render_terms, write_image};
use crate::ms::{self, Observation, RowSurvey};
use crate::predict::PredictError;

pub(super) fn run(asked: &Asked, drawing: &Drawing, arguments: String) -> Result<ExitCode, CliError> {
    let needed = |option: &str| CliError::Usage(format!("-draw-model needs {option}, or -predict"));
    let frequencies = drawing.frequencies.ok_or_else(|| needed("-draw-frequencies"))?;
    let [width, height] = asked.size.ok_or_else(|| needed("-size"))?;
    let scale = asked.scale.ok_or_else(|| needed("-scale"))?;
    let centre = match drawing.centre {
        Some(centre) => centre,
        None => first_centre(asked)?,
    };
    let grid =
        SkyGrid::new(centre, width, height, scale).map_err(|error| CliError::Usage(error.to_string()))?;
    let path = resolved(&drawing.list)?;
    let source = catalog::open(&path, None).map_err(PredictError::from)?;
    let read = source.read_cached(&ReadOptions::default(), Handling::default(), &Cache::off());
    let list = read.map_err(PredictError::from)?;
    if asked.dry_run {
        return Ok(ExitCode::SUCCESS);
    }
    let rendered = render_terms(&grid, &list.components, frequencies, drawing.terms);
    let mut files = Vec::new();
    for (term, pixels) in rendered.terms.iter().enumerate() {
        let mut name = asked.name.clone().into_os_string();
        name.push(format!("-term-{term}.fits"));
        let header = Header {
            unit: "JY/PIXEL".into(),
            frequency: frequencies[0],
            bandwidth: frequencies[1],
            telescope: String::new(),
            history: vec![arguments.clone()],
        };
        let path = PathBuf::from(name);
        NewFile::replacing(path.clone()).write(|file| write_image(file, &grid, &header, pixels))?;
        files.push(path.display().to_string());
    }
    if !asked.quiet {
        let sources = format!(
            "{} sources on {} × {} pixels about {} ({} outside)",
            grouped(rendered.inside as u64),
            width,
            height,
            grid.centre,
            grouped(rendered.outside as u64)
        );
        say(&(labelled("draw", &files.join(", ")) + &labelled("", &sources)));
    }
    Ok(ExitCode::SUCCESS)
}

/// The phase centre of the first field of the first MeasurementSet.
fn first_centre(asked: &Asked) -> Result<Direction, CliError> {
    let Some(path) = asked.ms.first() else {
        return Err(CliError::Usage(
            "-draw-model needs -draw-centre, or a MeasurementSet whose centre it takes".into(),
        ));
    };
    let table = ms::open(path, casacore::Access::ReadOnly)?;
    let observation = Observation::read(&table)?;
    let survey = RowSurvey::read(&table)?;
    let invalid = |message: String| CliError::Usage(format!("{}: {message}", path.display()));
    let Some(((field, _), usage)) = survey.used.first_key_value() else {
        return Err(invalid("it has no rows; give -draw-centre".into()));
    };
    observation.field(*field)?.phase_centre(usage.times[0]).map_err(invalid)
}

//! Several catalogues of one sky: which survey each is, and where it is.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::survey::{self, Survey};
use super::{Format, Source};
use crate::sky::Instrument;

/// A catalogue with the survey it is of: `FIRST=first.fits`, or the survey's name alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The survey as it was called.
    pub called: String,
    /// What is known of it.
    pub instrument: Instrument,
    /// Where it is; `None` for the job's catalogue, or the part of that which is of this survey.
    pub path: Option<PathBuf>,
}

/// Why a list of surveys is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MemberError(pub String);

impl FromStr for Member {
    type Err = MemberError;

    /// Reads `SURVEY=PATH` or `SURVEY`.
    fn from_str(text: &str) -> Result<Self, MemberError> {
        let (called, path) = match text.split_once('=') {
            Some((_, "")) => return Err(MemberError(format!("'{text}' names no file after the '='"))),
            Some((called, path)) => (called.trim(), Some(PathBuf::from(path))),
            None => (text.trim(), None),
        };
        let Some(survey) = survey::named(called) else {
            return Err(MemberError(format!(
                "'{called}' is not a survey whose frequency and resolution are known: {}",
                known_surveys()
            )));
        };
        Ok(Member { called: called.to_owned(), instrument: instrument(survey), path })
    }
}

impl Source {
    /// What is known of the survey that the catalogue is of. VL tables are NVSS; a database of the DSA-110 pipeline is
    /// what its name begins with (`first_dec+54.6.sqlite3`).
    pub fn instrument(&self) -> Option<Instrument> {
        let told = self.survey().and_then(survey::named).or_else(|| match self.format() {
            Format::Vl => Some(&survey::NVSS),
            Format::Sqlite => survey::named(self.file_name().split(['_', '.']).next()?),
            _ => None,
        });
        told.map(instrument)
    }
}

fn instrument(survey: &Survey) -> Instrument {
    Instrument {
        name: survey.name.to_owned(),
        frequency: Some(survey.frequency),
        beam: (survey.beam / 3600.0).to_radians(),
    }
}

/// The surveys that a [`Member`] may be of, for a message.
pub fn known_surveys() -> String {
    survey::names().collect::<Vec<_>>().join(", ")
}

/// The environment variable that names a survey's catalogue: `FIRST_CATALOG`.
fn variable(called: &str) -> String {
    format!("{}_CATALOG", called.to_uppercase().replace(['-', ' '], "_"))
}

/// Gives members without a path theirs.
///
/// One of `merge` is the job's `catalogue`: the one with its path, or else the name alone of the survey that `told`
/// says it is of, or else the only name that is left. Other names stand for what the variables of `environment` name.
/// Where the catalogue has `several` surveys, all names that are left are parts of it.
///
/// # Errors
/// If a survey is named twice or has no file, or the catalogue has no place in `merge`.
pub fn place_members(
    merge: &mut [Member],
    spectra_from: &mut [Member],
    catalogue: &Path,
    told: Option<&str>,
    several: bool,
    environment: impl Fn(&str) -> Option<OsString>,
) -> Result<(), MemberError> {
    let fail = |message: String| Err(MemberError(message));
    if merge.len() == 1 {
        return fail(format!("there is nothing to merge with {}: name two surveys or more", merge[0].called));
    }
    let mut names: Vec<&str> = Vec::new();
    for member in merge.iter().chain(spectra_from.iter()) {
        if names.contains(&member.instrument.name.as_str()) {
            return fail(format!("{} is named twice", member.instrument.name));
        }
        names.push(&member.instrument.name);
    }
    let from =
        |called: &str| environment(&variable(called)).filter(|path| !path.is_empty()).map(PathBuf::from);
    let merges = !merge.is_empty();
    if several {
        for member in merge.iter_mut().chain(spectra_from.iter_mut()) {
            member.path =
                member.path.take().or_else(|| from(&member.called)).filter(|path| path != catalogue);
        }
        return if !merges || merge.iter().any(|member| member.path.is_none()) {
            Ok(())
        } else {
            fail(format!("no survey of the catalogue {} is in the list", catalogue.display()))
        };
    }
    let own = merge.iter().position(|member| member.path.as_deref() == Some(catalogue)).or_else(|| {
        merge.iter().position(|member| member.path.is_none() && told == Some(&member.instrument.name))
    });
    if let Some(own) = own {
        merge[own].path = None;
    }
    let mut left: Vec<usize> = Vec::new();
    for (at, member) in merge.iter_mut().enumerate() {
        if member.path.is_none() && own != Some(at) {
            member.path = from(&member.called).filter(|path| path != catalogue);
            if member.path.is_none() {
                left.push(at);
            }
        }
    }
    for member in spectra_from.iter_mut().filter(|member| member.path.is_none()) {
        member.path = from(&member.called);
        if member.path.is_none() {
            return fail(without_file(member));
        }
    }
    match (own, left.as_slice()) {
        (Some(_), []) | (None, [_]) => Ok(()),
        (Some(_), [first, ..]) => fail(without_file(&merge[*first])),
        (None, [first, second, ..]) => fail(format!(
            "{} and {} have no file, and only one of them can be the catalogue {}; give FILE in {}=FILE",
            merge[*first].called,
            merge[*second].called,
            catalogue.display(),
            merge[*first].called
        )),
        (None, []) if merges => fail(format!(
            "the catalogue {} has no place in the list; give it one, as in {}={0}",
            catalogue.display(),
            told.unwrap_or("NVSS")
        )),
        (None, []) => Ok(()),
    }
}

fn without_file(member: &Member) -> String {
    format!(
        "{} has no file: give {0}=FILE, or set the environment variable {}",
        member.called,
        variable(&member.called)
    )
}

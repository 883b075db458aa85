//! Sky models into files.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::losses::Losses;
use super::{
    ao, bbs_write, clscript, complist, complist_write, ds9, hyperdrive, hyperdrive_fits_write, lsm, oskar,
    pybdsf, pyradiosky, rts, sagecal, selavy, skyh5_write, table_write, tigger, woden,
};
use crate::catalog::Format;
use crate::sky::Component;

/// How a format is written.
pub struct Writer {
    /// The format.
    pub format: Format,
    /// The ends of names of files that are of this format.
    pub endings: &'static [&'static str],
    /// What it makes.
    pub form: Form,
}

/// What a writer makes. What the format cannot hold is counted.
pub enum Form {
    /// A file, whose bytes it writes.
    File(fn(&mut dyn Write, &[Component], &mut Losses) -> io::Result<()>),
    /// A table of CASA, a folder.
    Folder(Folder),
}

/// How a folder is made.
pub struct Folder {
    /// Makes it at a path where nothing is.
    pub write: fn(&Path, &[Component], &mut Losses) -> io::Result<()>,
    /// Counts what it cannot hold.
    pub judge: fn(&[Component], &mut Losses),
    /// The bytes that it may take.
    pub bytes: fn(&[Component]) -> u64,
    /// Whether a path is such a folder, which another may take the place of.
    pub is_one: fn(&Path) -> bool,
}

/// The formats that are written.
pub const WRITERS: &[Writer] = &[
    Writer {
        format: Format::Bbs,
        endings: &[".skymodel", ".sky", ".bbs", ".sourcedb.txt"],
        form: Form::File(bbs_write::write),
    },
    Writer {
        format: Format::Wsclean,
        endings: &["-sources.txt"],
        form: Form::File(bbs_write::write_wsclean),
    },
    Writer {
        format: Format::Complist,
        endings: &[".cl"],
        form: Form::Folder(Folder {
            write: complist_write::write,
            judge: complist_write::judge,
            bytes: complist_write::bytes,
            is_one: complist::is_component_list,
        }),
    },
    Writer { format: Format::ClScript, endings: &[".py"], form: Form::File(clscript::write) },
    Writer { format: Format::Hyperdrive, endings: &[".yaml", ".yml"], form: Form::File(hyperdrive::write) },
    Writer {
        format: Format::HyperdriveFits,
        endings: &[".fits"],
        form: Form::File(hyperdrive_fits_write::write),
    },
    Writer { format: Format::Ao, endings: &[".ao.txt", ".ao"], form: Form::File(ao::write) },
    Writer { format: Format::Rts, endings: &[".rts.txt", ".rts"], form: Form::File(rts::write) },
    Writer { format: Format::Woden, endings: &[".woden.txt", ".woden"], form: Form::File(woden::write) },
    Writer { format: Format::Oskar, endings: &[".osm"], form: Form::File(oskar::write) },
    Writer { format: Format::Sagecal, endings: &[".sky.txt"], form: Form::File(sagecal::write) },
    Writer { format: Format::Lsm, endings: &[".lsm.html"], form: Form::File(lsm::write) },
    Writer { format: Format::Tigger, endings: &[".lsm.txt"], form: Form::File(tigger::write) },
    Writer { format: Format::Pyradiosky, endings: &[".pyradiosky.txt"], form: Form::File(pyradiosky::write) },
    Writer { format: Format::Skyh5, endings: &[".skyh5"], form: Form::File(skyh5_write::write) },
    Writer { format: Format::Pybdsf, endings: &[".gaul", ".srl"], form: Form::File(pybdsf::write) },
    Writer {
        format: Format::Selavy,
        endings: &[".selavy.txt", ".components.txt"],
        form: Form::File(selavy::write),
    },
    Writer {
        format: Format::Votable,
        endings: &[".vot", ".votable", ".vot.xml"],
        form: Form::File(table_write::write_votable),
    },
    Writer { format: Format::Csv, endings: &[".csv"], form: Form::File(table_write::write_csv) },
    Writer { format: Format::Ds9, endings: &[".reg"], form: Form::File(ds9::write) },
];

/// No writer for a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}; sky models are written as {list}", list = listed())]
pub struct UnknownOutput(pub String);

/// The formats with the ends of their names.
fn listed() -> String {
    let one = |writer: &Writer| format!("{} ({})", writer.format, writer.endings.join(", "));
    WRITERS.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The writer of a format, or of a file by its name.
///
/// # Errors
/// If the format is not written, or the name does not tell.
pub fn writer_for(path: &Path, format: Option<Format>) -> Result<&'static Writer, UnknownOutput> {
    if let Some(format) = format {
        let found = WRITERS.iter().find(|writer| writer.format == format);
        return found.ok_or_else(|| UnknownOutput(format!("{format} is not written")));
    }
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    // The longest end that fits: .sky.txt is another thing than .txt.
    let fits = |writer: &Writer| {
        writer.endings.iter().filter(|end| name.ends_with(**end)).map(|end| end.len()).max()
    };
    let found =
        WRITERS.iter().filter_map(|writer| Some((fits(writer)?, writer))).max_by_key(|(length, _)| *length);
    found.map(|(_, writer)| writer).ok_or_else(|| {
        UnknownOutput(format!("'{}' does not tell the format by its name: give --to", path.display()))
    })
}

impl Writer {
    /// Counts what the format cannot hold, and writes nothing.
    ///
    /// # Errors
    /// What a writer finds wrong in what it makes.
    pub fn judge(&self, components: &[Component], losses: &mut Losses) -> io::Result<()> {
        match &self.form {
            Form::File(write) => write(&mut io::sink(), components, losses),
            Form::Folder(folder) => {
                (folder.judge)(components, losses);
                Ok(())
            }
        }
    }

    /// The file that goes with a sky model: SAGECal's clusters.
    pub fn companion(&self, path: &Path) -> Option<PathBuf> {
        (self.format == Format::Sagecal).then(|| sagecal::cluster_path(path))
    }

    /// Writes that file.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_companion(&self, out: &mut dyn Write, components: &[Component]) -> io::Result<()> {
        sagecal::write_clusters(out, components)
    }
}

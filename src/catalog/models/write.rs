//! Sky models into files.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::losses::Losses;
use super::{
    ao, bbs_write, clscript, hyperdrive, hyperdrive_fits_write, lsm, oskar, pybdsf, pyradiosky, rts, sagecal,
    selavy, skyh5_write, tigger, woden,
};
use crate::catalog::Format;
use crate::sky::Component;

/// How a format is written.
pub struct Writer {
    /// The format.
    pub format: Format,
    /// The ends of names of files that are of this format.
    pub endings: &'static [&'static str],
    write: fn(&mut dyn Write, &[Component], &mut Losses) -> io::Result<()>,
}

/// The formats that are written.
pub const WRITERS: &[Writer] = &[
    Writer {
        format: Format::Bbs,
        endings: &[".skymodel", ".sky", ".bbs", ".sourcedb.txt"],
        write: bbs_write::write,
    },
    Writer { format: Format::Wsclean, endings: &["-sources.txt"], write: bbs_write::write_wsclean },
    Writer { format: Format::ClScript, endings: &[".py"], write: clscript::write },
    Writer { format: Format::Hyperdrive, endings: &[".yaml", ".yml"], write: hyperdrive::write },
    Writer { format: Format::HyperdriveFits, endings: &[".fits"], write: hyperdrive_fits_write::write },
    Writer { format: Format::Ao, endings: &[".ao.txt", ".ao"], write: ao::write },
    Writer { format: Format::Rts, endings: &[".rts.txt", ".rts"], write: rts::write },
    Writer { format: Format::Woden, endings: &[".woden.txt", ".woden"], write: woden::write },
    Writer { format: Format::Oskar, endings: &[".osm"], write: oskar::write },
    Writer { format: Format::Sagecal, endings: &[".sky.txt"], write: sagecal::write },
    Writer { format: Format::Lsm, endings: &[".lsm.html"], write: lsm::write },
    Writer { format: Format::Tigger, endings: &[".lsm.txt"], write: tigger::write },
    Writer { format: Format::Pyradiosky, endings: &[".pyradiosky.txt"], write: pyradiosky::write },
    Writer { format: Format::Skyh5, endings: &[".skyh5"], write: skyh5_write::write },
    Writer { format: Format::Pybdsf, endings: &[".gaul", ".srl"], write: pybdsf::write },
    Writer { format: Format::Selavy, endings: &[".selavy.txt", ".components.txt"], write: selavy::write },
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

/// Writes components; what the format cannot hold is counted in `losses`.
///
/// # Errors
/// Those of `out`.
pub fn write_model(
    writer: &Writer,
    out: &mut dyn Write,
    components: &[Component],
    losses: &mut Losses,
) -> io::Result<()> {
    (writer.write)(out, components, losses)
}

impl Writer {
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

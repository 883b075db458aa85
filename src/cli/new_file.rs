//! Files that a command makes: there as a whole, or not at all.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;

use super::CliError;

/// Where the result goes.
#[derive(Debug, ClapArgs)]
pub(super) struct NewFile {
    /// The file to make
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub(super) output: PathBuf,
    /// Replace the file if it exists
    #[arg(long, alias = "force", help_heading = "Output")]
    overwrite: bool,
}

impl NewFile {
    /// A file that takes the place of one that exists.
    pub(super) fn replacing(output: PathBuf) -> NewFile {
        NewFile { output, overwrite: true }
    }

    /// Complains of a file that is in the way before any work is done.
    pub(super) fn check(&self) -> Result<(), CliError> {
        if !self.overwrite && self.output.symlink_metadata().is_ok() {
            return Err(CliError::Exists(self.output.clone()));
        }
        Ok(())
    }

    /// Writes the file under another name and renames it when it is whole.
    pub(super) fn write(
        &self,
        content: impl FnOnce(&mut BufWriter<&std::fs::File>) -> std::io::Result<()>,
    ) -> Result<(), CliError> {
        let error = |source| CliError::Write { path: self.output.clone(), source };
        let folder = match self.output.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".nvss-predict-").suffix(".part");
        // As any new file: others may read it if the user's mask lets them.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder).map_err(error)?;
        let mut writer = BufWriter::new(file.as_file());
        content(&mut writer).and_then(|()| writer.flush()).map_err(error)?;
        drop(writer);
        let kept =
            if self.overwrite { file.persist(&self.output) } else { file.persist_noclobber(&self.output) };
        match kept {
            Ok(_) => Ok(()),
            Err(failed) if failed.error.kind() == std::io::ErrorKind::AlreadyExists => {
                Err(CliError::Exists(self.output.clone()))
            }
            Err(failed) => Err(error(failed.error)),
        }
    }
}

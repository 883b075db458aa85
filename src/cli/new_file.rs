//! Files that a command makes: there as a whole, or not at all.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::CliError;
use crate::catalog::Format;
use crate::ms::space::free_bytes;

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

/// Writes a file as a whole: under another name, which takes the place of what was there when it is complete. A pipe or a
/// device is written to.
pub(super) fn replace(path: &Path, content: &[u8]) -> Result<(), CliError> {
    let error = |source| CliError::Write { path: path.to_owned(), source };
    if path.metadata().is_ok_and(|found| !found.is_file()) {
        return std::fs::write(path, content).map_err(error);
    }
    // What a link leads to is replaced, not the link.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut file = beside(&path).map_err(error)?;
    file.write_all(content).map_err(error)?;
    file.persist(&path).map(|_| ()).map_err(|failed| error(failed.error))
}

/// The folder that a path is in.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// A file in the folder of `path`, gone unless it is kept.
fn beside(path: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let folder = folder_of(path);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".nvss-predict-").suffix(".part");
    // As any new file: others may read it if the user's mask lets them.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

impl NewFile {
    /// A file that takes the place of one that exists.
    pub(super) fn replacing(output: PathBuf) -> NewFile {
        NewFile { output, overwrite: true }
    }

    /// A file that an argument names.
    pub(super) fn new(output: PathBuf, overwrite: bool) -> Self {
        NewFile { output, overwrite }
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
        let file = beside(&self.output).map_err(error)?;
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

    /// Complains of what is in the way of a folder and is none of its kind.
    pub(super) fn check_folder(&self, format: Format, is_one: fn(&Path) -> bool) -> Result<(), CliError> {
        if self.output.symlink_metadata().is_ok() && !is_one(&self.output) {
            return Err(CliError::NoSuchTable { path: self.output.clone(), format });
        }
        Ok(())
    }

    /// Makes a folder of `needed` bytes at the most under another name, and gives it its own when it is whole. Where one is,
    /// they change places, and the old one goes.
    pub(super) fn write_folder(
        &self,
        needed: u64,
        content: impl FnOnce(&Path) -> std::io::Result<()>,
    ) -> Result<(), CliError> {
        let error = |source| CliError::Write { path: self.output.clone(), source };
        let parent = folder_of(&self.output);
        // casacore ends the process where the disk is full.
        let free = free_bytes(parent).map_err(error)?;
        if free < needed {
            let message = format!("{needed} bytes may be needed, and {free} are free");
            return Err(error(std::io::Error::new(std::io::ErrorKind::StorageFull, message)));
        }
        let workshop = tempfile::Builder::new().prefix(".nvss-predict-").tempdir_in(parent).map_err(error)?;
        let made = workshop.path().join("table");
        content(&made).map_err(error)?;
        let there = self.output.symlink_metadata().is_ok();
        if there && !self.overwrite {
            return Err(CliError::Exists(self.output.clone()));
        }
        if there && renameat_with(CWD, &made, CWD, &self.output, RenameFlags::EXCHANGE).is_ok() {
            return Ok(());
        }
        let old = workshop.path().join("old");
        if there {
            // A file system that cannot exchange.
            std::fs::rename(&self.output, &old).map_err(error)?;
        }
        std::fs::rename(&made, &self.output).map_err(|failed| {
            if there {
                // It was there a moment ago; the first error is the one to tell.
                let _ = std::fs::rename(&old, &self.output);
            }
            error(failed)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_links_are_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        replace(&file, b"old").expect("written");
        std::os::unix::fs::symlink("file", &link).expect("a link");
        replace(&link, b"new").expect("written");
        assert_eq!(std::fs::read(&file).expect("a file"), b"new");
        assert!(link.is_symlink());
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 2);
        assert!(replace(&folder.path().join("not/there"), b"").is_err());
        replace(Path::new("/dev/null"), b"gone").expect("written");
    }
}

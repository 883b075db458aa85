//! What an HDF5 file says of its own size, before room is made for it.

use std::path::Path;

use rust_hdf5::{H5Dataset, H5File};

/// More than deflate, the filter that squeezes most, can squeeze (its format's limit is 1032).
const MOST_SQUEEZED: u64 = 1100;

/// A file, and how large what is in it can be.
pub(crate) struct SoundFile {
    /// The file.
    pub(crate) file: H5File,
    /// [bytes]
    most: u64,
}

impl SoundFile {
    /// Opens a file to read.
    ///
    /// # Errors
    /// Why it is none, in words.
    pub(crate) fn open(path: &Path) -> Result<SoundFile, String> {
        let file = H5File::options().no_locking().open(path).map_err(|error| error.to_string())?;
        let length = path.metadata().map_err(|error| error.to_string())?.len();
        Ok(SoundFile { file, most: length.saturating_mul(MOST_SQUEEZED) })
    }

    /// A dataset; `None` where there is none of that name.
    ///
    /// # Errors
    /// In words, for one that claims more values than the file can hold: the library would make room for them, and end the
    /// process where there is none.
    pub(crate) fn dataset(&self, name: &str) -> Result<Option<H5Dataset>, String> {
        let Ok(dataset) = self.file.dataset(name) else { return Ok(None) };
        let claimed = [dataset.shape(), dataset.chunk_dims().unwrap_or_default()];
        for lengths in claimed {
            let bytes = lengths.iter().try_fold(dataset.element_size() as u64, |bytes, length| {
                bytes.checked_mul(*length as u64).filter(|bytes| *bytes <= self.most)
            });
            if bytes.is_none() {
                return Err(format!("it claims {lengths:?} values, which a file of this size cannot hold"));
            }
        }
        Ok(Some(dataset))
    }
}

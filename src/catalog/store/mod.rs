//! Imported catalogues: an SQLite database of other catalogues' sources that answers cones at once.
//!
//! [`import`] makes one of any catalogues. Its table `components` keeps what a row says in the units of the
//! program ([rad], [Jy], [Hz]) and bit for bit, so that a prediction from it is that from the file; the view
//! `sources` shows the same in [deg], [arcsec] and [Jy] to anybody with an SQLite shell. `places` is an
//! R*Tree over unit vectors in ICRS, for which neither the poles nor the origin of right ascension are
//! anything special; `files` tells what was imported, and `meta` when and by what.
//!
//! [`cache`] does the same behind the back of a prediction that is given a large file.

pub mod cache;
mod import;
mod read;
mod scan;
mod schema;
mod tree;

pub use import::{Import, Imported, import};
pub use read::{Contents, FileEntry, contents};

pub(super) use read::{label, read};
pub(super) use schema::is_store;

//! Sky models: the lists of components of other programs, read and written.
//!
//! One file a format, which names its specification. To add one: a file here with `is_model`, `read` and `write`, a variant of
//! [`Format`], an arm in `told` and `reader`, and a line in [`WRITERS`].

mod ao;
mod bbs;
mod bbs_write;
mod clscript;
mod complist;
mod complist_write;
mod ds9;
mod hyperdrive;
mod hyperdrive_fits;
mod hyperdrive_fits_write;
mod line;
mod losses;
mod lsm;
mod modes;
mod named;
mod names;
mod number;
mod oskar;
mod pybdsf;
mod pyradiosky;
mod row;
mod rts;
mod sagecal;
mod selavy;
mod skyh5;
mod skyh5_write;
mod source;
mod table_write;
mod text;
mod tigger;
mod woden;
mod write;

use std::path::Path;

pub use losses::{Loss, Losses};
pub use write::{Folder, Form, UnknownOutput, WRITERS, Writer, writer_for};

use super::builder::Builder;
use super::input::Input;
use super::{CatalogError, Format, ReadOptions};
pub(super) use complist::is_component_list;
pub(super) use hyperdrive_fits::is_source_list;
pub(super) use skyh5::SIGNATURE as HDF5;

/// Reads a file into a catalogue; returns its digest.
pub(super) type Read = fn(&Input, &ReadOptions, &mut Builder) -> Result<String, CatalogError>;

/// The reader of a format; none if it is no sky model's.
pub(super) fn reader(format: Format) -> Option<Read> {
    Some(match format {
        Format::Bbs => bbs::read,
        Format::Complist => complist::read,
        Format::ClScript => clscript::read,
        Format::Hyperdrive => hyperdrive::read,
        Format::HyperdriveFits => hyperdrive_fits::read,
        Format::Ao => ao::read,
        Format::Rts => rts::read,
        Format::Woden => woden::read,
        Format::Oskar => oskar::read,
        Format::Sagecal => sagecal::read,
        Format::Lsm => lsm::read,
        Format::Tigger => tigger::read,
        Format::Pyradiosky => pyradiosky::read,
        Format::Skyh5 => skyh5::read,
        Format::Pybdsf => pybdsf::read,
        Format::Selavy => selavy::read,
        Format::Ds9 => ds9::read,
        _ => return None,
    })
}

/// The sky model that a text begins so is; none if it is another.
pub(super) fn told(head: &str, path: &Path) -> Option<Format> {
    Some(if ds9::is_model(head) {
        Format::Ds9
    } else if bbs::is_model(head) {
        Format::Bbs
    } else if ao::is_model(head) {
        Format::Ao
    } else if woden::is_model(head) {
        Format::Woden
    } else if rts::is_model(head) {
        Format::Rts
    } else if lsm::is_model(head) {
        Format::Lsm
    } else if tigger::is_model(head) {
        Format::Tigger
    } else if hyperdrive::is_model(head) {
        Format::Hyperdrive
    } else if clscript::is_model(head) {
        Format::ClScript
    } else if pybdsf::is_model(head) {
        Format::Pybdsf
    } else if selavy::is_model(head) {
        Format::Selavy
    } else if pyradiosky::is_model(head) {
        Format::Pyradiosky
    } else if oskar::is_model(head, path) {
        Format::Oskar
    } else if sagecal::is_model(head) {
        Format::Sagecal
    } else {
        return None;
    })
}

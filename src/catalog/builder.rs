//! What every reader does with its rows.

use std::path::{Path, PathBuf};

use super::{Catalog, CatalogError, Format, Kind, ReadOptions};
use crate::coords::Direction;
use crate::sky::{Component, Cones};

/// A catalogue in the making.
pub(super) struct Builder {
    path: PathBuf,
    cones: Option<Cones>,
    components: Vec<Component>,
    notes: Vec<String>,
    rows: u64,
    without_flux: u64,
    far: u64,
}

impl Builder {
    pub fn new(path: &Path, options: &ReadOptions) -> Self {
        Builder {
            path: path.to_owned(),
            cones: options.near.as_ref().map(|near| Cones::new(&near.centres, near.radius)),
            components: Vec::new(),
            notes: Vec::new(),
            rows: 0,
            without_flux: 0,
            far: 0,
        }
    }

    /// Says something about what was assumed or left out.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Counts a row.
    pub fn row(&mut self) {
        self.rows += 1;
    }

    /// Drops a row that has no flux density.
    pub fn drop_without_flux(&mut self) {
        self.without_flux += 1;
    }

    /// Whether `position` is wanted; counts it if not. The position must be valid.
    pub fn wants(&mut self, position: Direction) -> bool {
        let near = self.cones.as_ref().is_none_or(|cones| cones.contain(position));
        self.far += u64::from(!near);
        near
    }

    /// Takes a component from a line of a text or a row of a table, if it is sound; only an error asks for
    /// the line.
    pub fn push(&mut self, component: Component, line: impl FnOnce() -> u64) -> Result<(), CatalogError> {
        match component.check() {
            Ok(()) => {
                self.components.push(component);
                Ok(())
            }
            Err(error) => Err(CatalogError::Row {
                path: self.path.clone(),
                line: line(),
                message: format!("{error}; mend or remove the row"),
            }),
        }
    }

    /// The catalogue.
    pub fn finish(mut self, kind: Kind, format: Format, digest: String) -> Catalog {
        if self.without_flux > 0 {
            self.notes.push(format!("{} rows without a flux density dropped", self.without_flux));
        }
        if self.far > 0 {
            self.notes.push(format!("{} rows too far away to matter left out", self.far));
        }
        Catalog {
            components: self.components,
            kind,
            format,
            path: self.path,
            digest,
            rows_read: self.rows,
            notes: self.notes,
        }
    }
}

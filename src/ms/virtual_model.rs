//! CASA's virtual model: component lists kept as records, which CASA uses *instead of* MODEL_DATA.
//!
//! CASA's `VisModelData` marks each field that has one with a key `definedmodel_field_N`, in the
//! main table's keywords or in a record of the column SOURCE_MODEL of the SOURCE subtable; the key's
//! value names the record with the model itself.

use std::time::Duration;

use casacore::{Access, LockMode, Record, Table, Value};

use super::error::Result;

const DEFINED: &str = "definedmodel_field_";
const SOURCE_MODEL: &str = "SOURCE_MODEL";

/// Where virtual models were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VirtualModel {
    /// Keys in the main table's keywords.
    main_keys: Vec<String>,
    /// Rows of SOURCE whose SOURCE_MODEL holds a model.
    source_rows: Vec<u64>,
}

impl VirtualModel {
    /// Looks for virtual models without changing anything.
    ///
    /// # Errors
    /// Any error of casacore.
    pub fn find(ms: &Table) -> Result<VirtualModel> {
        let keywords = ms.keywords()?;
        let mut source_rows = Vec::new();
        if let Some(source) = source_table(&keywords, Access::ReadOnly)? {
            for row in 0..source.row_count() {
                if !model_keys(&source.record_cell(SOURCE_MODEL, row)?).is_empty() {
                    source_rows.push(row);
                }
            }
        }
        Ok(VirtualModel { main_keys: model_keys(&keywords), source_rows })
    }

    /// Whether CASA would look past MODEL_DATA.
    pub fn exists(&self) -> bool {
        !(self.main_keys.is_empty() && self.source_rows.is_empty())
    }

    /// Removes what was found, as CASA's `delmod(otf=True)` does.
    ///
    /// # Errors
    /// [`super::MsError::Locked`] where SOURCE stays locked for longer than `wait`, or any error of
    /// casacore.
    pub fn remove(&self, ms: &Table, wait: Duration) -> Result<()> {
        let keywords = ms.keywords()?;
        for key in &self.main_keys {
            ms.remove_keyword(key)?;
        }
        ms.flush()?;
        if self.source_rows.is_empty() {
            return Ok(());
        }
        let Some(source) = source_table(&keywords, Access::ReadWrite)? else {
            return Ok(());
        };
        if !source.lock(LockMode::Write, wait)? {
            return Err(super::locked(&source, wait));
        }
        for &row in &self.source_rows {
            source.put_record_cell(SOURCE_MODEL, row, &Record::default())?;
        }
        source.fsync()?;
        source.unlock()?;
        Ok(source.close()?)
    }
}

fn source_table(keywords: &Record, access: Access) -> Result<Option<Table>> {
    let Some(Value::Table(path)) = keywords.get("SOURCE") else {
        return Ok(None);
    };
    let source = Table::open(path, access)?;
    Ok(source.has_column(SOURCE_MODEL).then_some(source))
}

/// The marks `definedmodel_field_N` and the records they name.
fn model_keys(record: &Record) -> Vec<String> {
    let mut keys = Vec::new();
    for (name, value) in record.iter() {
        if name.starts_with(DEFINED) {
            keys.push(name.to_owned());
            if let Value::String(model) = value
                && record.get(model).is_some()
                && !keys.contains(model)
            {
                keys.push(model.clone());
            }
        }
    }
    keys
}

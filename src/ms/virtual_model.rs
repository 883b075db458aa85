//! CASA's virtual model: component lists kept as records, which CASA uses *instead of* MODEL_DATA.
//!
//! CASA's `VisModelData` marks each field that has one with a keyword `definedmodel_field_N` whose value is a
//! name. Where there is a SOURCE subtable the mark is among *its* keywords, beside a keyword of that name with a row
//! number, and the model is the record in that row of the column SOURCE_MODEL; else the mark and the model itself, under that
//! name, are among the main table's keywords.

use std::time::Duration;

use casacore::{Access, LockMode, Record, Table, Value};

use super::error::Result;
use crate::stall::doing;

const DEFINED: &str = "definedmodel_field_";
const SOURCE_MODEL: &str = "SOURCE_MODEL";

/// Where virtual models were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VirtualModel {
    /// Keys in the main table's keywords.
    main_keys: Vec<String>,
    /// Keys in SOURCE's keywords.
    source_keys: Vec<String>,
    /// Rows of SOURCE whose SOURCE_MODEL holds a model.
    source_rows: Vec<u64>,
}

impl VirtualModel {
    /// Looks for virtual models without changing anything.
    ///
    /// # Errors
    /// Any error of casacore.
    pub fn find(ms: &Table) -> Result<VirtualModel> {
        let _doing = doing("while looking for a virtual model in", ms.path());
        let keywords = ms.keywords()?;
        let mut found = VirtualModel { main_keys: model_keys(&keywords), ..VirtualModel::default() };
        if let Some(source) = source_table(&keywords, Access::ReadOnly)? {
            let keywords = source.keywords()?;
            found.source_keys = model_keys(&keywords);
            found.source_rows = found
                .source_keys
                .iter()
                .filter_map(|key| u64::try_from(keywords.get(key)?.as_i64()?).ok())
                .filter(|row| *row < source.row_count())
                .collect();
        }
        Ok(found)
    }

    /// Whether CASA would look past MODEL_DATA.
    pub fn exists(&self) -> bool {
        !(self.main_keys.is_empty() && self.source_keys.is_empty())
    }

    /// Removes what was found, as CASA's `delmod(otf=True)` does.
    ///
    /// # Errors
    /// [`super::MsError::Locked`] where SOURCE stays locked for longer than `wait`, or any error of
    /// casacore.
    pub fn remove(&self, ms: &Table, wait: Duration) -> Result<()> {
        let _doing = doing("while removing the virtual model of", ms.path());
        let keywords = ms.keywords()?;
        for key in &self.main_keys {
            ms.remove_keyword(key)?;
        }
        ms.flush()?;
        if self.source_keys.is_empty() {
            return Ok(());
        }
        let Some(source) = source_table(&keywords, Access::ReadWrite)? else {
            return Ok(());
        };
        if !source.lock(LockMode::Write, wait)? {
            return Err(super::locked(&source, wait));
        }
        for key in &self.source_keys {
            source.remove_keyword(key)?;
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
    // A SOURCE that is named but missing holds no model.
    if !path.exists() {
        return Ok(None);
    }
    let source = Table::open(path, access)?;
    Ok(source.has_column(SOURCE_MODEL).then_some(source))
}

/// The marks `definedmodel_field_N` and the keywords they name.
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

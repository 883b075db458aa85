//! Column descriptions in the forms that the MeasurementSet definition version 2 (casacore note 229) prescribes.

use casacore::{ColumnShape, ColumnSpec, DataType, Record, Storage, Value};

/// A column in a StandardStMan shared by its table, without keywords.
fn column(name: &str, data_type: DataType, shape: ColumnShape) -> Column {
    Column(ColumnSpec {
        name: name.to_owned(),
        data_type,
        shape,
        comment: String::new(),
        manager: "StandardStMan".to_owned(),
        storage: Storage::Standard,
        keywords: Record::new(),
    })
}

/// A scalar column.
pub(super) fn scalar(name: &str, data_type: DataType) -> Column {
    column(name, data_type, ColumnShape::Scalar)
}

/// An array column of one shape.
pub(super) fn fixed(name: &str, data_type: DataType, shape: &[usize]) -> Column {
    column(name, data_type, ColumnShape::Fixed(shape.to_vec()))
}

/// An array column whose cells may differ in shape but not in number of axes.
pub(super) fn variable(name: &str, data_type: DataType, ndim: usize) -> Column {
    column(name, data_type, ColumnShape::Variable { ndim: Some(ndim) })
}

/// A column description in the making.
pub(super) struct Column(ColumnSpec);

impl Column {
    /// The comment.
    pub(super) fn comment(mut self, text: &str) -> Column {
        self.0.comment = text.to_owned();
        self
    }

    /// A storage manager of its own.
    pub(super) fn stored(mut self, manager: &str, storage: Storage) -> Column {
        self.0.manager = manager.to_owned();
        self.0.storage = storage;
        self
    }

    /// An IncrementalStMan of its own: values that repeat from row to row.
    pub(super) fn incremental(self) -> Column {
        let name = self.0.name.clone();
        self.stored(&name, Storage::Incremental)
    }

    /// A StandardStMan of its own.
    pub(super) fn standard(self) -> Column {
        let name = self.0.name.clone();
        self.stored(&name, Storage::Standard)
    }

    /// A keyword.
    pub(super) fn keyword(mut self, name: &str, value: impl Into<Value>) -> Column {
        self.0.keywords.set(name, value);
        self
    }

    /// The unit of every element.
    pub(super) fn units(self, units: &[&str]) -> Column {
        self.keyword("QuantumUnits", Value::strings(units.iter().copied()))
    }

    /// The kind of measure and its reference frame.
    pub(super) fn measure(self, kind: &str, reference: &str) -> Column {
        self.keyword("MEASINFO", Record::new().with("type", kind).with("Ref", reference))
    }

    /// Seconds.
    pub(super) fn seconds(self) -> Column {
        self.units(&["s"])
    }

    /// A moment: MJD UTC \[s\].
    pub(super) fn epoch(self) -> Column {
        self.seconds().measure("epoch", "UTC")
    }

    /// A direction \[rad\].
    pub(super) fn direction(self, reference: &str) -> Column {
        self.units(&["rad", "rad"]).measure("direction", reference)
    }

    /// An ITRF position \[m\].
    pub(super) fn position(self) -> Column {
        self.units(&["m", "m", "m"]).measure("position", "ITRF")
    }

    /// Frequencies \[Hz\] whose frame is in the column MEAS_FREQ_REF.
    pub(super) fn frequency(self) -> Column {
        let types = ["REST", "LSRK", "LSRD", "BARY", "GEO", "TOPO", "GALACTO", "LGROUP", "CMB", "Undefined"];
        let codes = ndarray::arr1(&[0u32, 1, 2, 3, 4, 5, 6, 7, 8, 64]).into_dyn();
        let info = Record::new()
            .with("type", "frequency")
            .with("VarRefCol", "MEAS_FREQ_REF")
            .with("TabRefTypes", Value::strings(types))
            .with("TabRefCodes", codes);
        self.units(&["Hz"]).keyword("MEASINFO", info)
    }

    /// The finished description.
    pub(super) fn spec(self) -> ColumnSpec {
        self.0
    }
}

/// Finished descriptions.
pub(super) fn specs(columns: impl IntoIterator<Item = Column>) -> Vec<ColumnSpec> {
    columns.into_iter().map(Column::spec).collect()
}

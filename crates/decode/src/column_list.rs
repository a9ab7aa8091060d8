//! Mapped columns in, the list of an insert's columns out.

use schema_map::{ColumnType, Fingerprint, Mapping, Mismatch, quoted};

use crate::layout::{Layout, Slots};

/// Names and types of the columns of an insert, in order. Two lists are equal when these are.
#[derive(Debug)]
pub struct ColumnList {
    columns: Vec<Column>,
    slots: Slots,
    /// Bytes that every row has.
    row_bytes: usize,
    fingerprint: u64,
}

#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) column_type: ColumnType,
    pub(crate) layout: Layout,
}

impl PartialEq for ColumnList {
    fn eq(&self, other: &Self) -> bool {
        let same = |(one, two): (&Column, &Column)| {
            one.name == two.name && one.column_type == two.column_type
        };
        self.fingerprint == other.fingerprint
            && self.columns.len() == other.columns.len()
            && self.columns.iter().zip(&other.columns).all(same)
    }
}

impl Eq for ColumnList {}

impl ColumnList {
    pub(crate) fn of(mapping: &Mapping) -> Result<Self, Mismatch> {
        let mut slots = Slots::default();
        let mut print = Fingerprint::new();
        let mut columns = Vec::with_capacity(mapping.columns.len());
        for mapped in &mapping.columns {
            let spelled = mapped.column_type.to_string();
            print.text(&mapped.column).text(&spelled);
            let layout = slots.column(&mapped.column_type).ok_or_else(|| {
                Mismatch::of_plan(&mapped.column, spelled, "a type that can be written".to_owned())
            })?;
            columns.push(Column {
                name: mapped.column.clone(),
                column_type: mapped.column_type.clone(),
                layout,
            });
        }
        let row_bytes = slots.fixed.iter().map(|(_, width)| width).sum();
        Ok(Self { columns, slots, row_bytes, fingerprint: print.finish() })
    }

    /// Names in order, unquoted, and types.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ColumnType)> {
        self.columns.iter().map(|column| (column.name.as_str(), &column.column_type))
    }

    /// Names in order, quoted, joined by commas, without parentheses: for
    /// `INSERT INTO t (..) FORMAT Native`.
    pub fn insert_list(&self) -> String {
        let names: Vec<_> = self.columns.iter().map(|column| quoted(&column.name)).collect();
        names.join(", ")
    }

    /// A number that differs when a name, a type or the order does. The same on every machine and
    /// in every release.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    pub(crate) fn slots(&self) -> &Slots {
        &self.slots
    }

    pub(crate) fn row_bytes(&self) -> usize {
        self.row_bytes
    }
}

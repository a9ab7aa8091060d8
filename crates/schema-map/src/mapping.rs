//! A writer schema and a table in, the source of every column out.

use crate::{
    ColumnType, DefaultKind, Field, Metadata, Schema, TableColumn, TableLayout,
    convert::{Conversion, conversion, describe, is_writable},
};

mod mismatch;

pub use self::mismatch::{Mismatch, Problem};

/// Which columns an insert names, and where the values come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Columns of the insert, in the table's order.
    pub columns: Vec<MappedColumn>,
    /// Fields that go nowhere, because the table has no column of their name or the column
    /// cannot be inserted.
    pub dropped: Vec<String>,
    /// Columns the insert does not name: the server evaluates their DEFAULT, or gives a type this
    /// crate cannot write its default value.
    pub absent: Vec<String>,
}

/// A column of the insert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedColumn {
    /// Its name, unquoted.
    pub column: String,
    /// Its type.
    pub column_type: ColumnType,
    /// Where its values come from.
    pub source: Source,
    /// Why, for a person.
    pub reason: String,
}

/// Where the values of a column come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A field of the record.
    Field {
        /// Place of the field among its record's, from the root record downwards; one number as
        /// long as records are not flattened.
        path: Vec<usize>,
        /// How the value gets in.
        conversion: Conversion,
    },
    /// The record's own metadata.
    Metadata(Metadata),
    /// Nothing: the type's default value, or NULL where there can be one.
    TypeDefault,
}

/// Joins the fields of `schema` and the columns of `table` by name.
///
/// A column without a field is filled with its type's default value, so that versions of a schema
/// that differ by a field share one list of columns and thereby one insert. A column with a
/// DEFAULT expression and without a field is left out instead, so that the server evaluates it.
///
/// # Errors
///
/// [`Mismatch`], with every field that does not fit its column.
pub fn map(schema: &Schema, table: &TableLayout) -> Result<Mapping, Mismatch> {
    let Some(fields) = schema.fields() else {
        let problem = Problem::not_a_record(&describe(schema, schema.root()));
        return Err(Mismatch::new(table, vec![problem]));
    };
    let find = |column: &TableColumn| {
        let own = Metadata::of_column(&column.name).is_some();
        if own { None } else { fields.iter().position(|field| field.name == column.name) }
    };
    let mut joined = Joined::default();
    for column in &table.columns {
        match find(column).and_then(|place| Some((place, fields.get(place)?))) {
            Some((place, field)) => joined.field(schema, table, column, place, field),
            None => joined.without_field(table, column),
        }
    }
    if joined.filled == 0 && joined.problems.is_empty() {
        joined.problems.push(Problem::no_common_name(fields.len()));
    }
    let dropped = fields.iter().filter(|field| !joined.takes(&field.name));
    let dropped = dropped.map(|field| field.name.clone()).collect();
    joined.finish(table, dropped)
}

impl Mapping {
    /// The mapping of a record without a value: metadata, and default values for the rest.
    ///
    /// # Errors
    ///
    /// [`Mismatch`] where a metadata column has a type that cannot hold it.
    pub fn metadata_only(table: &TableLayout) -> Result<Self, Mismatch> {
        let mut joined = Joined::default();
        for column in &table.columns {
            joined.without_field(table, column);
        }
        joined.finish(table, Vec::new())
    }
}

#[derive(Default)]
struct Joined {
    columns: Vec<MappedColumn>,
    absent: Vec<String>,
    problems: Vec<Problem>,
    /// Columns that take a field.
    filled: usize,
}

impl Joined {
    fn field(
        &mut self,
        schema: &Schema,
        table: &TableLayout,
        column: &TableColumn,
        place: usize,
        field: &Field,
    ) {
        if matches!(column.default, DefaultKind::Materialized | DefaultKind::Alias) {
            return;
        }
        let found = describe(schema, field.schema);
        match conversion(schema, field.schema, &column.column_type) {
            Ok(conversion) => {
                self.filled += 1;
                let reason = format!("field of the same name, {found}");
                self.push(column, Source::Field { path: vec![place], conversion }, reason);
            }
            Err(obstacle) => self.problems.push(Problem::of_field(table, column, &found, obstacle)),
        }
    }

    fn without_field(&mut self, table: &TableLayout, column: &TableColumn) {
        let metadata = Metadata::of_column(&column.name);
        match (metadata, column.default) {
            (_, DefaultKind::Materialized | DefaultKind::Alias) => {}
            (Some(kind), _) if kind.accepts(&column.column_type) => {
                self.push(column, Source::Metadata(kind), "filled by penstock".to_owned());
            }
            (Some(kind), _) => self.problems.push(Problem::of_metadata(table, column, kind)),
            (None, DefaultKind::None) if is_writable(&column.column_type) => {
                let reason = "no field of that name: the type's default value".to_owned();
                self.push(column, Source::TypeDefault, reason);
            }
            (None, DefaultKind::None | DefaultKind::Default | DefaultKind::Ephemeral) => {
                self.absent.push(column.name.clone());
            }
        }
    }

    fn push(&mut self, column: &TableColumn, source: Source, reason: String) {
        self.columns.push(MappedColumn {
            column: column.name.clone(),
            column_type: column.column_type.clone(),
            source,
            reason,
        });
    }

    fn takes(&self, field: &str) -> bool {
        let fills = |mapped: &MappedColumn| {
            mapped.column == field && matches!(mapped.source, Source::Field { .. })
        };
        self.columns.iter().any(fills)
    }

    fn finish(self, table: &TableLayout, dropped: Vec<String>) -> Result<Mapping, Mismatch> {
        if self.problems.is_empty() {
            Ok(Mapping { columns: self.columns, dropped, absent: self.absent })
        } else {
            Err(Mismatch::new(table, self.problems))
        }
    }
}

#[cfg(test)]
mod tests;

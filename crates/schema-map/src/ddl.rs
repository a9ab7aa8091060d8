//! A writer schema and what a pipeline wants in, `CREATE TABLE` out.

use crate::{
    ColumnType, DefaultKind, Metadata, Schema, SchemaError, TableColumn, TableLayout,
    convert::column_for, table::quoted,
};

mod expression;

use self::expression::{check_engine, check_expression};

/// Inserts whose tokens a table of ours remembers, per table: about 63 bytes each on disk, and
/// enough for half an hour of the 50 inserts/s that a pipeline makes at most.
pub const DEDUPLICATION_WINDOW: u32 = 100_000;

/// What a table should be like.
#[derive(Clone, Copy, Debug)]
pub struct NewTable<'a> {
    /// Database, unquoted.
    pub database: &'a str,
    /// Table, unquoted.
    pub table: &'a str,
    /// Engine of the `MergeTree` family, with arguments if it takes any. `ReplacingMergeTree`
    /// without a version gets `_offset` as its version.
    pub engine: &'a str,
    /// Columns, or expressions over them; empty = topic, partition, offset.
    pub order_by: &'a [String],
    /// Expression over the columns.
    pub partition_by: Option<&'a str>,
    /// Metadata columns beyond [`Metadata::ALWAYS`].
    pub extra_metadata: &'a [Metadata],
}

/// Writes the statement that creates the table for records of `schema`, if it is not there.
///
/// # Errors
///
/// When a field has a type that has no column yet, a field has the name of a metadata column,
/// `order_by` names a nullable column, or engine, `order_by` or `partition_by` is not one plain
/// expression.
pub fn create_table(schema: &Schema, table: &NewTable<'_>) -> Result<String, SchemaError> {
    check_engine(table.engine)?;
    let columns = columns(schema, table)?;
    let key = sorting_key(table, &columns)?;
    let mut lines: Vec<_> = columns
        .iter()
        .map(|column| format!("    {} {}{}", quoted(&column.name), column.kind, column.codec))
        .collect();
    let offset = quoted(Metadata::Offset.column());
    // Row checks ask for a range of offsets: without the index they would read the whole table.
    lines.push(format!("    INDEX `_offset_minmax` {offset} TYPE minmax GRANULARITY 1"));
    let partition_by = match table.partition_by {
        Some(expression) => {
            check_expression("partition_by", expression)?;
            format!("PARTITION BY ({expression})\n")
        }
        None => String::new(),
    };
    Ok(format!(
        "CREATE TABLE IF NOT EXISTS {}.{}\n(\n{}\n)\nENGINE = {}\n{partition_by}ORDER BY ({key})\n\
         SETTINGS non_replicated_deduplication_window = {DEDUPLICATION_WINDOW}",
        quoted(table.database),
        quoted(table.table),
        lines.join(",\n"),
        engine(table.engine),
    ))
}

/// The columns of the table that [`create_table`] would create.
///
/// # Errors
///
/// As [`create_table`], as far as columns are concerned.
pub fn new_layout(schema: &Schema, table: &NewTable<'_>) -> Result<TableLayout, SchemaError> {
    let column = |column: Column| TableColumn {
        name: column.name,
        column_type: column.kind,
        default: DefaultKind::None,
    };
    Ok(TableLayout {
        database: table.database.to_owned(),
        table: table.table.to_owned(),
        columns: columns(schema, table)?.into_iter().map(column).collect(),
    })
}

struct Column {
    name: String,
    kind: ColumnType,
    codec: &'static str,
}

fn columns(schema: &Schema, table: &NewTable<'_>) -> Result<Vec<Column>, SchemaError> {
    let fields = schema.fields().ok_or_else(|| {
        SchemaError::new(&[], "only records have columns, and its type is another one")
    })?;
    let mut columns = Vec::with_capacity(fields.len() + Metadata::ALWAYS.len());
    for field in fields {
        let at = [field.name.clone()];
        if Metadata::of_column(&field.name).is_some() {
            return Err(SchemaError::new(&at, "the name of a metadata column"));
        }
        let kind = column_for(schema, field.schema).map_err(|why| SchemaError::new(&at, why))?;
        columns.push(Column { name: field.name.clone(), kind, codec: "" });
    }
    let extra = table.extra_metadata.iter().filter(|kind| !Metadata::ALWAYS.contains(kind));
    for kind in Metadata::ALWAYS.iter().chain(extra) {
        let name = kind.column().to_owned();
        columns.push(Column { name, kind: kind.column_type(), codec: codec(*kind) });
    }
    Ok(columns)
}

/// In the default order offsets and timestamps rise in small steps and differences of them are
/// next to nothing; ordered by something else they take 3 to 4 bytes per value (measured, 3 million
/// rows). ZSTD would save another third of that, for processor time in every insert and merge.
/// Topic and partition hardly change within a part: the default codec makes little of them.
fn codec(kind: Metadata) -> &'static str {
    match kind {
        Metadata::Offset | Metadata::Timestamp => " CODEC(Delta, LZ4)",
        Metadata::Topic | Metadata::Partition | Metadata::Key | Metadata::Headers => "",
    }
}

fn sorting_key(table: &NewTable<'_>, columns: &[Column]) -> Result<String, SchemaError> {
    if table.order_by.is_empty() {
        let key = [Metadata::Topic, Metadata::Partition, Metadata::Offset];
        return Ok(key.map(|kind| quoted(kind.column())).join(", "));
    }
    let mut key = Vec::with_capacity(table.order_by.len());
    for wanted in table.order_by {
        match columns.iter().find(|column| column.name == *wanted) {
            Some(column) if column.kind.is_nullable() => {
                let at = [wanted.clone()];
                return Err(SchemaError::new(&at, "a nullable column cannot be in order_by"));
            }
            Some(column) => key.push(quoted(&column.name)),
            None => {
                check_expression("order_by", wanted)?;
                key.push(wanted.clone());
            }
        }
    }
    Ok(key.join(", "))
}

fn engine(wanted: &str) -> String {
    let wanted = wanted.trim();
    let bare = wanted.strip_suffix("()").unwrap_or(wanted).trim_end();
    if bare == "ReplacingMergeTree" {
        return format!("{bare}({})", quoted(Metadata::Offset.column()));
    }
    wanted.to_owned()
}

#[cfg(test)]
mod tests;

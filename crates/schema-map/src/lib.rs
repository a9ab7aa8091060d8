//! Writer schema and table layout in, columns out: which field of a record fills which column.
//!
//! Pure: no I/O, no clock. [`Schema`] is an Avro writer schema with every attribute kept,
//! [`TableLayout`] is what a ClickHouse table looks like, [`map`] joins the two by name,
//! [`create_table`] writes the table that fits a schema.

mod column_type;
mod convert;
mod ddl;
mod fingerprint;
mod mapping;
mod metadata;
mod schema;
mod table;

pub use crate::{
    column_type::ColumnType,
    convert::Conversion,
    ddl::{DEDUPLICATION_WINDOW, NewTable, create_table, new_layout},
    fingerprint::Fingerprint,
    mapping::{MappedColumn, Mapping, Mismatch, Problem, Source, map},
    metadata::Metadata,
    schema::{
        Attributes, FIELDS_MAX, FIXED_BYTES_MAX, Field, Kind, Logical, NESTING_MAX, Name, Schema,
        SchemaError, TEXT_BYTES_MAX, Type, TypeId,
    },
    table::{DefaultKind, TableColumn, TableLayout, quoted},
};

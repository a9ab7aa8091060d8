//! A database of one's own on a real server, and the way records take into it.

use anyhow::Context;
use decode::{Block, Plan, RecordMeta, no_headers};
use schema_map::{
    ColumnType, DefaultKind, NewTable, Schema, TableColumn, TableLayout, create_table, map,
};
use serde_json::Value;
use testkit::ClickHouse;

/// A database that only one test uses.
pub(crate) struct Database {
    admin: ClickHouse,
    /// With the rights to create tables.
    schema: ClickHouse,
    /// With the rights of the sink: it may insert and nothing else.
    sink: ClickHouse,
    name: String,
}

impl Database {
    pub(crate) async fn create() -> anyhow::Result<Self> {
        let servers = testkit::stack().await?;
        let admin = servers.clickhouse();
        let name = admin.create_database().await?;
        let (schema, sink) = (admin.as_user(&servers.schema), admin.as_user(&servers.sink));
        Ok(Self { admin, schema, sink, name })
    }

    /// The table under test as statements name it.
    pub(crate) fn table(&self) -> String {
        format!("{}.t", self.name)
    }

    pub(crate) async fn run(&self, statement: &str) -> anyhow::Result<String> {
        self.admin.query(statement).await
    }

    /// Creates the table `t` for a schema, with the statement under test.
    pub(crate) async fn create_table(&self, schema: &Schema) -> anyhow::Result<()> {
        let table = NewTable {
            database: &self.name,
            table: "t",
            engine: "MergeTree",
            order_by: &[],
            partition_by: None,
            extra_metadata: &[schema_map::Metadata::Key, schema_map::Metadata::Headers],
        };
        self.schema.query(&create_table(schema, &table)?).await.map(drop)
    }

    /// The table `t` as the server describes it.
    pub(crate) async fn layout(&self) -> anyhow::Result<TableLayout> {
        let columns = self
            .run(&format!(
                "SELECT name, type, default_kind FROM system.columns \
                 WHERE database = '{}' AND table = 't' ORDER BY position FORMAT JSONCompactEachRow",
                self.name
            ))
            .await?;
        let column = |line: &str| -> anyhow::Result<_> {
            let row: [String; 3] = serde_json::from_str(line)?;
            let [name, column_type, default] = row;
            let column_type = ColumnType::parse(&column_type);
            let default = DefaultKind::parse(&default).context("a kind of default")?;
            Ok(TableColumn { name, column_type, default })
        };
        Ok(TableLayout {
            database: self.name.clone(),
            table: "t".to_owned(),
            columns: columns.lines().map(column).collect::<anyhow::Result<_>>()?,
        })
    }

    /// A plan for the table `t` as it is.
    pub(crate) async fn plan(&self, schema: &Schema) -> anyhow::Result<Plan> {
        Ok(Plan::compile(schema, &map(schema, &self.layout().await?)?)?)
    }

    /// Inserts a block into the table `t`.
    pub(crate) async fn insert(&self, block: Block) -> anyhow::Result<()> {
        let list = block.columns().insert_list();
        let rows = block.rows() as u64;
        let frozen = block.freeze();
        assert_eq!(frozen.rows, rows);
        assert_eq!(frozen.bytes, frozen.chunks.iter().map(|chunk| chunk.len()).sum::<usize>());
        let statement = format!("INSERT INTO {} ({list}) FORMAT Native", self.table());
        self.sink.insert(&statement, frozen.chunks.concat()).await
    }

    /// The rows of a query, in the order of their offsets.
    pub(crate) async fn rows(&self, columns: &str) -> anyhow::Result<Vec<Value>> {
        let rows = self
            .run(&format!(
                "SELECT {columns} FROM {} ORDER BY _offset FORMAT JSONCompactEachRow \
                 SETTINGS output_format_json_quote_64bit_integers = 0, \
                 output_format_json_quote_decimals = 1",
                self.table()
            ))
            .await?;
        Ok(rows.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
    }
}

/// The metadata of the record at `offset` of a topic without keys and headers.
pub(crate) fn record(offset: i64) -> RecordMeta<'static> {
    RecordMeta {
        topic: "topic",
        partition: 3,
        offset,
        timestamp_ms: 1_790_000_000_123,
        key: None,
        headers: &no_headers,
    }
}

/// The datum of a value, written by apache-avro.
pub(crate) fn datum(
    schema: &str,
    value: impl Into<apache_avro::types::Value>,
) -> anyhow::Result<Vec<u8>> {
    let schema = apache_avro::Schema::parse_str(schema)?;
    let writer = apache_avro::writer::datum::GenericDatumWriter::builder(&schema).build()?;
    Ok(writer.write_value_to_vec(value.into())?)
}

//! Schema ids in, compiled plans out: asks the registry and the table, on the runtime.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use decode::{ColumnList, Plan};
use deliver::StopReason;
use pipeline_spec::{MetadataColumn, Pipeline};
use registry_client::{Client, RegisteredSchema, SchemaKind};
use schema_map::{Mapping, Metadata, NewTable, Schema, TableLayout, create_table};
use target::{Target, TargetError};
use tokio::time;

use crate::{backoff, metrics::PipelineMetrics, standing::Standing};

/// Makes the plans of one pipeline.
#[derive(Debug)]
pub struct Schemas {
    /// Where schemas come from.
    pub registry: Client,
    /// Where tables are.
    pub target: Target,
    /// What the table can promise.
    pub standing: Arc<Standing>,
    /// What is wanted.
    pub pipeline: Arc<Pipeline>,
    /// How long an id may be unknown before its records are bad.
    pub unknown_id_wait: Duration,
    /// Of the pipeline.
    pub metrics: PipelineMetrics,
}

/// How to make a row of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlanKey {
    /// The record's value names this schema.
    Schema(u32),
    /// The record has no value, and the pipeline wants a row of its key and metadata.
    NoValue,
}

/// What became of a request for a plan.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Decode with this.
    Plan(Arc<Plan>),
    /// The registry does not know the id, and has not for as long as the sink waits.
    UnknownId(u32),
    /// No record of this kind can be taken until a person acts. The details have been told.
    Refused(StopReason),
}

/// Why there is no plan.
#[derive(Debug)]
struct Refusal {
    reason: StopReason,
    why: String,
}

impl From<String> for Refusal {
    fn from(why: String) -> Self {
        Self { reason: StopReason::SchemaMismatch, why }
    }
}

impl Schemas {
    /// Makes the plan for `key`, waiting for the registry and for ClickHouse as long as it takes.
    pub async fn plan(&self, key: PlanKey) -> Outcome {
        let made = match key {
            PlanKey::NoValue => self.without_schema().await,
            PlanKey::Schema(id) => match self.registered(id).await {
                Some(registered) => self.with_schema(&registered).await,
                None => return Outcome::UnknownId(id),
            },
        };
        let id = match key {
            PlanKey::Schema(id) => id,
            PlanKey::NoValue => 0,
        };
        match made {
            Ok((plan, mapping)) => {
                self.metrics.schema_ready(id, &mapping.dropped);
                Outcome::Plan(Arc::new(plan))
            }
            Err(Refusal { reason, why }) => {
                self.metrics.schema_refused(id, reason, &why);
                Outcome::Refused(reason)
            }
        }
    }

    /// Asks the registry until it knows the id, or has not known it for too long. A registry that
    /// cannot be asked is waited for without end: that says nothing about the record.
    async fn registered(&self, id: u32) -> Option<Arc<RegisteredSchema>> {
        let mut unknown_since = None;
        let mut attempt = 0;
        loop {
            let error = match self.registry.schema_by_id(id).await {
                Ok(registered) => return Some(registered),
                Err(error) => error,
            };
            attempt += 1;
            let mut pause = backoff::pause(attempt);
            match error.disposition() {
                registry_client::Disposition::NotFound => {
                    let since: &mut Instant = unknown_since.get_or_insert_with(Instant::now);
                    let left = self.unknown_id_wait.saturating_sub(since.elapsed());
                    if left.is_zero() {
                        return None;
                    }
                    pause = pause.min(left);
                }
                registry_client::Disposition::Retry | registry_client::Disposition::Stop => {
                    unknown_since = None;
                }
            }
            self.metrics.still_waiting("schema", &error.to_string());
            time::sleep(pause).await;
        }
    }

    /// Looks whether the table still takes blocks of these columns, for as long as it takes to
    /// find out. A table that is missing is waited for, unless the pipeline may create it.
    pub async fn still_fits(&self, columns: &ColumnList) -> bool {
        let wanted = &self.pipeline.target;
        let mut attempt = 0;
        loop {
            let why = match self.target.inspect(&wanted.database, &wanted.table).await {
                Ok(Some(found)) => return target::fits(&found.layout, columns.iter()),
                Ok(None) if wanted.create => return false,
                Ok(None) => format!("{}.{} does not exist", wanted.database, wanted.table),
                Err(error) => error.to_string(),
            };
            attempt += 1;
            self.metrics.still_waiting("table", &why);
            time::sleep(backoff::pause(attempt)).await;
        }
    }

    async fn with_schema(&self, registered: &RegisteredSchema) -> Result<(Plan, Mapping), Refusal> {
        let id = registered.id;
        if registered.kind != SchemaKind::Avro {
            return Err(format!("schema {id} is {:?}: not supported yet", registered.kind).into());
        }
        let references: Vec<&str> =
            registered.references.iter().map(|reference| reference.text.as_str()).collect();
        let schema = Schema::parse(&registered.text, &references)
            .map_err(|error| format!("schema {id}: {error}"))?;
        let table = self.table(Some(&schema)).await?;
        let mapping = schema_map::map(&schema, &table).map_err(|mismatch| mismatch.to_string())?;
        let plan = Plan::compile(&schema, &mapping).map_err(|mismatch| mismatch.to_string())?;
        Ok((plan, mapping))
    }

    async fn without_schema(&self) -> Result<(Plan, Mapping), Refusal> {
        let table = self.table(None).await?;
        let mapping = Mapping::metadata_only(&table).map_err(|mismatch| mismatch.to_string())?;
        let plan = Plan::metadata_only(&mapping).map_err(|mismatch| mismatch.to_string())?;
        Ok((plan, mapping))
    }

    /// Looks at the table, and creates it from `schema` if it is missing and the pipeline says
    /// so. Waits for a server that cannot be asked.
    async fn table(&self, schema: Option<&Schema>) -> Result<TableLayout, Refusal> {
        let mut attempt = 0;
        loop {
            let error = match self.try_table(schema).await {
                Ok(found) => return found,
                Err(error) => error,
            };
            match error.disposition() {
                target::Disposition::Retry => {}
                target::Disposition::TableChanged | target::Disposition::Stop => {
                    return Err(error.to_string().into());
                }
            }
            attempt += 1;
            self.metrics.still_waiting("table", &error.to_string());
            time::sleep(backoff::pause(attempt)).await;
        }
    }

    async fn try_table(
        &self,
        schema: Option<&Schema>,
    ) -> Result<Result<TableLayout, Refusal>, TargetError> {
        let layout = match self.find_or_create(schema).await? {
            Ok(layout) => layout,
            Err(why) => return Ok(Err(why.into())),
        };
        // R0: nothing starts that cannot keep what it promises.
        let checked = self.standing.check().await?;
        let refused = |why| Refusal { reason: StopReason::GuaranteeMissing, why };
        Ok(checked.map(|()| layout).map_err(refused))
    }

    async fn find_or_create(
        &self,
        schema: Option<&Schema>,
    ) -> Result<Result<TableLayout, String>, TargetError> {
        let wanted = &self.pipeline.target;
        let inspect = || self.target.inspect(&wanted.database, &wanted.table);
        if let Some(found) = inspect().await? {
            return Ok(Ok(found.layout));
        }
        let name = format!("{}.{}", wanted.database, wanted.table);
        let (true, Some(schema)) = (wanted.create, schema) else {
            return Ok(Err(format!(
                "table {name} does not exist: create it, or set target.create"
            )));
        };
        let extra: Vec<_> =
            self.pipeline.columns.metadata.0.iter().filter_map(|column| extra(*column)).collect();
        let table = NewTable {
            database: &wanted.database,
            table: &wanted.table,
            engine: &wanted.engine,
            order_by: &wanted.order_by,
            partition_by: wanted.partition_by.as_deref(),
            extra_metadata: &extra,
        };
        let ddl = match create_table(schema, &table) {
            Ok(ddl) => ddl,
            Err(error) => return Ok(Err(format!("table {name} cannot be created: {error}"))),
        };
        self.target.create_database_if_missing(&wanted.database).await?;
        self.target.execute_ddl(&ddl).await?;
        tracing::info!(table = name, ddl, "table created");
        Ok(match inspect().await? {
            Some(found) => Ok(found.layout),
            None => Err(format!("table {name} was created and has vanished")),
        })
    }
}

/// The metadata columns that are not in every table.
fn extra(column: MetadataColumn) -> Option<Metadata> {
    match column {
        MetadataColumn::Key => Some(Metadata::Key),
        MetadataColumn::Headers => Some(Metadata::Headers),
        MetadataColumn::Topic
        | MetadataColumn::Partition
        | MetadataColumn::Offset
        | MetadataColumn::Timestamp => None,
    }
}

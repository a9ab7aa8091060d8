//! A target and schemas in; statements, the source of every column, guarantee and rights out.

use pipeline_spec::{Delivery, MetadataColumn, Pipeline, similar};
use schema_map::{
    Mapping, Metadata, NewTable, Schema, Source, TableLayout, create_table, new_layout, quoted,
};
use target::{GuaranteeOptions, Inspected, PlannedTable, TargetError, rights::Right};

use super::{
    ColumnPlan, GuaranteeFinding, GuaranteePlan, MissingRight, Plan, TablePlan, source::TopicSchema,
};
use crate::state::App;

/// How records of a schema become rows.
#[derive(Debug)]
pub(super) struct SchemaMapping {
    pub(super) id: u32,
    pub(super) mapping: Mapping,
    pub(super) plan: decode::Plan,
}

/// Looks at the table, or at the one that would be created.
pub(super) async fn look(
    app: &App,
    spec: &Pipeline,
    schemas: &[TopicSchema],
    plan: &mut Plan,
) -> Vec<SchemaMapping> {
    let wanted = &spec.target;
    plan.table = TablePlan {
        database: wanted.database.clone(),
        table: wanted.table.clone(),
        engine: wanted.engine.clone(),
        ..TablePlan::default()
    };
    let found = match app.target().inspect(&wanted.database, &wanted.table).await {
        Ok(found) => found,
        Err(error) => {
            plan.unknown("/target", format!("clickhouse could not be asked: {error}"));
            return Vec::new();
        }
    };
    plan.table.exists = Some(found.is_some());
    let layout = match &found {
        Some(found) => {
            existing(spec, found, plan);
            Some(found.layout.clone())
        }
        None => planned(app, spec, schemas, plan).await,
    };
    guarantee(app, spec, layout.as_ref(), found.is_some(), plan).await;
    rights(app, spec, found.is_some(), plan).await;
    let Some(layout) = layout else { return Vec::new() };
    mappings(&layout, schemas, plan)
}

fn existing(spec: &Pipeline, found: &Inspected, plan: &mut Plan) {
    plan.table.engine.clone_from(&found.engine);
    if found.engine != spec.target.engine {
        plan.warning(
            "/target/engine",
            format!("the table exists with engine {}: it stays as it is", found.engine),
        );
    }
    if !spec.target.order_by.is_empty() {
        let key = &found.sorting_key;
        let asked = spec.target.order_by.join(", ");
        if without_spaces(key) != without_spaces(&asked) {
            let message = format!("the table exists, sorted by ({key}): it stays as it is");
            plan.warning("/target/order_by", message);
        }
    }
}

fn without_spaces(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '`').collect()
}

/// The table that would be created, from the schema of the first topic that has one.
async fn planned(
    app: &App,
    spec: &Pipeline,
    schemas: &[TopicSchema],
    plan: &mut Plan,
) -> Option<TableLayout> {
    let wanted = &spec.target;
    let name = format!("{}.{}", wanted.database, wanted.table);
    if !wanted.create {
        plan.error("/target/create", format!("table {name} does not exist, and create is false"));
        return None;
    }
    let schema = &schemas.first()?.schema;
    let extra: Vec<_> =
        spec.columns.metadata.0.iter().filter_map(|column| extra(*column)).collect();
    let table = NewTable {
        database: &wanted.database,
        table: &wanted.table,
        engine: &wanted.engine,
        order_by: &wanted.order_by,
        partition_by: wanted.partition_by.as_deref(),
        extra_metadata: &extra,
    };
    unknown_key_columns(spec, schema, plan);
    unreadable_keys(app, spec, plan).await;
    match (create_table(schema, &table), new_layout(schema, &table)) {
        (Ok(ddl), Ok(layout)) => {
            if !database_exists(app, &wanted.database).await {
                let database = quoted(&wanted.database);
                plan.table.statements.push(format!("CREATE DATABASE IF NOT EXISTS {database}"));
            }
            plan.table.statements.push(ddl);
            Some(layout)
        }
        (Err(error), _) | (_, Err(error)) => {
            plan.error("/target", format!("table {name} cannot be created: {error}"));
            None
        }
    }
}

/// A plain word in a key that is no column is a typing error, which the server would only tell
/// when the table is created.
fn unknown_key_columns(spec: &Pipeline, schema: &Schema, plan: &mut Plan) {
    let fields = schema.fields().unwrap_or_default();
    let names = || {
        let own = spec.columns.metadata.0.iter().filter_map(|column| column_name(*column));
        fields.iter().map(|field| field.name.as_str()).chain(own)
    };
    let keys = spec.target.order_by.iter().enumerate();
    let keys = keys.map(|(index, key)| (format!("/target/order_by/{index}"), key));
    let partition = spec.target.partition_by.iter();
    let keys = keys.chain(partition.map(|key| ("/target/partition_by".to_owned(), key)));
    for (pointer, key) in keys {
        let word = key.chars().all(|c| c.is_alphanumeric() || c == '_')
            && key.starts_with(|c: char| c.is_alphabetic() || c == '_');
        if word && !names().any(|name| name == key) {
            let hint = similar(key, names());
            let hint = hint.map(|other| format!("; there is {other}")).unwrap_or_default();
            plan.error(&pointer, format!("there is no column {key}{hint}"));
        }
    }
}

/// Keys are SQL of users: the server's own parser decides what they are.
async fn unreadable_keys(app: &App, spec: &Pipeline, plan: &mut Plan) {
    let keys = spec.target.order_by.iter().enumerate();
    let keys = keys.map(|(index, key)| (format!("/target/order_by/{index}"), key));
    let partition = spec.target.partition_by.iter();
    let keys = keys.chain(partition.map(|key| ("/target/partition_by".to_owned(), key)));
    for (pointer, key) in keys {
        // What names a column is quoted, not parsed.
        let name = key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
        if name && pointer != "/target/partition_by" {
            continue;
        }
        match app.target().check_expression(key).await {
            Ok(None) => {}
            Ok(Some(why)) => plan.error(&pointer, why),
            Err(error) => plan.unknown(&pointer, format!("not checked: {error}")),
        }
    }
}

fn column_name(column: MetadataColumn) -> Option<&'static str> {
    Some(match column {
        MetadataColumn::Topic => Metadata::Topic.column(),
        MetadataColumn::Partition => Metadata::Partition.column(),
        MetadataColumn::Offset => Metadata::Offset.column(),
        MetadataColumn::Timestamp => Metadata::Timestamp.column(),
        MetadataColumn::Key => Metadata::Key.column(),
        MetadataColumn::Headers => Metadata::Headers.column(),
    })
}

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

/// A database that cannot be seen is created if it is not there, which does no harm if it is.
async fn database_exists(app: &App, database: &str) -> bool {
    app.target().database_exists(database).await.unwrap_or(false)
}

fn mappings(layout: &TableLayout, schemas: &[TopicSchema], plan: &mut Plan) -> Vec<SchemaMapping> {
    let mut found: Vec<SchemaMapping> = Vec::new();
    for TopicSchema { topic, id, schema } in schemas {
        let mapped = schema_map::map(schema, layout);
        let compiled = mapped.and_then(|mapping| {
            decode::Plan::compile(schema, &mapping).map(|plan| SchemaMapping {
                id: *id,
                mapping,
                plan,
            })
        });
        match compiled {
            Ok(mapped) => {
                if found.is_empty() {
                    show(&mapped.mapping, plan);
                }
                for field in &mapped.mapping.dropped {
                    if !plan.table.dropped.contains(field) {
                        plan.table.dropped.push(field.clone());
                    }
                }
                found.push(mapped);
            }
            Err(mismatch) => {
                let message = format!("schema {id} of topic {topic} does not fit: {mismatch}");
                plan.error("/target/table", message);
            }
        }
    }
    if !plan.table.dropped.is_empty() {
        let message = format!(
            "no column has the name of these fields, so they go nowhere: {}",
            plan.table.dropped.join(", ")
        );
        plan.warning("/target/table", message);
    }
    found
}

fn show(mapping: &Mapping, plan: &mut Plan) {
    plan.table.columns = mapping
        .columns
        .iter()
        .map(|column| ColumnPlan {
            column: column.column.clone(),
            column_type: column.column_type.to_string(),
            source: match column.source {
                Source::Field { .. } => "field".to_owned(),
                Source::Metadata(_) => "metadata".to_owned(),
                Source::TypeDefault => "default".to_owned(),
            },
            reason: column.reason.clone(),
        })
        .collect();
    plan.table.defaulted.clone_from(&mapping.absent);
}

async fn guarantee(
    app: &App,
    spec: &Pipeline,
    layout: Option<&TableLayout>,
    exists: bool,
    plan: &mut Plan,
) {
    let wanted = &spec.target;
    let options = GuaranteeOptions { accept_unverified_engine: wanted.accept_unverified_engine };
    let found = match layout {
        None => return,
        Some(_) if exists => app.target().outlook(&wanted.database, &wanted.table, &options).await,
        Some(layout) => {
            let planned = PlannedTable {
                layout: layout.clone(),
                engine: wanted.engine.clone(),
                partition_key: wanted.partition_by.clone().unwrap_or_default(),
            };
            app.target().outlook_of_new(planned, &options).await
        }
    };
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            plan.unknown("/delivery", format!("the guarantee could not be found out: {error}"));
            return;
        }
    };
    let exactly_once = spec.delivery == Delivery::ExactlyOnce;
    if exactly_once && found.delivery != target::Delivery::ExactlyOnce {
        let message = format!(
            "the table cannot give exactly-once: {}; mend that, or set delivery: at-least-once",
            found.why()
        );
        plan.error("/delivery", message);
    }
    plan.guarantee = Some(GuaranteePlan {
        wanted: if exactly_once { "exactly-once" } else { "at-least-once" }.to_owned(),
        delivery: found.delivery.as_str().to_owned(),
        findings: found
            .findings
            .into_iter()
            .map(|finding| GuaranteeFinding {
                kind: finding.kind.as_str().to_owned(),
                subject: finding.subject,
                detail: finding.detail,
                weakens: finding.weakens,
            })
            .collect(),
    });
}

/// What the accounts must be allowed. The inserting account's rights cannot be asked for as
/// somebody else: the sink finds out when it starts.
async fn rights(app: &App, spec: &Pipeline, exists: bool, plan: &mut Plan) {
    let (database, table) = (spec.target.database.as_str(), spec.target.table.as_str());
    let settings = &app.config().clickhouse;
    let account = settings.schema_user.as_str();
    let mut needed = vec![("SELECT", Some(table), "count rows after a crash")];
    if !exists && spec.target.create {
        needed.push(("CREATE TABLE", Some(table), "create the table"));
        if plan.table.statements.len() > 1 {
            needed.push(("CREATE DATABASE", None, "create the database"));
        }
    }
    for (privilege, table, purpose) in needed {
        let right = Right { privilege, database, table };
        let state = match app.target().has_right(&right).await {
            Ok(Some(true)) => continue,
            Ok(Some(false)) => "missing",
            Ok(None) | Err(TargetError::Refused(_)) => "unknown",
            Err(error) => {
                plan.unknown("/target", format!("rights could not be checked: {error}"));
                return;
            }
        };
        if state == "missing" && privilege != "SELECT" {
            let command = right.grant(account);
            plan.error("/target", format!("account {account} may not {purpose}: {command}"));
        }
        plan.rights.push(MissingRight {
            account: account.to_owned(),
            purpose: purpose.to_owned(),
            state: state.to_owned(),
            command: right.grant(account),
        });
    }
    if !exists {
        let right = Right { privilege: "INSERT", database, table: Some(table) };
        plan.rights.push(MissingRight {
            account: settings.sink_user.clone(),
            purpose: "insert rows".to_owned(),
            state: "unknown".to_owned(),
            command: right.grant(&settings.sink_user),
        });
    }
}

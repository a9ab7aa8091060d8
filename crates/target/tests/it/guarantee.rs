//! Promise: what is said to hold for a table holds, and what does not is told with its mending.

use anyhow::{Context, Result};
use schema_map::{NewTable, Schema, create_table};
use target::{
    Compression, Delivery, Disposition, FindingKind, Guarantee, GuaranteeOptions, TargetError,
    guarantee,
};

use crate::fixture::Fixture;

const WINDOW: &str = "non_replicated_deduplication_window = 100000";
const COLUMNS: &str = "_topic LowCardinality(String), _partition UInt32, _offset UInt64";

fn kinds(found: &Guarantee) -> Vec<(FindingKind, bool)> {
    found.findings.iter().map(|finding| (finding.kind, finding.weakens)).collect()
}

#[tokio::test]
async fn a_table_made_by_the_sink_gives_everything() -> Result<()> {
    let schema = r#"{"type": "record", "name": "R", "fields": [
        {"name": "id", "type": "long"},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}}
    ]}"#;
    let schema = Schema::parse(schema, &[])?;
    let order_by = ["id".to_owned()];
    for (engine, order_by, partition_by) in
        [("MergeTree", &[][..], None), ("ReplacingMergeTree", &order_by[..], Some("toYYYYMM(at)"))]
    {
        let fixture = Fixture::new().await?;
        let table = NewTable {
            database: &fixture.database,
            table: "t",
            engine,
            order_by,
            partition_by,
            extra_metadata: &[],
        };
        fixture.target.execute_ddl(&create_table(&schema, &table)?).await?;
        let found = fixture.guarantee().await?;
        assert_eq!(found.findings, [], "{engine}");
        assert_eq!((found.delivery, found.why().as_str()), (Delivery::ExactlyOnce, "exactly-once"));
        assert_eq!((found.window, found.row_check, found.views), (100_000, true, false));
        assert_eq!(found.tables, [(fixture.database.clone(), "t".to_owned())]);
    }
    Ok(())
}

#[tokio::test]
async fn what_is_told_to_run_mends_it() -> Result<()> {
    let fixture = Fixture::new().await?;
    fixture
        .table(&format!(
            "({COLUMNS}, id UInt64, day Date DEFAULT toDate(ts), ts DateTime MATERIALIZED now()) \
             ENGINE = MergeTree PARTITION BY day ORDER BY id"
        ))
        .await?;
    for expected in [FindingKind::NoWindow, FindingKind::PartitionDefault] {
        let found = fixture.guarantee().await?;
        let finding = found.findings.first().context("nothing found")?;
        assert_eq!((finding.kind, found.delivery), (expected, Delivery::AtLeastOnce));
        let (_, statement) = finding.detail.rsplit_once(": ").context("no statement")?;
        fixture.target.execute_ddl(statement).await?;
    }
    assert_eq!(kinds(&fixture.guarantee().await?), []);
    Ok(())
}

#[tokio::test]
async fn every_table_behind_a_view_counts() -> Result<()> {
    let fixture = Fixture::new().await?;
    let table = |window: &str| format!("(id UInt64) ENGINE = MergeTree ORDER BY id {window}");
    fixture.table(&table(&format!("SETTINGS {WINDOW}"))).await?;
    for sql in [
        format!("CREATE TABLE {{db}}.first {}", table(&format!("SETTINGS {WINDOW}"))),
        format!("CREATE TABLE {{db}}.second {}", table("")),
        "CREATE MATERIALIZED VIEW {db}.a TO {db}.first AS SELECT id FROM {db}.t".to_owned(),
        "CREATE MATERIALIZED VIEW {db}.b TO {db}.second AS SELECT id FROM {db}.first".to_owned(),
    ] {
        fixture.query(&sql).await?;
    }
    let found = fixture.guarantee().await?;
    assert_eq!((found.delivery, found.window), (Delivery::AtLeastOnce, 0));
    assert!(found.views && !found.row_check);
    let names: Vec<_> = found.tables.iter().map(|(_, table)| table.as_str()).collect();
    assert_eq!(names, ["t", "first", "second"]);
    let weak: Vec<_> = found.findings.iter().filter(|finding| finding.weakens).collect();
    assert_eq!(weak.len(), 1, "{weak:?}");
    assert_eq!(weak[0].subject, format!("{}.second", fixture.database));
    Ok(())
}

#[tokio::test]
async fn a_view_out_of_sight_costs_the_promise() -> Result<()> {
    let fixture = Fixture::new().await?;
    let table = format!("({COLUMNS}) ENGINE = MergeTree ORDER BY _offset SETTINGS {WINDOW}");
    fixture.table(&table).await?;
    let hidden = format!("hidden_{}", fixture.database);
    for sql in [
        format!("CREATE DATABASE {hidden}"),
        format!("CREATE TABLE {hidden}.copies {table}"),
        format!("CREATE MATERIALIZED VIEW {hidden}.v TO {hidden}.copies AS SELECT * FROM {{db}}.t"),
    ] {
        fixture.query(&sql).await?;
    }
    let found = fixture.guarantee().await?;
    assert_eq!(
        kinds(&found),
        [(FindingKind::ViewUnseen, true), (FindingKind::RowCheckViews, false)]
    );
    fixture.query(&format!("DROP DATABASE {hidden}")).await?;
    assert_eq!(kinds(&fixture.guarantee().await?), []);
    Ok(())
}

/// An engine that keeps nothing is one that no token can protect.
#[tokio::test]
async fn an_engine_without_tests_must_be_accepted() -> Result<()> {
    let fixture = Fixture::new().await?;
    fixture.table("(id UInt64) ENGINE = Null").await?;
    let found = fixture.guarantee().await?;
    assert_eq!(kinds(&found), [(FindingKind::Engine, true), (FindingKind::RowCheckColumns, false)]);
    let options = GuaranteeOptions { accept_unverified_engine: true };
    let found = fixture.target.guarantee(&fixture.database, "t", &options).await?;
    assert_eq!((found.delivery, found.findings.len()), (Delivery::ExactlyOnce, 2));
    assert_eq!(fixture.target.window_used(&found.tables).await?, None);
    Ok(())
}

#[tokio::test]
async fn looking_leaves_no_trace() -> Result<()> {
    let fixture = Fixture::new().await?;
    fixture
        .table(
            "(id UInt64) ENGINE = MergeTree ORDER BY id SETTINGS \
                   non_replicated_deduplication_window = 2",
        )
        .await?;
    fixture.insert_ids("sales:0:0-0:a", [1]).await?;
    let tables = fixture.guarantee().await?.tables;
    let before = fixture.target.window_used(&tables).await?;
    let far = fixture.target_with(|settings| settings.compression = Compression::Lz4)?;
    for target in [&fixture.target, &far, &far] {
        target.guarantee(&fixture.database, "t", &GuaranteeOptions::default()).await?;
    }
    assert_eq!(fixture.target.window_used(&tables).await?, before);
    // Neither has the window forgotten the first token, nor does it know the other.
    fixture.insert_ids("sales:0:0-0:a", [1]).await?;
    fixture.insert_ids(guarantee::NO_ROWS_TOKEN, [2]).await?;
    assert_eq!(fixture.query("SELECT groupArray(id) FROM {db}.t").await?, "[1,2]");
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_found_out_is_an_error() -> Result<()> {
    let mut fixture = Fixture::new().await?;
    let error = fixture.guarantee().await.err().context("there is no table")?;
    assert!(matches!(error, TargetError::NoTable(_)), "{error}");
    assert_eq!(error.disposition(), Disposition::TableChanged);

    fixture.table(&format!("(id UInt64) ENGINE = MergeTree ORDER BY id SETTINGS {WINDOW}")).await?;
    fixture.guarantee().await?;
    // An account that may not insert.
    fixture.target = fixture.target_with(|settings| {
        settings.user.clone_from(&settings.schema_user);
        settings.password = settings.schema_password.clone();
    })?;
    let error = fixture.guarantee().await.err().context("it may not insert")?;
    assert!(error.to_string().contains("grant INSERT"), "{error}");
    assert_eq!(error.disposition(), Disposition::Stop);
    Ok(())
}

#[tokio::test]
async fn no_function_that_the_server_calls_impure_is_missed() -> Result<()> {
    let fixture = Fixture::new().await?;
    let names = fixture.query("SELECT name FROM system.functions WHERE NOT deterministic").await?;
    assert!(names.lines().count() > 100, "{names}");
    let missed: Vec<_> =
        names.lines().filter(|name| !guarantee::is_impure_function(name)).collect();
    assert_eq!(missed, [""; 0]);

    // And those that tables are usually partitioned by are not taken for such.
    let usual = "toYYYYMM toDate toMonday toStartOfMonth toStartOfInterval toDateTime64 intDiv \
                 modulo cityHash64 sipHash64 tuple lower substring if CAST toTimeZone queryString";
    let impure: Vec<_> =
        usual.split_whitespace().filter(|name| guarantee::is_impure_function(name)).collect();
    assert_eq!(impure, [""; 0]);
    Ok(())
}

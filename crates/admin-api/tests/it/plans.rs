//! A plan shows what a pipeline would do, and does nothing.

use admin_api::auth::Role;
use reqwest::Method;
use serde_json::Value;
use testkit::Record;

use crate::fixture::{Api, Scene, parts, refusal, row};

async fn plan(api: &Api, token: &str, document: String) -> anyhow::Result<Value> {
    let request = api.request(Method::POST, "/v1/pipelines?dry_run=true", token);
    let (status, plan) = parts(request.body(document).send().await?).await?;
    assert_eq!(status, 200, "{plan}");
    Ok(plan)
}

#[tokio::test]
async fn a_plan_for_a_new_table_shows_statement_mapping_guarantee_and_rows() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let id = scene.register().await?;
    let records = [row(id, 41), row(id, 42), Record::of("not avro").to_partition(0)];
    scene.servers.kafka().produce(&scene.topic, records).await?;
    let api = scene.api().await?;
    let operator = scene.token(Role::Operator);
    let plan = plan(&api, operator, scene.document("sales", "")).await?;

    assert_eq!((&plan["runnable"], &plan["change"]), (&true.into(), &"create".into()), "{plan}");
    let ddl = plan["table"]["statements"][0].as_str().unwrap_or_default();
    assert!(ddl.starts_with("CREATE TABLE IF NOT EXISTS"), "{plan}");
    let column = |name: &str| {
        let columns = plan["table"]["columns"].as_array().into_iter().flatten();
        columns.into_iter().find(|column| column["column"] == name).cloned().unwrap_or_default()
    };
    assert_eq!(column("note")["column_type"], "Nullable(String)");
    assert!(
        column("note")["reason"]
            .as_str()
            .is_some_and(|reason| reason.contains("union") || reason.contains("null")),
        "{}",
        column("note")
    );
    assert_eq!(column("_offset")["source"], "metadata");
    assert_eq!(plan["guarantee"]["delivery"], "exactly-once", "{plan}");
    assert_eq!(
        (&plan["topics"][0]["partitions"], &plan["topics"][0]["records"]),
        (&2.into(), &3.into())
    );
    let rows = plan["rows"].as_array().cloned().unwrap_or_default();
    assert_eq!(rows.len(), 3, "{plan}");
    assert_eq!(rows[1]["values"]["id"], 42);
    assert_eq!(rows[1]["values"]["at"], "2026-11-21T10:00:00.123Z");
    assert!(rows[2]["bad"].as_str().is_some_and(|bad| bad.starts_with("dead letter")), "{plan}");

    let rights = plan["rights"].as_array().cloned().unwrap_or_default();
    assert!(
        rights.iter().all(|right| right["purpose"] == "insert rows") && rights.len() == 1,
        "all rights that can be checked are there: {rights:?}"
    );

    // Nothing has happened.
    let tables = format!("SELECT count() FROM system.tables WHERE database = '{}'", scene.database);
    assert_eq!(scene.servers.clickhouse().count(&tables).await?, 0);
    assert_eq!(api.get("/v1/pipelines", operator).await?["total"], 0);
    // Its statement is one that the server takes.
    scene.servers.clickhouse().query(ddl).await?;
    api.stop().await
}

#[tokio::test]
async fn contents_of_records_are_not_for_viewers() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let id = scene.register().await?;
    scene.servers.kafka().produce(&scene.topic, [row(id, 4_142_434)]).await?;
    let api = scene.api().await?;
    let request =
        api.request(Method::POST, "/v1/pipelines?dry_run=true", scene.token(Role::Viewer));
    assert_eq!(refusal(request.body(scene.document("sales", ""))).await?.0, 403);
    let plan = plan(&api, scene.token(Role::Operator), scene.document("sales", "")).await?;
    assert!(plan.to_string().contains("4142434"));
    api.stop().await
}

#[tokio::test]
async fn a_plan_for_a_table_that_is_there_says_what_does_not_fit() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    scene.register().await?;
    let table = format!("{}.rows", scene.database);
    let clickhouse = scene.servers.clickhouse();
    let create = format!(
        "CREATE TABLE {table} (id Int64, at DateTime64(3), _topic String, _partition UInt32, \
         _offset UInt64) ENGINE = MergeTree ORDER BY id"
    );
    clickhouse.query(&create).await?;
    let api = scene.api().await?;
    let operator = scene.token(Role::Operator);
    let document = scene.document("sales", "");
    let weak = plan(&api, operator, document.clone()).await?;
    assert_eq!((&weak["runnable"], &weak["table"]["dropped"][0]), (&false.into(), &"note".into()));
    let post = || api.request(Method::POST, "/v1/pipelines", operator).body(document.clone());
    let (status, problem) = refusal(post()).await?;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &"/delivery".into()));
    let message = problem["errors"][0]["message"].as_str().unwrap_or_default();
    assert!(message.contains("MODIFY SETTING"), "{message}");

    let mend = "MODIFY SETTING non_replicated_deduplication_window = 100000";
    clickhouse.query(&format!("ALTER TABLE {table} {mend}")).await?;
    assert_eq!(plan(&api, operator, document.clone()).await?["runnable"], true);
    clickhouse.query(&format!("ALTER TABLE {table} MODIFY COLUMN at String")).await?;
    let (status, problem) = refusal(post()).await?;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &"/target/table".into()));
    api.stop().await
}

#[tokio::test]
async fn offsets_that_a_group_left_behind_want_a_word() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let id = scene.register().await?;
    scene.servers.kafka().produce(&scene.topic, [row(id, 1), row(id, 2)]).await?;
    let group = format!("{}.sales", scene.namespace);
    scene.servers.kafka().commit(&group, &scene.topic, &[(0, 1)]).await?;
    let api = scene.api().await?;
    let operator = scene.token(Role::Operator);
    let plan = plan(&api, operator, scene.document("sales", "")).await?;
    assert_eq!(
        (&plan["group"]["committed_partitions"], &plan["group"]["lag"]),
        (&1.into(), &1.into())
    );
    assert_eq!(plan["group"]["wants"], "offsets=resume or offsets=restart");
    assert!(plan["findings"].to_string().contains("(1 records come again)"), "{plan}");
    let post =
        |path: &str| api.request(Method::POST, path, operator).body(scene.document("sales", ""));
    assert_eq!(refusal(post("/v1/pipelines")).await?.0, 409);
    assert_eq!(post("/v1/pipelines?offsets=resume").send().await?.status(), 201);
    api.stop().await
}

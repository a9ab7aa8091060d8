//! A world in, requests with a mistake in each out.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::unique;

use super::{
    super::world::{NAME, World},
    Asker, Mistake, PIPELINES, mistake,
};

const INVALID: (u16, &str) = (422, "invalid pipeline");
const CANNOT_RUN: (u16, &str) = (422, "the pipeline cannot run");
const CONFLICT: (u16, &str) = (409, "conflict");

/// What the text alone shows.
pub(super) fn in_the_document(world: &World, ask: &Asker) -> Vec<Mistake> {
    let document = |from: &str, to: &str| world.document("").replace(from, to);
    vec![
        mistake("no yaml", ask.post("name: [rows"), INVALID, "/name", &["line 1"]),
        mistake("no yaml", ask.post("name: rows\n\tsource: 1"), INVALID, "", &["tab", "line 1"]),
        mistake(
            "a key that nobody knows",
            ask.post(world.document("bacth: {age_ms: 5}\n")),
            INVALID,
            "/bacth",
            &["did you mean batch?"],
        ),
        mistake(
            "a key that nobody knows, further in",
            ask.post(document("topics:", "topic:")),
            INVALID,
            "/source/topic",
            &["did you mean topics?"],
        ),
        mistake(
            "a word that nobody knows",
            ask.post(world.document("delivery: exactly_once\n")),
            INVALID,
            "/delivery",
            &["did you mean exactly-once?"],
        ),
        mistake(
            "a name that cannot be",
            ask.post(document("name: rows", "name: My Rows")),
            INVALID,
            "/name",
            &["a-z"],
        ),
        mistake(
            "sql in the sorting key",
            ask.post(document("table: rows", r#"table: rows, order_by: ["id) AS SELECT 1 --"]"#)),
            INVALID,
            "/target/order_by/0",
            &["comments"],
        ),
        mistake(
            "what is to come",
            ask.post(document("table: rows", "table: rows, engine: Log")),
            INVALID,
            "/target/engine",
            &["MergeTree"],
        ),
        mistake(
            "a document that is too long",
            ask.post("#".repeat(2 << 20)),
            (413, "body too large"),
            "",
            &["1048576 bytes"],
        ),
    ]
}

/// What only Kafka and the registry know.
pub(super) async fn in_the_topic(world: &World, ask: &Asker) -> anyhow::Result<Vec<Mistake>> {
    let document = |to: &str| world.document("").replace(&world.topic, to);
    let words = unique("topic");
    world.servers.kafka().create_topic(&words, 1, &[]).await?;
    world.servers.registry().register(&format!("{words}-value"), r#""string""#).await?;
    let like = format!("{}s", world.topic);
    Ok(vec![
        mistake(
            "a topic that is not there, and one like it",
            ask.post(document(&like)),
            CANNOT_RUN,
            "/source/topics/0",
            &["there is no topic", &like, "there is", &world.topic],
        ),
        mistake(
            "a topic that is not there",
            ask.post(document("nothing-of-the-kind")),
            CANNOT_RUN,
            "/source/topics/0",
            &["there is no topic nothing-of-the-kind", "may see"],
        ),
        mistake(
            "values that are no records",
            ask.post(document(&words)),
            CANNOT_RUN,
            "/target",
            &["only records have columns"],
        ),
    ])
}

/// What only ClickHouse knows of the table that is there.
pub(super) async fn in_the_table(world: &World, ask: &Asker) -> anyhow::Result<Vec<Mistake>> {
    let sql = async |sql: &str| world.sql(&sql.replace("{db}", &world.database)).await;
    let ordered = "ENGINE = MergeTree ORDER BY tuple()";
    let window = "SETTINGS non_replicated_deduplication_window = 100000";
    sql(&format!("CREATE TABLE {{db}}.texts (id UUID) {ordered} {window}")).await?;
    sql(&format!("CREATE TABLE {{db}}.others (other Int64) {ordered} {window}")).await?;
    sql("CREATE TABLE {db}.logs (id Int64) ENGINE = Log").await?;
    sql(&format!("CREATE TABLE {{db}}.plain (id Int64) {ordered}")).await?;
    let table =
        |name: &str| ask.post(world.document("").replace("table: rows", &format!("table: {name}")));
    Ok(vec![
        mistake(
            "a column of another type",
            table("texts"),
            CANNOT_RUN,
            "/target/table",
            &["does not fit", "`id`", "UUID", "modify column `id` Int64"],
        ),
        mistake(
            "a table of something else",
            table("others"),
            CANNOT_RUN,
            "/target/table",
            &["no column with the name of one of them", "add the columns"],
        ),
        mistake(
            "an engine without memory",
            table("logs"),
            CANNOT_RUN,
            "/delivery",
            &["engine Log", "delivery: at-least-once"],
        ),
        mistake(
            "a table without memory",
            table("plain"),
            CANNOT_RUN,
            "/delivery",
            &["MODIFY SETTING non_replicated_deduplication_window", "delivery: at-least-once"],
        ),
    ])
}

/// What only ClickHouse knows of a table that would be created.
pub(super) async fn in_the_new_table(world: &World, ask: &Asker) -> anyhow::Result<Vec<Mistake>> {
    let document = |from: &str, to: &str| world.document("").replace(from, to);
    // Outside of the names for which the accounts have rights.
    let [closed, missing] =
        ["closed", "no"].map(|to| unique("db").replace("test_", &format!("{to}_")));
    world.sql(&format!("CREATE DATABASE {closed}")).await?;
    world.sql(&format!("CREATE TABLE {closed}.rows (id Int64) ENGINE = Log")).await?;
    let key = |key: &str| {
        ask.post(document("table: rows", &format!("table: rows, order_by: [\"{key}\"]")))
    };
    Ok(vec![
        mistake(
            "a database that is not there, and may not be made",
            ask.post(document(&world.database, &missing)),
            CANNOT_RUN,
            "/target",
            &["account schema may not", &format!("GRANT CREATE DATABASE ON `{missing}`")],
        ),
        mistake(
            "a table that the account may not see",
            ask.post(document(&world.database, &closed)),
            CANNOT_RUN,
            "/target",
            &["account schema may not", &format!("GRANT CREATE TABLE ON `{closed}`")],
        ),
        mistake(
            "a table that is not there, and is not to be made",
            ask.post(document("table: rows", "table: rows, create: false")),
            CANNOT_RUN,
            "/target/create",
            &["does not exist", "create is false"],
        ),
        mistake("no column", key("Id"), CANNOT_RUN, "/target/order_by/0", &["there is id"]),
        mistake(
            "a question in the sorting key",
            key("id IN (SELECT id FROM system.users)"),
            CANNOT_RUN,
            "/target/order_by/0",
            &["must not hold a query"],
        ),
    ])
}

/// What has to do with who asks, and from where.
pub(super) fn in_who_asks(ask: &Asker, viewer: &str) -> Vec<Mistake> {
    let pause = format!("{PIPELINES}/{NAME}/pause");
    vec![
        mistake(
            "no token",
            ask.anonymous(Method::GET, PIPELINES),
            (401, "not authenticated"),
            "",
            &["authorization: Bearer"],
        ),
        mistake(
            "a wrong token",
            ask.anonymous(Method::GET, PIPELINES).bearer_auth("wrong"),
            (401, "not authenticated"),
            "",
            &["not known", "auth.tokens_file"],
        ),
        mistake(
            "a viewer who writes",
            ask.anonymous(Method::POST, &pause).bearer_auth(viewer),
            (403, "not permitted"),
            "",
            &["operator", "a-viewer", "viewer"],
        ),
        mistake(
            "another host",
            ask.request(Method::GET, PIPELINES).header("host", "evil.example.com"),
            (421, "not a host of this service"),
            "",
            &["allowed_hosts"],
        ),
        mistake(
            "another site",
            ask.request(Method::POST, &pause).header("origin", "http://evil.example.com"),
            (403, "not from this site"),
            "",
            &["Origin"],
        ),
        mistake(
            "a path that is not there",
            ask.request(Method::GET, "/v1/pipeline"),
            (404, "no such path"),
            "",
            &["/openapi.json"],
        ),
    ]
}

/// What does not fit the pipelines that are there.
pub(super) fn in_what_is_there(world: &World, ask: &Asker, other: &str) -> Vec<Mistake> {
    let document = |from: &str, to: &str| world.document("").replace(from, to);
    let put = |body: String| {
        let put = ask.request(Method::PUT, &format!("{PIPELINES}/{NAME}"));
        put.header("content-type", "application/yaml").body(body)
    };
    vec![
        mistake("a name that is taken", ask.post(world.document("")), CONFLICT, "", &["PUT"]),
        mistake(
            "a target that is taken",
            ask.post(document("name: rows", "name: others")),
            CONFLICT,
            "",
            &["pipeline rows", "twice"],
        ),
        mistake(
            "another name",
            put(document("name: rows", "name: others")),
            INVALID,
            "/name",
            &["must be rows"],
        ),
        mistake(
            "other topics",
            put(document(&world.topic, other)),
            CONFLICT,
            "/source/topics",
            &["cannot change"],
        ),
        mistake(
            "another table",
            put(document("table: rows", "table: others")),
            CONFLICT,
            "/target/table",
            &["cannot change"],
        ),
        mistake(
            "an old version",
            put(world.document("batch: {age_ms: 50}\n")).header("if-match", "\"7\""),
            (412, "changed meanwhile"),
            "",
            &["version 1", "if-match"],
        ),
        mistake(
            "delete of what is not there",
            ask.request(Method::DELETE, "/v1/pipelines/nothing"),
            (404, "not found"),
            "",
            &["pipeline nothing"],
        ),
    ]
}

/// Offsets that cannot be set.
pub(super) fn in_offsets(world: &World, ask: &Asker) -> Vec<Mistake> {
    let path = format!("{PIPELINES}/{NAME}/offsets");
    let reset =
        |query: &str, way: Value| ask.request(Method::POST, &format!("{path}{query}")).json(&way);
    let place = format!("{}/0", world.topic);
    let pointer = format!("/offsets/{}", place.replace('/', "~1"));
    let beyond = json!({"to": "explicit", "offsets": {place: 1_000}});
    vec![
        mistake(
            "offsets while it runs",
            reset("", json!({"to": "earliest"})),
            CONFLICT,
            "",
            &["pause it first", "/pause"],
        ),
        mistake(
            "a way that nobody knows",
            reset("", json!({"to": "newest"})),
            (422, "content not understood"),
            "",
            &["newest", "latest"],
        ),
        mistake(
            "an offset that is not there",
            reset("?dry_run=true", beyond),
            (422, "the offsets cannot be set so"),
            pointer,
            &["0 to 5"],
        ),
    ]
}

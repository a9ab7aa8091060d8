//! A topic, a group, a table and a pipeline of a test's own.

use std::collections::BTreeMap;

use admin_api::{
    dead_letters::Source,
    offsets::{self, Limits, OffsetsError, Plan, Subject, Way},
};
use anyhow::{Context as _, Result};
use pipeline_spec::Pipeline;
use rdkafka::ClientConfig;
use target::{Settings, Target};
use testkit::{ClickHouse, Kafka, Record, Servers, unique};

/// Columns of a table of ours, and one more.
pub(crate) const COLUMNS: &str = "(id UInt64 DEFAULT 0, _topic LowCardinality(String), \
    _partition UInt32, _offset UInt64, _timestamp DateTime64(3) DEFAULT now64(3))";

pub(crate) struct Scene {
    pub(crate) servers: &'static Servers,
    pub(crate) client: ClientConfig,
    pub(crate) namespace: String,
    pub(crate) topic: String,
    pub(crate) pipeline: Pipeline,
    pub(crate) target: Target,
    pub(crate) database: String,
}

impl Scene {
    /// Partitions of the topic, and `source` lines of the document.
    pub(crate) async fn new(partitions: i32, source: &str) -> Result<Self> {
        let servers = testkit::stack().await?;
        let (topic, namespace) = (unique("topic"), unique("ns"));
        // The records are dated 1970: the first look of a broker's retention would delete them.
        let settings = [("retention.ms", "-1")];
        servers.kafka().create_topic(&topic, partitions, &settings).await?;
        let database = servers.clickhouse().create_database().await?;
        let pipeline = Pipeline::from_yaml(&format!(
            "{{name: sales, source: {{topics: [{topic}], {source}}}, \
             target: {{database: {database}, table: t}}}}"
        ))?;
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", &servers.kafka);
        let target = Self::target_as(servers, &servers.schema)?;
        Ok(Self { servers, client, namespace, topic, pipeline, target, database })
    }

    /// The same with a table of these columns and this engine.
    pub(crate) async fn with_table(partitions: i32, source: &str, engine: &str) -> Result<Self> {
        let scene = Self::new(partitions, source).await?;
        let sql = format!("CREATE TABLE {}.t {COLUMNS} ENGINE = {engine}", scene.database);
        scene.clickhouse().query(&sql).await?;
        Ok(scene)
    }

    pub(crate) fn target_as(servers: &Servers, schema: &testkit::User) -> Result<Target> {
        Ok(Target::new(Settings {
            url: servers.clickhouse_http.clone(),
            user: servers.sink.name.clone(),
            password: servers.sink.password.clone(),
            schema_user: schema.name.clone(),
            schema_password: schema.password.clone(),
            ..Settings::default()
        })?)
    }

    pub(crate) fn kafka(&self) -> Kafka {
        self.servers.kafka()
    }

    pub(crate) fn clickhouse(&self) -> ClickHouse {
        self.servers.clickhouse()
    }

    pub(crate) fn group(&self) -> String {
        self.pipeline.group(&self.namespace)
    }

    pub(crate) fn letters(&self) -> String {
        self.pipeline.dead_letter_topic(&self.namespace)
    }

    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject {
            kafka: &self.client,
            namespace: &self.namespace,
            pipeline: &self.pipeline,
            target: &self.target,
        }
    }

    pub(crate) async fn plan(&self, way: &Way) -> Result<Plan, OffsetsError> {
        self.plan_with(way, &BTreeMap::new()).await
    }

    pub(crate) async fn plan_with(
        &self,
        way: &Way,
        mirrors: &BTreeMap<(String, i32), i64>,
    ) -> Result<Plan, OffsetsError> {
        offsets::plan(&self.subject(), way, mirrors, &Limits::default(), &|_| {}).await
    }

    /// The problems of a way that is refused.
    pub(crate) async fn refusal(&self, way: &Way) -> Result<Vec<(String, String)>> {
        match self.plan(way).await {
            Err(OffsetsError::Refused(problems)) => {
                Ok(problems.into_iter().map(|p| (p.pointer, p.message)).collect())
            }
            Err(error) => Err(error).context("another error than a refusal"),
            Ok(plan) => anyhow::bail!("not refused: {plan:?}"),
        }
    }

    /// Writes so many records to a partition, with timestamps 1000, 2000, ..
    pub(crate) async fn produce(&self, partition: i32, count: i64) -> Result<()> {
        let record = |number: i64| Record {
            timestamp_ms: Some((number + 1) * 1000),
            ..Record::of(number.to_string()).to_partition(partition)
        };
        self.kafka().produce(&self.topic, (0..count).map(record)).await?;
        Ok(())
    }

    /// Rows of these offsets of a partition, as if the sink had written them.
    pub(crate) async fn rows(
        &self,
        partition: i32,
        offsets: impl IntoIterator<Item = i64>,
    ) -> Result<()> {
        let offsets: Vec<String> = offsets.into_iter().map(|o| o.to_string()).collect();
        let sql = format!(
            "INSERT INTO {}.t (_topic, _partition, _offset) \
             SELECT '{}', {partition}, arrayJoin([{}])",
            self.database,
            self.topic,
            offsets.join(",")
        );
        self.clickhouse().query(&sql).await.map(drop)
    }

    /// The dead letters of the pipeline, without a registry.
    pub(crate) fn source(&self) -> Source<'_> {
        Source {
            kafka: &self.client,
            namespace: &self.namespace,
            pipeline: &self.pipeline.name,
            registry: None,
        }
    }

    /// A dead letter for a record of the topic, as the sink writes it.
    pub(crate) fn letter(&self, partition: i32, offset: i64, timestamp_ms: i64) -> Record {
        let own = [
            ("penstock.reason", "truncated".to_owned()),
            ("penstock.detail", "ends inside field id".to_owned()),
            ("penstock.topic", self.topic.clone()),
            ("penstock.partition", partition.to_string()),
            ("penstock.offset", offset.to_string()),
            ("penstock.timestamp", timestamp_ms.to_string()),
            ("penstock.pipeline", "sales".to_owned()),
            ("penstock.attempt", "1".to_owned()),
        ];
        let letter = Record::of(format!("bad {offset}"));
        own.into_iter().fold(letter, |letter, (name, value)| letter.with_header(name, value))
    }

    /// Creates the dead-letter topic and writes these letters.
    pub(crate) async fn dead_letters(&self, letters: Vec<Record>) -> Result<()> {
        self.kafka().create_topic(&self.letters(), 1, &[]).await?;
        self.kafka().produce(&self.letters(), letters).await?;
        Ok(())
    }
}

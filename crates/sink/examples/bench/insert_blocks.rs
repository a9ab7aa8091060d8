//! A topic in, the time and CPU out that ClickHouse needs at least: inserts of ready blocks.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use decode::{Block, Frozen, Plan, RecordMeta, Sizes, confluent_frame, no_headers};
use pipeline_spec::Pipeline;
use rdkafka::Message as _;
use sink::{
    config::Config,
    metrics::Metrics,
    schemas::{Outcome, PlanKey, Schemas},
    standing::Standing,
};
use target::{Insert, Target};
use tokio::{runtime::Handle, sync::Semaphore, task::JoinSet};

use crate::{measured::Measured, read, scene::Scene};

/// The events of a topic, decoded and cut as a busy sink cuts them.
#[derive(Debug)]
pub(crate) struct Blocks {
    schema_id: u32,
    columns: String,
    /// Cheap to clone: the bytes are shared.
    frozen: Vec<Arc<Frozen>>,
}

impl Blocks {
    pub(crate) fn len(&self) -> usize {
        self.frozen.len()
    }
}

/// Reads and decodes a topic.
pub(crate) async fn prepare(scene: &Scene, topic: &str) -> anyhow::Result<Blocks> {
    let config = scene.sink_config("blocks", topic, "blocks")?;
    let (events, runtime) = (scene.events, Handle::current());
    let blocks = tokio::task::spawn_blocking(move || decode(&config, events, &runtime))
        .await
        .context("decoding panicked")??;
    scene.drop_table("shop.blocks").await?;
    Ok(blocks)
}

/// Inserts the blocks into a new table, as many at a time as the sink would. The clock runs from
/// the first insert to the last answer; CPU counts on ClickHouse's side only.
pub(crate) async fn run(
    scene: &Scene,
    blocks: &Blocks,
    topic: &str,
    round: u64,
) -> anyhow::Result<Measured> {
    let table = format!("blocks_{round}");
    let config = scene.sink_config("blocks", topic, &table)?;
    plan(&config, blocks.schema_id).await?; // creates the table
    let target = Target::new(config.target())?;
    let permits = Arc::new(Semaphore::new(config.delivery.inserts_in_flight_max.get()));
    scene.quiet().await?;
    let (cpu, begun) = (scene.clickhouse_cpu_s()?, Instant::now());
    let mut inserts = JoinSet::new();
    for (number, frozen) in blocks.frozen.iter().enumerate() {
        let permit = Arc::clone(&permits).acquire_owned().await?;
        let (target, table, columns) = (target.clone(), table.clone(), blocks.columns.clone());
        let (frozen, token) = (Arc::clone(frozen), format!("{round}:{number}"));
        inserts.spawn(async move {
            let insert = Insert {
                database: "shop",
                table: &table,
                columns: &columns,
                token: &token,
                rows: frozen.rows,
                chunks: &frozen.chunks,
            };
            let done = target.insert(&insert).await;
            drop(permit);
            done
        });
    }
    while let Some(done) = inserts.join_next().await {
        done.context("insert panicked")?.context("insert a ready block")?;
    }
    let wall_s = begun.elapsed().as_secs_f64();
    let clickhouse_cpu_s = scene.clickhouse_cpu_s()? - cpu;
    scene.quiet().await?;
    let clickhouse_merged_cpu_s = scene.clickhouse_cpu_s()? - cpu;
    let table = format!("shop.{table}");
    let rows = scene.rows(&table).await;
    ensure!(rows == scene.events, "{rows} rows of {} landed in {table}", scene.events);
    scene.drop_table(&table).await?;
    Ok(Measured {
        wall_s,
        clickhouse_cpu_s: Some(clickhouse_cpu_s),
        clickhouse_merged_cpu_s: Some(clickhouse_merged_cpu_s),
        inserts: Some(blocks.frozen.len() as u64),
        ..Measured::default()
    })
}

fn decode(config: &Config, events: u64, runtime: &Handle) -> anyhow::Result<Blocks> {
    let batch = config.pipelines.first().context("no pipeline")?.batch;
    let mut known: Option<(u32, Arc<Plan>)> = None;
    let mut open: BTreeMap<i32, Block> = BTreeMap::new();
    let mut sizes = Sizes::default();
    let mut frozen = Vec::new();
    let (_assigned, consumer) = read::records(config, events, |record| {
        let (id, datum) = confluent_frame(record.payload().unwrap_or_default())
            .map_err(|bad| anyhow::anyhow!("a record that is not framed: {}", bad.detail))?;
        let (of, plan) = match &known {
            Some(known) => known,
            None => known.insert((id, runtime.block_on(plan(config, id))?)),
        };
        ensure!(*of == id, "schema {id} after schema {of}: the topic is not of one producer");
        let block = open
            .entry(record.partition())
            .or_insert_with(|| Block::with_capacity_of(plan.columns(), &sizes));
        let meta = RecordMeta {
            topic: record.topic(),
            partition: record.partition(),
            offset: record.offset(),
            timestamp_ms: record.timestamp().to_millis().unwrap_or(0),
            key: None,
            headers: &no_headers,
        };
        plan.decode(datum, &meta, block)
            .map_err(|bad| anyhow::anyhow!("a record that cannot be decoded: {}", bad.detail))?;
        let full = block.rows() as u64 >= batch.rows_max || block.bytes() as u64 >= batch.bytes_max;
        if full && let Some(block) = open.remove(&record.partition()) {
            sizes = block.sizes();
            frozen.push(Arc::new(block.freeze()));
        }
        Ok(())
    })?;
    drop(consumer);
    frozen.extend(open.into_values().map(|block| Arc::new(block.freeze())));
    let (schema_id, plan) = known.context("no record")?;
    Ok(Blocks { schema_id, columns: plan.columns().insert_list(), frozen })
}

/// The plan that the sink would make, with its table.
async fn plan(config: &Config, schema_id: u32) -> anyhow::Result<Arc<Plan>> {
    let pipeline: Pipeline = config.pipelines.first().context("no pipeline")?.clone();
    let pipeline = Arc::new(pipeline);
    let target = Target::new(config.target())?;
    let metrics = Metrics::register(&prometheus::Registry::new())?.pipeline(&pipeline.name);
    let schemas = Schemas {
        registry: registry_client::Client::new(config.registry())?,
        standing: Arc::new(Standing::new(target.clone(), pipeline.clone(), metrics.clone())),
        target,
        metrics,
        pipeline,
        unknown_id_wait: Duration::from_millis(config.registry.unknown_id_wait_ms),
    };
    match schemas.plan(PlanKey::Schema(schema_id)).await {
        Outcome::Plan(plan) => Ok(plan),
        Outcome::UnknownId(_) => bail!("the registry does not know schema {schema_id}"),
        Outcome::Refused(_) => bail!("schema {schema_id} does not fit the table"),
    }
}

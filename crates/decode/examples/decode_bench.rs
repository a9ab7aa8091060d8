//! Sales records in, nanoseconds per record out: this decoder next to apache-avro.
//!
//! `cargo run --release -p decode --example decode_bench [records]`

use std::hint::black_box;

use apache_avro::{
    reader::datum::GenericDatumReader, types::Value, writer::datum::GenericDatumWriter,
};
use decode::{Block, Plan, RecordMeta, Sizes, Spare, no_headers};
use rand::{Rng, SeedableRng, rngs::SmallRng};
use schema_map::{ColumnType, DefaultKind, Metadata, Schema, TableColumn, TableLayout, map};

const SCHEMA: &str = include_str!("../../../schemas/sales.avsc");

/// Records of one block, as batches of a busy pipeline have them.
const BLOCK_ROWS: usize = 100_000;
const RUNS: usize = 7;
/// Buffers kept between blocks.
const SPARE_BYTES: usize = 64 << 20;

fn main() -> anyhow::Result<()> {
    let records = std::env::args().nth(1).map_or(Ok(400_000), |text| text.parse())?;
    let schema = apache_avro::Schema::parse_str(SCHEMA)?;
    let writer = GenericDatumWriter::builder(&schema).build()?;
    let mut random = SmallRng::seed_from_u64(1);
    let datums =
        (0..records).map(|_| datum(&mut random, &writer)).collect::<anyhow::Result<Vec<_>>>()?;
    let bytes = datums.iter().map(Vec::len).sum::<usize>();
    report(&format!("{records} records, {:.1} bytes per record", per(bytes as f64, records)));

    let fresh = median(|| decode(&datums, &mut Spare::default()), records)?;
    report(&format!("own plan into Native columns, fresh buffers: {fresh:.1} ns per record"));
    let mut spare = Spare::new(SPARE_BYTES);
    let own = median(|| decode(&datums, &mut spare), records)?;
    report(&format!("own plan into Native columns, used buffers: {own:.1} ns per record"));
    let reader = GenericDatumReader::builder(&schema).build()?;
    let few = datums.get(..records / 10).unwrap_or(&datums);
    let values = || {
        for mut datum in few.iter().map(Vec::as_slice) {
            black_box(reader.read_value(&mut datum)?);
        }
        Ok(())
    };
    let other = median(values, few.len())?;
    report(&format!("apache-avro into values: {other:.1} ns per record, {:.1} times", other / own));
    Ok(())
}

fn decode(datums: &[Vec<u8>], spare: &mut Spare) -> anyhow::Result<()> {
    let schema = Schema::parse(SCHEMA, &[])?;
    let plan = Plan::compile(&schema, &map(&schema, &table())?)?;
    let mut sizes = Sizes::default();
    let mut offset = 0;
    for datums in datums.chunks(BLOCK_ROWS) {
        let mut block = Block::reusing(plan.columns(), &sizes, spare);
        for datum in datums {
            let record = RecordMeta {
                topic: "sales",
                partition: 0,
                offset,
                timestamp_ms: 1_790_000_000_000 + offset,
                key: None,
                headers: &no_headers,
            };
            plan.decode(datum, &record, &mut block)?;
            black_box(block.bytes());
            offset += 1;
        }
        sizes = block.sizes();
        spare.keep(black_box(block.freeze()));
    }
    Ok(())
}

fn table() -> TableLayout {
    let own = [
        ("event_id", "UUID"),
        ("store_id", "Int32"),
        ("sku", "Int32"),
        ("qty", "Int32"),
        ("unit_price", "Decimal(10, 2)"),
        ("currency", "LowCardinality(String)"),
        ("channel", "LowCardinality(String)"),
        ("customer_id", "Nullable(Int64)"),
        ("promo_code", "Nullable(String)"),
        ("tags", "Array(String)"),
        ("attributes", "Map(String, String)"),
        ("ts", "DateTime64(3, 'UTC')"),
    ];
    let column = |name: &str, column_type: ColumnType| TableColumn {
        name: name.to_owned(),
        column_type,
        default: DefaultKind::None,
    };
    let metadata = Metadata::ALWAYS.map(|kind| column(kind.column(), kind.column_type()));
    let own = own.map(|(name, text)| column(name, ColumnType::parse(text)));
    TableLayout {
        database: "shop".to_owned(),
        table: "sales".to_owned(),
        columns: own.into_iter().chain(metadata).collect(),
    }
}

/// A sale of the shape of the published ones: 96 bytes on average.
fn datum(random: &mut SmallRng, writer: &GenericDatumWriter<'_>) -> anyhow::Result<Vec<u8>> {
    let text = |text: &str| Value::String(text.to_owned());
    let optional = |value: Option<Value>| match value {
        Some(value) => Value::Union(1, Box::new(value)),
        None => Value::Union(0, Box::new(Value::Null)),
    };
    let [high, low]: [u64; 2] = random.random();
    let uuid = format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    );
    let price: u32 = random.random_range(100..50_000);
    let customer = random.random_bool(0.7).then(|| Value::Long(random.random_range(0..1_000_000)));
    let promo = random.random_bool(0.1).then(|| text("SUMMER26"));
    let tags = ["web", "new", "sale"].into_iter().take(random.random_range(0..3));
    let device = ["ios", "android", "pos"][random.random_range(0..3)];
    let attributes = [("device", text(device)), ("campaign", text("none"))];
    let symbol = |(index, symbol): (u32, &str)| Value::Enum(index, symbol.to_owned());
    let currency = [(0, "USD"), (1, "EUR"), (2, "GBP"), (3, "JPY")][random.random_range(0..4)];
    let channel = [(0, "STORE"), (1, "WEB"), (2, "APP")][random.random_range(0..3)];
    let fields = [
        ("event_id", text(&uuid)),
        ("store_id", Value::Int(random.random_range(1..500))),
        ("sku", Value::Int(random.random_range(1..20_000))),
        ("qty", Value::Int(random.random_range(1..6))),
        ("unit_price", Value::Decimal(price.to_be_bytes().to_vec().into())),
        ("currency", symbol(currency)),
        ("channel", symbol(channel)),
        ("customer_id", optional(customer)),
        ("promo_code", optional(promo)),
        ("tags", Value::Array(tags.map(text).collect())),
        ("attributes", Value::Map(attributes.map(|(key, value)| (key.to_owned(), value)).into())),
        ("ts", Value::TimestampMillis(random.random_range(1_790_000_000_000..1_790_100_000_000))),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), value));
    Ok(writer.write_value_to_vec(Value::Record(fields.into()))?)
}

/// Nanoseconds of this thread's processor time per record: the median of [`RUNS`] runs.
fn median(mut run: impl FnMut() -> anyhow::Result<()>, records: usize) -> anyhow::Result<f64> {
    let mut runs = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let start = cpu_ns()?;
        run()?;
        runs.push(per((cpu_ns()? - start) as f64, records));
    }
    runs.sort_by(f64::total_cmp);
    Ok(runs[RUNS / 2])
}

/// Time this thread has spent on a processor: other programs on the machine do not count.
fn cpu_ns() -> anyhow::Result<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(text.split(' ').next().unwrap_or_default().parse()?)
}

fn per(all: f64, records: usize) -> f64 {
    all / records as f64
}

#[expect(clippy::print_stdout, reason = "a benchmark's only output")]
fn report(line: &str) {
    println!("{line}");
}

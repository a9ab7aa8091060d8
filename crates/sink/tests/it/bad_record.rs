//! Promise: a bad record goes to the dead letters with its bytes, and costs only itself.

use testkit::{Record, eventually};

use crate::fixture::{PATIENCE, SCHEMA, Scene, framed, long, row};

#[tokio::test]
async fn bad_records_keep_their_bytes_and_the_good_ones_their_order() -> anyhow::Result<()> {
    let mut scene = Scene::new(1).await?;
    scene.env.push(("SINK__REGISTRY__UNKNOWN_ID_WAIT_MS", "500".to_owned()));
    let id = scene.register(SCHEMA).await?;
    let good = row(id, 7, "seven");
    let bad: [(&str, Vec<u8>); 5] = [
        ("too-short", b"\0\0".to_vec()),
        ("bad-magic", b"{\"id\": 1, \"note\": \"json\"}".to_vec()),
        ("truncated", good[..good.len() - 1].to_vec()),
        ("trailing-bytes", [&good[..], b"x"].concat()),
        ("unknown-schema-id", framed(0x7fff_ffff, &long(1))),
    ];
    let mut records = Vec::new();
    for n in 0..100_i64 {
        records.push(Record::of(row(id, n, "good")));
        if n % 10 == 5 {
            let (reason, bytes) = &bad[(n / 10 % 5) as usize];
            records.push(
                Record::of(bytes.clone())
                    .with_key(format!("key {n}"))
                    .with_header("trace", format!("{reason} {n}"))
                    .with_header("trace", "again"),
            );
        }
    }
    let places = scene.produce(records.clone()).await?;
    let sink = scene.sink().await?;
    scene.until_committed(110).await?;

    scene.expect_ids(0..100).await?;
    let sql = format!(
        "SELECT count() FROM (SELECT id, lagInFrame(id, 1, -1) OVER (ORDER BY _offset) AS before \
         FROM {}) WHERE id != before + 1",
        scene.table()
    );
    assert_eq!(scene.clickhouse().count(&sql).await?, 0, "good records out of order");

    let letters = scene.kafka().read_all(&scene.dead_letter_topic()).await?;
    assert_eq!(letters.len(), 10);
    for letter in letters {
        let header = |name: &str| letter.header(name).unwrap_or_default();
        let offset: i64 = header("penstock.offset").parse()?;
        let place = places.iter().position(|(_, at)| *at == offset).unwrap();
        let original = &records[place];
        assert_eq!(letter.value, original.value);
        assert_eq!(letter.key, original.key);
        assert_eq!(letter.headers[..2], original.headers[..], "headers kept, order and repetition");
        assert!(header("trace").starts_with(&header("penstock.reason")), "the true reason");
        assert_eq!(header("penstock.topic"), scene.topic);
        assert_eq!(header("penstock.pipeline"), scene.name);
    }
    let counted = sink.metric("penstock_sink_dead_letters_total", "").await?;
    assert!((counted - 10.0).abs() < 0.5, "{counted} counted");
    assert!(sink.stop().await?.success());
    Ok(())
}

/// The dead letter of a record that no default broker setting lets through a second time.
#[tokio::test]
async fn the_largest_record_that_the_source_takes_fits_the_dead_letters() -> anyhow::Result<()> {
    let scene = Scene::new(1).await?;
    // As long as Kafka's default limit lets through, and not compressible.
    let mut state = 1_u64;
    let bytes: Vec<u8> = std::iter::from_fn(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        Some(state.to_le_bytes()[0])
    })
    .take(1_048_450)
    .collect();
    scene.produce(vec![Record::of([&b"x"[..], &bytes].concat())]).await?;
    let sink = scene.sink().await?;
    eventually("its dead letter is there", PATIENCE, async || {
        scene.kafka().read_all(&scene.dead_letter_topic()).await.is_ok_and(|read| read.len() == 1)
    })
    .await?;
    scene.until_committed(1).await?;
    assert!(sink.stop().await?.success());
    Ok(())
}

//! The clients tell what is there.

use testkit::{Record, stack, unique};

#[tokio::test]
async fn records_come_back_as_they_were_sent() {
    let kafka = stack().await.unwrap().kafka();
    let topic = unique("topic");
    kafka.create_topic(&topic, 2, &[("max.message.bytes", "2000000")]).await.unwrap();
    let plain = Record::of("a").to_partition(0);
    let rich = Record::of(vec![0, 255]).to_partition(1).with_key("k").with_header("h", "v");
    let tombstone = Record { value: None, ..plain.clone().with_key("gone") };
    let places = kafka.produce(&topic, [plain, rich, tombstone]).await.unwrap();
    assert_eq!(places, [(0, 0), (1, 0), (0, 1)]);

    let read = kafka.read_all(&topic).await.unwrap();
    let values: Vec<_> = read.iter().map(|message| message.value.clone()).collect();
    assert_eq!(values, [Some(b"a".to_vec()), None, Some(vec![0, 255])]);
    assert_eq!(read[1].key.as_deref(), Some(&b"gone"[..]));
    assert_eq!(read[2].header("h").as_deref(), Some("v"));
    assert_eq!(kafka.end_offsets(&topic).await.unwrap(), [(0, 2), (1, 1)].into());
    assert!(kafka.committed(&unique("group"), &topic).await.unwrap().is_empty());
    assert_eq!(kafka.group(&unique("group")).await.unwrap(), None);
    kafka.delete_topic(&topic).await.unwrap();
}

#[tokio::test]
async fn a_schema_gets_an_id_and_an_incompatible_one_an_error() {
    let registry = stack().await.unwrap().registry();
    let subject = unique("subject");
    let schema = |kind| {
        let field = format!(r#"[{{"name": "f", "type": "{kind}"}}]"#);
        format!(r#"{{"type": "record", "name": "R", "fields": {field}}}"#)
    };
    let id = registry.register(&subject, &schema("long")).await.unwrap();
    assert_eq!(registry.register(&subject, &schema("long")).await.unwrap(), id);
    let refused = registry.register(&subject, &schema("string")).await.unwrap_err();
    assert!(format!("{refused:#}").contains("409"), "{refused:#}");
    registry.set_compatibility(&subject, "NONE").await.unwrap();
    assert_ne!(registry.register(&subject, &schema("string")).await.unwrap(), id);
}

#[tokio::test]
async fn every_account_can_do_its_work_and_nothing_else() {
    let servers = stack().await.unwrap();
    let admin = servers.clickhouse();
    let (sink, schema) = (admin.as_user(&servers.sink), admin.as_user(&servers.schema));
    let reader = admin.as_user(&servers.reader);
    let (db, other) = (unique("db"), unique("other").replacen("test_", "private_", 1));
    admin.query(&format!("CREATE DATABASE {other}")).await.unwrap();
    admin.query(&format!("CREATE TABLE {other}.t (a UInt8) ENGINE = Memory")).await.unwrap();

    schema.query(&format!("CREATE DATABASE IF NOT EXISTS {db}")).await.unwrap();
    let create = format!(
        "CREATE TABLE {db}.t (a UInt8) ENGINE = MergeTree ORDER BY a \
         SETTINGS non_replicated_deduplication_window = 1000"
    );
    schema.query(&create).await.unwrap();
    schema.query(&format!("ALTER TABLE {db}.t ADD COLUMN b String")).await.unwrap();
    sink.insert(&format!("INSERT INTO {db}.t (a) FORMAT TSV"), b"1\n2\n".to_vec()).await.unwrap();
    for user in [&schema, &reader] {
        assert_eq!(user.count(&format!("SELECT count() FROM {db}.t")).await.unwrap(), 2);
        let columns =
            format!("SELECT count() FROM system.columns WHERE database = '{db}' AND table = 't'");
        assert_eq!(user.count(&columns).await.unwrap(), 2);
    }

    let refused = [
        (&sink, format!("SELECT a FROM {db}.t")),
        (&sink, format!("ALTER TABLE {db}.t DROP COLUMN b")),
        (&sink, format!("INSERT INTO {other}.t VALUES (1)")),
        (&schema, format!("INSERT INTO {db}.t (a) VALUES (1)")),
        (&schema, format!("DROP TABLE {db}.t")),
        (&schema, format!("SELECT a FROM {other}.t")),
        (&schema, format!("CREATE DATABASE {other}_2")),
        (&reader, format!("INSERT INTO {db}.t (a) VALUES (1)")),
        (&reader, format!("CREATE TABLE {db}.u (a UInt8) ENGINE = Memory")),
        (&reader, format!("SELECT a FROM {other}.t")),
    ];
    for (user, sql) in refused {
        let error = user.query(&sql).await.expect_err(&sql);
        assert!(format!("{error:#}").contains("ACCESS_DENIED"), "{sql}: {error:#}");
    }
}

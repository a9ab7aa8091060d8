//! Promise: a real registry answers every question as documented.

use registry_client::{
    Client, Disposition, Level, NewSchema, Reference, RegistryError, SchemaKind, Settings, Version,
};
use testkit::{stack, unique};

async fn client() -> anyhow::Result<Client> {
    Ok(Client::new(Settings { url: stack().await?.registry.clone(), ..Settings::default() })?)
}

/// A record with these fields, each `"name":"type"` with further attributes as given.
fn record(name: &str, fields: &[&str]) -> NewSchema {
    let fields = fields.join(",");
    let text = format!(r#"{{"type":"record","name":"{name}","fields":[{fields}]}}"#);
    NewSchema { text, ..NewSchema::default() }
}

const A: &str = r#"{"name":"a","type":"int"}"#;
const B: &str = r#"{"name":"b","type":"int"}"#;
const B_DEFAULT: &str = r#"{"name":"b","type":"int","default":0}"#;

#[tokio::test]
async fn what_is_registered_is_found_again() -> anyhow::Result<()> {
    let (client, subject) = (client().await?, unique("subject"));
    let (first, second) = (record("R", &[A]), record("R", &[A, B_DEFAULT]));
    let id = client.register(&subject, &first).await?;
    assert_eq!(client.register(&subject, &first).await?, id, "registering again changes nothing");
    let newer = client.register(&subject, &second).await?;
    assert_ne!(newer, id);

    assert_eq!(client.versions(&subject).await?, [1, 2]);
    let one = client.version(&subject, Version::Number(1)).await?;
    assert_eq!((one.version, one.id, one.kind), (1, id, SchemaKind::Avro));
    assert_eq!(client.latest(&subject).await?.id, newer);
    assert_eq!(client.lookup(&subject, &first).await?.version, 1);

    let schema = client.schema_by_id(newer).await?;
    assert_eq!((schema.id, schema.kind), (newer, SchemaKind::Avro));
    assert_eq!(schema.text, second.text);
    assert!(schema.references.is_empty());
    Ok(())
}

#[tokio::test]
async fn references_come_along_dependencies_first() -> anyhow::Result<()> {
    let client = client().await?;
    let (cents, money, sale) = (unique("Cents"), unique("Money"), unique("Sale"));
    let field = |kind: &str| format!(r#"{{"name":"x","type":"{kind}"}}"#);
    let using =
        |name: &str| vec![Reference { name: name.into(), subject: name.into(), version: 1 }];

    client.register(&cents, &record(&cents, &[A])).await?;
    let schema =
        NewSchema { references: using(&cents), ..record(&money, &[field(&cents).as_str()]) };
    client.register(&money, &schema).await?;
    let schema =
        NewSchema { references: using(&money), ..record(&sale, &[field(&money).as_str()]) };
    let id = client.register(&sale, &schema).await?;

    let read = client.schema_by_id(id).await?;
    let found: Vec<_> = read.references.iter().map(|found| (&*found.name, found.version)).collect();
    assert_eq!(found, [(&*cents, 1), (&*money, 1)]);
    assert_eq!(read.references[0].text, record(&cents, &[A]).text);
    Ok(())
}

#[tokio::test]
async fn compatibility_is_asked_kept_and_lifted() -> anyhow::Result<()> {
    let (client, subject) = (client().await?, unique("subject"));
    client.register(&subject, &record("R", &[A])).await?;
    assert_eq!(client.set_config(&subject, Level::Backward).await?, Level::Backward);

    let (good, bad) = (record("R", &[A, B_DEFAULT]), record("R", &[A, B]));
    assert!(client.is_compatible(&subject, Version::Latest, &good).await?.compatible);
    assert!(!client.is_compatible(&subject, Version::Number(1), &bad).await?.compatible);
    let error = client.register(&subject, &bad).await.unwrap_err();
    assert!(matches!(error, RegistryError::Rejected { status: 409, .. }), "{error}");

    assert_eq!(client.set_config(&subject, Level::None).await?, Level::None);
    assert_eq!(client.config(&subject).await?, Level::None);
    client.register(&subject, &bad).await?;
    client.global_config().await?;
    Ok(())
}

#[tokio::test]
async fn unknown_things_are_told_apart_from_failures() -> anyhow::Result<()> {
    let (client, subject) = (client().await?, unique("subject"));
    let code = |error: RegistryError| {
        assert_eq!(error.disposition(), Disposition::NotFound, "{error}");
        let RegistryError::NotFound { code, .. } = error else { panic!("{error}") };
        code
    };
    assert_eq!(code(client.schema_by_id(2_000_000_000).await.unwrap_err()), 40_403);
    assert_eq!(code(client.versions(&subject).await.unwrap_err()), 40_401);
    client.register(&subject, &record("R", &[A])).await?;
    let error = client.version(&subject, Version::Number(9)).await.unwrap_err();
    assert_eq!(code(error), 40_402);
    let error = client.lookup(&subject, &record("R", &[B])).await.unwrap_err();
    assert_eq!(code(error), 40_403);

    let invalid = NewSchema { text: "{".to_owned(), ..NewSchema::default() };
    let error = client.register(&subject, &invalid).await.unwrap_err();
    assert!(matches!(error, RegistryError::Rejected { status: 422, .. }), "{error}");
    Ok(())
}

#[tokio::test]
async fn other_languages_and_odd_subjects_work() -> anyhow::Result<()> {
    let client = client().await?;
    let json = NewSchema {
        kind: SchemaKind::JsonSchema,
        // Apicurio tells JSON Schema by its `$schema`, whatever the request says.
        text: r#"{"$schema":"http://json-schema.org/draft-07/schema#","type":"object"}"#.to_owned(),
        references: vec![],
    };
    let protobuf = NewSchema {
        kind: SchemaKind::Protobuf,
        text: "syntax = \"proto3\";\nmessage M {\n  int32 a = 1;\n}\n".to_owned(),
        references: vec![],
    };
    for schema in [json, protobuf] {
        let subject = unique("odd/sub ject?#%é");
        let id = client.register(&subject, &schema).await?;
        assert_eq!(client.schema_by_id(id).await?.kind, schema.kind);
        assert_eq!(client.latest(&subject).await?.subject, subject);
    }
    Ok(())
}

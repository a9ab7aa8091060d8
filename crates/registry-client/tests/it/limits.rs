//! Promise: no answer is larger or deeper than the settings allow.

use registry_client::{Client, Disposition, RegistryError, Settings};

use crate::server::{Reply, Request, Server};

/// Asks for schema 1 and returns the limit it ran into, with the number of requests.
async fn limit(
    script: fn(&Request) -> Reply,
    change: fn(Settings) -> Settings,
) -> anyhow::Result<(String, usize)> {
    let server = Server::start(script).await?;
    let outcome = Client::new(change(server.settings()))?.schema_by_id(1).await;
    assert_eq!(outcome.as_ref().err().map(RegistryError::disposition), Some(Disposition::Stop));
    let Err(RegistryError::Limit { limit, .. }) = outcome else { panic!("{outcome:?}") };
    Ok((limit, server.requests()))
}

#[tokio::test]
async fn a_large_body_is_not_read_to_its_end() -> anyhow::Result<()> {
    let (text, requests) = limit(|_| Reply::Endless(100_000_000), |settings| settings).await?;
    assert_eq!(text, "the answer is larger than body_bytes_max, 100000 bytes");
    assert_eq!(requests, 1);
    let (_, requests) = limit(|_| Reply::ok(" ".repeat(100_001)), |settings| settings).await?;
    assert_eq!(requests, 1);
    Ok(())
}

#[tokio::test]
async fn a_cycle_of_references_ends() -> anyhow::Result<()> {
    let script = |request: &Request| match request.nth {
        0 => Reply::schema_using(&["a"]),
        1 => Reply::schema_using(&["b"]),
        _ => Reply::schema_using(&["a"]),
    };
    let (text, requests) = limit(script, |settings| settings).await?;
    assert_eq!(text, "its references form a cycle");
    assert_eq!(requests, 3);
    Ok(())
}

#[tokio::test]
async fn references_are_not_followed_for_ever() -> anyhow::Result<()> {
    let script = |request: &Request| Reply::schema_using(&[format!("s{}", request.nth).as_str()]);
    let change = |settings| Settings { reference_depth_max: 4, ..settings };
    let (text, requests) = limit(script, change).await?;
    assert_eq!(text, "references nested deeper than 4");
    assert_eq!(requests, 5);
    Ok(())
}

#[tokio::test]
async fn references_are_counted() -> anyhow::Result<()> {
    let script = |request: &Request| {
        if request.nth == 0 { Reply::schema_using(&["a", "b", "c", "d"]) } else { Reply::schema() }
    };
    let change = |settings| Settings { references_max: 3, ..settings };
    let (text, requests) = limit(script, change).await?;
    assert_eq!(text, "more than 3 references");
    assert_eq!(requests, 4);
    Ok(())
}

#[tokio::test]
async fn the_sum_of_references_is_limited_like_one_answer() -> anyhow::Result<()> {
    let script = |request: &Request| match request.nth {
        0 => Reply::schema_using(&["a", "b"]),
        _ => Reply::ok(format!(r#"{{"schema":"{}"}}"#, "x".repeat(60_000))),
    };
    let (text, _) = limit(script, |settings| settings).await?;
    assert_eq!(text, "its references are larger than 100000 bytes");
    Ok(())
}

#[tokio::test]
async fn a_diamond_of_references_is_read_once_dependencies_first() -> anyhow::Result<()> {
    let server = Server::start(|request| match request.line.as_str() {
        "GET /base/schemas/ids/1" => Reply::schema_using(&["left", "right"]),
        line if line.contains("left") || line.contains("right") => Reply::schema_using(&["base"]),
        _ => Reply::schema(),
    })
    .await?;
    let schema = server.client()?.schema_by_id(1).await?;
    let names: Vec<_> = schema.references.iter().map(|reference| &*reference.name).collect();
    assert_eq!(names, ["base", "left", "right"]);
    assert_eq!(server.requests(), 4);
    assert!(server.lines().iter().skip(1).all(|line| line.ends_with("/versions/1?deleted=true")));
    Ok(())
}

#[tokio::test]
async fn a_schema_whose_reference_is_lost_is_not_unknown() -> anyhow::Result<()> {
    let server = Server::start(|request| {
        if request.nth == 0 { Reply::schema_using(&["a"]) } else { Reply::error(404, 40_401) }
    })
    .await?;
    let error = server.client()?.schema_by_id(1).await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Retry);
    assert!(error.to_string().contains("referenced schema a version 1"), "{error}");
    Ok(())
}
